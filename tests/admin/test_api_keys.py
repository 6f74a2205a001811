"""API keys: made, used, revoked; in the database is nothing that opens anything."""

import pytest

from dispatcher.admin.operations import api_keys
from dispatcher.core.credentials import is_right
from tests.admin.client import API, Api

KEYS = f"{API}/api-keys"


async def test_the_life_of_a_key(api: Api) -> None:
    """An owner makes a key, which is shown once, is let in with it, and revokes it."""
    owner = api.make_key("owner", "a")

    made = await api.ask("POST", KEYS, key=owner, body={"role": "manager", "description": "till", "expires_in_days": 7})
    key, number = made.json["key"], made.json["api_key_id"]
    me = await api.ask("GET", f"{API}/me", key=key)
    listed = await api.ask("GET", KEYS, key=owner)
    revoked = await api.ask("DELETE", f"{KEYS}/{number}", key=owner)
    after = await api.ask("GET", f"{API}/me", key=key)

    assert made.status == 201
    assert (made.json["clinic_id"], made.json["role"], made.json["created_by"]) == ("a", "manager", "API key 1")
    assert [(clinic["clinic_id"], clinic["role"]) for clinic in me.json["clinics"]] == [("a", "manager")]
    assert [found["description"] for found in listed.json["api_keys"]] == ["till", ""]
    assert key.rpartition("_")[2] not in listed.text
    assert revoked.status == 204
    assert after.refusal == (401, "unauthenticated")


async def test_the_database_never_has_a_key(api: Api) -> None:
    """What it stores is SHA-256; the audit log has neither."""
    made = await api.ask("POST", KEYS, key=api.make_key("owner", "a"), body={"role": "owner"})
    secret = made.json["key"].split("_", 2)[2]

    kept = api.value(
        "select string_agg(t::text, ' ') from (select k::text from outbound_webhooks.api_keys as k"
        " union all select a::text from outbound_webhooks.audit_log as a) as t"
    )

    assert secret not in kept
    assert api.value("select count(*) from outbound_webhooks.api_keys where digest = sha256(%s)", secret.encode()) == 1


async def test_the_audit_log_says_who_and_what(api: Api) -> None:
    """Making and revoking stand in it, with the key that asked, in the transaction that did it."""
    owner = api.make_key("owner", "a")
    made = await api.ask("POST", KEYS, key=owner, body={"role": "manager"})
    await api.ask("DELETE", f"{KEYS}/{made.json['api_key_id']}", key=owner)

    lines = api.database.execute(
        "select action, actor, clinic_id, subject from outbound_webhooks.audit_log where actor is not null order by id"
    ).fetchall()

    assert lines == [
        ("api_key.issued", "API key 1", "a", "api key 2"),
        ("api_key.revoked", "API key 1", "a", "api key 2"),
    ]


async def refused_keys(api: Api) -> dict[str, str]:
    """Keys that are not let in, by what is wrong with them."""
    right = api.make_key("owner", "a")
    number, secret = right.split("_", 2)[1:]
    revoked = api.make_key("owner", "a")
    api.run("select outbound_webhooks.revoke_api_key(%s)", int(revoked.split("_")[1]))
    expired = api.make_key("owner", "a", expires_in="1 day")
    api.run(
        "update outbound_webhooks.api_keys set created_at = created_at - interval '2 days', expires_at = now()"
        " where expires_at is not null"
    )
    return {
        "unknown id": f"owk_{int(number) + 1000}_{secret}",
        "wrong secret": f"owk_{number}_{'A' * 43}",
        "another key's secret": f"owk_{int(number) + 1}_{secret}",
        "revoked": revoked,
        "expired": expired,
    }


async def test_all_refusals_are_one(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, wrong, revoked, expired: the same answer, after one look-up and one comparison each."""
    compared = []

    def counted(secret: str, expected: bytes | None) -> bool:
        compared.append(expected)
        return is_right(secret, expected)

    monkeypatch.setattr(api_keys, "is_right", counted)
    keys = await refused_keys(api)

    answers = {why: await api.ask("GET", f"{API}/me", key=key) for why, key in keys.items()}

    shown = {
        (answer.status, answer.text.replace(answer.json["request_id"], ""), answer.headers["WWW-Authenticate"])
        for answer in answers.values()
    }
    assert len(shown) == 1
    assert {answer.refusal for answer in answers.values()} == {(401, "unauthenticated")}
    assert len(compared) == len(keys)


@pytest.mark.parametrize(
    "key",
    ["owk_1", "owk_1_", "owk__" + "A" * 43, "owk_01_" + "A" * 43, "owk_-1_" + "A" * 43, "owk_1_" + "A" * 44,
     "owk_9999999999999999999_" + "A" * 43, "OWK_1_" + "A" * 43, "owk_1_" + "Ä" * 43, "owk_\u0661_" + "A" * 43],
)  # fmt: skip
async def test_what_is_not_written_as_a_key(api: Api, key: str) -> None:
    """It is refused like any wrong key, and is no error of ours."""
    answer = await api.ask("GET", f"{API}/me", headers={"Authorization": f"Bearer {key}"})

    assert answer.refusal == (401, "unauthenticated")


async def test_a_key_in_the_url_is_not_looked_at(api: Api) -> None:
    """URLs end up in logs: what stands there opens nothing."""
    key = api.make_key("owner", "a")

    for parameter in ("key", "api_key", "access_token", "token"):
        answer = await api.ask("GET", f"{API}/me?{parameter}={key}")
        assert answer.refusal == (401, "unauthenticated")


async def test_the_last_use_is_noted_once_a_minute(api: Api) -> None:
    """A busy key does not write a row for each request."""
    key = api.make_key("owner", "a")
    used = "select last_used_at from outbound_webhooks.api_keys"

    assert api.value(used) is None
    await api.ask("GET", f"{API}/me", key=key)
    first = api.value(used)
    await api.ask("GET", f"{API}/me", key=key)
    assert api.value(used) == first is not None

    api.run("update outbound_webhooks.api_keys set last_used_at = last_used_at - interval '61 seconds'")
    await api.ask("GET", f"{API}/me", key=key)
    assert api.value(used) > first


@pytest.mark.parametrize(
    ("held", "clinic", "query", "role", "expected"),
    [
        ("owner", "a", "", "owner", 201),
        ("owner", "a", "", "manager", 201),
        ("owner", "a", "", "operator", (403, "cannot_grant")),
        ("owner", "a", "?clinic_id=a", "owner", 201),
        ("owner", "a", "?clinic_id=b", "owner", (403, "forbidden")),
        ("manager", "a", "", "manager", (403, "forbidden")),
        ("operator", None, "?clinic_id=b", "owner", 201),
        ("operator", None, "?clinic_id=b", "operator", (403, "cannot_grant")),
        ("operator", None, "", "operator", 201),
        ("operator", None, "", "owner", (403, "cannot_grant")),
    ],
)
async def test_nobody_makes_more_than_they_have(
    api: Api, held: str, clinic: str | None, query: str, role: str, expected: int | tuple[int, str]
) -> None:
    """A key is made with at most the role of who makes it, at their clinic."""
    answer = await api.ask("POST", KEYS + query, key=api.make_key(held, clinic), body={"role": role})

    assert (answer.status if isinstance(expected, int) else answer.refusal) == expected


async def test_another_clinics_key_is_not_there(api: Api) -> None:
    """Clinic A neither sees nor revokes clinic B's key, nor an operator's; its id is answered like an unknown one."""
    owner, foreign, operators = api.make_key("owner", "a"), api.make_key("owner", "b"), api.make_key("operator")

    listed = await api.ask("GET", KEYS, key=owner)
    answers = [await api.ask("DELETE", f"{KEYS}/{number}", key=owner) for number in (2, 3, 4711, 2**63)]

    assert [found["clinic_id"] for found in listed.json["api_keys"]] == ["a"]
    assert {answer.text.replace(answer.json["request_id"], "") for answer in answers} == {
        answers[0].text.replace(answers[0].json["request_id"], "")
    }
    assert answers[0].refusal == (404, "not_found")
    for key in (foreign, operators):
        assert (await api.ask("GET", f"{API}/me", key=key)).status == 200


async def test_an_operator_sees_all(api: Api) -> None:
    """Without a clinic an operator's list has every key; with one, that clinic's."""
    operator = api.make_key("operator")
    api.make_key("owner", "a")
    api.make_key("owner", "b")

    everywhere = await api.ask("GET", KEYS, key=operator)
    at_b = await api.ask("GET", f"{KEYS}?clinic_id=b", key=operator)

    assert [found["clinic_id"] for found in everywhere.json["api_keys"]] == ["b", "a", None]
    assert [found["clinic_id"] for found in at_b.json["api_keys"]] == ["b"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/role"),
        ({"role": "admin"}, "/role"),
        ({"role": 1}, "/role"),
        ({"role": "owner", "clinic_id": "b"}, "/clinic_id"),
        ({"role": "owner", "description": "x" * 201}, "/description"),
        ({"role": "owner", "description": "a\nb"}, "/description"),
        ({"role": "owner", "expires_in_days": 0}, "/expires_in_days"),
        ({"role": "owner", "expires_in_days": "7"}, "/expires_in_days"),
        ({"role": "owner", "expires_in_days": True}, "/expires_in_days"),
    ],
)
async def test_bad_fields(api: Api, body: dict[str, object], path: str) -> None:
    """Each is named by its path; what was sent is not repeated."""
    answer = await api.ask("POST", KEYS, key=api.make_key("owner", "a"), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert [error["path"] for error in answer.json["errors"]] == [path]


async def test_all_bad_fields_at_once(api: Api) -> None:
    """Whoever gets several wrong hears of all of them."""
    body = {"role": "x", "expires_in_days": -1, "key": "owk_1_planted"}
    answer = await api.ask("POST", KEYS, key=api.make_key("owner", "a"), body=body)

    assert {error["path"] for error in answer.json["errors"]} == {"/role", "/expires_in_days", "/key"}
    assert "planted" not in answer.text


async def test_so_many_and_no_more(api: Api) -> None:
    """A clinic has at most 100 live keys; revoked and expired ones do not count."""
    owner = api.make_key("owner", "a")
    api.run(
        "select outbound_webhooks.create_api_key('manager', sha256(n::text::bytea), 'a')"
        " from generate_series(1, 99) as n"
    )

    full = await api.ask("POST", KEYS, key=owner, body={"role": "manager"})
    api.run("select outbound_webhooks.revoke_api_key(50)")
    after = await api.ask("POST", KEYS, key=owner, body={"role": "manager"})

    assert full.refusal == (409, "limit_reached")
    assert after.status == 201


@pytest.mark.parametrize(("role", "expected"), [("owner", [6, 4, 2]), ("operator", [6, 5, 4, 3, 2, 1])])
async def test_pages(api: Api, role: str, expected: list[int]) -> None:
    """The newest first, each once, whatever is made meanwhile; a clinic's own, or everybody's."""
    for clinic in "bababa":
        api.make_key("manager", clinic)
    key = api.make_key(role, "a" if role == "owner" else None)
    found, after = [], ""

    while after is not None:
        page = (await api.ask("GET", f"{KEYS}?limit=2{after}", key=key)).json
        found += [one["api_key_id"] for one in page["api_keys"]]
        after = page["next"] and f"&cursor={page['next']}"
        api.make_key("manager", "a")

    assert found == [7, *expected]
