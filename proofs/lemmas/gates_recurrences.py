"""Compositions of the word operators, read from their own rows, as the induction lemmas of the family gates assume them.

Each check takes an operator's node over parameters and gives None, or its first error. Nothing here is a property of
one width: a word's bits are looked at one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from efasp import affine_forms
from efasp.affine_forms import Form
from efasp.operators import OPERATORS
from efasp.proofs.symbolic.nodes import Reading
from efasp.sorts import Flag, Number
from efasp.syntax import Affine, Node, Parameter, Relu, refine, walk

Wrong = dict[str, Any] | None
Row = Mapping[Any, Number]
Unit = tuple[frozenset[tuple[Any, Number]], Number]  # the terms and the constant that a ReLU is taken of


def differs(what: str, form: Form, terms: Mapping[Any, Number], constant: int = 0) -> Wrong:
    """Whether a form is not the expected one."""
    wanted = {atom: c for atom, c in terms.items() if c}
    if dict(form.terms) == wanted and form.constant == constant:
        return None
    return {"of": what, "expected": shown(wanted.items(), constant), "got": shown(form.terms.items(), form.constant)}


def shown(terms: Iterable[tuple[Any, Number]], constant: Number) -> str:
    """A form as text, its first terms by their names, so that two forms are compared term by term."""
    named = sorted((f"{atom[0] if isinstance(atom[0], str) else 'unit'}[{atom[1]}]", c) for atom, c in terms)
    parts = [f"{c} * {name}" for name, c in named]
    return " + ".join([*parts[:6], *(["..."] if len(parts) > 6 else []), str(constant)])


def units(reading: Reading, node: Node, place: int) -> tuple[dict[Unit, Number], dict[Any, Number], Number]:
    """A coordinate as units, by the argument of their ReLU, other terms, and a constant."""
    coefficients: dict[Unit, Number] = {}
    rest: dict[Any, Number] = {}
    form = reading.form(node, place, top=True)
    for (leaf, at), c in form.terms.items():
        if isinstance(leaf, Relu):
            inner = reading.form(leaf.x, at)
            key = (frozenset(inner.terms.items()), inner.constant)
            coefficients[key] = coefficients.get(key, 0) + c
        else:
            rest[leaf, at] = c
    return coefficients, rest, form.constant


def made_of(
    reading: Reading, node: Node, place: int, terms: Row, biases: Mapping[int, int], what: str, constant: int = 0
) -> Wrong:
    """Whether a coordinate is a sum of units over one form, ``biases``: each unit's constant and factor."""
    direction = frozenset((atom, c) for atom, c in terms.items() if c)
    found, rest, bias = units(reading, node, place)
    if found == {(direction, b): c for b, c in biases.items()} and not rest and bias == constant:
        return None
    got = [f"{c} relu({shown(f, b)})" for (f, b), c in found.items()]
    wanted = [f"{c} relu({shown(direction, b)})" for b, c in biases.items()]
    return {"of": what, "place": place, "expected": " + ".join(wanted), "got": " + ".join([*got, shown(rest.items(), bias)])}


def threshold(reading: Reading, node: Node, place: int, terms: Row, least: int) -> Wrong:
    """Whether a coordinate is ``relu(f - least + 1) - relu(f - least)``, f the form with these terms."""
    return made_of(reading, node, place, terms, {1 - least: 1, -least: -1}, f"whether a sum reaches {least}")


def equality(reading: Reading, node: Node, place: int, terms: Row, number: int) -> Wrong:
    """Whether a coordinate is 1 where the form with these terms is the number, else 0, by three units."""
    return made_of(reading, node, place, terms, {1 - number: 1, -number: -2, -1 - number: 1}, f"whether a sum is {number}")


def conjunction(reading: Reading, node: Node, atoms: list[Any]) -> Wrong:
    """Whether a node is one unit: relu(sum - how many + 1)."""
    terms = {atom: 1 for atom in atoms}
    return made_of(reading, node, 0, terms, {1 - len(atoms): 1}, f"the conjunction of {len(atoms)} bits")


def value(w: int, name: str, factor: int = 1) -> dict[Any, Number]:
    """``factor`` times the value of a word, as terms."""
    return {(name, place): factor * (1 << place) for place in range(w)}


def total(reading: Reading, node: Node) -> Form:
    """The value of a word, as a form over its leaves."""
    return affine_forms.total((1 << place, reading.form(node, place, top=True)) for place in range(node.width))


def argument(number: int, w: int, operator: str = "add") -> Parameter:
    """An operator's argument."""
    return Parameter(f"x{number}", OPERATORS[operator].sorts(w)[number])


def build(name: str, w: int) -> tuple[Node, list[Parameter]]:
    """An operator over parameters at a width."""
    operator = OPERATORS[name]
    arguments = [Parameter(f"x{i}", sort) for i, sort in enumerate(operator.sorts(w))]
    return operator.build(*arguments, *operator.fixed), arguments


def words(w: int) -> dict[Node, str]:
    """Two words as parameters."""
    return {argument(i, w): f"x{i}" for i in (0, 1)}


def carried(node: Node, w: int, sign: int) -> Wrong:
    """Carries (borrows): bit i - 1 is whether X_i >= 2^i (-X_i >= 1), X_i = sum over j < i of 2^j (a_j + sign b_j)."""
    reading = Reading(words(w))
    for i in range(1, w + 1):
        terms = value(i, "x0", sign) | value(i, "x1")
        if wrong := threshold(reading, node, i - 1, terms, 1 << i if sign > 0 else 1):
            return wrong
    return None


def added(node: Node, w: int, sign: int) -> Wrong:
    """A sum (difference): bit i is a_i + s b_i + s c_i - 2 s c_(i+1), so that its value is a + s b - s 2^w c_w."""
    a, b = argument(0, w), argument(1, w)
    carry = OPERATORS["carries" if sign > 0 else "borrows"].build(a, b)
    reading = Reading({**words(w), carry: "carry"})
    for i in range(w):
        terms = {("x0", i): 1, ("x1", i): sign, ("carry", i): -2 * sign} | ({("carry", i - 1): sign} if i else {})
        if wrong := differs(f"bit {i}", reading.form(node, i, top=True), terms):
            return wrong
    wanted = value(w, "x0") | value(w, "x1", sign) | {("carry", w - 1): -sign * (1 << w)}
    return differs("the value", total(reading, node), wanted) or carried(carry, w, sign)


def incremented(node: Node, w: int) -> Wrong:
    """a + 1: the carry into bit i is the conjunction of the bits below, and the value a + 1 - 2^w carry_w."""
    a = argument(0, w, "increment")
    carry = [OPERATORS["all"].build(a[:i]) for i in range(1, w + 1)]
    reading = Reading({a: "x0", **{c: f"all{i}" for i, c in enumerate(carry, 1)}})
    for i in range(w):
        terms = {("x0", i): 1, (f"all{i + 1}", 0): -2} | ({(f"all{i}", 0): 1} if i else {})
        if wrong := differs(f"bit {i}", reading.form(node, i, top=True), terms, 0 if i else 1):
            return wrong
    below = Reading({a: "x0"})
    for i, c in enumerate(carry, 1):
        if wrong := conjunction(below, c, [("x0", j) for j in range(i)]):
            return wrong
    return differs("the value", total(reading, node), value(w, "x0") | {(f"all{w}", 0): -1 << w}, 1)


def shifted(node: Node, w: int, direction: int) -> Wrong:
    """A shift by one: bit i is bit i - direction, or 0."""
    reading = Reading({argument(0, w, "shift_left"): "x0"})
    for i in range(w):
        source = i - direction
        terms = {("x0", source): 1} if 0 <= source < w else {}
        if wrong := differs(f"bit {i}", reading.form(node, i, top=True), terms):
            return wrong
    return None


def shifted_by(name: str, w: int, direction: int, enabled: bool) -> Wrong:
    """A shift by a word: bit i is the sum over s of relu(a_(i - direction s) + [amount = s] - 1).

    Where it has a flag and this is 0, the amount is 2^w more, and so equal to no s.
    """
    a, x, flag = argument(0, w), argument(1, w), Parameter("enable", Flag())
    node = OPERATORS[name].build(a, x, *([refine(flag, Flag())] if enabled else []))
    reading = Reading({a: "x0", x: "x1", flag: "enable"})
    by = value(w, "x1") | ({("enable", 0): -(1 << w)} if enabled else {})
    offset, known = (1 << w if enabled else 0), dict[Any, int | None]()
    for i in range(w):
        found, rest, constant = units(reading, node, i)
        seen: dict[int, int | None] = {}
        for (terms, bias), c in found.items():
            bits = [at for (leaf, at), factor in terms if leaf == "x0" and factor == 1]
            flags = [term for term in terms if term[0][0] != "x0"]
            if c != 1 or bias != -1 or len(bits) != 1 or bits[0] in seen:
                return {"of": f"bit {i}", "got": f"{c} relu({shown(terms, bias)})"}
            seen[bits[0]] = _amount(reading, flags, by, offset, known)
        wanted = {i - direction * s: s for s in range(w) if 0 <= i - direction * s < w}
        if seen != wanted or rest or constant:
            return {"of": f"bit {i}", "expected": f"bit and amount {wanted}", "got": str(seen)}
    return None


def _amount(
    reading: Reading, flags: list[tuple[Any, Number]], by: Row, offset: int, known: dict[Any, int | None]
) -> int | None:
    """The s of which three units say whether the amount is s; None for anything else."""
    biases: dict[int, Number] = {}
    for (leaf, at), c in flags:
        if (leaf, at) not in known:
            inner = reading.form(leaf.x, at) if isinstance(leaf, Relu) else None
            known[leaf, at] = int(inner.constant) if inner is not None and dict(inner.terms) == by else None
        bias = known[leaf, at]
        if bias is None:
            return None
        biases[bias] = biases.get(bias, 0) + c
    s = offset - min(biases, default=0) - 1
    return s if biases == {offset - s + 1: 1, offset - s: -2, offset - s - 1: 1} else None


def multiplied(node: Node, w: int) -> Wrong:
    """a * b: column k has the products with i + j = k; its carry counts the m with X_k >= m 2^k, X_k the columns before."""
    reading = Reading(words(w))
    sums = {unit.x.x: None for unit in walk(node) if isinstance(unit, Relu) and unit.width == 1 and isinstance(unit.x, Affine)}
    before = [x for x in sums if x.width == 1 and all(isinstance(leaf, Relu) for leaf, _ in reading.form(x, 0).terms)]
    named: dict[Node, str] = {prefix: f"X{number}" for number, prefix in enumerate(before)}
    level: dict[str, int] = {}
    for prefix, name in named.items():
        form = reading.form(prefix, 0)
        products = {_product(reading, atom): c for atom, c in form.terms.items()}
        k = 1 + max((i + j for i, j in filter(None, products)), default=-1)
        if form.constant or products != {(i, c - i): 1 << c for c in range(k) for i in range(c + 1)}:
            return {"of": f"the columns before {k}", "got": shown(form.terms.items(), form.constant)}
        level[name] = k
    over = Reading({**words(w), **named})
    for k in range(w):
        if wrong := _column(over, node, k, level):
            return wrong
    return None


def _column(over: Reading, node: Node, k: int, level: dict[str, int]) -> Wrong:
    """Whether bit k is S_k + carry_k - 2 carry_(k+1)."""
    products: dict[tuple[int, int] | None, Number] = {}
    steps: dict[tuple[int, int], Number] = {}
    form = over.form(node, k, top=True)
    for (leaf, at), c in form.terms.items():
        inner = over.form(leaf.inputs[0], at) if isinstance(leaf, Relu) else Form()
        names = [name for (name, _), factor in inner.terms.items() if factor == 1 and isinstance(name, str) and name in level]
        if len(names) == len(inner.terms) == 1:
            key = level[names[0]], -int(inner.constant)
            steps[key] = steps.get(key, 0) + c
        else:
            products[_product(over, (leaf, at))] = c
    wanted: dict[tuple[int, int], Number] = {}
    for column, factor in ((k, 1), (k + 1, -2)):
        for m in range(1, column):
            for least, sign in (((m << column) - 1, 1), (m << column, -1)):
                wanted[column, least] = wanted.get((column, least), 0) + factor * sign
    if form.constant or products != {(i, k - i): 1 for i in range(k + 1)} or steps != wanted:
        return {
            "of": f"bit {k}",
            "expected": "S_k + carry_k - 2 carry_(k + 1)",
            "got": shown(form.terms.items(), form.constant),
        }
    return None


def _product(reading: Reading, atom: Any) -> tuple[int, int] | None:
    """The (i, j) of a unit relu(a_i + b_j - 1); None for anything else."""
    leaf, at = atom
    if not isinstance(leaf, Relu):
        return None
    inner = reading.form(leaf.x, at)
    places = {name: place for (name, place), c in inner.terms.items() if c == 1}
    if inner.constant != -1 or len(inner.terms) != 2 or set(places) != {"x0", "x1"}:
        return None
    return places["x0"], places["x1"]


def compared(node: Node, w: int, kind: str) -> Wrong:
    """less: b - a >= 1; equal: a - b = 0, of the words' values."""
    if kind == "less":
        return threshold(Reading(words(w)), node, 0, value(w, "x1") | value(w, "x0", -1), 1)
    return equality(Reading(words(w)), node, 0, value(w, "x0") | value(w, "x1", -1), 0)


def of_integer(kind: str, w: int) -> Wrong:
    """threshold and equals with k = 3, and the flags of one_hot, of one integer."""
    node, (x,) = build(kind, w)
    reading, terms = Reading({x: "x0"}), {("x0", 0): 1}
    if kind == "threshold":
        return threshold(reading, node, 0, terms, 3)
    if kind == "equals":
        return equality(reading, node, 0, terms, 3)
    return next((wrong for k in range(w) if (wrong := equality(reading, node, k, terms, k))), None)


def counted(node: Node, w: int, kind: str) -> Wrong:
    """all: relu(sum - w + 1); any: 1 - relu(1 - sum)."""
    reading = Reading({argument(0, w, kind): "x0"})
    if kind == "all":
        return conjunction(reading, node, [("x0", j) for j in range(w)])
    return made_of(reading, node, 0, {("x0", j): -1 for j in range(w)}, {1: -1}, "any", 1)


def _of(check: Callable[..., Wrong], name: str, *rest: Any) -> Callable[[int], Wrong]:
    return lambda w: check(build(name, w)[0], w, *rest)


def _both(name: str, direction: int) -> Callable[[int], Wrong]:
    return lambda w: shifted_by(name, w, direction, False) or shifted_by(name, w, direction, True)


# For every word operator the check of its composition at a width.
COMPOSED: dict[str, Callable[[int], Wrong]] = {
    "carries": _of(carried, "carries", 1),
    "borrows": _of(carried, "borrows", -1),
    "add": _of(added, "add", 1),
    "sub": _of(added, "sub", -1),
    "increment": _of(incremented, "increment"),
    "shift_left": _of(shifted, "shift_left", 1),
    "shift_right": _of(shifted, "shift_right", -1),
    "less": _of(compared, "less", "less"),
    "equal": _of(compared, "equal", "equal"),
    "all": _of(counted, "all", "all"),
    "any": _of(counted, "any", "any"),
    "threshold": lambda w: of_integer("threshold", w),
    "equals": lambda w: of_integer("equals", w),
    "one_hot": lambda w: of_integer("one_hot", w),
    "shift_left_by": _both("shift_left_by", 1),
    "shift_right_by": _both("shift_right_by", -1),
    "mul": _of(multiplied, "mul"),
}
