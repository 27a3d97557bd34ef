"""The table of trained encoders: checkpoints of `efasp train`, and whether they decode the strings of every length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from efasp.model.learned import checkpoint
from efasp.model.learned.network import Network
from efasp.model.learned.tasks import TASKS
from efasp.paper_artifacts.experiments.experiments import columns
from efasp.paper_artifacts.tables.model import Artifact, Cell, Check
from efasp.proofs.learned.obligations import obligations
from efasp.proofs.obligation import Verdict

FOLDER = Path(__file__).parents[1] / "learned"
LEMMAS = ("learned.decisions", "learned.every_length", "learned.readouts")


def checkpoints() -> Iterator[Network]:
    """The checkpoints, by task and seed."""
    networks = [checkpoint.read(path) for path in FOLDER.glob("*.safetensors")]
    yield from sorted(networks, key=lambda network: (list(TASKS).index(network.task.name), network.seed))


def verdicts(network: Network) -> dict[str, Verdict]:
    """How the obligations of the table end, by lemma."""
    listed = [one for one in obligations(network) if one.lemma in LEMMAS]
    return {one.lemma: one.discharge() for one in listed if one.discharge is not None}


def learned() -> Artifact:
    """Encoders for parity, each trained once."""
    from efasp.model.learned.training import learned as count

    rows: list[dict[str, Cell]] = []
    ended: list[dict[str, Verdict]] = []
    for network in checkpoints():
        found = verdicts(network)
        ended.append(found)
        every = found["learned.every_length"]
        case = every.countermodel or {}
        rows.append({
            "task": network.task.name, "seed": network.seed, "steps": network.steps, "parameters": network.parameters,
            "transitions": f"{count(network)} of {len(network.task.transitions)}", "every length": every.status,
            "by": every.method.rpartition(": ")[2] if every.status == "proved" else case.get("said", every.method),
        })  # fmt: skip
    settled = all(found["learned.every_length"].status in ("proved", "refuted") for found in ended)
    checks = (
        Check("every checkpoint is proved, or refuted by a string that torch decodes wrongly", settled),
        Check("every read-out of torch lies in its enclosure", all(f["learned.readouts"].status == "measured" for f in ended)),
    )
    notes = (
        "The paper reports 100 % at every length for an AP-MDM with about 200 parameters, trained on 7 transitions of strings "
        "of length 2: those of parity-published. They have no string of one digit or none, with which decoding ends, so it is "
        "left to the seed whether it ends at the right answer; parity has three more transitions, in which such strings stay "
        "as they are.",
        "The encoder reads three tokens, as in the published configuration; those behind them stay as they are. The weights "
        "are those of the files in paper_artifacts/learned, which efasp train made with these seeds; on another machine, "
        "training may round otherwise. A transition is learned where torch decides every control bit as it was trained to.",
    )
    shown = columns(
        ("task", "task", "text"), ("seed", "seed", "number"), ("steps", "steps", "number"),
        ("parameters", "parameters", "number"), ("transitions", "transitions learned", "text"),
        ("every length", "strings of every length", "text"), ("by", "how", "text"),
    )  # fmt: skip
    scope = (
        "decided for strings of every length n: proved, or refuted by one string, for the weights in the files, roundings of "
    )
    scope += "float32 included (efasp check --learned; docs/learned.md has the assumptions about torch)"
    return Artifact("learned", "Trained encoders", scope, shown, tuple(rows), checks, notes)
