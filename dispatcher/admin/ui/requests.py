"""The request of a delivery as a page shows it, and as a command that posts its body again. Neither has a secret."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from dispatcher.admin.operations.sent_requests import SentRequest
from dispatcher.admin.ui.bodies import MOST_BYTES, ShownBody, shown
from dispatcher.core.envelope import our_headers
from dispatcher.core.redaction import REDACTED

# What is of each attempt, or of who sends: not sent with the command.
_LEFT_OUT = frozenset({"user-agent", "webhook-timestamp", "webhook-signature"})
_SHELLS_TAKE = MOST_BYTES  # bytes of one argument; Linux takes twice that


@dataclass(frozen=True)
class ShownRequest:
    """A request without what must not be shown.

    Attributes:
        headers: by name; those of the clinic, the time and the signature without their values.
        command: for a shell; None: the body is gone.
        is_cut_off: whether the URL is without its query, which who asks may not know.
    """

    url: str
    headers: Mapping[str, str]
    body: ShownBody | None
    command: str | None
    is_cut_off: bool


def shown_request(request: SentRequest, event_id: str, user_agent: str, *, may_read_query: bool) -> ShownRequest:
    """The request of a delivery as who asks may see it."""
    place, mark, _ = request.url.partition("?")
    is_cut_off = bool(mark) and not may_read_query
    headers = our_headers(
        event_id,
        timestamp="…",
        signature="v1,…",
        user_agent=user_agent,
        traceparent=request.traceparent,
        request_id=request.request_id,
    )
    url = place if is_cut_off else request.url
    return ShownRequest(
        url=f"{place}?{REDACTED}" if is_cut_off else url,
        headers={**dict.fromkeys(request.header_names, REDACTED), **headers},
        body=None if request.body is None else shown(request.body),
        command=None if request.body is None else _command(url, headers, request.body, event_id),
        is_cut_off=is_cut_off,
    )


def _command(url: str, headers: Mapping[str, str], body: str, event_id: str) -> str:
    """A curl command, each word of it quoted; --globoff, as brackets in a URL are none of curl's own."""
    lines = [f"curl --globoff --request POST --url {shlex.quote(url)}"]
    for name, value in headers.items():
        if name not in _LEFT_OUT:
            lines.append(f"--header {shlex.quote(f'{name}: {value}')}")
    if len(body.encode()) > _SHELLS_TAKE:
        lines.append(f"--data-binary {shlex.quote(f'@event-{event_id}.json')}")
    else:
        lines.append(f"--data-raw {shlex.quote(body)}")  # a body that begins with @ is no file's name there
    return " \\\n  ".join(lines)
