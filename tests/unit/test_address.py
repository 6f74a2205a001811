"""core.address: which addresses may be called. Every range by its edges, and what lies just outside them."""

import ipaddress

import pytest

from dispatcher.core.address import refusal

# First and last address of a refused range, the public neighbours before and behind it (None: refused as well, or
# there is none), and why it is refused.
REFUSED_V4 = [
    ("0.0.0.0", "0.255.255.255", None, "1.0.0.0", "this network"),
    ("10.0.0.0", "10.255.255.255", "9.255.255.255", "11.0.0.0", "private"),
    ("100.64.0.0", "100.127.255.255", "100.63.255.255", "100.128.0.0", "carrier-grade NAT"),
    ("127.0.0.0", "127.255.255.255", "126.255.255.255", "128.0.0.0", "loopback"),
    ("168.63.129.16", "168.63.129.16", "168.63.129.15", "168.63.129.17", "cloud platform"),
    ("169.254.0.0", "169.254.255.255", "169.253.255.255", "169.255.0.0", "link-local, cloud metadata"),
    ("172.16.0.0", "172.31.255.255", "172.15.255.255", "172.32.0.0", "private"),
    ("192.0.0.0", "192.0.0.255", "191.255.255.255", "192.0.1.0", "protocol assignments"),
    ("192.0.2.0", "192.0.2.255", "192.0.1.255", "192.0.3.0", "documentation"),
    ("192.88.99.0", "192.88.99.255", "192.88.98.255", "192.88.100.0", "6to4 relay"),
    ("192.168.0.0", "192.168.255.255", "192.167.255.255", "192.169.0.0", "private"),
    ("198.18.0.0", "198.19.255.255", "198.17.255.255", "198.20.0.0", "benchmarking"),
    ("198.51.100.0", "198.51.100.255", "198.51.99.255", "198.51.101.0", "documentation"),
    ("203.0.113.0", "203.0.113.255", "203.0.112.255", "203.0.114.0", "documentation"),
    ("224.0.0.0", "239.255.255.255", "223.255.255.255", None, "multicast"),
    ("240.0.0.0", "255.255.255.255", None, None, "reserved, broadcast"),
]
PROTOCOL_V6 = "protocol assignments (Teredo, ORCHID, benchmarking)"
REFUSED_V6 = [
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, "2000::", "not public unicast"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2000:ffff:ffff:ffff::1", "2001:200::", PROTOCOL_V6),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db7:ffff::1", "2001:db9::", "documentation"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:ffff:ffff::1", "2003::", "6to4"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3ffe:ffff:ffff::1", "3fff:1000::", "documentation"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:ffff:ffff::1", None, "not public unicast"),
]
RANGES = REFUSED_V4 + REFUSED_V6


@pytest.mark.parametrize(
    ("address", "reason"), [(edge, reason) for first, last, _, _, reason in RANGES for edge in (first, last)]
)
def test_both_edges_of_a_range_are_refused(address: str, reason: str) -> None:
    """The first and the last address of each range are refused, with the reason that will stand in the attempt."""
    assert refusal(address) == reason


@pytest.mark.parametrize(
    "address", [neighbour for _, _, before, behind, _ in RANGES for neighbour in (before, behind) if neighbour]
)
def test_the_neighbours_of_a_range_pass(address: str) -> None:
    """What lies just outside is public, and nobody's mistake makes it unreachable."""
    assert refusal(address) is None


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public_addresses_pass(address: str) -> None:
    """Ordinary receivers can be reached."""
    assert refusal(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "::1",
        "::7f00:1",  # IPv4-compatible 127.0.0.1
        "::ffff:0:7f00:1",  # IPv4-translated 127.0.0.1
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
        "64:ff9b:1::1",
        "100::1",
        "5f00::1",
        "fc00::1",
        "fd00:ec2::254",  # a cloud's metadata
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_what_python_calls_global_or_may_call_so_one_day(address: str) -> None:
    """Forms that have slipped through other filters lie outside public unicast."""
    assert refusal(address) == "not public unicast"


@pytest.mark.parametrize("address", ["2001:0:7f00:1::", "2001:10::1", "2001:20::1", "2001:2::1"])
def test_teredo_orchid_benchmarking(address: str) -> None:
    """Tunnels and special uses inside 2001::/23."""
    assert refusal(address) == PROTOCOL_V6


@pytest.mark.parametrize("address", ["2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:808:808::1"])
def test_6to4(address: str) -> None:
    """6to4 reaches the IPv4 address inside it, whichever that is."""
    assert refusal(address) == "6to4"


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("::ffff:127.0.0.1", "IPv4-mapped (loopback)"),
        ("::ffff:7f00:1", "IPv4-mapped (loopback)"),
        ("::ffff:169.254.169.254", "IPv4-mapped (link-local, cloud metadata)"),
        ("::ffff:10.0.0.1", "IPv4-mapped (private)"),
        ("::ffff:8.8.8.8", "IPv4-mapped (use the IPv4 address)"),
    ],
)
def test_mapped_addresses(address: str, reason: str) -> None:
    """An IPv4-mapped address is refused, always, and the message says what is inside."""
    assert refusal(address) == reason


@pytest.mark.parametrize("address", ["fe80::1%eth0", "2606:4700:4700::1111%1", "::1%lo", "fe80::1%25eth0"])
def test_scopes(address: str) -> None:
    """A scope names an interface of this machine: refused before anything else is looked at."""
    assert refusal(address) == "has a scope"
    assert refusal(address, [ipaddress.ip_network("::/0")]) == "has a scope"


ALLOWED = [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/8")]


@pytest.mark.parametrize("address", ["127.0.0.1", "127.255.255.255", "10.1.0.0", "10.1.255.255", "fd00::1", "fdff::1"])
def test_an_allowed_network_is_opened(address: str) -> None:
    """What the operator opened may be called; without that it may not."""
    assert refusal(address, ALLOWED) is None
    assert refusal(address) is not None


@pytest.mark.parametrize("address", ["10.0.255.255", "10.2.0.0", "192.168.0.1", "fc00::1", "::1", "::ffff:127.0.0.1"])
def test_an_allowed_network_opens_nothing_else(address: str) -> None:
    """Neighbours, other families and mapped forms of an opened network stay refused."""
    assert refusal(address, ALLOWED) is not None


def test_public_addresses_pass_beside_allowed_networks() -> None:
    """Opening a network does not close the others."""
    assert refusal("8.8.8.8", ALLOWED) is None


NONSENSE = [
    "localhost", "example.com", "127.1", "2130706433", "017700000001", "0177.0.0.1", "0x7f.1", "0x7f000001",
    "127.0.0.1.", "256.1.1.1", "1.2.3", "1.2.3.4.5", "8.8.8.8/32", "8.8.8.8:443", "8.8.8.8%eth0", "[::1]",
    "::1::", "1:2:3:4:5:6:7", "::g", "fe80::1%", "%eth0", "", " ", " 8.8.8.8",
    "8.8.8.8 ", "8.8.8.8\n", "\0", "127。0。0。1", "\uff11\uff12\uff17.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", NONSENSE)
def test_nonsense_is_refused(address: str) -> None:
    """What is not an address in its plain form is refused, never guessed at."""
    assert refusal(address) == "not an IP address"
