"""A command's way into the database."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import TupleRow

from dispatcher import config
from dispatcher.db import RightsMissing, RoleMissing
from dispatcher.migrate import NOT_INSTALLED, SchemaMismatch

Connection = psycopg.Connection[TupleRow]


class UsageError(Exception):
    """The command cannot be carried out; the message says what to do."""


@contextmanager
def roles_explained() -> Iterator[None]:
    """Say what to do where a role of ours is missing, or the login may not work as it.

    Raises:
        SchemaMismatch, UsageError: instead of RoleMissing and RightsMissing.
    """
    try:
        yield
    except RoleMissing as error:
        raise SchemaMismatch(NOT_INSTALLED) from error
    except RightsMissing as error:
        raise UsageError(str(error)) from error


def direct_url() -> str:
    """The URL of a connection without a pooler in between, as far as the settings name one."""
    return config.load().libpq_listen_url()


@contextmanager
def connected() -> Iterator[Connection]:
    """A connection in autocommit; what the server has to say goes to standard error.

    Raises:
        SchemaMismatch: there is nothing of ours in the database.
    """
    with psycopg.connect(config.load().libpq_url(), autocommit=True, connect_timeout=10) as connection:
        connection.add_notice_handler(_tell)
        if connection.execute("select to_regnamespace('outbound_webhooks')").fetchone() == (None,):
            raise SchemaMismatch(NOT_INSTALLED)
        yield connection


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """A transaction that waits 2 s for a lock, and no longer: others wait behind it for so long.

    The timeout is the transaction's, not the session's, so that it stays with us behind a transaction pooler, too.
    """
    with connection.transaction():
        connection.execute("set local lock_timeout = '2s'")
        yield


@contextmanager
def open_transaction() -> Iterator[Connection]:
    """Connect, and work in one transaction."""
    with connected() as connection, transaction(connection):
        yield connection


def _tell(diagnostic: psycopg.errors.Diagnostic) -> None:
    """Pass on what our functions say and what the server warns of, not that something to be dropped is not there."""
    if diagnostic.source_function == "exec_stmt_raise" or diagnostic.severity_nonlocalized == "WARNING":
        print(f"outbound-webhooks: {diagnostic.message_primary}", file=sys.stderr)
