"""core.kept, for arbitrary bodies."""

import html
import json
import urllib.parse

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.kept import EXCERPT_BYTES, content_type, excerpt


def _headers(name: str, shortest: int) -> st.SearchStrategy[tuple[str, str]]:
    printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=shortest, max_size=100)
    return printable.filter(lambda value: value == value.strip()).map(lambda value: (name, value))


HEADERS = _headers("X-Key", 8) | _headers("Authorization", 4)
WAYS = st.sampled_from([str, html.escape, json.dumps, urllib.parse.quote, urllib.parse.quote_plus])


@given(st.binary(max_size=3000) | st.text(max_size=2000).map(lambda text: text.encode(errors="surrogatepass")))
def test_an_excerpt_can_be_stored_and_shown(body: bytes) -> None:
    """It is valid UTF-8 of 1 KB at most; of what is not printable only line ends and tabs are left."""
    shown = excerpt(body, {})

    assert shown is not None
    assert len(shown.encode()) <= EXCERPT_BYTES
    assert all(character.isprintable() or character in "\n\t" for character in shown)


@given(st.text(max_size=500), HEADERS, st.text(max_size=500), WAYS)
def test_no_value_that_was_sent_is_shown(before: str, header: tuple[str, str], after: str, way: object) -> None:
    """Wherever it stands, and as each way of writing it has it."""
    assert callable(way)
    body = f"{before} {way(header[1])} {after}".encode(errors="replace")

    assert excerpt(body, dict([header])) is None


@given(st.text(max_size=300))
def test_a_content_type_is_printable_ascii(value: str) -> None:
    """Of 100 characters at most."""
    kept = content_type(value)

    assert kept is None or (len(kept) <= 100 and kept.isascii() and kept.isprintable())
