"""Programs on which the running code is compared with the oracle (``proofs.lemmas.process``): a table of scenarios, each with
its coverage.

Every scenario makes its programs from a machine's parameters and a generator that is seeded by them, so that they are the same
in every run. Sizes are cut to what the word allows: P, M, L <= 2^w.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random

from efasp.pram.isa import OPERATIONS, REGISTERS, Instruction, Reg, operations
from efasp.pram.machine import POLICIES, Policy, Program
from efasp.proofs.concrete.machine_states import adversarial

Runs = Iterator[tuple[Program, int]]  # programs, each with the most steps that it is run for
MANY = 64  # processors, memory words and instructions of the larger programs
LAST = 1_000  # steps: the long run goes on for more


@dataclass(frozen=True)
class Shape:
    """For which machines programs are made: the bits of a word, and the extension ("" or "M")."""

    word: int
    extension: str

    @property
    def size(self) -> int:
        """2^w."""
        return 1 << self.word

    def most(self, count: int) -> int:
        """So many processors, words or instructions, or as many as the word allows."""
        return min(count, self.size)


@dataclass(frozen=True)
class Scenario:
    """Programs of one kind. ``covers``: their coverage, for the scope of a verdict; ``in_place``: the most steps by any-process
    generation, of which every pass computes all cells anew."""

    name: str
    covers: str
    programs: Callable[[Shape, Random], Runs]
    in_place: int = 1 << 20

    def runs(self, shape: Shape) -> list[tuple[Program, int]]:
        """The programs for a shape, the same every time."""
        return list(self.programs(shape, Random(f"{self.name} {shape.word} {shape.extension}")))


def line(op: str, rd: int = 0, ra: int | None = 0, x: Reg | int = 0) -> Instruction:
    """An instruction of which only the operands are taken that its operation has; ``ra`` None for an absolute address."""
    shape = set(OPERATIONS[op].shape)
    first = ra if "m" in shape else (ra or 0) if "a" in shape else None
    second = x if "x" in shape or (set("mt") & shape and isinstance(x, int)) else 0 if set("mt") & shape else None
    return Instruction(op, rd if set("ds") & shape else None, first, second)


# One kind after the other.


def first_steps(shape: Shape, rng: Random) -> Runs:
    """What ends a run in its first or second step: all halt; faults; breaches of each policy; a limit directly before one, or
    directly after a fault; and a state that does not change although its processor runs."""
    halt, clash = line("halt"), [line("st", 1, None, 0), line("halt")]
    yield Program((halt,), shape.word, 1, 1), 9
    yield Program((line("jmp", x=0),), shape.word, 2, 1), 9
    for faulting in (line("ld", 1, None, 4), line("st", 1, None, 4), line("jmp", x=9)):
        for most in (9, 1):
            yield Program((faulting, halt), shape.word, 2, 4, data=(1, 2)), most
    broken: tuple[tuple[Policy, list[Instruction]], ...] = (
        ("erew", [line("ld", 1, None, 0), halt]), ("erew", clash), ("crew", clash)
    )  # fmt: skip
    for policy, code in broken:
        yield Program(tuple(code), shape.word, 2, 4, policy), 9
        for most in (9, 1):
            yield Program((line("mov", 1, x=3), *code), shape.word, 2, 4, policy), most
    for most in (9, 1):
        yield Program((line("pid", 1), *clash), shape.word, 2, 4, "common"), most


def every_operation(shape: Shape, rng: Random) -> Runs:
    """Every operation, its second operand a register and an immediate, on adversarial words, to registers in turn."""
    some, processors = adversarial(shape.word), 8
    some = some[:8] + rng.sample(some[8:], len(some) - 8)
    computing = [o.name for o in operations(shape.extension) if o.writes_register and not o.touches_memory]
    code: list[Instruction] = []
    for turn, op in enumerate([name for name in computing for _ in range(2 if "x" in OPERATIONS[name].shape else 1)]):
        x = Reg(2) if turn % 2 else some[(3 * turn) % len(some)]
        code.append(line(op, rd=3 + turn % 5, ra=1 if turn % 3 else 2, x=x))
    room = min(shape.size, MANY) - 6
    for start in range(0, len(code), room):
        offsets = rng.sample(range(17), 2)
        loads = [line("pid", 0), *(line("ld", 1 + i, 0, offset) for i, offset in enumerate(offsets))]
        part = code[start : start + room]
        ends = [line("st", 3 + start % 5, 0, 0), line("ld", 7, None, 3), line("halt")]
        data = tuple(some[(start + 5 * i) % len(some)] for i in range(24))
        yield Program((*loads, *part, *ends), shape.word, processors, 24, data=data), MANY


def addresses(shape: Shape, rng: Random) -> Runs:
    """Loads and stores in the memory, at its end, beyond it, and with offsets that wrap; faults one step after the other."""
    processors, memory, size = 12, 20, shape.size
    code = [line("pid", 1), line("add", 2, 1, 9), line("sub", 6, 1, 5), line("st", 2, 1, 3)]
    for turn, offset in enumerate(range(memory - processors, memory - 3)):  # from the second on the highest left faults
        code += [line("st" if turn % 2 else "ld", 3 + turn % 4, 1, offset)]
        code += [line("ld", 4, 2, size - 9), line("st", 7, 6, 5)] if turn % 3 == 0 else []
    code += [line("ld", 5, None, memory - 1), line("st", 1, None, memory - 1), line("ld", 7, 1, size - 1)]
    code += [line("st", 7, 1, size - 2), line("ld", 7, None, memory - 1), line("st", 7, 1, size // 2)]
    data = tuple(rng.randrange(size) for _ in range(memory))
    yield Program(tuple(code), shape.word, processors, memory, data=data), 40
    for op, offset in (("ld", memory), ("st", memory), ("ld", size - 1), ("st", size - 1)):
        tail = [line("mov", 3, x=7), line(op, 3, None, offset), line("add", 3, 3, 1)]
        yield Program((line("pid", 1), *tail), shape.word, 2, memory, data=(3, 4)), 6


def jumps(shape: Shape, rng: Random) -> Runs:
    """Jumps to the first, to the last and beyond the last instruction, taken or not, and a counter that runs off the end."""
    for turn, length in enumerate((shape.most(MANY + 8), 20, 27)):
        targets = [length - 1, length % shape.size, shape.size - 1, 14, length - 2, shape.size // 2]
        code = [line("pid", 1), line("and", 2, 1, 1), line("slt", 3, 1, 4), line("seq", 4, 1, 5)]
        for number in range(4):
            op, target = ("jz", "jnz", "jnz", "jz")[number], targets[(turn + number) % len(targets)]
            code += [line(op, ra=2 + (number + turn) % 3, x=target), line("add", 6, 6, 1)]
        code += [line("jmp", x=15), line("halt"), line("add", 5, 5, 1), line("jz", ra=2, x=targets[turn + 1]), line("jmp", x=0)]
        filler = [line("add", 5 + i % 3, 6, rng.randrange(shape.size)) for i in range(length - len(code))]
        yield Program((*code, *filler), shape.word, 8, 4), (15, 9, 9)[turn]
    length = shape.most(MANY)
    yield Program((line("jmp", x=length - 2), *(line("add", 7, 7, 1) for _ in range(length - 1))), shape.word, 1, 1), 7


def contention(shape: Shape, rng: Random) -> Runs:
    """As many processors and words as the word allows, up to 64: stores to one address beside loads of it; the lowest wins."""
    processors, memory = shape.most(MANY), shape.most(MANY)
    hot = rng.randrange(4, memory)
    code = [line("pid", 7), line("xor", 5, 7, 3), line("shr", 3, 7), line("st", 7, None, hot), line("ld", 4, 5, 0)]
    code += [line("st", 5, 3, 1), line("ld", 2, None, hot), line("nproc", 6), line("st", 6, 3, 0)]
    code += [line("jz", ra=3, x=shape.size - 2)]
    data = tuple(rng.randrange(shape.size) for _ in range(memory))
    yield Program(tuple(code), shape.word, processors, memory, data=data), len(code) + 2


def processors(shape: Shape, rng: Random) -> Runs:
    """Random programs for numbers of processors, words and instructions from 1 to 64, a few steps each."""
    for count, memory in ((1, 1), (2, 64), (3, 7), (5, 16), (7, 33), (9, 2), (16, 24), (33, 8), (64, 16)):
        length = shape.most(rng.choice((1, 5, 12, 31, 33, 64)))
        program = drawn(rng, shape, shape.most(count), shape.most(memory), length)
        yield program, 6 if count < 9 else 3


def mixed(shape: Shape, rng: Random) -> Runs:
    """Random programs of a few processors: all operations, faults and ends at different times."""
    for _ in range(6):
        yield drawn(rng, shape, rng.randint(2, 5), rng.randint(1, 12), rng.randint(6, 24)), 7


def policies(shape: Shape, rng: Random) -> Runs:
    """Access policies: each observed for some steps, then broken, by several processors at several addresses, or not at all."""
    for turn, policy in enumerate(name for name in POLICIES if name != "priority"):
        code = [line("pid", 1), line("shr", 3, 1), line("st", 1, 1, 6), line("ld", 2, 1, 6)]
        ends = {
            "erew": [line("st", 3, 1, 4), line("ld", 5, 3, 5)],
            "crew": [line("ld", 5, 3, 5), line("st", 3, 3, 8)],
            "common": [line("st", 3, 3, 8), line("ld", 5, 3, 5), line("st", 1, 3, 7 + turn)],
        }[policy]
        yield Program((*code, *ends, line("halt")), shape.word, 6, 20, policy), 20
    yield replace(drawn(rng, shape, 4, 9, 12), policy="common"), 9
    code = [line("pid", 1), line("shr", 3, 1), line("add", 6, 6, 1), line("slt", 4, 6, 24), line("jnz", ra=4, x=2)]
    yield Program((*code, line("st", 1, 3, 2), line("halt")), shape.word, 4, 6, "crew"), 90  # broken after 70 steps


def late(shape: Shape, rng: Random) -> Runs:
    """More than 100 steps: two of five processors load outside the memory in one step, one stores there, one jumps beyond the
    program, and one halts before them."""
    double = line("mul", 5, 1, 2) if shape.extension else line("shl", 5, 1)
    code = [line("pid", 1), line("add", 2, 2, 1), line("st", 2, 1, 0), line("ld", 3, 1, 0), line("xor", 7, 7, Reg(3))]
    code += [line("seq", 4, 3, 5), line("jz", ra=4, x=1), line("mov", 2), line("add", 6, 6, 1), line("slt", 4, 6, 3)]
    code += [line("jnz", ra=4, x=1), double, line("ld", 4, 5, 1), line("add", 5, 5, 2), line("st", 7, 5, 0)]
    code += [line("jz", ra=1, x=18), line("st", 6, 1, 3), line("jmp", x=30), line("add", 6, 6, 7), line("halt")]
    yield Program(tuple(code), shape.word, 5, 6, data=(1, 1, 1)), 200


def full(shape: Shape, rng: Random) -> Runs:
    """As many processors as the word allows, up to 64, for some 50 steps: in the log 10,000 positions."""
    count = shape.most(MANY)
    yield gathered(shape, count, 9), 2 * count


def gathered(shape: Shape, count: int, rounds: int) -> Program:
    """So many processors for rounds of five steps, pairs of which store one word to one address; then three load outside the
    memory, one jumps beyond the program, and the pairs that are left store different words, which the policy forbids."""
    memory = min(count + 4, shape.size - 1)
    code = [line("pid", 1), line("shr", 2, 1), line("add", 3, 3, 1), line("ld", 4, 2, 0), line("st", 3, 2, 0)]
    code += [line("slt", 5, 3, rounds), line("jnz", ra=5, x=2), line("slt", 6, 1, 3), line("jz", ra=6, x=11)]
    code += [line("ld", 7, 1, memory), line("halt"), line("seq", 6, 1, 9), line("jz", ra=6, x=14)]
    code += [line("jmp", x=shape.size - 1), line("st", 1, 2, 0), line("halt")]
    return Program(tuple(code), shape.word, count, memory, "common")


def lasting(shape: Shape, steps: int) -> Program:
    """Three processors that count for so many steps or more, at most 2,900; then one loads outside the memory, and a step later
    the others store to one address, which the policy forbids."""
    inner = 30
    rounds = min(steps // (3 * inner + 4) + 1, 31)
    code = [line("add", 1, 1, 1), line("slt", 3, 1, inner), line("jnz", ra=3, x=0), line("mov", 1), line("add", 2, 2, 1)]
    code += [line("slt", 3, 2, rounds), line("jnz", ra=3, x=0), line("pid", 4), line("jnz", ra=4, x=10), line("ld", 5, None, 7)]
    code += [line("add", 4, 4, 1), line("st", 2, None, 3), line("halt")]
    return Program(tuple(code), shape.word, 3, 5, "crew")


def long(shape: Shape, rng: Random) -> Runs:
    """More than 1,000 steps of one processor, which loads what it stored in another round; then it loads outside the memory."""
    code = [line("ld", 1, 2, 0), line("add", 1, 1, 3), line("st", 1, 2, 0), line("xor", 7, 7, Reg(1)), line("add", 2, 2, 1)]
    code += [line("slt", 3, 2, 8), line("jnz", ra=3, x=0), line("mov", 2), line("add", 4, 4, 1), line("seq", 3, 4, 17)]
    code += [line("jz", ra=3, x=0), line("ld", 5, 2, shape.size // 2)]
    yield Program(tuple(code), shape.word, 1, 8), 1200


def large(shape: Shape, rng: Random) -> Runs:
    """As many processors, words and instructions as the word allows, up to 64: a sequence of thousands of positions."""
    count = shape.most(MANY)
    program = drawn(rng, shape, count, count, count)
    code = [
        line("pid", 1),
        line("st", 1, 1, 0),
        line("sub", 7, 1, 5),
        line("ld", 2, 1, shape.size - 3),
        line("jz", x=count - 6),
    ]
    ends = [line("add", 7, 7, 1), line("st", 7, 1, 0), line("ld", 3, None, count - 1), line("seq", 6, 3, 7)]
    ends += [line("jnz", ra=6, x=0), line("halt")]
    body = program.instructions[len(code) : count - len(ends)]
    yield replace(program, instructions=(*code, *body, *ends)), 24


def drawn(rng: Random, shape: Shape, processors: int, memory: int, length: int) -> Program:
    """A random program: half of the addresses in the memory, most jumps forward, all registers, words that go wrong first."""
    some, table = adversarial(shape.word), operations(shape.extension)
    often = [o for o in table if o.touches_memory or o.name == "pid"]

    def word() -> int:
        return rng.choice((rng.choice(some), rng.randrange(shape.size), rng.randrange(min(memory, shape.size))))

    def instruction(index: int) -> Instruction:
        operation = rng.choice(often if rng.random() < 0.35 else table)
        x: Reg | int = Reg(rng.randrange(REGISTERS)) if rng.random() < 0.5 else word()
        if operation.touches_memory:
            x = rng.randrange(memory) if rng.random() < 0.7 else word()
        if "t" in operation.shape:
            x = rng.randrange(index, length) if rng.random() < 0.8 else word()
        ra = None if operation.touches_memory and rng.random() < 0.5 else rng.randrange(REGISTERS)
        return line(operation.name, rng.randrange(REGISTERS), ra, x)

    code = [instruction(index) for index in range(length)]
    if length > 2:
        code[0] = line("pid", rng.randrange(REGISTERS))
    return Program(tuple(code), shape.word, processors, memory, data=tuple(word() for _ in range(rng.randint(0, memory))))


SCENARIOS = (
    Scenario("first", "halts, faults, breaches and limits in the first two steps; a state that stays", first_steps),
    Scenario("operations", "every operation, register and immediate operands, adversarial words", every_operation),
    Scenario(
        "addresses", "addresses in, at and beyond the memory, offsets that wrap, a fault in each of many steps", addresses
    ),
    Scenario("jumps", "jumps within and beyond the program, a counter that runs off its end", jumps),
    Scenario("contention", "stores of many processors to one address beside loads of it", contention, 7),
    Scenario("processors", "random programs, few steps, all sizes", processors),
    Scenario("mixed", "random programs, more steps", mixed),
    Scenario("policies", "access policies kept and broken", policies),
    Scenario("late", "faults and halts late", late),
    Scenario("full", "as many processors as the word allows, up to 64, for some 50 steps", full, 3),
    Scenario("large", "as many processors, words and instructions as the word allows, up to 64", large, 3),
    Scenario("long", f"one processor that runs on, in the log for more than {LAST:,} steps to a fault", long, 300),
)
