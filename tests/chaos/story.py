"""One world from its beginning to what was found in it."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from chaos.checking import every_execution, problems
from chaos.telling import report
from chaos.world import new_world, run, watch_deaths


def story(data: Path, seed: int, number: int, *, executions: int, flows: int) -> dict[str, Any]:
    """Run a world; figures, the problems that it was left with, and a report of what led to them."""
    logging.disable(logging.CRITICAL)  # the servers' complaints about what is done to them
    watch_deaths()
    world = new_world(data, seed, number, flows)
    runtime = run(world, executions)
    try:
        made = list(every_execution(world, runtime))
        runs = sum(len(runtime.life.executions.all_task_runs(each.id)) for each in made)
        found = list(problems(world, runtime))
        told = report(world, runtime, made, found) if found else ""
    finally:
        runtime.close(5)
        logging.disable(logging.NOTSET)
    return {
        "executions": len(made),
        "runs": runs,
        "lives": world.lives,
        "faults": world.faults,
        "problems": found,
        "report": told,
    }
