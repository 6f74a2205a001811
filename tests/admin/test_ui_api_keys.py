"""The pages of API keys: listing, making one, which is shown once, and revoking one after a question."""

import re
from urllib.parse import urlencode

import pytest

from tests.admin.client import API, Answer, Api
from tests.admin.test_ui_frame import looked_at

KEYS = "/ui/api-keys"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def send(api: Api, key: str, path: str, **fields: object) -> Answer:
    """Send a form."""
    return await api.ask("POST", path, key=key, body=urlencode(fields).encode(), headers=FORM)


async def test_making_one(api: Api) -> None:
    """It is shown once, with a button that copies it, and lets its machine in."""
    owner = api.make_key("owner", "a")

    made = looked_at(await send(api, owner, KEYS, role="manager", description="<till>", expires_in_days="7"))
    listed = looked_at(await api.ask("GET", KEYS, key=owner))
    (key,) = re.findall(r'<code id="key">(owk_[\w-]+)</code>', made.text)
    me = await api.ask("GET", f"{API}/me", key=key)

    assert f'data-copy="{key}"' in made.text
    assert [(one["clinic_id"], one["role"]) for one in me.json["clinics"]] == [("a", "manager")]
    assert key.rpartition("_")[2] not in listed.text
    assert "&lt;till&gt;" in listed.text
    assert "owk_2_…" in listed.text


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"role": ""}, "role"),
        ({"role": "king"}, "role"),
        ({"role": "manager", "expires_in_days": "0"}, "expires_in_days"),
        ({"role": "manager", "expires_in_days": "soon"}, "expires_in_days"),
        ({"role": "manager", "expires_in_days": "\u0663"}, "expires_in_days"),
        ({"role": "manager", "description": "x" * 201}, "description"),
    ],
)
async def test_what_is_not_valid(api: Api, fields: dict[str, str], wrong: str) -> None:
    """Said beside the field; what was typed is kept, and nothing is made."""
    owner = api.make_key("owner", "a")

    answer = looked_at(await send(api, owner, KEYS, **{"description": "the till", **fields}))

    assert answer.status == 422
    assert f'id="{wrong}-error"' in answer.text
    assert f'value="{fields.get("description", "the till")}"' in answer.text
    assert api.value("select count(*) from outbound_webhooks.api_keys") == 1


@pytest.mark.parametrize(
    ("role", "clinic", "query", "offered"),
    [
        ("owner", "a", "", ["owner", "manager"]),
        ("operator", None, "", ["operator"]),
        ("operator", None, "?clinic_id=a", ["owner", "manager"]),
    ],
)
async def test_the_roles_that_are_offered(
    api: Api, role: str, clinic: str | None, query: str, offered: list[str]
) -> None:
    """Those that who asks may hand on, and no other is made."""
    key = api.make_key(role, clinic)

    page = looked_at(await api.ask("GET", KEYS + query, key=key))
    refused = [
        (await send(api, key, KEYS + query, role=other)).refusal
        for other in ("owner", "manager", "operator")
        if other not in offered
    ]

    assert re.findall(r'name="role" value="(\w+)"', page.text) == offered
    assert set(refused) == {(403, "cannot_grant")}
    assert api.value("select count(*) from outbound_webhooks.api_keys") == 1


async def test_revoking_one(api: Api) -> None:
    """Asked first, with what it does; then the next request with it is refused."""
    owner, other = api.make_key("owner", "a"), api.make_key("manager", "a", description="the till")

    asked = looked_at(await api.ask("GET", f"{KEYS}/2/revoke", key=owner))
    before = await api.ask("GET", f"{API}/me", key=other)
    done = await send(api, owner, f"{KEYS}/2/revoke")
    after = await api.ask("GET", f"{API}/me", key=other)
    listed = looked_at(await api.ask("GET", done.headers["Location"], key=owner))

    assert "Revoke API key 2?" in asked.text
    assert "the till" in asked.text
    assert (before.status, done.status, after.status) == (200, 303, 401)
    assert "The API key is revoked." in listed.text
    assert "/2/revoke" not in listed.text


async def test_ones_own_key(api: Api) -> None:
    """Who is here with a key is told when it is that one."""
    owner = api.make_key("owner", "a")

    assert "It is the key that you are here with." in (await api.ask("GET", f"{KEYS}/1/revoke", key=owner)).text


async def test_another_clinics_key(api: Api) -> None:
    """It is not there, to look at or to revoke."""
    owner, foreign = api.make_key("owner", "a"), api.make_key("owner", "b")

    asked = await api.ask("GET", f"{KEYS}/2/revoke", key=owner)
    sent = await send(api, owner, f"{KEYS}/2/revoke")

    assert asked.refusal == sent.refusal == (404, "not_found")
    assert (await api.ask("GET", f"{API}/me", key=foreign)).status == 200


async def test_the_largest_id(api: Api) -> None:
    """It is nobody's, also where there is no id after it."""
    answer = await api.ask("GET", f"{KEYS}/{2**63 - 1}/revoke", key=api.make_key("owner", "a"))

    assert answer.refusal == (404, "not_found")


async def test_managers_see_none(api: Api) -> None:
    """Neither the page nor the way to it."""
    manager = api.make_key("manager", "a")

    assert (await api.ask("GET", KEYS, key=manager)).refusal == (403, "forbidden")
    assert 'href="/ui/api-keys' not in (await api.ask("GET", "/ui/audit", key=manager)).text


async def test_expired_and_revoked(api: Api) -> None:
    """Each in a word; who made it, and when it was used last."""
    owner = api.make_key("owner", "a")
    api.make_key("manager", "a", expires_in="1 day")
    api.make_key("manager", "a")
    api.run(
        "update outbound_webhooks.api_keys set created_at = now() - interval '9 d', expires_at = now() where id = 2"
    )
    api.run("select outbound_webhooks.revoke_api_key(3)")

    page = looked_at(await api.ask("GET", KEYS, key=owner)).text

    assert [page.count(f"</span>{word}</span>") for word in ("Valid", "Expired", "Revoked")] == [1, 1, 1]
    assert "never" in page


async def test_a_hundred_and_one(api: Api) -> None:
    """More keys than a clinic may have: the form says so."""
    owner = api.make_key("owner", "a")
    for _ in range(99):
        api.make_key("manager", "a")

    answer = looked_at(await send(api, owner, KEYS, role="manager"))

    assert answer.status == 422
    assert "100 API keys are in use" in answer.text
    assert 'rel="next"' in answer.text
