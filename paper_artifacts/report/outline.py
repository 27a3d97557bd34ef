"""One claim in full: its statement, how far it is shown, the outline of its proof by families of lemmas, and every lemma."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from textwrap import shorten, wrap
from typing import NamedTuple, TypedDict

from efasp.checker.results import Row, summary
from efasp.paper_artifacts.claims.claims import FILE, Claim, Ledger
from efasp.paper_artifacts.claims.extent import counts, extents, headline, limits
from efasp.paper_artifacts.report.listing import ClaimData, LemmaData, claim_data, lemma_data
from efasp.proofs.statements import StatementError, below, statements

WIDTH = 100  # of a paragraph
LONGEST = 240  # letters of a status in the tree


@cache
def families() -> dict[str, str]:
    """The families of lemmas in the order of an outline, with the contribution of each. Raises StatementError for one that is
    missing or unknown."""
    contributions: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["family"]
    if odd := set(contributions) ^ {statement.family for statement in statements().values()}:
        raise StatementError(f"{FILE.name}: family: expected the families of the statements, found {', '.join(sorted(odd))}")
    return contributions


class Part(NamedTuple):
    """A family's part in the proof of a claim: its lemmas below the claim, and the families whose conclusions they assume."""

    family: str
    lemmas: list[str]
    assumes: list[str]


def parts(claim: Claim) -> dict[str, Part]:
    """The lemmas below a claim by family, in order."""
    lemmas, by_family = below(claim.lemmas), {}
    for family in families():
        mine = [name for name in lemmas if statements()[name].family == family]
        others = {statements()[dependency].family for name in mine for dependency in statements()[name].rests}
        if mine:
            by_family[family] = Part(family, mine, [other for other in families() if other in others - {family}])
    return by_family


class FamilyData(TypedDict):
    """A family below a claim, as ``Part`` and its lemmas' extents say."""

    family: str
    contributes: str
    lemmas: int
    counts: dict[str, int]
    assumes: list[str]


class WholeClaim(ClaimData):
    """A claim whole (docs/commands.md, "efasp audit"). ``obligations``: by scope, how many ended how."""

    n_max: int
    obligations: dict[str, dict[str, int]]
    outline: list[FamilyData]
    tree: list[LemmaData]
    commands: list[str]


def whole_data(claim: Claim, ledger: Ledger, n_max: int) -> WholeClaim:
    """A claim as JSON holds it: how many obligations ended how in which scope, the outline, and every lemma below it.

    The lemmas that a lemma rests on are read from its obligations: they conclude the assumptions of these.
    """
    lemmas = [statements()[name] for name in below(claim.lemmas)]
    rows = {row["id"]: row for statement in lemmas for row in ledger.rows.get(statement.lemma, [])}
    scopes: dict[str, list[Row]] = {}
    for row in rows.values():
        scopes.setdefault(row["scope"], []).append(row)
    outline: list[FamilyData] = [
        {
            "family": part.family,
            "contributes": families()[part.family],
            "lemmas": len(part.lemmas),
            "counts": counts(extents(part.lemmas, (), ledger)),
            "assumes": part.assumes,
        }
        for part in parts(claim).values()
    ]
    return {
        "n_max": n_max,
        **claim_data(claim, ledger, n_max),
        "obligations": {scope: {k: v for k, v in summary(some).items() if v} for scope, some in scopes.items()},
        "outline": outline,
        "tree": [lemma_data(statement, ledger) for statement in lemmas],
        "commands": commands(claim),
    }


def commands(claim: Claim) -> list[str]:
    """The shell commands that check a claim anew."""
    lines = [f"efasp audit {claim.id} --no-cache", f"efasp audit {claim.id} --mutants"] if claim.lemmas else []
    lines += ["make rocq", f"efasp audit {claim.id} --kernel"] if claim.theorem else []
    return lines + ([f"efasp tables --check --only {' '.join(claim.measures)}"] if claim.measures else [])


def stated(claim: Claim) -> str:
    """What a claim says, as text, which is known before anything is checked: statement, theorem, outline."""
    title = f"{claim.id}: {claim.title}"
    lines = [title, "=" * len(title), "", *wrap(claim.states, WIDTH), "", f"source  {claim.source}"]
    if claim.theorem:
        lines += ["", "The theorem, of Rocq's kernel:", "", *wrap(claim.theorem.states, WIDTH)]
        lines += ["", "What it does not speak of, and what does:", ""]
        for what in claim.theorem.remains:
            lines += wrap(f"{what}.", WIDTH, initial_indent="* ", subsequent_indent="  ")
    if claim.lemmas:
        lines += ["", "Outline of the proof; below each family of lemmas those whose conclusions it assumes:", ""]
        lines += _outline(parts(claim))
    return "\n".join(lines)


def found_text(claim: Claim, ledger: Ledger, n_max: int) -> str:
    """What a check shows of a claim, as text: extent, limits, families, the tree of the lemmas, commands."""
    lines: list[str] = []
    for number, part in enumerate(ledger.parts(claim)):
        lines += wrap(str(part), WIDTH, initial_indent=" " * 8 if number else "theorem ", subsequent_indent=" " * 10)
    lines += [f"shown   {headline(below(claim.lemmas), claim.measures, ledger)}"]
    if (weakest := ledger.by_lemmas(claim)).dependency:
        said = f"weakest {weakest.dependency}: {replace(weakest, dependency='')}"
        lines += wrap(said, WIDTH, subsequent_indent=" " * 10)
    lines += ["", "Limits:", ""]
    for sentence in limits(claim, ledger, n_max) or ["None."]:
        lines += wrap(sentence, WIDTH, initial_indent="* ", subsequent_indent="  ")
    if claim.lemmas:
        lines += ["", "Families of lemmas:", ""]
        lines += [f"{part.family}: {headline(part.lemmas, (), ledger)}" for part in parts(claim).values()]
        lines += ["", "Lemmas; below each what its obligations assume, by the lemmas that conclude it:", ""]
        lines += _tree(claim, ledger)
    if how := commands(claim):
        lines += ["", "How to check it:", "", *(f"  {command}" for command in how)]
    return "\n".join(lines)


def walk(found: dict[str, Part]) -> Iterator[tuple[int, Part, bool]]:
    """The families as a tree, in the order of an outline: the depth, the part, and whether it stood before."""
    shown: set[str] = set()
    for root in found:
        stack = [(root, 0)] if root not in shown else []
        while stack:
            family, depth = stack.pop()
            yield depth, found[family], family in shown
            if family not in shown:
                stack += [(other, depth + 1) for other in reversed(found[family].assumes)]
            shown.add(family)


def _outline(found: dict[str, Part]) -> Iterator[str]:
    """The families as a tree, each with its contribution where it stands first."""
    for depth, part, again in walk(found):
        indent = "  " * depth
        if again:
            yield f"{indent}{part.family}, as above"
            continue
        yield f"{indent}{part.family}"
        yield from wrap(families()[part.family], WIDTH, initial_indent=f"{indent}    ", subsequent_indent=f"{indent}    ")


def _tree(claim: Claim, ledger: Ledger) -> Iterator[str]:
    """The lemmas as a tree, each with its own status, of a long one the beginning; those below a lemma are written out once,
    later it is "as above"."""
    shown: set[str] = set()
    below_others = {dependency for name in claim.lemmas for dependency in statements()[name].rests}
    stack = [(name, 0) for name in reversed([name for name in claim.lemmas if name not in below_others])]
    while stack:
        name, depth = stack.pop()
        dependencies = statements()[name].rests
        again = name in shown and dependencies
        indent, said = "  " * depth, shorten(str(ledger.own(name)), LONGEST, placeholder=f" ... (efasp audit {name})")
        line = f"{name}: {said}{', as above' if again else ''}"
        yield from wrap(line, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}    ", break_long_words=False,
                        break_on_hyphens=False)  # fmt: skip
        if not again:
            stack += [(dependency, depth + 1) for dependency in reversed(dependencies)]
        shown.add(name)
