"""The report on a terminal."""

from __future__ import annotations

import json

from rich.markup import escape
from rich.table import Table

from efasp.checker.results import GOOD, Row, groups, seconds, slowest, summary, totals
from efasp.checker.terminal import console
from efasp.proofs.obligation import STATUSES

STYLES = {"proved": "green", "measured": "cyan", "refuted": "bold red", "vacuous": "bold red"}  # the others are yellow


def show(rows: list[Row], n_max: int, elapsed: float, interrupted: bool = False) -> None:
    """Summary by family, scope and claim; the slowest; everything that is not proved or measured; totals as the last line."""
    screen = console()
    screen.show(_summary(rows, n_max))
    if slow := [r for r in slowest(rows) if r["seconds"] > 0]:
        table = Table(title="slowest", title_justify="left", show_header=False, box=None)
        table.add_column(justify="right")
        table.add_column(overflow="fold")
        for r in slow:
            table.add_row(f"{r['seconds']:.2f} s", escape(r["id"]))
        screen.show(table)
    for r in rows:
        if r["status"] not in GOOD:
            countermodel = f"\n  {json.dumps(r['countermodel'])}" if r["countermodel"] is not None else ""
            print(f"{r['status']}: {r['id']}: {r['method']}{countermodel}")
    reused = sum(r["cached"] for r in rows)
    parts = [totals(rows) or "nothing discharged", f"n = 1..{n_max}", f"{elapsed:.1f} s"]
    parts += [f"{reused} known from earlier runs"] if reused else []
    parts += ["interrupted: not all were reached"] if interrupted else []
    print("; ".join(parts))


def _summary(rows: list[Row], n_max: int) -> Table:
    table = Table(title=f"obligations for n = 1..{n_max}", title_justify="left", padding=(0, 1, 0, 0), box=None)
    shown = [status for status in STATUSES if summary(rows)[status]]
    table.add_column("family")
    table.add_column("scope", overflow="fold")
    table.add_column("claim")
    for name in (*shown, "seconds"):
        table.add_column(name, justify="right", style=STYLES.get(name, "yellow" if name in shown else ""))
    for (family, scope, claim), members in groups(rows).items():
        counts = summary(members)
        table.add_row(
            escape(family), escape(scope), escape(claim), *(str(counts[s] or "") for s in shown), f"{seconds(members):.2f}"
        )
    return table
