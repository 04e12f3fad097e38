"""How much the interpreter adds to a task, beside a bare loop in the same run, and moto where asked.

    python tests/performance/bench_interpreter.py [--moto]

The functions do nothing, so all time is the interpreter's. Medians of five runs; the floor calls the same function
as often from a loop, with the JSON text of the same payloads.
"""

from __future__ import annotations

import gc
import json
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "functions"), str(ROOT / "tests")]

from machines.constructs.case import holding, machine, mapping, passing, task  # noqa: E402 - after the path is set
from thermik.clock import SystemClock  # noqa: E402
from thermik.local.interpreter import Engine  # noqa: E402

RUNS = 5
WORKERS = 4
WAITING = 10_000
PAYLOAD = {"e.$": "$.e", "task": "t", "at.$": "$$.State.EnteredTime"}
WORK = task("worker", PAYLOAD, ResultPath=None)


def _map(concurrency: int) -> dict[str, Any]:
    item = machine(item=task("worker", {"e.$": "$.e", "index.$": "$.index"}, ResultPath=None))
    selector = {"e.$": "$.e", "index.$": "$$.Map.Item.Index"}
    return machine(
        m=mapping(item, ItemsPath="$.items", MaxConcurrency=concurrency, ItemSelector=selector, ResultPath=None)
    )


CASES: list[tuple[str, dict[str, Any], int]] = [
    ("100-task sequence", machine(**{f"t{place}": WORK for place in range(100)}), 100),
    ("500-item Map, concurrency 8", _map(8), 500),
    ("500-item Map, unlimited", _map(0), 500),
    ("100 Pass states", machine(**{f"p{place}": passing() for place in range(100)}), 100),
]
INPUT = {"e": "execution", "items": list(range(500))}


def _do_nothing(_function: str, _payload: Any) -> None:
    return None


def _median(run: Callable[[], None]) -> float:
    """The median duration in milliseconds, after one run to warm up."""
    durations = []
    for _ in range(RUNS + 1):
        began = time.perf_counter()
        run()
        durations.append((time.perf_counter() - began) * 1000)
    return statistics.median(durations[1:])


def _floor(steps: int) -> None:
    for _ in range(steps):
        payload = json.loads(json.dumps({"e": "execution", "task": "t", "at": "2024-01-01T00:00:00.000Z"}))
        json.loads(json.dumps(_do_nothing("worker", payload)))


def _ours(engine: Engine, names: Any, definition: str) -> None:
    name = f"e{next(names)}"
    engine.start(definition, name, INPUT)
    engine.wait(name, 60)


def _compare(engine: Engine, moto: Callable[[str], None] | None) -> None:
    names = count()
    print(f"{'':32}{'ours':>10}{'a step':>12}{'bare loop':>12}{'moto' if moto else '':>10}")
    for title, definition, steps in CASES:
        text = json.dumps(definition)
        ours = _median(lambda text=text: _ours(engine, names, text))
        floor = _median(lambda steps=steps: _floor(steps))
        other = f"{_median(lambda text=text: moto(text)):8.0f} ms" if moto else ""
        print(f"{title:32}{ours:7.1f} ms{ours * 1000 / steps:9.1f} µs{floor:9.1f} ms{other:>10}")


def _waiting(title: str, definition: dict[str, Any]) -> None:
    """Memory of executions that wait, and how long it takes to start one and to stop one."""
    engine = Engine(_do_nothing, clock=SystemClock(), workers=2)
    text = json.dumps(definition)
    engine.start(text, "warm", INPUT)
    gc.collect()
    tracemalloc.start()
    for place in range(WAITING):
        engine.start(text, f"e{place}", {"e": f"e{place}"})
    while engine._pool._load:
        time.sleep(0.01)
    gc.collect()
    each = tracemalloc.get_traced_memory()[0] / WAITING
    tracemalloc.stop()
    began = time.perf_counter()
    for place in range(WAITING):
        engine.stop(f"e{place}")
    stopped = (time.perf_counter() - began) / WAITING * 1e6
    threads = threading.active_count()
    engine.close(timeout=5)
    print(f"{title:32}{each:7.0f} B each, {stopped:.0f} µs to stop one, {threads} threads in the process")


def _moto_run() -> tuple[Callable[[str], None], Callable[[], None]]:
    """A run on moto, and what ends it."""
    import boto3

    import conftest  # noqa: F401 - no real account can be reached from here on
    from machines.moto_fixes import fixed_moto

    moto = fixed_moto(_do_nothing)
    moto.__enter__()
    client = boto3.client("stepfunctions", region_name="us-east-1")
    names = count()

    def run(definition: str) -> None:
        name = f"m{next(names)}"
        made = client.create_state_machine(name=name, definition=definition, roleArn="arn:aws:iam::123456789012:role/r")
        started = client.start_execution(stateMachineArn=made["stateMachineArn"], name=name, input=json.dumps(INPUT))
        while client.describe_execution(executionArn=started["executionArn"])["status"] == "RUNNING":
            time.sleep(0.002)

    return run, lambda: moto.__exit__(None, None, None)


def main() -> None:
    """Print the table."""
    moto, leave = _moto_run() if "--moto" in sys.argv[1:] else (None, lambda: None)
    engine = Engine(_do_nothing, clock=SystemClock(), workers=WORKERS)
    _compare(engine, moto)
    engine.close(timeout=5)
    leave()
    _waiting(f"{WAITING:,} waiting on a timer", machine(w={"Type": "Wait", "Seconds": 86_400}))
    _waiting(f"{WAITING:,} waiting on a token", machine(h=holding("worker", TimeoutSeconds=86_400)))


if __name__ == "__main__":
    main()
