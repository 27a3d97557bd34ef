"""`efasp export --format hf`: transformers loads the folders and gives torch's tokens, also by samplers that are not ours.

Skipped without the extra `hf`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import reduce
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
from efasp.language.program import parse_file
from efasp.language.runs import run
from efasp.model.decode import any_process
from efasp.model.weights import compiled, load
from efasp.paper_artifacts.cli import main
from efasp.pram import library, machine
from efasp.process import g
from tests.checker.exports import EXAMPLES, needed, said


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
    """The memory that a log of tokens leads to. Raises EncodingError for tokens that are not a log."""
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
