"""Runs MiniStack without those of its faults against AWS that would keep our stack from working on it.

Run with the emulator's Python: `launch_ministack.py PACKAGES`. The packages are what the functions import beside their
zips: set here, when the emulator has imported its own. Each function below says what the emulator does as it comes.
The version is pinned (`pyproject.toml`); another one is refused here rather than patched in the wrong place.
"""

import contextvars
import json
import os
import sys
import threading

from ministack import app
from ministack.core import lambda_runtime
from ministack.services import lambda_svc, stepfunctions

STOCK = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
RAISED = "__raised__"
TOLD = (
    f'{{"status": "ok", "result": {{"{RAISED}": {{"errorType": type(e).__name__, "errorMessage": str(e),'
    ' "stackTrace": traceback.format_tb(e.__traceback__)}}}'
)


def tell_errors_by_name() -> None:
    """Stock, every exception of a function is a `Runtime.HandlerError` and ends its process.

    So no machine that catches by name takes its way. Here a function's process answers with what was raised.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if script.count(STOCK) != 1:
        sys.exit("this version of MiniStack handles the errors of functions otherwise: see tests/emulator")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(STOCK, TOLD)
    execute = lambda_svc._execute_function_warm

    def executed(*arguments: object) -> dict:
        answer = execute(*arguments)
        body = answer.get("body")
        if isinstance(body, dict) and RAISED in body:
            return {**answer, "body": body[RAISED], "error": True}
        return answer

    lambda_svc._execute_function_warm = executed


def look_briefly_for_logs() -> None:
    """Stock, an invocation that logs nothing is answered 50 ms late."""
    lambda_runtime.Worker._drain_stderr_bounded.__defaults__ = (0.003, 0.002, 0.25)


def answer_without_a_body() -> None:
    """Stock, the answer of a function that has no body (`204`) is an internal error."""
    send = app._send_response

    async def sent(to: object, status: int, headers: dict, body: object, **options: object) -> None:
        await send(to, status, headers, b"" if body is None else body, **options)

    app._send_response = sent


def end_waits_in_time() -> None:
    """Stock, a wait for a task token knows a `TimeoutSeconds` and no `TimeoutSecondsPath`."""
    execute = stepfunctions._execute_task

    def executed(state: dict, data: object, execution: dict, context: dict) -> object:
        if path := state.get("TimeoutSecondsPath"):
            state = {**state, "TimeoutSeconds": stepfunctions._resolve_path(path, data)}
        return execute(state, data, execution, context)

    stepfunctions._execute_task = executed


def end_machines_in_time() -> None:
    """Stock, a machine's own `TimeoutSeconds` ends nothing."""
    run = stepfunctions._run_execution

    def ran(arn: str) -> None:
        execution = stepfunctions._executions[arn]
        machine = stepfunctions._state_machines[execution["stateMachineArn"]]
        seconds = json.loads(machine["definition"]).get("TimeoutSeconds")
        if seconds is not None:
            timer = threading.Timer(seconds, contextvars.copy_context().run, (_time_out, execution))
            timer.daemon = True
            timer.start()
        run(arn)

    stepfunctions._run_execution = ran


def _time_out(execution: dict) -> None:
    if execution["status"] == "RUNNING":
        execution.update(status="TIMED_OUT", stopDate=stepfunctions.now_iso())
        stepfunctions._emit_execution_status_event(execution)


if __name__ == "__main__":
    tell_errors_by_name()
    look_briefly_for_logs()
    answer_without_a_body()
    end_waits_in_time()
    end_machines_in_time()
    os.environ["PYTHONPATH"] = sys.argv.pop()
    app.main()
