"""Symbolic positions of a machine's sequences, and the conditions of a lookup of the step on them.

A position is its place and its token: one kind of place with its payloads, one kind of token with its payload, as
the codebooks have them. A lookup is taken apart as ``efasp.attention.match`` builds it: the candidates, the words that
must agree, and the rank. That its scores are those of these parts is the lemma attention.lookup, and that equal
words of best rank then win is attention.match. The words of queries and keys are integers here, -1 where there is none.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from efasp.codebook import Codebook, Field
from efasp.proofs.smtlib import TRUE, Script, Term, eq, ite, land, le, linear, lnot, lt, num, plain, plus, scale
from efasp.proofs.symbolic.ends import payload_ends
from efasp.proofs.symbolic.machine import Number, of
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Number as Rational
from efasp.syntax import Affine, Attention, Concat, Node, Relu


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
    capacity: Rational


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


def _unscaled(key: Node) -> tuple[Node, Rational] | None:
    """The node and the factor of a multiple of a node."""
    if not isinstance(key, Affine) or any(key.bias) or len({c for row in key.rows for _, c in row}) != 1:
        return None
    if [row[0][0] if len(row) == 1 else -1 for row in key.rows] != list(range(key.x.width)):
        return None
    return key.x, key.rows[0][0][1]


class Position:
    """One symbolic position, its symbols named with a prefix: one kind of token and of place, with payloads in their range.

    Called with a name it gives the term of a kind's flag (``pe.target``), of a field of signed bits as the word that it says,
    or of a definition's value there: facts about it are for the script to assume. ``given``: payloads whose values the script
    fixes, so that they do not reach their ends.
    """

    def __init__(self, script: Script, step: Step, prefix: str, given: Collection[str] = ()) -> None:
        self.script, self.step, self.prefix = script, step, prefix
        self.definitions: dict[str, Term] = {}
        self.payloads: dict[tuple[str, str], Term] = {}
        for side, book in (("te", step.te), ("pe", step.pe)):
            flags = [script.bit(f"{prefix}.{side}.{plain(kind.name)}") for kind in book.kinds]
            script.definition(eq(plus(*flags), "1"), f"one kind of {'token' if side == 'te' else 'place'}")
            for payload, _ in book.payloads:
                name = script.integer(f"{prefix}.{'token' if side == 'te' else 'place'}.{payload}", 0)
                self.payloads[side, payload] = name
                limit = {"word": "words", "index": "words", "time": "times"}.get(payload)
                largest = (1 << book.bits[payload]) - 1
                script.definition(lt(name, limit) if limit else le(name, num(largest)))
                if payload not in given:
                    payload_ends(script, limit, largest, name, self.carries(side, payload))

    def __call__(self, name: str) -> Term:
        side, _, rest = name.partition(".")
        if side in ("te", "pe"):
            field = next((f for f in self.book(side).fields if f.name == rest), None)
            return f"{self.prefix}.{name}" if field is None else self.field(side, field)
        if name not in self.definitions:
            self.definitions[name] = self.script.declare(f"{self.prefix}.{name}", "Int")
        return self.definitions[name]

    def kind(self, *names: str) -> Term:
        """Whether it is of one of the kinds, given as ``pe.target``."""
        return eq(plus(*(f"{self.prefix}.{plain(name)}" for name in names)), "1")

    def payload(self, side: str, name: str) -> Term:
        """The term of a payload; it is meaningful only for the kinds that carry it."""
        return self.payloads[side, name]

    def row(self, side: str) -> tuple[Number, ...]:
        """The number of its kind of place or of token, then every payload, 0 for one that the kind does not carry."""
        book = self.book(side)
        kind = plus(*(scale(i, f"{self.prefix}.{side}.{plain(one.name)}") for i, one in enumerate(book.kinds)))
        payloads = (ite(self.carries(side, name), self.payload(side, name), "0") for name, _ in book.payloads)
        return tuple(map(Number, (kind, *payloads)))

    def token_is(self, kind: str, payload: Any) -> Term:
        """Whether its token is of a kind, with a payload (0 where the kind has none)."""
        carried = self.step.te.kinds[self.step.te.kind_index[kind]].payloads
        return land(self.kind(f"te.{kind}"), *(eq(self.payload("te", name), of(payload)) for name in carried))

    def holds(self, what: str, name: str) -> Term:
        """Whether its token is of a kind, or its token's payload."""
        return self.kind(f"te.{name}") if what == "kind" else self.payload("te", name)

    def carries(self, side: str, payload: str) -> Term:
        """Whether the kind of this position's place carries a payload."""
        book = self.book(side)
        return self.kind(*(f"{side}.{kind.name}" for kind in book.kinds if payload in kind.payloads))

    def book(self, side: str) -> Codebook:
        """The codebook of a side: the vocabulary, or that of places."""
        return self.step.te if side == "te" else self.step.pe

    def field(self, side: str, field: Field) -> Term:
        """The word of a field of signed bits, -1 where there is none; a number is 0 there."""
        value, none = self.payload(side, field.payload), "(- 1)" if field.encode == "signs" else "0"
        if field.shift == -1 and field.encode == "signs":
            value = ite(eq(value, "0"), "(- times 1)", f"(- {value} 1)")
        elif field.shift:
            value = f"(+ {value} {num(field.shift)})"
        return ite(self.carries(side, field.payload), value, none)

    def word(self, node: Node) -> Term:
        """The word of a node of bits or signed bits at this position, or -1.

        Raises LookupError for a node that is neither a definition nor a field of an embedding.
        """
        named, found = self.step.names.get(node), self.step.field_of(node)
        if named is None and found is None:
            raise LookupError(f"{self.step.program.name}: expected a definition or a field of an embedding, found {node!r}")
        return self(named) if named is not None else self.field(*found)  # type: ignore[misc]

    def flag(self, node: Node) -> Term:
        """The value of a node of one coordinate at this position."""
        named = self.step.names.get(node)
        return self(named) if named is not None else self.form(node, 0)

    def form(self, node: Node, place: int) -> Term:
        """The value of a coordinate, over the definitions and flags below it."""
        form = self.step.reading.form(node, place)
        parts = []
        for (leaf, at), c in form.terms.items():
            if isinstance(leaf, Node):
                assert isinstance(leaf, Relu)
                inner = self.form(leaf.x, at)
                parts.append((c, ite(lt("0", inner), inner, "0")))
            else:
                parts.append((c, self._leaf(leaf, at)))
        return linear(parts, form.constant)

    def _leaf(self, leaf: str, at: int) -> Term:
        if leaf in self.step.labels:
            return self(self.step.labels[leaf][at])
        side, _, name = leaf.partition(".")
        if side in ("te", "pe"):
            field = next((f for f in self.book(side).fields if f.name == name), None)
            if field is None:
                return f"{self.prefix}.{side}.{plain(name)}"
            if field.encode == "number":
                return self.field(side, field)
        return self(leaf if self.step.reading.widths.get(leaf, 2) == 1 else f"{leaf}.{at}")

    def same_place(self, other: Position) -> Term:
        """The term: both positions have one place."""
        return self._same("pe", other)

    def same_token(self, other: Position) -> Term:
        """The term: both positions have one token."""
        return self._same("te", other)

    def _same(self, side: str, other: Position) -> Term:
        book = self.book(side)
        parts = [eq(*(f"{at.prefix}.{side}.{plain(kind.name)}" for at in (self, other))) for kind in book.kinds]
        for payload, _ in book.payloads:
            same = eq(self.payload(side, payload), other.payload(side, payload))
            parts.append(f"(or {lnot(self.carries(side, payload))} {same})")
        return land(*parts)


def candidate(at: Position, here: Lookup) -> Term:
    """Whether a position is one of those that a lookup chooses from."""
    return land(*(eq(at.flag(f), "1") for f in here.among), *(eq(at.flag(f), "0") for f in here.exclude))


def agree(query: Position, key: Position, here: Lookup) -> Term:
    """Whether every word of the query is the key's."""
    return land(*(land(eq(query.word(q), key.word(k)), le("0", query.word(q))) for q, k in here.words))


def finds(query: Position, key: Position, here: Lookup) -> Term:
    """Whether a position is one that a lookup finds: it asks, and that is a candidate with the words of the query."""
    asks = [] if here.absent is None else [eq(query.flag(here.absent), "0")]
    return land(*asks, candidate(key, here), agree(query, key, here))


def level(a: Position, b: Position, here: Lookup) -> Term:
    """Whether two positions have one rank."""
    return TRUE if here.rank is None else eq(a.flag(here.rank), b.flag(here.rank))
