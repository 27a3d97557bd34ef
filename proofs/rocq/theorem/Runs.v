(* The statement is not vacuous: in the kernel, the plans for w = 5 that the package compiles run three programs, to the
   configurations that are written out here. The theory Plans has the plans' numbers and is generated. *)
From Coq Require Import List ZArith QArith.
From Efasp Require Import Statement Plans.
Import ListNotations.
Open Scope Z_scope.

Definition R (r : Z) : operand := Register r.
Definition I (v : Z) : operand := Immediate v.
Definition line (o : operation) (d a x : operand) : instruction := {| op := o; rd := d; ra := a; rx := x |}.

(* Stores 2 and then 1 to address 0. *)
Definition loop : program := {| processors := 1; initial := [9];
  instructions := [line Mov (R 1) Absent (I 2); line St (R 1) Absent (I 0); line Sub (R 1) (R 1) (I 1);
                   line Jnz Absent (R 1) (I 1); line Halt Absent Absent Absent] |}.
(* Both processors store to address 1. *)
Definition conflict : program := {| processors := 2; initial := [9; 8];
  instructions := [line Pid (R 1) Absent Absent; line St (R 1) Absent (I 1); line Halt Absent Absent Absent] |}.
(* Processor 1 loads from address M. *)
Definition outside : program := {| processors := 2; initial := [9; 8];
  instructions := [line Pid (R 1) Absent Absent; line Ld (R 2) (R 1) (I 1); line Halt Absent Absent Absent] |}.

(* Memory; status, program counter and r1, r2 of each processor. *)
Definition shown (c : configuration) : list Z * list (status * Z * list Z) :=
  (memory c, map (fun p => (state p, pc p, firstn 2 (tl (registers p)))) (processors_of c)).

Example loop_ends : shown (reached 5 loop 8) = ([1], [(Halted, 4, [0; 0])]) /\ stopped (reached 5 loop 7) = false.
Proof. split; reflexivity. Qed.
Example conflict_ends : shown (reached 5 conflict 3) = ([9; 0], [(Halted, 2, [0; 0]); (Halted, 2, [1; 0])]) /\
  shown (reached 5 conflict 2) = ([9; 0], [(Running, 2, [0; 0]); (Running, 2, [1; 0])]).
Proof. split; reflexivity. Qed.
Example outside_ends : shown (reached 5 outside 3) = ([9; 8], [(Halted, 2, [0; 8]); (LoadFault, 1, [1; 0])]) /\
  faults (trace 5 outside 3) = [{| who := 1; when := 2; pc_at := 1; reason := LoadFault |}].
Proof. split; reflexivity. Qed.

(* T passes of masked diffusion, of all that is ready: what is read of the sequence then. *)
Definition diffused (p : program) (T : nat) : option (list instruction * list configuration) :=
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  let places := map (log_code 5) (log_places L M P T) in
  read_log 5 false L M P T (Nat.iter T (unmask_all 5 false mdm places) (log_tokens 5 p T 0)).
(* The same of t passes of any-process generation, and whether one more changes anything. *)
Definition generated_in_place (p : program) (t : nat) : option (list instruction * configuration * bool) :=
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  let places := map (cell_code 5) (cell_places L M P) in
  let opening := cell_tokens 5 p (start P (initial p)) (repeat false (M + 9 * P)) in
  let ids x := map (token_id 5) x in
  match generated 5 false apmdm places t opening with
  | Some x =>
      match read_cells 5 false L M P x, generate 5 false apmdm places x with
      | Some (is, c), Some y => Some (is, c, if list_eq_dec Z.eq_dec (ids x) (ids y) then true else false)
      | _, _ => None
      end
  | None => None
  end.

Example loop_mdm : diffused loop 8 = Some (instructions loop, trace 5 loop 8).
Proof. vm_compute. reflexivity. Qed.
Example conflict_mdm : diffused conflict 3 = Some (instructions conflict, trace 5 conflict 3).
Proof. vm_compute. reflexivity. Qed.
Example outside_mdm : diffused outside 3 = Some (instructions outside, trace 5 outside 3).
Proof. vm_compute. reflexivity. Qed.
Example loop_apmdm : generated_in_place loop 8 = Some (instructions loop, reached 5 loop 8, true).
Proof. vm_compute. reflexivity. Qed.
Example conflict_apmdm : generated_in_place conflict 2 = Some (instructions conflict, reached 5 conflict 2, false).
Proof. vm_compute. reflexivity. Qed.
Example outside_apmdm : generated_in_place outside 3 = Some (instructions outside, reached 5 outside 3, true).
Proof. vm_compute. reflexivity. Qed.
