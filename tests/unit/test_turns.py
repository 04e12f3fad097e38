"""Turns: a few threads compute at a time, those that wait let others, and nobody is stuck for one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from thermik import turns
from thermik.turns import AT_A_TIME, in_turn, out_of_turn


def test_so_many_compute_at_a_time_and_no_more() -> None:
    lock, at_work, most = threading.Lock(), 0, 0
    so_many = threading.Barrier(AT_A_TIME, timeout=30)  # broken where fewer may

    def work() -> None:
        nonlocal at_work, most
        with lock:
            at_work += 1
            most = max(most, at_work)
        so_many.wait()
        with lock:
            at_work -= 1

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: in_turn(work), range(20 * AT_A_TIME)))
    assert most == AT_A_TIME


def test_those_that_wait_let_others_have_their_turns() -> None:
    number = 4 * AT_A_TIME
    together = threading.Barrier(number, timeout=30)

    def wait() -> None:
        with out_of_turn():
            together.wait()

    with ThreadPoolExecutor(number) as pool:
        list(pool.map(lambda _: in_turn(wait), range(number)))


def test_whoever_waited_for_long_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE_SECONDS", 0.01)
    together = threading.Barrier(AT_A_TIME + 2, timeout=30)
    with ThreadPoolExecutor(AT_A_TIME + 2) as pool:
        list(pool.map(lambda _: in_turn(together.wait), range(AT_A_TIME + 2)))
    monkeypatch.undo()
    test_so_many_compute_at_a_time_and_no_more()  # and takes no turn away, nor leaves one too many


def test_a_failure_gives_the_turn_back() -> None:
    def fail() -> None:
        with out_of_turn():
            raise ValueError("no")

    for _ in range(AT_A_TIME + 1):
        with pytest.raises(ValueError, match="no"):
            in_turn(fail)
    test_so_many_compute_at_a_time_and_no_more()


def test_threads_without_turns_notice_nothing() -> None:
    with out_of_turn():
        pass
    test_so_many_compute_at_a_time_and_no_more()
