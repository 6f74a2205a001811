"""docs/alerts.md: every query of the runbook runs, as the role that it names."""

import re
from pathlib import Path

import pytest

from tests.support.host import Host

RUNBOOK = Path(__file__).parents[2] / "docs" / "alerts.md"
# Who runs an entry's queries, where it is not the monitor.
OTHERS = {
    "OutboundWebhooksCaptureErrors": "outbound_webhooks_admin",
    "OutboundWebhooksPartitionsOut": "outbound_webhooks_dispatcher",
}


def queries() -> dict[str, list[str]]:
    """The statements in SQL blocks, and those that stand in backticks and name what to choose, by the alert."""
    entries = re.split(r"^### (\w+)\n", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    return {
        name: [
            statement.strip()
            for block in re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
            for statement in block.split(";")
            if statement.strip()
        ]
        + re.findall(r"`(select \* from [^`]+|update [^`]+)`", text)
        for name, text in zip(entries[::2], entries[1::2], strict=True)
    }


@pytest.mark.parametrize("alert", sorted(name for name, found in queries().items() if found))
def test_queries(host: Host, alert: str) -> None:
    """Each of them, in a transaction that is rolled back."""
    for statement in queries()[alert]:
        role = "outbound_webhooks_owner" if statement.startswith("update") else OTHERS.get(alert)
        with host.connection.transaction(force_rollback=True):
            host.rows(f"set local role {role or 'outbound_webhooks_monitor'}")
            host.rows(statement)


def test_the_others_are_named() -> None:
    """Who is not the monitor is told so in the entry."""
    text = RUNBOOK.read_text()

    for alert, role in OTHERS.items():
        assert f"`{role}`" in text.split(f"### {alert}\n")[1].split("\n### ")[0]


def test_there_are_queries() -> None:
    """The test above has something to run."""
    assert sum(len(found) for found in queries().values()) > 15
