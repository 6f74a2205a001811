"""The admin API over real HTTP, as a client sees it, and what is in the database behind it."""

import asyncio
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import psycopg
from psycopg.rows import TupleRow

from dispatcher.admin.deps import Deps
from dispatcher.core.credentials import digest, secret_text, write_api_key
from tests.admin import contract
from tests.support.seen import Seen

API = "/api/webhooks"
PUBLIC_URL = "https://webhooks.example"
COOKIE = "__Host-outbound_webhooks"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.text)

    @property
    def refusal(self) -> tuple[int, str]:
        """The status and the code of a problem, whose shape is looked at; of a page that tells of one."""
        if self.headers["Content-Type"].startswith("text/html"):
            return self.status, self.text.partition('data-code="')[2].partition('"')[0]
        problem = self.json
        assert self.headers["Content-Type"].startswith("application/problem+json")
        assert {"type", "title", "status", "code", "detail", "request_id"} <= problem.keys()
        assert (problem["status"], problem["request_id"]) == (self.status, self.headers["X-Request-Id"])
        return self.status, problem["code"]

    def check(self, method: str, path: str) -> None:
        """Fail if the OpenAPI document has no such answer; of pages it knows nothing."""
        if path == "/ui" or path.startswith(("/ui/", "/portal/")):
            return
        media = self.headers.get("Content-Type", "").partition(";")[0]
        contract.check(method, path, self.status, media, self.text)


@dataclass
class Clock:
    """The limits' clock: it goes on when a test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Api:
    """A running admin API."""

    url: str
    session: aiohttp.ClientSession
    database: psycopg.Connection[TupleRow]
    seen: Seen
    clock: Clock
    deps: Deps

    async def ask(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        cookie: str | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make a request: `key` is what stands after Bearer, `cookie` the session's, `body` JSON or bytes."""
        sent = dict(headers or {})
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        if cookie is not None:
            sent["Cookie"] = f"{COOKIE}={cookie}"
        if cookie is not None or path.startswith("/ui/"):
            sent.setdefault("Sec-Fetch-Site", "same-origin")
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        data = None if raw is None else io.BytesIO(raw)
        if data is not None:
            sent.setdefault("Content-Type", "application/json")
        async with self.session.request(
            method, self.url + path, data=data, headers=sent, allow_redirects=False
        ) as response:
            answer = Answer(response.status, response.headers.copy(), await response.text())
        answer.check(method, path)
        return answer

    async def ask_raw(self, path: str, header: bytes) -> int:
        """GET with a header whose bytes no client would send; returns the status."""
        target = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(target.hostname, target.port)
        try:
            writer.write(b"GET %s HTTP/1.1\r\nHost: a\r\n%s\r\nConnection: close\r\n\r\n" % (path.encode(), header))
            return int((await reader.read()).split(b" ", 2)[1])
        finally:
            writer.close()
            await writer.wait_closed()

    def make_key(self, role: str, clinic: str | None = None, **options: object) -> str:
        """An API key, made as the command line makes it; options are parameters of create_api_key without p_."""
        secret = secret_text(secrets.token_bytes(32))
        names = "".join(f", p_{name} => %s" for name in options)
        number = self.value(
            f"select outbound_webhooks.create_api_key(%s, %s, %s{names})",
            *(role, digest(secret), clinic, *options.values()),
        )
        return write_api_key(number, secret)

    def value(self, statement: str, *parameters: object) -> Any:
        """The only value of a statement's only row."""
        row = self.database.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        return row[0]

    def run(self, statement: str, *parameters: object) -> None:
        """Run a statement."""
        self.database.execute(statement.encode(), parameters)

    async def portal_path(self, key: str, user: str = "ana", **body: object) -> str:
        """The path of the one-time URL of a portal session."""
        answer = await self.ask("POST", f"{API}/portal-sessions", key=key, body={"user": user, **body})
        assert answer.status == 201, answer.text
        url: str = answer.json["url"]
        assert url.startswith(f"{PUBLIC_URL}/portal/")
        return url.removeprefix(PUBLIC_URL)

    async def open(self, path: str, cookie: str | None = None, body: bytes = b"") -> Answer:
        """Send the form of the page that a one-time URL leads to, from a browser that may have a session."""
        sent = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
        return await self.ask("POST", path, headers=sent, cookie=cookie, body=body)

    async def log_in(self, key: str, user: str = "ana", **body: object) -> str:
        """A portal session; returns its cookie."""
        opened = await self.open(await self.portal_path(key, user, **body))
        assert opened.status == 303, opened.text
        return cookie_of(opened)


def cookie_of(answer: Answer) -> str:
    """What a session's cookie is set to."""
    return answer.headers["Set-Cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")


@dataclass(frozen=True)
class Browser:
    """A person's browser at the pages: it has a session's cookie, and says where its requests come from."""

    api: Api
    cookie: str | None = None

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Follow a link of ours; a redirect is not followed."""
        return await self.api.ask("GET", path, cookie=self.cookie, headers={**_OURS, **(headers or {})})

    async def post(
        self,
        path: str,
        fields: Mapping[str, str | Sequence[str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form of ours; a field may have several values. A redirect is not followed."""
        sent = {**_OURS, "Origin": PUBLIC_URL, "Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        body = urlencode(fields or {}, doseq=True).encode()
        return await self.api.ask("POST", path, cookie=self.cookie, headers=sent, body=body)


_OURS = {"Accept": "text/html", "Accept-Language": "en", "Sec-Fetch-Site": "same-origin"}


async def signed_in(api: Api, roles: Mapping[str, str] | None = None, user: str = "ana") -> Browser:
    """The browser of somebody with these roles by clinic, `{"a": "manager"}`; without any, of an operator."""
    body: dict[str, object] = {"clinics": dict(roles)} if roles else {"is_operator": True}
    return Browser(api, await api.log_in(api.make_key("operator"), user, **body))
