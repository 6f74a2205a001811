"""explain_row(): what became of a row of a watched table, or why nothing did; and that every code is reached."""

from collections.abc import Callable

import psycopg
import pytest

from tests.sql import explain_cases, sources, test_explain_missing
from tests.sql.explaining import codes, codes_of_the_functions, codes_of_the_page, delivering, explain_row, newest
from tests.sql.sabotage import SABOTAGE
from tests.sql.steps import SUCCEEDED, Row, claim, endpoint, record, result
from tests.support.host import CLINIC, Host

CAPTURE = "select outbound_webhooks.set_capture(%s)"
SOURCE = "select outbound_webhooks.set_capture(%s, 'payment_transactions')"
BREAK, MEND = SABOTAGE["payload function dropped"]


def captured(host: Host) -> list[Row]:
    """A payment of a clinic with an endpoint."""
    endpoint(host)
    return explain_row(host, host.pay())


def in_ledger(host: Host) -> list[Row]:
    """Its capture failed."""
    endpoint(host)
    host.rows(BREAK)
    return explain_row(host, host.pay())


def recaptured(host: Host) -> list[Row]:
    """Its capture failed, and was made up for."""
    endpoint(host)
    host.rows(BREAK)
    payment = host.pay()
    host.rows(MEND)
    host.rows("select outbound_webhooks.recapture()")
    return explain_row(host, payment)


def no_row(host: Host) -> list[Row]:
    """A payment that never was."""
    return explain_row(host, 4711)


def capture_off(host: Host) -> list[Row]:
    """Switched off before the payment, and still so."""
    endpoint(host)
    host.rows(CAPTURE, False)
    return explain_row(host, host.pay())


def capture_was_off(host: Host) -> list[Row]:
    """Switched on after the payment."""
    endpoint(host)
    host.rows(CAPTURE, False)
    payment = host.pay()
    host.rows(CAPTURE, True)
    return explain_row(host, payment)


def source_off(host: Host) -> list[Row]:
    """Switched off for this table."""
    endpoint(host)
    host.rows(SOURCE, False)
    return explain_row(host, host.pay())


def source_was_off(host: Host) -> list[Row]:
    """Switched on for this table after the payment."""
    endpoint(host)
    host.rows(SOURCE, False)
    payment = host.pay()
    host.rows(SOURCE, True)
    return explain_row(host, payment)


def no_clinic(host: Host) -> list[Row]:
    """A payment of nobody."""
    return explain_row(host, host.pay(""))


def clinic_without_endpoint(host: Host) -> list[Row]:
    """A payment of a clinic that nobody registered."""
    return explain_row(host, host.pay("clinic-9"))


def endpoint_later(host: Host) -> list[Row]:
    """The clinic's endpoint came after the payment."""
    payment = host.pay()
    endpoint(host)
    return explain_row(host, payment)


def watched_later(host: Host) -> list[Row]:
    """The row was there before the table was watched."""
    endpoint(host)
    host.rows("create table things (id text primary key, clinic_id text, created_at timestamp)")
    host.rows("insert into things values ('a', %s, now() at time zone 'UTC')", CLINIC)
    sources.watch(host, "things", "thing")
    return explain_row(host, "a", "things")


def not_captured(host: Host) -> list[Row]:
    """The transaction did not want it, of which nothing is left."""
    endpoint(host)
    with host.connection.transaction():
        host.rows("set local outbound_webhooks.capture = off")
        payment = host.pay()
    return explain_row(host, payment)


# What leads there, the codes beside the answer, and what the answer says.
REACHED: dict[str, tuple[Callable[[Host], list[Row]], list[str], str]] = {
    "captured": (captured, ["delivery_off"], "it became payment_transaction.created of clinic clinic-1"),
    "in_ledger": (in_ledger, [], "INSERT is in the ledger, as change 1: function outbound_webhooks.payload_"),
    "recaptured": (recaptured, ["captured", "delivery_off"], "INSERT was in the ledger, as change 1, and was"),
    "no_row": (no_row, [], "the table has no such row: it was deleted, or never there"),
    "capture_off": (capture_off, [], "capture is off, by "),
    "capture_was_off": (capture_was_off, [], "what was written directly before made no event: capture was off"),
    "source_off": (source_off, [], "capture is off for payment_transactions, by "),
    "source_was_off": (source_was_off, [], "what was written directly before made no event: capture was off for"),
    "no_clinic": (no_clinic, [], "the row has no clinic"),
    "clinic_without_endpoint": (clinic_without_endpoint, [], "clinic clinic-9 has no endpoint"),
    "endpoint_later": (endpoint_later, [], "what was written before made no event: the clinic had no endpoint yet"),
    "watched_later": (watched_later, [], "what was written before made no event: the table was not watched yet"),
    "not_captured": (not_captured, [], "no reason is known: no rule made an event of what was written; or the"),
}  # fmt: skip


@pytest.mark.parametrize("code", REACHED)
def test_the_answer(host: Host, code: str) -> None:
    """What really happened is what is said."""
    leads_there, beside, words = REACHED[code]

    rows = leads_there(host)

    assert codes(rows) == [code, *beside]
    assert str(rows[0]["words"]).startswith(words)


def test_every_code(host: Host) -> None:
    """The functions, the documentation and these tests have the same codes: none is left unreached, or unsaid."""
    beside = {"last_attempt"}  # never the answer: test_explain_live.py
    reached = {*REACHED, *explain_cases.REACHED, *test_explain_missing.REACHED}

    assert codes_of_the_functions() == reached | beside
    assert codes_of_the_page() == reached | beside


def test_its_events(host: Host) -> None:
    """Each event in order, and below it each endpoint of the clinic with its answer, and no other clinic's."""
    dispatcher, one = delivering(host), endpoint(host)
    other = endpoint(host, event_types=["payment_transaction.status_changed"])
    endpoint(host, "clinic-2")
    payment, _ = host.pay(), host.pay()
    created = host.value("select id from outbound_webhooks.events where resource_id = %s", str(payment))
    record(host, *(result(row, dispatcher, SUCCEEDED) for row in claim(host, dispatcher)))
    host.rows("update payment_transactions set status = 'paid' where id = %s", payment)
    changed = newest(host)

    rows = explain_row(host, payment)

    assert [(row["event_id"], row["endpoint_id"], row["code"]) for row in rows] == [
        (created, None, "captured"),
        (created, one.id, "succeeded"),
        (created, other.id, "type"),
        (changed, None, "captured"),
        (changed, one.id, "due"),
        (changed, other.id, "due"),
    ]


def test_now_switched_off(host: Host) -> None:
    """A payment that made an event, and would make none now: both are said, and nothing of the past."""
    endpoint(host)
    payment = host.pay()
    host.rows(SOURCE, False)
    host.rows(CAPTURE, False)

    rows = explain_row(host, payment)

    assert codes(rows) == ["captured", "delivery_off", "capture_off", "source_off"]
    assert [row["since"] for row in rows[2:]] == [
        host.value("select capture_changed_at from outbound_webhooks.settings"),
        host.value("select capture_changed_at from outbound_webhooks.event_sources"),
    ]


def test_all_that_is_known_of_the_past(host: Host) -> None:
    """A table that does not say when a row was made: what was off is said with the time until which it is known."""
    host.rows("create table things (id text primary key, clinic_id text)")
    host.rows("insert into things values ('a', %s)", CLINIC)
    sources.watch(host, "things", "thing")
    host.rows("select outbound_webhooks.set_capture(false, 'things')")
    host.rows("select outbound_webhooks.set_capture(true, 'things')")
    endpoint(host)

    rows = explain_row(host, "a", "things")

    assert codes(rows) == ["watched_later", "capture_was_off", "source_was_off", "endpoint_later"]
    assert [row["until"] for row in rows] == [
        host.value("select created_at from outbound_webhooks.event_sources where name = 'things'"),
        host.value("select capture_changed_at from outbound_webhooks.settings"),
        host.value("select capture_changed_at from outbound_webhooks.event_sources where name = 'things'"),
        host.value("select created_at from outbound_webhooks.endpoints"),
    ]


def test_keys(host: Host) -> None:
    """A key is one of the table's type, however it is written; what is none is refused as PostgreSQL does."""
    endpoint(host)
    payment = host.pay()

    assert codes(explain_row(host, f"00{payment}"))[0] == "captured"
    with pytest.raises(psycopg.errors.InvalidTextRepresentation):
        explain_row(host, "teatime")
    with pytest.raises(psycopg.errors.UndefinedObject, match="there is no event source named 'nothing'"):
        explain_row(host, 1, "nothing")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("drop table payment_transactions", "the table, or its key, is gone"),
        (
            "alter table payment_transactions rename column clinic_id to clinic",
            "the table cannot be read: column t.clinic_id does not exist",
        ),
        (
            "revoke select on payment_transactions from outbound_webhooks_owner",
            "the table cannot be read: permission denied",
        ),
    ],
)
def test_a_table_that_cannot_be_read(host: Host, damage: str, words: str) -> None:
    """Said, not raised; what is in the ledger of the row is shown all the same, and the events of its clinic."""
    endpoint(host)
    payment = host.pay()
    host.rows(BREAK)
    host.rows("update payment_transactions set status = 'paid'")
    host.rows(damage)

    rows = explain_row(host, payment)

    assert codes(rows) == ["in_ledger", "captured", "delivery_off", "no_row"]
    assert str(rows[3]["words"]).startswith(words)


def test_a_deleted_row(host: Host) -> None:
    """The payment is gone, and with it whose it was: its events are found all the same, and it is said to be gone."""
    endpoint(host, "clinic-2")
    endpoint(host)
    payment = host.pay()
    host.rows("delete from payment_transactions")

    assert codes(explain_row(host, payment)) == ["captured", "delivery_off", "no_row"]
