"""Who lives on a data directory, and whose work is at work."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import REPOSITORY
from thermik.executions.model import Lease
from thermik.local.leases import ProcessLeases
from thermik.local.processes import Process

OTHER = """
import sys
from pathlib import Path
from thermik.local.processes import Process
process = Process(Path(sys.argv[1]))
print(process.token, flush=True)
sys.stdin.read()
"""


class Other:
    """Another process on the directory."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", OTHER, str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": str(REPOSITORY / "functions")},
        )
        assert self.process.stdout is not None
        self.token = self.process.stdout.readline().strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_a_process_lives_until_it_is_killed(tmp_path: Path) -> None:
    mine, other = Process(tmp_path), Other(tmp_path)
    assert mine.lives(mine.token)
    assert mine.lives(other.token)
    assert mine.lives(other.token)  # asking takes nothing away
    other.kill()
    assert not mine.lives(other.token)
    assert not mine.lives(other.token)
    assert mine.lives(mine.token)
    mine.close()


def test_a_process_that_is_just_beginning_is_not_taken_for_dead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, lock = Process(tmp_path), fcntl.flock
    seen: list[list[str]] = []

    def look_first(file: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            seen.append(other.dead())
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", look_first)
    mine = Process(tmp_path)
    assert seen == [[]]
    assert other.lives(mine.token)
    mine.close(leaves=True)
    assert other.dead() == [mine.token]


def test_a_process_that_ended_by_itself_is_gone(tmp_path: Path) -> None:
    one, two = Process(tmp_path), Process(tmp_path)
    assert one.token != two.token
    assert two.lives(one.token)
    one.close()
    assert not two.lives(one.token)
    two.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("token", ["", "nobody", "../../etc/passwd", "a/b", ".lock"])
def test_what_is_no_process_does_not_live(tmp_path: Path, token: str) -> None:
    process = Process(tmp_path)
    assert not process.lives(token)
    process.close()


def test_a_lease_is_held_until_the_work_ends(tmp_path: Path) -> None:
    process = Process(tmp_path)
    leases = ProcessLeases(process)
    one, two = leases.take(None), leases.take(None)
    assert one != two
    leases.release(one)
    leases.release(one)
    assert (leases.is_held(one), leases.is_held(two)) == (False, True)
    process.close()


def test_a_lease_of_another_process_is_held_while_it_lives(tmp_path: Path) -> None:
    process, other = Process(tmp_path), Other(tmp_path)
    lease = Lease(holder=f"{other.token}/7")
    leases = ProcessLeases(process)
    assert leases.is_held(lease)
    other.kill()
    assert not leases.is_held(lease)
    process.close()


def test_a_lease_of_an_earlier_life_is_not_held(tmp_path: Path) -> None:
    earlier = Process(tmp_path)
    lease = ProcessLeases(earlier).take(None)
    earlier.close()
    later = Process(tmp_path)
    assert not ProcessLeases(later).is_held(lease)
    later.close()
