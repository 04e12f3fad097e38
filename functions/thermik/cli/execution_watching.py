"""Looking on while an execution goes on, and at the figures that its tasks reported."""

from __future__ import annotations

from collections.abc import Iterator

import click

from thermik.cli.client import Json, connect
from thermik.cli.examples import examples
from thermik.cli.failures import INTERRUPTED
from thermik.cli.listing import FORMAT, print_rows
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.outcomes import shown
from thermik.cli.showing import Showing, finish, look_on
from thermik.cli.watching import Watcher, levels_from, run_name
from thermik.settings import Settings


@click.command(
    epilog=examples(
        "thermik executions follow ID",
        "thermik executions follow ID --level WARN",
        "thermik executions follow ID --format json | jq .outputs",
    )
)
@click.argument("execution")
@shown
def follow(execution: str, *, level: str, form: str, settings: Settings) -> int:
    """Show what has happened in an execution and what comes, until it has ended.

    The exit code tells how it ended. Ctrl-C ends the looking, not the execution.
    """
    with connect(settings) as client:
        found = client.execution(execution)
        try:
            ended = look_on(client, found, Showing(form, Watcher(levels_from(level))))
        except KeyboardInterrupt:  # unlike `run`, which began it, this only looks
            return INTERRUPTED
    return finish(ended, form, settings)


@click.command(
    epilog=examples("thermik executions metrics ID --task load", "thermik executions metrics ID --format json")
)
@click.argument("execution")
@click.option("--task", help="Only this task's.")
@FORMAT
@with_settings(CONNECTION)
def metrics(execution: str, task: str | None, form: str, settings: Settings) -> None:
    """List the counters and timers that the tasks of an execution reported."""
    with connect(settings) as client:
        found = client.execution(execution)
    print_rows(
        _reported(found, task),
        [
            ("TASK", lambda row: row["task"]),
            ("NAME", lambda row: row["name"]),
            ("TYPE", lambda row: row["type"]),
            ("VALUE", lambda row: row["value"]),
            ("TAGS", lambda row: ", ".join(f"{key}:{value}" for key, value in row["tags"].items())),
        ],
        form,
    )


def _reported(execution: Json, task: str | None) -> Iterator[Json]:
    for run in execution.get("taskRunList") or []:
        if task not in (None, run["taskId"]):
            continue
        for number, attempt in enumerate(run.get("attempts") or []):
            for metric in attempt.get("metrics") or []:
                yield {"task": run_name(run), "taskRunId": run["id"], "attemptNumber": number, "tags": {}, **metric}


COMMANDS = (follow, metrics)
