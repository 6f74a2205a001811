-- watch: make the writes to a table into events. Again for the same table: takes over a changed mapping.
-- Called by: DBAs, `outbound-webhooks watch`; never at dispatcher start. The caller owns the table.
-- Locks: SHARE ROW EXCLUSIVE on the table while a trigger is created (writers wait), for at most the caller's
-- lock_timeout; nothing if both triggers exist. Captures nothing until capture is on (set_capture).
-- p_columns: {part: column} for id, clinic_id, status, amount, refunded_amount, currency, created_at, updated_at; a part
-- left out is looked for under its own name. Returns the name of the source.
create or replace function outbound_webhooks.watch(
    p_relation regclass,
    p_columns jsonb default '{}',
    p_resource text default 'payment_transaction',
    p_name text default null
)
    returns text
    language plpgsql
    volatile
    security invoker -- creating a trigger takes the caller's own right on the table
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema text;
    v_table text;
    v_known text;
    v_name text;
    v_columns jsonb;
begin
    perform outbound_webhooks.check_watchable(p_relation);
    v_columns := outbound_webhooks.source_columns(p_relation, p_columns);
    select n.nspname, c.relname
    into v_schema, v_table
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = p_relation;

    v_known := outbound_webhooks.source_of(p_relation);
    v_name := coalesce(
        v_known, p_name,
        left(trim(both '_' from regexp_replace(lower(v_table), '[^a-z0-9]+', '_', 'g')), 40)
    );
    if v_name !~ '^[a-z_][a-z0-9_]{0,39}$'
        or (v_known is null and exists (select from outbound_webhooks.event_sources as s where s.name = v_name))
    then
        raise exception 'the event source of % cannot be named %: taken, or not a lower-case identifier',
            p_relation, quote_literal(v_name)
            using errcode = 'invalid_parameter_value', hint = 'Give another name: p_name => ''...'', or --name.';
    end if;
    insert into outbound_webhooks.event_sources (name, relation_schema, relation_name, resource, columns, rules)
    values (v_name, v_schema, v_table, p_resource, v_columns, outbound_webhooks.payment_rules(p_resource, v_columns))
    on conflict (name) do update
        set
            relation_schema = excluded.relation_schema,
            relation_name = excluded.relation_name,
            resource = excluded.resource,
            columns = excluded.columns,
            rules = excluded.rules;

    perform outbound_webhooks.install_capture(v_name, p_relation);

    if current_setting('max_prepared_transactions')::integer > 0 then
        update outbound_webhooks.settings set wake_up = 'poll' where wake_up <> 'poll';
        if found then
            raise notice 'wake_up is now poll, since this server allows PREPARE TRANSACTION, which NOTIFY would break';
        end if;
    end if;
    return v_name;
end
$$;

revoke execute on function outbound_webhooks.watch(regclass, jsonb, text, text) from public;
comment on function outbound_webhooks.watch(regclass, jsonb, text, text) is
    'Watch a table: its writes become events once capture is on. Returns the name of the event source.';
