-- refuse_test: refuse to test an endpoint that is retired, or where nothing is sent at this moment.
-- Called by: begin_test. Locks: nothing.
create or replace function outbound_webhooks.refuse_test(p_endpoint outbound_webhooks.endpoints, p_environment text)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_settings outbound_webhooks.settings;
begin
    if p_endpoint.state = 'retired' then
        raise exception 'endpoint % is retired, and cannot be tested', p_endpoint.id
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    -- Not why: that names servers and databases, and clinics read this.
    if outbound_webhooks.why_unarmed(p_environment) is not null then
        raise exception 'nothing is sent from this database: it is not armed for the environment of this service'
            using errcode = 'object_not_in_prerequisite_state', hint = 'outbound-webhooks doctor says why.';
    end if;
    select g.* into v_settings from outbound_webhooks.settings as g;
    if not v_settings.delivery then
        raise exception '%', 'delivery is switched off, for all endpoints' || coalesce(': ' || v_settings.delivery_reason, '')
            using errcode = 'object_not_in_prerequisite_state', hint = 'outbound-webhooks delivery on turns it on.';
    end if;
end
$$;

revoke execute on function outbound_webhooks.refuse_test(outbound_webhooks.endpoints, text) from public;
comment on function outbound_webhooks.refuse_test(outbound_webhooks.endpoints, text) is
    'Refuse to test an endpoint that is retired, or where nothing is sent.';
