"""The fields of embedded tokens and places, by name."""

from __future__ import annotations

from efasp.codebook import Codebook
from efasp.sorts import Flag, Signs, vector
from efasp.syntax import Node, PositionEmbedding, TokenEmbedding, take, weigh


class Embedding:
    """Names for the coordinates of TE or PE: ``te.flag("mask")``, ``te.field("word")``."""

    def __init__(self, node: TokenEmbedding | PositionEmbedding) -> None:
        self.node, self.codebook = node, node.codebook

    def flag(self, *kinds: str) -> Node:
        """The node that is 1 where the item is of one of ``kinds``, else 0."""
        weights = [0] * self.codebook.width
        for kind in kinds:
            weights[self.codebook.slots[kind].start] = 1
        return weigh(self.node, weights, sort=Flag())

    def field(self, name: str) -> Node:
        """The node with the coordinates of a field of the code."""
        slot = self.codebook.slots[name]
        bounds = self.codebook.sort.bounds[slot.start : slot.stop]
        signed = any(f.name == name and f.encode == "signs" for f in self.codebook.fields)
        return take(self.node, slot, Signs(len(slot)) if signed else vector(bounds, True))

    @property
    def one(self) -> Node:
        """The node that is the constant 1."""
        return take(self.node, self.codebook.slots["one"])


def tokens(codebook: Codebook) -> Embedding:
    """The token embedding of a vocabulary."""
    return Embedding(TokenEmbedding(codebook))


def positions(codebook: Codebook) -> Embedding:
    """The position embedding of a codebook of places."""
    return Embedding(PositionEmbedding(codebook))
