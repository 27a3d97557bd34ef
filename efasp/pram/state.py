"""The data of the machine: programs, configurations, and the results of runs (docs/machine.md).

Everything here is frozen but the lists that a run works on. Words are Python integers in 0..2^w-1.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple, get_args

from efasp.pram.isa import Instruction

Policy = Literal["erew", "crew", "common", "priority"]
Status = Literal["running", "halted", "load", "store", "pc"]  # the last three: stopped by a fault, with its reason

POLICIES: tuple[Policy, ...] = get_args(Policy)
MIN_WORD = 5
# A larger machine is refused before memory runs out for it.
MAX_WORD, MAX_PROCESSORS, MAX_MEMORY = 1024, 1 << 20, 1 << 26


@dataclass(frozen=True)
class Program:
    """A program with the machine that it is for, as the assembler returns it and every engine takes it.

    ``word``: bits w; ``processors``: P; ``memory``: M words; ``data``: the initial words from address 0 on, at most M
    (the rest is 0); ``instructions``: L of them.
    """

    instructions: tuple[Instruction, ...]
    word: int = 16
    processors: int = 1
    memory: int = 64
    policy: Policy = "priority"
    data: tuple[int, ...] = ()
    name: str = "program"

    @property
    def length(self) -> int:
        """The number of instructions, L."""
        return len(self.instructions)

    @property
    def given(self) -> int:
        """The number of initial words that ``data`` gives."""
        return len(self.data)


@dataclass(frozen=True)
class Configuration:
    """A state of the machine between two steps: M memory words; for each of P processors 8 registers, pc and status."""

    memory: tuple[int, ...]
    registers: tuple[tuple[int, ...], ...]
    pc: tuple[int, ...]
    status: tuple[Status, ...]

    @property
    def processors(self) -> int:
        """The number of processors, P."""
        return len(self.status)

    def working(self) -> Working:
        """A mutable copy of the configuration."""
        return Working(list(self.memory), [list(bank) for bank in self.registers], list(self.pc), list(self.status))


@dataclass
class Working:
    """A configuration in lists, so that a step costs its changes and not a copy of the memory."""

    memory: list[int]
    registers: list[list[int]]
    pc: list[int]
    status: list[Status]

    def freeze(self) -> Configuration:
        """The immutable configuration with the present values."""
        return Configuration(tuple(self.memory), tuple(map(tuple, self.registers)), tuple(self.pc), tuple(self.status))


@dataclass(frozen=True)
class Fault:
    """A processor's fault: steps count from 1; ``pc`` is of the instruction that faulted."""

    pid: int
    step: int
    pc: int
    reason: Literal["load", "store", "pc"]


@dataclass(frozen=True)
class Violation:
    """A breach of the program's access policy: which address, in which step (from 1), by which processors."""

    policy: Policy
    access: Literal["read", "write"]
    address: int
    step: int
    processors: tuple[int, ...]


@dataclass
class Run:
    """The result of a run of any engine.

    ``finished`` is False when ``max_steps`` ended it; ``violation``: the breach where the access policy ended it.
    ``decode_steps``, ``context_length``, ``transformer`` and ``attention`` ("dense" or "indexed") are None for the reference
    engine; ``dense``: why attention was dense though indexed attention was asked for, else nothing.
    """

    program: Program
    engine: str
    steps: int
    configuration: Configuration
    finished: bool
    faults: list[Fault] = field(default_factory=list)
    violation: Violation | None = None
    decode_steps: int | None = None
    context_length: int | None = None
    transformer: dict[str, object] | None = None
    attention: str | None = None
    dense: str = ""

    @property
    def outcome(self) -> tuple[Configuration, int, list[Fault]]:
        """The part that every engine must agree on: the configuration at the end, the steps and the faults."""
        return self.configuration, self.steps, self.faults


class Access(NamedTuple):
    """One processor's access to shared memory in a step; ``value`` is the word read, or the word to be written."""

    pid: int
    kind: Literal["read", "write"]
    address: int
    value: int
