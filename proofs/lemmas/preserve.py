"""Family preserve (claim T6): an any-process generator that carries out edits in place, and how hard their result is to name.

``efasp.preserve`` is the program. Here the runs of its compiled plan are compared with the model of lists in all cases of a
small size. For all sizes Rocq's kernel proves two bounds on PRESERVE (proofs/rocq/Preserve.v): an index that is followed from
the last edit to the first gives the answer, and counting ones is a special case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any

from efasp.model.lower import lower
from efasp.preserve import DELETE, MASK, SEPARATOR, Edit, edited, passes, preserve, prompt, string_of, vocabulary
from efasp.proofs.obligation import Batch, Obligation, Regime, exhaustive, lemma
from efasp.proofs.smtlib import Script, eq, implies, land, lnot

LETTERS, BITS = "abcd", 4
STRINGS, EDITS = ("", "ab"), 2  # strings that are edited, and the most edits
ADDRESSES = (0, 2)  # of edits of which the rule is tried, in strings of none or 2 letters
TRACKED = 3  # the most edits of lists whose letters are tracked
COUNTED = 6  # the most bits that are counted


def edit_lists(length: int, most: int, letters: str = "cd") -> Iterator[list[Edit]]:
    """Every list of up to so many edits of a string of that length; the i-th insertion is of the i-th letter, in turn."""
    yield []
    if most:
        inserts, deletes = [(letters[0], at) for at in range(length + 1)], [("", at) for at in range(length)]
        for first in inserts + deletes:
            rest = letters[1:] + letters[0] if first[0] else letters
            for others in edit_lists(length + (1 if first[0] else -1), most - 1, rest):
                yield [first, *others]


def cases(strings: Sequence[str], most: int) -> Iterator[tuple[str, list[Edit]]]:
    """Every string with every list of edits."""
    for string in strings:
        for edits in edit_lists(len(string), most):
            yield string, edits


def misedited(strings: Sequence[str] = STRINGS, most: int = EDITS) -> Iterator[dict[str, Any]]:
    """Runs that end in another string, take another number of passes, or more than two tokens beyond the prompt."""
    plan = lower(preserve(LETTERS, BITS))
    for string, edits in cases(strings, most):
        ids = prompt(LETTERS, BITS, string, edits)
        run = [ids, *(x.tolist() for x in passes(LETTERS, BITS, ids, plan.forward))]
        wanted = "".join(edited(string, edits)), len(edits) + 2 if edits else 0
        result = string_of(LETTERS, BITS, run[-1]), len(run) - 1
        if result != wanted or max(map(len, run)) > len(ids) + 2:
            case = {"string": string, "edits": str(edits), "context": max(map(len, run))}
            yield {**case, "expected": f"{wanted}, at most {len(ids) + 2} tokens", "got": str(result)}


# The rule, in the terms of tokens: what the theorem about runs (proofs/rocq/PreserveRun.v) speaks of.

Named = tuple[str, int]  # a token's kind, and the position that an edit carries (0 for any other)


def rule(names: Sequence[Named], at: int) -> tuple[str, tuple[int, int, int]]:
    """The token that a position predicts, and its bits remask, insert, delete, for a sequence with one separator."""
    start = next(i for i, (kind, _) in enumerate(names) if kind == SEPARATOR)
    edits = [i for i, (kind, _) in enumerate(names) if kind.startswith(("ins ", DELETE))]
    masks = [i for i, (kind, _) in enumerate(names) if kind == MASK and i > start]
    first = names[edits[0]] if edits else None
    begun = bool(masks and first)
    begins = first if not begun else names[edits[1]] if len(edits) > 1 else None
    vanishing = begun and first is not None and first[0] == DELETE
    here = remask = insert = False
    if begins is not None:
        address = start + begins[1] + (begins[0] == DELETE)
        here = at == address + (vanishing and masks[0] <= address)
        remask, insert = here and begins[0] == DELETE, here and begins[0] != DELETE
    remask = remask or (bool(masks) and edits[:1] == [at])
    kind = names[at][0]
    delete = kind == MASK and (at <= start or vanishing)
    if kind != MASK:
        return kind, (int(remask), int(insert), int(delete))
    inserted = first is not None and first[0] != DELETE and at > start
    return first[0].removeprefix("ins ") if inserted and first else SEPARATOR, (int(remask), int(insert), int(delete))


def shapes() -> Iterator[list[Named]]:
    """Sequences of a run: a mask or none, up to two edits, the separator, and a string, with a mask or none if edits are there.

    Addresses may lie outside the string.
    """
    edits = [(kind, at) for kind in ("ins c", DELETE) for at in ADDRESSES]
    strings = [*map(list, STRINGS)]
    opened = [[*string[:i], MASK, *string[i:]] for string in strings for i in range(len(string) + 1)]
    for gone, listed in product((0, 1), ((), *((e,) for e in edits), *product(edits, repeat=2))):
        for string in strings + (opened if listed else []):
            yield [*[(MASK, 0)] * gone, *listed, (SEPARATOR, 0), *((kind, 0) for kind in string)]


def unruly() -> Iterator[dict[str, Any]]:
    """Positions at which the compiled plan's read-out departs from the rule."""
    plan, book = lower(preserve(LETTERS, BITS)), vocabulary(LETTERS, BITS)
    for names in shapes():
        outputs = plan.forward([book.token(*name) for name in names])
        for at, row in enumerate(outputs.tolist()):
            kind, bits = rule(names, at)
            flags = [int(each.name == kind) for each in book.kinds]
            if row[: len(flags)] != flags or tuple(row[-3:]) != bits:
                yield {"sequence": str(names), "position": at, "expected": f"{kind}, {bits}", "got": str(row)}


def followed(edits: Sequence[Edit], at: int) -> str | int:
    """The letter that an edit put at an index, or the index in the string before all edits: one counter, edit by edit."""
    for letter, place in reversed(edits):
        if letter and at == place:
            return letter
        at = at - (at > place) if letter else at + (at >= place)
    return at


def mistracked() -> Iterator[dict[str, Any]]:
    """Indices at which following the edits back gives another letter than carrying them out."""
    for string, edits in cases(("", "a", "ab"), TRACKED):
        for at, letter in enumerate(edited(string, edits)):
            found = followed(edits, at)
            if letter != (found if isinstance(found, str) else string[found : found + 1]):
                yield {"string": string, "edits": str(edits), "index": at, "expected": letter, "got": str(found)}


def counting(bits: Sequence[int]) -> list[Edit]:
    """Edits of the string ``b`` after which b stands at index k exactly if there are k ones: each edit is made of one bit."""
    return [("a", 0 if bit else number + 1) for number, bit in enumerate(bits)]


def miscounted() -> Iterator[dict[str, Any]]:
    """Bits after whose edits b does not stand where their number says."""
    for length in range(COUNTED + 1):
        for bits in product((0, 1), repeat=length):
            string = "".join(edited("b", counting(bits)))
            if string.index("b") != sum(bits):
                yield {"bits": str(bits), "got": string}


PARITY = "parity is not in AC0 (cited: Furst, Saxe and Sipser 1984)"
UNIQUE = "transformers of constant depth with unique hard attention are in AC0 (Hao, Angluin and Frank, arXiv 2204.06618)"


def no_model(regime: Regime) -> Iterator[Obligation]:
    """That no transformer of constant depth with unique hard attention names the letters, given the cited results."""
    script = Script("QF_UF")
    for name, note in (
        ("transformer", "the model is one of constant depth with unique hard attention"),
        ("right", "it names the letter at an index, from the log of edits"),
        ("model_in", "what it names is a predicate in AC0"),
        ("preserve_in", "PRESERVE is in AC0"),
        ("exactly_in", "whether there are exactly k ones is in AC0"),
        ("parity_in", "parity is in AC0"),
    ):
        script.declare(name, "Bool", note)
    script.definition(implies("right", eq("model_in", "preserve_in")), "the two predicates are the same")
    script.definition(implies("preserve_in", "exactly_in"), "preserve.counting: an edit is made of one bit and its number")
    script.definition(implies("exactly_in", "parity_in"), "an odd number of ones: exactly k, for some odd k")
    script.assumed(lnot("parity_in"), PARITY)
    script.assumed(implies("transformer", "model_in"), UNIQUE)
    goal = lnot(land("transformer", "right"))
    yield script.obligation("preserve.autoregressive", "T6", {}, "all n", regime.all_n, goal)


@lemma
def small(regime: Regime) -> Iterator[Batch]:
    """The program's runs, the bound by one counter, and counting, in all cases of a small size; and what follows (cited)."""
    lists = len(list(cases(STRINGS, EDITS)))
    tracked = len(list(cases(("", "a", "ab"), TRACKED)))
    parts: tuple[tuple[str, int, Callable[[], Iterator[dict[str, Any]]], str], ...] = (
        (
            "preserve.rule",
            len(list(shapes())),
            unruly,
            "exhaustive: a mask or none, up to 2 edits, none or 2 letters and a mask or none",
        ),
        ("preserve.edits", lists, misedited, f"exhaustive: strings of none or 2 letters, up to {EDITS} edits"),
        ("preserve.tracking", tracked, mistracked, f"exhaustive: strings of up to 2 letters, up to {TRACKED} edits"),
        ("preserve.counting", (2 << COUNTED) - 1, miscounted, f"exhaustive: up to {COUNTED} bits"),
    )
    for name, count, failures, scope in parts:
        discharge = exhaustive(count, failures)
        obligation = Obligation(name, "T6", {}, scope, regime.all_n, "exhaustive", f"{name}: {count} cases", discharge)
        yield Batch((name,), {}, partial(iter, [obligation]))
    yield Batch(("preserve.autoregressive",), {}, partial(no_model, regime))
