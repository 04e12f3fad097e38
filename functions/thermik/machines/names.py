"""The stage that keeps state names within Step Functions' length.

A state is named as the task that it runs, so the graph in the AWS console reads like the flow. A name that
is too long keeps its beginning and its role (`:settle`) and gets a hash of the whole between them.
"""

from __future__ import annotations

import hashlib

MAX_NAME = 80
"""Characters in a state's name: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

_HASH = 8


def fitting_name(name: str) -> str:
    """A name of at most `MAX_NAME` characters, the same for the same name, different for different ones."""
    if len(name) <= MAX_NAME:
        return name
    task, colon, role = name.rpartition(":")
    if not colon:
        task, role = name, ""
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    tail = f"~{digest}{colon}{role}"
    return task[: MAX_NAME - len(tail)] + tail
