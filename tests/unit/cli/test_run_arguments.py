from __future__ import annotations

from pathlib import Path

import click
import pytest

from thermik.cli.arguments import is_file, read_inputs, read_labels, read_name
from thermik.cli.showing import closing


def test_inputs_are_texts_or_files(tmp_path: Path) -> None:
    file = tmp_path / "data.csv"
    file.write_text("x")
    texts, files = read_inputs(("name=Ada", "formula=a=b", "empty=", "handle=@@ada", f"data=@{file}"))
    assert texts == {"name": "Ada", "formula": "a=b", "empty": "", "handle": "@ada"}
    assert files == {"data": file}


@pytest.mark.parametrize("given", ["name", "=x", "data=@/nowhere"])
def test_what_is_no_input_is_refused(given: str) -> None:
    with pytest.raises(click.BadParameter):
        read_inputs((given,))


def test_an_input_given_twice_is_refused() -> None:
    with pytest.raises(click.BadParameter, match="twice"):
        read_inputs(("a=1", "a=2"))


def test_labels_by_colon_or_equals_whichever_comes_first() -> None:
    assert read_labels(("team:data", "url=http://x", "a:b=c")) == (("team", "data"), ("url", "http://x"), ("a", "b=c"))


@pytest.mark.parametrize("given", ["team", ":x", "=x"])
def test_what_is_no_label_is_refused(given: str) -> None:
    with pytest.raises(click.BadParameter):
        read_labels((given,))


def test_the_end_tells_state_outputs_and_where_to_look() -> None:
    dates = {"startDate": "2025-01-01T00:00:00Z", "endDate": "2025-01-01T00:00:01.500Z"}
    state = {"current": "SUCCESS", "histories": [{"state": "CREATED", "date": "2025-01-01T00:00:00Z"}], **dates}
    text = "\n".join(
        closing({"id": "x1", "state": state, "outputs": {"a": "text", "longer": [1, "ü"]}}, " --data d", remote=False)
    )
    assert "SUCCESS in 1.50 s" in text
    assert '  a       text\n  longer  [1, "ü"]' in text
    assert "thermik executions get x1 --data d " in text


@pytest.mark.parametrize("named", ["-", "./flow", "flow.yaml", "flow.yml", "a/b.c"])
def test_what_is_a_file(named: str) -> None:
    assert is_file(named)


def test_names_of_saved_flows() -> None:
    assert not is_file("examples.shop.orders")
    assert read_name("examples.shop.orders") == ("examples.shop", "orders")
    assert read_name("shop:orders.daily") == ("shop", "orders.daily")
    with pytest.raises(click.BadParameter):
        read_name("orders")
