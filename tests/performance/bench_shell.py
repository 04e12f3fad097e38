"""W4: `thermik run` of a flow of one task, from the shell; and how long a Lambda function's modules take to import.

    python tests/performance/bench_shell.py [--rounds N]

Bytecode is kept, as it is after an installation's first start; the first call, which writes it, is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from floor import PROGRAM
from serving import THERMIK, program_environment
from tables import Row, in_turns, print_rows, row
from workloads import counted, one_task

ROUNDS = 9
SAVING = 1
"""Commits of saving the flow, which `thermik run` does before it starts the execution."""

HANDLERS = {"worker": (350.0, 250.0), "api": (None, None), "events": (None, None)}
"""The Lambda functions, each with its goal and its aim in milliseconds."""

IMPORT = "import time; began = time.perf_counter(); import handlers.{}; print(time.perf_counter() - began)"

STACK = {
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "POWERTOOLS_METRICS_NAMESPACE": "bench",
    "POWERTOOLS_TRACE_DISABLED": "1",
    "THERMIK_TABLE": "bench",
    "THERMIK_BUCKET": "bench",
    "THERMIK_WORKER_ARN": "arn:aws:lambda:eu-west-1:123456789012:function:bench",
    "THERMIK_MACHINE_ROLE_ARN": "arn:aws:iam::123456789012:role/bench",
    "THERMIK_MACHINE_PREFIX": "bench",
    "THERMIK_AUTH": "open",
}
"""What Lambda and the template tell a function: the handlers read it when they are imported."""


def rows(rounds: int = ROUNDS) -> list[Row]:
    """The shell's figure, and the handlers'."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory)
        return [_shell(path, rounds), *_handlers(path, rounds)]


def _shell(path: Path, rounds: int) -> Row:
    flow = path / "one.yaml"
    flow.write_text(one_task())
    environment = program_environment(path / "bytecode")
    commits = counted(one_task())["table.write"] + SAVING

    def program(*arguments: str | Path) -> float:
        began = time.perf_counter()
        subprocess.run(arguments, env=environment, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - began

    ours, bare = in_turns(
        rounds,
        lambda: program(THERMIK, "run", flow, "--data", path / "data"),
        lambda: program(sys.executable, "-c", PROGRAM, path / "floor.db", str(commits)),
    )
    return row("W4 `thermik run` of one task", "s", ours, bare, goal=0.3, aim=0.18)


def _handlers(path: Path, rounds: int) -> list[Row]:
    found = []
    for name, (goal, aim) in HANDLERS.items():
        took = [_imported(name, path) for _ in range(rounds + 1)][1:]
        found.append(row(f"import of handlers.{name}", "ms", took, goal=goal, aim=aim))
    return found


def _imported(name: str, path: Path) -> float:
    environment = {**program_environment(path / "bytecode"), **STACK}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT.format(name)], env=environment, check=True, capture_output=True, text=True
    )
    return 1000 * float(done.stdout)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_rows(rows(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
