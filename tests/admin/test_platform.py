"""platform and its switches over HTTP: what operators see and do; nobody else."""

from typing import Any

import pytest

from tests.admin.client import API, Answer, Api
from tests.sql import steps
from tests.sql.sabotage import SABOTAGE
from tests.support.days import today
from tests.support.host import ENVIRONMENT, Host

PLATFORM = f"{API}/platform"
SWITCHES = f"{PLATFORM}/switches"


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


@pytest.fixture
def operator(api: Api) -> str:
    """An operator's key."""
    return api.make_key("operator")


async def read(api: Api, key: str, query: str = "") -> dict[str, Any]:
    """How the platform is doing, as the API says."""
    answer = await api.ask("GET", PLATFORM + query, key=key)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


async def throw(api: Api, key: str, switch: str, **body: object) -> Answer:
    """Throw a switch."""
    return await api.ask("POST", f"{SWITCHES}/{switch}", key=key, body={"reason": "a test", **body})


async def test_dispatchers(api: Api, host: Host, operator: str) -> None:
    """Alive, silent, stopped; who leads, and what each has on its way."""
    steps.endpoint(host)
    steps.emit(host, 2)
    silent, stopped, alive = steps.register(host), steps.register(host), steps.register(host, delivering=False)
    steps.claim(host, silent)
    host.rows("select outbound_webhooks.stop_dispatcher(%s)", stopped)
    host.rows(
        "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '1 minute' where id = %s",
        silent,
    )
    host.rows("update outbound_webhooks.dispatchers set heartbeat_at = now() + interval '1 h' where id = %s", alive)
    host.rows(
        "insert into outbound_webhooks.leadership (dispatcher_id, held_until) values (%s, now() + interval '1 h')"
        " on conflict (singleton) do update"
        " set (dispatcher_id, held_until) = (excluded.dispatcher_id, excluded.held_until)",
        alive,
    )

    found = (await read(api, operator))["dispatchers"]

    assert {one["dispatcher_id"]: (one["state"], one["is_leader"], one["delivering"]) for one in found} == {
        silent: ("dead", False, True), stopped: ("stopped", False, True), alive: ("alive", True, False),
    }  # fmt: skip
    assert found[0]["dispatcher_id"] == silent  # who needs somebody stands first
    assert found[0]["heartbeat_age_seconds"] >= 60
    assert found[0]["in_flight"] == 2


async def test_what_waits(api: Api, host: Host, operator: str) -> None:
    """All of it, and where most is due; of one clinic, if that is named."""
    for clinic, count in (("a", 1), ("b", 3)):
        steps.endpoint(host, clinic)
        steps.emit(host, count, clinic)
    paused = steps.endpoint(host, "a").id
    steps.emit(host, 1, "a")
    steps.set_state(host, paused, "paused")
    steps.settle(host)

    everybody = (await read(api, operator))["backlog"]
    of_a = (await read(api, operator, "?clinic_id=a"))["backlog"]

    assert (everybody["total"]["due"], everybody["total"]["parked"]) == (5, 1)
    assert everybody["total"]["oldest_due_seconds"] > 0
    assert [(one["clinic_id"], one["due"], one["parked"]) for one in everybody["clinics"]] == [("b", 3, 0), ("a", 2, 1)]
    assert [one["due"] for one in everybody["endpoints"]] == [3, 2, 0]
    assert (of_a["total"]["due"], [one["clinic_id"] for one in of_a["clinics"]]) == (2, ["a"])


async def test_twenty_at_most(api: Api, host: Host, operator: str) -> None:
    """Of clinics and of endpoints."""
    for number in range(22):
        steps.endpoint(host, f"clinic-{number}")
        steps.emit(host, 1, f"clinic-{number}")

    found = (await read(api, operator))["backlog"]

    assert (found["total"]["due"], len(found["clinics"]), len(found["endpoints"])) == (22, 20, 20)


async def test_nothing_waits(api: Api, operator: str) -> None:
    """Where nothing is, zeros."""
    found = (await read(api, operator))["backlog"]

    assert (found["total"]["due"], found["clinics"], found["endpoints"]) == (0, [], [])


async def test_troubles(api: Api, host: Host, operator: str) -> None:
    """Breakers that are not closed, and disabled endpoints; a paused one is in no trouble."""
    broken, disabled, paused = (steps.endpoint(host, clinic).id for clinic in ("a", "b", "c"))
    steps.open_breaker(host, broken)
    steps.set_state(host, disabled, "disabled")
    steps.set_state(host, paused, "paused")

    found = (await read(api, operator))["troubles"]
    of_b = (await read(api, operator, "?clinic_id=b"))["troubles"]

    assert (found["breakers"], found["disabled"]) == (1, 1)
    assert {one["endpoint_id"]: one["trouble"] for one in found["endpoints"]} == {broken: "open", disabled: "disabled"}
    assert [one["endpoint_id"] for one in of_b["endpoints"]] == [disabled]


async def test_storage_and_arming(api: Api, host: Host, operator: str) -> None:
    """Partitions with their days and sizes, tables, retention; for whom the database is armed."""
    host.rows("update outbound_webhooks.settings set audit_keep_days = 400")

    found = await read(api, operator)
    partitions = {one["table"]: one for one in found["storage"]["partitions"]}

    assert partitions.keys() == {"attempts", "events", "finished_deliveries_dead", "finished_deliveries_done"}
    assert partitions["events"]["oldest"] <= str(today(host)) < partitions["events"]["newest"]
    assert found["storage"]["total_bytes"] >= sum(one["bytes"] for one in partitions.values()) > 0
    assert "deliveries" in {one["table"] for one in found["storage"]["tables"]}
    assert found["storage"]["retention"]["audit"] == 400
    assert (found["armed"]["environment"], found["armed"]["refusal"]) == (ENVIRONMENT, None)


async def test_a_copy_says_so(api: Api, host: Host, operator: str) -> None:
    """A database that was armed as another one."""
    host.rows("update outbound_webhooks.settings set armed_database_oid = 1")

    assert "is a copy" in (await read(api, operator))["armed"]["refusal"]


async def test_switches(api: Api, host: Host, operator: str) -> None:
    """Each with who threw it and why; the audit log has it, too."""
    off = await throw(api, operator, "capture", is_on=False, source="payment_transactions")
    all_off = await throw(api, operator, "capture", is_on=False, reason="a migration")
    stopped = await throw(api, operator, "delivery", is_on=False)
    again = await throw(api, operator, "delivery", is_on=False, reason="another reason")
    found = (await read(api, operator))["switches"]

    assert [answer.status for answer in (off, all_off, stopped, again)] == [200] * 4
    assert (again.json["reason"], again.json["waited"]) == ("a test", 0)
    assert [(one["switch"], one["source"], one["is_on"], one["changed_by"], one["reason"]) for one in found] == [
        ("delivery", None, False, "API key 1", "a test"),
        ("capture", None, False, "API key 1", "a migration"),
        ("capture", "payment_transactions", False, "API key 1", "a test"),
    ]
    assert host.value("select count(*) from outbound_webhooks.audit_log where actor = 'API key 1'") == 3


async def test_delivery_on(api: Api, host: Host, operator: str) -> None:
    """What waited is due again, so many a second."""
    steps.endpoint(host)
    await throw(api, operator, "delivery", is_on=False)
    steps.emit(host, 3)

    on = await throw(api, operator, "delivery", is_on=True, rate=1)

    assert (on.json["is_on"], on.json["waited"]) == (True, 3)
    assert host.value("select count(distinct next_attempt_at) from outbound_webhooks.deliveries") == 3


@pytest.mark.parametrize(
    ("switch", "body", "expected"),
    [
        ("capture", {"is_on": True, "source": "nothing"}, (404, "not_found")),
        ("capture", {"is_on": "yes"}, (422, "invalid_body")),
        ("capture", {"is_on": True, "reason": ""}, (422, "invalid_body")),
        ("delivery", {"is_on": True, "rate": 0}, (422, "invalid_body")),
        ("delivery", {"is_on": True, "source": "payment_transactions"}, (422, "invalid_body")),
    ],
)
async def test_refused_switches(
    api: Api, operator: str, switch: str, body: dict[str, object], expected: tuple[int, str]
) -> None:
    """What there is not, and what cannot be meant."""
    assert (await throw(api, operator, switch, **body)).refusal == expected


async def test_what_the_doctor_finds(api: Api, host: Host, operator: str) -> None:
    """The worst first, with its remedy."""
    host.rows(SABOTAGE["payload function dropped"][0])

    findings = (await api.ask("GET", f"{PLATFORM}/findings", key=operator)).json["findings"]

    assert findings[0]["severity"] == "problem"
    assert all(one["remedy"] for one in findings)
