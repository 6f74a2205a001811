"""endpoints/{id}/rotate, keys, headers: a key that is shown once, the end of one, and headers that are never shown."""

import pytest

from tests.admin.client import Api
from tests.admin.making import put, row_of
from tests.admin.test_ui_endpoint_settings import owner, path
from tests.admin.test_ui_frame import looked_at


async def test_rotation(api: Api) -> None:
    """The new key is shown once; the one before goes on for the hours that were named."""
    number, browser = put(api, "a"), await owner(api)

    made = looked_at(await browser.post(path(number, "/rotate"), {"overlap_hours": "2"}))
    keys = row_of(api, number)["keys"]
    settings = await browser.get(path(number))
    overlap = api.value(
        "select valid_until - (select max(created_at) from outbound_webhooks.endpoint_secrets) > interval '119 minutes'"
        " from outbound_webhooks.endpoint_secrets where id = %s",
        keys[0]["id"],
    )

    assert made.status == 201
    assert keys[1]["secret"] in made.text
    assert keys[0]["secret"] not in made.text
    assert (len(keys), overlap) == (2, True)
    assert not any(key["secret"] in settings.text for key in keys)


@pytest.mark.parametrize("hours", ["", "x", "1.5", "-1", "169"])
async def test_an_overlap_that_is_none(api: Api, hours: str) -> None:
    """Is said at its field, and no key is made."""
    number, browser = put(api, "a"), await owner(api)

    page = looked_at(await browser.post(path(number, "/rotate"), {"overlap_hours": hours}))

    assert page.status == 422
    assert "from 0 to 168" in page.text.partition('id="overlap_hours-error"')[2].partition("</p>")[0]
    assert len(row_of(api, number)["keys"]) == 1


async def test_revoking(api: Api) -> None:
    """A page asks first, and says what is left; the only key cannot be revoked, which is said there."""
    number, browser = put(api, "a"), await owner(api)
    (key,) = row_of(api, number)["keys"]
    revoke = path(number, f"/keys/{key['id']}/revoke")

    only = await browser.post(revoke)
    await browser.post(path(number, "/rotate"), {"overlap_hours": "24"})
    asked = looked_at(await browser.get(revoke))
    revoked = await browser.post(revoke)
    again = row_of(api, number)["keys"][0]["valid_until"]

    assert (only.status, "is the only one" in only.text) == (422, True)
    assert "One other key signs" in asked.text
    assert (revoked.status, revoked.headers["Location"]) == (303, f"{path(number)}?done=signing_key.revoked")
    assert api.value("select %s::timestamptz <= now()", again)


async def test_a_key_of_another_endpoint(api: Api) -> None:
    """Is none of this one: neither asked about nor revoked."""
    number, other, browser = put(api, "a"), put(api, "a"), await owner(api)
    key = row_of(api, other)["keys"][0]["id"]

    asked = await browser.get(path(number, f"/keys/{key}/revoke"))
    revoked = await browser.post(path(number, f"/keys/{key}/revoke"))

    assert asked.refusal == revoked.refusal == (404, "not_found")


async def test_headers(api: Api) -> None:
    """Set by lines, shown by name, removed once that is confirmed."""
    number, browser = put(api, "a", headers='{"x-old": "1"}'), await owner(api)
    headers = path(number, "/headers")

    answer = await browser.post(headers, {"headers": "X-API-Key: s3cret:1\n\nx-team: till"})
    kept = {header["name"]: header["value"] for header in row_of(api, number)["headers"]}
    page = await browser.get(path(number))
    asked = looked_at(await browser.get(f"{headers}/remove"))
    still = row_of(api, number)["headers"]
    removed = await browser.post(f"{headers}/remove")

    assert answer.headers["Location"] == f"{path(number)}?done=headers.changed"
    assert kept == {"x-api-key": "s3cret:1", "x-team": "till"}
    assert ("x-api-key" in page.text, "s3cret" in page.text) == (True, False)
    assert f'href="{headers}/remove"' in page.text
    assert (asked.status, "Remove all 2 headers?" in asked.text, len(still)) == (200, True, 2)
    assert (removed.status, row_of(api, number)["headers"]) == (303, None)


@pytest.mark.parametrize(
    ("text", "message"), [("", "must have a line"), ("webhook-id: x", "cannot be set"), ("x", "must be lines")]
)
async def test_headers_that_are_none(api: Api, text: str, message: str) -> None:
    """Are said at their field; those that there are stay."""
    number, browser = put(api, "a", headers='{"x-old": "1"}'), await owner(api)

    page = looked_at(await browser.post(path(number, "/headers"), {"headers": text}))

    assert page.status == 422
    assert message in page.text.partition('id="headers-error"')[2].partition("</p>")[0]
    assert [header["name"] for header in row_of(api, number)["headers"]] == ["x-old"]
