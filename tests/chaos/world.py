"""A world of executions on one data directory: processes live, die and follow each other on it, people interfere.

`run` lets it happen as its seed says; at the end one process lives without faults until all is over.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

from chaos.faults import Faults
from chaos.shapes import Shape, shapes
from chaos.witness import Witness
from engine.faults import Died
from engine.running import Around, build
from thermik.executions import sweep
from thermik.executions.kill import kill
from thermik.executions.left_behind import open_executions
from thermik.executions.lifecycle import NewExecution, create
from thermik.executions.pausing import pause, resume
from thermik.executions.queue import force_run
from thermik.executions.refusals import Unacceptable, WrongState
from thermik.executions.replay import replay
from thermik.executions.repository import ExecutionNotFound
from thermik.executions.revival import restart
from thermik.flows.validation import parse_flow
from thermik.identity import derived_id
from thermik.local.interpreter import SkippingClock
from thermik.local.runtime import Runtime
from thermik.storage.errors import Conflict, Unavailable

PATIENCE = 60.0
"""Seconds that everything may take to end once nothing goes wrong any more."""

STEP = 0.004

REFUSED = (Died, Conflict, Unavailable, WrongState, Unacceptable, ExecutionNotFound)
"""What a caller is told when its operation did not go through, or could not."""


@dataclass
class Life:
    """A process."""

    runtime: Runtime
    faults: Faults
    ends_after: int


@dataclass
class World:
    """Executions by id, with their flows, and who interfered."""

    data: Path
    seed: str
    shapes: list[Shape]
    witness: Witness
    started: dict[str, Shape] = field(default_factory=dict)
    interfered: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    faults: Counter[str] = field(default_factory=Counter)
    lives: int = 0
    _skipped: timedelta = timedelta()

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)


def new_world(data: Path, seed: int, number: int, flows: int) -> World:
    """A world with so many random flows saved."""
    witness = Witness()
    world = World(data, f"{seed}/{number}", shapes(seed * 1_000 + number, flows, witness), witness)
    runtime = build(data, clock=SkippingClock(), around=Around())
    for shape in world.shapes:
        runtime.flows.save(parse_flow(shape.source, runtime.types))
    runtime.close(1)
    return world


def run(world: World, executions: int) -> Runtime:
    """So many executions in lives with faults, then one without until all have ended; that one is the answer."""
    living: list[Life] = []
    pending = [derived_id("chaos", world.seed, str(number)) for number in range(executions)]
    while pending:
        living = [life for life in living if not _over(world, life)]
        while len(living) < world.draw.choice([1, 1, 1, 2]):
            living.append(_born(world))
        life = world.draw.choice(living)
        _happen(world, life, pending)
        life.ends_after -= 1
        time.sleep(STEP)
    for life in living:
        _end(world, life)
    return _last_life(world)


def _born(world: World) -> Life:
    world.lives += 1
    clock = _clock(world, timedelta(seconds=world.draw.uniform(-5, 5)))
    faults = Faults(f"{world.seed}/{world.lives}", world.witness)
    runtime = build(world.data, clock=clock, around=faults.around())
    life = Life(runtime, faults, world.draw.randint(20, 200))
    _attempt(lambda: tend(runtime))
    return life


def _clock(world: World, off: timedelta) -> SkippingClock:
    clock = SkippingClock()
    clock._skipped = max(timedelta(), world._skipped + off)
    return clock


def _over(world: World, life: Life) -> bool:
    if life.ends_after > 0 and not life.faults.died.is_set():
        return False
    _end(world, life)
    return True


def _end(world: World, life: Life) -> None:
    clock = life.runtime.clock
    assert isinstance(clock, SkippingClock)
    if life.faults.died.is_set() or world.draw.random() < 0.7:
        life.faults.bury(life.runtime)
    else:
        life.runtime.close(5)
    life.faults.died.set()
    world._skipped = max(world._skipped, clock._skipped)
    world.faults.update({fate.name: count for fate, count in life.faults.counted.items()})


def _happen(world: World, life: Life, pending: list[str]) -> None:
    """One thing that somebody does, or the process by itself."""
    draw, runtime = world.draw, life.runtime
    drawn = draw.random()
    if drawn < 0.4:
        shape, name = draw.choice(world.shapes), pending[-1]
        new = NewExecution("company.team", shape.id, 1, id=name)
        world.started[name] = shape
        _attempt(lambda: create(runtime.life, new))
        with suppress(Died):
            pending.pop()
    elif drawn < 0.6:
        _attempt(lambda: tend(runtime))
    elif drawn < 0.7 and world.started:
        name = draw.choice(list(world.started)[-20:])
        operation, act = draw.choice(_OPERATIONS)
        world.interfered[name].add(operation)
        _attempt(lambda: act(world, runtime, name), lambda came: world.witness.tell(name, f"{operation}: {came}"))


def _replay(world: World, runtime: Runtime, name: str) -> None:
    new = derived_id("chaos replay", name, str(len(world.started)))
    runs = runtime.life.executions.all_task_runs(name)
    chosen = world.draw.choice([None, *(run.value.id for run in runs)])
    world.started[new] = world.started[name]
    if chosen is not None:
        world.interfered[new].add("replay")
    replay(runtime.life, name, from_task_run=chosen, new_execution_id=new)


_OPERATIONS: list[tuple[str, Callable[[World, Runtime, str], Any]]] = [
    ("kill", lambda _, runtime, name: kill(runtime.life, name)),
    ("pause", lambda _, runtime, name: pause(runtime.life, name)),
    ("pause", lambda _, runtime, name: pause(runtime.life, name)),
    ("resume", lambda _, runtime, name: resume(runtime.life, name)),
    ("resume", lambda _, runtime, name: resume(runtime.life, name)),
    ("restart", lambda _, runtime, name: restart(runtime.life, name)),
    ("restart", lambda _, runtime, name: restart(runtime.life, name)),
    ("force-run", lambda _, runtime, name: force_run(runtime.life, name)),
    ("replay", _replay),
]


def tend(runtime: Runtime, grace: timedelta = sweep.GRACE) -> None:
    """What a server does at intervals."""
    runtime._take_over()
    with mock.patch.object(sweep, "GRACE", grace):
        runtime._sweep()
    runtime._read_mail()
    runtime.hub.upkeep.run()


def _attempt(act: Callable[[], Any], tell: Callable[[str], None] = lambda _: None) -> None:
    """What a caller does; it may be refused."""
    try:
        act()
        tell("done")
    except REFUSED as error:
        tell(f"{type(error).__name__}: {error}")


def _last_life(world: World) -> Runtime:
    """A process without faults, until nothing is open and no machine runs; at most for `PATIENCE`."""
    watched = Faults(f"{world.seed}/last", world.witness, of_writes={}, of_invocations={})
    runtime = build(world.data, clock=_clock(world, timedelta(days=1)), around=watched.around())
    deadline = time.monotonic() + PATIENCE
    quiet = 0
    while time.monotonic() < deadline and quiet < 3:
        tend(runtime, timedelta(days=-1))
        _resume_all(world, runtime)
        busy = runtime.machines.engine._running or any(True for _ in open_executions(runtime.life))
        quiet = 0 if busy else quiet + 1
        time.sleep(0.02)
    return runtime


def _resume_all(world: World, runtime: Runtime) -> None:
    """What people paused, they resume in the end."""
    for execution in open_executions(runtime.life):
        if execution.progress.held:
            with suppress(WrongState):
                resume(runtime.life, execution.id)


def watch_deaths() -> None:
    """Threads of dead processes end without a word."""
    spoken = threading.excepthook

    def hook(args: Any) -> None:
        if not issubclass(args.exc_type or Died, Died):
            spoken(args)

    threading.excepthook = hook
