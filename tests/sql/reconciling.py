"""reconcile() as tests call it, and how a test makes something be missing."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.sql import steps
from tests.sql.steps import Row
from tests.support.host import Host

ROOT = Path(__file__).parents[2]
SOURCE = "payment_transactions"
MARGIN = "0 seconds"  # in a test nothing else happens at the same time


def reconcile(host: Host, source: str = SOURCE, margin: str = MARGIN, **options: object) -> list[Row]:
    """All that reconcile() finds; options are its parameters without p_."""
    names = "".join(f", p_{name} => %s" for name in options)
    return host.rows(
        f"select * from outbound_webhooks.reconcile(%s, p_margin => %s{names})", source, margin, *options.values()
    )


def recapture(host: Host, source: str = SOURCE, **options: object) -> list[Row]:
    """Mend all that is missing of the first page, and say what was found."""
    names = "".join(f", p_{name} => %s" for name in options)
    found = []
    for half in ("rows", "events"):
        found += host.rows(
            f"select * from outbound_webhooks.reconcile_{half}(%s, p_margin => %s, p_recapture => true{names})",
            source, MARGIN, *options.values(),
        )  # fmt: skip
    return [row for row in found if row["kind"] != "looked"]


def named(rows: list[Row]) -> list[tuple[object, ...]]:
    """What was found, in short: the code, the key of the row, and the verb of the event's type."""
    return [
        (row["code"], row["resource_id"], row["event_type"] and str(row["event_type"]).partition(".")[2])
        for row in rows
    ]


def counted(rows: list[Row]) -> dict[str, int]:
    """How often what cannot be known, or was off, or stands in the ledger."""
    return {str(row["code"]): int(row["number"]) for row in rows if row["kind"] != "gap"}


@contextmanager
def untold(host: Host, table: str = SOURCE) -> Iterator[None]:
    """Our triggers are disabled, and whatever is written makes no event."""
    host.rows(f"alter table {table} disable trigger user")
    yield
    host.rows(f"alter table {table} enable trigger user")


def delete_event(host: Host, key: object, verb: str) -> None:
    """Delete by hand the event of a row, and its deliveries."""
    host.rows(
        "with gone as ("
        "    delete from outbound_webhooks.events where resource_id = %s and split_part(type, '.', 2) = %s returning id"
        ") delete from outbound_webhooks.deliveries where event_id in (select id from gone)",
        str(key), verb,
    )  # fmt: skip


def as_if_older(host: Host) -> None:
    """As if endpoints and sources had been there an hour earlier."""
    for table in ("endpoints", "event_sources"):
        host.rows(f"update outbound_webhooks.{table} set created_at = created_at - interval '1 hour'")


def update(host: Host, key: object, change: str) -> None:
    """Change a payment."""
    host.rows(f"update payment_transactions set {change} where id = %s", key)


def told(host: Host, key: object) -> list[tuple[str, object, object]]:
    """Verb, status and what was before, of every event of a row, in the order in which they were made."""
    return [
        (body["type"].partition(".")[2], body["data"]["status"], body["data"]["previous"])
        for body in steps.bodies(host)
        if body["data"]["id"] == str(key)
    ]


def codes_of_the_page() -> set[str]:
    """Every code in the tables of docs/reconcile.md."""
    return set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "reconcile.md").read_text(), re.MULTILINE))
