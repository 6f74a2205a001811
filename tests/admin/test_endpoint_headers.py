"""Headers over HTTP: replaced all at once, listed by name, removed."""

from tests.admin.client import Api
from tests.admin.making import ENDPOINTS, put, row_of


async def test_the_life_of_headers(api: Api) -> None:
    """Set, replaced, listed, removed; no answer has what they hold."""
    owner, path = api.make_key("owner", "a"), f"{ENDPOINTS}/{put(api, 'a')}/headers"

    first = await api.ask("POST", path, key=owner, body={"headers": {"X-Api-Key": "s3cret", "x-team": "till"}})
    second = await api.ask("POST", path, key=owner, body={"headers": {"authorization": "Bearer t0ken"}})
    listed = await api.ask("GET", path, key=api.make_key("manager", "a"))
    removed = await api.ask("DELETE", path, key=owner)
    after = await api.ask("GET", path, key=owner)

    assert [header["name"] for header in first.json["headers"]] == ["x-api-key", "x-team"]
    assert [header["name"] for header in second.json["headers"]] == ["authorization"]
    assert listed.json == second.json
    assert listed.json["headers"][0].keys() == {"name", "set_at", "sealed_with"}
    assert (removed.status, after.json) == (204, {"headers": []})
    assert all(secret not in first.text + second.text + listed.text for secret in ("s3cret", "till", "t0ken"))


async def test_what_is_sent_then(api: Api) -> None:
    """They stand where the claim looks for them, in clear until a dispatcher seals them."""
    number = put(api, "a", headers='{"x-old": "old"}')

    await api.ask(
        "POST", f"{ENDPOINTS}/{number}/headers", key=api.make_key("owner", "a"), body={"headers": {"X-A": "b c"}}
    )

    assert [(header["name"], header["value"]) for header in row_of(api, number)["headers"]] == [("x-a", "b c")]


async def test_no_headers(api: Api) -> None:
    """An empty object removes them all."""
    number = put(api, "a", headers='{"x-old": "old"}')

    answer = await api.ask(
        "POST", f"{ENDPOINTS}/{number}/headers", key=api.make_key("owner", "a"), body={"headers": {}}
    )

    assert (answer.status, answer.json) == (200, {"headers": []})


async def test_one_that_is_retired(api: Api) -> None:
    """It has none, and gets none."""
    owner, number = api.make_key("owner", "a"), put(api, "a", headers='{"x-a": "b"}')
    api.run("select outbound_webhooks.retire_endpoint(%s)", number)
    path = f"{ENDPOINTS}/{number}/headers"

    listed = await api.ask("GET", path, key=owner)
    refused = [
        await api.ask("POST", path, key=owner, body={"headers": {"x-a": "b"}}),
        await api.ask("DELETE", path, key=owner),
    ]

    assert listed.json == {"headers": []}
    assert [answer.refusal for answer in refused] == [(409, "conflict")] * 2
