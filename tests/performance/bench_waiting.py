"""What executions that wait cost a laptop: memory, threads, and how long a start takes that goes on with all of them.

Run it with `python tests/performance/bench_waiting.py [--executions N]`. A first process creates them, half paused and
half waiting for a retry, and dies; a second one takes them over.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import threading
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "functions"))

from thermik.executions.left_behind import open_executions
from thermik.executions.lifecycle import NewExecution, create
from thermik.flows.validation import parse_flow
from thermik.local.runtime import Runtime
from thermik.local.takeover import take_over

CORE = "io.kestra.plugin.core"
PAUSING = {"id": "wait", "type": f"{CORE}.flow.Pause", "pauseDuration": "P1D"}
RETRYING = {
    "id": "wait",
    "type": f"{CORE}.execution.Fail",
    "retry": {"type": "constant", "interval": "P1D", "maxAttempts": 2},
}
WAITING = frozenset({"PAUSED", "RETRYING"})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--executions", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as data:
        for name, measure in (("created and waiting", begin), ("taken over by another process", go_on)):
            figures = in_a_process(measure, Path(data), options.executions)
            print(f"{options.executions} executions {name}:")
            for figure, value in figures.items():
                print(f"  {figure:<40}{value:10.1f}")


def in_a_process(measure: Any, data: Path, number: int) -> dict[str, float]:
    """The figures of a process that ends without a farewell."""
    context = get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_told, args=(measure, data, number, sending))
    process.start()
    figures: dict[str, float] = receiving.recv()
    process.join()
    return figures


def _told(measure: Any, data: Path, number: int, sending: Any) -> None:
    sending.send(measure(data, number))
    os._exit(0)


def begin(data: Path, number: int) -> dict[str, float]:
    """Create them and wait until all wait."""
    runtime = Runtime(data)
    names = []
    for kind, task in (("pausing", PAUSING), ("retrying", RETRYING)):
        source = json.dumps({"id": kind, "namespace": "company.team", "tasks": [task]})
        names.append(runtime.flows.save(parse_flow(source, runtime.types)))
    warm = [create(runtime.life, NewExecution(each.namespace, each.id, each.revision)) for each in names]
    _until_waiting(runtime, len(warm))
    before, began = _memory(), time.monotonic()
    for index in range(number - len(warm)):
        revision = names[index % 2]
        create(runtime.life, NewExecution(revision.namespace, revision.id, revision.revision))
    _until_waiting(runtime, number)
    return _figures(before, began)


def go_on(data: Path, number: int) -> dict[str, float]:
    """Take them over and wait until all wait in this process."""
    runtime = Runtime(data)
    before, began = _memory(), time.monotonic()
    taken = take_over(runtime.life, runtime.process.lives)
    assert taken == number, f"{taken} of {number} were taken over"
    until = time.monotonic() + 600
    while runtime.machines.engine._pool._load:
        assert time.monotonic() < until
        time.sleep(0.05)
    return _figures(before, began)


def _until_waiting(runtime: Runtime, number: int) -> None:
    until = time.monotonic() + 600
    while runtime.machines.engine._pool._load:
        assert time.monotonic() < until
        time.sleep(0.02)
    states = [execution.state.current.value for execution in open_executions(runtime.life)]
    assert len(states) == number
    assert set(states) <= WAITING, set(states)


def _figures(before: float, began: float) -> dict[str, float]:
    took = time.monotonic() - began
    gc.collect()
    return {"seconds": took, "MiB of memory more": _memory() - before, "threads": float(threading.active_count())}


def _memory() -> float:
    """MiB that this process has in memory."""
    with Path("/proc/self/statm").open() as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    main()
