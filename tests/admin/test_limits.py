"""Rate limits over real HTTP: how many are let through, what the headers say, and that guessing does not get far."""

import ipaddress

import pytest

from dispatcher.admin.limits import CLINIC_RULES, OWN_RULES, REFUSALS, RateClass
from tests.admin.client import API, Api
from tests.admin.conftest import StartApi
from tests.support.tokens import signed

ME = f"{API}/me"
KEYS = f"{API}/api-keys"
READS = OWN_RULES[RateClass.READ].quota
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


def test_what_is_tighter() -> None:
    """Logins, and requests of ours to others on demand, have the least; portal sessions less than reading."""
    quotas = {kind: rule.quota / rule.window for kind, rule in OWN_RULES.items()}

    assert quotas[RateClass.TEST] < quotas[RateClass.LOGIN] < quotas[RateClass.PORTAL] < quotas[RateClass.READ]
    assert set(OWN_RULES) == set(CLINIC_RULES) == set(RateClass)


@pytest.mark.parametrize("shown", ["key", "token", "cookie"])
async def test_guessing(api: Api, shown: str) -> None:
    """From one address so many wrong keys, tokens or cookies; then no more, also not the right one, for a while."""
    right = api.make_key("owner", "a")
    wrong = {"key": {"key": WRONG}, "token": {"key": signed("h")}, "cookie": {"cookie": "A" * 43}}[shown]

    assert set(await statuses(api, REFUSALS.quota, **wrong)) == {401}
    refused = await api.ask("GET", ME, key=right)

    assert refused.refusal == (429, "rate_limited")
    api.clock.seconds += int(refused.headers["Retry-After"])
    assert (await api.ask("GET", ME, key=right)).status == 200


async def test_being_right_is_not_counted(api: Api) -> None:
    """However many requests with good keys come from one address."""
    keys = [api.make_key("owner", clinic) for clinic in "ab"]

    for key in keys:
        assert set(await statuses(api, REFUSALS.quota + 1, key=key)) == {200}


async def test_showing_nothing_is_no_guess(api: Api) -> None:
    """Who shows nothing is refused, and locks nobody out."""
    assert set(await statuses(api, REFUSALS.quota + 1)) == {401}
    assert (await api.ask("GET", ME, key=api.make_key("owner", "a"))).status == 200


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
