"""docs/sql.md is what the database says of itself, and has what a DBA may call and nothing else."""

import re
from pathlib import Path

import psycopg
import pytest

from tests.support.host import Host
from tests.support.process import ROOT
from tests.support.reference import reference

PAGE = ROOT / "docs" / "sql.md"


def headings(page: Path) -> set[str]:
    """The names that a page describes."""
    return set(re.findall(r"^### (\w+)$", page.read_text(encoding="utf-8"), re.MULTILINE))


def test_the_page(database_url: str) -> None:
    """On every version: a change of a function, a view or a comment changes the page (`make sql-reference`)."""
    with psycopg.connect(database_url) as connection:
        actual = reference(connection)

    assert actual == PAGE.read_text(encoding="utf-8")


def test_a_watched_table_adds_nothing(lasting_host: Host) -> None:
    """What watch() generates is for nobody to call, and the page does not know it."""
    with psycopg.connect(lasting_host.url) as connection:
        actual = reference(connection)

    assert actual == PAGE.read_text(encoding="utf-8")


def test_what_stands_in_it() -> None:
    """What issue and documentation promise to DBAs is there; what dispatchers and other functions call is not."""
    found = headings(PAGE)

    assert found >= {
        "create_endpoint", "delivery_log", "emit", "emit_row", "endpoint_status", "list_secrets", "pause_endpoint",
        "recapture", "resume_endpoint", "retire_endpoint", "revoke_secret", "rotate_secret", "set_capture", "switches",
        "unwatch", "watch",
    }  # fmt: skip
    assert found.isdisjoint({"claim_deliveries", "insert_event", "record_attempts", "replace_value", "unsealed_values"})


def test_every_name_in_it_is_explained(lasting_host: Host) -> None:
    """A line about an argument is about one that the function has."""
    rows = lasting_host.rows(
        "select p.proname as name, l.argument from pg_proc as p,"
        " regexp_matches(obj_description(p.oid, 'pg_proc'), '(?:^|\\n)(p_\\w+): ', 'g') as m,"
        " unnest(m) as l (argument)"
        " where p.pronamespace = 'outbound_webhooks'::regnamespace and l.argument <> all (p.proargnames)"
    )

    assert rows == []


@pytest.mark.parametrize("change", ["grant", "comment", "column"])
def test_a_difference_is_found(sandbox: Host, change: str) -> None:
    """Another grant, comment or column makes another page."""
    statement = {
        "grant": "grant execute on function outbound_webhooks.heartbeat(bigint) to outbound_webhooks_admin",
        "comment": "comment on function outbound_webhooks.pause_endpoint(bigint, text) is 'Other words.'",
        "column": "comment on column outbound_webhooks.delivery_log.state is 'Other words.'",
    }[change]
    with psycopg.connect(sandbox.url) as connection:
        connection.execute(statement.encode())
        changed = reference(connection)
        connection.rollback()

    assert changed != PAGE.read_text(encoding="utf-8")
