(* Runs in lockstep: all processors are at one instruction. A configuration is then a program counter, the memory as a
   function
   of the address, and for each register its value as a function of the processor; and a step is one of these. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached.
Import ListNotations.
Open Scope Z_scope.

Lemma numbered_mapped : forall A (f : Z -> A) n, numbered (map f (numbers n)) = map (fun k => (k, f k)) (numbers n).
Proof.
  intros A f n. unfold numbered. rewrite map_length, numbers_length. rewrite <- (map_id (numbers n)) at 1.
  apply combine_mapped.
Qed.

(* A well-formed instruction is so with wider words. *)
Lemma wider : forall v w i ext, (v <= w)%nat -> well_formed v false i = true -> well_formed w ext i = true.
Proof.
  intros v w i ext Wide. assert (I : immediate v (rx i) = true -> immediate w (rx i) = true).
  { destruct (rx i) as [|r|x]; try discriminate. cbn [immediate]. rewrite !is_word_range.
    assert (L : size v <= size w) by (apply Z.pow_le_mono_r; lia). lia. }
  unfold well_formed. destruct (op i); rewrite ?andb_true_iff, ?orb_true_iff; intuition discriminate.
Qed.

(* A register is set. *)
Fixpoint put (registers : list (Z -> Z)) (r : nat) (v : Z -> Z) : list (Z -> Z) :=
  match registers, r with
  | [], _ => [] | _ :: rest, O => v :: rest | f :: rest, S r => f :: put rest r v
  end.

Lemma put_register : forall F r v pid, 0 <= r -> map (fun '(q, u) => if q =? r then v pid else u)
  (numbered (map (fun f : Z -> Z => f pid) F)) = map (fun f => f pid) (put F (Z.to_nat r) v).
Proof.
  intros F r v pid R. rewrite (map_numbered _ _ (fun q u => if q =? r then v pid else u) _ 0). rewrite map_length.
  unfold numbers. rewrite map_map. destruct (Z_of_nat_complete r R) as (s & ->). rewrite Nat2Z.id. clear R.
  rewrite (map_ext _ (fun x => if (x =? s)%nat then v pid else nth x (map (fun f : Z -> Z => f pid) F) 0)).
  2:{ intros x. rewrite Nat2Z.id. destruct (Nat.eqb_spec x s) as [->|N]; [rewrite Z.eqb_refl; reflexivity|].
      destruct (Z.eqb_spec (Z.of_nat x) (Z.of_nat s)); [lia|reflexivity]. }
  revert s. induction F as [|f G IH]; intros s; [reflexivity|]. cbn [length seq map]. rewrite <- seq_shift, map_map.
  destruct s as [|s]; cbn [put map Nat.eqb nth].
  - f_equal. clear. induction G as [|g G IH]; [reflexivity|]. cbn [length seq map nth]. f_equal.
    rewrite <- seq_shift, map_map. exact IH.
  - f_equal. apply IH.
Qed.

Section Lockstep.
Variables (w : nat) (p : program).
Local Notation P := (processors p).
Local Notation M := (length (initial p)).
Hypothesis Fits : Z.of_nat (length (instructions p)) <= size w.
Definition acting (pid : Z) : Prop := 0 <= pid < Z.of_nat P.
Definition inside_memory (a : Z) : Prop := 0 <= a < Z.of_nat M.

Definition lock (s : status) (counter : Z) (m : Z -> Z) (F : list (Z -> Z)) : configuration :=
  {| memory := map m (numbers M);
     processors_of := map (fun pid => {| registers := map (fun f => f pid) F; pc := counter; state := s |}) (numbers P) |}.

(* The operands of an instruction in a processor, and the result of one that sets a register, if it does not fault. *)
Definition operand_value (F : list (Z -> Z)) (o : operand) (pid : Z) : Z :=
  match o with Absent => 0 | Register r => nth (Z.to_nat r) F (fun _ => 0) pid | Immediate v => v end.
Definition address_of (F : list (Z -> Z)) (i : instruction) (pid : Z) : Z :=
  (operand_value F (ra i) pid + operand_value F (rx i) pid) mod size w.
Definition result (i : instruction) (m : Z -> Z) (F : list (Z -> Z)) (pid : Z) : option Z :=
  match op i with
  | Ld => if address_of F i pid <? Z.of_nat M then Some (m (address_of F i pid)) else None
  | Pid => Some pid
  | o => alu w o (operand_value F (ra i) pid) (operand_value F (rx i) pid)
  end.
(* Memory after processors have stored: at every address the word of one that stored there, or what was there. *)
Definition stores (address value : Z -> Z) (m m' : Z -> Z) : Prop := forall a, inside_memory a ->
  (exists pid, acting pid /\ address pid = a /\ m' a = value pid) \/
  ((forall pid, acting pid -> address pid <> a) /\ m' a = m a).

Section At.
Variables (counter : Z) (m : Z -> Z) (F : list (Z -> Z)) (i : instruction).
Hypothesis Here : nth_error (instructions p) (Z.to_nat counter) = Some i.
Let own (pid : Z) : processor := {| registers := map (fun f => f pid) F; pc := counter; state := Running |}.
Let does (pid : Z) : effect := act w p (lock Running counter m F) pid (own pid).

Lemma locked_step : forall e, (forall pid, acting pid -> does pid = e pid) -> step w p (lock Running counter m F) =
  {| memory := map (fun a => match stored a (map e (numbers P)) with Some v => v | None => m a end) (numbers M);
     processors_of := map (fun pid => apply_effect (own pid) (e pid)) (numbers P) |}.
Proof.
  intros e E. unfold step, effects, apply. cbn [memory processors_of lock]. rewrite !numbered_mapped, !map_map.
  fold own. rewrite (map_ext_in _ e) by (intros pid I; apply in_numbers in I; exact (E pid I)).
  rewrite combine_mapped, map_map. reflexivity.
Qed.

Lemma counter_inside : Z.of_nat (length (instructions p)) <=? counter = false.
Proof. apply Z.leb_gt. pose proof (nth_error_Some (instructions p) (Z.to_nat counter)) as N. rewrite Here in N.
  assert (Z.to_nat counter < length (instructions p))%nat by (apply N; discriminate). lia. Qed.
Lemma fetched : forall d, nth (Z.to_nat counter) (instructions p) d = i.
Proof. intros d. exact (nth_error_nth _ _ d Here). Qed.
Lemma read_register : forall r pid, nth (Z.to_nat r) (map (fun f : Z -> Z => f pid) F) 0 =
  nth (Z.to_nat r) F (fun _ => 0) pid.
Proof. intros r pid. exact (map_nth (fun f : Z -> Z => f pid) F (fun _ => 0) (Z.to_nat r)). Qed.

Lemma does_it : forall pid, does pid =
  let a := operand_value F (ra i) pid in let x := operand_value F (rx i) pid in
  let stop s := {| next := counter; after := s; writes := None |} in
  let go n write := {| next := n; after := Running; writes := write |} in
  let following := (counter + 1) mod size w in
  let set v := go following match rd i with Register r => Some (ToRegister r v) | _ => None end in
  let outside := Z.of_nat M <=? address_of F i pid in
  match op i with
  | Halt => stop Halted
  | Ld => if outside then stop LoadFault else set (m (address_of F i pid))
  | St => if outside then stop StoreFault else
      go following (Some (ToMemory (address_of F i pid) (operand_value F (rd i) pid)))
  | Jmp => go x None
  | Jz => go (if a =? 0 then x else following) None
  | Jnz => go (if a =? 0 then following else x) None
  | Pid => set pid
  | Nproc => set (Z.of_nat P mod size w)
  | o => match alu w o a x with Some v => set v | None => stop Halted end
  end.
Proof.
  intros pid. unfold does, act. cbn [runs own state pc registers negb]. rewrite counter_inside, fetched.
  assert (R : forall o, match o with Absent => 0
      | Register r => nth (Z.to_nat r) (map (fun f : Z -> Z => f pid) F) 0 | Immediate v => v end = operand_value F o pid).
  { intros [|r|v]; try reflexivity. apply read_register. }
  cbn zeta. rewrite !R. fold (address_of F i pid). cbn [memory lock]. rewrite map_length, numbers_length.
  destruct (op i); try reflexivity. destruct (Z.leb_spec (Z.of_nat M) (address_of F i pid)) as [|L]; [reflexivity|].
  rewrite nth_mapped; [reflexivity|]. split; [|exact L]. apply Z.mod_pos_bound. pose proof (size_positive w). lia.
Qed.
End At.

(* What holds after some steps. *)
Definition after_steps (k : nat) (c : configuration) (Q : configuration -> Prop) : Prop := Q (Nat.iter k (step w p) c).
Lemma first_step : forall k c, Nat.iter (S k) (step w p) c = Nat.iter k (step w p) (step w p c).
Proof.
  intros k c. induction k as [|k IH]; [reflexivity|].
  change (step w p (Nat.iter (S k) (step w p) c) = step w p (Nat.iter k (step w p) (step w p c))). rewrite IH. reflexivity.
Qed.
Lemma one_step : forall k c Q, after_steps k (step w p c) Q -> after_steps (S k) c Q.
Proof. intros k c Q H. unfold after_steps. rewrite first_step. exact H. Qed.
Lemma more_steps : forall k l c Q, after_steps k c (fun c' => after_steps l c' Q) -> after_steps (k + l) c Q.
Proof.
  intros k. induction k as [|k IH]; intros l c Q H; [exact H|]. cbn [Nat.add]. apply one_step, IH.
  unfold after_steps in H. rewrite first_step in H. exact H.
Qed.

Lemma reached_after : forall k t Q, after_steps k (reached w p t) Q -> Q (reached w p (k + t)).
Proof.
  intros k t Q H. unfold after_steps in H.
  replace (reached w p (k + t)) with (Nat.iter k (step w p) (reached w p t)); [exact H|].
  clear. induction k as [|k IH]; [reflexivity|].
  change (step w p (Nat.iter k (step w p) (reached w p t)) = step w p (reached w p (k + t))). rewrite IH. reflexivity.
Qed.

Lemma following : forall counter, 0 <= counter -> counter + 1 < Z.of_nat (length (instructions p)) ->
  (counter + 1) mod size w = counter + 1.
Proof. intros counter C L. apply Z.mod_small. lia. Qed.

Lemma nothing_stored : forall e a, (forall pid b v, acting pid -> writes (e pid) <> Some (ToMemory b v)) ->
  stored a (map e (numbers P)) = None.
Proof.
  intros e a N. apply stored_none. intros f v I E. apply in_map_iff in I as (pid & <- & I). apply in_numbers in I.
  exact (N pid a v I E).
Qed.

Lemma set_step : forall counter m F i r v k Q, nth_error (instructions p) (Z.to_nat counter) = Some i ->
  0 <= counter -> counter + 1 < Z.of_nat (length (instructions p)) -> rd i = Register r -> 0 <= r ->
  (forall pid, acting pid -> result i m F pid = Some (v pid)) ->
  after_steps k (lock Running (counter + 1) m (put F (Z.to_nat r) v)) Q -> after_steps (S k) (lock Running counter m F) Q.
Proof.
  intros counter m F i r v k Q Here C L D R V H. apply one_step.
  rewrite (locked_step counter m F (fun pid => {| next := counter + 1; after := Running;
    writes := Some (ToRegister r (v pid)) |})).
  - replace (Build_configuration _ _) with (lock Running (counter + 1) m (put F (Z.to_nat r) v)); [exact H|].
    unfold lock. f_equal.
    + apply map_ext. intros a. rewrite nothing_stored; [reflexivity|discriminate].
    + apply map_ext. intros pid. unfold apply_effect. cbn [writes registers pc state next after].
      f_equal. symmetry. apply put_register. exact R.
  - intros pid A. rewrite (does_it counter m F i Here). cbn zeta. rewrite D, (following counter C L).
    specialize (V pid A). unfold result in V. destruct (op i); try (rewrite V; reflexivity); cbn in V; try discriminate;
    try (injection V as <-; reflexivity).
    destruct (Z.ltb_spec (address_of F i pid) (Z.of_nat M)) as [I|]; [|discriminate].
    destruct (Z.leb_spec (Z.of_nat M) (address_of F i pid)); [lia|]. injection V as <-. reflexivity.
Qed.

Lemma store_step : forall counter m F i address value k Q, nth_error (instructions p) (Z.to_nat counter) = Some i ->
  0 <= counter -> counter + 1 < Z.of_nat (length (instructions p)) -> op i = St ->
  (forall pid, acting pid -> address_of F i pid = address pid /\ address pid < Z.of_nat M /\
    operand_value F (rd i) pid = value pid) ->
  (forall m', stores address value m m' -> after_steps k (lock Running (counter + 1) m' F) Q) ->
  after_steps (S k) (lock Running counter m F) Q.
Proof.
  intros counter m F i address value k Q Here C L O V H. apply one_step.
  set (e := fun pid => {| next := counter + 1; after := Running; writes := Some (ToMemory (address pid) (value pid)) |}).
  rewrite (locked_step counter m F e).
  - apply H. intros a _. destruct (stored a (map e (numbers P))) as [v|] eqn:E.
    + left. apply stored_some in E as (n & f & N & Wf & _). apply nth_error_In in N.
      apply in_map_iff in N as (pid & <- & I). apply in_numbers in I. cbn in Wf. injection Wf as W1 W2.
      exists pid. auto.
    + right. split; [|reflexivity]. intros pid A B. rewrite stored_none in E. apply (E (e pid) (value pid)).
      * apply in_map, in_numbers. exact A.
      * cbn. rewrite B. reflexivity.
  - intros pid A. rewrite (does_it counter m F i Here). cbn zeta. rewrite O, (following counter C L).
    destruct (V pid A) as (V1 & V2 & V3). rewrite V1, V3. destruct (Z.leb_spec (Z.of_nat M) (address pid)); [lia|].
    reflexivity.
Qed.

(* A jump, of all processors together. *)
Lemma jump_step : forall counter m F i target k Q, nth_error (instructions p) (Z.to_nat counter) = Some i ->
  op i = Jmp -> rx i = Immediate target ->
  after_steps k (lock Running target m F) Q -> after_steps (S k) (lock Running counter m F) Q.
Proof.
  intros counter m F i target k Q Here O X H. apply one_step.
  rewrite (locked_step counter m F (fun pid => {| next := target; after := Running; writes := None |})).
  - replace (Build_configuration _ _) with (lock Running target m F); [exact H|].
    unfold lock. f_equal. apply map_ext. intros a. rewrite nothing_stored; [reflexivity|discriminate].
  - intros pid A. rewrite (does_it counter m F i Here). cbn zeta. rewrite O, X. reflexivity.
Qed.
Lemma branch_step : forall counter m F i target (zero : bool) k Q, nth_error (instructions p) (Z.to_nat counter) = Some i ->
  0 <= counter -> counter + 1 < Z.of_nat (length (instructions p)) -> op i = Jz -> rx i = Immediate target ->
  (forall pid, acting pid -> (operand_value F (ra i) pid =? 0) = zero) ->
  after_steps k (lock Running (if zero then target else counter + 1) m F) Q ->
  after_steps (S k) (lock Running counter m F) Q.
Proof.
  intros counter m F i target zero k Q Here C L O X V H. apply one_step.
  rewrite (locked_step counter m F (fun pid => {| next := if zero then target else counter + 1; after := Running;
    writes := None |})).
  - replace (Build_configuration _ _) with (lock Running (if zero then target else counter + 1) m F); [exact H|].
    unfold lock. f_equal. apply map_ext. intros a. rewrite nothing_stored; [reflexivity|discriminate].
  - intros pid A. rewrite (does_it counter m F i Here). cbn zeta. rewrite O, X, (V pid A), (following counter C L).
    reflexivity.
Qed.
Lemma halt_step : forall counter m F i k Q, nth_error (instructions p) (Z.to_nat counter) = Some i ->
  op i = Halt ->
  after_steps k (lock Halted counter m F) Q -> after_steps (S k) (lock Running counter m F) Q.
Proof.
  intros counter m F i k Q Here O H. apply one_step.
  rewrite (locked_step counter m F (fun pid => {| next := counter; after := Halted; writes := None |})).
  - replace (Build_configuration _ _) with (lock Halted counter m F); [exact H|].
    unfold lock. f_equal. apply map_ext. intros a. rewrite nothing_stored; [reflexivity|discriminate].
  - intros pid A. rewrite (does_it counter m F i Here). cbn zeta. rewrite O. reflexivity.
Qed.

(* The start, and what is read off a configuration. *)
Lemma start_locked : start P (initial p) =
  lock Running 0 (fun a => nth (Z.to_nat a) (initial p) 0) (repeat (fun _ => 0) 8).
Proof.
  unfold start, lock. f_equal; [symmetry; apply list_numbers|]. cbn [repeat map].
  rewrite <- (numbers_length P) at 1. induction (numbers P) as [|n ns IH]; [reflexivity|]. cbn [length repeat map].
  f_equal. exact IH.
Qed.
Lemma locked_word : forall s counter m F a, inside_memory a -> at_address (lock s counter m F) a = m a.
Proof. intros s counter m F a A. apply nth_mapped. exact A. Qed.
Lemma locked_stopped : forall counter m F, stopped (lock Halted counter m F) = true.
Proof. intros. unfold stopped. apply forallb_forall. intros q I. apply in_map_iff in I as (pid & <- & _). reflexivity. Qed.
End Lockstep.

(* Numbers of registers, as they are. *)
Ltac registers := repeat match goal with |- context [Z.to_nat ?r] =>
  match r with 0 => idtac | Zpos _ => idtac end; let k := eval compute in (Z.to_nat r) in change (Z.to_nat r) with k end.
