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
    v_statement text;
begin
    for v_statement in
        select outbound_webhooks.revoke_ddl(p_source.name, array(select outbound_webhooks.tables_read(p_source)), '{}')
    loop
        execute v_statement;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.revoke_reads(outbound_webhooks.event_sources) from public;
comment on function outbound_webhooks.revoke_reads(outbound_webhooks.event_sources) is
    'Take back the grants of a source that was removed.';
