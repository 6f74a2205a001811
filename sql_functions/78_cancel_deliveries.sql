-- cancel_deliveries: give up live deliveries, with a reason: those that wait, and those that are parked. All that is named
-- has to fit. What is in flight is not touched, as its request may have arrived.
-- Called by: DBAs, the admin API, `outbound-webhooks cancel`, again and again while there are more.
-- Locks: those deliveries, in id order. What waits behind one of them, where order is kept, goes.
-- p_state is pending, parked, or null for both; times are those of the events.
-- Returns how many it cancelled, or with p_dry_run would; how many of those chosen are in flight; and whether more are
-- chosen than it took at once. The number does not tell: what was claimed in between is not cancelled.
create or replace function outbound_webhooks.cancel_deliveries(
    p_endpoint_id bigint default null,
    p_clinic_id text default null,
    p_type text default null,
    p_state text default null,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_resource text default null,
    p_resource_id text default null,
    p_reason text default 'cancelled by hand',
    p_dry_run boolean default false,
    p_limit integer default 10000
)
    returns table (cancelled bigint, in_flight bigint, more boolean)
    language plpgsql
    volatile
    security definer -- the admin role moves deliveries only through functions
    set search_path = pg_catalog, pg_temp
    set plan_cache_mode = force_custom_plan -- what is not asked for drops out of the conditions
as $$
declare
    v_selection outbound_webhooks.replays;
    v_ids bigint[];
begin
    if p_state not in ('pending', 'parked') then
        raise exception 'deliveries in state % are not cancelled', quote_literal(p_state)
            using errcode = 'invalid_parameter_value', hint = 'pending or parked; null for both.';
    elsif coalesce(p_reason, '') = '' then
        raise exception 'a reason is needed: it stays with the delivery' using errcode = 'invalid_parameter_value';
    end if;
    v_selection.endpoint_id := p_endpoint_id;
    v_selection.clinic_id := p_clinic_id;
    v_selection.event_type := p_type;
    v_selection.since := p_since;
    v_selection.until := p_until;
    v_selection.resource := p_resource;
    v_selection.resource_id := p_resource_id;
    v_selection := outbound_webhooks.check_selection(v_selection);

    select
        array_agg(d.id order by d.id) filter (where d.lease_token is null),
        count(*) filter (where d.lease_token is not null)
    into v_ids, in_flight
    from outbound_webhooks.deliveries as d
    left join outbound_webhooks.events as e on e.id = d.event_id
    where (v_selection.endpoint_id is null or d.endpoint_id = v_selection.endpoint_id)
        and (p_state is null or (d.parked_reason is not null) = (p_state = 'parked'))
        and outbound_webhooks.selects_event(v_selection, d.clinic_id, d.event_id, e.type, e.resource, e.resource_id);

    more := not p_dry_run and coalesce(cardinality(v_ids), 0) > p_limit;
    if p_dry_run then
        cancelled := coalesce(cardinality(v_ids), 0);
        return next;
        return;
    end if;
    cancelled := outbound_webhooks.finish_deliveries(v_ids[:p_limit], 'cancelled', p_reason);
    if cancelled > 0 then
        perform outbound_webhooks.record_audit(
            'deliveries.cancelled', v_selection.clinic_id,
            coalesce('endpoint ' || v_selection.endpoint_id, 'clinic ' || v_selection.clinic_id, 'deliveries'),
            outbound_webhooks.describe_selection(v_selection)
            || jsonb_strip_nulls(jsonb_build_object('state', p_state))
            || jsonb_build_object('reason', p_reason, 'cancelled', cancelled)
        );
    end if;
    return next;
end
$$;

revoke execute on function outbound_webhooks.cancel_deliveries(
    bigint, text, text, text, timestamptz, timestamptz, text, text, text, boolean, integer
) from public;
grant execute on function outbound_webhooks.cancel_deliveries(
    bigint, text, text, text, timestamptz, timestamptz, text, text, text, boolean, integer
) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.cancel_deliveries(
    bigint, text, text, text, timestamptz, timestamptz, text, text, text, boolean, integer
) is
    'Cancel deliveries that wait or are parked: cancel_deliveries(p_endpoint_id => 7, p_reason => ''not wanted any more'').';
