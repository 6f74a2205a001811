"""core.url: the shared table of bad URLs, and what passes. SQL is held to the same table in tests/sql."""

import re
from pathlib import Path

import pytest

from dispatcher.core.address import _REFUSED_V4, _REFUSED_V6
from dispatcher.core.url import INTERNAL_LABELS, MAX_LENGTH, URL_CODES, UrlPolicy, url_refusal
from tests.support.bad_inputs import BAD_URLS, GOOD_URLS, INTERNAL_URLS, NEVER_INTERNAL_URLS, PASSWORD

INTERNAL = UrlPolicy(internal_urls=True)


@pytest.mark.parametrize(("url", "code"), BAD_URLS, ids="{:.60}".format)
def test_bad_urls(url: str, code: str) -> None:
    """Each is refused with its code, a message and a hint, none of which repeats a password."""
    refused = url_refusal(url)

    assert refused is not None
    assert refused.code == code
    assert refused.message
    assert refused.hint
    assert PASSWORD not in repr(refused)


@pytest.mark.parametrize("url", GOOD_URLS, ids="{:.60}".format)
def test_good_urls(url: str) -> None:
    """What a clinic may have passes, whether internal URLs are allowed or not."""
    assert url_refusal(url) is None
    assert url_refusal(url, INTERNAL) is None


@pytest.mark.parametrize("url", INTERNAL_URLS)
def test_internal_urls(url: str) -> None:
    """Internal hosts and private addresses pass only if the policy says so."""
    assert url_refusal(url) is not None
    assert url_refusal(url, INTERNAL) is None


@pytest.mark.parametrize(("url", "code"), NEVER_INTERNAL_URLS)
def test_what_is_not_internal_either(url: str, code: str) -> None:
    """An open policy opens no second spelling of an address, and no port."""
    refused = url_refusal(url, INTERNAL)

    assert refused is not None
    assert refused.code == code


def test_ports() -> None:
    """The ports are the policy's, and the message names them; without a port it is 443."""
    policy = UrlPolicy(allowed_ports=(range(80, 81), range(8000, 8011)))

    refused = url_refusal("https://clinic.example/", policy)

    assert refused is not None
    assert (refused.code, refused.message) == ("url_port", "a URL's port must be one of these: 80, 8000-8010")
    assert url_refusal("https://clinic.example:80/", policy) is None
    assert url_refusal("https://clinic.example:8010/", policy) is None
    assert url_refusal("https://clinic.example:8011/", policy) is not None


def test_the_longest() -> None:
    """As long as the table allows, and not one character more."""
    longest = "https://clinic.example/".ljust(MAX_LENGTH, "a")

    assert url_refusal(longest) is None
    assert url_refusal(longest + "a") is not None


def test_the_table_has_every_code() -> None:
    """Each code has a bad URL that comes to it, and each internal label one of its own."""
    internal = [url.split("/")[2].lower() for url, code in BAD_URLS if code == "url_internal_host"]

    assert {code for _, code in BAD_URLS} == URL_CODES
    assert {host.rpartition(".")[2] for host in internal if "." in host} == INTERNAL_LABELS


def test_the_page() -> None:
    """docs/outbound-safety.md has every code and no other, every refused range, and every internal label."""
    text = (Path(__file__).parents[2] / "docs" / "outbound-safety.md").read_text()
    ranges = [re.sub(r"(\.\d+)/32$", r"\1", str(network)) for network in (*_REFUSED_V4, *_REFUSED_V6)]

    assert set(re.findall(r"^\| `(url_\w+)` \|", text, re.MULTILINE)) == URL_CODES
    assert [name for name in (*ranges, *INTERNAL_LABELS) if f"`{name}`" not in text] == []
