(* Softmax over integer scores is average-hard attention: a loser's weight is below half of the least number of the dtype. *)
From Coq Require Import Reals ZArith List Lia Lra.
Import ListNotations.
Open Scope R_scope.

(* (scale, least positive number of the dtype as a power of 2), of float32 and float64. *)
Definition scale32 : Z := 128.
Definition scale64 : Z := 1024.
Definition least32 : Z := 149. (* 2^-149 *)
Definition least64 : Z := 1074. (* 2^-1074 *)

Definition weight (scale : Z) (gap : R) : R := exp (- (IZR scale * gap)).

(* A quarter more than 1 is less than exp (1 / 4). *)
Lemma exp_quarter : 5 / 4 < exp (1 / 4).
Proof. replace (5 / 4) with (1 + 1 / 4) by lra. apply exp_ineq1. lra. Qed.

Lemma exp_nat : forall n x, exp (INR n * x) = exp x ^ n.
Proof.
  induction n as [|n IH]; intros x; [cbn; rewrite Rmult_0_l; apply exp_0|].
  rewrite S_INR, Rmult_plus_distr_r, Rmult_1_l, exp_plus, IH. cbn [pow]. ring.
Qed.

Lemma pow_5_4 : forall n k, (2 ^ Z.of_nat k * 4 ^ Z.of_nat n < 5 ^ Z.of_nat n)%Z -> 2 ^ k < (5 / 4) ^ n.
Proof.
  intros n k H. apply IZR_lt in H. rewrite mult_IZR, <- !pow_IZR in H.
  unfold Rdiv. rewrite Rpow_mult_distr, pow_inv. apply Rmult_lt_reg_r with (4 ^ n); [apply pow_lt; lra|].
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by (apply pow_nonzero; lra). exact H.
Qed.

Lemma exp_scale : forall scale k, (0 < scale)%Z -> (2 ^ Z.of_nat k * 4 ^ (4 * scale) < 5 ^ (4 * scale))%Z -> exp (- IZR
  scale) < / 2 ^ k.
Proof.
  intros scale k S H. rewrite exp_Ropp. apply Rinv_lt_contravar; [apply Rmult_lt_0_compat; [apply pow_lt;
    lra|apply exp_pos]|].
  set (n := Z.to_nat (4 * scale)). assert (E : (4 * scale)%Z = Z.of_nat n) by (unfold n; rewrite Z2Nat.id; lia).
  rewrite E in H. apply pow_5_4 in H. replace (IZR scale) with (INR n * (1 / 4)).
  - rewrite exp_nat. eapply Rlt_le_trans; [exact H|].
    apply pow_incr. pose proof exp_quarter. lra.
  - rewrite INR_IZR_INZ, <- E, mult_IZR. field.
Qed.

Lemma weight_scale : forall least scale gap, (least <= scale)%Z -> (0 < least)%Z -> 1 <= gap -> weight scale gap <= exp (-
  IZR least).
Proof.
  intros least scale gap S P G. apply IZR_le in S. apply IZR_lt in P. unfold weight.
  assert (H : - (IZR scale * gap) <= - IZR least) by nra.
  destruct H as [H|H]; [left; apply exp_increasing; exact H|right; rewrite H; reflexivity].
Qed.

Lemma exp_scale32 : exp (- IZR scale32) < / 2 ^ Z.to_nat (least32 + 1).
Proof. apply exp_scale; [reflexivity|]. vm_compute. reflexivity. Qed.

Lemma exp_scale64 : exp (- IZR scale64) < / 2 ^ Z.to_nat (least64 + 1).
Proof. apply exp_scale; [reflexivity|]. vm_compute. reflexivity. Qed.

(* Every loser's weight, relative to a winner's: the gap of integer scores is 1 at least. *)
(* backs: numerics.softmax *)
Theorem loser_weight32 : forall scale gap, (scale32 <= scale)%Z -> 1 <= gap ->
  weight scale gap <= exp (- IZR scale32) /\ weight scale gap < / 2 ^ Z.to_nat (least32 + 1).
Proof.
  intros scale gap S G. pose proof (weight_scale scale32 scale gap S eq_refl G). pose proof exp_scale32. lra.
Qed.

(* backs: numerics.softmax *)
Theorem loser_weight64 : forall scale gap, (scale64 <= scale)%Z -> 1 <= gap ->
  weight scale gap <= exp (- IZR scale64) /\ weight scale gap < / 2 ^ Z.to_nat (least64 + 1).
Proof.
  intros scale gap S G. pose proof (weight_scale scale64 scale gap S eq_refl G). pose proof exp_scale64. lra.
Qed.

(* Rounded to nearest, what is below half of the least number is 0: so the weights, and what is made of them, are those of
   average-hard attention. Of the rounding no more is assumed than this, and that 1 is a number of the dtype. *)
Section Rounded.
Variables (round : R -> R) (scale least : Z) (top : Z).
Hypothesis underflow : forall x, 0 <= x < / 2 ^ Z.to_nat (least + 1) -> round x = 0.
Hypothesis one : round 1 = 1.
Hypothesis small : forall gap, 1 <= gap -> weight scale gap < / 2 ^ Z.to_nat (least + 1).

Definition rounded (score : Z) : R := round (weight scale (IZR (top - score))).

Lemma rounded_weight : forall score, (score <= top)%Z -> rounded score = if (score =? top)%Z then 1 else 0.
Proof.
  intros score H. unfold rounded. destruct (Z.eqb_spec score top) as [->|N].
  - rewrite Z.sub_diag. unfold weight. rewrite Rmult_0_r, Ropp_0, exp_0. exact one.
  - apply underflow. split; [left; apply exp_pos|]. apply small. apply (IZR_le 1). lia.
Qed.

Definition total (f : Z * R -> R) (l : list (Z * R)) : R := fold_right (fun p s => f p + s) 0 l.

(* Scores and values of any number of positions, the best score being top: the weighted mean is the winners' mean. *)
(* backs: numerics.softmax *)
Theorem softmax_is_hard : forall l, (forall p, In p l -> (fst p <= top)%Z) ->
  let winners := filter (fun p => (fst p =? top)%Z) l in
  total (fun p => rounded (fst p) * snd p) l / total (fun p => rounded (fst p)) l =
  total snd winners / INR (length winners).
Proof.
  intros l H winners.
  assert (A : total (fun p => rounded (fst p) * snd p) l = total snd winners).
  { unfold winners. induction l as [|p l IH]; [reflexivity|]. cbn [total fold_right filter].
    fold (total (fun p => rounded (fst p) * snd p) l). rewrite IH by (intros q Q; apply H; right; exact Q).
    rewrite rounded_weight by (apply H; left; reflexivity). destruct (fst p =? top)%Z; unfold total; cbn [fold_right]; ring. }
  assert (B : total (fun p => rounded (fst p)) l = INR (length winners)).
  { unfold winners. clear A. induction l as [|p l IH]; [reflexivity|]. cbn [total fold_right filter].
    fold (total (fun p => rounded (fst p)) l). rewrite IH by (intros q Q; apply H; right; exact Q).
    rewrite rounded_weight by (apply H; left; reflexivity). destruct (fst p =? top)%Z; cbn [length]; [rewrite S_INR|]; ring. }
  rewrite A, B. reflexivity.
Qed.
End Rounded.
