(* The values that a step reads of the own processor are those of its effect (Statement.v, act), whichever view reads them. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement StepDefinition StepExecute StepEffect StepReads StepFetch StepView.
From Efasp Require Sequences Positions.
Import ListNotations.
Open Scope Z_scope.

Section Own.
Variables (w : nat) (ext : bool) (p : program) (c : configuration) (pid : Z) (self : processor).
Variables (reg : option Z -> Z) (found_at : Z -> bool -> option Z).
Hypothesis V : valid w ext p = true.
Hypothesis counted : 0 <= pc self.
Hypothesis reg_none : reg None = 0.
Hypothesis reg_some : forall r, 0 <= r < 8 -> reg (Some r) = nth (Z.to_nat r) (registers self) 0.
Hypothesis found_right : forall a b, 0 <= a -> found_at a b =
  if b && (a <? Z.of_nat (length (memory c))) then Some (nth (Z.to_nat a) (memory c) 0) else None.
Let t : token := Word (state self) (pc self).

Lemma formed : forall i, In i (instructions p) -> well_formed w ext i = true.
Proof. exact (proj2 (proj2 (Sequences.valid_parts w ext p V))). Qed.

Lemma fetched_due : forall k, now_fetched p t k =
  match due_instruction p self with Some i => nth k (instruction_tokens i) Nothing | None => Bos end.
Proof.
  intros k. unfold now_fetched, t, now_word, now_status, Positions.fetched, due_instruction.
  cbn [word_value status_in counter_word].
  assert (R : runs_now (Some (state self)) = runs self) by (unfold runs_now, runs; destruct (state self); reflexivity).
  rewrite R.
  destruct (Z.ltb_spec (pc self) (Z.of_nat (length (instructions p)))) as [B|B].
  - rewrite (nth_error_nth' _ {| op := Halt; rd := Absent; ra := Absent; rx := Absent |}) by lia.
    destruct (runs self); reflexivity.
  - rewrite andb_false_r. replace (nth_error (instructions p) (Z.to_nat (pc self))) with (@None instruction); [reflexivity|].
    symmetry. apply nth_error_None. lia.
Qed.

Lemma due_in : forall i, due_instruction p self = Some i -> well_formed w ext i = true.
Proof. intros i E. exact (due_formed w ext p self formed counted i E). Qed.

Lemma operation_due : now_operation p t = due_operation p self.
Proof.
  unfold now_operation. rewrite fetched_due. unfold due_operation. destruct (due_instruction p self) as [i|]; reflexivity.
Qed.

Lemma named : forall o, register o = true \/ absent o = true -> reg (name_in (operand_token o)) = operand_value self o.
Proof.
  intros [|r|v] [H|H]; try discriminate; cbn [operand_token name_in operand_value]; [exact reg_none|].
  apply reg_some. cbn in H. apply andb_prop in H as [A B]. apply Z.leb_le in A. apply Z.ltb_lt in B. lia.
Qed.

Lemma fields_of : forall i, well_formed w ext i = true -> (register (rd i) = true \/ absent (rd i) = true) /\
  (register (ra i) = true \/ absent (ra i) = true) /\
  (register (rx i) = true \/ absent (rx i) = true \/ exists v, rx i = Immediate v).
Proof.
  intros i H. assert (X : register (rx i) = true \/ absent (rx i) = true \/ exists v, rx i = Immediate v).
  { unfold well_formed in H. destruct (rx i) as [|r|v] eqn:E; [right; left; reflexivity|left|right; right; exists v;
      reflexivity].
    cbn [register immediate absent orb] in *.
    destruct (op i); rewrite ?andb_false_r, ?andb_true_iff, ?orb_false_r in H; try discriminate; try tauto;
      intuition discriminate. }
  unfold well_formed in H. destruct (op i); rewrite ?andb_true_iff, ?orb_true_iff in H; tauto.
Qed.

Lemma a_due : now_a p t reg = due_a p self.
Proof.
  unfold now_a. rewrite fetched_due. unfold due_a, of_instruction. destruct (due_instruction p self) as [i|] eqn:E;
    [|exact reg_none].
  apply named. apply (fields_of i (due_in i E)).
Qed.

Lemma d_due : now_d p t reg = due_d p self.
Proof.
  unfold now_d. rewrite fetched_due. unfold due_d, of_instruction. destruct (due_instruction p self) as [i|] eqn:E;
    [|exact reg_none].
  apply named. apply (fields_of i (due_in i E)).
Qed.

Lemma x_due : now_x w p t reg = due_x w p self.
Proof.
  unfold now_x, now_count. rewrite operation_due, fetched_due. unfold due_x, of_instruction.
  destruct (due_instruction p self) as [i|] eqn:E; [|cbn [word_value name_in]; rewrite reg_none; reflexivity].
  rewrite Z.add_assoc. f_equal. cbn [instruction_tokens nth map].
  destruct (fields_of i (due_in i E)) as (_ & _ & [X|[X|[v X]]]).
  - rewrite (named _ (or_introl X)). destruct (rx i); try discriminate. reflexivity.
  - rewrite (named _ (or_intror X)). destruct (rx i); try discriminate. reflexivity.
  - rewrite X. cbn. rewrite reg_none. apply Z.add_0_r.
Qed.

Lemma address_due : now_address w p t reg = due_address w p self.
Proof. unfold now_address, due_address. rewrite a_due, x_due. reflexivity. Qed.

Lemma address_low : 0 <= due_address w p self.
Proof. unfold due_address. apply Z.mod_pos_bound. apply Z.pow_pos_nonneg; lia. Qed.

Lemma valid_due : now_valid w p t reg found_at = due_valid w p c self /\ now_loaded w p t reg found_at = due_word w p c self.
Proof.
  unfold now_valid, now_loaded, now_found. rewrite address_due, (found_right _ _ address_low).
  unfold due_word, due_valid, now_touches.
  rewrite operation_due. destruct (_ && _); split; reflexivity.
Qed.

Lemma name_due : name_in (now_fetched p t 1) = due_name p self.
Proof.
  rewrite fetched_due. unfold due_name. destruct (due_instruction p self) as [i|]; [|reflexivity].
  cbn [instruction_tokens nth map]. destruct (rd i); reflexivity.
Qed.

(* The effect in the values of the step. *)
Theorem effect_now : let e := act w p c pid self in let o := now_operation p t in let ok := now_valid w p t reg found_at in
  let result := result_value w o (now_a p t reg) (now_d p t reg) (now_x w p t reg) (now_loaded w p t reg found_at) pid ok in
  next e = next_value w o (now_a p t reg) (now_x w p t reg) (now_word t) ok /\
  Some (after e) = next_status o ok (now_status t) /\
  writes e = (if stores_value o ok then Some (ToMemory (now_address w p t reg) result)
    else if names_value o ok then match name_in (now_fetched p t 1) with Some r => Some (ToRegister r result) | None => None end
    else None) /\
  (names_value o ok = true -> name_in (now_fetched p t 1) <> None) /\
  (stores_value o ok = false -> names_value o ok = false -> result = 0).
Proof.
  cbv zeta. destruct valid_due as [-> ->]. rewrite operation_due, a_due, d_due, x_due, address_due, name_due.
  exact (effect_due w ext p c pid self formed counted).
Qed.
End Own.
