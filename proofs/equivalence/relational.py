"""Relational obligations about a plan and a fresh compile: equal rows, heads that read the same, winners of other heads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import chain
from typing import NamedTuple

from efasp.affine_forms import Form
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.equivalence.program_values import absent
from efasp.proofs.equivalence.pruning import falsified
from efasp.proofs.equivalence.symbolic_position import SymbolicPosition
from efasp.proofs.obligation import Assignment, Machine, Obligation, Verdict, undecided
from efasp.proofs.smtlib import Script, Term, clause, eq, implies, ite, land, le, linear, lnot, lor, lt, num, plus
from efasp.proofs.symbolic.residual_atoms import Winning
from efasp.proofs.symbolic.residual_stream import Reader

GROUPS = (True, False)  # positions whose read-out counts, and the others
Replay = Callable[[Assignment], Report | None]
Forms = list[Form]
Both = tuple[Forms, Forms]  # by group
Group = bool | None  # None: all positions
NAMED: dict[Group, str] = {None: "", True: "read out", False: "others"}


def named(part: str, group: Group) -> str:
    """A part of a plan at the positions of a group, in words."""
    return ", ".join(filter(None, (part, NAMED[group])))


class Cut(NamedTuple):
    """Two forms that are to have one value at every position of a group."""

    layer: int
    group: Group
    part: str
    row: int
    got: Form
    wanted: Form

    def __hash__(self) -> int:
        return hash((self.layer, self.group, self.part, self.row))


class HeadPair(NamedTuple):
    """A head that is to read the same as the fresh compile's at the positions of a group: queries, keys and values of both."""

    layer: int
    group: Group
    where: str
    got: tuple[Forms, Both, Both]
    wanted: tuple[Forms, Forms, Forms]
    score: int  # the fresh compile's
    new: int = -1  # the plan's, where that is another


class TooManyCases(RuntimeError):
    """A score that has too many cases to be written down."""


def rows_alike(
    reader: Reader, every: Sequence[Cut], machine: Machine, number: int, scope: str, group: Group = None
) -> Obligation | None:
    """That the cuts of a layer are the same at every position of a group; None where there are none."""
    cuts = [cut for cut in every if (cut.layer, cut.group) == (number, group)]
    if not cuts:
        return None
    script, goals = compared(reader, machine, cuts, group)
    params = {**machine.params, "layer": number, "of": named("rows", group)}
    note = "; ".join(f"{cut.part}, row {cut.row}" for cut in cuts)
    return script.obligation("lowering.layer", machine.claim, params, scope, machine.n, land(*goals), note, undecided)


def compared(reader: Reader, machine: Machine, cuts: Sequence[Cut], group: Group) -> tuple[Script, list[Term]]:
    """A script about a position of a group, and the goal of each cut: that it is the same there."""
    script = Script("QF_LRA")
    at = SymbolicPosition(reader, machine, script, forms=[form for cut in cuts for form in (cut.got, cut.wanted)], group=group)
    return script, [eq(at.term(cut.got), at.term(cut.wanted)) for cut in cuts]


def refuted(reader: Reader, machine: Machine, cuts: Sequence[Cut], group: Group) -> list[Cut]:
    """The cuts of a group that a solver has a countermodel against, or does not decide."""
    left = [cut for cut in cuts if cut.group == group]
    if not left:
        return []
    script, goals = compared(reader, machine, left, group)
    return [left[number] for number in falsified(script, goals)]


class ScoreComparison:
    """A script of a query i, two positions j and k, and the sink s. ``excess``: why a score could not be written down.

    ``asked``: further forms at i of which the goal speaks.
    """

    def __init__(
        self, reader: Reader, head_pair: HeadPair, machine: Machine, name: str, scope: str, asked: Sequence[Form] = ()
    ) -> None:
        self.script, self.machine, self.name, self.scope = Script("QF_LRA"), machine, name, scope
        self.head_pair, self.excess = head_pair, ""
        (q, k, v), (q_old, k_old, v_old) = head_pair.got, self.fresh
        self.i = SymbolicPosition(reader, machine, self.script, "i", [*q, *q_old, *asked], head_pair.group)
        forms = [*k_old, *v_old, *chain(*k, *v)]
        self.j, self.k, self.s = (SymbolicPosition(reader, machine, self.script, prefix, forms) for prefix in "jks")
        self.script.definition(eq(self.s.flag("te", "bos"), "1"), "the sink")
        try:
            self.score()
        except TooManyCases as error:
            self.excess = f"{head_pair.where}: {error}"

    @property
    def fresh(self) -> tuple[Forms, Forms, Forms]:
        """Queries, keys and values of the fresh compile, where these take part."""
        return [], [], []

    def score(self) -> None:
        """Write the scores down. Raises TooManyCases."""
        query, k, _ = self.head_pair.got
        self.new = self.scores("new", query, (k[0], k[1]))

    def scores(self, which: str, queries: Forms, keys: Both) -> dict[str, Term]:
        """The scores of j, k and s, by name. Raises TooManyCases."""
        return {
            at.prefix: score(self.script, f"{which}.{at.prefix}", self.i, at, queries, keys) for at in (self.j, self.k, self.s)
        }

    def obligation(self, goal: Callable[[], Term], replay: Replay = undecided) -> Obligation:
        """The obligation that the goal holds; unknown where a score could not be written down."""
        m, where = self.machine, named(self.head_pair.where, self.head_pair.group)
        params = {**m.params, "layer": self.head_pair.layer, "of": where}
        if self.excess:
            verdict = Verdict("unknown", self.excess)
            return Obligation(self.name, m.claim, params, self.scope, m.n, "exact", self.excess, lambda: verdict)
        return self.script.obligation(self.name, m.claim, params, self.scope, m.n, goal(), replay=replay)


class TwoCopyComparison(ScoreComparison):
    """A comparison by both scores; j wins by the fresh ones."""

    @property
    def fresh(self) -> tuple[Forms, Forms, Forms]:
        return self.head_pair.wanted

    def score(self) -> None:
        q, k, _ = self.fresh
        self.old = self.scores("old", q, (k, k))
        super().score()
        self.script.definition(land(le(self.old["k"], self.old["j"]), le(self.old["s"], self.old["j"])), "the fresh winner")
        for condition in self.i.finds(self.head_pair.score):
            self.script.sort(implies(condition, below(self.old["s"], self.old["j"])), "value", "simulation.counter")


def below(a: Term, b: Term, by: Term = "1") -> Term:
    """Whether a score is so much below another."""
    return le(plus(a, by), b)


def by_cases(condition: Term, one: Term, other: Term) -> Term:
    """One or the other; a file's numbers may leave only one of the two."""
    return land(clause(condition, one), lor(condition, other))


def reads_alike(reader: Reader, head_pair: HeadPair, machine: Machine, scope: str) -> Obligation:
    """The winner by the plan's scores has the value of the winner by the fresh scores.

    All that win by the fresh ones hold one value, and where it is not 0 there is one winner (lemma numerics.ties). So k, which
    wins by the plan's, must be one of them, with its fresh value, or both read 0: then this lemma holds of the plan's scores
    too.
    """
    copies = TwoCopyComparison(reader, head_pair, machine, "lowering.layer", scope)

    def goal() -> Term:
        triples = zip(*copies.head_pair.got[2], copies.fresh[2], strict=True)
        values = [(copies.k.either(a, b), copies.j.term(old), copies.k.term(old)) for a, b, old in triples]
        still = land(*(eq(got, same) for got, _, same in values))
        nothing = land(*(land(eq(got, "0"), eq(first, "0")) for got, first, _ in values))
        best = [le(copies.new["j"], copies.new["k"]), le(copies.new["s"], copies.new["k"])]
        return implies(*best, by_cases(eq(copies.old["j"], copies.old["k"]), still, nothing))

    return copies.obligation(goal)


def losers(reader: Reader, head_pair: HeadPair, machine: Machine, scope: str, replay: Replay = undecided) -> Obligation:
    """Where scores are in halves: the winners stay the winners, and all others are 1 below, or the sink 1/2, which reads 0.

    The fresh scores are integers, and only the sink has the sink's (lemma attention.match). Softmax weighs a loser that is 1
    below with 0. The sink's weight at 1/2 below is exp(-scale / 2), less than 2^-(p + 2) in a dtype of p bits: the sum of the
    weights is the number of winners, however it is rounded, and the sink adds nothing to the value that is read.
    """
    copies = TwoCopyComparison(reader, head_pair, machine, "numerics.integers", scope)

    def goal() -> Term:
        old, new = copies.old, copies.new
        copies.script.definition(lor(eq(old["k"], old["j"]), below(old["k"], old["j"])), "an integer")
        for at in (copies.j, copies.k):
            apart = lor(below(old[at.prefix], old["s"]), below(old["s"], old[at.prefix]))
            copies.script.sort(lor(eq(at.flag("te", "bos"), "1"), apart), "", "attention.match")
        zero = land(*(eq(copies.s.either(a, b), "0") for a, b in zip(*copies.head_pair.got[2], strict=True)))
        loses = {"k": below(new["k"], new["j"])}
        loses["s"] = lor(below(new["s"], new["j"]), land(below(new["s"], new["j"], "(/ 1 2)"), zero))
        stays = [by_cases(eq(old[at], old["j"]), eq(new[at], new["j"]), loses[at]) for at in "ks"]
        return land(clause(eq(copies.k.flag("te", "bos"), "0"), stays[0]), stays[1])

    return copies.obligation(goal, replay)


def winners(reader: Reader, head_pair: HeadPair, machine: Machine, scope: str, replay: Replay = undecided) -> Obligation:
    """The obligation about a head that reads otherwise: two positions that win are one, or every form of the value is 0 at all
    that win."""
    assert head_pair.group is not None
    known = reader.stream.winning.get((head_pair.new, head_pair.group), Winning(head_pair.score, False, [], []))
    nothing = absent(reader, machine, known.of) if known.shared else []
    comparison = ScoreComparison(reader, head_pair, machine, "numerics.ties", scope, [flag for flag, _ in nothing])

    def goal() -> Term:
        i, first, second, sink = comparison.i, comparison.j, comparison.k, comparison.s
        j, other, s = (comparison.new[prefix] for prefix in "jks")
        atoms = sorted({atom for form in chain(*head_pair.got[2]) for atom in form.terms})
        zero = land(*(eq(at.names[atom], "0") for at in (first, second) for atom in atoms))
        same = land(*(eq(first.term(form), second.term(form)) for form in first.place()))
        if machine.engine == "apmdm":
            same = land(same, *(eq(at.flag("te", "mask"), "0") for at in (first, second)))
        one = clause(eq(j, other), le(s, j), lor(zero, same))
        if known.shared:
            at_sink = lor(*(eq(at.flag("te", "bos"), "1") for at in (first, second)))
            sunk = [clause(eq(i.term(flag), num(at)), le(j, s)) for flag, at in nothing]
            empty = [eq(sink.names[atom], "0") for atom in atoms]
            one = land(clause(lnot(at_sink), one), *sunk, *empty)
        lost = lor(eq(first.flag("te", "bos"), "1"), lt(j, s))
        return land(one, *(clause(land(*(eq(i.term(form), "0") for form in word)), lost) for word in known.words))

    return comparison.obligation(goal, replay)


def score(script: Script, name: str, i: SymbolicPosition, j: SymbolicPosition, queries: Forms, keys: Both) -> Term:
    """A score; for every component a case for each value that the query, or the key, may have. Raises TooManyCases."""
    parts = []
    for q, *pair in zip(queries, *keys, strict=True):
        first, second = (_product(i, j, q, k) for k in pair)
        parts.append(first if pair[0] == pair[1] else ite(j.counted, first, second))
    return script.define(name, plus(*(part for part in parts if part != "0")), "Real")


def _product(i: SymbolicPosition, j: SymbolicPosition, q: Form, k: Form) -> Term:
    if not q.terms:
        return linear([(Fraction(q.constant), j.term(k))]) if q.constant else "0"
    if not k.terms:
        return linear([(Fraction(k.constant), i.term(q))]) if k.constant else "0"
    values, case, other = i.values(q), i.term(q), j.term(k)
    if values is None:
        values, case, other = j.values(k), other, case
    if values is None:
        raise TooManyCases("a query and a key of more values than are distinguished")
    term = linear([(values[-1], other)])
    for value in values[:-1]:
        term = ite(eq(case, num(value)), linear([(value, other)]), term)
    return term
