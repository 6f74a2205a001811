"""The pages of events: finding them, and one with its body and what became of it at each endpoint."""

import re

import pytest

from tests.admin.client import Answer, Api
from tests.admin.delivery_pages import HOSTILE, see, some, words
from tests.sql import steps
from tests.support.host import Host

LIST = "/ui/events"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


def listed(answer: Answer) -> list[str]:
    """The events in the table."""
    return re.findall(r'<th scope="row"><a href="/ui/events/([0-9a-f-]{36})', answer.text)


def events_of(host: Host, clinic: str) -> list[str]:
    """The ids of a clinic's events, the newest first."""
    rows = host.rows("select id::text from outbound_webhooks.events where clinic_id = %s order by id desc", clinic)
    return [str(row["id"]) for row in rows]


async def test_a_list(api: Api, host: Host) -> None:
    """A clinic's own, the newest first."""
    some(host, "b")
    some(host)

    answer = await see(api, api.make_key("manager", "a"), LIST)

    assert listed(answer) == events_of(host, "a")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=payment_transaction.*&last=1h", 4),
        ("type=invoice.sent", 0),
        ("resource=payment_transaction&resource_id=1", 4),
        ("resource=payment_transaction&resource_id=2", 0),
        ("until=2020-01-01T00:00", 0),
    ],
)
async def test_filters(api: Api, host: Host, query: str, count: int) -> None:
    """All that is named has to fit."""
    some(host)

    answer = await see(api, api.make_key("owner", "a"), f"{LIST}?{query}")

    assert len(listed(answer)) == count
    assert count or "No event fits the filter" in words(answer)


async def test_a_filter_that_cannot_be_meant(api: Api, host: Host) -> None:
    """It is said where, and nothing is shown."""
    some(host)

    answer = await see(api, api.make_key("owner", "a"), f"{LIST}?resource_id=1", 422)

    assert 'id="resource-error"' in answer.text
    assert listed(answer) == []


async def test_who_got_it_and_why(api: Api, host: Host) -> None:
    """Each endpoint has an answer, also the one that did not ask for it; so has what is about the same thing."""
    found = some(host)
    other = steps.endpoint(host, "a", event_types=["payout.*"], description=HOSTILE).id
    host.rows("update outbound_webhooks.endpoints set created_at = created_at - interval '1 day'")
    (*_, dead, _) = events_of(host, "a")

    answer = await see(api, api.make_key("manager", "a"), f"{LIST}/{dead}")

    said = words(answer)
    assert "Given up: no attempts are left. The last attempt: Answered with 500." in said
    assert "The endpoint asks for payout.*, not for payment_transaction.created." in said
    assert f"/ui/deliveries/{found['dead']}" in answer.text
    assert f"/ui/endpoints/{other}" in answer.text
    assert "/ui/deliveries?resource=payment_transaction&amp;resource_id=1" in answer.text


async def test_an_operator_is_led_to_the_clinic(api: Api, host: Host) -> None:
    """An id of a thing is a clinic's."""
    some(host)

    answer = await see(api, api.make_key("operator"), f"{LIST}/{events_of(host, 'a')[0]}")

    assert "/ui/deliveries?resource=payment_transaction&amp;resource_id=1&amp;clinic_id=a" in answer.text


async def test_the_body(api: Api, host: Host) -> None:
    """Laid out on the page, where it is text whatever is in it; the file has it to the byte."""
    steps.endpoint(host, "a")
    host.rows(
        "select outbound_webhooks.emit('a', 'payment_transaction.created', 'payment_transaction', %s,"
        " json_build_object('note', %s::text, 'amount', 1.10))",
        HOSTILE, HOSTILE,
    )  # fmt: skip
    (event,), key = events_of(host, "a"), api.make_key("manager", "a")

    answer = await see(api, key, f"{LIST}/{event}")
    file = await api.ask("GET", f"{LIST}/{event}/body", key=key)

    assert '"amount": 1.10' in words(answer)
    assert file.text == host.value("select body from outbound_webhooks.events")
    assert file.headers["Content-Disposition"] == f'attachment; filename="event-{event}.json"'


async def test_what_is_not_there(api: Api, host: Host) -> None:
    """Another clinic's and nobody's, as pages."""
    some(host, "b")
    (theirs, *_) = events_of(host, "b")

    for event in (theirs, "019ad0b4-6b3c-7f21-9a51-0c5e5d0a8c11"):
        for path in (f"{LIST}/{event}", f"{LIST}/{event}/body"):
            answer = await api.ask("GET", path, key=api.make_key("owner", "a"))
            assert answer.refusal == (404, "not_found")
            assert answer.headers["Content-Type"].startswith("text/html")
