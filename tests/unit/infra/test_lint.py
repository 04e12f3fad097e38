"""SAM and CloudFormation accept the template, as far as their linters know."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.environments import environment
from infra.package import REPOSITORY

INSTALLING_SECONDS = 300

pytestmark = [pytest.mark.timeout(INSTALLING_SECONDS), pytest.mark.xdist_group("sam")]


@pytest.fixture(scope="module")
def sam() -> Path:
    return environment(REPOSITORY / "requirements" / "sam.lock", Path(sys.executable)) / "bin"


def _run(folder: Path, *command: str | Path) -> str:
    quiet = {"SAM_CLI_TELEMETRY": "0", "HOME": str(folder)}  # sam writes a file into the home of who runs it
    done = subprocess.run(command, cwd=REPOSITORY, env=os.environ | quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_sam_accepts_the_template(sam: Path, tmp_path: Path) -> None:
    assert "is a valid SAM Template" in _run(tmp_path, sam / "sam", "validate", "--lint", "--template", "template.yaml")


def test_cfn_lint_finds_nothing(sam: Path, tmp_path: Path) -> None:
    assert _run(tmp_path, sam / "cfn-lint", "template.yaml") == ""
