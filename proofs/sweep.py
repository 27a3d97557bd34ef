"""Weights that deviate within a layer and give the same there: what is shown equal is taken as the fresh compile's, and so on.

A plan of the same shape is executed beside a fresh compile. A row (a hidden unit; a component of a query, key or value) whose
form differs, but whose value is the same wherever both are run, is a *cut*: that it is the same at every position of a
well-formed sequence is an obligation, and from there on the fresh compile's form stands for it. So it is with what a head of
other scores or values reads, where it reads the same: what wins by the fresh scores has, fresh, the value that what wins by
the plan's has there. What is run only chooses the cuts; a wrong choice is a cut that is not proved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import NamedTuple

import numpy as np

from efasp.exact import Matrix
from efasp.sorts import Number
from model.compile import compile_machine
from model.plan import Head, Layer, Plan
from proofs import replay
from proofs.harmless import Harm
from proofs.obligation import Machine, Obligation, Verdict, undecided
from proofs.screen import Screen
from proofs.smt import Script, Term, eq, implies, ite, land, le, linear, num, plus
from proofs.stream import NOTHING, Executed, Form, Reader, Scored, mapped, total

RUN = 4  # states that choose the cuts


Sides = tuple[list[Form], list[Form], list[Form]]


class Cut(NamedTuple):
    """Two forms that are to have one value at every position."""

    layer: int
    where: str
    got: Form
    wanted: Form


class Rival(NamedTuple):
    """A head that is to read the same as the fresh compile's: queries, keys and values of both."""

    layer: int
    where: str
    got: Sides
    wanted: Sides


class TooManyCases(RuntimeError):
    """A score that has too many cases to be written down."""


@dataclass
class Swept:
    """A plan executed beside a fresh compile, with cuts. ``left``: layers that deviate in what is no cut."""

    executed: Executed
    cuts: list[Cut] = field(default_factory=list)
    rivals: list[Rival] = field(default_factory=list)
    left: set[int] = field(default_factory=set)


class Alike:
    """What a plan and a fresh compile have in common where both are run: rows by layer, part and number."""

    def __init__(self, plan: Plan, fresh: Plan, machine: Machine) -> None:
        self.screens = Screen(plan), Screen(fresh)
        self._differ: set[tuple[int, str, int]] = set()
        for case in islice(replay.states(machine.word, machine.extension), RUN):
            for one in replay.passes(self.screens[1], machine, case):
                self._compare(one.sequence.tokens, one.sequence.places)

    def _compare(self, tokens: np.ndarray, places: np.ndarray) -> None:
        a, b = (screen.trace(tokens, places) for screen in self.screens)
        for number, (mine, theirs) in enumerate(zip(self.screens[0].layers, self.screens[1].layers, strict=True), 1):
            before, middle = 2 * number - 2, 2 * number - 1
            for index, (head, other) in enumerate(zip(mine[0], theirs[0], strict=True)):
                pairs = zip("qkv", head.sides(a.streams[before]), other.sides(b.streams[before]), strict=True)
                for side, x, y in pairs:
                    self._note(number, f"head {index} {side}", x, y)
                self._note(number, f"head {index}", a.read[number - 1][index], b.read[number - 1][index])
            self._note(number, "up", mine[1].hidden(a.streams[middle]), theirs[1].hidden(b.streams[middle]))

    def _note(self, number: int, part: str, x: np.ndarray, y: np.ndarray) -> None:
        self._differ |= {(number, part, int(row)) for row in np.flatnonzero((x != y).any(axis=0))}

    def same(self, number: int, part: str, row: int) -> bool:
        """Whether a row has the same value wherever both are run."""
        return (number, part, row) not in self._differ


class Sweep:
    """Executes a plan beside a fresh compile of the same shape, over one stream."""

    def __init__(self, reader: Reader, plan: Plan, machine: Machine) -> None:
        self.reader, self.stream, self.plan = reader, reader.stream, plan
        self.fresh = compile_machine(machine.word, machine.engine, machine.extension)
        self.alike = Alike(plan, self.fresh, machine)
        self.found = Swept(Executed([], [], [], [], []))
        self.run()

    def run(self) -> None:
        """Layer by layer. Raises TooManyTerms."""
        h, g = self.reader.embedded(self.plan), self.reader.embedded(self.fresh)
        executed = self.found.executed
        executed.residual.append(h)
        for number, (layer, fresh) in enumerate(zip(self.plan.layers, self.fresh.layers, strict=True), 1):
            updates: tuple[Updates, Updates] = ([], [])
            executed.heads.append([])
            for index, (head, other) in enumerate(zip(layer.heads, fresh.heads, strict=True)):
                read, wanted = self._heads(number, index, head, other, h, g)
                updates[0].append((head.o, read))
                updates[1].append((other.o, wanted))
            h, g = added(h, updates[0]), added(g, updates[1])
            executed.residual.append(h)
            units, wanted = self._units(number, layer, fresh, h, g)
            h, g = added(h, [(layer.down, units)]), added(g, [(fresh.down, wanted)])
            executed.residual.append(h)
        executed.outputs.extend(self.reader.read_out(self.plan, h))

    def _cut(self, number: int, part: str, got: list[Form], wanted: list[Form]) -> list[Form]:
        """Forms, those that are the same wherever they are run now the fresh compile's."""
        out = []
        for row, (a, b) in enumerate(zip(got, wanted, strict=True)):
            if a != b and self.alike.same(number, part, row):
                self.found.cuts.append(Cut(number, f"{part}, row {row}", a, b))
                a = b
            out.append(a)
        return out

    def _heads(
        self, number: int, index: int, head: Head, other: Head, h: list[Form], g: list[Form]
    ) -> tuple[list[Form], list[Form]]:
        """What a head reads, and the fresh compile's."""
        size, where = len(head.q.rows), f"head {index}"
        fresh: Sides = (padded(other.q, g, size), padded(other.k, g, size), padded(other.v, g, size))
        q, k, v = (padded(matrix, h, size) for matrix in (head.q, head.k, head.v))
        cut = partial(self._cut, number)
        sides = cut(f"{where} q", q, fresh[0]), cut(f"{where} k", k, fresh[1]), cut(f"{where} v", v, fresh[2])
        score, factor, old = self._read(*fresh)
        if sides != fresh and not all(self.alike.same(number, where, row) for row in range(size)):
            self.found.left.add(number)
            score, factor, read = self._read(*sides)
        else:
            read = old
            if sides != fresh:
                self.found.rivals.append(Rival(number, where, sides, fresh))
        self.found.executed.heads[-1].append(Scored(*sides, score, factor))
        return read, old

    def _read(self, q: list[Form], k: list[Form], v: list[Form]) -> tuple[int, Number, list[Form]]:
        if all(form == Form(NOTHING) for form in v):
            return -1, 1, v
        score, factor = self.stream.score(zip(q, k, strict=True))
        return score, factor, [self.stream.mean(score, form) for form in v]

    def _units(self, number: int, layer: Layer, fresh: Layer, h: list[Form], g: list[Form]) -> tuple[list[Form], list[Form]]:
        """Hidden units, and the fresh compile's."""
        relu = self.stream.relu
        mine, theirs = (
            [relu(total([(c, x[i]) for i, c in row], b)) for row, b in zip(some.up.rows, some.bias, strict=True)]
            for some, x in ((layer, h), (fresh, g))
        )
        units = self._cut(number, "up", mine, theirs)
        if units != theirs:
            self.found.left.add(number)
        return units, theirs


def padded(matrix: Matrix, h: list[Form], size: int) -> list[Form]:
    """The rows of a matrix on forms, and nothing up to a size."""
    rows = mapped(matrix, h)
    return rows + [Form(NOTHING)] * (size - len(rows))


Updates = list[tuple[Matrix, list[Form]]]


def added(h: list[Form], updates: Updates) -> list[Form]:
    """The stream with what matrices make of forms."""
    sums: list[list[tuple[Number, Form]]] = [[(1, form)] for form in h]
    for matrix, forms in updates:
        for coordinate, row in enumerate(matrix.rows):
            sums[coordinate] += [(c, forms[i]) for i, c in row]
    return [total(parts) if len(parts) > 1 else parts[0][1] for parts in sums]


# The obligations.


def rows_alike(reader: Reader, swept: Swept, machine: Machine, number: int, scope: str) -> Obligation:
    """That the cuts of a layer are the same at every position."""
    cuts = [cut for cut in swept.cuts if cut.layer == number]
    script = Script("QF_LRA")
    at = Harm(reader, machine, script, forms=[form for cut in cuts for form in (cut.got, cut.wanted)])
    goal = land(*(eq(at.term(cut.got), at.term(cut.wanted)) for cut in cuts))
    params = {**machine.params, "layer": number, "of": "rows"}
    note = "; ".join(cut.where for cut in cuts)
    return script.obligation("lowering.layer", machine.claim, params, scope, machine.n, goal, note, undecided)


def reads_alike(reader: Reader, rival: Rival, machine: Machine, scope: str) -> Obligation:
    """Of three positions and the sink: what wins by the plan's scores has the value that what wins by the fresh ones had.

    i is the query, j wins by the fresh scores, k by the plan's. All that win by the fresh ones hold one value, and where it is
    not 0 there is one winner (lemma numerics.ties). So k must be one of them, with its fresh value, or both read 0: then this
    lemma holds of the plan's scores too.
    """
    script = Script("QF_LRA")
    (q, k, v), (q_old, k_old, v_old) = rival.got, rival.wanted
    params = {**machine.params, "layer": rival.layer, "of": rival.where}
    i = Harm(reader, machine, script, "i", [*q, *q_old])
    j, other, sink = (Harm(reader, machine, script, prefix, [*k, *k_old, *v, *v_old]) for prefix in "jks")
    script.suppose(eq(sink.flag("te", "bos"), "1"), "the sink")
    try:
        scores = {
            (which, at.prefix): score(script, f"{which}.{at.prefix}", i, at, *pair)
            for which, pair in (("old", (q_old, k_old)), ("new", (q, k)))
            for at in (j, other, sink)
        }
    except TooManyCases as error:
        verdict = Verdict("unknown", str(error))
        return Obligation("lowering.layer", machine.claim, params, scope, machine.n, "exact", str(rival), lambda: verdict)
    best = [le(scores["old", "k"], scores["old", "j"]), le(scores["old", "s"], scores["old", "j"])]
    best += [le(scores["new", "j"], scores["new", "k"]), le(scores["new", "s"], scores["new", "k"])]
    still = land(*(eq(other.term(a), other.term(b)) for a, b in zip(v, v_old, strict=True)))
    nothing = land(*(land(eq(other.term(a), "0"), eq(j.term(b), "0")) for a, b in zip(v, v_old, strict=True)))
    goal = implies(*best, ite(eq(scores["old", "j"], scores["old", "k"]), still, nothing))
    return script.obligation("lowering.layer", machine.claim, params, scope, machine.n, goal, replay=undecided)


def score(script: Script, name: str, i: Harm, j: Harm, queries: Sequence[Form], keys: Sequence[Form]) -> Term:
    """A score; for every component a case for each value that the query, or the key, may have. Raises TooManyCases."""
    parts = [_product(i, j, q, k) for q, k in zip(queries, keys, strict=True)]
    return script.define(name, plus(*(part for part in parts if part != "0")), "Real")


def _product(i: Harm, j: Harm, q: Form, k: Form) -> Term:
    if not q.terms:
        return linear([(Fraction(q.constant), j.term(k))]) if q.constant else "0"
    if not k.terms:
        return linear([(Fraction(k.constant), i.term(q))]) if k.constant else "0"
    values, case, other = i.values(q), i.term(q), j.term(k)
    if values is None:
        values, case, other = j.values(k), other, case
    if values is None:
        raise TooManyCases("a query and a key of more values than are told apart")
    term = linear([(values[-1], other)])
    for value in values[:-1]:
        term = ite(eq(case, num(value)), linear([(value, other)]), term)
    return term
