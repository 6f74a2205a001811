-- heartbeat: this dispatcher lives; and is it the leader?
-- Called by: dispatcher/pipeline/heartbeat.py, every 5 s. Locks: its own row, and the one row of leadership.
-- Refuses, so that the dispatcher ends: one that delivers from a database that is not armed for it (any more: another server
-- answers, or arm was called), or that is not registered here.
-- Leadership is a lease of 15 s that the holder renews: a lost leader is replaced within 20 s.
create or replace function outbound_webhooks.heartbeat(p_dispatcher_id bigint)
    returns boolean
    language plpgsql
    volatile
    security definer -- dispatchers write their own registration only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_is_leader boolean;
    v_delivering boolean;
    v_environment text;
begin
    -- A process that was frozen may have been taken for dead and noted as stopped: it is back.
    update outbound_webhooks.dispatchers as d
    set heartbeat_at = v_now, stopped_at = null
    where d.id = p_dispatcher_id
    returning d.delivering, d.environment into v_delivering, v_environment;
    if not found then
        raise exception 'dispatcher % is not registered in this database', p_dispatcher_id
            using errcode = 'no_data_found',
                hint = 'The database is another one, or was restored. If it is the right one, start the dispatcher again.';
    end if;
    if v_delivering then
        perform outbound_webhooks.refuse_unarmed(v_environment);
    end if;

    insert into outbound_webhooks.leadership as l (dispatcher_id, held_until)
    values (p_dispatcher_id, v_now + interval '15 seconds')
    on conflict (singleton) do update
        set dispatcher_id = excluded.dispatcher_id, held_until = excluded.held_until
        where l.dispatcher_id = excluded.dispatcher_id
            or l.held_until < v_now;
    v_is_leader := found;

    -- Delivery counts as switched off when a dispatcher without it finds that nobody has delivered for 10 minutes (a
    -- crash or a deployment is over sooner): what waits then is a backlog, and gets the chosen treatment when delivery is
    -- turned on again (begin_delivery).
    update outbound_webhooks.settings as s
    set delivering = false, delivering_since = null
    where s.delivering
        and not v_delivering
        and not exists (
            select
            from outbound_webhooks.dispatchers as d
            where d.delivering
                and greatest(d.heartbeat_at, d.stopped_at) > v_now - interval '10 minutes'
        );
    return v_is_leader;
end
$$;

revoke execute on function outbound_webhooks.heartbeat(bigint) from public;
grant execute on function outbound_webhooks.heartbeat(bigint) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.heartbeat(bigint) is
    'Renew a dispatcher''s heartbeat and try for the leadership; returns whether it leads.';
