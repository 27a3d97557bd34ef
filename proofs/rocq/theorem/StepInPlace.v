(* A plan that computes the step's definition runs one step in a pass of any-process generation. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars StepBuilder StepDefinition StepModel StepCodes StepCellPass.
From Efasp Require Sequences Positions Reached CellReads CellPass ScalarsModel Follows.
Import ListNotations.
Open Scope Z_scope.

(* The plan computes what is defined, at every position of any sequence. *)
Definition place_code (w : nat) (log : bool) : place -> vector := if log then log_code w else cell_code w.
Definition computes_step (w : nat) (log ext : bool) (m : plan) : Prop := forall (ts : list token) (qs : list place),
  length ts = length qs -> Forall2 (Forall2 Qeq) (outputs w ext m (map (place_code w log) qs) ts)
    (defined (step_definition w log ext) (map (code_at w log ext) (combine ts qs))).
(* Every scalar of the step is defined by earlier ones. *)
Definition step_ordered (w : nat) (log ext : bool) : Prop :=
  ScalarsModel.ordered (code_width w log ext) (nodes (step_definition w log ext)).

Lemma code_at_length : forall w log ext j, length (code_at w log ext j) = code_width w log ext.
Proof.
  intros w log ext j. change (code_at w log ext j) with (token_code w ext (fst j) ++ place_part w log j).
  rewrite app_length, token_code_length, (place_part_length w log ext j). unfold code_width. destruct log; lia.
Qed.

(* What is defined, by the forms that the step gives in a model of its nodes. *)
Theorem defined_model : forall w (log ext : bool) (l : list position) (results : list form) (ns : list written),
  (if log then masked_step w log ext else cell_step w log ext) (Pos.of_succ_nat (code_width w log ext)) = (results, ns) ->
  step_ordered w log ext -> exists f : position -> vector, (forall j, In j l -> shows w log ext (f j) j) /\
  (forall i n, nth_error ns i = Some n -> forall h, In h (map f l) ->
    (nth (code_width w log ext + i) h 0 == node_at (plain_node n) (map f l) h)%Q) /\
  defined (step_definition w log ext) (map (code_at w log ext) l) = map (fun j => map (fun g => form_at g (f j)) results) l.
Proof.
  intros w log ext l results ns E O.
  assert (D : step_definition w log ext = {| nodes := map plain_node ns; Scalars.results := map plain results |}).
  { unfold step_definition, step_writing. rewrite E. apply writing_plain. }
  unfold step_ordered in O. rewrite D in O. cbn [nodes] in O.
  destruct (ScalarsModel.scalars_model l (code_width w log ext) (map plain_node ns) (code_at w log ext)
    (fun j _ => code_at_length w log ext j) O) as (f & Sc & Sh & Mo).
  exists f. split; [intros j J; exact (proj2 (Sh j J))|]. split.
  - intros i n N h H. apply in_map_iff in H as (j & <- & J). rewrite (Mo i (plain_node n)); [reflexivity| |exact J].
    rewrite nth_error_map, N. reflexivity.
  - rewrite D. unfold defined, scalars. cbn [nodes Scalars.results]. rewrite Sc, map_map. apply map_ext. intros j.
    rewrite map_map. reflexivity.
Qed.

Lemma answers_from : forall A B (l : list A) (os : list vector) (R : A -> B -> Prop) (g : A -> vector) (h : vector -> B),
  Forall2 (Forall2 Qeq) os (map g l) -> (forall j o, In j l -> Forall2 Qeq o (g j) -> R j (h o)) -> Forall2 R l (map h os).
Proof.
  intros A B l. induction l as [|j l IH]; intros os R g h C H; inversion C as [|o r os' rs Ho Hos]; subst; constructor.
  - apply H; [left; reflexivity|exact Ho].
  - apply (IH os' R g h Hos). intros k o' K. apply H. right. exact K.
Qed.

Theorem step_in_place : forall w ext m, step_ordered w false ext -> computes_step w false ext m -> pass_apmdm w ext m.
Proof.
  intros w ext m O C. apply CellPass.cells_pass. intros p t second V F places c.
  pose proof (Sequences.reached_sized w p t) as S. pose proof (Reached.reached_worded w ext p t V) as W. fold c in S, W.
  set (x := cell_tokens w p c second). set (qs := cell_places (length (instructions p)) (length (initial p)) (processors p)) in *.
  assert (Lx : length x = length qs).
  { unfold x, qs. rewrite Sequences.cell_places_length, Sequences.cell_length; [reflexivity|exact S|exact F]. }
  specialize (C x qs Lx). unfold places. fold qs. set (l := CellReads.cell_sites w p c second).
  change (combine x qs) with l in C. change (place_code w false) with (cell_code w) in C.
  destruct (cell_step w false ext (Pos.of_succ_nat (code_width w false ext))) as [results ns] eqn:E.
  destruct (defined_model w false ext l results ns E O) as (f & Sh & Mo & D). rewrite D in C.
  pose proof (sound_cell_step w ext p c second V S F W (code_width w false ext) ns f Mo Sh) as Sound.
  unfold StepModel.sound in Sound. specialize (Sound [] []). unfold next_after in Sound. cbn [length app] in Sound.
  rewrite Nat.add_0_r, E in Sound. cbn [fst snd] in Sound. specialize (Sound (eq_sym (app_nil_r ns))).
  unfold CellPass.answers. fold l. refine (answers_from _ _ _ _ _ _ _ C _). intros j o J Ho.
  destruct (Sound j J) as (Put & Rr & Ri & Rn). exact (cell_right w ext p c second V S F W f results j o J Put Rr Ri Rn Ho).
Qed.
