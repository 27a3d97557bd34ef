"""The counts of obligations: a case of the specification's tables that is left out is an error."""

from __future__ import annotations

from dataclasses import replace

import pytest

from efasp.pram.isa import operations
from efasp.proofs.counting import VARYING, written
from efasp.proofs.counts import FILE, Count, miscounted, table
from efasp.proofs.obligation import Regime, tally
from efasp.proofs.registry import batches, matches
from efasp.proofs.statements import statements


def test_every_lemma_has_its_counts() -> None:
    """Those that are stated, but for the ones that vary and those that need other programs or a larger bound."""
    wanted = {name for name in statements() if not matches(name, VARYING) and not name.startswith(("kernel.", "bounded."))}
    assert wanted - set(table()) <= {"process.refused"} and set(table()) <= set(statements())


def test_an_operation_that_is_left_out_is_an_error() -> None:
    """Of every shape of its operands the step has one obligation, which states two conclusions a way through the machine."""
    (batch,) = (batch for batch in batches(Regime(1), ["step.execute"]) if batch.params == {"ext": "none"})
    every = list(batch.build())
    assert not batch.lacking(tally(every))
    assert {row.params["op"] for row in every if row.lemma == "step.execute"} == {one.name for one in operations("")}
    fewer = [row for row in every if row.params.get("op") != "sub"]
    assert list(batch.lacking(tally(fewer))) == ["step.execute"]
    less = [replace(row, stated=0) if row.params.get("op") == "sub" else row for row in every]
    assert "expected" in batch.lacking(tally(less))["step.execute"]
    assert list(batch.lacking(tally(every[:1]))) == ["step.execute", "step.stopped"]


@pytest.mark.parametrize(
    "found, said", [(Count(13, 0), False), (Count(13, None), False), (Count(12, 0), True), (Count(14, None), True)]
)
def test_a_count_is_compared_with_its_entry(found: Count, said: bool) -> None:
    """More is an error too: the entry is then of another lemma. A count that is not known is not compared."""
    assert bool(miscounted("attention.fold", {"w": 7}, found)) == said
    assert not miscounted("x.one", {}, found)


def test_counts_are_written_by_family() -> None:
    """The entries of one family afresh, and the others' as they stand: the file as it is. A glob of nothing is an error."""
    assert written(["gates.*", "process.*"]) == FILE.read_text(encoding="utf-8")
    for nothing in ("gates", "numerics.*"):
        with pytest.raises(ValueError, match="expected a glob of lemmas that are counted"):
            written(["gates.add", nothing])
