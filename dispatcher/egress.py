"""The only way out: one guarded coroutine that sends a request and says what came of it.

No redirects, no cookies, no proxy from the environment, no decompression, TLS 1.2 or later with verified names, a
deadline over the whole exchange, bounded reads, and no connection to an address that `core.address` refuses.
"""

import asyncio
import errno
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from dispatcher.core.address import Network, refusal
from dispatcher.core.model import ErrorClass, Request, SendResult

Send = Callable[[Request], Awaitable[SendResult]]

MAX_READ_BYTES = 64 * 1024  # of an answer's body; the connection is closed if there is more
EXCERPT_BYTES = 1024
# Shorter than common servers' idle timeouts, so that a request rarely meets a connection that is being closed.
KEEPALIVE_SECONDS = 4.0
DNS_THREADS = 8
# Out of descriptors, memory or ports: our own trouble, never the endpoint's.
_LOCAL_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL})


class LocalFailure(Exception):
    """The request could not leave this machine for a reason of our own; the endpoint is not to be charged with it."""


class BlockedAddress(OSError):
    """The address policy refused a connection."""


class GuardedResolver(AbstractResolver):
    """Checks every answer; resolves in threads of its own, as one clinic's slow name must not hold up the process.

    One refused answer refuses the name. What is checked is what is connected to: there is no second look-up to rebind.
    """

    def __init__(self, allowed: Sequence[Network]) -> None:
        self._allowed = allowed
        self._threads = ThreadPoolExecutor(DNS_THREADS, thread_name_prefix="dns")
        self._lookups: dict[tuple[str, int], asyncio.Future[list[Any]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        results: list[ResolveResult] = []
        # Shielded: the look-up goes on for the others who wait for it when this request's deadline has come.
        for answer_family, _, protocol, _, address in await asyncio.shield(self._lookup(host, family)):
            ip = str(address[0])
            if (reason := refusal(ip, self._allowed)) is not None:
                raise BlockedAddress(errno.EPERM, f"blocked address: {reason}")
            results.append(
                ResolveResult(
                    hostname=host,
                    host=ip,
                    port=port,
                    family=answer_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )
        return results

    def _lookup(self, host: str, family: int) -> "asyncio.Future[list[Any]]":
        """The one look-up of a name that is under way: a name that hangs takes one thread, however many ask for it."""
        key = (host, family)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(
                self._threads, lambda: socket.getaddrinfo(host, None, family=family, type=socket.SOCK_STREAM)
            )
            self._lookups[key] = lookup
            lookup.add_done_callback(lambda done: self._looked_up(key, done))
        return lookup

    def _looked_up(self, key: tuple[str, int], done: "asyncio.Future[list[Any]]") -> None:
        del self._lookups[key]
        if not done.cancelled():
            done.exception()  # noted, should everybody who asked have gone

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


@asynccontextmanager
async def open_egress(*, allowed: Sequence[Network] = (), ca_file: Path | None = None) -> AsyncIterator[Send]:
    """Open the way out; yields the coroutine that sends.

    Args:
        allowed: private networks that the operator opened.
        ca_file: PEM certificates to trust beside the system's.
    """

    def guarded_socket(address_info: tuple[Any, ...]) -> socket.socket:
        # The final word: a literal address in a URL never reaches a resolver.
        family, kind, protocol, _, address = address_info
        if (reason := refusal(str(address[0]), allowed)) is not None:
            raise BlockedAddress(errno.EPERM, f"blocked address: {reason}")
        return socket.socket(family, kind, protocol)

    tls = ssl.create_default_context()
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        tls.load_verify_locations(ca_file)
    connector = aiohttp.TCPConnector(
        limit=0,  # how much is in flight is the worker's to decide, endpoint by endpoint
        ssl=tls,
        resolver=GuardedResolver(allowed),
        use_dns_cache=False,
        keepalive_timeout=KEEPALIVE_SECONDS,
        socket_factory=guarded_socket,
    )
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        timeout=aiohttp.ClientTimeout(total=None),  # the deadline of each request is in _send
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
    ) as session:

        async def send(request: Request) -> SendResult:
            return await _send(session, request)

        yield send


async def _send(session: aiohttp.ClientSession, request: Request) -> SendResult:
    """Send one request.

    Returns:
        A result for everything that can be said about the endpoint.

    Raises:
        LocalFailure: the request could not leave this machine.
    """
    started_at, started = datetime.now(UTC), time.perf_counter()

    def result(**fields: Any) -> SendResult:
        return SendResult(started_at=started_at, duration_ms=round((time.perf_counter() - started) * 1000), **fields)

    status: int | None = None
    retry_after: str | None = None
    try:
        async with asyncio.timeout(request.timeout_seconds):
            async with session.request(
                request.method, request.url, data=request.body, headers=request.headers, allow_redirects=False
            ) as response:
                status, retry_after = response.status, response.headers.get("retry-after")
                body, note = await _read(response)
    # ValueError, AssertionError, IndexError: how the parser fails at some URLs ("https://[]@").
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError, AssertionError, IndexError) as error:
        if isinstance(error, OSError) and error.errno in _LOCAL_ERRORS:
            raise LocalFailure(f"{type(error).__name__}: {errno.errorcode[error.errno or 0]}") from error
        if status is None:
            return result(error=_error_class(error))
        # The status line is the answer; a body that broke off, or came too slowly, is worth a note.
        return result(status=status, retry_after=retry_after, note="body_truncated")
    excerpt = None if 200 <= status <= 299 else _excerpt(body)
    return result(status=status, retry_after=retry_after, note=note, excerpt=excerpt)


async def _read(response: aiohttp.ClientResponse) -> tuple[bytes, str | None]:
    """Up to MAX_READ_BYTES of the body, and a note if there was more."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_READ_BYTES:
            response.close()
            return bytes(body[:MAX_READ_BYTES]), "body_cut"
    return bytes(body), None


def _excerpt(body: bytes) -> str | None:
    # PostgreSQL's text holds no NUL.
    return body[:EXCERPT_BYTES].decode("utf-8", errors="replace").replace("\0", "�") or None


def _error_class(error: Exception) -> ErrorClass:
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    match cause, error:
        case BlockedAddress(), _:
            return ErrorClass.BLOCKED_ADDRESS
        case TimeoutError(), _:
            return ErrorClass.TIMEOUT
        case (ssl.SSLError() | ssl.CertificateError(), _) | (_, aiohttp.ClientSSLError()):
            return ErrorClass.TLS
        case _, aiohttp.ClientConnectorDNSError():
            return ErrorClass.DNS
        case _, aiohttp.ServerDisconnectedError() | OSError():  # aiohttp's connection errors are OSErrors
            return ErrorClass.CONNECT
        case _:
            return ErrorClass.PROTOCOL
