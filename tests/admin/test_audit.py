"""audit: the log over HTTP: whose lines, which, and page by page."""

from typing import Any

import pytest

from tests.admin.client import API, Api

AUDIT = f"{API}/audit"
WRITE = "select outbound_webhooks.record_audit(%s, %s, %s, %s)"


@pytest.fixture
def log(api: Api) -> Api:
    """An API whose log has lines of two clinics and of the platform."""
    for action, clinic, subject in (
        ("endpoint.created", "a", "endpoint 1"),
        ("endpoint.paused", "a", "endpoint 1"),
        ("signing_key.issued", "a", "signing key 1 of endpoint 1"),
        ("endpoint.created", "b", "endpoint 2"),
        ("settings.changed", None, "settings"),
        ("endpoint.resumed", "a", "endpoint 1"),
    ):
        api.run(WRITE, action, clinic, subject, '{"after": {"state": "ação"}}')
    return api


async def lines(api: Api, key: str, query: str = "") -> list[dict[str, Any]]:
    """The lines of an answer, without those that are about keys, which the tests need."""
    answer = await api.ask("GET", AUDIT + query, key=key)
    assert answer.status == 200, answer.text
    return [line for line in answer.json["audit"] if not line["action"].startswith("api_key.")]


async def actions(api: Api, key: str, query: str = "") -> list[str]:
    """What was done, the newest first."""
    return [str(line["action"]) for line in await lines(api, key, query)]


OF_A = ["endpoint.resumed", "signing_key.issued", "endpoint.paused", "endpoint.created"]


async def test_a_line(api: Api) -> None:
    """What the API itself does is a line with who, where from and in which request."""
    owner = api.make_key("owner", "a")
    made = await api.ask(
        "POST", f"{API}/api-keys", key=owner, body={"role": "manager"}, headers={"X-Request-Id": "abc-123_xyz"}
    )

    newest = (await api.ask("GET", f"{AUDIT}?limit=1", key=owner)).json["audit"][0]

    assert made.status == 201
    assert {name: newest[name] for name in newest if name not in ("audit_id", "at", "database_user", "details")} == {
        "actor": "API key 1", "request_id": "abc-123_xyz", "address": "127.0.0.1", "is_denied": False, "clinic_id": "a",
        "action": "api_key.issued", "subject": "api key 2",
    }  # fmt: skip
    assert newest["details"]["after"]["role"] == "manager"
    assert newest["at"].endswith("+00:00")


async def test_whose_lines(log: Api) -> None:
    """A clinic's own, for owner and manager alike; the platform's are for operators, who see all, or one clinic's."""
    operator = log.make_key("operator")

    for key in (log.make_key("owner", "a"), log.make_key("manager", "a")):
        assert await actions(log, key) == OF_A
    assert await actions(log, log.make_key("owner", "b")) == ["endpoint.created"]
    assert await actions(log, log.make_key("owner", "c")) == []
    assert await actions(log, operator, "?clinic_id=a") == OF_A
    assert len(await lines(log, operator)) == 6
    assert {line["clinic_id"] for line in await lines(log, operator)} == {"a", "b", None}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("action=endpoint.paused", ["endpoint.paused"]),
        ("action=endpoint.*", ["endpoint.resumed", "endpoint.paused", "endpoint.created"]),
        ("action=endpoint.gone", []),
        ("is_denied=false", OF_A),
        ("is_denied=true", []),
        ("since=2020-01-01T00:00:00Z&until=9000-01-01T00:00:00Z", OF_A),
        ("since=9000-01-01T00:00:00Z", []),
        ("until=2020-01-01T00:00:00Z", []),
        ("action=endpoint.*&is_denied=false&since=2020-01-01T00:00:00Z&limit=200", [OF_A[0], *OF_A[2:]]),
    ],
)
async def test_filters(log: Api, query: str, expected: list[str]) -> None:
    """Each by itself, and together."""
    assert await actions(log, log.make_key("owner", "a"), f"?{query}") == expected


async def test_from_a_time_on(log: Api) -> None:
    """The time of a line is in what begins with it, and not in what ends with it."""
    key = log.make_key("owner", "a")
    at = (await lines(log, key))[1]["at"].replace("+", "%2B")

    assert await actions(log, key, f"?since={at}") == OF_A[:2]
    assert await actions(log, key, f"?until={at}") == OF_A[2:]


async def test_denied(api: Api) -> None:
    """What somebody tried stands in the log of their clinic, by what was tried."""
    manager = api.make_key("manager", "a")
    await api.ask("DELETE", f"{API}/api-keys/7", key=manager)

    (line,) = (await api.ask("GET", f"{AUDIT}?is_denied=true", key=manager)).json["audit"]

    assert (line["action"], line["actor"], line["is_denied"]) == ("api_key.revoke", "API key 1", True)
    assert line["subject"] == f"DELETE {API}/api-keys/7"


async def test_pages(log: Api) -> None:
    """Each line once, whatever is written meanwhile."""
    key, found, after = log.make_key("owner", "a"), [], ""

    while True:
        page = (await log.ask("GET", f"{AUDIT}?limit=2&action=endpoint.*{after}", key=key)).json
        found += [line["action"] for line in page["audit"]]
        log.run(WRITE, "endpoint.changed", "a", "endpoint 1", "{}")
        if page["next"] is None:
            break
        after = f"&cursor={page['next']}"

    assert found == [OF_A[0], *OF_A[2:]]


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=1e2", "/limit"),
        ("cursor=x", "/cursor"),
        ("action=endpoint", "/action"),
        ("action=*", "/action"),
        ("action=endpoint.%25", "/action"),
        ("is_denied=1", "/is_denied"),
        ("is_denied=", "/is_denied"),
        ("since=yesterday", "/since"),
        ("until=2026-03-01", "/until"),
        ("actor=ana", "/actor"),
        ("action=a.b&action=a.c", "/action"),
        ("action=a.b%00", "/action"),
    ],
)
async def test_bad_parameters(api: Api, query: str, path: str) -> None:
    """Each is named."""
    answer = await api.ask("GET", f"{AUDIT}?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert path in [error["path"] for error in answer.json["errors"]]
