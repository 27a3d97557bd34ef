(* An autoregressive model whose support is two-sided Dyck-k decides it: the word problem of the free group of rank k is the
  question whether the model may end. So no such model is in a class of predicates that does not hold the word problem.

  The model is abstract: any function that gives each next letter, and the end, a probability after every word. *)
From Coq Require Import List QArith Relations Lia.
Import ListNotations.
From Efasp Require Import TwoSidedDyck.

Section Autoregressive.
Variable k : nat.
Local Notation over := (TwoSidedDyck.over k).

(* The probability of a letter, or of the end (None), after a word; and the words that are generated with positive probability. *)
Definition model : Type := list letter -> option letter -> Q.
Definition reached (p : model) (w : list letter) : Prop := forall u b v, w = u ++ b :: v -> (0 < p u (Some b))%Q.
Definition may_end (p : model) (w : list letter) : Prop := (0 < p w None)%Q.
Definition supports (p : model) (w : list letter) : Prop := reached p w /\ may_end p w.
Definition trivial (w : list letter) : Prop := reduces w [].

Definition mirrored (w : list letter) : list letter := map inverse (rev w).

(* backs: generation.completion *)
Lemma completed : forall w, trivial (w ++ mirrored w).
Proof.
  intros w. induction w as [| b w IH]; [apply rt_refl |].
  unfold trivial, mirrored in *. cbn [rev app]. rewrite map_app. cbn [map].
  apply rt_trans with (y := [b; inverse b]); [| apply rt_step; exact (cancel [] b [])].
  rewrite app_assoc. exact (reduces_within [b] _ [] [inverse b] IH).
Qed.

Lemma over_mirrored : forall w, over w -> over (w ++ mirrored w).
Proof.
  intros w W. unfold TwoSidedDyck.over, mirrored in *. rewrite Forall_app. split; [exact W |].
  rewrite Forall_forall in *. intros b B. apply in_map_iff in B. destruct B as (c & <- & C).
  apply in_rev in C. exact (W c C).
Qed.

Lemma reached_prefix : forall p u v, reached p (u ++ v) -> reached p u.
Proof. intros p u v R x b y ->. apply (R x b (y ++ v)). rewrite <- app_assoc. reflexivity. Qed.

(* Every word of more than n letters is judged rightly: it is generated exactly if it reduces to the empty word. *)
Definition right_beyond (p : model) (n : nat) : Prop :=
  forall w, over w -> (n < length w)%nat -> (supports p w <-> trivial w).

Theorem end_decides : forall p n, right_beyond p n ->
  forall w, over w -> (n < length w)%nat -> (may_end p w <-> trivial w).
Proof.
  intros p n H w W N. split.
  - intros E. apply (H w W N). split; [| exact E].
    apply reached_prefix with (v := mirrored w), H; [apply over_mirrored, W | rewrite app_length; lia | apply completed].
  - intros T. apply (H w W N), T.
Qed.

(* backs: generation.end_decides *)
Corollary end_decides_all : forall p, (forall w, over w -> (supports p w <-> trivial w)) ->
  forall w, over w -> (may_end p w <-> trivial w).
Proof.
  intros p H w W. split.
  - intros E. apply H; [exact W |]. split; [| exact E].
    apply reached_prefix with (v := mirrored w), H; [apply over_mirrored, W | apply completed].
  - intros T. apply H; assumption.
Qed.

(* A class of predicates of words, closed under changes at finitely many lengths. *)
Definition finitely_closed (C : (list letter -> Prop) -> Prop) : Prop :=
  forall P Q n, C P -> (forall w, over w -> (n < length w)%nat -> (P w <-> Q w)) -> C Q.

(* backs: generation.autoregressive *)
Theorem no_model_of_the_class : forall C, finitely_closed C -> ~ C trivial ->
  forall p, C (may_end p) -> forall n, ~ right_beyond p n.
Proof.
  intros C F W p P n H. apply W. apply F with (P := may_end p) (n := n); [exact P |]. intros w. apply end_decides, H.
Qed.

End Autoregressive.
