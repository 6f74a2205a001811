"""reconcile(): what is said of each thing that can be missing; and that every code is reached, and documented."""

import psycopg
import pytest

from tests.sql.reconcile_cases import REACHED
from tests.sql.reconciling import (
    as_if_older,
    codes_of_the_page,
    counted,
    delete_event,
    named,
    recapture,
    reconcile,
    untold,
    update,
)
from tests.sql.steps import endpoint
from tests.support.days import add_day, ago, name_of
from tests.support.host import CLINIC, Host


def source_of(code: str) -> str:
    """The table that a case is about."""
    return "things" if code == "no_time" else "payment_transactions"


@pytest.mark.parametrize("code", REACHED)
def test_what_is_said(host: Host, code: str) -> None:
    """What really happened is what is said, with its kind."""
    leads_there, kind = REACHED[code]
    leads_there(host)

    found = reconcile(host, source_of(code))

    assert (code, kind) in [(row["code"], row["kind"]) for row in found]


@pytest.mark.parametrize("code", REACHED)
def test_mended(host: Host, code: str) -> None:
    """A gap is mended, and not there any more; all else stays as it was said."""
    leads_there, _ = REACHED[code]
    leads_there(host)
    before = reconcile(host, source_of(code))

    mended = recapture(host, source_of(code))

    assert [row["problem"] for row in mended if row["kind"] == "gap"] == [
        None for row in before if row["kind"] == "gap"
    ]
    after = reconcile(host, source_of(code))
    assert [row["code"] for row in after if row["kind"] == "gap"] == []


def test_every_code() -> None:
    """The documentation and these tests have the same codes."""
    assert codes_of_the_page() == set(REACHED)


def test_nothing_is_missing(host: Host) -> None:
    """Payments that were created, changed and refunded, of one clinic and of another, which has no endpoint."""
    endpoint(host)
    for clinic in (CLINIC, "clinic-9"):
        payment = host.pay(clinic)
        update(host, payment, "status = 'paid', refunded_cents = 100")
        update(host, payment, "refunded_cents = 300")
        update(host, payment, "refunded_cents = 200")
        update(host, payment, "status = 'refunded', refunded_cents = 1000")

    assert reconcile(host) == []


def test_exactly_those(host: Host) -> None:
    """Among many that were told: an event deleted by hand, and a trigger disabled for one update; each by its key."""
    endpoint(host)
    payments = [host.pay() for _ in range(20)]
    for payment in payments[::2]:
        update(host, payment, "status = 'paid'")
    delete_event(host, payments[3], "created")
    with untold(host):
        update(host, payments[7], "status = 'failed'")
    delete_event(host, payments[10], "status_changed")

    found = reconcile(host)

    assert named(found) == [
        ("row_without_event", str(payments[3]), "created"),
        ("change_without_event", str(payments[7]), "status_changed"),
        ("change_without_event", str(payments[10]), "status_changed"),
    ]
    assert {row["clinic_id"] for row in found} == {CLINIC}
    assert found[1]["words"] == 'the last event says "pending", the row "failed"'
    recapture(host)
    assert reconcile(host) == []


def test_by_time(host: Host) -> None:
    """Gaps that may be of the time that is asked for: an insertion has its time, a change is behind the last event."""
    endpoint(host)
    deleted, changed = host.pay(), host.pay()
    delete_event(host, deleted, "created")
    host.rows("update outbound_webhooks.endpoints set created_at = now() - interval '3 hours'")
    host.rows("update outbound_webhooks.event_sources set created_at = now() - interval '3 hours'")
    with untold(host):
        update(host, deleted, "created_at = now() - interval '2 hours'")
        update(host, changed, "status = 'paid'")

    assert named(reconcile(host, until="yesterday", since="-infinity")) == []
    assert named(reconcile(host, since="tomorrow")) == []
    assert named(reconcile(host, since="now"))[0] == ("change_without_event", str(changed), "status_changed")


def test_within_the_margin(host: Host) -> None:
    """An endpoint that was created at about the time of a payment: its transaction may not have seen it."""
    endpoint(host)
    delete_event(host, host.pay(), "created")
    host.pay()
    host.rows("delete from outbound_webhooks.deliveries")

    found = reconcile(host, margin="1 day")

    assert [row["kind"] for row in found] == ["unknown"] * 3
    assert counted(found) == {"rules_changed": 1, "silent": 1, "no_delivery": 1}


def test_page_by_page(host: Host) -> None:
    """Every row is on one page, the first and the last included; how far it is, is said."""
    endpoint(host)
    payments = [host.pay() for _ in range(5)]
    for payment in payments:
        delete_event(host, payment, "created")
    pages, after = [], None
    while True:
        rows = host.rows(
            "select * from outbound_webhooks.reconcile_rows('payment_transactions', p_after => %s, p_limit => 2,"
            " p_margin => '0 seconds')",
            after,
        )
        looked = [row for row in rows if row["kind"] == "looked"]
        if not looked:
            break
        pages.append([row["resource_id"] for row in rows if row["kind"] == "gap"])
        after = looked[0]["resource_id"]

    assert pages == [[str(payment) for payment in payments[n : n + 2]] for n in (0, 2, 4)]


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        ("select 'unwatched'", "there is no event source named 'nothing'"),
        ("drop table payment_transactions", "the table of the source payment_transactions is gone"),
        ("alter table payment_transactions enable row level security", "row-level security hides rows of"),
    ],
)
def test_what_is_refused(host: Host, damage: str, error: str) -> None:
    """A table that is not watched, is gone, or of which rows are hidden: said, and not taken for clean."""
    host.rows(damage)
    source = "nothing" if "unwatched" in damage else "payment_transactions"

    with pytest.raises(psycopg.Error, match=error):
        reconcile(host, source)


@pytest.mark.parametrize("half", ["rows", "events"])
@pytest.mark.parametrize(
    ("options", "error"),
    [
        ("p_margin => '-1 minute'", "margin"),
        ("p_margin => null", "margin"),
        ("p_since => '2026-02-01', p_until => '2026-02-01'", "over before it begins"),
        ("p_since => '2026-02-02', p_until => '2026-02-01'", "over before it begins"),
    ],
)
def test_a_time_that_cannot_be_meant(host: Host, half: str, options: str, error: str) -> None:
    """Less than no margin would say of too much that it is missing, and a time without length that nothing is."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=error):
        host.rows(f"select * from outbound_webhooks.reconcile_{half}('payment_transactions', {options})")


def test_as_the_admin(host: Host) -> None:
    """Members of the admin role may call it, without a right on the host's table."""
    endpoint(host)
    as_if_older(host)
    delete_event(host, host.pay(), "created")
    with host.connection.transaction():
        host.rows("set local role outbound_webhooks_admin")
        found = reconcile(host)

    assert [row["code"] for row in found] == ["row_without_event"]


def test_how_far_back_events_are_known(host: Host) -> None:
    """A day that is gone decides, though an older one is kept; and what the settings say is about to go."""
    known = "select (outbound_webhooks.events_known_since() at time zone 'UTC')::date"
    add_day(host, ago(host, 3), "events")
    assert host.value(known) == ago(host, 1)
    add_day(host, ago(host, 2), "events")
    assert host.value(known) == ago(host, 3)
    host.rows(f"drop table outbound_webhooks.{name_of('events', ago(host, 1))}")
    assert host.value(known) == ago(host, 0)
