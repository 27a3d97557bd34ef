"""Small machines on symbols: decoded by a transformer plan, run by ``efasp.pram.machine``, and the goal that they agree.

Symbols are the memory words and, line by line of the program, the fields that ``Line`` leaves open: the operation, register
names, immediates, and whether an operand is a register or an immediate. The whole sequence is decoded, decoding step after
decoding step (``proofs.symbolic.plans``); the machine runs on the same symbols, one run for each way that its branches can go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from operator import index
from random import Random
from types import SimpleNamespace
from typing import Any

import numpy as np

from efasp.affine_forms import Form
from efasp.encoding import FIELDS, CellLayout, Event, LogLayout, TokenSequence, Write, join
from efasp.model.plan import Plan
from efasp.model.sampler import split
from efasp.pram import machine as pram
from efasp.pram.isa import OPERATIONS, Instruction, Reg
from efasp.pram.machine import Configuration, Program
from efasp.process import DELETE, INSERT, REMASK
from efasp.proofs.obligation import Assignment, Machine
from efasp.proofs.smtlib import FALSE, TRUE, Script, Term, eq, implies, land, lor
from efasp.proofs.symbolic.bit_vectors import BOOL, Word, Writer, vectors, ways
from efasp.proofs.symbolic.boolean_forms import ONE, Space
from efasp.proofs.symbolic.plans import Token, Tokens

WORD, PROCESSORS, MEMORY = 5, 2, 3
REG = 3  # bits of a register name
IMM = None  # stands for a symbolic immediate
Value = Callable[[str], Any]  # the value of a symbolic word, by its name: an integer or a word


@dataclass(frozen=True)
class Line:
    """An instruction: for each field the alternatives of a symbolic choice. Fields that its shape lacks are left out.

    Where the shape takes no register as ``x``, the registers among its choices are left out.
    """

    ops: tuple[str, ...]
    rd: tuple[int, ...] = (2,)
    ra: tuple[int | None, ...] = (1,)
    x: tuple[Reg | int | None, ...] = (IMM,)

    def __str__(self) -> str:
        """Its fields in order, choices separated by ``|``."""
        names = [[f"r{r}" if r is not None else "-" for r in field] for field in (self.rd, self.ra)]
        names.append(["imm" if x is IMM else f"r{x.number}" if isinstance(x, Reg) else str(x) for x in self.x])
        return " ".join("|".join(field) for field in (self.ops, *names))

    def choices(self, op: str) -> dict[str, Sequence[Any]]:
        """The alternatives of rd, ra and x for an operation."""
        shape = set(OPERATIONS[op].shape)
        x = [x for x in self.x if "x" in shape or not isinstance(x, Reg)] or [IMM]
        return {
            "rd": self.rd if shape & set("ds") else (),
            "ra": self.ra if shape & set("am") else (),
            "form": x if shape & set("xmt") else (),
        }

    def symbols(self, number: int) -> dict[str, int]:
        """The symbolic words of the line with this number, each with its bits."""
        each = [self.choices(op) for op in self.ops]
        counts = {"op": len(self.ops)} | {name: max(len(choices[name]) for choices in each) for name in each[0]}
        found = {f"{name}{number}": (count - 1).bit_length() for name, count in counts.items() if count > 1}
        return found | ({f"x{number}": WORD} if any(IMM in choices["form"] for choices in each) else {})

    def instruction(self, number: int, value: Value) -> Any:
        """The instruction that the values of the symbols make of the line."""

        def pick(name: str, some: Sequence[Any]) -> Any:
            return some[index(value(f"{name}{number}")) % len(some)] if len(some) > 1 else some[0] if some else None

        op = pick("op", self.ops)
        choices = self.choices(op)
        rd, ra, x = (pick(name, some) for name, some in choices.items())
        if choices["form"] and x is IMM:
            x = value(f"x{number}")
        return SimpleNamespace(op=op, rd=rd, ra=ra, x=x) if isinstance(x, Word) else Instruction(op, rd, ra, x)


@dataclass(frozen=True)
class Case:
    """A small program, run for ``steps`` steps."""

    lines: tuple[Line, ...]
    steps: int = 2

    @property
    def name(self) -> str:
        """The lines of the case, as one text."""
        return "; ".join(map(str, self.lines))

    @property
    def symbols(self) -> dict[str, int]:
        """The symbolic words, each with its bits."""
        words = {f"memory{i}": WORD for i in range(MEMORY)}
        for number, line in enumerate(self.lines):
            words |= line.symbols(number)
        return words

    def program(self, value: Value) -> Program:
        """The program that the symbols' values make of it, integers or words."""
        code = tuple(line.instruction(number, value) for number, line in enumerate(self.lines))
        return Program(code, WORD, PROCESSORS, MEMORY, data=tuple(value(f"memory{i}") for i in range(MEMORY)))

    def given(self, model: Assignment) -> Program:
        """The program that a solver's model stands for."""
        return self.marked({n: sum(int(model.get(f"{n}.{i}", 0)) << i for i in range(b)) for n, b in self.symbols.items()})

    def marked(self, marks: Mapping[str, int]) -> Program:
        """The program with some symbols' values, the others 0."""
        return self.program(lambda name: marks.get(name, 0))

    def sample(self, rng: Random) -> Program:
        """The program that random values of the symbols make of the case."""
        return self.marked({name: rng.randrange(1 << bits) for name, bits in self.symbols.items()})


def history(program: Program, steps: int) -> list[tuple[tuple[Event, ...], Configuration]]:
    """The run of the reference machine: for every step each processor's event, and the configuration after the step."""
    states, before = [], pram.initial(program)
    for _ in range(steps):
        states.append(happened(program, before))
        before = states[-1][1]
    return states


def happened(program: Program, before: Configuration) -> tuple[tuple[Event, ...], Configuration]:
    """One step of the reference machine: each processor's event, and the configuration after the step."""
    after = pram.step(program, before)
    stores = {access.pid: access for access in pram.accesses(program, before) if access.kind == "write"}
    events = []
    for pid, status in enumerate(before.status):
        write = None
        if pid in stores:
            write = Write("memory", stores[pid].address, stores[pid].value)
        elif status == after.status[pid] == "running":
            instruction = program.instructions[before.pc[pid]]
            if OPERATIONS[instruction.op].writes_register:
                assert instruction.rd is not None
                write = Write("register", instruction.rd, after.registers[pid][instruction.rd])
        events.append(Event(after.pc[pid], after.status[pid], write))
    return tuple(events), after


def start(layout: LogLayout | CellLayout, program: Program, steps: int) -> TokenSequence:
    """The sequence before decoding; of a log with the masks of all steps."""
    opening = layout.opening(program)
    return opening if isinstance(layout, CellLayout) else join([opening, layout.ahead(1, steps)])


Part = tuple[str, Any]  # the kind of a token, and its payload: an integer, a word, or None where the kind has none


class Reader:
    """A case and a plan on symbols: the tokens as the plan decodes them, and the run of the machine."""

    def __init__(self, machine: Machine, plan: Plan, case: Case) -> None:
        self.plan, self.case, self.space = plan, case, Space()
        kind = LogLayout if machine.engine == "mdm" else CellLayout
        self.layout = kind(machine.word, machine.extension, PROCESSORS, MEMORY, len(case.lines))
        self.tokens = Tokens(self.space, plan.vocabulary)
        self.script = Script("QF_BV")
        self.writer = Writer(self.space, self.script)
        self.forms: dict[str, tuple[Form, ...]] = {}
        self.words: dict[str, Word] = {}
        for name, bits in case.symbols.items():
            self.forms[name] = tuple(self.space.symbol(f"{name}.{i}") for i in range(bits))
            self.words[name] = Word.of_bits([self.writer.truth(form) for form in self.forms[name]])
        self.goals: dict[Term, None] = {}
        self._named: dict[tuple[str, Term], Term] = {}

    def demand(self, flag: Form) -> None:
        """A truth value that must be 1."""
        self.goals[self.writer.truth(flag)] = None

    def name(self, term: Term, sort: str) -> Term:
        """A name for a term, the same for the same term."""
        if (sort, term) not in self._named:
            self._named[sort, term] = self.script.define(f"t{len(self._named)}", term, sort)
        return self._named[sort, term]

    # The sequence before decoding.

    def start(self) -> tuple[list[Token], np.ndarray]:
        """Tokens and places. Where a memory word stands is where the tokens of two memories differ."""
        marks = {f"memory{i}": i + 1 for i in range(MEMORY)}
        first = self.case.marked({})
        plain, marked = (start(self.layout, program, self.case.steps) for program in (first, self.case.marked(marks)))
        tokens = [self.tokens.known(token) for token in plain.tokens.tolist()]
        for position in np.flatnonzero(plain.tokens != marked.tokens).tolist():
            _, mark = self.layout.vocabulary.split(marked.tokens[position])
            tokens[position] = Token(tokens[position].kinds, self.forms[f"memory{mark - 1}"])
        for number, instruction in enumerate(first.instructions):
            position = self.layout.at(FIELDS[0], index=number)
            at = slice(position, position + len(FIELDS))
            if tuple(plain.tokens[at].tolist()) != self.layout.instruction_tokens(instruction):
                raise ValueError(f"instruction {number}: expected its tokens at positions {at.start}..{at.stop - 1}")
            tokens[at] = self.instruction(number)
        return tokens, plain.places

    def instruction(self, number: int) -> list[Token]:
        """The tokens of an instruction."""
        return [self.field(number, place, ["op", choice]) for place, choice in enumerate(("op", "rd", "ra", "form"))]

    def field(self, number: int, place: int, choices: Sequence[str]) -> Token:
        """One token of an instruction: for every choice that it depends on, by ``Layout.instruction_tokens``."""
        immediate = self.forms.get(f"x{number}", ())
        names = [name for name in (f"{choice}{number}" for choice in dict.fromkeys(choices)) if name in self.forms]
        kinds: dict[str, list[Form]] = {}
        bits: list[list[Form]] = [[] for _ in range(self.tokens.longest)]
        for values in product(*(range(1 << len(self.forms[name])) for name in names)):
            at = dict(zip(names, values, strict=True))
            picked = [(bit, at[name] >> i & 1) for name in names for i, bit in enumerate(self.forms[name])]
            flag = self.space.all([bit if wanted else ONE - bit for bit, wanted in picked])
            low, high = (self._field(number, place, at, x) for x in (0, (1 << WORD) - 1))
            kind, payload = self.layout.vocabulary.split(low)
            kinds.setdefault(kind, []).append(flag)
            for i, part in enumerate(bits):
                if low != high and i < len(immediate):
                    part.append(self.space.all([flag, immediate[i]]))
                elif payload >> i & 1:
                    part.append(flag)
        any_of = self.space.any
        return Token({kind: any_of(flags) for kind, flags in kinds.items()}, tuple(any_of(part) for part in bits))

    def _field(self, number: int, place: int, chosen: Mapping[str, int], others: int) -> int:
        """A token of an instruction where some symbols have chosen values, and all others one value."""
        instruction = self.case.lines[number].instruction(number, lambda name: chosen.get(name, others))
        return self.layout.instruction_tokens(instruction)[place]

    # The goal.

    def goal(self) -> Term:
        """Decode, and compare with every way that the machine can go."""
        tokens, places = self.start()
        self.prompt = tokens[: self.layout.prompt_length]
        stages = []
        for time in range(1, self.case.steps + 1):
            outputs = self.tokens.outputs(self.plan, tokens, places)
            step = self.unmask if isinstance(self.layout, LogLayout) else self.rewrite
            tokens = step(tokens, outputs, time)
            stages.append(tokens)
        names: list[Term] = []
        wanted: dict[tuple[int, int], dict[Term, list[Term]]] = {}
        for conditions, states in ways(self.states):
            if states is None:
                continue
            names.append(self.name(land(*(self.name(term, BOOL) for term in conditions)), BOOL))
            for time, (tokens, state) in enumerate(zip(stages, states, strict=True), 1):
                for part, term in enumerate(self.agrees(tokens, time, *state)):
                    wanted.setdefault((time, part), {}).setdefault(term, []).append(names[-1])
        self.goals[lor(*names)] = None  # every case is one of some way
        for terms in wanted.values():
            for term, taken in terms.items():
                self.goals[term if len(terms) == 1 else implies(lor(*taken), term)] = None
        for clash in self.space.clashes:
            self.demand(ONE - clash)
        return land(*self.goals)

    def states(self) -> list[tuple[tuple[Event, ...], Configuration]] | None:
        """The machine's history on the words. None for a way that leads out of the memory: one that no case takes.

        If a case took it, that every case is one of some way would be refuted.
        """
        try:
            return history(self.case.program(self.words.__getitem__), self.case.steps)
        except IndexError:
            return None

    def unmask(self, tokens: Sequence[Token], outputs: Sequence[Sequence[Form]], time: int) -> list[Token]:
        """Masked diffusion: the block of a time is unmasked; at those after it the mask must be predicted."""
        assert isinstance(self.layout, LogLayout)
        first, width = self.layout.context_length(time - 1), self.layout.vocabulary.width
        last = first + self.layout.block_length
        read = [self.tokens.read(split(width, row)[0]) for row in outputs[first:]]
        for token in read[last - first :]:
            self.demand(token.kind("mask"))
        block = read[: last - first]
        return [*tokens[:first], *block, *tokens[last:]]

    def rewrite(self, tokens: Sequence[Token], outputs: Sequence[Sequence[Form]], time: int) -> list[Token]:
        """Any-process generation: ``process.g``; nothing is inserted or deleted, no prediction is the mask."""
        width = self.layout.vocabulary.width
        mask = self.tokens.known(self.layout.vocabulary.token("mask"))
        out = []
        for x, row in zip(tokens, outputs, strict=True):
            code, bits = split(width, row)
            y = self.tokens.read(code)
            control = [self.space.positive(form.times(2) - 1) for form in bits]
            for never in (control[INSERT], control[DELETE], y.kind("mask")):
                self.demand(ONE - never)
            out.append(self.tokens.pick(control[REMASK], mask, self.tokens.pick(x.kind("mask"), y, x)))
        return out

    # Comparison.

    def agrees(self, tokens: Sequence[Token], time: int, events: Iterable[Event], after: Configuration) -> list[Term]:
        """The sequence after a time holds the state of the machine, part by part."""
        if isinstance(self.layout, CellLayout):
            return self.cells(tokens, self.layout.prompt_length, after)
        parts: list[Part] = []
        for event in events:
            write = event.write
            parts.append(("word" if event.status == "running" else event.status, event.pc))
            parts.append(("none", None) if write is None else ("reg" if write.space == "register" else "word", write.target))
            parts.append(("word", write.value if write else 0))
        first = self.layout.context_length(time - 1)
        return [self.holds(tokens[first + place], *part) for place, part in enumerate(parts)]

    def cells(self, tokens: Sequence[Token], first: int, after: Configuration) -> list[Term]:
        """The prompt is as it was, and every cell has one mask and one value."""
        terms = [self.same(old, new) for old, new in zip(self.prompt, tokens, strict=False)]
        parts: list[Part] = [("word", word) for word in (*after.memory, *(word for bank in after.registers for word in bank))]
        parts += [("word" if s == "running" else s, pc) for pc, s in zip(after.pc, after.status, strict=True)]
        for number, part in enumerate(parts):
            a, b = tokens[first + 2 * number : first + 2 * number + 2]
            either, both = self.space.any([a.kind("mask"), b.kind("mask")]), self.space.all([a.kind("mask"), b.kind("mask")])
            held = self.tokens.pick(a.kind("mask"), b, a)
            terms.append(land(self.writer.truth(either), self.writer.truth(ONE - both), self.holds(held, *part)))
        return terms

    def same(self, a: Token, b: Token) -> Term:
        """The term that says two tokens are one."""
        if a == b:
            return TRUE
        pairs = [(a.kind(name), b.kind(name)) for name in self.tokens.names] + list(zip(a.bits, b.bits, strict=True))
        return land(*(eq(self.writer.truth(x), self.writer.truth(y)) for x, y in pairs if x != y))

    def holds(self, token: Token, kind: str, value: Any) -> Term:
        """The token is of this kind, with this payload. Raises ValueError for a payload that it cannot hold."""
        terms = [self.writer.truth(token.kind(kind))]
        bits = 0 if value is None else REG if kind == "reg" else WORD
        word = Word.of(value or 0) if not isinstance(value, Word) else value
        if not 0 <= word.low <= word.high < max(1 << bits, 1):
            raise ValueError(f"{kind}: expected a payload of {bits} bits, found {word.low}..{word.high}")
        whole = self.name(word.at(bits), vectors(bits)) if isinstance(value, Word) else ""
        for place in range(bits):
            wanted = eq(f"((_ extract {place} {place}) {whole})", "#b1") if whole else TRUE if word.low >> place & 1 else FALSE
            got = self.writer.truth(token.bits[place])
            if got != wanted:
                terms.append(eq(got, wanted))
        return land(*terms)
