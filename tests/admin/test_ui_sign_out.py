"""How a session that somebody signed in to ends: by them, with its key, or idle; and whose it was."""

from collections.abc import Awaitable, Callable

import pytest

from tests.admin.client import API, COOKIE, Answer, Api, Browser, cookie_of, signed_in
from tests.admin.conftest import StartApi
from tests.support.tokens import NOW, rules, signed

ME = f"{API}/me"
EXPIRE = (
    "update outbound_webhooks.api_keys set created_at = created_at - interval '2 days', expires_at = clock_timestamp()"
)


async def sign_in(api: Api, key: str) -> Browser:
    """The browser of who signed in with a key or a token."""
    answer = await Browser(api).post("/ui/sign-in", {"key": key})
    assert answer.status == 303, answer.text
    return Browser(api, cookie_of(answer))


async def is_in(browser: Browser) -> bool:
    """Whether a session is not over."""
    return (await browser.api.ask("GET", ME, cookie=browser.cookie)).status == 200


@pytest.mark.parametrize("over", ["select outbound_webhooks.revoke_api_key(1)", EXPIRE], ids=["revoked", "expired"])
async def test_a_session_is_over_with_its_key(api: Api, over: str) -> None:
    """From the commit on, whatever was done with it before."""
    browser = await sign_in(api, api.make_key("owner", "a"))
    before = await is_in(browser)
    api.run(over)

    assert (before, await is_in(browser)) == (True, False)


async def test_a_session_is_what_its_key_is(api: Api) -> None:
    """Who takes something from a key takes it from the sessions of it."""
    browser = await sign_in(api, api.make_key("owner", "a"))
    before = await api.ask("GET", f"{API}/api-keys", cookie=browser.cookie)
    api.run("update outbound_webhooks.api_keys set role = 'manager'")

    assert before.status == 200
    assert (await api.ask("GET", f"{API}/api-keys", cookie=browser.cookie)).refusal == (403, "forbidden")


async def test_a_session_ends_no_later_than_its_key(api: Api) -> None:
    """That is known when it begins."""
    await sign_in(api, api.make_key("owner", "a", expires_in="1 hour"))

    assert api.value(
        "select s.ends_at = k.expires_at from outbound_webhooks.portal_sessions as s, outbound_webhooks.api_keys as k"
    )


async def test_a_session_of_a_key_makes_no_sessions(api: Api) -> None:
    """A key asks for those, itself."""
    browser = await sign_in(api, api.make_key("operator"))

    answer = await api.ask(
        "POST", f"{API}/portal-sessions", cookie=browser.cookie, body={"user": "ana", "is_operator": True}
    )

    assert answer.refusal == (403, "forbidden")


async def test_the_audit_log_says_whose_session_it_is(api: Api) -> None:
    """That of a key has its name; no person whom somebody gives a key's name is taken for it."""
    key = api.make_key("owner", "a")
    browser = await sign_in(api, key)
    impostor = await api.log_in(key, "API key 1", clinics={"a": "owner"})
    for cookie in (browser.cookie, impostor):
        await api.ask("POST", f"{API}/api-keys", cookie=cookie, body={"role": "manager"})

    issued = api.database.execute(
        "select actor from outbound_webhooks.audit_log where action = 'api_key.issued' and actor <> '' order by id"
    ).fetchall()
    opened = api.database.execute(
        "select actor, details from outbound_webhooks.audit_log where action = 'portal_session.opened' order by id"
    ).fetchall()

    assert issued == [("portal session 1 of API key 1",), ("API key 1 (portal session 2)",)]
    assert opened == [
        ("API key 1", {"user": None, "role": "owner", "api_key": 1, "kind": "api_key"}),
        ("the holder of a one-time code", {"user": "API key 1", "role": "owner", "api_key": 1, "kind": "link"}),
    ]


async def test_signing_out(api: Api) -> None:
    """The session is over, the browser forgets it, and another one of the same person goes on."""
    key = api.make_key("owner", "a")
    first, second = await sign_in(api, key), await sign_in(api, key)

    out = await first.post("/ui/sign-out")
    again = await first.post("/ui/sign-out")
    page = await first.get(out.headers["Location"])

    assert (out.status, out.headers["Location"]) == (303, "/ui/sign-in?done=signed_out")
    assert (again.status, again.headers["Location"]) == (303, "/ui/sign-in")
    assert out.headers["Set-Cookie"].startswith(f'{COOKIE}=""')
    assert "You are signed out." in page.text
    assert (await is_in(first), await is_in(second)) == (False, True)


async def by_page(browser: Browser) -> Answer:
    """Sign out everywhere with the button."""
    return await browser.post("/ui/sign-out-everywhere")


async def by_api(browser: Browser) -> Answer:
    """Sign out everywhere as a program."""
    return await browser.api.ask("POST", f"{API}/logout?everywhere=true", cookie=browser.cookie)


@pytest.mark.parametrize("end", [by_page, by_api])
@pytest.mark.parametrize("whose", ["link", "key", "token"])
async def test_everywhere(start_api: StartApi, end: Callable[[Browser], Awaitable[Answer]], whose: str) -> None:
    """All of the same person's end: of the same key in the same name, of the same key, of the same user's tokens.

    Nobody else's does: anybody who has a key can have a link made in any name.
    """
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        key, other_key = api.make_key("operator"), api.make_key("operator")
        sessions = {
            "link": [await link(api, key, "ana") for _ in range(2)],
            "link of another": [await link(api, key, "eva")],
            "link of another key": [await link(api, other_key, "ana")],
            "key": [await sign_in(api, key) for _ in range(2)],
            "another key": [await sign_in(api, other_key)],
            "token": [await sign_in(api, signed("e", clinics=clinic)) for clinic in ("a", "b")],
            "token of another": [await sign_in(api, signed("e", sub="eva"))],
        }
        waiting = await api.portal_path(key, "ana", clinics={"a": "owner"})

        answer = await end(sessions[whose][0])
        left = {name for name, browsers in sessions.items() for browser in browsers if await is_in(browser)}

        assert answer.status in (204, 303), answer.text
        assert left == sessions.keys() - {whose}
        assert (await api.open(waiting)).status == (410 if whose == "link" else 303)


async def link(api: Api, key: str, user: str) -> Browser:
    """The browser of somebody who followed a link."""
    return Browser(api, await api.log_in(key, user, clinics={"a": "owner"}))


async def test_everywhere_is_in_the_audit_log(api: Api) -> None:
    """Each session that ended, by whom."""
    key = api.make_key("owner", "a")
    browser, _ = await sign_in(api, key), await sign_in(api, key)
    await by_page(browser)

    lines = api.database.execute(
        "select actor, subject from outbound_webhooks.audit_log where action = 'portal_session.ended' order by id"
    ).fetchall()

    assert lines == [("portal session 1 of API key 1", f"portal session {number}") for number in (1, 2)]


@pytest.mark.parametrize("everywhere", ["yes", "1", ""])
async def test_everywhere_is_true_or_false(api: Api, everywhere: str) -> None:
    """What is neither ends nothing."""
    browser = await signed_in(api, {"a": "owner"})

    answer = await api.ask("POST", f"{API}/logout?everywhere={everywhere}", cookie=browser.cookie)

    assert answer.refusal == (400, "invalid_parameter")
    assert await is_in(browser)


@pytest.mark.parametrize("path", ["/ui/sign-out", "/ui/sign-out-everywhere"])
async def test_a_key_is_not_signed_out(api: Api, path: str) -> None:
    """It is revoked."""
    answer = await api.ask("POST", path, key=api.make_key("owner", "a"))

    assert answer.refusal == (403, "forbidden")


async def test_a_page_that_is_left_open_ends(api: Api) -> None:
    """What it asks for by itself, every few seconds, keeps no session awake; a click does."""
    browser = await signed_in(api, {"a": "owner"})
    refresh, seen = {"X-Refresh": "1"}, "select last_seen_at from outbound_webhooks.portal_sessions"
    later = "update outbound_webhooks.portal_sessions set last_seen_at = last_seen_at - make_interval(mins => %s)"

    api.run(later, 20)
    before = api.value(seen)
    refreshed = await api.ask("GET", ME, cookie=browser.cookie, headers=refresh)
    after = api.value(seen)
    clicked = await api.ask("GET", ME, cookie=browser.cookie)
    awake = api.value(seen)
    api.run(later, 31)

    assert (refreshed.status, after) == (200, before)
    assert (clicked.status, awake > before) == (200, True)
    assert (await api.ask("GET", ME, cookie=browser.cookie, headers=refresh)).refusal == (401, "unauthenticated")


async def test_a_link_that_was_used_opens_nothing(api: Api) -> None:
    """Who finds it in a history is not let in, also after its session was left; nor does it end another one."""
    path = await api.portal_path(api.make_key("owner", "a"), "ana", clinics={"a": "owner"})
    browser = Browser(api, cookie_of(await api.open(path)))
    replayed = [await api.open(path), await api.open(path, browser.cookie)]
    still = await is_in(browser)
    await browser.post("/ui/sign-out")

    assert [(answer.status, "Set-Cookie" in answer.headers) for answer in [*replayed, await api.open(path)]] == [
        (410, False)
    ] * 3
    assert still
