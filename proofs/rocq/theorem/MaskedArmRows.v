(* The rows from which MaskedArmPlan.v builds the Masked-ARM of a transformer, and the mean over the positions that win. *)
From Coq Require Import List Bool Arith Lia ZArith QArith.
From Efasp Require Form Attention Matching.
From Efasp Require Import Statement Programs Decompiled Compiled MaskedArmPlan.
Import ListNotations.
Open Scope nat_scope.

Lemma nth_moved : forall s k rows i, nth i (moved s k rows) [] = composed (nth i rows []) (cells s k).
Proof. intros s k rows; induction rows as [|row rows IH]; intros [|i]; try reflexivity. apply IH. Qed.
Lemma moved_same : forall s k rows h, same (times (moved s k rows) h) (times rows (times (cells s k) h)).
Proof. intros s k rows h i. rewrite !nth_times, nth_moved. apply composed_dot. Qed.
Lemma fitted_at : forall n rows h i, (nth i (times (fitted n rows) h) 0 == if (i <? n)%nat then nth i (times rows h) 0 else 0)%Q.
Proof.
  intros n rows h i. rewrite nth_times. unfold fitted. destruct (Nat.ltb_spec i n) as [Hi|Hi].
  - rewrite nth_mapped, Nat.add_0_l, <- nth_times by exact Hi. reflexivity.
  - rewrite nth_overflow by (rewrite map_length, seq_length; exact Hi). rewrite dot_nil_left. reflexivity.
Qed.
Lemma fitted_length : forall n rows, length (fitted n rows) = n.
Proof. intros; unfold fitted; rewrite map_length, seq_length; reflexivity. Qed.
Lemma nth_apart : forall (u v : vector) i, nth i (u ++ v) 0%Q = if (i <? length u)%nat then nth i u 0%Q else nth (i - length u) v 0%Q.
Proof. intros u v i. destruct (Nat.ltb_spec i (length u)); [apply app_nth1|apply app_nth2]; lia. Qed.
Lemma nth_padded : forall n x i, nth i (padded n x) 0%Q = if (i <? n)%nat then nth i x 0%Q else 0%Q.
Proof.
  intros n x i. unfold padded. destruct (Nat.ltb_spec i n) as [Hi|Hi].
  - rewrite (nth_indep _ 0%Q (nth 0 x 0%Q)) by (rewrite map_length, seq_length; exact Hi).
    rewrite (map_nth (fun i => nth i x 0%Q)), seq_nth by exact Hi. reflexivity.
  - apply nth_overflow. rewrite map_length, seq_length. exact Hi.
Qed.
Lemma nth_signs : forall n f i, nth i (signs n f) 0%Q = if (i <? n)%nat then inject_Z (f i) else 0%Q.
Proof.
  intros n f i. unfold signs. destruct (Nat.ltb_spec i n) as [Hi|Hi].
  - rewrite (nth_indep _ 0%Q (inject_Z (f 0))) by (rewrite map_length, seq_length; exact Hi).
    rewrite (map_nth (fun i => inject_Z (f i))), seq_nth by exact Hi. reflexivity.
  - apply nth_overflow. rewrite map_length, seq_length. exact Hi.
Qed.
Lemma signs_length : forall n f, length (signs n f) = n.
Proof. intros; unfold signs; rewrite map_length, seq_length; reflexivity. Qed.
Lemma dot_signs : forall n f g, (dot (signs n f) (signs n g) == inject_Z (Attention.agreement n g f))%Q.
Proof.
  intros n f g. unfold Attention.agreement. induction n as [|n IH]; [reflexivity|].
  unfold signs in *. rewrite seq_S, !map_app, dot_app by (rewrite !map_length; reflexivity).
  cbn [map Form.total Nat.add]. rewrite IH, inject_Z_plus, inject_Z_mult, dot_step; cbn [nth tl]. rewrite dot_nil_left. ring.
Qed.
Lemma dot_one : forall x h, (dot [x] h == x * nth 0 h 0)%Q.
Proof. intros x h. rewrite dot_step; cbn [nth tl]. rewrite dot_nil_left. ring. Qed.

(* The mean over the positions that win is what each of them holds. *)
Lemma average_won : forall P q ks vs (s : nat -> Z) v, 0 < P -> (forall i, i < P -> (dot q (ks i) == inject_Z (s i))%Q) ->
  (forall i, In i (Attention.winners s (seq 0 P)) -> same (vs i) v) -> same (average_hard P q ks vs) v.
Proof.
  intros P q ks vs s v HP E W. unfold average_hard.
  assert (filter (fun j => Qeq_bool (dot q (ks j)) (greatest (map (fun j => dot q (ks j)) (seq 0 P)))) (seq 0 P) =
    Attention.winners s (seq 0 P)) as ->.
  { unfold Attention.winners. apply filter_ext_in. intros j Hj.
    apply (Matching.greatest_spec (fun j => dot q (ks j)) s (seq 0 P) j Hj). intros k Hk. apply in_seq in Hk. apply E; lia. }
  assert (Attention.winners s (seq 0 P) <> []) as N.
  { apply Attention.winners_some. destruct P; [lia|discriminate]. }
  revert N W. generalize (Attention.winners s (seq 0 P)). intros l N W i. rewrite nth_mean, map_length, map_map.
  assert (sum (map (fun x => nth i (vs x) 0) l) == inject_Z (Z.of_nat (length l)) * nth i v 0)%Q as ->.
  { clear N. induction l as [|x l IH]; [cbn; ring|]. cbn [map sum fold_right length]. fold (sum (map (fun x => nth i (vs x) 0%Q) l)).
    rewrite IH by (intros; apply W; right; assumption). rewrite (W x (or_introl eq_refl) i), Nat2Z.inj_succ, <- Z.add_1_l.
    rewrite inject_Z_plus. ring. }
  field. intros Z. apply N. destruct l; [reflexivity|]. exfalso. unfold Qeq, inject_Z in Z. cbn [Qnum Qden length] in Z. lia.
Qed.
