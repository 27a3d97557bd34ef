"""Family gates (claim F): every derived operator over words equals its specification, at every width.

Three kinds of obligations. *Bits*: an operator that works bit by bit is read from its own rows, and each bit equals the
registered specification of one bit. *Rows*: an operator that carries from bit to bit is compared, coefficient by
coefficient, with the recurrence of its column (``proofs.lemmas.gates_recurrences``). *Steps*: one step of that recurrence,
with 2^i a symbol, once for all widths. Every operator is also checked exhaustively at w = 5, which ties the specification of
words to that of bits.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from math import prod
from typing import Any

import numpy as np

from efasp import pointwise  # noqa: F401  (registers the operators)
from efasp.evaluate import evaluate
from efasp.operators import OPERATORS, Operator
from efasp.proofs.lemmas.gates_recurrences import COMPOSED, build
from efasp.proofs.obligation import CASES, Assignment, Batch, Obligation, Regime, Verdict, exhaustive, lemma
from efasp.proofs.smtlib import Script, Term, eq, ite, land, le, lnot, lor, lt, num, plus, relu
from efasp.proofs.symbolic.nodes import Reading, Terms, is_value
from efasp.proofs.symbolic.step_definitions import spans
from efasp.sorts import Flag, OneHot, Sort, Word
from efasp.syntax import Affine, Concat, Node, Parameter, Relu, walk

BITWISE = ("not", "and", "or", "xor", "gate", "if_else", "select")
EXHAUSTED = 5  # the width at which every operator is also checked exhaustively


def structure(root: Node) -> str:
    """A program's text, which is hashed: every node below the root, inputs first, by number."""
    number: dict[Node, int] = {}
    lines = []
    for node in walk(root):
        number[node] = len(number)
        below = [number[child] for child in node.inputs]
        data: Any = (node.rows, node.bias) if isinstance(node, Affine) else node.name if isinstance(node, Parameter) else ""
        kind = type(node).__name__ if isinstance(node, (Affine, Concat, Relu, Parameter)) else repr(node)
        lines.append(f"{number[node]} {kind} {node.sort} {below} {data}")
    return "\n".join(lines)


# By exhaustion.


def failures(operator: Operator, word: int) -> Iterator[dict[str, Any]]:
    """The arguments on which an operator's construction and its specification differ."""
    root, arguments = build(operator.name, word)
    yield from compared(operator, word, root, arguments, list(product(*(a.sort.values() for a in arguments))))


def compared(
    operator: Operator, word: int, root: Node, arguments: list[Parameter], cases: list[tuple[int, ...]]
) -> Iterator[dict[str, Any]]:
    """The cases among those given on which the construction and the specification differ."""
    tables = [{value: a.sort.encode(value) for value in {case[i] for case in cases}} for i, a in enumerate(arguments)]
    values: dict[Node, np.ndarray] = {
        argument: np.array([table[case[i]] for case in cases], dtype=object)
        for i, (argument, table) in enumerate(zip(arguments, tables, strict=True))
    }
    (out,) = evaluate(root, values=values)
    places = [1 << place for place in range(out.shape[1])]

    @cache
    def read(found: tuple[Any, ...]) -> tuple[Any, bool]:
        """The value of an output, and whether it is of the sort."""
        got = sum(p * v for p, v in zip(places, found, strict=True)) if len(found) > 1 else found[0]
        if operator.name == "one_hot":  # its value is the index of the flag that is 1
            got = found.index(1) if sum(found) == 1 and 1 in found else -1
        return got, root.sort.admits(found)

    for case, found in zip(cases, map(tuple, out.tolist()), strict=True):
        wanted, (got, admitted) = operator.spec(word, *case), read(found)
        if got != wanted or not admitted:
            yield {"operator": operator.name, "arguments": list(case), "expected": int(wanted), "got": got}


def telling(sort: Sort, word: int) -> list[int]:
    """Values of a sort on which a wrong carry, shift or comparison shows."""
    if isinstance(sort, Word):
        top = (1 << word) - 1
        some = {0, 1, 2, 3, top, top - 1, top >> 1, (top >> 1) + 1, 0x5555_5555_5555_5555 & top, 0xAAAA_AAAA_AAAA_AAAA & top}
        return sorted(some | {min(word, top), word - 1, word // 2})
    values = sort.values()
    return sorted({values[0], values[-1], *(v for v in (-1, 0, 1, 2, 3, 4) if v in values)})


def witness(name: str, word: int) -> dict[str, Any] | None:
    """A telling case on which the operator is wrong, if one of them is."""
    operator = OPERATORS[name]
    root, arguments = build(name, word)
    cases = list(product(*(telling(a.sort, word) for a in arguments)))
    return next(compared(operator, word, root, arguments, cases), None)


# Bit by bit.


def by_bits(name: str, word: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """An operator that works bit by bit: one obligation for each distinct text over its bits."""
    operator = OPERATORS[name]
    root, arguments = build(name, word)
    reading = Reading({argument: argument.name for argument in arguments})
    labels = {a.name: tuple(f"{a.name}.{i}" for i in range(a.width)) for a in arguments if isinstance(a.sort, OneHot)}
    scripts: dict[str, tuple[Script, Term, Terms, list[int]]] = {}
    for place in range(word):
        script = Script("QF_LRA")
        terms = Terms(script, reading, labels, place)
        for argument in arguments:
            if isinstance(argument.sort, OneHot):
                terms.one_hot(labels[argument.name], partial=argument.sort.partial)
            else:
                terms.bit(argument.name)
        script.define("is", terms.of(root, place, top=True), "Real", "what the operator gives")
        goal = eq("is", truth_table(operator, arguments, labels))
        scripts.setdefault(script.text(goal), (script, goal, terms, []))[3].append(place)
    for script, goal, terms, places in scripts.values():
        params = {"w": word, "bits": spans(places)}
        replay = partial(on_words, name, word, terms)
        yield script.obligation(f"gates.{name}", "F", params, f"n <= {n[1]}", n, goal, "the specification", replay)


def truth_table(operator: Operator, arguments: list[Parameter], labels: dict[str, tuple[str, ...]]) -> Term:
    """The registered specification at w = 1 as nested cases."""
    sorts = [a.sort if isinstance(a.sort, (OneHot, Flag)) else Word(1) for a in arguments]
    term: Term = "0"
    for case in product(*(sort.values() for sort in sorts)):
        if operator.spec(1, *case):
            held = [_holds(a, value, labels) for a, value in zip(arguments, case, strict=True)]
            term = ite(land(*held), "1", term)
    return term


def _holds(argument: Parameter, value: int, labels: dict[str, tuple[str, ...]]) -> Term:
    if argument.name in labels:
        return land(*(is_value(name, int(i == value)) for i, name in enumerate(labels[argument.name])))
    return is_value(argument.name, value)


def on_words(name: str, word: int, terms: Terms, model: Assignment) -> dict[str, Any] | None:
    """A model of one bit on whole words: the operator on words with that bit."""
    operator = OPERATORS[name]
    root, arguments = build(name, word)
    case = []
    for a in arguments:
        if a.name in terms.labels:
            case.append(next((i for i, label in enumerate(terms.labels[a.name]) if model.get(label)), -1))
        else:
            case.append(int(model.get(a.name, 0)) << (terms.at if a.width > 1 else 0))
    return next(compared(operator, word, root, arguments, [tuple(case)]), None)


# The steps of the recurrences: 2^i is the symbol p.


def steps(n: tuple[int, int]) -> Iterator[Obligation]:
    """The step lemmas that the compositions rest on, for all widths."""

    def shown(name: str, script: Script, goal: Term, **params: str) -> Obligation:
        return script.obligation(f"gates.step.{name}", "F", params, "all n", n, goal)

    s = Script()
    x, k = s.declare("x", note="an integer"), s.declare("k", note="the threshold")
    s.define("unit", f"(- {relu(f'(+ (- {x} {k}) 1)')} {relu(f'(- {x} {k})')})")
    yield shown("threshold", s, eq("unit", ite(le(k, x), "1", "0")))
    s = Script()
    x, k = s.declare("x", note="an integer"), s.declare("k")
    s.define("unit", plus(relu("(+ (- x k) 1)"), f"(* (- 2) {relu('(- x k)')})", relu("(- (- x k) 1)")))
    yield shown("equals", s, eq("unit", ite(eq(x, k), "1", "0")))
    s = Script()
    s.bit("a")
    s.bit("b")
    yield shown("product", s, eq(relu("(- (+ a b) 1)"), ite(land(is_value("a", 1), is_value("b", 1)), "1", "0")))
    s = Script()
    s.integer("bits", 1, note="how many")
    s.integer("ones", 0, note="how many of them are 1")
    s.definition(le("ones", "bits"))
    every = eq(relu("(+ (- ones bits) 1)"), ite(eq("ones", "bits"), "1", "0"))
    some = eq(f"(- 1 {relu('(- 1 ones)')})", ite(eq("ones", "0"), "0", "1"))
    yield shown("counts", s, land(every, some))
    yield from carrying(shown)
    s = Script("QF_NIA")
    s.integer("W", 2, note="2^w")
    s.integer("value", 0, note="the value of the w bits")
    s.definition(lt("value", "W"))
    s.declare("sum", note="the exact result")
    s.integer("top", -1, note="the last carry (or borrow, counted negative), or any whole number of them")
    s.definition(eq("value", "(- sum (* W top))"))
    yield shown("modulo", s, eq("value", "(mod sum W)"))


def carrying(shown: Callable[..., Obligation]) -> Iterator[Obligation]:
    """From bit i to bit i + 1 of a sum, a difference and an increment: the bit is 0 or 1, and the bounds hold for i + 1."""
    s = Script()
    p = s.integer("p", 1, note="2^i")
    s.bit("a")
    s.bit("b")
    s.declare("X", note="sum of 2^j (a_j + b_j) below i")
    s.definition(land(le("0", "X"), le("X", "(- (* 2 p) 2)")), "the bound at i")
    here = f"(+ X {ite(is_value('a', 1), p, '0')} {ite(is_value('b', 1), p, '0')})"
    s.define("next", here, note="the same below i + 1")
    s.define("bit", f"(- (+ a b {ite(le(p, 'X'), '1', '0')}) {ite(le('(* 2 p)', 'next'), '2', '0')})")
    yield shown("add", s, land(lor(eq("bit", "0"), eq("bit", "1")), le("0", "next"), le("next", "(- (* 4 p) 2)")))
    s = Script()
    p = s.integer("p", 1, note="2^i")
    s.bit("a")
    s.bit("b")
    s.declare("X", note="sum of 2^j (a_j - b_j) below i")
    s.definition(land(lt("(- p)", "X"), lt("X", "p")), "the bound at i")
    s.define("next", f"(- (+ X {ite(is_value('a', 1), p, '0')}) {ite(is_value('b', 1), p, '0')})", note="the same below i + 1")
    s.define("bit", f"(+ (- a b {ite(lt('X', '0'), '1', '0')}) {ite(lt('next', '0'), '2', '0')})")
    yield shown("sub", s, land(lor(eq("bit", "0"), eq("bit", "1")), lt("(- (* 2 p))", "next"), lt("next", "(* 2 p)")))
    s = Script()
    s.integer("i", 0, note="bits below")
    s.integer("ones", 0, note="how many of them are 1")
    s.definition(le("ones", "i"))
    s.bit("a")
    s.define("into", ite(eq("ones", "i"), "1", "0"), note="the carry into bit i")
    s.define("bit", f"(- (+ a into) {ite(eq('(+ ones a)', '(+ i 1)'), '2', '0')})")
    yield shown("increment", s, lor(eq("bit", "0"), eq("bit", "1")))
    s = Script()
    s.integer("amount", 0, note="what is shifted by")
    s.integer("s", 0, note="one of the flags of the amount")
    s.integer("other", 0, note="another one")
    s.definition(lnot(eq("s", "other")))
    flags = [ite(eq("amount", name), "1", "0") for name in ("s", "other")]
    yield shown("shift", s, le(plus(*flags), "1"))


def columns(word: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """Column k of a product: the carry is X_k div 2^k, X_k stays below k 2^k, and the bit is 0 or 1."""
    for k in range(word):
        p = 1 << k
        s = Script()
        s.integer("X", 0, (k - 1) * p + 1 if k else 0, "the columns below k, each c of them at most c + 1 times 2^c")
        s.integer("S", 0, k + 1, "the products in column k")
        s.define("carry", plus(*(ite(le(num(m * p), "X"), "1", "0") for m in range(1, k))), note="into column k")
        s.define("next", f"(+ X (* {p} S))")
        s.define(
            "onward", plus(*(ite(le(num(m * 2 * p), "next"), "1", "0") for m in range(1, k + 1))), note="into column k + 1"
        )
        bound = le("next", num(k * 2 * p + 1))
        bit = lor(eq("(- (+ S carry) (* 2 onward))", "0"), eq("(- (+ S carry) (* 2 onward))", "1"))
        params = {"k": k, "w": f"{k + 1}.."}
        yield s.obligation("gates.step.column", "F", params, f"n <= {n[1]}", n, land(bound, bit))


def composed(name: str, word: int) -> Verdict:
    """The operator's rows against the recurrence, and the operator against its specification on telling words."""
    wrong, case = COMPOSED[name](word), witness(name, word)
    if wrong is None and case is None:
        return Verdict("proved", "row coefficients equal those of the recurrence")
    return Verdict("refuted", "row coefficients differ from those of the recurrence", {**(wrong or {}), "case": case})


def at_width(word: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations about every operator at one width."""
    for name in BITWISE:
        yield from by_bits(name, word, n)
    for name in COMPOSED:
        scope = f"n <= {n[1]}"
        yield Obligation(f"gates.{name}", "F", {"w": word}, scope, n, "exact", f"rows of {name}", partial(composed, name, word))


def tried(n: tuple[int, int]) -> Iterator[Obligation]:
    """Every operator at the smallest width, on all arguments."""
    for operator in OPERATORS.values():
        if operator.kind != "pointwise":
            continue
        cases = prod(len(sort.values()) for sort in operator.sorts(EXHAUSTED))
        if cases <= CASES:
            content = structure(build(operator.name, EXHAUSTED)[0]) + inspect.getsource(operator.spec)
            discharge = exhaustive(cases, partial(failures, operator, EXHAUSTED))
            params, scope = {"operator": operator.name, "w": EXHAUSTED}, f"exhaustive at w = {EXHAUSTED}"
            yield Obligation("gates.exhausted", "F", params, scope, n, "exhaustive", content, discharge)


@lemma
def operators(regime: Regime) -> Iterator[Batch]:
    """Every pointwise operator, at every word width that n takes, and the steps that hold for all."""
    if regime.given is not None:
        return
    yield Batch(("gates.exhausted",), {"w": EXHAUSTED}, lambda: tried((1, min(32, regime.n_max))))
    names = ("threshold", "equals", "product", "counts", "add", "sub", "increment", "shift", "modulo")
    yield Batch(tuple(f"gates.step.{name}" for name in names), {}, lambda: steps(regime.all_n))
    widest = max(word for word, _ in regime.widths())
    yield Batch(("gates.step.column",), {"k": f"0..{widest - 1}"}, lambda: columns(widest, regime.all_n))
    for word, n in regime.widths():
        lemmas = tuple(f"gates.{name}" for name in (*BITWISE, *COMPOSED))
        yield Batch(lemmas, {"w": word}, lambda w=word, n=n: at_width(w, n))  # type: ignore[misc]
