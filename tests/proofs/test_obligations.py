"""The text and the hash of an obligation are a function of its regime: they depend neither on the order nor on the process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from random import Random

import pytest

from efasp.checker.store import digest
from efasp.proofs.obligation import Batch, Obligation, Regime
from efasp.proofs.registry import batches
from tests.pages import ROOT

FRESH = """
import json, sys
from tests.proofs.test_obligations import *
print(json.dumps(texts(list(batches(REGIME, None))[:: int(sys.argv[1])])))
"""
REGIME = Regime(2)


def texts(listed: Iterable[Batch]) -> dict[str, str]:
    """By obligation a digest of its hash, its scope and its text; the batches are built in this order."""
    built = (one for batch in listed for one in batch.build())
    return {one.id: digest(one.hash, one.scope, one.hypotheses, one.content) for one in built}


@pytest.mark.slow
def test_obligations_are_the_same_in_every_order_and_process() -> None:
    """All batches of the smallest regime: forwards and backwards in processes with other seeds of hashes, and shuffled here."""
    fresh = []
    for seed, step in (("1", "1"), ("2", "-1")):
        env = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", FRESH, step]
        fresh.append(json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT, env=env).stdout))
    listed = list(batches(REGIME, None))
    assert len(fresh[0]) > 1_000 and fresh[0] == fresh[1] == texts(Random(1).sample(listed, len(listed)))


def test_a_text_that_depends_on_the_order_is_noticed() -> None:
    """Of two batches that number their obligations by one counter, the texts differ with the order."""

    def numbered() -> list[Batch]:
        built: list[str] = []

        def one(name: str) -> Iterable[Obligation]:
            built.append(name)
            return [Obligation(f"x.{name}", "F", {}, "all n", (1, 2), "exact", f"{name}, built as number {len(built)}")]

        return [Batch(("x.a",), {}, lambda: iter(one("a"))), Batch(("x.b",), {}, lambda: iter(one("b")))]

    assert texts(numbered()) == texts(numbered())
    assert texts(numbered()) != texts(numbered()[::-1])
