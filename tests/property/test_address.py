"""core.address against an oracle of its own: IANA's special-purpose registries, in plain numbers."""

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.address import Network, refusal

# iana-ipv4-special-registry: first and last address of what is not globally reachable, with multicast and the former
# class E; and the relays of 6to4, which are deprecated.
SPECIAL_V4 = [
    (0x00000000, 0x00FFFFFF),
    (0x0A000000, 0x0AFFFFFF),
    (0x64400000, 0x647FFFFF),
    (0x7F000000, 0x7FFFFFFF),
    (0xA9FE0000, 0xA9FEFFFF),
    (0xAC100000, 0xAC1FFFFF),
    (0xC0000000, 0xC00000FF),
    (0xC0000200, 0xC00002FF),
    (0xC0586300, 0xC05863FF),
    (0xC0A80000, 0xC0A8FFFF),
    (0xC6120000, 0xC613FFFF),
    (0xC6336400, 0xC63364FF),
    (0xCB007100, 0xCB0071FF),
    (0xE0000000, 0xFFFFFFFF),
]
# iana-ipv6-special-registry inside 2000::/3, by the upper 32 bits. Outside of it nothing is assigned for unicast that
# is reachable in its own right.
SPECIAL_V6 = [
    (0x20010000, 0x200101FF),
    (0x20010DB8, 0x20010DB8),
    (0x20020000, 0x2002FFFF),
    (0x3FFF0000, 0x3FFF0FFF),
]


def is_public(version: int, number: int) -> bool:
    """The oracle."""
    if version == 4:
        return not any(first <= number <= last for first, last in SPECIAL_V4)
    upper = number >> 96
    return 0x2 <= upper >> 28 <= 0x3 and not any(first <= upper <= last for first, last in SPECIAL_V6)


def near(edges: list[int], bits: int) -> st.SearchStrategy[int]:
    """Any number of so many bits, more often one close to an edge."""
    close = st.builds(int.__add__, st.sampled_from(edges), st.integers(-3, 3))
    return st.integers(0, 2**bits - 1) | close.filter(lambda number: 0 <= number < 2**bits)


V4 = near([edge for edges in SPECIAL_V4 for edge in edges], 32)
V6_EDGES = [edge << 96 for edges in SPECIAL_V6 for edge in (edges[0], edges[1] + 1)]
V6 = near([*V6_EDGES, 0, 1 << 125, 1 << 126, (1 << 128) - 1], 128)
# Half of all that are drawn from the whole space lie outside 2000::/3; these lie inside.
UNICAST = st.integers(1 << 125, (1 << 126) - 1)


@given(V4)
def test_ipv4(number: int) -> None:
    """An IPv4 address may be called if the registry says that it is reachable from everywhere."""
    assert (refusal(str(ipaddress.IPv4Address(number))) is None) == is_public(4, number)


@given(V6 | UNICAST)
def test_ipv6(number: int) -> None:
    """The same for IPv6, in every way to write the address."""
    address = ipaddress.IPv6Address(number)

    assert {refusal(text) is None for text in (str(address), address.exploded, str(address).upper())} == {
        is_public(6, number)
    }


@given(V4)
def test_no_form_of_ipv6_reaches_an_ipv4_address(number: int) -> None:
    """Mapped, compatible, translated, NAT64, 6to4, Teredo: none of them passes, whatever is inside."""
    forms = [0xFFFF << 32, 0, 0xFFFF << 48, 0x64FF9B << 96, 0x64FF9B0001 << 80]
    inside = [ipaddress.IPv6Address(form | number) for form in forms]
    inside += [ipaddress.IPv6Address(0x2002 << 112 | number << 80), ipaddress.IPv6Address(0x2001 << 112 | number)]

    assert all(refusal(str(address)) is not None for address in inside)


@given(V4, st.integers(0, 32), V4)
def test_allowed_networks(number: int, prefix: int, other: int) -> None:
    """An opened network opens exactly itself."""
    network = ipaddress.IPv4Network((number, prefix), strict=False)
    inside = other >> (32 - prefix) == number >> (32 - prefix)

    assert refusal(str(ipaddress.IPv4Address(number)), [network]) is None
    assert (refusal(str(ipaddress.IPv4Address(other)), [network]) is None) == (inside or is_public(4, other))


PIECES = st.sampled_from(
    ["127", "0x7f", "0", "1", "256", ".", ":", "::", "ffff", "%", "eth0", "/8", "[", "]", " ", "fe80", "é"]
)
ALLOWED: list[list[Network]] = [[], [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]]


@given(st.text(max_size=60) | st.lists(PIECES, max_size=10).map("".join), st.sampled_from(ALLOWED))
def test_any_text_is_judged(text: str, allowed: list[Network]) -> None:
    """No text raises; and what passes is an address that Python reads as one, without a scope."""
    if refusal(text, allowed) is None:
        ip = ipaddress.ip_address(text)
        assert allowed or is_public(ip.version, int(ip))
        assert "%" not in text
