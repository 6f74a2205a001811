"""replays: started, looked at, stopped and resumed over HTTP; what is meant, and whose it is."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from tests.admin.client import API, Api
from tests.sql import steps
from tests.sql.replaying import advance, to_its_end
from tests.support.host import Host

REPLAYS = f"{API}/replays"
ALL = {"since": "1970-01-01T00:00:00Z"}


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


@pytest.fixture
def connect(host: Host) -> Iterator[Callable[[], Host]]:
    """Opens more sessions on the host's database."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(steps.Session(host.url)))


def dead(host: Host, clinic: str, count: int) -> int:
    """So many dead deliveries of a new endpoint of a clinic; returns its id."""
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    made = steps.endpoint(host, clinic, max_in_flight=1000)
    steps.emit(host, count, clinic)
    steps.end_all(host, steps.DEAD)
    return made.id


async def start(api: Api, key: str, query: str = "", **body: object) -> Any:
    """Start a replay; returns the answer's body."""
    answer = await api.ask("POST", REPLAYS + query, key=key, body=body)
    assert answer.status == 200, answer.text
    return answer.json


async def show(api: Api, key: str, replay: int) -> Any:
    """How far a replay is."""
    answer = await api.ask("GET", f"{REPLAYS}/{replay}", key=key)
    assert answer.status == 200, answer.text
    return answer.json


async def test_from_a_look_to_the_end(api: Api, host: Host) -> None:
    """A dry run counts; then started, followed, stopped, resumed and done; the audit log says by whom."""
    endpoint, key = dead(host, "a", 10), api.make_key("owner", "a")

    looked = await start(api, key, endpoint_id=endpoint, dry_run=True)
    begun = await start(api, key, endpoint_id=endpoint, rate=10_000)
    replay = begun["replay_id"]
    advance(host, replay, 4)
    under_way = await show(api, key, replay)
    stopped = [await api.ask("DELETE", f"{REPLAYS}/{replay}", key=key) for _ in range(2)]
    while_stopped = (await show(api, key, replay))["state"], advance(host, replay)
    resumed = await api.ask("POST", f"{REPLAYS}/{replay}/resume", key=key)
    to_its_end(host, replay)
    done = await show(api, key, replay)

    assert looked == {"replay_id": None, "deliveries": 10}
    assert begun == {"replay_id": replay, "deliveries": 10}
    assert (under_way["state"], under_way["total"], under_way["moved"], under_way["skipped"]) == ("running", 10, 4, {})
    assert [answer.status for answer in (*stopped, resumed)] == [204, 204, 200]
    assert resumed.json["state"] == "running"
    assert while_stopped == ("stopped", None)
    assert (done["state"], done["moved"], done["actor"], done["clinic_id"]) == ("done", 10, "API key 1", "a")
    for method, path in (("DELETE", ""), ("POST", "/resume")):
        refused = await api.ask(method, f"{REPLAYS}/{replay}{path}", key=key)
        assert refused.refusal == (409, "conflict")
        assert refused.json["detail"] == f"replay {replay} is done"
    lines = host.rows("select action, actor from outbound_webhooks.audit_log where action like 'replay.%' order by id")
    assert [(line["action"], line["actor"]) for line in lines] == [
        (f"replay.{deed}", "API key 1") for deed in ("started", "stopped", "resumed")
    ]


async def test_what_cannot_be_sent_is_counted(api: Api, host: Host) -> None:
    """By the reason: here its endpoint was paused meanwhile."""
    endpoint, key = dead(host, "a", 3), api.make_key("manager", "a")
    replay = (await start(api, key, endpoint_id=endpoint))["replay_id"]

    host.rows("select outbound_webhooks.pause_endpoint(%s)", endpoint)
    to_its_end(host, replay)

    assert (await show(api, key, replay))["skipped"] == {"endpoint paused": 3}


CHOICE: dict[str, Any] = {
    "type": "payment_transaction.*", "state": "any", "since": "2020-03-01T09:00:00+02:00",
    "until": "9000-01-01T00:00:00Z",
    "resource": "payment_transaction", "resource_id": "1", "error_class": "http_status", "rate": 7,
}  # fmt: skip


async def test_what_is_chosen(api: Api, host: Host) -> None:
    """All of it gets to where a replay looks, and can be read there."""
    endpoint, key = dead(host, "a", 1), api.make_key("owner", "a")
    chosen: dict[str, Any] = {**CHOICE, "endpoint_id": endpoint}

    replay = (await start(api, key, **chosen))["replay_id"]
    found = await show(api, key, replay)

    assert {name: found[name] for name in chosen if name in found and name != "state"} == {
        "endpoint_id": endpoint, "since": "2020-03-01T07:00:00+00:00", "until": "9000-01-01T00:00:00+00:00",
        "resource": "payment_transaction", "resource_id": "1", "error_class": "http_status", "rate": 7,
    }  # fmt: skip
    assert (found["kind"], found["event_type"], found["delivery_state"]) == ("replay", "payment_transaction.*", None)


async def test_dead_ones_are_meant_by_default(api: Api, host: Host) -> None:
    """Another state has to be named."""
    endpoint, key = dead(host, "a", 2), api.make_key("owner", "a")
    steps.emit(host, 3, "a")
    steps.end_all(host, steps.SUCCEEDED)

    counted = {
        state: (await start(api, key, endpoint_id=endpoint, dry_run=True, **({"state": state} if state else {})))[
            "deliveries"
        ]
        for state in ("", "dead", "succeeded", "cancelled", "any")
    }

    assert counted == {"": 2, "dead": 2, "succeeded": 3, "cancelled": 0, "any": 5}


async def test_past_events_for_a_new_endpoint(api: Api, host: Host) -> None:
    """A reevaluation: one of its own kind, with deliveries that were not there before."""
    dead(host, "a", 4)
    new, key = steps.endpoint(host, "a").id, api.make_key("owner", "a")

    begun = await start(api, key, kind="reevaluation", endpoint_id=new, rate=10_000)
    to_its_end(host, begun["replay_id"])
    found = await show(api, key, begun["replay_id"])

    assert begun["deliveries"] == found["moved"] == 4
    assert (found["kind"], found["delivery_state"]) == ("reevaluation", None)
    assert (
        host.value("select count(*) from outbound_webhooks.deliveries where endpoint_id = %s and reevaluated", new) == 4
    )


async def test_nothing_to_do(api: Api, host: Host) -> None:
    """Then nothing is started, and that is said."""
    key = api.make_key("owner", "a")

    assert await start(api, key, **ALL) == {"replay_id": None, "deliveries": 0}
    assert (await api.ask("GET", REPLAYS, key=key)).json == {"replays": [], "next": None}


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/"),
        ({"state": "any"}, "/"),
        ({"resource_id": "1", "endpoint_id": 1}, "/"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-01T00:00:00Z"}, "/"),
        ({"since": "2026-03-02T00:00:00Z", "until": "2026-03-02T02:00:00+02:00"}, "/"),
        ({"kind": "reevaluation", "endpoint_id": 1, "state": "dead"}, "/"),
        ({"kind": "reevaluation", "endpoint_id": 1, "error_class": "tls"}, "/"),
        ({**ALL, "kind": "resend"}, "/kind"),
        ({**ALL, "state": "pending"}, "/state"),
        ({**ALL, "clinic_id": "b"}, "/clinic_id"),
        ({"endpoint_id": 0}, "/endpoint_id"),
        ({"endpoint_id": "1"}, "/endpoint_id"),
        ({"endpoint_id": True}, "/endpoint_id"),
        ({"type": "payment_transaction"}, "/type"),
        ({"type": "payment..x"}, "/type"),
        ({"type": "päyment.x"}, "/type"),
        ({"type": f"{'x' * 300}.y"}, "/type"),
        ({"since": "2026-03-01"}, "/since"),
        ({"since": "2026-03-01T09:00:00"}, "/since"),
        ({"since": 1767225600}, "/since"),
        ({"until": "tomorrow"}, "/until"),
        ({"resource": ""}, "/resource"),
        ({"error_class": "dns "}, "/error_class"),
        ({**ALL, "rate": 0}, "/rate"),
        ({**ALL, "rate": 10_001}, "/rate"),
        ({**ALL, "rate": 1.5}, "/rate"),
        ({**ALL, "dry_run": "yes"}, "/dry_run"),
    ],
    ids=str,
)
async def test_bad_fields(api: Api, host: Host, body: dict[str, object], path: str) -> None:
    """Each is named by its path, and nothing is started."""
    dead(host, "a", 1)

    answer = await api.ask("POST", REPLAYS, key=api.make_key("owner", "a"), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert [error["path"] for error in answer.json["errors"]] == [path]
    assert api.value("select count(*) from outbound_webhooks.replays") == 0


async def test_before_all_events(api: Api, host: Host) -> None:
    """A time before 1970 means the beginning: up to there is nothing, from there on everything; nor is before it."""
    endpoint, key = dead(host, "a", 2), api.make_key("owner", "a")

    up_to = await start(api, key, endpoint_id=endpoint, until="1960-01-01T00:00:00Z", dry_run=True)
    since = await start(api, key, endpoint_id=endpoint, since="0002-01-01T00:00:00+14:00", dry_run=True)
    between = await start(
        api, key, endpoint_id=endpoint, since="0198-12-01T23:22:18Z", until="1085-11-22T11:49:47Z", dry_run=True
    )

    assert (up_to["deliveries"], since["deliveries"], between["deliveries"]) == (0, 2, 0)


async def test_another_clinics_endpoint(api: Api, host: Host) -> None:
    """It is there as little as one that nobody has; so it is for an operator who names a clinic."""
    foreign = dead(host, "b", 2)
    dead(host, "a", 1)
    owner, operator = api.make_key("owner", "a"), api.make_key("operator")

    answers = [
        await api.ask("POST", path, key=key, body={"endpoint_id": endpoint})
        for key, path in ((owner, REPLAYS), (operator, f"{REPLAYS}?clinic_id=a"))
        for endpoint in (foreign, 4711)
    ]

    assert [answer.refusal for answer in answers] == [(404, "not_found")] * 4
    assert len({answer.json["detail"] for answer in answers}) == 1
    assert api.value("select count(*) from outbound_webhooks.replays") == 0


async def test_of_a_clinic_and_of_all(api: Api, host: Host) -> None:
    """What a clinic starts is about its own deliveries, whatever it chooses; an operator's is about all, or one's."""
    dead(host, "a", 1)
    dead(host, "b", 2)
    operator = api.make_key("operator")

    counted = [
        (await start(api, key, query, **ALL, dry_run=True))["deliveries"]
        for key, query in (
            (api.make_key("owner", "a"), ""), (api.make_key("owner", "b"), ""),
            (operator, ""), (operator, "?clinic_id=a"), (operator, "?clinic_id=b"),
        )
    ]  # fmt: skip

    assert counted == [1, 2, 3, 1, 2]


async def test_whose_it_is(api: Api, host: Host) -> None:
    """Another clinic's replay, the platform's and one that there is not are answered alike, and are in no list."""
    for clinic in ("a", "b"):
        dead(host, clinic, 1)
    a, b, operator = api.make_key("owner", "a"), api.make_key("owner", "b"), api.make_key("operator")
    of_a, of_all = [(await start(api, key, **ALL))["replay_id"] for key in (a, operator)]

    answers = [
        await api.ask(method, f"{REPLAYS}/{replay}{path}", key=b)
        for replay in (of_a, of_all, 4711)
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/resume"))
    ]
    listed = [
        [found["replay_id"] for found in (await api.ask("GET", REPLAYS + query, key=key)).json["replays"]]
        for key, query in ((a, ""), (b, ""), (operator, ""), (operator, "?clinic_id=a"), (operator, "?clinic_id=b"))
    ]

    assert [answer.refusal for answer in answers] == [(404, "not_found")] * 9
    assert len({answer.json["detail"] for answer in answers}) == 1
    assert listed == [[of_a], [], [of_all, of_a], [of_a], []]
    assert api.value("select count(*) from outbound_webhooks.replays where state = 'running'") == 2


async def test_pages_and_filters(api: Api, host: Host) -> None:
    """The newest first, page by page, each once; by state, kind and endpoint."""
    endpoint, key = dead(host, "a", 1), api.make_key("owner", "a")
    made = [(await start(api, key, endpoint_id=endpoint))["replay_id"] for _ in range(4)]
    made.append((await start(api, key, **ALL))["replay_id"])
    await api.ask("DELETE", f"{REPLAYS}/{made[1]}", key=key)

    async def listed(query: str) -> tuple[list[int], str | None]:
        found = (await api.ask("GET", f"{REPLAYS}?{query}", key=key)).json
        return [replay["replay_id"] for replay in found["replays"]], found["next"]

    pages, after = [], ""
    while True:
        page, following = await listed(f"limit=2{after}")
        pages.append(page)
        if following is None:
            break
        after = f"&cursor={following}"

    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]
    assert await listed("state=stopped") == ([made[1]], None)
    assert await listed(f"state=running&endpoint_id={endpoint}&limit=200") == ([made[3], made[2], made[0]], None)
    assert await listed("kind=reevaluation") == ([], None)


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=201", "limit=x", "cursor=x", "cursor=W10", "cursor=WyJhIl0", "state=dead", "kind=x",
     "endpoint_id=x", "endpoint_id=0", "since=2026-03-01T00:00:00Z", "state=done&state=running"],
)  # fmt: skip
async def test_bad_parameters(api: Api, query: str) -> None:
    """An unknown one is refused, too: where a filter is misspelt, the answer would have more than was asked for."""
    answer = await api.ask("GET", f"{REPLAYS}?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert [error["path"] for error in answer.json["errors"]] == [f"/{query.partition('=')[0]}"]


WAITING = (
    "select count(*) from pg_stat_activity"
    " where wait_event_type = 'Lock' and query like '%outbound_webhooks.replay(%' and datname = current_database()"
)


async def test_counting_takes_long(api: Api, host: Host, connect: Callable[[], Host]) -> None:
    """A clinic has one replay counted at a time, and all have half of the connections: everything else goes on."""
    keys = [api.make_key("owner", clinic) for clinic in ("a", "b", "c")]
    dry = {**ALL, "dry_run": True}
    holder = connect()
    holder.rows("begin")
    holder.rows("lock table outbound_webhooks.finished_deliveries in access exclusive mode")

    counting = [asyncio.create_task(api.ask("POST", REPLAYS, key=key, body=dry)) for key in keys[:2]]
    async with asyncio.timeout(60):
        while host.value(WAITING) != 2:  # noqa: ASYNC110  # the server tells nobody of it
            await asyncio.sleep(0.01)
    again, another = [await api.ask("POST", REPLAYS, key=key, body=dry) for key in (keys[0], keys[2])]
    other = await api.ask("GET", REPLAYS, key=keys[0])
    holder.rows("rollback")
    counted = await asyncio.gather(*counting)
    later = await api.ask("POST", REPLAYS, key=keys[0], body=dry)

    assert [again.refusal, another.refusal] == [(503, "unavailable")] * 2
    assert again.headers["Retry-After"] == "5"
    assert [answer.status for answer in (other, *counted, later)] == [200] * 4
