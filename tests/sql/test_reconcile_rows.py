"""reconcile(): what the events of a row tell of it, what is no gap, and how a missing event is told."""

import json

import psycopg
import pytest

from tests.sql import sources, steps
from tests.sql.explaining import codes, explain_row
from tests.sql.reconciling import counted, delete_event, named, recapture, reconcile, told, untold, update
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


def test_two_rules_about_one_field(host: Host) -> None:
    """One change owes both; of the one whose event is missing an event is made, and of the other one none."""
    endpoint(host)
    host.rows("create table orders (id bigint primary key, clinic_id text, status text, note text)")
    rules = [
        {"type": "order.changed", "when": "changed", "field": "status"},
        {"type": "order.sent", "when": "changed", "field": "status", "to": "sent"},
        {"type": "order.noted", "when": "changed", "field": "note"},
        {"type": "order.created", "when": "inserted"},
    ]
    sources.watch(host, "orders", "order", rules=rules, include={"note": "note"})
    host.rows("insert into orders values (1, %s, 'new', 'a'), (2, %s, 'new', 'a'), (3, %s, 'new', null)", *[CLINIC] * 3)
    host.rows("update orders set status = 'sent', note = 'b'")
    clean = [row for row in reconcile(host, "orders") if row["code"] != "no_time"]
    delete_event(host, 1, "sent")
    delete_event(host, 2, "changed")
    delete_event(host, 3, "noted")

    found = reconcile(host, "orders")

    assert clean == []
    assert named(found) == [
        ("change_without_event", "1", "sent"),
        ("change_without_event", "2", "changed"),
        ("change_without_event", "3", "noted"),
    ]
    recapture(host, "orders")
    assert sorted(sources.types(host)) == sorted([
        *["order.created"] * 3, *["order.changed"] * 3, *["order.sent"] * 3, *["order.noted"] * 3,
    ])  # fmt: skip
    assert reconcile(host, "orders") == []


def test_a_value_that_is_not_asked_for(host: Host) -> None:
    """A rule asks for one value: another one, and that one gone again, call for nothing."""
    endpoint(host)
    host.rows("create table orders (id bigint primary key, clinic_id text, status text)")
    sources.watch(
        host, "orders", "order",
        rules=[
            {"type": "order.created", "when": "inserted"},
            {"type": "order.sent", "when": "changed", "field": "status", "to": "sent"},
        ],
    )  # fmt: skip
    host.rows("insert into orders values (1, %s, 'new'), (2, %s, 'new')", CLINIC, CLINIC)
    with untold(host, "orders"):
        host.rows("update orders set status = 'sent'")
        host.rows("update orders set status = 'lost' where id = 1")

    assert named(reconcile(host, "orders")) == [("change_without_event", "2", "sent")]


def test_what_came_and_went_is_not_seen(host: Host) -> None:
    """Two changes, untold, that end where they began leave nothing to be seen."""
    endpoint(host)
    payment = host.pay()
    with untold(host):
        update(host, payment, "status = 'paid'")
        update(host, payment, "status = 'pending'")

    assert reconcile(host) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("refunded_cents = 100", ["partially_refunded"]),
        ("refunded_cents = 1000", []),
        ("refunded_cents = 50", []),
        ("refunded_cents = 0", []),
        ("amount_cents = 20", []),
        ("status = 'failed'", ["status_changed"]),
        ("internal_note = 'x'", []),
    ],
)
def test_what_calls_for_an_event(host: Host, change: str, expected: list[str]) -> None:
    """As the rules say it: a refund that grew, and is below the amount; any change of status; nothing else."""
    endpoint(host)
    payment = host.pay()
    update(host, payment, "refunded_cents = 50")
    with untold(host):
        update(host, payment, change)

    assert [verb for _, _, verb in named(reconcile(host))] == expected


def test_a_bulk_load(host: Host) -> None:
    """What was emitted of it is told; what was not is missing: a transaction that did not want it leaves no trace."""
    endpoint(host)
    with host.connection.transaction():
        host.rows("set local outbound_webhooks.capture = off")
        told_of, other = host.pay(), host.pay()
        host.rows("select outbound_webhooks.emit_rows('payment_transactions', %s)", [str(told_of)])

    assert named(reconcile(host)) == [("row_without_event", str(other), "created")]


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


def test_a_payload_function_of_the_dba(host: Host) -> None:
    """What it says is compared: another word for the same is no change; what it does not say is left alone."""
    endpoint(host)
    host.rows(
        PAYLOAD + " default null) returns json language plpgsql as $$ begin return json_build_object("
        "'id', payment.id::text, 'status', upper(payment.status::text), 'previous', previous); end $$"
    )
    told_of, payment = host.pay(), host.pay()
    update(host, told_of, "status = 'paid'")
    clean = reconcile(host)
    with untold(host):
        update(host, payment, "status = 'failed', refunded_cents = 10")

    assert clean == []
    assert named(reconcile(host)) == [("change_without_event", str(payment), "status_changed")]


def test_a_payload_function_that_fails(host: Host) -> None:
    """One row that it cannot tell of does not keep the others from being looked at."""
    endpoint(host)
    first, second = host.pay(amount=1), host.pay(amount=2)
    host.rows(
        PAYLOAD + " default null) returns json language plpgsql as $$ begin"
        " return json_build_object('status', payment.status, 'n', 6 / (payment.amount_cents - 1)); end $$"
    )
    with untold(host):
        host.rows("update payment_transactions set status = 'paid'")

    assert first < second
    assert named(reconcile(host)) == [("change_without_event", str(second), "status_changed")]


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


def test_older_than_all(host: Host) -> None:
    """Rows from before watch(), and from before the clinic had an endpoint, owe no event of their insertion."""
    old = host.pay()
    endpoint(host)
    host.rows("create table things (id bigint primary key, clinic_id text, created_at timestamptz default now())")
    host.rows("insert into things values (1, %s)", CLINIC)
    sources.watch(host, "things", "thing")

    found = reconcile(host)

    assert old
    assert counted(found) == {"silent": 1}
    assert [row for row in found if row["kind"] == "gap"] == []
    assert reconcile(host, "things") == []


def test_switches_by_the_audit_log(host: Host) -> None:
    """When capture was off: for all, for the source, and both; on is on only if both are."""
    off = (
        "select outbound_webhooks.capture_off(s) @> clock_timestamp() from outbound_webhooks.event_sources as s"
        " where name = 'payment_transactions'"
    )
    steps_taken = [
        ("select outbound_webhooks.set_capture(false)", True),
        ("select outbound_webhooks.set_capture(false, 'payment_transactions')", True),
        ("select outbound_webhooks.set_capture(true)", True),
        ("select outbound_webhooks.set_capture(true, 'payment_transactions')", False),
    ]
    found = [host.value(off)]
    for statement, _ in steps_taken:
        host.rows(statement)
        found.append(host.value(off))
    (source,) = host.rows(
        "select outbound_webhooks.capture_off(s)::text as off from outbound_webhooks.event_sources as s"
    )

    assert found == [False, *[expected for _, expected in steps_taken]]
    assert str(source["off"]).count("(") + str(source["off"]).count("[") == 2


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
