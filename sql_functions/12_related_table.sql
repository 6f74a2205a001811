-- related_table: the table of a related row; refuses, with the reason, one that cannot be read as a capture has to.
-- Called by: check_related. Locks: nothing (reads the catalog). A name without a schema is one of the watched table's.
create or replace function outbound_webhooks.related_table(p_relation regclass, p_name text)
    returns regclass
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_names text[] := parse_ident(p_name);
    v_table pg_class;
begin
    if cardinality(v_names) = 1 then
        v_names := (
            select n.nspname::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace where c.oid = p_relation
        ) || v_names;
    end if;
    select c.* into v_table
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where array[n.nspname::text, c.relname::text] = v_names;
    if not found then
        raise exception 'there is no table %', p_name using errcode = 'undefined_table';
    end if;
    if v_table.relkind not in ('r', 'p')
        or v_table.relpersistence = 't'
        or v_names[1] in ('outbound_webhooks', 'pg_catalog', 'information_schema')
    then
        raise exception 'no related row can be read from %: only from ordinary and partitioned tables of the host', p_name
            using errcode = 'wrong_object_type',
                hint = 'A payload function of your own can read what our owner role may read.';
    end if;
    -- A policy that was not made for our owner role, and is not for all rows, may hide the row, and the payload would say null.
    if v_table.relrowsecurity and not exists (
        select from outbound_webhooks.policies_on(v_table.oid) as p where p.is_ours or p.shows_all
    ) then
        raise exception 'row level security hides rows of % from us', p_name
            using errcode = 'insufficient_privilege',
                hint = format(
                    'create policy outbound_webhooks on %s for select to outbound_webhooks_owner using (true)',
                    v_table.oid::regclass
                );
    end if;
    return v_table.oid::regclass;
end
$$;

revoke execute on function outbound_webhooks.related_table(regclass, text) from public;
comment on function outbound_webhooks.related_table(regclass, text) is 'The table of a related row, if it can be read.';
