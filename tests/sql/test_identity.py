"""API keys, portal sessions and clinic_role() in the database."""

import psycopg
import pytest

from dispatcher.migrate import post_apply
from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.support.host import Host

DIGEST = b"d" * 32


def key(host: Host, role: str = "operator", clinic: str | None = None) -> int:
    """An API key; returns its id."""
    number = host.value("select outbound_webhooks.create_api_key(%s, %s, %s)", role, DIGEST, clinic)
    assert isinstance(number, int)
    return number


def session(host: Host, api_key: int, code: bytes = b"c" * 32) -> int:
    """A portal session that waits for its code; returns its id."""
    number = host.value(
        "select portal_session_id from outbound_webhooks.create_portal_session("
        "%s, 'ana', '{\"a\": \"owner\"}', false, %s, '1 minute')",
        *(api_key, code),
    )
    assert isinstance(number, int)
    return number


OPEN = "select outbound_webhooks.open_portal_session(%s, %s, '1 hour')"


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        (("admin", DIGEST, "a"), "role_is_known"),
        (("owner", DIGEST, None), "operators_have_no_clinic"),
        (("operator", DIGEST, "a"), "operators_have_no_clinic"),
        (("owner", DIGEST, ""), "clinic_is_named"),
        (("owner", b"owk_1_in_clear", "a"), "digest_is_sha256"),
    ],
)
def test_impossible_keys(sandbox: Host, values: tuple[object, ...], constraint: str) -> None:
    """The table refuses them, whoever writes."""
    with pytest.raises(psycopg.errors.CheckViolation) as refused, sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.create_api_key(%s, %s, %s)", *values)

    assert refused.value.diag.constraint_name == f"api_keys_{constraint}"


def test_a_key_that_expires_before_it_begins(sandbox: Host) -> None:
    """Is none."""
    with pytest.raises(psycopg.errors.CheckViolation), sandbox.connection.transaction():
        sandbox.rows("select outbound_webhooks.create_api_key('operator', %s, p_expires_in => '-1 s')", DIGEST)


def test_who_made_and_revoked_it(sandbox: Host) -> None:
    """The actor that a program named, or else the database user."""
    sandbox.rows("select set_config('outbound_webhooks.actor', 'ana@host.example', true)")
    number = key(sandbox)
    sandbox.rows("select set_config('outbound_webhooks.actor', '', true)")
    sandbox.rows("select outbound_webhooks.revoke_api_key(%s)", number)
    user = sandbox.value("select session_user::text")

    assert sandbox.rows("select created_by, revoked_by from outbound_webhooks.list_api_keys()") == [
        {"created_by": "ana@host.example", "revoked_by": user}
    ]


def test_of_two_openings_one_waits_and_gets_nothing(host: Host, connect: Connect) -> None:
    """The second one comes while the first has not committed: it waits, and finds the code used."""
    first, second = connect(), connect()
    opened = session(host, key(host))

    with background() as running:
        with first.connection.transaction():
            assert first.value(OPEN, b"c" * 32, b"1" * 32) == opened
            call = running.submit(second.value, OPEN, b"c" * 32, b"2" * 32)
            until_blocked(host, second, call)
        assert call.result(60) is None

    assert host.value("select session_digest from outbound_webhooks.portal_sessions") == b"1" * 32


def test_an_opening_that_is_taken_back(host: Host, connect: Connect) -> None:
    """Then the code is good for the one who waited."""
    first, second = connect(), connect()
    opened = session(host, key(host))

    with background() as running:
        with first.connection.transaction(force_rollback=True):
            first.value(OPEN, b"c" * 32, b"1" * 32)
            call = running.submit(second.value, OPEN, b"c" * 32, b"2" * 32)
            until_blocked(host, second, call)
        assert call.result(60) == opened


def test_a_use_is_noted_without_waiting(host: Host, connect: Connect) -> None:
    """A request does not wait for another one that notes the same, nor for a revocation under way."""
    first, second = connect(), connect()
    number = key(host)

    with first.connection.transaction():
        first.rows("select outbound_webhooks.revoke_api_key(%s)", number)
        second.rows("set statement_timeout = '30s'")
        second.rows("select outbound_webhooks.note_api_key_use(%s)", number)

    assert host.value("select last_used_at from outbound_webhooks.api_keys") is None


def test_a_session_of_a_key_that_was_revoked_is_not_opened(sandbox: Host) -> None:
    """The code is good for nothing any more."""
    number = key(sandbox)
    session(sandbox, number)
    sandbox.rows("select outbound_webhooks.revoke_api_key(%s)", number)

    assert sandbox.value(OPEN, b"c" * 32, b"1" * 32) is None


@pytest.mark.parametrize(
    ("roles", "is_operator"), [("{}", False), ('{"a": "owner"}', True), ("[]", False), ('"a"', False)]
)
def test_impossible_sessions(sandbox: Host, roles: str, is_operator: bool) -> None:
    """A session is for clinics, or an operator's."""
    number = key(sandbox)
    with pytest.raises(psycopg.errors.CheckViolation), sandbox.connection.transaction():
        sandbox.rows(
            "select outbound_webhooks.create_portal_session(%s, 'ana', %s, %s, %s, '1 minute')",
            *(number, roles, is_operator, b"c" * 32),
        )


def test_sessions_are_purged(sandbox: Host) -> None:
    """A month after they ended, opened or not; the key stays, as the audit log names it."""
    number = key(sandbox)
    for days in (31, 29, -1):
        code = bytes([days % 256]) * 32
        opened = session(sandbox, number, code)
        sandbox.rows(
            "update outbound_webhooks.portal_sessions set ends_at = clock_timestamp() - make_interval(days => %s)"
            " where id = %s",
            *(days, opened),
        )

    purged = {row["name"]: row["purged"] for row in sandbox.rows("select * from outbound_webhooks.purge_rows()")}

    assert purged["portal_sessions"] == 1
    assert sandbox.value("select count(*) from outbound_webhooks.api_keys") == 1


REPLACED = """
create or replace function outbound_webhooks.clinic_role(p_user_id text, p_clinic_id text) returns text
    language sql stable as $$ select case when p_user_id = 'ana' then 'OWNER' else 'CHIEF' end $$
"""


def test_clinic_role_as_it_comes(sandbox: Host) -> None:
    """It knows nobody."""
    assert sandbox.rows("select * from outbound_webhooks.member_roles('ana', '{a,b}')") == []


def test_clinic_role_is_the_hosts(host: Host) -> None:
    """An upgrade, which loads every function anew, keeps the one that was replaced, and its comment."""
    host.rows(REPLACED)
    body = "select prosrc from pg_proc where proname = 'clinic_role'"
    before = host.value(body)

    with psycopg.connect(host.url) as connection:
        post_apply().load(connection)

    assert host.value(body) == before
    assert host.value("select obj_description('outbound_webhooks.clinic_role(text, text)'::regprocedure)") is not None
    assert host.rows("select * from outbound_webhooks.member_roles('ana', '{a}')") == [
        {"clinic_id": "a", "role": "owner"}
    ]


def test_what_is_no_role_is_none(sandbox: Host) -> None:
    """Whatever the host's function says that is not owner or manager: nobody becomes an operator by it."""
    sandbox.rows(REPLACED)
    assert sandbox.rows("select * from outbound_webhooks.member_roles('eva', '{a}')") == []
    sandbox.rows(REPLACED.replace("'CHIEF'", "'operator'"))
    assert sandbox.rows("select * from outbound_webhooks.member_roles('eva', '{a}')") == []
