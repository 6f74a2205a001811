"""replay: what is meant, what is refused; a dry run counts what the replay then moves."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.sql.replaying import (
    dead,
    dry_run,
    live,
    start_replay,
    to_its_end,
)
from tests.sql.steps import (
    DEAD,
    SUCCEEDED,
    emit,
    end_all,
    endpoint,
)
from tests.support.host import Host


def choices(host: Host) -> dict[str, int]:
    """Deliveries that differ in all that a replay chooses by; returns their ids by what they are."""
    one, other = endpoint(host), endpoint(host, clinic="clinic-2")
    found = {}
    for name, clinic, values, event_type, resource in (
        ("dead", "clinic-1", DEAD, "payment_transaction.created", "1"),
        (
            "timeout",
            "clinic-1",
            {**DEAD, "http_status": None, "error_class": "timeout"},
            "payment_transaction.paid",
            "2",
        ),
        ("succeeded", "clinic-1", SUCCEEDED, "payment_transaction.created", "1"),
        ("other clinic", "clinic-2", DEAD, "invoice.created", "1"),
    ):
        host.rows(
            "select outbound_webhooks.emit(%s, %s, %s, %s, '{}')",
            clinic,
            event_type,
            event_type.split(".")[0],
            resource,
        )
        (found[name],) = end_all(host, values)
    (found["cancelled"],) = emit(host)
    host.rows("select outbound_webhooks.cancel_deliveries(%s)", one.id)
    assert (one.id, other.id) == (1, 2)
    return found


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        ({"endpoint_id": 1}, ["dead", "timeout"]),
        ({"endpoint_id": 1, "state": None}, ["dead", "timeout", "succeeded", "cancelled"]),
        ({"endpoint_id": 1, "state": "succeeded"}, ["succeeded"]),
        ({"endpoint_id": 1, "state": "cancelled"}, ["cancelled"]),
        ({"endpoint_id": 2}, ["other clinic"]),
        ({"clinic_id": "clinic-1"}, ["dead", "timeout"]),
        ({"clinic_id": "clinic-2", "endpoint_id": 2}, ["other clinic"]),
        ({"type": "*"}, ["dead", "timeout", "other clinic"]),
        ({"type": "payment_transaction.*"}, ["dead", "timeout"]),
        ({"type": "payment_transaction.created", "state": None}, ["dead", "succeeded", "cancelled"]),
        ({"resource": "payment_transaction"}, ["dead", "timeout"]),
        ({"resource": "payment_transaction", "resource_id": "1", "state": None}, ["dead", "succeeded", "cancelled"]),
        ({"error_class": "timeout"}, ["timeout"]),
        ({"error_class": "http_status"}, ["dead", "other clinic"]),
        ({"since": "epoch"}, ["dead", "timeout", "other clinic"]),
        ({"since": "-infinity", "until": "infinity"}, ["dead", "timeout", "other clinic"]),
        ({"since": "tomorrow"}, []),
        ({"until": "yesterday"}, []),
        ({"until": "1960-01-01"}, []),
        ({"since": "1950-01-01", "until": "1960-01-01"}, []),
        ({"since": "20000-01-01", "until": "30000-01-01"}, []),
        ({"clinic_id": "clinic-3"}, []),
    ],
    ids=str,
)
def test_what_is_meant(numbered: Host, options: dict[str, Any], meant: list[str]) -> None:
    """All that is named has to fit; a dry run counts what the replay then moves."""
    names = {delivery: name for name, delivery in choices(numbered).items()}
    counted = dry_run(numbered, **options)
    untouched = live(numbered)
    if meant:
        to_its_end(numbered, start_replay(numbered, **options))

    assert untouched == []
    assert {names[delivery] for delivery, _ in live(numbered)} == set(meant)
    assert counted == len(meant)


def test_between_two_events(numbered: Host) -> None:
    """Since includes its moment, until does not: of three events, each a second apart, the one in the middle."""
    deliveries = dead(numbered, 3)
    moments = [datetime(2026, 3, 1, 9, 0, second, tzinfo=UTC) for second in (1, 2, 3)]
    for moment, delivery in zip(moments, deliveries, strict=True):
        numbered.rows(
            "update outbound_webhooks.finished_deliveries"
            " set event_id = outbound_webhooks.uuid_v7_floor(%s) where id = %s",
            moment, delivery,
        )  # fmt: skip

    assert dry_run(numbered, since=moments[1], until=moments[2]) == 1
    assert dry_run(numbered, since=moments[1]) == 2
    assert dry_run(numbered, until=moments[2]) == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "nothing is chosen"),
        ({"state": "dead"}, "nothing is chosen"),
        ({"state": "pending", "clinic_id": "clinic-1"}, "deliveries in state 'pending' are not replayed"),
        ({"endpoint_id": 4711}, "there is no endpoint 4711"),
        ({"endpoint_id": 1, "clinic_id": "clinic-2"}, "endpoint 1 is of another clinic: clinic-1"),
        ({"type": "created"}, "event type 'created' is no pattern"),
        ({"resource_id": "1", "clinic_id": "clinic-1"}, "a resource id needs its resource"),
        ({"error_class": "bad luck"}, "there is no error class 'bad luck'"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "the time is over before it begins"),
        ({"clinic_id": "clinic-1", "rate": 0}, "the rate of a replay is 1 to 10000 deliveries a second, not 0"),
        ({"clinic_id": "clinic-1", "rate": None}, "the rate of a replay is 1 to 10000 deliveries a second, not null"),
    ],
    ids=str,
)
def test_refused(numbered: Host, options: dict[str, object], message: str) -> None:
    """What cannot be meant is not guessed at; nothing is started."""
    dead(numbered, 1)

    with pytest.raises(psycopg.Error, match=message), numbered.connection.transaction():
        start_replay(numbered, **options)

    assert numbered.rows("select id from outbound_webhooks.replays") == []


def test_nothing_to_do(numbered: Host) -> None:
    """No replay, and no line in the audit log."""
    dead(numbered, 1)
    (row,) = numbered.rows("select * from outbound_webhooks.replay(p_clinic_id => 'clinic-2')")

    assert row == {"replay_id": None, "deliveries": 0}
    assert numbered.rows("select id from outbound_webhooks.replays") == []
    assert numbered.rows("select id from outbound_webhooks.audit_log where subject like 'replay%'") == []
