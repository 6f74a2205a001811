-- is_public_address: is it public unicast? What dispatcher/core/address.py says, with the same ranges:
-- tests/sql/test_url_policy.py compares them.
-- Called by: host_refusal. Locks: nothing.
create or replace function outbound_webhooks.is_public_address(p_address inet)
    returns boolean
    language sql
    immutable
    security invoker
    set search_path = pg_catalog, pg_temp
as $$
    -- Of IPv6, unicast is assigned from 2000::/3 only.
    select (family(p_address) = 4 or p_address <<= inet '2000::/3')
        and not p_address <<= any (array[
            '0.0.0.0/8', -- this network
            '10.0.0.0/8', -- private
            '100.64.0.0/10', -- carrier-grade NAT
            '127.0.0.0/8', -- loopback
            '168.63.129.16/32', -- cloud platform
            '169.254.0.0/16', -- link-local, cloud metadata
            '172.16.0.0/12', -- private
            '192.0.0.0/24', -- protocol assignments
            '192.0.2.0/24', -- documentation
            '192.88.99.0/24', -- 6to4 relay
            '192.168.0.0/16', -- private
            '198.18.0.0/15', -- benchmarking
            '198.51.100.0/24', -- documentation
            '203.0.113.0/24', -- documentation
            '224.0.0.0/4', -- multicast
            '240.0.0.0/4', -- reserved, broadcast
            '2001::/23', -- protocol assignments (Teredo, ORCHID, benchmarking)
            '2001:db8::/32', -- documentation
            '2002::/16', -- 6to4
            '3fff::/20' -- documentation
        ]::inet[])
$$;

revoke execute on function outbound_webhooks.is_public_address(inet) from public;
comment on function outbound_webhooks.is_public_address(inet) is 'Whether an address is public unicast.';
