-- begin_test: a test of an endpoint is about to be sent: put its event and its delivery on record, and hand over what the
-- request is made of: URL, body, and the keys and headers as they are kept (docs/adr/0015).
-- Called by: the admin API, as the admin role alone, which opens what is sealed; in a transaction that it commits before it
-- sends. Locks: nothing. No dispatcher sees it: nothing of it is live, leased or counted in endpoint_flow or endpoint_hours.
-- The attempt is written as lost, as one is whose dispatcher died: that is true until end_test writes what came of it.
-- p_environment: of who sends. Refused where nothing is to be sent: where the database is not armed for it, and while
-- delivery is switched off (refuse_test). Whether the endpoint is paused or disabled does not matter.
create or replace function outbound_webhooks.begin_test(p_endpoint_id bigint, p_clinic_id text, p_environment text)
    returns table (
        delivery_id bigint, endpoint_id bigint, clinic_id text, event_id uuid, event_type text, body text,
        created_at timestamptz, lease_token bigint, url text, timeout_seconds integer, secrets text[], headers text[],
        traceparent text, request_id text
    )
    language plpgsql
    volatile
    security definer -- no role has a grant on endpoint_secrets and endpoint_headers, nor writes deliveries
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_now constant timestamptz := clock_timestamp();
    v_delivery_id constant bigint := nextval('outbound_webhooks.delivery_ids');
    v_lease_token constant bigint := nextval('outbound_webhooks.lease_tokens');
    v_endpoint outbound_webhooks.endpoints;
    v_event outbound_webhooks.events;
begin
    select e.* into v_endpoint
    from outbound_webhooks.endpoints as e
    where e.id = p_endpoint_id
        and (p_clinic_id is null or e.clinic_id = p_clinic_id);
    if not found then
        raise exception 'there is no endpoint %', p_endpoint_id using errcode = 'no_data_found';
    end if;
    perform outbound_webhooks.refuse_test(v_endpoint, p_environment);

    insert into outbound_webhooks.events as e (
        id, clinic_id, type, resource, resource_id, occurred_at, body, traceparent, actor, request_id
    )
    values (
        outbound_webhooks.event_id(v_now), v_endpoint.clinic_id, 'webhook.test', 'webhook', v_endpoint.id::text, v_now,
        outbound_webhooks.event_body(
            'webhook.test', v_now, json_build_object('endpoint_id', v_endpoint.id::text)
        ),
        outbound_webhooks.traceparent(),
        outbound_webhooks.transaction_label('outbound_webhooks.actor'),
        outbound_webhooks.transaction_label('outbound_webhooks.request_id')
    )
    returning e.* into v_event;
    insert into outbound_webhooks.finished_deliveries (
        id, event_id, endpoint_id, clinic_id, state, reason, created_at, finished_at, attempt_count, failure_count
    )
    values (
        v_delivery_id, v_event.id, v_endpoint.id, v_endpoint.clinic_id, 'dead', 'a test whose answer was not recorded',
        v_now, v_now, 1, 0
    );
    insert into outbound_webhooks.attempts (
        delivery_id, lease_token, recorded_at, endpoint_id, clinic_id, number, reason, outcome, started_at
    )
    values (v_delivery_id, v_lease_token, v_now, v_endpoint.id, v_endpoint.clinic_id, 1, 'test', 'lost', v_now);
    perform outbound_webhooks.record_audit(
        'endpoint.tested', v_endpoint.clinic_id, format('endpoint %s', v_endpoint.id),
        jsonb_build_object('delivery_id', v_delivery_id, 'event_id', v_event.id)
    );

    return query
    select
        v_delivery_id, v_endpoint.id, v_endpoint.clinic_id, v_event.id, v_event.type, v_event.body, v_now, v_lease_token,
        v_endpoint.url, v_endpoint.timeout_seconds,
        (
            select array_agg(coalesce(k.sealed, k.secret) order by k.id desc)
            from outbound_webhooks.endpoint_secrets as k
            where k.endpoint_id = v_endpoint.id
                and (k.valid_until is null or k.valid_until > clock_timestamp())
        ),
        (
            select array_agg(array[h.name, h.value, h.sealed])
            from outbound_webhooks.endpoint_headers as h
            where h.endpoint_id = v_endpoint.id
        ),
        v_event.traceparent, v_event.request_id;
end
$$;

revoke execute on function outbound_webhooks.begin_test(bigint, text, text) from public;
grant execute on function outbound_webhooks.begin_test(bigint, text, text) to outbound_webhooks_admin;
comment on function outbound_webhooks.begin_test(bigint, text, text) is
    'Put a test of an endpoint on record, before it is sent, and hand over what its request is made of.';
