"""Masked diffusion in an order of its own: parity and balanced brackets over a binary tree, as decoders for a Masked-ARM.

Position 0 is a filler; the text, padded to a power of two n, stands at the leaves n..2n-1, and the masks 1..n-1 are inner
nodes, node i over nodes 2i and 2i+1. A mask is ready when both are unmasked. So unmasking begins in the middle of the
sequence, moves left as soon as two children are there, and ends at position 1, which holds the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from efasp.attention import gather
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import Embedding, positions, tokens
from efasp.examples import EXAMPLES, joined
from efasp.masked_arm import Decoder
from efasp.pointwise import and_, gate, not_, signed, unsigned, xor
from efasp.sorts import Flag
from efasp.syntax import Node, Program, combine, concat, refine

PLACE_BITS = 7  # up to 64 symbols
PLACES = Codebook.index(PLACE_BITS)
COUNT_BITS = PLACE_BITS  # of open and of closed brackets


@dataclass(frozen=True)
class MaskedExample:
    """A decoder with all that is needed to run it and to judge the result.

    ``leaf``: the token id of a symbol; ``neutral``: of what pads a text; ``answer``: of the token at position 1; ``oracle``:
    the right answer of a text over ``alphabet``.
    """

    decoder: Decoder
    leaf: Callable[[str], int]
    neutral: int
    answer: Callable[[int], str]
    oracle: Callable[[str], str]
    alphabet: str

    def opening(self, text: str) -> list[int]:
        """The sequence at the start, of 2 n tokens. Raises ValueError for a text that is too long."""
        n = 1 << max(1, (len(text) - 1).bit_length()) if text else 2
        if 2 * n > 1 << PLACE_BITS:
            raise ValueError(f"text: expected at most {1 << PLACE_BITS - 1} symbols, found {len(text)}")
        leaves = [*map(self.leaf, text), *[self.neutral] * (n - len(text))]
        return [self.neutral, *[self.decoder.vocabulary.token("mask")] * (n - 1), *leaves]


def _children(value: Node, pe: Embedding) -> tuple[Node, Node]:
    """A value at the two children of each node."""
    number = pe.field("number")
    return gather(value, 2 * number, pe), gather(value, 2 * number + 1, pe)


def parity() -> MaskedExample:
    """The exclusive or of the leaves below each node."""
    book = Codebook.symbols("parity", ("mask", "0", "1"))
    te, pe, program = tokens(book), positions(PLACES), Program("masked_parity")
    left, right = _children(concat(te.flag("1"), te.flag("0", "1")), pe)
    ready = program.let("ready", and_(*(refine(child[1], Flag()) for child in (left, right))))
    odd = program.let("odd", gate(ready, xor(refine(left[0], Flag()), refine(right[0], Flag()))))
    odd = refine(odd, Flag())
    program.let("code", concat(not_(ready), combine([(1, ready), (-1, odd)], sort=Flag()), odd, te.one))
    decoder, (zero, one) = Decoder(program, book, PLACES), map(book.token, "01")
    return MaskedExample(
        decoder, lambda symbol: (zero, one)[int(symbol)], zero, lambda token: str(token - zero), EXAMPLES["parity"].oracle, "01"
    )


def dyck1() -> MaskedExample:
    """The segment of brackets below each node, reduced to c times ``)`` and then o times ``(``; (0, 0) is balanced."""
    w = COUNT_BITS
    kinds = (Kind("mask"), Kind("segment", ("pair",)))
    book = Codebook("dyck1", kinds, (("pair", 2 * w),), (Field("pair_bits", "pair"),))
    te, pe, program = tokens(book), positions(PLACES), Program("masked_dyck1")
    there = te.flag("segment")
    left, right = _children(concat(unsigned(te.field("pair_bits"), there), there), pe)
    ready = program.let("ready", and_(*(refine(child[2 * w], Flag()) for child in (left, right))))
    word = unsigned(te.field("pair_bits"), there).sort
    pair = concat(*joined(refine(left[: 2 * w], word), refine(right[: 2 * w], word), w))
    program.let("code", concat(not_(ready), ready, te.one, signed(gate(ready, pair), ready)))
    segment = book.token("segment")
    values = {")": 1, "(": 1 << w}
    return MaskedExample(
        Decoder(program, book, PLACES), lambda symbol: segment + values[symbol], segment,
        lambda token: str(int(token == segment)), EXAMPLES["dyck1"].oracle, "()",
    )  # fmt: skip


MASKED_EXAMPLES: dict[str, MaskedExample] = {"parity": parity(), "dyck1": dyck1()}
