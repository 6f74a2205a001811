"""The page of one delivery: where it stands and why, what was tried, what is sent; sending it again, giving it up."""

import asyncio
import html
import json
import re
import shlex
from typing import Any

import pytest

from tests.admin.client import Answer, Api
from tests.admin.delivery_pages import EXCERPT, HOSTILE, see, some, submit, words
from tests.sql import steps
from tests.support.host import Host

PAGE = "/ui/deliveries"
KEPT = "<b>till</b> — 'quoted' $(touch /tmp/never) `id` \\n\n"


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


def body_of(host: Host, delivery: int) -> str:
    """The exact text that is sent."""
    return str(
        host.value(
            "select e.body from outbound_webhooks.events as e join outbound_webhooks.delivery_log as d"
            " on d.event_id = e.id where d.id = %s",
            delivery,
        )
    )


def emitted(host: Host, data: object, clinic: str = "a") -> int:
    """An event with these data; returns its only delivery."""
    host.rows(
        "select outbound_webhooks.emit(%s, 'payment_transaction.created', 'payment_transaction', '1', %s)",
        clinic, json.dumps(data, ensure_ascii=False),
    )  # fmt: skip
    return int(str(host.value("select max(id) from outbound_webhooks.deliveries")))


async def test_why_and_when_next(api: Api, host: Host) -> None:
    """In words, not in codes."""
    found = some(host)
    host.rows("select outbound_webhooks.begin_delivery('drain', 1000)")

    waiting = words(await see(api, api.make_key("manager", "a"), f"{PAGE}/{found['failed']}"))
    dead = words(await see(api, api.make_key("manager", "a"), f"{PAGE}/{found['dead']}"))
    host.rows("select outbound_webhooks.pause_endpoint(%s, 'the clinic moves')", found["endpoint"])
    paused = words(await see(api, api.make_key("manager", "a"), f"{PAGE}/{found['failed']}"))

    assert "Attempt 2 is not due yet." in waiting
    assert re.search(r"Next attempt in \d+ s", waiting)
    assert "Given up: no attempts are left. The last attempt: Answered with 500." in dead
    assert "The endpoint is paused: the clinic moves. What is due is kept until it is resumed." in paused


@pytest.mark.parametrize("name", ["failed", "dead"])
@pytest.mark.parametrize(("role", "is_shown"), [("owner", True), ("manager", False), ("operator", False)])
async def test_what_a_receiver_answered(api: Api, host: Host, name: str, role: str, is_shown: bool) -> None:
    """A clinic's owners see it, as text, whatever it is."""
    found = some(host)
    key = api.make_key(role, None if role == "operator" else "a")

    answer = await see(api, key, f"{PAGE}/{found[name]}?clinic_id=a")

    assert (" ".join(EXCERPT.split()) in words(answer)) == is_shown
    assert ("an answer of theirs" in answer.text) == is_shown


async def test_the_request(api: Api, host: Host) -> None:
    """All of its headers are named; what signs it, and what those of the clinic hold, is not there."""
    found = some(host)
    host.rows("select outbound_webhooks.set_headers(%s, %s)", found["endpoint"], '{"authorization": "Bearer s3cret"}')

    answer = await see(api, api.make_key("owner", "a"), f"{PAGE}/{found['failed']}")

    for name in ("authorization", "webhook-id", "webhook-timestamp", "webhook-signature", "user-agent"):
        assert f"<dt>{name}</dt>" in answer.text
    assert "<dt>authorization</dt><dd>[redacted]</dd>" in answer.text
    assert "s3cret" not in answer.text
    assert "whsec_" not in answer.text


def command(answer: Answer) -> str:
    """The curl command that a page shows."""
    found = re.search(r'<pre class="command">(.*?)</pre>', answer.text, re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


async def test_as_a_command(api: Api, host: Host) -> None:
    """A shell reads it as one call of curl with the same body and webhook-id, whatever is in them, and no secret."""
    steps.endpoint(host, "a")
    host.rows("update outbound_webhooks.endpoints set url = 'https://clinic.example/a[1]?t=''x''&u=$(id)'")
    delivery = emitted(host, {"note": KEPT + HOSTILE, "café": "@file"})

    shown = command(await see(api, api.make_key("owner", "a"), f"{PAGE}/{delivery}"))
    script = "curl() { printf '%s\\0' \"$@\"; }\n" + shown
    process = await asyncio.create_subprocess_exec("bash", "-euc", script, stdout=asyncio.subprocess.PIPE)
    read = (await process.communicate())[0].decode().split("\0")[:-1]

    assert read[:5] == ["--globoff", "--request", "POST", "--url", "https://clinic.example/a[1]?t='x'&u=$(id)"]
    assert read[-2:] == ["--data-raw", body_of(host, delivery)]
    assert f"webhook-id: {host.value('select id from outbound_webhooks.events')}" in read
    assert "signature" not in shown


async def test_a_manager_does_not_see_a_query(api: Api, host: Host) -> None:
    """Of the URL, where some receivers want a token: neither on the page nor in the command."""
    steps.endpoint(host, "a")
    host.rows("update outbound_webhooks.endpoints set url = 'https://clinic.example/hooks?token=s3cret'")
    delivery = emitted(host, {})

    pages = {role: await see(api, api.make_key(role, "a"), f"{PAGE}/{delivery}") for role in ("manager", "owner")}

    assert "s3cret" not in pages["manager"].text
    assert "s3cret" in command(pages["owner"])
    assert shlex.split(command(pages["manager"]))[5] == "https://clinic.example/hooks"


async def test_a_long_body_is_cut(api: Api, host: Host) -> None:
    """On the page; the file has all of it, to be kept and not to be shown."""
    steps.endpoint(host, "a")
    host.rows("update outbound_webhooks.settings set max_body_bytes = 1024 * 1024")
    delivery, key = emitted(host, {"note": "é" * 500_000}), api.make_key("manager", "a")

    answer = await see(api, key, f"{PAGE}/{delivery}")
    file = await api.ask("GET", f"{PAGE}/{delivery}/body", key=key)

    assert len(answer.text.encode()) < 200_000
    assert "Only the first 64 KB of 977 KB are shown." in words(answer)
    assert "--data-binary @event-" in command(answer)
    assert file.text == body_of(host, delivery)
    assert file.headers["Content-Type"] == "application/json"
    assert file.headers["Content-Disposition"].startswith('attachment; filename="event-')
    assert file.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_event_that_is_gone(api: Api, host: Host) -> None:
    """The page has all that is left, and says what is not."""
    found, key = some(host), api.make_key("owner", "a")
    host.rows("delete from outbound_webhooks.events")

    answer = await see(api, key, f"{PAGE}/{found['dead']}")
    file = await api.ask("GET", f"{PAGE}/{found['dead']}/body", key=key)

    assert "The event is gone, and the body with it" in words(answer)
    assert 'id="curl"' not in answer.text
    assert file.refusal == (404, "not_found")


async def test_retry(api: Api, host: Host) -> None:
    """It is sent again, and the page says so; the audit log has who asked."""
    found, key = some(host), api.make_key("manager", "a")

    done = await submit(api, key, f"{PAGE}/{found['dead']}/retry")
    after = await see(api, key, done.headers["Location"])

    assert (done.status, done.headers["Location"]) == (303, f"{PAGE}/{found['dead']}?done=delivery.retried")
    assert steps.states(host)[found["dead"]] == "pending"
    assert "The delivery is sent again." in words(after)
    assert host.value("select actor from outbound_webhooks.audit_log where action = 'delivery.retried'") == "API key 1"


async def test_a_retry_that_is_refused(api: Api, host: Host) -> None:
    """The page comes again, with the reason."""
    found = some(host)
    host.rows("select outbound_webhooks.pause_endpoint(%s)", found["endpoint"])

    answer = await submit(api, api.make_key("owner", "a"), f"{PAGE}/{found['dead']}/retry")

    assert answer.status == 422
    assert "Its endpoint is paused. Resume it: that sends what is kept." in words(answer)


async def test_cancel(api: Api, host: Host) -> None:
    """With a reason, which is needed, and is shown then, whatever it is."""
    found, key = some(host), api.make_key("manager", "a")
    path = f"{PAGE}/{found['failed']}"

    without = await submit(api, key, f"{path}/cancel", {"reason": "  "})
    before = steps.states(host)[found["failed"]]
    done = await submit(api, key, f"{path}/cancel", {"reason": HOSTILE})
    after = await see(api, key, path)
    again = await submit(api, key, f"{path}/cancel", {"reason": "again"})

    assert (without.status, before) == (422, "pending")
    assert 'id="reason-error"' in without.text
    assert done.headers["Location"] == f"{path}?done=delivery.cancelled"
    assert f"Cancelled: {HOSTILE}." in words(after)
    assert f"{path}/cancel" not in after.text
    assert again.status == 422
    assert "It has ended already." in words(again)


async def test_what_is_not_there(api: Api, host: Host) -> None:
    """Another clinic's, nobody's, and what can be nobody's are answered alike, as pages, and nothing changes."""
    theirs, key = some(host, "b"), api.make_key("owner", "a")
    before = steps.states(host)

    for number in (theirs["dead"], 4711, 2**63):
        for method, path in (("GET", ""), ("GET", "/body"), ("POST", "/retry"), ("POST", "/cancel")):
            form: Any = {"headers": {"Content-Type": "application/x-www-form-urlencoded"}, "body": b"reason=x"}
            answer = await api.ask(method, f"{PAGE}/{number}{path}", key=key, **(form if method == "POST" else {}))
            assert answer.refusal == (404, "not_found")
            assert answer.headers["Content-Type"].startswith("text/html")
    assert steps.states(host) == before
