(* The theorem of Components.v on graphs that the library lays out: what it asks is met, the memory is the library's own, and
   the
   kernel computes the runs. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement ComponentsText ComponentsStart Components.
Import ListNotations.
Open Scope Z_scope.

(* Of a graph that the library lays out what is after the ends of the edges. *)
Definition rest_of (n : nat) (edges : list (nat * nat)) (memory : list Z) : list Z := skipn (4 + 2 * n + 2 * length edges)
  memory.
Example laid_out : Forall (fun '(n, edges, P, memory) =>
  suits 7 P n edges (rest_of n edges memory) /\ layout n edges (rest_of n edges memory) = memory) library.
Proof.
  unfold library, suits. repeat (apply Forall_cons; [|]); try apply Forall_nil; (split; [|reflexivity]);
  change (size 7) with 128; (split; [lia|]); (split; [lia|]); (split; [|cbn; repeat split; lia]);
  intros i j K; cbn in K; repeat destruct K as [K|K]; try contradiction; injection K as <- <-; lia.
Qed.

(* The rounds, and the labels when so many are over; before the last step some processor runs, and after it none. *)
Definition answers (rounds : nat) (p : nat * list (nat * nat) * nat * list Z) : bool * bool * list Z :=
  let '(n, edges, P, memory) := p in
  let program := components_on P n edges (rest_of n edges memory) in
  let at_end := reached 7 program (36 + 48 * rounds) in
  (stopped (reached 7 program (35 + 48 * rounds)), stopped at_end, firstn n (skipn 4 (Statement.memory at_end))).
Example answered : map (fun '(rounds, p) => answers rounds p) (combine [0; 1; 1; 2]%nat library) =
  [(false, true, [0]); (false, true, [0; 1; 1]); (false, true, [0; 0; 0]); (false, true, [0; 1; 1; 0; 4; 1; 1])].
Proof. vm_compute. reflexivity. Qed.
