"""The read-outs of a folder of ``model.hugging_face_folder``, as the package transformers loads it. Needs that package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import transformers
from transformers import AutoModelForMaskedLM

from efasp.model.transformer import Transformer

VERSION = f"transformers {transformers.__version__}"


def loaded(folder: Path, like: Transformer) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The read-outs (batch, length, d_out) as a function of tokens (batch, length) and places (batch, length, 1 + payloads), in
    the dtype of ``like``; places are those that the layout has, whatever is given, so that these are checked too.
    """
    transformers.utils.logging.disable_progress_bar()
    dtype = like.out.weight.dtype
    model: Any = AutoModelForMaskedLM.from_pretrained(folder, trust_remote_code=True, local_files_only=True, dtype=dtype)

    def outputs(tokens: np.ndarray, places: np.ndarray) -> np.ndarray:
        ids = like.offsets.new_tensor(np.asarray(tokens, np.int64))
        readout: np.ndarray = model(input_ids=ids).readout.detach().numpy()
        return readout

    return outputs
