"""The whole life of an endpoint by curl alone: made, tested, used, its key rotated, paused, resumed, replayed, retired.

Everything is real: `serve` and a dispatcher as processes, a receiver with TLS, and payments that the host's SQL writes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import trustme

from dispatcher.demo.receiver import Received, Receiver
from tests.admin.client import API
from tests.support.cli import URL, cli
from tests.support.host import CLINIC, Host
from tests.support.process import PATIENT, run_dispatcher
from tests.support.settings import environment

PATH = "/webhooks"


@dataclass(frozen=True)
class Curl:
    """curl, with a key and nothing else."""

    url: str
    key: str

    async def __call__(self, method: str, path: str, body: object = None) -> Any:
        """Ask; returns the answer, which has to be a good one."""
        words = [
            "--silent",
            "--show-error",
            "--fail-with-body",
            "-X",
            method,
            "-H",
            f"Authorization: Bearer {self.key}",
        ]
        if body is not None:
            words += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        process = await asyncio.create_subprocess_exec(
            "curl", *words, f"{self.url}{API}{path}", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        assert process.returncode == 0, f"{method} {path}: {out.decode()} {err.decode()}"
        return json.loads(out) if out else None

    async def until(self, path: str, condition: Callable[[Any], bool]) -> Any:
        """Ask again and again, until the answer is as it has to be."""
        async with asyncio.timeout(60):
            while not condition(found := await self("GET", path)):  # noqa: ASYNC110  # nobody tells curl
                await asyncio.sleep(0.1)
        return found


@pytest.fixture
async def curl(host: Host, certificates: tuple[trustme.CA, Path]) -> AsyncIterator[Curl]:
    """A running `serve` and a dispatcher beside it; the key is an owner's."""
    env = environment(host.url, certificates[1], log_format="json", admin_port="0")
    key = cli("api-keys", "create", "--role", "owner", "--clinic", CLINIC, **{URL: host.url}).out.split()[-1]
    async with (
        run_dispatcher(env, command="serve", program=PATIENT) as serving,
        run_dispatcher(env) as delivering,
    ):
        (started,) = await serving.logged("admin.started")
        await delivering.logged("dispatcher.started")
        yield Curl(f"http://127.0.0.1:{started['port']}", key)


def verifies(request: Received, key: str) -> bool:
    """Whether a receiver that has this key, and no other, takes a request for ours."""
    try:
        standardwebhooks.Webhook(key).verify(request.body, dict(request.headers))
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def types(receiver: Receiver) -> list[str]:
    """The types of the events that arrived."""
    return [json.loads(request.body)["type"] for request in receiver.received]


async def test_from_the_first_request_to_the_last(curl: Curl, host: Host, receiver: Receiver) -> None:
    """Each step is seen at the receiver, and by the API; in the end the audit log has all of it."""
    # Made, once it has answered a test; and tried out again before anything is for it.
    made = await curl("POST", "/endpoints", {"url": receiver.url + PATH, "description": "the till", "verify": True})
    assert types(receiver) == ["webhook.test"]
    receiver.received.clear()
    endpoint, first_key = made["endpoint_id"], made["secret"]
    tested = await curl("POST", "/test", {"endpoint_id": endpoint})
    assert (tested["succeeded"], types(receiver)) == (True, ["webhook.test"])
    assert verifies(receiver.received[0], first_key)

    # A payment arrives.
    host.pay()
    await receiver.wait_for_count(2)
    await curl.until(f"/deliveries?endpoint_id={endpoint}&state=succeeded", lambda found: len(found["deliveries"]) == 2)
    assert verifies(receiver.received[1], first_key)

    # Its key is rotated: for the overlap either key verifies.
    second_key = (await curl("POST", f"/endpoints/{endpoint}/rotate-secret", {"overlap_seconds": 3600}))["secret"]
    host.pay()
    await receiver.wait_for_count(3)
    assert verifies(receiver.received[2], first_key)
    assert verifies(receiver.received[2], second_key)

    # Paused, what is due to it is kept; resumed, it gets it.
    await curl("POST", f"/endpoints/{endpoint}/pause", {"reason": "it moves"})
    host.pay()
    await curl.until(f"/deliveries?endpoint_id={endpoint}&state=parked", lambda found: len(found["deliveries"]) == 1)
    assert len(receiver.received) == 3
    await curl("POST", f"/endpoints/{endpoint}/resume", {})
    await receiver.wait_for_count(4)

    # All payments again: the same ids and bytes.
    await curl.until(f"/deliveries?endpoint_id={endpoint}&state=succeeded", lambda found: len(found["deliveries"]) == 4)
    chosen = {"endpoint_id": endpoint, "type": "payment_transaction.*", "state": "succeeded"}
    assert (await curl("POST", "/replays", {**chosen, "dry_run": True}))["deliveries"] == 3
    replay = (await curl("POST", "/replays", chosen))["replay_id"]
    await receiver.wait_for_count(7)
    done = await curl.until(f"/replays/{replay}", lambda found: found["state"] == "done")
    assert (done["moved"], done["skipped"]) == (3, {})
    assert [(again.webhook_id, again.body) for again in receiver.received[4:]] == [
        (before.webhook_id, before.body) for before in receiver.received[1:4]
    ]

    # Retired: nothing more.
    await curl("DELETE", f"/endpoints/{endpoint}")
    host.pay()
    assert (await curl("GET", f"/endpoints/{endpoint}"))["state"] == "retired"
    assert (await curl("GET", "/overview"))["deliveries"]["pending"] == 0
    assert len(receiver.received) == 7

    told = [line["action"] for line in (await curl("GET", "/audit?is_denied=false"))["audit"]][::-1]
    assert [action for action in told if not action.startswith(("api_key.", "event_type."))] == [
        "endpoint.tried", "endpoint.created", "signing_key.issued", "endpoint.tested", "signing_key.superseded",
        "signing_key.issued", "endpoint.paused", "endpoint.resumed", "replay.started", "endpoint.retired",
    ]  # fmt: skip
