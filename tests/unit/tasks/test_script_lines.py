"""Lines from chunks, and the markers among them."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO, TextIOWrapper

import pytest
from hypothesis import given
from hypothesis import strategies as st

from thermik.tasks.scripts.lines import LineSplitter
from thermik.tasks.scripts.markers import BadMarker, read_marker


def _split(chunks: list[bytes], limit: int = 1000) -> list[tuple[bytes, int]]:
    splitter = LineSplitter(limit)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    return [(line.data, line.dropped) for line in [*lines, *splitter.end()]]


@given(st.lists(st.binary(max_size=9).map(lambda raw: raw.translate(bytes(b"\n\r::ab"[i % 6] for i in range(256))))))
def test_chunks_of_any_size_give_the_lines_that_a_reader_of_the_whole_gives(chunks: list[bytes]) -> None:
    whole = TextIOWrapper(BytesIO(b"".join(chunks)), encoding="ascii", newline=None)
    assert _split([chunk for chunk in chunks if chunk]) == [(line.rstrip("\n").encode(), 0) for line in whole]


def test_a_long_line_is_cut_and_says_how_much_is_missing() -> None:
    assert _split([b"abc", b"defgh", b"ij\nnext"], limit=4) == [(b"abcd", 6), (b"next", 0)]


def test_a_marker_carries_outputs_metrics_and_logs() -> None:
    marker = read_marker(
        '::{"outputs": {"a": [1, null]}, "logs": [{"level": "WARN", "message": "w"}], "metrics": ['
        '{"name": "n", "type": "counter", "value": 2, "tags": {"k": "v", "n": 1}},'
        '{"name": "t", "type": "timer", "value": 1.5}, {"name": "u", "type": "timer", "value": "PT2S"}]}::'
    )
    assert marker is not None
    assert marker.outputs == {"a": [1, None]}
    assert [(entry.level, entry.message) for entry in marker.logs] == [("WARN", "w")]
    count, seconds, text = marker.metrics
    assert (count.name, count.count, count.tags) == ("n", 2.0, {"k": "v", "n": "1"})
    assert [seconds.duration, text.duration] == [timedelta(seconds=1.5), timedelta(seconds=2)]


@pytest.mark.parametrize(
    "line", ["", "::", "{}", ' ::{"outputs":{}}::', '::{"outputs":{}}:: ', '::{"outputs":{}}', "::[]::"]
)
def test_a_line_of_another_form_is_no_marker(line: str) -> None:
    assert read_marker(line) is None


def test_nulls_and_unknown_keys_say_nothing() -> None:
    marker = read_marker('::{"outputs": null, "metrics": null, "assets": {"x": 1}}::')
    assert marker is not None
    assert (marker.outputs, marker.metrics, marker.logs) == ({}, (), ())


@pytest.mark.parametrize(
    "content",
    [
        "{not json}",
        '{"outputs": [1]}',
        '{"outputs": {"x": NaN}}',
        '{"metrics": [{"name": "n", "type": "gauge", "value": 1}]}',
        '{"metrics": [{"name": "n", "type": "counter", "value": true}]}',
        '{"metrics": [{"name": "n", "type": "counter", "value": 1e999}]}',
        '{"metrics": [{"name": "n", "type": "timer", "value": 1e300}]}',
        '{"metrics": [{"name": "", "type": "timer", "value": 1}]}',
        '{"logs": [{"level": "LOUD", "message": "x"}]}',
        '{"outputs": ' + '{"a":' * 100_000 + "1" + "}" * 100_001,
    ],
)
def test_a_marker_that_cannot_be_read_is_refused_with_a_reason(content: str) -> None:
    with pytest.raises(BadMarker, match=r"."):
        read_marker(f"::{content}::")
