"""PREPARE TRANSACTION, which a NOTIFY breaks: on a server that allows it watch() chooses poll, and all is delivered."""

from collections.abc import Iterator

import psycopg
import pytest

from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished, ListenChanged
from tests.conftest import StartDispatcher
from tests.integration.test_wake import asleep
from tests.support import postgres
from tests.support.host import PAY, Host
from tests.support.promises import until_writes_ring

PREPARED = "select count(*) from pg_prepared_xacts where database = current_database()"


@pytest.fixture(scope="session")
def preparing_server(request: pytest.FixtureRequest) -> Iterator[postgres.TestServer]:
    """A server that allows PREPARE TRANSACTION."""
    with postgres.serve(request.config.getoption("--pg") or None, {"max_prepared_transactions": "10"}) as found:
        yield found


@pytest.fixture
def database_url(preparing_server: postgres.TestServer) -> Iterator[str]:
    """The database that the other fixtures work with is on that server."""
    with postgres.database(preparing_server) as url:
        yield url


def prepare(host: Host, name: str, promised: str | None = None) -> None:
    """Write a payment in a transaction that is prepared: it is on disk, and belongs to no session any more.

    A promise is given in one message with the payment, so that it does not lapse on the way.
    """
    host.rows("begin")
    host.rows(f"select outbound_webhooks.promise('{promised}', '2 seconds'); {PAY}" if promised else PAY)
    host.rows(f"prepare transaction '{name}'")


async def test_it_is_delivered(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """watch() chose poll, so the transaction can be prepared while a dispatcher idles; committed, it is delivered."""
    host.endpoint(receiver.url + "/")

    async with dispatcher() as seen:
        (polling,) = await seen.count(ListenChanged)
        await asleep(seen)
        prepare(host, "kept", "asleep")  # as one that was given before the switch
        prepare(host, "dropped", "asleep")
        prepared = host.value(PREPARED)
        host.rows("rollback prepared 'dropped'")
        host.rows("commit prepared 'kept'")
        await seen.count(AttemptFinished)

    assert host.value("select wake_up from outbound_webhooks.settings") == "poll"
    assert polling == ListenChanged(False, "settings.wake_up is poll", wanted=False)
    assert prepared == 2
    assert len(receiver.received) == 1
    assert host.value("select count(*) from outbound_webhooks.events") == 1
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


async def test_the_doorbell_breaks_it(host: Host, receiver: Receiver, dispatcher: StartDispatcher) -> None:
    """Why: with the doorbell, the host's PREPARE fails whenever a dispatcher sleeps, and only then."""
    host.endpoint(receiver.url + "/")
    host.rows("update outbound_webhooks.settings set wake_up = 'doorbell'")

    prepare(host, "before")
    host.rows("commit prepared 'before'")
    async with dispatcher() as seen:
        await seen.count(AttemptFinished)
        prepare(host, "while awake", "awake")  # however long the request took
        host.rows("commit prepared 'while awake'")
        await seen.count(AttemptFinished, 2)
        await asleep(seen)
        await until_writes_ring(host)
        with pytest.raises(psycopg.errors.FeatureNotSupported, match=r"cannot PREPARE a transaction .* NOTIFY"):
            prepare(host, "while asleep")
        host.rows("rollback")

    assert host.value("select count(*) from payment_transactions") == 2


def test_it_keeps_dead_rows(host: Host) -> None:
    """A prepared transaction that nobody ends is told by its age, though it belongs to no session."""
    age = "select age from outbound_webhooks.xmin_ages() where holder = 'prepared_transaction'"
    prepare(host, "forgotten")
    ages = [host.value(age), host.pay() and host.value(age)]
    host.rows("rollback prepared 'forgotten'")

    assert int(str(ages[1])) > int(str(ages[0])) > 0
    assert host.value(age) == 0
