"""Copies of an embedded server's databases, as operators make them: by a dump, and of the files."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

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
    with (
        embedded._temporary_folder(embedded.TEMPORARY, identity) as folder,
        embedded._temporary_folder(embedded.TEMPORARY, identity) as data,
    ):
        subprocess.run(
            [
                source.programs / "pg_basebackup", "-h", source.socket_folder, "-p", str(PORT), "-U", SUPERUSER,
                "-D", data, "--checkpoint=fast", "--no-sync",
                *(["--write-recovery-conf"] if standby else []),
            ],
            cwd="/",
            capture_output=True,
            check=True,
            timeout=120,
            **embedded._as(identity),
        )  # fmt: skip
        with embedded._serve(source.programs, folder, data, settings, identity) as server:
            yield server


def either_url(first: Server, second: Server, database: str) -> str:
    """One URL for two servers, as clients have that follow a failover: whichever is there and can be written to."""
    return (
        f"postgresql://{SUPERUSER}@/{database}?host={first.socket_folder},{second.socket_folder}"
        f"&port={PORT},{PORT}&target_session_attrs=read-write"
    )
