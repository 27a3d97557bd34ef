"""Means in `efasp check`: sorts that are made of them, and how far floats round them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from efasp.checker.discharge import discharge
from efasp.evaluate import evaluate, place_rows
from efasp.language.module import Module
from efasp.language.program import parse, parse_file
from efasp.model.lower import lower
from efasp.model.rounding import Blurred, Rounding, chosen, doubtful
from efasp.model.transformer import Transformer
from efasp.proofs.programs import sorts
from efasp.proofs.programs import texts as few
from efasp.proofs.programs.means import Means
from efasp.proofs.programs.texts import Texts
from tests.pages import ROOT

HEAD = 'tokens "^ab"\nplaces 3\nstart "^"\n'
COUNT = 'let count = count_where(TE.a, PE.number, PE.number, "<", {most}, TE["^"])\n'


def all_texts(module: Module) -> list[str]:
    """Every text for which the program has places."""
    assert module.longest is not None
    return ["".join(text) for n in range(1, module.longest + 1) for text in product(module.letters, repeat=n)]


def shown(module: Module) -> dict[str, str]:
    """The status of each declared sort and fact about a selection, by the solver, not by trying all texts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(few, "TRIED", 20)
        texts = Texts(module)
    assert texts.length == 3
    found = sorts.obligations(Means(texts))
    return {one.id: discharge(one, ["z3"], 20).status for one in found if one.lemma in ("program.sorts", "program.once")}


@pytest.mark.parametrize("value", ["TE.a", 'TE["^"]', "TE.a - TE.b", "2*TE.b + TE.a", "equals(PE.number, 0)"])
@pytest.mark.parametrize("of", ["seq_mean({value})", "prefix_mean({value}, PE)", 'aha(TE.one, TE.a + TE["^"], {value})'])
def test_a_sort_that_is_proved_is_right(of: str, value: str) -> None:
    """Of steps at several thresholds of several means: what is proved holds on all texts; what fails on one is not proved."""
    mean = of.format(value=value)
    steps = [(8, 0), (8, 1), (7, 1), (4, 0), (-8, 0), (-8, -1), (16, 3), (-8 * 3, 8)]
    lines = [
        f"let x{n} = relu({slope}*mean + {bias} + 1) - relu({slope}*mean + {bias}) : Flag\n"
        for n, (slope, bias) in enumerate(steps)
    ]
    module = parse(f"{HEAD}let mean = {mean}\n{''.join(lines)}let last = [{', '.join(f'x{n}' for n in range(len(steps)))}]\n")
    found = shown(module)
    nodes = [module.program.definitions[f"x{n}"] for n in range(len(steps))]
    right = [True] * len(steps)
    for text in all_texts(module):
        values = evaluate(*nodes, tokens=module.encode(text))
        right = [old and set(new.ravel().tolist()) <= {0, 1} for old, new in zip(right, values, strict=True)]
    for n, holds in enumerate(right):
        status = found[f"program.sorts[program=program,node=x{n}]"]
        assert (status == "proved") <= holds and (holds or status in ("refuted", "unknown"))
    assert "proved" in [found[f"program.sorts[program=program,node=x{n}]"] for n in range(len(steps))] or not any(right)
    assert all(status == "proved" for name, status in found.items() if name.startswith("program.once"))


def test_what_is_nonzero_at_one_position_is_shown_and_not_assumed() -> None:
    """A flag that two positions of a longer text have, but of no short one, is not taken for one that a single position has."""
    flag = "let flag = threshold(PE.number, 6)\nlet x = relu(1 - 8*aha(TE.one, 0*TE.one, flag)) : Int(0, 1)\n"
    found = shown(parse(HEAD + flag))
    once = [status for name, status in found.items() if name.startswith("program.once")]
    assert once == ["unknown"]


@pytest.mark.parametrize(
    "name", ["histogram", "prefix_count", "fraction", "double_histogram", "dyck1", "sort", "most_frequent"]
)
def test_floats_are_within_the_bound(name: str) -> None:
    """torch differs from exact evaluation by no more than what is said, on random texts of several lengths and uniform ones."""
    module = parse_file(ROOT / "examples" / f"{name}.efasp")
    plan = lower(module.program)
    dtype = chosen(module, plan)
    assert module.positions is not None and module.longest is not None
    bound = np.array(Rounding(plan, dtype, module.positions).errors())
    transformer, random = Transformer.of(plan, dtype), np.random.default_rng(0)
    for n in (1, 2, 5, module.longest):
        for letters in (module.letters, module.letters[:1]):
            ids = module.encode(module.join(random.choice(letters, n).tolist()))
            (exact,) = evaluate(module.program.output, tokens=ids)
            off = np.abs(transformer.outputs(np.array(ids), place_rows(None, len(ids))).astype(float) - exact.astype(float))
            assert (off <= bound).all()
    assert not module.program.output.sort.integral or bound.max() < 0.5


def test_a_sum_that_the_dtype_does_not_hold() -> None:
    """A sum of exact terms beyond the dtype is rounded: torch is off by 1 of a number above 2^24, and the bound covers it."""
    module = parse(HEAD + "dtype float32\nlet y = relu(16777216*TE.a + PE.number)\n")
    plan, ids = lower(module.program), module.encode("aab")
    (bound,) = Rounding(plan, "float32", 8).errors()
    (exact,) = evaluate(module.program.output, tokens=ids)
    found = Transformer.of(plan, "float32").outputs(np.array(ids), place_rows(None, len(ids))).astype(float)
    assert 1 <= np.abs(found - exact.astype(float)).max() <= bound
    assert "may differ by" in doubtful(module, plan, "float32") and not doubtful(module, plan, "float64")


def test_a_mean_of_what_is_0_but_for_errors() -> None:
    """The weights of a mean are rounded also where its values are 0 but for the error with which they are computed."""
    value = parse(HEAD + "let y = relu(prefix_mean(TE.a, PE) - 1)\n")
    mean = parse(HEAD + "let y = seq_mean(relu(prefix_mean(TE.a, PE) - 1))\n")
    (of_value,), (of_mean,) = (Rounding(lower(module.program), "float32", 2048).errors() for module in (value, mean))
    assert of_value * (1 + 2048 * 2.0**-24) < of_mean < 2 * of_value


def test_the_dtype_is_one_in_which_a_count_is_right() -> None:
    """A short count is right in float32; a longer one is not known to be, and is compiled to float64 unless it says float32."""
    short = parse(HEAD + COUNT.format(most=7))
    long = parse(HEAD.replace("places 3", "places 8") + COUNT.format(most=255))
    assert chosen(short, lower(short.program)) == "float32" and chosen(long, lower(long.program)) == "float64"
    assert doubtful(long, lower(long.program), "float32") and not doubtful(long, lower(long.program), "float64")
    named = parse(HEAD.replace("places 3", "places 8\ndtype float32") + COUNT.format(most=255))
    assert chosen(named, lower(named.program)) == "float32"


def test_a_fraction_with_an_error_of_its_own_size_is_not_told() -> None:
    """A bound that says no more than that the output is a fraction of at most 1/4 proves nothing of float32."""
    steep = 'tokens "ab"\nplaces 8\n{}let m = seq_mean(TE.a)\n'
    steep += "let x = 1/4 * (relu(33554432*m) - relu(33554432*m - 1)) : Rational(0, 1/4)\n"
    module = parse(steep.format(""))
    plan = lower(module.program)
    assert "from a fraction of at most" in doubtful(module, plan, "float32") and not doubtful(module, plan, "float64")
    assert chosen(module, plan) == "float64" and chosen(parse(steep.format("dtype float32\n")), plan) == "float32"


def test_scores_that_may_be_near_are_not_told_apart() -> None:
    """Of scores of fractions no gap is known; an integer that is made of a mean and then attended by costs accuracy."""
    module = parse(HEAD + "let mean = prefix_mean(TE.a, PE)\nlet x = aha(TE.one, mean, TE)\n")
    with pytest.raises(Blurred, match="scores of fractions"):
        Rounding(lower(module.program), "float64", 8).errors()
    twice = parse_file(ROOT / "examples" / "double_histogram.efasp")
    assert "scores are computed to" in doubtful(twice, lower(twice.program), "float32")


def test_a_wrong_constant_of_a_count() -> None:
    """The units of a count with a slope that is too small give what is no bit; the right ones are proved to."""
    share = 'let share = aha(TE.one, TE.a + TE["^"], TE["^"])\n'
    step = "let x = [relu({n} + 1 - {n}*(k + 1)*share) - relu({n} - {n}*(k + 1)*share) for k in 1..7] : Word(7)\n"
    for n, status in ((7, "proved"), (4, "refuted"), (6, "refuted")):
        found = shown(parse(HEAD + share + step.format(n=n)))
        assert found["program.sorts[program=program,node=x]"] in (status, "unknown" if status == "refuted" else status)
        assert found["program.once[program=program,number=1]"] == "proved"


@pytest.mark.parametrize(("number", "known"), [("1/8", True), ("1/7", False), ("1/2^140", False), ("16777217", False)])
def test_weights_that_a_dtype_does_not_hold(number: str, known: bool) -> None:
    """No bound is given for a transformer that cannot be made, and none is made."""
    value = number if "^" not in number else f"1/{2**140}"
    module = parse(f'tokens "ab"\nplaces 3\nlet y = relu({value}*TE.a)\nlet x = 3*y + PE.number\n')
    plan = lower(module.program)
    assert (doubtful(module, plan, "float32") == "") is known
    if number in ("1/7", "16777217"):
        with pytest.raises(ValueError, match="float32"):
            Transformer.of(plan, "float32")
