"""The web UI and the admin API of the demo, and how to get in."""

import asyncio
import http.client
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from dispatcher.core.credentials import RANDOM_BYTES, digest, secret_text, write_api_key
from dispatcher.demo.process import WAIT_SECONDS, DemoFailed, Program

API = "/api/webhooks"
LINK_SECONDS = 600  # the longest that the settings allow
TOO_BUSY = 503  # nothing was done
AGAIN_AFTER_SECONDS = 1.0


@dataclass
class ServeProcess(Program):
    """`python -m dispatcher serve`."""

    COMMAND = "serve"
    NAME = "the web UI"

    @staticmethod
    def settings(port: int) -> dict[str, str]:
        """Where browsers reach it: they take a secure cookie over plain HTTP from localhost only."""
        return {
            "ADMIN_PORT": str(port),
            "ADMIN_PUBLIC_URL": f"http://localhost:{port}",
            "PORTAL_CODE_SECONDS": str(LINK_SECONDS),
        }

    @property
    def url(self) -> str:
        """Where it is, for browsers."""
        return f"http://localhost:{self.port}"

    async def wait_until_ready(self) -> None:
        """Wait until it answers.

        Raises:
            DemoFailed: it ended, or is not ready in time.
        """
        await self.wait_until(lambda answer: answer is not None, "/healthz")

    async def ask(
        self, key: str, method: str, path: str, body: object = None, *, may_fail: bool = False
    ) -> dict[str, Any]:
        """Call the admin API with an API key; returns the answer's JSON.

        Raises:
            DemoFailed: it refused, which was not to be expected, or was too busy for too long.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            status, answer = await asyncio.to_thread(self._ask, key, method, path, body)
            if status != TOO_BUSY or time.monotonic() > deadline:
                break
            await asyncio.sleep(AGAIN_AFTER_SECONDS)
        if status >= 400 and not may_fail:
            raise DemoFailed(f"{method} {path} was answered with {status}: {answer}")
        return answer

    def _ask(self, key: str, method: str, path: str, body: object) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, API + path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else {}
        finally:
            connection.close()

    async def sign_in_link(self, key: str, user: str, clinics: Mapping[str, str] | None = None) -> str:
        """A link that signs a browser in, once: for the clinics with these roles; None: as an operator."""
        who = {"is_operator": True} if clinics is None else {"clinics": clinics}
        session = await self.ask(key, "POST", "/portal-sessions", {"user": user, **who})
        link: str = session["url"]
        return link


async def make_key(dba: AsyncConnection[TupleRow], role: str, clinic: str | None, description: str) -> str:
    """An API key, made as `outbound-webhooks api-keys create` makes it."""
    secret = secret_text(secrets.token_bytes(RANDOM_BYTES))
    cursor = await dba.execute(
        "select outbound_webhooks.create_api_key(%s, %s, %s, %s)", (role, digest(secret), clinic, description)
    )
    ((number,),) = await cursor.fetchall()
    return write_api_key(number, secret)
