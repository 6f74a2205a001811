-- sealed_otherwise: what is not sealed with this master key, and is not in clear either, the next so many after a kind
-- and an id: signing keys and values of headers, in use or not. All of it is to be sealed anew with that key.
-- Called by: `outbound-webhooks rotate-master-key`, as a dispatcher, batch by batch. Locks: nothing; version tells
-- whether the row was written since (replace_value).
create or replace function outbound_webhooks.sealed_otherwise(
    p_master_key text, p_after_kind text, p_after_id bigint, p_limit integer
)
    returns table (
        kind text, id bigint, clinic_id text, endpoint_id bigint, name text, sealed text, version text
    )
    language sql
    stable
    security definer -- no role has a grant on these tables
    set search_path = pg_catalog, pg_temp
as $$
    select v.kind, v.id, v.clinic_id, v.endpoint_id, v.name, v.sealed, v.version
    from (
        select 'header' as kind, h.id, h.clinic_id, h.endpoint_id, h.name, h.sealed, h.xmin::text as version
        from outbound_webhooks.endpoint_headers as h
        union all
        select 'signing-key', s.id, s.clinic_id, s.endpoint_id, null, s.sealed, s.xmin::text
        from outbound_webhooks.endpoint_secrets as s
    ) as v
    where split_part(v.sealed, '.', 2) <> p_master_key
        and (v.kind, v.id) > (p_after_kind, p_after_id)
    order by v.kind, v.id
    limit p_limit
$$;

revoke execute on function outbound_webhooks.sealed_otherwise(text, text, bigint, integer) from public;
grant execute on function outbound_webhooks.sealed_otherwise(text, text, bigint, integer) to outbound_webhooks_dispatcher;
comment on function outbound_webhooks.sealed_otherwise(text, text, bigint, integer) is
    'Signing keys and header values that another master key sealed.';
