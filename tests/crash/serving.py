"""A process that runs executions, for tests that kill it: `python serving.py DIRECTORY NAMESPACE FLOW REVISION`.

It takes over what dead processes left, says `ready`, and creates an execution for each id that it reads, saying so.
"""

from __future__ import annotations

import sys
from pathlib import Path

from thermik.executions.lifecycle import NewExecution, create
from thermik.local.runtime import Runtime


def main() -> None:
    data, namespace, flow, revision = sys.argv[1:]
    runtime = Runtime(Path(data))
    runtime.watch_others()
    print("ready", flush=True)
    for line in sys.stdin:
        create(runtime.life, NewExecution(namespace, flow, int(revision), id=line.strip()))
        print(f"created {line.strip()}", flush=True)
    runtime.close()


if __name__ == "__main__":
    main()
