"""reconcile on the command line: what it prints, its exit codes, and that what it mends reaches the receiver."""

import re

from dispatcher.commands.reconciling import PAGE
from dispatcher.demo.receiver import Receiver
from dispatcher.telemetry.observations import AttemptFinished
from tests.conftest import StartDispatcher
from tests.sql import steps
from tests.sql.reconciling import delete_event, untold, update
from tests.support.cli import cli, refused
from tests.support.host import CLINIC, Host

RECONCILE = ("reconcile", "payment_transactions", "--margin", "0 seconds")
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} UTC")
EVENT = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


def lines(text: str) -> list[str]:
    """The lines that were printed, with times and events left out."""
    return EVENT.sub("EVENT", TIME.sub("TIME", text)).splitlines()


def test_exactly_those(env: dict[str, str], host: Host) -> None:
    """An event deleted by hand, a trigger disabled for one update, a lost delivery: named, mended, then clean."""
    created = steps.endpoint(host)
    payments = [host.pay() for _ in range(5)]
    delete_event(host, payments[0], "created")
    with untold(host):
        update(host, payments[1], "status = 'paid'")
    host.rows(
        "delete from outbound_webhooks.deliveries as d using outbound_webhooks.events as e"
        " where e.id = d.event_id and e.resource_id = %s",
        str(payments[2]),
    )
    found = cli(*RECONCILE, **env)
    mended = cli(*RECONCILE, "--recapture", **env)
    clean = cli(*RECONCILE, **env)

    gaps = [
        (
            f"gap: row {payments[0]} of clinic {CLINIC}, payment_transaction.created: "
            "no event tells that the row was inserted (TIME) [row_without_event]"
        ),
        (
            f"gap: row {payments[1]} of clinic {CLINIC}, payment_transaction.status_changed: "
            'the last event says "pending", the row "paid" (between TIME and TIME) [change_without_event]'
        ),
        (
            f"gap: row {payments[2]} of clinic {CLINIC}, payment_transaction.created, event EVENT, "
            f"endpoint {created.id}: the endpoint asked for the event, and has no delivery of it (TIME) "
            "[event_without_delivery]"
        ),
    ]
    assert (found.code, found.err) == (1, "")
    assert lines(found.out) == [
        *gaps,
        "looked at 5 rows and 4 events: 3 gaps",
        "--recapture makes what is missing",
    ]
    assert mended.code == 0
    assert lines(mended.out) == [
        gaps[0], "    mended: event EVENT",
        gaps[1], "    mended: event EVENT",
        gaps[2], "    mended: the delivery is due",
        "looked at 5 rows and 6 events: 3 gaps",
        "mended 3 of 3 gaps",
    ]  # fmt: skip
    assert (clean.code, clean.out) == (0, "looked at 5 rows and 6 events: 0 gaps\n")


def test_what_is_no_gap(env: dict[str, str], host: Host) -> None:
    """What stands in the ledger, what was off, and what cannot be known are said, each by itself; exit code 0."""
    host.pay()
    steps.endpoint(host)
    host.rows("select outbound_webhooks.set_capture(false)")
    host.pay()
    host.rows("select outbound_webhooks.set_capture(true)")

    done = cli(*RECONCILE, "--recapture", **env)

    assert (done.code, done.err) == (0, "")
    assert [line.partition(":")[0] for line in lines(done.out)] == [
        "off",
        "looked at 2 rows and 0 events",
        "1 while capture was switched off",
        "cannot be known, 2 times",
    ]


def test_what_cannot_be_mended(env: dict[str, str], host: Host) -> None:
    """The problem is said below the gap; exit code 1; then it stands in the ledger."""
    steps.endpoint(host)
    payment = host.pay()
    delete_event(host, payment, "created")
    host.rows("drop function outbound_webhooks.payload_payment_transactions")

    left = cli(*RECONCILE, "--recapture", **env)
    again = cli(*RECONCILE, **env)

    assert left.code == 1
    assert lines(left.out)[1].startswith("    left: function outbound_webhooks.payload_payment_transactions")
    assert lines(left.out)[3] == "mended 0 of 1 gaps"
    assert again.code == 0
    assert lines(again.out)[0].startswith(f"ledger: row {payment} of clinic {CLINIC}, payment_transaction.created: ")
    assert lines(again.out)[2] == "1 in the ledger: outbound-webhooks recapture --all"


def test_many(env: dict[str, str], host: Host) -> None:
    """Page by page, rows and events, and each once; what is missing on any page is mended."""
    steps.endpoint(host)
    count = 2 * PAGE + 1
    host.rows(
        "insert into payment_transactions (clinic_id, amount_cents) select %s, n from generate_series(1, %s) as n",
        CLINIC, count,
    )  # fmt: skip
    keys = [1, PAGE, PAGE + 1, count]
    for key in keys:
        delete_event(host, key, "created")

    done = cli(*RECONCILE, "--recapture", **env)

    assert done.code == 0
    assert [int(line.split()[2]) for line in lines(done.out) if line.startswith("gap")] == keys
    assert lines(done.out)[-2:] == [f"looked at {count} rows and {count} events: 4 gaps", "mended 4 of 4 gaps"]


def test_by_time(env: dict[str, str], host: Host) -> None:
    """--since and --until, in UTC unless they say otherwise; nonsense is refused."""
    steps.endpoint(host)
    delete_event(host, host.pay(), "created")

    assert cli(*RECONCILE, "--since", "tomorrow", **env).code == 0
    assert cli(*RECONCILE, "--since", "yesterday", "--until", "tomorrow", **env).code == 1
    assert refused(cli(*RECONCILE, "--since", "teatime", **env), "invalid input syntax", "teatime")
    assert refused(cli("reconcile", "nothing", **env), "no event source named 'nothing'", "payment_transactions")


async def test_it_is_delivered(
    host: Host, receiver: Receiver, dispatcher: StartDispatcher, env: dict[str, str]
) -> None:
    """A running dispatcher sends what was mended, signed, as it does any other."""
    host.endpoint(receiver.url + "/")
    async with dispatcher() as seen:
        payment = host.pay()
        await seen.count(AttemptFinished, 1)
        with untold(host):
            update(host, payment, "status = 'paid'")
        done = cli(*RECONCILE, "--recapture", **env)
        await seen.count(AttemptFinished, 2)

    assert done.code == 0
    assert host.rows("select state from outbound_webhooks.finished_deliveries") == [{"state": "succeeded"}] * 2
