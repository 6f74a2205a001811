"""Operational events: what became of an endpoint is told to the clinic's others that ask for it by name."""

import json
from typing import Any

import pytest

from tests.sql import steps
from tests.sql.steps import DEAD, RETRY, SUCCEEDED, change_flow, claim, emit, endpoint, flow, record, register, result
from tests.support.host import CLINIC, Host

TELL = "select outbound_webhooks.tell_operations()"
PAYMENTS = ["payment_transaction.*"]


def notices(host: Host) -> list[tuple[Any, ...]]:
    """(receiving endpoint, type, data) of every operational event, oldest first."""
    rows = host.rows(
        "select d.endpoint_id, e.type, e.body from outbound_webhooks.deliveries as d"
        " join outbound_webhooks.events as e on e.id = d.event_id"
        " where e.resource in ('endpoint', 'delivery') order by d.id"
    )
    return [(row["endpoint_id"], row["type"], json.loads(str(row["body"]))["data"]) for row in rows]


def subject(host: Host) -> int:
    """The endpoint that is told of: it asks for payments, and for operational events, which it never gets of itself."""
    return endpoint(host, event_types=[*PAYMENTS, "endpoint.*", "delivery.*"]).id


def fail(host: Host, dispatcher: int, count: int = 1, **changes: object) -> None:
    """Some payments, whose deliveries fail for good, or as the changes say."""
    emit(host, count)
    record(host, *(result(row, dispatcher, {**DEAD, **changes}) for row in claim(host, dispatcher, limit=count)))


def test_disabled(sandbox: Host) -> None:
    """Told once, with the reason, in a body as every other one."""
    about = subject(sandbox)
    operator = endpoint(sandbox, event_types=["endpoint.disabled"]).id
    fail(sandbox, register(sandbox), disable="answered 410 Gone", state="pending", reason=None)

    told = [sandbox.value(TELL), sandbox.value(TELL)]
    (event,) = sandbox.rows("select * from outbound_webhooks.events where resource = 'endpoint'")
    body = json.loads(str(event["body"]))

    assert told == [1, 0]
    assert notices(sandbox) == [
        (operator, "endpoint.disabled", {"endpoint_id": str(about), "reason": "answered 410 Gone"})
    ]
    assert (event["clinic_id"], event["resource_id"], event["source"]) == (CLINIC, str(about), None)
    assert list(body) == ["type", "timestamp", "data"]


def test_each_disabling_is_told(sandbox: Host) -> None:
    """Resumed and disabled again within the window: told again."""
    about = subject(sandbox)
    endpoint(sandbox, event_types=["endpoint.disabled"])
    dispatcher = register(sandbox)

    told = []
    for _ in range(2):
        fail(sandbox, dispatcher, disable="gone", state="pending", reason=None)
        told.append(sandbox.value(TELL))
        sandbox.rows("select outbound_webhooks.resume_endpoint(%s)", about)

    assert told == [1, 1]


@pytest.mark.parametrize(
    ("patterns", "asks"),
    [
        (["endpoint.disabled"], True),
        (["endpoint.*"], True),
        (["*", "endpoint.*"], True),
        (["*"], False),
        (["payment_transaction.*"], False),
        (["endpoint.recovered", "delivery.*"], False),
    ],
)
def test_who_asks(sandbox: Host, patterns: list[str], asks: bool) -> None:
    """By the name of the type, or of all about endpoints; `*` means payments."""
    subject(sandbox)
    other = endpoint(sandbox, event_types=patterns).id
    fail(sandbox, register(sandbox), disable="gone", state="pending", reason=None)

    sandbox.rows(TELL)

    assert [receiver for receiver, *_ in notices(sandbox)] == ([other] if asks else [])


def test_who_gets_it(sandbox: Host) -> None:
    """Active endpoints of the clinic, whatever their filter is; never the one it is about."""
    subject(sandbox)
    filtered = endpoint(sandbox, event_types=["endpoint.*"], filter=json.dumps({"amount": 1})).id
    for state in ("paused", "disabled", "retired"):
        steps.set_state(sandbox, endpoint(sandbox, event_types=["endpoint.*"]).id, state)
    endpoint(sandbox, "clinic-2", event_types=["endpoint.*"])
    fail(sandbox, register(sandbox), disable="gone", state="pending", reason=None)

    sandbox.rows(TELL)

    assert [receiver for receiver, *_ in notices(sandbox)] == [filtered]


def test_recovered(sandbox: Host) -> None:
    """After its breaker was open it delivers again: told once a window, and each time since when there was trouble."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 1")
    about = subject(sandbox)
    operator = endpoint(sandbox, event_types=["endpoint.recovered"]).id
    dispatcher = register(sandbox)

    def break_and_recover() -> object:
        fail(sandbox, dispatcher, state="pending", reason=None)
        since = sandbox.value(
            "select to_json(troubled_at) from outbound_webhooks.endpoint_flow order by endpoint_id limit 1"
        )
        assert sandbox.value(TELL) == 0
        change_flow(sandbox, about, "probe_at = clock_timestamp()")
        emit(sandbox)
        (probe,) = claim(sandbox, dispatcher, limit=1)
        record(sandbox, result(probe, dispatcher, SUCCEEDED))
        return since

    since = break_and_recover()
    told = [sandbox.value(TELL), sandbox.value(TELL)]
    break_and_recover()
    told += [sandbox.value(TELL)]
    change_flow(sandbox, about, "recovery_told_at = recovery_told_at - interval '1 hour'")
    later = break_and_recover()
    told += [sandbox.value(TELL)]

    assert told == [1, 0, 0, 1]
    assert notices(sandbox) == [
        (operator, "endpoint.recovered", {"endpoint_id": str(about), "troubled_since": when}) for when in (since, later)
    ]
    assert flow(sandbox, about)["troubled_at"] is None


def test_recovered_after_it_was_disabled(sandbox: Host) -> None:
    """Not when it is resumed, but once it delivers."""
    about = subject(sandbox)
    endpoint(sandbox, event_types=["endpoint.recovered"])
    dispatcher = register(sandbox)
    fail(sandbox, dispatcher, disable="gone", state="pending", reason=None)
    told = [sandbox.value(TELL)]  # that it was disabled, to nobody
    sandbox.rows("select outbound_webhooks.resume_endpoint(%s)", about)
    told.append(sandbox.value(TELL))

    emit(sandbox)
    (row,) = claim(sandbox, dispatcher, limit=1)
    record(sandbox, result(row, dispatcher, SUCCEEDED))
    told.append(sandbox.value(TELL))

    assert told == [1, 0, 1]
    assert [kind for _, kind, _ in notices(sandbox)] == ["endpoint.recovered"]


def test_dead(sandbox: Host) -> None:
    """One event an endpoint and window, with the number of those that died since the last one."""
    about = subject(sandbox)
    operator = endpoint(sandbox, event_types=["delivery.dead"]).id
    dispatcher = register(sandbox)
    told = []

    for count in (3, 1, 4):
        fail(sandbox, dispatcher, count)
        told.append(sandbox.value(TELL))
    change_flow(sandbox, about, "dead_told_at = dead_told_at - interval '1 hour'")
    told += [sandbox.value(TELL), sandbox.value(TELL)]

    assert told == [1, 0, 0, 1, 0]
    assert notices(sandbox) == [
        (operator, "delivery.dead", {"endpoint_id": str(about), "deliveries": count}) for count in (3, 5)
    ]


def test_another_window(sandbox: Host) -> None:
    """The setting says how long."""
    about = subject(sandbox)
    sandbox.rows("update outbound_webhooks.settings set notice_window = '10 minutes'")
    dispatcher = register(sandbox)
    told = []

    for minutes in (0, 9, 2):
        change_flow(sandbox, about, f"dead_told_at = dead_told_at - interval '{minutes} minutes'")
        fail(sandbox, dispatcher)
        told.append(sandbox.value(TELL))

    assert told == [1, 0, 1]


def test_an_operational_event_causes_no_other(sandbox: Host) -> None:
    """Its delivery may die, open the breaker and have its endpoint disabled: nothing of that is told."""
    sandbox.rows("update outbound_webhooks.settings set breaker_failures = 1")
    subject(sandbox)
    operator = endpoint(sandbox, event_types=["endpoint.*", "delivery.*"]).id
    dispatcher = register(sandbox)
    fail(sandbox, dispatcher, disable="gone")
    told = [sandbox.value(TELL)]
    endpoint(sandbox, event_types=["endpoint.*", "delivery.*"])

    about_it = claim(sandbox, dispatcher)
    record(sandbox, *(result(row, dispatcher, DEAD, disable="gone, too") for row in about_it))
    told.append(sandbox.value(TELL))

    assert told == [2, 0]
    assert {row["endpoint_id"] for row in about_it} == {operator}
    assert sandbox.value("select state from outbound_webhooks.endpoints where id = %s", operator) == "disabled"
    assert notices(sandbox) == []


def test_a_payment_beside_an_operational_event(sandbox: Host) -> None:
    """The trouble of an endpoint that also fails with payments is told."""
    both = endpoint(sandbox, event_types=[*PAYMENTS, "endpoint.*"]).id
    teller = endpoint(sandbox, event_types=["nothing.*"]).id
    change_flow(sandbox, teller, "troubled_at = clock_timestamp()")
    steps.set_state(sandbox, teller, "disabled")
    sandbox.rows(TELL)
    emit(sandbox)
    dispatcher = register(sandbox)

    record(sandbox, *(result(row, dispatcher, RETRY, disable="gone") for row in claim(sandbox, dispatcher)))

    assert [kind for _, kind, _ in notices(sandbox)] == ["endpoint.disabled"]
    assert flow(sandbox, both)["troubled_at"] is not None
