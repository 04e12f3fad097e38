"""Kestra's internal storage: `kestra:///` URIs, and the blob keys behind them.

    kestra:///<namespace with slashes>/<flow>/executions/<execution>/inputs/<input>/<file>
    kestra:///<namespace with slashes>/<flow>/executions/<execution>/tasks/<task>/<task run>/<file>
    kestra:///<namespace with slashes>/_files/<path>
    (no URI)  <namespace with slashes>/<flow>/caches/<task>/<cache, or the loop value's digest>.zip
    (no URI)  <namespace with slashes>/<flow>/caches/<task>/outputs/<digest of the task's properties>.json

Flow and task ids appear as slugs, as in Kestra. A URI is its key, percent-encoded. Everything of an
execution lies below one prefix, so that it can be deleted with it. Whoever reads a URI that came from
outside asks here first to whom it belongs; nothing else may be made of it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from urllib.parse import quote, unquote

from thermik.records import record
from thermik.storage.errors import InvalidKey
from thermik.storage.paths import key_parts

SCHEME = "kestra://"

_MAX_URI_CHARACTERS = 8192
_UNQUOTED = "/-._~!$&'()*+,;=:@"
"""What a path may hold as it is: https://www.rfc-editor.org/rfc/rfc3986#section-3.3"""

_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NAMESPACE_FILES = "_files"

_OF_EXECUTION = re.compile(
    rf"(?:(?!{_NAMESPACE_FILES}/)[^/]+/){{2,}}?executions/(?P<execution>[^/]+)/(?:inputs|tasks|values)/."
)
"""The first match counts: what follows are names that a user chose, and they must not pass for another execution's."""


@record
class ExecutionFiles:
    """The files of one execution: their URIs, and the prefix of their keys.

    All methods raise InvalidKey if an id or a name cannot be part of a path.
    """

    namespace: str
    flow_id: str
    execution_id: str

    @property
    def prefix(self) -> str:
        """What the keys of all files of the execution begin with."""
        key = f"{_directory(self.namespace)}/{slug(self.flow_id)}/executions/{_single(self.execution_id)}"
        return "/".join(key_parts(key)) + "/"

    def input_uri(self, input_id: str, file: str) -> str:
        """The URI of an uploaded file."""
        return uri_of(f"{self.prefix}inputs/{_single(input_id)}/{_single(file)}")

    def task_uri(self, task_id: str, task_run_id: str, path: str) -> str:
        """The URI of a file that a task run wrote; its path may have directories."""
        return uri_of(f"{self.prefix}tasks/{slug(task_id)}/{_single(task_run_id)}/{path}")

    def value_uri(self, task_run_id: str, name: str) -> str:
        """The URI of a value of a task run's outputs that the table cannot hold, apart from the run's files."""
        return uri_of(f"{self.prefix}values/{_single(task_run_id)}/{_single(name)}")

    def holds(self, uri: str) -> bool:
        """Whether a URI names a file of this execution. Raises InvalidKey if it is no URI of internal storage."""
        return key_of(uri).startswith(self.prefix)


def namespace_file_uri(namespace: str, path: str) -> str:
    """The URI of a namespace file; its path may begin with a slash. Raises InvalidKey."""
    return uri_of(namespace_files_prefix(namespace) + path.removeprefix("/"))


def namespace_files_prefix(namespace: str) -> str:
    """What the keys of all files of the namespace begin with. Raises InvalidKey."""
    return "/".join(key_parts(f"{_directory(namespace)}/{_NAMESPACE_FILES}")) + "/"


def cache_key(namespace: str, flow_id: str, task_id: str, value: str | None) -> str:
    """The key of the archive that a task keeps from one execution to the next, one for each value of its loop.

    Raises InvalidKey. No URI of a flow may name it: it belongs to no execution.
    """
    name = "cache" if value is None else hashlib.sha256(value.encode()).hexdigest()
    return "/".join(key_parts(f"{_directory(namespace)}/{slug(flow_id)}/caches/{slug(task_id)}/{name}.zip"))


def outputs_cache_prefix(namespace: str, flow_id: str, task_id: str) -> str:
    """What the keys of all outputs begin with that a task keeps for later executions. Raises InvalidKey."""
    return "/".join(key_parts(f"{_directory(namespace)}/{slug(flow_id)}/caches/{slug(task_id)}/outputs")) + "/"


def uri_of(key: str) -> str:
    """The URI of a blob. Raises InvalidKey."""
    return f"{SCHEME}/{quote('/'.join(key_parts(key)), safe=_UNQUOTED)}"


def key_of(uri: str) -> str:
    """The key of the blob that a URI names.

    Raises:
        InvalidKey: it is no `kestra:///` URI, has a query or a fragment, or its path is not acceptable, encoded or not.
    """
    path = uri.removeprefix(f"{SCHEME}/")
    if path == uri:
        raise InvalidKey(f"{uri[:100]!r} is no URI of internal storage: it must begin with {SCHEME}/")
    if len(uri) > _MAX_URI_CHARACTERS or "?" in path or "#" in path or _BROKEN_ESCAPE.search(path):
        raise InvalidKey(f"{uri[:100]!r} is no URI of internal storage: too long, with a query, or wrongly encoded")
    try:
        key = unquote(path, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidKey(f"{uri[:100]!r} is no URI of internal storage: its path is no UTF-8") from error
    return "/".join(key_parts(key))


def execution_of(uri: str) -> str | None:
    """The id of the execution that a file belongs to; None for a namespace file or any other.

    Raises InvalidKey if it is no URI of internal storage.
    """
    found = _OF_EXECUTION.match(key_of(uri))
    return found["execution"] if found else None


def slug(text: str) -> str:
    """An id as Kestra writes it in paths.

    Accents removed, what is neither a letter, a digit nor a hyphen dropped, blanks and `_` to `-`, runs of `-` joined,
    lower case.
    """
    hyphened = re.sub(r"[\s_]", "-", text)
    plain = re.sub(r"[^A-Za-z0-9-]", "", unicodedata.normalize("NFD", hyphened))
    return re.sub("-{2,}", "-", plain).strip("-").lower()


def _directory(namespace: str) -> str:
    parts = _single(namespace).split(".")
    if _NAMESPACE_FILES in parts:
        raise InvalidKey(f"the namespace {namespace!r} has a part {_NAMESPACE_FILES!r}, where its parent has its files")
    return "/".join(parts)


def _single(name: str) -> str:
    """A name that is one part of a path."""
    if "/" in name:
        raise InvalidKey(f"{name[:100]!r} must not contain a slash")
    return name
