"""Derived operators over selections, as RASP has them: means and counts by comparison, prefixes, sorting, lookup by count.

Their width grows with the values that a key may have, and the numbers that a count may reach (``efasp.selections``); that of
shift does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from efasp.attention import gather, seq_mean, share_steps
from efasp.embeddings import Embedding
from efasp.operators import expect_bits, expect_flag, expect_int, like, operator
from efasp.pointwise import equals
from efasp.selections import (
    COUNT,
    MEAN,
    PREFIX_MEAN,
    PREFIX_TOTAL,
    TOTAL,
    Selector,
    at_least,
    counted,
    expect_few,
    expect_places,
    selector,
)
from efasp.sorts import Flag, Int, OneHot, Sort, SortError, Word
from efasp.syntax import Node, TokenEmbedding, aha, combine, concat, relu, weigh


def leading(counts: Sequence[Any]) -> int:
    """The number of the largest count, of several the first."""
    best = 0
    for i in range(1, len(counts)):
        if counts[i] > counts[best]:
            best = i
    return best


def bits_of(w: int) -> int:
    """Bits of the places of w positions."""
    return max(1, (w - 1).bit_length())


def _places(w: int) -> int:
    return 1 << bits_of(w)


def _key(w: int) -> Sort:
    return Int(0, w - 1)


# Selections by comparison.


@operator(
    sorts=lambda w: (Int(0, 3), _key(w), _key(w)),
    spec=MEAN,
    depth=(1, 1),
    units=lambda w: 2 * w + 3,
    kind="sequence",
    fixed=("<=",),
)
def mean_where(value: Node, key: Node, query: Node, relation: str, sink: Node | None = None) -> Node:
    """The mean value where the key is in a relation to the query, 0 where nothing is (the value is 0 at the sink).

    Without a sink something must be selected for every query.
    """
    return selector(key, query, relation, sink, name="mean_where").mean(value)


@operator(
    sorts=lambda w: (Flag(), _key(w), _key(w)),
    spec=TOTAL,
    depth=(1, 2),
    units=lambda w: 2 * w + 3 + 2 * 64,
    kind="sequence",
    fixed=("<=", 64),
)
def count_where(flag: Node, key: Node, query: Node, relation: str, longest: int, sink: Node) -> Node:
    """How many flagged positions, ``longest`` at most, have a key in a relation to the query (the flag is 0 at the sink)."""
    return counted(selector(key, query, relation, sink, flag, name="count_where").share, longest, "count_where")


@operator(
    sorts=lambda w: (_key(w), _key(w)),
    spec=lambda c, relation="<=", *rest: COUNT([c[0], *c], relation),
    depth=(1, 2),
    units=lambda w: 2 * w + 3 + 2 * 64,
    kind="sequence",
    fixed=("<=", 64),
)
def selector_width(key: Node, query: Node, relation: str, longest: int, sink: Node) -> Node:
    """How many positions but the sink, ``longest`` at most, have a key in a relation to the query."""
    return counted(selector(key, query, relation, sink, name="selector_width").share, longest, "selector_width")


# Prefixes.


def _prefix(places: Embedding, name: str) -> tuple[Selector, int]:
    """The positions up to the own, and the number of places."""
    number, size = expect_places(name, places)
    return selector(number, number, "<=", name=name), size


@operator(
    sorts=lambda w: (Int(0, 3),),
    spec=lambda c: PREFIX_MEAN([c[0], range(len(c[0])), range(len(c[0]))]),
    depth=(1, 1),
    units=lambda w: _places(w) + 2,
    kind="sequence",
)
def prefix_mean(x: Node, places: Embedding) -> Node:
    """The mean over the positions up to the own."""
    return _prefix(places, "prefix_mean")[0].mean(x)


def _prefix_share(x: Node, places: Embedding, name: str) -> tuple[Node, int]:
    """The means of x and of the flag of place 0 over the positions up to the own: their quotient is the sum of x."""
    before, size = _prefix(places, name)
    return before.mean(concat(x, equals(places.field("number"), 0))), size


@operator(
    sorts=lambda w: (Int(0, 2),),
    spec=lambda c: PREFIX_TOTAL([c[0], range(len(c[0])), range(len(c[0]))]),
    depth=(1, 2),
    units=lambda w: _places(w) + 2 + 2 * 2 * _places(w),
    kind="sequence",
)
def prefix_sum(x: Node, places: Embedding) -> Node:
    """The sum over the positions up to the own; of a flag, how often it was 1."""
    low, high = expect_int("prefix_sum", x)
    if low < 0 or high < 1:
        raise SortError("prefix_sum", "an integer of 0 or more, not always 0", x.sort)
    share, size = _prefix_share(x, places, "prefix_sum")
    expect_few("prefix_sum", high * size)
    steps = share_steps(share, size, range(1, high * size + 1))
    return combine([(1, step) for step in steps], sort=Int(0, high * size))


@operator(
    sorts=lambda w: (Word(2), Flag()),
    spec=lambda c, k=2: [next((v for i, v in enumerate(c[0]) if c[1][i] and sum(c[1][: i + 1]) == k), 0)] * len(c[0]),
    depth=(2, 3),
    units=lambda w: _places(w) + 2 + 4 + 3,
    kind="sequence",
    fixed=(2,),
)
def kth(value: Node, flag: Node, k: int, places: Embedding) -> Node:
    """The bits at the k-th position, counted from 1, where the flag is 1; 0 where there are fewer."""
    expect_flag("kth", flag)
    expect_bits("kth", value)
    share, size = _prefix_share(flag, places, "kth")
    if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= size:
        raise SortError("kth", f"a number of 1..{size}", k)
    reached, passed = share_steps(share, size, (k, k + 1))
    here = [(1, reached), (-1, passed), (1, flag)]
    hit = relu(combine(here, -1), Flag())
    return aha(combine([(0, hit)], 1), hit, relu(combine([(1, value), *here], -2), like(value)), like(value))


# The whole sequence.


@operator(
    sorts=lambda w: (OneHot(3, partial=True),),
    spec=lambda c, *rest: [leading([sum(x == letter for x in c[0]) for letter in range(3)])] * len(c[0]),
    depth=(1, 2),
    units=lambda w: 3 * 2 + 3,
    kind="sequence",
    fixed=(64,),
)
def most_frequent(letters: Node, longest: int) -> Node:
    """Which of some flags is 1 most often, of several the first, in at most ``longest`` positions: a one-hot.

    With N = longest, N (mean of b - mean of a) is 1 or more where b is 1 more often than a, and 0 or less elsewhere.
    """
    if letters.width < 2:
        raise SortError("most_frequent", "two flags or more", letters.sort)
    expect_bits("most_frequent", *letters, width=1)
    expect_few("most_frequent", longest)
    size = letters.width
    ahead = leads(seq_mean(letters), longest)
    winners = []
    for letter in range(size):
        lost = [(-1, flag) for (a, _), flag in ahead.items() if a == letter]
        won = [(1, flag) for (_, b), flag in ahead.items() if b == letter]
        winners.append(relu(combine([*lost, *won], 1 - letter), Flag()))
    return combine([(1, concat(*winners))], sort=OneHot(size))


def leads(share: Node, longest: int) -> dict[tuple[int, int], Node]:
    """For each two coordinates of means over at most ``longest`` positions, whether the later one is larger."""
    ahead: dict[tuple[int, int], Node] = {}
    for a, b in combinations(range(share.width), 2):
        lead = weigh(share, [longest * ((i == b) - (i == a)) for i in range(share.width)])
        ahead[a, b] = combine([(1, relu(lead)), (-1, relu(lead - 1))], sort=Flag())
    return ahead


@operator(
    sorts=lambda w: (Word(3), Int(0, 2)),
    spec=lambda c: [c[0][0], *(value for _, value in sorted(zip(c[1][1:], c[0][1:], strict=True), key=lambda at: at[0]))],
    depth=(2, 2),
    units=lambda w: 3 * _places(w) + 1 + 3 * _places(w) + 2 + 2 * (_places(w) - 1),
    kind="sequence",
)
def sort_by(x: Node, key: Node, places: Embedding, sink: Node) -> Node:
    """The values in the order of their keys, those of equal keys in the order of places; the sink stays where it is.

    A position's rank r counts those that come no later, in the order of key and place; position i reads the one with r = i, of
    score 2 i r - r^2. Both r and r^2 are sums over the same units.
    """
    number, size = expect_places("sort_by", places)
    expect_flag("sort_by", sink)
    low, high = expect_int("sort_by", key)
    top = (high - low + 1) * size
    expect_few("sort_by", top)
    at = combine([(size, key), (1, number)], -size * low, sort=Int(0, top - 1))
    own = combine([(1, at), (-top, sink)], sort=Int(-top, top - 1))  # the sink comes after none
    share = selector(at, own, "<=", sink, name="sort_by").share
    return aha(concat(2 * number, combine([(0, number)], -1)), concat(*order(share, size)), x, x.sort)


def order(share: Node, size: int) -> tuple[Node, Node]:
    """The rank r in an order of at most ``size`` positions, of the share 1 / (r + 1), and its square."""
    steps = at_least(share, size - 1)
    rank = weigh(steps, [1] * (size - 1), sort=Int(0, size - 1))
    return rank, weigh(steps, [2 * k - 1 for k in range(1, size)], sort=Int(0, (size - 1) ** 2))


@operator(
    sorts=lambda w: (Word(w),),
    spec=lambda c, k=1: [c[0][i - k] if 0 <= i - k < len(c[0]) else 0 for i in range(len(c[0]))],
    depth=(1, 1),
    units=lambda w: w,
    kind="sequence",
    fixed=(1,),
)
def shift(x: Node, k: int, places: Embedding) -> Node:
    """The bits k positions before, of a negative k those after; 0 where there is no such position."""
    expect_bits("shift", x)
    number, size = expect_places("shift", places)
    if isinstance(k, bool) or not isinstance(k, int) or not -size < k < size:
        raise SortError("shift", f"a number of {1 - size}..{size - 1}", k)
    index = combine([(1, number)], -k)
    found = gather(concat(x, number), index, places)
    sign = 1 if k < 0 else -1  # beyond the last position a lower number is found, before the first a higher one
    return relu(combine([(1, found[: x.width]), (sign, found[x.width]), (-sign, index)]), like(x))


# Tokens.


def token(te: Node, *cases: str | Node) -> Node:
    """``token(TE, "a", flag, "b", flag, ...)``: the code of the token whose flag is 1, by its name; exactly one is.

    Raises SortError for a name that is none, or of a kind with a payload, and for anything but pairs.
    """
    if not isinstance(te, TokenEmbedding):
        raise SortError("token", "the embedding of tokens (TE)", te.sort)
    kinds = {kind.name: kind for kind in te.codebook.kinds}
    flags: dict[str, Node] = {}
    if not cases or len(cases) % 2:
        raise SortError("token", "pairs of a token's name and a flag", f"{len(cases)} arguments")
    for name, flag in zip(cases[::2], cases[1::2], strict=True):
        if not isinstance(name, str) or name not in kinds or kinds[name].payloads or name in flags:
            plain = ", ".join(repr(kind.name) for kind in kinds.values() if not kind.payloads)
            raise SortError("token", f"names of tokens, each once, of {plain}", repr(name) if isinstance(name, str) else "none")
        if not isinstance(flag, Node):
            raise SortError("token", f"a flag after {name!r}", repr(flag))
        expect_flag("token", flag)
        flags[name] = flag
    return coded(Embedding(te), flags)


def coded(te: Embedding, flags: Mapping[str, Node]) -> Node:
    """The code of the token whose flag is 1, of those of a kind without a payload; exactly one is, which is its sort."""
    nothing, kinds = combine([(0, te.one)], sort=Flag()), te.codebook.kinds
    rest = te.codebook.width - len(kinds) - 1
    chosen = combine([(1, concat(*(flags.get(kind.name, nothing) for kind in kinds)))], sort=OneHot(len(kinds)))
    return concat(chosen, te.one, *[nothing] * rest)
