"""reconcile, with recapture: how a missing event is told, marked, and kept where it cannot be made."""

import json

import psycopg
import pytest

from tests.sql import sources, steps
from tests.sql.explaining import codes, explain_row
from tests.sql.reconciling import delete_event, named, recapture, reconcile, told, untold, update
from tests.sql.sabotage import PAYLOAD, SABOTAGE
from tests.sql.steps import endpoint
from tests.support.host import CLINIC, Host

BREAK, MEND = SABOTAGE["payload function dropped"]


def test_how_it_is_told(host: Host) -> None:
    """The events that were due: an insertion and a change as the row is now, a change between two events as it was."""
    endpoint(host)
    inserted, changed, between = host.pay(), host.pay(), host.pay()
    update(host, between, "status = 'paid'")
    delete_event(host, inserted, "created")
    delete_event(host, between, "status_changed")
    with untold(host):
        update(host, changed, "status = 'paid', refunded_cents = 250")
    update(host, between, "status = 'refunded'")

    recapture(host)

    assert told(host, inserted) == [("created", "pending", None)]
    assert told(host, changed) == [
        ("created", "pending", None),
        ("status_changed", "paid", {"status": "pending"}),
        ("partially_refunded", "paid", {"refunded_amount": 0}),
    ]
    assert told(host, between) == [
        ("created", "pending", None),
        ("status_changed", "refunded", {"status": "paid"}),
        ("status_changed", "paid", {"status": "pending"}),
    ]
    times = host.rows(
        "select occurred_at from outbound_webhooks.events where resource_id = %s order by occurred_at, id", str(between)
    )
    by_time = host.rows(
        "select body::json #>> '{data,status}' as status from outbound_webhooks.events where resource_id = %s"
        " order by occurred_at",
        str(between),
    )
    assert [row["status"] for row in by_time] == ["pending", "paid", "refunded"]
    assert len({row["occurred_at"] for row in times}) == 3


def test_it_is_marked(host: Host) -> None:
    """What was mended stands in the ledger as recaptured, with its event; explain says so."""
    endpoint(host)
    payment = host.pay()
    delete_event(host, payment, "created")

    (found,) = recapture(host)

    (change,) = host.rows("select * from outbound_webhooks.capture_errors")
    assert (change["source"], change["operation"], change["resource_id"]) == (
        "payment_transactions", "INSERT", str(payment),
    )  # fmt: skip
    assert change["recaptured_as"] == found["event_ids"]
    assert change["message"] == "reconcile found no event of it: row_without_event"
    assert codes(explain_row(host, payment))[:2] == ["recaptured", "captured"]
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 1


def test_only_what_is_missing(host: Host) -> None:
    """Of two events that one change owes, one is there: the other one alone is made."""
    endpoint(host)
    payment = host.pay()
    update(host, payment, "status = 'paid', refunded_cents = 250")
    delete_event(host, payment, "partially_refunded")

    assert named(reconcile(host)) == [("change_without_event", str(payment), "partially_refunded")]
    recapture(host)
    assert [verb for verb, _, _ in told(host, payment)] == ["created", "status_changed", "partially_refunded"]


def test_what_stands_in_the_ledger(host: Host) -> None:
    """It is accounted for, until it is recaptured, and then it is told: late, and as of its time."""
    endpoint(host)
    payment = host.pay()
    host.rows(BREAK)
    failed = host.pay()
    update(host, payment, "status = 'paid'")
    host.rows(MEND)
    update(host, payment, "status = 'refunded'")
    before = reconcile(host)
    mended = recapture(host)
    host.rows("select outbound_webhooks.recapture()")

    assert [row["resource_id"] for row in before if row["kind"] == "ledger"] == [str(payment), str(failed)]
    assert {row["kind"] for row in [*before, *mended]} == {"ledger", "unknown"}
    assert reconcile(host) == []


def test_what_cannot_be_mended(host: Host) -> None:
    """It goes to the ledger with its problem, and is there for recapture(), once."""
    endpoint(host)
    payment = host.pay()
    with untold(host):
        update(host, payment, "status = 'paid'")
    host.rows(
        PAYLOAD + " default null) returns json language plpgsql as $$ begin"
        " if previous is not null then raise exception 'not today'; end if;"
        " return json_build_object('id', payment.id::text, 'status', payment.status, 'previous', previous); end $$"
    )

    (first,) = recapture(host)
    second = recapture(host)

    assert (first["kind"], first["problem"]) == ("gap", "not today")
    assert [row["kind"] for row in second] == ["ledger"]
    assert host.value("select count(*) from outbound_webhooks.capture_errors where recaptured_at is null") == 1


def test_an_amount_that_no_event_can_tell(host: Host) -> None:
    """A fraction of a minor unit fails a capture; a page that it is on is looked at all the same."""
    endpoint(host)
    host.rows("create table bills (id bigint primary key, clinic_id text, amount numeric, refunded_amount numeric)")
    sources.watch(host, "bills", "bill")
    host.rows("insert into bills values (1, %s, 10.00, 0), (2, %s, 10.00, 0)", CLINIC, CLINIC)
    with untold(host, "bills"):
        host.rows("update bills set refunded_amount = 2.505 where id = 1")
        host.rows("update bills set refunded_amount = 2.50 where id = 2")

    assert named(reconcile(host, "bills")) == [
        ("change_without_event", "1", "partially_refunded"),
        ("change_without_event", "2", "partially_refunded"),
    ]
    first, second = recapture(host, "bills")
    assert "fraction of the minor unit" in str(first["problem"])
    assert second["problem"] is None
    assert steps.bodies(host)[-1]["data"]["refunded_amount"] == 250
    assert steps.bodies(host)[-1]["data"]["previous"] == {"refunded_amount": 0}


def test_in_one_snapshot_it_is_refused(host: Host) -> None:
    """In REPEATABLE READ one would not see what another one has just mended."""
    host.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    with pytest.raises(psycopg.Error, match="in READ COMMITTED only"), host.connection.transaction():
        recapture(host)
    with host.connection.transaction():
        assert reconcile(host) == []


def test_a_payload_as_json(host: Host) -> None:
    """The body of a mended event is that of a captured one, but for its time."""
    endpoint(host)
    payment = host.pay()
    (before,) = steps.bodies(host)
    delete_event(host, payment, "created")

    recapture(host)

    (after,) = steps.bodies(host)
    assert json.dumps(after["data"]) == json.dumps(before["data"])
    assert after["type"] == before["type"]
