(* The instructions of the library's program `components`, from the loop on, part by part: what each part does to the parents
   in
   memory, for any number n of vertices and any graph. A vertex v is named 2 v; its record is at 4 + 2 v (is it in a star?)
     and
   5 + 2 v (its parent). *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep ComponentsText.
From Efasp Require Connectivity.
Import ListNotations.
Open Scope Z_scope.

Definition name (v : nat) : Z := 2 * Z.of_nat v.
Definition zero (pid : Z) : Z := 0.

(* Bits as words. *)
Lemma bit_and : forall a b, Z.land (Z.b2z a) (Z.b2z b) = Z.b2z (a && b).
Proof. intros [|] [|]; reflexivity. Qed.
Lemma name_same : forall a b, (if name a =? name b then 1 else 0) = Z.b2z (a =? b)%nat.
Proof.
  intros a b. unfold name. destruct (Nat.eqb_spec a b) as [->|N]; [rewrite Z.eqb_refl; reflexivity|].
  destruct (Z.eqb_spec (2 * Z.of_nat a) (2 * Z.of_nat b)); [lia|reflexivity].
Qed.
Lemma name_less : forall a b, (if name a <? name b then 1 else 0) = Z.b2z (a <? b)%nat.
Proof.
  intros a b. unfold name. destruct (Nat.ltb_spec a b); destruct (Z.ltb_spec (2 * Z.of_nat a) (2 * Z.of_nat b)); try lia;
  reflexivity.
Qed.
Lemma bit_less : forall a b, (if Z.b2z a <? Z.b2z b then 1 else 0) = Z.b2z (negb a && b).
Proof. intros [|] [|]; reflexivity. Qed.

Section Words.
Variable w : nat.
Hypothesis Wide : (7 <= w)%nat.
Lemma large : 128 <= size w.
Proof. change 128 with (2 ^ 7). apply Z.pow_le_mono_r; lia. Qed.
(* All bits, or none. *)
Definition mask (b : bool) : Z := if b then size w - 1 else 0.
Lemma mask_minus : forall b, (0 - Z.b2z b) mod size w = mask b.
Proof.
  pose proof large. intros [|]; cbn [Z.b2z mask]; [|apply Z.mod_0_l; lia].
  symmetry. apply (Z.mod_unique _ _ (-1)); lia.
Qed.
Lemma mask_less : forall b, (Z.b2z b - 1) mod size w = mask (negb b).
Proof.
  pose proof large. intros [|]; cbn [Z.b2z mask negb]; [apply Z.mod_0_l; lia|].
  symmetry. apply (Z.mod_unique _ _ (-1)); lia.
Qed.
Lemma size_ones : size w - 1 = Z.ones (Z.of_nat w).
Proof. rewrite Z.ones_equiv. unfold size. lia. Qed.
Lemma mask_or : forall v b, 0 <= v < size w -> Z.lor v (mask b) = if b then size w - 1 else v.
Proof.
  intros v [|] V; cbn [mask]; [|apply Z.lor_0_r]. rewrite size_ones. apply Z.bits_inj'. intros k K.
  rewrite Z.lor_spec, Z.testbit_ones_nonneg by lia. destruct (Z.ltb_spec k (Z.of_nat w)) as [L|L]; [apply orb_true_r|].
  rewrite orb_false_r. apply word_bits with (w := w); [apply is_word_range; exact V|exact L].
Qed.
Lemma mask_and : forall v b, 0 <= v < size w -> Z.land v (mask b) = if b then v else 0.
Proof.
  intros v [|] V; cbn [mask]; [|apply Z.land_0_r]. rewrite size_ones, Z.land_ones by lia. apply Z.mod_small. exact V.
Qed.
Lemma beyond : forall b v d, 4 <= d <= 5 -> 0 <= v -> v + d < size w ->
  ((if b : bool then size w - 1 else v) + d) mod size w = if b then d - 1 else v + d.
Proof.
  pose proof large. intros [|] v d D V L; [|apply Z.mod_small; lia]. symmetry. apply (Z.mod_unique _ _ 1); lia.
Qed.
End Words.

(* What the program computes of the parents. *)
Definition under (n : nat) (par : nat -> nat) (u : nat) : bool :=
  existsb (fun v => negb (par v =? par (par v))%nat && (par (par v) =? u)%nat) (seq 0 n).
Definition starred (n : nat) (par : nat -> nat) (v : nat) : bool := (par v =? par (par v))%nat && negb (under n par (par v)).
Lemma under_true : forall n par u, under n par u = true <->
  exists v, (v < n)%nat /\ par v <> par (par v) /\ par (par v) = u.
Proof.
  intros n par u. unfold under. rewrite existsb_exists. split.
  - intros (v & I & B). apply in_seq in I. apply andb_true_iff in B as [B1 B2]. apply negb_true_iff, Nat.eqb_neq in B1.
    apply Nat.eqb_eq in B2. exists v. repeat split; [lia|exact B1|exact B2].
  - intros (v & L & N & U). exists v. split; [apply in_seq; lia|]. apply andb_true_iff.
    split; [apply negb_true_iff, Nat.eqb_neq; exact N|apply Nat.eqb_eq; exact U].
Qed.
Lemma starred_star : forall n par v, starred n par v = true <-> Connectivity.star n par v.
Proof.
  intros n par v. unfold starred, Connectivity.star. rewrite andb_true_iff, Nat.eqb_eq, negb_true_iff.
  rewrite <- not_true_iff_false, under_true. reflexivity.
Qed.

(* What is assumed: the text, words and a memory that are large enough; and that every processor acts for a vertex and for an
   edge of the graph in one direction (or none, from a vertex to itself), so that every vertex and every edge has processors.
     *)
Record setting (w : nat) (p : program) (n : nat) (E : nat -> nat -> Prop) (V I J : Z -> nat) : Prop := {
  text : instructions p = components;
  wide : (7 <= w)%nat;
  room : 4 + 2 * Z.of_nat n <= Z.of_nat (length (initial p));
  addressed : Z.of_nat (length (initial p)) <= size w;
  V_inside : forall pid, acting p pid -> (V pid < n)%nat;
  I_inside : forall pid, acting p pid -> (I pid < n)%nat;
  J_inside : forall pid, acting p pid -> (J pid < n)%nat;
  V_onto : forall v, (v < n)%nat -> exists pid, acting p pid /\ V pid = v;
  IJ_edge : forall pid, acting p pid -> I pid = J pid \/ E (I pid) (J pid);
  IJ_onto : forall i j, E i j -> exists pid, acting p pid /\ I pid = i /\ J pid = j }.

Section Parts.
Variables (w : nat) (p : program) (n : nat) (E : nat -> nat -> Prop) (V I J : Z -> nat).
Hypothesis Here : setting w p n E V I J.
Local Notation M := (length (initial p)).
Let Text : instructions p = components := text _ _ _ _ _ _ _ Here.
Let Wide : (7 <= w)%nat := wide _ _ _ _ _ _ _ Here.
Let Room : 4 + 2 * Z.of_nat n <= Z.of_nat M := room _ _ _ _ _ _ _ Here.
Let Memory : Z.of_nat M <= size w := addressed _ _ _ _ _ _ _ Here.

Definition holds (m : Z -> Z) (par : nat -> nat) : Prop := forall v, (v < n)%nat -> (par v < n)%nat /\ m (name v + 5) = name
  (par v).
Definition bits (m : Z -> Z) (f : nat -> Z) : Prop := forall v, (v < n)%nat -> m (name v + 4) = f v.
(* The registers in the loop: the names of the vertex and of the ends, and r7 = 0. *)
Definition bank (f3 f4 f5 f6 : Z -> Z) : list (Z -> Z) :=
  [fun pid => name (V pid); fun pid => name (I pid); fun pid => name (J pid); f3; f4; f5; f6; zero].

Lemma fits : Z.of_nat (length (instructions p)) <= size w.
Proof. rewrite Text. pose proof (large w Wide). change (Z.of_nat (length components)) with 76. lia. Qed.
Lemma name_range : forall v d, (v < n)%nat -> 0 <= d <= 5 -> 0 <= name v /\ 0 <= name v + d < Z.of_nat M /\
  (name v + d) mod size w = name v + d /\ name v + d < size w.
Proof. intros v d L D. unfold name. repeat split; try lia. apply Z.mod_small. lia. Qed.

Lemma load : forall (m : Z -> Z) v d x, (v < n)%nat -> 0 <= d <= 5 -> m (name v + d) = x ->
  (if (name v + d) mod size w <? Z.of_nat M then Some (m ((name v + d) mod size w)) else None) = Some x.
Proof.
  intros m v d x L D X. destruct (name_range v d L D) as (_ & R & -> & _).
  destruct (Z.ltb_spec (name v + d) (Z.of_nat M)); [rewrite X; reflexivity|lia].
Qed.
Lemma load_parent : forall m par v, holds m par -> (v < n)%nat ->
  (if (name v + 5) mod size w <? Z.of_nat M then Some (m ((name v + 5) mod size w)) else None) = Some (name (par v)).
Proof. intros m par v H L. apply load; [exact L|lia|exact (proj2 (H v L))]. Qed.
Lemma load_bit : forall m f v, bits m f -> (v < n)%nat ->
  (if (name v + 4) mod size w <? Z.of_nat M then Some (m ((name v + 4) mod size w)) else None) = Some (f v).
Proof. intros m f v H L. apply load; [exact L|lia|exact (H v L)]. Qed.
Lemma load_word : forall (m : Z -> Z) d x, 0 <= d <= 3 -> m d = x ->
  (if (0 + d) mod size w <? Z.of_nat M then Some (m ((0 + d) mod size w)) else None) = Some x.
Proof.
  intros m d x D X. cbn [Z.add]. rewrite Z.mod_small by (pose proof (large w Wide); lia).
  destruct (Z.ltb_spec d (Z.of_nat M)); [rewrite X; reflexivity|lia].
Qed.

(* Stores: in records of vertices, and elsewhere. *)
Lemma elsewhere : forall address value m m' par, stores p address value m m' -> holds m par ->
  (forall pid v, acting p pid -> (v < n)%nat -> address pid <> name v + 5) -> holds m' par.
Proof.
  intros address value m m' par S H N v L. split; [exact (proj1 (H v L))|].
  destruct (S (name v + 5)) as [(pid & A & B & _)|[_ Q]].
  - unfold inside_memory. destruct (name_range v 5 L) as (_ & R & _); [lia|exact R].
  - destruct (N pid v A L B).
  - rewrite Q. exact (proj2 (H v L)).
Qed.
Lemma bits_stored : forall value m m' f, stores p (fun pid => name (V pid) + 4) value m m' ->
  (forall pid, acting p pid -> value pid = f (V pid)) -> bits m' f.
Proof.
  intros value m m' f S Q v L. destruct (S (name v + 4)) as [(pid & A & B & X)|[N _]].
  - unfold inside_memory. destruct (name_range v 4 L) as (_ & R & _); [lia|exact R].
  - rewrite X, (Q pid A). f_equal. unfold name in B. lia.
  - destruct (V_onto _ _ _ _ _ _ _ Here v L) as (pid & A & <-). destruct (N pid A eq_refl).
Qed.
Lemma parents_stored : forall value m m' f, stores p (fun pid => name (V pid) + 5) value m m' ->
  (forall pid, acting p pid -> value pid = name (f (V pid))) -> (forall v, (v < n)%nat -> (f v < n)%nat) -> holds m' f.
Proof.
  intros value m m' f S Q B v L. split; [exact (B v L)|]. destruct (S (name v + 5)) as [(pid & A & C & X)|[N _]].
  - unfold inside_memory. destruct (name_range v 5 L) as (_ & R & _); [lia|exact R].
  - rewrite X, (Q pid A). f_equal. f_equal. unfold name in C. lia.
  - destruct (V_onto _ _ _ _ _ _ _ Here v L) as (pid & A & <-). destruct (N pid A eq_refl).
Qed.
End Parts.

(* One instruction. *)
Ltac here Text := rewrite Text; reflexivity.
Ltac tidy := match goal with |- after_steps _ _ _ (lock _ _ ?c _ _) _ => let d := eval compute in c in change c with d end;
  registers; cbn [put].
Ltac shown := cbv beta iota delta [bank zero result address_of operand_value op rd ra rx alu]; registers; cbn [nth].
Ltac set_to Text Fits f :=
  eapply (set_step _ _ Fits) with (v := f);
  [here Text | lia | here Text | reflexivity | lia | intros pid A; shown | unfold bank; tidy].
Ltac store_to Text Fits a f :=
  eapply (store_step _ _ Fits) with (address := a) (value := f);
  [here Text | lia | here Text | reflexivity | intros pid A; shown | ].
