"""Partial evaluation of the universal step on one program: for every program there is a transformer (claims T1 and T4).

The universal step fetches an instruction from the prompt, by five lookups. In the specialised step each fetched field is a sum
of constants over a one-hot of the program counter, of which every instruction has one ReLU unit; the prompt then holds data
alone. All other definitions are the universal step's with constants folded (``efasp.folding``): a unit whose sign is known is
none, and a lookup that no instruction of the program makes is 0.
"""

from __future__ import annotations

from collections.abc import Sequence

from efasp.folding import Folded
from efasp.pram.isa import OPERATIONS, Code, Instruction, Reg, operations
from efasp.sorts import OneHot, Signs, Word
from efasp.syntax import Affine, Node, Program, TokenEmbedding, concat, relu, walk

SELECTED = "selected"  # the definition of the one-hot of the instruction
FETCHED = ("operation", "rd", "ra", "rb", "immediate")  # those of its fields


def fields(instruction: Instruction, word: int, extension: str) -> dict[str, tuple[int, ...]]:
    """What is fetched of an instruction, by the names of the step's definitions: flags, signed bits (none: 0) and a word."""
    x, none = instruction.x, (0, 0, 0)

    def register(number: int | None) -> tuple[int, ...]:
        return none if number is None else Signs(3).encode(number)

    return {
        "operation": tuple(int(operation.name == instruction.op) for operation in operations(extension)),
        "rd": register(instruction.rd),
        "ra": register(instruction.ra),
        "rb": register(x.number if isinstance(x, Reg) else None),
        "immediate": Word(word).encode(x if isinstance(x, int) else 0),
    }


def unused_lookups(code: Code) -> tuple[str, ...]:
    """The lookups of the step that no instruction of a program makes: they read 0 at every position."""
    ops = {instruction.op for instruction in code}
    lookups = {
        "a": any(i.ra is not None for i in code),
        "d": any(i.rd is not None for i in code),
        "b": any(isinstance(i.x, Reg) for i in code),
        "processors": "nproc" in ops,
        **dict.fromkeys(("loaded", "valid"), any(OPERATIONS[op].touches_memory for op in ops)),
        **dict.fromkeys(("incoming", "written"), "st" in ops),
    }
    return tuple(name for name, made in lookups.items() if not made)


def replaced(step: Program, code: Code) -> tuple[str, ...]:
    """The definitions of the universal step that are replaced: the fields of an instruction, and the unused lookups."""
    return FETCHED + tuple(name for name in unused_lookups(code) if name in step.definitions)


def selected(counter: Node, running: Node, length: int) -> Node:
    """The one-hot of the instruction at a program counter of a running processor; all 0 outside the program.

    ``counter``: a word, 0/1 bits; ``running``: a flag. Unit j is relu(running - the number of bits in which the two differ).
    """
    rows, bias = [], []
    for j in range(length):
        ones = Word(counter.width).encode(j)
        rows.append((*((bit, 2 * one - 1) for bit, one in enumerate(ones)), (counter.width, 1)))
        bias.append(-sum(ones))
    return relu(Affine(concat(counter, running), tuple(rows), tuple(bias)), OneHot(length, partial=True))


def specialised(step: Program, word: int, extension: str, code: Code) -> Program:
    """The universal step on one program: ``selected``, and its definitions that are left, the replaced ones among them.

    Raises ValueError for an instruction that the machine lacks, or more instructions than words.
    """
    has = {operation.name for operation in operations(extension)}
    if strange := next((instruction.op for instruction in code if instruction.op not in has), None):
        raise ValueError(f"program: expected a machine with extension M for {strange}, found one without it")
    if not 1 <= len(code) <= 1 << word:
        raise ValueError(f"program: expected 1 to {1 << word} instructions, found {len(code)}")
    of = step.definitions
    made = Folded(next(node for node in walk(step.output) if isinstance(node, TokenEmbedding)))
    counter, status = made.fold(of["counter"]), made.fold(of["status"])
    at = selected(counter, status[0], len(code))
    known = replaced(step, code)
    for name, column in table(code, word, extension).items():
        rows = tuple(tuple((j, c) for j, c in enumerate(values) if c) for values in zip(*column, strict=True))
        bounds = tuple((min(0, *values), max(0, *values)) for values in zip(*column, strict=True))
        made.replace(of[name], Affine(at, rows, (0,) * len(rows), of[name].sort), bounds)
    for name in known[len(FETCHED) :]:
        made.replace(of[name], made.constant((0,) * of[name].width, of[name].sort), ((0, 0),) * of[name].width)
    output = made.fold(step.output)
    live = {*walk(output, at), *(made.of[of[name]] for name in known)}
    program = Program(f"{step.name} of a program of {len(code)} instructions", {SELECTED: at})
    program.definitions |= {name: made.of[node] for name, node in of.items() if made.of.get(node) in live}
    return program


def table(code: Sequence[Instruction], word: int, extension: str) -> dict[str, list[tuple[int, ...]]]:
    """What is fetched, by the names of the step's definitions: of every instruction its values."""
    rows = [fields(instruction, word, extension) for instruction in code]
    return {name: [row[name] for row in rows] for name in rows[0]}
