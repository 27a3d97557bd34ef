"""Family encoding (claim B), the base case: the opening sequence holds the program and the initial configuration.

``machine.initial`` and the layouts' own methods are run with w, P, M, L and the number of given words as symbols. A part of a
sequence is known by where it begins and ends, and by the token that belongs to a place; that the places between are those of
the part is lemma encoding.places. The tokens that they must hold are written out in ``proofs.symbolic.token_contents``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from types import SimpleNamespace
from typing import Any

from efasp.encoding import FIELDS, LOG_SLOTS, Event, Write
from efasp.pram.isa import EXTENSIONS, REGISTERS, Reg, operations
from efasp.pram.machine import Program, initial
from efasp.proofs.lemmas.encoding_placed_layouts import PlacedCells, PlacedLog, Token, attempt
from efasp.proofs.lemmas.encoding_places import ways
from efasp.proofs.lemmas.encoding_whole_sequences import differing
from efasp.proofs.obligation import Obligation
from efasp.proofs.smtlib import FALSE, Script, Term, ite, land, le, lt, minus
from efasp.proofs.symbolic.ends import index_ends, register_ends, size_ends, word_ends
from efasp.proofs.symbolic.machine import SIZE, At, Number, Symbol, Table, Width, of, same, word
from efasp.proofs.symbolic.token_contents import INITIAL, MASKED, STANDS, Content, Stands

INDEX, A, PID, TIME = (Number(name) for name in ("i", "a", "p", "time"))  # an instruction, an address, a processor, a time
LONG = 65  # blocks of a log that is written whole


class AnyProgram(Program):
    """A program of any size: one of its instructions is given; its initial words are a function of the address."""

    @property
    def length(self) -> Any:
        """L."""
        return Number("L")

    @property
    def given(self) -> Any:
        """D, the number of initial words that are given."""
        return Number("D")


def program(instruction: Any = None) -> AnyProgram:
    """Any program, with this instruction at index i."""
    data: Any = Table(Number("D"), lambda address: Number(f"(data {of(address)})"))
    sizes: Any = {"word": Width(), "processors": Number("P"), "memory": Number("M")}
    return AnyProgram(instructions=At(INDEX, instruction), data=data, **sizes)  # type: ignore[arg-type]


def symbols(logic: str = "QF_UFLIA") -> Script:
    """The numbers of any program and machine."""
    script = Script(logic)
    word(script)
    for name, note in (("P", "processors"), ("M", "words of memory"), ("L", "instructions")):
        script.integer(name, 1, note=note)
        script.definition(le(name, SIZE))
    script.integer("D", 0, note="initial words that are given")
    script.definition(le("D", "M"))
    script.function("data", ["Int"], "Int", "the initial words that are given")
    for name, limit in (("i", "L"), ("a", "M"), ("p", "P"), ("rd", "8"), ("ra", "8"), ("x", SIZE), ("pc", SIZE)):
        script.integer(name, 0)
        script.definition(lt(name, limit))
    size_ends(script, ("P", "M", "L"), SIZE)
    for name, limit in (("i", "L"), ("a", "M"), ("p", "P")):
        index_ends(script, name, limit, size=SIZE)
    index_ends(script, "D", "M", beyond=True, size=SIZE)
    register_ends(script, "rd", "ra")
    word_ends(script, "x", "pc", size=SIZE)
    script.integer("time", 0)
    script.integer("last", 0)
    script.integer("between", 0, note="a time from the first to the last")
    script.definition(le("time", "last"))
    return script


def instructions(extension: str) -> Iterator[Any]:
    """Every operation, and every shape of the operands."""
    shapes = list(product((None, Symbol("rd")), (None, Symbol("ra")), (None, Symbol("x"), Reg(Symbol("ra")))))  # type: ignore[arg-type]
    for operation in operations(extension):
        yield SimpleNamespace(op=operation.name, rd=shapes[-1][0], ra=None, x=Symbol("x"))
    for rd, ra, x in shapes:
        yield SimpleNamespace(op="add", rd=rd, ra=ra, x=x)


# Parts of sequences.


class Position(Number):
    """The number of a position in its part, known by its place and by where the part begins."""

    def __init__(self, row: Any, first: Any) -> None:
        super().__init__("number")
        self.row, self.first = row, first

    def __radd__(self, first: Any) -> Any:
        """The position, which is its place. Raises Elsewhere for a part that begins somewhere else."""
        return At(self.first, self.row)[first]

    def __ge__(self, other: Any) -> bool:
        """It is none of the numbers below 0."""
        return True

    def __lt__(self, other: Any) -> bool:
        """It is below its part's length, which is looked at by itself."""
        return True


Conclude = Callable[..., Term]  # a conclusion as a part of an obligation's goal
Says = Callable[[Stands, str, dict[str, Any]], Term]
Piece = tuple[Any, Any, dict[str, dict[str, Any]], Says]  # first and last position, the places between, their tokens


def stands(layout: Any, build: Callable[[], Any], pieces: list[Piece], number: int) -> Term:
    """One piece of a sequence begins and ends where it must, and each of its places has its token."""
    first, end, places, wanted = pieces[number]
    goals = []
    for kind, every in places.items():
        for values in product(*(value if isinstance(value, tuple) else (value,) for value in every.values())):
            payloads = dict(zip(every, values, strict=True))
            row = layout.row(kind, **payloads)

            def look(row: Any = row) -> Any:
                found = build()
                parts = list(zip(found.tokens.parts, found.places.parts, strict=True))
                if len(parts) != len(pieces):
                    return None
                at = Position(row, first)
                return tuple((part[at], part.length) for part in parts[number])

            def token_is(named: str, payload: Any, look: Any = look, row: Any = row) -> Term:
                right = ((Token(named, payload), minus_of(end, first)), (row, minus_of(end, first)))
                return ways(partial(attempt, look), partial(is_right, right))

            goals.append(wanted(token_is, kind, payloads))
    return land(*dict.fromkeys(goals))


def is_right(right: Any, found: Any) -> Term:
    """Whether a result, if there is one, is as expected."""
    return FALSE if found is None else same(found, right)


def minus_of(end: Any, first: Any) -> Number:
    """A difference, as a part's length is computed."""
    return Number(minus(of(end), of(first)))


START = Number("(+ (+ 2 (* 4 L)) M)")  # where the log begins: after the header, four tokens an instruction and the memory
END = Number("(+ (+ 2 (* 4 L)) (* 2 (+ M (* 9 P))))")  # where the cells end


def obligations(n: tuple[int, int]) -> Iterator[Obligation]:
    """``machine.initial``, and every sequence that decoding starts from or goes on with."""
    script = symbols()
    goal = ways(lambda: attempt(lambda: configuration(initial(program()))), partial(is_initial, script.conclude))
    yield script.obligation(
        "encoding.initial", "B", {}, "all n", n, goal, "every P, M and given words", partial(replayed, "initial")
    )
    for extension in EXTENSIONS:
        for what, state in (("opening of the log", log_opening), ("opening of the cells", cell_opening)):
            script = symbols()
            goal = land(*(state(script.conclude, extension, instruction) for instruction in instructions(extension)))
            params = {"of": what, "ext": extension or "none"}
            replay = partial(replayed, "sequences")
            yield script.obligation("encoding.start", "B", params, "all n", n, goal, "every P, M, L", replay)
    for what, made in (("blocks", blocks), ("masks", masks), ("a log", whole_log), ("a configuration", whole_cells)):
        replay = partial(replayed, "sequences")
        scope = "all n" if what != "a log" else f"T = 0, 1, 2, {LONG}"
        script = symbols("QF_UFNIA")
        goal = made(script.conclude)
        yield script.obligation("encoding.start", "B", {"of": what}, scope, n, goal, "every P, M, L", replay)


def configuration(state: Any) -> Any:
    """The contents of a configuration at any address, and of any processor."""
    memory, banks, pcs, statuses = state.memory, state.registers, state.pc, state.status
    lengths = memory.length, banks.length, pcs.length, statuses.length
    return lengths, memory[A], banks[PID], pcs[PID], statuses[PID]


def word_at(address: Any) -> Number:
    """The initial word at an address: as given, or 0."""
    return Number(ite(lt(of(address), "D"), f"(data {of(address)})", "0"))


def is_initial(conclude: Conclude, found: Any) -> Term:
    """Whether a configuration is the initial one: the words that are given, then zeros, and P processors that run."""
    if found is None:
        return FALSE
    lengths, word, bank, pc, status = found
    P = Number("P")
    return land(same(lengths, (Number("M"), P, P, P)), conclude(INITIAL, word, bank, pc, partial(same, status), word_at(A)))


PROGRAM_PLACES: dict[str, dict[str, Any]] = {"bos": {}, "nproc": {}, **{kind: {"index": INDEX} for kind in FIELDS}}
PROMPT_PLACES = PROGRAM_PLACES | {"memory": {"index": A}}
CELL_PLACES: dict[str, dict[str, Any]] = {
    "memory": {"index": A, "slot": (0, 1)},
    "register": {"index": PID, "register": tuple(range(REGISTERS)), "slot": (0, 1)},
    "counter": {"index": PID, "slot": (0, 1)},
}


def block_places(time: Any) -> dict[str, dict[str, Any]]:
    """The places of a block of the log."""
    return {kind: {"index": PID, "time": time} for kind in LOG_SLOTS}


def content(instruction: Any = None, **more: Any) -> Content:
    """The contents of a sequence of any program."""
    return Content(Number(f"(mod P {SIZE})"), lambda index: instruction, word_at, **more)


def holding(conclude: Conclude, what: Content) -> Says:
    """That a place has the token of a content."""
    return lambda stands, kind, payloads: conclude(STANDS, stands, what, kind, payloads)


def log_opening(conclude: Conclude, extension: str, instruction: Any) -> Term:
    """Prompt, then the block of time 0."""
    given, layout = program(instruction), PlacedLog.any(extension)
    wanted = holding(conclude, content(instruction))
    pieces: list[Piece] = [(0, START, PROMPT_PLACES, wanted), (*block_ends(layout, 0), block_places(0), wanted)]
    return land(*(stands(layout, partial(opened, PlacedLog, given, extension), pieces, number) for number in range(2)))


def opened(make: Any, given: Any, extension: str) -> Any:
    """The opening sequence, by the layout that is made for the program."""
    return make.of(given, extension).opening(given)


def block_ends(layout: Any, time: Any) -> tuple[Any, Any]:
    """Where a block begins and ends: each holds three tokens a processor."""
    if type(time) is int:
        return tuple(Number(f"(+ {of(START)} (* (* 3 P) {number}))") for number in (time, time + 1))  # type: ignore[return-value]
    span = layout.times(time)  # as encoding.places says
    return span.start, span.stop


def cell_opening(conclude: Conclude, extension: str, instruction: Any) -> Term:
    """Prompt, then the cells of the initial configuration, of which the first slots hold the values."""
    given, layout = program(instruction), PlacedCells.any(extension)
    piece: Piece = (0, END, PROGRAM_PLACES | CELL_PLACES, holding(conclude, content(instruction)))
    return stands(layout, partial(opened, PlacedCells, given, extension), [piece], 0)


EVENTS: tuple[Any, ...] = tuple(
    Event(Symbol("pc"), status, write)  # type: ignore[arg-type]
    for status, write in product(
        ("running", "halted", "load", "store", "pc"),
        (None, Write("register", Symbol("rd"), Symbol("x")), Write("memory", A, Symbol("x"))),  # type: ignore[arg-type]
    )
)


def blocks(conclude: Conclude) -> Term:
    """The block of any time, from each processor's event."""
    layout = PlacedLog.any("M")
    goals = []
    for event in EVENTS:
        wanted = holding(conclude, content(event=lambda pid, event=event: event))
        pieces: list[Piece] = [(*block_ends(layout, TIME), block_places(TIME), wanted)]
        goals.append(stands(layout, lambda event=event: layout.block(TIME, At(PID, event)), pieces, 0))  # type: ignore[misc]
    return land(*dict.fromkeys(goals))


def masks(conclude: Conclude) -> Term:
    """The block of any time, all masked, and those of a range of times."""
    layout, last = PlacedLog.any("M"), Number("last")
    span = layout.times(TIME)
    one: Piece = (span.start, span.stop, block_places(TIME), partial(conclude, MASKED))
    many: Piece = (span.start, layout.times(last).stop, block_places(Number("between")), partial(conclude, MASKED))
    return land(
        stands(layout, lambda: layout.masks(TIME), [one], 0), stands(layout, lambda: layout.ahead(TIME, last), [many], 0)
    )


def whole_log(conclude: Conclude) -> Term:
    """A log of some lengths: its opening, then block after block."""
    layout, given, goals = PlacedLog.any("M"), program(), []
    for steps in (0, 1, 2, LONG):
        events = [Event(time, "running", Write("memory", A, Symbol("x"))) for time in range(steps + 1)]  # type: ignore[arg-type]
        events[0] = Event(0, "running")
        pieces: list[Piece] = [(0, START, {"bos": {}, "memory": {"index": A}}, holding(conclude, content()))]
        for time, event in enumerate(events):
            wanted = holding(conclude, content(event=lambda pid, event=event: event))
            pieces.append((*block_ends(layout, time), block_places(time), wanted))
        log: Any = [At(PID, event) for event in events[1:]]
        chosen = sorted({0, 1, 2, steps // 2 + 1, steps + 1} & set(range(len(pieces))))
        goals += [stands(layout, partial(layout.encode, given, log), pieces, number) for number in chosen]
    return land(*dict.fromkeys(goals))


def whole_cells(conclude: Conclude) -> Term:
    """Any configuration, with any choice of slots."""
    layout, given, goals = PlacedCells.any("M"), program(), []
    banks: Any = Table(Number("P"), lambda pid: Table(8, lambda register: Number(f"(data (+ {of(pid)} {of(register)}))")))
    memory: Any = Table(Number("M"), lambda address: Number(f"(data {of(address)})"))
    for status, chosen in product(("running", "halted", "load", "store", "pc"), (0, 1)):
        state: Any = SimpleNamespace(memory=memory, registers=banks, pc=At(PID, Symbol("pc")), status=At(PID, status))
        wanted = Content(
            Number(f"(mod P {SIZE})"),
            lambda index: None,
            memory.entry,
            lambda pid, register: banks.entry(pid).entry(register),
            At(PID, (Symbol("pc"), status)).__getitem__,
            slot=chosen,
        )
        slots = (chosen,) * layout.cells
        piece: Piece = (0, END, CELL_PLACES, holding(conclude, wanted))
        goals.append(stands(layout, partial(layout.encode, given, state, slots), [piece], 0))
    return land(*dict.fromkeys(goals))


def replayed(what: str, model: Any) -> dict[str, Any] | None:
    """The first case of plain numbers that is not as it must be."""
    return next(differing(what, model), None)
