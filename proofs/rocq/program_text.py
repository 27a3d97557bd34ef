"""The theory ``Written``: of small plans the text that ``efasp decompile`` writes is the expression of the Rocq theorem.

The text is parsed, and its nodes become a term of ``theorem/Programs.v``, one definition a node; the kernel computes that it is
the program which is made of the plan there, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable

from efasp.exact import Matrix
from efasp.language.program import parse
from efasp.proofs.lemmas.decompile import small_plans, text_of
from efasp.proofs.rocq.statement_text import full, listed, rational, term
from efasp.syntax import Affine, Attention, Concat, Node, PositionEmbedding, Program, Relu, TokenEmbedding, walk

HEADER = """\
(* Written by proofs/rocq/program_text.py: small plans, and the programs that are written of them, as they are parsed. *)
From Coq Require Import List ZArith QArith.
From Efasp Require Import Statement Plans Programs.
Import ListNotations.
Open Scope Q_scope.
"""


def theory() -> str:
    """The theory: small plans, the programs that are written of them, and that these are the plans' programs."""
    plans = list(small_plans())
    programs = [expression(parse(text_of(plan)).program) for plan in plans]
    return (
        f"{HEADER}Definition plans : list plan := {listed(map(term, plans))}.\n"
        f"Definition programs : list expression := {listed(programs)}.\n"
        "Theorem written : programs = map decompiled plans.\nProof. vm_compute. reflexivity. Qed.\n"
    )


def expression(program: Program) -> str:
    """A program as a term of ``Programs.v``, with a name for each node.

    Raises ValueError for a constant that the residual form has not: it has those of units, and of the output.
    """
    nodes = walk(program.output)
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    biased = {program.output, *(node.x for node in nodes if isinstance(node, Relu))}
    lines = (f"let {names[node]} := {_node(node, names, node in biased)} in" for node in nodes)
    return "\n".join([*lines, names[program.output]])


def _node(node: Node, names: dict[Node, str], biased: bool) -> str:
    if isinstance(node, Affine):
        if any(node.bias) and not biased:
            raise ValueError(f"{names[node]}: expected no constant in a program in residual form, found {node.bias}")
        bias = listed(map(rational, node.bias)) if biased else "[]"
        return f"Affine ({full(Matrix(node.rows, node.x.width))}) {bias} {names[node.x]}"
    if isinstance(node, Concat):
        return f"Concat {listed(f'({part.width}%nat, {names[part]})' for part in node.parts)}"
    kinds: tuple[tuple[type[Node], str], ...] = (
        (TokenEmbedding, "TokenEmbedding"),
        (PositionEmbedding, "PositionEmbedding"),
        (Relu, "Rectified"),
        (Attention, "Averaged"),
    )
    name = next(name for kind, name in kinds if isinstance(node, kind))
    return " ".join([name, *_names(node.inputs, names)])


def _names(nodes: Iterable[Node], names: dict[Node, str]) -> list[str]:
    return [names[node] for node in nodes]
