"""The limits of a process: its memory, its threads, and its end when the process that started it ends. It imports the standard
library and threadpoolctl alone."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import resource
import signal
import sys

from threadpoolctl import threadpool_limits

PAGE = os.sysconf("SC_PAGE_SIZE")
HELD = 32 << 20  # bytes: the most that glibc takes for both of its thresholds


def address_space() -> int:
    """Bytes of address space that this process has."""
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * PAGE
    return 0


def resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not say."""
    with contextlib.suppress(OSError), open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * PAGE
    return 0


def confine(memory: int, parent: int) -> None:
    """Limit memory (MiB beyond what there is), leave Ctrl-C to the parent, and end when it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):  # a forked process has its parent's handlers
        signal.signal(name, signal.SIG_DFL)
    os.setpgid(0, 0)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        limit = address_space() + (memory << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, Linux only
        for option in (-1, -3):  # M_TRIM_THRESHOLD, M_MMAP_THRESHOLD of glibc: pages that a solver frees serve the next one
            library.mallopt(option, HELD)
    if os.getppid() != parent:
        os._exit(1)
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)  # programs are large acyclic graphs: looking for cycles takes half of building them
    single_threaded()


def single_threaded() -> None:
    """One process a core: no further threads, of torch or of numpy's linear algebra, which would wait for each other."""
    os.environ["OMP_NUM_THREADS"] = "1"  # of a library that is imported later
    threadpool_limits(1)
    if (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(1)
