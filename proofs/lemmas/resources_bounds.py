"""Family resources, obligations about no compiled transformer: contexts, bounds of the closed forms, the serial machine.

Contexts are identities from the layouts' own functions, run on symbols. The closed forms are bounded for all widths, and the
operations of the serial machine (``model.serial``) for all contexts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import product
from re import sub
from typing import Any

import numpy as np

from efasp.attention import gather, seq_max, seq_mean
from efasp.codebook import Codebook, Kind
from efasp.embeddings import positions, tokens
from efasp.encoding import CellLayout, LogLayout
from efasp.model import closed_forms
from efasp.model.closed_forms import Quantities
from efasp.model.compile import ENGINES
from efasp.model.lower import lower
from efasp.model.plan import Plan, TransformerShape
from efasp.model.serial import Serial, work
from efasp.pram.isa import EXTENSIONS, Instruction, operations
from efasp.pram.machine import MIN_WORD, Program, initial
from efasp.process import unmask
from efasp.proofs.lemmas.resources_polynomials import Claim, discharge
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma
from efasp.syntax import Program as Efasp
from efasp.syntax import combine, relu

Wrong = dict[str, Any]
CLAIMS = {"mdm": "T1", "apmdm": "T4"}


# Contexts.


@lemma
def contexts(regime: Regime) -> Iterator[Batch]:
    """Tokens of a sequence, as identities from the layouts' own functions; bounded by P T, and by the PRAM's own space."""
    if regime.given is None:
        names = ("context", "space", "state")
        yield Batch(tuple(f"resources.{name}" for name in names), {}, lambda: sequences(regime.all_n))


def sequences(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations of ``contexts``."""
    for engine, claim, exact, bounds in (("mdm", "T1", LOG, IN_TIME), ("apmdm", "T4", CELLS, IN_SPACE)):
        for name, claims in (("context", exact), ("space", bounds)):
            content = "\n".join(c.name for c in claims)
            yield Obligation(
                f"resources.{name}", claim, {"of": engine}, "all n", n, "polynomial", content, partial(discharge, claims)
            )
    yield Obligation(
        "resources.state", "T4", {}, "P, M <= 3", n, "exhaustive", "words of a configuration", exhaustive(9, other_states)
    )


def log(P: Any, M: Any, L: Any) -> LogLayout:
    """The log layout of these numbers or symbols; the width does not matter to its lengths."""
    return LogLayout(5, "", P, M, L)


def cells(P: Any, M: Any, L: Any) -> CellLayout:
    """The cell layout of these numbers or symbols."""
    return CellLayout(5, "", P, M, L)


def logged(P: Any, M: Any, L: Any, T: Any) -> Any:
    """The context of masked diffusion after T steps."""
    return log(P, M, L).context_length(T)


def context(engine: str, P: Any, M: Any, L: Any, T: Any) -> Any:
    """The context of an engine after T steps."""
    return logged(P, M, L, T) if engine == "mdm" else cells(P, M, L).context_length


def read(text: str, **values: Any) -> Any:
    """A polynomial of ``closed_forms``, as it is shown to users, with numbers or symbols in the place of its letters."""
    return eval(sub(r"(?<=[\w)]) (?=[\w(])", "*", text), {"__builtins__": {}}, values)


ANY = {"P": 1, "M": 1, "L": 1}
TIMED, STEPPED = {**ANY, "T": 0}, {**ANY, "T": 1}
LOG = (
    Claim(
        f"context = {closed_forms.CONTEXT['mdm']}",
        lambda P, M, L, T: (logged(P, M, L, T), read(closed_forms.CONTEXT["mdm"], P=P, M=M, L=L, T=T)),
        TIMED, equal=True,
    ),
    Claim(
        "context = prompt + (T + 1) blocks: the T blocks of masks, each of which one decoding step unmasks, and the start",
        lambda P, M, L, T: (
            logged(P, M, L, T), log(P, M, L).prompt_length + (T + 1) * log(P, M, L).block_length,
        ),
        TIMED, equal=True,
    ),
    Claim(
        "context at the latest time = all sections",
        lambda P, M, L: (
            log(P, M, L).context_length(log(P, M, L).latest), sum(s.length for s in log(P, M, L).sections),
        ),
        ANY, equal=True,
    ),
)  # fmt: skip
CELLS = (
    Claim(
        f"context = {closed_forms.CONTEXT['apmdm']}",
        lambda P, M, L: (cells(P, M, L).context_length, read(closed_forms.CONTEXT["apmdm"], P=P, M=M, L=L)),
        ANY, equal=True,
    ),
    Claim(
        "context = all sections",
        lambda P, M, L: (cells(P, M, L).context_length, sum(s.length for s in cells(P, M, L).sections)), ANY, equal=True,
    ),
)  # fmt: skip
IN_TIME = (
    Claim(  # m: the words that no step could have touched, less than none
        "context <= (4 L + 9) P T, where M = P T - m <= P T",
        lambda P, T, L, m: (logged(P, P * T - m, L, T), (4 * L + 9) * P * T),
        {"P": 1, "T": 1, "L": 1, "m": 0},
    ),
    Claim(
        "P = M = T = n: context <= 3 n^2 + 4 n + 4 L + 2",
        lambda n, L: (logged(n, n, L, n), 3 * n * n + 4 * n + 4 * L + 2),
        {"n": 1, "L": 1},
    ),
    Claim("T + 1 <= context", lambda P, M, L, T: (T + 1, logged(P, M, L, T)), TIMED),
)
IN_SPACE = (
    Claim(
        "context = 2 S + 4 L + 2, S the words of memory, registers and program counters",
        lambda P, M, L: (cells(P, M, L).context_length, 2 * cells(P, M, L).cells + 4 * L + 2), ANY, equal=True,
    ),
    Claim(
        "context <= 3 (S + 4 L)",
        lambda P, M, L: (cells(P, M, L).context_length, 3 * (cells(P, M, L).cells + 4 * L)), ANY,
    ),
)  # fmt: skip


def other_states() -> Iterator[Wrong]:
    """Machines whose configuration has another number of words than the layout has cells."""
    for processors, memory in product((1, 2, 3), repeat=2):
        state = initial(Program((Instruction("halt"),), 5, processors, memory))
        words = len(state.memory) + sum(map(len, state.registers)) + len(state.pc)
        if words != cells(processors, memory, 1).cells:
            yield {"P": processors, "M": memory, "expected": words, "got": cells(processors, memory, 1).cells}


# Closed forms.


@lemma
def growth(regime: Regime) -> Iterator[Batch]:
    """The closed forms, as polynomials in w, are within the bounds in log2 n for every width from ``closed_forms.FROM`` on."""
    if regime.given is None:
        yield Batch(("resources.bounds",), {}, lambda: bounded(regime.all_n))


def bounded(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations of ``growth``."""
    for engine, extension in product(ENGINES, EXTENSIONS):
        claims = [*(c for odd in (0, 1) for c in within(engine, extension, odd)), *precise(engine, extension)]
        params = {"of": engine, "ext": extension or "none"}
        scope = f"closed forms, all w >= {closed_forms.FROM[extension]}"
        stated = closed_forms.BOUNDS[engine, extension], closed_forms.BITS[engine, extension]
        content = "\n".join((str(stated), *(c.name for c in claims)))
        discharged = partial(discharge, claims, partial(shown, engine, extension))
        yield Obligation("resources.bounds", CLAIMS[engine], params, scope, n, "polynomial", content, discharged)


def shown(engine: str, extension: str) -> str:
    """The bounds as text."""
    sizes = (*closed_forms.BOUNDS[engine, extension], "bits")
    texts = [f"{size} <= {written(partial(closed_forms.bound, engine, extension, size))}" for size in sizes]
    return f"{', '.join(texts)}, l = log2 n"


def written(polynomial: Callable[[Any], Any]) -> str:
    """A polynomial in l as text."""
    import sympy

    letter = sympy.Symbol("l")
    return closed_forms.show(polynomial(letter), letter)


def within(engine: str, extension: str, odd: int) -> Iterator[Claim]:
    """For even or for odd w = 2 v + odd: every size, with log2 n = w - 1 + e, e >= 0; and which layer is the widest."""
    least = {"v": (closed_forms.FROM[extension] + 1 - odd) // 2}

    def form(v: Any) -> tuple[TransformerShape[Any], dict[str, Any]]:
        q = closed_forms.linear(2 * v + odd, odd)
        shape = closed_forms.shape(engine, extension, q)
        found = closed_forms.summary(shape, *closed_forms.codes(engine, extension, q), widest=lambda x: list(x)[widest])
        return shape, {**found}

    shape = closed_forms.shape(engine, extension, closed_forms.linear(2 * least["v"] + odd, odd))
    rows = [row["d_ff"] for row in shape["layers"]]
    widest = rows.index(max(rows))
    for number in range(len(rows)):
        yield Claim(
            f"layer {number + 1} is not wider than layer {widest + 1}, w mod 2 = {odd}",
            lambda v, number=number: (form(v)[0]["layers"][number]["d_ff"], form(v)[0]["layers"][widest]["d_ff"]), least,
        )  # fmt: skip
    for size in closed_forms.BOUNDS[engine, extension]:
        yield Claim(
            f"{size} within its bound, w mod 2 = {odd}",
            lambda v, e, size=size: (
                form(v)[1][size], closed_forms.bound(engine, extension, size, 2 * v + odd - 1 + e),
            ),
            {**least, "e": 0},
        )  # fmt: skip


def precise(engine: str, extension: str) -> Iterator[Claim]:
    """No value has more than 2 (w - 1) + ``BITS`` bits: with W = 2^w >= w^2, and the clock's 2^c = 2 W."""
    yield Claim("5^2 <= 2^5", lambda: (25, 1 << 5))
    yield Claim("(w + 1)^2 <= 2 w^2", lambda w: ((w + 1) ** 2, 2 * w * w), {"w": 5})

    def sides(w: Any, x: Any) -> tuple[Any, Any]:
        words = w * w + x
        constant, slope = closed_forms.BITS[engine, extension]
        return closed_forms.magnitude(engine, extension, w, words, 2 * words) + 1, words**slope * 2 ** (constant - slope)

    yield Claim("every value < 2^(2 (w - 1) + bits at n = 1)", sides, {"w": closed_forms.FROM[extension], "x": 0})


# The serial machine.

LEAST_LOG = 3  # log2 S at least: the smallest machine, P = M = L = T = 1, has a context of 13 tokens
MARGIN = 3  # a word has at most this many bits more than log2 S
HALF = Fraction(1, 2)


@lemma
def serially(regime: Regime) -> Iterator[Batch]:
    """A serial machine takes S^3 times a polynomial in log2 S operations for S steps, and computes the same as the plan."""
    if regime.given is None:
        yield Batch(("resources.serial_bound", "resources.serial"), {}, lambda: serial(regime.all_n))


def serial(n: tuple[int, int]) -> Iterator[Obligation]:
    """The obligations of ``serially``."""
    for extension in EXTENSIONS:
        claims = list(cubic(extension))
        content = "\n".join(c.name for c in claims)
        yield Obligation(
            "resources.serial_bound", "T2", {"ext": extension or "none"}, "closed forms, all w and S", n, "polynomial", content,
            partial(discharge, claims, partial(follows, extension)),
        )  # fmt: skip
    plans = [lower(program) for program in small()]
    cases = len(plans) * sum(len(BOOK.kinds) ** length for length in LENGTHS)
    scope = f"two small programs, up to {LENGTHS[-1]} positions"
    yield Obligation(
        "resources.serial", "T2", {}, scope, n, "exhaustive", f"{[plan.shape for plan in plans]}",
        exhaustive(cases, lambda: miscounted(plans)),
    )  # fmt: skip


def total(shape: TransformerShape[Any], codes: Any, context: Any) -> Any:
    """All operations of a decoding step."""
    return sum(work(shape, codes, context).values())


def of_form(extension: str, q: Quantities, context: Any) -> dict[str, Any]:
    """The operations of a decoding step of masked diffusion, by kind, by the closed forms."""
    return work(closed_forms.shape("mdm", extension, q), sum(closed_forms.codes("mdm", extension, q)), context)


def largest(log: Any) -> Quantities:
    """Upper bounds of a width's quantities, where log2 S is ``log``."""
    w = log + MARGIN
    return Quantities(w, w + 11, w + 16, HALF * w * w)


def most(extension: str, log: Any) -> Any:
    """The polynomial in log2 S: with S^3, the most operations that S decoding steps take."""
    return sum(of_form(extension, largest(log), 1).values())


def follows(extension: str) -> str:
    """The consequences of the claims of ``cubic``, as text."""
    return f"S decoding steps: at most S^3 ({written(partial(most, extension))}) operations, l = log2 S"


def cubic(extension: str) -> Iterator[Claim]:
    """The steps from the operations of a decoding step to the bound."""
    widths = {"w": MIN_WORD, "c": 0, "f": 0, "h": 0}
    slack = {f"{k}_": 0 for k in widths}

    def once(w: Any, c: Any, f: Any, h: Any, s: Any = 1) -> Any:
        return sum(of_form(extension, Quantities(w, c, f, h), s).values())

    yield Claim("S steps <= S^3 (a step at S = 1)", lambda S, **q: (S * once(**q, s=S), S**3 * once(**q)), {"S": 1, **widths})
    yield Claim(
        "a step grows with w, c, f and h",
        lambda **v: (once(*(v[k] for k in widths)), once(*(v[k] + v[f"{k}_"] for k in widths))),
        {**widths, **slack},
    )
    yield from small_enough(len(operations(extension)))
    yield Claim(
        "in bits: b for a sum or comparison of numbers of b bits, b^2 for a product or quotient: S steps <= b^2 the bound",
        partial(bitwise, extension),
        {"S": 1, "log_S": LEAST_LOG},
    )


def small_enough(flags: int) -> Iterator[Claim]:
    """A width's quantities are at most ``largest`` of log2 S = w - ``MARGIN`` + e, e >= 0; and w <= log2 S + ``MARGIN``.

    w is the narrowest word that holds P - 1, M - 1 and L - 1: 5, or 2^(w - 1) < max(P, M, L) < S.
    """
    quantities: dict[str, Callable[[Any, Quantities], tuple[Any, Any]]] = {
        "c = w + 1": lambda w, most: (w + 1, most.c),
        "c = 16": lambda w, most: (16, most.c),
        "f = w + 3": lambda w, most: (w + 3, most.f),
        f"f = {flags}": lambda w, most: (flags, most.f),
        "h <= w^2 / 2": lambda w, most: (HALF * w * w, most.h),
    }
    for name, sides in quantities.items():
        claimed = f"{name}: within `largest`"
        yield Claim(claimed, lambda w, e, sides=sides: sides(w, largest(w - MARGIN + e)), {"w": MIN_WORD, "e": 0})
    for i, name in enumerate("PML"):
        yield Claim(f"{name} < S", lambda P, M, L, T, i=i: ((P, M, L)[i] + 1, logged(P, M, L, T)), STEPPED)
    yield Claim(f"2^{LEAST_LOG} < S", lambda P, M, L, T: (1 + (1 << LEAST_LOG), logged(P, M, L, T)), STEPPED)


def bitwise(extension: str, S: Any, log_S: Any) -> tuple[Any, Any]:
    """Operations on bits of S decoding steps, and their bound.

    A number has at most 2 (w - 1) bits and those of n = 1, and a sum over S tied values log2 S more; w <= log2 S + ``MARGIN``.
    """
    constant, slope = closed_forms.BITS["mdm", extension]
    b = slope * (log_S + MARGIN - 1) + constant + log_S
    done = of_form(extension, largest(log_S), S)
    short, long = done["additions"] + done["comparisons"], done["multiplications"] + done["divisions"]
    return S * (short * b + long * b**2), S**3 * most(extension, log_S) * b**2


# Results and counts of the serial machine, on all short sequences of two programs.

BOOK = Codebook("text", (Kind("a"), Kind("b"), Kind("mask")))
LENGTHS = (1, 2, 3)


def small() -> Iterator[Efasp]:
    """Mirror images (scores that all differ), and frequent tokens (scores that are all the same, then units)."""
    te, pe = tokens(BOOK), positions(Codebook.index(2))
    reverse, frequent = Efasp("reverse"), Efasp("frequent")
    reverse.let("reversed", gather(te.node, seq_max(pe.field("number")) - pe.field("number"), pe))
    frequent.let("above a third", relu(combine([(3, seq_mean(te.node))], -1)))
    yield from (reverse, frequent)


def miscounted(plans: list[Plan]) -> Iterator[Wrong]:
    """Sequences on which the serial machine does not compute as the plan, or takes other operations than ``work`` says."""
    mask = BOOK.token("mask")
    for plan in plans:
        for text in (t for length in LENGTHS for t in product(range(len(BOOK.kinds)), repeat=length)):
            machine, outputs = Serial(plan), plan.forward(text)
            got, after = Serial(plan).outputs(text), machine.step(text)
            predicted = BOOK.read(outputs)
            wanted = unmask(np.array(text), predicted, predicted != mask, mask).tolist()
            counts = work(plan.shape, plan.token.columns + plan.place.columns, len(text))
            if got != outputs.tolist() or after != wanted or machine.done != counts:
                yield {
                    "program": plan.name, "tokens": list(text), "expected": wanted, "got": after,
                    "read-out expected": str(outputs.tolist()), "read-out": str(got),
                    "operations expected": counts, "operations": dict(machine.done),
                }  # fmt: skip
