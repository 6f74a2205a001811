"""The built wheel, alone in an empty environment: it migrates a database and runs."""

import asyncio
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
import trustme

from tests.support.process import ROOT, DispatcherProcess, clean_environment
from tests.support.settings import environment
from tests.wheel.conftest import INSTALLS_WITHIN_SECONDS

pytestmark = pytest.mark.timeout(3 * INSTALLS_WITHIN_SECONDS)


@pytest.fixture
def env(empty_database_url: str, certificates: tuple[trustme.CA, Path]) -> dict[str, str]:
    """The environment of a dispatcher on an empty database."""
    return clean_environment(**environment(empty_database_url, certificates[1]))


@pytest.fixture
def migrated(installed: Path, env: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """A finished `migrate`, in an empty folder."""
    return subprocess.run(
        [installed, "migrate"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def armed(
    installed: Path, migrated: subprocess.CompletedProcess[str], env: dict[str, str], tmp_path: Path
) -> subprocess.CompletedProcess[str]:
    """A finished `arm`, after a `migrate` that did not fail."""
    assert migrated.returncode == 0, migrated.stderr
    return subprocess.run(
        [installed, "arm"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def entries(folder: Path) -> list[str]:
    """The names in a folder."""
    return [entry.name for entry in folder.iterdir()]


async def test_migrate_and_run(
    installed: Path,
    migrated: subprocess.CompletedProcess[str],
    armed: subprocess.CompletedProcess[str],
    env: dict[str, str],
    empty_database_url: str,
    tmp_path: Path,
) -> None:
    """In an empty folder: migrate installs everything, arm lets run deliver; that starts and stops in good order."""
    process = await asyncio.create_subprocess_exec(
        installed, "run", cwd=tmp_path, env=env, stderr=asyncio.subprocess.PIPE
    )
    running = DispatcherProcess(process)
    await running.until(lambda line: line.get("event") == "listen.changed" and line["listening"])
    running.signal(signal.SIGTERM)
    code = await running.exit_code()
    with psycopg.connect(empty_database_url) as connection:
        functions = connection.execute(
            "select count(*) from pg_proc where pronamespace = 'outbound_webhooks'::regnamespace"
            " and proname <> 'clinic_role'"  # the host's, which is in no file
        ).fetchone()

    assert (migrated.returncode, migrated.stderr) == (0, "")
    assert "applied 0001_schema_and_roles" in migrated.stdout
    assert (armed.returncode, armed.stderr) == (0, "")
    assert code == 0
    assert functions == (len([name for name in entries(ROOT / "sql_functions") if name.endswith(".sql")]),)
    assert entries(tmp_path) == []
