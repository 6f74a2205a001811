"""event-types: the catalogue over HTTP, and that every body which is really made is as it says."""

import json

import pytest
from jsonschema import Draft202012Validator

from tests.admin.client import API, Api
from tests.sql import steps
from tests.support.host import CLINIC, ENVIRONMENT, Host

EVENT_TYPES = f"{API}/event-types"
PAYMENTS = {
    f"payment_transaction.{verb}" for verb in ("created", "partially_refunded", "status_changed")
}  # fmt: skip
OURS = {"delivery.dead", "endpoint.disabled", "endpoint.recovered", "webhook.test"}


@pytest.fixture
def api_database(database_url: str) -> str:
    """A database of the test's own, with a host in it."""
    return database_url


def every_body(host: Host) -> list[str]:
    """The bodies of a payment's life, and of an endpoint's trouble, as receivers get them."""
    about = steps.endpoint(host).id
    steps.endpoint(host, event_types=["endpoint.*", "delivery.*"])
    host.pay()
    host.rows("update payment_transactions set status = 'paid', refunded_cents = 5")
    steps.end_all(host, {**steps.DEAD, "disable": "the receiver answered 410 Gone"})
    host.rows("select outbound_webhooks.tell_operations()")
    host.rows("select outbound_webhooks.resume_endpoint(%s)", about)
    host.pay()
    steps.end_all(host, steps.SUCCEEDED)
    host.rows("select outbound_webhooks.tell_operations()")
    host.rows("select outbound_webhooks.begin_test(%s, null, %s)", about, ENVIRONMENT)
    return [str(row["body"]) for row in host.rows("select body from outbound_webhooks.events order by id")]


async def test_every_body_is_as_its_schema_says(api: Api, host: Host) -> None:
    """Of each type that there is, at least one real body; and each example is valid, too."""
    bodies = [json.loads(body) for body in every_body(host)]

    found = (await api.ask("GET", EVENT_TYPES, key=api.make_key("manager", CLINIC))).json["event_types"]
    validators = {
        each["name"]: Draft202012Validator(each["schema"], format_checker=Draft202012Validator.FORMAT_CHECKER)
        for each in found
    }
    for body in (*bodies, *(each["example"] for each in found)):
        validators[body["type"]].validate(body)

    assert [each["name"] for each in found] == sorted(PAYMENTS | OURS)
    assert {body["type"] for body in bodies} == PAYMENTS | OURS
    assert all(each["description"] and each["schema"]["title"] == each["name"] for each in found)


async def test_the_same_for_everybody(api: Api, host: Host) -> None:
    """It says what there is, not whose: a clinic without an endpoint reads it, too."""
    answers = [
        (await api.ask("GET", EVENT_TYPES + query, key=key)).json
        for key, query in (
            (api.make_key("owner", CLINIC), ""), (api.make_key("manager", "nobody"), ""),
            (api.make_key("operator"), ""), (api.make_key("operator"), "?clinic_id=nobody"),
        )
    ]  # fmt: skip

    assert answers == [answers[0]] * 4


async def test_in_your_own_words(api: Api, host: Host) -> None:
    """What a DBA described is shown as they described it."""
    host.rows(
        "select outbound_webhooks.describe_event_type("
        "'payout.scheduled', 'A payout was scheduled.', '{\"type\": \"object\"}', '{\"data\": {\"amount\": 5}}')"
    )

    found = (await api.ask("GET", EVENT_TYPES, key=api.make_key("owner", CLINIC))).json["event_types"]

    assert next(each for each in found if each["name"] == "payout.scheduled") == {
        "name": "payout.scheduled",
        "description": "A payout was scheduled.",
        "schema": {"type": "object"},
        "example": {"data": {"amount": 5}},
    }
