"""Families process and simulation, the frame: g is Algorithm 1, and the PRAM's writes are what log and cells keep (T1, T4)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import factorial, isqrt
from types import SimpleNamespace
from typing import Any

import numpy as np

from efasp.encoding import Event, LogLayout, Write, vocabulary
from efasp.pram import machine as pram
from efasp.pram.isa import EXTENSIONS
from efasp.pram.machine import Configuration
from efasp.process import g
from model.sampler import THRESHOLD, confidence, predictions
from proofs import composition
from proofs.cells import IN_PLACE, own
from proofs.cells import NAMES as CELL_NAMES
from proofs.obligation import Batch, Obligation, Regime, Verdict, exhaustive, lemma
from proofs.simulation import LOG, LOG_NAMES
from proofs.smt import Script, Term, eq, implies, ite, land, le, lnot, lor, lt, num
from proofs.step import Step
from proofs.symbols import SIZE, WORD, Symbol, Words, paths
from proofs.symbols import of as term_of

MASK, LONGEST = 9, 3


def algorithm_1(x: list[int], y: list[int], control: list[tuple[int, int, int]]) -> list[int]:
    """Algorithm 1 of the paper, position by position: c[1] remask, c[2] insert a mask after, c[3] delete a mask."""
    out = []
    for token, prediction, (remask, insert, delete) in zip(x, y, control, strict=True):
        if delete and token == MASK:
            continue
        out.append(MASK if remask else prediction if token == MASK else token)
        if insert:
            out.append(MASK)
    return out


def process_failures() -> Iterator[dict[str, Any]]:
    """Short sequences on which g and Algorithm 1 differ."""
    for length in range(LONGEST + 1):
        for case in product(product((0, 1), repeat=4), repeat=length):
            x = [MASK if masked else place for place, (masked, *_) in enumerate(case)]
            y = [100 + place for place in range(length)]
            control = [(c1, c2, c3) for _, c1, c2, c3 in case]
            got = g(np.array(x), np.array(y), np.array(control, dtype=bool).reshape(length, 3), MASK).tolist()
            if got != (wanted := algorithm_1(x, y, control)):
                yield {"x": x, "y": y, "c": control, "expected": wanted, "got": got}


class _Store:
    """Memory that remembers what is written to it, in order; a read sees what was written so far."""

    def __init__(self, name: str) -> None:
        self.before, self.writes = Words(name), list[tuple[Any, Any]]()

    def __getitem__(self, index: Any) -> Symbol:
        return Symbol(self.at(term_of(index)))

    def __setitem__(self, index: Any, value: Any) -> None:
        self.writes.append((index, value))

    def at(self, address: Term) -> Term:
        """What it holds at an address after all writes: the last one counts."""
        out = f"({self.before.name} {address})"
        for index, value in self.writes:
            out = ite(eq(address, term_of(index)), term_of(value), out)
        return out


def advances(n: tuple[int, int]) -> Iterator[Obligation]:
    """``machine._advance`` on three processors that load or store at any addresses: the lowest that stores wins, loads
    read the memory before the step."""
    for ops in product(("ld", "st"), repeat=3):
        script = Script("QF_UFNIA")
        script.integer(WORD, 5)
        script.integer(SIZE, 32, note="2^w")
        script.integer("cells", 1, note="words of memory")
        script.integer("address", 0, note="any address")
        script.suppose(lt("address", "cells"))
        script.function("memory", ["Int"], "Int", "shared memory before the step")
        for pid in range(3):
            script.function(f"register{pid}", ["Int"], "Int", f"registers of processor {pid} before the step")
            script.integer(f"address{pid}", 0, note=f"the address that processor {pid} gives")
            script.suppose(lt(f"address{pid}", SIZE))
        goals = [implies(land(*conditions), wanted) for conditions, wanted in paths(lambda ops=ops: _advanced(ops))]  # type: ignore[misc]
        yield script.obligation("simulation.advance", "T1 T4", {"ops": " ".join(ops)}, "P = 3", n, land(*goals))


def _advanced(ops: tuple[str, ...]) -> Term:
    """One run of ``_advance``: memory at ``address``, and every loaded register, are what the rule says."""
    instructions = [SimpleNamespace(op=op, rd=1, ra=None, x=Symbol(f"address{pid}")) for pid, op in enumerate(ops)]
    program: Any = SimpleNamespace(word=Symbol(WORD), length=3, memory=Symbol("cells"), processors=3, instructions=instructions)
    banks = [_Store(f"register{pid}") for pid in range(3)]
    state: Any = SimpleNamespace(memory=_Store("memory"), registers=banks, pc=[0, 1, 2], status=["running"] * 3)
    state.pc = list(range(3))
    pram._advance(program, state)
    rule: Term = "(memory address)"
    parts = []
    for pid in (2, 1, 0):
        inside = lt(f"address{pid}", "cells")
        if ops[pid] == "st":
            rule = ite(land(inside, eq("address", f"address{pid}")), f"(register{pid} 1)", rule)
        else:
            loaded = ite(inside, f"(memory address{pid})", f"(register{pid} 1)")
            parts.append(eq(banks[pid].at("1"), loaded))
    return land(eq(state.memory.at("address"), rule), *parts)


def priority(n: tuple[int, int]) -> Iterator[Obligation]:
    """For every P: writing from the highest processor down to the lowest leaves the lowest's value (one turn of the loop)."""
    script = Script("QF_UFLIA")
    script.function("stores", ["Int"], "Bool", "whether a processor stores to the address")
    script.function("value", ["Int"], "Int", "what it stores")
    script.integer("P", 1, note="processors")
    script.integer("p", 0, note="the processor whose turn it is")
    script.integer("lowest", 0, note="the lowest above p that stores, or P")
    script.integer("other", 0, note="any processor")
    script.declare("old", "Int", "the word before the step")
    script.declare("now", "Int", "the word after the turns of the processors above p")
    script.suppose(land(lt("p", "P"), lt("p", "lowest"), le("lowest", "P")))
    script.suppose(lor(eq("lowest", "P"), "(stores lowest)"))
    script.suppose(implies(lt("p", "other"), lt("other", "lowest"), lnot("(stores other)")))
    script.suppose(eq("now", ite(lt("lowest", "P"), "(value lowest)", "old")))
    script.define("after", ite("(stores p)", "(value p)", "now"), note="the turn of p")
    script.define("first", ite("(stores p)", "p", "lowest"))
    none_below = implies(le("p", "other"), lt("other", "first"), lnot("(stores other)"))
    goal = land(eq("after", ite(lt("first", "P"), "(value first)", "old")), none_below, lor(eq("first", "P"), "(stores first)"))
    yield script.obligation("simulation.priority", "T1 T4", {}, "all n", n, goal)


def last_write(n: tuple[int, int]) -> Iterator[Obligation]:
    """For every T: the value of the last write up to t is the cell's value after t steps (from t to t + 1)."""
    script = Script("QF_UFLIA")
    script.function("written", ["Int"], "Bool", "whether a step writes the cell")
    script.function("value", ["Int"], "Int", "what it writes")
    script.integer("t", 0)
    script.integer("last", 0, note="the last time up to t of a write, or 0")
    script.integer("next", 0, note="the same up to t + 1")
    script.declare("initial", "Int", "the word at the start")
    script.declare("now", "Int", "the word after t steps")
    for name, limit in (("last", "t"), ("next", "(+ t 1)")):
        script.suppose(land(le(name, limit), lor(eq(name, "0"), f"(written {name})")), "it is a write")
    for other in ("next", "(+ t 1)"):
        script.suppose(implies(lt("last", other), le(other, "t"), lnot(f"(written {other})")), "none later up to t")
    for other in ("last", "(+ t 1)"):
        script.suppose(implies(lt("next", other), le(other, "(+ t 1)"), lnot(f"(written {other})")), "none later up to t + 1")
    script.suppose(eq("now", ite(lt("0", "last"), "(value last)", "initial")), "the invariant at t")
    script.define("after", ite("(written (+ t 1))", "(value (+ t 1))", "now"), note="the PRAM's rule")
    goal = eq("after", ite(lt("0", "next"), "(value next)", "initial"))
    yield script.obligation("simulation.last_write", "T1", {}, "all n", n, goal)


def apply_failures() -> Iterator[dict[str, Any]]:
    """Blocks of three processors after which the log's configuration is not that of the rule."""
    layout = LogLayout(5, "", 3, 2, 1)
    before = Configuration((7, 8), tuple((9, *[0] * 7) for _ in range(3)), (0, 0, 0), ("running",) * 3)
    choices = (None, ("register", 0), ("memory", 0), ("memory", 1))
    for case in product(choices, repeat=3):
        writes = [None if c is None else Write(c[0], c[1], 10 + pid) for pid, c in enumerate(case)]  # type: ignore[arg-type]
        after = layout.apply(before, [Event(pid, "running", write) for pid, write in enumerate(writes)])
        first = [next((10 + pid for pid in range(3) if case[pid] == ("memory", a)), before.memory[a]) for a in (0, 1)]
        banks = [10 + pid if case[pid] == ("register", 0) else 9 for pid in range(3)]
        if list(after.memory) != first or [bank[0] for bank in after.registers] != banks or after.pc != (0, 1, 2):
            yield {
                "writes": str(case),
                "expected": [first, banks],
                "got": [list(after.memory), [b[0] for b in after.registers]],
            }


def start_failures() -> Iterator[dict[str, Any]]:
    """Shapes for which the log's first block is not what the invariant says of time 0."""
    for processors in (1, 2, 3):
        layout = LogLayout(5, "", processors, 1, 1)
        events = layout.events(layout.start().tokens)
        if events != (Event(0, "running", None),) * processors:
            yield {"processors": processors, "got": str(events)}


def own_token(step: Step) -> Iterator[Obligation]:
    """What a masked position predicts depends on its place and on what it looks up: not on its own token."""

    def settle() -> Verdict:
        bad = sorted(place for side, place in own(step.of["code"]) if side == "te")
        if bad:
            return Verdict("refuted", "graph search", {"depends on": f"te coordinates {bad}"})
        return Verdict("proved", "graph search: queries and affine maps, not what lookups bring")

    m = step.machine
    yield Obligation("simulation.own_token", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exact", "no dependence", settle)


LEAD = Fraction(1, 2)  # by which the due token's kind leads one whose tokens have no bits but the due token's, if not by 1


def confidences(n: tuple[int, int]) -> Iterator[Obligation]:
    """A token that is due is unmasked: its confidence, 1 / (1 + r), reaches the sampler's threshold.

    r is the sum over all other tokens of exp(-(w + 8) * gap), each at most 2^-(w + 8) as e > 2 and the gap is 1 (lemma
    encoding.readout). The number of tokens is the vocabulary's: a multiple of 2^w and a constant, for each extension. More
    than codes need: of every kind one token may be as near as ``LEAD``, the one with the due token's bits.
    """
    least = isqrt(int(sum(Fraction(13**k, factorial(k)) for k in range(64))))  # below e^6.5, as the series grows to e^13
    for extension in EXTENSIONS:
        book = vocabulary(5, extension)
        words = sum(kind.payloads == ("word",) for kind in book.kinds)
        rest = book.size - words * 32
        script = Script("QF_LRA")
        script.declare("u", "Real", "2^-(w + 8), times 256: 2^-w")
        script.declare("v", "Real", "2^w u: 1")
        script.suppose(land(lt("0", "u"), eq("v", "1"), le("(* 32 u)", "v")), "2^w is 32 or more")
        script.declare("h", "Real", f"exp(-(w + 8) * {LEAD})")
        script.suppose(le(f"(* {least} h)", "1"), "w is 5 or more")
        near = f"(* {len(book.kinds)} h)"
        script.define("r", f"(+ (/ (+ (* {words} v) (* {rest} u)) 256) {near})", "Real", "all tokens at their most")
        bound = (1 - Fraction(str(THRESHOLD))) / Fraction(str(THRESHOLD))
        goal, note = le("r", num(bound)), "1 / (1 + r) reaches the threshold"
        yield script.obligation("process.confidence", "T1", {"ext": extension or "none"}, "all n", n, goal, note)


def sampled() -> Verdict:
    """The sampler's own confidence of every code at w = 5, and of the mask's: as the lemma says."""
    layout = LogLayout(5, "M", 1, 1, 1)
    book = layout.vocabulary
    codes = book.codes(book.rows(np.arange(book.size))).astype(np.float64)
    mask = book.token("mask")
    reached = confidence(codes, layout) >= THRESHOLD
    tokens = np.arange(book.size)
    if reached[mask] or not reached[tokens != mask].all() or (predictions(codes, layout) != tokens).any():
        return Verdict("refuted", "numpy", {"tokens": tokens[reached != (tokens != mask)].tolist()})
    least = confidence(codes, layout)[tokens != mask].min()
    return Verdict("measured", f"numpy: {book.size} codes, least confidence {least:.6f}")


def frames(regime: Regime) -> Iterator[Obligation]:
    """What does not depend on the machine."""
    n = regime.all_n
    cases = sum(16**length for length in range(LONGEST + 1))
    scope = f"all masks and control bits, up to {LONGEST} positions"
    yield Obligation("process.g", "T4", {}, scope, n, "exhaustive", "g = Algorithm 1", exhaustive(cases, process_failures))
    yield from advances(n)
    yield from priority(n)
    yield from last_write(n)
    yield from confidences(n)
    yield Obligation("process.sampler", "T1", {"w": 5}, "measured", n, "measurement", "confidence of every code", sampled)
    yield Obligation("simulation.apply", "T1", {}, "P = 3, M = 2", n, "exhaustive", "apply", exhaustive(64, apply_failures))
    yield Obligation("simulation.start", "T1", {}, "P <= 3", n, "exhaustive", "start", exhaustive(3, start_failures))


def simulated(step: Step) -> Iterator[Obligation]:
    """The simulation's obligations about one machine."""
    for build in (*LOG, own_token) if step.machine.engine == "mdm" else IN_PLACE:
        yield from build(step)
    yield from composition.whole(step)


PARTS = ("advance", "priority", "last_write", "apply", "start")
FRAME = ("process.g", "process.confidence", "process.sampler", *(f"simulation.{name}" for name in PARTS))


@lemma
def simulation(regime: Regime) -> Iterator[Batch]:
    """A pass of the transformer is a step of the PRAM: lookups, invariants, writes, and the process around them."""
    if regime.given is None:
        yield Batch(FRAME, {}, lambda: frames(regime))
    for machine in regime.machines():
        lookups = (*LOG_NAMES, "own_token") if machine.engine == "mdm" else CELL_NAMES
        names = (*lookups, *composition.NAMES)
        yield Batch(tuple(f"simulation.{name}" for name in names), machine.params, lambda m=machine: simulated(Step(m)))  # type: ignore[misc]
