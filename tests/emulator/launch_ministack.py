"""Runs MiniStack so that a function's exception has its class's name in the machine, and ends no process: as on AWS.

Run with the emulator's Python: `launch_ministack.py PACKAGES`. The packages are what the functions import beside their
zips: set here, when the emulator has imported its own. Stock, it calls every exception `Runtime.HandlerError`, so that
no machine that catches by name takes its way. The version is pinned (`pyproject.toml`); another one is refused here
rather than patched in the wrong place.
"""

import os
import sys

from ministack.app import main
from ministack.core import lambda_runtime
from ministack.services import lambda_svc

STOCK = '{"status": "error", "error": str(e), "trace": traceback.format_exc()}'
RAISED = "__raised__"
TOLD = (
    f'{{"status": "ok", "result": {{"{RAISED}": {{"errorType": type(e).__name__, "errorMessage": str(e),'
    ' "stackTrace": traceback.format_tb(e.__traceback__)}}}'
)


def tell_errors_by_name() -> None:
    """Let the process of a function answer with what was raised, and unpack that behind it."""
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


if __name__ == "__main__":
    tell_errors_by_name()
    look_briefly_for_logs()
    os.environ["PYTHONPATH"] = sys.argv.pop()
    main()
