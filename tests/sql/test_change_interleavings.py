"""change_endpoint beside other sessions: who waits for whom, and that nobody takes back what another one did."""

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.steps import claim, register, result
from tests.sql.test_change_endpoint import change, refusal, row_of
from tests.support.host import Host


def test_two_at_once(host: Host, connect: Connect) -> None:
    """A changes one option, and B another one before A commits: B waits, and neither takes back the other."""
    created = steps.endpoint(host)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            change(a, created.id, {"timeout_seconds": 5})
            call = running.submit(change, b, created.id, {"description": "by B"})
            until_blocked(host, b, call)
        call.result(timeout=60)

    row = row_of(host, created.id)
    assert (row["timeout_seconds"], row["description"]) == (5, "by B")


def test_a_change_and_a_retirement(host: Host, connect: Connect) -> None:
    """B changes an endpoint that A retires: B waits, and is told that it is retired."""
    created = steps.endpoint(host)
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            a.rows("select outbound_webhooks.retire_endpoint(%s)", created.id)
            call = running.submit(refusal, b, created.id, {"description": "by B"})
            until_blocked(host, b, call)
        error = call.result(timeout=60)

    assert error.sqlstate == "55000"


def test_a_payment_does_not_wait(host: Host, connect: Connect) -> None:
    """A changes an endpoint in an open transaction: payments are captured, claimed and recorded meanwhile."""
    created = steps.endpoint(host)
    a, b = connect(), connect()
    b.rows("set lock_timeout = '1s'")

    with a.connection.transaction():
        change(a, created.id, {"timeout_seconds": 5})
        host.rows("set lock_timeout = '1s'")
        host.pay()
        dispatcher = register(b)
        (claimed,) = claim(b, dispatcher)
        steps.record(b, result(claimed, dispatcher, steps.SUCCEEDED))

    assert set(steps.states(host).values()) == {"succeeded"}
