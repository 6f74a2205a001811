"""A dispatcher as a real process, as operators run it: for signals, exit codes and crashes."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PROGRAM = ("-m", "dispatcher")
# `serve` sends no test if a second went by since it looked whether it may: this one has as long as a machine takes.
_PATIENT = """
import math
from dispatcher.admin import testing
from dispatcher.__main__ import main

testing.LONGEST_WAIT_SECONDS = math.inf
main()
"""
PATIENT = ("-c", _PATIENT)


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without settings of ours, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OUTBOUND_WEBHOOKS_")}
    return {**kept, "PYTHONUNBUFFERED": "1", **more}


class DispatcherProcess:
    """`python -m dispatcher run`; its JSON log lines, and those of its workers, are collected and waited on."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[dict[str, Any]] = []
        self._ended = False
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def until(self, condition: Callable[[dict[str, Any]], bool], timeout: float = 60) -> dict[str, Any]:
        """Wait for a log line, past ones included.

        Raises:
            AssertionError: if it was not written in time, or will not be any more; with what was.
        """
        await self._wait(lambda: any(map(condition, self.lines)), "the line", timeout)
        return next(filter(condition, self.lines))

    async def logged(self, event: str, count: int = 1, timeout: float = 60) -> list[dict[str, Any]]:
        """Wait for that many log lines of an event name, and return them; raises as until() does."""
        await self._wait(lambda: len(self.named(event)) >= count, f"{count} x {event}", timeout)
        return self.named(event)

    async def _wait(self, holds: Callable[[], bool], what: str, timeout: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait_for(lambda: holds() or self._ended)
        last = "\n".join(map(str, self.lines[-20:]))
        assert holds(), f"{what}: not within {timeout} s, or before its end; its last lines:\n{last}"

    def named(self, event: str) -> list[dict[str, Any]]:
        """The log lines so far of an event name."""
        return [line for line in self.lines if line.get("event") == event]

    async def exit_code(self, timeout: float = 60) -> int:
        """Wait for its end, and for that of its workers, who write to the same standard error."""
        async with asyncio.timeout(timeout):
            code = await self.process.wait()
            await self._reading
        return code

    async def _read(self) -> None:
        assert self.process.stderr is not None
        try:
            async for line in self.process.stderr:
                self.lines.append(_fields(line))
                await self._tell()
        finally:
            self._ended = True
            await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _fields(line: bytes) -> dict[str, Any]:
    """A line of the log; one that is no JSON is an event of the name text."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": "text", "text": line.decode().rstrip()}
    return found


@asynccontextmanager
async def run_dispatcher(
    environment: dict[str, str], *options: str, command: str = "run", program: Sequence[str] = PROGRAM
) -> AsyncIterator[DispatcherProcess]:
    """Run one, or another command that serves until SIGTERM; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *(*program, command, *options),
        cwd=ROOT,
        env=clean_environment(**environment),
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=2**20,  # a line may be as long
    )
    running = DispatcherProcess(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await running.exit_code()
