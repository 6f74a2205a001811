"""The OpenAPI document, and the page that renders it: every route, what it takes, what it answers, who may."""

import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Annotated, Any, Literal

import pytest
from aiohttp import web
from jsonschema import Draft202012Validator
from pydantic import Field

from dispatcher import __version__
from dispatcher.admin.limits import RateClass
from dispatcher.admin.openapi import describe, problem_codes
from dispatcher.admin.page import render
from dispatcher.admin.problems import CODES
from dispatcher.admin.queries import Page
from dispatcher.admin.routes import JSON, Open, Route, number, parameters, plain, uuid
from dispatcher.admin.schemas import Schemas
from dispatcher.admin.table import ROUTES
from dispatcher.core.access import ACCESS, Role
from tests.admin.client import API, Api
from tests.admin.contract import DOCUMENT

DESCRIBED = [route for route in ROUTES if route.media == JSON]


def operation(route: Route) -> Any:
    """What the document says of a route."""
    return DOCUMENT["paths"][plain(route.path)][route.method.lower()]


def named(route: Route) -> str:
    """How a test calls a route."""
    return f"{route.method} {route.path}"


def test_it_is_the_table() -> None:
    """It has the routes that answer with JSON, and no others; each handler once."""
    described = {(method.upper(), path) for path, operations in DOCUMENT["paths"].items() for method in operations}
    names = Counter(operation(route)["operationId"] for route in DESCRIBED)

    assert described == {(route.method, plain(route.path)) for route in DESCRIBED}
    assert set(names.values()) == {1}


@pytest.mark.parametrize("route", DESCRIBED, ids=named)
def test_every_route_is_described(route: Route) -> None:
    """In words, with its action, roles and limit, and with each answer that it can give."""
    found = operation(route)

    assert route.summary
    assert found["description"]
    assert (found["x-action"], found["x-rate-class"]) == (str(route.action), route.rate.value)
    if route.action in ACCESS:
        assert set(found["x-roles"]) == ACCESS[route.action]
    assert {int(status) for status in found["responses"]} == {
        route.success, *(int(CODES[code][0]) for code in problem_codes(route)),
    }  # fmt: skip
    assert {one["name"] for one in found["parameters"] if one["in"] == "path"} == parameters(route.path).keys()
    assert ("requestBody" in found) == (route.body is not None)
    assert ("security" in found) == (route.action is Open.ANYBODY)


def schemas(value: Any) -> list[Any]:
    """Every schema that stands anywhere in a document."""
    if isinstance(value, list):
        return [found for inner in value for found in schemas(inner)]
    if not isinstance(value, dict):
        return []
    own = [value["schema"]] if isinstance(value.get("schema"), dict) else []
    return own + [found for inner in value.values() for found in schemas(inner)]


def test_every_schema_is_one() -> None:
    """By the rules of JSON Schema; and what it refers to is there."""
    text = str(DOCUMENT)
    shared = DOCUMENT["components"]["schemas"]

    for schema in [*schemas(DOCUMENT), *shared.values()]:
        Draft202012Validator.check_schema(schema)
    assert set(re.findall(r"#/components/schemas/(\w+)", text)) == shared.keys()


def test_no_field_is_unknown_in_a_body() -> None:
    """Every body is closed, and so is every object of ours in one."""
    for route in DESCRIBED:
        if route.body is not None:
            assert route.body.model_json_schema()["additionalProperties"] is False


@dataclass(frozen=True)
class Tooth:
    """A tooth, with `code` in it."""

    number: Annotated[int, Field(description="By <ISO 3950>.")]
    kind: Literal["incisor", "molar"]
    note: str | None


class Teeth(Page):
    """Which teeth."""

    kind: Literal["incisor", "molar"] | None = None
    jaw: Annotated[str, Field(min_length=1, description="Which jaw.")]


async def show_tooth(_: web.Request) -> web.Response:
    """Show a tooth & nothing else."""
    return web.Response()


TOOTH = Route(
    "GET",
    f"{API}/teeth/{number('id')}/roots/{uuid('root')}",
    "event.read",
    RateClass.READ,
    show_tooth,
    "Show <a> tooth",
    answer=Tooth,
    query=Teeth,
    problems=("conflict",),
)


def test_what_is_made_of_a_route() -> None:
    """Parameters with their types, without null; the answer by reference; its own problems with those of all."""
    document = describe([TOOTH])
    found = document["paths"][f"{API}/teeth/{{id}}/roots/{{root}}"]["get"]
    by_name = {one["name"]: one for one in found["parameters"]}

    assert by_name["id"]["schema"]["type"] == "integer"
    assert by_name["root"]["schema"] == {"type": "string", "format": "uuid"}
    assert by_name["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}
    assert by_name["kind"]["schema"] == {"enum": ["incisor", "molar"], "type": "string"}
    assert [by_name[name]["required"] for name in ("kind", "jaw", "cursor")] == [False, True, False]
    assert by_name["jaw"]["description"] == "Which jaw."
    assert by_name["clinic_id"]["in"] == "query"
    assert found["x-roles"] == sorted(Role)
    codes = found["responses"]["409"]["content"]["application/problem+json"]["schema"]["allOf"][1]
    assert codes == {"properties": {"code": {"enum": ["conflict"]}}}
    assert found["responses"].keys() == {"200", "400", "401", "403", "404", "409", "429", "500", "503"}


def test_two_of_one_name() -> None:
    """Two models of one name would be one schema: refused."""
    found = Schemas()
    found._share("Tooth", {"type": "object"})

    with pytest.raises(ValueError, match="two schemas are called Tooth"):
        found._share("Tooth", {"type": "string"})


class Reader(HTMLParser):
    """What a page is made of; and whether each element ends where it should."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        found = dict(attrs)
        self.elements[tag] += 1
        self.links += [found[name] or "" for name in ("href", "src") if name in found]
        self.names |= {found["id"] or ""} if "id" in found else set()
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It ends."""
        assert self.open.pop() == tag


def test_the_page() -> None:
    """Every route and every schema, with links that lead somewhere, and nothing from elsewhere."""
    page = Reader(render(DOCUMENT))

    assert page.open == []
    assert page.names == {
        *(operation(route)["operationId"] for route in DESCRIBED), *DOCUMENT["components"]["schemas"],
    }  # fmt: skip
    assert {link.removeprefix("#") for link in page.links} - {"openapi.json"} <= page.names
    assert not {"script", "img", "link", "iframe", "form"} & page.elements.keys()


def test_the_page_escapes() -> None:
    """What is said of a route is text, not HTML."""
    page = render(describe([TOOTH]))

    assert "Show &lt;a&gt; tooth" in page
    assert "By &lt;ISO 3950&gt;." in page
    assert "Show a tooth &amp; nothing else." in page


async def test_both_over_http(api: Api) -> None:
    """Anybody may read them; the page's policy lets its own style through, and nothing else."""
    document = await api.ask("GET", f"{API}/openapi.json")
    page = await api.ask("GET", f"{API}/docs")

    assert document.json == DOCUMENT
    assert page.text == render(DOCUMENT)
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert re.fullmatch(r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; frame-ancestors 'none'; .*", policy)
    assert "no-store" in page.headers["Cache-Control"]


async def test_not_which_release_runs(api: Api) -> None:
    """Anybody may read both: they say the version of the API, and not that of the program."""
    document = await api.ask("GET", f"{API}/openapi.json")
    page = await api.ask("GET", f"{API}/docs")

    assert document.json["info"]["version"] == "1"
    assert f"Version {__version__}" not in page.text
    assert f'"{__version__}"' not in document.text


def test_a_test_that_comes_first_is_one() -> None:
    """Making an endpoint may count as two kinds of request, and says so."""
    (made,) = (
        each for each in DOCUMENT["paths"].values() if each.get("post", {}).get("operationId") == "create_endpoint"
    )

    assert "`test`" in made["post"]["description"]
