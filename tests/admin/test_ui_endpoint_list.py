"""The list of endpoints: its columns, its filters in the URL, its pages, and what it never shows."""

import re
from typing import Any

import pytest

from tests.admin.client import Api
from tests.admin.making import put
from tests.admin.pages import rows_of, text_of
from tests.admin.test_ui_frame import looked_at

HOUR = (
    "insert into outbound_webhooks.endpoint_hours select %s, date_trunc('hour', clock_timestamp(), 'UTC'), 'a', 9, 0,"
    " 0, 0, 0, 0, 0, 0, 0, 0, 3, 9, 0, 0, '{0,0,12,0,0,0,0,0,0,0,0,0}', '{0,0,0,0,0,0,0,0,0,0,0,0}'"
)


async def listed(api: Api, key: str, query: str = "") -> str:
    """The page."""
    answer = await api.ask("GET", f"/ui/endpoints{query}", key=key)
    assert answer.status == 200, answer.text
    return looked_at(answer).text


def numbers(html: str) -> list[int]:
    """The ids of the endpoints that a page lists."""
    return [int(found) for found in re.findall(r'<a href="/ui/endpoints/(\d+)', html)]


async def test_a_row(api: Api) -> None:
    """State, types, the last 24 hours as a picture and in numbers, what waits, and how it failed last."""
    number = put(api, "a", description="the till", event_types=["a.b", "c.d", "e.*", "f.*", "g.h"])
    api.run(HOUR, number)
    api.run(
        "update outbound_webhooks.endpoint_flow set failures = 2, failed_with = 'http_status 503',"
        " failed_at = clock_timestamp() - interval '2 hours' where endpoint_id = %s", number,
    )  # fmt: skip

    html = await listed(api, api.make_key("owner", "a"))
    _, row = rows_of(html)

    assert row == [
        "https://clinic.example/webhooks the till", "! Failing", "a.b c.d e.* and 2 more", "", "75.0%", "49 ms", "0",
        "0", "Answered with 503 2 h ago",
    ]  # fmt: skip
    assert 'aria-label="12 requests in 24 hours, 3 failed"' in html


async def test_filters(api: Api) -> None:
    """State and text hold together, stand in the URL, and come back in the form."""
    key = api.make_key("owner", "a")
    found: dict[str, int] = {name: put(api, "a", description=name) for name in ("one", "two", "three", "four")}
    api.run("select outbound_webhooks.pause_endpoint(%s)", found["one"])
    for name in ("two", "three"):
        api.run("update outbound_webhooks.endpoint_flow set failures = 1 where endpoint_id = %s", found[name])
    api.run("select outbound_webhooks.pause_endpoint(%s)", found["three"])
    api.run("select outbound_webhooks.retire_endpoint(%s)", found["four"])

    async def named(query: str) -> list[str]:
        ids = numbers(await listed(api, key, query))
        return [name for number in ids for name, each in found.items() if each == number]

    assert await named("") == ["three", "two", "one"]
    assert await named("?state=failing") == ["two"]
    assert await named("?state=paused&text=one") == ["one"]
    assert await named("?state=retired") == ["four"]
    assert await named("?text=TWO&state=") == ["two"]
    html = await listed(api, key, "?text=TWO&state=failing")
    assert 'value="TWO"' in html
    assert '<option value="failing" selected>' in html


async def test_pages(api: Api) -> None:
    """Each endpoint is on one page; the filter goes along."""
    key = api.make_key("owner", "a")
    made = [put(api, "a", description="till") for _ in range(3)]
    put(api, "a")

    first = await listed(api, key, "?text=till&limit=2")
    following = re.search(r'rel="next" href="/ui/endpoints([^"]+)"', first)
    assert following is not None
    second = await listed(api, key, following[1].replace("&amp;", "&"))

    assert [numbers(first), numbers(second)] == [made[:0:-1], made[:1]]
    assert 'rel="next"' not in second


@pytest.mark.parametrize(
    ("query", "words", "links"),
    [
        ("", "There is no endpoint yet", 2),
        ("?text=nothing", "No endpoint is like that", 1),
        ("?cursor=WzFd", "There are no older ones", 1),
    ],
)
async def test_nothing(api: Api, query: str, words: str, links: int) -> None:
    """Why the list is empty, and what to do: where there is none at all, the way to the first stands there, too."""
    html = await listed(api, api.make_key("owner", "a"), query)

    assert words in text_of(html, "endpoints")
    assert html.count('href="/ui/endpoints/new"') == links


async def test_whose(api: Api) -> None:
    """A clinic's own; an operator's without a clinic: all, with the clinic, and no way to make one of nobody's."""
    mine, theirs = put(api, "a"), put(api, "b")
    api.run(HOUR, mine)
    operator = api.make_key("operator")

    own = await listed(api, api.make_key("owner", "a"))
    all_of_them = await listed(api, operator)
    of_one = await listed(api, operator, "?clinic_id=b")

    assert (numbers(own), numbers(all_of_them), numbers(of_one)) == ([mine], [theirs, mine], [theirs])
    assert [row[1] for row in rows_of(all_of_them)] == ["Clinic", "b", "a"]
    assert "/ui/endpoints/new" not in all_of_them
    assert 'name="clinic_id" value="b"' in of_one


@pytest.mark.parametrize("role", ["owner", "manager"])
async def test_what_tenants_wrote(api: Api, role: str) -> None:
    """It is text, never a link; long URLs are cut in the middle; a query is shown to who may know it."""
    options: dict[str, Any] = {"description": '"><script>alert(1)</script>' + "x" * 500}
    put(api, "a", "https://clinic.example/" + "p" * 1900 + "?key=t0ken", **options)

    html = await listed(api, api.make_key(role, "a"))

    assert "<script>alert" not in html
    assert 'href="https://' not in html
    assert "p" * 600 not in html
    assert "t0ken" in html if role == "owner" else "t0ken" not in html
