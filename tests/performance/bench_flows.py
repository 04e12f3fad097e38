"""How long reading a flow takes: `python tests/performance/bench_flows.py [TASKS]`.

Goal: a flow of 500 tasks validates in at most 150 ms on two cores. Beside it, the floor: PyYAML's C parser alone.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "functions"))

GOAL_MS = 150.0
ROUNDS = 7


def source(tasks: int) -> str:
    """A flow of so many tasks, each with an expression, a retry and a time-out."""
    task = (
        "  - id: t{n}\n    type: io.kestra.plugin.core.log.Log\n"
        "    message: 'hello {{{{ outputs.t{n}.value | upper }}}}'\n"
        "    timeout: PT1M\n    retry:\n      type: constant\n      interval: PT5S\n      maxAttempts: 3\n"
    )
    return "id: bench\nnamespace: bench\ntasks:\n" + "".join(task.format(n=number) for number in range(tasks))


def median_ms(work: Callable[[], object]) -> float:
    """The median duration of some rounds, in milliseconds."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    """Measure and print."""
    from thermik.flows.source import read_source
    from thermik.flows.validation import build_flow, parse_flow
    from thermik.tasks.registry import Registry

    tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    text, types = source(tasks), Registry()
    start = time.perf_counter()
    data = parse_flow(text, types).data
    first = (time.perf_counter() - start) * 1000
    print(f"flow of {tasks} tasks, {len(text) / 1000:.0f} KB; median of {ROUNDS}")
    print(f"  YAML events only (floor)  {median_ms(lambda: list(yaml.parse(text, Loader=yaml.CSafeLoader))):7.1f} ms")
    print(f"  read with positions       {median_ms(lambda: read_source(text)):7.1f} ms")
    print(f"  build the model again     {median_ms(lambda: build_flow(data, types)):7.1f} ms")
    print(f"  validate, first           {first:7.1f} ms")
    print(f"  validate                  {median_ms(lambda: parse_flow(text, types)):7.1f} ms (goal {GOAL_MS:.0f})")


if __name__ == "__main__":
    main()
