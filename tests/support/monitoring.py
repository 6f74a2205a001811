"""What stands in monitoring/: the alerts of the rules, and the panels and expressions of the dashboards.

The rules are YAML, of which the tests have no reader: they go by its indentation, and promtool reads it whole.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MONITORING = Path(__file__).parents[2] / "monitoring"
RULES = MONITORING / "prometheus" / "outbound_webhooks.rules.yml"
CASES = sorted((MONITORING / "prometheus" / "tests").glob("*.test.yml"))
DASHBOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))

# A metric of ours, and what its braces select; recorded series have colons in their names.
_SELECTED = re.compile(r"(?<![\w:.])(outbound_webhooks_\w+)(?![\w:])(?:\{([^}]*)\})?")
_RECORDED = re.compile(r"(?<![\w:])\w+:outbound_webhooks_\w+:\w+")


def rules(kind: str) -> dict[str, str]:
    """The text of each rule by its name; `kind` is alert or record."""
    text = re.sub(r"^ *#.*\n", "", RULES.read_text(), flags=re.MULTILINE)
    parts = re.split(r"^      - (alert|record): (\S+)\n|^  - name: .*\n", text, flags=re.MULTILINE)
    found = list(zip(parts[1::3], parts[2::3], parts[3::3], strict=True))
    names = [name for sort, name, _ in found if sort == kind]
    assert len(names) == len(set(names))
    return {name: body for sort, name, body in found if sort == kind}


def metrics_in(text: str) -> set[tuple[str, frozenset[str]]]:
    """The metrics of ours in an expression, each with the labels that it is selected by."""
    return {
        (name, frozenset(re.findall(r"(\w+) *(?:=~|!~|!=|=)", selector or "")))
        for name, selector in _SELECTED.findall(text)
    }


def recorded_in(text: str) -> set[str]:
    """The recorded series in an expression."""
    return set(_RECORDED.findall(text))


@dataclass(frozen=True)
class Panel:
    """A panel of a dashboard: where it is from, and its JSON."""

    board: str
    json: dict[str, Any]

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.board}: {self.json['title']}"

    @property
    def expressions(self) -> list[str]:
        """What it asks Prometheus."""
        return [target["expr"] for target in self.json.get("targets", [])]


def dashboard(path: Path) -> dict[str, Any]:
    """A dashboard's JSON."""
    found = json.loads(path.read_text())
    assert isinstance(found, dict)
    return found


def panels() -> Iterator[Panel]:
    """Every panel of every dashboard but the headings of rows."""
    for path in DASHBOARDS:
        yield from (Panel(path.stem, panel) for panel in dashboard(path)["panels"] if panel["type"] != "row")
