-- unsealed_values: what still stands in clear, because it was set or inserted a moment ago: signing keys, and values of
-- headers.
-- Called by: the leader's maintenance, which seals them. Locks: nothing.
-- kind and name are what a value is sealed for (dispatcher/core/sealing.py): 'signing-key', or 'header' and its name.
-- version tells whether the row was written since (replace_value).
create or replace function outbound_webhooks.unsealed_values()
    returns table (
        kind text, id bigint, clinic_id text, endpoint_id bigint, name text, value text, version text
    )
    language sql
    stable
    security definer -- no role has a grant on these tables
    set search_path = pg_catalog, pg_temp
as $$
    select 'signing-key', s.id, s.clinic_id, s.endpoint_id, null, s.secret, s.xmin::text
    from outbound_webhooks.endpoint_secrets as s
    where s.secret is not null
    union all
    select 'header', h.id, h.clinic_id, h.endpoint_id, h.name, h.value, h.xmin::text
    from outbound_webhooks.endpoint_headers as h
    where h.value is not null
    limit 1000
$$;

revoke execute on function outbound_webhooks.unsealed_values() from public;
grant execute on function outbound_webhooks.unsealed_values() to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.unsealed_values() is
    'Signing keys and header values that are waiting to be sealed.';
