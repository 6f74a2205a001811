"""stat_sources: is a watched table captured, and what of it stands in the ledger?"""

from datetime import datetime

import pytest

from tests.sql import steps
from tests.sql.steps import Row
from tests.sql.viewing import view
from tests.support.host import CLINIC, MAPPING, Host

INSERT = '"00_outbound_webhooks_insert"'
UPDATE = '"00_outbound_webhooks_update"'


def look(host: Host, name: str = "payment_transactions") -> Row:
    """The row of a source."""
    (row,) = view(host, "stat_sources", "source = %s", name)
    return row


def triggers(host: Host) -> tuple[object, object, object]:
    """Of both triggers, and whether all is captured."""
    row = look(host)
    return row["insert_trigger"], row["update_trigger"], row["is_capturing"]


def test_all_is_well(sandbox: Host) -> None:
    """A watched table, capture on: both triggers are enabled; a payment is the newest event of it."""
    steps.endpoint(sandbox)
    before = look(sandbox)
    sandbox.pay()

    row = look(sandbox)

    assert (row["relation"], row["resource"], row["is_strict"]) == (
        "public.payment_transactions", "payment_transaction", False,
    )  # fmt: skip
    assert triggers(sandbox) == ("enabled", "enabled", True)
    assert [before[name] for name in ("captured_at", "ledger_open", "ledger_oldest", "recaptured_at")] == [
        None, 0, None, None,
    ]  # fmt: skip
    assert row["captured_at"] == sandbox.value("select occurred_at from outbound_webhooks.events")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (f"alter table payment_transactions disable trigger {INSERT}", ("disabled", "enabled", False)),
        (f"alter table payment_transactions enable replica trigger {UPDATE}", ("enabled", "replica-only", False)),
        (f"alter table payment_transactions enable always trigger {UPDATE}", ("enabled", "enabled", True)),
        (f"drop trigger {UPDATE} on payment_transactions", ("enabled", "missing", False)),
        ("drop table payment_transactions", ("missing", "missing", False)),
    ],
)
def test_triggers(sandbox: Host, change: str, expected: tuple[str, str, bool]) -> None:
    """Whatever became of a trigger is seen, and that the table is not captured then."""
    sandbox.rows(change)

    assert triggers(sandbox) == expected


def test_a_trigger_that_no_rule_needs(sandbox: Host) -> None:
    """Where only changes make events there is no trigger for new rows, and none is missed."""
    sandbox.rows(
        "select outbound_webhooks.watch('payment_transactions', %s,"
        ' p_rules => \'[{"type": "payment_transaction.status_changed", "when": "changed", "field": "status"}]\')',
        MAPPING,
    )

    assert triggers(sandbox) == (None, "enabled", True)


@pytest.mark.parametrize("source", [None, "payment_transactions"])
def test_switched_off(sandbox: Host, source: str | None) -> None:
    """Either switch, the one for all or its own, is seen, and when it was thrown."""
    before = look(sandbox)
    sandbox.rows("select outbound_webhooks.set_capture(false, %s)", source)

    row = look(sandbox)

    assert (before["capture"], before["is_capturing"]) == (True, True)
    assert (row["capture"], row["is_capturing"]) == (False, False)
    assert row["capture_changed_at"] > before["capture_changed_at"]


def test_the_ledger(sandbox: Host) -> None:
    """How many changes are open and since when, and when one was recaptured last; each source by itself."""
    sandbox.rows("create table orders (id bigint primary key, clinic_id text, status text)")
    sandbox.rows("select outbound_webhooks.watch('orders', '{}', 'order')")
    steps.endpoint(sandbox)
    sandbox.pay()
    sandbox.rows("alter table payment_transactions rename column currency to coin")
    for _ in range(3):
        sandbox.pay()
    sandbox.rows("alter table payment_transactions rename column coin to currency")
    oldest = sandbox.value("select min(id) from outbound_webhooks.capture_errors")
    (recaptured,) = sandbox.rows("select * from outbound_webhooks.recapture(%s)", oldest)

    row, other = look(sandbox), look(sandbox, "orders")

    first = sandbox.value("select min(occurred_at) from outbound_webhooks.capture_errors where recaptured_at is null")
    assert recaptured["problem"] is None
    assert (row["ledger_open"], row["ledger_oldest"]) == (2, first)
    assert row["recaptured_at"] == sandbox.value("select max(recaptured_at) from outbound_webhooks.capture_errors")
    assert isinstance(row["recaptured_at"], datetime)
    assert [other[name] for name in ("ledger_open", "ledger_oldest", "recaptured_at")] == [0, None, None]


def test_the_newest_event_among_a_thousand(sandbox: Host) -> None:
    """Who has none among the newest thousand events has no time of the last one: no more than these are looked at."""
    steps.endpoint(sandbox)
    sandbox.pay()
    emit = "select outbound_webhooks.emit(%s, 'a.b', 'a', n::text, '{}') from generate_series(1, %s) as n"
    sandbox.rows(emit, CLINIC, 999)
    still = look(sandbox)["captured_at"]
    sandbox.rows(emit, CLINIC, 1)

    assert still is not None
    assert look(sandbox)["captured_at"] is None
