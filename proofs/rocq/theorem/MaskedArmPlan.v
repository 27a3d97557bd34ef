(* The Masked-ARM of a transformer, in definitions alone: of every plan m, whatever its depth and shape, another one with a layer
   in front of m's own and a layer behind them. It reads events, pairs of a position of m and the token there, and its read-out
   is the next event's code at every position. What is added to m's residual stream depends on the bits of a position and on the
   width of a token's code alone. MaskedArmRight.v shows what it generates. *)
From Coq Require Import List Arith ZArith QArith.
From Efasp Require MaskedArm.
From Efasp Require Import Statement Programs.
Import ListNotations.
Open Scope nat_scope.

Section Plan.
Context {V : Type}.
(* [n]: bits of a position; [W]: numbers of a token's code; [b]: of a place's; [code]: of a token, and of the mask (None);
   [rank]: of a position; [flag]: the row that is 1 on the mask's code and 0 on a token's; confidences are integers from 0 to
   [top], ranks from 0 to R - 1. *)
Variables (n W b : nat) (code : option V -> vector) (rank : nat -> Z) (flag : vector) (top R : Z).
Notation event := (nat * V)%type.

(* The codes of events, and of the mask; and of the places. *)
Definition event_sign (s : option event) (i : nat) : Z := match s with Some (p, _) => MaskedArm.sign p i | None => 0 end.
Definition signs (f : nat -> Z) : vector := map (fun i => inject_Z (f i)) (seq 0 n).
Definition event_code (s : option event) : vector := signs (event_sign s) ++ padded W (code (MaskedArm.value s)).
Definition armed_place (place : vector) (j : nat) : vector := signs (MaskedArm.sign j) ++ [1%Q; inject_Z (rank j)] ++ place.

(* The plan. Its residual stream has m's own coordinates, then the position's bits, 1 and its rank; the event's bits and token;
   whether the position is masked for m; and the answer: a token's code, and a position's bits. *)
Variable m : plan.
Let d := width m.
Definition one_at := d + n.
Definition event_at := d + n + 2.
Definition code_at := event_at + n.
Definition mask_at := code_at + W.
Definition answer_at := mask_at + 1.
(* Rows that read k coordinates from s on. *)
Definition moved (s k : nat) (rows : matrix) : matrix := map (fun row => composed row (cells s k)) rows.
Definition flag_row : vector := composed flag (cells code_at W).
Definition front_head : head :=
  {| wq := cells d n ++ [cell one_at];
     wk := cells event_at n ++ [map (Qmult (inject_Z (Z.of_nat n - 1))) flag_row];
     wv := cells code_at W ++ [flag_row];
     wo := fitted d (moved 0 W (token_matrix m)) ++ repeat [] (mask_at - d) ++ [cell W] |}.
Definition front_layer : layer := {| heads := [front_head]; up := []; bias := []; down := [] |}.
(* m's own layers read and write m's own coordinates. *)
Definition own_head (a : head) : head :=
  {| wq := moved 0 d (wq a); wk := moved 0 d (wk a); wv := moved 0 d (wv a); wo := wo a |}.
Definition own_layer (l : layer) : layer :=
  {| heads := map own_head (heads l); up := moved 0 d (up l); bias := bias l; down := down l |}.
(* m's read-out: a token's code, and then the confidence. *)
Definition answers : matrix := affine_rows d n (out_matrix m) (out_bias m) (cells 0 d).
Definition level_row : vector :=
  plus (map (Qmult (inject_Z R)) (nth W answers []))
    (plus (map (Qmult (inject_Z ((top + 1) * R))) (cell mask_at)) (map (Qmult (-1)) (cell (one_at + 1)))).
Definition behind_layer : layer := head_layer answer_at [cell one_at] [level_row] (fitted W answers ++ cells d n).
Definition armed : plan :=
  {| token_matrix := below event_at (n + W);
     place_matrix := fitted d (moved (n + 2) b (place_matrix m)) ++ cells 0 (n + 2);
     layers := front_layer :: map own_layer (layers m) ++ [behind_layer];
     out_matrix := cells (answer_at + W) n ++ cells answer_at W;
     out_bias := [] |}.

(* Generation from left to right by a plan: the read-out at the leftmost mask is an event's code; events stand before masks. *)
Variables (S : nat) (places : list vector).
Definition armed_places : list vector := map (fun j => armed_place (nth j places []) j) (seq 0 S).
Definition read_out (arm : plan) (z : list (option event)) (j : nat) : vector :=
  nth j (forward arm (map event_code z) armed_places) [].
Inductive generated (arm : plan) : list event -> nat -> list event -> Prop :=
  | generated_none : forall es k, generated arm es k []
  | generated_more : forall es k p v rest, p < S ->
      same (read_out arm (MaskedArm.slots es (Datatypes.S k)) (length es)) (event_code (Some (p, v))) ->
      generated arm (es ++ [(p, v)]) k rest -> generated arm es (Datatypes.S k) ((p, v) :: rest).

(* m decodes: at every position of a sequence it gives a confidence, and at the one that masked diffusion unmasks next the code
   of a token, which is [f]'s. Codes of tokens have at most W numbers, and are different; ranks are different. *)
Variables (f : list (option V) -> nat -> V) (confidence : list (option V) -> nat -> Z).
Definition decodes : Prop := forall x, length x = S -> let found := forward m (map code x) places in
  (forall j, j < S -> (nth W (nth j found []) 0 == inject_Z (confidence x j))%Q) /\
  (forall p, MaskedArm.best S confidence rank x p ->
    forall i, i < W -> (nth i (nth p found []) 0 == nth i (code (Some (f x p))) 0)%Q).
Record decoder : Prop := {
  held : S <= 2 ^ n;
  confident : forall x j, j < S -> (0 <= confidence x j <= top)%Z;
  ranked : forall j, j < S -> (0 <= rank j < R)%Z;
  apart : forall i j, i < S -> j < S -> rank i = rank j -> i = j;
  narrow : forall t, length (code t) <= W;
  distinct : forall u v, same (code (Some u)) (code (Some v)) -> u = v;
  flagged : (dot flag (code None) == 1)%Q;
  unflagged : forall v, (dot flag (code (Some v)) == 0)%Q;
  placed : S <= length places;
  short_places : coded b places;
  decoding : decodes }.
End Plan.
