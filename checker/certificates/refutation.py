"""Certificates: why a script has no model, as text that ``smt-check`` replays (``proofs/rocq/smt_check.ml`` says how it reads).

The clauses are about the script's formulas, each with its reason; that they have no model is an LRAT proof.
"""

from __future__ import annotations

from efasp.checker.certificates.clauses import Reasoned
from efasp.checker.certificates.lrat import Step, drup, steps
from efasp.checker.certificates.search import Search
from efasp.checker.certificates.terms import Script

# Of a node, which of its parts are terms and which formulas; the others are plain numbers.
PARTS = {
    "plus": "tt", "times": " t", "over": "t ", "product": "tt", "if": "ftt", "apply": " tt",
    "le": "tt", "eq": "tt", "not": "f", "and": "ff", "or": "ff", "iff": "ff", "holds": " tt",
}  # fmt: skip


def certificate(text: str, seconds: float) -> str:
    """The certificate that a script has no model. Raises ScriptError, Open or ProofError where none is made."""
    search = Search(Script(text))
    search.run(seconds)
    clauses = [clause for clause, _ in search.clauses]
    return written(search.script, search.clauses, steps(clauses, drup(clauses, seconds)))


def written(script: Script, clauses: list[Reasoned], proof: list[Step]) -> str:
    """The certificate's lines: those that the proof's steps need, and no others."""
    made = {step.number for step in proof}
    used = sorted({hint for step in proof for hint in step.hints} - made)
    number = {old: new for new, old in enumerate([*used, *(step.number for step in proof)], 1)}
    lines = nodes(script, sorted({abs(x) for n in used for x in clauses[n - 1][0]}))
    lines += [f"c {' '.join(map(str, (*clauses[n - 1][0], 0)))} {clauses[n - 1][1]}" for n in used]
    lines += [f"p {Step(number[s.number], s.clause, tuple(number[h] for h in s.hints))}" for s in proof]
    return "\n".join(lines) + "\n"


def nodes(script: Script, formulas: list[int]) -> list[str]:
    """Lines for formulas and all that they are made of, parts first."""
    out: list[str] = []
    seen: set[tuple[str, int]] = set()
    stack = [("f", formula, False) for formula in reversed(formulas)]
    while stack:
        kind, number, ready = stack.pop()
        word, *parts = (script.formulas if kind == "f" else script.terms)[number]
        if ready:
            out.append(f"{kind} {number} {word} {' '.join(map(str, parts))}")
        elif (kind, number) not in seen:
            seen.add((kind, number))
            stack.append((kind, number, True))
            stack += [(of, part, False) for of, part in zip(PARTS.get(word, ""), parts, strict=False) if of != " "]
    return out
