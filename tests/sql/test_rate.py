"""requests_per_second: a token bucket, the same for all dispatchers, of a twentieth of a second's worth."""

import pytest

from tests.sql import steps
from tests.sql.steps import change_flow, claim, emit, endpoint, flow, register, visit
from tests.support.host import Host

FULL = "tokens_at = tokens_at - interval '1 hour'"
CLAIM = "outbound_webhooks.claim_deliveries({}, 999, 99, 0, '-infinity', '{{}}', '{{}}', 999, '1 min')"

# One statement, so that no time passes but what the test lets pass: the bucket is full, then a claim each step.
STEPS = """
do $$
begin
    update outbound_webhooks.endpoint_flow set tokens_at = statement_timestamp() - interval '1 hour';
    for i in 0..{count} loop
        perform {claim};
        update outbound_webhooks.endpoint_flow set tokens_at = tokens_at - interval '{seconds} s';
    end loop;
end
$$
"""


def begun(host: Host, rate: int, seconds: float, step: float) -> object:
    """How many requests begin within some seconds, the first moment included, when a claim comes with each step."""
    endpoint(host, max_in_flight=1000, requests_per_second=rate)
    emit(host, 400)
    dispatcher = register(host)
    host.rows(STEPS.format(count=round(seconds / step), claim=CLAIM.format(dispatcher), seconds=step))
    return host.value("select count(*) from outbound_webhooks.deliveries where lease_token is not null")


@pytest.mark.parametrize(
    ("rate", "seconds", "step", "expected"),
    [
        (50, 1, 0.02, 52),  # the rate, and a twentieth of it that was saved up
        (50, 1, 0.001, 52),
        (50, 1, 0.005, 52),
        (50, 4, 0.02, 202),
        (100, 1, 0.01, 105),
        (40, 1, 0.05, 42),
        (20, 1, 0.05, 21),
        (10, 1, 0.05, 11),
        (1, 0.9, 0.1, 1),
        (1, 1, 0.25, 2),
        (1, 10, 0.25, 11),
        (2, 3, 0.25, 7),
    ],
)
def test_at_most_the_rate(sandbox: Host, rate: int, seconds: float, step: float, expected: int) -> None:
    """Within any second no more begins than the rate and a twentieth of it, or one; and no less, while work waits."""
    assert begun(sandbox, rate, seconds, step) == expected


def test_what_was_not_used_is_not_saved_up(sandbox: Host) -> None:
    """After an hour without a request a twentieth of a second's worth may go at once, as after a second."""
    created = endpoint(sandbox, max_in_flight=1000, requests_per_second=100)
    emit(sandbox, 100)
    dispatcher = register(sandbox)
    counts = []

    for change in (FULL, "tokens_at = tokens_at - interval '1 second'"):
        change_flow(sandbox, created.id, change)
        counts.append(len(claim(sandbox, dispatcher)))

    assert counts == [5, 5]


def test_one_bucket_for_all_dispatchers(sandbox: Host) -> None:
    """What one dispatcher took is not there for another one, who is told when there is more."""
    created = endpoint(sandbox, max_in_flight=1000, requests_per_second=1)
    emit(sandbox, 3)
    change_flow(sandbox, created.id, FULL)
    a, b = register(sandbox), register(sandbox)

    # One statement: no time passes between the two.
    told_a, told_b = sandbox.rows(
        "select told.* from unnest(%s::bigint[]) with ordinality as d (id, n),"
        f" lateral {CLAIM.format('d.id')} as told order by d.n",
        [a, b],
    )
    change_flow(sandbox, created.id, "tokens_at = tokens_at - interval '1 second'")
    (later,) = visit(sandbox, b)

    assert told_a["delivery_id"] is not None
    assert told_a["look_again_in"] == 1
    assert told_b["delivery_id"] is None
    assert told_b["look_again_in"] == 1
    assert later["delivery_id"] is not None


def test_when_to_look_again(sandbox: Host) -> None:
    """Told only if the rate is what keeps more from starting: not if the endpoint is full, or has nothing left."""
    created = endpoint(sandbox, max_in_flight=2, requests_per_second=50)
    emit(sandbox, 4)
    change_flow(sandbox, created.id, FULL)
    dispatcher = register(sandbox)

    full = visit(sandbox, dispatcher)
    one_free = steps.record(sandbox, steps.result(full[0], dispatcher, steps.SUCCEEDED))
    change_flow(sandbox, created.id, "tokens = 0.5, tokens_at = clock_timestamp() + interval '1 minute'")
    (by_rate,) = [row for row in visit(sandbox, dispatcher) if row["delivery_id"] is None]

    assert [row["look_again_in"] for row in full] == [None, None]
    assert len(one_free) == 1
    assert 50 < by_rate["look_again_in"] <= 60.01


def test_the_limit_of_requests_at_once_holds_beside_the_rate(sandbox: Host) -> None:
    """A full bucket of 5 and room for 3: 3."""
    created = endpoint(sandbox, max_in_flight=3, requests_per_second=100)
    emit(sandbox, 10)
    change_flow(sandbox, created.id, FULL)

    assert len(claim(sandbox, register(sandbox))) == 3
    assert flow(sandbox, created.id)["tokens"] == 2


def test_without_a_limit(sandbox: Host) -> None:
    """As many as there is room for; and a limit that is set later does not begin with what nobody counted."""
    created = endpoint(sandbox, max_in_flight=20)
    emit(sandbox, 30)
    dispatcher = register(sandbox)

    unlimited = claim(sandbox, dispatcher)
    sandbox.rows("update outbound_webhooks.endpoints set max_in_flight = 1000, requests_per_second = 1")
    # One message: no time passes between the two.
    counted = "update outbound_webhooks.endpoint_flow set tokens_at = statement_timestamp()"
    sandbox.rows(f"{counted}; select {CLAIM.format(dispatcher)}")

    assert len(unlimited) == 20
    assert flow(sandbox, created.id)["in_flight"] == 20
