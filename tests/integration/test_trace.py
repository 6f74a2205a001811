"""Trace and request id: from the transaction that wrote the payment into the requests, over real HTTPS."""

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.support.host import Host
from tests.support.traces import ACTOR, BAD_LABELS, BAD_TRACEPARENTS, REQUEST_ID, TRACEPARENT, WRITTEN_BY, told

NAMES = ("traceparent", "webhook-request-id")


async def test_from_the_payment_to_the_receiver(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The same in the first request and in the retry; a payment that said nothing has none. The actor stays here."""
    endpoint = host.endpoint(receiver.url + "/", retry_schedule=[0, 0])
    receiver.keys["/"] = [endpoint.secret]
    receiver.answer_next(503)
    with told(host, **WRITTEN_BY):
        host.pay()

    async with dispatcher() as seen:
        await seen.count(AttemptFinished, 2)
        host.pay()
        await seen.count(AttemptFinished, 3)
    first, retry, other = receiver.received

    assert all(request.verified for request in receiver.received)
    assert [[request.headers.get(name) for name in NAMES] for request in (first, retry, other)] == [
        [TRACEPARENT, REQUEST_ID],
        [TRACEPARENT, REQUEST_ID],
        [None, None],
    ]
    assert not any(ACTOR in f"{request.headers}{request.body!r}" for request in receiver.received)


async def test_what_is_none(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Malformed, empty, too long, with a line break in it: the payment commits, and its request has no such header."""
    host.endpoint(receiver.url + "/")
    for value in BAD_TRACEPARENTS.values():
        with told(host, traceparent=value):
            host.pay()
    for value in BAD_LABELS.values():
        with told(host, actor=value, request_id=value):
            host.pay()
    payments = len(BAD_TRACEPARENTS) + len(BAD_LABELS)

    async with dispatcher() as seen:
        await seen.count(AttemptFinished, payments)

    assert host.value("select count(*) from payment_transactions") == payments
    assert len(receiver.received) == payments
    assert not any({*NAMES, "x-injected"} & set(request.headers) for request in receiver.received)
