"""`efasp train`, `efasp check --learned`, and `efasp eval` of a checkpoint."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from efasp.model.learned import checkpoint
from efasp.paper_artifacts.cli import main
from tests.model.test_learned import CHECKPOINTS, ROOT

RIGHT, WRONG = (
    ROOT / "paper_artifacts/learned/parity-0.safetensors",
    ROOT / "paper_artifacts/learned/parity-published-4.safetensors",
)
KEYS = {"n_max", "summary", "obligations", "mutants", "environment"}


def test_a_right_encoder_is_proved(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0, a row a lemma, and the bound on the passes."""
    pytest.importorskip("torch", reason="torch is not installed")
    assert main(["check", "--learned", str(RIGHT), "--task", "parity"]) == 0
    said = capsys.readouterr().out
    assert "2 proved, 2 measured" in said and "at most 2 (n + 1) passes for n letters" in said


def test_a_wrong_encoder_is_refuted_with_a_string(capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and JSON with the string, its answer, and what its decoding is."""
    pytest.importorskip("torch", reason="torch is not installed")
    assert main(["check", "--learned", str(WRONG), "--task", "parity", "--json", "-"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert set(report) == KEYS and report["summary"]["refuted"] == 2
    row = {one["lemma"]: one for one in report["obligations"]}["learned.every_length"]
    assert row["status"] == "refuted" and row["id"].startswith("learned.every_length[task=parity-published,file=")
    case = row["countermodel"]
    assert (case["string"], case["expected"], case["got"], case["halted"]) == ("1", 1, "S", True)
    assert [said.partition(":")[0] for said in row["assumed"]] == ["torch's float32", "torch.softmax"]


def test_only_some_lemmas(capsys: pytest.CaptureFixture[str]) -> None:
    """By name or glob; the proofs need no torch."""
    assert main(["check", "--learned", str(RIGHT), "--lemma", "learned.dec*", "learned.every_length"]) == 0
    assert "2 proved;" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "--learned", "none.safetensors"], "--learned: none.safetensors: No such file or directory"),
        (["check", "--learned", str(RIGHT), "--lemma", "gates.*"], "expected a lemma about checkpoints (learned.*)"),
        (["check", "--learned", str(RIGHT), "--n-max", "64"], "--n-max: expected it without --learned"),
        (["check", "--learned", str(RIGHT), "--mutants"], "--mutants: expected it without --learned"),
        (["check", "--learned", str(RIGHT), "--weights", str(RIGHT)], "--weights: expected it without --learned"),
        (["check", "--learned", str(RIGHT), "reverse.efasp"], "FILE: expected it without --learned"),
        (["check", "--learned", str(RIGHT), "--json", str(RIGHT)], "expected another file than --learned"),
        (["check", "--lemma", "learned.decoded"], "--lemma: expected --learned FILE with learned.decoded"),
        (["check", "--task", "parity"], "--task: expected --learned FILE with it, found none"),
        (["check", "--weights", str(RIGHT)], "efasp check --learned and efasp eval --weights take it"),
        (["run", "scan", "--weights", str(RIGHT)], "efasp check --learned and efasp eval --weights take it"),
        (["eval", "--weights", str(RIGHT), "--on", "0a1"], "--on: expected a text of the letters 0, 1, found 'a'"),
        (["eval", "--weights", str(RIGHT), "--on", "01", "--name", "x"], "--name: expected FILE with it"),
        (["train", "parity", "-o", "no/folder/out"], "-o: no/folder/out: No such file or directory"),
        (["train", "parity", "--json", "-o", "-"], "-o: expected a file, as --json"),
    ],
)
def test_bad_input(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, and what was expected and found."""
    pytest.importorskip("torch", reason="torch is not installed")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reverse.efasp").write_text("program reverse\n")
    assert main(arguments) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "primes", "-o", "x"], "invalid choice: 'primes'"),
        (["train", "parity", "--seed", "-1", "-o", "x"], "expected a number of 0 to 2^63 - 1, found '-1'"),
        (["train", "parity"], "required: -o"),
    ],
)
def test_bad_options_of_train(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A task that does not exist, a seed below 0, and no file."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2 and said in capsys.readouterr().err


def test_training_writes_a_checkpoint(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Its task, seed and steps, as the JSON says; an encoder that has not learned is said to have not."""
    pytest.importorskip("torch", reason="torch is not installed")
    path = tmp_path / "a.safetensors"
    assert main(["train", "parity-published", "--seed", "5", "--steps", "2", "-o", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    network = checkpoint.read(path)
    assert (network.task.name, network.seed, network.steps, network.parameters) == ("parity-published", 5, 2, 270)
    assert {key: said[key] for key in ("task", "seed", "steps", "parameters")} == {
        "task": "parity-published", "seed": 5, "steps": 2, "parameters": 270,
    }  # fmt: skip
    assert said["transitions"]["of"] == 7 and said["loss"] > 0
    assert main(["train", "parity", "--steps", "0", "-o", str(path)]) == 0
    heard = capsys.readouterr()
    assert "of 10 transitions learned" in heard.out and "another --seed" in heard.err


@pytest.mark.parametrize("text", ["", "0", "1", "0110", "10" * 201, "1" + "01" * 30])
def test_eval_decodes_a_string(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """For people its answer; as JSON also the last sequence and the number of passes."""
    pytest.importorskip("torch", reason="torch is not installed")
    answer = text.count("1") % 2
    assert main(["eval", "--weights", str(RIGHT), "--on", text]) == 0
    assert capsys.readouterr().out == f"{answer}\n"
    assert main(["eval", "--weights", str(RIGHT), "--on", text, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["answer"] == answer and said["output"] in (["S"], ["S", "0"], ["S", "1"]) and said["halted"]
    assert said["passes"] <= 2 * len(text) + 2


def test_eval_of_a_wrong_encoder_says_where_decoding_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """A sequence that says no answer, or passes that do not end."""
    pytest.importorskip("torch", reason="torch is not installed")
    for path in CHECKPOINTS:
        if path.stem in ("parity-published-0", "parity-published-2"):
            assert main(["eval", "--weights", str(path), "--on", "0"]) == 0
            assert capsys.readouterr().out.startswith("no answer: its decoding ")
