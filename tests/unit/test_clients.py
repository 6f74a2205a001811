"""core.clients: a client's address cannot be chosen by the client."""

import ipaddress

import pytest

from dispatcher.core.clients import client_address, limited_as

TRUSTED = (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # not a proxy of ours: what it says is its own idea
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["198.51.100.7, 192.0.2.1"], "192.0.2.1"),  # the left one the client wrote
        ("10.0.0.1", ["198.51.100.7", "192.0.2.1"], "192.0.2.1"),
        ("10.0.0.1", ["192.0.2.1, 10.0.0.2"], "192.0.2.1"),
        ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["192.0.2.1, nonsense"], "10.0.0.1"),
        ("10.0.0.1", [""], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["192.0.2.1"], "192.0.2.1"),
        ("::ffff:192.0.2.1", [], "192.0.2.1"),
        ("fd00::1", ["2001:db8::1"], "2001:db8::1"),
        ("fe80::1%eth0", [], "fe80::1"),
        (None, ["192.0.2.1"], "unknown"),
    ],
)
def test_the_address(peer: str | None, forwarded: list[str], expected: str) -> None:
    """The peer's, or what our own proxies say of it, read from the right."""
    assert client_address(peer, forwarded, TRUSTED) == expected


def test_what_is_counted() -> None:
    """An IPv6 client has a /64 to itself: it is counted as one."""
    assert limited_as("192.0.2.1") == "192.0.2.1"
    assert limited_as("2001:db8:1:2:3::4") == limited_as("2001:db8:1:2::9") == "2001:db8:1:2::/64"
    assert limited_as("unknown") == "unknown"
