"""reconcile(): deliveries that are missing, by what endpoints asked for at the time; and how they are mended."""

from typing import Any

import pytest

from tests.sql import steps
from tests.sql.reconciling import MARGIN, named, recapture, reconcile
from tests.sql.steps import DEAD, SUCCEEDED, emit, end_all, endpoint, set_state
from tests.support.host import Host

FORGET = "delete from outbound_webhooks.deliveries"
CHANGE = "update outbound_webhooks.endpoints set "


def missing(host: Host) -> list[object]:
    """The endpoints of which deliveries are missing, in the order of the events."""
    return [row["endpoint_id"] for row in reconcile(host) if row["code"] == "event_without_delivery"]


def test_each_of_its_endpoints(host: Host) -> None:
    """Of three endpoints one has no delivery any more: named by event, row and endpoint, and mended."""
    ends = [endpoint(host, ordering="per_resource") for _ in range(3)]
    payment = host.pay()
    host.rows(FORGET + " where endpoint_id = %s", ends[1].id)

    (found,) = reconcile(host)
    (mended,) = recapture(host)
    (made,) = host.rows("select * from outbound_webhooks.deliveries where endpoint_id = %s", ends[1].id)

    event = host.value("select id from outbound_webhooks.events")
    assert (found["event_id"], found["endpoint_id"], found["resource_id"]) == (event, ends[1].id, str(payment))
    assert (mended["event_ids"], mended["problem"]) == ([event], None)
    assert (made["event_id"], made["reevaluated"], made["in_bulk"]) == (event, True, True)
    assert made["ordering_key"] == f"payment_transaction:{payment}"
    assert reconcile(host) == []


@pytest.mark.parametrize("values", [SUCCEEDED, DEAD], ids=["succeeded", "dead"])
def test_what_is_finished_is_there(host: Host, values: steps.Row) -> None:
    """A delivery that ended is accounted for, however it ended; one that was cancelled, too."""
    endpoint(host)
    host.pay()
    end_all(host, values)
    cancelled = endpoint(host)
    host.pay()
    host.rows("select outbound_webhooks.cancel_deliveries(p_endpoint_id => %s)", cancelled.id)

    assert reconcile(host) == []


@pytest.mark.parametrize(
    ("options", "owed"),
    [
        ({"event_types": ["payment_transaction.created"]}, True),
        ({"event_types": ["payment_transaction.*"]}, True),
        ({"event_types": ["payment_transaction.status_changed", "invoice.*"]}, False),
        ({"filter": '{"amount": 1000}'}, True),
        ({"filter": '{"amount": 5}'}, False),
    ],
    ids=str,
)
def test_what_it_asked_for(host: Host, options: dict[str, Any], owed: bool) -> None:
    """Event types and filter decide, as they did for the capture."""
    created = endpoint(host, **options)
    endpoint(host)
    host.pay()
    host.rows(FORGET + " where endpoint_id = %s", created.id)

    assert missing(host) == ([created.id] if owed else [])


@pytest.mark.parametrize(
    ("then", "now", "owed"),
    [
        ("event_types = '{*}'", "event_types = '{invoice.*}'", True),
        ("event_types = '{invoice.*}'", "event_types = '{*}'", False),
        ("""filter = '{"amount": 1000}'""", """filter = '{"amount": 5}'""", True),
        ("filter = null", """filter = '{"amount": 5}'""", True),
        ("""filter = '{"amount": 5}'""", "filter = null", False),
        ("event_types = '{invoice.*}', filter = null", """event_types = '{*}', filter = '{"amount": 1000}'""", False),
        ("state = 'paused'", "state = 'active'", True),
        ("state = 'active'", "state = 'retired'", False),
    ],
)
def test_what_it_asked_for_then(host: Host, then: str, now: str, owed: bool) -> None:
    """It was changed since, more than once: what it was at the time of the event decides."""
    created = endpoint(host)
    host.rows(CHANGE + then)
    host.pay()
    host.rows(FORGET)
    host.rows(CHANGE + now)
    if "retired" not in now:
        host.rows(CHANGE + "event_types = '{payout.*}', filter = null")

    assert missing(host) == ([created.id] if owed else [])


def test_an_endpoint_of_later(host: Host) -> None:
    """What was created after the event is owed nothing of it."""
    endpoint(host)
    host.pay()
    endpoint(host)

    assert reconcile(host) == []


def test_only_of_this_source(host: Host) -> None:
    """Events that SQL emitted, and operational ones, are of no table."""
    created = endpoint(host)
    emit(host)
    host.rows("select outbound_webhooks.insert_notice('clinic-1', 'endpoint.disabled', %s, '{}')", created.id)
    host.rows(FORGET)

    assert named(reconcile(host)) == []


def test_at_a_rate(host: Host) -> None:
    """What is mended is due one after the other, a hundred a second, so that a payment of now need not wait for all."""
    endpoint(host)
    for _ in range(5):
        host.pay()
    host.rows(FORGET)

    recapture(host)

    (row,) = host.rows(
        "select extract(epoch from max(next_attempt_at) - min(next_attempt_at))::float as spread, count(*) as n"
        " from outbound_webhooks.deliveries"
    )
    assert (row["spread"], row["n"]) == (0.04, 5)


def test_a_page_ends_between_events(host: Host) -> None:
    """Page by page each event has its turn, and a delivery of an event that is gone, too."""
    created = endpoint(host)
    for _ in range(4):
        host.pay()
    host.rows(FORGET)
    (second, last) = (
        host.value("select id from outbound_webhooks.events order by id offset %s limit 1", n) for n in (1, 3)
    )
    host.rows(
        "insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id) values (%s, %s, 'clinic-1'),"
        " (%s, %s, 'clinic-1')",
        second, created.id, last, created.id,
    )  # fmt: skip
    host.rows("delete from outbound_webhooks.events where id in (%s, %s)", second, last)
    found: list[str] = []
    after = None
    while True:
        rows = host.rows(
            "select * from outbound_webhooks.reconcile_events('payment_transactions', p_after => %s, p_limit => 1,"
            " p_margin => %s)",
            after, MARGIN,
        )  # fmt: skip
        found += [str(row["code"]) for row in rows if row["kind"] != "looked"]
        looked = [row for row in rows if row["kind"] == "looked"]
        if not looked:
            break
        after = looked[0]["event_id"]

    assert sorted(found) == ["delivery_without_event"] * 2 + ["event_without_delivery"] * 2


def test_a_retired_endpoint_got_what_it_got(host: Host) -> None:
    """The clinic's endpoint was retired: it is owed nothing more, and its payments of before are told."""
    first = endpoint(host)
    host.pay()
    set_state(host, first.id, "retired")

    assert reconcile(host) == []
