(* A pass of an accepted plan is one of the definition: the passes that the theorem asks for (Composition.v) are right if they are
   right with the outputs that the definition defines in place of the plan's. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars Sequences Composition Follows CodeFacts Accepted.
Import ListNotations.
Open Scope nat_scope.

(* Masked diffusion. *)
Definition defines_mdm (w : nat) (ext : bool) (d : definition) : Prop :=
  forall (p : program) (T t : nat) (b : list token), valid w ext p = true -> (Z.of_nat T <= latest w)%Z -> t < T ->
  let places := log_places (length (instructions p)) (length (initial p)) (processors p) T in
  Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
  Forall2 (fun '(s, u) read => s = Mask -> read = Some u)
    (combine (during w p T t b) (during w p T t (block_tokens w p t)))
    (map (reading w ext) (defined d (log_codes w ext (during w p T t b) places))).

Theorem follows_mdm : forall w ext d m, follows_log w ext d m = true -> defines_mdm w ext (expanded d) -> runs_pram_mdm w ext m.
Proof.
  intros w ext d m A D. apply mdm_from_passes. intros p T t b V U L places F N.
  assert (E : length (during w p T t b) = length (log_places (length (instructions p)) (length (initial p)) (processors p) T)).
  { rewrite log_places_length, (during_length w p T t b (block_tokens w p t)) by exact (same_length _ _ F).
    rewrite during_next by exact L. apply log_length. lia. }
  unfold places. rewrite (log_readings w ext d m _ _ A E (log_places_of _ _ _ _)). exact (D p T t b V U L F N).
Qed.

(* Any-process generation: what the transformer answers at every position, and what Algorithm 1 makes of it. *)
Definition answers (w : nat) (ext : bool) (x : list token) (outputs : list vector) : list (token * option token * control) :=
  map (fun '(t, output) => (t, reading w ext (firstn (token_code_width w ext) output), controls w ext output)) (combine x outputs).
Definition answered (l : list (token * option token * control)) : option (list token) :=
  if forallb (fun '(t, read, c) => allowed t read c) l
  then Some (g (map (fun '(t, read, c) => (t, match read with Some y => y | None => Bos end, c)) l)) else None.
Definition defines_apmdm (w : nat) (ext : bool) (d : definition) : Prop :=
  forall (p : program) (t : nat) (second : list bool), valid w ext p = true ->
  let cells := length (initial p) + 9 * processors p in
  let places := cell_places (length (instructions p)) (length (initial p)) (processors p) in
  let x := cell_tokens w p (reached w p t) second in
  length second = cells -> exists third, length third = cells /\
    answered (answers w ext x (defined d (cell_codes w ext x places))) = Some (cell_tokens w p (reached w p (S t)) third) /\
    (cell_tokens w p (reached w p (S t)) third = x <-> stopped (reached w p t) = true).

Theorem follows_apmdm : forall w ext d m, follows_cells w ext d m = true -> defines_apmdm w ext (expanded d) ->
  runs_pram_apmdm w ext m.
Proof.
  intros w ext d m A D. apply apmdm_from_passes. intros p t second V cells places x L.
  destruct (D p t second V L) as (third & L' & G & S). exists third. split; [exact L'|]. split; [|exact S].
  rewrite <- G. unfold places.
  assert (E : length x = length (cell_places (length (instructions p)) (length (initial p)) (processors p))).
  { rewrite cell_places_length. apply cell_length; [apply reached_sized|exact L]. }
  change (generate w ext m _ x) with (answered (answers w ext x (outputs w ext m (map (cell_code w)
    (cell_places (length (instructions p)) (length (initial p)) (processors p))) x))).
  f_equal. exact (cell_answers w ext d m x _ A E (cell_places_of _ _ _)).
Qed.
