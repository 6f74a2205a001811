"""The receivers that docs/receiving.md shows, as programs that run."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dispatcher.lifetime import die_with_parent
from tests.support.ops import free_port
from tests.support.process import ROOT

PAGE = ROOT / "docs" / "receiving.md"


@dataclass(frozen=True)
class Language:
    """A language that the page has a receiver in: how its code is marked there, and what runs it."""

    fence: str
    file: str
    program: str
    package: str


LANGUAGES = {
    "Python": Language("python", "receiver.py", sys.executable, "python3"),
    "Node.js": Language("js", "receiver.js", "node", "nodejs"),
    "Go": Language("go", "receiver.go", "go", "golang-go"),
    "PHP": Language("php", "receiver.php", "php", "php-cli"),
}


def shown(language: Language) -> str:
    """The program, as it stands on the page."""
    (found,) = re.findall(rf"^```{language.fence}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    return str(found)


def program(language: Language) -> str:
    """What runs it.

    Raises:
        RuntimeError: it is not installed; the message says how.
    """
    found = shutil.which(language.program)
    if found is None:
        raise RuntimeError(f"{language.program} is missing: apt install {language.package}")
    return found


def build(language: Language, folder: Path) -> list[str]:
    """Write the program into a folder, compile it where that is needed, and say how to start it."""
    file = folder / language.file
    file.write_text(shown(language))
    if language.fence != "go":
        return [program(language), str(file)]
    binary = folder / "receiver"
    done = subprocess.run(
        [program(language), "build", "-o", binary, file],
        cwd=folder,
        env={**os.environ, "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return [str(binary)]


@dataclass(frozen=True)
class Running:
    """A receiver that runs: its port, and the folder that it keeps webhooks in."""

    port: int
    inbox: Path

    def kept(self) -> dict[str, bytes]:
        """What it has taken, by webhook-id."""
        return {file.stem: file.read_bytes() for file in self.inbox.glob("*.json")}

    def left_over(self) -> list[str]:
        """Whatever else lies there."""
        return sorted(file.name for file in self.inbox.glob("*") if file.suffix != ".json")


@contextmanager
def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Running]:
    """Run one in a folder of its own, until left; it takes connections by then.

    Raises:
        AssertionError: it has ended; the message is what it said.
    """
    port = free_port()
    if command[-1].endswith(".php"):  # by PHP's own web server, in the folder that the file is in
        file = shutil.copy(command[-1], folder)
        command = [command[0], "-S", f"127.0.0.1:{port}", "-t", str(folder), str(file)]
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, "PORT": str(port), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
    try:
        _await_listening(process, port, log)
        yield Running(port, folder / "inbox")
    finally:
        process.kill()
        process.wait(timeout=30)


def _await_listening(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)
