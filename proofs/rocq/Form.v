(* The rows of an E-FASP operator as data, and what they compute. A coordinate is a form: a sum of multiples of inputs and
   of units, and a constant; a unit is the ReLU of such a sum. *)
From Coq Require Export ZArith List Lia Bool.
Export ListNotations.
Global Open Scope Z_scope.

Inductive expr : Type :=
  | Arg (argument place : nat)
  | Relu (terms : list (Z * expr)) (constant : Z).
Definition terms : Type := list (Z * expr).
Definition form : Type := terms * Z.
Definition env : Type := nat -> nat -> Z. (* the arguments' coordinates *)

Fixpoint eval (x : env) (e : expr) : Z :=
  match e with
  | Arg a p => x a p
  | Relu ts c => Z.max 0 (fold_right (fun t rest => fst t * eval x (snd t) + rest) c ts)
  end.

Definition sum (x : env) (ts : terms) : Z := fold_right (fun t rest => fst t * eval x (snd t) + rest) 0 ts.
Definition value (x : env) (f : form) : Z := sum x (fst f) + snd f.
Definition out (rows : list form) (x : env) : nat -> Z := fun i => value x (nth i rows ([], 0)).

Lemma sum_cons : forall x k e ts, sum x ((k, e) :: ts) = k * eval x e + sum x ts.
Proof. reflexivity. Qed.

Lemma sum_nil : forall x, sum x [] = 0.
Proof. reflexivity. Qed.

Lemma eval_arg : forall x a p, eval x (Arg a p) = x a p.
Proof. reflexivity. Qed.

Lemma eval_relu : forall x ts c, eval x (Relu ts c) = Z.max 0 (sum x ts + c).
Proof.
  intros x ts c. cbn [eval]. f_equal. unfold sum.
  induction ts as [|t ts IH]; cbn [fold_right]; lia.
Qed.

Lemma sum_app : forall x a b, sum x (a ++ b) = sum x a + sum x b.
Proof. intros x a b. induction a as [|[k e] a IH]; cbn [app]; rewrite ?sum_cons, ?sum_nil; lia. Qed.

Definition scale (k : Z) (ts : terms) : terms := map (fun t => (k * fst t, snd t)) ts.

Lemma sum_scale : forall x k ts, sum x (scale k ts) = k * sum x ts.
Proof.
  intros x k ts. induction ts as [|[c e] ts IH]; cbn [scale map fst snd] in *; rewrite ?sum_cons, ?sum_nil; [lia|].
  fold (scale k ts). rewrite IH. ring.
Qed.

(* What is summed over the places below n. *)
Fixpoint total (n : nat) (f : nat -> Z) : Z :=
  match n with O => 0 | S m => total m f + f m end.

Lemma sum_flat_map : forall x g n, sum x (flat_map g (seq 0 n)) = total n (fun i => sum x (g i)).
Proof.
  intros x g n. induction n as [|n IH]; [reflexivity|].
  rewrite seq_S, flat_map_app, sum_app, IH. cbn [flat_map total Nat.add]. rewrite app_nil_r. reflexivity.
Qed.

Lemma sum_map : forall x g n, sum x (map g (seq 0 n)) = total n (fun i => fst (g i) * eval x (snd (g i))).
Proof.
  intros x g n. induction n as [|n IH]; [reflexivity|].
  rewrite seq_S, map_app, sum_app, IH. cbn [map total Nat.add].
  destruct (g n) as [k e]. rewrite sum_cons, sum_nil. cbn [fst snd]. lia.
Qed.

Lemma total_ext : forall n f g, (forall i, (i < n)%nat -> f i = g i) -> total n f = total n g.
Proof.
  intros n f g H. induction n as [|n IH]; [reflexivity|].
  cbn [total]. rewrite IH by (intros; apply H; lia). rewrite H by lia. reflexivity.
Qed.

Lemma total_scale : forall n k f, total n (fun i => k * f i) = k * total n f.
Proof. intros n k f. induction n as [|n IH]; cbn [total]; [lia|]. rewrite IH. ring. Qed.

Lemma total_plus : forall n f g, total n (fun i => f i + g i) = total n f + total n g.
Proof. intros n f g. induction n as [|n IH]; cbn [total]; lia. Qed.

Lemma total_zero : forall n f, (forall i, (i < n)%nat -> f i = 0) -> total n f = 0.
Proof.
  intros n f H. induction n as [|n IH]; [reflexivity|].
  cbn [total]. rewrite IH, H by (intros; try apply H; lia). reflexivity.
Qed.

Lemma total_one : forall n f k, (k < n)%nat -> (forall i, (i < n)%nat -> i <> k -> f i = 0) -> total n f = f k.
Proof.
  intros n f k Hk H. induction n as [|n IH]; [lia|]. cbn [total].
  destruct (Nat.eq_dec k n) as [->|Hne].
  - rewrite total_zero by (intros; apply H; lia). lia.
  - rewrite IH, (H n) by (intros; try apply H; lia). lia.
Qed.

(* Words: bits, lowest first, and their value. *)
Definition bits (w : nat) (f : nat -> Z) : Prop := forall i, (i < w)%nat -> f i = 0 \/ f i = 1.
Definition val (w : nat) (f : nat -> Z) : Z := total w (fun j => 2 ^ Z.of_nat j * f j).

(* The rows give w bits of the value v. *)
Definition computes (w : nat) (rows : list form) (x : env) (v : Z) : Prop :=
  length rows = w /\ bits w (out rows x) /\ val w (out rows x) = v.

Lemma pow_S : forall i, 2 ^ Z.of_nat (S i) = 2 * 2 ^ Z.of_nat i.
Proof. intros i. rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia. reflexivity. Qed.

Lemma pow_pos : forall i, 0 < 2 ^ Z.of_nat i.
Proof. intros i. apply Z.pow_pos_nonneg; lia. Qed.

Lemma val_S : forall w f, val (S w) f = val w f + 2 ^ Z.of_nat w * f w.
Proof. reflexivity. Qed.

Lemma val_ext : forall w f g, (forall i, (i < w)%nat -> f i = g i) -> val w f = val w g.
Proof. intros w f g H. apply total_ext. intros i Hi. rewrite (H i Hi). reflexivity. Qed.

Lemma bits_le : forall w v f, (v <= w)%nat -> bits w f -> bits v f.
Proof. intros w v f Hv H i Hi. apply H. lia. Qed.

Lemma val_bounds : forall w f, bits w f -> 0 <= val w f < 2 ^ Z.of_nat w.
Proof.
  intros w f. induction w as [|w IH]; intros H.
  - cbn. lia.
  - rewrite val_S, pow_S. specialize (IH (bits_le (S w) w f ltac:(lia) H)).
    destruct (H w ltac:(lia)) as [E|E]; rewrite E; lia.
Qed.

Lemma val_mod : forall w f s q, bits w f -> val w f = s - 2 ^ Z.of_nat w * q -> val w f = s mod 2 ^ Z.of_nat w.
Proof.
  intros w f s q H E. apply Z.mod_unique with (q := q); [left; apply val_bounds; exact H|lia].
Qed.

Lemma val_split : forall n m f, val (n + m) f = val n f + 2 ^ Z.of_nat n * val m (fun j => f (n + j)%nat).
Proof.
  intros n m f. induction m as [|m IH].
  - rewrite Nat.add_0_r. cbn [val total]. unfold val. cbn [total]. lia.
  - replace (n + S m)%nat with (S (n + m)) by lia.
    rewrite !val_S, IH, Nat2Z.inj_add, Z.pow_add_r by lia. ring.
Qed.

Lemma val_one : forall f, val 1 f = f 0%nat.
Proof. intros f. unfold val. cbn [total]. change (2 ^ Z.of_nat 0) with 1. lia. Qed.

Lemma val_div : forall n m f, bits (n + m) f -> val (n + m) f / 2 ^ Z.of_nat n = val m (fun j => f (n + j)%nat).
Proof.
  intros n m f H. symmetry. apply Z.div_unique with (r := val n f).
  - left. apply val_bounds. apply (bits_le (n + m)); [lia|exact H].
  - rewrite val_split. lia.
Qed.

Lemma testbit_b2z : forall w f i, bits w f -> (i < w)%nat -> Z.b2z (Z.testbit (val w f) (Z.of_nat i)) = f i.
Proof.
  intros w f i B Hi. rewrite Z.testbit_spec' by lia.
  replace w with (i + S (w - S i))%nat in * by lia. rewrite val_div by exact B.
  change (S (w - S i)) with (1 + (w - S i))%nat at 1. rewrite val_split, val_one, Nat.add_0_r.
  change (2 ^ Z.of_nat 1) with 2. symmetry. apply Z.mod_unique with (q := val (w - S i) (fun j => f (i + (1 + j))%nat)).
  - left. destruct (B i ltac:(lia)) as [E|E]; rewrite E; lia.
  - lia.
Qed.

Lemma testbit_high : forall w v i, 0 <= v < 2 ^ Z.of_nat w -> Z.of_nat w <= i -> Z.testbit v i = false.
Proof.
  intros w v i V Hi. rewrite <- (Z.mod_small v (2 ^ Z.of_nat w)) by exact V. apply Z.mod_pow2_bits_high. lia.
Qed.

(* A result given bit by bit. *)
Lemma val_spec : forall w f v, bits w f ->
  (forall i, (i < w)%nat -> f i = Z.b2z (Z.testbit v (Z.of_nat i))) ->
  (forall i, Z.of_nat w <= i -> Z.testbit v i = false) -> val w f = v.
Proof.
  intros w f v B H V. apply Z.bits_inj'. intros n Hn.
  destruct (Z_lt_dec n (Z.of_nat w)) as [L|L].
  - apply Z.b2z_inj. rewrite <- (Z2Nat.id n) by lia. rewrite testbit_b2z by (try exact B; lia). apply H. lia.
  - rewrite V by lia. apply (testbit_high w); [apply val_bounds; exact B|lia].
Qed.

(* A word's value as an operator sums it. *)
Definition word (k : Z) (a n : nat) : terms := map (fun j => (k * 2 ^ Z.of_nat j, Arg a j)) (seq 0 n).

Lemma sum_word : forall x k a n, sum x (word k a n) = k * val n (x a).
Proof.
  intros x k a n. unfold word, val. rewrite sum_map, <- total_scale.
  apply total_ext. intros i _. cbn [fst snd eval]. ring.
Qed.

(* Reading rows off their definition. *)
Lemma out_map : forall r w x i, (i < w)%nat -> out (map r (seq 0 w)) x i = value x (r i).
Proof.
  intros r w x i Hi. unfold out.
  rewrite nth_indep with (d' := r 0%nat) by (rewrite map_length, seq_length; exact Hi).
  rewrite map_nth, seq_nth by exact Hi. reflexivity.
Qed.

Lemma computes_map : forall w r x v,
  (forall i, (i < w)%nat -> value x (r i) = 0 \/ value x (r i) = 1) ->
  val w (fun i => value x (r i)) = v -> computes w (map r (seq 0 w)) x v.
Proof.
  intros w r x v B E. split; [rewrite map_length, seq_length; reflexivity|]. split.
  - intros i Hi. rewrite out_map by exact Hi. apply B. exact Hi.
  - rewrite <- E. apply val_ext. intros i Hi. apply out_map. exact Hi.
Qed.

Lemma computes_one : forall f x b, value x f = Z.b2z b -> computes 1 [f] x (Z.b2z b).
Proof.
  intros f x b E. split; [reflexivity|]. split.
  - intros i Hi. replace i with 0%nat by lia. unfold out. cbn [nth]. rewrite E. destruct b; cbn; lia.
  - unfold val. cbn [total]. unfold out. cbn [nth]. rewrite E. change (2 ^ Z.of_nat 0) with 1. lia.
Qed.

Lemma computes_bitwise : forall w r x v,
  (forall i, (i < w)%nat -> value x (r i) = Z.b2z (Z.testbit v (Z.of_nat i))) ->
  (forall i, Z.of_nat w <= i -> Z.testbit v i = false) -> computes w (map r (seq 0 w)) x v.
Proof.
  intros w r x v H V.
  assert (B : forall i, (i < w)%nat -> value x (r i) = 0 \/ value x (r i) = 1).
  { intros i Hi. rewrite H by exact Hi. destruct (Z.testbit v (Z.of_nat i)); cbn; lia. }
  apply computes_map; [exact B|]. apply val_spec; [exact B|exact H|exact V].
Qed.

Ltac summed := unfold value; cbn [fst snd]; rewrite ?sum_app, ?sum_scale, ?sum_cons, ?sum_nil, ?eval_relu, ?sum_cons,
  ?sum_nil, ?eval_arg.
