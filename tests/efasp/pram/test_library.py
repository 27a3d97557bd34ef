"""The library programs against oracles that share nothing with them, on every engine, and their step counts."""

import dataclasses
import math
from collections.abc import Callable
from importlib import resources
from itertools import accumulate, combinations, pairwise
from random import Random
from typing import Any

import networkx as nx
import numpy as np
import pytest

from efasp.pram import machine
from efasp.pram.assembler import AssemblyError, assemble
from efasp.pram.edits import Edited
from efasp.pram.library import PROGRAMS, Graph, Instance, build, load
from efasp.pram.machine import POLICIES, Fault, Program, Run
from efasp.pram.quantified import Formula
from tests.efasp.pram.engines import ENGINES

Engine = Callable[[Program, int], Run]
MAX_STEPS = 10_000
BUDGET = 2_000  # processors times steps, for what every engine runs
NARROWEST = {"sudoku": 11}  # bits of a word, where 7 are too few

# Sizes that every engine runs, and those that only the reference does.
SIZES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "scan": ((1, 2, 3, 5, 8, 16), (17, 64, 100)),
    "reduce": ((1, 2, 3, 5, 8, 16), (17, 64, 100)),
    "crcw_max": ((1, 2, 3, 4, 5, 8), (9, 16, 20)),
    "list_rank": ((1, 2, 3, 5, 8, 16), (17, 64, 100)),
    "components": ((1, 2, 3, 4, 5), (8, 16, 40, 64)),
    "sort": ((1, 2, 4, 8), (16, 32, 64)),
    "closure": ((1, 2), (3, 4, 5, 8)),
    "bfs": ((1, 2, 3, 4, 6, 8), (16, 40, 64)),
    "matmul": ((1, 2, 3, 4), (6, 8, 10)),
    "dyck1": ((1, 2, 3, 4, 6, 8), (16, 30, 64)),
    "dyck2": ((1, 2, 4), (8, 16, 30, 64)),
    "clauses": ((1, 2, 3, 8), (16, 64)),
    "parity": ((1, 3, 9, 16), (40, 64, 100, 512)),
    "cut": ((1, 2, 3), (4, 5, 7, 9, 12)),
    "sudoku": ((), (1, 2, 3, 4, 5)),
    "gcd": ((1, 2, 3, 5), (16, 40)),
    "sum_to": ((1, 2, 8, 16), (100, 400)),
    "fault": ((1, 2, 4, 6, 8, 16), ()),
    "qbf": ((1,), (2, 3, 4, 5)),
    "preserve": ((1,), (2, 3, 4, 8, 16)),
}


def log2(n: int) -> int:
    """The least k with n <= 2^k."""
    k = 0
    while 2**k < n:
        k += 1
    return k


# The oracles: what the answer to a problem is, in words of ``w`` bits.


def scan(numbers: list[int], w: int) -> list[int]:
    """Prefix sums, by numpy on Python integers."""
    return (np.cumsum(np.array(numbers, dtype=object)) % 2**w).tolist()


def list_rank(successors: list[int], w: int) -> list[int]:
    """Distances to the end, by following the links."""
    ranks = []
    for node in range(len(successors)):
        rank = 0
        while successors[node] >= 0:
            node, rank = successors[node], rank + 1
        ranks.append(rank)
    return ranks


def closure(matrix: list[list[int]], w: int) -> list[list[int]]:
    """Reachability by one link or more, by networkx."""
    graph = nx.from_numpy_array(np.array(matrix), create_using=nx.DiGraph)
    return nx.to_numpy_array(nx.transitive_closure(graph), dtype=int, weight=None, nodelist=range(len(matrix))).tolist()


def bfs(problem: tuple[Graph, int], w: int) -> list[int | None]:
    """Distances from the source, by networkx."""
    (n, arcs), source = problem
    graph = nx.DiGraph(arcs)
    graph.add_nodes_from(range(n))
    levels = nx.single_source_shortest_path_length(graph, source)
    return [levels.get(v) for v in range(n)]


def matmul(problem: tuple[list[list[int]], list[list[int]]], w: int) -> list[list[int]]:
    """The product, by numpy on Python integers."""
    a, b = (np.array(matrix, dtype=object) for matrix in problem)
    return (a @ b % 2**w).tolist()


def dyck1(brackets: str, w: int) -> bool:
    """Whether deleting ``()`` as long as there is one leaves nothing."""
    while "()" in brackets:
        brackets = brackets.replace("()", "")
    return brackets == ""


def dyck2(brackets: str, w: int) -> bool:
    """Whether deleting pairs as long as there is one leaves nothing."""
    before = ""
    while before != brackets:
        before = brackets
        for pair in ("()", "[]", "{}", "<>"):
            brackets = brackets.replace(pair, "")
    return brackets == ""


def clauses(problem: Any, w: int) -> list[int]:
    """The facts that hold after so many rounds of sets."""
    holds = set(problem.holds)
    for _ in range(problem.rounds):
        holds |= {conclusion for *premises, conclusion in problem.clauses if holds.issuperset(premises)}
    return sorted(holds)


def cut_is_right(problem: tuple[Graph, int, int], answer: Any) -> bool:
    """Whether as few edges were removed as networkx says, each of them an edge, and s and t are apart."""
    (n, edges), s, t = problem
    graph = nx.Graph(edges)
    graph.add_nodes_from(range(n))
    removed, left = answer
    least = nx.edge_connectivity(graph, s, t)
    rest = nx.Graph(left)
    rest.add_nodes_from(range(n))
    return set(left) <= set(edges) and removed == least == len(edges) - len(left) and not nx.has_path(rest, s, t)


def sudoku_is_right(cells: str, answer: Any) -> bool:
    """Whether a grid has the given digits, and every digit in every row, column and box."""
    rows = [answer[9 * r : 9 * r + 9] for r in range(9)]
    boxes = ["".join(row[c : c + 3] for row in rows[r : r + 3]) for r in (0, 3, 6) for c in (0, 3, 6)]
    houses = [*rows, *("".join(column) for column in zip(*rows, strict=True)), *boxes]
    kept = all(given in (".", found) for given, found in zip(cells, answer, strict=True))
    return kept and all("".join(sorted(house)) == "123456789" for house in houses)


def fault(processors: int, w: int) -> list[int]:
    """Processors 0, 6 and 7 modulo 8 store their number, counted from 1."""
    return [pid + 1 if pid < processors and pid % 8 in (0, 6, 7) else 0 for pid in range(16)]


ORACLES: dict[str, Callable[[Any, int], Any]] = {
    "scan": scan,
    "reduce": lambda numbers, w: sum(numbers) % 2**w,
    "crcw_max": lambda numbers, w: (max(numbers), int(np.argmax(np.array(numbers, dtype=object)))),
    "list_rank": list_rank,
    "sort": lambda numbers, w: np.sort(np.array(numbers, dtype=object)).tolist(),
    "closure": closure,
    "bfs": bfs,
    "matmul": matmul,
    "dyck1": dyck1,
    "dyck2": dyck2,
    "clauses": clauses,
    "parity": lambda words, w: int(np.bitwise_xor.reduce(np.array(words, dtype=object))),
    "gcd": lambda pairs, w: [math.gcd(a, b) for a, b in pairs],
    "sum_to": lambda n, w: sum(range(n + 1)) % 2**w,
    "fault": fault,
    "qbf": lambda formula, w: truth(formula),
    "preserve": lambda problem, w: preserve(problem, w),
}


def truth(formula: Formula, values: tuple[bool, ...] = ()) -> bool:
    """The truth of a quantified Boolean formula, by expanding its quantifiers: all values of every variable are tried."""
    prefix, clauses = formula
    if len(values) < len(prefix):
        branches = [truth(formula, (*values, value)) for value in (False, True)]
        return all(branches) if prefix[len(values)] == "a" else any(branches)
    return all(any(values[abs(v) - 1] == (v > 0) for v in clause) for clause in clauses)


def tried(formula: Formula, values: tuple[bool, ...] = ()) -> tuple[int, int]:
    """The assignments that are tried, and the inner nodes of their tree, where a second branch is left out if it can be."""
    at = len(values)
    if at == len(formula.prefix):
        return 1, 0
    leaves, inner = tried(formula, (*values, False))
    if truth(formula, (*values, False)) == (formula.prefix[at] == "e"):
        return leaves, inner + 1
    more, others = tried(formula, (*values, True))
    return leaves + more, inner + others + 1


def steps_of_qbf(instance: Instance) -> int:
    """The steps of `qbf`."""
    formula = instance.problem
    leaves, inner = tried(formula)
    literals = sum(map(len, formula.clauses))
    return 8 + leaves * (5 + 8 * len(formula.clauses) + 9 * literals) + 9 * (leaves - 1 + inner)


def preserve(problem: Edited, w: int) -> str:
    """The letter, by carrying out the edits on a list."""
    letters = list(problem.string)
    for letter, at in problem.edits:
        if letter:
            letters.insert(at, letter)
        else:
            del letters[at]
    return letters[problem.at]


def steps_of_preserve(instance: Instance) -> int:
    """The steps of `preserve`: two more where the index is followed back through more than half as many edits as it may be."""
    _, edits, at = instance.problem
    bits, met = len(edits).bit_length(), 0
    for number, (letter, place) in enumerate(reversed(edits), 1):
        met = number
        if letter and at == place:
            break
        at += (at >= place) if not letter else -(at > place)
    else:
        met += 1
    return 46 + 9 * bits + 2 * (2 * met > 1 << bits)


def components_are_right(graph: Graph, labels: list[int]) -> bool:
    """Whether every component of networkx has one label, a vertex of its own."""
    reference = nx.Graph(graph.edges)
    reference.add_nodes_from(range(graph.n))
    parts = [(part, {labels[v] for v in part}) for part in nx.connected_components(reference)]
    return all(len(found) == 1 and found <= part for part, found in parts)


def is_right(name: str, instance: Instance, answer: Any) -> bool:
    """Whether ``answer`` is right for the problem of ``instance``."""
    if name == "components":
        return components_are_right(instance.problem, answer)
    if name == "sudoku":
        return sudoku_is_right(instance.problem, answer)
    if name == "cut":
        return cut_is_right(instance.problem, answer)
    return answer == ORACLES[name](instance.problem, instance.word)


def solve(name: str, instance: Instance, engine: Engine = machine.run) -> Run:
    """Run ``instance`` under the file's own policy, check how it ended and what it gave, and return the run."""
    run = engine(build(name, instance), MAX_STEPS)
    assert run.finished and run.violation is None
    assert run.faults == [] or name == "fault"
    answer = instance.result(run.configuration.memory)
    assert is_right(name, instance, answer), (name, instance.problem, answer)
    return run


def levels_of(instance: Instance) -> int:
    """The number of breadth-first levels of a `bfs` instance."""
    return max(level for level in bfs(instance.problem, instance.word) if level is not None) + 1


def longest(instance: Instance) -> int:
    """The nodes of the longest list of a `list_rank` instance."""
    return max(list_rank(instance.problem, instance.word)) + 1


# What the header of each file says of its steps, where that is exact.
STEPS: dict[str, Callable[[Instance], int]] = {
    "scan": lambda instance: 5 + 7 * log2(len(instance.problem)),
    "reduce": lambda instance: 10 + 10 * log2(len(instance.problem)),
    "crcw_max": lambda instance: 27,
    "list_rank": lambda instance: 8 + 8 * log2(longest(instance)),
    "sort": lambda instance: 7 + 14 * log2(len(instance.problem)) + 6 * log2(len(instance.problem)) ** 2,
    "closure": lambda instance: 18 + 13 * log2(len(instance.problem)),
    "bfs": lambda instance: 17 + 12 * levels_of(instance) if instance.problem[0].edges else 13,
    "matmul": lambda instance: 18 + 5 * (len(instance.problem[0]) - 1) + 8 * len(instance.problem[1]),
    "dyck1": lambda instance: 24 + 22 * log2(len(instance.problem)),
    "dyck2": lambda instance: 45 + 28 * log2(instance.processors) + 8 * log2(instance.processors) ** 2,
    "clauses": lambda instance: 9 + 6 * instance.problem.rounds,
    "parity": lambda instance: 15 + 6 * -(-len(instance.problem) // instance.processors) + 10 * log2(instance.processors),
    "sum_to": lambda instance: 6 + 3 * instance.problem,
    "qbf": steps_of_qbf,
    "preserve": steps_of_preserve,
}


def check_steps(name: str, instance: Instance, run: Run) -> None:
    """Check the steps of ``run`` against the file's header: equal, or within the bound that it gives."""
    if name in STEPS:
        assert run.steps == STEPS[name](instance)
    elif name == "components":
        rounds, rest = divmod(run.steps - 36, 48)
        assert rest == 0 and rounds <= 3 + math.log(instance.problem.n, 1.5)
    elif name == "cut":
        n, cut = instance.problem[0].n, instance.result(run.configuration.memory)[0]
        assert run.steps <= 12 + 10 * n + (cut + 1) * (26 * n + 7) + 22 * n * cut
    elif name == "gcd":
        assert run.steps <= 30 * instance.word
    elif name == "sudoku":
        assert run.steps >= 68 + 81  # test_sudoku says how many
    else:
        stores = [9 + 3 * (pid + 1) for pid in range(instance.processors) if pid % 8 in (0, 6, 7)]
        assert run.steps == max([*stores, *(fault.step for fault in run.faults)])


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in turn."""
    return ENGINES[request.param]


SMALL = [(name, size) for name, (small, _) in SIZES.items() for size in small]
LARGE = [(name, size) for name, (_, large) in SIZES.items() for size in large]


def test_every_program_is_tested() -> None:
    """Every file is in the library, and has sizes and an oracle here."""
    files = {entry.name for entry in (resources.files("efasp.pram") / "programs").iterdir()}
    assert files == {entry.file for entry in PROGRAMS.values()}
    assert set(SIZES) == set(PROGRAMS) == {*ORACLES, "components", "cut", "sudoku"}
    assert all(entry.name == name and entry.description for name, entry in PROGRAMS.items())


def drawn(name: str, size: int, draw: int) -> Instance:
    """One of the two instances of a size that every engine runs."""
    rng = Random(f"{name} {size}")
    return [PROGRAMS[name].instance(rng, size) for _ in range(2)][draw]


# The first draw of the smallest sizes is in the default suite, and all others are slow; the reference runs many more of every
# size (``test_many_small_instances``).
DRAWN = [
    pytest.param(name, size, draw, marks=[pytest.mark.slow] * (draw > 0 or size > 4))
    for name, size in SMALL
    for draw in range(2)
]


@pytest.mark.parametrize(("name", "size", "draw"), DRAWN)
def test_small_instances_on_every_engine(name: str, size: int, draw: int, engine: Engine) -> None:
    """Small random instances give the oracle's answer in the steps that the header says, whatever the engine."""
    instance = drawn(name, size, draw)
    check_steps(name, instance, solve(name, instance, engine))


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_small_instances_are_small(name: str, size: int) -> None:
    """The instances of the test before stay within the budget that slow engines need."""
    for draw in range(2):
        instance = drawn(name, size, draw)
        assert instance.processors * solve(name, instance).steps <= BUDGET


@pytest.mark.parametrize("name", PROGRAMS)
def test_many_small_instances(name: str) -> None:
    """Many random instances of the small sizes, on the reference."""
    rng = Random(name)
    for size in SIZES[name][0]:
        for _ in range(30):
            instance = PROGRAMS[name].instance(rng, size)
            check_steps(name, instance, solve(name, instance))


@pytest.mark.parametrize(("name", "size"), LARGE)
def test_large_instances(name: str, size: int) -> None:
    """Larger random instances, on the reference."""
    rng = Random(f"{name} {size}")
    for _ in range(3):
        instance = PROGRAMS[name].instance(rng, size)
        check_steps(name, instance, solve(name, instance))


@pytest.mark.parametrize("word", [7, 8, 20, 64])
@pytest.mark.parametrize("name", PROGRAMS)
def test_other_words(name: str, word: int) -> None:
    """Nothing depends on words of 16 bits: a narrow word and wide ones do as well."""
    rng, word = Random(f"{name} {word}"), max(word, NARROWEST.get(name, word))
    for size in (1, 2, 4):
        instance = PROGRAMS[name].instance(rng, size, word)
        check_steps(name, instance, solve(name, instance))


@pytest.mark.parametrize("name", ["crcw_max", "components", "closure", "bfs", "matmul", "sum_to", "preserve", "qbf"])
def test_surplus_processors_idle(name: str) -> None:
    """Where memory says n, processors beyond those that the data need change neither answer nor steps."""
    rng = Random(name)
    for size in (1, 2, 3, 4, 6):
        instance = PROGRAMS[name].instance(rng, size)
        wider = dataclasses.replace(instance, processors=2 * instance.processors + 3)
        run = solve(name, wider)
        if name != "matmul":  # where they count rows before they find that theirs is none
            check_steps(name, wider, run)


# Where an instance's scratch and answers are: addresses that a program writes before it reads them.
SCRATCH: dict[str, Callable[[Instance], list[int]]] = {
    "crcw_max": lambda instance: [2, 3, *range(4 + len(instance.problem), 4 + 2 * len(instance.problem))],
    "list_rank": lambda instance: [*range(len(instance.problem), 2 * len(instance.problem))],
    "components": lambda instance: [*range(2, 4 + 2 * instance.problem.n)],
    "bfs": lambda instance: [*range(4, 4 + instance.problem[0].n)],
    "matmul": lambda instance: [*range(3 + sum(len(m) * len(m[0]) for m in instance.problem), instance.memory)],
    "dyck1": lambda instance: [0],
    "dyck2": lambda instance: [*range(1 + instance.processors, 1 + 2 * instance.processors)],
    "cut": lambda instance: [3, 4, 5, 6, *range(9, 7 + 3 * instance.problem[0].n, 3)],
    "gcd": lambda instance: [*range(2 * len(instance.problem), instance.memory)],
    "sum_to": lambda instance: [1],
    "qbf": lambda instance: [2],
    "preserve": lambda instance: [3, *range(instance.memory - instance.processors, instance.memory)],
}


@pytest.mark.parametrize("name", SCRATCH)
def test_scratch_need_not_be_zero(name: str) -> None:
    """Whatever stands where a program keeps its scratch and answers at the start, neither answer nor steps change."""
    rng = Random(name)
    for size in SIZES[name][0]:
        for _ in range(5):
            instance = PROGRAMS[name].instance(rng, size)
            junk = {address: rng.randrange(1 << instance.word) for address in SCRATCH[name](instance)}
            assert max(junk) < instance.memory
            dirty = dataclasses.replace(instance, data=instance.data | junk)
            check_steps(name, dirty, solve(name, dirty))


# The words that the files' own examples leave at an address.
EXAMPLES: dict[str, tuple[int, list[int]]] = {
    "scan": (0, [3, 4, 8, 9, 14, 23, 25, 31]),
    "reduce": (0, [31]),
    "crcw_max": (2, [9, 1]),
    "list_rank": (8, [7, 1, 5, 0, 2, 6, 4, 3]),
    "components": (4, [0, 1, 1, 0, 4, 1, 1]),
    "sort": (0, [1, 2, 3, 4, 5, 6, 7, 8]),
    "closure": (1, [0, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 0]),
    "bfs": (4, [0, 1, 1, 2, 3, 2**16 - 1]),
    "matmul": (23, [10, 18, 5, 26, 38, 17]),
    "dyck1": (0, [1]),
    "dyck2": (0, [1]),
    "clauses": (13, [1, 1, 1, 1, 1, 0]),
    "parity": (1, [1]),
    "cut": (3, [2]),
    "sudoku": (0, [1 << int(digit) - 1 for digit in "534678912672195348"]),
    "gcd": (12, [6, 1, 7, 12, 21, 1]),
    "sum_to": (1, [55]),
    "fault": (0, [1, 0, 0, 0, 0, 0, 7, 8]),
    "qbf": (2, [1, 2, 0]),
    "preserve": (3, [2]),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("engine", ["reference", "apmdm", pytest.param("mdm", marks=pytest.mark.slow)])
def test_files_run_as_they_are(name: str, engine: str) -> None:
    """Every file has an example of its own, which runs without any option."""
    if name == "sudoku" and engine != "reference":
        pytest.skip("too long for a test; test_sudoku takes single steps of it")
    run = ENGINES[engine](assemble(load(name), PROGRAMS[name].file), MAX_STEPS)
    assert run.finished and run.violation is None and (run.faults == []) == (name != "fault")
    start, words = EXAMPLES[name]
    found = run.configuration.memory[start : start + len(words)]
    if name == "components":  # the partition counts, not the vertex that names a part
        assert [found.index(label) for label in found] == [words.index(label) for label in words]
    else:
        assert list(found) == words


@pytest.mark.parametrize("name", PROGRAMS)
def test_policy_is_the_strictest(name: str) -> None:
    """Every policy stricter than the file's own is broken by some instance (the file's own never is, see above)."""
    own = assemble(load(name)).policy
    for policy in POLICIES[: POLICIES.index(own)]:
        rng = Random(name)
        instances = [PROGRAMS[name].instance(rng, 4) for _ in range(10)]
        runs = [machine.run(build(name, instance, policy=policy)) for instance in instances]
        assert any(run.violation is not None for run in runs), policy


@pytest.mark.parametrize("name", PROGRAMS)
def test_extension(name: str) -> None:
    """A program assembles for a machine without extension M exactly if its entry says so."""
    entry = PROGRAMS[name]
    instance = entry.instance(Random(name), 3)
    if entry.extension == "M":
        with pytest.raises(AssemblyError, match="extension M"):
            build(name, instance, extension="")
    else:
        assert build(name, instance, extension="") == build(name, instance)


def test_load_refuses_unknown_names() -> None:
    """A name that the library has not is a KeyError."""
    with pytest.raises(KeyError):
        load("no_such_program")


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


def test_faults(engine: Engine) -> None:
    """The processors of `fault` stop at the step, instruction and reason that its text tells, in this order."""
    instance = PROGRAMS["fault"].encode(14, 16)
    run = solve("fault", instance, engine)
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
