"""That declared sorts hold: for every text of every length by SMT, each node given those of the heads below it; and on every
short text by evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import gcd
from typing import Any

from efasp.affine_forms import Form, total
from efasp.evaluate import evaluate
from efasp.language.module import Module
from efasp.language.sort_names import fits
from efasp.model.winners import plain
from efasp.proofs.lemmas.sequences import MOST_KEYS, PLACES
from efasp.proofs.obligation import Assignment, Obligation, Undecided, Verdict, exhaustive
from efasp.proofs.programs.means import ONCE, Means
from efasp.proofs.programs.position import Position, sort_condition, whole
from efasp.proofs.programs.texts import part_of
from efasp.proofs.programs.winners import Forms, Leaf, winner
from efasp.proofs.smtlib import TRUE, Script, Term, clause, eq, ite, land, le, linear, lor, num
from efasp.sorts import Number
from efasp.syntax import Affine, Attention, Node, PositionEmbedding, Relu, TokenEmbedding, walk

CLAIM = "F"
LONGEST = 1 << 20  # letters, where nothing bounds them
ORDER = "the lemma sequences.sort_by"
FEW = 2  # a leaf whose values are at most so far apart may be multiplied by a form


def declared(module: Module) -> list[Node]:
    """The nodes whose sort says more than intervals do."""
    out: list[Node] = []
    for node in walk(*module.program.definitions.values()):
        if isinstance(node, (Affine, Relu)) and not fits(node._inferred(), node.sort):
            out.append(node)
        if isinstance(node, Attention) and not fits(Attention(node.q, node.k, node.v).sort, node.sort):
            out.append(node)
    return out


def scope(module: Module) -> tuple[str, tuple[int, int]]:
    """The texts of a program, and their lengths."""
    longest = module.longest
    said = "texts of every length" if longest is None else f"texts of up to {longest} letters"
    return said, (1, longest or LONGEST)


def obligations(means: Means) -> Iterator[Obligation]:
    """The obligations about a program's sorts: one a node, then one about the short texts."""
    module, texts = means.module, means.texts
    names = {node: name for name, node in module.program.definitions.items()}
    counts: dict[str, int] = {}
    for node in declared(module):
        where = names.get(node) or part_of(node, texts.nodes, names) or "unused"
        counts[where] = counts.get(where, 0) + 1
        label = where if node in names else f"{where}/{counts[where]}"
        yield of(means, node, {"program": module.program.name, "node": label})
    for number, (value, sink) in enumerate(module.at_sinks, 1):
        yield at_sink(means, value, sink, {"program": module.program.name, "number": number})
    yield from single(means)

    def wrong() -> Iterator[dict[str, Any]]:
        yield from filter(None, [texts.stray()])

    said = f"exhaustive, texts of up to {texts.length} letters"
    params = {"program": module.program.name}
    content = f"{len(texts.nodes)} nodes on {texts.count} texts"
    yield Obligation(
        "program.sorts.short", CLAIM, params, said, (1, texts.length), "exhaustive", content, exhaustive(texts.count, wrong)
    )


def of(means: Means, node: Node, params: dict[str, Any]) -> Obligation:
    """The obligation that a node's values are of its sort."""
    module, texts = means.module, means.texts
    letters, n = scope(module)
    said = f"{letters}, {given()}"

    def replay(model: Assignment) -> dict[str, Any] | None:
        found = texts.stray(node) or next(filter(None, (texts.outside(text, node) for text in texts.drawn)), None)
        if found is None:
            tried = f"right on every text of up to {texts.length} letters"
            raise Undecided(f"a value outside {node.sort}, but perhaps on no text ({tried})")
        return found

    script: Script | None
    if module.longest == texts.length:

        def wrong() -> Iterator[dict[str, Any]]:
            yield from filter(None, [texts.stray(node)])

        content = f"{node.sort} on all {texts.count} texts"
        tried = exhaustive(texts.count, wrong)
        return Obligation("program.sorts", CLAIM, params, f"{letters}, all tried", n, "exhaustive", content, tried)
    if isinstance(node, Attention) and ordered(module, node):
        verdict = Verdict("proved", "the lemma sequences.sort_by: at every position the value of one position")
        return Obligation("program.sorts", CLAIM, params, f"{said} and {ORDER}", n, "exact", f"{node.sort}", lambda: verdict)
    if isinstance(node, Attention):
        won = winner(node, Forms())
        if won is not None and fits(node.v.sort, node.sort):
            verdict = Verdict("proved", "the score is a polynomial of the place with one maximum: one value is read")
            return Obligation("program.sorts", CLAIM, params, said, n, "exact", f"{node.sort}", lambda: verdict)
        script, goal = _tied(means, node)
    else:
        integers = whole(node, shown=node) or means.selection(node, shown=node) is not None
        script = Script("QF_LIA" if integers else "QF_LRA")
        position = Position(script, "i", integers, means, node)
        texts_only(module, script, position, node)
        goal = sort_condition(node.sort, position.of(node), integers)
    if script is None:
        verdict = Verdict("unknown", f"{goal} ({texts.length} letters: see program.sorts.short)")
        return Obligation("program.sorts", CLAIM, params, said, n, "exact", f"{node.sort}", lambda: verdict)
    said = f"{letters}, {given(script)}"
    return script.obligation("program.sorts", CLAIM, params, said, n, goal, replay=replay)


def given(script: Script | None = None) -> str:
    """What a script rests on: facts about selections too, where it has any."""
    facts = script is not None and any(name.startswith(ONCE) for name in script.cites)
    return f"given the sorts of heads{f' and {ONCE}' if facts else ''}"


def ordered(module: Module, node: Attention) -> bool:
    """Whether a head is a sort_by of which the family sequences shows that it sorts: with so many places and keys as it covers,
    and the start token as its sink."""
    if node.origin is None or node.origin[0] != "sort_by" or not module.start or module.places is None:
        return False
    x, key, places, sink = node.origin[1]
    start = Form.atom((TokenEmbedding(module.book), module.book.kind_index[module.start]))
    ((low, high),) = key.sort.bounds
    few = (
        isinstance(places, PositionEmbedding)
        and plain(module.places)
        and module.places.payloads[0][1] in PLACES
        and high - low < MOST_KEYS
    )
    return few and x is node.v and Forms().of(sink) == [start] and fits(x.sort, node.sort)


def single(means: Means) -> Iterator[Obligation]:
    """The obligations of what was said to be nonzero at one position at most, each once."""
    for (value, coordinate), number in means.used.items():
        if (value, coordinate) not in means.stated:
            means.stated.add((value, coordinate))
            yield once(means, value, coordinate, {"program": means.module.program.name, "number": number})


def once(means: Means, value: Node, coordinate: int, params: dict[str, Any]) -> Obligation:
    """The obligation that a coordinate of a value is nonzero at one position at most, so that its sum over some is that one."""
    module = means.module
    said, n = scope(module)
    integers = whole(value)
    script = Script("QF_LIA" if integers else "QF_LRA")
    positions = [Position(script, name, integers, means) for name in ("j", "l")]
    for position in positions:
        texts_only(module, script, position, value, *_place(value))
    distinct(module, script, value, *positions)
    zero = lor(*(eq(position.of(value)[coordinate].term, "0") for position in positions))

    def replay(model: Assignment) -> None:
        raise Undecided("two positions may have a value, but do not on a short text")

    return script.obligation(ONCE, CLAIM, params, f"{said}, {given(script)}", n, zero, replay=replay)


def at_sink(means: Means, value: Node, sink: Node, params: dict[str, Any]) -> Obligation:
    """The obligation that a key or a value of a lookup is 0 at the sink: else one that finds nothing reads another mean."""
    module, texts = means.module, means.texts
    said, n = scope(module)

    def found(several: Iterable[str]) -> dict[str, Any] | None:
        for text in several:
            values, flags = evaluate(value, sink, tokens=module.encode(text))
            wrong = [p for p, (row, flag) in enumerate(zip(values, flags, strict=True)) if flag[0] == 1 and row.any()]
            if wrong:
                at, row = wrong[0], values[wrong[0]].tolist()
                said = f"on {text!r}: expected 0 at the sink (position {at}), found {row} of a key or value of a lookup"
                return {"text": text, "position": at, "value": row, "said": said}
        return None

    if module.longest == texts.length:  # sorts are tried as well, and those of heads do not say that one value is read
        tried = exhaustive(texts.count, lambda: filter(None, [found(texts.short())]))
        content = f"0 at the sink on all {texts.count} texts"
        return Obligation("program.sink", CLAIM, params, f"{said}, all tried", n, "exhaustive", content, tried)
    script = Script("QF_LIA" if whole(value, sink) else "QF_LRA")
    position = Position(script, "i", whole(value, sink), means)
    texts_only(module, script, position, value, sink)
    flag = position.of(sink)[0]
    goal = clause(eq(flag.term, num(flag.by)), land(*(eq(coordinate.term, "0") for coordinate in position.of(value))))

    def replay(model: Assignment) -> dict[str, Any] | None:
        if (wrong := found([*texts.short(), *texts.drawn])) is None:
            raise Undecided("a key or value other than 0 at the sink, but perhaps on no text")
        return wrong

    return script.obligation("program.sink", CLAIM, params, f"{said}, {given(script)}", n, goal, replay=replay)


def texts_only(module: Module, script: Script, position: Position, *roots: Node) -> None:
    """The fact about the token at a position of a text: a letter, or the start token at place 0."""
    books = {type(node): node for root in roots for node in walk(root) if isinstance(node, (TokenEmbedding, PositionEmbedding))}
    te, pe = books.get(TokenEmbedding), books.get(PositionEmbedding)
    if te is None:
        return
    kinds = dict(zip((kind.name for kind in module.book.kinds), position.of(te), strict=False))
    usual = {*module.letters, module.start}
    for name, kind in kinds.items():
        if name not in usual:
            script.definition(eq(kind.term, "0"))
    if module.start and isinstance(pe, PositionEmbedding) and plain(pe.codebook):
        number = position.of(pe)[pe.codebook.slots["number"].start].term
        script.definition(eq(eq(kinds[module.start].term, "1"), eq(number, "0")))
    elif not module.start:
        return


def _tied(means: Means, node: Attention) -> tuple[Script | None, Term]:
    """The script that two positions with one score hold one value, and that every position's is of the sort, also where it is
    selected alone; None, and the reason, where there is none."""
    if not whole(node.q, node.k, node.v):
        return None, "a head over fractions"
    module, script = means.module, Script("QF_LIA")
    i, j, other = (Position(script, name, True, means) for name in ("i", "j", "l"))
    forms = Forms(FEW)
    for place in (j, other):
        texts_only(module, script, place, node.k, node.v, *_place(node))
    texts_only(module, script, i, node.q)
    difference = _difference(node, forms, i, j, other)
    if difference is None:
        return None, "a score that is a product of two values of many"
    distinct(module, script, node, j, other)
    here, there = j.of(node.v), other.of(node.v)
    same = [eq(linear([(b.by, a.term)]), linear([(a.by, b.term)])) for a, b in zip(here, there, strict=True)]
    alone = TRUE if fits(node.v.sort, node.sort) else sort_condition(node.sort, here)
    return script, land(alone, clause(land(*(eq(part, "0") for part in difference)), land(*same)))


def _place(node: Node) -> list[Node]:
    return [leaf for leaf in walk(node) if isinstance(leaf, PositionEmbedding) and plain(leaf.codebook)]


def distinct(module: Module, script: Script, node: Node, j: Position, other: Position) -> None:
    """Two positions are not one: their places differ; and one of them at most holds the start token."""
    for place in _place(node):
        slot = place.codebook.slots["number"].start  # type: ignore[attr-defined]
        script.definition(f"(not {eq(j.of(place)[slot].term, other.of(place)[slot].term)})", "two positions")
    embedded = [leaf for leaf in walk(node) if isinstance(leaf, TokenEmbedding)]
    if module.start and embedded:
        at = module.book.kind_index[module.start]
        script.definition(le(linear([(1, j.of(embedded[0])[at].term), (1, other.of(embedded[0])[at].term)]), "1"), "one start")


def _difference(node: Attention, forms: Forms, i: Position, j: Position, other: Position) -> list[Term] | None:
    """Terms that are all 0 where two scores are equal; None where a score has a product that is not linear.

    With a difference ``M a + b`` where b, the part that has the places' numbers, is smaller than M, both a and b are 0.
    """
    for place, side in ((i, node.q), (j, node.k), (other, node.k)):
        place.of(side)  # integers that are made of fractions are leaves of it, not roots
    by: dict[Leaf, list[tuple[Number, Form]]] = {}
    for q, k in zip(forms.of(node.q), forms.of(node.k), strict=True):
        for leaf, c in k.terms.items():
            by.setdefault(leaf, []).append((c, q))
    ranks: list[tuple[int, Term]] = []
    others: list[tuple[int, Term]] = []
    size, unit = 0, 0
    for leaf, factors in by.items():
        weight = total(factors)
        low, high = leaf[0].sort.bounds[leaf[1]]
        x, y = (place.of(leaf[0])[leaf[1]] for place in (j, other))
        numbers = [weight.constant, *weight.terms.values()]
        if any(c != int(c) for c in numbers) or x.by != 1 or (weight.terms and high - low > FEW):
            return None
        if not weight.terms and high - low > FEW:
            ranks += [(int(weight.constant), x.term), (-int(weight.constant), y.term)]
            size += abs(int(weight.constant)) * int(high - low)
            continue
        unit = gcd(unit, *map(int, numbers))
        scaled = [(c, i.of(atom[0])[atom[1]]) for atom, c in weight.terms.items()]
        if any(value.by != 1 for _, value in scaled):
            return None
        query = linear([(int(c), value.term) for c, value in scaled], int(weight.constant))
        others += [(1, _times(query, x.term, int(low), int(high))), (-1, _times(query, y.term, int(low), int(high)))]
    if ranks and others and size < unit:
        return [linear(ranks), linear(others)]
    return [linear([*ranks, *others])]


def _times(factor: Term, term: Term, low: int, high: int) -> Term:
    """A product with a term of few values."""
    chosen = "0"
    for value in range(low, high + 1):
        chosen = ite(eq(term, num(value)), linear([(value, factor)]), chosen) if value else chosen
    return chosen
