-- begin_delivery: nobody delivered, and now somebody does: treat what waited, before anything is claimed.
-- Called by: dispatcher/pipeline/begin.py, of a dispatcher with delivery enabled: one that starts, or that was frozen or
-- cut off, and finds that delivery counts as off since. Locks: the settings row, so that of several dispatchers one treats
-- the backlog and the others wait for it; and the waiting deliveries. Captures are not held up.
-- p_backlog and p_rate: see treat_backlog. Returns how many waited (0 if somebody delivered already).
create or replace function outbound_webhooks.begin_delivery(p_backlog text, p_rate integer)
    returns bigint
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_count bigint;
begin
    perform from outbound_webhooks.settings as s where not s.delivering for update;
    if not found then
        return 0;
    end if;
    perform outbound_webhooks.free_leases(0); -- no dispatcher that delivered was alive, though some may be back
    v_count := outbound_webhooks.treat_backlog(p_backlog, v_now, p_rate, 'waited while delivery was off');
    update outbound_webhooks.settings set delivering = true, delivering_since = v_now;
    return v_count;
end
$$;

revoke execute on function outbound_webhooks.begin_delivery(text, integer) from public;
grant execute on function outbound_webhooks.begin_delivery(text, integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.begin_delivery(text, integer) is
    'Begin to deliver and treat the backlog (drain or from-now); returns its size.';
