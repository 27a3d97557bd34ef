"""Hypotheses dropped in turn: one without which the goal still follows is superfluous, and is reported.

A hypothesis is a line of a script that asserts, other than the negated goal. It matters if the script has a model without it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final, TypedDict

from rich.table import Table

from efasp.checker.discharge import ASSERT
from efasp.checker.pool import isolation
from efasp.checker.pool.pools import Pool
from efasp.checker.store import Store, digest
from efasp.checker.terminal import Tally, console
from efasp.proofs.obligation import Obligation

MATTERS: Final = "matters"
DEAD: Final = "dead"
UNKNOWN: Final = "unknown"
LIMIT = 20  # a script may take this many times the seconds of one hypothesis
ENDED: dict[str, str] = {"sat": MATTERS, "unsat": DEAD, "unknown": UNKNOWN}


class Hypothesis(TypedDict):
    """Of a lemma's hypothesis the number of scripts in which it matters, is dead, is not known."""

    lemma: str
    hypothesis: str
    matters: int
    dead: int
    unknown: int


# All of them, and the ids of scripts that could not be tried.
Dropped = TypedDict("Dropped", {"dropped": list[Hypothesis], "not tried": list[str]})


def status_without_each(text: str, seconds: float) -> dict[str, str]:
    """For every hypothesis of a script that has no model how it is without it: ``matters``, ``dead``, or ``unknown``.

    It is dead where the goal follows from the others. Those that Z3 does not need for one refutation are, all at once; each of
    those that it does need is left out by itself.
    """
    import z3

    lines = text.splitlines()
    *asserted, _ = [index for index, line in enumerate(lines) if line.startswith(ASSERT)]
    names = {index: f"hypothesis!{index}" for index in asserted}
    for index, name in names.items():
        said = lines[index].partition(" ; ")[0].removeprefix(ASSERT).removesuffix(")")
        lines[index] = f"(declare-const {name} Bool)\n(assert (=> {name} {said}))"
    solver = z3.Solver(ctx=z3.Context())
    solver.set("timeout", int(1000 * seconds))
    solver.from_string("\n".join(lines))
    kept = {name: z3.Bool(name, solver.ctx) for name in names.values()}
    if solver.check(*kept.values()) != z3.unsat:
        return {text.splitlines()[index]: UNKNOWN for index in names}
    needed = {str(name) for name in solver.unsat_core()}
    scripts_without: dict[str, str] = {}
    for index, name in names.items():
        others = [term for other, term in kept.items() if other != name]
        without = DEAD if name not in needed else ENDED[str(solver.check(*others))]
        scripts_without[text.splitlines()[index]] = without
    return scripts_without


def label(line: str) -> str:
    """The name of a hypothesis in every script of a lemma: its comment, or else its formula."""
    said, _, note = line.partition(" ; ")
    return note or said.removeprefix(ASSERT).removesuffix(")")


def section(scripts: Sequence[list[Obligation]], seconds: float, memory: int, pool: Pool, store: Store,
            tally: Tally) -> Dropped:  # fmt: skip
    """The section of `efasp check --mutants` on hypotheses. ``scripts``: each with the obligations that it is the text of.

    For every lemma each of its hypotheses, with the number of its scripts in which that matters, is dead, is not known; and the
    ids of scripts that could not be tried.
    """
    import z3

    keys = [digest("dropped", same[0].content, z3.get_full_version(), seconds) for same in scripts]
    known = {index: cached for index, key in enumerate(keys) if (cached := store.get(key)) is not None}
    todo = [index for index in range(len(scripts)) if index not in known]
    for cached in known.values():
        tally(cached)

    def on_reply(number: int, reply: isolation.Reply) -> None:
        if "value" in reply:
            known[todo[number]] = reply["value"]
            store.put(keys[todo[number]], reply["value"])
        tally(reply)

    arguments = [{"text": scripts[index][0].content, "seconds": seconds} for index in todo]
    call = "efasp.checker.mutation.hypotheses:status_without_each"
    asked = [isolation.job(call, given, LIMIT * seconds, memory) for given in arguments]
    pool.calls(asked, on_reply, tally.waiting)
    counts: dict[tuple[str, str], Counter[str]] = {}
    for index, same in enumerate(scripts):
        for lemma in dict.fromkeys(o.lemma for o in same):
            for line, ended in known.get(index, {}).items():
                counts.setdefault((lemma, label(line)), Counter())[ended] += 1
    rows: list[Hypothesis] = [
        {"lemma": lemma, "hypothesis": said, "matters": c[MATTERS], "dead": c[DEAD], "unknown": c[UNKNOWN]}
        for (lemma, said), c in counts.items()
    ]
    return {"dropped": rows, "not tried": [same[0].id for index, same in enumerate(scripts) if index not in known]}


def status(rows: Sequence[Hypothesis]) -> str:
    """The status of one hypothesis, from all rows about it: it matters where it does in one of them, is dead where it is in
    all, else unknown."""
    return MATTERS if any(row[MATTERS] for row in rows) else UNKNOWN if any(row[UNKNOWN] for row in rows) else DEAD


def show(outcomes: Dropped) -> None:
    """By family: how many hypotheses lemmas have, and how many are dead, in their lemma and in every lemma of the family."""
    screen = console()
    table = Table(title="hypotheses, each dropped in turn", title_justify="left", padding=(0, 1, 0, 0), box=None)
    table.add_column("family")
    for heading in ("lemmas", "hypotheses", MATTERS, DEAD, UNKNOWN, "dead in every lemma"):
        table.add_column(heading, justify="right")
    families: dict[str, list[Hypothesis]] = {}
    for row in outcomes["dropped"]:
        families.setdefault(row["lemma"].partition(".")[0], []).append(row)
    for family, rows in families.items():
        counts = Counter(status([row]) for row in rows)
        shared: dict[str, list[Hypothesis]] = {}
        for row in rows:
            shared.setdefault(row["hypothesis"], []).append(row)
        dead = sum(status(same) == DEAD for same in shared.values())
        numbers = [len({row["lemma"] for row in rows}), len(rows), *(counts[name] for name in (MATTERS, DEAD, UNKNOWN)), dead]
        table.add_row(family, *(str(number or "") for number in numbers))
    if families:
        screen.show(table)
    if outcomes["not tried"]:
        print(f"hypotheses not tried: {' '.join(outcomes['not tried'])}")
