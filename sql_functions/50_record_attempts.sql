-- record_attempts: write a batch of results: the attempt, and where its delivery goes from here.
-- Called by: dispatcher/pipeline/record.py, every few milliseconds, in autocommit.
-- Locks: the deliveries of the batch, in id order (so that two flushes never deadlock).
-- The lease token fences: a result whose lease was taken over, or that was recorded before (a flush repeated after a
-- lost connection), moves nothing. Returns the lease tokens whose result decided where their delivery goes.
-- p_results: array of {delivery_id, lease_token, endpoint_id, clinic_id, number, outcome, error_class, http_status,
-- started_at, duration_ms, note, response_excerpt, dispatcher_id, state, reason, retry_in, charged, disable}.
create or replace function outbound_webhooks.record_attempts(p_results jsonb)
    returns setof bigint
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
declare
    v_now constant timestamptz := statement_timestamp();
    v_kept bigint[];
begin
    with result as materialized (
        select r.*
        from jsonb_to_recordset(p_results) as r (
            delivery_id bigint, lease_token bigint, endpoint_id bigint, clinic_id text, number integer,
            outcome text, error_class text, http_status integer, started_at timestamptz, duration_ms integer,
            note text, response_excerpt text, dispatcher_id bigint,
            state text, reason text, retry_in double precision, charged boolean
        )
    ),
    held as materialized (
        select d.lease_token
        from outbound_webhooks.deliveries as d
        where d.id = any (array(select r.delivery_id from result as r))
            and exists (select from result as r where r.delivery_id = d.id and r.lease_token = d.lease_token)
        order by d.id
        for update
    ),
    kept as materialized (
        select r.* from result as r join held on held.lease_token = r.lease_token
    ),
    attempted as (
        insert into outbound_webhooks.attempts (
            delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, error_class, http_status,
            started_at, duration_ms, note, response_excerpt, dispatcher_id
        )
        select
            k.delivery_id, k.lease_token, k.endpoint_id, k.clinic_id, k.number,
            case when k.number = 1 then 'first' else 'retry' end,
            k.outcome, k.error_class, k.http_status, k.started_at, k.duration_ms, k.note, k.response_excerpt,
            k.dispatcher_id
        from kept as k
    ),
    ended as (
        delete from outbound_webhooks.deliveries as d
        where d.id = any (array(select k.delivery_id from kept as k where k.state <> 'pending'))
        returning d.*
    ),
    finished as (
        insert into outbound_webhooks.finished_deliveries (
            id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at,
            attempt_count, failure_count, last_http_status, last_error_class
        )
        select
            d.id, d.event_id, d.endpoint_id, d.clinic_id, k.state, k.reason, d.created_at, v_now,
            d.attempt_count, d.failure_count + k.charged::integer, k.http_status, k.error_class
        from ended as d
        join kept as k on k.delivery_id = d.id
    ),
    rescheduled as (
        update outbound_webhooks.deliveries as d
        set
            next_attempt_at = v_now + make_interval(secs => k.retry_in),
            failure_count = d.failure_count + k.charged::integer,
            lease_owner = null,
            lease_token = null,
            leased_at = null,
            lease_until = null
        from kept as k
        where d.id = any (array(select k.delivery_id from kept as k where k.state = 'pending'))
            and k.delivery_id = d.id
    )
    select array_agg(k.lease_token) into v_kept from kept as k;

    if coalesce(cardinality(v_kept), 0) < jsonb_array_length(p_results) then
        perform outbound_webhooks.record_late_attempts(p_results, coalesce(v_kept, '{}'));
    end if;

    -- An endpoint that somebody holds locked is passed over: results must not wait for it. It answers 410 again.
    with gone as (
        select distinct on (r.endpoint_id) r.endpoint_id, r.disable
        from jsonb_to_recordset(p_results) as r (lease_token bigint, endpoint_id bigint, disable text)
        where r.disable is not null
            and r.lease_token = any (v_kept)
    ),
    held as materialized (
        select e.id
        from outbound_webhooks.endpoints as e
        where e.id = any (array(select g.endpoint_id from gone as g))
            and e.state in ('active', 'paused')
        order by e.id
        for no key update skip locked
    )
    update outbound_webhooks.endpoints as e
    set state = 'disabled', state_reason = gone.disable, state_changed_at = v_now
    from held
    join gone on gone.endpoint_id = held.id
    where e.id = held.id;

    return query select unnest(v_kept);
end
$$;

revoke execute on function outbound_webhooks.record_attempts(jsonb) from public;
grant execute on function outbound_webhooks.record_attempts(jsonb) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.record_attempts(jsonb) is
    'Record a batch of attempts and move their deliveries, each only if its lease still holds.';
