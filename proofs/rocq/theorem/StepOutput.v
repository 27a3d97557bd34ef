(* What the step puts out: at every position the code of the token that is due there, in terms of what the step computes. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepExecute.
From Efasp Require Form Gates Slots.
Import ListNotations.
Open Scope Z_scope.

(* Forms that are worth a token's code, but for the constant. *)
Definition codes (w : nat) (ext : bool) (fs : list form) (u : token) (h : vector) : Prop :=
  Forall2 (fun f z => worth f h z) fs (code w ext 0 u).

Lemma codes_bare : forall w ext fs u h, codes w ext fs u h -> Forall2 Qeq (map (fun f => form_at f h) fs) (bare_code w ext u).
Proof.
  intros w ext fs u h C. rewrite bare_integers. unfold codes in C. induction C as [|f z fs zs W C IH]; [constructor|].
  cbn [map]. constructor; [exact W|exact IH].
Qed.

Lemma hot_split : forall m n k, (m <= n)%nat -> k < Z.of_nat m -> hot n k = hot m k ++ repeat 0 (n - m).
Proof.
  intros m n k L K. unfold hot, numbers. replace n with (m + (n - m))%nat at 1 by lia. rewrite seq_app, !map_app. f_equal.
  rewrite map_map, Nat.add_0_l. assert (G : forall j s, k < Z.of_nat s ->
    map (fun x => if Z.of_nat x =? k then 1 else 0) (seq s j) = repeat 0 j).
  { induction j as [|j IH]; intros s S; [reflexivity|]. cbn [seq map repeat]. rewrite IH by lia.
    destruct (Z.eqb_spec (Z.of_nat s) k); [lia|reflexivity]. }
  exact (G (n - m)%nat m K).
Qed.

Lemma zeros : forall n h, Forall2 (fun f z => worth f h z) (repeat zero n) (repeat 0 n).
Proof. intros n h. induction n as [|n IH]; [constructor|]. cbn. constructor; [apply worth_zero|exact IH]. Qed.

Lemma bits_forall : forall n fs value h, length fs = n -> (forall i, (i < n)%nat -> worth (bit fs i) h (value i)) ->
  Forall2 (fun f z => worth f h z) fs (map value (seq 0 n)).
Proof.
  intros n fs value h <-. revert value. induction fs as [|f fs IH]; intros value W; [constructor|]. cbn [length seq map].
  constructor; [apply (W O); cbn; lia|]. rewrite <- seq_shift, map_map. apply IH. intros i I. apply (W (S i)). cbn. lia.
Qed.

Lemma signs_seq : forall n v, signs_of n v = map (fun i => nth i (signs_of n v) 0) (seq 0 n).
Proof.
  intros n v. pose proof (signs_length n v) as L. revert L. generalize (signs_of n v). intros l <-.
  induction l as [|z l IH]; [reflexivity|]. cbn [length seq map nth]. f_equal. rewrite IH at 1. rewrite <- seq_shift, map_map.
  reflexivity.
Qed.

Lemma signed_word : forall w word_ present v b h, word w word_ v h -> flag present b h -> (b = false -> v = 0) ->
  Forall2 (fun f z => worth f h z) (signed word_ present) (signs_of w (if b then Some v else None)).
Proof.
  intros w word_ present v b h (R & L & B) P Z0.
  assert (E : signs_of w (if b then Some v else None) = map (fun i => 2 * Z.b2z (Z.testbit v (Z.of_nat i)) - Z.b2z b) (seq 0 w)).
  { unfold signs_of, numbers. destruct b.
    - rewrite map_map. apply map_ext. intros i. destruct (Z.testbit v (Z.of_nat i)); reflexivity.
    - rewrite (Z0 eq_refl). clear. assert (G : forall s n, repeat 0 n = map (fun i => 2 * Z.b2z (Z.testbit 0 (Z.of_nat i)) - 0) (seq s n)).
      { intros s n. revert s. induction n as [|n IH]; intros s; [reflexivity|]. cbn [repeat seq map].
        rewrite Z.bits_0, <- IH. reflexivity. }
      exact (G O w). }
  rewrite E. apply bits_forall; [unfold signed; rewrite map_length; exact L|]. intros i I. unfold signed.
  rewrite bit_map by lia. eapply worth_is.
  - apply worth_combined; [exact (B i)|]. apply worth_combined; [exact P|apply worth_combined_nil].
  - lia.
Qed.

Definition is_word_kind (u : token) : bool := match u with Word _ _ => true | _ => false end.
Definition word_in (u : token) : Z := match u with Word _ v => v | _ => 0 end.

Theorem code_of_right : forall w ext flags word_ name_ u h, (5 <= length flags <= 9 + length (operations ext))%nat ->
  known w ext u -> kind u < Z.of_nat (length flags) -> Forall2 (fun f z => worth f h z) flags (hot (length flags) (kind u)) ->
  word w word_ (word_in u) h -> Forall2 (fun f z => worth f h z) name_ (signs_of 3 (name_of u)) ->
  codes w ext (code_of ext flags word_ name_) u h.
Proof.
  intros w ext flags word_ name_ u h L K Ku F W N. unfold codes, code_of, code.
  rewrite (hot_split (length flags)) by (lia || exact Ku). rewrite <- app_assoc.
  apply Forall2_app; [exact F|]. apply Forall2_app; [apply zeros|]. apply Forall2_app; [constructor; [apply worth_zero|constructor]|].
  apply Forall2_app; [|exact N].
  assert (E : word_of u = if is_word_kind u then Some (word_in u) else None) by (destruct u; reflexivity).
  rewrite E. apply signed_word; [exact W| |destruct u; (discriminate || reflexivity)].
  pose proof (kind_bounds w ext u K) as B.
  assert (P : worth (total (firstn 5 flags)) h (fold_right Z.add 0 (firstn 5 (hot (length flags) (kind u))))).
  { apply total_worth. clear - F. revert F. generalize (hot (length flags) (kind u)). generalize 5%nat. intros n zs F.
    revert n. induction F as [|f z fs zs W F IH]; intros [|n]; try constructor; [exact W|apply IH]. }
  apply (worth_is _ _ _ _ P). unfold hot, numbers. rewrite map_map.
  destruct (length flags) as [|[|[|[|[|n]]]]]; try lia. cbn [seq map firstn fold_right].
  assert (Q : is_word_kind u = (kind u <? 5)).
  { destruct u as [s v|r| | | |o]; cbn [is_word_kind kind]; try reflexivity; symmetry.
    - apply Z.ltb_lt. pose proof (mark_bounds s). lia.
    - apply Z.ltb_ge. pose proof (proj2 (operation_numbered o)). lia. }
  rewrite Q. change (Z.of_nat 0) with 0. change (Z.of_nat 1) with 1. change (Z.of_nat 2) with 2. change (Z.of_nat 3) with 3.
  change (Z.of_nat 4) with 4.
  destruct (Z.eqb_spec 0 (kind u)), (Z.eqb_spec 1 (kind u)), (Z.eqb_spec 2 (kind u)), (Z.eqb_spec 3 (kind u)),
    (Z.eqb_spec 4 (kind u)), (Z.ltb_spec (kind u) 5); cbn [Z.b2z]; lia.
Qed.

Lemma two_flags : forall f g b c h, flag f b h -> flag g c h -> Forall2 (fun f b => flag f b h) [f; g] [b; c].
Proof. intros. constructor; [assumption|]. constructor; [assumption|constructor]. Qed.

Section Outputs.
Variables (first : nat) (ns : list written) (hs : list vector).
Hypothesis model : forall i n, nth_error ns i = Some n -> forall h, In h hs ->
  (nth (first + i) h 0 == node_at (plain_node n) hs h)%Q.
Notation sound := (sound first ns).
Variables (w : nat) (ext : bool).

(* A counter's status, gated. *)
Lemma sound_gated_status : forall f fs, sound (every (gated_flag f) fs) (fun gs => forall h b s, In h hs -> flag f b h ->
  status_as fs s h -> Forall2 (fun g t => flag g (b && has_status s t) h) gs statuses).
Proof.
  intros f fs. apply (sound_more _ _ _ _ _ _ (sound_every first ns _ _ _
    (fun g r => forall h b c, In h hs -> flag f b h -> flag g c h -> flag r (b && c) h) fs
    (fun g _ => sound_gated_flag first ns hs model f g))).
  intros gs G h b s I F S. unfold status_as in S. revert S. generalize statuses. intros ts S. revert ts S.
  induction G as [|g r fs gs W G IH]; intros ts S; inversion S as [|g' t fs' ts' Q S']; subst; constructor.
  - exact (W h b _ I F Q).
  - exact (IH ts' S').
Qed.

(* The log. Of a position at place kind k (7: counter, 8: target, 9: value) of a processor's step; the mask before it is ready. *)
Definition due_token (k : Z) (m : status) (n address result : Z) (store names : bool) (r : option Z) : token :=
  if k =? 7 then Word m n
  else if k =? 8 then (if store then Statement.word address else if names then match r with Some q => Name q | None => Nothing end
    else Nothing)
  else Statement.word result.

(* By the kind of place, and by what is written. *)
Ltac log_cases k Kk ok s Sm store names X Nr m u := unfold u, due_token; clear - Kk Sm X Nr;
  destruct Kk as [->|[->| ->]]; destruct ok; try rewrite (Sm eq_refl);
  destruct store, names; try discriminate X; try (destruct (Nr eq_refl) as (? & -> & _)); destruct m.

Theorem sound_log_outputs : forall ready_ out, sound (log_outputs w ext ready_ out) (fun fs => forall h k ok n s m address result
    store names r, In h hs -> 7 <= k < 10 -> (forall i, (7 <= i < 10)%nat -> flag (place_flag w ext i) (Z.of_nat i =? k) h) ->
  flag ready_ ok h -> outcome_as w out n s address result store names r h -> (ok = true -> s = Some m) ->
  store && names = false -> (names = true -> exists q, r = Some q /\ 0 <= q < 8) ->
  codes w ext fs (if ok then due_token k m n address result store names r else Mask) h).
Proof.
  intros ready_ out. unfold log_outputs.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model (place_flag w ext 7) ready_)). intros f7 F7.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model (target_place w ext) ready_)). intros f8 F8.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model (place_flag w ext 9) ready_)). intros f9 F9.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_status f7 (at_status (counter_out out)))). intros gs Gs.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_flag first ns hs model f8 (stores out))). intros st St_.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_flag first ns hs model f8 (writes_name out))). intros wr Wr.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_by first ns hs model w [f8; stores out] (address_out out))). intros sw Sw.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_chosen first ns hs model w _)). intros body Body.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_signs first ns hs model [f8; writes_name out] (name_out out))). intros nm Nm.
  apply sound_give. intros h k ok n s m address result store names r I K Fl R O Sm X Nr.
  destruct O as [[Cw Cs] Ad Re So Na No].
  specialize (F7 h _ _ I (Fl 7%nat ltac:(lia)) R). specialize (F8 h _ _ I (Fl 8%nat ltac:(lia)) R).
  specialize (F9 h _ _ I (Fl 9%nat ltac:(lia)) R). specialize (Gs h _ s I F7 Cs). specialize (St_ h _ _ I F8 So).
  specialize (Wr h _ _ I F8 Na). specialize (Sw h _ _ I (two_flags _ _ _ _ h F8 So) Ad).
  assert (B : word w body (if (Z.of_nat 7 =? k) && ok then n else if (Z.of_nat 9 =? k) && ok then result else 0) h).
  { eapply word_is.
    - apply (Body h [((Z.of_nat 7 =? k) && ok, n); ((Z.of_nat 9 =? k) && ok, result)] I).
      + constructor; [split; assumption|]. constructor; [split; assumption|constructor].
      + cbn [map]. destruct (Z.eqb_spec (Z.of_nat 7) k), (Z.eqb_spec (Z.of_nat 9) k), ok; try lia; cbn [andb];
          repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact Logic.I.
    - cbn [map fold_right]. destruct (Z.eqb_spec (Z.of_nat 7) k), (Z.eqb_spec (Z.of_nat 9) k), ok; cbn [andb]; lia. }
  clear Body. specialize (Nm h _ r I (two_flags _ _ _ _ h F8 Na) No).
  set (u := if ok then due_token k m n address result store names r else Mask).
  inversion Gs as [|g0 t0 gs0 ts0 G0 Q0]; subst. inversion Q0 as [|g1 t1 gs1 ts1 G1 Q1]; subst.
  inversion Q1 as [|g2 t2 gs2 ts2 G2 Q2]; subst. inversion Q2 as [|g3 t3 gs3 ts3 G3 Q3]; subst.
  inversion Q3 as [|g4 t4 gs4 ts4 G4 Q4]; subst. inversion Q4; subst. clear Gs Q0 Q1 Q2 Q3 Q4. unfold bit at 1. cbn [nth tl app].
  assert (Kk : k = 7 \/ k = 8 \/ k = 9) by lia.
  apply code_of_right.
  - cbn [length]. lia.
  - unfold u, due_token. destruct ok; [|exact Logic.I]. destruct (k =? 7); [exact (proj1 Cw)|].
    destruct (k =? 8); [|exact (proj1 Re)]. destruct store; [exact (proj1 Ad)|]. destruct names; [|exact Logic.I].
    destruct (Nr eq_refl) as (q & -> & Q). exact Q.
  - unfold u, due_token, Statement.word. pose proof (mark_bounds m). destruct ok; [|cbn; lia]. destruct (k =? 7); [cbn [kind length]; lia|].
    destruct (k =? 8); [|cbn; lia]. destruct store; [cbn; lia|]. destruct names; [|cbn; lia]. destruct r; cbn; lia.
  - unfold hot, numbers. rewrite map_map. cbn [length seq map].
    repeat (apply Forall2_cons; [eapply worth_is; [first
      [apply total_worth; constructor; [exact G0|constructor; [exact St_|constructor; [exact F9|constructor]]]
      |exact G1|exact G2|exact G3|exact G4|exact Wr
      |apply worth_combined; [exact F8|apply worth_combined; [exact St_|apply worth_combined; [exact Wr|apply worth_combined_nil]]]
      |apply worth_combined; [exact R|apply worth_combined_nil]]|log_cases k Kk ok s Sm store names X Nr m u; reflexivity]|]).
    constructor.
  - eapply word_is; [eapply sums_word; [constructor; [exact B|constructor; [exact Sw|constructor]]|]|].
    + cbn [forallb]. log_cases k Kk ok s Sm store names X Nr m u; cbn;
        repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact Logic.I.
    + cbn [forallb fold_right]. log_cases k Kk ok s Sm store names X Nr m u; cbn; rewrite ?Z.add_0_r; reflexivity.
  - destruct Nm as [Ln Nn]. rewrite signs_seq. apply bits_forall; [exact Ln|]. intros i J. apply (worth_is _ _ _ _ (Nn i)).
    cbn [forallb]. log_cases k Kk ok s Sm store names X Nr m u; reflexivity.
Qed.
End Outputs.
