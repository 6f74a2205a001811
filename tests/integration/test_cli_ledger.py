"""recapture, payload preview, switches and doctor on the command line."""

import json
import os
import pty
import subprocess
import sys

import pytest

from dispatcher.commands.ledger import PAGE
from tests.sql import steps
from tests.sql.doctoring import LASTING, make_healthy
from tests.support.cli import cli, refused
from tests.support.host import CLINIC, Host
from tests.support.process import ROOT, clean_environment

DROP_PAYLOAD = "drop function outbound_webhooks.payload_payment_transactions"
WATCH = ("watch", "payment_transactions", "--map", "amount=amount_cents", "--map", "refunded_amount=refunded_cents")
MANY = 2 * PAGE + 50


@pytest.fixture
def ledger(host: Host) -> Host:
    """A host with three changes in the ledger, 1 to 3, which cannot be recaptured yet."""
    steps.endpoint(host)
    host.rows(DROP_PAYLOAD)
    for _ in range(3):
        host.pay()
    return host


def test_recapture_what_is_still_broken(env: dict[str, str], ledger: Host) -> None:
    """Each change that is left is named with its problem; exit code 1."""
    done = cli("recapture", "--all", **env)

    assert done.code == 1
    lines = done.out.splitlines()
    assert [line.partition(": ")[0] for line in lines[:3]] == [f"change {number} is left" for number in (1, 2, 3)]
    assert all("payload_payment_transactions" in line for line in lines[:3])
    assert lines[3] == "recaptured 0 of 3 changes, into 0 events"
    assert lines[4].startswith("3 are left: mend what their problems say (outbound-webhooks doctor helps)")
    assert done.err == "outbound-webhooks: 3 of 3 changes\n"


def test_recapture_one_then_all(env: dict[str, str], ledger: Host) -> None:
    """One by its id, which is done once; then the rest; then nothing."""
    cli(*WATCH, **env)
    one = cli("recapture", "2", **env)
    again = cli("recapture", "2", **env)
    rest = cli("recapture", "--all", **env)
    none = cli("recapture", "--all", **env)
    unknown = cli("recapture", "4711", **env)

    assert (one.code, one.out) == (0, "recaptured 1 of 1 changes, into 1 events\n")
    assert again.code == 0
    assert again.out.startswith("change 2 was recaptured already, 2")
    assert again.out.endswith(" UTC, into 1 events\n")
    assert (rest.code, rest.out) == (0, "recaptured 2 of 2 changes, into 2 events\n")
    assert (none.code, none.out) == (0, "there is nothing to recapture\n")
    assert refused(unknown, "there is no change 4711 in the ledger")
    assert len(steps.bodies(ledger)) == 3


def test_recapture_by_time(env: dict[str, str], ledger: Host) -> None:
    """Those of a time, in UTC unless it says otherwise; --until is not included."""
    cli(*WATCH, **env)
    ledger.rows(
        "update outbound_webhooks.capture_errors"
        " set occurred_at = '2026-01-01 12:00+00'::timestamptz + id * interval '1 hour'"
    )
    done = cli("recapture", "--since", "2026-01-01 13:00", "--until", "2026-01-01 16:00+01", **env)
    left = cli("recapture", "--until", "2026-01-01 14:00", **env)
    last = cli("recapture", "--since", "2026-01-01 15:00", **env)
    nonsense = cli("recapture", "--since", "teatime", **env)

    assert (done.code, done.out) == (0, "recaptured 2 of 2 changes, into 2 events\n")
    assert left.out == "there is nothing to recapture\n"
    assert last.out == "recaptured 1 of 1 changes, into 1 events\n"
    assert refused(nonsense, "invalid input syntax", "teatime")


@pytest.mark.parametrize("arguments", [[], ["1", "--all"], ["--all", "--since", "yesterday"], ["1", "--until", "now"]])
def test_recapture_what(env: dict[str, str], database_url: str, arguments: list[str]) -> None:
    """None of the ways to choose, or two of them, is not guessed at."""
    assert refused(cli("recapture", *arguments, **env), "say which changes: an ID, --all, or --since TIME")


def test_recapture_many(env: dict[str, str], host: Host) -> None:
    """Page by page, with progress; a change in the middle that cannot be captured does not stop the others."""
    steps.endpoint(host)
    host.rows(DROP_PAYLOAD)
    host.rows(
        "insert into payment_transactions (clinic_id, amount_cents) select %s, n from generate_series(1, %s) as n",
        CLINIC, MANY,
    )  # fmt: skip
    cli(*WATCH, **env)
    host.rows("update outbound_webhooks.capture_errors set operation = 'UPDATE' where id = %s", PAGE)

    done = cli("recapture", "--all", **env)

    assert done.code == 1
    assert done.err.splitlines() == [
        f"outbound-webhooks: {count} of {MANY} changes" for count in (PAGE, 2 * PAGE, MANY)
    ]
    assert done.out.startswith(f"change {PAGE} is left: the values before the change could not be kept")
    assert done.out.splitlines()[1] == f"recaptured {MANY - 1} of {MANY} changes, into {MANY - 1} events"
    assert host.value("select count(*) from outbound_webhooks.events") == MANY - 1


def test_recapture_beside_another_session(env: dict[str, str], ledger: Host) -> None:
    """Changes that another session works on are skipped, and said to be left."""
    cli(*WATCH, **env)
    with ledger.connection.transaction():
        ledger.rows("select from outbound_webhooks.capture_errors where id = 1 for update")
        done = cli("recapture", "--all", **env)

    assert done.code == 1
    assert done.out.splitlines()[0] == "recaptured 2 of 3 changes, into 2 events"
    assert done.out.splitlines()[1].startswith("1 are being recaptured by another session")


def on_a_terminal(*arguments: str, **env: str) -> str:
    """What a command prints on a terminal."""
    terminal, its = pty.openpty()
    try:
        subprocess.run(
            [sys.executable, "-m", "dispatcher", *arguments],
            cwd=ROOT, env=clean_environment(**env), stdout=its, timeout=120, check=True,
        )  # fmt: skip
        return os.read(terminal, 65536).decode().replace("\r\n", "\n")
    finally:
        os.close(its)
        os.close(terminal)


def test_payload_preview(env: dict[str, str], host: Host) -> None:
    """The body of an existing row: the exact text, or indented on a terminal; nothing is emitted."""
    payment = str(host.pay(amount=1250))
    piped = cli("payload", "preview", "payment_transactions", payment, **env)
    typed = cli("payload", "preview", "payment_transactions", payment, "--type", "payment_transaction.checked", **env)
    shown = on_a_terminal("payload", "preview", "payment_transactions", payment, **env)
    raw = on_a_terminal("payload", "preview", "payment_transactions", payment, "--raw", **env)
    body = json.loads(piped.out)

    assert piped.code == 0
    assert (body["type"], body["data"]["id"], body["data"]["amount"]) == ("payment_transaction.created", payment, 1250)
    assert json.loads(typed.out)["type"] == "payment_transaction.checked"
    assert shown.startswith('{\n  "type": "payment_transaction.created",\n  "timestamp": "')
    assert '\n    "amount": 1250,\n' in shown
    assert raw.count("\n") == piped.out.count("\n") == 1
    assert host.value("select count(*) from outbound_webhooks.events") == 0


def test_payload_preview_of_nothing(env: dict[str, str], host: Host) -> None:
    """A source or a row that is not there is named."""
    assert refused(cli("payload", "preview", "invoices", "1", **env), "no event source named 'invoices'", "payment_")
    assert refused(cli("payload", "preview", "payment_transactions", "4711", **env), "no row with the key '4711'")
    assert refused(
        cli("payload", "preview", "payment_transactions", "x", **env), "invalid input syntax for type bigint"
    )


def test_switches(env: dict[str, str], host: Host) -> None:
    """What is on and off, in a small table."""
    host.rows("select outbound_webhooks.set_capture(false, 'payment_transactions')")
    done = cli("switches", **env)
    lines = [line.split() for line in done.out.splitlines()]

    assert done.code == 0
    assert lines[0] == ["switch", "scope", "is", "since", "changed", "by", "reason"]
    assert [line[:3] for line in lines[1:]] == [
        ["capture", "all", "on"],
        ["capture", "source", "payment_transactions"],
        ["delivery", "all", "on"],
        ["delivery", "every", "dispatcher"],
    ]
    assert lines[4][3:] == ["off"]
    assert lines[2][3] == "off"
    assert lines[1][-1] == lines[2][-1] == "postgres"


def test_doctor(env: dict[str, str], host: Host) -> None:
    """Only a problem ends with exit code 1; each finding has its remedy below it, the worst first."""
    make_healthy(host)
    host.rows(LASTING)
    healthy = cli("doctor", **env)
    host.rows("select outbound_webhooks.set_capture(false)")
    since = host.value(
        "select to_char(capture_changed_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') from outbound_webhooks.settings"
    )
    note = cli("doctor", **env)
    host.rows('alter table payment_transactions disable trigger "00_outbound_webhooks_insert"')
    host.rows("alter table payment_transactions enable row level security")
    problem = cli("doctor", **env)

    assert (healthy.code, healthy.out) == (0, "0 problems, 0 warnings, 0 notes\n")
    assert note.code == 0
    assert note.out.splitlines() == [
        f"note: switches: capture is off, since {since} UTC, by postgres [switch-off]",
        "    outbound-webhooks capture on",
        "0 problems, 0 warnings, 1 note",
    ]
    assert problem.code == 1
    assert problem.out.splitlines()[:2] == [
        "problem: source payment_transactions: trigger 00_outbound_webhooks_insert is disabled [trigger-disabled]",
        '    alter table public.payment_transactions enable trigger "00_outbound_webhooks_insert"',
    ]
    assert [line.partition(":")[0] for line in problem.out.splitlines()[::2]] == [
        "problem", "warning", "note", "1 problem, 1 warning, 1 note",
    ]  # fmt: skip


def test_doctor_of_another_version(env: dict[str, str], host: Host, empty_database_url: str) -> None:
    """A database with other functions, or none, is not examined: the command that mends it is named."""
    host.rows("update outbound_webhooks.schema_bundle set fingerprint = 'other'")

    assert refused(cli("doctor", **env), "other SQL functions", "run outbound-webhooks migrate")
    assert refused(cli("doctor", **{**env, "OUTBOUND_WEBHOOKS_DATABASE_URL": empty_database_url}), "not installed")


def test_doctor_as_the_monitor(env: dict[str, str], host: Host) -> None:
    """A user who is no more than a monitor may ask the doctor."""
    host.rows("create role watcher login in role outbound_webhooks_monitor")
    try:
        url = host.url.replace("postgres@", "watcher@")
        done = cli("doctor", **{**env, "OUTBOUND_WEBHOOKS_DATABASE_URL": url})
    finally:
        host.rows("drop role watcher")

    assert (done.code, done.err) == (0, "")
    assert "note: switches: delivery is off for every dispatcher [switch-off]" in done.out
