"""Hypothesis strategies for the PRAM: small machines on which wrap-around, faults and conflicts are common.

``programs`` gives valid programs over the whole instruction set, ``configurations`` states of one, reachable or not.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from efasp.pram.isa import REGISTERS, Instruction, Operation, Reg, operations
from efasp.pram.machine import POLICIES, Configuration, Policy, Program, Status

WORDS = tuple(range(5, 21))
STATUSES: tuple[Status, ...] = ("running", "running", "running", "halted", "load", "store", "pc")
# What happens between processors happens in memory, and only where their registers differ: these come more often.
FREQUENT = {"ld": 6, "st": 14, "pid": 2, "mov": 2}
NAMES = ("program", "sum", "a.b", "p-1", "été")


def words(word: int) -> st.SearchStrategy[int]:
    """Words of ``word`` bits; small ones, small negative ones and the middle of the range come often."""
    size = 1 << word
    return st.one_of(
        st.integers(0, 9),
        st.integers(size - 3, size - 1),
        st.integers(size // 2 - 1, size // 2 + 1),
        st.integers(0, size - 1),
    )


def mostly(usual: st.SearchStrategy[int], rare: st.SearchStrategy[int], out_of: int = 8) -> st.SearchStrategy[int]:
    """``rare`` once in ``out_of`` times, else ``usual``."""
    return st.integers(1, out_of).flatmap(lambda turn: rare if turn == out_of else usual)


def registers() -> st.SearchStrategy[int]:
    """Register numbers; the low ones come often, so that instructions meet."""
    return mostly(st.integers(0, 2), st.integers(0, REGISTERS - 1), 6)


@st.composite
def instructions(draw: st.DrawFn, operation: Operation, word: int, memory: int, length: int, index: int) -> Instruction:
    """An instruction of the kind ``operation``, at ``index`` in a program of ``length``; w = ``word``, M = ``memory``.

    Most addresses are in memory, and most jumps lead forward.
    """
    fields: dict[str, int | Reg | None] = {}
    for kind in operation.shape:
        if kind in "ds":
            fields["rd"] = draw(registers())
        elif kind == "a":
            fields["ra"] = draw(registers())
        elif kind == "x":
            fields["x"] = draw(st.one_of(registers().map(Reg), words(word)))
        elif kind == "m":
            fields["ra"] = draw(st.one_of(st.none(), registers()))
            few = st.integers(0, min(2, memory - 1))
            fields["x"] = draw(mostly(few | st.integers(0, memory - 1), words(word)))
        else:
            forward = st.integers(min(index + 1, length - 1), length - 1)
            fields["x"] = draw(mostly(forward, st.integers(0, length) | words(word), 4))
    return Instruction(operation.name, **fields)  # type: ignore[arg-type]


@st.composite
def programs(
    draw: st.DrawFn,
    extension: str = "M",
    words_of: Sequence[int] = WORDS,
    policies: Sequence[Policy] = POLICIES,
    max_length: int = 12,
    max_processors: int = 6,
    max_memory: int = 16,
) -> Program:
    """Valid programs over all instructions of ``extension``, with w among ``words_of`` and a policy among ``policies``.

    L in 1..max_length, P in 1..max_processors, M in 1..max_memory. Many stop by themselves within L steps, some
    loop for ever: give a run a limit of steps.
    """
    word = draw(st.sampled_from(words_of))
    memory, processors = draw(st.integers(1, max_memory)), draw(st.integers(1, max_processors))
    length = draw(mostly(st.integers(min(4, max_length), max_length), st.integers(1, max_length), 4))
    kinds = [kind for kind in operations(extension) for _ in range(FREQUENT.get(kind.name, 1))]
    code = [draw(instructions(draw(st.sampled_from(kinds)), word, memory, length, index)) for index in range(length)]
    if length > 2 and draw(st.integers(1, 4)) < 4:  # what sets processors apart, and gives them something to store
        code[0] = Instruction("pid", rd=1)
        code[1] = Instruction("mov", rd=2, x=draw(words(word)))
    if draw(st.integers(1, 4)) < 4:  # most programs end
        code[-1] = Instruction("halt")
    return Program(
        instructions=tuple(code),
        word=word,
        processors=processors,
        memory=memory,
        policy=draw(st.sampled_from(policies)),
        data=tuple(draw(st.lists(words(word), min_size=draw(st.sampled_from((0, memory))), max_size=memory))),
        name=draw(st.sampled_from(NAMES)),
    )


@st.composite
def configurations(draw: st.DrawFn, program: Program) -> Configuration:
    """States of ``program``'s machine, reachable or not: any words, program counters near the program, any statuses."""
    word, processors = program.word, program.processors
    inside = st.integers(0, len(program.instructions) - 1)
    return Configuration(
        memory=tuple(draw(words(word)) for _ in range(program.memory)),
        registers=tuple(tuple(draw(words(word)) for _ in range(REGISTERS)) for _ in range(processors)),
        pc=tuple(draw(mostly(inside, words(word), 6)) for _ in range(processors)),
        status=tuple(draw(st.sampled_from(STATUSES)) for _ in range(processors)),
    )
