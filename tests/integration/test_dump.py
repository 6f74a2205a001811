"""pg_dump and row-level security: who gets everything, and that nobody gets a part without a word."""

import subprocess
from collections.abc import Iterator

import pytest
from psycopg.conninfo import make_conninfo

from tests.sql.clinics import MINE, THEIRS, populate
from tests.support.dump import dump
from tests.support.host import Host

SCHEMA = "--schema=outbound_webhooks"
LOGIN = "ow_test_backup"


@pytest.fixture
def login(host: Host) -> Iterator[str]:
    """The URL of a login without rights of its own; the host has rows of two clinics."""
    populate(host, MINE)
    populate(host, THEIRS)
    host.rows(f"create role {LOGIN} login password 'b'")
    yield make_conninfo(host.url, user=LOGIN, password="b")
    host.rows(f"drop owned by {LOGIN}")
    host.rows(f"drop role {LOGIN}")


def rows_copied(text: str) -> list[str]:
    """The lines that a dump's COPY statements have."""
    return [line for block in text.split("\nCOPY ")[1:] for line in block.partition("\n\\.")[0].splitlines()[1:]]


def test_a_superuser(host: Host, login: str) -> None:
    """Everything, as before; and the policies with it."""
    text = dump(host.url, SCHEMA)

    assert any(THEIRS in line for line in rows_copied(text))
    assert text.count("ENABLE ROW LEVEL SECURITY") > 60
    assert text.count("CREATE POLICY clinic ON") == 13


def test_the_owner(host: Host, login: str) -> None:
    """A member of the owner role, as the login that migrates is, gets every row; who is not is refused."""
    host.rows(f"grant outbound_webhooks_owner to {LOGIN}")
    complete = rows_copied(dump(host.url, SCHEMA, "--data-only"))

    assert rows_copied(dump(login, SCHEMA, "--data-only")) == complete
    host.rows(f"revoke outbound_webhooks_owner from {LOGIN}")
    host.rows(f"grant pg_read_all_data to {LOGIN}")
    with pytest.raises(subprocess.CalledProcessError) as refused:
        dump(login, SCHEMA, "--data-only")
    assert "row-level security" in refused.value.stderr


def test_a_role_that_bypasses(host: Host, login: str) -> None:
    """For backups: pg_read_all_data, and BYPASSRLS."""
    host.rows(f"grant pg_read_all_data to {LOGIN}")
    host.rows(f"alter role {LOGIN} bypassrls")

    assert rows_copied(dump(login, SCHEMA, "--data-only")) == rows_copied(dump(host.url, SCHEMA, "--data-only"))
