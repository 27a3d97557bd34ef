"""Whether sums are exact: the bounds of ``model.ranges``, taken of the numbers that a run has instead of those it may have.

Where the terms of a sum are multiples of 1/D and their absolute values add up to at most B, every partial sum, in any order,
is exact in a dtype of p bits if B D <= 2^p. Here D is the weights' own denominator (the residual stream is checked to hold
integers) and B follows from the least and the largest value that each coordinate has had so far.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np

from efasp.model.indexed import rules
from efasp.model.indexed.lookups import Unsuited
from efasp.model.indexed.weights import Weights
from efasp.model.ranges import EXPONENTS, SIGNIFICAND

LONG = 16  # passes after which it pays to look for bounds that spare later looks


def denominator(numbers: np.ndarray) -> int:
    """The least power of two by which numbers are integers. Raises Unsuited if it is beyond 2^60, or one is not finite."""
    by, scaled = 1, numbers
    if not np.isfinite(numbers).all():
        raise Unsuited("expected finite weights")
    while (scaled != np.rint(scaled)).any():
        by, scaled = 2 * by, 2 * scaled
        if by > 1 << 60:
            raise Unsuited("expected weights of 60 binary places at most")
    return by


class Map:
    """A linear map ``weight`` (outputs, inputs) with a bias, by its numbers that are not 0: what its sums can come to."""

    def __init__(self, weight: np.ndarray, bias: np.ndarray | None = None) -> None:
        at = np.nonzero(weight != 0)  # much faster of marks than of numbers
        self._outputs, self._inputs = at
        self._signed = weight[at].astype(np.float64)
        self._weight = np.abs(self._signed)
        self.bias = np.zeros(len(weight)) if bias is None else bias.astype(np.float64)
        self.denominator = denominator(np.concatenate([self._signed, self.bias]))

    def _add(self, weights: np.ndarray, values: np.ndarray) -> np.ndarray:
        return np.bincount(self._outputs, weights * values[self._inputs], len(self.bias))

    def sizes(self, largest: np.ndarray) -> np.ndarray:
        """The largest sum of absolute terms of each output, but for the bias, from the largest absolute value of each input."""
        return self._add(self._weight, largest)

    def sums(self, ends: np.ndarray) -> np.ndarray:
        """The largest sum of absolute terms of each output; ``ends``: the least and the largest value of each input."""
        out: np.ndarray = self.sizes(np.abs(ends).max(axis=0)) + np.abs(self.bias)
        return out

    def ends(self, ends: np.ndarray) -> np.ndarray:
        """The least and the largest value of each output."""
        middle, half = self._add(self._signed, ends.sum(axis=0)), self._add(self._weight, ends[1] - ends[0])
        found: np.ndarray = np.stack([middle - half, middle + half]) / 2 + self.bias
        return found


class Exactness:
    """The least and largest values of a stream's coordinates at each sublayer, and the largest absolute ones of queries
    and keys, so far.

    ``grown`` takes note of more of them. Raises Unsuited where a sum of the dense pass may be inexact.

    ``wide``: values for which the bounds of sums have been looked at. Bounds grow with the values, so that largest values up to
    these need no other look. Each is the next power of two once ``allow`` has been called, where bounds are small enough: a
    largest value that grows by one a step is looked at again as it doubles.
    """

    def __init__(self, weights: Weights) -> None:
        arrays, layers, width, dtype = weights.arrays, weights.rows, weights.width, weights.dtype
        self.limit = float(1 << SIGNIFICAND[dtype]) * (1 - 2.0**-40)  # less what the bounds, sums in float64, are rounded by
        self.maps = {name: Map(w, arrays.get(name.replace("weight", "bias"))) for name, w in arrays.items() if w.ndim == 2}
        finest = max(m.denominator for m in self.maps.values())
        if finest**3 > 1 << -EXPONENTS[dtype][0]:
            raise Unsuited(f"expected weights that are multiples of a larger number than 1/{finest}")
        self.layers = layers
        self.ends = [np.zeros((2, width)) for _ in range(2 * len(layers) + 1)]
        self.wide, self._ahead = [ends.copy() for ends in self.ends], False
        self.sides = [np.zeros((2, row["heads"], row["d_head"])) for row in layers]
        self.sinks = [np.zeros((row["heads"], row["d_head"])) for row in layers]
        self.caps = np.zeros(len(self.ends))
        self.tables: list[tuple[int, ...]] = [() for _ in layers]  # by head the first one that has the same keys
        whole = {name: m.denominator == 1 for name, m in self.maps.items()}
        # by sublayer: whether what is added to the stream is integers by the weights alone
        self.whole, self.scores = [True], []
        for number, row in enumerate(layers):
            at = f"layers.{number}"
            heads, hidden = row["heads"], row["d_ff"]
            self.whole.append(not heads or (whole[f"{at}.v.weight"] and whole[f"{at}.o.weight"]))
            self.whole.append(not hidden or (whole[f"{at}.up.weight"] and whole[f"{at}.down.weight"]))
            self.scores.append(not heads or (whole[f"{at}.q.weight"] and whole[f"{at}.k.weight"]))
        self.whole[0] = whole["token.weight"] and whole["place.weight"]
        sums, by = np.zeros(width), 1
        for name, book in (("token.weight", weights.vocabulary), ("place.weight", weights.places)):
            codes = np.array([max(-low, high) for low, high in book.sort.bounds], dtype=np.float64)
            embedding = Map(arrays[name].T)
            sums, by = sums + embedding.sizes(codes), max(by, embedding.denominator)
        self._require(sums, by, "embedding")

    def grown(self, sublayer: int, coordinates: np.ndarray | slice, values: np.ndarray) -> None:
        """Take note of values (any, coordinates) of the stream after a sublayer."""
        if not values.size:
            return
        if not self.whole[sublayer] and (values != np.rint(values)).any():
            raise Unsuited(rules.REASONS[rules.FRACTIONS])
        cap = self.caps[sublayer]
        if values.max() <= cap and values.min() >= -cap:
            return
        (least, most), low, high = self.ends[sublayer], values.min(axis=0), values.max(axis=0)
        if not (np.isfinite(low).all() and np.isfinite(high).all()):
            raise Unsuited("expected finite numbers")
        if (low < least[coordinates]).any() or (high > most[coordinates]).any():
            least[coordinates], most[coordinates] = np.minimum(low, least[coordinates]), np.maximum(high, most[coordinates])
            if (least < self.wide[sublayer][0]).any() or (most > self.wide[sublayer][1]).any():
                self.check(sublayer)
                self._widen(sublayer)

    def _widen(self, sublayer: int) -> None:
        """Let the coordinates that have outgrown ``wide`` come to the next power of two, where bounds allow it."""
        ends, before = self.ends[sublayer], self.wide[sublayer]
        self.wide[sublayer] = ends.copy()
        if not self._ahead:
            return
        powers = np.sign(ends) * np.exp2(np.ceil(np.log2(np.maximum(np.abs(ends), 1))))
        wide = np.stack([np.minimum(before[0], powers[0]), np.maximum(before[1], powers[1])])
        if self._allowed(sublayer, wide):
            self.wide[sublayer] = wide

    def allow(self) -> None:
        """Find for every sublayer the largest power of two that all its coordinates may come to, to spare later looks."""
        self._ahead = True
        for sublayer, ends in enumerate(self.ends):
            low, high = ends
            caps = [1 << bits for bits in range(1, 41)]
            tried = [np.stack([np.minimum(low, -cap), np.maximum(high, cap)]) for cap in caps]
            some = bisect_left(tried, True, key=lambda ends: not self._allowed(sublayer, ends))
            if some:
                ends[:], self.caps[sublayer] = tried[some - 1], caps[some - 1]
            self.wide[sublayer] = ends.copy()

    def _allowed(self, sublayer: int, ends: np.ndarray) -> bool:
        """Whether the bounds of the sums behind a sublayer are small enough for such values."""
        try:
            self._look(sublayer, ends)
        except Unsuited:
            return False
        return True

    def scored(self, layer: int, side: int, values: np.ndarray, heads: np.ndarray) -> None:
        """Take note of queries (side 0) or keys (side 1) of heads of a layer, (any, heads, d_head)."""
        if not values.size:
            return
        now = np.maximum(values.max(axis=0), -values.min(axis=0))
        most = self.sides[layer][side]
        if (now > most[heads]).any():
            most[heads] = np.maximum(most[heads], now)
            self.check_scores(layer)

    def opened(self, layer: int, keys: np.ndarray, sinks: np.ndarray) -> None:
        """Take note of the keys of a layer's first pass, (positions, heads, d_head). ``sinks``: for each head the position of
        its sink, whose key does not change, so that scores of the sink have a bound of their own."""
        heads, others = np.arange(len(sinks)), keys.copy()
        self.sinks[layer] = np.abs(keys[sinks, heads])
        others[sinks, heads] = 0
        self.scored(layer, 1, others, heads)

    def check_scores(self, layer: int) -> None:
        """Look at the bounds of a layer's scores, as its queries and keys have grown. Raises Unsuited."""
        sides, tables = self.sides[layer], self.tables[layer]
        of = [self.maps[f"layers.{layer}.{name}.weight"].denominator for name in "qk"]
        sides[1] = sides[1, list(tables)] if tables else sides[1]
        sums = [(sides[0] * keys).sum(axis=1) for keys in (sides[1], self.sinks[layer])]
        self._require(np.maximum(*sums), of[0] * of[1], f"layer {layer + 1}, scores")

    def check(self, sublayer: int) -> None:
        """Look at the bounds of the sums behind a sublayer, as its largest values have grown. Raises Unsuited."""
        self._look(sublayer, self.ends[sublayer])

    def _look(self, sublayer: int, ends: np.ndarray) -> None:
        number, middle = divmod(sublayer, 2)
        if number == len(self.layers):
            self._require(self.maps["out.weight"].sums(ends), self.maps["out.weight"].denominator, "read-out")
            return
        at, row = f"layers.{number}", self.layers[number]
        before = np.abs(ends).max(axis=0)
        added: np.ndarray = np.zeros(len(before))
        by = 1
        if middle and row["d_ff"]:
            up, down = self.maps[f"{at}.up.weight"], self.maps[f"{at}.down.weight"]
            by = up.denominator * down.denominator
            self._require(up.sums(ends), up.denominator, f"layer {number + 1}, hidden units")
            added = down.sizes(np.maximum(up.ends(ends)[1], 0))
        elif not middle and row["heads"]:
            v, o = self.maps[f"{at}.v.weight"], self.maps[f"{at}.o.weight"]
            for name in "qkv":
                side = self.maps[f"{at}.{name}.weight"]
                self._require(side.sums(ends), side.denominator, f"layer {number + 1}, projections")
            added, by = o.sizes(np.abs(v.ends(ends)).max(axis=0)), v.denominator * o.denominator
        self._require(added + before, by, f"layer {number + 1}, residual stream")

    def _require(self, sums: np.ndarray, by: int, where: str) -> None:
        if not (sums * by <= self.limit).all():
            raise Unsuited(f"{where}: expected sums of at most {self.limit:.0f}, found {float(sums.max() * by):.6g}")
