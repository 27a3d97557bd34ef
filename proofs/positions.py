"""Symbolic positions of a machine's sequences, and what a lookup of the step asks of them.

A position is what its place and its token say: one kind of place with its payloads, one kind of token with its payload, as
the codebooks have them. A lookup is taken apart as ``efasp.attention.match`` builds it: which positions are candidates, which
words must agree, and by which rank. That its scores are those of these parts is the lemma attention.lookup, and that equal
words of best rank then win is attention.match. The words of queries and keys are integers here, -1 where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from efasp.codebook import Codebook
from efasp.sorts import Number
from efasp.syntax import Affine, Attention, Concat, Node, Relu
from proofs.smt import Script, Term, eq, ite, land, le, linear, lnot, lt, num, plus
from proofs.step import Step


@dataclass(frozen=True)
class Lookup:
    """An attention node of the step as the lookup that it is. ``words``: (query, key) nodes of signed bits; ``capacity``: C."""

    name: str
    node: Attention
    words: tuple[tuple[Node, Node], ...]
    among: tuple[Node, ...]
    exclude: tuple[Node, ...]
    rank: Node | None
    absent: Node | None
    value: Node
    capacity: Number


def lookup(step: Step, name: str) -> Lookup:
    """The lookup that makes a definition. Raises ValueError where the node is not built as a match is."""
    node = step.of[name]
    if not (isinstance(node, Attention) and isinstance(node.q, Concat) and isinstance(node.k, Concat)):
        raise ValueError(f"{name}: expected a match, found {type(node).__name__}")
    level, *scaled = node.k.parts
    _, *queries = node.q.parts
    absent = queries.pop() if queries and queries[-1].width == 1 else None
    keys = [_unscaled(key) for key in scaled[: len(queries)]]
    if not isinstance(level, Affine) or None in keys or len({c for _, c in filter(None, keys)}) > 1:
        raise ValueError(f"{name}: expected a level and keys times one capacity, found {len(keys)} keys")
    flags = level.x.parts if isinstance(level.x, Concat) else (level.x,)
    weights = {flags[i]: c for i, c in level.rows[0]}
    weights.pop(step.sink, None)
    c = next((c for _, c in filter(None, keys)), min((w for w in weights.values() if w > 0), default=2) // 2)
    among = tuple(flag for flag, weight in weights.items() if weight == 2 * c)
    exclude = tuple(flag for flag, weight in weights.items() if weight == -2 * c)
    rank = [flag for flag in weights if flag not in (*among, *exclude)]
    words = tuple((query, key[0]) for query, key in zip(queries, keys, strict=True) if key is not None)
    return Lookup(name, node, words, among, exclude, rank[0] if rank else None, absent, node.v, c)


def _unscaled(key: Node) -> tuple[Node, Number] | None:
    """The node and the factor of a multiple of a node."""
    if not isinstance(key, Affine) or any(key.bias) or len({c for row in key.rows for _, c in row}) != 1:
        return None
    if [row[0][0] if len(row) == 1 else -1 for row in key.rows] != list(range(key.x.width)):
        return None
    return key.x, key.rows[0][0][1]


class Position:
    """One symbolic position, its symbols named with a prefix. ``definitions`` gives the terms of definitions at it."""

    def __init__(self, script: Script, step: Step, prefix: str, definitions: Mapping[str, Term] | None = None) -> None:
        self.script, self.step, self.prefix = script, step, prefix
        self.definitions = dict(definitions or {})
        self.payloads: dict[tuple[str, str], Term] = {}
        for side, book in (("te", step.te), ("pe", step.pe)):
            flags = [script.bit(f"{prefix}.{side}.{plain(kind.name)}") for kind in book.kinds]
            script.suppose(eq(plus(*flags), "1"), f"one kind of {'token' if side == 'te' else 'place'}")
            for payload, _ in book.payloads:
                name = script.integer(f"{prefix}.{payload}", 0)
                self.payloads[side, payload] = name
                limit = {"word": "words", "index": "words", "time": "times"}.get(payload)
                script.suppose(lt(name, limit) if limit else le(name, num((1 << book.bits[payload]) - 1)))

    def kind(self, *names: str) -> Term:
        """Whether it is of one of the kinds, given as ``pe.target``."""
        return eq(plus(*(f"{self.prefix}.{plain(name)}" for name in names)), "1")

    def payload(self, side: str, name: str) -> Term:
        """A payload; it means something only for the kinds that carry it."""
        return self.payloads[side, name]

    def carries(self, side: str, payload: str) -> Term:
        """Whether its kind carries a payload."""
        book = self.book(side)
        return self.kind(*(f"{side}.{kind.name}" for kind in book.kinds if payload in kind.payloads))

    def book(self, side: str) -> Codebook:
        """The vocabulary or the places."""
        return self.step.te if side == "te" else self.step.pe

    def word(self, node: Node) -> Term:
        """What a node of signed bits says at this position: a word, or -1."""
        named = self.step.names.get(node)
        if named is not None and named in self.definitions:
            return self.definitions[named]
        found = self.step.field_of(node)
        if found is None:
            name = f"{self.prefix}.unknown{len(self.definitions)}"
            self.definitions[named or name] = self.script.declare(name, "Int", "nothing is known of it")
            return name
        side, field = found
        value = self.payload(side, field.payload)
        if field.shift == -1:
            value = ite(eq(value, "0"), "(- times 1)", f"(- {value} 1)")
        elif field.shift:
            value = f"(+ {value} {num(field.shift)})"
        return ite(self.carries(side, field.payload), value, "(- 1)")

    def flag(self, node: Node) -> Term:
        """The value of a node of one coordinate at this position."""
        named = self.step.names.get(node)
        if named is not None and named in self.definitions:
            return self.definitions[named]
        return self._form(node, 0)

    def _form(self, node: Node, place: int) -> Term:
        form = self.step.reading.form(node, place)
        parts = []
        for (leaf, at), c in form.terms:
            if isinstance(leaf, Node):
                assert isinstance(leaf, Relu)
                inner = self._form(leaf.x, at)
                parts.append((c, ite(lt("0", inner), inner, "0")))
            else:
                parts.append((c, self._leaf(leaf, at)))
        return linear(parts, form.constant)

    def _leaf(self, leaf: str, at: int) -> Term:
        if leaf in self.definitions:
            return self.definitions[leaf]
        if leaf in self.step.labels:
            label = self.step.labels[leaf][at]
            return self.definitions.get(label) or self._free(label)
        side, _, name = leaf.partition(".")
        if side in ("te", "pe"):
            book = self.book(side)
            if name in book.kind_index:
                return f"{self.prefix}.{side}.{plain(name)}"
            field = next(f for f in book.fields if f.name == name)
            if field.encode == "number":
                return ite(self.carries(side, field.payload), self.payload(side, field.payload), "0")
        label = f"{leaf}.{at}"
        return self.definitions.get(label) or self._free(label)

    def _free(self, label: str) -> Term:
        name = f"{self.prefix}.{label}"
        self.definitions[label] = self.script.declare(name, "Int", "nothing is known of it")
        return name

    def same_place(self, other: Position) -> Term:
        """Whether both are one place."""
        parts = [eq(f"{self.prefix}.pe.{kind.name}", f"{other.prefix}.pe.{kind.name}") for kind in self.step.pe.kinds]
        for payload, _ in self.step.pe.payloads:
            same = eq(self.payload("pe", payload), other.payload("pe", payload))
            parts.append(f"(or {lnot(self.carries('pe', payload))} {same})")
        return land(*parts)


def plain(name: str) -> str:
    """A kind's name as a symbol."""
    return name.replace("op:", "op.")


def candidate(at: Position, found: Lookup) -> Term:
    """Whether a position is one of those that a lookup chooses from."""
    return land(*(eq(at.flag(f), "1") for f in found.among), *(eq(at.flag(f), "0") for f in found.exclude))


def agree(query: Position, key: Position, found: Lookup) -> Term:
    """Whether every word of the query is the key's."""
    return land(*(land(eq(query.word(q), key.word(k)), le("0", query.word(q))) for q, k in found.words))
