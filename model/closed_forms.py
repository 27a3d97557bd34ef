"""Closed forms of a transformer's sizes in the word width, stated here; family resources compares them with the compiler's.

A size is a polynomial in four numbers that a width stands for (``Quantities``). The forms are functions of these, for integers
and for symbols alike; parameters and operations follow from them by the functions that count those of a compiled plan.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, Generic, NamedTuple, TypedDict

from efasp.encoding import clock_bits
from efasp.model.plan import LayerShape, Plan, Size, TransformerShape, parameters
from efasp.pram.isa import operations
from efasp.pram.machine import MIN_WORD


class Since(NamedTuple):
    """From which width on sizes are as stated: d_model, the number of all units, and every layer's d_ff.

    In narrower words the scheduler has units on layer 2 that wider words have on layer 3, or the other way round, coordinates
    are erased by other units, and for masked diffusion at w = 5 and 6 it finds another allocation. ``BOUNDS`` hold there too.
    """

    d_model: int
    units: int
    layers: int


SINCE = {
    ("mdm", ""): Since(7, 7, 10),
    ("mdm", "M"): Since(5, 5, 12),
    ("apmdm", ""): Since(5, 5, 11),
    ("apmdm", "M"): Since(5, 11, 13),
}
# From which width on c and f are linear in w, and the forms polynomials in w alone (one for even and one for odd w).
FROM = {"": 15, "M": 18}
# Upper bounds for every n >= 1 as polynomials in log2 n, the constant first (the size at n = 1); n takes the narrowest word.
BOUNDS: dict[tuple[str, str], dict[str, tuple[int, ...]]] = {
    ("mdm", ""): {"d_model": (106, 12), "d_ff": (90, 14), "parameters": (174_079, 14_698, 1836)},
    ("mdm", "M"): {"d_model": (118, 15), "d_ff": (134, 16, 2), "parameters": (224_533, 19_384, 2858, 75)},
    ("apmdm", ""): {"d_model": (101, 12), "d_ff": (100, 13), "parameters": (105_897, 11_143, 1164)},
    ("apmdm", "M"): {"d_model": (122, 15), "d_ff": (129, 17, 2), "parameters": (155_034, 15_100, 2038, 75)},
}
# The same of the bits of every value on the way, exact rationals over a common power of two (``model.ranges``).
BITS = {("mdm", ""): (21, 2), ("mdm", "M"): (21, 2), ("apmdm", ""): (11, 2), ("apmdm", "M"): (11, 2)}
CONTEXT = {"mdm": "2 + 4 L + M + 3 P (T + 1)", "apmdm": "2 + 4 L + 2 (M + 9 P)"}  # tokens of a whole sequence


class Quantities(NamedTuple):
    """The variables of the forms.

    ``w``: bits of a word; ``c``: bits of the log's clock; ``f``: width of the head that fetches the second operand, or the
    number of operations where that is larger; ``h``: units of the products a_i b_j with i + j < w, less those with i = j, which
    ``and`` has already: w (w + 1) / 2 - ceil(w / 2) = floor(w^2 / 2).
    """

    w: Any
    c: Any
    f: Any
    h: Any


def quantities(word: int, extension: str) -> Quantities:
    """The quantities of a machine with words of ``word`` bits and an extension."""
    return Quantities(word, clock_bits(word), max(word + 3, len(operations(extension))), word * word // 2)


def linear(w: Any, odd: int) -> Quantities:
    """The quantities from width ``FROM`` on, where they are polynomials in w. ``w``: an integer or a symbol; ``odd``: w modulo
    2."""
    return Quantities(w, w + 1, w + 3, (w * w - odd) / 2 if not isinstance(w, int) else (w * w - odd) // 2)


def shape(engine: str, extension: str, q: Quantities) -> TransformerShape[Any]:
    """The closed form of ``Plan.shape``."""
    w, c, f, h = q
    if (engine, extension) == ("mdm", ""):
        d_model = 12 * w + 37
        layers = [(5, w + c + 1, 2 * w + 4 * c + 8), (4, f, w + 24), (4, w + 4, 14 * w + 35), (1, w + 2, 11 * w + 14)]
        layers += [(0, 0, 4 * w + 19)]
    elif engine == "mdm":
        d_model = 15 * w + 43
        layers = [(5, w + c + 1, 2 * w + 4 * c + 8), (4, f, w + 27), (4, w + 4, h + 16 * w + 39)]
        layers += [(1, w + 2, 2 * w * w + 12 * w + 13), (0, 0, 4 * w + 19), (0, 0, w)]
    elif not extension:
        d_model = 12 * w + 41
        layers = [(1, w + 5, 0), (4, f, 29), (4, w + 4, 10 * w + 35), (1, w + 2, 13 * w + 13), (1, w + 2, 2 * w + 10)]
    else:
        d_model = 15 * w + 47
        layers = [(1, w + 5, 0), (4, f, 32), (4, w + 4, h + 12 * w + 39), (1, w + 2, 2 * w * w + 13 * w + 11)]
        layers += [(0, 0, 3 * w + 9), (1, w + 2, w + 2)]
    rows: list[LayerShape[Any]] = [{"heads": heads, "d_head": d_head, "d_ff": d_ff} for heads, d_head, d_ff in layers]
    outputs = w + len(operations(extension)) + 13 + (0 if engine == "mdm" else 3)  # a token's code; three control bits
    return {"d_model": d_model, "d_out": outputs, "layers": rows}


def codes(engine: str, extension: str, q: Quantities) -> tuple[Any, Any]:
    """The closed form of the widths of a token's and of a place's code."""
    return q.w + len(operations(extension)) + 13, q.w + 2 * q.c + 12 if engine == "mdm" else q.w + 14


def magnitude(engine: str, extension: str, w: Any, words: Any, times: Any) -> Any:
    """No value on the way is larger: by w, 2^w (``words``), and the clock's 2^c (``times``)."""
    if engine == "mdm":
        return times * (w * w + 14 if extension else 2 * w + 14)
    return words * (w * w + 19 if extension else 2 * w + 34)


def count(shape: TransformerShape[Any], token: Any, place: Any) -> Any:
    """Number of weights of a transformer with this shape, and codes of these widths."""
    books: list[Any] = [SimpleNamespace(width=width) for width in (token, place)]
    return parameters(shape, *books)


class Summary(TypedDict, Generic[Size]):
    """The sizes of a transformer as `efasp info` and the tables have them: of heads and d_ff those of the widest layer."""

    layers: int
    d_model: Size
    heads: int
    d_ff: Size
    parameters: Size


def summary(shape: TransformerShape[Any], token: Any, place: Any, widest: Any = max) -> Summary[Any]:
    """Layers, d_model, heads, d_ff (of the widest layer each), and parameters."""
    rows = shape["layers"]
    return {
        "layers": len(rows),
        "d_model": shape["d_model"],
        "heads": max(row["heads"] for row in rows),
        "d_ff": widest(row["d_ff"] for row in rows),
        "parameters": count(shape, token, place),
    }


def sizes(plan: Plan) -> Summary[int]:
    """Layers, d_model, heads, d_ff and parameters of a compiled transformer."""
    return summary(plan.shape, plan.vocabulary.width, plan.places.width)


def bound(engine: str, extension: str, size: str, log: Any) -> Any:
    """The upper bound of a size (or of "bits") where log2 n is ``log``."""
    coefficients = BITS[engine, extension] if size == "bits" else BOUNDS[engine, extension][size]
    return sum(c * log**power for power, c in enumerate(coefficients))


def bound_text(engine: str, extension: str, size: str) -> str:
    """The upper bound of a size as text, a polynomial in log2(n)."""
    import sympy

    log = sympy.Symbol("log2(n)")
    return show(bound(engine, extension, size, log), log)


def least_log(word: int) -> int:
    """At most log2 n, for every n that takes this width: n > 2^(w - 1) if it is not the narrowest."""
    return word - 1 if word > MIN_WORD else 0


def polynomials(engine: str, extension: str, w: Any, odd: int, near: int | None = None) -> dict[str, Any]:
    """Every size as a polynomial in the symbol w, for even or for odd w, from ``FROM`` on.

    ``near``: for the widths that are with this one on the same side of each maximum in ``Quantities``, and have the same widest
    layer.
    """
    import sympy

    near = near or FROM[extension] + 2
    here, q = quantities(near, extension), linear(w, odd)
    q = q._replace(c=q.c if here.c == near + 1 else here.c, f=q.f if here.f == near + 3 else here.f)
    rows = shape(engine, extension, here)["layers"]
    widest = max(range(len(rows)), key=lambda layer: rows[layer]["d_ff"])  # from FROM on as family resources shows
    numbers = summary(shape(engine, extension, q), *codes(engine, extension, q), widest=lambda values: list(values)[widest])
    return {name: sympy.expand(value) for name, value in numbers.items()}


class Piece(NamedTuple):
    """A closed form as text, and its widths: from ``first`` to ``last``, or all from ``first`` on (None)."""

    first: int
    last: int | None
    form: str

    def __str__(self) -> str:
        return f"{self.form} for {f'w >= {self.first}' if self.last is None else f'{self.first} <= w <= {self.last}'}"


def pieces(engine: str, extension: str = "") -> dict[str, list[Piece]]:
    """Every size as polynomials in w, each with the widths for which it holds; together these are all from ``SINCE`` on.

    Below ``FROM`` the clock's bits and the head that fetches the second operand are as wide for every w, which gives other
    polynomials there. Sizes of narrower words than ``SINCE`` have a bound alone (``BOUNDS``).
    """
    since = SINCE[engine, extension]
    starts = {"d_model": since.d_model, "d_ff": since.layers, "parameters": max(since.d_model, since.units)}
    by_size: dict[str, list[Piece]] = {}
    for word in range(MIN_WORD, FROM[extension] + 1):
        for name, form in closed_forms(engine, extension, word).items():
            held = by_size.setdefault(name, [])
            if held and held[-1].form == form:
                held[-1] = held[-1]._replace(last=word)
            elif word >= starts.get(name, MIN_WORD):
                held.append(Piece(word, word, form))
    return {name: [*held[:-1], held[-1]._replace(last=None)] for name, held in by_size.items()}


def closed_forms(engine: str, extension: str = "", near: int | None = None) -> dict[str, str]:
    """Every size as a polynomial in w, as text, from ``FROM`` on or ``near`` a width; two where even and odd w differ."""
    import sympy

    w = sympy.Symbol("w")
    even, odd = ({name: show(p, w) for name, p in polynomials(engine, extension, w, parity, near).items()} for parity in (0, 1))
    return {name: even[name] if even[name] == odd[name] else f"{even[name]} (w even), {odd[name]} (w odd)" for name in even}


def show(polynomial: Any, w: Any) -> str:
    """The polynomial in the symbol w as text, highest power first."""
    import sympy

    text = ""
    for (power,), c in sympy.Poly(polynomial, w).terms():
        if c:
            factor = "" if abs(c) == 1 and power else f"{abs(c)}"
            variable = "" if not power else f"{w}" if power == 1 else f"{w}^{power}"
            joint = " " if factor and variable else ""
            text += f"{' - ' if c < 0 else ' + '}{factor}{joint}{variable}"
    return (text[3:] if text.startswith(" + ") else text.strip()) or "0"
