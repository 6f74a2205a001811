"""What nginx refuses by itself: too much, too many, and what is no HTTP; in the shape of the API's own refusals."""

import json
from contextlib import AsyncExitStack
from typing import Any

import pytest

from tests.proxy.clients import Client, Upstream
from tests.proxy.conftest import Connect
from tests.proxy.nginx import Nginx

HOST = b"Host: webhooks.example.com\r\n"
GET = b"GET /api/webhooks/me HTTP/1.1\r\n" + HOST
POST = b"POST /api/webhooks/replays HTTP/1.1\r\n" + HOST
MOST = 100  # requests under way from one address


async def problem(client: Client, said: bytes) -> tuple[int, dict[str, str], Any]:
    """What comes back for a request that is refused: status, headers (in lower case) and body."""
    await client.say(said)
    head, _, body = (await client.heard()).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        (POST + b"Content-Length: 200000\r\n\r\n", 413, "body_too_large"),
        (GET + b"x-filler: " + b"x" * 9_000 + b"\r\n\r\n", 400, "bad_request"),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 400, "bad_request"),
        (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
        (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx", 400, "bad_request"),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
        (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
        (b"\x16\x03\x01 garbage\r\n\r\n", 400, "bad_request"),
    ],
    ids=["body", "header", "url", "two framings", "two lengths", "framing", "no host", "garbage"],
)
async def test_what_is_refused(client: Connect, upstream: Upstream, said: bytes, status: int, code: str) -> None:
    """Before anything is passed on."""
    async with client() as one:
        found, headers, body = await problem(one, said)

    assert (found, body["status"], body["code"]) == (status, status, code)
    assert headers["content-type"] == "application/problem+json"
    assert body.keys() == {"type", "title", "status", "code", "detail", "request_id"}
    assert body["request_id"] == headers["x-request-id"]
    assert upstream.connections == 0


async def test_too_many_from_one_address(client: Connect, upstream: Upstream) -> None:
    """A hundred requests under way, then 429; who comes from elsewhere does not notice."""
    async with AsyncExitStack() as stack:
        for _ in range(MOST):
            one = await stack.enter_async_context(client())
            await one.say(POST + b"Content-Length: 100\r\n\r\n")
        async with client() as next_one, client(source="127.0.0.2") as other:
            refused = await problem(next_one, GET + b"Connection: close\r\n\r\n")
            await other.say(GET + b"Connection: close\r\n\r\n")
            served = await other.heard()

    assert (refused[0], refused[2]["code"], refused[1]["retry-after"]) == (429, "rate_limited", "5")
    assert served.startswith(b"HTTP/1.1 204 ")


async def test_a_one_time_code_is_in_no_log(client: Connect, nginx: Nginx, upstream: Upstream) -> None:
    """Not where all is well, and not where it goes wrong; that something else went wrong is."""
    code = b"k3J" * 14 + b"x"
    lines = [b"GET /portal/" + code + b" HTTP/1.1\r\n", b"GET /elsewhere HTTP/1.1\r\n"]
    async with AsyncExitStack() as stack:
        for _ in range(MOST):
            one = await stack.enter_async_context(client())
            await one.say(POST + b"Content-Length: 100\r\n\r\n")
        for line in lines:
            async with client() as refused, client(source="127.0.0.2") as served:
                assert (await problem(refused, line + HOST + b"Connection: close\r\n\r\n"))[0] == 429
                await served.say(line + HOST + b"Connection: close\r\n\r\n")
                assert (await served.heard()).startswith(b"HTTP/1.1 204 ")

    assert "/elsewhere" in nginx.errors
    assert code.decode() not in nginx.errors
