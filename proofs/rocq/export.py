"""Rows of the operators, lookups and constants as Rocq text: ``proofs/rocq/Generated.v``.

The theorems under ``proofs/rocq`` hold for every width, of rows that are defined there for every width. This text ties them to
the operators: it has the rows of the operators themselves, read from their nodes at some widths (``proofs.symbolic.nodes``),
each with the Rocq definition at that width, and the kernel computes that both are equal. A broken operator gives other rows,
and the file does not compile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import frexp
from pathlib import Path
from textwrap import fill

import numpy as np

from efasp import attention  # noqa: F401  (registers the operators)
from efasp.affine_forms import Form
from efasp.attention import match
from efasp.codebook import Codebook
from efasp.embeddings import positions
from efasp.encoding import Event, LogLayout, Write
from efasp.model.ranges import SCALE
from efasp.operators import OPERATORS
from efasp.pram.isa import Instruction
from efasp.pram.machine import Configuration, Program
from efasp.pram.machine import step as pram_step
from efasp.process import DELETE, INSERT, REMASK, g
from efasp.proofs.obligation import Machine
from efasp.proofs.symbolic.nodes import Reading
from efasp.proofs.symbolic.positions import Lookup, lookup
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import Flag, Int, Number, Signs, Sort
from efasp.syntax import Attention, Node, Parameter, Relu, walk

WIDTHS = (2, 5)
GENERATED = Path(__file__).with_name("Generated.v")
HEADER = """\
(* Written by proofs/rocq/export.py from the operators' own rows, and compared with them by a test. *)
From Efasp Require Import Form Gates Product Attention Lookups Match Aggregates Log Slots Softmax.
Open Scope Z_scope.
"""

# For every pointwise operator its rows in Rocq; {w} is the width.
POINTWISE = {name: f"{name}_rows {{w}}" for name in OPERATORS if OPERATORS[name].kind == "pointwise"}
POINTWISE |= {"threshold": "threshold_rows 3", "equals": "equals_rows 3", "select": "select_rows 3 {w}"}
POINTWISE |= {name: f"{name}_rows false {{w}}" for name in ("shift_left_by", "shift_right_by")}
ENABLED = {name: f"{name}_rows true {{w}}" for name in ("shift_left_by", "shift_right_by")}

# For every operator over attention (queries, keys, values) of each lookup, in Rocq, and the rows of their results.
MATCH, ONE, WORD = "match_query {w}", "one_query", "map (input 1 2) (seq 0 {w})"
OVER_ATTENTION: dict[str, tuple[list[tuple[str, str, str]], str | None]] = {
    "exact_match": ([(MATCH, "exact_key 3 {w}", "[fetched]")], None),
    "rightmost_match": ([(MATCH, "rightmost_key {w} (2 ^ {w})", "[fetched]")], None),
    "priority_match": ([(MATCH, "priority_key {w} (2 ^ {w})", "[fetched]")], None),
    "match_or_default": ([(MATCH, "exact_key 4 {w}", WORD), (MATCH, "exact_key 4 {w}", "[input 1 4 0]")], "default_rows {w}"),
    "gather": ([("gather_query", "gather_key", "[input 1 0 0]")], None),
    "seq_max": ([(ONE, "[input 1 0 0]", "[input 1 0 0]")], None),
    "seq_min": ([(ONE, "[input (-1) 0 0]", "[input 1 0 0]")], None),
    "seq_and": ([(ONE, "[input (-1) 0 0]", "[input 1 0 0]")], None),
    "seq_or": ([(ONE, "[input 1 0 0]", "[input 1 0 0]")], None),
    "seq_mean": ([("nothing", "nothing", "[input 1 0 0]")], None),
    "seq_sum": ([("nothing", "nothing", "[input 1 0 0; input 1 1 0]")], "[sum_rows {w}]"),
}


def number(value: Number) -> str:
    """An integer in Rocq. Raises ValueError for a fraction: the rows there are over integers."""
    if value != int(value):
        raise ValueError(f"rows in Rocq: expected integers, found {value}")
    return str(int(value))


def listed(parts: Sequence[str]) -> str:
    """The list of texts, in Rocq's notation."""
    return f"[{'; '.join(parts)}]"


class Rows:
    """Forms of a reading as Rocq text; ``numbers``: the number of the argument that each leaf is."""

    def __init__(self, reading: Reading, numbers: Mapping[str, int]) -> None:
        self.reading, self.numbers = reading, numbers

    @classmethod
    def over(cls, leaves: Mapping[Node, int]) -> Rows:
        """Rows over nodes with these numbers."""
        return cls(Reading({node: str(i) for node, i in leaves.items()}), {str(i): i for i in leaves.values()})

    def form(self, form: Form) -> str:
        """A sum and its constant."""
        terms = [f"({number(c)}, {self._atom(*atom)})" for atom, c in form.terms.items()]
        return f"({listed(terms)}, {number(form.constant)})"

    def _atom(self, leaf: str | Node, place: int) -> str:
        if isinstance(leaf, str):
            return f"Arg {self.numbers[leaf]} {place}"
        assert isinstance(leaf, Relu)
        terms, constant = self.form(self.reading.form(leaf.x, place))[1:-1].rsplit(", ", 1)
        return f"Relu {terms} {f'({constant})' if constant.startswith('-') else constant}"

    def of(self, node: Node, top: bool = False) -> str:
        """All coordinates of a node; ``top``: look into it though it is a leaf."""
        return listed([self.form(self.reading.form(node, place, top)) for place in range(node.width)])


def example(name: str, claim: str) -> str:
    """An equation that computation shows."""
    return f"Example {name} : {claim}.\nProof. vm_compute. reflexivity. Qed.\n"


def parameters(sorts: Sequence[Sort]) -> list[Parameter]:
    """The arguments of an operator."""
    return [Parameter(f"x{i}", sort) for i, sort in enumerate(sorts)]


def pointwise(w: int, names: Iterable[str] = POINTWISE) -> Iterator[str]:
    """The rows of pointwise operators at a width."""
    for name in names:
        operator = OPERATORS[name]
        arguments = parameters(operator.sorts(w))
        leaves: dict[Node, int] = {argument: i for i, argument in enumerate(arguments)}
        rows = Rows.over(leaves).of(operator.build(*arguments, *operator.fixed))
        yield example(f"{name}_{w}", f"{POINTWISE[name].format(w=w)} =\n  {rows}")
        if name in ENABLED:
            enable = Parameter("enable", Flag())
            rows = Rows.over({**leaves, enable: 2}).of(operator.build(*arguments, enable))
            yield example(f"{name}_enabled_{w}", f"{ENABLED[name].format(w=w)} =\n  {rows}")


def over_attention(w: int) -> Iterator[str]:
    """The rows of queries, keys and values of every operator over attention at a width, and those of their results."""
    sink, places = Parameter("sink", Flag()), positions(Codebook.index(w))
    for name, (triples, made) in OVER_ATTENTION.items():
        operator = OPERATORS[name]
        arguments = parameters(operator.sorts(w))
        leaves: dict[Node, int] = {argument: i for i, argument in enumerate(arguments)}
        if operator.kind == "positional":
            node = operator.build(*arguments, places)
            leaves |= {places.field("number"): len(leaves), places.field("square"): len(leaves) + 1}
        elif name == "seq_sum":
            node = operator.build(*arguments, w, sink)
        else:
            node = operator.build(*arguments, *([sink] if "match" in name else []))
        leaves.setdefault(sink, len(leaves))
        below = [part for part in walk(node) if isinstance(part, Attention)]
        if len(below) != len(triples):
            raise ValueError(f"{name}: expected {len(triples)} lookups, found {len(below)}")
        for i, (part, triple) in enumerate(zip(below, triples, strict=True)):
            rows = ", ".join(map(Rows.over(leaves).of, (part.q, part.k, part.v)))
            yield example(f"{name}_{i}_{w}", f"({', '.join(triple).format(w=w)}) =\n  ({rows})")
        if made is not None:
            first = 0 if name == "seq_sum" else len(leaves)
            text = Rows.over({**leaves, **{part: first + i for i, part in enumerate(below)}}).of(node)
            yield example(f"{name}_{w}", f"{made.format(w=w)} =\n  {text}")


def shape(found: Lookup, one: Node, sink: Node) -> tuple[str, dict[Node, int]]:
    """A lookup's shape in Rocq, and the arguments' numbers: each node's is that of its first use."""
    numbers: dict[Node, int] = {}

    def of(node: Node) -> int:
        return numbers.setdefault(node, len(numbers))

    first = f"one := {of(one)}; sink := {of(sink)}"
    words = listed([f"({of(q)}, {of(k)}, {q.width})%nat" for q, k in found.words])
    flags = [listed([f"{of(node)}%nat" for node in nodes]) for nodes in (found.among, found.exclude)]
    options = [f"Some {of(node)}%nat" if node is not None else "None" for node in (found.rank, found.absent)]
    rest = f"required := {flags[0]}; exclude := {flags[1]}; rank := {options[0]}; absent := {options[1]}"
    return f"{{| {first}; words := {words}; {rest}; capacity := {number(found.capacity)} |}}", numbers


def looked_up(name: str, found: Lookup, one: Node, sink: Node) -> str:
    """The rows of one lookup, and that its ranks are below its capacity."""
    text, numbers = shape(found, one, sink)
    rows = Rows.over(numbers)
    claim = f"(match_q {name}_shape, match_k {name}_shape) =\n  ({rows.of(found.node.q)}, {rows.of(found.node.k)})"
    out = f"Definition {name}_shape : shape := {text}.\n" + example(name, claim)
    if found.rank is not None:
        ((_, high),) = found.rank.sort.bounds
        out += example(f"{name}_ranks", f"{number(high)} <? capacity {name}_shape = true")
    return out


def in_general(w: int) -> str:
    """The rows in Rocq of a match that has every option, at a width."""
    words = tuple((Parameter(f"q{i}", Signs(w + i)), Parameter(f"k{i}", Signs(w + i))) for i in (0, 1))
    one, sink, absent = (Parameter(name, Flag()) for name in ("one", "sink", "absent"))
    among, exclude = (tuple(Parameter(f"{name}{i}", Flag()) for i in (0, 1)) for name in ("among", "exclude"))
    rank = Parameter("rank", Int(0, (1 << w) - 1))
    queries, keys = zip(*words, strict=True)
    made = match(queries, keys, one=one, among=among, sink=sink, exclude=exclude, rank=rank, capacity=1 << w, absent=absent)
    node = made.read(rank)
    assert isinstance(node, Attention)
    found = Lookup("match", node, words, among, exclude, rank, absent, rank, 1 << w)
    return looked_up(f"match_{w}", found, one, sink)


def of_step(engine: str, word: int) -> Iterator[str]:
    """The lookups of the step, each once, and in place the remask bit."""
    step = Step(Machine(word, engine, "", (1, 1 << word)))
    seen = set()
    for name, node in step.of.items():
        if isinstance(node, Attention) and (node.q, node.k) not in seen:
            seen.add((node.q, node.k))
            one = node.q.inputs[0]
            yield looked_up(f"{engine}_{name}", lookup(step, name), one, step.sink)
    if "control" in step.of:
        yield remask(step)


def remask(step: Step) -> str:
    """The row of the remask bit: which flags make a hit is read from its own units."""
    numbers, hits = {"te.mask": 0}, []
    form = step.reading.form(step.of["control"], 0, top=True)
    for (leaf, place), c in form.terms.items():
        if isinstance(leaf, Relu) and c == 1:
            hits.append([str(name) for name, _ in step.reading.form(leaf.x, place).terms])
    for name in (name for hit in hits for name in hit):
        numbers.setdefault(name, len(numbers))
    groups = listed([listed([f"{numbers[name]}%nat" for name in hit]) for hit in hits])
    return example("apmdm_remask", f"remask_row 0 {groups} =\n  {Rows(step.reading, numbers).form(form)}")


def numerics() -> Iterator[str]:
    """The scales of softmax, and the least positive number of each dtype."""
    for bits, dtype in ((32, np.float32), (64, np.float64)):
        mantissa, exponent = frexp(float(np.finfo(dtype).smallest_subnormal))
        assert mantissa == 0.5
        scale = number(SCALE[f"float{bits}"])
        yield example(f"softmax_{bits}", f"(scale{bits}, least{bits}) = ({scale}, {1 - exponent})")


def process() -> Iterator[str]:
    """The result of g on every sequence of up to two positions, and of three masked or not, in the order of ``cases``."""
    for length in (1, 2):
        outputs = []
        for case in product(product((False, True), repeat=4), repeat=length):
            control = np.zeros((length, 3), dtype=bool)
            for place, (_, remask, insert, delete) in enumerate(case):
                control[place, [REMASK, INSERT, DELETE]] = remask, insert, delete
            mask = 2 * length
            x = np.array([mask if masked else place for place, (masked, *_) in enumerate(case)])
            out = g(x, np.arange(length, 2 * length), control, mask).tolist()
            outputs.append(listed(["None" if token == mask else f"Some {token}%nat" for token in out]))
        yield example(f"g_{length}", f"map g (cases {length}) =\n  {listed(outputs)}")


def writes() -> Iterator[str]:
    """Memory after a step in which each of three processors stores nothing or to one of two addresses."""
    machine, log = [], []
    start = (7, 8)
    layout = LogLayout(5, "", 3, 2, 3)
    for case in product((None, 0, 1), repeat=3):
        instructions = [Instruction("mov", 1, None, 0) if a is None else Instruction("st", 0, None, a) for a in case]
        banks = tuple((10 + pid, *[0] * 7) for pid in range(3))
        before = Configuration(start, banks, (0, 1, 2), ("running",) * 3)
        after = pram_step(Program(tuple(instructions), 5, 3, 2), before)
        machine.append(listed([str(word) for word in after.memory]))
        events = [Event(pid, "running", None if a is None else Write("memory", a, 10 + pid)) for pid, a in enumerate(case)]
        log.append(listed([str(word) for word in layout.apply(before, events).memory]))
    rule = "map (fun s => map (advance (fun a => 7 + a) s) [0; 1]) (steps 3)"
    yield example("pram_step", f"{rule} =\n  {listed(machine)}")
    yield example("log_apply", f"{rule} =\n  {listed(log)}")


def wrapped(line: str) -> str:
    """A line of Rocq in lines of at most 128 characters."""
    if len(line) <= 128:
        return line
    return fill(line, 128, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def text() -> str:
    """The text of the exported file."""
    parts = [HEADER]
    for w in WIDTHS:
        parts += [*pointwise(w), *over_attention(w)]
    parts.append(in_general(3))
    for engine in ("mdm", "apmdm"):
        parts += of_step(engine, 5)
    parts += [*numerics(), *process(), *writes()]
    return "\n".join(map(wrapped, "\n".join(parts).splitlines())) + "\n"


if __name__ == "__main__":
    GENERATED.write_text(text())
