"""Every route of the table, by every role, about what is its clinic's own and what is another clinic's.

The cases come from the table: a new route is tried as soon as it is in it. A route with a body needs a row in rows.py.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from dispatcher.admin.routes import Open, Route, parameters
from dispatcher.admin.table import ROUTES
from dispatcher.core.access import ACCESS, Role, may
from tests.admin.client import Answer, Api
from tests.admin.conftest import CLEAN, StartApi
from tests.admin.rows import (
    BODIES,
    FOREIGN,
    FORMS,
    NOBODYS,
    OWN,
    Rows,
    World,
    asked,
    body_of,
    make_rows,
    path_of,
    two_clinics,
    with_key,
)
from tests.admin.sends import answering
from tests.support import postgres

NEEDS_SOMEBODY = [route for route in ROUTES if route.action is not Open.ANYBODY]
NEEDS_A_ROLE = [route for route in NEEDS_SOMEBODY if isinstance(route.action, str) and route.action in ACCESS]
PAGES = [route for route in NEEDS_SOMEBODY if route.path.startswith("/ui/")]
HAS_AN_ID = [route for route in NEEDS_A_ROLE if parameters(route.path)]
NAMES_IN_BODY = [route for route in NEEDS_A_ROLE if route.body is not None and not parameters(route.path)]

DENIED = "select action, clinic_id, subject from outbound_webhooks.audit_log where is_denied order by id"


def named(route: Route) -> str:
    """How a test calls a route."""
    return f"{route.method} {route.path}"


@pytest.fixture(scope="module")
def world(server: postgres.TestServer) -> Iterator[World]:
    """A database for all tests here: what is the other clinic's never changes in it."""
    with two_clinics(server) as found:
        yield found


@pytest.fixture
def api_database(world: World) -> Iterator[str]:
    """The database of the API: keys and the audit log are each test's own."""
    yield world.host.url
    with psycopg.connect(world.host.url, autocommit=True) as connection:
        connection.execute(CLEAN)


@pytest.fixture
async def api(start_api: StartApi) -> AsyncIterator[Api]:
    """An API that sends tests, to receivers that take them."""
    async with start_api(sender=answering()) as running:
        yield running


@dataclass(frozen=True)
class Caller:
    """Somebody with a role, and what the clinics have."""

    api: Api
    key: str
    own: Rows
    foreign: Rows

    async def ask(self, route: Route, rows: Rows, query: str = "") -> Answer:
        """Make a request about what a clinic has."""
        path, form = path_of(route, rows) + query, FORMS.get(route.path)
        if form is None:
            return await self.api.ask(route.method, path, key=self.key, body=body_of(route, rows))
        if route.method == "GET":
            return await self.api.ask("GET", f"{path}&{urlencode(form)}", key=self.key)
        sent = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.api.ask("POST", path, key=self.key, body=urlencode(form).encode(), headers=sent)


def caller(api: Api, world: World, role: Role) -> Caller:
    """Somebody of this role at the own clinic, or an operator."""
    own, foreign = (with_key(rows, api.make_key("owner", rows.clinic)) for rows in (world.own, world.foreign))
    return Caller(api, api.make_key(role.value, None if role is Role.OPERATOR else OWN), own, foreign)


def without_id(answer: Answer) -> tuple[int, Any]:
    """Status and body, without the id of the request."""
    if answer.headers["Content-Type"].startswith("text/html"):
        return answer.status, answer.text.replace(answer.headers["X-Request-Id"], "")
    return answer.status, {**answer.json, "request_id": ""}


def test_every_body_is_known() -> None:
    """Each route that reads a body has one here."""
    assert {asked(route) for route in NEEDS_A_ROLE if route.body is not None} == BODIES.keys()


@pytest.mark.parametrize("route", NEEDS_SOMEBODY, ids=named)
async def test_nobody_is_let_in(api: Api, world: World, route: Route) -> None:
    """Without a key, a token or a cookie, whatever is asked for."""
    answer = await api.ask(route.method, path_of(route, world.own), body={})

    if route in PAGES:  # there it can be mended
        assert (answer.status, answer.headers["Location"].partition("?")[0]) == (303, "/ui/sign-in")
    else:
        assert answer.refusal == (401, "unauthenticated")


@pytest.mark.parametrize("role", Role, ids=str)
@pytest.mark.parametrize("route", NEEDS_A_ROLE, ids=named)
async def test_at_its_own_clinic(api: Api, world: World, route: Route, role: Role) -> None:
    """Who may gets an answer without a word of the other clinic; who may not is refused, and that is written down."""
    assert isinstance(route.action, str)
    who = caller(api, world, role)
    own = with_key(make_rows(world.host, OWN), api.make_key("owner", OWN)) if route.method != "GET" else who.own

    answer = await who.ask(route, own, f"?clinic_id={OWN}")

    if may(role, route.action):
        # A page that is sent no form shows it again, with what is missing.
        assert answer.status in {200, 201, 202, 204, 409} | ({303, 422} if route in PAGES else set()), answer.text
        assert FOREIGN not in answer.text
    else:
        assert answer.refusal == (403, "forbidden")
        subject = f"{route.method} {path_of(route, own)} at clinic {OWN}"
        assert api.database.execute(DENIED).fetchall() == [(route.action, OWN, subject)]


@pytest.mark.parametrize("role", [Role.OWNER, Role.MANAGER], ids=str)
@pytest.mark.parametrize("route", NEEDS_A_ROLE, ids=named)
async def test_at_another_clinic(api: Api, world: World, route: Route, role: Role) -> None:
    """Whoever names a clinic that is not theirs is refused before the body is looked at; their own log has it."""
    who = caller(api, world, role)
    before = world.theirs()

    path = path_of(route, who.foreign)
    answer = await api.ask(route.method, f"{path}?clinic_id={FOREIGN}", key=who.key, body={"x": 1})

    assert answer.refusal == (403, "forbidden")
    assert FOREIGN not in answer.text
    assert world.theirs() == before
    subject = f"{route.method} {path} at clinic {FOREIGN}"
    assert api.database.execute(DENIED).fetchall() == [(route.action, OWN, subject)]


ALLOWED = [
    (route, role)
    for route, role in itertools.product(HAS_AN_ID, Role)
    if isinstance(route.action, str) and may(role, route.action)
]


@pytest.mark.parametrize(("route", "role"), ALLOWED, ids=lambda value: named(value) if isinstance(value, Route) else "")
async def test_what_is_anothers_is_not_there(api: Api, world: World, route: Route, role: Role) -> None:
    """An id of another clinic and one of nobody: the same 404, and nothing has changed."""
    who = caller(api, world, role)
    before = world.theirs()

    answer = await who.ask(route, who.foreign, f"?clinic_id={OWN}")
    nobodys = await who.ask(route, NOBODYS, f"?clinic_id={OWN}")

    assert answer.refusal == (404, "not_found")
    assert without_id(answer) == without_id(nobodys)
    assert world.theirs() == before


@pytest.mark.parametrize("role", Role, ids=str)
@pytest.mark.parametrize("route", NAMES_IN_BODY, ids=named)
async def test_ids_in_a_body(api: Api, world: World, route: Route, role: Role) -> None:
    """An id of another clinic in a body is answered as one of nobody, and nothing has changed.

    An operator's key may ask for a portal session at any clinic: that body is how they name it.
    """
    is_free = role is Role.OPERATOR and route.action == "portal_session.issue"
    if is_free or body_of(route, world.own) == body_of(route, world.foreign):
        return
    who = caller(api, world, role)
    before = world.theirs()

    answer = await who.ask(route, who.foreign, f"?clinic_id={OWN}")
    nobodys = await who.ask(route, NOBODYS, f"?clinic_id={OWN}")

    assert answer.status in {403, 404, 422}
    assert without_id(answer) == without_id(nobodys)
    assert world.theirs() == before


def filters(route: Route) -> list[str]:
    """The parameters of a route that are ids."""
    return [name for name in (route.query.model_fields if route.query else ()) if name.endswith("_id")]


FILTERED = [(route, name) for route in NEEDS_A_ROLE for name in filters(route) if name in ("endpoint_id", "event_id")]


@pytest.mark.parametrize(
    ("route", "name"), FILTERED, ids=lambda value: named(value) if isinstance(value, Route) else str(value)
)
async def test_ids_in_the_url(api: Api, world: World, route: Route, name: str) -> None:
    """A filter by another clinic's id finds what one by nobody's finds: nothing."""
    who = caller(api, world, Role.OWNER)
    answers = [
        await api.ask(route.method, f"{path_of(route, who.own)}?{name}={found}", key=who.key)
        for found in (getattr(rows.things, name.removesuffix("_id")) for rows in (who.foreign, NOBODYS))
    ]

    assert answers[0].status == answers[1].status
    assert FOREIGN not in answers[0].text
    assert answers[0].status != 200 or answers[0].text == answers[1].text
