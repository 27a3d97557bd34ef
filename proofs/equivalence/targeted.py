"""Targeted simulation: sequences on which a hidden unit is active that a plan has and the program lacks.

A unit may be active at a few positions only, which no listed state (``proofs.concrete.machine_states``) has. A solver is asked
for a position at which it is, under the assumptions about positions of well-formed sequences (``SymbolicPosition``); states
with such a position are written down, one for every operation, and the plan is run on them. What the solver answers chooses
states only: a countermodel is a state on which the plan's exact run is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from math import inf
from random import Random
from typing import Any, cast

from efasp.affine_forms import Form
from efasp.encoding import FIELDS, LOG_SLOTS, STOPPED, Event, Write
from efasp.model.plan import Plan
from efasp.pram.isa import REGISTERS, Instruction, Operation, operations
from efasp.pram.machine import Configuration, Program, Status
from efasp.proofs.concrete.float64_filter import screen
from efasp.proofs.concrete.machine_passes import Case, Report, log_of
from efasp.proofs.concrete.machine_states import SCREENED, adversarial, failure, given, register_form, running
from efasp.proofs.equivalence.pruning import solver_of
from efasp.proofs.equivalence.relational import GROUPS
from efasp.proofs.equivalence.symbolic_position import SymbolicPosition
from efasp.proofs.obligation import Machine, within
from efasp.proofs.smtlib import Script, eq, land, le, lt, num
from efasp.proofs.symbolic.residual_atoms import Unit
from efasp.proofs.symbolic.residual_stream import Reader

TARGETS = 8  # units that are asked for, those of the first layers before others
# The largest time and index of a place that is asked for, one pair after the other: short sequences take little to run.
ENDS = ((6, 3), (24, 7), (100, 7), (6, 100), (100, 31), (400, 3), (1600, 0), (6, 1 << 64), (1 << 64, 1 << 64))
LENGTH = 4_000  # positions of a sequence that is run: a pass has their square many scores
CASES, SCORES = 64, 10_000_000  # states that are run before most of the listed ones are, and scores in all: counts, not times


@dataclass(frozen=True)
class Target:
    """A position at which a unit is active: its place and its token, each a kind with payloads, and the values of definitions
    there on which it depends, coordinate by coordinate."""

    place: str
    payloads: dict[str, int]
    token: str
    carried: dict[str, int]
    values: dict[str, list[int]] = field(default_factory=dict)

    def word(self, name: str) -> int | None:
        """The word of a definition of signed bits, or None where nothing is known of it, or it has none."""
        bits = self.values.get(name)
        return None if not bits or 0 in bits else sum((bit > 0) << i for i, bit in enumerate(bits))

    def flag(self, name: str) -> int | None:
        """Which of a definition's flags is 1, or None."""
        flags = self.values.get(name, [])
        return flags.index(1) if 1 in flags else None


def targets(reader: Reader, atoms: Sequence[int], machine: Machine) -> Iterator[Target]:
    """Positions at which units (atoms of the reader's stream) are active: of each unit one whose read-out counts, and one whose
    does not, as far as a solver finds them."""
    for atom in [atom for atom in dict.fromkeys(atoms) if isinstance(reader.stream.atoms[atom], Unit)][:TARGETS]:
        yield from filter(None, (active(reader, atom, machine, group) for group in GROUPS))


def active(reader: Reader, atom: int, machine: Machine, group: bool) -> Target | None:
    """A position of a group at which a unit is active: near the beginning, if there is such a one."""
    import z3

    script = Script("QF_LRA")
    at = SymbolicPosition(reader, machine, script, forms=[Form({atom: 1})], group=group)
    script.definition(lt("0", at.names[atom]))
    if machine.engine == "mdm":  # a log has a block before the one that is due
        script.definition(f"(=> {land(*at._are('pe', LOG_SLOTS))} {le('2', at.payloads['pe', 'time'])})")
    names = []
    for number, (time, index) in enumerate(ENDS):
        ends = ((("pe", "time"), time), (("pe", "index"), index))
        small = land(*(le(at.payloads[payload], num(most)) for payload, most in ends if payload in at.payloads))
        names.append(script.declare(f"ends.{number}", "Bool"))
        script.definition(eq(names[-1], small))
    solver = solver_of(script.text())
    for name in names:
        if solver.check(z3.Bool(name, solver.ctx)) == z3.sat:
            return _target(at, solver.model())
    return None


def _target(at: SymbolicPosition, model: Any) -> Target:
    """The position of a model."""
    import z3

    ctx = model.ctx
    known = {a: model.eval(z3.Real(name, ctx), True).as_fraction() for a, name in at.names.items()}

    def value(form: Form) -> int:
        return int(form.constant + sum(c * known[a] for a, c in form.terms.items()))

    items: list[Any] = []
    for side, book in at.stream.books.items():
        kind = next(kind for kind, flag in zip(book.kinds, at.flags(side), strict=True) if value(flag) == 1)
        carried = {}
        for one in book.fields:
            forms = [at.stream.code(side, c) for c in book.slots[one.name]]
            if one.encode == "signs" and not one.shift and one.payload in kind.payloads and all(map(at.known, forms)):
                carried[one.payload] = sum((value(form) > 0) << i for i, form in enumerate(forms))
        items.append((kind.name, carried))
    (token, carried), (place, payloads) = items
    values = {
        name: [value(form) for form in at.reader.of[node]]
        for name, node in at.reader.program.definitions.items()
        if node in at.reader.of and all(map(at.known, at.reader.of[node]))
    }
    return Target(place, payloads, token, carried, values)


# States that have such a position.


def cases(target: Target, machine: Machine) -> Iterator[Case]:
    """States with a position as a target asks, one for every operation, or for the operation that it asks for."""
    table = operations(machine.extension)
    asked = target.flag("operation")
    for variant in range(4):
        for number in range(len(table)) if asked is None else [asked] * 4:
            rng = Random(f"{machine.word} {target.place} {sorted(target.payloads.items())} {variant} {number}")
            if (case := case_of(target, machine, table[number], variant, rng)) is not None:
                yield case if machine.code is None else running(case, machine)


def case_of(target: Target, machine: Machine, operation: Operation, variant: int, rng: Random) -> Case | None:
    """One state, in which the processor at hand executes an operation; None where the sequence would be too long."""
    size, some = 1 << machine.word, adversarial(machine.word)
    index, token = target.payloads.get("index", 0), target.carried.get("word")
    pid = index if target.place in (*LOG_SLOTS, "register") else 0
    counter = target.word("counter")
    pc = counter if counter is not None else index if target.place in FIELDS else rng.randrange(min(size, 8))
    length = min(size, max(8, pc + 1, index + 1 if target.place in FIELDS else 0))
    stored = token if target.place == "target" and target.token == "word" else None
    memory = min(size, max(6, index + 1 if target.place == "memory" else 0, 0 if stored is None else stored + 1))

    def word() -> int:
        return rng.choice((rng.choice(some), rng.randrange(size), rng.randrange(memory)))

    code = [register_form(rng.choice(operations(machine.extension)), x=word()) for _ in range(length)]
    if pc < length:
        code[pc] = executed(target, operation)
    data = [word() for _ in range(memory)]
    banks = [[word() for _ in range(REGISTERS)] for _ in range(pid + 1)]
    for name, register in (("d", 0), ("a", 1), ("b", 2)):
        if (asked := target.word(name)) is not None:
            banks[pid][register] = asked
    pcs, statuses = [rng.randrange(length) for _ in banks], ["running"] * len(banks)
    pcs[pid] = pc
    statuses[pid] = ("running", *STOPPED)[target.flag("status") or 0]
    if token is not None and target.token != "mask":
        if target.place == "memory":
            data[index] = token
        elif target.place == "register":
            banks[pid][target.payloads.get("register", 0)] = token
        elif target.place == "counter":
            pcs[pid] = token
    program = Program(tuple(code), machine.word, pid + 1, memory, data=tuple(data))
    before = Configuration(tuple(data), tuple(map(tuple, banks)), tuple(pcs), cast("tuple[Status, ...]", tuple(statuses)))
    return (
        _logged(target, Case(program, before, variant), machine) if machine.engine == "mdm" else Case(program, before, variant)
    )


def executed(target: Target, operation: Operation) -> Instruction:
    """The instruction of the processor at hand: of registers 0, 1 and 2, or the immediate that is asked for."""
    immediate = target.word("immediate")
    made = register_form(operation) if immediate is None else register_form(operation, x=immediate)
    return made


def _logged(target: Target, case: Case, machine: Machine) -> Case | None:
    """The case with a log in which the position is due, or holds the token that is asked for."""
    time, place = target.payloads.get("time", 0), target.place
    blocks = 3 * case.program.processors * (time + 2)
    if place not in LOG_SLOTS:
        return case
    if blocks > LENGTH:
        return None
    if target.token != "mask":
        pid, last = target.payloads.get("index", 0), replace(case, idle=time)
        log = log_of(last)
        log[time - 1][pid] = _event(target, log[time - 1][pid])
        return given(case.program, tuple(map(tuple, log)), machine.extension, case.variant)
    short = time - 1 - len(log_of(case))
    if short < 0:  # fewer writes than registers
        banks = tuple(tuple(word if number < time - 1 else 0 for number, word in enumerate(b)) for b in case.before.registers)
        case = replace(case, before=replace(case.before, registers=banks), variant=case.variant & ~1)
        short = time - 1 - len(log_of(case))
    return replace(case, idle=max(0, short))


def _event(target: Target, event: Event) -> Event:
    """An event of which the token at the place is the one that is asked for."""
    word = target.carried.get("word", 0)
    if target.place == "counter":
        status = "running" if target.token == "word" else target.token
        return replace(event, pc=word, status=cast(Status, status))
    if target.place == "value":
        return replace(event, write=Write("register", 0, word))
    if target.token == "none":
        return replace(event, write=None)
    space, at = ("register", target.carried.get("reg", 0)) if target.token == "reg" else ("memory", word)
    return replace(event, write=Write(space, at, 1))  # type: ignore[arg-type]


def limited(every: Iterable[tuple[Target, Case]], count: int) -> Iterator[tuple[Target, Case]]:
    """The first of some states: so many, if their sequences have no more than ``SCORES`` in all."""
    left = SCORES
    for target, case in islice(every, count):
        size = case.program
        cells = size.processors * (3 * (len(log_of(case)) + 1) + 2 * (REGISTERS + 1))
        left -= (cells + 2 * size.memory + len(FIELDS) * size.length) ** 2
        if left < 0:
            return
        yield target, case


def first_failure(
    reader: Reader, atoms: Sequence[int], plan: Plan, machine: Machine, count: int | None = None, seconds: float = inf
) -> Report | None:
    """The first state with a position at which one of some units is active, and on which the plan is wrong.

    None if none is found among all, or among ``count`` states (``limited``), or those that were run within ``seconds``.
    """
    quick = screen(plan, machine) if machine.word <= SCREENED else None
    every = ((target, case) for target in targets(reader, atoms, machine) for case in cases(target, machine))
    for target, case in within(every if count is None else limited(every, count), seconds):
        if quick is not None and failure(quick, machine, case) is None:
            continue
        report = failure(plan, machine, case)
        if report is not None:
            active_at = {"place": target.place, **target.payloads, "token": target.token}
            return {"engine": machine.engine, "w": machine.word, "unit active at": active_at, **report}
    return None
