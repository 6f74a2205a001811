-- signing_key: the signing key that is given, if it is one; a new one if none is given.
-- Called by: create_endpoint, rotate_secret. Locks: nothing.
create or replace function outbound_webhooks.signing_key(p_secret text)
    returns text
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    -- 32 bytes of the server's strong random generator; three v4 UUIDs carry 366 random bits.
    v_secret constant text := coalesce(p_secret, 'whsec_' || encode(sha256(
        uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())
    ), 'base64'));
begin
    if v_secret !~ '^whsec_([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$'
        or length(decode(substr(v_secret, 7), 'base64')) not between 24 and 64
    then
        raise exception 'a signing key is whsec_ followed by the base64 of 24 to 64 random bytes'
            using errcode = 'invalid_parameter_value', hint = 'Leave it out to have one made.';
    end if;
    return v_secret;
end
$$;

revoke execute on function outbound_webhooks.signing_key(text) from public;
comment on function outbound_webhooks.signing_key(text) is 'A signing key: the given one, if it is one, or a new one.';
