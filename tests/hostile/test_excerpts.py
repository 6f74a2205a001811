"""What a receiver wrote, from its answer to the only function that shows it."""

import asyncio
from pathlib import Path

import pytest
import trustme

from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.support.host import Host
from tests.support.raw import Behaviour, serve_raw, server_tls, writes

ERROR = b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nsorry"


async def shows_the_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As debug pages of web frameworks do."""
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 500 X\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(head) + head)
    await writer.drain()
    await reader.read()


@pytest.mark.parametrize(
    ("behaviour", "keep", "excerpts", "note"),
    [
        (writes(ERROR), True, ["sorry"], None),
        (writes(ERROR), False, [], None),
        (shows_the_request, True, [], "excerpt_withheld"),
    ],
    ids=["kept", "switched-off", "signature"],
)
async def test_what_is_kept(
    host: Host, dispatcher: StartDispatcher, certificates: tuple[trustme.CA, Path], behaviour: Behaviour, keep: bool,
    excerpts: list[str], note: str | None,
) -> None:  # fmt: skip
    """The body of an error, unless the operator wants none, or it shows the signature; its content type always."""
    async with serve_raw(behaviour, server_tls(certificates[0])) as port:
        host.endpoint(f"https://localhost:{port}/")
        async with dispatcher(response_excerpts=keep) as seen:
            host.pay()
            (attempt,) = await seen.count(AttemptFinished)
    found = host.rows("select * from outbound_webhooks.response_excerpts(%s)", attempt.delivery.id)

    assert [row["response_excerpt"] for row in found] == excerpts
    assert host.rows("select http_status, content_type, note from outbound_webhooks.attempts") == [
        {"http_status": 500, "content_type": "text/plain", "note": note}
    ]
