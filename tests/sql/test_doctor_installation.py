"""doctor(): what keeps events of any source from being captured or sent, and what is switched off."""

import re

import psycopg
import pytest

from dispatcher.demo import embedded
from dispatcher.migrate import migrate
from tests.sql import steps
from tests.sql.doctoring import findings, only_finding
from tests.support import days
from tests.support.host import Host

SOURCE = "source payment_transactions"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


def drop_partitions(host: Host, from_day: int) -> None:
    """Drop the partitions of events from that many days after today on."""
    rows = host.rows(
        "select format('outbound_webhooks.events_%%s', to_char(d, 'YYYYMMDD')) as name"
        " from generate_series(current_date + %s, current_date + 20, interval '1 day') as d",
        from_day,
    )
    for row in rows:
        host.rows(f"drop table if exists {row['name']}")


def test_the_ledger(healthy: Host) -> None:
    """Open capture errors are counted by source; of a source that is gone, the way out is said."""
    drop = "drop function outbound_webhooks.payload_payment_transactions"
    healthy.rows(drop)
    healthy.pay()
    healthy.pay()
    first = findings(healthy)[0]
    healthy.rows("select outbound_webhooks.unwatch('payment_transactions')")
    second = findings(healthy)[0]
    healthy.rows(str(second["remedy"]).partition(", or: ")[2])

    assert (first["severity"], first["code"], first["subject"]) == ("problem", "ledger-open", "ledger")
    assert first["finding"].startswith("changes of payment_transactions that were not captured: 2; the oldest of 2")
    assert first["remedy"].endswith("outbound-webhooks recapture --all")
    assert second["finding"] == first["finding"]
    assert [row["subject"] for row in findings(healthy)] == ["sources"]


@pytest.mark.parametrize(
    ("from_day", "severity", "code", "text"),
    [
        (0, "problem", "partitions-missing", "today has none"),
        (2, "warning", "partitions-few", "ready for only 1 days after today"),
    ],
)
def test_partitions(healthy: Host, from_day: int, severity: str, code: str, text: str) -> None:
    """Partitions that run out within three days are a warning, and a problem when today has none."""
    drop_partitions(healthy, from_day)

    found = only_finding(healthy)
    healthy.rows(str(found["remedy"]).partition("for now: ")[2])

    assert (found["severity"], found["code"], found["subject"]) == (severity, code, "partitions")
    assert found["finding"].startswith(text)
    assert findings(healthy) == []


def test_partitions_for_three_days(healthy: Host) -> None:
    """Three days are enough to say nothing."""
    drop_partitions(healthy, 4)

    assert findings(healthy) == []


def test_retention(healthy: Host) -> None:
    """Partitions that should be gone since yesterday: how many; those that go today are the leader's to drop."""
    days.add_day(healthy, days.ago(healthy, 31), "attempts", "finished_deliveries_done")
    punctual = findings(healthy)
    days.add_day(healthy, days.ago(healthy, 32), "attempts", "finished_deliveries_done")

    found = only_finding(healthy)

    assert punctual == []
    assert (found["severity"], found["code"]) == ("warning", "retention-overdue")
    assert str(found["finding"]).startswith("their days were over a day ago, and they are still there: 2, of ")


@pytest.mark.parametrize("fault", ["stopped_at = clock_timestamp()", "heartbeat_at = heartbeat_at - interval '1 min'"])
def test_no_dispatcher(healthy: Host, fault: str) -> None:
    """No dispatcher is a warning while capture is on."""
    healthy.rows(f"update outbound_webhooks.dispatchers set {fault}")

    found = only_finding(healthy)
    steps.register(healthy)

    assert (found["severity"], found["code"], found["subject"]) == ("warning", "no-dispatcher", "dispatchers")
    assert findings(healthy) == []


def test_no_dispatcher_and_no_capture(healthy: Host) -> None:
    """Before anything is captured, no dispatcher is no more than a note."""
    healthy.rows("select outbound_webhooks.set_capture(false)")
    healthy.rows("update outbound_webhooks.dispatchers set stopped_at = clock_timestamp()")

    assert {row["severity"] for row in findings(healthy)} == {"note"}


def test_signing_keys_in_clear(healthy: Host) -> None:
    """A key that no dispatcher has sealed after a minute is a warning."""
    healthy.rows("update outbound_webhooks.endpoint_secrets set created_at = created_at - interval '61 seconds'")

    found = only_finding(healthy)
    healthy.rows("update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'x'")

    assert (found["severity"], found["code"]) == ("warning", "keys-in-clear")
    assert found["finding"] == "not sealed, though older than a minute: 1"
    assert findings(healthy) == []


def test_headers_in_clear(healthy: Host) -> None:
    """So is a header that was set over a minute ago; a younger one is not."""
    headers = '{"x-a": "1", "x-b": "2"}'
    healthy.rows("select outbound_webhooks.set_headers(e.id, %s) from outbound_webhooks.endpoints as e", headers)
    before = findings(healthy)
    healthy.rows("update outbound_webhooks.endpoint_headers set set_at = set_at - interval '61 seconds'")

    found = only_finding(healthy)
    healthy.rows("update outbound_webhooks.endpoint_headers set value = null, sealed = 'v1.k1.abcd'")

    assert (found["severity"], found["code"], found["subject"]) == ("warning", "headers-in-clear", "headers")
    assert found["finding"] == "not sealed, though older than a minute: 2"
    assert before == findings(healthy) == []


@pytest.mark.parametrize(
    ("off", "on", "text", "command"),
    [
        (
            "select outbound_webhooks.set_capture(false)", "select outbound_webhooks.set_capture(true)",
            "capture is off", "outbound-webhooks capture on",
        ),
        (
            "select outbound_webhooks.set_capture(false, 'payment_transactions')",
            "select outbound_webhooks.set_capture(true, 'payment_transactions')",
            "capture is off for source payment_transactions",
            "outbound-webhooks capture on --source payment_transactions",
        ),
        (
            "set local outbound_webhooks.capture = off", "reset outbound_webhooks.capture",
            "capture is off for this transaction", "reset outbound_webhooks.capture",
        ),
        (
            "update outbound_webhooks.settings set delivering = false, delivering_since = null",
            "select outbound_webhooks.begin_delivery('drain', 1)",
            "delivery is off for every dispatcher", "run a dispatcher with OUTBOUND_WEBHOOKS_ENABLED=true",
        ),
        (
            "select outbound_webhooks.set_delivery(false)", "select outbound_webhooks.set_delivery(true)",
            "delivery is off", "outbound-webhooks delivery on",
        ),
    ],
)  # fmt: skip
def test_switches(healthy: Host, off: str, on: str, text: str, command: str) -> None:
    """A switch that is off is a note: since when and by whom, as far as that is known, and how it is turned on."""
    healthy.rows(off)

    found = only_finding(healthy)
    healthy.rows(on)

    assert (found["severity"], found["code"], found["subject"]) == ("note", "switch-off", "switches")
    assert re.sub(f", since {TIME}|, by \\w+$", "", str(found["finding"])) == text
    assert found["remedy"] == command
    assert findings(healthy) == []


@pytest.mark.parametrize(
    ("by_hand", "switch", "mended"),
    [
        ("update outbound_webhooks.settings set capture = false", "off", "off"),
        ("update outbound_webhooks.event_sources set capture = false", "off", "on"),
    ],
)
def test_a_switch_thrown_by_hand(healthy: Host, by_hand: str, switch: str, mended: str) -> None:
    """An update of our tables does not reach the trigger function (docs/adr/0007): the record and it disagree."""
    healthy.rows(by_hand)

    problem, note = findings(healthy)
    healthy.rows("select outbound_webhooks.set_capture(%s)", mended)

    assert (problem["severity"], problem["subject"], note["severity"]) == ("problem", SOURCE, "note")
    assert (problem["code"], note["code"]) == ("capture-disagrees", "switch-off")
    assert problem["finding"] == f"capture is {switch} in the settings, but not in its trigger function"
    assert problem["remedy"] == f"outbound-webhooks capture {mended}"
    assert findings(healthy) == [note]


@pytest.mark.parametrize(
    ("event_types", "is_asked_for"),
    [
        ("{*}", True), ("{payment_transaction.*}", True), ("{payment_transaction.created}", True),
        ("{invoice.*,payment_transaction.closed}", False),
    ],
)  # fmt: skip
def test_endpoints(healthy: Host, event_types: str, is_asked_for: bool) -> None:
    """A source whose events no endpoint asks for is a note."""
    healthy.rows("update outbound_webhooks.endpoints set event_types = %s", event_types)

    assert [row["code"] for row in findings(healthy)] == ([] if is_asked_for else ["nobody-asks"])


def test_no_endpoint(healthy: Host) -> None:
    """A retired endpoint asks for nothing; a new one does."""
    healthy.rows("update outbound_webhooks.endpoints set state = 'retired'")

    found = only_finding(healthy)
    steps.endpoint(healthy)

    assert (found["severity"], found["subject"]) == ("note", SOURCE)
    assert findings(healthy) == []


@pytest.mark.parametrize(
    ("setting", "subject", "text"),
    [
        ("role clerk set session_replication_role = replica", "role clerk", "session_replication_role=replica"),
        ("role clerk in database {} set outbound_webhooks.capture = '0'", "role clerk", "outbound_webhooks.capture=0"),
        ("database {} set outbound_webhooks.capture = 'No'", "settings", "outbound_webhooks.capture=No"),
        ("role all set session_replication_role = replica", "settings", "session_replication_role=replica"),
    ],
)  # fmt: skip
def test_settings_that_keep_from_capturing(healthy: Host, setting: str, subject: str, text: str) -> None:
    """A role or database with a setting under which nothing is captured is a warning; resetting it is the remedy."""
    healthy.rows("create role clerk")
    healthy.rows("alter " + setting.format(healthy.value("select quote_ident(current_database())")))

    found = only_finding(healthy)
    healthy.rows(str(found["remedy"]))

    assert (found["severity"], found["code"], found["subject"]) == ("warning", "session-setting", subject)
    assert found["finding"] == f"{text} is set for every session: its writes are not captured"
    assert findings(healthy) == []


def test_the_doorbell_beside_prepare_transaction() -> None:
    """wake_up = doorbell where PREPARE TRANSACTION is allowed, which NOTIFY would break."""
    settings = {**embedded.THROWAWAY, "max_prepared_transactions": "5"}
    look = "select remedy from outbound_webhooks.doctor() where code = 'wake-up-prepared'"
    with embedded.run(embedded.wheel_programs(18), settings) as server:
        migrate(server.url())
        with psycopg.connect(server.url(), autocommit=True) as connection:
            (remedy,) = connection.execute(look).fetchone() or ("",)
            connection.execute(remedy)
            after = connection.execute(look).fetchall()

    assert remedy == "update outbound_webhooks.settings set wake_up = 'poll'"
    assert after == []


@pytest.mark.parametrize("role", ["outbound_webhooks_admin", "outbound_webhooks_monitor"])
def test_roles(healthy: Host, role: str) -> None:
    """The admin and the monitor see the same as the owner, the ledger's count and rights included."""
    healthy.rows("create schema private")
    healthy.rows("alter table payment_transactions set schema private")
    healthy.rows("alter table private.payment_transactions disable trigger all")
    seen = findings(healthy)

    healthy.rows(f"set local role {role}")
    assert findings(healthy) == seen
    healthy.rows("reset role")

    assert {row["severity"] for row in seen} == {"problem"}
