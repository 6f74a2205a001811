"""Bodies of events: on a page as much as can be read, laid out; as a file, all of it."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from aiohttp import web

MOST_BYTES = 64 * 1024
_DEEPEST = 16  # levels that are set in: a body may be nothing but brackets

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)


@dataclass(frozen=True)
class ShownBody:
    """A body on a page.

    Attributes:
        text: laid out; of a long one the beginning, as it is.
        size: of all of it, in bytes.
        most: so many bytes of a long one.
    """

    text: str
    size: int
    is_cut: bool
    most: ClassVar[int] = MOST_BYTES


def shown(body: str) -> ShownBody:
    """A body as a page shows it."""
    raw = body.encode()
    if len(raw) > MOST_BYTES:
        return ShownBody(raw[:MOST_BYTES].decode(errors="ignore"), len(raw), is_cut=True)
    return ShownBody(laid_out(body), len(raw), is_cut=False)


def laid_out(text: str) -> str:
    """JSON with a line for each value. Nothing but the white space between its tokens is another."""
    pieces: list[str] = []
    depth = 0
    parts = [*_TOKEN.findall(text), ""]
    for part, following in pairwise(parts):
        if part in ("]", "}"):
            depth -= 1
        pieces.append(part)
        if part in ("[", "{"):
            depth += 1
        is_empty = (part, following) in (("[", "]"), ("{", "}"))
        if part == ":":
            pieces.append(" ")
        elif (part in ("[", "{", ",") or following in ("]", "}")) and not is_empty:
            pieces.append("\n" + "  " * min(depth - (following in ("]", "}")), _DEEPEST))
    return "".join(pieces)


def as_file(body: str, event_id: object) -> web.Response:
    """The exact text, to be kept and not to be shown."""
    return web.Response(
        body=body.encode(),
        content_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="event-{event_id}.json"',
            "X-Content-Type-Options": "nosniff",
        },
    )
