from __future__ import annotations

from email.parser import BytesParser
from pathlib import Path

import pytest

from thermik.cli.forms import Form


def test_a_form_is_read_as_it_was_written(tmp_path: Path) -> None:
    content = bytes(range(256)) * 1000
    (tmp_path / "data.bin").write_bytes(content)
    with Form({"name": "Ada ü\r\n--x", 'odd"\r\nname': ""}, {"file": tmp_path / "data.bin"}) as form:
        body = b"".join(form)
        head = f"Content-Type: {form.content_type}\r\n\r\n".encode()
    assert form.length == len(body)
    parts = BytesParser().parsebytes(head + body).get_payload()
    found = {part.get_param("name", header="content-disposition"): part for part in parts}  # type: ignore[union-attr, misc]
    assert found["name"].get_payload(decode=True) == "Ada ü\r\n--x".encode()
    assert found["odd%22%0D%0Aname"].get_payload(decode=True) == b""
    assert found["file"].get_filename() == "data.bin"
    assert body.count(content) == 1


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Form({}, {"file": tmp_path / "gone"})
