"""Passes 3 and 4 of lowering: on which sublayer every item is, and in which coordinate every group."""

from __future__ import annotations

from collections.abc import Iterable

from efasp.model.lowering.forms import Forms
from efasp.model.lowering.merge import Group


class Schedule:
    """Pass 3: a sublayer for every item. The cost is (most coordinates alive at once, their sum over sublayers)."""

    def __init__(self, forms: Forms, groups: list[Group], group_of: dict[int, int]) -> None:
        self.items, self.groups = forms.items, groups
        maker = {scalar: number for number, item in enumerate(self.items) for scalar in item.scalars}
        self.below = [sorted({maker[s] for f in item.reads for s in f.terms if s in maker}) for item in self.items]
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
            for g in sorted({group_of[s] for f in item.reads for s in f.terms}):
                self.readers[g].append(number)
        self.shown = {group_of[s] for f in forms.outputs for s in f.terms}
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
        """The number of sublayers that write coordinates of a group, the embedding counted as one."""
        return len({self.level[m] for m in self.makers[g]} | ({0} if self.given[g] else set()))

    def occupy(self, alive: list[int], groups: Iterable[int], by: int = 1) -> None:
        """Count some groups' coordinates, or with ``by`` -1 no more, on each sublayer across which they are alive."""
        for g in groups:
            born, last = self.life(g)
            # a coordinate read by attention can be used again from the next feed-forward block on
            for sublayer in range(born, last + (last % 2)):
                alive[min(sublayer, self.end + 1)] += by

    def improve(self) -> None:
        """Move items, last first, to the sublayer of least cost, until nothing gets better."""
        alive, changed = [0] * (self.end + 2), True
        self.occupy(alive, range(len(self.groups)))
        near: list[set[int]] = [set() for _ in self.items]  # the groups whose lives an item's sublayer may decide
        for g, (makers, readers) in enumerate(zip(self.makers, self.readers, strict=True)):
            for number in (*makers, *readers):
                near[number].add(g)
        while changed:
            changed = False
            for number in reversed(range(len(self.items))):
                home, best = self.level[number], alive
                others = alive.copy()
                self.occupy(others, near[number], -1)
                for level in [at for at in range(self.earliest(number), self.latest(number) + 1, 2) if at != home]:
                    self.level[number], moved = level, others.copy()
                    self.occupy(moved, near[number])
                    if (max(moved), sum(moved)) < (max(best), sum(best)):
                        best, home, changed = moved, level, True
                self.level[number], alive = home, best


def allocate(schedule: Schedule) -> tuple[int, list[tuple[int, Group]]]:
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
