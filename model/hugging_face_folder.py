"""A transformer as a folder that the package transformers loads: configuration, remote code, weights and a tokenizer.

The remote code is ``model/hugging_face``; it needs torch, numpy and transformers, and nothing of this package.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from efasp.codebook import Codebook

MAX_TOKENS = 1 << 20  # of a vocabulary: logits have a number for each
CODE = ("configuration_efasp.py", "codebook_efasp.py", "modeling_efasp.py", "tokenization_efasp.py")
FILES = ("config.json", "tokenizer_config.json", "model.safetensors", *CODE)
JSON = ("vocabulary", "places", "layout", "scale", "shape")  # values of the metadata that are JSON


def files(metadata: Mapping[str, str], book: Codebook, weights: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """The files of the folder by name, from a weights file's metadata, the vocabulary, and the tensors by name.

    Raises ValueError for a vocabulary of more than 2^20 tokens.
    """
    if book.size > MAX_TOKENS:
        raise ValueError(f"expected a vocabulary of at most {MAX_TOKENS} tokens, found one of {book.size}")
    said: dict[str, Any] = {key: json.loads(value) if key in JSON else value for key, value in metadata.items()}
    mask = book.token("mask") if "engine" in said else None
    classes = {"AutoConfig": "configuration_efasp.EfaspConfig", "AutoModelForMaskedLM": "modeling_efasp.EfaspForMaskedLM"}
    tokenizer = {"AutoTokenizer": ["tokenization_efasp.EfaspTokenizer", None]}
    config = {
        "architectures": ["EfaspForMaskedLM"],
        "auto_map": classes | tokenizer,
        "dtype": said["dtype"],
        "mask_token_id": mask,
        "model_type": "efasp",
        "vocab_size": book.size,
        "weights": said,
    }
    words: dict[str, Any] = {
        "auto_map": tokenizer,
        "start": said["start"],
        "tokenizer_class": "EfaspTokenizer",
        "vocabulary": said["vocabulary"],
    }
    if mask is not None:
        words["mask_token"] = "mask"
    made = {"config.json": _text(config), "tokenizer_config.json": _text(words), "model.safetensors": _tensors(weights)}
    folder = Path(__file__).parent / "hugging_face"
    return made | {name: (folder / f"{name}.txt").read_bytes() for name in CODE}


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _tensors(weights: Mapping[str, np.ndarray]) -> bytes:
    return save({name: np.ascontiguousarray(weights[name]) for name in sorted(weights)}, {"format": "pt"})
