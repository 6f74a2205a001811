"""The functions that outbound_webhooks_clinic may call: for its own clinics; what is another's is not there for it."""

import re
from dataclasses import replace

import psycopg
import pytest

from tests.sql.clinics import MINE, THEIRS, Things, populate, rows_of, working_for
from tests.sql.conftest import Connect
from tests.support.host import Host

NOBODYS = Things(4711, 4711, 4711, "01900000-0000-7000-8000-000000000000", 4711)
CALL = "select * from outbound_webhooks."

# Each function that the role was granted, and a call of it for something of a clinic. A new one needs a row here; one
# that tells and does nothing of any clinic is PURE.
CALLS: dict[str, str] = {
    "cancel_deliveries": "cancel_deliveries(p_endpoint_id => {endpoint})",
    "change_endpoint": "change_endpoint({endpoint}, '{{}}')",
    "cancel_delivery": "cancel_delivery({delivery})",
    "count_chosen": "count_chosen(array['{event}']::uuid[], array['*'])",
    "explain": "explain('{event}', {endpoint})",
    "list_headers": "list_headers({endpoint})",
    "list_secrets": "list_secrets({endpoint})",
    "pause_endpoint": "pause_endpoint({endpoint})",
    "reevaluate": "reevaluate(p_endpoint_id => {endpoint}, p_since => 'epoch')",
    "replay": "replay(p_endpoint_id => {endpoint}, p_state => null)",
    "resume_endpoint": "resume_endpoint({endpoint})",
    "resume_replay": "resume_replay({replay})",
    "retire_endpoint": "retire_endpoint({endpoint})",
    "retry_delivery": "retry_delivery({delivery})",
    "revoke_secret": "revoke_secret({secret})",
    "rotate_secret": "rotate_secret({endpoint})",
    "set_authorization": "set_authorization({endpoint}, 'bearer', null, 'token')",
    "set_headers": "set_headers({endpoint}, '{{}}')",
    "stop_replay": "stop_replay({replay})",
}
# What names its clinic: refused, in the same words for one that is there and one that is not.
BY_CLINIC: dict[str, str] = {
    "cancel_deliveries": "cancel_deliveries(p_clinic_id => '{clinic}')",
    "create_endpoint": "create_endpoint('{clinic}', 'https://clinic.example/')",
    "record_denied": "record_denied('endpoint.retire', '{clinic}', 'endpoint 1')",
    "reevaluate": "reevaluate(p_clinic_id => '{clinic}')",
    "replay": "replay(p_clinic_id => '{clinic}')",
}
PURE = {"skipped_count", "uuid_v7_floor"}

STATE = (
    "endpoints", "endpoint_flow", "endpoint_secrets", "endpoint_headers", "deliveries", "finished_deliveries",
    "replays", "audit_log",
)  # fmt: skip


@pytest.fixture
def things(sandbox: Host) -> dict[str, Things]:
    """What two clinics have in the sandbox."""
    return {clinic: populate(sandbox, clinic) for clinic in (MINE, THEIRS)}


def call(host: Host, text: str, things: Things) -> object:
    """What a call returns or raises; numbers and ids left out, as they are in the question."""
    try:
        with working_for(host, MINE):
            rows = host.rows(CALL + text.format(**vars(things)))
    except psycopg.Error as error:
        told = f"{error.diag.message_primary} {error.diag.message_detail} {error.diag.message_hint}"
        return error.sqlstate, re.sub(r"\d+|[0-9a-f-]{36}", "N", told)
    return rows


def test_each_function_is_tried(sandbox: Host) -> None:
    """The tables above have every function that the catalog says the role may execute, and no other."""
    granted = sandbox.rows(
        "select p.proname as name from pg_proc as p where p.pronamespace = 'outbound_webhooks'::regnamespace"
        " and has_function_privilege('outbound_webhooks_clinic', p.oid, 'execute')"
    )

    assert {row["name"] for row in granted} == CALLS.keys() | BY_CLINIC.keys() | PURE


def test_functions_that_change_are_definers_and_look(sandbox: Host) -> None:
    """Inside of a definer function row-level security shows all: each asks who calls, itself or in what it calls."""
    asking = sandbox.rows(
        "with recursive asks (oid) as ("
        "    select p.oid from pg_proc as p where p.pronamespace = 'outbound_webhooks'::regnamespace"
        "        and p.proname = 'caller_sees'"
        "    union select p.oid from asks join pg_proc as a on a.oid = asks.oid"
        "        join pg_proc as p on p.prosrc like '%outbound_webhooks.' || a.proname || '(%'"
        "    where p.pronamespace = 'outbound_webhooks'::regnamespace)"
        " select p.proname as name from pg_proc as p where p.pronamespace = 'outbound_webhooks'::regnamespace"
        " and p.prosecdef and has_function_privilege('outbound_webhooks_clinic', p.oid, 'execute')"
        " and p.oid not in (select oid from asks)"
    )

    assert asking == []


@pytest.mark.parametrize("name", CALLS)
def test_what_is_anothers_is_not_there(sandbox: Host, things: dict[str, Things], name: str) -> None:
    """The same answer as for what nobody has, in rows, code, words and hint; and nothing of the other's has changed."""
    before = {table: rows_of(sandbox, table, THEIRS) for table in STATE}

    theirs = call(sandbox, CALLS[name], things[THEIRS])
    nobodys = call(sandbox, CALLS[name], NOBODYS)

    assert theirs == nobodys
    assert {table: rows_of(sandbox, table, THEIRS) for table in STATE} == before


@pytest.mark.parametrize("name", CALLS)
def test_its_own(sandbox: Host, things: dict[str, Things], name: str) -> None:
    """For its own it works: the answer is another one than for what nobody has."""
    if name == "resume_replay":
        sandbox.rows("select outbound_webhooks.stop_replay(%s)", things[MINE].replay)
    if name == "revoke_secret":
        sandbox.rows("select outbound_webhooks.rotate_secret(%s)", things[MINE].endpoint)
    if name == "cancel_delivery":
        sandbox.rows("select outbound_webhooks.retry_delivery(%s)", things[MINE].delivery)
    answer = call(sandbox, CALLS[name], things[MINE])

    assert isinstance(answer, list), answer
    assert answer != call(sandbox, CALLS[name], NOBODYS)


@pytest.mark.parametrize("name", BY_CLINIC)
def test_another_clinic_by_name(sandbox: Host, things: dict[str, Things], name: str) -> None:
    """Refused, whether or not there is such a clinic; its own is not."""
    before = {table: rows_of(sandbox, table, THEIRS) for table in STATE}
    answers = [
        call(sandbox, BY_CLINIC[name].replace("{clinic}", clinic), things[MINE])
        for clinic in (THEIRS, "clinic-3", MINE)
    ]

    assert answers[0] == answers[1] == ("42501", answers[0][1])  # type: ignore[index]
    assert isinstance(answers[2], list), answers[2]
    assert {table: rows_of(sandbox, table, THEIRS) for table in STATE} == before


@pytest.mark.parametrize("name", ["cancel_deliveries", "reevaluate", "replay"])
def test_a_choice_over_all_clinics(sandbox: Host, things: dict[str, Things], name: str) -> None:
    """Who does not see all clinics has to name one, or an endpoint of one."""
    answer = call(sandbox, f"{name}(p_since => 'epoch')", things[MINE])

    assert answer[0] == "42501"  # type: ignore[index]
    assert "does not act for all clinics" in answer[1]  # type: ignore[index]


def test_an_event_of_ones_own_and_anothers_endpoint(sandbox: Host, things: dict[str, Things]) -> None:
    """Half of what is asked for is another's: that half is not there, whichever it is."""
    mixed = replace(things[THEIRS], event=things[MINE].event), replace(things[MINE], event=things[THEIRS].event)
    nobodys = replace(NOBODYS, event=things[MINE].event), replace(things[MINE], event=NOBODYS.event)

    assert [call(sandbox, CALLS["explain"], each) for each in mixed] == [
        call(sandbox, CALLS["explain"], each) for each in nobodys
    ]


def test_a_role_that_was_granted_a_function_by_name(sandbox: Host, things: dict[str, Things]) -> None:
    """It sees no clinic unless it names one: whoever is neither admin nor owner is bound by the setting."""
    sandbox.rows("create role a_supporter login")
    sandbox.rows("grant usage on schema outbound_webhooks to a_supporter")
    sandbox.rows("grant execute on function outbound_webhooks.pause_endpoint(bigint, text) to a_supporter")
    pause = "select outbound_webhooks.pause_endpoint(%s)"
    with sandbox.connection.transaction():
        sandbox.rows("set local role a_supporter")
        with pytest.raises(psycopg.errors.NoDataFound), sandbox.connection.transaction():
            sandbox.rows(pause, things[MINE].endpoint)
        sandbox.rows("select set_config('outbound_webhooks.clinics', '{clinic-1}', true)")
        sandbox.rows(pause, things[MINE].endpoint)
        sandbox.rows("reset role")

    assert (
        sandbox.value("select state from outbound_webhooks.endpoints where id = %s", things[MINE].endpoint) == "paused"
    )


def test_nobody_waits_for_what_is_anothers(host: Host, connect: Connect) -> None:
    """B holds all of its own rows locked: A's calls about them answer at once, as for what nobody has."""
    mine, theirs = populate(host, MINE), populate(host, THEIRS)
    b, a = connect(), connect()
    a.rows("set lock_timeout = '10s'")
    expected = {name: call(a, text, NOBODYS) for name, text in CALLS.items()}
    with b.connection.transaction():
        for table in STATE[:-1]:
            b.rows(f"select from outbound_webhooks.{table} where clinic_id = %s for update", THEIRS)
        answers = {name: call(a, text, theirs) for name, text in CALLS.items()}

    assert mine != theirs
    assert answers == expected
