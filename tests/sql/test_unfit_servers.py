"""Databases that cannot take an installation: the first migration says why, and leaves nothing."""

import os
from collections.abc import Iterator

import psycopg
import pytest

from tests.sql.installing import yoyo
from tests.support import postgres
from tests.support.cli import URL, cli

NAME = f"ow_latin1_{os.getpid()}"


@pytest.fixture
def latin1(empty_database_url: str) -> Iterator[str]:
    """The URL of a database that is encoded in LATIN1."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        connection.execute(f"create database {NAME} encoding 'LATIN1' locale 'C' template template0".encode())
        yield postgres.to_url(empty_database_url, NAME)
        connection.execute(f"drop database {NAME} with (force)".encode())


def test_another_encoding(latin1: str) -> None:
    """Bodies are UTF-8: what such a database can hold of them depends on the text."""
    code, output = yoyo(latin1, "apply")
    migrated = cli("migrate", **{URL: latin1})
    with psycopg.connect(latin1) as connection:
        found = connection.execute("select from pg_namespace where nspname = 'outbound_webhooks'").fetchall()

    assert code != 0
    assert "this database is encoded in LATIN1, and webhooks are UTF-8" in output
    assert migrated.code != 0
    assert "encoding UTF8" in migrated.err
    assert found == []
