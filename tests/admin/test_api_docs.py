"""docs/api.md: its examples are run in their order, by bash and curl, against a running service."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from dispatcher.admin.routes import JSON, Route
from dispatcher.admin.table import ROUTES
from tests.admin.client import API, Api
from tests.admin.conftest import StartApi
from tests.admin.contract import route_of
from tests.admin.sends import answering
from tests.sql.clinics import populate
from tests.support.host import Host
from tests.unit.test_docs import DOCS

PAGE = (DOCS / "api.md").read_text()
CLINIC = "7"
SHOWN = "http://127.0.0.1:9463"

# The status goes below the answer, where we find it.
PRELUDE = r"""curl() { command curl --silent --show-error --write-out '\n%{http_code}' "$@"; }"""
# A block, or a comment that says which value of an answer the examples that follow call by a name.
_PIECES = re.compile(r"^((?: {4}.*\n)+)|^<!-- (\w+) = ([\w.]+) -->$", re.MULTILINE)


@dataclass
class Example:
    """A curl command, the answer that is shown for it, and the names of values in it that later ones use."""

    command: str
    shown: Any = None
    names: dict[str, str] = field(default_factory=dict)


def examples(page: str) -> list[Example]:
    """The examples of a page."""
    found: list[Example] = []
    for block, name, path in _PIECES.findall(page):
        text = re.sub(r"^ {4}", "", block, flags=re.MULTILINE).strip()
        if name:
            found[-1].names[name] = path
        elif text.startswith("curl "):
            found.append(Example(text))
        elif text.startswith("{"):
            found[-1].shown = json.loads(text)
    return found


def differences(shown: Any, real: Any, where: str = "") -> Iterator[str]:
    """Where an answer has other fields than what is shown, or values of another type. Null may be anything."""
    if isinstance(shown, dict) and isinstance(real, dict):
        if shown.keys() != real.keys():
            yield f"{where or '/'}: {sorted(shown.keys() ^ real.keys())}"
        for name in shown.keys() & real.keys():
            yield from differences(shown[name], real[name], f"{where}/{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        if shown and real:
            yield from differences(shown[0], real[0], f"{where}/0")
        elif shown:
            yield f"{where}: it is empty"
    elif shown is not None and real is not None and type(shown) is not type(real):
        yield f"{where}: {real!r} is not like {shown!r}"


def value_at(answer: Any, path: str) -> str:
    """The value at a path like `deliveries.0.delivery_id`."""
    for part in path.split("."):
        answer = answer[int(part)] if part.isdigit() else answer[part]
    return str(answer)


async def run(command: str, url: str, variables: dict[str, str]) -> tuple[int, Any]:
    """Run an example; returns the status and the answer (None: it is empty)."""
    script = f"{PRELUDE}\n{command.replace(SHOWN, url)}"
    process = await asyncio.create_subprocess_exec(
        "bash", "-euc", script, env={"PATH": "/usr/bin:/bin", **variables},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, f"{command}\n{err.decode()}"
    body, _, status = out.decode().rpartition("\n")
    return int(status), json.loads(body) if body else None


def asked_by(command: str, variables: dict[str, str]) -> Route | None:
    """The route that an example asks."""
    url = re.search(r"""(?:\$API/|http://[\w.:]+)[^\s"'?]*""", command)
    assert url is not None, command
    path = re.sub(r"\$\{?(\w+)\}?", lambda name: variables[name[1]], url[0].replace("$API", API, 1)).removeprefix(SHOWN)
    method = re.search(r"-X (\w+)", command)
    return route_of(method[1] if method else "POST" if " -d " in command else "GET", path)


@pytest.fixture
def api_database(database_url: str) -> Iterator[str]:
    """A database of this test's own, in which clinic 7 has one of each thing."""
    host = Host(database_url)
    populate(host, CLINIC)
    yield database_url
    host.close()


@pytest.fixture
async def api(start_api: StartApi) -> AsyncIterator[Api]:
    """An API that sends tests, to receivers that take them."""
    async with start_api(sender=answering()) as running:
        yield running


async def test_the_examples(api: Api) -> None:
    """Each works, its answer has the fields that are shown, and together they ask every route."""
    key = api.make_key("owner", CLINIC)
    variables = {
        "API": api.url + API,
        "AUTH": f"Authorization: Bearer {key}",
        "JSON": "Content-Type: application/json",
        "OPERATOR": f"Authorization: Bearer {api.make_key('operator')}",
        "SESSION": await api.log_in(key, clinics={CLINIC: "owner"}),
    }
    asked = set()

    for example in examples(PAGE):
        asked.add(asked_by(example.command, variables))
        status, answer = await run(example.command, api.url, variables)
        is_problem = isinstance(example.shown, dict) and "code" in example.shown
        assert status == example.shown["status"] if is_problem else 200 <= status < 300, f"{example.command}\n{answer}"
        assert example.shown is None or not list(differences(example.shown, answer)), example.command
        variables.update({name: value_at(answer, path) for name, path in example.names.items()})

    assert asked == {route for route in ROUTES if route.media == JSON}


@pytest.mark.parametrize(
    ("shown", "real", "expected"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"a": 1}, {"a": 2, "b": 3}, ["/: ['b']"]),
        ({"a": 1, "b": 2}, {"a": 2}, ["/: ['b']"]),
        ({"a": {"b": 1}}, {"a": {"b": "x"}}, ["/a/b: 'x' is not like 1"]),
        ({"a": None}, {"a": 1}, []),
        ({"a": 1}, {"a": None}, []),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, ["/a/0: ['b', 'c']"]),
        ({"a": [1]}, {"a": []}, ["/a: it is empty"]),
        ({"a": 1}, [], [": [] is not like {'a': 1}"]),
    ],
)
def test_what_differs(shown: Any, real: Any, expected: list[str]) -> None:
    """The comparison sees what it has to."""
    assert list(differences(shown, real)) == expected
