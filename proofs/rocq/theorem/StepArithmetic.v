(* The arithmetic of the step on words in forms: what each operation computes, at every width. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepWords.
From Efasp Require Form Gates Product.
Import ListNotations.
Open Scope Z_scope.

Lemma val_env : forall w vs a, 0 <= nth a vs 0 < size w -> Form.val w (env_of vs a) = nth a vs 0.
Proof. intros w vs a R. exact (val_bool w (nth a vs 0) R). Qed.

Lemma bits_env : forall w vs a, Form.bits w (env_of vs a).
Proof. intros w vs a. exact (bits_bool w (nth a vs 0)). Qed.

Lemma out_high : forall rows x i, (length rows <= i)%nat -> Form.out rows x i = 0.
Proof. intros rows x i L. unfold Form.out. rewrite nth_overflow by exact L. reflexivity. Qed.

(* A word whose bits are worth those that rows compute. *)
Lemma computed_word : forall w rows x v gs h, Form.computes w rows x v -> length gs = w ->
  (forall i, (i < w)%nat -> worth (bit gs i) h (2 * Form.out rows x i)) -> word w gs v h.
Proof.
  intros w rows x v gs h C L W. pose proof (proj1 C) as Lr.
  assert (A : forall i, worth (bit gs i) h (2 * Form.out rows x i)).
  { intros i. destruct (Nat.lt_ge_cases i w) as [I|I]; [exact (W i I)|]. rewrite bit_high, out_high by lia. apply worth_zero. }
  destruct (computed_bits 2 w rows x v gs h C ltac:(lia) A) as (_ & B & R). split; [exact R|]. split; assumption.
Qed.

Section Arithmetic.
Variables (first : nat) (ns : list written) (hs : list vector).
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variable fold : bool.
Variables (w : nat) (a x : list form).

(* An operator's word, of the words at its arguments. *)
Definition gives_word (n : nat) (f : Z -> Z -> Z) (gs : list form) : Prop := forall h u v, In h hs -> word w a u h ->
  word w x v h -> word n gs (f u v) h.

Lemma sound_operator : forall n rows_of f, (forall u v, 0 <= u < size w -> 0 <= v < size w ->
  Form.computes n (rows_of w) (env_of [u; v]) (f u v)) -> sound (on_words fold rows_of w a x) (gives_word n f).
Proof.
  intros n rows_of f C. apply (sound_more _ _ _ _ _ _ (sound_on_words first ns hs model fold rows_of w a x)).
  intros gs H h u v I A X. apply (H h u v n (f u v) I A X). apply C; [apply A|apply X].
Qed.

Ltac by_theorem t := apply sound_operator; intros u v U V; pose proof (t w (env_of [u;
  v]) (bits_env w _ _) (bits_env w _ _)) as C;
  rewrite !val_env in C by assumption; exact C.

Lemma sound_add : sound (on_words fold Gates.add_rows w a x) (gives_word w (fun u v => (u + v) mod size w)).
Proof. by_theorem Gates.add_correct. Qed.

Lemma sound_sub : sound (on_words fold Gates.sub_rows w a x) (gives_word w (fun u v => (u - v) mod size w)).
Proof. by_theorem Gates.sub_correct. Qed.

Lemma sound_and : sound (on_words fold Gates.and_rows w a x) (gives_word w Z.land).
Proof. by_theorem Gates.and_correct. Qed.

Lemma sound_or : sound (on_words fold Gates.or_rows w a x) (gives_word w Z.lor).
Proof. by_theorem Gates.or_correct. Qed.

Lemma sound_xor : sound (on_words fold Gates.xor_rows w a x) (gives_word w Z.lxor).
Proof. by_theorem Gates.xor_correct. Qed.

Lemma sound_shl : sound (on_words fold Gates.shift_left_rows w a x) (gives_word w (fun u _ => 2 * u mod size w)).
Proof.
  apply sound_operator. intros u v U V.
  pose proof (Gates.shift_left_correct w (env_of [u; v]) (bits_env w _ _)) as C. rewrite val_env,
    Z.shiftl_mul_pow2 in C by (assumption || lia).
  rewrite Z.mul_comm. exact C.
Qed.

Lemma sound_shr : sound (on_words fold Gates.shift_right_rows w a x) (gives_word w (fun u _ => u / 2)).
Proof.
  apply sound_operator. intros u v U V.
  pose proof (Gates.shift_right_correct w (env_of [u; v]) (bits_env w _ _)) as C.
  rewrite val_env, Z.shiftr_div_pow2 in C by (assumption || lia).
  exact C.
Qed.

Lemma sound_less : sound (on_words fold Gates.less_rows w a x) (gives_word 1 (fun u v => Z.b2z (u <? v))).
Proof.
  apply sound_operator. intros u v U V. pose proof (Gates.less_correct w (env_of [u; v])) as C.
  rewrite !val_env in C by assumption. exact C.
Qed.

Lemma sound_equal : sound (on_words fold Gates.equal_rows w a x) (gives_word 1 (fun u v => Z.b2z (u =? v))).
Proof.
  apply sound_operator. intros u v U V. pose proof (Gates.equal_correct w (env_of [u; v])) as C.
  rewrite !val_env in C by assumption. exact C.
Qed.

Lemma sound_increment : sound (bit_rows fold 2 [a] (Gates.increment_rows w)) (fun gs => forall h u, In h hs -> word w a u h ->
  word w gs ((u + 1) mod size w) h).
Proof.
  apply (sound_more _ _ _ _ _ _ (sound_words first ns hs model fold [a] (Gates.increment_rows w))). intros gs H h u I A.
  apply (H h [u] w _ I).
  - constructor; [exact (word_bits w a u h A)|constructor].
  - pose proof (Gates.increment_correct w (env_of [u]) (bits_env w _ _)) as C. rewrite val_env in C by apply A. exact C.
Qed.

Lemma word_of_bit : forall fs b h, (1 <= w)%nat -> word 1 fs (Z.b2z b) h -> word w (as_word w fs) (Z.b2z b) h.
Proof.
  intros fs b h P (_ & _ & B). pose proof (size_one w P). split; [destruct b; cbn [Z.b2z]; lia|]. split; [apply each_length|].
  intros i. destruct (Nat.lt_ge_cases i w) as [I|I].
  - unfold as_word. rewrite bit_each by exact I. destruct i as [|i]; [exact (B O)|]. rewrite bool_high. apply worth_zero.
  - unfold as_word. rewrite bit_high by (rewrite each_length; exact I). destruct i as [|i]; [lia|]. rewrite bool_high.
    apply worth_zero.
Qed.

(* Products, by columns that are built once. *)
Section Product.
Variables (u v : Z).
Let e : Form.env := env_of [u; v].
Let columns : list Form.form := map (fun k => (Product.products k, 0)) (seq 0 w).
Let carries : list Form.form := map (fun k => (column_carry k, 0)) (seq 0 (S w)).
Definition column_env : Form.env := fun n p => match n with O => Form.out columns e p | _ => 0 end.

Lemma out_column : forall k, (k < w)%nat -> Form.out columns e k = Form.sum e (Product.products k).
Proof. intros k K. unfold columns. rewrite Form.out_map by exact K. unfold Form.value. cbn [fst snd]. lia. Qed.

Lemma sum_before : forall k, (k <= w)%nat -> Form.sum column_env (Form.word 1 0 k) = Form.sum e (Product.before k).
Proof.
  intros k K. unfold Product.before. rewrite Form.sum_word, Form.sum_flat_map, Z.mul_1_l. unfold Form.val.
  apply Form.total_ext. intros i I. rewrite Form.sum_scale. cbn [column_env]. rewrite out_column by lia. reflexivity.
Qed.

Lemma out_carry : forall k, (k <= w)%nat -> Form.out carries column_env k = Form.sum e (Product.column_carry k).
Proof.
  intros k K. unfold carries. rewrite Form.out_map by lia. unfold Form.value, column_carry, Product.column_carry. cbn [fst snd].
  rewrite Z.add_0_r, !Form.sum_flat_map. apply Form.total_ext. intros m M. rewrite !Gates.sum_threshold, sum_before by exact K.
  reflexivity.
Qed.

Lemma columns_bounded : forall h, stands 2 [a; x] h e -> bounded (of_columns (column_bounds w a x)) 2 column_env.
Proof.
  intros h S [|n] k; cbn [of_columns column_env]; [|cbn [fst snd]; lia]. unfold column_bounds.
  set (bounds := fun k => extent_sum _ _ _ _ _). destruct (Nat.lt_ge_cases k w) as [L|G].
  - rewrite (nth_indep _ (0, 0) (bounds O)), (map_nth bounds), seq_nth by (rewrite ?map_length, ?seq_length; exact L).
    pose proof (extent_sum_right (fun _ _ => (0, 2)) 2 [a; x] ltac:(lia) h e S (bounded_bits 2 _ ltac:(lia))
      (Product.products k) 0) as B. rewrite out_column by exact L. cbn [Nat.add]. unfold bounds. lia.
  - rewrite nth_overflow by (rewrite map_length, seq_length; exact G). unfold Form.out.
    rewrite nth_overflow by (unfold columns; rewrite map_length, seq_length; exact G). cbv. split; discriminate.
Qed.
End Product.

Lemma sound_multiplied : sound (multiplied fold w a x) (gives_word w (fun u v => u * v mod size w)).
Proof.
  unfold multiplied. apply (sound_bind _ _ _ _ _ _ _ _ (sound_rows first ns hs model fold (fun _ _ => (0, 2)) 2 _
    ltac:(lia) _)). intros cs (Lc & C).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_rows first ns hs model fold (of_columns (column_bounds w a x)) 2 _
    ltac:(lia) _)). intros ds (Ld & D).
  apply sound_give. intros h u v I A X.
  assert (S : stands 2 [a; x] h (env_of [u; v])).
  { apply stands_words. constructor; [exact (word_bits w a u h A)|]. constructor; [exact (word_bits w x v h X)|constructor]. }
  specialize (C h _ I S (fun _ => bounded_bits 2 _ ltac:(lia))). assert (T : stands 2 [cs] h (column_env u v)).
  { intros n p. destruct n as [|n]; cbn [nth column_env]; [exact (C p)|]. rewrite Z.mul_0_r.
    destruct n; destruct p; apply worth_zero. }
  specialize (D h _ I T (fun _ => columns_bounded u v h S)).
  apply (computed_word w (Product.mul_rows w) (env_of [u; v])).
  - pose proof (Product.mul_correct w (env_of [u; v]) (bits_env w _ _) (bits_env w _ _)) as M.
    rewrite !val_env in M by (apply A || apply X). exact M.
  - apply each_length.
  - intros i J. rewrite bit_each by exact J. unfold Product.mul_rows. rewrite Form.out_map by exact J.
    unfold Form.value, Product.mul_row. cbn [fst snd]. rewrite !Form.sum_app, Form.sum_scale.
    rewrite <- out_column, <- !out_carry by lia.
    eapply worth_is; [repeat apply worth_combined; [apply C|apply D|apply D|apply worth_combined_nil]|ring].
Qed.

(* Shifts by a word, whose one-hot is built once. *)
Definition shift_env (u v : Z) (on : bool) : Form.env := env_of [u; v; Z.b2z on].
Definition moved_env (u v : Z) (on : bool) : Form.env := fun n p => match n with
  | O => shift_env u v on O p
  | S O => Form.out (map (fun s => (Gates.equality (Gates.amount true w) (Z.of_nat s - Gates.offset true w), 0)) (seq 0 w))
      (shift_env u v on) p
  | _ => 0
  end.

Lemma moved_bounded : forall u v on, bounded (fun _ _ => (0, 2)) 2 (moved_env u v on).
Proof.
  intros u v on [|[|n]] p; cbn [moved_env]; [exact (bounded_bits 2 [u; v; Z.b2z on] ltac:(lia) O p)| |cbn [fst snd]; lia].
  destruct (Nat.lt_ge_cases p w) as [P|P]; [|rewrite out_high by (rewrite map_length, seq_length; exact P); cbn; lia].
  rewrite Form.out_map by exact P. unfold Form.value. cbn [fst snd]. rewrite Z.add_0_r, Gates.sum_equality.
  destruct (_ =? _); cbn [Z.b2z]; lia.
Qed.

Lemma moved_value : forall u v on source n, (n <= w)%nat ->
  Form.value (moved_env u v on) (moved source n) =
  Form.value (shift_env u v on) (map (fun s => Gates.moved true w s (source s)) (seq 0 n), 0).
Proof.
  intros u v on source n N. unfold Form.value, moved. cbn [fst snd]. rewrite !Form.sum_map. f_equal. apply Form.total_ext.
  intros s S. cbn [fst snd Gates.moved]. unfold Gates.both. rewrite !Form.eval_relu, !Form.sum_cons, Form.sum_nil,
    !Form.eval_arg.
  cbn [moved_env]. rewrite Form.out_map by lia. unfold Form.value. cbn [fst snd]. f_equal. f_equal. lia.
Qed.

Lemma sound_shifted : forall shift source length_of value enable,
  (forall i s, (i < w)%nat -> (s < length_of i)%nat -> (source i s < w)%nat) -> (forall i,
    (i < w)%nat -> (length_of i <= w)%nat) ->
  shift = map (fun i => (map (fun s => Gates.moved true w s (source i s)) (seq 0 (length_of i)), 0)) (seq 0 w) ->
  (forall u v on, 0 <= u < size w -> 0 <= v < size w -> Form.computes w shift (shift_env u v on) (value u v on)) ->
  sound (by_ <- amounts fold w a x enable;; bit_rows fold 2 [a; by_] (map (fun i => moved (source i) (length_of i)) (seq 0 w)))
    (fun gs => forall h u v on, In h hs -> word w a u h -> word w x v h -> flag enable on h -> word w gs (value u v on) h).
Proof.
  intros shift source length_of value enable Hs Hl E C. unfold amounts.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_rows first ns hs model fold (fun _ _ => (0, 2)) 2 _ ltac:(lia) _)). intros cs (Lc & K).
  apply (sound_more _ _ _ _ _ _ (sound_rows first ns hs model fold (fun _ _ => (0, 2)) 2 _ ltac:(lia) _)). intros gs (Lg & D) h u v on I A X F.
  assert (S : stands 2 [a; x; [twice enable]] h (shift_env u v on)).
  { apply stands_words. constructor; [exact (word_bits w a u h A)|]. constructor; [exact (word_bits w x v h X)|].
    constructor; [exact (bits_flag enable on h F)|constructor]. }
  specialize (K h _ I S (fun _ => bounded_bits 2 _ ltac:(lia))). assert (T : stands 2 [a; cs] h (moved_env u v on)).
  { intros n p. destruct n as [|[|n]]; cbn [nth moved_env]; [exact (word_bits w a u h A p)|exact (K p)|].
    rewrite Z.mul_0_r. destruct n; destruct p; apply worth_zero. }
  specialize (D h _ I T (fun _ => moved_bounded u v on)). apply (computed_word w shift (shift_env u v on)).
  - apply C; [apply A|apply X].
  - rewrite Lg, map_length, seq_length. reflexivity.
  - intros i J. specialize (D i). rewrite Form.out_map in D by exact J. rewrite E, Form.out_map by exact J.
    rewrite moved_value in D by (apply Hl; exact J). exact D.
Qed.

Definition shifted (f : Z -> Z -> Z) (u v : Z) (on : bool) : Z := if on && (v <? Z.of_nat w) then f u v else 0.

Lemma on_flag : forall u v on, Gates.on true (shift_env u v on) = on.
Proof. intros u v on. unfold Gates.on, shift_env, env_of. cbn [nth Z.of_nat]. rewrite bool_low. destruct on; reflexivity. Qed.

Lemma sound_shifted_left : forall enable, sound (shifted_left fold w a x enable) (fun gs => forall h u v on,
  In h hs -> word w a u h ->
  word w x v h -> flag enable on h -> word w gs (shifted (fun u v => u * 2 ^ v mod size w) u v on) h).
Proof.
  intros enable. unfold shifted_left.
  apply (sound_shifted (Gates.shift_left_by_rows true w) (fun i s => i - s)%nat S); [lia|lia|reflexivity|].
  intros u v on U V. pose proof (Gates.shift_left_by_correct true w (shift_env u v on) (bits_env w _ _) (bits_env w _ _)
    (bits_env 1 _ _)) as C. rewrite on_flag in C. unfold shift_env in C at 2 3 4. rewrite !val_env in C by assumption.
  cbn [nth] in C. rewrite Z.shiftl_mul_pow2 in C by lia. exact C.
Qed.

Lemma sound_shifted_right : forall enable, sound (shifted_right fold w a x enable) (fun gs => forall h u v on, In h hs ->
  word w a u h -> word w x v h -> flag enable on h -> word w gs (shifted (fun u v => u / 2 ^ v) u v on) h).
Proof.
  intros enable. unfold shifted_right.
  apply (sound_shifted (Gates.shift_right_by_rows true w) (fun i s => i + s)%nat (fun i => w - i)%nat); [lia|lia|reflexivity|].
  intros u v on U V. pose proof (Gates.shift_right_by_correct true w (shift_env u v on) (bits_env w _ _) (bits_env w _ _)
    (bits_env 1 _ _)) as C. rewrite on_flag in C. unfold shift_env in C at 2 3 4. rewrite !val_env in C by assumption.
  cbn [nth] in C. rewrite Z.shiftr_div_pow2 in C by lia. exact C.
Qed.
End Arithmetic.
