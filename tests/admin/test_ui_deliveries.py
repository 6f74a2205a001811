"""The page of deliveries: finding them, and doing something with all that a filter chooses."""

import re

import pytest

from tests.admin.client import Answer, Api
from tests.admin.delivery_pages import HOSTILE, fields, see, some, submit, words
from tests.sql import steps
from tests.support.host import Host

LIST = "/ui/deliveries"
BULK, CANCEL = f"{LIST}/bulk", f"{LIST}/bulk/cancel"
STARTED = "select delivery_state, error_class, rate, total, clinic_id, endpoint_id from outbound_webhooks.replays"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


def listed(answer: Answer) -> list[int]:
    """The deliveries in the table."""
    return [
        int(number)
        for number in re.findall(r'<th scope="row" class="short"><a href="/ui/deliveries/(\d+)', answer.text)
    ]


async def test_a_list(api: Api, host: Host) -> None:
    """A clinic's own, the newest first, each with its state and its last error in words."""
    some(host, "b")
    found = some(host)

    answer = await see(api, api.make_key("manager", "a"), LIST)

    assert listed(answer) == [found[name] for name in ("waiting", "failed", "dead", "succeeded")]
    said = words(answer)
    assert "Given up" in said
    assert "Answered with 500" in said
    assert "no attempts are left" in said
    assert "an answer of theirs" not in answer.text


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("state=dead", ["dead"]),
        ("state=&type=&resource=&resource_id=&last=24h&since=&until=", ["waiting", "failed", "dead", "succeeded"]),
        ("error_class=http_status&last=1h", ["failed", "dead"]),
        ("resource=payment_transaction&resource_id=1&state=succeeded", ["succeeded"]),
        ("until=2020-01-02T00:00", []),
        ("since=2020-01-01T00:00:00&state=dead", ["dead"]),
        ("endpoint_id=4711", []),
        ("a-link-of-yesterday=1&state=dead", ["dead"]),
    ],
)
async def test_filters(api: Api, host: Host, query: str, expected: list[str]) -> None:
    """What is empty is no filter; all that is named has to fit."""
    found = some(host)

    answer = await see(api, api.make_key("owner", "a"), f"{LIST}?{query}")

    assert listed(answer) == [found[name] for name in expected]
    assert expected or "No delivery fits the filter" in words(answer)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("state=failed", "state"),
        ("endpoint_id=x", "endpoint_id"),
        ("since=yesterday", "since"),
        ("resource_id=1", "resource"),
        ("since=2026-03-02T00:00&until=2026-03-01T00:00", "until"),
    ],
)
async def test_a_filter_that_cannot_be_meant(api: Api, host: Host, query: str, name: str) -> None:
    """It is said where, and nothing is shown: without the filter it would be more than was asked for."""
    some(host)

    answer = await see(api, api.make_key("owner", "a"), f"{LIST}?{query}", 422)

    assert f'id="{name}-error"' in answer.text
    assert listed(answer) == []
    assert BULK not in answer.text


async def test_before_there_is_anything(api: Api) -> None:
    """The page says where deliveries come from."""
    assert "No deliveries yet" in words(await see(api, api.make_key("owner", "a"), LIST))


async def test_looking_on(api: Api, host: Host) -> None:
    """A page that looked at many and found none says so, and goes on; the filter stays."""
    steps.endpoint(host, "a")
    steps.emit(host, 600, "a")
    key = api.make_key("owner", "a")

    path, seen = f"{LIST}?type=invoice.sent", list[Answer]()
    while len(seen) < 10:
        seen.append(await see(api, key, path))
        following = re.search(r'rel="next" href="([^"]+)"', seen[-1].text)
        if following is None:
            break
        path = following[1].replace("&amp;", "&")

    assert 1 < len(seen) < 10
    assert "type=invoice.sent" in path
    assert all("Keep looking" in words(answer) for answer in seen[:-1])
    assert ["No delivery fits the filter" in words(answer) for answer in seen] == [False] * (len(seen) - 1) + [True]


async def test_attacks_in_every_field(api: Api, host: Host) -> None:
    """Text that others wrote is text."""
    some(host, description=HOSTILE)
    steps.emit(host, 1, "a", HOSTILE)
    host.rows("select outbound_webhooks.cancel_deliveries(p_clinic_id => 'a', p_reason => %s)", HOSTILE)

    answer = await see(api, api.make_key("owner", "a"), LIST)

    assert "<script>alert(1)" in words(answer)


async def test_sending_again_is_counted_first(api: Api, host: Host) -> None:
    """Those that the filter chooses, at the rate that is said; nothing begins before it is confirmed."""
    found, key = some(host), api.make_key("manager", "a")
    shown = await see(api, key, f"{LIST}?endpoint_id={found['endpoint']}&error_class=http_status&last=24h")

    counted = await submit(api, key, BULK, fields(shown, BULK))
    before = host.rows(STARTED)
    confirmed = await submit(api, key, BULK, {**fields(counted, BULK), "rate": 7, "confirmed": "yes"})

    assert counted.status == 200
    assert "1 delivery will be sent again." in words(counted)
    assert "100 become due in a second at most" in words(counted)
    assert before == []
    assert confirmed.status == 303
    assert confirmed.headers["Location"] == "/ui/replays/1?done=replay.started"
    assert host.rows(STARTED) == [
        {"delivery_state": "dead", "error_class": "http_status", "rate": 7, "total": 1, "clinic_id": "a",
         "endpoint_id": found["endpoint"]}
    ]  # fmt: skip


async def test_all_of_a_clinic_again(api: Api, host: Host) -> None:
    """Without a filter all dead ones of the clinic are meant, and of no other."""
    some(host, "b")
    some(host)
    key = api.make_key("owner", "a")

    counted = await submit(api, key, BULK, fields(await see(api, key, LIST), BULK))

    assert "1 delivery will be sent again." in words(counted)
    assert "all of the clinic" in words(counted)


async def test_what_was_delivered_again(api: Api, host: Host) -> None:
    """That the receiver has it already is said."""
    some(host)
    key = api.make_key("owner", "a")

    counted = await submit(api, key, BULK, fields(await see(api, key, f"{LIST}?state=succeeded"), BULK))

    assert "These were delivered already" in words(counted)


@pytest.mark.parametrize("rate", ["0", "10001", "many", "1.5", "9" * 30])
async def test_a_rate_that_is_none(api: Api, host: Host, rate: str) -> None:
    """It is refused beside the field, with what was typed, and nothing begins."""
    some(host)

    answer = await submit(api, api.make_key("owner", "a"), BULK, {"state": "dead", "rate": rate, "confirmed": "yes"})

    assert answer.status == 422
    assert 'id="rate-error"' in answer.text
    assert f'value="{rate}"' in answer.text
    assert host.rows(STARTED) == []


async def test_cancelling_is_counted_first(api: Api, host: Host) -> None:
    """With those that are on their way and stay; a reason is needed, and is kept with what is cancelled."""
    found, key = some(host), api.make_key("manager", "a")
    shown = await see(api, key, f"{LIST}?endpoint_id={found['endpoint']}")

    counted = await submit(api, key, CANCEL, fields(shown, CANCEL))
    chosen = fields(counted, CANCEL)
    without = await submit(api, key, CANCEL, {**chosen, "reason": " ", "confirmed": "yes"})
    before = steps.states(host)
    confirmed = await submit(api, key, CANCEL, {**chosen, "reason": "sent by hand", "confirmed": "yes"})

    assert "2 deliveries will be cancelled." in words(counted)
    assert without.status == 422
    assert 'id="reason-error"' in without.text
    assert "2 deliveries will be cancelled." in words(without)
    assert before[found["waiting"]] == before[found["failed"]] == "pending"
    assert confirmed.status == 303
    assert "done=deliveries.cancelled" in confirmed.headers["Location"]
    assert steps.states(host)[found["waiting"]] == steps.states(host)[found["failed"]] == "cancelled"
    assert host.value("select count(*) from outbound_webhooks.finished_deliveries where reason = 'sent by hand'") == 2


async def test_what_is_on_its_way_stays(api: Api, host: Host) -> None:
    """The page says how many those are."""
    steps.endpoint(host, "a")
    steps.emit(host, 2, "a")
    steps.claim(host, steps.register(host), limit=1)

    counted = await submit(api, api.make_key("owner", "a"), CANCEL, {"state": "pending"})

    assert "1 delivery will be cancelled." in words(counted)
    assert "1 more is on its way" in words(counted)


@pytest.mark.parametrize(
    ("query", "offered"),
    [
        ("", {BULK, CANCEL}),
        ("?state=pending", {CANCEL}),
        ("?state=parked", {CANCEL}),
        ("?state=in_flight", set()),
        ("?state=dead", {BULK}),
        ("?state=succeeded", {BULK}),
        ("?error_class=timeout", {BULK}),
        ("?state=pending&error_class=timeout", set()),
    ],
)
async def test_what_a_filter_is_good_for(api: Api, host: Host, query: str, offered: set[str]) -> None:
    """A deed that does not know the filter would do more than the list shows: it is not offered."""
    some(host)

    answer = await see(api, api.make_key("owner", "a"), LIST + query)

    assert {path for path in (BULK, CANCEL) if f'action="{path}"' in answer.text} == offered


async def test_an_operator_at_all_clinics(api: Api, host: Host) -> None:
    """They have to say what they mean, and name a clinic for the id of a thing."""
    some(host)
    key = api.make_key("operator")

    everything = await see(api, key, LIST)
    of_a_thing = await see(api, key, f"{LIST}?resource=payment_transaction&resource_id=1", 422)
    nothing_named = await submit(api, key, BULK, {"state": "dead"})
    of_a_clinic = await see(api, key, f"{LIST}?clinic_id=a")

    assert "Filter the list to send again" in words(everything)
    assert 'id="resource_id-error"' in of_a_thing.text
    assert nothing_named.status == 422
    assert f'action="{BULK}?clinic_id=a"' in of_a_clinic.text


@pytest.mark.parametrize("path", [BULK, CANCEL])
@pytest.mark.parametrize("confirmed", ["", "yes"])
async def test_what_is_anothers(api: Api, host: Host, path: str, confirmed: str) -> None:
    """An endpoint of another clinic is none."""
    theirs = some(host, "b")
    before = steps.states(host)
    form = {"endpoint_id": theirs["endpoint"], "reason": "x", "confirmed": confirmed}

    answer = await submit(api, api.make_key("owner", "a"), path, form)

    assert answer.refusal == (404, "not_found")
    assert steps.states(host) == before


async def test_a_count_at_a_time(api: Api, host: Host) -> None:
    """While others of the clinic have something counted, the page says to try again."""
    some(host)
    api.deps.counting.add("clinic a")

    for path in (BULK, CANCEL):
        answer = await submit(api, api.make_key("owner", "a"), path, {"state": ""})
        assert "Other deliveries are being counted. Try again." in words(answer)
