-- host_address: the address that a URL's host is, in any form that a URL may have it in: four decimal numbers, or IPv6 in
-- brackets. Null for everything else, a legacy form (127.1, 0x7f.1, 2130706433) and a zone among it.
-- Called by: host_refusal. Locks: nothing.
create or replace function outbound_webhooks.host_address(p_host text)
    returns inet
    language plpgsql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
begin
    if p_host ~ '^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.(?=[0-9])|$)){4}$' then
        return p_host::inet;
    elsif p_host ~ '^\[([0-9A-Fa-f]{0,4}:){2,8}([0-9A-Fa-f]{0,4}|[0-9]{1,3}(\.[0-9]{1,3}){3})\]$' then
        return substr(p_host, 2, length(p_host) - 2)::inet;
    end if;
    return null;
exception when invalid_text_representation then
    return null;
end
$$;

revoke execute on function outbound_webhooks.host_address(text) from public;
comment on function outbound_webhooks.host_address(text) is 'The address that a URL''s host is; null if it is none.';
