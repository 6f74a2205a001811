-- sealed_secrets: the sealed signing keys that deliveries are signed with, to see whether the master keys open them.
-- Called by: `outbound-webhooks doctor`, as a dispatcher, who gets them with what it claims. Locks: nothing.
create or replace function outbound_webhooks.sealed_secrets()
    returns table (clinic_id text, endpoint_id bigint, sealed text)
    language sql
    stable
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
    select s.clinic_id, s.endpoint_id, s.sealed
    from outbound_webhooks.endpoint_secrets as s
    join outbound_webhooks.endpoints as e on e.id = s.endpoint_id
    where s.sealed is not null
        and (s.valid_until is null or s.valid_until > statement_timestamp())
        and e.state <> 'retired'
    order by s.endpoint_id, s.id
$$;

revoke execute on function outbound_webhooks.sealed_secrets() from public;
grant execute on function outbound_webhooks.sealed_secrets() to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.sealed_secrets() is 'Sealed signing keys that are in use.';
