"""Family attention: it is proved, the symbolic reading agrees with evaluation, and wrong constructions are refuted."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.attention import Matches, match, nearest
from efasp.evaluate import evaluate
from efasp.exact import scores as products
from efasp.operators import OPERATORS
from efasp.proofs.lemmas import attention, attention_indexed, attention_lookups, attention_winners
from efasp.proofs.obligation import Machine, Regime
from efasp.proofs.smtlib import evaluate as value_of
from efasp.proofs.smtlib import parse
from efasp.proofs.symbolic.scores import score
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Flag, Int, Signs
from efasp.syntax import Node, Parameter, combine
from tests.proofs.broken import broken, discharged, refuted

ENGINES = ("mdm", "apmdm")


@pytest.mark.parametrize("word", [5, 6, 17, 64])
def test_rows_are_proved(word: int) -> None:
    """Every operator at narrow and wide words."""
    assert refuted(attention.rows(word, (1, 1 << word))) == {}


def test_winners_are_proved() -> None:
    """Signs, two positions, one position more; the operators on flags; everything on short sequences."""
    assert refuted(attention_winners.winners((1, 64))) == {}
    assert refuted(attention_indexed.indexed((1, 64))) == {}
    assert refuted(attention.alone((1, 64))) == {}
    assert refuted(attention.tried((1, 3))) == {}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("extension", "word"), [("M", 5), ("", 33), *(pytest.param(*rest, marks=pytest.mark.slow) for rest in (("", 5), ("M", 33)))]
)
def test_lookups_are_proved(engine: str, extension: str, word: int) -> None:
    """Every lookup of the machine; and the tables speak of every one of them and of no other."""
    step = Step(Machine(word, engine, extension, (1, 1 << word)))
    assert refuted(attention_lookups.about(step)) == {}
    assert set(attention_lookups.names(step)) == set(attention_lookups.READS[engine])


def test_every_operator_has_a_lemma() -> None:
    """Rows for each operator over attention, and for each a step from one position to the next."""
    names = {o.name for o in OPERATORS.values() if o.kind in ("attention", "positional")}
    found = {o.lemma for o in (*attention.rows(5, (1, 32)), *attention.alone((1, 32)))}
    assert found == {f"attention.{name}" for name in names}
    assert names <= {
        str(o.params["of"]).partition(",")[0] for o in attention_winners.winners((1, 32)) if o.lemma == "attention.fold"
    }


# The symbolic reading and the running evaluation.

QUERY, KEY = ([Parameter(f"{side}{i}", Signs(2 + i)) for i in (0, 1)] for side in ("q", "k"))
AMONG, EXCLUDE = ([Parameter(f"{kind}{i}", Flag()) for i in (0, 1)] for kind in ("a", "e"))
RANK, ABSENT, SINK = Parameter("r", Int(0, 6)), Parameter("absent", Flag()), Parameter("sink", Flag())
FLAGS = {"one": combine([(0, SINK)], 1), "sink": SINK, "absent": ABSENT}
LOOKUP = match(QUERY, KEY, among=AMONG, exclude=EXCLUDE, rank=RANK, capacity=7, **FLAGS)


def sequence(random: Random, length: int) -> dict[Node, np.ndarray]:
    """Random columns in which matches are frequent; position 0 is the sink."""
    values: dict[Node, np.ndarray] = {}
    for node in (*QUERY, *KEY):
        values[node] = np.array([node.sort.encode(random.choice((-1, 0, 1, 1, 1))) for _ in range(length)])
    for node, weights in ((AMONG[0], (0, 1, 1)), (AMONG[1], (0, 1, 1)), (EXCLUDE[0], (0, 0, 1)), (EXCLUDE[1], (0, 0, 1))):
        values[node] = np.array([[random.choice(weights)] for _ in range(length)])
    values[RANK] = np.array([[random.randrange(7)] for _ in range(length)])
    values[ABSENT] = np.array([[random.choice((0, 0, 1))] for _ in range(length)])
    values[SINK] = np.array([[int(i == 0)] for i in range(length)])
    for node in (*KEY, *AMONG, *EXCLUDE, RANK):
        values[node][0] = 0
    return values


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), length=st.integers(1, 9))
def test_the_term_of_a_score_is_what_is_computed(seed: int, length: int) -> None:
    """The term that the obligations speak of, with numbers put in, is the product of query and key at any two positions."""
    values = sequence(Random(seed), length)
    q, k = evaluate(LOOKUP.q, LOOKUP.k, values=values)
    got = products(q, k)
    for i in range(length):
        for j in range(length):
            agree = sum(int(values[a][i] @ values[b][j]) for a, b in zip(QUERY, KEY, strict=True))
            counts = {
                "agree": agree,
                "rank": Fraction(int(values[RANK][j, 0]), 7),
                "among": sum(int(values[flag][j, 0]) for flag in AMONG),
                "exclude": sum(int(values[flag][j, 0]) for flag in EXCLUDE),
            }
            names = {**counts, "absent": int(values[ABSENT][i, 0]), "n": 5, "m": 2}
            parts = {**{name: name for name in counts}, "absent": "absent", "sink": str(int(j == 0))}
            assert 7 * value_of(parse(score(parts))[0], names) == got[i, j]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 1 << 32), length=st.integers(1, 9))
def test_a_match_reads_the_best_of_what_is_found(seed: int, length: int) -> None:
    """The mean over the found positions of the highest rank; nothing is found: the sink's value; found and missed say which."""
    random = Random(seed)
    values, worth = sequence(random, length), Parameter("v", Int(0, 9))
    values[worth] = np.array([[0], *([random.randrange(10)] for _ in range(length - 1))])
    out, was_found, was_missed = evaluate(LOOKUP.read(worth), LOOKUP.found, LOOKUP.missed, values=values)
    for i in range(length):
        hits = []
        for j in range(1, length):
            words = all(values[a][i].any() and (values[a][i] == values[b][j]).all() for a, b in zip(QUERY, KEY, strict=True))
            flags = all(values[f][j, 0] for f in AMONG) and not any(values[f][j, 0] for f in EXCLUDE)
            if words and flags and not values[ABSENT][i, 0]:
                hits.append((values[RANK][j, 0], int(values[worth][j, 0])))
        top = [value for rank, value in hits if rank == max(rank for rank, _ in hits)]
        assert out[i, 0] == (Fraction(sum(top), len(top)) if top else 0)
        assert (was_found[i, 0], was_missed[i, 0]) == (int(bool(top)), int(not top))


def chosen(columns: Sequence[Sequence[int]], sign: int, default: bool) -> list[Fraction | int]:
    """The specification once more, by filtering: the matching positions, those of the best rank, their mean."""
    query, key, value, *rest = columns
    out: list[Fraction | int] = []
    for i, wanted in enumerate(query):
        hits = [j for j in range(1, len(key)) if 0 <= wanted == key[j]]
        if sign and hits:
            best = max(sign * rest[0][j] for j in hits)
            hits = [j for j in hits if sign * rest[0][j] == best]
        otherwise = rest[0][i] if default else 0
        out.append(Fraction(sum(value[j] for j in hits), len(hits)) if hits else otherwise)
    return out


@settings(max_examples=100, deadline=None)
@given(name=st.sampled_from(attention_winners.MATCHES), data=st.data(), length=st.integers(1, 8))
def test_the_specification_of_matches(name: str, data: st.DataObject, length: int) -> None:
    """One position after the other gives what filtering gives, ties included."""
    few = st.lists(st.integers(-1, 2), min_size=length, max_size=length)
    some = st.lists(st.integers(0, 3), min_size=length, max_size=length)
    default = name == "match_or_default"
    rest = [data.draw(some)] if name in attention_winners.RANKED or default else []
    columns = [data.draw(few), data.draw(few), data.draw(some), *rest]
    spec = OPERATORS[name].spec
    assert isinstance(spec, Matches)
    assert spec(columns) == chosen(columns, attention_winners.RANKED.get(name, 0), default)


@given(place=st.integers(-9, 9), length=st.integers(1, 7))
def test_nearest(place: int, length: int) -> None:
    """No position is nearer."""
    assert min(range(length), key=lambda j: abs(j - place)) == nearest(place, length)


# What is wrong is refuted.


def test_wrong_rows_are_shown_on_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rightmost match that is none: the coefficient, and columns with both results."""
    wrong = dataclasses.replace(OPERATORS["rightmost_match"], build=OPERATORS["priority_match"].build)
    monkeypatch.setitem(OPERATORS, "rightmost_match", wrong)
    for word in (5, 40):
        (found,) = (o for o in attention.rows(word, (1, 32)) if o.lemma == "attention.rightmost_match")
        verdict = discharged(found)
        assert verdict.status == "refuted" and verdict.countermodel is not None
        assert verdict.countermodel["coefficient of"] == "1"  # the rank has one of its own here
        case = verdict.countermodel["case"]
        assert str(wrong.spec(case["columns"])) == case["expected"] != case["got"]


def test_another_order_is_refuted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The induction speaks of the registered specification: with another one it fails."""
    for name, other in (("rightmost_match", "priority_match"), ("exact_match", "rightmost_match"), ("seq_max", "seq_min")):
        with monkeypatch.context() as patch:
            patch.setitem(OPERATORS, name, dataclasses.replace(OPERATORS[name], spec=OPERATORS[other].spec))
            (found,) = (o for o in attention_winners.winners((1, 2)) if o.params.get("of") == name)
            assert discharged(found).status == "refuted"


@pytest.mark.parametrize(
    "engine, old, new, lemma",
    [
        ("mdm", "among=masked).missed", "among=masked).found", "reads"),
        ("mdm", "value.read(self.token_word)", "value.read(self.index)", "reads"),
        ("mdm", '{"rank": self.pe.field("clock"),', '{"rank": self.pe.flag("target"),', "ties"),
        ("apmdm", 'reg = self.te.field("reg_bits")\n', 'reg = self.pe.field("register_bits")\n', "reads"),
        ("apmdm", "exclude=[view.masked], rank=urgency", "rank=urgency", "ties"),
    ],
)
def test_a_broken_lookup_is_refuted(engine: str, old: str, new: str, lemma: str) -> None:
    """One passage of the step changed: another value, a rank that does not tell writes apart, masks among the candidates."""
    made = attention_lookups.about(broken(old, new, engine))
    assert f"attention.{lemma}" in refuted(o for o in made if o.lemma == f"attention.{lemma}")


def test_a_lookup_that_is_no_match_is_refuted() -> None:
    """A score that its parts do not explain, and a node that is not built as a match at all."""
    step = Step(Machine(5, "apmdm", "", (1, 32)))
    node = step.of["counter"]
    for other in (dataclasses.replace(node, k=2 * node.k), dataclasses.replace(node, q=node.k, k=node.q)):
        step.of["counter"] = other
        wrong = attention_lookups.is_match(step, "counter")
        assert wrong is not None and wrong["lookup"] == "counter"


def test_the_register() -> None:
    """Every width has its rows and every machine its lookups; of a weights file only the machine's lookups are looked at."""
    regime = Regime(1 << 64)
    assert [b.params["w"] for b in attention.operators(regime) if "attention.gather" in b.lemmas] == list(range(5, 65))
    assert len(list(attention_lookups.lookups(regime))) == 240
