"""Family kernel: emitted plans are accepted by the theorems, a changed file is not; and what is missing or misread is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from efasp.checker.selection import regime_of
from efasp.exact import Matrix
from efasp.model.compile import compile_machine
from efasp.model.plan import Plan
from efasp.paper_artifacts.cli import main
from efasp.proofs.lemmas import kernel
from efasp.proofs.lemmas.specialised import LOOP
from efasp.proofs.obligation import Machine, Regime, Verdict
from efasp.proofs.rocq import build

needs_coqc = pytest.mark.needs("coqc", "ocamlopt")
FIVE = Machine(5, "apmdm", "", (1, 32))
ALONE = Machine(6, "mdm", "", (1, 64), LOOP)


def changed(plan: Plan) -> Plan:
    """A plan with one entry of the read-out doubled."""
    rows = list(plan.out.rows)
    rows[3] = tuple((column, 2 * c) for column, c in rows[3])
    return replace(plan, out=Matrix(rows, plan.out.columns))


def test_obligations_are_made_where_they_are_asked_for() -> None:
    """One a machine of the regime, with all programs in the scope; none by default."""
    assert list(kernel.accepted(Regime(64))) == []
    made = [o for batch in kernel.accepted(Regime(64, kernel=True)) for o in batch.build()]
    assert [o.params for o in made] == [machine.params for machine in Regime(64).machines()]
    assert all("all programs" in o.scope and o.scope.endswith("kernel") for o in made)


def test_of_a_file_of_one_program_there_is_one_obligation() -> None:
    """About the file's plan and its program: of other instructions it is another one."""
    contents = set()
    for code in (LOOP, LOOP[::-1]):
        machine = replace(ALONE, code=code)
        (batch,) = kernel.accepted(Regime(64, (machine, ALONE.fresh), True))
        (made,) = batch.build()
        assert made.params == machine.params and made.scope == "the program, all P, M <= 2^w, T < 2^16; kernel"
        contents.add(made.content)
    assert len(contents) == 2


@needs_coqc
def test_a_fresh_plan_is_accepted_and_a_changed_one_is_not() -> None:
    """A fresh plan that is not accepted is refuted; of a file it is said whether the fresh compile is accepted."""
    plan = compile_machine(5, "apmdm")
    assert kernel.discharged(FIVE, plan, False).status == "proved"
    verdict = kernel.discharged(FIVE, changed(plan), True)
    assert (verdict.status, verdict.method) == ("unknown", kernel.EQUIVALENT)
    assert kernel.discharged(FIVE, changed(plan), False) == Verdict("refuted", kernel.REJECTED)


@needs_coqc
@pytest.mark.parametrize(("machine", "theorem"), [(FIVE, "accepts_sound"), (ALONE, "accepts_one_sound")])
def test_the_theorem_is_named(machine: Machine, theorem: str) -> None:
    """That of universal machines, or of one program; a changed file of either is not accepted, and its fresh compile is."""
    verdict = kernel.discharged(machine, machine.fresh, True)
    assert (verdict.status, verdict.method) == ("proved", f"Rocq: theorem {theorem}, by plan-check")
    assert kernel.discharged(machine, changed(machine.fresh), True).method == kernel.EQUIVALENT


@needs_coqc
def test_the_plan_of_another_program_is_not_accepted() -> None:
    """Nor that of the universal machine."""
    for other in (ALONE.universal, replace(ALONE, code=LOOP[::-1])):
        assert kernel.discharged(ALONE, other.fresh, False) == Verdict("refuted", kernel.REJECTED)


@needs_coqc
def test_a_text_that_is_read_otherwise_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is printed back is compared with the plan and the instructions that were written, before anything is accepted."""
    accepts = kernel.kernel.accepts

    def misread(*given: Any) -> tuple[bool, str]:
        answer, read = accepts(*given)
        return answer, read.replace("1", "2", 1)

    monkeypatch.setattr(kernel.kernel, "accepts", misread)
    for machine, said in ((FIVE, "the plan otherwise, from line"), (ALONE, "the code and the plan otherwise, from line 1 on")):
        verdict = kernel.discharged(machine, machine.fresh, False)
        assert verdict.status == "error" and f"reads the text of {said}" in verdict.method


def test_without_rocq_the_option_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is discharged, with the reason; and audit asks for the option."""

    def missing(names: object, on_file: object) -> dict[str, Path]:
        raise build.RocqError(build.MISSING)

    monkeypatch.setattr("efasp.checker.extracted.programs", missing)
    assert main(["check", "--kernel"]) == 2
    assert "--kernel: coqc not found" in capsys.readouterr().err
    assert main(["check", "--kernel", "--lemma", "kernel.*", "--n-max", "4", "--list"]) == 0
    assert "kernel.accepts[" in capsys.readouterr().out
    assert main(["check", "--lemma", "kernel.*"]) == 2
    assert "--lemma: expected --kernel with kernel.*, as its lemmas need Rocq" in capsys.readouterr().err
    assert main(["audit", "kernel.accepts"]) == 2
    assert "expected --kernel with it" in capsys.readouterr().err
    assert not regime_of(None, 64)[0].kernel


@needs_coqc
def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    """All four machines of n <= 32 are accepted."""
    assert main(["check", "--kernel", "--lemma", "kernel.*", "--n-max", "32", "--no-cache"]) == 0
    assert "4 proved" in capsys.readouterr().out
