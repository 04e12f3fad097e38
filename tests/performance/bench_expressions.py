"""What compiling and rendering an expression costs, beside jinja2 in the same run; and what the import costs.

python tests/performance/bench_expressions.py
"""

from __future__ import annotations

import subprocess
import sys
import timeit
from pathlib import Path

FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"
sys.path.insert(0, str(FUNCTIONS))

import jinja2  # noqa: E402 - the path comes first

from thermik.expressions import render  # noqa: E402 - the path comes first
from thermik.expressions.template import Template  # noqa: E402 - the path comes first

VARIABLES = {"inputs": {"name": "Ann", "items": [1, 2, 3]}, "outputs": {"task": {"values": {"x": "hello"}}}}
CASES = {
    "one variable": ("Hello {{ inputs.name }}", "Hello {{ inputs.name }}"),
    "usual property": (
        "{{ inputs.name }}: {{ outputs.task.values['x'] ?? 'none' | upper }}",
        "{{ inputs.name }}: {{ outputs.task['values']['x'] | default('none') | upper }}",
    ),
    "loop": (
        "{% for i in inputs.items %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{% for i in inputs['items'] %}{{ i }}{% if not loop.last %}, {% endif %}{% endfor %}",
    ),
}
COMPILE_GOAL, RENDER_GOAL, IMPORT_GOAL = 50.0, 5.0, 40.0  # µs, µs, ms


def microseconds(call: object, number: int) -> float:
    """The best of five runs of a call, each repeated `number` times."""
    return min(timeit.repeat(call, number=number, repeat=5)) / number * 1e6  # type: ignore[arg-type]


def import_milliseconds() -> float:
    """The processor time of importing the package in a fresh interpreter, the best of five."""
    code = "import time; t = time.process_time(); import thermik.expressions; print((time.process_time() - t) * 1e3)"
    runs = (
        subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, capture_output=True, text=True, check=True)
        for _ in range(5)
    )
    return min(float(run.stdout) for run in runs)


def main() -> None:
    """Print a line a case: compile and render, ours, jinja2's, and the ratio."""
    environment = jinja2.Environment(autoescape=False, undefined=jinja2.StrictUndefined)
    render("{{ 'a' | upper }}", {})  # loads the families of filters
    print(f"{'':16}{'compile µs':>12}{'jinja2':>9}{'ratio':>7}{'render µs':>12}{'jinja2':>9}{'ratio':>7}")
    for name, (ours, theirs) in CASES.items():
        template, other = Template(ours), environment.from_string(theirs)
        assert template.render(VARIABLES) == other.render(VARIABLES)
        figures = (
            microseconds(lambda text=ours: Template(text), 300),
            microseconds(lambda text=theirs: environment.from_string(text), 30),
            microseconds(lambda: template.render(VARIABLES), 3000),  # noqa: B023 - called at once
            microseconds(lambda: other.render(VARIABLES), 3000),  # noqa: B023 - called at once
        )
        print(
            f"{name:16}{figures[0]:12.1f}{figures[1]:9.0f}{figures[1] / figures[0]:6.0f}x"
            f"{figures[2]:12.2f}{figures[3]:9.2f}{figures[3] / figures[2]:6.1f}x"
        )
    print(
        f"goals: compile {COMPILE_GOAL:g} µs, render {RENDER_GOAL:g} µs of a usual property; import {IMPORT_GOAL:g} ms"
    )
    print(f"import of thermik.expressions: {import_milliseconds():.1f} ms of processor time")


if __name__ == "__main__":
    main()
