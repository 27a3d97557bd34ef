"""Steps counted in a program's text: each condition of the count, broken on purpose, is found."""

from __future__ import annotations

from math import prod

import pytest

from efasp.model.serial_program import DECODER, Sizes
from efasp.proofs.lemmas.resources_serial import STEPS, steps
from efasp.proofs.symbolic.counted_loops import Uncounted, counted, shown, value

AND_OR, ENDED, JUMPED = "or-ed with TOP", "a loop that its counter ends", "a jump that ends a loop"
# What is changed in the decoder's text, without the margin of its lines, and a part of the message.
CHANGES = {
    "no or in front of a store": ("or r3, r3, TOP\nst r4, [r3]\nadd r1", "st r4, [r3]\nadd r1", AND_OR),
    "an or with less": ("or r3, r3, TOP\nst r4, [r3]\nadd r1", "or r3, r3, S\nst r4, [r3]\nadd r1", AND_OR),
    "an address that changes": ("st r4, [r3]\nadd r1", "add r3, r3, r2\nst r4, [r3]\nadd r1", AND_OR),
    "a store behind a label": ("st r4, [r3]\nadd r1", "x: st r4, [r3]\nadd r1", AND_OR),
    "a store with an offset": ("st r4, [r3]\nadd r1", "st r4, [r3 + 1]\nadd r1", AND_OR),
    "a counter written in its loop": (
        "mov r5, CLEARED\nclear:",
        "mov r5, CLEARED\nclear: mov r5, 1\n",
        "nothing else that",
    ),
    "a counter's cell stored to": ("mul r6, r6, r7\nadd r4", "st r0, [KEY]\nmul r6, r6, r7\nadd r4", "nothing else that"),
    "a count by two": ("sub r5, r5, 1\njnz r5, clear", "sub r5, r5, 2\njnz r5, clear", ENDED),
    "a count that is skipped": (
        "sub r5, r5, 1\njnz r5, clear",
        "sub r5, r5, 1\nx: jnz r5, clear",
        "nothing that jumps",
    ),
    "a jump by data": ("jnz r4, inexact", "jnz r4, divided", JUMPED),
    "a jump into a loop": ("jz r5, scored", "jz r5, query", "jnz at the end of a loop"),
    "a jump without condition": ("jnz r4, inexact", "jmp inexact", JUMPED),
    "a word of a table without a guard": ("jz r5, mapped\n", "", "for a loop with a guard"),
    "a counter from data": ("ld r5, [r6 + 1]\njz r5, mapped", "ld r5, [r1]\njz r5, mapped", "a row that a pointer shows"),
    "a guard of something else": ("jz r5, mapped", "jz r1, mapped", "a guard of the loop's counter"),
    "a pointer stored three times": ("st r7, [HEAD]\nmov", "st r7, [HEAD]\nst r7, [HEAD]\nmov", "two stores to HEAD"),
    "a pointer that moves by data": ("add r7, r7, 6", "add r7, r7, r6", "a pointer that moves by a constant"),
    "a word beyond the row": ("ld r5, [r6 + 4]\njz", "ld r5, [r6 + 6]\njz", "a word of the row"),
    "a number for a counter": ("mov r5, CLEARED", "mov r5, 7", "a constant by name"),
    "two ends": ("jnz r7, pass\n", "jnz r7, pass\nhalt\n", "one halt"),
    "no outer loop": ("jnz r7, pass\n", "", "one loop around everything"),
    "loops that cross": ("jnz r5, dot", "jnz r5, key", "loops that nest"),
    "a jump behind the end": ("inexact: st r0, [OUTSIDE]", "inexact: jnz r0, inexact", "no jump behind the halt"),
    "a jump to a number": ("jnz r4, inexact", "jnz r4, 3", "a jump to a label"),
}


def plain(text: str) -> str:
    """A text without comments and margins."""
    lines = (" ".join(line.partition(";")[0].split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line) + "\n"


def test_margins_do_not_matter() -> None:
    """The text without comments has the same count."""
    assert counted(plain(DECODER)) == counted(DECODER)


@pytest.mark.parametrize("name", CHANGES)
def test_texts_that_are_not_counted(name: str) -> None:
    """Each condition of the count, broken in the decoder's text, is found."""
    old, new, message = CHANGES[name]
    text = plain(DECODER)
    assert text.count(old) >= 1
    with pytest.raises(Uncounted, match=message):
        counted(text.replace(old, new, 1))


def test_the_count_is_of_every_instruction() -> None:
    """One instruction more in a loop is a step more an iteration; the value is that of the stated text."""
    text, before = plain(DECODER), counted(DECODER).polynomial
    more = counted(text.replace("mul r6, r6, r7\nadd r4", "mul r6, r6, r7\nmov r6, r6\nadd r4")).polynomial
    assert {key: more[key] - c for key, c in before.items() if more[key] != c} == {("passes", "HEAD[4]", "S", "S"): 1}
    letters = {"T": 2, "S": 3, "C": 7, "K": 17, "B": 5, "N": 19, "H": 13, "Q": 29, "V": 31, "E": 11, "U": 23}
    stated = sum(prod(factor(part, letters) for part in term.split()) for term in STEPS.split(" + "))
    assert steps(Sizes(3, 7, 17, 5, 19, 13, 29, 31, 11, 23), 2) == stated


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("slt r7, r7, LIMIT", "slt r7, r7, r6"),
        ("add r7, r7, 1\nst r7, [PASSES]", "add r7, r7, 0\nst r7, [PASSES]"),
        ("add r7, r7, 1\nst r7, [PASSES]", "add r7, r7, 1\nst r7, [OPEN]"),
        ("seq r3, r1, MASK", "st r1, [PASSES]\nseq r3, r1, MASK"),
        ("ld r6, [OPEN]\nand r7, r7, r6", "ld r6, [OPEN]\nor r7, r7, r6"),
        ("ld r6, [OPEN]\nand r7, r7, r6", "ld r6, [OPEN]\nand r7, r6, r6"),
        ("ld r6, [OPEN]\nand r7", "x: ld r6, [OPEN]\nand r7"),
    ],
)
def test_the_limit_of_the_passes(old: str, new: str) -> None:
    """It is found in the text; a text in which another pass may begin behind it has none."""
    text = plain(DECODER)
    assert counted(text).limit == ("PASSES", "LIMIT") and text.count(old) == 1
    assert counted(text.replace(old, new)).limit != ("PASSES", "LIMIT")


def factor(text: str, letters: dict[str, int]) -> int:
    """A number, a letter or a power of one."""
    base, _, power = text.partition("^")
    return int(base) if base.isdecimal() else letters[base] ** int(power or 1)


def test_a_loop_in_a_loop() -> None:
    """A small text: 1 for the halt, and in every pass 4, in every outer iteration 4, in every inner one 2."""
    text = """
    pass: mov r1, A
    outer: mov r2, B
    jz r2, behind
    inner: sub r2, r2, 1
    jnz r2, inner
    behind: sub r1, r1, 1
    jnz r1, outer
    add r3, r3, 1
    slt r4, r3, LIMIT
    jnz r4, pass
    halt
    """
    found = counted(text)
    assert found.polynomial == {(): 1, ("passes",): 4, ("passes", "A"): 4, ("passes", "A", "B"): 2}
    assert found.positive == {"A"} and found.cells == frozenset() and found.tables == {}
    assert shown(found.polynomial) == "1 + 4 passes + 4 passes A + 2 passes A B"
    assert found.limit == ()
    assert value(found.polynomial, {"passes": 2, "A": 3, "B": 5}) == 1 + 8 + 24 + 60
