(* A checker of refutations of linear scripts: formulas over terms, clauses about them that hold for a reason, and an LRAT proof
   from these clauses. SmtMeaning.v shows that what it accepts has no model. *)
From Coq Require Import ZArith List PArith Bool Lia FMapPositive.
From Efasp Require Import Lrat.
Import ListNotations.
Open Scope Z_scope.

(* Functions and predicates have two arguments (if one has only one, the second is 0) and may mean anything, except for
   functions 0 and 1, which over the integers are the remainder and the quotient. *)
Inductive term : Type :=
  | Num (z : Z) | Var (i : nat) | Plus (a b : term) | Times (k : Z) (a : term) | Over (a : term) (q : positive)
  | Product (a b : term) | If (c : formula) (a b : term) | Apply (f : nat) (a b : term)
with formula : Type :=
  | Truth (b : bool) | Flag (i : nat) | AtMost (a b : term) | Equal (a b : term) | Not (f : formula)
  | And (f g : formula) | Or (f g : formula) | Iff (f g : formula) | Holds (p : nat) (a b : term).

Fixpoint same_term (a b : term) : bool :=
  match a, b with
  | Num y, Num z => y =? z
  | Var i, Var j => Nat.eqb i j
  | Plus a1 a2, Plus b1 b2 | Product a1 a2, Product b1 b2 => same_term a1 b1 && same_term a2 b2
  | Times k a1, Times l b1 => (k =? l) && same_term a1 b1
  | Over a1 q, Over b1 r => Pos.eqb q r && same_term a1 b1
  | If f a1 a2, If g b1 b2 => same_formula f g && same_term a1 b1 && same_term a2 b2
  | Apply f a1 a2, Apply g b1 b2 => Nat.eqb f g && same_term a1 b1 && same_term a2 b2
  | _, _ => false
  end
with same_formula (f g : formula) : bool :=
  match f, g with
  | Truth a, Truth b => Bool.eqb a b
  | Flag i, Flag j => Nat.eqb i j
  | AtMost a1 a2, AtMost b1 b2 | Equal a1 a2, Equal b1 b2 => same_term a1 b1 && same_term a2 b2
  | Not f1, Not g1 => same_formula f1 g1
  | And f1 f2, And g1 g2 | Or f1 f2, Or g1 g2 | Iff f1 f2, Iff g1 g2 => same_formula f1 g1 && same_formula f2 g2
  | Holds p a1 a2, Holds q b1 b2 => Nat.eqb p q && same_term a1 b1 && same_term a2 b2
  | _, _ => false
  end.

Scheme term_formula := Induction for term Sort Prop with formula_term := Induction for formula Sort Prop.
Combined Scheme terms_formulas from term_formula, formula_term.

Lemma same_sound : (forall a b, same_term a b = true -> a = b) /\ (forall f g, same_formula f g = true -> f = g).
Proof.
  apply terms_formulas; intros; match goal with |- ?x = ?y => destruct y; try discriminate end; cbn in *;
    rewrite ?andb_true_iff, ?Z.eqb_eq, ?Nat.eqb_eq, ?Pos.eqb_eq, ?eqb_true_iff in *; intuition (subst; f_equal; auto).
Qed.

(* Linear forms: (d, terms, c) says that d times the value is the sum and c. *)
Definition linear : Type := positive * list (Z * term) * Z.
Fixpoint insert (k : Z) (t : term) (l : list (Z * term)) : list (Z * term) :=
  match l with [] => [(k, t)] | (c, u) :: rest => if same_term t u then (k + c, u) :: rest else (c, u) :: insert k t rest end.
Definition added (m : Z) (a b : list (Z * term)) : list (Z * term) := fold_right (fun '(k, t) l => insert (m * k) t l) b a.
Definition scaled (m : Z) (a : list (Z * term)) : list (Z * term) := map (fun '(k, t) => (m * k, t)) a.
Definition combined (m : Z) (a b : linear) : linear := (* m a + b *)
  let '(d, ts, c) := a in
  let '(e, us, f) := b in
  ((d * e)%positive, added (m * Zpos e) ts (scaled (Zpos d) us), m * Zpos e * c + Zpos d * f).

Fixpoint linearised (divisible : bool) (t : term) : linear :=
  match t with
  | Num z => (1%positive, [], z)
  | Plus a b => combined 1 (linearised divisible a) (linearised divisible b)
  | Times k a => combined k (linearised divisible a) (1%positive, [], 0)
  | Over a q => if divisible then let '(d, ts, c) := linearised divisible a in ((d * q)%positive, ts, c) else (1%positive,
    [(1, t)], 0)
  | _ => (1%positive, [(1, t)], 0)
  end.

(* Why a clause holds. A gate: by the meaning of one connective, all but its two parts unknown.
  Farkas: multiples of the negated
   literals add up to a contradiction. A branch: a case of an if. Congruence: equal arguments, equal results. Division by a
   constant: quotient and remainder; of a number below the divisor, it and 0. *)
Inductive reason := Asserted | Gate (pivot : positive) | Farkas (multipliers : list Z) | Branch | Congruent | Division.

Section Check.
Variables (integral divisible : bool) (assertions : list formula) (table : PositiveMap.t formula).

Definition at_ (x : positive) : formula := match PositiveMap.find x table with Some f => f | None => Truth true end.

Definition parts (f : formula) : option (formula * formula * (bool -> bool -> bool)) :=
  match f with
  | Not g => Some (g, Truth true, fun a _ => negb a)
  | And g h => Some (g, h, andb)
  | Or g h => Some (g, h, orb)
  | Iff g h => Some (g, h, Bool.eqb)
  | Equal a b => Some (AtMost a b, AtMost b a, andb)
  | Truth b => Some (Truth b, Truth true, fun _ _ => b)
  | _ => None
  end.
Definition by_gate (pivot : positive) (c : clause) : bool :=
  match parts (at_ pivot) with
  | None => false
  | Some (g, h, op) =>
      forallb (fun a => forallb (fun b =>
        existsb (fun '(s, x) =>
          if Pos.eqb x pivot then Bool.eqb (op a b) s
          else (same_formula (at_ x) g && Bool.eqb a s) || (same_formula (at_ x) h && Bool.eqb b s)) c)
        [true; false]) [true; false]
  end.

(* What the negation of a literal says: a form that is 0 or more, above 0, or 0. *)
Inductive sense := Least | Above | Zero.
Definition negated (l : literal) : option (linear * sense) :=
  let difference a b := combined (-1) (linearised divisible b) (linearised divisible a) in (* a - b *)
  match at_ (snd l), fst l with
  | AtMost a b, false => Some (difference b a, Least)
  | AtMost a b, true => if integral then Some (combined 1 (1%positive, [], -1) (difference a b), Least) else Some
    (difference a b, Above)
  | Equal a b, false => Some (difference a b, Zero)
  | _, _ => None
  end.
Fixpoint summed (c : clause) (multipliers : list Z) : option (linear * bool) := (* the sum, and whether it is above 0 *)
  match c, multipliers with
  | l :: c', k :: multipliers' =>
      match summed c' multipliers' with
      | None => None
      | Some (total, strict) =>
          if k =? 0 then Some (total, strict) else
          match negated l with
          | Some (form, Zero) => Some (combined k form total, strict)
          | Some (form, sense) =>
              if 0 <? k then Some (combined k form total, match sense with Above => true | _ => strict end) else None
          | None => None
          end
      end
  | _, _ => Some ((1%positive, [], 0), false)
  end.
Definition by_farkas (c : clause) (multipliers : list Z) : bool :=
  match summed c multipliers with
  | Some ((_, ts, k), strict) => forallb (fun t => fst t =? 0) ts && (if strict then k <=? 0 else k <? 0)
  | None => false
  end.

Definition negative (c : clause) (f : formula) : bool := existsb (fun '(s, x) => negb s && same_formula (at_ x) f) c.
Definition positive_ (c : clause) (f : formula) : bool := existsb (fun '(s, x) => s && same_formula (at_ x) f) c.
Definition equal_in (c : clause) (a b : term) : bool := same_term a b || negative c (Equal a b) || negative c (Equal b a).

Definition by_branch (c : clause) : bool :=
  existsb (fun '(s, x) =>
    match at_ x with
    | Equal (If f a b) d => s && ((same_term d a && negative c f) || (same_term d b && positive_ c f))
    | _ => false
    end) c.
Definition by_congruence (c : clause) : bool :=
  existsb (fun '(s, x) =>
    match at_ x with
    | Equal (Apply f a b) (Apply g d e) => s && Nat.eqb f g && equal_in c a d && equal_in c b e
    | Holds p a b => s && existsb (fun '(t, y) =>
        match at_ y with
        | Holds q d e => negb t && Nat.eqb q p && equal_in c d a && equal_in c e b
        | _ => false
        end) c
    | _ => false
    end) c.

Definition divided_whole (a b : term) : bool := (* a = k quotient + remainder *)
  match b with
  | Plus (Times k (Apply 1 d (Num l))) (Apply 0 e (Num m)) => same_term a d && same_term a e && (k =? l) && (k =? m) && (0
    <? k)
  | _ => false
  end.
Definition divided_small (c : clause) (a b : term) : bool := (* the remainder of b is b, if 0 <= b < divisor *)
  match a with
  | Apply 0 d e => same_term d b && negative c (AtMost (Num 0) b) && positive_ c (AtMost e b)
  | _ => false
  end.
Definition divided_rest (a b : term) : bool := (* the remainder is 0 or more, and below the divisor *)
  match a, b with
  | Num 0, Apply 0 _ (Num k) => 0 <? k
  | Apply 0 _ (Num k), Num l => (0 <? k) && (l =? k - 1)
  | _, _ => false
  end.
Definition by_division (c : clause) : bool :=
  integral && existsb (fun '(s, x) =>
    s && match at_ x with
    | Equal a b => divided_whole a b || divided_small c a b
    | AtMost a b => divided_rest a b
    | _ => false
    end) c.

Definition justified (c : clause) (r : reason) : bool :=
  match r with
  | Asserted => existsb (fun '(s, x) => s && existsb (same_formula (at_ x)) assertions) c
  | Gate pivot => by_gate pivot c
  | Farkas multipliers => by_farkas c multipliers
  | Branch => by_branch c
  | Congruent => by_congruence c
  | Division => by_division c
  end.

Definition refutation (reasoned : list (clause * reason)) (proof : list step) : bool :=
  forallb (fun '(c, r) => justified c r) reasoned && check (map fst reasoned) proof.
End Check.
