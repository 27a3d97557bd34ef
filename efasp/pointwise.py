"""Derived operators at one position: Boolean gates, comparison, arithmetic, choice. All are affine maps around ReLUs.

A gate is one unit a bit. A threshold of an integer is two. With X_i = sum over j < i of 2^j (a_j + b_j) the carry into
bit i is the threshold X_i >= 2^i, so a whole addition is one feed-forward layer of O(w) units.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from efasp.operators import bits, expect_bits, expect_flag, expect_int, like, operator, small
from efasp.sorts import Bit, Flag, Int, OneHot, Signs, SortError, Word
from efasp.syntax import Node, affine, combine, concat, refine, relu, take, weigh


def constant(value: int, like_node: Node, width: int) -> Node:
    """The bits of a constant word, as a node over the same positions as ``like_node``."""
    return affine(like_node, [[0] * like_node.width] * width, Word(width).encode(value), Word(width))


def value(word: Node) -> Node:
    """The integer that a word stands for (an affine map)."""
    expect_bits("value", word)
    return weigh(word, [1 << place for place in range(word.width)], sort=Int(0, (1 << word.width) - 1))


def number(signs: Node, present: Node) -> Node:
    """The integer that signed bits stand for, 0 where there are none; ``present`` flags where there are."""
    top = (1 << signs.width) - 1
    word = unsigned(signs, present)
    return weigh(word, [1 << place for place in range(word.width)], sort=Int(0, top))


def signed(word: Node, present: Node | int = 1) -> Node:
    """Bits as -1/+1; all 0 where ``present`` is 0 (the word must be 0 there)."""
    terms = [(2, word)] + ([] if isinstance(present, int) else [(-1, present)])
    return combine(terms, -present if isinstance(present, int) else 0, sort=Signs(word.width))


def unsigned(signs: Node, present: Node) -> Node:
    """Signed bits as 0/1; all 0 where there is no word."""
    half = Fraction(1, 2)
    return combine([(half, signs), (half, present)], sort=Word(signs.width) if signs.width > 1 else Bit())


@operator(sorts=lambda w: (Word(w),), spec=lambda w, a: ~a & ((1 << w) - 1), depth=(0, 0), units=lambda w: 0)
def not_(a: Node) -> Node:
    """Bitwise negation: 1 - a."""
    expect_bits("not", a)
    return combine([(-1, a)], 1, sort=like(a))


@operator(sorts=bits, spec=lambda w, a, b: a & b, depth=(0, 1), units=lambda w: w)
def and_(a: Node, b: Node) -> Node:
    """Bitwise conjunction: relu(a + b - 1)."""
    expect_bits("and", a, b)
    return relu(a + b - 1, like(a))


@operator(sorts=bits, spec=lambda w, a, b: a | b, depth=(0, 1), units=lambda w: w)
def or_(a: Node, b: Node) -> Node:
    """Bitwise disjunction: a + b - (a and b)."""
    return combine([(1, a), (1, b), (-1, and_(a, b))], sort=like(a))


@operator(sorts=bits, spec=lambda w, a, b: a ^ b, depth=(0, 1), units=lambda w: w)
def xor(a: Node, b: Node) -> Node:
    """Bitwise exclusive or: a + b - 2 (a and b)."""
    return combine([(1, a), (1, b), (-2, and_(a, b))], sort=like(a))


@operator(sorts=lambda w: (Word(w),), spec=lambda w, a: int(a == (1 << w) - 1), depth=(0, 1), units=lambda w: 1)
def all_(a: Node) -> Node:
    """Conjunction of all bits: relu(sum - w + 1)."""
    expect_bits("all", a)
    return relu(weigh(a, [1] * a.width, 1 - a.width), Flag())


@operator(sorts=lambda w: (Word(w),), spec=lambda w, a: int(a != 0), depth=(0, 1), units=lambda w: 1)
def any_(a: Node) -> Node:
    """Disjunction of all bits: 1 - relu(1 - sum)."""
    expect_bits("any", a)
    return combine([(-1, relu(weigh(a, [-1] * a.width, 1), Flag()))], 1, sort=Flag())


@operator(sorts=lambda w: (Flag(), Word(w)), spec=lambda w, c, a: a if c else 0, depth=(0, 1), units=lambda w: w)
def gate(c: Node, a: Node) -> Node:
    """a where the flag is 1, else 0: relu(a + c - 1)."""
    expect_flag("gate", c)
    expect_bits("gate", a)
    return relu(combine([(1, a), (1, c)], -1), like(a))


@operator(
    sorts=lambda w: (Flag(), Word(w), Word(w)),
    spec=lambda w, c, a, b: a if c else b,
    depth=(0, 1),
    units=lambda w: 2 * w,
)
def if_else(c: Node, a: Node, b: Node) -> Node:
    """a where the flag is 1, else b: gate(c, a) + gate(1 - c, b)."""
    expect_bits("if_else", a, b)
    return combine([(1, gate(c, a)), (1, gate(not_(c), b))], sort=like(a))


@operator(sorts=small, spec=lambda w, x, k=3: int(x >= k), depth=(0, 1), units=lambda w: 2, fixed=(3,))
def threshold(x: Node, k: int) -> Node:
    """1 where the integer x >= k: relu(x - k + 1) - relu(x - k)."""
    expect_int("threshold", x)
    return combine([(1, relu(x - (k - 1))), (-1, relu(x - k))], sort=Flag())


@operator(sorts=small, spec=lambda w, x, k=3: int(x == k), depth=(0, 1), units=lambda w: 3, fixed=(3,))
def equals(x: Node, k: int) -> Node:
    """1 where the integer x = k: relu(x - k + 1) - 2 relu(x - k) + relu(x - k - 1)."""
    expect_int("equals", x)
    return combine([(1, relu(x - (k - 1))), (-2, relu(x - k)), (1, relu(x - (k + 1)))], sort=Flag())


@operator(
    sorts=lambda w: (Int(0, w - 1),),
    spec=lambda w, x: x,
    depth=(0, 1),
    units=lambda w: w + 2,
)
def one_hot(x: Node, size: int = 0) -> Node:
    """The integer x as ``size`` flags (all values of its sort by default); none where x >= size."""
    low, high = expect_int("one_hot", x)
    if low < 0:
        raise SortError("one_hot", "an integer of 0 or more", x.sort)
    size = size or high + 1
    return refine(concat(*(equals(x, k) for k in range(size))), OneHot(size, partial=size <= high))


@operator(sorts=bits, spec=lambda w, a, b: int(a == b), depth=(0, 1), units=lambda w: 3)
def equal(a: Node, b: Node) -> Node:
    """1 where two words are equal."""
    expect_bits("equal", a, b)
    return equals(value(a) - value(b), 0)


@operator(sorts=bits, spec=lambda w, a, b: int(a < b), depth=(0, 1), units=lambda w: 2)
def less(a: Node, b: Node) -> Node:
    """1 where a < b, unsigned."""
    expect_bits("less", a, b)
    return threshold(value(b) - value(a), 1)


def _prefixes(a: Node, b: Node, sign: int) -> list[Node]:
    """X_i = sum over j < i of 2^j (a_j + sign b_j), for i = 1..w."""
    both = concat(a, b)
    out = []
    for i in range(1, a.width + 1):
        half = [1 << j if j < i else 0 for j in range(a.width)]
        out.append(weigh(both, half + [sign * c for c in half]))
    return out


@operator(sorts=bits, spec=lambda w, a, b: _carry_word(w, a, b), depth=(0, 1), units=lambda w: 2 * w)
def carries(a: Node, b: Node) -> Node:
    """The carries of a + b into bits 1..w: X_i >= 2^i."""
    expect_bits("carries", a, b)
    return refine(concat(*(threshold(x, 1 << i) for i, x in enumerate(_prefixes(a, b, 1), 1))), Word(a.width))


@operator(sorts=bits, spec=lambda w, a, b: _carry_word(w, a, b, -1), depth=(0, 1), units=lambda w: 2 * w)
def borrows(a: Node, b: Node) -> Node:
    """The borrows of a - b from bits 1..w: X_i <= -1."""
    expect_bits("borrows", a, b)
    return refine(concat(*(threshold(-x, 1) for x in _prefixes(a, b, -1))), Word(a.width))


def _carry_word(w: int, a: int, b: int, sign: int = 1) -> int:
    """Bit i - 1: whether the lowest i bits of a + b reach 2^i (of a - b fall below 0)."""
    masks = [(1 << i) - 1 for i in range(1, w + 1)]
    return sum(((a & m) + sign * (b & m) > m or (a & m) + sign * (b & m) < 0) << i for i, m in enumerate(masks))


@operator(sorts=bits, spec=lambda w, a, b: (a + b) % (1 << w), depth=(0, 1), units=lambda w: 2 * w)
def add(a: Node, b: Node) -> Node:
    """a + b modulo 2^w: bit i is a_i + b_i + c_i - 2 c_(i+1)."""
    return _sum_bits(a, b, carries(a, b), 1)


@operator(sorts=bits, spec=lambda w, a, b: (a - b) % (1 << w), depth=(0, 1), units=lambda w: 2 * w)
def sub(a: Node, b: Node) -> Node:
    """a - b modulo 2^w: bit i is a_i - b_i - d_i + 2 d_(i+1)."""
    return _sum_bits(a, b, borrows(a, b), -1)


def _sum_bits(a: Node, b: Node, carry: Node, sign: int) -> Node:
    w = a.width
    rows = []
    for i in range(w):
        row = [0] * (3 * w)
        row[i], row[w + i], row[2 * w + i] = 1, sign, -2 * sign
        if i:
            row[2 * w + i - 1] = sign
        rows.append(row)
    return affine(concat(a, b, carry), rows, sort=Word(w))


@operator(sorts=lambda w: (Word(w),), spec=lambda w, a: (a + 1) % (1 << w), depth=(0, 1), units=lambda w: w)
def increment(a: Node) -> Node:
    """a + 1 modulo 2^w: the carry into bit i is the conjunction of the bits below."""
    expect_bits("increment", a)
    w = a.width
    carry = concat(*(all_(a[:i]) for i in range(1, w + 1)))  # into bits 1..w; that into bit 0 is the 1
    rows = [[0] * (2 * w) for _ in range(w)]
    for i, row in enumerate(rows):
        row[i], row[w + i] = 1, -2
        if i:
            row[w + i - 1] = 1
    return affine(concat(a, carry), rows, [1] + [0] * (w - 1), sort=like(a))


@operator(sorts=lambda w: (Word(w),), spec=lambda w, a: (a << 1) % (1 << w), depth=(0, 0), units=lambda w: 0)
def shift_left(a: Node) -> Node:
    """a shifted left by one bit, zero filled."""
    expect_bits("shift_left", a)
    return affine(a, [[int(j == i - 1) for j in range(a.width)] for i in range(a.width)], sort=like(a))


@operator(sorts=lambda w: (Word(w),), spec=lambda w, a: a >> 1, depth=(0, 0), units=lambda w: 0)
def shift_right(a: Node) -> Node:
    """a shifted right by one bit, zero filled."""
    expect_bits("shift_right", a)
    return affine(a, [[int(j == i + 1) for j in range(a.width)] for i in range(a.width)], sort=like(a))


@operator(
    sorts=lambda w: (OneHot(3, partial=True), Word(w), Word(w), Word(w)),
    spec=lambda w, hot, *options: options[hot] if hot >= 0 else 0,
    depth=(0, 1),
    units=lambda w: 3 * w,
)
def select(choice: Node, *options: Node) -> Node:
    """The option whose flag is 1 (0 where none is): the sum of all options, each gated by its flag."""
    if not isinstance(choice.sort, OneHot) or choice.width != len(options):
        raise SortError("select", f"OneHot({len(options)})", choice.sort)
    return choose(list(zip(choice, options, strict=True)))


def choose(cases: Sequence[tuple[Node, Node]]) -> Node:
    """The sum of words, each gated by its flag; at most one flag may be 1."""
    expect_bits("select", *(option for _, option in cases))
    gates = [(1, gate(flag, option)) for flag, option in cases]
    return combine(gates, sort=like(cases[0][1]))


@operator(
    sorts=bits,
    spec=lambda w, a, x: (a << x) % (1 << w) if x < w else 0,
    depth=(0, 2),
    units=lambda w: w + 2 + w * (w + 1) // 2,
    extension="M",
)
def shift_left_by(a: Node, x: Node, enable: Node | None = None) -> Node:
    """a shifted left by the word x; 0 where x >= w, and where a flag ``enable`` is given and 0 (extension M)."""
    return _shift_by(a, x, 1, enable)


@operator(
    sorts=bits,
    spec=lambda w, a, x: a >> x if x < w else 0,
    depth=(0, 2),
    units=lambda w: w + 2 + w * (w + 1) // 2,
    extension="M",
)
def shift_right_by(a: Node, x: Node, enable: Node | None = None) -> Node:
    """a shifted right by the word x; 0 where x >= w, and where a flag ``enable`` is given and 0 (extension M)."""
    return _shift_by(a, x, -1, enable)


def _shift_by(a: Node, x: Node, direction: int, enable: Node | None) -> Node:
    expect_bits("shift", a, x)
    w = a.width
    by = value(x)
    if enable is not None:  # the gate is a bias: a disabled shift is one by 2^w or more, which gives 0
        expect_flag("shift", enable)
        by = combine([(1, by), (-(1 << w), enable)], 1 << w, sort=Int(0, (1 << w + 1) - 1))
    amount = one_hot(by, w)
    out = []
    for i in range(w):
        sources = [(s, i - direction * s) for s in range(w) if 0 <= i - direction * s < w]
        moved = relu(take(a, [j for _, j in sources]) + take(amount, [s for s, _ in sources]) - 1)
        out.append(weigh(moved, [1] * len(sources), sort=Bit()))
    return refine(concat(*out), Word(w))


@operator(
    sorts=bits,
    spec=lambda w, a, b: (a * b) % (1 << w),
    depth=(0, 2),
    units=lambda w: w * (w + 1) // 2 + w * (w - 1),
    extension="M",
)
def mul(a: Node, b: Node) -> Node:
    """a * b modulo 2^w by column sums (extension M).

    S_k = number of pairs i + j = k with a_i b_j = 1; X_k = sum over c < k of 2^c S_c, below k 2^k, so the carry into
    column k is the number of m in 1..k-1 with X_k >= m 2^k; bit k is S_k + carry_k - 2 carry_(k+1).
    """
    expect_bits("mul", a, b)
    w = a.width
    sums = []
    for k in range(w):
        products = relu(take(a, range(k + 1)) + take(b, range(k, -1, -1)) - 1)
        sums.append(weigh(products, [1] * (k + 1), sort=Int(0, k + 1)))
    columns = concat(*sums)
    carry = [weigh(columns, [0] * w, sort=Int(0, 0))]
    for k in range(1, w + 1):
        prefix = weigh(columns, [1 << c if c < k else 0 for c in range(w)], sort=Int(0, (k - 1 << k) + 1))
        steps = [threshold(prefix, m << k) for m in range(1, k)]
        carry.append(combine([(1, s) for s in steps], sort=Int(0, k - 1)) if steps else carry[0])
    rows = concat(columns, *carry)
    out = [[0] * (2 * w + 1) for _ in range(w)]
    for k in range(w):
        out[k][k], out[k][w + k], out[k][w + k + 1] = 1, 1, -2
    return affine(rows, out, sort=Word(w))
