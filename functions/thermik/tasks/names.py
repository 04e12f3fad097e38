"""The names of the task types that come with Thermik: where each lives, and which old names mean the same.

Data only, so that looking a name up imports no type. A type's module is imported when a flow first uses it.
"""

from __future__ import annotations

_CORE = "io.kestra.plugin.core"
_SCRIPTS = "io.kestra.plugin.scripts"
_OLD = "io.kestra.core.tasks"

MODULES: dict[str, str] = {
    f"{_CORE}.debug.Echo": "thermik.tasks.core.echo:Echo",
    f"{_CORE}.debug.Return": "thermik.tasks.core.return_value:Return",
    f"{_CORE}.execution.Assert": "thermik.tasks.execution.assertion:Assert",
    f"{_CORE}.execution.Fail": "thermik.tasks.execution.fail:Fail",
    f"{_CORE}.execution.Labels": "thermik.tasks.execution.labels:Labels",
    f"{_CORE}.execution.Resume": "thermik.tasks.execution.resume:Resume",
    f"{_CORE}.flow.AllowFailure": "thermik.tasks.flow.allow_failure:AllowFailure",
    f"{_CORE}.flow.EachParallel": "thermik.tasks.flow.for_each:EachParallel",
    f"{_CORE}.flow.EachSequential": "thermik.tasks.flow.for_each:EachSequential",
    f"{_CORE}.flow.ForEach": "thermik.tasks.flow.for_each:ForEach",
    f"{_CORE}.flow.If": "thermik.tasks.flow.if_condition:If",
    f"{_CORE}.flow.Parallel": "thermik.tasks.flow.parallel:Parallel",
    f"{_CORE}.flow.Pause": "thermik.tasks.flow.pause:Pause",
    f"{_CORE}.flow.Sequential": "thermik.tasks.flow.sequential:Sequential",
    f"{_CORE}.flow.Subflow": "thermik.tasks.flow.subflow:Subflow",
    f"{_CORE}.flow.Switch": "thermik.tasks.flow.switch:Switch",
    f"{_CORE}.flow.Sleep": "thermik.tasks.flow.sleep:Sleep",
    f"{_CORE}.log.Fetch": "thermik.tasks.core.fetch:Fetch",
    f"{_CORE}.log.Log": "thermik.tasks.core.log:Log",
    f"{_CORE}.output.OutputValues": "thermik.tasks.core.output_values:OutputValues",
    f"{_CORE}.http.Download": "thermik.tasks.http.download:Download",
    f"{_CORE}.http.Request": "thermik.tasks.http.request:Request",
    f"{_CORE}.kv.Delete": "thermik.tasks.kv.delete:Delete",
    f"{_CORE}.kv.Get": "thermik.tasks.kv.get:Get",
    f"{_CORE}.kv.GetKeys": "thermik.tasks.kv.get_keys:GetKeys",
    f"{_CORE}.kv.Set": "thermik.tasks.kv.set:Set",
    f"{_CORE}.state.Delete": "thermik.tasks.state.delete:Delete",
    f"{_CORE}.state.Get": "thermik.tasks.state.get:Get",
    f"{_CORE}.state.Set": "thermik.tasks.state.set:Set",
    f"{_CORE}.storage.Concat": "thermik.tasks.storage.concat:Concat",
    f"{_CORE}.storage.DeduplicateItems": "thermik.tasks.storage.deduplicate_items:DeduplicateItems",
    f"{_CORE}.storage.Delete": "thermik.tasks.storage.delete:Delete",
    f"{_CORE}.storage.FilterItems": "thermik.tasks.storage.filter_items:FilterItems",
    f"{_CORE}.storage.LocalFiles": "thermik.tasks.storage.local_files:LocalFiles",
    f"{_CORE}.storage.Reverse": "thermik.tasks.storage.reverse:Reverse",
    f"{_CORE}.storage.Size": "thermik.tasks.storage.size:Size",
    f"{_CORE}.storage.Split": "thermik.tasks.storage.split:Split",
    f"{_CORE}.storage.Write": "thermik.tasks.storage.write:Write",
    f"{_SCRIPTS}.python.Commands": "thermik.tasks.scripts.python:Commands",
    f"{_SCRIPTS}.python.Script": "thermik.tasks.scripts.python:Script",
    f"{_SCRIPTS}.shell.Commands": "thermik.tasks.scripts.shell:Commands",
    f"{_SCRIPTS}.shell.Script": "thermik.tasks.scripts.shell:Script",
}
"""Type to `module:Class`."""

ALIASES: dict[str, str] = {
    f"{_OLD}.debugs.Echo": f"{_CORE}.debug.Echo",
    f"{_OLD}.debugs.Return": f"{_CORE}.debug.Return",
    f"{_OLD}.executions.Fail": f"{_CORE}.execution.Fail",
    f"{_OLD}.flows.AllowFailure": f"{_CORE}.flow.AllowFailure",
    f"{_OLD}.flows.EachParallel": f"{_CORE}.flow.EachParallel",
    f"{_OLD}.flows.EachSequential": f"{_CORE}.flow.EachSequential",
    f"{_OLD}.flows.If": f"{_CORE}.flow.If",
    f"{_OLD}.flows.Parallel": f"{_CORE}.flow.Parallel",
    f"{_OLD}.flows.Pause": f"{_CORE}.flow.Pause",
    f"{_OLD}.flows.Sequential": f"{_CORE}.flow.Sequential",
    f"{_OLD}.flows.Flow": f"{_CORE}.flow.Subflow",
    f"{_OLD}.flows.Subflow": f"{_CORE}.flow.Subflow",
    f"{_OLD}.flows.Switch": f"{_CORE}.flow.Switch",
    f"{_OLD}.flows.ForEach": f"{_CORE}.flow.ForEach",
    f"{_OLD}.executions.Labels": f"{_CORE}.execution.Labels",
    f"{_OLD}.log.Fetch": f"{_CORE}.log.Fetch",
    f"{_OLD}.log.Log": f"{_CORE}.log.Log",
    f"{_OLD}.states.Delete": f"{_CORE}.state.Delete",
    f"{_OLD}.states.Get": f"{_CORE}.state.Get",
    f"{_OLD}.states.Set": f"{_CORE}.state.Set",
    f"{_OLD}.storages.Concat": f"{_CORE}.storage.Concat",
    f"{_OLD}.storages.DeduplicateItems": f"{_CORE}.storage.DeduplicateItems",
    f"{_OLD}.storages.Delete": f"{_CORE}.storage.Delete",
    f"{_OLD}.storages.FilterItems": f"{_CORE}.storage.FilterItems",
    f"{_OLD}.storages.LocalFiles": f"{_CORE}.storage.LocalFiles",
    f"{_OLD}.storages.Reverse": f"{_CORE}.storage.Reverse",
    f"{_OLD}.storages.Size": f"{_CORE}.storage.Size",
    f"{_OLD}.storages.Split": f"{_CORE}.storage.Split",
    "io.kestra.plugin.fs.http.Download": f"{_CORE}.http.Download",
    "io.kestra.plugin.fs.http.Request": f"{_CORE}.http.Request",
}
"""Old name to today's. Only names with the same meaning: `scripts.Bash` and its kin had other properties."""
