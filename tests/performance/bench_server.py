"""W3: one-task executions over the API, 200 at once and one by one. W5: the server's memory, idle and during W1.

python tests/performance/bench_server.py [--rounds N]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from floor import Floor
from serving import Peak, Server
from tables import Row, in_turns, print_rows, row
from workloads import SEQUENCE, counted, one_task, sequence

ROUNDS = 5
EXECUTIONS = 200


def rows(rounds: int = ROUNDS) -> list[Row]:
    """All figures, from one server."""
    writes = counted(one_task())["table.write"]
    with tempfile.TemporaryDirectory() as directory, Server() as server:
        floor = Floor(Path(directory))
        try:
            memory = [row("W5 memory, idle", "MiB", [server.memory()], goal=130, aim=90)]
            server.save(one_task())
            server.save(sequence())
            speeds = [*_at_once(server, floor, writes, rounds), *_one_by_one(server, floor, writes, rounds)]
            return [*speeds, *memory, _busy(server, rounds)]
        finally:
            floor.close()


def _at_once(server: Server, floor: Floor, writes: int, rounds: int) -> list[Row]:
    ours, bare = in_turns(
        rounds,
        lambda: EXECUTIONS / server.run_many("one", EXECUTIONS),
        lambda: EXECUTIONS / floor.commits(writes * EXECUTIONS),
    )
    return [row(f"W3 {EXECUTIONS} at once", "executions/s", ours, bare, goal=150, aim=400, more_is_better=True)]


def _one_by_one(server: Server, floor: Floor, writes: int, rounds: int) -> list[Row]:
    durations: list[list[float]] = []
    commits: list[list[float]] = []
    for _ in range(rounds):
        server.reconnect()
        durations.append(sorted(1000 * server.run("one") for _ in range(EXECUTIONS)))
        commits.append(sorted(1000 * floor.commits(writes) for _ in range(EXECUTIONS)))
    last = EXECUTIONS * 99 // 100
    middle = EXECUTIONS // 2
    return [
        row("W3 one by one, p50", "ms", _at(durations, middle), _at(commits, middle), goal=6, aim=3),
        row("W3 one by one, p99", "ms", _at(durations, last), _at(commits, last)),
    ]


def _at(rounds: list[list[float]], place: int) -> list[float]:
    return [durations[place] for durations in rounds]


def _busy(server: Server, rounds: int) -> Row:
    peaks = []
    server.reconnect()
    for _ in range(rounds):
        with Peak(server) as peak:
            server.run(f"sequence{SEQUENCE}")
        peaks.append(peak.value)
    return row("W5 memory, during W1", "MiB", peaks, goal=130, aim=90)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    print_rows(rows(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
