"""endpoints/{id}: how it is doing and why, its deliveries, pause and resume, tests."""

import html
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.admin.client import Answer, Api, Browser, signed_in
from tests.admin.forms import fields_of
from tests.admin.test_ui_frame import looked_at
from tests.sql import steps
from tests.support.host import CLINIC, Host

MARKUP = "\"><script>alert(1)</script><img src=x>'&"
TABS = ("", "/deliveries", "/settings", "/test")


@pytest.fixture
def api_database(host: Host) -> str:
    """A database of each test's own."""
    return host.url


def path(number: int, rest: str = "") -> str:
    """A page of an endpoint."""
    return f"/ui/endpoints/{number}{rest}"


async def owner(api: Api, role: str = "owner") -> Browser:
    """A person of the clinic."""
    return await signed_in(api, {CLINIC: role})


def flow(host: Host, number: int, values: str) -> None:
    """Put an endpoint's flow into a state."""
    host.rows(f"update outbound_webhooks.endpoint_flow set {values} where endpoint_id = %s", number)


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("role", ["owner", "manager"])
async def test_every_tab(api: Api, host: Host, tab: str, role: str) -> None:
    """Says what it is about, with the others one click away, and itself marked; no text of others is markup."""
    number = host.endpoint(f"https://clinic.example/{'x' * 2000}", description=MARKUP).id
    host.rows("select outbound_webhooks.pause_endpoint(%s, %s)", number, MARKUP)
    host.rows("select outbound_webhooks.emit(%s, 'a.b', 'a', %s, '{}')", CLINIC, MARKUP)

    page = looked_at(await (await owner(api, role)).get(path(number, tab)))

    assert page.status == 200
    assert page.text.count("<h1>") == 1
    assert "&lt;script&gt;" in page.text
    for other in TABS:
        marked = ' aria-current="page"' if other == tab else ""
        assert f'<a href="{path(number, other)}"{marked}>' in page.text
    assert 'href="https://' not in page.text


@pytest.mark.parametrize("rest", [*TABS, "/retire", "/keys/1/revoke"])
async def test_what_is_anothers(api: Api, host: Host, rest: str) -> None:
    """A page says that there is nothing, as of what nobody has."""
    number = host.endpoint("https://clinic.example/", "clinic-2").id
    browser = await owner(api)

    theirs, nobodys = await browser.get(path(number, rest)), await browser.get(path(4711, rest))

    assert theirs.refusal == nobodys.refusal == (404, "not_found")
    assert "clinic-2" not in theirs.text
    assert looked_at(theirs).text.count("<h1>") == 1


WORDS = [
    ("succeeded_at = now()", "All is well"),
    ("failures = 0", "Nothing has been delivered to it yet"),
    ("failures = 3, failing_since = now(), failed_at = now(), failed_with = 'http_status 404'", "3 attempts failed"),
    ("failures = 3, failing_since = now(), failed_at = now(), failed_with = 'http_status 404'", "nothing under this"),
    ("failures = 1, failing_since = now(), failed_at = now(), failed_with = 'tls'", "TLS failed"),
    (
        "breaker = 'open', probe_at = now(), failures = 10, failing_since = now(), failed_with = 'timeout'",
        "Its circuit breaker opened",
    ),
    ("breaker = 'half_open', probe_at = now(), failures = 10, failing_since = now()", "on its way to see"),
    ("held_until = now() + interval '1 minute'", "Nothing is sent to it before"),
    ("allowed_in_flight = 2", "2 requests at once instead of 10"),
]


@pytest.mark.parametrize(("values", "words"), WORDS)
async def test_how_it_is_doing(api: Api, host: Host, values: str, words: str) -> None:
    """In words: what, why, and what to do."""
    number = host.endpoint("https://clinic.example/").id
    flow(host, number, values)

    assert words in (await (await owner(api)).get(path(number))).text


async def test_one_that_was_disabled(api: Api, host: Host) -> None:
    """It says why, and that it can be resumed once its receiver is well."""
    number = host.endpoint("https://clinic.example/").id
    host.rows(
        "update outbound_webhooks.endpoints set state = 'disabled', state_reason = 'answered 410 Gone' where id = %s",
        number,
    )

    page = await (await owner(api)).get(path(number))

    assert "the receiver answered 410 Gone" in page.text
    assert f'action="{path(number, "/resume")}"' in page.text
    assert f'action="{path(number, "/pause")}"' not in page.text


async def test_its_figures(api: Api, host: Host) -> None:
    """Of the last 24 hours: what was delivered and given up, with the newest of these, and the rate."""
    number = steps.endpoint(host).id
    steps.emit(host, 4)
    dispatcher = steps.register(host)
    claimed = steps.claim(host, dispatcher)
    steps.record(host, steps.result(claimed[3], dispatcher, steps.DEAD))
    steps.record(host, *(steps.result(row, dispatcher, steps.SUCCEEDED) for row in claimed[:3]))

    page = looked_at(await (await owner(api)).get(path(number)))

    for label, value in (("Delivered", "3"), ("Success rate", "75.0%"), ("Given up", "1"), ("Waiting", "0")):
        assert f"<dt>{label}</dt><dd>{value}</dd>" in page.text
    assert "3 succeeded, 1 failed" in page.text
    assert f'href="/ui/deliveries/{claimed[3]["delivery_id"]}"' in page.text
    assert f'href="{path(number, "/deliveries")}?state=dead"' in page.text


async def test_what_fails(api: Api, host: Host) -> None:
    """While it fails, the page has what fails as the last one did, also what is tried again."""
    number = steps.endpoint(host).id
    first, second = steps.emit(host, 2)
    dispatcher = steps.register(host)
    one, other = steps.claim(host, dispatcher)
    steps.record(host, steps.result(other, dispatcher, steps.SUCCEEDED))
    steps.record(host, steps.result(one, dispatcher, steps.RETRY))

    page = looked_at(await (await owner(api)).get(path(number)))
    failed = page.text.partition("Failed last</h2>")[2].partition("</section>")[0]

    assert f'"/ui/deliveries/{first}"' in failed
    assert f'"/ui/deliveries/{second}"' not in failed
    assert "Answered with 500" in failed
    assert f'href="{path(number, "/deliveries")}?error_class=http_status"' in failed


async def test_its_deliveries(api: Api, host: Host) -> None:
    """Its own alone, by what the URL says, a page at a time; what cannot be meant is said at its field."""
    number, other = steps.endpoint(host).id, steps.endpoint(host).id
    steps.emit(host, 51)
    found = host.rows("select id, endpoint_id from outbound_webhooks.deliveries order by id")
    mine, theirs = ([row["id"] for row in found if row["endpoint_id"] == one] for one in (number, other))
    host.rows("select outbound_webhooks.cancel_delivery(%s, 'a test')", mine[0])
    browser = await owner(api)

    first = looked_at(await browser.get(path(number, "/deliveries")))
    second = await browser.get(html.unescape(first.text.partition('rel="next" href="')[2].partition('"')[0]))
    cancelled = await browser.get(path(number, f"/deliveries?state=cancelled&endpoint_id={other}"))
    none = await browser.get(path(number, "/deliveries?type=invoice.*"))
    wrong = await browser.get(path(number, "/deliveries?state=lost"))

    assert (listed(first), listed(second)) == (mine[:0:-1], mine[:1])
    assert not set(theirs).intersection(listed(first))
    assert listed(cancelled) == mine[:1]
    assert "No delivery is like that" in none.text
    assert (wrong.status, 'id="state-error"' in wrong.text) == (422, True)


async def test_its_filters_stay(api: Api, host: Host) -> None:
    """Each is a field of the form, and goes along to the list of all deliveries."""
    number = steps.endpoint(host).id
    query = {
        "state": "dead", "type": "payment_transaction.*", "resource": "payment_transaction", "resource_id": "7",
        "error_class": "timeout", "last": "7d", "since": "2026-01-01T00:00:00", "until": "2026-01-02T00:00:00",
    }  # fmt: skip

    page = looked_at(await (await owner(api)).get(path(number, f"/deliveries?{urlencode(query)}")))

    fields = fields_of(page.text, path(number, "/deliveries"))
    assert fields == {name: [value] for name, value in query.items()}
    links = [urlsplit(html.unescape(link)) for link in re.findall(r'href="([^"]+)"', page.text)]
    asked = [dict(parse_qsl(link.query)) for link in links if link.path == "/ui/deliveries" and link.query]
    assert asked == [query | {"endpoint_id": str(number)}]


def listed(page: Answer) -> list[int]:
    """The deliveries of a table, in its order."""
    return [int(number) for number in re.findall(r'href="/ui/deliveries/(\d+)"', page.text)]


async def test_pause_and_resume(api: Api, host: Host) -> None:
    """With a reason, and with the rate at which what was kept is sent."""
    number, browser = host.endpoint("https://clinic.example/").id, await owner(api, "manager")
    state = "select state || coalesce(': ' || state_reason, '') from outbound_webhooks.endpoints"

    paused = await browser.post(path(number, "/pause"), {"reason": "they move"})
    after = (host.value(state), (await browser.get(paused.headers["Location"])).text)
    resumed = await browser.post(path(number, "/resume"), {"drain_rate": "20"})

    assert (paused.status, paused.headers["Location"]) == (303, f"{path(number)}?done=endpoint.paused")
    assert after[0] == "paused: they move"
    assert "<q>they move</q>" in after[1]
    assert resumed.headers["Location"] == f"{path(number)}?done=endpoint.resumed"
    assert (host.value(state), host.value("select drain_rate from outbound_webhooks.endpoint_flow")) == ("active", 20)


@pytest.mark.parametrize("rate", ["fast", "0", "10001"])
async def test_a_rate_that_is_none(api: Api, host: Host, rate: str) -> None:
    """Is said at its field; the endpoint stays paused."""
    number, browser = host.endpoint("https://clinic.example/").id, await owner(api)
    host.rows("select outbound_webhooks.pause_endpoint(%s)", number)

    page = looked_at(await browser.post(path(number, "/resume"), {"drain_rate": rate}))

    assert (page.status, 'id="drain_rate-error"' in page.text, f'value="{rate}"' in page.text) == (422, True, True)
    assert host.value("select state from outbound_webhooks.endpoints") == "paused"


@pytest.mark.parametrize(("rest", "words"), [("/pause", "cannot be paused"), ("/resume", "cannot be resumed")])
async def test_a_state_that_it_cannot_have(api: Api, host: Host, rest: str, words: str) -> None:
    """Somebody retired it in the meantime: the page says so."""
    number, browser = host.endpoint("https://clinic.example/").id, await owner(api)
    host.rows("select outbound_webhooks.retire_endpoint(%s)", number)

    page = looked_at(await browser.post(path(number, rest)))

    assert (page.status, words in page.text) == (422, True)


async def test_an_operator_at_no_clinic(api: Api, host: Host) -> None:
    """Sees every endpoint, and of which clinic it is."""
    number = host.endpoint("https://clinic.example/", "clinic-2").id
    browser = await signed_in(api)

    pages = [looked_at(await browser.get(path(number, tab))) for tab in TABS]

    assert [page.status for page in pages] == [200] * len(TABS)
    assert all("of clinic clinic-2" in page.text for page in pages)
    assert "/ui/endpoints/preview?clinic_id=clinic-2" in pages[2].text
