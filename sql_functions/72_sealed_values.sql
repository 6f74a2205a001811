-- sealed_values: what is sealed and in use, to see whether the master keys open it: signing keys, and values of headers.
-- Called by: `outbound-webhooks doctor`, as a dispatcher, who gets them with what it claims. Locks: nothing.
-- kind and name are what a value is sealed for (dispatcher/core/sealing.py): 'signing-key', or 'header' and its name.
create or replace function outbound_webhooks.sealed_values()
    returns table (kind text, id bigint, clinic_id text, endpoint_id bigint, name text, sealed text)
    language sql
    stable
    security definer -- no role has a grant on these tables
    set search_path = pg_catalog, pg_temp
as $$
    select v.kind, v.id, v.clinic_id, v.endpoint_id, v.name, v.sealed
    from (
        select 'signing-key' as kind, s.id, s.clinic_id, s.endpoint_id, null as name, s.sealed
        from outbound_webhooks.endpoint_secrets as s
        where s.valid_until is null or s.valid_until > statement_timestamp()
        union all
        select 'header', h.id, h.clinic_id, h.endpoint_id, h.name, h.sealed
        from outbound_webhooks.endpoint_headers as h
    ) as v
    join outbound_webhooks.endpoints as e on e.id = v.endpoint_id
    where v.sealed is not null
        and e.state <> 'retired'
    order by v.endpoint_id, v.kind, v.id
$$;

revoke execute on function outbound_webhooks.sealed_values() from public;
grant execute on function outbound_webhooks.sealed_values() to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.sealed_values() is 'Sealed signing keys and header values that are in use.';
