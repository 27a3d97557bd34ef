"""Family corollaries (claim T1-connectivity): the rounds of the library's program `components`.

For all graphs Rocq's kernel proves how many rounds there are (proofs/rocq/ConnectivityRounds.v), of a round as a relation
between parents, and that the program's text does such rounds on the statement's PRAM (proofs/rocq/theorem/Components.v). Here
the memory of the reference engine is held to that relation: in one round from every forest of a small size, and in whole runs
on every graph of a small size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, combinations, islice, product
from typing import Any

from efasp.pram import machine
from efasp.pram.library import PROGRAMS, Graph, build
from efasp.pram.machine import Configuration, Program
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma

VERTICES, FOREST = 4, 3  # of graphs on which the program runs whole, and from whose forests it takes one round
WORD = 8  # bits
# Steps before the first round and after the last, those of a round, and after how many of it the parents are those after the
# hooks of step 1, of step 2, and after the jump.
BEFORE, AFTER, ROUND, HOOKED, HOOKED_AGAIN, JUMPED = 23, 13, 48, 26, 44, 48
STAR, PARENT = 4, 5  # addresses of vertex 0, of two words a vertex

Parents = tuple[int, ...]


# The relation of Connectivity.v.


def star(p: Parents, v: int) -> bool:
    """Whether a vertex's parent is a root, and is the grandparent of no vertex whose own parent is not a root."""
    return p[v] == p[p[v]] and not any(p[u] != p[p[u]] and p[p[u]] == p[v] for u in range(len(p)))


def hooks(p: Parents, q: Parents, edges: Sequence[tuple[int, int]], may: Callable[[int, int], bool]) -> bool:
    """Whether q is p with each root hooked that is asked to be, below one of the parents that it is asked for."""
    asked = [(p[i], p[j]) for i, j in edges if star(p, i) and may(i, j)]
    return all((v, q[v]) in asked if any(v == root for root, _ in asked) else q[v] == p[v] for v in range(len(p)))


def is_round(before: Parents, hooked: Parents, again: Parents, after: Parents, graph: Graph) -> str:
    """The part of a round that does not hold, or nothing."""
    edges = [*graph.edges, *((j, i) for i, j in graph.edges)]
    if not hooks(before, hooked, edges, lambda i, j: before[j] < before[i]):
        return "hooks below a lesser parent"
    if not hooks(hooked, again, edges, lambda i, j: not star(hooked, j)):
        return "hooks outside stars"
    return "" if after == tuple(again[again[v]] for v in range(len(again))) else "the jump"


def finished(p: Parents, graph: Graph) -> bool:
    """Whether both ends of every edge have one parent."""
    return all(p[i] == p[j] for i, j in graph.edges)


# The program.


def graphs(n: int) -> Iterator[Graph]:
    """Every graph on n vertices without loops, each edge once."""
    pairs = [*combinations(range(n), 2)]
    for chosen in product((False, True), repeat=len(pairs)):
        yield Graph(n, tuple(pair for pair, there in zip(pairs, chosen, strict=True) if there))


def forests(n: int) -> Iterator[Parents]:
    """Every choice of parents on n vertices without a cycle but for roots."""
    for p in product(range(n), repeat=n):
        last = tuple(range(n))
        for _ in range(n):
            last = tuple(p[v] for v in last)
        if all(p[v] == v for v in last):
            yield p


def within(p: Parents, graph: Graph) -> bool:
    """Whether every parent is in its vertex's component."""
    return all(joined(graph, v, parent) for v, parent in enumerate(p))


def joined(graph: Graph, i: int, j: int) -> bool:
    """Whether there is a path, by growing the set of vertices that are reached."""
    reached = {i}
    for _ in range(graph.n):
        reached |= {v for edge in graph.edges for v in edge if reached & {*edge}}
    return j in reached


def parents(configuration: Configuration, n: int) -> Parents:
    """The parents that stand in memory: a vertex v is named by 2v."""
    return tuple(configuration.memory[PARENT + 2 * v] // 2 for v in range(n))


def program(graph: Graph) -> Program:
    """The library's program for a graph."""
    return build("components", PROGRAMS["components"].encode(graph, WORD))


def begun(made: Program) -> Configuration:
    """The configuration before the first round."""
    return next(islice(machine.trace(made), BEFORE, None))


def given(configuration: Configuration, p: Parents) -> Configuration:
    """A configuration with other parents; what stands in STAR does not matter, and is 0 or 1 in turn."""
    memory = list(configuration.memory)
    for v, parent in enumerate(p):
        memory[PARENT + 2 * v], memory[STAR + 2 * v] = 2 * parent, v % 2
    return replace(configuration, memory=tuple(memory))


def cases() -> Iterator[tuple[Graph, list[Parents]]]:
    """Every small graph, and those on one vertex more whose edges have a common end, with every forest within its components
    that is not finished."""
    centred = (Graph(FOREST + 1, tuple((v, u) for u in range(FOREST + 1) if u != v)) for v in range(FOREST + 1))
    for graph in chain(*map(graphs, range(1, FOREST + 1)), centred):
        yield graph, [p for p in forests(graph.n) if within(p, graph) and not finished(p, graph)]


def unrelated() -> Iterator[dict[str, Any]]:
    """Rounds of the program that are not rounds of the relation."""
    for graph, some in cases():
        made = program(graph)
        start = begun(made)
        for p in some:
            configuration, seen = given(start, p), list[Parents]()
            for step in range(1, ROUND + 1):
                configuration = machine.step(made, configuration)
                if step in (HOOKED, HOOKED_AGAIN, JUMPED):
                    seen.append(parents(configuration, graph.n))
            if wrong := is_round(p, seen[0], seen[1], seen[2], graph):
                yield {"edges": str(graph.edges), "parents": str(p), "expected": wrong, "got": str(seen)}


def bound(n: int) -> int:
    """The rounds that ConnectivityRounds.v allows: 2 + k for the least k with (3/2)^k > n."""
    return 2 + next(k for k in range(4 * n) if 2**k * n < 3**k)


def misjoined() -> Iterator[dict[str, Any]]:
    """Graphs on which the program does not take rounds until it is finished, takes too many, or gives wrong labels."""
    for n in range(1, VERTICES + 1):
        for graph in graphs(n):
            run = machine.run(made := program(graph), BEFORE + AFTER + ROUND * (bound(n) + 1))
            rounds, rest = divmod(run.steps - BEFORE - AFTER, ROUND)
            states = [parents(each, n) for each in islice(machine.trace(made), BEFORE, run.steps, ROUND)]
            whole = [finished(p, graph) for p in states] == [False] * rounds + [True] and states[0] == tuple(range(n))
            labels = PROGRAMS["components"].encode(graph, WORD).result(run.configuration.memory)
            right = all((labels[i] == labels[j]) == joined(graph, i, j) for i, j in product(range(n), repeat=2))
            if rest or not whole or not right or rounds > bound(n) or run.faults or not run.finished:
                yield {"edges": str(graph.edges), "steps": run.steps, "labels": str(labels)}


@lemma
def connectivity(regime: Regime) -> Iterator[Batch]:
    """A round of the program from every forest is one of the relation; whole runs are of such rounds, and not too many."""
    rounds, runs = sum(len(some) for _, some in cases()), sum(1 for n in range(1, VERTICES + 1) for _ in graphs(n))
    parts: tuple[tuple[str, int, Callable[[], Iterator[dict[str, Any]]], str], ...] = (
        (
            "corollaries.hooking",
            rounds,
            unrelated,
            f"exhaustive: graphs on up to {FOREST} vertices, and stars on {FOREST + 1}, with every forest",
        ),
        ("corollaries.connected", runs, misjoined, f"exhaustive: graphs on up to {VERTICES} vertices, whole runs"),
    )
    for name, count, failures, scope in parts:
        discharge = exhaustive(count, failures)
        obligation = Obligation(name, "T1", {}, scope, regime.all_n, "exhaustive", f"{name}: {count} cases", discharge)
        yield Batch((name,), {}, partial(iter, [obligation]))
