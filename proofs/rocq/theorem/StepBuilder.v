(* How definitions by scalars are written: affine forms, and a builder that adds nodes and gives the forms that read them.

   The rows of an operator (Form.v) over arguments that are affine forms become nodes, one for each of its units. A word stands in
   forms as its bits; all forms of an operator may be a multiple k of what they stand for, as halves are not written: the 0/1 bits
   of a code are (sign + present) / 2, so words are in forms at scale 2, flags at scale 1. *)
From Coq Require Import List Bool ZArith QArith.
From Efasp Require Import Statement Scalars.
From Efasp Require Form Match.
Import ListNotations.
Open Scope Z_scope.

Definition zero : affine := {| constant := 0; terms := [] |}.
Definition entry (i : nat) : affine := {| constant := 0; terms := [(1, i)] |}.
Definition scaled (k : Z) (f : affine) : affine :=
  {| constant := k * constant f; terms := map (fun '(c, i) => (k * c, i)) (terms f) |}.
Definition added (f g : affine) : affine := {| constant := constant f + constant g; terms := terms f ++ terms g |}.
(* c + sum of coefficient * form *)
Definition combined (l : list (Z * affine)) (c : Z) : affine :=
  fold_right (fun '(k, f) rest => added (scaled k f) rest) {| constant := c; terms := [] |} l.
Definition total (l : list affine) : affine := combined (map (pair 1) l) 0.
Definition bit (fs : list affine) (i : nat) : affine := nth i fs zero.
(* Words, bit by bit. *)
Definition each (w : nat) (f : nat -> affine) : list affine := map f (seq 0 w).
Definition sums (w : nat) (words : list (list affine)) : list affine := each w (fun i => total (map (fun fs => bit fs i) words)).

(* The builder: given the number of scalars so far, a result and the nodes that it adds, in order. *)
Definition builder (A : Type) : Type := nat -> A * list node.
Definition give {A} (a : A) : builder A := fun _ => (a, []).
Definition bind {A B} (m : builder A) (f : A -> builder B) : builder B := fun count =>
  let (a, first) := m count in let (b, rest) := f a (count + length first)%nat in (b, first ++ rest).
Notation "x <- m ;; f" := (bind m (fun x => f)) (at level 61, m at next level, right associativity).
Definition emit (n : node) : builder affine := fun count => (entry count, [n]).
Fixpoint every {A B} (f : A -> builder B) (l : list A) : builder (list B) :=
  match l with [] => give [] | a :: rest => b <- f a;; bs <- every f rest;; give (b :: bs) end.

(* Rows over affine arguments, at scale k. *)
Section Rows.
Variables (k : Z) (args : list (list affine)).
Fixpoint unit (e : Form.expr) : builder affine :=
  match e with
  | Form.Arg a p => give (bit (nth a args []) p)
  | Form.Relu ts c =>
      f <- (fix sum ts := match ts with
        | [] => give {| constant := k * c; terms := [] |}
        | (c', e') :: rest => g <- unit e';; r <- sum rest;; give (added (scaled c' g) r)
        end) ts;;
      emit (Rectified f)
  end.
Fixpoint summed (ts : Form.terms) (c : Z) : builder affine :=
  match ts with
  | [] => give {| constant := k * c; terms := [] |}
  | (c', e) :: rest => g <- unit e;; r <- summed rest c;; give (added (scaled c' g) r)
  end.
Definition row (f : Form.form) : builder affine := summed (fst f) (snd f).
Definition rows (fs : list Form.form) : builder (list affine) := every row fs.
End Rows.

Definition rectified (f : affine) : builder affine := emit (Rectified f).

(* A match (Match.v): words of a query and of keys; flags that a candidate must have, and must not have; a rank below a capacity;
   a flag of queries that match nothing. Keys, flags and rank are at scale k. Arguments of its rows by number: the constant 1, the
   sink, the absent flag, the rank, then the flags, then the words. *)
Record wanted := {
  scale : Z; matched : list (list affine * list affine); among : list affine; but : list affine;
  by_rank : option affine; bound : Z; unless : option affine
}.
Definition shape_of (q : wanted) : Match.shape :=
  let n := length (among q) in
  let flags := (n + length (but q))%nat in
  {| Match.one := 0; Match.sink := 1; Match.absent := option_map (fun _ => 2%nat) (unless q);
     Match.rank := option_map (fun _ => 3%nat) (by_rank q);
     Match.required := map (fun i => (4 + i)%nat) (seq 0 n); Match.exclude := map (fun i => (4 + i)%nat) (seq n (length (but q)));
     Match.words := map (fun '(i, word) => let a := (4 + flags + i)%nat in (a, a, length (fst word)))
       (combine (seq 0 (length (matched q))) (matched q));
     Match.capacity := bound q |}.
Definition optional (f : option affine) : list affine := match f with Some g => [g] | None => [] end.
Definition arguments (one sink : affine) (q : wanted) (words : list (list affine)) : list (list affine) :=
  [one] :: [sink] :: optional (unless q) :: optional (by_rank q) :: map (fun f => [f]) (among q ++ but q) ++ words.
Record attention := { asks : list affine; offers : list affine }.
Definition match_of (one sink : affine) (q : wanted) : builder attention :=
  a <- rows 1 (arguments one sink q (map fst (matched q))) (Match.match_q (shape_of q));;
  o <- rows (scale q) (arguments one (scaled (scale q) sink) q (map snd (matched q))) (Match.match_k (shape_of q));;
  give {| asks := a; offers := o |}.
Definition read (m : attention) (value : affine) : builder affine := emit (Averaged (asks m) (offers m) value).
Definition reads (m : attention) (values : list affine) : builder (list affine) := every (read m) values.
(* Whether something was found, and whether nothing was. *)
Definition found (sink : affine) (m : attention) : builder affine := read m (combined [(-1, sink)] 1).
Definition missed (sink : affine) (m : attention) : builder affine := read m sink.
