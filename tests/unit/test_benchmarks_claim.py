"""The arithmetic of the claim benchmark: where claims begin, what counts as met, which statement is explained."""

from pathlib import Path

import pytest

from benchmarks import claim_report
from benchmarks.claim_plans import statement_inside
from benchmarks.claim_report import CHANGED, CLEAN
from benchmarks.claim_session import CLAIMS, cursors
from benchmarks.claim_states import BEHIND, FULL, SHORT, SOME, SPARSE, TEN, Case, State, cases, visible

CLAIM_SQL = Path(__file__).parents[2] / "sql_functions" / "40_claim_deliveries.sql"


@pytest.mark.parametrize(("state", "endpoints"), [(SOME, 100), (TEN, 10), (SPARSE, 10_000), (BEHIND, 101)])
def test_each_claim_has_enough_endpoints_in_front_of_it(state: State, endpoints: int) -> None:
    """Or it would get fewer than 200 rows. Ids do not begin with 1, and have no gaps."""
    ids = list(range(1001, 1001 + endpoints))

    found = cursors(ids, state)

    assert len(found) == CLAIMS
    assert found[0] == 0
    assert all(sum(number > cursor for number in ids) >= state.serves for cursor in found)


def test_claims_begin_all_over_the_endpoints() -> None:
    """As the rounds of a rotation do."""
    assert cursors(list(range(1, 101)), SOME) == [0, 10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert cursors(list(range(1, 11)), TEN) == [0] * CLAIMS


@pytest.mark.parametrize(
    ("changed", "at_most", "said"), [(1.5, 1.5, "met"), (1.6, 1.5, "**not met**"), (9.0, None, "shown")]
)
def test_verdicts(changed: float, at_most: float | None, said: str) -> None:
    """By the median of the ratios of each repetition, whatever the machine did in between."""
    case = Case("a case", SOME, SOME, at_most)
    times = {CLEAN: [1.0, 10.0, 100.0], CHANGED: [changed, 10 * changed, 900.0]}

    assert claim_report.verdict(case, times)[0].startswith(f"{changed:.2f} (")
    assert claim_report.verdict(case, times)[2] == said


def test_dead_rows_above_a_watermark() -> None:
    """10 seconds of 1,000 a second, and never more than there are."""
    assert visible(FULL) == visible(SHORT) == 10_000
    assert len({case.name for case in cases(FULL)}) == len(cases(FULL))


def test_the_statement_of_the_function_is_found() -> None:
    """All of it, with parameters for its arguments and nothing else of plpgsql."""
    source = CLAIM_SQL.read_text().partition("as $$\n")[2].partition("$$;")[0]
    names = ["p_dispatcher_id", "p_limit", "p_visits", "p_after_endpoint_id", "p_watermark"]

    statement = statement_inside(source, names)

    assert statement.lstrip().startswith("with recursive visited")
    assert "d.endpoint_id > $4" in statement
    assert "v.next_attempt_at <= $6" in statement
    assert not any(name in statement for name in [*names, "v_now"])
