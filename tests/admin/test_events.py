"""events over HTTP: finding them, and one with its body, its deliveries, and why each endpoint got it or not."""

from typing import Any
from uuid import UUID

import pytest

from tests.admin.client import API, Api
from tests.sql import steps
from tests.support.host import Host

LIST = f"{API}/events"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


def emit(host: Host, clinic: str, kind: str, number: str) -> str:
    """Emit an event; returns its id."""
    resource = kind.partition(".")[0]
    return str(
        host.value("select outbound_webhooks.emit(%s, %s, %s, %s, '{\"n\": 1}')", clinic, kind, resource, number)
    )


async def found_by(api: Api, query: str, key: str) -> list[Any]:
    """The ids of a list."""
    answer = await api.ask("GET", f"{LIST}?{query}", key=key)
    assert answer.status == 200, answer.text
    return [event["event_id"] for event in answer.json["events"]]


async def test_a_list(api: Api, host: Host) -> None:
    """A clinic's own, the newest first, whether or not an endpoint got them."""
    steps.endpoint(host, "a", event_types=["invoice.*"])
    first, second = emit(host, "a", "payment_transaction.created", "1"), emit(host, "a", "invoice.sent", "9")
    emit(host, "b", "invoice.sent", "9")
    key = api.make_key("manager", "a")

    assert await found_by(api, "", key) == [second, first]
    assert await found_by(api, "type=invoice.*", key) == [second]
    assert await found_by(api, "resource=payment_transaction", key) == [first]
    assert await found_by(api, "resource=invoice&resource_id=9", key) == [second]
    assert await found_by(api, "until=2020-01-01T00:00:00Z", key) == []
    assert len(await found_by(api, "", api.make_key("operator"))) == 3


async def test_pages(api: Api, host: Host) -> None:
    """Each goes on behind the one before."""
    made = [emit(host, "a", "invoice.sent", str(number)) for number in range(3)]
    key = api.make_key("owner", "a")
    seen, cursor = [], ""
    while True:
        answer = await api.ask("GET", f"{LIST}?limit=1{cursor}", key=key)
        seen += [event["event_id"] for event in answer.json["events"]]
        if answer.json["next"] is None:
            break
        cursor = f"&cursor={answer.json['next']}"

    assert seen == made[::-1]


async def test_one(api: Api, host: Host) -> None:
    """The exact body, the deliveries, and an answer for each endpoint; not who wrote the payment."""
    asks, asks_not = steps.endpoint(host, "a").id, steps.endpoint(host, "a", event_types=["refund.*"]).id
    with host.connection.transaction():
        host.rows("select set_config('outbound_webhooks.actor', 'user:somebody', true),"
            " set_config('outbound_webhooks.request_id', 'request-4711', true)")  # fmt: skip
        event = emit(host, "a", "invoice.sent", "9")

    answer = await api.ask("GET", f"{LIST}/{event.upper()}", key=api.make_key("owner", "a"))

    assert answer.status == 200, answer.text
    assert answer.json["body"] == host.value("select body from outbound_webhooks.events")
    assert (answer.json["event_id"], answer.json["request_id"]) == (event, "request-4711")
    assert [(one["endpoint_id"], one["state"]) for one in answer.json["deliveries"]] == [(asks, "pending")]
    assert [(one["endpoint_id"], one["explain"][0]["code"]) for one in answer.json["endpoints"]] == [
        (asks, "delivery_off"), (asks_not, "type"),
    ]  # fmt: skip
    assert "somebody" not in answer.text


async def test_endpoints_that_are_retired(api: Api, host: Host) -> None:
    """Those that got it are explained, those that did not are not."""
    got, _ = steps.endpoint(host, "a").id, steps.endpoint(host, "a", event_types=["refund.*"]).id
    event = emit(host, "a", "invoice.sent", "9")
    host.rows("select outbound_webhooks.retire_endpoint(id) from outbound_webhooks.endpoints")
    steps.settle(host)

    answer = await api.ask("GET", f"{LIST}/{event}", key=api.make_key("owner", "a"))

    assert [(one["endpoint_id"], one["explain"][0]["code"]) for one in answer.json["endpoints"]] == [(got, "cancelled")]


@pytest.mark.parametrize("event", ["01900000-0000-7000-8000-000000000000", str(UUID(int=0)), str(UUID(int=2**128 - 1))])
async def test_one_that_is_not_there(api: Api, event: str) -> None:
    """404, whatever time its id says."""
    answer = await api.ask("GET", f"{LIST}/{event}", key=api.make_key("owner", "a"))

    assert answer.refusal == (404, "not_found")


@pytest.mark.parametrize("query", ["resource_id=1", "state=dead", "cursor=x", "limit=x"])
async def test_what_cannot_be_meant(api: Api, query: str) -> None:
    """It is refused."""
    answer = await api.ask("GET", f"{LIST}?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")


async def test_about_one_thing_at_all_clinics(api: Api) -> None:
    """What a clinic calls 1, another does as well: an operator names the clinic."""
    answer = await api.ask("GET", f"{LIST}?resource=invoice&resource_id=1", key=api.make_key("operator"))

    assert answer.refusal == (400, "clinic_needed")
