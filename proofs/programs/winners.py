"""Heads as scores of affine forms over leaves; of those over places alone, which position wins (``model.winners``)."""

from __future__ import annotations

from efasp.affine_forms import Form, total
from efasp.language.sort_names import fits
from efasp.model.winners import Winner, plain, sole_winner
from efasp.proofs.programs.position import counted, within
from efasp.sorts import Number
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, TokenEmbedding

Leaf = tuple[Node, int]  # a coordinate of an embedding, a head, a ReLU or a variable


class Forms:
    """The coordinates of nodes as affine forms over leaves; with ``few`` also over affine nodes that are declared to have so
    few values, where their parts may have more."""

    def __init__(self, few: int = 0) -> None:
        self.few = few
        self.known: dict[Node, list[Form]] = {}

    def of(self, root: Node) -> list[Form]:
        """The forms of a node."""
        for made in counted(root):
            self.known.setdefault(made, [self._leaf(made, place) for place in range(made.width)])
        for node in within(root, known=self.known):
            if isinstance(node, Concat):
                self.known[node] = [form for part in node.parts for form in self.known[part]]
            elif isinstance(node, Affine) and not self._narrow(node):
                x = self.known[node.x]
                self.known[node] = [
                    total([(c, x[i]) for i, c in row], bias) for row, bias in zip(node.rows, node.bias, strict=True)
                ]
            else:
                self.known[node] = [self._leaf(node, place) for place in range(node.width)]
        return self.known[root]

    def _narrow(self, node: Affine) -> bool:
        if not self.few or not node.sort.integral or fits(node._inferred(), node.sort):
            return False
        return all(high - low <= self.few for low, high in node.sort.bounds)

    def _leaf(self, node: Node, place: int) -> Form:
        embedded = isinstance(node, (TokenEmbedding, PositionEmbedding))
        if embedded and place == node.codebook.slots["one"].start:  # type: ignore[attr-defined]
            return Form(constant=1)
        if isinstance(node, PositionEmbedding) and plain(node.codebook) and place == 0:
            return Form(constant=1)  # the flag of the only kind
        return Form.atom((node, place))


def winner(head: Attention, forms: Forms) -> Winner | None:
    """The only winner of a head over places alone; None for any other head."""
    return sole_winner(zip(forms.of(head.q), forms.of(head.k), strict=True), _place, _whole)


def _place(leaf: Leaf) -> str:
    node, place = leaf
    if not isinstance(node, PositionEmbedding) or not plain(node.codebook):
        return ""
    slots = node.codebook.slots
    return next((name for name in ("number", "square") if place in slots[name]), "")


def _whole(form: Form) -> bool:
    """Whether a form is an integer: integer coefficients of integer leaves."""
    numbers: list[Number] = [form.constant, *form.terms.values()]
    return all(c == int(c) for c in numbers) and all(node.sort.integral for node, _ in form.terms)
