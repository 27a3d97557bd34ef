"""Decoding of strings of every length, against all strings of some lengths."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.model.learned import checkpoint
from efasp.model.learned.decode import Decision, decoded
from efasp.model.learned.network import Network
from efasp.model.learned.tasks import PARITY, Tokens
from efasp.proofs.learned import obligations
from efasp.proofs.learned.decisions import Decisions, Undecided
from efasp.proofs.learned.every_length import Failure, Graph, Node
from efasp.proofs.obligation import Verdict
from tests.model.test_learned import CHECKPOINTS, ideal

LONGEST, PASSES = 6, 100  # of the strings, and of a decoding of one
STRINGS = ["".join(digits) for n in range(LONGEST + 1) for digits in product("01", repeat=n)]
CONTEXTS = list(obligations.contexts(4, 3))


class Table:
    """Decisions that are given, of an encoder that there need not be."""

    def __init__(self, other: dict[Tokens, Decision], unknown: tuple[Tokens, ...] = ()) -> None:
        self.other, self.undecided = other, dict.fromkeys(unknown, "unknown")

    def rule(self, context: Tokens) -> Decision:
        """The ideal decision, or another."""
        if context in self.undecided:
            raise Undecided("unknown")
        return self.other[context] if context in self.other else ideal(context)

    def graph(self) -> Graph:
        """All decodings."""
        return Graph(PARITY, cast(Decisions, self))


def wrong(table: Table) -> list[str]:
    """The strings of up to six digits that are not decoded to their parity."""
    runs = {text: decoded(PARITY, text, table.rule, PASSES) for text in STRINGS}
    return [text for text, run in runs.items() if not run.halted or PARITY.said(run.tokens) != text.count("1") % 2]


@st.composite
def changes(draw: st.DrawFn) -> dict[Tokens, Decision]:
    """Other decisions on one or two contexts."""
    out = {}
    for context in draw(st.lists(st.sampled_from(CONTEXTS), min_size=1, max_size=2, unique=True)):
        bits = st.lists(st.integers(0, 7), min_size=len(context), max_size=len(context))
        control = np.array([[n & 1, n >> 1 & 1, n >> 2 & 1] for n in draw(bits)], dtype=bool)
        tokens = st.lists(st.integers(0, 2), min_size=len(context), max_size=len(context))
        out[context] = np.array(draw(tokens)), control
    return out


def test_the_transitions_decide_parity_at_every_length() -> None:
    """In at most two passes for every digit, and two more."""
    graph = Table({}).graph()
    assert not graph.failures() and not graph.unknown and graph.most_between_letters() == 2


@settings(max_examples=100, deadline=None)
@given(changes())
def test_the_graph_says_what_decoding_every_string_says(other: dict[Tokens, Decision]) -> None:
    """Where it has a failure, its string fails, and no shorter one; where it is whole and has none, every string is right,
    within the bound of passes."""
    table = Table(other)
    graph, bad = table.graph(), wrong(table)
    failures = graph.failures()
    if failures:
        first = failures[0].text
        assert len(first) > LONGEST or first in bad
        assert graph.unknown or len(first) > LONGEST or len(first) == min(map(len, bad))
    elif not graph.unknown:
        assert not bad
        most = graph.most_between_letters()
        assert all(decoded(PARITY, text, table.rule, PASSES).passes <= most * (len(text) + 1) for text in STRINGS)


def test_torch_has_as_many_passes_as_are_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no more: with a bound that is too small a string is found that takes more."""
    table = Table({})
    graph = table.graph()
    monkeypatch.setattr(graph, "most_between_letters", lambda: 17)
    monkeypatch.setattr(obligations, "torch_rule", lambda network: table.rule)
    assert obligations.right(checkpoint.read(CHECKPOINTS[0]), graph).status == "measured"
    monkeypatch.setattr(graph, "most_between_letters", lambda: 1)
    assert obligations.right(checkpoint.read(CHECKPOINTS[0]), graph).status == "refuted"


def test_an_undecided_context_leaves_the_graph_unknown() -> None:
    """Where strings lead to it; where another failure is found, that is said."""
    assert Table({}, ((0, 1, 2),)).graph().unknown == ["unknown"]
    assert not Table({}, ((3, 3, 3),)).graph().unknown
    stays = np.zeros(3, dtype=np.int64), np.zeros((3, 3), dtype=bool)
    graph = Table({(0, 1, 1): stays}, ((0, 1, 2),)).graph()
    assert graph.unknown and graph.failures()[0].text == "00"


def test_a_sequence_that_grows_is_unknown() -> None:
    """One that gains a mask with every pass."""
    insert = np.zeros(3, dtype=np.int64), np.eye(3, dtype=bool)[[1, 0, 0]]
    grows = {context: insert for context in CONTEXTS if len(context) == 3}
    assert "longer than 16 tokens" in Table(grows).graph().unknown[0]


def discharged(network: Network, *lemmas: str) -> list[Verdict]:
    """The verdicts of some lemmas, by the names behind their family's."""
    made = {one.lemma: one.discharge for one in obligations.obligations(network)}
    return [discharge() for lemma in lemmas if (discharge := made[f"learned.{lemma}"]) is not None]


@pytest.mark.parametrize("path", CHECKPOINTS, ids=lambda path: path.stem)
def test_verdicts_are_those_of_all_short_strings_in_torch(path: Path) -> None:
    """Proved where every string of up to six digits is right, and else refuted with a shortest one that is not."""
    pytest.importorskip("torch", reason="torch is not installed")
    network = checkpoint.read(path)
    rule = obligations.torch_rule(network)
    bad = [text for text in STRINGS if obligations.wrongly(network, decoded(PARITY, text, rule, PASSES), text)]
    (every,) = discharged(network, "every_length")
    assert (every.status == "proved") == (not bad)
    if bad:
        assert every.countermodel is not None and every.countermodel["string"] in bad
        assert len(every.countermodel["string"]) == min(map(len, bad))


@pytest.mark.parametrize("number", range(20))
def test_a_changed_weight_is_proved_only_if_it_does_not_matter(number: int) -> None:
    """A weight is negated, doubled or dropped; the verdict is that of all short strings in torch."""
    pytest.importorskip("torch", reason="torch is not installed")
    rng = np.random.default_rng(number)
    network = checkpoint.read(CHECKPOINTS[0])
    weights = {name: weight.copy() for name, weight in network.weights.items()}
    flat = weights[rng.choice(sorted(weights))].reshape(-1)
    flat[rng.integers(len(flat))] *= rng.choice([-1, 0, 30])
    changed = Network(PARITY, weights, 0, 0)
    every, strings = discharged(changed, "every_length", "strings")
    rule = obligations.torch_rule(changed)
    bad = [t for t in STRINGS if obligations.wrongly(changed, decoded(PARITY, t, rule, PASSES), t)]
    assert every.status in (("refuted",) if bad else ("proved", "unknown"))
    assert strings.status == ("refuted" if bad else "measured")
    if number < 3:
        assert [verdict.status for verdict in discharged(changed, "readouts")] == ["measured"]


def test_an_encoder_that_is_on_a_threshold_is_unknown() -> None:
    """Logits that are 0 decide nothing, in spite of what torch makes of them."""
    pytest.importorskip("torch", reason="torch is not installed")
    network = checkpoint.read(CHECKPOINTS[0])
    zero = Network(PARITY, {name: np.zeros_like(weight) for name, weight in network.weights.items()}, 0, 0)
    verdicts = discharged(zero, "decisions", "every_length")
    assert [verdict.status for verdict in verdicts] == ["unknown", "unknown"]
    assert "has a logit in [" in verdicts[0].method


def _only(letters: str) -> Callable[[Graph, list[Node]], dict[Node, str]]:
    whole = Graph._letters

    def some(graph: Graph, nodes: list[Node]) -> dict[Node, str]:
        return {node: text for node, text in whole(graph, nodes).items() if not text or text[-1] in letters}

    return some


@pytest.mark.parametrize(
    ("name", "broken", "said"),
    [
        ("_letters", _only("0"), "not in the graph"),
        ("_letters", _only("1"), "not in the graph"),
        ("_letters", lambda graph, nodes: {}, "not in the graph"),
        ("_open", lambda graph, node: not node.closed and len(node.tokens) < 2, "expected at most 0"),
        ("_passes_from", lambda graph, node: 0, "expected at most 0"),
    ],
)
def test_a_graph_that_is_not_whole_is_found(name: str, broken: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the strings that torch decodes: each is a path of the graph, of no more passes than are said."""
    pytest.importorskip("torch", reason="torch is not installed")
    network = checkpoint.read(CHECKPOINTS[0])
    monkeypatch.setattr(Graph, name, broken)
    (verdict,) = discharged(network, "strings")
    assert verdict.status == "refuted" and verdict.countermodel is not None and said in verdict.countermodel["said"]


def test_a_string_that_is_decoded_rightly_refutes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A failure of the graph that torch does not have is an error."""
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.setattr(Graph, "failures", lambda graph: [Failure("01", "it ends at S")])
    (every,) = discharged(checkpoint.read(CHECKPOINTS[0]), "every_length")
    assert every.status == "error" and "torch decodes it to its right answer" in every.method


def test_a_cycle_never_ends() -> None:
    """Its string fails, though no pass leaves the sequence as it is."""
    back = np.zeros(2, dtype=np.int64), np.zeros((2, 3), dtype=bool)  # a mask becomes the start token's number, and so on
    masks = np.zeros(2, dtype=np.int64), np.array([[0, 0, 0], [1, 0, 0]], dtype=bool)
    graph = Table({(0, 1): masks, (0, 3): (np.array([0, 1]), back[1])}).graph()
    assert graph.failures()[0] == Failure("0", "it never ends")
