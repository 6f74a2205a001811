-- set_authorization: the authorization header of an endpoint, made of what people know: user and password (RFC 7617), or
-- a token (RFC 6750). Its other headers stay.
-- Called by: DBAs, the admin API, `outbound-webhooks headers authorize`. Locks: see replace_headers.
create or replace function outbound_webhooks.set_authorization(
    p_endpoint_id bigint,
    p_scheme text,
    p_user text,
    p_secret text
)
    returns void
    language plpgsql
    volatile
    security definer -- no role has a grant on endpoint_headers
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_problem constant text := case
        when p_scheme is null or p_scheme not in ('basic', 'bearer') then 'the scheme is basic or bearer'
        when p_secret is null then 'there is no password or token'
        when p_scheme = 'bearer' and p_user is not null then 'a bearer token has no user'
        when p_scheme = 'basic' and p_user is null then 'basic authorization has a user, which may be empty'
        when p_scheme = 'basic' and p_user ~ '[:\u0001-\u001f\u007f]' then 'a user holds no colon and no control character'
        when p_scheme = 'basic' and p_secret ~ '[\u0001-\u001f\u007f]' then 'a password holds no control character'
        when p_scheme = 'basic' and p_user || p_secret = '' then 'user and password are both empty'
    end;
    v_credentials text;
begin
    if v_problem is not null then
        raise exception '%', v_problem using errcode = 'invalid_parameter_value', constraint = 'header_value';
    end if;
    v_credentials := case p_scheme
        when 'bearer' then 'Bearer ' || p_secret
        -- encode() breaks lines.
        else 'Basic ' || translate(encode(convert_to(p_user || ':' || p_secret, 'UTF8'), 'base64'), E'\n', '')
    end;
    perform outbound_webhooks.replace_headers(
        p_endpoint_id, '{authorization}', jsonb_build_object('authorization', v_credentials)
    );
end
$$;

revoke execute on function outbound_webhooks.set_authorization(bigint, text, text, text) from public;
grant execute on function outbound_webhooks.set_authorization(bigint, text, text, text)
    to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.set_authorization(bigint, text, text, text) is
    E'Set the authorization header that is added to the requests to an endpoint; it is not shown again. Its other headers '
    'stay.\n'
    'p_scheme: basic or bearer.\n'
    'p_user: for basic, without a colon; null for bearer.\n'
    'p_secret: for basic the password, which is sent in UTF-8; for bearer the token.';
