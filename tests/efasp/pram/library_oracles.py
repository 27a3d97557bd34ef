"""The answers to the library's problems, by means that share nothing with the programs, in words of `w` bits."""

import math
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np

from efasp.pram.edits import Edited
from efasp.pram.library import Graph, Instance
from efasp.pram.quantified import Formula


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


def preserve(problem: Edited, w: int) -> str:
    """The letter, by carrying out the edits on a list."""
    letters = list(problem.string)
    for letter, at in problem.edits:
        if letter:
            letters.insert(at, letter)
        else:
            del letters[at]
    return letters[problem.at]


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
