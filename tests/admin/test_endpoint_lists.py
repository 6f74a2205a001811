"""Lists of endpoints: whose, in which order, page by page, by state and text."""

import pytest

from tests.admin.client import Api
from tests.admin.making import ENDPOINTS, paths, put


async def listed(api: Api, key: str, query: str = "") -> list[int]:
    """The endpoints of a list that fits on a page."""
    answer = await api.ask("GET", ENDPOINTS + query, key=key)
    assert answer.status == 200, answer.text
    assert answer.json["next"] is None
    return [endpoint["endpoint_id"] for endpoint in answer.json["endpoints"]]


async def test_whose(api: Api) -> None:
    """A clinic's own, newest first; an operator's without a clinic: all."""
    first, theirs, second = put(api, "a"), put(api, "b"), put(api, "a")
    owner, operator = api.make_key("owner", "a"), api.make_key("operator")

    assert await listed(api, owner) == [second, first]
    assert await listed(api, operator, "?clinic_id=b") == [theirs]
    assert await listed(api, operator) == [second, theirs, first]
    assert await listed(api, api.make_key("owner", "nobody")) == []


async def test_pages(api: Api) -> None:
    """Each endpoint is on one page, also if one is made meanwhile; the last page says that it is the last."""
    key = api.make_key("owner", "a")
    numbers = [put(api, "a") for _ in range(5)]
    pages, cursor = [], ""

    while True:
        answer = await api.ask("GET", f"{ENDPOINTS}?limit=2{cursor}", key=key)
        pages.append([endpoint["endpoint_id"] for endpoint in answer.json["endpoints"]])
        if answer.json["next"] is None:
            break
        cursor = f"&cursor={answer.json['next']}"
        put(api, "a")

    assert pages == [numbers[4:2:-1], numbers[2:0:-1], numbers[:1]]


async def test_a_page_that_is_just_full(api: Api) -> None:
    """Nothing follows it."""
    put(api, "a")
    put(api, "a")

    answer = await api.ask("GET", f"{ENDPOINTS}?limit=2", key=api.make_key("owner", "a"))

    assert (len(answer.json["endpoints"]), answer.json["next"]) == (2, None)


async def test_a_cursor_shows_nothing_of_others(api: Api) -> None:
    """One that was made in a list of another clinic only says where to go on."""
    mine = put(api, "a")
    for _ in range(2):
        put(api, "b")
    theirs = await api.ask("GET", f"{ENDPOINTS}?limit=1", key=api.make_key("owner", "b"))

    assert await listed(api, api.make_key("owner", "a"), f"?cursor={theirs.json['next']}") == [mine]


async def test_by_state(api: Api) -> None:
    """Retired ones are shown where they are asked for, and only there."""
    key = api.make_key("owner", "a")
    numbers = {state: put(api, "a") for state in ("active", "paused", "disabled", "retired")}
    for state, number in numbers.items():
        api.run("update outbound_webhooks.endpoints set state = %s, state_reason = 'x' where id = %s", state, number)

    found = {state: await listed(api, key, f"?state={state}") for state in numbers}

    assert found == {state: [number] for state, number in numbers.items()}
    assert await listed(api, key) == [numbers[state] for state in ("disabled", "paused", "active")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("till", [1]),
        ("TILL", [1]),
        ("Ação", [1]),
        ("clinic.example", [1, 0]),
        ("/hooks", [0]),
        ("100%25", [0]),
        ("_", []),
        ("%25%25", []),
        ("t0ken", []),
        ("%3F", []),
        ("'", []),
    ],
)
async def test_by_text(api: Api, text: str, found: list[int]) -> None:
    """In description and URL, whatever the case, as it stands; not in the URL's query, where a token may be."""
    numbers = [
        put(api, "a", "https://clinic.example/hooks?key=t0ken", description="100% of it"),
        put(api, "a", "https://clinic.example/", description="the till, ação"),
    ]

    assert await listed(api, api.make_key("manager", "a"), f"?text={text}") == [numbers[n] for n in found]


async def test_by_both(api: Api) -> None:
    """State, text and cursor hold together."""
    key = api.make_key("owner", "a")
    for description in ("till", "till", "other", "till"):
        put(api, "a", description=description)
    api.run("update outbound_webhooks.endpoints set state = 'paused' where id <> (select min(id) from"
            " outbound_webhooks.endpoints)")  # fmt: skip
    first = api.value("select min(id) from outbound_webhooks.endpoints")

    page = await api.ask("GET", f"{ENDPOINTS}?limit=1&state=paused&text=till", key=key)
    rest = await listed(api, key, f"?state=paused&text=till&cursor={page.json['next']}")

    assert [endpoint["endpoint_id"] for endpoint in page.json["endpoints"]] == [first + 3]
    assert rest == [first + 1]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=0", ["/limit"]),
        ("limit=201", ["/limit"]),
        ("limit=-1", ["/limit"]),
        ("limit=1.5", ["/limit"]),
        ("limit=%D9%A1", ["/limit"]),
        ("cursor=x", ["/cursor"]),
        ("cursor=", ["/cursor"]),
        ("cursor=WyJhIl0", ["/cursor"]),
        ("cursor=WzEsMl0", ["/cursor"]),
        ("cursor=Wzk5OTk5OTk5OTk5OTk5OTk5OTk5OV0", ["/cursor"]),
        ("state=broken", ["/state"]),
        ("state=", ["/state"]),
        ("text=", ["/text"]),
        ("text=a%00b", ["/text"]),
        ("stat=active", ["/stat"]),
        ("limit=1&limit=2", ["/limit"]),
        ("limit=0&state=x&nothing=1", ["/limit", "/nothing", "/state"]),
    ],
)
async def test_bad_parameters(api: Api, query: str, named: list[str]) -> None:
    """All of them at once, and never an error of ours; one that is misspelt is none."""
    answer = await api.ask("GET", f"{ENDPOINTS}?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert sorted(paths(answer)) == named
