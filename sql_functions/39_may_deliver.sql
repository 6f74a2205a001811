-- may_deliver: may this dispatcher send from this database? Delivery is switched on, and the database is armed for it:
-- for its environment, as this database, on this server (docs/adr/0011).
-- Called by: claim_deliveries, may_start: no program sends past it. Locks: nothing. Reads the server's control file, which
-- takes some microseconds: the answer is that of this moment, also after a pool has reconnected to another server.
create or replace function outbound_webhooks.may_deliver(p_dispatcher_id bigint)
    returns boolean
    language plpgsql
    stable
    security definer -- where pg_control_system() is not for everybody, the owner alone needs it
    set search_path = pg_catalog, pg_temp
as $$
begin
    return exists (
        select
        from outbound_webhooks.settings as g
        join outbound_webhooks.dispatchers as d on d.environment = g.armed_environment
        join pg_control_system() as c on c.system_identifier = g.armed_system_identifier
        join pg_database as b on b.oid = g.armed_database_oid
        where d.id = p_dispatcher_id
            and d.delivering
            and b.datname = current_database()
            and g.delivery
    );
end
$$;

revoke execute on function outbound_webhooks.may_deliver(bigint) from public;
grant execute on function outbound_webhooks.may_deliver(bigint) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.may_deliver(bigint) is
    'Whether delivery is on, and this database armed for a dispatcher.';
