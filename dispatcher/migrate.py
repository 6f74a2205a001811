"""Migrations: yoyo, the function files, and whether a database fits this program."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, LiteralString

import psycopg
import yoyo
from psycopg.rows import TupleRow
from yoyo.exceptions import LockTimeout
from yoyo.migrations import StepCollector

from dispatcher.db import Connect, error_text, with_hint

LOCK_SECONDS = 60
LOADED: LiteralString = "select fingerprint, migrations, oldest_contract from outbound_webhooks.schema_bundle"
NOT_INSTALLED = "outbound-webhooks is not installed in this database: run outbound-webhooks migrate"
AHEAD = "the database is ahead of this program (it has {}): install the program's newer release"
LOCKED = "another migration is running, or one was killed; if none is running: yoyo break-lock"

Connection = psycopg.Connection[TupleRow]


class SchemaMismatch(Exception):
    """The database does not fit this program; the message says which command mends it."""


class MigrationFailed(Exception):
    """A migration could not be applied; the message has the database's words and the file."""


@dataclass(frozen=True, slots=True)
class Migrated:
    """What a run did: the migrations it applied, and the fingerprint of the functions it loaded."""

    applied: tuple[str, ...]
    fingerprint: str


@cache
def data_folder() -> Path:
    """Where migrations/ and sql_functions/ are: in the installed package, or in the checkout around it."""
    packaged = Path(__file__).parent / "_data"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent


@cache
def post_apply() -> ModuleType:
    """The post-apply file as a module: the one place that loads the functions and knows their fingerprint."""
    file = data_folder() / "migrations" / "post-apply-outbound-webhooks.py"
    spec = importlib.util.spec_from_file_location("post_apply", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    vars(module)["__yoyo_collector__"] = StepCollector(migration=None)  # what its call of step() looks for
    spec.loader.exec_module(module)
    return module


def migrate(url: str) -> Migrated:
    """Apply what is pending and load the functions; if nothing is pending, load them all the same.

    That covers what `yoyo apply` alone cannot: functions that changed without a migration, and a post-apply that failed
    after its migrations were marked as applied.

    Args:
        url: as libpq takes it. The user needs CREATE on the database, and CREATEROLE the first time.

    Raises:
        SchemaMismatch: a newer release was installed; its functions would be replaced by older ones.
        MigrationFailed: nothing of the failing file was kept; what was applied before it was.
    """
    try:
        backend = yoyo.get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
        migrations = _migrations()
        with backend, backend.lock(timeout=LOCK_SECONDS):
            with psycopg.connect(url) as connection:
                _refuse_ahead(_installed_migrations(connection))
            pending = backend.to_apply(migrations)
            if pending:
                backend.apply_migrations(pending)
            else:
                backend.run_post_apply(migrations)
            return Migrated(tuple(migration.id for migration in pending), post_apply().fingerprint())
    except LockTimeout as error:
        raise MigrationFailed(f"{LOCKED} ({error})") from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        notes = "; ".join(getattr(error, "__notes__", ()))
        raise MigrationFailed(with_hint(error, f"{error_text(error)}{f' ({notes})' if notes else ''}")) from error


def uninstall(connection: Connection) -> None:
    """Undo every migration, the newest first, all in the caller's transaction; and let yoyo forget them.

    yoyo's own tables go, too, unless somebody else's migrations are in them.

    Raises:
        SchemaMismatch: a newer release was installed; this one does not know what it made.
        MigrationFailed: a migration is running.
    """
    _refuse_ahead(_installed_migrations(connection))
    yoyo_is_here = connection.execute("select to_regclass('yoyo_lock') is not null").fetchone() == (True,)
    if yoyo_is_here:
        _take_yoyo_lock(connection)
    for name in reversed(post_apply().migrations()):
        script = data_folder() / "migrations" / f"{name}.rollback.sql"
        connection.execute(script.read_bytes())
    if yoyo_is_here:
        _forget_migrations(connection)


def _take_yoyo_lock(connection: Connection) -> None:
    """Take the lock that yoyo takes; until the transaction ends nobody migrates."""
    try:
        connection.execute("insert into yoyo_lock (locked, ctime, pid) values (1, now() at time zone 'UTC', 0)")
    except psycopg.errors.UniqueViolation as error:
        raise MigrationFailed(LOCKED) from error


def _forget_migrations(connection: Connection) -> None:
    migrations = _migrations()
    hashes = [migration.hash for migration in (*migrations, *migrations.post_apply)]
    connection.execute("delete from _yoyo_migration where migration_hash = any (%s)", (hashes,))
    connection.execute("delete from _yoyo_log where migration_hash = any (%s)", (hashes,))
    row = connection.execute("select exists (select from _yoyo_migration) or exists (select from _yoyo_log)").fetchone()
    if row == (False,):
        connection.execute("drop table _yoyo_migration, _yoyo_log, _yoyo_version, yoyo_lock")
    else:
        connection.execute("delete from yoyo_lock")


def _migrations() -> Any:
    return yoyo.read_migrations(str(data_folder() / "migrations"))


def _installed_migrations(connection: Connection) -> list[str]:
    """The migrations that came with the functions that are loaded; none if none are."""
    if connection.execute("select to_regclass('outbound_webhooks.schema_bundle')").fetchone() == (None,):
        return []
    row = connection.execute("select migrations from outbound_webhooks.schema_bundle").fetchone()
    return [] if row is None else list(row[0])


def _refuse_ahead(migrations: list[str]) -> None:
    """Refuse to change a database in which a newer release was installed.

    Raises:
        SchemaMismatch: there are migrations that this program does not have.
    """
    if newest := newer_migration(migrations):
        raise SchemaMismatch(AHEAD.format(newest))


def newer_migration(migrations: list[str]) -> str | None:
    """The newest of a database's migrations that this program does not have; None if it has them all."""
    return max(set(migrations) - set(post_apply().migrations()), default=None)


async def check_schema(connect: Connect) -> None:
    """Compare what is loaded in the database with what came with this program.

    Raises:
        SchemaMismatch: not installed, behind, too far ahead, or other functions.
    """
    try:
        async with connect() as connection:
            cursor = await connection.execute(LOADED)
            row = await cursor.fetchone()
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        row = None
    compare(row)


def compare(loaded: TupleRow | None) -> None:
    """Compare a row of LOADED with what came with this program.

    A database that is ahead will do, as long as it keeps this program's contract: so programs are replaced one by one
    after it was migrated (docs/adr/0012).

    Raises:
        SchemaMismatch: as check_schema().
    """
    if loaded is None:
        raise SchemaMismatch(NOT_INSTALLED)
    fingerprint, migrations, oldest_contract = loaded
    packaged = post_apply().migrations()
    if missing := sorted(set(packaged) - set(migrations)):
        raise SchemaMismatch(
            f"the database is behind this program (it lacks {', '.join(missing)}): run outbound-webhooks migrate"
        )
    if set(migrations) == set(packaged):
        if fingerprint != post_apply().fingerprint():
            raise SchemaMismatch(
                "the database has other SQL functions than this program: run outbound-webhooks migrate"
            )
    elif oldest_contract > post_apply().CONTRACT:
        _refuse_ahead(migrations)
