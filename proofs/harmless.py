"""Weights that deviate and do no harm: what is read out is the same, although the normal forms differ.

Codes are flags of which one is 1 and signed bits; ReLUs are expanded; a lookup gives anything within its bounds; what the
program's sorts say of the forms at hand is supposed. So a proof holds for every sequence, and a model of the negation need not
be one. Asked is, for masked diffusion, that at every masked position of the log the flags name the program's kind, that the
bits agree in sign and are 1/2 or more in size (so any other bit is 1 less), and that the token leads all others but the mask,
so that its confidence reaches the threshold; for any-process generation that the control bits agree on either side of 1/2, and
what a position unmasks does where the program unmasks it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor, gcd, lcm
from types import SimpleNamespace
from typing import Any

from efasp.encoding import LOG_SLOTS
from efasp.pram.isa import operations
from efasp.process import REMASK
from efasp.sorts import Number, OneHot, Signs
from efasp.syntax import Attention
from proofs.lookups import names
from proofs.obligation import Machine, Obligation, undecided
from proofs.positions import Lookup, lookup
from proofs.process import LEAD
from proofs.simulation import well_formed_cells, well_formed_log
from proofs.smt import TRUE, Script, Term, eq, implies, ite, land, le, linear, lnot, lor, lt, num, plus, relu
from proofs.step import Step
from proofs.stream import Code, Form, Mean, Reader, Stream, Unit, total

EXPANDED = 600  # ReLUs whose definition is given to the solver, nearest first; the others are anything within their bounds
# Positions whose read-out counts: those of these kinds of place, and whether only where the token is the mask.
COUNTED: dict[str, tuple[tuple[str, ...], bool]] = {
    "mdm": (LOG_SLOTS, True),
    "apmdm": (("memory", "register", "counter"), False),
}
HALF = Fraction(1, 2)
CASES = 8  # values of a form that are told apart


class Harm:
    """One position in a script: the atoms that some forms need, named with a prefix, with what is known of them."""

    def __init__(
        self,
        reader: Reader,
        machine: Machine,
        script: Script,
        prefix: str = "",
        forms: Sequence[Form] = (),
        group: bool | None = None,
    ) -> None:
        self.reader, self.machine, self.script, self.prefix = reader, machine, script, prefix
        self.stream, self.book = reader.stream, reader.stream.books["te"]
        self.names: dict[int, Term] = {}
        self._known_parts: dict[int, int] = {}
        self.silent: dict[int, list[tuple[Form, int]]] = {}  # by score: forms that have a value where a lookup finds nothing
        self.parts: dict[int, list[Lookup]] = {}  # the program's lookups by score
        self.lookups = self._lookups(Step(machine))
        self.payloads: dict[tuple[str, str], Term] = {}
        self.declare([*forms, *self.flags("te"), *self.flags("pe"), *self._payload_bits()])
        self._fields()
        self._well_formed()
        self._sorts()
        self._nothing()
        self._sink()
        kinds, masked = COUNTED[machine.engine]
        self.counted = land(*self._are("pe", kinds), *(self._are("te", ("mask",)) if masked else ()))
        self._twins()
        self._statuses()
        self._shapes()
        self._shares()
        if group is not None:
            script.suppose(self.counted if group else lnot(self.counted), "its read-out counts, or does not")

    def _are(self, side: str, kinds: Sequence[str]) -> list[Term]:
        return [eq(plus(*(self.flag(side, kind) for kind in kinds)), "1")]

    def either(self, counted: Form, other: Form) -> Term:
        """A form where the position's read-out counts, another elsewhere."""
        return self.term(counted) if counted == other else ite(self.counted, self.term(counted), self.term(other))

    def _shares(self) -> None:
        """Where the sink is one of two that win, half of the other's value is read at most (numerics.ties of the head)."""
        for atom, name in sorted(self.names.items()):
            kind = self.stream.atoms[atom]
            if isinstance(kind, Mean) and kind.score in self.stream.shared:
                low, high = (Fraction(end) / 2 for end in self.stream.bounds[atom])
                for flag, at in self.absent(self.stream.shared[kind.score]):
                    if self.known(flag):
                        halved = land(le(num(low), name), le(name, num(high)))
                        self.script.suppose(implies(eq(self.term(flag), num(at)), halved), "the sink wins too")

    def absent(self, score: int) -> list[tuple[Form, int]]:
        """The flags that say that a lookup is to find nothing, with the value that says so."""
        return [(flag, at) for flag, at in self.silent.get(score, ()) if at]

    def _statuses(self) -> None:
        """Where a counter is found it has a status."""
        forms = self.reader.of[self.reader.program.definitions["status"]]
        for score, found in self.parts.items():
            if any(here.name == "status" for here in found) and all(map(self.known, forms)):
                for condition in self.finds(score):
                    self.script.suppose(implies(condition, eq(plus(*map(self.term, forms)), "1")), "a status")

    def _shapes(self) -> None:
        """A fetched instruction has the registers of its operation's shape, and none else (family encoding)."""
        of, definitions, table = self.reader.of, self.reader.program.definitions, operations(self.machine.extension)
        flags = [pair for pair in zip(table, of[definitions["operation"]], strict=True) if self.known(pair[1])]
        for name, always, perhaps in (("rd", "ds", ""), ("ra", "a", "m")):
            (first, *_) = of[definitions[name]]
            if not self.known(first):
                continue
            there = [self.term(flag) for operation, flag in flags if set(always) & set(operation.shape)]
            none = [self.term(flag) for operation, flag in flags if not set(always + perhaps) & set(operation.shape)]
            self.script.suppose(implies(eq(plus(*there), "1"), lnot(eq(self.term(first), "0"))), f"{name} is there")
            self.script.suppose(implies(eq(plus(*none), "1"), eq(self.term(first), "0")), f"{name} is none")

    def _twins(self) -> None:
        """A head with the keys and values of another reads the same where its query is the same."""
        for score, (old, changes) in sorted(self.stream.twins.items()):
            if not all(map(self.known, changes)):
                continue
            same = land(*(eq(self.term(form), "0") for form in changes))
            for atom, name in sorted(self.names.items()):
                kind = self.stream.atoms[atom]
                if isinstance(kind, Mean) and kind.score == score:
                    (twin,) = self.stream.mean(old, Form({kind.atom: 1})).terms
                    if twin in self.names:
                        self.script.suppose(implies(same, eq(name, self.names[twin])), "the same query")

    def finds(self, score: int) -> list[Term]:
        """Conditions under which the lookup of a score finds something: a counter, and a cell that is named, are always there.

        Of the log: simulation.counter; of cells: simulation.cell, for the places that a processor has (encoding.places). A name
        was fetched by a processor that runs (simulation.fetch), so it is one of these.
        """
        found = []
        for here in self.parts.get(score, ()):
            if here.name in ("counter", "status"):
                if self.machine.engine == "mdm":
                    found.append(land(self.counted, eq(self.payloads["pe", "time"], "(+ t 1)")))
                else:
                    found += self._are("pe", ("register", "counter"))
            elif here.name in ("a", "d", "b") and self.machine.engine == "apmdm":
                names_register = self.reader.of[here.words[-1][0]][0]
                if self.known(names_register):
                    found.append(lnot(eq(self.term(names_register), "0")))
        return found

    def _lookups(self, step: Step) -> list[Attention]:
        """The program's lookups; notes what keeps each from finding anything: that it is absent, or a word of it is none."""
        found = []
        for name in names(step):
            here = lookup(step, name)
            score = self.reader.lookups[here.node.q, here.node.k]
            found.append(here.node)
            self.parts.setdefault(score, []).append(here)
            if score not in self.silent:
                words = [(self.reader.of[query][0], 0) for query, _ in here.words]
                self.silent[score] = words + ([(self.reader.of[here.absent][0], 1)] if here.absent is not None else [])
        return found

    def _nothing(self) -> None:
        """What a lookup that finds nothing reads is the sink's: 0 (lemma step.sink), or what its flag, which is 1, makes."""
        sink = self.stream.code("te", self.book.slots["bos"].start)
        for node in self.lookups:
            forms, values = self.reader.of[node], self.reader.of[node.v]
            for form, value in zip(forms, values, strict=True):
                if not self.known(form):
                    continue
                reads: Number = 0
                if value.terms.keys() <= sink.terms.keys():
                    reads = value.constant + sum(Fraction(c, 2) for c in value.terms.values())
                for flag, at in self.silent[self.reader.lookups[node.q, node.k]]:
                    self.script.suppose(implies(eq(self.term(flag), num(at)), eq(self.term(form), num(Fraction(reads)))))

    def place(self) -> list[Form]:
        """What tells places apart, but for the slots of a cell."""
        return [*self.flags("pe"), *self._payload_bits(but=("slot",))]

    def _payload_bits(self, but: Sequence[str] = ()) -> list[Form]:
        """The coordinates that hold the bits of each payload of the place."""
        book = self.stream.books["pe"]
        fields = [field for field in book.fields if field.encode == "signs" and not field.shift and field.payload not in but]
        return [self.stream.code("pe", c) for field in fields for c in book.slots[field.name]]

    def _fields(self) -> None:
        """A payload is what its bits say, where it is carried (else they are 0), and so are its other fields."""
        for side, book in self.stream.books.items():
            owner = {
                name: plus(*(self.flag(side, kind.name) for kind in book.kinds if name in kind.payloads))
                for name, _ in book.payloads
            }
            read: dict[tuple[str, int], Term] = {}
            for field in book.fields:
                slot = [self.stream.code(side, c) for c in book.slots[field.name]]
                if field.encode != "signs" or not all(map(self.known, slot)):
                    continue
                bits = [(Fraction(1 << place, 2), self.term(form)) for place, form in enumerate(slot)]
                whole = linear([*bits, (Fraction((1 << len(slot)) - 1, 2), owner[field.payload])])
                label = f"{self.prefix}{side}.{field.name}.number"
                read[field.payload, field.shift] = self.script.define(label, whole, "Real")
            for (name, shift), term in read.items():
                if not shift:
                    self.payloads[side, name] = term
                elif shift == -1 and (name, 0) in read:
                    top = num((1 << book.bits[name]) - 1)
                    before = ite(eq(read[name, 0], "0"), top, f"(- {read[name, 0]} 1)")
                    self.script.suppose(implies(eq(owner[name], "1"), eq(term, before)))
            for field in book.fields:
                slot = [self.stream.code(side, c) for c in book.slots[field.name]]
                if (
                    field.encode == "number"
                    and not field.shift
                    and (side, field.payload) in self.payloads
                    and self.known(slot[0])
                ):
                    self.script.suppose(eq(self.term(slot[0]), self.payloads[side, field.payload]))

    def _sink(self) -> None:
        """What the program's atoms are at the sink."""
        known = sink_values(self.reader)
        here = [eq(name, num(known[atom])) for atom, name in sorted(self.names.items()) if atom in known]
        self.script.suppose(implies(eq(self.flag("te", "bos"), "1"), land(*here)), "step.sink")

    def _well_formed(self) -> None:
        """What tokens stand at what places."""
        at: Any = Place(self)
        for condition, _ in (well_formed_log if self.machine.engine == "mdm" else well_formed_cells)(at):
            self.script.suppose(condition, "a well-formed sequence")
        if self.machine.engine == "mdm":
            self._blocks(at)

    def _blocks(self, at: Place) -> None:
        """Times are of the regime; which blocks are complete, and which positions are ready (family simulation)."""
        slot, time = at.kind(*(f"pe.{name}" for name in LOG_SLOTS)), at.payload("pe", "time")
        self.script.suppose(implies(slot, le(time, num(self.machine.n[1]))), "T = n")
        for name, holds, when in (("incomplete", 1, lt("t", time)), ("ready", 0, lt("t", f"(- {time} 1)"))):
            (form,) = self.reader.of[self.reader.program.definitions[name]]
            if self.known(form):
                self.script.suppose(
                    eq(eq(self.term(form), num(holds)), land(slot, when)), f"simulation.{'complete' if holds else name}"
                )

    def _sorts(self) -> None:
        """The sorts of the program's nodes that need no other atoms."""
        for node, forms in self.reader.of.items():
            sort = node.sort
            if isinstance(sort, OneHot):
                flags = [self.term(form) for form in forms if form.terms and self.known(form)]
                if len(flags) > 1:
                    self.script.suppose(le(plus(*flags), "1"), "at most one flag")
            if isinstance(sort, Signs):
                none = [eq(self.term(form), "0") for form in forms if self.known(form)]
                self.script.suppose(land(*(eq(none[0], other) for other in none[1:])), "a word, or none")
            for form, (low, high) in zip(forms, sort.bounds, strict=True):
                if sort.integral and high - low <= 2 and form.terms and self.known(form):
                    values = range(int(low), int(high) + 1)
                    self.script.suppose(lor(*(eq(self.term(form), num(value)) for value in values)))

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
            if isinstance(kind, Mean):
                queue.extend(below for form, _ in self.silent.get(kind.score, ()) for below in form.terms)
                shared = self.absent(stream.shared.get(kind.score, -1))
                queue.extend(below for flag, _ in shared for below in flag.terms)
                old, changes = stream.twins.get(kind.score, (kind.score, []))
                queue.extend(below for form in changes for below in form.terms)
                queue.extend(stream.mean(old, Form({kind.atom: 1})).terms)
            if isinstance(kind, Unit) and len(expanded) < EXPANDED:
                expanded.add(atom)
                queue.extend(stream.directions[kind.direction])
        for side, book in stream.books.items():  # a code's field belongs to flags, and is read whole
            slots = [[stream.code(side, c) for c in book.slots[field.name]] for field in book.fields]
            for slot in [
                self.flags(side),
                *(slot for slot in slots if any(not needed.keys().isdisjoint(f.terms) for f in slot)),
            ]:
                needed |= dict.fromkeys(atom for form in slot for atom in form.terms)
        for atom in sorted(needed):
            self.names[atom] = f"{self.prefix}a{atom}"
            low, high = stream.sharper.get(atom, stream.bounds[atom])
            self.script.declare(self.names[atom], "Real", describe(stream, atom))
            over = self.reader.integral.get(atom) or self._parts(atom)
            if over and (high - low) * over <= 4:
                values = range(int(low * over), int(high * over) + 1)
                self.script.suppose(lor(*(eq(self.names[atom], num(Fraction(value, over))) for value in values)))
            else:
                self.script.suppose(land(le(num(low), self.names[atom]), le(self.names[atom], num(high))))
        for atom in sorted(expanded):
            unit = stream.atoms[atom]
            assert isinstance(unit, Unit)
            inner = total([(unit.sign, Form(stream.directions[unit.direction]))], unit.constant)
            self.script.suppose(eq(self.names[atom], relu(self.term(inner))))
        self._codes()
        for number, (low, high) in sorted(stream.known.items()):
            direction = Form(stream.directions[number])
            if len(direction.terms) > 1 and all(atom in self.names for atom in direction.terms):
                self.script.suppose(land(le(num(low), self.term(direction)), le(self.term(direction), num(high))))

    def _parts(self, atom: int) -> int:
        """An integer of which the atom is always a multiple of one part; 0 where none is known.

        What the program looks up is one of the values that it reads, or 0 (lemma numerics.ties).
        """
        if atom not in self._known_parts:
            kind = self.stream.atoms[atom]
            parts = 0
            if isinstance(kind, Code):
                parts = 2
            elif isinstance(kind, Mean) and kind.score < self.reader.own_scores:
                parts = self._parts(kind.atom)
            elif isinstance(kind, Mean) and kind.score in self.stream.shared:
                parts = 2 * self._parts(kind.atom)
            elif isinstance(kind, Unit):
                terms = [(self._parts(a), Fraction(c).denominator) for a, c in self.stream.directions[kind.direction].items()]
                below = [parts * denominator for parts, denominator in terms]
                parts = lcm(Fraction(kind.constant).denominator, *below) if all(below) else 0
            self._known_parts[atom] = parts if parts <= 8 else 0
        return self._known_parts[atom]

    def values(self, form: Form) -> list[Fraction] | None:
        """All values that a form may have, if they are few."""
        parts = {atom: self._parts(atom) for atom in form.terms}
        if not all(parts.values()):
            return None
        steps = [abs(Fraction(c)) / parts[atom] for atom, c in form.terms.items()]
        over = lcm(*(step.denominator for step in steps))
        step = Fraction(gcd(*(int(step * over) for step in steps)), over)
        low, high = ((end - form.constant) / step for end in self.stream.interval(form, promised=True))
        if high - low > CASES:
            return None
        return [form.constant + value * step for value in range(ceil(low), floor(high) + 1)]

    def _codes(self) -> None:
        for side, book in self.stream.books.items():
            self.script.suppose(eq(plus(*(self.term(form) for form in self.flags(side))), "1"), f"one kind of {side}")
            for field in book.fields:
                owner = plus(*(self.flag(side, kind.name) for kind in book.kinds if field.payload in kind.payloads))
                for coordinate in book.slots[field.name] if field.encode == "signs" else ():
                    form = self.stream.code(side, coordinate)
                    if self.known(form):
                        sign = self.term(form)
                        self.script.suppose(lor(eq(sign, owner), eq(sign, f"(- {owner})")))

    def known(self, form: Form) -> bool:
        """Whether all atoms of a form are declared."""
        return all(atom in self.names for atom in form.terms)


def sink_values(reader: Reader) -> dict[int, Fraction]:
    """The program's atoms at the sink, where its lookups find nothing but the sink itself (lemma step.sink)."""
    stream, known = reader.stream, {0: Fraction(1)}
    codes = {side: book.codes([book.row("bos")])[0].tolist() for side, book in stream.books.items()}
    for atom in range(1, reader.own_atoms):
        kind = stream.atoms[atom]
        if isinstance(kind, Code):
            known[atom] = Fraction(codes[kind.side][kind.coordinate], 2)
        elif isinstance(kind, Mean):
            known[atom] = known[kind.atom]
        elif isinstance(kind, Unit):
            inner = sum((c * known[a] for a, c in stream.directions[kind.direction].items()), Fraction(0))
            known[atom] = max(kind.sign * inner + kind.constant, Fraction(0))
    return known


class Place:
    """The position as ``proofs.simulation`` asks for one: kinds of its token and place. Payloads may be anything."""

    def __init__(self, harm: Harm) -> None:
        self.harm, self.step = harm, SimpleNamespace(te=harm.book)
        for name in ("t", "length", "cells", "processors") if not harm.prefix.strip("i") else ():
            harm.script.suppose(le("0", harm.script.declare(name, "Real")))

    def kind(self, *names: str) -> Term:
        """Whether it is of one of the kinds, given as ``pe.target``."""
        return eq(plus(*(self.harm.flag(*name.split(".", 1)) for name in names)), "1")

    def payload(self, side: str, name: str) -> Term:
        """A payload, or a number of which nothing is known."""
        known = self.harm.payloads
        if (side, name) not in known:
            known[side, name] = self.harm.script.declare(f"{self.harm.prefix}{side}.{name}", "Real")
        return known[side, name]


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


# What is read out.


class ReadOut:
    """One script: that what is read out at a position does what the program's read-out does."""

    def __init__(self, reader: Reader, outputs: list[Form], machine: Machine, group: bool | None = None) -> None:
        self.pairs = list(zip(outputs, reader.outputs, strict=True))
        self.script = Script("QF_LRA")
        differing = [form for a, b in self.pairs if a != b for form in (a, b)]
        book = reader.stream.books["te"]
        self.kinds = len(book.kinds) if any(a != b for a, b in self.pairs[: len(book.kinds)]) else 0
        differing += [form for pair in self.pairs[: self.kinds] for form in pair]
        if machine.engine == "apmdm":
            differing.append(reader.outputs[book.width + REMASK])
        self.at = Harm(reader, machine, self.script, forms=differing, group=group)
        self.book, self.term, self.flag = self.at.book, self.at.term, self.at.flag
        self.mask = self.book.kind_index["mask"]
        sort = reader.program.output.sort
        for (got, wanted), (low, high) in zip(self.pairs, sort.bounds, strict=True):
            if got != wanted and sort.integral:
                values = range(int(low), int(high) + 1)
                self.script.suppose(lor(*(eq(self.term(wanted), num(value)) for value in values)), "the program's read-out")
        flags = [self.term(wanted) for _, wanted in self.pairs[: self.kinds]]
        if flags:  # of a counter the next status, of a write what is written
            self.script.suppose(implies(self.at.counted, eq(plus(*flags), "1")), "step.code, step.status")

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
            goals.append(implies(alone, land(*ahead)))
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
            goals.append(implies(lt("0", p), le(num(HALF), f)))
            goals.append(implies(lt(p, "0"), le(f, num(-HALF))))
            goals.append(implies(eq(p, "0"), eq(f, "0")))
        return implies(self.at.counted, land(*goals))

    def cell_goal(self) -> Term:
        """For any-process generation: control bits, and what is unmasked; the mask is predicted nowhere."""
        width, kinds = self.book.width, len(self.book.kinds)
        rows = {row: (self.term(a), self.term(b)) for row, (a, b) in enumerate(self.pairs) if a != b}
        half = num(HALF)
        goals = [eq(lt(half, f), lt(half, p)) for row, (f, p) in rows.items() if row >= width]
        shown = [self.one_kind(sure=False)] if self.kinds else []
        shown += [eq(lt("0", f), lt("0", p)) for row, (f, p) in rows.items() if kinds <= row < width]
        unmasks = eq(self.flag("te", "mask"), "1")
        remask = self.pairs[width + REMASK][1]
        if shown:
            goals.append(implies(land(unmasks, le(self.term(remask), half)), land(*shown)))
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
    """The obligation that what is read out does not differ, at the positions of a group if one is given."""
    made = ReadOut(reader, outputs, machine, group)
    goal = made.log_goal() if machine.engine == "mdm" else made.cell_goal()
    return made.script.obligation(name, machine.claim, params, scope, machine.n, goal, replay=undecided)
