"""What is kept of an answer: its content type, and the beginning of the body of one that is not 2xx.

A receiver may send back what it was sent: its error page shows the request. Who may read an excerpt need not know the
keys and credentials that went with the request, so an answer that holds one of them is not kept.
"""

import base64
import binascii
import html
import re
import urllib.parse
from collections.abc import Iterator, Mapping

EXCERPT_BYTES = 1024  # in UTF-8
# A secret that begins within the excerpt ends within this, also where every character is written as three.
_SEARCHED_BYTES = 16 * 1024
CONTENT_TYPE_CHARACTERS = 100

# Of these headers of a request everybody may know the values; all others are the endpoint's or sign the request.
_OPEN_HEADERS = frozenset(
    {"accept", "accept-encoding", "content-type", "user-agent", "webhook-id", "webhook-timestamp"}
)
# A value that is shorter is found in any text ("true"), and can be guessed. Parts of a value are looked for by
# themselves from this length on, too: the names of schemes (Bearer, Digest) are shorter.
_SHORTEST_SECRET = 8
_SHORTEST_CREDENTIAL = 4  # of authorization, and passwords: these are secret however short
# Each is looked for in each reading, in the loop that sends for everybody. Seldom are there more than ten.
MOST_SECRETS = 50
_KEY = re.compile(r"wh(sec|sk)_")
_ESCAPED = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)


def excerpt(body: bytes, sent: Mapping[str, str]) -> str | None:
    """The beginning of a body as text, or None if it has to be withheld.

    What is no UTF-8, and what is neither printable nor white space, is replaced: control characters drive terminals,
    PostgreSQL's text holds no NUL.

    Args:
        body: as much as was read of it.
        sent: the headers of the request.
    """
    text = body[:_SEARCHED_BYTES].decode("utf-8", errors="replace")
    if _reveals(text, sent):
        return None
    shown = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text[:EXCERPT_BYTES].replace("\r", ""))
    return shown.encode()[:EXCERPT_BYTES].decode(errors="ignore")


def content_type(value: str | None) -> str | None:
    """The Content-Type of an answer: its printable ASCII characters, up to 100."""
    return "".join(c for c in value or "" if " " <= c <= "~")[:CONTENT_TYPE_CHARACTERS] or None


def _reveals(text: str, sent: Mapping[str, str]) -> bool:
    secrets = set(_secrets(sent))
    return len(secrets) > MOST_SECRETS or any(
        _KEY.search(reading) is not None or any(secret in reading for secret in secrets) for reading in _readings(text)
    )


def _secrets(sent: Mapping[str, str]) -> Iterator[str]:
    for name, value in sent.items():
        if name.lower() in _OPEN_HEADERS:
            continue
        yield from (part for part in (value, *re.split(r"[\s,;]+", value)) if len(part) >= _SHORTEST_SECRET)
        if name.lower() == "authorization":
            behind_scheme = value.partition(" ")[2].strip()
            yield from (part for part in (value, behind_scheme) if len(part) >= _SHORTEST_CREDENTIAL)
        if value.lower().startswith("basic "):
            yield from _credentials(value[6:])


def _credentials(encoded: str) -> Iterator[str]:
    """The user and password of basic authorization, and the password."""
    try:
        pair = base64.b64decode(encoded.strip()).decode()
    except (binascii.Error, ValueError):
        return
    yield from (secret for secret in (pair, pair.partition(":")[2]) if len(secret) >= _SHORTEST_CREDENTIAL)


def _readings(text: str) -> set[str]:
    """A text as it stands, as HTML, a URL, a form or JSON would mean it, and as who reads over the unprintable does.

    The last is how a text in UTF-16 shows: a letter, a NUL, a letter.
    """
    return {
        text,
        html.unescape(text),
        urllib.parse.unquote(text),
        urllib.parse.unquote_plus(text),
        _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text),
        "".join(c for c in text if c.isprintable() and c != "\ufffd"),
    }
