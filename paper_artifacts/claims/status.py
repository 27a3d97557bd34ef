"""What `efasp tables` wrote, read again: the status of each artifact, on which a claim may rest, and its table for pages."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from efasp.paper_artifacts.claims.claims import Status

GENERATED = Path(__file__).resolve().parents[1] / "generated"


def artifacts(folder: Path = GENERATED) -> dict[str, Status]:
    """By name: ``measured`` where every check that the artifact was made with held, ``refuted`` where one did not."""
    out = {}
    for path in sorted(folder.glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        wrong = [check["what"] for check in said["checks"] if not check["holds"]]
        out[path.stem] = Status("refuted", wrong[0]) if wrong else Status("measured", said["scope"])
    return out


@dataclass(frozen=True)
class Shown:
    """A table as it was written: headings and cells, then its scope, notes and checks, a line each."""

    name: str
    title: str
    headings: list[str]
    rows: list[list[str]]
    lines: list[str]


def shown(folder: Path = GENERATED) -> list[Shown]:
    """Every table of a folder, from its Markdown."""
    out = []
    for path in sorted(folder.glob("*.md")):
        lines = path.read_text(encoding="utf-8").splitlines()
        title = next(line.removeprefix("# ") for line in lines if line.startswith("# "))
        headings, _, *rows = (_cells(line) for line in lines if line.startswith("|"))
        rest = [line.removeprefix("* ") for line in lines if line and line[0] not in "#|<!"]
        out.append(Shown(path.stem, title, headings, rows, rest))
    return out


def _cells(line: str) -> list[str]:
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
