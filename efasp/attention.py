"""Derived operators over attention: exact, rightmost and priority match, match-or-default, gather, aggregates.

One mechanism for all matches. Keys and queries are signed bits, so n bits that agree score n and any others at most
n - 2. One position of the sequence, the *sink*, scores n - 1 for every query: it wins exactly when nothing matches, and as
its value is 0 a missing match reads as 0, with no gate. Scores are scaled by a capacity C larger than any rank, and the rank
added, so the best-ranked of several exact matches wins; positions that are not candidates are put 2 C below. All gaps are at
least 1.
"""

from __future__ import annotations

import operator as order
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from efasp.embeddings import Embedding
from efasp.operators import expect_flag, expect_int, operator
from efasp.pointwise import gate
from efasp.sorts import Bit, Flag, Int, Signs, Sort, SortError, Word
from efasp.syntax import Node, aha, combine, concat, refine, relu, weigh


def weights(n: Any, m: Any) -> dict[str, Any]:
    """The coefficient of each part of a score, in units of the capacity C, for n matched bits and m flags ``among``."""
    return {"agree": 1, "among": 2, "exclude": -2, "sink": n - 1 + m + m, "absent": 2, "one": 0 - m - m}


@dataclass(frozen=True)
class Match:
    """A lookup: the query and key vectors and the sink's flag; ``read`` fetches values with it.

    With n matched bits and capacity C the score of position j for query i is C times
    ``<query_i, key_j> + rank_j / C - 2 sum (1 - among_j - sink_j) - 2 sum exclude_j + (n - 1 + 2 absent_i) sink_j``,
    by ``weights``.
    """

    q: Node
    k: Node
    sink: Node

    def read(self, value: Node, sort: Sort | None = None) -> Node:
        """The value at the matched position, 0 where there is none (the value must be 0 at the sink).

        ``sort`` (default: the value's) holds where the best match is unique, or all best matches have one value.
        """
        return aha(self.q, self.k, value, sort or value.sort)

    @property
    def found(self) -> Node:
        """1 where an exact match was found."""
        return aha(self.q, self.k, combine([(-1, self.sink)], 1), Flag())

    @property
    def missed(self) -> Node:
        """1 where none was: exact whatever the number of ties, as every value but the sink's is 0."""
        return aha(self.q, self.k, self.sink, Flag())


def match(
    query: Sequence[Node],
    key: Sequence[Node],
    *,
    one: Node,
    among: Node | Sequence[Node],
    sink: Node,
    exclude: Sequence[Node] = (),
    rank: Node | None = None,
    capacity: int = 1,
    absent: Node | None = None,
) -> Match:
    """A lookup of the positions flagged ``among`` (by all of its flags) whose key equals the query, signed bit for signed bit.

    ``exclude``: flags of positions that are not candidates after all; ``rank``: an integer in 0..capacity-1 at candidates
    and at most that elsewhere, 0 at the sink: the largest wins; ``absent``: a flag of queries that match nothing.
    A query or key of zeros (no word) matches nothing, if it has two bits or more. The flags of ``among`` and
    ``exclude`` and the key are 0 at the sink, which exactly one position is. Raises SortError.
    """
    for name, nodes in (("query", query), ("key", key)):
        for node in nodes:
            if not isinstance(node.sort, Signs):
                raise SortError(f"match: {name}", "signed bits", node.sort)
    required = [among] if isinstance(among, Node) else list(among)
    for flag in (*required, sink, *exclude, *([absent] if absent is not None else [])):
        expect_flag("match", flag)
    if rank is not None and expect_int("match: rank", rank)[1] >= capacity:
        raise SortError("match: rank", f"an integer below the capacity {capacity}", rank.sort)
    if [node.width for node in query] != [node.width for node in key]:
        raise SortError("match: key", [node.sort for node in query], [node.sort for node in key])
    by = weights(sum(node.width for node in query), len(required))
    times = {part: weight * capacity for part, weight in by.items()}
    terms: list[tuple[Any, Node]] = [(times["sink"], sink)]
    terms += [(times["among"], flag) for flag in required] + [(times["exclude"], flag) for flag in exclude]
    level = combine(terms + ([(1, rank)] if rank is not None else []), times["one"])
    q_parts, k_parts = [one, *query], [level, *(times["agree"] * node for node in key)]
    if absent is not None:
        q_parts.append(absent)
        k_parts.append(times["absent"] * sink)
    return Match(concat(*q_parts), concat(*k_parts), sink)


# The operators of the literature, each a use of ``match``. At position 0 stands the sink: no key, value 0.

Columns = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Best:
    """The matches met so far that none is better than: their rank, the sum of their values, their number."""

    rank: int = 0
    total: int = 0
    count: int = 0

    def mean(self, default: int = 0) -> Fraction | int:
        """Their mean value; the default where there is none."""
        return Fraction(self.total, self.count) if self.count else default


@dataclass(frozen=True)
class Matches:
    """Specification of a match: for each query the mean value of the matching positions that no other is better than.

    ``better(a, b)``: whether rank a goes before rank b. Columns: query, key, value (position 0 is the sink), then the ranks,
    if there is an order, and the values where nothing matches, if there is a ``default`` (else 0).
    """

    better: Callable[[int, int], Any] | None = None
    default: bool = False

    def step(self, best: Best, wanted: int, key: int, value: int, rank: int = 0) -> Best:
        """The best match after one more position, with its key, value and rank; ``wanted``: the key that is looked for, below 0
        for none."""
        if wanted < 0 or key != wanted:
            return best
        if best.count and self.better and self.better(best.rank, rank):
            return best
        if best.count and not (self.better and self.better(rank, best.rank)):
            return Best(rank, best.total + value, best.count + 1)
        return Best(rank, value, 1)

    def __call__(self, columns: Columns) -> list[Fraction | int]:
        query, key, value, *rest = columns
        defaults = rest.pop() if self.default else [0] * len(query)
        (ranks,) = rest or [[0] * len(key)]
        out = []
        for wanted, default in zip(query, defaults, strict=True):
            best = Best()
            for j in range(1, len(key)):
                best = self.step(best, wanted, key[j], value[j], ranks[j])
            out.append(best.mean(default))
        return out


def _lookup_sorts(w: int) -> tuple[Sort, ...]:
    return (Signs(w), Signs(w), Int(0, (1 << w) - 1))


def _one(sink: Node) -> Node:
    return combine([(0, sink)], 1)


def _simple(query: Node, key: Node, sink: Node, rank: Node | None = None, capacity: int = 1) -> Match:
    among = combine([(-1, sink)], 1, sort=Flag())
    return match([query], [key], one=_one(sink), among=among, sink=sink, rank=rank, capacity=capacity)


@operator(sorts=_lookup_sorts, spec=Matches(), depth=(1, 0), kind="attention")
def exact_match(query: Node, key: Node, value: Node, sink: Node) -> Node:
    """The (mean) value at the positions whose key equals the query; 0 where there is none."""
    m = _simple(query, key, sink)
    return aha(m.q, m.k, value)


@operator(
    sorts=lambda w: (*_lookup_sorts(w), Int(0, (1 << w) - 1)),
    spec=Matches(order.gt),
    depth=(1, 0),
    kind="attention",
)
def rightmost_match(query: Node, key: Node, value: Node, place: Node, sink: Node) -> Node:
    """The value at the last position whose key equals the query; ``place`` numbers the positions, 0 at the sink."""
    m = _simple(query, key, sink, place, expect_int("rightmost_match", place)[1] + 1)
    return aha(m.q, m.k, value)


@operator(
    sorts=lambda w: (*_lookup_sorts(w), Int(0, (1 << w) - 1)),
    spec=Matches(order.lt),
    depth=(1, 0),
    kind="attention",
)
def priority_match(query: Node, key: Node, value: Node, priority: Node, sink: Node) -> Node:
    """The value at the match of the lowest priority number (0 is served first)."""
    top = expect_int("priority_match", priority)[1]
    rank = combine([(-1, priority), (-top, sink)], top, sort=Int(-top, top))
    m = _simple(query, key, sink, rank, top + 1)
    return aha(m.q, m.k, value)


@operator(
    sorts=lambda w: (Signs(w), Signs(w), Word(w), Word(w)),
    spec=Matches(default=True),
    depth=(1, 1),
    kind="attention",
)
def match_or_default(query: Node, key: Node, value: Node, default: Node, sink: Node) -> Node:
    """The word at the matching position, the default word where there is none (matching positions hold one word)."""
    m = _simple(query, key, sink)
    return combine([(1, m.read(value)), (1, gate(m.missed, default))], sort=Word(value.width) if value.width > 1 else Bit())


def nearest(place: int, length: int) -> int:
    """The position nearest to a number, in a sequence of that length."""
    return min(max(place, 0), length - 1)


@operator(
    sorts=lambda w: (Int(0, (1 << w) - 1), Int(-(1 << w), 1 << w)),
    spec=lambda c: [c[0][nearest(place, len(c[0]))] for place in c[1]],
    depth=(1, 0),
    kind="positional",
)
def gather(value: Node, index: Node, place: Embedding, sort: Sort | None = None) -> Node:
    """The value at the position numbered ``index`` (the nearest one, if there is none): score 2 index j - j^2."""
    expect_int("gather", index)
    q = concat(2 * index, combine([(0, index)], -1))
    return aha(q, concat(place.field("number"), place.field("square")), value, sort or value.sort)


def _pair(x: Node) -> tuple[Node, Node]:
    return combine([(0, x)], 1), x


@operator(sorts=lambda w: (Int(0, (1 << w) - 1),), spec=lambda c: [max(c[0])] * len(c[0]), depth=(1, 0), kind="attention")
def seq_max(x: Node) -> Node:
    """The largest value of the sequence."""
    one, key = _pair(x)
    return aha(one, key, x, x.sort)


@operator(sorts=lambda w: (Int(0, (1 << w) - 1),), spec=lambda c: [min(c[0])] * len(c[0]), depth=(1, 0), kind="attention")
def seq_min(x: Node) -> Node:
    """The smallest value of the sequence."""
    one, key = _pair(-x)
    return aha(one, key, x, x.sort)


@operator(
    sorts=lambda w: (Int(0, (1 << w) - 1),),
    spec=lambda c: [Fraction(sum(c[0]), len(c[0]))] * len(c[0]),
    depth=(1, 0),
    kind="attention",
)
def seq_mean(x: Node) -> Node:
    """The mean over all positions."""
    nothing = combine([(0, x[0])])
    return aha(nothing, nothing, x)


@operator(sorts=lambda w: (Flag(),), spec=lambda c: [sum(c[0])] * len(c[0]), depth=(1, 1), kind="attention", fixed=(64,))
def seq_sum(x: Node, longest: int, sink: Node) -> Node:
    """The number of flags set, in a sequence of at most ``longest`` positions: the k with s/n >= k/n, counted.

    The mean of the sink's flag is 1/n; N (s/n - k/n) is 0 or more where s >= k and -1 or less elsewhere.
    """
    expect_flag("seq_sum", x)
    steps = share_steps(seq_mean(concat(x, sink)), longest, range(1, longest + 1))
    return combine([(1, step) for step in steps], sort=Int(0, longest))


def share_steps(share: Node, longest: int, numbers: Iterable[int]) -> list[Node]:
    """For each number k whether s >= k, of the means s / n and 1 / n over at most ``longest`` positions."""
    steps = []
    for k in numbers:
        distance = weigh(share, [longest, -k * longest])
        steps.append(combine([(1, relu(distance + 1)), (-1, relu(distance))], sort=Flag()))
    return steps


@operator(sorts=lambda w: (Flag(),), spec=lambda c: [min(c[0])] * len(c[0]), depth=(1, 0), kind="attention")
def seq_and(x: Node) -> Node:
    """1 where the flag is 1 at every position."""
    expect_flag("seq_and", x)
    return refine(seq_min(x), Flag())


@operator(sorts=lambda w: (Flag(),), spec=lambda c: [max(c[0])] * len(c[0]), depth=(1, 0), kind="attention")
def seq_or(x: Node) -> Node:
    """1 where the flag is 1 at some position."""
    expect_flag("seq_or", x)
    return refine(seq_max(x), Flag())
