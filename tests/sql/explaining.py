"""explain() and explain_row() as tests call them, and the codes that the functions and the documentation have."""

import re
from pathlib import Path

from tests.sql import steps
from tests.sql.steps import Row
from tests.support.host import Host

ROOT = Path(__file__).parents[2]


def explain(host: Host, event: object, endpoint: int) -> list[Row]:
    """Why an endpoint got an event, or not: the answer first."""
    return host.rows("select * from outbound_webhooks.explain(%s, %s)", event, endpoint)


def explain_row(host: Host, key: object, source: str = "payment_transactions") -> list[Row]:
    """What became of a row of a watched table."""
    return host.rows("select * from outbound_webhooks.explain_row(%s, %s)", source, str(key))


def codes(rows: list[Row]) -> list[str]:
    """The codes of an explanation, in order."""
    return [str(row["code"]) for row in rows]


def newest(host: Host) -> object:
    """The id of the event that was made last."""
    return host.value("select id from outbound_webhooks.events order by id desc limit 1")


def delivering(host: Host) -> int:
    """Delivery is on, with a dispatcher that lives; returns its id."""
    host.rows("select outbound_webhooks.begin_delivery('drain', 1000)")
    return steps.register(host)


def paid(host: Host) -> object:
    """A payment is created; the id of its event."""
    host.pay()
    return newest(host)


def codes_of_the_functions() -> set[str]:
    """Every code that stands in the functions: the second value of a numbered row."""
    texts = [path.read_text() for path in (ROOT / "sql_functions").glob("87_explain*.sql")]
    return {code for text in texts for code in re.findall(r"\(\d+, '([a-z_]+)', ", text)}


def codes_of_the_page() -> set[str]:
    """Every code in the tables of docs/explain.md."""
    return set(re.findall(r"^\| `([a-z_]+)` \|", (ROOT / "docs" / "explain.md").read_text(), re.MULTILINE))
