"""docs/authentication.md says what the program does: errors, limits, and the host's function."""

import re
from pathlib import Path

from dispatcher.admin.limits import OWN_RULES, PERSON_RULE, REFUSALS, RateClass
from dispatcher.admin.problems import CODES
from tests.admin.test_membership import HOST
from tests.unit.test_docs import DOCS, table

PAGE: Path = DOCS / "authentication.md"


def test_errors() -> None:
    """Every code with its status, and no other."""
    rows = {name: cells for name, cells in table(PAGE).items() if cells[0].isdigit()}

    assert {name: int(cells[0]) for name, cells in rows.items()} == {
        code: int(status) for code, (status, _) in CODES.items()
    }


def test_limits() -> None:
    """Every class, and what an address may get wrong."""
    found = re.findall(r"^\| ([a-z ,]+) \| (\d+) in (\d+) s \|", PAGE.read_text(), re.MULTILINE)
    words = {
        "reading": OWN_RULES[RateClass.READ],
        "changing": OWN_RULES[RateClass.WRITE],
        "asking for portal sessions": OWN_RULES[RateClass.PORTAL],
        "asking for them for one person": PERSON_RULE,
        "opening them, and signing in": OWN_RULES[RateClass.LOGIN],
        "test sends": OWN_RULES[RateClass.TEST],
        "wrong keys, tokens and cookies": REFUSALS,
    }

    assert [(name, int(quota), float(window)) for name, quota, window in found] == [
        (name, rule.quota, rule.window) for name, rule in words.items()
    ]


def test_the_hosts_function() -> None:
    """The one that the page shows is the one that is tested."""
    shown = "\n".join(re.findall(r"^ {4}(.*)$", PAGE.read_text(), re.MULTILINE))

    assert HOST[HOST.index("create or replace") :].strip() in shown
