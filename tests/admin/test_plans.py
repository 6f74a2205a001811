"""What an overview and a page of the audit log read on a full database: what is the clinic's, by an index.

50,000 live deliveries over 2,000 endpoints, 200,000 lines of the log. What is judged is what the plans read, in pages.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any, LiteralString

import pytest
from psycopg.rows import dict_row

from dispatcher.admin.operations import audit, overview
from dispatcher.admin.operations.where import where
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
    case n %% 7 when 0 then 'endpoint.paused' else 'delivery.retried' end, 'endpoint 1', n %% 11 = 0
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
    """The plan of a statement as the clinic's role runs it, with what it really read."""
    with working_for(host, CLINIC), host.connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            f"explain (analyze, buffers, timing off, format json) {statement}".encode(),
            {"clinic_id": CLINIC, **parameters},
        )
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
}


@pytest.mark.parametrize("name", OF_A_CLINIC)
def test_an_overview(full: Host, name: str) -> None:
    """It reads what is of the clinic's endpoints, whatever waits for the others."""
    found = plan(full, OF_A_CLINIC[name])

    assert walked(found) <= {"statistics_bounds"}
    assert pages(found) < 1_000 < pages_of(full, "deliveries")


CHOICES: dict[str, dict[str, object]] = {
    "all": {},
    "from a page on": {"before": 100_000},
    "an action": {"action": "endpoint.paused"},
    "a thing": {"action": "endpoint.*"},
    "denied": {"is_denied": True},
    "all of it": {"before": 100_000, "action": "endpoint.*", "is_denied": False, "since": "2020-01-01T00:00:00Z"},
}


@pytest.mark.parametrize("name", CHOICES)
def test_a_page_of_the_audit_log(full: Host, name: str) -> None:
    """It reads lines of the clinic alone, the newest first, and stops when the page is full."""
    chosen = {"clinic_id": CLINIC, **CHOICES[name]}
    statement = audit._SELECT + where(audit._CONDITIONS, chosen) + " order by a.id desc limit 51"

    found = plan(full, statement, **chosen)

    assert walked(found) == set()
    assert {node["Index Name"] for node in nodes(found) if "Index Name" in node} == {"audit_log_of_a_clinic"}
    assert pages(found) < 600 < pages_of(full, "audit_log")


def test_a_plan_that_walks_is_found(full: Host) -> None:
    """The tests above can fail: without its indexes the same page reads all of the log."""
    chosen = {"clinic_id": CLINIC}
    with full.connection.transaction(force_rollback=True):
        for way in ("indexscan", "bitmapscan"):
            full.rows(f"set local enable_{way} = off")
        found = plan(full, audit._SELECT + where(audit._CONDITIONS, chosen) + " order by a.id desc limit 51", **chosen)

    assert walked(found) == {"audit_log"}
    assert pages(found) >= 600
