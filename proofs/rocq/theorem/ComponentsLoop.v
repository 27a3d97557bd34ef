(* A round of the library's program `components` in its text: 48 steps in lockstep, after which the parents in memory are
   those
   of one round of the relation of Connectivity.v; and the end, which writes the labels. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep ComponentsText ComponentsParts.
From Efasp Require Connectivity.
Import ListNotations.
Open Scope Z_scope.

Section Loop.
Variables (w : nat) (p : program) (n : nat) (E : nat -> nat -> Prop) (V I J : Z -> nat).
Hypothesis Here : setting w p n E V I J.
Let Text := text _ _ _ _ _ _ _ Here.
Let Fits := fits w p n E V I J Here.
Let range := name_range w p n E V I J Here.
Let Wide := wide _ _ _ _ _ _ _ Here.
Let large := large w Wide.
Let V_in := V_inside _ _ _ _ _ _ _ Here.
Let I_in := I_inside _ _ _ _ _ _ _ Here.
Let J_in := J_inside _ _ _ _ _ _ _ Here.
Notation holds := (holds n).
Notation bits := (bits n).
Notation bank := (bank V I J).
Notation parent := (load_parent w p n E V I J Here).
Notation bit := (load_bit w p n E V I J Here).
Notation run k counter m F Q := (after_steps w p k (lock p Running counter m F) Q).

Lemma name_word : forall v, (v < n)%nat -> 0 <= name v < size w.
Proof. intros v L. destruct (range v 5 L) as (A & _ & _ & B); lia. Qed.
Lemma address : forall v d, (v < n)%nat -> 0 <= d <= 5 -> (name v + d) mod size w = name v + d /\ name v + d < Z.of_nat
  (length (initial p)).
Proof. intros v d L D. destruct (range v d L D) as (_ & A & B & _). split; [exact B|lia]. Qed.

(* 1. Is there to be another round? *)
Definition same (par : nat -> nat) : bool := forallb (fun pid => (par (I pid) =? par (J pid))%nat) (numbers (processors p)).
Lemma same_finished : forall par, same par = true <-> Connectivity.finished E par.
Proof.
  intros par. unfold same, Connectivity.finished. rewrite forallb_forall. split.
  - intros S i j L. destruct (IJ_onto _ _ _ _ _ _ _ Here i j L) as (pid & A & <- & <-). apply Nat.eqb_eq, S, in_numbers.
    exact A.
  - intros F pid A. apply in_numbers in A. apply Nat.eqb_eq.
    destruct (IJ_edge _ _ _ _ _ _ _ Here pid A) as [->|L]; [reflexivity|exact (F _ _ L)].
Qed.

Lemma head_part : forall m par f3 f4 f5 f6 k Q, (1 <= n)%nat -> holds m par ->
  (forall m' f3' f4' f5' f6', holds m' par ->
    run k (if same par then 71 else 31) m' (bank f3' f4' f5' f6') Q) ->
  run (8 + k) 23 m (bank f3 f4 f5 f6) Q.
Proof.
  intros m par f3 f4 f5 f6 k Q Some H Next. cbn [Nat.add].
  store_to Text Fits (fun _ : Z => 2) (fun _ : Z => 0).
  { rewrite Z.mod_small by lia. destruct (range 0 0) as (_ & R & _ & _); [lia|lia|]. pose proof (room _ _ _ _ _ _ _ Here).
    repeat split. lia. }
  intros m1 S1. tidy.
  assert (H1 : holds m1 par).
  { apply (elsewhere w p n E V I J Here _ _ _ _ _ S1 H). intros pid v _ _. unfold name. lia. }
  assert (A1 : m1 2 = 0).
  { destruct (V_onto _ _ _ _ _ _ _ Here 0%nat) as (pid & A & _); [lia|]. destruct (S1 2) as [(q & _ & _ & X)|[N _]].
    - unfold inside_memory. pose proof (room _ _ _ _ _ _ _ Here). lia.
    - exact X.
    - destruct (N pid A eq_refl). }
  set_to Text Fits (fun pid => name (par (I pid))). { apply (parent m1 par); [exact H1|apply I_in; exact A]. }
  set_to Text Fits (fun pid => name (par (J pid))). { apply (parent m1 par); [exact H1|apply J_in; exact A]. }
  set_to Text Fits (fun pid => Z.b2z (par (I pid) =? par (J pid))%nat). { rewrite name_same. reflexivity. }
  set_to Text Fits (fun _ : Z => 1). { reflexivity. }
  store_to Text Fits (fun pid => Z.b2z (par (I pid) =? par (J pid))%nat + 2) (fun _ : Z => 1).
  { pose proof (room _ _ _ _ _ _ _ Here).
    destruct (Nat.eqb (par (I pid)) (par (J pid))); cbn [Z.b2z]; rewrite Z.mod_small by lia; repeat split; lia. }
  intros m2 S2. tidy.
  assert (H2 : holds m2 par).
  { apply (elsewhere w p n E V I J Here _ _ _ _ _ S2 H1). intros pid v _ _. unfold name.
    destruct (Nat.eqb (par (I pid)) (par (J pid))); cbn [Z.b2z]; lia. }
  assert (A2 : m2 2 = Z.b2z (negb (same par))).
  { destruct (S2 2) as [(pid & A & B & X)|[N X]].
    - unfold inside_memory. pose proof (room _ _ _ _ _ _ _ Here). lia.
    - rewrite X. destruct (same par) eqn:S; [|reflexivity]. unfold same in S. rewrite forallb_forall in S.
      specialize (S pid (proj2 (in_numbers _ _) A)). rewrite S in B. discriminate.
    - rewrite X, A1. destruct (same par) eqn:S; [reflexivity|exfalso]. enough (same par = true) by congruence.
      apply forallb_forall. intros pid A. apply in_numbers in A. specialize (N pid A).
      destruct (Nat.eqb (par (I pid)) (par (J pid))); [reflexivity|exfalso; apply N; reflexivity]. }
  set_to Text Fits (fun _ : Z => Z.b2z (negb (same par))). { apply (load_word w p n E V I J Here m2); [lia|exact A2]. }
  eapply (branch_step _ _ Fits) with (zero := same par);
    [here Text|lia|here Text|reflexivity|reflexivity|intros pid A; shown; destruct (same par); reflexivity|].
  apply (Next m2 _ _ _ _ H2).
Qed.

(* 2. Which vertices are in stars. *)
Lemma name_apart : forall u v, name u + 4 <> name v + 5.
Proof. intros u v. unfold name. lia. Qed.
Definition rooted (par : nat -> nat) (v : nat) : bool := (par v =? par (par v))%nat.
Lemma starred_bits : forall par v,
  Z.land (Z.b2z (rooted par v)) (if under n par (par v) then 0 else Z.b2z (rooted par (par v))) = Z.b2z (starred n par v).
Proof.
  intros par v. unfold starred. fold (rooted par v). destruct (rooted par v) eqn:R; [|reflexivity].
  destruct (under n par (par v)); [reflexivity|]. unfold rooted in *. apply Nat.eqb_eq in R. rewrite <- !R, Nat.eqb_refl.
    reflexivity.
Qed.
Lemma under_stored : forall m m' par, bits m (fun v => Z.b2z (rooted par v)) ->
  stores p (fun pid => if rooted par (V pid) then 3 else name (par (par (V pid))) + 4) (fun pid => Z.b2z (rooted par (V
    pid))) m m' ->
  bits m' (fun v => if under n par v then 0 else Z.b2z (rooted par v)).
Proof.
  intros m m' par B S u L. destruct (S (name u + 4)) as [(pid & A & Q & X)|[N X]].
  - unfold inside_memory. destruct (range u 4 L) as (_ & R & _); [lia|exact R].
  - destruct (rooted par (V pid)) eqn:R; [unfold name in Q; lia|]. rewrite X.
    replace (under n par u) with true; [reflexivity|]. symmetry. apply under_true. exists (V pid).
    split; [exact (V_in pid A)|]. split; [apply Nat.eqb_neq; exact R|]. unfold name in Q. lia.
  - rewrite X, (B u L). destruct (under n par u) eqn:U; [exfalso|reflexivity].
    apply under_true in U as (v & Lv & Nv & <-). destruct (V_onto _ _ _ _ _ _ _ Here v Lv) as (pid & A & <-).
    apply (N pid A). apply Nat.eqb_neq in Nv. unfold rooted. rewrite Nv. reflexivity.
Qed.
Lemma star_part : forall c m par f3 f4 f5 f6 k Q, c = 31 \/ c = 49 -> holds m par ->
  (forall m' f3' f4' f5' f6', holds m' par -> bits m' (fun v => Z.b2z (starred n par v)) ->
    run k (c + 10) m' (bank f3' f4' f5' f6') Q) ->
  run (10 + k) c m (bank f3 f4 f5 f6) Q.
Proof.
  intros c m par f3 f4 f5 f6 k Q C H Next. cbn [Nat.add].
  assert (In : forall v, (v < n)%nat -> (par v < n)%nat) by (intros v L; exact (proj1 (H v L))).
  pose (root := rooted par).
  destruct C as [-> | ->].
  all: set_to Text Fits (fun pid => name (par (V pid))); [apply (parent m par); [exact H|apply V_in; exact A]|].
  all: set_to Text Fits (fun pid => name (par (par (V pid)))); [apply (parent m par); [exact H|apply In, V_in; exact A]|].
  all: set_to Text Fits (fun pid => Z.b2z (root (V pid))); [rewrite name_same; reflexivity|].
  all: store_to Text Fits (fun pid => name (V pid) + 4) (fun pid => Z.b2z (root (V pid)));
    [destruct (address (V pid) 4 (V_in pid A)); [lia|]; repeat split; assumption|].
  all: intros m1 S1; tidy.
  all: assert (H1 : holds m1 par) by (apply (elsewhere w p n E V I J Here _ _ _ _ _ S1 H); intros; apply name_apart).
  all: pose proof (bits_stored w p n E V I J Here _ _ _ (fun v => Z.b2z (root v)) S1 (fun _ _ => eq_refl)) as B1.
  all: set_to Text Fits (fun pid => mask w (root (V pid))); [rewrite (mask_minus w Wide); reflexivity|].
  all: set_to Text Fits (fun pid => if root (V pid) then size w - 1 else name (par (par (V pid))));
    [rewrite (mask_or w Wide) by (apply name_word, In, In, V_in; exact A); reflexivity|].
  all: store_to Text Fits (fun pid => if root (V pid) then 3 else name (par (par (V pid))) + 4) (fun pid => Z.b2z (root (V
    pid)));
    [assert (L : (par (par (V pid)) < n)%nat) by (apply In, In, V_in; exact A);
     destruct (range _ 4 L) as (R1 & R2 & R3 & R4); [lia|]; rewrite (beyond w Wide) by lia;
     repeat split; destruct (root (V pid)); first [reflexivity|lia]|].
  all: intros m2 S2; tidy.
  all: assert (H2 : holds m2 par) by (apply (elsewhere w p n E V I J Here _ _ _ _ _ S2 H1); intros pid v _ _;
    destruct (root (V pid)); [unfold name; lia|apply name_apart]).
  all: assert (B2 : bits m2 (fun v => if under n par v then 0 else Z.b2z (root v))) by exact (under_stored _ _ _ B1 S2).
  all: set_to Text Fits (fun pid => if under n par (par (V pid)) then 0 else Z.b2z (root (par (V pid))));
    [apply (bit m2 (fun v => if under n par v then 0 else Z.b2z (root v))); [exact B2|apply In, V_in; exact A]|].
  all: set_to Text Fits (fun pid => Z.b2z (starred n par (V pid)));
    [f_equal; apply starred_bits|].
  all: store_to Text Fits (fun pid => name (V pid) + 4) (fun pid => Z.b2z (starred n par (V pid)));
    [destruct (address (V pid) 4 (V_in pid A)); [lia|]; repeat split; assumption|].
  all: intros m3 S3; tidy.
  all: apply (Next m3 _ _ _ _).
  all: try (apply (elsewhere w p n E V I J Here _ _ _ _ _ S3 H2); intros; apply name_apart).
  all: exact (bits_stored w p n E V I J Here _ _ _ (fun v => Z.b2z (starred n par v)) S3 (fun _ _ => eq_refl)).
Qed.

(* 3. Hooks: of the processors that ask for one of a root, one has it. *)
Lemma half_name : forall v, name v / 2 = Z.of_nat v.
Proof. intros v. unfold name. rewrite Z.mul_comm. apply Z.div_mul. lia. Qed.
Lemma hooked : forall c (asks : Z -> bool) m m' par, holds m par ->
  (forall pid, acting p pid -> (asks pid = true <-> Connectivity.star n par (I pid) /\ c (I pid) (J pid))) ->
  (forall i, ~ (Connectivity.star n par i /\ c i i)) ->
  stores p (fun pid => if negb (asks pid) then 4 else name (par (I pid)) + 5) (fun pid => name (par (J pid))) m m' ->
  exists q, holds m' q /\ Connectivity.hook n E c par q.
Proof.
  intros c asks m m' par H Asks Proper S. exists (fun v => Z.to_nat (m' (name v + 5) / 2)).
  assert (At : forall v, (v < n)%nat -> (exists pid, acting p pid /\ asks pid = true /\ par (I pid) = v /\
      m' (name v + 5) = name (par (J pid))) \/
    ((forall pid, acting p pid -> asks pid = true -> par (I pid) <> v) /\ m' (name v + 5) = name (par v))).
  { intros v L. destruct (S (name v + 5)) as [(pid & A & Q & X)|[N X]].
    - unfold inside_memory. destruct (range v 5 L) as (_ & R & _); [lia|exact R].
    - left. exists pid. destruct (asks pid) eqn:K; cbn [negb] in Q; unfold name in Q; [|lia].
      split; [exact A|]. split; [reflexivity|]. split; [lia|exact X].
    - right. split; [|rewrite X; exact (proj2 (H v L))]. intros pid A K Q. apply (N pid A). rewrite K, Q. reflexivity. }
  split; intros v L.
  - destruct (At v L) as [(pid & A & _ & _ & ->)|[_ ->]]; rewrite half_name, Nat2Z.id; (split; [|reflexivity]); apply H;
    [apply J_in; exact A|exact L].
  - destruct (At v L) as [(pid & A & K & Q & X)|[N X]]; [left|right].
    + apply (Asks pid A) in K as [K1 K2]. exists (I pid), (J pid). rewrite X, half_name, Nat2Z.id.
      split; [|reflexivity]. split; [|repeat split; auto; apply K1].
      destruct (IJ_edge _ _ _ _ _ _ _ Here pid A) as [D|L']; [|exact L']. exfalso. rewrite <- D in K2. exact (Proper _ (conj
        K1 K2)).
    + rewrite X, half_name, Nat2Z.id. split; [reflexivity|]. intros (i & j & L' & K1 & K2 & Q).
      destruct (IJ_onto _ _ _ _ _ _ _ Here i j L') as (pid & A & <- & <-). apply (N pid A); [|symmetry; exact Q].
      apply Asks; [exact A|split; assumption].
Qed.

Lemma lesser_part : forall m par f3 f4 f5 f6 k Q, holds m par -> bits m (fun v => Z.b2z (starred n par v)) ->
  (forall m' q f3' f4' f5' f6', holds m' q -> Connectivity.hook n E (Connectivity.lesser par) par q ->
    run k 49 m' (bank f3' f4' f5' f6') Q) ->
  run (8 + k) 41 m (bank f3 f4 f5 f6) Q.
Proof.
  intros m par f3 f4 f5 f6 k Q H B Next. cbn [Nat.add].
  assert (In : forall v, (v < n)%nat -> (par v < n)%nat) by (intros v L; exact (proj1 (H v L))).
  pose (asks := fun pid => (par (J pid) <? par (I pid))%nat && starred n par (I pid)).
  set_to Text Fits (fun pid => Z.b2z (starred n par (I pid))).
  { apply (bit m (fun v => Z.b2z (starred n par v))); [exact B|apply I_in; exact A]. }
  set_to Text Fits (fun pid => name (par (I pid))). { apply (parent m par); [exact H|apply I_in; exact A]. }
  set_to Text Fits (fun pid => name (par (J pid))). { apply (parent m par); [exact H|apply J_in; exact A]. }
  set_to Text Fits (fun pid => Z.b2z (par (J pid) <? par (I pid))%nat). { rewrite name_less. reflexivity. }
  set_to Text Fits (fun pid => Z.b2z (asks pid)). { rewrite bit_and. reflexivity. }
  set_to Text Fits (fun pid => mask w (negb (asks pid))). { rewrite (mask_less w Wide). reflexivity. }
  set_to Text Fits (fun pid => if negb (asks pid) then size w - 1 else name (par (I pid))).
  { rewrite (mask_or w Wide) by (apply name_word, In, I_in; exact A). reflexivity. }
  store_to Text Fits (fun pid => if negb (asks pid) then 4 else name (par (I pid)) + 5) (fun pid => name (par (J pid))).
  { assert (L : (par (I pid) < n)%nat) by (apply In, I_in; exact A). destruct (range _ 5 L) as (R1 & R2 & R3 & R4); [lia|].
    rewrite (beyond w Wide) by lia. repeat split; destruct (negb (asks pid)); first [reflexivity|lia]. }
  intros m1 S1. tidy. destruct (hooked (Connectivity.lesser par) asks m m1 par H) as (q & Hq & K).
  - intros pid A. unfold asks, Connectivity.lesser. rewrite andb_true_iff, Nat.ltb_lt, starred_star. tauto.
  - intros i [_ L]. unfold Connectivity.lesser in L. lia.
  - exact S1.
  - exact (Next m1 q _ _ _ _ Hq K).
Qed.

Lemma outside_part : forall m par f3 f4 f5 f6 k Q, holds m par -> bits m (fun v => Z.b2z (starred n par v)) ->
  (forall m' q f3' f4' f5' f6', holds m' q -> Connectivity.hook n E (Connectivity.outside_stars n par) par q ->
    run k 67 m' (bank f3' f4' f5' f6') Q) ->
  run (8 + k) 59 m (bank f3 f4 f5 f6) Q.
Proof.
  intros m par f3 f4 f5 f6 k Q H B Next. cbn [Nat.add].
  assert (In : forall v, (v < n)%nat -> (par v < n)%nat) by (intros v L; exact (proj1 (H v L))).
  pose (asks := fun pid => negb (starred n par (J pid)) && starred n par (I pid)).
  set_to Text Fits (fun pid => Z.b2z (starred n par (I pid))).
  { apply (bit m (fun v => Z.b2z (starred n par v))); [exact B|apply I_in; exact A]. }
  set_to Text Fits (fun pid => Z.b2z (starred n par (J pid))).
  { apply (bit m (fun v => Z.b2z (starred n par v))); [exact B|apply J_in; exact A]. }
  set_to Text Fits (fun pid => name (par (I pid))). { apply (parent m par); [exact H|apply I_in; exact A]. }
  set_to Text Fits (fun pid => name (par (J pid))). { apply (parent m par); [exact H|apply J_in; exact A]. }
  set_to Text Fits (fun pid => Z.b2z (asks pid)). { rewrite bit_less. reflexivity. }
  set_to Text Fits (fun pid => mask w (negb (asks pid))). { rewrite (mask_less w Wide). reflexivity. }
  set_to Text Fits (fun pid => if negb (asks pid) then size w - 1 else name (par (I pid))).
  { rewrite (mask_or w Wide) by (apply name_word, In, I_in; exact A). reflexivity. }
  store_to Text Fits (fun pid => if negb (asks pid) then 4 else name (par (I pid)) + 5) (fun pid => name (par (J pid))).
  { assert (L : (par (I pid) < n)%nat) by (apply In, I_in; exact A). destruct (range _ 5 L) as (R1 & R2 & R3 & R4); [lia|].
    rewrite (beyond w Wide) by lia. repeat split; destruct (negb (asks pid)); first [reflexivity|lia]. }
  intros m1 S1. tidy. destruct (hooked (Connectivity.outside_stars n par) asks m m1 par H) as (q & Hq & K).
  - intros pid A. unfold asks, Connectivity.outside_stars. rewrite andb_true_iff, negb_true_iff, starred_star.
    rewrite <- not_true_iff_false, starred_star. tauto.
  - intros i [S O]. exact (O S).
  - exact S1.
  - exact (Next m1 q _ _ _ _ Hq K).
Qed.

(* 4. The jump; and all together. *)
Lemma jump_part : forall m par f3 f4 f5 f6 k Q, holds m par ->
  (forall m' f3', holds m' (fun v => par (par v)) -> run k 23 m' (bank f3' f4 f5 f6) Q) ->
  run (4 + k) 67 m (bank f3 f4 f5 f6) Q.
Proof.
  intros m par f3 f4 f5 f6 k Q H Next. cbn [Nat.add].
  assert (In : forall v, (v < n)%nat -> (par v < n)%nat) by (intros v L; exact (proj1 (H v L))).
  set_to Text Fits (fun pid => name (par (V pid))). { apply (parent m par); [exact H|apply V_in; exact A]. }
  set_to Text Fits (fun pid => name (par (par (V pid)))). { apply (parent m par); [exact H|apply In, V_in; exact A]. }
  store_to Text Fits (fun pid => name (V pid) + 5) (fun pid => name (par (par (V pid)))).
  { destruct (address (V pid) 5 (V_in pid A)); [lia|]; repeat split; assumption. }
  intros m1 S1. tidy. eapply jump_step; [here Text|reflexivity|reflexivity|].
  apply (Next m1). apply (parents_stored w p n E V I J Here _ _ _ (fun v => par (par v)) S1 (fun _ _ => eq_refl)).
  intros v L. apply In, In, L.
Qed.

Theorem round_part : forall m par f3 f4 f5 f6 k Q, holds m par ->
  (forall m' r f3' f4' f5' f6', holds m' r -> Connectivity.round n E par r -> run k 23 m' (bank f3' f4' f5' f6') Q) ->
  run (40 + k) 31 m (bank f3 f4 f5 f6) Q.
Proof.
  intros m par f3 f4 f5 f6 k Q H Next. apply (star_part 31 m par _ _ _ _ (30 + k) Q (or_introl eq_refl) H).
  intros m1 g3 g4 g5 g6 H1 B1. apply (lesser_part m1 par _ _ _ _ (22 + k) Q H1 B1).
  intros m2 q h3 h4 h5 h6 H2 K2. apply (star_part 49 m2 q _ _ _ _ (12 + k) Q (or_intror eq_refl) H2).
  intros m3 i3 i4 i5 i6 H3 B3. apply (outside_part m3 q _ _ _ _ (4 + k) Q H3 B3).
  intros m4 s j3 j4 j5 j6 H4 K4. apply (jump_part m4 s _ _ _ _ k Q H4).
  intros m5 l3 H5. apply (Next m5 (fun v => s (s v)) _ _ _ _ H5). exists q, s. split; [exact K2|]. split; [exact
    K4|reflexivity].
Qed.

(* The labels, over the records. *)
Lemma finish_part : forall m par f3 f4 f5 f6 k Q, holds m par ->
  (forall m' F, (forall v, (v < n)%nat -> m' (Z.of_nat v + 4) = Z.of_nat (par v)) -> run k 75 m' F Q) ->
  run (4 + k) 71 m (bank f3 f4 f5 f6) Q.
Proof.
  intros m par f3 f4 f5 f6 k Q H Next. cbn [Nat.add].
  set_to Text Fits (fun pid => name (par (V pid))). { apply (parent m par); [exact H|apply V_in; exact A]. }
  set_to Text Fits (fun pid => Z.of_nat (par (V pid))). { rewrite half_name. reflexivity. }
  set_to Text Fits (fun pid => Z.of_nat (V pid)). { rewrite half_name. reflexivity. }
  store_to Text Fits (fun pid => Z.of_nat (V pid) + 4) (fun pid => Z.of_nat (par (V pid))).
  { destruct (range (V pid) 4 (V_in pid A)) as (_ & R & _ & R'); [lia|]. unfold name in *. rewrite Z.mod_small by lia.
    repeat split. lia. }
  intros m1 S1. tidy. apply Next. intros v L.
  destruct (S1 (Z.of_nat v + 4)) as [(pid & A & Q' & X)|[N _]].
  - unfold inside_memory. destruct (range v 4 L) as (_ & R & _); [lia|]. unfold name in R. lia.
  - rewrite X. f_equal. f_equal. lia.
  - destruct (V_onto _ _ _ _ _ _ _ Here v L) as (pid & A & <-). destruct (N pid A eq_refl).
Qed.
End Loop.
