"""Problems for the library's programs: random ones, and how each stands in memory as an instance.

``draw_PROBLEM(rng, size, word)`` gives a random problem; ``encode_PROGRAM(problem, word)`` its Instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import chain, pairwise
from random import Random
from typing import Any, NamedTuple

from efasp.pram.assembler import assemble


@dataclass(frozen=True)
class Instance:
    """One instance of a library program: the values that override its file, and the reading of the answer.

    ``problem``: the argument of ``Entry.encode``; ``processors``: P; ``memory``: M words; ``word``: bits w; ``data``: a
    word for every address 0..M-1, so that no word of the file's own example is left; ``result``: the answer, from the
    memory at the end.
    """

    problem: Any
    processors: int
    memory: int
    word: int
    data: dict[int, int]
    result: Callable[[Sequence[int]], Any]


class Graph(NamedTuple):
    """A graph on vertices 0..n-1; ``edges`` are unordered pairs for `components`, arcs (tail, head) for `bfs`."""

    n: int
    edges: tuple[tuple[int, int], ...]


class Clauses(NamedTuple):
    """Clauses (premise, premise, conclusion) over the facts 0..facts-1, some of which hold, and rounds of applying them."""

    rounds: int
    facts: int
    holds: frozenset[int]
    clauses: tuple[tuple[int, int, int], ...]


@cache
def read(name: str) -> str:
    """The text of a file of `programs/`, by the program's name."""
    return (resources.files("efasp.pram") / "programs" / f"{name}.pram").read_text(encoding="utf-8")


@cache
def _extent(name: str) -> int:
    """The number of words that the example in the file of ``name`` gives: a smaller memory could not hold them."""
    return len(assemble(read(name)).data)


def _instance(
    name: str,
    problem: Any,
    word: int,
    processors: int,
    words: Iterable[int],
    result: Callable[[Sequence[int]], Any],
    scratch: int = 0,
) -> Instance:
    """The Instance whose memory begins with ``words`` (taken modulo 2^word), followed by ``scratch`` zeros or more."""
    cells = [value % (1 << word) for value in words]
    memory = max(len(cells) + scratch, _extent(name))
    data = dict(enumerate(cells + [0] * (memory - len(cells))))
    return Instance(problem, processors, memory, word, data, result)


def _log2(n: int) -> int:
    """The least k with n <= 2^k."""
    return (n - 1).bit_length()


def draw_words(rng: Random, size: int, word: int) -> list[int]:
    """``size`` words, any or (so that some are equal) small."""
    top = rng.choice([1 << word, size + 1])
    return [rng.randrange(top) for _ in range(size)]


def encode_in_place(name: str) -> Callable[[list[int], int], Instance]:
    """The encoding of a program that takes n words on n processors and leaves n words in their place."""

    def encode(numbers: list[int], word: int) -> Instance:
        n = len(numbers)
        return _instance(name, numbers, word, n, numbers, lambda memory: list(memory[:n]))

    return encode


def encode_reduce(numbers: list[int], word: int) -> Instance:
    """The words, a processor each; the sum is left at address 0."""
    return _instance("reduce", numbers, word, len(numbers), numbers, lambda memory: memory[0])


def encode_crcw_max(numbers: list[int], word: int) -> Instance:
    """n, the least k with n <= 2^k, two words for the answer, then the words; n 2^k processors."""
    n, k = len(numbers), _log2(len(numbers))
    words = [n, k, 0, 0, *numbers]
    return _instance("crcw_max", numbers, word, n << k, words, lambda memory: (memory[2], memory[3]), scratch=n)


def draw_list(rng: Random, size: int, word: int) -> list[int]:
    """The successors of ``size`` nodes in one linked list, -1 at its end."""
    order = rng.sample(range(size), size)
    successors = [-1] * size
    for node, following in pairwise(order):
        successors[node] = following
    return successors


def encode_list_rank(successors: list[int], word: int) -> Instance:
    """The successors, a processor each; the distances are left after them."""
    n = len(successors)
    return _instance("list_rank", successors, word, n, successors, lambda memory: list(memory[n : 2 * n]), scratch=n)


def draw_graph(rng: Random, size: int, word: int) -> Graph:
    """A graph on ``size`` vertices with as many edges, or all that there can be, in any order and direction."""
    pairs = size * (size - 1) // 2
    chosen: set[tuple[int, int]] = set()
    while len(chosen) < min(size, pairs):
        u, v = rng.sample(range(size), 2)
        chosen.add((min(u, v), max(u, v)))
    edges = [edge if rng.random() < 0.5 else edge[::-1] for edge in sorted(chosen)]
    rng.shuffle(edges)
    return Graph(size, tuple(edges))


def encode_components(graph: Graph, word: int) -> Instance:
    """n, the number of edges, two words and 2 n for labels, then the ends of the edges."""
    n, m = graph.n, len(graph.edges)
    words = [n, m, 0, 0, *[0] * (2 * n), *chain.from_iterable(graph.edges)]
    return _instance("components", graph, word, max(n, 2 * m), words, lambda memory: list(memory[4 : 4 + n]))


def draw_sort(rng: Random, size: int, word: int) -> list[int]:
    """A random instance of sorting: 2^k words, at most ``size`` of them."""
    return draw_words(rng, 1 << (size.bit_length() - 1), word)


def draw_matrix(rng: Random, size: int, word: int) -> list[list[int]]:
    """A Boolean matrix of ``size`` rows, with one or two entries of 1 a row or so."""
    density = rng.choice([1.0, 1.5, 2.0]) / size
    return [[int(rng.random() < density) for _ in range(size)] for _ in range(size)]


def encode_closure(matrix: list[list[int]], word: int) -> Instance:
    """A side s, a power of two, then the matrix filled up to s rows and columns; s^3 processors."""
    n, side = len(matrix), 1 << _log2(len(matrix))
    rows = [[*row, *[0] * (side - n)] for row in matrix]

    def result(memory: Sequence[int]) -> list[list[int]]:
        return [list(memory[1 + i * side : 1 + i * side + n]) for i in range(n)]

    return _instance("closure", matrix, word, side**3, [side, *chain(*rows)], result, scratch=side * (side - n))


def draw_bfs(rng: Random, size: int, word: int) -> tuple[Graph, int]:
    """Arcs between any of ``size`` vertices, one or two a vertex or so, and a source."""
    arcs = tuple((rng.randrange(size), rng.randrange(size)) for _ in range(rng.randint(size, 2 * size)))
    return Graph(size, arcs), rng.randrange(size)


def encode_bfs(problem: tuple[Graph, int], word: int) -> Instance:
    """n, the number of arcs, the source, a word, n levels, then the ends of the arcs."""
    (n, arcs), source = problem
    words = [n, len(arcs), source, 0, *[0] * n, *chain.from_iterable(arcs)]

    def result(memory: Sequence[int]) -> list[int | None]:
        return [None if level == (1 << word) - 1 else level for level in memory[4 : 4 + n]]

    return _instance("bfs", problem, word, max(n, len(arcs)), words, result)


Matrix = list[list[int]]


def draw_product(rng: Random, size: int, word: int) -> tuple[Matrix, Matrix]:
    """Two matrices of any words that can be multiplied, with at most ``size`` rows and columns each."""
    p, q, r = (rng.randint(1, size) for _ in range(3))

    def matrix(rows: int, columns: int) -> Matrix:
        return [[rng.randrange(1 << word) for _ in range(columns)] for _ in range(rows)]

    return matrix(p, q), matrix(q, r)


def encode_matmul(problem: tuple[Matrix, Matrix], word: int) -> Instance:
    """The three sizes, both matrices, then the product, an entry a processor."""
    a, b = problem
    p, q, r = len(a), len(b), len(b[0])
    words = [p, q, r, *chain(*a), *chain(*b)]
    start = len(words)

    def result(memory: Sequence[int]) -> Matrix:
        return [list(memory[start + i * r : start + (i + 1) * r]) for i in range(p)]

    return _instance("matmul", problem, word, p * r, words, result, scratch=p * r)


def draw_dyck1(rng: Random, size: int, word: int) -> str:
    """``size`` brackets, balanced if the size is even; then, in half of all cases, shuffled or one of them turned."""
    depth, brackets = 0, ""
    for left in range(size, 0, -1):
        opens = depth == 0 or (depth < left and rng.random() < 0.5)
        depth += 1 if opens else -1
        brackets += "(" if opens else ")"
    change = rng.choice(["none", "none", "shuffle", "turn"])
    if change == "shuffle":
        return "".join(rng.sample(brackets, size))
    if change == "turn":
        place = rng.randrange(size)
        return brackets[:place] + (")" if brackets[place] == "(" else "(") + brackets[place + 1 :]
    return brackets


def encode_dyck1(brackets: str, word: int) -> Instance:
    """A word for the answer, then 1 for an opening bracket and 0 for a closing one. Raises ValueError for other letters."""
    _brackets(brackets, BRACKETS[:1])
    words = [0, *(int(bracket == "(") for bracket in brackets)]
    return _instance("dyck1", brackets, word, len(brackets), words, lambda memory: bool(memory[0]))


BRACKETS = ("()", "[]", "{}", "<>")


def _brackets(letters: str, pairs: Sequence[str]) -> None:
    """Raises ValueError for a letter that is none of some brackets."""
    if strange := next((letter for letter in letters if not any(letter in pair for pair in pairs)), None):
        raise ValueError(f"brackets: expected {' '.join(pairs)}, found {strange!r}")


def draw_dyck2(rng: Random, size: int, word: int) -> str:
    """Brackets of several kinds, balanced; then, in half of all cases, one of them of another kind, or as in dyck1."""
    brackets, stack = "", list[str]()
    for bracket in draw_dyck1(rng, size, word):
        if bracket == "(":
            pair = rng.choice(BRACKETS)
            stack.append(pair[1])
            brackets += pair[0]
        else:
            brackets += stack.pop() if stack else rng.choice(BRACKETS)[1]
    if rng.random() < 0.3:
        place = rng.randrange(size)
        side = next(pair.index(brackets[place]) for pair in BRACKETS if brackets[place] in pair)
        return brackets[:place] + rng.choice(BRACKETS)[side] + brackets[place + 1 :]
    return brackets


def encode_dyck2(brackets: str, word: int) -> Instance:
    """Filled up to a power of two with pairs; an odd string stays unbalanced, as its own sum or a prefix's shows. Raises
    ValueError for other letters."""
    _brackets(brackets, BRACKETS)
    side = max(2, 1 << _log2(len(brackets)))
    codes = [2 * kind + (bracket == pair[0]) for bracket in brackets for kind, pair in enumerate(BRACKETS) if bracket in pair]
    fill = [1] * ((side - len(codes)) % 2) + [1, 0] * ((side - len(codes)) // 2)
    return _instance("dyck2", brackets, word, side, [1, *codes, *fill], lambda memory: bool(memory[0]), scratch=side)


def encode_parity(words: list[int], word: int) -> Instance:
    """n, then the words, a block of them a processor; the answer is left at address 1."""
    n = len(words)
    return _instance("parity", words, word, 1 << (_log2(n) + 1) // 2, [n, *words], lambda memory: memory[1])


def draw_cut(rng: Random, size: int, word: int) -> tuple[Graph, int, int]:
    """A graph on ``size`` + 1 vertices, at most as many as a word has bits, and two of its vertices."""
    n = min(size + 1, word)
    density = rng.choice([0.3, 0.5, 0.8])
    edges = tuple((u, v) for u in range(n) for v in range(u + 1, n) if rng.random() < density)
    s, t = rng.sample(range(n), 2)
    return Graph(n, edges), s, t


def encode_cut(problem: tuple[Graph, int, int], word: int) -> Instance:
    """Seven words, then three a vertex, the first of them its neighbours, a bit each; a processor a vertex."""
    (n, edges), s, t = problem
    near = [0] * n
    for u, v in edges:
        near[u] |= 1 << v
        near[v] |= 1 << u
    words = [0, 3 * s, 3 * t, 0, 0, 0, 0, *chain.from_iterable((near[v], 1 << v, 0) for v in range(n))]

    def result(memory: Sequence[int]) -> tuple[int, tuple[tuple[int, int], ...]]:
        return memory[3], tuple((u, v) for u in range(n) for v in range(u + 1, n) if memory[7 + 3 * u] >> v & 1)

    return _instance("cut", problem, word, n, words, result)


def draw_sudoku(rng: Random, size: int, word: int) -> str:
    """A solved grid, its rows, columns and digits shuffled as the boxes allow, with ``9 size`` empty cells, at most 45."""

    def lines() -> list[int]:
        return [3 * band + line for band in rng.sample(range(3), 3) for line in rng.sample(range(3), 3)]

    digits, columns = rng.sample("123456789", 9), lines()
    cells = [digits[(3 * (r % 3) + r // 3 + c) % 9] for r in lines() for c in columns]
    for place in rng.sample(range(81), min(45, 9 * size)):
        cells[place] = "."
    return "".join(cells)


def encode_sudoku(cells: str, word: int) -> Instance:
    """With room for 10 guesses at a time, which no instance was seen to exceed."""
    words = [511 if cell == "." else 1 << int(cell) - 1 for cell in cells]

    def result(memory: Sequence[int]) -> str | None:
        digits = (str(mask.bit_length()) if mask.bit_count() == 1 else "." for mask in memory[:81])
        return "".join(digits) if any(memory[:81]) else None

    return _instance("sudoku", cells, word, 81, words, result, scratch=249 + 81 * 10)


def draw_clauses(rng: Random, size: int, word: int) -> Clauses:
    """``size`` clauses over as many facts and one more, of which half or an eighth hold; some have one conclusion."""
    facts, density = range(size + 1), rng.choice([0.5, 0.125])
    holds = frozenset(fact for fact in facts if rng.random() < density)
    clauses = [(rng.choice(facts), rng.choice(facts), rng.choice(facts[: size // 2 + 1])) for _ in range(size)]
    return Clauses(rng.randint(1, 4), size + 1, holds, tuple(clauses))


def encode_clauses(problem: Clauses, word: int) -> Instance:
    """A processor a clause, and one more, first, whose clause never applies: so the steps depend on the rounds alone."""
    rounds, facts, holds, clauses = problem
    base = 4 + 3 * len(clauses)  # of the facts; the one after them never holds
    table = (base + fact for fact in chain((facts,) * 3, *clauses))
    words = [rounds, *table, *(int(fact in holds) for fact in range(facts + 1))]

    def result(memory: Sequence[int]) -> list[int]:
        return [fact for fact in range(facts) if memory[base + fact]]

    return _instance("clauses", problem, word, 1 + len(clauses), words, result)


def draw_gcd(rng: Random, size: int, word: int) -> list[tuple[int, int]]:
    """``size`` pairs of words, any, small, or 0 and 1, some with a common factor."""

    def pair() -> tuple[int, int]:
        top = rng.choice([1 << word, 32, 2])
        factor = rng.choice([1, 2, 6]) if top == 32 and word > 8 else 1
        return factor * rng.randrange(top), factor * rng.randrange(top)

    return [pair() for _ in range(size)]


def encode_gcd(pairs: list[tuple[int, int]], word: int) -> Instance:
    """The pairs, a processor each; the divisors are left after them."""
    n = len(pairs)
    words = chain.from_iterable(pairs)
    return _instance("gcd", pairs, word, n, words, lambda memory: list(memory[2 * n : 3 * n]), scratch=n)


def encode_sum_to(n: int, word: int) -> Instance:
    """n, and a word for the answer, for one processor."""
    return _instance("sum_to", n, word, 1, [n, 0], lambda memory: memory[1])


def encode_fault(processors: int, word: int) -> Instance:
    """The data of the program that ends in a fault: sixteen zeros."""
    return _instance("fault", processors, word, processors, [0] * 16, lambda memory: list(memory[:16]))
