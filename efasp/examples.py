"""Example programs in E-FASP, as a user writes them, each with its vocabulary, its places and an oracle in plain Python.

Lookups have unique winners wherever possible; where a mean is taken (``majority``, ``histogram``) its use has a margin, so
that a rounded mean gives the same tokens. All scores are below 2^24 for texts of up to ``LONGEST`` symbols.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from efasp.attention import gather, match, seq_max, seq_mean
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import Embedding, positions, tokens
from efasp.evaluate import evaluate
from efasp.pointwise import add, gate, less, not_, sub, unsigned, xor
from efasp.sequences import selector_width, token
from efasp.sorts import Flag, OneHot, Signs, Word
from efasp.syntax import Node, Program, combine, concat, refine, relu, take, weigh

LONGEST = 512  # symbols of a text
PLACE_BITS = 10  # so that there is room for the sink
PLACES = Codebook.index(PLACE_BITS)
SINK = "^"


@dataclass(frozen=True)
class Example:
    """A program with all that is needed to run it and to judge the result.

    ``encode``: the token ids of a text over ``alphabet``; ``decode``: the answer that the program's output, an array
    (positions, vocabulary.width), stands for; ``oracle``: the right answer. With ``iterate`` the tokens of the output are
    the next input, until nothing changes, and the last output is decoded.
    """

    name: str
    program: Program
    vocabulary: Codebook
    encode: Callable[[str], list[int]]
    decode: Callable[[np.ndarray], str]
    oracle: Callable[[str], str]
    alphabet: str
    description: str
    iterate: bool = False
    places: Codebook = PLACES


def run_exact(example: Example, text: str) -> str:
    """The answer by exact evaluation. Raises RuntimeError if repeated decoding does not come to rest."""
    ids = example.encode(text)
    for _ in range(len(ids) + 2):
        (output,) = evaluate(example.program.output, tokens=ids)
        following = example.vocabulary.read(output).tolist()
        if not example.iterate or following == ids:
            return example.decode(output)
        ids = following
    raise RuntimeError(f"{example.name}: expected a fixed point within {len(ids) + 2} passes, found none")


def _encoder(vocabulary: Codebook, *, before: str = "") -> Callable[[str], list[int]]:
    """One token a symbol, after the symbols ``before``."""
    return lambda text: [vocabulary.token(symbol) for symbol in before + text]


def _names(vocabulary: Codebook, output: np.ndarray) -> list[str]:
    """The name of the token at each position (a payload as its number)."""
    pairs = (vocabulary.split(token) for token in vocabulary.read(output).tolist())
    return [str(value) if vocabulary.kinds[vocabulary.kind_index[kind]].payloads else kind for kind, value in pairs]


def _text(vocabulary: Codebook, *, skip: int = 0) -> Callable[[np.ndarray], str]:
    return lambda output: "".join(_names(vocabulary, output)[skip:])


def reverse() -> Example:
    """The text backwards: position i looks at position last - i."""
    book = Codebook.symbols("reverse", "abcd")
    te, pe, program = tokens(book), positions(PLACES), Program("reverse")
    last = program.let("last", seq_max(pe.field("number")))
    mirror = program.let("mirror", last - pe.field("number"))
    program.let("reversed", gather(te.node, mirror, pe))
    return Example("reverse", program, book, _encoder(book), _text(book), lambda text: text[::-1], "abcd", "the text backwards")


def most_recent() -> Example:
    """The symbol after the most recent earlier occurrence of the own symbol (an induction head); ``^`` where there is none.

    Attention sees the whole sequence, so "earlier" is made of log n lookups: j < i exactly when for some b the bits above
    b agree and bit b is 0 in j and 1 in i. Each b is one rightmost match; the lowest b that finds one is the nearest.
    """
    book = Codebook.symbols("most_recent", SINK + "abcd")
    te, pe, program = tokens(book), positions(PLACES), Program("most_recent")
    sink, symbol = te.flag(SINK), concat(*map(te.flag, "abcd"))
    place = program.let("place", combine([(1, pe.field("bits")), (1, sink)], sort=Signs(PLACE_BITS)))  # 0 at the sink
    following = gather(symbol, pe.field("number") + 1, pe)
    following = program.let("following", relu(combine([(1, following), (-1, sink)]), symbol.sort))
    own = program.let("own", combine([(2, symbol), (1, sink)], -1, sort=Signs(4)))
    digit = program.let("digit", unsigned(pe.field("bits"), pe.one))
    parts: list[Node] = []
    seen: list[Node] = []
    for b in range(PLACE_BITS):
        above = [take(place, range(b + 1, PLACE_BITS), Signs(PLACE_BITS - 1 - b))] if b + 1 < PLACE_BITS else []
        among = combine([(-1, digit[b]), (-1, sink)], 1, sort=Flag())
        earlier = match(
            [own, *above], [own, *above], one=pe.one, among=among, sink=sink, absent=not_(digit[b]),
            rank=pe.field("number"), capacity=1 << PLACE_BITS,
        )  # fmt: skip
        parts.append(relu(combine([(1, earlier.read(following)), *((-1, flag) for flag in seen)]), symbol.sort))
        seen.append(earlier.found)
    found = program.let("found", combine([(1, part) for part in parts], sort=Word(4)))
    none = program.let("none", weigh(found, [-1] * 4, 1, Flag()))
    program.let("code", concat(none, found, te.one))
    return Example(
        "most_recent", program, book, _encoder(book, before=SINK), _text(book, skip=1), _most_recent_oracle, "abcd",
        "what followed the most recent earlier occurrence of each symbol, ^ where there is none",
    )  # fmt: skip


def _most_recent_oracle(text: str) -> str:
    found = (text.rfind(symbol, 0, i) for i, symbol in enumerate(text))
    return "".join(SINK if j < 0 else text[j + 1] for j in found)


def histogram() -> Example:
    """How often the own symbol occurs, as one token a position: the width of a selector, which a lookup turns into bits."""
    kinds = (Kind(SINK), *map(Kind, "abcd"), Kind("count", ("count",)))
    book = Codebook("histogram", kinds, (("count", PLACE_BITS),), (Field("count_bits", "count"),))
    te, pe, program = tokens(book), positions(PLACES), Program("histogram")
    symbol = refine(concat(*map(te.flag, "abcd")), OneHot(4, partial=True))
    count = program.let("count", selector_width(symbol, symbol, "==", LONGEST, te.flag(SINK)))
    bits = program.let("bits", gather(pe.field("bits"), count, pe))
    nothing = combine([(0, te.one)], sort=Flag())
    program.let("code", concat(*[nothing] * 5, te.one, te.one, bits))
    return Example(
        "histogram", program, book, _encoder(book, before=SINK), lambda output: " ".join(_names(book, output)[1:]),
        lambda text: " ".join(str(Counter(text)[symbol]) for symbol in text), "abcd", "how often each symbol occurs",
    )  # fmt: skip


def majority() -> Example:
    """Whether there are more 1s than 0s: with d = LONGEST (mean of 1s - mean of 0s), d >= 1 or d <= 0."""
    book = Codebook.symbols("majority", "01")
    te, program = tokens(book), Program("majority")
    mean = program.let("mean", seq_mean(concat(te.flag("1"), te.flag("0"))))
    lead = program.let("lead", weigh(mean, [LONGEST, -LONGEST]))
    more = program.let("more", combine([(1, relu(lead)), (-1, relu(lead - 1))], sort=Flag()))
    program.let("code", token(te.node, "0", not_(more), "1", more))
    return Example(
        "majority", program, book, _encoder(book), _text(book),
        lambda text: str(int(text.count("1") > text.count("0"))) * len(text), "01",
        "at every position, whether there are more 1s than 0s",
    )  # fmt: skip


def _halves(value: Node, pe: Embedding) -> tuple[Node, Node]:
    """The bits at positions 2i and 2i + 1 of each position i, 0 beyond the end (where the nearest has a lower number)."""
    number = pe.field("number")

    def at(index: Node) -> Node:
        got = gather(concat(value, number), index, pe)
        level = combine([(1, got[:-1]), (1, got[-1]), (-1, index)])
        return relu(level, Word(value.width))

    return at(2 * number), at(2 * number + 1)


def parity() -> Example:
    """Parity by repeated decoding: position i becomes the exclusive or of 2i and 2i + 1; ``_`` beyond, log n passes."""
    book = Codebook.symbols("parity", "01_")
    te, pe, program = tokens(book), positions(PLACES), Program("parity")
    left, right = _halves(concat(te.flag("1"), te.flag("0", "1")), pe)
    odd = program.let("odd", xor(left[0], right[0]))
    there = program.let("there", refine(left[1], Flag()))
    program.let("code", token(te.node, "0", combine([(1, there), (-1, odd)], sort=Flag()), "1", odd, "_", not_(there)))
    encode, text = _encoder(book), _text(book)
    return Example(
        "parity", program, book, lambda symbols: encode(symbols or "_"), lambda output: text(output)[0].replace("_", "0"),
        lambda symbols: str(symbols.count("1") % 2), "01", "the parity of the number of 1s", iterate=True,
    )  # fmt: skip


def joined(left: Node, right: Node, w: int) -> tuple[Node, Node]:
    """Two neighbouring segments of brackets (c, o), (c', o'), each 2 w bits, as one: its c and its o, w bits each."""
    opened, closing = left[w:], right[:w]
    more_closed = gate(less(opened, closing), sub(closing, opened))
    more_opened = gate(less(closing, opened), sub(opened, closing))
    return add(left[:w], more_closed), add(right[w:], more_opened)


def dyck1() -> Example:
    """Balanced brackets by repeated decoding, log n passes: a segment reduces to c times ``)`` and then o times ``(``.

    A token is the pair (c, o). Two neighbours (c, o), (c', o') become (c + max(c' - o, 0), o' + max(o - c', 0)), and
    position i takes those at 2i and 2i + 1; (0, 0) is neutral, and the result of a balanced text.
    """
    w = PLACE_BITS
    kind = Kind("segment", ("pair",))
    book = Codebook("dyck1", (kind,), (("pair", 2 * w),), (Field("pair_bits", "pair"),))
    te, pe, program = tokens(book), positions(PLACES), Program("dyck1")
    left, right = _halves(unsigned(te.field("pair_bits"), te.one), pe)
    left, right = program.let("left", left), program.let("right", right)
    closed, open_ = (program.let(name, part) for name, part in zip(("closed", "open"), joined(left, right, w), strict=True))
    bits = combine([(2, concat(closed, open_))], -1, sort=Signs(2 * w))
    program.let("code", concat(te.one, te.one, bits))
    pairs = {")": 1, "(": 1 << w}
    return Example(
        "dyck1", program, book, lambda text: [pairs[symbol] for symbol in text] or [0],
        lambda output: str(int(book.read(output)[0] == 0)), _dyck1_oracle, "()", "whether the brackets are balanced",
        iterate=True,
    )  # fmt: skip


def _dyck1_oracle(text: str) -> str:
    height = 0
    for symbol in text:
        height += 1 if symbol == "(" else -1
        if height < 0:
            return "0"
    return str(int(height == 0))


EXAMPLES: dict[str, Example] = {
    example.name: example for example in (reverse(), most_recent(), histogram(), majority(), parity(), dyck1())
}
