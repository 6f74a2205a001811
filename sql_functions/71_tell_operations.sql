-- tell_operations: operational events about endpoints: endpoint.disabled, endpoint.recovered, delivery.dead.
-- Called by: the leader's maintenance, every 2 s. What there is to tell stands in endpoint_flow (judge_endpoints), so a
-- storm of results makes one event. Each disabling is told; deaths, and recoveries, once an endpoint and
-- settings.notice_window: what died in between is told, as a number, by the next one.
-- Locks: the flow of those endpoints; skips what others hold. Returns how many it told.
create or replace function outbound_webhooks.tell_operations()
    returns integer
    language plpgsql
    volatile
    security definer -- dispatchers emit nothing by themselves
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_now constant timestamptz := clock_timestamp();
    v_window constant interval := (select g.notice_window from outbound_webhooks.settings as g);
    v_told integer := 0;
    v_flow record;
begin
    for v_flow in
        select
            f.*, e.state_reason, news.*
        from outbound_webhooks.endpoint_flow as f
        join outbound_webhooks.endpoints as e on e.id = f.endpoint_id
        cross join lateral (
            select
                e.state = 'disabled' and coalesce(f.disabled_told_at < e.state_changed_at, true) as is_disabled,
                e.state = 'active' and f.breaker = 'closed' and f.succeeded_at >= f.troubled_at as is_recovered,
                f.dead_untold > 0 and coalesce(f.dead_told_at < v_now - v_window, true) as is_dead
        ) as news
        -- Nothing to tell, nothing to lock: a claim passes over an endpoint whose flow is held.
        where (f.troubled_at is not null and (news.is_disabled or news.is_recovered))
            or news.is_dead
        order by f.endpoint_id
        for no key update of f skip locked
    loop
        if v_flow.is_disabled then
            perform outbound_webhooks.insert_notice(
                v_flow.clinic_id, 'endpoint.disabled', v_flow.endpoint_id,
                jsonb_build_object('endpoint_id', v_flow.endpoint_id::text, 'reason', v_flow.state_reason)
            );
            update outbound_webhooks.endpoint_flow as f set disabled_told_at = v_now where f.endpoint_id = v_flow.endpoint_id;
            v_told := v_told + 1;
        end if;
        if v_flow.is_recovered then
            if coalesce(v_flow.recovery_told_at < v_now - v_window, true) then
                perform outbound_webhooks.insert_notice(
                    v_flow.clinic_id, 'endpoint.recovered', v_flow.endpoint_id,
                    jsonb_build_object('endpoint_id', v_flow.endpoint_id::text, 'troubled_since', v_flow.troubled_at)
                );
                update outbound_webhooks.endpoint_flow as f
                set recovery_told_at = v_now
                where f.endpoint_id = v_flow.endpoint_id;
                v_told := v_told + 1;
            end if;
            update outbound_webhooks.endpoint_flow as f set troubled_at = null where f.endpoint_id = v_flow.endpoint_id;
        end if;
        if v_flow.is_dead then
            perform outbound_webhooks.insert_notice(
                v_flow.clinic_id, 'delivery.dead', v_flow.endpoint_id,
                jsonb_build_object('endpoint_id', v_flow.endpoint_id::text, 'deliveries', v_flow.dead_untold)
            );
            update outbound_webhooks.endpoint_flow as f
            set dead_told_at = v_now, dead_untold = 0
            where f.endpoint_id = v_flow.endpoint_id;
            v_told := v_told + 1;
        end if;
    end loop;
    return v_told;
end
$$;

revoke execute on function outbound_webhooks.tell_operations() from public;
grant execute on function outbound_webhooks.tell_operations() to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.tell_operations() is
    'Tell a clinic''s endpoints that ask for it what became of its others.';
