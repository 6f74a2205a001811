"""Functions that change without a table changing: by a marker migration, by `migrate`, and when loading fails."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from dispatcher.migrate import migrate, post_apply
from tests.sql.installing import Connection, Copy, functions, loaded_fingerprint, yoyo

CHANGED = "comment on function outbound_webhooks.stats(integer) is 'Changed.';"
BROKEN = "create function outbound_webhooks.broken() returns no_such_type language sql as 'select 1';"
COMMENT = "select obj_description('outbound_webhooks.stats(integer)'::regprocedure, 'pg_proc')"


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """A copy of the folders that a DBA has."""
    return Copy(tmp_path)


@pytest.fixture
def database(empty_database_url: str) -> Iterator[Connection]:
    """A superuser's connection to an empty database."""
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        yield connection


def test_with_a_marker(database: Connection, empty_database_url: str, copy: Copy) -> None:
    """A changed function and a marker migration: `yoyo apply` loads it, and stores the new fingerprint."""
    migrate(empty_database_url)
    copy.change_functions(CHANGED)
    copy.add_marker()

    code, output = yoyo(empty_database_url, "apply", folder=copy.folder)

    assert (code, output) == (0, "")
    assert database.execute(COMMENT).fetchone() == ("Changed.",)
    assert loaded_fingerprint(database) == post_apply().fingerprint(copy.functions)
    assert loaded_fingerprint(database) != post_apply().fingerprint()


def test_without_a_marker(database: Connection, empty_database_url: str, copy: Copy) -> None:
    """Without one `yoyo apply` finds nothing to do, and `migrate` loads the functions."""
    copy.change_functions(CHANGED)
    yoyo(empty_database_url, "apply", folder=copy.folder)
    of_the_copy = loaded_fingerprint(database)

    code, _ = yoyo(empty_database_url, "apply")
    after_yoyo = loaded_fingerprint(database)
    migrated = migrate(empty_database_url)

    assert code == 0
    assert after_yoyo == of_the_copy
    assert migrated.applied == ()
    assert loaded_fingerprint(database) == migrated.fingerprint == post_apply().fingerprint()
    assert database.execute(COMMENT).fetchone() != ("Changed.",)


def test_failing_at_first(database: Connection, empty_database_url: str, copy: Copy) -> None:
    """A broken file: the tables stand, not one function is loaded, and a second `yoyo apply` does not notice.

    `migrate` mends it.
    """
    copy.change_functions(BROKEN)

    first, output = yoyo(empty_database_url, "apply", folder=copy.folder)
    loaded = functions(database)
    second, _ = yoyo(empty_database_url, "apply", folder=copy.folder)
    without = loaded_fingerprint(database)
    migrate(empty_database_url)

    assert first != 0
    assert "no_such_type" in output
    assert "nothing of this folder was loaded" in output
    assert loaded == {}
    assert second == 0
    assert without is None
    assert loaded_fingerprint(database) == post_apply().fingerprint()


def test_failing_at_an_upgrade(database: Connection, empty_database_url: str, copy: Copy) -> None:
    """A release with a broken file: the functions and the fingerprint stay those of the release before.

    A second `yoyo apply` does not notice; `migrate` mends it.
    """
    copy.change_functions(CHANGED)
    yoyo(empty_database_url, "apply", folder=copy.folder)
    before = (functions(database), loaded_fingerprint(database))
    (copy.functions / "00_first.sql").write_text(CHANGED.replace("Changed", "Changed again"), encoding="utf-8")
    copy.change_functions(BROKEN)
    copy.add_marker()

    first, output = yoyo(empty_database_url, "apply", folder=copy.folder)
    after_first = (functions(database), loaded_fingerprint(database))
    second, _ = yoyo(empty_database_url, "apply", folder=copy.folder)
    after_second = (functions(database), loaded_fingerprint(database))
    migrate(empty_database_url)

    assert first != 0
    assert "no_such_type" in output
    assert after_first == before
    assert second == 0
    assert after_second == before
    assert loaded_fingerprint(database) == post_apply().fingerprint()
    assert database.execute(COMMENT).fetchone() not in {("Changed.",), ("Changed again.",)}
