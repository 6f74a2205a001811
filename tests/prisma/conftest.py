"""Fixtures: a host as an ORM makes it, watched, and its application: a Node process that writes with Prisma."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.sql import steps
from tests.support import orm_host
from tests.support.host import ENVIRONMENT, Host
from tests.support.process import ROOT

CLIENT = ROOT / ".prisma-test"
SCRIPT = Path(__file__).with_name("payments.js")


@dataclass
class Application:
    """The running application, and the database that it writes to."""

    process: "subprocess.Popen[str]"
    host: Host
    seen: int = 0

    def perform(self, step: str) -> tuple[Any, list[Any]]:
        """Have a step of payments.js performed; returns what Prisma returned, and the bodies of the events it made."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(step + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"the application ended in the step {step}; why stands in its stderr"
        bodies = steps.bodies(self.host)
        emitted, self.seen = bodies[self.seen :], len(bodies)
        assert self.host.rows("select * from outbound_webhooks.capture_errors") == []
        return json.loads(answer)["result"], emitted


# Prisma writes UTC into columns without time zone, whatever the database's is.
ELSEWHERE = """
do $$
begin
    execute format('alter database %I set timezone = %L', current_database(), 'America/Sao_Paulo');
end
$$
"""


@pytest.fixture
def orm(database_url: str) -> Iterator[Host]:
    """A host as an ORM makes it, watched, capture on."""
    with closing(steps.Session(database_url)) as host:
        orm_host.install(host)
        host.allow_internal_urls()
        host.rows("select outbound_webhooks.set_capture(true)")
        host.rows("select outbound_webhooks.arm(%s)", ENVIRONMENT)
        host.rows(ELSEWHERE)
        yield host


@pytest.fixture
def application(orm: Host) -> Iterator[Application]:
    """The application on that host."""
    if not (CLIENT / ".ready").exists():
        pytest.fail("the Prisma client is not installed: make test-prisma installs it")
    node = shutil.which("node")
    assert node is not None
    environment = {
        **os.environ,
        "NODE_PATH": str(CLIENT / "node_modules"),
        "DATABASE_URL": orm.url,
        "CLINIC": orm_host.CLINIC,
        "OTHER_CLINIC": orm_host.OTHER_CLINIC,
    }
    process = subprocess.Popen(
        [node, SCRIPT], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Application(process, orm)
        process.communicate(timeout=60)
        assert process.returncode == 0
    finally:
        process.kill()
        process.communicate()
