"""What the tests of test sends share: asking for one, and what stands on record afterwards."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from dispatcher.admin.deps import Sender
from dispatcher.core.model import Request, SendResult
from dispatcher.core.sealing import parse_keyring
from tests.admin.client import API, Answer, Api
from tests.support.host import CLINIC, ENVIRONMENT, Endpoint, Host
from tests.support.settings import MASTER_KEYS

ON_RECORD = """
select e.type, e.resource, e.resource_id, e.clinic_id, f.id as delivery_id, f.state, f.reason, f.attempt_count,
    f.failure_count, f.last_http_status, f.last_error_class, a.reason as why, a.outcome, a.error_class, a.http_status,
    a.duration_ms, a.note, a.number, a.dispatcher_id
from outbound_webhooks.events as e
left join outbound_webhooks.finished_deliveries as f on f.event_id = e.id
left join outbound_webhooks.attempts as a on a.delivery_id = f.id
order by e.id
"""


async def send(api: Api, endpoint: Endpoint | int, role: str = "owner", clinic: str | None = CLINIC) -> Answer:
    """Ask for a test of an endpoint, with a key of this role."""
    number = endpoint if isinstance(endpoint, int) else endpoint.id
    key = api.make_key(role, None if role == "operator" else clinic)
    return await api.ask("POST", f"{API}/test", key=key, body={"endpoint_id": number})


def refusing(status: int, text: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """What a receiver answers that says more than a status."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type="text/html")

    return answer


def on_record(host: Host) -> list[dict[str, Any]]:
    """Every event, with its deliveries and their attempts."""
    return host.rows(ON_RECORD)


def nothing_is_there(host: Host) -> bool:
    """Whether no event, delivery or attempt is on record."""
    tables = ("events", "deliveries", "finished_deliveries", "attempts")
    return all(host.value(f"select count(*) from outbound_webhooks.{table}") == 0 for table in tables)


def answering(status: int = 204) -> Sender:
    """A way out behind which every receiver answers the same at once: for tests of what is around it."""

    async def send(_: Request) -> SendResult:
        return SendResult(datetime.now(UTC), 5, status)

    return Sender(send, parse_keyring(MASTER_KEYS), ENVIRONMENT, "outbound-webhooks/test")
