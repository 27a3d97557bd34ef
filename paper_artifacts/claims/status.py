"""The status of each artifact of `efasp tables`, on which a claim may rest, from the JSON file that was written for it."""

from __future__ import annotations

import json
from pathlib import Path

from efasp.paper_artifacts.claims.claims import Status, unmarked

GENERATED = Path(__file__).resolve().parents[1] / "generated"


def artifacts(folder: Path = GENERATED) -> dict[str, Status]:
    """By name: ``measured`` where every check that the artifact was made with held, ``refuted`` where one did not."""
    out = {}
    for path in sorted(folder.glob("*.json")):
        said = json.loads(path.read_text(encoding="utf-8"))
        wrong = [check["what"] for check in said["checks"] if not check["holds"]]
        out[path.stem] = Status("refuted", wrong[0]) if wrong else Status("measured", unmarked(said["scope"]))
    return out
