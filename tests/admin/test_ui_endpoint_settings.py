"""endpoints/{id}/settings: only what changed is saved; keys, headers, and the end of an endpoint."""

import json
from typing import Any

import pytest

from tests.admin.client import Answer, Api, Browser, signed_in
from tests.admin.forms import fields_of
from tests.admin.making import URL, put, row_of
from tests.admin.test_ui_frame import looked_at

MARKUP = "\"><script>alert(1)</script><img src=x>'&"
HOSTILE: dict[str, Any] = {
    "description": MARKUP,
    "filter": json.dumps({MARKUP: MARKUP}),
    "retry_schedule": [0, 5],
    "requests_per_second": 7,
    "ordering": "per_resource",
    "event_types": ["payment.created", "endpoint.disabled"],
}


def path(number: int, rest: str = "/settings") -> str:
    """A page of an endpoint."""
    return f"/ui/endpoints/{number}{rest}"


async def owner(api: Api, role: str = "owner") -> Browser:
    """A person of clinic a."""
    return await signed_in(api, {"a": role})


async def save(browser: Browser, number: int, **changes: object) -> Answer:
    """Load the form, change some fields, and send it."""
    fields = {**fields_of((await browser.get(path(number))).text, path(number)), **changes}
    return await browser.post(path(number), fields)  # type: ignore[arg-type]


def options(api: Api, number: int) -> dict[str, Any]:
    """An endpoint's row."""
    found: dict[str, Any] = row_of(api, number)["endpoint"]
    return found


async def test_nothing_is_changed(api: Api) -> None:
    """A form that comes back as it went says nothing, whatever is in its fields; the audit log has no change."""
    number = put(api, "a", f"{URL}?key=t0ken", **HOSTILE)
    before = row_of(api, number)

    answer = await save(await owner(api), number)

    assert (answer.status, answer.headers["Location"]) == (303, f"{path(number)}?done=endpoint.changed")
    assert row_of(api, number) == before
    assert api.value("select count(*) from outbound_webhooks.audit_log where action = 'endpoint.changed'") == 0


async def test_what_is_changed_is_saved(api: Api) -> None:
    """And the page after it says so."""
    number, browser = put(api, "a", **HOSTILE), await owner(api)

    answer = await save(
        browser, number, url=f"{URL}/new", filter="", requests_per_second="", timeout_seconds="5", ordering="none"
    )
    found = options(api, number)

    assert answer.status == 303
    assert "The changes are saved." in (await browser.get(answer.headers["Location"])).text
    assert [found[name] for name in ("url", "filter", "requests_per_second", "timeout_seconds", "ordering")] == [
        f"{URL}/new", None, None, 5, "none",
    ]  # fmt: skip
    assert (found["description"], found["retry_schedule"]) == (MARKUP, [0, 5])


async def test_two_at_the_same_time(api: Api) -> None:
    """Who saves later takes back nothing that the other one changed."""
    number, browser = put(api, "a"), await owner(api)
    mine = fields_of((await browser.get(path(number))).text, path(number))

    await save(browser, number, description="theirs", max_in_flight="3")
    answer = await browser.post(path(number), {**mine, "timeout_seconds": ["9"]})
    found = options(api, number)

    assert answer.status == 303
    assert (found["description"], found["max_in_flight"], found["timeout_seconds"]) == ("theirs", 3, 9)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("url", "http://x", "begin with https://"),
        ("url", "https://clinic.example:22/", "port must be one of these"),
        ("filter", "{", "must be a JSON object"),
        ("timeout_seconds", "61", "must be at most 60"),
        ("max_in_flight", "", "must be a whole number"),
        ("retry_schedule", "soon", "must be whole numbers of seconds"),
    ],
)
async def test_what_is_wrong(api: Api, name: str, value: str, message: str) -> None:
    """Is said at its field, the typed text stays, and nothing is saved."""
    number, browser = put(api, "a"), await owner(api)
    before = row_of(api, number)

    page = looked_at(await save(browser, number, **{name: value, "description": MARKUP}))

    assert page.status == 422
    assert message in page.text.partition(f'id="{name}-error"')[2].partition("</p>")[0]
    assert fields_of(page.text, path(number))[name] == [value]
    assert row_of(api, number) == before


async def test_mended_after_a_mistake(api: Api) -> None:
    """The page that says what is wrong still knows what was left alone."""
    number, browser = put(api, "a", **HOSTILE), await owner(api)
    page = await save(browser, number, timeout_seconds="x")
    before = options(api, number)

    answer = await browser.post(path(number), {**fields_of(page.text, path(number)), "timeout_seconds": "9"})

    assert answer.status == 303
    assert options(api, number) == {**before, "timeout_seconds": 9}


async def test_hostile_text_is_text(api: Api) -> None:
    """Whatever stands in an endpoint's fields."""
    number = put(api, "a", **HOSTILE)

    page = looked_at(await (await owner(api)).get(path(number)))
    fields = fields_of(page.text, path(number))

    assert fields["description"] == [MARKUP]
    assert json.loads(fields["filter"][0]) == {MARKUP: MARKUP}
    assert (fields["patterns"], fields["event_types"]) == (["payment.created"], ["endpoint.disabled"])


async def test_a_manager(api: Api) -> None:
    """Sees no query of the URL and writes none back; sees neither keys nor what sets headers, and no end."""
    number, browser = put(api, "a", f"{URL}?key=t0ken", headers='{"x-api-key": "s3cret"}'), await owner(api, "manager")

    page = looked_at(await browser.get(path(number)))
    saved = await save(browser, number, description="till")
    copied = await save(browser, number, url=f"{URL}/new?[redacted]")
    elsewhere = await save(browser, number, url="https://evil.example/")

    assert "t0ken" not in page.text
    assert fields_of(page.text, path(number))["url"] == [f"{URL}?[redacted]"]
    assert "x-api-key" in page.text
    for rest in ("/rotate", "/headers", "/headers/remove", "/retire"):
        assert f'"{path(number, rest)}"' not in page.text
    assert saved.status == 303
    assert (copied.status, "a query that you are not shown" in copied.text) == (422, True)
    assert elsewhere.refusal == (403, "forbidden")
    assert (options(api, number)["url"], options(api, number)["description"]) == (f"{URL}?key=t0ken", "till")


@pytest.mark.parametrize("rest", ["/rotate", "/headers", "/headers/remove", "/retire", "/keys/1/revoke"])
async def test_what_a_manager_may_not_do(api: Api, rest: str) -> None:
    """Is refused also to who knows its path."""
    number, browser = put(api, "a"), await owner(api, "manager")
    before = row_of(api, number)

    answer = await browser.post(path(number, rest), {"overlap_hours": "0", "headers": "a: b"})

    assert answer.refusal == (403, "forbidden")
    assert row_of(api, number) == before


async def test_retiring(api: Api) -> None:
    """The page before it says how many deliveries are cancelled; after it nothing can be changed."""
    number, browser = put(api, "a"), await owner(api)
    api.run("select outbound_webhooks.emit('a', 'b.c', 'b', n::text, '{}') from generate_series(1, 3) as n")

    asked = looked_at(await browser.get(path(number, "/retire")))
    retired = await browser.post(path(number, "/retire"), {"reason": MARKUP})
    overview = looked_at(await browser.get(path(number, "")))
    settings = looked_at(await browser.get(path(number)))
    again = await browser.post(path(number, "/retire"))

    assert "3 deliveries that are due to it are cancelled" in asked.text
    assert (retired.status, retired.headers["Location"]) == (303, f"{path(number, '')}?done=endpoint.retired")
    assert (options(api, number)["state"], options(api, number)["state_reason"]) == ("retired", MARKUP)
    assert "for good" in overview.text
    assert f'action="{path(number)}"' not in settings.text
    assert (again.status, "retired already" in again.text) == (422, True)
    api.run("truncate outbound_webhooks.deliveries, outbound_webhooks.events")
