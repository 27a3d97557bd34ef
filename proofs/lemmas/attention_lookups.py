"""Family attention, the machine's lookups (T1, T4): each matches by its parts, reads the prescribed value, and mixes no values.

``proofs.symbolic.positions.lookup`` takes an attention node apart; here the parts are put together again, and the score that
they give must be the node's own, coefficient by coefficient. By attention.match and attention.fold the node then attends to the
candidates of best rank whose words agree, of which the family simulation speaks; ``READ`` is the value that it returns. The
parts are of the sorts that these lemmas assume (family step, step.sorts), the sink's are 0 (step.sink).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial

from efasp.affine_forms import Form
from efasp.encoding import COUNTERS
from efasp.pram.isa import operations
from efasp.proofs.conclusions import Conclusion
from efasp.proofs.lemmas.gates_recurrences import Wrong
from efasp.proofs.lemmas.gates_recurrences import differs as other
from efasp.proofs.lemmas.step_values import indexed
from efasp.proofs.obligation import Batch, Obligation, Regime, Verdict, lemma
from efasp.proofs.smtlib import Term, eq, implies, ite, land, le, num
from efasp.proofs.symbolic.machine_step import HOLDS, INDEX, IS_TARGET, TOKEN_WORD, URGENCY, WORDS
from efasp.proofs.symbolic.positions import Lookup, Position, finds, level, lookup
from efasp.proofs.symbolic.scores import Parts, bilinear, differs, formula
from efasp.proofs.symbolic.sequence_invariants import BEATEN_BY, ONE_SLOT, World
from efasp.proofs.symbolic.step_definitions import Step
from efasp.sorts import OneHot, Signs
from efasp.syntax import Attention, Node

# The value that each lookup reads, and the rank of its matches: definitions, fields of the codes, or "found" and "missed".
FETCHED = {"operation": "operations", "rd": "te.reg_bits", "ra": "te.reg_bits", "rb": "te.reg_bits", "immediate": "token_word"}
SHARED = {"counter": "token_word", "status": "counters", **FETCHED, "processors": "token_word", "valid": "found"}
READS: dict[str, dict[str, str]] = {
    "mdm": {
        **SHARED, "incomplete": "found", "ready": "missed", "paired": "token_word", "max_urgency": "urgency",
        **dict.fromkeys(("a", "d", "b", "loaded"), "content"),
    },
    "apmdm": {**SHARED, **dict.fromkeys(("a", "d", "b", "loaded"), "token_word"), "incoming": "result", "written": "found"},
}  # fmt: skip
RANKS: dict[str, dict[str, str]] = {
    "mdm": {**dict.fromkeys(("a", "d", "b", "loaded", "valid"), "pe.clock"), "max_urgency": "urgency"},
    "apmdm": dict.fromkeys(("incoming", "written"), "urgency"),
}


WITH_ABSENT = {*FETCHED, "processors", "loaded", "valid", "incoming", "written"}  # their query may be absent


def forms(step: Step, node: Node) -> tuple[Form, ...]:
    """The coordinates of a node as forms."""
    return tuple(step.reading.form(node, place) for place in range(node.width))


def names(step: Step) -> list[str]:
    """The definitions that are lookups."""
    return [name for name, node in step.of.items() if isinstance(node, Attention)]


def _flag(step: Step, node: Node) -> Form:
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
        rank=Form() if here.rank is None else _flag(step, here.rank),
        absent=Form() if here.absent is None else _flag(step, here.absent),
        capacity=here.capacity,
    )


def is_match(step: Step, name: str) -> Wrong:
    """Why a lookup is not a match of its parts, or these are not of the sorts that attention.match assumes; or None."""
    try:
        here = lookup(step, name)
    except ValueError as error:
        return {"lookup": name, "got": str(error)}
    for what, node in [(what, node) for pair in here.words for what, node in zip(("query", "key"), pair, strict=True)]:
        if not isinstance(node.sort, Signs) or node.width < 2:
            return {"lookup": name, "of": what, "expected": "signed bits, two or more", "got": str(node.sort)}
    for what, flags in (
        ("among", here.among),
        ("exclude", here.exclude),
        ("absent", (here.absent,) if here.absent is not None else ()),
    ):
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


# The value that each reads.


def expected(step: Step, what: str) -> tuple[Form, ...]:
    """The forms of the value that a lookup is to read, or of its rank."""
    if what in ("found", "missed"):
        (atom,) = _flag(step, step.sink).terms
        return (Form.atom(atom),) if what == "missed" else (Form({atom: -1}, 1),)
    kinds = {"counters": COUNTERS, "operations": tuple(f"op:{o.name}" for o in operations(step.machine.extension))}
    if what in kinds:
        return tuple(Form.atom((f"te.{kind}", 0)) for kind in kinds[what])
    side, _, field = what.partition(".")
    if field:
        width = len((step.te if side == "te" else step.pe).slots[field])
        return tuple(Form.atom((what, place)) for place in range(width))
    return forms(step, step.of[what])


def reads(step: Step, name: str) -> Wrong:
    """The value, the rank or the absent flag of a lookup, if it is not the one of the tables."""
    here, engine = lookup(step, name), step.machine.engine
    if name not in READS[engine]:
        return {"lookup": name, "expected": f"one of {', '.join(READS[engine])}", "got": "another"}
    if (here.absent is not None) != (name in WITH_ABSENT):
        return {"lookup": name, "of": "absent", "expected": str(name in WITH_ABSENT), "got": str(here.absent is not None)}
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


# The value that each returns.


@cache
def READ(name: str) -> Conclusion:
    """The value that a lookup returns: that of one of its best matches, or of the sink at a lookup miss.

    For a query ``i``: ``j`` is such a position where there are ``some``; ``others`` are any positions.
    """

    def state(i: Position, j: Position, some: Term, others: Sequence[Position]) -> Term:
        here = lookup(i.step, name)
        best = [implies(some, finds(i, j, here)), implies(finds(i, j, here), some)]
        for k in others:
            rank = [] if here.rank is None else [le(k.flag(here.rank), j.flag(here.rank))]
            best.append(implies(finds(i, k, here), land(some, *rank)))
        return land(*best, *(eq(got, ite(some, value, none)) for got, value, none in given(i, j, here)))

    return Conclusion("attention.reads", name, state)


TOGETHER = (("counter", "status"), ("rb", "immediate"), ("valid", "loaded"), ("written", "incoming"))  # of one query


@cache
def READ_TOGETHER(*names: str) -> Conclusion:
    """The values that several lookups of the same queries and keys return: those at one position."""
    one = [READ(name) for name in names]
    return Conclusion("attention.reads", ", ".join(names), lambda *instance: land(*(each(*instance) for each in one)))


def alike(step: Step, names: Sequence[str]) -> Verdict:
    """Whether lookups have the same queries and keys, which are nodes: then the same positions are best, for each query."""
    first, *rest = (lookup(step, name).node for name in names)
    other = next((name for name, node in zip(names[1:], rest, strict=True) if (node.q, node.k) != (first.q, first.k)), None)
    wrong = {"lookup": other, "expected": f"the query and keys of {names[0]}", "got": "others"} if other else None
    return Verdict("refuted" if wrong else "proved", "the same nodes", wrong)


def together(step: Step) -> Iterator[Obligation]:
    """Lookups that are read at one position have the same queries and keys."""
    m = step.machine
    for group in (group for group in TOGETHER if set(group) <= READS[m.engine].keys()):
        params, content = {**m.params, "of": ", ".join(group)}, f"one query and one key: {', '.join(group)}"
        about = {"concludes": (READ_TOGETHER(*group).id,), "cites": tuple(READ(name).id for name in group)}
        discharge = partial(alike, step, group)
        yield Obligation("attention.reads", m.claim, params, f"n <= {m.n[1]}", m.n, "exact", content, discharge, **about)  # type: ignore[arg-type]


def given(i: Position, j: Position, here: Lookup) -> Iterator[tuple[Term, Term, Term]]:
    """For everything that a lookup reads: its name at i, the value at j, and the value at a lookup miss."""
    step, node = i.step, here.node
    leaf = step.names[node]
    if isinstance(node.sort, Signs):
        yield i(leaf), j.word(here.value), "(- 1)"
    elif node.width == 1:
        missed = READS[step.machine.engine][here.name] == "missed"
        yield i(leaf), j.form(here.value, 0) if step.names.get(here.value) is None else j(step.names[here.value]), num(missed)
    elif isinstance(node.sort, OneHot):
        for place in range(node.width):
            yield i(step.labels[leaf][place]), j.form(here.value, place), "0"
    else:
        yield i(leaf), j.word(here.value), "0"


def checked(step: Step) -> Iterator[Obligation]:
    """Each lookup of a machine is a match, and reads what its table says."""
    m, every = step.machine, names(step)
    missing = sorted(READS[m.engine].keys() - set(every))

    def obligation(title: str, chosen: list[str], check=is_match, **about) -> Obligation:  # type: ignore[no-untyped-def]
        def discharge() -> Verdict:
            wrong = {"missing": ", ".join(missing)} if missing else None
            wrong = wrong or next((wrong for name in chosen if (wrong := check(step, name))), None)
            return Verdict("refuted" if wrong else "proved", f"coefficients of the rows of {len(chosen)} lookups", wrong)

        params = m.params if len(chosen) > 1 else {**m.params, "of": chosen[0]}
        content = f"{title}: {', '.join(chosen)}"
        return Obligation(f"attention.{title}", m.claim, params, f"n <= {m.n[1]}", m.n, "exact", content, discharge, **about)

    yield obligation("lookup", every, concludes=("attention.lookup",), cites=("attention.match", "attention.fold"))
    for name in every:
        cites = ["attention.lookup", "step.sink"] + [f"attention.ties: {name}"] * (name in mixing(step))
        ids = READ(name).id, f"definition: {name}"
        yield obligation("reads", [name], reads, concludes=ids, cites=tuple(cites))


# Ties.


def mixing(step: Step) -> list[str]:
    """The lookups whose value may differ between matches of equal rank: neither "found" or "missed", nor the rank itself."""
    out = []
    for name in names(step):
        here = lookup(step, name)
        value, sink = forms(step, here.value), _flag(step, step.sink)
        constant = all(form.terms.keys() <= sink.terms.keys() for form in value)
        if not constant and (here.rank is None or value != forms(step, here.rank)):
            out.append(name)
    return out


@cache
def TIES(name: str) -> Conclusion:
    """A lookup has one best match: two matches of equal rank are the same position."""

    def state(i: Position, j: Position, k: Position) -> Term:
        here = lookup(i.step, name)
        return implies(land(finds(i, j, here), finds(i, k, here)), level(j, k, here), j.same_place(k))

    return Conclusion("attention.ties", name, state)


def keys(world: World, *positions: Position) -> None:
    """The keys and ranks of positions: urgency, and in the log the address that they hold."""
    script, step = world.script, world.step
    for at in positions:
        script.assume(URGENCY, at, at.carries("pe", "index"))
        if world.engine == "mdm":
            script.assume(INDEX, at, WORDS, indexed(step))
            script.assume(TOKEN_WORD, at, WORDS)
            script.assume(IS_TARGET, at)
            script.assume(HOLDS, at, WORDS)


def ties(step: Step) -> Iterator[Obligation]:
    """One position is best."""
    for name in mixing(step):
        world = World(step)
        i, j, k = (world.position(prefix) for prefix in "ijk")
        keys(world, j, k)
        if world.engine == "mdm":
            for lower, higher in ((j, k), (k, j)):
                world.script.assume(BEATEN_BY, lower, higher)
        else:
            world.script.assume(ONE_SLOT, j, k)
        goal = world.script.conclude(TIES(name), i, j, k)
        m = step.machine
        params, scope = {**m.params, "of": name}, f"n <= {m.n[1]}, {m.shape}"
        yield world.script.obligation("attention.ties", m.claim, params, scope, m.n, goal)


def about(step: Step) -> Iterator[Obligation]:
    """The obligations about one machine's lookups."""
    yield from checked(step)
    yield from together(step)
    yield from ties(step)


@lemma
def lookups(regime: Regime) -> Iterator[Batch]:
    """Every lookup of the machine is a match, reads the prescribed value, and has one best match or equal ones."""
    for machine in regime.machines():
        found_names = ("attention.lookup", "attention.reads", "attention.ties")
        yield Batch(found_names, machine.params, partial(lambda m: about(Step(m)), machine))
