"""Programs that are wrong where no short text shows it: what is false of them is not proved, whatever it rests on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from efasp.evaluate import evaluate
from efasp.language.program import parse
from efasp.paper_artifacts.cli import main
from tests.checker.language.test_check import changed, checked, statuses

HEAD = 'tokens "^ab"\nplaces 6\nstart "^"\n'
LONG = "b" * 45
MEANS = "let x = 1/2*prefix_mean(TE.a, PE) + 1/3*prefix_mean(TE.b, PE) + 1/3"

FALSE = [
    # a head that selects one position alone, whose value is not of the sort
    "let x = aha(TE.one, PE.number + 0*TE.a, PE.number) : Int(0, 40)",
    'let end = equals(PE.number, 45)\nlet x = aha(TE.one, 2*end + TE["^"], 5*end) : Int(0, 4)',
    # a mean of integers that are made of fractions: the sums of these are none
    "let f = equals(PE.number, 40)\nlet g = relu(f + TE.a - 1) : Flag\nlet v = 2*relu(1/2*f + 1/2*g) : Int(0, 2)\n"
    "let mean = seq_mean(v)\nlet x = relu(32*mean) - relu(32*mean - 1) : Flag",
    # two means that are one on every short text
    "let far = threshold(PE.number, 40)\nlet x = 64*relu(aha(TE.one, far, TE.b) - seq_mean(TE.b)) : Int(0, 0)",
    # a count that is longer than what is counted up to: its sort is right, that of what is made of it is not
    'let c = count_where(TE.b, PE.number, PE.number, "<=", 63, TE["^"])\nlet x = c + 0 : Int(0, 44)',
]


@pytest.mark.parametrize("lines", FALSE, ids=range(len(FALSE)))
def test_a_sort_that_fails_on_a_long_text_is_not_proved(lines: str, tmp_path: Path) -> None:
    """The values on the long text are not of the sort, and x is refuted by a longest text; all other rows may be proved."""
    module = parse(f"{HEAD}{lines}\n")
    node = module.program.definitions["x"]
    (values,) = evaluate(node, tokens=module.encode(LONG))
    assert not all(node.sort.admits(row) for row in values.tolist())
    rows = checked(f"{HEAD}{lines}\n", tmp_path, "--lemma", "program.sorts", "program.sorts.short", code=1)
    (row,) = [row for row in rows["program.sorts"] if row["params"]["node"] == "x"]
    assert row["status"] == "refuted" and statuses(rows)["program.sorts.short"] == {"proved"}


def test_the_scope_of_a_sort_names_the_fact_that_it_rests_on(tmp_path: Path) -> None:
    """A sort that is proved from a flag that one position has says so, as the flag may be that of several."""
    lines = "let flag = threshold(PE.number, 40)\nlet mean = seq_mean(flag)\n"
    lines += "let x = relu(4 - 12*mean) - relu(3 - 12*mean) : Flag\nlet y = x + TE.a\n"
    rows = checked(HEAD + lines, tmp_path, "--lemma", "program.sorts", "program.once", code=3)
    (row,) = [row for row in rows["program.sorts"] if row["params"]["node"] == "x"]
    (once,) = rows["program.once"]
    assert once["status"] == "unknown" and row["scope"].endswith("given the sorts of heads and program.once")
    assert row["assumes"] == [once["id"]]
    assert not any(other["assumes"] for other in rows["program.sorts"] if other is not row)


def test_a_mean_that_is_an_integer_is_not_one_of_its_values(tmp_path: Path) -> None:
    """Where all texts are tried, a head of 0 and 2 is known to be an integer, but not to be 0 or 2: the sink has a value."""
    text = """tokens "^ab"
places 2
start "^"
let first = equals(PE.number, 1)
let two = aha(TE.one, first + TE["^"], 2*first) : Int(0, 2)
let one = relu(two) - 2*relu(two - 1) + relu(two - 2) : Flag
let before = mean_where(one, PE.number, PE.number, "<", TE["^"])
"""
    rows = checked(text, tmp_path, "--lemma", "program.sorts", "program.sink", code=1)
    assert statuses(rows) == {"program.sorts": {"proved"}, "program.sink": {"refuted"}}
    assert "expected 0 at the sink (position 0), found [1]" in rows["program.sink"][0]["countermodel"]["said"]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("let x = relu(1/2*TE.a) : Rational(0, 1/3)", "refuted"),
        ("let x = relu(1/2*TE.a + 1/3*TE.b) : Rational(0, 1/2)", "proved"),
        (f"{MEANS} : Rational(1/3, 5/6)", "proved"),
        (f"{MEANS} : Rational(1/3, 2/3)", "refuted"),
    ],
)
def test_sorts_with_fractions_as_bounds(line: str, status: str, tmp_path: Path) -> None:
    """The bounds of a sort may be fractions where all is read as integers."""
    rows = checked(f"{HEAD}{line}\n", tmp_path, "--lemma", "program.sorts", code={"proved": 0, "refuted": 1}[status])
    (row,) = [row for row in rows["program.sorts"] if row["params"]["node"] == "x"]
    assert row["status"] == status


def test_weights_with_which_numbers_are_not_finite(tmp_path: Path) -> None:
    """Scores that overflow are refuted where they are measured, with a text."""
    fresh, other = tmp_path / "w.safetensors", tmp_path / "other.safetensors"
    (tmp_path / "p.efasp").write_text(f"{HEAD}let x = prefix_mean(TE.a, PE)\n")
    assert main(["compile", str(tmp_path / "p.efasp"), "-o", str(fresh)]) == 0
    changed(fresh, other, "layers.1.q.weight", lambda w: w * np.float32(2.0**125))
    rows = checked((tmp_path / "p.efasp").read_text(), tmp_path, "--weights", str(other), "--lemma", "program.torch", code=1)
    assert "expected numbers, got one that is not finite" in rows["program.torch"][0]["countermodel"]["said"]


def test_weights_that_change_the_start_token_alone(tmp_path: Path) -> None:
    """A read-out that differs at the start token alone is refuted, and what is said names it."""
    fresh, other = tmp_path / "w.safetensors", tmp_path / "other.safetensors"
    text = f"{HEAD}let x = TE.a\n"
    (tmp_path / "p.efasp").write_text(text)
    assert main(["compile", str(tmp_path / "p.efasp"), "-o", str(fresh)]) == 0

    def start_too(weight: np.ndarray) -> np.ndarray:
        weight[0] += weight[1]
        return weight

    changed(fresh, other, "token.weight", start_too)
    rows = checked(text, tmp_path, "--weights", str(other), "--lemma", "program.stack", code=1)
    said = rows["program.stack"][0]["countermodel"]["said"]
    assert said.endswith("at the start token, whose read-out is no part of the result")
    changed(fresh, other, "token.weight", lambda weight: 2 * start_too(weight))
    rows = checked(text, tmp_path, "--weights", str(other), "--lemma", "program.stack", code=1)
    assert "expected 1, got 2 at position 0" in rows["program.stack"][0]["countermodel"]["said"]


# A count as it is made of a mean, a sum up to the own position, and a comparison of means, written out.
BY_HAND = """tokens "^ab"
places 4
start "^"
let share = aha(TE.one, TE.a + TE["^"], TE["^"])
let count = sum([relu(16 - 15*(k + 1)*share) - relu(15 - 15*(k + 1)*share) for k in 1..15]) : Int(0, 15)
let means = prefix_mean([TE.a, TE["^"]], PE)
let steps = [relu(16*means[0] - 16*k*means[1] + 1) - relu(16*means[0] - 16*k*means[1]) for k in 1..15] : Word(15)
let before = sum(steps) : Int(0, 15)
let lead = 15*seq_mean(TE.a) - 15*seq_mean(TE.b)
let more = relu(16/15*lead) - relu(16/15*lead - 1) : Flag
let last = [count, before, more]
output last
ensures count == count(j: input[j] == "a")
ensures before == count(j in 0..i: input[j] == "a")
ensures more == (if 2*count(j: input[j] == "a") > n then 1 else 0)
"""
SHORT, DRAWN = "program.specification.short", "program.specification.drawn"
SORTS = "program.sorts"
SLIPS = [
    # what is replaced, by what, the lemmas that are refuted, and those that are unknown
    ("15*(k + 1)*share", "15*k*share", {SHORT, DRAWN}, set()),  # a divisor that is one too small
    ('TE.a + TE["^"], TE["^"])', 'TE.a, TE["^"])', {SHORT, DRAWN}, set()),  # without the sink in what is selected
    ('TE.a + TE["^"], TE["^"])', 'TE.a + 2*TE["^"], TE["^"])', {SHORT, DRAWN}, set()),  # the sink alone is selected
    ("for k in 1..15]) : Int(0, 15)", "for k in 1..14]) : Int(0, 15)", {DRAWN}, set()),  # 14 at most: wrong of 15 letters
    (
        "16 - 15*(k + 1)*share) - relu(15 - 15*",
        "15 - 14*(k + 1)*share) - relu(14 - 14*",
        {SORTS, DRAWN},
        set(),
    ),  # of 14 letters
    ('prefix_mean([TE.a, TE["^"]], PE)', 'seq_mean([TE.a, TE["^"]])', {SHORT, DRAWN}, set()),
    ('prefix_mean([TE.a, TE["^"]], PE)', '[seq_mean(TE.a), prefix_mean(TE["^"], PE)]', {SORTS, SHORT, DRAWN}, set()),
    ("16*k*means[1] + 1", "16*k*means[1] + 2", {SORTS, SHORT, DRAWN}, set()),
    ("16*means[0] - 16*k*means[1]", "16*means[0] - 8*k*means[1]", {SORTS, SHORT, DRAWN}, set()),
    ("seq_mean(TE.b)", 'seq_mean(TE.b + TE["^"])', {SHORT, DRAWN}, set()),  # one more than half
    ("16/15*lead) - relu(16/15*lead - 1)", "lead) - relu(lead - 1)", set(), {SORTS}),  # wrong of 8 and 7 letters alone
]


def test_what_is_written_out_is_proved(tmp_path: Path) -> None:
    """Without a slip all sorts are proved, and the specification of every short text."""
    found = statuses(checked(BY_HAND, tmp_path, code=3))
    assert found[SORTS] == found["program.once"] == found[SHORT] == {"proved"} and found[DRAWN] == {"measured"}


OFTEN = 4  # of the slips, which are tried in every run of the tests
LATER = [pytest.param(*slip, marks=pytest.mark.slow) for slip in SLIPS[OFTEN:]]


@pytest.mark.parametrize(("old", "new", "refuted", "unknown"), [*SLIPS[:OFTEN], *LATER], ids=range(len(SLIPS)))
def test_a_slip_in_a_mean_or_a_count(old: str, new: str, refuted: set[str], unknown: set[str], tmp_path: Path) -> None:
    """Each lemma that a slip breaks is refuted, with a text, or unknown where no short text shows it; the others are not."""
    assert old in BY_HAND
    lemmas = ("--lemma", "program.sorts", "program.once", "program.sorts.short", SHORT, DRAWN)
    rows = checked(BY_HAND.replace(old, new), tmp_path, *lemmas, code=1 if refuted else 3)
    found = {lemma for lemma, status in statuses(rows).items() if "refuted" in status} - {"program.sorts.short"}
    assert found == refuted
    assert {lemma for lemma, status in statuses(rows).items() if "unknown" in status} == unknown


def test_a_specification_of_no_text_that_is_tried(tmp_path: Path) -> None:
    """Where no short or drawn text is one that is required, a wrong formula is neither proved nor measured."""
    text = 'tokens "ab"\nplaces 8\nlet x = TE.a\nrequires n > 100\nensures output == 7\n'
    found = statuses(checked(text, tmp_path, "--lemma", SHORT, DRAWN, code=3))
    assert found == {SHORT: {"unknown"}, DRAWN: {"unknown"}}
    found = statuses(checked(text.replace("n > 100", "n > 6"), tmp_path, "--lemma", SHORT, DRAWN, code=1))
    assert found == {SHORT: {"refuted"}, DRAWN: {"refuted"}}


def test_what_torch_gives_is_said_in_decimals(tmp_path: Path) -> None:
    """Scores of fractions that are too near for softmax: the refutation has the floats of a read-out as decimals."""
    pytest.importorskip("torch", reason="torch is not installed")
    text = f"{HEAD}let x = aha(TE.one, prefix_mean(TE.a, PE), [TE.a, TE.b])\n"
    rows = checked(text, tmp_path, "--lemma", "program.torch", code=1)
    said = rows["program.torch"][0]["countermodel"]["said"]
    assert "Fraction" not in said and "got (" in said and "." in said.split("got (")[1].split(")")[0]
