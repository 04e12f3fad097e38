"""From a flow's source to its model, or to every problem that it has, each with its place and position.

A pipeline: text → data with positions (`source.py`) → data with plugin defaults → model. Problems are collected on
the way: of YAML, of shape (`messages.py` translates pydantic's), of rules across the flow (`rules.py` and the
tasks' own), and of what the engine cannot carry out (`support.py`).

A text that is no template is a warning: Kestra accepts it, and the task that renders it fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from pydantic import ValidationError

from thermik.expressions import check_template, is_template
from thermik.flows import aliases, plugin_defaults
from thermik.flows.flow import Flow
from thermik.flows.messages import UNRECOGNIZED, translate
from thermik.flows.model import FlowModel
from thermik.flows.plugin_defaults import Default
from thermik.flows.problems import InvalidFlow, Place, Position, Problem, place_text
from thermik.flows.rules import Finding, PlacedTask, findings, mappings, placed_tasks
from thermik.flows.salvage import Salvage
from thermik.flows.source import Document, read_source
from thermik.flows.support import IDLE, Placed, unsupported
from thermik.flows.task import ORDERING, Task, TaskTypes, UnknownType
from thermik.flows.template_places import TemplatePlaces
from thermik.flows.trigger import Starts, TriggerTypes
from thermik.flows.trigger_inputs import missing_inputs
from thermik.records import record

_RENDERED = (*plugin_defaults.SECTIONS, "outputs", "inputs", "checks", "sla", "variables")
"""Sections whose texts are rendered, variables by `render(vars.x)`; labels of a flow are taken as they are."""

_NEVER_RENDERED = frozenset({"description", "validator", "displayName"})


@record
class ParsedFlow:
    """A flow that was accepted.

    Attributes:
        flow: the model, with the flow's plugin defaults in it: what is executed.
        data: what the source says, without defaults: what is shown.
        source: the text, to the byte.
        positions: where each value of the data stands.
        warnings: what the author should know.
        deprecations: paths of old names in use.
    """

    flow: Flow
    data: dict[str, Any]
    source: str
    positions: dict[Place, Position]
    warnings: tuple[Problem, ...] = ()
    deprecations: tuple[str, ...] = ()


def parse_flow(source: str, types: TaskTypes, triggers: TriggerTypes | None = None) -> ParsedFlow:
    """Read a source and check everything that can be known before it runs.

    Args:
        types: the task types there are. triggers: those of triggers and conditions; None knows none.

    Raises:
        InvalidFlow: with every problem and every warning.
    """
    document = read_source(source)
    checking = _Checking(document, types, triggers)
    flow = checking.model()
    problems = checking.problems()
    warnings = tuple(checking.warnings(source))
    if problems or flow is None:
        raise InvalidFlow(problems, warnings)
    return ParsedFlow(flow, document.data, source, document.positions, warnings, tuple(deprecations(document.data)))


def validate_source(source: str, types: TaskTypes, triggers: TriggerTypes | None = None) -> list[Problem]:
    """Every problem of a source; empty for one that is accepted. `parse_flow` has the warnings too, either way."""
    try:
        parse_flow(source, types, triggers)
    except InvalidFlow as invalid:
        return list(invalid.problems)
    return []


def validate_part(
    source: str, section: Literal["tasks", "triggers"], types: TaskTypes, triggers: TriggerTypes | None = None
) -> list[Problem]:
    """Every problem of one task's or trigger's source alone, as an editor of single tasks asks."""
    try:
        document = read_source(source)
    except InvalidFlow as invalid:
        return list(invalid.problems)
    place: Place = (section, 0)
    data = {"id": "part", "namespace": "part", "tasks": [], section: [document.data]}
    positions = {(*place, *inner): position for inner, position in document.positions.items()}
    checking = _Checking(Document(data, positions, document.problems), types, triggers)
    checking.model()
    prefix = place_text(place)
    return [
        replace(problem, path=problem.path.removeprefix(prefix).removeprefix("."))
        for problem in checking.problems()
        if problem.path != "tasks"
    ]


def build_flow(
    data: dict[str, Any],
    types: TaskTypes,
    triggers: TriggerTypes | None = None,
    global_defaults: Sequence[Default] = (),
) -> Flow:
    """The model of data that was accepted before, with defaults; no other checks than those of the models.

    Raises:
        InvalidFlow: a model refuses it (a default that does not fit, a type that is gone).
    """
    found = _Types(types)
    merged = plugin_defaults.apply(data, global_defaults, same=found.same)
    try:
        return Flow.model_validate(merged, context={"types": types, "triggers": triggers}, by_alias=True, by_name=False)
    except ValidationError as error:
        raise InvalidFlow(Problem(place_text(place), message) for place, message in translate(error, merged)) from error


@record
class _Types:
    """The task types, asked without exceptions."""

    types: TaskTypes

    def find(self, name: str) -> type[Task] | None:
        try:
            return self.types.task(name)
        except UnknownType:
            return None

    def known(self, name: str) -> bool:
        return self.find(name) is not None

    def same(self, one: str, other: str) -> bool:
        return one == other or ((found := self.find(one)) is not None and found is self.find(other))


class _Checking:
    """One source's way through all checks."""

    def __init__(self, document: Document, types: TaskTypes, triggers: TriggerTypes | None) -> None:
        self.document = document
        self.found = _Types(types)
        self.context: dict[str, Any] = {"types": types, "triggers": triggers}
        self.data = plugin_defaults.apply(document.data, same=self.found.same)
        self.tasks: list[PlacedTask] = placed_tasks(self.data, self.found.known)
        self.shape: list[Finding] = []
        self.own: list[Finding] = []

    def model(self) -> Flow | None:
        """The flow's model; None where its shape is wrong. What is found on the way is kept for `problems`."""
        try:
            flow = Flow.model_validate(self.data, context=self.context, by_alias=True, by_name=False)
        except ValidationError as error:
            self.shape.extend(translate(error, self.data))
            self._read_again()
            return None
        places = {task["id"]: place for place, task in self.tasks}
        self.own.extend(_own_problems(((places.get(task.id, ()), task) for task in flow.all_tasks()), flow))
        return flow

    def _read_again(self) -> None:
        """Find what the first reading could not come to, because of what it met."""
        salvage = Salvage(self.data)
        with suppress(ValidationError):  # the flow's own properties: the first reading told of them
            Flow.model_validate(self.data, context={**self.context, "salvage": salvage}, by_alias=True, by_name=False)
        self.shape.extend(salvage.findings)
        named = Flow.model_construct(id=str(self.data.get("id")), namespace=str(self.data.get("namespace")), tasks=[])
        tasks = ((place, read) for place, read in salvage.readable if isinstance(read, Task))
        self.own.extend(_own_problems(tasks, named))

    def problems(self) -> list[Problem]:
        """Every problem, in the source's order."""
        found = [
            *self._shape(defaults := dict(plugin_defaults.unknown_properties(self.data, self._model))),
            *findings(self.data, self.tasks),
            *defaults.items(),
            *unsupported(self.data, self.tasks),
            *self.own,
        ]
        placed = map(self.placed, dict.fromkeys(found))  # the second reading repeats some of the first's
        return sorted([*self.document.problems, *placed], key=_source_order)

    def _shape(self, defaults: Mapping[Place, str]) -> Iterator[Finding]:
        """What models refused, without the unknown properties that come of a default: told once, where it stands."""
        brought = {place[-1:] for place in defaults}
        for place, message in self.shape:
            if place[-1:] in brought and place not in self.document.positions and message.startswith(UNRECOGNIZED):
                continue
            yield place, message

    def _model(self, name: str) -> type[FlowModel] | None:
        return plugin_defaults.model_of(name, self.context["types"], self.context["triggers"])

    def warnings(self, source: str) -> list[Problem]:
        """What is accepted, and will do nothing or fail; in the order of the source, the document's text."""
        data = self.document.data
        triggers = [(("triggers", index), trigger) for index, trigger in mappings(data, "triggers")]
        timed = [each for each in triggers if self._has_dates(each[1])]
        found = [
            *unsupported(data, self.tasks, triggers, IDLE),
            *self._stops_nothing(each for each in triggers if each not in timed),
            *self._caches_nothing(),
            *missing_inputs(data, timed),
        ]
        return sorted([*map(self.placed, found), *self._expressions(source)], key=_source_order)

    def _has_dates(self, trigger: dict[str, Any]) -> bool:
        return getattr(self._model(str(trigger.get("type"))), "starts_by", None) == Starts.DATES

    def _stops_nothing(self, triggers: Iterable[Placed]) -> Iterator[Finding]:
        """`stopAfter` of triggers that have no state which could say that they are switched off."""
        for place, trigger in triggers:
            if trigger.get("stopAfter") and self._model(str(trigger.get("type"))) is not None:
                yield (*place, "stopAfter"), "`stopAfter` has no effect here: only triggers with dates are switched off"

    def _caches_nothing(self) -> Iterator[Finding]:
        """`taskCache` of tasks that do no work themselves, in Kestra's words."""
        for place, task in self.tasks:
            model = self._model(str(task.get("type")))
            if task.get("taskCache") and model is not None and issubclass(model, ORDERING):
                sentence = "cannot use the 'taskCache' property as it's only relevant for runnable tasks."
                yield (*place, "taskCache"), f"The task '{task.get('id')}' {sentence}"

    def placed(self, finding: Finding) -> Problem:
        """A finding with its position."""
        place, message = finding
        return Problem(place_text(place), message, self.document.position(place))

    def _expressions(self, source: str) -> Iterator[Problem]:
        """Texts that are no templates. The source's own: what a default brings stands among the defaults."""
        texts = [
            *(
                (place, text)
                for section in _RENDERED
                for place, text in _texts(self.document.data.get(section), (section,))
            ),
            *_texts(self.document.data.get("pluginDefaults"), ("pluginDefaults",)),
        ]
        places = TemplatePlaces(source, self.document)
        for place, text in texts:
            for problem in check_template(text):
                position = places.locate(place, text, problem.line, problem.column)
                yield Problem(place_text(place), problem.message, position)


def _source_order(problem: Problem) -> tuple[int, int]:
    position = problem.position or Position(0, 0)
    return position.line, position.column


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    """The texts in a value that may be templates, with their places."""
    if isinstance(value, str):
        if is_template(value):
            yield place, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            if name not in _NEVER_RENDERED:
                yield from _texts(item, (*place, name))


def _own_problems(tasks: Iterable[tuple[Place, Task]], flow: Flow) -> Iterator[Finding]:
    """What the tasks' own rules find."""
    for place, task in tasks:
        for inner, message in task.problems(flow):
            yield (*place, *inner), message


def _old_types(value: Any, place: Place) -> Iterator[str]:
    """Paths of the types that have moved."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _old_types(item, (*place, index))
    elif isinstance(value, dict):
        kind = value.get("type")
        if isinstance(kind, str) and aliases.is_old_type(kind):
            yield place_text((*place, "type"))
        for name, item in value.items():
            yield from _old_types(item, (*place, name))


def deprecations(data: dict[str, Any]) -> Iterator[str]:
    """Paths of the old names that a flow's data uses."""
    yield from (name for name in (*aliases.FLOW, "listeners") if name in data)
    for section in plugin_defaults.SECTIONS:
        yield from _old_types(data.get(section), (section,))
    for index, declared in enumerate(data.get("inputs") or []):
        if not isinstance(declared, dict):
            continue
        yield from (f"inputs[{index}].{name}" for name in aliases.MULTISELECT if name in declared)
        if declared.get("type") in {*aliases.INPUT_TYPES, *aliases.DEPRECATED_INPUT_TYPES}:
            yield f"inputs[{index}].type"
