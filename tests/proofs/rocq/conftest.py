"""A folder for the texts that extracted programs read."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the texts that the kernel reads are written."""
    return tmp_path_factory.mktemp("kernel")
