"""Weights that deviate and are observationally equivalent: the read-outs decode alike, although the normal forms differ.

The obligation, for masked diffusion: at every masked position of the log the flags name the program's kind, the bits agree in
sign and are 1/2 or more in absolute value (so any other bit scores 1 less), and the token leads all others but the mask, so
that its confidence reaches the threshold. For any-process generation: the control bits agree on either side of 1/2, and so do
the predicted tokens wherever the program unmasks the position.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from efasp.affine_forms import Form
from efasp.process import REMASK
from efasp.proofs.equivalence.symbolic_position import SymbolicPosition
from efasp.proofs.lemmas.process_algorithm import LEAD
from efasp.proofs.obligation import Machine, Obligation, undecided
from efasp.proofs.smtlib import TRUE, Script, Term, clause, eq, implies, land, le, lor, lt, num, plus
from efasp.proofs.symbolic.residual_stream import Reader

HALF = Fraction(1, 2)


class ReadOut:
    """One script: the read-out at a position decodes to the same token and control bits as the program's read-out."""

    def __init__(self, reader: Reader, outputs: list[Form], machine: Machine, group: bool | None = None) -> None:
        self.pairs = list(zip(outputs, reader.outputs, strict=True))
        self.script = Script("QF_LRA")
        differing = [form for a, b in self.pairs if a != b for form in (a, b)]
        book = reader.stream.books["te"]
        self.kinds = len(book.kinds) if any(a != b for a, b in self.pairs[: len(book.kinds)]) else 0
        differing += [form for pair in self.pairs[: self.kinds] for form in pair]
        if machine.engine == "apmdm":
            differing.append(reader.outputs[book.width + REMASK])
        self.at = SymbolicPosition(reader, machine, self.script, forms=differing, group=group)
        self.book, self.term, self.flag = self.at.book, self.at.term, self.at.flag
        self.mask = self.book.kind_index["mask"]
        sort = reader.program.output.sort
        for (got, wanted), (low, high) in zip(self.pairs, sort.bounds, strict=True):
            if got != wanted and sort.integral:
                self.at.one_of(wanted, range(int(low), int(high) + 1))
        flags = [self.term(wanted) for _, wanted in self.pairs[: self.kinds]]
        if flags:  # of a counter the next status, of a write the target
            self.script.sort(implies(self.at.counted, eq(plus(*flags), "1")), "", "step.code")

    def one_kind(self, sure: bool) -> Term:
        """The kind is read that the program's one flag of 1 names: the first of the largest, as ``Codebook.read`` has it.

        Else the flags are the program's. ``sure``: it also leads every other token but the mask as process.confidence asks.
        """
        flags = [(self.term(got), self.term(wanted)) for got, wanted in self.pairs[: self.kinds]]
        goals, found = [], []
        for row, (f, p) in enumerate(flags):
            others = [(o, got, wanted) for o, (got, wanted) in enumerate(flags) if o != row]
            alone = land(eq(p, "1"), *(eq(wanted, "0") for _, _, wanted in others))
            ahead = [lt(got, f) if o < row else le(got, f) for o, got, _ in others]
            ahead += [le(plus(got, num(self.lead(row, o))), f) for o, got, _ in others if sure and self.mask not in (row, o)]
            goals.append(clause(alone, land(*ahead)))
            found.append(alone)
        same = land(*(eq(f, p) for f, p in flags))
        return land(*goals, lor(*found, same)) if flags else TRUE

    def lead(self, row: int, other: int) -> Fraction:
        """By how much a kind's flag must lead another's: its bits, each ``HALF`` or more, lead where the other has none."""
        bits = {f.name: f for f in self.book.fields if f.encode == "signs" and not f.shift}
        mine, theirs = (
            {name: len(self.book.slots[name]) for name, f in bits.items() if f.payload in self.book.kinds[kind].payloads}
            for kind in (row, other)
        )
        least = LEAD if theirs.items() <= mine.items() else Fraction(1)
        return least - sum(size * HALF for name, size in mine.items() if name not in theirs)

    def log_goal(self) -> Term:
        """For masked diffusion: at masked positions of the log, flags that are read as the program's, and bits of its signs."""
        goals = [self.one_kind(sure=True)]
        for got, wanted in self.pairs[len(self.book.kinds) :]:
            if got == wanted:
                continue
            f, p = self.term(got), self.term(wanted)
            goals.append(clause(lt("0", p), le(num(HALF), f)))
            goals.append(clause(lt(p, "0"), le(f, num(-HALF))))
            goals.append(clause(eq(p, "0"), eq(f, "0")))
        return clause(self.at.counted, land(*goals))

    def cell_goal(self) -> Term:
        """For any-process generation: control bits, and the unmasked token; the mask is predicted nowhere."""
        width, kinds = self.book.width, len(self.book.kinds)
        rows = {row: (self.term(a), self.term(b)) for row, (a, b) in enumerate(self.pairs) if a != b}
        half = num(HALF)
        goals = [eq(lt(half, f), lt(half, p)) for row, (f, p) in rows.items() if row >= width]
        shown = [self.one_kind(sure=False)] if self.kinds else []
        shown += [eq(lt("0", f), lt("0", p)) for row, (f, p) in rows.items() if kinds <= row < width]
        unmasks = eq(self.flag("te", "mask"), "1")
        remask = self.pairs[width + REMASK][1]
        if shown:
            goals.append(clause(land(unmasks, le(self.term(remask), half)), land(*shown)))
        if self.kinds:
            flags = [self.term(got) for got, _ in self.pairs[: self.mask + 1]]
            goals.append(lor(*(le(flags[-1], flag) for flag in flags[:-1])))
        return land(*goals)


def obligation(
    reader: Reader,
    outputs: list[Form],
    machine: Machine,
    name: str,
    params: dict[str, Any],
    scope: str,
    group: bool | None = None,
) -> Obligation:
    """The obligation that the read-outs decode alike, at the positions of a group if one is given."""
    made = ReadOut(reader, outputs, machine, group)
    goal = made.log_goal() if machine.engine == "mdm" else made.cell_goal()
    return made.script.obligation(name, machine.claim, params, scope, machine.n, goal, replay=undecided)
