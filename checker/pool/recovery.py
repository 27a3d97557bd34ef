"""The verdict of an obligation, or the reason for none, when its worker has ended or was ended for its time."""

from __future__ import annotations

import signal

from efasp.checker.pool.worker import OUT_OF_MEMORY, Work
from efasp.proofs.obligation import Verdict


def interrupted(work: Work, so_far: Verdict | None, exitcode: int | str | None, late: bool) -> Verdict:
    """The verdict of the obligation that a worker was discharging. ``late``: the worker was ended, after ``Work.limit``.

    ``so_far``: what was known where a search for a countermodel was all that was left.
    """
    if not late:
        return Verdict("error", cause(work, exitcode))
    if so_far is not None:
        return Verdict("unknown", f"{so_far.method}; a search for a countermodel was stopped")
    return Verdict("timeout", f"stopped after {work.limit:g} s")


def unbuilt(work: Work, exitcode: int | str | None, late: bool) -> str:
    """Why the batch that a worker was building was not built."""
    return f"building it: {f'stopped after {work.build_limit:g} s' if late else cause(work, exitcode)}"


def cause(work: Work, exitcode: int | str | None) -> str:
    """Why a worker has ended by itself: its exit status, or the reason itself."""
    if isinstance(exitcode, str):
        return exitcode
    if exitcode == OUT_OF_MEMORY:
        return f"out of memory: more than {work.memory} MiB"
    if exitcode is not None and exitcode < 0:
        return f"the worker was ended by {signal.Signals(-exitcode).name}"
    return f"the worker ended with exit status {exitcode}"
