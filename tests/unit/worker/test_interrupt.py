"""Asking work to stop: once, at once, and whatever the actions do."""

from __future__ import annotations

import threading

from thermik.worker import interrupt
from thermik.worker.interrupt import Interruption, Reason, Watch


def test_a_wish_is_raised_once_and_every_action_called() -> None:
    interruption, called = Interruption(), []

    def broken() -> None:
        called.append("broken")
        raise OSError("gone")

    interruption.on_interrupt(broken)
    interruption.on_interrupt(lambda: called.append("next"))
    interruption.interrupt(Reason.TIMEOUT)
    interruption.interrupt(Reason.KILLED)
    assert interruption.reason is Reason.TIMEOUT
    assert called == ["broken", "next"]
    interruption.on_interrupt(lambda: called.append("late"))
    assert called == ["broken", "next", "late"]
    assert interruption.wait(0)


def test_nobody_is_woken_without_a_wish() -> None:
    assert not Interruption().wait(0)


def test_a_watch_fires_time_outs_in_order() -> None:
    watch, fired = Watch(), []
    done = threading.Event()
    interruptions = [Interruption() for _ in range(3)]
    for number, interruption in enumerate(interruptions):
        interruption.on_interrupt(lambda number=number: fired.append(number))
    interruptions[2].on_interrupt(done.set)
    for number in (2, 0, 1):
        watch.begin(interruptions[number], 0.02 * (number + 1), lambda: False, lambda: None)
    assert done.wait(10)
    assert fired == [0, 1, 2]
    assert {each.reason for each in interruptions} == {Reason.TIMEOUT}


def test_a_watch_looks_for_a_kill_and_bears_a_table_that_is_away(monkeypatch: object) -> None:
    looks = iter([OSError("away"), False, True])
    seen = threading.Event()

    def must_stop() -> bool:
        look = next(looks)
        if isinstance(look, Exception):
            raise look
        return look

    monkeypatch.setattr(interrupt, "LOOK_EVERY_SECONDS", 0.01)  # type: ignore[attr-defined]
    watch, interruption = Watch(), Interruption()
    interruption.on_interrupt(seen.set)
    watch.begin(interruption, None, must_stop, lambda: None)
    assert seen.wait(10)
    assert interruption.reason is Reason.KILLED


def test_who_is_watched_no_more_is_left_alone() -> None:
    watch, interruption, other = Watch(), Interruption(), Interruption()
    watched = watch.begin(interruption, 0.02, lambda: False, lambda: None)
    watch.end(watched)
    watch.begin(other, 0.05, lambda: False, lambda: None)
    assert other.wait(10)
    assert interruption.reason is None
