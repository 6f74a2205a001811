"""Portal sessions of keys and tokens in the database; and ending all of a person's, beside others who do something."""

import psycopg
import pytest

from tests.sql.conftest import Connect
from tests.sql.interleaving import background, until_blocked
from tests.sql.test_identity import OPEN, key, session
from tests.support.host import Host

WITH_KEY = "select outbound_webhooks.sign_in_with_key(%s, %s, '1 hour')"
WITH_TOKEN = "select outbound_webhooks.sign_in_with_token('ana', %s, %s, %s, '1 hour')"
EVERYWHERE = "select outbound_webhooks.end_portal_sessions(%s)"
FOUND = "select * from outbound_webhooks.find_portal_session(%s, '30 minutes', %s)"
LIVE = "select array_agg(id order by id) from outbound_webhooks.portal_sessions where ends_at > clock_timestamp()"
ENDED = "select count(*) from outbound_webhooks.audit_log where action = 'portal_session.ended'"


def test_what_is_found_of_a_key(sandbox: Host) -> None:
    """Its clinic and role as they are now; no person."""
    number = key(sandbox, "owner", "a")
    opened = sandbox.value(WITH_KEY, number, b"1" * 32)
    before = sandbox.rows(FOUND, b"1" * 32, True)
    sandbox.rows("update outbound_webhooks.api_keys set role = 'operator', clinic_id = null")

    expected = {"portal_session_id": opened, "user_id": None, "api_key_id": number}
    assert before == [{**expected, "roles": {"a": "owner"}, "is_operator": False}]
    assert sandbox.rows(FOUND, b"1" * 32, True) == [{**expected, "roles": {}, "is_operator": True}]


def test_what_is_found_of_a_token(sandbox: Host) -> None:
    """What it said; no key."""
    opened = sandbox.value(WITH_TOKEN, '{"a": "manager"}', False, b"1" * 32)

    assert sandbox.rows(FOUND, b"1" * 32, True) == [
        {
            "portal_session_id": opened,
            "user_id": "ana",
            "roles": {"a": "manager"},
            "is_operator": False,
            "api_key_id": None,
        }
    ]


@pytest.mark.parametrize("is_seen", [True, False])
def test_who_keeps_it_awake(sandbox: Host, is_seen: bool) -> None:
    """A request does; what a page asks for by itself finds it, too, and leaves it as it is."""
    sandbox.value(WITH_TOKEN, "{}", True, b"1" * 32)
    sandbox.rows(
        "update outbound_webhooks.portal_sessions set last_seen_at = clock_timestamp() - interval '20 minutes'"
    )

    assert len(sandbox.rows(FOUND, b"1" * 32, is_seen)) == 1
    assert is_seen == sandbox.value(
        "select last_seen_at > clock_timestamp() - interval '10 minutes' from outbound_webhooks.portal_sessions"
    )


@pytest.mark.parametrize("deed", ["revoke_api_key(%s)", "expire"])
def test_a_key_that_is_over_begins_nothing(sandbox: Host, deed: str) -> None:
    """The program looked at it just before."""
    number = key(sandbox)
    if deed == "expire":
        sandbox.rows("update outbound_webhooks.api_keys set expires_at = created_at + interval '1 microsecond'")
    else:
        sandbox.rows(f"select outbound_webhooks.{deed}", number)

    assert sandbox.value(WITH_KEY, number, b"1" * 32) is None
    assert sandbox.value(WITH_KEY, number + 1, b"1" * 32) is None


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        (("link", True, None, True, True), "have_what_their_kind_has"),
        (("link", True, "ana", False, True), "have_what_their_kind_has"),
        (("api_key", True, "ana", False, True), "have_what_their_kind_has"),
        (("api_key", False, None, False, True), "have_what_their_kind_has"),
        (("api_key", True, None, False, False), "have_what_their_kind_has"),
        (("token", True, "ana", False, True), "have_what_their_kind_has"),
        (("token", False, "ana", True, True), "have_what_their_kind_has"),
        (("token", False, "", False, True), "user_is_named"),
        (("password", True, "ana", False, True), "kind_is_known"),
    ],
)
def test_impossible_sessions(sandbox: Host, values: tuple[str, bool, str | None, bool, bool], constraint: str) -> None:
    """The table refuses them, whoever writes."""
    kind, has_key, user, has_code, is_open = values
    number = key(sandbox)
    with pytest.raises(psycopg.errors.CheckViolation) as refused, sandbox.connection.transaction():
        sandbox.rows(
            "insert into outbound_webhooks.portal_sessions (kind, api_key_id, user_id, roles, is_operator, code_digest,"
            " session_digest, opened_at, last_seen_at, ends_at) select %s, %s, %s, '{}', true, %s, %s,"
            " case when %s then clock_timestamp() end, case when %s then clock_timestamp() end, clock_timestamp()",
            *(kind, number if has_key else None, user, b"c" * 32 if has_code else None),
            *(b"s" * 32 if is_open else None, is_open, is_open),
        )

    assert refused.value.diag.constraint_name == f"portal_sessions_{constraint}"


def test_everywhere_waits_for_an_opening_and_ends_it(host: Host, connect: Connect) -> None:
    """A code that is being used at this moment opens no session that goes on."""
    first, second = connect(), connect()
    number = key(host)
    own, other = session(host, number, b"a" * 32), session(host, number, b"b" * 32)

    with background() as running:
        with first.connection.transaction():
            assert first.value(OPEN, b"b" * 32, b"1" * 32) == other
            call = running.submit(second.value, EVERYWHERE, own)
            until_blocked(host, second, call)
        assert call.result(60) == 2

    assert host.value(LIVE) is None
    assert host.rows(FOUND, b"1" * 32, True) == []


def test_two_everywhere_at_once(host: Host, connect: Connect) -> None:
    """The second one waits, and finds nothing left: each session ends once, and neither is a deadlock's victim."""
    first, second = connect(), connect()
    number = key(host)
    ids = [session(host, number, bytes([letter]) * 32) for letter in b"abc"]

    with background() as running:
        with first.connection.transaction():
            assert first.value(EVERYWHERE, ids[2]) == 3
            call = running.submit(second.value, EVERYWHERE, ids[0])
            until_blocked(host, second, call)
        assert call.result(60) == 0

    assert host.value(ENDED) == 3


def test_everywhere_of_nothing(sandbox: Host) -> None:
    """Where there is no such session, none ends."""
    opened = session(sandbox, key(sandbox))

    assert sandbox.value(EVERYWHERE, opened + 1) == 0
    assert sandbox.value(LIVE) == [opened]
