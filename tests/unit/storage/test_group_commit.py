from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from thermik.storage.group_commit import MAX_BATCH, GroupCommit, Ticket


class Log:
    """A commit that can be held, and remembers its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.may_go = threading.Event()
        self.may_go.set()
        self.error: BaseException | None = None

    def commit(self, tickets: Sequence[Ticket[str]]) -> None:
        self.batches.append([ticket.work for ticket in tickets])
        assert self.may_go.wait(10)
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        for ticket in tickets:
            if ticket.work == "bad":
                ticket.error = ValueError("alone")


class Callers:
    """Threads that run work, and what came of each."""

    def __init__(self, commits: GroupCommit[str]) -> None:
        self.commits = commits
        self.results: list[str] = []
        self.threads: list[threading.Thread] = []

    def add(self, work: str, waiting: int) -> None:
        thread = threading.Thread(target=self._run, args=(work,))
        self.threads.append(thread)
        thread.start()
        while len(self.commits._waiting) != waiting:
            pass

    def join(self) -> None:
        for thread in self.threads:
            thread.join(10)
            assert not thread.is_alive()

    def _run(self, work: str) -> None:
        try:
            self.commits.run(work)
            self.results.append(f"{work}: done")
        except BaseException as error:  # noqa: BLE001 - compared by the test
            self.results.append(f"{work}: {type(error).__name__}")


def held(log: Log) -> tuple[GroupCommit[str], Callers]:
    """Commits whose first leader is at work and held."""
    commits = GroupCommit(log.commit)
    callers = Callers(commits)
    log.may_go.clear()
    callers.add("first", 0)
    while not log.batches:
        pass
    return commits, callers


def test_a_lone_caller_commits_by_itself() -> None:
    log = Log()
    commits = GroupCommit(log.commit)
    commits.run("a")
    commits.run("b")
    assert log.batches == [["a"], ["b"]]
    with pytest.raises(ValueError, match="alone"):
        commits.run("bad")
    commits.run("c")


def test_who_waits_shares_the_next_commit() -> None:
    log = Log()
    _, callers = held(log)
    for number, work in enumerate(["a", "bad", "c"], 1):
        callers.add(work, number)
    log.may_go.set()
    callers.join()
    assert log.batches == [["first"], ["a", "bad", "c"]]
    assert sorted(callers.results) == ["a: done", "bad: ValueError", "c: done", "first: done"]


def test_a_failing_commit_fails_its_batch_and_not_the_next() -> None:
    log = Log()
    commits, callers = held(log)
    callers.add("a", 1)
    log.error = OSError("disk")
    log.may_go.set()
    callers.join()
    assert sorted(callers.results) == ["a: done", "first: OSError"]
    commits.run("b")


def test_an_interrupted_leader_passes_the_lead_on() -> None:
    log = Log()
    commits, callers = held(log)
    callers.add("a", 1)
    log.error = KeyboardInterrupt()
    log.may_go.set()
    callers.join()
    assert sorted(callers.results) == ["a: done", "first: KeyboardInterrupt"]
    commits.run("b")


def test_an_interrupted_follower_leaves_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    commits, callers = held(log)

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Ticket, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            commits.run("gone")
    callers.add("a", 1)
    log.may_go.set()
    callers.join()
    assert log.batches == [["first"], ["a"]]
    commits.run("b")


def test_a_follower_that_is_interrupted_when_appointed_passes_the_lead_on(monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    commits, callers = held(log)
    sleep = Ticket.sleep

    def interrupted(ticket: Ticket[str]) -> None:
        sleep(ticket)
        if ticket.work == "gone":
            raise KeyboardInterrupt

    monkeypatch.setattr(Ticket, "sleep", interrupted)
    callers.add("gone", 1)
    callers.add("a", 2)
    log.may_go.set()
    callers.join()
    assert log.batches == [["first"], ["a"]]
    assert sorted(callers.results) == ["a: done", "first: done", "gone: KeyboardInterrupt"]
    commits.run("b")


def test_a_batch_is_bounded() -> None:
    log = Log()
    commits, callers = held(log)
    for number in range(MAX_BATCH + 1):
        commits._waiting.append(Ticket(str(number)))
    log.may_go.set()
    callers.join()
    with commits._mutex:
        first = commits._waiting[0]
    assert first.leads
    commits._lead()
    commits._lead()
    assert [len(batch) for batch in log.batches] == [1, MAX_BATCH, 1]
