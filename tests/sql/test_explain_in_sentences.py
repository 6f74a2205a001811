"""explain(): the UI has a sentence for each of its answers, and reads from their words what it says."""

from collections.abc import Callable

import pytest

from dispatcher.admin.operations.explaining import Explanation
from dispatcher.admin.ui.language import translations
from dispatcher.admin.ui.sentences import Said
from dispatcher.admin.ui.wording.explanations import EXPLANATIONS
from tests.sql import explain_cases, test_explain_missing
from tests.sql.explaining import codes_of_the_page
from tests.sql.steps import Row
from tests.support.host import Host

# Of rows of watched tables, which no page of the UI is about.
OF_ROWS = {
    "in_ledger", "recaptured", "captured", "no_row", "capture_off", "source_off", "no_clinic",
    "clinic_without_endpoint", "watched_later", "capture_was_off", "source_was_off", "endpoint_later", "not_captured",
}  # fmt: skip

CASES: list[tuple[str, Callable[[Host], list[Row]]]] = [
    *((code, leads_there) for code, (leads_there, *_) in explain_cases.REACHED.items()),
    *((code, leads_there) for code, (leads_there, *_) in test_explain_missing.REACHED.items()),
]


def test_each_code_has_one() -> None:
    """All that docs/explain.md has, but for those about rows."""
    assert set(EXPLANATIONS) == codes_of_the_page() - OF_ROWS


@pytest.mark.parametrize(("code", "leads_there"), CASES)
def test_the_words_are_read(sandbox: Host, code: str, leads_there: Callable[[Host], list[Row]]) -> None:
    """What really happens is said in a sentence of the UI, and not in the words that it would fall back to."""
    for row in leads_there(sandbox):
        line = Explanation(*(row[name] for name in ("code", "words", "since", "until", "delivery_id")))

        said = Said(translations("en")).explained(line)

        assert said != line.words
        assert said.endswith(".")
        assert "%(" not in said
