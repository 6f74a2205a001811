"""The way out, over real sockets: what each kind of receiver comes to, and what is never connected to."""

import asyncio
import ipaddress
import socket
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import trustme

from dispatcher.core.model import ErrorClass, Request, SendResult
from dispatcher.demo.receiver import Receiver
from dispatcher.egress import DNS_THREADS, EXCERPT_BYTES, GuardedResolver, Send, open_egress
from tests.support.ops import free_port
from tests.support.raw import Behaviour, drips, floods, never_answers, serve_raw, writes

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def request(url: str, timeout: float = 20) -> Request:
    """A request to a receiver."""
    return Request(url=url, headers={"webhook-id": "x"}, body=b"{}", timeout_seconds=timeout)


@pytest.fixture
async def send(certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Send]:
    """The way out as the demo opens it: loopback is allowed."""
    async with open_egress(allowed=LOOPBACK, ca_file=certificates[1]) as found:
        yield found


@pytest.fixture
async def guarded(certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Send]:
    """The way out as it is by default: no private network is allowed."""
    async with open_egress(ca_file=certificates[1]) as found:
        yield found


async def answer_of(
    send: Send, ca: trustme.CA, behaviour: Behaviour, timeout: float = 20, name: str = "localhost"
) -> SendResult:
    """Send one request to a server that behaves like that."""
    async with serve_raw(ca, behaviour, name) as port:
        return await send(request(f"https://localhost:{port}/", timeout))


async def test_delivered(send: Send, receiver: Receiver) -> None:
    """A 204 succeeds; headers and body arrive as they were given, without cookies or compression."""
    result = await send(request(receiver.url + "/a?b=c"))
    (received,) = receiver.received

    assert (result.status, result.error) == (204, None)
    assert received.body == b"{}"
    assert received.headers["webhook-id"] == "x"
    assert {"cookie", "accept-encoding", "user-agent"}.isdisjoint(received.headers)


@pytest.mark.parametrize(
    ("answer", "status", "error", "note"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n", 302, None, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", 200, None, "body_truncated"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nshort", 500, None, "body_truncated"),
        (b"SSH-2.0-server\r\n\r\n", None, ErrorClass.PROTOCOL, None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", None, ErrorClass.PROTOCOL, None),
        (b"", None, ErrorClass.CONNECT, None),
    ],
    ids=["redirect", "truncated-200", "truncated-500", "garbage", "two-lengths", "closed"],
)
async def test_answers(
    send: Send, certificates: tuple[trustme.CA, Path], answer: bytes, status: int | None,
    error: ErrorClass | None, note: str | None,
) -> None:  # fmt: skip
    """Each answer has its status or its error class; a redirect is not followed."""
    result = await answer_of(send, certificates[0], writes(answer))

    assert (status, error, note) == (result.status, result.error, result.note)


@pytest.mark.parametrize("behaviour", [never_answers, drips], ids=["hangs", "drips"])
async def test_the_deadline_holds(send: Send, certificates: tuple[trustme.CA, Path], behaviour: Behaviour) -> None:
    """A receiver that hangs, or drips its header, is left at the deadline."""
    async with asyncio.timeout(20):
        result = await answer_of(send, certificates[0], behaviour, timeout=0.5)

    assert result.error is ErrorClass.TIMEOUT
    assert result.duration_ms >= 500


async def test_an_endless_body_is_cut(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """A body without end is read to the bound only; the status counts; the excerpt is short."""
    result = await answer_of(send, certificates[0], floods)

    assert (result.status, result.note) == (500, "body_cut")
    assert result.excerpt == "x" * EXCERPT_BYTES


async def test_an_excerpt_can_be_stored(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """NUL and bytes that are no UTF-8 are replaced: the database's text holds neither."""
    result = await answer_of(send, certificates[0], writes(b"HTTP/1.1 400 No\r\nContent-Length: 4\r\n\r\na\x00\xffb"))

    assert result.excerpt == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


async def test_wrong_certificates(send: Send, certificates: tuple[trustme.CA, Path]) -> None:
    """Another host's certificate, or one of an unknown authority, is a tls error: no byte of the body is sent."""
    other_host = await answer_of(send, certificates[0], never_answers, name="other.example")
    unknown = await answer_of(send, trustme.CA(), never_answers)

    assert other_host.error is ErrorClass.TLS
    assert unknown.error is ErrorClass.TLS


async def test_nobody_there(send: Send) -> None:
    """A closed port is a connect error, a name that does not exist a dns error."""
    closed = await send(request(f"https://localhost:{free_port()}/"))
    unknown = await send(request("https://does-not-exist.invalid/"))

    assert closed.error is ErrorClass.CONNECT
    assert unknown.error is ErrorClass.DNS


async def test_a_name_that_hangs_takes_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many requests wait for one name, the look-ups of other names go on; all get the answer when it comes."""
    release = threading.Event()
    asked: list[str] = []

    def getaddrinfo(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        asked.append(host)
        if host == "hangs.example":
            release.wait(60)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    resolver = GuardedResolver(LOOPBACK)
    try:
        hanging = [asyncio.create_task(resolver.resolve("hangs.example", 443)) for _ in range(DNS_THREADS * 2)]
        (other,) = await asyncio.wait_for(resolver.resolve("answers.example", 443), 30)
        hanging[0].cancel()
        release.set()
        answers = await asyncio.gather(*hanging[1:])
    finally:
        release.set()
        await resolver.close()

    assert other["host"] == "127.0.0.1"
    assert [answer[0]["port"] for answer in answers] == [443] * (DNS_THREADS * 2 - 1)
    assert asked.count("hangs.example") == 1


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0x7f.1"]
)
async def test_private_addresses(guarded: Send, receiver: Receiver, host: str) -> None:
    """A private address is not connected to, as a literal or behind a name."""
    port = receiver.url.rpartition(":")[2]
    result = await guarded(request(f"https://{host}:{port}/", timeout=5))

    assert result.error is ErrorClass.BLOCKED_ADDRESS
    assert receiver.received == []
