"""The theorems about generation, any order, edits and the corollaries: a definition that is changed breaks a proof."""

from __future__ import annotations

import pytest

from efasp.proofs.rocq.build import BUILD, FILES, RocqError, compiled, coqc, sources

# Of each: the file, a passage of a definition, and another that makes what is stated wrong.
CHANGES = (
    ("TwoSidedDyck", "Definition stop : nat := 9.", "Definition stop : nat := 16."),  # no mask becomes a pair
    ("TwoSidedDyck", "is l (Second (inverse c)) ||", "is l (Second c) ||"),  # b M b
    ("TwoSidedDyck", "if free l x r then stop else 0.", "0."),  # no mask goes
    ("TwoSidedDyck", "certain (is_marked x).", "certain (is_second x)."),  # the first token of a letter stays
    ("TwoSidedDyck", "negb (is_second r) && (fst c <? k)", "negb (is_second r) && (fst c <? k) && snd c"),  # inverses only
    ("MaskedArm", "| None => Z.of_nat n - 1 end.", "| None => Z.of_nat n - 2 end."),  # a mask ties with a wrong event
    ("MaskedArm", "| None => Z.of_nat n - 1 end.", "| None => Z.of_nat n end."),  # a mask ties with the right one
    ("MaskedArm", "| Some _ => 0 end) - rank j.", "| Some _ => 0 end) + rank j."),  # the other way round
    ("MaskedArm", "None => (top + 1) * R |", "None => top * R |"),  # a confident position that is not masked
    ("Preserve", "inr (if p <=? q then S q else q)", "inr (if p <? q then S q else q)"),  # the letter that goes
    ("Preserve", "(if bit : bool then 0 else S i)", "(if bit : bool then 0 else 0)"),  # nothing is counted
    ("PreserveRun", "(open_at z <=? t) then S t else t.", "(open_at z <=? t) then t else t."),  # a letter that goes counts
    ("PreserveRun", "| Delete p => S p end in", "| Delete p => p end in"),  # the letter before
    ("PreserveRun", "is_mask x && ((j <=? start z) || vanishing z)", "is_mask x && vanishing z"),  # masks stay in the list
    ("ContextFree", "1 + 4 * Nat.log2 s) (Item x)", "1 + 3 * Nat.log2 s) (Item x)"),  # too few rounds
    ("ContextFree", "inner y z -> clause (Gap x y) (Gap y z) (Gap x z)", "inner y z -> clause (Gap x y) (Gap x z) (Gap x z)"),
    (
        "ContextFree",
        "2 <= size y -> clause (Item z) (Item z)",
        "3 <= size y -> clause (Item z) (Item z)",
    ),  # no gap of two letters
    ("ContextFree", "clause (Gap x y) (Item y) (Item x).", "clause (Gap x y) (Gap x y) (Item x)."),  # not sound
    ("PreserveParallel", "jumped before (jumped before x)", "pointer (jumped before x)"),  # an edit a round
    ("PreserveParallel", "inr q' => At before q' end\n", "inr q' => At before q end\n"),  # indices stay
    ("Quantified", "negb (snd c) && eqb (fst c) r.", "eqb (fst c) r."),  # a value of 1 is tried again
    ("Quantified", "negb (snd c) && eqb (fst c) r.", "negb (snd c)."),  # no result is decisive
    ("Quantified", "option_map (cons (fst c, false))", "option_map (cons c)"),  # values within stay
)


@pytest.mark.needs("coqc")
@pytest.mark.slow
@pytest.mark.parametrize(("file", "old", "new"), CHANGES)
def test_a_changed_definition_breaks_a_proof(file: str, old: str, new: str) -> None:
    """The changed file does not compile, with all those before it as they are."""
    compiled(sources(FILES), BUILD)
    text = sources([file])[file]
    assert text.count(old) >= 1
    changed = BUILD / f"{file}Changed.v"
    changed.write_text(text.replace(old, new))
    with pytest.raises(RocqError, match="does not compile"):
        coqc(changed)
    changed.unlink()
