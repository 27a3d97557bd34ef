(* What an accepted plan predicts: at every position of a sequence the token and the control bits are read off the outputs that
   the definition defines. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars Terms Interning Follows PlanSound FollowsSound CodeFacts.
Import ListNotations.
Open Scope nat_scope.

(* Readings depend on the values of outputs only, not on how they are written. *)
Definition equal_vectors : vector -> vector -> Prop := Forall2 Qeq.

Lemma dot_equal : forall row a b, equal_vectors a b -> (dot row a == dot row b)%Q.
Proof.
  intros row a b E. revert row. induction E as [|x y a b H E IH]; intros [|c row]; try reflexivity.
  rewrite !dot_cons, H, (IH row). reflexivity.
Qed.

Lemma le_equal : forall a b c d, (a == b)%Q -> (c == d)%Q -> Qle_bool a c = Qle_bool b d.
Proof. intros a b c d H E. apply eq_true_iff_eq. rewrite !Qle_bool_iff, H, E. reflexivity. Qed.

Lemma greatest_equal : forall a b, equal_vectors a b -> (greatest a == greatest b)%Q.
Proof.
  intros a b E. unfold greatest. assert (H : (hd 0 a == hd 0 b)%Q) by (destruct E; [reflexivity|assumption]).
  revert H. generalize (hd 0%Q a), (hd 0%Q b). intros p q H. induction E as [|x y a b X E IH]; cbn [fold_right]; [exact H|].
  rewrite (le_equal _ _ _ _ X IH). destruct (Qle_bool y _); assumption.
Qed.

Theorem reading_equal : forall w ext a b, equal_vectors a b -> reading w ext a = reading w ext b.
Proof.
  intros w ext a b E. unfold reading. rewrite !map_map. cbn [snd].
  assert (T : (greatest (map (fun y => dot (token_code w ext y) a) (vocabulary w ext)) - 1 ==
    greatest (map (fun y => dot (token_code w ext y) b) (vocabulary w ext)) - 1)%Q).
  { rewrite (greatest_equal _ (map (fun y => dot (token_code w ext y) b) (vocabulary w ext))); [reflexivity|].
    induction (vocabulary w ext) as [|y l IH]; cbn [map]; constructor; [apply dot_equal; exact E|exact IH]. }
  revert T. generalize (greatest (map (fun y => dot (token_code w ext y) a) (vocabulary w ext)) - 1)%Q,
    (greatest (map (fun y => dot (token_code w ext y) b) (vocabulary w ext)) - 1)%Q. intros p q T.
  assert (F : map fst (filter (fun '(_, score) => negb (Qle_bool score p))
      (map (fun y => (y, dot (token_code w ext y) a)) (vocabulary w ext))) =
    map fst (filter (fun '(_, score) => negb (Qle_bool score q))
      (map (fun y => (y, dot (token_code w ext y) b)) (vocabulary w ext)))).
  { induction (vocabulary w ext) as [|y l IH]; cbn [map filter]; [reflexivity|].
    rewrite (le_equal _ _ _ _ (dot_equal (token_code w ext y) a b E) T). destruct (Qle_bool _ q); cbn [negb map fst];
      rewrite IH; reflexivity. }
  revert F. match goal with |- map fst ?s = map fst ?t -> _ => generalize s, t end. intros s t F.
  destruct s as [|[y v] [|[y2 v2] s]], t as [|[z u] [|[z2 u2] t]]; try discriminate; try reflexivity.
  injection F as ->. reflexivity.
Qed.

Lemma nth_equal : forall a b i, equal_vectors a b -> (nth i a 0 == nth i b 0)%Q.
Proof.
  intros a b i E. revert i. induction E as [|x y a b H E IH]; intros [|i]; cbn [nth]; try reflexivity; [exact H|apply IH].
Qed.

Lemma firstn_equal : forall n a b, equal_vectors a b -> equal_vectors (firstn n a) (firstn n b).
Proof. intros n a b E. revert n. induction E as [|x y a b H E IH]; intros [|n]; constructor; [exact H|apply IH]. Qed.

Lemma skipn_equal : forall n a b, equal_vectors a b -> equal_vectors (skipn n a) (skipn n b).
Proof.
  intros n a b E. revert n. induction E as [|x y a b H E IH]; intros [|n]; cbn [skipn]; try constructor; try assumption.
  apply IH.
Qed.

Theorem controls_equal : forall w ext a b, equal_vectors a b -> controls w ext a = controls w ext b.
Proof.
  intros w ext a b E. unfold controls. cbv zeta.
  assert (B : forall i, negb (Qle_bool (nth i (skipn (token_code_width w ext) a) 0%Q) (1 # 2)) =
    negb (Qle_bool (nth i (skipn (token_code_width w ext) b) 0%Q) (1 # 2))).
  { intros i. f_equal. apply le_equal; [|reflexivity]. apply nth_equal, skipn_equal. exact E. }
  rewrite !B. reflexivity.
Qed.

(* Accepted plans. *)
Definition log_code_width (w : nat) : nat := 10 + 1 + w + clock_bits w + clock_bits w + 1.
Definition cell_code_width (w : nat) : nat := 9 + 1 + w + 3 + 1.
Definition log_codes (w : nat) (ext : bool) (x : list token) (places : list place) : list vector :=
  codes (map (token_code w ext) x) (map (log_code w) places).
Definition cell_codes (w : nat) (ext : bool) (x : list token) (places : list place) : list vector :=
  codes (map (token_code w ext) x) (map (cell_code w) places).
Definition follows_log (w : nat) (ext : bool) (d : writing) (m : plan) : bool :=
  follows (log_known w ext) d (token_code_width w ext) (log_code_width w) m.
Definition follows_cells (w : nat) (ext : bool) (d : writing) (m : plan) : bool :=
  follows (cell_known w ext) d (token_code_width w ext) (cell_code_width w) m.

Lemma log_width : forall w p, length (log_code w p) = log_code_width w.
Proof.
  intros w p. rewrite log_book, app_length. unfold book_code, log_fields, log_code_width.
  destruct (place_row p) as [[[[k i] t] r] s]. cbn [flat_map]. rewrite !app_length, one_hot_length, !signs_length.
  cbn [length]. lia.
Qed.

Lemma cell_width : forall w p, length (cell_code w p) = cell_code_width w.
Proof.
  intros w p. rewrite cell_book. unfold book_code, cell_fields, cell_code_width.
  destruct (place_row p) as [[[[k i] t] r] s]. cbn [flat_map]. rewrite !app_length, one_hot_length, !signs_length.
  cbn [length]. lia.
Qed.

Lemma in_codes : forall A B (f : A -> vector) (g : B -> vector) x y code, In code (codes (map f x) (map g y)) ->
  exists a b, In a x /\ In b y /\ code = f a ++ g b.
Proof.
  intros A B f g x y code H. apply in_map_iff in H as ((t, p) & <- & H).
  pose proof (in_combine_l _ _ _ _ H) as X. pose proof (in_combine_r _ _ _ _ H) as Y.
  apply in_map_iff in X as (a & <- & X). apply in_map_iff in Y as (b & <- & Y). exists a, b. repeat split; assumption.
Qed.

Theorem log_outputs : forall w ext d m x places, follows_log w ext d m = true -> length x = length places ->
  (forall p, In p places -> place_of p) ->
  Forall2 equal_vectors (outputs w ext m (map (log_code w) places) x) (defined (expanded d) (log_codes w ext x places)).
Proof.
  intros w ext d m x places H L G. apply (follows_sound (log_known w ext) d _ _ m _ _ H).
  - rewrite !map_length. exact L.
  - intros t I. apply in_map_iff in I as (a & <- & _). apply token_width.
  - intros p I. apply in_map_iff in I as (a & <- & _). apply log_width.
  - intros code I. apply in_codes in I as (a & b & _ & J & ->). apply log_facts_hold, G. exact J.
Qed.

Theorem cell_outputs : forall w ext d m x places, follows_cells w ext d m = true -> length x = length places ->
  (forall p, In p places -> cell_place p) ->
  Forall2 equal_vectors (outputs w ext m (map (cell_code w) places) x) (defined (expanded d) (cell_codes w ext x places)).
Proof.
  intros w ext d m x places H L G. apply (follows_sound (cell_known w ext) d _ _ m _ _ H).
  - rewrite !map_length. exact L.
  - intros t I. apply in_map_iff in I as (a & <- & _). apply token_width.
  - intros p I. apply in_map_iff in I as (a & <- & _). apply cell_width.
  - intros code I. apply in_codes in I as (a & b & _ & J & ->). apply cell_facts_hold, G. exact J.
Qed.

Lemma readings_equal : forall w ext a b, Forall2 equal_vectors a b -> map (reading w ext) a = map (reading w ext) b.
Proof.
  intros w ext a b F. induction F as [|u v l l' E F IH]; [reflexivity|]. cbn [map]. rewrite IH, (reading_equal w ext u v E).
  reflexivity.
Qed.

Theorem log_earlier : forall w ext d m, follows_log w ext d m = true ->
  items_earlier (Pos.of_succ_nat (token_code_width w ext + log_code_width w)) (items d) = true.
Proof. intros w ext d m H. exact (follows_earlier _ _ _ _ _ H). Qed.

Theorem cells_earlier : forall w ext d m, follows_cells w ext d m = true ->
  items_earlier (Pos.of_succ_nat (token_code_width w ext + cell_code_width w)) (items d) = true.
Proof. intros w ext d m H. exact (follows_earlier _ _ _ _ _ H). Qed.

Theorem log_readings : forall w ext d m x places, follows_log w ext d m = true -> length x = length places ->
  (forall p, In p places -> place_of p) ->
  readings w ext m (map (log_code w) places) x = map (reading w ext) (defined (expanded d) (log_codes w ext x places)).
Proof.
  intros w ext d m x places H L G. exact (readings_equal w ext _ _ (log_outputs w ext d m x places H L G)).
Qed.

(* What Algorithm 1 is given at every position: the token that is read, and the control bits. *)
Theorem cell_answers : forall w ext d m x places, follows_cells w ext d m = true -> length x = length places ->
  (forall p, In p places -> cell_place p) ->
  let answer := fun '(t, output) => (t, reading w ext (firstn (token_code_width w ext) output), controls w ext output) in
  map answer (combine x (outputs w ext m (map (cell_code w) places) x)) =
  map answer (combine x (defined (expanded d) (cell_codes w ext x places))).
Proof.
  intros w ext d m x places H L G answer. pose proof (cell_outputs w ext d m x places H L G) as F. revert F.
  generalize (outputs w ext m (map (cell_code w) places) x), (defined (expanded d) (cell_codes w ext x places)).
  intros a b F. clear L. revert x. induction F as [|u v a b E F IH]; intros [|t x]; try reflexivity. cbn [combine map].
  rewrite IH. unfold answer at 1 3. rewrite (reading_equal w ext _ _ (firstn_equal _ _ _ E)), (controls_equal w ext u v E).
  reflexivity.
Qed.
