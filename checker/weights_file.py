"""A weights file that a command is given: read once, and refused where its dtype is not known to carry its numbers exactly.

`efasp run` loads and `efasp trace` shows the plan of which `efasp check` proves its obligations (``model.readback``). The
obligations of the family numerics decide whether it is exact, so the commands cannot disagree.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from efasp.checker.discharge import discharge
from efasp.checker.errors import UsageError
from efasp.checker.files import about, shown
from efasp.checker.terminal import patience
from efasp.model.header import WeightsError
from efasp.model.program_file import read_machine
from efasp.model.specialised_file import MachineFile
from efasp.proofs.lemmas import numerics
from efasp.proofs.obligation import Machine, Obligation

SECONDS = 60.0  # that a solver may take, where it is asked at all


def given(path: Path | None, engine: str | None, allowed: bool, specialised: bool = False) -> MachineFile | None:
    """The file of ``--weights``, for ``--engine`` (None: any); None where there is none. Says on standard error that it may be
    inexact, which is ``allowed`` by ``--inexact``. ``specialised``: whether the command takes one that is specialised to a
    program.

    Raises UsageError for a file that is not well formed or of another engine, and for one whose numbers its dtype is not known
    to carry exactly, unless ``--inexact`` is given.
    """
    if path is None:
        if allowed:
            raise UsageError("--inexact: expected --weights FILE with it, found none")
        return None
    file = read(path, engine, specialised)
    if reason := inexact(file, shown(path)):
        said = f"--weights: {path}: {file.plan.dtype} is not known to carry this machine's numbers exactly: {reason}"
        if not allowed:
            why = f"efasp check --weights {path} --lemma 'numerics.*' says more; --inexact runs it nevertheless"
            raise UsageError(f"{said} ({why})")
        print(f"efasp: {said}; what follows may not be what the machine does", file=sys.stderr)
    return file


def read(path: Path, engine: str | None, specialised: bool = False) -> MachineFile:
    """A weights file for an engine (None: any), whatever its dtype carries. Raises UsageError for another one, or none."""
    try:
        file = read_machine(path)
    except (OSError, WeightsError) as error:
        raise about(path, error) from None
    path = shown(path)
    if engine not in (None, file.engine):
        raise UsageError(f"--weights: {path}: expected a transformer for {engine}, found {file.engine}")
    if file.code is not None and not specialised:
        takes = "efasp run --engine mdm or apmdm, and efasp check, take it"
        raise UsageError(f"--weights: {path}: expected a universal machine, found one specialised to a program ({takes})")
    return file


def inexact(file: MachineFile, path: Path) -> str:
    """Why a file's dtype is not known to carry its numbers exactly; "" where it is. Says what is decided where that takes long,
    as of a wide machine's file that is not a fresh compile's."""
    machine = Machine(file.word, file.engine, file.extension, (1, 1 << file.word), file.code)
    what = f"{path}: deciding whether {file.plan.dtype} carries its numbers exactly"
    with patience(f"{what} (minutes for wide words, where they are not those of a fresh compile)"):
        return numerics.inexact(machine, file.plan, _discharged)


def _discharged(obligation: Obligation) -> bool:
    """Whether Z3 proves an obligation; a countermodel is not looked for."""
    return discharge(replace(obligation, search=None), ["z3"], SECONDS).status == "proved"
