"""capture-errors and recaptures over HTTP: what could not be captured, and capturing it again; operators' alone."""

import pytest

from tests.admin.client import API, Answer, Api
from tests.sql import steps
from tests.sql.sabotage import SABOTAGE
from tests.support.host import Host

LEDGER = f"{API}/capture-errors"
RECAPTURES = f"{API}/recaptures"
EVER = "1970-01-01T00:00:00Z"


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


@pytest.fixture
def operator(api: Api) -> str:
    """An operator's key."""
    return api.make_key("operator")


async def recapture(api: Api, key: str, query: str = "", **body: object) -> Answer:
    """Ask for a recapture."""
    return await api.ask("POST", RECAPTURES + query, key=key, body=body)


def fail(host: Host, clinics: int = 2) -> None:
    """Payments that cannot be captured, one of each clinic; mended after that."""
    host.rows(SABOTAGE["payload function dropped"][0])
    for number in range(clinics):
        steps.endpoint(host, f"clinic-{number}")
        host.rows("insert into payment_transactions (clinic_id, amount_cents) values (%s, 100)", f"clinic-{number}")
    host.rows(SABOTAGE["payload function dropped"][1])


async def test_the_ledger(api: Api, host: Host, operator: str) -> None:
    """The newest first, page by page, without what was written."""
    fail(host, 3)

    first = (await api.ask("GET", f"{LEDGER}?limit=2", key=operator)).json
    rest = (await api.ask("GET", f"{LEDGER}?limit=2&cursor={first['next']}", key=operator)).json
    of_one = (await api.ask("GET", f"{LEDGER}?clinic_id=clinic-1&source=payment_transactions", key=operator)).json

    assert [one["clinic_id"] for one in first["capture_errors"]] == ["clinic-2", "clinic-1"]
    assert ([one["clinic_id"] for one in rest["capture_errors"]], rest["next"]) == (["clinic-0"], None)
    assert [one["clinic_id"] for one in of_one["capture_errors"]] == ["clinic-1"]
    assert first["capture_errors"][0].keys().isdisjoint({"old_values", "new_values"})


async def test_recapture(api: Api, host: Host, operator: str) -> None:
    """Counted first, then so many a request, each once; what is done is told apart from what is open."""
    fail(host, 3)

    counted = await recapture(api, operator, since=EVER, dry_run=True)
    before = host.value("select count(*) from outbound_webhooks.events")
    first = await recapture(api, operator, since=EVER, limit=2)
    rest = await recapture(api, operator, since=EVER, limit=2, after=first.json["next"])
    again = await recapture(api, operator, since=EVER)
    done = (await api.ask("GET", f"{LEDGER}?is_open=false", key=operator)).json["capture_errors"]

    assert (counted.json["left"], counted.json["recaptured"], before) == (3, 0, 0)
    assert (first.json["recaptured"], first.json["events"], first.json["left"]) == (2, 2, 1)
    assert (rest.json["recaptured"], rest.json["left"], rest.json["next"]) == (1, 0, None)
    assert (again.json["recaptured"], again.json["left"]) == (0, 0)
    assert len(done) == 3
    assert host.value("select count(*) from outbound_webhooks.events") == 3


async def test_recapture_of_some(api: Api, host: Host, operator: str) -> None:
    """Of one clinic, of one watched table, one change; the others stay."""
    fail(host, 3)
    last = host.value("select max(id) from outbound_webhooks.capture_errors")

    elsewhere = await recapture(api, operator, source="another_table")
    of_a_clinic = await recapture(api, operator, "?clinic_id=clinic-0", source="payment_transactions")
    one = await recapture(api, operator, capture_error_id=last)
    foreign = await recapture(api, operator, "?clinic_id=clinic-0", capture_error_id=last)

    assert (elsewhere.json["recaptured"], of_a_clinic.json["recaptured"], one.json["recaptured"]) == (0, 1, 1)
    assert foreign.refusal == (404, "not_found")
    assert (
        host.value("select clinic_id from outbound_webhooks.capture_errors where recaptured_at is null") == "clinic-1"
    )


async def test_what_still_fails(api: Api, host: Host, operator: str) -> None:
    """It stays, is named with its problem, and keeps nobody behind it."""
    fail(host, 2)
    host.rows(SABOTAGE["payload function dropped"][0])

    came = (await recapture(api, operator, since=EVER, limit=1)).json
    behind = (await recapture(api, operator, since=EVER, limit=1, after=came["next"])).json

    assert (came["recaptured"], came["left"], came["next"]) == (0, 2, came["problems"][0]["capture_error_id"])
    assert behind["problems"][0]["capture_error_id"] > came["problems"][0]["capture_error_id"]
    assert "does not exist" in came["problems"][0]["problem"]


async def test_recapturing_is_audited(api: Api, host: Host, operator: str) -> None:
    """Who, what was chosen, and what came of it; a dry run, and nothing to do, are no line."""
    fail(host, 2)
    await recapture(api, operator, since=EVER, dry_run=True)
    await recapture(api, operator, source="payment_transactions")
    await recapture(api, operator, source="payment_transactions")

    lines = (await api.ask("GET", f"{API}/audit?action=capture_error.*", key=operator)).json["audit"]

    assert [(line["action"], line["actor"], line["details"]) for line in lines] == [
        ("capture_error.recaptured", "API key 1", {"source": "payment_transactions", "changes": 2, "events": 2})
    ]


@pytest.mark.parametrize(
    "body",
    [{}, {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, {"since": EVER, "limit": 201},
     {"since": EVER, "limit": 0}, {"since": EVER, "after": -1}, {"source": ""}],
)  # fmt: skip
async def test_refused_recaptures(api: Api, operator: str, body: dict[str, object]) -> None:
    """Nothing that is chosen, and what cannot be meant."""
    assert (await api.ask("POST", RECAPTURES, key=operator, body=body)).refusal == (422, "invalid_body")
