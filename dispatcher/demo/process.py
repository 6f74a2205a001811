"""The dispatcher of the demo: a real second process, followed through its log."""

import asyncio
import base64
import http.client
import itertools
import json
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dispatcher.core.sealing import KEY_BYTES
from dispatcher.lifetime import die_with_parent

PREFIX = "OUTBOUND_WEBHOOKS_"
ENVIRONMENT = "demo"
ALLOWED_NETWORKS = "127.0.0.0/8"  # where the receiver is
WAIT_SECONDS = 60.0
STOP_SECONDS = 45.0  # its own grace for requests in flight is 30
LONGEST_LOG_LINE = 1024 * 1024


class DemoFailed(Exception):
    """Something did not happen; the message says what."""


@dataclass(frozen=True)
class Attempt:
    """One attempt, as the dispatcher logged it once it was recorded; `state` is where it left the delivery."""

    webhook_id: str
    event_type: str
    clinic_id: str
    endpoint_id: int
    number: int
    status: int | None
    error: str | None
    duration_ms: int
    state: str
    retry_in: float | None


@dataclass
class DispatcherProcess:
    """`python -m dispatcher run`: where it answers, its log, and the attempts it made."""

    process: asyncio.subprocess.Process
    ops_port: int
    log: Path
    attempts: list[Attempt] = field(default_factory=list)
    exit_code: int | None = None
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def ops_url(self) -> str:
        """Where /healthz, /readyz and /metrics are."""
        return f"http://127.0.0.1:{self.ops_port}"

    async def follow(self, start: int = 0, timeout: float | None = WAIT_SECONDS) -> AsyncIterator[Attempt]:
        """Every attempt from the given index on, as they are made; it goes on until the caller has seen enough.

        Raises:
            DemoFailed: the dispatcher ended, or `timeout` seconds have passed without another attempt.
        """
        for index in itertools.count(start):
            await self._wait_for(partial(self._has, index), timeout)
            yield self.attempts[index]

    def _has(self, index: int) -> bool:
        return len(self.attempts) > index

    async def _wait_for(self, condition: Callable[[], bool], timeout: float | None) -> None:
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: condition() or self.exit_code is not None)
        except TimeoutError:
            raise DemoFailed(f"no attempt was made within {timeout:.0f} s\n{self._last_words()}") from None
        if not condition():
            raise DemoFailed(f"the dispatcher ended with exit code {self.exit_code}\n{self._last_words()}")

    async def wait_until_ready(self) -> Mapping[str, str]:
        """Ask /readyz until every check is ok; returns what the checks say.

        Raises:
            DemoFailed: the dispatcher ended, or is not ready in time.
        """
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            checks = await asyncio.to_thread(self._checks)
            if checks and all(check["status"] == "ok" for check in checks.values()):
                return {name: check["detail"] for name, check in checks.items()}
            if self.exit_code is not None or time.monotonic() > deadline:
                raise DemoFailed(f"the dispatcher did not become ready: {checks}\n{self._last_words()}")
            await asyncio.sleep(0.05)

    def _checks(self) -> dict[str, dict[str, str]]:
        """What /readyz says; nothing while nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ops_port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            checks: dict[str, dict[str, str]] = json.load(connection.getresponse())["checks"]
            return checks
        except (OSError, http.client.HTTPException):
            return {}
        finally:
            connection.close()

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-5:]
        return "its log ends:\n" + "\n".join(lines)

    async def follow_log(self) -> None:
        """Copy its log into the file and collect the attempts, until it ends."""
        assert self.process.stderr is not None
        with self.log.open("wb", buffering=0) as log:
            async for line in self.process.stderr:
                log.write(line)
                attempt = parse_attempt(line)
                if attempt is not None:
                    self.attempts.append(attempt)
                    await self._notify()
        self.exit_code = await self.process.wait()
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def parse_attempt(line: bytes) -> Attempt | None:
    """The attempt that a line of the JSON log tells of, or None."""
    try:
        entry: Any = json.loads(line)
    except ValueError:
        return None
    if not isinstance(entry, dict) or entry.get("event") not in ("attempt.succeeded", "attempt.failed"):
        return None
    return Attempt(
        webhook_id=entry["webhook_id"],
        event_type=entry["event_type"],
        clinic_id=entry["clinic"],
        endpoint_id=entry["endpoint"],
        number=entry["attempt"],
        status=entry.get("status"),
        error=entry.get("error"),
        duration_ms=entry["duration_ms"],
        state=entry["state"],
        retry_in=entry.get("retry_in_s"),
    )


@asynccontextmanager
async def run_dispatcher(database_url: str, ca_file: Path, log: Path) -> AsyncIterator[DispatcherProcess]:
    """Run a dispatcher that may deliver to this machine; stopped by SIGTERM at the end, gone with this process."""
    ops_port = _free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "dispatcher", "run",
        env=_environment(database_url, ca_file, ops_port),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LOG_LINE,
        # Without its database there is nothing left that it could finish.
        preexec_fn=die_with_parent(signal.SIGKILL),
    )  # fmt: skip
    dispatcher = DispatcherProcess(process, ops_port, log)
    following = asyncio.create_task(dispatcher.follow_log())
    try:
        yield dispatcher
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


def _environment(database_url: str, ca_file: Path, ops_port: int) -> dict[str, str]:
    """The caller's environment, with the demo's settings in place of any that are set there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    settings = {
        "DATABASE_URL": database_url,
        "ENVIRONMENT": ENVIRONMENT,
        "ENABLED": "true",
        "MASTER_KEYS": "demo:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode(),
        "ALLOWED_NETWORKS": ALLOWED_NETWORKS,
        "CA_FILE": str(ca_file),
        "OPS_PORT": str(ops_port),
        "LOG_FORMAT": "json",
    }
    return kept | {PREFIX + name: value for name, value in settings.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
