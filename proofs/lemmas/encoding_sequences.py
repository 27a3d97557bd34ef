"""Family encoding (claim B), contents: instructions, logs and configurations to tokens and back, for every P, M, L and T.

A sequence is written position by position, each from its place, and read place by place. It is therefore sufficient to show the
round trips for one place at a time: the methods of the layouts are run on abstract tokens and positions, where a token is a
kind and a payload (lemma encoding.tokens) and a position is its place (lemma encoding.places). *There*: reading the tokens that
are written for a content returns that content. *Back*: tokens that are accepted by the reader are those that are written for
the content that it returns. Round trips of whole sequences of small machines relate this to the arrays in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

from efasp.encoding import FIELDS, STOPPED, Event, Write
from efasp.pram.isa import EXTENSIONS, REGISTERS, Reg
from efasp.proofs.lemmas.encoding_placed_layouts import (
    WRONG,
    Given,
    Later,
    PlacedCells,
    PlacedLog,
    PlacedProgram,
    Token,
    Tokens,
    Unread,
    attempt,
    read,
)  # fmt: skip
from efasp.proofs.lemmas.encoding_places import under
from efasp.proofs.lemmas.encoding_round_trips import replayed
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import FALSE, TRUE, Script, Term, land, le, lt, num
from efasp.proofs.symbolic.ends import index_ends, register_ends, size_ends, word_ends
from efasp.proofs.symbolic.machine import SIZE, At, Branches, Elsewhere, Symbol, of, paths, same, word

STATUSES = ("running", *STOPPED)
INDEX: Any = Symbol("index")
REGISTER: Any = Symbol("register")


def accepted(part: Part) -> Iterator[tuple[list[Term], Any, Given]]:
    """Every accepted reading, as (conditions, content, tokens): a token that is read may have any kind and payload."""
    left: list[tuple[Given, list[Term]]] = [(Given({}), [])]
    while left:
        given, before = left.pop()

        def ask(given: Given = given) -> Any:
            try:
                return read(lambda: part.read(Tokens(lambda row: Later(given, row))))
            except Unread as unread:
                return unread

        for conditions, result in paths(ask, partial(decided, before)):
            if isinstance(result, Unread):
                name = f"payload{len(given.tokens)}"
                for kind in part.layout.vocabulary.kinds:
                    left.append((given.more(result, Token(kind.name, Symbol(name) if kind.payloads else 0)), conditions))
            elif result is not None:
                yield conditions, result, given


def decided(conditions: Sequence[Term], prescribed: list[bool]) -> Branches:
    """The decisions of a run that starts under the given conditions."""
    branches = Branches(prescribed)
    branches.conditions += conditions
    for condition in conditions:
        branches.known[condition] = True
        if condition.startswith("(not "):
            branches.known[condition[5:-1]] = False
    return branches


# The parts of a sequence: their contents, and how they are read and written.


class Part:
    """A part of a sequence: its symbolic contents, its reader, and the token at each of its places."""

    def __init__(self, layout: Any) -> None:
        self.layout = layout

    def contents(self) -> Iterable[Any]:
        """One symbolic content for each shape."""
        raise NotImplementedError

    def read(self, tokens: Any) -> Any:
        """The content of the tokens. Raises EncodingError if they are refused."""
        raise NotImplementedError

    def token(self, content: Any, row: Any) -> Any:
        """The token at a place."""
        raise NotImplementedError

    def valid(self, content: Any) -> Term:
        """A further condition that every accepted content satisfies."""
        return TRUE


class Header(Part):
    """``bos`` and P: the reader checks them, and the content is empty."""

    def contents(self) -> Iterable[Any]:
        return [()]

    def read(self, tokens: Any) -> Any:
        self.layout.read_prompt(tokens)  # without its instructions
        return ()

    def token(self, content: Any, row: Any) -> Any:
        return self.layout.prompt_token((), row)


class Fields(Part):
    """An instruction: every operation, with and without rd and ra; x is a register, an immediate or absent."""

    def contents(self) -> Iterable[Any]:
        ops = [kind.name.removeprefix("op:") for kind in self.layout.vocabulary.kinds if kind.name.startswith("op:")]
        number = Symbol("register")
        return product(ops, (None, number), (None, Symbol("other")), (None, Symbol("x"), Reg(number)))  # type: ignore[arg-type]

    def read(self, tokens: Any) -> Any:
        return entry(self.layout.read_prompt(tokens), "L")

    def token(self, content: Any, row: Any) -> Any:
        op, rd, ra, x = content
        return self.layout.prompt_token(At(INDEX, SimpleNamespace(op=op, rd=rd, ra=ra, x=x)), row)


class InitialWord(Part):
    """A word of the initial memory of the log."""

    def contents(self) -> Iterable[Any]:
        return [Symbol("x")]

    def read(self, tokens: Any) -> Any:
        return entry(self.layout.read_memory(tokens), "M")

    def token(self, content: Any, row: Any) -> Any:
        return self.layout.token((), At(INDEX, content), row)


class Events(Part):
    """The event of a processor in the log: every status, and every kind of write."""

    def contents(self) -> Iterable[Any]:
        writes = (("register", Symbol("register")), ("memory", Symbol("address")))
        every = (None, *(Write(space, target, Symbol("x")) for space, target in writes))  # type: ignore[arg-type]
        return [Event(Symbol("pc"), status, write) for status, write in product(STATUSES, every)]  # type: ignore[arg-type]

    def read(self, tokens: Any) -> Any:
        return entry(self.layout.events(tokens), "P")

    def token(self, content: Any, row: Any) -> Any:
        return self.layout.block_token(At(INDEX, content), row)

    def valid(self, content: Any) -> Term:
        """The address of a store is below M."""
        stores = content.write is not None and content.write.space == "memory"
        return lt(of(content.write.target), "M") if stores else TRUE


class Cell(Part):
    """A memory cell, and the slot that holds its value; the base of the other kinds of cells."""

    kind, number = "memory", "M"
    register: Any = 0

    def contents(self) -> Iterable[Any]:
        return product([Symbol("x")], (0, 1))

    def held(self, state: Any) -> Any:
        """The value of the cell in a configuration."""
        return entry(state.memory, self.number)

    def read(self, tokens: Any) -> Any:
        state, slots = self.layout.state(tokens)
        return self.held(state), entry(slots, "(+ M (* 9 P))", self.cell)

    @property
    def cell(self) -> Any:
        """The number of the cell, represented by its place."""
        return self.layout.cell(self.layout.row(self.kind, index=INDEX, register=self.register))

    def state(self, value: Any) -> Any:
        """A configuration in which the cell has a value."""
        return SimpleNamespace(memory=At(INDEX, value))

    def token(self, content: Any, row: Any) -> Any:
        value, slot = content
        return self.layout.token((), self.state(value), At(self.cell, slot), row)


class RegisterCell(Cell):
    """A register cell."""

    kind, number, register = "register", "P", REGISTER

    def held(self, state: Any) -> Any:
        return entry(entry(state.registers, self.number), num(REGISTERS), REGISTER)

    def state(self, value: Any) -> Any:
        return SimpleNamespace(registers=At(INDEX, At(REGISTER, value)))


class CounterCell(Cell):
    """A counter cell: a program counter, with every status."""

    kind, number = "counter", "P"

    def contents(self) -> Iterable[Any]:
        return product([(Symbol("pc"), status) for status in STATUSES], (0, 1))

    def held(self, state: Any) -> Any:
        return entry(state.pc, self.number), entry(state.status, self.number)

    def state(self, value: Any) -> Any:
        pc, status = value
        return SimpleNamespace(pc=At(INDEX, pc), status=At(INDEX, status))


def entry(table: Any, count: Term, index: Any = INDEX) -> Any:
    """An element of a sequence that must have ``count`` elements. Raises Elsewhere if it has another number."""
    if of(table.length) == count or table.length == Symbol(count):
        return table[index]
    raise Elsewhere(f"{table.length} elements")


PARTS: tuple[tuple[str, str, type[Part], type[Any]], ...] = (
    ("encoding.instructions", "instruction", Fields, PlacedProgram),
    ("encoding.log", "header", Header, PlacedLog),
    ("encoding.log", "initial word", InitialWord, PlacedLog),
    ("encoding.log", "event", Events, PlacedLog),
    ("encoding.cells", "header", Header, PlacedCells),
    ("encoding.cells", "memory", Cell, PlacedCells),
    ("encoding.cells", "register", RegisterCell, PlacedCells),
    ("encoding.cells", "counter", CounterCell, PlacedCells),
)


def symbols(part: str) -> Script:
    """A script that declares the symbols of an arbitrary content of an arbitrary machine."""
    script = Script("QF_NIA" if part == "header" else "QF_LIA")
    word(script)
    for name, limit in (
        ("P", ""),
        ("M", ""),
        ("L", ""),
        ("x", SIZE),
        ("pc", SIZE),
        ("address", "M"),
        ("register", "8"),
        ("other", "8"),
    ):
        script.integer(name, 0 if limit else 1)
        script.definition(lt(name, limit) if limit else le(name, SIZE))
    index = "L" if part == "instruction" else "M" if part in ("initial word", "memory") else "P"
    script.integer("index", 0, note="of the instruction, the word or the processor")
    script.definition(lt("index", index))
    size_ends(script, ("P", "M", "L"), SIZE)
    index_ends(script, "index", index, size=SIZE)
    index_ends(script, "address", "M", size=SIZE)
    register_ends(script, "register", "other")
    word_ends(script, "x", "pc", size=SIZE)
    for number in range(len(FIELDS)):
        script.integer(f"payload{number}", 0, note="of a token")
    return script


def there(part: Part) -> Term:
    """The term: for every content of the part, reading the tokens that are written for it returns it."""
    goals = []
    for content in part.contents():

        def around(content: Any = content) -> Any:
            return read(lambda: part.read(Tokens(lambda row: part.token(content, row))))

        for conditions, result in paths(around):
            goals.append(under(conditions, FALSE if result is None else same(result, content)))
    return land(*dict.fromkeys(goals))


def back(part: Part) -> Term:
    """Accepted tokens are those that are written for the content that is read, and that content is valid."""
    goals = []
    for conditions, content, given in accepted(part):
        goals.append(under(conditions, FALSE if content is WRONG else part.valid(content)))
        for row, token in () if content is WRONG else given.tokens.values():
            for further, written in paths(lambda c=content, r=row: attempt(lambda: part.token(c, r))):  # type: ignore[misc]
                goals.append(under([*conditions, *further], same(written, token)))
    return land(*dict.fromkeys(goals))


def contents(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations for every part of a sequence, in both directions."""
    for lemma, name, kind, make in PARTS:
        for extension in EXTENSIONS if kind is Fields else ("M",):  # the tokens without M are among those with it
            for way, state in (("there", there), ("back", back)):
                goal = state(kind(make.any(extension)))
                params = {"of": name, "way": way, **({"ext": extension or "none"} if kind is Fields else {})}
                replay = partial(replayed, lemma.removeprefix("encoding."))
                yield symbols(name).obligation(lemma, "B", params, "all n", n, goal, "every P, M, L, T", replay)
