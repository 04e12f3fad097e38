"""`io.kestra.plugin.core.flow.Dag`: tasks that start as soon as those they depend on have ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from pydantic import Field

from thermik.flows.model import FlowModel
from thermik.flows.problems import Place
from thermik.flows.shapes import Dependent
from thermik.flows.task import AnyTask, Branch, FlowableTask

if TYPE_CHECKING:
    from thermik.flows.flow import Flow


class DagTask(FlowModel):
    """A task and what it waits for."""

    task: AnyTask
    depends_on: list[str] = Field(default_factory=list, description="Ids of tasks of the same Dag.")


class Dag(FlowableTask):
    """Run tasks in the order of their dependencies, side by side where they have none."""

    tasks: list[DagTask] = Field(default_factory=list, min_length=1, validate_default=True)
    concurrent: int = Field(default=0, ge=0, description="How many at a time; 0 for all.")

    @property
    def shape(self) -> Dependent:
        """Each task after those that it depends on."""
        return Dependent(self._needs(), limit=self.concurrent)

    def branches(self) -> tuple[Branch, ...]:
        """The tasks."""
        return (Branch("tasks", tuple(entry.task for entry in self.tasks)),)

    def problems(self, flow: Flow) -> Iterator[tuple[Place, str]]:
        """Dependencies that lead nowhere, or round in a circle."""
        yield from super().problems(flow)
        needs = self._needs()
        unknown = [need for entry in needs.values() for need in entry if need not in needs]
        if unknown:
            yield (), f"Not existing task id in dependency: {', '.join(dict.fromkeys(unknown))}"
        elif circular := _on_cycles(needs):
            yield (), f"Cyclic dependency detected: {', '.join(circular)}"

    def _needs(self) -> Mapping[str, tuple[str, ...]]:
        return {entry.task.id: tuple(entry.depends_on) for entry in self.tasks}


def _on_cycles(needs: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The ids that are on a cycle, in the list's order."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return [each for each in needs if _reaches(needs, each, each)]
    return []


def _reaches(needs: Mapping[str, tuple[str, ...]], start: str, target: str) -> bool:
    seen: set[str] = set()
    waiting = list(needs[start])
    while waiting:
        each = waiting.pop()
        if each == target:
            return True
        if each not in seen:
            seen.add(each)
            waiting.extend(needs[each])
    return False
