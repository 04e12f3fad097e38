"""What a script sees of the worker's world: a few named variables, and a private directory for the rest.

The worker's environment holds its credentials, its settings and, on Lambda, the runtime's own; a script gets none of
them. `HOME` and `TMPDIR` are private to the run, so that a library neither finds the worker's `~/.aws` nor leaves
files behind.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

INHERITED = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables of the worker that a script sees: where programs and certificates are, language, time zone."""
DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
LIBRARY = Path(__file__).parent / "library"
"""Where the module `kestra` is, which users' Python scripts import."""


def script_environment(worker: Mapping[str, str], private: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a script: what is inherited, the private directories, then the task's own `env`."""
    inherited = {name: worker[name] for name in INHERITED if name in worker}
    return {
        "PATH": DEFAULT_PATH,
        "LANG": "C.UTF-8",
        **inherited,
        "HOME": str(_directory(private / "home")),
        "TMPDIR": str(_directory(private / "tmp")),
        **variables,
    }


def python_environment(environment: Mapping[str, str], private: Path) -> dict[str, str]:
    """The same for Python: unbuffered, with the module `kestra`, and with a `python` even where PATH has none."""
    path = environment.get("PATH", DEFAULT_PATH)
    if shutil.which("python", path=path) is None:
        path = f"{_python_in(private)}:{path}"
    modules = [*filter(None, environment.get("PYTHONPATH", "").split(":")), str(LIBRARY)]
    unbuffered = {"PYTHONUNBUFFERED": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    pip = {"PIP_ROOT_USER_ACTION": "ignore", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return {**unbuffered, **pip, **environment, "PATH": path, "PYTHONPATH": ":".join(modules)}


def _python_in(private: Path) -> Path:
    """A directory with a `python` that is the worker's own interpreter (on Lambda there is no other)."""
    programs = _directory(private / "bin")
    for name in ("python", "python3"):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {quote(sys.executable)} "$@"\n')
        program.chmod(0o755)
    return programs


def _directory(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path
