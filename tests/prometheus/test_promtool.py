"""promtool is content: with what dispatchers serve, with the configuration, and with each case of the rules."""

import asyncio
import re
import urllib.request
from pathlib import Path

import pytest

from dispatcher.demo.receiver import Receiver
from tests.prometheus.conftest import Watch
from tests.support.host import Host
from tests.support.monitoring import CASES, RULES, rules
from tests.support.prometheus import CONFIGURATION, faster, promtool


def test_rules() -> None:
    """The rules are right by themselves, and their tests' faster form is, too."""
    count = len(rules("alert")) + len(rules("record"))

    assert f"SUCCESS: {count} rules found" in promtool("check", "rules", RULES)


def test_configuration() -> None:
    """The example of a scrape configuration finds the rules."""
    assert "1 rule files found" in promtool("check", "config", CONFIGURATION)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_cases(path: Path) -> None:
    """Each alert fires at the minute in which it is due and not before, and not where it must not."""
    assert "SUCCESS" in promtool("test", "rules", path)


def test_faster() -> None:
    """The faster form changes durations, and nothing else."""
    text = RULES.read_text()
    changed = faster(text)
    pairs = list(zip(text.splitlines(), changed.splitlines(), strict=True))
    durations = re.compile(r"\d+(?:ms|[smhd])\b")

    assert [durations.sub("", old) for old, _ in pairs] == [durations.sub("", new) for _, new in pairs]
    assert not re.search(r"(?:for|interval): \d+[smhd]$|\[\d+[smhd]\]", changed, re.MULTILINE)
    assert faster("    for: 1d\n    expr: rate(x[5m] offset 1h) > 15") == (
        "    for: 1440000ms\n    expr: rate(x[5000ms] offset 60000ms) > 15"
    )


def read(url: str) -> str:
    """What is served there."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    assert isinstance(text, str)
    return text


async def test_metrics(host: Host, receiver: Receiver, watch: Watch) -> None:
    """What a dispatcher serves after it has delivered and failed passes Prometheus' own linter."""
    host.endpoint(receiver.url + "/")
    receiver.answer_next(500)
    async with watch() as watched:
        host.pay()
        host.pay()
        await watched.sees("sum(outbound_webhooks_attempts_total) >= 2")
        targets = watched.prometheus.ask("targets")["activeTargets"]
        served = [await asyncio.to_thread(read, target["scrapeUrl"]) for target in targets]

    assert len(served) == 2
    for text in served:
        promtool("check", "metrics", stdin=text)
