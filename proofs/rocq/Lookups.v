(* The rows of the operators over attention, and of a match in general, on sequences of any length. *)
From Coq Require Import QArith.
From Efasp Require Import Form Attention.
Open Scope Z_scope.

(* The score of a key position j for a query position i, and what attention gives: the mean value of the winners. *)
Fixpoint dot (q k : list form) (i j : env) : Z :=
  match q, k with f :: q', g :: k' => value i f * value j g + dot q' k' i j | _, _ => 0 end.
Definition mean {A} (f : A -> Z) (l : list A) : Q :=
  (inject_Z (fold_right Z.add 0%Z (map f l)) / inject_Z (Z.of_nat (length l)))%Q.
Definition attention (q k : list form) (v : form) (i : env) (l : list env) : Q :=
  mean (fun j => value j v) (winners (dot q k i) l).

Lemma mean_single : forall A (f : A -> Z) j, (mean f [j] == inject_Z (f j))%Q.
Proof. intros. unfold mean. cbn [map fold_right length Z.of_nat]. rewrite Z.add_0_r. unfold Qeq, Qdiv, Qmult. cbn. lia. Qed.

Lemma dot_app : forall q q' k k' i j, length q = length k -> dot (q ++ q') (k ++ k') i j = dot q k i j + dot q' k' i j.
Proof.
  induction q as [|f q IH]; intros q' [|g k] k' i j L; try discriminate L; [reflexivity|].
  cbn [app dot]. rewrite IH by (injection L; trivial). lia.
Qed.

(* Words of queries and keys: (argument of the query, argument of the key, width). *)
Definition input (c : Z) (a p : nat) : form := ([(c, Arg a p)], 0).
Definition inputs (c : Z) (a n : nat) : list form := map (input c a) (seq 0 n).

Lemma dot_word : forall c a b n i j, dot (inputs 1 a n) (inputs c b n) i j = c * Attention.agreement n (i a) (j b).
Proof.
  intros c a b n i j. unfold inputs, Attention.agreement. induction n as [|n IH]; [cbn; lia|].
  rewrite !seq_S, !map_app, dot_app by (rewrite !map_length; reflexivity). rewrite IH. cbn [Nat.add map dot total].
  unfold input. summed. ring.
Qed.

(* The operators. Arguments: query, key, value, (rank,) sink. *)
Definition match_query (n : nat) : list form := ([], 1) :: inputs 1 0 n.
Definition exact_key (sink n : nat) : list form := ([(Z.of_nat n - 1, Arg sink 0)], 0) :: inputs 1 1 n.
Definition rightmost_key (n : nat) (c : Z) : list form :=
  ([((Z.of_nat n - 1) * c, Arg 4 0); (1, Arg 3 0)], 0) :: inputs c 1 n.
Definition priority_key (n : nat) (c : Z) : list form :=
  ([((Z.of_nat n - 1) * c - (c - 1), Arg 4 0); (-1, Arg 3 0)], c - 1) :: inputs c 1 n.
Definition fetched : form := input 1 2 0.

(* A sequence: one sink, whose key is nothing; elsewhere keys that are words or nothing, and ranks below c. *)
Record sequence (n : nat) (c : Z) (rank : nat) (sink : nat) (s : env) (l : list env) : Prop := {
  width : (2 <= n)%nat;
  one_sink : filter (fun j => j sink 0%nat =? 1) l = [s];
  sink_flag : forall j, In j l -> j sink 0%nat = 0 \/ j sink 0%nat = 1;
  sink_key : none n (s 1%nat);
  sink_rank : s rank 0%nat = 0;
  keys : forall j, In j l -> maybe n (j 1%nat);
  ranks : forall j, In j l -> 0 <= j rank 0%nat < c
}.

Lemma sink_only : forall n c rank sink s l, sequence n c rank sink s l -> forall j, In j l -> j sink 0%nat = 1 -> j = s.
Proof.
  intros n c rank sink s l W j J S. pose proof (one_sink _ _ _ _ _ _ W) as E.
  assert (K : In j [s]) by (rewrite <- E; apply filter_In; split; [exact J|apply Z.eqb_eq; exact S]).
  destruct K as [->|[]]. reflexivity.
Qed.

(* The key is a word, and the query the same. *)
Definition word_hit (n : nat) (f g : nat -> Z) : bool := Attention.agreement n f g =? Z.of_nat n.
Definition hit (n sink : nat) (i j : env) : bool := negb (j sink 0%nat =? 1) && word_hit n (i 0%nat) (j 1%nat).

Section Operators.
Variables (n rank sink : nat) (c : Z) (s i : env) (l : list env) (score ranked : env -> Z).
Hypotheses (W : sequence n c rank sink s l) (query : maybe n (i 0%nat)).
Hypothesis ranked_sink : ranked s = 0.
Hypothesis ranked_below : forall j, In j l -> 0 <= ranked j < c.
Hypothesis scored : forall j, In j l ->
  score j = c * Attention.agreement n (i 0%nat) (j 1%nat) + ranked j + (if j sink 0%nat =? 1 then (Z.of_nat n - 1) * c else
    0).

Let is_sink (j : env) : bool := j sink 0%nat =? 1.
Let agreed (j : env) : Z := Attention.agreement n (i 0%nat) (j 1%nat).
Let found (j : env) : bool := Attention.found agreed (fun _ => 0) is_sink (Z.of_nat n) 0 j.

Let sinks : filter is_sink l = [s].
Proof. exact (one_sink _ _ _ _ _ _ W). Qed.

Let sink_is : forall j, In j l -> is_sink j = true -> j = s.
Proof. intros j J S. apply (sink_only n c rank sink s l W j J). apply Z.eqb_eq. exact S. Qed.

Lemma found_hit : forall j, found j = hit n sink i j.
Proof. intros j. unfold found, Attention.found, hit, word_hit, is_sink, agreed. rewrite !andb_true_r. reflexivity. Qed.

Let score_is : forall j, In j l ->
  score j = c * agreed j + ranked j - 2 * c * 0 + (if is_sink j then (Z.of_nat n - 1 + 2 * 0) * c else 0).
Proof. intros j J. rewrite (scored j J). unfold agreed, is_sink. destruct (j sink 0%nat =? 1); lia. Qed.

Let capacity : 1 <= c.
Proof.
  assert (K : In s (filter is_sink l)) by (rewrite sinks; left; reflexivity).
  apply filter_In in K as [K _]. pose proof (ranks _ _ _ _ _ _ W s K). lia.
Qed.

Let at_sink : forall j, In j l -> is_sink j = true -> agreed j = 0 /\ ranked j = 0 /\ 0 = 0.
Proof.
  intros j J S. rewrite (sink_is j J S). repeat split; [|exact ranked_sink].
  unfold agreed. apply agreement_none. right. exact (sink_key _ _ _ _ _ _ W).
Qed.

Let elsewhere : forall j, In j l -> is_sink j = false ->
  (agreed j = Z.of_nat n \/ agreed j <= Z.of_nat n - 2) /\ 0 <= 0 /\ ranked j < c /\ (0 = 0 -> 0 <= ranked j).
Proof.
  intros j J _. pose proof (ranked_below j J). repeat split; try lia. unfold agreed.
  destruct (maybe_gap n _ _ (width _ _ _ _ _ _ W) query (keys _ _ _ _ _ _ W j J)) as [(_ & _ & _ & E)|(_ & E)]; lia.
Qed.

Lemma best : forall l1 j l2, l = l1 ++ j :: l2 -> hit n sink i j = true ->
  (forall k, In k (l1 ++ l2) -> hit n sink i k = true -> ranked k < ranked j) -> winners score l = [j].
Proof.
  intros l1 j l2 E F H.
  apply (match_best l score agreed ranked (fun _ => 0) is_sink (Z.of_nat n) c 0 score_is capacity
    (or_introl eq_refl) at_sink elsewhere l1 j l2 E).
  - rewrite <- found_hit in F. exact F.
  - intros k K Fk. apply (H k K). rewrite <- found_hit. exact Fk.
Qed.

Lemma every_hit : (forall j, In j l -> ranked j = 0) -> (exists j, In j l /\ hit n sink i j = true) ->
  winners score l = filter (hit n sink i) l.
Proof.
  intros R (j & J & F).
  rewrite (match_all l score agreed ranked (fun _ => 0) is_sink (Z.of_nat n) c 0 score_is capacity
    (or_introl eq_refl) at_sink elsewhere R).
  - apply filter_ext. exact found_hit.
  - exists j. split; [exact J|]. rewrite <- found_hit in F. exact F.
Qed.

Lemma default : (forall j, In j l -> hit n sink i j = false) -> winners score l = [s].
Proof.
  intros N. apply (match_default l score agreed ranked (fun _ => 0) is_sink (Z.of_nat n) c 0 score_is capacity
    (or_introl eq_refl) at_sink elsewhere s).
  - intros j J. specialize (N j J). rewrite <- found_hit in N. exact N.
  - exact sinks.
Qed.
End Operators.

Lemma value_input : forall c a p j, value j (input c a p) = c * j a p.
Proof. intros. unfold input. summed. ring. Qed.

(* An exact match has no rank: an argument that it does not read stands for a rank of 0. *)
Section Exact.
Variables (n rank sink : nat) (s i : env) (l : list env).
Hypotheses (W : sequence n 1 rank sink s l) (Q : maybe n (i 0%nat)).

Lemma exact_scored : forall j, In j l -> dot (match_query n) (exact_key sink n) i j =
  1 * Attention.agreement n (i 0%nat) (j 1%nat) + 0 + (if j sink 0%nat =? 1 then (Z.of_nat n - 1) * 1 else 0).
Proof.
  intros j J. unfold match_query, exact_key. cbn [dot]. rewrite dot_word. summed.
  destruct (sink_flag _ _ _ _ _ _ W j J) as [E|E]; rewrite E; cbn [Z.eqb Pos.eqb]; lia.
Qed.

Let ranked : forall j, In j l -> 0 <= (fun _ : env => 0) j < 1.
Proof. intros. lia. Qed.

Lemma exact_winners : winners (dot (match_query n) (exact_key sink n) i) l =
  match filter (hit n sink i) l with [] => [s] | matches => matches end.
Proof.
  destruct (filter (hit n sink i) l) as [|m ms] eqn:F.
  - apply (default n rank sink 1 s i l _ (fun _ => 0) W Q eq_refl ranked exact_scored).
    intros j J. destruct (hit n sink i j) eqn:H; [|reflexivity]. exfalso.
    assert (K : In j (filter (hit n sink i) l)) by (apply filter_In; tauto). rewrite F in K. destruct K.
  - rewrite <- F. apply (every_hit n rank sink 1 s i l _ (fun _ => 0) W Q eq_refl ranked exact_scored); [reflexivity|].
    exists m. apply filter_In. rewrite F. left. reflexivity.
Qed.

(* The mean value of the positions that match; 0, the sink's, where none does. *)
(* backs: attention.exact_match *)
Theorem exact_match_correct : s 2%nat 0%nat = 0 ->
  (attention (match_query n) (exact_key sink n) fetched i l ==
   match filter (hit n sink i) l with [] => 0 | matches => mean (fun j => j 2%nat 0%nat) matches end)%Q.
Proof.
  intros V. unfold attention. rewrite exact_winners. destruct (filter (hit n sink i) l) as [|m ms].
  - rewrite mean_single. unfold fetched. rewrite value_input, V. reflexivity.
  - unfold mean. rewrite (map_ext (fun j => value j fetched) (fun j => j 2%nat 0%nat)); [reflexivity|].
    intros j. unfold fetched. rewrite value_input. lia.
Qed.
End Exact.

Section Ranked.
Variables (n : nat) (c : Z) (s i : env) (l : list env).
Hypotheses (W : sequence n c 3 4 s l) (Q : maybe n (i 0%nat)) (V : s 2%nat 0%nat = 0).

Lemma rightmost_scored : forall j, In j l -> dot (match_query n) (rightmost_key n c) i j =
  c * Attention.agreement n (i 0%nat) (j 1%nat) + j 3%nat 0%nat + (if j 4%nat 0%nat =? 1 then (Z.of_nat n - 1) * c else 0).
Proof.
  intros j J. unfold match_query, rightmost_key. cbn [dot]. rewrite dot_word. summed.
  destruct (sink_flag _ _ _ _ _ _ W j J) as [E|E]; rewrite E; cbn [Z.eqb Pos.eqb]; lia.
Qed.

(* The rank of a priority: c - 1 less it, and 0 at the sink. *)
Definition urgency (j : env) : Z := if j 4%nat 0%nat =? 1 then 0 else c - 1 - j 3%nat 0%nat.

Lemma sink_place : forall j, In j l -> j 4%nat 0%nat = 1 -> j = s.
Proof. exact (sink_only _ _ _ _ _ _ W). Qed.

Lemma sink_is_one : s 4%nat 0%nat = 1.
Proof.
  pose proof (one_sink _ _ _ _ _ _ W) as E. assert (K : In s [s]) by (left; reflexivity).
  rewrite <- E in K. apply filter_In in K as [_ K]. apply Z.eqb_eq. exact K.
Qed.

Lemma priority_scored : forall j, In j l -> dot (match_query n) (priority_key n c) i j =
  c * Attention.agreement n (i 0%nat) (j 1%nat) + urgency j + (if j 4%nat 0%nat =? 1 then (Z.of_nat n - 1) * c else 0).
Proof.
  intros j J. unfold match_query, priority_key, urgency. cbn [dot]. rewrite dot_word. summed.
  destruct (sink_flag _ _ _ _ _ _ W j J) as [E|E].
  - rewrite E. cbn [Z.eqb]. lia.
  - rewrite (sink_place j J E), (sink_rank _ _ _ _ _ _ W), sink_is_one. cbn [Z.eqb Pos.eqb]. lia.
Qed.

Lemma nothing_found : forall score, winners score l = [s] -> (mean (fun j => value j fetched) (winners score l) == 0)%Q.
Proof. intros score E. rewrite E, mean_single. unfold fetched. rewrite value_input, V. reflexivity. Qed.

(* The value at the match of largest place, 0 where there is no match. *)
(* backs: attention.rightmost_match *)
Theorem rightmost_match_correct :
  (forall l1 j l2, l = l1 ++ j :: l2 -> hit n 4 i j = true ->
    (forall k, In k (l1 ++ l2) -> hit n 4 i k = true -> k 3%nat 0%nat < j 3%nat 0%nat) ->
    (attention (match_query n) (rightmost_key n c) fetched i l == inject_Z (j 2%nat 0%nat))%Q) /\
  ((forall j, In j l -> hit n 4 i j = false) -> (attention (match_query n) (rightmost_key n c) fetched i l == 0)%Q).
Proof.
  pose proof (fun j J => ranks _ _ _ _ _ _ W j J) as R. split.
  - intros l1 j l2 E F H. unfold attention.
    rewrite (best n 3 4 c s i l _ _ W Q (sink_rank _ _ _ _ _ _ W) R rightmost_scored l1 j l2 E F H), mean_single.
    unfold fetched. rewrite value_input, Z.mul_1_l. reflexivity.
  - intros N. apply nothing_found.
    apply (default n 3 4 c s i l _ _ W Q (sink_rank _ _ _ _ _ _ W) R rightmost_scored N).
Qed.

(* The value at the match of lowest priority number, 0 where there is no match. *)
(* backs: attention.priority_match *)
Theorem priority_match_correct :
  (forall l1 j l2, l = l1 ++ j :: l2 -> hit n 4 i j = true ->
    (forall k, In k (l1 ++ l2) -> hit n 4 i k = true -> j 3%nat 0%nat < k 3%nat 0%nat) ->
    (attention (match_query n) (priority_key n c) fetched i l == inject_Z (j 2%nat 0%nat))%Q) /\
  ((forall j, In j l -> hit n 4 i j = false) -> (attention (match_query n) (priority_key n c) fetched i l == 0)%Q).
Proof.
  assert (Z0 : urgency s = 0) by (unfold urgency; rewrite sink_is_one; reflexivity).
  assert (R : forall j, In j l -> 0 <= urgency j < c).
  { intros j J. pose proof (ranks _ _ _ _ _ _ W j J). unfold urgency. destruct (j 4%nat 0%nat =? 1); lia. }
  split.
  - intros l1 j l2 E F H. unfold attention. rewrite (best n 3 4 c s i l _ _ W Q Z0 R priority_scored l1 j l2 E F),
    mean_single.
    + unfold fetched. rewrite value_input, Z.mul_1_l. reflexivity.
    + intros k K Fk. specialize (H k K Fk). unfold hit in F, Fk. apply andb_prop in F as [F _], Fk as [Fk _].
      unfold urgency. destruct (j 4%nat 0%nat =? 1), (k 4%nat 0%nat =? 1); try discriminate. lia.
  - intros N. apply nothing_found. apply (default n 3 4 c s i l _ _ W Q Z0 R priority_scored N).
Qed.
End Ranked.
