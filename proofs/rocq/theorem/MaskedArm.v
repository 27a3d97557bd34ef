(* Any order of unmasking, from left to right: for every encoder f, every length and every order by confidence and rank, the
  Masked-ARM's events are those that f unmasks, one by one. f is any function of the whole sequence. *)
From Coq Require Import List Arith ZArith Lia Bool Permutation.
Import ListNotations.
From Efasp Require Import Form Attention.
Open Scope Z_scope.

Section MaskedArm.
Context {V : Type}.
Variables (n : nat) (S : nat).  (* bits of a position, and positions *)
Hypothesis held : (S <= 2 ^ n)%nat.
Notation sequence := (list (option V)).

(* The encoder: after any sequence at every position a token and a confidence from 0 to top; and the ranks, below R, all
  different. *)
Variables (f : sequence -> nat -> V) (confidence : sequence -> nat -> Z) (rank : nat -> Z) (top R : Z).
Hypothesis confident : forall x j, (j < S)%nat -> 0 <= confidence x j <= top.
Hypothesis ranked : forall j, (j < S)%nat -> 0 <= rank j < R.
Hypothesis apart : forall i j, (i < S)%nat -> (j < S)%nat -> rank i = rank j -> i = j.

Notation event := (nat * V)%type.
Definition at_ (x : sequence) (j : nat) : option V := nth j x None.
Definition set (x : sequence) (p : nat) (v : V) : sequence :=
  map (fun j => if (j =? p)%nat then Some v else at_ x j) (seq 0 S).

(* Masked diffusion, one token a pass: of the masked positions that of the largest confidence, among equals of the least rank. *)
Definition best (x : sequence) (p : nat) : Prop :=
  (p < S)%nat /\ at_ x p = None /\ forall q, (q < S)%nat -> at_ x q = None -> q <> p ->
    confidence x q < confidence x p \/ (confidence x q = confidence x p /\ rank p < rank q).
Inductive any_order : sequence -> list event -> Prop :=
| any_none : forall x, any_order x []
| any_more : forall x p rest, best x p -> any_order (set x p (f x p)) rest -> any_order x ((p, f x p) :: rest).

(* The Masked-ARM: slots with an event or masked. In front, for every position j, attention by the bits of positions, where a
  mask scores n - 1; behind, attention over the positions by confidence and rank, where what is not masked comes last. *)
Definition slots (es : list event) (m : nat) : list (option event) := map Some es ++ repeat None m.
Definition sign (p b : nat) : Z := if Nat.testbit p b then 1 else -1.
Definition agree (p j : nat) : Z := agreement n (sign p) (sign j).
Definition score (j : nat) (s : option event) : Z := match s with Some (p, _) => agree p j | None => Z.of_nat n - 1 end.
Definition value (s : option event) : option V := match s with Some (_, v) => Some v | None => None end.
Definition front (z : list (option event)) : sequence :=
  map (fun j => match winners (score j) z with s :: _ => value s | [] => None end) (seq 0 S).
Definition level (x : sequence) (j : nat) : Z :=
  R * confidence x j + (match at_ x j with None => (top + 1) * R | Some _ => 0 end) - rank j.
Definition behind (x : sequence) : list nat := winners (level x) (seq 0 S).
Inductive left_to_right : list event -> nat -> list event -> Prop :=
| left_none : forall es m, left_to_right es m []
| left_more : forall es m p x rest, x = front (slots es (Datatypes.S m)) -> behind x = [p] ->
    left_to_right (es ++ [(p, f x p)]) m rest -> left_to_right es (Datatypes.S m) ((p, f x p) :: rest).

(* Bits. *)

Lemma sign_signs : forall p, signs n (sign p).
Proof. intros p b _. unfold sign. destruct (Nat.testbit p b); auto. Qed.

Lemma agree_same : forall p, agree p p = Z.of_nat n.
Proof.
  intros p. destruct (match_gap n (sign p) (sign p) (sign_signs p) (sign_signs p)) as [[_ E] | [N _]]; [exact E |].
  assert (Y : same n (sign p) (sign p) = true) by (apply same_spec; reflexivity). congruence.
Qed.

Lemma below_power : forall p b, (p < 2 ^ n)%nat -> (n <= b)%nat -> Nat.testbit p b = false.
Proof.
  intros p b P B. destruct (Nat.eq_dec p 0) as [-> | N]; [apply Nat.bits_0 |].
  apply Nat.bits_above_log2. apply Nat.lt_le_trans with n; [| exact B]. apply Nat.log2_lt_pow2; lia.
Qed.

Lemma agree_other : forall p j, (p < S)%nat -> (j < S)%nat -> p <> j -> agree p j <= Z.of_nat n - 2.
Proof.
  intros p j P J N. destruct (match_gap n (sign p) (sign j) (sign_signs p) (sign_signs j)) as [[Y _] | [_ G]]; [| exact G].
  exfalso. apply N, Nat.bits_inj. intros b. destruct (le_lt_dec n b) as [B | B].
  - rewrite !below_power; auto; lia.
  - pose proof (proj1 (same_spec n _ _) Y b B) as H. unfold sign in H.
    destruct (Nat.testbit p b), (Nat.testbit j b); auto; lia.
Qed.

(* What the events say of a position. *)

Definition holds (es : list event) (j : nat) : option V := option_map snd (find (fun e => (fst e =? j)%nat) es).
Definition proper (es : list event) (m : nat) : Prop :=
  NoDup (map fst es) /\ (forall e, In e es -> (fst e < S)%nat) /\ (length es + m = S)%nat.
Definition sequence_of (es : list event) : sequence := map (holds es) (seq 0 S).

Lemma holds_in : forall es p v, NoDup (map fst es) -> In (p, v) es -> holds es p = Some v.
Proof.
  unfold holds. induction es as [| [q u] es IH]; intros p v D H; [destruct H |]. cbn in *. inversion D as [| ? ? N D']; subst.
  destruct H as [E | H].
  - inversion E; subst. rewrite Nat.eqb_refl. reflexivity.
  - destruct (Nat.eqb_spec q p) as [-> | _]; [| apply IH; assumption].
    exfalso. apply N. apply in_map_iff. exists (p, v). auto.
Qed.

Lemma holds_out : forall (es : list event) j, ~ In j (map fst es) -> holds es j = None.
Proof.
  unfold holds. induction es as [| [q u] es IH]; intros j N; [reflexivity |]. cbn in *.
  destruct (Nat.eqb_spec q j) as [-> | _]; [tauto | apply IH; tauto].
Qed.

Lemma named_or : forall (es : list event) j, In j (map fst es) \/ ~ In j (map fst es).
Proof. intros es j. destruct (in_dec Nat.eq_dec j (map fst es)); auto. Qed.

Lemma masks_left : forall (es : list event) m j, proper es m -> (j < S)%nat -> ~ In j (map fst es) -> (0 < m)%nat.
Proof.
  intros es m j (D & B & L) J N. assert (H : (length (j :: map fst es) <= length (seq 0 S))%nat).
  { apply NoDup_incl_length; [constructor; assumption |]. intros i [<- | I]; apply in_seq; [lia |].
    apply in_map_iff in I. destruct I as (e & <- & E). specialize (B e E). lia. }
  cbn in H. rewrite map_length, seq_length in H. lia.
Qed.

Lemma mask_left : forall es m, proper es (Datatypes.S m) -> exists q, (q < S)%nat /\ holds es q = None.
Proof.
  intros es m (D & B & L). destruct (Exists_dec (fun q => ~ In q (map fst es)) (seq 0 S)) as [E | E].
  - intros q. destruct (in_dec Nat.eq_dec q (map fst es)); [right; tauto | left; assumption].
  - apply Exists_exists in E. destruct E as (q & Q & N). apply in_seq in Q. exists q. split; [lia | apply holds_out, N].
  - exfalso. assert (H : (length (seq 0 S) <= length (map fst es))%nat).
    { apply NoDup_incl_length; [apply seq_NoDup |]. intros q Q. destruct (in_dec Nat.eq_dec q (map fst es)) as [I | N]; [exact I |].
      exfalso. apply E, Exists_exists. exists q. auto. }
    rewrite seq_length, map_length in H. lia.
Qed.

(* In front: whatever wins holds f's token of the position, or the mask where no event names it. So their mean is exact. *)
(* backs: masked_arm.front *)
Theorem front_winners : forall es m j, proper es m -> (j < S)%nat ->
  winners (score j) (slots es m) <> [] /\ forall s, In s (winners (score j) (slots es m)) -> value s = holds es j.
Proof.
  intros es m j P J. pose proof P as (D & B & L). destruct (named_or es j) as [I | N].
  - apply in_map_iff in I. destruct I as ([p v] & E & I). cbn in E. subst p.
    assert (I' : In (Some (j, v)) (slots es m)) by (apply in_or_app; left; apply in_map; exact I).
    split; [apply winners_some; intros X; rewrite X in I'; exact I' |].
    intros s W. apply in_winners in W. destruct W as [W M]. specialize (M _ I'). cbn in M. rewrite agree_same in M.
    apply in_app_or in W. destruct W as [W | W].
    + apply in_map_iff in W. destruct W as ([q u] & <- & W). cbn in *. destruct (Nat.eq_dec q j) as [-> | Q].
      * symmetry. apply holds_in; assumption.
      * pose proof (agree_other q j (B _ W) J Q). lia.
    + apply repeat_spec in W. subst. cbn in M. lia.
  - assert (I' : In None (slots es m)).
    { apply in_or_app. right. pose proof (masks_left es m j P J N). destruct m; [lia | left; reflexivity]. }
    split; [apply winners_some; intros X; rewrite X in I'; exact I' |].
    intros s W. rewrite holds_out by exact N. apply in_winners in W. destruct W as [W M]. specialize (M _ I'). cbn in M.
    apply in_app_or in W. destruct W as [W | W].
    + apply in_map_iff in W. destruct W as ([q u] & <- & W). cbn in *.
      assert (Q : q <> j) by (intros ->; apply N; apply in_map_iff; exists (j, u); auto).
      pose proof (agree_other q j (B _ W) J Q). lia.
    + apply repeat_spec in W. subst. reflexivity.
Qed.

Lemma front_right : forall es m, proper es m -> front (slots es m) = sequence_of es.
Proof.
  intros es m P. apply map_ext_in. intros j J. apply in_seq in J.
  destruct (front_winners es m j P) as [N W]; [lia |]. destruct (winners (score j) (slots es m)) as [| s l]; [congruence |].
  apply W. left. reflexivity.
Qed.

(* Behind: exactly the position that masked diffusion unmasks. *)

(* backs: masked_arm.behind *)
Lemma behind_best : forall x, (exists q, (q < S)%nat /\ at_ x q = None) -> exists p, behind x = [p] /\ best x p.
Proof.
  intros x (q & Q & M). assert (N : seq 0 S <> []) by (intros E; apply (f_equal (@length nat)) in E; rewrite seq_length in E; cbn in E; lia).
  assert (K : forall p, In p (behind x) -> best x p).
  { intros p W. apply in_winners in W. destruct W as [P W]. apply in_seq in P.
    assert (U : at_ x p = None).
    { destruct (at_ x p) eqn:E; [| reflexivity]. exfalso. specialize (W q ltac:(apply in_seq; lia)). unfold level in W.
      rewrite M, E in W. pose proof (confident x p ltac:(lia)). pose proof (confident x q Q).
      pose proof (ranked p ltac:(lia)). pose proof (ranked q Q). nia. }
    split; [lia |]. split; [exact U |]. intros i I E D. specialize (W i ltac:(apply in_seq; lia)). unfold level in W.
    rewrite U, E in W. pose proof (ranked p ltac:(lia)). pose proof (ranked i I).
    destruct (Z_lt_le_dec (confidence x i) (confidence x p)) as [C | C]; [left; exact C | right].
    assert (confidence x i = confidence x p) by nia. split; [assumption |].
    assert (rank p <= rank i) by nia. destruct (Z.eq_dec (rank p) (rank i)) as [R' | R']; [| lia].
    exfalso. apply D. symmetry. apply apart; auto; lia. }
  destruct (behind x) as [| p l] eqn:E; [exfalso; exact (winners_some _ _ _ N E) |].
  exists p. split; [| apply K; left; reflexivity].
  assert (F : forall r, In r (behind x) -> r = p).
  { intros r H. rewrite E in H. destruct (Nat.eq_dec r p) as [| D]; [assumption | exfalso].
    destruct (K p (or_introl eq_refl)) as (P1 & P2 & P3). destruct (K r H) as (R1 & R2 & R3).
    specialize (P3 r R1 R2 D). specialize (R3 p P1 P2 (not_eq_sym D)). lia. }
  assert (U : NoDup (behind x)) by (apply NoDup_filter, seq_NoDup). rewrite E in U.
  destruct l as [| r l]; [reflexivity | exfalso].
  inversion U as [| ? ? X _]; subst. apply X. left. apply F. rewrite E. right. left. reflexivity.
Qed.

Lemma best_unique : forall x p q, best x p -> best x q -> p = q.
Proof.
  intros x p q (P1 & P2 & P3) (Q1 & Q2 & Q3). destruct (Nat.eq_dec p q) as [| D]; [assumption | exfalso].
  specialize (P3 q Q1 Q2 (not_eq_sym D)). specialize (Q3 p P1 P2 D). lia.
Qed.

Lemma at_sequence : forall es j, (j < S)%nat -> at_ (sequence_of es) j = holds es j.
Proof.
  intros es j J. unfold at_, sequence_of. rewrite nth_indep with (d' := holds es 0) by (rewrite map_length, seq_length; exact J).
  rewrite map_nth, seq_nth by exact J. reflexivity.
Qed.

Lemma set_sequence : forall es p v, holds es p = None -> set (sequence_of es) p v = sequence_of (es ++ [(p, v)]).
Proof.
  intros es p v N. apply map_ext_in. intros j J. apply in_seq in J. rewrite at_sequence by lia. unfold holds.
  revert N. unfold holds. induction es as [| [q u] es IH]; cbn; intros N.
  - rewrite Nat.eqb_sym. destruct (p =? j)%nat; reflexivity.
  - destruct (Nat.eqb_spec q p) as [-> | D]; [discriminate |]. destruct (Nat.eqb_spec q j) as [-> | D'].
    + destruct (Nat.eqb_spec j p) as [-> | _]; [tauto | reflexivity].
    + apply IH, N.
Qed.

Lemma proper_more : forall es m p v, proper es (Datatypes.S m) -> (p < S)%nat -> holds es p = None -> proper (es ++ [(p, v)]) m.
Proof.
  intros es m p v (D & B & L) P H. split; [| split].
  - rewrite map_app. cbn.
    apply (Permutation.Permutation_NoDup (l := p :: map fst es)); [apply Permutation.Permutation_cons_append |].
    constructor; [| exact D]. intros I. apply in_map_iff in I. destruct I as ([q u] & E & I). cbn in E. subst.
    rewrite (holds_in es p u D I) in H. discriminate.
  - intros e E. apply in_app_or in E. destruct E as [E | [<- | []]]; [apply B, E | exact P].
  - rewrite app_length. cbn. lia.
Qed.

(* backs: masked_arm.events *)
Theorem masked_arm_events : forall events es m, proper es m ->
  (left_to_right es m events <-> any_order (sequence_of es) events /\ (length events <= m)%nat).
Proof.
  induction events as [| [p v] rest IH]; intros es m P.
  - split; [intros _; split; [constructor | cbn; lia] | intros _; constructor].
  - split.
    + intros H. inversion H as [| ? m' ? x ? E W H']; subst. rewrite (front_right _ _ P) in *.
      assert (M : exists q, (q < S)%nat /\ at_ (sequence_of es) q = None).
      { destruct (mask_left es m' P) as (q & Q1 & Q2). exists q. rewrite at_sequence by exact Q1. auto. }
      destruct (behind_best _ M) as (q & W' & B). rewrite W in W'. inversion W'; subst q. clear W'.
      pose proof B as (B1 & B2 & _). rewrite at_sequence in B2 by exact B1.
      apply IH in H'; [| apply proper_more; assumption]. destruct H' as [A L]. split; [| cbn; lia].
      apply any_more; [exact B |]. rewrite set_sequence by exact B2. exact A.
    + intros [A L]. inversion A as [| ? ? ? B A']; subst. pose proof B as (B1 & B2 & _).
      destruct (behind_best _ (ex_intro _ p (conj B1 B2))) as (q & W & B'). rewrite <- (best_unique _ _ _ B B') in W.
      rewrite at_sequence in B2 by exact B1. cbn in L. destruct m as [| m]; [lia |].
      apply left_more with (x := sequence_of es); [symmetry; apply front_right, P | exact W |].
      apply IH; [apply proper_more; assumption |]. split; [| lia]. rewrite <- set_sequence by exact B2. exact A'.
Qed.
End MaskedArm.
