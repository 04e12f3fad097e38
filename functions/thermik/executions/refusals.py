"""Why an operation on an execution is refused; the API gives each its status once.

Refused
├── WrongState     the execution's state forbids it (409)
└── Unacceptable   what was asked for makes no sense for this execution (422)
"""

from __future__ import annotations


class Refused(Exception):
    """An operation on an execution that cannot be carried out; nothing was changed."""


class WrongState(Refused):
    """The execution's state does not allow it."""


class Unacceptable(Refused):
    """An argument names nothing, or nothing that the operation could work on."""
