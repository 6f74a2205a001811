"""What a manager may not know or choose: keys, headers, the query of a URL; and no way round it."""

import asyncio
from typing import Any

import pytest

from tests.admin.client import Api
from tests.admin.making import ENDPOINTS, URL, made, put, row_of
from tests.support.polling import holds

SECRET = "whsec_" + "A" * 43 + "="
WITH_QUERY = f"{URL}?key=t0ken"
HIDDEN = f"{URL}?[redacted]"
DENIED = "select action, subject from outbound_webhooks.audit_log where is_denied order by id"


async def test_a_manager_makes_one(api: Api) -> None:
    """It is made, and its key is not shown: an owner makes a new one, and shows that to whom they like."""
    created = await made(api, api.make_key("manager", "a"))

    assert created["secret"] is None
    assert row_of(api, created["endpoint_id"])["keys"][0]["secret"].startswith("whsec_")


@pytest.mark.parametrize("options", [{"secret": SECRET}, {"headers": {"x-api-key": "s3cret"}}], ids=str)
async def test_a_manager_chooses_no_secrets(api: Api, options: dict[str, Any]) -> None:
    """Neither a key, which they would know then, nor headers: nothing is made, and the audit log has it."""
    answer = await api.ask(
        "POST", ENDPOINTS, key=api.make_key("manager", "a"), body={"url": URL, **options}
    )  # fmt: skip

    assert answer.refusal == (403, "forbidden")
    assert api.value("select count(*) from outbound_webhooks.endpoints") == 0
    assert api.database.execute(DENIED).fetchall() == [("endpoint.create", f"POST {ENDPOINTS} at clinic a")]


async def test_headers_that_are_none(api: Api) -> None:
    """An empty object asks for nothing."""
    answer = await api.ask("POST", ENDPOINTS, key=api.make_key("manager", "a"), body={"url": URL, "headers": {}})

    assert answer.status == 201


@pytest.mark.parametrize(("role", "url"), [("owner", WITH_QUERY), ("operator", WITH_QUERY), ("manager", HIDDEN)])
async def test_who_is_shown_the_query(api: Api, role: str, url: str) -> None:
    """Some receivers want a token there: in every answer it is shown to those who may know secrets."""
    key = api.make_key(role, None if role == "operator" else "a")
    path = f"{ENDPOINTS}/{put(api, 'a', WITH_QUERY)}"

    answers = [
        await api.ask("GET", path, key=key),
        await api.ask("PATCH", path, key=key, body={"description": "x"}),
        await api.ask("POST", f"{path}/pause", key=key, body={}),
        await api.ask("POST", f"{path}/resume", key=key, body={}),
    ]
    listed = await api.ask("GET", ENDPOINTS, key=key)

    assert {answer.json["url"] for answer in answers} == {url}
    assert [endpoint["url"] for endpoint in listed.json["endpoints"]] == [url]


async def test_a_query_that_was_hidden_is_not_written_back(api: Api) -> None:
    """Who sends back what they were shown would break the URL: it is refused, and says why."""
    number = put(api, "a", WITH_QUERY)

    answer = await api.ask("PATCH", f"{ENDPOINTS}/{number}", key=api.make_key("manager", "a"), body={"url": HIDDEN})

    assert answer.refusal == (422, "invalid_body")
    assert answer.json["errors"][0]["path"] == "/url"
    assert row_of(api, number)["endpoint"]["url"] == WITH_QUERY


OTHER = "https://evil.example/"


async def test_headers_do_not_go_elsewhere(api: Api) -> None:
    """Whoever may not know what headers hold cannot have them sent to a URL of their own."""
    number = put(api, "a", headers='{"x-api-key": "s3cret"}')
    path, manager = f"{ENDPOINTS}/{number}", api.make_key("manager", "a")
    before = row_of(api, number)

    refused = await api.ask("PATCH", path, key=manager, body={"url": OTHER, "description": "x"})
    unchanged = row_of(api, number)
    the_rest = await api.ask("PATCH", path, key=manager, body={"url": URL, "description": "x"})
    by_owner = await api.ask("PATCH", path, key=api.make_key("owner", "a"), body={"url": OTHER})

    assert refused.refusal == (403, "forbidden")
    assert unchanged == before
    assert api.database.execute(DENIED).fetchall() == [("endpoint.change", f"PATCH {path} at clinic a")]
    assert (the_rest.status, the_rest.json["description"]) == (200, "x")
    assert (by_owner.status, by_owner.json["url"]) == (200, OTHER)


async def test_headers_that_come_at_the_same_time(api: Api) -> None:
    """A manager changes the URL before an owner's headers are committed: the change waits, and is refused."""
    number = put(api, "a")
    manager, path = api.make_key("manager", "a"), f"{ENDPOINTS}/{number}"
    waits = "select exists (select from pg_locks as l where not l.granted)"

    with api.database.transaction():
        api.run("select outbound_webhooks.set_headers(%s, %s)", number, '{"x-api-key": "s3cret"}')
        asked = asyncio.create_task(api.ask("PATCH", path, key=manager, body={"url": OTHER}))
        await holds(lambda: asked.done() or api.value(waits))
        assert not asked.done()
    answer = await asked

    assert answer.refusal == (403, "forbidden")
    assert row_of(api, number)["endpoint"]["url"] == URL


async def test_a_url_that_goes_away_at_the_same_time(api: Api) -> None:
    """A manager brings back the URL that an owner is just leaving: that is a change, too, and is refused."""
    number = put(api, "a", headers='{"x-api-key": "s3cret"}')
    manager, path = api.make_key("manager", "a"), f"{ENDPOINTS}/{number}"
    waits = "select exists (select from pg_locks as l where not l.granted)"

    with api.database.transaction():
        api.run("select outbound_webhooks.change_endpoint(%s, %s)", number, f'{{"url": "{OTHER}"}}')
        asked = asyncio.create_task(api.ask("PATCH", path, key=manager, body={"url": URL}))
        await holds(lambda: asked.done() or api.value(waits))
        assert not asked.done()
    answer = await asked

    assert answer.refusal == (403, "forbidden")
    assert row_of(api, number)["endpoint"]["url"] == OTHER


async def test_without_headers_a_manager_changes_the_url(api: Api) -> None:
    """Nothing secret goes with it."""
    number = put(api, "a", WITH_QUERY)

    answer = await api.ask("PATCH", f"{ENDPOINTS}/{number}", key=api.make_key("manager", "a"), body={"url": OTHER})

    assert (answer.status, answer.json["url"]) == (200, OTHER)


async def test_nothing_of_a_secret_is_shown_again(api: Api) -> None:
    """Neither key nor header in any answer but the one that made it, nor in the audit log, sealed ones neither."""
    owner = api.make_key("owner", "a")
    number = (await made(api, owner, secret=SECRET, headers={"x-api-key": "s3cret"}))["endpoint_id"]
    path = f"{ENDPOINTS}/{number}"
    rotated = await api.ask("POST", f"{path}/rotate-secret", key=owner, body={})
    api.run(
        "update outbound_webhooks.endpoint_secrets set secret = null, sealed = 'v1.k1.c2VhbGVk' where secret = %s",
        SECRET,
    )

    answers = [
        await api.ask("GET", ENDPOINTS, key=owner),
        await api.ask("GET", path, key=owner),
        await api.ask("GET", f"{path}/secrets", key=owner),
        await api.ask("GET", f"{path}/headers", key=owner),
        await api.ask("GET", f"{path}/stats", key=owner),
        await api.ask("PATCH", path, key=owner, body={"description": "x"}),
    ]

    told = "".join(answer.text for answer in answers) + api.value(
        "select string_agg(a::text, ' ') from outbound_webhooks.audit_log as a"
    )
    assert {answer.status for answer in answers} == {200}
    for secret in (SECRET, "s3cret", "c2VhbGVk", rotated.json["secret"]):
        assert secret not in told
