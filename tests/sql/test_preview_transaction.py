"""preview(): what a transaction would send, were it committed: all that it wrote and kept, and nothing of others."""

import re

import pytest

from tests.sql import steps
from tests.sql.conftest import Connect
from tests.sql.sabotage import SABOTAGE
from tests.sql.steps import Row, endpoint
from tests.support.host import CLINIC, Host

PREVIEW = "select * from outbound_webhooks.preview()"
PAID = "update payment_transactions set status = 'paid' where id = %s"
STATUS = re.compile(r'"status" : "(\w+)"')


def preview(host: Host) -> list[Row]:
    """What this transaction would send."""
    return host.rows(PREVIEW)


def told(host: Host) -> list[tuple[str, str]]:
    """Type and payment of what this transaction would send, in order."""
    return [
        (str(row["event_type"]).partition(".")[2], re.findall(r'"id" : "(\d+)"', str(row["body"]))[0])
        for row in preview(host)
    ]


def test_it_is_what_is_sent(host: Host) -> None:
    """Previewed in a transaction that commits after all: the same events, bodies and recipients, to the letter."""
    one, other = endpoint(host), endpoint(host, event_types=["payment_transaction.status_changed"])
    host.rows("update outbound_webhooks.endpoints set url = url || '/2' where id = %s", other.id)

    with host.connection.transaction():
        payment = host.pay()
        host.rows(PAID, payment)
        rows = preview(host)
    sent = host.rows(
        "select v.id as event_id, v.type as event_type, v.clinic_id, d.endpoint_id, e.url, d.id as delivery_id, v.body"
        " from outbound_webhooks.deliveries as d join outbound_webhooks.events as v on v.id = d.event_id"
        " join outbound_webhooks.endpoints as e on e.id = d.endpoint_id order by v.id, e.id"
    )

    given = [{name: row[name] for name in sent[0]} for row in rows if row["delivery_id"] is not None]
    assert given == sent
    assert [(row["endpoint_id"], row["code"]) for row in rows] == [
        (one.id, "delivery_off"), (other.id, "type"), (one.id, "delivery_off"), (other.id, "delivery_off"),
    ]  # fmt: skip
    assert "asks for payment_transaction.status_changed" in str(rows[1]["words"])


def test_rolled_back(host: Host) -> None:
    """As it is meant to be used: looked at, and rolled back: nothing is left, and nothing is sent."""
    endpoint(host)
    payment = host.pay()

    with host.connection.transaction(force_rollback=True):
        host.rows(PAID, payment)
        (row,) = preview(host)

    assert STATUS.findall(str(row["body"])) == ["paid", "pending"]  # and what it was before
    assert (len(steps.bodies(host)), len(steps.states(host))) == (1, 1)
    assert preview(host) == []


def test_nothing_written(host: Host) -> None:
    """Of a transaction that only reads there is nothing to show, and looking makes no transaction id."""
    endpoint(host)
    host.pay()

    with host.connection.transaction():
        rows = preview(host)
        own = host.value("select pg_current_xact_id_if_assigned()")

    assert (rows, own) == ([], None)


def test_savepoints(host: Host) -> None:
    """What was written behind savepoints is shown, released or not, nested or not; what was rolled back is not."""
    endpoint(host)
    first, second, third, fourth, fifth = (str(host.pay()) for _ in range(5))

    with host.connection.transaction(force_rollback=True):
        host.rows(PAID, first)
        host.rows("savepoint a")
        host.rows(PAID, second)
        host.rows("savepoint b")
        host.rows(PAID, third)
        host.rows("release savepoint b")
        open_savepoints = told(host)
        host.rows("rollback to savepoint a")
        host.rows("savepoint c")
        host.rows(PAID, fourth)
        host.rows("savepoint d")
        host.rows(PAID, fifth)
        at_the_end = told(host)
        host.rows("release savepoint a")
        released = told(host)

    change = "status_changed"
    assert open_savepoints == [(change, first), (change, second), (change, third)]
    assert at_the_end == released == [(change, first), (change, fourth), (change, fifth)]


def test_blocks_that_catch_errors(host: Host) -> None:
    """A block of the host's that failed, and was caught, is not shown; what the handler wrote is."""
    endpoint(host)
    failed, handled = host.pay(), str(host.pay())

    with host.connection.transaction(force_rollback=True):
        host.rows(
            "do $$ begin"
            f" begin update payment_transactions set status = 'paid' where id = {failed}; perform 1 / 0;"
            " exception when division_by_zero then"
            f" update payment_transactions set status = 'failed' where id = {handled};"
            " end; end $$"
        )
        found = told(host)

    assert found == [("status_changed", handled)]


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_beside_other_writers(host: Host, connect: Connect, isolation: str) -> None:
    """Others that committed before, meanwhile, and not yet: none of theirs is shown, whoever's id is greater."""
    endpoint(host)
    payments = [str(host.pay()) for _ in range(6)]
    before, open_first, meanwhile, open_later = (connect() for _ in range(4))
    before.rows(PAID, payments[0])

    with open_first.connection.transaction(force_rollback=True):
        open_first.rows(PAID, payments[1])
        with host.connection.transaction(force_rollback=True):
            host.rows(f"set transaction isolation level {isolation}")
            host.rows(PAID, payments[2])
            meanwhile.rows(PAID, payments[3])
            with open_later.connection.transaction(force_rollback=True):
                open_later.rows(PAID, payments[4])
                host.rows("savepoint a")
                host.rows(PAID, payments[5])
                mine, of_first, of_later = told(host), told(open_first), told(open_later)
    of_meanwhile = told(meanwhile)

    change = "status_changed"
    assert mine == [(change, payments[2]), (change, payments[5])]
    assert of_first == [(change, payments[1])]
    assert of_later == [(change, payments[4])]
    assert of_meanwhile == []


def test_the_ledger(host: Host) -> None:
    """A change of this transaction that went to the ledger is shown with its reason; an older one is not."""
    endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    host.pay()

    with host.connection.transaction(force_rollback=True):
        payment = host.pay()
        rows = preview(host)

    (row,) = rows
    assert (row["code"], row["event_id"], row["body"], row["clinic_id"]) == ("in_ledger", None, None, CLINIC)
    assert str(row["words"]).startswith(
        f"INSERT of payment_transactions {payment} is not captured, and stands in the ledger: function "
    )


def test_recaptured_here(host: Host) -> None:
    """What this transaction recaptured is shown as the event it became, and in the ledger no more."""
    endpoint(host)
    host.rows(SABOTAGE["payload function dropped"][0])
    payment = str(host.pay())
    host.rows(SABOTAGE["payload function dropped"][1])

    with host.connection.transaction(force_rollback=True):
        host.rows("select outbound_webhooks.recapture()")
        found = told(host)

    assert found == [("created", payment)]


def test_nobody_gets_it(sandbox: Host) -> None:
    """An event that SQL emitted for a clinic without an endpoint: the body, and that nobody gets it."""
    sandbox.rows("select outbound_webhooks.emit('clinic-9', 'payout.scheduled', 'payout', '7', '{\"id\": \"7\"}')")

    (row,) = preview(sandbox)

    assert (row["endpoint_id"], row["delivery_id"], row["code"]) == (None, None, "clinic_without_endpoint")
    assert '"payout.scheduled"' in str(row["body"])


def test_a_paused_endpoint_gets_it_later(sandbox: Host) -> None:
    """It has a delivery, and the words say what becomes of it; a retired endpoint is not named."""
    gone, created = endpoint(sandbox), endpoint(sandbox)
    steps.set_state(sandbox, gone.id, "retired")
    sandbox.rows("select outbound_webhooks.begin_delivery('drain', 1)")
    steps.register(sandbox)
    sandbox.rows("select outbound_webhooks.pause_endpoint(%s, 'the clinic moves')", created.id)
    sandbox.pay()

    (row,) = preview(sandbox)

    assert (row["endpoint_id"], row["code"]) == (created.id, "paused")
    assert row["delivery_id"] is not None
