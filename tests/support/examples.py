"""Hypothesis, told what a test of this project is: no judge of speed; the same every time, but in `make test-fuzz`."""

import os

from hypothesis import HealthCheck, settings


def register() -> None:
    """Register the two profiles, and take the everyday one; --hypothesis-profile=fuzz takes the other.

    FUZZ_EXAMPLES asks that one for so many examples, and for the same in every run.
    """
    examples = os.environ.get("FUZZ_EXAMPLES")
    everyday = settings(
        derandomize=True,  # the same examples in every run
        database=None,
        deadline=None,
        max_examples=200,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.register_profile("project", everyday)
    settings.register_profile(
        "fuzz", everyday, derandomize=examples is not None, max_examples=int(examples or 10_000), print_blob=True
    )
    settings.load_profile("project")
