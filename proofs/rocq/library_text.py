"""Programs of the library as theories: the instructions of each, and what the library lays out of a few of its inputs.

So the theorems about them (``theorem/Components.v``, ``theorem/Clauses.v``, ``theorem/ClausesGrammar.v``,
``theorem/BracketsSteps.v``) speak of the texts that the assembler gives, and of memory as the library fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from efasp import context_free
from efasp.context_free import Fact, Item, Letter, Table
from efasp.grammar import Grammar, parse_grammar
from efasp.pram.isa import Instruction, Reg
from efasp.pram.library import PROGRAMS, Graph, build
from efasp.pram.machine import Program, initial
from efasp.pram.problems import Clauses

GRAPH_WORD = 7  # bits: the fewest of the theorem
GRAPHS = (
    Graph(1, ()),
    Graph(3, ((2, 1),)),
    Graph(3, ((2, 1), (0, 2), (1, 0))),
    Graph(7, ((5, 1), (1, 6), (6, 2), (2, 5), (0, 3))),
)
# examples/dyck2.cfg: for each kind first the rules of S, then of what remains of a word after its opening bracket.
DYCK2 = """
S -> S S
S -> L1 R1 | L1 T1
T1 -> S R1
L1 -> (
R1 -> )
S -> L2 R2 | L2 T2
T2 -> S R2
L2 -> [
R2 -> ]
"""
BRACKETS_WORD = 7  # the fewest of the theorem
BRACKETS = ("()", "([)]", "([]){}")
CLAUSES_WORD = 5
CLAUSES = (
    Clauses(1, 1, frozenset(), ()),
    Clauses(1, 2, frozenset({0}), ((0, 0, 1),)),
    Clauses(2, 4, frozenset({0, 1}), ((0, 1, 2), (2, 2, 3), (3, 0, 0))),
    Clauses(2, 4, frozenset({3}), ((1, 1, 0), (3, 3, 2), (2, 3, 1))),
)
# Of each grammar that the theorems are shown of: words of one length, of which the first is derived.
GRAMMARS = {
    "words": (parse_grammar("S -> S S | a", "S.cfg"), ("aaa", "aba")),
    "dyck2": (parse_grammar(DYCK2, "dyck2.cfg"), ("([])", "([)]")),
}


class Cases(NamedTuple):
    """A list of the theory: of each case what it is, in Rocq, and the program that the library gives."""

    name: str
    kind: str  # the case's type
    comment: str
    cases: tuple[tuple[str, Program], ...]
    rules: Grammar | None = None  # written before them


class Text(NamedTuple):
    """A theory: of a program of the library, what is imported, and the cases."""

    program: str
    imports: str
    cases: Callable[[], tuple[Cases, ...]]


def text(name: str) -> str:
    """The theory, the same every time. Raises ValueError where the instructions depend on the input."""
    program, imports, cases = TEXTS[name]
    lists = cases()
    first, *others = (each.instructions for of in lists for _, each in of.cases)
    if any(instructions != first for instructions in others):
        raise ValueError(f"{program}: expected the same instructions for every input, found others")
    return (
        f"(* Written by proofs/rocq/library_text.py: the instructions of the library's program `{program}`, as the assembler\n"
        "   gives them; and of some inputs the processors and the memory that the library gives the program. *)\n"
        f"From Coq Require Import List ZArith.\nFrom Efasp Require Import Statement.\n{imports}"
        "Import ListNotations.\nOpen Scope Z_scope.\n\n"
        f"Definition {program} : list instruction := {_list(map(_instruction, first))}.\n"
        + "".join(
            f"{_rules(of.name, of.rules) if of.rules else ''}\n(* {of.comment}; the processors, and the memory. *)\n"
            f"Definition {of.name} : list ({of.kind} * nat * list Z) := {_list(_row(*case) for case in of.cases)}.\n"
            for of in lists
        )
    )


def graph(of: Graph) -> Program:
    """The program for a graph, as ``efasp run`` and the tests build it."""
    return build("components", PROGRAMS["components"].encode(of, GRAPH_WORD))


def clauses(of: Clauses, word: int = CLAUSES_WORD) -> Program:
    """The program for clauses, of words of ``word`` bits, as ``efasp run`` and the tests build it."""
    return build("clauses", PROGRAMS["clauses"].encode(of, word))


def brackets(of: str) -> Program:
    """The program for a word of brackets, as ``efasp run`` and the tests build it."""
    return build("dyck2", PROGRAMS["dyck2"].encode(of, BRACKETS_WORD))


def word(grammar: Grammar, of: str) -> Program:
    """The program for a word, as ``efasp cfg`` builds it."""
    return build("clauses", context_free.instance(grammar, of))


def facts(grammar: Grammar, n: int) -> tuple[dict[Fact, int], list[tuple[int, int, int]]]:
    """For words of n letters the facts, numbered, and the clauses between the numbers."""
    table = Table(grammar, n)
    clauses = [*table.clauses()]
    numbers = context_free.number([(table.goal,), *clauses])
    return numbers, [(numbers[a], numbers[b], numbers[c]) for a, b, c in clauses]


def _components() -> tuple[Cases, ...]:
    rows = tuple((f"{of.n}%nat, {_pairs(of.edges)}", graph(of)) for of in GRAPHS)
    return (Cases("library", "nat * list (nat * nat)", "Of a graph n and the edges", rows),)


def _clauses() -> tuple[Cases, ...]:
    rows = tuple(
        (f"{of.rounds}%nat, {_pairs(of.clauses)}, {_bits(fact in of.holds for fact in range(of.facts))}", clauses(of))
        for of in CLAUSES
    )
    return (
        Cases("library", "nat * list (nat * nat * nat) * list bool", "The rounds, the clauses, and which facts hold", rows),
        *(_words(name, grammar, words) for name, (grammar, words) in GRAMMARS.items()),
    )


def _words(name: str, grammar: Grammar, words: Iterable[str]) -> Cases:
    kind = "list (ContextFree.fact nat nat) * list (nat * nat * nat) * list nat * list bool"
    comment = "Of a word of this grammar the facts, the clauses, the letters, and which facts hold"
    return Cases(name, kind, comment, tuple((_word(grammar, each), word(grammar, each)) for each in words), grammar)


def _brackets() -> tuple[Cases, ...]:
    rows = tuple((f"{(of.processors - 1).bit_length()}%nat", of) for of in map(brackets, BRACKETS))
    return (Cases("library", "nat", "Of a word the logarithm of the processors' number", rows),)


def _rules(name: str, grammar: Grammar) -> str:
    """Its rules. A nonterminal is its place among the grammar's; a letter likewise, or its place after them."""
    names, letters = grammar.nonterminals.index, grammar.letters.index
    binary = [tuple(map(names, rule)) for rule in grammar.binary]
    terminal = [(names(rule.left), letters(rule.letter)) for rule in grammar.terminal]
    shown = ", ".join(f"{left} -> {' '.join(right)}" for left, *right in (*grammar.binary, *grammar.terminal))
    return (
        f"\n(* {shown}; of a nonterminal and a letter the number. *)\n"
        f"Definition {name}_rules : list (nat * nat * nat) * list (nat * nat) := ({_pairs(binary)}, {_pairs(terminal)}).\n"
    )


def _word(grammar: Grammar, letters: str) -> str:
    """A word's case."""
    numbers, table = facts(grammar, len(letters))
    known = [_fact(grammar, each) for each in numbers]
    bits = _bits(isinstance(each, Letter) and letters[each.at] == each.letter for each in numbers)
    spelled = _line(_letter(grammar, letter) for letter in letters)
    return f"{_line(known)}%nat, {_pairs(table)}, {spelled}%nat, {bits}"


def _letter(grammar: Grammar, letter: str) -> int:
    return (*grammar.letters, letter).index(letter)


def _fact(grammar: Grammar, of: Fact) -> str:
    if isinstance(of, Letter):
        return f"ContextFree.Letter nat nat {of.at} {_letter(grammar, of.letter)}"
    items = (_item(grammar, each) for each in ((of,) if isinstance(of, Item) else of))
    return f"ContextFree.{type(of).__name__} nat nat {' '.join(items)}"


def _item(grammar: Grammar, of: Item) -> str:
    return f"({grammar.nonterminals.index(of.name)}, {of.low}, {of.high})"


TEXTS = {
    "ComponentsText": Text("components", "", _components),
    "BracketsText": Text("dyck2", "", _brackets),
    "ClausesText": Text("clauses", "From Efasp Require ContextFree.\n", _clauses),
}


def _list(rows: Iterable[str]) -> str:
    return "[\n" + ";\n".join(f"  {row}" for row in rows) + "]"


def _row(case: str, program: Program) -> str:
    return f"({case}, {program.processors}%nat, {_line(initial(program).memory)})"


def _pairs(rows: Iterable[tuple[int, ...]]) -> str:
    return _line(f"({', '.join(map(str, row))})" for row in rows) + "%nat"


def _bits(bits: Iterable[bool]) -> str:
    return _line(str(bit).lower() for bit in bits)


def _line(items: Iterable[object]) -> str:
    return f"[{'; '.join(map(str, items))}]"


def _instruction(instruction: Instruction) -> str:
    registers = (None if number is None else Reg(number) for number in (instruction.rd, instruction.ra))
    return " ".join(["Build_instruction", instruction.op.capitalize(), *map(_operand, (*registers, instruction.x))])


def _operand(x: Reg | int | None) -> str:
    return "Absent" if x is None else f"(Register {x.number})" if isinstance(x, Reg) else f"(Immediate {x})"
