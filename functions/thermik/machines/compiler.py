"""From a flow to the definition of its state machine, in stages of data in and data out.

    tree        the flow's enabled tasks in their places        flows/tree.py
    graph       tasks, errors, finally, finish, as states       graph.py, lowering.py, shapes/
    folding     operations that ride on their neighbours        folding.py
    sharing     tasks share what follows a failure              sharing.py
    reachable   without what nothing leads to                   reachable.py
    limits      the quotas of Step Functions                    limits.py, names.py
    ASL         the text, checked                               asl.py, validator.py

The text depends on nothing but the flow's structure: flows that differ in a message or a script share one
machine. Golden files in tests/machines/golden show what comes out.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta

from thermik.flows.flow import Flow, MaxDurationSla
from thermik.flows.tree import FlowTree
from thermik.machines import asl, limits
from thermik.machines.folding import fold
from thermik.machines.graph import lay_out
from thermik.machines.reachable import drop_unreachable
from thermik.machines.shapes import SHAPES
from thermik.machines.sharing import share_settling
from thermik.machines.validator import check_machine

_HASH_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Definition:
    """A compiled machine.

    Attributes:
        text: ASL as JSON, with `${WorkerArn}` for the worker.
        digest: a hash of the text, for names that never stand for two definitions.
        events: estimated history events of one pass.
    """

    text: str
    digest: str
    events: int


def compile_flow(flow: Flow, *, scheduled: bool = False, ended: bool = False) -> Definition:
    """Compile a flow; `scheduled` for executions that start at a date, `ended` for what follows their end.

    Raises:
        FlowTooLarge: the machine would exceed a quota of Step Functions.
    """
    tree = FlowTree(flow)
    level = drop_unreachable(share_settling(fold(lay_out(tree, SHAPES, scheduled=scheduled, ended=ended))))
    events = limits.check_history(level)
    machine = asl.write_level(level)
    seconds = _longest_seconds(flow)
    if seconds is not None:
        machine["TimeoutSeconds"] = seconds
    check_machine(machine)
    text = json.dumps(machine, separators=(",", ":"))
    limits.check_size(text)
    return Definition(text, hashlib.sha256(text.encode()).hexdigest()[:_HASH_LENGTH], events)


def _longest_seconds(flow: Flow) -> int | None:
    """After how many seconds the machine is ended, rounded up; None where no SLA on the duration ends it."""
    ending = [sla.duration for sla in flow.sla if isinstance(sla, MaxDurationSla) and sla.behavior != "NONE"]
    return -(-min(ending) // timedelta(seconds=1)) if ending else None
