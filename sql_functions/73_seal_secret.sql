-- seal_secret: put the sealed form of a signing key in the place of the clear one.
-- Called by: the leader's maintenance. Locks: that row. Does nothing if it was sealed or changed meanwhile.
create or replace function outbound_webhooks.seal_secret(p_id bigint, p_secret text, p_sealed text)
    returns void
    language sql
    volatile
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
    update outbound_webhooks.endpoint_secrets
    set secret = null, sealed = p_sealed
    where id = p_id
        and secret = p_secret
$$;

revoke execute on function outbound_webhooks.seal_secret(bigint, text, text) from public;
grant execute on function outbound_webhooks.seal_secret(bigint, text, text) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.seal_secret(bigint, text, text) is 'Replace a clear signing key by its sealed form.';
