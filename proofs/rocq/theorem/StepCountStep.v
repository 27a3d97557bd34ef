(* How much the universal machine's step of the own processor adds, in whichever engine, and in which halves of layers its
   parts are there: the counter in half 1, what is fetched in half 3, operands in half 5, the address in half 6, what is loaded
   in half 7, the result in half 8, with extension M in half 10. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepCount StepCountWords StepCountCode.
From Efasp Require Form Gates Product Slots.
Import ListNotations.
Open Scope nat_scope.

Section Step.
Variables (at_half : nat -> nat) (top q w : nat) (log ext : bool).
Notation adds := (adds at_half top q).
Notation upto := (upto at_half).
Notation all_upto p k := (Forall (upto p k)).
Notation attends := (attends at_half q).
Notation first := (code_width w log ext).
Let r : nat := if ext then 10 else 8.
Hypothesis codes : forall i, i < first -> at_half i = 0.
Hypothesis wide : 5 <= w.
Hypothesis long : 2 * w + 13 <= q.
Hypothesis high : r + 2 <= top.

Lemma r_above : 8 <= r /\ by_unit r <= r + 2 /\ by_head r <= r + 1 /\ (ext = true -> r = 10).
Proof. unfold r. destruct ext; cbn; repeat split; try lia; discriminate. Qed.

Ltac halves := first [cbn [by_unit by_head Nat.even]; pose proof r_above; lia | pose proof r_above; lia].

Lemma adds_match_one : forall p k m, first <= p -> all_upto p k (forms_of m) -> length_of m <= q ->
  adds p 0 (match_one w log ext m) (fun p' a => attends p' k a).
Proof. intros p k m P F L. apply adds_match; [eapply one_upto; eassumption|eapply sink_upto; eassumption|exact F|exact L]. Qed.

Lemma adds_found : forall p k h m, first <= p -> attends p k m -> by_head k <= h -> h <= top ->
  adds p 1 (found sink m) (fun p' g => upto p' h g).
Proof. intros p k h m P M H T. apply (read_within at_half top q p k h); [exact M| |exact H|exact T]. up. Qed.

Definition counter_upto (p kw ks : nat) (c : counter) : Prop :=
  (length (at_word c) = w /\ all_upto p kw (at_word c)) /\ (length (at_status c) = 5 /\ all_upto p ks (at_status c)).

Lemma adds_counter_at : forall p k h m, first <= p -> attends p k m -> by_head k <= h -> h <= top ->
  adds p (w + 5) (counter_at w ext m) (fun p' c => counter_upto p' h h c).
Proof.
  intros p k h m P M H T. unfold counter_at. total.
  - eapply adds_bind; [apply (reads_within at_half top q p k h); [exact M|up|exact H|exact T]|]. intros word p1 L1 [Lw W].
    eapply adds_bind; [apply (reads_within at_half top q p1 k h); [apply (attends_more at_half q p k);
      [exact M|lia|lia]|up|exact H|exact T]|].
    intros status p2 L2 [Ls S]. apply adds_give. rewrite token_word_length in Lw. repeat split; cbn [at_word at_status];
      try assumption; lift.
  - rewrite token_word_length. cbn [length status_flags map seq]. lia.
Qed.

Definition fetched_upto (p k : nat) (i : fetched) : Prop :=
  all_upto p k (operation_of i) /\ (length (name_d i) = 3 /\ all_upto p k (name_d i)) /\ (length (name_a i) = 3 /\
    all_upto p k (name_a i)) /\
  (length (name_b i) = 3 /\ all_upto p k (name_b i)) /\ all_upto p k (immediate_word i) /\ length (bounds_d i) = 3.

Lemma adds_fetch : forall p c, first <= p -> counter_upto p 1 1 c ->
  adds p (length (operations ext) + 9 + w) (fetch w log ext None c) (fun p' i => fetched_upto p' 3 i).
Proof.
  intros p c P [[Lw W] [Ls S]].
  assert (Field : forall p' n, p <= p' -> n < 10 -> adds p' 0 (match_one w log ext {| scale := 1;
      matched := [(signed (at_word c) (StepBuilder.total (at_status c)), index_signs w log ext)];
      among := [place_flag w ext n]; but := []; by_rank := None; bound := 1; unless := Some (negated (running c)) |})
    (fun p'' a => attends p'' 1 a)).
  { intros p' n L N. apply adds_match_one; [lia|up|lengths; lia]. }
  cbn [fetch]. unfold looked_up. total.
  - eapply adds_bind; [apply Field; lia|intros mo p1 L1 Mo]. eapply adds_bind; [apply Field; lia|intros md p2 L2 Md].
    eapply adds_bind; [apply Field; lia|intros ma p3 L3 Ma]. eapply adds_bind; [apply Field; lia|intros mx p4 L4 Mx].
    eapply adds_bind; [apply (reads_within at_half top q p4 1 3);
      [apply (attends_more at_half q p1 1); [exact Mo|lia|lia]|up|halves|halves]|intros o p5 L5 [Lo O]].
    eapply adds_bind; [apply (reads_within at_half top q p5 1 3);
      [apply (attends_more at_half q p2 1); [exact Md|lia|lia]|up|halves|halves]|intros d p6 L6 [Ld D]].
    eapply adds_bind; [apply (reads_within at_half top q p6 1 3);
      [apply (attends_more at_half q p3 1); [exact Ma|lia|lia]|up|halves|halves]|intros a p7 L7 [La A]].
    eapply adds_bind; [apply (reads_within at_half top q p7 1 3);
      [apply (attends_more at_half q p4 1); [exact Mx|lia|lia]|up|halves|halves]|intros b p8 L8 [Lb B]].
    eapply adds_bind; [apply (reads_within at_half top q p8 1 3);
      [apply (attends_more at_half q p4 1); [exact Mx|lia|lia]|up|halves|halves]|intros v p9 L9 [Lv V]].
    apply adds_give. rewrite name_signs_length in *.
    repeat split; cbn [operation_of name_d name_a name_b immediate_word bounds_d]; try assumption; lift.
  - rewrite op_flags_length, token_word_length, name_signs_length. lia.
Qed.

(* How an engine reads the machine; what is asked for nowhere is not looked up. *)
Definition view_upto (p : nat) (v : view) : Prop :=
  (forall p' name, p <= p' -> length name = 3 -> all_upto p' 3 name ->
    adds p' w (the_register v name) (fun p'' g => length g = w /\ all_upto p'' 5 g)) /\
  (forall p' address absent, p <= p' -> length address = w -> all_upto p' 6 address -> upto p' 3 absent ->
    adds p' 0 (the_cell v address absent) (fun p'' m => attends p'' 6 m)) /\
  length (cell_value v) = w /\ all_upto p 2 (cell_value v).

Lemma adds_token_word : forall p k h m, first <= p -> attends p k m -> by_head k <= h -> h <= top ->
  adds p w (reads m (token_word w ext)) (fun p' g => length g = w /\ all_upto p' h g).
Proof.
  intros p k h m P M H T. eapply adds_more;
    [apply (reads_within at_half top q p k h); [exact M|up|exact H|exact T]|rewrite token_word_length; apply Nat.le_refl|].
  intros p' g _ [L G]. rewrite token_word_length in L. split; assumption.
Qed.

Lemma adds_count : forall p asked, first <= p -> upto p 3 asked ->
  adds p w (count w log ext asked) (fun p' g => length g = w /\ all_upto p' 5 g).
Proof.
  intros p asked P A. unfold count. destruct (nothing asked); [apply adds_given, none_upto|]. total.
  - eapply adds_bind; [apply (adds_match_one p 3); [exact P|up|lengths; lia]|intros m p1 L1 M].
    apply (adds_token_word p1 3 5); [lia|exact M|halves|halves].
  - lia.
Qed.

Lemma adds_register : forall p v name, view_upto p v -> length name = 3 -> all_upto p 3 name ->
  adds p w (read_register w v name) (fun p' g => length g = w /\ all_upto p' 5 g).
Proof.
  intros p v name (Register & _) L N. unfold read_register. destruct (forallb nothing name); [apply adds_given, none_upto|].
  apply Register; [lia|exact L|exact N].
Qed.

Lemma adds_cell : forall p v address touches, first <= p -> view_upto p v -> length address = w -> all_upto p 6 address ->
  upto p 3 touches ->
  adds p (w + 1) (read_cell w v address touches) (fun p' m => all_upto p' 7 (fst m) /\ upto p' 7 (snd m)).
Proof.
  intros p v address touches P (_ & Cell & Lv & Va) La A T. unfold read_cell. destruct (nothing touches).
  - apply adds_given. split; [apply none_upto|apply upto_number].
  - total.
    + eapply adds_bind; [apply Cell; [lia|exact La|exact A|up]|intros m p1 L1 M].
      eapply adds_bind; [apply (reads_within at_half top q p1 6 7); [exact M|up|halves|halves]|intros loaded p2 L2 [_ Lo]].
      eapply adds_bind; [apply (adds_found p2 6 7); [lia|apply (attends_more at_half q p1 6); [exact M|lia|lia]|halves|halves]|
        intros valid p3 L3 Vd].
      apply adds_give. split; cbn [fst snd]; lift.
    + rewrite Lv. lia.
Qed.

Lemma view_more : forall p p' v, p <= p' -> view_upto p v -> view_upto p' v.
Proof.
  intros p p' v L (R & C & Lv & V). split; [intros; apply R; [lia|assumption|assumption]|].
  split; [intros; apply C; [lia|assumption|assumption|assumption]|]. split; [exact Lv|lift].
Qed.

Definition operands_upto (p k : nat) (o : operands) : Prop :=
  all_upto p k (value_a o) /\ (length (value_d o) = w /\ all_upto p k (value_d o)) /\ all_upto p k (value_x o).

Lemma adds_operands : forall p v i, first <= p -> view_upto p v -> fetched_upto p 3 i ->
  adds p (4 * w) (read_operands w log ext v i) (fun p' o => operands_upto p' 5 o).
Proof.
  intros p v i P V (O & (Ld & D) & (La & A) & (Lb & B) & I & _). unfold read_operands. total.
  - eapply adds_bind; [apply (adds_register p); [exact V|exact La|lift]|intros a p1 L1 [_ Va]].
    eapply adds_bind; [apply (adds_register p1); [apply (view_more p); assumption|exact Ld|lift]|intros d p2 L2 [Ld' Vd]].
    eapply adds_bind; [apply (adds_register p2); [apply (view_more p); [lia|exact V]|exact Lb|lift]|intros b p3 L3 [_ Vb]].
    eapply adds_bind; [apply adds_count; [lia|up]|intros c p4 L4 [_ Vc]].
    apply adds_give. repeat split; cbn [value_a value_d value_x]; try assumption; up.
  - lia.
Qed.

(* Computed values; products and shifts by a word are there later. *)
Let kc : nat := if ext then 8 else 7.
Lemma kc_above : 7 <= kc /\ by_unit kc <= r /\ (ext = true -> kc = 8).
Proof. unfold kc, r. destruct ext; cbn; repeat split; try lia; discriminate. Qed.
Notation cases_upto p := (Forall (case_upto at_half p kc)).

Lemma case_more : forall p p' c, p <= p' -> case_upto at_half p kc c -> case_upto at_half p' kc c.
Proof. intros p p' c L [F W]. split; lift. Qed.

Lemma adds_case : forall p n m i o rows_of a x, fetched_upto p 3 i -> operator n rows_of -> length (rows_of w) = m ->
  all_upto p 5 a -> all_upto p 5 x -> adds p (n * m + 0) (r <- on_words false rows_of w a x;; give (is_op i o, r))
    (fun p' c => case_upto at_half p' kc c).
Proof.
  intros p n m i o rows_of a x (O & _) F L A X. pose proof kc_above.
  eapply adds_bind; [apply (adds_on_words at_half top q false w p 5 6 n m); try assumption; halves|]. intros g p1 L1 [_ G].
  apply adds_give. split; cbn [fst snd]; [up|lift].
Qed.

Lemma adds_word : forall p n m rows_of a x, operator n rows_of -> length (rows_of w) = m ->
  all_upto p 5 a -> all_upto p 5 x ->
  adds p (n * m) (on_words false rows_of w a x) (fun p' g => length g = m /\ all_upto p' 6 g).
Proof. intros p n m rows_of a x F L A X. apply (adds_on_words at_half top q false w p 5 6 n m); try assumption; halves. Qed.

Lemma adds_product : forall p i a x, fetched_upto p 3 i -> all_upto p 5 a -> all_upto p 5 x ->
  adds p (if ext then 3 * w * w + 2 * w else 0) (if ext then m <- multiplied false w a x;; give [(is_op i Mul, m)] else give [])
    (fun p' l => length l = (if ext then 1 else 0) /\ cases_upto p' l).
Proof.
  intros p i a x (O & _) A X. pose proof kc_above as K. pose proof r_above as R. case_eq ext; intros E.
  - pose proof (proj2 (proj2 K) E). pose proof (proj2 (proj2 (proj2 R)) E). total.
    + eapply adds_bind; [apply (adds_multiplied at_half top q false w p 5 6 8); [exact A|exact X|halves|halves|halves|halves]|].
      intros m p1 L1 [_ M]. apply adds_give. split; [reflexivity|]. constructor; [|constructor].
        split; cbn [fst snd]; [up|lift].
    + lia.
  - apply adds_give. split; [reflexivity|constructor].
Qed.

Lemma as_word_upto : forall p k fs, all_upto p k fs -> all_upto p k (as_word w fs).
Proof. intros p k fs F. apply upto_each. intros [|i]; [apply upto_bit; exact F|apply upto_number]. Qed.

Lemma map_seq_length : forall A (f : nat -> A), length (map f (seq 0 w)) = w.
Proof. intros. rewrite map_length. apply seq_length. Qed.

Lemma adds_results : forall p i a x loaded, first <= p -> fetched_upto p 3 i -> all_upto p 5 a -> all_upto p 5 x ->
  all_upto p 7 loaded ->
  adds p (11 * w + 5 + if ext then 3 * w * w + 2 * w else 0) (results_of w log ext None i a x loaded)
    (fun p' cases => length cases = 12 + (if ext then 1 else 0) /\ cases_upto p' cases).
Proof.
  intros p i a x loaded P F A X Lo. pose proof kc_above as K. unfold results_of. cbv zeta.
  assert (F' : forall p', p <= p' -> fetched_upto p' 3 i).
  { intros p' L. destruct F as (O & (Ld & D) & (La & Na) & (Lb & B) & I & Bd). repeat split; try assumption; lift. }
  assert (A' : forall p', p <= p' -> all_upto p' 5 a) by (intros; lift). assert (X' : forall p', p <= p' ->
    all_upto p' 5 x) by (intros; lift).
  total.
  - eapply adds_bind; [apply (adds_case p 4 w); [apply F'|apply add_flat|apply map_seq_length|apply A'|apply X'];
    lia|intros r1 p1 L1 R1].
    eapply adds_bind; [apply (adds_case p1 4 w); [apply F'|apply sub_flat|apply map_seq_length|apply A'|apply X'];
      lia|intros r2 p2 L2 R2].
    eapply adds_bind; [apply (adds_case p2 1 w); [apply F'|apply and_flat|apply map_seq_length|apply A'|apply X'];
      lia|intros r3 p3 L3 R3].
    eapply adds_bind; [apply (adds_case p3 1 w); [apply F'|apply or_flat|apply map_seq_length|apply A'|apply X'];
      lia|intros r4 p4 L4 R4].
    eapply adds_bind; [apply (adds_case p4 1 w); [apply F'|apply xor_flat|apply map_seq_length|apply A'|apply X'];
      lia|intros r5 p5 L5 R5].
    eapply adds_bind; [apply (adds_case p5 0 w); [apply F'|apply left_flat|apply map_seq_length|apply A'|apply X'];
      lia|intros r6 p6 L6 R6].
    eapply adds_bind; [apply (adds_case p6 0 w); [apply F'|apply right_flat|apply map_seq_length|apply A'|apply X'];
      lia|intros r7 p7 L7 R7].
    eapply adds_bind; [apply (adds_word p7 2 1); [apply less_flat|reflexivity|apply A'|apply X']; lia|intros l p8 L8 [_ R8]].
    eapply adds_bind; [apply (adds_word p8 3 1); [apply equal_flat|reflexivity|apply A'|apply X']; lia|intros e p9 L9 [_ R9]].
    eapply adds_bind; [apply (adds_product p9); [apply F'|apply A'|apply X']; lia|intros m p10 L10 [Lm M]].
    apply adds_give. cbv beta in *. split; [rewrite !app_length, Lm; cbn [length]; lia|].
      destruct (F' p10 ltac:(lia)) as (O & _).
    apply Forall_app. split; [|apply Forall_app; split; [exact M|]].
    + do 7 (constructor; [match goal with H : case_upto at_half ?p' kc ?c |- case_upto at_half _ kc ?c =>
        apply (case_more p'); [lia|exact H] end|]).
      do 2 (constructor; [split; cbn [fst snd]; [up|apply as_word_upto; lift]|]). constructor.
    + do 3 (constructor; [split; cbn [fst snd]; up|]). constructor.
  - lia.
Qed.

Let shifting : nat := if ext then 5 * w * w + 9 * w else 0.
Lemma adds_shifts : forall p i a x, fetched_upto p 3 i -> all_upto p 5 a -> all_upto p 5 x ->
  adds p (if ext then 2 * w * w + 6 * w else 0)
    (if ext then l <- shifted_left false w a x (is_op i Shlx);; r <- shifted_right false w a x (is_op i Shrx);; give [l; r]
      else give [])
    (fun p' l => Forall (all_upto p' r) l).
Proof.
  intros p i a x (O & _) A X. pose proof r_above as R. case_eq ext; intros E.
  - pose proof (proj2 (proj2 (proj2 R)) E). total.
    + eapply adds_bind; [apply (adds_shifted at_half top q false w p 5 6 8 (fun i s => i - s) (fun i => S i));
      [lia|exact A|exact X|up|halves..]|].
      intros l p1 L1 [_ L].
      eapply adds_bind; [apply (adds_shifted at_half top q false w p1 5 6 8 (fun i s => i + s) (fun i => w - i));
        [lia|lift|lift|up|halves..]|].
      intros l' p2 L2 [_ L']. apply adds_give. constructor; [lift|]. constructor; [lift|constructor].
    + lia.
  - apply adds_give. constructor.
Qed.

Lemma adds_choice : forall p k h n cases, length cases = n -> Forall (case_upto at_half p k) cases -> by_unit k <= h ->
  h <= top ->
  adds p (w * n) (chosen false w cases) (fun p' g => length g = w /\ all_upto p' h g).
Proof. intros p k h n cases <-. apply adds_chosen. Qed.

Lemma adds_result : forall p i o loaded valid, first <= p -> fetched_upto p 3 i -> operands_upto p 5 o ->
  all_upto p 7 loaded -> upto p 7 valid ->
  adds p (24 * w + 5 + shifting) (result_of w log ext None i o loaded valid) (fun p' g => length g = w /\ all_upto p' r g).
Proof.
  intros p i o loaded valid P F (A & (Ld & D) & X) Lo Va. pose proof kc_above as K. pose proof r_above as R.
    unfold result_of. cbv zeta.
  assert (F' : forall p', p <= p' -> fetched_upto p' 3 i).
  { intros p' L. destruct F as (O & (Ld' & D') & (La & Na) & (Lb & B) & I & Bd). repeat split; try assumption; lift. }
  total.
  - eapply adds_bind; [apply adds_results; [exact P|exact F|exact A|exact X|exact Lo]|intros cases p1 L1 [Lc C]].
    eapply adds_bind; [apply (adds_gated_by at_half top q false p1 7 8); [|lift|halves|halves]|intros kept p2 L2 [_ Ke]].
    { destruct F as (O & _). up. }
    eapply adds_bind; [apply (adds_shifts p2); [apply F'; lia|lift|lift]|intros shifts p3 L3 Sh].
    eapply adds_bind; [apply (adds_choice p3 kc r (12 + if ext then 1 else 0))|intros c p4 L4 [_ Ch]].
    + exact Lc.
    + eapply Forall_impl; [|exact C]. intros x' Hx. apply (case_more p1); [lia|exact Hx].
    + apply K.
    + lia.
    + apply adds_give. split; [apply sums_length|]. apply upto_sums. constructor; [exact Ch|]. constructor; [lift|].
      eapply Forall_impl; [|exact Sh]. intros g G. lift.
  - unfold shifting. rewrite Ld. destruct ext; lia.
Qed.

Lemma adds_gate_rows : forall p k h f word, upto p k f -> all_upto p k word -> by_unit k <= h -> h <= top ->
  adds p w (bit_rows false 2 [[f]; word] (Gates.gate_rows w)) (fun p' g => length g = w /\ all_upto p' h g).
Proof.
  intros p k h f word F U H T. eapply adds_more; [apply (rows_within at_half top q false p k h 1);
    [|apply gate_flat|exact H|exact T]| |].
  - constructor; [constructor; [exact F|constructor]|]. constructor; [exact U|constructor].
  - unfold Gates.gate_rows. rewrite map_length, seq_length. lia.
  - cbv beta. intros p' g _ [L G]. unfold Gates.gate_rows in L. rewrite map_length, seq_length in L. split; assumption.
Qed.

Lemma adds_increment : forall p k h word, all_upto p k word -> by_unit k <= h -> h <= top ->
  adds p (2 * w) (bit_rows false 2 [word] (Gates.increment_rows w)) (fun p' g => length g = w /\ all_upto p' h g).
Proof.
  intros p k h word U H T. eapply adds_more; [apply (rows_within at_half top q false p k h 2);
    [|apply increment_flat|exact H|exact T]| |].
  - constructor; [exact U|constructor].
  - unfold Gates.increment_rows. rewrite map_length, seq_length. lia.
  - cbv beta. intros p' g _ [L G]. unfold Gates.increment_rows in L. rewrite map_length, seq_length in L. split; assumption.
Qed.

Lemma adds_next : forall p c i a x valid, first <= p -> counter_upto p 1 1 c -> fetched_upto p 3 i -> all_upto p 5 a ->
  all_upto p 5 x ->
  upto p 7 valid -> adds p (5 * w + 4) (next_of w None c i a x valid) (fun p' c' => counter_upto p' 8 8 c').
Proof.
  intros p c i a x valid P ((Lw & W) & (Ls & S)) (O & _) A X V. unfold next_of. cbv zeta. total.
  - eapply adds_bind; [apply (unit_within at_half top q false p 5 6); [up|halves|halves]|intros z p1 L1 Z].
    eapply adds_bind; [apply (unit_within at_half top q false p1 5 6); [up|halves|halves]|intros n p2 L2 N].
    eapply adds_bind; [apply (adds_increment p2 1 2); [up|halves|halves]|intros nx p3 L3 [_ Nx]].
    eapply adds_bind; [apply (adds_gated at_half top q false w p3 7 8); [up|up|halves|halves]|intros s p4 L4 [_ Sy]].
    eapply adds_bind; [apply (adds_gate_rows p4 6 8); [up|up|halves|halves]|intros t p5 L5 [_ Ta]].
    eapply adds_bind; [apply (adds_gate_rows p5 7 8); [up|up|halves|halves]|intros o p6 L6 [_ On]].
    eapply adds_bind; [apply (unit_within at_half top q false p6 7 8); [up|halves|halves]|intros lf p7 L7 Lf].
    eapply adds_bind; [apply (unit_within at_half top q false p7 7 8); [up|halves|halves]|intros sf p8 L8 Sf].
    apply adds_give. repeat split; cbn [at_word at_status]; try apply sums_length; up.
  - lia.
Qed.

(* The step of the own processor. *)
Definition outcome_upto (p : nat) (o : outcome) : Prop :=
  counter_upto p 8 8 (counter_out o) /\ (length (address_out o) = w /\ all_upto p 6 (address_out o)) /\
  (length (result_out o) = w /\ all_upto p r (result_out o)) /\ upto p 8 (stores o) /\ upto p 8 (writes_name o) /\
  (length (name_out o) = 3 /\ all_upto p 3 (name_out o)) /\ length (bounds_out o) = 3.

Lemma counter_more : forall p p' k c, p <= p' -> counter_upto p k k c -> counter_upto p' k k c.
Proof. intros p p' k c L ((Lw & W) & (Ls & S)). repeat split; try assumption; lift. Qed.

Lemma fetched_more : forall p p' i, p <= p' -> fetched_upto p 3 i -> fetched_upto p' 3 i.
Proof. intros p p' i L (O & (Ld & D) & (La & Na) & (Lb & B) & I & Bd). repeat split; try assumption; lift. Qed.

Lemma adds_finish : forall p c i o address loaded valid, first <= p -> counter_upto p 1 1 c -> fetched_upto p 3 i ->
  operands_upto p 5 o ->
  length address = w -> all_upto p 6 address -> all_upto p 7 loaded -> upto p 7 valid ->
  adds p (29 * w + 11 + shifting) (finish w log ext None c i o address loaded valid) (fun p' out => outcome_upto p' out).
Proof.
  intros p c i o address loaded valid P C F Op La Ad Lo V. pose proof r_above as R.
  pose proof F as (O & (Ld & D) & _ & _ & _ & Bd). pose proof Op as (A & _ & X). unfold finish. total.
  - eapply adds_bind; [apply adds_result; assumption|intros result p1 L1 [Lr Re]].
    eapply adds_bind; [apply (unit_within at_half top q false p1 7 8); [up|halves|halves]|intros loads p2 L2 Ls].
    eapply adds_bind; [apply (adds_next p2); [lia|apply (counter_more p); [lia|exact C]|apply (fetched_more p);
      [lia|exact F]|lift|lift|lift]|
      intros nx p3 L3 Nx].
    eapply adds_bind; [apply (unit_within at_half top q false p3 7 8); [up|halves|halves]|intros store p4 L4 St].
    apply adds_give. unfold outcome_upto. cbn [counter_out address_out result_out stores writes_name name_out bounds_out].
    split; [apply (counter_more p3); [lia|exact Nx]|]. split; [split; [exact La|lift]|]. split; [split; [exact Lr|lift]|].
    split; [lift|]. split; [up|]. split; [split; [exact Ld|lift]|exact Bd].
  - lia.
Qed.

Theorem adds_execute : forall p v c, first <= p -> view_upto p v -> counter_upto p 1 1 c ->
  adds p (39 * w + 21 + length (operations ext) + shifting) (execute w log ext None v c) (fun p' out => outcome_upto p' out).
Proof.
  intros p v c P V C. unfold execute. total.
  - eapply adds_bind; [apply adds_fetch; assumption|intros i p1 L1 F].
    eapply adds_bind; [apply (adds_operands p1); [lia|apply (view_more p); assumption|exact F]|intros o p2 L2 Op].
    pose proof Op as (A & _ & X). pose proof F as (O & _).
    eapply adds_bind; [apply (adds_word p2 4 w); [apply add_flat|apply map_seq_length|exact A|exact X]|intros address p3 L3
      [La Ad]].
    eapply adds_bind; [apply (adds_cell p3); [lia|apply (view_more p); [lia|exact V]|rewrite signed_length; exact La|up|up]|
      intros m p4 L4 [Lo Vd]].
    apply (adds_finish p4); [lia|apply (counter_more p); [lia|exact C]|apply (fetched_more p1);
      [lia|exact F]| |exact La|lift|exact Lo|exact Vd].
    destruct Op as (A' & (Ld & D) & X'). repeat split; try assumption; lift.
  - lia.
Qed.
End Step.
