"""Nothing is counted twice, or not at all: what Prometheus has scraped at the end is what stands in the database."""

from collections import Counter

from dispatcher.demo.receiver import Receiver
from tests.prometheus.conftest import Watch, Watched
from tests.support.host import Host

ENDPOINTS, DELIVERIES = 100, 10_000
ATTEMPTS = """
    select concat_ws(' ', endpoint_id, outcome, coalesce(http_status / 100 || 'xx', error_class)) as key, count(*)
    from outbound_webhooks.attempts group by 1
"""


def rows(host: Host) -> Counter[str]:
    """The attempts by endpoint, outcome and class."""
    return Counter({str(row["key"]): int(str(row["count"])) for row in host.rows(ATTEMPTS)})


async def counted(watched: Watched) -> Counter[str]:
    """The same by Prometheus, of both dispatchers together, once it has all of them."""
    by = "sum by (endpoint, outcome, class) (outbound_webhooks_endpoint_attempts_total)"
    samples = await watched.sees(f"({by}) and on () (sum(outbound_webhooks_attempts_total) >= {DELIVERIES})")
    return Counter(
        {f"{s.labels['endpoint']} {s.labels['outcome']} {s.labels['class']}": int(s.value) for s in samples if s.value}
    )


async def test_counters_are_the_attempts(host: Host, receiver: Receiver, watch: Watch) -> None:
    """10,000 deliveries over 100 endpoints, a fifth of which fail, by two dispatchers that are scraped meanwhile."""
    host.rows("update outbound_webhooks.settings set breaker_failures = 1000")
    receiver.answer_next(*[500] * DELIVERIES, path="/fails")
    for number in range(ENDPOINTS):
        path = "/fails" if number % 5 == 0 else "/answers"
        host.endpoint(receiver.url + path, clinic=f"clinic-{number}", retry_schedule=[0])

    async with watch() as watched:
        host.rows(
            "insert into payment_transactions (clinic_id) select 'clinic-' || n %% %s from generate_series(1, %s) as n",
            ENDPOINTS, DELIVERIES,
        )  # fmt: skip
        await receiver.wait_for_count(DELIVERIES, timeout=600)
        found = await counted(watched)
        scrapes = await watched.sees('sum(count_over_time(up{job="outbound-webhooks"}[10m]))')

    attempts = rows(host)
    assert attempts.total() == DELIVERIES
    assert found == attempts
    assert len(receiver.received) == DELIVERIES
    assert scrapes[0].value > 2
