"""The token at each place of a sequence: written out, not made by the layouts, for symbols and for plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from efasp.encoding import FIELDS, LOG_SLOTS, Event
from efasp.pram.isa import REGISTERS, Reg
from efasp.proofs.conclusions import concluded
from efasp.proofs.smtlib import Term, land
from efasp.proofs.symbolic.machine import same


@dataclass(frozen=True)
class Content:
    """The contents of a sequence, its numbers symbols or plain: P as a word, the instruction at an index, the word at an
    address, a register, a counter with its status; of the log a processor's event; of the cells which slot holds the value."""

    count: Any
    instruction: Callable[[Any], Any]
    memory: Callable[[Any], Any]
    register: Callable[[Any, Any], Any] = lambda pid, register: 0
    counter: Callable[[Any], tuple[Any, str]] = lambda pid: (0, "running")
    event: Callable[[Any], Event] = lambda pid: Event(0, "running")
    slot: int = 0


def says(content: Content, kind: str, payloads: dict[str, Any]) -> tuple[str, Any]:
    """The token that belongs to a place: its kind and payload."""
    index = payloads.get("index")
    if kind in ("bos", "nproc"):
        return ("bos", 0) if kind == "bos" else ("word", content.count)
    if kind in FIELDS:
        return field(content.instruction(index), kind)
    if "slot" in payloads and payloads["slot"] != content.slot:
        return "mask", 0
    if kind in LOG_SLOTS and "time" in payloads:
        return slot(content.event(index), kind)
    if kind == "counter":
        pc, status = content.counter(index)
        return "word" if status == "running" else status, pc
    return "word", content.memory(index) if kind == "memory" else content.register(index, payloads["register"])


def field(instruction: Any, kind: str) -> tuple[str, Any]:
    """One of the four tokens of an instruction."""
    value = getattr(instruction, kind)
    if kind == "op":
        return f"op:{value}", 0
    if value is None:
        return "none", 0
    return ("reg", value) if kind != "x" else ("reg", value.number) if isinstance(value, Reg) else ("word", value)


def slot(event: Event, kind: str) -> tuple[str, Any]:
    """One of the three tokens of a processor's step."""
    if kind == "counter":
        return "word" if event.status == "running" else event.status, event.pc
    if kind == "target":
        return (
            ("none", 0) if event.write is None else ("reg" if event.write.space == "register" else "word", event.write.target)
        )
    return "word", 0 if event.write is None else event.write.value


# Conclusions about the sequences that decoding starts from or continues with. ``stands``: whether the token at the place is
# of a kind, with a payload.

Stands = Callable[[str, Any], Term]


@concluded("encoding.start", "tokens")
def STANDS(stands: Stands, content: Content, kind: str, payloads: dict[str, Any]) -> Term:
    """At a place stands the token that the content says."""
    return stands(*says(content, kind, payloads))


@concluded("encoding.start", "masks")
def MASKED(stands: Stands, kind: str, payloads: dict[str, Any]) -> Term:
    """At every place of a block that is not yet made stands the mask."""
    return stands("mask", 0)


@concluded("encoding.initial")
def INITIAL(word: Any, bank: tuple[Any, ...], pc: Any, has_status: Callable[[str], Term], given: Any) -> Term:
    """The initial configuration: a word of memory is the given one, a processor runs from counter 0, its registers are 0."""
    return land(same(word, given), same(bank, (0,) * REGISTERS), same(pc, 0), has_status("running"))
