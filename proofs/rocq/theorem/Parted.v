(* Runs in which processors part: a configuration is the memory as a function of the address, and the processors as a function
   of their numbers, each at an instruction of its own. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep.
Import ListNotations.
Open Scope Z_scope.

Section Parted.
Variables (w : nat) (p : program).
Local Notation P := (processors p).
Local Notation M := (length (initial p)).
Local Notation L := (Z.of_nat (length (instructions p))).
Hypothesis Fits : L <= size w.

Definition parted (m : Z -> Z) (q : Z -> processor) : configuration :=
  {| memory := map m (numbers M); processors_of := map q (numbers P) |}.
Definition own (registers_ : list Z) (counter : Z) : processor :=
  {| registers := registers_; pc := counter; state := Running |}.

(* In a step a processor becomes another, and stores a word, or nothing. *)
Definition becomes (m : Z -> Z) (pid : Z) (self self' : processor) (store : option (Z * Z)) : Prop :=
  let e := act w p (parted m (fun _ => self)) pid self in
  apply_effect self e = self' /\ match writes e with Some (ToMemory a v) => Some (a, v) | _ => None end = store.
(* Memory then: at every address the word of one that stored there, or what was there. *)
Definition written (store : Z -> option (Z * Z)) (m m' : Z -> Z) : Prop := forall a, inside_memory p a ->
  (exists pid, acting p pid /\ store pid = Some (a, m' a)) \/
  ((forall pid v, acting p pid -> store pid <> Some (a, v)) /\ m' a = m a).

Lemma parted_step : forall m q q' store k Q,
  (forall pid, acting p pid -> becomes m pid (q pid) (q' pid) (store pid)) ->
  (forall m', written store m m' -> after_steps w p k (parted m' q') Q) -> after_steps w p (S k) (parted m q) Q.
Proof.
  intros m q q' store k Q B H. apply one_step. set (e := fun pid => act w p (parted m q) pid (q pid)).
  set (m' := fun a => match stored a (map e (numbers P)) with Some v => v | None => m a end).
  replace (step w p (parted m q)) with (parted m' q').
  - apply H. intros a _. unfold m'. destruct (stored a (map e (numbers P))) as [v|] eqn:E.
    + left. apply stored_some in E as (n & f & N & Wf & _). apply nth_error_In in N.
      apply in_map_iff in N as (pid & <- & I). apply in_numbers in I. exists pid. split; [exact I|].
      rewrite <- (proj2 (B pid I)).
      change (act w p (parted m (fun _ => q pid)) pid (q pid)) with (e pid). rewrite Wf. reflexivity.
    + right. split; [|reflexivity]. intros pid v A S. rewrite <- (proj2 (B pid A)) in S.
      change (act w p (parted m (fun _ => q pid)) pid (q pid)) with (e pid) in S.
      rewrite stored_none in E. apply (E (e pid) v); [apply in_map, in_numbers; exact A|].
      destruct (writes (e pid)) as [[r u|b u]|]; try discriminate. injection S as <- <-. reflexivity.
  - unfold step, effects, apply, parted. cbn [memory processors_of]. rewrite !numbered_mapped, !map_map.
    change {| memory := map m (numbers M); processors_of := map q (numbers P) |} with (parted m q). fold e.
    rewrite combine_mapped, map_map. f_equal. apply map_ext_in. intros pid I. apply in_numbers in I.
    symmetry. exact (proj1 (B pid I)).
Qed.
Lemma quiet_step : forall m q q' k Q,
  (forall pid, acting p pid -> becomes m pid (q pid) (q' pid) None) ->
  after_steps w p k (parted m q') Q -> after_steps w p (S k) (parted m q) Q.
Proof.
  intros m q q' k Q B H. apply (parted_step m q q' (fun _ => None) k Q B). intros m' S.
  replace (parted m' q') with (parted m q'); [exact H|]. unfold parted. f_equal. apply map_ext_in. intros a I.
  apply in_numbers in I. destruct (S a I) as [(pid & _ & N)|[_ ->]]; [discriminate|reflexivity].
Qed.

(* What a processor becomes by one instruction. *)
Definition alone (registers_ : list Z) : list (Z -> Z) := map (fun v _ => v) registers_.
Lemma own_does : forall m pid rs counter, act w p (parted m (fun _ => own rs counter)) pid (own rs counter) =
  act w p (lock p Running counter m (alone rs)) pid
    {| registers := map (fun f => f pid) (alone rs); pc := counter; state := Running |}.
Proof. intros. unfold alone. rewrite map_map, map_id. reflexivity. Qed.

Lemma becomes_still : forall m pid self, runs self = false -> becomes m pid self self None.
Proof. intros m pid [rs counter s] S. unfold becomes, act. rewrite S. split; reflexivity. Qed.

Section At.
Variables (m : Z -> Z) (pid : Z) (rs : list Z) (counter : Z) (i : instruction).
Hypothesis Here : nth_error (instructions p) (Z.to_nat counter) = Some i.
Hypothesis Inside : 0 <= counter /\ counter + 1 < L.
Let goes_on : (counter + 1) mod size w = counter + 1.
Proof. apply (following w p Fits); tauto. Qed.

Lemma becomes_set : forall r v, rd i = Register r -> 0 <= r -> result w p i m (alone rs) pid = Some v ->
  becomes m pid (own rs counter) (own (map (fun f => f pid) (put (alone rs) (Z.to_nat r) (fun _ => v))) (counter + 1)) None.
Proof.
  intros r v D R V. unfold becomes. rewrite own_does, (does_it w p counter m (alone rs) i Here). cbn zeta.
  rewrite D, goes_on.
  assert (E : forall e, e = {| next := counter + 1; after := Running; writes := Some (ToRegister r v) |} ->
    apply_effect (own rs counter) e = own (map (fun f => f pid) (put (alone rs) (Z.to_nat r) (fun _ => v))) (counter + 1) /\
    match writes e with Some (ToMemory a u) => Some (a, u) | _ => None end = None).
  { intros e ->. split; [|reflexivity]. unfold apply_effect, own. cbn [writes registers next after]. f_equal.
    rewrite <- (put_register (alone rs) r (fun _ => v) pid R). unfold alone. rewrite map_map, map_id. reflexivity. }
  apply E. unfold result in V. destruct (op i); try (rewrite V; reflexivity); cbn in V; try discriminate;
    try (injection V as <-; reflexivity).
  destruct (Z.ltb_spec (address_of w (alone rs) i pid) (Z.of_nat M)) as [J|]; [|discriminate].
  destruct (Z.leb_spec (Z.of_nat M) (address_of w (alone rs) i pid)); [lia|]. injection V as <-. reflexivity.
Qed.
Lemma becomes_branch : forall target, op i = Jnz -> rx i = Immediate target ->
  becomes m pid (own rs counter)
    (own rs (if operand_value (alone rs) (ra i) pid =? 0 then counter + 1 else target)) None.
Proof.
  intros target O X. unfold becomes. rewrite own_does, (does_it w p counter m (alone rs) i Here). cbn zeta.
  rewrite O, X, goes_on. split; reflexivity.
Qed.
Lemma becomes_store : forall a v, op i = St -> address_of w (alone rs) i pid = a -> a < Z.of_nat M ->
  operand_value (alone rs) (rd i) pid = v -> becomes m pid (own rs counter) (own rs (counter + 1)) (Some (a, v)).
Proof.
  intros a v O A B V. unfold becomes. rewrite own_does, (does_it w p counter m (alone rs) i Here). cbn zeta.
  rewrite O, A, V, goes_on. destruct (Z.leb_spec (Z.of_nat M) a); [lia|]. split; reflexivity.
Qed.
End At.
Lemma becomes_halted : forall m pid rs counter i, nth_error (instructions p) (Z.to_nat counter) = Some i -> op i = Halt ->
  becomes m pid (own rs counter) {| registers := rs; pc := counter; state := Halted |} None.
Proof.
  intros m pid rs counter i Here O. unfold becomes. rewrite own_does, (does_it w p counter m (alone rs) i Here). cbn zeta.
  rewrite O. split; reflexivity.
Qed.

(* What is read off such a configuration. *)
Lemma parted_word : forall m q a, inside_memory p a -> at_address (parted m q) a = m a.
Proof. intros m q a A. apply nth_mapped. exact A. Qed.
Lemma parted_start : start P (initial p) =
  parted (fun a => nth (Z.to_nat a) (initial p) 0) (fun _ => own (repeat 0 8) 0).
Proof. rewrite start_locked. reflexivity. Qed.
End Parted.
