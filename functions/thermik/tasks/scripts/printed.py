"""What becomes of the lines that a script prints: outputs, metrics and log entries, each within a bound.

Standard output is logged at INFO, standard error at ERROR, as in Kestra; a marker line is taken, not logged.
"""

from __future__ import annotations

from typing import Any

from thermik.tasks.runnable import Level, RunContext, TaskFailure
from thermik.tasks.scripts.lines import MAX_LINE_BYTES, Line
from thermik.tasks.scripts.markers import BadMarker, Marker, read_marker
from thermik.tasks.scripts.process import Stream

MAX_LOGGED_BYTES = 4 * 1024 * 1024
"""What a script may log; the rest is counted, and the log says how much there was.

Less than an attempt's whole log may hold, so that what the task itself has to say afterwards still fits.
"""
ENTRY_BYTES = 60
"""What an entry takes beside its message."""
MAX_OUTPUT_BYTES = 16 * 1024 * 1024
"""All `outputs` lines of one attempt together; larger results belong into a file."""

_LEVELS = {Stream.OUT: Level.INFO, Stream.ERR: Level.ERROR}
_FILE_HINT = "write it to a file and name that in `outputFiles`"


class Printed:
    """Takes a script's lines; afterwards `outputs` are its variables and `errors` the number of lines on stderr."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self.outputs: dict[str, Any] = {}
        self.errors = 0
        self._logged = 0
        self._unlogged = 0
        self._output_bytes = 0

    def take(self, stream: Stream, line: Line) -> None:
        """Take one line.

        Raises:
            TaskFailure: it is a marker that is too long, or one too many; its values must not get lost.
        """
        self.errors += stream is Stream.ERR
        if line.data.startswith(b"::{"):
            if line.dropped:
                raise TaskFailure(f"A `::{{…}}::` line is longer than {MAX_LINE_BYTES} bytes; {_FILE_HINT}")
            if self._take_marker(line):
                return
        self._log(_LEVELS[stream], line)

    def close(self) -> None:
        """Say in the log what was not logged."""
        if self._unlogged:
            self._context.log.warn(
                f"{self._unlogged} more lines were printed, not logged: a script may log {MAX_LOGGED_BYTES} bytes. "
                "Print less, or write to a file and name it in `outputFiles`."
            )

    def _take_marker(self, line: Line) -> bool:
        try:
            marker = read_marker(line.text)
        except BadMarker as bad:
            self._context.log.warn(f"Invalid outputs '{line.text}': {bad}")
            return True
        if marker is not None:
            self._carry_out(marker, len(line.data))
        return marker is not None

    def _carry_out(self, marker: Marker, size: int) -> None:
        if marker.outputs:
            self._output_bytes += size
            if self._output_bytes > MAX_OUTPUT_BYTES:
                raise TaskFailure(f"The script's outputs have more than {MAX_OUTPUT_BYTES} bytes; {_FILE_HINT}")
            self.outputs.update(marker.outputs)
        for metric in marker.metrics:
            if metric.type == "timer":
                self._context.timer(metric.name, metric.duration, metric.tags)
            else:
                self._context.counter(metric.name, metric.count, metric.tags)
        for entry in marker.logs:
            self._log(entry.level, Line(entry.message.encode()))

    def _log(self, level: Level, line: Line) -> None:
        self._logged += len(line.data) + ENTRY_BYTES
        if self._unlogged or self._logged > MAX_LOGGED_BYTES:
            self._unlogged += 1
            return
        cut = f" … ({line.dropped} more bytes of this line were not kept)" if line.dropped else ""
        self._context.log.log(level, line.text + cut)
