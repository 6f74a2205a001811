"""The demo, with the ways in that it prints, and its screens."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.demo import run_demo

API = "/api/webhooks"


@dataclass(frozen=True)
class Screen:
    """A screen: the name of its picture, where it is ({...}: a name of Shown.named), and for whom it is shown."""

    name: str
    path: str
    who: str = "owner"


SCREENS = (
    Screen("sign-in", "/ui/sign-in", "nobody"),
    Screen("overview", "/ui/?clinic_id=1"),
    Screen("overview-empty", "/ui/?clinic_id=3"),
    Screen("overview-operator", "/ui/", "operator"),
    Screen("endpoints", "/ui/endpoints?clinic_id=1"),
    Screen("endpoint", "/ui/endpoints/{orders}?clinic_id=1"),
    Screen("endpoint-failing", "/ui/endpoints/{crm}?clinic_id=1"),
    Screen("endpoint-deliveries", "/ui/endpoints/{crm}/deliveries?clinic_id=1"),
    Screen("endpoint-settings", "/ui/endpoints/{billing}/settings?clinic_id=1"),
    Screen("endpoint-test", "/ui/endpoints/{orders}/test?clinic_id=1"),
    Screen("endpoint-new", "/ui/endpoints/new?clinic_id=1"),
    Screen("overview-manager", "/ui/?clinic_id=2"),
    Screen("deliveries", "/ui/deliveries?clinic_id=1"),
    Screen("delivery-dead", "/ui/deliveries/{dead}?clinic_id=1"),
    Screen("delivery-waiting", "/ui/deliveries/{waiting}?clinic_id=1"),
    Screen("delivery-delivered", "/ui/deliveries/{delivered}?clinic_id=1"),
    Screen("events", "/ui/events?clinic_id=1"),
    Screen("event", "/ui/events/{event}?clinic_id=1"),
    Screen("dead", "/ui/dead?clinic_id=1"),
    Screen("replays", "/ui/replays?clinic_id=1"),
    Screen("replay", "/ui/replays/{replay}?clinic_id=1"),
    Screen("audit", "/ui/audit?clinic_id=1"),
    Screen("api-keys", "/ui/api-keys?clinic_id=1"),
    Screen("operations", "/ui/operations", "operator"),
    Screen("not-found", "/ui/deliveries/999999999?clinic_id=1"),
)


@dataclass(frozen=True)
class Shown:
    """A running demo: where its web UI is, one-time links by who they are for, and the ids that screens are about."""

    url: str
    links: Mapping[str, str]
    named: Mapping[str, str]

    def path(self, screen: Screen) -> str:
        """Where a screen is."""
        return screen.path.format_map(self.named)


@asynccontextmanager
async def show() -> AsyncIterator[Shown]:
    """Run the demo until left."""
    async with run_demo() as demo:
        await demo.until(r"limit 20'$")
        url = demo.found(r"^  web UI +(http://\S+)/ui/$")
        owner, operator = re.findall(r"^(http://\S+/portal/\S+)$", demo.text, re.MULTILINE)
        *_, key = re.findall(r"^(owk_\S+)$", demo.text, re.MULTILINE)
        async with aiohttp.ClientSession(url, headers={"Authorization": f"Bearer {key}"}) as session:
            yield Shown(url, {"owner": owner, "operator": operator}, await _named(session))


async def _named(session: aiohttp.ClientSession) -> dict[str, str]:
    """Endpoints by the last part of their URL, and the newest of what else screens are about."""

    async def rows(kind: str, **query: str) -> list[dict[str, Any]]:
        async with session.get(f"{API}/{kind}", params={"clinic_id": "1", **query}) as answer:
            assert answer.ok, await answer.text()
            found: list[dict[str, Any]] = (await answer.json())[kind]
            return found

    async def delivery(endpoint: str, *states: str) -> str:
        found = [one for state in states for one in await rows("deliveries", endpoint_id=endpoint, state=state)]
        return str(found[0]["delivery_id"])

    endpoints = {one["url"].rpartition("/")[2]: str(one["endpoint_id"]) for one in await rows("endpoints")}
    return {
        **endpoints,
        "dead": await delivery(endpoints["crm"], "dead"),
        "waiting": await delivery(endpoints["crm"], "pending", "parked"),  # its breaker opens again after half a minute
        "delivered": await delivery(endpoints["orders"], "succeeded"),
        "event": str((await rows("events", type="payment_transaction.partially_refunded"))[0]["event_id"]),
        "replay": str((await rows("replays"))[0]["replay_id"]),
    }
