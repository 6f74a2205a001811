"""cancellations over HTTP: many deliveries are counted, and given up."""

from typing import Any

import pytest

from tests.admin.client import API, Api, Browser, cookie_of
from tests.admin.delivery_pages import some
from tests.sql import steps
from tests.support.host import Host

PATH = f"{API}/cancellations"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


async def test_from_a_look_to_the_end(api: Api, host: Host) -> None:
    """A dry run counts, and does nothing; the audit log says who did it, and why."""
    some(host, "b")
    found, key = some(host), api.make_key("manager", "a")
    before = steps.states(host)

    looked = await api.ask("POST", PATH, key=key, body={"endpoint_id": found["endpoint"], "dry_run": True})
    after_the_look = steps.states(host)
    done = await api.ask("POST", PATH, key=key, body={"since": "1970-01-01T00:00:00Z", "reason": "sent by hand"})

    assert looked.json == done.json == {"cancelled": 2, "in_flight": 0, "more": False}
    assert after_the_look == before
    changed = {number for number, state in steps.states(host).items() if state != before[number]}
    assert changed == {found["failed"], found["waiting"]}
    assert host.rows(
        "select actor, details ->> 'reason' as reason from outbound_webhooks.audit_log"
        " where action = 'deliveries.cancelled'"
    ) == [{"actor": "API key 1", "reason": "sent by hand"}]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/"),
        ({"state": "parked"}, "/"),
        ({"resource_id": "1", "type": "*"}, "/"),
        ({"type": "*", "state": "dead"}, "/state"),
        ({"type": "*", "reason": ""}, "/reason"),
        ({"type": "*", "error_class": "timeout"}, "/error_class"),
    ],
)
async def test_what_cannot_be_meant(api: Api, host: Host, body: dict[str, Any], path: str) -> None:
    """It is refused, and nothing is cancelled."""
    found = some(host)

    answer = await api.ask("POST", PATH, key=api.make_key("owner", "a"), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert [error["path"] for error in answer.json["errors"]] == [path]
    assert steps.states(host)[found["waiting"]] == "pending"


async def test_one_at_a_time(api: Api, host: Host) -> None:
    """While others of the clinic have something counted, this has to wait."""
    some(host)
    api.deps.counting.add("clinic a")

    answer = await api.ask("POST", PATH, key=api.make_key("owner", "a"), body={"type": "*", "dry_run": True})

    assert answer.refusal == (503, "unavailable")


async def test_one_at_a_time_for_an_operator(api: Api) -> None:
    """Where no clinic is named it is who asks, however often they signed in."""
    key = api.make_key("operator")
    cookie = cookie_of(await Browser(api).post("/ui/sign-in", {"key": key}))
    api.deps.counting.add("API key 1")

    asked: dict[str, Any] = {"body": {"type": "*", "dry_run": True}}
    answers = [await api.ask("POST", PATH, key=key, **asked), await api.ask("POST", PATH, cookie=cookie, **asked)]

    assert [answer.refusal for answer in answers] == [(503, "unavailable")] * 2
