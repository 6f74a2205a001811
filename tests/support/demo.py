"""The demo as a newcomer runs it: a subprocess, its output in a pipe."""

import asyncio
import re
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.support.process import ROOT, clean_environment

GENEROUS_SECONDS = 300  # it takes forty here


class Demo:
    """A running demo and the lines it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self._ended = False
        self._changed = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def text(self) -> str:
        """Everything it printed."""
        return "\n".join(self.lines)

    async def until(self, pattern: str) -> None:
        """Wait until what it has printed matches a pattern, or it has ended without."""
        search = re.compile(pattern, re.MULTILINE).search
        async with asyncio.timeout(GENEROUS_SECONDS), self._changed:
            await self._changed.wait_for(lambda: search(self.text) is not None or self._ended)
        assert search(self.text) is not None, self.text

    async def exit_code(self) -> int:
        """Wait for its end."""
        async with asyncio.timeout(GENEROUS_SECONDS):
            await self._reading
            return await self.process.wait()

    def found(self, pattern: str) -> str:
        """The first group of a pattern in what it printed."""
        match = re.search(pattern, self.text, re.MULTILINE)
        assert match is not None, self.text
        return match.group(1)

    def children(self) -> list[int]:
        """The processes it started: PostgreSQL, the dispatcher, the web UI."""
        return [
            int(self.found(r"PostgreSQL [\d.]+, process (\d+)")),
            int(self.found(r"-m dispatcher run, process (\d+)")),
            int(self.found(r"-m dispatcher serve, process (\d+)")),
        ]

    def folders(self) -> list[Path]:
        """Where its server and its log are, as printed while it stays up."""
        return [Path(self.found(r" -h (/\S+)")), Path(self.found(r"^  log +(/\S+)")).parent]

    def below(self, title: str) -> str:
        """The lines below a title, up to the next empty line or the end."""
        lines = self.lines[self.lines.index(title) + 1 :]
        return "\n".join(lines[: lines.index("")] if "" in lines else lines)

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode().rstrip("\n"))
            await self._notify()
        self._ended = True
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


@asynccontextmanager
async def run_demo(*arguments: str, code: str | None = None, **environment: str) -> AsyncIterator[Demo]:
    """Run a demo, standard error among its lines; killed at the end if it still runs. `code` runs in its place."""
    program = ["-c", code] if code is not None else ["-m", "dispatcher", "demo"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, *arguments,
        cwd=ROOT, env=clean_environment(**environment),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        preexec_fn=_ignore_interrupts,
    )  # fmt: skip
    demo = Demo(process)
    try:
        yield demo
    finally:
        if process.returncode is None:
            process.kill()
        await demo.exit_code()


def _ignore_interrupts() -> None:
    # As a shell does for a command in the background.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def runs(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def until_gone(pid: int) -> None:
    """Wait for the end of a process that is nobody's child here."""
    async with asyncio.timeout(GENEROUS_SECONDS):
        while runs(pid):  # noqa: ASYNC110 - nothing tells of the end of a process that is not a child
            await asyncio.sleep(0.02)


async def run(command: Sequence[str], text: str = "") -> str:
    """Run a command with that input; returns its output, errors included."""
    process = await asyncio.create_subprocess_exec(
        *command, env=clean_environment(),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate(text.encode())
    return output.decode()


async def status(url: str) -> int:
    """The HTTP status of a page."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status
