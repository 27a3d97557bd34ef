(* Multiplication by column sums, at every width. *)
From Efasp Require Import Form Gates.

Definition products (k : nat) : terms := map (fun i => (1, both 0 1 i (k - i))) (seq 0 (S k)).
Definition before (k : nat) : terms := flat_map (fun c => scale (2 ^ Z.of_nat c) (products c)) (seq 0 k).
(* The carry into column k counts the m in 1..k-1 with X_k >= m 2^k. *)
Definition column_carry (k : nat) : terms :=
  flat_map (fun m => threshold (before k) (Z.of_nat (S m) * 2 ^ Z.of_nat k)) (seq 0 (k - 1)).
Definition mul_row (k : nat) : form := (products k ++ column_carry k ++ scale (-2) (column_carry (S k)), 0).
Definition mul_rows (w : nat) : list form := map mul_row (seq 0 w).

Section Product.
Variables (w : nat) (x : env).
Hypotheses (A : bits w (x 0%nat)) (B : bits w (x 1%nat)).
Let a := x 0%nat.
Let b := x 1%nat.
Let column (k : nat) : Z := total (S k) (fun i => a i * b (k - i)%nat). (* S_k *)
Let X (k : nat) : Z := sum x (before k).

Lemma sum_products : forall k, (k < w)%nat -> sum x (products k) = column k.
Proof.
  intros k Hk. unfold products, column. rewrite sum_map. apply total_ext. intros i Hi. cbn [fst snd].
  rewrite eval_both by (first [apply A; lia | apply B; lia]). unfold a, b. lia.
Qed.

Lemma column_bounds : forall k, (k < w)%nat -> 0 <= column k <= Z.of_nat (S k).
Proof.
  intros k Hk. apply count_bounds. intros i Hi. unfold a, b.
  destruct (A i ltac:(lia)) as [E|E], (B (k - i)%nat ltac:(lia)) as [F|F]; rewrite E, F; lia.
Qed.

Lemma X_S : forall k, (k < w)%nat -> X (S k) = X k + 2 ^ Z.of_nat k * column k.
Proof.
  intros k Hk. unfold X, before. rewrite seq_S, flat_map_app, sum_app. cbn [flat_map Nat.add].
  rewrite app_nil_r, sum_scale, sum_products by exact Hk. reflexivity.
Qed.

(* X_k is at most (k - 1) 2^k + 1. *)
Lemma X_bounds : forall k, (k <= w)%nat -> 0 <= X k <= (Z.of_nat k - 1) * 2 ^ Z.of_nat k + 1.
Proof.
  induction k as [|k IH]; intros Hk; [cbn; lia|].
  rewrite X_S, pow_S by lia. specialize (IH ltac:(lia)). pose proof (column_bounds k ltac:(lia)). pose proof (pow_pos k). nia.
Qed.

(* So the count of the thresholds that X_k reaches is X_k div 2^k. *)
Lemma count_div : forall p y n, 0 < p -> 0 <= y < (Z.of_nat n + 1) * p ->
  total n (fun m => Z.b2z (Z.of_nat (S m) * p <=? y)) = y / p.
Proof.
  intros p y n P. revert y. induction n as [|n IH]; intros y Y; cbn [total].
  - symmetry. apply Z.div_small. lia.
  - destruct (Z.leb_spec (Z.of_nat (S n) * p) y) as [L|L]; cbn [Z.b2z].
    + rewrite total_ext with (g := fun _ => 1).
      * replace (y / p) with (Z.of_nat (S n)).
        { clear. assert (total n (fun _ => 1) = Z.of_nat n) as ->; [induction n as [|n IH]; cbn [total]; lia|lia]. }
        apply Z.div_unique with (r := y - Z.of_nat (S n) * p); [left|]; lia.
      * intros i Hi. destruct (Z.leb_spec (Z.of_nat (S i) * p) y); [reflexivity|nia].
    + rewrite IH by lia. lia.
Qed.

Lemma sum_column_carry : forall k, (k <= w)%nat -> sum x (column_carry k) = X k / 2 ^ Z.of_nat k.
Proof.
  intros k Hk. unfold column_carry. rewrite sum_flat_map.
  rewrite total_ext with (g := fun m => Z.b2z (Z.of_nat (S m) * 2 ^ Z.of_nat k <=? X k)) by (intros; apply sum_threshold).
  pose proof (X_bounds k Hk). pose proof (pow_pos k).
  destruct k as [|k].
  - reflexivity.
  - rewrite pow_S in *. pose proof (pow_pos k). apply count_div;
    [assumption|]. replace (Z.of_nat (S k - 1)) with (Z.of_nat (S k) - 1) by lia. nia.
Qed.

(* Column k, its carry and the next one: the bit is the parity. *)
Lemma mul_bit : forall k, (k < w)%nat ->
  value x (mul_row k) = X (S k) / 2 ^ Z.of_nat k - 2 * (X (S k) / 2 ^ Z.of_nat (S k)) /\
  (value x (mul_row k) = 0 \/ value x (mul_row k) = 1).
Proof.
  intros k Hk. assert (E : value x (mul_row k) = X (S k) / 2 ^ Z.of_nat k - 2 * (X (S k) / 2 ^ Z.of_nat (S k))).
  { unfold mul_row. summed. rewrite sum_products, !sum_column_carry, (X_S k) by lia.
    rewrite (Z.mul_comm (2 ^ Z.of_nat k)), Z.div_add by (pose proof (pow_pos k); lia). lia. }
  split; [exact E|]. rewrite E, pow_S, (Z.mul_comm 2 (2 ^ Z.of_nat k)), <- Z.div_div by (pose proof (pow_pos k); lia).
  pose proof (Z.div_mod (X (S k) / 2 ^ Z.of_nat k) 2 ltac:(lia)).
  pose proof (Z.mod_pos_bound (X (S k) / 2 ^ Z.of_nat k) 2 ltac:(lia)). lia.
Qed.

Lemma mul_value : forall n, (n <= w)%nat -> val n (fun k => value x (mul_row k)) = X n mod 2 ^ Z.of_nat n.
Proof.
  intros n Hn. rewrite Z.mod_eq by (pose proof (pow_pos n); lia). induction n as [|n IH].
  - rewrite Z.div_1_r. unfold val. cbn [total]. lia.
  - rewrite val_S, IH by lia. rewrite (proj1 (mul_bit n ltac:(lia))), pow_S, (X_S n) by lia.
    rewrite (Z.mul_comm (2 ^ Z.of_nat n) (column n)), Z.div_add by (pose proof (pow_pos n); lia). ring.
Qed.

(* All columns below w are the product, up to a multiple of 2^w. *)
Lemma X_rows : forall n, (n <= w)%nat -> X n = total n (fun i => 2 ^ Z.of_nat i * a i * val (n - i) b).
Proof.
  induction n as [|n IH]; intros Hn; [reflexivity|]. rewrite X_S, IH by lia. unfold column. rewrite <- total_scale.
  rewrite (total_ext (S n) (fun i => 2 ^ Z.of_nat i * a i * val (S n - i) b)
    (fun i => 2 ^ Z.of_nat i * a i * val (n - i) b + 2 ^ Z.of_nat n * (a i * b (n - i)%nat))).
  - rewrite total_plus. cbn [total]. rewrite Nat.sub_diag. unfold val at 3. cbn [total]. ring.
  - intros i Hi. replace (S n - i)%nat with (S (n - i)) by lia. rewrite val_S.
    replace (Z.of_nat n) with (Z.of_nat i + Z.of_nat (n - i)) by lia. rewrite Z.pow_add_r by lia. ring.
Qed.

Lemma X_product : val w a * val w b = X w + 2 ^ Z.of_nat w * total w (fun i => a i * val i (fun j => b (w - i + j)%nat)).
Proof.
  rewrite X_rows by lia. unfold val at 1. rewrite Z.mul_comm, <- !total_scale, <- total_plus. apply total_ext. intros i Hi.
  replace w with ((w - i) + i)%nat at 1 3 by lia. rewrite val_split, Nat2Z.inj_add, Z.pow_add_r by lia. ring.
Qed.

(* backs: gates.mul *)
Theorem mul_correct : computes w (mul_rows w) x ((val w (x 0%nat) * val w (x 1%nat)) mod 2 ^ Z.of_nat w).
Proof.
  apply computes_map; [intros i Hi; apply mul_bit; exact Hi|].
  rewrite mul_value by lia. fold a b. rewrite X_product, (Z.mul_comm (2 ^ Z.of_nat w)), Z.mod_add by (pose proof (pow_pos
    w); lia).
  reflexivity.
Qed.
End Product.
