"""overview: the counts are those of the rows, of the clinic that is meant, and of nobody else."""

from typing import Any

import pytest

from tests.admin.client import API, Api
from tests.sql import steps
from tests.support.host import ENVIRONMENT, Host

OVERVIEW = f"{API}/overview"


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


async def overview(api: Api, key: str, query: str = "") -> dict[str, Any]:
    """How things are, as the API says."""
    answer = await api.ask("GET", OVERVIEW + query, key=key)
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def busy(host: Host, **clinics: int) -> None:
    """Clinics with a bit of everything, each so many times."""
    for clinic in (clinic for clinic, times in clinics.items() for _ in range(times)):
        steps.endpoint(host, clinic, event_types=["a.b"])
        retired = steps.endpoint(host, clinic, event_types=["a.b"]).id
        host.rows("select outbound_webhooks.retire_endpoint(%s)", retired)
        paused = steps.endpoint(host, clinic).id
        steps.emit(host, 2, clinic)
        host.rows("select outbound_webhooks.pause_endpoint(%s)", paused)
        steps.settle(host)
        ask_for(host, "a.c", paused)
        active = steps.endpoint(host, clinic, description="active").id
        for count, values in ((2, steps.SUCCEEDED), (1, steps.DEAD), (1, {**steps.RETRY, "retry_in": 86_400})):
            steps.emit(host, count, clinic)
            steps.end_all(host, values)
        ask_for(host, "a.d", active)
        host.rows("select outbound_webhooks.replay(p_clinic_id => %s)", clinic)
    host.rows("update outbound_webhooks.endpoints set event_types = '{*}' where description = 'active'")
    for clinic in clinics:
        steps.emit(host, 1, clinic)
    steps.claim(host, steps.register(host))  # in flight
    for clinic in clinics:
        steps.emit(host, 3, clinic)  # due


def ask_for(host: Host, event_type: str, endpoint: int) -> None:
    """Let an endpoint ask for another type: what follows is not for it."""
    host.rows("update outbound_webhooks.endpoints set event_types = %s where id = %s", [event_type], endpoint)


def counted(times: int) -> dict[str, Any]:
    """What an overview says of it, but for how long something has been due."""
    return {
        "endpoints": {"active": 2 * times, "failing": times, "paused": times, "disabled": 0},
        "deliveries": {"pending": 4 * times, "due": 3 * times, "in_flight": times, "parked": 2 * times},
        "last_day": {
            "attempts": 4 * times, "succeeded": 2 * times, "failed": 2 * times, "lost": 0,
            "success_rate": 0.5 if times else None, "delivered": 2 * times, "dead": times, "cancelled": 0,
        },
        "running_replays": times,
    }  # fmt: skip


async def test_of_a_clinic_and_of_all(api: Api, host: Host) -> None:
    """Each clinic's own; an operator's are all of them together, or those of the clinic that is named."""
    busy(host, a=1, b=2)
    operator = api.make_key("operator")

    found = {
        "a": await overview(api, api.make_key("owner", "a")),
        "b": await overview(api, api.make_key("manager", "b")),
        "b, by an operator": await overview(api, operator, "?clinic_id=b"),
        "nobody": await overview(api, api.make_key("owner", "nobody")),
        "all": await overview(api, operator),
    }
    late = {name: each["deliveries"].pop("oldest_due_seconds") for name, each in found.items()}
    platform = {name: each.pop("platform") for name, each in found.items()}

    assert found == {
        "a": counted(1), "b": counted(2), "b, by an operator": counted(2), "nobody": counted(0), "all": counted(3),
    }  # fmt: skip
    assert late["all"] >= late["a"] > 0 == late["nobody"]
    assert late["all"] >= late["b"] > 0
    assert [name for name in platform if platform[name] is not None] == ["all"]


async def test_the_views_say_the_same(api: Api, host: Host) -> None:
    """What waits is what stat_endpoints counts."""
    busy(host, a=2)
    counts = ("pending", "due", "in_flight", "parked")

    found = (await overview(api, api.make_key("operator")))["deliveries"]
    (view,) = host.rows(
        f"select {', '.join(f'sum({name})::bigint as {name}' for name in counts)}, max(oldest_due_seconds) as oldest"
        " from outbound_webhooks.stat_endpoints"
    )

    assert {name: found[name] for name in counts} == {name: view[name] for name in counts}
    assert 0 < found["oldest_due_seconds"] <= float(str(view["oldest"]))


async def test_troubled_endpoints(api: Api, host: Host) -> None:
    """An open breaker counts as failing; a disabled endpoint is disabled, and nothing else."""
    broken, gone = steps.endpoint(host, "a").id, steps.endpoint(host, "a").id
    steps.open_breaker(host, broken)
    steps.set_state(host, gone, "disabled")

    found = await overview(api, api.make_key("owner", "a"))

    assert found["endpoints"] == {"active": 1, "failing": 1, "paused": 0, "disabled": 1}


HOUR = "select date_trunc('hour', clock_timestamp(), 'UTC')"


@pytest.mark.parametrize(("hours", "counts"), [(0, True), (23, True), (24, False)])
async def test_the_last_day(api: Api, host: Host, hours: int, counts: bool) -> None:
    """This hour and the 23 before; what an endpoint did that is retired by now counts, too."""
    retired = steps.endpoint(host, "a").id
    steps.emit(host, 1, "a")
    steps.end_all(host, steps.SUCCEEDED)
    host.rows("select outbound_webhooks.retire_endpoint(%s)", retired)
    owner, hour, found = api.make_key("owner", "a"), None, {}

    while hour != host.value(HOUR):  # once more if the hour turned meanwhile
        hour = host.value(HOUR)
        host.rows("update outbound_webhooks.endpoint_hours set hour = %s - make_interval(hours => %s)", hour, hours)
        found = await overview(api, owner)

    assert found["last_day"]["delivered"] == int(counts)


async def test_the_platform(api: Api, host: Host) -> None:
    """Switches, dispatchers, watched tables and the ledger."""
    operator = api.make_key("operator")
    before = (await overview(api, operator))["platform"]
    steps.register(host)
    steps.register(host, delivering=False)
    host.rows("update outbound_webhooks.dispatchers set heartbeat_at = clock_timestamp() + interval '1 hour'")
    host.rows("drop function outbound_webhooks.payload_payment_transactions")
    steps.endpoint(host)
    host.pay()
    host.rows("select outbound_webhooks.set_capture(false)")
    host.rows("select outbound_webhooks.set_delivery(false, 'a test')")
    after = (await overview(api, operator))["platform"]

    assert before.pop("partition_days_ahead") > 0
    assert after.pop("partition_days_ahead") > 0
    assert before == {
        "capture": True, "delivery": True, "armed_environment": ENVIRONMENT, "dispatchers": 0, "delivering": 0,
        "sources": 1, "capturing": 1, "ledger_open": 0,
    }  # fmt: skip
    assert after == {
        **before, "capture": False, "delivery": False, "dispatchers": 2, "delivering": 1, "capturing": 0,
        "ledger_open": 1,
    }  # fmt: skip
