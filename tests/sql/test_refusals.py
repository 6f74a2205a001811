"""What watch() refuses of a table, with the reason and what could be done; nothing is left behind."""

import psycopg
import pytest

from tests.sql import sources
from tests.support.host import Host

ONLY_TABLES = "{} cannot be watched: only ordinary and partitioned tables of the host can"
ONLY_TABLES_HINT = (
    "Not views, foreign, temporary or system tables, nor tables of ours. Of a view, watch the table below it."
)
KEYS = "id bigint, clinic_id text"


@pytest.mark.parametrize(
    ("table", "shown", "made_by"),
    [
        ("a_view", "public.a_view", "create view a_view as select 1 as id, '1' as clinic_id"),
        ("a_copy", "public.a_copy", "create materialized view a_copy as select 1 as id, '1' as clinic_id"),
        ("passing", "passing", f"create temporary table passing ({KEYS})"),
        ("numbers", "public.numbers", "create sequence numbers"),
        ("pair", "public.pair", f"create type pair as ({KEYS})"),
        ("pg_class", "pg_class", "select"),
        ("information_schema.sql_features", "information_schema.sql_features", "select"),
        ("outbound_webhooks.events", "outbound_webhooks.events", "select"),
        ("outbound_webhooks.endpoint_secrets", "outbound_webhooks.endpoint_secrets", "select"),
    ],
)
def test_what_is_no_table_of_the_host(sandbox: Host, table: str, shown: str, made_by: str) -> None:
    """Views, temporary tables, catalogs, tables of ours, and whatever else is no table."""
    sandbox.rows(made_by)

    error = sources.refused(sandbox, table, "thing")

    assert error.diag.message_primary == ONLY_TABLES.format(shown)
    assert error.diag.message_hint == ONLY_TABLES_HINT


def test_a_foreign_table(sandbox: Host) -> None:
    """Its rows are another server's."""
    sandbox.rows("create foreign data wrapper other_servers")
    sandbox.rows("create server elsewhere foreign data wrapper other_servers")
    sandbox.rows(f"create foreign table distant ({KEYS}) server elsewhere")

    error = sources.refused(sandbox, "distant", "thing")

    assert error.diag.message_primary == ONLY_TABLES.format("public.distant")


def test_inheritance(sandbox: Host) -> None:
    """A parent has rows whose writes fire no trigger of it; a child alone can be watched."""
    sandbox.rows(f"create table parent ({KEYS})")
    sandbox.rows("create table child () inherits (parent)")

    error = sources.refused(sandbox, "parent", "thing")

    assert error.diag.message_primary == (
        "public.parent cannot be watched: other tables inherit from it, and writes to those fire no trigger of it"
    )
    assert error.diag.message_hint == "Make it a partitioned table, or watch the inheriting tables."
    assert sources.watch(sandbox, "child", "thing") == "child"


def test_partitions(sandbox: Host) -> None:
    """A table is watched as a whole or by a partition, not both."""
    sandbox.rows(f"create table whole ({KEYS}) partition by list (clinic_id)")
    sandbox.rows("create table part partition of whole for values in ('clinic-1')")
    sources.watch(sandbox, "part", "part")

    error = sources.refused(sandbox, "whole", "whole")
    sandbox.rows("select outbound_webhooks.unwatch('part')")
    sources.watch(sandbox, "whole", "whole")
    other = sources.refused(sandbox, "part", "part")

    assert error.diag.message_primary == "public.whole cannot be watched: a partition of it is watched alone"
    assert error.diag.message_hint == "Call unwatch() for the partition first."
    assert other.diag.message_primary == (
        "public.part is a partition of a table that is watched: its writes are captured already"
    )


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("list (status)", "status"),
        ("range (clinic_id, status)", "status"),
        ("list (lower(status))", "status"),
        ("range ((amount / 100))", None),
        ("range (refunded_amount)", "refunded_amount"),
        ("list (coalesce(refunded_amount, 0))", "refunded_amount"),
        ("hash (id)", None),
    ],
)
def test_partitioned_by_what_is_told(sandbox: Host, key: str, column: str | None) -> None:
    """A change that moves the row to another partition would be lost; also when the key is an expression."""
    sandbox.rows(f"create table things ({KEYS}, status text, amount bigint, refunded_amount bigint) partition by {key}")

    if column is None:
        assert sources.watch(sandbox, "things", "thing") == "things"
    else:
        error = sources.refused(sandbox, "things", "thing")
        assert error.diag.message_primary == (
            f"public.things cannot be watched: it is partitioned by {column}, which its events tell of"
        )
        assert "deleted and inserted there" in str(error.diag.message_hint)


def test_partitioned_below_by_what_is_told(sandbox: Host) -> None:
    """A partition that is partitioned itself counts, too."""
    sandbox.rows(f"create table things ({KEYS}, status text) partition by list (clinic_id)")
    sandbox.rows(
        "create table things_1 partition of things for values in ('clinic-1') partition by list (upper(status))"
    )

    error = sources.refused(sandbox, "things", "thing")

    assert "it is partitioned by status" in str(error.diag.message_primary)


def test_not_the_owner(sandbox: Host) -> None:
    """A member of our owner role who does not own the table."""
    sandbox.rows("create table theirs (id bigint primary key, clinic_id text)")
    sandbox.rows('create role "not owner" in role outbound_webhooks_owner')
    sandbox.rows('set local role "not owner"')

    error = sources.refused(sandbox, "theirs", "thing")

    assert error.diag.message_primary == (
        "role not owner may not watch public.theirs: only its owner may create triggers on it"
    )
    assert error.diag.message_hint == "Call watch() as the owner of the table."


def test_a_schema_that_cannot_be_opened_to_us(sandbox: Host) -> None:
    """The table's owner may not grant its schema: PostgreSQL would only warn, and recapture() could not read."""
    sandbox.rows('create role "table owner" in role outbound_webhooks_owner')
    sandbox.rows("create schema closed")
    sandbox.rows('grant usage on schema closed to "table owner"')
    sandbox.rows(f"create table closed.theirs ({KEYS})")
    sandbox.rows('alter table closed.theirs owner to "table owner"')
    sandbox.rows('set local role "table owner"')

    error = sources.refused(sandbox, "closed.theirs", "thing")
    sandbox.rows("reset role")
    sandbox.rows("grant usage on schema closed to outbound_webhooks_owner")
    sandbox.rows('set local role "table owner"')

    assert error.diag.message_primary == "role table owner may not let outbound_webhooks_owner use schema closed"
    assert error.diag.message_hint == ("Its owner can: grant usage on schema closed to outbound_webhooks_owner")
    assert sources.watch(sandbox, "closed.theirs", "thing") == "theirs"


def test_a_virtual_column(sandbox: Host) -> None:
    """Triggers see a virtual generated column as null: it cannot be told of."""
    kind = "virtual" if sandbox.connection.info.server_version >= 180000 else "stored"
    sandbox.rows(f"create table things ({KEYS}, double bigint generated always as (id * 2) {kind})")

    if kind == "stored":
        assert sources.watch(sandbox, "things", "thing", include={"double": "double"}) == "things"
    else:
        error = sources.refused(sandbox, "things", "thing", include={"double": "double"})
        assert error.diag.message_primary == (
            "column double of public.things is a virtual generated one: triggers see it as null"
        )
        assert error.diag.message_hint == "Map double to a stored column."
    assert sources.watch(sandbox, "things", "thing") == "things"


def test_a_table_that_is_gone(sandbox: Host) -> None:
    """A number that is no table's."""
    error = sources.refused(sandbox, "4000000000", "thing")

    assert error.diag.message_primary == "there is no table 4000000000"


@pytest.mark.parametrize("resource", ["endpoint", "delivery", "webhook"])
def test_operational_events_are_not_for_others(sandbox: Host, resource: str) -> None:
    """emit() and watch() refuse the resources, each with what to do instead."""
    statements = [
        f"select outbound_webhooks.emit('c', '{resource}.disabled', '{resource}', '1', '{{}}')",
        f"select outbound_webhooks.emit_row('payment_transactions', '1', '{resource}.disabled')",
        f"select outbound_webhooks.watch('payment_transactions', p_resource => '{resource}')",
    ]
    refused = []
    for statement in statements:
        with pytest.raises(psycopg.errors.InvalidParameterValue) as caught, sandbox.connection.transaction():
            sandbox.rows(statement)
        refused.append(caught.value.diag)

    assert [diag.message_primary for diag in refused] == [
        *[f"event types of '{resource}' are operational events, which only the dispatcher makes"] * 2,
        f"the resource '{resource}' is taken: its events tell of endpoints, deliveries and tests",
    ]
    assert {diag.message_hint for diag in refused} == {"Call the resource something else."}
