"""A receiver as a clinic would run one: HTTPS, and every signature verified with the official library.

Its certificate comes from a throwaway certificate authority, which only the dispatcher of the demo or test trusts.
"""

import asyncio
import ssl
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import standardwebhooks
import trustme
from aiohttp import web


@dataclass(frozen=True)
class Received:
    """One request: its webhook-id, headers (lower-case names), exact body, and whether the signature verified."""

    webhook_id: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    verified: bool
    at: float  # time.time()


# What to answer: a status, or a response (or an exception) made for the request.
Answer = int | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """What arrived, what is answered, and the keys of each path."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    keys: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    always: dict[str, Answer] = field(default_factory=dict)
    default: Answer = 204
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    def answer_next(self, *answers: Answer, path: str = "/") -> None:
        """Queue answers for a path; once they are used up, what it `always` answers is given, or `default`."""
        self.answers[path].extend(answers)

    def at(self, path: str) -> list[Received]:
        """What arrived at one path."""
        return [request for request in self.received if request.path == path]

    async def wait_for(self, condition: Callable[["Receiver"], bool], timeout: float = 60) -> None:
        """Wait until the condition holds.

        Raises:
            TimeoutError: it does not within `timeout` seconds.
        """
        async with asyncio.timeout(timeout), self._changed:
            await self._changed.wait_for(lambda: condition(self))

    async def wait_for_count(self, count: int, timeout: float = 60) -> None:
        """Wait until that many requests have arrived."""
        await self.wait_for(lambda receiver: len(receiver.received) >= count, timeout)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take one request, verify it, and answer."""
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.received.append(
            Received(
                headers.get("webhook-id", ""),
                request.path,
                headers,
                body,
                self._verifies(request.path, headers, body),
                time.time(),
            )
        )
        async with self._changed:
            self._changed.notify_all()
        queued = self.answers[request.path]
        answer = queued.pop(0) if queued else self.always.get(request.path, self.default)
        return web.Response(status=answer) if isinstance(answer, int) else await answer(request)

    def _verifies(self, path: str, headers: Mapping[str, str], body: bytes) -> bool:
        for key in self.keys[path]:
            try:
                standardwebhooks.Webhook(key).verify(body, dict(headers))
            except standardwebhooks.WebhookVerificationError:
                continue
            return True
        return False


@asynccontextmanager
async def serve_receiver(ca: trustme.CA, host: str = "localhost") -> AsyncIterator[Receiver]:
    """Serve a receiver on 127.0.0.1 with a certificate for `host`, until left."""
    receiver = Receiver()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(host).configure_cert(tls)
    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", receiver.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        receiver.url = f"https://{host}:{runner.addresses[0][1]}"
        yield receiver
    finally:
        await runner.cleanup()


def make_ca(folder: Path) -> tuple[trustme.CA, Path]:
    """A throwaway certificate authority, and the file of its certificate."""
    ca = trustme.CA()
    file = folder / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return ca, file


def says(status: int, text: str) -> Answer:
    """Answer with a status and a text, which an excerpt is kept of."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text=text, content_type="application/json")

    return answer


async def hangs(_: web.Request) -> web.Response:
    """Answer after every timeout that an endpoint can have."""
    await asyncio.sleep(90)
    return web.Response(status=204)
