"""Machines on AWS: state machines of Step Functions, made when first needed.

A state machine's name carries the hash of its definition, so it never changes and flows of one structure share
it. Starting one that exists is one call; only if there is none yet is it created and started again, so a machine that
someone deleted comes back. Which one an execution has is written with it: a later version of Thermik, which compiles
the flow to another machine, finds, stops and starts the one that is there.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from thermik.executions.model import Execution
from thermik.machines.client import MachineGone, MachinesUnavailable, machine_name
from thermik.settings import AwsSettings

if TYPE_CHECKING:  # see executions/plans.py
    from thermik.machines.compiler import Definition

MAX_CAUSE = 32_768
"""Characters of StopExecution's cause: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"""

_STARTS = 4
"""How often a machine that was just made is started, with pauses between that grow by `_PAUSE_SECONDS`."""

_PAUSE_SECONDS = 0.25


class StepFunctionsMachines:
    """`Machines` on Step Functions; `client` is one of `stepfunctions`. Thread-safe."""

    def __init__(self, client: Any, stack: AwsSettings) -> None:
        self._client = client
        self._stack = stack
        # the worker's ARN names partition, region and account: arn:aws:lambda:eu-west-1:123456789012:function:…
        _, self._partition, _, self._region, self._account, *_ = stack.worker_arn.split(":")

    def owner(self, of: Execution | None = None) -> str | None:  # noqa: ARG002 - the port's signature
        """Machines run by themselves here."""
        return None

    def start(self, execution: Execution, definition: Definition, at: datetime | None = None) -> None:
        """Run the machine, unless it runs or has run. Raises: MachineGone, MachinesUnavailable."""
        from thermik.machines.asl import start_input

        digest = execution.progress.machine
        if digest is None:
            raise MachineGone(f"Execution {execution.id} was given no machine")
        arguments = {
            "stateMachineArn": self._arn("stateMachine", self._name(digest)),
            "name": machine_name(execution),
            "input": json.dumps(start_input(execution.id, execution.progress.generation, at)),
        }
        # A name is taken for 90 days, so who comes second, or after the machine's end, starts nothing:
        # https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
        for attempt in range(_STARTS):
            refusal, _ = self._call(
                "start_execution", "ExecutionAlreadyExists", "StateMachineDoesNotExist", **arguments
            )
            if refusal != "StateMachineDoesNotExist":
                return
            if digest != definition.digest:
                raise MachineGone(f"Step Functions has no machine {self._name(digest)}")
            self._create(definition)
            time.sleep(_PAUSE_SECONDS * attempt)  # a machine that was just made may not be known everywhere yet
        raise MachinesUnavailable(f"Step Functions does not know the machine {self._name(digest)} that it has made")

    def stop(self, execution: Execution, cause: str) -> None:
        """End the machine, if it runs. Raises: MachinesUnavailable."""
        arn = self._execution_arn(execution)
        if arn is not None:
            arguments = {"executionArn": arn, "error": "Stopped", "cause": cause[:MAX_CAUSE]}
            refusal, _ = self._call("stop_execution", "ExecutionDoesNotExist", "ValidationException", **arguments)
            # What has ended may be refused so; so may be what should not be.
            if refusal == "ValidationException" and not self.has_ended(execution):
                raise MachinesUnavailable(f"Step Functions refuses to stop {arn}, which runs")

    def answer(self, _execution: Execution, token: str, output: dict[str, Any]) -> bool:
        """Send a token's answer; False if nothing waits with it. Raises: MachinesUnavailable."""
        arguments = {"taskToken": token, "output": json.dumps(output)}
        refusal, _ = self._call("send_task_success", "TaskTimedOut", "TaskDoesNotExist", **arguments)
        return refusal is None

    def has_ended(self, execution: Execution) -> bool:
        """Whether the machine of an execution is over; False while it runs, or if it was never started.

        Raises: MachinesUnavailable.
        """
        arn = self._execution_arn(execution)
        if arn is None:
            return False
        refusal, found = self._call("describe_execution", "ExecutionDoesNotExist", executionArn=arn)
        return refusal is None and found["status"] != "RUNNING"

    def _create(self, definition: Definition) -> None:
        """Make the state machine; the same call again changes nothing, so two processes may both make it."""
        from thermik.machines.asl import WORKER

        self._call(
            "create_state_machine",
            "StateMachineAlreadyExists",
            name=self._name(definition.digest),
            definition=definition.text.replace(WORKER, self._stack.worker_arn),
            roleArn=self._stack.machine_role_arn,
            type="STANDARD",
        )

    def _name(self, digest: str) -> str:
        return f"{self._stack.machine_prefix}{digest}"

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:{self._partition}:states:{self._region}:{self._account}:{kind}:{name}"

    def _execution_arn(self, execution: Execution) -> str | None:
        """None for an execution that was never given a machine."""
        digest = execution.progress.machine
        return f"{self._arn('execution', self._name(digest))}:{machine_name(execution)}" if digest else None

    def _call(self, operation: str, *expected: str, **arguments: Any) -> tuple[str | None, dict[str, Any]]:
        """Call Step Functions: the code of an expected refusal, or None, and the answer."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return None, getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in expected:
                return code, {}
            raise MachinesUnavailable(f"Step Functions refuses {operation} ({error})") from error
        except BotoCoreError as error:
            raise MachinesUnavailable(f"Step Functions cannot be reached: {error}") from error
