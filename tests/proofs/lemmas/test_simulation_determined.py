"""What is concluded of a pass, on sequences of runs: it is true of the tokens that a step gives, and false of any others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import cast

import pytest

from efasp.encoding import CellLayout, Event, LogLayout, TokenSequence, Write, join
from efasp.pram.assembler import assemble
from efasp.pram.machine import Configuration, Program, Status
from efasp.proofs.conclusions import Conclusion
from efasp.proofs.concrete.differential import as_configuration, oracle
from efasp.proofs.concrete.oracle import Action
from efasp.proofs.lemmas.simulation_composition import CHANGES, PASSES
from efasp.proofs.lemmas.simulation_kept_cells import CELL, UNCHANGED
from efasp.proofs.lemmas.simulation_kept_log import EVENT
from efasp.proofs.obligation import Machine
from efasp.proofs.smtlib import Names, Script, evaluate, parse, plain
from efasp.proofs.symbolic.positions import Position
from efasp.proofs.symbolic.sequence_invariants import ONE_SLOT
from efasp.proofs.symbolic.step_definitions import Step

TEXT = """
.word {word}
.processors 3
.memory 4
.data 0: 3 1 4 1
        pid  r1
        st   r1, [2]
        jz   r1, 4
        ld   r2, [r1 + 29]
        halt
"""
STATUSES = ("running", "halted", "load", "store", "pc")
Values = dict[tuple[int, ...], int]


def table(arity: int, values: Values) -> list[object]:
    """A function as a model gives it: these values, and 0 elsewhere."""
    names = [f"x{number}" for number in range(arity)]
    body = "0"
    for arguments, value in values.items():
        here = " ".join(f"(= {name} {argument})" for name, argument in zip(names, arguments, strict=True))
        body = f"(ite (and {here}) {value} {body})"
    return ["lambda", [[name, "Int"] for name in names], parse(body)[0]]


def functions(prefix: str, named: dict[str, dict[int, int]]) -> Names:
    """Functions of one argument."""
    return {f"{prefix}.{name}": table(1, {(pid,): value for pid, value in of.items()}) for name, of in named.items()}


@cache
def run(word: int) -> tuple[Program, list[tuple[Configuration, dict[int, Action], Configuration]]]:
    """A program, and its steps by the oracle: the state before, what the running processors do, the state after."""
    program = assemble(TEXT.format(word=word), "test")
    state, steps = oracle(program), []
    while state.alive:
        before, acts = as_configuration(state), {pid: state.action(pid) for pid in state.alive}
        state.step()
        steps.append((before, acts, as_configuration(state)))
    return program, steps


def effect_of(before: Configuration, acts: dict[int, Action], after: Configuration) -> Names:
    """The functions ``effect`` of a step."""
    every = range(len(before.pc))
    stopped = Action(0, stop="stopped")
    found = {pid: acts.get(pid, stopped) for pid in every}
    stores = {pid: int(not act.stop and act.store is not None) for pid, act in found.items()}
    writes = {pid: int(not act.stop and act.register is not None) for pid, act in found.items()}
    parts = {
        "pc": dict(enumerate(after.pc)),
        "status": {pid: STATUSES.index(status) for pid, status in enumerate(after.status)},
        "stores": stores,
        "writes": writes,
        "address": {pid: act.store or 0 for pid, act in found.items()},
        "rd": {pid: act.register or 0 for pid, act in found.items()},
        "value": {pid: act.word for pid, act in found.items()},
    }
    return functions("effect", parts)


def event_of(after: Configuration, pid: int, act: Action | None) -> Event:
    """The event of a processor's action."""
    write = None
    if act is not None and not act.stop and act.store is not None:
        write = Write("memory", act.store, act.word)
    elif act is not None and not act.stop and act.register is not None:
        write = Write("register", act.register, act.word)
    return Event(after.pc[pid], after.status[pid], write)


class Instance:
    """A conclusion about positions with some prefixes, evaluated at positions of sequences."""

    def __init__(self, step: Step, conclusion: Conclusion, *prefixes: str) -> None:
        self.step, self.prefixes = step, prefixes
        script = Script("QF_UFLIA")
        (self.tree,) = parse(conclusion(*(Position(script, step, prefix) for prefix in prefixes)))

    def holds(self, names: Names, *at: tuple[Sequence[int], int]) -> bool:
        """Whether it does where each prefix names a position: the row of its place, and its token."""
        every = dict(names)
        for prefix, (place, token) in zip(self.prefixes, at, strict=True):
            rows = (("te", "token", self.step.te, self.step.te.rows([token])[0].tolist()), ("pe", "place", self.step.pe, place))
            for side, payload, book, row in rows:
                every |= {
                    f"{prefix}.{side}.{plain(kind.name)}": int(number == row[0]) for number, kind in enumerate(book.kinds)
                }
                every |= {f"{prefix}.{payload}.{name}": int(v) for (name, _), v in zip(book.payloads, row[1:], strict=True)}
        return bool(evaluate(self.tree, every))


def others(step: Step, token: int, at: int) -> Iterator[int]:
    """Tokens that are not this one, some at every position: the mask, a neighbour, and the first ones of some kinds."""
    size, offsets = step.te.size, step.te.offsets[:-1]
    some = {step.te.token("mask"), (token + 1) % size, offsets[at % len(offsets)], offsets[-1 - at % 5]}
    yield from sorted(some - {token})


@pytest.mark.parametrize("word", [5, 6])
def test_the_log_after_a_pass_is_the_only_one(word: int) -> None:
    """The events of every step, as the oracle has them, satisfy the conclusions; another token of a block from t + 1 on, or a
    mask in an earlier one, does not."""
    step = Step(Machine(word, "mdm", "", (1, 1 << word)))
    program, steps = run(word)
    layout = cast(LogLayout, LogLayout.of(program, ""))
    event, passes = Instance(step, EVENT, "a"), Instance(step, PASSES, "b", "a")
    mask, log = layout.vocabulary.token("mask"), list[list[Event]]()
    for t, (before, acts, after) in enumerate(steps):
        old = join([layout.encode(program, log), layout.masks(t + 1), layout.masks(t + 2)])
        log.append([event_of(after, pid, acts.get(pid)) for pid in range(program.processors)])
        new = join([layout.encode(program, log), layout.masks(t + 2)])
        names: Names = {"t": t, **effect_of(before, acts, after)}
        for at, (place, token) in enumerate(zip(new.places.tolist(), new.tokens.tolist(), strict=True)):
            was = place, int(old.tokens[at])
            assert event.holds(names, (place, token)) and passes.holds(names, was, (place, token))
            wrong = others(step, token, at) if at >= layout.times(t + 1).start else [mask] if at >= layout.prompt_length else []
            for other in wrong:
                assert not (event.holds(names, (place, other)) and passes.holds(names, was, (place, other))), (t, place, other)


def cells(layout: CellLayout, program: Program, state: Configuration, slots: Callable[[int], int]) -> TokenSequence:
    """The cells that hold a state."""
    return layout.encode(program, state, [slots(cell) for cell in range(layout.cells)])


@pytest.mark.parametrize("word", [5, 6])
def test_the_cells_after_a_pass_hold_the_only_state(word: int) -> None:
    """The state after every step, as the oracle has it, satisfies the conclusions, in either slot; another token does not, nor
    a cell with two masks or none."""
    step = Step(Machine(word, "apmdm", "", (1, 1 << word)))
    program, steps = run(word)
    layout = cast(CellLayout, CellLayout.of(program, ""))
    cell, prompt, slots = Instance(step, CELL, "a"), Instance(step, UNCHANGED, "b", "a"), Instance(step, ONE_SLOT, "a", "b")
    mask, (changes,) = layout.vocabulary.token("mask"), parse(CHANGES("changed", "some"))
    for before, acts, after in steps:
        old, new = (
            cells(layout, program, before, lambda cell: cell % 2),
            cells(layout, program, after, lambda cell: cell // 2 % 2),
        )
        names: Names = functions("after", {"pc": dict(enumerate(after.pc)), "memory": dict(enumerate(after.memory))})
        names |= functions("after", {"status": {p: STATUSES.index(cast(Status, s)) for p, s in enumerate(after.status)}})
        banks = {(p, r): value for p, bank in enumerate(after.registers) for r, value in enumerate(bank)}
        names["after.register"] = table(2, banks)
        rows = list(zip(new.places.tolist(), new.tokens.tolist(), strict=True))

        def holds(at: int, token: int, old: TokenSequence = old, names: Names = names, rows: list = rows) -> bool:  # type: ignore[type-arg]
            here = rows[at][0], token
            if at < layout.prompt_length:
                return prompt.holds(names, (here[0], int(old.tokens[at])), here)
            return cell.holds(names, here) and slots.holds(
                names, here, rows[layout.prompt_length + (at - layout.prompt_length ^ 1)]
            )

        for at, (_, token) in enumerate(rows):
            assert holds(at, token)
            if acts.keys() != set(range(program.processors)):
                continue  # one step of all processors is enough
            for other in others(step, token, at):
                assert not holds(at, other), (rows[at], other)
        for changed in (True, False):
            assert evaluate(changes, {"changed": changed, "some": bool(acts)}) is (changed is bool(acts))
    assert mask not in (token for _, token in rows[: layout.prompt_length])
