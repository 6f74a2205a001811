-- check_url: raises if an endpoint may not have this URL. The code is the error's constraint, the remedy its hint.
-- Called by: check_endpoint_url. Locks: nothing: a change of the policy at the same time is seen by the next URL only.
create or replace function outbound_webhooks.check_url(p_url text)
    returns void
    language plpgsql
    stable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_code text;
    v_message text;
    v_hint text;
begin
    select r.code, d.message, d.hint into v_code, v_message, v_hint
    from outbound_webhooks.settings as g
    cross join lateral outbound_webhooks.url_refusal(p_url, g.internal_urls, g.allowed_ports) as r (code)
    cross join lateral outbound_webhooks.describe_url_refusal(r.code, g.allowed_ports) as d;
    if v_code is not null then
        raise exception '%', v_message
            using errcode = 'invalid_parameter_value', constraint = v_code, hint = v_hint;
    end if;
end
$$;

revoke execute on function outbound_webhooks.check_url(text) from public;
comment on function outbound_webhooks.check_url(text) is 'Refuse a URL that an endpoint may not have.';
