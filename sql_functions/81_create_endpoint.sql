-- create_endpoint: a receiver of a clinic, with its signing key.
-- Called by: DBAs and the admin API. Returns the key once: it is sealed within a minute and not shown again.
-- Locks: the number of the clinic's endpoints, against another call for the same clinic. The URL is checked by the table's
-- trigger (check_endpoint_url).
create or replace function outbound_webhooks.create_endpoint(
    p_clinic_id text,
    p_url text,
    p_event_types text[] default '{*}',
    p_filter jsonb default null,
    p_secret text default null,
    p_description text default '',
    p_ordering text default 'none',
    p_max_in_flight integer default 10,
    p_timeout_seconds integer default 20,
    p_retry_schedule integer[] default null,
    p_requests_per_second integer default null,
    p_headers jsonb default null
)
    returns table (endpoint_id bigint, secret text)
    language plpgsql
    volatile
    security definer -- the admin role writes endpoints only through functions
    set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_endpoint_id bigint;
    v_secret text;
    v_message text;
    v_constraint text;
    v_column text;
begin
    perform outbound_webhooks.require_clinic(p_clinic_id);
    v_secret := outbound_webhooks.signing_key(p_secret);
    perform pg_advisory_xact_lock(hashtextextended('outbound_webhooks.endpoints of ' || p_clinic_id, 0));
    if (select count(*) from outbound_webhooks.endpoints as e where e.clinic_id = p_clinic_id and e.state <> 'retired')
        >= (select g.max_endpoints_per_clinic from outbound_webhooks.settings as g)
    then
        raise exception 'clinic % has as many endpoints as settings.max_endpoints_per_clinic allows', p_clinic_id
            using errcode = 'program_limit_exceeded', hint = 'Retire one that is not needed any more.';
    end if;

    begin
        insert into outbound_webhooks.endpoints (
            clinic_id, url, event_types, filter, description, ordering, max_in_flight, timeout_seconds, retry_schedule,
            requests_per_second
        )
        values (
            p_clinic_id, p_url, p_event_types, p_filter, p_description, p_ordering, p_max_in_flight, p_timeout_seconds,
            p_retry_schedule, p_requests_per_second
        )
        returning id into v_endpoint_id;
    exception when check_violation or not_null_violation then
        -- Its DETAIL has the whole row, and the server's log would have it: a URL may hold a token.
        get stacked diagnostics v_message = message_text, v_constraint = constraint_name, v_column = column_name;
        raise exception '%', v_message
            using errcode = sqlstate, schema = 'outbound_webhooks', table = 'endpoints', constraint = v_constraint,
                column = v_column;
    end;
    insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, secret)
    values (p_clinic_id, v_endpoint_id, v_secret);
    if p_headers is not null then
        perform outbound_webhooks.set_headers(v_endpoint_id, p_headers);
    end if;
    return query select v_endpoint_id, v_secret;
end
$$;

revoke execute on function outbound_webhooks.create_endpoint(
    text, text, text[], jsonb, text, text, text, integer, integer, integer[], integer, jsonb
) from public;
grant execute on function outbound_webhooks.create_endpoint(
    text, text, text[], jsonb, text, text, text, integer, integer, integer[], integer, jsonb
) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.create_endpoint(
    text, text, text[], jsonb, text, text, text, integer, integer, integer[], integer, jsonb
) is
    E'Create an endpoint of a clinic; returns its id, and its signing key, which is shown this once.\n'
    'p_clinic_id: the clinic''s id, as the watched table has it.\n'
    'p_url: where to send, https://...; what is refused, and why: docs/outbound-safety.md.\n'
    'p_event_types: patterns: payment_transaction.created, payment_transaction.* or *.\n'
    'p_filter: a JSON object; only events whose data contain it (@>) are delivered. At most 4,096 bytes as text, and no array of '
    'more than 20 elements.\n'
    'p_secret: the signing key, whsec_ and the base64 of 24 to 64 random bytes; made if left out.\n'
    'p_description: for people.\n'
    'p_ordering: none, or per_resource: events about one payment arrive in commit order.\n'
    'p_max_in_flight: requests at once, from 1 to 1,000.\n'
    'p_timeout_seconds: how long a request may take, from 1 to 60.\n'
    'p_retry_schedule: seconds before each attempt, up to 30 of them; 79 hours in all if left out.\n'
    'p_requests_per_second: requests begun in a second, from 1 to 10,000; no limit if left out.\n'
    'p_headers: headers that are added to each request, as for set_headers(); none if left out.';
