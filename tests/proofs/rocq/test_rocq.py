"""The theorems for all n: they compile, assume nothing, and speak of the operators' own rows."""

from __future__ import annotations

import inspect
import re
import shutil
import sys
import tomllib
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from efasp import pointwise
from efasp.operators import OPERATORS
from efasp.proofs.obligation import Regime
from efasp.proofs.registry import batches
from efasp.proofs.rocq import export, library_text, mutants
from efasp.proofs.rocq.build import (
    BASE_FILES,
    BUILD,
    CHECKER_FILES,
    FILES,
    KERNEL_FILES,
    PROOF_FILES,
    READ,
    READOUT_FILES,
    SOUND,
    STATED,
    THEOREM_FILES,
    RocqError,
    Theorem,
    assumptions,
    backed,
    compiled,
    coqc,
    programs,
    sources,
    theorems,
    theory,
    wrong,
)
from efasp.sorts import Flag, Signs
from efasp.syntax import Parameter
from tests.pages import ROOT

needs_coqc = pytest.mark.needs("coqc", "ocamlopt")
MUTANTS = tomllib.loads((ROOT / "proofs" / "mutants" / "gates.toml").read_text())["mutant"]
IN_OPERATORS = [m for m in MUTANTS if m["module"] == "efasp.pointwise" and "gates.exhausted" not in m["lemmas"]]
# Lemmas that theorems back and that have no obligation of their own: the bound on exp is shown by the kernel alone.
BY_THE_KERNEL = {"numerics.softmax"}


@contextmanager
def mutated(mutant: dict[str, Any]) -> Iterator[None]:
    """The pointwise operators with one passage of their source replaced."""
    source = inspect.getsource(pointwise)
    assert mutant["old"] in source
    registered, module = dict(OPERATORS), types.ModuleType("mutated_pointwise")
    sys.modules[module.__name__] = module
    try:
        exec(compile(source.replace(mutant["old"], mutant["new"]), module.__name__, "exec"), module.__dict__)
        yield
    finally:
        OPERATORS.update(registered)
        del sys.modules[module.__name__]


def changed(mutant: dict[str, Any]) -> list[str]:
    """The examples of Generated.v that a mutant changes, at w = 8, of the operators that it names."""
    names = [lemma.removeprefix("gates.") for lemma in mutant["lemmas"]]
    right = set(export.pointwise(8, names))
    with mutated(mutant):
        return [example for example in export.pointwise(8, names) if example not in right]


@needs_coqc
def test_the_theorems_compile_and_assume_nothing() -> None:
    """Closed under the global context; about real numbers, the standard library's axioms of those."""
    compiled(sources(READOUT_FILES), BUILD)
    programs()
    named = [*(theorem for theorem in theorems() if theorem.file in FILES), *SOUND, *READ]
    found = assumptions(named)
    print(found)
    assert wrong(found) == []
    assert set(found) == {theorem.file for theorem in named}


@needs_coqc
@pytest.mark.slow
def test_the_statement_is_closed_and_plans_run_in_the_kernel() -> None:
    """The propositions and what is shown of them assume nothing; the kernel computes the runs of the compiled plans."""
    compiled(sources(PROOF_FILES), BUILD)
    named = [*(theorem for theorem in theorems() if theorem.file not in FILES), *STATED]
    found = assumptions(named)
    assert found == dict.fromkeys((theorem.file for theorem in named), ())


@needs_coqc
def test_a_read_out_that_is_not_the_rule_is_refused() -> None:
    """A generator's numbers with one token more, or another chance, are not those of the theorem; nor is a row too few."""
    text = sources(["Readouts"])["Readouts"]
    compiled(sources(READOUT_FILES), BUILD)
    for old, new in (("([3; 4], (0, 16, 9))", "([3], (0, 16, 9))"), ("(0, 16, 9)", "(0, 16, 8)"), ("([2], (0, 0, 0));\n", "")):
        assert old in text
        source = BUILD / "ReadoutsChanged.v"
        source.write_text(text.replace(old, new, 1))
        with pytest.raises(RocqError, match="does not compile"):
            coqc(source)
        source.unlink()


def first_broken(folder: Path, name: str, old: str, new: str) -> str:
    """The first theorem or lemma of a theory that fails where one passage is another. What it rests on is in the folder."""
    text = theory(name).read_text()
    assert old in text
    text = text.replace(old, new, 1)
    (folder / "Changed.v").write_text(text)
    with pytest.raises(RocqError, match=r"Changed.v does not compile") as raised:
        coqc(folder / "Changed.v")
    line = int(re.findall(r"line (\d+)", str(raised.value))[0])
    found: list[str] = re.findall(r"^(?:Theorem|Lemma) (\w+)", "\n".join(text.splitlines()[:line]), flags=re.MULTILINE)
    return found[-1]


@needs_coqc
@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "broken"),
    [
        ("| Common => alike written", "| Common => true", "legal_weaker"),
        ("| CREW => exclusive (map fst written)", "| CREW => true", "legal_weaker"),
        ("negb (a =? b) || (v =? u)", "negb (a =? b) || true", "alike_same"),
        ("Priority => stored a es = Some v | _ =>", "Priority | _ =>", "step_moves"),
        ("(read (ra i) + read (rx i)) mod size w", "read (ra i) mod size w", "loads_all"),
        ("then None else Some address", "then Some address else Some address", "loads_needed"),
        ("which <> Arbitrary -> run_under which w p t r ->\n", "run_under which w p t r ->\n", "simulates"),
    ],
)
def test_a_changed_policy_does_not_compile(tmp_path: Path, old: str, new: str, broken: str) -> None:
    """Machines of policies that are defined otherwise break the theorem that is named: none holds of whatever is written."""
    compiled(sources((*BASE_FILES, *THEOREM_FILES)), BUILD)
    for built in BUILD.glob("*.vo"):
        (tmp_path / built.name).symlink_to(built)
    assert first_broken(tmp_path, "Policies", old, new) == broken


def test_every_listed_change_is_one_of_its_file() -> None:
    """Its passages are there once each; those of programs' texts are tried with these texts."""
    for change in mutants.load():
        if change.file not in library_text.TEXTS:
            assert change.of(theory(change.file).read_text()) != theory(change.file).read_text()


def test_where_a_changed_file_fails() -> None:
    """In a proof, which it breaks, or outside, where the change itself is wrong."""
    text = "Definition a := 1.\nLemma b : a = 1.\nProof. reflexivity. Qed.\nDefinition c := a.\n"
    places = {(1, 11): False, (2, 10): False, (3, 7): True, (3, 20): True, (4, 0): False}
    for (line, character), inside in places.items():
        message = f"warns in line 3, characters 7-8; line {line}, characters {character}-30:"
        assert mutants.in_a_proof(text, message) == inside


# Of each file of definitions that is changed: the files of which one no longer compiles.
BROKEN = {"Programs": {"Decompiled", "Compiled"}, "MaskedArmPlan": {"MaskedArmRows", "MaskedArmRight"}, "Dyck": {"ClausesDyck"}}


@needs_coqc
@pytest.mark.slow
@pytest.mark.parametrize(
    "change", [change for change in mutants.load() if change.file in BROKEN], ids=lambda change: change.name
)
def test_a_changed_construction_does_not_compile(change: mutants.Change) -> None:
    """Another meaning of programs; another program, plan or Masked-ARM that is made of one; other words or another grammar of
    brackets: each breaks a proof about it."""
    compiled(sources(PROOF_FILES), BUILD)
    assert mutants.broken(change, sources(PROOF_FILES)) in BROKEN[change.file]


@needs_coqc
@pytest.mark.slow
def test_a_text_that_is_not_the_program_of_the_theorem_is_refused() -> None:
    """Queries and keys exchanged, a coefficient, a unit's constant or a width changed: none is the program of that plan."""
    text = sources(["Written"])["Written"]
    compiled(sources(PROOF_FILES), BUILD)
    for old, new in (
        ("Averaged n4 n5 n6", "Averaged n5 n4 n6"),
        ("(4%nat, (3 # 1))", "(4%nat, (-3 # 1))"),
        ("(-1 # 1)] n13", "(1 # 1)] n13"),
        ("Concat [(3%nat, n13)", "Concat [(4%nat, n13)"),
    ):
        assert old in text
        source = BUILD / "WrittenChanged.v"
        source.write_text(text.replace(old, new, 1))
        with pytest.raises(RocqError, match="does not compile"):
            coqc(source)
        source.unlink()


def test_nothing_is_admitted() -> None:
    """No file has an axiom or a proof left open (what is written by hand has none even in what no theorem uses)."""
    for name in dict.fromkeys((*FILES, *CHECKER_FILES, *KERNEL_FILES, *PROOF_FILES)):
        text = sources([name])[name]
        code = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
        assert not re.search(r"\b(Admitted|admit|Axioms?|Parameters?|Conjecture|Abort)\b", code), name


def test_the_generated_file_is_what_the_operators_give() -> None:
    """The committed text is the one that is written now; writing it twice gives the same."""
    assert export.GENERATED.read_text() == export.text() == export.text()


def test_every_theorem_backs_a_lemma_that_there_is() -> None:
    """The lemmas named in the files are registered, and every operator but those over selections has a theorem."""
    registered = {name for batch in batches(Regime(64)) for name in batch.lemmas}
    assert set(backed()) - registered <= BY_THE_KERNEL
    families = {"pointwise": "gates", "attention": "attention", "positional": "attention"}
    assert {f"{families[o.kind]}.{o.name}" for o in OPERATORS.values() if o.kind in families} <= set(backed())
    assert {"simulation.kept", "simulation.priority", "simulation.slots", "numerics.softmax"} <= set(backed())


@pytest.mark.parametrize("mutant", IN_OPERATORS, ids=lambda mutant: mutant["name"])
def test_a_mutated_operator_changes_the_text(mutant: dict[str, Any]) -> None:
    """Every mutant of the family gates gives other rows."""
    assert changed(mutant)


@needs_coqc
def test_rows_of_a_mutated_operator_do_not_compile(tmp_path: Path) -> None:
    """The kernel does not find the rows of the theorem in those of a mutant; it does in the right ones."""
    header = "From Efasp Require Import Form Gates.\n"
    compiled(sources(FILES), BUILD)
    for name in ("Form", "Gates"):
        shutil.copy(BUILD / f"{name}.vo", tmp_path)
    compiled({"Right": header + "\n".join(export.pointwise(8, ["add", "select"]))}, tmp_path)
    for name in ("add", "select"):
        mutant = next(m for m in IN_OPERATORS if m["lemmas"] == [f"gates.{name}"])
        with pytest.raises(RocqError, match=r"Broken.v does not compile"):
            compiled({"Broken": header + changed(mutant)[0]}, tmp_path)


@needs_coqc
def test_an_admitted_theorem_is_seen(tmp_path: Path) -> None:
    """What a theorem assumes is reported by name."""
    compiled({"Bad": "Theorem bad : 1 = 2. Admitted.\nTheorem good : 1 = 1. Proof. reflexivity. Qed.\n"}, tmp_path)
    found = assumptions([Theorem("Bad", "good", ()), Theorem("Bad", "bad", ())], tmp_path)
    assert wrong(found) == ["Bad: assumes Bad.bad"]


def test_fractions_have_no_rows() -> None:
    """A row with a fraction is refused, not rounded."""
    signs, present = Parameter("signs", Signs(2)), Parameter("present", Flag())
    with pytest.raises(ValueError, match="expected integers, found 1/2"):
        export.Rows.over({signs: 0, present: 1}).of(pointwise.unsigned(signs, present))
