"""clinic_role(): the host's own table says what a person is, instead of the token; at most what a session was given."""

from typing import Any

import pytest

from dispatcher.admin.limits import OWN_RULES, RateClass
from tests.admin.client import API, Api, Browser, cookie_of
from tests.admin.conftest import StartApi
from tests.support.tokens import NOW, rules, signed

ME = f"{API}/me"
KEYS = f"{API}/api-keys"

# A host's table, and the function as docs/authentication.md has it.
HOST = """
create table public.clinic_users (user_id text, clinic_id text, role text);
insert into public.clinic_users values ('ana', 'a', 'OWNER'), ('ana', 'b', 'MANAGER'), ('ana', 'c', 'DENTIST'),
    ('eva', 'a', 'MANAGER');
grant select on public.clinic_users to outbound_webhooks_owner;
create or replace function outbound_webhooks.clinic_role(p_user_id text, p_clinic_id text)
    returns text
    language sql
    stable
as $$
    select u.role
    from public.clinic_users as u
    where u.user_id::text = p_user_id and u.clinic_id::text = p_clinic_id
$$;
"""


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of each test's own, as it changes functions in it."""
    return database_url


def clinics(answer: Any) -> dict[str, str]:
    """The role by clinic that `me` says."""
    return {clinic["clinic_id"]: clinic["role"] for clinic in answer.json["clinics"]}


async def test_as_it_comes_it_knows_nobody(start_api: StartApi) -> None:
    """Asked for, and not replaced: no token opens anything, whatever it says."""
    async with start_api(tokens=rules(), now=lambda: NOW, asks_membership=True) as api:
        assert clinics(await api.ask("GET", ME, key=signed("h"))) == {}
        assert (await api.ask("GET", f"{KEYS}?clinic_id=a", key=signed("h"))).refusal == (403, "forbidden")


async def test_it_overrules_the_token(start_api: StartApi) -> None:
    """Roles, also operator's, are the table's; a clinic that only the URL names is looked up, too."""
    async with start_api(tokens=rules(), now=lambda: NOW, asks_membership=True) as api:
        api.run(HOST)
        token = signed("h", clinics=["a", "b", "c", "d"], role="OWNER")
        named = signed("h", clinics=None, role="OPERATOR")

        assert clinics(await api.ask("GET", ME, key=token)) == {"a": "owner", "b": "manager"}
        assert (await api.ask("GET", f"{KEYS}?clinic_id=b", key=token)).refusal == (403, "forbidden")
        assert (await api.ask("GET", f"{KEYS}?clinic_id=a", key=named)).status == 200
        assert (await api.ask("GET", KEYS, key=named)).refusal == (403, "forbidden")
        assert (await api.ask("GET", ME, key=named)).json["is_operator"] is False


async def test_a_session_has_at_most_what_it_was_given(start_api: StartApi) -> None:
    """A manager's key cannot reach an owner's rights by naming an owner; who is less than given has less."""
    async with start_api(asks_membership=True) as api:
        api.run(HOST)
        ana = await api.log_in(api.make_key("manager", "a"), "ana", clinics={"a": "manager"})
        eva = await api.log_in(api.make_key("operator"), "eva", clinics={"a": "owner", "b": "owner"})

        assert clinics(await api.ask("GET", ME, cookie=ana)) == {"a": "manager"}
        assert clinics(await api.ask("GET", ME, cookie=eva)) == {"a": "manager"}


async def test_who_leaves_is_out_at_once(start_api: StartApi) -> None:
    """The next request after the row is gone has nothing more, in a session that was opened before."""
    async with start_api(asks_membership=True) as api:
        api.run(HOST)
        cookie = await api.log_in(api.make_key("operator"), "ana", clinics={"a": "owner"})
        before = await api.ask("GET", KEYS, cookie=cookie)
        api.run("delete from public.clinic_users where user_id = 'ana'")

        assert before.status == 200
        assert (await api.ask("GET", KEYS, cookie=cookie)).refusal == (403, "forbidden")


async def test_keys_are_no_people(start_api: StartApi) -> None:
    """An API key has its own role: nobody is looked up."""
    async with start_api(asks_membership=True) as api:
        assert clinics(await api.ask("GET", ME, key=api.make_key("owner", "a"))) == {"a": "owner"}


@pytest.mark.parametrize("body", ["select 1 / 0", "select null from public.is_not_there"])
async def test_one_that_fails_lets_nobody_in(start_api: StartApi, body: str) -> None:
    """An error of the host's function is answered with 500, and told in the log, without opening anything."""
    async with start_api(tokens=rules(), now=lambda: NOW, asks_membership=True) as api:
        api.run(
            "create or replace function outbound_webhooks.clinic_role(p_user_id text, p_clinic_id text) returns text"
            f" language plpgsql stable as 'begin return ({body}); end'"
        )

        assert (await api.ask("GET", ME, key=signed("h"))).refusal == (500, "internal")


@pytest.mark.parametrize("clinic", ["abc", "1.5", str(2**40), "0x"])
async def test_an_id_that_it_cannot_read_is_no_clinic(start_api: StartApi, clinic: str) -> None:
    """A host that numbers its clinics: what the URL names instead of a number is refused, written down, and limited."""
    async with start_api(tokens=rules(), now=lambda: NOW, asks_membership=True) as api:
        api.run(HOST.replace("u.clinic_id::text = p_clinic_id", "u.clinic_id = p_clinic_id::integer::text"))
        api.run("insert into public.clinic_users values ('ana', '7', 'OWNER')")
        token, quota = signed("h", clinics=[7]), OWN_RULES[RateClass.READ].quota

        answer = await api.ask("GET", f"{KEYS}?clinic_id={clinic}", key=token)
        rest = [(await api.ask("GET", f"{KEYS}?clinic_id={clinic}", key=token)).status for _ in range(quota)]

        assert answer.refusal == (403, "forbidden")
        assert rest == [403] * (quota - 1) + [429]
        api.clock.seconds += 60
        assert (await api.ask("GET", f"{KEYS}?clinic_id=7", key=token)).status == 200


async def test_the_table_is_read_as_the_owner(api: Api) -> None:
    """The admin role itself needs no right on the host's table, and has none."""
    api.run(HOST)

    assert not api.value("select has_table_privilege('outbound_webhooks_admin', 'public.clinic_users', 'select')")
    assert not api.value(
        "select has_function_privilege("
        "'outbound_webhooks_admin', 'outbound_webhooks.clinic_role(text, text)', 'execute')"
    )


async def test_who_signs_in_is_what_the_table_says(start_api: StartApi) -> None:
    """At the clinics of the token, or that of the page; and what the table takes away is gone from the session."""
    async with start_api(tokens=rules(), now=lambda: NOW, asks_membership=True) as api:
        api.run(HOST)
        of_token, of_page, of_neither = [
            await Browser(api).post("/ui/sign-in", {"key": signed("h", **claims), "next": path})
            for claims, path in (
                ({"clinics": ["a", "b", "c"]}, "/ui/"),
                ({"clinics": None, "role": "OPERATOR"}, "/ui/dead?clinic_id=b"),
                ({"clinics": None, "role": "OPERATOR"}, "/ui/"),
            )
        ]

        assert clinics(await api.ask("GET", ME, cookie=cookie_of(of_token))) == {"a": "owner", "b": "manager"}
        assert clinics(await api.ask("GET", ME, cookie=cookie_of(of_page))) == {"b": "manager"}
        assert (of_neither.status, "Set-Cookie" in of_neither.headers) == (403, False)
        api.run("delete from public.clinic_users where user_id = 'ana' and clinic_id = 'a'")
        assert clinics(await api.ask("GET", ME, cookie=cookie_of(of_token))) == {"b": "manager"}
