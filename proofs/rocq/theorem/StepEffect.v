(* The effect of a processor (Statement.v, act) in terms of what its step reads: what StepExecute computes is this effect. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement StepDefinition StepExecute.
Import ListNotations.
Open Scope Z_scope.

Section Effect.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (pid : Z) (self : processor).

(* The instruction that is fetched, and what it reads. *)
Definition due_instruction : option instruction :=
  if runs self && (pc self <? Z.of_nat (length (instructions p)))
  then Some (nth (Z.to_nat (pc self)) (instructions p) {| op := Halt; rd := Absent; ra := Absent; rx := Absent |}) else None.
Definition operand_value (o : operand) : Z :=
  match o with Absent => 0 | Register r => nth (Z.to_nat r) (registers self) 0 | Immediate v => v end.
Definition of_instruction (f : instruction -> Z) : Z := match due_instruction with Some i => f i | None => 0 end.
Definition due_operation : option operation := option_map op due_instruction.
Definition due_a : Z := of_instruction (fun i => operand_value (ra i)).
Definition due_d : Z := of_instruction (fun i => operand_value (rd i)).
Definition due_x : Z := of_instruction (fun i => operand_value (rx i)) +
  if is_one due_operation Nproc then Z.of_nat (processors p) mod size w else 0.
Definition due_address : Z := (due_a + due_x) mod size w.
Definition due_valid : bool :=
  (is_one due_operation Ld || is_one due_operation St) && (due_address <? Z.of_nat (length (memory c))).
Definition due_word : Z := if due_valid then nth (Z.to_nat due_address) (memory c) 0 else 0.
Definition due_name : option Z :=
  match due_instruction with Some i => match rd i with Register r => Some r | _ => None end | None => None end.
(* What follows from it. *)
Definition due_next : Z := next_value w due_operation due_a due_x (pc self) due_valid.
Definition due_status : option status := next_status due_operation due_valid (Some (state self)).
Definition due_result : Z := result_value w due_operation due_a due_d due_x due_word pid
  due_valid.
Definition due_store : bool := stores_value due_operation due_valid.
Definition due_names : bool := names_value due_operation due_valid.

Hypothesis formed : forall i, In i (instructions p) -> well_formed w ext i = true.
Hypothesis counted : 0 <= pc self.

Lemma due_formed : forall i, due_instruction = Some i -> well_formed w ext i = true.
Proof.
  intros i E. unfold due_instruction in E. destruct (runs self && _) eqn:B; [|discriminate]. injection E as <-.
  apply andb_prop in B as [_ B]. apply Z.ltb_lt in B. apply formed. apply nth_In. lia.
Qed.

Theorem effect_due : let e := act w p c pid self in next e = due_next /\ Some (after e) = due_status /\
  writes e = (if due_store then Some (ToMemory due_address due_result)
    else if due_names then match due_name with Some r => Some (ToRegister r due_result) | None => None end else None) /\
  (due_names = true -> due_name <> None) /\ (due_store = false -> due_names = false -> due_result = 0).
Proof.
  cbv zeta. unfold act. destruct (runs self) eqn:R; cbn [negb].
  2: { assert (E : due_instruction = None) by (unfold due_instruction; rewrite R; reflexivity).
    assert (S : state self <> Running) by (intros S; unfold runs in R; rewrite S in R; discriminate).
    unfold due_next, due_status, due_result, due_store, due_names, due_operation. rewrite E.
    cbn. destruct (state self); try (destruct S; reflexivity); repeat split; discriminate. }
  assert (S : state self = Running) by (unfold runs in R; destruct (state self); (reflexivity || discriminate)).
  destruct (Z.leb_spec (Z.of_nat (length (instructions p))) (pc self)) as [L|L].
  { assert (E : due_instruction = None).
    { unfold due_instruction. replace (pc self <? _) with false by (symmetry; apply Z.ltb_ge; exact L).
      rewrite andb_false_r. reflexivity. }
    unfold due_next, due_status, due_result, due_store, due_names, due_operation. rewrite E, S. cbn.
    repeat split; discriminate. }
  set (i := nth (Z.to_nat (pc self)) (instructions p) _).
  assert (E : due_instruction = Some i).
  { unfold due_instruction. rewrite R. replace (pc self <? _) with true by (symmetry; apply Z.ltb_lt; exact L). reflexivity. }
  pose proof (due_formed i E) as W. fold (operand_value (ra i)). fold (operand_value (rx i)). fold (operand_value (rd i)).
  unfold due_next, due_status, due_result, due_store, due_names, due_name, due_word, due_valid, due_address, due_x, due_a,
    due_d,
    due_operation, of_instruction. rewrite E, S. cbn [option_map]. clearbody i. unfold well_formed in W.
  unfold next_value, next_status, result_value, stores_value, names_value.
  set (a := operand_value (ra i)) in *. set (x := operand_value (rx i)) in *. set (d := operand_value (rd i)) in *.
  assert (D : forall v, register (rd i) = true -> match rd i with Register r => Some (ToRegister r v) | _ => None end =
    match match rd i with Register r => Some r | _ => None end with Some r => Some (ToRegister r v) | None => None end /\
    match rd i with Register r => Some r | _ => None end <> None).
  { intros v H. destruct (rd i); try discriminate H. split; [reflexivity|discriminate]. }
  destruct (op i) eqn:O; cbn [is_one op_number Z.eqb Pos.eqb orb andb]; rewrite ?Z.add_0_r;
    rewrite ?andb_true_iff in W; try (destruct (D 0) as [_ D1]; [tauto|]);
    try (split; [reflexivity|]; split; [reflexivity|]; split; [cbn [writes alu]; apply D; tauto|split; [tauto|discriminate]]);
    try (split; [reflexivity|]; split; [reflexivity|]; split; [reflexivity|split; [discriminate|reflexivity]]).
  - rewrite Z.ltb_antisym. destruct (Z.of_nat (length (memory c)) <=? (a + x) mod size w); cbn [negb];
      (split; [reflexivity|]; split; [reflexivity|]; split; [|split; [tauto || discriminate|tauto || discriminate]]).
    + reflexivity.
    + cbn [writes]. apply D. tauto.
  - rewrite Z.ltb_antisym. destruct (Z.of_nat (length (memory c)) <=? (a + x) mod size w); cbn [negb];
      (split; [reflexivity|]; split; [reflexivity|]; split; [reflexivity|split; [discriminate|tauto || discriminate]]).
  - assert (X : x = 0) by (unfold x; destruct (rx i); destruct W as (_ & W); (reflexivity || discriminate W)).
    rewrite X, Z.add_0_l.
    split; [reflexivity|]. split; [reflexivity|]. split; [cbn [writes]; apply D; tauto|split; [tauto|discriminate]].
Qed.
End Effect.
