"""Family decompile (claim F): every transformer is a program of E-FASP.

Rocq's kernel proves it for all plans (proofs/rocq/theorem/Decompiled.v): the value of the expression that is made of a plan
is the plan's residual stream, on every sequence; and it computes that the texts of the small plans here are that expression
(proofs/rocq/program_text.py). Here it is shown of a machine's or a file's plan that the text which is written is that: it is
parsed, and every sublayer's definition is executed on symbols, one atom for each coordinate of the definition before, next to
the plan's own matrices. That shows the same again, for all sequences, of this plan. ``decompile.stream`` uses nothing of
``model.residual_form``, which makes the program, to judge it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Any

from efasp.codebook import Codebook
from efasp.evaluate import evaluate
from efasp.exact import Matrix
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse
from efasp.model.lower import lower
from efasp.model.plan import Head, Layer, Plan
from efasp.model.residual_form import decompile
from efasp.proofs.lemmas.lowering import digest
from efasp.proofs.obligation import Batch, Machine, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.sorts import Number
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, Program, Relu, TokenEmbedding, walk

Sum = tuple[frozenset[tuple[Any, Number]], Number]  # coefficients of atoms, none of them 0; and a constant
METHOD = "normal form, sublayer by sublayer, of the parsed text"
LONGEST = 3  # tokens of the sequences on which small plans are compared


def total(parts: Sequence[tuple[Number, Sum]], constant: Number = 0) -> Sum:
    """A linear combination of sums, and a constant."""
    sums: dict[Any, Number] = {}
    for factor, (terms, own) in parts:
        constant += factor * own
        for atom, c in terms:
            sums[atom] = sums.get(atom, 0) + factor * c
    return frozenset((atom, c) for atom, c in sums.items() if c), constant


def atom(name: Any) -> Sum:
    """A sum of one atom."""
    return frozenset({(name, 1)}), 0


def applied(matrix: Matrix, x: Sequence[Sum], bias: Sequence[Number] = ()) -> list[Sum]:
    """A matrix times a vector of sums, plus a bias."""
    rows = enumerate(matrix.rows)
    return [total([(c, x[column]) for column, c in row], bias[number] if bias else 0) for number, row in rows]


def rectified(x: Sum) -> Sum:
    """The ReLU of a sum: an atom."""
    return atom(("relu", x))


def attended(q: Sequence[Sum], k: Sequence[Sum], value: Sum) -> Sum:
    """A head's mean of a value: an atom. Rows in which query and key are both 0 add nothing to a score."""
    return atom(("mean", tuple(q), tuple(k), value))


def executed(root: Node, known: dict[Node, list[Sum]]) -> list[Sum]:
    """The sums of a node over those that are known."""
    of = dict(known)
    for node in walk(root, known=frozenset(known)):
        if isinstance(node, Concat):
            of[node] = [each for part in node.parts for each in of[part]]
        elif isinstance(node, Affine):
            of[node] = applied(Matrix(node.rows, node.x.width), of[node.x], node.bias)
        elif isinstance(node, Relu):
            of[node] = [rectified(each) for each in of[node.x]]
        elif isinstance(node, Attention):
            of[node] = [attended(of[node.q], of[node.k], value) for value in of[node.v]]
        else:
            of[node] = [atom((type(node).__name__, place)) for place in range(node.width)]
    return of[root]


def sublayers(plan: Plan) -> Iterator[tuple[str, list[Sum]]]:
    """What the plan's matrices make of the stream before: the embedding, every sublayer that is there, and the read-out."""
    h = [atom(("h", place)) for place in range(plan.width)]
    te, pe = ([atom((kind.__name__, i)) for i in range(m.columns)] for kind, m in (
        (TokenEmbedding, plan.token), (PositionEmbedding, plan.place)))  # fmt: skip
    yield "h0", [total([(1, a), (1, b)]) for a, b in zip(applied(plan.token, te), applied(plan.place, pe), strict=True)]
    number = 0
    for layer in plan.layers:
        if layer.heads:
            number += 1
            updates = [applied(head.o, _outputs(head, h)) for head in layer.heads]
            yield f"h{number}", [total([(1, own), *((1, new) for new in news)]) for own, *news in zip(h, *updates, strict=True)]
        if layer.bias:
            number += 1
            update = applied(layer.down, [rectified(each) for each in applied(layer.up, h, layer.bias)])
            yield f"h{number}", [total([(1, own), (1, new)]) for own, new in zip(h, update, strict=True)]
    yield "output", applied(plan.out, h, plan.out_bias)


def _outputs(head: Head, h: Sequence[Sum]) -> list[Sum]:
    q, k = applied(head.q, h), applied(head.k, h)
    return [attended(q, k, value) for value in applied(head.v, h)]


def departing(plan: Plan, program: Program) -> str:
    """The first definition that is not what the plan's matrices make of the one before; "" where every one is."""
    before: Node | None = None
    for name, wanted in sublayers(plan):
        node = program.definitions.get(name) if name != "output" else program.output
        if node is None:
            return f"{name}: there is none"
        known = {} if before is None else {before: [atom(("h", place)) for place in range(before.width)]}
        if executed(node, known) != wanted:
            return name
        before = node
    return ""


def matrices(plan: Plan) -> list[tuple[str, object]]:
    """Codebooks, matrices and biases in the order in which they are applied; layers without heads or units have none."""
    named: list[tuple[str, object]] = [("codebooks", (plan.vocabulary, plan.places)), ("d_model", plan.width)]
    named += [("embeddings", (plan.token.rows, plan.place.rows))]
    for layer in plan.layers:
        named += [(f"a head's {side}", getattr(head, side).rows) for head in layer.heads for side in "qkvo"]
        named += [("units", (layer.up.rows, layer.bias, layer.down.rows))] * bool(layer.bias)
    return [*named, ("read-out", (plan.out.rows, plan.out_bias))]


def unequal(plan: Plan, again: Plan) -> str:
    """The first number of a plan that another has not; "" where it has all, and no more."""
    mine, others = matrices(plan), matrices(again)
    pairs = zip(mine, others, strict=False)
    lacking = f"expected {len(mine)} matrices, found {len(others)}" if len(mine) != len(others) else ""
    return next((f"{number}: {one[0]}" for number, (one, two) in enumerate(pairs) if one != two), lacking)


def text_of(plan: Plan) -> str:
    """The text of a plan's program."""
    return write(Module(decompile(plan, "again"), plan.vocabulary, plan.places))


def compared(regime: Regime, machine: Machine) -> Iterator[Obligation]:
    """The obligations about one machine's transformer."""
    plan = regime.plan(machine)
    program = parse(text_of(plan)).program
    stray, other = departing(plan, program), unequal(plan, lower(program))
    content = " ".join(digest(part) for part in (plan.token, plan.place, *plan.layers, plan.out))
    scope = f"n <= {regime.n_max}"
    for name, wrong in (("decompile.stream", stray), ("decompile.again", other)):
        verdict = Verdict("refuted", METHOD, {"differs": wrong}) if wrong else Verdict("proved", METHOD)
        yield Obligation(name, "F", machine.params, scope, machine.n, "exact", content, partial(_given, verdict))


def _given(verdict: Verdict) -> Verdict:
    return verdict


def small_plans() -> Iterator[Plan]:
    """Plans that have ties, two heads, fractions, erased coordinates, layers without heads or units, and no layers."""
    vocabulary, places = Codebook.symbols("letters", "ab"), Codebook.index(2)
    half = Fraction(1, 2)

    def m(columns: int, *rows: Sequence[Number]) -> Matrix:
        return Matrix([tuple((i, c) for i, c in enumerate(row) if c) for row in rows], columns)

    one = Head(m(3, (0, 0, 1)), m(3, (1, -1, 0)), m(3, (1, 0, 0), (0, 1, half)), m(2, (0, 0), (1, 0), (-1, 3)), (), ())
    two = Head(m(3, (1, 0, 0), (0, 1, 1)), m(3, (0, 1, 1), (1, 0, 0)), m(3, (half, 0, -2)), m(1, (1,), (0,), (1,)), (), ())
    units = m(3, (1, 0, -1), (0, -1, half)), (half, -1), m(2, (1, 0), (-1, 2), (0, -1))
    nothing = m(3), (), m(0, (), (), ())
    token = m(3, (1, 0, 0), (0, 1, 0), (0, 0, 1))
    place = m(6, (0, 0, 0, 0, 0, 0), (0, 0, 1, 0, -1, 0), (0, half, 0, 0, 0, 1))
    out = m(3, (1, 1, 0), (0, -half, 1))
    whole = Plan("small", vocabulary, places, 3, token, place, (Layer((one, two), *units),), out, (1, half), ())
    for layers in (
        whole.layers, (), (Layer((), *units), Layer((two,), *nothing)), (Layer((one,), *nothing), Layer((), *units)),
        (Layer((two,), *units), Layer((), *nothing), Layer((one,), *units)),
    ):  # fmt: skip
        yield replace(whole, layers=layers)


def strays() -> Iterator[dict[str, Any]]:
    """Sequences on which the program of a small plan, or what it compiles to, has another value than the plan."""
    for number, plan in enumerate(small_plans()):
        program = parse(text_of(plan)).program
        again = lower(program)
        for length in range(1, LONGEST + 1):
            for ids in product(range(2), repeat=length):
                wanted = plan.forward(ids).tolist()
                for side, outputs in (
                    ("program", evaluate(program.output, tokens=ids)[0]),
                    ("plan", again.forward(ids)),
                ):
                    if outputs.tolist() != wanted:
                        yield {"plan": number, "tokens": str(ids), "of": side, "expected": str(wanted), "got": str(outputs)}


@lemma
def decompiled(regime: Regime) -> Iterator[Batch]:
    """The text of a transformer's program is what its matrices say, and compiles to them; on small plans by values as well."""
    for machine in regime.transformers():
        yield Batch(("decompile.stream", "decompile.again"), machine.params, partial(compared, regime, machine))
    cases = sum(2**length for length in range(1, LONGEST + 1)) * len(list(small_plans()))
    scope = f"exhaustive: {len(list(small_plans()))} plans, sequences of up to {LONGEST} tokens"
    values = Obligation(
        "decompile.values", "F", {}, scope, regime.all_n, "exhaustive", f"decompile: {cases} cases", exhaustive(cases, strays)
    )  # fmt: skip
    yield Batch(("decompile.values",), {}, partial(iter, [values]))
