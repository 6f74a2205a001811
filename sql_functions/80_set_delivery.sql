-- set_delivery: the delivery switch, for all dispatchers at once. On after installation: each is enabled by its own setting.
-- Called by: DBAs, `outbound-webhooks delivery on|off`, the admin API.
-- Locks: the settings row; when it is turned on, also what waits.
-- Off: within 2 s of the commit nothing new starts; requests on their way go on, and captures wait.
-- On: what waited is due again oldest first, p_rate a second over all endpoints. Returns how many waited; off: 0.
create or replace function outbound_webhooks.set_delivery(p_on boolean, p_reason text default null, p_rate integer default 100)
    returns bigint
    language plpgsql
    volatile
    security definer -- the admin role changes the switches only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_waited bigint := 0;
begin
    if p_on is null then
        raise exception 'delivery is on or off, not null' using errcode = 'null_value_not_allowed';
    end if;
    perform from outbound_webhooks.settings as g where g.delivery <> p_on for update;
    if not found then
        return 0;
    end if;
    if p_on then
        v_waited := outbound_webhooks.treat_backlog('drain', v_now, p_rate, null);
    end if;
    update outbound_webhooks.settings as g
    set delivery = p_on,
        delivery_changed_at = v_now,
        delivery_changed_by = outbound_webhooks.actor_name(),
        delivery_reason = p_reason;
    return v_waited;
end
$$;

revoke execute on function outbound_webhooks.set_delivery(boolean, text, integer) from public;
grant execute on function outbound_webhooks.set_delivery(boolean, text, integer) to outbound_webhooks_admin;
comment on function outbound_webhooks.set_delivery(boolean, text, integer) is
    'Turn delivery off or on for all dispatchers: set_delivery(false, ''why''), set_delivery(true); returns how many deliveries waited.';
