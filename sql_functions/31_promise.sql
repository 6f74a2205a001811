-- promise: how long this dispatcher stays awake, or waits on LISTEN, from now; written down where writers look.
-- Called by: the dispatcher's worker, renewed about once a second. Unlogged sequences: no WAL, outside MVCC.
-- Of several dispatchers the latest promise counts; nobody takes another's back, promises only lapse.
-- While delivery is switched off nobody promises to be woken: a dispatcher could do nothing, and each payment would ring.
create or replace function outbound_webhooks.promise(p_kind text, p_for interval)
    returns void
    language plpgsql
    volatile
    security definer -- setting a sequence is the owner's right
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_until constant bigint := (extract(epoch from clock_timestamp() + p_for) * 1000)::bigint;
begin
    perform case p_kind
        when 'awake' then setval('outbound_webhooks.awake_until', v_until)
        when 'asleep' then (
            select setval('outbound_webhooks.asleep_until', v_until) from outbound_webhooks.settings as g where g.delivery
        )
    end;
end
$$;

revoke execute on function outbound_webhooks.promise(text, interval) from public;
grant execute on function outbound_webhooks.promise(text, interval) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.promise(text, interval) is
    'Promise writers that this dispatcher is awake, or listens asleep, for that long.';
