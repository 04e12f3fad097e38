"""W1: a sequence of tasks, each reading the output of the one before. W2: tasks side by side. And their costs, counted.

What a value of a loop costs must not grow with their number: W2 once with many values, between runs with few.

python tests/performance/bench_sequence.py [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from floor import Floor
from tables import Row, in_turns, print_rows, row
from workloads import BLOB_CALLS, MANY, PARALLEL, SEQUENCE, TABLE_CALLS, Bench, counted, one_task, parallel, sequence

ROUNDS = 5


def rows(rounds: int = ROUNDS) -> list[Row]:
    """Milliseconds for a task, beside as many commits as it makes writes."""
    return [
        _row(f"W1 sequence of {SEQUENCE}, a task", sequence(), SEQUENCE, rounds, goal=3, aim=1.5),
        _row(f"W2 {PARALLEL} in parallel, a task", parallel(), PARALLEL, rounds),
        row(f"W2 a value of {MANY} to one of {PARALLEL}", "times", _growth(rounds), goal=1.5),
    ]


def _growth(rounds: int) -> list[float]:
    """How many times as much a value costs among many as among few, who run as often before as after them."""
    bench = Bench()
    try:
        few, many = bench.save(parallel()), bench.save(parallel(MANY))
        few()
        before = [timed(few) for _ in range(rounds)]
        took = timed(many)
        after = [timed(few) for _ in range(rounds)]
        return [(took / MANY) / (statistics.median(other) / PARALLEL) for other in (before, after)]
    finally:
        bench.close()


def _row(name: str, source: str, tasks: int, rounds: int, **targets: float) -> Row:
    writes = counted(source)["table.write"]
    bench = Bench()
    floor = Floor(bench.path)
    try:
        run = bench.save(source)
        ours, bare = in_turns(rounds, lambda: timed(run), lambda: floor.commits(writes))
    finally:
        floor.close()
        bench.close()
    each = 1000 / tasks
    return row(name, "ms", [each * took for took in ours], [each * took for took in bare], **targets)


def counts() -> list[str]:
    """What one task run of a sequence and one execution of one task cost, by call."""
    long, one = counted(sequence()), counted(one_task())
    names = [
        *(f"table.{name}" for name in TABLE_CALLS),
        *(f"blobs.{name}" for name in BLOB_CALLS),
        "transitions",
    ]
    lines = [f"{'':28}{'a task of W1':>14}{'one-task execution':>20}"]
    lines += [f"{name:28}{long[name] / SEQUENCE:14.2f}{one[name]:20}" for name in names if long[name] or one[name]]
    return lines


def timed(run: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_rows(rows(parser.parse_args().rounds))
    print("", *counts(), sep="\n")


if __name__ == "__main__":
    main()
