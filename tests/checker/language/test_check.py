"""`efasp check FILE`: what is right is proved in its scope, what is wrong is refuted with a text, the rest is unknown."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from efasp.checker.discharge import discharge
from efasp.embeddings import positions
from efasp.evaluate import evaluate
from efasp.language.program import parse, parse_file
from efasp.model.lower import lower
from efasp.paper_artifacts.cli import main
from efasp.proofs.programs import lowering
from efasp.proofs.programs.every_length import obligation
from efasp.proofs.programs.texts import Texts
from efasp.proofs.programs.winners import Forms, winner
from efasp.syntax import Attention, aha, combine, concat
from tests.pages import ROOT

REVERSE = """program reverse
tokens "abcd"
places 10
let last = seq_max(PE.number)
let mirror = last - PE.number
let reversed = gather(TE, mirror, PE)
output reversed
ensures mirror == n - 1 - i
ensures output == input[n - 1 - i]
"""
SHIFT = """program shift
tokens "^ab"
places 5
start "^"
let shifted = gather(TE, PE.number - 2, PE)
output shifted
ensures output == (if i < 2 then "^" else input[i - 2])
"""
EVERY = "program.specification"


def checked(text: str, folder: Path, *options: str, code: int) -> dict[str, list[dict]]:
    """The rows of a check by their lemma; its exit code is the expected one."""
    file, report = folder / "p.efasp", folder / "report.json"
    file.write_text(text)
    assert main(["check", str(file), "--json", str(report), *options]) == code
    data = json.loads(report.read_text())
    assert list(data) == ["n_max", "summary", "obligations", "mutants", "environment"]
    out: dict[str, list[dict]] = {}
    for row in data["obligations"]:
        out.setdefault(row["lemma"], []).append(row)
    return out


def statuses(rows: dict[str, list[dict]]) -> dict[str, set[str]]:
    """The statuses of each lemma."""
    return {lemma: {row["status"] for row in found} for lemma, found in rows.items()}


@pytest.mark.parametrize("text", [REVERSE, SHIFT], ids=["reverse", "shift"])
def test_all_is_proved(text: str, tmp_path: Path) -> None:
    """Sorts, layers, floats and the specification, on texts of every length that has places; sampling is only measured."""
    rows = checked(text, tmp_path, code=0)
    found = statuses(rows)
    assert found.pop("program.specification.drawn") == {"measured"}
    assert set().union(*found.values()) == {"proved"} and EVERY in found
    longest = 1024 if text is REVERSE else 31
    assert all(row["n"] == [1, longest] for row in rows[EVERY])
    assert all(row["scope"].startswith("exhaustive, texts of up to") for row in rows["program.specification.short"])


WRONG = [
    # text, what is replaced, by what, the lemmas that are refuted, a part of what is said
    (REVERSE, "output == input[n - 1 - i]", "output == input[i]", {EVERY}, "on 'ab': expected a, got b at position 0"),
    (REVERSE, "last - PE.number", "last - PE.number + 1", {EVERY}, "first difference at definition mirror"),
    (REVERSE, "seq_max", "seq_min", {EVERY}, "first difference at definition mirror"),
    (SHIFT, "i < 2", "i < 3", {EVERY}, "on 'aaa': expected ^, got a at position 2 of shifted"),
    (SHIFT, "PE.number - 2", "PE.number - 1", {EVERY}, "on 'aa': expected ^, got a at position 1 of shifted"),
    (SHIFT, "PE.number - 2", "(PE.number : Int(0, 3)) - 2", {"program.sorts"}, "expected Int(0, 3), found 4 at position 4"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "old", "new", "lemmas", "said"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_refuted(text: str, old: str, new: str, lemmas: set[str], said: str, tmp_path: Path) -> None:
    """A wrong specification, a wrong program, a wrong sort: for every length, with a text on which it fails."""
    assert old in text
    rows = checked(text.replace(old, new), tmp_path, code=1)
    refuted = {lemma for lemma, found in statuses(rows).items() if "refuted" in found}
    assert lemmas <= refuted
    words = [row["countermodel"]["said"] for lemma in refuted for row in rows[lemma] if row["status"] == "refuted"]
    assert any(said in word for word in words), words


def test_a_key_that_is_not_0_at_the_sink(tmp_path: Path) -> None:
    """Exact evaluation and torch agree on the wrong mean; the obligation about sinks does not hold."""
    text = """tokens "^ab"
places 5
start "^"
let key = 2*[TE.a, TE.b] + TE["^"] - 1 : Signs(2)
let low = 2*[TE.a, TE.b] - 1 : Signs(2)
let wanted = [-1*TE.one, 1*TE.one] : Signs(2)
output exact_match(wanted, KEY, PE.number, TE["^"])
"""
    lemma = ("--lemma", "program.sink")
    assert statuses(checked(text.replace("KEY", "key"), tmp_path, *lemma, code=0)) == {"program.sink": {"proved"}}
    wrong = checked(text.replace("KEY", "low"), tmp_path, *lemma, code=1)
    assert statuses(wrong)["program.sink"] == {"proved", "refuted"}
    (row,) = (row for row in wrong["program.sink"] if row["status"] == "refuted")
    assert "expected 0 at the sink (position 0), found [-1, -1]" in row["countermodel"]["said"]


@pytest.mark.parametrize(
    "call", ['count_where(FLAG, PE.number, PE.number, ">", 3, TE["^"])', 'mean_where(FLAG, PE.number, PE.number, ">", TE["^"])']
)
def test_what_is_counted_must_be_0_at_the_sink(tmp_path: Path, call: str) -> None:
    """A flag that is 1 at the start token is refuted, one that is 0 there is proved."""
    text = f'tokens "^ab"\nplaces 2\nstart "^"\nlet found = {call}\n'
    lemma = ("--lemma", "program.sink")
    assert statuses(checked(text.replace("FLAG", "TE.a"), tmp_path, *lemma, code=0)) == {"program.sink": {"proved"}}
    assert statuses(checked(text.replace("FLAG", "1 - TE.a"), tmp_path, *lemma, code=1)) == {"program.sink": {"refuted"}}


def test_a_token_of_two_flags(tmp_path: Path) -> None:
    """Two kinds at once are no token: refuted with a text; flags of which one is 1 are proved."""
    text = 'tokens "abc"\nplaces 5\nlet x = token(TE, "a", TE.a, "b", FLAG)\n'
    sorts = ("--lemma", "program.sorts")
    assert statuses(checked(text.replace("FLAG", "1 - TE.a : Flag"), tmp_path, *sorts, code=0)) == {"program.sorts": {"proved"}}
    (row,) = (row for row in checked(text.replace("FLAG", "1*TE.one : Flag"), tmp_path, *sorts, code=1)["program.sorts"]
              if row["status"] == "refuted")  # fmt: skip
    assert row["countermodel"]["said"].startswith("on 'a': expected OneHot(3), found [1, 1, 0]")


def test_too_few_positions_for_the_most_frequent(tmp_path: Path) -> None:
    """The flags are fractions on a text that is longer than the number that was given: refuted with it."""
    text = 'tokens "ab"\nplaces PLACES\nlet x = most_frequent([TE.a, TE.b], 4)\n'
    sorts = ("--lemma", "program.sorts")
    checked(text.replace("PLACES", "2"), tmp_path, *sorts, code=0)
    assert "refuted" in statuses(checked(text.replace("PLACES", "5"), tmp_path, *sorts, code=1))["program.sorts"]


def test_a_weights_file_of_other_places(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said that the places differ, and how many there are; of other letters, which."""
    (tmp_path / "p.efasp").write_text(REVERSE)
    assert main(["compile", str(tmp_path / "p.efasp"), "-o", str(tmp_path / "w")]) == 0
    for old, new, said in [
        ("places 10", "places 5", "expected the places of reverse (32 places), found those of reverse (1024 places)"),
        ('"abcd"', '"abc"', "expected the letters of reverse (a, b, c), found those of reverse (a, b, c, d)"),
    ]:
        (tmp_path / "q.efasp").write_text(REVERSE.replace(old, new))
        assert main(["check", str(tmp_path / "q.efasp"), "--weights", str(tmp_path / "w")]) == 2
        assert said in capsys.readouterr().err


def test_fractions_are_measured_up_to_rounding(tmp_path: Path) -> None:
    """The transformer's mean may be rounded; a value that is off by a thousandth is refuted, by a text."""
    pytest.importorskip("torch", reason="torch is not installed")
    example, file = ROOT / "examples" / "fraction.efasp", tmp_path / "w.safetensors"
    (row,) = checked(example.read_text(), tmp_path, "--lemma", "program.torch", code=0)["program.torch"]
    assert row["status"] == "measured" and "64 units of rounding" in row["method"]
    assert main(["compile", str(example), "-o", str(file)]) == 0
    with safe_open(file, "np") as opened:
        header = opened.metadata()
    tensors = load_file(file)
    tensors["out.weight"] = tensors["out.weight"] * np.float32(1.001)
    save_file(tensors, file, header)
    options = ("--weights", str(file), "--lemma", "program.torch")
    (row,) = checked(example.read_text(), tmp_path, *options, code=1)["program.torch"]
    assert row["status"] == "refuted" and row["countermodel"]["said"].startswith("on ")
    letter = row["countermodel"]["text"][row["countermodel"]["position"]]
    assert f"at position {row['countermodel']['position']}, in float32" in row["countermodel"]["said"] and letter


def test_what_is_not_known_is_unknown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mean whose use has a margin up to a length: every short text, and torch, but no proof of its sort for every length. The
    floats are told from fractions up to a length, which the row says."""
    pytest.importorskip("torch", reason="torch is not installed")
    assert main(["check", "efasp.examples:EXAMPLES.majority", "--json", str(tmp_path / "r.json")]) == 3
    found = json.loads((tmp_path / "r.json").read_text())["obligations"]
    rows = {row["lemma"]: row for row in found}
    assert {row["status"] for row in found if row["lemma"] == "program.sorts"} == {"proved", "unknown"}
    assert rows["program.winner"]["status"] == rows["program.ranges"]["status"] == "proved"
    assert "of up to" in rows["program.ranges"]["scope"] and "every length" in rows["program.winner"]["scope"]
    assert rows["program.sorts.short"]["status"] == "proved" and rows["program.torch"]["status"] == "measured"
    assert rows["program.layer"]["status"] == rows["program.stack"]["status"] == "proved"
    text = REVERSE.replace("input[n - 1 - i]", "input[n - 1 - i] or n > 9")
    found = statuses(checked(text, tmp_path, code=3))
    assert found[EVERY] == {"proved", "unknown"} and found["program.specification.short"] == {"proved"}


def test_a_formula_without_a_value(tmp_path: Path) -> None:
    """It is an error of its own obligation, with the text."""
    rows = checked(REVERSE.replace("== input[n - 1 - i]", "== input[n - i]"), tmp_path, code=3)
    short = rows["program.specification.short"][1]
    assert short["status"] == "error" and "input[1]: expected a position in 0..0 of 'a'" in short["method"]


def changed(source: Path, target: Path, name: str, change) -> None:
    """A weights file with one tensor changed."""
    with safe_open(source, framework="numpy") as file:
        tensors, header = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()  # noqa: SIM118
    tensors[name] = np.ascontiguousarray(change(tensors[name]))
    save_file(tensors, target, header)


def test_weights(tmp_path: Path) -> None:
    """The file's own numbers are proved; a broken weight is refuted with a text, one that changes nothing is proved."""
    (tmp_path / "p.efasp").write_text(REVERSE)
    fresh, other = tmp_path / "w.safetensors", tmp_path / "other.safetensors"
    assert main(["compile", str(tmp_path / "p.efasp"), "-o", str(fresh)]) == 0
    checked(REVERSE, tmp_path, "--weights", str(fresh), code=0)
    layers = ("--lemma", "program.layer", "program.stack")
    for name in ("layers.1.q.weight", "layers.1.v.weight", "layers.0.k.weight", "token.weight", "out.weight"):
        changed(fresh, other, name, lambda w: -w)
        rows = checked(REVERSE, tmp_path, "--weights", str(other), *layers, code=1)
        (stack,) = rows["program.stack"]
        assert stack["status"] == "refuted" and stack["countermodel"]["said"].startswith("on '")
    changed(fresh, other, "layers.1.q.weight", lambda w: 2 * w)  # scores that are twice as far apart
    found = statuses(checked(REVERSE, tmp_path, "--weights", str(other), code=3))
    assert found["program.layer"] == found["program.stack"] == {"proved"} and found["program.ranges"] == {"unknown"}
    changed(fresh, other, "layers.1.q.weight", lambda w: w / 1024)
    found = statuses(checked(REVERSE, tmp_path, "--weights", str(other), *layers, code=3))
    assert "unknown" in found["program.layer"]


def test_weights_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without FILE the numbers are checked against the program in the file's own header, which is said."""
    (tmp_path / "p.efasp").write_text(REVERSE)
    fresh, other = tmp_path / "w.safetensors", tmp_path / "other.safetensors"
    assert main(["compile", str(tmp_path / "p.efasp"), "-o", str(fresh)]) == 0
    found = []
    for call in (["check", str(tmp_path / "p.efasp"), "--weights", str(fresh)], ["check", "--weights", str(fresh)]):
        capsys.readouterr()
        assert main([*call, "--json", "-"]) == 0
        said = capsys.readouterr()
        report = json.loads(said.out)
        found.append([{key: row[key] for key in ("id", "status", "hash")} for row in report["obligations"]])
        assert report["environment"]["command"] == shlex.join(["efasp", *call])
    assert found[0] == found[1]
    assert said.err == f"efasp: --weights: {fresh}: checked against the program in its own header, as no FILE is given\n"
    changed(fresh, other, "layers.1.v.weight", lambda w: -w)
    assert main(["check", "--weights", str(other), "--lemma", "program.stack"]) == 1
    assert main(["check", "--weights", str(other), "--alphabet", "ab"]) == 2
    assert capsys.readouterr().err.endswith("--alphabet: expected it with a .rasp file, found no FILE\n")


@pytest.mark.parametrize("file", sorted((ROOT / "examples").glob("*.efasp")), ids=lambda file: file.stem)
def test_the_layers_of_every_program(file: Path) -> None:
    """They compute the program, on texts of every length; those whose heads attend by place alone compute the specification."""
    module = parse_file(file)
    texts = Texts(module)
    layers = [one.discharge() for one in lowering.obligations(texts, lower(module.program)) if one.discharge]
    assert {verdict.status for verdict in layers} == {"proved"}
    whole = [discharge(obligation(texts, formula, {}, ""), ["z3"], 20).status for formula in module.ensures]
    by_place = {"first", "last", "length", "reverse", "shift", "shift_left"}
    assert (set(whole) == {"proved"}) == (file.stem in by_place) and set(whole) <= {"proved", "unknown"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--n-max", "8"), "--n-max: expected it without FILE"),
        (("--mutants",), "--mutants: expected it without FILE"),
        (("--lemma", "gates.*"), "--lemma: expected a lemma about programs (program.*), found gates.*"),
        (("--weights", "p.efasp"), "--weights: p.efasp: expected a safetensors file"),
    ],
)
def test_options(options: tuple[str, ...], message: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """Those of the machine's check are refused."""
    monkeypatch.chdir(tmp_path)
    Path("p.efasp").write_text(REVERSE)
    assert main(["check", "p.efasp", *options]) == 2
    assert message in capsys.readouterr().err


UNSHOWN = [
    # A sort that bounds alone would let pass: signs that are not together, a one-hot of none, halves, and parts of a product.
    ("let x = [TE.a, 0*TE.a] : Signs(2)", "refuted"),
    ("let x = [[TE.a, 0*TE.a], TE.b] : (Signs(2), Flag)", "refuted"),
    ("let x = [TE.a, TE.b] : OneHot(2)", "proved"),
    ("let x = [TE.a, TE.a] : OneHot(2)", "refuted"),
    ("let x = [TE.a, 0*TE.b] : OneHot(2, partial)", "proved"),
    ("let x = [TE.a, TE.b, TE.b] : (OneHot(2), Flag)", "proved"),
    ("let x = 1/2*TE.a + 1/2 : Flag", "refuted"),
    ("let x = 1/2*TE.a + 1/2*TE.b + 1/2 : Flag", "proved"),
    ("let x = 100*seq_mean(TE.a) : Int(0, 100)", "refuted"),
    ("let x = 100*seq_mean(TE.a + TE.b) : Int(0, 100)", "proved"),
    ("let x = relu(32*seq_mean(TE.a)) - relu(32*seq_mean(TE.a) - 1) : Flag", "proved"),
    ("let x = relu(31*seq_mean(TE.a)) - relu(31*seq_mean(TE.a) - 1) : Flag", "refuted"),  # 1 a of 32 letters
    ("let x = relu(60*seq_mean(TE.a) - 29) - relu(60*seq_mean(TE.a) - 30) : Flag", "unknown"),  # 15 a of 31 letters
    ("let x = relu(7*seq_mean(TE.a)) - relu(7*seq_mean(TE.a) - 1) : Flag", "refuted"),
    ("let d = 8*prefix_mean(TE.a, PE) - 8*seq_mean(TE.a)\nlet x = relu(d) - relu(d - 1) : Flag", "refuted"),  # two selections
    ("let x = relu(32*aha(TE.one, 0*TE.one, equals(PE.number, 0))) : Int(0, 32)", "refuted"),
    ("let x = aha(TE.one, TE.a, PE.number) : Int(0, 31)", "refuted"),
    ("let x = aha(TE.one, TE.a, TE.a) : Flag", "proved"),
    ("let x = aha(TE.one, 32*TE.a + PE.number, PE.number) : Int(0, 31)", "proved"),
    ("let x = aha(TE.one, 16*TE.a + PE.number, PE.number) : Int(0, 31)", "unknown"),  # a tie that no short text has
]


@pytest.mark.parametrize(("line", "status"), UNSHOWN, ids=range(len(UNSHOWN)))
def test_sorts(line: str, status: str, tmp_path: Path) -> None:
    """A declared sort is proved, refuted with a text, or unknown."""
    code = {"proved": 0, "refuted": 1, "unknown": 3}[status]
    rows = checked(f'tokens "ab"\nplaces 5\n{line}\n', tmp_path, "--lemma", "program.sorts", code=code)
    assert status in {row["status"] for row in rows["program.sorts"]}
    for row in rows["program.sorts"]:
        assert row["status"] != "refuted" or row["countermodel"]["said"].startswith("on '")


# The parts.


@settings(max_examples=60, deadline=None)
@given(st.integers(-3, 3), st.integers(-4, 4), st.integers(-2, 2), st.integers(-3, 3))
def test_winners(a: int, b: int, c: int, square: int) -> None:
    """Where a head over places is said to have one winner, it is the position that exact attention reads, at every length."""
    pe = positions(parse(REVERSE).places)
    number, squares, one = pe.field("number"), pe.field("square"), pe.one
    query = concat(combine([(a, number), (0, one)], b), combine([(0, one)], square))
    head = aha(query, concat(combine([(1, number), (0, one)], c), squares), number)
    assert isinstance(head, Attention)
    won = winner(head, Forms())
    if won is None:
        return
    for n in (1, 2, 3, 7):
        ids = [0] * n
        (got,) = evaluate(head, tokens=ids)
        for i in range(n):
            at = {1: n - 1, -1: 0}.get(won.end)
            if at is None:
                leaves = [(node, place, factor) for (node, place), factor in won.place.terms.items()]
                values = [evaluate(node, tokens=ids)[0][i][place] * factor for node, place, factor in leaves]
                at = min(max(int(sum(values) + won.place.constant), 0), n - 1)
            assert got[i].tolist() == [at]


def test_winners_that_are_not_unique() -> None:
    """Half places, scores without places, and fractions have no single winner."""
    pe = positions(parse(REVERSE).places)
    number, one = pe.field("number"), pe.one
    for query, key in [
        (concat(number, -1 * one), concat(number, pe.field("square"))),  # 2 t is odd
        (one, one), (one, 0 * number), (number, number),
        (concat(2 * number, one), concat(number, pe.field("square"))),  # convex: both ends may win
    ]:  # fmt: skip
        assert winner(aha(query, key, number), Forms()) is None  # type: ignore[arg-type]


def test_texts_are_all_the_short_ones() -> None:
    """Every text up to the length, each once, and no other."""
    texts = Texts(parse(REVERSE))
    listed = list(texts.short())
    assert len(listed) == len(set(listed)) == texts.count == sum(4**n for n in range(1, texts.length + 1))
    assert max(map(len, listed)) == texts.length and all(len(text) > texts.length for text in texts.drawn)
