"""The file of a trained encoder: safetensors, float32. Needs no torch.

Metadata (all strings): ``format`` "efasp-learned", ``version``, ``task``, ``seed`` and ``steps`` of its training, and ``shape``
(JSON: d_model, d_ff). The tensors are those of ``model.learned.network.shapes``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors.numpy import save

from efasp.model.container import opened, ordered
from efasp.model.header import LEARNED, MAKES, WeightsError, check_format, shown, unambiguous
from efasp.model.learned.network import Network, shapes
from efasp.model.learned.tasks import TASKS, Task
from efasp.model.readback import read_tensors

VERSION = "1"
KEYS = ("task", "seed", "steps", "shape")
MOST = 64  # coordinates or hidden units: proofs about so many take minutes


def dump(network: Network) -> bytes:
    """The bytes of a checkpoint; the same weights give the same bytes."""
    d_ff, d_model = network.weights["up"].shape
    shape = json.dumps({"d_ff": d_ff, "d_model": d_model})
    said = {"task": network.task.name, "seed": str(network.seed), "steps": str(network.steps), "shape": shape}
    return ordered(save(dict(network.weights), {"format": LEARNED, "version": VERSION, **said}))


def read(path: Path) -> Network:
    """The encoder of a checkpoint.

    Raises WeightsError for a file that is malformed, truncated, foreign or unsafe, OSError for one that cannot be read.
    """
    with opened(path, MAKES[LEARNED]) as file:
        metadata = file.metadata() or {}
        check_format(path, metadata, LEARNED, (VERSION,))
        if missing := [key for key in KEYS if key not in metadata]:
            raise WeightsError(f"{path}: metadata: expected a key {missing[0]}, found none")
        task = _task(path, metadata["task"])
        seed, steps = (_number(path, key, metadata[key]) for key in ("seed", "steps"))
        shape = _shape(path, metadata["shape"])
        weights = read_tensors(path, file, shapes(task, shape["d_model"], shape["d_ff"]), "float32")
    return Network(task, weights, seed, steps)


def _task(path: Path, name: str) -> Task:
    if name not in TASKS:
        raise WeightsError(f"{path}: metadata task: expected {' or '.join(TASKS)}, found {shown(name)}")
    return TASKS[name]


def _number(path: Path, key: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < 1 << 63):
        raise WeightsError(f"{path}: metadata {key}: expected a number of 0 to 2^63 - 1, found {shown(text)}")
    return int(text)


def _shape(path: Path, text: str) -> dict[str, int]:
    """The sizes in the header."""
    try:
        shape: Any = unambiguous(text)
    except (ValueError, RecursionError):
        shape = None
    sizes = isinstance(shape, dict) and all(type(size) is int and 0 < size <= MOST for size in shape.values())
    if not sizes or set(shape) != {"d_model", "d_ff"}:
        raise WeightsError(f"{path}: metadata shape: expected d_ff and d_model of 1 to {MOST}, found {shown(text, 80)}")
    checked: dict[str, int] = shape
    return checked
