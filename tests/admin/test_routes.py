"""The table of routes: nothing without an action, nothing past it, and errors in one shape."""

from dataclasses import replace

import pytest
from aiohttp import web

from dispatcher.admin import app as admin_app
from dispatcher.admin.limits import RateClass
from dispatcher.admin.routes import Open, Route, register
from dispatcher.admin.table import ROUTES
from dispatcher.telemetry.admin_observations import RequestAnswered
from tests.admin.client import API, Api


async def handler(_: web.Request) -> web.Response:
    """Anything."""
    return web.Response()


@pytest.mark.parametrize("action", [None, "", "api_key.forge", "somebody-else", 7])
def test_no_route_without_an_action(action: object) -> None:
    """What has no row in the table of actions cannot be registered."""
    route = Route("GET", "/x", action, RateClass.READ, handler)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="GET /x has no action"):
        register(web.Application(), [route])


def test_no_route_without_a_limit() -> None:
    """Nor can one without a rate class."""
    with pytest.raises(TypeError, match="no rate class"):
        register(web.Application(), [Route("GET", "/x", Open.ANYBODY, None, handler)])  # type: ignore[arg-type]


def test_no_route_twice() -> None:
    """Not the same path, whatever its parameters are called, nor the same handler."""
    first = Route("GET", "/x/{id}", Open.ANYBODY, RateClass.READ, handler)

    for second in (replace(first, path="/x/{name}", handler=lambda _: handler(_)), replace(first, path="/y")):
        with pytest.raises(ValueError, match="cannot be registered"):
            register(web.Application(), [first, second])


async def test_what_is_not_in_the_table_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that somebody adds past the table does not run, even for an operator."""
    ran = []

    def add_another(app: web.Application, routes: object) -> None:
        register(app, ROUTES)

        async def past(_: web.Request) -> web.Response:
            ran.append(True)
            return web.Response()

        app.router.add_get("/past", past)

    monkeypatch.setattr(admin_app, "register", add_another)
    async with admin_app.serve(api.deps, "127.0.0.1", 0, 5) as port:
        answer = await replace(api, url=f"http://127.0.0.1:{port}").ask("GET", "/past", key=api.make_key("operator"))

    assert answer.refusal == (404, "not_found")
    assert ran == []


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", (404, "not_found")),
        ("GET", f"{API}/nothing", (404, "not_found")),
        ("DELETE", f"{API}/api-keys/x", (404, "not_found")),
        ("DELETE", f"{API}/api-keys/-1", (404, "not_found")),
        ("DELETE", f"{API}/api-keys/{'9' * 19}", (404, "not_found")),
        ("DELETE", f"{API}/api-keys/{'9' * 30}", (404, "not_found")),
        ("GET", "/portal/short", (404, "not_found")),
        ("PUT", f"{API}/api-keys", (405, "method_not_allowed")),
        ("HEAD", f"{API}/me", (405, "")),
        ("OPTIONS", f"{API}/me", (405, "method_not_allowed")),
        ("POST", f"{API}/me", (405, "method_not_allowed")),
    ],
)
async def test_what_is_not_there(api: Api, method: str, path: str, expected: tuple[int, str]) -> None:
    """404 and 405 have the shape of every other error, and 405 says what is allowed."""
    answer = await api.ask(method, path, key=api.make_key("operator"))

    assert answer.status == expected[0]
    assert method == "HEAD" or answer.refusal == expected
    assert (answer.status == 405) == ("Allow" in answer.headers)


HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Server": "outbound-webhooks",
}


async def test_headers_of_every_answer(api: Api) -> None:
    """Good ones and bad ones; no other site may read them."""
    key = api.make_key("owner", "a")
    answers = [
        await api.ask("GET", f"{API}/me", key=key, headers={"Origin": "https://evil.example"}),
        await api.ask("GET", f"{API}/me", headers={"Origin": "https://evil.example"}),
        await api.ask("OPTIONS", f"{API}/me", headers={"Origin": "https://evil.example"}),
        await api.ask("GET", "/nothing"),
        await api.ask("POST", f"{API}/api-keys", key=key, body=b"x" * 70_000),
        await api.ask("GET", "/healthz"),
    ]
    page = await api.open("/portal/" + "A" * 43)

    # The page's form needs an Origin, which no-referrer takes away.
    for answer, referrer in [*((answer, "no-referrer") for answer in answers), (page, "strict-origin")]:
        assert {name: answer.headers.get(name) for name in HEADERS} == {**HEADERS, "Referrer-Policy": referrer}
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not any(name.lower().startswith("access-control") for name in answer.headers)


async def test_the_request_id(api: Api) -> None:
    """A proxy's is kept where it looks like one, and written into the audit log's line and ours; else it is made."""
    key = api.make_key("owner", "a")

    kept = await api.ask("GET", f"{API}/me", key=key, headers={"X-Request-Id": "abc-123_xyz"})
    made = [
        await api.ask("GET", f"{API}/me", key=key, headers={"X-Request-Id": text})
        for text in ("short", "x" * 65, "a b c d e f g", "<script>alert(1)</script>")
    ]

    assert kept.headers["X-Request-Id"] == "abc-123_xyz"
    assert len({answer.headers["X-Request-Id"] for answer in made}) == 4
    assert all(len(answer.headers["X-Request-Id"]) == 32 for answer in made)


async def test_what_is_told_of_a_request(api: Api) -> None:
    """Who, about which clinic, which route, how it ended; of a path only the pattern, as it may hold a code."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics={"a": "owner"})
    await api.open(path)
    await api.ask("GET", f"/secret-{path[-10:]}")

    told = api.seen.of(RequestAnswered)

    assert [(one.method, one.route.partition("{")[0], one.status, one.who, one.clinic_id) for one in told] == [
        ("POST", f"{API}/portal-sessions", 201, "API key 1", "a"),
        ("POST", "/portal/", 303, None, None),
        ("-", "-", 404, None, None),
    ]
    assert path[-10:] not in repr(told)
