"""Single steps at w = 5 through the torch transformer, many processors a pass: for ``bounded.steps``.

Every processor has an instruction and operands of its own; the state that a pass decodes must be ``efasp.pram.machine.step`` of
the state before it (``proofs.concrete.machine_states``). torch is imported only where a transformer is run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from efasp.model.plan import Plan
from efasp.pram.isa import Instruction, Operation, operations
from efasp.pram.machine import Configuration, Program
from efasp.proofs.concrete.machine_passes import Case
from efasp.proofs.concrete.machine_states import CELLS, RUNNING, failure, register_form
from efasp.proofs.obligation import Machine, Verdict

WORD, SIZE = 5, 32
SHIFT = 7  # between the two operands, where not all pairs are run
WORDS = tuple((5 * i + 3) % SIZE for i in range(CELLS))


class Torch:
    """A plan in the torch transformer."""

    def __init__(self, plan: Plan) -> None:
        from efasp.model.transformer import Transformer

        self.transformer = Transformer.of(plan, plan.dtype)  # a weights file states its dtype

    def forward(self, tokens: np.ndarray, positions: np.ndarray) -> np.ndarray:
        """The read-out at every position."""
        return self.transformer.outputs(tokens, positions)


def passes(machine: Machine, few: bool) -> Iterator[Case]:
    """The passes to be run: ``pairs`` of any-process generation, ``immediates`` of masked diffusion.

    ``few``: less of it, with the extension only the operations that are its own.
    """
    some = [o for o in operations(machine.extension) if o.extension == machine.extension or not few]
    yield from pairs(machine.extension, some, few) if machine.engine == "apmdm" else immediates(some, few)


def described(machine: Machine, few: bool) -> str:
    """The passes that are run, in words."""
    own = "operation of extension M" if few and machine.extension else "operation"
    if machine.engine == "mdm":
        return f"every {own} that takes an immediate, with every one, on {'one operand' if few else 'two operands'} each"
    if few:
        return f"every {own} on {SIZE} pairs of register operands"
    all_pairs = ", ".join(o.name for o in operations(machine.extension) if paired(o, machine.extension))
    return f"{all_pairs} on all {SIZE * SIZE} pairs of register operands, every other operation on {SIZE}"


def paired(operation: Operation, extension: str) -> bool:
    """Whether all pairs of its operands are run, where not few are: it has two, and the extension is its own."""
    return operation.extension == extension and ({"a", "x"} <= set(operation.shape) or operation.name == "st")


def pairs(extension: str, some: Sequence[Operation], few: bool) -> Iterator[Case]:
    """Operations on pairs of two register operands (of a store: value and address), others on each value of r1 once."""
    code = tuple(register_form(operation) for operation in operations(extension))
    for operation in some:
        index = operations(extension).index(operation)
        for shift in range(SIZE) if paired(operation, extension) and not few else (SHIFT,):
            yield _pass(code, [((a + 5 * shift) % SIZE, a, (a + shift) % SIZE) for a in range(SIZE)], [index] * SIZE)


def immediates(some: Sequence[Operation], few: bool) -> Iterator[Case]:
    """Every operation that takes an immediate (offset, target) with every one, on r1 = 11 times it and on r1 = 0.

    In every third log there are writes before those that count.
    """
    taking = [operation for operation in some if set("xmt") & set(operation.shape)]
    for number, (operation, factor) in enumerate(product(taking, (11,) if few else (11, 0))):
        form = register_form(operation)
        code = tuple(Instruction(form.op, form.rd, form.ra, x) for x in range(SIZE))
        yield _pass(code, [(x, factor * x % SIZE, 0) for x in range(SIZE)], list(range(SIZE)), variant=3 * (number % 3 == 0))


def _pass(code: tuple[Instruction, ...], operands: list[tuple[int, int, int]], pc: list[int], variant: int = 0) -> Case:
    registers = tuple((d, a, x, 7, 0, 0, 0, 0) for d, a, x in operands)
    before = Configuration(WORDS, registers, tuple(pc), (RUNNING,) * len(pc))
    return Case(Program(code, WORD, len(pc), CELLS, data=WORDS), before, variant)


def discharge(machine: Machine, plan: Plan, few: bool) -> Verdict:
    """Run every pass; ``measured`` if all are right, else ``refuted`` with the first failure."""
    torch = Torch(plan)
    method, count = f"torch, {torch.transformer.dtype_name}", 0
    for number, case in enumerate(passes(machine, few)):
        if (report := failure(torch, machine, case)) is not None:
            return Verdict("refuted", method, {"engine": machine.engine, "w": machine.word, "single step": number, **report})
        count += case.program.processors
    return Verdict("measured", f"{method}: {count} single steps as efasp.pram.machine has them")
