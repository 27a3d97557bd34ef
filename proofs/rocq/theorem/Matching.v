(* A match of the step, of any positions: what is asked, what is offered, and which positions are selected. The score is that of
   Match.v; here words are numbers or nothing, flags are booleans, and the join to scalars (Scalars.v) is at the end: a node
   whose score is that of a match reads from the positions that the match selects. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars.
From Efasp Require Attention.
Import ListNotations.
Open Scope Z_scope.

(* Words as signs. Two words of n bits agree if their n bits are the same; no word agrees with nothing. *)
Definition sign (a : option Z) (b : nat) : Z :=
  match a with Some v => if Z.testbit v (Z.of_nat b) then 1 else -1 | None => 0 end.
Definition agrees (n : nat) (a b : option Z) : bool :=
  match a, b with Some u, Some v => u mod 2 ^ Z.of_nat n =? v mod 2 ^ Z.of_nat n | _, _ => false end.
Definition agreement (n : nat) (a b : option Z) : Z := Attention.agreement n (sign a) (sign b).

Lemma signs_sign : forall n a, signs n a = map (fun b => inject_Z (sign a b)) (seq 0 n).
Proof.
  intros n [v|].
  - unfold signs, numbers. rewrite map_map. apply map_ext. intros b. cbn. destruct (Z.testbit v (Z.of_nat b)); reflexivity.
  - unfold signs. generalize 0%nat. induction n as [|n IH]; intros k; [reflexivity|]. cbn. f_equal. apply IH.
Qed.

Lemma sign_word : forall n v, Attention.signs n (sign (Some v)).
Proof. intros n v p _. cbn. destruct (Z.testbit v (Z.of_nat p)); [left|right]; reflexivity. Qed.

Lemma same_agrees : forall n u v, Attention.same n (sign (Some u)) (sign (Some v)) = agrees n (Some u) (Some v).
Proof.
  intros n u v. apply eq_true_iff_eq. rewrite Attention.same_spec. cbn [agrees]. rewrite Z.eqb_eq. split.
  - intros H. apply Z.bits_inj'. intros p P. destruct (Z.ltb_spec p (Z.of_nat n)) as [B|B].
    + rewrite !Z.mod_pow2_bits_low by exact B. specialize (H (Z.to_nat p) ltac:(lia)). cbn in H.
      rewrite Z2Nat.id in H by exact P.
      destruct (Z.testbit u p), (Z.testbit v p); (reflexivity || discriminate).
    + rewrite !Z.mod_pow2_bits_high by lia. reflexivity.
  - intros H p P. cbn. assert (B : Z.of_nat p < Z.of_nat n) by lia.
    rewrite <- (Z.mod_pow2_bits_low u _ _ B), <- (Z.mod_pow2_bits_low v _ _ B), H. reflexivity.
Qed.

(* The agreement is n where the words agree, and n - 2 or less elsewhere; with no word it is 0. *)
Theorem agreement_gap : forall n a b, (2 <= n)%nat ->
  (agrees n a b = true /\ agreement n a b = Z.of_nat n) \/ (agrees n a b = false /\ agreement n a b <= Z.of_nat n - 2).
Proof.
  intros n [u|] [v|] N; try (right; split; [reflexivity|]; unfold agreement; rewrite Attention.agreement_none; [lia|];
    solve [left; intros p _; reflexivity | right; intros p _; reflexivity]).
  rewrite <- same_agrees. apply Attention.match_gap; apply sign_word.
Qed.

Theorem agreement_nothing : forall n a b, a = None \/ b = None -> agreement n a b = 0.
Proof.
  intros n a b [->| ->]; apply Attention.agreement_none; [left|right]; intros p _; reflexivity.
Qed.

Lemma agrees_word : forall w u v, is_word w u = true -> is_word w v = true -> agrees w (Some u) (Some v) = (u =? v).
Proof.
  intros w u v U V. cbn. unfold is_word, size in *. apply andb_prop in U as [U0 U1], V as [V0 V1].
  rewrite Z.leb_le in *. rewrite Z.ltb_lt in *. rewrite !Z.mod_small by lia. reflexivity.
Qed.

(* A match over positions of any type, for one position that asks. *)
Section Matching.
Context {A : Type}.
Record comparison := { bits : nat; wanted : option Z; offered : A -> option Z }.
(* Flags that a position must have; must not have; what ranks the positions that agree, below [capacity]; [refused], if there is
   such a flag: whether nothing is to be found; and the sink, which is selected where nothing is found. *)
Record matching := {
  compared : list comparison; among : list (A -> bool); exclude : list (A -> bool); rank : A -> Z; capacity : Z;
  refused : option bool; sink : A -> bool }.

Definition sum_of {B} (f : B -> Z) (l : list B) : Z := fold_right (fun b rest => f b + rest) 0 l.
Definition width (m : matching) : Z := sum_of (fun c => Z.of_nat (bits c)) (compared m).
Definition refuses (m : matching) : bool := match refused m with Some b => b | None => false end.

(* The score, term by term. *)
Definition agreed (m : matching) (j : A) : Z := sum_of (fun c => agreement (bits c) (wanted c) (offered c j)) (compared m).
Definition misses (m : matching) (j : A) : Z :=
  sum_of (fun f => 1 - Z.b2z (f j) - Z.b2z (sink m j)) (among m) + sum_of (fun f => Z.b2z (f j)) (exclude m).
Definition score (m : matching) (j : A) : Z :=
  capacity m * agreed m j + rank m j - 2 * capacity m * misses m j
  + (if sink m j then (width m - 1 + 2 * Z.b2z (refuses m)) * capacity m else 0).

(* Who is found: not the sink, every word agrees, every flag is as it must be. *)
Definition hit (m : matching) (j : A) : bool :=
  negb (sink m j) && forallb (fun c => agrees (bits c) (wanted c) (offered c j)) (compared m)
  && (forallb (fun f => f j) (among m) && forallb (fun f => negb (f j)) (exclude m)) && negb (refuses m).

Lemma hit_spec : forall m j, hit m j = true <-> sink m j = false /\
  (forall c, In c (compared m) -> agrees (bits c) (wanted c) (offered c j) = true) /\
  (forall f, In f (among m) -> f j = true) /\ (forall f, In f (exclude m) -> f j = false) /\ refuses m = false.
Proof.
  intros m j. unfold hit. rewrite !andb_true_iff, !forallb_forall, !negb_true_iff.
  assert (E : (forall f, In f (exclude m) -> negb (f j) = true) <-> (forall f, In f (exclude m) -> f j = false)).
  { split; intros H f I; [apply negb_true_iff|apply negb_true_iff]; exact (H f I). }
  rewrite E. tauto.
Qed.

(* What is asked of a match, and of the positions: a sink, at which there is no word and no flag; ranks below the capacity. *)
Record sound (m : matching) (l : list A) : Prop := {
  s_widths : forall c, In c (compared m) -> (2 <= bits c)%nat;
  s_capacity : 1 <= capacity m;
  s_sink : exists s, In s l /\ sink m s = true;
  s_words : forall s c, In s l -> sink m s = true -> In c (compared m) -> offered c s = None;
  s_flags : forall s f, In s l -> sink m s = true -> In f (among m ++ exclude m) -> f s = false;
  s_rank : forall s, In s l -> sink m s = true -> rank m s = 0;
  s_below : forall j, In j l -> rank m j < capacity m;
  s_candidates : forall j, In j l -> forallb (fun f => f j) (among m) = true ->
    forallb (fun f => negb (f j)) (exclude m) = true -> 0 <= rank m j }.

(* The positions of maximal score, and that all of them have a property. *)
Definition selected (m : matching) (l : list A) : list A := Attention.winners (score m) l.
Definition selects (m : matching) (l : list A) (P : A -> Prop) : Prop :=
  selected m l <> [] /\ forall j, In j (selected m l) -> In j l /\ P j.

Lemma selects_impl : forall m l (P R : A -> Prop), selects m l P -> (forall j, In j l -> P j -> R j) -> selects m l R.
Proof. intros m l P R [N H] I. split; [exact N|]. intros j J. destruct (H j J) as [L Pj]. split; [exact L|exact (I j L Pj)].
Qed.

Section Sound.
Variables (m : matching) (l : list A).
Hypothesis S : sound m l.

Lemma words_gap : forall j cs, (forall c, In c cs -> In c (compared m)) ->
  let hits := forallb (fun c => agrees (bits c) (wanted c) (offered c j)) cs in
  let total := sum_of (fun c => agreement (bits c) (wanted c) (offered c j)) cs in
  let n := sum_of (fun c => Z.of_nat (bits c)) cs in
  (hits = true /\ total = n) \/ (hits = false /\ total <= n - 2).
Proof.
  intros j cs I. induction cs as [|c cs IH]; [left; split; reflexivity|]. cbn [forallb sum_of fold_right].
  specialize (IH (fun d D => I d (or_intror D))). cbn zeta in IH. unfold sum_of in *.
  destruct (agreement_gap (bits c) (wanted c) (offered c j) (s_widths _ _ S c (I c (or_introl eq_refl)))) as [[-> E]|[-> E]],
    IH as [[-> F]|[-> F]]; cbn [andb]; [left|right|right|right]; split; trivial; lia.
Qed.

Lemma misses_flags : forall j, sink m j = false -> 0 <= misses m j /\
  (misses m j =? 0) = forallb (fun f => f j) (among m) && forallb (fun f => negb (f j)) (exclude m).
Proof.
  intros j N. unfold misses. rewrite N. cbn [Z.b2z].
  assert (X : forall fs : list (A -> bool), 0 <= sum_of (fun f => 1 - Z.b2z (f j) - 0) fs /\
    (sum_of (fun f => 1 - Z.b2z (f j) - 0) fs =? 0) = forallb (fun f => f j) fs).
  { unfold sum_of. induction fs as [|f fs [P E]]; [split; reflexivity|]. cbn [fold_right forallb]. rewrite <- E.
    destruct (f j); cbn [Z.b2z andb]; lia. }
  assert (Y : forall fs : list (A -> bool), 0 <= sum_of (fun f => Z.b2z (f j)) fs /\
    (sum_of (fun f => Z.b2z (f j)) fs =? 0) = forallb (fun f => negb (f j)) fs).
  { unfold sum_of. induction fs as [|f fs [P E]]; [split; reflexivity|]. cbn [fold_right forallb]. rewrite <- E.
    destruct (f j); cbn [Z.b2z andb negb]; lia. }
  destruct (X (among m)) as [P <-], (Y (exclude m)) as [R <-]. lia.
Qed.

Let at_sink : forall j, In j l -> sink m j = true -> agreed m j = 0 /\ rank m j = 0 /\ misses m j = 0.
Proof.
  intros j J N. split; [|split; [exact (s_rank _ _ S j J N)|]].
  - unfold agreed. assert (H : forall c, In c (compared m) -> offered c j = None) by (intros c; exact (s_words _ _ S j c J N)).
    induction (compared m) as [|c cs IH]; [reflexivity|]. cbn [sum_of fold_right].
    rewrite (agreement_nothing _ _ _ (or_intror (H c (or_introl eq_refl)))). apply IH. intros d D. apply H. right. exact D.
  - unfold misses. rewrite N. cbn [Z.b2z]. pose proof (fun f => s_flags _ _ S j f J N) as H. revert H.
    generalize (among m), (exclude m). intros fs gs H. assert (Z0 : sum_of (fun f : A -> bool => Z.b2z (f j)) gs = 0).
    { assert (G : forall f, In f gs -> f j = false) by (intros f I; apply H, in_or_app; right; exact I). clear H.
      induction gs as [|f gs IH]; [reflexivity|]. cbn [sum_of fold_right]. rewrite (G f (or_introl eq_refl)). apply IH.
      intros k K. apply G. right. exact K. }
    rewrite Z0. assert (G : forall f, In f fs -> f j = false) by (intros f I; apply H, in_or_app; left; exact I). clear H Z0.
    induction fs as [|f fs IH]; [reflexivity|]. cbn [sum_of fold_right]. rewrite (G f (or_introl eq_refl)). apply IH.
    intros k K. apply G. right. exact K.
Qed.

Let elsewhere : forall j, In j l -> sink m j = false ->
  (agreed m j = width m \/ agreed m j <= width m - 2) /\ 0 <= misses m j /\ rank m j < capacity m /\
  (misses m j = 0 -> 0 <= rank m j).
Proof.
  intros j J N. destruct (misses_flags j N) as [P E]. split; [|split; [exact P|split; [exact (s_below _ _ S j J)|]]].
  - destruct (words_gap j (compared m) (fun c C => C)) as [[_ H]|[_ H]]; [left|right]; exact H.
  - intros H. rewrite H in E. symmetry in E. apply andb_prop in E as [F G]. exact (s_candidates _ _ S j J F G).
Qed.

Let hit_found : forall j, Attention.found (agreed m) (misses m) (sink m) (width m) (Z.b2z (refuses m)) j = hit m j.
Proof.
  intros j. unfold Attention.found, hit. destruct (sink m j) eqn:N; [reflexivity|]. cbn [negb andb].
  rewrite (proj2 (misses_flags j N)). f_equal; [f_equal|destruct (refuses m); reflexivity].
  unfold agreed, width. destruct (words_gap j (compared m) (fun c C => C)) as [[-> H]|[-> H]]; cbn zeta in H;
    [apply Z.eqb_eq|apply Z.eqb_neq]; lia.
Qed.

Let either : Z.b2z (refuses m) = 0 \/ Z.b2z (refuses m) = 1.
Proof. destruct (refuses m); [right|left]; reflexivity. Qed.

Let some_position : selected m l <> [].
Proof. apply Attention.winners_some. destruct (s_sink _ _ S) as (s & I & _). intros E. rewrite E in I. exact I. Qed.

(* Where something is found, what is selected is found, and of the highest rank. *)
Theorem selects_found : (exists j, In j l /\ hit m j = true) ->
  selects m l (fun j => hit m j = true /\ forall k, In k l -> hit m k = true -> rank m k <= rank m j).
Proof.
  intros (b & B & F). split; [exact some_position|]. intros j W. pose proof W as I. apply Attention.in_winners in I as [I _].
  split; [exact I|].
  apply (Attention.match_found l (score m) (agreed m) (rank m) (misses m) (sink m) (width m) (capacity m) (Z.b2z (refuses m))
    (fun j _ => eq_refl) (s_capacity _ _ S) either at_sink elsewhere) in W; [|exists b; rewrite hit_found; tauto|exact I].
  rewrite hit_found in W. destruct W as [H R]. split; [exact H|]. intros k K Hk. apply (R k K). rewrite hit_found. exact Hk.
Qed.

(* Where nothing is found, the sink is selected. *)
Theorem selects_sink : (forall j, In j l -> hit m j = false) -> selects m l (fun j => sink m j = true).
Proof.
  intros N. split; [exact some_position|]. intros j W. pose proof W as I. apply Attention.in_winners in I as [I _].
  split; [exact I|].
  apply (Attention.match_missed l (score m) (agreed m) (rank m) (misses m) (sink m) (width m) (capacity m) (Z.b2z (refuses m))
    (fun j _ => eq_refl) (s_capacity _ _ S) either at_sink elsewhere) in W; [exact W| |exact (s_sink _ _ S)|exact I].
  intros k K. rewrite hit_found. exact (N k K).
Qed.

(* Whoever asks, what is selected is of one rank, and is all found or all sinks: what is read of ranks, and whether something is
   found, is never a mean of several values. *)
Lemma selects_either : (exists j, In j l /\ hit m j = true) \/ (forall j, In j l -> hit m j = false).
Proof.
  clear. induction l as [|a k IH]; [right; intros j []|]. destruct (hit m a) eqn:E.
  - left. exists a. split; [left; reflexivity|exact E].
  - destruct IH as [(j & J & H)|N]; [left; exists j; split; [right; exact J|exact H]|right].
    intros j [<-|J]; [exact E|exact (N j J)].
Qed.

Corollary selects_one_rank : exists r, selects m l (fun j => rank m j = r).
Proof.
  destruct selects_either as [(k & K & H)|N].
  - destruct (selects_found (ex_intro _ k (conj K H))) as [Some_ Best].
    destruct (selected m l) as [|i js] eqn:E; [contradiction|].
    exists (rank m i). split; [rewrite E; discriminate|]. rewrite E. intros j J. destruct (Best j J) as (Lj & Hj & Rj).
    destruct (Best i (or_introl eq_refl)) as (Li & Hi & Ri). split; [exact Lj|]. apply Z.le_antisymm; [exact (Ri j Lj Hj)|].
    exact (Rj i Li Hi).
  - exists 0. apply (selects_impl _ _ _ _ (selects_sink N)). intros j J Sj. exact (s_rank _ _ S j J Sj).
Qed.

(* The form that the reads use: something is found, and whatever is found and best has the property. *)
Corollary selects_hits : forall P : A -> Prop, (exists j, In j l /\ hit m j = true) ->
  (forall j, In j l -> hit m j = true -> P j) -> selects m l P.
Proof. intros P E H. apply (selects_impl _ _ _ _ (selects_found E)). intros j J [F _]. exact (H j J F). Qed.
End Sound.

(* The join: attention over scalars whose vectors are those of a match. *)
Lemma greatest_above : forall (qs : list Q) q, In q qs -> (q <= greatest qs)%Q.
Proof.
  assert (G : forall (qs : list Q) d q, In q qs -> (q <= fold_right (fun a b => if Qle_bool a b then b else a) d qs)%Q).
  { induction qs as [|a qs IH]; intros d q I; [destruct I|]. cbn. destruct (Qle_bool a _) eqn:E; destruct I as [<-|I].
    - apply Qle_bool_iff. exact E.
    - exact (IH d q I).
    - apply Qle_refl.
    - apply Qle_trans with (1 := IH d q I). apply Qlt_le_weak, Qnot_le_lt. intros L. apply Qle_bool_iff in L. congruence. }
  intros qs q. apply G.
Qed.

Lemma greatest_in : forall qs : list Q, qs <> [] -> In (greatest qs) qs.
Proof.
  assert (G : forall (qs : list Q) d, let top := fold_right (fun a b => if Qle_bool a b then b else a) d qs in top = d \/ In
    top qs).
  { induction qs as [|a qs IH]; intros d; [left; reflexivity|]. cbn. destruct (Qle_bool a _); [|right; left; reflexivity].
    destruct (IH d) as [E|I]; [left; exact E|right; right; exact I]. }
  intros [|a qs] N; [contradiction|]. unfold greatest. destruct (G (a :: qs) a) as [E|I]; [cbn [hd]; rewrite E; left;
    reflexivity|exact I].
Qed.

Lemma greatest_spec : forall (f : A -> Q) (s : A -> Z) l j, In j l -> (forall k, In k l -> (f k == inject_Z (s k))%Q) ->
  Qeq_bool (f j) (greatest (map f l)) = forallb (fun k => s k <=? s j) l.
Proof.
  intros f s l j J E. assert (N : map f l <> []) by (destruct l; [destruct J|discriminate]).
  pose proof (greatest_in _ N) as T. apply in_map_iff in T as (t & T & It). apply eq_true_iff_eq.
  rewrite Qeq_bool_iff, forallb_forall. split.
  - intros H k K. apply Z.leb_le. pose proof (greatest_above _ _ (in_map f l k K)) as G. rewrite <- H, (E k K), (E j J) in G.
    rewrite <- Zle_Qle in G. exact G.
  - intros H. apply Qle_antisym; [apply greatest_above, in_map, J|]. rewrite <- T, (E t It), (E j J). rewrite <- Zle_Qle.
    apply Z.leb_le, H, It.
Qed.

Lemma filter_mapped : forall B C (f : B -> C) p l, filter p (map f l) = map f (filter (fun b => p (f b)) l).
Proof.
  intros B C f p l. induction l as [|b l IH]; [reflexivity|]. cbn [map filter]. rewrite IH. destruct (p (f b)); reflexivity.
Qed.

Lemma average_of : forall r (qs : list Q), qs <> [] -> (forall q, In q qs -> (q == r)%Q) -> (average qs == r)%Q.
Proof.
  intros r qs N H. unfold average. assert (E : (fold_right Qplus 0 qs == inject_Z (Z.of_nat (length qs)) * r)%Q).
  { clear N. induction qs as [|q qs IH]; [cbn; ring|]. cbn [fold_right length]. rewrite (H q (or_introl eq_refl)), IH by
      (intros k K; apply H; right; exact K). rewrite Nat2Z.inj_succ, <- Z.add_1_r, inject_Z_plus. ring. }
  rewrite E. field. intros F. apply (inject_Z_injective _ 0) in F. destruct qs; [contradiction|discriminate].
Qed.

(* A node of attention whose score is that of a match, times some scale, reads what the selected positions offer. *)
Theorem scored_selects : forall (m : matching) (l : list A) (f : A -> vector) (here : vector) queries keys value (scale : Z) r
  (P : A -> Prop), 0 < scale ->
  (forall j, In j l -> (score_of queries keys here (f j) == inject_Z (scale * score m j))%Q) ->
  selects m l P -> (forall j, In j l -> P j -> (affine_at value (f j) == r)%Q) ->
  (node_at (Averaged queries keys value) (map f l) here == r)%Q.
Proof.
  intros m l f here queries keys value scale r P K E [N Sel] Hv.
  cbn [node_at]. unfold maximisers. rewrite map_map, filter_mapped, map_map.
  rewrite (filter_ext_in _ (fun j => forallb (fun k => score m k <=? score m j) l)).
  2: { intros j J. rewrite (greatest_spec (fun j => score_of queries keys here (f j)) (fun j => scale * score m j) l j J E).
    apply eq_true_iff_eq. rewrite !forallb_forall.
    split; intros H k Ik; specialize (H k Ik); rewrite Z.leb_le in *; [|apply Z.mul_le_mono_nonneg_l; lia].
    apply Z.mul_le_mono_pos_l in H; assumption. }
  fold (Attention.winners (score m) l). fold (selected m l). apply average_of.
  - destruct (selected m l); [contradiction|discriminate].
  - intros q I. apply in_map_iff in I as (j & <- & J). destruct (Sel j J) as [L Pj]. exact (Hv j L Pj).
Qed.

End Matching.
Arguments comparison : clear implicits.
Arguments matching : clear implicits.
