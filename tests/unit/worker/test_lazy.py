"""Values that are made when they are first asked for."""

from __future__ import annotations

from typing import Any

import pytest

from thermik.worker.lazy import LazyMap


def test_each_value_is_made_once_and_only_when_named() -> None:
    made: list[str] = []

    def make(name: str) -> Any:
        return lambda: made.append(name) or name

    lazy = LazyMap({"a": make("a"), "b": make("b")})
    assert made == []
    assert (lazy["a"], lazy["a"], lazy.get("a")) == ("a", "a", "a")
    assert made == ["a"]


def test_what_has_no_value_is_not_there() -> None:
    def missing() -> Any:
        raise KeyError("parent")

    lazy = LazyMap({"here": lambda: None, "parent": missing})
    assert list(lazy) == ["here"]
    assert len(lazy) == 1
    assert "parent" not in lazy
    assert "here" in lazy
    assert 3 not in lazy
    with pytest.raises(KeyError):
        lazy["parent"]
    with pytest.raises(KeyError):
        lazy["unknown"]
