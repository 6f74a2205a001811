-- unsealed_secrets: signing keys that still stand in clear (a DBA inserted them, or create_endpoint made them).
-- Called by: the leader's maintenance, which seals them. Locks: nothing.
create or replace function outbound_webhooks.unsealed_secrets()
    returns table (id bigint, clinic_id text, endpoint_id bigint, secret text)
    language sql
    stable
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
    select s.id, s.clinic_id, s.endpoint_id, s.secret
    from outbound_webhooks.endpoint_secrets as s
    where s.secret is not null
    order by s.id
    limit 1000
$$;

revoke execute on function outbound_webhooks.unsealed_secrets() from public;
grant execute on function outbound_webhooks.unsealed_secrets() to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.unsealed_secrets() is 'Signing keys that are waiting to be sealed.';
