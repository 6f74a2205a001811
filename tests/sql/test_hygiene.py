"""Rules that hold for every object of the schema, read from the catalog and from the function files."""

import re
from pathlib import Path

import pytest

from tests.support.host import Host

FUNCTION_FILES = sorted((Path(__file__).parents[2] / "sql_functions").glob("*.sql"))
OWNER = "outbound_webhooks_owner"

FUNCTIONS = """
    select p.proname as name, pg_get_userbyid(p.proowner) as owner,
        -- Executable only by the owner, it is called from functions that are pinned, and runs with their path.
        coalesce('search_path=pg_catalog, pg_temp' = any (p.proconfig), not p.prosecdef and not exists (
            select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a where a.grantee <> p.proowner
        )) as pinned,
        obj_description(p.oid, 'pg_proc') is not null as commented,
        exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) where grantee = 0) as public
    from pg_proc as p
    where p.pronamespace = 'outbound_webhooks'::regnamespace
    order by p.proname
"""
# Without partitions, and without the sequences of identity columns.
RELATIONS = """
    select c.relname as name, c.relkind::text as kind, pg_get_userbyid(c.relowner) as owner,
        obj_description(c.oid, 'pg_class') is not null as commented
    from pg_class as c
    where c.relnamespace = 'outbound_webhooks'::regnamespace
        and c.relkind in ('r', 'p', 'v', 'S')
        and not c.relispartition
        and not (c.relkind = 'S' and exists (select from pg_depend where objid = c.oid and deptype = 'i'))
    order by c.relname
"""


def function_name(file: Path) -> str:
    """The function that a file is named after: 20_insert_event.sql."""
    return re.sub(r"^\d\d_", "", file.stem)


def test_the_catalog_shows_every_function(lasting_host: Host) -> None:
    """What the tests below look at: a function for each file, two of a watched table, and the host's clinic_role."""
    found = {row["name"] for row in lasting_host.rows(FUNCTIONS)}

    assert found == {function_name(file) for file in FUNCTION_FILES} | {
        "capture_payment_transactions",
        "payload_payment_transactions",
        "clinic_role",
    }


@pytest.mark.parametrize(
    ("column", "expected"), [("pinned", True), ("public", False), ("commented", True), ("owner", OWNER)]
)
def test_functions(lasting_host: Host, column: str, expected: object) -> None:
    """Every function, generated ones too: pg_temp last in its path or internal; not public; commented; the owner's."""
    found = [row["name"] for row in lasting_host.rows(FUNCTIONS) if row[column] != expected]

    assert found == []


@pytest.mark.parametrize(("column", "expected"), [("commented", True), ("owner", OWNER)])
def test_relations(lasting_host: Host, column: str, expected: object) -> None:
    """Every table, view and sequence is commented and owned by the owner role."""
    rows = lasting_host.rows(RELATIONS)

    assert [row["name"] for row in rows if row[column] != expected] == []
    assert {row["kind"] for row in rows} == {"r", "p", "v", "S"}


def test_partitions_belong_to_the_owner(lasting_host: Host) -> None:
    """Partitions are made by ensure_partitions: as the owner, with no grant of their own."""
    rows = lasting_host.rows(
        "select pg_get_userbyid(c.relowner) as owner, count(*) as n, count(*) filter (where exists ("
        "    select from aclexplode(c.relacl) as a where a.grantee <> c.relowner)) as granted"
        " from pg_class as c where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relispartition"
        " and c.relkind in ('r', 'p') group by 1"
    )

    assert [(row["owner"], row["granted"]) for row in rows] == [(OWNER, 0)]


def test_no_foreign_key_from_the_hot_path(lasting_host: Host) -> None:
    """A payment locks no endpoint: no table that a capture writes, and none of deliveries, has a foreign key."""
    rows = lasting_host.rows(
        "select conrelid::regclass::text as name from pg_constraint"
        " where contype = 'f' and connamespace = 'outbound_webhooks'::regnamespace order by 1"
    )

    assert [row["name"] for row in rows] == [
        "outbound_webhooks.endpoint_flow",
        "outbound_webhooks.endpoint_headers",
        "outbound_webhooks.endpoint_secrets",
        "outbound_webhooks.event_types",
        "outbound_webhooks.portal_sessions",
        "outbound_webhooks.replays",
    ]


def test_no_check_on_what_a_payment_writes(lasting_host: Host) -> None:
    """PostgreSQL reads each CHECK anew in every statement: the two tables of the hot path have none (docs/adr/0006)."""
    rows = lasting_host.rows(
        "select conname as name from pg_constraint where contype = 'c' and conrelid in"
        " ('outbound_webhooks.events'::regclass, 'outbound_webhooks.deliveries'::regclass)"
    )

    assert rows == []


def test_lease_columns_are_in_no_index(lasting_host: Host) -> None:
    """What a claim writes is in no index and no index predicate of deliveries: a claim can be a HOT update."""
    rows = lasting_host.rows(
        "select distinct a.attname as name from pg_index as i join pg_attribute as a on a.attrelid = i.indrelid"
        " where i.indrelid = 'outbound_webhooks.deliveries'::regclass and ("
        "    a.attnum = any (i.indkey::smallint[])"
        "    or exists (select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid"
        "        and d.refobjid = i.indrelid and d.refobjsubid = a.attnum)) order by 1"
    )

    assert [row["name"] for row in rows] == [
        "endpoint_id", "event_id", "id", "next_attempt_at", "ordering_key", "parked_reason",
    ]  # fmt: skip


@pytest.mark.parametrize("file", FUNCTION_FILES, ids=lambda file: file.name)
def test_function_files(file: Path) -> None:
    """A file is named NN_<function>.sql, begins with a header about it, and makes that function and no other object."""
    text = file.read_text(encoding="utf-8")
    name = function_name(file)
    made = re.findall(r"(?m)^create or replace function outbound_webhooks\.(\w+)\(", text)
    statements = re.findall(r"(?m)^(create|alter|drop|insert|update|delete|revoke|grant|comment)\b", text)

    assert re.fullmatch(r"\d\d_[a-z0-9_]+\.sql", file.name)
    assert text.startswith(f"-- {name}: ")
    assert made == [name]
    assert statements[:2] == ["create", "revoke"]
    assert set(statements[2:]) <= {"grant", "comment"}
    assert statements[-1] == "comment"
