"""The doorbell: NOTIFY only when somebody sleeps and nobody is awake. Told by what a listener really receives."""

from contextlib import closing

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import CLINIC, PAY, Host
from tests.support.listening import CountingListener

STANDS, LAPSED, ABSURD, NEVER_GIVEN = "9 seconds", "-1 second", "1 hour", None


def promise(host: Host, kind: str, duration: str | None) -> None:
    """Promise to be awake or asleep for that long."""
    if duration is not None:
        host.rows("select outbound_webhooks.promise(%s, %s)", kind, duration)


def promise_and(host: Host, statement: str, **promises: str | None) -> None:
    """Promise, and run a statement, in one message to the server: no promise lapses on the way."""
    given = (f"select outbound_webhooks.promise('{kind}', '{lasts}')" for kind, lasts in promises.items() if lasts)
    host.rows("; ".join([*given, statement]))


@pytest.mark.parametrize(
    ("awake", "asleep", "rings"),
    [
        (NEVER_GIVEN, NEVER_GIVEN, 0),
        (STANDS, NEVER_GIVEN, 0),
        (NEVER_GIVEN, STANDS, 1),
        (STANDS, STANDS, 0),
        (LAPSED, STANDS, 1),
        (LAPSED, LAPSED, 0),
        (STANDS, LAPSED, 0),
        (NEVER_GIVEN, ABSURD, 0),
        (ABSURD, STANDS, 1),
        (ABSURD, ABSURD, 0),
    ],
)
def test_rings(host: Host, awake: str | None, asleep: str | None, rings: int) -> None:
    """It rings exactly when a promise to sleep stands and none to be awake; one an hour ahead is a clock gone wrong."""
    steps.endpoint(host)

    with closing(CountingListener(host.url)) as listener:
        promise_and(host, PAY, awake=awake, asleep=asleep)
        heard = listener.rings(host)

    assert heard == rings


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_promises_are_outside_transactions(host: Host, connect: Connect, isolation: str) -> None:
    """A writer of any isolation sees the promise of this moment, though its transaction has a snapshot from before."""
    steps.endpoint(host)
    writer = connect()
    heard = []

    with closing(CountingListener(host.url)) as listener:
        for awake in (STANDS, LAPSED, STANDS):
            with writer.connection.transaction():
                writer.rows(f"set transaction isolation level {isolation}")
                writer.rows("select count(*) from payment_transactions")
                promise_and(host, "select", asleep=STANDS, awake=awake)
                writer.pay()
            heard.append(listener.rings(host))

    assert heard == [0, 1, 0]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_a_promise_of_sleep_is_seen(host: Host, connect: Connect, isolation: str) -> None:
    """Somebody who falls asleep after the writer's snapshot was taken is rung."""
    steps.endpoint(host)
    writer = connect()

    with closing(CountingListener(host.url)) as listener:
        with writer.connection.transaction():
            writer.rows(f"set transaction isolation level {isolation}")
            writer.rows("select count(*) from payment_transactions")
            promise(host, "asleep", STANDS)
            writer.pay()
        heard = listener.rings(host)

    assert heard == 1


def test_once_a_transaction(host: Host) -> None:
    """Many payments in one transaction ring once, when it commits; a rolled-back one does not ring."""
    steps.endpoint(host)

    with closing(CountingListener(host.url)) as listener:
        with host.connection.transaction():
            for _ in range(3):
                promise_and(host, PAY, asleep=STANDS)
        with host.connection.transaction(force_rollback=True):
            promise_and(host, PAY, asleep=STANDS)
        heard = listener.rings(host)

    assert heard == 1


def test_no_delivery_no_ring(host: Host) -> None:
    """An event that no endpoint asks for, and a clinic without endpoints, wake nobody."""
    steps.endpoint(host, event_types=["invoice.*"])

    with closing(CountingListener(host.url)) as listener:
        promise_and(host, f"{PAY}; {PAY.replace(CLINIC, 'another clinic')}", asleep=STANDS)
        heard = listener.rings(host)

    assert heard == 0
    assert host.value("select count(*) from outbound_webhooks.events") == 1


def test_delivery_is_off(host: Host) -> None:
    """Dispatchers run and wait, but may send nothing: no writer rings for that."""
    steps.endpoint(host)
    host.rows("select outbound_webhooks.set_delivery(false)")

    with closing(CountingListener(host.url)) as listener:
        promise_and(host, PAY, asleep=STANDS)
        while_off = listener.rings(host)
        host.rows("select outbound_webhooks.set_delivery(true)")
        promise_and(host, PAY, asleep=STANDS)
        after = listener.rings(host)

    assert (while_off, after) == (0, 1)


def ring_for_others(host: Host, dispatcher: int, asleep: str | None = STANDS) -> int:
    """Call it as an awake and full dispatcher does; returns how many rings were heard."""
    with closing(CountingListener(host.url)) as listener:
        promise_and(host, f"select outbound_webhooks.ring_for_others({dispatcher})", awake=STANDS, asleep=asleep)
        return listener.rings(host)


@pytest.mark.parametrize(("asleep", "rings"), [(STANDS, 1), (LAPSED, 0), (NEVER_GIVEN, 0), (ABSURD, 0)])
def test_ring_for_others(host: Host, asleep: str | None, rings: int) -> None:
    """A full dispatcher rings, though it is awake itself, if another one sleeps."""
    full, _ = steps.register(host), steps.register(host)

    assert ring_for_others(host, full, asleep) == rings


@pytest.mark.parametrize(
    "change",
    [
        "delete from outbound_webhooks.dispatchers where id = %s",
        "update outbound_webhooks.dispatchers set delivering = false where id = %s",
        "update outbound_webhooks.dispatchers set stopped_at = clock_timestamp() where id = %s",
        "update outbound_webhooks.dispatchers set heartbeat_at = heartbeat_at - interval '16 s' where id = %s",
        "update outbound_webhooks.settings set wake_up = 'poll' where %s > 0",
    ],
)
def test_no_ring_without_others(host: Host, change: str) -> None:
    """Nobody is rung for who is not there, does not deliver, has stopped or is dead; nor if nobody listens."""
    full, other = steps.register(host), steps.register(host)
    host.rows(change, other)

    assert ring_for_others(host, full) == 0
