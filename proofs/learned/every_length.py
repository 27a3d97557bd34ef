"""Decoding of all strings at once: by induction over the length, on a graph of finitely many sequences.

A sequence is its tokens so far, and a rest of letters that no pass has reached. A pass reads the context alone, so where this
is full it does the same whatever the rest is; where it is not, the rest is empty, or its first letter is read. Every decoding
is a path of the graph of these: passes, and at most as many letters as the string has. If no cycle consists of passes alone,
every decoding ends, for n letters after at most n + 1 times as many passes as follow each other without a letter being read.
"""

from __future__ import annotations

from typing import NamedTuple

from efasp.model.learned.decode import Run, advanced
from efasp.model.learned.tasks import Task, Tokens
from efasp.proofs.learned.decisions import Decisions, Undecided

LONGEST = 16  # tokens that a sequence may have in front of its rest


class Node(NamedTuple):
    """A sequence in front of a rest of letters. ``state``: of the right answer, after the letters read; ``closed``: whether the
    rest is empty."""

    tokens: Tokens
    state: int
    closed: bool


class Failure(NamedTuple):
    """A string that is not decoded to its right answer, and how its decoding ends, in words."""

    text: str
    why: str


class Graph:
    """All nodes to which a task's strings lead.

    ``texts``: for each node the first string that leads to it, shorter ones first. ``onward``: the next node without a letter
    being read, by a pass or by the end of the rest. ``halted``: the nodes that a pass leaves as they are. ``unknown``: why the
    graph is not whole, where it is not.
    """

    def __init__(self, task: Task, decisions: Decisions) -> None:
        self.task, self._decisions = task, decisions
        self.texts: dict[Node, str] = {}
        self.onward: dict[Node, Node] = {}
        self.halted: list[Node] = []
        self.unknown: list[str] = []
        level = {Node((0,), 0, False): ""}
        while level:
            for start, text in level.items():
                self._follow(start, text)
            level = self._letters([node for node in self.texts if self._open(node)])

    def _open(self, node: Node) -> bool:
        """Whether the first letter of the rest, if there is one, belongs to the context."""
        return not node.closed and len(node.tokens) < self.task.context

    def _follow(self, node: Node | None, text: str) -> None:
        """Add a node and all that follow it without a letter being read."""
        while node is not None and node not in self.texts:
            self.texts[node] = text
            after = node._replace(closed=True) if self._open(node) else self._passed(node)
            if after is not None:
                self.onward[node] = after
            node = after

    def _passed(self, node: Node) -> Node | None:
        """The node after a pass, or None where it is the same or not known."""
        try:
            tokens = advanced(self.task, node.tokens, self._decisions.rule)
        except Undecided as error:
            self.unknown.append(str(error))
            return None
        if len(tokens) > LONGEST:
            self.unknown.append(f"{self.task.text(node.tokens)}: decoding makes the sequence longer than {LONGEST} tokens")
            return None
        if tokens == node.tokens:
            self.halted.append(node)
            return None
        return node._replace(tokens=tokens)

    def _letters(self, nodes: list[Node]) -> dict[Node, str]:
        """The new nodes to which one letter leads, each with the first string that does."""
        out: dict[Node, str] = {}
        for node in sorted(nodes, key=lambda node: (len(self.texts[node]), self.texts[node])):
            for letter in self.task.letters:
                after = self._read(node, letter)
                if after not in self.texts:
                    out.setdefault(after, self.texts[node] + letter)
        return out

    def _read(self, node: Node, letter: str) -> Node:
        """The node after a letter is read."""
        return Node((*node.tokens, *self.task.tokens(letter)[1:]), self.task.moves[node.state][letter], False)

    def run(self, text: str, most: int) -> Run | None:
        """The decoding of a text as a path of the graph, as ``decode.decoded`` gives it; None where there is no such path."""
        node, rest, passes = Node((0,), 0, False), text, 0
        while passes <= most:
            if node not in self.texts:
                return None
            if self._open(node) and rest:
                node, rest = self._read(node, rest[0]), rest[1:]
            elif node in self.onward:
                passes += not self._open(node)
                node = self.onward[node]
            else:
                tokens = (*node.tokens, *self.task.tokens(rest)[1:])
                return Run(tokens, passes, True) if node in self.halted else None
        return Run((*node.tokens, *self.task.tokens(rest)[1:]), passes, False)

    def failures(self) -> list[Failure]:
        """Strings that are not decoded to their right answer, the shortest first. A sequence with letters left says none."""
        task = self.task
        wrong = [node for node in self.halted if task.said(node.tokens) != task.answers[node.state]]
        ends = [Failure(self.texts[node], f"it ends at {task.shown(node.tokens)}") for node in wrong]
        turns = [Failure(self.texts[node], "it never ends") for node in self.texts if self._passes_from(node) is None]
        return sorted([*ends, *turns], key=lambda failure: (len(failure.text), failure))

    def _passes_from(self, node: Node) -> int | None:
        """How many passes follow without a letter being read, or None where they never end."""
        seen, passes = set[Node](), 0
        while node in self.onward:
            if node in seen:
                return None
            seen.add(node)
            passes += not self._open(node)
            node = self.onward[node]
        return passes

    def most_between_letters(self) -> int:
        """The most passes in a row without a letter being read, of a graph in which they end."""
        return max(self._passes_from(node) or 0 for node in self.texts)
