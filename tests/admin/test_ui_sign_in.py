"""Signing in at the UI with an API key or a token, and what others could try with that form."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import pytest

from dispatcher.admin.limits import OWN_RULES, REFUSALS, RateClass
from dispatcher.telemetry.admin_observations import AuthenticationRefused
from tests.admin.client import API, PUBLIC_URL, Answer, Api, Browser, cookie_of
from tests.admin.conftest import StartApi
from tests.support.tokens import NOW, rules, signed

ME = f"{API}/me"
SIGN_IN = "/ui/sign-in"
WRONG = "owk_1_" + "A" * 43
LASTS = "select extract(epoch from ends_at - opened_at)::float from outbound_webhooks.portal_sessions"


async def sign_in(api: Api, key: str, next_path: str = "", cookie: str | None = None) -> Answer:
    """Send the form, from a browser that may have a session."""
    return await Browser(api, cookie).post(SIGN_IN, {"key": key, "next": next_path})


async def send_from_elsewhere(api: Api, path: str, headers: Mapping[str, str], **fields: str) -> Answer:
    """Send a form as a page elsewhere would have a browser do, or a program."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    async with api.session.post(
        api.url + path, data=urlencode(fields).encode(), headers=sent, allow_redirects=False
    ) as response:
        return Answer(response.status, response.headers.copy(), await response.text())


async def test_the_form(api: Api) -> None:
    """It hides what is typed, asks browsers not to keep it, and knows the page that somebody came from."""
    answer = await Browser(api).get(f"{SIGN_IN}?next=%2Fui%2Fdead%3Fclinic_id%3Da")
    field = answer.text.partition('<input id="key"')[2].partition(">")[0]

    assert answer.status == 200
    assert 'type="password"' in field
    assert 'autocomplete="off"' in field
    assert 'name="next" value="/ui/dead?clinic_id=a"' in answer.text
    assert "form-action 'self'" in answer.headers["Content-Security-Policy"]


async def test_with_an_api_key(api: Api) -> None:
    """Its holder is led on, and has a session that is what the key is; the cookie is as every session's."""
    answer = await sign_in(api, f" {api.make_key('manager', 'a')}\n", "/ui/dead?state=dead")
    me = await api.ask("GET", ME, cookie=cookie_of(answer))

    assert (answer.status, answer.headers["Location"]) == (303, "/ui/dead?state=dead")
    assert len(cookie_of(answer)) == 43
    assert sorted(answer.headers["Set-Cookie"].split("; ")[1:]) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]
    assert (me.json["via"], me.json["user"], me.json["is_operator"]) == ("portal_session", None, False)
    assert [(clinic["clinic_id"], clinic["role"]) for clinic in me.json["clinics"]] == [("a", "manager")]


async def test_with_an_operators_key(api: Api) -> None:
    """Is an operator's session."""
    answer = await sign_in(api, api.make_key("operator"))

    assert answer.headers["Location"] == "/ui/"
    assert (await api.ask("GET", ME, cookie=cookie_of(answer))).json["is_operator"] is True


@pytest.mark.parametrize(("longest", "expected"), [(43200, 330), (60, 60)], ids=["the token's end", "its own end"])
async def test_with_a_token(start_api: StartApi, longest: int, expected: int) -> None:
    """A host's token opens what it says, up to its own end, or to that of any session."""
    async with start_api(tokens=rules(), now=lambda: NOW, session_seconds=longest) as api:
        answer = await sign_in(api, signed("e", clinics={"a": "OWNER", "b": "MANAGER"}))
        me = await api.ask("GET", ME, cookie=cookie_of(answer))
        lasts = api.value(
            "select extract(epoch from ends_at - opened_at)::float from outbound_webhooks.portal_sessions"
        )
        api.run("update outbound_webhooks.portal_sessions set ends_at = clock_timestamp()")
        after = await api.ask("GET", ME, cookie=cookie_of(answer))

    assert (me.json["via"], me.json["user"]) == ("portal_session", "ana")
    assert [(clinic["clinic_id"], clinic["role"]) for clinic in me.json["clinics"]] == [
        ("a", "owner"),
        ("b", "manager"),
    ]
    assert lasts == expected
    assert after.refusal == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("claims", "status"),
    [({"exp": NOW - 60}, 401), ({"aud": "another"}, 401), ({"clinics": []}, 403), ({"role": "dentist"}, 403)],
    ids=str,
)
async def test_tokens_that_open_nothing(start_api: StartApi, claims: dict[str, Any], status: int) -> None:
    """Those that are refused elsewhere, and those of nobody's role."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        answer = await sign_in(api, signed("e", **claims))

        assert (answer.status, "Set-Cookie" in answer.headers) == (status, False)
        assert api.value("select count(*) from outbound_webhooks.portal_sessions") == 0


async def test_a_key_that_is_revoked(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """It opens nothing; nor where that happens after it was looked at."""
    before, meanwhile = api.make_key("owner", "a"), api.make_key("owner", "a")
    api.run("select outbound_webhooks.revoke_api_key(1)")

    async def revoke(_: object) -> None:
        api.run("select outbound_webhooks.revoke_api_key(2)")

    monkeypatch.setattr("dispatcher.admin.ui.pages.sign_in.session_of", revoke)
    answers = [await sign_in(api, key) for key in (before, meanwhile)]

    assert [(answer.status, "Set-Cookie" in answer.headers) for answer in answers] == [(401, False)] * 2
    assert [refused.reason for refused in api.seen.of(AuthenticationRefused)] == ["API key"] * 2


@pytest.mark.parametrize("key", [WRONG, "hunter2", "Bearer " + WRONG, "eyJ.eyJ.x", "<script>alert(1)</script>"])
async def test_a_wrong_key(api: Api, key: str) -> None:
    """The form again, with a message, with where to lead on to, and without what was typed."""
    answer = await sign_in(api, key, "/ui/dead")

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert 'aria-invalid="true"' in answer.text
    assert 'name="next" value="/ui/dead"' in answer.text
    assert key not in answer.text
    assert "Set-Cookie" not in answer.headers
    assert len(api.seen.of(AuthenticationRefused)) == 1


async def test_no_key(api: Api) -> None:
    """Is a field that is missing, and nothing that was refused."""
    answer = await sign_in(api, " ")

    assert (answer.status, 'aria-invalid="true"' in answer.text) == (422, True)
    assert api.seen.of(AuthenticationRefused) == []


async def test_sign_ins_are_limited(api: Api) -> None:
    """By address, as whoever opens a link: right ones, too."""
    quota = OWN_RULES[RateClass.LOGIN].quota
    answers = [await sign_in(api, "") for _ in range(quota)]

    assert {answer.status for answer in answers} == {422}
    assert (await sign_in(api, api.make_key("owner", "a"))).refusal == (429, "rate_limited")


async def test_wrong_keys_are_limited(api: Api) -> None:
    """With all else that an address gets wrong, in ten minutes; a right one is let in all the same."""
    answers = []
    for _ in range(REFUSALS.quota // 10):
        answers += [await sign_in(api, WRONG) for _ in range(OWN_RULES[RateClass.LOGIN].quota)]
        api.clock.seconds += OWN_RULES[RateClass.LOGIN].window
    refused = [answer for answer in answers if answer.status == 429]

    assert {answer.status for answer in answers[: REFUSALS.quota]} == {401}
    assert refused
    assert all('"refusals"' in answer.headers["RateLimit-Policy"] for answer in refused)
    assert (await sign_in(api, api.make_key("owner", "a"))).status == 303


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC_URL},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_another_site_signs_nobody_in(api: Api, headers: dict[str, str]) -> None:
    """Else its reader would work in the session of whose key that was (login CSRF)."""
    answer = await send_from_elsewhere(api, SIGN_IN, headers, key=api.make_key("owner", "evil"))

    assert answer.refusal == (403, "cross_site")
    assert "Set-Cookie" not in answer.headers
    assert api.value("select count(*) from outbound_webhooks.portal_sessions") == 0


@pytest.mark.parametrize("path", ["/ui/sign-out", "/ui/sign-out-everywhere", "/ui/language"])
@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_key_that_a_proxy_adds_helps_no_other_site(api: Api, path: str, headers: dict[str, str]) -> None:
    """A form is sent from a page of ours, whatever shows who it is from."""
    shown = {"Authorization": f"Bearer {api.make_key('owner', 'a')}", **headers}

    assert (await send_from_elsewhere(api, path, shown, lang="en")).refusal == (403, "cross_site")


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/\\evil.example", "/ui/../api"])
async def test_no_link_leads_elsewhere(api: Api, elsewhere: str) -> None:
    """Neither by the form that it opens, nor by what is sent (open redirect)."""
    page = await Browser(api).get(f"{SIGN_IN}?{urlencode({'next': elsewhere})}")
    answer = await sign_in(api, api.make_key("owner", "a"), elsewhere)

    assert 'name="next" value="/ui/"' in page.text
    assert f'="{elsewhere}' not in page.text
    assert (answer.status, answer.headers["Location"]) == (303, "/ui/")


async def test_a_cookie_from_before_is_worth_nothing_after(api: Api) -> None:
    """Who planted one, good or made up, has nothing: it is another one, and the session before is over (fixation)."""
    planted = cookie_of(await sign_in(api, api.make_key("owner", "evil")))
    key = api.make_key("owner", "a")

    signed_in = cookie_of(await sign_in(api, key, cookie=planted))
    again = cookie_of(await sign_in(api, key, cookie="A" * 43))

    assert len({planted, signed_in, again, "A" * 43}) == 4
    for cookie in (planted, "A" * 43):
        assert (await api.ask("GET", ME, cookie=cookie)).refusal == (401, "unauthenticated")
    assert (await api.ask("GET", ME, cookie=signed_in)).status == 200


async def test_a_header_does_not_sign_in(api: Api) -> None:
    """The form is what counts: what a proxy adds is not looked at."""
    shown = {"Authorization": f"Bearer {api.make_key('owner', 'a')}"}
    assert (await Browser(api).post(SIGN_IN, {"key": WRONG}, headers=shown)).status == 401


async def test_what_is_secret_is_nowhere(start_api: StartApi) -> None:
    """Neither key nor token nor cookie: in no URL, page, log line or table; nor what was refused."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        shown = [api.make_key("owner", "a"), signed("e"), WRONG, signed("e", exp=NOW - 60)]
        answers = [await sign_in(api, key, "/ui/dead") for key in shown]
        cookies = [cookie_of(answer) for answer in answers if answer.status == 303]
        kept = api.value(
            "select string_agg(t, ' ') from (select s::text from outbound_webhooks.portal_sessions as s"
            " union all select a::text from outbound_webhooks.audit_log as a"
            " union all select k::text from outbound_webhooks.api_keys as k) as all_of (t)"
        )
        told = (
            repr(api.seen.all) + kept + "".join(answer.text + str(answer.headers.get("Location")) for answer in answers)
        )

    assert len(cookies) == 2
    for secret in [*(key[-40:] for key in shown), *cookies]:
        assert secret not in "".join(told)


async def test_where_nobody_can_sign_in(start_api: StartApi) -> None:
    """Without an address of its own the service has no sessions, and the page says so."""
    async with start_api(public_url=None) as api:
        page = await Browser(api).get(SIGN_IN)
        answer = await sign_in(api, api.make_key("owner", "a"))

        assert (page.status, '<form method="post" action="/ui/sign-in"' in page.text) == (200, False)
        assert answer.refusal == (409, "portal_off")
