"""The scores of attention: read from a node's own rows, and those of a match, from one table (``efasp.attention.weights``).

A score is bilinear: rational multiples of products of an atom at the query's position and an atom at the key's. The score of a
match is given once, by the table, and read twice: with n and m as symbols it is the term of the obligations that hold for all
of them, and that term with numbers put in is compared with the rows of a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from efasp.affine_forms import Form
from efasp.attention import weights
from efasp.proofs.lemmas.gates_recurrences import Wrong
from efasp.proofs.smtlib import Term, evaluate, parse, plus
from efasp.proofs.symbolic.machine import Symbol, of
from efasp.proofs.symbolic.nodes import Reading
from efasp.sorts import Number
from efasp.syntax import Attention

Bilinear = dict[tuple[Any, Any], Number]  # coefficient by (atom at the query's position, atom at the key's)
ONE = ("1", 0)
CONSTANT = Form(constant=1)
ZERO = Form()


def bilinear(reading: Reading, node: Attention) -> Bilinear:
    """The score of an attention node, from its rows."""
    out: Bilinear = {}
    for place in range(node.q.width):
        _add(out, 1, reading.form(node.q, place), reading.form(node.k, place))
    return {pair: c for pair, c in out.items() if c}


def _add(out: Bilinear, factor: Number, q: Form, k: Form) -> None:
    """Add ``factor * q * k``."""
    keys = [*k.terms.items(), *([(ONE, k.constant)] if k.constant else [])]
    for left, a in [*q.terms.items(), *([(ONE, q.constant)] if q.constant else [])]:
        for right, b in keys:
            out[left, right] = out.get((left, right), 0) + factor * a * b


@dataclass(frozen=True)
class Parts:
    """The parts of a match, as forms. ``words``: the bits of query and key, pair by pair."""

    sink: Form
    words: tuple[tuple[Form, Form], ...]
    among: tuple[Form, ...]
    exclude: tuple[Form, ...] = ()
    rank: Form = ZERO
    absent: Form = ZERO
    capacity: Number = 1


def counted(n: int, m: int) -> dict[str, Number]:
    """The table for n bits and m flags: that for symbols, of which the obligations speak, with these numbers put in."""
    table: dict[str, Any] = weights(Symbol("n"), Symbol("m"))
    return {name: evaluate(parse(of(w))[0], {"n": n, "m": m}) for name, w in table.items()}


def formula(parts: Parts) -> Bilinear:
    """The score of a match of these parts."""
    weight = {name: parts.capacity * w for name, w in counted(len(parts.words), len(parts.among)).items()}
    out: Bilinear = {}
    for q, k in parts.words:
        _add(out, weight["agree"], q, k)
    for name, flags in (("among", parts.among), ("exclude", parts.exclude), ("sink", (parts.sink,)), ("one", (CONSTANT,))):
        for flag in flags:
            _add(out, weight[name], CONSTANT, flag)
    _add(out, 1, CONSTANT, parts.rank)
    _add(out, weight["absent"], parts.absent, parts.sink)
    return {pair: c for pair, c in out.items() if c}


def differs(what: str, got: Bilinear, wanted: Bilinear) -> Wrong:
    """The first product whose coefficient is not the expected one."""
    for pair in sorted({**wanted, **got}, key=str):
        if got.get(pair, 0) != wanted.get(pair, 0):
            product = " * ".join(named(atom) for atom in pair if atom != ONE) or "1"
            return {"of": what, "coefficient of": product, "expected": str(wanted.get(pair, 0)), "got": str(got.get(pair, 0))}
    return None


def named(atom: Any) -> str:
    """An atom as text."""
    return f"{atom[0] if isinstance(atom[0], str) else 'unit'}[{atom[1]}]"


def score(parts: Mapping[str, Term]) -> Term:
    """The score at one position, in units of the capacity, for symbols ``n`` and ``m``.

    ``agree``: the inner product of query and key; ``rank``: in units of the capacity; ``among``, ``exclude``: how many of these
    flags are 1; ``sink``, ``absent``: those flags (``absent`` of the query, and counts at the sink alone). Default: 0.
    """
    table: dict[str, Any] = weights(Symbol("n"), Symbol("m"))
    given = {"rank": "0", **parts, "one": "1", "absent": parts.get("absent", "0") if parts.get("sink") == "1" else "0"}
    terms = [_times(of(w), given.get(name, "0")) for name, w in table.items()]
    return plus(*terms, given["rank"])


def _times(a: Term, b: Term) -> Term:
    return "0" if "0" in (a, b) else b if a == "1" else a if b == "1" else f"(* {a} {b})"
