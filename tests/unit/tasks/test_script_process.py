"""Real processes that behave badly: each ends, leaves nothing, and takes bounded memory."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from thermik.tasks.scripts import marks
from thermik.tasks.scripts.lines import MAX_LINE_BYTES, Line
from thermik.tasks.scripts.process import CannotStart, Command, Ended, Graces, Stream, run_process

SHORT = Graces(kill=timedelta(milliseconds=300), drain=timedelta(milliseconds=300))
LONG = Graces(kill=timedelta(seconds=60), drain=timedelta(seconds=60))
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


class Watcher:
    """Keeps the lines, and interrupts when one says `ready`."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bytes]] = []
        self.count = 0
        self._stop: Callable[[], None] | None = None
        self.interrupting = False

    def take(self, stream: Stream, line: Line) -> None:
        self.count += 1
        if len(self.lines) < 100:
            self.lines.append((stream.value, line.data[:100]))
        if self.interrupting and line.data == b"ready" and self._stop:
            threading.Thread(target=self._stop).start()

    def on_interrupt(self, stop: Callable[[], None]) -> None:
        self._stop = stop

    def texts(self, stream: Stream = Stream.OUT) -> list[bytes]:
        return [data for name, data in self.lines if name == stream]


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


def _run(watcher: Watcher, tmp_path: Path, *arguments: str, graces: Graces = LONG) -> Ended:
    command = Command(arguments, tmp_path, {"PATH": os.environ["PATH"]})
    return run_process(command, watcher.take, watcher.on_interrupt, graces)


def _shell(watcher: Watcher, tmp_path: Path, text: str, graces: Graces = LONG) -> Ended:
    return _run(watcher, tmp_path, "/bin/sh", "-c", text, graces=graces)


def _python(watcher: Watcher, tmp_path: Path, text: str, graces: Graces = LONG) -> Ended:
    return _run(watcher, tmp_path, sys.executable, "-c", text, graces=graces)


def _gone(pid: int) -> bool:
    """Whether the process has ended (a zombie has), within a moment: the kernel takes its time after SIGKILL."""
    for _ in range(200):
        try:
            os.kill(pid, 0)
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


def test_both_streams_are_read_in_their_order(watcher: Watcher, tmp_path: Path) -> None:
    ended = _shell(watcher, tmp_path, "for i in 1 2 3; do echo out $i; echo err $i >&2; done; printf last; exit 3")
    assert ended == Ended(3, None, held=False)
    assert watcher.texts() == [b"out 1", b"out 2", b"out 3", b"last"]
    assert watcher.texts(Stream.ERR) == [b"err 1", b"err 2", b"err 3"]


def test_input_is_empty_and_the_directory_is_the_given_one(watcher: Watcher, tmp_path: Path) -> None:
    assert _shell(watcher, tmp_path, "cat; pwd -P").exit_code == 0
    assert watcher.texts() == [str(tmp_path.resolve()).encode()]


def test_a_signal_that_ends_the_command_is_named(watcher: Watcher, tmp_path: Path) -> None:
    assert _shell(watcher, tmp_path, "kill -KILL $$") == Ended(137, signal.SIGKILL, held=False)


@pytest.mark.parametrize("arguments", [["/no/such/program"], ["/bin/sh", "-c", "x" * 5_000_000], ["/bin/sh", "a\0b"]])
def test_what_cannot_be_started_says_why(watcher: Watcher, tmp_path: Path, arguments: list[str]) -> None:
    with pytest.raises(CannotStart, match=r"No such file|Argument list too long|null byte"):
        _run(watcher, tmp_path, *arguments)


def test_a_flood_of_lines_is_read_to_its_end(watcher: Watcher, tmp_path: Path) -> None:
    text = "import os\nchunk = b'a line of a flood of lines\\n' * 10_000\nfor _ in range(200): os.write(1, chunk)"
    assert _python(watcher, tmp_path, text).exit_code == 0
    assert watcher.count == 2_000_000


def test_a_line_of_a_hundred_megabytes_takes_one(watcher: Watcher, tmp_path: Path) -> None:
    kept: list[tuple[int, int]] = []
    command = Command(["/bin/sh", "-c", "head -c 100000000 /dev/zero"], tmp_path, {"PATH": os.environ["PATH"]})
    run_process(command, lambda _, line: kept.append((len(line.data), line.dropped)), watcher.on_interrupt)
    assert kept == [(MAX_LINE_BYTES, 100_000_000 - MAX_LINE_BYTES)]


def test_sigterm_gives_a_script_time_to_clean_up(watcher: Watcher, tmp_path: Path) -> None:
    watcher.interrupting = True
    ended = _shell(watcher, tmp_path, "trap 'echo cleaned; exit 9' TERM; echo ready; while :; do sleep 0.05; done")
    assert watcher.texts() == [b"ready", b"cleaned"]
    assert (ended.exit_code, ended.killed_by) == (9, None)


def test_who_ignores_sigterm_is_killed_with_all_its_children(watcher: Watcher, tmp_path: Path) -> None:
    watcher.interrupting = True
    ended = _shell(watcher, tmp_path, "trap '' TERM; sleep 1000 & echo $!; echo ready; wait; sleep 1000", SHORT)
    assert ended.killed_by is signal.SIGKILL
    assert _gone(int(watcher.texts()[0]))


def test_a_daemon_gets_no_time_after_an_interrupt(watcher: Watcher, tmp_path: Path) -> None:
    watcher.interrupting = True
    text = "trap 'echo cleaned; exit 9' TERM; setsid sleep 1000 & echo $!; echo ready; while :; do sleep 0.05; done"
    assert _shell(watcher, tmp_path, text, LONG).exit_code == 9
    assert watcher.texts()[1:] == [b"ready", b"cleaned"]
    assert _gone(int(watcher.texts()[0]))


def test_an_interrupt_before_the_start_ends_it_as_well(watcher: Watcher, tmp_path: Path) -> None:
    command = Command(["/bin/sh", "-c", "sleep 1000"], tmp_path, {"PATH": os.environ["PATH"]})
    assert run_process(command, watcher.take, lambda stop: stop(), LONG).killed_by is signal.SIGTERM


def test_an_interrupt_after_the_end_does_nothing(watcher: Watcher, tmp_path: Path) -> None:
    assert _shell(watcher, tmp_path, "true").exit_code == 0
    assert watcher._stop is not None
    watcher._stop()


def test_a_background_child_that_holds_the_outputs_is_not_waited_for(watcher: Watcher, tmp_path: Path) -> None:
    ended = _shell(watcher, tmp_path, "sleep 1000 & echo $!; printf rest", SHORT)
    assert ended == Ended(0, None, held=True)
    assert watcher.texts()[1:] == [b"rest"]
    assert _gone(int(watcher.texts()[0]))


def test_what_a_background_child_prints_in_time_is_read(watcher: Watcher, tmp_path: Path) -> None:
    assert _shell(watcher, tmp_path, "(sleep 0.2; echo late) & echo first") == Ended(0, None, held=False)
    assert watcher.texts() == [b"first", b"late"]


def test_a_background_child_that_never_stops_printing_is_stopped(watcher: Watcher, tmp_path: Path) -> None:
    assert _shell(watcher, tmp_path, "yes & exit 4", SHORT) == Ended(4, None, held=True)


def test_closed_outputs_do_not_end_a_command(watcher: Watcher, tmp_path: Path) -> None:
    assert _shell(watcher, tmp_path, "exec >&- 2>&-; sleep 0.3; exit 6") == Ended(6, None, held=False)


@linux
def test_a_daemon_that_left_the_group_is_found_and_killed(watcher: Watcher, tmp_path: Path) -> None:
    daemon = (
        "import os, sys, time\n"
        "if os.fork(): os.wait(); sys.exit()\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "open('pid', 'w').write(str(os.getpid()))\n"
        "os.rename('pid', 'pid.ready')\n"
        "os.close(1); os.close(2)\n"
        "time.sleep(1000)\n"
    )
    wait = "\nimport time, pathlib\nwhile not pathlib.Path('pid.ready').exists(): time.sleep(0.01)\n"
    starter = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {daemon!r}])" + wait
    assert _python(watcher, tmp_path, starter).exit_code == 0
    assert _gone(int((tmp_path / "pid.ready").read_text()))


def test_an_error_in_the_reader_kills_the_command_and_goes_on(watcher: Watcher, tmp_path: Path) -> None:
    pids: list[int] = []

    def take(_: Stream, line: Line) -> None:
        pids.append(int(line.data))
        raise OSError("the log is full")

    command = Command(["/bin/sh", "-c", "echo $$; sleep 1000"], tmp_path, {"PATH": os.environ["PATH"]})
    with pytest.raises(OSError, match="the log is full"):
        run_process(command, take, watcher.on_interrupt)
    assert _gone(pids[0])


def test_no_descriptor_and_no_thread_is_left(watcher: Watcher, tmp_path: Path) -> None:
    _shell(watcher, tmp_path, "true")
    before = sum(1 for _ in Path("/dev/fd").iterdir())
    for _ in range(5):
        _shell(watcher, tmp_path, "true")
    assert sum(1 for _ in Path("/dev/fd").iterdir()) == before
    for thread in threading.enumerate():
        if thread.name.startswith("wait-"):
            thread.join(5)
            assert not thread.is_alive()


@linux
def test_no_core_dump(watcher: Watcher, tmp_path: Path) -> None:
    _shell(watcher, tmp_path, "sleep 0.1; ulimit -c")
    assert watcher.texts() == [b"0"]
    assert marks.MARK.startswith("THERMIK_")


@linux
def test_scripts_of_one_owner_are_killed_and_no_others(
    watcher: Watcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "_owner", [])
    marks.belong_to("dead1")
    told = threading.Event()

    def take(stream: Stream, line: Line) -> None:
        watcher.take(stream, line)
        told.set()

    command = Command(("/bin/sh", "-c", "echo $THERMIK_PROCESS; sleep 60"), tmp_path, {"PATH": os.environ["PATH"]})
    ended: list[Ended] = []
    running = threading.Thread(target=lambda: ended.append(run_process(command, take, watcher.on_interrupt, SHORT)))
    running.start()
    assert told.wait(30)
    assert watcher.texts()[0].startswith(b"dead1:")
    marks.kill_scripts_of("dead")
    marks.kill_scripts_of("ead1")
    assert running.is_alive()
    marks.kill_scripts_of("dead1")
    running.join(30)
    assert [each.killed_by for each in ended] == [signal.SIGKILL]
