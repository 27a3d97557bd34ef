"""Lemma simulation.composition: every assumption is concluded, and each way to violate that is refuted by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from efasp.checker import results
from efasp.proofs.conclusions import Conclusion, lemma_of
from efasp.proofs.lemmas import simulation_citations
from efasp.proofs.lemmas.simulation_citations import (
    UncoveredError,
    about,
    circular,
    composed,
    empty,
    fitted,
    resting,
    unconcluded,
    uncovered,
    unfounded,
    unused,
)
from efasp.proofs.obligation import Machine, Obligation, Regime, Verdict
from efasp.proofs.registry import batches
from efasp.proofs.smtlib import Script, le
from efasp.proofs.symbolic.sequence_invariants import INVARIANTS
from efasp.proofs.symbolic.step_definitions import Step
from efasp.syntax import Node, Program, combine

ENGINES = ("mdm", "apmdm")
POSITIVE = Conclusion("test.lemma", "positive", lambda x: le("1", x))


def step_of(engine: str, word: int = 5, extension: str = "") -> Step:
    """The step of a machine."""
    return Step(Machine(word, engine, extension, (1, 1 << word)))


def renamed(engine: str, old: str = "", new: str = "", **more: Node) -> Step:
    """The step with a definition under another name, and with definitions that are added, before the output."""
    step = step_of(engine)
    (*others, (last, output)) = step.program.definitions.items()
    program = Program("changed")
    for name, node in [*others, *more.items(), (last, output)]:
        program.let(new if name == old else name, node)
    return Step(step.machine, program)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("extension", ["", "M"])
@pytest.mark.parametrize("word", [5, 6])
def test_the_obligations_of_a_machine_fit_together(engine: str, extension: str, word: int) -> None:
    """The lemma has one obligation a machine, and it is proved."""
    (found,) = composed(step_of(engine, word, extension))
    assert found.discharge is not None and found.discharge().status == "proved"


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_left_out_is_named(engine: str) -> None:
    """Without the obligations that conclude something assumed, that is unconcluded; each of some lemmas in turn."""
    step = step_of(engine)
    some = about(step)
    cited = {name for o in some for name in o.cites} - INVARIANTS
    for name in sorted(cited - simulation_citations.promised(5)):
        others = [replace(o, concludes=tuple(c for c in o.concludes if c != name)) for o in some]
        wrong = unconcluded(step, others)
        assert wrong is not None and wrong["assumes"] == name
    address = [o for o in some if o.lemma != "step.address"]
    wrong = unconcluded(step, address)
    assert wrong is not None and wrong["assumes"] == "step.address"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("when", ["at the start", "one step later"])
def test_an_invariant_needs_its_base_case_and_its_step(engine: str, when: str) -> None:
    """Every invariant that is assumed, without the obligation that shows it at the start, or a step later."""
    some = about(step_of(engine))
    assert unfounded(some) is None
    used = {name for o in some for name in o.cites} & INVARIANTS
    assert len(used) >= 5
    for name in used:
        wrong = unfounded([o for o in some if f"{name}, {when}" not in o.concludes])
        assert wrong is not None and when in wrong["expected"]
        exactly = [replace(o, concludes=tuple(c for c in o.concludes if c != f"{name}, {when}")) for o in some]
        assert unfounded(exactly) == {"invariant": name, "expected": f"an obligation that shows it {when}"}


@pytest.mark.parametrize("engine", ENGINES)
def test_conclusions_that_assume_each_other_are_circular(engine: str) -> None:
    """The next program counter rests on jumps: if these rest on it too, the circle is named; so is one that rests on itself."""
    some = about(step_of(engine))
    assert circular(some) is None
    for name, other in (
        ("step.taken", "step.next"),
        ("step.next", "step.next"),
        ("simulation.memory: by loads and stores", "step.next"),
    ):
        turned = [replace(o, cites=(*o.cites, other)) if name in o.concludes else o for o in some]
        wrong = circular(turned)
        assert wrong is not None and other in wrong["rest on each other"].split(" <- ")


def test_within_a_step_an_invariant_does_not_rest_on_itself_later() -> None:
    """An invariant one step later may rest on it now; but not on itself one step later."""
    now = Conclusion("simulation.kept", "counters", POSITIVE.state, invariant=True)
    assert now.id in INVARIANTS
    some = about(step_of("apmdm"))
    later = [replace(o, cites=(*o.cites, now.later.id)) if now.later.id in o.concludes else o for o in some]
    assert circular(some) is None and circular(later) is not None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_definition_without_an_obligation_is_uncovered(engine: str) -> None:
    """A definition that the read-out reaches under a name of which no lemma speaks, and one that is left out."""
    step = renamed(engine, "rd", "destination")
    assert uncovered(step, about(step_of(engine))) == {
        "definition": "destination",
        "expected": "an obligation about its value",
    }
    step = step_of(engine)
    some = about(step)
    for name in step.program.definitions:
        found = uncovered(
            step, [replace(o, concludes=tuple(c for c in o.concludes if c != f"definition: {name}")) for o in some]
        )
        same = [other for other, node in step.program.definitions.items() if node is step.program.definitions[name]]
        assert found is None if len(same) > 1 else found is not None and found["definition"] == name


@pytest.mark.parametrize("engine", ENGINES)
def test_a_step_with_another_definition_is_an_error(engine: str) -> None:
    """A definition between others that the read-out reaches has no obligation: nothing is shown of the machine, by name."""
    below = step_of(engine).definition("word").inputs[0]
    with pytest.raises(UncoveredError, match="definition between: expected an obligation about its value"):
        list(composed(renamed(engine, between=below)))
    unread = combine([(3, step_of(engine).definition("taken"))], 4)
    (found,) = composed(renamed(engine, unread=unread))
    assert found.discharge is not None and found.discharge().status == "proved"  # nothing reads it


BROKEN: list[tuple[Callable[[list[Obligation]], list[Obligation]], str, str]] = [
    (lambda some: [o for o in some if o.lemma != "step.address"], "assumes", "step.address"),
    (
        lambda some: [o for o in some if "simulation.kept: program, at the start" not in o.concludes],
        "expected",
        "an obligation that shows it at the start",
    ),
    (
        lambda some: [o for o in some if "simulation.kept: memory, one step later" not in o.concludes],
        "expected",
        "an obligation that shows it one step later",
    ),
    (
        lambda some: [replace(o, cites=(*o.cites, "step.next")) if o.lemma == "step.taken" else o for o in some],
        "rest on each other",
        "step.next",
    ),
]


@pytest.mark.parametrize(("broken", "key", "named"), BROKEN)
@pytest.mark.parametrize("engine", ENGINES)
def test_the_lemma_is_refuted(
    engine: str, broken: Callable[[list[Obligation]], list[Obligation]], key: str, named: str
) -> None:
    """Of a family of obligations that does not fit together, with the name of what is wrong."""
    step = step_of(engine)
    verdict = fitted(step, broken(about(step)))
    assert verdict.status == "refuted" and verdict.countermodel is not None
    assert named in verdict.countermodel[key]


# Conclusions in scripts.


def script_with(*names: str) -> Script:
    """A script with some integers."""
    script = Script()
    for name in names:
        script.integer(name)
    return script


def test_what_is_assumed_is_what_is_concluded() -> None:
    """One conclusion gives one formula, as a hypothesis of one script and as the goal of another, and both name it."""
    shows, uses = script_with("x"), script_with("x")
    goal = shows.conclude(POSITIVE, "x")
    uses.assume(POSITIVE, "x")
    assert goal == "(<= 1 x)" and f"(assert {goal}) ; test.lemma: positive" in uses.text()
    shown = shows.obligation("test.lemma", "F", {}, "all n", (1, 2), goal)
    used = uses.obligation("test.other", "F", {}, "all n", (1, 2), le("0", "x"))
    assert (shown.concludes, shown.cites, used.concludes, used.cites) == ((POSITIVE.id,), (), (), (POSITIVE.id,))
    assert f"(assert (not {goal}))" in shown.content


def test_conclusions_have_names() -> None:
    """A lemma's name, which of its conclusions, and when; a condition leaves the name."""
    invariant = replace(POSITIVE, invariant=True)
    assert (invariant.first.id, invariant.later.id) == (
        "test.lemma: positive, at the start",
        "test.lemma: positive, one step later",
    )
    assert not invariant.first.invariant and not invariant.later.invariant
    assert replace(POSITIVE, of="").id == lemma_of(POSITIVE.id) == "test.lemma"
    conditional = POSITIVE.where(lambda x: le("2", x))
    assert conditional.id == POSITIVE.id and conditional("x") == "(=> (<= 2 x) (<= 1 x))"


def test_what_is_cited_from_elsewhere_is_in_the_row() -> None:
    """The script, the obligation and its row name the source; nothing is concluded by it."""
    script = script_with("x")
    script.assumed(le("1", "x"), "Some paper, theorem 2")
    assert "(assert (<= 1 x)) ; assumed: Some paper, theorem 2" in script.text()
    found = script.obligation("test.lemma", "F", {}, "all n", (1, 2), le("0", "x"))
    assert found.assumed == ("Some paper, theorem 2",) and found.cites == ()
    row = results.row(results.head(found), Verdict("proved", "z3: unsat"), 0.1)
    assert (row["assumed"], row["assumes"], row["concludes"]) == (["Some paper, theorem 2"], [], [])


def test_lemmas_rest_on_what_they_assume() -> None:
    """From conclusions to lemmas: by who concludes it; an invariant by who shows it at the start and a step later."""

    def made(lemma: str, cites: tuple[str, ...], concludes: tuple[str, ...]) -> Obligation:
        return Obligation(lemma, "F", {}, "all n", (1, 2), "exact", "", cites=cites, concludes=concludes)

    held = min(INVARIANTS)
    some = [
        made("x.a", ("x.b: second", held, "gates.add"), ("x.a",)),
        made("x.b", ("x.a",), ("x.b: first",)),
        made("x.c", (), ("x.b: second",)),
        made("x.d", (), (f"{held}, at the start",)),
        made("x.e", (held,), (f"{held}, one step later",)),
    ]
    found = resting(some)
    assert found["x.a"] == ("x.c", "x.d", "x.e", "gates.add")
    assert found["x.b"] == ("x.a",) and found["x.c"] == () and found["x.e"] == ("x.d",)


def test_nothing_of_the_regime_is_assumed_from_elsewhere() -> None:
    """The obligations about machines, and those about none, at w = 5: each is shown here, or measured."""
    found = [o for engine in ENGINES for extension in ("", "M") for o in about(step_of(engine, 5, extension))]
    for batch in batches(Regime(1), ["attention.*", "gates.*", "resources.*", "encoding.*", "process.*"]):
        found += batch.build()
    assert len(found) > 1000 and not any(o.assumed for o in found)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_conclusion_that_says_nothing_is_named(engine: str) -> None:
    """One whose formula is true by its form alone in every obligation that assumes or states it; not if one of them differs."""
    some = about(step_of(engine))
    assert empty(some) is None
    for name in ("simulation.status: a counter only with a status", "step.taken"):
        emptied = [replace(o, telling={**o.telling, name: False}) if name in o.telling else o for o in some]
        wrong = empty(emptied)
        assert wrong is not None and wrong["conclusion"] == name
        at = next(i for i, o in enumerate(some) if name in o.telling)
        assert empty([*emptied[:at], some[at], *emptied[at + 1 :]]) is None


@pytest.mark.parametrize("engine", ENGINES)
def test_a_conclusion_that_none_assumes_is_named(engine: str) -> None:
    """Without the obligations that assume two results of a pass, the last links; an invariant that none assumes at any time."""
    step = step_of(engine)
    some = about(step)
    assert unused(some) is None
    found = fitted(step, [o for o in some if o.lemma != "simulation.determined"])
    assert found.status == "refuted" and found.countermodel is not None
    assert found.countermodel["conclusion"] == "simulation.decoding: pass"
    held = "simulation.kept: program"
    without = [replace(o, cites=tuple(name for name in o.cites if name != held)) for o in some]
    wrong = unused(without)
    assert wrong is not None and wrong["conclusion"].startswith(held)
