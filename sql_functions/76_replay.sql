-- replay: many finished deliveries again, at a rate: the same webhook-ids and bodies. All that is named has to fit.
-- Called by: DBAs, the admin API, `outbound-webhooks replay`. Locks: nothing that a payment or a dispatcher wants.
-- p_state is dead, succeeded, cancelled, or null for whichever. Times are those of the events. What is finished at this
-- moment is meant; the leader makes it due little by little (advance_replay), oldest first, and skips, and counts, what it
-- finds it cannot send. Returns the id of the replay and how many there are; with p_dry_run, or if there are none, no id.
create or replace function outbound_webhooks.replay(
    p_endpoint_id bigint default null,
    p_clinic_id text default null,
    p_type text default null,
    p_state text default 'dead',
    p_since timestamptz default null,
    p_until timestamptz default null,
    p_resource text default null,
    p_resource_id text default null,
    p_error_class text default null,
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
    if p_state not in ('succeeded', 'dead', 'cancelled') then
        raise exception 'deliveries in state % are not replayed', quote_literal(p_state)
            using errcode = 'invalid_parameter_value',
                hint = 'dead, succeeded or cancelled; null for whichever. What is live is sent anyway.';
    end if;
    v_replay.kind := 'replay';
    v_replay.endpoint_id := p_endpoint_id;
    v_replay.clinic_id := p_clinic_id;
    v_replay.event_type := p_type;
    v_replay.delivery_state := p_state;
    v_replay.since := p_since;
    v_replay.until := p_until;
    v_replay.resource := p_resource;
    v_replay.resource_id := p_resource_id;
    v_replay.error_class := p_error_class;
    v_replay.rate := p_rate;
    return query select s.* from outbound_webhooks.start_replay(v_replay, p_dry_run) as s;
end
$$;

revoke execute on function outbound_webhooks.replay(
    bigint, text, text, text, timestamptz, timestamptz, text, text, text, integer, boolean
) from public;
grant execute on function outbound_webhooks.replay(
    bigint, text, text, text, timestamptz, timestamptz, text, text, text, integer, boolean
) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.replay(
    bigint, text, text, text, timestamptz, timestamptz, text, text, text, integer, boolean
) is
    'Send many finished deliveries again: replay(p_endpoint_id => 7, p_since => ''2026-03-01''). Look first: p_dry_run => true.';
