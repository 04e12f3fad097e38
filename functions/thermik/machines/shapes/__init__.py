"""How each shape of a flowable becomes states: one module a shape, and the table of them all."""

from __future__ import annotations

from collections.abc import Mapping

from thermik.flows.shapes import (
    AfterWaiting,
    Again,
    Dependent,
    ForEachValue,
    InOneInvocation,
    InSequence,
    OneOf,
    Together,
)
from thermik.machines.lowering import LowerShape
from thermik.machines.shapes.after_waiting import lower_after_waiting
from thermik.machines.shapes.again import lower_again
from thermik.machines.shapes.dependent import lower_dependent
from thermik.machines.shapes.for_each_value import lower_for_each_value
from thermik.machines.shapes.in_one_invocation import lower_in_one_invocation
from thermik.machines.shapes.in_sequence import lower_in_sequence
from thermik.machines.shapes.one_of import lower_one_of
from thermik.machines.shapes.together import lower_together

SHAPES: Mapping[type, LowerShape] = {
    AfterWaiting: lower_after_waiting,
    Again: lower_again,
    Dependent: lower_dependent,
    ForEachValue: lower_for_each_value,
    InOneInvocation: lower_in_one_invocation,
    InSequence: lower_in_sequence,
    OneOf: lower_one_of,
    Together: lower_together,
}
