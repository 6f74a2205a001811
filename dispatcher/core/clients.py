"""Where a request came from: the peer, or, where that is a reverse proxy of ours, what it says."""

import ipaddress
import re
from collections.abc import Sequence

from dispatcher.core.address import Network

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Some proxies write the port, too: an IPv4 address has no colon, and of IPv6 only one in brackets has a port.
_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]{1,5})?", re.ASCII)


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of the client.

    Args:
        peer: the address that the connection came from; None for a socket of the file system.
        forwarded_for: the X-Forwarded-For headers, in order.
        trusted: the networks of our own proxies. Only what they say counts: from the right, the first address that is
            not one of theirs. What stands left of it the client wrote.
    """
    found = _parse(peer)
    if found is None:
        return "unknown"
    hops = [hop.strip() for line in forwarded_for for hop in line.split(",")]
    while hops and _within(found, trusted):
        before = _parse(hops.pop())
        if before is None:
            break
        found = before
    return str(found)


def limited_as(address: str) -> str:
    """What a limit by address counts: an IPv4 address, or the /64 that an IPv6 client has to itself."""
    found = _parse(address)
    if isinstance(found, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((found, 64), strict=False))
    return address


def _parse(text: str | None) -> _Address | None:
    text = text or ""
    if with_port := _WITH_PORT.fullmatch(text):
        text = with_port[1] or with_port[2] or ""
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        return found.ipv4_mapped
    return found


def _within(address: _Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
