"""Family step, what lookups read and write: keys and values, the sink, and the sorts that the numeric ranges rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from efasp.encoding import COUNTERS, LOG_SLOTS
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS
from efasp.syntax import Affine, Attention, Node, PositionEmbedding, Relu, TokenEmbedding, walk
from proofs.obligation import Batch, Obligation, Regime, Verdict, lemma
from proofs.positions import lookup
from proofs.reading import Terms, both, flag, is_value
from proofs.smt import Script, Term, eq, implies, ite, land, le, linear, lnot, lt, num, plus
from proofs.step import NEXT, STATUS, Step, either, on

# What the leaves may hold, by the leaf that calls for it. Every line is a conclusion of the leaf's own lemma.


def carried(step: Step, side: str, payload: str) -> Term:
    """Whether the kind at a position carries a payload."""
    book = step.te if side == "te" else step.pe
    kinds = [f"{side}.{kind.name.replace('op:', 'op.')}" for kind in book.kinds if payload in kind.payloads]
    return is_value(plus(*kinds), 1)


def _kinds(step: Step, t: Terms) -> None:
    for names in (step.places, step.tokens):
        t.one_hot(names, partial=False)


def _field(step: Step, t: Terms, leaf: str) -> None:
    """A field of signed bits is there where the kind carries its payload."""
    _kinds(step, t)
    side, _, name = leaf.partition(".")
    book = step.te if side == "te" else step.pe
    payload = next(field.payload for field in book.fields if field.name == name)
    for symbol in step.labels.get(leaf, (leaf,)):
        t.sign(symbol)
        t.script.suppose(eq(lnot(is_value(symbol, 0)), carried(step, side, payload)), "present where its kind carries it")


def _bits_of(condition: Callable[[Step], Term], name: str, step: Step, t: Terms) -> None:
    """A bit that is 0 where a condition does not hold."""
    _kinds(step, t)
    t.bit(name)
    t.script.suppose(implies(lnot(condition(step)), is_value(name, 0)))


def _operation(step: Step, t: Terms) -> None:
    t.one_hot(step.ops)
    t.one_hot(STATUS)
    t.bit("valid")
    t.script.suppose(le(plus(*step.ops), STATUS[0]), "only a running processor fetches")
    t.script.suppose(le("valid", plus("op.ld", "op.st")), "only loads and stores look memory up")


def _loaded(step: Step, t: Terms) -> None:
    _operation(step, t)
    t.bit("loaded")
    t.script.suppose(le("loaded", "valid"), "what is not found reads as 0")


def _exclusive(names: tuple[str, ...], step: Step, t: Terms) -> None:
    t.one_hot(names)


def _names(leaf: str, step: Step, t: Terms) -> None:
    t.sign(*step.labels[leaf])


def _due(step: Step, t: Terms) -> None:
    t.bit("ready")
    t.one_hot([f"{name}_due" for name in LOG_SLOTS])
    t.script.suppose(le(plus(*(f"{name}_due" for name in LOG_SLOTS)), "ready"))


def _next_status(step: Step, t: Terms) -> None:
    t.one_hot(NEXT)


def _operands(step: Step, t: Terms) -> None:
    t.one_hot(("immediate", "b", "processors"))


def _counted(name: str, limit: str, step: Step, t: Terms) -> None:
    """A number of which only the bounds are known."""
    t.script.declare(name, t.sort)
    t.declared.add(name)
    t.script.suppose(land(le("0", name), le(name, limit)))


def token_words(step: Step, t: Terms) -> None:
    """A token word's bit, and the sign that it comes from."""
    _field(step, t, "te.word_bits")


def keys(step: Step) -> Iterator[Obligation]:
    """Words of tokens; in the log what a position holds, at which address, and whether it is beaten; in place the target."""
    word = is_value(plus(*(f"te.{name}" for name in COUNTERS)), 1)
    half = "(/ (+ te.word_bits 1) 2)"
    yield from step.bits(
        "step.token_word", "token_word", partial(token_words, step), lambda t, got: eq(got, ite(word, half, "0"))
    )
    yield urgency(step)
    if step.machine.engine == "apmdm":

        def address(t: Terms) -> None:
            t.bit("te.bos", step.leaf("address"))
            t.script.suppose(implies(on("te.bos"), is_value(step.leaf("address"), 0)), "step.sink")

        wanted = ite(on("te.bos"), "0", linear([(2, step.leaf("address"))], -1))
        yield from step.bits("step.target", "target", address, lambda t, got: eq(got, wanted))
        return
    is_target = flag(both("pe.target", "te.word"))
    yield from step.bits("step.is_target", "is_target", partial(_kinds, step), lambda t, got: eq(got, is_target))

    def contents(t: Terms) -> None:
        _kinds(step, t)
        t.bit("paired", "token_word")
        t.script.suppose(implies(on("pe.memory"), is_value("paired", 0)), "a memory place has no time, and looks nothing up")

    held = ite(on("pe.memory"), "token_word", "paired")
    yield from step.bits("step.content", "content", contents, lambda t, got: eq(got, held))

    def holders(t: Terms) -> None:
        _kinds(step, t)
        t.bit("is_target", "index", "token_word")
        t.script.suppose(eq("is_target", is_target), "step.is_target")

    places = (on("pe.memory"), linear([(2, "index")], -1)), (on("is_target"), linear([(2, "token_word")], -1))
    yield from step.bits("step.holds", "holds", holders, lambda t, got: eq(got, either(*places)))

    def rivals(t: Terms) -> None:
        t.script.declare("words", "Int", "2^w")
        for name in ("rival", "urgency"):
            _counted(name, "words", step, t)

    yield from step.bits("step.beaten", "beaten", rivals, lambda t, got: eq(got, flag(lt("urgency", "rival"))), sort="Int")


def urgency(step: Step) -> Obligation:
    """Urgency is 2^w - 1 minus the index, where there is one: coefficient by coefficient."""

    def settle() -> Verdict:
        form = step.reading.form(step.of["urgency"], 0, top=True)
        top = (1 << step.machine.word) - 1
        wanted: dict[object, object] = {("index", place): -(1 << place) for place in range(step.machine.word)}
        wanted |= {(f"pe.{kind.name}", 0): top for kind in step.pe.kinds if "index" in kind.payloads}
        got: dict[object, object] = dict(form.terms)
        if got == wanted and form.constant == 0:
            return Verdict("proved", "coefficients of the definition's row")
        bad = next((atom for atom in {**wanted, **got} if wanted.get(atom) != got.get(atom)), ("constant", 0))
        return Verdict(
            "refuted", "coefficients", {"of": str(bad), "expected": str(wanted.get(bad, 0)), "got": str(got.get(bad, 0))}
        )

    m = step.machine
    return Obligation("step.urgency", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exact", "urgency = 2^w - 1 - index", settle)


# The sink.


def sink(step: Step) -> Iterator[Obligation]:
    """At the sink every key, candidate flag and rank is 0, and every value but its own flag; its queries match nothing.

    So the program's values there are those of the sequence of the sink alone, on which this is computed.
    """

    def settle() -> Verdict:
        names = [name for name, node in step.of.items() if isinstance(node, Attention)]
        lookups = [lookup(step, name) for name in names]
        at: dict[Node, np.ndarray] = {
            TokenEmbedding(step.te): step.te.codes([step.te.row("bos")]),
            PositionEmbedding(step.pe): step.pe.codes([step.pe.row("bos")]),
        }
        for here in lookups:
            groups: list[tuple[str, list[Node]]] = [
                ("query", [q for q, _ in here.words]),
                ("key", [k for _, k in here.words]),
                ("candidate flag", list(here.among)),
                ("excluding flag", list(here.exclude)),
                ("rank", [here.rank] if here.rank is not None else []),
                ("value", [here.value] if here.value is not step.sink else []),
            ]
            if here.absent is not None and evaluate(here.absent, values=at)[0].all():
                groups[0] = ("query", [])  # an absent query matches nothing
            elif not here.words:
                groups[0] = ("query", [step.sink])
            for what, nodes in groups:
                for value in evaluate(*nodes, values=at) if nodes else []:
                    if value.any():
                        return Verdict(
                            "refuted", "evaluation", {"lookup": here.name, "not 0 at the sink": what, "got": value.tolist()}
                        )
        return Verdict("proved", f"exact evaluation at the sink: {len(lookups)} lookups")

    m = step.machine
    yield Obligation("step.sink", m.claim, m.params, f"n <= {m.n[1]}", m.n, "exact", "the sink", settle)


# Sorts: every bound that a node declares, from what its leaves hold. The numeric ranges are read from these.

FACTS: dict[str, Callable[[Step, Terms], None]] = {
    "operation": _operation,
    "valid": _operation,
    "status": lambda step, t: t.one_hot(STATUS),
    "next_status": _next_status,
    "loaded": _loaded,
    "immediate": _operands,
    "b": _operands,
    "processors": _operands,
    "rd": partial(_names, "rd"),
    "taken": partial(_exclusive, ("taken", "stays")),
    "stays": partial(_exclusive, ("taken", "stays")),
    "stores": partial(_exclusive, ("stores", "writes")),
    "writes": partial(_exclusive, ("stores", "writes")),
    "counter_due": _due,
    "target_due": _due,
    "value_due": _due,
    "ready": _due,
    "token_word": partial(_bits_of, lambda step: carried(step, "te", "word"), "token_word"),
    "index": partial(_bits_of, lambda step: carried(step, "pe", "index"), "index"),
    "incoming": partial(_bits_of, lambda step: on("pe.memory"), "incoming"),
    "written": partial(_bits_of, lambda step: on("pe.memory"), "written"),
    "paired": partial(_bits_of, lambda step: lnot(on("pe.memory")), "paired"),
    "is_target": partial(_bits_of, lambda step: both("pe.target", "te.word"), "is_target"),
}
# Definitions whose own lemma says what they are, and so that they are of their sort.
STATED = (
    "fetch", "x", "lookup", "index", "slt", "seq", "result", "taken", "stays", "next", "next_status", "stores", "writes",
    "counter_due", "target_due", "value_due", "word", "code", "named", "token_word", "target", "is_target", "content", "holds",
    "beaten", "urgency",
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
    skipped = applications(step) | {step.of[name] for name in STATED if name in step.of}
    skipped |= set(step.of["code"].inputs[0].inputs)  # the parts of the code are its coordinates
    for node in walk(step.program.output):
        if not isinstance(node, (Affine, Relu)) or node.declared is None or node in skipped:
            continue
        for place, (low, high) in enumerate(node.sort.bounds):
            if follows(node, place):
                continue
            script = Script("QF_LRA")
            t = Terms(script, step.reading, step.labels, place)
            know(step, t, node, place)
            term = t.of(node, place, top=True)
            goal = land(le(num(low), term), le(term, num(high)))
            scripts.setdefault(script.text(goal), (script, goal, []))[2].append(str(node.sort))
    for number, (script, goal, names) in enumerate(scripts.values()):
        yield step.obligation("step.sorts", script, goal, {"of": " ".join(dict.fromkeys(names)), "case": str(number)})


def follows(node: Affine | Relu, place: int) -> bool:
    """Whether interval arithmetic over the input's sort gives the declared bounds."""
    low, high = node.sort.bounds[place]
    bounds = node.x.sort.bounds
    if isinstance(node, Relu):
        return bounds[place][1] <= high and low <= 0
    ends = [sorted((c * bounds[column][0], c * bounds[column][1])) for column, c in node.rows[place]]
    constant = node.bias[place]
    return low <= constant + sum(e[0] for e in ends) and constant + sum(e[1] for e in ends) <= high


def know(step: Step, t: Terms, node: Node, place: int) -> None:
    """Declare every leaf below a coordinate, with what its lemma says of it."""
    leaves: dict[str, None] = {}
    stack = [(node, place, True)]
    while stack:
        at, coordinate, top = stack.pop()
        for (leaf, number), _ in step.reading.form(at, coordinate, top).terms:
            if isinstance(leaf, Node):
                stack.append((leaf.inputs[0], number, False))
            else:
                leaves[leaf] = None
    for fact in dict.fromkeys(_fact(step, leaf) for leaf in sorted(leaves)):
        fact(step, t)


def _fact(step: Step, leaf: str) -> Callable[[Step, Terms], None]:
    if leaf in FACTS:
        return FACTS[leaf]
    side, _, name = leaf.partition(".")
    if side in ("te", "pe"):
        flags = name in (step.te if side == "te" else step.pe).kind_index
        return _kinds if flags else partial(_field_of, leaf)
    return partial(_plain_bit, leaf)


def _field_of(leaf: str, step: Step, t: Terms) -> None:
    _field(step, t, leaf)


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
    """What keys and values hold, the sink, and the declared sorts."""
    for machine in regime.machines():
        names = tuple(f"step.{name}" for name in NAMES[machine.engine])
        yield Batch(names, machine.params, lambda m=machine: values(Step(m)))  # type: ignore[misc]
