"""The theorems about programs of the library: of the assembler's texts, and a changed instruction breaks a proof."""

from __future__ import annotations

import re
from random import Random

import pytest

from efasp.grammar import parse_grammar, read_grammar
from efasp.pram.assembler import assemble
from efasp.pram.isa import Instruction, Reg
from efasp.pram.library import load
from efasp.pram.machine import Program, initial
from efasp.pram.problems import Clauses, draw_clauses, draw_graph
from efasp.proofs.rocq import library_text, mutants
from efasp.proofs.rocq.build import BUILD, PROOF_FILES, compiled, sources
from efasp.proofs.rocq.mutants import Change
from tests.pages import ROOT

TEXT = [change for change in mutants.load() if change.file in library_text.TEXTS]
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
    ("ClausesRounds", "&& holds clauses_ facts t a && holds", "&& holds clauses_ facts t a || holds"),  # one premise
    ("ClausesRounds", "place clauses_ b; place clauses_ c]", "place clauses_ c; place clauses_ b]"),  # another conclusion
    ("ClausesRounds", "(5 <= w)%nat /\\ (1", "(4 <= w)%nat /\\ (1"),  # 17 instructions
    ("ClausesRounds", "(1 <= rounds)%nat /\\", "(0 <= rounds)%nat /\\"),  # the count wraps around
    ("ClausesRounds", "Z.of_nat rounds < size w", "Z.of_nat rounds <= size w"),  # likewise
    ("Clauses", "(reached w p (8 + 6 * R)) = true <->", "(reached w p (7 + 6 * R)) = true <->"),  # a step fewer
    ("Clauses", "holds T facts (R - 1) a = true /\\ holds T facts (R - 1) b = true)", "True)"),  # not whenever it can
    ("Clauses", "(place T f) = Z.b2z (holds T facts t f)) /\\", "(place T f) = Z.b2z (holds T facts (S t) f)) /\\"),  # early
    ("ClausesGrammar", "nat := (1 + 4 * Nat.log2 n)%nat", "nat := (4 * Nat.log2 n)%nat"),  # a round fewer
    ("ClausesGrammar", "(1 <= n)%nat /\\ Z.of_nat rounds", "(0 <= n)%nat /\\ Z.of_nat rounds"),  # no letter
    ("ClausesGrammar", "(14 + 24 * Nat.log2 n)) = false /\\", "(14 + 24 * Nat.log2 n)) = true /\\"),  # a step fewer
    ("ClausesGrammar", "exists i, (i < n)%nat /\\ x =", "exists i, (S i < n)%nat /\\ x ="),  # the last letter
    ("ClausesGrammar", "In x facts /\\ In y facts", "In x facts /\\ In x facts"),  # a premise that is missing
    ("ClausesGrammar", "In (a, b, c) numbered_ <->", "In (a, b, c) numbered_ ->"),  # clauses that are missing
    ("ClausesTable", "bool := 2 <=? ContextFree", "bool := 3 <=? ContextFree"),  # gaps that are missing
    ("ClausesTable", "(seq 1 (m - 1))) binary", "(seq 1 (m - 2))) binary"),  # a length that is missing
    ("ClausesTable", "y :: z :: within bound y ++", "y :: z :: within bound z ++"),  # items that are missing
    ("ClausesTable", "=? length facts) &&\n", "=? length facts) ||\n"),  # a fact that has two numbers
    ("ClausesTable", "covered clause_eq clauses_of (flat_map", "covered clause_eq [] (flat_map"),  # clauses that are missing
    ("ClausesTable", "(reads facts t) clauses_of) numbered_", "(reads facts t) (reads facts t)) numbered_"),  # too many
    ("ClausesTable", "1 <= n -> exists w", "exists w"),  # no letter
    ("ClausesTable", "4 * (count * count * count)", "3 * (count * count * count)"),  # too few clauses
    ("ClausesTable", "(1 + 2 * length binary_rules) * (S n * S n) in", "(1 + length binary_rules) * (S n * S n) in"),  # names
    ("ClausesTable", "5 + Nat.log2_up (n + 6", "5 + Nat.log2 (n / 32"),  # a word that is too narrow
    ("Alone", "address < Z.of_nat M /\\ forall v,", "address < 1 + Z.of_nat M /\\ forall v,"),  # a load beyond the memory
    ("Alone", "=> address < Z.of_nat M /\\ leads", "=> leads"),  # a store anywhere
    ("Alone", "exists k, (k <= T)%nat", "exists k, (k <= S T)%nat"),  # one that halts later
    ("BracketsSteps", "(7 <= w)%nat /\\", "(6 <= w)%nat /\\"),  # 89 instructions
    ("BracketsSteps", "(1 <= L)%nat /\\", "(0 <= L)%nat /\\"),  # one processor
    ("BracketsSteps", "(1 + 2 * 2 ^ L <= length", "(2 * 2 ^ L <= length"),  # a word fewer
    ("BracketsSteps", "(45 + 28 * L + 8 * L * L)%nat in\n  (forall", "(46 + 28 * L + 8 * L * L)%nat in\n  (forall"),  # late
    ("ClausesDyck", "(3 + 6 * k) * (S n * S n)", "(3 + 5 * k) * (S n * S n)"),  # too few clauses
    ("ClausesDyck", "1 <= n -> (derives", "(derives"),  # the empty word
    ("ClausesDyck", "(14 + 24 * Nat.log2 n)) = false /\\", "(14 + 24 * Nat.log2 n)) = true /\\"),  # a step fewer
    ("ClausesDyck", "(answer = 0%Z /\\ ~ dyck k u)", "(answer = 0%Z /\\ dyck k u)"),  # another answer
)  # fmt: skip


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """The theories, which are compiled."""
    found = sources(PROOF_FILES)
    compiled(found, BUILD)
    return found


def number(text: str) -> int | None:
    """The number of an operand of the theory."""
    found = re.fullmatch(r"\(\w+ (\d+)\)", text)
    return int(found[1]) if found else None


def operand(text: str) -> Reg | int | None:
    """What an operand of the theory stands for."""
    n = number(text)
    return Reg(n) if n is not None and text.startswith("(Register") else n


def read_back(name: str) -> tuple[Instruction, ...]:
    """The instructions of a theory."""
    rows = re.findall(r"Build_instruction (\w+) (Absent|\(.*?\)) (Absent|\(.*?\)) (Absent|\(.*?\))", library_text.text(name))
    return tuple(Instruction(op.lower(), number(rd), number(ra), operand(x)) for op, rd, ra, x in rows)


@pytest.mark.parametrize(
    ("name", "program", "count"),
    [("ComponentsText", "components", 76), ("ClausesText", "clauses", 17), ("BracketsText", "dyck2", 89)],
)
def test_the_instructions_are_the_assemblers(name: str, program: str, count: int) -> None:
    """Read back from the theory: the instructions of the program's own file."""
    assert library_text.text(name) == library_text.text(name) == sources([name])[name]
    read = read_back(name)
    assert read == assemble(load(program), f"{program}.pram").instructions and len(read) == count


def numbers(text: str) -> list[int]:
    """The numbers in a text, in order."""
    return [int(each) for each in re.findall(r"\d+", text)]


def test_the_memory_is_the_graphs() -> None:
    """Read back from the theory: for each graph n, its edges, their ends, and processors enough."""
    found = re.findall(r"\((\d+)%nat, \[(.*?)\]%nat, (\d+)%nat, \[(.*?)\]\)", library_text.text("ComponentsText"))
    assert len(found) == len(library_text.GRAPHS) >= 3
    for (n, edges, processors, memory), graph in zip(found, library_text.GRAPHS, strict=True):
        ends, words = numbers(edges), numbers(memory)
        assert (int(n), ends) == (graph.n, [end for edge in graph.edges for end in edge])
        used = [graph.n, len(graph.edges), 0, 0, *[0] * (2 * graph.n), *ends]
        assert words[: len(used)] == used and not any(words[len(used) :])
        assert int(processors) >= max(graph.n, len(ends))


def test_the_memory_is_the_brackets() -> None:
    """Read back from the theory: a processor a bracket, 1, twice the kind and 1 more for an opening bracket, and no more."""
    found = re.findall(r"\((\d+)%nat, (\d+)%nat, \[(.*?)\]\)", library_text.text("BracketsText"))
    words = {"()": [1, 0], "([)]": [1, 3, 0, 2], "([]){}": [1, 3, 2, 0, 5, 4, 1, 0]}  # the last is filled up with a pair
    assert tuple(words) == library_text.BRACKETS
    for (levels, processors, memory), codes in zip(found, words.values(), strict=True):
        assert 2 ** int(levels) == int(processors) == len(codes)
        assert numbers(memory) == [1, *codes, *[0] * len(codes), *[0] * (len(numbers(memory)) - 1 - 2 * len(codes))]


def clauses_memory(problem: Clauses) -> list[int]:
    """Memory as the theorem has it: rounds, addresses (first three of a fact that never holds), facts, and that one."""
    rounds, count, holds, clauses = problem
    first = 1 + 3 * (1 + len(clauses))
    addresses = [first + fact for clause in ((count,) * 3, *clauses) for fact in clause]
    return [rounds, *addresses, *(int(fact in holds) for fact in range(count)), 0]


def test_the_memory_is_the_clauses() -> None:
    """Read back from the theory: of each table the rounds, the clauses, the facts that hold, and all in memory."""
    row = r"\((\d+)%nat, \[(.*?)\]%nat, \[(.*?)\], (\d+)%nat, \[(.*?)\]\)"
    found = re.findall(row, library_text.text("ClausesText").partition("Definition words")[0])
    assert len(found) == len(library_text.CLAUSES) >= 3
    for (rounds, clauses, facts, processors, memory), problem in zip(found, library_text.CLAUSES, strict=True):
        assert (int(rounds), numbers(clauses)) == (problem.rounds, [fact for clause in problem.clauses for fact in clause])
        assert facts.split("; ") == [str(fact in problem.holds).lower() for fact in range(problem.facts)]
        used, words = clauses_memory(problem), numbers(memory)
        assert words[: len(used)] == used and not any(words[len(used) :]) and int(processors) == 1 + len(problem.clauses)


@pytest.mark.parametrize(("name", "left", "memory_first"), [("words", "a", 5), ("dyck2", "()[]", 9)])
def test_the_words_are_of_the_grammar_that_the_theorem_is_shown_of(name: str, left: str, memory_first: int) -> None:
    """A letter is its place among the grammar's, or after them; of the facts, with the goal first, the word's letters hold."""
    words = library_text.GRAMMARS[name][1]
    row = r"\(\[(.*?)\]%nat, \[.*?\]%nat, \[(.*?)\]%nat, \[(.*?)\], (\d+)%nat, \[(.*?)\]\)"
    found = re.findall(row, definition(name))
    assert len(found) == len(words) == 2
    for (facts, letters, bits, _, memory), word in zip(found, words, strict=True):
        assert numbers(letters) == [(left + letter).index(letter) for letter in word]
        standing = {f"ContextFree.Letter nat nat {i} {left.index(letter)}" for i, letter in enumerate(word) if letter in left}
        named = facts.split("; ")
        assert {fact for fact, bit in zip(named, bits.split("; "), strict=True) if bit == "true"} == standing
        assert named[0] == f"ContextFree.Item nat nat (0, 0, {len(word)})" and numbers(memory)[0] == memory_first


def definition(name: str) -> str:
    """The text of a definition of the clauses' theory."""
    return library_text.text("ClausesText").partition(f"Definition {name} ")[2].partition("Definition")[0]


def test_the_rules_are_those_of_the_grammars() -> None:
    """Read back from the theory, by number: S -> S S and S -> a; and those of the file, one by one, in its order."""
    assert parse_grammar("S -> S S\nS -> a", "S.cfg") == library_text.GRAMMARS["words"][0]
    read = read_grammar(ROOT / "examples" / "dyck2.cfg")
    assert read == library_text.GRAMMARS["dyck2"][0]
    rules = [re.findall(r"\(([\d, ]+)\)", definition(f"{name}_rules")) for name in ("words", "dyck2")]
    assert rules[0] == ["0, 0, 0", "0, 0"]
    names, letters = ("S", "T1", "L1", "R1", "T2", "L2", "R2"), "()[]"
    places = [[int(place) for place in rule.split(", ")] for rule in rules[1]]
    assert tuple(tuple(names[place] for place in rule) for rule in places if len(rule) == 3) == read.binary
    assert tuple((names[rule[0]], letters[rule[1]]) for rule in places if len(rule) == 2) == read.terminal


@pytest.mark.parametrize("size", range(1, 16))
def test_the_library_lays_out_every_graph_as_the_theorem_has_it(size: int) -> None:
    """Of random graphs: the same instructions; n, the edges' number, two words, two for each vertex, the ends, and no more."""
    graph = draw_graph(Random(size), size, library_text.GRAPH_WORD)
    program = library_text.graph(graph)
    assert program.instructions == read_back("ComponentsText")
    ends = [end for edge in graph.edges for end in edge]
    laid_out(program, [graph.n, len(graph.edges), 0, 0, *[0] * (2 * graph.n), *ends])
    assert program.processors >= max(graph.n, len(ends))


@pytest.mark.parametrize("size", range(1, 16))
def test_the_library_lays_out_all_clauses_as_the_theorem_has_them(size: int) -> None:
    """Of random clauses: the same instructions; the rounds, one clause more, the facts, and no more; a processor a clause."""
    problem = draw_clauses(Random(size), size, 8)
    program = library_text.clauses(problem, 8)
    assert program.instructions == read_back("ClausesText") and program.processors == 1 + len(problem.clauses)
    laid_out(program, clauses_memory(problem))


def laid_out(program: Program, used: list[int]) -> None:
    """Memory begins with these words, and the others are 0."""
    memory = initial(program).memory
    assert [*memory[: len(used)]] == used and not any(memory[len(used) :])


@pytest.mark.needs("coqc")
@pytest.mark.slow
@pytest.mark.parametrize("change", TEXT, ids=lambda change: change.name)
def test_a_changed_instruction_breaks_a_proof(texts: dict[str, str], change: Change) -> None:
    """Of the text with one instruction changed, which is a text all the same, it is not shown that it does what is stated."""
    assert mutants.first_broken(change, texts)[0] in ("ComponentsLoop", "ComponentsStart", "ClausesRounds", "BracketsSteps")


@pytest.mark.needs("coqc")
@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), DEFINITIONS)
def test_a_changed_definition_breaks_a_proof(texts: dict[str, str], file: str, old: str, new: str) -> None:
    """The changed file, in which the passage stands once, does not compile, or one after it."""
    assert mutants.first_broken(Change(old, ((old, new),), file), texts)[0]
