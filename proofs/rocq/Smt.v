(* A checker of refutations of linear scripts: formulas over terms, clauses about them that hold for a reason, and an LRAT
  proof
   from these clauses. What it accepts has no model: over the integers, or over the reals. *)
From Coq Require Import ZArith List PArith Bool Lia FMapPositive Ring Reals Lra.
From Efasp Require Import Lrat.
Import ListNotations.
Open Scope Z_scope.

(* Functions and predicates have two arguments (of one the second is 0) and may mean anything, but for functions 0 and 1,
  which
   over the integers are the remainder and the quotient. *)
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

(* What scripts mean, over an ordered ring. *)
Section Meaning.
Variables (D : Type) (d0 d1 : D) (add mul sub : D -> D -> D) (opp : D -> D) (least : D -> D -> bool).
Variables (num : Z -> D) (over : D -> positive -> D).
Variables (vars : nat -> D) (flags : nat -> bool) (functions : nat -> D -> D -> D) (predicates : nat -> D -> D -> bool).

Fixpoint value (t : term) : D :=
  match t with
  | Num z => num z
  | Var i => vars i
  | Plus a b => add (value a) (value b)
  | Times k a => mul (num k) (value a)
  | Over a q => over (value a) q
  | Product a b => mul (value a) (value b)
  | If c a b => if holds c then value a else value b
  | Apply f a b => functions f (value a) (value b)
  end
with holds (f : formula) : bool :=
  match f with
  | Truth b => b
  | Flag i => flags i
  | AtMost a b => least (value a) (value b)
  | Equal a b => least (value a) (value b) && least (value b) (value a)
  | Not g => negb (holds g)
  | And g h => holds g && holds h
  | Or g h => holds g || holds h
  | Iff g h => Bool.eqb (holds g) (holds h)
  | Holds p a b => predicates p (value a) (value b)
  end.

Variables (integral divisible : bool).
Hypothesis ring : ring_theory d0 d1 add mul sub opp eq.
Add Ring domain : ring.
Hypothesis num_0 : num 0 = d0.
Hypothesis num_1 : num 1 = d1.
Hypothesis num_add : forall a b, num (a + b) = add (num a) (num b).
Hypothesis num_mul : forall a b, num (a * b) = mul (num a) (num b).
Hypothesis least_refl : forall a, least a a = true.
Hypothesis least_total : forall a b, least a b = false -> least b a = true.
Hypothesis least_trans : forall a b c, least a b = true -> least b c = true -> least a c = true.
Hypothesis least_antisym : forall a b, least a b = true -> least b a = true -> a = b.
Hypothesis least_add : forall a b c, least a b = true -> least (add a c) (add b c) = true.
Hypothesis least_mul : forall k a, 0 <= k -> least d0 a = true -> least d0 (mul (num k) a) = true.
Hypothesis least_num : forall k, least d0 (num k) = (0 <=? k).
Hypothesis cancel : forall k a b, 0 < k -> mul (num k) a = mul (num k) b -> a = b.
Hypothesis is_integral : integral = true -> forall a b, least a b = false -> least (add b d1) a = true.
Hypothesis divided : integral = true -> forall a k, 0 < k ->
  a = add (mul (num k) (functions 1%nat a (num k))) (functions 0%nat a (num k)) /\
  least d0 (functions 0%nat a (num k)) = true /\ least (functions 0%nat a (num k)) (num (k - 1)) = true.
Hypothesis small : integral = true -> forall a b, least d0 a = true -> least b a = false -> functions 0%nat a b = a.
Hypothesis is_divisible : divisible = true -> forall a q, mul (num (Zpos q)) (over a q) = a.

Definition sum (ts : list (Z * term)) : D := fold_right (fun '(k, t) s => add (mul (num k) (value t)) s) d0 ts.

Lemma num_opp : forall a, num (- a) = opp (num a).
Proof.
  intros a. assert (E : add (num a) (num (- a)) = d0) by (rewrite <- num_add, Z.add_opp_diag_r; exact num_0).
  transitivity (add (opp (num a)) (add (num a) (num (- a)))); [ring|rewrite E; ring].
Qed.

Lemma sum_insert : forall k t l, sum (insert k t l) = add (mul (num k) (value t)) (sum l).
Proof.
  intros k t l. induction l as [|[c u] l IH]; [reflexivity|]. cbn [insert]. destruct (same_term t u) eqn:E.
  - apply (proj1 same_sound) in E as ->. cbn [sum fold_right]. rewrite num_add. fold (sum l). ring.
  - cbn [sum fold_right]. fold (sum (insert k t l)) (sum l). rewrite IH. ring.
Qed.

Lemma sum_added : forall m a b, sum (added m a b) = add (mul (num m) (sum a)) (sum b).
Proof.
  intros m a b. unfold added. induction a as [|[k t] a IH]; cbn [fold_right]; [cbn; ring|].
  rewrite sum_insert, IH, num_mul. cbn [sum fold_right]. fold (sum a). ring.
Qed.

Lemma sum_scaled : forall m a, sum (scaled m a) = mul (num m) (sum a).
Proof.
  intros m a. induction a as [|[k t] a IH]; [cbn; ring|]. cbn [scaled map sum fold_right] in *.
  fold (scaled m a) (sum (scaled m a)) (sum a). rewrite IH, num_mul. ring.
Qed.

(* A linear form speaks of a value. *)
Definition speaks (l : linear) (v : D) : Prop := let '(d, ts, c) := l in mul (num (Zpos d)) v = add (sum ts) (num c).

Lemma speaks_combined : forall m a b v w, speaks a v -> speaks b w -> speaks (combined m a b) (add (mul (num m) v) w).
Proof.
  intros m [[d ts] c] [[e us] f] v w A B. unfold speaks in *. cbn [combined].
  rewrite sum_added, sum_scaled, num_add, !num_mul, Pos2Z.inj_mul, num_mul.
  transitivity (add (mul (mul (num m) (num (Zpos e))) (mul (num (Zpos d)) v)) (mul (num (Zpos d)) (mul (num (Zpos e)) w)));
    [ring|].
  rewrite A, B. ring.
Qed.

Lemma speaks_itself : forall t, speaks (1%positive, [(1, t)], 0) (value t).
Proof. intros t. unfold speaks. cbn [sum fold_right]. change (Zpos 1) with 1. rewrite num_0, num_1. ring. Qed.

Lemma speaks_linearised : forall t, speaks (linearised divisible t) (value t).
Proof.
  apply (term_formula (fun t => speaks (linearised divisible t) (value t)) (fun _ => True)); trivial; cbn [linearised value].
  - intros z. unfold speaks. cbn [sum fold_right]. change (Zpos 1) with 1. rewrite num_1. ring.
  - intros i. apply (speaks_itself (Var i)).
  - intros a A b B. replace (add (value a) (value b)) with (add (mul (num 1) (value a)) (value b)) by (rewrite num_1; ring).
    apply speaks_combined; assumption.
  - intros k a A. replace (mul (num k) (value a)) with (add (mul (num k) (value a)) d0) by ring.
    apply speaks_combined; [exact A|]. unfold speaks. cbn [sum fold_right]. change (Zpos 1) with 1. rewrite num_0, num_1.
      ring.
  - intros a A q. destruct divisible eqn:E; [|exact (speaks_itself (Over a q))].
    destruct (linearised true a) as [[d ts] c]. unfold speaks in *. rewrite Pos2Z.inj_mul, num_mul, <- A.
    transitivity (mul (num (Zpos d)) (mul (num (Zpos q)) (over (value a) q)));
      [ring|]. rewrite (is_divisible eq_refl). reflexivity.
  - intros a _ b _. apply (speaks_itself (Product a b)).
  - intros c _ a _ b _. apply (speaks_itself (If c a b)).
  - intros f a _ b _. apply (speaks_itself (Apply f a b)).
Qed.

Section Clauses.
Variables (assertions : list formula) (table : PositiveMap.t formula).
Let at_ (x : positive) : formula := Smt.at_ table x.
Let v : valuation := fun x => holds (at_ x).
Hypothesis asserted : forall f, In f assertions -> holds f = true.

Lemma literal_true : forall s x, holds (at_ x) = s -> true_in v (s, x) = true.
Proof. intros s x E. unfold true_in, v. cbn [fst snd]. rewrite E. apply eqb_reflx. Qed.

Lemma gate_sound : forall pivot c, by_gate table pivot c = true -> satisfied v c.
Proof.
  intros pivot c H. unfold by_gate in H. fold (at_ pivot) in H. destruct (parts (at_ pivot)) as [[[g h] op]|] eqn:P;
    [|discriminate].
  assert (O : holds (at_ pivot) = op (holds g) (holds h)).
  { destruct (at_ pivot); cbn in P; try discriminate; injection P as <- <- <-; reflexivity. }
  rewrite forallb_forall in H. assert (B : forall b, In b [true; false]) by (intros [|]; cbn; tauto).
  specialize (H (holds g) (B _)). cbn beta in H. rewrite forallb_forall in H. specialize (H (holds h) (B _)). cbn beta in H.
  apply existsb_exists in H as ([s x] & I & H). apply existsb_exists. exists (s, x). split; [exact I|]. apply literal_true.
  destruct (Pos.eqb_spec x pivot) as [->|N]; [rewrite O; apply eqb_prop; exact H|].
  apply orb_prop in H as [H|H]; apply andb_prop in H as [E F]; apply eqb_prop in F as <-; apply (proj2 same_sound) in E;
    fold (at_ x) in E; rewrite E; reflexivity.
Qed.

Local Opaque combined.

Lemma sense_sound : forall l form s, true_in v l = false -> negated integral divisible table l = Some (form, s) ->
  exists w, speaks form w /\ match s with Least => least d0 w = true | Above => least w d0 = false | Zero => w = d0 end.
Proof.
  intros [s x] form sense T N. unfold negated in N. cbn [fst snd] in N. fold (at_ x) in N. unfold true_in, v in T.
    cbn [fst snd] in T.
  assert (D_ : forall a b, speaks (combined (-1) (linearised divisible b) (linearised divisible a)) (sub (value a) (value
    b))).
  { intros a b. replace (sub (value a) (value b)) with (add (mul (num (-1)) (value b)) (value a)).
    - apply speaks_combined; apply speaks_linearised.
    - change (-1) with (- (1)). rewrite num_opp, num_1. ring. }
  assert (S0 : forall a b, least a b = true -> least d0 (sub b a) = true).
  { intros a b L. apply (least_add _ _ (opp a)) in L. replace (add a (opp a)) with d0 in L by ring.
    replace (add b (opp a)) with (sub b a) in L by ring. exact L. }
  destruct (at_ x) as [| |a b|a b| | | | |]; destruct s; try discriminate N.
  - destruct integral eqn:I.
    + injection N as <- <-. exists (sub (sub (value a) (value b)) d1). split.
      * replace (sub (sub (value a) (value b)) d1) with (add (mul (num 1) (opp d1)) (sub (value a) (value b))) by (rewrite
        num_1; ring).
        apply speaks_combined; [|apply D_]. unfold speaks. cbn [sum fold_right]. change (Zpos 1) with 1.
          change (-1) with (- (1)).
        rewrite num_opp, num_1. ring.
      * cbn [holds] in T. destruct (least (value a) (value b)) eqn:L; [discriminate T|].
        apply (is_integral eq_refl) in L. apply S0 in L. replace (sub (sub (value a) (value b)) d1) with (sub (value a) (add
          (value b) d1)) by ring. exact L.
    + injection N as <- <-. exists (sub (value a) (value b)). split; [apply D_|].
      cbn [holds] in T. destruct (least (value a) (value b)) eqn:L; [discriminate T|].
      destruct (least (sub (value a) (value b)) d0) eqn:M; [|reflexivity]. exfalso. apply (least_add _ _ (value b)) in M.
      replace (add (sub (value a) (value b)) (value b)) with (value a) in M by ring.
        replace (add d0 (value b)) with (value b) in M by ring. congruence.
  - injection N as <- <-. exists (sub (value b) (value a)). split; [apply D_|]. cbn [holds] in T.
    destruct (least (value a) (value b)) eqn:L; [|discriminate T]. apply S0. exact L.
  - injection N as <- <-. exists (sub (value a) (value b)). split; [apply D_|]. cbn [holds] in T.
    destruct (least (value a) (value b)) eqn:L; [|discriminate T]. destruct (least (value b) (value a)) eqn:M;
      [|discriminate T].
    rewrite (least_antisym _ _ L M). ring.
Qed.

Lemma add_least : forall a b, least d0 a = true -> least d0 b = true -> least d0 (add a b) = true.
Proof.
  intros a b A B. apply (least_trans _ b); [exact B|]. apply (least_add _ _ b) in A.
    replace (add d0 b) with b in A by ring. exact A.
Qed.

Lemma summed_sound : forall c ks form strict, ~ satisfied v c -> summed integral divisible table c ks = Some (form, strict) ->
  exists w, speaks form w /\ least d0 w = true /\ (strict = true -> least w d0 = false).
Proof.
  induction c as [|l c IH]; intros [|k ks] form strict N H; cbn [summed] in H;
    try (injection H as <- <-; exists d0; split; [unfold speaks; cbn [sum fold_right]; change (Zpos 1) with 1;
      rewrite num_0, num_1; ring|split; [apply least_refl|discriminate]]).
  destruct (summed integral divisible table c ks) as [[total str]|] eqn:E; [|discriminate].
  assert (N' : ~ satisfied v c) by (intros S; apply N; unfold satisfied in *; cbn [existsb]; rewrite S; apply orb_true_r).
  assert (L : true_in v l = false).
  { destruct (true_in v l) eqn:T; [|reflexivity]. destruct N. unfold satisfied. cbn [existsb]. rewrite T. reflexivity. }
  destruct (IH ks total str N' E) as (w & W & P & S). destruct (k =? 0); [injection H as <- <-; exists w; tauto|].
  destruct (negated integral divisible table l) as [[f s]|] eqn:G; [|discriminate].
  destruct (sense_sound l f s L G) as (u & U & Q).
  assert (C : speaks (combined k f total) (add (mul (num k) u) w)) by (apply speaks_combined; assumption).
  destruct s.
  - destruct (Z.ltb_spec 0 k) as [K|K]; [|discriminate]. injection H as <- <-. exists (add (mul (num k) u) w). split;
    [exact C|].
    assert (M : least d0 (mul (num k) u) = true) by (apply least_mul; [lia|exact Q]). split; [apply add_least; assumption|].
    intros T. specialize (S T). destruct (least (add (mul (num k) u) w) d0) eqn:V; [|reflexivity]. exfalso.
    assert (least w d0 = true); [|congruence]. apply (least_trans _ (add (mul (num k) u) w)); [|exact V].
    apply (least_add _ _ w) in M. replace (add d0 w) with w in M by ring. exact M.
  - destruct (Z.ltb_spec 0 k) as [K|K]; [|discriminate]. injection H as <- <-. exists (add (mul (num k) u) w). split;
    [exact C|].
    assert (M : least d0 (mul (num k) u) = true) by (apply least_mul; [lia|apply least_total; exact Q]). split;
      [apply add_least; assumption|].
    intros _. destruct (least (add (mul (num k) u) w) d0) eqn:V; [|reflexivity]. exfalso.
    assert (Z0 : mul (num k) u = d0).
    { apply least_antisym; [|exact M]. apply (least_trans _ (add (mul (num k) u) w)); [|exact V].
      apply (least_add _ _ (mul (num k) u)) in P. replace (add d0 (mul (num k) u)) with (mul (num k) u) in P by ring.
      replace (add w (mul (num k) u)) with (add (mul (num k) u) w) in P by ring. exact P. }
    assert (u = d0); [|subst u; rewrite least_refl in Q; discriminate]. apply (cancel k); [exact K|]. rewrite Z0. ring.
  - injection H as <- <-. exists (add (mul (num k) u) w). split;
    [exact C|]. rewrite Q. replace (add (mul (num k) d0) w) with w by ring. tauto.
Qed.

Lemma farkas_sound : forall c ks, by_farkas integral divisible table c ks = true -> satisfied v c.
Proof.
  intros c ks H. unfold by_farkas in H. destruct (existsb (true_in v) c) eqn:T; [exact T|]. exfalso.
  assert (N : ~ satisfied v c) by (unfold satisfied; congruence).
  destruct (summed integral divisible table c ks) as [[[[d ts] k] strict]|] eqn:E; [|discriminate].
  destruct (summed_sound c ks _ _ N E) as (w & W & P & S). apply andb_prop in H as [Z0 K].
  assert (T0 : sum ts = d0).
  { clear - Z0 num_0 ring. induction ts as [|[c t] ts IH]; [reflexivity|]. cbn [forallb fst] in Z0.
    apply andb_prop in Z0 as [C Z0].
    apply Z.eqb_eq in C as ->. cbn [sum fold_right]. fold (sum ts). rewrite IH, num_0 by exact Z0. ring. }
  unfold speaks in W. rewrite T0 in W. assert (W' : mul (num (Zpos d)) w = num k) by (rewrite W; ring). clear W.
  assert (M : least d0 (num k) = true) by (rewrite <- W'; apply least_mul; [lia|exact P]). rewrite least_num in M.
  destruct strict; [|lia]. assert (k = 0) by lia. subst k. specialize (S eq_refl).
  assert (w = d0); [|subst w; rewrite least_refl in S; discriminate]. apply (cancel (Zpos d));
    [lia|]. rewrite W', num_0. ring.
Qed.

Lemma negative_sound : forall c f, negative table c f = true -> ~ satisfied v c -> holds f = true.
Proof.
  intros c f H N. apply existsb_exists in H as ([s x] & I & H). apply andb_prop in H as [S E].
    apply (proj2 same_sound) in E. subst f.
  destruct s; [discriminate|]. fold (at_ x). destruct (holds (at_ x)) eqn:T; [reflexivity|]. destruct N. apply existsb_exists.
  exists (false, x). split; [exact I|apply literal_true; exact T].
Qed.

Lemma positive_sound : forall c f, positive_ table c f = true -> ~ satisfied v c -> holds f = false.
Proof.
  intros c f H N. apply existsb_exists in H as ([s x] & I & H). apply andb_prop in H as [-> E].
    apply (proj2 same_sound) in E. subst f.
  fold (at_ x). destruct (holds (at_ x)) eqn:T; [|reflexivity]. destruct N. apply existsb_exists.
  exists (true, x). split; [exact I|apply literal_true; exact T].
Qed.

Lemma equal_sound : forall c a b, equal_in table c a b = true -> ~ satisfied v c -> value a = value b.
Proof.
  intros c a b H N. apply orb_prop in H as [H|H]; [apply orb_prop in H as [H|H]; [apply (proj1 same_sound) in H;
    congruence|]|];
    (apply (negative_sound c _) in H; [|exact N]); cbn [holds] in H; apply andb_prop in H as [L M]; apply least_antisym;
      assumption.
Qed.

Lemma branch_sound : forall c, by_branch table c = true -> satisfied v c.
Proof.
  intros c H. destruct (existsb (true_in v) c) eqn:T; [exact T|]. assert (N : ~ satisfied v c) by (unfold satisfied;
    congruence).
  apply existsb_exists in H as ([s x] & I & H). fold (at_ x) in H. destruct (at_ x) as [| | |a d| | | | |] eqn:F;
    try discriminate.
  destruct a as [| | | | | |f a b|]; try discriminate. apply andb_prop in H as [-> H]. apply existsb_exists.
    exists (true, x). split; [exact I|].
  apply literal_true. rewrite F. cbn [holds value].
  apply orb_prop in H as [H|H]; apply andb_prop in H as [E H]; apply (proj1 same_sound) in E; subst d;
    [rewrite (negative_sound c f H N)|rewrite (positive_sound c f H N)]; rewrite least_refl; reflexivity.
Qed.

Lemma congruence_sound : forall c, by_congruence table c = true -> satisfied v c.
Proof.
  intros c H. destruct (existsb (true_in v) c) eqn:T; [exact T|]. assert (N : ~ satisfied v c) by (unfold satisfied;
    congruence).
  apply existsb_exists in H as ([s x] & I & H). fold (at_ x) in H. destruct (at_ x) as [| | |t u| | | | |p a b] eqn:F;
    try discriminate.
  - destruct t as [| | | | | | |f a b]; try discriminate. destruct u as [| | | | | | |g d e]; try discriminate.
    rewrite !andb_true_iff, Nat.eqb_eq in H. destruct H as (((-> & ->) & H1) & H2).
    apply existsb_exists. exists (true, x). split; [exact I|]. apply literal_true. rewrite F. cbn [holds value].
    rewrite (equal_sound c a d H1 N), (equal_sound c b e H2 N), least_refl. reflexivity.
  - apply andb_prop in H as [-> H]. apply existsb_exists in H as ([t y] & J & H). fold (at_ y) in H.
    destruct (at_ y) as [| | | | | | | |q d e] eqn:G; try discriminate. rewrite !andb_true_iff, Nat.eqb_eq in H.
    destruct H as (((S & ->) & H1) & H2). destruct t; [discriminate|].
    assert (Hy : holds (at_ y) = true).
    { destruct (holds (at_ y)) eqn:Y; [reflexivity|]. destruct N. apply existsb_exists. exists (false, y). split;
      [exact J|apply literal_true; exact Y]. }
    apply existsb_exists. exists (true, x). split; [exact I|]. apply literal_true. rewrite F. rewrite G in Hy.
      cbn [holds value] in *.
    rewrite <- (equal_sound c d a H1 N), <- (equal_sound c e b H2 N). exact Hy.
Qed.

Lemma division_sound : forall c, by_division integral table c = true -> satisfied v c.
Proof.
  intros c H. unfold by_division in H. apply andb_prop in H as [I H]. destruct (existsb (true_in v) c) eqn:T; [exact T|].
  assert (N : ~ satisfied v c) by (unfold satisfied; congruence). apply existsb_exists in H as ([s x] & J & H).
  apply andb_prop in H as [-> H]. apply existsb_exists. exists (true, x). split;
    [exact J|]. apply literal_true. fold (at_ x) in H.
  destruct (at_ x) as [| |a b|a b| | | | |]; try discriminate.
  - unfold divided_rest in H. destruct a as [[| |]| | | | | | |f a e]; try discriminate.
    + destruct b as [| | | | | | |[|f] a b]; try discriminate. destruct b as [k| | | | | | |]; try discriminate.
      apply Z.ltb_lt in H. cbn [holds value]. rewrite num_0. apply (divided I _ k H).
    + destruct f as [|f]; [|discriminate]. destruct e as [k| | | | | | |];
      try discriminate. destruct b as [l| | | | | | |]; try discriminate.
      apply andb_prop in H as [K L]. apply Z.ltb_lt in K. apply Z.eqb_eq in L as ->. cbn [holds value].
        apply (divided I _ k K).
  - apply orb_prop in H as [H|H].
    + unfold divided_whole in H. destruct b as [| |b e| | | | |]; try discriminate. destruct b as [| | |k b| | | |];
      try discriminate.
      destruct b as [| | | | | | |[|[|f]] b l]; try discriminate. destruct l as [l| | | | | | |]; try discriminate.
      destruct e as [| | | | | | |[|f] d m]; try discriminate. destruct m as [m| | | | | | |]; try discriminate.
      rewrite !andb_true_iff, !Z.eqb_eq, Z.ltb_lt in H. destruct H as ((((A & B) & <-) & <-) & K).
      apply (proj1 same_sound) in A as <-. apply (proj1 same_sound) in B as <-. cbn [holds value].
      destruct (divided I (value a) k K) as [E _]. rewrite <- E, least_refl. reflexivity.
    + unfold divided_small in H. destruct a as [| | | | | | |[|f] d e]; try discriminate. rewrite !andb_true_iff in H.
      destruct H as ((E & L) & M). apply (proj1 same_sound) in E as ->.
      apply (fun h => negative_sound c _ h N) in L. apply (fun h => positive_sound c _ h N) in M. cbn [holds value] in *.
      rewrite num_0 in L. rewrite (small I _ _ L M), least_refl. reflexivity.
Qed.

Lemma justified_sound : forall c r, justified integral divisible assertions table c r = true -> satisfied v c.
Proof.
  intros c [|pivot|ks| | |] H; cbn [justified] in H;
    [|exact (gate_sound pivot c H)|exact (farkas_sound c ks H)|exact (branch_sound c H)|exact (congruence_sound c H)|exact
      (division_sound c H)].
  apply existsb_exists in H as ([s x] & I & H). apply andb_prop in H as [-> H]. apply existsb_exists in H as (f & F & E).
  apply (proj2 same_sound) in E. apply existsb_exists. exists (true, x). split;
    [exact I|]. apply literal_true. fold (at_ x) in E. rewrite E.
  apply asserted. exact F.
Qed.

Lemma refutation_sound : forall reasoned proof, refutation integral divisible assertions table reasoned proof = true -> False.
Proof.
  intros reasoned proof H. apply andb_prop in H as [J C]. apply check_sound in C. apply C. exists v. apply Forall_forall.
  intros c I. apply in_map_iff in I as ([d r] & <- & I). rewrite forallb_forall in J. exact (justified_sound d r (J _ I)).
Qed.
End Clauses.
End Meaning.
