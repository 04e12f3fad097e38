"""Functions that need the world outside: files, keys and values, secrets, logs. They go through the services."""

from __future__ import annotations

from typing import Any

from thermik.expressions.errors import ExpressionRuntimeError
from thermik.expressions.frames import Frame
from thermik.expressions.limits import checked_text
from thermik.expressions.printing import java_text
from thermik.expressions.registry import function
from thermik.expressions.services import port
from thermik.expressions.values import Long, is_map, is_text


def _text(value: Any, function_name: str, argument: str) -> str:
    if not is_text(value):
        raise ExpressionRuntimeError(
            f"The '{function_name}' function expects an argument '{argument}' with type string."
        )
    return str(value)


@function("read", "path", required=1, framed=True)
def read(frame: Frame, path: Any) -> str:
    """The text of a namespace file, or of a file of this execution by its URI."""
    return checked_text(str(port(frame.services, "read", "read")(_text(path, "read", "path"))))


@function("fileSize", "path", required=1, framed=True)
def file_size(frame: Frame, path: Any) -> int:
    """The size in bytes of a namespace file, or of a file of this execution by its URI."""
    return Long(port(frame.services, "file_size", "fileSize")(_text(path, "fileSize", "path")))


@function("fileExists", "path", required=1, framed=True)
def file_exists(frame: Frame, path: Any) -> bool:
    """Whether there is a namespace file of a path, or a file of this execution of a URI."""
    return bool(port(frame.services, "file_exists", "fileExists")(_text(path, "fileExists", "path")))


@function("isFileEmpty", "path", required=1, framed=True)
def is_file_empty(frame: Frame, path: Any) -> bool:
    """Whether a namespace file, or a file of this execution by its URI, has no content."""
    return int(port(frame.services, "file_size", "isFileEmpty")(_text(path, "isFileEmpty", "path"))) == 0


@function("fileURI", "path", required=1, framed=True)
def file_uri(frame: Frame, path: Any) -> str:
    """The URI of a namespace file."""
    name = _text(path, "fileURI", "path")
    if ".." in name.replace("\\", "/").split("/"):
        raise ExpressionRuntimeError(f"The path `{name}` of 'fileURI' may not contain `..`")
    # without services (`thermik render`, a check) the URI is still known: it follows from the namespace
    if hasattr(frame.services, "file_uri"):
        return str(port(frame.services, "file_uri", "fileURI")(name))
    return f"kestra:///{_namespace(frame).replace('.', '/')}/_files/{name.lstrip('/')}"


def _namespace(frame: Frame) -> str:
    variables = frame.visible()
    flow: Any = variables.get("flow")
    if not (is_map(flow) and "namespace" in flow):
        raise ExpressionRuntimeError("The namespace of the flow is not known here")
    return java_text(flow["namespace"])


@function("kv", "key", "namespace", "errorOnMissing", required=1, framed=True)
def kv(frame: Frame, key: Any, namespace: Any = None, error_on_missing: Any = None) -> Any:
    """The value of a key of the flow's namespace or of another; null if it is missing, unless `errorOnMissing`."""
    place = None if namespace is None else _text(namespace, "kv", "namespace")
    return port(frame.services, "kv", "kv")(_text(key, "kv", "key"), place, error_on_missing is True)


@function("secret", "key", required=1, framed=True)
def secret(frame: Frame, key: Any) -> str:
    """The value of a secret."""
    return str(port(frame.services, "secret", "secret")(_text(key, "secret", "key")))


@function("errorLogs", framed=True)
def error_logs(frame: Frame) -> list[Any]:
    """The execution's logs of level ERROR."""
    return list(port(frame.services, "error_logs", "errorLogs")())
