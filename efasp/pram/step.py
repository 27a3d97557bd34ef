"""The PRAM step in E-FASP, for both engines (claims T1 and T4). The weights that it compiles to depend on w and M alone.

``execute`` is one processor's step, written once over a *view* (``efasp.pram.views``) that says how a program counter, an
instruction, a register and a memory word are read. ``masked_step`` reads them from the log (masked diffusion), ``cell_step``
from cells in place (any-process generation); each then gives the prediction of every position. Control flags are sums of the
operation's one-hot, so most of them cost nothing; names in quotes are definitions of the program.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from efasp.encoding import COUNTERS
from efasp.pointwise import (
    add,
    all_,
    and_,
    choose,
    equal,
    equals,
    gate,
    increment,
    less,
    mul,
    not_,
    number,
    or_,
    shift_left,
    shift_left_by,
    shift_right,
    shift_right_by,
    signed,
    sub,
    xor,
)  # fmt: skip
from efasp.pram.isa import operations
from efasp.pram.views import CellView, Counter, Fetched, LogView, View, total
from efasp.sorts import Flag, Int, OneHot, Signs, Vector, Word
from efasp.syntax import (
    Affine,
    Node,
    Program,
    affine,
    combine,
    concat,
    refine,
    relu,
    weigh,
)


@dataclass(frozen=True)
class Outcome:
    """The result of one processor's step, at every position that computes it.

    ``counter``: its next program counter and status; ``address``, ``result``: words; ``stores``, ``writes``: flags, whether
    the step writes memory at the address, or register ``rd``, the result.
    """

    counter: Counter
    address: Node
    result: Node
    stores: Node
    writes: Node
    rd: Node


def execute(view: View, counter: Counter) -> Outcome:
    """One step of the own processor: fetch, operands, arithmetic, load, next program counter, write."""
    let = view.let
    ins = view.fetch(counter)
    op = ins.op
    a, d = let("a", view.register(ins.ra)), let("d", view.register(ins.rd))
    # The second operand is a register or an immediate or P: the absent ones read as 0, so the sum is the present one.
    x = [ins.immediate, let("b", view.register(ins.rb)), let("processors", view.processors(op["nproc"]))]
    x_word = let("x", combine([(1, part) for part in x], sort=Word(view.word)))
    address = let("address", add(a, x_word))
    touches = total(op["ld"], op["st"])
    cell = view.memory(let("lookup", signed(address)), not_(touches))
    loaded, valid = let("loaded", cell.read(view.cell_value())), let("valid", cell.found)
    results = alu(view, op, a, x_word)
    results += [(op["ld"], loaded), (op["pid"], view.index)]
    gated = [relu(combine([(1, d), (1, op["st"]), (1, valid)], -2), Word(view.word))]
    if view.extension:
        gated += [let("shlx", shift_left_by(a, x_word, op["shlx"])), let("shrx", shift_right_by(a, x_word, op["shrx"]))]
    result = let("result", combine([(1, choose(results)), *((1, word) for word in gated)], sort=Word(view.word)))
    loads = relu(combine([(1, op["ld"]), (1, valid)], -1), Flag())
    direct = total(*(op[o.name] for o in operations(view.extension) if o.writes_register and o.name != "ld"))
    return Outcome(
        counter=next_counter(view, counter, ins, a, x_word, valid),
        address=address,
        result=result,
        stores=let("stores", relu(combine([(1, op["st"]), (1, valid)], -1), Flag())),
        writes=let("writes", total(direct, loads)),
        rd=ins.rd,
    )


def alu(view: View, op: dict[str, Node], a: Node, x: Node) -> list[tuple[Node, Node]]:
    """The cases of the result, each with its flag: arithmetic, logic, comparison."""
    bit = partial(_as_word, width=view.word)
    computed: dict[str, Callable[[], Node]] = {
        "add": lambda: add(a, x),
        "sub": lambda: sub(a, x),
        "and": lambda: and_(a, x),
        "or": lambda: or_(a, x),
        "xor": lambda: xor(a, x),
        "shl": lambda: shift_left(a),
        "shr": lambda: shift_right(a),
        "slt": lambda: bit(less(a, x)),
        "seq": lambda: bit(equal(a, x)),
        "mul": lambda: mul(a, x),
    }
    cases = [(op[name], view.let(name, make())) for name, make in computed.items() if name in op]
    return [*cases, (total(op["mov"], op["nproc"]), x)]


def _as_word(flag: Node, width: int) -> Node:
    return affine(flag, [[int(place == 0)] for place in range(width)], sort=Word(width))


def next_counter(view: View, counter: Counter, ins: Fetched, a: Node, x: Node, valid: Node) -> Counter:
    """The program counter after the step, and the status."""
    let, op = view.let, ins.op
    zero = relu(combine([(1, op["jz"]), *((-1, bit) for bit in a)]), Flag())  # jz, and a = 0
    zero_else = relu(combine([(1, op["jnz"]), *((-1, bit) for bit in a)]), Flag())  # jnz, and a = 0: not taken
    taken = let("taken", combine([(1, op["jmp"]), (1, zero), (1, op["jnz"]), (-1, zero_else)], sort=Flag()))
    # It stays where nothing was fetched (stopped, or outside the program), on halt, and on a fault.
    stays = let(
        "stays",
        combine([(-1, ins.found), (1, op["halt"]), (1, op["ld"]), (1, op["st"]), (-1, valid)], 1, sort=Flag()),
    )
    onward = combine([(-1, taken), (-1, stays)], 1, sort=Flag())
    word = let("next", choose([(stays, counter.word), (taken, x), (onward, increment(counter.word))]))
    halted, load, store, pc = counter.stopped
    load_fault = relu(combine([(1, op["ld"]), (-1, valid)]), Flag())
    store_fault = relu(combine([(1, op["st"]), (-1, valid)]), Flag())
    stopped = [
        total(halted, op["halt"]),
        total(load, load_fault),
        total(store, store_fault),
        combine([(1, pc), (1, counter.running), (-1, ins.found)], sort=Flag()),
    ]
    running = combine([(1, ins.found), (-1, op["halt"]), (-1, load_fault), (-1, store_fault)], sort=Flag())
    kind = refine(concat(running, *stopped), OneHot(len(COUNTERS), partial=True))
    return Counter(word, let("next_status", kind))


def code_of(view: View, kinds: dict[str, Node], word: Node | None, reg: Node | None) -> Node:
    """A token's code from its kind flags, its word (0/1 bits) and its register name (signed bits); 0 where not given."""
    book = view.te.codebook
    parts: list[tuple[str, Node]] = list(kinds.items())
    if word is not None:
        parts.append(("word_bits", signed(word, total(*(kinds[name] for name in COUNTERS if name in kinds)))))
    if reg is not None:
        parts.append(("reg_bits", reg))
    rows: list[tuple[tuple[int, int], ...]] = [()] * book.width
    at = 0
    for name, node in parts:
        for offset, coordinate in enumerate(book.slots[name]):
            rows[coordinate] = ((at + offset, 1),)
        at += node.width
    # the constant 1 of a code is left out: no read-out needs it
    sort = Vector(tuple(Int(0, 1) if part == Int(1, 1) else part for part in book.sort.parts))
    return Affine(concat(*(node for _, node in parts)), tuple(rows), (0,) * book.width, sort)


@cache
def masked_step(word: int, extension: str = "") -> Program:
    """The predictor of masked diffusion over the log: at every position the code of the token that belongs there.

    A masked position is ready when the block before its own is complete; if not, it predicts the mask. Its predictions at
    positions that are not masked are never used. The output is "code", of the vocabulary's width.
    """
    program = Program(f"masked_step(w={word}{', M' if extension else ''})")
    view = LogView(program, word, extension)
    out = execute(view, view.counter())
    let, pe, ready = program.let, view.pe, view.ready
    slot = {name: let(f"{name}_due", and_(pe.flag(name), ready)) for name in ("counter", "target", "value")}
    kinds = {name: gate(slot["counter"], refine(out.counter.kind[i], Flag())) for i, name in enumerate(COUNTERS)}
    stores, writes = gate(slot["target"], out.stores), gate(slot["target"], out.writes)
    kinds["word"] = total(kinds["word"], stores, slot["value"])
    kinds["reg"] = writes
    kinds["none"] = combine([(1, slot["target"]), (-1, stores), (-1, writes)], sort=Flag())
    kinds["mask"] = not_(ready)
    store = relu(combine([(1, out.address), (1, slot["target"]), (1, out.stores)], -2), Word(word))
    body = choose([(slot["counter"], out.counter.word), (slot["value"], out.result)])
    chosen = let("word", combine([(1, body), (1, store)], sort=Word(word)))
    let("code", code_of(view, kinds, chosen, gate_signs([slot["target"], out.writes], out.rd)))
    return program


def gate_signs(flags: list[Node], signs: Node) -> Node:
    """Signed bits where all flags are 1, else 0: with g = 2 (sum of flags - how many), relu(s + g) - relu(-s + g)."""
    level: list[tuple[Any, Node]] = [(2, flag) for flag in flags]
    up = relu(combine([(1, signs), *level], -2 * len(flags)))
    down = relu(combine([(-1, signs), *level], -2 * len(flags)))
    return combine([(1, up), (-1, down)], sort=Signs(signs.width))


@cache
def cell_step(word: int, extension: str = "") -> Program:
    """The step of any-process generation in place: at every position a token y and three control bits.

    A cell that is written remasks the slot that holds its value and unmasks the other; every other masked slot stays so
    by its remask bit. The output is "code" (y, of the vocabulary's width), then "control" (remask, insert, delete).
    """
    program = Program(f"cell_step(w={word}{', M' if extension else ''})")
    view = CellView(program, word, extension)
    counter = view.counter()
    out = execute(view, counter)
    let, pe = program.let, view.pe
    index = pe.field("index_bits")
    at = {kind: pe.flag(kind) for kind in ("memory", "register", "counter")}
    # A memory cell finds its writer: the lowest processor that stores to its address.
    top = (1 << word) - 1
    urgency = let("urgency", combine([(top, view.indexed), (-1, number(index, view.indexed))], sort=Int(0, top)))
    target = let("target", signed(out.address, not_(view.sink)))  # at the sink nothing is read: the address is 0
    among = [at["counter"], out.stores]
    writer = view.match(
        [index], [target], among=among, exclude=[view.masked], rank=urgency, capacity=1 << word, absent=not_(at["memory"])
    )
    incoming, written = let("incoming", writer.read(out.result)), let("written", writer.found)
    # A register is written by its own processor, if that writes a register of its name; a counter while it runs.
    difference = combine([(1, out.rd), (-1, pe.field("register_bits"))])
    named = let("named", equals(weigh(difference, [1, 2, 4]), 0))
    hits = [[written], [at["register"], named, out.writes], [at["counter"], counter.running]]
    # remask = masked xor hit, and of the three hits at most one holds
    masked = view.masked
    flips = [(1, all_(concat(*hit))) for hit in hits] + [(-2, all_(concat(masked, *hit))) for hit in hits]
    kinds = {name: gate(at["counter"], refine(out.counter.kind[i], Flag())) for i, name in enumerate(COUNTERS)}
    kinds["word"] = total(kinds["word"], at["memory"], at["register"])
    body = choose([(at["counter"], out.counter.word), (at["register"], out.result)])
    chosen = let("word", combine([(1, body), (1, incoming)], sort=Word(word)))
    code = let("code", code_of(view, kinds, chosen, None))
    remask = combine([(1, masked), *flips], sort=Flag())
    never = combine([(0, remask)], sort=Flag())
    let("control", concat(remask, never, never))
    let("output", concat(code, program.definitions["control"]))
    return program
