"""Pass 5 of lowering: the matrices of the layer plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from efasp.affine_forms import Form, Terms, divided, total
from efasp.codebook import Codebook
from efasp.exact import Matrix
from efasp.model.lowering.forms import Forms, Item
from efasp.model.lowering.merge import Group
from efasp.model.lowering.schedule import Schedule
from efasp.model.plan import Head, Layer, Plan, Resident
from efasp.sorts import Number, SortError
from efasp.syntax import Node, PositionEmbedding, Program, Row, TokenEmbedding

PLAIN = Codebook.index(20)  # the places of a program that does not read them


class Emitter:
    """Writes the matrices of a plan.

    ``groups``: with their coordinates; ``group_of``: the group of every scalar that is read; ``width``: d_model;
    ``erasures``: feed-forward sublayers, each with a group whose coordinate is cleared there.
    """

    def __init__(
        self,
        program: Program,
        forms: Forms,
        groups: list[Group],
        group_of: dict[int, int],
        schedule: Schedule,
        width: int,
        erasures: list[tuple[int, Group]],
    ) -> None:
        self.program, self.forms, self.schedule = program, forms, schedule
        self.groups, self.group_of, self.width, self.erasures = groups, group_of, width, erasures
        # by the identity of the linear part, which is kept so that no other has it
        self._rows: dict[int, tuple[Terms, Row]] = {}

    def row(self, form: Form) -> Row:
        """The linear part of a form, over coordinates."""
        if id(form.terms) not in self._rows:
            terms: dict[int, Number] = {}
            for scalar, c in form.terms.items():
                group = self.groups[self.group_of[scalar]]
                terms[group.coordinate] = divided(c, group.weights[scalar])
            self._rows[id(form.terms)] = form.terms, tuple(sorted(terms.items()))
        return self._rows[id(form.terms)][1]

    def matrix(self, rows: Iterable[Row]) -> Matrix:
        """The matrix (rows, d_model) of sparse rows."""
        return Matrix(list(rows), self.width)

    def transposed(self, columns: Sequence[Row]) -> Matrix:
        """The matrix (d_model, columns) with these columns."""
        rows: list[list[tuple[int, Number]]] = [[] for _ in range(self.width)]
        for number, column in enumerate(columns):
            for coordinate, c in column:
                rows[coordinate].append((number, c))
        return Matrix([tuple(r) for r in rows], len(columns))

    def place(self, scalar: int) -> Row:
        """The coordinate that a scalar is added to, with its weight; nothing for one that is not read."""
        if scalar not in self.group_of:
            return ()
        group = self.groups[self.group_of[scalar]]
        return ((group.coordinate, group.weights[scalar]),)

    def head(self, item: Item) -> Head:
        """One head. Its outputs into one coordinate are one value."""
        values: dict[int, list[tuple[Number, Form]]] = {}
        for scalar, form in zip(item.scalars, item.values, strict=True):
            for coordinate, c in self.place(scalar):
                values.setdefault(coordinate, []).append((c, form))
        v = self.matrix(self.row(total(parts)) for parts in values.values())
        o = self.transposed([((coordinate, 1),) for coordinate in values])
        q, k = (self.matrix(map(self.row, side)) for side in (item.q, item.k))
        q_size, k_size = (tuple(self.forms.size(form) for form in side) for side in (item.q, item.k))
        return Head(q, k, v, o, q_size, k_size, item.whole, item.single)

    def layer(self, number: int) -> Layer:
        """Layer ``number``, from 1 on: its heads, and a feed-forward block of its units and erasures."""
        levels = zip(self.forms.items, self.schedule.level, strict=True)
        on = [item for item, level in levels if (level + 1) // 2 == number]
        units = [(f, s) for item in on if not item.attention for f, s in zip(item.values, item.scalars, strict=True)]
        up, bias = [self.row(f) for f, _ in units], [f.constant for f, _ in units]
        down = [self.place(s) for _, s in units]
        for sublayer, group in self.erasures:
            if sublayer == 2 * number:
                for sign in (1,) if group.low >= 0 else (-1,) if group.high <= 0 else (1, -1):
                    up.append(((group.coordinate, sign),))
                    bias.append(0)
                    down.append(((group.coordinate, -sign),))
        heads = tuple(self.head(item) for item in on if item.attention)
        return Layer(heads, self.matrix(up), tuple(bias), self.transposed(down))

    def embedding(self, kind: type[Node]) -> tuple[Node | None, Matrix]:
        """The program's embedding of a kind (None where it has none), and its matrix (d_model, width of a code)."""
        if kind not in self.forms.sources:
            return None, self.transposed(())
        start, node = self.forms.sources[kind]
        return node, self.transposed([self.place(start + i) for i in range(node.width)])

    def residents(self) -> tuple[Resident, ...]:
        """The residents of the coordinates, by coordinate and birth."""
        residents = (Resident(g.coordinate, g.name, g.born, g.last, g.low, g.high) for g in self.groups)
        return tuple(sorted(residents, key=lambda r: (r.coordinate, r.born)))

    def plan(self) -> Plan:
        """The whole plan of the program. Raises SortError for a program that does not read its tokens."""
        layers = tuple(self.layer(number) for number in range(1, self.schedule.end // 2 + 1))
        (te, token), (pe, where) = self.embedding(TokenEmbedding), self.embedding(PositionEmbedding)
        if not isinstance(te, TokenEmbedding):
            raise SortError("lower", "a program that reads its tokens", f"{self.program.name}, which does not")
        places = pe.codebook if isinstance(pe, PositionEmbedding) else PLAIN
        if pe is None:
            where = self.transposed([()] * PLAIN.width)
        out = self.matrix(map(self.row, self.forms.outputs))
        biases = tuple(form.constant for form in self.forms.outputs)
        return Plan(
            self.program.name, te.codebook, places, self.width, token, where, layers, out, biases, self.residents()
        )  # fmt: skip
