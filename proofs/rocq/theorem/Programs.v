(* E-FASP programs and transformers: what a program is, and the two ways between both, in definitions alone.

   A program is an expression of the six primitives; its value is a vector at every position. [decompiled m] is the program that
   model/residual_form.py writes of the plan m: one expression a sublayer. [compiled a b e] is a plan of the program e, one layer
   for every ReLU and every attention in it, each of which writes coordinates of its own: what model/lower.py does without the
   passes that share layers and coordinates. Decompiled.v and Compiled.v show of both that they compute the same. *)
From Coq Require Import List Bool Arith ZArith QArith.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope nat_scope.

(* 1. Programs: the embeddings, concatenation (with the width of every part), affine maps, ReLU and average-hard attention. *)
Inductive expression :=
  | TokenEmbedding | PositionEmbedding
  | Concat (parts : list (nat * expression))
  | Affine (rows : matrix) (bias : vector) (x : expression)
  | Rectified (x : expression)
  | Averaged (q k v : expression).

Definition padded (n : nat) (x : vector) : vector := map (fun i => nth i x 0%Q) (seq 0 n).
(* The mean of the values at the positions j of the largest score <q, k_j>. *)
Definition average_hard (positions : nat) (q : vector) (keys values : nat -> vector) : vector :=
  let score j := dot q (keys j) in
  let top := greatest (map score (seq 0 positions)) in
  mean (map values (filter (fun j => Qeq_bool (score j) top) (seq 0 positions))).
Section Value.
Variables tokens places : list vector. (* the codes of every position's token and place *)
Definition positions : nat := Nat.min (length tokens) (length places).
Fixpoint value (e : expression) (i : nat) : vector :=
  match e with
  | TokenEmbedding => nth i tokens []
  | PositionEmbedding => nth i places []
  | Concat parts => flat_map (fun part => padded (fst part) (value (snd part) i)) parts
  | Affine rows bias x => plus (times rows (value x i)) bias
  | Rectified x => relu (value x i)
  | Averaged q k v => average_hard positions (value q i) (value k) (value v)
  end.
End Value.

(* 2. The program of a plan. The width of the residual stream is that of the longest matrix that writes to it. *)
Definition writers (l : layer) : list matrix := map wo (heads l) ++ [down l].
Definition width (m : plan) : nat :=
  list_max (map (@length vector) (token_matrix m :: place_matrix m :: flat_map writers (layers m))).
Definition columns (m : matrix) : nat := list_max (map (@length Q) m).
Definition units (l : layer) : nat := Nat.max (length (up l)) (length (bias l)).
Definition unit_row (d i : nat) : vector := map (fun j => if j =? i then 1%Q else 0%Q) (seq 0 d).
(* Row i of matrices side by side, each with the width of the part that it multiplies. *)
Definition side_by_side (parts : list (nat * matrix)) (i : nat) : vector :=
  flat_map (fun part => padded (fst part) (nth i (snd part) [])) parts.
(* h itself, plus a matrix times each of the parts. *)
Definition added (d : nat) (h : expression) (parts : list (nat * matrix * expression)) : expression :=
  Affine (map (fun i => unit_row d i ++ side_by_side (map fst parts) i) (seq 0 d)) []
    (Concat ((d, h) :: map (fun part => (fst (fst part), snd part)) parts)).
Definition head_expression (h : expression) (a : head) : expression :=
  Averaged (Affine (wq a) [] h) (Affine (wk a) [] h) (Affine (wv a) [] h).
Definition attended (d : nat) (l : layer) (h : expression) : expression :=
  match heads l with
  | [] => h
  | some => added d h (map (fun a => (length (wv a), wo a, head_expression h a)) some)
  end.
Definition fed (d : nat) (l : layer) (h : expression) : expression :=
  match units l with
  | O => h
  | S _ => added d h [(units l, down l, Rectified (Affine (up l) (bias l) h))]
  end.
Definition after (d : nat) (h : expression) (l : layer) : expression := fed d l (attended d l h).
Definition embedded (m : plan) : expression :=
  let n := columns (token_matrix m) in
  Affine (map (fun i => padded n (nth i (token_matrix m) []) ++ padded (columns (place_matrix m)) (nth i (place_matrix m) []))
    (seq 0 (width m))) [] (Concat [(n, TokenEmbedding); (columns (place_matrix m), PositionEmbedding)]).
(* The residual stream after some layers, and the output. *)
Definition stream (m : plan) (ls : list layer) : expression := fold_left (after (width m)) ls (embedded m).
Definition decompiled (m : plan) : expression := Affine (out_matrix m) (out_bias m) (stream m (layers m)).

(* 3. A plan of a program. [a] and [b] are the widths of the tokens' and of the places' codes. The first coordinates of the
   residual stream hold the two codes, the next one the constant 1, which the first layer writes. An expression needs the plan's
   coordinates 0..d-1 and gives how many there are then, the layers that are added, and its rows: its value is the rows times
   the residual stream. *)
Definition cell (i : nat) : vector := repeat 0%Q i ++ [1%Q].
Definition cells (s n : nat) : matrix := map (fun i => cell (s + i)) (seq 0 n).
(* The matrix that writes n numbers to the coordinates from d on. *)
Definition below (d n : nat) : matrix := repeat [] d ++ cells 0 n.
Definition fitted (n : nat) (rows : matrix) : matrix := map (fun i => nth i rows []) (seq 0 n).
(* The row that is a combination of rows. *)
Fixpoint composed (row : vector) (rows : matrix) : vector :=
  match row, rows with c :: row', r :: rows' => plus (map (Qmult c) r) (composed row' rows') | _, _ => [] end.
Definition unit_layer (d : nat) (x : matrix) : layer :=
  {| heads := []; up := x; bias := []; down := below d (length x) |}.
Definition head_layer (d : nat) (q k v : matrix) : layer :=
  {| heads := [{| wq := q; wk := k; wv := v; wo := below d (length v) |}]; up := []; bias := []; down := [] |}.
Section Compiled.
Variables a b : nat.
Definition one : nat := a + b.
Definition first_layer : layer := {| heads := []; up := []; bias := [1%Q]; down := below one 1 |}.
Definition affine_rows (rows : matrix) (bias : vector) (x : matrix) : matrix :=
  map (fun i => plus (composed (nth i rows []) x) (repeat 0%Q one ++ [nth i bias 0%Q])) (seq 0 (Nat.max (length rows) (length bias))).
Definition all_built (built : expression -> nat -> nat * list layer * matrix) :=
  fix all (parts : list (nat * expression)) (d : nat) : nat * list layer * matrix :=
    match parts with
    | [] => (d, [], [])
    | (n, x) :: rest =>
        let '(d1, ls1, rows) := built x d in
        let '(d2, ls2, others) := all rest d1 in
        (d2, ls1 ++ ls2, fitted n rows ++ others)
    end.
Fixpoint built (e : expression) (d : nat) : nat * list layer * matrix :=
  match e with
  | TokenEmbedding => (d, [], cells 0 a)
  | PositionEmbedding => (d, [], cells a b)
  | Concat parts => all_built built parts d
  | Affine rows bias x => let '(d1, ls, inner) := built x d in (d1, ls, affine_rows rows bias inner)
  | Rectified x =>
      let '(d1, ls, inner) := built x d in (d1 + length inner, ls ++ [unit_layer d1 inner], cells d1 (length inner))
  | Averaged q k v =>
      let '(d1, ls1, qs) := built q d in
      let '(d2, ls2, ks) := built k d1 in
      let '(d3, ls3, vs) := built v d2 in
      (d3 + length vs, ls1 ++ ls2 ++ ls3 ++ [head_layer d3 qs ks vs], cells d3 (length vs))
  end.
Definition compiled (e : expression) : plan :=
  let '(_, ls, rows) := built e (one + 1) in
  {| token_matrix := cells 0 a; place_matrix := below a b; layers := first_layer :: ls; out_matrix := rows; out_bias := [] |}.
End Compiled.
(* The ReLUs and the attentions of an expression, each as often as it stands there. *)
Fixpoint operations (e : expression) : nat :=
  match e with
  | TokenEmbedding | PositionEmbedding => 0
  | Concat parts => list_sum (map (fun part => operations (snd part)) parts)
  | Affine _ _ x => operations x
  | Rectified x => S (operations x)
  | Averaged q k v => S (operations q + operations k + operations v)
  end.

(* 4. Vectors are the same if their entries are equal; entries that are not written are 0. A plan and a program agree on a
   sequence, if there is a read-out at every position, and it is the program's value there. *)
Definition same (a b : vector) : Prop := forall i, (nth i a 0 == nth i b 0)%Q.
Definition agree (m : plan) (e : expression) (tokens places : list vector) : Prop :=
  length (forward m tokens places) = positions tokens places /\
  forall i, i < positions tokens places -> same (nth i (forward m tokens places) []) (value tokens places e i).
(* Codes of at most n numbers. *)
Definition coded (n : nat) (codes : list vector) : Prop := forall code, In code codes -> length code <= n.
