-- check_key: refuse, with the reason, a key by which a related row cannot be found, or more than one could.
-- Called by: check_related. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.check_key(
    p_table regclass, p_key text, p_from regclass, p_by text
)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_key pg_attribute;
    v_by_type text;
begin
    select a.* into strict v_key from pg_attribute as a where a.attrelid = p_table and a.attname = p_key;
    select format_type(a.atttypid, -1) into strict v_by_type
    from pg_attribute as a where a.attrelid = p_from and a.attname = p_by;

    if not exists (
        select
        from pg_index as i
        where i.indrelid = p_table
            and i.indisunique
            and i.indisvalid
            and i.indpred is null
            and i.indnkeyatts = 1
            and i.indkey[0] = v_key.attnum
    ) then
        raise exception 'column % of % is no key of a related row: it has no unique index', quote_ident(p_key), p_table
            using errcode = 'invalid_parameter_value', hint = 'Two rows could be found, or a payment would look through all.';
    end if;
    begin
        execute format('select null::%s = null::%s', format_type(v_key.atttypid, -1), v_by_type);
    exception when undefined_function then
        raise exception 'column % of % and column % of % cannot be compared: % and %', quote_ident(p_key), p_table,
            quote_ident(p_by), p_from, format_type(v_key.atttypid, -1), v_by_type
            using errcode = 'datatype_mismatch';
    end;
end
$$;

revoke execute on function outbound_webhooks.check_key(regclass, text, regclass, text) from public;
comment on function outbound_webhooks.check_key(regclass, text, regclass, text) is
    'Refuse a key that does not find one related row.';
