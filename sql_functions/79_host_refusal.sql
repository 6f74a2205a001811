-- host_refusal: why a URL may not name this host: a code of describe_url_refusal(), or null. The same as _host_code() in
-- dispatcher/core/url.py: tests/sql/test_url_policy.py compares them.
-- Called by: url_refusal. Locks: nothing. p_host: as it stands in the URL, an IPv6 address in brackets.
create or replace function outbound_webhooks.host_refusal(p_host text, p_internal_urls boolean)
    returns text
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
declare
    v_address constant inet := outbound_webhooks.host_address(p_host);
    -- Not by the database's collation: a Turkish one has another small i.
    v_last constant text := lower(regexp_replace(p_host, '^.*\.', '') collate "C");
begin
    if v_address is not null then
        return case
            when not p_internal_urls and not outbound_webhooks.is_public_address(v_address) then 'url_blocked_address'
            -- An address has one form, and one that holds an IPv4 address has that one's.
            when p_host not in (host(v_address), '[' || host(v_address) || ']')
                or v_address <<= '::ffff:0:0/96'
                or (v_address <<= '::/96' and v_address <> '::1') then 'url_host'
        end;
    end if;
    if length(p_host) > 253
        or p_host !~ '^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$'
    then
        return 'url_host';
    end if;
    -- Names that public DNS does not have, or that are an organisation's own (docs/outbound-safety.md).
    if not p_internal_urls and (p_host !~ '\.' or v_last in (
        'alt', 'arpa', 'corp', 'home', 'internal', 'intranet', 'invalid', 'lan', 'local', 'localdomain', 'localhost',
        'onion', 'private', 'svc', 'test'
    )) then
        return 'url_internal_host';
    end if;
    return null;
end
$$;

revoke execute on function outbound_webhooks.host_refusal(text, boolean) from public;
comment on function outbound_webhooks.host_refusal(text, boolean) is 'Why a URL may not name this host, as a code; null if it may.';
