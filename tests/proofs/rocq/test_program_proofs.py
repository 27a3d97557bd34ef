"""The theorem about the library's program `components`: of the assembler's text, and a changed instruction breaks a proof."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest

from efasp.pram.assembler import assemble
from efasp.pram.isa import Instruction, Reg
from efasp.pram.library import load
from efasp.pram.machine import initial
from efasp.pram.problems import draw_graph
from efasp.proofs.rocq import library_text
from efasp.proofs.rocq.build import (
    BASE_FILES,
    BUILD,
    PROGRAM_FILES,
    RELATION_FILES,
    THEOREM_FILES,
    RocqError,
    compiled,
    coqc,
    sources,
)
from efasp.proofs.rocq.mutants import Change
from efasp.proofs.rocq.mutants import load as changes

FILES = (*RELATION_FILES, *PROGRAM_FILES)
TEXT = [change for change in changes() if change.file == "ComponentsText"]
# Of each: the file, a passage of a definition or statement, and another with which what is stated is wrong or cannot be shown.
DEFINITIONS = (
    ("Connectivity", "Prop := p j < p i.", "Prop := p j <> p i."),  # cycles
    ("Connectivity", "Prop := ~ star p j.", "Prop := p i <> p j."),  # cycles
    ("Connectivity", "forall v, v < n -> r v = s (s v).\nDefinition", "forall v, v < n -> r v = s v.\nDefinition"),  # no gain
    ("Connectivity", "E i j /\\ star p i /\\ c i j", "E i j /\\ c i j"),  # roots of higher trees
    ("ComponentsStart", "repeat 0 (2 * n) ++", "repeat 0 n ++"),  # a word a vertex
    ("ComponentsStart", "In (i, j) edges \\/ In (j, i) edges.", "In (i, j) edges."),  # one direction
    ("Components", "(7 <= w)%nat /\\ (1 <= n)%nat", "(6 <= w)%nat /\\ (1 <= n)%nat"),  # 76 instructions
    ("Components", "(2 * length edges <= P)%nat) /\\ Z", "(length edges <= P)%nat) /\\ Z"),  # edges without a processor
    ("Components", "(R <= 2 + k)%nat) /\\ (R", "(R <= 1 + k)%nat) /\\ (R"),  # a round fewer
    ("Components", "(35 + 48 * R)) = false /\\\n  solved", "(35 + 48 * R)) = true /\\\n  solved"),  # a step fewer
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the files are compiled."""
    folder = tmp_path_factory.mktemp("programs")
    before = (*BASE_FILES, *THEOREM_FILES)
    compiled(sources(before), BUILD)
    for name in before:
        (folder / f"{name}.vo").symlink_to(BUILD / f"{name}.vo")
    compiled(sources(FILES), folder)
    return folder


def first_broken(folder: Path, name: str, text: str) -> str:
    """The first of the files, from one with another text on, that does not compile ("" if every one does)."""
    for file in FILES[FILES.index(name) :]:
        (folder / f"{file}.vo").unlink()
        (folder / f"{file}.v").write_text(text if file == name else sources([file])[file])
        try:
            coqc(folder / f"{file}.v")
        except RocqError:
            return file
    return ""


def altered(built: Path, folder: Path, name: str, text: str) -> str:
    """``first_broken`` beside links to what is compiled."""
    for file in built.glob("*.vo"):
        (folder / file.name).symlink_to(file.resolve())
    return first_broken(folder, name, text)


def number(text: str) -> int | None:
    """The number of an operand of the theory."""
    found = re.fullmatch(r"\(\w+ (\d+)\)", text)
    return int(found[1]) if found else None


def operand(text: str) -> Reg | int | None:
    """What an operand of the theory stands for."""
    n = number(text)
    return Reg(n) if n is not None and text.startswith("(Register") else n


def test_the_instructions_are_the_assemblers_and_the_memory_is_the_graphs() -> None:
    """Read back from the theory: the instructions of the program's own file, and for each graph n, its edges and their ends."""
    text = library_text.text()
    assert text == library_text.text() == sources(["ComponentsText"])["ComponentsText"]
    rows = re.findall(r"Build_instruction (\w+) (Absent|\(.*?\)) (Absent|\(.*?\)) (Absent|\(.*?\))", text)
    read = [Instruction(op.lower(), number(rd), number(ra), operand(x)) for op, rd, ra, x in rows]
    assert tuple(read) == assemble(load("components"), "components.pram").instructions and len(read) == 76
    found = re.findall(r"\((\d+)%nat, \[(.*?)\]%nat, (\d+)%nat, \[(.*?)\]\)", text)
    assert len(found) == len(library_text.GRAPHS) >= 3
    for (n, edges, processors, memory), graph in zip(found, library_text.GRAPHS, strict=True):
        ends = [int(end) for end in re.findall(r"\d+", edges)]
        words = [int(word) for word in memory.split("; ")]
        assert (int(n), ends) == (graph.n, [end for edge in graph.edges for end in edge])
        used = [graph.n, len(graph.edges), 0, 0, *[0] * (2 * graph.n), *ends]
        assert words[: len(used)] == used and not any(words[len(used) :])
        assert int(processors) >= max(graph.n, len(ends))


@pytest.mark.parametrize("size", range(1, 16))
def test_the_library_lays_out_every_graph_as_the_theorem_has_it(size: int) -> None:
    """Of random graphs: the same instructions; n, the edges' number, two words, two for each vertex, the ends, and no more."""
    graph = draw_graph(Random(size), size, library_text.WORD)
    program = library_text.instance(graph)
    assert program.instructions == library_text.instance(library_text.GRAPHS[0]).instructions
    ends = [end for edge in graph.edges for end in edge]
    used = [graph.n, len(graph.edges), 0, 0, *[0] * (2 * graph.n), *ends]
    memory = initial(program).memory
    assert [*memory[: len(used)]] == used and not any(memory[len(used) :])
    assert program.processors >= max(graph.n, len(ends))


@pytest.mark.needs("coqc")
@pytest.mark.slow
@pytest.mark.parametrize("change", TEXT, ids=lambda change: change.name)
def test_a_changed_instruction_breaks_a_proof(built: Path, tmp_path: Path, change: Change) -> None:
    """Of the text with one instruction changed, which is a text all the same, it is not shown that it does what is stated."""
    text = change.of(sources(["ComponentsText"])["ComponentsText"])
    assert altered(built, tmp_path, "ComponentsText", text) in ("ComponentsLoop", "ComponentsStart")


@pytest.mark.needs("coqc")
@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), DEFINITIONS)
def test_a_changed_definition_breaks_a_proof(built: Path, tmp_path: Path, file: str, old: str, new: str) -> None:
    """The changed file does not compile, or one after it."""
    text = sources([file])[file]
    assert text.count(old) == 1
    assert altered(built, tmp_path, file, text.replace(old, new))
