-- revoke_reads: take back what watch() granted for a source that is no longer there, but for what others still need.
-- Called by: unwatch, forget_source. Locks: nothing.
create or replace function outbound_webhooks.revoke_reads(p_source outbound_webhooks.event_sources)
    returns void
    language plpgsql
    volatile
    security invoker -- revoking takes the caller's own right on the table
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_table text;
    v_schema regnamespace;
begin
    for v_table in
        select t.name from outbound_webhooks.tables_read(p_source) as t (name)
        except
        select t.name from outbound_webhooks.event_sources as s, outbound_webhooks.tables_read(s) as t (name)
    loop
        if to_regclass(v_table) is not null then
            execute format('revoke select on %s from outbound_webhooks_owner', v_table);
        end if;
    end loop;
    for v_schema in
        select c.relnamespace::regnamespace
        from outbound_webhooks.tables_read(p_source) as t (name)
        join pg_class as c on c.oid = to_regclass(t.name)
        except
        select c.relnamespace::regnamespace
        from outbound_webhooks.event_sources as s, outbound_webhooks.tables_read(s) as t (name)
        join pg_class as c on c.oid = to_regclass(t.name)
    loop
        execute format('revoke usage on schema %s from outbound_webhooks_owner', v_schema);
    end loop;
end
$$;

revoke execute on function outbound_webhooks.revoke_reads(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.revoke_reads(outbound_webhooks.event_sources) is
    'Take back the grants of a source that was removed.';
