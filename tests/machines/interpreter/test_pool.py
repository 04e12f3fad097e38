from __future__ import annotations

import threading

from machines.constructs.case import machine, mapping, task
from machines.interpreter.harness import PATIENCE, engine
from thermik.local.interpreter.pool import Pool


def test_a_sequence_stays_on_the_thread_that_is_free() -> None:
    threads: list[int] = []
    states = {f"t{number}": task("f") for number in range(20)}
    with engine(lambda _function, _payload: threads.append(threading.get_ident()), workers=4) as own:
        own.run(machine(**states))
    assert len(set(threads)) == 1


def test_no_more_threads_than_workers_and_no_more_than_needed() -> None:
    with engine(workers=3) as own:
        own.run(machine(t=task("f")), name="one")
        assert len(own.engine._pool._threads) == 1
        own.run(machine(m=mapping(machine(t=task("f")))), list(range(30)), name="many")
        assert len(own.engine._pool._threads) <= 3


def test_waiting_jobs_come_before_a_jobs_own_followers() -> None:
    order: list[str] = []
    done = threading.Event()
    go = threading.Event()

    def perform(job: str) -> list[str]:
        order.append(job)
        if job == "first":
            assert go.wait(PATIENCE)
            return ["first's follower"]
        if job == "first's follower":
            done.set()
        return []

    pool: Pool[str] = Pool(perform, workers=1, working=lambda _change: None)
    pool.submit(["first"])
    pool.submit(["second"])
    go.set()
    assert done.wait(PATIENCE)
    assert pool.close(PATIENCE)
    assert order == ["first", "second", "first's follower"]


def test_the_load_is_told_without_a_moment_of_rest_between() -> None:
    load = [0]
    lows: list[int] = []
    done = threading.Event()

    def working(change: int) -> None:
        load[0] += change
        if load[0] == 0:
            done.set()

    def perform(job: int) -> list[int]:
        lows.append(load[0])
        return [job - 1] if job else []

    pool: Pool[int] = Pool(perform, workers=1, working=working)
    pool.submit([10])
    assert done.wait(PATIENCE)
    assert pool.close(PATIENCE)
    assert lows == [1] * 11


def test_a_job_that_cannot_be_done_leaves_the_thread_alive() -> None:
    done = threading.Event()

    def perform(job: str) -> list[str]:
        if job == "bad":
            raise ValueError(job)
        done.set()
        return []

    pool: Pool[str] = Pool(perform, workers=1, working=lambda _change: None)
    pool.submit(["bad", "good"])
    assert done.wait(PATIENCE)
    assert pool.close(PATIENCE)
