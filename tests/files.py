"""Weights files that tests change: other numbers, another dtype."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

Tensors = dict[str, np.ndarray]


def changed(path: Path, to: Path, change: Callable[[Tensors], Tensors], **metadata: str) -> Path:
    """A weights file with other tensors, and with other metadata."""
    with safe_open(path, "numpy") as file:
        said = file.metadata()
    save_file(change(load_file(path)), to, {**said, **metadata})
    return to


def narrowed(path: Path, to: Path) -> Path:
    """A weights file in float32; its numbers must be numbers of float32, so that none is changed."""

    def narrow(tensors: Tensors) -> Tensors:
        found = {name: tensor.astype(np.float32) for name, tensor in tensors.items()}
        assert all((found[name] == tensor).all() for name, tensor in tensors.items())
        return found

    return changed(path, to, narrow, dtype="float32")
