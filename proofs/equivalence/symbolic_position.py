"""Further assumptions about a position: lookups that find a match, and heads that read otherwise than the program's.

A proof from all these assumptions holds for every well-formed sequence; a model of them need not be a well-formed sequence.
"""

from __future__ import annotations

from fractions import Fraction

from efasp.affine_forms import Form
from efasp.pram.isa import operations
from efasp.proofs.equivalence.assumptions import PositionInvariants
from efasp.proofs.equivalence.program_values import absent, integers, key, sink_values
from efasp.proofs.smtlib import Term, eq, implies, land, le, lnot, lor, num, plain, plus
from efasp.proofs.symbolic.codes import carriers
from efasp.proofs.symbolic.residual_atoms import Mean, Winning


class SymbolicPosition(PositionInvariants):
    """A position with every assumption about it. ``group``: whether its read-out counts, if that is given."""

    def _assume(self) -> None:
        super()._assume()
        self._twins()
        self._statuses()
        self._shapes()
        self._winners()
        if self.group is not None:
            self.script.definition(self.counted if self.group else lnot(self.counted), "its read-out counts, or does not")

    def _read(self, score: int) -> list[tuple[int, Term]]:
        """The values read by a score: the atoms below, with the names of their means."""
        kinds = ((self.stream.atoms[atom], name) for atom, name in sorted(self.names.items()))
        return [(kind.atom, name) for kind, name in kinds if isinstance(kind, Mean) and kind.score == score]

    def _statuses(self) -> None:
        """Where a counter is found it has a status."""
        forms = self.reader.of[self.reader.program.definitions["status"]]
        for score, found in self.parts.items():
            if any(here.name == "status" for here in found) and all(map(self.known, forms)):
                for condition in self.finds(score):
                    self.script.sort(implies(condition, eq(plus(*map(self.term, forms)), "1")), "value", "simulation.counter")

    def _shapes(self) -> None:
        """A fetched instruction has the registers of its operation's shape, and no others (family encoding)."""
        of, definitions, table = self.reader.of, self.reader.program.definitions, operations(self.machine.extension)
        flags = [pair for pair in zip(table, of[definitions["operation"]], strict=True) if self.known(pair[1])]
        for name, always, perhaps in (("rd", "ds", ""), ("ra", "a", "m")):
            (first, *_) = of[definitions[name]]
            if not self.known(first):
                continue
            there = [self.term(flag) for operation, flag in flags if set(always) & set(operation.shape)]
            none = [self.term(flag) for operation, flag in flags if not set(always + perhaps) & set(operation.shape)]
            for which, absent_name in ((there, lnot(eq(self.term(first), "0"))), (none, eq(self.term(first), "0"))):
                self.script.sort(implies(eq(plus(*which), "1"), absent_name), "register name", "simulation.fetch")

    def _twins(self) -> None:
        """A head with the keys and values of another reads the same where its query is the same."""
        for score, (old, changes) in sorted(self.stream.twins.items()):
            if not all(map(self.known, changes)):
                continue
            same = land(*(eq(self.term(form), "0") for form in changes))
            for atom, name in self._read(score):
                (twin,) = self.stream.mean(old, Form({atom: 1})).terms
                if twin in self.names:
                    self.script.definition(implies(same, eq(name, self.names[twin])), "the same query")

    def finds(self, score: int) -> list[Term]:
        """Conditions under which the lookup of a score finds something: a counter, and a cell that is named, are always there.

        Of the log: simulation.counter; of cells: simulation.kept, for the places that a processor has (encoding.places). A name
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

    def _winners(self) -> None:
        """Consequences of the winners by a score that is not the program's (numerics.ties of the head)."""
        for (score, group), known in sorted(self.stream.winning.items()):
            read = self._read(score) if group is self.group else []
            if read and known.shared:
                self._shared(known, read)
            elif read:
                self._found(score, known, read)

    def _shared(self, known: Winning, read: list[tuple[int, Term]]) -> None:
        """Where the sink is one of two that win, half of the other's value is read at most."""
        for atom, name in read:
            low, high = (Fraction(end) / 2 for end in self.stream.bounds[atom])
            for flag, at in absent(self.reader, self.machine, known.of):
                if self.known(flag):
                    halved = land(le(num(low), name), le(name, num(high)))
                    self.script.sort(implies(eq(self.term(flag), num(at)), halved), "", "numerics.ties")

    def _found(self, score: int, known: Winning, read: list[tuple[int, Term]]) -> None:
        """The value of one position is read, and 0 where a word of the query is 0."""
        self._position(score)
        for form in known.values:
            value, integer = self.stream.mean(score, form), integers(self.reader).get(key(form))
            if integer and form.terms and self.known(value):
                self.one_of(value, integer[1])
        sink = sink_values(self.reader)
        for word in known.words:
            if all(map(self.known, word)):
                none = land(*(eq(self.term(form), "0") for form in word))
                for atom, name in read:
                    if atom in sink:
                        self.script.sort(implies(none, eq(name, num(sink[atom]))), "", "numerics.ties")

    def _position(self, score: int) -> None:
        """The position that a lookup reads has a code."""
        for side, book in self.stream.books.items():
            flags = {
                kind.name: self.script.declare(f"{self.prefix}{side}.{plain(kind.name)}.{score}", "Real") for kind in book.kinds
            }
            for flag, name in zip(self.flags(side), flags.values(), strict=True):
                self.script.definition(lor(eq(name, "0"), eq(name, "1")))
                read = self.stream.mean(score, flag)
                if self.known(read):
                    self.script.definition(eq(self.term(read), name))
            self.script.definition(eq(plus(*flags.values()), "1"), f"one kind of {side}")
            for field in book.fields:
                owner = plus(*(flags[name] for name in carriers(book, field.payload)))
                bits = [self.stream.mean(score, self.stream.code(side, c)) for c in book.slots[field.name]]
                self._signs(side, bits if field.encode == "signs" else [], owner)
