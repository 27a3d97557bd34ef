(* A plan for a definition, without reuse of coordinates: one residual coordinate for every entry of the code and for every
   node. A node is computed in the first half of a layer, by a head, or in the second half, by a hidden unit, once all that it
   reads is there. Definitions only; that the plan follows the definition is DirectFollows.v. *)
From Coq Require Import List Bool ZArith QArith.
From Efasp Require Import Statement Scalars.
Import ListNotations.
Open Scope nat_scope.

(* Halves of layers are numbered from 1: the heads of layer l (from 0) are half 2 l + 1, its hidden units half 2 l + 2; the
   entries of the code are there in half 0. A node whose scalars are there in half p is computed in the next half of its
   kind. *)
Definition read_by (n : node) : list nat :=
  match n with
  | Rectified _ f => map snd (terms f)
  | Averaged queries keys value => flat_map (fun f => map snd (terms f)) (queries ++ keys ++ [value])
  end.
Definition half_after (n : node) (p : nat) : nat :=
  match n with
  | Averaged _ _ _ => if Nat.even p then S p else S (S p)
  | Rectified _ _ => if Nat.even p then S (S p) else S p
  end.
Record slot := { coordinate : nat; content : node; half : nat }.
(* [known]: the halves of all scalars before. *)
Fixpoint placed (known : list nat) (ns : list node) : list slot :=
  match ns with
  | [] => []
  | n :: rest =>
      let p := half_after n (list_max (map (fun i => nth i known 0) (read_by n))) in
      {| coordinate := length known; content := n; half := p |} :: placed (known ++ [p]) rest
  end.

(* Rows. A constant of a hidden unit or of an output is a bias; a constant that a head reads is taken from coordinate [one]. A
   ReLU is divided as it is written to its coordinate. *)
Definition single (c : Q) (i : nat) : vector := repeat 0%Q i ++ [c].
Definition row (l : list (Z * nat)) : vector := fold_right (fun '(c, i) rest => plus (single (inject_Z c) i) rest) [] l.
Definition closed (one : nat) (f : affine) : vector := row ((constant f, one) :: terms f).
Definition head_of (one : nat) (s : slot) : list head :=
  match content s with
  | Averaged queries keys value =>
      [{| wq := map (closed one) queries; wk := map (closed one) keys; wv := [closed one value];
          wo := repeat [] (coordinate s) ++ [[1%Q]] |}]
  | Rectified _ _ => []
  end.
Definition linear (s : slot) : vector := match content s with Rectified _ f => row (terms f) | Averaged _ _ _ => [] end.
Definition offset (s : slot) : Q := match content s with Rectified _ f => inject_Z (constant f) | Averaged _ _ _ => 0%Q end.
Definition weight (s : slot) : Q := match content s with Rectified divisor _ => 1 # divisor | Averaged _ _ _ => 1%Q end.
Definition of_half (p : nat) (slots : list slot) : list slot := filter (fun s => half s =? p) slots.
Definition feeding (count : nat) (units : list slot) (hs : list head) : layer :=
  {| heads := hs; up := map linear units; bias := map offset units;
     down := map (fun i => map (fun s => if coordinate s =? i then weight s else 0%Q) units) (seq 0 count) |}.
Definition layer_of (one count : nat) (slots : list slot) (l : nat) : layer :=
  feeding count (of_half (2 * l + 2) slots) (flat_map (head_of one) (of_half (2 * l + 1) slots)).
Definition depth_of (slots : list slot) : nat := Nat.div2 (S (list_max (map half slots))).
Definition direct (one tokens places : nat) (d : definition) : plan :=
  let slots := placed (repeat 0 (tokens + places)) (nodes d) in
  {| token_matrix := map (single 1) (seq 0 tokens);
     place_matrix := repeat [] tokens ++ map (single 1) (seq 0 places);
     layers := map (layer_of one (tokens + places + length (nodes d)) slots) (seq 0 (depth_of slots));
     out_matrix := map (fun f => row (terms f)) (results d); out_bias := map (fun f => inject_Z (constant f)) (results d) |}.
