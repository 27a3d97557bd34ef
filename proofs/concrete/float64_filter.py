"""A plan in float64, with average-hard attention: not exact, but fast for any weights. It only selects states.

``Near`` is for plans that differ from a fresh compile in few numbers, many of which are run on the same sequences: the values
of the fresh compile on each are cached (``remember``), and only the differing values are computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from efasp.exact import Matrix
from efasp.model.plan import Head, Layer, Plan
from efasp.proofs.obligation import Machine
from efasp.sorts import Number


class Reading:
    """One head in float64, with rows of zeros up to a size, as a weights file has them."""

    def __init__(self, head: Head, size: int) -> None:
        self.q, self.k, self.v = (dense(matrix, size) for matrix in (head.q, head.k, head.v))
        self.o = np.zeros((len(head.o.rows), size))
        self.o[:, : head.o.columns] = dense(head.o)

    def sides(self, h: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The queries, keys and values, each (positions, d_head) of a stream (positions, d_model)."""
        return h @ self.q.T, h @ self.k.T, h @ self.v.T

    def reads_as(self, other: Reading) -> bool:
        """Whether queries, keys and values are another head's."""
        return all(np.array_equal(a, b) for a, b in ((self.q, other.q), (self.k, other.k), (self.v, other.v)))


class Block:
    """A feed-forward block in float64."""

    def __init__(self, layer: Layer) -> None:
        self.up, self.bias, self.down = dense(layer.up), floats(layer.bias), dense(layer.down)

    def update(self, h: np.ndarray) -> np.ndarray:
        """The block's update of a stream (positions, d_model)."""
        out: np.ndarray = self.hidden(h) @ self.down.T
        return out

    def hidden(self, h: np.ndarray) -> np.ndarray:
        """The block's hidden units after ReLU, for a stream (positions, d_model)."""
        out: np.ndarray = np.maximum(h @ self.up.T + self.bias, 0)
        return out

    def same(self, other: Block) -> bool:
        """Whether another block has equal matrices and biases."""
        return all(np.array_equal(a, b) for a, b in zip(vars(self).values(), vars(other).values(), strict=True))


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Average-hard attention; equal queries and equal keys, which are many, are scored once."""
    (queries, of), (keys, group) = distinct(q), distinct(k)
    total, count = np.zeros((len(keys), v.shape[1])), np.zeros((len(keys), 1))
    np.add.at(total, group, v)
    np.add.at(count, group, 1)
    scores = queries @ keys.T
    winners = (scores == scores.max(axis=1, keepdims=True)).astype(float)
    out: np.ndarray = ((winners @ total) / (winners @ count))[of]
    return out


def distinct(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The distinct rows of a matrix (0 and -0 are two numbers), and for each row the number of its equal among these."""
    whole = np.ascontiguousarray(rows).view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
    _, first, of = np.unique(whole, return_index=True, return_inverse=True)
    return rows[first], of


def written(h: np.ndarray, heads: Sequence[Reading], read: Sequence[np.ndarray]) -> np.ndarray:
    """The stream with the updates of a layer's heads, by what each reads."""
    return sum((got @ head.o.T for head, got in zip(heads, read, strict=True)), h)


@dataclass
class Trace:
    """The values of a plan on a sequence: the stream after every sublayer, what each layer's heads read, the read-out."""

    streams: list[np.ndarray]
    read: list[list[np.ndarray]]
    out: np.ndarray


class Screen:
    """A plan in float64."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.token, self.place, self.out = map(dense, (plan.token, plan.place, plan.out))
        self.out_bias = floats(plan.out_bias)
        sizes = [row["d_head"] for row in plan.shape["layers"]]
        self.layers = [
            ([Reading(head, size) for head in layer.heads], Block(layer))
            for layer, size in zip(plan.layers, sizes, strict=True)
        ]

    def embed(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The stream before the first layer."""
        book, places = self.plan.vocabulary, self.plan.places
        codes = book.codes(book.rows(tokens)).astype(float), places.codes(positions).astype(float)
        out: np.ndarray = codes[0] @ self.token.T + codes[1] @ self.place.T
        return out

    def read_out(self, h: np.ndarray) -> np.ndarray:
        """The read-out of the last stream."""
        out: np.ndarray = h @ self.out.T + self.out_bias
        return out

    def trace(self, tokens: np.ndarray, positions: np.ndarray) -> Trace:
        """The streams and what heads read, of every layer, for a sequence of tokens and places."""
        h = self.embed(tokens, positions)
        streams, read = [h], []
        for heads, block in self.layers:
            read.append([attend(*head.sides(h)) for head in heads])
            h = written(h, heads, read[-1])
            streams.append(h)
            h = h + block.update(h)
            streams.append(h)
        return Trace(streams, read, self.read_out(h))

    def trace_like(self, tokens: np.ndarray, positions: np.ndarray, other: Screen, was: Trace) -> Trace:
        """``trace`` of a plan of the same shape as another, whose trace of the sequence it was: what reads the same is taken
        from there."""
        h = self.embed(tokens, positions)
        streams, read = [h], []
        for number, ((heads, block), (others, like)) in enumerate(zip(self.layers, other.layers, strict=True)):
            same = np.array_equal(h, was.streams[2 * number])
            pairs = zip(heads, others, was.read[number], strict=True)
            read.append([got if same and head.reads_as(one) else attend(*head.sides(h)) for head, one, got in pairs])
            h = written(h, heads, read[-1])
            streams.append(h)
            same = block.same(like) and np.array_equal(h, was.streams[2 * number + 1])
            h = was.streams[2 * number + 2] if same else h + block.update(h)
            streams.append(h)
        return Trace(streams, read, self.read_out(h))

    def forward(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The read-out at every position; see ``Plan.forward``."""
        return self.trace(tokens, positions).out


class TracingScreen(Screen):
    """A plan in float64 that also stores the trace of the last sequence."""

    last: Trace | None = None

    def forward(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """See ``Screen.forward``."""
        self.last = self.trace(tokens, positions)
        return self.last.out


Tokens = tuple[np.ndarray, np.ndarray]  # tokens and positions


class Base:
    """A fresh compile, and its traces of the sequences of some cases, case by case."""

    def __init__(self, plan: Plan) -> None:
        self.screen = Screen(plan)
        self.traces: dict[int, list[tuple[Tokens, Trace]]] = {}

    def keep(self, number: int, sequences: Iterable[Tokens]) -> None:
        """Cache the traces of a case's sequences, on all of which the fresh compile is right."""
        self.traces[number] = [(sequence, narrowed(self.screen.trace(*sequence))) for sequence in sequences]


def narrowed(trace: Trace) -> Trace:
    """A trace in half the space, but for the read-out: its numbers are small."""
    read = [[got.astype(np.float32) for got in row] for row in trace.read]
    return Trace([h.astype(np.float32) for h in trace.streams], read, trace.out)


class Near(Screen):
    """A plan next to a fresh compile of the same shape: of a cached sequence only the differing values are computed."""

    def __init__(self, plan: Plan, base: Base) -> None:
        super().__init__(plan)
        self.base, self.fresh = base, base.screen
        self.embeds_alike = np.array_equal(self.token, self.fresh.token) and np.array_equal(self.place, self.fresh.place)
        self.reads_alike = np.array_equal(self.out, self.fresh.out) and np.array_equal(self.out_bias, self.fresh.out_bias)

    def unmoved(self, number: int) -> bool:
        """Whether the read-outs on a case's sequences are the fresh compile's."""
        return all(self.alike(*sequence, was) for sequence, was in self.base.traces[number])

    def alike(self, tokens: np.ndarray, positions: np.ndarray, was: Trace) -> bool:
        """Whether the read-out on a sequence is the one in a trace."""
        old = was.streams[0].astype(float)
        h = old if self.embeds_alike else self.embed(tokens, positions)
        for number, ((heads, block), (others, other)) in enumerate(zip(self.layers, self.fresh.layers, strict=True)):
            change = h - old
            moving = bool(change.any())
            for head, fresh, read in zip(heads, others, was.read[number], strict=True):
                change = change + moved(head, fresh, read, h, old, moving)
            old = was.streams[2 * number + 1].astype(float)
            h = old + change
            rows = (change != 0).any(axis=1) if block.same(other) else np.ones(len(h), dtype=bool)
            if rows.any():
                change[rows] += block.update(h[rows]) - other.update(old[rows])
            old = was.streams[2 * number + 2].astype(float)
            h = old + change
        return (self.reads_alike and not (h != old).any()) or np.array_equal(self.read_out(h), was.out)


def moved(head: Reading, fresh: Reading, read: np.ndarray, h: np.ndarray, old: np.ndarray, moving: bool) -> np.ndarray | int:
    """The difference between a head's update and that of the fresh compile's head, whose stream was ``old``."""
    writes = np.array_equal(head.o, fresh.o)
    if not moving and writes and head.reads_as(fresh):
        return 0
    (q, k, v), (q_old, k_old, v_old) = head.sides(h), fresh.sides(old)
    rows = (q != q_old).any(axis=1) if np.array_equal(k, k_old) and np.array_equal(v, v_old) else np.ones(len(h), dtype=bool)
    if writes and not rows.any():
        return 0
    got = read.astype(float)
    got[rows] = attend(q[rows], k, v)
    change: np.ndarray = got @ head.o.T - read @ fresh.o.T
    return change


# Cached fresh compiles, by width, engine and extension. They are process state because each is made once, and the processes
# that check changed files inherit it by a fork. On a state that ``first_failure`` passes over because of it the plan in float64
# reads out the same as a fresh compile, which is right on it; so it changes only how long a search takes.
_BASES: dict[Machine, Base] = {}


def keyed(machine: Machine) -> Machine:
    """The machine that stands for it for every n, as a key of cached traces."""
    return Machine(machine.word, machine.engine, machine.extension, (1, 1), machine.code)


def remember(machine: Machine) -> None:
    """From now on this process caches the fresh compile's traces of a machine's sequences (1 or 2 GiB at w = 5)."""
    _BASES.clear()
    plan = machine.fresh
    _BASES[keyed(machine)] = Base(plan)


def forget() -> None:
    """Drop all cached traces."""
    _BASES.clear()


def screen(plan: Plan, machine: Machine) -> Screen:
    """The plan in float64, next to the fresh compile if that is remembered and of the same shape."""
    base = _BASES.get(keyed(machine))
    return Near(plan, base) if base is not None and base.screen.plan.shape == plan.shape else Screen(plan)


def dense(matrix: Matrix, rows: int = 0) -> np.ndarray:
    """A matrix in float64, with rows of zeros up to a number of rows."""
    out = np.zeros((max(rows, len(matrix.rows)), matrix.columns))
    for place, row in enumerate(matrix.rows):
        for column, value in row:
            out[place, column] = float(value)
    return out


def floats(values: Sequence[Number]) -> np.ndarray:
    """Numbers in float64."""
    return np.array([float(value) for value in values])
