"""jq's queries by the jq library, fenced in: a program sees its input and nothing of the host, and ends in time.

The library is C and cannot be stopped once it runs. So a program that surely ends soon (no recursion of its own, only
builtins that do, and few iterations over a small input) runs here; any other runs in a process of its own, with a limit
of time and memory.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError, LimitExceeded
from thermik.expressions.limits import MAX_LIST, MAX_TEXT, Budget, too_long, too_many_items
from thermik.expressions.printing import to_json

MAX_PROGRAM = 10_000  # characters of a jq program
MAX_IN_PROCESS = 100_000  # estimated iterations of a program that runs in this process
MAX_JQ_SECONDS = 5.0  # time of a program in a process of its own
MAX_JQ_MEMORY = 512 * 2**20  # bytes of that process

_FENCE = (
    'def env: error("env is not available"); def input: error("input is not available"); '
    'def inputs: error("inputs is not available"); def debug: error("debug is not available"); '
    'def debug(f): error("debug is not available"); def stderr: error("stderr is not available"); '
    "def input_filename: null; def input_line_number: 0; def get_search_list: []; "
    'def modulemeta: error("modules are not available"); def halt: error("halt is not available"); '
    'def halt_error: error("halt is not available"); def halt_error(f): error("halt is not available"); '
    "{} as $ENV | "
)
"""Before every program: what would reach the host is defined anew, and nothing behind it can undo that."""

_WORD = re.compile(r"\"(?:[^\"\\]|\\.)*\"|[$@.]?[A-Za-z_][A-Za-z0-9_]*", re.DOTALL)
_ITERATION = re.compile(
    r"\[\s*\]|,|\.\.|\b(?:map|select|any|all|add|paths|to_entries|from_entries|with_entries|map_values|flatten)\b"
)
_QUICK = frozenset(
    """
    length keys keys_unsorted values has in map map_values select add any all flatten floor ceil round sqrt abs
    tostring tonumber type sort sort_by group_by min max min_by max_by unique unique_by reverse contains inside
    startswith endswith ltrimstr rtrimstr trim ltrim rtrim split join ascii_downcase ascii_upcase to_entries
    from_entries with_entries first last nth index rindex indices not empty error null true false and or if then
    elif else end as try catch tojson fromjson todate fromdate now dates date paths leaf_paths path del
    delpaths getpath setpath isvalid objects iterables booleans numbers strings nulls arrays scalars explode implode
    transpose
    """.split()  # noqa: SIM905 - a list of as many quoted words is a hundred lines
)
"""Words of programs that end soon: they take time linear in their input, or nearly so; no regular expressions."""


def query(value: Any, program: str, budget: Budget) -> list[Any]:
    """Every result of a jq program for one input.

    Raises:
        ExpressionRuntimeError: the program is none, or fails.
        LimitExceeded: it takes too long, or makes too much.
    """
    if len(program) > MAX_PROGRAM:
        raise LimitExceeded(f"A jq expression has more than {MAX_PROGRAM} characters")
    if "$ENV" in _WORD.findall(program):  # told, rather than the empty object that the fence would show
        raise ExpressionRuntimeError("$ENV is not available in a jq expression")
    document = to_json(value)
    budget.spend(1 + len(document) // 100)
    try:
        if ends_soon(program, document):
            return _bounded(_compiled(program).input_text(document))
        return _in_own_process(program, document)
    except ValueError as error:
        raise ExpressionRuntimeError(f"Unable to parse jq expression `{program}`: {error}") from error


@lru_cache(maxsize=256)
def _compiled(program: str) -> Any:
    import jq  # type: ignore[import-not-found] # a C library without types

    return jq.compile(_FENCE + program)


def _bounded(results: Any) -> list[Any]:
    found: list[Any] = []
    for result in results:
        found.append(result)
        if len(found) > MAX_LIST:
            raise too_many_items()
    return found


def ends_soon(program: str, document: str) -> bool:
    """Whether a program surely ends soon: it names quick builtins only, and iterates little over this input."""
    words = [word for word in _WORD.findall(program) if word[0] not in '"$.']
    # `\(` hides a program in what looks like a text, `*` repeats a text as often as a number says, and `split` with a
    # second argument takes a regular expression, which may run for a third of a second over each of many texts
    if any(word not in _QUICK for word in words) or "\\(" in program or "*" in program:
        return False
    if "split" in words and ";" in program:
        return False
    size = document.count(",") + document.count(":") + 2
    iterations = len(_ITERATION.findall(program))
    return int(size ** max(iterations, 1)) <= MAX_IN_PROCESS


_RUNNER = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, ({memory}, {memory}))
resource.setrlimit(resource.RLIMIT_CPU, ({seconds}, {seconds}))
sys.path.insert(0, {path!r})
import jq
request = json.load(sys.stdin)
try:
    size = 0
    for result in jq.compile(request["program"]).input_text(request["document"]):
        line = json.dumps(result)
        size += len(line)
        if size > {text}:
            print("too long", file=sys.stderr)
            sys.exit(3)
        print(line)
except ValueError as error:
    print(error, file=sys.stderr)
    sys.exit(2)
"""


def _environment() -> dict[str, str]:
    """What the process needs to find its libraries, and nothing that a program could read."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}


def _in_own_process(program: str, document: str) -> list[Any]:
    import jq

    code = _RUNNER.format(
        memory=MAX_JQ_MEMORY, seconds=int(MAX_JQ_SECONDS) + 1, path=str(Path(jq.__file__).parent), text=MAX_TEXT
    )
    request = json.dumps({"program": _FENCE + program, "document": document})
    try:
        done = subprocess.run(
            # isolated and without site: nothing of the host's Python starts before the limits are set
            [sys.executable, "-I", "-S", "-c", code],
            input=request, capture_output=True, text=True, timeout=MAX_JQ_SECONDS, check=False, env=_environment(),
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise LimitExceeded(f"The jq expression takes more than {MAX_JQ_SECONDS:g} seconds") from None
    if done.returncode == 3:
        raise too_long()
    if done.returncode == 2:
        raise ValueError(done.stderr.strip())
    if done.returncode:
        raise LimitExceeded("The jq expression takes too much time or memory")
    return [json.loads(line) for line in done.stdout.splitlines()]
