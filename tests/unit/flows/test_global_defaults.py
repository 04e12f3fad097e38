from __future__ import annotations

from pathlib import Path

import pytest

from thermik.flows.global_defaults import global_defaults
from thermik.flows.plugin_defaults import Default
from thermik.settings import SettingsError
from thermik.tasks.registry import Registry
from thermik.triggers.registry import TriggerRegistry

LOG = "io.kestra.plugin.core.log.Log"


def read(setting: str | None) -> tuple[Default, ...]:
    return global_defaults(setting, Registry(), TriggerRegistry())


def test_nothing_set_gives_none() -> None:
    assert read(None) == ()


@pytest.mark.parametrize(
    "text",
    [
        f"- type: {LOG}\n  forced: true\n  values: {{level: WARN}}\n- {{type: io.kestra, values: {{any: 1}}}}\n",
        f'[{{"type":"{LOG}","forced":true,"values":{{"level":"WARN"}}}},{{"type":"io.kestra","values":{{"any":1}}}}]',
    ],
    ids=["YAML", "JSON"],
)
def test_a_file_or_the_text_itself(tmp_path: Path, text: str) -> None:
    file = tmp_path / "defaults.yaml"
    file.write_text("# comment\n" + text)
    expected = (Default(LOG, {"level": "WARN"}, forced=True), Default("io.kestra", {"any": 1}))

    assert read(str(file)) == read(text) == expected


def test_an_empty_file_gives_none(tmp_path: Path) -> None:
    file = tmp_path / "defaults.yaml"
    file.write_text("# nothing yet\n")

    assert read(str(file)) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{values: {}}]", r"\[0\]\.type: Field required"),
        ("[{type: x, unknown: 1}]", r"\[0\]\.unknown: Extra"),
        ("[{type: x, values: 5}]", r"\[0\]\.values: "),
        ("[{type: x", "Illegal flow yaml"),
        ("- {type: x}\n- 5", r"\[1\]: "),
        (
            f"[{{type: {LOG}, values: {{nope: 1, message: m}}}}]",
            r"\[0\]\.values\.nope: Invalid Plugin Default: No property 'nope'",
        ),
        ("[{type: io.kestra.plugin.core.trigger.Schedule, values: {nope: 1}}]", "No property 'nope'"),
        ("[{type: io.kestra.plugin.core.condition.Not, values: {nope: 1}}]", "No property 'nope'"),
    ],
)
def test_what_is_wrong_is_told_to_the_operator(text: str, expected: str) -> None:
    with pytest.raises(SettingsError, match=rf"THERMIK_PLUGIN_DEFAULTS: .*{expected}"):
        read(text)


def test_a_file_must_exist_and_hold_a_list(tmp_path: Path) -> None:
    file = tmp_path / "defaults.yaml"
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read(str(file))
    file.write_text("type: x\n")
    with pytest.raises(SettingsError, match="must be a list"):
        read(str(file))
