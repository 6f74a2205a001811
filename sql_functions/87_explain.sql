-- explain: why did an endpoint get an event, or not, or not yet? The first row is the answer, the others are reasons
-- beside it. docs/explain.md has the codes. What is of a clinic that the caller does not see is not there.
-- Called by: DBAs, the admin API, `outbound-webhooks explain`; preview, explain_row. Locks: nothing.
-- since and until: from when on, and until when, what the words say holds, where that is known.
create or replace function outbound_webhooks.explain(p_event_id uuid, p_endpoint_id bigint)
    returns table (code text, words text, since timestamptz, until timestamptz, delivery_id bigint)
    language plpgsql
    stable
    security definer -- sees every table of ours, whoever was granted it
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_event outbound_webhooks.events;
    v_endpoint outbound_webhooks.endpoints;
begin
    return query
    select l.code, l.words, l.since, l.until, l.delivery_id
    from outbound_webhooks.deliveries as d
    cross join lateral outbound_webhooks.explain_live(d) with ordinality as l (code, words, since, until, delivery_id, n)
    where d.event_id = p_event_id
        and d.endpoint_id = p_endpoint_id
        and outbound_webhooks.caller_sees(d.clinic_id)
    order by d.id desc, l.n;

    return query
    select l.code, l.words, l.since, l.until, l.delivery_id
    from outbound_webhooks.finished_deliveries as d
    cross join lateral outbound_webhooks.explain_finished(d) as l
    where d.event_id = p_event_id
        and d.endpoint_id = p_endpoint_id
        and outbound_webhooks.caller_sees(d.clinic_id)
    order by d.finished_at desc;

    if not exists (
        select
        from outbound_webhooks.delivery_log as d
        where d.event_id = p_event_id
            and d.endpoint_id = p_endpoint_id
            and outbound_webhooks.caller_sees(d.clinic_id)
    ) then
        select e.* into v_event
        from outbound_webhooks.events as e
        where e.id = p_event_id
            and outbound_webhooks.caller_sees(e.clinic_id);
        select e.* into v_endpoint
        from outbound_webhooks.endpoints as e
        where e.id = p_endpoint_id
            and outbound_webhooks.caller_sees(e.clinic_id);
        return query select l.*, null::bigint from outbound_webhooks.explain_missing(v_event, v_endpoint) as l;
    end if;
end
$$;

revoke execute on function outbound_webhooks.explain(uuid, bigint) from public;
grant execute on function outbound_webhooks.explain(uuid, bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.explain(uuid, bigint) is
    'Why an endpoint got an event, or not, or not yet: the answer, then what else is in the way.';
