"""Lowering: an E-FASP program to a layer plan. Reads as the passes it makes.

1. ``_Forms`` flattens the graph: every ReLU unit and every head output is a *scalar*, every input of one an affine *form*
   over scalars. Equal units and equal heads are the same scalar, so common subexpressions are shared; affine maps vanish
   into the forms, which become rows of the projections.
2. ``_merge``: scalars that occur in all forms in one proportion share a residual coordinate (the two units of a threshold,
   the gated options of a choice, operands of which one is 0): the residual stream adds them up.
3. ``_schedule`` puts every unit and head on a sublayer, as early as its inputs allow or later where that saves coordinates.
4. ``_allocate`` gives coordinates; one whose value nothing reads any more is erased by a feed-forward block and used again.
5. ``_emit`` writes the matrices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from efasp.codebook import Codebook
from efasp.exact import Matrix
from efasp.sorts import Interval, Number, SortError
from efasp.syntax import (
    Affine,
    Attention,
    Concat,
    Node,
    Parameter,
    PositionEmbedding,
    Program,
    Relu,
    Row,
    TokenEmbedding,
    walk,
)  # fmt: skip
from model.plan import Head, Layer, Plan, Resident

PLAIN = Codebook.index(20)  # the places of a program that does not read them


@dataclass(frozen=True)
class Form:
    """An affine form over scalars: (scalar, coefficient) pairs by scalar, and a constant."""

    terms: Row
    constant: Number = 0

    def direction(self) -> Row:
        """The linear part up to a factor: the first coefficient made 1."""
        first = self.terms[0][1] if self.terms else 1
        return self.terms if first == 1 else tuple((s, _over(c, first)) for s, c in self.terms)


def _tidy(value: Number) -> Number:
    if type(value) is int:
        return value
    return int(value) if value == int(value) else value


def _over(a: Number, b: Number) -> Number:
    """``a / b``, exact."""
    if type(a) is int and type(b) is int and not a % b:
        return a // b
    return _tidy(Fraction(a) / b)


def _meet(x: Interval, y: Interval) -> Interval:
    """What two intervals share."""
    return (x[0] if x[0] >= y[0] else y[0]), (x[1] if x[1] <= y[1] else y[1])


def _form(parts: Iterable[tuple[Number, Form]], constant: Number) -> Form:
    parts = list(parts)
    if len(parts) == 1 and parts[0][0] == 1:  # the same linear part, which later passes know by its identity
        return Form(parts[0][1].terms, _tidy(constant + parts[0][1].constant))
    terms: dict[int, Number] = {}
    for factor, form in parts:
        constant += factor * form.constant
        for scalar, c in form.terms:
            terms[scalar] = terms.get(scalar, 0) + factor * c
    return Form(tuple((s, _tidy(c)) for s, c in sorted(terms.items()) if c), _tidy(constant))


@dataclass
class Item:
    """Something to place on a sublayer: one head, or ReLU units that belong together."""

    attention: bool
    scalars: list[int] = field(default_factory=list)
    q: list[Form] = field(default_factory=list)
    k: list[Form] = field(default_factory=list)
    values: list[Form] = field(default_factory=list)  # of a head: one a scalar; of units: the pre-activations
    whole: bool = False  # queries and keys are integers

    @property
    def reads(self) -> list[Form]:
        """Every form that must be available one sublayer earlier, once for each linear part."""
        return list({id(form.terms): form for form in self.q + self.k + self.values}.values())


class _Forms:
    """Pass 1. ``bounds``: each scalar's interval; ``known`` and ``names``: what sorts and definitions say of directions."""

    def __init__(self, program: Program) -> None:
        self.bounds: list[Interval] = []
        self.labels: list[str] = []
        self.items: list[Item] = []
        self.sources: dict[type[Node], tuple[int, Node]] = {}
        self.known: dict[Row, Interval] = {}
        self.names: dict[Row, str] = {}
        self._units: dict[Form, int] = {}
        self._heads: dict[tuple[tuple[Form, ...], tuple[Form, ...]], Item] = {}
        self._values: dict[tuple[int, Form], int] = {}
        nodes = walk(program.output)
        self.of: dict[Node, list[Form]] = {}
        for kind in (TokenEmbedding, PositionEmbedding):
            self._source(kind, [node for node in nodes if isinstance(node, kind)])
        for node in nodes:
            self.of[node] = self._flatten(node)
            self._learn(node)
        for name, node in program.definitions.items():
            for place, form in enumerate(self.of.get(node, [])):
                self.names.setdefault(form.direction(), f"{name}[{place}]" if node.width > 1 else name)
        self.outputs = self.of[program.output]

    def _scalar(self, interval: Interval, label: str) -> int:
        self.bounds.append(interval)
        self.labels.append(label)
        return len(self.bounds) - 1

    def _source(self, kind: type[Node], nodes: Sequence[Node]) -> None:
        if len(nodes) > 1:
            raise SortError("lower", f"one {kind.__name__}", f"{len(nodes)} of them, over different codebooks")
        for node in nodes:
            self.sources[kind] = (len(self.bounds), node)
            for name, slot in node.codebook.slots.items():  # type: ignore[attr-defined]
                for place, coordinate in enumerate(slot):
                    label = f"{'te' if kind is TokenEmbedding else 'pe'}.{name}" + (f"[{place}]" if len(slot) > 1 else "")
                    self._scalar(node.sort.bounds[coordinate], label)

    def _flatten(self, node: Node) -> list[Form]:
        if isinstance(node, (TokenEmbedding, PositionEmbedding)):
            start = self.sources[type(node)][0]
            return [Form(((start + i, 1),)) for i in range(node.width)]
        if isinstance(node, Concat):
            return [form for part in node.parts for form in self.of[part]]
        if isinstance(node, Affine):
            x = self.of[node.x]
            return [_form([(c, x[i]) for i, c in row], b) for row, b in zip(node.rows, node.bias, strict=True)]
        if isinstance(node, Relu):
            return self._relu(node)
        if isinstance(node, Attention):
            return self._attend(node)
        assert isinstance(node, Parameter)
        raise SortError("lower", "a closed program", f"the free parameter {node.name}")

    def _relu(self, node: Relu) -> list[Form]:
        item, out = Item(attention=False), []
        label = node.origin[0] if node.origin else "unit"
        for place, form in enumerate(self.of[node.x]):
            if not form.terms:
                out.append(Form((), form.constant if form.constant > 0 else 0))
                continue
            if form not in self._units:
                self._units[form] = self._scalar(node.sort.bounds[place], f"{label}[{place}]")
                item.scalars.append(self._units[form])
                item.values.append(form)
            out.append(Form(((self._units[form], 1),)))
        if item.scalars:
            self.items.append(item)
        return out

    def _attend(self, node: Attention) -> list[Form]:
        pairs = [(q, k) for q, k in zip(self.of[node.q], self.of[node.k], strict=True) if q != Form(()) and k != Form(())]
        key = tuple(self._linear(q) for q, _ in pairs), tuple(self._linear(k) for _, k in pairs)
        if key not in self._heads:
            self._heads[key] = Item(attention=True, q=list(key[0]), k=list(key[1]))
            self.items.append(self._heads[key])
        head, out = self._heads[key], []
        head.whole = head.whole or (node.q.sort.integral and node.k.sort.integral)
        for place, form in enumerate(self.of[node.v]):
            linear = Form(form.terms)
            if not form.terms:
                out.append(form)
                continue
            if (id(head), linear) not in self._values:
                low, high = node.sort.bounds[place]
                scalar = self._scalar((low - form.constant, high - form.constant), f"head[{place}]")
                self._values[id(head), linear] = scalar
                head.scalars.append(scalar)
                head.values.append(linear)
            out.append(Form(((self._values[id(head), linear], 1),), form.constant))
        return out

    def _linear(self, form: Form) -> Form:
        """Projections have no bias: a constant is a multiple of the coordinate that holds 1."""
        if not form.constant:
            return form
        for start, node in reversed(self.sources.values()):
            one = start + node.codebook.slots["one"].start  # type: ignore[attr-defined]
            return _form([(1, Form(form.terms)), (form.constant, Form(((one, 1),)))], 0)
        raise SortError("lower", "a token or position embedding, for the constant 1", "none")

    def size(self, form: Form) -> Number:
        """The largest absolute value of a form, by intervals and by what sorts say of its direction."""
        ends = [sorted(Fraction(c) * end for end in self.bounds[s]) for s, c in form.terms]
        low, high = (form.constant + sum((e[side] for e in ends), Fraction(0)) for side in (0, 1))
        one = {start + node.codebook.slots["one"].start for start, node in self.sources.values()}  # type: ignore[attr-defined]
        varying = Form(tuple((s, c) for s, c in form.terms if s not in one))
        if varying.terms and varying.direction() in self.known:
            fixed = form.constant + sum(c for s, c in form.terms if s in one)
            a, b = sorted(fixed + Fraction(varying.terms[0][1]) * end for end in self.known[varying.direction()])
            low, high = max(low, a), min(high, b)
        return _tidy(max(abs(low), abs(high)))

    def _learn(self, node: Node) -> None:
        """What the node's sort says of its coordinates' directions."""
        for place, (form, (low, high)) in enumerate(zip(self.of[node], node.sort.bounds, strict=True)):
            if len(form.terms) < 1:
                continue
            scale = form.terms[0][1]
            a, b = (_over(end - form.constant, scale) for end in (low, high))
            ends: Interval = (a, b) if a <= b else (b, a)
            direction = form.direction()
            self.known[direction] = _meet(self.known.get(direction, ends), ends)
            if node.origin:
                self.names.setdefault(direction, f"{node.origin[0]}[{place}]")


@dataclass
class Group:
    """Scalars that share a coordinate: its value is the sum of weight * scalar."""

    weights: dict[int, Number]
    low: Number
    high: Number
    parts: Interval  # the sum of some of them
    name: str
    born: int = 0
    last: int = 0
    coordinate: int = -1


def _merge(forms: _Forms, demands: Sequence[Form]) -> tuple[list[Group], dict[int, int]]:
    """Pass 2: the groups, and the group of every scalar that is read."""
    columns: dict[int, list[tuple[int, Number]]] = {}
    distinct = {id(form.terms): form for form in demands}  # forms that differ in the constant say the same
    for number, form in enumerate(distinct.values()):
        for scalar, c in form.terms:
            columns.setdefault(scalar, []).append((number, c))
    classes: dict[tuple[tuple[int, Number], ...], list[int]] = {}
    for scalar in sorted(columns):
        first = columns[scalar][0][1]
        signature = tuple((number, _over(c, first)) for number, c in columns[scalar])
        classes.setdefault(signature, []).append(scalar)
    groups, group_of = [], {}
    for members in classes.values():
        firsts = [Fraction(columns[scalar][0][1]) for scalar in members]
        unit = min(abs(c) for c in firsts) * (1 if firsts[0] > 0 else -1)
        weights = {scalar: _tidy(c / unit) for scalar, c in zip(members, firsts, strict=True)}
        groups.append(_describe(forms, weights))
        group_of.update(dict.fromkeys(members, len(groups) - 1))
    return groups, group_of


def _describe(forms: _Forms, weights: dict[int, Number]) -> Group:
    """A group with its range and name: a sort's or a definition's, if one speaks of it, else by intervals and labels."""
    form = Form(tuple(sorted(weights.items())))
    scale, direction = form.terms[0][1], form.direction()
    ends = [(c * forms.bounds[s][0], c * forms.bounds[s][1]) for s, c in weights.items()]
    low, high = sum(min(e) for e in ends), sum(max(e) for e in ends)
    parts = sum(min(0, *e) for e in ends), sum(max(0, *e) for e in ends)
    if direction in forms.known:
        a, b = sorted(end * scale for end in forms.known[direction])
        low, high = max(low, a), min(high, b)
    label = " + ".join(dict.fromkeys(forms.labels[s] for s in list(weights)[:3])) + (" + ..." if len(weights) > 3 else "")
    return Group(weights, _tidy(low), _tidy(high), parts, forms.names.get(direction, label))


def _cluster(items: Sequence[Item]) -> list[Item]:
    """Units that read from the same items become one item, so that a word's bits are placed together, for every width."""
    maker: dict[int, int] = {}
    units: dict[tuple[int, ...], int] = {}
    out: list[Item] = []
    for item in items:
        key = tuple(sorted({maker[s] for form in item.reads for s, _ in form.terms if s in maker}))
        at = len(out) if item.attention else units.setdefault(key, len(out))
        if at == len(out):
            out.append(item)
        else:
            out[at].scalars.extend(item.scalars)
            out[at].values.extend(item.values)
        maker.update(dict.fromkeys(item.scalars, at))
    return out


class _Schedule:
    """Pass 3: a sublayer for every item; ``cost`` is (most coordinates alive at once, sum over sublayers)."""

    def __init__(self, forms: _Forms, groups: list[Group], group_of: dict[int, int]) -> None:
        self.items, self.groups = forms.items, groups
        maker = {scalar: number for number, item in enumerate(self.items) for scalar in item.scalars}
        self.below = [sorted({maker[s] for f in item.reads for s, _ in f.terms if s in maker}) for item in self.items]
        self.above: list[list[int]] = [[] for _ in self.items]
        for number, below in enumerate(self.below):
            for lower in below:
                self.above[lower].append(number)
        self.level = [0] * len(self.items)
        for number in range(len(self.items)):  # items are in topological order
            self.level[number] = self.earliest(number)
        self.end = max((level + level % 2 for level in self.level), default=0)
        self.makers = [sorted({maker[s] for s in group.weights if s in maker}) for group in groups]
        self.given = [any(s not in maker for s in group.weights) for group in groups]
        self.readers: list[list[int]] = [[] for _ in groups]
        for number, item in enumerate(forms.items):
            for g in sorted({group_of[s] for f in item.reads for s, _ in f.terms}):
                self.readers[g].append(number)
        self.shown = {group_of[s] for f in forms.outputs for s, _ in f.terms}
        self.improve()

    def earliest(self, number: int) -> int:
        """The first sublayer of the right kind after all inputs."""
        level = 1 + max((self.level[lower] for lower in self.below[number]), default=0)
        return level + (level % 2 == 0) if self.items[number].attention else level + level % 2

    def latest(self, number: int) -> int:
        """The last sublayer of the right kind before all readers."""
        level = min((self.level[upper] for upper in self.above[number]), default=self.end + 1) - 1
        return level - (level % 2 == 0) if self.items[number].attention else level - level % 2

    def life(self, g: int) -> tuple[int, int]:
        """First and last sublayer at which a group is needed."""
        born = 0 if self.given[g] else min(self.level[m] for m in self.makers[g])
        reads = [self.level[r] for r in self.readers[g]] + ([self.end + 1] if g in self.shown else [])
        return born, max(reads)

    def stages(self, g: int) -> int:
        """On how many sublayers a group is written."""
        return len({self.level[m] for m in self.makers[g]} | ({0} if self.given[g] else set()))

    def cost(self) -> tuple[int, int]:
        """Coordinates alive across each sublayer: the largest number, and the sum."""
        alive = [0] * (self.end + 2)
        for g in range(len(self.groups)):
            born, last = self.life(g)
            # a coordinate read by attention can be used again from the next feed-forward block on
            for sublayer in range(born, last + (last % 2)):
                alive[min(sublayer, self.end + 1)] += 1
        return max(alive), sum(alive)

    def improve(self) -> None:
        """Move items, last first, to the sublayer of least cost, until nothing gets better."""
        best, changed = self.cost(), True
        while changed:
            changed = False
            for number in reversed(range(len(self.items))):
                home = self.level[number]
                for level in range(self.earliest(number), self.latest(number) + 1, 2):
                    old, self.level[number] = self.level[number], level
                    cost = self.cost()
                    if cost < best:
                        best, home, changed = cost, level, True
                    self.level[number] = old
                self.level[number] = home


def _allocate(schedule: _Schedule) -> tuple[int, list[tuple[int, Group]]]:
    """Pass 4: coordinates. Gives d_model and the erasures (feed-forward sublayer, group whose coordinate is cleared)."""
    groups = schedule.groups
    for g, group in enumerate(groups):
        group.born, group.last = schedule.life(g)
        if schedule.stages(g) > 1:  # incomplete at first, and then within the sum of its parts
            group.low, group.high = min(group.low, *group.parts), max(group.high, *group.parts)
    holder: list[Group] = []
    erasures: list[tuple[int, Group]] = []
    for group in sorted(groups, key=lambda group: group.born):
        clear = group.born - group.born % 2  # the feed-forward block in which a used coordinate must be erased
        for coordinate, old in enumerate(holder):
            if clear >= 2 and old.last + old.last % 2 <= clear:
                erasures.append((clear, old))
                holder[coordinate], group.coordinate = group, coordinate
                break
        else:
            group.coordinate = len(holder)
            holder.append(group)
    return len(holder), erasures


def lower(program: Program) -> Plan:
    """Compile a closed program. Raises SortError for one with free parameters or two embeddings of a kind."""
    forms = _Forms(program)
    forms.items = _cluster(forms.items)
    demands = [form for item in forms.items for form in item.reads] + forms.outputs
    groups, group_of = _merge(forms, demands)
    schedule = _Schedule(forms, groups, group_of)
    width, erasures = _allocate(schedule)
    return _emit(program, forms, groups, group_of, schedule, width, erasures)


def _emit(
    program: Program,
    forms: _Forms,
    groups: list[Group],
    group_of: dict[int, int],
    schedule: _Schedule,
    width: int,
    erasures: list[tuple[int, Group]],
) -> Plan:
    """Pass 5: the matrices."""

    known: dict[int, tuple[Row, Row]] = {}  # by the identity of the linear part, which is kept so that no other has it

    def row(form: Form) -> Row:
        if id(form.terms) not in known:
            terms: dict[int, Number] = {}
            for scalar, c in form.terms:
                group = groups[group_of[scalar]]
                terms[group.coordinate] = _over(c, group.weights[scalar])
            known[id(form.terms)] = form.terms, tuple(sorted(terms.items()))
        return known[id(form.terms)][1]

    def matrix(rows: Iterable[Row], columns: int = width) -> Matrix:
        return Matrix(list(rows), columns)

    def transposed(columns: Sequence[Row]) -> Matrix:
        rows: list[list[tuple[int, Number]]] = [[] for _ in range(width)]
        for number, column in enumerate(columns):
            for coordinate, c in column:
                rows[coordinate].append((number, c))
        return matrix([tuple(r) for r in rows], len(columns))

    def place(scalar: int) -> Row:
        if scalar not in group_of:
            return ()
        group = groups[group_of[scalar]]
        return ((group.coordinate, group.weights[scalar]),)

    def head(item: Item) -> Head:
        values: dict[int, list[tuple[Number, Form]]] = {}  # outputs of one head into one coordinate are one value
        for scalar, form in zip(item.scalars, item.values, strict=True):
            for coordinate, c in place(scalar):
                values.setdefault(coordinate, []).append((c, form))
        v = matrix(row(_form(parts, 0)) for parts in values.values())
        o = transposed([((coordinate, 1),) for coordinate in values])
        q_size, k_size = (tuple(forms.size(form) for form in side) for side in (item.q, item.k))
        return Head(matrix(map(row, item.q)), matrix(map(row, item.k)), v, o, q_size, k_size, item.whole)

    layers = []
    for number in range(1, schedule.end // 2 + 1):
        on = [item for item, level in zip(forms.items, schedule.level, strict=True) if (level + 1) // 2 == number]
        units = [(f, s) for item in on if not item.attention for f, s in zip(item.values, item.scalars, strict=True)]
        up, bias, down = [row(f) for f, _ in units], [f.constant for f, _ in units], [place(s) for _, s in units]
        for sublayer, group in erasures:
            if sublayer == 2 * number:
                for sign in (1, -1) if group.low < 0 else (1,):
                    up.append(((group.coordinate, sign),))
                    bias.append(0)
                    down.append(((group.coordinate, -sign),))
        heads = tuple(head(item) for item in on if item.attention)
        layers.append(Layer(heads, matrix(up), tuple(bias), transposed(down)))

    def source(kind: type[Node]) -> tuple[Node | None, Matrix]:
        if kind not in forms.sources:
            return None, matrix([()] * width, 0)
        start, node = forms.sources[kind]
        return node, transposed([place(start + i) for i in range(node.width)])

    (te, token), (pe, where) = source(TokenEmbedding), source(PositionEmbedding)
    if not isinstance(te, TokenEmbedding):
        raise SortError("lower", "a program that reads its tokens", f"{program.name}, which does not")
    places = pe.codebook if isinstance(pe, PositionEmbedding) else PLAIN
    if pe is None:
        where = matrix([()] * width, PLAIN.width)
    residents = tuple(Resident(g.coordinate, g.name, g.born, g.last, g.low, g.high) for g in groups)
    order = sorted(residents, key=lambda r: (r.coordinate, r.born))
    biases = tuple(form.constant for form in forms.outputs)
    return Plan(
        program.name, te.codebook, places, width, token, where, tuple(layers), matrix(map(row, forms.outputs)), biases,
        tuple(order),
    )  # fmt: skip
