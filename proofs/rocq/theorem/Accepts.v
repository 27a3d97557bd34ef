(* The theorem: a plan that is accepted runs every PRAM program; and one that is accepted for a program's instructions runs
   that program, on sequences without it. A plan is read into normal forms over the scalars of the step and compared with the
   step's definition, a function of w and of the instructions; all else is proved here. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement OneProgram Scalars ScalarsModel StepBuilder StepDefinition StepModel StepReading StepOutput
  StepAnswers StepDefined StepCodes StepSelect StepLogPass.
From Efasp Require Sequences Composition OneComposition OneSites Follows FollowsSound
  CodeFacts Accepted Positions Reached Matching CellReads CellPass
  LogSites LogMatches StepWriter StepCellPass.
Import ListNotations.
Open Scope Z_scope.

(* The two engines: masked diffusion over the log, and any-process generation in cells. *)
Inductive engine := Diffusion | AnyProcess.
Definition in_log (e : engine) : bool := match e with Diffusion => true | AnyProcess => false end.
Definition follows (w : nat) (log ext : bool) (code : option (list instruction)) (m : plan) : bool :=
  (if log then Accepted.follows_log else Accepted.follows_cells) w ext (writing_for w log ext code) m.
Definition accepts (w : nat) (e : engine) (ext : bool) (m : plan) : bool := follows w (in_log e) ext None m.
Definition runs_pram (w : nat) (e : engine) (ext : bool) (m : plan) : Prop :=
  match e with Diffusion => runs_pram_mdm w ext m | AnyProcess => runs_pram_apmdm w ext m end.
(* For one program: of instructions that some valid program has. *)
Definition possible (w : nat) (ext : bool) (is : list instruction) : bool :=
  valid w ext {| instructions := is; processors := 1; initial := [0] |}.
Definition accepts_one (w : nat) (e : engine) (ext : bool) (is : list instruction) (m : plan) : bool :=
  possible w ext is && follows w (in_log e) ext (Some is) m.
Definition runs_one (w : nat) (e : engine) (ext : bool) (is : list instruction) (m : plan) : Prop :=
  match e with Diffusion => runs_one_mdm w ext is m | AnyProcess => runs_one_apmdm w ext is m end.

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

(* A plan that computes the step's definition, each scalar of which is defined by earlier ones, runs every program; or that
   whose instructions the definition has. *)
Definition ordered_for (w : nat) (log ext : bool) (code : option (list instruction)) : Prop :=
  ordered (code_width w log ext) (nodes (definition_for w log ext code)).
Definition computes_for (w : nat) (log ext : bool) (code : option (list instruction)) (m : plan) : Prop :=
  forall (x : list token) (qs : list place), length x = length qs ->
  (forall q, In q qs -> if log then CodeFacts.place_of q else CodeFacts.cell_place q) ->
  Forall2 Accepted.equal_vectors (outputs w ext m (map (if log then log_code w else cell_code w) qs) x)
    (defined (definition_for w log ext code) (map (code_at w log ext) (combine x qs))).
Definition step_ordered (w : nat) (log ext : bool) : Prop := ordered_for w log ext None.
Definition computes_step (w : nat) (log ext : bool) (m : plan) : Prop := computes_for w log ext None m.

Section Computed.
Variables (w : nat) (ext : bool) (code : option (list instruction)) (m : plan) (p : program).
Hypothesis V : valid w ext p = true.

Lemma due_log : forall T t b x qs, ordered_for w true ext code -> computes_for w true ext code m -> Z.of_nat T <= latest w ->
  (t < T)%nat -> Forall2 Composition.partial b (Sequences.block_tokens w p t) -> existsb is_mask b = true ->
  length x = length qs -> (forall q, In q qs -> CodeFacts.place_of q) -> let l := combine x qs in
  Positions.positions_of (LogSites.log_sites w p T t b) l -> finds w p code l ->
  Forall2 (fun j read => Positions.masked j = true -> read = Some (LogSites.due_at w p t (snd j))) l
    (readings w ext m (map (log_code w) qs) x).
Proof.
  intros T t b x qs Early Out U L S N E Places l Of Fi.
  unfold readings. rewrite (Accepted.readings_equal w ext _ _ (Out x qs E Places)). fold l.
  destruct (step_defined w true ext code position l (code_at w true ext) (fun j _ => code_at_length w true ext j) Early)
    as (ns & f & Shown & Model & Def).
  destruct (Def _ (sound_masked_step w ext p T t b l Of V U L S N _ ns f Model Shown code Fi)) as (fs & Right & Eq).
  rewrite Eq, map_map. clear Eq Def.
  assert (G : forall k, (forall j, In j k -> In j l) -> Forall2 (fun j read => Positions.masked j = true ->
    read = Some (LogSites.due_at w p t (snd j))) k (map (fun j => reading w ext (put_out fs (f j))) k)).
  { induction k as [|j k IH]; intros I; [constructor|]. cbn [map]. constructor; [|apply IH; intros i Ii; apply I; right;
      exact Ii].
    intros Mj. assert (J : In j l) by (apply I; left; reflexivity).
    assert (Ej : fst j = Mask) by (unfold Positions.masked in Mj; destruct (fst j); (reflexivity || discriminate)).
    apply codes_known; [|exact (Right j (conj J Ej))].
    destruct (StepLog.masked_site w p T t b l Of L S j J Ej) as (n & s & pid & _ & _ & B & ->). cbn [LogSites.due_at].
    destruct (_ =? _); [exact (part_known w ext p n (Datatypes.S t) pid V B)|exact Logic.I]. }
  apply G. trivial.
Qed.

Lemma right_cells : forall t second x qs, ordered_for w false ext code -> computes_for w false ext code m ->
  let c := Statement.reached w p t in length second = (length (initial p) + 9 * processors p)%nat -> length x = length qs ->
  (forall q, In q qs -> CodeFacts.cell_place q) -> let l := combine x qs in
  Positions.positions_of (CellReads.cell_sites w p c second) l -> finds w p code l ->
  Forall2 (CellPass.right w p c) l (CellPass.answers w ext m (map (cell_code w) qs) x).
Proof.
  intros t second x qs Early Out0 c F E Places l Of Fi. pose proof (Sequences.reached_sized w p t) as S. fold c in S.
  pose proof (Reached.reached_worded w ext p t V) as W. fold c in W.
  pose proof (Out0 x qs E Places) as Out. cbv iota in Out. fold l in Out.
  destruct (step_defined w false ext code position l (code_at w false ext) (fun j _ => code_at_length w false ext j) Early)
    as (ns & f & Shown & Model & Def).
  destruct (Def _ (StepCellPass.sound_cell_step w ext p c second V S F W l Of _ ns f Model Shown code Fi)) as (fs & Right & Eq).
  rewrite Eq in Out. clear Eq Def. unfold CellPass.answers.
  assert (G : forall k os, (forall j, In j k -> In j l) -> Forall2 Accepted.equal_vectors os (map (fun j => put_out fs (f j))
    k) ->
    Forall2 (CellPass.right w p c) k (map (fun o => (reading w ext (firstn (token_code_width w ext) o), controls w ext o)) os)).
  { induction k as [|j k IH]; intros os I O; inversion O as [|o y os' ys Oj O' E1 E2]; subst; [constructor|]. cbn [map].
    constructor; [|apply IH; [intros i Ii; apply I; right; exact Ii|exact O']].
    assert (J : In j l) by (apply I; left; reflexivity). destruct (Right j J) as (Put & R1 & R2 & R3).
    exact (StepCellPass.cell_right w ext p c second V S F W l Of f fs j o J Put R1 R2 R3 Oj). }
  exact (G l _ (fun j J => J) Out).
Qed.
End Computed.

Theorem computed_log : forall w ext m, step_ordered w true ext -> computes_step w true ext m -> runs_pram_mdm w ext m.
Proof.
  intros w ext m Early Out. apply Composition.mdm_from_passes, LogSites.log_pass. intros p T t b V U L S N places.
  apply (due_log w ext None m p V T t b _ _ Early Out U L S N).
  - rewrite Sequences.log_places_length,
      (Composition.during_length w p T t b (Sequences.block_tokens w p t)) by exact (Composition.same_length _ _ S).
    rewrite Composition.during_next by exact L. apply Sequences.log_length. lia.
  - exact (CodeFacts.log_places_of _ _ _ _).
  - apply Positions.all_positions.
  - exact (LogSites.log_programmed w p T t b L S).
Qed.

Theorem computed_cells : forall w ext m, step_ordered w false ext -> computes_step w false ext m -> runs_pram_apmdm w ext m.
Proof.
  intros w ext m Early Out. apply Composition.apmdm_from_passes, CellPass.cells_pass. intros p t second V F places c.
  pose proof (Sequences.reached_sized w p t) as S. fold c in S.
  apply (right_cells w ext None m p V t second _ _ Early Out F).
  - rewrite Sequences.cell_places_length. apply Sequences.cell_length; [exact S|exact F].
  - exact (CodeFacts.cell_places_of _ _ _).
  - apply Positions.all_positions.
  - exact (CellReads.cells_programmed w p c second S F).
Qed.

Theorem computed_one_log : forall w ext is m, ordered_for w true ext (Some is) -> computes_for w true ext (Some is) m ->
  runs_one_mdm w ext is m.
Proof.
  intros w ext is m Early Out. apply OneComposition.one_mdm_from_passes, OneSites.one_log_pass.
  intros p T t b <- V U L S N places. apply (due_log w ext (Some (instructions p)) m p V T t b _ _ Early Out U L S N).
  - exact (OneSites.one_log_length w p T t b L S).
  - exact (CodeFacts.log_places_of _ _ _ _).
  - exact (OneSites.one_log_positions w p T t b).
  - reflexivity.
Qed.

Theorem computed_one_cells : forall w ext is m, ordered_for w false ext (Some is) -> computes_for w false ext (Some is) m ->
  runs_one_apmdm w ext is m.
Proof.
  intros w ext is m Early Out. apply OneComposition.one_apmdm_from_passes, OneSites.one_cells_pass.
  intros p t second <- V F places c. pose proof (Sequences.reached_sized w p t) as S. fold c in S.
  apply (right_cells w ext (Some (instructions p)) m p V t second _ _ Early Out F).
  - exact (OneSites.one_cell_length w p c second S F).
  - exact (CodeFacts.cell_places_of _ _ _).
  - exact (OneSites.one_cell_positions w p c second).
  - reflexivity.
Qed.

(* An accepted plan computes it: what is accepted has been checked to speak of earlier scalars only. *)
Lemma follows_ordered : forall w (log ext : bool) code m, follows w log ext code m = true -> ordered_for w log ext code.
Proof.
  intros w log ext code m A. unfold ordered_for. apply (items_ordered (Follows.items (writing_for w log ext code))).
  destruct log.
  - pose proof (Accepted.log_earlier _ _ _ _ A) as Early.
    replace (code_width w true ext) with (token_code_width w ext + Accepted.log_code_width w)%nat; [exact Early|].
    unfold Accepted.log_code_width, code_width. lia.
  - pose proof (Accepted.cells_earlier _ _ _ _ A) as Early.
    replace (code_width w false ext) with (token_code_width w ext + Accepted.cell_code_width w)%nat; [exact Early|].
    unfold Accepted.cell_code_width, code_width. lia.
Qed.

Lemma follows_computes : forall w (log ext : bool) code m, follows w log ext code m = true -> computes_for w log ext code m.
Proof.
  intros w log ext code m A x qs E P. rewrite <- (codes_at w log ext). destruct log.
  - exact (Accepted.log_outputs w ext _ m x qs A E P).
  - exact (Accepted.cell_outputs w ext _ m x qs A E P).
Qed.

(* For every word width, both engines, with and without extension M, and every plan. *)
Theorem accepts_sound : forall w e ext m, accepts w e ext m = true -> runs_pram w e ext m.
Proof.
  intros w [|] ext m A.
  - exact (computed_log w ext m (follows_ordered w true ext None m A) (follows_computes w true ext None m A)).
  - exact (computed_cells w ext m (follows_ordered w false ext None m A) (follows_computes w false ext None m A)).
Qed.

(* And for the instructions of every program. *)
Theorem accepts_one_sound : forall w e ext is m, accepts_one w e ext is m = true -> runs_one w e ext is m.
Proof.
  intros w e ext is m A. apply andb_prop in A as [_ A]. destruct e.
  - exact (computed_one_log w ext is m (follows_ordered w true ext _ m A) (follows_computes w true ext _ m A)).
  - exact (computed_one_cells w ext is m (follows_ordered w false ext _ m A) (follows_computes w false ext _ m A)).
Qed.

(* There are such programs. *)
Theorem accepts_one_some : forall w e ext is m, accepts_one w e ext is m = true ->
  exists p, valid w ext p = true /\ instructions p = is.
Proof.
  intros w e ext is m A. apply andb_prop in A as [A _]. eexists. split; [exact A|reflexivity].
Qed.
