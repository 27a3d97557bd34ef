"""The step of an engine as text for ``build/plan-check``: the definition that a plan is compared with. Numbers are exact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm

from efasp.affine_forms import Form, total
from efasp.model.compile import STEPS
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, Program, Relu, TokenEmbedding, walk

Terms = tuple[tuple[int, int], ...]  # scalar and coefficient, by scalar


def definition_text(word: int, engine: str, extension: str) -> str:
    """The scalars of an engine's step, numbered from 1: entries of the token's code, of the place's code, ReLUs and means.

    Lines: the machine; the items (``units CONSTANTS`` and a line of terms for ReLUs that differ in the constant only;
    ``head PAIRS VALUES`` and a line for each query, key and value: its constant, then its terms, ``SCALAR:COEFFICIENT``); the
    results. Raises ValueError for a step whose results have coefficients that are not integers.
    """
    head = [f"word {word}", f"engine {engine}", f"extension {extension or 'none'}"]
    return "\n".join([*head, *_Writer(STEPS[engine](word, extension)).lines()]) + "\n"


def whole(form: Form) -> int:
    """The least factor that makes all coefficients and the constant integers."""
    return lcm(form.constant.denominator, *(c.denominator for c in form.terms.values()))


def _terms(form: Form) -> str:
    return " ".join(f"{scalar}:{c}" for scalar, c in form.row)


def _line(form: Form) -> str:
    return f"{form.constant} {_terms(form)}".strip()


class _Writer:
    """Walks the graph of a program; ``of``: the forms of every node over the numbered scalars."""

    def __init__(self, program: Program) -> None:
        nodes = walk(program.output)
        books = {type(node): node.codebook for node in nodes if isinstance(node, (TokenEmbedding, PositionEmbedding))}
        self.tokens = books[TokenEmbedding].width
        self.scalars = self.tokens + books[PositionEmbedding].width
        self.items: list[list[str]] = []
        self.last: tuple[Terms, list[int]] | None = None  # the units that were written last
        self.of: dict[Node, list[Form]] = {}
        for node in nodes:
            self.of[node] = self._forms(node)
        self._finish_units()
        self.results = self.of[program.output]
        if any(whole(form) > 1 for form in self.results):
            raise ValueError(f"{program.name}: expected results with integer coefficients")

    def lines(self) -> Iterator[str]:
        """The text, line by line."""
        yield f"items {len(self.items)}"
        for item in self.items:
            yield from item
        yield f"results {len(self.results)}"
        yield from map(_line, self.results)

    def _forms(self, node: Node) -> list[Form]:
        if isinstance(node, Concat):
            return [form for part in node.parts for form in self.of[part]]
        if isinstance(node, Affine):
            x = self.of[node.x]
            return [total([(c, x[i]) for i, c in row], b) for row, b in zip(node.rows, node.bias, strict=True)]
        if isinstance(node, Relu):
            return [self._unit(form) for form in self.of[node.x]]
        if isinstance(node, Attention):
            return self._head(self.of[node.q], self.of[node.k], self.of[node.v])
        first = 1 if isinstance(node, TokenEmbedding) else 1 + self.tokens
        return [Form.atom(first + i) for i in range(node.width)]

    def _scalar(self, factor: int) -> Form:
        self.scalars += 1
        return total([(Fraction(1, factor), Form.atom(self.scalars))])

    def _unit(self, form: Form) -> Form:
        factor = whole(form)
        scaled = form.times(factor)
        terms: Terms = tuple((scalar, int(c)) for scalar, c in scaled.row)
        if self.last and self.last[0] == terms:
            self.last[1].append(int(scaled.constant))
        else:
            self._finish_units()
            self.last = terms, [int(scaled.constant)]
        return self._scalar(factor)

    def _finish_units(self) -> None:
        if self.last:
            terms, constants = self.last
            self.items.append([" ".join(map(str, ("units", *constants))), " ".join(f"{s}:{c}" for s, c in terms)])
        self.last = None

    def _head(self, queries: Sequence[Form], keys: Sequence[Form], values: Sequence[Form]) -> list[Form]:
        self._finish_units()
        lines = [f"head {len(queries)} {len(values)}"]
        for side in (queries, keys):
            factor = lcm(1, *map(whole, side))
            lines += [_line(form.times(factor)) for form in side]
        factors = [whole(form) for form in values]
        lines += [_line(form.times(factor)) for form, factor in zip(values, factors, strict=True)]
        self.items.append(lines)
        return [self._scalar(factor) for factor in factors]
