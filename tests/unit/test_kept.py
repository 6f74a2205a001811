"""What is kept of an answer, and the receiver that sends back what it was sent."""

import base64
import html
import json
import urllib.parse

import pytest

from dispatcher.core.kept import WITHHELD, content_type, excerpt
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

    assert excerpt(body, SENT) == (None, WITHHELD)


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
    assert excerpt(body.encode(), SENT) == (body, None)


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"", None),
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
def test_excerpts(body: bytes, kept: str | None) -> None:
    """At most 1 KB of UTF-8, whole characters, nothing that drives a terminal, nothing that PostgreSQL refuses."""
    assert excerpt(body, SENT) == (kept, None)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (None, None),
        ("", None),
        ("text/html; charset=utf-8", "text/html; charset=utf-8"),
        ("text/\x1b[31mhtml\x00\udcff\u00e9", "text/[31mhtml"),
        ("x" * 5000, "x" * 100),
    ],
)
def test_content_types(value: str | None, kept: str | None) -> None:
    """Printable ASCII, up to 100 characters."""
    assert content_type(value) == kept
