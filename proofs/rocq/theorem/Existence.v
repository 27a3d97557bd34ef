(* For every n there is an encoder of constant depth and O(log n) width that runs every PRAM program: for every word width w >=
   5 a plan without reuse of coordinates, which is accepted, whose depth does not depend on w and whose dimensions are at most
   a w + b. *)
From Coq Require Import List ZArith Lia.
From Efasp Require Import Statement StepBuilder StepDefinition StepSizes Accepts DirectAccepted.
Open Scope nat_scope.

Lemma direct_runs : forall w e ext n, 5 <= w -> code_width w (in_log e) ext + nodes_needed w (in_log e) ext <= n ->
  exists m, accepts w e ext m = true /\ runs_pram w e ext m /\ within (layers_needed ext) n m.
Proof.
  intros w e ext n W L. exists (direct_plan w (in_log e) ext). pose proof (direct_accepted w e ext W) as A. split; [exact A|].
  split; [exact (accepts_sound w e ext _ A)|]. exact (within_more _ _ _ _ (direct_within w (in_log e) ext W) L).
Qed.

Lemma clock_above : forall w, 5 <= w -> clock_bits w <= w + 11.
Proof. intros. unfold clock_bits. lia. Qed.

(* For every n: of constant depth, and of width linear in w, which is log n for machines of n processors, words and
   instructions. *)
Theorem exists_for_all_n : forall w, 5 <= w ->
  (exists m, accepts w Diffusion false m = true /\ runs_pram_mdm w false m /\ within 5 (51 * w + 131) m) /\
  (exists m, accepts w AnyProcess false m = true /\ runs_pram_apmdm w false m /\ within 5 (45 * w + 104) m).
Proof.
  intros w W. pose proof (clock_above w W) as C.
  split; [apply (direct_runs w Diffusion false)|apply (direct_runs w AnyProcess false)]; trivial;
    unfold nodes_needed, code_width, token_code_width; cbn [in_log length operations app]; lia.
Qed.

(* With extension M, whose products and shifts by a word take a unit for every pair of bits, the width is quadratic in w. *)
Theorem exists_for_all_n_extended : forall w, 5 <= w ->
  (exists m, accepts w Diffusion true m = true /\ runs_pram_mdm w true m /\ within 6 (5 * w * w + 60 * w + 140) m) /\
  (exists m, accepts w AnyProcess true m = true /\ runs_pram_apmdm w true m /\ within 6 (5 * w * w + 54 * w + 110) m).
Proof.
  intros w W. pose proof (clock_above w W) as C.
  split; [apply (direct_runs w Diffusion true)|apply (direct_runs w AnyProcess true)]; trivial;
    unfold nodes_needed, code_width, token_code_width; cbn [in_log length operations app]; lia.
Qed.
