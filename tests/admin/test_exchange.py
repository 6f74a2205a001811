"""Links into somebody else's session: who has a session is asked before another one takes its place."""

import re

import pytest

from tests.admin.client import API, Api, cookie_of

ME = f"{API}/me"
LINKS: dict[str, tuple[str, dict[str, object]]] = {
    "somebody else": ("eva", {"clinics": {"a": "owner"}}),
    "in one's own name, at another clinic": ("ana", {"clinics": {"evil": "owner"}}),
    "in one's own name, at one clinic more": ("ana", {"clinics": {"a": "owner", "evil": "owner"}}),
    "in one's own name, as an operator": ("ana", {"is_operator": True}),
}


def form_of(text: str) -> bytes:
    """What a browser sends when the page's button is pressed."""
    name, value = re.findall(r'<button name="([a-z_]+)" value="([0-9]+)">', text)[0]
    return f"{name}={value}".encode()


@pytest.mark.parametrize("link", LINKS)
async def test_a_link_into_another_session_asks(api: Api, link: str) -> None:
    """The page that sends itself does not replace a session: it asks, with both names, and the code stays good."""
    key = api.make_key("operator")
    ana = await api.log_in(key, "ana", clinics={"a": "owner"})
    user, body = LINKS[link]
    path = await api.portal_path(key, user, **body)

    asked = await api.open(path, ana)
    again = await api.open(f"{path}?instead_of=1", ana)

    assert asked.status == again.status == 409
    assert "open.js" not in asked.text
    assert "signed in as ana (clinic a)" in asked.text
    assert f"Sign in as {user} (" in asked.text
    assert "Set-Cookie" not in asked.headers
    assert (await api.ask("GET", ME, cookie=ana)).status == 200
    opened = await api.open(path, ana, form_of(asked.text))
    assert opened.status == 303
    assert (await api.ask("GET", ME, cookie=cookie_of(opened))).json["user"] == user
    assert (await api.ask("GET", ME, cookie=ana)).refusal == (401, "unauthenticated")


async def test_the_answer_is_for_the_session_that_was_shown(api: Api) -> None:
    """Who agreed to end one session did not agree to end another one, which came in between."""
    key = api.make_key("operator")
    ana = await api.log_in(key, "ana", clinics={"a": "owner"})
    path = await api.portal_path(key, "eva", clinics={"a": "owner"})
    answer = form_of((await api.open(path, ana)).text)
    bob = await api.log_in(key, "bob", clinics={"a": "owner"})

    assert (await api.open(path, bob, answer)).status == 409
    assert (await api.ask("GET", ME, cookie=bob)).status == 200


async def test_ones_own_link_does_not_ask(api: Api) -> None:
    """Who comes again from the host is in at once, also with another role; the session before ends."""
    key = api.make_key("operator")
    first = await api.log_in(key, "ana", clinics={"a": "owner", "b": "owner"})

    opened = await api.open(await api.portal_path(key, "ana", clinics={"b": "owner", "a": "manager"}), first)

    assert opened.status == 303
    assert (await api.ask("GET", ME, cookie=cookie_of(opened))).status == 200
    assert (await api.ask("GET", ME, cookie=first)).refusal == (401, "unauthenticated")
    assert api.value("select count(*) from outbound_webhooks.audit_log where action = 'portal_session.ended'") == 2


@pytest.mark.parametrize("cookie", ["A" * 43, "", "x"])
async def test_a_session_that_is_over_does_not_ask(api: Api, cookie: str) -> None:
    """There is nothing that another one could take the place of."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics={"a": "owner"})

    assert (await api.open(path, cookie)).status == 303


async def test_a_code_that_is_not_good_ends_nothing(api: Api) -> None:
    """Who follows an old link stays who they are."""
    ana = await api.log_in(api.make_key("operator"), "ana", clinics={"a": "owner"})

    assert (await api.open("/portal/" + "A" * 43, ana)).status == 410
    assert (await api.ask("GET", ME, cookie=ana)).status == 200


async def test_names_are_no_markup(api: Api) -> None:
    """Whoever has a key chooses them."""
    key = api.make_key("operator")
    ana = await api.log_in(key, "ana", clinics={"<b>": "owner"})
    path = await api.portal_path(key, "<script>alert(1)</script>", clinics={'"><i>': "owner"})

    asked = await api.open(path, ana)

    assert asked.status == 409
    assert not re.findall(r"<script>|<b>|<i>", asked.text)


async def test_a_compressed_answer_is_none(api: Api) -> None:
    """It is not looked into, and no error of ours."""
    key = api.make_key("operator")
    ana = await api.log_in(key, "ana", clinics={"a": "owner"})
    path = await api.portal_path(key, "eva", clinics={"a": "owner"})
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Encoding": "gzip"}

    assert (await api.ask("POST", path, cookie=ana, headers=headers, body=b"no gzip")).status == 409
