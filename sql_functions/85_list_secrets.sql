-- list_secrets: the signing keys of an endpoint, newest first: when each signs, and how it is kept; never a key itself.
-- Called by: DBAs, the admin API, `outbound-webhooks secrets`. Locks: nothing.
create or replace function outbound_webhooks.list_secrets(p_endpoint_id bigint)
    returns table (
        secret_id bigint, created_at timestamptz, valid_until timestamptz, is_live boolean, sealed_with text
    )
    language sql
    stable
    security definer -- no role has a grant on endpoint_secrets
    set search_path = pg_catalog, pg_temp
as $$
    select
        s.id,
        s.created_at,
        s.valid_until,
        s.valid_until is null or s.valid_until > statement_timestamp(),
        split_part(s.sealed, '.', 2)
    from outbound_webhooks.endpoint_secrets as s
    where s.endpoint_id = p_endpoint_id
        and outbound_webhooks.caller_sees(s.clinic_id)
    order by s.id desc
$$;

revoke execute on function outbound_webhooks.list_secrets(bigint) from public;
grant execute on function outbound_webhooks.list_secrets(bigint) to outbound_webhooks_admin, outbound_webhooks_clinic;
comment on function outbound_webhooks.list_secrets(bigint) is
    'The signing keys of an endpoint, newest first: since when and until when each signs (null: no end is set), and the id '
    'of the master key that it is sealed with (null: not yet sealed). Never a key itself.';
