"""Rows of the report: one per obligation, as in JSON (docs/commands.md, "JSON of efasp check"), and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypedDict

from efasp.proofs.obligation import STATUSES, Batch, Kind, Obligation, Status, Verdict, named

DECIDED = ("proved", "refuted", "vacuous", "measured")
GOOD = ("proved", "measured")
_ENDED = {"status": str, "method": str, "seconds": (int, float), "countermodel": object}
_HEAD = {"id": str, "lemma": str, "params": dict, "scope": str, "n": list, "hash": str, "claim": str, "kind": str}
Citation = Literal["assumes", "concludes", "assumed"]
CITATIONS: tuple[Citation, ...] = ("assumes", "concludes", "assumed")


class Cited(TypedDict):
    """Ids of the conclusions that an obligation assumes and states; then citations of results that are not shown."""

    assumes: list[str]
    concludes: list[str]
    assumed: list[str]


class Head(Cited):
    """The part of a row that is known before the obligation is discharged; the keys are those of ``Obligation``."""

    id: str
    lemma: str
    params: dict[str, Any]
    scope: str
    n: list[int]  # the first and the last
    hash: str
    claim: str
    kind: Kind | Literal["build"]  # the latter of a batch that could not be built


class Row(Head):
    """How an obligation ended. ``cached``: whether an earlier run discharged it; ``seconds``: the time that discharging it
    took, then."""

    status: Status
    method: str
    seconds: float
    countermodel: dict[str, Any] | None
    cached: bool


def head(obligation: Obligation) -> Head:
    """The part of a row that is known before the obligation is discharged."""
    return {
        "id": obligation.id,
        "lemma": obligation.lemma,
        "params": obligation.params,
        "scope": obligation.scope,
        "n": list(obligation.n),
        "hash": obligation.hash,
        "claim": obligation.claim,
        "kind": obligation.kind,
        "assumes": list(obligation.cites),
        "concludes": list(obligation.concludes),
        "assumed": list(obligation.assumed),
    }


def row(known: Head, verdict: Verdict, seconds: float, cached: bool = False) -> Row:
    """The row of an obligation, keys in the order of docs/commands.md, "JSON of efasp check"."""
    return {
        "id": known["id"],
        "lemma": known["lemma"],
        "params": known["params"],
        "scope": known["scope"],
        "n": known["n"],
        "status": verdict.status,
        "method": verdict.method,
        "seconds": round(seconds, 3),
        "hash": known["hash"],
        "countermodel": verdict.countermodel,
        "claim": known["claim"],
        "kind": known["kind"],
        "cached": cached,
        "assumes": known["assumes"],
        "concludes": known["concludes"],
        "assumed": known["assumed"],
    }


def shaped(value: Any, shape: Mapping[str, Any], statuses: Sequence[str] = DECIDED) -> bool:
    """Whether a value of the store is an object of these keys and types, with a possible status and time."""
    if not isinstance(value, dict) or set(value) != set(shape):
        return False
    return all(isinstance(value[key], kind) for key, kind in shape.items()) and value["status"] in statuses and (
        0 <= value["seconds"] < float("inf")
    )  # fmt: skip


def is_verdict(value: Any) -> bool:
    """Whether a value is a verdict in the form of the store."""
    return shaped(value, {**_ENDED, "run": str})


def is_listing(value: Any) -> bool:
    """Whether a value is the rows of a batch in the form of the store."""
    return isinstance(value, list) and bool(value) and all(
        shaped(r, {**_HEAD, **_ENDED, "cached": bool, **dict.fromkeys(CITATIONS, list)})
        and list(map(type, r["n"])) == [int, int]
        and all(isinstance(name, str) for key in CITATIONS for name in r[key])
        for r in value
    )  # fmt: skip


def failed(batch: Batch, lemma: str, n_max: int, reason: str, status: Status = "error") -> Row:
    """The row of a lemma of a batch that could not be built, or that gave none of its obligations, or not all."""
    known: Head = {
        "id": named(lemma, batch.params),
        "lemma": lemma,
        "params": batch.params,
        "scope": "none",
        "n": [1, n_max],
        "hash": "",
        "claim": "",
        "kind": "build",
        "assumes": [],
        "concludes": [],
        "assumed": [],
    }
    return row(known, Verdict(status, reason), 0)


def summary(rows: Iterable[Row]) -> dict[str, int]:
    """The number of rows that ended in each status."""
    counts = Counter(row["status"] for row in rows)
    return {status: counts[status] for status in STATUSES}


def seconds(rows: Iterable[Row]) -> float:
    """The time that discharging them took; equal texts are discharged once, and count once."""
    return sum({(r["hash"] if r["kind"] == "smt" else r["id"]): r["seconds"] for r in rows}.values())


def slowest(rows: Sequence[Row], count: int = 5) -> list[Row]:
    """The obligations that took longest, one for each text."""
    first = {(r["hash"] if r["kind"] == "smt" else r["id"]): r for r in reversed(rows)}
    return sorted(first.values(), key=lambda r: (-r["seconds"], r["id"]))[:count]


def totals(rows: Iterable[Row]) -> str:
    """The number of rows in each status that occurs, as text: ``123 proved, 4 measured``."""
    return ", ".join(f"{count} {status}" for status, count in summary(rows).items() if count)


def groups(rows: Iterable[Row]) -> dict[tuple[str, str, str], list[Row]]:
    """The rows by family (the lemma's name up to its first dot), scope and claim."""
    grouped: dict[tuple[str, str, str], list[Row]] = {}
    for r in rows:
        grouped.setdefault((r["lemma"].partition(".")[0], r["scope"], r["claim"]), []).append(r)
    return grouped


def exit_code(rows: Iterable[Row]) -> int:
    """0 all proved or measured, 1 some refuted or vacuous, 3 not all discharged."""
    statuses = {row["status"] for row in rows}
    if statuses & {"refuted", "vacuous"}:
        return 1
    return 0 if statuses <= set(GOOD) else 3
