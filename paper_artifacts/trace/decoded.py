"""A program as the torch transformer of a weights file decodes it: the run of `efasp run`, pass by pass.

The tokens are those of ``model.decode`` itself, keys and values cached and all: where a file's dtype rounds, another order of
summation may give other numbers, and so another run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from efasp.encoding import CellLayout, LogLayout, TokenSequence, join
from efasp.model.plan import Plan
from efasp.model.runs import DecodingError
from efasp.pram import machine
from efasp.pram.machine import Program
from efasp.proofs.concrete.machine_passes import Pass, cell_pass, log_difference, log_pass


@dataclass(frozen=True)
class ReadOut:
    """The read-out of one sequence, as the predictor there (``proofs.concrete.machine_passes.Predictor``)."""

    outputs: np.ndarray

    def forward(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The read-outs that were given, (positions, d_out), whatever the tokens."""
        return self.outputs


class Decoded:
    """The torch transformer of a file's plan, in the file's dtype, and a program that it decodes."""

    def __init__(self, program: Program, layout: LogLayout | CellLayout, extension: str, plan: Plan) -> None:
        from efasp.model.transformer import Transformer

        self.program, self.layout, self.extension = program, layout, extension
        self.module = Transformer.of(plan, plan.dtype)

    def passes(self) -> Iterator[Pass]:
        """The passes of the run, one a PRAM step, until all processors have stopped, decoding fails, or the clock ends.

        Raises efasp.model.decode.NoNumbers for read-outs that are infinite or NaN.
        """
        from efasp.model import decode

        layout, before = self.layout, machine.initial(self.program)
        log = isinstance(layout, LogLayout)
        start = decode.masked_diffusion if log else decode.any_process
        prompted = layout.length > 0  # else the module is specialised to the program
        # every pass whole, as a trace shows it
        states = start(self.program, self.module, self.extension, attention="dense", prompted=prompted)
        sequence = join([layout.prompt(self.program), layout.start()]) if isinstance(layout, LogLayout) else None
        sequence = sequence or layout.encode(self.program, before)  # type: ignore[arg-type]
        step = 0
        with self.module.watched() as read:
            while "running" in before.status:
                step += 1
                read.clear()
                try:
                    found = next(states, None)
                except decode.NoNumbers:
                    raise
                except (DecodingError, ValueError):
                    found = None  # the pass shows the error
                if not read:
                    return  # the clock's end
                if isinstance(layout, LogLayout):
                    sequence = join([sequence, layout.masks(step)])
                one = self._pass(sequence, step, before, read[-1])
                if found is not None and isinstance(layout, LogLayout):
                    one = self._unmasked(one, found.sequence.tokens[layout.times(step)])
                yield one
                if found is None:
                    return
                sequence, before = TokenSequence(one.after, sequence.places), found.configuration

    def _pass(self, sequence: TokenSequence, step: int, before: machine.Configuration, active: np.ndarray) -> Pass:
        """A pass of which the last positions' read-out is given; of others nothing is read, or the run has cached it."""
        outputs = np.zeros((len(sequence), active.shape[1]), dtype=active.dtype)
        outputs[-len(active) :] = active
        return predicted(ReadOut(outputs), self.layout, sequence, step, self.program, before)

    def _unmasked(self, one: Pass, block: np.ndarray) -> Pass:
        """The pass with the block that the run has, which may have taken it more than one pass."""
        assert isinstance(self.layout, LogLayout)
        after = one.after.copy()
        after[self.layout.times(one.time)] = block
        return replace(one, after=after, report=log_difference(self.program, self.layout, one.before, block))


def predicted(plan: ReadOut | Plan, layout: LogLayout | CellLayout, sequence: TokenSequence, step: int, program: Program,
              before: machine.Configuration) -> Pass:  # fmt: skip
    """The pass over a sequence that holds a configuration (of a log with the block of the step masked at its end)."""
    if isinstance(layout, LogLayout):
        return log_pass(plan, layout, sequence, step, program, before)
    return cell_pass(plan, layout, sequence, step, program, before)
