"""What operators' views cost on a full database: bounded by what is live, whatever stands behind it.

200,000 finished deliveries and as many attempts, 50,000 live deliveries over 2,000 endpoints. What is judged is what
the plans read, in pages; never how long it took.
"""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dispatcher.admin.operations.endpoint_rows import SHOW
from tests.sql.filling import Sizes, fill
from tests.sql.viewing import VIEWS, as_monitor
from tests.support import postgres
from tests.support.host import Host

SIZES = Sizes()
# The walks over live deliveries that a look at all of a view may take, and the pages beside them for each endpoint.
COSTS = {
    "backlog": (2, 0),
    "retry_calendar": (1, 0),
    "stat_dispatchers": (1, 0),
    "stat_endpoints": (1, 4),  # a probe for each that has something in flight: here all have
    "stat_sources": (0, 0),
    "stuck_deliveries": (2, 20),
}
FEW = 1_000  # pages: small tables, the catalog, the open ledger, the newest events
OF_AN_ENDPOINT = [name for name in VIEWS if name not in ("stat_dispatchers", "stat_sources")]


@pytest.fixture(scope="module")
def full(server: postgres.TestServer) -> Iterator[Host]:
    """A full database; nobody changes it."""
    with postgres.database(server) as url, closing(Host(url)) as found:
        fill(found, SIZES)
        yield found


def plan(host: Host, query: str) -> dict[str, Any]:
    """The plan of a query of the monitor role, with what it really read."""
    (row,) = as_monitor(host, f"explain (analyze, buffers, timing off, format json) {query}")
    (found,) = row["QUERY PLAN"]
    return dict(found["Plan"])


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's nodes, those of sub-plans too."""
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def pages(node: dict[str, Any]) -> int:
    """How many pages a node and those below it read."""
    return int(node["Shared Hit Blocks"]) + int(node["Shared Read Blocks"])


def pages_of(host: Host, table: str) -> int:
    """How many pages a table has."""
    return int(str(host.value("select pg_relation_size(%s) / 8192", f"outbound_webhooks.{table}")))


def relations(found: dict[str, Any]) -> set[str]:
    """The tables that a plan reads."""
    return {str(node["Relation Name"]) for node in nodes(found) if "Relation Name" in node}


def histories(found: dict[str, Any]) -> set[str]:
    """The tables of finished deliveries and attempts that a plan reads."""
    return {name for name in relations(found) if name.startswith(("finished_deliveries", "attempts"))}


@pytest.mark.parametrize("name", VIEWS)
def test_no_history_is_read(full: Host, name: str) -> None:
    """Neither finished deliveries nor attempts; of events and the ledger what an index finds, and few of them."""
    found = plan(full, f"select * from outbound_webhooks.{name}")

    of_events = [node for node in nodes(found) if str(node.get("Relation Name", "")).startswith(("events", "capture"))]
    assert histories(found) == set()
    assert {str(node["Node Type"]) for node in of_events} <= {"Index Scan", "Index Only Scan"}
    assert sum(node["Actual Rows"] * node["Actual Loops"] for node in of_events) <= 1_000 + SIZES.ledger / 100 + 1


@pytest.mark.parametrize("name", VIEWS)
def test_all_of_it(full: Host, name: str) -> None:
    """It reads live deliveries, or an index of them, once or twice, some pages for each endpoint, and few beside."""
    walks, each = COSTS[name]

    found = plan(full, f"select * from outbound_webhooks.{name}")

    assert pages(found) <= walks * pages_of(full, "deliveries") + each * SIZES.endpoints + FEW


@pytest.mark.parametrize("name", OF_AN_ENDPOINT)
@pytest.mark.parametrize("which", ["min", "max"])
def test_one_endpoint(full: Host, name: str, which: str) -> None:
    """Of one endpoint it reads what waits for it, by an index: nothing of the others, whose backlog may be long."""
    one = full.value(f"select {which}(id) from outbound_webhooks.endpoints")
    waiting = full.value("select count(*) from outbound_webhooks.deliveries where endpoint_id = %s", one)

    found = plan(full, f"select * from outbound_webhooks.{name} where endpoint_id = {one}")

    walked = [node for node in nodes(found) if node["Node Type"] == "Seq Scan"]
    assert {str(node["Relation Name"]) for node in walked} <= {"settings", "dispatchers", "pg_database"}
    assert pages(found) <= int(str(waiting)) + 200


def test_one_endpoint_waits_for_much(full: Host) -> None:
    """What the tests above look at: the first endpoint's backlog is long, the last one's short."""
    (row,) = full.rows("select max(n) as most, min(n) as least, count(*) as endpoints from ("
        "select count(*) as n from outbound_webhooks.deliveries group by endpoint_id) as d")  # fmt: skip

    assert (row["most"] > 5_000, row["least"] < 100, row["endpoints"]) == (True, True, SIZES.endpoints)  # type: ignore[operator]


def test_counts_that_are_not_asked_for_are_not_made(full: Host) -> None:
    """The state of all endpoints alone reads no delivery."""
    found = plan(full, "select endpoint_id, host, state, breaker, in_flight from outbound_webhooks.stat_endpoints")

    assert relations(found) == {"endpoints", "endpoint_flow"}


@pytest.mark.parametrize("role", ["outbound_webhooks_admin", "outbound_webhooks_clinic"])
def test_endpoints_of_the_admin_api(full: Host, role: str) -> None:
    """Who is shown a few endpoints: what waits for each is counted by an index; what waits for others is not read."""
    (few,) = full.rows(
        "select array_agg(e.id) as ids, array_agg(distinct e.clinic_id)::text as clinics from ("
        "select id, clinic_id from outbound_webhooks.endpoints order by id desc limit 50) as e"
    )
    waiting = full.value("select count(*) from outbound_webhooks.deliveries where endpoint_id = any (%s)", few["ids"])
    with full.connection.transaction():
        full.rows("select set_config('outbound_webhooks.clinics', %s, true)", few["clinics"])
        full.rows(f"set local role {role}")
        cursor = full.connection.execute(
            f"explain (analyze, buffers, timing off, format json) {SHOW}".encode(),
            {"clinic_id": None, "endpoint_ids": few["ids"]},
        )
        row = cursor.fetchone()
        full.rows("reset role")
    assert row is not None
    found = row["QUERY PLAN"][0]["Plan"]

    counted = [node for node in nodes(found) if node.get("Relation Name") in ("deliveries", "endpoint_hours")]
    assert found["Actual Rows"] == 50
    assert {str(node["Node Type"]) for node in counted} <= {"Index Scan", "Index Only Scan", "Bitmap Heap Scan"}
    assert len(counted) >= 3
    assert histories(found) == set()
    assert pages(found) <= int(str(waiting)) + 50 * 40


def test_a_plan_that_reads_history_is_found(full: Host) -> None:
    """The tests above can fail: a sum over the log, if the role might read it, reads the rows that they forbid."""
    with full.connection.transaction(force_rollback=True):
        full.rows("grant select on all tables in schema outbound_webhooks to outbound_webhooks_monitor")
        found = plan(full, "select sum(attempt_count) from outbound_webhooks.delivery_log")

    assert histories(found) != set()
    assert pages(found) > 2 * pages_of(full, "deliveries") + FEW
