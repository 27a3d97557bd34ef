"""Family encoding (claim B), codebooks: the kinds, payloads and fields of tokens and places, of every width, as tables.

The tables are written out here and are not made by the construction. ``efasp.tokens.vocabulary`` and the place codebooks are
run with the width as a symbol, and at every width with plain numbers, and must give them; so a lemma that is shown with the
kinds of one width stands for every width. The clock of the log is checked likewise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np

from efasp.codebook import Codebook, Field, Kind
from efasp.encoding import CellLayout, LogLayout, cell_places, clock_bits, log_places, vocabulary
from efasp.pram.isa import EXTENSIONS
from efasp.proofs.lemmas.encoding_places import CLOCK, first_width, ways
from efasp.proofs.obligation import Obligation, Verdict
from efasp.proofs.smtlib import Script, Term, eq, land
from efasp.proofs.symbolic.codes import Item, code_of, row, telling
from efasp.proofs.symbolic.machine import SIZE, of, same, word
from efasp.sorts import Flag, Int, Signs, Sort, Vector

# Kinds with the payloads that they carry, in the order of their numbers.
WORDS = ("word", "halted", "load", "store", "pc")
OPS = "halt mov add sub and or xor shl shr slt seq ld st jmp jz jnz pid nproc"
MORE = {"": "", "M": " mul shlx shrx"}
PROMPT = {"bos": "", "nproc": "", "op": "index", "rd": "index", "ra": "index", "x": "index"}
LOG = PROMPT | {"memory": "index", "counter": "index time", "target": "index time", "value": "index time"}
CELLS = PROMPT | {"memory": "index slot", "register": "index register slot", "counter": "index slot"}
NAMES = ("tokens", "log places", "cell places", "positions")
SIDES = {"tokens": "te", "log places": "pe", "cell places": "pe", "positions": "positions"}  # the side of a position
WIDE = (30, 31, 32, 62, 63, 64, 70)  # bits of positions at which numbers and squares come to need more than int64


def table(name: str, width: Any, extension: str = "", clock: Any = 0) -> Codebook:
    """The codebook of a name. ``clock``: the bits of a time, of places of the log."""
    if name == "tokens":
        kinds = dict.fromkeys(WORDS, "word") | {"reg": "reg", "none": "", "mask": "", "bos": ""}
        kinds |= {f"op:{op}": "" for op in (OPS + MORE[extension]).split()}
        return made("token", kinds, {"word": width, "reg": 3}, ("word_bits", "word"), ("reg_bits", "reg"))
    if name == "cell places":
        fields = (("index_bits", "index"), ("register_bits", "register"), ("slot_bits", "slot"))
        return made("place", CELLS, {"index": width, "register": 3, "slot": 1}, *fields)
    if name == "positions":
        numbers = (("bits", "index"), ("number", "index", "number"), ("square", "index", "square"))
        return made("position", {"at": "index"}, {"index": width}, *numbers)
    times: tuple[Any, ...] = (("time_bits", "time"), ("prev_bits", "time", "signs", -1), ("clock", "time", "number"))
    return made("place", LOG, {"index": width, "time": clock}, ("index_bits", "index"), *times)


def made(name: str, kinds: dict[str, str], bits: dict[str, Any], *fields: Any) -> Codebook:
    """A codebook from its table."""
    rows = tuple(Kind(kind, tuple(payloads.split())) for kind, payloads in kinds.items())
    return Codebook(name, rows, tuple(bits.items()), tuple(Field(*field) for field in fields))


def wide(name: str, width: Any, extension: str = "", make: Callable[[Any], Any] = lambda function: function) -> Codebook:
    """The construction's codebook; ``make``: removes its cache."""
    if name == "tokens":
        tokens: Codebook = make(vocabulary)(width, extension)
        return tokens
    if name == "positions":
        return Codebook.index(width)
    places: Codebook = make(log_places if name == "log places" else cell_places)(width)
    return places


# For every width.


def uncached(function: Any) -> Any:
    """A function without its cache: a symbol cannot be hashed."""
    return function.__wrapped__


def every_width(n: tuple[int, int]) -> Iterator[Obligation]:
    """The codebooks of all widths are those of the tables."""
    for name, extension in [("tokens", e) for e in EXTENSIONS] + [(name, "") for name in NAMES[1:]]:
        script = Script()
        width = word(script)

        def pair(name: str = name, extension: str = extension, width: Any = width) -> Any:
            clock = clock_bits(width)
            return wide(name, width, extension, uncached), table(name, width, extension, clock)

        goal = ways(pair, lambda found: same(*found))
        params = {"of": name, **({"ext": extension or "none"} if name == "tokens" else {})}
        replay = partial(first_width, partial(other_table, name, extension))
        yield script.obligation("encoding.codebook", "B", params, "all n", n, goal, "the codebook is its table", replay)


# The clock.


class OfWidth(LogLayout):
    """A log layout of which the width alone is given, by a symbol: its clock depends on nothing else."""

    def __init__(self, width: Any) -> None:
        self.word = width


def clock(n: tuple[int, int]) -> Iterator[Obligation]:
    """The clock's bits hold 2^16 times and 2^(w + 1) times at least, and so those of T = 2^w; the places have these bits."""
    script = Script()
    width = word(script)

    def run() -> Any:
        return OfWidth(width).latest + 1, 1 << uncached(log_places)(width).bits["time"]

    def right(found: Any) -> Term:
        times, places = map(of, found)
        return land(script.conclude(CLOCK, times, SIZE), eq(times, places))

    replay = partial(first_width, short_clock)
    yield script.obligation("encoding.clock", "B", {}, "all n", n, ways(run, right), "the clock's times", replay)


def short_clock(width: int) -> Iterator[dict[str, Any]]:
    """The clock of a width, if it is too short, or not that of the places."""
    layout = LogLayout(width, "", 1, 1, 1)
    times, places = layout.latest + 1, 1 << layout.codebook.bits["time"]
    if times < max(1 << 16, 2 << width) or times != places:
        yield {"w": width, "times": times, "of the places": places, "expected": max(1 << 16, 2 << width)}


# At one width, with plain numbers.


def other_table(name: str, extension: str, width: int) -> Iterator[dict[str, Any]]:
    """The first field of a codebook, or of the layout that uses it, that is not as its table says."""
    wanted = table(name, width, extension, clock_bits(width))
    books = {"made": wide(name, width, extension)}
    if name != "positions":
        used = (CellLayout if name == "cell places" else LogLayout)(width, extension, 1, 1, 1)
        books["of the layout"] = used.vocabulary if name == "tokens" else used.codebook
    for what, book in books.items():
        for part, expected in expectations(wanted).items():
            if getattr(book, part) != expected:
                yield {"codebook": name, "w": width, what: part, "expected": str(expected), "found": str(getattr(book, part))}


def expectations(wanted: Codebook) -> dict[str, Any]:
    """Kinds, payloads and fields of a table, and from them alone the coordinates of a code and their sorts."""
    bits, at, slots = dict(wanted.payloads), 0, {}
    parts: list[Sort] = [Flag()] * len(wanted.kinds) + [Int(1, 1)]
    widths = dict.fromkeys([kind.name for kind in wanted.kinds] + ["one"], 1)
    for field in wanted.fields:
        widths[field.name] = bits[field.payload] if field.encode == "signs" else 1
        top = (1 << bits[field.payload]) - 1
        whole = Int(0, top * top if field.encode == "square" else top)
        parts.append(Signs(bits[field.payload]) if field.encode == "signs" else whole)
    for name, size in widths.items():
        slots[name], at = range(at, at + size), at + size
    numbers = {kind.name: number for number, kind in enumerate(wanted.kinds)}
    exact = {name: getattr(wanted, name) for name in ("name", "kinds", "payloads", "fields")}
    return exact | {"slots": slots, "width": at, "sort": Vector(tuple(parts)), "kind_index": numbers}


def at_one_width(width: int, n: tuple[int, int]) -> Iterator[Obligation]:
    """Tables and clock, at one width with plain numbers."""
    scope = f"n <= {n[1]}"
    for name, extension in [("tokens", e) for e in EXTENSIONS] + [(name, "") for name in NAMES[1:]]:
        params = {"w": width, "of": name, **({"ext": extension or "none"} if name == "tokens" else {})}

        def discharge(name: str = name, extension: str = extension) -> Verdict:
            cases = [partial(other_table, name, extension, width)]
            book = wide(name, width, extension)
            if name == "tokens":
                cases += [partial(token_failures, book, given) for given in (None, some_tokens(table(name, width, extension)))]
            cases.append(partial(one_by_one, book))
            cases += [partial(together, table(name, bits)) for bits in (WIDE if name == "positions" else ())]
            case = next((case for failing in cases for case in failing()), None)
            return Verdict("refuted" if case else "proved", "the table, and items of each kind with plain numbers", case)

        content, about = f"{name} as its table", (f"encoding.codebook: {SIDES[name]}",)
        yield Obligation("encoding.codebook", "B", params, scope, n, "exact", content, discharge, concludes=about)


def token_failures(book: Codebook, tokens: Iterable[int] | None = None) -> Iterator[dict[str, Any]]:
    """Token ids (where none are given, each kind's first and last) and words that are not read back, and numbers that are not
    refused although they should be."""
    width = book.bits["word"]
    ends = {at - step for at in book.offsets for step in (0, 1)} - {-1, book.size}
    for token in sorted(ends) if tokens is None else tokens:
        kind, value = pair = refusal(lambda t=token: book.split(t))  # type: ignore[misc]
        got, table = refusal(lambda p=pair: book.token(*p)), refusal(lambda t=token: book.rows([t])[0].tolist())  # type: ignore[misc]
        if got != token or table != list(row(book, kind, value)):
            yield {"w": width, "token": token, "kind": kind, "payload": value, "got": got, "row": table}
    for kind, top in [(kind.name, 1 << sum(book.bits[name] for name in kind.payloads)) for kind in book.kinds]:
        for value in (0, top - 1, -1, top):
            token = refusal(lambda k=kind, v=value: book.token(k, v))  # type: ignore[misc]
            pair = None if token is None else refusal(lambda t=token: book.split(t))  # type: ignore[misc]
            if pair != ((kind, value) if 0 <= value < top else None):
                yield {"w": width, "kind": kind, "payload": value, "token": token, "got": pair}
    for outside in (-1, book.size):
        for read in (book.split, lambda token: book.rows([token])):
            if refusal(lambda r=read, t=outside: r(t)) is not None:  # type: ignore[misc]
                yield {"w": width, "token": outside, "expected": "refused"}


NOTHING = ("nothing", 0)  # no kind has this name


def refusal(run: Callable[[], Any]) -> Any:
    """The result of a function, None where it refuses (raises ValueError), or ``NOTHING`` where it raises IndexError."""
    try:
        return run()
    except ValueError:
        return None
    except IndexError:
        return NOTHING


def some_tokens(wanted: Codebook) -> list[int]:
    """Of every kind of a codebook, the tokens whose payload is empty, the largest, or has a single bit."""
    first, out = 0, []
    for kind in wanted.kinds:
        bits = sum(wanted.bits[name] for name in kind.payloads)
        out += [first + value for value in sorted({0, (1 << bits) - 1, *(1 << place for place in range(bits))})]
        first += 1 << bits
    return out


LONG = 4096  # items whose codes are made at once


def together(book: Codebook) -> Iterator[dict[str, Any]]:
    """Items whose code, made with the others', is not the one that is written out."""
    items = telling(book)
    for (kind, *values), got in zip(items, book.codes(items).tolist(), strict=True):
        given = dict(zip(dict(book.payloads), values, strict=True))
        wanted = code_of(book, (kind, {name: given[name] for name in book.kinds[kind].payloads}))
        if got != wanted:
            yield {"codebook": book.name, "bits": str(book.payloads), "item": [kind, *values], "expected": wanted, "got": got}


def one_by_one(book: Codebook) -> Iterator[dict[str, Any]]:
    """Items whose code is another one among many items; and of tokens, whose row and whose read-out are."""
    items: list[Item] = telling(book)
    many = [items[i % len(items)] for i in range(max(LONG, len(items)))]
    codes = book.codes(np.array(many, dtype=object))
    alone = {item: book.codes([item])[0].tolist() for item in items}
    for number, (item, code) in enumerate(zip(many, codes.tolist(), strict=True)):
        if code != alone[item]:
            yield {"codebook": book.name, "item": list(item), "number": number, "alone": alone[item], "among others": code}
    if book.name == "token":
        tokens = [book.token(book.kinds[item[0]].name, sum(item[1:])) for item in many]
        for what, found, wanted in (("read", book.read(codes), tokens), ("rows", book.rows(tokens), [list(i) for i in many])):
            if found.tolist() != wanted:
                yield {"codebook": book.name, "what": what, "of": f"{LONG} items at once"}
