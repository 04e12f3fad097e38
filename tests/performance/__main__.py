"""`make bench`: the workloads beside their floors and goals, then the parts by themselves.

    python tests/performance [--rounds N] [--parts]

`--parts` adds the benchmarks of the storage, the interpreter, the expressions and the flows, which take longer.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
WORKLOADS = ("bench_sequence", "bench_server", "bench_shell")


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="medians are of so many rounds")
    parser.add_argument("--parts", action="store_true", help="the parts by themselves, too")
    options = parser.parse_args()

    import bench_sequence
    import bench_server
    import bench_shell
    from tables import print_rows

    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}, load {load:.1f}")
    print_rows(
        [*bench_sequence.rows(options.rounds), *bench_server.rows(options.rounds), *bench_shell.rows(options.rounds)]
    )
    print("", *bench_sequence.counts(), sep="\n")
    if options.parts:
        for file in sorted(HERE.glob("bench_*.py")):
            if file.stem not in WORKLOADS:
                print(f"\n{file.stem}", flush=True)
                subprocess.run([sys.executable, file], check=True)


if __name__ == "__main__":
    main()
