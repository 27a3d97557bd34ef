(* Memory in place: the process g (Algorithm 1 of the paper), and two slots a cell. *)
From Efasp Require Import Form Log.

Section Process.
Context {V : Type}.

(* A token: a value, or None for the mask. Algorithm 1, one position: prediction y, control bits remask, insert, delete. *)
Definition token : Type := option V.
Definition control : Type := bool * bool * bool.
Definition masked (x : token) : bool := match x with None => true | Some _ => false end.
Definition emit (p : token * V * control) : list token :=
  let '(x, y, (remask, insert, delete)) := p in
  if delete && masked x then []
  else (if remask then None else match x with None => Some y | Some v => Some v end) :: (if insert then [None] else []).
Definition g (sequence : list (token * V * control)) : list token := flat_map emit sequence.

(* The same with arrays: every position is repeated as often as it emits, and what repeats its predecessor is an inserted
  mask. *)
Definition emits (p : token * V * control) : nat :=
  let '(x, _, (_, insert, delete)) := p in if delete && masked x then 0 else if insert then 2 else 1.
Definition first_emitted (p : token * V * control) : token :=
  let '(x, y, (remask, _, _)) := p in if remask then None else match x with None => Some y | Some v => Some v end.
Definition sources (from : nat) (sequence : list (token * V * control)) : list nat :=
  flat_map (fun '(place, p) => repeat place (emits p)) (combine (seq from (length sequence)) sequence).
Fixpoint repeats (previous : option nat) (places : list nat) : list bool :=
  match places with
  | [] => []
  | place :: rest => match previous with Some q => (q =? place)%nat | None => false end :: repeats (Some place) rest
  end.
Definition g_arrays (sequence : list (token * V * control)) : list token :=
  let places := sources 0 sequence in
  map (fun '(place, inserted) => if inserted : bool then None else nth place (map first_emitted sequence) None)
    (combine places (repeats None places)).

(* backs: process.g *)
Theorem g_arrays_correct : forall sequence, g_arrays sequence = g sequence.
Proof.
  intros sequence. unfold g_arrays.
  assert (H : forall rest before previous, (forall q, previous = Some q -> (q < length before)%nat) ->
    let places := sources (length before) rest in
    map (fun '(place, inserted) => if inserted : bool then None else nth place (map first_emitted (before ++ rest)) None)
      (combine places (repeats previous places)) = g rest).
  { induction rest as [|p rest IH]; intros before previous L; [reflexivity|].
    unfold sources. cbn [length seq combine flat_map]. unfold g in *. cbn [flat_map].
    assert (E : nth (length before) (map first_emitted (before ++ p :: rest)) None = first_emitted p).
    { rewrite map_app, app_nth2 by (rewrite map_length; lia). rewrite map_length, Nat.sub_diag. reflexivity. }
    specialize (IH (before ++ [p])). rewrite app_length, Nat.add_comm, <- app_assoc in IH. cbn [length app Nat.add] in IH.
    assert (N : match previous with Some q => (q =? length before)%nat | None => false end = false).
    { destruct previous as [q|]; [|reflexivity]. apply Nat.eqb_neq. specialize (L q eq_refl). lia. }
    fold (sources (S (length before)) rest). destruct p as [[x y] [[remask insert] delete]]. cbn [emits emit].
    destruct (delete && masked x); [|destruct insert]; cbn [repeat app repeats combine map]; rewrite ?N, ?E, ?Nat.eqb_refl;
      cbn [first_emitted].
    - apply IH. intros q Q. specialize (L q Q). lia.
    - f_equal. f_equal. apply IH. intros q Q. injection Q as <-. lia.
    - f_equal. apply IH. intros q Q. injection Q as <-. lia. }
  exact (H sequence [] None ltac:(discriminate)).
Qed.

(* A cell: its value, and whether the first slot is the masked one. *)
Definition cell : Type := V * bool.
Definition slots (c : cell) : list token := if snd c then [None; Some (fst c)] else [Some (fst c); None].
Definition after (c : cell) (w : option V) : cell := match w with Some v => (v, negb (snd c)) | None => c end.

(* A pass: both slots of a cell predict the value that is written, if one is; remask = masked xor written. *)
Record visit := { held : cell; written : option V; predicted : V * V }.
Definition sound (n : visit) : Prop :=
  forall v, written n = Some v -> predicted n = (v, v).
Definition is_some (w : option V) : bool := match w with Some _ => true | None => false end.
Definition controlled (x : token) (y : V) (w : option V) : token * V * control := (x, y, (xorb (masked x) (is_some w),
  false, false)).
Definition positions (n : visit) : list (token * V * control) :=
  match slots (held n) with
  | [x0; x1] => [controlled x0 (fst (predicted n)) (written n); controlled x1 (snd (predicted n)) (written n)]
  | _ => []
  end.

(* backs: simulation.slots *)
Theorem pass_correct : forall cells, Forall sound cells ->
  g (flat_map positions cells) = flat_map slots (map (fun n => after (held n) (written n)) cells).
Proof.
  intros cells H. induction H as [|[[v b] w [y0 y1]] cells S _ IH]; [reflexivity|].
  cbn [flat_map map]. unfold g in *. rewrite flat_map_app, IH. f_equal.
  unfold sound in S. cbn in S. destruct b, w as [u|]; cbn; try reflexivity; specialize (S u eq_refl); injection S as -> ->;
    reflexivity.
Qed.

(* Any number of passes: the sequence that g makes is always that of some cells, which hold what was last written. *)
Inductive passes : list cell -> list (list (option V)) -> list token -> Prop :=
  | start : forall cells, passes cells [] (flat_map slots cells)
  | pass : forall cells writes sequence visits, passes cells writes sequence ->
      sequence = flat_map slots (map held visits) -> Forall sound visits ->
      passes cells (writes ++ [map written visits]) (g (flat_map positions visits)).
Fixpoint afters (cells : list cell) (ws : list (option V)) : list cell :=
  match cells, ws with c :: cells', w :: ws' => after c w :: afters cells' ws' | _, _ => [] end.

Lemma slots_injective : forall a b, flat_map slots a = flat_map slots b -> a = b.
Proof.
  induction a as [|[v p] a IH]; intros [|[u q] b] E; [reflexivity| | |].
  - destruct q; discriminate.
  - destruct p; discriminate.
  - destruct p, q; cbn in E; try discriminate; injection E as -> E; f_equal; apply IH; exact E.
Qed.

(* backs: simulation.slots *)
Theorem slots_invariant : forall cells writes sequence, passes cells writes sequence ->
  sequence = flat_map slots (fold_left afters writes cells).
Proof.
  intros cells writes sequence H. induction H as [|cells writes sequence visits _ IH E S]; [reflexivity|].
  rewrite pass_correct by exact S. rewrite fold_left_app. cbn [fold_left]. f_equal.
  rewrite IH in E. apply slots_injective in E. rewrite E. clear. induction visits as [|n visits IH]; [reflexivity|].
  cbn [map afters]. rewrite IH. reflexivity.
Qed.

(* What the cells hold is the PRAM's memory. *)
Definition writes_of (size : nat) (s : @step V) : list (option V) := map (fun a => lowest s (Z.of_nat a)) (seq 0 size).
Definition holds (cells : list cell) (m : @memory V) : Prop := forall a c, nth_error cells a = Some c -> fst c = m (Z.of_nat
  a).

Lemma afters_nth : forall cells ws a, length ws = length cells -> nth_error (afters cells ws) a =
  match nth_error cells a, nth_error ws a with Some c, Some w => Some (after c w) | _, _ => None end.
Proof.
  induction cells as [|c cells IH]; intros [|w ws] [|a] L; try discriminate; try reflexivity.
  injection L as L. exact (IH ws a L).
Qed.

Lemma afters_length : forall cells ws, length ws = length cells -> length (afters cells ws) = length cells.
Proof.
  induction cells as [|c cells IH]; intros [|w ws] L; try discriminate; [reflexivity|].
  injection L as L. cbn. f_equal. apply IH. exact L.
Qed.

(* backs: simulation.slots simulation.priority *)
Theorem cells_invariant : forall steps cells m sequence, holds cells m ->
  passes cells (map (writes_of (length cells)) steps) sequence ->
  exists final, sequence = flat_map slots final /\ length final = length cells /\ holds final (run m steps).
Proof.
  intros steps cells m sequence H P. exists (fold_left afters (map (writes_of (length cells)) steps) cells).
  split; [apply slots_invariant; exact P|]. clear P sequence. revert cells m H.
  induction steps as [|s steps IH]; intros cells m H; [split; [reflexivity|exact H]|].
  cbn [map fold_left run]. set (next := afters cells (writes_of (length cells) s)).
  assert (L : length next = length cells) by (apply afters_length; unfold writes_of; rewrite map_length, seq_length;
    reflexivity).
  rewrite <- L. destruct (IH next (advance m s)) as [L' H'].
  - intros a c E. unfold next in E. rewrite afters_nth in E by (unfold writes_of; rewrite map_length, seq_length;
    reflexivity).
    destruct (nth_error cells a) as [c0|] eqn:C; [|discriminate].
    assert (A : (a < length cells)%nat) by (apply nth_error_Some; congruence).
    unfold writes_of in E. rewrite nth_error_map in E.
    rewrite (nth_error_nth' _ 0%nat) in E by (rewrite seq_length;
      exact A). rewrite seq_nth in E by exact A. cbn in E. injection E as <-.
    rewrite priority_correct. unfold after. destruct (lowest s (Z.of_nat a)); [reflexivity|]. apply H. exact C.
  - split; [rewrite L'; reflexivity|exact H'].
Qed.
End Process.

(* The row of the remask bit: masked + sum of hits - 2 sum of (masked and hit), each a conjunction of some flags. *)
Definition conjunction (flags : list nat) : expr := Relu (map (fun a => (1, Arg a 0)) flags) (1 - Z.of_nat (length flags)).
Definition remask_row (masked : nat) (hits : list (list nat)) : form :=
  ((1, Arg masked 0) :: map (fun h => (1, conjunction h)) hits ++ map (fun h => (-2, conjunction (masked :: h))) hits, 0).

Definition all_on (x : env) (flags : list nat) : bool := forallb (fun a => x a 0%nat =? 1) flags.
Definition flags_of (x : env) (flags : list nat) : Prop := forall a, In a flags -> x a 0%nat = 0 \/ x a 0%nat = 1.

Lemma eval_conjunction : forall x flags, flags_of x flags -> eval x (conjunction flags) = Z.b2z (all_on x flags).
Proof.
  intros x flags H. unfold conjunction. rewrite eval_relu.
  assert (E : sum x (map (fun a => (1, Arg a 0)) flags) <= Z.of_nat (length flags) /\
    (all_on x flags = true -> sum x (map (fun a => (1, Arg a 0)) flags) = Z.of_nat (length flags)) /\
    (all_on x flags = false -> sum x (map (fun a => (1, Arg a 0)) flags) < Z.of_nat (length flags))).
  { unfold all_on. induction flags as [|a flags IH]; [cbn; repeat split; (lia || discriminate)|].
    destruct (IH (fun b B => H b (or_intror B))) as (L & T & F). cbn [map forallb length].
    rewrite sum_cons, eval_arg, Nat2Z.inj_succ. destruct (H a (or_introl eq_refl)) as [G|G]; rewrite G;
      cbn [Z.eqb Pos.eqb andb];
      repeat split; intros; try lia; try discriminate; [specialize (T H0)|specialize (F H0)]; lia. }
  destruct (all_on x flags); destruct E as (L & T & F); cbn [Z.b2z]; [rewrite T by reflexivity|specialize (F eq_refl)]; lia.
Qed.

(* At most one of the hits holds: remask = masked xor hit. *)
(* backs: step.control *)
Theorem remask_correct : forall x masked hits, flags_of x [masked] -> (forall h, In h hits -> flags_of x h) ->
  (forall l1 h l2, hits = l1 ++ h :: l2 -> all_on x h = true -> forall k, In k (l1 ++ l2) -> all_on x k = false) ->
  value x (remask_row masked hits) = Z.b2z (xorb (x masked 0%nat =? 1) (existsb (all_on x) hits)).
Proof.
  intros x masked hits M H U. unfold remask_row, value. cbn [fst snd]. rewrite sum_cons, sum_app, eval_arg.
  assert (A : forall c (f : list nat -> list nat), (forall h, In h hits -> flags_of x (f h)) ->
    sum x (map (fun h => (c, conjunction (f h))) hits) = c * fold_right (fun h s => Z.b2z (all_on x (f h)) + s) 0 hits).
  { intros c f F. clear U. induction hits as [|h hits IH]; [cbn;
    lia|]. cbn [map fold_right]. rewrite sum_cons, eval_conjunction by (apply F; left; reflexivity).
    rewrite IH; [ring| |]; intros k K; [apply H|apply F]; right; exact K. }
  rewrite (A 1 (fun h => h) H), (A (-2) (fun h => masked :: h)).
  2: { intros h Ih a [<-|I]; [apply M; left; reflexivity|exact (H h Ih a I)]. }
  assert (B : fold_right (fun h s => Z.b2z (all_on x h) + s) 0 hits = Z.b2z (existsb (all_on x) hits)).
  { clear A H. induction hits as [|h hits IH]; [reflexivity|]. cbn [fold_right existsb]. destruct (all_on x h) eqn:E.
    - assert (Z0 : forall k, In k hits -> all_on x k = false) by (apply (U [] h hits eq_refl E)).
      clear IH U E. assert (Q : fold_right (fun h s => Z.b2z (all_on x h) + s) 0 hits = 0); [|rewrite Q; reflexivity].
      induction hits as [|k hits IH]; [reflexivity|]. cbn [fold_right]. rewrite (Z0 k) by (left; reflexivity).
      rewrite IH by (intros q Q; apply Z0; right; exact Q). reflexivity.
    - cbn [Z.b2z orb]. rewrite IH; [lia|]. intros l1 k l2 -> Ek q Q. apply (U (h :: l1) k l2 eq_refl Ek q). right. exact Q. }
  assert (C : fold_right (fun h s => Z.b2z (all_on x (masked :: h)) + s) 0 hits =
    x masked 0%nat * fold_right (fun h s => Z.b2z (all_on x h) + s) 0 hits).
  { clear - M. destruct (M masked (or_introl eq_refl)) as [E|E]; rewrite E; induction hits as [|h hits IH]; try reflexivity;
      cbn [fold_right]; rewrite IH; unfold all_on; cbn [forallb]; rewrite E; cbn [Z.eqb Pos.eqb andb Z.b2z]; lia. }
  rewrite C, B. destruct (M masked (or_introl eq_refl)) as [E|E]; rewrite E; destruct (existsb (all_on x) hits); reflexivity.
Qed.

(* Every sequence of some length: masks and control bits in the order of the truth table; token p, prediction length + p. *)
Fixpoint choices {A} (options : list A) (length : nat) : list (list A) :=
  match length with
  | O => [[]]
  | S n => flat_map (fun o => map (cons o) (choices options n)) options
  end.
Definition truth : list bool := [false; true].
Definition cases (length : nat) : list (list (token * nat * control)) :=
  map (fun rows => map (fun '(p, row) =>
      match row with
      | [m; r; i; d] => (if m : bool then None else Some p, (length + p)%nat, (r, i, d))
      | _ => (None, O, (false, false, false))
      end) (combine (seq 0 length) rows))
    (choices (choices truth 4) length).
(* Every step of some processors on two addresses: processor p stores 10 + p, or nothing. *)
Definition steps (processors : nat) : list (list (write (V := Z))) :=
  map (fun rows => map (fun '(p, row) => match row with Some a => Some (a, 10 + Z.of_nat p) | None => None end)
      (combine (seq 0 processors) rows))
    (choices [None; Some 0; Some 1] processors).
