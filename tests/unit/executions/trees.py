"""A flow's tree with loops in loops, and what a test adds to it."""

from __future__ import annotations

from engine import sources
from thermik.flows.tree import FlowTree
from thermik.flows.validation import parse_flow
from thermik.tasks.registry import Registry


def tree_of(source: str) -> FlowTree:
    return FlowTree(parse_flow(source, Registry()).flow)


def tree() -> FlowTree:
    log, each, seq, when, par = sources.log, sources.each, sources.seq, sources.when, sources.par
    inner = each("inner", ["1", "2"], log("in_inner"), log("after_inner"))
    check = when("check", "true", log("in_check"), inner)
    return tree_of(
        sources.flow(
            log("top"),
            seq("group", log("in_group"), log("in_group_next")),
            each("loop", ["a", "b"], log("in_loop"), check, errors=[log("loop_error")]),
            par("both", log("left"), seq("right", log("right_first"), log("right_second"))),
            each("at_once", ["a", "b"], log("each_first"), log("each_second"), concurrencyLimit=0),
            log("end"),
            errors=[log("flow_error")],
        )
    )
