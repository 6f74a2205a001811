"""telemetry.metrics by endpoint: who has a label, what becomes of what was counted under a lost one, how much it is."""

from prometheus_client.exposition import generate_latest

from dispatcher.telemetry import observations as o
from dispatcher.telemetry.metrics import Metrics
from tests.unit.examples import attempt, delivery, endpoint_stats, result, stats
from tests.unit.scraping import observed, samples, value

OK = {"outcome": "succeeded", "class": "2xx"}


def sent(endpoint_id: int, times: int = 1, kind: str = "succeeded", *, kept: bool = True) -> list[o.AttemptFinished]:
    """Attempts of an endpoint."""
    like = attempt(kind)
    return [o.AttemptFinished(delivery(endpoint_id=endpoint_id), like.result, like.verdict, kept)] * times


def chosen(*endpoint_ids: int) -> o.StatsRefreshed:
    """A snapshot that tells these endpoints from the others."""
    return stats(endpoints=tuple(endpoint_stats(each) for each in (*endpoint_ids, None)))


def by_label(metrics: Metrics) -> dict[str, float]:
    """Attempts by the endpoint label."""
    found: dict[str, float] = {}
    for (label, *_), count in samples(metrics, "endpoint_attempts_total").items():
        found[label] = found.get(label, 0) + count
    return found


def test_what_is_counted(metrics: Metrics) -> None:
    """Attempts by outcome and class, durations, latencies, dead deliveries: of each endpoint, as of all together."""
    observed(metrics, *sent(7, 2), *sent(7, kind="retried"), *sent(7, kind="dead"), *sent(8))
    observed(metrics, o.BreakerChanged(7, "clinic-1", True), o.BreakerChanged(7, "clinic-1", False))

    assert samples(metrics, "endpoint_attempts_total") == {
        ("7", "succeeded", "2xx"): 2, ("7", "failed", "5xx"): 1, ("7", "failed", "timeout"): 1,
        ("8", "succeeded", "2xx"): 1,
    }  # fmt: skip
    assert samples(metrics, "endpoint_attempt_duration_seconds_count") == {("7",): 4, ("8",): 1}
    assert samples(metrics, "endpoint_delivery_latency_seconds_count") == {("7",): 2, ("8",): 1}
    assert samples(metrics, "endpoint_deliveries_dead_total") == {("7",): 1, ("8",): 0}
    assert samples(metrics, "endpoint_breaker_openings_total") == {("7",): 1, ("8",): 0}


def test_a_result_that_came_too_late(metrics: Metrics) -> None:
    """It is an attempt; what became of its delivery is somebody else's to count."""
    observed(metrics, *sent(7, kept=False), *sent(7, kind="dead", kept=False))

    assert by_label(metrics) == {"7": 2}
    assert samples(metrics, "endpoint_delivery_latency_seconds_count") == {("7",): 0}
    assert samples(metrics, "endpoint_deliveries_dead_total") == {("7",): 0}


def test_buckets(metrics: Metrics) -> None:
    """A value counts in the bucket whose bound it equals, and in all above; the last has all."""
    for milliseconds in (50, 51, 30_000, 60_000):
        done = result(204, duration_ms=milliseconds)
        observed(metrics, o.AttemptFinished(delivery(), done, attempt("succeeded").verdict, kept=True))
    found = {
        le: value(metrics, "endpoint_attempt_duration_seconds_bucket", endpoint="7", le=le)
        for le in ("0.05", "0.1", "10.0", "30.0", "+Inf")
    }

    assert found == {"0.05": 1, "0.1": 2, "10.0": 2, "30.0": 3, "+Inf": 4}
    assert value(metrics, "endpoint_attempt_duration_seconds_sum", endpoint="7") == 90.101


def test_with_room_everybody_has_a_label() -> None:
    """Also one that the last snapshot does not know yet."""
    metrics = observed(Metrics("1.2.3", 2), chosen(1), *sent(1), *sent(2, 3))

    assert by_label(metrics) == {"1": 1, "2": 3}


def test_without_room_the_rest_share_one() -> None:
    """Who came first keeps its label; nobody is chosen that would need it."""
    metrics = observed(Metrics("1.2.3", 2), *sent(1), *sent(2), *sent(3, 4), *sent(4), *sent(1))

    assert by_label(metrics) == {"1": 2, "2": 1, "other": 5}
    assert value(metrics, "endpoint_labels_folded_total") == 0


def test_a_chosen_one_takes_a_label() -> None:
    """Of those that are not chosen the least counted gives its own up; its counts go on in the shared one."""
    metrics = observed(Metrics("1.2.3", 3), *sent(1), *sent(2, 5), *sent(3, 4, "dead"), chosen(1, 9), *sent(9, 2))

    assert by_label(metrics) == {"1": 1, "2": 5, "9": 2, "other": 4}
    assert samples(metrics, "endpoint_deliveries_dead_total")["other",] == 4
    assert value(metrics, "endpoint_labels_folded_total") == 1


def test_nobody_gives_up_a_label_for_nothing() -> None:
    """A choice alone moves nothing: only its first attempt makes somebody need a label."""
    metrics = observed(Metrics("1.2.3", 2), *sent(1), *sent(2), chosen(8, 9))

    assert by_label(metrics) == {"1": 1, "2": 1}


def test_who_comes_back_starts_from_nothing() -> None:
    """As after a restart: what it had counted before stays where it was added."""
    metrics = observed(Metrics("1.2.3", 1), *sent(1, 3), chosen(2), *sent(2), chosen(1), *sent(1))

    assert by_label(metrics) == {"1": 1, "other": 4}


def test_no_labels_at_all() -> None:
    """With 0 everything is counted together."""
    metrics = observed(Metrics("1.2.3", 0), chosen(), *sent(1), *sent(2, 2))

    assert by_label(metrics) == {"other": 3}


def scrape(most: int, endpoints: int) -> list[str]:
    """The lines of a scrape after each of so many endpoints was sent something, and its breaker opened."""
    metrics = Metrics("1.2.3", most)
    for endpoint_id in range(1, endpoints + 1):
        observed(metrics, *sent(endpoint_id), *sent(endpoint_id, kind="dead"), o.BreakerChanged(endpoint_id, "c", True))
    observed(metrics, chosen(*range(endpoints, endpoints - most, -1)), *sent(endpoints))
    return [line for line in generate_latest(metrics.registry).decode().splitlines() if not line.startswith("#")]


def test_a_scrape_does_not_grow_with_the_endpoints() -> None:
    """Ten endpoints beyond the labels or 4,900: as many series; and each label is some 40 of them."""
    few, many, without = scrape(100, 110), scrape(100, 5000), scrape(0, 5000)

    assert len(many) == len(few)
    assert len(many) - len(without) <= 100 * 40
    assert len(many) < 5000
