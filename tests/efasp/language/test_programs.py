"""The programs of the folder examples: each against an oracle that shares no code with it, exactly and in torch."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import accumulate, pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from efasp.evaluate import place_rows
from efasp.language.module import Module
from efasp.language.printer import write
from efasp.language.program import parse, parse_file
from efasp.language.runs import run
from efasp.language.specification import failures, required
from efasp.model.lower import lower
from efasp.model.rounding import chosen, doubtful
from efasp.model.transformer import Transformer
from tests.pages import ROOT, tables

FOLDER = ROOT / "examples"
FILES = sorted(FOLDER.glob("*.efasp"))
PAGE = ROOT / "docs" / "language.md"


def dyck(text: str, pairs: str) -> bool:
    """Whether each kind of bracket is balanced by itself."""
    for opens, closes in zip(pairs[::2], pairs[1::2], strict=True):
        heights = list(accumulate((c == opens) - (c == closes) for c in text))
        if heights[-1] or min(heights) < 0:
            return False
    return True


def nested(text: str, most: int) -> bool:
    """Whether brackets of two kinds are balanced, at most so many deep."""
    stack: list[str] = []
    for letter in text:
        if letter in "([":
            stack.append(letter)
        elif not stack or stack.pop() + letter not in ("()", "[]"):
            return False
        if len(stack) > most:
            return False
    return not stack


def successor(text: str) -> list[str]:
    """A binary number plus 1, the lowest digit first, as many digits."""
    value = int(text[::-1], 2) + 1
    return [str(value >> place & 1) for place in range(len(text))]


def sums(text: str) -> list[int]:
    """The digits of the sum of two numbers whose digits add up to those of the text."""
    value = sum(int(digit) << place for place, digit in enumerate(text))
    return [value >> place & 1 for place in range(len(text))]


def followers(text: str) -> list[str]:
    """The letter after the most recent earlier occurrence."""
    places = (text.rfind(letter, 0, i) for i, letter in enumerate(text))
    return ["^" if j < 0 else text[j + 1] for j in places]


def constant(value: Any, text: str) -> list[Any]:
    """The same at every letter."""
    return [int(value) if isinstance(value, bool) else value] * len(text)


def histogram(items: Any) -> list[int]:
    """How often each item occurs."""
    listed = list(items)
    return [Counter(listed)[item] for item in listed]


def commonest(text: str) -> str:
    """The most frequent letter, of several the first in the alphabet."""
    return min(set(text), key=lambda letter: (-text.count(letter), letter))


ORACLES: dict[str, Callable[[str], list[Any]]] = {
    "add": sums,
    "bigrams": lambda t: [1, *histogram(pairwise(t))],
    "contains": lambda t: constant("c" in t, t),
    "double_histogram": lambda t: histogram(histogram(t)),
    "dyck1": lambda t: constant(dyck(t, "()"), t),
    "dyck2": lambda t: constant(nested(t, 3), t),
    "first": lambda t: constant(t[0], t),
    "fraction": lambda t: [Fraction(t[: i + 1].count("a"), i + 1) for i in range(len(t))],
    "histogram": histogram,
    "induction": followers,
    "last": lambda t: constant(t[-1], t),
    "length": lambda t: constant(len(t), t),
    "majority": lambda t: constant(t.count("1") > t.count("0"), t),
    "most_frequent": lambda t: constant(commonest(t), t),
    "pair_balance": lambda t: [Fraction(t[: i + 1].count("(") - t[: i + 1].count(")"), i + 1) for i in range(len(t))],
    "palindrome": lambda t: constant(t == t[::-1], t),
    "parity": lambda t: constant(t.count("1") % 2, t),
    "prefix_count": lambda t: [t[: i + 1].count("a") for i in range(len(t))],
    "previous": lambda t: [0, *(int(a == b) for a, b in pairwise(t))],
    "reverse": lambda t: list(t[::-1]),
    "rotate": lambda t: list(t[1:] + t[0]),
    "seen": lambda t: [int(letter in t[:i]) for i, letter in enumerate(t)],
    "shift": lambda t: list("^" + t[:-1]),
    "shift_left": lambda t: [t[min(i + 2, len(t) - 1)] for i in range(len(t))],
    "shuffle_dyck": lambda t: constant(dyck(t, "()[]"), t),
    "sort": lambda t: sorted(t),
    "sort_unique": lambda t: (sorted(set(t)) + ["^"] * len(t))[: len(t)],
    "sorted": lambda t: constant(t == "".join(sorted(t)), t),
    "successor": successor,
}


def texts(name: str, letters: tuple[str, ...], longest: int) -> list[str]:
    """Short texts, some of a few lengths up to the longest, and some with structure."""
    random = Random(name)
    lengths = [1, 2, 3, min(6, longest), min(11, longest), min(longest, 40)]
    out = ["".join(random.choices(letters, k=n)) for n in lengths]
    out += ["".join(random.choices(letters[:2], k=min(longest, 9))), letters[0] * min(longest, 12)]
    if "(" in letters:
        out += ["()", "(())()", ")(", "(()"]
    return [*out, "[(])", "[([])]", "[([[]])]", "[([])](["] if "[" in letters else out


def compiled(module: Module) -> Transformer:
    """The transformer of a program, in the dtype that is chosen for it."""
    plan = lower(module.program)
    return Transformer.of(plan, chosen(module, plan))


def test_every_program_has_an_oracle() -> None:
    """And every oracle a program; there are at least 25."""
    assert sorted(ORACLES) == [file.stem for file in FILES] and len(FILES) >= 25


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_program(file: Path) -> None:
    """Exact evaluation, every value of its sort, and the transformer in torch give what the oracle says; ``ensures`` holds."""
    module, oracle = parse_file(file), ORACLES[file.stem]
    assert module.ensures and module.program.name == file.stem
    assert parse(write(module)).program.output is module.program.output
    transformer = compiled(module)
    for number, text in enumerate(texts(file.stem, module.letters, min(module.longest or 99, 60))):
        found = run(module, text, check=True)
        assert list(found.values[found.output]) == oracle(text), text
        assert not required(module.requires, list(text)) or failures(module.ensures, found) is None
        if number % 2 == 0:
            in_torch(module, transformer, text)


def in_torch(module: Module, transformer: Transformer, text: str) -> None:
    """The transformer's read-outs on a text are the oracle's values: fractions within 1e-6, others within 1e-3."""
    ids, wanted = module.encode(text), ORACLES[module.program.name](text)
    read = transformer.outputs(np.array(ids), place_rows(None, len(ids))).astype(np.float64)
    if any(isinstance(value, Fraction) for value in wanted):
        assert np.abs(read[module.skipped :, 0] - np.array(wanted, dtype=float)).max() < 1e-6, text
    else:
        shown = read[module.skipped :]
        assert module.decode(np.rint(read)) == wanted and np.abs(shown - np.rint(shown)).max() < 1e-3, text


def enlarged(text: str, bits: int = 9) -> str:
    """The text of a program for 2^bits places, where it has fewer than half of them.

    Numbers outside of quotes that are the number of places, twice it, or one less, are those of more places. Two programs
    write out what grows: the terms of parity, and the counts of dyck2.
    """
    size, found = 1 << bits, re.search(r"^places (\d+)$", text, re.MULTILINE)
    if found is None or 4 << int(found[1]) > size:
        return text
    old = 1 << int(found[1])
    new = {old - 1: size - 1, old: size, 2 * old: 2 * size}
    parts = text.split('"')
    parts[::2] = [re.sub(r"(?<!\w)\d+", lambda m: str(new.get(int(m[0]), m[0])), part) for part in parts[::2]]
    text = re.sub(r"^places \d+$", f"places {bits}", '"'.join(parts), flags=re.MULTILINE)
    terms = "".join(f" {'+-'[k % 2]} steps[{k}]" for k in range(1, size - 1))
    text = re.sub(r"let odd = .* :", f"let odd = steps[0]{terms} :", text)
    counts = [f"let count{2 * k} = count{k} + back(count{k}, {k}) : Int(0, {2 * k})" for k in (1 << i for i in range(bits))]
    text = re.sub(r"let two.*\n", "\n".join(["let count1 = opening", *counts, ""]), text)
    return re.sub(r"let four.*\n(.*)\(four .*?\)\)", rf"\1count{size}", text)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_length_in_torch(file: Path) -> None:
    """Texts of every length up to 256, or 255 after a start token, with more places where the program has too few: of all
    letters, and of two. Where no dtype is known to carry so many, it is float64."""
    module, random = parse(enlarged(file.read_text(encoding="utf-8"))), Random(file.stem)
    plan = lower(module.program)
    dtype = chosen(module, plan)
    transformer = Transformer.of(plan, "float64" if doubtful(module, plan, dtype) else dtype)
    longest = min(module.longest or 256, 256)
    assert longest >= 255
    for n in range(1, longest + 1):
        for letters in (module.letters, module.letters[:2]):
            in_torch(module, transformer, "".join(random.choices(letters, k=n)))


def test_a_wrong_program_is_found() -> None:
    """The oracles and the specifications tell a changed program from the right one."""
    text = (FOLDER / "induction.efasp").read_text()
    for old, new in [("k + 1", "k"), ("16*TE", "80*TE"), ("PE.number + 1", "PE.number")]:
        assert old in text
        module = parse(text.replace(old, new, 1))
        found = run(module, "abcab")
        assert list(found.values[found.output]) != followers("abcab") and failures(module.ensures, found) is not None


def test_the_table_of_the_page() -> None:
    """It lists every program with the first line of its file, its places, layers and width."""
    (table,) = tables(PAGE, "Programs")
    rows = []
    for file in FILES:
        module, first = parse_file(file), file.read_text().splitlines()[0]
        plan = lower(module.program)
        longest = str(module.longest) if module.longest else "any"
        what = re.sub(r"[:,;.].*", "", first.removeprefix("# "))
        rows.append([f"`{file.stem}`", what, longest, str(len(plan.layers)), str(plan.width)])
    assert [list(row) for row in table[1:]] == rows
