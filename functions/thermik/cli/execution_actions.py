"""What is done to one execution: `thermik executions pause|resume|replay|change-state|…`."""

from __future__ import annotations

import click

from thermik.cli.acting import Given
from thermik.cli.arguments import INPUT, read_inputs, read_labels
from thermik.cli.client import connect
from thermik.cli.examples import examples
from thermik.cli.failures import CommandFailed
from thermik.cli.listing import FORMAT, print_json
from thermik.cli.options import CONNECTION, with_settings
from thermik.cli.outcomes import outcome, run_of, shown, tell_state, watcher_of
from thermik.cli.showing import Showing, finish, watch
from thermik.cli.watching import Watcher, levels_from
from thermik.settings import Settings

TASK_RUN = click.option(
    "--task-run", "--task", "task_run", metavar="NAME", help="A task run, by its id or as `executions get` names it."
)


@click.command(epilog=examples("thermik executions pause ID"))
@click.argument("execution")
@FORMAT
@with_settings(CONNECTION)
def pause(execution: str, form: str, settings: Settings) -> None:
    """Pause a running execution: what is at work ends, and nothing starts until it is resumed."""
    with connect(settings) as client:
        tell_state(client.actions.pause(execution), form)


@click.command(
    epilog=examples(
        "thermik executions resume ID",
        "thermik executions resume ID --input approved=true --input report=@report.pdf",
    )
)
@click.argument("execution")
@INPUT
@shown
def resume(execution: str, *, inputs: tuple[str, ...], level: str, form: str, settings: Settings) -> int:
    """Let a paused execution go on, with the inputs that its Pause task asks for.

    It goes on in the process that has it, a server for example; if that is gone, in this one, which then watches it as
    `thermik run` does.
    """
    given = Given(*read_inputs(inputs))
    with connect(settings) as client:
        # before the action: what it sets off is news, what was before is not
        showing = Showing(form, watcher_of(client, execution, level))
        return outcome(client, client.actions.resume(execution, given), showing, settings)


@click.command(
    epilog=examples(
        "thermik executions replay ID",
        "thermik executions replay ID --task-run totals",
        "thermik executions replay ID --revision 3 --input threshold=10",
    )
)
@click.argument("execution")
@TASK_RUN
@click.option("--revision", type=click.IntRange(min=1), help="Run another revision of the flow.")
@INPUT
@shown
def replay(
    execution: str,
    *,
    task_run: str | None,
    revision: int | None,
    inputs: tuple[str, ...],
    level: str,
    form: str,
    settings: Settings,
) -> int:
    """Run another execution like an old one, and watch it.

    With --task-run it begins there and keeps what ran before. With inputs it has these in place of the old one's.
    Without --url it runs in this process. The exit codes are those of `thermik run`.
    """
    given = Given(*read_inputs(inputs))
    with connect(settings) as client:
        begin = run_of(client.execution(execution), task_run) if task_run is not None else None
        created = client.actions.replay(execution, begin, revision, given)
        ended = watch(client, created, Showing(form, Watcher(levels_from(level))))
    return finish(ended, form, settings)


@click.command(
    "change-state",
    epilog=examples(
        "thermik executions change-state ID load SUCCESS",
        "thermik executions change-state ID 'load[DE]' FAILED",
    ),
)
@click.argument("execution")
@click.argument("task_run", metavar="TASKRUN")
@click.argument("state")
@shown
def state(execution: str, *, task_run: str, state: str, level: str, form: str, settings: Settings) -> int:
    """Give a task run another state, and let the execution go on from there.

    TASKRUN is its id, or its name as `executions get` shows it.
    """
    with connect(settings) as client:
        run = run_of(client.execution(execution), task_run)
        showing = Showing(form, watcher_of(client, execution, level))
        return outcome(client, client.actions.change_task_run(execution, run, state.upper()), showing, settings)


@click.command("change-status", epilog=examples("thermik executions change-status ID SUCCESS"))
@click.argument("execution")
@click.argument("status")
@FORMAT
@with_settings(CONNECTION)
def change_status(execution: str, status: str, form: str, settings: Settings) -> None:
    """Give an execution that has ended another final state; its task runs stay as they are."""
    with connect(settings) as client:
        tell_state(client.actions.change_status(execution, status.upper()), form)


@click.command(epilog=examples("thermik executions labels ID", "thermik executions labels ID team:data reviewed:yes"))
@click.argument("execution")
@click.argument("labels", nargs=-1, metavar="[KEY:VALUE]…")
@FORMAT
@with_settings(CONNECTION)
def labels(execution: str, *, labels: tuple[str, ...], form: str, settings: Settings) -> None:
    """Print an execution's labels; with some given, set them on it once it has ended, over those that it has."""
    given = read_labels(labels)
    with connect(settings) as client:
        found = client.actions.set_labels(execution, given) if given else client.execution(execution)
    if form == "json":
        print_json(found.get("labels") or [])
        return
    for label in found.get("labels") or []:
        click.echo(f"{label['key']}:{label['value']}")


@click.command("force-run", epilog=examples("thermik executions force-run ID"))
@click.argument("execution")
@shown
def force_run(execution: str, *, level: str, form: str, settings: Settings) -> int:
    """Let an execution run now, whatever it waits for: a date, a place in the queue, a resume."""
    with connect(settings) as client:
        showing = Showing(form, watcher_of(client, execution, level))
        return outcome(client, client.actions.force_run(execution), showing, settings)


@click.command(epilog=examples("thermik executions unqueue ID", "thermik executions unqueue ID --state CANCELLED"))
@click.argument("execution")
@click.option(
    "--state",
    type=click.Choice(["RUNNING", "CANCELLED", "FAILED"], case_sensitive=False),
    default="RUNNING",
    show_default=True,
    help="What becomes of it.",
)
@shown
def unqueue(execution: str, *, state: str, level: str, form: str, settings: Settings) -> int:
    """Take an execution out of its flow's queue, to run or to end."""
    with connect(settings) as client:
        showing = Showing(form, watcher_of(client, execution, level))
        return outcome(client, client.actions.unqueue(execution, state.upper()), showing, settings)


@click.command(
    "eval",
    epilog=examples(
        "thermik executions eval ID '{{ outputs.totals.vars | json }}'",
        "thermik executions eval ID '{{ taskrun.value }}' --task-run 'load[DE]'",
    ),
)
@click.argument("execution")
@click.argument("expression")
@TASK_RUN
@FORMAT
@with_settings(CONNECTION)
def evaluate(execution: str, expression: str, *, task_run: str | None, form: str, settings: Settings) -> None:
    """Render an expression as an execution, or one of its task runs, would see it. Secrets are not available."""
    with connect(settings) as client:
        run = run_of(client.execution(execution), task_run) if task_run is not None else None
        found = client.actions.evaluate(execution, run, expression)
    if form == "json":
        print_json(found)
        return
    if "error" in found:
        raise CommandFailed(found["error"])
    click.echo(found["result"])


COMMANDS = (pause, resume, replay, state, change_status, labels, force_run, unqueue, evaluate)
