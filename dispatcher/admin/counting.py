"""A bound on what counts: a dry run may take long where there is much, and holds a connection of the pool."""

from collections.abc import Iterator
from contextlib import contextmanager

from dispatcher.admin.deps import Deps, Visit
from dispatcher.admin.problems import Problem


@contextmanager
def counting(deps: Deps, visit: Visit) -> Iterator[None]:
    """A place among those who have something counted: one of a clinic, and half of the pool's connections at most.

    Raises:
        Problem: there is none at this moment.
    """
    whose = visit.principal.limited_as if visit.clinic_id is None else f"clinic {visit.clinic_id}"
    if whose in deps.counting or len(deps.counting) >= max(1, deps.pool.max_size // 2):
        raise Problem("unavailable", "Other deliveries are being counted. Try again.", headers={"Retry-After": "5"})
    deps.counting.add(whose)
    try:
        yield
    finally:
        deps.counting.remove(whose)
