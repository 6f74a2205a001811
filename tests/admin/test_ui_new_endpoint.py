"""endpoints/new: the form, what it would have matched, what is wrong with it, and the key that is shown once."""

import json
from typing import Any

import pytest

from dispatcher.admin.operations import subscriptions
from dispatcher.demo.receiver import Receiver
from tests.admin.client import Api, Browser, signed_in
from tests.admin.forms import fields_of
from tests.admin.making import URL
from tests.admin.sends import refusing
from tests.admin.test_ui_frame import looked_at
from tests.support.host import CLINIC, Host

NEW, PREVIEW = "/ui/endpoints/new", "/ui/endpoints/preview"
MARKUP = "\"><script>alert(1)</script><img src=x>'&"
ROWS = "select url, description, event_types, filter, max_in_flight, timeout_seconds from outbound_webhooks.endpoints"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


async def owner(api: Api, role: str = "owner") -> Browser:
    """A person of the clinic."""
    return await signed_in(api, {CLINIC: role})


def emit(host: Host, kind: str, data: dict[str, Any], clinic: str = CLINIC) -> None:
    """Emit an event."""
    resource = kind.partition(".")[0]
    host.rows("select outbound_webhooks.emit(%s, %s, %s, '1', %s)", clinic, kind, resource, json.dumps(data))


async def test_the_form(api: Api, host: Host) -> None:
    """It has a box for each event type of the catalogue by what it is about, and the defaults of an endpoint."""
    browser = await owner(api)

    page = looked_at(await browser.get(NEW))
    fields = fields_of(page.text, NEW)

    assert page.status == 200
    for name in ("payment_transaction.created", "payment_transaction.*", "delivery.dead", "*"):
        assert f'value="{name}"' in page.text
    assert "webhook.test" not in page.text
    assert (fields["event_types"], fields["max_in_flight"], fields["timeout_seconds"]) == (["*"], ["10"], ["20"])


async def test_making_one(api: Api, host: Host) -> None:
    """What was typed is what is made; the key is shown on the page after it, and nowhere else."""
    browser = await owner(api)
    fields = {
        **fields_of((await browser.get(NEW)).text, NEW),
        "url": URL,
        "description": "till",
        "event_types": ["payment_transaction.created"],
        "patterns": "invoice.*, refund.created",
        "filter": '{"status": "paid"}',
        "retry_schedule": "0, 60 300",
        "headers": "X-Team: payments\nx-api-key: a:b",
    }

    made = looked_at(await browser.post(NEW, fields))
    (row,) = host.rows(ROWS)
    secret = host.value("select secret from outbound_webhooks.endpoint_secrets")
    number = host.value("select id from outbound_webhooks.endpoints")

    assert made.status == 201
    assert str(secret) in made.text
    assert row == {
        "url": URL,
        "description": "till",
        "event_types": ["invoice.*", "payment_transaction.created", "refund.created"],
        "filter": {"status": "paid"},
        "max_in_flight": 10,
        "timeout_seconds": 20,
    }
    assert host.value("select retry_schedule from outbound_webhooks.endpoints") == [0, 60, 300]
    assert host.rows("select name, value from outbound_webhooks.endpoint_headers order by name") == [
        {"name": "x-api-key", "value": "a:b"},
        {"name": "x-team", "value": "payments"},
    ]
    for path in (f"/ui/endpoints/{number}", f"/ui/endpoints/{number}/settings"):
        assert str(secret) not in (await browser.get(path)).text


WRONG = [
    ("url", "http://clinic.example/", "begin with https://"),
    ("url", "https://clinic.example:22/", "port must be one of these"),
    ("url", "", "begin with https://"),
    ("filter", "{status: paid}", "must be a JSON object"),
    ("filter", "[1]", "must be a JSON object"),
    ("filter", '{"a": 1, "a": 2}', "must be a JSON object"),
    ("filter", json.dumps({"a": [0] * 21}), "an array of more than 20 elements"),
    ("patterns", "payment", "must be a pattern of event types"),
    ("max_in_flight", "many", "must be a whole number"),
    ("max_in_flight", "0", "must be at least 1"),
    ("timeout_seconds", "", "must be a whole number"),
    ("retry_schedule", "0, 1m", "must be whole numbers of seconds"),
    ("headers", "no colon here", "must be lines of a name"),
    ("headers", "x-a: 1\nX-A: 2", "a name stands there twice"),
    ("headers", "webhook-id: 1", "cannot be set"),
]


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
async def test_what_is_wrong(api: Api, host: Host, name: str, value: str, message: str) -> None:
    """Is said at its field, what was typed is kept, and nothing is made."""
    browser = await owner(api)
    fields = {**fields_of((await browser.get(NEW)).text, NEW), "url": URL, "description": MARKUP, name: value}

    page = looked_at(await browser.post(NEW, fields))
    field = "event_types" if name == "patterns" else name

    assert page.status == 422
    assert message in page.text.partition(f'id="{field}-error"')[2].partition("</p>")[0]
    assert fields_of(page.text, NEW)[name] == [value]
    assert fields_of(page.text, NEW)["description"] == [MARKUP]
    assert host.rows(ROWS) == []


async def test_all_that_is_wrong_is_said_at_once(api: Api) -> None:
    """Field by field."""
    page = await (await owner(api)).post(NEW, {"url": "x", "filter": "x", "max_in_flight": "x", "headers": "x"})

    assert [f'id="{name}-error"' in page.text for name in ("url", "filter", "max_in_flight", "headers")] == [True] * 4


async def test_the_clinic_has_as_many_as_it_may_have(api: Api, host: Host) -> None:
    """What the database refuses stands above the form, which keeps what was typed."""
    host.rows("update outbound_webhooks.settings set max_endpoints_per_clinic = 1")
    host.endpoint("https://clinic.example/")

    page = await (await owner(api)).post(NEW, {"url": URL, "patterns": "*"})

    assert page.status == 422
    assert "as many endpoints as" in page.text
    assert fields_of(page.text, NEW)["url"] == [URL]


async def test_what_it_would_have_matched(api: Api, host: Host) -> None:
    """Of the clinic's own events alone; tests and operational events are not among them."""
    emit(host, "payment_transaction.created", {"status": "pending"})
    emit(host, "payment_transaction.paid", {"status": "paid"})
    emit(host, "invoice.sent", {"status": "paid"})
    emit(host, "invoice.sent", {"status": "paid"}, "clinic-2")
    browser = await owner(api)
    wanted = {"event_types": ["payment_transaction.*"], "patterns": "invoice.sent", "filter": '{"status": "paid"}'}

    piece = await browser.post(PREVIEW, wanted)
    checked = looked_at(await browser.post(NEW, {**wanted, "url": "not yet", "check": "yes"}))
    wrong = await browser.post(PREVIEW, {**wanted, "filter": "{"})

    assert piece.status == 200
    assert "<html" not in piece.text
    for text in (piece.text, checked.text):
        assert "Would have matched <strong>2</strong> of the last 3 events." in text
    assert (checked.status, fields_of(checked.text, NEW)["url"]) == (200, ["not yet"])
    assert (wrong.status, "must be a JSON object" in wrong.text) == (422, True)
    assert host.rows(ROWS) == []


async def test_a_hundred_of_them(api: Api, host: Host) -> None:
    """Are looked at, the newest: those before count for nothing."""
    emit(host, "invoice.sent", {})
    host.rows(
        "select outbound_webhooks.emit(%s, 'refund.created', 'refund', n::text, '{}')"
        " from generate_series(1, 100) as n",
        CLINIC,
    )
    browser = await owner(api)

    everything = await browser.post(PREVIEW, {"event_types": "*", "patterns": ""})
    oldest = await browser.post(PREVIEW, {"patterns": "invoice.*"})

    assert "<strong>100</strong> of the last 100 events" in everything.text
    assert "<strong>0</strong> of the last 100 events" in oldest.text


async def test_a_filter_that_is_too_large(api: Api) -> None:
    """It is not counted: the preview says why."""
    piece = await (await owner(api)).post(PREVIEW, {"patterns": "*", "filter": json.dumps({"a": [0] * 21})})

    assert (piece.status, "an array of more than 20 elements" in piece.text) == (422, True)


FOR_A_SECOND = subscriptions._FOR_A_SECOND  # as it is, which the other tests do without
SLOW = (
    "create or replace function outbound_webhooks.count_chosen(p_event_ids uuid[], p_event_types text[], p_filter jsonb"
    " default null) returns bigint language plpgsql as $$ begin perform pg_sleep(120); return 0; end $$"
)


async def test_what_takes_too_long_to_count(
    api: Api, host: Host, patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is given up, and the pages say so: they are shown all the same, and a preview after it is counted."""
    number = host.endpoint(URL, filter='{"a": 1}').id
    counts = host.value("select pg_get_functiondef('outbound_webhooks.count_chosen'::regproc)")
    browser = await owner(api)
    host.rows(SLOW)

    with monkeypatch.context() as impatient:
        impatient.setattr(subscriptions, "_FOR_A_SECOND", FOR_A_SECOND)
        answers = [
            await browser.get(f"/ui/endpoints/{number}/settings"),
            await browser.get(NEW),
            await browser.post(PREVIEW, {"patterns": "*"}),
        ]
    host.rows(str(counts))
    later = await browser.post(PREVIEW, {"patterns": "*"})

    for answer in answers:
        assert (answer.status, "This could not be counted within a second." in answer.text) == (200, True)
    assert (later.status, "no events in the last 15 days" in later.text) == (200, True)


async def test_a_count_at_a_time(api: Api, host: Host) -> None:
    """While others of the clinic have something counted, a preview is refused, and the pages go without it."""
    number, browser = host.endpoint(URL).id, await owner(api)
    api.deps.counting.add(f"clinic {CLINIC}")

    piece = await browser.post(PREVIEW, {"patterns": "*"})
    pages = [await browser.get(path) for path in (NEW, f"/ui/endpoints/{number}/settings")]
    api.deps.counting.clear()
    later = await browser.post(PREVIEW, {"patterns": "*"})

    assert piece.refusal == (503, "unavailable")
    for page in pages:
        assert (page.status, "not counted now, as something else is being counted" in page.text) == (200, True)
    assert (later.status, api.deps.counting) == (200, set())


async def test_no_events_yet(api: Api) -> None:
    """Then it says so, and no number."""
    assert "no events in the last 15 days" in (await (await owner(api)).get(NEW)).text


async def test_a_manager(api: Api, host: Host) -> None:
    """Makes one, is not shown its key, and is told who can; headers are neither offered nor taken."""
    browser = await owner(api, "manager")

    page = await browser.get(NEW)
    refused = await browser.post(NEW, {"url": URL, "patterns": "*", "headers": "x-api-key: s3cret"})
    made = await browser.post(NEW, {"url": URL, "patterns": "*"})

    assert 'name="headers"' not in page.text
    assert refused.refusal == (403, "forbidden")
    assert (made.status, "whsec_" in made.text, "ask an owner to rotate it" in made.text) == (201, False, True)
    assert len(host.rows(ROWS)) == 1


async def test_an_operator(api: Api, host: Host) -> None:
    """Names the clinic; without one there is none to make it for."""
    browser = await signed_in(api)
    named = f"{NEW}?clinic_id={CLINIC}"

    unnamed = await browser.get(NEW)
    page = await browser.get(named)
    made = await browser.post(named, {**fields_of(page.text, named), "url": URL})

    assert unnamed.refusal == (400, "clinic_needed")
    assert made.status == 201
    assert host.value("select clinic_id from outbound_webhooks.endpoints") == CLINIC


async def test_the_longest_url(api: Api, host: Host) -> None:
    """2,048 characters are taken, and one more is refused; none of them is a link."""
    longest = f"{URL}?{'a' * (2048 - len(URL) - 1)}"
    browser = await owner(api)

    made = looked_at(await browser.post(NEW, {"url": longest, "patterns": "*"}))
    refused = await browser.post(NEW, {"url": f"{longest}a", "patterns": "*"})

    assert (made.status, refused.status) == (201, 422)
    assert host.value("select url from outbound_webhooks.endpoints") == longest
    assert f'href="{URL}' not in made.text


async def test_a_test_first(sending: Api, host: Host, receiver: Receiver) -> None:
    """Where it is answered with 2xx the endpoint is made; else not, and what was answered is shown."""
    browser = await owner(sending)
    fields = {"url": f"{receiver.url}/hooks", "patterns": "*", "verify": "yes", "headers": "x-api-key: s3cret"}
    receiver.answer_next(refusing(404, MARKUP), path="/hooks")

    failed = looked_at(await browser.post(NEW, fields))
    nothing = host.rows(ROWS)
    made = await browser.post(NEW, fields)

    assert (failed.status, nothing, made.status) == (422, [], 201)
    assert "Answered with 404" in failed.text
    assert "There is nothing under this path" in failed.text
    assert "&lt;script&gt;" in failed.text
    assert "x-api-key: [redacted]" in failed.text
    assert fields_of(failed.text, NEW)["verify"] == ["yes"]


async def test_a_test_where_nothing_is_sent(api: Api, host: Host) -> None:
    """A service that does not send says so above the form."""
    page = await (await owner(api)).post(NEW, {"url": URL, "patterns": "*", "verify": "yes"})

    assert (page.status, host.rows(ROWS)) == (422, [])
    assert "This service sends nothing" in page.text
