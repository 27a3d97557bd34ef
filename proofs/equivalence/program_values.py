"""Facts about the program's own lookups and values, as forms over the atoms of a residual stream."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from efasp.affine_forms import Form
from efasp.proofs.lemmas.attention_lookups import names
from efasp.proofs.obligation import Machine
from efasp.proofs.symbolic.positions import Lookup, lookup
from efasp.proofs.symbolic.residual_atoms import Code, Mean, Unit
from efasp.proofs.symbolic.residual_stream import Reader
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Number


@lru_cache(maxsize=1)
def lookups(machine: Machine) -> list[Lookup]:
    """The lookups of a machine's step."""
    step = Step(machine)
    return [lookup(step, name) for name in names(step)]


@lru_cache(maxsize=1)
def parts(reader: Reader, machine: Machine) -> dict[int, list[Lookup]]:
    """The program's lookups by score."""
    by_score: dict[int, list[Lookup]] = {}
    for here in lookups(machine):
        by_score.setdefault(reader.lookups[here.node.q, here.node.k], []).append(here)
    return by_score


@lru_cache(maxsize=1)
def misses(reader: Reader, machine: Machine) -> dict[int, list[tuple[Form, int]]]:
    """By score the conditions of a lookup miss, as forms with a value: a word of the query is 0, or the query is absent."""
    return {
        score: [
            *((reader.of[query][0], 0) for query, _ in here.words),
            *([(reader.of[here.absent][0], 1)] if here.absent is not None else []),
        ]
        for score, (here, *_) in parts(reader, machine).items()
    }


def absent(reader: Reader, machine: Machine, score: int) -> list[tuple[Form, int]]:
    """The flags that mark a query as absent, with the value that does."""
    return [(flag, at) for flag, at in misses(reader, machine).get(score, ()) if at]


def key(form: Form) -> tuple[frozenset[tuple[int, Number]], Number]:
    """A key that is the same for equal forms."""
    return frozenset(form.terms.items()), form.constant


@lru_cache(maxsize=1)
def integers(reader: Reader) -> dict[tuple[frozenset[tuple[int, Number]], Number], tuple[Form, range]]:
    """The program's forms that are integers of few values, with these, by ``key``."""
    by_key: dict[tuple[frozenset[tuple[int, Number]], Number], tuple[Form, range]] = {}
    for node, forms in reader.of.items():
        for form, (low, high) in zip(forms, node.sort.bounds, strict=True):
            if node.sort.integral and high - low <= 2:
                was = by_key.get(key(form), (form, range(int(low), int(high) + 1)))[1]
                by_key[key(form)] = form, range(max(was.start, int(low)), min(was.stop, int(high) + 1))
    return by_key


@lru_cache(maxsize=1)
def sink_values(reader: Reader) -> dict[int, Fraction]:
    """The program's atoms at the sink, where every lookup is a miss (lemma step.sink)."""
    stream, known = reader.stream, {0: Fraction(1)}
    codes = {side: book.codes([book.row("bos")])[0].tolist() for side, book in stream.books.items()}
    for atom in range(1, reader.own_atoms):
        kind = stream.atoms[atom]
        if isinstance(kind, Code):
            known[atom] = Fraction(codes[kind.side][kind.coordinate], 2)
        elif isinstance(kind, Mean):
            known[atom] = known[kind.atom]
        elif isinstance(kind, Unit):
            inner = sum((c * known[a] for a, c in stream.directions[kind.direction].items()), Fraction(0))
            known[atom] = max(kind.sign * inner + kind.constant, Fraction(0))
    return known
