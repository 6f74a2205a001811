-- reevaluate: past events for the subscriptions of today: endpoints that ask for an event and have no delivery of it, as
-- they are new or asked for something else then, get one. This is a new endpoint's backfill.
-- Called by: DBAs, the admin API, `outbound-webhooks replay --reevaluate`. Locks: nothing that a payment or a dispatcher
-- wants. Times are those of the events, which keep their webhook-ids and bodies. The leader does it little by little
-- (advance_replay), oldest first. Its deliveries are marked (delivery_log.reevaluated).
-- Returns the id of the replay and how many deliveries are owed; with p_dry_run, or if there are none, no id.
create or replace function outbound_webhooks.reevaluate(
    p_endpoint_id bigint default null,
    p_clinic_id text default null,
    p_type text default null,
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_resource text default null,
    p_resource_id text default null,
    p_rate integer default 100,
    p_dry_run boolean default false
)
    returns table (replay_id bigint, deliveries bigint)
    language plpgsql
    volatile
    security definer -- the admin role writes replays only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_replay outbound_webhooks.replays;
begin
    v_replay.kind := 'reevaluation';
    v_replay.endpoint_id := p_endpoint_id;
    v_replay.clinic_id := p_clinic_id;
    v_replay.event_type := p_type;
    v_replay.since := p_since;
    v_replay.until := p_until;
    v_replay.resource := p_resource;
    v_replay.resource_id := p_resource_id;
    v_replay.rate := p_rate;
    return query select s.* from outbound_webhooks.start_replay(v_replay, p_dry_run) as s;
end
$$;

revoke execute on function outbound_webhooks.reevaluate(
    bigint, text, text, timestamptz, timestamptz, text, text, integer, boolean
) from public;
grant execute on function outbound_webhooks.reevaluate(
    bigint, text, text, timestamptz, timestamptz, text, text, integer, boolean
) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.reevaluate(
    bigint, text, text, timestamptz, timestamptz, text, text, integer, boolean
) is
    'Send past events to the endpoints that ask for them today and never had them: reevaluate(p_endpoint_id => 8, p_since => ''2026-03-01'').';
