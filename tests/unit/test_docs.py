"""What the documentation names exists, and what a user can set, scrape or run is named."""

import argparse
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatcher.__main__ import _parser
from dispatcher.commands import watching
from dispatcher.commands.watch_options import watch_parameters
from dispatcher.config import PREFIX, describe
from tests.unit.scraping import full

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path for path in [*ROOT.glob("*.md"), *DOCS.rglob("*.md")] if path.name != "CHANGELOG.md")
SERIES = ("_bucket", "_count", "_sum")  # of a histogram, in a query


def table(page: Path) -> dict[str, list[str]]:
    """The rows of a page's tables, by the name in their first column; backticks are taken off."""
    rows = re.findall(r"^\| `(.+?)` \|(.*)\|$", page.read_text(), re.MULTILINE)
    assert len(rows) == len(dict(rows)), f"{page.name} names something twice"
    return {name: [cell.strip().replace("`", "") for cell in rest.split(" | ")] for name, rest in rows}


def code(page: Path) -> list[str]:
    """What a page has in code: the lines of its blocks, and what stands in backticks."""
    text = page.read_text()
    fenced = re.findall(r"^```.*?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    indented = re.findall(r"^ {4}(\S.*)$", text, re.MULTILINE)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return [*"\n".join(fenced).splitlines(), *indented, *inline]


def test_settings() -> None:
    """docs/settings.md has every setting with its default, as --help says it, and a reason."""
    described = re.findall(rf"^  ({PREFIX}\w+) \((?:default: )?(.*)\)$", describe(), re.MULTILINE)
    rows = table(DOCS / "settings.md")

    assert {name: cells[0] for name, cells in rows.items()} == dict(described)
    assert all(len(cells) == 2 and cells[1].endswith(".") for cells in rows.values())


def test_metrics() -> None:
    """docs/metrics.md has every metric by the name it is scraped under, with its type and its labels, and a reason."""
    exposed = {
        family.name + ("_total" if family.type == "counter" else ""): (
            family.type,
            {label for sample in family.samples for label in sample.labels} - {"le"},
        )
        for family in full().registry.collect()
    }
    rows = table(DOCS / "metrics.md")

    assert {name: (cells[0], set(cells[1].split(", ")) - {"-"}) for name, cells in rows.items()} == exposed
    assert all(len(cells) == 3 and cells[2].endswith(".") for cells in rows.values())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_unknown_setting(page: Path) -> None:
    """No page names a setting that there is not; the tests' own is named to those who run them."""
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]", page.read_text()))

    assert named <= {*table(DOCS / "settings.md"), f"{PREFIX}TEST_DATABASE_URL"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_unknown_metric(page: Path) -> None:
    """No page names a metric that there is not; a histogram's series are known, and the roles of the database."""
    known = table(DOCS / "metrics.md")
    named = set(re.findall(r"\boutbound_webhooks_[a-z_]*[a-z]", page.read_text()))
    roles = {f"outbound_webhooks_{role}" for role in ("owner", "dispatcher", "admin", "monitor", "clinic")}
    histograms = {name + ending for name, cells in known.items() if cells[0] == "histogram" for ending in SERIES}

    assert named <= known.keys() | histograms | roles


def targets() -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets(page: Path) -> None:
    """Every `make ...` that a page shows is a target; so is what follows it, but for variables and a remark."""
    shown = [re.match(r"(?:\$ )?make((?: +[\w=.-]+)*)", line) for line in code(page)]
    words = {word for match in shown if match for word in match[1].split() if "=" not in word}

    assert words - targets() == set()


def commands() -> set[str]:
    """The commands of the program."""
    (found,) = (action for action in _parser()._actions if isinstance(action, argparse._SubParsersAction))
    return set(found.choices)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page: Path) -> None:
    """Every `outbound-webhooks ...` or `python -m dispatcher ...` that a page shows is a command."""
    program = r"(?:\$ )?(?:\w+=\S+ )*(?:\S*/)?(?:outbound-webhooks|python3? -m dispatcher) +([a-z][a-z-]*)"
    shown = [re.match(program, line) for line in code(page)]
    words = {match[1] for match in shown if match}

    assert words - commands() == set()


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """A parser and those of its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                yield from parsers(child)


def command_lines(page: Path) -> list[list[str]]:
    """The command lines in a page's indented blocks, as a shell would split them; one may go on over several lines."""
    found, pending = [], ""
    for line in re.findall(r"^ {4}(.*)$", page.read_text(), re.MULTILINE):
        pending = f"{pending} {line}" if pending else line
        if pending.endswith("\\"):
            pending = pending[:-1]
            continue
        if pending.startswith(("outbound-webhooks ", "python -m dispatcher ")):
            try:
                words = shlex.split(pending, comments=True)
            except ValueError:  # a quote is still open
                continue
            found.append(words[3 if words[0] == "python" else 1 :])
        pending = ""
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_command_lines(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command line that a page shows in a block is one that the program takes."""

    def refuse(parser: argparse.ArgumentParser, message: str) -> None:
        raise AssertionError(f"{page.name}: {parser.prog}: {message}")

    monkeypatch.setattr(argparse.ArgumentParser, "error", refuse)
    for words in command_lines(page):
        arguments = _parser().parse_args(words)
        if arguments.command is watching.watch:
            watch_parameters(arguments)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options(page: Path) -> None:
    """Every option that a page names by itself is an option of some command."""
    known = {option for parser in parsers(_parser()) for option in parser._option_string_actions}
    named = {word for line in code(page) if line.startswith("--") for word in line.split() if word.startswith("--")}

    assert named - known <= {"--"}


@pytest.mark.parametrize(
    ("page", "about"),
    [
        ("capture.md", ("watch", "unwatch", "capture", "switches", "doctor", "payload preview", "recapture")),
        ("audit.md", ("audit",)),
        ("reconcile.md", ("reconcile",)),
        ("operations.md", ("retry", "replay", "replays", "replay-stop", "replay-resume", "cancel")),
    ],
)
def test_every_option_is_named(page: str, about: tuple[str, ...]) -> None:
    """A page has every option of the commands that it is about."""
    text = (DOCS / page).read_text()
    options = {
        option
        for parser in parsers(_parser())
        if parser.prog.removeprefix("outbound-webhooks ") in about
        for option in parser._option_string_actions
        if option not in ("-h", "--help")
    }

    assert {option for option in options if not re.search(rf"{option}\b", text)} == set()


def test_every_command_is_named() -> None:
    """Some page has each command."""
    everywhere = "\n".join(line for path in PAGES for line in code(path))

    assert {name for name in commands() if not re.search(rf"outbound-webhooks {name}\b", everywhere)} <= {"demo"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths(page: Path) -> None:
    """Every file of ours that a page names, or links to, is there."""
    text = page.read_text()
    named = re.findall(r"`((?:sql_functions|dispatcher|migrations|tests|docs|examples)/[^`\s]+)`", text)
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", text)

    assert [path for path in named if not any(ROOT.glob(path))] == []
    assert [path for path in linked if not (page.parent / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_anchors(page: Path) -> None:
    """Every link to a heading leads to one."""
    for path, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#([^)]+)\)", page.read_text()):
        target = page.parent / path if path else page
        headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)

        assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_pages_show_commands_and_targets() -> None:
    """The tests above find something to look at."""
    lines = {line for page in PAGES for line in code(page)}

    assert "outbound-webhooks generate-master-key" in lines
    assert any(line.startswith("make test") for line in lines)
    assert len(command_lines(DOCS / "capture.md")) > 15


def finding_codes() -> dict[str, str]:
    """The doctor's codes, and the file that each is in: words joined by dashes, which no other text there is."""
    quoted = r"""['"]([a-z]+(?:-[a-z]+)+)['"]"""
    files = [*ROOT.glob("sql_functions/91_*.sql"), *ROOT.glob("dispatcher/examination/*.py")]
    return {code: file.name for file in files for code in re.findall(quoted, file.read_text())}


def test_findings() -> None:
    """docs/doctor.md has every code of a finding and no other: its severities, what it means and what mends it."""
    rows = table(DOCS / "doctor.md")

    assert rows.keys() == finding_codes().keys()
    assert all(set(cells[0].split(", ")) <= {"problem", "warning", "note"} for cells in rows.values())
    assert all(len(cells) == 3 and cells[1].endswith(".") and cells[2].endswith(".") for cells in rows.values())


@pytest.mark.parametrize("code", sorted(finding_codes()))
def test_every_finding_is_reached(code: str) -> None:
    """Some test of the doctor, in the database or around it, makes the fault and finds this code."""
    pages = list(ROOT.glob("tests/*/test_doctor*.py"))

    assert any(re.search(rf"""['"]{code}['"]""", page.read_text()) for page in pages)
