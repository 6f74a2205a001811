"""Schemathesis against the running service, on a real database: any request that the OpenAPI document allows, and many
that it does not, one by one and one after the other.

SCHEMATHESIS is its program, API_EXAMPLES how many requests of each kind it makes up for a route.
"""

import asyncio
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dispatcher.admin.routes import JSON, Open
from dispatcher.admin.table import ROUTES
from dispatcher.core.access import Role, may
from dispatcher.telemetry.admin_observations import RequestAnswered, RequestFailed
from tests.admin.client import API, Clock
from tests.admin.conftest import StartApi
from tests.admin.rows import OWN, World
from tests.admin.sends import answering
from tests.support.process import clean_environment
from tests.support.tokens import NOW, rules, signed

HERE = Path(__file__).parent
PROGRAM = os.environ.get("SCHEMATHESIS", "schemathesis")
EXAMPLES = os.environ.get("API_EXAMPLES", "40")


class Racing(Clock):
    """The clock of the limits goes on by an hour at each look: they would only be in the way."""

    def __call__(self) -> float:
        """An hour later."""
        self.seconds += 3600
        return self.seconds


@dataclass(frozen=True)
class Run:
    """How a run of the program ended."""

    code: int
    told: str = field(repr=False)


async def schemathesis(url: str, token: str, folder: Path) -> Run:
    """Run it on the API at a URL."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "--config-file", str(HERE / "schemathesis.toml"), "--no-color",
        "run", f"{url}{API}/openapi.json", "--max-examples", EXAMPLES,
        env=clean_environment(
            API_TOKEN=token, API_CLINIC=OWN, SCHEMATHESIS_HOOKS="hooks", PYTHONPATH=str(HERE), PYTHONUTF8="1"
        ),
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await process.communicate()
    assert process.returncode is not None
    return Run(process.returncode, out.decode())


CLAIMS: dict[Role, dict[str, Any]] = {
    Role.OWNER: {"clinics": {OWN: "owner"}, "role": None},
    Role.MANAGER: {"clinics": {OWN: "manager"}, "role": None},
    Role.OPERATOR: {"clinics": None, "role": "operator"},
}


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", Role, ids=str)
async def test_any_request(start_api: StartApi, world: World, role: Role, tmp_path: Path) -> None:
    """Nothing fails, nothing answers as the document does not say, nothing is let in or reached that is another's.

    A token shows who it is: an API key might revoke itself.
    """
    before = theirs(world, role)
    async with start_api(tokens=rules(), now=lambda: NOW, clock=Racing(), sender=answering()) as api:
        run = await schemathesis(api.url, signed(**CLAIMS[role]), tmp_path)
        answered, failed = api.seen.of(RequestAnswered), api.seen.of(RequestFailed)

    assert run.code == 0, run.told
    assert failed == []
    assert theirs(world, role) == before
    served = {(one.method, one.route) for one in answered if one.status < 300}
    assert {route for route in served_by(role) if (route[0], route[1]) not in served} == NEVER_SERVED[role]


def theirs(world: World, role: Role) -> dict[str, list[Any]]:
    """All that the other clinic has. An operator's switch for delivery, on again, gives what waits another time."""
    found: dict[str, list[Any]] = {table: list(rows) for table, rows in world.theirs().items()}
    if role is Role.OPERATOR:
        found["deliveries"] = [json.loads(row) | {"next_attempt_at": None} for row in found["deliveries"]]
    return found


def served_by(role: Role) -> set[tuple[str, str]]:
    """The routes that this role may ask, each of which has to have been asked with success at least once."""
    return {
        (route.method, route.path)
        for route in ROUTES
        if route.media == JSON and (isinstance(route.action, Open) or may(role, route.action))
    }


# Portal sessions are asked for with keys, and ended by whoever has one.
_OF_OTHERS = {("POST", f"{API}/portal-sessions"), ("POST", f"{API}/logout")}
NEVER_SERVED: dict[Role, set[tuple[str, str]]] = dict.fromkeys(Role, _OF_OTHERS)
