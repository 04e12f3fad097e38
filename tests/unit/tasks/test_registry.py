"""Types by name: lazily, with old names, plugins, and a helpful no."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from thermik.flows.task import Task, UnknownType
from thermik.tasks import registry as module
from thermik.tasks.names import ALIASES, MODULES, NOT_HERE
from thermik.tasks.registry import Registry
from thermik.tasks.runnable import RunnableTask

FUNCTIONS = Path(__file__).parents[3] / "functions"


@pytest.mark.parametrize("name", MODULES)
def test_every_type_exists_and_explains_itself(name: str) -> None:
    model = Registry().task(name)
    assert issubclass(model, Task)
    assert (model.__doc__ or "").strip()


@pytest.mark.parametrize("alias", ALIASES)
def test_an_old_name_means_the_same_model(alias: str) -> None:
    assert Registry().task(alias) is Registry().task(ALIASES[alias])
    assert alias not in MODULES


def test_an_unknown_type_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownType, match=r"did you mean 'io\.kestra\.plugin\.core\.log\.Log'"):
        Registry().task("io.kestra.plugin.core.log.Logg")
    with pytest.raises(UnknownType, match=r"^Unknown type 'x'$"):
        Registry().task("x")


@pytest.mark.parametrize("name", NOT_HERE)
def test_a_type_that_is_refused_on_purpose_says_what_to_do(name: str) -> None:
    with pytest.raises(UnknownType, match=r"templates are deprecated in Kestra and not supported here"):
        Registry().task(name)


def test_looking_up_one_type_imports_no_other() -> None:
    code = (
        "import sys; from thermik.tasks.registry import Registry;"
        "Registry().task('io.kestra.plugin.core.log.Log');"
        "print([name for name in sys.modules if name.startswith('thermik.tasks.') and 'scripts' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=FUNCTIONS, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Extra(RunnableTask):
    """A plugin's type.

    With a description.
    """

    def run(self, context: object) -> None:
        return None


def _plugins(monkeypatch: pytest.MonkeyPatch, **types: str) -> None:
    entries = [EntryPoint(name.replace("_", "."), value, module.PLUGIN_GROUP) for name, value in types.items()]
    found = lambda group: [entry for entry in entries if entry.group == group]  # noqa: E731 - a function as a value
    monkeypatch.setattr("importlib.metadata.entry_points", found)


def test_a_plugin_gives_a_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "a_plugin", sys.modules[__name__])
    _plugins(monkeypatch, acme_Extra="a_plugin:Extra")
    types = Registry()
    assert types.task("acme.Extra") is Extra
    info = {entry.name: entry for entry in types.types()}
    assert (info["acme.Extra"].title, info["acme.Extra"].description) == ("A plugin's type.", "With a description.")
    assert "io.kestra.core.tasks.log.Log" in info["io.kestra.plugin.core.log.Log"].aliases


@pytest.mark.parametrize("place", ["no.such.module:X", "thermik.tasks.truth:Missing", "thermik.tasks.truth:is_true"])
def test_a_broken_plugin_is_named(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    _plugins(monkeypatch, acme_Extra=place)
    with pytest.raises(UnknownType, match=r"The plugin that gives type 'acme\.Extra' cannot be loaded"):
        Registry().task("acme.Extra")
