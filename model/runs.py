"""Runs of a program by decoding: one state per PRAM step, from any decoder, followed to the end of the run.

Of torch and of the semantics in ``build/pram-kernel`` alike: this module imports neither.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from efasp.encoding import Layout, LogLayout, TokenSequence
from efasp.pram import machine
from efasp.pram.machine import Configuration, Program, Run

Observer = Callable[[int], None]


class DecodingError(RuntimeError):
    """The transformer produced tokens that no run of the machine has: weights of another construction, or broken ones."""


@dataclass
class State:
    """A run in progress: the configuration after ``steps`` PRAM steps, and the sequence that holds it.

    ``dense``: why the passes are dense though indexed ones were asked for, else nothing.
    """

    steps: int
    passes: int
    configuration: Configuration
    sequence: TokenSequence
    dense: str = ""


def followed(
    program: Program,
    engine: str,
    layout: Layout,
    states: Iterator[State],
    transformer: dict[str, object],
    max_steps: int,
    observe: Observer | None = None,
    history: list[Configuration] | None = None,
    attention: str = "dense",
) -> Run:
    """A run by its states after steps 1, 2, ...: to its end, to ``max_steps``, to a breach of policy, or to the clock's end.

    A log ends at the last time that its clock holds (``LogLayout.latest``): not finished then, as at ``max_steps``.
    ``observe`` is given each step's number, and ``history`` is given the configuration after it; ``transformer`` is the entry
    ``model`` of the report, ``attention`` how the passes were asked for. Raises ValueError for a negative ``max_steps``,
    DecodingError for states that are none of a run.
    """
    if max_steps < 0:
        raise ValueError(f"max_steps: expected 0 or more, found {max_steps}")
    before, passes, steps, dense = machine.initial(program), 0, 0, ""
    faults: list[machine.Fault] = []
    breach = None
    while "running" in before.status and steps < max_steps:
        breach = machine.violation(program, before, steps + 1)
        if breach is not None:
            break
        try:
            state = next(states, None)
        except ValueError as error:
            raise DecodingError(f"step {steps + 1}: {error}") from None
        if state is None and isinstance(layout, LogLayout):
            break  # the clock's end
        if state is None:
            raise DecodingError(f"step {steps + 1}: decoding ended while processors were running")
        steps, passes, dense = state.steps, state.passes, state.dense
        faults += machine.faults_between(before, state.configuration, steps)
        before = state.configuration
        if history is not None:
            history.append(before)
        if observe is not None:
            observe(steps)
    context = layout.context_length(steps) if isinstance(layout, LogLayout) else layout.context_length  # type: ignore[attr-defined]
    finished = breach is not None or "running" not in before.status
    taken = "dense" if dense else attention
    return Run(program, engine, steps, before, finished, faults, breach, passes, context, transformer, taken, dense)
