"""Plans and runs for ``resources.serial_program``, each of which needs one thing of the serial program that is easily lost.

Payloads; words as wide as hidden units, scores, sums of values, the read-out, tokens and the limit ask for; four tied keys; a
mean that is not an integer; more than three passes; tables above address 512; tokens other than masks that are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from efasp.attention import gather
from efasp.codebook import Codebook, Field, Kind
from efasp.embeddings import positions, tokens
from efasp.exact import Matrix
from efasp.model.lower import lower
from efasp.model.plan import Head, Layer, Plan, Resident
from efasp.proofs.lemmas.resources_bounds import BOOK, small
from efasp.sorts import Number
from efasp.syntax import Program

LARGE = 1 << 20  # far above what the words of these plans need otherwise, and 0 modulo 2^w for a narrower one
ALTERNATING = 0x55555  # next to each other, no two bits are equal: half of a sum's range is passed at every width
FINE = Fraction(1, 1 << 10)  # a value that the residual stream's unit must divide
PART = Fraction(1, 1 << 5)  # the coefficient of a coordinate that is 0, which the unit of a row must divide
PLACES = Codebook.index(3)
PAYLOADS = Codebook(
    "payloads",
    (Kind("a", ("x",)), Kind("b", ("y",)), Kind("c", ("x",)), Kind("mask")),
    (("x", 1), ("y", 2)),
    (Field("x", "x"), Field("y", "y")),
)
WIDE = Codebook("wide", (Kind("mask"), Kind("a", ("x",))), (("x", 13),), (Field("x", "x"),))
LETTERS = Codebook.symbols("letters", "abcdefghi")


@dataclass(frozen=True)
class Case:
    """A run: of the program of a plan, on tokens ``text``, with the options of ``serial_program``.

    ``halts``: False where a mean is not a multiple of the unit, so that the run must end with a fault.
    """

    plan: Plan
    text: tuple[int, ...]
    every: bool = False
    limit: int | None = None
    ties: int = 1
    halts: bool = True


def cases() -> Iterator[Case]:
    """The cases in which the serial program is run, each a plan and a sequence."""
    _, frequent = (lower(program) for program in small())
    yield Case(frequent, (0, 0, 1, 2), ties=12)
    yield Case(frequent, (0, 1, 1), halts=False)  # the mean of a flag is 1/3
    for plan in (hidden(), scores(), projections(), read_out()):
        yield from (Case(plan, text, True, 2, 2) for text in ((0, 1), (0, 0), (2, 0)))
        yield Case(plan, (2, 0), ties=2)
    for token in range(PAYLOADS.size):
        yield Case(payloads(), (token,), every=True, limit=4)
    yield Case(payloads(), (1, PAYLOADS.token("mask"), 4))
    yield Case(resting(), (2,), every=True, limit=1 << 14)
    yield Case(resting(), (2, 2), every=True)
    yield Case(long(WIDE), (WIDE.size - 1,), every=True, limit=1)
    yield Case(long(LETTERS), (1,), every=True, limit=3)
    yield from (Case(chain(), (0, 2, 2, 2, 2), limit=limit) for limit in (None, 2))


def matrix(rows: Sequence[Sequence[Number]], columns: int) -> Matrix:
    """A matrix from all of its entries."""
    return Matrix([tuple((i, c) for i, c in enumerate(row) if c) for row in rows], columns)


def plan(
    name: str, book: Codebook, token: Sequence[Sequence[Number]], layers: tuple[Layer, ...], out: Sequence[Sequence[Number]],
    bias: Sequence[Number] = (), bound: int = 2,
) -> Plan:  # fmt: skip
    """A plan that does not look at places, with coordinates of at most ``bound`` (absolute values)."""
    width = len(token)
    residents = tuple(Resident(at, f"x{at}", 0, 2 * len(layers) + 1, -bound, bound) for at in range(width))
    place = Matrix([()] * width, PLACES.width)
    biases = tuple(bias) or (0,) * book.width
    return Plan(name, book, PLACES, width, matrix(token, book.width), place, layers, matrix(out, width), biases, residents)


def hidden() -> Plan:
    """Two large hidden units whose difference is 1 for the token a."""
    up = matrix([[LARGE, 0, PART], [LARGE, 0, PART]], 3)
    units = Layer((), up, (0, -1), matrix([[1, -1], [0, 0], [0, 0]], 2))
    token: list[Sequence[Number]] = [[1, 0, 0, 0], [0, 0, 0, FINE], [0, 0, 0, 0]]
    return plan("hidden units", BOOK, token, (units,), [[1, 0, 0], *[[0, 0, 0]] * 3], (0, 1, 0, 0))


def attended(name: str, key: int, values: Sequence[int]) -> Plan:
    """A head with the query ``key``, and the key ``key`` at the token a, else 0; the difference of its two values is added.

    The token becomes a where that is 1, else b. The third coordinate is 0 until then.
    """
    head = Head(
        matrix([[0, key, PART, 0]], 4), matrix([[key, 0, PART, 0]], 4), matrix([[x, 0, PART, 0] for x in values], 4),
        matrix([[0, 0], [0, 0], [1, -1], [0, 0]], 2), (key,), (key,),
    )  # fmt: skip
    layers = (Layer((head,), Matrix([], 4), (), Matrix([()] * 4, 0)),)
    token: list[Sequence[Number]] = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, FINE]]
    return plan(name, BOOK, token, layers, [[0, 0, 2, 0], *[[0, 0, 0, 0]] * 3], (0, 1, 0, 0), 1)


def scores() -> Plan:
    """A large score at the token a, 0 elsewhere."""
    return attended("scores", 1 << 12, (1, 0))


def projections() -> Plan:
    """Two large values, whose means differ by 1 at most."""
    return attended("sums of values", 1, (ALTERNATING, ALTERNATING - 1))


def read_out() -> Plan:
    """A read-out in small units."""
    return plan("read-out", BOOK, [[1, 0, 0, 0]], (), [[1 + Fraction(1, LARGE)], [0], [0], [0]], (0, Fraction(1, 2), 0, 0))


def resting() -> Plan:
    """Always b: the second pass changes nothing."""
    return plan("resting", BOOK, [[1, 0, 0, 0]], (), [[0]] * BOOK.width, (0, 1, 0, 0))


def payloads() -> Plan:
    """The next kind, and bits that mix those of the payload; bits that a token does not carry are 0 in the read-out."""
    width = PAYLOADS.width
    turned = [[int(c == (r - 1) % 3 or (r, c) == (2, 3)) for c in range(width)] for r in range(3)]
    none, (x, low, high) = [0] * width, ([int(c == at) for c in range(width)] for at in range(width - 3, width))
    mixed = [[sum(pair) for pair in zip(*rows, strict=True)] for rows in ((x, low), (x, high), (low, x))]
    code = [[int(r == c) for c in range(width)] for r in range(width)]
    return plan("payloads", PAYLOADS, code, (), [*turned, none, none, *mixed])


def long(book: Codebook) -> Plan:
    """Two dense matrices, tables of hundreds of words: all bits negated, or the kind before where there is no mask."""
    width, kinds = book.width, len(book.kinds)
    summed = [[1 + int(r == c) for c in range(width)] for r in range(width)]
    inverse = [[int(r == c) - Fraction(1, width + 1) for c in range(width)] for r in range(width)]
    out = [[-x for x in row] if r > kinds else row for r, row in enumerate(inverse)]
    if "mask" not in book.kind_index:
        out[:kinds] = [*out[1:kinds], out[0]]
    return plan(f"long, {book.name}", book, summed, (), out, bound=width + 1)


def chain() -> Plan:
    """The token to the left: one mask a pass becomes a token."""
    te, pe = tokens(BOOK), positions(PLACES)
    program = Program("chain")
    program.let("left", gather(te.node, pe.field("number") - 1, pe))
    return lower(program)
