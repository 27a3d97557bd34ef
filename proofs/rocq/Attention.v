(* Average-hard attention, on sequences of any length: which positions win a match. *)
From Coq Require Import QArith.
From Efasp Require Import Form.
Open Scope Z_scope.

(* Who wins: the positions of maximal score. *)
Definition winners {A} (score : A -> Z) (l : list A) : list A :=
  filter (fun j => forallb (fun k => score k <=? score j) l) l.

Lemma in_winners : forall A (score : A -> Z) l j,
  In j (winners score l) <-> In j l /\ forall k, In k l -> score k <= score j.
Proof.
  intros A score l j. unfold winners. rewrite filter_In, forallb_forall.
  split; intros [L H]; (split; [exact L|]); intros k K; apply Z.leb_le, H, K.
Qed.

Lemma winners_some : forall A (score : A -> Z) l, l <> [] -> winners score l <> [].
Proof.
  intros A score l N. assert (M : exists j, In j l /\ forall k, In k l -> score k <= score j).
  { induction l as [|b l IH]; [contradiction|]. destruct l as [|c l].
    - exists b. split; [left; reflexivity|]. intros k [<-|[]]. lia.
    - destruct IH as (j & J & H); [discriminate|]. destruct (Z_le_gt_dec (score b) (score j)).
      + exists j. split; [right; exact J|]. intros k [<-|K]; [lia|apply H, K].
      + exists b. split; [left; reflexivity|]. intros k [<-|K]; [lia|]. specialize (H k K). lia. }
  destruct M as (j & M). intros E. apply in_winners in M. rewrite E in M. destruct M.
Qed.

Lemma winners_filter : forall A (score : A -> Z) (p : A -> bool) l,
  (forall j, In j l -> (In j (winners score l) <-> p j = true)) -> winners score l = filter p l.
Proof.
  intros A score p l H. unfold winners. apply filter_ext_in. intros j J. specialize (H j J).
  unfold winners in H. rewrite filter_In in H.
  destruct (forallb _ l), (p j); try reflexivity; [symmetry|]; apply H; [split|]; trivial.
Qed.

Lemma filter_none : forall A (p : A -> bool) l, (forall j, In j l -> p j = false) -> filter p l = [].
Proof.
  intros A p l H. induction l as [|j l IH]; [reflexivity|]. cbn [filter]. rewrite (H j) by (left; reflexivity).
  apply IH. intros k K. apply H. right. exact K.
Qed.

Lemma filter_single : forall A (p : A -> bool) l1 j l2, p j = true -> (forall k, In k (l1 ++ l2) -> p k = false) ->
  filter p (l1 ++ j :: l2) = [j].
Proof.
  intros A p l1 j l2 J H. rewrite filter_app. cbn [filter]. rewrite J.
  rewrite !filter_none by (intros; apply H, in_or_app; tauto). reflexivity.
Qed.

(* One mechanism for all matches. n bits, a capacity c above every rank; the score of a position is
   c * agreement + rank - 2 c * misses, and (n - 1 + 2 absent) c more at the sink. *)
Section Match.
Context {A : Type}.
Variables (l : list A) (score agreement rank misses : A -> Z) (sink : A -> bool) (n c absent : Z).
Hypothesis scored : forall j, In j l -> score j =
  c * agreement j + rank j - 2 * c * misses j + (if sink j then (n - 1 + 2 * absent) * c else 0).
Hypothesis capacity : 1 <= c.
Hypothesis absence : absent = 0 \/ absent = 1.
Hypothesis at_sink : forall j, In j l -> sink j = true -> agreement j = 0 /\ rank j = 0 /\ misses j = 0.
Hypothesis elsewhere : forall j, In j l -> sink j = false ->
  (agreement j = n \/ agreement j <= n - 2) /\ 0 <= misses j /\ rank j < c /\ (misses j = 0 -> 0 <= rank j).

Definition found (j : A) : bool := negb (sink j) && (agreement j =? n) && (misses j =? 0) && (absent =? 0).

Lemma found_spec : forall j, found j = true <-> sink j = false /\ agreement j = n /\ misses j = 0 /\ absent = 0.
Proof. intros j. unfold found. rewrite !andb_true_iff, negb_true_iff, !Z.eqb_eq. tauto. Qed.

Lemma found_score : forall j, In j l -> found j = true -> n * c <= score j /\ score j = c * n + rank j.
Proof.
  intros j J F. apply found_spec in F as (S & E & M & _). destruct (elsewhere j J S) as (_ & _ & _ & R).
  specialize (R M). rewrite (scored j J), S, E, M. lia.
Qed.

Lemma sink_score : forall j, In j l -> sink j = true -> score j = (n - 1 + 2 * absent) * c.
Proof. intros j J S. destruct (at_sink j J S) as (G & R & M). rewrite (scored j J), S, G, R, M. lia. Qed.

Lemma missing_score : forall j, In j l -> sink j = false -> found j = false -> score j < (n - 1 + 2 * absent) * c.
Proof.
  intros j J S F. destruct (elsewhere j J S) as (E & M & R & _). rewrite (scored j J), S.
  assert (H : agreement j <> n \/ misses j <> 0 \/ absent <> 0).
  { destruct (Z.eq_dec (agreement j) n), (Z.eq_dec (misses j) 0), (Z.eq_dec absent 0); try tauto.
    exfalso. rewrite (proj2 (found_spec j)) in F by tauto. discriminate. }
  assert (P : 0 <= c * misses j) by nia.
  assert (Q : c * agreement j <= c * n) by nia.
  assert (T : misses j <> 0 -> c <= c * misses j) by (intros; nia).
  assert (U : agreement j <> n -> c * agreement j <= c * (n - 2)) by (intros; destruct E; [contradiction|nia]).
  destruct absence as [-> | ->]; lia.
Qed.

(* Where something matches, the best-ranked of the matches win. *)
Theorem match_found : (exists j, In j l /\ found j = true) -> forall j, In j l ->
  (In j (winners score l) <-> found j = true /\ forall k, In k l -> found k = true -> rank k <= rank j).
Proof.
  intros (b & B & F) j J. rewrite in_winners. destruct (found_score b B F) as [Low _].
  assert (Z0 : absent = 0) by (apply found_spec in F; tauto). split.
  - intros [_ H]. pose proof (H b B) as Hb.
    assert (Fj : found j = true).
    { destruct (found j) eqn:N; [reflexivity|]. exfalso. destruct (sink j) eqn:S.
      - rewrite (sink_score j J S) in Hb. nia.
      - pose proof (missing_score j J S N). nia. }
    split; [exact Fj|]. intros k K Fk. specialize (H k K).
    pose proof (proj2 (found_score j J Fj)). pose proof (proj2 (found_score k K Fk)). lia.
  - intros [Fj H]. split; [exact J|]. intros k K. destruct (found_score j J Fj) as [Lj Ej].
    destruct (found k) eqn:Fk.
    + destruct (found_score k K Fk) as [_ ->]. specialize (H k K Fk). lia.
    + destruct (sink k) eqn:S; [rewrite (sink_score k K S)|pose proof (missing_score k K S Fk)]; nia.
Qed.

(* The sink wins, and it alone, exactly when nothing matches. *)
Theorem match_missed : (forall j, In j l -> found j = false) -> (exists s, In s l /\ sink s = true) -> forall j, In j l ->
  (In j (winners score l) <-> sink j = true).
Proof.
  intros N (s & S & Is) j J. rewrite in_winners. pose proof (sink_score s S Is) as Es. split.
  - intros [_ H]. destruct (sink j) eqn:Sj; [reflexivity|]. specialize (H s S).
    pose proof (missing_score j J Sj (N j J)). lia.
  - intros Sj. split; [exact J|]. intros k K. rewrite (sink_score j J Sj).
    destruct (sink k) eqn:Sk; [rewrite (sink_score k K Sk); lia|]. pose proof (missing_score k K Sk (N k K)). lia.
Qed.

(* No ranks: all matches win. *)
Corollary match_all : (forall j, In j l -> rank j = 0) -> (exists j, In j l /\ found j = true) ->
  winners score l = filter found l.
Proof.
  intros R E. apply winners_filter. intros j J. rewrite (match_found E j J). split; [tauto|].
  intros F. split; [exact F|]. intros k K _. rewrite (R j J), (R k K). lia.
Qed.

(* One match that outranks all others: it alone wins. *)
Corollary match_best : forall l1 j l2, l = l1 ++ j :: l2 -> found j = true ->
  (forall k, In k (l1 ++ l2) -> found k = true -> rank k < rank j) -> winners score l = [j].
Proof.
  intros l1 j l2 E F H.
  assert (J : In j l) by (rewrite E; apply in_or_app; right; left; reflexivity).
  assert (I : forall k, In k (l1 ++ l2) -> In k l).
  { intros k K. rewrite E. apply in_or_app. apply in_app_or in K. cbn [In]. tauto. }
  pose proof (match_found (ex_intro _ j (conj J F))) as M.
  unfold winners. transitivity (filter (fun j => forallb (fun k => score k <=? score j) l) (l1 ++ j :: l2)); [rewrite <- E;
    reflexivity|].
  apply filter_single.
  - pose proof (proj2 (M j J)) as W. unfold winners in W. rewrite filter_In in W. apply W. split; [exact F|].
    intros k K Fk. rewrite E in K. apply in_app_or in K. cbn [In] in K.
    destruct K as [K|[<-|K]]; [|lia|]; apply Z.lt_le_incl, H; try exact Fk; apply in_or_app; tauto.
  - intros k K. destruct (forallb _ l) eqn:W; [|reflexivity]. exfalso.
    assert (In k (winners score l)) as V by (apply filter_In; split; [apply I, K|exact W]).
    apply (M k (I k K)) in V as [Fk V]. specialize (V j J F). specialize (H k K Fk). lia.
Qed.

(* Nothing matches, and there is one sink. *)
Corollary match_default : forall s, (forall j, In j l -> found j = false) -> filter sink l = [s] -> winners score l = [s].
Proof.
  intros s N E. rewrite <- E. apply winners_filter. apply match_missed; [exact N|].
  exists s. apply filter_In. rewrite E. left. reflexivity.
Qed.
End Match.

(* Signed bits: n that agree score n, any others at most n - 2. *)
Definition signs (n : nat) (f : nat -> Z) : Prop := forall p, (p < n)%nat -> f p = 1 \/ f p = -1.
Definition none (n : nat) (f : nat -> Z) : Prop := forall p, (p < n)%nat -> f p = 0.
Definition same (n : nat) (f g : nat -> Z) : bool := forallb (fun p => f p =? g p) (seq 0 n).
Definition agreement (n : nat) (f g : nat -> Z) : Z := total n (fun p => f p * g p).

Lemma same_spec : forall n f g, same n f g = true <-> forall p, (p < n)%nat -> f p = g p.
Proof.
  intros n f g. unfold same. rewrite forallb_forall. split; intros H p P.
  - apply Z.eqb_eq, H. apply in_seq. lia.
  - apply Z.eqb_eq, H. apply in_seq in P. lia.
Qed.

Theorem match_gap : forall n f g, signs n f -> signs n g ->
  (same n f g = true /\ agreement n f g = Z.of_nat n) \/ (same n f g = false /\ agreement n f g <= Z.of_nat n - 2).
Proof.
  unfold agreement, same. induction n as [|n IH]; intros f g F G; [left; split; reflexivity|].
  rewrite seq_S, forallb_app. cbn [forallb total Nat.add].
  assert (N : (n < S n)%nat) by lia.
  destruct (IH f g (fun p P => F p (Nat.lt_lt_succ_r _ _ P)) (fun p P => G p (Nat.lt_lt_succ_r _ _ P))) as [[-> E]|[-> E]];
    destruct (F n N) as [Fn|Fn], (G n N) as [Gn|Gn]; rewrite Fn, Gn; cbn [andb Z.eqb Pos.eqb]; lia.
Qed.

Lemma agreement_none : forall n f g, none n f \/ none n g -> agreement n f g = 0.
Proof. intros n f g [H|H]; apply total_zero; intros p P; rewrite (H p P); ring. Qed.

(* A query or key that is a word or nothing, of two bits or more. *)
Definition maybe (n : nat) (f : nat -> Z) : Prop := signs n f \/ none n f.

Theorem maybe_gap : forall n f g, (2 <= n)%nat -> maybe n f -> maybe n g ->
  (signs n f /\ signs n g /\ same n f g = true /\ agreement n f g = Z.of_nat n) \/
  ((none n f \/ none n g \/ same n f g = false) /\ agreement n f g <= Z.of_nat n - 2).
Proof.
  intros n f g N [F|F] [G|G].
  - destruct (match_gap n f g F G) as [[S E]|[S E]]; [left|right]; tauto.
  - right. rewrite agreement_none by tauto. split; [tauto|lia].
  - right. rewrite agreement_none by tauto. split; [tauto|lia].
  - right. rewrite agreement_none by tauto. split; [tauto|lia].
Qed.
