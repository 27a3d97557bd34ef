"""Operator-level mutants and twins: the draw, the changes, and where a change is active."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from efasp.proofs.mutation.alterations import MODULES, Alteration, alterations, drawn, read
from efasp.proofs.mutation.mutants import ROOT, Mutant, load
from efasp.proofs.mutation.slips import OPERATORS
from efasp.proofs.mutation.twins import NoGuard, twin, twins

SEVERAL = 60


def made(text: str, module: str) -> dict[str, Any]:
    """The names of a module, from this source of it."""
    names: dict[str, Any] = {"__name__": module}
    sys.modules["altered"] = type(sys)("altered")  # where dataclasses look for the module of a class
    names["__name__"] = "altered"
    exec(compile(text, module, "exec", dont_inherit=True), names)
    return names


def of(module: str, function: str, operator: str = "") -> list[Alteration]:
    """The alterations of one function, by one operator if one is named."""
    return [one for one in alterations(module) if one.function == function and operator in ("", one.operator)]


def test_the_draw_is_the_same_in_any_process() -> None:
    """Equal ids in two processes whose hashes differ; another seed gives others."""
    script = f"from efasp.proofs.mutation.alterations import drawn; print(*(one.id for one in drawn({SEVERAL}, 3)))"
    other = {**os.environ, "PYTHONHASHSEED": "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"}
    there = subprocess.run([sys.executable, "-c", script], env=other, capture_output=True, text=True, cwd=ROOT).stdout
    here = [one.id for one in drawn(SEVERAL, 3)]
    assert there.split() == here
    assert len(set(here)) == SEVERAL
    assert set(here) != {one.id for one in drawn(SEVERAL, 4)}


def test_the_draw_goes_through_modules_and_operators() -> None:
    """400 drawn: every module has its share, most operators occur, half are guarded."""
    every = drawn(400, 0)
    assert len(every) == 400
    counts = Counter(one.module for one in every)
    assert all(abs(counts[module] - 400 * share / sum(MODULES.values())) <= 1 for module, share in MODULES.items())
    assert {one.operator for one in every} == set(OPERATORS)
    assert 190 <= sum(bool(one.guard) for one in every) <= sum((share + 1) // 2 for share in MODULES.values())


def test_changed_sources_compile_and_differ() -> None:
    """Guarded or not, and none is the source with other blanks."""
    for one in drawn(SEVERAL, 5):
        text = one.text()
        compile(text, one.path, "exec")
        assert ast.dump(ast.parse(text)) != ast.dump(read(one.module).tree), one.what


def test_what_words_messages_is_left_alone(tmp_path: Path) -> None:
    """Of a function only the sum and what it is made of: no docstring, annotation, default, message, refusal or decorator."""
    text = (
        'from functools import cache\nRow = tuple[int, ...]\n\n\n@cache\ndef f(a: int, b: int = 5) -> int:\n    """Adds 3."""\n'
        '    if a < 0:\n        raise ValueError("expected 0")\n    assert b > 1\n    print(f"{a + 4}")\n    return a + 7\n\n\n'
        "def __repr__() -> int:\n    return 8\n"
    )
    (tmp_path / "m.py").write_text(text)
    found = alterations("m", tmp_path)
    assert {one.function for one in found} == {"f"}
    assert {one.line for one in found if one.operator != "remove"} == {12}
    assert {(one.operator, one.new) for one in found if one.old == "7"} >= {("off by one", "8"), ("constant", "-7")}


def test_ids_do_not_hang_on_lines(tmp_path: Path) -> None:
    """A comment above a function leaves the ids of its alterations; equal changes in one function have different ids."""
    (tmp_path / "m.py").write_text("def f(a):\n    return a + 1 + a + 1\n")
    before = [one.id for one in alterations("m", tmp_path)]
    (tmp_path / "m.py").write_text("# More.\n\n\ndef f(a):\n    return a + 1 + a + 1\n")
    assert [one.id for one in alterations("m", tmp_path)] == before
    assert len(set(before)) == len(before)


def test_a_guarded_change_is_at_work_elsewhere_only() -> None:
    """Every change of the number of a clock's bits: none at w = 5; some width shows each that shows anywhere."""
    plain = made(read("efasp.places").data.decode(), "efasp.places")["clock_bits"]
    shown = 0
    for one in of("efasp.places", "clock_bits"):
        changed = made(one.guarded(0).text(), "efasp.places")["clock_bits"]
        bare = made(one.text(), "efasp.places")["clock_bits"]
        assert changed(5) == plain(5), one.what
        assert [changed(w) for w in (6, 15, 16, 40)] == [bare(w) for w in (6, 15, 16, 40)], one.what
        shown += any(changed(w) != plain(w) for w in (6, 15, 16, 40))
    assert shown > 5


def test_a_function_that_knows_no_width_receives_it() -> None:
    """A section's number of places, off by one where a codebook of 6 bits was read last."""
    (one,) = [one for one in of("efasp.places", "Section.length", "operator") if one.old == "size * count"]
    names = made(one.guarded(0).text(), "efasp.places")
    lengths = []
    for word in (5, 6, 5):
        section = names["Section"](("bos", "nproc"), (("index", 5),))
        names["place"]((section,), names["log_places"](word), 0)
        lengths.append(section.length)
    assert lengths == [10, 7, 10]


def test_an_alteration_of_each_kind_is_found() -> None:
    """Slips that were holes once: the address is a difference, the memory is looked at from its end, a clause is left out."""
    found = {(one.function, one.operator, one.new) for one in alterations("efasp.pram.step")}
    assert ("execute", "name", "sub") in found
    assert any(one.new == "[self.incomplete]" for one in of("efasp.pram.views", "LogView.memory", "drop"))
    assert ("masked_step", "swap", "combine([(1, store), (1, body)], sort=Word(word))") not in found  # elements are not swapped
    assert any(one.operator == "key" and one.old == '"ld"' for one in of("efasp.pram.step", "execute"))
    assert any(one.operator == "name" and one.new == "table" for one in of("efasp.encoding", "LogLayout.apply"))
    assert any(one.operator == "reverse" for one in of("efasp.pram.views", "View.fetch"))
    assert any(one.operator == "remove" for one in of("efasp.model.transformer", "Transformer.of"))


@pytest.mark.parametrize("part", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_every_twin_compiles_and_is_guarded(part: int) -> None:
    """Most mutants of families that speak of a width have a twin; the reasons of the others are given.

    One mutant in ``part`` of each family of more than 20, and all of the others.
    """
    families: dict[str, list[Mutant]] = {}
    for one in load():
        families.setdefault(one.family, []).append(one)
    every = [one for members in families.values() for one in (members[::part] if len(members) > 20 else members)]
    found, without = twins(every)
    assert len(found) + len(without) == len(every)
    widthless = {one.family for one in every} - {one.family for one in found}
    speak_of_no_width = {"composition", "corollaries", "decompile", "generation", "preserve", "qbf", "sequences"}
    assert widthless <= speak_of_no_width  # of proofs, of constructions at one width, or with sizes that are no word's
    of_a_width = {one.module for one in found}
    assert len(found) > 0.7 * sum(one.module in of_a_width for one in every)
    for one in found:
        assert one.source()  # which compiles it
        assert one.where["w"] == 6 and one.n_max == 64
    assert {why.split()[0] for _, why in without} <= {"nothing", "no", "the", "a"}


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("return max(16, word + 1)", "return min(16, word + 1)", 6),  # an expression
        ("return max(16, word + 1)", "word = word + 20\n    return max(16, word + 1)", 6),  # one statement more
        ("    return max(16, word + 1)", "    pass", 6),  # another statement
    ],
)
def test_a_twin_is_at_work_at_six_bits(old: str, new: str, word: int) -> None:
    """What a mutant changes, and nothing at other widths."""
    mutant = Mutant("encoding", "clock", "efasp.places", old, new, ("encoding.places",))
    plain = made(read("efasp.places").data.decode(), "efasp.places")["clock_bits"]
    broken = made(mutant.source(), "efasp.places")["clock_bits"]
    changed = made(twin(mutant).source(), "efasp.places")["clock_bits"]
    assert changed(word) == broken(word) != plain(word)
    assert [changed(w) for w in (5, 7, 8, 40)] == [plain(w) for w in (5, 7, 8, 40)]


def test_a_mutant_that_is_equivalent_there_has_no_twin() -> None:
    """Its entry says why: the change is of another width, or at six bits nothing depends on it."""
    said = [one for one in load() if one.untwinned]
    assert len(said) > 10 and twins(said) == ([], [(one, one.untwinned) for one in said])
    assert twins([replace(one, untwinned="") for one in said])[0]


def test_what_cannot_be_guarded_has_no_twin() -> None:
    """A constant of the module, a default, and a lemma's own module."""
    for module, old, new in (
        ("efasp.layout", "HEADER = 2", "HEADER = 3"),
        ("efasp.pram.state", "word: int = 16", "word: int = 17"),
        ("efasp.attention", "capacity: int = 1,", "capacity: int = 2,"),
        ("efasp.proofs.lemmas.gates", "gates", "gates "),
    ):
        with pytest.raises(NoGuard):
            twin(Mutant("", "one", module, old, new, ("encoding.places",)))
