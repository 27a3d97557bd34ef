"""The lemmas about T1's corollaries beyond their sizes: rounds of `components` on larger graphs are those of the theorem."""

from itertools import combinations, islice, pairwise
from random import Random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efasp.pram import machine
from efasp.pram.library import PROGRAMS, Graph, build
from efasp.proofs.lemmas import corollaries_connectivity as connectivity
from efasp.proofs.lemmas import corollaries_steps as steps


def is_run(graph: Graph) -> None:
    """Check every round of a run against the relation, and that there are no more rounds than the theorem allows."""
    made = connectivity.program(graph)
    run = machine.run(made)
    rounds, rest = divmod(run.steps - connectivity.BEFORE - connectivity.AFTER, connectivity.ROUND)
    assert rest == 0 and rounds <= connectivity.bound(graph.n)
    trace = [connectivity.parents(each, graph.n) for each in islice(machine.trace(made), connectivity.BEFORE, run.steps)]
    for number in range(rounds):
        start = number * connectivity.ROUND
        at = (0, connectivity.HOOKED, connectivity.HOOKED_AGAIN, connectivity.JUMPED)
        before, hooked, again, after = (trace[start + step] for step in at)
        assert connectivity.is_round(before, hooked, again, after, graph) == "" and not connectivity.finished(before, graph)
    assert connectivity.finished(trace[rounds * connectivity.ROUND], graph)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to 12 vertices, with loops and edges that are there twice."""
    n = draw(st.integers(1, 12))
    return Graph(n, tuple(draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=16))))


@given(graphs())
def test_rounds_of_any_graph(graph: Graph) -> None:
    """Random graphs."""
    is_run(graph)


@pytest.mark.parametrize("order", [1, -1, 7])
def test_rounds_of_a_path(order: int) -> None:
    """A path of 40 vertices, in ascending, descending and scattered order."""
    names = [order * v % 41 - 1 for v in range(1, 41)]
    is_run(Graph(40, tuple(pairwise(names))))


@pytest.mark.slow
def test_one_round_from_every_forest_of_four() -> None:
    """Every graph on 4 vertices with every forest within its components."""
    for graph in connectivity.graphs(4):
        made = connectivity.program(graph)
        start = connectivity.begun(made)
        for p in connectivity.forests(4):
            if connectivity.within(p, graph) and not connectivity.finished(p, graph):
                steps = machine_steps(made, connectivity.given(start, p))
                hooked, again, after = (connectivity.parents(each, 4) for each in steps)
                assert connectivity.is_round(p, hooked, again, after, graph) == ""


def machine_steps(made: machine.Program, configuration: machine.Configuration) -> list[machine.Configuration]:
    """The configurations after both hooks and the jump of a round."""
    seen = []
    for step in range(1, connectivity.ROUND + 1):
        configuration = machine.step(made, configuration)
        if step in (connectivity.HOOKED, connectivity.HOOKED_AGAIN, connectivity.JUMPED):
            seen.append(configuration)
    return seen


def test_small_graphs_are_counted() -> None:
    """Of n vertices there are (n + 1)^(n - 1) forests with roots, and 2^(n choose 2) graphs; joined is networkx's."""
    for n in range(1, 5):
        assert len(list(connectivity.forests(n))) == (n + 1) ** (n - 1)
        for graph in (every := list(connectivity.graphs(n))):
            reference = nx.Graph(graph.edges)
            reference.add_nodes_from(range(n))
            assert all(connectivity.joined(graph, i, j) == nx.has_path(reference, i, j) for i, j in combinations(range(n), 2))
        assert len(every) == 2 ** (n * (n - 1) // 2)


def test_the_bound_is_that_of_the_theorem() -> None:
    """2 + k for the least k with (3/2)^k > n."""
    assert [connectivity.bound(n) for n in (1, 2, 3, 4, 64)] == [3, 4, 5, 6, 13]


WORD = 6
WORDS = st.integers(0, 2**WORD - 1)


@given(st.sampled_from(sorted(machine.ALU)), st.tuples(WORDS, WORDS), st.tuples(WORDS, WORDS), st.data())
def test_intervals_hold_what_is_computed(op: str, a: tuple[int, int], x: tuple[int, int], data: st.DataObject) -> None:
    """Every operation on words within intervals gives a word within the stated interval."""
    a, x = (min(a), max(a)), (min(x), max(x))
    low, high = steps.computed(op, a, x, WORD)
    word = machine.ALU[op](data.draw(st.integers(*a)), data.draw(st.integers(*x)), WORD)
    assert 0 <= low <= word <= high < 2**WORD


@given(st.sampled_from(["dyck1", "dyck2"]), st.integers(1, 6), st.randoms())
def test_every_processor_halts_when_it_may(name: str, size: int, rng: Random) -> None:
    """In runs on random brackets a processor halts in one of the steps stated for its number alone, and for any number."""
    made = build(name, PROGRAMS[name].instance(rng, size))
    every, number = steps.ends(made, (0, made.processors - 1)), made.processors - 1
    halted, last = steps.ends(made, (number, number)), 0
    for step, configuration in enumerate(machine.trace(made)):
        last = step if configuration.status[number] == "running" else last
    assert last + 1 in halted <= every
