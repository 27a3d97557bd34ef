"""Clauses about a script's formulas that hold for a reason: gates, cases of ifs, division, congruence.

A literal is a formula's number, or its negative; the reasons are those of ``proofs/rocq/Smt.v``.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from efasp.checker.certificates.terms import Script

MOD, DIV = 0, 1  # numbers of these functions
Clause = tuple[int, ...]
Reasoned = tuple[Clause, str]  # a clause and its reason, as the certificate writes it


def of_script(script: Script) -> Iterator[Reasoned]:
    """All clauses but those of arithmetic. They speak of formulas made on the way, whose gates are among them."""
    for formula in script.assertions:
        yield (formula,), "asserted"
    yield from branches(script)
    yield from divisions(script)
    yield from congruences(script)
    formula = 0
    while formula < len(script.formulas):  # equalities make comparisons
        formula += 1
        yield from gates(script, formula)


def gates(script: Script, p: int) -> Iterator[Reasoned]:
    """The clauses that define formula number ``p`` by its parts, each with its reason."""
    match script.formulas[p]:
        case ("truth", value):
            clauses: list[Clause] = [(p if value else -p,)]
        case ("not", f):
            clauses = [(p, f), (-p, -f)]
        case ("and", f, g):
            clauses = [(-p, f), (-p, g), (p, -f, -g)]
        case ("or", f, g):
            clauses = [(-p, f, g), (p, -f), (p, -g)]
        case ("iff", f, g):
            clauses = [(-p, f, -g), (-p, -f, g), (p, f, g), (p, -f, -g)]
        case ("eq", a, b):
            f, g = script.at_most(a, b), script.at_most(b, a)
            clauses = [(-p, f), (-p, g), (p, -f, -g)]
        case _:
            clauses = []
    for clause in clauses:
        yield clause, f"gate {p}"


def branches(script: Script) -> Iterator[Reasoned]:
    """An if is its first part where the condition holds, its second where it does not."""
    for number, node in enumerate(script.terms.nodes, 1):
        if node[0] == "if":
            _, c, a, b = node
            yield (-c, script.equal(number, a)), "branch"
            yield (c, script.equal(number, b)), "branch"


def divisions(script: Script) -> Iterator[Reasoned]:
    """Quotient and remainder by a constant of 1 or more; the remainder of a number below the divisor."""
    uses = [node[2:] for node in script.terms.nodes if node[0] == "apply" and node[1] in (MOD, DIV)]
    for a, divisor in dict.fromkeys(uses) if script.integral else ():
        rest = script.terms.node_number("apply", MOD, a, divisor)
        below = -script.at_most(script.num(0), a), script.at_most(divisor, a)
        yield (*below, script.equal(rest, a)), "division"
        word, k = script.terms[divisor][:2]
        if word == "num" and k > 0:
            quotient = script.terms.node_number("apply", DIV, a, divisor)
            yield (script.equal(a, script.plus(script.times(k, quotient), rest)),), "division"
            yield (script.at_most(script.num(0), rest),), "division"
            yield (script.at_most(rest, script.num(k - 1)),), "division"


def congruences(script: Script) -> Iterator[Reasoned]:
    """Equal arguments, equal results: for every two uses of a function or predicate."""
    uses: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for table, word in ((script.terms, "apply"), (script.formulas, "holds")):
        for number, node in enumerate(table.nodes, 1):
            if node[0] == word:
                uses.setdefault((word, node[1]), []).append((number, node[2], node[3]))
    for (word, _), applications in uses.items():
        for (one, a, b), (two, c, d) in combinations(applications, 2):
            unequal = tuple(-script.equal(x, y) for x, y in ((a, c), (b, d)) if x != y)
            if word == "apply":
                yield (*unequal, script.equal(one, two)), "congruent"
            else:
                yield (*unequal, -one, two), "congruent"
                yield (*unequal, one, -two), "congruent"
