"""Pass 2 of lowering: which items belong together, and which scalars share a residual coordinate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from efasp.affine_forms import Form, divided, primitive
from efasp.model.lowering.forms import Forms, Item, direction
from efasp.model.plan import dyadic
from efasp.sorts import Interval, Number, tidy


def cluster(items: Sequence[Item]) -> list[Item]:
    """Units that read from the same items become one item, so that a word's bits are placed together, for every width."""
    maker: dict[int, int] = {}
    units: dict[tuple[int, ...], int] = {}
    out: list[Item] = []
    for item in items:
        scalars = set().union(*(form.terms for form in item.reads))
        key = tuple(sorted(set(map(maker.__getitem__, maker.keys() & scalars))))
        at = len(out) if item.attention else units.setdefault(key, len(out))
        if at == len(out):
            out.append(item)
        else:
            out[at].scalars.extend(item.scalars)
            out[at].values.extend(item.values)
        maker.update(dict.fromkeys(item.scalars, at))
    return out


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


def merge(forms: Forms, demands: Sequence[Form]) -> tuple[list[Group], dict[int, int]]:
    """Pass 2: the groups, and the group of every scalar that is read."""
    columns: dict[int, list[tuple[int, Number]]] = {}
    distinct = {id(form.terms): form for form in demands}  # forms that differ in the constant count as one
    for number, form in enumerate(distinct.values()):
        for scalar, c in form.terms.items():
            columns.setdefault(scalar, []).append((number, c))
    classes: dict[tuple[tuple[int, Number], ...], list[int]] = {}
    for scalar in sorted(columns):
        first = columns[scalar][0][1]
        shares = columns[scalar] if first == 1 else [(number, divided(c, first)) for number, c in columns[scalar]]
        classes.setdefault(tuple(shares), []).append(scalar)
    groups: list[Group] = []
    group_of: dict[int, int] = {}
    for members in classes.values():
        group_of.update(dict.fromkeys(members, len(groups)))
        if len(members) == 1:
            groups.append(_describe(forms, {members[0]: 1}))
            continue
        firsts = [Fraction(columns[scalar][0][1]) for scalar in members]
        unit = min(abs(c) for c in firsts) * (1 if firsts[0] > 0 else -1)
        if not all(dyadic(c / unit) for c in firsts):  # no dtype has such weights: integers without a common divisor
            unit = Fraction(primitive(firsts)[0]) * (1 if firsts[0] > 0 else -1)
        weights = {scalar: tidy(c / unit) for scalar, c in zip(members, firsts, strict=True)}
        groups.append(_describe(forms, weights))
    return groups, group_of


def _describe(forms: Forms, weights: dict[int, Number]) -> Group:
    """A group with its range and name: a sort's or a definition's, if one speaks of it, else by intervals and labels."""
    towards, factor = direction(Form(weights))
    ends = [(c * forms.bounds[s][0], c * forms.bounds[s][1]) for s, c in weights.items()]
    low, high = sum(min(e) for e in ends), sum(max(e) for e in ends)
    parts = sum(min(0, *e) for e in ends), sum(max(0, *e) for e in ends)
    if towards in forms.known:
        a, b = sorted(end * factor for end in forms.known[towards])
        low, high = max(low, a), min(high, b)
    label = " + ".join(dict.fromkeys(forms.labels[s] for s in list(weights)[:3])) + (" + ..." if len(weights) > 3 else "")
    return Group(weights, tidy(low), tidy(high), parts, forms.names.get(towards, label))
