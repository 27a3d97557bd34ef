"""Unit propagation over clauses that grow in number."""

from __future__ import annotations

from collections.abc import Iterable

from efasp.checker.certificates.clauses import Clause


class Propagation:
    """Clauses and ``units``, the literals that they are known to make true."""

    def __init__(self) -> None:
        self.units: dict[int, None] = {}
        self._of: dict[int, list[Clause]] = {}  # by literal: the clauses that have it

    def add(self, clause: Clause) -> None:
        """Add a clause, and the literals that follow from it by unit propagation."""
        for x in clause:
            self._of.setdefault(x, []).append(clause)
        if not any(x in self.units for x in clause):
            left = [x for x in clause if -x not in self.units]
            if len(left) == 1:
                self._force(left[0])

    def _force(self, literal: int) -> None:
        reason = self.follows(literal)
        self.units |= dict.fromkeys(reason if reason is not None else [literal])

    def follows(self, literal: int) -> list[int] | None:
        """What follows from the units and a literal, that one first; None where they contradict each other."""
        true, queue = {literal: None}, [literal]
        for x in queue:
            for clause in self._of.get(-x, ()):
                left = None
                for y in clause:
                    if y in true or y in self.units:
                        break
                    if -y not in true and -y not in self.units:
                        if left is not None:
                            break
                        left = y
                else:
                    if left is None:
                        return None
                    true[left] = None
                    queue.append(left)
        return queue

    def probe(self, literals: Iterable[int]) -> None:
        """Adds to the units the negatives of literals that lead to a contradiction."""
        for x in literals:
            if x not in self.units and -x not in self.units and self.follows(x) is None:
                self._force(-x)
