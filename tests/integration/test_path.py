"""The path, end to end: a write to the host's table arrives as a signed webhook."""

import json

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.support.host import Host


async def test_a_payment_arrives_signed_and_recorded(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher
) -> None:
    """Insert, status change and partial refund arrive as three verified events, each with one attempt row."""
    endpoint = host.endpoint(receiver.url + "/hooks")
    receiver.keys["/hooks"] = [endpoint.secret]

    async with dispatcher() as seen:
        payment = host.pay()
        host.rows("update payment_transactions set status = 'paid' where id = %s", payment)
        host.rows("update payment_transactions set refunded_cents = 300 where id = %s", payment)
        await receiver.wait_for_count(3)
        await seen.count(AttemptFinished, 3)

    bodies = [json.loads(request.body) for request in receiver.received]
    by_type = {body["type"]: body["data"] for body in bodies}

    assert all(request.verified for request in receiver.received)
    assert by_type["payment_transaction.created"]["amount"] == 1000
    assert by_type["payment_transaction.status_changed"]["previous"] == {"status": "pending"}
    assert by_type["payment_transaction.partially_refunded"]["refunded_amount"] == 300
    assert host.value("select count(*) from outbound_webhooks.deliveries") == 0
    assert host.value("select count(*) from outbound_webhooks.attempts where outcome = 'succeeded'") == 3
