"""Weights that deviate and do no harm: what is read out is the same, although the normal forms differ.

Codes are flags of which one is 1 and signed bits; ReLUs are expanded; a lookup gives anything within its bounds; what the
program's sorts say of the forms at hand is supposed. So a proof holds for every sequence, and a model of the negation need not
be one. Asked is, for masked diffusion, that at every masked position of the log the flags agree and the bits do in sign, at
least 1 in size (a confidence does not sink); for any-process generation that the control bits agree on either side of 1/2,
and what a position unmasks does where the program unmasks it.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import Any

from efasp.encoding import LOG_SLOTS
from efasp.process import REMASK
from proofs.obligation import Machine, Obligation
from proofs.smt import FALSE, Script, Term, eq, implies, land, le, linear, lor, lt, num, plus, relu
from proofs.stream import Code, Form, Mean, Reader, Stream, Unit, total

EXPANDED = 600  # ReLUs whose definition is given to the solver, nearest first; the others are anything within their bounds


class Harm:
    """One script: the atoms that two lists of read-out forms need, with what is known of them."""

    def __init__(self, reader: Reader, outputs: list[Form], machine: Machine) -> None:
        self.reader, self.machine, self.stream = reader, machine, reader.stream
        self.pairs = list(zip(outputs, reader.outputs, strict=True))
        self.script = Script("QF_LRA")
        self.book = self.stream.books["te"]
        self.names: dict[int, Term] = {}
        self.declare([form for a, b in self.pairs if a != b for form in (a, b)] + self.flags("te") + self.flags("pe"))

        sort = reader.program.output.sort
        for (got, wanted), (low, high) in zip(self.pairs, sort.bounds, strict=True):
            if got != wanted and sort.integral:
                values = range(int(low), int(high) + 1)
                self.script.suppose(lor(*(eq(self.term(wanted), num(value)) for value in values)), "the program's read-out")

    def flags(self, side: str) -> list[Form]:
        """The kind flags of a code."""
        book = self.stream.books[side]
        return [self.stream.code(side, book.slots[kind.name].start) for kind in book.kinds]

    def flag(self, side: str, name: str) -> Term:
        """One kind flag."""
        return self.term(self.stream.code(side, self.stream.books[side].slots[name].start))

    def term(self, form: Form) -> Term:
        """A form over declared atoms."""
        return linear([(Fraction(c), self.names[atom]) for atom, c in sorted(form.terms.items())], Fraction(form.constant))

    def declare(self, forms: list[Form]) -> None:
        """Declare the atoms below some forms, the definitions of the nearest ReLUs, and what is known."""
        stream, needed, expanded = self.stream, dict[int, None](), set[int]()
        queue = deque(sorted({atom for form in forms for atom in form.terms}))
        while queue:
            atom = queue.popleft()
            if atom in needed:
                continue
            needed[atom] = None
            kind = stream.atoms[atom]
            if isinstance(kind, Unit) and len(expanded) < EXPANDED:
                expanded.add(atom)
                queue.extend(stream.directions[kind.direction])
        for side in ("te", "pe"):  # a code's field belongs to flags
            for form in self.flags(side):
                needed |= dict.fromkeys(form.terms)
        for atom in sorted(needed):
            self.names[atom] = f"a{atom}"
            low, high = stream.sharper.get(atom, stream.bounds[atom])
            self.script.declare(f"a{atom}", "Real", describe(stream, atom))
            over = 2 if isinstance(stream.atoms[atom], Code) else self.reader.integral.get(atom, 0)
            if over and (high - low) * over <= 2:
                values = range(int(low * over), int(high * over) + 1)
                self.script.suppose(lor(*(eq(f"a{atom}", num(Fraction(value, over))) for value in values)))
            else:
                self.script.suppose(land(le(num(low), f"a{atom}"), le(f"a{atom}", num(high))))
        for atom in sorted(expanded):
            unit = stream.atoms[atom]
            assert isinstance(unit, Unit)
            inner = total([(unit.sign, Form(stream.directions[unit.direction]))], unit.constant)
            self.script.suppose(eq(f"a{atom}", relu(self.term(inner))))
        self._codes()
        for number, (low, high) in sorted(stream.known.items()):
            direction = Form(stream.directions[number])
            if len(direction.terms) > 1 and all(atom in self.names for atom in direction.terms):
                self.script.suppose(land(le(num(low), self.term(direction)), le(self.term(direction), num(high))))

    def _codes(self) -> None:
        for side, book in self.stream.books.items():
            self.script.suppose(eq(plus(*(self.term(form) for form in self.flags(side))), "1"), f"one kind of {side}")
            for field in book.fields:
                owner = plus(*(self.flag(side, kind.name) for kind in book.kinds if field.payload in kind.payloads))
                for coordinate in book.slots[field.name] if field.encode == "signs" else ():
                    form = self.stream.code(side, coordinate)
                    if all(atom in self.names for atom in form.terms):
                        sign = self.term(form)
                        self.script.suppose(lor(eq(sign, owner), eq(sign, f"(- {owner})")))

    def log_goal(self) -> Term:
        """For masked diffusion: at masked positions of the log, the same flags, and bits of the same sign."""
        due = land(eq(self.flag("te", "mask"), "1"), eq(plus(*(self.flag("pe", name) for name in LOG_SLOTS)), "1"))
        kinds, goals = len(self.book.kinds), []
        for row, (got, wanted) in enumerate(self.pairs):
            if got == wanted:
                continue
            f, p = self.term(got), self.term(wanted)
            signs = land(implies(lt("0", p), le("1", f)), implies(lt(p, "0"), le(f, num(-1))), implies(eq(p, "0"), eq(f, "0")))
            goals.append(eq(f, p) if row < kinds else signs)
        return implies(due, land(*goals))

    def cell_goal(self) -> Term:
        """For any-process generation: control bits, and what is unmasked; the mask is predicted nowhere."""
        width, kinds = self.book.width, len(self.book.kinds)
        rows = {row: (self.term(a), self.term(b)) for row, (a, b) in enumerate(self.pairs) if a != b}
        half = num(Fraction(1, 2))
        goals = [eq(lt(half, f), lt(half, p)) for row, (f, p) in rows.items() if row >= width]
        shown = [eq(f, p) for row, (f, p) in rows.items() if row < kinds]
        shown += [eq(lt("0", f), lt("0", p)) for row, (f, p) in rows.items() if kinds <= row < width]
        unmasks = eq(self.flag("te", "mask"), "1")
        remask = self.pairs[width + REMASK][1]
        if shown and all(atom in self.names for atom in remask.terms):
            unmasks = land(unmasks, le(self.term(remask), half))
        if shown:
            goals.append(implies(unmasks, land(*shown)))
        mask = self.book.kind_index["mask"]
        if any(row <= mask for row in rows):
            flags = [self.term(self.pairs[row][0]) if self.known(row) else None for row in range(mask + 1)]
            goals.append(FALSE if flags[-1] is None else lor(*(le(flags[-1], flag) for flag in flags[:-1] if flag)))
        return land(*goals)

    def known(self, row: int) -> bool:
        """Whether all atoms of a read-out row are declared."""
        return all(atom in self.names for atom in self.pairs[row][0].terms)


def describe(stream: Stream, atom: int) -> str:
    """An atom in words, one line."""
    kind = stream.atoms[atom]
    if isinstance(kind, Code):
        slots = stream.books[kind.side].slots.items()
        name, slot = next((name, slot) for name, slot in slots if kind.coordinate in slot)
        return f"half of {kind.side}.{name}" + (f"[{kind.coordinate - slot.start}]" if len(slot) > 1 else "")
    if isinstance(kind, Mean):
        return f"lookup {kind.score} of a{kind.atom}"
    assert isinstance(kind, Unit)
    parts = [f"{kind.sign * c} a{a}" for a, c in list(stream.directions[kind.direction].items())[:6]]
    return f"relu({' + '.join(parts)}{' + ...' if len(stream.directions[kind.direction]) > 6 else ''} + {kind.constant})"


def obligation(
    reader: Reader, outputs: list[Form], machine: Machine, name: str, params: dict[str, Any], scope: str
) -> Obligation:
    """The obligation that what is read out does not differ."""
    harm = Harm(reader, outputs, machine)
    goal = harm.log_goal() if machine.engine == "mdm" else harm.cell_goal()
    return harm.script.obligation(name, machine.claim, params, scope, machine.n, goal, replay=lambda _: None)
