"""An empty store for each test that asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from efasp.checker.store import Store


@pytest.fixture
def kept(tmp_path: Path):
    """An empty store, and its messages."""
    notices: list[str] = []
    found = Store(tmp_path / "checks.sqlite", notices.append)
    found.notices = notices
    yield found
    found.close()
