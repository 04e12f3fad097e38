"""An execution on a terminal: its log scrolls by, and under it the tree of its task runs is kept up to date."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from thermik.cli.client import ENDED, Json
from thermik.cli.figures import duration_of, seconds_text, time_text
from thermik.cli.watching import Event, attempts, run_name

EVERY_SECONDS = 0.1
"""How often the tree is brought up to date."""

MAX_CHILDREN = 12
"""Task runs shown of one parent; of more, the newest, and how many others there are."""

_MARKS = {
    "CREATED": ("·", "dim"),
    "QUEUED": ("·", "dim"),
    "RUNNING": ("▸", "cyan"),
    "PAUSED": ("‖", "yellow"),
    "RETRYING": ("↻", "yellow"),
    "KILLING": ("✗", "yellow"),
    "SUCCESS": ("✓", "green"),
    "WARNING": ("!", "yellow"),
    "FAILED": ("✗", "red"),
    "KILLED": ("✗", "red"),
    "SKIPPED": ("-", "dim"),
}
_OTHER = ("·", "")

_LEVELS = {"ERROR": "red", "WARN": "yellow", "INFO": "", "DEBUG": "dim", "TRACE": "dim"}


def show(looks: Iterable[tuple[Json, list[Event]]], tasks: int, console: Console | None = None) -> Json:
    """Show an execution until the looks end; the execution as it was at the last one.

    Args:
        tasks: how many tasks the flow has at its top, for the bar.
    """
    console = console or Console()
    execution: Json = {}
    # no thread that draws by itself: each look draws once. Without `visible` a tall tree would end in an ellipsis
    with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
        for execution, events in looks:
            for event in events:
                if event.kind in _LEVELS:
                    console.print(log_line(event))
            live.update(picture(execution, tasks), refresh=True)
    return execution


def picture(execution: Json, tasks: int) -> Group:
    """The execution's line, the tree of its task runs and the bar while it runs."""
    runs: list[Json] = execution.get("taskRunList") or []
    root = Tree(_line(f"{execution['namespace']}.{execution['flowId']}", execution["state"]), guide_style="dim")
    _grow(root, None, _by_parent(runs))
    if execution["state"]["current"] in ENDED or not tasks:
        return Group(root)
    ended = sum(run["state"]["current"] in ENDED for run in runs if run.get("parentTaskRunId") is None)
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(total=tasks, completed=min(ended, tasks), width=30), Text(f"{ended} of {tasks} tasks", "dim")
    )
    return Group(root, bar)


def log_line(event: Event) -> Text:
    """An entry of the log, its level as a colour."""
    style = _LEVELS[event.kind]
    return Text.assemble((f"{time_text(event.date)} ", "dim"), (f"{event.task} ", "bold"), (event.text, style))


def _line(name: str, state: Json, remark: str = "") -> Text:
    mark, style = _MARKS.get(state["current"], _OTHER)
    return Text.assemble(
        (f"{mark} ", style),
        name,
        "  ",
        (state["current"], style),
        (f"  {seconds_text(duration_of(state))}{remark}", "dim"),
    )


def _by_parent(runs: list[Json]) -> dict[str | None, list[Json]]:
    children: dict[str | None, list[Json]] = {}
    for run in runs:
        children.setdefault(run.get("parentTaskRunId"), []).append(run)
    return children


def _grow(branch: Tree, parent: str | None, children: dict[str | None, list[Json]]) -> None:
    runs = children.get(parent, [])
    if len(runs) > MAX_CHILDREN:
        branch.add(Text(f"{len(runs) - MAX_CHILDREN} others: {', '.join(_counted(runs[:-MAX_CHILDREN]))}", "dim"))
    for run in runs[-MAX_CHILDREN:]:
        remark = f"  {attempts(run)} attempts" if attempts(run) > 1 else ""
        _grow(branch.add(_line(run_name(run), run["state"], remark)), run["id"], children)


def _counted(runs: list[Json]) -> Iterator[str]:
    for state, number in Counter(run["state"]["current"] for run in runs).items():
        yield f"{number} {state}"
