"""Family attention, the machine's lookups (T1, T4): each is a match of its parts, reads what it should, and mixes no values.

``proofs.positions.lookup`` takes an attention node apart; here the parts are put together again, and the score that they give
must be the node's own, coefficient by coefficient. So what the family simulation says of candidates, words and ranks is, by
attention.match and attention.fold, what the node attends to. The parts are of the sorts that these ask for (family step,
step.sorts), the sink's are 0 (step.sink).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from efasp.encoding import COUNTERS
from efasp.pram.isa import operations
from efasp.sorts import Signs
from efasp.syntax import Attention, Node
from proofs.cells import one_slot, same_cell
from proofs.obligation import Batch, Obligation, Regime, Verdict, lemma
from proofs.positions import Lookup, Position, lookup
from proofs.reading import Linear
from proofs.recurrences import Wrong
from proofs.recurrences import differs as other
from proofs.scores import Parts, bilinear, differs, formula
from proofs.simulation import World, found, held, stores_to
from proofs.smt import eq, implies, ite, land, lnot, lt
from proofs.step import Step

# What each lookup reads, and by which rank its best match is chosen: definitions, fields of the codes, or "found" and "missed".
FETCHED = {"operation": "operations", "rd": "te.reg_bits", "ra": "te.reg_bits", "rb": "te.reg_bits", "immediate": "token_word"}
SHARED = {"counter": "token_word", "status": "counters", **FETCHED, "processors": "token_word", "valid": "found"}
READS: dict[str, dict[str, str]] = {
    "mdm": {
        **SHARED, "incomplete": "found", "ready": "missed", "paired": "token_word", "rival": "urgency",
        **dict.fromkeys(("a", "d", "b", "loaded"), "content"),
    },
    "apmdm": {**SHARED, **dict.fromkeys(("a", "d", "b", "loaded"), "token_word"), "incoming": "result", "written": "found"},
}  # fmt: skip
RANKS: dict[str, dict[str, str]] = {
    "mdm": {**dict.fromkeys(("a", "d", "b", "loaded", "valid"), "pe.clock"), "rival": "urgency"},
    "apmdm": dict.fromkeys(("incoming", "written"), "urgency"),
}


SILENT = {*FETCHED, "processors", "loaded", "valid", "incoming", "written"}  # may ask for nothing


def forms(step: Step, node: Node) -> tuple[Linear, ...]:
    """The coordinates of a node as forms."""
    return tuple(step.reading.form(node, place) for place in range(node.width))


def names(step: Step) -> list[str]:
    """The definitions that are lookups."""
    return [name for name, node in step.of.items() if isinstance(node, Attention)]


def _flag(step: Step, node: Node) -> Linear:
    (form,) = forms(step, node)
    return form


# Each is a match.


def parts_of(step: Step, here: Lookup) -> Parts:
    """The parts of a lookup, as forms."""
    pairs = (zip(forms(step, q), forms(step, k), strict=True) for q, k in here.words)
    return Parts(
        sink=_flag(step, step.sink),
        words=tuple(pair for word in pairs for pair in word),
        among=tuple(_flag(step, flag) for flag in here.among),
        exclude=tuple(_flag(step, flag) for flag in here.exclude),
        rank=Linear((), 0) if here.rank is None else _flag(step, here.rank),
        absent=Linear((), 0) if here.absent is None else _flag(step, here.absent),
        capacity=here.capacity,
    )


def is_match(step: Step, name: str) -> Wrong:
    """What keeps a lookup from being a match of its parts, of sorts for which a match finds what it should."""
    try:
        here = lookup(step, name)
    except ValueError as error:
        return {"lookup": name, "got": str(error)}
    for what, node in [(what, node) for pair in here.words for what, node in zip(("query", "key"), pair, strict=True)]:
        if not isinstance(node.sort, Signs) or node.width < 2:
            return {"lookup": name, "of": what, "expected": "signed bits, two or more", "got": str(node.sort)}
    for what, flags in (("among", here.among), ("exclude", here.exclude), ("absent", (here.absent,) if here.absent else ())):
        for node in flags:
            if not node.sort.integral or node.sort.bounds != ((0, 1),):
                return {"lookup": name, "of": what, "expected": "a flag", "got": str(node.sort)}
    if here.capacity != int(here.capacity) or here.capacity < 1:
        return {"lookup": name, "of": "the capacity", "expected": "an integer, 1 or more", "got": str(here.capacity)}
    if here.rank is not None:
        ((low, high),) = here.rank.sort.bounds
        if not (here.rank.sort.integral and low >= 0 and high < here.capacity):
            return {"lookup": name, "of": "the rank", "expected": f"0..{here.capacity - 1}", "got": str(here.rank.sort)}
    wrong = differs("the score", bilinear(step.reading, here.node), formula(parts_of(step, here)))
    return {"lookup": name, **wrong} if wrong else None


# What each reads.


def expected(step: Step, what: str) -> tuple[Linear, ...]:
    """The forms of what a lookup is to read, or of its rank."""
    if what in ("found", "missed"):
        (((atom, _),),) = (_flag(step, step.sink).terms,)
        return (Linear(((atom, 1),), 0),) if what == "missed" else (Linear(((atom, -1),), 1),)
    kinds = {"counters": COUNTERS, "operations": tuple(f"op:{o.name}" for o in operations(step.machine.extension))}
    if what in kinds:
        return tuple(Linear((((f"te.{kind}", 0), 1),), 0) for kind in kinds[what])
    side, _, field = what.partition(".")
    if field:
        width = len((step.te if side == "te" else step.pe).slots[field])
        return tuple(Linear((((what, place), 1),), 0) for place in range(width))
    return forms(step, step.of[what])


def reads(step: Step, name: str) -> Wrong:
    """What a lookup reads, is ordered by, or is silenced by, if that is not what the tables say."""
    here, engine = lookup(step, name), step.machine.engine
    if (here.absent is not None) != (name in SILENT):
        return {"lookup": name, "of": "absent", "expected": str(name in SILENT), "got": str(here.absent is not None)}
    rank = () if here.rank is None else forms(step, here.rank)
    ordered = expected(step, RANKS[engine][name]) if name in RANKS[engine] else ()
    for what, got, wanted in (
        ("value", forms(step, here.value), expected(step, READS[engine][name])),
        ("rank", rank, ordered),
    ):
        if len(got) != len(wanted):
            return {"lookup": name, "of": what, "expected": f"{len(wanted)} coordinates", "got": f"{len(got)}"}
        for place, (form, target) in enumerate(zip(got, wanted, strict=True)):
            if wrong := other(f"{what} {place}", form, dict(target.terms), int(target.constant)):
                return {"lookup": name, **wrong}
    return None


def checked(step: Step) -> Iterator[Obligation]:
    """Each lookup of a machine is a match, and reads what its table says."""
    m = step.machine
    for title, check in (("lookup", is_match), ("reads", reads)):

        def settle(check=check) -> Verdict:  # type: ignore[no-untyped-def]
            wrong = next((wrong for name in names(step) if (wrong := check(step, name))), None)
            how = f"coefficients of the rows of {len(names(step))} lookups"
            return Verdict("refuted" if wrong else "proved", how, wrong)

        scope, content = f"n <= {m.n[1]}", f"{title}: {', '.join(names(step))}"
        yield Obligation(f"attention.{title}", m.claim, m.params, scope, m.n, "exact", content, settle)


# What happens on ties.


def mixing(step: Step) -> list[str]:
    """The lookups whose value may differ between matches of equal rank: neither "found" or "missed", nor the rank itself."""
    out = []
    for name in names(step):
        here = lookup(step, name)
        value, sink = forms(step, here.value), _flag(step, step.sink)
        constant = all({atom for atom, _ in form.terms} <= {atom for atom, _ in sink.terms} for form in value)
        if not constant and (here.rank is None or value != forms(step, here.rank)):
            out.append(name)
    return out


def ties(step: Step) -> Iterator[Obligation]:
    """Of those lookups no two positions are best: two that are found, of equal rank, are one place."""
    world = World(step)
    s = world.script
    i, j, k = (world.position(prefix) for prefix in "ijk")
    for at in (j, k):
        at.definitions["urgency"] = ite(at.carries("pe", "index"), f"(- (- words 1) {at.payload('pe', 'index')})", "0")
    if step.machine.engine == "mdm":
        _log_facts(world, j, k)
    else:
        s.suppose(implies(same_cell(j, k), lnot(j.same_place(k)), one_slot(j, k)), "one slot of a cell is masked")
    goals = []
    for name in mixing(step):
        here = lookup(step, name)
        both = land(found(world, i, j, name), found(world, i, k, name))
        level = "true" if here.rank is None else eq(j.flag(here.rank), k.flag(here.rank))
        goals.append(implies(both, level, j.same_place(k)))
    m = step.machine
    yield s.obligation("attention.ties", m.claim, m.params, f"n <= {m.n[1]}", m.n, land(*goals))


def _log_facts(world: World, j: Position, k: Position) -> None:
    """What the log's positions hold (step.holds), and that of two stores to one address at one time one is beaten."""
    s = world.script
    for at in (j, k):
        target = land(at.kind("pe.target"), at.kind("te.word"))
        beaten = s.bit(f"{at.prefix}.beaten", "whether a lower processor stores there at that time")
        at.definitions |= {"holds": held(at), "is_target": ite(target, "1", "0"), "beaten": beaten}
    for lower, higher in ((j, k), (k, j)):
        time, index = ((lower.payload("pe", name), higher.payload("pe", name)) for name in ("time", "index"))
        rivals = land(stores_to(higher, higher.payload("te", "word")), stores_to(lower, higher.payload("te", "word")))
        s.suppose(implies(rivals, eq(*time), lt(*index), eq(f"{higher.prefix}.beaten", "1")), "simulation.beaten")


def about(step: Step) -> Iterator[Obligation]:
    """The obligations about one machine."""
    yield from checked(step)
    yield from ties(step)


@lemma
def lookups(regime: Regime) -> Iterator[Batch]:
    """Every lookup of the machine is a match, reads what it should, and has one best match or equal ones."""
    for machine in regime.machines():
        found_names = ("attention.lookup", "attention.reads", "attention.ties")
        yield Batch(found_names, machine.params, partial(lambda m: about(Step(m)), machine))
