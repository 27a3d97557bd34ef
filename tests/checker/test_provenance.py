"""A report says which run it is of: its command, options, file, commit and date; and what of them had no effect."""

from __future__ import annotations

import hashlib
import json
import shlex
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from efasp.checker import provenance
from efasp.checker.options import RunOptions
from efasp.paper_artifacts.cli import main


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A weights file; verdicts are cached beside it."""
    monkeypatch.setenv("EFASP_STORE", str(tmp_path / "store" / "checks.sqlite"))
    path = tmp_path / "my file.safetensors"
    assert main(["export", "--word", "5", "--engine", "apmdm", str(path)]) == 0
    return path


@pytest.mark.asks_for("coqc")
def test_a_report_of_a_file(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file's name and digest, the machine that it is for, every option, and a command that gives the same verdicts; it
    is all on the pages too."""
    asked = ["check", "--weights", str(file), "--lemma", "numerics.dyadic", "numerics.finite", "--no-cache", "--json"]
    assert main([*asked, str(tmp_path / "first.json"), "--html", str(tmp_path / "pages")]) == 0
    first = json.loads((tmp_path / "first.json").read_text())
    said, digest = first["environment"], hashlib.sha256(file.read_bytes()).hexdigest()
    assert said["weights"] == {"file": str(file), "sha256": digest, "word": 5, "engine": "apmdm", "extension": ""}
    assert said["options"]["lemma"] == ["numerics.dyadic", "numerics.finite"] and said["options"]["timeout"] == 60.0
    assert said["torch"] and said["sympy"] and datetime.fromisoformat(said["date"]).tzinfo
    name, *arguments = shlex.split(said["command"])
    assert name == "efasp" and main([*arguments, "--json", str(tmp_path / "second.json")]) == 0
    second = json.loads((tmp_path / "second.json").read_text())
    assert [(row["id"], row["status"], row["hash"]) for row in first["obligations"]] == [
        (row["id"], row["status"], row["hash"]) for row in second["obligations"]
    ]
    page = (tmp_path / "pages" / "index.html").read_text()
    assert digest in page and "my file.safetensors" in page and said["date"] in page
    footer = page.partition("<footer>")[2]
    assert "--lemma numerics.dyadic numerics.finite" in footer and "--html" in footer and "efasp 0." in footer
    capsys.readouterr()


def test_options_with_their_defaults_are_left_out() -> None:
    """The command is as short as it can be, and quoted for a shell."""
    assert provenance.command("check", RunOptions()) == "efasp check"
    options = RunOptions(n_max=9, lemma=("gates.*",), mutants=True, timeout=5.0)
    assert provenance.command("check", options) == "efasp check --n-max 9 --lemma 'gates.*' --timeout 5.0 --mutants"


def test_the_commit_is_of_a_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a sign where files are changed; there is none outside a repository, nor without one."""
    monkeypatch.setattr(provenance, "commit", provenance.commit.__wrapped__)
    monkeypatch.setattr(provenance, "checkout", lambda: None)
    assert provenance.commit() is None
    monkeypatch.setattr(provenance, "checkout", lambda: tmp_path)
    assert provenance.commit() is None
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "First"]):
        subprocess.run([*git, *words], check=True)
    found = provenance.commit()
    assert found and len(found) == 40
    (tmp_path / "new").touch()
    assert provenance.commit() == f"{found}+"


def test_what_has_no_effect_is_said(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Changes without a file, a bound above the file's words, outputs of a run that discharges nothing; a lemma about no file
    is refused."""
    assert main(["check", "--lemma", "gates.add", "--n-max", "4", "--changes", "3"]) == 0
    assert "--changes: no effect without --weights FILE and --mutants" in capsys.readouterr().err
    assert main(["check", "--weights", str(file), "--lemma", "numerics.dyadic", "--n-max", "99"]) == 0
    assert f"--n-max 99: {file} is for n <= 32" in capsys.readouterr().err
    assert main(["check", "--list", "--lemma", "gates.add", "--json", str(tmp_path / "none.json")]) == 0
    assert "--json: no effect with --list" in capsys.readouterr().err and not (tmp_path / "none.json").exists()
    assert main(["check", "--weights", str(file), "--lemma", "gates.add"]) == 2
    assert "expected a lemma about the transformer of a weights file, found gates.add" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run FILE --engine reference --attention dense", "--attention: no effect with --engine reference"),
        ("run FILE --engine reference --attention indexed", "--attention: no effect with --engine reference"),
        ("run FILE --engine marm --attention indexed", "--attention: no effect with --engine marm, whose passes are dense"),
        ("run FILE --engine marm --attention dense", None),
        ("run FILE --engine mdm --attention indexed", None),
        ("run FILE --engine reference", None),
        ("trace FILE --engine apmdm --steps 2 --id X", "--id: no effect with FILE"),
        ("trace FILE --engine apmdm --step 1 --steps 9", "--steps: no effect with --step"),
        ("trace FILE --engine apmdm --step 1 --word 6 --position 0", None),
        ("trace --generate dyck --steps 1 --word 4 --position 1", "--word, --position: no effect with --generate"),
    ],
)
def test_an_option_that_an_engine_or_a_trace_does_not_use_is_named(
    command: str, said: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error; nothing is said of options that are used."""
    if "marm" in command or "mdm" in command:
        pytest.importorskip("torch", reason="torch is not installed")
    file = tmp_path / "file.pram"
    file.write_text(".word 5\n.memory 2\nmov r1, 3\nst r1, [1]\nhalt\n")
    main(command.replace("FILE", str(file)).split())
    found = capsys.readouterr().err
    assert said in found if said else "no effect" not in found


def test_a_countermodel_is_shown_whatever_the_options_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The options of a run that have no effect on a countermodel are named, all in one line."""
    assert main(["trace", "--case", str(tmp_path / "none"), "--engine", "mdm", "--policy", "erew", "--step", "2"]) == 2
    assert "efasp: --policy, --engine, --step: no effect with --case\n" in capsys.readouterr().err
