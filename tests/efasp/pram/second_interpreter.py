"""A second interpreter of PRAM programs, which shares no code with the machine, and the instructions on strings of digits."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import combinations
from typing import Any

from efasp.pram.isa import Reg
from efasp.pram.machine import Configuration, Program


def bits(value: int, word: int) -> str:
    """The ``word`` binary digits of a word."""
    return format(value, f"0{word}b")


def digitwise(a: int, x: int, w: int, keep: Callable[[str, str], bool]) -> int:
    """The word whose digit is 1 where ``keep`` holds of the digits of ``a`` and ``x``."""
    return int("".join("01"[keep(p, q)] for p, q in zip(bits(a, w), bits(x, w), strict=True)), 2)


# The table of docs/assembly.md, "Instructions", once more, on strings of digits and with remainders.
PLAIN: dict[str, Callable[[int, int, int], int]] = {
    "mov": lambda a, x, w: x,
    "add": lambda a, x, w: a + x if a + x < 2**w else a + x - 2**w,
    "sub": lambda a, x, w: a - x if a >= x else a - x + 2**w,
    "and": lambda a, x, w: digitwise(a, x, w, lambda p, q: p == q == "1"),
    "or": lambda a, x, w: digitwise(a, x, w, lambda p, q: "1" in p + q),
    "xor": lambda a, x, w: digitwise(a, x, w, lambda p, q: p != q),
    "shl": lambda a, x, w: int(bits(a, w)[1:] + "0", 2),
    "shr": lambda a, x, w: int("0" + bits(a, w)[:-1], 2),
    "slt": lambda a, x, w: 1 if bits(a, w) < bits(x, w) else 0,
    "seq": lambda a, x, w: 1 if bits(a, w) == bits(x, w) else 0,
    "mul": lambda a, x, w: sum((a * 2**i) % 2**w for i in range(w) if x // 2**i % 2) % 2**w,
    "shlx": lambda a, x, w: int((bits(a, w) + "0" * min(x, w))[-w:], 2),
    "shrx": lambda a, x, w: int(("0" * min(x, w) + bits(a, w))[:w], 2),
}


class Oracle:
    """A second interpreter, which shares no code with the first: it copies the whole state and edits the copy.

    ``log`` lists the accesses (pid, kind, address, value) of the step last taken.
    """

    def __init__(self, program: Program) -> None:
        self.program, self.steps, self.faults = program, 0, list[tuple[int, int, int, str]]()
        self.cells = dict.fromkeys(range(program.memory), 0) | dict(enumerate(program.data))
        self.cores: list[dict[str, Any]] = [{"r": [0] * 8, "pc": 0, "on": "running"} for _ in range(program.processors)]
        self.log: list[tuple[int, str, int, int]] = []

    def step(self) -> None:
        """One step; from the highest id down, so that the lowest has the last word."""
        self.steps += 1
        self.log = []
        cells = copy.copy(self.cells)
        for pid, core in reversed(list(enumerate(self.cores))):
            if core["on"] == "running":
                core["on"] = self.act(pid, core, cells)
                if core["on"] not in ("running", "halted"):
                    self.faults.append((self.steps, pid, core["pc"], core["on"]))
        self.cells = cells
        self.faults.sort()

    def act(self, pid: int, core: dict[str, Any], cells: dict[int, int]) -> str:
        """Processor ``pid``'s part of a step: read ``self.cells``, write ``cells``; the status it ends with."""
        w, code, r = self.program.word, self.program.instructions, core["r"]
        if core["pc"] not in range(len(code)):
            return "pc"
        ins = code[core["pc"]]
        base = r[ins.ra] if ins.ra is not None else 0
        x = r[ins.x.number] if isinstance(ins.x, Reg) else ins.x
        after = (core["pc"] + 1) % 2**w
        match ins.op:
            case "halt":
                return "halted"
            case "ld" | "st":
                where = (base + x) % 2**w
                if where not in cells:
                    return {"ld": "load", "st": "store"}[ins.op]
                if ins.op == "ld":
                    r[ins.rd] = self.cells[where]
                    self.log.append((pid, "read", where, r[ins.rd]))
                else:
                    cells[where] = r[ins.rd]
                    self.log.append((pid, "write", where, r[ins.rd]))
            case "jmp":
                after = x
            case "jz":
                after = after if base else x
            case "jnz":
                after = x if base else after
            case "pid":
                r[ins.rd] = pid
            case "nproc":
                r[ins.rd] = self.program.processors % 2**w
            case op:
                r[ins.rd] = PLAIN[op](base, x, w)
        core["pc"] = after
        return "running"

    @property
    def configuration(self) -> Configuration:
        """The state reached."""
        return Configuration(
            tuple(self.cells[address] for address in range(self.program.memory)),
            tuple(tuple(core["r"]) for core in self.cores),
            tuple(core["pc"] for core in self.cores),
            tuple(core["on"] for core in self.cores),
        )

    def breaches(self, policy: str) -> list[tuple[str, int, int, int]]:
        """The pairs of processors that breach ``policy`` in the step last taken: (kind, address, pid, pid)."""
        found = []
        for (p, kind, where, value), (q, other, there, second) in combinations(sorted(self.log), 2):
            bad = {
                "priority": False,
                "common": kind == "write" and value != second,
                "crew": kind == "write",
                "erew": True,
            }[policy]
            if kind == other and where == there and bad:
                found.append((kind, where, p, q))
        return sorted(found)
