"""Headers of an endpoint, over real HTTPS: they arrive, ours win, a change counts from the next attempt on."""

import pytest

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, DeliveryReleased, SecretsSealed
from tests.conftest import StartDispatcher
from tests.support.dump import dump
from tests.support.host import Host

SET = "select outbound_webhooks.set_headers(%s, %s::jsonb)"
AUTHORIZE = "select outbound_webhooks.set_authorization(%s, %s, %s, %s)"
CANARY = "canary-4d9f02b7"
OWN = {
    "accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "webhook-id",
    "webhook-signature", "webhook-timestamp",
}  # fmt: skip


def seals(count: int, seen: "list[SecretsSealed]") -> bool:
    """Whether so many keys and headers were sealed."""
    return sum(sealed.count for sealed in seen) >= count


async def test_they_arrive(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """In clear for a moment, and sealed: the receiver gets them, beside ours and nothing else, and verifies it."""
    created = host.endpoint(receiver.url + "/", headers='{"X-Api-Key": "two words,\\tand a tab", "x-b": "~"}')
    host.endpoint(receiver.url + "/without")
    receiver.keys["/"] = [created.secret]
    host.rows(AUTHORIZE, created.id, "basic", "Aladdin", "open sesame")
    host.pay()

    async with dispatcher() as seen:
        await seen.count(AttemptFinished, 2)
        await seen.until(lambda: seals(5, seen.of(SecretsSealed)))
        host.pay()
        await seen.count(AttemptFinished, 4)

    for request in receiver.at("/"):
        assert request.verified
        assert {name: value for name, value in request.headers.items() if name not in OWN} == {
            "authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "x-api-key": "two words,\tand a tab",
            "x-b": "~",
        }
    assert len(receiver.at("/")) == 2
    assert [set(request.headers) for request in receiver.at("/without")] == [OWN, OWN]


async def test_ours_win(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A header that got past the rules, by somebody who turned triggers off, replaces none of ours: nothing is sent."""
    created = host.endpoint(receiver.url + "/", headers='{"x-a": "1"}')
    with host.connection.transaction():
        host.rows("set local session_replication_role = replica")
        host.rows("update outbound_webhooks.endpoint_headers set name = 'webhook-id', value = %s", CANARY)

    async with dispatcher() as seen:
        host.pay()
        await seen.count(DeliveryReleased)
        await seen.until(lambda: seals(2, seen.of(SecretsSealed)))
        host.rows(SET, created.id, '{"x-a": "2"}')
        host.pay()
        await seen.count(AttemptFinished)

    (released,) = seen.of(DeliveryReleased)
    assert released.reason == "the header webhook-id cannot be set: every request has one of its own"
    assert [request.headers["x-a"] for request in receiver.received] == ["2"]


async def test_a_change_counts_from_the_next_attempt_on(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher
) -> None:
    """The receiver refuses a password; it is changed; the same delivery, tried again, has the new one."""
    created = host.endpoint(receiver.url + "/")
    host.rows(AUTHORIZE, created.id, "bearer", None, "old")
    receiver.answer_next(401, 204)

    async with dispatcher() as seen:
        host.pay()
        await seen.count(AttemptFinished)
        host.rows(AUTHORIZE, created.id, "bearer", None, "new")
        host.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp()")
        await seen.count(AttemptFinished, 2)

    first, second = receiver.received
    assert (first.headers["authorization"], second.headers["authorization"]) == ("Bearer old", "Bearer new")
    assert first.webhook_id == second.webhook_id


@pytest.mark.parametrize("source", ["another endpoint", "another header", "a signing key", "a lost master key"])
async def test_one_that_does_not_open(host: Host, receiver: Receiver, dispatcher: StartDispatcher, source: str) -> None:
    """A sealed value of something else in its place: its endpoint is kept back, uncharged; the others go on."""
    broken = host.endpoint(receiver.url + "/broken", headers='{"x-a": "1", "x-b": "2"}')
    other = host.endpoint(receiver.url + "/sound", headers='{"x-a": "3"}')
    stolen = {
        "another endpoint": f"select sealed from outbound_webhooks.endpoint_headers where endpoint_id = {other.id}",
        "another header": "select sealed from outbound_webhooks.endpoint_headers where name = 'x-b'",
        "a signing key": f"select sealed from outbound_webhooks.endpoint_secrets where endpoint_id = {broken.id}",
        "a lost master key": "select 'v1.gone.AAAA'",
    }

    async with dispatcher() as seen:
        await seen.until(lambda: seals(5, seen.of(SecretsSealed)))
        host.rows(
            f"update outbound_webhooks.endpoint_headers set sealed = ({stolen[source]})"
            " where name = 'x-a' and endpoint_id = %s",
            broken.id,
        )
        host.pay()
        await seen.count(AttemptFinished)
        await seen.count(DeliveryReleased)
    (waiting,) = host.rows(
        "select endpoint_id, attempt_count, failure_count, lease_token, next_attempt_at > now() as later"
        " from outbound_webhooks.deliveries"
    )

    assert [request.path for request in receiver.received] == ["/sound"]
    assert waiting == {
        "endpoint_id": broken.id, "attempt_count": 0, "failure_count": 0, "lease_token": None, "later": True
    }  # fmt: skip


async def test_they_are_nowhere_else(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Once it is sealed, a value is in no dump, no attempt, no explanation and no observation."""
    created = host.endpoint(receiver.url + "/")
    host.rows(AUTHORIZE, created.id, "bearer", None, CANARY)
    receiver.answer_next(500, 204)

    async with dispatcher() as seen:
        await seen.until(lambda: seals(2, seen.of(SecretsSealed)))
        host.pay()
        await seen.count(AttemptFinished)
        host.rows("update outbound_webhooks.deliveries set next_attempt_at = clock_timestamp()")
        await seen.count(AttemptFinished, 2)
    explained = host.rows(
        "select * from outbound_webhooks.events as v, outbound_webhooks.explain(v.id, %s)", created.id
    )

    assert [request.headers["authorization"] for request in receiver.received] == [f"Bearer {CANARY}"] * 2
    assert CANARY not in dump(host.url, "--inserts")
    assert CANARY not in repr((seen.all, explained, host.rows("select * from outbound_webhooks.attempts")))
