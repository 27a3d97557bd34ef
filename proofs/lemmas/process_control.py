"""The control of decoding: what `efasp run` does with read-outs that are right, for many steps and many processors. For
``proofs.lemmas.process``.

A stand-in for the transformer answers every pass with the codes of the tokens that the oracle says are due, and in place with
the control bits that they take. So long runs cost little, and a run that differs from the oracle's is a fault of
``model.decode``: of its passes, its context, its limits, its faults or its access policies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from efasp.encoding import CellLayout, LogLayout, vocabulary
from efasp.model.plan import Plan
from efasp.model.runs import DecodingError, followed
from efasp.pram.machine import Configuration, Program
from efasp.proofs.concrete.differential import Wanted, decoded, ends_without, guarded, listed, misreported, oracle, unequal
from efasp.proofs.concrete.machine_passes import Report
from efasp.proofs.concrete.oracle import Action
from efasp.proofs.concrete.scenarios import MANY, Shape, gathered, lasting
from efasp.proofs.obligation import Machine, Verdict
from efasp.proofs.symbolic.codes import row

STEPS, FEW = 2_000, 200  # of the longest run, or where there are few; it goes on for more
ROUNDS = 21  # of five steps each, of the run of many processors


def programs(machine: Machine, few: bool) -> list[tuple[Program, int]]:
    """The programs, each with the most steps that it is run for; ``few``: the longest run is short too."""
    shape = Shape(machine.word, machine.extension)
    many, last = gathered(shape, shape.most(MANY), ROUNDS), lasting(shape, FEW if few else STEPS)
    return [(many, 1_000), (last, 100), (replace(many, policy="erew"), 1_000), (last, 10_000)]


def scope(machine: Machine, few: bool) -> str:
    """The runs, for the scope."""
    several = programs(machine, few)
    most = max(program.processors for program, _ in several)
    return (
        f"measured: w = {machine.word}, read-outs as the oracle says: {len(several)} runs, P <= {most}, more than "
        f"{FEW if few else STEPS:,} steps, with faults, breaches of access policies and a limit of steps at their ends"
    )


def discharge(machine: Machine, plan: Plan, dtype: str, few: bool) -> Verdict:
    """Run every program by ``model.decode.run`` with the stand-in."""
    from efasp.model import decode

    stand_in, steps = {"mdm": Log, "apmdm": Cells}[machine.engine], 0
    for program, most in programs(machine, few):
        expected, history = decoded(machine, plan, dtype, program, most), list[Configuration]()

        def work(program: Program = program, most: int = most, expected: Wanted = expected, history=history) -> Report | None:  # type: ignore[no-untyped-def]
            answers: Any = stand_in(program, machine.extension, expected.report["model"])
            run = decode.run(program, machine.engine, answers, machine.extension, most, history=history)
            return misreported(expected, run, history)

        if (wrong := guarded(work)) is not None:
            return Verdict("refuted", "numpy", {"engine": machine.engine, "ext": machine.extension, **wrong, **listed(program)})
        steps += expected.report["steps"]
    for check in (lambda: accepted(machine, decode.run, stand_in), lambda: ended(machine)):
        if (wrong := guarded(check)) is not None:
            return Verdict("refuted", "numpy", {**machine.params, **wrong})
    return Verdict("measured", f"numpy: {steps} steps as the oracle has them")


def accepted(machine: Machine, run: Callable[..., Any], stand_in: type[StandIn]) -> Report | None:
    """What a run must refuse and takes; and its limit of steps, where none is given."""
    program = lasting(Shape(machine.word, machine.extension), 1)
    for given, most in ((replace(program, memory=0), 1), (replace(program, data=(0, 1 << machine.word)), 1), (program, -1)):
        answers = stand_in(program, machine.extension, {})
        if ends_without(partial(run, given, machine.engine, answers, machine.extension, most)):
            return {"what": "run", "expected": "a refusal", "got": "none", "max_steps": most, **listed(given)}
    return unequal(10_000, signature(run).parameters["max_steps"].default, "the limit of steps where none is given")


def ended(machine: Machine) -> Report | None:
    """Where a run without a state does not end as it must: unfinished at its clock's end, with an error without a clock."""
    program, _ = programs(machine, True)[0]
    layout = (LogLayout if machine.engine == "mdm" else CellLayout).of(program, machine.extension)

    def run() -> Any:
        return followed(program, machine.engine, layout, iter(()), {}, 9)

    if machine.engine == "mdm":
        return unequal({"steps": 0, "finished": False}, {name: getattr(run(), name) for name in ("steps", "finished")})
    return {"what": "no state", "expected": "an error", "got": "a run"} if ends_without(run, DecodingError) else None


class StandIn:
    """Read-outs by the oracle: at every pass those of the next step."""

    def __init__(self, program: Program, extension: str, model: Any) -> None:
        self.state, self.book, self.model = oracle(program), vocabulary(program.word, extension), model
        self.made: dict[tuple[str, int], np.ndarray] = {}

    def summary(self) -> Any:
        """The summary of the transformer that this stands for."""
        return self.model

    def counter(self, pid: int) -> tuple[str, int]:
        """Kind and payload of the token for a processor's program counter and status."""
        status = self.state.ended[pid]
        return "word" if status == "running" else status, self.state.counters[pid]

    def codes(self, items: Sequence[tuple[str, int]]) -> np.ndarray:
        """Codes of tokens, (tokens, width); each is made once."""
        for item in set(items) - self.made.keys():
            self.made[item] = self.book.codes([row(self.book, *item)]).astype(np.float64)[0]
        return np.array([self.made[item] for item in items])


class Log(StandIn):
    """For masked diffusion; every pass unmasks a whole block."""

    def outputs(self, tokens: np.ndarray, places: np.ndarray, cache: Any = None) -> np.ndarray:
        """The read-outs (positions, width): at the last block the codes that are due, 0 before it."""
        actions, items = self.state.step(), list[tuple[str, int]]()
        for pid in sorted(self.state.ended):
            act = actions.get(pid, Action(0))
            if act.register is not None:
                written = [("reg", act.register), ("word", act.word)]
            else:
                written = [("none", 0), ("word", 0)] if act.store is None else [("word", act.store), ("word", act.word)]
            items += [self.counter(pid), *written]
        codes = self.codes(items)
        return np.concatenate([np.zeros((len(tokens) - len(codes), codes.shape[1])), codes])


class Cells(StandIn):
    """For any-process generation; a pass is given the cells, and the first also the prompt, which stays."""

    def outputs(self, tokens: np.ndarray, places: np.ndarray, cache: Any = None) -> np.ndarray:
        """(positions, width + 3): the codes of the cells after the step; a mask stays one unless its cell is written."""
        actions, state = self.state.step(), self.state
        stored = {act.store for act in actions.values()}
        cells = [(("word", word), address in stored) for address, word in sorted(state.words.items())]
        cells += [(("word", word), pid in actions and actions[pid].register == number)
                  for (pid, number), word in sorted(state.banks.items())]  # fmt: skip
        cells += [(self.counter(pid), pid in actions) for pid in sorted(state.ended)]
        codes = np.repeat(self.codes([item for item, _ in cells]), 2, axis=0)
        remask = (tokens[-len(codes) :] == self.book.token("mask")) ^ np.repeat([hit for _, hit in cells], 2)
        read_out = np.hstack([codes, remask[:, None], np.zeros((len(codes), 2))])
        return np.concatenate([np.zeros((len(tokens) - len(codes), read_out.shape[1])), read_out])
