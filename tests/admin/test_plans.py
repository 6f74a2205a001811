"""What overviews and a page of the audit log read on a full database: what is the clinic's, by an index.

50,000 live deliveries over 2,000 endpoints, 200,000 lines of the log. What is judged is what the plans read, in pages.
"""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import pytest
from psycopg.rows import dict_row

from dispatcher.admin.operations import attention, audit, hours, overview
from tests.sql.clinics import working_for
from tests.sql.filling import Sizes, fill
from tests.sql.test_view_plans import nodes, pages, pages_of
from tests.support import postgres
from tests.support.host import Host

CLINIC = "clinic-7"  # four endpoints of 2,000
# Every third clinic's lines lie far apart, as those of a clinic do that does little.
LINES: LiteralString = """
insert into outbound_webhooks.audit_log (at, clinic_id, action, subject, is_denied)
select clock_timestamp() - make_interval(secs => 200000 - n), 'clinic-' || n %% 500,
    case when n %% 100000 = 7 then 'endpoint.retired' when n %% 7 = 0 then 'endpoint.paused'
    else 'delivery.retried' end, 'endpoint 1', n %% 11 = 0
from generate_series(1, %s) as n
"""


@pytest.fixture(scope="module")
def full(server: postgres.TestServer) -> Iterator[Host]:
    """A full database; nobody changes it."""
    with postgres.database(server) as url, closing(Host(url)) as found:
        fill(found, Sizes(finished=20_000))
        found.rows(LINES, 200_000)
        found.rows("analyze outbound_webhooks.audit_log")
        yield found


def plan(host: Host, statement: str, **parameters: object) -> dict[str, Any]:
    """The plan of a statement as the clinic's role runs it, or an operator, with what it really read."""
    parameters = {"clinic_id": CLINIC, **parameters}
    whose = working_for(host, CLINIC) if parameters["clinic_id"] is not None else nullcontext()
    with whose, host.connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"explain (analyze, buffers, timing off, format json) {statement}".encode(), parameters)
        row = cursor.fetchone()
    assert row is not None
    return dict(row["QUERY PLAN"][0]["Plan"])


def walked(found: dict[str, Any]) -> set[str]:
    """The tables that a plan reads from end to end."""
    return {str(node["Relation Name"]) for node in nodes(found) if node["Node Type"] == "Seq Scan"}


OF_A_CLINIC = {
    "endpoints": overview._ENDPOINTS + overview._OF_ENDPOINTS,
    "deliveries": overview._DELIVERIES + overview._OF_ENDPOINTS,
    "last day": overview._LAST_DAY + overview._OF_HOURS,
    "hours": hours._HOURS + hours._OF_CLINIC + hours._BY_HOUR,
    "hours of an endpoint": hours._HOURS + hours._OF_ENDPOINT + hours._BY_HOUR,
    "attention": attention._FIRST + attention._OF_CLINIC + attention._WORST_FIRST,
}
A_DAY_AGO = "now() - interval '23 hours'"


@pytest.mark.parametrize("name", OF_A_CLINIC)
def test_an_overview(full: Host, name: str) -> None:
    """It reads what is of the clinic's endpoints, whatever waits for the others."""
    since = full.value(f"select date_trunc('hour', {A_DAY_AGO}, 'UTC')")
    endpoint = full.value("select min(id) from outbound_webhooks.endpoints where clinic_id = %s", CLINIC)

    found = plan(full, OF_A_CLINIC[name], since=since, endpoint_id=endpoint, most=10, late=attention.LATE)

    assert walked(found) <= {"statistics_bounds"}
    assert pages(found) < 1_000 < pages_of(full, "deliveries")


def test_the_days_of_a_page(full: Host) -> None:
    """Of 50 endpoints of all clinics their hours are read, by the key, and no other's."""
    ids = [row["id"] for row in full.rows("select id from outbound_webhooks.endpoints where id % 40 = 7 limit 50")]

    found = plan(full, hours._DAYS, clinic_id=None, endpoint_ids=ids, since=full.value(f"select {A_DAY_AGO}"))

    assert walked(found) <= {"statistics_bounds"}
    assert pages(found) < 2_000 < pages_of(full, "endpoint_hours")


OF_ALL = {
    "hours": hours._HOURS + hours._BY_HOUR,
    "endpoints": attention._FIRST + attention._WORST_FIRST,
    "clinics": attention._CLINICS + attention._MOST_FIRST,
}


@pytest.mark.parametrize("name", OF_ALL)
def test_an_overview_of_all(full: Host, name: str) -> None:
    """It reads the endpoints, what is live and a day's hours, once each at most: no history."""
    found = plan(
        full, OF_ALL[name], clinic_id=None, since=full.value(f"select {A_DAY_AGO}"), most=10, late=attention.LATE
    )

    tables = {str(node["Relation Name"]) for node in nodes(found) if "Relation Name" in node}
    assert tables <= {"endpoints", "endpoint_flow", "deliveries", "endpoint_hours"}
    assert pages(found) < sum(pages_of(full, table) for table in tables) + 4 * 2_000


HALF = datetime.now(UTC) - timedelta(seconds=100_000)
CHOICES: dict[str, dict[str, object]] = {
    "all": {},
    "from a page on": {"before": HALF, "before_id": 100_000},
    "an action": {"action": "endpoint.paused"},
    "a thing": {"action": "endpoint.*"},
    "denied": {"is_denied": True},
    "a rare action": {"action": "endpoint.retired"},
    "an action that is not there": {"action": "endpoint.gone"},
    "a time long ago": {"until": HALF},
    "all of it": {
        "before": HALF, "before_id": 100_000, "action": "endpoint.*", "is_denied": False,
        "since": "2020-01-01T00:00:00Z",
    },
}  # fmt: skip


@pytest.mark.parametrize("whose", [CLINIC, None])
@pytest.mark.parametrize("name", CHOICES)
def test_a_page_of_the_audit_log(full: Host, name: str, whose: str | None) -> None:
    """It reads the lines that it shows, the newest first, by an index, however rare they are; a clinic's own alone."""
    chosen = {"clinic_id": whose, "limit": 51, **CHOICES[name]}

    found = plan(full, audit.statement(chosen), **chosen)

    assert walked(found) == set()
    assert pages(found) < 300 < pages_of(full, "audit_log")


def test_a_plan_that_walks_is_found(full: Host) -> None:
    """The tests above can fail: without its indexes the same page reads all of the log."""
    chosen = {"clinic_id": CLINIC, "limit": 51}
    with full.connection.transaction(force_rollback=True):
        for way in ("indexscan", "bitmapscan"):
            full.rows(f"set local enable_{way} = off")
        found = plan(full, audit.statement(chosen), **chosen)

    assert walked(found) == {"audit_log"}
    assert pages(found) >= 600
