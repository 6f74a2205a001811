-- unwatch: stop watching a table and take away all that watch() made: triggers, functions, grant, source.
-- Called by: DBAs, `outbound-webhooks unwatch`. Locks: ACCESS EXCLUSIVE on the table while a trigger is dropped, for at
-- most the caller's lock_timeout. Events and deliveries that exist are kept, and are sent.
create or replace function outbound_webhooks.unwatch(p_relation regclass)
    returns void
    language plpgsql
    volatile
    security invoker -- dropping a trigger takes the caller's own right on the table
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_name constant text := outbound_webhooks.source_of(p_relation);
begin
    if v_name is null then
        raise exception '% is not watched', p_relation using errcode = 'undefined_object';
    end if;
    delete from outbound_webhooks.event_sources where name = v_name;

    execute format('drop trigger if exists outbound_webhooks_10_insert on %s', p_relation);
    execute format('drop trigger if exists outbound_webhooks_10_update on %s', p_relation);
    execute format('drop function if exists outbound_webhooks.%I()', 'capture_' || v_name);
    execute format('drop function if exists outbound_webhooks.%I(anyelement, json)', 'payload_' || v_name);
    execute format('revoke select on %s from outbound_webhooks_owner', p_relation);
end
$$;

revoke execute on function outbound_webhooks.unwatch(regclass) from public;
comment on function outbound_webhooks.unwatch(regclass) is 'Stop watching a table and remove its triggers.';
