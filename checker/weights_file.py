"""A weights file that a command is given: read once, and refused where its dtype is not known to carry its numbers exactly.

`efasp run` loads and `efasp trace` shows the plan of which `efasp check` proves its obligations (``model.readback``). The
obligations of the family numerics decide whether it is exact, so the commands disagree at most where a limit of time ends them.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from efasp.checker.discharge import discharge
from efasp.checker.errors import UsageError
from efasp.checker.files import display_path, unreadable_weights
from efasp.checker.options import RunOptions
from efasp.checker.pool import isolation
from efasp.checker.terminal import patience
from efasp.model.header import WeightsError
from efasp.model.program_file import read_machine
from efasp.model.specialised_file import MachineFile
from efasp.pram.assembler.disassembler import instruction_text
from efasp.pram.isa import Code
from efasp.pram.machine import Program
from efasp.proofs.lemmas import numerics
from efasp.proofs.obligation import Machine, Obligation, Regime
from efasp.proofs.symbolic.step_definitions import Step

SECONDS = 60.0  # that the comparison with a fresh compile may take, where it is made at all


def load_checked_weights(path: Path | None, engine: str | None, allowed: bool) -> MachineFile | None:
    """The file of ``--weights``, for ``--engine`` (None: any); None where there is none. Says on standard error that it may be
    inexact, which is ``allowed`` by ``--inexact``.

    Raises UsageError for a file that is not well formed or of another engine, and for one whose numbers its dtype is not known
    to carry exactly, unless ``--inexact`` is given.
    """
    if path is None:
        if allowed:
            raise UsageError("--inexact: expected --weights FILE with it, found none")
        return None
    file = read(path, engine)
    if reason := inexact(file, path, compare=not allowed):
        said = f"--weights: {path}: {file.plan.dtype} is not known to carry this machine's numbers exactly: {reason}"
        if not allowed:
            why = f"efasp check --weights {path} --lemma 'numerics.*' says more; --inexact runs it nevertheless"
            raise UsageError(f"{said} ({why})")
        print(f"efasp: {said}; what follows may not be what the machine does", file=sys.stderr)
    return file


def read(path: Path, engine: str | None) -> MachineFile:
    """A weights file for an engine (None: any), whatever its dtype carries. Raises UsageError for another one, or none."""
    try:
        file = read_machine(path)
    except (OSError, WeightsError) as error:
        raise unreadable_weights(path, error) from None
    path = display_path(path)
    if engine not in (None, file.engine):
        raise UsageError(f"--weights: {path}: expected a transformer for {engine}, found {file.engine}")
    return file


def check_program(path: Path, word: int, code: Code | None, program: Program) -> None:
    """Raises UsageError for a program that a file's machine does not run: of another word, or of other instructions than
    ``code``, to which the machine is specialised (None: to none)."""
    if word != program.word:
        raise UsageError(f"--weights: {display_path(path)}: expected a word of {program.word} bits, found {word}")
    if code is not None and (other := unlike(code, program)):
        raise UsageError(
            f"--weights: {display_path(path)}: {other} (efasp specialise makes the transformer of another program)"
        )


def unlike(code: Code, program: Program) -> str:
    """How a program's instructions differ from those to which a transformer is specialised, in words; "" where they do not."""
    pairs = enumerate(zip(code, program.instructions, strict=False))
    for number, (mine, other) in pairs:
        if mine != other:
            here, there = (instruction_text(one, program.word, 0) for one in (mine, other))
            return f"expected the program to which it is specialised, whose instruction {number} is {here}, found {there}"
    if len(code) != program.length:
        return f"expected the program of {len(code)} instructions to which it is specialised, found one of {program.length}"
    return ""


def inexact(file: MachineFile, path: Path, compare: bool = True) -> str:
    """Why a file's dtype is not known to carry its numbers exactly; "" where it is.

    Bounds of the file's own numbers decide within seconds. Where they do not, and the file reads out otherwise than a fresh
    compile, the two are ``compare``d by the obligations that do so, in a process that may take ``SECONDS``, which is said on
    standard error if it takes long.
    """
    alone, step = _numbers(file)
    reason = alone.doubt(step)
    if not (reason and alone.deviates and compare):
        return reason
    with patience(f"{display_path(path)}: comparing it with a fresh compile, for up to {SECONDS:g} s: {reason}"):
        (reply,) = isolation.run([isolation.job(f"{__name__}:compared", {"path": str(path)}, SECONDS, RunOptions.memory)], 1)
    if "value" in reply:
        return str(reply["value"])
    return f"{reason}; the comparison with a fresh compile ended early: {reply.get('ended') or reply['message']}"


def compared(path: str) -> str:
    """Why a weights file that deviates is not known to be exact, by all obligations about its numbers, some of them Z3's;
    nothing is run in torch. Empty if they all hold."""
    alone, step = _numbers(read_machine(Path(path)))
    numbers = numerics.judged(alone, step)
    return numbers.doubt(step) or next((f"not shown: {one.id}" for one in numbers.comparisons() if not _discharged(one)), "")


def _numbers(file: MachineFile) -> tuple[numerics.Numbers, Step]:
    """A file's numbers by their own bounds, and the machine's step."""
    machine = Machine(file.word, file.engine, file.extension, (1, 1 << file.word), file.code)
    return numerics.Numbers(Regime(machine.n[1], (machine, file.plan)), machine), Step(machine)


def _discharged(obligation: Obligation) -> bool:
    """Whether Z3 proves an obligation; a countermodel is not looked for."""
    return discharge(replace(obligation, search=None), ["z3"], SECONDS).status == "proved"
