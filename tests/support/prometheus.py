"""A real Prometheus on our scrape configuration and our rules, and promtool."""

import json
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dispatcher.lifetime import die_with_parent
from tests.support.monitoring import MONITORING, RULES
from tests.support.ops import free_port

CONFIGURATION = MONITORING / "prometheus" / "prometheus.yml"
INSTALL = "{} is missing: apt install prometheus"
PAUSE_SECONDS = 0.1

# What a minute of the rules lasts in the tests: every duration of a rule is that much shorter, and no threshold is.
FASTER = 60
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
# A duration stands behind for:, keep_firing_for:, interval: and offset, and as a range in brackets.
_DURATION = re.compile(r"((?:for|interval): +|\[|offset )(\d+)([smhd])\b")


def faster(rules: str) -> str:
    """The same rules with every duration a sixtieth, in milliseconds: nothing else is changed."""
    return _DURATION.sub(lambda found: f"{found[1]}{int(found[2]) * _SECONDS[found[3]] * 1000 // FASTER}ms", rules)


def program(name: str) -> str:
    """Where prometheus or promtool is.

    Raises:
        RuntimeError: it is not installed; the message says how.
    """
    found = shutil.which(name)
    if found is None:
        raise RuntimeError(INSTALL.format(name))
    return found


def promtool(*words: str | Path, stdin: str | None = None) -> str:
    """Run promtool; returns what it prints.

    Raises:
        AssertionError: it is not content; the message is what it said.
    """
    ended = subprocess.run([program("promtool"), *words], input=stdin, capture_output=True, text=True, timeout=280)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@dataclass(frozen=True)
class Sample:
    """One series of an answer: its labels, and its value."""

    labels: dict[str, str]
    value: float


@dataclass(frozen=True)
class Prometheus:
    """A running one."""

    url: str

    def ask(self, path: str, **parameters: str) -> Any:
        """What its HTTP API answers.

        Raises:
            AssertionError: it refused; the message says why.
        """
        query = urllib.parse.urlencode(parameters)
        try:
            with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{query}", timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from error

    def query(self, expression: str) -> list[Sample]:
        """An expression's value at this moment, which is not NaN."""
        found = self.ask("query", query=expression)
        assert found["resultType"] == "vector", expression
        samples = [Sample(series["metric"], float(series["value"][1])) for series in found["result"]]
        return [sample for sample in samples if sample.value == sample.value]

    def wait_for(self, expression: str, timeout: float = 90) -> list[Sample]:
        """Wait until an expression has a value.

        Raises:
            AssertionError: it has none within `timeout` seconds; the message has the alerts of that moment.
        """
        deadline = time.monotonic() + timeout
        while not (found := self.query(expression)):
            assert time.monotonic() < deadline, f"{expression} stays empty; alerts: {self.ask('alerts')}"
            time.sleep(PAUSE_SECONDS)
        return found

    def fired(self, since: float) -> set[str]:
        """The names of all alerts that have fired since then, a time of its own clock (as of `time()`)."""
        (now,) = self.query("vector(time())")
        milliseconds = round((now.value - since) * 1000)
        firing = self.query(f'last_over_time(ALERTS{{alertstate="firing"}}[{milliseconds}ms])')
        return {sample.labels["alertname"] for sample in firing}

    def failing_rules(self) -> list[str]:
        """The rules whose last evaluation failed, and why."""
        return [
            f"{rule['name']}: {rule.get('lastError')}"
            for group in self.ask("rules")["groups"]
            for rule in group["rules"]
            if rule["health"] == "err"
        ]


def configuration(ports: Sequence[int]) -> str:
    """Our scrape configuration, every second, at these ports of this machine."""
    text = re.sub(r"_interval: 15s", "_interval: 1s", CONFIGURATION.read_text())
    targets = "".join(f"\n          - localhost:{port}" for port in ports)
    changed, count = re.subn(r"(- targets:)(\n +- localhost:946\d)+", rf"\1{targets}", text)
    assert count == 1
    return changed


@contextmanager
def run_prometheus(folder: Path, ports: Sequence[int]) -> Iterator[Prometheus]:
    """Run one with our configuration and our rules, sixty times as fast, in a folder of its own.

    Args:
        ports: of the dispatchers.
    """
    (folder / "prometheus.yml").write_text(configuration(ports))
    (folder / RULES.name).write_text(faster(RULES.read_text()))
    port = free_port()
    words = [
        program("prometheus"), f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent(signal.SIGKILL)
        )
    try:
        _await_ready(process, f"http://127.0.0.1:{port}", folder / "log")
        yield Prometheus(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait(timeout=30)


def _await_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"{url}/-/ready", timeout=5).close()
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"prometheus did not start ({error}); its log: {log.read_text()[-2000:]}") from error
            time.sleep(PAUSE_SECONDS)
