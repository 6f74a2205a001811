"""The operators' pages: the platform at a glance, its switches behind a question, the ledger and recapturing."""

import re
from urllib.parse import urlencode

import pytest

from tests.admin.client import Answer, Api
from tests.admin.test_recaptures import fail
from tests.admin.test_ui_api_keys import send
from tests.admin.test_ui_frame import looked_at
from tests.sql import steps
from tests.sql.sabotage import SABOTAGE
from tests.support.host import ENVIRONMENT, Host

PAGE = "/ui/operations"
SWITCH = f"{PAGE}/switch"
LEDGER = f"{PAGE}/capture-errors"
RECAPTURE = f"{PAGE}/recapture"
OPEN = "select count(*) from outbound_webhooks.capture_errors where recaptured_at is null"


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


@pytest.fixture
def operator(api: Api) -> str:
    """An operator's key."""
    return api.make_key("operator")


async def shown(api: Api, key: str, path: str = PAGE, **query: str) -> str:
    """A page."""
    answer = looked_at(await api.ask("GET", f"{path}?{urlencode(query)}", key=key))
    assert answer.status == 200, answer.text
    return answer.text


async def followed(api: Api, key: str, answer: Answer) -> str:
    """The page that an answer leads to."""
    assert answer.status == 303, answer.text
    return looked_at(await api.ask("GET", answer.headers["Location"], key=key)).text


PAGES = (PAGE, f"{PAGE}/findings", f"{SWITCH}?switch=delivery&to=off", LEDGER, RECAPTURE)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("role", ["owner", "manager"])
async def test_for_operators_alone(api: Api, role: str, path: str) -> None:
    """A clinic's people are refused, and not led to it."""
    key = api.make_key(role, "a")

    assert (await api.ask("GET", path, key=key)).refusal == (403, "forbidden")
    assert 'href="/ui/operations' not in (await api.ask("GET", "/ui/audit", key=key)).text


async def test_at_a_glance(api: Api, host: Host, operator: str) -> None:
    """Dispatchers, what waits, what is in trouble, partitions, and for whom it is armed."""
    steps.endpoint(host, "a")
    broken = host.endpoint("https://broken.example/in?token=secret", clinic="b").id
    steps.emit(host, 3, "a")
    steps.open_breaker(host, broken)
    silent = steps.register(host)
    host.rows(
        "update outbound_webhooks.dispatchers set heartbeat_at = now() - interval '1 minute' where id = %s", silent
    )

    page = await shown(api, operator)

    for text in (
        "Silent: crashed or frozen",
        "No dispatcher that delivers is alive.",
        "Breaker open",
        "broken.example",
        f"Armed for the environment {ENVIRONMENT} by ",
        "finished_deliveries_dead",
        '<a href="/ui/?clinic_id=a">a</a>',
        f'<a href="/ui/endpoints/{broken}">{broken}</a>',
    ):
        assert text in page
    assert "token=secret" not in page


async def test_nothing_there(api: Api, host: Host, operator: str) -> None:
    """Each part says that it is empty, and what begins it."""
    host.rows("select outbound_webhooks.unwatch('payment_transactions')")

    page = await shown(api, operator)

    for text in ("No dispatcher was there", "No table is watched yet", "Nothing waits", "No endpoint is in trouble"):
        assert text in page


async def test_a_switch(api: Api, host: Host, operator: str) -> None:
    """A link leads to a question that says what it does; with a reason it is thrown, and the page says who and why."""
    link = f'{SWITCH}?switch=capture&amp;source=payment_transactions&amp;to=off"'
    fields = {"switch": "capture", "source": "payment_transactions", "to": "off"}

    before = await shown(api, operator)
    asked = await shown(api, operator, SWITCH, **fields)
    without = looked_at(await send(api, operator, SWITCH, **fields, reason=" "))
    still_on = host.value("select capture from outbound_webhooks.event_sources")
    after = await followed(api, operator, await send(api, operator, SWITCH, **fields, reason="<a migration>"))

    assert link in before
    assert "Turn capture off for payment_transactions?" in asked
    assert "stands in no ledger" in asked
    assert (without.status, still_on) == (422, True)
    assert 'id="reason-error"' in without.text
    assert host.value("select capture from outbound_webhooks.event_sources") is False
    for text in ("The switch is set.", "&lt;a migration&gt;", "API key 1", "Capture of payment_transactions is off"):
        assert text in after


async def test_the_switch_of_delivery(api: Api, host: Host, operator: str) -> None:
    """Off and on again, with what is under way and what waits; as fast as is said."""
    steps.endpoint(host)

    off = await followed(
        api, operator, await send(api, operator, SWITCH, switch="delivery", to="off", reason="incident")
    )
    steps.emit(host, 2)
    asked = await shown(api, operator, SWITCH, switch="delivery", to="on")
    wrong = await send(api, operator, SWITCH, switch="delivery", to="on", reason="over", rate="fast")
    on = await followed(
        api, operator, await send(api, operator, SWITCH, switch="delivery", to="on", reason="over", rate="1")
    )

    assert "Delivery is off: what is captured waits." in off
    assert "2 deliveries are due." in asked
    assert (wrong.status, 'id="rate-error"' in wrong.text, 'value="fast"' in wrong.text) == (422, True, True)
    assert "Delivery is off" not in on
    assert host.value("select count(distinct next_attempt_at) from outbound_webhooks.deliveries") == 2


@pytest.mark.parametrize(
    "query",
    [{"switch": "delivery"}, {"switch": "delivery", "to": "up"}, {"switch": "lights", "to": "off"},
     {"switch": "capture", "source": "nothing", "to": "off"}, {"switch": "delivery", "source": "x", "to": "off"}],
)  # fmt: skip
async def test_no_such_switch(api: Api, operator: str, query: dict[str, str]) -> None:
    """It is not there, to ask about or to throw."""
    asked = await api.ask("GET", f"{SWITCH}?{urlencode(query)}", key=operator)
    thrown = await send(api, operator, SWITCH, **query, reason="a test")

    assert asked.refusal == thrown.refusal == (404, "not_found")


@pytest.mark.parametrize(
    "path",
    [f"{RECAPTURE}?source=%00a", f"{SWITCH}?switch=capture&to=off&source=%00a", f"{SWITCH}?switch=delivery&%00=a"],
)
async def test_what_the_database_cannot_hold(api: Api, operator: str, path: str) -> None:
    """Is refused in a URL as in a form that is sent."""
    assert (await api.ask("GET", path, key=operator)).refusal == (400, "bad_request")


async def test_what_is_so_already(api: Api, operator: str) -> None:
    """Says so before it is asked for."""
    assert "It is so already" in await shown(api, operator, SWITCH, switch="delivery", to="on")


async def test_what_the_doctor_finds(api: Api, host: Host, operator: str) -> None:
    """Each with how bad it is, in a word, and what to do."""
    host.rows(SABOTAGE["payload function dropped"][0])

    page = await shown(api, operator, f"{PAGE}/findings")

    assert "Problem</span>" in page
    assert "outbound-webhooks" in page


async def test_the_ledger(api: Api, host: Host, operator: str) -> None:
    """What is open, with its reason; a link for each, and for all that is shown."""
    fail(host, 2)
    first = host.value("select min(id) from outbound_webhooks.capture_errors")

    page = await shown(api, operator, LEDGER)
    of_one = await shown(api, operator, LEDGER, clinic_id="clinic-1", source="payment_transactions")
    done = await shown(api, operator, LEDGER, is_open="false")

    assert page.count("42883") == 2
    assert f'href="{RECAPTURE}?capture_error_id={first}"' in page
    assert f'href="{RECAPTURE}?all=yes"' in page
    assert (of_one.count("42883"), "clinic-0" in of_one) == (1, False)
    assert f"{RECAPTURE}?clinic_id=clinic-1&amp;source=payment_transactions" in of_one
    assert "No change fits" in done


async def test_what_is_open_and_what_is_not(api: Api, host: Host, operator: str) -> None:
    """Both can be asked for together, and links keep that."""
    host.rows(
        "insert into outbound_webhooks.capture_errors"
        " (source, operation, error_code, message, recaptured_at, recaptured_as)"
        " select 's', 'INSERT', 'XX000', 'm', case when n % 2 = 0 then now() end,"
        " case when n % 2 = 0 then '{}'::uuid[] end from generate_series(1, 51) as n"
    )

    both = await shown(api, operator, LEDGER, is_open="all")
    open_ones = await shown(api, operator, LEDGER)

    (older,) = re.findall(r'rel="next" href="([^"]*)"', both)
    assert '<option value="all" selected>' in both
    assert (both.count("XX000"), open_ones.count("XX000")) == (50, 26)
    assert "is_open=all" in older


async def test_an_empty_ledger(api: Api, operator: str) -> None:
    """Is good news."""
    assert "Every change was captured" in await shown(api, operator, LEDGER)


async def test_recapturing(api: Api, host: Host, operator: str) -> None:
    """Counted first; then done, once, and said."""
    fail(host, 2)
    chosen = {"source": "payment_transactions", "since": "2020-01-01T00:00"}

    asked = await shown(api, operator, RECAPTURE, **chosen)
    before = host.value(OPEN)
    done = await followed(api, operator, await send(api, operator, RECAPTURE, **chosen))
    again = await shown(api, operator, RECAPTURE, **chosen)

    assert "Recapture 2 changes?" in asked
    assert re.search(r'type="hidden" name="since" value="2020-01-01T00:00"', asked)
    assert (before, host.value(OPEN)) == (2, 0)
    assert "The changes are captured." in done
    assert "There is nothing to recapture" in again


async def test_recapturing_little_by_little(api: Api, host: Host, operator: str) -> None:
    """A hundred in a request; what is left, and what still fails, is said, and a button goes on behind it."""
    fail(host, 1)
    host.rows(
        "insert into outbound_webhooks.capture_errors (source, operation, error_code, message)"
        " select 'gone', 'INSERT', 'XX000', 'm' from generate_series(1, 100)"
    )

    first = looked_at(await send(api, operator, RECAPTURE, all="yes"))
    (after,) = re.findall(r'name="after" value="(\d+)"', first.text)
    second = looked_at(await send(api, operator, RECAPTURE, all="yes", after=after))

    assert "1 change is recaptured" in first.text
    assert first.text.count("there is no event source named") == 99  # all that could not be captured
    assert "Go on with the next 100" in first.text
    assert "0 changes are recaptured" in second.text
    assert 'name="after"' not in second.text
    assert host.value(OPEN) == 100


@pytest.mark.parametrize(
    ("query", "wrong"),
    [
        ({"capture_error_id": "x"}, "capture_error_id"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-01-02T00:00", "until": "2026-01-01T00:00"}, ""),
    ],
)
async def test_what_cannot_be_meant(api: Api, operator: str, query: dict[str, str], wrong: str) -> None:
    """Said beside the field, or above the form; so is nothing at all."""
    asked = looked_at(await api.ask("GET", f"{RECAPTURE}?{urlencode(query)}", key=operator))
    sent = looked_at(await send(api, operator, RECAPTURE, **query))
    nothing = looked_at(await send(api, operator, RECAPTURE))

    assert [answer.status for answer in (asked, sent, nothing)] == [422] * 3
    assert (f'id="{wrong}-error"' if wrong else 'role="alert"') in asked.text
    assert "Say which changes" in nothing.text


async def test_a_change_that_is_not_there(api: Api, host: Host, operator: str) -> None:
    """Or is another clinic's than the one that is named."""
    fail(host, 1)
    change = host.value("select max(id) from outbound_webhooks.capture_errors")

    for query in (f"capture_error_id={change}&clinic_id=b", f"capture_error_id={10**18}"):
        assert (await api.ask("GET", f"{RECAPTURE}?{query}", key=operator)).refusal == (404, "not_found")
