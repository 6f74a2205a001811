"""retry_delivery: what it says of a delivery that is due, and that something keeps from being sent all the same."""

import pytest

from tests.sql import steps
from tests.sql.explaining import delivering
from tests.sql.replaying import ended, retry
from tests.sql.steps import DEAD, RETRY, Row
from tests.support.host import Host

# What keeps a delivery that is due from being sent, by the code of explain(): how it comes about, and what is said.
KEPT = {
    "unarmed": (
        "update outbound_webhooks.settings set armed_database_oid = armed_database_oid::bigint + 1",
        "nothing is sent from this database: it was armed as database",
    ),
    "switched_off": (
        "select outbound_webhooks.set_delivery(false, 'the receivers are flooded')",
        "delivery is switched off, for all dispatchers: the receivers are flooded",
    ),
    "delivery_off": (
        "update outbound_webhooks.settings set delivering = false, delivering_since = null",
        "delivery is off: no dispatcher runs with OUTBOUND_WEBHOOKS_ENABLED=true",
    ),
    "no_dispatcher": (
        "update outbound_webhooks.dispatchers set stopped_at = clock_timestamp()",
        "no dispatcher that delivers is alive",
    ),
    "breaker_open": (
        "update outbound_webhooks.endpoint_flow set breaker = 'open', failures = 10, probe_at = clock_timestamp()",
        "10 attempts in a row failed: the circuit breaker is open, until one delivery goes to see",
    ),
    "retry_after": (
        "update outbound_webhooks.endpoint_flow set held_until = clock_timestamp() + interval '1 hour'",
        "the receiver asked to be left alone (Retry-After)",
    ),
}


@pytest.mark.parametrize("code", KEPT)
@pytest.mark.parametrize("values", [DEAD, RETRY], ids=["dead", "pending"])
def test_what_it_still_waits_for(numbered: Host, values: Row, code: str) -> None:
    """It is due, and the answer says what keeps it from being sent all the same."""
    delivering(numbered)
    delivery = ended(numbered, values)
    change, words = KEPT[code]
    numbered.rows(change)

    said = retry(numbered, delivery)

    assert said.startswith(f"due, but not sent yet: {words}")
    assert steps.states(numbered) == {delivery: "pending"}
    assert numbered.value("select next_attempt_at <= clock_timestamp() from outbound_webhooks.deliveries")
