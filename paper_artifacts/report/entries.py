"""Where a construction stands in the weights: the rows of the compiled matrices that make it, read off the plan itself.

The plan is executed on symbols (``proofs.symbolic.residual_stream``, as for the lemmas ``lowering.*``), so that a definition
can be written as a combination of the updates that units and heads of the plan add to the residual stream.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from efasp.affine_forms import Form, divided
from efasp.model.compile import STEPS, compile_machine
from efasp.model.plan import Plan
from efasp.proofs.lemmas.lowering import read
from efasp.proofs.obligation import Machine
from efasp.sorts import Number, tidy
from efasp.syntax import Node, Row, walk

MOST = 12  # units and heads that are listed
MACHINES = (("mdm", ""), ("apmdm", ""), ("mdm", "M"), ("apmdm", "M"))  # in this order a construction is looked for


class Made(NamedTuple):
    """The update of the stream by a unit, a head's value or a coordinate of an embedding, and the rows of the matrices."""

    name: str
    form: Form
    rows: str


@cache
def _made(word: int, engine: str, extension: str) -> tuple[dict[Node, list[Form]], dict[int, list[Made]]]:
    """The forms of a program's nodes over atoms; and for every atom all of the plan that has it, in order."""
    plan = compile_machine(word, engine, extension)
    analysed, executed, _ = read(Machine(word, engine, extension, (1, 1 << word)), plan)
    reader = analysed.copy()
    stream, found = reader.stream, list[Made]()
    for side, book in stream.books.items():
        for field, slot in book.slots.items():
            for at, coordinate in enumerate(slot):
                name = f"{side}.{field}" + (f"[{at}]" if len(slot) > 1 else "")
                found.append(Made(name, stream.code(side, coordinate), ""))
    for level, layer in enumerate(plan.layers, 1):
        before, between = _coordinates(plan, 2 * level - 2), _coordinates(plan, 2 * level - 1)
        for index, (head, scored) in enumerate(zip(layer.heads, executed.heads[level - 1], strict=True)):
            for i, value in enumerate(scored.v if scored.score >= 0 else []):
                name, out = f"layer {level} head {index} value {i}", _column(head.o.rows, i, "o")
                rows = f"{name}: v[{i}] = {_row(head.v.rows[i], before)}; {out}; scored by {len(head.q.rows)} rows of q and k"
                found.append(Made(name, stream.mean(scored.score, value), rows))
        units = reader._units(layer, executed.residual[2 * level - 1])
        for index, (unit, bias) in enumerate(zip(units, layer.bias, strict=True)):
            name, down = f"layer {level} unit {index}", _column(layer.down.rows, index, "down")
            found.append(Made(name, unit, f"{name}: up[{index}] = {_row(layer.up.rows[index], between)}, bias {bias}; {down}"))
    by_atom: dict[int, list[Made]] = {}
    for made in found:
        for atom in made.form.terms:
            by_atom.setdefault(atom, []).append(made)
    return reader.of, by_atom


def explained(form: Form, by_atom: dict[int, list[Made]]) -> tuple[list[tuple[Number, Made]], Number] | None:
    """A form as a combination of the plan's updates, the largest parts first, and the remaining constant.

    None where a part of it is in the plan only inside other sums.
    """
    left, constant, parts = dict(form.terms), form.constant, list[tuple[Number, Made]]()
    while left:
        atom, c = next(iter(left.items()))
        some = by_atom.get(atom, [])
        fits = [m for m in some if all(left.get(a, 0) * m.form.terms[atom] == c * f for a, f in m.form.terms.items())]
        if not fits:
            return None
        made = max(fits, key=lambda m: len(m.form.terms))
        factor = divided(c, made.form.terms[atom])
        parts.append((factor, made))
        constant -= factor * made.form.constant
        left = {a: c for a, c in left.items() if a not in made.form.terms}
    return parts, tidy(constant)


def _column(rows: Sequence[Row], column: int, name: str) -> str:
    return ", ".join(f"{name}[{at}, {column}] = {c}" for at, row in enumerate(rows) for j, c in row if j == column)


def _coordinates(plan: Plan, sublayer: int) -> dict[int, str]:
    return {r.coordinate: f"{r.name} ({r.coordinate})" for r in plan.residents if r.born <= sublayer < r.last}


def _row(row: Row, coordinates: dict[int, str]) -> str:
    return " ".join(f"{_signed(c)} {coordinates.get(i, i)}" for i, c in row) or "0"


def _signed(value: Number) -> str:
    return f"+{value}" if value > 0 else str(value)


def found(kind: str, name: str, word: int) -> tuple[str, str, Node] | None:
    """Engine, extension and node of a definition, or of an operator's first use, in the step; None where it is in none."""
    for engine, extension in MACHINES:
        program = STEPS[engine](word, extension)
        if kind == "definition" and name in program.definitions:
            return engine, extension, program.definitions[name]
        if kind == "operator":
            uses = [node for node in walk(program.output) if node.origin and node.origin[0] == name]
            if uses:  # the last node of the first use is its result
                return engine, extension, [node for node in uses if node.origin == uses[0].origin][-1]
    return None


def entries(kind: str, name: str, word: int) -> list[str]:
    """The matrix entries of a definition or an operator, in words; none where the step does not use it."""
    where = found(kind, name, word)
    if where is None:
        return []
    engine, extension, node = where
    of, by_atom = _made(word, engine, extension)
    lines, rows = [], dict[str, None]()
    for place, form in enumerate(of[node]):
        said = explained(form, by_atom)
        if said is None:
            continue
        parts, constant = said
        rows |= {made.rows: None for _, made in parts if made.rows}
        terms = [f"{_signed(factor)} [{made.name}]" for factor, made in parts]
        terms += [_signed(constant)] if constant or not terms else []
        lines.append(f"{name}{f'[{place}]' if node.width > 1 else ''} = {' '.join(terms)}")
    shown = [*lines[:MOST], *([f"... {len(lines)} coordinates in all"] if len(lines) > MOST else [])]
    shown += [*list(rows)[:MOST], *([f"... {len(rows)} units and heads in all"] if len(rows) > MOST else [])]
    if not lines:
        return []
    title = f"{engine}{' with M' if extension else ''}, w = {word}; (i): coordinate i of the residual stream"
    return [title, *shown]
