"""Graphs of flows: every task once, edges with their kinds, clusters closed."""

from __future__ import annotations

from thermik.api.graphs import graph_of
from thermik.flows.validation import parse_flow
from thermik.tasks.registry import Registry

FLOW = """\
id: drawn
namespace: unit.api
tasks:
  - {id: first, type: io.kestra.plugin.core.debug.Return, format: a}
  - id: choice
    type: io.kestra.plugin.core.flow.If
    condition: "true"
    then:
      - {id: yes, type: io.kestra.plugin.core.debug.Return, format: a}
    else:
      - {id: no, type: io.kestra.plugin.core.debug.Return, format: a}
  - id: both
    type: io.kestra.plugin.core.flow.Parallel
    tasks:
      - {id: one, type: io.kestra.plugin.core.debug.Return, format: a}
      - {id: two, type: io.kestra.plugin.core.debug.Return, format: a}
  - id: needs
    type: io.kestra.plugin.core.flow.Dag
    tasks:
      - task: {id: later, type: io.kestra.plugin.core.debug.Return, format: a}
        dependsOn: [sooner]
      - task: {id: sooner, type: io.kestra.plugin.core.debug.Return, format: a}
errors:
  - {id: handler, type: io.kestra.plugin.core.debug.Return, format: a}
finally:
  - {id: last, type: io.kestra.plugin.core.debug.Return, format: a}
"""


def test_a_graph() -> None:
    graph = graph_of(parse_flow(FLOW.replace("yes,", "yeah,"), Registry()).flow)
    edges = {(each["source"], each["target"]): each["relation"]["relationType"] for each in graph["edges"]}
    assert edges == {
        ("start", "first"): "SEQUENTIAL",
        ("first", "choice"): "SEQUENTIAL",
        ("choice", "yeah"): "CHOICE",
        ("choice", "no"): "CHOICE",
        ("yeah", "cluster_choice_end"): "SEQUENTIAL",
        ("no", "cluster_choice_end"): "SEQUENTIAL",
        ("cluster_choice_end", "both"): "SEQUENTIAL",
        ("both", "one"): "PARALLEL",
        ("both", "two"): "PARALLEL",
        ("one", "cluster_both_end"): "SEQUENTIAL",
        ("two", "cluster_both_end"): "SEQUENTIAL",
        ("cluster_both_end", "needs"): "SEQUENTIAL",
        ("needs", "sooner"): "PARALLEL",
        ("sooner", "later"): "SEQUENTIAL",
        ("later", "cluster_needs_end"): "SEQUENTIAL",
        ("start", "handler"): "ERROR",
        ("cluster_needs_end", "last"): "FINALLY",
        ("handler", "last"): "FINALLY",
        ("last", "end"): "SEQUENTIAL",
    }
    uids = [node["uid"] for node in graph["nodes"]]
    assert len(uids) == len({*uids})
    assert {uid for edge in graph["edges"] for uid in (edge["source"], edge["target"])} == {*uids}
    assert graph["flowables"] == ["choice", "both", "needs"]
    [choice] = [each for each in graph["clusters"] if each["start"] == "choice"]
    assert choice["nodes"] == ["choice", "yeah", "no", "cluster_choice_end"]


PAUSE = """\
id: drawn
namespace: unit.api
tasks:
  - id: wait
    type: io.kestra.plugin.core.flow.Pause
    onPause: {id: meanwhile, type: io.kestra.plugin.core.debug.Return, format: a}
    tasks:
      - {id: after, type: io.kestra.plugin.core.debug.Return, format: a}
"""


def test_what_runs_while_it_is_paused_comes_before_what_runs_afterwards() -> None:
    graph = graph_of(parse_flow(PAUSE, Registry()).flow)
    assert [(each["source"], each["target"]) for each in graph["edges"]] == [
        ("start", "wait"),
        ("wait", "meanwhile"),
        ("meanwhile", "after"),
        ("after", "cluster_wait_end"),
        ("cluster_wait_end", "end"),
    ]
