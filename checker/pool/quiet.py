"""What each worker of a local cluster does first (a preload module of Dask): it says nothing to the terminal, and leaves Ctrl-C
to the process that started the cluster."""

from __future__ import annotations

import os
import signal
import threading


def dask_setup(worker: object) -> None:
    """Make a starting Dask worker ignore Ctrl-C and print nothing; Dask calls it by this name."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
