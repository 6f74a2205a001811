-- follow_endpoint: a new endpoint gets its flow; one that is active again starts slowly, with a clean record; one that is
-- retired loses its headers, which nothing is sent with any more.
-- Called by: triggers on endpoints, whoever writes it (attach_triggers). Locks: the endpoint's flow, or its headers.
create or replace function outbound_webhooks.follow_endpoint()
    returns trigger
    language plpgsql
    volatile
    security definer -- who may write endpoints need not write these
    set search_path = pg_catalog, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        insert into outbound_webhooks.endpoint_flow (endpoint_id, clinic_id) values (new.id, new.clinic_id);
    elsif new.state = 'active' and old.state <> 'active' then
        update outbound_webhooks.endpoint_flow as f
        set
            allowed_in_flight = 1,
            held_until = null,
            failures = 0,
            failing_since = null,
            breaker = 'closed',
            breaker_changed_at = clock_timestamp(),
            breaker_openings = 0,
            probe_at = null,
            drained_until = null
        where f.endpoint_id = new.id;
    elsif new.state = 'retired' then
        delete from outbound_webhooks.endpoint_headers as h where h.endpoint_id = new.id;
    end if;
    return null;
end
$$;

revoke execute on function outbound_webhooks.follow_endpoint() from public;
comment on function outbound_webhooks.follow_endpoint() is 'Keep endpoint_flow and endpoint_headers in line with endpoints.';
