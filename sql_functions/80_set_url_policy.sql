-- set_url_policy: which URLs endpoints may have, beside what holds always (docs/outbound-safety.md).
-- Called by: DBAs. Locks: the settings row. Endpoints that are there are not checked again: doctor names those that would
-- be refused now. It opens no network: at each connection the dispatcher's OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS decides.
create or replace function outbound_webhooks.set_url_policy(
    p_internal_urls boolean default null,
    p_allowed_ports int4multirange default null
)
    returns void
    language plpgsql
    volatile
    security definer -- the admin role writes settings only through functions
    set search_path = pg_catalog, pg_temp
as $$
begin
    update outbound_webhooks.settings as g
    set
        internal_urls = coalesce(p_internal_urls, g.internal_urls),
        allowed_ports = coalesce(p_allowed_ports, g.allowed_ports),
        url_policy_changed_at = clock_timestamp(),
        url_policy_changed_by = session_user
    where g.internal_urls <> p_internal_urls
        or g.allowed_ports <> p_allowed_ports;
end
$$;

revoke execute on function outbound_webhooks.set_url_policy(boolean, int4multirange) from public;
grant execute on function outbound_webhooks.set_url_policy(boolean, int4multirange) to outbound_webhooks_admin;
comment on function outbound_webhooks.set_url_policy(boolean, int4multirange) is
    E'Say which URLs endpoints may have; what is left out stays as it is. Endpoints that are there are not checked again: '
    'doctor names those that would be refused now.\n'
    'p_internal_urls: true: URLs may name internal hosts and private addresses. They are called only where the dispatchers'' '
    'OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS allows it. False after installation.\n'
    'p_allowed_ports: the ports, as {[443,443],[1024,65535]}, which they are after installation.';
