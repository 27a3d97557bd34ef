"""The read-outs of the program that generates two-sided Dyck-k, as a theory: that they are those of ``TwoSidedDyck.v``.

So the theorem about runs speaks of the numbers that the program computes, for the k that are written: for every triple of
tokens (left, own, right) the tokens of score 1, and the chances of the control bits in sixteenths.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from efasp.dyck import vocabulary
from efasp.proofs.lemmas.generation import read_outs

WRITTEN = (1, 2)  # k
WHOLE = 16  # chances are written in units of 1 / WHOLE
HEAD = """\
(* Written by proofs/rocq/readouts.py from the program efasp.dyck: its read-outs are the rule of TwoSidedDyck.v. *)
From Coq Require Import List Arith Bool.
Import ListNotations.
From Efasp Require Import TwoSidedDyck.

(* The token of an id: the mask, the letters (each before its inverse), the first of each letter, the second of each. *)
Definition token_of (k n : nat) : option value :=
  match n with
  | 0 => None
  | S m => let place := m mod (2 * k) in
           let b := (place / 2, negb (place mod 2 =? 0)) in
           Some (match m / (2 * k) with 0 => Letter b | 1 => First b | _ => Second b end)
  end.

(* A row: the ids of score 1, and the chances to remask, insert and delete, in sixteenths. *)
Definition agrees (k : nat) (case : (nat * nat * nat) * (list nat * (nat * nat * nat))) : bool :=
  let '((a, b, c), (ids, (c1, c2, c3))) := case in
  let l := token_of k a in let x := token_of k b in let r := token_of k c in
  forallb (fun n => Bool.eqb (existsb (Nat.eqb n) ids)
    match token_of k n with Some v => score k l x r v | None => false end) (seq 0 (6 * k + 1))
  && (remask l x r =? c1) && (insert l x r =? c2) && (delete l x r =? c3).
Definition triples (k : nat) : list (nat * nat * nat) :=
  let ids := seq 0 (6 * k + 1) in list_prod (list_prod ids ids) ids.
"""


def row(numbers: Iterable[Fraction | int], size: int) -> str:
    """One position's read-out. Raises ValueError for a score other than 0 or 1, or a chance that sixteenths do not hold."""
    read = list(map(Fraction, numbers))
    chances = [WHOLE * chance for chance in read[-3:]]
    if set(read[:size]) - {0, 1} or any(chance.denominator > 1 for chance in chances):
        raise ValueError(f"read-out: expected scores 0 or 1 and chances in sixteenths, found {[*map(str, read)]}")
    ids = "; ".join(str(number) for number, score in enumerate(read[:size]) if score)
    return f"([{ids}], ({', '.join(map(str, chances))}))"


def text() -> str:
    """The text of the theory; it is the same every time."""
    parts = [HEAD]
    for k in WRITTEN:
        rows = ";\n".join(f"  {row(numbers, vocabulary(k).size)}" for numbers in read_outs(k).tolist())
        parts.append(
            f"Definition rows_{k} : list (list nat * (nat * nat * nat)) := [\n{rows}].\n\n"
            f"Theorem read_outs_{k} : length rows_{k} = length (triples {k}) /\\\n"
            f"  forallb (agrees {k}) (combine (triples {k}) rows_{k}) = true.\n"
            "Proof. split; vm_compute; reflexivity. Qed.\n"
        )
    return "\n".join(parts)
