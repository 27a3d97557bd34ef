"""The program `qbf` on random formulas against Z3 and against expansion, its bounds on memory and steps, and bad formulas."""

from dataclasses import replace
from itertools import product

import pytest
import z3
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.encoding import CellLayout
from efasp.pram import machine
from efasp.pram.assembler import assemble
from efasp.pram.library import build, load
from efasp.pram.machine import Program, Run
from efasp.pram.quantified import Formula, encode_qbf, exhaustive, memory, most_steps

WORD = 16


def program(formula: Formula, words: int | None = None, text: str | None = None) -> Program:
    """The program for a formula, in exactly the memory of the closed form (or as many words); ``text``: another one."""
    instance = encode_qbf(formula, WORD)
    made = build("qbf", instance)
    size = memory(formula) if words is None else words
    code = made.instructions if text is None else assemble(text).instructions
    return replace(made, instructions=code, memory=size, data=made.data[:size])


def ran(formula: Formula) -> Run:
    """The whole run, which halts without a fault."""
    run = machine.run(program(formula), 10**6)
    assert run.finished and not run.faults
    return run


def decided(formula: Formula) -> bool:
    """The truth by Z3's quantifiers, the innermost first."""
    names = [z3.Bool(f"x{v}") for v in range(1, len(formula.prefix) + 1)]
    literals = [[names[abs(v) - 1] if v > 0 else z3.Not(names[abs(v) - 1]) for v in clause] for clause in formula.clauses]
    body = z3.And(*map(z3.Or, literals))
    for name, quantifier in reversed(list(zip(names, formula.prefix, strict=True))):
        body = (z3.ForAll if quantifier == "a" else z3.Exists)([name], body)
    solver = z3.Solver()
    solver.add(body)
    found = solver.check()
    assert found != z3.unknown
    return bool(found == z3.sat)


@st.composite
def formulas(draw: st.DrawFn, most: int = 6) -> Formula:
    """Any formula: literals may be there twice, and with their negations; clauses may be empty."""
    n = draw(st.integers(1, most))
    literal = st.integers(1, n).flatmap(lambda v: st.sampled_from((v, -v)))
    clauses = st.lists(st.lists(literal, max_size=4).map(tuple), max_size=6).map(tuple)
    return Formula(draw(st.text("ae", min_size=n, max_size=n)), draw(clauses))


@settings(max_examples=60, deadline=None)
@given(formulas())
def test_truth_is_that_of_z3(formula: Formula) -> None:
    """Random formulas of up to six variables, within the memory and the steps that are stated."""
    run = ran(formula)
    assert run.configuration.memory[2] == decided(formula)
    assert run.steps <= most_steps(formula)
    assert list(run.configuration.memory[3:]) == list(program(formula).data[3:])  # the formula is as it was


def test_no_variable_and_no_clause() -> None:
    """The empty conjunction is true, and an empty clause false, whatever the quantifiers are."""
    for prefix in ("", "a", "ea"):
        assert ran(Formula(prefix, ())).configuration.memory[2] == 1
        assert ran(Formula(prefix, ((),))).configuration.memory[2] == 0


@pytest.mark.parametrize("n", range(1, 8))
def test_a_formula_that_takes_all_assignments(n: int) -> None:
    """The bound on steps is attained, by a formula that is true, as no 0 is the last one of an existential variable."""
    formula = exhaustive(n)
    run = ran(formula)
    assert run.steps == most_steps(formula)
    assert run.configuration.memory[2] == decided(formula)


@pytest.mark.parametrize("prefix", ["".join(p) for n in (1, 2, 3) for p in product("ae", repeat=n)])
def test_context_is_linear_in_the_formula(prefix: str) -> None:
    """One variable, one literal or one clause more is two tokens more, whatever the rest is."""
    formula = Formula(prefix, ((1, -len(prefix)), (1,)))
    longer = (
        Formula(f"{prefix}a", formula.clauses),
        Formula(prefix, ((1, -len(prefix)), (1, 1))),
        Formula(prefix, (*formula.clauses, ())),
    )
    contexts = [CellLayout(WORD, "", 1, program(f).memory, program(f).length).context_length for f in (formula, *longer)]
    size = len(prefix) + 3 + 2
    assert contexts == [170 + 2 * size, *[172 + 2 * size] * 3]


def test_a_word_less_is_too_little() -> None:
    """In a memory without its last word the program faults: the end of the last clause is read there."""
    formula = Formula("ae", ((1, 2), (-1, -2)))
    assert [fault.reason for fault in machine.run(program(formula, memory(formula) - 1)).faults] == ["load"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("other:  add   r4, r4, 1\n", "other:  st    r0, [r6 + CELLS]\n        add   r4, r4, 1\n"),  # a stack of depths
        ("tried:  mov   r0, r7 ", "tried:  st    r3, [r6 + CELLS]\n        mov   r0, r7 "),  # a word for the result
    ],
)
def test_a_program_that_uses_more_cells_faults(old: str, new: str) -> None:
    """A program that stores one word behind the formula is found by the memory that the closed form gives it."""
    text = load("qbf")
    assert text.count(old) == 1
    formula = Formula("ae", ((1, 2), (-1, -2)))
    altered = program(formula, text=text.replace(old, new))
    assert [fault.reason for fault in machine.run(altered).faults] == ["store"]


@pytest.mark.parametrize(
    ("formula", "word", "message"),
    [
        (Formula("ax", ((1,),)), 16, "variable 2: expected the quantifier a or e, found 'x'"),
        (Formula("ae", ((1,), (2, 0))), 16, "clause 2: expected a literal of the variables 1..2, found 0"),
        (Formula("ae", ((3,),)), 16, "clause 1: expected a literal of the variables 1..2, found 3"),
        (Formula("ae", ((1, -3),)), 16, "clause 1: expected a literal of the variables 1..2, found -3"),
        (Formula("e" * 16, ()), 5, "at most 32 words of memory and 15 variables at 5 bits a word, found 19 and 16"),
        (Formula("e", ((1,) * 30,)), 5, "at most 32 words of memory and 15 variables at 5 bits a word, found 35 and 1"),
    ],
)
def test_bad_formulas_are_named(formula: Formula, word: int, message: str) -> None:
    """A formula that cannot be laid out is refused, with the place of the error."""
    with pytest.raises(ValueError, match=r"^qbf: ") as found:
        encode_qbf(formula, word)
    assert message in str(found.value)


def test_the_largest_number_of_variables() -> None:
    """At 5 bits a word 15 variables are laid out, and literals of the last one differ from the ends of clauses."""
    formula = Formula("e" * 15, ((15, -15), (-15,)))
    instance = encode_qbf(formula, 5)
    assert instance.memory == 23 and instance.data[18] == 30 and instance.data[19] == 31
