"""Family attention (claim F): the operators over attention equal their specifications, at every width and any length.

*Rows*: an operator's scores are read from its own queries and keys, and are those of a match (``proofs.symbolic.scores``),
coefficient by coefficient. *Winners* (``proofs.lemmas.attention_winners``): the positions of maximal score, with n and C as
symbols, for two positions or one position more at a time; attention then averages over the positions that the registered
specification, run on symbols, has chosen. *Exhaustion*: every operator on short sequences, by exact evaluation. The machine's
lookups are in ``proofs.lemmas.attention_lookups``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from efasp import attention
from efasp.affine_forms import Form
from efasp.codebook import Codebook
from efasp.embeddings import positions
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS, Operator
from efasp.proofs.lemmas import gates_recurrences
from efasp.proofs.lemmas.attention_indexed import indexed
from efasp.proofs.lemmas.attention_winners import AGGREGATES, GATHER, MATCHES, RANKED, winners
from efasp.proofs.lemmas.gates import structure
from efasp.proofs.lemmas.gates_recurrences import Wrong
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.proofs.symbolic.nodes import Reading
from efasp.proofs.symbolic.scores import ONE, Bilinear, Parts, bilinear, differs, formula
from efasp.sorts import Flag
from efasp.syntax import Attention, Node, Parameter, walk

EXHAUSTED, LONGEST = 2, 3  # the width, and the length up to which every operator is also checked exhaustively
SINK = Parameter("sink", Flag())
AT_WIDTH = (*MATCHES, "gather", "seq_max", "seq_min", "seq_mean")


def build(operator: Operator, word: int) -> tuple[Node, list[Parameter]]:
    """The operator on parameters, with the sink or the positions where it takes them."""
    arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(word))]
    takes = inspect.signature(operator.build).parameters
    extra: list[Any] = [SINK] if "sink" in takes else []
    extra = [positions(Codebook.index(word))] if operator.kind == "positional" else extra
    return operator.build(*arguments, *operator.fixed, *extra), arguments


# By exhaustion.


def columns(operator: Operator, length: int) -> Iterator[tuple[Sequence[int], ...]]:
    """Columns of arguments: every query, key and rank, and values that tell the positions apart; the sink stands first."""
    word = EXHAUSTED
    sorts = operator.sorts(word)
    if operator.name.startswith("seq"):
        yield from product(*(product(sort.values(), repeat=length) for sort in sorts))
        return
    # A query's answer does not depend on the other queries: windows over all of them are enough.
    asked = list(sorts[1 if operator.kind == "positional" else 0].values())
    windows = [[asked[(start + i) % len(asked)] for i in range(length)] for start in range(0, len(asked), length)]
    if operator.kind == "positional":
        yield from product(permuted(length), windows)
        return
    keys = [(-1, *k) for k in product(sorts[1].values(), repeat=length - 1)]
    rest: list[Sequence[tuple[int, ...]]] = []
    if operator.name in RANKED:
        rest = [[(0, *p) for p in product((0, 1, 3), repeat=length - 1)]]
    elif operator.name == "match_or_default":
        rest = [[(3,) * length, (0,) * length]]
    yield from product(windows, keys, [tuple(range(length))], *rest)


def permuted(length: int) -> list[tuple[int, ...]]:
    """The values 0..length-1 upwards, and 1..length downwards."""
    return [tuple(range(length)), tuple(range(length, 0, -1))]


def failures(operator: Operator, longest: int = LONGEST) -> Iterator[dict[str, Any]]:
    """The columns on which an operator's construction and its specification differ."""
    root, arguments = build(operator, EXHAUSTED)
    for length in range(1, longest + 1):
        sink = np.array([[int(i == 0)] for i in range(length)])
        for case in columns(operator, length):
            values: dict[Node, np.ndarray] = {
                a: np.array([a.sort.encode(item) for item in column]) for a, column in zip(arguments, case, strict=True)
            }
            (out,) = evaluate(root, values={**values, SINK: sink}, positions=np.arange(length))
            got = [sum(v * (1 << place) for place, v in enumerate(row)) for row in out.tolist()]
            if got != (wanted := operator.spec(case)):
                listed = [list(c) for c in case]
                yield {"operator": operator.name, "columns": listed, "expected": str(wanted), "got": str(got)}


def tried(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations that try every attention operator on short sequences."""
    for operator in OPERATORS.values():
        if operator.kind not in ("attention", "positional"):
            continue
        cases = sum(1 for length in range(1, LONGEST + 1) for _ in columns(operator, length))
        scope = f"exhaustive at w = {EXHAUSTED}, up to {LONGEST} positions"
        content = structure(build(operator, EXHAUSTED)[0]) + inspect.getsource(attention)
        discharge = exhaustive(cases, partial(failures, operator))
        params = {"operator": operator.name, "w": EXHAUSTED}
        yield Obligation("attention.exhausted", "F", params, scope, n, "exhaustive", content, discharge)


# The rows.


def flagged(name: str) -> Form:
    """The form of one parameter."""
    return Form.atom((name, 0))


def parts_of(name: str, word: int) -> Parts:
    """The parts of the literature's matches: the sink is not a candidate, and ranks are numbers of w bits."""
    rank, top = Form(), (1 << word) - 1
    if name in RANKED:
        rank = flagged("x3") if RANKED[name] > 0 else Form({("x3", 0): -1, ("sink", 0): -top}, top)
    bits = tuple((Form.atom(("x0", b)), Form.atom(("x1", b))) for b in range(word))
    among = Form({("sink", 0): -1}, 1)
    return Parts(flagged("sink"), bits, (among,), rank=rank, capacity=top + 1 if name in RANKED else 1)


def composed(name: str, word: int) -> Wrong:
    """The first error in the rows of a match, of gather or of an aggregate; None if they are as
    ``proofs.lemmas.attention_winners`` assumes."""
    root, arguments = build(OPERATORS[name], word)
    reading = Reading({**{a: a.name for a in arguments}, SINK: "sink"})
    unread = {node.v: node for node in walk(root) if isinstance(node, Attention)}
    read: dict[Node, str] = {}
    for wanted, value in expected(name, word, arguments):
        node = unread.pop(value, None)
        if node is None:
            return {"of": "the value read", "expected": value.name, "got": ", ".join(map(str, unread)) or "nothing else"}
        if wrong := differs("the score", bilinear(reading, node), wanted):
            return wrong
        read[node] = f"read {value.name}"
    if unread:
        return {"of": "the value read", "expected": "nothing else", "got": ", ".join(map(str, unread))}
    return _result(name, root, Reading({**{a: a.name for a in arguments}, **read}))


def expected(name: str, word: int, arguments: list[Parameter]) -> list[tuple[Bilinear, Parameter]]:
    """The expected attention nodes of the operator: the score of each, and the value that it reads."""
    if name in MATCHES:
        score = formula(parts_of(name, word))
        return [(score, arguments[2]), *([(score, SINK)] if name == "match_or_default" else [])]
    if name == "gather":
        fields = [f for f in Codebook.index(word).fields if f.payload == "index" and not f.shift]
        places: dict[str, str] = {f.encode: f"pe.{f.name}" for f in fields}
        asked = {"number": ("x1", 0), "square": ONE}
        return [({(asked[what], (places[what], 0)): factor for what, factor in GATHER.items()}, arguments[0])]
    return [({(ONE, ("x0", 0)): AGGREGATES[name]} if AGGREGATES[name] else {}, arguments[0])]


def _result(name: str, root: Node, reading: Reading) -> Wrong:
    """Whether the result is the value that attention reads (of match_or_default: plus the default gated by the sink's flag)."""
    if name != "match_or_default":
        read = next(leaf for leaf in reading.leaves.values() if leaf.startswith("read"))
        return gates_recurrences.differs("the result", reading.form(root, 0), {(read, 0): 1})
    for place in range(root.width):
        found, rest, constant = gates_recurrences.units(reading, root, place)
        gated = (frozenset({(("read sink", 0), 1), (("x3", place), 1)}), -1)
        if found != {gated: 1} or rest != {("read x2", place): 1} or constant:
            got = [f"{c} relu({gates_recurrences.shown(*unit)})" for unit, c in found.items()]
            got.append(gates_recurrences.shown(rest.items(), constant))
            return {"of": f"bit {place}", "expected": "read + relu(default + missed - 1)", "got": " + ".join(got)}
    return None


def counted() -> Wrong:
    """The first error in the rows of seq_sum: the mean of flag and sink, and for every k the two units of k / n <= s / n."""
    root, (x,) = build(OPERATORS["seq_sum"], 1)
    (longest,) = OPERATORS["seq_sum"].fixed
    nodes = [node for node in walk(root) if isinstance(node, Attention)]
    reading = Reading({x: "x0", SINK: "sink", **dict.fromkeys(nodes, "share")})
    shares = Reading({x: "x0", SINK: "sink"})
    if len(nodes) != 1:
        return {"of": "the value read", "expected": "one mean", "got": f"{len(nodes)} of them"}
    if wrong := differs("the score", bilinear(shares, nodes[0]), {}):
        return wrong
    for place, name in enumerate(("x0", "sink")):
        if wrong := gates_recurrences.differs(f"share {place}", shares.form(nodes[0].v, place), {(name, 0): 1}):
            return wrong
    found, rest, constant = gates_recurrences.units(reading, root, 0)
    wanted: dict[gates_recurrences.Unit, int] = {}
    for k in range(1, longest + 1):
        terms = frozenset({(("share", 0), longest), (("share", 1), -k * longest)})
        wanted |= {(terms, 1): 1, (terms, 0): -1}
    for unit in [*wanted, *found]:
        if found.get(unit, 0) != wanted.get(unit, 0):
            what = f"relu({gates_recurrences.shown(*unit)})"
            return {"of": what, "expected": str(wanted.get(unit, 0)), "got": str(found.get(unit, 0))}
    return {"of": "other terms", "got": gates_recurrences.shown(rest.items(), constant)} if rest or constant else None


def witness(operator: Operator) -> dict[str, Any] | None:
    """The first columns on which an operator is wrong, if some short ones show it."""
    return next(failures(operator), None)


def discharged(check: Callable[[], Wrong], name: str) -> Verdict:
    """The verdict on an operator's rows: proved if they are as expected; a difference is shown on columns too, where short ones
    show it."""
    wrong = check()
    if wrong is None:
        return Verdict("proved", "row coefficients equal those of the match")
    return Verdict("refuted", "row coefficients differ from those of the match", {**wrong, "case": witness(OPERATORS[name])})


def rows(word: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about the rows of every operator at one width."""
    for name in AT_WIDTH:
        discharge = partial(discharged, partial(composed, name, word), name)
        yield Obligation(f"attention.{name}", "F", {"w": word}, f"n <= {n[1]}", n, "exact", f"rows of {name}", discharge)


def alone(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about the rows of the operators on flags."""
    for name in ("seq_or", "seq_and"):
        discharge = partial(discharged, partial(composed, name, 1), name)
        yield Obligation(f"attention.{name}", "F", {}, "all n", n, "exact", f"rows of {name}", discharge)
    (longest,) = OPERATORS["seq_sum"].fixed
    discharge = partial(discharged, counted, "seq_sum")
    scope = f"at most {longest} positions"
    yield Obligation("attention.seq_sum", "F", {"longest": longest}, scope, n, "exact", "rows of seq_sum", discharge)


@lemma
def operators(regime: Regime) -> Iterator[Batch]:
    """Every operator over attention: its rows at each word width that n takes, and the winners, for all widths and lengths."""
    if regime.given is not None:
        return
    yield Batch(("attention.exhausted",), {"w": EXHAUSTED}, lambda: tried((1, min(LONGEST, regime.n_max))))
    yield Batch(("attention.signs", "attention.match", "attention.fold"), {}, lambda: winners(regime.all_n))
    yield Batch(("attention.indexed",), {}, lambda: indexed(regime.all_n))
    yield Batch(("attention.seq_or", "attention.seq_and", "attention.seq_sum"), {}, lambda: alone(regime.all_n))
    for word, n in regime.widths():
        lemmas = tuple(f"attention.{name}" for name in AT_WIDTH)
        yield Batch(lemmas, {"w": word}, lambda w=word, n=n: rows(w, n))  # type: ignore[misc]
