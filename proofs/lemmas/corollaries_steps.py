"""Family corollaries (claim T1-context-free): the steps of the library's programs for Dyck-k, whatever the brackets.

All runs of a processor are followed at once: a register holds an interval of words, which is all of them for what is loaded,
and 0 to P - 1 for the processor's own number. A branch that an interval does not decide goes both ways. So no run of the
machine takes another way, unless it faults, and the last step of these runs is that of the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from efasp.pram.assembler import assemble
from efasp.pram.isa import REGISTERS, Reg
from efasp.pram.library import PROGRAMS, load
from efasp.pram.machine import ALU, Program
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma

Interval: TypeAlias = "tuple[int, int]"  # the least and the greatest word
State: TypeAlias = "tuple[int, tuple[Interval, ...]]"  # the program counter, and the registers

LEVELS = 20  # of the processors that a machine here may have, 2^LEVELS
MOST = 10_000  # steps that are followed; a run that can be longer counts as so many
SIZES = (*range(1, 34), *(2**k + d for k in range(6, LEVELS) for d in (-1, 0, 1)), 2**LEVELS)  # n of dyck1


def computed(op: str, a: Interval, x: Interval, word: int) -> Interval:
    """The words that an operation can give, of operands within intervals."""
    every = (0, (1 << word) - 1)
    if op in ("mov", "shl", "shr") or (a[0] == a[1] and x[0] == x[1]):
        low, high = ((ALU[op](one, other, word)) for one, other in zip(a, x, strict=True))
        return (low, high) if op != "shl" or a[1] <= every[1] // 2 else every
    if op == "add":
        return (a[0] + x[0], a[1] + x[1]) if a[1] + x[1] <= every[1] else every
    if op == "and":
        return 0, min(a[1], x[1])
    if op == "slt":
        return int(a[1] < x[0]), int(a[0] < x[1])
    return (0, 1) if op == "seq" else every


def following(program: Program, state: State, pid: Interval) -> set[State]:
    """The states that a processor can be in after a step from one; none if it stops."""
    pc, registers = state
    if pc >= program.length or program.instructions[pc].op == "halt":
        return set()
    instruction, word = program.instructions[pc], program.word
    op, rd, x = instruction.op, instruction.rd, instruction.x
    a = (0, 0) if instruction.ra is None else registers[instruction.ra]
    operand = registers[x.number] if isinstance(x, Reg) else (x or 0, x or 0)
    taken, passed = (operand[0], registers), (pc + 1, registers)
    if op in ("jmp", "jz", "jnz"):
        zero, other = a[0] == 0, a[1] != 0
        goes = op == "jmp" or (zero if op == "jz" else other)
        stays = op != "jmp" and (other if op == "jz" else zero)
        return ({taken} if goes else set()) | ({passed} if stays else set())
    if op == "st":
        return {passed}
    size = program.processors % (1 << word)
    given = {"ld": (0, (1 << word) - 1), "pid": pid, "nproc": (size, size)}
    value = given[op] if op in given else computed(op, a, operand, word)
    assert rd is not None
    return {(pc + 1, (*registers[:rd], value, *registers[rd + 1 :]))}


def ends(program: Program, pid: Interval) -> set[int]:
    """The steps in which a processor can halt whose number is within an interval."""
    states: set[State] = {(0, ((0, 0),) * REGISTERS)}
    step, halted = 0, set[int]()
    while states and step < MOST:
        step += 1
        after = set[State]()
        for state in states:
            next_ = following(program, state, pid)
            after |= next_
            if not next_:
                halted.add(step)
        states = after
    return halted if step < MOST else {*halted, MOST}


def log2(n: int) -> int:
    """The least k with n <= 2^k."""
    return (n - 1).bit_length()


def dyck(name: str, n: int) -> Program:
    """The library's program for n processors, in words as narrow as it may have; of its memory nothing is asked."""
    word = max(7, 2 * log2(n) if name == "dyck2" else (2 * n).bit_length())
    return assemble(load(name), PROGRAMS[name].file, word=word, processors=n, extension="")


FORMS: dict[str, tuple[tuple[int, ...], Callable[[int], int]]] = {
    "dyck1": (SIZES, lambda n: 24 + 22 * log2(n)),
    "dyck2": (tuple(2**k for k in range(1, LEVELS + 1)), lambda n: 45 + 28 * log2(n) + 8 * log2(n) ** 2),
}


def mistimed(name: str) -> Iterator[dict[str, Any]]:
    """Sizes at which a processor can halt after the stated step, or processor 0 in another one."""
    sizes, form = FORMS[name]
    for n in sizes:
        every, first = ends(dyck(name, n), (0, n - 1)), ends(dyck(name, n), (0, 0))
        if max(every) > form(n) or first != {form(n)}:
            yield {"n": n, "expected": form(n), "got": f"{max(every)}, processor 0 {sorted(first)}"}


@lemma
def steps(regime: Regime) -> Iterator[Batch]:
    """The closed forms of the steps of both programs."""
    parts = (
        ("corollaries.dyck1", "dyck1", f"any brackets; n <= 33, and 2^k - 1, 2^k, 2^k + 1 to 2^{LEVELS}"),
        ("corollaries.dyck2", "dyck2", f"any brackets; n = 2^1 to 2^{LEVELS}"),
    )
    for name, which, scope in parts:
        count = len(FORMS[which][0])
        discharge = exhaustive(count, partial(mistimed, which))
        obligation = Obligation(name, "T1", {}, scope, regime.all_n, "exhaustive", f"{name}: {count} cases", discharge)
        yield Batch((name,), {}, partial(iter, [obligation]))
