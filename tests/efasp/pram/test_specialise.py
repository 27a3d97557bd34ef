"""The step specialised to a program: what its rows say, on every counter; and folding, against exact evaluation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from efasp.evaluate import evaluate
from efasp.folding import Folded
from efasp.pram import library
from efasp.pram.isa import OPERATIONS, Code, Instruction, Reg, operations
from efasp.pram.specialise import FETCHED, SELECTED, specialised, unused_lookups
from efasp.pram.step import cell_step, masked_step
from efasp.sorts import Flag, OneHot, Word
from efasp.syntax import Attention, Parameter, Program, combine, concat, refine, relu, walk

MIXED: Code = (
    Instruction("mov", rd=3, x=29),
    Instruction("st", rd=5, ra=6, x=2),
    Instruction("ld", rd=7, ra=None, x=31),
    Instruction("add", rd=0, ra=4, x=Reg(7)),
    Instruction("jz", ra=0, x=17),
    Instruction("halt"),
)


def steps(word: int, code: Code, extension: str = "") -> list[Program]:
    """The specialised steps of both engines."""
    return [specialised(step(word, extension), word, extension, code) for step in (masked_step, cell_step)]


def expected(code: Code, word: int, pc: int, extension: str) -> dict[str, list[int]]:
    """The fields at a counter, as the tokens of the instruction would be read: digits by hand."""
    one = code[pc] if pc < len(code) else None

    def signs(register: int | None) -> list[int]:
        return [0, 0, 0] if register is None else [1 if register & bit else -1 for bit in (1, 2, 4)]

    x = one.x if one else None
    return {
        "operation": [int(one is not None and one.op == o.name) for o in operations(extension)],
        "rd": signs(one.rd if one else None),
        "ra": signs(one.ra if one else None),
        "rb": signs(x.number if isinstance(x, Reg) else None),
        "immediate": [int(digit) for digit in reversed(f"{x if isinstance(x, int) else 0:0{word}b}")],
    }


@pytest.mark.parametrize("word", [5, 6])
def test_every_field_at_every_counter(word: int) -> None:
    """Of both engines, for all 2^w counters, running and stopped."""
    for step in steps(word, MIXED):
        counter, status = step.definitions["counter"], step.definitions["status"]
        words = list(range(1 << word))
        digits = np.array([[pc >> bit & 1 for bit in range(word)] for pc in words], dtype=object)
        for running, name in product((0, 1), FETCHED):
            flags = np.array([[running, 1 - running, 0, 0, 0]] * len(words), dtype=object)
            (got,) = evaluate(step.definitions[name], values={counter: digits, status: flags})
            for pc in words:
                wanted = expected(MIXED, word, pc if running else 1 << word, "")[name]
                assert got[pc].tolist() == wanted, (name, pc, running)


def test_the_prompt_is_not_read() -> None:
    """No lookup asks for a field of an instruction, and what no instruction asks for is not a lookup."""
    for step, universal in zip(steps(5, MIXED), (masked_step(5), cell_step(5)), strict=True):
        lookups = {node for node in walk(step.output) if isinstance(node, Attention)}
        fetches = {universal.definitions[name] for name in FETCHED}
        assert not lookups & fetches
        assert not isinstance(step.definitions["processors"], Attention) and "processors" in unused_lookups(MIXED)
        assert SELECTED in step.definitions


def test_unused_lookups() -> None:
    """By each program's operands, read off its instructions."""
    assert unused_lookups(MIXED) == ("processors",)
    assert unused_lookups((Instruction("halt"),)) == ("a", "d", "b", "processors", "loaded", "valid", "incoming", "written")
    assert unused_lookups((Instruction("ld", rd=1, x=0), Instruction("nproc", rd=1))) == ("a", "b", "incoming", "written")


def test_a_program_that_the_machine_lacks_is_refused() -> None:
    """An operation of extension M without it, no instruction at all, and more instructions than words."""
    with pytest.raises(ValueError, match="extension M for mul"):
        specialised(masked_step(5), 5, "", (Instruction("mul", 1, 1, 2),))
    for code in ((), (Instruction("halt"),) * 33):
        with pytest.raises(ValueError, match="expected 1 to 32 instructions"):
            specialised(masked_step(5), 5, "", code)


def test_library_programs_lose_a_layer_of_lookups() -> None:
    """One attention sublayer fewer on the longest chain is seen in every plan: no specialised step has the fetch's heads."""
    for name in ("scan", "gcd"):
        program = library.assembled(name)
        for step in steps(program.word, program.instructions):
            used = {OPERATIONS[one.op].name for one in program.instructions}
            rows = step.definitions["operation"].rows  # type: ignore[attr-defined]
            assert [bool(row) for row in rows] == [o.name in used for o in operations("")]


def test_folding_keeps_every_value() -> None:
    """A graph with a flag that is 0, one that is known to be 1, and units of known sign, evaluated before and after."""
    a, flag, sure = Parameter("a", Word(3)), Parameter("flag", Flag()), Parameter("sure", Flag())
    gated = relu(combine([(1, a), (1, flag)], -1), Word(3))
    both = relu(combine([(2, a), (-1, sure)], 1))
    some = relu(concat(combine([(1, a), (-3, sure)]), combine([(1, a), (-1, flag)]), refine(sure, Flag())))
    root = concat(gated, both, some)
    made = Folded(a)
    made.replace(flag, made.constant((0,), Flag()), ((0, 0),))
    made.replace(sure, made.constant((1,), Flag()), ((1, 1),))
    folded = made.fold(root)
    digits = np.array(list(product((0, 1), repeat=3)), dtype=object)
    ones = np.ones((len(digits), 1), dtype=object)
    before = evaluate(root, values={a: digits, flag: 0 * ones, sure: ones})[0]
    assert (evaluate(folded, values={a: digits})[0] == before).all()
    assert not any(node in (flag, sure) for node in walk(folded))
    assert sum(node.width for node in walk(folded) if type(node).__name__ == "Relu") == 0


def test_one_hot_of_the_instruction() -> None:
    """At most one unit is 1."""
    for step in steps(5, MIXED):
        assert step.definitions[SELECTED].sort == OneHot(len(MIXED), partial=True)
