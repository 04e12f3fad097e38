"""Plugin defaults of an installation: a list as in a flow, which counts for every flow behind the flow's own.

    - type: io.kestra.plugin.scripts.shell
      values: {env: {REGION: eu-west-1}}
    - type: io.kestra.plugin.core.http.Request
      forced: true
      values: {options: {allowFailed: false}}

They are named by the setting THERMIK_PLUGIN_DEFAULTS: a file, or the text itself. Whoever operates the installation
must repair what is wrong with them, so nothing starts before they are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from thermik.flows.flow import PluginDefault
from thermik.flows.plugin_defaults import NAMES, Default, model_of, unknown_properties
from thermik.flows.problems import InvalidFlow, place_text
from thermik.flows.source import decode_source, read_value
from thermik.flows.task import TaskTypes
from thermik.flows.trigger import TriggerTypes
from thermik.settings import SettingsError

VARIABLE = "THERMIK_PLUGIN_DEFAULTS"

_TEXTS = ("[", "-")
"""What a text begins with that is no file's path: a list, in YAML or JSON."""


def global_defaults(setting: str | None, types: TaskTypes, triggers: TriggerTypes) -> tuple[Default, ...]:
    """The defaults that the setting gives; none where it is not set.

    Raises:
        SettingsError: the file cannot be read, or with every problem of its content.
    """
    if setting is None:
        return ()
    try:
        data = read_value(_text(setting))
    except InvalidFlow as invalid:
        raise SettingsError([f"{VARIABLE}: {problem.text}" for problem in invalid.problems]) from invalid
    problems = [*_problems(data, types, triggers)]
    if problems:
        raise SettingsError([f"{VARIABLE}: {problem}" for problem in problems])
    read = TypeAdapter(list[PluginDefault]).validate_python(data or [])
    return tuple(Default(each.type, each.values, each.forced) for each in read)


def _text(setting: str) -> str:
    if setting.lstrip().startswith(_TEXTS):  # a Lambda function has an environment and no file of its own
        return setting
    try:
        return decode_source(Path(setting).read_bytes())
    except OSError as error:
        raise SettingsError([f"{VARIABLE}: the file {setting} cannot be read: {error.strerror}"]) from error


def _problems(data: Any, types: TaskTypes, triggers: TriggerTypes) -> Iterator[str]:
    if data is not None and not isinstance(data, list):
        yield "it must be a list of plugin defaults"
        return
    try:
        TypeAdapter(list[PluginDefault]).validate_python(data or [])
    except ValidationError as error:
        for each in error.errors(include_url=False):
            yield f"{place_text(each['loc'])}: {each['msg']}"
        return
    for place, message in unknown_properties({NAMES[0]: data or []}, lambda name: model_of(name, types, triggers)):
        yield f"{place_text(place[1:])}: {message}"
