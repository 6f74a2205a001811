-- record_attempts: write a batch of results: the attempt, and where its delivery goes from here.
-- Called by: dispatcher/pipeline/record.py, every few milliseconds, in autocommit.
-- Locks: the deliveries of the batch, in id order (so that two flushes never deadlock), then their endpoints' hours, then
-- their flow.
-- The lease token fences: a result whose lease was taken over, or that was recorded before (a flush repeated after a
-- lost connection), moves nothing. Returns the lease tokens whose result decided where their delivery goes, and, in rows
-- without one, what became of endpoints.
-- p_results: array of {delivery_id, lease_token, endpoint_id, clinic_id, number, outcome, error_class, http_status,
-- started_at, duration_ms, note, content_type, response_excerpt, dispatcher_id, state, reason, retry_in, charged, is_probe;
-- and, for judge_endpoints: is_notice, slows, hold, disable}.
create or replace function outbound_webhooks.record_attempts(p_results jsonb)
    returns table (lease_token bigint, endpoint_id bigint, change text, reason text)
    language plpgsql
    volatile
    security definer -- dispatchers move deliveries only through functions
    set search_path = pg_catalog, pg_temp
    set enable_seqscan = off
    set enable_bitmapscan = off
    set jit = off
as $$
#variable_conflict use_column
declare
    v_now constant timestamptz := statement_timestamp();
    v_kept bigint[];
    v_ended_at bigint[];
    v_ended_keys text[];
    v_attempts outbound_webhooks.attempts[];
    v_finished outbound_webhooks.finished_deliveries[];
    v_late outbound_webhooks.attempts[];
begin
    with result as materialized (
        select r.*
        from jsonb_to_recordset(p_results) as r (
            delivery_id bigint, lease_token bigint, endpoint_id bigint, clinic_id text, number integer,
            outcome text, error_class text, http_status integer, started_at timestamptz, duration_ms integer,
            note text, content_type text, response_excerpt text, dispatcher_id bigint,
            state text, reason text, retry_in double precision, charged boolean, is_probe boolean
        )
    ),
    held as materialized (
        select d.lease_token, d.manual_attempt
        from outbound_webhooks.deliveries as d
        where d.id = any (array(select r.delivery_id from result as r))
            and exists (select from result as r where r.delivery_id = d.id and r.lease_token = d.lease_token)
        order by d.id
        for update
    ),
    kept as materialized (
        select r.*, held.manual_attempt from result as r join held on held.lease_token = r.lease_token
    ),
    attempted as (
        insert into outbound_webhooks.attempts as a (
            delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, error_class, http_status,
            started_at, duration_ms, note, content_type, response_excerpt, dispatcher_id
        )
        select
            k.delivery_id, k.lease_token, k.endpoint_id, k.clinic_id, k.number,
            case
                when k.is_probe then 'probe'
                when k.number = k.manual_attempt then 'manual'
                when k.number = 1 then 'first'
                else 'retry'
            end,
            k.outcome, k.error_class, k.http_status, k.started_at, k.duration_ms, k.note, k.content_type,
            k.response_excerpt, k.dispatcher_id
        from kept as k
        returning a
    ),
    ended as (
        delete from outbound_webhooks.deliveries as d
        where d.id = any (array(select k.delivery_id from kept as k where k.state <> 'pending'))
        returning d.*
    ),
    finished as (
        insert into outbound_webhooks.finished_deliveries as f (
            id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at,
            attempt_count, failure_count, reevaluated, last_http_status, last_error_class
        )
        select
            d.id, d.event_id, d.endpoint_id, d.clinic_id, k.state, k.reason, d.created_at, v_now,
            d.attempt_count, d.failure_count + k.charged::integer, d.reevaluated, k.http_status, k.error_class
        from ended as d
        join kept as k on k.delivery_id = d.id
        returning f
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
    select
        (select array_agg(k.lease_token) from kept as k),
        array_agg(ended.endpoint_id) filter (where ended.ordering_key is not null),
        array_agg(ended.ordering_key) filter (where ended.ordering_key is not null),
        (select array_agg(w.a) from attempted as w),
        (select array_agg(w.f) from finished as w)
    into v_kept, v_ended_at, v_ended_keys, v_attempts, v_finished
    from ended;

    if coalesce(cardinality(v_kept), 0) < jsonb_array_length(p_results) then
        select v_attempts || w.recorded, w.instead_of_lost
        into v_attempts, v_late
        from outbound_webhooks.record_late_attempts(p_results, coalesce(v_kept, '{}')) as w;
    end if;

    perform outbound_webhooks.wake_followers(v_ended_at, v_ended_keys);
    perform outbound_webhooks.count_hours(v_attempts, v_finished, v_late);

    return query
    select k.token, null::bigint, null::text, null::text from unnest(v_kept) as k (token)
    union all
    select null::bigint, c.endpoint_id, c.change, c.reason
    from outbound_webhooks.judge_endpoints(p_results, v_kept) as c;
end
$$;

revoke execute on function outbound_webhooks.record_attempts(jsonb) from public;
grant execute on function outbound_webhooks.record_attempts(jsonb) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.record_attempts(jsonb) is
    'Record a batch of attempts and move their deliveries, each only if its lease still holds; judge their endpoints.';
