(* Outputs defined by scalars: what a transformer is compared with. A scalar is a number at every position of a sequence: an
   entry of the position's code (of its token, then of its place), the ReLU of an affine form of earlier scalars at the same
   position, over a divisor, or the mean of an affine form over the positions at which a score of affine forms, here and there,
   is greatest. *)
From Coq Require Import List ZArith QArith.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope Z_scope.

Record affine := { constant : Z; terms : list (Z * nat) }. (* constant + sum of coefficient * scalar of that number *)
Inductive node :=
  | Rectified (divisor : positive) (f : affine)
  | Averaged (queries keys : list affine) (value : affine).
(* Scalars are numbered from 0: the entries of the code, then the nodes in order. *)
Record definition := { nodes : list node; results : list affine }.

Definition affine_at (f : affine) (h : vector) : Q :=
  fold_right (fun '(c, i) rest => inject_Z c * nth i h 0 + rest)%Q (inject_Z (constant f)) (terms f).
Definition rectify (q : Q) : Q := if Qle_bool 0 q then q else 0%Q.
Definition score_of (queries keys : list affine) (here there : vector) : Q :=
  fold_right (fun '(q, k) rest => affine_at q here * affine_at k there + rest)%Q 0%Q (combine queries keys).
Definition maximisers (queries keys : list affine) (here : vector) (hs : list vector) : list vector :=
  let top := greatest (map (score_of queries keys here) hs) in
  filter (fun there => Qeq_bool (score_of queries keys here there) top) hs.
Definition average (l : list Q) : Q := (fold_right Qplus 0 l / inject_Z (Z.of_nat (length l)))%Q.
Definition node_at (n : node) (hs : list vector) (here : vector) : Q :=
  match n with
  | Rectified divisor f => (rectify (affine_at f here) * (1 # divisor))%Q
  | Averaged queries keys value => average (map (affine_at value) (maximisers queries keys here hs))
  end.
Definition extend (hs : list vector) (n : node) : list vector := map (fun h => h ++ [node_at n hs h]) hs.
(* The scalars at every position, and the outputs; [hs]: the code of every position. *)
Definition scalars (d : definition) (hs : list vector) : list vector := fold_left extend (nodes d) hs.
Definition defined (d : definition) (hs : list vector) : list vector :=
  map (fun h => map (fun f => affine_at f h) (results d)) (scalars d hs).
