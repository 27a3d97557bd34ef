"""The library of PRAM programs: for each a description, random instances, and the place of the answer in memory.

The programs are the `.pram` files in `programs/`, whose headers say more. No answer is computed here but by a program.

>>> from efasp.pram import machine
>>> instance = PROGRAMS["scan"].encode([3, 1, 4, 1, 5], 16)
>>> instance.result(machine.run(build("scan", instance)).configuration.memory)
[3, 4, 8, 9, 14]
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Unpack

from efasp.pram import edits, problems, quantified
from efasp.pram.assembler import AssemblyError, Options, assemble, assemble_file
from efasp.pram.assembler.source import nearest
from efasp.pram.machine import Program
from efasp.pram.problems import Graph, Instance, read

__all__ = ["PROGRAMS", "WORD", "Entry", "Graph", "Instance", "assembled", "build", "load"]

WORD = 16  # bits, where the caller asks for no other width


@dataclass(frozen=True)
class Entry:
    """One library program.

    ``description``: one line; ``problem``: the argument of ``encode`` and the result; ``draw(rng, size, word)``: a
    random problem, larger as ``size`` (1 or more) is; ``encode(problem, word)``: its Instance; ``extension``: the one
    that it needs ("" or "M").
    """

    name: str
    description: str
    problem: str
    draw: Callable[[Random, int, int], Any]
    encode: Callable[[Any, int], Instance]
    extension: str = ""

    @property
    def file(self) -> str:
        """The file's name in the folder `programs/`."""
        return f"{self.name}.pram"

    def instance(self, rng: Random, size: int, word: int = WORD) -> Instance:
        """A random instance of the given size, for words of ``word`` bits."""
        return self.encode(self.draw(rng, size, word), word)


def load(name: str) -> str:
    """The text of the library program ``name``. Raises KeyError for a name that is not in ``PROGRAMS``."""
    return read(PROGRAMS[name].name)


LANGUAGE = "one of a language that efasp eval is for"
OTHERS = {".efasp": LANGUAGE, ".rasp": LANGUAGE, ".safetensors": "a weights file, which efasp run takes by --weights"}


def assembled(file: str, **options: Unpack[Options]) -> Program:
    """``assemble_file``; where ``file`` names no file but a library program, that.

    Raises AssemblyError, and OSError where the file cannot be read.
    """
    there = os.path.lexists(file)
    if file in PROGRAMS and not there:
        return assemble(load(file), PROGRAMS[file].file, **options)
    if file.isidentifier() and not there:
        raise FileNotFoundError(errno.ENOENT, f"no such file, and no program of the library{nearest(file, PROGRAMS)}", file)
    if (other := OTHERS.get(os.path.splitext(file)[1])) and there:
        raise AssemblyError(file, 0, 0, f"expected a program in assembly, found {other}")
    return assemble_file(file, **options)


def build(name: str, instance: Instance, *, policy: str | None = None, extension: str = "M") -> Program:
    """The library program ``name`` for ``instance``; ``policy`` overrides the file's own.

    Raises AssemblyError where the instance does not fit its word, or the program needs an extension that is not there.
    """
    return assemble(
        load(name),
        PROGRAMS[name].file,
        word=instance.word,
        processors=instance.processors,
        memory=instance.memory,
        policy=policy,
        data=instance.data,
        extension=extension,
    )


_TABLE = (
    Entry(
        "scan", "inclusive prefix sums, by doubling", "words -> words", problems.draw_words, problems.encode_in_place("scan")
    ),
    Entry("reduce", "the sum of n words, by a balanced tree", "words -> word", problems.draw_words, problems.encode_reduce),
    Entry(
        "crcw_max",
        "the maximum of n words in constant time, n^2 processors",
        "words -> (maximum, least index of it)",
        problems.draw_words,
        problems.encode_crcw_max,
        extension="M",
    ),
    Entry(
        "list_rank",
        "the distance of every node to the end of its linked list, by pointer jumping",
        "successors, -1 at an end -> distances",
        problems.draw_list,
        problems.encode_list_rank,
    ),
    Entry(
        "components",
        "connected components of an undirected graph in O(log n) steps, by hooking stars and pointer jumping",
        "Graph -> labels, equal for connected vertices alone",
        problems.draw_graph,
        problems.encode_components,
    ),
    Entry(
        "sort",
        "ascending order, by bitonic sorting",
        "2^k words -> words",
        problems.draw_sort,
        problems.encode_in_place("sort"),
    ),
    Entry(
        "closure",
        "transitive closure of a Boolean matrix in O(log n) steps, by repeated squaring",
        "rows of 0 and 1 -> rows of 0 and 1",
        problems.draw_matrix,
        problems.encode_closure,
    ),
    Entry(
        "bfs",
        "breadth-first levels of a directed graph from a source",
        "(Graph, source) -> levels, None where there is no path",
        problems.draw_bfs,
        problems.encode_bfs,
    ),
    Entry(
        "matmul",
        "the product of two matrices, an entry a processor",
        "(rows of A, rows of B) -> rows",
        problems.draw_product,
        problems.encode_matmul,
        extension="M",
    ),
    Entry(
        "dyck1",
        "whether a string of brackets is balanced, by prefix sums and their minimum",
        "string of ( and ) -> bool",
        problems.draw_dyck1,
        problems.encode_dyck1,
    ),
    Entry(
        "dyck2",
        "whether a string of brackets of several kinds is balanced, by levels and bitonic sorting",
        "string of ()[]{}<> -> bool",
        problems.draw_dyck2,
        problems.encode_dyck2,
    ),
    Entry(
        "clauses",
        "what follows from facts by clauses with two premises (context-free languages: efasp cfg)",
        "Clauses -> the facts that hold",
        problems.draw_clauses,
        problems.encode_clauses,
    ),
    Entry(
        "parity",
        "the exclusive or of n words, by blocks and a balanced tree",
        "words -> word",
        problems.draw_words,
        problems.encode_parity,
    ),
    Entry(
        "cut",
        "removes as few edges as it takes to disconnect two vertices, by augmenting paths",
        "(Graph, s, t) -> (edges removed, edges left)",
        problems.draw_cut,
        problems.encode_cut,
    ),
    Entry(
        "sudoku",
        "a Sudoku of nine by nine cells, by constraint propagation and backtracking",
        "81 digits, . where there is none -> 81 digits, or None",
        problems.draw_sudoku,
        problems.encode_sudoku,
    ),
    Entry(
        "gcd",
        "greatest common divisors, a pair a processor, by the binary algorithm",
        "pairs -> words",
        problems.draw_gcd,
        problems.encode_gcd,
    ),
    Entry(
        "sum_to",
        "1 + 2 + ... + n, by one processor in a loop",
        "n -> word",
        lambda rng, size, word: rng.randint(0, 4 * size),
        problems.encode_sum_to,
    ),
    Entry(
        "fault",
        "processors that fault, each in its way, beside processors that finish",
        "processors, at most 16 -> the 16 words",
        lambda rng, size, word: min(size, 16),
        problems.encode_fault,
    ),
    Entry(
        "qbf",
        "whether a quantified Boolean formula is true, by depth-first evaluation with one cell a variable",
        "Formula: a prefix of a and e, clauses of literals v and -v -> bool",
        quantified.draw_qbf,
        quantified.encode_qbf,
    ),
    Entry(
        "preserve",
        "the letter at an index of a string after a list of edits in O(log m) steps, by pointer jumping",
        "Edited: a string, (letter or none, position) of each edit, an index -> letter",
        edits.draw_preserve,
        edits.encode_preserve,
    ),
)
PROGRAMS: dict[str, Entry] = {entry.name: entry for entry in _TABLE}
