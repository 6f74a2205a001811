"""Rules and dashboards name what there is, and each alert has a runbook entry and cases. Needs no Prometheus."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.monitoring import (
    CASES,
    DASHBOARDS,
    MONITORING,
    RULES,
    dashboard,
    metrics_in,
    panels,
    recorded_in,
    rules,
)
from tests.unit.test_docs import DOCS, SERIES, table

SCRAPED = {"instance", "job"}  # labels that Prometheus adds
RUNBOOK = DOCS / "alerts.md"
ALERTS = rules("alert")
CHOSEN = ("panel", [pytest.param(panel, id=panel.name) for panel in panels()])


def known() -> dict[str, set[str]]:
    """The series that there are, each with its labels: docs/metrics.md, which test_docs.py holds to the code."""
    found: dict[str, set[str]] = {}
    for name, (kind, labels, _) in table(DOCS / "metrics.md").items():
        own = set(labels.split(", ")) - {"-"}
        if kind == "histogram":
            found |= {name + ending: own | ({"le"} if ending == "_bucket" else set()) for ending in SERIES}
        else:
            found[name] = own
    return found


def unknown(text: str) -> set[tuple[str, frozenset[str]]]:
    """What an expression asks for and nobody exposes: a metric, or a label of one."""
    series = known()
    return {(name, by) for name, by in metrics_in(text) if name not in series or by - series[name] - SCRAPED}


@pytest.mark.parametrize("kind", ["alert", "record"])
def test_rules_know_their_metrics(kind: str) -> None:
    """Every metric and label in a rule, in its expression or in what it says, is one that is exposed or recorded."""
    text = "\n".join(rules(kind).values())

    assert unknown(text) == set()
    assert recorded_in(text) <= set(rules("record"))
    assert len(metrics_in(text)) >= 2


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_cases_know_their_metrics(path: Path) -> None:
    """A case about a series that nobody exposes would show nothing."""
    assert unknown(path.read_text()) == set()


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_is_complete(alert: str) -> None:
    """Whom it is for, what it says, and where its runbook entry is."""
    body = ALERTS[alert]

    assert len(re.findall(r"^          severity: (?:page|ticket)$", body, re.MULTILINE)) == 1
    assert len(re.findall(r"^          (?:summary|description): \S", body, re.MULTILINE)) == 2
    assert f"runbook_url: docs/alerts.md#{alert.lower()}\n" in body


def test_runbook() -> None:
    """Each alert has an entry, and each entry is about an alert; both agree whether it pages."""
    entries = dict(re.findall(r"^### (\w+)\n\n\*\*(page|ticket)\.\*\*", RUNBOOK.read_text(), re.MULTILINE))
    severities = {alert: re.findall(r"severity: (\w+)", body)[0] for alert, body in ALERTS.items()}

    assert entries == severities
    assert len(re.findall(r"^### ", RUNBOOK.read_text(), re.MULTILINE)) == len(entries)


def test_runbook_says_how() -> None:
    """Each entry says how to look and what to do."""
    for entry in RUNBOOK.read_text().split("\n### ")[1:]:
        assert re.search(r"^Look\b", entry, re.MULTILINE), entry
        assert re.search(r"^(?:Do: |Look and do: )", entry, re.MULTILINE), entry


@pytest.mark.parametrize("alert", ALERTS)
def test_alert_has_cases(alert: str) -> None:
    """In one at least it fires, in another it must not; promtool runs them (tests/prometheus)."""
    names = [name for path in CASES for name in re.findall(r"^  - name: '(.+)'$", path.read_text(), re.MULTILINE)]

    assert any(name.startswith(f"{alert} fires: ") for name in names)
    assert any(name.startswith(f"{alert} must not: ") for name in names)


def test_alerts_are_told_in_docs() -> None:
    """What the pages and the test of alerts call an alert is one."""
    named = {word for page in DOCS.glob("*.md") for word in re.findall(r"\bOutboundWebhooks\w+", page.read_text())}

    assert named == set(ALERTS)


def test_the_job_is_the_one_of_the_rules() -> None:
    """Only the job that the rules know is missed."""
    scraped = re.findall(r"job_name: (\S+)", (MONITORING / "prometheus" / "prometheus.yml").read_text())

    assert set(re.findall(r'job="([^"]+)"', RULES.read_text())) == set(scraped) == {"outbound-webhooks"}


@pytest.mark.parametrize(*CHOSEN)
def test_panel_knows_its_metrics(panel: Any) -> None:
    """Every metric, label and recorded series of a panel is there."""
    text = "\n".join(panel.expressions)

    assert unknown(text) == set()
    assert recorded_in(text) <= set(rules("record"))
    assert panel.expressions


@pytest.mark.parametrize(*CHOSEN)
def test_panel_is_complete(panel: Any) -> None:
    """It says what it shows, in which unit, from the chosen data source; a rate's range is Grafana's to say."""
    own = {"type": "prometheus", "uid": "${datasource}"}

    assert panel.json["title"]
    assert panel.json["description"].endswith(".")
    assert panel.json["fieldConfig"]["defaults"]["unit"]
    assert [source["datasource"] for source in (panel.json, *panel.json["targets"])] == [own] * (
        1 + len(panel.json["targets"])
    )
    for expression in panel.expressions:
        assert set(re.findall(r"\brate\([^\[]*\[([^\]]+)\]", expression)) <= {"$__rate_interval"}


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_dashboard(path: Path) -> None:
    """Classic JSON that Grafana 10 and later import, with a data source to choose and no other one in it."""
    found = dashboard(path)
    variables = {variable["name"]: variable for variable in found["templating"]["list"]}
    used = set(re.findall(r'"\$(\w+)\\"', path.read_text())) - {"__rate_interval", "__range"}

    assert 39 <= found["schemaVersion"] <= 42
    assert found["uid"] == f"outbound-webhooks-{path.stem}"
    assert found["tags"] == ["outbound-webhooks"]
    assert found["refresh"] == "30s"
    assert next(iter(variables)) == "datasource"
    assert used <= set(variables)
    assert set(re.findall(r'"uid": "([^"]+)"', path.read_text())) == {"${datasource}", found["uid"]}
    assert all(unknown(variable.get("definition", "")) == set() for variable in variables.values())


@pytest.mark.parametrize("name", ["overview", "endpoint"])
def test_variables(name: str) -> None:
    """Clinic and endpoint can be chosen, and choosing a clinic leaves its endpoints."""
    variables = {
        variable["name"]: variable
        for variable in dashboard(MONITORING / "grafana" / "dashboards" / f"{name}.json")["templating"]["list"]
    }

    assert list(variables) == ["datasource", "clinic", "endpoint"]
    assert "$clinic" in variables["endpoint"]["definition"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_grid(path: Path) -> None:
    """Panels have ids of their own, lie within the 24 columns, and none lies on another."""
    shown = dashboard(path)["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in shown)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len({panel["id"] for panel in shown}) == len(shown)
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24
