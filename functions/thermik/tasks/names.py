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
    f"{_CORE}.execution.Count": "thermik.tasks.execution.count:Count",
    f"{_CORE}.execution.Exit": "thermik.tasks.execution.exit:Exit",
    f"{_CORE}.execution.Fail": "thermik.tasks.execution.fail:Fail",
    f"{_CORE}.execution.Labels": "thermik.tasks.execution.labels:Labels",
    f"{_CORE}.execution.PurgeExecutions": "thermik.tasks.execution.purge_executions:PurgeExecutions",
    f"{_CORE}.execution.Resume": "thermik.tasks.execution.resume:Resume",
    f"{_CORE}.execution.SetVariables": "thermik.tasks.execution.set_variables:SetVariables",
    f"{_CORE}.execution.UnsetVariables": "thermik.tasks.execution.unset_variables:UnsetVariables",
    f"{_CORE}.flow.AllowFailure": "thermik.tasks.flow.allow_failure:AllowFailure",
    f"{_CORE}.flow.Dag": "thermik.tasks.flow.dag:Dag",
    f"{_CORE}.flow.EachParallel": "thermik.tasks.flow.for_each:EachParallel",
    f"{_CORE}.flow.EachSequential": "thermik.tasks.flow.for_each:EachSequential",
    f"{_CORE}.flow.ForEach": "thermik.tasks.flow.for_each:ForEach",
    f"{_CORE}.flow.ForEachItem": "thermik.tasks.flow.for_each_item:ForEachItem",
    f"{_CORE}.flow.If": "thermik.tasks.flow.if_condition:If",
    f"{_CORE}.flow.LoopUntil": "thermik.tasks.flow.loop_until:LoopUntil",
    f"{_CORE}.flow.Parallel": "thermik.tasks.flow.parallel:Parallel",
    f"{_CORE}.flow.Pause": "thermik.tasks.flow.pause:Pause",
    f"{_CORE}.flow.Sequential": "thermik.tasks.flow.sequential:Sequential",
    f"{_CORE}.flow.Subflow": "thermik.tasks.flow.subflow:Subflow",
    f"{_CORE}.flow.Switch": "thermik.tasks.flow.switch:Switch",
    f"{_CORE}.flow.Sleep": "thermik.tasks.flow.sleep:Sleep",
    f"{_CORE}.flow.WorkingDirectory": "thermik.tasks.flow.working_directory:WorkingDirectory",
    f"{_CORE}.log.Fetch": "thermik.tasks.core.fetch:Fetch",
    f"{_CORE}.log.Log": "thermik.tasks.core.log:Log",
    f"{_CORE}.log.PurgeLogs": "thermik.tasks.log.purge_logs:PurgeLogs",
    f"{_CORE}.output.OutputValues": "thermik.tasks.core.output_values:OutputValues",
    f"{_CORE}.http.Download": "thermik.tasks.http.download:Download",
    f"{_CORE}.http.Request": "thermik.tasks.http.request:Request",
    f"{_CORE}.kv.Delete": "thermik.tasks.kv.delete:Delete",
    f"{_CORE}.kv.Get": "thermik.tasks.kv.get:Get",
    f"{_CORE}.kv.GetKeys": "thermik.tasks.kv.get_keys:GetKeys",
    f"{_CORE}.kv.PurgeKV": "thermik.tasks.kv.purge:PurgeKV",
    f"{_CORE}.kv.Set": "thermik.tasks.kv.set:Set",
    f"{_CORE}.metric.Publish": "thermik.tasks.metric.publish:Publish",
    f"{_CORE}.metric.PurgeMetrics": "thermik.tasks.metric.purge_metrics:PurgeMetrics",
    f"{_CORE}.namespace.DeleteFiles": "thermik.tasks.namespace.delete_files:DeleteFiles",
    f"{_CORE}.namespace.DownloadFiles": "thermik.tasks.namespace.download_files:DownloadFiles",
    f"{_CORE}.namespace.PurgeFiles": "thermik.tasks.namespace.purge_files:PurgeFiles",
    f"{_CORE}.namespace.UploadFiles": "thermik.tasks.namespace.upload_files:UploadFiles",
    f"{_CORE}.state.Delete": "thermik.tasks.state.delete:Delete",
    f"{_CORE}.state.Get": "thermik.tasks.state.get:Get",
    f"{_CORE}.state.Set": "thermik.tasks.state.set:Set",
    f"{_CORE}.storage.Concat": "thermik.tasks.storage.concat:Concat",
    f"{_CORE}.storage.DeduplicateItems": "thermik.tasks.storage.deduplicate_items:DeduplicateItems",
    f"{_CORE}.storage.Delete": "thermik.tasks.storage.delete:Delete",
    f"{_CORE}.storage.FilterItems": "thermik.tasks.storage.filter_items:FilterItems",
    f"{_CORE}.storage.LocalFiles": "thermik.tasks.storage.local_files:LocalFiles",
    f"{_CORE}.storage.PurgeCurrentExecutionFiles": (
        "thermik.tasks.storage.purge_current_execution_files:PurgeCurrentExecutionFiles"
    ),
    f"{_CORE}.storage.Reverse": "thermik.tasks.storage.reverse:Reverse",
    f"{_CORE}.storage.Size": "thermik.tasks.storage.size:Size",
    f"{_CORE}.storage.Split": "thermik.tasks.storage.split:Split",
    f"{_CORE}.storage.Write": "thermik.tasks.storage.write:Write",
    f"{_CORE}.trigger.Toggle": "thermik.tasks.trigger.toggle:Toggle",
    f"{_SCRIPTS}.python.Commands": "thermik.tasks.scripts.python:Commands",
    f"{_SCRIPTS}.python.Script": "thermik.tasks.scripts.python:Script",
    f"{_SCRIPTS}.shell.Commands": "thermik.tasks.scripts.shell:Commands",
    f"{_SCRIPTS}.shell.Script": "thermik.tasks.scripts.shell:Script",
}
"""Type to `module:Class`."""

_TEMPLATES = (
    "templates are deprecated in Kestra and not supported here: call a flow by `io.kestra.plugin.core.flow.Subflow`"
)

NOT_HERE: dict[str, str] = {
    f"{_CORE}.flow.Template": _TEMPLATES,
    f"{_OLD}.flows.Template": _TEMPLATES,
}
"""Types of Kestra's that are refused, with what to do in their place."""

ALIASES: dict[str, str] = {
    f"{_OLD}.debugs.Echo": f"{_CORE}.debug.Echo",
    f"{_OLD}.debugs.Return": f"{_CORE}.debug.Return",
    f"{_OLD}.executions.Counts": f"{_CORE}.execution.Count",
    f"{_CORE}.execution.Counts": f"{_CORE}.execution.Count",
    f"{_OLD}.executions.Fail": f"{_CORE}.execution.Fail",
    f"{_OLD}.flows.AllowFailure": f"{_CORE}.flow.AllowFailure",
    f"{_CORE}.flow.WaitFor": f"{_CORE}.flow.LoopUntil",
    f"{_OLD}.flows.Dag": f"{_CORE}.flow.Dag",
    f"{_OLD}.flows.EachParallel": f"{_CORE}.flow.EachParallel",
    f"{_OLD}.flows.EachSequential": f"{_CORE}.flow.EachSequential",
    f"{_OLD}.flows.If": f"{_CORE}.flow.If",
    f"{_OLD}.flows.WaitFor": f"{_CORE}.flow.LoopUntil",
    f"{_OLD}.flows.Parallel": f"{_CORE}.flow.Parallel",
    f"{_OLD}.flows.Pause": f"{_CORE}.flow.Pause",
    f"{_OLD}.flows.Sequential": f"{_CORE}.flow.Sequential",
    f"{_OLD}.flows.Flow": f"{_CORE}.flow.Subflow",
    f"{_OLD}.flows.Subflow": f"{_CORE}.flow.Subflow",
    f"{_OLD}.flows.Switch": f"{_CORE}.flow.Switch",
    f"{_OLD}.flows.ForEach": f"{_CORE}.flow.ForEach",
    f"{_OLD}.flows.ForEachItem": f"{_CORE}.flow.ForEachItem",
    f"{_OLD}.flows.Worker": f"{_CORE}.flow.WorkingDirectory",
    f"{_CORE}.flow.Worker": f"{_CORE}.flow.WorkingDirectory",
    f"{_OLD}.flows.WorkingDirectory": f"{_CORE}.flow.WorkingDirectory",
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
    f"{_OLD}.storages.Purge": f"{_CORE}.execution.PurgeExecutions",
    f"{_CORE}.storage.Purge": f"{_CORE}.execution.PurgeExecutions",
    f"{_OLD}.storages.PurgeExecution": f"{_CORE}.storage.PurgeCurrentExecutionFiles",
    f"{_CORE}.storage.PurgeExecution": f"{_CORE}.storage.PurgeCurrentExecutionFiles",
    f"{_OLD}.storages.Reverse": f"{_CORE}.storage.Reverse",
    f"{_OLD}.storages.Size": f"{_CORE}.storage.Size",
    f"{_OLD}.storages.Split": f"{_CORE}.storage.Split",
    f"{_OLD}.trigger.Toggle": f"{_CORE}.trigger.Toggle",
    "io.kestra.plugin.fs.http.Download": f"{_CORE}.http.Download",
    "io.kestra.plugin.fs.http.Request": f"{_CORE}.http.Request",
}
"""Old name to today's. Only names with the same meaning: `scripts.Bash` and its kin had other properties."""
