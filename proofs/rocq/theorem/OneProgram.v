(* The statement for one program: transformers that run one program of the PRAM, on sequences that do not hold it.

   Definitions only. The propositions are those of [Statement], section 7, with the same conjuncts, of the programs whose
   instructions are [is], whatever their memory and their number of processors. In the sequences bos and P are followed at once
   by the data: the 4 L tokens of the program are left out, and so are the 4 L places. Everything else is as it is there. *)
From Coq Require Import List Bool ZArith.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope Z_scope.

(* A sequence without the program: the first two tokens, and what follows the 4 L tokens after them. *)
Definition without {A} (L : nat) (x : list A) : list A := firstn 2 x ++ skipn (2 + 4 * L) x.

(* Masked diffusion, as [runs_pram_mdm]: the context has 2 + M + 3 P (T + 1) tokens. That a sequence is read back means that it
   is read as one of no instructions, [], and of the trace of the program that was left out. *)
Definition runs_one_mdm (w : nat) (ext : bool) (is : list instruction) (m : plan) : Prop :=
  forall (p : program) (T : nat), instructions p = is -> valid w ext p = true -> Z.of_nat T <= latest w ->
  let L := length is in let M := length (initial p) in let P := processors p in
  let context := (2 + M + 3 * P * (T + 1))%nat in
  let places := map (log_code w) (log_places 0 M P T) in
  let log t := without L (log_tokens w p T t) in
  let holds x t := read_log w ext 0 M P T x = Some ([], trace w p t) in
  runs_log w ext m P T context places log holds.

(* Any-process generation, as [runs_pram_apmdm]: the context has 2 + 2 (M + 9 P) tokens. *)
Definition runs_one_apmdm (w : nat) (ext : bool) (is : list instruction) (m : plan) : Prop :=
  forall p : program, instructions p = is -> valid w ext p = true ->
  let L := length is in let M := length (initial p) in let P := processors p in
  let context := (2 + 2 * (M + 9 * P))%nat in
  let places := map (cell_code w) (cell_places 0 M P) in
  let cells c second := without L (cell_tokens w p c second) in
  let holds x c := read_cells w ext 0 M P x = Some ([], c) in
  runs_cells w ext m p context places cells holds.
