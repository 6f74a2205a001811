"""What is not HTTP, or more of it than a server takes: an answer in the shape of every other error."""

import asyncio
import json
import logging
from urllib.parse import urlsplit

import pytest

from dispatcher.telemetry.admin_observations import RequestAnswered, RequestFailed
from tests.admin.client import API, Api
from tests.admin.test_routes import HEADERS
from tests.support.polling import holds

CANARY = b"canary-4d9f02b7"
NO_HTTP = {
    "NUL in a header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: %s\0\r\n\r\n" % CANARY,
    "a line end in a header": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: %s\r\x0b\r\n\r\n" % CANARY,
    "a URL of 9 KB": b"GET /%s%s HTTP/1.1\r\nHost: a\r\n\r\n" % (CANARY, b"a" * 9000),
    "a header of 9 KB": b"GET / HTTP/1.1\r\nHost: a\r\nX-A: %s%s\r\n\r\n" % (CANARY, b"a" * 9000),
    "two lengths": b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n%s" % CANARY,
    "a length and chunks": (
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n%s" % CANARY
    ),
    "no HTTP at all": b"\x16\x03\x01%s\r\n\r\n" % CANARY,
}


async def answer_to(url: str, sent: bytes) -> tuple[bytes, bytes]:
    """Send bytes; returns the head and the body of what comes back until the connection is closed."""
    target = urlsplit(url)
    reader, writer = await asyncio.open_connection(target.hostname, target.port)
    try:
        writer.write(sent)
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    finally:
        writer.close()
        await writer.wait_closed()
    return head, body


@pytest.mark.parametrize("name", NO_HTTP)
async def test_what_is_not_http(api: Api, name: str) -> None:
    """400 as a problem, with the headers of every answer, nothing of what was sent, and the connection closed."""
    head, body = await answer_to(api.url, NO_HTTP[name])
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    problem = json.loads(body)

    assert head.split(b" ", 2)[1] == b"400"
    assert (problem["status"], problem["code"], problem["request_id"]) == (400, "bad_request", lines["X-Request-Id"])
    assert lines["Content-Type"] == "application/problem+json"
    assert {found: lines.get(found) for found in HEADERS} == HEADERS
    assert CANARY not in head + body


async def test_what_is_not_http_is_not_logged(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """A line says that it came, and nothing of it: it may be anybody's key."""
    caplog.set_level(logging.DEBUG)

    for sent in NO_HTTP.values():
        await answer_to(api.url, sent)

    assert caplog.text.count("is no HTTP") == len(NO_HTTP)
    assert CANARY.decode() not in caplog.text


async def test_who_goes_away(api: Api) -> None:
    """In the middle of a body: that is no error of ours."""
    target = urlsplit(api.url)
    _, writer = await asyncio.open_connection(target.hostname, target.port)
    head = f"POST {API}/test HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {api.make_key('owner', 'a')}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{{".encode())
    writer.write_eof()

    await holds(lambda: api.seen.of(RequestAnswered) != [])

    assert (api.seen.of(RequestAnswered)[0].status, api.seen.of(RequestFailed)) == (400, [])
    writer.close()


async def test_it_serves_on(api: Api) -> None:
    """Whoever speaks HTTP is answered as before."""
    for sent in NO_HTTP.values():
        await answer_to(api.url, sent)

    assert (await api.ask("GET", f"{API}/me", key=api.make_key("owner", "a"))).status == 200


@pytest.mark.parametrize("path", [f"{API}/me", "/nothing"])
async def test_what_nobody_can_expect(api: Api, path: str) -> None:
    """Expect: x is answered as every other error is, with nothing of it, and by us."""
    sent = b"POST %s HTTP/1.1\r\nHost: a\r\nExpect: %s\r\nContent-Length: 1\r\n\r\nx" % (path.encode(), CANARY)

    head, body = await answer_to(api.url, sent)
    lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])

    assert head.split(b" ", 2)[1] == b"400"
    assert json.loads(body)["code"] == "bad_request"
    assert json.loads(body)["request_id"] == lines["X-Request-Id"]
    assert {found: lines.get(found) for found in HEADERS} == HEADERS
    assert CANARY not in head + body


async def test_what_can_be_expected(api: Api) -> None:
    """100-continue is: the body is asked for, and the request answered."""
    key = api.make_key("owner", "a")
    sent = (
        f"POST {API}/api-keys HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nExpect: 100-Continue\r\n"
        'Content-Type: application/json\r\nContent-Length: 19\r\nConnection: close\r\n\r\n{"role": "manager"}'
    ).encode()

    head, rest = await answer_to(api.url, sent)

    assert head == b"HTTP/1.1 100 Continue"
    assert rest.split(b" ", 2)[1] == b"201"
