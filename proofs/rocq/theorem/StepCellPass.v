(* The step in place, whole: at every position of the cells its outputs are read as the right answer. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepArithmetic StepExecute
  StepEffect StepOutput StepMatch StepCodes StepReads StepFetch StepView StepCells StepOwn StepWriter.
From Efasp Require Form Sequences Positions Reached Matching CellReads CellPass ScalarsModel Composition.
Import ListNotations.
Open Scope Z_scope.

(* Outputs that are 0 are read as no token. *)
Lemma reading_zero : forall w ext o, Forall (fun q => q == 0)%Q o -> reading w ext o = None.
Proof.
  intros w ext o H. unfold reading. assert (D : forall t, (dot (token_code w ext t) o == 0)%Q).
  { intros t. generalize (token_code w ext t). intros a. revert o H. induction a as [|u a IH]; intros o H; [reflexivity|].
    destruct H as [|q o Q H]; [destruct u as [[]]; reflexivity|]. rewrite dot_step, (IH o H), Q. ring. }
  assert (Two : In Mask (vocabulary w ext) /\ In Bos (vocabulary w ext)) by (split; apply in_vocabulary; exact I).
  set (g := fun t => (t, dot (token_code w ext t) o)). change (map _ (vocabulary w ext)) with (map g (vocabulary w ext)).
  assert (Z0 : forall t, (snd (g t) == 0)%Q) by exact D. assert (Id : forall t, fst (g t) = t) by reflexivity. clearbody g.
  revert Two. generalize (vocabulary w ext). intros ts [M B]. set (top := greatest (map snd (map g ts))).
  assert (T : (top == 0)%Q).
  { assert (I : In top (map snd (map g ts))) by (apply Matching.greatest_in; destruct ts; [destruct M|discriminate]).
    rewrite map_map in I. apply in_map_iff in I as (t & E & _). rewrite <- E. apply Z0. }
  assert (A : forall us, filter (fun '(_, score) => negb (Qle_bool score (top - 1))) (map g us) = map g us).
  { induction us as [|t us IH]; [reflexivity|]. cbn [map filter]. rewrite IH. specialize (Z0 t). destruct (g t) as [y s].
    cbn [snd] in Z0. replace (Qle_bool s (top - 1)) with false; [reflexivity|]. symmetry. apply not_true_iff_false. intros E.
    apply Qle_bool_iff in E. rewrite T, Z0 in E. apply E. reflexivity. }
  rewrite A. destruct ts as [|t [|u ts]]; [destruct M| |].
  - destruct M as [->|[]], B as [E|[]]. discriminate E.
  - cbn [map]. destruct (g t), (g u). reflexivity.
Qed.

Section Cells.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (second : list bool).
Hypothesis V : valid w ext p = true.
Hypothesis S : Sequences.sized (length (initial p)) (processors p) c.
Hypothesis F : length second = (length (initial p) + 9 * processors p)%nat.
Hypothesis W : Reached.worded w c.
Let l : list position := CellReads.cell_sites w p c second.
Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : forall i n, nth_error ns i = Some n -> forall h, In h hs -> (nth (first + i) h 0 == node_at (plain_node n) hs h)%Q.
Notation sound := (sound first ns).
Hypothesis shown : forall j, In j l -> shows w false ext (f j) j.
Notation next_at := (next_at w p c).
Notation status_at := (status_at w p c).
Notation result_at := (result_at w p c).
Notation stores_at := (stores_at w p c).
Notation names_at := (names_at w p c).
Notation name_at := (name_at p c).
Notation incoming_at := (incoming_at w p c).
Notation own_token := (own_token p c).

Definition status_or (j : position) : status := match status_at j with Some s => s | None => Running end.
Definition incoming_word (j : position) : Z := match incoming_at j with Some v => v | None => 0 end.
Definition has_incoming (j : position) : bool := match incoming_at j with Some _ => true | None => false end.
Definition hit_at (j : position) : bool := cell_hit (place_kind j) (has_incoming j)
  (name_value (name_at j) - name_value (register_of j) =? 0) (names_at j) (runs_now (status_in (own_token j))).

Lemma cell_kind_range : forall j, In j l -> 0 <= place_kind j < 9.
Proof.
  intros j J. destruct (CellReads.site_of w p c second S F j J) as [j H|q H|q H].
  - destruct H as [| |n i k t _ H]; [cbn; lia|cbn; lia|]. apply field_small in H. unfold place_kind. cbn [snd place_row]. lia.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; cbn; lia.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; cbn; lia.
Qed.

Lemma counter_effect : forall j, In j l -> place_kind j = 8 -> exists s, status_at j = Some s.
Proof.
  intros j J K. pose proof (proj2 (proj2 (proj2 (proj2 (cell_kinds w p c second S F j J))))) as A. rewrite K in A. cbn in A.
  destruct (CellReads.site_of w p c second S F j J) as [j H|q H|q H].
  - destruct H; discriminate.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try discriminate.
    destruct (own_effect w ext p c second V S F W (CellReads.held c (PCounter i s), PCounter i s) i eq_refl H) as (_ & _ & E & _).
    eexists. symmetry. exact E.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try discriminate.
    destruct (own_effect w ext p c second V S F W (Mask, PCounter i s) i eq_refl H) as (_ & _ & E & _). eexists. symmetry. exact E.
Qed.

Lemma register_name : forall j, In j l -> name (register_signs w false ext) (register_of j) (f j).
Proof.
  intros j J. split; [reflexivity|]. intros i. destruct (Nat.lt_ge_cases i 3) as [C|C].
  - apply (worth_is _ _ _ _ (register_sign_worth w false ext (f j) j (shown j J) eq_refl i C)).
    destruct (register_of j) as [r|]; destruct i as [|[|[|i]]]; try lia; reflexivity.
  - rewrite bit_high by (cbn; lia). rewrite nth_overflow by (rewrite signs_length; exact C). apply worth_zero.
Qed.

Theorem sound_cell_step : sound (cell_step w false ext) (fun fs => forall j, In j l ->
  cells_put w ext fs (f j) (place_kind j) (status_or j) (next_at j) (incoming_word j) (result_at j)
    (xorb (Positions.masked j) (hit_at j)) /\
  0 <= result_at j < size w /\ 0 <= incoming_word j < size w /\ 0 <= next_at j < size w).
Proof.
  unfold cell_step.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_own_counter w ext p c second V S F W first ns f model shown)). intros k K.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_cell_execute w ext p c second V S F W first ns f model shown k)). intros out Out0.
  assert (Out : computed w p c second f out) by (intros j J; exact (Out0 j J (K j J))).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_find_writer w ext p c second V S F W first ns f model shown out Out)).
  intros m [Mr Mf].
  apply (sound_bind _ _ _ _ _ _ _ _ Mr). intros incoming In_.
  apply (sound_bind _ _ _ _ _ _ _ _ Mf). intros written_ Wr.
  apply (sound_more _ _ _ _ _ _ (sound_cell_outputs first ns hs model w ext k out incoming written_)). intros fs G j J.
  pose proof (Out j J) as Oj. split.
  - apply (G (f j) (place_kind j) (next_at j) (status_at j) (status_or j) (address_at w p c j) (result_at j) (stores_at j) (names_at j) (name_at j)
      (register_of j) (incoming_word j) (has_incoming j) (Positions.masked j)
      (runs_now (status_in (own_token j)))).
    + apply in_map. exact J.
    + exact (cell_kind_range j J).
    + intros i I. exact (place_flag_worth w false ext (f j) j (shown j J) i (proj2 I)).
    + exact Oj.
    + intros E. destruct (counter_effect j J E) as (s & Es). unfold status_or. rewrite Es. reflexivity.
    + exact (status_running w k _ _ (f j) (K j J)).
    + exact (In_ j J).
    + exact (Wr j J).
    + intros N. pose proof (proj1 (proj2 (proj2 (cell_kinds w p c second S F j J)))) as A. unfold incoming_word, has_incoming.
      destruct j as [x q]. destruct q as [| |g i|a|kk t i|a s|i r s|i s]; try (split; reflexivity).
      exfalso. apply N. reflexivity.
    + exact (masked_worth w false ext (f j) j (shown j J)).
    + exact (register_name j J).
  - split; [apply (result_right _ _ _ _ _ _ _ _ _ _ Oj)|]. split; [apply (In_ j J)|].
    apply (proj1 (counter_right _ _ _ _ _ _ _ _ _ _ Oj)).
Qed.
End Cells.
