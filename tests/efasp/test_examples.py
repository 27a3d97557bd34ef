"""The example programs against their oracles, by exact evaluation."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from random import Random

import numpy as np
import pytest

from efasp.evaluate import evaluate
from efasp.exact import scores
from efasp.examples import EXAMPLES, LONGEST, Example, run_exact
from efasp.graphs import depth
from efasp.syntax import Affine, Attention, Node, walk

named = pytest.mark.parametrize("example", EXAMPLES.values(), ids=list(EXAMPLES))


LARGE = "histogram"  # of a thousand units: longer texts are slow
sizes = pytest.mark.parametrize(
    ("example", "long"),
    [
        pytest.param(example, long, id=f"{name}-{words}", marks=[pytest.mark.slow] * (long and name == LARGE))
        for name, example in EXAMPLES.items()
        for long, words in ((False, "short"), (True, "long"))
    ],
)


def texts(example: Example, random: Random, long: bool) -> list[str]:
    """Short texts and random ones up to 32 symbols; or random ones up to 300 symbols, and ones with structure."""
    if long:
        lengths = [33] if example.name == LARGE else [64, 100, 255, 300]
        drawn = ["".join(random.choices(example.alphabet, k=n)) for n in lengths]
        return [*drawn, example.alphabet[0] * 257, example.alphabet * 60]
    short = ["".join(text) for n in range(1, 4) for text in product(example.alphabet, repeat=n)]
    drawn = ["".join(random.choices(example.alphabet, k=n)) for n in (7, 8, 9, 31, 32)]
    return [*short[:: 20 if example.name == LARGE else 1], *drawn]


def balanced(n: int, random: Random) -> str:
    """A random balanced text of 2n brackets."""
    out, height, left = "", 0, n
    while left or height:
        opens = bool(left) and (not height or random.random() < 0.5)
        out += "(" if opens else ")"
        height, left = height + (1 if opens else -1), left - opens
    return out


@sizes
def test_oracle(example: Example, long: bool) -> None:
    """The exact answer is the oracle's."""
    for text in texts(example, Random(7), long):
        assert run_exact(example, text) == example.oracle(text), text


def test_dyck1_both_ways() -> None:
    """Balanced texts of many lengths are members; with one bracket turned, or two exchanged across, they are not."""
    example, random = EXAMPLES["dyck1"], Random(5)
    for n in (1, 2, 5, 50, LONGEST // 2):
        text = balanced(n, random)
        assert run_exact(example, text) == "1" == example.oracle(text)
        i = random.randrange(2 * n)
        turned = text[:i] + ("(" if text[i] == ")" else ")") + text[i + 1 :]
        assert run_exact(example, turned) == "0" == example.oracle(turned)
        assert run_exact(example, f"){text}(") == "0"


@pytest.mark.parametrize("name", ["parity", "dyck1"])
def test_empty(name: str) -> None:
    """The empty text has even parity and is balanced."""
    assert run_exact(EXAMPLES[name], "") == EXAMPLES[name].oracle("")


@pytest.mark.parametrize(("name", "text"), [("parity", "1" * 300), ("dyck1", "(" * 150 + ")" * 150)])
def test_passes_are_logarithmic(name: str, text: str) -> None:
    """Repeated decoding halves the text: it is at rest after log n passes."""
    example = EXAMPLES[name]
    ids, passes = example.encode(text), 0
    while True:
        (output,) = evaluate(example.program.output, tokens=ids)
        following = example.vocabulary.read(output).tolist()
        if following == ids:
            break
        ids, passes = following, passes + 1
    assert passes == 9


@named
def test_outputs_are_codes(example: Example) -> None:
    """Every value is of its sort; outputs are codes of the vocabulary, and the read-out has a margin."""
    random, book = Random(3), example.vocabulary
    ids = example.encode("".join(random.choices(example.alphabet, k=20)))
    (output,) = evaluate(example.program.output, tokens=ids, check=True)
    assert output.shape == (len(ids), book.width)
    exact = book.codes(book.rows(book.read(output)))
    assert (output == exact).all()
    noise = np.random.default_rng(0).uniform(-0.4, 0.4, output.shape)
    assert (book.read(output.astype(float) + noise) == book.read(output)).all()


def perturbed(example: Example, ids: list[int], size: Fraction) -> np.ndarray:
    """The output in which every mean over several positions is wrong by a relative error."""
    random = np.random.default_rng(1)
    values: dict[Node, np.ndarray] = {}
    for node in walk(example.program.output):
        if isinstance(node, Attention):
            (exact,) = evaluate(node, tokens=ids, values=values)
            if exact.dtype == object:
                values[node] = exact * np.array(1 + random.integers(-1, 2, exact.shape).astype(object) * size)
    return evaluate(example.program.output, tokens=ids, values=values)[0]


@sizes
def test_rounded_means(example: Example, long: bool) -> None:
    """A relative error of float32's size in every mean changes no token."""
    n = 40 if long else 5
    ids = example.encode("".join(Random(n).choices(example.alphabet, k=n)))
    exact = example.vocabulary.read(evaluate(example.program.output, tokens=ids)[0])
    rough = perturbed(example, ids, Fraction(1, 1 << 21))
    assert (example.vocabulary.read(rough) == exact).all()


@sizes
def test_scores_are_small(example: Example, long: bool) -> None:
    """Every attention score is an integer below 2^24 in size, at the longest text, and at one of a sixteenth of its length."""
    random = Random(2)
    ids = example.encode("".join(random.choices(example.alphabet, k=LONGEST if long else LONGEST // 16)))
    heads = [node for node in walk(example.program.output) if isinstance(node, Attention)]
    for head in heads:
        q, k = evaluate(head.q, head.k, tokens=ids)
        assert q.dtype == k.dtype == np.int64
        assert int(scores(np.abs(q), np.abs(k)).max()) < 1 << 24


@named
def test_shape(example: Example) -> None:
    """A program is short: few definitions, a constant depth; its output has the vocabulary's width."""
    output = example.program.output
    assert output.width == example.vocabulary.width and example.places.bits["index"] == 10
    heads, units = depth(output)
    assert heads <= 2 and units <= 4 and len(example.program.definitions) <= 9
    assert example.name in EXAMPLES and example.description
    rows = [row for node in walk(output) if isinstance(node, Affine) for row in node.rows]
    assert all(-(1 << 24) < c < 1 << 24 for row in rows for _, c in row)
