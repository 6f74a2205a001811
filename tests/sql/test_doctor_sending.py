"""doctor(): what keeps deliveries from being sent, or makes that slow: arming, stopped endpoints, dead rows."""

import pytest

from tests.sql import steps
from tests.sql.doctoring import findings, make_healthy, only_finding
from tests.sql.test_fence import NOT_ARMED
from tests.support.host import ENVIRONMENT, Host

DOCTOR = "select * from outbound_webhooks.doctor(%s)"
ARM = "select outbound_webhooks.arm(%s)"


def test_not_armed(healthy: Host) -> None:
    """Before it was ever armed, that is a note: it is the last step of a rollout."""
    healthy.rows(NOT_ARMED)

    found = only_finding(healthy)
    healthy.rows(ARM, ENVIRONMENT)
    healthy.rows("select outbound_webhooks.begin_delivery('drain', 1)")
    steps.register(healthy)

    assert (found["severity"], found["code"], found["subject"]) == ("note", "not-armed", "delivery")
    assert found["finding"] == "nothing is sent from this database: it was never armed"
    assert findings(healthy) == []


def test_armed_elsewhere(healthy: Host) -> None:
    """A copy is found whoever asks; that it is armed for another environment, if that is said."""
    healthy.rows("update outbound_webhooks.settings set armed_database_oid = 1")
    copied = only_finding(healthy)
    healthy.rows(ARM, "production")
    healthy.rows("select outbound_webhooks.begin_delivery('drain', 1)")
    steps.register(healthy, environment="production")

    assert (copied["severity"], copied["code"]) == ("warning", "armed-elsewhere")
    assert "it is a copy, or was restored" in copied["finding"]
    assert copied["remedy"].endswith(": outbound-webhooks arm")
    assert findings(healthy) == healthy.rows(DOCTOR, "production") == []
    (other,) = healthy.rows(DOCTOR, "staging")
    assert (other["code"], other["finding"]) == (
        "armed-elsewhere",
        "nothing is sent from this database: it is armed for the environment production, and not for staging",
    )


@pytest.mark.parametrize(
    ("count", "shown"), [(1, "{0}"), (12, "{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, ...")]
)
def test_disabled_endpoints(healthy: Host, count: int, shown: str) -> None:
    """Endpoints that we disabled are one warning, with the first ten of them; resuming them is the remedy."""
    made = [steps.endpoint(healthy, f"clinic-{number}").id for number in range(2, count + 2)]
    for number in range(2, count + 2):
        steps.emit(healthy, clinic=f"clinic-{number}")
    dispatcher = steps.register(healthy)
    gone = [
        steps.result(claimed, dispatcher, steps.RETRY, disable="answered 410 Gone")
        for claimed in steps.claim(healthy, dispatcher)
    ]
    steps.record(healthy, *gone)

    found = only_finding(healthy)
    for endpoint_id in made:
        healthy.rows("select outbound_webhooks.resume_endpoint(%s)", endpoint_id)

    assert (found["severity"], found["code"], found["subject"]) == ("warning", "endpoints-disabled", "endpoints")
    assert found["finding"].startswith("disabled, since ")
    assert found["finding"].endswith(f"UTC or later: {count} ({shown.format(*made)})")
    assert "outbound-webhooks resume ENDPOINT" in found["remedy"]
    assert findings(healthy) == []


def test_paused_endpoints(healthy: Host) -> None:
    """One that somebody paused is a note: they meant it."""
    paused = steps.endpoint(healthy, "clinic-2").id
    healthy.rows("select outbound_webhooks.pause_endpoint(%s)", paused)

    found = only_finding(healthy)
    healthy.rows("select outbound_webhooks.resume_endpoint(%s)", paused)

    assert (found["severity"], found["code"]) == ("note", "endpoints-paused")
    assert found["finding"].endswith(f"UTC or later: 1 ({paused})")
    assert found["remedy"].startswith("outbound-webhooks resume ENDPOINT")
    assert findings(healthy) == []


def test_internal_urls(healthy: Host) -> None:
    """A policy that lets URLs name internal hosts is a note: since when and by whom; closing it is the remedy."""
    healthy.rows("select outbound_webhooks.set_url_policy(p_internal_urls => true)")
    user = healthy.value("select session_user")

    found = only_finding(healthy)
    healthy.rows(str(found["remedy"]))

    assert (found["severity"], found["code"], found["subject"]) == ("note", "internal-urls", "endpoints")
    assert f"UTC, by {user}: the OUTBOUND_WEBHOOKS_ALLOWED_NETWORKS" in found["finding"]
    assert findings(healthy) == []


def test_endpoints_that_would_be_refused(healthy: Host) -> None:
    """After the policy was closed: which endpoints do not pass any more, by reason; retired ones do not count."""
    healthy.rows("select outbound_webhooks.set_url_policy(true, '{[443,443],[1024,65535],[80,80]}')")
    local = [healthy.endpoint("https://localhost:8443/", f"clinic-{number}").id for number in range(2, 14)]
    port = healthy.endpoint("https://clinic.example:80/", "clinic-2").id
    gone = healthy.endpoint("https://127.0.0.1/", "clinic-2").id
    healthy.rows("select outbound_webhooks.retire_endpoint(%s)", gone)
    healthy.rows("select outbound_webhooks.set_url_policy(false, '{[443,443],[1024,65535]}')")

    internal, ports = findings(healthy)

    assert {(row["severity"], row["code"], row["subject"]) for row in (internal, ports)} == {
        ("warning", "urls-refused", "endpoints")
    }
    assert internal["finding"] == (
        "their URLs would be refused today (url_internal_host), but are still called: 12 ("
        + ", ".join(map(str, local[:10]))
        + ", ...)"
    )
    assert ports["finding"] == f"their URLs would be refused today (url_port), but are still called: 1 ({port})"
    healthy.rows("update outbound_webhooks.endpoints set url = 'https://clinic.example/' where state <> 'retired'")
    assert findings(healthy) == []


def test_dead_rows(host: Host) -> None:
    """A live table with more dead rows than a hundred thousand, and than live ones: VACUUM mends it."""
    make_healthy(host)
    host.rows("alter table outbound_webhooks.deliveries set (autovacuum_enabled = off)")
    fill = (
        "insert into outbound_webhooks.deliveries (event_id, endpoint_id, clinic_id)"
        " select gen_random_uuid(), 1, 'clinic-1' from generate_series(1, 100001)"
    )
    host.rows(fill)
    host.rows("delete from outbound_webhooks.deliveries")
    host.rows("select pg_stat_force_next_flush()")

    found = only_finding(host)
    host.rows(str(found["remedy"]).rpartition(": ")[2])
    host.rows("select pg_stat_force_next_flush()")

    assert (found["severity"], found["code"], found["subject"]) == ("warning", "table-bloated", "deliveries")
    assert found["finding"].startswith("100001 dead rows beside 0 live ones")
    assert findings(host) == []
