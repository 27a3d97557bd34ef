"""`efasp export`: ONNX graphs, and folders that transformers loads, give torch's tokens, and so do samplers that are not ours.

Tests that need the packages of the extras `onnx` and `hf` are skipped where these are not installed, and say so.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache, reduce
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from efasp.checker import formats
from efasp.checker.openings import opening
from efasp.encoding import LogLayout, TokenSequence
from efasp.evaluate import place_rows
from efasp.language.program import parse_file
from efasp.language.runs import run
from efasp.model.decode import any_process
from efasp.model.lower import lower
from efasp.model.readback import read_plan
from efasp.model.transformer import Transformer
from efasp.model.weights import compiled, load
from efasp.paper_artifacts.cli import main
from efasp.pram import library, machine
from efasp.process import g
from tests.files import changed
from tests.pages import ROOT

EXAMPLES = ROOT / "examples"


def needed(*packages: str) -> None:
    """Skips a test where a package of an extra is not installed."""
    if "transformers" not in sys.modules:  # nothing of these tests stays in the user's cache
        os.environ |= {"HF_HUB_OFFLINE": "1", "HF_MODULES_CACHE": tempfile.mkdtemp(prefix="efasp-")}
    for package in packages:
        pytest.importorskip(package, reason=f"the optional package {package} is not installed")


def said(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """What a command prints, on either stream."""
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.out + captured.err


# safetensors.


def test_a_source_gives_the_bytes_of_its_own_command(tmp_path: Path, capsys) -> None:
    """A weights file, of a machine or a program, is exported as it is; a program as `efasp compile` writes it."""
    source, first, again = EXAMPLES / "reverse.efasp", tmp_path / "a", tmp_path / "b"
    said(capsys, "compile", str(source), "-o", str(first))
    for one in (source, first):
        assert said(capsys, "export", str(one), str(again)) == f"{again}: reverse, 2 layers, d_model 14, float32\n"
        assert again.read_bytes() == first.read_bytes()
    said(capsys, "export", "--word", "5", "--engine", "apmdm", str(first))
    assert said(capsys, "export", str(first), "--format", "safetensors", str(again)) == f"{again}: apmdm, 5-bit words\n"
    assert again.read_bytes() == first.read_bytes()


def test_a_file_that_may_round_is_exported_with_a_warning(tmp_path: Path, monkeypatch, capsys) -> None:
    """The numbers of the file, whatever they are, and what is not known of them (which takes long to find out)."""
    monkeypatch.setattr(formats, "inexact", lambda file, path: f"a number of {file.engine} is large")
    said(capsys, "export", "--word", "5", "--engine", "apmdm", str(tmp_path / "a"))
    changed(tmp_path / "a", tmp_path / "b", lambda t: {**t, "token.weight": t["token.weight"] * np.float32(2.0**20)})
    assert "float32 is not known to carry its numbers exactly: a number of apmdm is large" in said(
        capsys, "export", str(tmp_path / "b"), str(tmp_path / "c")
    )
    assert read_plan(tmp_path / "c")[3].token.rows == read_plan(tmp_path / "b")[3].token.rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("out",), "--word: expected it for a machine, or SOURCE and OUT, found out alone"),
        (("--word", "5", "out"), "--engine: expected it for a machine, or SOURCE and OUT, found out alone"),
        (("w", "--word", "5", "--engine", "mdm", "out"), "--word: expected one of SOURCE and --word with --engine, found both"),
        (("w", "--ext", "M", "out"), "--ext: expected one of SOURCE and --word with --engine, found both"),
        (("a", "b", "c"), "expected SOURCE and OUT, or OUT alone, found 3 operands"),
        (("--word", "5", "--engine", "mdm", "--name", "x", "out"), "--name: expected SOURCE with it, found a machine"),
        (("none.efasp", "out"), "none.efasp: No such file or directory"),
        (("efasp.dyck:dyck", "out"), "found one that raises TypeError: dyck() missing 1 required"),
        (("w", "out"), "w: expected a safetensors file, found"),
        (("w", "--name", "x", "out"), "--name: expected a program's text with it, found a weights file"),
        (("r.efasp", "--name", "mirrow", "out"), "found 'mirrow' (did you mean 'mirror'?)"),
        (("r.efasp", "none/out"), "none/out: No such file or directory"),
        (("r.efasp", "-", "--format", "hf"), "--format hf: expected a folder, found - (standard output)"),
        (
            ("r.efasp", "full", "--format", "hf"),
            "full: expected a new or empty folder, or one that efasp wrote, found something",
        ),
        (
            ("--word", "20", "--engine", "mdm", "out", "--format", "hf"),
            "expected a vocabulary of at most 1048576 tokens, found",
        ),
    ],
)
def test_bad_input(arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """An error of one line that names the file or flag; the exit code is 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "installed", lambda package: "1")
    (tmp_path / "w").write_text("x")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").touch()
    (tmp_path / "r.efasp").write_text((EXAMPLES / "reverse.efasp").read_text())
    text = said(capsys, "export", *arguments, code=2)
    assert text.startswith("efasp: ") and message in text and text.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"w", "full", "r.efasp"}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("hf", "expected the packages transformers, found no transformers (pip install 'efasp[hf]')"),
        ("onnx", "expected the packages onnx and onnxruntime, found no onnx (pip install 'efasp[onnx]')"),
    ],
)
def test_without_the_extras(kind: str, message: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """One line says what to install."""
    monkeypatch.setattr(formats, "installed", lambda package: "1" if package == "torch" else None)
    out = str(tmp_path / "out")
    text = said(capsys, "export", "--word", "5", "--engine", "mdm", "--format", kind, out, code=2)
    assert text == f"efasp: --format {kind}: {message}\n" and not Path(out).exists()


# Agreement, which the reports state.


@pytest.mark.parametrize(
    ("shift", "same", "words"),
    [
        (0.0, True, "every read-out is torch's, bit for bit"),
        (0.25, True, "every token is torch's; read-outs differ by at most 0.25"),
        (9.0, False, "expected the tokens of torch, found others"),
    ],
)
def test_what_a_report_says(shift: float, same: bool, words: str) -> None:
    """Equal bits, equal tokens with the deviation, or a difference: by read-outs in which one number is shifted."""
    module = parse_file(str(EXAMPLES / "reverse.efasp"))
    made = formats.program_subject("reverse", module, Transformer.of(lower(module.program)))

    def outputs(tokens: np.ndarray, places: np.ndarray) -> np.ndarray:
        out = made.transformer.outputs(tokens[0], places[0])[None].copy()
        out[0, 0, 0] += shift
        return out

    text, found = formats.agreement(made, "x", outputs)
    assert found == same and words in text and "x on 10 sequences of 1 to 16 tokens" in text


# ONNX.


@cache
def machine_sequences(engine: str) -> tuple[Any, list[TokenSequence]]:
    """A compiled transformer of w = 5, and the sequences of a run."""
    made = compiled(5, engine).transformer
    return made, formats.run_sequences(5, engine, "", made)


@pytest.mark.parametrize("engine", ["mdm", "apmdm"])
def test_onnx_of_a_machine(engine: str, tmp_path: Path, capsys) -> None:
    """The read-outs are torch's bit for bit, at several lengths and in batches; the bytes are the same twice."""
    needed("onnx", "onnxruntime")
    from efasp.model import onnx_file

    out = tmp_path / "m.onnx"
    text = said(capsys, "export", "--word", "5", "--engine", engine, "--format", "onnx", str(out))
    assert text.startswith(f"{out}: {engine}, 5-bit words\n{out}: onnxruntime ") and "bit for bit" in text
    data, (made, sequences) = out.read_bytes(), machine_sequences(engine)
    said(capsys, "export", "--word", "5", "--engine", engine, "--format", "onnx", str(out))
    assert out.read_bytes() == data
    outputs = onnx_file.runner(data)
    for one in sequences:
        other = TokenSequence(np.where(one.tokens == made.vocabulary.token("mask"), 3, one.tokens), one.places)
        batch = np.stack([one.tokens, other.tokens]), np.stack([one.places, other.places])
        wanted = [made.outputs(x.tokens, x.places) for x in (one, other)]
        assert outputs(*batch).tobytes() == np.stack(wanted).tobytes()
    import onnx

    said_there = {prop.key: prop.value for prop in onnx.load(out).metadata_props}
    assert said_there["engine"] == engine and json.loads(said_there["vocabulary"])["payloads"][0] == ["word", 5]


@pytest.mark.parametrize("name", ["reverse", "induction", "fraction"])
def test_onnx_of_a_program(name: str, tmp_path: Path, capsys) -> None:
    """The outputs are the evaluation's, on texts of other lengths than those of the report."""
    needed("onnx", "onnxruntime")
    from efasp.model import onnx_file

    out, source = tmp_path / "p.onnx", EXAMPLES / f"{name}.efasp"
    said(capsys, "export", str(source), str(out), "--format", "onnx")
    outputs, module = onnx_file.runner(out.read_bytes()), parse_file(str(source))
    for n in (4, 5, 11):
        text = module.join(Random(n).choices(module.letters, k=n))
        ids = np.array(module.encode(text))
        read = outputs(ids[None], place_rows(None, len(ids))[None])[0]
        exact = run(module, text)
        if name == "fraction":
            assert np.allclose(read[:, 0], [float(x) for x in exact.values[exact.output]], atol=1e-6)
        else:
            assert module.decode(read) == exact.values[exact.output]
    longest = (module.longest or 0) + module.skipped
    assert outputs(np.zeros((2, longest), np.int64), np.zeros(0)).shape[:2] == (2, longest)
    with pytest.raises(Exception, match="ONNXRuntimeError"):
        outputs(np.zeros((1, longest + 1), np.int64), np.zeros(0))


def test_a_wrong_graph_is_not_written(tmp_path: Path, monkeypatch, capsys) -> None:
    """With a scale at which softmax does not choose, the report says that the tokens differ; the exit code is 1."""
    needed("onnx", "onnxruntime")
    from efasp.model import onnx_file

    monkeypatch.setattr(onnx_file, "SCALE", {"float32": 0})
    text = said(capsys, "export", str(EXAMPLES / "reverse.efasp"), str(tmp_path / "w"), "--format", "onnx", code=1)
    assert "expected the tokens of torch, found others, by onnxruntime" in text and not (tmp_path / "w").exists()


# The folder for transformers.


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Any, Any]]:
    """Model and tokenizer of a machine (mdm, apmdm; w = 6) or an example, exported once and loaded offline."""
    needed("transformers")
    made: dict[str, tuple[Any, Any]] = {}
    root = tmp_path_factory.mktemp("folders")

    def loaded(name: str) -> tuple[Any, Any]:
        if name not in made:
            machine_ = ["--word", "6", "--engine", name]
            source = machine_ if name in ("mdm", "apmdm") else [str(EXAMPLES / f"{name}.efasp")]
            assert main(["export", *source, str(root / name), "--format", "hf"]) == 0
            from transformers import AutoModelForMaskedLM, AutoTokenizer

            options = {"trust_remote_code": True, "local_files_only": True}
            model = AutoModelForMaskedLM.from_pretrained(root / name, **options)
            made[name] = model, AutoTokenizer.from_pretrained(root / name, **options)
        return made[name]

    return loaded


def words_of(sequence: TokenSequence) -> str:
    """The names of a sequence's tokens, w = 6."""
    book = compiled(6, "mdm").transformer.vocabulary
    return " ".join(book.spelled(token) for token in sequence.tokens.tolist())


@pytest.mark.parametrize("name", ["reverse", "induction", "shift"])
def test_a_folder_of_a_program(name: str, folders) -> None:
    """The likeliest tokens are the evaluation's; a batch with padding gives what each text gives."""
    model, tokenizer = folders(name)
    module = parse_file(str(EXAMPLES / f"{name}.efasp"))
    texts = [module.join(Random(n).choices(module.letters, k=n)) for n in (1, 4, 9)]
    for text in texts:
        given = tokenizer(text, return_tensors="pt")
        assert given["input_ids"][0].tolist() == module.encode(text)
        found = model(**given).logits.argmax(-1)[0, module.skipped :].tolist()
        exact = run(module, text)
        assert [module.book.spelled(token) for token in found] == list(map(str, exact.values[exact.output]))
    long, short = (tokenizer(text, return_tensors="pt")["input_ids"] for text in (texts[2], texts[1]))
    ids = torch.zeros_like(long).expand(2, -1).clone()
    ids[0], ids[1, : short.shape[1]] = long[0], short[0]
    mask = torch.ones_like(ids)
    mask[1, short.shape[1] :] = 0
    together = model(input_ids=ids, attention_mask=mask).logits
    assert torch.equal(together[0], model(input_ids=long).logits[0])
    assert torch.equal(together[1, : short.shape[1]], model(input_ids=short).logits[0])


def test_a_folder_of_apmdm(folders) -> None:
    """Decoded by Algorithm 1 from the logits and the control bits, it goes through the tokens of torch."""
    model, tokenizer = folders("apmdm")
    program = library.assembled("sum_to", word=6)
    x = tokenizer(words_of(opening(program, "apmdm", "", None)), return_tensors="pt")["input_ids"]
    for state in any_process(program, compiled(6, "apmdm").transformer, ""):
        found = model(input_ids=x)
        x = torch.tensor(g(x[0].numpy(), found.logits.argmax(-1)[0].numpy(), found.control[0] > 0.5, tokenizer.mask_token_id))[
            None
        ]
        assert x[0].tolist() == state.sequence.tokens.tolist()
    assert tokenizer.decode(x[0]) == words_of(state.sequence)


def generate(model: Any, prompt: Any, steps: int, gen_length: int, block_length: int, mask_id: int) -> Any:
    """A sampler of masked diffusion as LLaDA has it: in each block a number of steps, each of which keeps the predictions of
    highest confidence and remasks the others, so many that all are kept in the end. It knows of the model its logits alone.
    """
    x = torch.full((1, prompt.shape[1] + gen_length), mask_id)
    x[:, : prompt.shape[1]] = prompt
    for block in range(gen_length // block_length):
        end, each = prompt.shape[1] + (block + 1) * block_length, steps // (gen_length // block_length)
        for _ in range(each):
            masked = x == mask_id
            logits = model(x).logits
            x0 = logits.argmax(-1)
            confidence = torch.softmax(logits.double(), -1).gather(-1, x0[..., None])[..., 0]
            confidence[:, end:] = -torch.inf
            confidence = torch.where(masked, confidence, -torch.inf)
            chosen = confidence[0].topk(block_length // each).indices
            x[0, chosen] = x0[0, chosen]
    return x


def memory_of(x: Any, program: Any) -> tuple[int, ...]:
    """The memory that a log of tokens leads to. Raises EncodingError for tokens that are no log."""
    layout = LogLayout.of(program, "")
    assert isinstance(layout, LogLayout)
    size = x.shape[1]
    events = layout.decode(TokenSequence(x[0].numpy(), layout.masked(0, size).places))[2]
    return reduce(layout.apply, events, machine.initial(program)).memory


@pytest.mark.parametrize(("steps", "whole"), [(26, True), (52, False)])
def test_a_sampler_that_is_not_ours_decodes_scan(steps: int, whole: bool, folders) -> None:
    """With all masks there from the start, or block by block; the confidences alone order the tokens."""
    model, tokenizer = folders("mdm")
    program = library.assembled("scan", word=6)
    wanted = machine.run(program)
    assert wanted.steps == 26
    length = 3 * program.processors * wanted.steps
    prompt = tokenizer(words_of(opening(program, "mdm", "", 0)), return_tensors="pt")["input_ids"]
    with torch.no_grad():
        x = generate(model, prompt, steps, length, length if whole else length // 26, tokenizer.mask_token_id)
    assert memory_of(x, program) == wanted.configuration.memory != machine.initial(program).memory
    assert len(opening(program, "mdm", "", 26)) == x.shape[1] and tokenizer.mask_token_id not in x


def test_a_sampler_that_unmasks_too_early_does_not(folders) -> None:
    """With half the steps, two times are unmasked at once, one of which is not due: the result is another, or none."""
    model, tokenizer = folders("mdm")
    program = library.assembled("sum_to", word=6)
    wanted = machine.run(program)
    prompt = tokenizer(words_of(opening(program, "mdm", "", 0)), return_tensors="pt")["input_ids"]
    length, right = 3 * wanted.steps, wanted.configuration.memory
    with torch.no_grad():
        whole, half = (generate(model, prompt, k, length, length, tokenizer.mask_token_id) for k in (36, 18))
    assert memory_of(whole, program) == right and not torch.equal(whole, half)


def test_weights_in_another_dtype_are_refused(folders, tmp_path: Path) -> None:
    """A model that was cast to half precision says which dtype is exact; tokens that there are not are named."""
    model, tokenizer = folders("reverse")
    with pytest.raises(ValueError, match=r"expected weights of float32, which are exact, found torch\.float16"):
        model.half()(input_ids=torch.tensor([[0]]))
    model.float()
    with pytest.raises(ValueError, match="expected a token of the vocabulary, found 'x'"):
        tokenizer("axb")
    with pytest.raises(ValueError, match=r"expected token ids in 0\.\.3, found 0\.\.9"):
        model(input_ids=torch.tensor([[0, 9]]))
    with pytest.raises(ValueError, match="expected at most 256 tokens, as there are places, found 257"):
        model(input_ids=torch.zeros((1, 257), dtype=torch.int64))


def test_a_wrong_folder_is_not_written(tmp_path: Path, monkeypatch, capsys) -> None:
    """With a layout of other places, which the folder's code counts by itself, tokens differ; the exit code is 1."""
    needed("transformers")
    right = formats.files

    def files(metadata: Any, book: Any, weights: Any) -> dict[str, bytes]:
        layout = json.loads(metadata["layout"])
        layout[0]["axes"][0][0] = "none"
        return right({**metadata, "layout": json.dumps(layout)}, book, weights)

    monkeypatch.setattr(formats, "files", files)
    text = said(capsys, "export", str(EXAMPLES / "reverse.efasp"), str(tmp_path / "w"), "--format", "hf", code=1)
    assert "expected the tokens of torch, found others, by transformers" in text and not (tmp_path / "w").exists()


def test_a_folder_in_float64(tmp_path: Path, capsys) -> None:
    """The weights are loaded in the dtype in which they are exact, without being asked for."""
    needed("transformers")
    said(capsys, "compile", str(EXAMPLES / "reverse.efasp"), "--dtype", "float64", "-o", str(tmp_path / "w"))
    said(capsys, "export", str(tmp_path / "w"), str(tmp_path / "hf"), "--format", "hf")
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(tmp_path / "hf", trust_remote_code=True, local_files_only=True)
    assert model.dtype == torch.float64 and model(input_ids=torch.tensor([[0, 1, 2]])).logits.argmax(-1).tolist() == [[2, 1, 0]]


def test_a_folder_holds_the_weights_of_the_file(tmp_path: Path, capsys) -> None:
    """Every tensor of the weights file under its name, and in the configuration what its header says."""
    needed("transformers")
    said(capsys, "export", "--word", "5", "--engine", "apmdm", str(tmp_path / "w"))
    text = said(capsys, "export", str(tmp_path / "w"), str(tmp_path / "hf"), "--format", "hf")
    assert "hf: transformers " in text and "bit for bit" in text
    here, there = load(tmp_path / "w").transformer.arrays(), load_file(tmp_path / "hf" / "model.safetensors")
    assert here.keys() == there.keys() and all(np.array_equal(here[name], there[name]) for name in here)
    config = json.loads((tmp_path / "hf" / "config.json").read_text())
    assert config["weights"]["engine"] == "apmdm" and config["vocab_size"] == compiled(5, "apmdm").transformer.vocabulary.size
    said(capsys, "export", str(tmp_path / "w"), str(tmp_path / "hf"), "--format", "hf")  # its own folder is written again
