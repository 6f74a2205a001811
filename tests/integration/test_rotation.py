"""A signing key is rotated under load: receivers with only the old key, or only the new one, never see a bad signature.

What arrived is verified afterwards as two receivers would: one that has not changed over yet, and one that did at once.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import standardwebhooks

from dispatcher.demo.receiver import Received, Receiver
from dispatcher.telemetry.observations import SecretsSealed
from tests.conftest import StartDispatcher
from tests.support.host import CLINIC, Host

ENOUGH = 100  # payments before and after each change


class Load:
    """Payments that are written; `written` has their ids in order."""

    def __init__(self) -> None:
        self.written: list[str] = []
        self._moved = asyncio.Condition()

    async def write(self, url: str) -> None:
        """Write until cancelled."""
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            while True:
                cursor = await connection.execute(
                    "insert into payment_transactions (clinic_id) values (%s) returning id::text", (CLINIC,)
                )
                row = await cursor.fetchone()
                assert row is not None
                async with self._moved:
                    self.written.append(row[0])
                    self._moved.notify_all()

    async def go_on(self) -> None:
        """Wait until enough more are written."""
        until = len(self.written) + ENOUGH
        async with asyncio.timeout(60), self._moved:
            await self._moved.wait_for(lambda: len(self.written) >= until)


@asynccontextmanager
async def writing(url: str) -> AsyncIterator[Load]:
    """Payments are written inside of this."""
    load = Load()
    task = asyncio.create_task(load.write(url))
    try:
        yield load
    finally:
        task.cancel()
        await asyncio.wait([task])


def verifies(request: Received, key: str) -> bool:
    """Whether a receiver that knows only this key takes the request."""
    try:
        standardwebhooks.Webhook(key).verify(request.body, dict(request.headers))
    except standardwebhooks.WebhookVerificationError:
        return False
    return True


def rotate(host: Host, endpoint_id: int) -> str:
    """Rotate the key of an endpoint; returns the new one."""
    return str(host.value("select secret from outbound_webhooks.rotate_secret(%s)", endpoint_id))


async def all_arrived(host: Host, receiver: Receiver) -> dict[str, Received]:
    """Wait until every payment that committed has arrived; what arrived, by payment."""
    await receiver.wait_for_count(int(str(host.value("select count(*) from payment_transactions"))))
    return {json.loads(request.body)["data"]["id"]: request for request in receiver.received}


async def test_under_load(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Old and new key verify as long as they have to; once the overlap has ended the old one verifies nothing new."""
    endpoint = host.endpoint(receiver.url + "/", max_in_flight=20)

    async with dispatcher() as seen:
        async with writing(host.url) as load:
            await load.go_on()
            await receiver.wait_for_count(10)
            before = list(receiver.received)
            new = await asyncio.to_thread(rotate, host, endpoint.id)
            first = len(load.written) + 1  # one may be under way
            await load.go_on()
        arrived = await all_arrived(host, receiver)
        host.rows("update outbound_webhooks.endpoint_secrets set valid_until = clock_timestamp() where id = 1")
        async with writing(host.url) as later:
            await later.go_on()
        arrived_later = await all_arrived(host, receiver)
        await seen.until(lambda: sum(sealed.count for sealed in seen.of(SecretsSealed)) == 2)

    assert all(verifies(request, endpoint.secret) for request in arrived.values())
    assert all(verifies(arrived[payment], new) for payment in load.written[first:])
    assert not any(verifies(request, new) for request in before)
    assert all(verifies(arrived_later[payment], new) for payment in later.written)
    assert not any(verifies(arrived_later[payment], endpoint.secret) for payment in later.written)


async def test_revoked_while_it_is_out(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A key is revoked at once: what is claimed after that is signed with the other one, and verifies with it alone."""
    endpoint = host.endpoint(receiver.url + "/")

    async with dispatcher():
        new = rotate(host, endpoint.id)
        host.pay()
        await receiver.wait_for_count(1)
        host.rows(
            "select outbound_webhooks.revoke_secret(s.secret_id) from outbound_webhooks.list_secrets(%s) as s"
            " where s.valid_until is not null",
            endpoint.id,
        )
        host.pay()
        await receiver.wait_for_count(2)

    both, one = receiver.received
    assert [verifies(both, endpoint.secret), verifies(both, new)] == [True, True]
    assert [verifies(one, endpoint.secret), verifies(one, new)] == [False, True]
