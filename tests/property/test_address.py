"""core.address against an oracle of its own: IANA's special-purpose registries (tests/support/special_purpose.py)."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.address import Network, refusal
from tests.support.special_purpose import DIFFERENCES, REGISTRY_V4, REGISTRY_V6, edges, is_public, reachable
from tests.support.urls import V4_NUMBERS, V6_NUMBERS

CLASSES = {4: ipaddress.IPv4Address, 6: ipaddress.IPv6Address}


@pytest.mark.parametrize("block", [row[0] for row in (*REGISTRY_V4, *REGISTRY_V6)])
def test_rows_of_the_registries(block: str) -> None:
    """The first and the last address of every row are judged as the registries, and the named differences, have it."""
    version, *ends = edges(block)

    for end in ends:
        assert (refusal(str(CLASSES[version](end))) is None) == is_public(version, end)


@pytest.mark.parametrize("block", [block for block, _ in DIFFERENCES])
def test_the_differences_are_some(block: str) -> None:
    """Each is refused by us at both ends, and by the registries not at all, or not in so many words."""
    version, *ends = edges(block)

    assert all(refusal(str(CLASSES[version](end))) is not None for end in ends)
    assert any(reachable(version, end) is not False for end in ends)


@given(V4_NUMBERS)
def test_ipv4(number: int) -> None:
    """An IPv4 address may be called if the oracle says so."""
    assert (refusal(str(ipaddress.IPv4Address(number))) is None) == is_public(4, number)


@given(V6_NUMBERS)
def test_ipv6(number: int) -> None:
    """The same for IPv6, in every way to write the address."""
    address = ipaddress.IPv6Address(number)

    assert {refusal(text) is None for text in (str(address), address.exploded, str(address).upper())} == {
        is_public(6, number)
    }


@given(V4_NUMBERS)
def test_no_form_of_ipv6_reaches_an_ipv4_address(number: int) -> None:
    """Mapped, compatible, translated, NAT64, 6to4, Teredo: none of them passes, whatever is inside."""
    forms = [0xFFFF << 32, 0, 0xFFFF << 48, 0x64FF9B << 96, 0x64FF9B0001 << 80]
    inside = [ipaddress.IPv6Address(form | number) for form in forms]
    inside += [ipaddress.IPv6Address(0x2002 << 112 | number << 80), ipaddress.IPv6Address(0x2001 << 112 | number)]

    assert all(refusal(str(address)) is not None for address in inside)


@given(V4_NUMBERS, st.integers(0, 32), V4_NUMBERS)
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
