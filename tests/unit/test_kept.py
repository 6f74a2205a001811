"""What is kept of an answer, and the receiver that sends back what it was sent."""

import base64
import html
import json
import urllib.parse

import pytest

from dispatcher.core import kept
from dispatcher.core.kept import MOST_SECRETS, content_type, excerpt
from dispatcher.core.signing import sign
from tests.unit.examples import KEY

SIGNATURES = sign([KEY, "whsec_" + base64.b64encode(bytes(32)).decode()], "evt", 1795456901, b"{}")
TOKEN = 'a+token/with"every==sign&<in>it'
PASSWORD = "correct horse"
SENT = {
    "content-type": "application/json; charset=utf-8",
    "user-agent": "outbound-webhooks/1.0",
    "webhook-id": "0195555e-6c00-7000-8000-000000000001",
    "webhook-timestamp": "1795456901",
    "webhook-signature": SIGNATURES,
    "Authorization": f"Bearer {TOKEN}",
    "X-Basic": "Basic " + base64.b64encode(f"clinic:{PASSWORD}".encode()).decode(),
    "X-Version": "2",
}
SECRETS = {
    "whole-header": f"Authorization: Bearer {TOKEN}",
    "token": TOKEN,
    "second-signature": SIGNATURES.split()[1],
    "signature-without-version": SIGNATURES.split()[1].removeprefix("v1,"),
    "basic": SENT["X-Basic"].removeprefix("Basic "),
    "basic-decoded": f"user clinic:{PASSWORD}",
    "password": PASSWORD,
    "a-signing-key": KEY,
    "another-signing-key": "whsec_AAAA",
}
WRITTEN = {
    "as-it-is": str,
    "json": json.dumps,
    "json-in-ascii": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "json-with-slashes": lambda text: json.dumps(text).replace("/", "\\/"),
    "html": html.escape,
    "html-in-numbers": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "form": urllib.parse.quote_plus,
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("written", WRITTEN.values(), ids=WRITTEN)
@pytest.mark.parametrize("before", [0, 900, 1020])
def test_a_body_that_shows_what_was_sent(secret: str, written: object, before: int) -> None:
    """Nothing of it is kept, however the error page writes the request, and also where the excerpt would cut it."""
    assert callable(written)
    body = ("." * before + "<pre>" + written(secret) + "</pre>").encode()

    assert excerpt(body, SENT) is None


@pytest.mark.parametrize(
    "body",
    [
        "Bearer token expected",
        "version 2 of the interface is gone",
        f"no such event: {SENT['webhook-id']} of {SENT['webhook-timestamp']}",
        "content type application/json; charset=utf-8 is not supported by outbound-webhooks/1.0",
    ],
)
def test_what_everybody_may_know(body: str) -> None:
    """Names of schemes, the event's id, values that are too short to be secret."""
    assert excerpt(body.encode(), SENT) == body


@pytest.mark.parametrize("name", ["x-env", "X-Mode"])
@pytest.mark.parametrize("value", ["true", "live", "1234567"])
def test_a_short_value_is_found_in_any_text(name: str, value: str) -> None:
    """So it is not looked for: each answer in JSON would be withheld for a header `x-env: true`."""
    body = f'{{"ok": false, "retry": "{value}"}}'

    assert excerpt(body.encode(), {name: value}) == body


@pytest.mark.parametrize(
    "value",
    ["abcd", "Token abcd", "Basic " + base64.b64encode(b"u:abcd").decode()],
    ids=["whole", "behind-its-scheme", "password"],
)
@pytest.mark.parametrize("name", ["authorization", "Authorization"])
def test_a_short_credential_is_looked_for(name: str, value: str) -> None:
    """In authorization every value is a secret, from four characters on."""
    assert excerpt(b"denied: abcd", {name: value}) is None
    assert excerpt(b"denied: Token, Basic", {name: value}) == "denied: Token, Basic"


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize(
    "hidden",
    [
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("utf-16-le"),
        lambda text: text.encode("utf-16-be"),
        lambda text: text.encode("utf-32-be"),
        lambda text: b"\xff".join(bytes([c]) for c in text.encode()),
        lambda text: "\u200b".join(text).encode(),
        lambda text: b"\x1b".join(bytes([c]) for c in text.encode()),
    ],
    ids=["utf-16", "utf-16-le", "utf-16-be", "utf-32", "no-utf-8", "zero-width", "control"],
)
def test_a_secret_between_what_is_not_shown(secret: str, hidden: object) -> None:
    """Whoever reads the excerpt reads over what stands for unprintable characters."""
    assert callable(hidden)

    assert excerpt(hidden(f"denied: {secret}."), SENT) is None


def test_many_parts_are_not_looked_for() -> None:
    """A clinic's own headers may hold two thousand words: all looked for, they would hold up everybody's deliveries."""
    words = [f"word-{n:04}" for n in range(2000)]
    most = {"x-some": " ".join(words[: MOST_SECRETS - 1])}  # and their whole

    assert excerpt(b"sorry", most) == "sorry"
    assert excerpt(b"sorry", most | {"x-other": words[-1]}) is None
    assert excerpt(b"sorry", {f"x-{n}": " ".join(words[n::4]) for n in range(4)}) is None


def test_the_same_part_counts_once() -> None:
    """However often it is sent."""
    assert excerpt(b"sorry", {"x-some": "word-0001 " * 400}) == "sorry"


def test_the_same_reading_is_searched_once() -> None:
    """A body in which nothing is escaped reads the same in each way."""
    assert kept._readings("sorry, no") == {"sorry, no"}
    assert len(kept._readings('a%20b+c&lt;\\"\n' * 1000)) <= 6


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"", ""),
        (b"a\x00\xffb", "a\ufffd\ufffdb"),
        (b"line\r\nline\tend", "line\nline\tend"),
        (b"\x1b]0;title\x07\x1b[31mred", "\ufffd]0;title\ufffd\ufffd[31mred"),
        ("a\u202egnp.exe".encode(), "a\ufffdgnp.exe"),
        (b"x" * 5000, "x" * 1024),
        (("\u00e9" * 1000).encode(), "\u00e9" * 512),
        (b"\xff" * 5000, "\ufffd" * 341),
    ],
    ids=["empty", "nul", "lines", "terminal", "bidi", "long", "long-letters", "long-garbage"],
)
def test_excerpts(body: bytes, shown: str) -> None:
    """At most 1 KB of UTF-8, whole characters, nothing that drives a terminal, nothing that PostgreSQL refuses."""
    assert excerpt(body, SENT) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, None),
        ("", None),
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("text/\x1b[31mhtml\x00\udcff\u00e9", "text/[31mhtml"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_content_types(value: str | None, shown: str | None) -> None:
    """Printable ASCII, up to 100 characters."""
    assert content_type(value) == shown
