"""Migrations: yoyo, the function files, and whether a database fits this program."""

import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import LiteralString

import psycopg
import yoyo
from yoyo.exceptions import LockTimeout
from yoyo.migrations import StepCollector

from dispatcher.db import Connect, error_text

LOCK_SECONDS = 60
LOADED: LiteralString = "select fingerprint, migrations from outbound_webhooks.schema_bundle"
NOT_INSTALLED = "outbound-webhooks is not installed in this database: run outbound-webhooks migrate"


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
    """migrations/post-apply.py as a module: the one place that loads the functions and knows their fingerprint."""
    spec = importlib.util.spec_from_file_location("post_apply", data_folder() / "migrations" / "post-apply.py")
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
        MigrationFailed: nothing of the failing file was kept; what was applied before it was.
    """
    try:
        backend = yoyo.get_backend(url.replace("postgresql://", "postgresql+psycopg://", 1))
        migrations = yoyo.read_migrations(str(data_folder() / "migrations"))
        with backend, backend.lock(timeout=LOCK_SECONDS):
            pending = backend.to_apply(migrations)
            if pending:
                backend.apply_migrations(pending)
            else:
                backend.run_post_apply(migrations)
            return Migrated(tuple(migration.id for migration in pending), post_apply().fingerprint())
    except LockTimeout as error:
        raise MigrationFailed(
            f"another migration is running, or one was killed ({error}). If none is running: yoyo break-lock"
        ) from error
    except psycopg.OperationalError:
        raise
    except psycopg.Error as error:
        notes = "; ".join(getattr(error, "__notes__", ()))
        raise MigrationFailed(f"{error_text(error)}{f' ({notes})' if notes else ''}") from error


async def check_schema(connect: Connect) -> None:
    """Compare what is loaded in the database with what came with this program.

    Raises:
        SchemaMismatch: not installed, behind, ahead, or other functions.
    """
    try:
        async with connect() as connection:
            cursor = await connection.execute(LOADED)
            row = await cursor.fetchone()
    except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        row = None
    compare(row)


def compare(loaded: tuple[str, list[str]] | None) -> None:
    """Compare a row of LOADED with what came with this program.

    Raises:
        SchemaMismatch: as check_schema().
    """
    if loaded is None:
        raise SchemaMismatch(NOT_INSTALLED)
    fingerprint, migrations = loaded
    packaged = post_apply().migrations()
    if unknown := sorted(set(migrations) - set(packaged)):
        raise SchemaMismatch(
            f"the database is ahead of this program (it has {unknown[-1]}): install the program's newer release"
        )
    if missing := sorted(set(packaged) - set(migrations)):
        raise SchemaMismatch(
            f"the database is behind this program (it lacks {', '.join(missing)}): run outbound-webhooks migrate"
        )
    if fingerprint != post_apply().fingerprint():
        raise SchemaMismatch("the database has other SQL functions than this program: run outbound-webhooks migrate")
