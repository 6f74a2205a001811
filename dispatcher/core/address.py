"""May this address be called? Endpoint URLs come from tenants, so only public unicast addresses are.

An explicit list, and not `ipaddress.is_global`, which calls NAT64 and 6to4 forms of 127.0.0.1 global (CVE-2024-4032 and
later). The ranges are those of IANA's special-purpose address registries; `tests/support/special_purpose.py` has these
row by row, and each difference with its reason. `outbound_webhooks.is_public_address()` has the same ranges.
"""

import ipaddress
from collections.abc import Iterable

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_REFUSED_V4 = {
    ipaddress.IPv4Network(network): reason
    for network, reason in {
        "0.0.0.0/8": "this network",
        "10.0.0.0/8": "private",
        "100.64.0.0/10": "carrier-grade NAT",
        "127.0.0.0/8": "loopback",
        # Public by number, but answered inside of every Azure network only, to its own machines.
        "168.63.129.16/32": "cloud platform",
        "169.254.0.0/16": "link-local, cloud metadata",
        "172.16.0.0/12": "private",
        "192.0.0.0/24": "protocol assignments",
        "192.0.2.0/24": "documentation",
        "192.88.99.0/24": "6to4 relay",
        "192.168.0.0/16": "private",
        "198.18.0.0/15": "benchmarking",
        "198.51.100.0/24": "documentation",
        "203.0.113.0/24": "documentation",
        "224.0.0.0/4": "multicast",
        "240.0.0.0/4": "reserved, broadcast",
    }.items()
}

# Unicast is assigned from 2000::/3 only. This leaves out loopback, IPv4-mapped, NAT64, unique local, link-local, site-
# local and multicast without naming them.
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = {
    ipaddress.IPv6Network(network): reason
    for network, reason in {
        "2001::/23": "protocol assignments (Teredo, ORCHID, benchmarking)",
        "2001:db8::/32": "documentation",
        "2002::/16": "6to4",
        "3fff::/20": "documentation",
    }.items()
}


def refusal(address: str, allowed: Iterable[Network] = ()) -> str | None:
    """Why an IP address must not be called, or None if it may be.

    Args:
        address: as a resolver or socket gives it.
        allowed: networks that the operator opened on purpose.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "not an IP address"
    if isinstance(ip, ipaddress.IPv6Address) and ip.scope_id is not None:
        return "has a scope"
    if any(ip in network for network in allowed):
        return None
    return _refusal_v4(ip) if isinstance(ip, ipaddress.IPv4Address) else _refusal_v6(ip)


def _refusal_v4(ip: ipaddress.IPv4Address) -> str | None:
    return next((reason for network, reason in _REFUSED_V4.items() if ip in network), None)


def _refusal_v6(ip: ipaddress.IPv6Address) -> str | None:
    if ip.ipv4_mapped is not None:
        return f"IPv4-mapped ({_refusal_v4(ip.ipv4_mapped) or 'use the IPv4 address'})"
    if ip not in _UNICAST_V6:
        return "not public unicast"
    return next((reason for network, reason in _REFUSED_V6.items() if ip in network), None)
