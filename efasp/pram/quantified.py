"""Quantified Boolean formulas for the library's program ``qbf``: random ones, one in memory, and bounds on memory and steps.

>>> formula = Formula("ae", ((1, 2), (-1, -2)))
>>> encode_qbf(formula, 16).memory == memory(formula)
True
>>> most_steps(formula)
296
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from random import Random
from typing import NamedTuple

from efasp.pram.problems import Instance, _instance

QUANTIFIERS = {"e": 0, "a": 2}  # as the cell of a variable holds them, above the bit of its value


class Formula(NamedTuple):
    """A closed formula in prenex form. ``prefix``: e (there is) or a (for all) for the variables 1, 2, ..., outermost first;
    ``clauses``: a conjunction of disjunctions of literals, v for a variable and -v for its negation."""

    prefix: str
    clauses: tuple[tuple[int, ...], ...]

    @property
    def literals(self) -> int:
        """The number of literals in all clauses together."""
        return sum(map(len, self.clauses))


def checked(formula: Formula, word: int) -> Formula:
    """The formula. Raises ValueError, which names the place, for one that is malformed or that words cannot hold."""
    n = len(formula.prefix)
    for number, quantifier in enumerate(formula.prefix, 1):
        if quantifier not in QUANTIFIERS:
            raise ValueError(f"qbf: variable {number}: expected the quantifier a or e, found {quantifier!r}")
    for number, clause in enumerate(formula.clauses, 1):
        for literal in clause:
            if not 1 <= abs(literal) <= n:
                raise ValueError(f"qbf: clause {number}: expected a literal of the variables 1..{n}, found {literal}")
    if max(memory(formula), 2 * n + 2) > 1 << word:
        raise ValueError(
            f"qbf: expected at most {1 << word} words of memory and {(1 << word - 1) - 1} variables at {word} bits a word, "
            f"found {memory(formula)} and {n}"
        )
    return formula


def memory(formula: Formula) -> int:
    """The words that the program has: three, one a variable, one a literal and one a clause."""
    return 3 + len(formula.prefix) + formula.literals + len(formula.clauses)


def most_steps(formula: Formula) -> int:
    """The steps where every assignment is tried; a formula that decides earlier takes fewer."""
    return ((23 + 8 * len(formula.clauses) + 9 * formula.literals) << len(formula.prefix)) - 10


def draw_qbf(rng: Random, size: int, word: int) -> Formula:
    """``size`` variables, the quantifiers in turn or at random, and about as many clauses of up to three literals."""
    turn = rng.choice(("ae", "ea", ""))
    prefix = "".join(turn[v % 2] if turn else rng.choice("ae") for v in range(size))
    clauses = [
        tuple(v if rng.random() < 0.5 else -v for v in sorted(rng.sample(range(1, size + 1), min(size, rng.randint(1, 3)))))
        for _ in range(rng.randint(1, size + 1))
    ]
    return Formula(prefix, tuple(clauses))


def exhaustive(n: int) -> Formula:
    """A formula of n variables, the quantifiers in turn, of which every assignment is tried.

    A result is decisive at no variable whose value is 0: an assignment is true exactly if its last 0 is of a universal
    variable, or it has none. There is one clause for each existential variable, which says that it is not the last one.
    """
    prefix = ("ea" * n)[:n]
    clauses = [(v, *(-u for u in range(v + 1, n + 1))) for v in range(1, n + 1) if prefix[v - 1] == "e"]
    return Formula(prefix, tuple(clauses))


def matrix(clauses: Sequence[Sequence[int]]) -> list[int]:
    """The clauses as words: 2v for v, 2v + 1 for -v, and 0 after each clause."""
    return list(chain.from_iterable((*(2 * abs(v) + (v < 0) for v in clause), 0) for clause in clauses))


def encode_qbf(formula: Formula, word: int) -> Instance:
    """The numbers of variables and of the matrix's words, a word for the answer, the variables, and the matrix.

    Raises ValueError for a formula that is malformed, or that words of this width cannot hold.
    """
    prefix, clauses = checked(formula, word)
    words = matrix(clauses)
    cells = [len(prefix), len(words), 0, *(QUANTIFIERS[quantifier] for quantifier in prefix), *words]
    return _instance("qbf", formula, word, 1, cells, lambda found: bool(found[2]))
