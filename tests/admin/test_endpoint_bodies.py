"""What an endpoint cannot be asked to be: refused by field, all fields at once, and nothing is made or changed."""

import base64
from typing import Any

import pytest

from tests.admin.client import API, Answer, Api
from tests.admin.making import ENDPOINTS, URL, paths, put, row_of
from tests.support.bad_headers import BAD_HEADERS, CANARY
from tests.support.bad_inputs import BAD_URLS, PASSWORD

COUNT = "select count(*) from outbound_webhooks.endpoints"


def key_of(count: int) -> str:
    """A signing key of that many bytes."""
    return "whsec_" + base64.b64encode(bytes(count)).decode()


# A field of both bodies, and values that it cannot have.
BAD: dict[str, list[Any]] = {
    "url": [None, 1, [], "", "https://", f"https://clinic.example/{'x' * 2048}", "https://clinic.example/\ud83e\uddb7"],
    "event_types": [
        None, "*", [], [None], [1], [""], ["payment_transaction"], ["*.created"], ["payment..x"], ["päyment.created"],
        ["a.b.c"], ["a.b c"], ["a.b\n"], ["a" * 65 + ".b"], ["a.b,c.d"], ["*"] * 101,
    ],
    "filter": [
        "{}", [], 1, True, {"a": "x" * 4088}, {"a": "é" * 2044}, {"a": [0] * 21}, {"a": [{"b": [[0] * 21]}]},
        {"a": [1e300] * 14},
    ],
    "description": [None, 1, "x" * 1001],
    "ordering": [None, "", "fifo", "NONE", 1, []],
    "max_in_flight": [None, 0, -1, 1001, 1.5, "10", True, 2**62],
    "requests_per_second": [0, 10_001, 1.5, "10", False],
    "timeout_seconds": [None, 0, 61, 1.5, "5", 2**62],
    "retry_schedule": [[], [-1], [604_801], [None], ["0"], [0.5], [0] * 31, "0", {}],
}  # fmt: skip
# And of the one that makes an endpoint alone.
BAD_ONCE: dict[str, list[Any]] = {
    "secret": [
        1, "", "whsec_", "whsec_MfKQ9r8G", key_of(23), key_of(65), key_of(32).upper(), "whpk_" + key_of(32)[6:],
        key_of(32) + "\n", "whsec_" + "!" * 43 + "=", "whsec_" + "A" * 43, base64.b64encode(bytes(32)).decode(),
    ],
    "headers": [
        [], "x", {"x-a": 1}, {"x-a": None}, {"x-a": ["b"]}, {f"x-{n}": "a" for n in range(21)}, {"x-a": "b" * 4097},
    ],
}  # fmt: skip


async def create(api: Api, key: str, **body: object) -> Answer:
    """Ask for an endpoint; the limits' clock goes on by more than such a request costs."""
    api.clock.seconds += 2
    return await api.ask("POST", ENDPOINTS, key=key, body={"url": URL, **body})


@pytest.mark.parametrize("field", [*BAD, *BAD_ONCE])
async def test_a_bad_field_of_a_new_one(api: Api, field: str) -> None:
    """Each value is refused, by the path of its field."""
    key = api.make_key("owner", "a")

    answers = [await create(api, key, **{field: value}) for value in {**BAD, **BAD_ONCE}[field]]

    assert {answer.refusal for answer in answers} == {(422, "invalid_body")}
    assert {path.split("/")[1] for answer in answers for path in paths(answer)} == {field}
    assert api.value(COUNT) == 0


@pytest.mark.parametrize("field", BAD)
async def test_a_bad_field_of_a_change(api: Api, field: str) -> None:
    """The same, whatever comes with it."""
    key, number = api.make_key("owner", "a"), put(api, "a")
    before, answers = row_of(api, number), []

    for value in BAD[field]:
        api.clock.seconds += 2
        body = {"description": "new", field: value}
        answers.append(await api.ask("PATCH", f"{ENDPOINTS}/{number}", key=key, body=body))

    assert {answer.refusal for answer in answers} == {(422, "invalid_body")}
    assert {path.split("/")[1] for answer in answers for path in paths(answer)} == {field}
    assert row_of(api, number) == before


EDGES: dict[str, list[Any]] = {
    "url": [URL + "x" * (2048 - len(URL)), "https://clinic.example", "https://clinic.example:1024/?a=b"],
    "event_types": [["*"] * 100, ["a" * 64 + "." + "b" * 64], ["a.*"]],
    "filter": [None, {}, {"a": "x" * 4087}, {"a": "é" * 2043}, {"a": [[0] * 20] * 20}],
    "description": ["", "x" * 1000, "line\nline\ttab"],
    "max_in_flight": [1, 1000],
    "requests_per_second": [None, 1, 10_000],
    "timeout_seconds": [1, 60],
    "retry_schedule": [None, [0], [604_800] * 30],
    "secret": [None, key_of(24), key_of(25), key_of(64)],
    "headers": [None, {}, {f"x-{n}": "a" for n in range(20)}, {"x-a": "b" * 4096}],
}


@pytest.mark.parametrize("field", EDGES)
async def test_what_is_just_allowed(api: Api, field: str) -> None:
    """The bounds of the bodies are those of the tables: what is within them is taken by both."""
    key = api.make_key("owner", "a")

    answers = [await create(api, key, **{field: value}) for value in EDGES[field]]

    assert [answer.text for answer in answers if answer.status != 201] == []


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"a": "x" * 4088}, "has more than 4096 bytes as text: ask for fewer fields"),
        ({"a": [1e300] * 14}, "has more than 4096 bytes as text: ask for fewer fields"),  # as PostgreSQL writes it
        ({"a": [0] * 21}, "has an array of more than 20 elements: name fewer in it"),
    ],
)
async def test_a_filter_that_would_hold_up_writes(api: Api, wanted: dict[str, Any], message: str) -> None:
    """What is wrong with it, and what to do, whether the body or the table refuses it."""
    key, number = api.make_key("owner", "a"), put(api, "a")

    made = await create(api, key, filter=wanted)
    api.clock.seconds += 2
    changed = await api.ask("PATCH", f"{ENDPOINTS}/{number}", key=key, body={"filter": wanted})

    for answer in (made, changed):
        assert [error["message"].startswith(message) for error in answer.json["errors"]] == [True]
        assert paths(answer) == ["/filter"]


async def test_all_fields_at_once(api: Api) -> None:
    """Whoever fills in a form is told everything that is wrong with it."""
    wrong = {name: values[1] for name, values in {**BAD, **BAD_ONCE}.items()}

    answer = await create(api, api.make_key("owner", "a"), **wrong, clinic_id="b")

    assert {path.split("/")[1] for path in paths(answer)} == {*wrong, "clinic_id"}


async def test_without_a_url(api: Api) -> None:
    """It is the one field that must be there."""
    answer = await api.ask("POST", ENDPOINTS, key=api.make_key("owner", "a"), body={})

    assert answer.refusal == (422, "invalid_body")
    assert paths(answer) == ["/url"]


READ_ONLY = (
    "endpoint_id", "id", "clinic_id", "state", "state_reason", "state_changed_at", "created_at", "status", "breaker",
    "failures", "secret", "headers", "URL",
)  # fmt: skip


@pytest.mark.parametrize("role", ["owner", "manager", "operator"])
async def test_what_cannot_be_changed(api: Api, role: str) -> None:
    """Whose it is, its state, its keys, its headers and what is only shown: each is named, and nothing is changed."""
    number = put(api, "a")
    before = row_of(api, number)
    key = api.make_key(role, None if role == "operator" else "a")

    body = {"description": "x", **dict.fromkeys(READ_ONLY, "x")}
    answer = await api.ask("PATCH", f"{ENDPOINTS}/{number}", key=key, body=body)

    assert answer.refusal == (422, "invalid_body")
    assert sorted(paths(answer)) == sorted(f"/{name}" for name in READ_ONLY)
    assert row_of(api, number) == before


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_bad_urls(api: Api, method: str) -> None:
    """All that the policy refuses, in its words, by the path of the URL; a password in one is not repeated."""
    key = api.make_key("owner", "a")
    number = put(api, "a") if method == "PATCH" else 0
    answers = []

    for url, _ in BAD_URLS:
        api.clock.seconds += 2
        path = f"{ENDPOINTS}/{number}" if number else ENDPOINTS
        answers.append(await api.ask(method, path, key=key, body={"url": url}))

    wrong = [url for (url, _), answer in zip(BAD_URLS, answers, strict=True) if answer.status != 422]
    assert wrong == []
    assert {(answer.json["code"], *paths(answer)) for answer in answers} == {("invalid_body", "/url")}
    assert PASSWORD not in "".join(answer.text for answer in answers)
    assert api.value(COUNT) == (1 if number else 0)


async def test_a_url_that_only_the_policy_allows(api: Api) -> None:
    """Where the platform's receivers are inside, their URLs are taken: the database has the policy, nobody else."""
    key = api.make_key("owner", "a")
    api.run("select outbound_webhooks.set_url_policy(true, '{[22,22]}')")
    try:
        inside = await create(api, key, url="https://10.0.0.1:22/")
        outside = await create(api, key, url="https://clinic.example/")
    finally:
        api.run("select outbound_webhooks.set_url_policy(false, '{[443,443],[1024,65535]}')")

    assert inside.status == 201
    assert outside.json["errors"] == [{"path": "/url", "message": "a URL's port must be one of these: 22"}]


@pytest.mark.parametrize("way", ["new", "replaced"])
async def test_bad_headers(api: Api, way: str) -> None:
    """All that is refused in a header, with an endpoint and by themselves; no value is repeated."""
    key, number = api.make_key("owner", "a"), put(api, "a")
    answers = []

    for name, value, _ in BAD_HEADERS:
        api.clock.seconds += 2
        path, body = (
            (ENDPOINTS, {"url": URL, "headers": {name: value}})
            if way == "new"
            else (f"{ENDPOINTS}/{number}/headers", {"headers": {name: value}})
        )
        answers.append(await api.ask("POST", path, key=key, body=body))

    wrong = [sent for sent, answer in zip(BAD_HEADERS, answers, strict=True) if answer.status not in {400, 413, 422}]
    assert wrong == []
    assert {(answer.json["code"], *paths(answer)) for answer in answers if answer.status == 422} == {
        ("invalid_body", "/headers")
    }
    # NUL, and halves of surrogate pairs, are no texts at all; and one value is longer than a body may be.
    assert {answer.json["code"] for answer in answers if answer.status == 400} <= {"invalid_json"}
    assert CANARY not in "".join(answer.text for answer in answers)
    assert api.value(COUNT) == 1
    assert api.value("select count(*) from outbound_webhooks.endpoint_headers") == 0


BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("pause", {"reason": ""}, "/reason"),
    ("pause", {"reason": "x" * 501}, "/reason"),
    ("pause", {"reason": 1}, "/reason"),
    ("pause", {"why": "x"}, "/why"),
    ("resume", {"drain_rate": 0}, "/drain_rate"),
    ("resume", {"drain_rate": 10_001}, "/drain_rate"),
    ("resume", {"drain_rate": "7"}, "/drain_rate"),
    ("rotate-secret", {"overlap_seconds": -1}, "/overlap_seconds"),
    ("rotate-secret", {"overlap_seconds": 604_801}, "/overlap_seconds"),
    ("rotate-secret", {"overlap_seconds": None}, "/overlap_seconds"),
    ("rotate-secret", {"secret": "whsec_MfKQ9r8G"}, "/secret"),
    ("headers", {}, "/headers"),
    ("headers", {"headers": None}, "/headers"),
]


@pytest.mark.parametrize(("deed", "body", "path"), BAD_CALLS)
async def test_bad_calls(api: Api, deed: str, body: dict[str, Any], path: str) -> None:
    """What is done to an endpoint takes only what it knows, within bounds."""
    number = put(api, "a")
    before = row_of(api, number)

    answer = await api.ask("POST", f"{ENDPOINTS}/{number}/{deed}", key=api.make_key("owner", "a"), body=body)

    assert answer.refusal == (422, "invalid_body")
    assert paths(answer) == [path]
    assert row_of(api, number) == before


@pytest.mark.parametrize("query", ["reason=", "reason=" + "x" * 501, "why=x", "reason=a&reason=b", "reason=%00"])
async def test_bad_reasons(api: Api, query: str) -> None:
    """An endpoint is not retired by a request that says something else than it can."""
    number = put(api, "a")

    answer = await api.ask("DELETE", f"{ENDPOINTS}/{number}?{query}", key=api.make_key("owner", "a"))

    assert answer.refusal == (400, "invalid_parameter")
    assert api.value("select state from outbound_webhooks.endpoints") == "active"


@pytest.mark.parametrize("number", ["0", "x", "-1", "1.0", "9" * 19, "9" * 20, "%31%00"])
async def test_ids_that_there_are_not(api: Api, number: str) -> None:
    """404 like any other."""
    answer = await api.ask("GET", f"{API}/endpoints/{number}", key=api.make_key("operator"))

    assert answer.refusal == (404, "not_found")
