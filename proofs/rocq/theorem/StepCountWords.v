(* How much the operators of the step add, and in which halves of layers their results are there. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepCount.
From Efasp Require Form Gates Product Slots.
Import ListNotations.
Open Scope nat_scope.

(* Rows are flat. *)
Lemma units_app : forall a b c, units_of (a ++ b, c) = units_of (a, c) + units_of (b, c).
Proof. intros. unfold units_of. cbn [fst]. rewrite map_app, list_sum_app. reflexivity. Qed.

Lemma units_scale : forall k ts c d, units_of (Form.scale k ts, c) = units_of (ts, d).
Proof. intros. unfold units_of, Form.scale. cbn [fst]. rewrite map_map. reflexivity. Qed.

Lemma arguments_word : forall k a n, Forall (fun t => is_argument (snd t)) (Form.word k a n).
Proof. intros. apply Forall_map, Forall_forall. intros i _. exact I. Qed.

Lemma flat_app : forall m n a b c, flat m (a, c) -> flat n (b, c) -> flat (m + n) (a ++ b, c).
Proof. intros m n a b c [A La] [B Lb]. split; [apply Forall_app; split; assumption|]. rewrite units_app.
  apply Nat.add_le_mono; assumption. Qed.

Lemma flat_scale : forall n k ts c d, flat n (ts, c) -> flat n (Form.scale k ts, d).
Proof. intros n k ts c d [A L]. split; [apply Forall_map; exact A|]. rewrite (units_scale k ts d c). exact L. Qed.

Lemma flat_threshold : forall ts k c, Forall (fun t => is_argument (snd t)) ts -> flat 2 (Gates.threshold ts k, c).
Proof. intros ts k c A. split; [repeat constructor; exact A|apply Nat.le_refl]. Qed.

Lemma flat_equality : forall ts k c, Forall (fun t => is_argument (snd t)) ts -> flat 3 (Gates.equality ts k, c).
Proof. intros ts k c A. split; [repeat constructor; exact A|apply Nat.le_refl]. Qed.

Lemma flat_less : forall m n f, flat m f -> m <= n -> flat n f.
Proof. intros m n f [A L] H. split; [exact A|lia]. Qed.

Lemma flat_map_seq : forall n g a b, (forall i, flat n (g i)) -> Forall (flat n) (map g (seq a b)).
Proof. intros n g a b H. apply Forall_map, Forall_forall. intros i _. apply H. Qed.

Ltac simple_row := intros; split; [repeat constructor|cbn; lia].

Lemma flat_carry : forall i c, flat 2 (Gates.carry i, c).
Proof. intros [|i] c; [simple_row|]. apply flat_threshold, Forall_app. split; apply arguments_word. Qed.

Lemma flat_borrow : forall i c, flat 2 (Gates.borrow i, c).
Proof. intros [|i] c; [simple_row|]. apply flat_threshold, Forall_app. split; apply arguments_word. Qed.

Lemma flat_sum : forall s moved i, (forall i c, flat 2 (moved i, c)) -> flat 4 (Gates.sum_row s moved i).
Proof.
  intros s moved i H. unfold Gates.sum_row. apply (flat_app 0 4); [simple_row|].
  apply (flat_app 2 2); apply (flat_scale 2 _ _ 0%Z), H.
Qed.

Lemma flat_every : forall n, is_flat (Gates.every n).
Proof. intros n. apply Forall_map, Forall_forall. intros i _. exact I. Qed.

Definition operator (n : nat) (rows_of : nat -> list Form.form) : Prop := forall w, Forall (flat n) (rows_of w).
Lemma add_flat : operator 4 Gates.add_rows.
Proof. intros w. apply flat_map_seq. intros i. apply flat_sum, flat_carry. Qed.
Lemma sub_flat : operator 4 Gates.sub_rows.
Proof. intros w. apply flat_map_seq. intros i. apply flat_sum, flat_borrow. Qed.
Lemma and_flat : operator 1 Gates.and_rows.
Proof. intros w. apply flat_map_seq. simple_row. Qed.
Lemma or_flat : operator 1 Gates.or_rows.
Proof. intros w. apply flat_map_seq. simple_row. Qed.
Lemma xor_flat : operator 1 Gates.xor_rows.
Proof. intros w. apply flat_map_seq. simple_row. Qed.
Lemma gate_flat : operator 1 Gates.gate_rows.
Proof. intros w. apply flat_map_seq. simple_row. Qed.
Lemma left_flat : operator 0 Gates.shift_left_rows.
Proof. intros w. apply flat_map_seq. intros [|i]; simple_row. Qed.
Lemma right_flat : operator 0 Gates.shift_right_rows.
Proof. intros w. apply flat_map_seq. intros i. unfold Gates.shift_right_row. destruct (_ <? _); simple_row. Qed.
Lemma less_flat : operator 2 Gates.less_rows.
Proof. intros w. constructor; [|constructor]. apply flat_threshold, Forall_app. split; apply arguments_word. Qed.
Lemma equal_flat : operator 3 Gates.equal_rows.
Proof. intros w. constructor; [|constructor]. apply flat_equality, Forall_app. split; apply arguments_word. Qed.
Lemma increment_flat : operator 2 Gates.increment_rows.
Proof.
  intros w. apply flat_map_seq. intros i. unfold Gates.increment_row. split.
  - cbn [fst]. constructor; [exact I|]. apply Forall_app. split; [destruct i; [constructor|]|];
      (constructor; [exact (flat_every _)|constructor]).
  - destruct i; cbn; lia.
Qed.

Lemma ones_sum : forall l : list nat, list_sum (map (fun _ => 1) l) = length l.
Proof. induction l as [|i l IH]; [reflexivity|]. cbn [map length]. rewrite <- IH. reflexivity. Qed.

Section Words.
Variables (at_half : nat -> nat) (top q : nat).
Notation adds := (adds at_half top q).
Notation upto := (upto at_half).
Notation all_upto p k := (Forall (upto p k)).
Notation attends := (attends at_half q).

Ltac listed := repeat match goal with |- Forall _ [] => constructor | |- Forall _ (_ :: _) => constructor; cbn [fst snd] end.
Ltac lift := cbv beta in *; match goal with
  | H : StepCount.upto at_half ?p ?k ?f |- StepCount.upto at_half ?p' ?k' ?f => apply (upto_more at_half p k p' k' f H); lia
  | H : Forall (StepCount.upto at_half ?p ?k) ?fs |- Forall (StepCount.upto at_half ?p' ?k') ?fs =>
      apply (all_more at_half p k p' k' fs H); lia
  end.
Ltac total := eapply adds_more; [| |intros ? ? _ Result; exact Result].

Lemma reads_within : forall p k h m vs, attends p k m -> all_upto p k vs -> by_head k <= h -> h <= top ->
  adds p (length vs) (reads m vs) (fun p' gs => length gs = length vs /\ all_upto p' h gs).
Proof.
  intros p k h m vs M V H T. eapply adds_more; [apply (adds_reads at_half top q p k); [exact M|exact V|lia]|apply Nat.le_refl|].
  cbv beta. intros p' gs _ [L U]. split; [exact L|lift].
Qed.

Lemma read_within : forall p k h m v, attends p k m -> upto p k v -> by_head k <= h -> h <= top ->
  adds p 1 (read m v) (fun p' g => upto p' h g).
Proof.
  intros p k h m v M V H T. eapply adds_more; [apply (adds_read at_half top q p k); [exact M|exact V|lia]|apply Nat.le_refl|].
  cbv beta. intros. lift.
Qed.

Lemma any_rows_within : forall fold r p k h n c args fs, Forall (all_upto p k) args -> Forall (flat n) fs ->
  by_unit k <= h -> h <= top ->
  adds p (n * length fs) (rows fold r c args fs) (fun p' gs => length gs = length fs /\ all_upto p' h gs).
Proof.
  intros fold r p k h n c args fs A F H T. eapply adds_more; [apply (adds_rows at_half top q fold r c args p k A n);
    [exact F|lia]|apply Nat.le_refl|].
  cbv beta. intros p' gs _ [L U]. split; [exact L|lift].
Qed.

Lemma plain_within : forall p k h n c args fs, Forall (all_upto p k) args -> Forall (flat n) fs -> by_unit k <= h -> h <= top ->
  adds p (n * length fs) (plain_rows c args fs) (fun p' gs => length gs = length fs /\ all_upto p' h gs).
Proof. intros p k h n c args fs. apply any_rows_within. Qed.

Lemma attends_more : forall p k p' k' m, attends p k m -> p <= p' -> k <= k' -> attends p' k' m.
Proof.
  intros p k p' k' m (A & O & L) P K. split; [exact (all_more at_half p k p' k' _ A P K)|]. split; [|exact L].
  exact (all_more at_half p k p' k' _ O P K).
Qed.

(* With or without units whose sign is known. *)
Variables (fold : bool) (w : nat).

Lemma rows_within : forall p k h n c args fs, Forall (all_upto p k) args -> Forall (flat n) fs -> by_unit k <= h -> h <= top ->
  adds p (n * length fs) (bit_rows fold c args fs) (fun p' gs => length gs = length fs /\ all_upto p' h gs).
Proof. intros p k h n c args fs. apply any_rows_within. Qed.

Definition bounded_upto (p k : nat) (t : Z * form * bounds) : Prop := upto p k (snd (fst t)).
Lemma unit_within : forall p k h l c, Forall (bounded_upto p k) l -> by_unit k <= h -> h <= top ->
  adds p 1 (unit_of fold l c) (fun p' g => upto p' h g).
Proof.
  intros p k h l c U H T. eapply adds_more; [apply (adds_within at_half top q p k)|apply Nat.le_refl|].
  - apply upto_combined, Forall_map. exact U.
  - lia.
  - cbv beta. intros. lift.
Qed.

Lemma adds_gated : forall p k h flag word, upto p k flag -> all_upto p k word -> by_unit k <= h -> h <= top ->
  adds p w (gated fold w flag word) (fun p' g => length g = w /\ all_upto p' h g).
Proof.
  intros p k h flag word F U H T. eapply adds_more.
  - apply (rows_within p k h 1); [|apply gate_flat|exact H|exact T].
    constructor; [constructor; [apply upto_scaled; exact F|constructor]|]. constructor; [exact U|constructor].
  - unfold Gates.gate_rows. rewrite map_length, seq_length. lia.
  - cbv beta. intros p' g _ [L G]. unfold Gates.gate_rows in L. rewrite map_length, seq_length in L. split; assumption.
Qed.

Lemma adds_gated_flag : forall p k h flag other, upto p k flag -> upto p k other -> by_unit k <= h -> h <= top ->
  adds p 1 (gated_flag fold flag other) (fun p' g => upto p' h g).
Proof.
  intros p k h flag other F U H T. unfold gated_flag. total.
  - eapply adds_bind; [apply (rows_within p k h 1); [|apply gate_flat|exact H|exact T]|].
    + repeat (constructor; [constructor; [assumption|constructor]|]). constructor.
    + intros fs p' L [_ G]. apply adds_give, upto_bit, G.
  - cbn. lia.
Qed.

Lemma adds_both_flags : forall p k h flag other, upto p k flag -> upto p k other -> by_unit k <= h -> h <= top ->
  adds p 1 (both_flags fold flag other) (fun p' g => upto p' h g).
Proof.
  intros p k h flag other F U H T. unfold both_flags. total.
  - eapply adds_bind; [apply (rows_within p k h 1); [|apply and_flat|exact H|exact T]|].
    + repeat (constructor; [constructor; [assumption|constructor]|]). constructor.
    + intros fs p' L [_ G]. apply adds_give, upto_bit, G.
  - cbn. lia.
Qed.

Lemma flags_upto : forall p k c flags, all_upto p k flags -> Forall (bounded_upto p k) (map (of_flag c) flags).
Proof. intros p k c flags F. apply Forall_map. exact F. Qed.
Lemma bits_upto : forall p k c word, all_upto p k word -> Forall (bounded_upto p k) (map (of_bit c) word).
Proof. intros p k c word F. apply Forall_map. exact F. Qed.

Lemma adds_gated_by : forall p k h flags word, all_upto p k flags -> all_upto p k word -> by_unit k <= h -> h <= top ->
  adds p (length word) (gated_by fold flags word) (fun p' g => length g = length word /\ all_upto p' h g).
Proof.
  intros p k h flags word F U H T. unfold gated_by. rewrite <- (Nat.mul_1_l (length word)) at 1. apply adds_forms.
  intros f p' I L. rewrite Forall_forall in U. specialize (U f I). apply (unit_within p' k h); [|exact H|exact T].
  constructor; [unfold bounded_upto; cbn [of_bit fst snd]; lift|apply flags_upto; lift].
Qed.

Lemma adds_gated_signs : forall p k h flags signs, all_upto p k flags -> all_upto p k (map fst signs) -> by_unit k <= h ->
  h <= top ->
  adds p (2 * length signs) (gated_signs fold flags signs) (fun p' g => length g = length signs /\ all_upto p' h g).
Proof.
  intros p k h flags signs F U H T. apply adds_forms. intros [f b] p' I L. rewrite Forall_forall in U.
  specialize (U f (in_map fst _ _ I)).
  assert (G : forall p1 c, p' <= p1 -> Forall (bounded_upto p1 k) ((c, f, b) :: map (of_flag 2) flags)).
  { intros p1 c L1. constructor; [unfold bounded_upto; cbn [fst snd]; lift|apply flags_upto; lift]. }
  total.
  - eapply adds_bind; [apply (unit_within p' k h); [apply G, Nat.le_refl|exact H|exact T]|]. intros up p1 L1 U1.
    eapply adds_bind; [apply (unit_within p1 k h); [apply G; exact L1|exact H|exact T]|]. intros down p2 L2 U2.
    apply adds_give, upto_combined. listed; lift.
  - lia.
Qed.

Definition case_upto (p k : nat) (c : form * list form) : Prop := upto p k (fst c) /\ all_upto p k (snd c).
Lemma adds_chosen : forall p k h cases, Forall (case_upto p k) cases -> by_unit k <= h -> h <= top ->
  adds p (w * length cases) (chosen fold w cases) (fun p' g => length g = w /\ all_upto p' h g).
Proof.
  intros p k h cases C H T. unfold chosen. total.
  - eapply adds_bind.
    + apply (adds_every at_half top q _ _ _ (fun p' g => length g = w /\ all_upto p' h g) w).
      * intros p' p'' b L [Lb B]. split; [exact Lb|lift].
      * intros [flag word] p' I L. rewrite Forall_forall in C. destruct (C _ I) as [F U]. cbn [fst snd] in *.
        apply (adds_gated p' k h); try assumption; lift.
    + intros gs p' L [_ G]. apply adds_give. split; [apply StepModel.each_length|]. apply upto_sums.
      eapply Forall_impl; [|exact G].
      intros g [_ U]. exact U.
  - lia.
Qed.

Lemma adds_on_words : forall p k h n m rows_of a x, operator n rows_of -> length (rows_of w) = m ->
  all_upto p k a -> all_upto p k x -> by_unit k <= h -> h <= top ->
  adds p (n * m) (on_words fold rows_of w a x) (fun p' g => length g = m /\ all_upto p' h g).
Proof.
  intros p k h n m rows_of a x O <- A X H T. apply (rows_within p k h n); [|apply O|exact H|exact T].
  constructor; [exact A|]. constructor; [exact X|constructor].
Qed.

(* Products and shifts by a word are quadratic in the width. *)
Lemma products_flat : forall k, k < w -> flat w (Product.products k, 0%Z).
Proof.
  intros k L. split.
  - apply Forall_map, Forall_forall. intros i _. repeat constructor.
  - unfold units_of, Product.products. cbn [fst]. rewrite map_map. cbn [snd Gates.both].
    rewrite ones_sum, seq_length. lia.
Qed.

Lemma carries_flat : forall k, k <= w -> flat (2 * w) (column_carry k, 0%Z).
Proof.
  intros k L. unfold column_carry. apply (flat_less (2 * length (seq 0 (k - 1)))); [|rewrite seq_length; lia].
  induction (seq 0 (k - 1)) as [|m l IH]; [simple_row|]. cbn [flat_map length].
  replace (2 * S (length l)) with (2 + 2 * length l) by lia. apply flat_app; [apply flat_threshold, arguments_word|exact IH].
Qed.

Lemma adds_multiplied : forall p k h g a x, all_upto p k a -> all_upto p k x -> by_unit k <= h -> by_unit h <= g ->
  h <= g -> g <= top ->
  adds p (3 * w * w + 2 * w) (multiplied fold w a x) (fun p' m => length m = w /\ all_upto p' g m).
Proof.
  intros p k h g a x A X H G Le T. unfold multiplied. total.
  - eapply adds_bind; [apply (rows_within p k h w)|].
    + constructor; [exact A|]. constructor; [exact X|constructor].
    + apply Forall_map, Forall_forall. intros i I. apply in_seq in I. apply products_flat. lia.
    + exact H.
    + lia.
    + intros columns p1 L1 [_ C]. eapply adds_bind; [apply (any_rows_within fold _ p1 h g (2 * w))|].
      * constructor; [exact C|constructor].
      * apply Forall_map, Forall_forall. intros i I. apply in_seq in I. apply carries_flat. lia.
      * exact G.
      * exact T.
      * intros carries p2 L2 [_ D]. apply adds_give. split; [apply StepModel.each_length|]. apply upto_each. intros i.
        assert (C' : all_upto p2 g columns) by lift.
        apply upto_combined. listed; apply upto_bit; assumption.
  - rewrite !map_length, !seq_length. lia.
Qed.

Lemma amount_flat : forall k, flat 3 (Gates.equality (Gates.amount true w) k, 0%Z).
Proof. intros k. apply flat_equality, Forall_app. split; [apply arguments_word|repeat constructor]. Qed.

Lemma moved_flat : forall source n, n <= w -> flat w (moved source n).
Proof.
  intros source n L. split.
  - apply Forall_map, Forall_forall. intros i _. repeat constructor.
  - unfold units_of, moved. cbn [fst]. rewrite map_map. cbn [snd Gates.both].
    rewrite ones_sum, seq_length. exact L.
Qed.

Lemma adds_amounts : forall p k h a x enable, all_upto p k a -> all_upto p k x -> upto p k enable -> by_unit k <= h ->
  h <= top ->
  adds p (3 * w) (amounts fold w a x enable) (fun p' g => length g = w /\ all_upto p' h g).
Proof.
  intros p k h a x enable A X E H T. eapply adds_more; [apply (rows_within p k h 3); [| |exact H|exact T]| |].
  - repeat (constructor; [assumption|]). constructor; [constructor; [apply upto_scaled; exact E|constructor]|constructor].
  - apply flat_map_seq. intros i. apply amount_flat.
  - rewrite map_length, seq_length. lia.
  - cbv beta. intros p' g _ [L G]. rewrite map_length, seq_length in L. split; assumption.
Qed.

Lemma adds_shifted : forall p k h g source count a x enable, (forall i, i < w -> count i <= w) -> all_upto p k a ->
  all_upto p k x ->
  upto p k enable -> by_unit k <= h -> by_unit h <= g -> k <= h -> g <= top -> h <= top ->
  adds p (w * w + 3 * w) (by_ <- amounts fold w a x enable;;
      bit_rows fold 2 [a; by_] (map (fun i => moved (source i) (count i)) (seq 0 w)))
    (fun p' m => length m = w /\ all_upto p' g m).
Proof.
  intros p k h g source count a x enable N A X E H G K T T'. total.
  - eapply adds_bind; [apply (adds_amounts p k h); eassumption|]. intros by_ p1 L1 [_ B].
    eapply adds_more; [apply (rows_within p1 h g w)|apply Nat.le_refl|].
    + constructor; [lift|]. constructor; [exact B|constructor].
    + apply Forall_map, Forall_forall. intros i I. apply in_seq in I. apply moved_flat, N. lia.
    + exact G.
    + exact T.
    + cbv beta. intros p' m _ [L M]. rewrite map_length, seq_length in L. split; [exact L|exact M].
  - rewrite map_length, seq_length. lia.
Qed.
End Words.
