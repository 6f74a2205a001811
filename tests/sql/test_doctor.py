"""doctor(): each fault of a watched table is found, with a remedy that mends it."""

import json

import pytest

from tests.sql.doctoring import WATCH, findings, only_finding, remedy
from tests.support.host import Host

CAPTURE = " execute function outbound_webhooks.capture_payment_transactions()"
UPDATE_TRIGGER = "00_outbound_webhooks_update"
QUOTED = f'"{UPDATE_TRIGGER}"'
AFTER_UPDATE = f"create or replace trigger {QUOTED} after update "
# Does nothing.
ANOTHER_CAPTURE = (
    "create or replace function outbound_webhooks.capture_payment_transactions() returns trigger"
    " language plpgsql security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'"
    " set lock_timeout = '100ms' as $$ begin return null; end $$"
)
SOURCE = "source payment_transactions"


def test_nothing_to_say(healthy: Host) -> None:
    """Of a host that is in order, with payments, the doctor says nothing."""
    healthy.pay()
    healthy.rows("update payment_transactions set status = 'paid'")

    assert findings(healthy) == []


@pytest.mark.parametrize(
    ("fault", "severity", "code", "text"),
    [
        (
            f"drop trigger {QUOTED} on payment_transactions",
            "problem", "trigger-missing", f"trigger {UPDATE_TRIGGER} is missing on public.payment_transactions",
        ),
        (
            AFTER_UPDATE + "on payment_transactions for each row when (new.amount_cents > 5)" + CAPTURE,
            "problem", "trigger-altered", f"trigger {UPDATE_TRIGGER} is not as watch() makes it",
        ),
        (
            AFTER_UPDATE + "of status on payment_transactions for each row when (old.* <> new.*)" + CAPTURE,
            "problem", "trigger-altered", f"trigger {UPDATE_TRIGGER} is not as watch() makes it",
        ),
        (
            f"alter table payment_transactions disable trigger {QUOTED}",
            "problem", "trigger-disabled", f"trigger {UPDATE_TRIGGER} is disabled",
        ),
        (
            f"alter table payment_transactions enable replica trigger {QUOTED}",
            "problem", "trigger-replica-only",
            f"trigger {UPDATE_TRIGGER} fires only while session_replication_role is replica",
        ),
        (
            "alter table payment_transactions rename column status to state",
            "problem", "column-renamed", "column status, the status, was renamed to state",
        ),
        (
            "alter table payment_transactions alter column amount_cents type numeric(10, 2)",
            "problem", "payload-outdated",
            "payload_payment_transactions is not as watch() generates it for the columns' types of today",
        ),
        (
            ANOTHER_CAPTURE,
            "problem", "capture-altered",
            "trigger function capture_payment_transactions() is not as watch() generates it today",
        ),
        (
            "alter function outbound_webhooks.capture_payment_transactions() set lock_timeout = '1h'",
            "problem", "capture-altered",
            "trigger function capture_payment_transactions() is not as watch() generates it today",
        ),
        (
            "drop function outbound_webhooks.payload_payment_transactions(anyelement, json)",
            "problem", "payload-missing", "payload function payload_payment_transactions(anyelement, json) is missing",
        ),
        (
            "alter function outbound_webhooks.payload_payment_transactions(anyelement, json) set search_path = public",
            "problem", "payload-search-path",
            "payload_payment_transactions has a search_path that does not end with pg_temp",
        ),
        (
            "alter function outbound_webhooks.payload_payment_transactions(anyelement, json) owner to postgres",
            "problem", "payload-not-executable", "outbound_webhooks_owner may not execute payload_payment_transactions",
        ),
        (
            "revoke select on payment_transactions from outbound_webhooks_owner",
            "problem", "select-missing", "outbound_webhooks_owner may not read public.payment_transactions",
        ),
        (
            "alter table payment_transactions enable row level security",
            "warning", "rows-hidden", "row-level security hides all rows of public.payment_transactions",
        ),
        (
            "alter table payment_transactions rename to payments",
            "problem", "table-renamed", "its table public.payment_transactions was renamed to public.payments",
        ),
    ],
)  # fmt: skip
def test_found_and_mended(healthy: Host, fault: str, severity: str, code: str, text: str) -> None:
    """The fault is all that is found, and after the remedy nothing is."""
    healthy.rows(fault)

    found = only_finding(healthy)
    remedy(healthy, found)

    assert (found["severity"], found["code"], found["subject"]) == (severity, code, SOURCE)
    assert text in found["finding"]
    assert findings(healthy) == []


def test_a_dropped_trigger_function(healthy: Host) -> None:
    """Somebody drops the trigger function, and its triggers with it; watch makes all of them again."""
    healthy.rows("drop function outbound_webhooks.capture_payment_transactions() cascade")

    found = findings(healthy)
    remedy(healthy, found[0])

    assert [row["code"] for row in found] == ["capture-missing", "trigger-missing", "trigger-missing"]
    assert findings(healthy) == []


def test_two_renamed_columns(healthy: Host) -> None:
    """The remedy beside each has both, so that one command is enough; nothing else of the source is lost."""
    healthy.rows("alter table payment_transactions rename column status to state")
    healthy.rows('alter table payment_transactions rename column amount_cents to "amountCents"')

    first, second = findings(healthy)
    remedy(healthy, first)

    assert (
        first["remedy"]
        == second["remedy"]
        == (
            "outbound-webhooks watch public.payment_transactions --map status=state --map amount=amountCents"
            " --map refunded_amount=refunded_cents"
        )
    )
    assert findings(healthy) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("drop column refunded_cents", "column-gone"),
        ("alter refunded_cents drop default, alter refunded_cents type text", "column-unfit"),
    ],
    ids=["dropped", "no number any more"],
)
def test_a_column_to_be_replaced(healthy: Host, change: str, code: str) -> None:
    """A column that is gone, or whose type no longer fits: the remedy asks for another one."""
    healthy.rows(f"alter table payment_transactions {change}")
    healthy.rows("alter table payment_transactions add column returned_cents bigint")

    (found,) = [row for row in findings(healthy) if row["severity"] == "problem"]
    remedy(healthy, found, column="returned_cents")

    assert found["code"] == code
    assert "refunded_cents" in found["finding"]
    assert "--map refunded_amount=COLUMN" in found["remedy"]
    assert findings(healthy) == []


def test_a_superfluous_trigger(healthy: Host) -> None:
    """A trigger that no rule needs is a warning; watch takes it away."""
    healthy.rows("create table receipts (id bigint primary key, clinic_id text)")
    healthy.rows(WATCH, "receipts", "{}", "receipt", None, "{}", [], "[]", None, False)
    healthy.rows(
        f"create trigger {QUOTED} after update on receipts for each row"
        " execute function outbound_webhooks.capture_receipts()"
    )

    found = only_finding(healthy)
    remedy(healthy, found)

    assert (found["severity"], found["code"], found["finding"]) == (
        "warning", "trigger-superfluous", f"trigger {UPDATE_TRIGGER} is there, but no rule needs it",
    )  # fmt: skip
    assert findings(healthy) == []


def test_a_stray_trigger(healthy: Host) -> None:
    """A trigger that calls a function of ours beside those of the source would tell everything twice."""
    healthy.rows(f"create trigger mine after insert on payment_transactions for each row{CAPTURE}")

    found = only_finding(healthy)
    remedy(healthy, found)

    assert (found["code"], found["subject"]) == ("stray-trigger", "table public.payment_transactions")
    assert found["finding"].startswith(
        "trigger mine calls outbound_webhooks.capture_payment_transactions(), but is not of an event source"
    )
    assert findings(healthy) == []


def test_a_source_with_odd_names(healthy: Host) -> None:
    """The remedy has the source's whole command, quoted for a shell; carried out, the source is what it was."""
    healthy.rows("""create table "Odd 's" (id uuid primary key, "clinicId" text, "the status" text, tax numeric)""")
    healthy.rows("create table shops (nr bigint primary key, name text unique, fee integer)")
    related = [
        {"name": "shop", "table": "shops", "by": "clinicId", "key": "name", "columns": {"id": "nr"}},
        {"name": "it", "table": "shops", "by": "shop.nr", "key": "nr", "columns": {"fee": "fee"}, "amounts": ["fee"]},
    ]
    rules = [
        {"type": "odd.closed", "when": "changed", "field": "status", "to": "it's over"},
        {"type": "odd.taxed", "when": "grew", "field": "vat"},
    ]
    healthy.rows(
        WATCH, '"Odd \'s"', '{"status": "the status"}', "odd", "odds", '{"vat": "tax"}', ["vat"],
        json.dumps(related), json.dumps(rules), True,
    )  # fmt: skip
    healthy.rows(f'drop trigger {QUOTED} on "Odd \'s"')
    look = "select * from outbound_webhooks.event_sources where name = 'odds'"
    before = healthy.rows(look)

    found = only_finding(healthy)
    remedy(healthy, found)

    assert found["subject"] == "source odds"
    assert healthy.rows(look) == before
    assert findings(healthy) == []
