"""Single library programs on inputs that random ones miss: exhaustive small ones, degenerate shapes, worst cases, faults."""

import math
import re
from itertools import accumulate, combinations, pairwise
from random import Random

import pytest

from efasp.pram import machine
from efasp.pram.library import PROGRAMS, Graph
from efasp.pram.machine import Fault
from tests.efasp.pram.engines import ENGINES
from tests.efasp.pram.library_oracles import dyck1
from tests.efasp.pram.library_runs import check_steps, log2, solve


def shapes(n: int) -> dict[str, list[tuple[int, int]]]:
    """Edge lists of graphs on n vertices, n even, that are far from random ones."""
    return {
        "path": [(v, v + 1) for v in range(n - 1)],
        "ring": [(v, (v + 1) % n) for v in range(n)],
        "star": [(0, v) for v in range(1, n)],
        "tree": [(v, (v - 1) // 2) for v in range(1, n)],
        "comb": [*((v, v + n // 2) for v in range(n // 2)), *((v, v + 1) for v in range(n // 2 - 1))],
        "pairs": [(v, v + n // 2) for v in range(n // 2)],
        "none": [],
        "loops": [(v, v) for v in range(n)],
        "twice": [(0, n - 1)] * n,
    }


@pytest.mark.parametrize("labels", ["ascending", "descending", "random"])
@pytest.mark.parametrize("shape", shapes(2))
def test_components_of_shapes(shape: str, labels: str) -> None:
    """Long, flat and degenerate graphs, with vertices in several orders, take at most log2 n rounds as well."""
    rng = Random(f"{shape} {labels}")
    for n in (4, 8, 32):
        names = list(range(n)) if labels != "descending" else list(range(n))[::-1]
        if labels == "random":
            rng.shuffle(names)
        graph = Graph(n, tuple((names[u], names[v]) for u, v in shapes(n)[shape]))
        assert solve("components", PROGRAMS["components"].encode(graph, 16)).steps <= 36 + 48 * log2(n)


def test_components_of_all_graphs_on_four_vertices() -> None:
    """All 64 of them take at most 2 rounds."""
    pairs = list(combinations(range(4), 2))
    for chosen in range(1 << len(pairs)):
        graph = Graph(4, tuple(pair for place, pair in enumerate(pairs) if chosen >> place & 1))
        assert solve("components", PROGRAMS["components"].encode(graph, 16)).steps <= 36 + 48 * 2


def test_components_grow_as_the_logarithm() -> None:
    """On random graphs of n vertices and n edges the worst of several takes at most 36 + 48 log2 n steps."""
    rng = Random(1)
    for n in (2, 4, 8, 16, 32, 64, 128):
        worst = max(solve("components", PROGRAMS["components"].instance(rng, n)).steps for _ in range(4))
        assert worst <= 36 + 48 * math.log2(n)


def test_dyck1_of_all_short_strings() -> None:
    """All strings of up to 8 brackets: from 8 on, a tree of minima that passes nothing up would be noticed."""
    for n in range(1, 9):
        for chosen in range(1 << n):
            brackets = "".join("()"[chosen >> place & 1] for place in range(n))
            solve("dyck1", PROGRAMS["dyck1"].encode(brackets, 16))


@pytest.mark.slow
def test_dyck2_of_all_short_strings() -> None:
    """All strings of up to 5 brackets of two kinds."""
    for n in range(1, 6):
        for chosen in range(4**n):
            brackets = "".join("()[]"[chosen >> 2 * place & 3] for place in range(n))
            solve("dyck2", PROGRAMS["dyck2"].encode(brackets, 16))


def test_cut_of_all_graphs_on_four_vertices() -> None:
    """All 64 of them, between two vertices."""
    pairs = list(combinations(range(4), 2))
    for chosen in range(1 << len(pairs)):
        graph = Graph(4, tuple(pair for place, pair in enumerate(pairs) if chosen >> place & 1))
        solve("cut", PROGRAMS["cut"].encode((graph, 3, 1), 16))


def test_dyck1_draws_both_kinds() -> None:
    """Random strings of even length are balanced about as often as not."""
    rng = Random(2)
    balanced = sum(dyck1(PROGRAMS["dyck1"].draw(rng, 10, 16), 16) for _ in range(200))
    assert 50 <= balanced <= 150


def test_several_lists() -> None:
    """`list_rank` takes lists side by side, as many rounds as the longest needs."""
    rng = Random(3)
    for _ in range(20):
        order = rng.sample(range(12), 12)
        successors = [-1] * 12
        for node, following in pairwise(order):
            if rng.random() < 0.7:
                successors[node] = following
        instance = PROGRAMS["list_rank"].encode(successors, 16)
        check_steps("list_rank", instance, solve("list_rank", instance))


def test_gcd_of_all_small_pairs() -> None:
    """All pairs up to 15, zeros included, each pair on a processor."""
    pairs = [(a, b) for a in range(16) for b in range(16)]
    solve("gcd", PROGRAMS["gcd"].encode(pairs, 16))


def test_gcd_bound_in_the_worst_case() -> None:
    """Neither powers of two, nor words of ones, nor neighbours in Fibonacci's sequence exceed the bound on steps."""
    fibonacci = [a for a, _ in accumulate(range(22), lambda pair, _: (pair[1], sum(pair)), initial=(1, 1))]
    words = [0, 1, 2**15, 2**15 - 1, 2**16 - 1, *fibonacci]
    instance = PROGRAMS["gcd"].encode([(a, b) for a in words for b in words], 16)
    check_steps("gcd", instance, solve("gcd", instance))


@pytest.mark.parametrize("engine", ENGINES)
def test_faults(engine: str) -> None:
    """The processors of `fault` stop at the step, instruction and reason that its text tells, in this order."""
    instance = PROGRAMS["fault"].encode(14, 16)
    run = solve("fault", instance, ENGINES[engine])
    assert run.faults == [
        Fault(1, 8, 20, "load"),
        Fault(9, 8, 20, "load"),
        Fault(2, 10, 21, "store"),
        Fault(10, 10, 21, "store"),
        Fault(3, 13, 2**16 - 1, "pc"),
        Fault(11, 13, 2**16 - 1, "pc"),
        Fault(5, 14, 13, "load"),
        Fault(13, 14, 13, "load"),
        Fault(4, 15, 24, "pc"),
        Fault(12, 15, 24, "pc"),
    ]
    assert run.steps == 9 + 3 * 9
    statuses = ["halted", "load", "store", "pc", "pc", "load", "halted", "halted"]
    assert list(run.configuration.status) == (statuses * 2)[:14]
    # A load that faults leaves its register as it was, pid + 1; the last instruction of pid 4 has added 1 to it.
    assert [registers[3] for registers in run.configuration.registers[1:6]] == [2, 3, 4, 6, 6]
    assert machine.exit_code(run) == 4


@pytest.mark.parametrize(("name", "word", "found"), [("dyck1", "()[]", "'['"), ("dyck2", "(x)", "'x'")])
def test_letters_that_are_no_brackets_are_refused(name: str, word: str, found: str) -> None:
    """They are named, and not left out, which would make another word of it."""
    with pytest.raises(ValueError, match=re.escape(f"found {found}")):
        PROGRAMS[name].encode(word, 16)
