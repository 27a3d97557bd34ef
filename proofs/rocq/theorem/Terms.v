(* Sums with numbered parts: lists sorted by number, added by merging. Everything is fast when extracted: rationals whose
   denominator is 1 are added and multiplied as integers, and long sums are merged in pairs. Definitions only. *)
From Coq Require Import List Bool ZArith QArith Qreduction.
Import ListNotations.

Definition qadd (a b : Q) : Q :=
  match a, b with Qmake m xH, Qmake n xH => Qmake (m + n) 1 | _, _ => Qred (a + b) end.
Definition qmul (a b : Q) : Q :=
  match a, b with Qmake m xH, Qmake n xH => Qmake (m * n) 1 | _, _ => Qred (a * b) end.
Definition qzero (q : Q) : bool := match Qnum q with Z0 => true | _ => false end.
Definition qone (q : Q) : bool := match q with Qmake (Zpos xH) xH => true | _ => false end.
(* Equality of the written numbers; equal values are written alike where they are in lowest terms. *)
Definition qsame (a b : Q) : bool := Z.eqb (Qnum a) (Qnum b) && Pos.eqb (Qden a) (Qden b).

Section Merge.
Variables (A : Type) (add : A -> A -> A) (zero : A -> bool).

(* The sum of two sorted lists; parts that cancel are left out. *)
Fixpoint merge (a : list (positive * A)) : list (positive * A) -> list (positive * A) :=
  fix inner (b : list (positive * A)) : list (positive * A) :=
    match a, b with
    | [], _ => b
    | _, [] => a
    | (i, c) :: a', (j, d) :: b' =>
        match Pos.compare i j with
        | Lt => (i, c) :: merge a' b
        | Gt => (j, d) :: inner b'
        | Eq => let s := add c d in if zero s then merge a' b' else (i, s) :: merge a' b'
        end
    end.

(* The sum of many: a stack that holds, at depth k, the sum of 2^k of them or nothing. *)
Fixpoint push (l : list (positive * A)) (stack : list (option (list (positive * A)))) :=
  match stack with
  | [] => [Some l]
  | None :: rest => Some l :: rest
  | Some other :: rest => None :: push (merge other l) rest
  end.
Fixpoint collapse (stack : list (option (list (positive * A)))) : list (positive * A) :=
  match stack with
  | [] => []
  | [Some l] => l
  | None :: rest => collapse rest
  | Some l :: rest => merge (collapse rest) l
  end.
Definition total (lists : list (list (positive * A))) : list (positive * A) :=
  match lists with
  | [] => []
  | [l] => l
  | _ => collapse (fold_left (fun stack l => push l stack) lists [])
  end.
End Merge.
Arguments merge {A}.
Arguments total {A}.

(* A linear form, of scalars by number; a form has a constant too. *)
Definition linear : Type := list (positive * Q).
Record form := { free : Q; parts : linear }.

Definition scaled (c : Q) (l : linear) : linear :=
  if qone c then l else if qzero c then [] else map (fun '(i, d) => (i, qmul c d)) l.
Definition sum_of (lists : list linear) : linear := total qadd qzero lists.
Definition constant_form (c : Q) : form := {| free := c; parts := [] |}.
Definition atom (c : Q) (i : positive) : form := {| free := 0; parts := [(i, c)] |}.
Definition add_forms (f g : form) : form := {| free := qadd (free f) (free g); parts := merge qadd qzero (parts f) (parts g) |}.
Definition zero_form (f : form) : bool := qzero (free f) && match parts f with [] => true | _ => false end.
Definition scale_form (c : Q) (f : form) : form :=
  if qone c then f else {| free := qmul c (free f); parts := scaled c (parts f) |}.
(* constant + sum of coefficient * form. *)
Definition combination (constant : Q) (l : list (Q * form)) : form :=
  {| free := fold_left (fun s '(c, f) => if qzero (free f) then s else qadd s (qmul c (free f))) l constant;
     parts := sum_of (map (fun '(c, f) => scaled c (parts f)) l) |}.

Fixpoint same_linear (a b : linear) : bool :=
  match a, b with
  | [], [] => true
  | (i, c) :: a', (j, d) :: b' => Pos.eqb i j && qsame c d && same_linear a' b'
  | _, _ => false
  end.
Definition same_form (f g : form) : bool := qsame (free f) (free g) && same_linear (parts f) (parts g).

(* A bilinear form, of the scalars here and there: for every scalar there the form over those here that is its coefficient. *)
Definition bilinear : Type := list (positive * form).
Definition product (q k : form) : bilinear :=
  if zero_form q then [] else map (fun '(b, d) => (b, scale_form d q)) (parts k).
Definition bilinear_sum (l : list bilinear) : bilinear := total add_forms zero_form l.
Fixpoint same_bilinear (a b : bilinear) : bool :=
  match a, b with
  | [], [] => true
  | (i, f) :: a', (j, g) :: b' => Pos.eqb i j && same_form f g && same_bilinear a' b'
  | _, _ => false
  end.

(* The largest rational of which all numbers are multiples; 1 if there is none. *)
Definition common (s c : Q) : Q :=
  match s, c with
  | Qmake (Zpos xH) xH, Qmake _ xH => s
  | Qmake g xH, Qmake n xH => Qmake (Z.gcd g n) 1
  | Qmake g d, Qmake n e => Qred (Qmake (Z.gcd (g * Zpos e) (n * Zpos d)) (d * e))
  end.
Definition positive_or_one (s : Q) : Q := match Qnum s with Zpos _ => s | _ => 1%Q end.
Definition content (l : linear) : Q := positive_or_one (fold_left (fun s '(_, c) => common s c) l 0%Q).
Definition bilinear_content (l : bilinear) : Q :=
  positive_or_one (fold_left (fun s '(_, f) => fold_left (fun s '(_, c) => common s c) (parts f) (common s (free f))) l 0%Q).
Definition bilinear_scaled (c : Q) (l : bilinear) : bilinear :=
  if qone c then l else map (fun '(b, f) => (b, scale_form c f)) l.
