"""Weights files at every width: exported, loaded and read back; malformed ones; the weights of attention. Measured, for
``proofs.lemmas.process``.

torch is imported when an obligation is discharged.
"""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from math import inf, nan
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from efasp.encoding import CellLayout, LogLayout, join
from efasp.exact import Matrix, winners
from efasp.model.header import WeightsError
from efasp.model.plan import Plan, TransformerShape
from efasp.model.readback import read_plan
from efasp.proofs.concrete.differential import ends_without, guarded
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.scenarios import Shape, drawn
from efasp.proofs.obligation import Machine, Verdict

if TYPE_CHECKING:
    from efasp.model.transformer import Transformer


def weights_scope(machine: Machine, plan: Plan) -> str:
    """The cases, for the scope."""
    more = "" if plan.dtype else "; malformed headers and numbers; the weights of attention on 1 sequence"
    return f"measured: w = {machine.word}, every number of every tensor, exported, loaded and read back{more}"


def weights(machine: Machine, plan: Plan, module: Callable[[], Transformer]) -> Verdict:
    """A transformer's weights file, loaded and read back, against the plan, tensor for tensor."""
    transformer = module()
    method = f"torch, {transformer.dtype_name}"
    checks = [misloaded] if plan.dtype else [misloaded, unrefused, misattended]
    for check in checks:
        if (wrong := guarded(partial(check, machine, plan, transformer))) is not None:
            return Verdict("refuted", method, {**machine.params, **wrong})
    return Verdict("measured", f"{method}: {len(transformer.state_dict())} tensors")


def misshapen(shape: TransformerShape[int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Shapes that no weights file may state, each with what is wrong with it."""
    layers = shape["layers"]

    def first(**changed: Any) -> dict[str, Any]:
        return {**shape, "layers": [{**layers[0], **changed}, *layers[1:]]}

    yield "no list of layers", {**shape, "layers": {}}
    yield "65 layers", {**shape, "layers": layers * (65 // len(layers) + 1)}
    yield "a layer without a number of heads", {**shape, "layers": [{"d_head": 1, "d_ff": 1}, *layers[1:]]}
    sizes: list[tuple[str, Any]] = [("heads", 0), ("d_head", 0), ("heads", -1)]
    sizes += [("d_ff", value) for value in (-1, 1 << 17, 1.0, True)]
    for name, value in sizes:
        yield f"{name} {value!r}", first(**{name: value})
    wholes: list[tuple[str, Any]] = [("d_model", 0), ("d_model", -1), ("d_out", shape["d_out"] + 1), ("d_out", None)]
    for key, value in wholes:
        yield f"{key} {value!r}", {**shape, key: value}


def unrefused(machine: Machine, plan: Plan, transformer: Transformer) -> Report | None:
    """A header, or a number, that is read although no weights file may have it."""
    from efasp.model.weights import Weights, dump

    data = dump(Weights(machine.word, machine.engine, machine.extension, transformer))
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    wrong = [(what, json.dumps(changed), named) for what, changed, named in malformed(header, transformer.shape)]
    size = max(len(text) for _, text, _ in wrong)  # blanks may end a header, so that all fit before the same tensors
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = Path(folder) / "weights.safetensors"
        path.write_bytes(b"".join((struct.pack("<Q", size), bytes(size), memoryview(data)[8 + length :])))
        for what, text, named in wrong:
            overwrite(path, 8, text.ljust(size).encode())
            try:
                read_plan(path)
            except WeightsError as error:
                if named in str(error):
                    continue
                return {"what": what, "expected": f"refused for its {named}", "got": str(error)}
            return {"what": what, "expected": "refused", "got": "read"}
        path.write_bytes(data)
        at = 8 + length + header["out.bias"]["data_offsets"][0]
        for number in (inf, -inf, nan):
            overwrite(path, at, np.array([number], dtype=transformer.dtype_name).tobytes())
            if ends_without(partial(read_plan, path), WeightsError):
                return {"what": f"a tensor with {number}", "expected": "refused", "got": "read"}
    return None


def overwrite(path: Path, at: int, data: bytes) -> None:
    """Replace some bytes of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def malformed(header: dict[str, Any], shape: TransformerShape[int]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Headers that no weights file may have: what is wrong, the header, and a word of the refusal that says so."""
    metadata = header["__metadata__"]
    for what, wrong in misshapen(shape):
        yield f"shape: {what}", {**header, "__metadata__": {**metadata, "shape": json.dumps(wrong)}}, "metadata shape"
    for key in ("format", "version"):
        yield f"{key} 0", {**header, "__metadata__": {**metadata, key: "0"}}, key
    for key, value in (("engine", "none"), ("word", "4"), ("extension", "X")):
        if key in metadata:
            yield f"{key} {value}", {**header, "__metadata__": {**metadata, key: value}}, key
    one = header["out.bias"]
    end = max(tensor["data_offsets"][1] for name, tensor in header.items() if name != "__metadata__")
    yield "a tensor more", {**header, "more.bias": {**one, "shape": [0], "data_offsets": [end, end]}}, "more.bias"
    yield "a tensor of another shape", {**header, "out.bias": {**one, "shape": [1, *one["shape"]]}}, "out.bias"
    other = {"F32": "I32", "F64": "I64"}[one["dtype"]]
    yield "a tensor of another type", {**header, "out.bias": {**one, "dtype": other}}, "out.bias"


def misattended(machine: Machine, plan: Plan, transformer: Transformer) -> Report | None:
    """The first weight of attention, as a trace shows it, that is not a winner's share, or 0, by exact scores."""
    program = drawn(Random(1), Shape(machine.word, machine.extension), 2, 3, 4)
    if machine.engine == "mdm":
        log = LogLayout(program.word, machine.extension, program.processors, program.memory, program.length)
        sequence = join([log.opening(program), log.masks(1)])
    else:
        sequence = CellLayout.of(program, machine.extension).opening(program)  # type: ignore[attr-defined]
    chosen = list(range(len(sequence)))
    states = islice(plan.stream(plan.embed(sequence.tokens, sequence.places)), 0, None, 2)
    streams = transformer.states(sequence.tokens, sequence.places)[::2]
    for number, (layer, h, stream) in enumerate(zip(plan.layers, states, streams, strict=False)):
        if not layer.heads:
            continue
        got = transformer.attention(number, stream, chosen)
        for index, head in enumerate(layer.heads):
            best = winners(head.q.apply(h)[chosen], head.k.apply(h))
            wanted = (best / best.sum(axis=1, keepdims=True)).astype(got.dtype)
            if (bad := np.argwhere(got[index] != wanted)).size:
                at, key = bad[0].tolist()
                place = {"what": f"attention, layer {number + 1} head {index}", "from": chosen[at], "to": key}
                return {**place, "expected": float(wanted[at, key]), "got": float(got[index, at, key])}
    return None


def misloaded(machine: Machine, plan: Plan, transformer: Transformer) -> Report | None:
    """The first tensor that differs after a round trip through a file."""
    from efasp.model.weights import Weights, compiled, dump, export, load

    named = machine.word, machine.engine, machine.extension
    made = Weights(*named, transformer) if plan.dtype else compiled(*named)
    with tempfile.TemporaryDirectory(prefix="efasp-") as folder:
        path = Path(folder) / "weights.safetensors"
        export(made, path)
        if path.read_bytes() != dump(made):
            return {"what": "bytes of the file", "expected": "the same every time", "got": "others"}
        loaded, back = load(path), read_plan(path)
    for name, loaded_value in (("load", (loaded.word, loaded.engine, loaded.extension)), ("read_plan", back[:3])):
        if loaded_value != named:
            return {"what": name, "expected": list(named), "got": list(loaded_value)}
    wanted = dict(tensors(plan))
    readers = {"Transformer.of": transformer, "compiled": made.transformer, "load": loaded.transformer}
    read_by = {name: {key: t.cpu().numpy() for key, t in one.state_dict().items()} for name, one in readers.items()}
    read_by["read_plan"] = dict(tensors(back[3]))
    for name, found_tensors in read_by.items():
        if sorted(found_tensors) != sorted(wanted):
            return {"what": f"tensors by {name}", "expected": sorted(wanted), "got": sorted(found_tensors)}
        for key, value in wanted.items():
            got = found_tensors[key]
            if got.shape != value.shape:
                return {"what": f"{key} by {name}", "expected": list(value.shape), "got": list(got.shape)}
            if (bad := np.argwhere(got != value)).size:
                at = tuple(bad[0].tolist())
                return {"what": f"{key}{list(at)} by {name}", "expected": float(value[at]), "got": float(got[at])}
            if name != "read_plan" and str(got.dtype) != transformer.dtype_name:
                return {"what": f"{key} by {name}", "expected": transformer.dtype_name, "got": str(got.dtype)}
    return None


def tensors(plan: Plan) -> Iterator[tuple[str, np.ndarray]]:
    """A plan's matrices as the tensors of a weights file, by name: the heads of a layer side by side."""
    yield "token.weight", dense(plan.token).T
    yield "place.weight", dense(plan.place).T
    for number, (layer, shape) in enumerate(zip(plan.layers, plan.shape["layers"], strict=True)):
        if layer.heads:
            wide = shape["d_head"]
            for side in "qkv":
                yield f"layers.{number}.{side}.weight", np.vstack([dense(getattr(head, side), wide) for head in layer.heads])
            parts = [dense(head.o) for head in layer.heads]
            filled = [np.pad(part, ((0, 0), (0, wide - part.shape[1]))) for part in parts]
            yield f"layers.{number}.o.weight", np.hstack(filled)
        if layer.bias:
            yield f"layers.{number}.up.weight", dense(layer.up)
            yield f"layers.{number}.up.bias", np.array([float(b) for b in layer.bias])
            yield f"layers.{number}.down.weight", dense(layer.down)
    yield "out.weight", dense(plan.out)
    yield "out.bias", np.array([float(b) for b in plan.out_bias])


def dense(matrix: Matrix, rows: int | None = None) -> np.ndarray:
    """An exact matrix in float64, with rows of zeros after its own up to so many."""
    out = np.zeros((rows or len(matrix.rows), matrix.columns))
    for number, row in enumerate(matrix.rows):
        for column, value in row:
            out[number, column] = float(value)
    return out
