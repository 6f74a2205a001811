"""A real pgbouncer in front of the test server, on a Unix socket of its own."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dispatcher.lifetime import die_with_parent

PORT = 6432  # part of the socket's name
INSTALL = "pgbouncer is missing: apt install pgbouncer"


class PgBouncer:
    """A running pgbouncer; `url` leads through it."""

    def __init__(self, folder: Path, owner: tuple[int, int] | None, logins: Mapping[str, str]) -> None:
        self.folder = folder
        self._owner = owner
        self._logins = logins
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, login: str) -> str:
        """The URL of a database, for a login."""
        return f"postgresql://{login}:{self._logins[login]}@/{database}?host={self.folder}&port={PORT}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        command = [_program(), "-q", str(self.folder / "pgbouncer.ini")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent(signal.SIGKILL),
                user=self._owner and self._owner[0],
                group=self._owner and self._owner[1],
                extra_groups=[] if self._owner else None,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url("pgbouncer", next(iter(self._logins))), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    log_text = (self.folder / "log").read_text(errors="replace")[-2000:]
                    raise RuntimeError(f"pgbouncer did not start ({error}); its log: {log_text}") from error
                time.sleep(0.02)

    def kill(self) -> None:
        """End it as a crash does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(timeout=30)


def _program() -> str:
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")  # not in every user's PATH
    if program is None:
        raise RuntimeError(INSTALL)
    return program


def _owner(host: str) -> tuple[int, int] | None:
    """As root, which pgbouncer refuses to run as: whom the server's socket folder belongs to, or nobody."""
    if os.geteuid() != 0:
        return None
    if host.startswith("/") and (found := Path(host).stat()).st_uid != 0:
        return found.st_uid, found.st_gid
    entry = pwd.getpwnam("nobody")
    return entry.pw_uid, entry.pw_gid


@contextmanager
def serve_pgbouncer(server_url: str, mode: str, pool_size: int, logins: Mapping[str, str]) -> Iterator[PgBouncer]:
    """Run one in front of a server: `pool_size` server connections for each database and login.

    Args:
        mode: transaction or session.
        logins: passwords by login; all of them may ask the admin console `pgbouncer`, too.
    """
    parts = conninfo_to_dict(server_url)
    host, port = str(parts.get("host", "")), str(parts.get("port", "5432"))
    owner = _owner(host)
    folder = Path(tempfile.mkdtemp(prefix="owpb-", dir="/tmp"))  # a Unix socket's path is short
    (folder / "users").write_text("".join(f'"{login}" "{password}"\n' for login, password in logins.items()))
    (folder / "pgbouncer.ini").write_text(
        f"""
[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr =
unix_socket_dir = {folder}
listen_port = {PORT}
auth_type = trust
auth_file = {folder}/users
stats_users = {", ".join(logins)}
pool_mode = {mode}
default_pool_size = {pool_size}
"""
    )
    if owner is not None:
        for path in (folder, *folder.iterdir()):
            os.chown(path, *owner)
    pooler = PgBouncer(folder, owner, logins)
    try:
        pooler.start()
        yield pooler
        pooler.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
