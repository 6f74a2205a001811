"""core.url against the client that sends: what the policy read in a URL is what aiohttp's yarl reads in it."""

import ipaddress
import re

from hypothesis import assume, given
from hypothesis import strategies as st
from yarl import URL

from dispatcher.core.url import URL_CODES, UrlPolicy, url_refusal
from tests.support.special_purpose import is_public
from tests.support.urls import (
    NAMES,
    URLS,
    V4_NUMBERS,
    V6_NUMBERS,
    WELL_FORMED,
    forms_of_v4,
    forms_of_v6,
    resolved_by_c,
)

POLICIES = st.sampled_from([UrlPolicy(), UrlPolicy(internal_urls=True)])


@given(URLS | st.text(max_size=60), POLICIES)
def test_any_text_is_judged(url: str, policy: UrlPolicy) -> None:
    """No text raises; what is refused has a code of ours."""
    refused = url_refusal(url, policy)

    assert refused is None or refused.code in URL_CODES


@given(WELL_FORMED | WELL_FORMED | URLS, POLICIES)
def test_the_client_reads_the_same(url: str, policy: UrlPolicy) -> None:
    """What passes has, for yarl, the host and port that stand in it, https, and no user, password or fragment."""
    assume(url_refusal(url, policy) is None)
    read = URL(url)

    authority = re.split("[/?]", url.removeprefix("https://"))[0]
    port = re.search(r":([0-9]+)$", authority) if not authority.endswith("]") else None
    host = authority.removesuffix(f":{port[1]}") if port else authority
    assert read.scheme == "https"
    assert (read.raw_host, read.port) == (host.strip("[]").lower(), int(port[1]) if port else 443)
    assert (read.raw_user, read.raw_password, read.raw_fragment) == (None, None, "")


@given(V4_NUMBERS)
def test_ipv4(number: int) -> None:
    """Of all forms of an address only the usual one passes, if the registries call it public."""
    usual = str(ipaddress.IPv4Address(number))

    for form in forms_of_v4(number):
        assert (url_refusal(f"https://{form}/") is None) == (form == usual and is_public(4, number))


@given(V6_NUMBERS)
def test_ipv6(number: int) -> None:
    """The same for IPv6."""
    usual = f"[{ipaddress.IPv6Address(number)}]"

    for form in forms_of_v6(number):
        assert (url_refusal(f"https://{form}/") is None) == (form == usual and is_public(6, number))


@given(NAMES, POLICIES)
def test_a_name_is_no_number(name: str, policy: UrlPolicy) -> None:
    """In what passes C libraries read no address, but for the one that stands there in its usual form."""
    assume(url_refusal(f"https://{name}/", policy) is None)

    assert resolved_by_c(name) in (None, name)


@given(st.integers(0, 70_000), st.lists(st.tuples(st.integers(1, 65535), st.integers(0, 100)), min_size=1, max_size=3))
def test_ports(port: int, spans: list[tuple[int, int]]) -> None:
    """A port passes if one of the policy's ranges has it."""
    policy = UrlPolicy(allowed_ports=tuple(range(first, min(first + more, 65535) + 1) for first, more in spans))
    allowed = any(first <= port <= min(first + more, 65535) for first, more in spans)

    assert (url_refusal(f"https://clinic.example:{port}/", policy) is None) == allowed
