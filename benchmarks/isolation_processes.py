"""The two processes beside the server: the dispatcher as operators run it, and the receivers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import trustme

from benchmarks.isolation_receiver import ADDRESSES
from dispatcher.lifetime import die_with_parent
from tests.support.process import ROOT, clean_environment
from tests.support.settings import environment

STARTS_WITHIN_SECONDS = 120


@dataclass(frozen=True)
class Arrival:
    """A request: where it arrived, of which event, and when (time.time())."""

    path: str
    webhook_id: str
    at: float


class Receivers:
    """The receivers' process."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, ca_file: Path) -> None:
        self.ca_file = ca_file
        self._process = process
        self._folder = folder
        self.port = int(self._line())

    def answer_after(self, seconds: float) -> None:
        """Let the healthy ones take so long from now on."""
        self._tell(f"answer {seconds}")

    def take(self) -> list[Arrival]:
        """What arrived since the last time."""
        file = self._folder / "arrived"
        self._tell(f"report {file}")
        rows = (line.split() for line in file.read_text().splitlines())
        return [Arrival(path, webhook_id, float(at)) for path, webhook_id, at in rows]

    def wait_for(self, seconds: float) -> None:
        """Wait until a healthy one got something, and then for so long, and until one got something after that.

        If nothing comes any more it ends all the same: what was taken shows it.
        """
        self._tell(f"wait {seconds}")

    def wait_until(self, count: int, path: str) -> None:
        """Wait until so many arrived at paths that begin so; for a minute at most, as what was taken shows it."""
        self._tell(f"until {count} {path}")

    def _tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


@contextmanager
def run_receivers(folder: Path) -> Iterator[Receivers]:
    """Serve them, with a certificate of a throwaway authority."""
    authority, ca_file, pem = trustme.CA(), folder / "ca.pem", folder / "receivers.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    certificate = authority.issue_cert(*(f"127.0.0.{number}" for number in range(1, ADDRESSES + 1)))
    certificate.private_key_and_cert_chain_pem.write_to_path(str(pem))
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.isolation_receiver", str(pem)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:  # they end with their standard input, too
            yield Receivers(process, folder, ca_file)
        finally:
            process.kill()


@contextmanager
def run_dispatcher(url: str, ca_file: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run one with the settings as installed, logging to a file, from when it delivers on; killed at the end."""
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dispatcher", "run"],
            cwd=ROOT,
            env=clean_environment(**environment(url, ca_file)),
            stdin=subprocess.DEVNULL,
            stderr=file,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    try:
        _wait_until_delivering(process, url, log)
        yield process
    finally:
        process.kill()
        process.wait()


def processor_seconds(process: subprocess.Popen[bytes]) -> float:
    """What a process has used of the processor so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait_until_delivering(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute("select from outbound_webhooks.dispatchers where delivering").rowcount == 0:
            if process.poll() is not None or time.monotonic() > deadline:
                raise TimeoutError(f"the dispatcher did not start: {log.read_text()[-2000:]}")
            time.sleep(0.02)
