-- end_test: what came of a test that begin_test put on record; or that nothing was sent.
-- Called by: the admin API, once. Locks: the attempt and the delivery. Called again, or after somebody else has retried the
-- delivery, it leaves alone what is not as begin_test wrote it.
-- p_lease_token and p_created_at are begin_test's, and name the rows by their whole keys: no other partition is looked at.
-- p_result: {outcome, error_class, http_status, started_at, duration_ms, note, content_type, response_excerpt}; null: nothing
-- left the machine, so that there was no attempt. Nothing is concluded about the endpoint: no breaker, no 410, no statistics.
create or replace function outbound_webhooks.end_test(
    p_delivery_id bigint, p_lease_token bigint, p_created_at timestamptz, p_result jsonb
)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role writes deliveries and attempts only through functions
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_state constant text := case
        when p_result is null then 'cancelled'
        when p_result ->> 'outcome' = 'succeeded' then 'succeeded'
        else 'dead'
    end;
begin
    if p_result is null then
        delete from outbound_webhooks.attempts as a
        where a.delivery_id = p_delivery_id
            and a.lease_token = p_lease_token
            and a.recorded_at = p_created_at
            and a.outcome = 'lost';
    else
        update outbound_webhooks.attempts as a
        set
            outcome = r.outcome,
            error_class = r.error_class,
            http_status = r.http_status,
            started_at = r.started_at,
            duration_ms = r.duration_ms,
            note = r.note,
            content_type = r.content_type,
            response_excerpt = r.response_excerpt
        from jsonb_to_record(p_result) as r (
            outcome text, error_class text, http_status integer, started_at timestamptz, duration_ms integer, note text,
            content_type text, response_excerpt text
        )
        where a.delivery_id = p_delivery_id
            and a.lease_token = p_lease_token
            and a.recorded_at = p_created_at
            and a.outcome = 'lost';
    end if;

    -- Taken out and put in again: who waits for a row that an update moves to another partition gets an error.
    with taken as (
        delete from outbound_webhooks.finished_deliveries as f
        where f.id = p_delivery_id
            and f.state = 'dead'
            and f.finished_at = p_created_at
        returning f.*
    )
    insert into outbound_webhooks.finished_deliveries (
        id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count,
        last_http_status, last_error_class
    )
    select
        t.id, t.event_id, t.endpoint_id, t.clinic_id, v_state,
        case v_state when 'dead' then 'a test is sent once' when 'cancelled' then 'a test that was not sent' end,
        t.created_at, clock_timestamp(), case v_state when 'cancelled' then 0 else 1 end, 0,
        (p_result ->> 'http_status')::integer, p_result ->> 'error_class'
    from taken as t;
end
$$;

revoke execute on function outbound_webhooks.end_test(bigint, bigint, timestamptz, jsonb) from public;
grant execute on function outbound_webhooks.end_test(bigint, bigint, timestamptz, jsonb) to outbound_webhooks_admin;
comment on function outbound_webhooks.end_test(bigint, bigint, timestamptz, jsonb) is
    'Write down what came of a test, or that nothing was sent.';
