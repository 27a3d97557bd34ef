(* What the attentions of the step read, in forms: from the positions that their matches select to words, flags and names. Here
   what both engines share: any match, an instruction, and the number of processors. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepExecute StepMatch
  StepCodes.
From Efasp Require Positions Matching LogMatches.
Import ListNotations.
Open Scope Z_scope.

(* What a token says: a word, a status, a name, an operation. *)
Definition word_value (t : token) : Z := match t with Word _ v => v | _ => 0 end.
Definition status_in (t : token) : option status := match t with Word s _ => Some s | _ => None end.
Definition name_in (t : token) : option Z := match t with Name r => Some r | _ => None end.
Definition operation_in (t : token) : option operation := match t with Op o => Some o | _ => None end.

(* A word in forms as signed bits, for queries: none where it is not present. *)
Definition signs_as (n : nat) (fs : list form) (v : option Z) (h : vector) : Prop := word_worth 1 h fs n v.

Lemma sign_bit : forall v i, sign (Some v) i = 2 * Z.b2z (Z.testbit v (Z.of_nat i)) - 1.
Proof. intros v i. cbn. destruct (Z.testbit v (Z.of_nat i)); reflexivity. Qed.

Lemma signed_word : forall w fs v present_ h b, word w fs v h -> flag present_ b h -> (b = false -> v = 0) ->
  signs_as w (signed fs present_) (if b then Some v else None) h.
Proof.
  intros w fs v g h b (R & L & B) G N. split; [unfold signed; rewrite map_length; exact L|]. intros i I. unfold signed.
  rewrite bit_map by lia. eapply worth_is.
  - apply worth_combined; [exact (B i)|]. apply worth_combined; [exact G|]. apply worth_combined_nil.
  - destruct b; [rewrite sign_bit; cbn [Z.b2z]; lia|]. rewrite (N eq_refl), Z.bits_0. reflexivity.
Qed.

Lemma name_signs_as : forall fs r h, name fs r h -> signs_as 3 fs r h.
Proof.
  intros fs r h (L & W). split; [exact L|]. intros i I. apply (worth_is _ _ _ _ (W i)). rewrite Z.mul_1_l.
  destruct r as [v|]; destruct i as [|[|[|i]]]; try lia; reflexivity.
Qed.

Section Operations.
Variable ext : bool.
Lemma op_number_range : forall o, In o (operations ext) -> 0 <= op_number o < Z.of_nat (length (operations ext)).
Proof.
  intros o H. unfold operations in H |- *. destruct ext; cbn [app length] in H |- *; destruct o; cbn; try lia; exfalso;
    cbn in H;
    intuition discriminate.
Qed.

Lemma op_number_in : forall o, op_number o < Z.of_nat (length (operations ext)) -> In o (operations ext).
Proof.
  intros o H. unfold operations in H |- *. destruct ext; cbn [app length] in H |- *; destruct o; cbn in H |- *; try lia; tauto.
Qed.

Lemma op_number_nonnegative : forall o, 0 <= op_number o.
Proof. intros []; cbn; lia. Qed.
End Operations.

Section Reads.
Variables (first : nat) (ns : list written) (l : list position) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variables (w : nat) (log ext : bool).
Hypothesis shown : forall j, In j l -> shows w log ext (f j) j.

Lemma among_hs : forall j, In j l -> In (f j) hs.
Proof. intros j J. apply in_map. exact J. Qed.

(* An attention reads, at a position, from positions that have a property: whatever form they agree on. *)
Definition reads_from (a : attention) (here : position) (P : position -> Prop) : Prop :=
  forall value r, (forall j, In j l -> P j -> worth value (f j) r) ->
  (node_at (plain_node (Mean (asks a) (offers a) value)) hs (f here) == inject_Z r)%Q.

Lemma reads_from_more : forall a here (P R : position -> Prop), reads_from a here P -> (forall j, In j l -> P j -> R j) ->
  reads_from a here R.
Proof. intros a here P R H I value r W. apply H. intros j J Pj. exact (W j J (I j J Pj)). Qed.

(* A description of a match and the match itself. *)
Record describes (q : wanted) (m : Matching.matching position) : Prop := {
  d_scale : 0 < scale q;
  d_flags : length (among q) = length (Matching.among m) /\ length (but q) = length (Matching.exclude m);
  d_rank : by_rank q = None -> forall j, Matching.rank m j = 0;
  d_refuses : unless q = None <-> Matching.refused m = None;
  d_words : Forall2 (fun u c => length (fst u) = Matching.bits c /\ length (snd u) = Matching.bits c) (matched q)
    (Matching.compared m);
  d_bound : bound q = Matching.capacity m;
  d_sink : forall j, Matching.sink m j = Positions.is_bos j }.

Lemma sound_match : forall q, sound (match_one w log ext q) (fun a => forall m here P, describes q m -> In here l ->
  asked_at (one w log ext) q m (f here) -> (forall j, In j l -> offered_at sink q m (f j) j) -> Matching.selects m l P ->
  reads_from a here P).
Proof.
  intros q before after _ m here P [K F R U W B _] I Q O S value r V.
  exact (read_selected (one w log ext) sink q m F R U W B _ l f (f here) value (inject_Z r) P K Q O S V).
Qed.

Lemma sound_read : forall a value, sound (read a value) (fun g => forall here P r, In here l -> reads_from a here P ->
  (forall j, In j l -> P j -> worth value (f j) r) -> worth g (f here) r).
Proof.
  intros a value. apply (sound_more _ _ _ _ _ _ (sound_emit first ns hs model (Mean (asks a) (offers a) value))).
  intros g G here P r I R W. unfold worth. rewrite (G (f here) (among_hs here I)). exact (R value r W).
Qed.

Lemma sound_reads : forall a values, sound (reads a values) (fun gs => length gs = length values /\
  forall here P i r, In here l -> (i < length values)%nat -> reads_from a here P ->
  (forall j, In j l -> P j -> worth (bit values i) (f j) r) -> worth (bit gs i) (f here) r).
Proof.
  intros a values. unfold reads.
  apply (sound_more _ _ _ _ _ _ (sound_every first ns _ _ _ _ values (fun v _ => sound_read a v))). intros gs F. split.
  - clear - F. induction F as [|v g vs gs _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity.
  - intros here P i r I. revert i. induction F as [|v g vs gs G F IH]; intros i Li R W; [cbn in Li; lia|].
    destruct i as [|i]; [exact (G here P r I R W)|]. apply (IH i); [cbn in Li; lia|exact R|exact W].
Qed.

(* Forms of tokens. *)
Lemma total_flags : forall (fs : list form) h (z : nat -> Z), (forall i, (i < length fs)%nat -> worth (bit fs i) h (z i)) ->
  worth (total fs) h (Form.total (length fs) z).
Proof.
  intros fs h z H. unfold total. apply (worth_is _ _ (1 * Form.total (length fs) z + 0)); [|lia].
  apply combined_pairs. exact H.
Qed.

Lemma status_total : forall j, In j l -> flag (total status_flags) (present (status_in (fst j))) (f j).
Proof.
  intros j J. eapply worth_is; [apply (total_flags _ _ (fun i => Z.b2z (Z.of_nat i =? kind (fst j))))|].
  - intros i I. exact (status_worth w log ext (f j) j (shown j J) i I).
  - destruct (fst j) as [[] v|r| | | |[]]; reflexivity.
Qed.

Lemma token_word_worth : forall j, In j l -> forall i, (i < w)%nat ->
  worth (bit (token_word w ext) i) (f j) (2 * Z.b2z (Z.testbit (word_value (fst j)) (Z.of_nat i))).
Proof.
  intros j J i I. unfold token_word, unsigned.
  assert (Lw : length (word_signs w ext) = w) by (unfold word_signs; rewrite map_length; apply seq_length).
  rewrite (bit_map (fun s => added s _)) by lia.
  eapply worth_is; [apply worth_added; [exact (word_sign_worth w log ext (f j) j (shown j J) i I)|exact (status_total j J)]|].
  unfold word_of. destruct (fst j) as [s v|r| | | |o]; cbn [word_value status_in present Z.b2z]; rewrite ?Z.bits_0;
    try reflexivity.
  rewrite sign_bit. lia.
Qed.

Lemma token_word_length : length (token_word w ext) = w.
Proof. unfold token_word, unsigned, word_signs. rewrite !map_length. apply seq_length. Qed.

(* What is read of positions that all have one token. *)
Definition reads_token (a : attention) (here : position) (t : token) : Prop := reads_from a here (fun j => fst j = t).

Lemma sound_read_word : forall a, sound (reads a (token_word w ext)) (fun gs => forall here t, In here l -> reads_token a here
  t ->
  0 <= word_value t < size w -> word w gs (word_value t) (f here)).
Proof.
  intros a. apply (sound_more _ _ _ _ _ _ (sound_reads a (token_word w ext))). intros gs (L & G) here t I R B.
  rewrite token_word_length in *. split; [exact B|]. split; [exact L|]. intros i. destruct (Nat.lt_ge_cases i w) as [C|C].
  - apply (G here _ i _ I C R). intros j J E. rewrite <- E. exact (token_word_worth j J i C).
  - rewrite bit_high by lia. rewrite (word_high w) by assumption. apply worth_zero.
Qed.

Lemma sound_read_status : forall a, sound (reads a status_flags) (fun gs => forall here t, In here l -> reads_token a here t ->
  status_as gs (status_in t) (f here)).
Proof.
  intros a. apply (sound_more _ _ _ _ _ _ (sound_reads a status_flags)). intros gs (L & G) here t I R.
  change (length status_flags) with 5%nat in *.
  assert (B : forall i, (i < 5)%nat -> worth (bit gs i) (f here) (Z.b2z (Z.of_nat i =? kind t))).
  { intros i C. apply (G here _ i _ I C R). intros j J E. rewrite <- E. exact (status_worth w log ext (f j) j (shown j J) i C).
    }
  destruct gs as [|g0 [|g1 [|g2 [|g3 [|g4 [|g5 gs]]]]]]; try discriminate. unfold status_as, statuses.
  pose proof (B 0%nat ltac:(lia)) as B0. pose proof (B 1%nat ltac:(lia)) as B1. pose proof (B 2%nat ltac:(lia)) as B2.
  pose proof (B 3%nat ltac:(lia)) as B3. pose proof (B 4%nat ltac:(lia)) as B4. unfold bit in *. cbn [nth] in *.
  repeat constructor; unfold flag;
    [apply (worth_is _ _ _ _ B0)|apply (worth_is _ _ _ _ B1)|apply (worth_is _ _ _ _ B2)|apply (worth_is _ _ _ _ B3)
    |apply (worth_is _ _ _ _ B4)]; destruct t as [[] v|r| | | |[]]; reflexivity.
Qed.

Lemma sound_read_name : forall a, sound (reads a (name_signs w ext)) (fun gs => forall here t, In here l -> reads_token a here
  t ->
  name gs (name_in t) (f here)).
Proof.
  intros a. apply (sound_more _ _ _ _ _ _ (sound_reads a (name_signs w ext))). intros gs (L & G) here t I R.
  assert (L3 : length (name_signs w ext) = 3%nat) by reflexivity. rewrite L3 in *. split; [exact L|]. intros i.
  destruct (Nat.lt_ge_cases i 3) as [C|C].
  - apply (G here _ i _ I C R). intros j J E. apply (worth_is _ _ _ _ (name_sign_worth w log ext (f j) j (shown j J) i C)).
    unfold name_of. rewrite E. destruct t as [s v|r| | | |o]; destruct i as [|[|[|i]]]; try lia; reflexivity.
  - rewrite bit_high by lia. rewrite nth_overflow; [apply worth_zero|]. rewrite signs_length. exact C.
Qed.

Lemma sound_read_operation : forall a, sound (reads a (op_flags ext)) (fun gs => forall here t, In here l -> reads_token a here
  t ->
  (forall o, t = Op o -> In o (operations ext)) ->
  (forall p, flag (bit gs (Z.to_nat (op_number p))) (is_one (operation_in t) p) (f here)) /\
  flag (total gs) (present (operation_in t)) (f here)).
Proof.
  intros a. apply (sound_more _ _ _ _ _ _ (sound_reads a (op_flags ext))). intros gs (L & G) here t I R Known.
  assert (Lo : length (op_flags ext) = length (operations ext)) by (unfold op_flags; rewrite map_length; apply seq_length).
  rewrite Lo in *.
  assert (B : forall i, (i < length (operations ext))%nat -> worth (bit gs i) (f here) (Z.b2z (Z.of_nat (9 + i) =? kind t))).
  { intros i C. apply (G here _ i _ I C R). intros j J E. rewrite <- E. exact (op_worth w log ext (f j) j (shown j J) i C). }
  assert (K : forall i, (Z.of_nat (9 + i) =? kind t) = match operation_in t with Some o => Z.of_nat i =? op_number o | None =>
    false end).
  { intros i. destruct t as [[] v|r| | | |o]; cbn [kind mark_number operation_in]; try (apply Z.eqb_neq; lia).
    apply eq_true_iff_eq. rewrite !Z.eqb_eq. lia. }
  split.
  - intros p. pose proof (op_number_nonnegative p) as N0.
    destruct (Z.lt_ge_cases (op_number p) (Z.of_nat (length (operations ext)))) as [C|C].
    + eapply worth_is; [apply B; lia|]. rewrite K, Z2Nat.id by exact N0. unfold is_one. f_equal.
      destruct (operation_in t); [apply Z.eqb_sym|reflexivity].
    + unfold bit. rewrite nth_overflow by lia. apply (worth_is _ _ 0); [apply worth_zero|]. unfold is_one.
      destruct t as [s v|r| | | |o]; try reflexivity. cbn [operation_in]. specialize (op_number_range ext o (Known o eq_refl)).
      intros Hr.
      replace (op_number o =? op_number p) with false by (symmetry; apply Z.eqb_neq; lia). reflexivity.
  - eapply worth_is; [apply (total_flags _ _ (fun i => Z.b2z (Z.of_nat (9 + i) =? kind t))); rewrite L; exact B|]. rewrite L.
    rewrite (Form.total_ext _ _ (fun i => match operation_in t with Some o => Z.b2z (Z.of_nat i =? op_number o) | None => 0
      end)) by
      (intros i _; rewrite K; destruct (operation_in t); reflexivity).
    destruct t as [s v|r| | | |o]; cbn [operation_in present]; try (apply Form.total_zero; reflexivity).
    specialize (op_number_range ext o (Known o eq_refl)). intros Hr.
    rewrite (Form.total_one _ _ (Z.to_nat (op_number o))) by (lia || (intros i _ Ne;
      replace (Z.of_nat i =? op_number o) with false;
      [reflexivity|symmetry; apply Z.eqb_neq; lia])). rewrite Z2Nat.id, Z.eqb_refl by lia. reflexivity.
Qed.

(* Whether something is found. *)
Lemma sound_found : forall a, sound (found sink a) (fun g => forall here t, In here l -> reads_token a here t ->
  flag g (match t with Bos => false | _ => true end) (f here)).
Proof.
  intros a. unfold found. apply (sound_more _ _ _ _ _ _ (sound_read a (combined [(-1, sink)] 1))). intros g G here t I R.
  apply (G here _ _ I R). intros j J E. eapply worth_is.
  - apply worth_combined; [exact (sink_worth w log ext (f j) j (shown j J))|apply worth_combined_nil].
  - unfold Positions.is_bos. rewrite E. destruct t; reflexivity.
Qed.
End Reads.
