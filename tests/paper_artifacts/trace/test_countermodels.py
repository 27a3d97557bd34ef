"""Countermodels in the trace: a weight is changed on purpose, and the refutation is seen from the report to the value."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from efasp.model.readback import read_plan
from efasp.paper_artifacts.cli import main
from efasp.paper_artifacts.trace.countermodels import CaseError, replayed
from efasp.pram.assembler import assemble
from efasp.proofs.lemmas.bounded import disagreement
from efasp.proofs.obligation import Machine
from tests.paper_artifacts.report.test_site import dumped

BROKEN = "layers.2.up.weight"  # the third layer's feed-forward block, w = 5


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the weights of w = 5 in which one number has the other sign, and what `efasp check` says of it."""
    pytest.importorskip("torch", reason="torch is not installed")
    folder = tmp_path_factory.mktemp("broken")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFASP_STORE", str(folder / "store" / "checks.sqlite"))
        weights = folder / "weights.safetensors"
        assert main(["export", "--word", "5", "--engine", "apmdm", str(weights)]) == 0
        values = load_file(weights)
        with safe_open(weights, "numpy") as file:
            said = file.metadata()
        rows, columns = np.nonzero(values[BROKEN])
        at = rows[len(rows) // 2], columns[len(rows) // 2]
        values[BROKEN] = values[BROKEN].copy()
        values[BROKEN][at] *= -1
        save_file(values, weights, metadata=said)
        command = ["check", "--weights", str(weights), "--lemma", "lowering.stack", "--lemma", "bounded.steps", "--jobs", "1"]
        assert main([*command, "--json", str(folder / "report.json"), "--html", str(folder / "pages")]) == 1
    return folder


def page_data(path: Path) -> dict:
    """The data of a trace page."""
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text(), re.DOTALL)
    assert found
    data: dict = json.loads(found[1])
    return data


def test_the_refutation_is_red_all_the_way_up(broken: Path) -> None:
    """The lemma, and every claim that rests on it, down to the page of the countermodel."""
    pages = broken / "pages"
    lemma = (pages / "lemma" / "lowering.stack.html").read_text()
    assert '<span class="chip refuted">' in lemma and 'href="../case/1.html"' in lemma
    assert "This countermodel in the transformer, at the first value that differs" in lemma
    assert "<code>--lemma lowering.stack bounded.steps</code> alone" in (pages / "index.html").read_text()
    assert '<span class="chip refuted">' in (pages / "claim" / "T4.html").read_text()
    row = re.search(r"<tr[^>]*>(?:(?!</tr>).)*claim/T4\.html.*?</tr>", (pages / "index.html").read_text(), re.DOTALL)
    assert row and "refuted" in row[0]
    assert "refuted" in (pages / "graph.html").read_text()
    data = page_data(pages / "case" / "1.html")
    assert data["frames"][-1]["differs"] and dict(data["facts"])["obligation"].startswith("lowering.stack[w=5,engine=apmdm")


def test_the_countermodel_opens_at_the_first_value_that_differs(broken: Path, tmp_path: Path) -> None:
    """The machine's step beside the transformer's, the position that is wrong, and the field that is wrong first."""
    page = tmp_path / "case.html"
    command = ["trace", "--case", str(broken / "report.json"), "--weights", str(broken / "weights.safetensors")]
    assert main([*command, "--html", str(page)]) == 1
    data = page_data(page)
    (frame,), facts = data["frames"], dict(data["facts"])
    said = next(r for r in json.loads((broken / "report.json").read_text())["obligations"] if r["lemma"] == "lowering.stack")
    found = said["countermodel"]
    assert f"{found['what']}: expected {found['expected']}, got {found['got']}" in frame["differs"]
    at, pid = frame["at"], found["processor"]
    assert frame["places"][at].startswith(f"counter index={pid}") and frame["after"][at] == str(found["got"])
    assert frame["state"] != frame["expected"] and f"pc {found['expected']}," in frame["expected"][1 + pid]
    wrong = [title for title, fields in frame["views"][str(at)]["fields"] if any(wanted for *_, wanted in fields)]
    assert (
        wrong
        and wrong[0] == "layer 3, feed-forward"
        and facts["first value of the residual stream"].startswith("after layer 3, feed")
    )


@pytest.mark.needs("chromium")
def test_the_page_opens_there_in_a_browser(broken: Path) -> None:
    """The position that is wrong is chosen, and the first sublayer with a field that is wrong is open."""
    page = dumped(broken / "pages" / "case" / "1.html")
    assert re.search(r'class="cell unmasked at chosen"', page) and "First difference: processor" in page
    opened = re.search(r"<details open[^>]*><summary>([^<]*)</summary>", page)
    assert opened and opened[1].startswith("after layer 3, feed-forward") and "in a fresh compile" in page


@pytest.mark.parametrize("name", ["lowering.stack[w=5,engine=apmdm,ext=none]", "bounded.steps[w=5,engine=apmdm,ext=none]"])
def test_a_named_obligation_as_text(broken: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Both lists of states are found again; with a fresh compile in the place of the weights nothing differs."""
    command = ["trace", "--case", str(broken / "report.json"), "--id", name]
    assert main([*command, "--weights", str(broken / "weights.safetensors")]) == 1
    text, said = capsys.readouterr()
    assert said == "" and f"obligation: {name}" in text and "first difference: processor" in text and "fresh compile" in text
    assert main(command) == 0
    text, said = capsys.readouterr()
    assert "replayed exactly: as the machine" in text
    assert f"is of --weights {broken / 'weights.safetensors'}" in said and "a fresh compile is replayed in its place" in said


def test_a_program_is_run_to_the_step_that_is_wrong(broken: Path) -> None:
    """A countermodel with a program: every step until there, the last one wrong as the report says."""
    word, engine, extension, plan = read_plan(broken / "weights.safetensors")
    machine = Machine(word, engine, extension, (1, 32))
    program = assemble(".word 5\n.processors 2\n.memory 3\nld r1, [0]\njz r1, 3\nhalt\nhalt\n", "program")
    said = disagreement(machine, plan, program, 3)
    assert said is not None and said["step"] == 2
    row = {"id": "x", "lemma": "bounded.machine", "method": "z3", "params": machine.params, "countermodel": said}
    found = replayed(row, 32, (machine, plan))
    assert [frame.step for frame in found.frames] == [1, 2]
    assert found.frames[0].differs is None and found.frames[1].differs is not None and found.frames[1].at is not None


def test_a_countermodel_of_no_machine() -> None:
    """Its fields are shown, and that there is no more."""
    row = {"id": "gates.and[w=5]", "lemma": "gates.and", "method": "z3", "params": {"w": 5},
           "countermodel": {"given": {"a": 1, "b": [1, 0]}, "got": "1", "expected": "0"}}  # fmt: skip
    found = replayed(row, 64)
    assert found.tracer is None and ("given", "a = 1, b = 1 0") in found.facts and found.data["frames"] == []


def test_a_foreign_countermodel_is_refused() -> None:
    """A state that there is not."""
    said = {"w": 5, "engine": "mdm", "state": 10**9}
    row = {"id": "x[w=5]", "lemma": "x", "method": "z3", "params": {"ext": "none"}, "countermodel": said}
    with pytest.raises(CaseError, match=r"x\[w=5\]: expected a countermodel of this package"):
        replayed(row, 64)


def test_other_weights_are_refused(broken: Path) -> None:
    """A report of one transformer, the weights of another."""
    word, engine, extension, plan = read_plan(broken / "weights.safetensors")
    said = {"w": 6, "engine": "mdm", "state": 0}
    row = {"id": "x", "lemma": "x", "method": "z3", "params": {"ext": "none"}, "countermodel": said}
    with pytest.raises(CaseError, match="expected weights of w = 6, engine = mdm, ext = none, found w = 5, engine = apmdm"):
        replayed(row, 64, (Machine(word, engine, extension, (1, 32)), plan))


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--case", "no-such-file"], "no-such-file"),
        (["--case", "{report}", "--id", "no.such"], "--id"),
        (["--case", "{weights}"], "efasp check --json"),
        (["--case", "{report}", "some.pram"], "both"),
        ([], "--case"),
        (["some.pram"], "--engine"),
    ],
)
def test_bad_usage(broken: Path, arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and a message that names the flag or file."""
    files = {"report": broken / "report.json", "weights": broken / "weights.safetensors"}
    assert main(["trace", *(argument.format(**files) for argument in arguments)]) == 2
    assert named in capsys.readouterr().err
