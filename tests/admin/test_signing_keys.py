"""Signing keys over HTTP: a new one, with an overlap; when each signs; the end of one."""

import pytest

from tests.admin.client import Answer, Api
from tests.admin.making import ENDPOINTS, put


async def rotate(api: Api, key: str, number: int, **body: object) -> Answer:
    """Rotate the key of an endpoint."""
    return await api.ask("POST", f"{ENDPOINTS}/{number}/rotate-secret", key=key, body=body)


def signing(api: Api, number: int) -> list[str]:
    """The keys that sign now, newest first."""
    return [
        row[0]
        for row in api.database.execute(
            "select secret from outbound_webhooks.endpoint_secrets where endpoint_id = %s"
            " and (valid_until is null or valid_until > clock_timestamp()) order by id desc",
            (number,),
        )
    ]


async def test_the_life_of_a_key(api: Api) -> None:
    """A second one signs beside the first; the first is revoked; what is listed is when, never a key."""
    owner, number = api.make_key("owner", "a"), put(api, "a")
    (first,) = signing(api, number)

    rotated = await rotate(api, owner, number)
    both = signing(api, number)
    listed = await api.ask("GET", f"{ENDPOINTS}/{number}/secrets", key=owner)
    newest, oldest = listed.json["secrets"]
    revoked = await api.ask("DELETE", f"{ENDPOINTS}/{number}/secrets/{oldest['secret_id']}", key=owner)
    after = await api.ask("GET", f"{ENDPOINTS}/{number}/secrets", key=owner)

    assert (rotated.status, rotated.json["secret_id"]) == (201, newest["secret_id"])
    assert both == [rotated.json["secret"], first]
    assert [(one["is_live"], one["valid_until"] is None) for one in (newest, oldest)] == [(True, True), (True, False)]
    assert (revoked.status, revoked.text) == (204, "")
    assert signing(api, number) == [rotated.json["secret"]]
    assert [one["is_live"] for one in after.json["secrets"]] == [True, False]


async def test_an_overlap_of_ones_own(api: Api) -> None:
    """So many seconds; a day if it is left out; none at all ends the others at once."""
    owner, number = api.make_key("owner", "a"), put(api, "a")
    ends = (
        "select extract(epoch from min(s.valid_until) - max(s.created_at))::float8"
        " from outbound_webhooks.endpoint_secrets as s where s.endpoint_id = %s"
    )

    await rotate(api, owner, number)
    a_day = api.value(ends, number)
    given = "whsec_" + "A" * 43 + "="
    at_once = await rotate(api, owner, number, overlap_seconds=0, secret=given)

    assert a_day == pytest.approx(86_400, abs=60)
    assert at_once.json["secret"] == given
    assert signing(api, number) == [given]


async def test_the_only_key(api: Api) -> None:
    """It cannot be revoked: requests would have no signature."""
    owner, number = api.make_key("owner", "a"), put(api, "a")
    secret_id = api.value("select id from outbound_webhooks.endpoint_secrets")

    answer = await api.ask("DELETE", f"{ENDPOINTS}/{number}/secrets/{secret_id}", key=owner)

    assert answer.refusal == (409, "conflict")
    assert answer.json["detail"] == f"signing key {secret_id} is the only one of endpoint {number}"
    assert len(signing(api, number)) == 1


async def test_too_many_keys(api: Api) -> None:
    """The sixth that would sign is refused."""
    owner, number = api.make_key("owner", "a"), put(api, "a")

    answers = [await rotate(api, owner, number) for _ in range(5)]

    assert [answer.status for answer in answers] == [201, 201, 201, 201, 409]
    assert answers[-1].refusal == (409, "limit_reached")


async def test_one_that_is_retired(api: Api) -> None:
    """It gets no new key; when its keys signed is still known."""
    owner, number = api.make_key("owner", "a"), put(api, "a")
    api.run("select outbound_webhooks.retire_endpoint(%s)", number)

    rotated = await rotate(api, owner, number)
    listed = await api.ask("GET", f"{ENDPOINTS}/{number}/secrets", key=owner)

    assert rotated.refusal == (409, "conflict")
    assert len(listed.json["secrets"]) == 1


async def test_a_key_of_another_endpoint(api: Api) -> None:
    """By the path of an endpoint only its own keys are revoked, also among those of one clinic."""
    owner, number, other = api.make_key("owner", "a"), put(api, "a"), put(api, "a")
    await rotate(api, owner, other)
    secret_id = api.value("select min(id) from outbound_webhooks.endpoint_secrets where endpoint_id = %s", other)

    answer = await api.ask("DELETE", f"{ENDPOINTS}/{number}/secrets/{secret_id}", key=owner)

    assert answer.refusal == (404, "not_found")
    assert len(signing(api, other)) == 2
