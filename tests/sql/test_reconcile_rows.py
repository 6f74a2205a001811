"""reconcile(): what the events of a row tell of it, and what is no gap."""

import pytest

from tests.sql import sources
from tests.sql.reconciling import counted, delete_event, named, recapture, reconcile, untold, update
from tests.sql.sabotage import PAYLOAD
from tests.sql.steps import endpoint
from tests.support.host import CLINIC, Host


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


def test_a_refund_that_was_lowered(host: Host) -> None:
    """It reached the whole amount, which another event tells, and fell: neither owes an event, nor calls for one."""
    endpoint(host)
    payments = [host.pay(), host.pay()]
    for payment in payments:
        update(host, payment, "refunded_cents = amount_cents, status = 'refunded'")
        update(host, payment, "refunded_cents = 300")
    update(host, payments[0], "refunded_cents = 400")

    assert reconcile(host) == []


def test_a_refund_that_another_event_tells(host: Host) -> None:
    """The event of the refund was deleted by hand; that of the status, of the same update, says it, too."""
    endpoint(host)
    first, second = host.pay(), host.pay()
    update(host, first, "refunded_cents = 300, status = 'paid'")
    delete_event(host, first, "partially_refunded")
    with untold(host):
        update(host, second, "refunded_cents = 200")
    update(host, second, "status = 'paid'")
    update(host, second, "refunded_cents = 300")

    assert named(reconcile(host)) == [
        ("change_without_event", str(first), "partially_refunded"),
        ("change_between_events", str(second), "partially_refunded"),
    ]


def test_a_bulk_load(host: Host) -> None:
    """What was emitted of it is told; what was not is missing: a transaction that did not want it leaves no trace."""
    endpoint(host)
    with host.connection.transaction():
        host.rows("set local outbound_webhooks.capture = off")
        told_of, other = host.pay(), host.pay()
        host.rows("select outbound_webhooks.emit_rows('payment_transactions', %s)", [str(told_of)])

    assert named(reconcile(host)) == [("row_without_event", str(other), "created")]


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
