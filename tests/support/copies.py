"""Copies of an embedded server's databases, as operators make them: by a dump, and of the files."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from dispatcher.demo import embedded
from dispatcher.demo.embedded import PORT, SUPERUSER, Server

ROLES = ("owner", "dispatcher", "admin", "monitor", "clinic")


def restore(source: Server, database: str, target: Server) -> None:
    """pg_dump | psql, after the roles, which a dump does not have."""
    with psycopg.connect(target.url(), autocommit=True) as connection:
        for role in ROLES:
            connection.execute(f"create role outbound_webhooks_{role}".encode())
        connection.execute(f"create database {database}".encode())
    where = ["-p", str(PORT), "-U", SUPERUSER]
    dump = subprocess.run(
        [source.programs / "pg_dump", "-h", source.socket_folder, *where, database],
        capture_output=True,
        check=True,
        timeout=120,
    )
    subprocess.run(
        [
            target.programs / "psql", "-h", target.socket_folder, *where, "-d", database,
            "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1",
        ],
        input=dump.stdout,
        capture_output=True,
        check=True,
        timeout=120,
    )  # fmt: skip


@contextmanager
def physical_copy(source: Server, settings: Mapping[str, str], *, standby: bool = False) -> Iterator[Server]:
    """pg_basebackup, served on a socket of its own: a server that knows nothing of its original, or follows it.

    Its original's folder has to stay, as the programs may be among its files. The settings are those of the original.
    """
    identity = embedded._unprivileged_identity()
    folder = Path(tempfile.mkdtemp(prefix="owpg-", dir="/tmp"))
    try:
        if identity is not None:
            os.chown(folder, identity.uid, identity.gid)
        subprocess.run(
            [
                source.programs / "pg_basebackup", "-h", source.socket_folder, "-p", str(PORT), "-U", SUPERUSER,
                "-D", folder / "data", "--checkpoint=fast", "--no-sync",
                *(["--write-recovery-conf"] if standby else []),
            ],
            cwd="/",
            capture_output=True,
            check=True,
            timeout=120,
            **embedded._as(identity),
        )  # fmt: skip
        process = embedded._start(source.programs, folder, settings, identity)
        try:
            embedded._wait_until_ready(process, folder)
            yield Server(socket_folder=folder, programs=source.programs, pid=process.pid)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def either_url(first: Server, second: Server, database: str) -> str:
    """One URL for two servers, as clients have that follow a failover: whichever is there and can be written to."""
    return (
        f"postgresql://{SUPERUSER}@/{database}?host={first.socket_folder},{second.socket_folder}"
        f"&port={PORT},{PORT}&target_session_attrs=read-write"
    )
