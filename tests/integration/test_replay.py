"""Retries and replays by a real dispatcher: the same again, at a rate, through restarts."""

from collections import Counter

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, DatabaseTrouble, ReplayAdvanced, Woken
from tests.conftest import StartDispatcher
from tests.integration.test_wake import asleep
from tests.sql.replaying import replayed, start_reevaluation, start_replay
from tests.support.host import Host
from tests.support.promises import until_writes_ring
from tests.support.seen import Seen

EVENTS = "select id from outbound_webhooks.events where resource = 'payment_transaction' order by id"
DEAD = "select count(*) from outbound_webhooks.delivery_log where state = 'dead'"


async def let_die(host: Host, receiver: Receiver, dispatcher: StartDispatcher, count: int) -> list[tuple[str, bytes]]:
    """So many deliveries of a new endpoint that had one attempt each, and are dead; returns what was sent, by id."""
    host.endpoint(receiver.url + "/", retry_schedule=[0], max_in_flight=50)
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    receiver.default = 500
    async with dispatcher() as seen:
        for _ in range(count):
            host.pay()
        await seen.count(AttemptFinished, count)
    assert host.value(DEAD) == count
    sent = sorted((request.webhook_id, request.body) for request in receiver.received)
    receiver.received.clear()
    receiver.default = 204
    return sent


def moved(seen: Seen) -> int:
    """How many deliveries replays made due so far, in this dispatcher."""
    return sum(observation.moved for observation in seen.of(ReplayAdvanced))


async def test_the_same_again(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """All that died arrives, with the same ids and bytes, no faster than the rate; the attempts were asked for."""
    count, rate = 60, 50
    sent = await let_die(host, receiver, dispatcher, count)

    async with dispatcher() as seen:
        replay = start_replay(host, endpoint_id=1, rate=rate)
        await seen.count(AttemptFinished, count)
        await seen.until(lambda: any(batch.done for batch in seen.of(ReplayAdvanced)))
    reasons = host.rows("select reason, count(*) as n from outbound_webhooks.attempts group by 1 order by 1")
    found = replayed(host, replay)

    assert sorted((request.webhook_id, request.body) for request in receiver.received) == sent
    # The last one is due so long after the start: an upper bound of the rate, however late the first one arrives.
    assert receiver.received[-1].at - found["started_at"].timestamp() >= (count - 1) / rate
    assert [tuple(row.values()) for row in reasons] == [("first", count), ("manual", count)]
    assert (found["state"], found["moved"], found["total"], found["skipped"]) == ("done", count, count, {})
    assert host.value("select count(*) from outbound_webhooks.delivery_log where state = 'succeeded'") == count


async def test_through_a_restart(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """The dispatcher stops in the middle: the next one goes on where it was; nothing is left out or sent twice."""
    count = 60
    sent = await let_die(host, receiver, dispatcher, count)
    replay = start_replay(host, endpoint_id=1, rate=5)  # ten seconds' worth is left, however long the stop takes

    async with dispatcher() as first:
        await first.until(lambda: moved(first) >= 10)
    in_between = replayed(host, replay)
    host.rows("update outbound_webhooks.replays set rate = 1000")
    async with dispatcher() as second:
        await second.until(lambda: any(batch.done for batch in second.of(ReplayAdvanced)))
        await receiver.wait_for_count(count)
        await second.until(lambda: len(first.of(AttemptFinished)) + len(second.of(AttemptFinished)) == count)

    assert in_between["state"] == "running"
    assert in_between["moved"] < count
    assert replayed(host, replay)["moved"] == count
    assert Counter(request.webhook_id for request in receiver.received) == Counter(webhook_id for webhook_id, _ in sent)


async def test_stopped(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Once it is stopped, nothing more becomes due; resumed, the rest does."""
    count = 60
    await let_die(host, receiver, dispatcher, count)
    replay = start_replay(host, endpoint_id=1, rate=40)

    async with dispatcher() as seen:
        await seen.until(lambda: moved(seen) >= 20)
        host.rows("select outbound_webhooks.stop_replay(%s)", replay)
        while_stopped = replayed(host, replay)["moved"]
        await seen.count(AttemptFinished, while_stopped)
        host.rows("select outbound_webhooks.resume_replay(%s)", replay)
        await seen.count(AttemptFinished, count)

    assert while_stopped < count
    assert replayed(host, replay)["state"] == "done"


async def test_one_that_fails_does_not_hold_up_the_others(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher
) -> None:
    """The database refuses what one replay writes: it is said, and tried again; the other one is carried out."""
    await let_die(host, receiver, dispatcher, 2)
    refused = start_replay(host, endpoint_id=1)
    other = start_replay(host, endpoint_id=1)
    host.rows(f"alter table outbound_webhooks.replays add constraint stuck check (id <> {refused} or moved = 0)")

    async with dispatcher() as seen:
        await seen.until(lambda: any(batch.done for batch in seen.of(ReplayAdvanced)))
        trouble = [one.error for one in seen.of(DatabaseTrouble) if one.task == "replay"]

    assert any("stuck" in error for error in trouble)
    assert (replayed(host, refused)["moved"], replayed(host, other)["moved"]) == (0, 2)


async def test_a_retry_wakes_a_sleeper(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """One delivery by hand: a dispatcher that is asleep is rung awake, as it has no new id that it could see."""
    await let_die(host, receiver, dispatcher, 1)

    async with dispatcher() as seen:
        await asleep(seen)
        await until_writes_ring(host)
        rung_before = seen.of(Woken).count(Woken("doorbell"))
        host.rows("select outbound_webhooks.retry_delivery(1)")
        await seen.count(AttemptFinished)
        await seen.until(lambda: seen.of(Woken).count(Woken("doorbell")) > rung_before)

    assert [request.webhook_id for request in receiver.received] == [str(host.value(EVENTS))]


async def test_a_backfill(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """A new endpoint is sent what the clinic's payments told before it was there, signed with its own key."""
    await let_die(host, receiver, dispatcher, 5)
    new = host.endpoint(receiver.url + "/new")
    receiver.keys["/new"] = [new.secret]

    async with dispatcher() as seen:
        start_reevaluation(host, endpoint_id=new.id)
        await seen.count(AttemptFinished, 5)

    # Which of those that are out at once arrives first is not promised.
    arrived = sorted(request.webhook_id for request in receiver.at("/new"))
    assert arrived == [str(row["id"]) for row in host.rows(EVENTS)]
    assert all(request.verified for request in receiver.at("/new"))
    assert receiver.at("/") == []
