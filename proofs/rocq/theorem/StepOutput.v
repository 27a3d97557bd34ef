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

Lemma all_zero : forall h fs, Forall2 (fun f z => worth f h z) fs (repeat 0 (length fs)) -> Forall (fun f => worth f h 0) fs.
Proof.
  intros h fs. induction fs as [|f fs IH]; intros F; [constructor|]. cbn in F. inversion F as [|f' z fs' zs W G]; subst.
  constructor; [exact W|exact (IH G)].
Qed.

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
  assert (E : signs_of w (if b then Some v else None) = map (fun i => 2 * Z.b2z (Z.testbit v (Z.of_nat i)) - Z.b2z b) (seq 0
    w)).
  { unfold signs_of, numbers. destruct b.
    - rewrite map_map. apply map_ext. intros i. destruct (Z.testbit v (Z.of_nat i)); reflexivity.
    - rewrite (Z0 eq_refl). clear. assert (G : forall s n, repeat 0 n = map (fun i => 2 * Z.b2z (Z.testbit 0 (Z.of_nat i)) - 0)
        (seq s n)).
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
  apply Forall2_app; [exact F|]. apply Forall2_app; [apply zeros|]. apply Forall2_app; [constructor;
    [apply worth_zero|constructor]|].
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
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variables (w : nat) (ext : bool) (code : option (list instruction)).
Let fold : bool := folded code.

(* A counter's status, gated. *)
Lemma sound_gated_status : forall f fs, sound (every (gated_flag fold f) fs) (fun gs => forall h b s, In h hs -> flag f b h ->
  status_as fs s h -> Forall2 (fun g t => flag g (b && has_status s t) h) gs statuses).
Proof.
  intros f fs. apply (sound_more _ _ _ _ _ _ (sound_every first ns _ _ _
    (fun g r => forall h b c, In h hs -> flag f b h -> flag g c h -> flag r (b && c) h) fs
    (fun g _ => sound_gated_flag first ns hs model fold f g))).
  intros gs G h b s I F S. unfold status_as in S. revert S. generalize statuses. intros ts S. revert ts S.
  induction G as [|g r fs gs W G IH]; intros ts S; inversion S as [|g' t fs' ts' Q S']; subst; constructor.
  - exact (W h b _ I F Q).
  - exact (IH ts' S').
Qed.

(* The log. Of a position at place kind k (7: counter, 8: target, 9: value) of a processor's step; the mask before it is ready.
   *)
Definition due_token (k : Z) (m : status) (n address result : Z) (store names : bool) (r : option Z) : token :=
  if k =? 7 then Word m n
  else if k =? 8 then (if store then Statement.word address else if names then match r with Some q => Name q | None => Nothing
    end
    else Nothing)
  else Statement.word result.

(* By the kind of place, and by what is written. *)
Ltac log_cases k Kk ok s Sm store names X Nr m u := unfold u, due_token; clear - Kk Sm X Nr;
  destruct Kk as [->|[->| ->]]; destruct ok; try rewrite (Sm eq_refl);
  destruct store, names; try discriminate X; try (destruct (Nr eq_refl eq_refl) as (? & -> & _)); destruct m.

Theorem sound_log_outputs : forall ready_ out, sound (log_outputs w ext code ready_ out) (fun fs => forall h k ok n s m address
  result
    store names r, In h hs -> 7 <= k < 10 -> (forall i, (7 <= i < 10)%nat -> flag (place_flag w ext i) (Z.of_nat i =? k) h) ->
  flag ready_ ok h -> outcome_as w out n s address result store names r h -> (ok = true -> s = Some m) ->
  store && names = false -> (ok = true -> names = true -> exists q, r = Some q /\ 0 <= q < 8) ->
  codes w ext fs (if ok then due_token k m n address result store names r else Mask) h).
Proof.
  intros ready_ out. unfold log_outputs.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model fold (place_flag w ext 7) ready_)). intros f7 F7.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model fold (target_place w ext) ready_)). intros f8 F8.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model fold (place_flag w ext 9) ready_)). intros f9 F9.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_status f7 (at_status (counter_out out)))). intros gs Gs.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_flag first ns hs model fold f8 (stores out))). intros st St_.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_flag first ns hs model fold f8 (writes_name out))). intros wr Wr.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_by first ns hs model fold w [f8; stores out] (address_out out))). intros sw Sw.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_chosen first ns hs model fold w _)). intros body Body.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_signs first ns hs model fold [f8; writes_name out] (name_out out) (bounds_out out))). intros nm Nm.
  apply sound_give. intros h k ok n s m address result store names r I K Fl R O Sm X Nr.
  destruct O as [[Cw Cs] Ad Re So Na No Bd].
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
  clear Body. specialize (Nm h _ r I (two_flags _ _ _ _ h F8 Na) No Bd).
  set (u := if ok then due_token k m n address result store names r else Mask).
  inversion Gs as [|g0 t0 gs0 ts0 G0 Q0]; subst. inversion Q0 as [|g1 t1 gs1 ts1 G1 Q1]; subst.
  inversion Q1 as [|g2 t2 gs2 ts2 G2 Q2]; subst. inversion Q2 as [|g3 t3 gs3 ts3 G3 Q3]; subst.
  inversion Q3 as [|g4 t4 gs4 ts4 G4 Q4]; subst. inversion Q4; subst. clear Gs Q0 Q1 Q2 Q3 Q4. unfold bit at 1.
  cbn [nth tl app].
  assert (Kk : k = 7 \/ k = 8 \/ k = 9) by lia.
  apply code_of_right.
  - cbn [length]. lia.
  - unfold u, due_token. destruct ok; [|exact Logic.I]. destruct (k =? 7); [exact (proj1 Cw)|].
    destruct (k =? 8); [|exact (proj1 Re)]. destruct store; [exact (proj1 Ad)|]. destruct names; [|exact Logic.I].
    destruct (Nr eq_refl eq_refl) as (q & -> & Q). exact Q.
  - unfold u, due_token, Statement.word. pose proof (mark_bounds m). destruct ok; [|cbn; lia].
    destruct (k =? 7); [cbn [kind length]; lia|].
    destruct (k =? 8); [|cbn; lia]. destruct store; [cbn; lia|]. destruct names; [|cbn; lia]. destruct r; cbn; lia.
  - unfold hot, numbers. rewrite map_map. cbn [length seq map].
    repeat (apply Forall2_cons; [eapply worth_is; [first
      [apply total_worth; constructor; [exact G0|constructor; [exact St_|constructor; [exact F9|constructor]]]
      |exact G1|exact G2|exact G3|exact G4|exact Wr
      |apply worth_combined; [exact F8|apply worth_combined; [exact St_|apply worth_combined;
        [exact Wr|apply worth_combined_nil]]]
      |apply worth_combined; [exact R|apply worth_combined_nil]]|log_cases k Kk ok s Sm store names X Nr m u; reflexivity]|]).
    constructor.
  - eapply word_is; [eapply sums_word; [constructor; [exact B|constructor; [exact Sw|constructor]]|]|].
    + cbn [forallb]. log_cases k Kk ok s Sm store names X Nr m u; cbn;
        repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact Logic.I.
    + cbn [forallb fold_right]. log_cases k Kk ok s Sm store names X Nr m u; cbn; rewrite ?Z.add_0_r; reflexivity.
  - destruct Nm as [Ln Nn]. rewrite signs_seq. apply bits_forall; [exact Ln|]. intros i J. apply (worth_is _ _ _ _ (Nn i)).
    cbn [forallb]. log_cases k Kk ok s Sm store names X Nr m u; reflexivity.
Qed.

(* Cells. Names differ by an odd number where one of them is none. *)
Definition name_value (r : option Z) : Z := fold_right (fun j rest => 2 ^ Z.of_nat j * nth j (signs_of 3 r) 0 + rest) 0 (seq 0
  3).

Lemma names_differ : forall r q, 0 <= q < 8 -> match r with Some p => 0 <= p < 8 | None => True end ->
  (name_value r - name_value (Some q) =? 0) = match r with Some p => p =? q | None => false end.
Proof.
  assert (D : forall q, 0 <= q < 8 -> q = 0 \/ q = 1 \/ q = 2 \/ q = 3 \/ q = 4 \/ q = 5 \/ q = 6 \/ q = 7) by (intros; lia).
  intros [p|] q Q P; apply D in Q; [apply D in P|];
    repeat match goal with H : _ \/ _ |- _ => destruct H as [->|H] end; subst; reflexivity.
Qed.

Lemma distance_worth : forall fs r q h, name fs r h -> name (register_signs w false ext) q h ->
  worth (distance w false ext fs) h (name_value r - name_value q).
Proof.
  intros fs r q h [_ N] [_ R]. unfold distance. cbn [seq map]. eapply worth_is.
  - repeat (apply worth_combined; [apply worth_combined; [apply N|apply worth_combined; [apply R|apply worth_combined_nil]]|]).
    apply worth_combined_nil.
  - unfold name_value. cbn [seq fold_right]. ring.
Qed.

Lemma sound_named : forall f, sound (plain_rows 1 [[f]] (Gates.equals_rows 0)) (fun gs => forall h z, In h hs -> worth f h z ->
  flag (bit gs 0) (z =? 0) h).
Proof.
  intros f. apply (sound_more _ _ _ _ _ _ (sound_rows first ns hs model false (fun _ _ => (0, 0)) 1 [[f]] ltac:(lia)
    (Gates.equals_rows 0))).
  intros gs (L & W) h z I F. set (x := fun a p => match a, p with O, O => z | _, _ => 0 end : Z).
  assert (S : stands 1 [[f]] h x).
  { intros a p. destruct a as [|a]; [destruct p as [|p]|].
    - cbn [nth bit x]. rewrite Z.mul_1_l. exact F.
    - unfold bit. cbn [nth x]. destruct p; apply worth_zero.
    - cbn [nth x]. unfold bit. destruct a; destruct p; apply worth_zero. }
  destruct (computed_bits 1 1 _ x _ gs h (Gates.equals_correct 0 x) L (W h x I S (fun E => ltac:(discriminate E)))) as (_ & B & _). specialize (B O).
  cbn [x Z.of_nat] in B. rewrite bool_low, Z.mul_1_l in B. exact B.
Qed.

(* The remask bit: the slot is masked, exclusive or the cell is written. *)
Definition cell_hit (k : Z) (written_ named names run : bool) : bool := written_ || (k =? 7) && named && names || (k =? 8) &&
  run.

Lemma sound_remask : forall mk wr rg nd nm ct rn, sound (bit_rows fold 1 [[mk]; [wr]; [rg]; [nd]; [nm]; [ct]; [rn]]
    [Slots.remask_row 0 [[1]; [2; 3; 4]; [5; 6]]]%nat) (fun gs => forall h k bm bw bd bn br, In h hs ->
  flag mk bm h -> flag wr bw h -> flag rg (7 =? k) h -> flag nd bd h -> flag nm bn h -> flag ct (8 =? k) h -> flag rn br h ->
  (bw = true -> k = 6) -> flag (bit gs 0) (xorb bm (cell_hit k bw bd bn br)) h).
Proof.
  intros mk wr rg nd nm ct rn.
  apply (sound_more _ _ _ _ _ _ (sound_rows first ns hs model fold (fun _ _ => (0, 1)) 1 _ ltac:(lia) _)).
  intros gs (_ & W) h k bm bw bd bn br I Mk Wr Rg Nd Nm Ct Rn K6.
  set (vs := map Z.b2z [bm; bw; 7 =? k; bd; bn; 8 =? k; br]).
  assert (S : stands 1 [[mk]; [wr]; [rg]; [nd]; [nm]; [ct]; [rn]] h (env_of vs)).
  { apply stands_words. repeat (constructor; [apply bits_single; rewrite Z.mul_1_l; assumption|]). constructor. }
  specialize (W h _ I S (fun _ => bounded_bits 1 vs ltac:(lia)) O). rewrite Z.mul_1_l in W. unfold Form.out in W. cbn [nth] in W.
  assert (Fl : forall a, env_of vs a 0%nat = 0 \/ env_of vs a 0%nat = 1).
  { intros a. unfold env_of. destruct (Z.testbit _ _); cbn; tauto. }
  assert (On : forall a, (env_of vs a 0%nat =? 1) = nth a [bm; bw; 7 =? k; bd; bn; 8 =? k; br] false).
  { intros a. unfold env_of, vs. change 0 with (Z.b2z false) at 1. rewrite map_nth. cbn [Z.of_nat]. rewrite bool_low.
    destruct (nth a _ _); reflexivity. }
  rewrite Slots.remask_correct in W.
  - eapply worth_is; [exact W|]. f_equal. rewrite On. cbn [existsb]. unfold Slots.all_on. cbn [forallb]. rewrite !On.
    cbn [nth]. unfold cell_hit. rewrite !andb_true_r, orb_false_r, (Z.eqb_sym k 7), (Z.eqb_sym k 8), orb_assoc, andb_assoc.
    reflexivity.
  - intros a _. apply Fl.
  - intros l _ a _. apply Fl.
  - unfold Slots.all_on. intros l1 l l2 E.
    assert (Ex : forall l l', In l [[1]; [2; 3; 4]; [5; 6]]%nat -> In l' [[1]; [2; 3; 4]; [5; 6]]%nat -> l <> l' ->
      forallb (fun a => env_of vs a 0%nat =? 1) l = true -> forallb (fun a => env_of vs a 0%nat =? 1) l' = false).
    { intros a a' [<-|[<-|[<-|[]]]] [<-|[<-|[<-|[]]]] N; try (destruct N; reflexivity); cbn [forallb]; rewrite !On; cbn [nth];
        destruct bw; try rewrite (K6 eq_refl); destruct (Z.eqb_spec 7 k), (Z.eqb_spec 8 k); try lia; cbn; congruence. }
    intros T l' I'.
    assert (Nd3 : NoDup (l1 ++ l :: l2)) by (rewrite <- E; repeat constructor; cbn; intuition discriminate).
    apply (Ex l l'); [rewrite E; apply in_or_app; right; left; reflexivity| | |exact T].
    + rewrite E. apply in_or_app. apply in_app_or in I'. cbn [In]. tauto.
    + intros <-. apply NoDup_remove_2 in Nd3. exact (Nd3 I').
Qed.

Definition cell_token (k : Z) (m : status) (n incoming result : Z) : token :=
  if k =? 6 then Statement.word incoming else if k =? 7 then Statement.word result else Word m n.
Definition cells_put (fs : list form) (h : vector) (k : Z) (m : status) (n incoming result : Z) (rm : bool) : Prop :=
  exists cs r, fs = cs ++ [r; zero; zero] /\ flag r rm h /\ length cs = token_code_width w ext /\
    (6 <= k -> codes w ext cs (cell_token k m n incoming result) h) /\ (k < 6 -> Forall (fun f => worth f h 0) cs).

Theorem sound_cell_outputs : forall c out incoming written_, sound (cell_outputs w false ext code c out incoming written_)
  (fun fs => forall h k n s m address result store names r q inc bw bm br, In h hs -> 0 <= k < 9 ->
    (forall i, (6 <= i < 9)%nat -> flag (place_flag w ext i) (Z.of_nat i =? k) h) ->
    outcome_as w out n s address result store names r h -> (k = 8 -> s = Some m) -> flag (running c) br h ->
    word w incoming inc h -> flag written_ bw h -> (k <> 6 -> inc = 0 /\ bw = false) -> flag masked bm h ->
    name (register_signs w false ext) q h ->
    cells_put fs h k m n inc result (xorb bm (cell_hit k bw (name_value r - name_value q =? 0) names br))).
Proof.
  intros c out incoming written_. unfold cell_outputs.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_named _)). intros nd Nd.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_remask _ _ _ _ _ _ _)). intros rm Rm.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated_status (counter_cell w ext) (at_status (counter_out out)))). intros gs Gs.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_chosen first ns hs model fold w _)). intros body Body.
  apply sound_give. intros h k n s m address result store names r q inc bw bm br I K Fl O Sm Br Inc Bw Off Bm Q.
  destruct O as [[Cw Cs] Ad Re So Na No Bd].
  pose proof (Fl 6%nat ltac:(lia)) as F6. pose proof (Fl 7%nat ltac:(lia)) as F7. pose proof (Fl 8%nat ltac:(lia)) as F8.
  change (Z.of_nat 6) with 6 in F6. change (Z.of_nat 7) with 7 in F7. change (Z.of_nat 8) with 8 in F8.
  specialize (Nd h _ I (distance_worth _ _ _ h No Q)).
  assert (K6 : bw = true -> k = 6).
  { intros E. destruct (Z.eq_dec k 6) as [->|N]; [reflexivity|]. destruct (Off N). congruence. }
  specialize (Rm h k _ _ _ _ _ I Bm Bw F7 Nd Na F8 Br K6). specialize (Gs h _ s I F8 Cs).
  assert (B : word w body (if 8 =? k then n else if 7 =? k then result else 0) h).
  { eapply word_is.
    - apply (Body h [(8 =? k, n); (7 =? k, result)] I).
      + constructor; [split; assumption|]. constructor; [split; assumption|constructor].
      + cbn [map]. destruct (Z.eqb_spec 8 k), (Z.eqb_spec 7 k); try lia;
          repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact Logic.I.
    - cbn [map fold_right]. destruct (Z.eqb_spec 8 k), (Z.eqb_spec 7 k); lia. }
  clear Body. inversion Gs as [|g0 t0 gs0 ts0 G0 Q0]; subst. inversion Q0 as [|g1 t1 gs1 ts1 G1 Q1]; subst.
  inversion Q1 as [|g2 t2 gs2 ts2 G2 Q2]; subst. inversion Q2 as [|g3 t3 gs3 ts3 G3 Q3]; subst.
  inversion Q3 as [|g4 t4 gs4 ts4 G4 Q4]; subst. inversion Q4; subst. clear Gs Q0 Q1 Q2 Q3 Q4. unfold bit at 1. cbn [nth tl].
  set (flags := total [g0; memory_cell w ext; register_cell w ext] :: [g1; g2; g3; g4]).
  set (chosen_word := sums w [body; incoming]).
  assert (W : word w chosen_word (if 8 =? k then n else if 7 =? k then result else inc) h).
  { unfold chosen_word. eapply word_is; [eapply sums_word; [constructor; [exact B|constructor; [exact Inc|constructor]]|]|].
    - destruct (Z.eqb_spec 8 k), (Z.eqb_spec 7 k); try lia;
        try (destruct (Off ltac:(lia)) as [-> _]);
        repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact Logic.I.
    - cbn [fold_right]. destruct (Z.eqb_spec 8 k), (Z.eqb_spec 7 k); try (destruct (Off ltac:(lia)) as [-> _]); lia. }
  assert (T : Forall2 (fun f z => worth f h z) flags [Z.b2z ((8 =? k) && has_status s Running) + (Z.b2z (6 =? k) + (Z.b2z (7 =?
    k) + 0));
    Z.b2z ((8 =? k) && has_status s Halted); Z.b2z ((8 =? k) && has_status s LoadFault);
    Z.b2z ((8 =? k) && has_status s StoreFault); Z.b2z ((8 =? k) && has_status s CounterFault)]).
  { constructor; [|constructor; [exact G1|constructor; [exact G2|constructor; [exact G3|constructor; [exact G4|constructor]]]]].
    refine (total_worth [_; _; _] [_; _; _] h _).
    constructor; [exact G0|constructor; [exact F6|constructor; [exact F7|constructor]]]. }
  exists (code_of ext flags chosen_word (repeat zero 3)), (bit rm 0). split; [reflexivity|]. split; [exact Rm|].
  assert (L : length chosen_word = w) by (unfold chosen_word, sums; apply each_length).
  split; [|split].
  - unfold code_of, token_code_width, signed. cbn [length flags]. rewrite !app_length, !repeat_length, map_length, L.
    unfold flags.
    cbn [length]. lia.
  - intros K'. apply code_of_right.
    + cbn [length flags]. lia.
    + unfold cell_token. destruct (k =? 6); [exact (proj1 Inc)|]. destruct (k =? 7); [exact (proj1 Re)|exact (proj1 Cw)].
    + unfold cell_token, Statement.word. pose proof (mark_bounds m). cbn [length flags].
      destruct (k =? 6); [cbn; lia|]. destruct (k =? 7); cbn [kind mark_number]; lia.
    + cbn [length flags]. unfold hot, numbers. rewrite map_map. cbn [seq map].
      assert (E : k = 6 \/ k = 7 \/ k = 8) by lia. clear - T E Sm.
      destruct E as [->|[->| ->]]; [exact T|exact T|]. rewrite (Sm eq_refl) in T. cbn [cell_token Z.eqb Pos.eqb] in *.
      destruct m; exact T.
    + eapply word_is; [exact W|]. unfold cell_token, Statement.word. rewrite (Z.eqb_sym 8 k), (Z.eqb_sym 7 k).
      destruct (Z.eqb_spec k 6), (Z.eqb_spec k 7), (Z.eqb_spec k 8); try lia; reflexivity.
    + assert (N0 : name_of (cell_token k m n inc result) = None).
      { unfold cell_token, Statement.word. destruct (k =? 6), (k =? 7); reflexivity. }
      rewrite N0. apply zeros.
  - intros K'. assert (E : (8 =? k) = false /\ (7 =? k) = false /\ (6 =? k) = false) by (repeat split; apply Z.eqb_neq; lia).
    destruct E as (E8 & E7 & E6). rewrite E8, E7, E6 in T. rewrite E8, E7 in W. cbn [andb Z.b2z Z.add] in T.
    destruct (Off ltac:(lia)) as [Ei _]. rewrite Ei in W.
    unfold code_of. rewrite !Forall_app. split; [apply all_zero; exact T|]. split; [apply all_zero; rewrite repeat_length;
      apply zeros|].
    split; [constructor; [apply worth_zero|constructor]|]. split; [|apply all_zero; rewrite repeat_length; apply zeros].
    apply all_zero. assert (Ls : length (signed chosen_word (total (firstn 5 flags))) = w) by (unfold signed;
      rewrite map_length; exact L).
    rewrite Ls. exact (signed_word w chosen_word (total (firstn 5 flags)) 0 false h W (total_worth _ _ h T) (fun _ => eq_refl)).
Qed.
End Outputs.
