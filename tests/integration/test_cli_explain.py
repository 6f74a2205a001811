"""explain on the command line: by a real dispatcher's deliveries, and what it refuses."""

import re

import pytest

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.sql import steps
from tests.sql.explaining import newest
from tests.support.cli import cli, refused
from tests.support.host import Host
from tests.support.traces import ACTOR, REQUEST_ID, TRACE_ID, WRITTEN_BY, told

TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")
NOWHERE = "019ad0b4-6b3c-7f21-9a51-0c5e5d0a8c11"


def lines(text: str) -> list[str]:
    """The lines that were printed, with times left out."""
    return TIME.sub("TIME", text).splitlines()


async def test_an_event(host: Host, receiver: Receiver, dispatcher: StartDispatcher, env: dict[str, str]) -> None:
    """Of all endpoints, and of one: what a dispatcher did, with the answer that it got."""
    sent = host.endpoint(receiver.url + "/")
    failed = host.endpoint(receiver.url + "/fails", retry_schedule=[0, 3600])
    other = host.endpoint(receiver.url + "/other", event_types=["payout.*"])
    gone = host.endpoint(receiver.url + "/gone")
    steps.set_state(host, gone.id, "retired")
    receiver.answer_next(500, path="/fails")
    async with dispatcher() as seen:
        payment = host.pay()
        await seen.count(AttemptFinished, 2)
        event = newest(host)
        everybody = cli("explain", str(event), **env)
        one = cli("explain", str(event), str(sent.id), **env)

    assert (everybody.code, everybody.err) == (0, "")
    assert lines(everybody.out) == [
        f"event {event}: payment_transaction.created, about payment_transaction {payment} of clinic clinic-1, TIME",
        f"endpoint {sent.id}: {receiver.url}/",
        "  succeeded: delivered, with 1 attempt; the answer was 204 (since TIME)",
        f"endpoint {failed.id}: {receiver.url}/fails",
        "  not_due: attempt 2 is due later (until TIME)",
        "  last_attempt: attempt 1 failed: http_status 500 (since TIME)",
        f"endpoint {other.id}: {receiver.url}/other",
        "  type: the endpoint asks for payout.*, not for payment_transaction.created",
    ]
    assert lines(one.out) == lines(everybody.out)[:3]


def test_what_it_was_written_under(env: dict[str, str], host: Host) -> None:
    """What the transaction said of itself stands below the event; one that named only some of it, with those."""
    steps.endpoint(host)
    with told(host, **WRITTEN_BY):
        host.pay()
    everything = cli("explain", str(newest(host)), **env)
    with told(host, actor=ACTOR):
        host.pay()
    some = cli("explain", str(newest(host)), **env)

    assert lines(everything.out)[1] == f"  written under request {REQUEST_ID}, actor {ACTOR}, trace {TRACE_ID}"
    assert lines(some.out)[1] == f"  written under actor {ACTOR}"


def test_behind_another_delivery(env: dict[str, str], host: Host) -> None:
    """The reasons of the delivery that it waits for have its number before them."""
    created = steps.endpoint(host, ordering="per_resource")
    host.pay()
    (head,) = host.rows("select id from outbound_webhooks.deliveries")
    host.rows("update payment_transactions set status = 'paid'")

    done = cli("explain", str(newest(host)), str(created.id), **env)

    assert [line.strip().split(": ")[0] for line in lines(done.out)[2:]] == [
        "delivery_off", "held_back", f"delivery {head['id']}",
    ]  # fmt: skip


def test_a_row(env: dict[str, str], host: Host) -> None:
    """A payment by its key: its event, and each endpoint below; and one of which there is nothing."""
    created = steps.endpoint(host)
    payment = host.pay()
    nobodys = host.pay("clinic-9")

    one = cli("explain", "--source", "payment_transactions", "--key", str(payment), **env)
    other = cli("explain", "--source", "payment_transactions", "--key", str(nobodys), **env)

    off = "delivery_off: delivery is off: no dispatcher runs with OUTBOUND_WEBHOOKS_ENABLED=true"
    assert (one.code, one.err, other.code, other.err) == (0, "", 0, "")
    assert lines(one.out) == [
        f"row {payment} of payment_transactions",
        f"  event {newest(host)}: captured: it became payment_transaction.created of clinic clinic-1 (since TIME)",
        f"    endpoint {created.id}: {off}",
    ]
    assert lines(other.out) == [
        f"row {nobodys} of payment_transactions",
        "  clinic_without_endpoint: clinic clinic-9 has no endpoint: what is written for it makes no event",
    ]


def test_an_event_of_nobody(env: dict[str, str], host: Host) -> None:
    """Emitted by SQL for a clinic without an endpoint."""
    event = host.value("select outbound_webhooks.emit('clinic-9', 'payout.made', 'payout', '1', '{}')")

    done = cli("explain", str(event), **env)

    assert lines(done.out)[1:] == ["  the clinic has no endpoint"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to explain: EVENT, and perhaps ENDPOINT; or --source and --key of a row"),
        ([NOWHERE, "--key", "1"], "say what to explain"),
        (["--source", "payment_transactions"], "say what to explain"),
        ([NOWHERE, "1", "--source", "payment_transactions", "--key", "1"], "say what to explain"),
        (["teatime"], "invalid UUID value: 'teatime'"),
        ([NOWHERE, "0"], "0 is not a number from 1 on"),
        ([NOWHERE], "there is no such event"),
        ([NOWHERE, "1"], "there is no such event"),
        ([NOWHERE, "4711"], "there is no endpoint 4711"),
        (["--source", "nothing", "--key", "1"], "there is no event source named 'nothing'"),
        (["--source", "payment_transactions", "--key", "teatime"], "invalid input syntax"),
    ],
)
def test_what_it_refuses(env: dict[str, str], host: Host, arguments: list[str], message: str) -> None:
    """With what to do instead."""
    steps.endpoint(host)

    assert refused(cli("explain", *arguments, **env), message)
