"""A durable embedded server of the benchmark's own, with a watched table and its rivals on it."""

import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks import variants
from benchmarks.variants import MINIMAL, NO_TRIGGER, TABLES
from dispatcher.demo import embedded
from dispatcher.migrate import migrate
from tests.support.host import ENVIRONMENT, Host

DATABASE = "bench"
SYSTEM_PROGRAMS = "/usr/lib/postgresql/{}/bin"  # for the versions that the wheel does not have

DURABILITY = ("fsync", "wal_sync_method", "full_page_writes", "wal_level", "jit")

# What makes a commit durable is as installed. Nothing starts by itself in the middle of a measurement.
SETTINGS: Mapping[str, str] = {
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "8GB",
    "shared_buffers": "512MB",
}


@dataclass(frozen=True)
class Bench:
    """The server, and a superuser's connection to its database."""

    programs: Path
    socket_folder: Path
    url: str
    host: Host

    def reset(self) -> None:
        """Empty our tables and fill the hosts' anew, so that nothing is slower for what ran before it."""
        tables = sorted(set(TABLES.values()))
        emptied = [*(f"outbound_webhooks.{name}" for name in ("events", "deliveries", "capture_errors")), *tables]
        self.host.rows(f"truncate {', '.join(emptied)} restart identity")
        self.host.rows("set session_replication_role = replica")  # no trigger fires
        for table in tables:
            self.host.rows(
                f"insert into {table} (clinic_id) select %s from generate_series(1, %s)", variants.CLINIC, variants.ROWS
            )
        self.host.rows("reset session_replication_role")
        self.host.rows("checkpoint")  # or the next statements pay for writing this out

    def captured(self) -> tuple[int, int]:
        """How many events and deliveries there are."""
        return self._count("events"), self._count("deliveries")

    def locked_out(self) -> int:
        """How many captures waited in vain for a lock, which they do for 100 ms; the ledger has them."""
        return int(
            str(self.host.value("select count(*) from outbound_webhooks.capture_errors where error_code = '55P03'"))
        )

    def _count(self, table: str) -> int:
        return int(str(self.host.value(f"select count(*) from outbound_webhooks.{table}")))


@contextmanager
def start(major: int) -> Iterator[Bench]:
    """Start the server, install ourselves, watch a table, and make its rivals.

    Raises:
        EmbeddedUnavailable: there is no such PostgreSQL here.
    """
    with installed(major, SETTINGS) as server:
        url = server.url(DATABASE)
        with closing(Host(url)) as host:
            _furnish(host)
            yield Bench(server.programs, server.socket_folder, url, host)


def say(what: str) -> None:
    """A line of progress."""
    print(what, file=sys.stderr, flush=True)


def conditions(connection: psycopg.Connection[tuple[object, ...]], settings: Mapping[str, str]) -> list[str]:
    """On what it runs: the server, the system, and the settings that decide."""
    values = [f"{name} {_setting(connection, name)}" for name in (*DURABILITY, *settings)]
    version = connection.info.parameter_status("server_version")
    return [
        f"PostgreSQL {version} on {platform.system()} {platform.release()}, {os.cpu_count()} cores shared with it",
        ", ".join(values),
    ]


@contextmanager
def installed(major: int, settings: Mapping[str, str]) -> Iterator[embedded.Server]:
    """Start a server, and install ourselves in its database DATABASE.

    Raises:
        EmbeddedUnavailable: there is no such PostgreSQL here.
    """
    with embedded.run(_programs(major), settings) as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute(f"create database {DATABASE}")
        migrate(server.url(DATABASE))
        yield server


def copied(server: embedded.Server, name: str, template: str = DATABASE) -> str:
    """Make a database as another one is, to which nobody is connected; returns its URL."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} strategy file_copy")
    return server.url(name)


def arm(url: str) -> None:
    """Let dispatchers deliver from a copy as from its original: what waits is due, and no backlog to be drained."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select outbound_webhooks.arm(%s, 'keep')", (ENVIRONMENT,))
        connection.execute("update outbound_webhooks.settings set delivering = true, delivering_since = now()")


def _setting(connection: psycopg.Connection[tuple[object, ...]], name: str) -> object:
    ((value,),) = connection.execute("select current_setting(%s)", (name,)).fetchall()
    return value


def _programs(major: int) -> Path:
    system = Path(SYSTEM_PROGRAMS.format(major))
    if major not in embedded.WHEEL_INSTALLS and system.is_dir():
        return system
    return embedded.wheel_programs(major)


def _furnish(host: Host) -> None:
    host.rows(f"create table {TABLES[NO_TRIGGER]} (like payment_transactions including all)")
    host.rows(f"create table {TABLES[MINIMAL]} (like payment_transactions including all)")
    is_18 = host.connection.info.server_version >= 180000
    host.rows(variants.MINIMAL_TRIGGER.replace("<new id>", variants.NEW_ID_18 if is_18 else variants.NEW_ID_OLDER))
    host.rows(variants.GRANTS)
    for _ in range(variants.ENDPOINTS):
        host.endpoint("https://clinic.example/webhooks", variants.CLINIC)
    for number in range(variants.OTHER_CLINICS):
        host.endpoint("https://clinic.example/webhooks", f"other-{number}")
    host.rows("analyze")
