(* Resources, in the statement's own definitions: of every plan that runs every program, and so of every plan that is accepted.
   Any order of unmasking ends with the same sequence; how long the contexts are; and how many passes there are. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Composition.
Import ListNotations.
Open Scope nat_scope.

(* Nothing is ready: no pass changes the sequence. *)
Definition final (w : nat) (ext : bool) (m : plan) (places : list vector) (x : list token) : Prop :=
  forall chosen, length chosen = length x -> unmask w ext m places chosen x = x.

(* Passes. *)
Lemma diffuses_first : forall w ext m places k x y z chosen, length chosen = length x ->
  y = unmask w ext m places chosen x -> y <> x -> diffuses w ext m places k y z -> diffuses w ext m places (S k) x z.
Proof.
  intros w ext m places k x y z chosen L E N D. induction D as [y|k y z c D IH C Z].
  - rewrite E in *. exact (one_more w ext m places 0 x x chosen (no_pass w ext m places x) L N).
  - exact (one_more w ext m places (S k) x z c (IH E N) C Z).
Qed.

Lemma unmask_masks : forall w ext m places chosen x, length places = length x -> length chosen = length x ->
  unmask w ext m places chosen x <> x -> masks (unmask w ext m places chosen x) < masks x.
Proof.
  intros w ext m places chosen x P C N.
  assert (R : length (readings w ext m places x) = length x) by (unfold readings; rewrite map_length; apply outputs_length, P).
  set (u := map (fun '(t, read) => due t read) (combine x (readings w ext m places x))).
  assert (L : length u = length x) by (unfold u; rewrite map_length, combine_length, R; apply Nat.min_id).
  assert (E : unmask w ext m places chosen x = replaced chosen x u).
  { unfold u, unmask. clear u L P N. generalize dependent (readings w ext m places x). intros r R. revert chosen r C R.
    induction x as [|t x IH]; intros [|c chosen] [|a r] C R; try discriminate; [reflexivity|]. injection C as C.
    injection R as R. cbn [combine map replaced]. rewrite (IH chosen r C R). f_equal. destruct c, t; reflexivity. }
  rewrite E in N |- *. apply masks_replaced; assumption.
Qed.

(* Masked diffusion: the context for T steps, P processors, M words and L instructions. *)
Theorem context_mdm : forall w ext m p T, runs_pram_mdm w ext m -> valid w ext p = true -> (Z.of_nat T <= latest w)%Z ->
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  let places := map (log_code w) (log_places L M P T) in
  let context := 2 + 4 * L + M + 3 * P * (T + 1) in
  length places = context /\ forall k x, diffuses w ext m places k (log_tokens w p T 0) x -> length x = context.
Proof.
  intros w ext m p T R V U L M P places context. destruct (R p T V U) as (_ & Places & _ & Any). split; [exact Places|].
  intros k x D. exact (proj1 (Any k x D)).
Qed.

(* Any-process generation: the context does not grow with the number of passes. *)
Theorem context_apmdm : forall w ext m p, runs_pram_apmdm w ext m -> valid w ext p = true ->
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  let places := map (cell_code w) (cell_places L M P) in
  let opening := cell_tokens w p (start P (initial p)) (repeat false (M + 9 * P)) in
  let context := 2 + 4 * L + 2 * (M + 9 * P) in
  length places = context /\ forall t, exists x, generated w ext m places t opening = Some x /\ length x = context.
Proof.
  intros w ext m p R V L M P places opening context. destruct (R p V) as (Places & H). split; [exact Places|].
  intros t. destruct (H t) as (x & _ & G & E & _). exists x. split; [exact G|exact E].
Qed.

(* In whatever order tokens are unmasked, the end is the sequence of all T steps: it can be reached from every sequence that
   is reached, and it is the only one in which nothing is ready. *)
Theorem confluence : forall w ext m p T, runs_pram_mdm w ext m -> valid w ext p = true -> (Z.of_nat T <= latest w)%Z ->
  let places := map (log_code w) (log_places (length (instructions p)) (length (initial p)) (processors p) T) in
  let log := log_tokens w p T in
  forall k x, diffuses w ext m places k (log 0) x ->
    (exists j, diffuses w ext m places j x (log T)) /\ (final w ext m places x <-> x = log T).
Proof.
  intros w ext m p T R V U places log. destruct (R p T V U) as (_ & Places & _ & Any). fold places log in Any.
  assert (End : forall k x, diffuses w ext m places k (log 0) x -> unmask_all w ext m places x = x -> x = log T).
  { intros k x D F. destruct (Any k x D) as (_ & _ & t & B & _ & _ & Between & Ready).
    destruct (Nat.eq_dec t T) as [->|N]; [|destruct (Ready ltac:(lia) F)].
    rewrite Nat.min_r in Between by lia.
    enough (G : forall a b : list token, (forall i, nth_error a i = nth_error b i) -> a = b).
    { apply G. intros i. destruct (Between i) as [E|E]; exact E. }
    clear. induction a as [|s a IH]; intros [|u b] H; [reflexivity|discriminate (H 0)|discriminate (H 0)|].
    pose proof (H 0) as E. injection E as ->. f_equal. apply IH. intros i. exact (H (S i)). }
  intros k x D. split.
  - assert (G : forall n k x, 3 * processors p * (T + 1) <= n + k -> diffuses w ext m places k (log 0) x ->
      exists j, diffuses w ext m places j x (log T)).
    { clear k x D. induction n as [|n IH]; intros k x B D; destruct (Any k x D) as (_ & _ & t & Bt & K & _ & _ & Ready).
      - exfalso. assert (3 * processors p * (t + 1) <= 3 * processors p * (T + 1)) by (apply Nat.mul_le_mono_l; lia). lia.
      - destruct (list_eq_dec (fun a b : token => ltac:(repeat decide equality) : {a = b} + {a <> b})
          (unmask_all w ext m places x) x) as [F|N]; [rewrite (End k x D F); exists 0; apply no_pass|].
        assert (C : length (map (fun _ : token => true) x) = length x) by apply map_length.
        destruct (IH (S k) (unmask_all w ext m places x)) as (j & J); [lia|exact (one_more w ext m places k _ x _ D C N)|].
        exists (S j). exact (diffuses_first w ext m places j x _ _ _ C eq_refl N J). }
    exact (G _ k x ltac:(apply Nat.le_add_r) D).
  - split; [intros F; exact (End k x D (F _ (map_length _ _)))|]. intros -> chosen C. apply unmask_unmasked; [|exact C|].
    + unfold places. rewrite map_length. rewrite log_places_length. symmetry. apply log_length. lia.
    + exact (log_unmasked w p T).
Qed.

(* Passes, exactly. Masked diffusion: T for T steps where a pass unmasks all that is ready, and not one less; in any order at
   least T, and at most one for each of the 3 P T masks. Any-process generation, of a program whose processors have all stopped
   after T steps and not before: the first T passes, and no others, change the sequence. *)
Theorem steps : forall w ext m,
  (runs_pram_mdm w ext m -> forall p T, valid w ext p = true -> (Z.of_nat T <= latest w)%Z ->
    let places := map (log_code w) (log_places (length (instructions p)) (length (initial p)) (processors p) T) in
    let log := log_tokens w p T in
    (forall t, t <= T -> (Nat.iter t (unmask_all w ext m places) (log 0) = log T <-> t = T)) /\
    (forall k, diffuses w ext m places k (log 0) (log T) -> T <= k <= 3 * processors p * T)) /\
  (runs_pram_apmdm w ext m -> forall p T, valid w ext p = true -> (forall t, stopped (reached w p t) = true <-> T <= t) ->
    let places := map (cell_code w) (cell_places (length (instructions p)) (length (initial p)) (processors p)) in
    let opening := cell_tokens w p (start (processors p) (initial p)) (repeat false (length (initial p) + 9 * processors p)) in
    forall t, exists x, generated w ext m places t opening = Some x /\ (generate w ext m places x = Some x <-> T <= t)).
Proof.
  intros w ext m. split.
  - intros R p T V U places log. destruct (R p T V U) as (_ & Places & Together & Any). fold places log in Together, Any.
    assert (Once : forall t, t <= T -> log t = log T -> t = T).
    { intros t B E. destruct (Together t B) as (_ & H). destruct (Together T (Nat.le_refl T)) as (_ & H'). rewrite E, H' in H.
      injection H as H. apply (f_equal (@length _)) in H. unfold trace in H. rewrite !map_length, !seq_length in H. lia. }
    split.
    + intros t B. rewrite (proj1 (Together t B)). split; [apply Once; exact B|intros ->; reflexivity].
    + intros k D. split.
      * destruct (Any k _ D) as (_ & _ & t & B & K & H & _). destruct (Together T (Nat.le_refl T)) as (_ & H').
        rewrite H' in H. injection H as H. apply (f_equal (@length _)) in H. unfold trace in H.
        rewrite !map_length, !seq_length in H. lia.
      * assert (G : forall x, diffuses w ext m places k (log 0) x -> k + masks x <= 3 * processors p * T).
        { clear D. induction k as [|k IH]; intros x D; inversion D as [|k' x' y chosen D' C N]; subst.
          - unfold log. rewrite log_before, masks_app, masks_repeat, (masks_none _ (before_unmasked w p 0)), Nat.sub_0_r.
            apply Nat.le_refl.
          - specialize (IH y D'). destruct (Any k y D') as (Ly & _). pose proof (unmask_masks w ext m places chosen y) as Less.
            specialize (Less (eq_trans Places (eq_sym Ly)) C N). lia. }
        specialize (G _ D). lia.
  - intros R p T V S places opening t. destruct (R p V) as (_ & H). destruct (H t) as (x & _ & G & _ & _ & _ & F).
    exists x. split; [exact G|]. rewrite <- S. exact F.
Qed.
