(* Quantified Boolean formulas, decided with one cell a variable: the rule of programs/qbf.pram, for every prefix and every matrix. *)
From Coq Require Import List Bool Arith Lia.
Import ListNotations.

Section Quantified.
Variable matrix : list bool -> bool. (* of the values of all variables, the innermost first *)
Definition cell := (bool * bool)%type. (* is it universal, and its value *)

(* The truth of a formula: quantifiers from the outermost on, below cells that have values (the innermost first). *)
Fixpoint truth (prefix : list bool) (outer : list cell) : bool :=
  match prefix with
  | [] => matrix (map snd outer)
  | q :: inner =>
      let at_ v := truth inner ((q, v) :: outer) in
      if q then at_ false && at_ true else at_ false || at_ true
  end.

(* What becomes of the cells when the result of an assignment goes up from the innermost one: one that is 0, and that the result does
  not decide, becomes 1, and those below it are 0; None where the result is that of the formula. *)
Definition open_ (r : bool) (c : cell) : bool := negb (snd c) && eqb (fst c) r.
Fixpoint climb (r : bool) (cells : list cell) : option (list cell) :=
  match cells with
  | [] => None
  | c :: outer =>
      if open_ r c then Some ((fst c, true) :: outer)
      else option_map (cons (fst c, false)) (climb r outer)
  end.
(* The cells that it reads. *)
Fixpoint visits (r : bool) (cells : list cell) : nat :=
  match cells with [] => 0 | c :: outer => if open_ r c then 1 else S (visits r outer) end.

(* At most so many assignments: the answer, the assignments that are tried, and the cells that are read on the way up. *)
Fixpoint run (most : nat) (cells : list cell) : option (bool * nat * nat) :=
  match most with
  | 0 => None
  | S rest =>
      let r := matrix (map snd cells) in
      match climb r cells with
      | None => Some (r, 1, visits r cells)
      | Some next => option_map (fun '(b, l, v) => (b, S l, visits r cells + v)) (run rest next)
      end
  end.

(* All cells are 0 at the start. *)
Fixpoint opened (prefix : list bool) (outer : list cell) : list cell :=
  match prefix with [] => outer | q :: inner => opened inner ((q, false) :: outer) end.

Definition more (l v : nat) (found : option (bool * nat * nat)) : option (bool * nat * nat) :=
  option_map (fun '(b, l', v') => (b, l + l', v + v')) found.

Lemma more_more : forall l v l' v' found, more l v (more l' v' found) = more (l + l') (v + v') found.
Proof. intros. destruct found as [[[b x] y]|]; cbn; [rewrite !Nat.add_assoc |]; reflexivity. Qed.

(* Below some cells the run tries the subtree, and goes on with what its truth makes of them. *)
Lemma subtree : forall prefix outer, exists l v,
  l <= 2 ^ length prefix /\ v + 2 <= 2 * 2 ^ length prefix /\
  forall rest, run (l + rest) (opened prefix outer) =
    let r := truth prefix outer in
    match climb r outer with
    | None => Some (r, l, v + visits r outer)
    | Some next => more l (v + visits r outer) (run rest (opened prefix next))
    end.
Proof.
  induction prefix as [| q inner IH]; intros outer.
  - exists 1, 0. split; [cbn; lia | split; [cbn; lia |]]. intros rest. cbn.
    destruct (climb _ outer); reflexivity.
  - destruct (IH ((q, false) :: outer)) as (l0 & v0 & L0 & V0 & R0).
    destruct (IH ((q, true) :: outer)) as (l1 & v1 & L1 & V1 & R1).
    set (r0 := truth inner ((q, false) :: outer)) in *. set (r1 := truth inner ((q, true) :: outer)) in *.
    destruct (eqb q r0) eqn:E.
    + (* not decisive: both values are tried *)
      exists (l0 + l1), (v0 + 1 + (v1 + 1)). cbn [length Nat.pow]. split; [lia | split; [lia |]]. intros rest.
      assert (T : truth (q :: inner) outer = r1).
      { cbn. fold r0 r1. apply eqb_prop in E. rewrite <- E. destruct q; reflexivity. }
      rewrite T. cbn [opened]. rewrite <- Nat.add_assoc, R0.
      cbv zeta. cbn [climb visits open_ fst snd negb andb]. unfold open_. cbn [fst snd negb andb]. rewrite E.
      cbn [fst]. rewrite R1. cbv zeta. cbn [climb visits]. unfold open_ at 1 2. cbn [fst snd negb andb].
      destruct (climb r1 outer) as [next|] eqn:C; cbn [option_map].
      * rewrite more_more. unfold open_. cbn [fst snd negb andb]. f_equal; lia.
      * unfold more, open_. cbn [option_map fst snd negb andb]. f_equal. f_equal. lia.
    + (* decisive *)
      exists l0, (v0 + 1). cbn [length Nat.pow]. split; [lia | split; [lia |]]. intros rest.
      assert (T : truth (q :: inner) outer = r0).
      { cbn. fold r0 r1. destruct q, r0; cbn in E |- *; try discriminate; reflexivity. }
      rewrite T. cbn [opened]. rewrite R0. cbv zeta. cbn [climb visits]. unfold open_ at 1 2 3. cbn [fst snd negb andb]. rewrite E.
      destruct (climb r0 outer) as [next|] eqn:C; cbn [option_map].
      * f_equal. unfold open_. cbn [fst snd negb andb]. rewrite ?E. lia.
      * f_equal. f_equal. unfold open_. cbn [fst snd negb andb]. rewrite ?E. lia.
Qed.

(* The run ends within 2^n assignments, at the truth of the formula. *)
(* backs: qbf.truth *)
Theorem decided : forall prefix, exists l v,
  run (2 ^ length prefix) (opened prefix []) = Some (truth prefix [], l, v) /\
  l <= 2 ^ length prefix /\ v + 2 <= 2 * 2 ^ length prefix.
Proof.
  intros prefix. destruct (subtree prefix []) as (l & v & L & V & R). exists l, v. split; [| split; assumption].
  specialize (R (2 ^ length prefix - l)). replace (l + (2 ^ length prefix - l)) with (2 ^ length prefix) in R by lia.
  rewrite R. cbn. f_equal. f_equal. lia.
Qed.

(* With 5 + e steps for an assignment, 9 for a cell that is read on the way up, and 8 at the start and the end. *)
(* backs: qbf.steps *)
Theorem steps_most : forall prefix e l v,
  run (2 ^ length prefix) (opened prefix []) = Some (truth prefix [], l, v) ->
  8 + l * (5 + e) + 9 * v <= 2 ^ length prefix * (23 + e) - 10.
Proof.
  intros prefix e l v R. destruct (decided prefix) as (l' & v' & R' & L & V). rewrite R in R'. injection R' as <- <-.
  assert (l * (5 + e) <= 2 ^ length prefix * (5 + e)) by (apply Nat.mul_le_mono_r; exact L). nia.
Qed.

(* No cell is added, and no quantifier is changed: the stack is one cell a variable. *)
(* backs: qbf.space *)
Theorem cells_kept : forall r cells next, climb r cells = Some next -> map fst next = map fst cells.
Proof.
  intros r cells. induction cells as [| c outer IH]; intros next C; [discriminate |]. cbn in C.
  destruct (open_ r c); [injection C as <-; reflexivity |].
  destruct (climb r outer) as [found|]; [| discriminate]. injection C as <-. cbn. now rewrite (IH _ eq_refl).
Qed.

End Quantified.
