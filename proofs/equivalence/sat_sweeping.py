"""SAT sweeping over a weights file: candidate equivalences from runs, proved, and then substituted at cut points.

A plan of the same shape is executed next to a fresh compile, once for the positions whose read-out counts and once for the
rest. A row (a hidden unit; a component of a query, key or value) whose form differs, but whose value is the same wherever both
are run, is a *cut*: an obligation states that its value is the same at every such position of a well-formed sequence, and later
sublayers use the fresh compile's form in its place. A head whose scores or values differ is treated alike if it reads the same:
the winner by the fresh scores has, in the fresh compile, the value that the winner by the plan's scores has there. The runs
only propose cuts, and a solver drops those that a model contradicts (Houdini); the remaining ones are proved as obligations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

import numpy as np

from efasp.affine_forms import NOTHING, Form, total
from efasp.encoding import TokenSequence
from efasp.exact import Matrix
from efasp.model.plan import Head, Layer, Plan
from efasp.proofs.concrete import machine_states
from efasp.proofs.concrete.float64_filter import Screen, Trace, TracingScreen
from efasp.proofs.equivalence.assumptions import COUNTED
from efasp.proofs.equivalence.program_values import parts
from efasp.proofs.equivalence.pruning import unproved
from efasp.proofs.equivalence.relational import GROUPS, NAMED, Both, Cut, Forms, Group, HeadPair, reads_alike, refuted, winners
from efasp.proofs.obligation import Machine
from efasp.proofs.symbolic.residual_atoms import TooManyTerms, Winning
from efasp.proofs.symbolic.residual_stream import Executed, Reader, Scored, mapped
from efasp.sorts import Number

RUN = 4  # states that choose the cuts


@dataclass
class Swept:
    """A plan executed next to a fresh compile, by group, with cuts. ``left``: layers that deviate elsewhere than at a cut."""

    reader: Reader  # over whose stream
    executed: tuple[Executed, Executed]  # by group
    cuts: list[Cut] = field(default_factory=list)
    head_pairs: list[HeadPair] = field(default_factory=list)
    apart: list[HeadPair] = field(default_factory=list)  # heads that read otherwise
    left: set[int] = field(default_factory=set)

    @property
    def outputs(self) -> list[tuple[Group, Forms]]:
        """The forms of the read-out, by group; one entry if both groups have the same."""
        counted, rest = (some.outputs for some in self.executed)
        return [(None, counted)] if counted == rest else [(True, counted), (False, rest)]


@dataclass
class HeadResult:
    """What came of a head: what the fresh compile's reads, and by group its own sides and what it reads.

    ``head_pairs``: groups in which it reads what the fresh compile's does; ``apart``: in which it reads otherwise.
    ``left``: whether there are any of these, or any in which it reads nothing.
    """

    fresh: Forms
    cuts: list[Cut]
    head_pairs: list[HeadPair]
    scored: list[Scored] = field(default_factory=list)
    reads: list[Forms] = field(default_factory=list)
    apart: list[HeadPair] = field(default_factory=list)
    left: bool = False

    @property
    def read(self) -> Both:
        """The forms that the head reads in either group."""
        first, second = self.reads
        return first, second


def counts(plan: Plan, engine: str, tokens: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Which positions' read-out counts; see ``PositionInvariants.counted``."""
    kinds, masked_only = COUNTED[engine]
    counted: np.ndarray = np.isin(places[:, 0], [plan.places.kind_index[kind] for kind in kinds])
    return counted & (tokens == plan.vocabulary.token("mask")) if masked_only else counted


@lru_cache(maxsize=1)
def runs(machine: Machine, count: int) -> tuple[Screen, tuple[tuple[TokenSequence, Trace], ...]]:
    """A fresh compile in float64, and its sequences and traces of the first so many states."""
    screen, traces = TracingScreen(machine.fresh), []
    for case in islice(machine_states.cases_of(machine), count):
        for one in machine_states.passes(screen, machine, case):
            assert screen.last is not None
            traces.append((one.sequence, screen.last))
    return screen, tuple(traces)


class Alike:
    """The rows on which a plan and a fresh compile agree wherever both are run: by group, layer, part and number."""

    def __init__(self, plan: Plan, machine: Machine) -> None:
        self.screen, self.engine = Screen(plan), machine.engine
        self.fresh, found = runs(machine, RUN)
        self._differ: set[tuple[bool, int, str, int]] = set()
        for sequence, trace in found:
            self._compare(sequence, trace)

    def _compare(self, sequence: TokenSequence, b: Trace) -> None:
        a = self.screen.trace_like(sequence.tokens, sequence.places, self.fresh, b)
        counted = counts(self.fresh.plan, self.engine, sequence.tokens, sequence.places)
        for number, (mine, theirs) in enumerate(zip(self.screen.layers, self.fresh.layers, strict=True), 1):
            before, middle = 2 * number - 2, 2 * number - 1
            same = np.array_equal(a.streams[before], b.streams[before])
            for index, (head, other) in enumerate(zip(mine[0], theirs[0], strict=True)):
                if same and head.reads_as(other):
                    continue
                pairs = zip("qkv", head.sides(a.streams[before]), other.sides(b.streams[before]), strict=True)
                for side, x, y in pairs:
                    self._note(counted, number, f"head {index} {side}", x, y)
                self._note(counted, number, f"head {index}", a.read[number - 1][index], b.read[number - 1][index])
            if not (mine[1].same(theirs[1]) and np.array_equal(a.streams[middle], b.streams[middle])):
                hidden = (block.hidden(trace.streams[middle]) for block, trace in ((mine[1], a), (theirs[1], b)))
                self._note(counted, number, "up", *hidden)

    def _note(self, counted: np.ndarray, number: int, part: str, x: np.ndarray, y: np.ndarray) -> None:
        for group in GROUPS:
            rows = np.flatnonzero((x != y)[counted == group].any(axis=0))
            self._differ |= {(group, number, part, int(row)) for row in rows}

    def differs(self, group: Group, number: int, part: str, row: int) -> None:
        """Note that a row has another value, as far as can be shown."""
        self._differ |= {(one, number, part, row) for one in GROUPS if group in (one, None)}

    def same(self, group: bool, number: int, part: str, row: int) -> bool:
        """Whether a row has the same value wherever both are run."""
        return (group, number, part, row) not in self._differ


class Sweep:
    """Executes a plan next to a fresh compile of the same shape, over one stream."""

    def __init__(self, reader: Reader, plan: Plan, machine: Machine) -> None:
        self.reader, self.stream, self.plan, self.machine = reader, reader.stream, plan, machine
        self.fresh = machine.fresh
        self.alike = Alike(plan, machine)
        self.live = self._liveness(machine)
        self.found = Swept(reader, (Executed([], [], [], [], []), Executed([], [], [], [], [])))
        self.run()

    def _liveness(self, machine: Machine) -> set[tuple[int, str, int]]:
        """The live parts at positions whose read-out does not count: hidden units ("up") and heads, by layer."""
        live: set[int] = set()
        found: set[tuple[int, str, int]] = set()
        for out in (self.plan.out, self.fresh.out) if machine.engine == "apmdm" else ():
            live |= columns(out)
        for number in range(len(self.plan.layers), 0, -1):
            layers = [plan.layers[number - 1] for plan in (self.plan, self.fresh)]
            units = set().union(*(columns(layer.down, live) for layer in layers))
            found |= {(number, "up", unit) for unit in units}
            live = live.union(*(columns(layer.up, units) for layer in layers))
            after = frozenset(live)
            for index, head in [pair for layer in layers for pair in enumerate(layer.heads)]:
                live |= columns(head.k) | columns(head.v)
                if columns(head.o, after):
                    found.add((number, "head", index))
                    live |= columns(head.q)
        return found

    def run(self) -> None:
        """Sweep the plan and the fresh compile layer by layer. Raises TooManyTerms."""
        executed = self.found.executed
        h: Both = (self.reader.embedded(self.plan),) * 2
        g = self.reader.embedded(self.fresh)
        self._reached(h)
        for number, (layer, fresh) in enumerate(zip(self.plan.layers, self.fresh.layers, strict=True), 1):
            updates: list[tuple[Matrix, Both]] = []
            wanted: Updates = []
            for some in executed:
                some.heads.append([])  # to which ``_record`` adds
            for index, (head, other) in enumerate(zip(layer.heads, fresh.heads, strict=True)):
                result = self._head(number, index, head, other, h, g)
                self._record(number, result)
                updates.append((head.o, result.read))
                wanted.append((other.o, result.fresh))
            h, g = both_added(h, updates), added(g, wanted)
            self._reached(h)
            units, theirs, cuts = self._units(number, layer, fresh, h, g)
            self.found.cuts += cuts
            if units != (theirs, theirs):
                self.found.left.add(number)
            h, g = both_added(h, [(layer.down, units)]), added(g, [(fresh.down, theirs)])
            self._reached(h)
        for some, forms in zip(executed, h, strict=True):
            some.outputs.extend(self.reader.read_out(self.plan, forms))
        self.stream.complete()

    def _reached(self, h: Both) -> None:
        for some, forms in zip(self.found.executed, h, strict=True):
            some.residual.append(forms)

    def _record(self, number: int, result: HeadResult) -> None:
        """Add the result for a head to the facts about the plan."""
        self.found.cuts += result.cuts
        self.found.head_pairs += result.head_pairs
        self.found.apart += result.apart
        if result.left:
            self.found.left.add(number)
        for some, scored in zip(self.found.executed, result.scored, strict=True):
            some.heads[-1].append(scored)

    def _cut(self, number: int, part: str, got: Both, wanted: Forms, live: Callable[[int], bool]) -> tuple[Both, list[Cut]]:
        """Forms, those that are the same wherever they are run now the fresh compile's, or on which nothing rests; the cuts."""
        while True:
            out, cuts = self._tried(number, part, got, wanted, live)
            wrong = {cut for group in NAMED for cut in refuted(self.reader, self.machine, cuts, group)}
            if not wrong:
                return out, cuts
            for cut in wrong:
                self.alike.differs(cut.group, number, part, cut.row)

    def _tried(self, number: int, part: str, got: Both, wanted: Forms, live: Callable[[int], bool]) -> tuple[Both, list[Cut]]:
        """The forms, and the cuts that the runs propose."""
        cuts: list[Cut] = []
        out = tuple(list(forms) for forms in got)
        for row, b in enumerate(wanted):
            a = [forms[row] for forms in got]
            if not live(row):
                a[1] = out[1][row] = b
            due = [g for g, form in zip(GROUPS, a, strict=True) if form != b and self.alike.same(g, number, part, row)]
            for group in due:
                out[GROUPS.index(group)][row] = b
            groups: list[Group] = [None] if len(due) > 1 and a[0] == a[1] else [*due]
            cuts += [Cut(number, group, part, row, a[group is False], b) for group in groups]
        return (out[0], out[1]), cuts

    def _head(self, number: int, index: int, head: Head, other: Head, h: Both, g: Forms) -> HeadResult:
        """The values that a head reads, by group, and those of the fresh compile's head. Raises TooManyTerms."""
        size, where = len(head.q.rows), f"head {index}"
        fresh = padded(other.q, g, size), padded(other.k, g, size), padded(other.v, g, size)
        score, factor, old = self._read(*fresh)
        live = (number, "head", index) in self.live
        raw = [mapped_both(matrix, h, size) for matrix in (head.q, head.k, head.v)]
        cut = [
            self._cut(number, f"{where} {side}", got, wanted, lambda _, side=side: live or side != "q")  # type: ignore[misc]
            for side, got, wanted in zip("qkv", raw, fresh, strict=True)
        ]
        q, k, v = (sides for sides, _ in cut)
        unmoved = k == (fresh[1],) * 2 and v == (fresh[2],) * 2  # keys and values are the fresh compile's
        moved = [
            group for group, query in zip(GROUPS, q, strict=True) if (group or live) and (query != fresh[0] or not unmoved)
        ]
        due = [group for group in moved if all(self.alike.same(group, number, where, row) for row in range(size))]
        result = HeadResult(old, [one for _, cuts in cut for one in cuts], [])
        result.head_pairs += self._head_pairs(number, where, due, (q, k, v), fresh, score)
        alike = {group for group in due if any(head_pair.group in (group, None) for head_pair in result.head_pairs)}
        for group, query, key, value in zip(GROUPS, q, k, v, strict=True):
            if group in moved and group not in alike:
                keys, values = (both if both[0] == both[1] else uncut for both, uncut in ((k, raw[1]), (v, raw[2])))
                if keys[0] != keys[1] or values[0] != values[1]:
                    raise TooManyTerms(f"layer {number}, {where}: what it reads depends on where it is read")
                self._otherwise(result, HeadPair(number, group, where, (query, keys, values), fresh, score), unmoved)
            else:
                result.scored.append(Scored(query, key, value, score, factor))
                result.reads.append(old)
        return result

    def _otherwise(self, result: HeadResult, pair: HeadPair, unmoved: bool) -> None:
        """Add to a head's result a group in which it reads otherwise. ``unmoved``: keys and values are the fresh compile's."""
        query, (key, _), (value, _) = pair.got
        score, factor, read = self._read(query, key, value)
        result.left = True
        result.scored.append(Scored(query, key, value, score, factor))
        result.reads.append(read)
        if score < 0:
            return
        result.apart.append(pair._replace(new=score))
        self._winners(result.apart[-1])
        if unmoved and score != pair.score:
            changes = [total([(1, a), (-1, b)]) for a, b in zip(query, pair.wanted[0], strict=True) if a != b]
            self.stream.twins[score] = pair.score, changes

    def _winners(self, head_pair: HeadPair) -> None:
        """Note of a head that reads otherwise who may win: one position, or the sink and one more, if that can be proved."""
        assert head_pair.group is not None
        key, words = (head_pair.new, head_pair.group), self._words(head_pair)
        for shared, some in ((False, words), (False, []), (True, [])):
            self.stream.winning[key] = Winning(head_pair.score, shared, some, head_pair.got[2][0])
            if not unproved(winners(self.reader, head_pair, self.machine, "")):
                return
        del self.stream.winning[key]

    def _words(self, head_pair: HeadPair) -> list[list[Form]]:
        """The words of a head's query, where the fresh compile's is that of a lookup."""
        queries = [q for here in parts(self.reader, self.machine).get(head_pair.score, ()) for q, _ in here.words]
        sides = list(zip(head_pair.wanted[0], head_pair.got[0], strict=True))
        words = [(query.width, [got for form, got in sides if form in self.reader.of[query]]) for query in queries]
        return [word for width, word in words if len(word) == width]

    def _head_pairs(
        self,
        number: int,
        where: str,
        due: list[bool],
        sides: tuple[Both, Both, Both],
        fresh: tuple[Forms, Forms, Forms],
        score: int,
    ) -> list[HeadPair]:
        """Groups in which a head is to read the same as the fresh compile's, but for those that a model contradicts."""
        q, k, v = sides
        groups: list[Group] = [None] if len(due) > 1 and q[0] == q[1] else [*due]
        head_pairs = [HeadPair(number, group, where, (q[group is False], k, v), fresh, score) for group in groups]
        return [head_pair for head_pair in head_pairs if not unproved(reads_alike(self.reader, head_pair, self.machine, ""))]

    def _read(self, q: Forms, k: Forms, v: Forms) -> tuple[int, Number, Forms]:
        if all(form == Form(NOTHING) for form in v):
            return -1, 1, v
        score, factor = self.stream.score(zip(q, k, strict=True))
        read = [self.stream.mean(score, form) for form in v]
        for form, value in zip(read, v, strict=True):  # a mean is within the range of its values
            self.stream.learn(form, self.stream.interval(value, promised=True))
        return score, factor, read

    def _units(self, number: int, layer: Layer, fresh: Layer, h: Both, g: Forms) -> tuple[Both, Forms, list[Cut]]:
        """Hidden units, by group, the fresh compile's, and the cuts."""
        theirs = self._hidden(fresh, g)
        mine = self._hidden(layer, h[0])
        both = mine, mine if h[0] is h[1] else self._hidden(layer, h[1])
        units, cuts = self._cut(number, "up", both, theirs, lambda row: (number, "up", row) in self.live)
        return units, theirs, cuts

    def _hidden(self, layer: Layer, x: Forms) -> Forms:
        rows = zip(layer.up.rows, layer.bias, strict=True)
        return [self.stream.relu(total([(c, x[i]) for i, c in row], b)) for row, b in rows]


def columns(matrix: Matrix, rows: Iterable[int] | None = None) -> set[int]:
    """The columns in which some rows of a matrix, or all, are not 0."""
    chosen = range(len(matrix.rows)) if rows is None else rows
    return {column for row in chosen for column, _ in matrix.rows[row]}


def padded(matrix: Matrix, h: list[Form], size: int) -> list[Form]:
    """The rows of a matrix on forms, and nothing up to a size."""
    rows = mapped(matrix, h)
    return rows + [Form(NOTHING)] * (size - len(rows))


def mapped_both(matrix: Matrix, h: Both, size: int) -> Both:
    """The rows of a matrix on the forms of either group."""
    first = padded(matrix, h[0], size)
    return first, first if h[0] is h[1] else padded(matrix, h[1], size)


Updates = list[tuple[Matrix, list[Form]]]


def added(h: list[Form], updates: Updates) -> list[Form]:
    """The stream with the updates that matrices make of forms."""
    sums: list[list[tuple[Number, Form]]] = [[(1, form)] for form in h]
    for matrix, forms in updates:
        for coordinate, row in enumerate(matrix.rows):
            sums[coordinate] += [(c, forms[i]) for i, c in row]
    return [total(terms) if len(terms) > 1 else terms[0][1] for terms in sums]


def both_added(h: Both, updates: Sequence[tuple[Matrix, Both]]) -> Both:
    """The stream of either group with the updates that matrices make of forms."""
    first = added(h[0], [(matrix, forms[0]) for matrix, forms in updates])
    if h[0] is h[1] and all(forms[0] == forms[1] for _, forms in updates):
        return first, first
    return first, added(h[1], [(matrix, forms[1]) for matrix, forms in updates])
