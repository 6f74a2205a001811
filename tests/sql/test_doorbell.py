"""The doorbell: NOTIFY only when somebody sleeps and nobody is awake. Told by what a listener really receives."""

from contextlib import closing

import psycopg
import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.support.host import Host

FENCE = "the end of what is looked at"
STANDS, LAPSED, ABSURD, NEVER_GIVEN = "9 seconds", "-1 second", "1 hour", None


class Listener:
    """A session on LISTEN, as a sleeping dispatcher has one."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(url, autocommit=True)
        self.connection.execute("listen outbound_webhooks")

    def rings(self, host: Host) -> int:
        """How often it rang so far: notifications keep their order, so one that the test sends marks the end."""
        host.rows("select pg_notify('outbound_webhooks', %s)", FENCE)
        for count, notification in enumerate(self.connection.notifies(timeout=60)):
            if notification.payload == FENCE:
                return count
        raise TimeoutError("the test's own notification did not arrive")

    def close(self) -> None:
        """Close its connection."""
        self.connection.close()


def promise(host: Host, kind: str, duration: str | None) -> None:
    """Promise to be awake or asleep for that long."""
    if duration is not None:
        host.rows("select outbound_webhooks.promise(%s, %s)", kind, duration)


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
    promise(host, "awake", awake)
    promise(host, "asleep", asleep)

    with closing(Listener(host.url)) as listener:
        host.pay()
        heard = listener.rings(host)

    assert heard == rings


def test_promises_are_outside_transactions(host: Host, connect: Connect) -> None:
    """A writer sees the promise of this moment, though its transaction has a snapshot from before it."""
    steps.endpoint(host)
    promise(host, "asleep", STANDS)
    writer = connect()

    with closing(Listener(host.url)) as listener:
        with writer.connection.transaction():
            writer.rows("set transaction isolation level serializable")
            writer.rows("select count(*) from payment_transactions")
            promise(host, "awake", STANDS)
            writer.pay()
        heard_while_awake = listener.rings(host)
        with writer.connection.transaction():
            writer.rows("set transaction isolation level serializable")
            writer.rows("select count(*) from payment_transactions")
            promise(host, "awake", LAPSED)
            writer.pay()
        heard_while_asleep = listener.rings(host)

    assert heard_while_awake == 0
    assert heard_while_asleep == 1


def test_once_a_transaction(host: Host) -> None:
    """Many payments in one transaction ring once, when it commits; a rolled-back one does not ring."""
    steps.endpoint(host)
    promise(host, "asleep", STANDS)

    with closing(Listener(host.url)) as listener:
        with host.connection.transaction():
            for _ in range(3):
                host.pay()
        with host.connection.transaction(force_rollback=True):
            host.pay()
        heard = listener.rings(host)

    assert heard == 1


def test_no_delivery_no_ring(host: Host) -> None:
    """An event that no endpoint asks for, and a clinic without endpoints, wake nobody."""
    steps.endpoint(host, event_types=["invoice.*"])
    promise(host, "asleep", STANDS)

    with closing(Listener(host.url)) as listener:
        host.pay()
        host.pay("another clinic")
        heard = listener.rings(host)

    assert heard == 0
    assert host.value("select count(*) from outbound_webhooks.events") == 1
