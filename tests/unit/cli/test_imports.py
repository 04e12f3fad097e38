"""What a command imports decides how long one waits for it, so it is held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FLOW = "id: a\nnamespace: t\ntasks:\n  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}\n"

PROGRAM = """
import sys
from thermik.cli.main import call
code = call(sys.argv[2:])
found = sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[1].split(",")))
print(code, found, file=sys.stderr)
"""

NEVER = ("asyncio", "aws_lambda_powertools", "boto3", "botocore", "cryptography", "jinja2", "rich", "uvicorn")
NOT_FOR_READING = (*NEVER, "sqlite3")


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        (["run", "FLOW", "--data", "DATA"], NEVER),
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
