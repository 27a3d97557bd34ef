"""Family sequences (claim F): the operators over selections equal their specifications.

*Scores*: an operator's heads are evaluated at all pairs of a query and a key, up to a size: what is selected has the highest
score, all else a lower one, and the sink stands in between for a mean, level with the selected for a count. *Numbers*:
all that is made of what a head reads is evaluated for every mean that it can read, up to a size. *Steps*
(``proofs.lemmas.sequences_steps``): what attention makes of such scores is what the specification chooses, one position after
the other, for sequences of every length. *Exhaustion*: every operator on short sequences.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import chain, product
from typing import Any

import numpy as np

from efasp import sequences
from efasp.attention import nearest
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import Embedding, positions
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS, Operator
from efasp.proofs.lemmas.sequences_pieces import (
    PLACE,
    SINK,
    Case,
    Columns,
    Heads,
    Numbers,
    heads,
    is_head,
    reads,
    shares,
    table,
)
from efasp.proofs.lemmas.sequences_rounding import rounding
from efasp.proofs.lemmas.sequences_steps import steps
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma
from efasp.selections import RELATIONS
from efasp.sequences import bits_of
from efasp.sorts import Flag, Int, OneHot, Word
from efasp.syntax import Attention, Node, Parameter, TokenEmbedding

SIZES = (*range(1, 17), 33, 64)  # values of a key of which every relation is tried
EVERY = range(1, 65)  # values of a key, and numbers that are counted, of "<="
PLACES = range(1, 7)  # bits of places
MOST_KEYS = 3  # of sort_by
SHORT = 3  # the length up to which every operator is also checked exhaustively
LEADS = (*range(1, 17), 32, 64)  # longest lengths of comparisons of two counts
SEQUENCES = tuple(operator for operator in OPERATORS.values() if operator.kind == "sequence")


def build(operator: Operator, size: int, fixed: Sequence[Any] | None = None) -> tuple[Node, list[Parameter]]:
    """The operator on parameters, with places and the sink where it takes them."""
    arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(size))]
    extra: list[Any] = [positions(Codebook.index(bits_of(size)))] if operator.embedding >= 0 else []
    extra += [SINK] if "sink" in inspect.signature(operator.build).parameters else []
    return operator.build(*arguments, *(operator.fixed if fixed is None else fixed), *extra), arguments


# By exhaustion.


def keys(operator: Operator) -> int:
    """How many keys are tried, and for how many positions there are places."""
    return 2 if operator.fixed[:1] == ("<=",) else SHORT


def settings(operator: Operator) -> list[tuple[Any, ...]]:
    """The fixed arguments that are tried."""
    if operator.fixed[:1] == ("<=",):
        return [(relation, *[SHORT - 1 for _ in operator.fixed[1:]]) for relation in RELATIONS]
    return {"kth": [(1,), (2,), (3,)], "shift": [(k,) for k in range(-2, 3)]}.get(operator.name, [operator.fixed])


def columns(operator: Operator, length: int) -> list[tuple[tuple[int, ...], ...]]:
    """Every column of arguments of a length; numbers that are fetched tell the positions apart, and are 0 at a sink."""
    sorts = operator.sorts(keys(operator))
    several = []
    for number, sort in enumerate(sorts):
        distinct = number == 0 and operator.name in ("mean_where", "kth", "sort_by")
        flagged = number == 0 and operator.name == "count_where"
        every = [tuple(range(length))] if distinct else list(product(sort.values(), repeat=length))
        several.append([column for column in every if not flagged or column[0] == 0])
    return list(product(*several))


def failures(operator: Operator) -> Iterator[Case]:
    """The short columns on which the construction and the specification differ."""
    for fixed in settings(operator):
        root, arguments = build(operator, keys(operator), fixed)
        for length in range(1, SHORT + 1):
            cases = columns(operator, length)
            values: dict[Node, np.ndarray] = {
                a: np.array([a.sort.encode(item) for case in cases for item in case[i]]) for i, a in enumerate(arguments)
            }
            values[SINK] = np.array([[int(i == 0)] for _ in cases for i in range(length)])
            (out,) = evaluate(root, values=values, lengths=[length] * len(cases))
            got = [decoded(root, row) for row in out.tolist()]
            for number, case in enumerate(cases):
                found, wanted = got[number * length : (number + 1) * length], operator.spec(case, *fixed)
                if found != wanted:
                    shown = {"operator": operator.name, "fixed": list(fixed), "columns": [list(c) for c in case]}
                    yield {**shown, "expected": str(wanted), "got": str(found)}


def decoded(root: Node, row: list[Any]) -> Any:
    """A vector as the value that the specification gives."""
    if len(row) == 1:
        return row[0]
    return root.sort.decode(row) if root.sort.admits(row) else str(row)


def tried(n: tuple[int, int]) -> Iterator[Obligation]:
    """Every operator on short sequences."""
    for operator in SEQUENCES:
        cases = len(settings(operator)) * sum(len(columns(operator, length)) for length in range(1, SHORT + 1))
        scope = f"exhaustive, up to {SHORT} positions, {keys(operator)} keys"
        discharge = exhaustive(cases, partial(failures, operator))
        content = f"{operator.name} on short sequences"
        yield Obligation("sequences.exhausted", "F", {"operator": operator.name}, scope, n, "exhaustive", content, discharge)


# The operators, piece by piece.


def compared(name: str) -> Iterator[Heads | Numbers]:
    """A selection by comparison: keys of up to 64 values, queries also beyond them; numbers up to 64, at "<="."""
    mean = name == "mean_where"
    for relation, size in ((r, s) for r in RELATIONS for s in (EVERY if r == "<=" else SIZES)):
        low = -(size % 2)
        value = Parameter("value", Int(0, 3) if mean else Flag())
        key, query = Parameter("key", Int(low, low + size - 1)), Parameter("query", Int(low - 1, low + size))
        root = OPERATORS[name].build(
            *([] if name == "selector_width" else [value]), key, query, relation, *([] if mean else [size]), SINK
        )
        (head,) = heads(root)

        def chosen(i: Columns, j: Columns, relation: str = relation) -> Any:
            holds = RELATIONS[relation].holds(j["key"], i["query"])
            return holds & (j["value"] == 1) if name == "count_where" else holds

        queries = table((query, SINK), product(range(low - 1, low + size + 1), (0, 1)))
        keys = product(range(low, low + size), (0, 1), (0, 1))
        yield Heads(head, queries, table((key, value, SINK), (r for r in keys if r[1:] != (1, 1))), chosen, int(mean))
        if mean:
            yield reads(head, table((value,), [(0,), (3,)]), [[0], [3]])
            yield is_head(root, [(0,), (Fraction(1, 3),), (3,)])
        else:
            yield reads(head, table((SINK,), [(0,), (1,)]), [[0], [1]])
            if relation == "<=" or size <= SHORT:  # the units of a count are made of a share alone
                yield Numbers((root,), {}, {head: shares(size)}, [[c] for c in range(size + 1)])


def alike() -> Iterator[Heads]:
    """Selections of equal one-hots, none included, of up to 16 values."""
    for size in SIZES[:16]:
        sort = OneHot(size, partial=True)
        key, query = Parameter("key", sort), Parameter("query", sort)
        (head,) = heads(OPERATORS["selector_width"].build(key, query, "==", 4, SINK))
        queries = table((query, SINK), product(range(-1, size), (0, 1)))
        keys = table((key, SINK), [(-1, 1), *((k, 0) for k in range(-1, size))])
        yield Heads(head, queries, keys, lambda i, j: (i["query"] == j["key"]) & (j["key"] >= 0))


def upwards(head: Attention, size: int) -> Heads:
    """A head over the places up to the own."""
    places = table((PLACE,), ((i,) for i in range(size)))
    return Heads(head, places, places, lambda i, j: j["place"] <= i["place"])


def prefixes(name: str) -> Iterator[Heads | Numbers]:
    """prefix_mean and prefix_sum, over up to 64 places, of flags and of integers up to 2."""
    for bits, high in product(PLACES, (1, 2)):
        pe, x, size = positions(Codebook.index(bits)), Parameter("x", Int(0, high)), 1 << bits
        root = OPERATORS[name].build(x, pe)
        (head,) = heads(root)
        yield upwards(head, size)
        rows = list(product(range(high + 1), range(size)))
        if name == "prefix_mean":
            yield reads(head, table((x, PLACE), rows), [[value] for value, _ in rows])
            yield is_head(root, [(0,), (Fraction(1, 3),), (high,)])
        else:
            yield reads(head, table((x, PLACE), rows), [[value, int(place == 0)] for value, place in rows])
            lengths = range(1, size + 1) if high == 1 or size <= 16 else (1, 2, size // 2, size - 1, size)
            totals = [(s, n) for n in lengths for s in range(high * n + 1)]
            yield Numbers((root,), {}, {head: [(Fraction(s, n), Fraction(1, n)) for s, n in totals]}, [[s] for s, _ in totals])


def kth() -> Iterator[Heads | Numbers]:
    """kth, over up to 64 places: the heads, and which position is hit; of more than 8 places, four numbers."""
    for bits in PLACES:
        pe, size = positions(Codebook.index(bits)), 1 << bits
        value, flag = Parameter("value", Word(2)), Parameter("flag", Flag())
        for k in (k for k in range(1, size + 1) if size <= 8 or k in (1, 2, size // 2, size)):
            root = OPERATORS["kth"].build(value, flag, k, pe)
            before, hit = heads(root)
            if k == 1:
                yield upwards(before, size)
            rows = list(product((0, 1), range(size)))
            yield reads(before, table((flag, PLACE), rows), [[f, int(place == 0)] for f, place in rows])
            lengths = range(1, size + 1)
            cases = [(n, s, f, v) for n in lengths for s in range(n + 1) for f in (0, 1) if f <= s for v in (1, 2)]
            means: list[Sequence[Any]] = [(Fraction(s, n), Fraction(1, n)) for n, s, _, _ in cases]
            here = [int(f and s == k) for _, s, f, _ in cases]
            wanted = [[1, at, at * (v & 1), at * (v >> 1)] for at, (_, _, _, v) in zip(here, cases, strict=True)]
            given = table((flag, value), ((f, v) for _, _, f, v in cases))
            yield Numbers((hit.q, hit.k, hit.v), given, {before: means}, wanted)
            yield is_head(root, [(0, 1), (1, 0)])


def shifts() -> Iterator[Numbers]:
    """shift, over up to 16 places: the numbers of which gather's score is made, and what is left of what it reads."""
    for bits in PLACES[:4]:
        pe, x, size = positions(Codebook.index(bits)), Parameter("x", Word(2)), 1 << bits
        for k in range(1 - size, size):
            root = OPERATORS["shift"].build(x, k, pe)
            (head,) = heads(root)
            places = table((PLACE,), ((i,) for i in range(size)))
            yield Numbers((head.q, head.k), places, {}, [[2 * (i - k), -1, i, i * i] for i in range(size)])
            rows = list(product((0, 1, 2), range(size)))
            yield reads(head, table((x, PLACE), rows), [[v & 1, v >> 1, place] for v, place in rows])
            cases = [(i, n, v) for n in range(1, size + 1) for i in range(n) for v in (1, 3)]
            expected: list[Sequence[Any]] = [(v & 1, v >> 1, nearest(i - k, n)) for i, n, v in cases]
            wanted = [[v & 1, v >> 1] if 0 <= i - k < n else [0, 0] for i, n, v in cases]
            yield Numbers((root,), table((PLACE,), ((i,) for i, _, _ in cases)), {head: expected}, wanted)


def winners() -> Iterator[Numbers]:
    """most_frequent: two flags for the longest lengths ``LEADS``, three for 8, four for 5; every length up to the longest."""
    for size, longest in (*((2, most) for most in LEADS), (3, 8), (4, 5)):
        x = Parameter("x", OneHot(size, partial=True))
        root = OPERATORS["most_frequent"].build(x, longest)
        (head,) = heads(root)
        hot = [[int(value == i) for i in range(size)] for value in range(-1, size)]
        yield Numbers((head.q, head.k, head.v), table((x,), ((v,) for v in range(-1, size))), {}, [[0, 0, *row] for row in hot])
        cases = [(n, counts) for n in range(1, longest + 1) for counts in product(range(n + 1), repeat=size)]
        means = [[Fraction(count, n) for count in counts] for n, counts in cases]
        yield Numbers((root,), {}, {head: list(means)}, [hot[1 + counts.index(max(counts))] for _, counts in cases])


def sorting() -> Iterator[Heads | Numbers]:
    """sort_by, over up to 64 places and up to 3 keys: who comes no later, the rank and its square, and the place that asks."""
    for bits, keys in product(PLACES, range(1, MOST_KEYS + 1)):
        pe, x, size = positions(Codebook.index(bits)), Parameter("x", Word(2)), 1 << bits
        key = Parameter("key", Int(-1, keys - 2))
        root = OPERATORS["sort_by"].build(x, key, pe, SINK)
        before, asked = heads(root)
        rows = table((key, PLACE, SINK), product(range(-1, keys - 1), range(size), (0, 1)))

        def chosen(i: Columns, j: Columns) -> Any:
            earlier = (j["key"] < i["key"]) | ((j["key"] == i["key"]) & (j["place"] <= i["place"]))
            return earlier & (i["sink"] == 0)

        yield Heads(before, rows, rows, chosen)
        yield reads(before, table((SINK,), [(0,), (1,)]), [[0], [1]])
        yield Numbers((asked.k,), {}, {before: shares(size - 1)}, [[c, c * c] for c in range(size)])
        yield Numbers((asked.q,), table((PLACE,), ((i,) for i in range(size))), {}, [[2 * i, -1] for i in range(size)])
        yield reads(asked, table((x,), [(0,), (1,), (2,)]), [[0, 0], [1, 0], [0, 1]])
        yield is_head(root, [(0, 1), (1, 0)])


KEYS = "<=: 1..64 keys, other relations: 1..16, 33, 64"
PIECES: dict[str, tuple[str, Callable[[], Iterable[Heads | Numbers]]]] = {
    "mean_where": (KEYS, partial(compared, "mean_where")),
    "count_where": (f"{KEYS}; every longest count up to 64", partial(compared, "count_where")),
    "selector_width": (f"{KEYS}; every longest count up to 64", lambda: chain(compared("selector_width"), alike())),
    "prefix_mean": ("2, 4, ..., 64 places, every length", partial(prefixes, "prefix_mean")),
    "prefix_sum": (
        "2, 4, ..., 64 places, every length; of integers up to 2 beyond 16 places five lengths",
        partial(prefixes, "prefix_sum"),
    ),
    "kth": ("2, 4, ..., 64 places, every length; beyond 8 places k = 1, 2, half and all", kth),
    "shift": ("2, 4, 8, 16 places, every length", shifts),
    "most_frequent": ("2 flags: at most 1..16, 32 and 64 positions; 3: 8; 4: 5", winners),
    "sort_by": ("2, 4, ..., 64 places, 1 to 3 keys", sorting),
}


def composed(name: str, n: tuple[int, int]) -> Obligation:
    """The scores and numbers of an operator, at the sizes of its scope."""
    scope, pieces = PIECES[name]
    several = list(pieces())
    cases = sum(piece.cases for piece in several)

    def wrong() -> Iterator[Case]:
        for piece in several:
            yield from piece.wrong()

    content = f"scores and numbers of {name}"
    return Obligation(f"sequences.{name}", "F", {}, scope, n, "exhaustive", content, exhaustive(cases, wrong))


# Tokens by their names.

BOOKS = (
    Codebook.symbols("letters", "^ab"),
    Codebook.symbols("one", "a"),
    Codebook("mixed", (Kind("a"), Kind("n", ("v",)), Kind("b")), (("v", 2),), (Field("v_bits", "v"),)),
)


def misread() -> Iterator[Case]:
    """The tokens whose code ``token`` does not give."""
    for book in BOOKS:
        te = Embedding(TokenEmbedding(book))
        names = [kind.name for kind in book.kinds if not kind.payloads]
        flags = [Parameter(name, Flag()) for name in names]
        root = sequences.token(
            te.node, *(part for name, flag in reversed(list(zip(names, flags, strict=True))) for part in (name, flag))
        )
        for name in names:
            hot = {flag: np.array([[int(flag.name == name)]]) for flag in flags}
            (found,) = evaluate(root, values=hot, tokens=[0])
            wanted = book.codes([book.row(name)]).tolist()
            if found.tolist() != wanted:
                yield {"vocabulary": book.name, "token": name, "expected": str(wanted), "got": str(found.tolist())}


def token(n: tuple[int, int]) -> Obligation:
    """The codes of tokens, by their names."""
    cases = sum(not kind.payloads for book in BOOKS for kind in book.kinds)
    content = "codes of tokens by their names"
    return Obligation("sequences.token", "F", {}, "three vocabularies", n, "exhaustive", content, exhaustive(cases, misread))


@lemma
def operators(regime: Regime) -> Iterator[Batch]:
    """Every operator over a sequence: its pieces, the steps for all lengths, and short sequences."""
    if regime.given is not None:
        return
    n = regime.all_n
    yield Batch(("sequences.exhausted",), {}, lambda: tried(n))
    yield Batch(
        ("sequences.chosen", "sequences.share", "sequences.ranks", "sequences.hits", "sequences.leads"), {}, lambda: steps(n)
    )
    for name in PIECES:
        yield Batch((f"sequences.{name}",), {}, lambda name=name: iter([composed(name, n)]))  # type: ignore[misc]
    yield Batch(("sequences.token",), {}, lambda: iter([token(n)]))
    yield Batch(("sequences.rounding",), {}, lambda: iter([rounding(n)]))
