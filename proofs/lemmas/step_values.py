"""Family step, the inputs of lookups: keys and values, the sink, and the sorts that the numeric ranges rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from efasp.encoding import LOG_SLOTS
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS
from efasp.proofs.lemmas.step_stages import instruction, slots
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, lemma
from efasp.proofs.smtlib import Script, Term, eq, land, le, lnot, num, plain, plus
from efasp.proofs.symbolic.lookup_relations import LOADED, ONE_OPERAND, UNPAIRED, WRITTEN  # fmt: skip
from efasp.proofs.symbolic.machine_step import (
    BEATEN,
    BITS,
    CONTENT,
    HOLDS,
    INDEX,
    IS_TARGET,
    JUMP_OR_STAY,
    NEXT,
    ONE_WRITE,
    SINK_ADDRESS,
    STATUS,
    TARGET,
    TOKEN_WORD,
    URGENCY,
    due,
)
from efasp.proofs.symbolic.nodes import Terms, is_value
from efasp.proofs.symbolic.positions import lookup
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import OneHot, Signs
from efasp.syntax import Affine, Attention, Node, PositionEmbedding, Relu, TokenEmbedding, walk

# Assumptions about the leaves, by the leaf that needs them: the conclusion of the lemma about the leaf.


def carried(step: Step, side: str, payload: str) -> Term:
    """Whether the kind at a position carries a payload."""
    book = step.te if side == "te" else step.pe
    kinds = [f"{side}.{plain(kind.name)}" for kind in book.kinds if payload in kind.payloads]
    return is_value(plus(*kinds), 1)


def kinds_of(step: Step, t: Terms) -> None:
    """Assume one kind of token and one of place."""
    for names in (step.places, step.tokens):
        t.one_hot(names, partial=False)


def field(leaf: str, step: Step, t: Terms) -> None:
    """A field of signed bits is a word where the kind carries its payload."""
    kinds_of(step, t)
    side, _, name = leaf.partition(".")
    book = step.te if side == "te" else step.pe
    payload = next(f.payload for f in book.fields if f.name == name)
    for symbol in step.labels.get(leaf, (leaf,)):
        t.sign(symbol)
        t.known(eq(lnot(is_value(symbol, 0)), carried(step, side, payload)), symbol)


def loaded(step: Step, t: Terms) -> None:
    """Declare and assume what the word read from memory is."""
    instruction(step, t)
    t.bit("loaded")
    t.script.assume(LOADED, step.leaf)


def pair(names: tuple[str, str], step: Step, t: Terms) -> None:
    """Two flags of which at most one is 1."""
    t.bit(*names)
    t.script.assume(JUMP_OR_STAY if "taken" in names else ONE_WRITE, step.leaf)


def operands(step: Step, t: Terms) -> None:
    """Declare the parts of the second operand, of which at most one is not 0."""
    t.bit("immediate", "b", "processors")
    t.script.assume(ONE_OPERAND, step.leaf)


def token_words(step: Step, t: Terms) -> None:
    """A token word's bit, and the sign that it comes from."""
    field("te.word_bits", step, t)
    t.bit("token_word")
    t.script.assume(TOKEN_WORD, step.leaf, BITS)


def indices(step: Step, t: Terms) -> None:
    """A bit of the index, and the sign that it comes from."""
    field("pe.index_bits", step, t)
    t.bit("index")
    t.script.assume(INDEX, step.leaf, BITS, indexed(step))


def indexed(step: Step) -> list[str]:
    """The kinds of place that have an index."""
    return [f"pe.{kind.name}" for kind in step.pe.kinds if "index" in kind.payloads]


def writers(step: Step, t: Terms) -> None:
    """The writer that a cell finds."""
    kinds_of(step, t)
    t.bit("written", "incoming")
    t.script.assume(WRITTEN, step.leaf)


def paired(step: Step, t: Terms) -> None:
    """The word of the value position of the same processor and time."""
    kinds_of(step, t)
    t.bit("paired")
    t.script.assume(UNPAIRED, step.leaf)


def targets(step: Step, t: Terms) -> None:
    """Whether a position holds a store."""
    kinds_of(step, t)
    t.bit("is_target")
    t.script.assume(IS_TARGET, step.leaf)


Fact = Callable[[Step, Terms], None]
FACTS: dict[str, Fact] = {
    "operation": instruction,
    "valid": instruction,
    "status": lambda step, t: t.one_hot(STATUS),
    "next_status": lambda step, t: t.one_hot(NEXT),
    "loaded": loaded,
    **dict.fromkeys(("immediate", "b", "processors"), operands),
    "rd": lambda step, t: t.sign(*step.labels["rd"]),
    **dict.fromkeys(("taken", "stays"), partial(pair, ("taken", "stays"))),
    **dict.fromkeys(("stores", "writes"), partial(pair, ("stores", "writes"))),
    **dict.fromkeys((*map(due, LOG_SLOTS), "ready"), slots),
    "token_word": token_words,
    "index": indices,
    **dict.fromkeys(("written", "incoming"), writers),
    "paired": paired,
    "is_target": targets,
}


def keys(step: Step) -> Iterator[Obligation]:
    """Words of tokens; in the log the word of a position, its address, and whether it is beaten; in place the target."""
    yield from step.bits(TOKEN_WORD, "token_word", partial(field, "te.word_bits", step), lambda place: (BITS,))
    yield urgency(step)
    if step.machine.engine == "apmdm":

        def address(t: Terms) -> None:
            t.bit("te.bos", step.leaf("address"))
            t.script.assume(SINK_ADDRESS, step.leaf)

        yield from step.bits(TARGET, "target", address, lambda place: (BITS,))
        return
    yield from step.bits(IS_TARGET, "is_target", partial(kinds_of, step))

    def contents(t: Terms) -> None:
        paired(step, t)
        t.bit("token_word")

    yield from step.bits(CONTENT, "content", contents)

    def holders(t: Terms) -> None:
        targets(step, t)
        t.bit("index", "token_word")

    yield from step.bits(HOLDS, "holds", holders, lambda place: (BITS,))

    def urgencies(t: Terms) -> None:
        for name in ("max_urgency", "urgency"):
            t.script.declare(name, t.sort)
            t.declared.add(name)
            t.known(le("0", name), name)

    yield from step.bits(BEATEN, "beaten", urgencies, sort="Int")


def urgency(step: Step) -> Obligation:
    """Urgency is 2^w - 1 minus the index at a place with an index, else 0: compared coefficient by coefficient."""

    def discharge() -> Verdict:
        form = step.reading.form(step.definition("urgency"), 0, top=True)
        top = (1 << step.machine.word) - 1
        wanted: dict[object, object] = {("index", place): -(1 << place) for place in range(step.machine.word)}
        wanted |= {(name, 0): top for name in indexed(step)}
        got: dict[object, object] = dict(form.terms)
        if got == wanted and form.constant == 0:
            return Verdict("proved", "coefficients of the definition's row")
        bad = next((atom for atom in {**wanted, **got} if wanted.get(atom) != got.get(atom)), ("constant", 0))
        return Verdict(
            "refuted", "coefficients", {"of": str(bad), "expected": str(wanted.get(bad, 0)), "got": str(got.get(bad, 0))}
        )

    ids = (URGENCY.id, "step.sorts: urgency", "definition: urgency")
    return exact(step, "urgency", "urgency = 2^w - 1 - index", discharge, ids, (INDEX.id,))


def exact(step: Step, name: str, content: str, discharge: Callable[[], Verdict], concludes: tuple[str, ...],
          cites: tuple[str, ...] = (), **params: str) -> Obligation:  # fmt: skip
    """An obligation of the family about this machine that exact arithmetic decides."""
    m = step.machine
    about: dict[str, Any] = {"concludes": concludes, "cites": cites}
    return Obligation(
        f"step.{name}", m.claim, {**m.params, **params}, f"n <= {m.n[1]}", m.n, "exact", content, discharge, **about
    )


# The sink.


def sink(step: Step) -> Iterator[Obligation]:
    """At the sink keys, candidate flags and ranks are 0, and values but for the sink's flag; each query there is a lookup miss.

    So the program's values there are those of the sequence of the sink alone, on which this is computed.
    """

    def discharge() -> Verdict:
        lookups = [lookup(step, name) for name, node in step.of.items() if isinstance(node, Attention)]
        at: dict[Node, np.ndarray] = {
            TokenEmbedding(step.te): step.te.codes([step.te.row("bos")]),
            PositionEmbedding(step.pe): step.pe.codes([step.pe.row("bos")]),
        }
        groups: list[tuple[str, str, list[Node]]] = [("the step", "address", [step.definition("address")])]
        for here in lookups:
            query = [q for q, _ in here.words] or [step.sink]
            if here.absent is not None and evaluate(here.absent, values=at)[0].all():
                query = []  # an absent query matches nothing
            elif not here.words:
                query = [step.sink]
            groups += [
                (here.name, "query", query),
                (here.name, "key", [k for _, k in here.words]),
                (here.name, "candidate flag", list(here.among)),
                (here.name, "excluding flag", list(here.exclude)),
                (here.name, "rank", [here.rank] if here.rank is not None else []),
                (here.name, "value", [here.value] if here.value is not step.sink else []),
            ]
        for name, what, nodes in groups:
            for value in evaluate(*nodes, values=at) if nodes else []:
                if value.any():
                    return Verdict("refuted", "evaluation", {"lookup": name, "not 0 at the sink": what, "got": value.tolist()})
        return Verdict("proved", f"exact evaluation at the sink: {len(lookups)} lookups")

    yield exact(step, "sink", "the sink", discharge, ("step.sink", SINK_ADDRESS.id))


# Sorts: every bound that a node declares, from those of its leaves. The numeric ranges are read from these.

# Definitions whose own lemma concludes their value and their sort.
STATED = (
    "fetch", "x", "lookup", "index", "slt", "seq", "result", "taken", "stays", "next", "next_status", "stores", "writes",
    "counter_due", "target_due", "value_due", "word", "code", "named", "token_word", "target", "is_target", "content", "holds",
    "beaten", "urgency", "address",
)  # fmt: skip


def applications(step: Step) -> set[Node]:
    """Every node of an operator's application but its arguments: the family gates speaks of these."""
    out: set[Node] = set()
    for node in walk(step.program.output):
        if node.origin is not None and node.origin[0] in OPERATORS:
            arguments = {argument for argument in node.origin[1] if isinstance(argument, Node)}
            out.update(walk(node, known=arguments))
    return out


def sorts(step: Step) -> Iterator[Obligation]:
    """Every bound that an affine map or a unit declares holds, coordinate by coordinate; one obligation a text."""
    scripts: dict[str, tuple[Script, Term, list[str]]] = {}
    stated = {step.of[name] for name in STATED if name in step.of}
    skipped = applications(step) | stated
    skipped |= set(step.definition("code").inputs[0].inputs)  # the parts of the code are its coordinates

    def ask(node: Node, places: list[int], goal: Callable[[list[Term]], Term]) -> None:
        script = Script("QF_LRA")
        t = step.terms(script, places[0])
        know(step, t, node, places)
        wanted = goal([t.of(node, place, top=True) for place in places])
        script.concludes |= {f"step.sorts: {step.names[node]}": None} if node in step.names else {}
        scripts.setdefault(script.text(wanted), (script, wanted, []))[2].append(str(node.sort))

    for node in walk(step.program.output):
        if not isinstance(node, (Affine, Relu)) or node.declared is None or node in stated:
            continue
        if node not in skipped:
            for place, (low, high) in enumerate(node.sort.bounds):
                if not follows(node, place):
                    ask(node, [place], lambda t, low=low, high=high: land(le(num(low), t[0]), le(t[0], num(high))))  # type: ignore[misc]
        if isinstance(node.sort, OneHot) and node.origin is None:
            ask(node, list(range(node.width)), le_one if node.sort.partial else lambda t: eq(plus(*t), "1"))
        if isinstance(node.sort, Signs) and node not in skipped and step.field_of(node) is None:
            for place in range(1, node.width):
                ask(node, [0, place], lambda t: eq(is_value(t[0], 0), is_value(t[1], 0)))
    for number, (script, goal, names) in enumerate(scripts.values()):
        yield step.obligation("step.sorts", script, goal, {"of": " ".join(dict.fromkeys(names)), "case": str(number)})
    yield from lookup_sorts(step)


def le_one(flags: list[Term]) -> Term:
    """At most one of some flags is 1."""
    return le(plus(*flags), "1")


def lookup_sorts(step: Step) -> Iterator[Obligation]:
    """A lookup has the sort of the value that it reads, or is a flag for a match; 0 is of that sort."""
    for name in [name for name, node in step.of.items() if isinstance(node, Attention)]:

        def discharge(name: str = name) -> Verdict:
            node = step.of[name]
            assert isinstance(node, Attention)
            atoms, sink_atoms = (set(step.reading.form(x, 0).terms) for x in (node.v, step.sink))
            found = node.sort.bounds == ((0, 1),) and atoms == sink_atoms
            if not (node.sort == node.v.sort or found) or not node.sort.admits([0] * node.width):
                return Verdict("refuted", "sorts", {"lookup": name, "sort": str(node.sort), "value": str(node.v.sort)})
            return Verdict("proved", "the sorts of the lookup and of the value that it reads")

        ids, cites = (f"step.sorts: {step.leaf(name)}",), (f"attention.reads: {name}",)
        yield exact(step, "sorts", f"lookup {name}", discharge, ids, cites, of=name)


def follows(node: Affine | Relu, place: int) -> bool:
    """Whether interval arithmetic over the input's sort gives the declared bounds."""
    low, high = node.sort.bounds[place]
    bounds = node.x.sort.bounds
    if isinstance(node, Relu):
        return bounds[place][1] <= high and low <= 0
    ends = [sorted((c * bounds[column][0], c * bounds[column][1])) for column, c in node.rows[place]]
    constant = node.bias[place]
    return low <= constant + sum(e[0] for e in ends) and constant + sum(e[1] for e in ends) <= high


def know(step: Step, t: Terms, node: Node, places: list[int]) -> None:
    """Declare every leaf below some coordinates, with the conclusion of its lemma."""
    leaves: dict[str, None] = {}
    stack = [(node, place, True) for place in places]
    while stack:
        at, coordinate, top = stack.pop()
        for leaf, number in step.reading.form(at, coordinate, top).terms:
            if isinstance(leaf, Node):
                stack.append((leaf.inputs[0], number, False))
            else:
                leaves[leaf] = None
    for fact in dict.fromkeys(_fact(step, leaf) for leaf in sorted(leaves)):
        fact(step, t)


def _fact(step: Step, leaf: str) -> Fact:
    if leaf in FACTS:
        return FACTS[leaf]
    side, _, name = leaf.partition(".")
    if side in ("te", "pe"):
        flags = name in (step.te if side == "te" else step.pe).kind_index
        return kinds_of if flags else partial(field, leaf)
    return partial(_plain_bit, leaf)


def _plain_bit(leaf: str, step: Step, t: Terms) -> None:
    t.bit(leaf)


VALUES = ("token_word", "urgency", "sink", "sorts")
NAMES = {"mdm": (*VALUES, "is_target", "content", "holds", "beaten"), "apmdm": (*VALUES, "target")}


def values(step: Step) -> Iterator[Obligation]:
    """The obligations of one machine."""
    yield from keys(step)
    yield from sink(step)
    yield from sorts(step)


@lemma
def looked_up(regime: Regime) -> Iterator[Batch]:
    """Keys and values, the sink, and the declared sorts."""
    for machine in regime.machines():
        names = tuple(f"step.{name}" for name in NAMES[machine.engine])
        yield Batch(names, machine.params, lambda m=machine: values(Step(m)))  # type: ignore[misc]
