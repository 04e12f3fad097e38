"""Machines on AWS: state machines of Step Functions, made when first needed.

A state machine's name carries the hash of its definition, so it never changes and flows of one structure share
it. Starting one that exists is one call; only if there is none yet is it created and started again. So nothing has
to be remembered, and a machine that someone deleted comes back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from thermik.executions.model import Execution
from thermik.machines.asl import WORKER, start_input
from thermik.machines.client import MachinesUnavailable, machine_name
from thermik.machines.compiler import Definition
from thermik.settings import AwsSettings

MAX_CAUSE = 32_768
"""Characters of StopExecution's cause: https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"""

_STARTS = 4
_PAUSE_SECONDS = 0.25
_TOKENS_OVER = frozenset({"TaskTimedOut", "TaskDoesNotExist"})


class StepFunctionsMachines:
    """`Machines` on Step Functions. Thread-safe.

    Args:
        client: of `stepfunctions`.
        definition_of: the machine of an execution, to find the one to stop.
    """

    def __init__(self, client: Any, stack: AwsSettings, definition_of: Callable[[Execution], Definition]) -> None:
        self._client = client
        self._stack = stack
        self._definition_of = definition_of
        # the worker's ARN names partition, region and account: arn:aws:lambda:eu-west-1:123456789012:function:…
        _, self._partition, _, self._region, self._account, *_ = stack.worker_arn.split(":")

    def owner(self) -> str | None:
        """Machines run by themselves here."""
        return None

    def start(self, execution: Execution, definition: Definition) -> None:
        """Run the machine, unless it runs or has run. Raises: MachinesUnavailable."""
        arguments = {
            "stateMachineArn": self._arn("stateMachine", self._name(definition)),
            "name": machine_name(execution),
            "input": json.dumps(start_input(execution.id)),
        }
        for attempt in range(_STARTS):
            if self._call("start_execution", {"ExecutionAlreadyExists"}, {"StateMachineDoesNotExist"}, **arguments):
                return
            self._create(definition)
            time.sleep(_PAUSE_SECONDS * attempt)  # a machine that was just made may not be known everywhere yet
        raise MachinesUnavailable(f"Step Functions does not know the machine {self._name(definition)} that it has made")

    def stop(self, execution: Execution, cause: str) -> None:
        """End the machine, if it runs. Raises: MachinesUnavailable."""
        name = self._name(self._definition_of(execution))
        arn = f"{self._arn('execution', name)}:{machine_name(execution)}"
        self._call(
            "stop_execution", {"ExecutionDoesNotExist"}, executionArn=arn, error="Stopped", cause=cause[:MAX_CAUSE]
        )

    def answer(self, execution: Execution, token: str, output: dict[str, Any]) -> bool:  # noqa: ARG002 - the token says whose it is
        """Send a token's answer; False if nothing waits with it. Raises: MachinesUnavailable."""
        return self._call("send_task_success", set(), _TOKENS_OVER, taskToken=token, output=json.dumps(output))

    def _create(self, definition: Definition) -> None:
        """Make the state machine; the same call again changes nothing, so two processes may both make it."""
        self._call(
            "create_state_machine",
            {"StateMachineAlreadyExists"},
            name=self._name(definition),
            definition=definition.text.replace(WORKER, self._stack.worker_arn),
            roleArn=self._stack.machine_role_arn,
            type="STANDARD",
        )

    def _name(self, definition: Definition) -> str:
        return f"{self._stack.machine_prefix}{definition.digest}"

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:{self._partition}:states:{self._region}:{self._account}:{kind}:{name}"

    def _call(
        self, operation: str, fine: set[str], missing: frozenset[str] | set[str] = frozenset(), **arguments: Any
    ) -> bool:
        """Call Step Functions: True if it did, or had done, what was asked; False for an error of `missing`."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in missing:
                return False
            if code not in fine:
                raise MachinesUnavailable(f"Step Functions refuses {operation} ({error})") from error
        except BotoCoreError as error:
            raise MachinesUnavailable(f"Step Functions cannot be reached: {error}") from error
        return True
