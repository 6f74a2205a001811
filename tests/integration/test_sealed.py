"""Signing keys at rest: sealed within seconds, whoever wrote them; of no use elsewhere; and not in a dump."""

import asyncio

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, DeliveryReleased, SecretsSealed
from tests.conftest import StartDispatcher
from tests.support.dump import dump
from tests.support.host import CLINIC, Host
from tests.support.seen import Seen
from tests.unit.examples import KEY

IN_CLEAR = "select secret from outbound_webhooks.endpoint_secrets where secret is not null"


async def until_sealed(seen: Seen, count: int) -> None:
    """Wait until the leader has sealed so many keys."""
    await seen.until(lambda: sum(sealed.count for sealed in seen.of(SecretsSealed)) >= count)


async def test_a_key_that_a_dba_inserted(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A DBA inserts a key in clear while a dispatcher runs: it signs from the start, and is sealed at once."""
    endpoint = host.endpoint(receiver.url + "/")
    receiver.keys["/"] = [KEY]

    async with dispatcher() as seen:
        await until_sealed(seen, 1)
        host.rows(
            "insert into outbound_webhooks.endpoint_secrets (clinic_id, endpoint_id, secret) values (%s, %s, %s)",
            CLINIC, endpoint.id, KEY,
        )  # fmt: skip
        host.pay()
        await seen.count(AttemptFinished)
        await until_sealed(seen, 2)
        host.pay()
        await seen.count(AttemptFinished, 2)

    assert host.rows(IN_CLEAR) == []
    assert [request.verified for request in receiver.received] == [True, True]


async def test_a_row_that_was_copied(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A sealed key in the row of another endpoint of the clinic: nothing is sent there, and nobody is charged."""
    owner, thief = host.endpoint(receiver.url + "/owner"), host.endpoint(receiver.url + "/thief")
    receiver.keys["/owner"] = [owner.secret]

    async with dispatcher() as seen:
        await until_sealed(seen, 2)
        host.rows(
            "update outbound_webhooks.endpoint_secrets set sealed = s.sealed"
            " from (select sealed from outbound_webhooks.endpoint_secrets where endpoint_id = %s) as s"
            " where endpoint_id = %s",
            owner.id, thief.id,
        )  # fmt: skip
        host.pay()
        await seen.count(AttemptFinished)
        (released,) = await seen.count(DeliveryReleased)
    (waiting,) = host.rows(
        "select endpoint_id, attempt_count, failure_count, lease_token, next_attempt_at > now() as later"
        " from outbound_webhooks.deliveries"
    )

    assert [(request.path, request.verified) for request in receiver.received] == [("/owner", True)]
    assert (released.delivery.endpoint_id, "belongs to another endpoint" in released.reason) == (thief.id, True)
    assert waiting == {
        "endpoint_id": thief.id, "attempt_count": 0, "failure_count": 0, "lease_token": None, "later": True
    }  # fmt: skip


async def test_a_dump_has_nothing_in_clear(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """pg_dump before the sealing has the keys, and afterwards none of them, the rotated one included."""
    endpoint = host.endpoint(receiver.url + "/")
    new = str(host.value("select secret from outbound_webhooks.rotate_secret(%s)", endpoint.id))
    before = await asyncio.to_thread(dump, host.url)

    async with dispatcher() as seen:
        await until_sealed(seen, 2)
        host.pay()
        await seen.count(AttemptFinished)
    after = await asyncio.to_thread(dump, host.url)

    assert [key in before for key in (endpoint.secret, new)] == [True, True]
    assert [key[6:] in after for key in (endpoint.secret, new)] == [False, False]
    assert after.count("v1.test.") == 2
