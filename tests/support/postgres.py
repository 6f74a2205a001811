"""The PostgreSQL server of a test run, and a database for each test.

In this order: OUTBOUND_WEBHOOKS_TEST_DATABASE_URL; --pg=docker (testcontainers); --pg=15, 16, 18 (wheel or system);
by default the embedded 18, or else whatever system binaries there are. The first line of a run says which.
"""

import itertools
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import errors, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from dispatcher.demo import embedded
from dispatcher.migrate import migrate

# The SQL tests read what committed from the write-ahead log (tests/sql/journal.py), of which little is kept (_storage).
SETTINGS = {"max_connections": "200", "wal_level": "logical", "max_wal_size": "512MB"}
SYSTEM_INSTALLS = Path("/usr/lib/postgresql")
_MEMORY = Path("/dev/shm")
_ROOM = 8 * 2**30  # bytes: three workers' servers, each with its write-ahead log and what a test fills
_numbers = itertools.count(1)


@dataclass(frozen=True)
class TestServer:
    """A server to make databases on: a superuser's URL, and a migrated template database."""

    __test__ = False

    url: str
    template: str

    def database_url(self, database: str) -> str:
        """The URL of one of its databases."""
        return to_url(self.url, database)


def to_url(url: str, database: str) -> str:
    """The same server and user, another database, as a URL."""
    parts = conninfo_to_dict(make_conninfo(url, dbname=database))
    user, password = str(parts.pop("user", "")), str(parts.pop("password", ""))
    dbname = parts.pop("dbname")
    query = "&".join(f"{name}={value}" for name, value in parts.items())
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    return f"postgresql://{login}/{dbname}?{query}"


@contextmanager
def serve(choice: str | None, settings: Mapping[str, str] | None = None) -> Iterator[TestServer]:
    """Start or find the server, and migrate a template database once. With settings of its own it is always started."""
    with _server(choice, settings) as url:
        template = f"ow_template_{os.getpid()}"
        _alone(url, sql.SQL("create database {}").format(sql.Identifier(template)))
        try:
            migrate(to_url(url, template))
            yield TestServer(url, template)
        finally:
            _alone(url, sql.SQL("drop database {} with (force)").format(sql.Identifier(template)))


@contextmanager
def database(server: TestServer, *, migrated: bool = True) -> Iterator[str]:
    """A fresh database; yields its URL."""
    name = f"ow_test_{os.getpid()}_{next(_numbers)}"
    template = server.template if migrated else "template0"
    _alone(
        server.url,
        # Half the work of the other strategy, which writes it all into the write-ahead log, too.
        sql.SQL("create database {} template {} strategy file_copy").format(
            sql.Identifier(name), sql.Identifier(template)
        ),
    )
    try:
        yield server.database_url(name)
    finally:
        _alone(server.url, sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _alone(url: str, statement: sql.Composed) -> None:
    """Run a statement that the last sessions on a database have to end for, within the minute.

    The server itself waits for 5 s, and some sessions need more on a machine that stalls: autovacuum's, for example.
    """
    deadline = time.monotonic() + 60
    with psycopg.connect(url, autocommit=True) as connection:
        while True:
            try:
                connection.execute(statement)
                return
            except errors.ObjectInUse:
                if time.monotonic() > deadline:
                    raise


@contextmanager
def _server(choice: str | None, settings: Mapping[str, str] | None = None) -> Iterator[str]:
    if settings is None and (url := os.environ.get("OUTBOUND_WEBHOOKS_TEST_DATABASE_URL")):
        yield url
    elif choice == "docker":
        from testcontainers.community.postgres import PostgresContainer

        options = {**SETTINGS, **(settings or {})}
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with PostgresContainer("postgres:18", driver=None).with_command(words) as container:
            yield container.get_connection_url()
    else:
        programs, _ = _programs(choice)
        options = {**embedded.THROWAWAY, **SETTINGS, **(settings or {})}
        with embedded.run(programs, options, _storage()) as server:
            yield server.url()


def _storage() -> Path:
    """In memory, if there is room: there a database is made and dropped in a fifth of the time.

    Each has 900 files, and ext4 takes the longer to make a file, the more were deleted within the last seconds.
    """
    if not _MEMORY.is_dir():
        return embedded.TEMPORARY
    for left in _MEMORY.glob(f"{embedded.FOLDERS}*"):  # by a run that was killed
        if not Path("/proc", left.name.split("-")[1]).exists():
            shutil.rmtree(left, ignore_errors=True)
    sizes = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    available = int(sizes["MemAvailable"].split()[0]) * 1024
    return _MEMORY if min(available, shutil.disk_usage(_MEMORY).free) >= _ROOM else embedded.TEMPORARY


def describe(choice: str | None) -> str:
    """Which server serve() will take, in words."""
    if os.environ.get("OUTBOUND_WEBHOOKS_TEST_DATABASE_URL"):
        return "OUTBOUND_WEBHOOKS_TEST_DATABASE_URL"
    if choice == "docker":
        return "testcontainers, PostgreSQL 18"
    programs, origin = _programs(choice)
    version = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    return f"{origin}, PostgreSQL {version.split()[2]}"


def _programs(choice: str | None) -> tuple[Path, str]:
    major = int(choice) if choice else 18
    try:
        return embedded.wheel_programs(major), "embedded wheel"
    except embedded.EmbeddedUnavailable:
        installs = sorted(SYSTEM_INSTALLS.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        found = [path.parent for path in installs if choice is None or path.parts[-3] == choice]
        if not found:
            raise
        return found[-1], "system binaries"
