"""Sending one request: what is asked of aiohttp, and what becomes of its answers and errors."""

import asyncio
import errno
import io
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp

from dispatcher.core import kept
from dispatcher.core.address import Network, refusal
from dispatcher.core.model import ErrorClass, Note, Request, SendResult
from dispatcher.egress.connection import GuardedConnector, kept_connection
from dispatcher.egress.errors import BlockedAddress, error_class, local_failure
from dispatcher.egress.lookups import TIMEOUT_SECONDS
from dispatcher.egress.resolver import GuardedResolver, lookup_seconds

Send = Callable[[Request], Awaitable[SendResult]]

MAX_READ_BYTES = 64 * 1024  # of an answer's body; the connection is closed if there is more
MAX_HEADERS = 128  # of an answer, and as many trailers
MAX_LINE_BYTES = 8190  # its status line, and each header
MAX_WRITE_BYTES = 256 * 1024  # at a time
# Shorter than common servers' idle timeouts, so that a request rarely meets a connection that is being closed.
KEEPALIVE_SECONDS = 4.0
# The end of a connection that was idle is met within a round trip. And with the second that a claim may be old, nothing
# starts later than 2 s after a stop.
SEND_AGAIN_WITHIN_SECONDS = 0.5

# The families of the addresses that the request of this task has tried; aiohttp's errors do not say.
_families: ContextVar[set[int]] = ContextVar("families")


@asynccontextmanager
async def open_egress(
    *, allowed: Sequence[Network] = (), ca_file: Path | None = None, keep_excerpts: bool = True
) -> AsyncIterator[Send]:
    """Open the way out; yields the coroutine that sends.

    Args:
        allowed: private networks that the operator opened.
        ca_file: PEM certificates to trust beside the system's.
        keep_excerpts: whether results carry the beginning of the body of an answer that is not 2xx.
    """
    async with aiohttp.ClientSession(
        connector=_connector(allowed, ca_file),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        read_bufsize=MAX_READ_BYTES,
        max_headers=MAX_HEADERS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
        timeout=aiohttp.ClientTimeout(total=None),  # the deadline of each request is in _send
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
    ) as session:

        async def send(request: Request) -> SendResult:
            return await _send(session, request, keep_excerpts)

        yield send


def _connector(allowed: Sequence[Network], ca_file: Path | None) -> GuardedConnector:
    def guarded_socket(address_info: tuple[Any, ...]) -> socket.socket:
        # The final word: a literal address in a URL never reaches a resolver.
        family, kind, protocol, _, address = address_info
        if (reason := refusal(str(address[0]), allowed)) is not None:
            raise BlockedAddress(errno.EPERM, f"blocked address: {reason}")
        _families.get().add(family)
        return socket.socket(family, kind, protocol)

    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        tls.load_verify_locations(ca_file)
    return GuardedConnector(
        limit=0,  # how much is in flight is the worker's to decide, endpoint by endpoint
        ssl=tls,
        resolver=GuardedResolver(allowed),
        use_dns_cache=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        socket_factory=guarded_socket,
    )


async def _send(session: aiohttp.ClientSession, request: Request, keep_excerpts: bool) -> SendResult:
    """Send one request.

    Returns:
        A result for everything that can be said about the endpoint.

    Raises:
        LocalFailure: the request could not leave this machine.
    """
    started_at, started = datetime.now(UTC), time.perf_counter()

    def result(**fields: Any) -> SendResult:
        return SendResult(started_at=started_at, duration_ms=round((time.perf_counter() - started) * 1000), **fields)

    # A name gets half of the time: so a name service that is silent is told from a receiver that is.
    lookup_seconds.set(min(TIMEOUT_SECONDS, request.timeout_seconds / 2))
    head: dict[str, Any] = {}
    notes: list[Note] = []
    families: set[int] = set()
    _families.set(families)
    try:
        async with asyncio.timeout(request.timeout_seconds), await _answer(session, request, notes) as response:
            head = _head(response)
            body = await _read(response, notes)
    # ValueError, AssertionError, IndexError: how the parser fails at some URLs ("https://[]@").
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, AssertionError, IndexError) as error:
        if head:
            # The status line is the answer, whoever is to blame that its body broke off or came too slowly.
            notes.append(Note.BODY_TRUNCATED)
            return result(**head, note=_text(notes))
        # What was sent again has left this machine once: that has to be on record.
        if not notes and (ours := local_failure(error, families)) is not None:
            raise ours from error
        # Whoever stood still finds both times over, the name's and the request's: no address was there to be tried.
        unfound = not families and (notes or kept_connection.get() is None)
        failed = ErrorClass.DNS if unfound and isinstance(error, TimeoutError) else error_class(error)
        return result(error=failed, note=_text(notes))
    if 200 <= response.status <= 299 or not keep_excerpts or "content-encoding" in response.headers:
        return result(**head, note=_text(notes))
    if (excerpt := kept.excerpt(body, request.headers)) is None:
        notes.append(Note.EXCERPT_WITHHELD)
    return result(**head, note=_text(notes), excerpt=excerpt or None)


def _text(notes: Sequence[Note]) -> str | None:
    return ", ".join(notes) or None


async def _answer(session: aiohttp.ClientSession, request: Request, notes: list[Note]) -> aiohttp.ClientResponse:
    """Send a request, and once more if a kept connection was ended; returns once the head of the answer is there.

    A receiver that leaves an idle connection does not know that a request is on its way, and most close theirs after
    some seconds. It may as well have gone while it worked: then this is the repetition that was to come anyway
    (RFC 9112, 9.3.1: for what is safe to repeat; receivers know a webhook by its id).
    """
    kept_connection.set(None)
    sent = time.monotonic()
    try:
        return await _request(session, request)
    except aiohttp.ClientConnectionError as error:
        connection, soon = kept_connection.get(), time.monotonic() - sent <= SEND_AGAIN_WITHIN_SECONDS
        if connection is None or connection.has_taken or not soon or local_failure(error, ()) is not None:
            raise
    notes.append(Note.SENT_AGAIN)
    return await _request(session, request)


async def _request(session: aiohttp.ClientSession, request: Request) -> aiohttp.ClientResponse:
    # In pieces if it is large: aiohttp would encrypt and write all of it before anything else has its turn.
    data = io.BytesIO(request.body) if len(request.body) > MAX_WRITE_BYTES else request.body
    return await session.request(request.method, request.url, data=data, headers=request.headers, allow_redirects=False)


def _head(response: aiohttp.ClientResponse) -> dict[str, Any]:
    """What is used of an answer's head: no other header is looked at, let alone kept."""
    return {
        "status": response.status,
        "retry_after": response.headers.get("retry-after"),
        "content_type": kept.content_type(response.headers.get("content-type")),
    }


async def _read(response: aiohttp.ClientResponse, notes: list[Note]) -> bytes:
    """Up to MAX_READ_BYTES of the body; if there is more, that is noted."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_READ_BYTES:
            response.close()
            notes.append(Note.BODY_CUT)
            break
    return bytes(body[:MAX_READ_BYTES])
