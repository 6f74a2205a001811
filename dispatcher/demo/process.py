"""The programs of the demo: real processes beside this one, followed through their logs."""

import asyncio
import base64
import http.client
import json
import os
import random
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from dispatcher.core.sealing import KEY_BYTES
from dispatcher.lifetime import die_with_parent

PREFIX = "OUTBOUND_WEBHOOKS_"
ENVIRONMENT = "demo"
ALLOWED_NETWORKS = "127.0.0.0/8"  # where the receiver is
WAIT_SECONDS = 60.0
STOP_SECONDS = 45.0  # its own grace for requests in flight is 30
LONGEST_LOG_LINE = 1024 * 1024
_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")  # Linux only


class DemoFailed(Exception):
    """Something did not happen; the message says what."""


@dataclass
class Program:
    """`python -m dispatcher COMMAND`: where it answers, its log, and how it ended."""

    COMMAND: ClassVar[str]
    NAME: ClassVar[str]  # in sentences

    process: asyncio.subprocess.Process
    port: int
    log: Path
    exit_code: int | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @staticmethod
    def settings(port: int) -> dict[str, str]:
        """The settings of its own, by name without the prefix; it answers at that port."""
        raise NotImplementedError

    def take(self, _line: bytes, /) -> bool:
        """Take a line of its JSON log; True: there is something new to wait for."""
        return False

    async def wait_for(self, condition: Callable[[], bool], wanted: str, timeout: float | None = WAIT_SECONDS) -> None:
        """Wait until the condition holds.

        Raises:
            DemoFailed: the program ended, or it does not hold within `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: condition() or self.exit_code is not None)
        except TimeoutError:
            raise DemoFailed(f"{wanted} within {timeout:.0f} s\n{self.last_words()}") from None
        if not condition():
            raise DemoFailed(f"{self.NAME} ended with exit code {self.exit_code}\n{self.last_words()}")

    async def wait_until(self, is_ready: Callable[[Any], bool], path: str) -> Any:
        """Ask for a page again and again until its JSON is as it should be; returns that.

        Raises:
            DemoFailed: the program ended, or is not ready in time.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            answer = await asyncio.to_thread(self._page, path)
            if is_ready(answer):
                return answer
            if self.exit_code is not None or time.monotonic() > deadline:
                raise DemoFailed(f"{self.NAME} did not become ready: {answer}\n{self.last_words()}")
            await asyncio.sleep(0.05)

    def _page(self, path: str) -> Any:
        """The JSON of a page; None while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return json.load(connection.getresponse())
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return "its log ends:\n" + "\n".join(lines)

    async def follow_log(self) -> None:
        """Copy its log into the file and take each line, until it ends."""
        assert self.process.stderr is not None
        with self.log.open("wb", buffering=0) as log:
            async for line in self.process.stderr:
                log.write(line)
                if self.take(line):
                    await self._notify()
        self.exit_code = await self.process.wait()
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


Kind = TypeVar("Kind", bound=Program)


@asynccontextmanager
async def run_program(kind: type[Kind], settings: Mapping[str, str], log: Path) -> AsyncIterator[Kind]:
    """Run a program; stopped by SIGTERM at the end, gone with this process."""
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dispatcher", kind.COMMAND,
        env=_environment({**settings, **kind.settings(port)}),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LOG_LINE,
        # Without its database there is nothing left that it could finish.
        preexec_fn=die_with_parent(signal.SIGKILL),
    )  # fmt: skip
    program = kind(process, port, log)
    following = asyncio.create_task(program.follow_log())
    try:
        yield program
    finally:
        await _stop(process, following)


async def _stop(process: asyncio.subprocess.Process, following: "asyncio.Task[None]") -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.shield(following)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await following


def shared_settings(ca_file: Path) -> dict[str, str]:
    """What both programs have to know: how to reach the receiver, and the key that seals signing keys."""
    return {
        "ENVIRONMENT": ENVIRONMENT,
        "ENABLED": "true",
        "MASTER_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        "ALLOWED_NETWORKS": ALLOWED_NETWORKS,
        "CA_FILE": str(ca_file),
        "LOG_FORMAT": "json",
    }


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment, with the demo's settings in place of any that are set there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name: value for name, value in settings.items()}


def lowest_outgoing_port() -> int:
    """From which port on the kernel takes one for each outgoing connection."""
    return int(_OUTGOING.read_text().split()[0]) if _OUTGOING.exists() else 32768


def _free_port() -> int:
    """A port that nobody listens on: below those of outgoing connections, one of which could take it in between."""
    below = lowest_outgoing_port()
    while True:
        port = random.randrange(max(below // 2, 1024), max(below, 2048))
        with suppress(OSError), socket.socket() as probe:  # somebody else's
            probe.bind(("127.0.0.1", port))
            return port
