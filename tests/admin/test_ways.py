"""Which way somebody is known by: one is looked at, and where it is refused no other one helps."""

import pytest

from dispatcher.telemetry.admin_observations import AuthenticationRefused
from tests.admin.client import API, COOKIE, Api
from tests.admin.conftest import StartApi
from tests.support.seen import Seen
from tests.support.tokens import NOW, rules, signed

ME = f"{API}/me"


async def test_nothing(api: Api) -> None:
    """Whoever shows nothing is nobody."""
    answer = await api.ask("GET", ME)

    assert answer.refusal == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "owk_1_" + "A" * 43, "Bearer owk_1_" + "A" * 43],
)
async def test_a_cookie_does_not_help_a_header(api: Api, authorization: str) -> None:
    """With an Authorization header that is refused, a good cookie is not looked at."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics={"a": "owner"})

    answer = await api.ask("GET", ME, cookie=cookie, headers={"Authorization": authorization})

    assert answer.refusal == (401, "unauthenticated")


async def test_a_header_does_not_help_a_cookie(api: Api) -> None:
    """With a good key the cookie is not looked at: neither whose it is, nor which page sent it."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics={"a": "owner"})
    key = api.make_key("manager", "b")
    headers = {"Cookie": f"{COOKIE}={cookie}", "Sec-Fetch-Site": "cross-site"}

    me = await api.ask("GET", ME, key=key, headers=headers)
    out = await api.ask("POST", f"{API}/logout", key=key, headers=headers)

    assert [clinic["clinic_id"] for clinic in me.json["clinics"]] == ["b"]
    assert out.refusal == (403, "forbidden")
    assert (await api.ask("GET", ME, cookie=cookie)).status == 200


async def test_two_headers(api: Api) -> None:
    """Which of two is meant is not guessed."""
    key = api.make_key("owner", "a")
    async with api.session.get(
        api.url + ME, headers=[("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    ) as response:
        assert response.status == 401


@pytest.mark.parametrize("name", ["outbound_webhooks", "__Host-outbound_webhooks2", "__Secure-outbound_webhooks"])
async def test_a_cookie_of_another_name(api: Api, name: str) -> None:
    """A cookie that another host could have set (without __Host-) is none."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics={"a": "owner"})

    answer = await api.ask("GET", ME, headers={"Cookie": f"{name}={cookie}"})

    assert answer.refusal == (401, "unauthenticated")


async def test_a_code_is_no_cookie(api: Api) -> None:
    """Nor is it a bearer token, nor is the cookie's content one."""
    key = api.make_key("owner", "a")
    code = (await api.portal_path(key, clinics={"a": "owner"})).rpartition("/")[2]
    cookie = await api.log_in(key, clinics={"a": "owner"})

    assert (await api.ask("GET", ME, cookie=code)).refusal == (401, "unauthenticated")
    assert (await api.ask("GET", ME, key=code)).refusal == (401, "unauthenticated")
    assert (await api.ask("GET", ME, key=cookie)).refusal == (401, "unauthenticated")


async def test_a_token(start_api: StartApi) -> None:
    """A host's token is let in, with the clinics and the role that it says; the log has the reason where it is not."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        me = await api.ask("GET", ME, key=signed("e", clinics={"a": "OWNER", "b": "MANAGER"}))
        expired = await api.ask("GET", ME, key=signed("e", exp=NOW - 60))

        assert me.json["via"] == "token"
        assert [(c["clinic_id"], c["role"]) for c in me.json["clinics"]] == [("a", "owner"), ("b", "manager")]
        assert expired.refusal == (401, "unauthenticated")
        assert reasons(api.seen) == ["token: it has expired"]


async def test_tokens_that_are_not_configured(api: Api) -> None:
    """Without keys no token is one."""
    assert (await api.ask("GET", ME, key=signed("h"))).refusal == (401, "unauthenticated")


async def test_a_token_makes_no_portal_session(start_api: StartApi) -> None:
    """Only an API key asks for those."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        asked = await api.ask(
            "POST",
            f"{API}/portal-sessions",
            key=signed("h", clinics="a"),
            body={"user": "ana", "clinics": {"a": "owner"}},
        )

        assert asked.refusal == (403, "forbidden")


async def test_several_clinics(start_api: StartApi) -> None:
    """Who has several says which one is meant; each with the role there."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        token = signed("h", clinics={"a": "OWNER", "b": "MANAGER"})
        answers = {
            query: await api.ask("GET", f"{API}/api-keys{query}", key=token)
            for query in ("", "?clinic_id=a", "?clinic_id=b", "?clinic_id=c", "?clinic_id=a&clinic_id=b", "?clinic_id=")
        }

        assert answers.pop("?clinic_id=a").status == 200
        assert {query: answer.refusal for query, answer in answers.items()} == {
            "": (400, "clinic_needed"),
            "?clinic_id=b": (403, "forbidden"),
            "?clinic_id=c": (403, "forbidden"),
            "?clinic_id=a&clinic_id=b": (400, "invalid_parameter"),
            "?clinic_id=": (400, "invalid_parameter"),
        }


@pytest.mark.parametrize("clinic", ["%00", "a%00", "a%0a", "x" * 201, "%20a"])
async def test_ids_that_are_none(api: Api, clinic: str) -> None:
    """What cannot be a clinic's id is refused, and never an error of ours."""
    answer = await api.ask("GET", f"{API}/api-keys?clinic_id={clinic}", key=api.make_key("operator"))

    assert answer.refusal == (400, "invalid_parameter")


@pytest.mark.parametrize(
    "header",
    [
        b"Cookie: __Host-outbound_webhooks=\xff\xfe",
        b"Cookie: __Host-outbound_webhooks=" + b"A" * 42 + b"\xff",
        b"Cookie: __Host-outbound_webhooks=" + b"A" * 44,
        b"Cookie: __Host-outbound_webhooks=",
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: Bearer owk_1_" + b"\xff" * 43,
        b"Authorization: Bearer a.b\xff.c",
        b"Authorization: \xff",
    ],
)
async def test_bytes_that_are_no_text(start_api: StartApi, header: bytes) -> None:
    """What no program of ours hands out is refused like anything wrong, and is no error of ours."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        assert await api.ask_raw(f"{API}/me", header) == 401
        assert len(reasons(api.seen)) == 1


def reasons(seen: Seen) -> list[str]:
    """Why somebody was not let in, as the log has it."""
    return [refused.reason for refused in seen.of(AuthenticationRefused)]
