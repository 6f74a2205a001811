"""Failures: retried by the endpoint's schedule with the same id and body, dead when it is exhausted, 410 disables."""

from aiohttp import web

from dispatcher.core.verdict import ANSWERED_GONE, EXHAUSTED
from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import (
    AttemptFinished,
    DeliveriesSettled,
    EndpointDisabled,
    ResultUnrecordable,
)
from tests.conftest import StartDispatcher
from tests.support.host import Host


async def test_retried_until_it_succeeds(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """503 and 500, then 204: three attempts with one webhook-id and one body; each one is a row."""
    endpoint = host.endpoint(receiver.url + "/", retry_schedule=[0, 0, 0])
    receiver.keys["/"] = [endpoint.secret]
    receiver.answer_next(503, 500)

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished, 3)
    attempts = host.rows(
        "select number, reason, outcome, error_class, http_status from outbound_webhooks.attempts order by number"
    )
    (finished,) = host.rows("select state, attempt_count, failure_count from outbound_webhooks.finished_deliveries")

    assert {(request.webhook_id, request.body) for request in receiver.received} == {
        (receiver.received[0].webhook_id, receiver.received[0].body)
    }
    assert all(request.verified for request in receiver.received)
    assert attempts == [
        {"number": 1, "reason": "first", "outcome": "failed", "error_class": "http_status", "http_status": 503},
        {"number": 2, "reason": "retry", "outcome": "failed", "error_class": "http_status", "http_status": 500},
        {"number": 3, "reason": "retry", "outcome": "succeeded", "error_class": None, "http_status": 204},
    ]
    assert finished == {"state": "succeeded", "attempt_count": 3, "failure_count": 2}


async def test_dead_when_exhausted(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """An endpoint that only fails gets what its schedule says, and then the delivery is dead, with the reason."""
    host.endpoint(receiver.url + "/", retry_schedule=[0, 0])
    receiver.default = 500

    async with dispatcher() as seen:
        host.pay()
        await seen.until(lambda: any(a.verdict.state == "dead" for a in seen.of(AttemptFinished)))
    (finished,) = host.rows(
        "select state, reason, attempt_count, last_http_status from outbound_webhooks.finished_deliveries"
    )

    assert len(receiver.received) == 2
    assert finished == {"state": "dead", "reason": EXHAUSTED, "attempt_count": 2, "last_http_status": 500}


async def test_410_disables_and_keeps(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """410 disables the endpoint, with the reason; its deliveries are parked, not lost; made active, they arrive."""
    endpoint = host.endpoint(receiver.url + "/", retry_schedule=[0, 0, 0], max_in_flight=1)
    receiver.answer_next(410)

    async with dispatcher() as seen:
        for _ in range(3):
            host.pay()
        await seen.count(EndpointDisabled)
        await seen.until(lambda: sum(settled.count for settled in seen.of(DeliveriesSettled)) == 3)
        parked = host.rows("select state, reason, count(*) as n from outbound_webhooks.delivery_log group by 1, 2")
        (state,) = host.rows("select state, state_reason from outbound_webhooks.endpoints")
        requests_while_disabled = len(receiver.received)
        host.rows("update outbound_webhooks.endpoints set state = 'active' where id = %s", endpoint.id)
        await seen.count(AttemptFinished, 4)

    assert state == {"state": "disabled", "state_reason": ANSWERED_GONE}
    assert requests_while_disabled == 1
    assert parked == [{"state": "parked", "reason": "disabled", "n": 3}]
    assert host.value("select count(*) from outbound_webhooks.finished_deliveries where state = 'succeeded'") == 3


async def test_paused_in_between(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Nothing of an endpoint that was paused is sent; another endpoint of the same clinic gets its own."""
    paused = host.endpoint(receiver.url + "/paused")
    host.endpoint(receiver.url + "/active")
    host.rows("update outbound_webhooks.endpoints set state = 'paused' where id = %s", paused.id)

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished)
        await seen.count(DeliveriesSettled)

    assert [request.path for request in receiver.received] == ["/active"]
    assert host.value("select parked_reason from outbound_webhooks.deliveries") == "paused"


async def test_one_delivery_that_cannot_be_sent(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A signing key that no master key opens keeps its own endpoint back, uncharged; the others go on."""
    broken = host.endpoint(receiver.url + "/broken")
    host.endpoint(receiver.url + "/sound")
    host.rows(
        "update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'v1.gone.AAAA' where endpoint_id = %s",
        broken.id,
    )

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished)
    (waiting,) = host.rows(
        "select endpoint_id, attempt_count, failure_count, lease_token, next_attempt_at > now() as later"
        " from outbound_webhooks.deliveries"
    )

    assert [request.path for request in receiver.received] == ["/sound"]
    assert waiting == {
        "endpoint_id": broken.id, "attempt_count": 0, "failure_count": 0, "lease_token": None, "later": True
    }  # fmt: skip


async def says_no(_: web.Request) -> web.Response:
    """An error page, which has a content type."""
    return web.Response(status=500, text="no")


async def test_an_answer_that_the_database_refuses(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """As a database in another encoding than UTF-8 may: the failure is recorded, without what the receiver wrote."""
    host.endpoint(receiver.url + "/", retry_schedule=[0, 0])
    host.rows("alter table outbound_webhooks.attempts add constraint refused check (content_type is null)")
    receiver.default = says_no

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished, 2)
    attempts = host.rows("select http_status, content_type from outbound_webhooks.attempts")

    assert seen.of(ResultUnrecordable) == []
    assert attempts == [{"http_status": 500, "content_type": None}] * 2
