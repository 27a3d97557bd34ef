"""A specification of every text: the program is executed at one symbolic position i of a text of symbolic length n.

Heads that attend by place alone (``proofs.programs.winners``) read at a place that is an affine form of i and n: they read
letters at such places, and numbers. Where a form's sign matters, both cases are followed; the goal has a clause a path.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from efasp.affine_forms import Form, total
from efasp.language import tree as t
from efasp.language.module import Module
from efasp.language.specification import SpecificationError
from efasp.model.winners import plain
from efasp.proofs.obligation import Assignment, Obligation, Undecided, Verdict
from efasp.proofs.programs.sorts import CLAIM, scope
from efasp.proofs.programs.texts import Texts
from efasp.proofs.programs.winners import Forms, winner
from efasp.proofs.smtlib import Script, Term, clause, eq, land, le, linear, lnot, lt
from efasp.sorts import Bit, Int, Vector
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, Relu, TokenEmbedding, walk

PATHS = 64  # ways through a program that are followed
OWN, LENGTH = Form.atom("i"), Form.atom("n")


class Unread(Exception):
    """Raised where a program or a formula is not of the kind that is read here: says why."""


class _Fork(Exception):
    """A sign is not yet chosen on this path."""


@dataclass(frozen=True)
class Letter:
    """The letter of the text at a place, counted from 0."""

    place: Form


Value = Form | Letter | str


@dataclass
class Path:
    """One way through: ``signs`` says of each form that was asked about whether it is positive, in the order of asking."""

    module: Module
    signs: Sequence[bool]
    asked: list[tuple[Form, bool]] = field(default_factory=list)
    known: dict[tuple[Node, str], list[Form]] = field(default_factory=dict)
    forms: Forms = field(default_factory=Forms)
    bounds: list[Form] = field(default_factory=list)  # places that must be those of letters

    def positive(self, form: Form) -> bool:
        """Whether a form of i and n is positive on this path."""
        if not set(form.terms) <= {"i", "n"}:
            raise Unread("the sign of a number that is not one of i and n")
        if not form.terms:
            return form.constant > 0
        for old, sign in self.asked:
            if old == form:
                return sign
        if len(self.asked) == len(self.signs):
            raise _Fork
        self.asked.append((form, self.signs[len(self.asked)]))
        return self.asked[-1][1]

    # The program.

    def at(self, root: Node, place: Form) -> list[Form]:
        """The coordinates of a node at a place of the sequence."""
        key = repr(sorted(place.terms.items())) + repr(place.constant)
        below = {node for node, at in self.known if at == key}
        for node in self._order(root, below):
            self.known[node, key] = self._read(node, place, key)
        return self.known[root, key]

    def _order(self, root: Node, known: set[Node]) -> list[Node]:
        """The nodes below a root that are read at the same place: a head reads its value elsewhere, its query as it asks."""
        needed = {root}
        nodes = walk(root, known=known)
        for node in reversed(nodes):
            if node in needed and not isinstance(node, Attention):
                needed.update(node.inputs)
        return [node for node in nodes if node in needed]

    def _read(self, node: Node, place: Form, key: str) -> list[Form]:
        if isinstance(node, TokenEmbedding):
            return self._token(place)
        if isinstance(node, PositionEmbedding):
            return self._place(node, place, key)
        if isinstance(node, Concat):
            return [form for part in node.parts for form in self.known[part, key]]
        if isinstance(node, Affine):
            x = self.known[node.x, key]
            return [total([(c, x[i]) for i, c in row], b) for row, b in zip(node.rows, node.bias, strict=True)]
        if isinstance(node, Relu):
            return [form if self.positive(form) else Form() for form in self.known[node.x, key]]
        if isinstance(node, Attention):
            return self.at(node.v, self._winner(node, place))
        raise Unread("a free parameter")

    def _token(self, place: Form) -> list[Form]:
        book, skipped = self.module.book, self.module.skipped
        if skipped and not self.positive(place):
            (code,) = book.codes(book.rows([book.token(self.module.start)])).tolist()
            return [Form(constant=c) for c in code]
        one = book.slots["one"].start
        letter = Letter(place + Form(constant=-skipped)).place
        key = (tuple(sorted(letter.terms.items())), letter.constant)
        return [Form(constant=1) if c == one else Form.atom(("te", c, key)) for c in range(book.width)]

    def _place(self, node: PositionEmbedding, place: Form, key: str) -> list[Form]:
        if not plain(node.codebook):
            raise Unread("places that are not plain numbers")
        slots, out = node.codebook.slots, [Form.atom(("pe", c, key)) for c in range(node.width)]
        out[0] = out[slots["one"].start] = Form(constant=1)
        out[slots["number"].start] = place
        return out

    def _winner(self, head: Attention, place: Form) -> Form:
        """The place that a head reads."""
        won = winner(head, self.forms)
        if won is None:
            raise Unread("a head that attends by more than the place")
        last = LENGTH + Form(constant=self.module.skipped - 1)
        if won.end:
            return last if won.end > 0 else Form()
        wanted = total([(c, self.at(node, place)[at]) for (node, at), c in won.place.terms.items()], won.place.constant)
        if self.positive(wanted.times(-1)):
            return Form()
        return last if self.positive(wanted + last.times(-1)) else wanted

    # Formulas.

    def value(self, tree: t.Tree, i: Form) -> Value:
        """The value of a part of a formula at letter i, on this path."""
        match tree:
            case t.Group():
                return self.value(tree.inner, i)
            case t.Number():
                return Form(constant=tree.value)
            case t.String():
                return tree.value
            case t.Choice():
                return self.value(tree.yes if self._holds(tree.condition, i) else tree.no, i)
            case t.Unary(sign="-"):
                return self.number(tree.of, i).times(-1)
            case t.Binary(sign="+" | "-" | "*"):
                return self._arithmetic(tree, i)
            case t.Name(name="n" | "length"):
                return LENGTH
            case t.Name(name="i"):
                return i
            case t.Name():
                return self._of(tree.name, i)
            case t.Index(of=t.Name(), items=(place,)):
                value = self.number(place, i)
                self.bounds.append(value)
                return self._of(tree.of.name, value)  # type: ignore[attr-defined]
        raise Unread("a formula with more than equations, cases and places")

    def number(self, tree: t.Tree, i: Form) -> Form:
        """A part that is a number of i and n."""
        value = self.value(tree, i)
        if not isinstance(value, Form) or not set(value.terms) <= {"i", "n"}:
            raise Unread("a number that is not one of i and n")
        return value

    def _arithmetic(self, tree: t.Binary, i: Form) -> Form:
        left, right = self.number(tree.left, i), self.number(tree.right, i)
        if tree.sign != "*":
            return left + (right if tree.sign == "+" else right.times(-1))
        if left.terms and right.terms:
            raise Unread("a product of places")
        return left.times(right.constant) if left.terms else right.times(left.constant)

    def _of(self, name: str, i: Form) -> Value:
        """Letter i of the text, or the value of a definition there."""
        if name == "input":
            return Letter(i)
        program = self.module.program
        node = program.output if name == "output" and name not in program.definitions else program.definitions[name]
        forms = self.at(node, i + Form(constant=self.module.skipped))
        return self._decoded(node, forms)

    def _decoded(self, node: Node, forms: list[Form]) -> Value:
        book = self.module.book
        if isinstance(node.sort, Vector) and node.width == book.width:
            if not any(form.terms for form in forms):
                constants = [form.constant for form in forms]
                for token in range(book.size):
                    if self._code(token) == constants:
                        return book.split(token)[0]
            atoms = [next(iter(form.terms)) for form in forms if form.terms]
            if atoms and isinstance(atoms[0], tuple) and atoms[0][0] == "te":
                letter = Form(dict(atoms[0][2][0]), atoms[0][2][1])
                if forms == self._token(letter + Form(constant=self.module.skipped)):
                    return Letter(letter)
            raise Unread("an output that is not a letter of the text")
        if isinstance(node.sort, (Int, Bit)) and set(forms[0].terms) <= {"i", "n"}:
            return forms[0]
        raise Unread("an output that is neither a letter nor a number of i and n")

    def _code(self, token: int) -> list[int]:
        book = self.module.book
        code: list[int] = book.codes(book.rows([token])).tolist()[0]
        return code

    def _holds(self, tree: t.Tree, i: Form) -> bool:
        """Whether a condition on i and n holds on this path."""
        match tree:
            case t.Group():
                return self._holds(tree.inner, i)
            case t.Unary(sign="not"):
                return not self._holds(tree.of, i)
            case t.Binary(sign="and"):
                return self._holds(tree.left, i) and self._holds(tree.right, i)
            case t.Binary(sign="or"):
                return self._holds(tree.left, i) or self._holds(tree.right, i)
            case t.Binary(sign="<" | "<=" | ">" | ">=" | "==" | "!="):
                less = self.number(tree.right, i) + self.number(tree.left, i).times(-1)
                more = less.times(-1)
                return {
                    "<": lambda: self.positive(less), "<=": lambda: not self.positive(more),
                    ">": lambda: self.positive(more), ">=": lambda: not self.positive(less),
                    "==": lambda: not self.positive(less) and not self.positive(more),
                    "!=": lambda: self.positive(less) or self.positive(more),
                }[tree.sign]()  # fmt: skip
        raise Unread("a condition that is not one on i and n")

    def goal(self, tree: t.Tree) -> Term:
        """The clause that the formula says on this path."""
        goal = self._equal(tree)
        within = [land(le("0", term(place)), lt(term(place), "n")) for place in self.bounds]
        signs = [lt("0", term(form)) if sign else lnot(lt("0", term(form))) for form, sign in self.asked]
        return clause(*signs, land(*within, goal))

    def _equal(self, tree: t.Tree) -> Term:
        """A formula as a term: equations of letters hold where they are one letter."""
        match tree:
            case t.Group():
                return self._equal(tree.inner)
            case t.Binary(sign="and"):
                return land(self._equal(tree.left), self._equal(tree.right))
            case t.Choice():
                return self._equal(tree.yes if self._holds(tree.condition, OWN) else tree.no)
            case t.Binary(sign="=="):
                left, right = self.value(tree.left, OWN), self.value(tree.right, OWN)
                if isinstance(left, Letter) and isinstance(right, Letter):
                    return eq(term(left.place), term(right.place))
                if isinstance(left, Form) and isinstance(right, Form):
                    return eq(term(left), term(right))
                if isinstance(left, str) and isinstance(right, str):
                    return "true" if left == right else "false"
                if {type(left), type(right)} == {Letter, str}:
                    return "false"  # it may hold, but not for every letter: such a path must be one that cannot be
                raise Unread("an equation of a letter and a number")
        raise Unread("a formula with more than equations, cases and places")


def term(form: Form) -> Term:
    """A form of i and n. Raises Unread for one with fractions."""
    if any(c != int(c) for c in (form.constant, *form.terms.values())):
        raise Unread("a fraction of a place")
    return linear([(int(c), name) for name, c in sorted(form.terms.items())], int(form.constant))


def goals(module: Module, formula: t.Tree) -> list[Term]:
    """A clause for each path. Raises Unread."""
    out: list[Term] = []
    left: list[tuple[bool, ...]] = [()]
    while left:
        signs = left.pop()
        path = Path(module, signs)
        try:
            out.append(path.goal(formula))
        except _Fork:
            left += [(*signs, True), (*signs, False)]
        if len(out) + len(left) > PATHS:
            raise Unread(f"more than {PATHS} cases")
    return out


def obligation(texts: Texts, formula: t.Tree, params: dict[str, Any], content: str) -> Obligation:
    """The obligation that a formula holds on every text."""
    module = texts.module
    said, n = scope(module)
    said = f"{said}, given the sorts"
    try:
        clauses = goals(module, formula)
    except Unread as error:
        verdict = Verdict("unknown", f"not read at a symbolic place: {error}")
        return Obligation("program.specification", CLAIM, params, said, n, "exact", content, lambda: verdict)
    script = Script("QF_LIA")
    script.note(content)
    script.integer("n", 1, n[1], "letters")
    script.integer("i", 0, None, "a position")
    script.definition(lt("i", "n"))

    def replay(model: Assignment) -> dict[str, Any] | None:
        length, random = min(int(model.get("n", 1)), 64), Random(0)
        drawn = (module.join(random.choices(module.letters, k=length)) for _ in range(20))
        for text in [*texts.short(), *drawn]:
            with suppress(SpecificationError):
                if (found := texts.broken(formula, text)) is not None:
                    return found
        raise Undecided("a place at which other letters are read, but no text was found on which they differ")

    return script.obligation("program.specification", CLAIM, params, said, n, land(*clauses), replay=replay)
