(* The size of the universal machine's definition, for every word width w >= 5: the number of nodes is linear in w (with
   extension M quadratic), and they are computed in a constant number of halves of layers. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel StepBuilder StepDefinition Direct DirectPlaced DirectSizes StepCount
  StepCountWords StepCountCode
  StepCountStep.
From Efasp Require Form Gates Slots Follows.
Import ListNotations.
Open Scope nat_scope.

Ltac known := unfold target_place, memory_place, memory_cell, register_cell, counter_cell, distance in *; up.

Section Step.
Variables (at_half : nat -> nat) (top q w : nat) (log ext : bool).
Notation adds := (adds at_half top q).
Notation upto := (upto at_half).
Notation all_upto p k := (Forall (upto p k)).
Notation attends := (attends at_half q).
Notation first := (code_width w log ext).
Notation counter_upto := (counter_upto at_half w).
Notation outcome_upto := (outcome_upto at_half w ext).
Let r : nat := if ext then 10 else 8.
Hypothesis codes : forall i, i < first -> at_half i = 0.
Hypothesis wide : 5 <= w.
Hypothesis long : 2 * w + 13 <= q.
Hypothesis high : r + 2 <= top.
Let shifting : nat := if ext then 5 * w * w + 9 * w else 0.

Lemma r_bounds : 8 <= r /\ by_unit r <= r + 2 /\ by_head r <= r + 1.
Proof. unfold r. destruct ext; cbn; repeat split; lia. Qed.
Ltac halves := first [cbn [by_unit by_head Nat.even]; pose proof r_bounds; lia | pose proof r_bounds; lia].

Lemma match_adds : forall p k m, first <= p -> all_upto p k (forms_of m) -> length_of m <= q ->
  adds p 0 (match_one w log ext m) (fun p' a => attends p' k a).
Proof. intros. eapply adds_match_one; eassumption. Qed.

Lemma found_adds : forall p k h m, first <= p -> attends p k m -> by_head k <= h -> h <= top ->
  adds p 1 (found sink m) (fun p' g => upto p' h g).
Proof. intros. apply (read_within at_half top q p k h); try assumption. known. Qed.

Lemma word_adds : forall p k h m, first <= p -> attends p k m -> by_head k <= h -> h <= top ->
  adds p w (reads m (token_word w ext)) (fun p' g => length g = w /\ all_upto p' h g).
Proof. intros. eapply adds_token_word; eassumption. Qed.

Lemma reads_adds : forall p k h n m vs, length vs = n -> attends p k m -> all_upto p k vs -> by_head k <= h -> h <= top ->
  adds p n (reads m vs) (fun p' gs => length gs = n /\ all_upto p' h gs).
Proof. intros p k h n m vs <-. apply reads_within. Qed.

Lemma chosen_adds : forall p k h n cases, length cases = n -> Forall (case_upto at_half p k) cases -> by_unit k <= h ->
  h <= top ->
  adds p (w * n) (chosen false w cases) (fun p' g => length g = w /\ all_upto p' h g).
Proof. intros p k h n cases <-. apply adds_chosen. Qed.

Lemma counter_adds : forall p k h m, first <= p -> attends p k m -> by_head k <= h -> h <= top ->
  adds p (w + 5) (counter_at w ext m) (fun p' c => counter_upto p' h h c).
Proof. intros. eapply adds_counter_at; eassumption. Qed.

Lemma status_adds : forall p k h flag status, upto p k flag -> all_upto p k status -> by_unit k <= h -> h <= top ->
  adds p (length status) (StepBuilder.every (gated_flag false flag) status) (fun p' gs => length gs = length status /\
    all_upto p' h gs).
Proof.
  intros p k h flag status F S H T. rewrite <- (Nat.mul_1_l (length status)) at 1. apply adds_forms. intros f p' I L.
  rewrite Forall_forall in S. specialize (S f I).
  apply (adds_gated_flag at_half top q false p' k h); [lift|lift|exact H|exact T].
Qed.

Lemma code_upto : forall p k flags word name, all_upto p k flags -> all_upto p k word -> all_upto p k name ->
  all_upto p k (code_of ext flags word name).
Proof.
  intros p k flags word name F W N. unfold code_of. known; try assumption.
  - apply Forall_forall. intros f I. apply repeat_spec in I. subst f. apply upto_number.
  - revert F. generalize 5. intros n F. revert n. induction F as [|f fs Hf F IH]; intros [|n]; cbn [firstn]; constructor;
    [exact Hf|apply IH].
Qed.

Lemma code_length : forall flags word name, length flags <= 8 -> length word = w -> length name = 3 ->
  length (code_of ext flags word name) = token_code_width w ext.
Proof.
  intros flags word name F W N. unfold code_of, token_code_width. rewrite !app_length, repeat_length, signed_length, W, N.
  cbn [length]. lia.
Qed.

Lemma tail_length : forall (fs : list form) n, length fs = S n -> length (tl fs) = n.
Proof. intros [|f fs] n L; [discriminate|]. injection L as L. exact L. Qed.

Lemma both_adds : forall p k h f g, upto p k f -> upto p k g -> by_unit k <= h -> h <= top ->
  adds p 1 (both_flags false f g) (fun p' b => upto p' h b).
Proof. apply adds_both_flags. Qed.

(* Masked diffusion. *)
Section Log.
Hypothesis is_log : log = true.

Lemma adds_masks : forall p query, first <= p -> all_upto p 0 query -> length query = clock_bits w ->
  adds p 0 (masks_of w log ext query) (fun p' m => attends p' 0 m).
Proof. intros p query P Q L. apply match_adds; [exact P|known|lengths; rewrite L; lia]. Qed.

Lemma adds_token_of : forall p query n, first <= p -> n < 10 -> all_upto p 0 query -> length query = clock_bits w ->
  adds p 0 (token_of w log ext query n) (fun p' m => attends p' 0 m).
Proof. intros p query n P N Q L. apply match_adds; [exact P|known|lengths; rewrite L; lia]. Qed.

Lemma adds_beaten : forall p, first <= p -> adds p 3 (find_beaten w log ext) (fun p' fs => all_upto p' 2 fs).
Proof.
  intros p P. unfold find_beaten. StepCountCode.total.
  - eapply adds_bind; [apply (match_adds p 0); [exact P|known|lengths; lia]|intros m p1 L1 M].
    eapply adds_bind; [apply (read_within at_half top q p1 0 1); [exact M|known|halves|halves]|intros highest p2 L2 Ri].
    eapply adds_more; [apply (plain_within at_half top q p2 1 2 2)|apply Nat.le_refl|intros p' fs _ [_ U]; exact U].
    + constructor; [|constructor]. known.
    + constructor; [apply flat_threshold; repeat constructor|constructor].
    + halves.
    + halves.
  - cbn. lia.
Qed.

Lemma adds_contents : forall p, first <= p ->
  adds p (2 * w) (contents w log ext None) (fun p' g => length g = w /\ all_upto p' 2 g).
Proof.
  intros p P. unfold contents. StepCountCode.total.
  - eapply adds_bind; [apply (adds_token_of p); [exact P|lia|known|apply time_signs_length]|intros m p1 L1 M].
    eapply adds_bind; [apply (word_adds p1 0 1); [lia|exact M|halves|halves]|intros paired p2 L2 [_ Pa]].
    eapply adds_bind; [apply (adds_gated at_half top q false w p2 0 2); [known|known|halves|halves]|intros own p3 L3 [_ Ow]].
    apply adds_give. split; [apply StepModel.each_length|known].
  - lia.
Qed.

Lemma adds_holdings : forall p, first <= p -> adds p (2 * w + 1) (holdings w log ext None)
  (fun p' h => upto p' 2 (fst h) /\ all_upto p' 4 (snd h)).
Proof.
  intros p P. unfold holdings. StepCountCode.total.
  - eapply adds_bind; [apply (adds_both_flags at_half top q false p 0 2); [known|known|halves|halves]|intros stored p1 L1 St].
    eapply adds_bind; [apply (adds_gated at_half top q false w p1 0 2); [known|known|halves|halves]|intros h1 p2 L2 [_ H1]].
    eapply adds_bind; [apply (adds_gated at_half top q false w p2 2 4); [known|known|halves|halves]|intros h2 p3 L3 [_ H2]].
    apply adds_give. split; cbn [fst snd]; known.
  - lia.
Qed.

Lemma log_view : forall p incomplete beaten content holding, first <= p -> upto p 1 incomplete -> upto p 2 beaten ->
  length content = w /\ all_upto p 2 content -> upto p 2 (fst holding) /\ all_upto p 4 (snd holding) ->
  view_upto at_half top q w p (view_of_log w log ext incomplete beaten content holding).
Proof.
  intros p incomplete beaten content holding P I B [Lc C] [H1 H2]. split; [|split; [|split; [exact Lc|exact C]]].
  - intros p' name L Ln N. cbn [the_register view_of_log]. StepCountCode.total.
    + eapply adds_bind; [apply (match_adds p' 3); [lia|known|lengths; rewrite Ln; lia]|intros m p1 L1 M].
      apply (reads_adds p1 3 5); [exact Lc|exact M|known|halves|halves].
    + lia.
  - intros p' address absent L La A Ab. cbn [the_cell view_of_log]. apply (match_adds p' 6); [lia| |lengths; rewrite La;
    lia]. known.
Qed.

Lemma combine_upto : forall p k (fs : list form) (bs : list bounds), all_upto p k fs -> all_upto p k (map fst (combine fs bs)).
Proof.
  intros p k fs bs F. rewrite Forall_forall in *. intros f I. apply in_map_iff in I as ([g b] & <- & I).
  exact (F g (in_combine_l _ _ _ _ I)).
Qed.

Lemma adds_log_outputs : forall p is_ready out, first <= p -> upto p 1 is_ready -> outcome_upto p out ->
  adds p (3 * w + 16) (log_outputs w ext None is_ready out)
    (fun p' gs => length gs = token_code_width w ext /\ all_upto p' (r + 2) gs).
Proof.
  intros p is_ready out P Re (((_ & Cw) & (Ls & Cs)) & (La & Ad) & (_ & Rs) & St & Wr & (Ln & Na) & Lb).
  pose proof r_bounds as R. unfold log_outputs. StepCountCode.total.
  - eapply adds_bind; [apply (both_adds p 1 2); [known|known|halves|halves]|intros at_counter p1 L1 A1].
    eapply adds_bind; [apply (both_adds p1 1 2); [known|known|halves|halves]|intros at_target p2 L2 A2].
    eapply adds_bind; [apply (both_adds p2 1 2); [known|known|halves|halves]|intros at_value p3 L3 A3].
    eapply adds_bind; [apply (status_adds p3 8 10); [known|known|halves|halves]|intros status p4 L4 [Lst S]].
    eapply adds_bind; [apply (adds_gated_flag at_half top q false p4 8 10); [known|known|halves|halves]|intros st p5 L5 S5].
    eapply adds_bind; [apply (adds_gated_flag at_half top q false p5 8 10); [known|known|halves|halves]|intros wr p6 L6 S6].
    eapply adds_bind; [apply (adds_gated_by at_half top q false p6 8 10); [known|known|halves|halves]|
      intros store p7 L7 [_ S7]].
    eapply adds_bind; [apply (chosen_adds p7 r (r + 2) 2); [reflexivity| |halves|halves]|intros body p8 L8 [_ S8]].
    { constructor; [split; cbn [fst snd]; known|]. constructor; [split; cbn [fst snd]; known|constructor]. }
    eapply adds_bind; [apply (adds_gated_signs at_half top q false p8 8 10);
      [known|apply combine_upto; lift|halves|halves]|intros name p9 L9 [Lna S9]].
    rewrite combine_length, Ln, Lb in Lna.
    apply adds_give. split; [|apply code_upto; known]. apply code_length; [|apply StepModel.each_length|exact Lna].
    cbn [length app]. rewrite app_length, (tail_length status 4) by congruence. cbn [length]. lia.
  - rewrite Ls, La, combine_length, Ln, Lb. cbn [length Nat.min]. lia.
Qed.

Theorem adds_masked_step : forall p, first <= p ->
  adds p (47 * w + 48 + length (operations ext) + shifting) (masked_step w log ext None)
    (fun p' gs => length gs = token_code_width w ext /\ all_upto p' (r + 2) gs).
Proof.
  intros p P. unfold masked_step, find_incomplete, find_ready. cbv zeta. StepCountCode.total.
  - eapply adds_bind; [eapply adds_bind; [apply (adds_masks p); [exact P|known|apply time_signs_length]|intros m p1 L1 M;
      apply (found_adds p1 0 1); [lia|exact M|halves|halves]]|intros incomplete p1 L1 I].
    eapply adds_bind; [eapply adds_bind; [apply (adds_masks p1); [lia|known|apply earlier_signs_length]|intros m p2 L2 M;
      apply (read_within at_half top q p2 0 1); [exact M|known|halves|halves]]|intros is_ready p2 L2 Re].
    eapply adds_bind; [apply (adds_contents p2); lia|intros content p3 L3 C].
    eapply adds_bind; [apply (adds_beaten p3); lia|intros beaten p4 L4 B].
    eapply adds_bind; [apply (adds_holdings p4); lia|intros holding p5 L5 H].
    eapply adds_bind; [cbn [the_counter view_of_log]; eapply adds_bind; [apply (adds_token_of p5);
      [lia|lia|known|apply earlier_signs_length]|
      intros m p6 L6 M; apply (counter_adds p6 0 1); [lia|exact M|halves|halves]]|intros c p6 L6 Co].
    eapply adds_bind; [apply (adds_execute at_half top q w log ext codes wide long high p6);
      [lia| |exact Co]|intros out p7 L7 O].
    { destruct C as [Lc C]. destruct H as [H1 H2]. apply log_view; [lia|lift|known|split; [exact Lc|lift]|split; lift]. }
    apply adds_log_outputs; [lia|lift|exact O].
  - unfold shifting. lia.
Qed.
End Log.

(* Any-process generation. *)
Lemma adds_cell_of : forall p k words place absent, first <= p -> place < 10 ->
  all_upto p k (flat_map (fun '(a, b) => a ++ b) words) -> all_upto p k (optional absent) ->
  1 + list_sum (map (fun t => length (fst t)) words) + length (optional absent) <= q ->
  adds p 0 (cell_of w log ext words place absent) (fun p' m => attends p' k m).
Proof.
  intros p k words place absent P L W A Le. apply match_adds; [exact P| |exact Le]. unfold forms_of.
    cbn [matched among but by_rank unless optional app].
  apply Forall_app. split; [exact W|]. constructor; [known|]. constructor; [known|exact A].
Qed.

Lemma cell_view_upto : forall p, first <= p -> view_upto at_half top q w p (cell_view w log ext).
Proof.
  intros p P. split; [|split; [|split; [apply token_word_length|cbn [cell_value cell_view]; known]]].
  - intros p' name L Ln N. cbn [the_register cell_view]. StepCountCode.total.
    + eapply adds_bind; [apply (adds_cell_of p' 3); [lia|lia|known|known|lengths; rewrite Ln; lia]|intros m p1 L1 M].
      apply (word_adds p1 3 5); [lia|exact M|halves|halves].
    + lia.
  - intros p' address absent L La A Ab. cbn [the_cell cell_view]. apply adds_cell_of; [lia|lia|known|known|lengths;
    rewrite La; lia].
Qed.

Lemma adds_cell_outputs : forall p c out incoming written, first <= p -> counter_upto p 1 1 c -> outcome_upto p out ->
  all_upto p (r + 1) incoming -> upto p 9 written ->
  adds p (2 * w + 14) (cell_outputs w log ext None c out incoming written)
    (fun p' gs => length gs = token_code_width w ext + 3 /\ all_upto p' (r + 2) gs).
Proof.
  intros p c out incoming written P (_ & (_ & Cs')) (((_ & Cw) & (Ls & Cs)) & _ & (_ & Rs) & St & Wr & (Ln & Na) & _) In Wn.
  pose proof r_bounds as R. unfold cell_outputs. StepCountCode.total.
  - eapply adds_bind; [apply (plain_within at_half top q p 3 4 3); [|constructor; [apply flat_equality;
    repeat constructor|constructor]|halves|halves]|
      intros named p1 L1 [_ Nm]].
    { constructor; [|constructor]. constructor; [|constructor]. known. }
    eapply adds_bind; [apply (rows_within at_half top q false p1 9 10 6); [known| |halves|halves]|intros remask p2 L2 [_ Rm]].
    { constructor; [|constructor]. split; [repeat constructor|cbn; lia]. }
    eapply adds_bind; [apply (status_adds p2 8 10); [known|known|halves|halves]|intros status p3 L3 [Lst S]].
    eapply adds_bind; [apply (chosen_adds p3 r (r + 2) 2); [reflexivity| |halves|halves]|intros body p4 L4 [_ B]].
    { constructor; [split; cbn [fst snd]; known|]. constructor; [split; cbn [fst snd]; known|constructor]. }
    apply adds_give. split.
    { rewrite app_length, code_length; [reflexivity| |apply StepModel.each_length|reflexivity].
      cbn [length]. rewrite (tail_length status 4) by congruence. lia. }
    apply Forall_app. split; [apply code_upto|]; known.
    apply Forall_forall. intros f I. apply repeat_spec in I. subst f. apply upto_number.
  - rewrite Ls. cbn [length Gates.equals_rows]. lia.
Qed.

Lemma adds_write : forall p out, first <= p -> outcome_upto p out ->
  adds p (w + 1) (write_to w log ext out) (fun p' m => all_upto p' (r + 1) (fst m) /\ upto p' 9 (snd m)).
Proof.
  intros p out P (_ & (La & Ad) & (Lr & Rs) & St & _). pose proof r_bounds as R. change (if ext then 10 else 8) with r in Rs.
  unfold write_to. destruct (nothing (stores out)); [apply adds_given; split; [apply none_upto|apply upto_number]|].
  StepCountCode.total.
  - eapply adds_bind; [apply (match_adds p 8); [lia|known|lengths; lia]|intros m p1 L1 M].
    assert (M' : attends p1 r m) by (apply (attends_more at_half q p1 8); [exact M|lia|lia]).
    eapply adds_bind; [apply (reads_adds p1 r (r + 1) w); [exact Lr|exact M'|lift|halves|halves]|intros incoming p2 L2 [_ In]].
    eapply adds_bind; [apply (found_adds p2 8 9); [lia|apply (attends_more at_half q p1 8); [exact M|lia|lia]|halves|halves]|
      intros written p3 L3 Wn].
    apply adds_give. split; cbn [fst snd]; lift.
  - lia.
Qed.

Lemma outcome_more : forall p p' out, p <= p' -> outcome_upto p out -> outcome_upto p' out.
Proof.
  intros p p' out L (((Lw & Cw) & (Ls & Cs)) & (La & Ad) & (Lr & Rs) & St & Wr & (Ln & Na) & Lb).
  split; [split; (split; [assumption|lift])|]. do 2 (split; [split; [assumption|lift]|]). do 2 (split; [lift|]).
  split; [split; [assumption|lift]|exact Lb].
Qed.

Theorem adds_cell_step : forall p, first <= p ->
  adds p (43 * w + 41 + length (operations ext) + shifting) (cell_step w log ext None)
    (fun p' gs => length gs = token_code_width w ext + 3 /\ all_upto p' (r + 2) gs).
Proof.
  intros p P. pose proof r_bounds as R. unfold cell_step. StepCountCode.total.
  - eapply adds_bind; [cbn [the_counter cell_view]; eapply adds_bind; [apply (adds_cell_of p 0);
    [exact P|lia|known|known|lengths; lia]|
      intros m p1 L1 M; apply (counter_adds p1 0 1); [lia|exact M|halves|halves]]|intros c p1 L1 C].
    eapply adds_bind; [apply (adds_execute at_half top q w log ext codes wide long high p1); [lia|apply cell_view_upto;
      lia|exact C]|
      intros out p2 L2 O].
    eapply adds_bind; [apply (adds_write p2); [lia|exact O]|intros m p3 L3 [In Wn]].
    apply adds_cell_outputs; [lia|apply (counter_more at_half top q w ext wide long high p1); [lia|exact C]|
      apply (outcome_more p2); assumption|exact In|exact Wn].
  - unfold shifting. lia.
Qed.
End Step.
