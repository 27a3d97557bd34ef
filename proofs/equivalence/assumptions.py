"""Assumptions about a position of a well-formed sequence, as hypotheses of a script about forms over its atoms.

Codes are flags of which one is 1 and signed bits; ReLUs are expanded; a lookup gives any value within its bounds. Assumed are
the sorts of the program's nodes among these forms, the values at the sink, and the value that is read at a lookup miss.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence, Set
from fractions import Fraction
from itertools import chain
from math import ceil, floor, gcd, lcm
from types import SimpleNamespace
from typing import Any

from efasp.affine_forms import Form, total
from efasp.encoding import LOG_SLOTS
from efasp.proofs.equivalence.program_values import absent, integers, misses, parts, sink_values
from efasp.proofs.obligation import Machine
from efasp.proofs.smtlib import Script, Term, eq, implies, ite, land, le, linear, lor, num, plus, relu
from efasp.proofs.symbolic.codes import carriers
from efasp.proofs.symbolic.residual_atoms import Code, Mean, Stream, Unit, Winning
from efasp.proofs.symbolic.residual_stream import Reader
from efasp.proofs.symbolic.sequence_invariants import INCOMPLETE, READY, WELL_FORMED
from efasp.sorts import Number, OneHot, Signs

EXPANDED = 600  # ReLUs whose definition is given to the solver, nearest first; the others are anything within their bounds
# Positions whose read-out counts: those of these kinds of place, and whether only where the token is the mask.
COUNTED: dict[str, tuple[tuple[str, ...], bool]] = {
    "mdm": (LOG_SLOTS, True),
    "apmdm": (("memory", "register", "counter"), False),
}
CASES = 8  # values of a form that are distinguished


class PositionInvariants:
    """One position in a script: the atoms that some forms need, named with a prefix, with the assumptions about them.

    ``counted``: whether its read-out counts; ``group``: whether it is one of these, None where that is left open.
    """

    def __init__(
        self,
        reader: Reader,
        machine: Machine,
        script: Script,
        prefix: str = "",
        forms: Sequence[Form] = (),
        group: bool | None = None,
    ) -> None:
        self.reader, self.machine, self.script, self.prefix, self.group = reader, machine, script, prefix, group
        self.stream, self.book = reader.stream.copy(), reader.stream.books["te"]
        self.names: dict[int, Term] = {}
        self._known_parts: dict[int, int] = {}
        self.parts, self.misses = parts(reader, machine), misses(reader, machine)
        self.payloads: dict[tuple[str, str], Term] = {}
        self.declare([*forms, *self.flags("te"), *self.flags("pe"), *self._payload_bits()])
        kinds, masked = COUNTED[machine.engine]
        self.counted = land(*self._are("pe", kinds), *(self._are("te", ("mask",)) if masked else ()))
        self._assume()

    def _assume(self) -> None:
        """Everything that is assumed."""
        self._fields()
        self._well_formed()
        self._sorts()
        self._nothing()
        self._sink()

    def _are(self, side: str, kinds: Sequence[str]) -> list[Term]:
        return [eq(plus(*(self.flag(side, kind) for kind in kinds)), "1")]

    def either(self, counted: Form, other: Form) -> Term:
        """A form where the position's read-out counts, another elsewhere."""
        return self.term(counted) if counted == other else ite(self.counted, self.term(counted), self.term(other))

    def winning(self, score: int) -> Winning | None:
        """The assumption about the winners of a score, for queries of the position's group."""
        return None if self.group is None else self.stream.winning.get((score, self.group))

    def _nothing(self) -> None:
        """At a lookup miss the value read is the sink's: 0 (lemma step.sink), or a multiple of its flag, which is 1."""
        sink = self.stream.code("te", self.book.slots["bos"].start)
        for score, here in ((score, here) for score, some in self.parts.items() for here in some):
            forms, values = self.reader.of[here.node], self.reader.of[here.node.v]
            for form, value in zip(forms, values, strict=True):
                if not self.known(form):
                    continue
                reads: Number = 0
                if value.terms.keys() <= sink.terms.keys():
                    reads = value.constant + sum(Fraction(c, 2) for c in value.terms.values())
                for flag, at in self.misses[score]:
                    nothing = implies(eq(self.term(flag), num(at)), eq(self.term(form), num(Fraction(reads))))
                    self.script.sort(nothing, here.name, "attention.reads")

    def place(self) -> list[Form]:
        """The forms that distinguish places, but for the slots of a cell."""
        return [*self.flags("pe"), *self._payload_bits(but=("slot",))]

    def _payload_bits(self, but: Sequence[str] = ()) -> list[Form]:
        """The coordinates that hold the bits of each payload of the place."""
        book = self.stream.books["pe"]
        fields = [field for field in book.fields if field.encode == "signs" and not field.shift and field.payload not in but]
        return [self.stream.code("pe", c) for field in fields for c in book.slots[field.name]]

    def _fields(self) -> None:
        """A payload has the value of its bits, where it is carried (else they are 0), and so have its other fields."""
        for side, book in self.stream.books.items():
            owner = {name: self._owner(side, name) for name, _ in book.payloads}
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
                    self.script.sort(implies(eq(owner[name], "1"), eq(term, before)), side, "encoding.codebook")
            for field in book.fields:
                slot = [self.stream.code(side, c) for c in book.slots[field.name]]
                if (
                    field.encode == "number"
                    and not field.shift
                    and (side, field.payload) in self.payloads
                    and self.known(slot[0])
                ):
                    same = eq(self.term(slot[0]), self.payloads[side, field.payload])
                    self.script.sort(same, side, "encoding.codebook")

    def _sink(self) -> None:
        """The values of the program's atoms at the sink."""
        known = sink_values(self.reader)
        here = [eq(name, num(known[atom])) for atom, name in sorted(self.names.items()) if atom in known]
        self.script.sort(implies(eq(self.flag("te", "bos"), "1"), land(*here)), "", "step.sink")

    def _well_formed(self) -> None:
        """The kinds of tokens that each place admits."""
        at: Any = Place(self)
        self.script.assume(WELL_FORMED, at)
        if self.machine.engine == "mdm":  # which blocks are complete, and which positions are ready
            for name, conclusion in (("incomplete", INCOMPLETE), ("ready", READY)):
                if all(map(self.known, self.reader.of[self.reader.program.definitions[name]])):
                    self.script.assume(conclusion, at)

    def _sorts(self) -> None:
        """The sorts of the program's nodes that need no other atoms."""
        for node, forms in self.reader.of.items():
            sort = node.sort
            if isinstance(sort, OneHot):
                flags = [self.term(form) for form in forms if form.terms and self.known(form)]
                if len(flags) > 1:
                    self.script.sort(le(plus(*flags), "1"), "nodes")
            if isinstance(sort, Signs):
                none = [eq(self.term(form), "0") for form in forms if self.known(form)]
                self.script.sort(land(*(eq(none[0], other) for other in none[1:])), "nodes")
        for form, values in integers(self.reader).values():
            if form.terms and self.known(form):
                self.one_of(form, values)

    def one_of(self, form: Form, values: Iterable[int]) -> None:
        """Assume that a form has one of some values, by its node's sort."""
        self.script.sort(lor(*(eq(self.term(form), num(value)) for value in values)), "nodes")

    def flags(self, side: str) -> list[Form]:
        """The forms of all kind flags of a code; ``side``: token or place."""
        book = self.stream.books[side]
        return [self.stream.code(side, book.slots[kind.name].start) for kind in book.kinds]

    def flag(self, side: str, name: str) -> Term:
        """The term of one kind's flag in a code; ``side``: token or place."""
        return self.term(self.stream.code(side, self.stream.books[side].slots[name].start))

    def _owner(self, side: str, payload: str) -> Term:
        """1 where a code's kind carries a payload, else 0."""
        return plus(*(self.flag(side, name) for name in carriers(self.stream.books[side], payload)))

    def term(self, form: Form) -> Term:
        """A form over declared atoms."""
        return linear([(Fraction(c), self.names[atom]) for atom, c in sorted(form.terms.items())], Fraction(form.constant))

    def declare(self, forms: list[Form]) -> None:
        """Declare the atoms below some forms, with their bounds, the definitions of the nearest ReLUs, and the assumptions."""
        needed, expanded = self._below(forms)
        for atom in sorted(needed):
            self._declare(atom)
        for atom in sorted(expanded):
            self._define(atom)
        self._codes()
        self._directions()

    def _below(self, forms: list[Form]) -> tuple[set[int], set[int]]:
        """The atoms that some forms depend on, and of these the ReLUs that are defined: the nearest."""
        needed, expanded = dict[int, None](), set[int]()
        queue = deque(sorted({atom for form in forms for atom in form.terms}))
        while queue:
            atom = queue.popleft()
            if atom in needed:
                continue
            needed[atom] = None
            kind = self.stream.atoms[atom]
            if isinstance(kind, Mean):
                queue.extend(self._asked(kind))
            if isinstance(kind, Unit) and len(expanded) < EXPANDED:
                expanded.add(atom)
                queue.extend(self.stream.directions[kind.direction])
        return self._with_fields(needed.keys()), expanded

    def _asked(self, kind: Mean) -> Iterator[int]:
        """The atoms of the assumptions about a lookup."""
        for form, _ in self.misses.get(kind.score, ()):
            yield from form.terms
        known = self.winning(kind.score)
        if known is not None:
            for form in (*chain(*known.words), *(flag for flag, _ in absent(self.reader, self.machine, known.of))):
                yield from form.terms
        old, changes = self.stream.twins.get(kind.score, (kind.score, []))
        for form in changes:
            yield from form.terms
        yield from self.stream.mean(old, Form({kind.atom: 1})).terms

    def _with_fields(self, needed: Set[int]) -> set[int]:
        """Some atoms, with the flags of both codes and all of each field that they touch, which is read whole."""
        fields = set(needed)
        for side, book in self.stream.books.items():
            slots = [[self.stream.code(side, c) for c in book.slots[field.name]] for field in book.fields]
            read = [slot for slot in slots if any(not fields.isdisjoint(form.terms) for form in slot)]
            fields |= {atom for form in chain(self.flags(side), *read) for atom in form.terms}
        return fields

    def _declare(self, atom: int) -> None:
        """Declare an atom, with its bounds, or with all of its values where they are few."""
        self.names[atom] = f"{self.prefix}a{atom}"
        low, high = self.stream.sharper.get(atom, self.stream.bounds[atom])
        self.script.declare(self.names[atom], "Real", describe(self.stream, atom))
        over = self.reader.integral.get(atom) or self._parts(atom)
        if over and (high - low) * over <= 4:
            values = range(int(low * over), int(high * over) + 1)
            self.script.definition(lor(*(eq(self.names[atom], num(Fraction(value, over))) for value in values)))
        else:
            self.script.definition(land(le(num(low), self.names[atom]), le(self.names[atom], num(high))))

    def _define(self, atom: int) -> None:
        """Define a ReLU."""
        unit = self.stream.atoms[atom]
        assert isinstance(unit, Unit)
        inner = total([(unit.sign, Form(self.stream.directions[unit.direction]))], unit.constant)
        self.script.definition(eq(self.names[atom], relu(self.term(inner))))

    def _directions(self) -> None:
        """The bounds that are known of sums of declared atoms."""
        for number, (low, high) in sorted(self.stream.known.items()):
            direction = Form(self.stream.directions[number])
            if len(direction.terms) > 1 and self.known(direction):
                self.script.definition(land(le(num(low), self.term(direction)), le(self.term(direction), num(high))))

    def _parts(self, atom: int) -> int:
        """An integer of which the atom is always a multiple of one part; 0 where none is known.

        A lookup of the program returns one of the values that it reads, or 0 (lemma numerics.ties).
        """
        if atom not in self._known_parts:
            kind = self.stream.atoms[atom]
            parts = 0
            if isinstance(kind, Code):
                parts = 2
            elif isinstance(kind, Mean) and kind.score < self.reader.own_scores:
                parts = self._parts(kind.atom)
            elif isinstance(kind, Mean) and (known := self.winning(kind.score)) is not None:
                parts = (1 + known.shared) * self._parts(kind.atom)
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
            self.script.sort(eq(plus(*(self.term(form) for form in self.flags(side))), "1"), side, "encoding.codebook")
            for field in book.fields:
                owner = self._owner(side, field.payload)
                bits = [self.stream.code(side, c) for c in book.slots[field.name]]
                self._signs(side, bits if field.encode == "signs" else [], owner)

    def _signs(self, side: str, forms: Sequence[Form], owner: Term) -> None:
        """Bits of a field, where its owner, a flag, says that it is there."""
        for form in filter(self.known, forms):
            sign = self.term(form)
            self.script.sort(lor(eq(sign, owner), eq(sign, f"(- {owner})")), side, "encoding.codebook")

    def known(self, form: Form) -> bool:
        """Whether all atoms of a form are declared."""
        return all(atom in self.names for atom in form.terms)


class Place:
    """The position as ``proofs.symbolic.sequence_invariants`` asks for one: kinds, definitions. Payloads may be anything."""

    def __init__(self, at: PositionInvariants) -> None:
        self.at, self.step = at, SimpleNamespace(te=at.book, machine=at.machine)
        for name in ("t", "length", "cells", "processors") if not at.prefix.strip("i") else ():
            at.script.definition(le("0", at.script.declare(name, "Real")))

    def kind(self, *names: str) -> Term:
        """Whether it is of one of the kinds, given as ``pe.target``."""
        return eq(plus(*(self.at.flag(*name.split(".", 1)) for name in names)), "1")

    def __call__(self, name: str) -> Term:
        """The value of a definition of one coordinate."""
        (form,) = self.at.reader.of[self.at.reader.program.definitions[name]]
        return self.at.term(form)

    def payload(self, side: str, name: str) -> Term:
        """A payload, or a number without assumptions."""
        known = self.at.payloads
        if (side, name) not in known:
            known[side, name] = self.at.script.declare(f"{self.at.prefix}{side}.{name}", "Real")
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
