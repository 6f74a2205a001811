"""Rate limits over real HTTP: how many are let through, what the headers say, and that guessing does not get far."""

import asyncio
import ipaddress

import pytest

from dispatcher.admin.limits import CLINIC_RULES, OWN_RULES, PERSON_RULE, REFUSALS, RateClass
from dispatcher.telemetry.admin_observations import AuthenticationRefused, RequestAnswered
from tests.admin.client import API, Api, Browser, cookie_of
from tests.admin.conftest import StartApi
from tests.support.tokens import NOW, rules, signed

ME = f"{API}/me"
KEYS = f"{API}/api-keys"
READS = OWN_RULES[RateClass.READ].quota
DENIED = "select count(*) from outbound_webhooks.audit_log where is_denied"
WRONG = "owk_1_" + "A" * 43


async def statuses(api: Api, count: int, method: str = "GET", path: str = ME, **how: object) -> list[int]:
    """The statuses of so many requests, one after the other."""
    return [(await api.ask(method, path, **how)).status for _ in range(count)]  # type: ignore[arg-type]


async def test_a_key_has_so_many(api: Api) -> None:
    """Then 429, with when to come again; after that time one more, after a minute all of them."""
    key = api.make_key("owner", "a")

    first = await api.ask("GET", ME, key=key)
    assert await statuses(api, READS - 1, key=key) == [200] * (READS - 1)
    refused = await api.ask("GET", ME, key=key)

    assert first.headers["RateLimit-Policy"] == f'"read";q={READS};w=60'
    assert first.headers["RateLimit"] == f'"read";r={READS - 1};t=1'
    assert refused.refusal == (429, "rate_limited")
    assert refused.headers["RateLimit"] == '"read";r=0;t=61'
    assert refused.headers["Retry-After"] == "1"
    api.clock.seconds += int(refused.headers["Retry-After"])
    assert (await api.ask("GET", ME, key=key)).status == 200
    api.clock.seconds += 60
    assert (await api.ask("GET", ME, key=key)).headers["RateLimit"] == f'"read";r={READS - 1};t=1'


async def test_classes_and_keys_are_apart(api: Api) -> None:
    """Who wrote too much may still read; another key of the clinic may do both."""
    key, other = api.make_key("owner", "a"), api.make_key("owner", "a")
    writes = OWN_RULES[RateClass.WRITE].quota

    assert await statuses(api, writes + 1, "DELETE", f"{KEYS}/4711", key=key) == [404] * writes + [429]
    assert (await api.ask("GET", KEYS, key=key)).status == 200
    assert (await api.ask("DELETE", f"{KEYS}/4711", key=other)).status == 404


async def test_a_clinic_has_so_many(api: Api) -> None:
    """All of its keys together; another clinic does not notice."""
    quota, most = OWN_RULES[RateClass.WRITE].quota, CLINIC_RULES[RateClass.WRITE].quota
    keys = [api.make_key("owner", "a") for _ in range(most // quota + 1)]

    for key in keys[:-1]:
        assert await statuses(api, quota, "DELETE", f"{KEYS}/4711", key=key) == [404] * quota
    refused = await api.ask("DELETE", f"{KEYS}/4711", key=keys[-1])

    assert refused.refusal == (429, "rate_limited")
    assert refused.headers["RateLimit-Policy"].startswith('"write-clinic"')
    assert (await api.ask("DELETE", f"{KEYS}/4711", key=api.make_key("owner", "b"))).status == 404


async def signed_in_with(api: Api, shown: str) -> str:
    """The cookie of a session that begins with a key or a token in the form."""
    return cookie_of(await Browser(api).post("/ui/sign-in", {"key": shown}))


async def test_sessions_of_a_key_are_the_key(api: Api) -> None:
    """However often it signs in: it has what it has without, and so have the sessions."""
    key = api.make_key("owner", "a")
    cookies = [await signed_in_with(api, key) for _ in range(3)]
    third = OWN_RULES[RateClass.WRITE].quota // 3

    for cookie in cookies:
        assert await statuses(api, third, "DELETE", f"{KEYS}/4711", cookie=cookie) == [404] * third
    refused = [
        await api.ask("DELETE", f"{KEYS}/4711", cookie=cookies[0]),
        await api.ask("DELETE", f"{KEYS}/1", key=key),
    ]

    assert [answer.refusal for answer in refused] == [(429, "rate_limited")] * 2
    assert {answer.headers["RateLimit-Policy"].partition(";")[0] for answer in refused} == {'"write"'}
    assert (await api.ask("DELETE", f"{KEYS}/4711", key=api.make_key("owner", "a"))).status == 404


async def test_sessions_of_a_token_are_its_person(start_api: StartApi) -> None:
    """Who signs in again, also with another token, and who comes with one."""
    async with start_api(tokens=rules(), now=lambda: NOW) as api:
        token, half = signed("e", clinics={"a": "OWNER"}), OWN_RULES[RateClass.WRITE].quota // 2
        cookies = [await signed_in_with(api, token) for _ in range(2)]

        for cookie in cookies:
            assert await statuses(api, half, "DELETE", f"{KEYS}/4711", cookie=cookie) == [404] * half
        assert await statuses(api, 1, "DELETE", f"{KEYS}/4711", cookie=cookies[0]) == [429]
        assert await statuses(api, 1, "DELETE", f"{KEYS}/4711", key=token) == [429]


async def test_sessions_of_links_are_apart(api: Api) -> None:
    """One person's clicks are not another's, whichever key asked for both."""
    key, quota = api.make_key("owner", "a"), OWN_RULES[RateClass.WRITE].quota
    ana, eva = [await api.log_in(key, user, clinics={"a": "owner"}) for user in ("ana", "eva")]

    assert await statuses(api, quota + 1, "DELETE", f"{KEYS}/4711", cookie=ana) == [404] * quota + [429]
    assert await statuses(api, 1, "DELETE", f"{KEYS}/4711", cookie=eva) == [404]


async def test_what_is_denied_to_sessions_of_a_key(api: Api) -> None:
    """Is counted with what is denied to the key: each is a line of the audit log."""
    key, quota = api.make_key("manager", "a"), OWN_RULES[RateClass.WRITE].quota
    cookies = [await signed_in_with(api, key) for _ in range(2)]

    for cookie in cookies:
        assert await statuses(api, quota // 2, "DELETE", f"{KEYS}/7", cookie=cookie) == [403] * (quota // 2)
    assert await statuses(api, 1, "DELETE", f"{KEYS}/7", cookie=cookies[0]) == [429]
    assert await statuses(api, 1, "DELETE", f"{KEYS}/7", key=key) == [429]
    assert api.value(DENIED) == quota


@pytest.mark.parametrize("query", ["", "?clinic_id=a"], ids=["the only clinic", "the named one"])
async def test_what_is_denied_at_a_clinic(api: Api, query: str) -> None:
    """All of its keys together; what is denied at another clinic does not count there."""
    quota, most = OWN_RULES[RateClass.WRITE].quota, CLINIC_RULES[RateClass.WRITE].quota
    stranger, owner = api.make_key("manager", "b"), api.make_key("owner", "a")
    keys = [api.make_key("manager", "a") for _ in range(most // quota)]

    assert await statuses(api, quota, "DELETE", f"{KEYS}/7?clinic_id=a", key=stranger) == [403] * quota
    for key in keys:
        assert await statuses(api, quota, "DELETE", f"{KEYS}/7{query}", key=key) == [403] * quota
    refused = await api.ask("DELETE", f"{KEYS}/7{query}", key=api.make_key("manager", "a"))

    assert refused.refusal == (429, "rate_limited")
    assert refused.headers["RateLimit-Policy"].startswith('"write-clinic"')
    assert (await api.ask("DELETE", f"{KEYS}/7", key=owner)).status == 429
    assert api.value(DENIED) == quota + most


async def test_pages_that_refresh_leave_a_clinic_its_requests(api: Api) -> None:
    """Its machines read as many as they may, however many pages are open; together these have as many again."""
    most, refresh = CLINIC_RULES[RateClass.READ].quota, {"X-Refresh": "1"}
    pages, machines = [[api.make_key("owner", "a") for _ in range(most // READS)] for _ in range(2)]

    for key in pages:
        assert await statuses(api, READS, path=KEYS, key=key, headers=refresh) == [200] * READS
    assert (await api.ask("GET", KEYS, key=pages[0], headers=refresh)).headers["RateLimit"].startswith('"read";r=0;')
    for key in machines:
        assert await statuses(api, READS, path=KEYS, key=key) == [200] * READS
    more = [await api.ask("GET", KEYS, key=api.make_key("owner", "a"), headers=sent) for sent in (refresh, {})]

    assert [answer.refusal for answer in more] == [(429, "rate_limited")] * 2
    assert {answer.headers["RateLimit-Policy"].partition(";")[0] for answer in more} == {'"read-clinic"'}


async def test_a_change_is_no_refresh(api: Api) -> None:
    """Whatever it says of itself: it counts for its clinic."""
    quota, most = OWN_RULES[RateClass.WRITE].quota, CLINIC_RULES[RateClass.WRITE].quota
    sent = {"X-Refresh": "1"}

    for _ in range(most // quota):
        key = api.make_key("owner", "a")
        assert await statuses(api, quota, "DELETE", f"{KEYS}/4711", key=key, headers=sent) == [404] * quota
    assert (await api.ask("DELETE", f"{KEYS}/4711", key=api.make_key("owner", "a"))).status == 429


async def test_what_names_no_clinic_counts(api: Api) -> None:
    """Who has several clinics, and says none, is limited by what is theirs alone."""
    cookie = await api.log_in(api.make_key("operator"), clinics={"a": "owner", "b": "owner"})
    tests = OWN_RULES[RateClass.TEST].quota

    assert await statuses(api, tests + 1, "POST", f"{API}/test", cookie=cookie) == [400] * tests + [429]


def test_what_is_tighter() -> None:
    """Logins, and requests of ours to others on demand, have the least; portal sessions less than reading."""
    quotas = {kind: rule.quota / rule.window for kind, rule in OWN_RULES.items()}

    assert quotas[RateClass.TEST] < quotas[RateClass.LOGIN] < quotas[RateClass.PORTAL] < quotas[RateClass.READ]
    assert set(OWN_RULES) == set(CLINIC_RULES) == set(RateClass)


@pytest.mark.parametrize("shown", ["key", "token", "cookie"])
async def test_guessing(api: Api, shown: str) -> None:
    """From one address so many wrong keys, tokens or cookies; then 429 for a while, without a word in the log."""
    wrong = {"key": {"key": WRONG}, "token": {"key": signed("h")}, "cookie": {"cookie": "A" * 43}}[shown]

    assert set(await statuses(api, REFUSALS.quota, **wrong)) == {401}
    refused = await api.ask("GET", ME, **wrong)  # type: ignore[arg-type]

    assert refused.refusal == (429, "rate_limited")
    assert len(api.seen.of(AuthenticationRefused)) == REFUSALS.quota
    api.clock.seconds += int(refused.headers["Retry-After"])
    assert (await api.ask("GET", ME, **wrong)).status == 401  # type: ignore[arg-type]


async def test_what_others_got_wrong_locks_nobody_out(api: Api) -> None:
    """Behind one address may be an office, or the host's servers: an old cookie there does not stop a good key."""
    key = api.make_key("operator")
    cookie = await api.log_in(key, clinics={"a": "owner"})

    assert (await statuses(api, REFUSALS.quota + 1, cookie="A" * 43))[-1] == 429
    assert (await api.ask("GET", ME, key=key)).status == 200
    assert (await api.ask("GET", ME, cookie=cookie)).status == 200


async def test_being_right_is_not_counted(api: Api) -> None:
    """However many requests with good keys come from one address, also at once."""
    keys = [api.make_key("owner", clinic) for clinic in "ab"]

    for key in keys:
        asked = (api.ask("GET", ME, key=key) for _ in range(2 * REFUSALS.quota))
        assert {answer.status for answer in await asyncio.gather(*asked)} == {200}


async def test_showing_nothing_is_no_guess(api: Api) -> None:
    """Who shows nothing is refused, and locks nobody out."""
    assert set(await statuses(api, REFUSALS.quota + 1)) == {401}
    assert (await api.ask("GET", ME, key=api.make_key("owner", "a"))).status == 200


async def test_one_person_does_not_use_up_a_key(api: Api) -> None:
    """A host asks for everybody with one key: who clicks on and on is stopped, and the others get in."""
    key, other = api.make_key("owner", "a"), api.make_key("owner", "a")
    asked: dict[str, object] = {"method": "POST", "path": f"{API}/portal-sessions", "key": key}
    body = {"user": "ana", "clinics": {"a": "owner"}}

    first = await api.ask("POST", f"{API}/portal-sessions", key=key, body=body)
    clicks = await statuses(api, 100, **asked, body=body)  # type: ignore[arg-type]
    others = [await statuses(api, 1, **asked, body={**body, "user": f"eva {n}"}) for n in range(100)]  # type: ignore[arg-type]

    assert first.headers["RateLimit"] == f'"portal-person";r={PERSON_RULE.quota - 1};t=6'
    assert clicks == [201] * (PERSON_RULE.quota - 1) + [429] * (100 - PERSON_RULE.quota + 1)
    assert others == [[201]] * 100
    assert (await api.ask("POST", f"{API}/portal-sessions", key=other, body=body)).status == 201


async def test_a_key_cannot_make_up_people_without_end(api: Api) -> None:
    """All of a key's sessions together are limited, whomever they are for; a limit that is nearer is the one shown."""
    key, quota = api.make_key("owner", "a"), OWN_RULES[RateClass.PORTAL].quota

    answers = [
        await api.ask(
            "POST", f"{API}/portal-sessions", key=key, body={"user": f"eva {number}", "clinics": {"a": "owner"}}
        )
        for number in range(quota + 1)
    ]

    assert [answer.status for answer in answers] == [201] * quota + [429]
    assert answers[-2].headers["RateLimit"].startswith('"portal";r=0;')


async def test_codes_cannot_be_tried(api: Api) -> None:
    """The page of a one-time code is limited by address: a good code has to wait, too."""
    path = await api.portal_path(api.make_key("owner", "a"), clinics={"a": "owner"})
    quota = OWN_RULES[RateClass.LOGIN].quota

    tried = [(await api.open("/portal/" + f"{number:043}")).status for number in range(quota)]
    refused = await api.open(path)

    assert set(tried) == {410}
    assert refused.refusal == (429, "rate_limited")
    api.clock.seconds += 60
    assert (await api.open(path)).status == 303


async def test_an_address_cannot_be_made_up(start_api: StartApi) -> None:
    """X-Forwarded-For counts from our own proxies only."""
    async with start_api() as api:
        for number in range(REFUSALS.quota):
            await api.ask("GET", ME, key=WRONG, headers={"X-Forwarded-For": f"192.0.2.{number}"})
        assert (await api.ask("GET", ME, key=WRONG, headers={"X-Forwarded-For": "192.0.2.99"})).status == 429
    async with start_api(trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),)) as api:
        for _ in range(REFUSALS.quota + 1):
            refused = await api.ask("GET", ME, key=WRONG, headers={"X-Forwarded-For": "198.51.100.1, 192.0.2.1"})
        assert refused.status == 429
        assert (await api.ask("GET", ME, key=WRONG, headers={"X-Forwarded-For": "192.0.2.2"})).status == 401


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("192.0.2.1:50000", "192.0.2.1"),
        ("[2001:db8::1]:50000", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:db8::1:5000", "2001:db8::1:5000"),
        ("198.51.100.7:1, 192.0.2.1:50000", "192.0.2.1"),
        ("192.0.2.1:50000, 127.0.0.2:60000", "192.0.2.1"),
        ("192.0.2.1:port", "127.0.0.1"),
        ("192.0.2.1:500000", "127.0.0.1"),
        ("[192.0.2.1", "127.0.0.1"),
        ("[]:1", "127.0.0.1"),
        (":1", "127.0.0.1"),
    ],
)
async def test_a_proxy_that_writes_ports(start_api: StartApi, forwarded: str, address: str) -> None:
    """A client is its address, whichever port it came from; what is none is the proxy's own."""
    async with start_api(trusted_proxies=(ipaddress.ip_network("127.0.0.0/8"),)) as api:
        await api.ask("GET", "/healthz", headers={"X-Forwarded-For": forwarded})

        assert [answered.address for answered in api.seen.of(RequestAnswered)] == [address]
