"""The admin API behind nginx: who asks is who it is, and errors have one shape, whoever makes them."""

import asyncio

import aiohttp
import trustme

from dispatcher.telemetry.admin_observations import RequestAnswered
from tests.admin.client import API, Answer, Api
from tests.proxy.clients import trusting
from tests.proxy.nginx import HOST, Nginx


async def ask(
    browser: aiohttp.ClientSession, nginx: Nginx, ca: trustme.CA, method: str, path: str, **request: object
) -> Answer:
    """A request through nginx."""
    async with browser.request(
        method,
        f"https://127.0.0.1:{nginx.port}{path}",
        ssl=trusting(ca),
        server_hostname=HOST,
        **request,  # type: ignore[arg-type]
    ) as answer:
        return Answer(answer.status, answer.headers.copy(), await answer.text())


async def test_who_asks(browser: aiohttp.ClientSession, behind: Nginx, api: Api, ca: trustme.CA) -> None:
    """The address that is logged is the client's, whatever it says of itself."""
    headers = {"Authorization": f"Bearer {api.make_key('owner', 'a')}", "X-Forwarded-For": "203.0.113.7"}

    answer = await ask(browser, behind, ca, "GET", f"{API}/me", headers=headers)
    (seen,) = api.seen.of(RequestAnswered)

    assert answer.status == 200
    assert (seen.address, seen.status) == ("127.0.0.2", 200)
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Server"] == "nginx"


async def test_a_large_body(browser: aiohttp.ClientSession, behind: Nginx, api: Api, ca: trustme.CA) -> None:
    """A little too large: refused by the API itself; much too large: by nginx, in the same words."""
    headers = {"Authorization": f"Bearer {api.make_key('owner', 'a')}", "Content-Type": "application/json"}

    answers = [
        await ask(browser, behind, ca, "POST", f"{API}/api-keys", headers=headers, data=b" " * size)
        for size in (70_000, 140_000)
    ]

    assert [answer.refusal for answer in answers] == [(413, "body_too_large")] * 2
    assert len({answer.json["detail"] for answer in answers}) == 1
    assert [seen.status for seen in api.seen.of(RequestAnswered)] == [413]


async def test_a_portal_session(browser: aiohttp.ClientSession, behind: Nginx, api: Api, ca: trustme.CA) -> None:
    """The one-time URL, its form, and the cookie that it becomes."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics={"a": "owner"})

    page = await ask(browser, behind, ca, "GET", path)
    opened = await ask(
        browser, behind, ca, "POST", path, headers={"Sec-Fetch-Site": "same-origin"}, allow_redirects=False
    )
    cookie = opened.headers["Set-Cookie"].partition(";")[0]
    me = await ask(browser, behind, ca, "GET", f"{API}/me", headers={"Cookie": cookie})

    assert "Continue to webhooks" in page.text
    assert opened.status == 303
    assert (me.status, me.json["user"]) == (200, "ana")


async def test_many_at_once(browser: aiohttp.ClientSession, behind: Nginx, api: Api, ca: trustme.CA) -> None:
    """A host's server that asks for a lot is not held up."""
    headers = {"Authorization": f"Bearer {api.make_key('owner', 'a')}"}

    answers = await asyncio.gather(*(ask(browser, behind, ca, "GET", f"{API}/me", headers=headers) for _ in range(80)))

    assert {answer.status for answer in answers} == {200}
