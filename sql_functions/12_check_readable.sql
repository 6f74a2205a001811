-- check_readable: refuse, with the reason, a table that our owner role may not read, if the caller cannot grant it that.
-- PostgreSQL itself only warns that no privileges were granted.
-- Called by: describe_source. Locks: nothing (reads the catalog).
create or replace function outbound_webhooks.check_readable(p_relation regclass)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_schema constant regnamespace := (select c.relnamespace from pg_class as c where c.oid = p_relation);
begin
    if not has_schema_privilege('outbound_webhooks_owner', v_schema, 'usage')
        and not has_schema_privilege(v_schema, 'usage with grant option')
    then
        raise exception 'role % may not let outbound_webhooks_owner use schema %', current_user, v_schema
            using errcode = 'insufficient_privilege',
                hint = format('Its owner can: grant usage on schema %s to outbound_webhooks_owner', v_schema);
    end if;
    if not has_table_privilege('outbound_webhooks_owner', p_relation, 'select')
        and not has_table_privilege(p_relation, 'select with grant option')
    then
        raise exception 'role % may not let outbound_webhooks_owner read %', current_user, p_relation
            using errcode = 'insufficient_privilege',
                hint = format('Its owner can: grant select on %s to outbound_webhooks_owner', p_relation);
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_readable(regclass) from public;
comment on function outbound_webhooks.check_readable(regclass) is 'Refuse a table that our owner role cannot be let read.';
