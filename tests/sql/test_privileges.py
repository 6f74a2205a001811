"""The privilege matrix, complete: every object of the schema, every role, every privilege that there is.

What is expected stands in privileges.py; what there is comes from the catalog, so that a new table, view, column,
sequence or function without an entry fails, as does a privilege more.
"""

import pytest

from tests.sql.privileges import COLUMNS, EXECUTE, INTERNAL, PART, READ, ROLES, SEQUENCES
from tests.support.host import Host

# As of PostgreSQL 15, and MAINTAIN, which 17 has added.
TABLE_PRIVILEGES = ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain")
COLUMN_PRIVILEGES = ("select", "insert", "update", "references")
NOBODY = "a_plain_role"


@pytest.fixture
def host(sandbox: Host) -> Host:
    """A host, and a role that nothing was granted to."""
    sandbox.rows(f"create role {NOBODY} login")
    return sandbox


def known(host: Host, privileges: tuple[str, ...]) -> list[str]:
    """Those of the privileges that the server's version has."""
    return [each for each in privileges if each != "maintain" or host.connection.info.server_version >= 170000]


def roles() -> list[str]:
    """Everybody who is asked about."""
    return [*(f"outbound_webhooks_{role}" for role in ROLES), NOBODY]


def columns(host: Host) -> dict[str, list[str]]:
    """The columns of each table and view, but for partitions."""
    rows = host.rows(
        "select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns"
        " from pg_class as c join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')"
        " and not c.relispartition group by c.relname"
    )
    return {str(row["name"]): list(row["columns"]) for row in rows}  # type: ignore[call-overload]


def test_every_relation_and_column_has_an_entry(host: Host) -> None:
    """Who may read a new column is to be decided: that of a table goes to all of its readers."""
    assert columns(host) == {name: text.split() for name, text in COLUMNS.items()}
    assert READ.keys() == COLUMNS.keys()


def test_relations(host: Host) -> None:
    """Each role reads what it has an entry for, and can do nothing else with any table or view."""
    rows = host.rows(
        "select c.relname::text as name, r.role, p.privilege from pg_class as c, unnest(%s::text[]) as r (role),"
        " unnest(%s::text[]) as p (privilege)"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')"
        " and not c.relispartition and has_table_privilege(r.role, c.oid, p.privilege)",
        roles(), known(host, TABLE_PRIVILEGES),
    )  # fmt: skip

    assert {(row["name"], row["role"], row["privilege"]) for row in rows} == {
        (name, f"outbound_webhooks_{role}", "select") for name, readers in READ.items() for role in readers.split()
    }


def test_columns(host: Host) -> None:
    """The same, column by column: who may read a table reads all of it; single columns have an entry in PART."""
    rows = host.rows(
        "select c.relname || '.' || a.attname as name, r.role, p.privilege from pg_class as c"
        " join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,"
        " unnest(%s::text[]) as r (role), unnest(%s::text[]) as p (privilege)"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f')"
        " and not c.relispartition and has_column_privilege(r.role, c.oid, a.attnum, p.privilege)",
        roles(), list(COLUMN_PRIVILEGES),
    )  # fmt: skip
    expected = {
        (f"{name}.{column}", f"outbound_webhooks_{role}", "select")
        for name, text in COLUMNS.items()
        for column in text.split()
        for role in ROLES
        if role in READ[name].split() or column in PART.get((name, role), "").split()
    }

    assert {(row["name"], row["role"], row["privilege"]) for row in rows} == expected


def test_partitions(host: Host) -> None:
    """Nobody has any privilege on a partition, nor on a column of one."""
    rows = host.rows(
        "select c.relname as name, r.role, p.privilege from pg_class as c, unnest(%s::text[]) as r (role),"
        " unnest(%s::text[]) as p (privilege)"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relispartition and c.relkind in ('r', 'p')"
        " and (has_table_privilege(r.role, c.oid, p.privilege)"
        "    or p.privilege = any (%s) and has_any_column_privilege(r.role, c.oid, p.privilege))",
        roles(), known(host, TABLE_PRIVILEGES), list(COLUMN_PRIVILEGES),
    )  # fmt: skip

    assert rows == []
    assert host.value("select count(*) > 40 from pg_class where relispartition and relkind = 'r'") is True


def test_sequences(host: Host) -> None:
    """Each sequence, those of identity columns too."""
    rows = host.rows(
        "select c.relname::text as name, r.role, p.privilege from pg_class as c, unnest(%s::text[]) as r (role),"
        " unnest(array['usage', 'select', 'update']) as p (privilege)"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relkind = 'S'"
        " and has_sequence_privilege(r.role, c.oid, p.privilege)",
        roles(),
    )
    named = host.rows(
        "select c.relname::text as name from pg_class as c"
        " where c.relnamespace = 'outbound_webhooks'::regnamespace and c.relkind = 'S'"
    )

    assert {row["name"] for row in named} == SEQUENCES.keys()
    assert {(row["name"], row["role"], row["privilege"]) for row in rows} == {
        (name, f"outbound_webhooks_{role}", "select") for name, readers in SEQUENCES.items() for role in readers.split()
    }


def test_functions(host: Host) -> None:
    """Each function, with its arguments; what watch() generates is for nobody to call."""
    rows = host.rows(
        "select p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,"
        " array(select r.role from unnest(%s::text[]) as r (role)"
        "     where has_function_privilege(r.role, p.oid, 'execute')) as roles"
        " from pg_proc as p where p.pronamespace = 'outbound_webhooks'::regnamespace",
        roles(),
    )
    found = {str(row["name"]).partition("(")[0]: set(row["roles"]) for row in rows}  # type: ignore[call-overload]
    generated = ["capture_payment_transactions", "payload_payment_transactions"]

    assert len(found) == len(rows), "two functions of one name: the entries have to tell them apart"
    assert found == {
        **{name: set() for name in (*INTERNAL.split(), *generated)},
        **{name: {f"outbound_webhooks_{role}" for role in callers.split()} for name, callers in EXECUTE.items()},
    }


def test_the_schema(host: Host) -> None:
    """Our roles may name what is in it; nobody may make anything in it."""
    rows = host.rows(
        "select r.role, has_schema_privilege(r.role, 'outbound_webhooks', 'usage') as usage,"
        " has_schema_privilege(r.role, 'outbound_webhooks', 'create') as create from unnest(%s::text[]) as r (role)",
        roles(),
    )

    assert {str(row["role"]): (row["usage"], row["create"]) for row in rows} == {
        role: (role != NOBODY, False) for role in roles()
    }


def test_roles_are_members_of_nothing(host: Host) -> None:
    """None of them has another one's rights, and nothing is granted by default to what is made later."""
    members = host.rows(
        "select member::regrole::text as name from pg_auth_members"
        " where member::regrole::text like 'outbound_webhooks%'"
    )
    defaults = host.rows(
        "select oid from pg_default_acl where defaclrole in"
        " (select oid from pg_roles where rolname like 'outbound_webhooks%')"
    )

    assert (members, defaults) == ([], [])
