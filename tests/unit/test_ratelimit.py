"""core.ratelimit: so many at once, and as many again within the window; bounded memory."""

import pytest

from dispatcher.core.ratelimit import Limiter, Rule

TEN = Rule("ten", 10, 60)
FIVE = Rule("five", 5, 60)


def taken(limiter: Limiter, *buckets: tuple[str, Rule], now: float, tries: int = 100) -> int:
    """How many of so many requests at one moment are let through."""
    return sum(limiter.take(buckets, now).allowed for _ in range(tries))


def test_a_burst_and_its_refill() -> None:
    """Ten at once; then one each six seconds; after a minute ten again, and never more."""
    limiter = Limiter()

    assert taken(limiter, ("a", TEN), now=0) == 10
    assert taken(limiter, ("a", TEN), now=5.9) == 0
    assert taken(limiter, ("a", TEN), now=6) == 1
    assert taken(limiter, ("a", TEN), now=66) == 10
    assert taken(limiter, ("a", TEN), now=1e6) == 10


def test_what_the_decision_says() -> None:
    """How many are left, when it is full again, when to come again."""
    limiter = Limiter()
    first = limiter.take([("a", TEN)], 100)
    taken(limiter, ("a", TEN), now=100)
    refused = limiter.take([("a", TEN)], 101)

    assert (first.allowed, first.remaining, first.full_in, first.retry_in) == (True, 9, 6, 0)
    assert (refused.allowed, refused.remaining) == (False, 0)
    assert refused.retry_in == pytest.approx(5)
    assert limiter.take([("a", TEN)], 101 + refused.retry_in).allowed


def test_several_buckets() -> None:
    """All let it through, or none of them counts it; the tightest one speaks."""
    limiter = Limiter()

    assert taken(limiter, ("key", TEN), ("clinic", FIVE), now=0) == 5
    assert limiter.take([("key", TEN), ("clinic", FIVE)], 0).rule is FIVE
    assert taken(limiter, ("key", TEN), now=0) == 5


def test_each_has_its_own() -> None:
    """What one took the other does not miss."""
    limiter = Limiter()

    assert taken(limiter, ("a", TEN), now=0) == 10
    assert taken(limiter, ("b", TEN), now=0) == 10
    assert taken(limiter, ("a", FIVE), now=0) == 5


def test_memory_is_bounded() -> None:
    """A million addresses cost no more than the most; who is busy is not forgotten for one that came once."""
    limiter, busy = Limiter(most=100), ("busy", Rule("busy", 300, 60))

    for number in range(10_000):
        limiter.take([(f"address {number}", FIVE)], 0)
        if number % 50 == 0:
            assert limiter.take([busy], 0).allowed

    assert len(limiter) == 100
    assert limiter.take([busy], 0).remaining == 300 - 201
