"""endpoints/{id}/test: the whole request, what was answered, and what to do about it."""

import pytest

from dispatcher.demo.receiver import Receiver
from tests.admin.client import Api
from tests.admin.sends import refusing
from tests.admin.test_ui_endpoint import MARKUP, owner, path
from tests.admin.test_ui_frame import looked_at
from tests.support.host import Host


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


@pytest.mark.parametrize(("role", "is_shown"), [("owner", True), ("manager", False)])
async def test_a_test(sending: Api, host: Host, receiver: Receiver, role: str, is_shown: bool) -> None:
    """The page has the whole request and the answer; what the receiver wrote is for owners, and is text."""
    made = host.endpoint(f"{receiver.url}/hooks", headers='{"x-api-key": "s3cret"}')
    receiver.answer_next(refusing(500, MARKUP), path="/hooks")
    browser = await owner(sending, role)

    failed = looked_at(await browser.post(path(made.id, "/test")))
    arrived = looked_at(await browser.post(path(made.id, "/test")))
    received = receiver.at("/hooks")

    assert (failed.status, arrived.status, len(received)) == (200, 200, 2)
    assert "Answered with 500" in failed.text
    assert ("alert(1)" in failed.text) is is_shown
    assert "It arrived: answered with 204" in arrived.text
    assert f"webhook-signature: {received[1].headers['webhook-signature']}" in arrived.text
    assert "x-api-key: [redacted]" in arrived.text
    assert "s3cret" not in arrived.text
    assert received[1].webhook_id in arrived.text


async def test_a_test_that_nobody_answers(sending: Api, host: Host) -> None:
    """What was wrong is said in words, with what to do about it."""
    number = host.endpoint("https://10.0.0.1/").id

    page = looked_at(await (await owner(sending)).post(path(number, "/test")))

    assert page.status == 200
    assert "Address not allowed" in page.text
    assert "Use a public address" in page.text


async def test_a_test_where_nothing_is_sent(api: Api, host: Host) -> None:
    """A service that does not send says so on the page, and nothing is on record."""
    number = host.endpoint("https://clinic.example/").id

    page = looked_at(await (await owner(api)).post(path(number, "/test")))

    assert (page.status, "This service sends nothing" in page.text) == (422, True)
    assert host.value("select count(*) from outbound_webhooks.events") == 0
