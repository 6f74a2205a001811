"""Which program may run on which database: this program on the schema of this release, and of releases after it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dispatcher.migrate import LOADED, SchemaMismatch, compare, migrate, post_apply
from tests.sql.installing import Connection, Copy, functions, loaded_fingerprint, yoyo

CONTRACT: int = post_apply().CONTRACT
CHANGED = "comment on function outbound_webhooks.stats(integer) is 'Changed.';"


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Connection]:
    """A superuser's connection to an empty database."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def later(empty_database_url: str, tmp_path: Path) -> Copy:
    """The folders of a release after this one: this one is installed, then its functions change."""
    migrate(empty_database_url)
    copy = Copy(tmp_path)
    copy.change_functions(CHANGED)
    copy.add_marker()
    return copy


def loaded(connection: Connection) -> tuple[object, ...] | None:
    """What compare() looks at."""
    return connection.execute(LOADED).fetchone()


@pytest.mark.parametrize("contract", [CONTRACT, CONTRACT + 1, CONTRACT + 5])
def test_a_later_release_that_keeps_it(
    database: Connection, empty_database_url: str, later: Copy, contract: int
) -> None:
    """After an upgrade this program goes on, and may be started, as long as its contract is kept."""
    later.set_contract(contract, CONTRACT)
    code, output = yoyo(empty_database_url, "apply", folder=later.folder)

    compare(loaded(database))

    assert (code, output) == (0, "")
    assert loaded_fingerprint(database) == post_apply().fingerprint(later.functions)
    assert database.execute("select contract, oldest_contract from outbound_webhooks.schema_bundle").fetchone() == (
        contract,
        CONTRACT,
    )


def test_a_later_release_that_does_not(database: Connection, empty_database_url: str, later: Copy) -> None:
    """Once its contract is no longer kept this program refuses, and says what to install."""
    later.set_contract(CONTRACT + 1, CONTRACT + 1)
    yoyo(empty_database_url, "apply", folder=later.folder)

    with pytest.raises(SchemaMismatch, match=r"ahead of this program .* install the program's newer release"):
        compare(loaded(database))


def test_an_older_release_does_not_migrate(database: Connection, empty_database_url: str, later: Copy) -> None:
    """`migrate` of this release would put its functions in the place of newer ones: it refuses, and leaves no lock."""
    yoyo(empty_database_url, "apply", folder=later.folder)
    before = functions(database)

    for _ in range(2):
        with pytest.raises(SchemaMismatch, match="ahead of this program"):
            migrate(empty_database_url)

    assert functions(database) == before
    assert database.execute("select count(*) from yoyo_lock").fetchone() == (0,)


def test_a_contract_keeps_itself(database: Connection, empty_database_url: str) -> None:
    """No release can fail to keep its own contract."""
    migrate(empty_database_url)

    with pytest.raises(psycopg.errors.CheckViolation, match="schema_bundle_keeps_its_own_contract"):
        database.execute("update outbound_webhooks.schema_bundle set oldest_contract = contract + 1")
