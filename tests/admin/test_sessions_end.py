"""When portal sessions and their codes are over, and what the browser keeps of them."""

import pytest

from dispatcher.admin.limits import REFUSALS
from tests.admin.client import API, COOKIE, Api

ME = f"{API}/me"
CLINICS = {"a": "owner"}
EXPIRE = (
    "update outbound_webhooks.api_keys set created_at = created_at - interval '2 days', expires_at = clock_timestamp()"
)


@pytest.mark.parametrize(
    "over",
    [
        "update outbound_webhooks.portal_sessions set ends_at = clock_timestamp()",
        "update outbound_webhooks.portal_sessions set last_seen_at = clock_timestamp() - interval '31 minutes'",
        "select outbound_webhooks.revoke_api_key(1)",
        EXPIRE,
    ],
    ids=["at its end", "idle", "its API key revoked", "its API key expired"],
)
async def test_a_session_is_over(api: Api, over: str) -> None:
    """At its end, without a request for half an hour, and with the key that asked for it."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)
    before = await api.ask("GET", ME, cookie=cookie)
    api.run(over)

    assert before.status == 200
    assert (await api.ask("GET", ME, cookie=cookie)).refusal == (401, "unauthenticated")


@pytest.mark.parametrize("over", ["select outbound_webhooks.revoke_api_key(1)", EXPIRE], ids=["revoked", "expired"])
async def test_a_code_is_over_with_its_key(api: Api, over: str) -> None:
    """A code that was not used yet opens nothing once the key that asked for it is revoked or expired."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics=CLINICS)
    api.run(over)

    assert (await api.open(path)).status == 410


async def test_a_dead_cookie_goes(api: Api) -> None:
    """The answer to it has the browser forget it; what was refused otherwise leaves the cookie alone."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)
    wrong_key = await api.ask("GET", ME, cookie=cookie, key="owk_1_" + "A" * 43)
    await api.ask("POST", f"{API}/logout", cookie=cookie)
    dead = [await api.ask("GET", ME, cookie=cookie) for _ in range(REFUSALS.quota)]

    assert (wrong_key.status, "Set-Cookie" in wrong_key.headers) == (401, False)
    assert {answer.status for answer in dead} == {401, 429}
    assert {answer.headers["Set-Cookie"] for answer in dead} == {
        f"{COOKIE}=; HttpOnly; Max-Age=0; Path=/; SameSite=Lax; Secure"
    }


async def test_requests_keep_a_session_awake(api: Api) -> None:
    """A request is noted, once a minute: the idle time begins anew. The end stays where it is."""
    cookie = await api.log_in(api.make_key("owner", "a"), clinics=CLINICS)
    ends_at = api.value("select ends_at from outbound_webhooks.portal_sessions")
    seen = "select clock_timestamp() - last_seen_at < interval '1 minute' from outbound_webhooks.portal_sessions"
    api.run("update outbound_webhooks.portal_sessions set last_seen_at = clock_timestamp() - interval '20 minutes'")

    assert (await api.ask("GET", ME, cookie=cookie)).status == 200
    assert api.value(seen)
    assert api.value("select ends_at from outbound_webhooks.portal_sessions") == ends_at
