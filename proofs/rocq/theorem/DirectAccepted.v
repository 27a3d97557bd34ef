(* For every word width w >= 5, both engines, with and without extension M, the plan without reuse of coordinates is
   accepted. *)
From Coq Require Import List Bool ZArith QArith Lia FMapPositive.
From Efasp Require Import Statement Scalars ScalarsModel Interning Follows PlanSound FollowsSound CodeFacts Accepted
  StepDefinition StepSizes Accepts.
From Efasp Require StepBuilder DirectFollows.
Import ListNotations.
Open Scope nat_scope.

(* The items of the step's writing read scalars before them: units and heads are joined only then. *)
Lemma reads_numbered : forall k f, reads_below k (expand_sum f) -> numbered_below (numbering k) (summands f) = true.
Proof.
  intros k f H. apply forallb_forall. intros (c, i) I. apply Pos.ltb_lt, numbering_below. apply (H c). cbn [expand_sum terms].
  apply in_map_iff. exists (c, i). split; [reflexivity|exact I].
Qed.

Lemma items_of_earlier : forall ns k, ScalarsModel.ordered k (map StepBuilder.plain_node ns) ->
  items_earlier (numbering k) (StepBuilder.items_of (numbering k) ns) = true.
Proof.
  induction ns as [|n ns IH]; intros k O; [reflexivity|]. cbn [StepBuilder.items_of].
  assert (O' : ScalarsModel.ordered (S k) (map StepBuilder.plain_node ns)).
  { intros i x E. pose proof (O (S i) x E) as B. rewrite Nat.add_succ_r in B. exact B. }
  specialize (IH (S k) O'). change (Pos.succ (numbering k)) with (numbering (S k)).
  pose proof (O 0 _ eq_refl) as B. rewrite Nat.add_0_r in B. clear O O'. revert IH.
  generalize (StepBuilder.items_of (numbering (S k)) ns). intros l L.
  assert (Alone : forall i, earlier (numbering k) i = true -> scalars_of (numbering k) i = numbering (S k) ->
    items_earlier (numbering k) (i :: l) = true).
  { intros i E Q. cbn [items_earlier]. rewrite E, Q. exact L. }
  destruct n as [divisor f|q ks x]; cbn [StepBuilder.plain_node node_below] in B.
  - pose proof (reads_numbered k f B) as E. destruct l as [|[divisor' s cs|q' k' vs] rest]; cbn [StepBuilder.joined];
      try (apply Alone; [exact E|reflexivity]).
    destruct (_ && _) eqn:S; [|apply Alone; [exact E|reflexivity]]. apply andb_true_iff in S as [_ S].
    apply StepBuilder.same_parts_equal in S. subst s. cbn [items_earlier earlier scalars_of after] in *.
    apply andb_true_iff in L as [_ L]. apply andb_true_iff. split; [exact E|exact L].
  - destruct B as [Bf Bv].
    assert (E : forall vs, forallb (fun f => numbered_below (numbering k) (summands f)) vs = true ->
      earlier (numbering k) (Head q ks (x :: vs)) = true).
    { intros vs V. cbn [earlier]. rewrite !forallb_app. cbn [forallb]. rewrite (reads_numbered k x Bv), V.
      assert (F : forall l, (forall f, In f l -> In f (q ++ ks)) ->
        forallb (fun f => numbered_below (numbering k) (summands f)) l = true).
      { intros l0 H. apply forallb_forall. intros f I. apply reads_numbered, Bf. rewrite <- map_app. apply in_map, H, I. }
      rewrite !F by (intros f I; apply in_or_app; tauto). reflexivity. }
    destruct l as [|[divisor s cs|q' k' vs] rest]; cbn [StepBuilder.joined];
      try (apply Alone; [exact (E [] eq_refl)|reflexivity]).
    destruct (_ && _) eqn:S; [|apply Alone; [exact (E [] eq_refl)|reflexivity]]. apply andb_true_iff in S as [_ V].
    cbn [items_earlier scalars_of after] in *. apply andb_true_iff in L as [_ L]. apply andb_true_iff.
    split; [exact (E vs V)|exact L].
Qed.

(* What is known of codes speaks of entries of codes, and one of them is 1. *)
Definition fact_within (n : nat) (f : fact) : Prop :=
  match f with Within owners => forall o, In o owners -> (o < numbering n)%positive | _ => True end.

Lemma facts_about : forall l, (forall f, In f l -> fact_within (length l) f) ->
  about_codes (numbering (length l)) (facts_from 1 l (Map.empty _)) = true.
Proof.
  intros l H. apply forallb_forall. intros (i, f) I. apply Map.elements_complete in I.
  rewrite <- (numbering_inverse i) in I |- *.
  change 1%positive with (numbering 0) in I. apply facts_from_found in I as [[_ I]|I]; [|rewrite Map.gempty in I; discriminate].
  rewrite Nat.sub_0_r in I. apply andb_true_iff. split.
  - apply Pos.ltb_lt, numbering_below. unfold numbering at 1. rewrite SuccNat2Pos.id_succ. cbn [pred].
    apply nth_error_Some. congruence.
  - specialize (H f (nth_error_In _ _ I)). destruct f as [| |owners]; try reflexivity. apply forallb_forall. intros o J.
    apply Pos.ltb_lt, H, J.
Qed.

Lemma book_within : forall n first kinds fields,
  (forall bits owners o, In (bits, owners) fields -> In o owners -> first + o < n) ->
  forall f, In f (book_facts first kinds fields) -> fact_within n f.
Proof.
  intros n first kinds fields H f I. unfold book_facts in I. apply in_app_or in I as [I|[<-|I]].
  - apply repeat_spec in I. subst f. exact Logic.I.
  - exact Logic.I.
  - apply in_flat_map in I as ((bits & owners) & J & I). apply repeat_spec in I. subst f. intros o O.
    apply in_map_iff in O as (k & <- & O). apply numbering_below. unfold numbering. rewrite SuccNat2Pos.id_succ. cbn [pred].
    exact (H bits owners k J O).
Qed.

Lemma facts_from_before : forall l n known i, i < n ->
  Map.find (numbering i) (facts_from (numbering n) l known) = Map.find (numbering i) known.
Proof.
  induction l as [|f l IH]; intros n known i L; [reflexivity|]. cbn [facts_from].
  change (Pos.succ (numbering n)) with (numbering (S n)). rewrite IH by lia. apply Map.gso. intros E.
  apply SuccNat2Pos.inj in E. lia.
Qed.

Lemma facts_from_at : forall l n known m f, nth_error l m = Some f ->
  Map.find (numbering (n + m)) (facts_from (numbering n) l known) = Some f.
Proof.
  induction l as [|g l IH]; intros n known [|m] f E; try discriminate; cbn [facts_from];
    change (Pos.succ (numbering n)) with (numbering (S n)).
  - cbn in E. injection E as ->. rewrite Nat.add_0_r, facts_from_before by lia. apply Map.gss.
  - rewrite <- (IH (S n) (Map.add (numbering n) g known) m f E). f_equal. f_equal. lia.
Qed.

Lemma one_known : forall w ext more,
  Map.find (numbering (9 + length (operations ext))) (facts_from 1 (token_facts w ext ++ more) (Map.empty _)) = Some One.
Proof.
  intros w ext more. change 1%positive with (numbering 0). apply (facts_from_at _ 0). unfold token_facts, book_facts.
  rewrite <- app_assoc, nth_error_app2, repeat_length, Nat.sub_diag by (rewrite repeat_length; lia). reflexivity.
Qed.

Lemma book_length : forall first kinds fields,
  length (book_facts first kinds fields) = kinds + 1 + list_sum (map fst fields).
Proof.
  intros first kinds fields. unfold book_facts. rewrite !app_length, repeat_length. cbn [length].
  assert (E : forall l : list (nat * list nat), length (flat_map (fun '(bits, owners) =>
    repeat (Within (map (fun k => numbering (first + k)) owners)) bits) l) = list_sum (map fst l)).
  { induction l as [|(b & o) l IH]; [reflexivity|]. cbn [flat_map map list_sum fst fold_right].
    rewrite app_length, repeat_length, IH. reflexivity. }
  rewrite E. lia.
Qed.

Lemma token_within : forall w ext n, 9 <= n -> forall f, In f (token_facts w ext) -> fact_within n f.
Proof.
  intros w ext n L. apply book_within. intros bits owners o [E|[E|[]]] I; injection E as _ <-; cbn in I; lia.
Qed.

Lemma log_about : forall w ext, about_codes (numbering (token_code_width w ext + log_code_width w)) (log_known w ext) = true.
Proof.
  intros w ext. unfold log_known. set (l := token_facts w ext ++ log_facts w (token_code_width w ext)).
  assert (L : length l = token_code_width w ext + log_code_width w).
  { unfold l, token_facts, log_facts. rewrite !app_length, !book_length. cbn [map fst list_sum fold_right length].
    unfold token_code_width, log_code_width. lia. }
  rewrite <- L. apply facts_about. rewrite L. intros f I. unfold l in I. apply in_app_or in I as [I|I].
  - apply (token_within w ext); [unfold token_code_width; lia|exact I].
  - unfold log_facts in I. apply in_app_or in I as [I|[<-|[]]]; [|exact Logic.I]. revert I. apply book_within.
    intros bits owners o [E|[E|[E|[]]]] I; injection E as _ <-; cbn in I; unfold log_code_width; lia.
Qed.

Lemma cell_about : forall w ext, about_codes (numbering (token_code_width w ext + cell_code_width w)) (cell_known w ext) = true.
Proof.
  intros w ext. unfold cell_known. set (l := token_facts w ext ++ cell_facts w (token_code_width w ext)).
  assert (L : length l = token_code_width w ext + cell_code_width w).
  { unfold l, token_facts, cell_facts. rewrite !app_length, !book_length. cbn [map fst list_sum fold_right length].
    unfold token_code_width, cell_code_width. lia. }
  rewrite <- L. apply facts_about. rewrite L. intros f I. unfold l in I. apply in_app_or in I as [I|I].
  - apply (token_within w ext); [unfold token_code_width; lia|exact I].
  - revert I. unfold cell_facts. apply book_within.
    intros bits owners o [E|[E|[E|[]]]] I; injection E as _ <-; cbn in I; unfold cell_code_width; lia.
Qed.

Lemma step_earlier : forall w log ext, 5 <= w ->
  items_earlier (numbering (token_code_width w ext + place_width w log)) (items (step_writing w log ext)) = true.
Proof.
  intros w log ext W. destruct (step_sizes w log ext W) as (O & _). rewrite widths.
  unfold step_ordered, ordered_for, definition_for in O. unfold step_writing, writing_for in *.
  change (numbering (code_width w log ext)) with (Pos.of_succ_nat (code_width w log ext)).
  destruct ((if log then masked_step w log ext None else cell_step w log ext None) (Pos.of_succ_nat (code_width w log ext)))
    as [rs ns].
  rewrite StepBuilder.writing_plain in O. exact (items_of_earlier ns _ O).
Qed.

Theorem direct_accepted : forall w e ext, 5 <= w -> accepts w e ext (direct_plan w (in_log e) ext) = true.
Proof.
  intros w e ext W. assert (O : forall log, ScalarsModel.ordered (token_code_width w ext + place_width w log)
    (nodes (expanded (step_writing w log ext)))).
  { intros log. rewrite widths. exact (proj1 (step_sizes w log ext W)). }
  destruct e; cbn [accepts in_log]; [apply (DirectFollows.direct_follows (log_known w ext))|
    apply (DirectFollows.direct_follows (cell_known w ext))]; try apply one_within; try apply one_known.
  - apply log_about.
  - exact (step_earlier w true ext W).
  - exact (O true).
  - apply cell_about.
  - exact (step_earlier w false ext W).
  - exact (O false).
Qed.
