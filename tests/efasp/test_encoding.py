"""The bijection: words, instructions, logs and configurations to tokens and back; what encodes nothing is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from efasp.encoding import (
    FIELDS,
    LOG_SLOTS,
    STOPPED,
    CellLayout,
    EncodingError,
    Event,
    Layout,
    LogLayout,
    TokenSequence,
    Write,
    clock_bits,
    join,
    vocabulary,
)  # fmt: skip
from efasp.pram.isa import Instruction, Operation, Reg, operations
from efasp.pram.machine import Configuration, Program, initial, step

WIDTHS = st.sampled_from([5, 6, 16, 40, 60, 61, 64])
STATUSES = ("running", *STOPPED)
REGISTER = st.integers(0, 7)


@st.composite
def instructions(draw: st.DrawFn, word: int, extension: str) -> Instruction:
    """Any instruction of the machine."""
    operation: Operation = draw(st.sampled_from(operations(extension)))
    shape, immediate = operation.shape, st.integers(0, (1 << word) - 1)
    rd = draw(REGISTER) if set("ds") & set(shape) else None
    ra = draw(REGISTER) if "a" in shape else draw(st.none() | REGISTER) if "m" in shape else None
    x: Any = None
    if "x" in shape:
        x = draw(immediate | REGISTER.map(Reg))
    elif set("mt") & set(shape):
        x = draw(immediate)
    return Instruction(operation.name, rd, ra, x)


@st.composite
def programs(draw: st.DrawFn, word: int, extension: str) -> Program:
    """A small program with some initial memory."""
    memory = draw(st.integers(1, 5))
    words = st.integers(0, (1 << word) - 1)
    return Program(
        tuple(draw(st.lists(instructions(word, extension), min_size=1, max_size=4))),
        word=word,
        processors=draw(st.integers(1, 3)),
        memory=memory,
        data=tuple(draw(st.lists(words, max_size=memory))),
    )


@st.composite
def events(draw: st.DrawFn, word: int, memory: int) -> Event:
    """What a processor's step may leave in the log."""
    words = st.integers(0, (1 << word) - 1)
    write = draw(
        st.none()
        | st.builds(Write, st.just("register"), REGISTER, words)
        | st.builds(Write, st.just("memory"), st.integers(0, memory - 1), words)
    )
    return Event(draw(words), draw(st.sampled_from(STATUSES)), write)  # type: ignore[arg-type]


@st.composite
def configurations(draw: st.DrawFn, program: Program) -> Configuration:
    """Any state of the program's machine."""
    words, p = st.integers(0, (1 << program.word) - 1), program.processors
    bank = st.tuples(*[words] * 8)
    return Configuration(
        draw(st.tuples(*[words] * program.memory)),
        draw(st.tuples(*[bank] * p)),
        draw(st.tuples(*[words] * p)),
        draw(st.tuples(*[st.sampled_from(STATUSES)] * p)),  # type: ignore[arg-type]
    )


@settings(max_examples=150, deadline=None)
@given(st.data(), WIDTHS, st.sampled_from(["", "M"]))
def test_instructions(data: st.DataObject, word: int, extension: str) -> None:
    """An instruction is four tokens, and they are that instruction."""
    layout = LogLayout(word, extension, 1, 1, 1)
    instruction = data.draw(instructions(word, extension))
    four = layout.instruction_tokens(instruction)
    assert len(four) == len(FIELDS) and layout.instruction(four) == instruction


def test_four_tokens_are_one_instruction_or_none() -> None:
    """Over all kinds of tokens: four that are read as an instruction are exactly those it is written as."""
    layout = LogLayout(5, "M", 1, 1, 1)
    book = layout.vocabulary
    ops = [book.token(kind.name) for kind in book.kinds if kind.name.startswith("op:")]
    some = [book.token("none"), book.token("reg", 3), book.token("word", 7), book.token("mask"), book.token("halted", 1)]
    read = 0
    for op in [*ops, book.token("word", 3), book.token("none")]:
        for rd in some:
            for ra in some:
                for x in some:
                    try:
                        instruction = layout.instruction((op, rd, ra, x))
                    except EncodingError:
                        continue
                    read += 1
                    assert layout.instruction_tokens(instruction) == (op, rd, ra, x)
    shapes = [operation.shape for operation in operations("M")]
    assert read == sum((2 if set("m") & set(s) else 1) * (2 if "x" in s else 1) for s in shapes)


@settings(max_examples=60, deadline=None)
@given(st.data(), WIDTHS, st.sampled_from(STATUSES))
def test_counters(data: st.DataObject, word: int, status: Any) -> None:
    """A program counter with its status is one token, and the other way round."""
    layout = CellLayout(word, "", 1, 1, 1)
    pc = data.draw(st.integers(0, (1 << word) - 1))
    token = layout.counter_token(pc, status)
    assert layout.counter(token, "here") == (pc, status)


def padded(program: Program) -> tuple[int, ...]:
    """The initial memory in full."""
    return initial(program).memory


@settings(max_examples=60, deadline=None)
@given(st.data(), WIDTHS, st.sampled_from(["", "M"]))
def test_log_roundtrip(data: st.DataObject, word: int, extension: str) -> None:
    """Program, memory and log to a sequence and back; and the sequence again from what was read."""
    program = data.draw(programs(word, extension))
    layout = LogLayout.of(program, extension)
    assert isinstance(layout, LogLayout)
    block = st.tuples(*[events(word, program.memory)] * program.processors)
    log = data.draw(st.lists(block, max_size=3))
    sequence = layout.encode(program, log)
    assert len(sequence) == layout.context_length(len(log)) == len(sequence.places)
    found, memory, read = layout.decode(sequence)
    assert (found, memory, read) == (program.instructions, padded(program), log)
    again = layout.encode(replace(program, instructions=found, data=memory), read)
    assert (again.tokens == sequence.tokens).all() and (again.places == sequence.places).all()
    codes = layout.codebook.codes(sequence.places)
    assert len({tuple(code) for code in codes.tolist()}) == len(codes)


@settings(max_examples=60, deadline=None)
@given(st.data(), WIDTHS, st.sampled_from(["", "M"]))
def test_cells_roundtrip(data: st.DataObject, word: int, extension: str) -> None:
    """Program, configuration and slots to a sequence and back; and the sequence again from what was read."""
    program = data.draw(programs(word, extension))
    layout = CellLayout.of(program, extension)
    assert isinstance(layout, CellLayout)
    state = data.draw(configurations(program))
    slots = tuple(data.draw(st.lists(st.integers(0, 1), min_size=layout.cells, max_size=layout.cells)))
    sequence = layout.encode(program, state, slots)
    assert len(sequence) == layout.context_length == len(sequence.places)
    found = layout.decode(sequence)
    assert found == (program.instructions, state, slots)
    again = layout.encode(replace(program, instructions=found[0]), found[1], found[2])
    assert (again.tokens == sequence.tokens).all()
    assert len({tuple(row) for row in sequence.places.tolist()}) == len(sequence)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_sequence_is_refused_or_encodes(data: st.DataObject) -> None:
    """A valid sequence with one token exchanged for any other is refused, or encodes what encodes to it again."""
    program = data.draw(programs(5, "M"))
    if data.draw(st.booleans()):
        log_layout = LogLayout(5, "M", program.processors, program.memory, len(program.instructions))
        log = [data.draw(st.tuples(*[events(5, program.memory)] * program.processors))]
        sequence = changed(log_layout.encode(program, log), data)
        try:
            found, memory, read = log_layout.decode(sequence)
        except EncodingError:
            return
        again = log_layout.encode(replace(program, instructions=found, data=memory), read)
    else:
        cells = CellLayout(5, "M", program.processors, program.memory, len(program.instructions))
        sequence = changed(cells.encode(program, data.draw(configurations(program))), data)
        try:
            found, state, slots = cells.decode(sequence)
        except EncodingError:
            return
        again = cells.encode(replace(program, instructions=found), state, slots)
    assert (again.tokens == sequence.tokens).all()


def changed(sequence: TokenSequence, data: st.DataObject) -> TokenSequence:
    """The sequence with one token exchanged."""
    tokens = sequence.tokens.copy()
    position = data.draw(st.integers(0, len(tokens) - 1))
    tokens[position] = data.draw(st.integers(0, vocabulary(5, "M").size - 1))
    return TokenSequence(tokens, sequence.places)


PROGRAM = Program((Instruction("ld", 1, 2, 5), Instruction("halt")), word=5, processors=2, memory=3, data=(4, 5))
LOG = LogLayout(5, "", 2, 3, 2)
CELLS = CellLayout(5, "", 2, 3, 2)
STEP = (Event(1, "running", Write("memory", 2, 9)), Event(1, "halted"))
TOKEN = LOG.vocabulary.token
AT = LOG.prompt_length + LOG.block_length  # where time 1 starts


@pytest.mark.parametrize(
    ("position", "token", "message"),
    [
        (0, TOKEN("none"), "position 0: expected a token of kind bos, found none"),
        (1, TOKEN("mask"), "position 1: expected a token of kind word, found mask"),
        (1, TOKEN("word", 3), r"position 1: expected 2 processors \(mod 2\^w\), found 3"),
        (2, TOKEN("word", 1), "instruction 0, op: expected a token of kind op:halt or .*, found word"),
        (3, TOKEN("word", 1), "instruction 0, rd: expected a token of kind reg or none, found word"),
        (3, TOKEN("none"), "instruction 0: ld: rd: expected a register number, found none"),
        (4, TOKEN("mask"), "instruction 0, ra: expected a token of kind reg or none, found mask"),
        (5, TOKEN("reg", 2), "instruction 0: ld: x: expected int"),
        (5, TOKEN("bos"), "instruction 0, x: expected a token of kind reg or word or none, found bos"),
        (9, TOKEN("word", 2), "instruction 1: halt: x: expected"),
        (10, TOKEN("reg", 2), "memory word 0: expected a token of kind word, found reg"),
        (LOG.prompt_length, TOKEN("word", 1), "log, time 0: expected every program counter 0 and nothing written"),
        (AT, TOKEN("mask"), "log, time 1, processor 0, counter: expected a token of kind word or halted .*, found mask"),
        (AT + 1, TOKEN("word", 3), "log, time 1, processor 0, target: expected an address below 3, found 3"),
        (AT + 1, TOKEN("halted"), "log, time 1, processor 0, target: expected a token of kind reg or word or none"),
        (AT + 2, TOKEN("none"), "log, time 1, processor 0, value: expected a token of kind word, found none"),
        (AT + 5, TOKEN("word", 7), "log, time 1, processor 1, value: expected 0 where nothing is written, found 7"),
    ],
)
def test_wrong_log_tokens(position: int, token: int, message: str) -> None:
    """Each kind of wrong token in a log is refused by name and place."""
    sequence = LOG.encode(PROGRAM, [STEP])
    assert LOG.decode(sequence)[2] == [STEP]
    sequence.tokens[position] = token
    with pytest.raises(EncodingError, match=f"^{message}"):
        LOG.decode(sequence)


@pytest.mark.parametrize(
    ("position", "token", "message"),
    [
        (0, TOKEN("mask"), "position 0: expected a token of kind bos, found mask"),
        (10, TOKEN("mask"), "cell 0: expected one value and one mask, found 2 masks"),
        (11, TOKEN("word", 1), "cell 0: expected one value and one mask, found 0 masks"),
        (12, TOKEN("reg", 1), "memory word 1: expected a token of kind word, found reg"),
        (16, TOKEN("halted", 1), "registers of processor 0, 0: expected a token of kind word, found halted"),
        (10 + 2 * 19, TOKEN("none"), "program counter 0: expected a token of kind word or halted .*, found none"),
    ],
)
def test_wrong_cell_tokens(position: int, token: int, message: str) -> None:
    """Each kind of wrong token in the cells is refused by name and place."""
    sequence = CELLS.encode(PROGRAM, initial(PROGRAM))
    assert CELLS.decode(sequence)[1] == initial(PROGRAM)
    sequence.tokens[position] = token
    with pytest.raises(EncodingError, match=f"^{message}"):
        CELLS.decode(sequence)


def shortened(sequence: TokenSequence) -> TokenSequence:
    """Without the last token."""
    return TokenSequence(sequence.tokens[:-1], sequence.places[:-1])


def displaced(sequence: TokenSequence) -> TokenSequence:
    """With two places exchanged."""
    places = sequence.places.copy()
    places[[-1, -2]] = places[[-2, -1]]
    return TokenSequence(sequence.tokens, places)


@pytest.mark.parametrize("wrong", [shortened, displaced], ids=["length", "places"])
@pytest.mark.parametrize("kind", ["log", "cells"])
def test_wrong_sequences(wrong: Callable[[TokenSequence], TokenSequence], kind: str) -> None:
    """A wrong length and wrong places are refused in both layouts; so is a log without its start."""
    layout: Any = LOG if kind == "log" else CELLS
    sequence = LOG.encode(PROGRAM, [STEP]) if kind == "log" else CELLS.encode(PROGRAM, initial(PROGRAM))
    with pytest.raises(EncodingError, match=r"(sequence|places): expected"):
        layout.decode(wrong(sequence))
    with pytest.raises(EncodingError, match="sequence: expected"):
        LOG.decode(LOG.prompt(PROGRAM))


def test_extension() -> None:
    """An operation of extension M has no tokens in a machine without it."""
    with pytest.raises(ValueError, match="mul: expected a machine with extension M"):
        LOG.instruction_tokens(Instruction("mul", 1, 2, 3))


def test_apply_is_priority() -> None:
    """Of several writes to an address the lowest processor's counts; registers are each processor's own."""
    program = Program((Instruction("halt"),), word=5, processors=3, memory=2)
    layout = LogLayout.of(program, "")
    assert isinstance(layout, LogLayout)
    log = (
        Event(1, "running", Write("register", 4, 7)),
        Event(2, "halted", Write("memory", 1, 8)),
        Event(3, "load", Write("memory", 1, 9)),
    )
    after = layout.apply(initial(program), log)
    assert after.memory == (0, 8) and after.pc == (1, 2, 3) and after.status == ("running", "halted", "load")
    assert [bank[4] for bank in after.registers] == [7, 0, 0] and sum(map(sum, after.registers)) == 7


def event_of(before: Configuration, after: Configuration, program: Program, pid: int) -> Event:
    """The event of a processor's step, from the instruction that it executes."""
    pc, status = after.pc[pid], after.status[pid]
    if before.status[pid] != "running" or before.pc[pid] >= len(program.instructions):
        return Event(pc, status)
    instruction = program.instructions[before.pc[pid]]
    operation = next(o for o in operations("M") if o.name == instruction.op)
    if operation.writes_register and status == "running":
        assert instruction.rd is not None
        return Event(pc, status, Write("register", instruction.rd, after.registers[pid][instruction.rd]))
    if instruction.op == "st" and status == "running":
        assert instruction.rd is not None and isinstance(instruction.x, int)
        base = 0 if instruction.ra is None else before.registers[pid][instruction.ra]
        address = (base + instruction.x) % (1 << program.word)
        return Event(pc, status, Write("memory", address, before.registers[pid][instruction.rd]))
    return Event(pc, status)


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([5, 16]))
def test_apply_follows_the_machine(data: st.DataObject, word: int) -> None:
    """Applying the events of a machine's step gives its next configuration, concurrent writes included."""
    program = data.draw(programs(word, "M"))
    state = data.draw(configurations(program))
    state = replace(state, pc=tuple(pc % (len(program.instructions) + 1) for pc in state.pc))
    layout = LogLayout.of(program, "M")
    assert isinstance(layout, LogLayout)
    after = step(program, state)
    block = [event_of(state, after, program, pid) for pid in range(program.processors)]
    assert layout.apply(state, block) == after
    blocks = layout.block(1, block)
    assert layout.events(blocks.tokens) == tuple(block)


def test_layout_of_a_log() -> None:
    """Blocks come one time after another, three tokens a processor; masks and blocks share their places."""
    assert LOG.block_length == len(LOG_SLOTS) * 2 and LOG.latest == (1 << clock_bits(5)) - 1
    masks, block = LOG.masks(1), LOG.block(1, STEP)
    assert (masks.places == block.places).all() and set(masks.tokens.tolist()) == {TOKEN("mask")}
    whole = join([LOG.prompt(PROGRAM), LOG.start(), block])
    assert (whole.tokens == LOG.encode(PROGRAM, [STEP]).tokens).all() and (whole.places == LOG.places(1)).all()
    assert clock_bits(20) == 21 and isinstance(LOG, Layout)


@pytest.mark.parametrize("word", [5, 6, 16, 63, 70])
def test_opening_is_what_decoding_starts_from(word: int) -> None:
    """Prompt and time 0 of the log, or the cells of the initial configuration; the masks ahead are those of each time."""
    program = Program(PROGRAM.instructions, word, 3, 5, data=(7, (1 << word) - 1))
    log, cells = LogLayout.of(program, ""), CellLayout.of(program, "")
    assert isinstance(log, LogLayout) and isinstance(cells, CellLayout)
    opening = log.opening(program)
    assert (opening.tokens == log.encode(program, []).tokens).all() and (opening.places == log.places(0)).all()
    assert log.decode(opening) == (program.instructions, initial(program).memory, [])
    instructions, state, slots = cells.decode(cells.opening(program))
    assert (instructions, state, set(slots)) == (program.instructions, initial(program), {0})
    ahead, each = log.ahead(2, 4), [log.masks(time) for time in (2, 3, 4)]
    assert (ahead.places == join(each).places).all() and (ahead.tokens == join(each).tokens).all()
