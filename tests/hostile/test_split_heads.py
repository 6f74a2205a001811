"""Heads that arrive in pieces, each in a TLS record of its own: where they are cut changes nothing."""

import asyncio
from pathlib import Path

import pytest
import trustme

from dispatcher.core.model import ErrorClass, SendResult
from dispatcher.egress.client import Send
from dispatcher.egress.connection import MAX_HEADS
from tests.hostile.behaviours import writes_then
from tests.hostile.conftest import request
from tests.support.raw import serve_raw, server_tls

END = 5  # bytes of a head's end, and one more: so many cuts
INTERIM = b"HTTP/1.1 103 X\r\nLink: x\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
BARE = b"HTTP/1.1 200 OK\r\nContent-Length: 0\n\n"
JUNK = b'{"ok":true}\r\n\r\n'


async def _answers(send: Send, ca: trustme.CA, answers: list[tuple[bytes, ...]]) -> list[SendResult]:
    async def one(parts: tuple[bytes, ...]) -> SendResult:
        async with serve_raw(writes_then(*parts), server_tls(ca)) as port:
            return await send(request(f"https://localhost:{port}/"))

    return await asyncio.gather(*(one(parts) for parts in answers))


@pytest.mark.parametrize(
    ("head", "rest", "status"),
    [
        (NO_CONTENT, JUNK, 204),
        (EMPTY, JUNK, 200),
        (BARE, JUNK, 200),
        (INTERIM, NO_CONTENT + JUNK, 204),
        (INTERIM, EMPTY + JUNK, 200),
    ],
    ids=["204", "200", "bare-lf", "interim-and-204", "interim-and-200"],
)
async def test_cut_once(
    send: Send, certificates: tuple[trustme.CA, Path], head: bytes, rest: bytes, status: int
) -> None:
    """Cut at each byte of its end, with what it does not announce right behind it, the answer is what its head says."""
    whole = head + rest
    cuts = range(len(head) - END, len(head) + 1)
    results = await _answers(send, certificates[0], [(whole[:cut], whole[cut:]) for cut in cuts])

    assert [(result.status, result.error, result.note) for result in results] == [(status, None, None)] * len(cuts)


async def test_cut_into_single_bytes(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """Also where each byte of the end comes alone."""
    ending = tuple(bytes([byte]) for byte in b"\r\n\r")
    results = await _answers(
        send,
        certificates[0],
        [(head[:-4], *ending, b"\n" + rest) for head, rest in [(NO_CONTENT, JUNK), (INTERIM, EMPTY)]],
    )

    assert [result.status for result in results] == [204, 200]


@pytest.mark.parametrize("cut", [-1, -2, -3])
@pytest.mark.parametrize("interim", [MAX_HEADS - 1, MAX_HEADS])
async def test_interim_answers_are_counted(
    send: Send, certificates: tuple[trustme.CA, Path], cut: int, interim: int
) -> None:
    """Each that is cut in its end counts as one that is not."""
    pieces = (INTERIM[:cut], *[INTERIM[cut:] + INTERIM[:cut]] * (interim - 1), INTERIM[cut:] + EMPTY)
    [result] = await _answers(send, certificates[0], [pieces])

    assert (result.status, result.error) == ((200, None) if interim < MAX_HEADS else (None, ErrorClass.PROTOCOL))
