(* The numerals of Existence.v, next to what is counted at some word widths; and that a plan is accepted for its own engine
   only.
   The bounds on nodes are 7 above the counts without extension M: rows of bit 0 have neither carry nor borrow. *)
From Coq Require Import List Bool ZArith QArith.
From Efasp Require Import Statement Scalars StepDefinition Direct DirectSizes StepSizes Accepts.
Import ListNotations.
Open Scope nat_scope.

(* Nodes of the step, the greatest half, and the bound on nodes. *)
Definition counted (w : nat) (log ext : bool) : nat * nat * nat :=
  let d := step_definition w log ext in
  (length (nodes d), list_max (map half (placed (repeat 0 (code_width w log ext)) (nodes d))), nodes_needed w log ext).
Definition over (log ext : bool) : list (nat * nat * nat) := map (fun w => counted w log ext) [5; 6; 8; 16].

Example counted_log : over true false = [(294, 10, 301); (341, 10, 348); (435, 10, 442); (811, 10, 818)].
Proof. vm_compute. reflexivity. Qed.
Example counted_cells : over false false = [(267, 10, 274); (310, 10, 317); (396, 10, 403); (740, 10, 747)].
Proof. vm_compute. reflexivity. Qed.

(* Layers, residual coordinates, hidden units of a layer, heads of a layer, and coordinates of a query, codes and outputs. *)
Definition dimensions (m : plan) : list nat := [depth m; d_model m; d_ff m; heads_per_layer m; d_head m; d_code m].
Example dimensions_log : dimensions (direct_plan 5 true false) = [5; 379; 89; 32; 22; 49].
Proof. vm_compute. reflexivity. Qed.
Example dimensions_cells : dimensions (direct_plan 5 false false) = [5; 322; 89; 32; 9; 39].
Proof. vm_compute. reflexivity. Qed.

Example rejected_log : accepts 5 Diffusion false (direct_plan 5 false false) = false.
Proof. vm_compute. reflexivity. Qed.
Example rejected_cells : accepts 5 AnyProcess false (direct_plan 5 true false) = false.
Proof. vm_compute. reflexivity. Qed.
