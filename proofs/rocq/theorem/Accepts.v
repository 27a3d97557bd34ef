(* The theorem: a plan that is accepted runs every PRAM program. [accepts] reads a plan into normal forms over the scalars of
   the step and compares it with the step's definition, a function of w; all else is proved here. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel StepBuilder StepDefinition StepModel StepReading StepOutput
  StepAnswers StepDefined StepCodes StepLogPass.
From Efasp Require Sequences Composition Follows FollowsSound CodeFacts Accepted Positions Reached Matching CellReads CellPass
  LogSites LogMatches StepWriter StepCellPass.
Import ListNotations.
Open Scope Z_scope.

(* The two engines: masked diffusion over the log, and any-process generation in cells. *)
Inductive engine := Diffusion | AnyProcess.
Definition accepts (w : nat) (e : engine) (ext : bool) (m : plan) : bool :=
  match e with
  | Diffusion => Accepted.follows_log w ext (step_writing w true ext) m
  | AnyProcess => Accepted.follows_cells w ext (step_writing w false ext) m
  end.
Definition runs_pram (w : nat) (e : engine) (ext : bool) (m : plan) : Prop :=
  match e with Diffusion => runs_pram_mdm w ext m | AnyProcess => runs_pram_apmdm w ext m end.

Lemma code_at_length : forall w log ext j, length (code_at w log ext j) = code_width w log ext.
Proof.
  intros w log ext j. pose proof (place_part_length w log ext j) as L. unfold code_at, code_width.
  rewrite app_length, CodeFacts.token_width. destruct log; unfold place_part in L; lia.
Qed.

Lemma codes_at : forall (w : nat) (log ext : bool) (x : list token) (qs : list place),
  FollowsSound.codes (map (token_code w ext) x) (map (if log then log_code w else cell_code w) qs) = map (code_at w log ext)
    (combine x qs).
Proof.
  intros w log ext x. unfold FollowsSound.codes. induction x as [|t x IH]; intros [|q qs]; try reflexivity. cbn [map combine].
  rewrite IH. unfold code_at. destruct log; reflexivity.
Qed.

(* Every token that is due is in the vocabulary. *)
Lemma part_known : forall w ext p k s pid, valid w ext p = true -> 0 <= pid < Z.of_nat (processors p) ->
  known w ext (LogSites.part k (LogSites.logged w p s pid)).
Proof.
  intros w ext p k s pid V N. pose proof (LogMatches.logged_effective w ext p V s pid N) as [Nx R M0].
  pose proof (size_positive w).
  assert (W : forall v, is_word w v = true -> 0 <= v < size w) by (intros v; apply (Reached.is_word_range w)).
  unfold LogSites.part, LogSites.target_token, LogSites.value_of. destruct (k =? 0); [exact (W _ Nx)|]. destruct (k =? 1).
  - destruct (writes (LogSites.logged w p s pid)) as [[r v|a v]|]; [exact (proj1 (R r v eq_refl))| |exact I].
    apply (W a). apply (Positions.address_fits w ext p V). exact (proj1 (M0 a v eq_refl)).
  - destruct (writes (LogSites.logged w p s pid)) as [[r v|a v]|]; [exact (W _ (proj2 (R r v eq_refl)))|
      exact (W _ (proj2 (M0 a v eq_refl)))|cbn; lia].
Qed.

(* A plan that computes the step's definition, each scalar of which is defined by earlier ones, runs every program. *)
Definition step_ordered (w : nat) (log ext : bool) : Prop := ordered (code_width w log ext) (nodes (step_definition w log ext)).
Definition computes_step (w : nat) (log ext : bool) (m : plan) : Prop := forall (x : list token) (qs : list place),
  length x = length qs -> (forall q, In q qs -> if log then CodeFacts.place_of q else CodeFacts.cell_place q) ->
  Forall2 Accepted.equal_vectors (outputs w ext m (map (if log then log_code w else cell_code w) qs) x)
    (defined (step_definition w log ext) (map (code_at w log ext) (combine x qs))).

Theorem computed_log : forall w ext m, step_ordered w true ext -> computes_step w true ext m -> runs_pram_mdm w ext m.
Proof.
  intros w ext m Early Out. apply Composition.mdm_from_passes, LogSites.log_pass. intros p T t b V U L S N places.
  set (l := LogSites.log_sites w p T t b). set (x := Composition.during w p T t b).
  set (qs := log_places (length (instructions p)) (length (initial p)) (processors p) T) in *.
  assert (E : length x = length qs).
  { unfold x, qs. rewrite Sequences.log_places_length,
      (Composition.during_length w p T t b (Sequences.block_tokens w p t)) by exact (Composition.same_length _ _ S).
    rewrite Composition.during_next by exact L. apply Sequences.log_length. lia. }
  unfold places, readings. rewrite (Accepted.readings_equal w ext _ _ (Out x qs E (CodeFacts.log_places_of _ _ _ _))).
  change (combine x qs) with l.
  destruct (step_defined w true ext position l (code_at w true ext) (fun j _ => code_at_length w true ext j) Early)
    as (ns & f & Shown & Model & Def).
  destruct (Def _ (sound_masked_step w ext p T t b V U L S N _ ns f Model Shown)) as (fs & Right & Eq).
  rewrite Eq, map_map. clear Eq Def.
  assert (G : forall k, (forall j, In j k -> In j l) -> Forall2 (fun j read => Positions.masked j = true ->
    read = Some (LogSites.due_at w p t (snd j))) k (map (fun j => reading w ext (put_out fs (f j))) k)).
  { induction k as [|j k IH]; intros I; [constructor|]. cbn [map]. constructor; [|apply IH; intros i Ii; apply I; right;
      exact Ii].
    intros Mj. assert (J : In j l) by (apply I; left; reflexivity).
    assert (Ej : fst j = Mask) by (unfold Positions.masked in Mj; destruct (fst j); (reflexivity || discriminate)).
    apply codes_known; [|exact (Right j (conj J Ej))].
    destruct (StepLog.masked_site w p T t b L S j J Ej) as (n & s & pid & _ & _ & B & ->). cbn [LogSites.due_at].
    destruct (_ =? _); [exact (part_known w ext p n (Datatypes.S t) pid V B)|exact Logic.I]. }
  apply G. trivial.
Qed.

Theorem computed_cells : forall w ext m, step_ordered w false ext -> computes_step w false ext m -> runs_pram_apmdm w ext m.
Proof.
  intros w ext m Early Out. apply Composition.apmdm_from_passes, CellPass.cells_pass. intros p t second V F places c.
  set (l := CellReads.cell_sites w p c second). set (x := cell_tokens w p c second).
  set (qs := cell_places (length (instructions p)) (length (initial p)) (processors p)) in *.
  pose proof (Sequences.reached_sized w p t) as S. fold c in S. pose proof (Reached.reached_worded w ext p t V) as W.
  fold c in W.
  assert (E : length x = length qs).
  { unfold x, qs. rewrite Sequences.cell_places_length. apply Sequences.cell_length; [exact S|exact F]. }
  specialize (Out x qs E (CodeFacts.cell_places_of _ _ _)). cbv iota in Out. change (combine x qs) with l in Out.
  destruct (step_defined w false ext position l (code_at w false ext) (fun j _ => code_at_length w false ext j) Early)
    as (ns & f & Shown & Model & Def).
  destruct (Def _ (StepCellPass.sound_cell_step w ext p c second V S F W _ ns f Model Shown)) as (fs & Right & Eq).
  rewrite Eq in Out. clear Eq Def. unfold CellPass.answers. fold x. fold places.
  assert (G : forall k os, (forall j, In j k -> In j l) -> Forall2 Accepted.equal_vectors os (map (fun j => put_out fs (f j))
    k) ->
    Forall2 (CellPass.right w p c) k (map (fun o => (reading w ext (firstn (token_code_width w ext) o), controls w ext o)) os)).
  { induction k as [|j k IH]; intros os I O; inversion O as [|o y os' ys Oj O' E1 E2]; subst; [constructor|]. cbn [map].
    constructor; [|apply IH; [intros i Ii; apply I; right; exact Ii|exact O']].
    assert (J : In j l) by (apply I; left; reflexivity). destruct (Right j J) as (Put & R1 & R2 & R3).
    exact (StepCellPass.cell_right w ext p c second V S F W f fs j o J Put R1 R2 R3 Oj). }
  exact (G l _ (fun j J => J) Out).
Qed.

(* An accepted plan computes it: what is accepted has been checked to speak of earlier scalars only. *)
Lemma accepts_ordered : forall w (log ext : bool) m, (if log then Accepted.follows_log w ext (step_writing w true ext) m else
  Accepted.follows_cells w ext (step_writing w false ext) m) = true -> step_ordered w log ext.
Proof.
  intros w log ext m A. unfold step_ordered. apply (items_ordered (Follows.items (step_writing w log ext))).
  destruct log.
  - pose proof (Accepted.log_earlier _ _ _ _ A) as Early.
    replace (code_width w true ext) with (token_code_width w ext + Accepted.log_code_width w)%nat; [exact Early|].
    unfold Accepted.log_code_width, code_width. lia.
  - pose proof (Accepted.cells_earlier _ _ _ _ A) as Early.
    replace (code_width w false ext) with (token_code_width w ext + Accepted.cell_code_width w)%nat; [exact Early|].
    unfold Accepted.cell_code_width, code_width. lia.
Qed.

Theorem accepts_log : forall w ext m, accepts w Diffusion ext m = true -> runs_pram_mdm w ext m.
Proof.
  intros w ext m A. apply computed_log; [exact (accepts_ordered w true ext m A)|]. intros x qs E P.
  rewrite <- (codes_at w true ext). exact (Accepted.log_outputs w ext _ m x qs A E P).
Qed.

Theorem accepts_cells : forall w ext m, accepts w AnyProcess ext m = true -> runs_pram_apmdm w ext m.
Proof.
  intros w ext m A. apply computed_cells; [exact (accepts_ordered w false ext m A)|]. intros x qs E P.
  rewrite <- (codes_at w false ext). exact (Accepted.cell_outputs w ext _ m x qs A E P).
Qed.

(* For every word width, both engines, with and without extension M, and every plan. *)
Theorem accepts_sound : forall w e ext m, accepts w e ext m = true -> runs_pram w e ext m.
Proof. intros w [|] ext m A; [exact (accepts_log w ext m A)|exact (accepts_cells w ext m A)]. Qed.
