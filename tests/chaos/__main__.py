"""Runs chaos: `python tests/chaos [--executions 2000] [--seed N] [--world N]`. The seed that is printed replays it."""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "functions")]

EXECUTIONS_OF_A_WORLD = 50
FLOWS_OF_A_WORLD = 18

REPORTS = Path(__file__).parents[2] / ".cache" / "chaos"
"""Where a world that went wrong is told in full."""


def main() -> int:
    """Run worlds until there were enough executions; 1 where something was not as it must be."""
    options = _options()
    print(f"seed {options.seed}", flush=True)
    worlds = [options.world] if options.world is not None else range(-(-options.executions // EXECUTIONS_OF_A_WORLD))
    began = time.monotonic()
    faults: Counter[str] = Counter()
    executions = runs = lives = failed = 0
    with ProcessPoolExecutor(options.processes) as pool:
        for number, story in zip(worlds, pool.map(partial(_world, options.seed), worlds), strict=True):
            executions, runs, lives = executions + story["executions"], runs + story["runs"], lives + story["lives"]
            faults.update(story["faults"])
            failed += bool(story["problems"])
            _tell(options.seed, number, story)
    took = time.monotonic() - began
    print(f"{executions} executions with {runs} task runs in {lives} lives of a process: {took:.0f} s")
    print(f"{sum(faults.values())} faults: " + ", ".join(f"{name} {count}" for name, count in sorted(faults.items())))
    print(f"{failed} worlds of {len(worlds)} were not as they must be (seed {options.seed})")
    return 1 if failed else 0


def _tell(seed: int, number: int, story: dict[str, Any]) -> None:
    """Print what was wrong in a world, and keep all that happened to those concerned."""
    for problem in story["problems"]:
        print(f"world {number} (--seed {seed} --world {number}): {problem}", flush=True)
    if story["problems"]:
        REPORTS.mkdir(parents=True, exist_ok=True)
        report = REPORTS / f"seed-{seed}-world-{number}.txt"
        report.write_text(story["report"], encoding="utf-8")
        print(f"world {number}: see {report}", flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/chaos", description=__doc__)
    parser.add_argument("--executions", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--world", type=int, help="only this one of the seed's worlds")
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


def _world(seed: int, number: int) -> dict[str, Any]:
    from chaos.story import story

    with tempfile.TemporaryDirectory() as data:
        return story(Path(data), seed, number, executions=EXECUTIONS_OF_A_WORLD, flows=FLOWS_OF_A_WORLD)


if __name__ == "__main__":
    sys.exit(main())
