"""What a command imports decides how long one waits for it, so it is held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FLOW = "id: a\nnamespace: t\ntasks:\n  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}\n"

PROGRAM = """
import sys
from thermik.cli.main import begin, call
begin()
code = call(sys.argv[2:])
found = sorted({*sys.modules, *(name.split(".")[0] for name in sys.modules)} & set(sys.argv[1].split(",")))
print(code, found, file=sys.stderr)
"""

NEVER = ("asyncio", "aws_lambda_powertools", "boto3", "botocore", "cryptography", "email", "jinja2", "rich", "uvicorn")
NOT_FOR_READING = (*NEVER, "sqlite3")


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (["run", "FLOW", "--data", "DATA"], (*NEVER, "thermik.triggers.models")),
        (["validate", "FLOW"], NOT_FOR_READING),
        (["compile", "FLOW"], NOT_FOR_READING),
    ],
    ids=lambda value: value[0],
)
def test_commands_import_nothing_that_they_do_not_need(
    tmp_path: Path, command: list[str], unwanted: tuple[str, ...]
) -> None:
    (tmp_path / "flow.yaml").write_text(FLOW)
    places = {"FLOW": str(tmp_path / "flow.yaml"), "DATA": str(tmp_path / "data")}
    arguments = [places.get(word, word) for word in command]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ",".join(unwanted), *arguments], capture_output=True, text=True, check=True
    )
    assert done.stderr.strip() == "0 []"


STARTED = """
import gc, sys
from thermik.cli import main
main.cli.main = lambda **_: print(gc.isenabled(), "email" in sys.modules)
main.begin()
import pydantic
pydantic.create_model("Model", value=(int, 1))(value="2")
main.call([])
from thermik.cli.start import SWITCH_SECONDS, work
work()
print(gc.isenabled(), abs(sys.getswitchinterval() - SWITCH_SECONDS) < 1e-6)
"""


def test_the_collector_rests_while_the_program_starts_and_works_afterwards() -> None:
    done = subprocess.run([sys.executable, "-c", STARTED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True", "True"]
