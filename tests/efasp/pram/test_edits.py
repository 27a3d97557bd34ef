"""The program `preserve` on random lists of edits against Python's lists, its bounds, and bad problems."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.edits import LETTERS, Edited, encode_preserve, memory, most_steps, processors
from efasp.pram.library import build, load
from efasp.pram.machine import Run

WORD = 16


def ran(problem: Edited) -> Run:
    """The whole run, which halts without a fault or a breach of its policy."""
    run = machine.run(build("preserve", encode_preserve(problem, WORD)))
    assert run.finished and not run.faults and run.violation is None
    return run


def letters_of(problem: Edited) -> list[str]:
    """The letters after the edits, by slices."""
    found = problem.string
    for letter, at in problem.edits:
        found = found[:at] + letter + found[at if letter else at + 1 :]
    return list(found)


@st.composite
def problems(draw: st.DrawFn) -> Edited:
    """Up to nine edits of up to five letters, with a letter left at some index."""
    string = draw(st.text(LETTERS, max_size=5))
    edits, length = list[tuple[str, int]](), len(string)
    for _ in range(draw(st.integers(0, 9))):
        if length and draw(st.booleans()):
            edits.append(("", draw(st.integers(0, length - 1))))
        else:
            edits.append((draw(st.sampled_from(LETTERS)), draw(st.integers(0, length))))
        length += 1 if edits[-1][0] else -1
    if not length:
        edits.append((draw(st.sampled_from(LETTERS)), 0))
        length = 1
    return Edited(string, tuple(edits), draw(st.integers(0, length - 1)))


@settings(max_examples=50, deadline=None)
@given(problems())
def test_letters_are_those_of_strings(problem: Edited) -> None:
    """Any edits; the steps are within their bound, and the memory is the closed form's, or the 11 words of an example."""
    instance, run = encode_preserve(problem, WORD), ran(problem)
    assert instance.result(run.configuration.memory) == letters_of(problem)[problem.at]
    assert run.steps <= most_steps(problem)
    assert instance.memory == max(11, memory(problem)) and instance.processors == processors(problem)


def test_no_edits() -> None:
    """Every letter of a string is where it was; a table of one column is enough."""
    for at, letter in enumerate("zebra"):
        run = ran(Edited("zebra", (), at))
        assert LETTERS[run.configuration.memory[3] - 1] == letter and 35 <= run.steps <= 37


def test_steps_grow_as_the_logarithm() -> None:
    """Twice as many edits take nine steps more."""
    steps = [ran(Edited("ab", tuple(("c", 0) for _ in range(many)), many + 1)).steps for many in (1, 2, 4, 8, 16, 32)]
    assert steps == [57, 66, 75, 84, 93, 102]


@pytest.mark.parametrize(("edits", "length"), [((), 2), ((("", 0),), 1), ((("", 1), ("", 0)), 0), ((("c", 1), ("", 0)), 2)])
def test_an_index_beyond_the_string_has_no_letter(edits: tuple[tuple[str, int], ...], length: int) -> None:
    """Up to s + m the answer is then 0, as the program's head says."""
    longer = Edited("ab", (*edits, ("z", length)), length)  # which is laid out, as the index is one of the end
    for at in range(length, 3 + len(edits)):
        instance = encode_preserve(longer._replace(at=0), WORD)
        data = instance.data | {1: len(edits), 2: at}
        cells = [data[address] for address in range(instance.memory)]
        del cells[4 + 2 * len(edits) : 6 + 2 * len(edits)]  # the last edit
        run = machine.run(replace(build("preserve", instance), data=(*cells, 0, 0)))
        assert run.finished and not run.faults and run.configuration.memory[3] == 0


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("slt   r7, r6, r3\n", "slt   r7, r6, r1\n"),  # rows beyond the table act
        ("slt   r7, r2, r1\n        jnz   r7, ends", "slt   r7, r2, r0\n        jnz   r7, ends"),  # nodes seem letters
        ("add   r2, r2, r0\n        sub   r2, r2, 1 ", "mov   r2, r0\n        sub   r2, r2, 1 "),  # no index moves
    ],
)
def test_a_program_that_is_changed_is_noticed(old: str, new: str) -> None:
    """Processors that are too many store outside the memory; a pointer that is taken for a letter's gives a wrong one."""
    text, problem = load("preserve"), Edited("ab", (("c", 1), ("", 0), ("d", 0), ("e", 1)), 3)
    assert text.count(old) == 1
    instance = encode_preserve(problem, WORD)
    program = build("preserve", instance)
    broken = replace(program, instructions=assemble(text.replace(old, new)).instructions, processors=program.processors + 8)
    run = machine.run(broken, 1_000)
    assert run.faults or run.configuration.memory[3] != 2  # b, which stands at index 3 of decb


@pytest.mark.parametrize(
    ("problem", "word", "message"),
    [
        (Edited("aB", (), 0), 16, "string: expected letters a to z, found 'B'"),
        (Edited("ab", (("cd", 0),), 0), 16, "edit 1: expected one letter of a to z, or none, found 'cd'"),
        (Edited("ab", (("c", 0), ("é", 0)), 0), 16, "edit 2: expected one letter of a to z, or none, found 'é'"),
        (Edited("ab", (("c", 3),), 0), 16, "edit 1: expected a position within 2 letters, found 3"),
        (Edited("ab", (("c", 0), ("", 3)), 0), 16, "edit 2: expected a position within 3 letters, found 3"),
        (Edited("ab", (("", -1),), 0), 16, "edit 1: expected a position within 2 letters, found -1"),
        (Edited("ab", (("", 0),), 1), 16, "index: expected a position within the 1 letters of the end, found 1"),
        (Edited("abcdefgh", (("c", 0),) * 8, 0), 7, "at most 128 words of memory, found 301"),
    ],
)
def test_bad_problems_are_named(problem: Edited, word: int, message: str) -> None:
    """A problem that cannot be laid out is refused, with the place of the error."""
    with pytest.raises(ValueError, match=r"^preserve: ") as found:
        encode_preserve(problem, word)
    assert message in str(found.value)
