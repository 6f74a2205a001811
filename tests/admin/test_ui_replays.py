"""The pages of replays and of dead deliveries: what died where, recovering it, and how far that is."""

import re

import pytest

from tests.admin.client import Api
from tests.admin.delivery_pages import HOSTILE, fields, see, some, submit, words
from tests.sql import steps
from tests.sql.replaying import advance, dead, start_replay, to_its_end
from tests.support.host import CLINIC, Host

DEAD, REPLAYS, BULK = "/ui/dead", "/ui/replays", "/ui/deliveries/bulk"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


async def test_how_far_it_is(api: Api, host: Host) -> None:
    """In numbers, at which rate, and how long it takes at least."""
    dead(host, 10, description=HOSTILE)
    replay, key = start_replay(host, endpoint_id=1, rate=2), api.make_key("manager", CLINIC)
    advance(host, replay, 4)

    answer = await see(api, key, f"{REPLAYS}/{replay}")
    listed = await see(api, key, REPLAYS)

    moved = host.value("select moved from outbound_webhooks.replays")
    assert isinstance(moved, int)
    assert moved > 0
    assert f'<progress id="progress" max="10" value="{moved}">' in answer.text
    assert f"{moved} of 10" in words(answer)
    assert f"{moved} of 10" in words(listed)
    assert "Takes at least" in words(answer)
    assert "Running" in words(listed)


async def test_stopping_and_going_on(api: Api, host: Host) -> None:
    """By a form each; when it is done there is none, and one that was left open is refused."""
    dead(host, 3)
    replay, key = start_replay(host, endpoint_id=1, rate=10_000), api.make_key("manager", CLINIC)
    path = f"{REPLAYS}/{replay}"

    stopped = await submit(api, key, f"{path}/stop")
    state = host.value("select state from outbound_webhooks.replays")
    shown = await see(api, key, path)
    resumed = await submit(api, key, f"{path}/resume")
    to_its_end(host, replay)
    done = await see(api, key, path)
    refused = [await submit(api, key, f"{path}/{deed}") for deed in ("stop", "resume")]

    assert stopped.headers["Location"] == f"{path}?done=replay.stopped"
    assert state == "stopped"
    assert f'action="{path}/resume"' in shown.text
    assert resumed.headers["Location"] == f"{path}?done=replay.resumed"
    assert not re.search(r"replays/\d+/(stop|resume)", done.text)
    assert [answer.status for answer in refused] == [422, 422]
    assert "The replay is done." in words(refused[0])


async def test_what_was_left_as_it_is(api: Api, host: Host) -> None:
    """By the reason, in words."""
    dead(host, 3)
    replay = start_replay(host, endpoint_id=1)
    host.rows("select outbound_webhooks.pause_endpoint(1)")
    to_its_end(host, replay)

    answer = await see(api, api.make_key("owner", CLINIC), f"{REPLAYS}/{replay}")

    assert "Their endpoint is paused 3" in words(answer)
    assert "endpoint paused" not in answer.text


async def test_whose_they_are(api: Api, host: Host) -> None:
    """Another clinic's is not there, neither in the list nor by its number."""
    dead(host, 1)
    replay, key = start_replay(host, endpoint_id=1), api.make_key("owner", "a")

    listed = await see(api, key, REPLAYS)
    answers = [
        await api.ask("GET", f"{REPLAYS}/{replay}", key=key),
        await api.ask("GET", f"{REPLAYS}/{2**63}", key=key),
        await submit(api, key, f"{REPLAYS}/{replay}/stop"),
        await submit(api, key, f"{REPLAYS}/{replay}/resume"),
    ]

    assert "No replays yet" in words(listed)
    assert {answer.refusal for answer in answers} == {(404, "not_found")}
    assert all(answer.headers["Content-Type"].startswith("text/html") for answer in answers)
    assert host.value("select state from outbound_webhooks.replays") == "running"


async def test_the_dead_by_endpoint_and_reason(api: Api, host: Host) -> None:
    """How many each, the most first; of another clinic none."""
    some(host, "b")
    first, second = some(host, description=HOSTILE), some(host)
    steps.end_all(host, steps.DEAD)

    answer = await see(api, api.make_key("manager", "a"), DEAD)
    of_one = await see(api, api.make_key("manager", "a"), f"{DEAD}?endpoint_id={first['endpoint']}")
    later = await see(api, api.make_key("manager", "a"), f"{DEAD}?until=2020-01-01T00:00")

    groups = re.findall(r"/ui/deliveries\?state=dead&amp;endpoint_id=(\d+)[^>]*>(\d+)</a>", answer.text)
    count = "select count(*) from outbound_webhooks.finished_deliveries where state = 'dead' and endpoint_id = %s"
    expected = sorted(
        [(host.value(count, endpoint), endpoint) for endpoint in (first["endpoint"], second["endpoint"])],
        key=lambda group: (-int(str(group[0])), group[1]),
    )
    assert [(int(number), int(endpoint)) for endpoint, number in groups] == expected
    assert "no attempts are left" in words(answer)
    assert f"endpoint_id={second['endpoint']}&amp;error_class" not in of_one.text
    assert "No dead delivery fits the filter" in words(later)


async def test_recover_since(api: Api, host: Host) -> None:
    """All that died of the events from a time on is counted, and then sent again; the time is that of the oldest."""
    found, key = some(host), api.make_key("manager", "a")
    form = fields(await see(api, key, DEAD), BULK)

    counted = await submit(api, key, BULK, {**form, "endpoint_id": found["endpoint"], "rate": "50"})
    later = await submit(api, key, BULK, {**form, "since": "2999-01-01T00:00", "rate": "50"})
    begun = await submit(api, key, BULK, {**fields(counted, BULK), "confirmed": "yes"})

    assert form["since"]
    assert "1 delivery will be sent again." in words(counted)
    assert "50 become due in a second at most" in words(counted)
    assert "0 deliveries will be sent again." in words(later)
    assert 'name="confirmed"' in counted.text
    assert 'name="confirmed"' not in later.text
    assert begun.status == 303
    assert host.rows("select rate, endpoint_id, delivery_state, total from outbound_webhooks.replays") == [
        {"rate": 50, "endpoint_id": found["endpoint"], "delivery_state": "dead", "total": 1}
    ]


async def test_nothing_is_dead(api: Api) -> None:
    """Which is good news."""
    assert "No delivery is dead" in words(await see(api, api.make_key("owner", "a"), DEAD))
