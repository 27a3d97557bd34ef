"""How many threads torch computes with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Within, torch computes in one thread: it sums in one order, and small products do not wait for other threads."""
    threads = torch.get_num_threads()
    if threads > 1:  # which takes less time than to set what is set
        torch.set_num_threads(1)
    try:
        yield
    finally:
        if threads > 1:
            torch.set_num_threads(threads)
