"""The known disagreements in the publications (D1 to D6 of ``claims.toml``), each with a check of its own: counted,
enumerated, or given to Z3.

The facts about the released code come from public summaries and reviews and are stated here; none of that code is included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np

from efasp.paper_artifacts.tables.model import Artifact, Cell, Check, Column
from efasp.process import g

MASK = "M"


def transformer_parameters(layers: int, d: int, ff: int, length: int, vocabulary: int, conditioning: int = 0) -> int:
    """Weights and biases of an encoder with time conditioning by scales and shifts (the usual diffusion transformer).

    Per layer: query, key, value and output projections, two feed-forward matrices with biases, and six conditioning vectors
    from one of width ``conditioning``; token and position tables, and a read-out with a last conditioning and bias.
    """
    block = 4 * d * d + 2 * d * ff + ff + d + 2 * d + 6 * (conditioning + 1) * d * (conditioning > 0)
    last = d * vocabulary + vocabulary + d + 2 * (conditioning + 1) * d * (conditioning > 0)
    return layers * block + (vocabulary + length) * d + last


def plain_parameters() -> int:
    """The stated Sudoku architecture: 6 layers, d = 256, feed-forward 1024, length 400, vocabulary 31; no conditioning."""
    return transformer_parameters(6, 256, 1024, 400, 31)


# g: Algorithm 1, the released verifier and a literal reading, on one position: a token (x, or M), y, and three bits.

Rule = Callable[[str, str, tuple[int, int, int]], tuple[str, ...]]


def algorithm_1(x: str, y: str, c: tuple[int, int, int]) -> tuple[str, ...]:
    """The tokens that the package's transition function g emits at one position, whose token is x, prediction y and control
    bits c."""
    codes = {MASK: 0, "x": 1, "y": 2}
    names = {code: name for name, code in codes.items()}
    out = g(np.array([codes[x]]), np.array([codes[y]]), np.array([c], dtype=bool), codes[MASK])
    return tuple(names[code] for code in out.tolist())


def released(x: str, y: str, c: tuple[int, int, int]) -> tuple[str, ...]:
    """The released verifier deletes any position whose bit is set."""
    return () if c[2] else algorithm_1(x, y, (c[0], c[1], 0))


def literal(x: str, y: str, c: tuple[int, int, int]) -> tuple[str, ...]:
    """A literal reading of insert . delete . remask: first remask, then delete a mask, then insert after the rest."""
    now = MASK if c[0] else y if x == MASK else x
    kept = () if c[2] and x == MASK else (now,)
    return (*kept, MASK) if c[1] else kept


def cases() -> Iterator[tuple[str, tuple[int, int, int]]]:
    """The 16 cases: is x a mask, and the three bits."""
    yield from product((MASK, "x"), product((0, 1), repeat=3))


def differing(rule: Rule) -> list[tuple[str, tuple[int, int, int]]]:
    """The cases on which a rule is not Algorithm 1, by enumeration."""
    return [(x, c) for x, c in cases() if rule(x, "y", c) != algorithm_1(x, "y", c)]


def counted_by_z3(rule: str) -> int:
    """The number of cases on which a rule is not Algorithm 1, counted by Z3: models of "the emitted sequences differ", both
    rules as formulas, one after the other."""
    import z3

    x, remask, insert, delete = bits = z3.Bools("x_is_mask c1 c2 c3")
    nothing, mask, old, new = map(z3.IntVal, (-1, 0, 1, 2))
    token = z3.If(remask, mask, z3.If(x, new, old))

    def emitted(kept: z3.BoolRef, inserted: z3.BoolRef) -> tuple[z3.ArithRef, z3.ArithRef]:
        """The first and the second token: that of the position if it is kept, and then the inserted mask."""
        first = z3.If(kept, token, z3.If(inserted, mask, nothing))
        return first, z3.If(z3.And(kept, inserted), mask, nothing)

    masks_only = z3.Not(z3.And(x, delete))
    rules = {
        "algorithm 1": emitted(masks_only, z3.And(masks_only, insert)),
        "released": emitted(z3.Not(delete), z3.And(z3.Not(delete), insert)),
        "literal": emitted(masks_only, insert),
    }
    solver, count = z3.Solver(), 0
    solver.add(z3.Or(*(a != b for a, b in zip(rules["algorithm 1"], rules[rule], strict=True))))
    while solver.check() == z3.sat:
        model = solver.model()
        solver.add(z3.Or(*(bit != model.eval(bit, model_completion=True) for bit in bits)))
        count += 1
    return count


# The parity rules: on the two tokens after the start token.

RULES = {"01": ("M1", "1"), "10": ("1M", "1"), "00": ("MM", ""), "11": ("MM", "")}


def reduced(bits: str) -> tuple[str, int]:
    """Apply the released parity rules as long as one applies: the remaining string, and the number of steps."""
    steps = 0
    while bits[:2] in RULES:
        steps += len(RULES[bits[:2]])
        bits = RULES[bits[:2]][1] + bits[2:]
    return bits, steps


def lone_zeros(longest: int = 6) -> list[str]:
    """The strings that end in a lone 0 where the empty string was expected."""
    every = ("".join(bits) for n in range(1, longest + 1) for bits in product("01", repeat=n))
    return [bits for bits in every if reduced(bits)[0] == "0"]


# The sampler.


def sampled(start: Sequence[str], predict: Callable[[int], str], end: str, fill: str) -> list[str]:
    """The released sampler as described: it starts from masks alone, stops at the first end token, fills leftover masks."""
    out = [MASK] * len(start)
    for place in range(len(out)):
        out[place] = predict(place)
        if out[place] == end:
            break
    return [fill if token == MASK else token for token in out]


def disagreements() -> Artifact:
    """The table of disagreements, a row each: the published statement, and the finding of the check."""
    plain = plain_parameters()
    narrow = 4 * (4 * 128 * 128 + 2 * 128 * 512)
    wrong, odd = differing(released), differing(literal)
    zeros = lone_zeros()
    worst = {n: max(reduced("".join(bits))[1] for bits in product("01", repeat=n)) for n in range(2, 9)}
    prompt = ["5", MASK, MASK]
    released_run = sampled(prompt, lambda place: "end" if place == 1 else "7", "end", "0")
    rows: list[dict[str, Cell]] = [
        {"id": "D1", "published": "1.2M parameters (Sudoku table); 6 layers, 4 heads, d = 256, feed-forward 1024",
         "here": f"{plain:,} without conditioning; the released 4 layers, d = 128 have {narrow:,} in their blocks alone",
         "how": "layer shapes"},
        {"id": "D2", "published": "three tokens a cell, 324 in all", "here": f"3 * 81 = {3 * 81}, 4 * 81 = {4 * 81}",
         "how": "arithmetic"},
        {"id": "D3", "published": "1,421.3 and 25,022.6 transitions a puzzle", "here": f"2,502,258 / 100 = {2_502_258 / 100}",
         "how": "arithmetic"},
        {"id": "D4", "published": "the verifier deletes any position; insert . delete . remask",
         "here": f"of 16 cases {len(wrong)} and {len(odd)} differ", "how": "enumeration of g; Z3"},
        {"id": "D5", "published": "parity rules for 01, 10, 00, 11", "here": f"{zeros[0]!r} and {zeros[1]!r} stop at a lone 0; "
         f"at length {max(worst)} the longest takes {worst[max(worst)]} steps", "how": "enumeration to length 8"},
        {"id": "D6", "published": "sampler: all masks, stops at the first end, fills masks",
         "here": f"prompt {' '.join(prompt)} gives {' '.join(released_run)}: prompt lost, the last mask filled",
         "how": "a witness"},
    ]  # fmt: skip
    checks = (
        Check("D1: the stated architecture has over 4 times 1.2M parameters, conditioning left out", plain > 4 * 1_200_000),
        Check("D1: the released configuration's blocks have at most its 1,035,426 parameters", narrow <= 1_035_426),
        Check("D2: 324 are four tokens a cell, and not three", 4 * 81 == 324 != 3 * 81),
        Check("D3: only 25,022.6 is the released puzzles' mean", round(2_502_258 / 100, 1) == 25_022.6 != 1421.3),
        Check("D4: the released verifier differs in 4 of 16 cases, by enumeration and by Z3",
              len(wrong) == counted_by_z3("released") == 4),
        Check("D4: the literal reading differs in 2 of 16 cases, by enumeration and by Z3",
              len(odd) == counted_by_z3("literal") == 2 and all(x == MASK and c[1:] == (1, 1) for x, c in odd)),
        Check("D5: a lone 0 stays", zeros[0] == "0" and reduced("0") == ("0", 0)),
        Check("D5: the worst case at lengths 2 to 8 is 2 (n - 1) steps", all(worst[n] == 2 * (n - 1) for n in worst)),
        Check("D6: the released sampler loses the prompt and fills a mask", released_run == ["7", "end", "0"]),
    )  # fmt: skip
    notes = (
        "D1: the released 1,035,426 also count embeddings, conditioning and read-out, whose widths are not known here; the "
        "blocks alone are recomputed. D6: the sampler is modelled from its description.",
    )
    columns = (Column("id", "id"), Column("published", "published"), Column("here", "found here"), Column("how", "how"))
    scope = "measured: each row by the method that its column how names"
    return Artifact("disagreements", "Disagreements in what was published", scope, columns, tuple(rows), checks, notes)
