"""`logToFile`: an attempt's log as a file."""

from __future__ import annotations

from pathlib import Path

from engine.running import engine, run
from thermik.executions.model import wire
from thermik.storage.internal import key_of

SOURCE = """
id: log-to-file
namespace: io.kestra.tests
tasks:
  - id: hello
    type: io.kestra.plugin.core.log.Log
    message: [Hello, World]
    logToFile: true
    logLevel: INFO
  - id: fails
    type: io.kestra.plugin.core.execution.Fail
    errorMessage: gone wrong
    logToFile: true
    allowFailure: true
    retry: {type: constant, interval: PT0.1S, maxAttempts: 2}
"""


def test_the_log_of_each_attempt_is_a_file_and_no_entry(tmp_path: Path) -> None:
    with engine(tmp_path) as runtime:
        ran = run(runtime, SOURCE)
        texts = []
        for name in ("hello", "fails"):
            for attempt in wire(ran.run(name))["attempts"]:
                with runtime.blobs.open(key_of(attempt["logFile"])) as file:
                    texts.append([line.partition(" ")[2] for line in file.read().decode().splitlines()])
    assert ran.logs == []
    assert texts[0] == ["INFO Hello", "INFO World"]
    assert len(texts) == 3
    assert all(lines[0] == "ERROR gone wrong" for lines in texts[1:])
