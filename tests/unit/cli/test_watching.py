from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from thermik.cli import live, plain
from thermik.cli.watching import Event, Watcher, follow, run_name

START = datetime(2025, 1, 1, tzinfo=UTC)


def _date(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _state(*states: tuple[str, float]) -> dict[str, Any]:
    return {
        "current": states[-1][0],
        "histories": [{"state": state, "date": _date(at)} for state, at in states],
        "startDate": _date(states[0][1]),
        **({"endDate": _date(states[-1][1])} if states[-1][0] in ("SUCCESS", "FAILED") else {}),
    }


def _run(task: str, *states: tuple[str, float], **more: Any) -> dict[str, Any]:
    return {"id": f"run-{task}", "taskId": task, "state": _state(*states), **more}


def _execution(state: dict[str, Any], *runs: dict[str, Any]) -> dict[str, Any]:
    return {"id": "x", "namespace": "t", "flowId": "f", "state": state, "taskRunList": [*runs]}


def _entry(task: str, at: float, message: str, attempt: int = 0) -> dict[str, Any]:
    return {
        "taskId": task, "taskRunId": f"run-{task}", "attemptNumber": attempt, "timestamp": _date(at), "level": "INFO",
        "message": message,
    }  # fmt: skip


RUNNING = _state(("CREATED", 0), ("RUNNING", 0))


def test_news_are_told_once_and_in_order() -> None:
    watcher = Watcher()
    first = watcher.news(_execution(RUNNING, _run("a", ("CREATED", 0), ("RUNNING", 1))), [_entry("a", 2, "hello")])
    assert [(event.task, event.kind, event.text) for event in first] == [("a", "RUNNING", ""), ("a", "INFO", "hello")]
    ended = _run("a", ("CREATED", 0), ("RUNNING", 1), ("SUCCESS", 3))
    log = [_entry("a", 2, "hello"), _entry("a", 2.5, "bye")]
    second = watcher.news(_execution(RUNNING, ended), log)
    assert [(event.kind, event.text) for event in second] == [("INFO", "bye"), ("SUCCESS", "3.00 s")]
    assert watcher.news(_execution(RUNNING, ended), log) == []


def test_an_entry_that_comes_between_known_ones_is_news() -> None:
    watcher = Watcher()
    runs = [_run("a", ("CREATED", 0)), _run("b", ("CREATED", 0))]
    watcher.news(_execution(RUNNING, *runs), [_entry("a", 5, "late")])
    [event] = watcher.news(_execution(RUNNING, *runs), [_entry("b", 1, "early"), _entry("a", 5, "late")])
    assert event.text == "early"


def test_several_attempts_are_told_at_the_end() -> None:
    run = _run("a", ("CREATED", 0), ("RUNNING", 1), ("FAILED", 2), attempts=[{}, {}, {}])
    *_, event = Watcher().news(_execution(RUNNING, run), [])
    assert event.text == "2.00 s, 3 attempts"


def test_names_of_task_runs() -> None:
    assert run_name({"taskId": "a"}) == "a"
    assert run_name({"taskId": "a", "value": "x"}) == "a[x]"
    assert run_name({"taskId": "a", "iteration": 2}) == "a#2"


class _Client:
    """Answers an execution's looks, one after the other."""

    def __init__(self, *looks: dict[str, Any]) -> None:
        self._looks = [*looks]
        self.waits: list[float] = []

    def execution(self, _id: str) -> dict[str, Any]:
        return self._looks.pop(0)

    def logs(self, _id: str) -> list[dict[str, Any]]:
        return []

    def wait(self, _id: str, seconds: float) -> None:
        self.waits.append(seconds)


def test_following_ends_when_the_execution_does() -> None:
    created = _execution(_state(("CREATED", 0)))
    ended = _execution(_state(("CREATED", 0), ("RUNNING", 0), ("SUCCESS", 1)))
    client = _Client(_execution(RUNNING), ended)
    looks = [execution for execution, _ in follow(client, created, 0.5, Watcher())]  # type: ignore[arg-type]
    assert [look["state"]["current"] for look in looks] == ["CREATED", "RUNNING", "SUCCESS"]
    assert client.waits == [0.5, 0.5]


def test_plain_lines_indent_what_follows_the_first() -> None:
    first, second = plain.lines_of(Event(_date(0), "task", "INFO", "one\ntwo"))
    assert first.endswith("INFO      one")
    assert second.endswith("  two")
    assert len(first) - len("one") == len(second) - len("two")


def test_plain_lines_go_where_they_are_sent() -> None:
    out = io.StringIO()
    last = plain.show([(_execution(RUNNING), [Event(_date(0), "a", "SUCCESS", "0.10 s")])], out)
    assert "SUCCESS   0.10 s\n" in out.getvalue()
    assert last["id"] == "x"


def _drawn(execution: dict[str, Any], tasks: int) -> str:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(live.picture(execution, tasks))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return text


def test_the_tree_nests_children_and_counts_what_it_leaves_out() -> None:
    parent = _run("loop", ("CREATED", 0), ("RUNNING", 1))
    children = [
        _run(f"child{n}", ("CREATED", 0), ("SUCCESS", 1), parentTaskRunId="run-loop", value=str(n)) for n in range(40)
    ]
    text = _drawn(_execution(RUNNING, parent, *children), 3)
    assert "28 others: 28 SUCCESS" in text
    assert "child39[39]" in text
    assert "child5[5]" not in text
    assert "0 of 3 tasks" in text


def test_text_of_a_log_is_no_markup() -> None:
    console = Console(file=io.StringIO(), width=100, color_system=None)
    console.print(live.log_line(Event(_date(0), "a", "ERROR", "[red]not markup[/nope]")))
    assert "[red]not markup[/nope]" in console.file.getvalue()  # type: ignore[attr-defined]
