(* The theorem: a plan that is accepted runs every PRAM program. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars Sequences Follows Accepted Passes StepDefinition StepCodes StepDefined
  StepInPlace StepOverLog.
From Efasp Require CellPass CellReads LogSites FollowsSound.
Import ListNotations.
Open Scope nat_scope.

(* [log]: masked diffusion over the log; otherwise any-process generation in place. *)
Definition accepts (w : nat) (log ext : bool) (m : plan) : bool :=
  if log then follows_log w ext (step_writing w true ext) m else follows_cells w ext (step_writing w false ext) m.
Definition runs_pram (w : nat) (log ext : bool) (m : plan) : Prop :=
  if log then runs_pram_mdm w ext m else runs_pram_apmdm w ext m.

Lemma code_forms_length : forall known n i, length (code_forms known i n) = n.
Proof. intros known n. induction n as [|n IH]; intros i; [reflexivity|]. cbn [code_forms length]. rewrite IH. reflexivity. Qed.

(* What is checked of the order of scalars. *)
Lemma follows_ordered : forall known d tokens places m, follows known d tokens places m = true ->
  items_earlier (Pos.of_succ_nat (tokens + places)) (items d) = true.
Proof.
  intros known d tokens places m H. unfold follows in H. cbv zeta in H.
  assert (E : after 1 (code_forms known 1 (tokens + places)) = Pos.of_succ_nat (tokens + places)).
  { change 1%positive with (Pos.of_succ_nat 0). rewrite after_count, code_forms_length. reflexivity. }
  rewrite E in H. destruct (read_items _ _ _ _ _) as [t s]. destruct (read_layers _ _ _ _) as [t' h].
  rewrite !andb_true_iff in H. tauto.
Qed.

Lemma accepts_ordered : forall w log ext m, accepts w log ext m = true -> step_ordered w log ext.
Proof.
  intros w log ext m H. unfold step_ordered. destruct log; unfold accepts, follows_log, follows_cells in H;
    apply follows_ordered in H.
  - replace (code_width w true ext) with (token_code_width w ext + log_code_width w); [exact H|].
    unfold code_width, log_code_width. lia.
  - replace (code_width w false ext) with (token_code_width w ext + cell_code_width w); [exact H|].
    unfold code_width, cell_code_width. lia.
Qed.

Lemma codes_at : forall w (log ext : bool) x qs, FollowsSound.codes (map (token_code w ext) x)
    (map (if log then log_code w else cell_code w) qs) = map (code_at w log ext) (combine x qs).
Proof.
  intros w log ext x. unfold FollowsSound.codes. induction x as [|t x IH]; intros [|q qs]; try reflexivity.
  cbn [map combine]. rewrite IH. unfold code_at. cbn [fst snd]. destruct log; reflexivity.
Qed.

Theorem accepts_sound : forall w log ext m, accepts w log ext m = true -> runs_pram w log ext m.
Proof.
  intros w log ext m H. pose proof (accepts_ordered w log ext m H) as O. destruct log; cbn [accepts runs_pram] in *.
  - apply (follows_mdm w ext _ m H). intros p T t b V U L places S N.
    change (log_codes w ext (during w p T t b) places) with (FollowsSound.codes (map (token_code w ext) (during w p T t b))
      (map (if true then log_code w else cell_code w) places)). rewrite codes_at.
    exact (step_over_log w ext p T t b O V U L S N).
  - apply (follows_apmdm w ext _ m H). intros p t second V cells places x L.
    change (cell_codes w ext x places) with (FollowsSound.codes (map (token_code w ext) x)
      (map (if false then log_code w else cell_code w) places)). rewrite codes_at.
    exact (step_in_place w ext p t second O V L).
Qed.
