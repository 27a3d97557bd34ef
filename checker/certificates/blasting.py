"""Bit-vector and floating-point scripts as clauses, by Z3's tactics, whose results are taken on trust."""

from __future__ import annotations

import z3

from efasp.checker.certificates.terms import ScriptError
from efasp.checker.solvers import LOGIC

TACTICS = ("simplify", "fpa2bv", "simplify", "bit-blast", "tseitin-cnf")
HOLE = f"the clauses are what Z3's tactics {', '.join(dict.fromkeys(TACTICS))} make of the script"


def clauses(text: str) -> list[list[int]]:
    """Clauses that have a model where the script has one, the same for the same text. Raises ScriptError, z3.Z3Exception."""
    if (logic := LOGIC.search(text)) is None or logic[1] not in ("QF_BV", "QF_FP"):
        raise ScriptError(
            f"expected a script of bit-vectors or floating-point numbers, found {logic[1] if logic else 'another'}"
        )
    context = z3.Context()  # the numbers of variables depend on the scripts that a context has read
    goal = z3.Goal(ctx=context)
    goal.add(z3.parse_smt2_string(text, ctx=context))
    (made,) = z3.Then(*TACTICS, ctx=context)(goal)
    lines = made.dimacs(False).splitlines()
    return [[int(word) for word in line.split()[:-1]] for line in lines if line and line[0] not in "pc"]
