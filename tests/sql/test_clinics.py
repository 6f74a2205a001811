"""Row-level security: who works for one clinic sees its rows in every table and view, and nothing of another's."""

import psycopg
import pytest

from tests.sql.clinics import MINE, READABLE, ROLE, THEIRS, as_clinic, populate, rows_of, working_for
from tests.support.host import Host

# What is the same for all clinics.
COMMON = {"event_types", "statistics_bounds"}


@pytest.fixture
def shared(sandbox: Host) -> Host:
    """A host with rows of two clinics in every table."""
    populate(sandbox, MINE)
    populate(sandbox, THEIRS)
    return sandbox


def readable(host: Host) -> list[str]:
    """Every table and view with rows of clinics that the role may read."""
    return [str(row["name"]) for row in host.rows(READABLE) if row["is_of_clinics"]]


def test_what_may_be_read(sandbox: Host) -> None:
    """Without the column clinic_id nothing can be told apart: such a relation is common to all, and named here."""
    rows = sandbox.rows(READABLE)

    assert {row["name"] for row in rows if not row["is_of_clinics"]} == COMMON
    assert {row["is_view"] for row in rows if row["is_of_clinics"]} == {True, False}


def test_its_own_rows_and_no_others(shared: Host) -> None:
    """In each table and view: all rows of its clinic, and not one more; the same for the other clinic."""
    for name in readable(shared):
        everything = {clinic: rows_of(shared, name, clinic) for clinic in (MINE, THEIRS)}
        for clinic in (MINE, THEIRS):
            with working_for(shared, clinic):
                seen, counted = rows_of(shared, name), shared.value(f"select count(*) from outbound_webhooks.{name}")
            assert everything[clinic], f"{name} has nothing to see"
            assert (name, seen, counted) == (name, everything[clinic], len(seen))


def test_several_clinics(shared: Host) -> None:
    """A person at several clinics sees the rows of each of them."""
    for name in readable(shared):
        with working_for(shared, MINE, THEIRS):
            seen = rows_of(shared, name)
        assert seen == sorted(rows_of(shared, name, MINE) + rows_of(shared, name, THEIRS)), name


@pytest.mark.parametrize(
    "setting", [None, "", "{}", "{NULL}", '{""}', "{CLINIC-1}", "{clinic-}", '{" clinic-1"}', "{%}"]
)
def test_nobody_sees_nothing(shared: Host, setting: str | None) -> None:
    """Not set, empty as after another transaction, an empty list, null, or no clinic's name: not one row."""
    with as_clinic(shared, setting):
        seen = {name: rows_of(shared, name) for name in readable(shared)}

    assert {name for name, rows in seen.items() if rows} == set()


@pytest.mark.parametrize("setting", ["clinic-1", "{clinic-1", "clinic-1,clinic-2"])
def test_a_setting_that_is_no_list_is_an_error(shared: Host, setting: str) -> None:
    """It fails closed: a name where a list has to be raises, in whatever is read."""
    for name in readable(shared):
        with pytest.raises(psycopg.errors.InvalidTextRepresentation), as_clinic(shared, setting):
            rows_of(shared, name)


def test_a_login_of_its_own(shared: Host) -> None:
    """A URL for this role alone: who is a member, and never sets it, sees no more; nor can it become another role."""
    shared.rows(f"create role an_api login in role {ROLE}")
    with shared.connection.transaction():
        shared.rows("set local session authorization an_api")
        unset = [rows_of(shared, name) for name in readable(shared)]
        shared.rows("select set_config('outbound_webhooks.clinics', %s, true)", "{" + MINE + "}")
        seen = {name: rows_of(shared, name) for name in readable(shared)}
        with pytest.raises(psycopg.errors.InsufficientPrivilege), shared.connection.transaction():
            shared.rows("set local role outbound_webhooks_admin")
        shared.rows("reset session authorization")

    assert all(rows == [] for rows in unset)
    assert seen == {name: rows_of(shared, name, MINE) for name in readable(shared)}


def test_a_leaky_function_is_not_shown_other_rows(shared: Host) -> None:
    """A condition that costs nothing and tells all it is asked about is asked after the policy, in each relation."""
    told: list[str] = []
    shared.connection.add_notice_handler(lambda diagnostic: told.append(str(diagnostic.message_primary)))
    with working_for(shared, MINE):
        shared.rows(
            "create function pg_temp.tell(text) returns boolean language plpgsql cost 0.0000001"
            " as $$ begin raise notice '%', $1; return true; end $$"
        )
        for name in readable(shared):
            shared.rows(f"select from outbound_webhooks.{name} as t where pg_temp.tell(t::text)")
            shared.rows(f"select from outbound_webhooks.{name} as t where 1 / (t.clinic_id <> '{THEIRS}')::integer = 1")

    assert any(MINE in text for text in told)
    assert [text for text in told if THEIRS in text] == []


def test_statistics_are_hidden(shared: Host) -> None:
    """What ANALYZE keeps of a column, most common values among it, shows clinics' names: not to this role."""
    tables = [str(row["name"]) for row in shared.rows(READABLE) if row["is_of_clinics"] and not row["is_view"]]
    shared.rows(f"analyze {', '.join(f'outbound_webhooks.{name}' for name in tables)}")
    query = (
        "select count(*) from pg_stats where schemaname = 'outbound_webhooks' and tablename <> all (%s)"
        " or schemaname = 'outbound_webhooks' and tablename = any (%s)"
    )
    everything = shared.value(query, sorted(COMMON), tables)
    with working_for(shared, MINE):
        seen = shared.value(query, sorted(COMMON), tables)
        with pytest.raises(psycopg.errors.InsufficientPrivilege), shared.connection.transaction():
            shared.rows("select from pg_statistic")

    assert int(str(everything)) > 0
    assert seen == 0


def test_nothing_is_written(shared: Host) -> None:
    """No table takes a row, a change or a deletion, of its own clinic either: that is for functions."""
    for name in (str(row["name"]) for row in shared.rows(READABLE)):
        for statement in (
            f"insert into outbound_webhooks.{name} default values",
            f"delete from outbound_webhooks.{name}",
        ):
            with (
                pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)),
                working_for(shared, MINE),
            ):
                shared.rows(statement)


def test_rows_of_the_platform_are_nobodys(shared: Host) -> None:
    """A replay over all clinics, a change of settings, a change in the ledger without a clinic: no clinic's."""
    shared.rows("select outbound_webhooks.replay(p_since => 'epoch')")
    shared.rows("update outbound_webhooks.settings set notice_window = '2 hours'")
    with working_for(shared, MINE, THEIRS):
        seen = [
            shared.value(f"select count(*) from outbound_webhooks.{name} where clinic_id is null")
            for name in ("replays", "audit_log")
        ]

    assert seen == [0, 0]
    assert shared.value("select count(*) from outbound_webhooks.replays where clinic_id is null") == 1
