"""reconcile, in a named order with another session: nothing is made twice, nobody waits, nothing is half seen."""

from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.reconciling import delete_event, named, recapture, reconcile, untold, update
from tests.sql.replaying import advance, start_reevaluation
from tests.sql.sabotage import SABOTAGE
from tests.sql.steps import endpoint
from tests.support.host import Host

ALL_OF_THEM = "select count(*) from outbound_webhooks."


def test_two_recaptures_of_rows(host: Host, connect: Connect) -> None:
    """A has mended and not committed: B waits, looks, and finds what A has made; each event is made once."""
    endpoint(host)
    inserted, changed = host.pay(), host.pay()
    delete_event(host, inserted, "created")
    with untold(host):
        update(host, changed, "status = 'paid'")
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            by_a = recapture(a)
            call = running.submit(recapture, b)
            until_blocked(host, b, call)
        by_b = call.result(timeout=60)

    assert [row["problem"] for row in by_a] == [None, None]
    assert by_b == []
    assert host.value(ALL_OF_THEM + "events") == 3
    assert host.value(ALL_OF_THEM + "capture_errors") == 2


def test_two_recaptures_of_deliveries(host: Host, connect: Connect) -> None:
    """The same for deliveries."""
    endpoint(host)
    host.pay()
    host.rows("delete from outbound_webhooks.deliveries")
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            by_a = recapture(a)
            call = running.submit(recapture, b)
            until_blocked(host, b, call)
        by_b = call.result(timeout=60)

    assert len(by_a) == 1
    assert by_b == []
    assert host.value(ALL_OF_THEM + "deliveries") == 1


def test_beside_a_reevaluation(host: Host, connect: Connect) -> None:
    """A reevaluation is about to make the same delivery: it waits, and finds nothing owed any more."""
    endpoint(host)
    host.pay()
    host.rows("delete from outbound_webhooks.deliveries")
    replay = start_reevaluation(host, clinic_id="clinic-1")
    a, b = connect(), connect()
    with background() as running:
        with a.connection.transaction():
            recapture(a)
            call = running.submit(advance, b, replay)
            until_blocked(host, b, call)
        moved = call.result(timeout=60)

    assert moved is not None
    assert moved["moved"] == 0
    assert host.value(ALL_OF_THEM + "deliveries") == 1


def test_a_recapture_that_is_rolled_back(host: Host, connect: Connect) -> None:
    """Nothing of it has happened: the gap is there as before, and the ledger is empty."""
    endpoint(host)
    payment = host.pay()
    delete_event(host, payment, "created")
    a = connect()
    with a.connection.transaction(force_rollback=True):
        recapture(a)

    assert named(reconcile(host)) == [("row_without_event", str(payment), "created")]
    assert host.value(ALL_OF_THEM + "capture_errors") == 0


def test_payments_do_not_wait(host: Host, connect: Connect) -> None:
    """A mends in an open transaction: payments, of the same row too, commit and are captured beside it."""
    endpoint(host)
    payment = host.pay()
    with untold(host):
        update(host, payment, "status = 'paid'")
    a = connect()
    host.rows("set statement_timeout = '30s'")
    with a.connection.transaction():
        recapture(a)
        update(host, payment, "status = 'refunded'")
        host.pay()

    assert host.value(ALL_OF_THEM + "events") == 4
    assert host.value(ALL_OF_THEM + "capture_errors where error_code <> '02000'") == 0
    assert reconcile(host) == []


def test_beside_a_payment(host: Host, connect: Connect) -> None:
    """A payment that has not committed yet is not seen, and no part of it: its row has no gap."""
    endpoint(host)
    payment = host.pay()
    a = connect()
    with a.connection.transaction():
        update(a, payment, "status = 'paid'")
        a.pay()
        during = reconcile(host)

    assert during == []
    assert reconcile(host) == []


def test_beside_a_recapture_of_the_ledger(host: Host, connect: Connect) -> None:
    """A recaptures the change in an open transaction: for B it stands in the ledger still, and is no gap."""
    endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()
    host.rows(SABOTAGE["payload function dropped"][1])
    a = connect()
    with a.connection.transaction():
        a.rows("select outbound_webhooks.recapture()")
        during = recapture(host)

    assert {row["kind"] for row in during} <= {"ledger", "unknown"}
    assert reconcile(host) == []
    assert host.value(ALL_OF_THEM + "events") == 1
