"""IANA's special-purpose address registries, and what may be called by them: the oracle of the address policy.

Every row of iana-ipv4-special-registry and iana-ipv6-special-registry, as last updated on 2025-10-09: its block, its
name, and what the column "Globally Reachable" says (None: N/A, or left empty because the block was terminated).
It knows nothing of `dispatcher.core.address`: addresses are numbers here, and blocks are compared by their bits.
"""

import ipaddress
from functools import cache

Row = tuple[str, str, bool | None]

REGISTRY_V4: list[Row] = [
    ("0.0.0.0/8", "This network", False),
    ("0.0.0.0/32", "This host on this network", False),
    ("10.0.0.0/8", "Private-Use", False),
    ("100.64.0.0/10", "Shared Address Space", False),
    ("127.0.0.0/8", "Loopback", False),
    ("169.254.0.0/16", "Link Local", False),
    ("172.16.0.0/12", "Private-Use", False),
    ("192.0.0.0/24", "IETF Protocol Assignments", False),
    ("192.0.0.0/29", "IPv4 Service Continuity Prefix", False),
    ("192.0.0.8/32", "IPv4 dummy address", False),
    ("192.0.0.9/32", "Port Control Protocol Anycast", True),
    ("192.0.0.10/32", "Traversal Using Relays around NAT Anycast", True),
    ("192.0.0.170/32", "NAT64/DNS64 Discovery", False),
    ("192.0.0.171/32", "NAT64/DNS64 Discovery", False),
    ("192.0.2.0/24", "Documentation (TEST-NET-1)", False),
    ("192.31.196.0/24", "AS112-v4", True),
    ("192.52.193.0/24", "AMT", True),
    ("192.88.99.0/24", "Deprecated (6to4 Relay Anycast)", None),
    ("192.88.99.2/32", "6a44-relay anycast address", False),
    ("192.168.0.0/16", "Private-Use", False),
    ("192.175.48.0/24", "Direct Delegation AS112 Service", True),
    ("198.18.0.0/15", "Benchmarking", False),
    ("198.51.100.0/24", "Documentation (TEST-NET-2)", False),
    ("203.0.113.0/24", "Documentation (TEST-NET-3)", False),
    ("240.0.0.0/4", "Reserved", False),
    ("255.255.255.255/32", "Limited Broadcast", False),
]
REGISTRY_V6: list[Row] = [
    ("::1/128", "Loopback Address", False),
    ("::/128", "Unspecified Address", False),
    ("::ffff:0:0/96", "IPv4-mapped Address", False),
    ("64:ff9b::/96", "IPv4-IPv6 Translat.", True),
    ("64:ff9b:1::/48", "IPv4-IPv6 Translat.", False),
    ("100::/64", "Discard-Only Address Block", False),
    ("100:0:0:1::/64", "Dummy IPv6 Prefix", False),
    ("2001::/23", "IETF Protocol Assignments", False),
    ("2001::/32", "TEREDO", None),
    ("2001:1::1/128", "Port Control Protocol Anycast", True),
    ("2001:1::2/128", "Traversal Using Relays around NAT Anycast", True),
    ("2001:1::3/128", "DNS-SD Service Registration Protocol Anycast", True),
    ("2001:2::/48", "Benchmarking", False),
    ("2001:3::/32", "AMT", True),
    ("2001:4:112::/48", "AS112-v6", True),
    ("2001:10::/28", "Deprecated (previously ORCHID)", None),
    ("2001:20::/28", "ORCHIDv2", True),
    ("2001:30::/28", "Drone Remote ID Protocol Entity Tags (DETs) Prefix", True),
    ("2001:db8::/32", "Documentation", False),
    ("2002::/16", "6to4", None),
    ("2620:4f:8000::/48", "Direct Delegation AS112 Service", True),
    ("3fff::/20", "Documentation", False),
    ("5f00::/16", "Segment Routing (SRv6) SIDs", False),
    ("fc00::/7", "Unique-Local", False),
    ("fe80::/10", "Link-Local Unicast", False),
]

# What we refuse although the registries do not say that it is unreachable. There is nothing the other way round.
DIFFERENCES: list[tuple[str, str]] = [
    ("168.63.129.16/32", "public by number, but it is the platform of the Azure network that one is in"),
    ("192.0.0.9/32", "anycast to the NAT in front of the caller: no receiver is there"),
    ("192.0.0.10/32", "anycast to the relay next to the caller: no receiver is there"),
    ("192.88.99.0/24", "terminated in 2015; what still routes it relays to 2002::/16"),
    ("224.0.0.0/4", "multicast, which has a registry of its own"),
    ("::/3", "outside of 2000::/3, from which alone unicast is assigned"),
    ("4000::/2", "outside of 2000::/3"),
    ("8000::/1", "outside of 2000::/3; ff00::/8 in it is multicast, fec0::/10 was site-local"),
    ("64:ff9b::/96", "NAT64: it reaches whatever IPv4 address is in it, private ones where the translator lets it"),
    ("2001::/32", "Teredo: a tunnel to the IPv4 address in it"),
    ("2001:1::1/128", "anycast to the NAT in front of the caller"),
    ("2001:1::2/128", "anycast to the relay next to the caller"),
    ("2001:1::3/128", "anycast to the registrar of the local network"),
    ("2001:3::/32", "relays for multicast: no receiver is there"),
    ("2001:4:112::/48", "name servers for reverse look-ups of private addresses: no receiver is there"),
    ("2001:10::/28", "terminated in 2014; hashes of keys, not addresses"),
    ("2001:20::/28", "hashes of keys, not addresses that IP routes"),
    ("2001:30::/28", "names of drones, not addresses that IP routes"),
    ("2002::/16", "6to4: a tunnel to the IPv4 address in it"),
]


@cache
def block(text: str) -> tuple[int, int, int]:
    """A block as its version, the bits of its prefix, and how many bits an address has behind these."""
    network = ipaddress.ip_network(text)
    free = network.max_prefixlen - network.prefixlen
    return network.version, int(network.network_address) >> free, free


def holds(text: str, version: int, number: int) -> bool:
    """Whether an address, given as a number, is in a block."""
    of, prefix, free = block(text)
    return of == version and number >> free == prefix


def edges(text: str) -> tuple[int, int, int]:
    """A block's version, and its first and its last address."""
    version, prefix, free = block(text)
    return version, prefix << free, ((prefix + 1) << free) - 1


def reachable(version: int, number: int) -> bool | None:
    """What the registries say of an address: the row with the longest prefix; True without a row."""
    rows = [row for row in (REGISTRY_V4 if version == 4 else REGISTRY_V6) if holds(row[0], version, number)]
    return min(rows, key=lambda row: block(row[0])[2])[2] if rows else True


def is_public(version: int, number: int) -> bool:
    """The oracle: may this address be called, if nobody allowed its network?"""
    return reachable(version, number) is True and not any(holds(text, version, number) for text, _ in DIFFERENCES)
