(* The step in place, as it is defined, does one step of the machine in a pass of any-process generation. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars StepBuilder StepDefinition StepModel StepCodes StepAnswers StepDefined
  StepCellPass.
From Efasp Require Sequences Positions Reached CellReads CellPass Follows.
Import ListNotations.
Open Scope Z_scope.

Lemma code_at_length : forall w log ext j, length (code_at w log ext j) = code_width w log ext.
Proof.
  intros w log ext j. change (code_at w log ext j) with (token_code w ext (fst j) ++ place_part w log j).
  rewrite app_length, token_code_length, (place_part_length w log ext j). unfold code_width. destruct log; lia.
Qed.

(* Every scalar of the step is defined by earlier ones: this is checked where a plan is accepted. *)
Definition step_ordered (w : nat) (log ext : bool) : Prop :=
  Follows.items_earlier (Pos.of_succ_nat (code_width w log ext)) (Follows.items (step_writing w log ext)) = true.

(* What is defined at the positions of cells is answered right; so the sequence becomes that of the next configuration, and
   changes if and only if a processor runs. *)
Theorem step_in_place : forall w ext p t second, step_ordered w false ext -> valid w ext p = true ->
  length second = (length (initial p) + 9 * processors p)%nat -> let c := reached w p t in
  exists third, length third = (length (initial p) + 9 * processors p)%nat /\
    CellPass.generated_from w ext (cell_tokens w p c second)
      (defined (step_definition w false ext) (map (code_at w false ext) (CellReads.cell_sites w p c second))) =
      Some (cell_tokens w p (reached w p (S t)) third) /\
    (cell_tokens w p (reached w p (S t)) third = cell_tokens w p c second <-> stopped c = true).
Proof.
  intros w ext p t second O V F c.
  pose proof (Sequences.reached_sized w p t) as S. pose proof (Reached.reached_worded w ext p t V) as W. fold c in S, W.
  set (l := CellReads.cell_sites w p c second).
  destruct (step_defined w false ext position l (code_at w false ext) (fun j _ => code_at_length w false ext j) O)
    as (ns & f & Sh & Mo & Put).
  destruct (Put _ (sound_cell_step w ext p c second V S F W _ ns f Mo Sh)) as (fs & Right & D).
  exists (CellPass.third w p c second). split; [apply CellPass.third_length; exact F|]. split.
  - apply (CellPass.pass_right w ext p c second S F). rewrite D, map_map. fold l.
    assert (R : forall j, In j l -> CellPass.right w p c j (CellPass.answer w ext (put_out fs (f j)))).
    { intros j J. destruct (Right j J) as (Pj & Rr & Ri & Rn).
      exact (cell_right w ext p c second V S F W f fs j J Pj Rr Ri Rn). }
    revert R. clear. induction l as [|j l IH]; intros R; constructor; [apply R; left; reflexivity|].
    apply IH. intros k K. apply R. right. exact K.
  - exact (CellPass.settled_same w p c second S F).
Qed.
