"""Forms are read as another reader reads them, and broken or oversized ones are refused."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_multipart.multipart import parse_form
from requests import Request

from thermik.api.bodies import body_of
from thermik.api.errors import ApiError, BadRequest, TooLarge
from thermik.api.multipart import MAX_PART_HEADERS, MAX_PARTS, boundary_of, read_form

TYPE = "multipart/form-data; boundary=x"
names = st.text(st.characters(codec="ascii", exclude_characters='"\\\r\n%', min_codepoint=32), min_size=1, max_size=20)
tricky = st.sampled_from([b"\r\n", b"--x", b"--", b"\r\n--x", b"\r\n--x--", b"a", b"", b"\r"])
contents = st.lists(tricky, max_size=8).map(b"".join)


def _form(*parts: bytes) -> bytes:
    return b"".join(b"--x\r\n" + part + b"\r\n" for part in parts) + b"--x--\r\n"


def _field(name: str, content: bytes) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content


@given(st.dictionaries(names, st.tuples(names, st.binary(max_size=2000)), max_size=5))
def test_what_a_client_sends_is_what_is_read(files: dict[str, tuple[str, bytes]]) -> None:
    sent = Request("POST", "http://x", files={**files, "last": (None, b"")}).prepare()
    assert isinstance(sent.body, bytes)
    parts = [*read_form(sent.headers["Content-Type"], body_of(sent.body))]
    seen = {part.name: (part.file_name, part.content.read()) for part in parts}
    assert seen == {**files, "last": (None, b"")}


@given(st.lists(contents, min_size=1, max_size=4))
def test_another_reader_agrees(values: list[bytes]) -> None:
    body = _form(*(_field(f"f{number}", value) for number, value in enumerate(values)))
    theirs: dict[str, bytes] = {}
    mine: dict[str, bytes] | None
    try:
        mine = {part.name: part.content.read() for part in read_form(TYPE, body_of(body))}
    except ApiError:
        mine = None
    try:
        with tempfile.SpooledTemporaryFile() as stream:
            stream.write(body)
            stream.seek(0)
            headers = {"Content-Type": TYPE.encode()}
            parse_form(
                headers, stream, lambda field: theirs.update({field.field_name.decode(): field.value or b""}), None
            )
    except Exception:  # noqa: BLE001 - it refuses in many ways
        return
    if mine is not None:
        assert {name: value for name, value in mine.items() if value} == {k: v for k, v in theirs.items() if v}


@given(st.binary(max_size=300).map(lambda noise: b"--x\r\n" + noise), st.integers(0, 300))
def test_noise_is_read_or_refused(body: bytes, cut: int) -> None:
    try:
        for part in read_form(TYPE, body_of(body[: cut + 1])):
            part.content.read()
    except (BadRequest, TooLarge):
        return


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"nothing", BadRequest),
        (b"--x", BadRequest),
        (b"--x\r\nContent-Disposition: form-data", BadRequest),
        (_form(_field("a", b"b"))[:-8], BadRequest),
        (_form(b"X: y\r\n\r\nz"), BadRequest),
        (_form(b"X: " + b"y" * MAX_PART_HEADERS + b"\r\n\r\nz"), TooLarge),
        (_form(*[_field("a", b"")] * (MAX_PARTS + 1)), TooLarge),
    ],
    ids=range(7),
)
def test_broken_forms(body: bytes, error: type[ApiError]) -> None:
    with pytest.raises(error):
        [*read_form(TYPE, body_of(body))]


@pytest.mark.parametrize("value", ["", "; boundary=", '; boundary=""', "; boundary=" + "x" * 71])
def test_boundaries_that_are_refused(value: str) -> None:
    with pytest.raises(BadRequest):
        boundary_of("multipart/form-data" + value)


def test_names_in_their_spellings() -> None:
    heads = ['name="a\\"b"', "name=plain; filename=f.txt", "name=\"u\"; filename*=UTF-8''%C3%A4.txt"]
    body = _form(*(f"Content-Disposition: form-data; {head}\r\n\r\nv".encode() for head in heads))
    seen = [(part.name, part.file_name) for part in read_form(TYPE, body_of(body))]
    assert seen == [('a"b', None), ("plain", "f.txt"), ("u", "ä.txt")]
    assert [*read_form("application/json", body_of(body))] == []


def test_a_part_is_a_stream() -> None:
    [part] = read_form(TYPE, body_of(_form(_field("a", b"0123456789"))))
    with part.content.open() as stream:
        assert (stream.read(4), stream.read()) == (b"0123", b"456789")
