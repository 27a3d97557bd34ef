"""Codes of a codebook for all payloads at once: how far they are apart, and that they are read back.

``Codebook.codes`` and ``Codebook.read`` are run on items whose payloads' bits are symbols (``proofs.symbolic.bit_integers``),
one item a kind. The results, coordinate by coordinate, give bounds that hold for any two items: of two kinds, or of one
kind with payloads that differ in at least one bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from efasp.affine_forms import Form
from efasp.codebook import Codebook
from efasp.proofs.obligation import Verdict
from efasp.proofs.smtlib import FALSE, TRUE, Term, num, parse
from efasp.proofs.smtlib import evaluate as value_of
from efasp.proofs.symbolic.bit_integers import Bit, Numeral, Undecided
from efasp.proofs.symbolic.sampler_decisions import READ_OUT

DISTANCE, GAP = 2, 1  # the least distance of two codes; the least lead of the right token where a code is read
Item = tuple[int, ...]  # a row of the codebook


def carriers(book: Codebook, payload: str) -> list[str]:
    """The names of the kinds that carry a payload."""
    return [kind.name for kind in book.kinds if payload in kind.payloads]


class Codes:
    """The codes of one item of each kind, on symbols. ``low``, ``high``: the bounds of every coordinate (kinds, width);
    ``ends``: its values for the two values of its bit (2, kinds, width), where it has one; ``bits``: that bit."""

    def __init__(self, book: Codebook) -> None:
        self.book, size = book, dict(book.payloads)
        payloads: list[Any] = [{name: Numeral.of(name, size[name]) for name in kind.payloads} for kind in book.kinds]
        rows = [book.row(kind.name, **given) for kind, given in zip(book.kinds, payloads, strict=True)]
        self.codes = book.codes(np.array(rows, dtype=object))
        forms = [
            [c if isinstance(c, Numeral) else Numeral(Form(constant=int(c))) for c in code] for code in self.codes.tolist()
        ]
        self.low, self.high = (np.array([[form.bounds[i] for form in code] for code in forms], dtype=object) for i in (0, 1))
        self.bits: list[list[Bit | None]] = [
            [next(iter(form.terms)) if len(form.terms) == 1 else None for form in code] for code in forms
        ]
        self.single = all(len(form.terms) <= 1 for code in forms for form in code)
        self.ends = np.array([[[_at(form, end) for form in code] for code in forms] for end in (0, 1)], dtype=object)

    @cached_property
    def own(self) -> list[list[list[int]]]:
        """For each kind, for each bit of its payloads, the coordinates that rest on that bit alone."""
        out = []
        for kind, bits in zip(self.book.kinds, self.bits, strict=True):
            names = [(name, place) for name in kind.payloads for place in range(self.book.bits[name])]
            by_bit: dict[Bit, list[int]] = {name: [] for name in names}
            for coordinate, bit in enumerate(bits):
                if bit in by_bit:
                    by_bit[bit].append(coordinate)
            out.append(list(by_bit.values()))
        return out

    def distance(self) -> int:
        """A lower bound of the distance of the codes of any two items."""
        bounds = []
        for kind, coordinates in enumerate(self.own):
            apart = np.maximum(self.low - self.high[kind], self.low[kind] - self.high)
            bounds += np.delete(np.maximum(apart, 0).sum(axis=1), kind).tolist()
            steps = abs(self.ends[1, kind] - self.ends[0, kind])
            bounds += [sum(steps[c] for c in own) for own in coordinates]
        return int(min(bounds, default=DISTANCE))

    def gap(self) -> int:
        """A lower bound of <c, c> - <c, d> over the codes c and d of any two items. Raises Undecided for numbers in codes."""
        if not self.single:
            raise Undecided("a coordinate that rests on several bits")
        bounds = []
        for kind, coordinates in enumerate(self.own):
            leads = [c * (c - self.ends[other]) for c in self.ends[:, kind] for other in (0, 1)]
            bounds += np.delete(np.minimum.reduce(leads).sum(axis=1), kind).tolist()
            zero, one = self.ends[:, kind]
            differ = np.minimum(zero * (zero - one), one * (one - zero))
            rest = np.minimum(differ, 0)
            bounds += [rest.sum() + sum(differ[c] - rest[c] for c in own) for own in coordinates]
        return int(min(bounds, default=GAP))

    def read_back(self) -> bool:
        """Whether every code is read as its item's token, for all payloads."""
        book, out = self.book, []
        for kind, found in zip(book.kinds, book.read(self.codes).tolist(), strict=True):
            token = book.token(kind.name, *(Numeral.of(name, book.bits[name]) for name in kind.payloads))  # type: ignore[arg-type]
            out.append((Numeral(Form()) + found).same(token))
        return all(out)


@lru_cache(maxsize=2)
def codes_of(book: Codebook) -> Codes:
    """The codes of a codebook, made once for the obligations that follow each other."""
    return Codes(book)


def _at(form: Numeral, end: int) -> int:
    """Its value where all its bits are ``end``."""
    return form.constant + (sum(form.terms.values()) if end else 0)


# With plain numbers.


def code_of(book: Codebook, item: tuple[int, Mapping[str, Any]]) -> list[Any]:
    """The code of an item (its kind's number, its payloads): the kind's flag, 1, and every field as it is encoded, or zeros.
    Payloads that are arrays of integers give arrays."""
    number, payloads = item
    out = [int(at == number) for at in range(len(book.kinds))] + [1]
    for field in book.fields:
        bits = book.bits[field.payload]
        if field.payload not in payloads:
            out += [0] * (bits if field.encode == "signs" else 1)
            continue
        value = payloads[field.payload] + field.shift
        if field.encode == "signs":
            out += [2 * (value % (1 << i + 1) >= 1 << i) - 1 for i in range(bits)]
        else:
            out.append(value if field.encode == "number" else value**2)
    return out


def row(book: Codebook, kind: str, value: int) -> Item:
    """The row of a kind with one payload at most; empty for an unknown kind."""
    if kind not in book.kind_index:
        return ()
    carried = book.kinds[book.kind_index[kind]].payloads
    return (book.kind_index[kind], *(value if name in carried else 0 for name, _ in book.payloads))


def telling(book: Codebook, few: bool = False) -> list[Item]:
    """Items on which a mistake shows: of every kind the first, the last and (unless ``few``) those of one bit."""
    positions = set()
    for kind in book.kinds:
        tops = {name: (1 << book.bits[name]) - 1 for name in kind.payloads}
        positions |= {book.row(kind.name, **dict.fromkeys(tops, 0)), book.row(kind.name, **tops)}
        for name in () if few else tops:
            for place in range(book.bits[name]):
                positions.add(book.row(kind.name, **{**dict.fromkeys(tops, 0), name: 1 << place}))
    return sorted(positions)


def distance_failures(book: Codebook, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """Pairs of items whose codes are nearer than 2 in the sum of absolute differences."""
    codes = book.codes(np.array(items, dtype=object))
    codes = codes if codes.dtype != object or abs(codes).max() >= 1 << 62 else codes.astype(np.int64)
    for number, code in enumerate(codes[:-1]):
        distances = abs(codes[number + 1 :] - code).sum(axis=1)
        if (least := distances.min()) < DISTANCE:
            other = number + 1 + int(distances.argmin())
            yield {"items": [list(items[number]), list(items[other])], "distance": int(least)}


def readout_failures(book: Codebook, items: Sequence[Item]) -> Iterator[dict[str, Any]]:
    """Items whose code is read as another token, or not as ``sampler_decisions.READ_OUT`` says of its flags and signs, or whose
    <code, code> does not lead every other's by the gap."""
    tokens = [book.token(book.kinds[item[0]].name, sum(item[1:])) for item in items]
    codes = book.codes(book.rows(tokens)).astype(np.int64)
    read, products = book.read(codes), codes @ codes.T
    for number, token in enumerate(tokens):
        others = np.delete(products[number], number)
        lead = int(products[number, number] - others.max()) if len(others) else GAP
        if read[number] != token or lead < GAP or not read_as_cited(book, codes[number].tolist(), int(read[number])):
            yield {"token": token, "read": int(read[number]), "lead": lead}


def read_as_cited(book: Codebook, code: Sequence[int], token: int) -> bool:
    """Whether a code is read as lemmas about the read-out assume: by its flags, and by the signs of its words."""
    kind, value = book.split(token)

    def out(name: str) -> Term:
        name = name.removeprefix("out.")
        places = book.slots.get(name) or book.slots[{"register": "reg_bits"}.get(name, name.replace("op.", "op:"))]
        signs = [code[place] for place in places]
        return num(signs[0]) if len(signs) == 1 else num(sum(1 << i for i, sign in enumerate(signs) if sign > 0))

    said = READ_OUT(book, out, lambda what, name: num(value) if what == "payload" else TRUE if name == kind else FALSE)
    return bool(value_of(parse(said)[0], {}))


def discharged(
    book: Codebook, shown: Callable[[Codes], bool], failures: Callable[[Codebook, Sequence[Item]], Iterator[dict[str, Any]]]
) -> Verdict:
    """Proved if it holds for all payloads, and holds on some plain items too; refuted by an item that fails."""
    try:
        right, reason = shown(codes_of(book)), "not shown for all payloads"
    except Undecided as error:
        right, reason = False, f"undecided: {error}"
    case = next(failures(book, telling(book, few=right)), None)
    if case is not None:
        return Verdict("refuted", "numpy", {"codebook": book.name, **case})
    if not right:
        return Verdict("unknown", f"{reason}, and none of the items tried fails")
    return Verdict("proved", "linear forms over the bits of all payloads, coordinate by coordinate")
