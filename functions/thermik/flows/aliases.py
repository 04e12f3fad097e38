"""Old names that flows may still use, in one table: properties here, task types in `tasks/registry.py`.

A source with an old name is read as if it had the new one, and says so among its deprecations.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

FLOW = {"taskDefaults": "pluginDefaults"}
INPUT = {"name": "id"}
MULTISELECT = {**INPUT, "options": "values"}
RETRY = {"maxAttempt": "maxAttempts"}
CHECK = {"when": "condition"}
"""Kestra 2 renamed it the other way round; both generations are read."""

SCHEDULE = {"scheduleConditions": "conditions"}

INPUT_TYPES = {"BOOL": "BOOLEAN"}
"""Old names of input types, by which the same model reads them."""

OLD_TYPE_PREFIXES = ("io.kestra.core.tasks.", "io.kestra.core.models.", "io.kestra.core.runners.")
"""What the names of types began with before they moved to `io.kestra.plugin.core`."""

_OLD_PLUGIN_TYPES = re.compile(
    r"io\.kestra\.plugin\.(fs\.http\..*|core\.flow\.(WaitFor|Worker)|core\.execution\.Counts|"
    r"core\.storage\.(Purge|PurgeExecution)|core\.condition\.(?!MultipleCondition$).*Condition)"
)
"""Names below `io.kestra.plugin` that have another name today."""

DEPRECATED_INPUT_TYPES = {"ENUM": "SELECT"}

_NEW_TO_OLD: Mapping[str, tuple[str, ...]] = {
    "pluginDefaults": ("taskDefaults",),
    "id": ("name",),
    "values": ("options",),
    "maxAttempts": ("maxAttempt",),
    "condition": ("when",),
    "conditions": ("scheduleConditions",),
}


def is_old_type(name: str) -> bool:
    """Whether a type has another name today."""
    return name.startswith(OLD_TYPE_PREFIXES) or _OLD_PLUGIN_TYPES.fullmatch(name) is not None


def old_names(name: str) -> tuple[str, ...]:
    """The names under which a property may stand in an older source."""
    return _NEW_TO_OLD.get(name, ())
