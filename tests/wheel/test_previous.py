"""The program of the commit before, on the schema of this one: it delivers, or says that it is too old.

Until there is a release, the commit before stands for it (docs/upgrading.md).
"""

import asyncio
import importlib.util
import io
import shutil
import subprocess
import tarfile
from pathlib import Path
from types import ModuleType

import pytest
import trustme
from yoyo.migrations import StepCollector

from dispatcher.demo.receiver import Receiver
from tests.sql.installing import Copy, yoyo
from tests.support.host import Host
from tests.support.process import ROOT, DispatcherProcess, clean_environment
from tests.support.settings import environment
from tests.wheel.conftest import INSTALLS_WITHIN_SECONDS, install

pytestmark = pytest.mark.timeout(3 * INSTALLS_WITHIN_SECONDS)
HOW_TO_GET_IT = "git fetch --deepen=1 (in a checkout of depth 1), or a clone instead of an archive, and git"


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the commit before. Where there is none this is said; the rule itself is tested in tests/sql."""
    git = shutil.which("git")
    archive = git and subprocess.run(
        [git, f"--git-dir={ROOT / '.git'}", "archive", "--format=tar", "HEAD~1"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    if not archive or archive.returncode != 0:
        pytest.skip(f"NOT TESTED, as the commit before is not here; to have it: {HOW_TO_GET_IT}")
    folder = tmp_path_factory.mktemp("previous")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def bundle(source: Path) -> ModuleType:
    """What a source tree loads into the database, as its program knows it."""
    (file,) = (source / "migrations").glob("post-apply*.py")
    spec = importlib.util.spec_from_file_location("previous_post_apply", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    vars(module)["__yoyo_collector__"] = StepCollector(migration=None)
    spec.loader.exec_module(module)
    return module


def has_to_run(old: ModuleType, new: ModuleType) -> bool:
    """Whether a schema is ahead of a program, and keeps its contract. At first programs had none."""
    return set(old.migrations()) < set(new.migrations()) and getattr(old, "CONTRACT", 0) >= new.OLDEST_CONTRACT


async def test_on_the_schema_of_this_one(
    previous: Path,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    empty_database_url: str,
    receiver: Receiver,
    certificates: tuple[trustme.CA, Path],
) -> None:
    """Where it has to run, a payment arrives through it; where it need not, it refuses, and says what to do."""
    command = install(previous, tmp_path_factory.mktemp("previous_wheel"))
    release = Copy(tmp_path)
    release.add_marker()  # as a release has one
    assert yoyo(empty_database_url, "apply", folder=release.folder) == (0, "")
    host = Host(empty_database_url)
    host.allow_internal_urls()
    endpoint = host.endpoint(receiver.url + "/")
    receiver.keys["/"] = [endpoint.secret]
    host.pay()
    process = await asyncio.create_subprocess_exec(
        command, "run",
        cwd=previous,
        env=clean_environment(**environment(empty_database_url, certificates[1])),
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    running = DispatcherProcess(process)

    try:
        if has_to_run(bundle(previous), bundle(release.folder)):
            await running.logged("attempt.succeeded")
            process.terminate()
            code = await running.exit_code()
            recorded = host.rows("select outcome from outbound_webhooks.attempts")
            assert (code, recorded) == (0, [{"outcome": "succeeded"}])
            assert [request.verified for request in receiver.received] == [True]
        else:
            code = await running.exit_code()
            said = "\n".join(str(line.get("text")) for line in running.lines)
            assert code == 2
            assert "the database is ahead of this program" in said or "is behind this program" in said
            assert receiver.received == []
    finally:
        host.close()
        if process.returncode is None:
            process.kill()
