"""SECURITY.md: what it says is defended by a test has that test; and what the package requires for it."""

import ast
import re
import tomllib
from pathlib import Path

import aiohttp
import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)`(?: \(`(\w+)`\))?", (ROOT / "SECURITY.md").read_text())))


def test_tests_are_named() -> None:
    """Every row of a table about threats names a test."""
    rows = re.findall(r"^\| threat .*\n\|---.*\n((?:\|.*\n)+)", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    threats = "".join(rows).splitlines()

    assert len(threats) > 20
    assert [row for row in threats if "`tests/" not in row.split(" | ")[-1]] == []


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_the_named_tests_exist(file: str, function: str) -> None:
    """The file is there and has tests; so is the test, where one is named."""
    tree = ast.parse((ROOT / file).read_text())
    found = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}

    assert any(name.startswith("test_") for name in found)
    assert not function or function in found


def test_the_http_client_is_recent_enough() -> None:
    """The package requires an aiohttp without the holes that are known, and that is what runs here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (required,) = (found for found in map(Requirement, project["dependencies"]) if found.name == "aiohttp")

    assert not required.specifier.contains("3.14.2")
    assert Version(aiohttp.__version__) >= Version("3.14.3")
