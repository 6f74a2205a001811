-- master_keys_used: the ids of the master keys that something is sealed with, how much each of them seals, and how much
-- of that is in use: a key that signs still or a header, of an endpoint that is not retired.
-- Called by: `outbound-webhooks rotate-master-key` and `doctor`, as a dispatcher. Locks: nothing.
create or replace function outbound_webhooks.master_keys_used()
    returns table (master_key text, sealed bigint, in_use bigint)
    language sql
    stable
    security definer -- no role has a grant on these tables
    set search_path = pg_catalog, pg_temp
as $$
    select split_part(v.sealed, '.', 2), count(*), count(u.id)
    from (
        select 'signing-key' as kind, s.id, s.sealed
        from outbound_webhooks.endpoint_secrets as s
        union all
        select 'header', h.id, h.sealed
        from outbound_webhooks.endpoint_headers as h
    ) as v
    left join outbound_webhooks.sealed_values() as u on u.kind = v.kind and u.id = v.id
    where v.sealed is not null
    group by 1
    order by 1
$$;

revoke execute on function outbound_webhooks.master_keys_used() from public;
grant execute on function outbound_webhooks.master_keys_used() to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.master_keys_used() is 'How much is sealed with each master key.';
