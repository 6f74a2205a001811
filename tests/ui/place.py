"""Where the stories of the browser tests take place."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from dispatcher.demo.receiver import Receiver
from tests.support.cli import URL, cli
from tests.support.host import CLINIC, Host
from tests.support.ops import free_port
from tests.support.process import PATIENT, DispatcherProcess, run_dispatcher
from tests.support.settings import environment

API = "/api/webhooks"


@dataclass
class Place:
    """A host with payments, a receiver, `serve` and `run`; and the API key of the host's server."""

    url: str
    host: Host
    receiver: Receiver
    serving: DispatcherProcess
    dispatching: DispatcherProcess
    operator_key: str

    def key(self, role: str, clinic: str = CLINIC) -> str:
        """An API key of a clinic."""
        return make_key(self.host.url, "--role", role, "--clinic", clinic)

    async def link(self, role: str = "owner", user: str = "ana", clinics: Mapping[str, str] | None = None) -> str:
        """A one-time link for a person, with the role at the test's clinic unless others are named."""
        who = {"is_operator": True} if role == "operator" else {"clinics": clinics or {CLINIC: role}}
        answer = await self.ask("POST", "/portal-sessions", {"user": user, **who})
        url: str = answer["url"]
        return url

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """Call the admin API as the host's server."""
        headers = {"Authorization": f"Bearer {self.operator_key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(method, self.url + API + path, json=body) as answer,
        ):
            assert answer.ok, await answer.text()
            return await answer.json() if answer.content_type == "application/json" else None

    def endpoint(self, path: str = "/", **options: object) -> int:
        """An endpoint at the receiver, which verifies what it is sent; options are parameters of create_endpoint."""
        made = self.host.endpoint(self.receiver.url + path, CLINIC, **options)
        self.receiver.keys[path].append(made.secret)
        return made.id


def make_key(database_url: str, *arguments: str) -> str:
    """An API key, as operators make it."""
    made = cli("api-keys", "create", *arguments, **{URL: database_url})
    assert made.code == 0, made.err
    return made.out.split()[-1]


@asynccontextmanager
async def open_place(host: Host, receiver: Receiver, ca_file: Path) -> AsyncIterator[Place]:
    """Start both programs, until left."""
    port = free_port()
    url = f"http://localhost:{port}"
    env = environment(host.url, ca_file, admin_port=str(port), admin_public_url=url, log_format="json")
    key = make_key(host.url, "--role", "operator")
    async with AsyncExitStack() as stack:
        serving = await stack.enter_async_context(run_dispatcher(env, command="serve", program=PATIENT))
        dispatching = await stack.enter_async_context(run_dispatcher(env))
        await _started(serving, "admin.started")
        await _started(dispatching, "dispatcher.started")
        yield Place(url, host, receiver, serving, dispatching, key)


async def _started(program: DispatcherProcess, event: str) -> None:
    """Wait until a program says that it has started, or ends instead."""
    ended = asyncio.create_task(program.process.wait())
    said = asyncio.create_task(program.logged(event))
    await asyncio.wait([ended, said], return_when=asyncio.FIRST_COMPLETED)
    for task in (ended, said):
        task.cancel()
    assert program.named(event), program.lines
