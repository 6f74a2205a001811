"""Where PostgreSQL writes rows without firing our triggers, as guarantees.md lists it: nothing is emitted."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.sql import steps
from tests.sql.interleaving import until
from tests.sql.journal import Journal, emitted, words
from tests.support import postgres
from tests.support.host import Host

PAID = "update payment_transactions set status = 'paid'"
TRIGGER = "alter table payment_transactions {} trigger {}"
SWITCHES = [
    ("set session_replication_role = replica", "set session_replication_role = origin"),
    *(
        (TRIGGER.format("disable", which), TRIGGER.format("enable", which))
        for which in ('"00_outbound_webhooks_update"', "user", "all")
    ),
]


def test_where_no_trigger_fires(host: Host, journal: Journal) -> None:
    """guarantees.md, not captured: session_replication_role = replica, and triggers that were disabled.

    It is lost to us, not late: the next change is told as what it is.
    """
    payment = str(host.pay())
    for off, on in SWITCHES:
        host.rows(off)
        host.rows(PAID)
        host.rows(on)
        host.rows("update payment_transactions set status = 'pending'")

    times = len(SWITCHES)
    assert words(journal.due()) == {payment: ["created pending", *["pending > paid", "paid > pending"] * times]}
    assert words(emitted(host)) == {payment: ["created pending", *["paid > pending"] * times]}
    assert host.value("select count(*) from outbound_webhooks.capture_errors") == 0


def test_a_restore(host: Host, journal: Journal) -> None:
    """guarantees.md, captured row by row: a restore's COPY is, unless capture is off in its session, by PGOPTIONS."""
    for options in ("-c outbound_webhooks.capture=on", "-c outbound_webhooks.capture=off"):
        with (
            psycopg.connect(host.url, options=options) as session,
            session.cursor().copy("copy payment_transactions (clinic_id) from stdin") as copy,
        ):
            copy.write("clinic-1\n")

    assert [*words(journal.due()).values()] == [["created pending"]] * 2
    assert [*words(emitted(host)).values()] == [["created pending"]]


@pytest.fixture
def publisher(server: postgres.TestServer, host: Host) -> Iterator[Host]:
    """Another host, which has a payment already, and to whose payments this one subscribes."""
    with postgres.database(server) as url, closing(Host(url, capture=False)) as found:
        found.pay()
        steps.endpoint(host)
        found.rows("create publication payments for table payment_transactions")
        slot = str(found.value("select current_database()"))
        found.rows("select pg_create_logical_replication_slot(%s, 'pgoutput')", slot)
        # As the server itself connects, which may run in a container.
        folder = str(found.value("show unix_socket_directories")).partition(",")[0]
        own = make_conninfo(url, host=folder, port=str(found.value("show port")))
        host.connection.execute(
            sql.SQL(
                "create subscription payments connection {} publication payments"
                " with (create_slot = false, slot_name = {})"
            ).format(sql.Literal(own), sql.Literal(slot))
        )
        until(lambda: host.value("select srsubstate::text from pg_subscription_rel") == "r")
        yield found
        host.rows("alter subscription payments disable")
        host.rows("alter subscription payments set (slot_name = none)")
        host.rows("drop subscription payments")
        # A database whose slot is in use cannot be dropped.
        until(lambda: found.value("select not active from pg_replication_slots where slot_name = %s", slot) is True)


def test_logical_replication(host: Host, publisher: Host) -> None:
    """guarantees.md, not captured: rows that logical replication copies and applies; what is written here is."""
    payment = publisher.pay()
    publisher.rows(PAID)
    until(lambda: host.value("select count(*) from payment_transactions where status = 'paid'") == 2)

    host.rows("update payment_transactions set status = 'failed' where id = %s", payment)

    assert words(emitted(host)) == {str(payment): ["paid > failed"]}
