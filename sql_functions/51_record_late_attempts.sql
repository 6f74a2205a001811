-- record_late_attempts: results whose lease was gone: they are kept as attempts and decide nothing.
-- Called by: record_attempts, rarely. Locks: attempts of those deliveries that stand as lost.
-- The takeover wrote the request down as lost; the answer that came after all takes that row's place, so that one
-- request stays one row. A row that has its outcome already (a flush repeated) is left as it is.
-- Returns the attempts that it wrote, for count_hours, and as they were those that stood as lost.
create or replace function outbound_webhooks.record_late_attempts(
    p_results jsonb,
    p_kept bigint[],
    out recorded outbound_webhooks.attempts[],
    out instead_of_lost outbound_webhooks.attempts[]
)
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_result record;
    v_lost outbound_webhooks.attempts;
    v_recorded outbound_webhooks.attempts;
begin
    for v_result in
        select r.*
        from jsonb_to_recordset(p_results) as r (
            delivery_id bigint, lease_token bigint, endpoint_id bigint, clinic_id text, number integer,
            outcome text, error_class text, http_status integer, started_at timestamptz, duration_ms integer,
            note text, content_type text, response_excerpt text, dispatcher_id bigint
        )
        where r.lease_token <> all (p_kept)
        order by r.delivery_id
    loop
        -- An attempt is recorded after it started; a day covers a dispatcher that was frozen in between.
        select a.* into v_lost
        from outbound_webhooks.attempts as a
        where a.delivery_id = v_result.delivery_id
            and a.lease_token = v_result.lease_token
            and a.outcome = 'lost'
            and a.recorded_at > v_result.started_at - interval '1 day'
        for update;
        if found then
            update outbound_webhooks.attempts as a
            set
                outcome = v_result.outcome,
                error_class = v_result.error_class,
                http_status = v_result.http_status,
                started_at = v_result.started_at,
                duration_ms = v_result.duration_ms,
                note = concat_ws(', ', 'late', v_result.note),
                content_type = v_result.content_type,
                response_excerpt = v_result.response_excerpt
            where a.delivery_id = v_lost.delivery_id
                and a.lease_token = v_lost.lease_token
                and a.recorded_at = v_lost.recorded_at
            returning a.* into v_recorded;
            recorded := recorded || v_recorded;
            instead_of_lost := instead_of_lost || v_lost;
            continue;
        end if;

        insert into outbound_webhooks.attempts as a (
            delivery_id, lease_token, endpoint_id, clinic_id, number, reason, outcome, error_class, http_status,
            started_at, duration_ms, note, content_type, response_excerpt, dispatcher_id
        )
        select
            v_result.delivery_id, v_result.lease_token, v_result.endpoint_id, v_result.clinic_id, v_result.number,
            case when v_result.number = 1 then 'first' else 'retry' end,
            v_result.outcome, v_result.error_class, v_result.http_status, v_result.started_at, v_result.duration_ms,
            concat_ws(', ', 'late', v_result.note), v_result.content_type, v_result.response_excerpt,
            v_result.dispatcher_id
        where not exists (
            select
            from outbound_webhooks.attempts as a
            where a.delivery_id = v_result.delivery_id
                and a.lease_token = v_result.lease_token
                and a.recorded_at > v_result.started_at - interval '1 day'
        )
        returning a.* into v_recorded;
        if found then
            recorded := recorded || v_recorded;
        end if;
    end loop;
end
$$;

revoke execute on function outbound_webhooks.record_late_attempts(jsonb, bigint[]) from public;
comment on function outbound_webhooks.record_late_attempts(jsonb, bigint[]) is
    'Keep results that came after their lease was taken over, as attempts only.';
