"""Every expression of every dashboard, as a real Prometheus evaluates it under a load with failures of each kind."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiohttp import web

from dispatcher.demo.receiver import Receiver
from tests.prometheus.conftest import Watch, Watched
from tests.support.host import Host
from tests.support.monitoring import Panel, panels

# What Grafana would put in for its own variables, with a scrape every second.
GIVEN = {"$__rate_interval": "15s", "$__range": "5m", "$clinic": ".*", "$instance": ".*"}
# What is shown as long as a series is not there: it may be that nothing of the kind has happened yet.
UNTIL_THEN = re.compile(r" or (?:vector\(0\)|label_replace\(vector\(0\).*\))$")
# Of those, what happens in none of the minutes that this test takes.
RARE = {
    "outbound_webhooks_database_trouble_total",
    "outbound_webhooks_listening_wanted",
    "outbound_webhooks_maintenance_hindered_total",
    "outbound_webhooks_rows_purged_total",
    "outbound_webhooks_unremovable_rows",
    "outbound_webhooks_vacuums_total",
}


def endpoints(host: Host, receiver: Receiver) -> dict[str, int]:
    """An endpoint for each way to fare, by its name."""

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    receiver.answer_next(*[500, 500, 204] * 1000, path="/flaky")
    receiver.answer_next(*[500] * 1000, path="/dies")
    receiver.answer_next(*[410] * 1000, path="/gone")
    receiver.answer_next(*[hang] * 1000, path="/hangs")
    found = {name: host.endpoint(f"{receiver.url}/{name}").id for name in ("good", "flaky", "gone", "paused")}
    found["dies"] = host.endpoint(f"{receiver.url}/dies", retry_schedule=[0]).id
    found["hangs"] = host.endpoint(f"{receiver.url}/hangs", max_in_flight=1, timeout_seconds=60).id
    host.rows("select outbound_webhooks.pause_endpoint(%s, 'a test')", found["paused"])
    return found


@asynccontextmanager
async def load(host: Host, hanging: int) -> AsyncIterator[None]:
    """Payments go on, five a second; what waits for the hanging endpoint has been due for two minutes."""

    async def pay() -> None:
        while True:
            await asyncio.to_thread(host.pay)
            await asyncio.sleep(0.2)

    for _ in range(20):
        host.pay()
    host.rows(
        "update outbound_webhooks.deliveries set next_attempt_at = next_attempt_at - interval '2 minutes'"
        " where endpoint_id = %s and lease_token is null",
        hanging,
    )
    paying = asyncio.create_task(pay())
    try:
        yield
    finally:
        paying.cancel()
        with suppress(asyncio.CancelledError):
            await paying


def asked(panel: Panel, expression: str, endpoint: str) -> str:
    """An expression as Grafana asks it: of one endpoint on its dashboard, of all on the others."""
    values = {**GIVEN, "$endpoint": endpoint if panel.board == "endpoint" else ".*"}
    return re.sub(r"\$\w+", lambda found: values[found[0]], expression)


async def shows_something(watched: Watched, panel: Panel, expression: str, ids: dict[str, int]) -> None:
    """It has a value; so has, of some endpoint, what is asked before there is nothing else to show."""
    await watched.sees(asked(panel, expression, str(ids["good"])))
    bare = UNTIL_THEN.sub("", expression)
    if bare != expression and not any(name in bare for name in RARE):
        each = {asked(panel, bare, str(endpoint)) for endpoint in ids.values()}
        await watched.sees(" or ".join(f"({one})" for one in sorted(each)))


async def test_every_expression(host: Host, receiver: Receiver, watch: Watch) -> None:
    """Nothing that a dashboard asks stays empty, and nothing of it is refused."""
    ids = endpoints(host, receiver)
    async with watch() as watched, load(host, ids["hangs"]):
        for panel in panels():
            for expression in panel.expressions:
                await shows_something(watched, panel, expression, ids)


def test_what_is_rare_is_shown() -> None:
    """The exceptions above are about something: some panel shows each, and says what it shows until then."""
    until_then = [text for panel in panels() for text in panel.expressions if UNTIL_THEN.search(text)]

    assert {name for name in RARE if any(name in text for text in until_then)} == RARE
