(* How definitions by scalars are written: affine forms, and a builder that adds nodes and gives the forms that read them.

   Scalars are numbered in binary (Follows.v), so that a definition is made fast. The rows of an operator (Form.v) over
   arguments that are forms become nodes, one for each of their units. A word stands in forms as its bits; all forms of an
   operator may be a multiple k of what they stand for, as coefficients are integers: the 0/1 bits of a code are (sign +
   present) / 2, so words are in forms at scale 2, flags at scale 1. Of a form at scale 2 a unit may be the half. *)
From Coq Require Import List Bool ZArith QArith.
From Efasp Require Import Statement Scalars.
From Efasp Require Form Match Follows.
Import ListNotations.
Open Scope Z_scope.

Definition form : Type := Follows.sum.
Definition free (f : form) : Z := Follows.offset f.
Definition parts (f : form) : list (Z * positive) := Follows.summands f.
Definition formed (c : Z) (l : list (Z * positive)) : form := {| Follows.offset := c; Follows.summands := l |}.
Definition number (c : Z) : form := formed c [].
Definition zero : form := number 0.
Definition scalar (i : positive) : form := formed 0 [(1, i)].
Definition entry (i : nat) : form := scalar (Pos.of_succ_nat i). (* of the code, from 0 *)
Definition multiple (k c : Z) : Z := match c with 1 => k | _ => k * c end.
Definition scaled (k : Z) (f : form) : form :=
  match k with 1 => f | _ => formed (k * free f) (map (fun '(c, i) => (multiple k c, i)) (parts f)) end.
Definition added (f g : form) : form := formed (free f + free g) (parts f ++ parts g).
(* c + sum of coefficient * form *)
Definition combined (l : list (Z * form)) (c : Z) : form :=
  fold_right (fun '(k, f) rest => added (scaled k f) rest) (number c) l.
Definition total (l : list form) : form := combined (map (pair 1) l) 0.
Definition bit (fs : list form) (i : nat) : form := nth i fs zero.
(* Words, bit by bit. *)
Definition each (w : nat) (f : nat -> form) : list form := map f (seq 0 w).
Definition sums (w : nat) (words : list (list form)) : list form := each w (fun i => total (map (fun fs => bit fs i) words)).

(* The builder: given the number of the next scalar, a result and the nodes that it adds, in order. *)
Inductive written := Unit (divisor : positive) (f : form) | Mean (queries keys : list form) (value : form).
Definition builder (A : Type) : Type := positive -> A * list written.
Definition give {A} (a : A) : builder A := fun _ => (a, []).
Definition bind {A B} (m : builder A) (f : A -> builder B) : builder B := fun next =>
  let (a, first) := m next in let (b, rest) := f a (Follows.after next first) in (b, first ++ rest).
Notation "x <- m ;; f" := (bind m (fun x => f)) (at level 61, m at next level, right associativity).
Definition emit (n : written) : builder form := fun next => (scalar next, [n]).
Fixpoint every {A B} (f : A -> builder B) (l : list A) : builder (list B) :=
  match l with [] => give [] | a :: rest => b <- f a;; bs <- every f rest;; give (b :: bs) end.

Definition rectified (f : form) : builder form := emit (Unit 1 f).
Definition halved (f : form) : builder form := emit (Unit 2 f).

(* What a form is worth lies within bounds: those of a number are the number, of others they are given. *)
Definition bounds : Type := Z * Z.
Definition fixed (f : form) : bool := match parts f with [] => true | _ => false end.
Definition nothing (f : form) : bool := fixed f && (free f =? 0).
Definition reach (f : form) (r : bounds) : bounds := if fixed f then (free f, free f) else r.
Definition widened (c : Z) (r s : bounds) : bounds := (* of c times a value within r and a value within s *)
  if 0 <=? c then (c * fst r + fst s, c * snd r + snd s) else (c * snd r + fst s, c * fst r + snd s).
(* A unit whose argument is within bounds. Where [fold] is set one whose sign is known is none: it is 0, or its argument. *)
Definition within (fold : bool) (r : bounds) (f : form) : builder form :=
  if fold && (snd r <=? 0) then give zero else if fold && (0 <=? fst r) then give f else rectified f.
Definition span (l : list (Z * form * bounds)) (c : Z) : bounds :=
  fold_right (fun '(k, f, r) rest => widened k (reach f r) rest) (c, c) l.
(* The unit of c + sum of coefficient * form, each with its bounds. *)
Definition unit_of (fold : bool) (l : list (Z * form * bounds)) (c : Z) : builder form :=
  within fold (span l c) (combined (map fst l) c).

(* Rows over arguments that are forms, at scale k; [r]: bounds of every argument, by its positions. *)
Section Rows.
Variables (fold : bool) (r : nat -> nat -> bounds) (k : Z) (args : list (list form)).
Fixpoint extent (e : Form.expr) : bounds :=
  match e with
  | Form.Arg a p => reach (bit (nth a args []) p) (r a p)
  | Form.Relu ts c =>
      let s := (fix sum ts := match ts with
        | [] => (k * c, k * c) | (c', e') :: rest => widened c' (extent e') (sum rest) end) ts in
      (Z.max 0 (fst s), Z.max 0 (snd s))
  end.
Definition extent_sum (ts : Form.terms) (c : Z) : bounds :=
  fold_right (fun '(c', e) rest => widened c' (extent e) rest) (k * c, k * c) ts.
Fixpoint unit (e : Form.expr) : builder form :=
  match e with
  | Form.Arg a p => give (bit (nth a args []) p)
  | Form.Relu ts c =>
      f <- (fix sum ts := match ts with
        | [] => give (number (k * c))
        | (c', e') :: rest => g <- unit e';; r <- sum rest;; give (added (scaled c' g) r)
        end) ts;;
      within fold (extent_sum ts c) f
  end.
Fixpoint summed (ts : Form.terms) (c : Z) : builder form :=
  match ts with
  | [] => give (number (k * c))
  | (c', e) :: rest => g <- unit e;; r <- summed rest c;; give (added (scaled c' g) r)
  end.
Definition row (f : Form.form) : builder form := summed (fst f) (snd f).
Definition rows (fs : list Form.form) : builder (list form) := every row fs.
End Rows.

(* Rows over bits at scale k, and over any numbers. *)
Definition bit_rows (fold : bool) (k : Z) : list (list form) -> list Form.form -> builder (list form) :=
  rows fold (fun _ _ => (0, k)) k.
Definition plain_rows : Z -> list (list form) -> list Form.form -> builder (list form) := rows false (fun _ _ => (0, 0)).

(* A match (Match.v): words of a query and of keys; flags that a candidate must have, and must not have; a rank below a
   capacity; a flag of queries that match nothing. Keys, flags and rank are at scale k. Arguments of its rows by number: the
   constant 1, the sink, the absent flag, the rank, then the flags, then the words. *)
Record wanted := {
  scale : Z; matched : list (list form * list form); among : list form; but : list form;
  by_rank : option form; bound : Z; unless : option form
}.
Definition shape_of (q : wanted) : Match.shape :=
  let n := length (among q) in
  let flags := (n + length (but q))%nat in
  {| Match.one := 0; Match.sink := 1; Match.absent := option_map (fun _ => 2%nat) (unless q);
     Match.rank := option_map (fun _ => 3%nat) (by_rank q);
     Match.required := map (fun i => (4 + i)%nat) (seq 0 n); Match.exclude := map (fun i => (4 + i)%nat) (seq n (length (but
       q)));
     Match.words := map (fun '(i, word) => let a := (4 + flags + i)%nat in (a, a, length (fst word)))
       (combine (seq 0 (length (matched q))) (matched q));
     Match.capacity := bound q |}.
Definition optional (f : option form) : list form := match f with Some g => [g] | None => [] end.
Definition arguments (one sink : form) (q : wanted) (words : list (list form)) : list (list form) :=
  [one] :: [sink] :: optional (unless q) :: optional (by_rank q) :: map (fun f => [f]) (among q ++ but q) ++ words.
Record attention := { asks : list form; offers : list form }.
Definition match_of (one sink : form) (q : wanted) : builder attention :=
  a <- plain_rows 1 (arguments one sink q (map fst (matched q))) (Match.match_q (shape_of q));;
  o <- plain_rows (scale q) (arguments one (scaled (scale q) sink) q (map snd (matched q))) (Match.match_k (shape_of q));;
  give {| asks := a; offers := o |}.
Definition read (m : attention) (value : form) : builder form := emit (Mean (asks m) (offers m) value).
Definition reads (m : attention) (values : list form) : builder (list form) := every (read m) values.
(* Whether something was found, and whether nothing was. *)
Definition found (sink : form) (m : attention) : builder form := read m (combined [(-1, sink)] 1).
Definition missed (sink : form) (m : attention) : builder form := read m sink.

(* As a writing: units of one divisor and one linear part together, and the means under one score, of scalars before all of
   them. *)
Fixpoint same_parts (a b : list (Z * positive)) : bool :=
  match a, b with
  | [], [] => true
  | (c, i) :: a', (d, j) :: b' => (c =? d) && Pos.eqb i j && same_parts a' b'
  | _, _ => false
  end.
Fixpoint same_forms (a b : list form) : bool :=
  match a, b with
  | [], [] => true
  | f :: a', g :: b' => (free f =? free g) && same_parts (parts f) (parts g) && same_forms a' b'
  | _, _ => false
  end.
Definition joined (next : positive) (n : written) (l : list Follows.item) : list Follows.item :=
  match n, l with
  | Unit d f, Follows.Units d' s cs :: rest =>
      if Pos.eqb d d' && same_parts (parts f) s
      then Follows.Units d s (free f :: cs) :: rest else Follows.Units d (parts f) [free f] :: l
  | Unit d f, _ => Follows.Units d (parts f) [free f] :: l
  | Mean q k v, Follows.Head q' k' vs :: rest =>
      if same_forms q q' && same_forms k k' && forallb (fun f => Follows.numbered_below next (parts f)) vs
      then Follows.Head q k (v :: vs) :: rest else Follows.Head q k [v] :: l
  | Mean q k v, _ => Follows.Head q k [v] :: l
  end.
Fixpoint items_of (next : positive) (nodes : list written) : list Follows.item :=
  match nodes with [] => [] | n :: rest => joined next n (items_of (Pos.succ next) rest) end.
Definition writing_of (next : positive) (results : list form) (nodes : list written) : Follows.writing :=
  {| Follows.items := items_of next nodes; Follows.shown := results |}.
(* What it stands for. *)
Definition plain : form -> affine := Follows.expand_sum.
Definition plain_node (n : written) : node :=
  match n with Unit d f => Rectified d (plain f) | Mean q k v => Averaged (map plain q) (map plain k) (plain v) end.

Lemma same_parts_equal : forall a b, same_parts a b = true -> a = b.
Proof.
  induction a as [|[c i] a IH]; intros [|[d j] b] H; try discriminate; [reflexivity|]. cbn in H.
  rewrite !andb_true_iff, Z.eqb_eq, Pos.eqb_eq in H. destruct H as ((-> & ->) & H). rewrite (IH b H). reflexivity.
Qed.

Lemma same_forms_equal : forall a b, same_forms a b = true -> a = b.
Proof.
  induction a as [|[c s] a IH]; intros [|[d t] b] H; try discriminate; [reflexivity|]. cbn in H.
  rewrite !andb_true_iff, Z.eqb_eq in H. destruct H as ((-> & S) & H). rewrite (same_parts_equal s t S), (IH b H). reflexivity.
Qed.

Lemma joined_plain : forall next n l,
  flat_map Follows.expand_item (joined next n l) = plain_node n :: flat_map Follows.expand_item l.
Proof.
  intros next [d f|q k v] [|[d' s cs|q' k' vs] l]; try reflexivity; cbn [joined].
  - destruct (Pos.eqb d d' && same_parts (parts f) s) eqn:E; [|reflexivity]. apply andb_prop in E as [D E].
    apply Pos.eqb_eq in D. apply same_parts_equal in E. subst d' s. reflexivity.
  - destruct (same_forms q q' && same_forms k k' && _) eqn:E; [|reflexivity]. apply andb_prop in E as [E _].
    apply andb_prop in E as [E F]. apply same_forms_equal in E, F. subst. reflexivity.
Qed.

Theorem writing_plain : forall next results nodes, Follows.expanded (writing_of next results nodes) =
  {| nodes := map plain_node nodes; results := map plain results |}.
Proof.
  intros next results nodes. unfold Follows.expanded, writing_of. cbn [Follows.items Follows.shown]. f_equal.
  revert next. induction nodes as [|n nodes IH]; intros next; [reflexivity|]. cbn [items_of map]. rewrite joined_plain, IH.
  reflexivity.
Qed.
