"""Hypothesis, told what a test of this project is: the same every time, and no judge of speed."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "project",
    derandomize=True,  # the same examples in every run
    database=None,
    deadline=None,
    max_examples=200,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")
