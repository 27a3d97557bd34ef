"""What tests of exported files share."""

from __future__ import annotations

import os
import sys
import tempfile

import pytest

from efasp.paper_artifacts.cli import main
from tests.pages import ROOT

EXAMPLES = ROOT / "examples"


def needed(*packages: str) -> None:
    """Skips a test where a package of an extra is not installed."""
    if "transformers" not in sys.modules:  # nothing of these tests stays in the user's cache
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": tempfile.mkdtemp(prefix="efasp-")}
    for package in packages:
        pytest.importorskip(package, reason=f"the optional package {package} is not installed")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints, on either stream."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.out + captured.err
