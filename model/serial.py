"""The serial machine of claim T2: masked diffusion by one processor that does one operation after the other, and counts them.

It holds every matrix dense, as the torch module does, and every number exact. ``work`` says how many operations a decoding
step takes, as a polynomial in the context's length; family resources compares it with the machine's counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from efasp.evaluate import place_rows
from efasp.exact import Matrix
from efasp.model.plan import Plan, TransformerShape
from efasp.sorts import Number

Vector = list[Number]
KINDS = ("additions", "multiplications", "divisions", "comparisons")


def work(shape: TransformerShape[Any], codes: Any, context: Any) -> dict[str, Any]:
    """Operations of one decoding step by kind: ``codes`` components of a position's codes, ``context`` positions.

    Every argument may be a symbol. Moving a number is not counted; each operation moves a constant number of them.
    """
    s, d = context, shape["d_model"]
    products, means, sums, comparisons = s * d * (codes + shape["d_out"]), 0, 0, s * (shape["d_out"] + 2)
    for layer in shape["layers"]:
        inner = layer["heads"] * layer["d_head"]
        products += 4 * s * d * inner + 2 * s * s * inner + 2 * s * d * layer["d_ff"]
        means += s * inner
        sums += s * s * layer["heads"]
        comparisons += 2 * s * s * layer["heads"] + s * layer["d_ff"]
    return {"additions": products + sums, "multiplications": products, "divisions": means, "comparisons": comparisons}


class Serial:
    """One processor. ``done``: the operations so far, by kind."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.done = plan, Counter[str]()

    def add(self, a: Number, b: Number) -> Number:
        """a + b."""
        self.done["additions"] += 1
        return a + b

    def multiply(self, a: Number, b: Number) -> Number:
        """a * b."""
        self.done["multiplications"] += 1
        return a * b

    def divide(self, a: Number, b: Number) -> Any:
        """a / b, exact."""
        self.done["divisions"] += 1
        return a // b if not a % b else a / b

    def above(self, a: Number, b: Number) -> bool:
        """Whether a > b."""
        self.done["comparisons"] += 1
        return a > b

    def same(self, a: Number, b: Number) -> bool:
        """Whether a = b."""
        self.done["comparisons"] += 1
        return a == b

    def dot(self, start: Number, row: Sequence[Number], x: Sequence[Number]) -> Number:
        """start + <row, x>."""
        for a, b in zip(row, x, strict=True):
            start = self.add(start, self.multiply(a, b))
        return start

    def step(self, tokens: Sequence[int], places: Any = None) -> list[int]:
        """One decoding step of masked diffusion: a masked position becomes the predicted token, which may be the mask."""
        mask = self.plan.vocabulary.token("mask")
        chosen = [self.token(row) for row in self.outputs(tokens, places)]
        after = []
        for token, new in zip(tokens, chosen, strict=True):
            masked, due = self.same(token, mask), not self.same(new, mask)
            after.append(new if masked and due else token)
        return after

    def outputs(self, tokens: Sequence[int], places: Any = None) -> list[Vector]:
        """The read-out at every position: ``Plan.forward``, one operation after the other."""
        plan, codebook, book = self.plan, self.plan.vocabulary, self.plan.places
        codes = codebook.codes(codebook.rows(tokens)).tolist(), book.codes(place_rows(places, len(tokens))).tolist()
        token, place = dense(plan.token), dense(plan.place)
        h = [
            [self.dot(self.dot(0, a, x), b, y) for a, b in zip(token, place, strict=True)] for x, y in zip(*codes, strict=True)
        ]
        for layer, row in zip(plan.layers, plan.shape["layers"], strict=True):
            update = [[dense(m, row["d_head"]) for m in (head.q, head.k, head.v)] for head in layer.heads]
            means = [self.attend(h, *matrices) for matrices in update]
            for head, mean in zip(layer.heads, means, strict=True):
                o = dense(head.o, columns=row["d_head"])
                h = [[self.dot(old, r, m) for old, r in zip(x, o, strict=True)] for x, m in zip(h, mean, strict=True)]
            up, down = dense(layer.up), dense(layer.down)
            hidden = [[self.dot(b, r, x) for b, r in zip(layer.bias, up, strict=True)] for x in h]
            active = [[u if self.above(u, 0) else 0 for u in units] for units in hidden]
            h = [[self.dot(old, r, u) for old, r in zip(x, down, strict=True)] for x, u in zip(h, active, strict=True)]
        return [[self.dot(b, r, x) for b, r in zip(plan.out_bias, dense(plan.out), strict=True)] for x in h]

    def attend(self, h: list[Vector], q: list[Vector], k: list[Vector], v: list[Vector]) -> list[Vector]:
        """Average-hard attention: for every position the mean value over the keys of maximal score."""
        queries, keys, values = ([[self.dot(0, row, x) for row in m] for x in h] for m in (q, k, v))
        out = []
        for query in queries:
            scores = [self.dot(0, query, key) for key in keys]
            best = scores[0]
            for score in scores:
                best = score if self.above(score, best) else best
            ties: Number = 0
            total: Vector = [0] * len(v)
            for score, value in zip(scores, values, strict=True):
                wins = int(self.same(score, best))
                ties = self.add(ties, wins)
                total = [self.add(t, self.multiply(wins, x)) for t, x in zip(total, value, strict=True)]
            out.append([self.divide(t, ties) for t in total])
        return out

    def token(self, output: Vector) -> int:
        """The token that a read-out says: ``Codebook.read``, by a comparison for each component."""
        kinds, best = len(self.plan.vocabulary.kinds), 0
        signs = np.zeros((1, len(output)), dtype=np.int64)
        for i, x in enumerate(output):
            if i < kinds:
                best = i if self.above(x, output[best]) else best
            else:
                signs[0, i] = 1 if self.above(x, 0) else -1
        signs[0, best] = 1
        return int(self.plan.vocabulary.read(signs[:, : self.plan.vocabulary.width])[0])


def dense(matrix: Matrix, rows: int = 0, columns: int = 0) -> list[Vector]:
    """All entries of a matrix, with rows and columns of zeros up to the given numbers."""
    out: list[Vector] = [[0] * max(columns, matrix.columns) for _ in range(max(rows, len(matrix.rows)))]
    for line, row in zip(out, matrix.rows, strict=False):
        for i, c in row:
            line[i] = c
    return out
