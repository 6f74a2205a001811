"""Wheels, each installed alone into an environment of its own."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.support.process import ROOT

INSTALLS_WITHIN_SECONDS = 600  # with what it needs, from the network


def install(source: Path, folder: Path) -> Path:
    """Build the wheel of a source tree, and install it without extras; returns the command."""
    pip = [sys.executable, "-m", "pip", "--quiet"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--wheel-dir", folder, source], check=True, timeout=INSTALLS_WITHIN_SECONDS
    )
    (wheel,) = folder.glob("outbound_webhooks-*.whl")
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run(
        [python, "-m", "pip", "--quiet", "install", "--constraint", source / "constraints.txt", wheel],
        check=True,
        timeout=INSTALLS_WITHIN_SECONDS,
    )
    return folder / "venv" / "bin" / "outbound-webhooks"


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of this checkout's wheel."""
    return install(ROOT, tmp_path_factory.mktemp("wheel"))
