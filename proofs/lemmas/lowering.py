"""Family lowering (claims T1, T4): the layers compute the E-FASP program, on every sequence of every length.

The plan's matrices are executed on symbols, sublayer by sublayer, and so are the program's nodes
(``proofs.symbolic.residual_stream``): every row that a layer adds must consist of the program's own units and lookups, and the
read-out's forms, their composition, must be the program's. Every coordinate of the residual stream is followed, also after its
last use, so that no verdict rests on the liveness analysis of the compiler.

A plan that deviates (a weights file's may) is run on machine states (``proofs.concrete.machine_states``): the first one on
which it is wrong is the countermodel. If it is right on all of them, it is executed next to a fresh compile
(``proofs.equivalence.sat_sweeping``), and a solver decides whether the rows that differ are equal on well-formed sequences, and
whether the read-out is observationally equivalent (``proofs.equivalence.readout``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property, lru_cache
from math import inf
from time import monotonic
from typing import Any

import numpy as np

from efasp.affine_forms import Form
from efasp.codebook import Codebook
from efasp.model.plan import Layer, Plan
from efasp.proofs.concrete import late_times, machine_states
from efasp.proofs.equivalence import readout, relational, sat_sweeping, targeted
from efasp.proofs.equivalence.assumptions import describe
from efasp.proofs.equivalence.sat_sweeping import Swept
from efasp.proofs.obligation import Allowance, Batch, Machine, Obligation, Regime, Searched, Verdict, lemma
from efasp.proofs.smtlib import Script, eq, implies, land, le, lt, minus, plus, relu
from efasp.proofs.symbolic.residual_atoms import TooManyTerms
from efasp.proofs.symbolic.residual_stream import Executed, Reader
from efasp.sorts import Number

STATES = "exact forward pass on machine states"
DENSE = 8  # a plan with so many times the weights of a fresh compile is not executed on symbols
FEW = 8  # differing weights that a countermodel lists
FIRST = 8  # machine states that are run before any others
# Weights times states that are run on a plan that deviates, while its obligations are made: all states up to w = 16, 14 at
# w = 64. It is a count, not a time, since what is run decides which obligations there are.
WORK = 5_000_000


@lemma
def identities(regime: Regime) -> Iterator[Batch]:
    """The identities that normal forms rest on, for all rationals."""
    yield Batch(("lowering.identities",), {}, lambda: rules(regime))


def rules(regime: Regime) -> Iterator[Obligation]:
    """The obligations of ``identities``."""
    for rule, (logic, names, hypothesis, goal) in RULES.items():
        script = Script(logic)
        for name in names:
            script.declare(name, "Real")
        if hypothesis:
            script.definition(hypothesis)
        yield script.obligation("lowering.identities", "T1", {"rule": rule}, "all n", regime.all_n, goal)


def _times(a: str, b: str) -> str:
    return f"(* {a} {b})"


# For each: the logic, its variables, the assumptions, and the conclusion.
RULES: dict[str, tuple[str, str, str, str]] = {
    "relu of a positive multiple": ("QF_NRA", "fs", lt("0", "s"), eq(relu(_times("s", "f")), _times("s", relu("f")))),
    "relu of the negative": ("QF_LRA", "f", "", eq(relu("(- f)"), minus(relu("f"), "f"))),
    "relu of a known sign": (
        "QF_LRA", "f", "", land(implies(le("0", "f"), eq(relu("f"), "f")), implies(le("f", "0"), eq(relu("f"), "0"))),
    ),
    # Scores b, c of two keys; t depends on the query alone. The order decides which keys are maximal.
    "order of scaled and shifted scores": (
        "QF_NRA", "bcst", lt("0", "s"),
        eq(lt(plus(_times("s", "b"), "t"), plus(_times("s", "c"), "t")), lt("b", "c")),
    ),
    # U, V, W: sums over the winners so far of u, v and u + s v, with the next winner's values; m: how many they are.
    "mean of a sum, one winner more": (
        "QF_NRA", "UVWuvs", eq("W", plus("U", _times("s", "V"))),
        eq(plus("W", "u", _times("s", "v")), plus("U", "u", _times("s", plus("V", "v")))),
    ),
    "mean of a sum, divided": (
        "QF_NRA", "UVWsmpqr",
        land(eq("W", plus("U", _times("s", "V"))), lt("0", "m"), *(
            eq(_times("m", mean), sum_) for mean, sum_ in (("p", "U"), ("q", "V"), ("r", "W"))
        )),
        eq("r", plus("p", _times("s", "q"))),
    ),
    "mean of a constant": ("QF_NRA", "mcr", land(lt("0", "m"), eq(_times("m", "r"), _times("m", "c"))), eq("r", "c")),
}  # fmt: skip


@lemma
def lowered(regime: Regime) -> Iterator[Batch]:
    """Each layer adds nothing but units and lookups of the program, and the whole stack's read-out is the program's."""
    for machine in regime.transformers():
        yield Batch(("lowering.layer", "lowering.stack"), machine.params, lambda m=machine: compared(regime, m))  # type: ignore[misc]


def compared(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligations of ``lowered`` for one machine."""
    yield from Comparison(machine, regime.plan(machine), regime.n_max).obligations()


@lru_cache(maxsize=1)
def read(machine: Machine, plan: Plan) -> tuple[Reader, Executed, str]:
    """The machine's program and, over its atoms, the plan: executed on symbols, or why it was not. The stream is complete.

    Batches of two families need it: it is cached by the machine and the plan, and frozen, so that it affects only time.
    """
    reader = read_program(machine)
    try:
        if plan is not (fresh := machine.fresh):
            count, usual = len(numbers(plan)), len(numbers(fresh))
            if count > DENSE * usual:  # after many minutes its forms would outgrow the limit
                raise TooManyTerms(f"{count} weights are not 0, in a fresh compile {usual}: too many terms")
        executed, excess = reader.execute(plan), ""
    except TooManyTerms as error:
        executed, excess = Executed(list(reader.outputs), [], [], [], []), str(error)
    reader.stream.complete()
    return reader, executed, excess


def read_program(machine: Machine) -> Reader:
    """The machine's program over a stream of its own."""
    return Reader(machine.step)


@lru_cache(maxsize=1)
def swept(machine: Machine, plan: Plan) -> Swept | None:
    """The plan executed next to a fresh compile, if it has that one's shape, over a stream of their own, which is complete.

    Cached as ``read`` is.
    """
    if plan.shape != machine.fresh.shape:
        return None
    try:
        return sat_sweeping.Sweep(read_program(machine), plan, machine).found
    except TooManyTerms:
        return None


class Comparison:
    """A plan, and the program that it should compute."""

    def __init__(self, machine: Machine, plan: Plan, n_max: int) -> None:
        self.machine, self.plan = machine, plan
        self.scope = f"n <= {n_max}, given the sorts"
        self.reader, executed, self.excess = read(machine, plan)
        self.outputs, self.deviations, self.soft = executed[:3]
        books = (plan.vocabulary, plan.places)
        self.coded = books == tuple(self.reader.stream.books.values()) and all(map(_has_one, books))
        self.equal = not self.excess and self.coded and self.outputs == self.reader.outputs
        self._searched: Searched | None = None
        self._aimed: Searched | None = None

    @cached_property
    def case(self) -> dict[str, Any] | None:
        """A machine state on which the plan is wrong, with the place in the plan that deviates first; None if none is found.

        How many are tried depends on the number of weights alone (``WORK``); those on which units are active that the program
        lacks come after the first.
        """
        count = max(1, WORK // max(1, len(numbers(self.plan))))
        failure = self._failing(cases=min(FIRST, count)) or self._targeted(min(targeted.CASES, count))
        return failure or self._failing(cases=count, begin=min(FIRST, count))

    def _failing(self, cases: int | None = None, seconds: float = inf, begin: int = 0) -> dict[str, Any] | None:
        return self._located(machine_states.first_failure(self.plan, self.machine, cases, seconds, begin))

    def _located(self, failure: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if failure is None else {**failure, "deviates": self.places(), "weights": self.weights()}

    def search(self, allowance: Allowance) -> Searched:
        """The search, within an allowance, for a machine state on which the plan is wrong, where forms grow too large to
        compare; it is made once for all obligations."""
        if self._searched is None:
            nothing = "it is right on the machine states that were tried"
            self._searched = Searched(self._failing(seconds=allowance.left), STATES, nothing)
        return self._searched

    def aimed(self, allowance: Allowance) -> Searched:
        """Late times in a log, and states on which units are active that the program lacks, tried once for all obligations that
        no solver decides."""
        if self._aimed is None:
            end, log = monotonic() + allowance.left, self.machine.engine == "mdm"
            if log and (case := late_times.first_failure(self.plan, self.machine, allowance.left)) is not None:
                self._aimed = Searched(self._located(case), late_times.METHOD)
            else:
                nothing = "it is right on the states at which its own units are active that were tried"
                self._aimed = Searched(self._targeted(seconds=end - monotonic()), STATES, nothing)
        return self._aimed

    def _targeted(self, count: int | None = None, seconds: float = inf) -> dict[str, Any] | None:
        atoms = [] if self.excess else [d.atom for d in self.deviations if d.matrix == "up"]
        return self._located(targeted.first_failure(self.reader, atoms, self.plan, self.machine, count, seconds))

    def places(self) -> list[str]:
        """The first deviations: units and heads of the first layer that has any, or rows of the read-out."""
        if self.excess:
            return [self.excess]
        first = [d for d in self.deviations if d.layer == self.deviations[0].layer]
        lines = [f"layer {d.layer}, {d.matrix}, row {d.row}: {describe(self.reader.stream, d.atom)}" for d in first[:4]]
        rows = [i for i, (a, b) in enumerate(zip(self.outputs, self.reader.outputs, strict=True)) if a != b]
        return lines or [f"read-out, row {row}" for row in rows[:4]]

    def weights(self) -> list[str]:
        """The numbers in which the plan is not the fresh compile, if it has the same shape and they are few."""
        fresh = numbers(self.machine.fresh)
        mine = numbers(self.plan)
        differing = [key for key in sorted(fresh.keys() | mine.keys()) if fresh.get(key, 0) != mine.get(key, 0)]
        if len(differing) > FEW:
            return []
        return [
            f"{where}[{row}, {column}]: {fresh.get(key, 0)} in a fresh compile, {mine.get(key, 0)} here"
            for key in differing
            for where, row, column in [key]
        ]

    def obligations(self) -> Iterator[Obligation]:
        """One a layer, then one for the stack; of a plan that deviates and that no state refutes, those of the sweep."""
        layers = [f"{digest(layer)} {len(self.reader.stream.atoms)}" for layer in self.plan.layers]
        whole = " ".join(digest(part) for part in (self.plan.token, self.plan.place, *self.plan.layers, self.plan.out))
        apart = self.equal or self.excess or not self.coded or self.case is not None
        other = None if apart else swept(self.machine, self.plan)
        if other is not None:
            yield from (replace(made, search=self.aimed) for made in self._sweeping(other, layers, whole))
            return
        deviating = {d.layer for d in self.deviations}
        for number, content in enumerate(layers, 1):
            params = {**self.machine.params, "layer": number}
            if self.equal or (number not in deviating and not self.excess):
                yield self._exact("lowering.layer", params, content, self._scaled(number))
            else:
                yield self._unequal("lowering.layer", params, content, self.outputs)
        if self.equal:
            yield self._exact("lowering.stack", self.machine.params, whole, self._proved())
        else:
            yield self._unequal("lowering.stack", self.machine.params, whole, self.outputs)

    def _sweeping(self, found: Swept, layers: list[str], whole: str) -> Iterator[Obligation]:
        """The equal rows and heads of each layer, and the observational equivalence of the read-out."""
        scope = f"{self.scope}, well-formed sequences"
        for number, content in enumerate(layers, 1):
            head_pairs = [head_pair for head_pair in found.head_pairs if head_pair.layer == number]
            rows = [
                relational.rows_alike(found.reader, found.cuts, self.machine, number, scope, group)
                for group in relational.NAMED
            ]
            yield from filter(None, rows)
            for head_pair in head_pairs:
                yield relational.reads_alike(found.reader, head_pair, self.machine, scope)
            if number not in found.left and not head_pairs and not any(rows):
                yield self._exact("lowering.layer", {**self.machine.params, "layer": number}, content, self._scaled(number))
        if all(outputs == found.reader.outputs for _, outputs in found.outputs):
            yield self._exact("lowering.stack", self.machine.params, whole, self._proved())
            return
        for group, outputs in found.outputs:
            if group is False and self.machine.engine == "mdm":
                continue  # nothing is read out there
            params = {**self.machine.params, **({} if group is None else {"of": relational.NAMED[group]})}
            yield readout.obligation(found.reader, outputs, self.machine, "lowering.stack", params, scope, group)

    def _proved(self) -> Verdict:
        stream = self.reader.stream
        return Verdict("proved", f"normal form: {self.reader.own_atoms - 1} atoms, {stream.promises} signs by sorts")

    def _scaled(self, number: int) -> Verdict:
        """Proved, unless a head's scores are so much smaller than the program's that softmax may not tell them apart."""
        for layer, head, factor in self.soft:
            if layer == number:
                return Verdict("unknown", f"head {head}: scores are {factor} of the program's, too near for softmax")
        return self._proved()

    def _exact(self, name: str, params: dict[str, Any], content: str, verdict: Verdict) -> Obligation:
        machine = self.machine
        return Obligation(name, machine.claim, params, self.scope, machine.n, "exact", content, lambda: verdict)

    def _unequal(self, name: str, params: dict[str, Any], content: str, outputs: list[Form]) -> Obligation:
        """The obligation about forms that are not equal: refuted by a case, else for a solver."""
        if self.excess:
            return replace(self._exact(name, params, content, Verdict("unknown", self.excess)), search=self.search)
        if self.case is not None:
            return self._exact(name, params, content, Verdict("refuted", STATES, self.case))
        made = readout.obligation(self.reader, outputs, self.machine, name, params, f"{self.scope}, well-formed sequences")
        return replace(made, search=self.aimed)


def numbers(plan: Plan) -> dict[tuple[str, int, int], Number]:
    """Every number of a plan that is not 0, by matrix, row and column."""
    matrices = {"token": plan.token, "place": plan.place, "out": plan.out}
    vectors = {"out bias": plan.out_bias}
    for number, layer in enumerate(plan.layers, 1):
        matrices |= {f"layer {number} up": layer.up, f"layer {number} down": layer.down}
        vectors[f"layer {number} bias"] = layer.bias
        for h, head in enumerate(layer.heads):
            matrices |= {f"layer {number} head {h} {name}": getattr(head, name) for name in "qkvo"}
    entries = {(name, i, j): c for name, matrix in matrices.items() for i, row in enumerate(matrix.rows) for j, c in row}
    return entries | {(name, i, 0): c for name, vector in vectors.items() for i, c in enumerate(vector) if c}


def _has_one(book: Codebook) -> bool:
    """Whether the coordinate ``one`` of a code is 1, for every kind."""
    rows = np.zeros((len(book.kinds), 1 + len(book.payloads)), dtype=np.int64)
    rows[:, 0] = np.arange(len(rows))
    return bool((book.codes(rows)[:, book.slots["one"].start] == 1).all())


@lru_cache(maxsize=16)
def digest(part: Any) -> str:
    """A name for matrices: SHA-256 of their rows, shortened."""
    if isinstance(part, Layer):
        heads = [(h.q.rows, h.k.rows, h.v.rows, h.o.rows) for h in part.heads]
        return hashlib.sha256(repr((heads, part.up.rows, part.bias, part.down.rows)).encode()).hexdigest()[:16]
    return hashlib.sha256(repr(part.rows).encode()).hexdigest()[:16]
