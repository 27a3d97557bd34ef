(* The operators over words at every width: what their rows compute is their specification. *)
From Efasp Require Import Form.

(* Thresholds and equalities of a sum. *)
Definition threshold (ts : terms) (k : Z) : terms := [(1, Relu ts (1 - k)); (-1, Relu ts (- k))].
Definition equality (ts : terms) (k : Z) : terms := [(1, Relu ts (1 - k)); (-2, Relu ts (- k)); (1, Relu ts (-1 - k))].

Lemma sum_threshold : forall x ts k, sum x (threshold ts k) = Z.b2z (k <=? sum x ts).
Proof. intros. unfold threshold. summed. destruct (Z.leb_spec k (sum x ts)); cbn [Z.b2z]; lia. Qed.

Lemma sum_equality : forall x ts k, sum x (equality ts k) = Z.b2z (sum x ts =? k).
Proof. intros. unfold equality. summed. destruct (Z.eqb_spec (sum x ts) k); cbn [Z.b2z]; lia. Qed.

Definition threshold_rows (k : Z) : list form := [(threshold [(1, Arg 0 0)] k, 0)].
Definition equals_rows (k : Z) : list form := [(equality [(1, Arg 0 0)] k, 0)].
Definition one_hot_rows (size : nat) : list form :=
  map (fun k => (equality [(1, Arg 0 0)] (Z.of_nat k), 0)) (seq 0 size).

(* backs: gates.threshold *)
Theorem threshold_correct : forall k x, computes 1 (threshold_rows k) x (Z.b2z (k <=? x 0%nat 0%nat)).
Proof.
  intros k x. apply computes_one. unfold value. cbn [fst snd]. rewrite sum_threshold. summed.
  rewrite Z.mul_1_l, !Z.add_0_r. reflexivity.
Qed.

(* backs: gates.equals *)
Theorem equals_correct : forall k x, computes 1 (equals_rows k) x (Z.b2z (x 0%nat 0%nat =? k)).
Proof.
  intros k x. apply computes_one. unfold value. cbn [fst snd]. rewrite sum_equality. summed.
  rewrite Z.mul_1_l, !Z.add_0_r. reflexivity.
Qed.

(* backs: gates.one_hot *)
Theorem one_hot_correct : forall size x k, (k < size)%nat ->
  out (one_hot_rows size) x k = Z.b2z (x 0%nat 0%nat =? Z.of_nat k).
Proof.
  intros size x k Hk. unfold one_hot_rows. rewrite out_map by exact Hk. unfold value. cbn [fst snd].
  rewrite sum_equality. summed. rewrite Z.mul_1_l, !Z.add_0_r. reflexivity.
Qed.

(* Bit by bit. *)
Definition both (a b i j : nat) : expr := Relu [(1, Arg a i); (1, Arg b j)] (-1).

Definition not_rows (w : nat) : list form := map (fun i => ([(-1, Arg 0 i)], 1)) (seq 0 w).
Definition and_rows (w : nat) : list form := map (fun i => ([(1, both 0 1 i i)], 0)) (seq 0 w).
Definition or_rows (w : nat) : list form :=
  map (fun i => ([(1, Arg 0 i); (1, Arg 1 i); (-1, both 0 1 i i)], 0)) (seq 0 w).
Definition xor_rows (w : nat) : list form :=
  map (fun i => ([(1, Arg 0 i); (1, Arg 1 i); (-2, both 0 1 i i)], 0)) (seq 0 w).
Definition gate_rows (w : nat) : list form := map (fun i => ([(1, both 1 0 i 0)], 0)) (seq 0 w).
Definition if_else_rows (w : nat) : list form :=
  map (fun i => ([(1, both 1 0 i 0); (1, Relu [(1, Arg 2 i); (-1, Arg 0 0)] 0)], 0)) (seq 0 w).
Definition select_rows (options w : nat) : list form :=
  map (fun i => (map (fun k => (1, both (S k) 0 i k)) (seq 0 options), 0)) (seq 0 w).

Lemma eval_both : forall x a b i j, x a i = 0 \/ x a i = 1 -> x b j = 0 \/ x b j = 1 ->
  eval x (both a b i j) = x a i * x b j.
Proof. intros x a b i j [A|A] [B|B]; unfold both; summed; rewrite A, B; reflexivity. Qed.

Section Bitwise.
Variables (w : nat) (x : env).
Hypotheses (A : bits w (x 0%nat)) (B : bits w (x 1%nat)).

Lemma high : forall a i, bits w (x a) -> Z.of_nat w <= i -> Z.testbit (val w (x a)) i = false.
Proof. intros a i H Hi. apply (testbit_high w); [apply val_bounds; exact H|exact Hi]. Qed.

Ltac bitwise :=
  apply computes_bitwise; intros i Hi;
  [summed; rewrite ?eval_both by (first [apply A; exact Hi | apply B; exact Hi])
  |rewrite ?Z.lxor_spec, ?Z.lor_spec, ?Z.land_spec, !high by assumption; reflexivity];
  rewrite ?Z.lxor_spec, ?Z.lor_spec, ?Z.land_spec;
  rewrite <- (testbit_b2z w (x 0%nat) i A Hi), <- (testbit_b2z w (x 1%nat) i B Hi);
  destruct (Z.testbit (val w (x 0%nat)) (Z.of_nat i)), (Z.testbit (val w (x 1%nat)) (Z.of_nat i)); reflexivity.

(* backs: gates.and *)
Theorem and_correct : computes w (and_rows w) x (Z.land (val w (x 0%nat)) (val w (x 1%nat))).
Proof. bitwise. Qed.

(* backs: gates.or *)
Theorem or_correct : computes w (or_rows w) x (Z.lor (val w (x 0%nat)) (val w (x 1%nat))).
Proof. bitwise. Qed.

(* backs: gates.xor *)
Theorem xor_correct : computes w (xor_rows w) x (Z.lxor (val w (x 0%nat)) (val w (x 1%nat))).
Proof. bitwise. Qed.

(* backs: gates.not *)
Theorem not_correct : computes w (not_rows w) x (Z.land (Z.lnot (val w (x 0%nat))) (Z.ones (Z.of_nat w))).
Proof.
  apply computes_bitwise; intros i Hi.
  - summed. rewrite Z.land_spec, Z.lnot_spec, Z.ones_spec_low by lia.
    rewrite <- (testbit_b2z w (x 0%nat) i A Hi). destruct (Z.testbit (val w (x 0%nat)) (Z.of_nat i)); reflexivity.
  - rewrite Z.land_spec, Z.ones_spec_high, andb_false_r by lia. reflexivity.
Qed.
End Bitwise.

(* A word by its bits, where they are known. *)
Lemma computes_bits : forall w r x f, bits w f -> (forall i, (i < w)%nat -> value x (r i) = f i) ->
  computes w (map r (seq 0 w)) x (val w f).
Proof.
  intros w r x f B H. apply computes_map.
  - intros i Hi. rewrite H by exact Hi. apply B. exact Hi.
  - apply val_ext. exact H.
Qed.

Lemma val_zero : forall w, val w (fun _ => 0) = 0.
Proof. intros w. apply total_zero. intros. ring. Qed.

(* backs: gates.gate *)
Theorem gate_correct : forall w x, bits 1 (x 0%nat) -> bits w (x 1%nat) ->
  computes w (gate_rows w) x (if x 0%nat 0%nat =? 1 then val w (x 1%nat) else 0).
Proof.
  intros w x C A. rewrite <- (val_zero w). replace (if x 0%nat 0%nat =? 1 then val w (x 1%nat) else val w (fun _ => 0))
    with (val w (fun i => x 0%nat 0%nat * x 1%nat i)).
  - apply computes_bits.
    + intros i Hi. destruct (C 0%nat ltac:(lia)) as [E|E], (A i Hi) as [F|F]; rewrite E, F; lia.
    + intros i Hi. summed. rewrite eval_both by (first [apply A; exact Hi | apply C; lia]). lia.
  - destruct (C 0%nat ltac:(lia)) as [E|E]; rewrite E; cbn [Z.eqb]; apply val_ext; intros; lia.
Qed.

(* backs: gates.if_else *)
Theorem if_else_correct : forall w x, bits 1 (x 0%nat) -> bits w (x 1%nat) -> bits w (x 2%nat) ->
  computes w (if_else_rows w) x (if x 0%nat 0%nat =? 1 then val w (x 1%nat) else val w (x 2%nat)).
Proof.
  intros w x C A B.
  destruct (C 0%nat ltac:(lia)) as [E|E]; rewrite E; cbn [Z.eqb Pos.eqb]; (apply computes_bits; [assumption|]);
    intros i Hi; unfold both; summed; rewrite E; destruct (A i Hi) as [F|F], (B i Hi) as [G|G]; rewrite F, G; reflexivity.
Qed.

(* backs: gates.select *)
Theorem select_correct : forall options w x, bits options (x 0%nat) ->
  (forall k, (k < options)%nat -> bits w (x (S k))) ->
  (forall j k, (j < options)%nat -> (k < options)%nat -> x 0%nat j = 1 -> x 0%nat k = 1 -> j = k) ->
  (forall k, (k < options)%nat -> x 0%nat k = 1 -> computes w (select_rows options w) x (val w (x (S k)))) /\
  ((forall k, (k < options)%nat -> x 0%nat k = 0) -> computes w (select_rows options w) x 0).
Proof.
  intros options w x C A U.
  assert (T : forall i j, (i < w)%nat -> (j < options)%nat -> eval x (both (S j) 0 i j) = x (S j) i * x 0%nat j).
  { intros i j Hi Hj. apply eval_both; [apply A; assumption|apply C; exact Hj]. }
  split.
  - intros k Hk E. apply computes_bits; [apply A; exact Hk|]. intros i Hi.
    unfold value. cbn [fst snd]. rewrite sum_map. cbn [fst snd]. rewrite total_one with (k := k).
    + rewrite T, E by assumption. lia.
    + exact Hk.
    + intros j Hj N. rewrite T by assumption. destruct (C j Hj) as [F|F]; rewrite F; [lia|].
      destruct N. apply U; assumption.
  - intros Z. rewrite <- (val_zero w). apply computes_bits; [intros i _; left; reflexivity|]. intros i Hi.
    unfold value. cbn [fst snd]. rewrite sum_map. cbn [fst snd]. rewrite total_zero; [reflexivity|].
    intros j Hj. rewrite T, Z by assumption. lia.
Qed.

(* Counts of ones. *)
Definition count (n : nat) (f : nat -> Z) : Z := total n f.
Definition ones (k : Z) (a n : nat) : terms := map (fun j => (k, Arg a j)) (seq 0 n).
Definition every (n : nat) : expr := Relu (ones 1 0 n) (1 - Z.of_nat n).
Definition all_rows (w : nat) : list form := [([(1, every w)], 0)].
Definition any_rows (w : nat) : list form := [([(-1, Relu (ones (-1) 0 w) 1)], 1)].

Lemma sum_ones : forall x k a n, sum x (ones k a n) = k * count n (x a).
Proof. intros. unfold ones, count. rewrite sum_map. cbn [fst snd eval]. apply total_scale. Qed.

Lemma count_bounds : forall n f, bits n f -> 0 <= count n f <= Z.of_nat n.
Proof.
  unfold count. intros n f H. induction n as [|n IH]; cbn [total]; [lia|].
  specialize (IH (bits_le (S n) n f ltac:(lia) H)). destruct (H n ltac:(lia)) as [E|E]; rewrite E; lia.
Qed.

Lemma count_full : forall n f, bits n f -> (count n f =? Z.of_nat n) = (val n f =? 2 ^ Z.of_nat n - 1).
Proof.
  intros n f H. induction n as [|n IH]; [reflexivity|].
  pose proof (bits_le (S n) n f ltac:(lia) H) as H'. specialize (IH H').
  pose proof (count_bounds n f H'). pose proof (val_bounds n f H').
  unfold count in *. cbn [total]. rewrite val_S, pow_S.
  destruct (H n ltac:(lia)) as [E|E]; rewrite E;
    destruct (Z.eqb_spec (total n f) (Z.of_nat n)), (Z.eqb_spec (val n f) (2 ^ Z.of_nat n - 1)); try discriminate;
    match goal with |- (?a =? ?b) = (?c =? ?d) => destruct (Z.eqb_spec a b), (Z.eqb_spec c d) end; lia.
Qed.

Lemma count_none : forall n f, bits n f -> (count n f =? 0) = (val n f =? 0).
Proof.
  intros n f H. induction n as [|n IH]; [reflexivity|].
  pose proof (bits_le (S n) n f ltac:(lia) H) as H'. specialize (IH H').
  pose proof (count_bounds n f H'). pose proof (val_bounds n f H'). pose proof (pow_pos n).
  unfold count in *. cbn [total]. rewrite val_S.
  destruct (H n ltac:(lia)) as [E|E]; rewrite E;
    destruct (Z.eqb_spec (total n f) 0), (Z.eqb_spec (val n f) 0); try discriminate;
    match goal with |- (?a =? ?b) = (?c =? ?d) => destruct (Z.eqb_spec a b), (Z.eqb_spec c d) end; lia.
Qed.

Lemma eval_every : forall x n, bits n (x 0%nat) -> eval x (every n) = Z.b2z (count n (x 0%nat) =? Z.of_nat n).
Proof.
  intros x n H. unfold every. rewrite eval_relu, sum_ones. pose proof (count_bounds n (x 0%nat) H).
  destruct (Z.eqb_spec (count n (x 0%nat)) (Z.of_nat n)); cbn [Z.b2z]; lia.
Qed.

(* backs: gates.all *)
Theorem all_correct : forall w x, bits w (x 0%nat) ->
  computes 1 (all_rows w) x (Z.b2z (val w (x 0%nat) =? 2 ^ Z.of_nat w - 1)).
Proof. intros w x A. apply computes_one. summed. rewrite eval_every, count_full by exact A. lia. Qed.

(* backs: gates.any *)
Theorem any_correct : forall w x, bits w (x 0%nat) -> computes 1 (any_rows w) x (Z.b2z (negb (val w (x 0%nat) =? 0))).
Proof.
  intros w x A. apply computes_one. summed. rewrite sum_ones, <- count_none by exact A.
  pose proof (count_bounds w (x 0%nat) A). destruct (Z.eqb_spec (count w (x 0%nat)) 0); cbn [Z.b2z negb]; lia.
Qed.

(* Comparisons: of the words' values. *)
Definition less_rows (w : nat) : list form := [(threshold (word 1 1 w ++ word (-1) 0 w) 1, 0)].
Definition equal_rows (w : nat) : list form := [(equality (word 1 0 w ++ word (-1) 1 w) 0, 0)].

(* backs: gates.less *)
Theorem less_correct : forall w x, computes 1 (less_rows w) x (Z.b2z (val w (x 0%nat) <? val w (x 1%nat))).
Proof.
  intros w x. apply computes_one. unfold value. cbn [fst snd]. rewrite sum_threshold, sum_app, !sum_word.
  destruct (Z.ltb_spec (val w (x 0%nat)) (val w (x 1%nat))); cbn [Z.b2z];
    destruct (Z.leb_spec 1 (1 * val w (x 1%nat) + -1 * val w (x 0%nat))); cbn [Z.b2z]; lia.
Qed.

(* backs: gates.equal *)
Theorem equal_correct : forall w x, computes 1 (equal_rows w) x (Z.b2z (val w (x 0%nat) =? val w (x 1%nat))).
Proof.
  intros w x. apply computes_one. unfold value. cbn [fst snd]. rewrite sum_equality, sum_app, !sum_word.
  destruct (Z.eqb_spec (val w (x 0%nat)) (val w (x 1%nat))); cbn [Z.b2z];
    destruct (Z.eqb_spec (1 * val w (x 0%nat) + -1 * val w (x 1%nat)) 0); cbn [Z.b2z]; lia.
Qed.

(* Sums and differences: with X_i = sum below i of 2^j (a_j + s b_j) the carry into bit i is whether X_i >= 2^i (s = 1), the
   borrow whether -X_i >= 1 (s = -1). *)
Definition carry (i : nat) : terms :=
  match i with O => [] | _ => threshold (word 1 0 i ++ word 1 1 i) (2 ^ Z.of_nat i) end.
Definition borrow (i : nat) : terms :=
  match i with O => [] | _ => threshold (word (-1) 0 i ++ word 1 1 i) 1 end.
Definition carries_rows (w : nat) : list form := map (fun i => (carry (S i), 0)) (seq 0 w).
Definition borrows_rows (w : nat) : list form := map (fun i => (borrow (S i), 0)) (seq 0 w).
Definition sum_row (sign : Z) (moved : nat -> terms) (i : nat) : form :=
  ([(1, Arg 0 i); (sign, Arg 1 i)] ++ scale sign (moved i) ++ scale (-2 * sign) (moved (S i)), 0).
Definition add_rows (w : nat) : list form := map (sum_row 1 carry) (seq 0 w).
Definition sub_rows (w : nat) : list form := map (sum_row (-1) borrow) (seq 0 w).

Lemma sum_carry : forall x i, sum x (carry i) = Z.b2z (2 ^ Z.of_nat i <=? val i (x 0%nat) + val i (x 1%nat)).
Proof.
  intros x [|i]; [reflexivity|]. unfold carry. rewrite sum_threshold, sum_app, !sum_word, !Z.mul_1_l. reflexivity.
Qed.

Lemma sum_borrow : forall x i, sum x (borrow i) = Z.b2z (val i (x 0%nat) - val i (x 1%nat) <? 0).
Proof.
  intros x [|i]; [reflexivity|]. unfold borrow. rewrite sum_threshold, sum_app, !sum_word.
  f_equal. destruct (Z.ltb_spec (val (S i) (x 0%nat) - val (S i) (x 1%nat)) 0); [apply Z.leb_le|apply Z.leb_gt]; lia.
Qed.

(* The low i bits of a word are its value modulo 2^i. *)
Lemma val_low : forall w i f, (i <= w)%nat -> bits w f -> val i f = val w f mod 2 ^ Z.of_nat i.
Proof.
  intros w i f Hi B. replace w with (i + (w - i))%nat by lia. rewrite val_split.
  rewrite (Z.mul_comm (2 ^ Z.of_nat i)), Z.mod_add by (pose proof (pow_pos i); lia).
  symmetry. apply Z.mod_small. apply val_bounds. apply (bits_le w); assumption.
Qed.

(* backs: gates.carries *)
Theorem carries_correct : forall w x i, bits w (x 0%nat) -> bits w (x 1%nat) -> (i < w)%nat ->
  out (carries_rows w) x i = Z.b2z (2 ^ Z.of_nat (S i) <=?
    val w (x 0%nat) mod 2 ^ Z.of_nat (S i) + val w (x 1%nat) mod 2 ^ Z.of_nat (S i)).
Proof.
  intros w x i A B Hi. unfold carries_rows. rewrite out_map by exact Hi. unfold value. cbn [fst snd].
  rewrite sum_carry, Z.add_0_r, <- !val_low by (assumption || lia). reflexivity.
Qed.

(* backs: gates.borrows *)
Theorem borrows_correct : forall w x i, bits w (x 0%nat) -> bits w (x 1%nat) -> (i < w)%nat ->
  out (borrows_rows w) x i = Z.b2z (
    val w (x 0%nat) mod 2 ^ Z.of_nat (S i) - val w (x 1%nat) mod 2 ^ Z.of_nat (S i) <? 0).
Proof.
  intros w x i A B Hi. unfold borrows_rows. rewrite out_map by exact Hi. unfold value. cbn [fst snd].
  rewrite sum_borrow, Z.add_0_r, <- !val_low by (assumption || lia). reflexivity.
Qed.

(* One step of the recurrence: the bit is 0 or 1. *)
Lemma add_bit : forall x i, bits (S i) (x 0%nat) -> bits (S i) (x 1%nat) ->
  value x (sum_row 1 carry i) = 0 \/ value x (sum_row 1 carry i) = 1.
Proof.
  intros x i A B. unfold sum_row. summed. rewrite !sum_carry, !val_S, pow_S.
  pose proof (val_bounds i _ (bits_le (S i) i _ ltac:(lia) A)). pose proof (val_bounds i _ (bits_le (S i) i _ ltac:(lia) B)).
  destruct (A i ltac:(lia)) as [E|E], (B i ltac:(lia)) as [F|F]; rewrite E, F;
    repeat match goal with |- context [?a <=? ?b] => destruct (Z.leb_spec a b) end; cbn [Z.b2z]; lia.
Qed.

Lemma sub_bit : forall x i, bits (S i) (x 0%nat) -> bits (S i) (x 1%nat) ->
  value x (sum_row (-1) borrow i) = 0 \/ value x (sum_row (-1) borrow i) = 1.
Proof.
  intros x i A B. unfold sum_row. summed. rewrite !sum_borrow, !val_S.
  pose proof (val_bounds i _ (bits_le (S i) i _ ltac:(lia) A)). pose proof (val_bounds i _ (bits_le (S i) i _ ltac:(lia) B)).
  destruct (A i ltac:(lia)) as [E|E], (B i ltac:(lia)) as [F|F]; rewrite E, F;
    repeat match goal with |- context [?a <? ?b] => destruct (Z.ltb_spec a b) end; cbn [Z.b2z]; lia.
Qed.

(* The carries telescope. *)
Lemma sum_value : forall x sign moved n, sum x (moved 0%nat) = 0 ->
  val n (fun i => value x (sum_row sign moved i)) =
  val n (x 0%nat) + sign * val n (x 1%nat) - sign * 2 ^ Z.of_nat n * sum x (moved n).
Proof.
  intros x sign moved n Z. induction n as [|n IH].
  - rewrite Z. unfold val. cbn [total]. ring.
  - rewrite !val_S, IH, pow_S. unfold sum_row. summed. ring.
Qed.

(* backs: gates.add *)
Theorem add_correct : forall w x, bits w (x 0%nat) -> bits w (x 1%nat) ->
  computes w (add_rows w) x ((val w (x 0%nat) + val w (x 1%nat)) mod 2 ^ Z.of_nat w).
Proof.
  intros w x A B.
  assert (H : bits w (fun i => value x (sum_row 1 carry i))).
  { intros i Hi. apply add_bit; apply (bits_le w); assumption || lia. }
  apply computes_map; [exact H|]. apply val_mod with (q := sum x (carry w)); [exact H|].
  rewrite sum_value by reflexivity. ring.
Qed.

(* backs: gates.sub *)
Theorem sub_correct : forall w x, bits w (x 0%nat) -> bits w (x 1%nat) ->
  computes w (sub_rows w) x ((val w (x 0%nat) - val w (x 1%nat)) mod 2 ^ Z.of_nat w).
Proof.
  intros w x A B.
  assert (H : bits w (fun i => value x (sum_row (-1) borrow i))).
  { intros i Hi. apply sub_bit; apply (bits_le w); assumption || lia. }
  apply computes_map; [exact H|]. apply val_mod with (q := - sum x (borrow w)); [exact H|].
  rewrite sum_value by reflexivity. ring.
Qed.

(* Increment: the carry into bit i is the conjunction of the bits below. *)
Definition increment_row (i : nat) : form :=
  ((1, Arg 0 i) :: match i with O => [] | _ => [(1, every i)] end ++ [(-2, every (S i))], match i with O => 1 | _ => 0 end).
Definition increment_rows (w : nat) : list form := map increment_row (seq 0 w).

Lemma increment_value : forall x i, value x (increment_row i) = x 0%nat i + eval x (every i) - 2 * eval x (every (S i)).
Proof.
  intros x [|i]; unfold increment_row, value; cbn [app fst snd]; rewrite !sum_cons, sum_nil, eval_arg; [|lia].
  change (eval x (every 0)) with 1. lia.
Qed.

(* backs: gates.increment *)
Theorem increment_correct : forall w x, bits w (x 0%nat) ->
  computes w (increment_rows w) x ((val w (x 0%nat) + 1) mod 2 ^ Z.of_nat w).
Proof.
  intros w x A.
  assert (H : bits w (fun i => value x (increment_row i))).
  { intros i Hi. rewrite increment_value, !eval_every by (apply (bits_le w); assumption || lia).
    pose proof (count_bounds i _ (bits_le w i _ ltac:(lia) A)). unfold count in *. cbn [total].
    destruct (A i Hi) as [E|E]; rewrite E;
      repeat match goal with |- context [?a =? ?b] => destruct (Z.eqb_spec a b) end; cbn [Z.b2z]; lia. }
  apply computes_map; [exact H|]. apply val_mod with (q := eval x (every w)); [exact H|]. clear H.
  induction w as [|w IH].
  - unfold val. cbn [total]. unfold every. rewrite eval_relu. reflexivity.
  - rewrite !val_S, (IH (bits_le (S w) w _ ltac:(lia) A)), increment_value, pow_S. ring.
Qed.

(* Shifts by one bit. *)
Definition shift_left_row (i : nat) : form := (match i with O => [] | S j => [(1, Arg 0 j)] end, 0).
Definition shift_left_rows (w : nat) : list form := map shift_left_row (seq 0 w).
Definition shift_right_row (w i : nat) : form := (if (S i <? w)%nat then [(1, Arg 0 (S i))] else [], 0).
Definition shift_right_rows (w : nat) : list form := map (shift_right_row w) (seq 0 w).

(* backs: gates.shift_left *)
Theorem shift_left_correct : forall w x, bits w (x 0%nat) ->
  computes w (shift_left_rows w) x (Z.shiftl (val w (x 0%nat)) 1 mod 2 ^ Z.of_nat w).
Proof.
  intros w x A. apply computes_bitwise; intros i Hi.
  - rewrite Z.mod_pow2_bits_low by lia. destruct i as [|i].
    + rewrite Z.shiftl_spec_low by lia. reflexivity.
    + rewrite Z.shiftl_spec by lia. replace (Z.of_nat (S i) - 1) with (Z.of_nat i) by lia.
      rewrite testbit_b2z by (assumption || lia). unfold shift_left_row. summed. lia.
  - apply Z.mod_pow2_bits_high. lia.
Qed.

(* backs: gates.shift_right *)
Theorem shift_right_correct : forall w x, bits w (x 0%nat) ->
  computes w (shift_right_rows w) x (Z.shiftr (val w (x 0%nat)) 1).
Proof.
  intros w x A. apply computes_bitwise; intros i Hi.
  - rewrite Z.shiftr_spec by lia. replace (Z.of_nat i + 1) with (Z.of_nat (S i)) by lia.
    unfold shift_right_row. destruct (Nat.ltb_spec (S i) w).
    + rewrite testbit_b2z by assumption. summed. lia.
    + rewrite (testbit_high w) by (try apply val_bounds; assumption || lia). reflexivity.
  - rewrite Z.shiftr_spec by lia. apply (testbit_high w); [apply val_bounds; exact A|lia].
Qed.

(* Shifts by a word: bit i is the sum over s of (a_(i -+ s) and [amount = s]). A flag that is 0 makes the amount 2^w more. *)
Definition amount (enabled : bool) (w : nat) : terms := word 1 1 w ++ if enabled then [(- 2 ^ Z.of_nat w, Arg 2 0)] else [].
Definition offset (enabled : bool) (w : nat) : Z := if enabled then 2 ^ Z.of_nat w else 0.
Definition moved (enabled : bool) (w s j : nat) : Z * expr :=
  (1, Relu ((1, Arg 0 j) :: equality (amount enabled w) (Z.of_nat s - offset enabled w)) (-1)).
Definition shift_left_by_rows (enabled : bool) (w : nat) : list form :=
  map (fun i => (map (fun s => moved enabled w s (i - s)) (seq 0 (S i)), 0)) (seq 0 w).
Definition shift_right_by_rows (enabled : bool) (w : nat) : list form :=
  map (fun i => (map (fun s => moved enabled w s (i + s)) (seq 0 (w - i)), 0)) (seq 0 w).

Definition on (enabled : bool) (x : env) : bool := if enabled then x 2%nat 0%nat =? 1 else true.

Lemma eval_moved : forall enabled w x s j, bits w (x 0%nat) -> bits w (x 1%nat) -> bits 1 (x 2%nat) -> (j < w)%nat -> (s <
  w)%nat ->
  eval x (snd (moved enabled w s j)) = if on enabled x && (val w (x 1%nat) =? Z.of_nat s) then x 0%nat j else 0.
Proof.
  intros enabled w x s j A B C Hj Hs. unfold moved. cbn [snd]. rewrite eval_relu, sum_cons, sum_equality, eval_arg.
  unfold amount, offset, on. rewrite sum_app, sum_word. pose proof (val_bounds w _ B).
  assert (Z.of_nat w < 2 ^ Z.of_nat w) by (apply Z.pow_gt_lin_r; lia).
  destruct enabled; rewrite ?sum_cons, ?sum_nil, ?eval_arg.
  - destruct (C 0%nat ltac:(lia)) as [F|F]; rewrite F; cbn [Z.eqb Pos.eqb andb];
      destruct (Z.eqb_spec (val w (x 1%nat)) (Z.of_nat s)), (A j Hj) as [E|E]; rewrite E;
      match goal with |- context [?a =? ?b] => destruct (Z.eqb_spec a b) end; cbn [Z.b2z]; lia.
  - cbn [andb]. destruct (Z.eqb_spec (val w (x 1%nat)) (Z.of_nat s)), (A j Hj) as [E|E]; rewrite E;
      match goal with |- context [?a =? ?b] => destruct (Z.eqb_spec a b) end; cbn [Z.b2z]; lia.
Qed.

Lemma shifted_bit : forall enabled w x n (source : nat -> nat), bits w (x 0%nat) -> bits w (x 1%nat) -> bits 1 (x 2%nat) ->
  (n <= w)%nat -> (forall s, (s < n)%nat -> (source s < w)%nat) ->
  value x (map (fun s => moved enabled w s (source s)) (seq 0 n), 0) =
  if on enabled x && (val w (x 1%nat) <? Z.of_nat n) then x 0%nat (source (Z.to_nat (val w (x 1%nat)))) else 0.
Proof.
  intros enabled w x n source A B C Hn Hs. unfold value. cbn [fst snd]. rewrite sum_map, Z.add_0_r.
  pose proof (val_bounds w _ B) as [L _]. destruct (on enabled x && (val w (x 1%nat) <? Z.of_nat n)) eqn:O.
  - apply andb_prop in O as [O N]. apply Z.ltb_lt in N. rewrite total_one with (k := Z.to_nat (val w (x 1%nat))).
    + rewrite eval_moved by (try apply Hs; assumption || lia). rewrite O, Z2Nat.id, Z.eqb_refl by exact L.
      cbn [andb moved fst]. lia.
    + lia.
    + intros s S N'. rewrite eval_moved by (try apply Hs; assumption || lia).
      rewrite O. destruct (Z.eqb_spec (val w (x 1%nat)) (Z.of_nat s)); [lia|cbn [andb]; lia].
  - apply total_zero. intros s S. rewrite eval_moved by (try apply Hs; assumption || lia).
    destruct (on enabled x); [|cbn [andb]; lia]. cbn [andb] in *. apply Z.ltb_ge in O.
    destruct (Z.eqb_spec (val w (x 1%nat)) (Z.of_nat s)); lia.
Qed.

(* backs: gates.shift_left_by *)
Theorem shift_left_by_correct : forall enabled w x, bits w (x 0%nat) -> bits w (x 1%nat) -> bits 1 (x 2%nat) ->
  computes w (shift_left_by_rows enabled w) x
    (if on enabled x && (val w (x 1%nat) <? Z.of_nat w) then Z.shiftl (val w (x 0%nat)) (val w (x 1%nat)) mod 2 ^ Z.of_nat w
      else 0).
Proof.
  intros enabled w x A B C. pose proof (val_bounds w _ B) as [L _]. apply computes_bitwise; intros i Hi.
  - rewrite shifted_bit by (try assumption; intros; lia). destruct (on enabled x); [cbn [andb]|rewrite Z.bits_0; reflexivity].
    destruct (Z.ltb_spec (val w (x 1%nat)) (Z.of_nat (S i))), (Z.ltb_spec (val w (x 1%nat)) (Z.of_nat w)); try lia.
    + rewrite Z.mod_pow2_bits_low, Z.shiftl_spec by lia.
      replace (Z.of_nat i - val w (x 1%nat)) with (Z.of_nat (i - Z.to_nat (val w (x 1%nat)))) by lia.
      rewrite testbit_b2z by (assumption || lia). reflexivity.
    + rewrite Z.mod_pow2_bits_low, Z.shiftl_spec, Z.testbit_neg_r by lia. reflexivity.
    + rewrite Z.bits_0. reflexivity.
  - destruct (on enabled x && _); [apply Z.mod_pow2_bits_high; lia|apply Z.bits_0].
Qed.

(* backs: gates.shift_right_by *)
Theorem shift_right_by_correct : forall enabled w x, bits w (x 0%nat) -> bits w (x 1%nat) -> bits 1 (x 2%nat) ->
  computes w (shift_right_by_rows enabled w) x
    (if on enabled x && (val w (x 1%nat) <? Z.of_nat w) then Z.shiftr (val w (x 0%nat)) (val w (x 1%nat)) else 0).
Proof.
  intros enabled w x A B C. pose proof (val_bounds w _ B) as [L _]. apply computes_bitwise; intros i Hi.
  - rewrite shifted_bit by (try assumption; intros; lia). destruct (on enabled x); [cbn [andb]|rewrite Z.bits_0; reflexivity].
    destruct (Z.ltb_spec (val w (x 1%nat)) (Z.of_nat (w - i))), (Z.ltb_spec (val w (x 1%nat)) (Z.of_nat w)); try lia.
    + rewrite Z.shiftr_spec by lia.
      replace (Z.of_nat i + val w (x 1%nat)) with (Z.of_nat (i + Z.to_nat (val w (x 1%nat)))) by lia.
      rewrite testbit_b2z by (assumption || lia). reflexivity.
    + rewrite Z.shiftr_spec, (testbit_high w) by (try apply val_bounds; assumption || lia). reflexivity.
    + rewrite Z.bits_0. reflexivity.
  - destruct (on enabled x && _); [|apply Z.bits_0]. rewrite Z.shiftr_spec by lia.
    apply (testbit_high w); [apply val_bounds; exact A|lia].
Qed.
