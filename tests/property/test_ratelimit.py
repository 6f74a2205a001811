"""core.ratelimit: whatever comes when, no window has more than twice the quota, and what is refused may come later."""

from hypothesis import given
from hypothesis import strategies as st

from dispatcher.core.ratelimit import Limiter, Rule

RULES = st.builds(Rule, st.just("r"), st.integers(1, 20), st.floats(1, 3600))
GAPS = st.lists(st.floats(0, 100), min_size=1, max_size=100)


@given(RULES, GAPS)
def test_no_window_has_more(rule: Rule, gaps: list[float]) -> None:
    """At most quota + elapsed / step are let through from any moment on: twice the quota within a window."""
    limiter, now, passed = Limiter(), 0.0, []
    for gap in gaps:
        now += gap
        if limiter.take([("a", rule)], now).allowed:
            passed.append(now)

    for first, begun in enumerate(passed):
        for last in range(first, len(passed)):
            assert last - first + 1 <= rule.quota + (passed[last] - begun) / rule.step + 1e-3


@given(RULES, GAPS)
def test_what_is_told_is_true(rule: Rule, gaps: list[float]) -> None:
    """Who waits for as long as they were told is let through; who has some left is, too."""
    limiter, now = Limiter(), 0.0
    for gap in gaps:
        now += gap
        decision = limiter.take([("a", rule)], now)
        if not decision.allowed:
            now += decision.retry_in
            assert limiter.take([("a", rule)], now).allowed
        elif decision.remaining:
            assert limiter.take([("a", rule)], now).allowed
