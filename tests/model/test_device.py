"""Devices are tested before a run: one that rounds is refused. A batch gives what its sequences give one by one."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks import gpu
from efasp.checker.cli import main
from efasp.encoding import CellLayout
from efasp.model import decode, device, together
from efasp.model.device import DeviceError, inexact
from efasp.model.transformer import Cache, Caches, Transformer, softmax_attention
from efasp.model.weights import compiled
from efasp.pram.isa import Instruction
from efasp.pram.machine import Program

CPU = torch.device("cpu")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_this_machine_is_exact(dtype: str) -> None:
    """The processor passes the test in both dtypes."""
    assert inexact(CPU, dtype) == "" and device.device("cpu", dtype) == CPU


def rounded(bits: int, dtype: torch.dtype):
    """A product whose factors are rounded to some bits, as by TensorFloat-32 (11), or bfloat16 (8)."""

    def product(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        def cut(x: torch.Tensor) -> torch.Tensor:
            mantissa, exponent = torch.frexp(x.double())
            return torch.ldexp(torch.round(mantissa * 2.0**bits) / 2.0**bits, exponent).to(dtype)

        return torch.matmul(cut(a), cut(b))

    return product


@pytest.mark.parametrize(("dtype", "bits"), [("float32", 8), ("float32", 11), ("float64", 11), ("float64", 24)])
def test_a_device_whose_products_round_is_refused(dtype: str, bits: int) -> None:
    """Factors that are rounded to fewer bits are found."""
    assert "product" in inexact(CPU, dtype, product=rounded(bits, getattr(torch, dtype)))


def half(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """Attention in half precision."""
    return softmax_attention(q.bfloat16(), k.bfloat16(), v.bfloat16(), scale).to(q)


def soft(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """Attention at a scale at which a position that loses still weighs something."""
    return softmax_attention(q, k, v, 4.0)


def first(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, scale: float) -> torch.Tensor:
    """Attention that takes the first of several winners."""
    scores = (q * scale) @ k.transpose(1, 2)
    return torch.gather(v, 1, scores.argmax(dim=2, keepdim=True).expand(-1, -1, v.shape[2]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("attention", "why"), [(half, "one position"), (soft, "one position"), (first, "mean")])
def test_a_device_whose_attention_is_not_exact_is_refused(dtype: str, attention, why: str) -> None:
    """Attention in half precision, at too small a scale, or to one of two winners is found."""
    assert why in inexact(CPU, dtype, attention=attention)


def test_a_device_that_rounds_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """As is one that is unknown, and CUDA where there is none."""
    monkeypatch.setattr(device, "inexact", lambda where, dtype: "products round")
    with pytest.raises(DeviceError, match="expected a device that is exact in float32, found cpu: products round"):
        device.device("cpu", "float32")
    with pytest.raises(DeviceError, match="expected one of cpu, cuda, found tpu"):
        device.device("tpu", "float32")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="expected a device of CUDA that PyTorch finds, found none"):
        device.device("cuda", "float32")


@pytest.fixture(scope="module")
def machine() -> Transformer:
    """The narrowest machine in place."""
    return compiled(5, "apmdm", "").transformer


# Counts memory[0] down to 0, in as many rounds as it says; then stores it, and a processor that has 31 in memory[1] faults.
DOWN = (
    Instruction("ld", 1, 0, 0),
    Instruction("sub", 1, 1, 1),
    Instruction("jnz", None, 1, 1),
    Instruction("ld", 2, 0, 1),
    Instruction("st", 1, 2, 0),
    Instruction("halt"),
)


def program(*data: int, processors: int = 2) -> Program:
    """The program on some words of memory."""
    return Program(DOWN, 5, processors, 4, data=data)


def test_a_batch_is_its_sequences(machine: Transformer) -> None:
    """Bit for bit, with caches of the sequences too."""
    some = [CellLayout.of(program(*data), "").opening(program(*data)) for data in ((1, 2), (3, 0, 7), (30,))]
    tokens, places = np.stack([one.tokens for one in some]), np.stack([one.places for one in some])
    alone = [machine.outputs(one.tokens, one.places) for one in some]
    assert len({one.tobytes() for one in alone}) == 3
    assert np.array_equal(machine.outputs(tokens, places), np.stack(alone))
    caches, cut = [Cache() for _ in some], 5
    for cache, one in zip(caches, some, strict=True):
        machine.outputs(one.tokens[:cut], one.places[:cut], cache)
        cache.keep(cut)
    got = machine.outputs(np.ascontiguousarray(tokens[:, cut:]), places[:, cut:], Caches(caches))
    for cache, one, found in zip(caches, some, got, strict=True):
        assert np.array_equal(machine.outputs(one.tokens[cut:], one.places[cut:], cache), found)


@pytest.mark.parametrize("engine", ["apmdm", "mdm", pytest.param("marm", marks=pytest.mark.slow)])
def test_runs_of_a_batch_are_as_by_themselves(engine: str) -> None:
    """Runs of different lengths and ends, some of them of one shape: each is that of a run by itself, and some passes have
    several sequences."""
    transformer = compiled(5, engine, "").transformer
    some = [program(1, 2), program(3, 0, 7), program(1, 31), program(2, 1, processors=1)]
    some = some[:2] if engine == "marm" else some
    alone = [decode.run(one, engine, transformer, attention="dense") for one in some]
    assert together.run(some, engine, transformer) == alone
    assert [bool(run.faults) for run in alone] == [False, False, True, False][: len(some)]


def test_runs_of_one_shape_share_their_passes(machine: Transformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three runs of two shapes: in each round a pass of two sequences and one of one, as long as they last."""
    seen: list[together.Rounds] = []
    rounds = together.Rounds
    monkeypatch.setattr(together, "Rounds", lambda *given: seen.append(rounds(*given)) or seen[-1])
    found = together.run([program(3, 2), program(3, 1), program(3, 2, processors=1)], "apmdm", machine)
    steps = found[0].decode_steps
    assert sorted(seen[0].batches) == [1] * steps + [2] * steps


def test_a_run_that_fails_leaves_the_others(machine: Transformer) -> None:
    """A program that the machine does not take is an error of its own; an error of a pass is one of each run in it."""
    bad = Program((Instruction("mul", 1, 1, 1),), 5, 1, 4)
    first, second = together.run([bad, program(1, 2)], "apmdm", machine)
    assert isinstance(first, ValueError) and second == decode.run(program(1, 2), "apmdm", machine, attention="dense")


def test_an_interrupt_ends_the_runs(machine: Transformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads that wait for a pass end with the call."""
    before = threading.active_count()

    def interrupted(self: threading.Thread, timeout: float | None = None) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(together, "Thread", type("Thread", (threading.Thread,), {"join": interrupted}))
        with pytest.raises(KeyboardInterrupt):
            together.run([program(30, 2), program(30, 1)], "apmdm", machine)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and type(thread) is not threading.Thread and thread.daemon:
            threading.Thread.join(thread, 20)
    assert threading.active_count() <= before


def test_files_of_one_machine_are_run_as_a_batch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lines are those of each file by itself, in the order of the files, errors among them; so is the exit code."""
    text = ".word 5\n.processors 1\n.memory 4\n.data 0: {}\n ld r1, [0]\n st r1, [r1]\n halt\n"
    files = [str(tmp_path / f"{name}.pram") for name in ("one", "absent", "faults", "wrong")]
    for file, body in zip(files, (text.format(2), None, text.format(9), "nothing"), strict=True):
        if body is not None:
            Path(file).write_text(body, encoding="utf-8")
    flags = ["--engine", "apmdm", "--attention", "dense", "--json"]
    codes = [main(["run", file, *flags]) for file in files]
    alone = capsys.readouterr().out
    assert codes == [0, 2, 4, 2] and main(["run", *files, *flags]) == 2
    assert capsys.readouterr().out == alone and len(alone.splitlines()) == 4


def test_a_device_is_refused_before_a_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One that is not there, an engine that is not of torch, and one that rounds: exit code 2, and the flag is named."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert main(["run", "sum_to", "--engine", "mdm", "--device", "cuda"]) == 2
    assert main(["run", "sum_to", "--device", "cuda"]) == 2
    monkeypatch.setattr(device, "inexact", lambda where, dtype: "products round")
    assert main(["run", "sum_to", "--engine", "apmdm", "--word", "5"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "efasp: --device cuda: expected a device of CUDA that PyTorch finds, found none",
        "efasp: --device cuda: expected --engine mdm, apmdm, marm, found reference",
        "efasp: --device cpu: expected a device that is exact in float32, found cpu: products round",
    ]


def test_the_benchmark_says_where_there_is_no_device(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With exit code 2, and nothing measured."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert gpu.main([]) == 2 and capsys.readouterr().err.endswith("found none; nothing was measured\n")
