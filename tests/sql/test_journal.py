"""The check that the following rest on, "events == committed changes", fails when either side is tampered with."""

from tests.sql.conftest import Connect
from tests.sql.journal import Journal
from tests.support.host import CLINIC, Host

DELIVERY = "(select max(id) from outbound_webhooks.deliveries)"
TAMPERING = {
    "an event is missing": (
        "with gone as (delete from outbound_webhooks.deliveries where id = {last} returning event_id)"
        " delete from outbound_webhooks.events using gone where id = event_id"
    ),
    "a delivery is missing": "delete from outbound_webhooks.deliveries where id = {last}",
    "a delivery too many": (
        "insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id)"
        " select event_id, endpoint_id, clinic_id from outbound_webhooks.deliveries where id = {last}"
    ),
    "an event too many": (
        "select outbound_webhooks.emit('clinic-1', 'payment_transaction.created', 'payment_transaction', '7',"
        """ '{{"clinic_id": "clinic-1", "status": "paid", "previous": null}}')"""
    ),
    "another order": "update outbound_webhooks.deliveries set id = -1 where id = {last}",
    "another value": (
        "update outbound_webhooks.events set body = replace(body, '\"amount\" : 1000', '\"amount\" : 1001')"
    ),
    "another past": "update outbound_webhooks.events set body = replace(body, '\"pending\"}}', '\"failed\"}}')",
    "a failed capture": (
        "insert into outbound_webhooks.capture_errors (source, operation, error_code, message)"
        " values ('payment_transactions', 'UPDATE', '22012', 'division by zero')"
    ),
}


def found(journal: Journal) -> bool:
    """Whether the check fails."""
    try:
        journal.check()
    except AssertionError:
        return True
    return False


def test_planted_faults_are_found(host: Host, journal: Journal) -> None:
    """One payment, paid and partly refunded, passes; each of these faults, taken back afterwards, makes it fail."""
    payment = host.pay()
    host.rows("update payment_transactions set status = 'paid', refunded_cents = 5")
    overlooked = []
    for name, fault in TAMPERING.items():
        with host.connection.transaction(force_rollback=True):
            host.rows(fault.format(last=DELIVERY))
            if not found(journal):
                overlooked.append(name)

    assert overlooked == []
    assert journal.check() == {str(payment): ["created pending", "pending > paid", "refunded 0 > 5"]}


def test_a_change_that_was_not_captured_is_found(host: Host, journal: Journal) -> None:
    """The witness sees what no trigger saw."""
    host.pay()
    host.rows("set session_replication_role = replica")
    host.rows("update payment_transactions set status = 'failed'")

    assert found(journal)


def test_what_the_witness_saw(host: Host, journal: Journal, connect: Connect) -> None:
    """The journal has what committed, in the order of the commits, and nothing of what is open or rolled back."""
    other = connect()
    with other.connection.transaction():
        other.pay(amount=1)
        host.pay(amount=2)
        with host.connection.transaction():
            host.pay(amount=3)
            with host.connection.transaction(force_rollback=True):
                host.pay(amount=4)
        while_open = [change.new["amount_cents"] for change in journal.read() if change.new]
    with host.connection.transaction(force_rollback=True):
        host.pay(amount=5)
    host.rows("delete from payment_transactions where amount_cents = 2")
    host.rows("truncate payment_transactions")
    rest = journal.read()

    assert while_open == ["2", "3"]
    assert [change.kind for change in rest] == ["insert", "delete", "truncate"]
    assert rest[0].new is not None
    assert (rest[0].new["amount_cents"], rest[0].new["clinic_id"], rest[0].new["internal_note"]) == ("1", CLINIC, None)
