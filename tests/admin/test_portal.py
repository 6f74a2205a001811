"""Portal sessions: how a person gets in by a one-time URL, and what becomes of the session."""

import asyncio
from urllib.parse import urlparse

import pytest

from tests.admin.client import API, COOKIE, PUBLIC_URL, Api, cookie_of
from tests.admin.conftest import StartApi

ME = f"{API}/me"
SESSIONS = f"{API}/portal-sessions"
CLINICS = {"a": "owner"}


async def test_the_way_in_and_out(api: Api) -> None:
    """The host's server asks, the person's browser opens and is in, and logs out."""
    key = api.make_key("operator")
    path = await api.portal_path(key, "ana", clinics={"a": "owner", "b": "MANAGER"})

    page = await api.ask("GET", path, headers={"Sec-Fetch-Site": "cross-site"})
    opened = await api.open(path)
    cookie = cookie_of(opened)
    me = await api.ask("GET", ME, cookie=cookie)
    out = await api.ask("POST", f"{API}/logout", cookie=cookie)
    after = await api.ask("GET", ME, cookie=cookie)

    assert (page.status, "<form" in page.text) == (200, True)
    assert opened.status == 303
    assert urlparse(opened.headers["Location"]).netloc == ""
    assert (me.json["via"], me.json["user"], me.json["is_operator"]) == ("portal_session", "ana", False)
    assert [(c["clinic_id"], c["role"]) for c in me.json["clinics"]] == [("a", "owner"), ("b", "manager")]
    assert out.status == 204
    assert after.refusal == (401, "unauthenticated")


async def test_the_cookie(api: Api) -> None:
    """It is this host's alone, not for scripts, not for plain HTTP, not for other sites, and gone with the browser."""
    opened = await api.open(await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS))
    name, *attributes = opened.headers["Set-Cookie"].split("; ")

    assert name.startswith(f"{COOKIE}=")
    assert len(cookie_of(opened)) == 43
    assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]


async def test_the_page(api: Api) -> None:
    """It looks the same for every code, runs only our scripts, cannot be framed, and no request from it says its URL.

    Its form has an Origin: with no-referrer, browsers would send null.
    """
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)

    page, other = await api.ask("GET", path), await api.ask("GET", "/portal/" + "A" * 43)
    script = await api.ask("GET", "/portal/open.js")

    assert page.text == other.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert path not in page.text
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert page.headers["Cache-Control"] == "no-store"
    assert (script.status, script.headers["Content-Type"].partition(";")[0]) == (200, "text/javascript")


async def test_looking_is_not_opening(api: Api) -> None:
    """Mail scanners and chat previews look at links: the code is good afterwards."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)

    for _ in range(3):
        await api.ask("GET", path)

    assert (await api.open(path)).status == 303


async def test_a_code_opens_once(api: Api) -> None:
    """Ten browsers come at once with one code: one of them is let in."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)

    answers = await asyncio.gather(*(api.open(path) for _ in range(10)))

    assert sorted(answer.status for answer in answers) == [303] + [410] * 9
    assert api.value("select count(*) from outbound_webhooks.audit_log where action = 'portal_session.opened'") == 1


async def test_a_code_is_not_good_for_long(api: Api) -> None:
    """After a minute it is over: in the database's time, which was moved here."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)
    lifetime = api.value(
        "select extract(epoch from ends_at - created_at)::integer from outbound_webhooks.portal_sessions"
    )
    api.run("update outbound_webhooks.portal_sessions set ends_at = clock_timestamp()")

    assert lifetime == 60
    assert (await api.open(path)).status == 410


async def test_the_database_has_digests_only(api: Api) -> None:
    """Neither the code nor the cookie is in a table, nor in the log that the program writes."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)
    cookie = cookie_of(await api.open(path))
    await api.ask("GET", ME, cookie=cookie)

    kept = api.value(
        "select (select string_agg(s::text, ' ') from outbound_webhooks.portal_sessions as s)"
        " || (select string_agg(a::text, ' ') from outbound_webhooks.audit_log as a)"
    )

    for secret in (path.rpartition("/")[2], cookie):
        assert secret not in kept
        assert secret not in repr(api.seen.all)


@pytest.mark.parametrize(
    ("held", "clinic", "body", "expected"),
    [
        ("owner", "a", {"clinics": {"a": "owner"}}, 201),
        ("owner", "a", {"clinics": {"a": "manager"}}, 201),
        ("owner", "a", {"clinics": {"b": "manager"}}, (403, "cannot_grant")),
        ("owner", "a", {"clinics": {"a": "owner", "b": "manager"}}, (403, "cannot_grant")),
        ("owner", "a", {"clinics": {"a": "operator"}}, (403, "cannot_grant")),
        ("owner", "a", {"is_operator": True}, (403, "cannot_grant")),
        ("manager", "a", {"clinics": {"a": "manager"}}, 201),
        ("manager", "a", {"clinics": {"a": "owner"}}, (403, "cannot_grant")),
        ("operator", None, {"clinics": {"a": "owner", "b": "manager"}}, 201),
        ("operator", None, {"clinics": {"a": "operator"}}, (403, "cannot_grant")),
        ("operator", None, {"is_operator": True}, 201),
    ],
)
async def test_nobody_grants_more_than_they_hold(
    api: Api, held: str, clinic: str | None, body: dict[str, object], expected: int | tuple[int, str]
) -> None:
    """A key makes sessions for its clinic, with at most its role; an operator's for any."""
    answer = await api.ask("POST", SESSIONS, key=api.make_key(held, clinic), body={"user": "ana", **body})

    assert (answer.status if isinstance(expected, int) else answer.refusal) == expected


async def test_a_session_makes_no_session(api: Api) -> None:
    """Or it would never end: only a key asks for one."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)

    answer = await api.ask("POST", SESSIONS, cookie=cookie, body={"user": "ana", "clinics": CLINICS})

    assert answer.refusal == (403, "forbidden")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"clinics": CLINICS}, "/user"),
        ({"user": "", "clinics": CLINICS}, "/user"),
        ({"user": "ana"}, "/"),
        ({"user": "ana", "clinics": {}}, "/"),
        ({"user": "ana", "clinics": CLINICS, "is_operator": True}, "/"),
        ({"user": "ana", "clinics": {"a": "chief"}}, "/clinics/a"),
        ({"user": "ana", "clinics": {str(n): "owner" for n in range(101)}}, "/clinics"),
        ({"user": "ana", "clinics": ["a"]}, "/clinics"),
        ({"user": "ana", "clinics": CLINICS, "is_operator": 1}, "/is_operator"),
        ({"user": "ana", "clinics": CLINICS, "return_to": "https://evil.example"}, "/return_to"),
    ],
)
async def test_bad_fields(api: Api, body: dict[str, object], path: str) -> None:
    """A session is for somebody, at one clinic to a hundred, or an operator's."""
    answer = await api.ask("POST", SESSIONS, key=api.make_key("operator"), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert [error["path"] for error in answer.json["errors"]] == [path]


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": "cross-site", "Origin": PUBLIC_URL},
    {"Sec-Fetch-Site": "", "Origin": "https://evil.example"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": PUBLIC_URL.replace("https", "http")},
    {"Origin": PUBLIC_URL + ".evil.example"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_another_sites_page_cannot_use_the_cookie(api: Api, headers: dict[str, str]) -> None:
    """What a page elsewhere sends with our cookie is refused for unsafe methods, whatever it says itself."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)

    answer = await api.ask("POST", f"{API}/logout", headers={"Cookie": f"{COOKIE}={cookie}", **headers})

    assert answer.refusal == (403, "cross_site")
    assert (await api.ask("GET", ME, cookie=cookie)).status == 200


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": PUBLIC_URL}], ids=str)
async def test_our_own_page_can(api: Api, headers: dict[str, str]) -> None:
    """A browser that sends Fetch Metadata, and one that sends only the Origin."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)

    answer = await api.ask("POST", f"{API}/logout", headers={"Cookie": f"{COOKIE}={cookie}", **headers})

    assert answer.status == 204


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_another_sites_page_cannot_log_anybody_in(api: Api, headers: dict[str, str]) -> None:
    """A page elsewhere cannot send the form, nor answer its question, in its reader's name."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)

    assert (await api.ask("POST", path, headers=headers)).refusal == (403, "cross_site")
    assert (await api.open(path)).status == 303


async def test_without_a_public_url_there_are_none(start_api: StartApi) -> None:
    """Nothing is made that no browser could open; a cookie is not looked at."""
    async with start_api() as api:
        cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)
    async with start_api(public_url=None) as api:
        asked = await api.ask(
            "POST", SESSIONS, key=api.make_key("owner", "a"), body={"user": "ana", "clinics": CLINICS}
        )
        opened = await api.open("/portal/" + "A" * 43)

        assert asked.refusal == opened.refusal == (409, "portal_off")
        assert (await api.ask("GET", ME, cookie=cookie)).refusal == (401, "unauthenticated")


async def test_each_clinic_sees_it_in_its_audit_log(api: Api) -> None:
    """Made, opened and ended stand there for each of the clinics, with the person."""
    cookie = await api.log_in(api.make_key("operator"), clinics={"a": "owner", "b": "manager"})
    await api.ask("POST", f"{API}/logout", cookie=cookie)

    lines = api.database.execute(
        "select action, clinic_id, details ->> 'user', details ->> 'role' from outbound_webhooks.audit_log"
        " where action like 'portal%' order by id"
    ).fetchall()

    deeds = ("portal_session.created", "portal_session.opened", "portal_session.ended")
    assert lines == [(deed, *who) for deed in deeds for who in (("a", "ana", "owner"), ("b", "ana", "manager"))]
