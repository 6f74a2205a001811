"""Replays beside others: a stop, two leaders, a retry, a crash in the middle; and payments do not wait."""

from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.replaying import advance, dead, live, replayed, start_replay, to_its_end
from tests.sql.steps import RETRY, claim, record, register, result
from tests.support.host import Host

STOP = "select outbound_webhooks.stop_replay(%s)"


def test_a_stop_waits_for_the_batch(host: Host, connect: Connect) -> None:
    """A advances in an open transaction, B stops it: B waits; what A moved stays moved, and nothing follows."""
    dead(host, 10)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            advance(a, replay, 4)
            call = running.submit(b.rows, STOP, replay)
            until_blocked(host, b, call)
        call.result(timeout=60)

    assert advance(host, replay) is None
    assert (replayed(host, replay)["state"], replayed(host, replay)["moved"]) == ("stopped", 4)
    assert len(live(host)) == 4


def test_two_leaders(host: Host, connect: Connect) -> None:
    """A and B take themselves for the leader: B waits for A's batch, and goes on behind it; nothing moves twice."""
    deliveries = dead(host, 10)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            advance(a, replay, 4)
            call = running.submit(advance, b, replay, 4)
            until_blocked(host, b, call)
        by_b = call.result(timeout=60)

    assert by_b is not None
    assert by_b["moved"] == 4
    assert [delivery for delivery, _ in live(host)] == deliveries[:8]


def test_a_batch_that_is_taken_back(host: Host, connect: Connect) -> None:
    """A dispatcher dies in the middle of a batch: nothing of it has happened, and the next leader goes on."""
    deliveries = dead(host, 10)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    advance(host, replay, 4)
    a = connect()
    with a.connection.transaction(force_rollback=True):
        advance(a, replay, 4)
    to_its_end(host, replay)

    assert [delivery for delivery, _ in live(host)] == deliveries
    assert replayed(host, replay)["moved"] == 10


def test_beside_a_retry(host: Host, connect: Connect) -> None:
    """A retries one in an open transaction: the batch does not wait, and moves the others."""
    deliveries = dead(host, 3)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a = connect()
    host.rows("set statement_timeout = '30s'")
    with a.connection.transaction():
        a.rows("select outbound_webhooks.retry_delivery(%s)", deliveries[1])
        advance(host, replay)

    assert sorted(delivery for delivery, _ in live(host)) == deliveries
    assert replayed(host, replay)["moved"] == 2


def test_payments_do_not_wait(host: Host, connect: Connect) -> None:
    """A batch in an open transaction: payments commit, are claimed and recorded, without waiting for it."""
    dead(host, 3)
    replay = start_replay(host, endpoint_id=1, rate=10000)
    a = connect()
    host.rows("set statement_timeout = '30s'")
    with a.connection.transaction():
        advance(a, replay)
        host.pay()
        (claimed,) = claim(host, dispatcher := register(host))
        kept = record(host, result(claimed, dispatcher, RETRY))

    assert kept == [claimed["lease_token"]]
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0
