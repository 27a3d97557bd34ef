"""How many steps a program with counted loops takes, from its text alone: the steps of a run that halts are a polynomial.

The program is for one processor. Its control flow may have: loops that nest, each ended by the only jump to its start, ``jnz``
of its counter right after that was decremented; in front of a loop a guard, ``jz`` of its counter to the instruction behind the
loop; one outermost loop, without a counter (the passes); and jumps behind the ``halt``, from where a run can only fault. A
counter is a register that nothing else in its loop writes, or a cell, a named address, that nothing else in its loop stores to.
A loop runs as often as its counter says at the start: a constant, or a word of the row of a table that a pointer shows, a cell
that goes from row to row with the iterations of one loop.

Stores through a register could write anywhere, so that register must have been or-ed with ``TOP`` right before. Where ``TOP``
is a power of two above every cell and table, the store misses them all: counters, pointers and tables are as the text says,
for every input. Nothing is assumed of loads. Each of these conditions is checked, and a text that fails one is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

from efasp.pram.assembler.parser import Operand, Register, Value, read_listing
from efasp.pram.assembler.source import Source, split_lines
from efasp.pram.isa import OPERATIONS, REGISTERS

Monomial = tuple[str, ...]  # a product of names
JUMPS = ("jz", "jnz", "jmp")
REGISTER_NAMES = {f"r{number}" for number in range(REGISTERS)}
ROW = re.compile(r"\[(r[0-7])(?: \+ ([0-9]+))?\]")
WRITES = {operation.mnemonic for operation in OPERATIONS.values() if operation.writes_register}
OUTERMOST = "passes"
TOP = "TOP"


class Uncounted(ValueError):
    """A text whose steps are not counted; names the line, what was expected and what was found."""


@dataclass(frozen=True)
class Step:
    """An instruction: mnemonic, operands as text (``r1``, ``NAME``, ``5``, ``[r1 + NAME]``), and its line in the text."""

    mnemonic: str
    operands: tuple[str, ...]
    line: int

    @property
    def written(self) -> str:
        """The register that it writes, or none."""
        return self.operands[0] if self.mnemonic in WRITES else ""

    @property
    def stored(self) -> str:
        """The address of a store as text, or none."""
        return self.operands[1] if self.mnemonic == "st" else ""

    def __str__(self) -> str:
        return f"{self.mnemonic} {', '.join(self.operands)}"


@dataclass(frozen=True)
class Loop:
    """A loop: its label, first and last instruction, and the monomials whose product its iterations are in all passes."""

    label: str
    first: int
    last: int
    iterations: Monomial


@dataclass(frozen=True)
class Rows:
    """The rows that a pointer shows in a pass: ``width`` words each, from ``table`` on, one an iteration of ``loop``.

    ``end``: the instruction that moves the pointer to the next row.
    """

    table: str
    width: int
    loop: Loop
    end: int


@dataclass(frozen=True)
class Counted:
    """The steps of a run that halts: for every monomial its coefficient; and what the count rests on.

    The names: of constants; ``passes``; and ``P[k]``, the sum of word k over the rows that the pointer P shows in a pass.
    ``positive``: constants that must be 1 or more, for a loop without a guard. ``cells``: the names that are stored to, which
    must be different addresses below every table. ``tables``: by pointer the table, and the words of a row. ``limit``: a cell
    and a constant, or nothing; where the cell is 0 at the start, there are at most as many passes as the constant says.
    """

    polynomial: Mapping[Monomial, int]
    positive: frozenset[str]
    cells: frozenset[str]
    tables: Mapping[str, tuple[str, int]]
    limit: tuple[str, ...] = ()


def counted(text: str) -> Counted:
    """The steps that a text takes. Raises Uncounted where a condition is not met."""
    found = _Text(text)
    polynomial = found.count()
    cells = frozenset(name for step in found.steps[: found.halt] if (name := _name(step.stored)))
    tables = {pointer: (rows.table, rows.width) for pointer, rows in found.rows.items()}
    return Counted(polynomial, frozenset(found.positive), cells, tables, found.limit())


def value(polynomial: Mapping[Monomial, int], names: Mapping[str, Any]) -> Any:
    """The polynomial at numbers or symbols."""
    return sum(coefficient * prod(names[name] for name in monomial) for monomial, coefficient in polynomial.items())


def shown(polynomial: Mapping[Monomial, int]) -> str:
    """The polynomial as text."""
    terms = []
    for monomial, coefficient in sorted(polynomial.items(), key=lambda item: (len(item[0]), item[0])):
        powers = [f"{name}^{power}" if power > 1 else name for name, power in Counter(monomial).items()]
        terms.append(" ".join([str(coefficient), *powers] if coefficient > 1 or not powers else powers))
    return " + ".join(terms)


class _Text:
    """The instructions of a text, its labels, and the loops among them."""

    def __init__(self, text: str) -> None:
        listing = read_listing(Source("decoder", split_lines(text)))
        self.labels = {name: at for name, (at, _) in listing.labels.items()}
        self.entered = set(self.labels.values())
        self.steps = [Step(m.text.lower(), tuple(map(_written, operands)), m.line) for m, operands in listing.code]
        self.positive: set[str] = set()
        self.rows: dict[str, Rows] = {}
        halts = [at for at, step in enumerate(self.steps) if step.mnemonic == "halt"]
        if len(halts) != 1:
            raise Uncounted(f"expected one halt, found {len(halts)}")
        self.halt = halts[0]

    def refused(self, at: int, expected: str) -> Uncounted:
        """The error that ``expected`` was expected at an instruction."""
        return Uncounted(f"line {self.steps[at].line}: expected {expected}, found {self.steps[at]}")

    def count(self) -> dict[Monomial, int]:
        """The polynomial."""
        self.check_jumps()
        self.check_stores()
        total = Counter[Monomial]({(): 1})  # the halt
        for at in range(self.halt):
            total[tuple(sorted(self.innermost(at).iterations, key=lambda name: (name != OUTERMOST, name)))] += 1
        return dict(total)

    def innermost(self, at: int) -> Loop:
        """The innermost loop of an instruction in front of the halt."""
        return [loop for loop in self.loops if loop.first <= at <= loop.last][-1]

    # Control flow.

    @cached_property
    def spans(self) -> list[tuple[str, int, int]]:
        """Label, first and last instruction of every loop, an outer one first. Raises Uncounted if they do not nest."""
        spans = []
        for at, step in enumerate(self.steps):
            if step.mnemonic in JUMPS and self.target(at) <= at:
                if step.mnemonic != "jnz":
                    raise self.refused(at, "jnz at the end of a loop")
                spans.append((step.operands[-1], self.target(at), at))
        spans.sort(key=lambda span: (span[1], -span[2]))
        for number, (label, first, last) in enumerate(spans):
            for other, low, high in spans[number + 1 :]:
                if low == first or low <= last < high:
                    raise Uncounted(f"expected loops that nest, each with one start, found {label} and {other}")
        if not spans or spans[0][1:] != (0, self.halt - 1):
            raise Uncounted("expected one loop around everything in front of the halt")
        return spans

    def target(self, at: int) -> int:
        """The step to which the jump at a place of the program goes. Raises an error for no jump to a label."""
        label = self.steps[at].operands[-1]
        if label not in self.labels:
            raise self.refused(at, "a jump to a label")
        return self.labels[label]

    def guarded(self, first: int) -> bool:
        """Whether the loop that begins at an instruction has a jump in front of it."""
        return first > 0 and self.steps[first - 1].mnemonic in JUMPS

    def check_jumps(self) -> None:
        """Every jump ends a loop, guards one, or leaves for behind the halt, where there is no jump."""
        lasts = {first: last for _, first, last in self.spans}
        for at, step in enumerate(self.steps):
            if step.mnemonic not in JUMPS or (at < self.halt and self.target(at) <= at):
                continue
            guard = step.mnemonic == "jz" and self.target(at) == lasts.get(at + 1, at) + 1
            leaves = step.mnemonic != "jmp" and self.target(at) > self.halt
            if at > self.halt:
                raise self.refused(at, "no jump behind the halt")
            if not (guard or leaves):
                raise self.refused(at, "a jump that ends a loop, guards one or leaves for behind the halt")

    def check_stores(self) -> None:
        """Every store is to a name, or through a register that was or-ed with TOP right before."""
        for at, step in enumerate(self.steps[: self.halt]):
            register = step.stored.strip("[]")
            if not step.stored or _name(step.stored):
                continue
            before = None if at in self.entered else self.back(at, lambda one, r=register: one.written == r)  # type: ignore[misc]
            if before is None or str(self.steps[before]) != f"or {register}, {register}, {TOP}":
                raise self.refused(at, f"a store to a name, or through a register that was or-ed with {TOP}")

    def back(self, at: int, wanted: Callable[[Step], bool]) -> int | None:
        """The last wanted instruction before ``at``, if every way to ``at`` from in front of it comes straight from there."""
        here = at
        while here > 0:
            here -= 1
            if self.steps[here].mnemonic in JUMPS:
                return None
            if wanted(self.steps[here]):
                return here
            if here in self.entered:
                return None
        return None

    def written(self, register: str, at: int, expected: str) -> int:
        """The instruction that gives a register the value that it has before ``at``. Raises Uncounted if there is not one."""
        found = self.back(at, lambda one: one.written == register)
        if found is None:
            raise self.refused(at, expected)
        return found

    def limit(self) -> tuple[str, ...]:
        """The cell that counts the passes, and the constant below which another one begins; nothing where that is not so.

        The last jump's register must be whether the cell, plus 1, is below the constant, perhaps and-ed with more.
        """
        last = self.halt - 1
        register = self.steps[last].operands[0]
        at = self.back(last, lambda one: one.written == register and one.mnemonic != "and")
        if at is None or at < 3 or {at - 2, at - 1, at, last} & self.entered:
            return ()
        test, cell = self.steps[at], _name(self.steps[at - 1].stored)
        ands = [step for step in self.steps[at + 1 : last] if step.written == register]
        before = [f"ld {register}, [{cell}]", f"add {register}, {register}, 1", f"st {register}, [{cell}]"]
        stores = [step for step in self.steps if step.stored == f"[{cell}]"]
        if (
            [str(step) for step in self.steps[at - 3 : at]] != before
            or (test.mnemonic, test.operands[:2]) != ("slt", (register, register))
            or not test.operands[2].isidentifier()
            or any(step.operands[1] != register for step in ands)
            or len(stores) != 1
        ):
            return ()
        return cell, test.operands[2]

    # Iterations.

    @cached_property
    def loops(self) -> list[Loop]:
        """Every loop with its iterations, an outer one first."""
        loops = [Loop(*self.spans[0], (OUTERMOST,))]
        for label, first, last in self.spans[1:]:
            around = [loop for loop in loops if loop.first <= first and last <= loop.last]
            loops.append(Loop(label, first, last, self.iterations(first, self.trips(first, last), around)))
        return loops

    def trips(self, first: int, last: int) -> int:
        """The instruction that gives a loop's counter its value. Raises Uncounted."""
        register, what = self.steps[last].operands[0], "a loop that its counter ends"
        start = first - 1 if self.guarded(first) else first
        if start < first and start in self.entered:
            raise self.refused(start, "a guard to which nothing jumps")
        cell = self.steps[last - 1].stored
        end = last - 3 if cell else last - 1
        ending = [f"ld {register}, {cell}", f"sub {register}, {register}, 1", f"st {register}, {cell}"]
        wanted = ending if cell else ending[1:2]
        if [str(step) for step in self.steps[end:last]] != wanted or (cell and not _name(cell)):
            raise self.refused(last, what)
        if self.entered & set(range(end + 1, last + 1)):
            raise self.refused(last, f"{what}, and nothing that jumps between")
        for at in range(first, end):
            if (self.steps[at].stored == cell) if cell else (self.steps[at].written == register):
                raise self.refused(at, f"nothing else that writes the counter of the loop at line {self.steps[first].line}")
        if cell:
            store = self.back(start, lambda one: one.stored == cell)
            if store is None:
                raise self.refused(start, f"a value for {cell} in front of the loop")
            register = self.steps[store].operands[0]
            found = self.written(register, store, "a value that is stored")
        else:
            found = self.written(register, start, f"a value for {register} in front of the loop")
        if start < first and (
            self.steps[start].operands[0] != register or self.written(register, start, "the counter's value") != found
        ):
            raise self.refused(start, "a guard of the loop's counter")
        return found

    def iterations(self, first: int, at: int, around: list[Loop]) -> Monomial:
        """The iterations of a loop in ``around``, whose counter instruction ``at`` sets."""
        step = self.steps[at]
        if step.mnemonic == "mov" and step.operands[1].isidentifier() and step.operands[1] not in REGISTER_NAMES:
            if not self.guarded(first):
                self.positive.add(step.operands[1])
            return (*around[-1].iterations, step.operands[1])
        row = ROW.fullmatch(step.operands[1]) if step.mnemonic == "ld" else None
        if row is None or not self.guarded(first):
            raise self.refused(at, "a constant by name, or a word of a row for a loop with a guard")
        source = self.steps[self.written(row[1], at, "a row's address")]
        pointer = _name(source.operands[1]) if source.mnemonic == "ld" else ""
        if not pointer:
            raise self.refused(at, "a row that a pointer shows")
        rows = self.visited(pointer, around)
        inside = around[around.index(rows.loop) + 1 :] if rows.loop in around else []
        if rows.loop not in around or at > rows.end or int(row[2] or 0) >= rows.width:
            raise self.refused(at, "a word of the row, in the loop of the pointer and before it moves on")
        names = [loop.iterations[-1] for loop in inside]
        if any(name.endswith("]") for name in names):
            raise self.refused(at, "a loop whose outer loops do not depend on the row")
        return (OUTERMOST, *names, f"{pointer}[{int(row[2] or 0)}]")

    def visited(self, pointer: str, around: list[Loop]) -> Rows:
        """The rows that a pointer shows, which moves once an iteration of one of the loops ``around``. Raises Uncounted."""
        if pointer in self.rows:
            return self.rows[pointer]
        stores = [at for at, step in enumerate(self.steps) if step.stored == f"[{pointer}]"]
        if len(stores) != 2:
            raise Uncounted(f"expected two stores to {pointer}, its start and its move, found {len(stores)}")
        start, end = stores
        register = self.steps[end].operands[0]
        move = self.steps[end - 1].operands
        straight = not self.entered & {end - 1, end} and str(self.steps[end - 2]) == f"ld {register}, [{pointer}]"
        if not straight or self.steps[end - 1].mnemonic != "add" or move[:2] != (register, register) or not move[2].isdecimal():
            raise self.refused(end, "a pointer that moves by a constant")
        table = self.steps[self.written(self.steps[start].operands[0], start, "a table's address")]
        spans = [span for span in self.spans if span[1] <= end <= span[2]]
        loops = [loop for loop in around if (loop.label, loop.first, loop.last) == spans[-1]]
        outside = not any(first <= start <= last for _, first, last in self.spans[1:])
        named = table.mnemonic == "mov" and table.operands[1].isidentifier()
        if not loops or not outside or start > loops[0].first or not named:
            raise self.refused(end, "a pointer that starts at a table in every pass and moves in a loop around its use")
        self.rows[pointer] = Rows(table.operands[1], int(move[2]), loops[0], end)
        return self.rows[pointer]


def _name(address: str) -> str:
    """The name in an absolute address ``[NAME]``, or none."""
    inner = address.strip("[]")
    return inner if inner.isidentifier() and inner not in REGISTER_NAMES else ""


def _written(operand: Operand) -> str:
    """An operand as text."""
    if isinstance(operand, Register):
        return f"r{operand.number}"
    if isinstance(operand, Value):
        return operand.token.text
    offset = "" if operand.offset is None else operand.offset.token.text
    if operand.base is None:
        return f"[{offset}]"
    sign = "+" if operand.sign > 0 else "-"
    return f"[r{operand.base} {sign} {offset}]" if offset else f"[r{operand.base}]"
