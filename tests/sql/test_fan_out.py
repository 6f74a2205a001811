"""Fan-out: which endpoints of a clinic get an event; and emit(), the same path for any SQL."""

import json

import psycopg
import pytest

from tests.sql import steps
from tests.support.host import CLINIC, Host

EMIT = "select outbound_webhooks.emit(%s, %s, %s, %s, %s)"


def delivered_to(host: Host) -> set[object]:
    """The endpoints that have a delivery."""
    return {row["endpoint_id"] for row in host.rows("select endpoint_id from outbound_webhooks.deliveries")}


def test_a_clinic_without_endpoint(sandbox: Host) -> None:
    """Nothing is written for a clinic that has no endpoint, or only retired ones."""
    steps.endpoint(sandbox, "another clinic")
    steps.set_state(sandbox, steps.endpoint(sandbox).id, "retired")

    sandbox.pay()

    assert sandbox.value("select count(*) from outbound_webhooks.events") == 0


@pytest.mark.parametrize(
    ("patterns", "matches"),
    [
        (["*"], True),
        (["payment_transaction.*"], True),
        (["payment_transaction.created"], True),
        (["invoice.created", "payment_transaction.created"], True),
        (["payment_transaction.status_changed"], False),
        (["payment.*"], False),
        (["invoice.*", "payment_transaction.create"], False),
    ],
)
def test_patterns(sandbox: Host, patterns: list[str], matches: bool) -> None:
    """A pattern is `*`, `resource.*` or a type; the event is recorded even if no endpoint asks for it."""
    endpoint = steps.endpoint(sandbox, event_types=patterns)

    sandbox.pay()

    assert delivered_to(sandbox) == ({endpoint.id} if matches else set())
    assert sandbox.value("select count(*) from outbound_webhooks.events") == 1


@pytest.mark.parametrize(
    ("wanted", "matches"),
    [
        ({"currency": "BRL"}, True),
        ({"currency": "BRL", "amount": 1000}, True),
        ({}, True),
        ({"currency": "USD"}, False),
        ({"currency": "BRL", "no_such_field": None}, False),
    ],
)
def test_filter(sandbox: Host, wanted: dict[str, object], matches: bool) -> None:
    """An endpoint's filter is a JSON object that the data must contain."""
    endpoint = steps.endpoint(sandbox, filter=json.dumps(wanted))

    sandbox.pay()

    assert delivered_to(sandbox) == ({endpoint.id} if matches else set())


def test_every_matching_endpoint_of_the_clinic(sandbox: Host) -> None:
    """Paused and disabled endpoints get their deliveries too (they are kept); another clinic's get none."""
    wanted = [steps.endpoint(sandbox).id for _ in range(3)]
    steps.set_state(sandbox, wanted[1], "paused")
    steps.set_state(sandbox, wanted[2], "disabled")
    steps.set_state(sandbox, steps.endpoint(sandbox).id, "retired")
    steps.endpoint(sandbox, "another clinic")

    sandbox.pay()

    assert delivered_to(sandbox) == set(wanted)
    assert sandbox.value("select count(*) from outbound_webhooks.events") == 1


def test_ordering_key(sandbox: Host) -> None:
    """Deliveries of an ordered endpoint carry the resource as their key; those of others none."""
    ordered, unordered = steps.endpoint(sandbox, ordering="per_resource"), steps.endpoint(sandbox)

    payment = sandbox.pay()
    keys = sandbox.rows("select endpoint_id, ordering_key from outbound_webhooks.deliveries order by endpoint_id")

    assert keys == [
        {"endpoint_id": ordered.id, "ordering_key": f"payment_transaction:{payment}"},
        {"endpoint_id": unordered.id, "ordering_key": None},
    ]


def test_emit(sandbox: Host) -> None:
    """Any SQL may emit: the id is returned, the data go as they are written, the times are UTC."""
    endpoint = steps.endpoint(sandbox)
    sandbox.rows("set local timezone = 'America/Sao_Paulo'")

    event_id = sandbox.value(EMIT, CLINIC, "invoice.sent", "invoice", "7", '{"z": 1,  "a": "1.0"}')
    (event,) = sandbox.rows("select id, type, resource, resource_id, source, body from outbound_webhooks.events")
    text = str(event.pop("body"))

    assert event == {
        "id": event_id, "type": "invoice.sent", "resource": "invoice", "resource_id": "7", "source": None,
    }  # fmt: skip
    assert text.endswith('"data" : {"z": 1,  "a": "1.0"}}')
    assert json.loads(text)["timestamp"].endswith("Z")
    assert delivered_to(sandbox) == {endpoint.id}


def test_emit_is_not_a_capture(sandbox: Host) -> None:
    """emit() does what it is asked whatever the capture switches say, and for a clinic without an endpoint."""
    sandbox.rows("select outbound_webhooks.set_capture(false)")

    event_id = sandbox.value(EMIT, CLINIC, "invoice.sent", "invoice", "7", "{}")

    assert sandbox.rows("select id from outbound_webhooks.events") == [{"id": event_id}]


GOOD = (CLINIC, "invoice.sent", "invoice", "7", "{}")


@pytest.mark.parametrize(
    ("position", "value", "message"),
    [
        *((i, None, "emit() needs a clinic, a type, a resource, a resource id and data; none may be null")
          for i in range(5)),
        (1, "invoice", "event type 'invoice' is not resource.verb, each of letters, digits and _"),
        (1, "invoice.*", "event type 'invoice.*' is not resource.verb, each of letters, digits and _"),
        (1, "in voice.sent", "event type 'in voice.sent' is not resource.verb, each of letters, digits and _"),
        (4, "[]", "the data of an event must be a JSON object, not array"),
        (4, "null", "the data of an event must be a JSON object, not null"),
    ],
)  # fmt: skip
def test_emit_refuses(sandbox: Host, position: int, value: str | None, message: str) -> None:
    """What cannot be an event is refused to its caller, with what is wrong; nothing is written."""
    arguments = [value if i == position else good for i, good in enumerate(GOOD)]

    with pytest.raises(psycopg.DataError) as caught, sandbox.connection.transaction():
        sandbox.rows(EMIT, *arguments)

    assert caught.value.diag.message_primary == message
    assert sandbox.value("select count(*) from outbound_webhooks.events") == 0


def test_emit_for_no_clinic(sandbox: Host) -> None:
    """An empty clinic id is refused."""
    with (
        pytest.raises(psycopg.errors.InvalidParameterValue, match="must not be empty"),
        sandbox.connection.transaction(),
    ):
        sandbox.rows(EMIT, "", *GOOD[1:])

    assert sandbox.value("select count(*) from outbound_webhooks.events") == 0
