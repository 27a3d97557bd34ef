"""LRAT proofs: CaDiCaL's DRUP proof, with the clauses that each step rests on, and only the steps that are needed.

CaDiCaL (Debian's ``cadical``) says which clauses follow in which order; which clauses each follows from is found here, by unit
propagation. Neither is believed: ``lrat-check`` replays the outcome.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

MISSING = "cadical not found: expected CaDiCaL on the path (Debian: apt-get install cadical)"


class ProofError(Exception):
    """No proof was made; says why."""


@dataclass(frozen=True)
class Step:
    """A clause that follows by unit propagation from the clauses named, in that order."""

    number: int
    clause: tuple[int, ...]
    hints: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.number} {' '.join(map(str, (*self.clause, 0, *self.hints, 0)))}"


def dimacs(clauses: Sequence[Sequence[int]]) -> str:
    """Clauses (lists of literals) as the text of a DIMACS file."""
    most = max((abs(x) for clause in clauses for x in clause), default=0)
    lines = [f"p cnf {most} {len(clauses)}", *(" ".join(map(str, (*clause, 0))) for clause in clauses)]
    return "\n".join(lines) + "\n"


def drup(clauses: Sequence[Sequence[int]], seconds: float) -> list[tuple[bool, tuple[int, ...]]]:
    """CaDiCaL's proof that clauses are unsatisfiable: (whether it is a deletion, clause). Raises ProofError."""
    command = shutil.which("cadical")
    if command is None:
        raise ProofError(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        cnf, proof = Path(folder, "clauses.cnf"), Path(folder, "proof.drup")
        cnf.write_text(dimacs(clauses))
        options = ["--no-binary", "-q", "-t", str(max(1, round(seconds)))]
        done = subprocess.run([command, *options, str(cnf), str(proof)], capture_output=True, text=True)
        if done.returncode != 20:
            raise ProofError({10: "the clauses have a model", 0: "CaDiCaL gave up"}.get(done.returncode, done.stderr.strip()))
        lines = proof.read_text().splitlines()
    return [(line.startswith("d"), tuple(int(x) for x in re.findall(r"-?\d+", line)[:-1])) for line in lines]


class Replay:
    """Clauses by number, with two watched literals each, and the literals that unit propagation makes true."""

    def __init__(self, clauses: Sequence[Sequence[int]]) -> None:
        self.clauses: dict[int, list[int]] = {}
        self.numbers: dict[tuple[int, ...], list[int]] = {}
        self.watched: dict[int, list[int]] = {}
        self.reason: dict[int, int] = {}  # by true literal: the clause that makes it so (0: assumed)
        self.trail: list[int] = []
        self.done = 0
        self.conflict = 0  # the clause that is false without any assumption
        for number, clause in enumerate(clauses, 1):
            self.add(number, clause)

    def add(self, number: int, clause: Sequence[int]) -> None:
        """A clause, which may be a unit or false already."""
        kept = sorted(dict.fromkeys(clause), key=lambda x: -x in self.reason)
        self.clauses[number] = kept
        self.numbers.setdefault(tuple(sorted(kept)), []).append(number)
        for x in kept[:2]:
            self.watched.setdefault(x, []).append(number)
        if not kept or -kept[0] in self.reason:
            self.conflict = self.conflict or number
        elif len(kept) == 1 or -kept[1] in self.reason:
            self._true(kept[0], number)
        if not self.conflict:
            self.conflict = self._propagate()

    def remove(self, clause: Sequence[int]) -> None:
        """Deletes a clause, unless it makes a literal true."""
        key = tuple(sorted(dict.fromkeys(clause)))
        for number in self.numbers.get(key, ()):
            if not any(self.reason.get(x) == number for x in key):
                self.numbers[key].remove(number)
                for x in self.clauses.pop(number)[:2]:
                    self.watched[x].remove(number)
                return

    def _true(self, literal: int, number: int) -> None:
        if literal not in self.reason:
            self.reason[literal] = number
            self.trail.append(literal)

    def _propagate(self) -> int:
        """The clause that becomes false, or 0."""
        while self.done < len(self.trail):
            false = -self.trail[self.done]
            self.done += 1
            watchers, self.watched[false] = self.watched.get(false, []), []
            for index, number in enumerate(watchers):
                clause = self.clauses[number]
                if clause[0] == false:
                    clause[0], clause[1] = clause[1], clause[0]
                other = clause[0]
                place = next((i for i in range(2, len(clause)) if -clause[i] not in self.reason), 0)
                if other not in self.reason and place:
                    clause[1], clause[place] = clause[place], clause[1]
                    self.watched.setdefault(clause[1], []).append(number)
                    continue
                self.watched[false].append(number)
                if -other in self.reason:
                    self.watched[false] += watchers[index + 1 :]
                    return number
                self._true(other, number)
        return 0

    def hints(self, clause: Sequence[int]) -> tuple[int, ...]:
        """The clauses, in order, from which a clause follows by unit propagation. Raises ProofError."""
        start, done, conflict = len(self.trail), self.done, self.conflict
        for x in dict.fromkeys(clause):
            if not conflict and x in self.reason:
                conflict = self.reason[x]  # true already: the clause that made it so
                if not conflict:
                    raise ProofError(f"a step that is true whatever its variables are: {' '.join(map(str, clause))}")
            if not conflict:
                self._true(-x, 0)
        conflict = conflict or self._propagate()
        if not conflict:
            raise ProofError(f"a step that does not follow by unit propagation: {' '.join(map(str, clause))}")
        used = self._used(conflict, {-x for x in clause})
        for literal in self.trail[start:]:
            del self.reason[literal]
        del self.trail[start:]
        self.done = done
        return used

    def _used(self, conflict: int, assumed: set[int]) -> tuple[int, ...]:
        """The clauses that a conflict rests on, first to last, given some literals."""
        needed, out = {-x for x in self.clauses.get(conflict, ())}, [conflict]
        for literal in reversed(self.trail):
            number = self.reason[literal]
            if literal in needed and literal not in assumed and number != conflict:
                out.append(number)
                needed |= {-x for x in self.clauses[number] if x != literal}
        return tuple(reversed(out))


def steps(clauses: Sequence[Sequence[int]], proof: Iterable[tuple[bool, tuple[int, ...]]]) -> list[Step]:
    """A DRUP proof with its hints, up to the empty clause; only the steps that it needs. Raises ProofError."""
    replay, derived, number = Replay(clauses), list[Step](), len(clauses)
    for deleted, clause in proof:
        if replay.conflict:
            break
        if deleted:
            replay.remove(clause)
            continue
        number += 1
        derived.append(Step(number, clause, replay.hints(clause)))
        replay.add(number, clause)
    if not replay.conflict:
        raise ProofError("a proof that does not end with the empty clause")
    if not derived or derived[-1].clause:
        derived.append(Step(number + 1, (), replay.hints(())))
    return needed(derived)


def needed(proof: Sequence[Step]) -> list[Step]:
    """The steps of a proof that its last step rests on, in order."""
    wanted, out = {proof[-1].number}, []
    for step in reversed(proof):
        if step.number in wanted:
            wanted |= set(step.hints)
            out.append(step)
    return out[::-1]
