"""What the tests of task types share: a context of their own each."""

from __future__ import annotations

from pathlib import Path

import pytest

from unit.tasks.fake_context import FakeContext


@pytest.fixture
def context(tmp_path: Path) -> FakeContext:
    return FakeContext(tmp_path / "work")
