"""A second implementation of the PRAM, from docs/machine.md and docs/assembly.md alone, with which runs are compared.

It imports nothing of the package, so that it shares no code with ``efasp.pram.machine``: it has its own arithmetic, its own
order of effects and its own names. Instructions come as data. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Line = tuple[str, int | None, int | None, Any]  # operation, rd, ra, x: a number, a register as the tuple of its number, None
LIVE, HALTED = "running", "halted"
REGISTERS = 8
BITWISE = {"and": (2,), "or": (1, 2), "xor": (1,)}  # how many of the two bits are set where the result's is


# Each operation as it is written, and the operation with rd, ra and x that this is; with the extension alone where it says so.
WRITTEN: dict[str, Line] = {
    "halt": ("halt", None, None, None),
    "mov r1, 5": ("mov", 1, None, 5),
    **{f"{op} r1, r2, r3": (op, 1, 2, (3,)) for op in ("add", "sub", "and", "or", "xor", "slt", "seq")},
    **{f"{op} r4, r5": (op, 4, 5, None) for op in ("shl", "shr")},
    "ld r1, [r2 + 3]": ("ld", 1, 2, 3),
    "st r1, [r2 + 3]": ("st", 1, 2, 3),
    "jmp 0": ("jmp", None, None, 0),
    **{f"{op} r6, 0": (op, None, 6, 0) for op in ("jz", "jnz")},
    **{f"{op} r7": (op, 7, None, None) for op in ("pid", "nproc")},
}
WRITTEN_M: dict[str, Line] = {
    "mul r1, r2, 3": ("mul", 1, 2, 3),
    **{f"{op} r1, r2, r3": (f"{op}x", 1, 2, (3,)) for op in ("shl", "shr")},
}


def value_of(op: str, a: int, x: int, bits: int) -> int:
    """The result of an operation on the words ``a`` and ``x``, modulo 2^bits."""
    if op in BITWISE:
        return sum(1 << i for i in range(bits) if (a >> i) % 2 + (x >> i) % 2 in BITWISE[op])
    if op in ("slt", "seq"):
        return 1 if (x - a > 0 if op == "slt" else x - a == 0) else 0
    if op in ("shlx", "shrx") and x >= bits:
        return 0
    numbers: dict[str, Callable[[], int]] = {
        "mov": lambda: x,
        "add": lambda: a + x,
        "sub": lambda: a + 2**bits - x,
        "shl": lambda: 2 * a,
        "shr": lambda: a // 2,
        "mul": lambda: sum(a << i for i in range(bits) if (x >> i) % 2),
        "shlx": lambda: a * 2**x,
        "shrx": lambda: a // 2**x,
    }
    return numbers[op]() % (1 << bits)


@dataclass
class Action:
    """A processor's next action: stop for a reason, or go on at ``pc`` and write. ``read``, ``store``: addresses."""

    pc: int
    stop: str = ""
    register: int | None = None
    read: int | None = None
    store: int | None = None
    word: int = 0


@dataclass
class Pram:
    """A machine in the middle of a run. ``words``, ``counters``, ``ended`` by address or processor; ``banks`` by processor and
    register; ``faults``: (processor, step, pc, reason), in order."""

    code: Sequence[Line]
    bits: int
    words: dict[int, int]
    banks: dict[tuple[int, int], int]
    counters: dict[int, int]
    ended: dict[int, str]
    steps: int = 0
    faults: list[tuple[int, int, int, str]] = field(default_factory=list)

    @classmethod
    def begun(cls, code: Sequence[Line], bits: int, processors: int, memory: int, data: Sequence[int]) -> Pram:
        """The machine before its first step."""
        words = {address: data[address] if address < len(data) else 0 for address in range(memory)}
        banks = {(pid, number): 0 for pid in range(processors) for number in range(REGISTERS)}
        return cls(code, bits, words, banks, dict.fromkeys(range(processors), 0), dict.fromkeys(range(processors), LIVE))

    @property
    def alive(self) -> list[int]:
        """The processors that run."""
        return [pid for pid in sorted(self.ended) if self.ended[pid] == LIVE]

    def action(self, pid: int) -> Action:
        """A processor's next action, computed on the state before the step."""
        here = self.counters[pid]
        if not 0 <= here < len(self.code):
            return Action(here, stop="pc")
        op, rd, ra, x = self.code[here]
        first = self.banks[pid, ra] if ra is not None else 0
        second = self.banks[pid, x[0]] if isinstance(x, tuple) else x if x is not None else 0
        after = (here + 1) % 2**self.bits
        if op == "halt":
            return Action(here, stop=HALTED)
        if op in ("ld", "st"):
            address = (first + second) % 2**self.bits
            if address not in self.words:
                return Action(here, stop="load" if op == "ld" else "store")
            if op == "st":
                assert rd is not None
                return Action(after, store=address, word=self.banks[pid, rd])
            return Action(after, register=rd, read=address, word=self.words[address])
        if op in ("jmp", "jz", "jnz"):
            return Action(second if op == "jmp" or (first == 0) is (op == "jz") else after)
        if op in ("pid", "nproc"):
            return Action(after, register=rd, word=(pid if op == "pid" else len(self.ended)) % 2**self.bits)
        return Action(after, register=rd, word=value_of(op, first, second, self.bits))

    def step(self) -> dict[int, Action]:
        """All that run act at once; their actions, by processor."""
        acts = {pid: self.action(pid) for pid in self.alive}
        self.steps += 1
        for pid, act in acts.items():
            self.counters[pid] = act.pc
            if act.stop:
                self.ended[pid] = act.stop
            if act.stop not in ("", HALTED):
                self.faults.append((pid, self.steps, act.pc, act.stop))
            if act.register is not None:
                self.banks[pid, act.register] = act.word
        for pid in sorted(acts, reverse=True):  # the lowest is the last to be written, and stays
            address = acts[pid].store
            if address is not None:
                self.words[address] = acts[pid].word
        return acts

    def breach(self, policy: str) -> tuple[str, int, int, tuple[int, ...]] | None:
        """How the next step breaks an access policy: access, address, step, processors. Reads come first, then addresses."""
        acts = {pid: self.action(pid) for pid in self.alive}
        for access, strict in (("read", policy == "erew"), ("write", policy != "priority")):
            touched = {pid: act.read if access == "read" else act.store for pid, act in acts.items()}
            for address in sorted({at for at in touched.values() if at is not None}):
                who = tuple(pid for pid in acts if touched[pid] == address)
                same = policy == "common" and len({acts[pid].word for pid in who}) == 1
                if strict and len(who) > 1 and not same:
                    return access, address, self.steps + 1, who
        return None

    def run(self, most: int, policy: str = "priority") -> tuple[str, int, int, tuple[int, ...]] | None:
        """Run to the end, to ``most`` steps, or to a breach, which is returned."""
        while self.alive and self.steps < most:
            if policy != "priority" and (breach := self.breach(policy)) is not None:
                return breach
            self.step()
        return None
