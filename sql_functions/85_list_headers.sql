-- list_headers: the headers that are added to the requests to an endpoint: since when, and how they are kept; never what
-- they hold.
-- Called by: DBAs, the admin API, `outbound-webhooks headers list`. Locks: nothing.
create or replace function outbound_webhooks.list_headers(p_endpoint_id bigint)
    returns table (name text, set_at timestamptz, sealed_with text)
    language sql
    stable
    security definer -- no role has a grant on endpoint_headers
    set search_path = pg_catalog, pg_temp
as $$
    select h.name, h.set_at, split_part(h.sealed, '.', 2)
    from outbound_webhooks.endpoint_headers as h
    where h.endpoint_id = p_endpoint_id
        and outbound_webhooks.caller_sees(h.clinic_id)
    order by h.name
$$;

revoke execute on function outbound_webhooks.list_headers(bigint) from public;
grant execute on function outbound_webhooks.list_headers(bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.list_headers(bigint) is
    'The headers that are added to the requests to an endpoint: when each was set, and the id of the master key that it is '
    'sealed with (null: not yet sealed). Never what one holds.';
