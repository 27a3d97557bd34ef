"""The step of one machine: its definitions by name, how they are read, and the obligations about their coordinates."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from efasp.codebook import Codebook, Field
from efasp.embeddings import Embedding
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS
from efasp.proofs.conclusions import Conclusion
from efasp.proofs.obligation import Assignment, Machine, Obligation
from efasp.proofs.smtlib import Script, Term, land, le, num, parse, shown
from efasp.proofs.smtlib import evaluate as value_of
from efasp.proofs.symbolic.machine_step import COMPARISONS, NEXT, STATUS, computed, ops_of
from efasp.proofs.symbolic.nodes import Reading, Terms, slot
from efasp.syntax import Affine, Node, PositionEmbedding, Program, TokenEmbedding, walk

Declare = Callable[[Terms], None]
READ_OUT = ("code", "control", "output")  # definitions that the read-out is read through
RELATIVE = re.compile(r"\.(next|previous)\d+$|\.ones$")  # the suffix of a word's name


class Step:
    """The step of one machine: its definitions, by name, and how they are read."""

    def __init__(self, machine: Machine, program: Program | None = None) -> None:
        self.machine = machine
        self.program = program or machine.step
        self.of = dict(self.program.definitions)
        if "counter" in self.of:
            self.of["increment"] = OPERATORS["increment"].build(self.of["counter"])
        for name, operator in zip(COMPARISONS, ("less", "equal"), strict=True):
            if name in self.of:  # a flag, of which the definition makes a word
                self.of[f"{name}.flag"] = OPERATORS[operator].build(self.of["a"], self.of["x"])
        arithmetic = computed(machine.extension)
        names: dict[Node, str] = {}
        for name, node in self.of.items():
            names.setdefault(node, f"{name}.word" if name in arithmetic else name)
        self.names = names
        self.reading = Reading(names)
        self.outer = Reading({node: name for node, name in names.items() if name not in READ_OUT})
        self.ops = ops_of(machine.extension)
        self.labels = {"operation": self.ops, "status": STATUS, "next_status": NEXT}
        self.labels |= {
            leaf: tuple(f"{leaf}{i}" for i in range(3)) for leaf in ("rd", "ra", "rb", "te.reg_bits", "pe.register_bits")
        }
        self._leaf_of = {label: leaf for leaf, labels in self.labels.items() for label in labels}
        embeddings = [node for node in walk(self.program.output) if isinstance(node, (TokenEmbedding, PositionEmbedding))]
        books = {type(node): node.codebook for node in embeddings}
        self.te, self.pe = books[TokenEmbedding], books[PositionEmbedding]
        self.sink = Embedding(TokenEmbedding(self.te)).flag("bos")
        self.places = tuple(f"pe.{kind.name}" for kind in self.pe.kinds)
        self.tokens = tuple(f"te.{kind.name.replace('op:', 'op.')}" for kind in self.te.kinds)

    def definition(self, name: str) -> Node:
        """A definition. Raises LookupError that names one that the step lacks."""
        if name not in self.of:
            raise LookupError(f"the step of {self.program.name} has no definition {name!r}")
        return self.of[name]

    def leaf(self, name: str) -> str:
        """The name under which a definition (``add.word``: that of add) is read; any other name as it is.

        Of two names of one node the first. Raises LookupError for an operation's definition that the step lacks.
        """
        base = name.removesuffix(".word")
        if base in computed(self.machine.extension) and name != base:
            return self.names[self.definition(base)]
        return self.names[self.of[name]] if name in self.of else name

    def source(self, name: str) -> tuple[str, str] | None:
        """The lemma about the values of a symbol, and the value that it speaks of."""
        plain = RELATIVE.sub("", name)
        plain = self._leaf_of.get(plain, plain)
        if plain.startswith(("te.", "pe.")):
            return "encoding.codebook", plain[:2]
        return ("step.sorts", plain) if plain in self.names.values() else None

    def terms(self, script: Script, place: int = 0, sort: str = "Real", out: bool = False) -> Terms:
        """A writer of forms into a script; ``out``: of the read-out."""
        return Terms(script, self.outer if out else self.reading, self.labels, place, sort, self.source)

    def field_of(self, node: Node) -> tuple[str, Field] | None:
        """The embedding and the field of signed bits that a node takes whole, if it does."""
        if not (isinstance(node, Affine) and isinstance(node.x, (TokenEmbedding, PositionEmbedding))) or any(node.bias):
            return None
        for field in node.x.codebook.fields:
            slot = node.x.codebook.slots[field.name]
            if field.encode == "signs" and node.rows == tuple(((place, 1),) for place in slot):
                return ("te" if isinstance(node.x, TokenEmbedding) else "pe"), field
        return None

    def bits(
        self,
        conclusion: Conclusion,
        name: str,
        declare: Declare,
        instance: Callable[[int], tuple[Any, ...]] = lambda place: (),
        sort: str = "Real",
    ) -> Iterator[Obligation]:
        """A definition has the value that a conclusion states, and its sort: one obligation a distinct text over its bits.

        ``instance``: further arguments of the conclusion, for a bit.
        """
        node, leaf = self.definition(name), self.leaf(name)
        scripts: dict[str, tuple[Terms, Term, list[int]]] = {}
        for place in range(node.width):
            script = Script("QF_LRA" if sort == "Real" else "QF_LIA")
            terms = self.terms(script, place, sort)
            declare(terms)
            low, high = node.sort.bounds[place]
            script.define(leaf, terms.of(node, place, top=True), sort, f"what {name} gives")
            stated = script.conclude(conclusion, self.leaf, *instance(place))
            goal = land(stated, le(num(low), leaf), le(leaf, num(high)))
            script.concludes |= {f"step.sorts: {leaf}": None, f"definition: {name}": None}
            scripts.setdefault(script.text(goal), (terms, goal, []))[2].append(place)
        for terms, goal, found in scripts.values():
            params = {} if conclusion.lemma == f"step.{name}" else {"of": name}
            params |= {"bits": spans(found)} if node.width > 1 else {}
            replay = partial(self.replay, name, terms, goal)
            yield self.obligation(conclusion.lemma, terms.script, goal, params, replay)

    def whole(
        self,
        conclusion: Conclusion,
        declare: Declare,
        outputs: dict[str, tuple[Node, int]],
        *instance: Any,
        out: bool = False,
        of_definition: str = "",
        **params: str,
    ) -> Obligation:
        """Several coordinates have the values that a conclusion states, and are of their sorts.

        ``outputs``: their names there, and where they are; ``of_definition``: the definition that they make up; ``out``: they
        are of the read-out.
        """
        script = Script("QF_LRA")
        terms = self.terms(script, out=out)
        declare(terms)
        bounds = []
        for name, (node, coordinate) in outputs.items():
            script.define(name, terms.of(node, coordinate, top=True), "Real")
            low, high = node.sort.bounds[coordinate]
            bounds.append(land(le(num(low), name), le(name, num(high))))
        goal = land(script.conclude(conclusion, self.leaf, *instance), *bounds)
        if of_definition:
            script.concludes |= {f"step.sorts: {of_definition}": None, f"definition: {of_definition}": None}
        return self.obligation(conclusion.lemma, script, goal, params)

    def obligation(self, lemma: str, script: Script, goal: Term, params: dict[str, str], replay: Any = None) -> Obligation:
        """An obligation about one position of this machine."""
        m = self.machine
        return script.obligation(lemma, m.claim, {**m.params, **params}, f"n <= {m.n[1]}", m.n, goal, replay=replay)

    def replay(self, definition: str, terms: Terms, goal: Term, model: Assignment) -> dict[str, Any] | None:
        """A model on the definition itself: its leaves are given the values of the model, and it is evaluated exactly."""
        node, place = self.of[definition], terms.at
        values: dict[Node, np.ndarray] = {
            leaf: np.array([[_value(model, terms, name, i) for i in range(leaf.width)]], dtype=object)
            for leaf, name in self.names.items()
            if leaf is not node
        }
        for side, kind, book in (("te", TokenEmbedding, self.te), ("pe", PositionEmbedding, self.pe)):
            code = [_value(model, terms, *_named(side, book, i)) for i in range(book.width)]
            values[kind(book)] = np.array([code], dtype=object)
        (out,) = evaluate(node, values=values)
        names = {**model, self.leaf(definition): out[0, place]}
        if value_of(parse(goal)[0], names):
            return None
        return {"definition": definition, "bit": place, "given": shown(model), "got": str(out[0, place]), "expected": goal}


def _named(side: str, book: Codebook, place: int) -> tuple[str, int]:
    name, offset = slot(book, place)
    return f"{side}.{name}", offset


def _value(model: Assignment, terms: Terms, leaf: str, place: int) -> Fraction:
    """The value of a leaf's coordinate in a model: 0 where the obligation does not speak of it, 1 for the constant."""
    if leaf in ("te.one", "pe.one"):
        return Fraction(1)
    ones = model.get(f"{leaf}.ones")
    if ones is not None:
        return Fraction(int(place < ones))
    return Fraction(model.get(terms.name(leaf, place), 0))


def spans(places: list[int]) -> str:
    """``[0, 1, 2, 5]`` as ``0..2 5``."""
    out: list[list[int]] = []
    for place in places:
        if out and out[-1][1] == place - 1:
            out[-1][1] = place
        else:
            out.append([place, place])
    return " ".join(f"{a}..{b}" if a != b else str(a) for a, b in out)
