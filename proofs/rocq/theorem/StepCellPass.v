(* The step in place, whole: at every position of the cells its outputs are read as the right answer. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepArithmetic
  StepExecute
  StepEffect StepOutput StepAnswers StepMatch StepCodes StepReads StepFetch StepSelect StepView StepCells StepOwn StepWriter.
From Efasp Require Form Sequences Positions Reached Matching CellReads CellPass ScalarsModel Composition.
Import ListNotations.
Open Scope Z_scope.

Lemma lengths_equal : forall A B (R : A -> B -> Prop) a b, Forall2 R a b -> length a = length b.
Proof. intros A B R a b H. induction H as [|x y a b _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. Qed.

Section Cells.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (second : list bool).
Hypothesis V : valid w ext p = true.
Hypothesis S : Sequences.sized (length (initial p)) (processors p) c.
Hypothesis F : length second = (length (initial p) + 9 * processors p)%nat.
Hypothesis W : Reached.worded w c.
Variable l : list position.
Hypothesis of_cells : Positions.positions_of (CellReads.cell_sites w p c second) l.
Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
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

Notation prompt_at := (Positions.prompt_site w p).

Definition status_or (j : position) : status := match status_at j with Some s => s | None => Running end.
Definition incoming_word (j : position) : Z := match incoming_at j with Some v => v | None => 0 end.
Definition has_incoming (j : position) : bool := match incoming_at j with Some _ => true | None => false end.
Definition hit_at (j : position) : bool := cell_hit (place_kind j) (has_incoming j)
  (name_value (name_at j) - name_value (register_of j) =? 0) (names_at j) (runs_now (status_in (own_token j))).

Lemma cell_kind_range : forall j, In j l -> 0 <= place_kind j < 9.
Proof.
  intros j J. destruct (CellReads.site_of w p c second S F l of_cells j J) as [j H|q H|q H].
  - destruct H as [| |n i k t _ H]; [cbn; lia|cbn; lia|]. apply field_small in H. unfold place_kind. cbn [snd place_row]. lia.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; cbn; lia.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try destruct H; cbn; lia.
Qed.

Lemma counter_effect : forall j, In j l -> place_kind j = 8 -> exists s, status_at j = Some s.
Proof.
  intros j J K. pose proof (proj2 (proj2 (proj2 (proj2 (cell_kinds w p c second S F l of_cells j J))))) as A. rewrite K in A.
  cbn in A. destruct (CellReads.site_of w p c second S F l of_cells j J) as [j H|q H|q H].
  - destruct H; discriminate.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try discriminate.
    destruct (own_effect w ext p c second V S F W (CellReads.held c (PCounter i s), PCounter i s) i eq_refl H) as (_ & _ & E &
      _).
    eexists. symmetry. exact E.
  - destruct q as [| |g i|a|k t i|a s|i r s|i s]; try discriminate.
    destruct (own_effect w ext p c second V S F W (Mask, PCounter i s) i eq_refl H) as (_ & _ & E & _). eexists. symmetry.
    exact E.
Qed.

Lemma register_name : forall j, In j l -> name (register_signs w false ext) (register_of j) (f j).
Proof.
  intros j J. split; [reflexivity|]. intros i. destruct (Nat.lt_ge_cases i 3) as [C|C].
  - apply (worth_is _ _ _ _ (register_sign_worth w false ext (f j) j (shown j J) eq_refl i C)).
    destruct (register_of j) as [r|]; destruct i as [|[|[|i]]]; try lia; reflexivity.
  - rewrite bit_high by (cbn; lia). rewrite nth_overflow by (rewrite signs_length; exact C). apply worth_zero.
Qed.

Variable code : option (list instruction).
Hypothesis program_found : finds w p code l.

Theorem sound_cell_step : sound (cell_step w false ext code) (fun fs => forall j, In j l ->
  cells_put w ext fs (f j) (place_kind j) (status_or j) (next_at j) (incoming_word j) (result_at j)
    (xorb (Positions.masked j) (hit_at j)) /\
  0 <= result_at j < size w /\ 0 <= incoming_word j < size w /\ 0 <= next_at j < size w).
Proof.
  unfold cell_step.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_own_counter w ext p c second V S F W l of_cells first ns f model shown)).
  intros k K.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_cell_execute w ext p c second V S F W l of_cells first ns f model shown code program_found k)).
  intros out Out0.
  assert (Out : computed w p c l f out) by (intros j J; exact (Out0 j J (K j J))).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_write_to w ext p c second V S F W l of_cells first ns f model shown out Out)).
  intros m [In_ Wr].
  apply (sound_more _ _ _ _ _ _ (sound_cell_outputs first ns hs model w ext code k out (fst m) (snd m))). intros fs G j J.
  pose proof (Out j J) as Oj. split.
  - apply (G (f j) (place_kind j) (next_at j) (status_at j) (status_or j) (address_at w p c j) (result_at j) (stores_at j)
      (names_at j) (name_at j)
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
    + intros N. pose proof (proj1 (proj2 (proj2 (cell_kinds w p c second S F l of_cells j J)))) as A.
      unfold incoming_word, has_incoming.
      destruct j as [x q]. destruct q as [| |g i|a|kk t i|a s|i r s|i s]; try (split; reflexivity).
      exfalso. apply N. reflexivity.
    + exact (masked_worth w false ext (f j) j (shown j J)).
    + exact (register_name j J).
  - split; [apply (result_right _ _ _ _ _ _ _ _ _ _ Oj)|]. split; [apply (In_ j J)|].
    apply (proj1 (counter_right _ _ _ _ _ _ _ _ _ _ Oj)).
Qed.

(* What is put out is read as the right answer. *)
Lemma hit_cell : forall x q, CellReads.cell_place (length (initial p)) (processors p) q -> let j := (x, q) in
  cell_hit (place_kind j) (has_incoming j) (name_value (name_at j) - name_value (register_of j) =? 0) (names_at j)
    (runs_now (status_in (own_token j))) = CellPass.is_written w p c q /\
  forall t, CellPass.written w p c q = Some t -> cell_token (place_kind j) (status_or j) (next_at j) (incoming_word j)
    (result_at j) = t.
Proof.
  intros x q H. cbv zeta. unfold CellPass.is_written, cell_hit. destruct q as [| |g i|a|k t i|a s|i r s|i s]; try contradiction.
  - unfold has_incoming, incoming_word, StepWriter.incoming_at. cbn [snd CellPass.written]. change (place_kind _) with 6.
    destruct (stored a (effects w p c)); (split; [reflexivity|]); [|discriminate]. intros t E. injection E as <-. reflexivity.
  - set (j := (x, PRegister i r s)). change (place_kind j) with 7. change (has_incoming j) with false.
    change (register_of j) with (Some r). change (incoming_word j) with 0. destruct H as [Hi Hr].
    destruct (own_effect w ext p c second V S F W j i eq_refl Hi) as (_ & _ & _ & Wr & Nn & _).
    cbn [CellPass.written]. rewrite Wr.
    assert (Apart : stores_at j && names_at j = false).
    { unfold StepWriter.stores_at, StepWriter.names_at, stores_value. destruct (is_one (op_at p c j) St) eqn:E; [|reflexivity].
      apply is_one_same in E. rewrite E. cbn. apply andb_false_r. }
    assert (Nr : match name_at j with Some n => 0 <= n < 8 | None => True end).
    { destruct (name_at j) as [n|] eqn:E; [|exact I]. unfold StepWriter.name_at, now_fetched in E.
      exact (fetched_name w ext p V 1 _ _ n ltac:(lia) E). }
    rewrite (names_differ (name_at j) r Hr Nr). change (7 =? 7) with true. change (7 =? 8) with false. cbn [andb orb].
    rewrite orb_false_r. destruct (stores_at j).
    + cbn [andb] in Apart. rewrite Apart, andb_false_r. split; [reflexivity|discriminate].
    + destruct (names_at j); [|rewrite andb_false_r; split; [reflexivity|discriminate]]. rewrite andb_true_r.
      destruct (name_at j) as [n|]; [|split; [reflexivity|discriminate]]. destruct (n =? r).
      * split; [reflexivity|]. intros t E. injection E as <-. reflexivity.
      * split; [reflexivity|discriminate].
  - set (j := (x, PCounter i s)). change (place_kind j) with 8. change (has_incoming j) with false.
    change (register_of j) with (@None Z). change (incoming_word j) with 0.
    destruct (own_effect w ext p c second V S F W j i eq_refl H) as (T & N & A & _). rewrite T.
    change (8 =? 7) with false. change (8 =? 8) with true. cbn [andb orb CellPass.written status_in].
    replace (runs_now (Some (state (Reached.self c i)))) with (runs (Reached.self c i)) by
      (unfold runs_now, runs; destruct (state (Reached.self c i)); reflexivity).
    destruct (runs (Reached.self c i)); (split; [reflexivity|]); [|discriminate]. intros t E. injection E as <-.
    unfold cell_token. cbn. unfold status_or. rewrite <- A, <- N. reflexivity.
Qed.

Lemma hit_prompt : forall j, prompt_at j -> place_kind j < 6 /\ hit_at j = false /\ CellPass.written w p c (snd j) = None /\
  Positions.masked j = false.
Proof.
  intros j H. assert (K : place_kind j < 6 /\ has_incoming j = false /\ CellPass.written w p c (snd j) = None /\
    Positions.masked j = false).
  { destruct H as [| |n i k t N H]; [cbn; repeat split; lia|cbn; repeat split; lia|]. pose proof (field_small _ _ _ H) as Hk.
    split; [unfold place_kind; cbn [snd place_row]; lia|]. split; [reflexivity|]. split; [reflexivity|].
    unfold Positions.masked. cbn [fst]. apply nth_error_In in H. destruct H as [<-|H]; [reflexivity|].
    apply in_map_iff in H as (o & <- & _). destruct o; reflexivity. }
  destruct K as (K & Hi & Wn & Mk). split; [exact K|]. split; [|split; assumption]. unfold hit_at, cell_hit. rewrite Hi.
  replace (place_kind j =? 7) with false by (symmetry; apply Z.eqb_neq; lia).
  replace (place_kind j =? 8) with false by (symmetry; apply Z.eqb_neq; lia).
  replace (7 =? place_kind j) with false by (symmetry; apply Z.eqb_neq; lia).
  replace (8 =? place_kind j) with false by (symmetry; apply Z.eqb_neq; lia). reflexivity.
Qed.

Theorem cell_right : forall fs j o, In j l ->
  cells_put w ext fs (f j) (place_kind j) (status_or j) (next_at j) (incoming_word j) (result_at j)
    (xorb (Positions.masked j) (hit_at j)) ->
  0 <= result_at j < size w -> 0 <= incoming_word j < size w -> 0 <= next_at j < size w ->
  Forall2 Qeq o (map (fun g => form_at g (f j)) fs) ->
  CellPass.right w p c j (reading w ext (firstn (token_code_width w ext) o), controls w ext o).
Proof.
  intros fs j o J (cs & r & -> & R & Lc & Code & Zero) Rr Ri Rn O. rewrite map_app in O.
  apply Forall2_app_inv_r in O as (o1 & o2 & O1 & O2 & ->).
  assert (L1 : length o1 = token_code_width w ext) by (rewrite (lengths_equal _ _ _ _ _ O1), map_length; exact Lc).
  assert (F1 : firstn (token_code_width w ext) (o1 ++ o2) = o1) by (apply Sequences.firstn_at; exact L1).
  assert (F2 : skipn (token_code_width w ext) (o1 ++ o2) = o2) by (apply Sequences.skipn_at; exact L1).
  cbn [map] in O2. inversion O2 as [|a x o3 xs A O3]; subst. inversion O3 as [|b y o4 ys B O4]; subst.
  inversion O4 as [|d z o5 zs D O5]; subst. inversion O5; subst.
  unfold CellPass.right, controls. rewrite F1, F2. cbn [remask insert delete nth].
  assert (Ins : negb (Qle_bool b (1 # 2)) = false) by (apply (bit_set b false); exact B).
  assert (Del : negb (Qle_bool d (1 # 2)) = false) by (apply (bit_set d false); exact D).
  assert (Rem : negb (Qle_bool a (1 # 2)) = xorb (Positions.masked j) (hit_at j)).
  { apply bit_set. rewrite A. exact R. }
  rewrite Ins, Del, Rem. split; [reflexivity|]. split; [reflexivity|].
  assert (Cell : forall x q, (x, q) = j -> CellReads.cell_place (length (initial p)) (processors p) q ->
    6 <= place_kind j /\ hit_at j = CellPass.is_written w p c (snd j) /\
    forall t, CellPass.written w p c (snd j) = Some t -> cell_token (place_kind j) (status_or j) (next_at j) (incoming_word j)
      (result_at j) = t).
  { intros x q <- Hq. destruct (hit_cell x q Hq) as [H1 H2]. split; [|split; assumption].
    destruct q; try contradiction; cbn; lia. }
  assert (Held : 6 <= place_kind j /\ hit_at j = CellPass.is_written w p c (snd j) /\
    (forall t, CellPass.written w p c (snd j) = Some t -> cell_token (place_kind j) (status_or j) (next_at j) (incoming_word j)
      (result_at j) = t) \/
    prompt_at j).
  { destruct (CellReads.site_of w p c second S F l of_cells j J) as [j H|q H|q H]; [right; exact H| |];
      left; exact (Cell _ _ eq_refl H). }
  destruct Held as [(K & H & T)|H].
  - rewrite H. split; [reflexivity|]. set (u := cell_token (place_kind j) (status_or j) (next_at j) (incoming_word j)
      (result_at j)) in *.
    assert (Read : reading w ext o1 = Some u).
    { apply reading_code.
      - unfold u, cell_token, Statement.word. destruct (place_kind j =? 6); [exact Ri|].
        destruct (place_kind j =? 7); [exact Rr|exact Rn].
      - pose proof (codes_bare _ _ _ _ _ (Code K)) as Bare. clear - O1 Bare. revert O1. revert Bare.
        generalize (bare_code w ext u). intros v. revert o1. generalize (map (fun g => form_at g (f j)) cs). intros xs o1 Bare.
        revert o1. induction Bare as [|y z ys zs E _ IH]; intros o1 O1; inversion O1; subst; constructor; [|apply IH;
          assumption].
        etransitivity; eassumption. }
    rewrite Read. split.
    + unfold u, cell_token, Statement.word. destruct (place_kind j =? 6), (place_kind j =? 7); discriminate.
    + intros _ t E. rewrite (T t E). reflexivity.
  - destruct (hit_prompt j H) as (K & Hh & Wn & Mk). rewrite Hh, Mk. unfold CellPass.is_written. rewrite Wn.
    split; [reflexivity|].
    assert (Read : reading w ext o1 = None).
    { apply reading_blank. specialize (Zero K). clear - O1 Zero. revert o1 O1.
      induction Zero as [|g cs G _ IH]; intros o1 O1; inversion O1; subst; constructor; [|apply IH; assumption].
      etransitivity; [eassumption|]. exact G. }
    rewrite Read. split; [discriminate|discriminate].
Qed.
End Cells.
