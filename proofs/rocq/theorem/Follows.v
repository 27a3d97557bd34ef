(* Does a plan compute what a definition defines? The residual coordinates are read, layer by layer, as forms of the scalars of
   one table; so are the scalars of the definition, first; and then the read-outs are compared. Definitions only; that an
   answer of yes is right is FollowsSound.v. *)
From Coq Require Import List Bool ZArith QArith Qreduction FMapPositive.
From Efasp Require Import Statement Scalars Terms Interning.
Import ListNotations.
Open Scope positive_scope.

(* A definition in writing, with numbers from 1 on in binary: ReLUs that share their divisor and their linear part, and the
   means under one score, are together. [expanded] is what it stands for. *)
Record sum := { offset : Z; summands : list (Z * positive) }.
Inductive item :=
  | Units (divisor : positive) (summands : list (Z * positive)) (offsets : list Z)
  | Head (queries keys values : list sum).
Record writing := { items : list item; shown : list sum }.
Definition unary (l : list (Z * positive)) : list (Z * nat) := map (fun '(c, i) => (c, pred (Pos.to_nat i))) l.
Definition expand_sum (f : sum) : affine := {| constant := offset f; terms := unary (summands f) |}.
Definition expand_item (i : item) : list node :=
  match i with
  | Units divisor l offsets => map (fun c => Rectified divisor {| constant := c; terms := unary l |}) offsets
  | Head queries keys values =>
      map (fun v => Averaged (map expand_sum queries) (map expand_sum keys) (expand_sum v)) values
  end.
Definition expanded (d : writing) : definition :=
  {| nodes := flat_map expand_item (items d); results := map expand_sum (shown d) |}.

(* The forms of things that are numbered: scalars of the definition, residual coordinates, units. *)
Definition stream : Type := Map.t form.
Definition at_ (s : stream) (i : positive) : form := match Map.find i s with Some f => f | None => constant_form 0 end.
Fixpoint listed (i : positive) (fs : list form) (s : stream) : stream :=
  match fs with [] => s | f :: rest => listed (Pos.succ i) rest (Map.add i f s) end.
Fixpoint after (i : positive) {A} (l : list A) : positive := match l with [] => i | _ :: rest => after (Pos.succ i) rest end.

(* The codes: entries are scalars by their own numbers, but those that are 1. *)
Fixpoint code_forms (known : facts) (i : positive) (count : nat) : list form :=
  match count with
  | O => []
  | S rest => match Map.find i known with Some One => constant_form 1 | _ => atom 1 i end :: code_forms known (Pos.succ i) rest
  end.

Section Read.
Variable known : facts.

(* The definition. *)
Definition read_terms (s : stream) (offset : Z) (l : list (Z * positive)) : form :=
  combination (inject_Z offset) (map (fun '(c, i) => (inject_Z c, at_ s i)) l).
Definition read_sum (s : stream) (f : sum) : form := read_terms s (offset f) (summands f).
Definition read_item (t : table) (s : stream) (i : item) : table * list form :=
  match i with
  | Units divisor l offsets =>
      let f := read_terms s 0 l in
      let '(t, fs) := rectified known t (parts f) (map (fun c => qadd (free f) (inject_Z c)) offsets) in
      (t, map (scale_form (1 # divisor)) fs)
  | Head queries keys values =>
      let '(t, n) := score t (combine (map (read_sum s) queries) (map (read_sum s) keys)) in
      means_of t n (map (read_sum s) values)
  end.
Fixpoint read_items (t : table) (s : stream) (next : positive) (l : list item) : table * stream :=
  match l with
  | [] => (t, s)
  | i :: rest => let '(t, fs) := read_item t s i in read_items t (listed next fs s) (after next fs) rest
  end.

(* Every item speaks of scalars before it. *)
Definition numbered_below (n : positive) (l : list (Z * positive)) : bool := forallb (fun '(_, i) => Pos.ltb i n) l.
Definition earlier (n : positive) (i : item) : bool :=
  match i with
  | Units _ l _ => numbered_below n l
  | Head queries keys values => forallb (fun f => numbered_below n (summands f)) (queries ++ keys ++ values)
  end.
Definition scalars_of (n : positive) (i : item) : positive :=
  match i with Units _ _ offsets => after n offsets | Head _ _ values => after n values end.
Fixpoint items_earlier (n : positive) (l : list item) : bool :=
  match l with [] => true | i :: rest => earlier n i && items_earlier (scalars_of n i) rest end.

(* The plan. A row that is dense becomes sparse. *)
Fixpoint sparse (i : positive) (row : vector) : list (positive * Q) :=
  match row with
  | [] => []
  | Qmake 0 _ :: rest => sparse (Pos.succ i) rest
  | c :: rest => (i, Qred c) :: sparse (Pos.succ i) rest
  end.
Definition read_row (s : stream) (row : vector) : form :=
  combination 0 (map (fun '(i, c) => (c, at_ s i)) (sparse 1 row)).
Definition mapped (s : stream) (m : matrix) : list form := map (read_row s) m.
Fixpoint added (i : positive) (fs : list form) (s : stream) : stream :=
  match fs with
  | [] => s
  | f :: rest => added (Pos.succ i) rest (if zero_form f then s else Map.add i (add_forms (at_ s i) f) s)
  end.
Definition read_head (t : table) (s : stream) (a : head) : table * list form :=
  let '(t, n) := score t (combine (mapped s (wq a)) (mapped s (wk a))) in
  let '(t, values) := means_of t n (mapped s (wv a)) in
  (t, mapped (listed 1 values (Map.empty _)) (wo a)).
Fixpoint read_heads (t : table) (s sum : stream) (l : list head) : table * stream :=
  match l with
  | [] => (t, sum)
  | a :: rest => let '(t, fs) := read_head t s a in read_heads t s (added 1 fs sum) rest
  end.
(* Hidden units: consecutive rows that are equal are read once. *)
Fixpoint grouped (rows : matrix) (biases : vector) : list (list (positive * Q) * list Q) :=
  match rows with
  | [] => match biases with [] => [] | _ => [([], biases)] end
  | r :: rows' =>
      let row := sparse 1 r in
      let '(b, biases') := match biases with [] => (0%Q, []) | b :: rest => (Qred b, rest) end in
      match grouped rows' biases' with
      | (other, bs) :: groups => if same_linear row other then (row, b :: bs) :: groups else (row, [b]) :: (other, bs) :: groups
      | [] => [(row, [b])]
      end
  end.
Fixpoint read_units (t : table) (s : stream) (groups : list (list (positive * Q) * list Q)) : table * list (list form) :=
  match groups with
  | [] => (t, [])
  | (row, biases) :: rest =>
      let f := combination 0 (map (fun '(i, c) => (c, at_ s i)) row) in
      let '(t, fs) := rectified known t (parts f) (map (fun b => qadd (free f) (Qred b)) biases) in
      let '(t, more) := read_units t s rest in (t, fs :: more)
  end.
Definition read_layer (t : table) (s : stream) (l : layer) : table * stream :=
  let '(t, s) := read_heads t s s (heads l) in
  let '(t, units) := read_units t s (grouped (up l) (bias l)) in
  (t, added 1 (mapped (listed 1 (concat units) (Map.empty _)) (down l)) s).
Fixpoint read_layers (t : table) (s : stream) (l : list layer) : table * stream :=
  match l with
  | [] => (t, s)
  | x :: rest => let '(t, s) := read_layer t s x in read_layers t s rest
  end.
Fixpoint padded (fs : list form) (bias : vector) : list form :=
  match fs, bias with
  | [], _ => map (fun b => constant_form (Qred b)) bias
  | _, [] => fs
  | f :: fs', b :: bias' => {| free := qadd (free f) (Qred b); parts := parts f |} :: padded fs' bias'
  end.
End Read.

Fixpoint same_forms (a b : list form) : bool :=
  match a, b with
  | [], [] => true
  | f :: a', g :: b' => same_form f g && same_forms a' b'
  | _, _ => false
  end.

(* [tokens], [places]: widths of the codes; the facts number the entries of the token's code and then the place's from 1. *)
Definition follows (known : facts) (d : writing) (tokens places : nat) (m : plan) : bool :=
  let codes := code_forms known 1 (tokens + places) in
  let s := listed 1 codes (Map.empty _) in
  let next := after 1 codes in
  let '(t, defined) := read_items known (empty_table next) s next (items d) in
  let token := listed 1 (firstn tokens codes) (Map.empty _) in
  let place := listed 1 (skipn tokens codes) (Map.empty _) in
  let h := added 1 (mapped place (place_matrix m)) (listed 1 (mapped token (token_matrix m)) (Map.empty _)) in
  let '(t, h) := read_layers known t h (layers m) in
  same_forms (padded (mapped h (out_matrix m)) (out_bias m)) (map (read_sum defined) (shown d)) &&
  ordered next t && about_codes next known && items_earlier next (items d).
