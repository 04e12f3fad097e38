"""What a request carries: a text, a form, or a form with files, which is put together in a file and not in memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO
from urllib.parse import urlencode

from thermik.identity import new_id
from thermik.tasks.http.models import HttpTask
from thermik.tasks.runnable import RunContext, TaskFailure
from thermik.tasks.structured import rendered_map

_MULTIPART = "multipart/form-data"


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes or a file, and their type; None for a request without a body."""

    content: bytes | Path | None = None
    content_type: str | None = None


def build_body(task: HttpTask, context: RunContext, folder: Path) -> Body:
    """The body of a task's request. `folder` takes what does not belong into memory.

    Raises:
        TaskFailure: an unknown charset, a file that is not there.
    """
    kind: str = context.render(task.content_type)
    form = rendered_map(context, "formData", task.form_data)
    if form and kind == _MULTIPART:
        boundary = new_id()
        return Body(_multipart(context, form, boundary, folder / "body"), f"{_MULTIPART}; boundary={boundary}")
    if form:
        texts = {name: _text(value) for name, value in form.items()}
        return Body(urlencode(texts).encode(), "application/x-www-form-urlencoded")
    if task.body is None:
        return Body()
    charset: str = context.render(task.options.default_charset)
    try:
        content = context.render(task.body).encode(charset)
    except (LookupError, UnicodeEncodeError) as error:
        raise TaskFailure(f"The body cannot be written in charset '{charset}': {error}") from error
    return Body(content, kind if "charset=" in kind.lower() else f"{kind}; charset={charset}")


def _multipart(context: RunContext, form: Mapping[str, Any], boundary: str, target: Path) -> Path:
    with target.open("wb") as body:
        for name, value in form.items():
            body.write(f"--{boundary}\r\n".encode())
            _write_part(context, body, name, value)
            body.write(b"\r\n")
        body.write(f"--{boundary}--\r\n".encode())
    return target


def _write_part(context: RunContext, body: BinaryIO, name: str, value: Any) -> None:
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    file = _file_of(value)
    if file is None:
        body.write(f"{head}\r\n\r\n{_text(value)}".encode())
        return
    file_name, uri = file
    body.write(f'{head}; filename="{_quoted(file_name)}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode())
    with context.open_file(uri) as source:
        shutil.copyfileobj(source, body)


def _file_of(value: Any) -> tuple[str, str] | None:
    """The file's name and URI, where a form's value means a stored file: `kestra://…`, or `{name, content}`."""
    if isinstance(value, str) and value.startswith("kestra://"):
        return PurePosixPath(value).name, value
    if isinstance(value, Mapping) and {"name", "content"} <= set(value):
        return str(value["name"]), str(value["content"])
    return None


def _quoted(text: str) -> str:
    """A name within the quotes of a part's head, as browsers write it."""
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
