"""doctor(): tables that were dropped, renamed, made anew, inherited from or locked, and partitions."""

import pytest

from tests.sql.conftest import Connect
from tests.sql.doctoring import WATCH, findings, make_healthy, only_finding, remedy, watch_again
from tests.support.host import SCHEMA, Host


def test_partitions(healthy: Host) -> None:
    """A trigger that is disabled on a partition alone, and one whose clone is missing."""
    healthy.rows("create table parts (id bigint, clinic_id text) partition by list (clinic_id)")
    healthy.rows("create table parts_1 partition of parts for values in ('clinic-1')")
    healthy.rows(WATCH, "parts", "{}", "part", None, "{}", [], "[]", None, False)
    healthy.rows('alter table parts_1 disable trigger "00_outbound_webhooks_insert"')

    disabled = only_finding(healthy)
    remedy(healthy, disabled)
    mended = findings(healthy)
    healthy.rows("set local allow_system_table_mods = on")
    healthy.rows("delete from pg_trigger where tgrelid = 'parts_1'::regclass")
    missing = only_finding(healthy)
    healthy.rows("alter table parts detach partition parts_1")
    healthy.rows("alter table parts attach partition parts_1 for values in ('clinic-1')")

    assert (disabled["code"], missing["code"]) == ("partition-trigger-disabled", "partition-trigger-missing")
    assert disabled["finding"] == "trigger 00_outbound_webhooks_insert is disabled on the partition public.parts_1"
    assert mended == []
    assert missing["finding"] == "trigger 00_outbound_webhooks_insert is missing on the partition public.parts_1"
    assert missing["remedy"] == "detach the partition public.parts_1 and attach it again"
    assert findings(healthy) == []


def test_an_inheriting_table(healthy: Host) -> None:
    """A table that inherits from the watched one is written without a trigger."""
    healthy.rows("create table special () inherits (payment_transactions)")

    found = only_finding(healthy)
    healthy.rows(str(found["remedy"]).partition("; or: ")[2])

    assert found["code"] == "table-inherited"
    assert found["finding"] == "public.special inherits from its table: writes to it are not captured"
    assert findings(healthy) == []


def test_a_dropped_table(healthy: Host) -> None:
    """The table is gone; its source can be forgotten."""
    healthy.rows("drop table payment_transactions")

    found = only_finding(healthy)
    healthy.rows("select outbound_webhooks.forget_source('payment_transactions')")

    assert (found["severity"], found["code"]) == ("problem", "table-gone")
    assert found["finding"] == "its table public.payment_transactions is gone"
    assert found["remedy"].endswith("outbound-webhooks unwatch --source payment_transactions")
    assert [(row["code"], row["finding"]) for row in findings(healthy)] == [
        ("nothing-watched", "no table is watched yet")
    ]


def test_a_table_made_anew(healthy: Host) -> None:
    """Another table of the same name: it is said to be another one, and its triggers and grants are missing."""
    healthy.rows("drop table payment_transactions")
    healthy.rows("drop type payment_status")
    healthy.connection.execute(SCHEMA.encode())

    found = findings(healthy)
    remedy(healthy, found[-1])

    assert [(row["severity"], row["code"]) for row in found] == [
        ("problem", "select-missing"), ("problem", "trigger-missing"), ("problem", "trigger-missing"),
        ("warning", "table-made-anew"),
    ]  # fmt: skip
    assert found[-1]["finding"] == "its table public.payment_transactions was made anew, or restored, since watch()"
    assert findings(healthy) == []


@pytest.mark.parametrize("wanted", ["the renamed one", "the new one"])
def test_a_table_set_aside(healthy: Host, wanted: str) -> None:
    """The host renames the table and makes a new one of its name: the source is still that of the renamed one."""
    healthy.rows("alter table payment_transactions rename to payments_2025")
    healthy.rows("create table payment_transactions (like payments_2025 including all)")

    found = only_finding(healthy)
    old, new = str(found["remedy"]).splitlines()
    if wanted == "the new one":
        healthy.rows('drop trigger "00_outbound_webhooks_insert" on payments_2025')
        healthy.rows('drop trigger "00_outbound_webhooks_update" on payments_2025')
    watch_again(healthy, new if wanted == "the new one" else old)

    assert found["severity"] == "problem"
    assert found["finding"] == (
        "its table public.payment_transactions was renamed to public.payments_2025, and another one has its name"
    )
    assert new.startswith("or, to watch the other one instead: drop the triggers of public.payments_2025, and ")
    assert findings(healthy) == []


def test_a_table_behind_a_view(healthy: Host) -> None:
    """The host renames the table and makes a view of its name: the remedy is about the table alone."""
    healthy.rows("alter table payment_transactions rename to payments")
    healthy.rows("create view payment_transactions as select * from payments")

    found = only_finding(healthy)
    remedy(healthy, found)

    assert found["finding"] == "its table public.payment_transactions was renamed to public.payments"
    assert findings(healthy) == []


def test_triggers_left_on_another_table(healthy: Host) -> None:
    """A table that has triggers of ours beside the source's own table makes events that nobody asked for."""
    healthy.rows("create table payments_2025 (like payment_transactions including all)")
    healthy.rows(
        "create trigger mine after insert on payments_2025 for each row"
        " execute function outbound_webhooks.capture_payment_transactions()"
    )

    found = only_finding(healthy)
    remedy(healthy, found)

    assert (found["severity"], found["subject"]) == ("problem", "table public.payments_2025")
    assert findings(healthy) == []


def test_a_locked_table(host: Host, connect: Connect) -> None:
    """A table that is locked at this moment is not waited for: the doctor says so, and the rest."""
    make_healthy(host)
    locker = connect()

    with locker.connection.transaction():
        locker.rows("lock table payment_transactions in access exclusive mode")
        found = only_finding(host)

    assert (found["severity"], found["code"]) == ("note", "table-locked")
    assert found["finding"].startswith("a table that it reads is locked at this moment")
    assert findings(host) == []
