"""Denied attempts: each is a line of the audit log of who tried, and of nobody else; and their number is limited."""

from dispatcher.admin.limits import OWN_RULES, RateClass
from tests.admin.client import API, Api

KEYS = f"{API}/api-keys"
DENIED = "select actor, clinic_id, action, subject from outbound_webhooks.audit_log where is_denied order by id"


async def test_what_was_denied(api: Api) -> None:
    """Another clinic, a role too low, a grant too high: who, what, and at their own clinic."""
    owner, manager = api.make_key("owner", "a"), api.make_key("manager", "a")
    await api.ask("GET", f"{KEYS}?clinic_id=b", key=owner)
    await api.ask("DELETE", f"{KEYS}/7", key=manager)
    await api.ask("POST", KEYS, key=owner, body={"role": "operator"})
    await api.ask("POST", f"{API}/portal-sessions", key=manager, body={"user": "ana", "clinics": {"a": "owner"}})

    assert api.database.execute(DENIED).fetchall() == [
        ("API key 1", "a", "api_key.read", f"GET {KEYS} at clinic b"),
        ("API key 2", "a", "api_key.revoke", f"DELETE {KEYS}/7"),
        ("API key 1", "a", "api_key.issue", f"POST {KEYS} at clinic a"),
        ("API key 2", "a", "portal_session.issue", f"POST {API}/portal-sessions at clinic a"),
    ]


async def test_it_says_which_request(api: Api) -> None:
    """With its id, and where it came from."""
    await api.ask("GET", KEYS, key=api.make_key("manager", "a"), headers={"X-Request-Id": "abc-123_xyz"})

    line = api.database.execute(
        "select request_id, address from outbound_webhooks.audit_log where is_denied"
    ).fetchone()
    assert line == ("abc-123_xyz", "127.0.0.1")


async def test_the_log_cannot_be_filled(api: Api) -> None:
    """Who is denied again and again is limited like everybody: then nothing more is written."""
    key, quota = api.make_key("manager", "a"), OWN_RULES[RateClass.WRITE].quota

    answers = [await api.ask("DELETE", f"{KEYS}/7", key=key) for _ in range(quota + 5)]

    assert [answer.status for answer in answers] == [403] * quota + [429] * 5
    assert len(api.database.execute(DENIED).fetchall()) == quota
