(* SMT-LIB scripts as text, what it means that one has no model, and the checker of such a claim. *)
From Coq Require Import ZArith List PArith Bool Lia FMapPositive String Ascii Reals Lra.
From Efasp Require Import Lrat Smt SmtMeaning.
Import ListNotations.
Open Scope Z_scope.

(* Text to nested lists of words. *)
Inductive token := Open | Close | Word (w : string).
Inductive tree := Leaf (w : string) | Node (children : list tree).

Fixpoint reversed (w : list ascii) (s : string) : string := match w with [] => s | c :: w' => reversed w' (String c s) end.
Definition flush (w : list ascii) (rest : list token) : list token :=
  match w with [] => rest | _ => Word (reversed w EmptyString) :: rest end.
Fixpoint tokens (s : string) (w : list ascii) (comment : bool) : list token :=
  match s with
  | EmptyString => flush w []
  | String c s' =>
      let n := nat_of_ascii c in
      if comment then tokens s' [] (negb (Nat.eqb n 10))
      else if Nat.eqb n 59 then flush w (tokens s' [] true)
      else if Nat.eqb n 40 then flush w (Open :: tokens s' [] false)
      else if Nat.eqb n 41 then flush w (Close :: tokens s' [] false)
      else if Nat.leb n 32 then flush w (tokens s' [] false)
      else tokens s' (c :: w) false
  end.
Fixpoint nested (ts : list token) (stack : list (list tree)) : option (list tree) :=
  match ts, stack with
  | [], [top] => Some (rev top)
  | Open :: ts', _ => nested ts' ([] :: stack)
  | Close :: ts', inner :: outer :: rest => nested ts' ((Node (rev inner) :: outer) :: rest)
  | Word w :: ts', top :: rest => nested ts' ((Leaf w :: top) :: rest)
  | _, _ => None
  end.

(* Names: numbers, truth values, functions and predicates of one or two numbers, each kind numbered in order. *)
Inductive kind := Number (i : nat) | Boolean (i : nat) | Function (i arity : nat) | Predicate (i arity : nat).
Record names := { known : list (string * kind); numbers : nat; booleans : nat; functions : nat; predicates : nat }.
Definition at_first : names :=
  {| known := [("mod"%string, Function 0 2); ("div"%string, Function 1 2)]; numbers := 0; booleans := 0; functions := 2;
    predicates := 0 |}.
Fixpoint find (w : string) (l : list (string * kind)) : option kind :=
  match l with [] => None | (v, k) :: rest => if String.eqb v w then Some k else find w rest end.
Definition named (ns : names) (w : string) (k : nat -> kind) : option names :=
  match find w (known ns), k O with
  | Some _, _ => None
  | None, Number _ => Some {| known := (w, k (numbers ns)) :: known ns; numbers := S (numbers ns); booleans := booleans ns;
    functions := functions ns; predicates := predicates ns |}
  | None, Boolean _ => Some {| known := (w, k (booleans ns)) :: known ns; numbers := numbers ns;
    booleans := S (booleans ns); functions := functions ns; predicates := predicates ns |}
  | None, Function _ _ => Some {| known := (w, k (functions ns)) :: known ns; numbers := numbers ns;
    booleans := booleans ns; functions := S (functions ns); predicates := predicates ns |}
  | None, Predicate _ _ => Some {| known := (w, k (predicates ns)) :: known ns; numbers := numbers ns;
    booleans := booleans ns; functions := functions ns; predicates := S (predicates ns) |}
  end.

Fixpoint digits (s : string) (n : Z) : option Z :=
  match s with
  | EmptyString => Some n
  | String c s' =>
      let d := Z.of_nat (nat_of_ascii c) - 48 in
      if (0 <=? d) && (d <=? 9) then digits s' (10 * n + d) else None
  end.
Definition numeral (s : string) : option Z := match s with EmptyString => None | _ => digits s 0 end.

Fixpoint all {A B} (f : A -> option B) (l : list A) : option (list B) :=
  match l with
  | [] => Some []
  | a :: rest => match f a, all f rest with Some b, Some bs => Some (b :: bs) | _, _ => None end
  end.
Definition folded {A} (f : A -> A -> A) (l : list A) : option A := (* a (b (c d)) *)
  match rev l with [] => None | last :: before => Some (fold_left (fun acc a => f a acc) before last) end.
Definition is (w : string) (t : tree) : bool := match t with Leaf v => String.eqb v w | Node _ => false end.
Fixpoint constant (t : term) : option (Z * positive) := (* a numeral, its multiples and fractions *)
  match t with
  | Num z => Some (z, xH)
  | Times k a => match constant a with Some (z, q) => Some (k * z, q) | None => None end
  | Over a q => match constant a with Some (z, r) => Some (z, Pos.mul q r) | None => None end
  | _ => None
  end.
Definition multiple (c : Z * positive) (t : term) : term := match c with (z, xH) => Times z t | (z, q) => Over (Times z t) q
  end.
Definition product (a b : term) : term :=
  match constant a, constant b with Some c, _ => multiple c b | _, Some c => multiple c a | _, _ => Product a b end.
Definition minus (a b : term) : term := Plus a (Times (-1) b).
Definition implies (f g : formula) : formula := Or (Not f) g.

(* Terms and formulas; the fuel is above the depth. *)
Section Read.
Variable ns : names.
Fixpoint term_of (fuel : nat) (t : tree) : option term :=
  match fuel with
  | O => None
  | S fuel' =>
      match t with
      | Leaf w =>
          match numeral w, find w (known ns) with
          | Some z, _ => Some (Num z)
          | None, Some (Number i) => Some (Var i)
          | _, _ => None
          end
      | Node (Leaf op :: args) =>
          if String.eqb op "ite" then
            match args with
            | [c; a; b] =>
                match formula_of fuel' c, term_of fuel' a, term_of fuel' b with
                | Some c', Some a', Some b' => Some (If c' a' b')
                | _, _, _ => None
                end
            | _ => None
            end
          else
          match all (term_of fuel') args with
          | None => None
          | Some ts =>
              if String.eqb op "+" then folded Plus ts
              else if String.eqb op "*" then folded product ts
              else if String.eqb op "-" then
                match ts with [a] => Some (Times (-1) a) | a :: rest => Some (fold_left minus rest a) | [] => None end
              else if String.eqb op "/" then
                match ts with [a; Num (Zpos q)] => Some (Over a q) | _ => None end
              else
              match find op (known ns), ts with
              | Some (Function i 1), [a] => Some (Apply i a (Num 0))
              | Some (Function i 2), [a; b] => Some (Apply i a b)
              | _, _ => None
              end
          end
      | _ => None
      end
  end
with formula_of (fuel : nat) (t : tree) : option formula :=
  match fuel with
  | O => None
  | S fuel' =>
      match t with
      | Leaf w =>
          if String.eqb w "true" then Some (Truth true) else if String.eqb w "false" then Some (Truth false) else
          match find w (known ns) with Some (Boolean i) => Some (Flag i) | _ => None end
      | Node (Leaf op :: args) =>
          match args with
          | [a; b] =>
              let compared (f : term -> term -> formula) :=
                match term_of fuel' a, term_of fuel' b with Some x, Some y => Some (f x y) | _, _ => None end in
              if String.eqb op "<=" then compared AtMost
              else if String.eqb op ">=" then compared (fun x y => AtMost y x)
              else if String.eqb op "<" then compared (fun x y => Not (AtMost y x))
              else if String.eqb op ">" then compared (fun x y => Not (AtMost x y))
              else if String.eqb op "=" then
                match formula_of fuel' a, formula_of fuel' b with
                | Some f, Some g => Some (Iff f g)
                | None, None => compared Equal
                | _, _ => None
                end
              else if String.eqb op "xor" then
                match formula_of fuel' a, formula_of fuel' b with Some f, Some g => Some (Not (Iff f g)) | _, _ => None end
              else connective fuel' op args
          | _ => connective fuel' op args
          end
      | _ => None
      end
  end
with connective (fuel : nat) (op : string) (args : list tree) : option formula :=
  match fuel with
  | O => None
  | S fuel' =>
      match find op (known ns) with
      | Some (Predicate i 1) => match all (term_of fuel') args with Some [a] => Some (Holds i a (Num 0)) | _ => None end
      | Some (Predicate i 2) => match all (term_of fuel') args with Some [a; b] => Some (Holds i a b) | _ => None end
      | _ =>
          match all (formula_of fuel') args with
          | None => None
          | Some fs =>
              if String.eqb op "and" then folded And fs
              else if String.eqb op "or" then folded Or fs
              else if String.eqb op "=>" then folded implies fs
              else if String.eqb op "not" then match fs with [f] => Some (Not f) | _ => None end
              else if String.eqb op "ite" then match fs with [c; f; g] => Some (And (implies c f) (Or c g)) | _ => None end
              else None
          end
      end
  end.
End Read.
Definition fuel : nat := Z.to_nat 10000.

(* Commands. A definition is a name with an equation; all numbers of a script are of one sort. *)
Record state := { names_of : names; integers : bool; reals : bool; read : list formula }.
Definition sorted (w : string) (st : state) : option (bool * state) := (* whether the sort is Bool *)
  let with_ i r := {| names_of := names_of st; integers := i || integers st; reals := r || reals st; read := read st |} in
  if String.eqb w "Bool" then Some (true, st)
  else if String.eqb w "Int" then Some (false, with_ true false)
  else if String.eqb w "Real" then Some (false, with_ false true)
  else None.
Definition renamed (st : state) (ns : option names) (fs : list formula) : option state :=
  match ns with None => None | Some n => Some {| names_of := n; integers := integers st; reals := reals st;
    read := fs ++ read st |} end.
Fixpoint numeric (st : state) (ts : list tree) : option state := (* sorts of arguments *)
  match ts with
  | [] => Some st
  | Leaf w :: rest => match sorted w st with Some (false, st') => numeric st' rest | _ => None end
  | _ => None
  end.
Definition command (st : state) (t : tree) : option state :=
  match t with
  | Node [Leaf op; Leaf w] => if String.eqb op "set-logic" then Some st else
      if String.eqb op "assert" then
        match formula_of (names_of st) fuel (Leaf w) with Some f => renamed st (Some (names_of st)) [f] | None => None end
      else None
  | Node [Leaf op; f] =>
      if String.eqb op "assert" then
        match formula_of (names_of st) fuel f with Some g => renamed st (Some (names_of st)) [g] | None => None end
      else None
  | Node [Leaf op; Leaf w; Leaf sort] =>
      if String.eqb op "declare-const" then
        match sorted sort st with
        | Some (true, st') => renamed st' (named (names_of st') w Boolean) []
        | Some (false, st') => renamed st' (named (names_of st') w Number) []
        | None => None
        end
      else None
  | Node [Leaf op; Leaf w; Node args; Leaf sort] =>
      if String.eqb op "declare-fun" then
        match numeric st args with
        | None => None
        | Some st' =>
            match sorted sort st' with
            | Some (true, st'') => renamed st'' (named (names_of st'') w (fun i => Predicate i (List.length args))) []
            | Some (false, st'') => renamed st'' (named (names_of st'') w (fun i => Function i (List.length args))) []
            | None => None
            end
        end
      else None
  | Node [Leaf op; Leaf w; Node []; Leaf sort; body] =>
      if String.eqb op "define-fun" then
        match sorted sort st with
        | Some (true, st') =>
            match formula_of (names_of st') fuel body with
            | Some f => renamed st' (named (names_of st') w Boolean) [Iff (Flag (booleans (names_of st'))) f]
            | None => None
            end
        | Some (false, st') =>
            match term_of (names_of st') fuel body with
            | Some b => renamed st' (named (names_of st') w Number) [Equal (Var (numbers (names_of st'))) b]
            | None => None
            end
        | None => None
        end
      else None
  | Node [Leaf op] => if String.eqb op "check-sat" then Some st else None
  | _ => None
  end.
Fixpoint commands (ts : list tree) (st : state) : option state :=
  match ts with [] => Some st | t :: rest => match command st t with Some st' => commands rest st' | None => None end end.

(* Whether numbers are integers, and all that is asserted, first to last. *)
Definition script (text : string) : option (bool * list formula) :=
  match nested (tokens text [] false) [[]] with
  | None => None
  | Some ts =>
      match commands ts {| names_of := at_first; integers := false; reals := false; read := [] |} with
      | None => None
      | Some st => if integers st && reals st then None else Some (negb (reals st), rev (read st))
      end
  end.

Definition least_R (a b : R) : bool := if Rle_dec a b then true else false.
Definition holds_Z := SmtMeaning.holds Z Z.add Z.mul Z.leb (fun z => z) (fun a q => a / Zpos q).
Definition holds_R := SmtMeaning.holds R Rplus Rmult least_R IZR (fun a q => (a / IZR (Zpos q))%R).

(* Remainder and quotient, by SMT-LIB's definition, which leaves division by 0 open. *)
Definition divides (functions : nat -> Z -> Z -> Z) : Prop := forall a b, b <> 0 ->
  a = b * functions 1%nat a b + functions 0%nat a b /\ 0 <= functions 0%nat a b < Z.abs b.

(* No values of the names, and no functions and predicates, make all of it true. *)
Definition refuted (text : string) : Prop :=
  match script text with
  | None => False
  | Some (true, fs) => forall vars flags functions predicates, divides functions -> ~ forall f, In f fs -> holds_Z vars
    flags functions predicates f = true
  | Some (false, fs) => forall vars flags functions predicates, ~ forall f, In f fs -> holds_R vars flags functions
    predicates f = true
  end.

Definition accepted (text : string) (table : PositiveMap.t formula) (reasoned : list (clause * reason)) (proof : list step)
  : bool :=
  match script text with
  | None => false
  | Some (integral, fs) => refutation integral (negb integral) fs table reasoned proof
  end.

Lemma least_R_true : forall a b, least_R a b = true <-> (a <= b)%R.
Proof. intros a b. unfold least_R. destruct (Rle_dec a b); split; trivial; (discriminate || contradiction). Qed.

Lemma least_R_false : forall a b, least_R a b = false <-> (b < a)%R.
Proof. intros a b. unfold least_R. destruct (Rle_dec a b); split; (discriminate || lra || trivial). Qed.

Theorem accepted_sound : forall text table reasoned proof, accepted text table reasoned proof = true -> refuted text.
Proof.
  intros text table reasoned proof H. unfold accepted in H. unfold refuted. destruct (script text) as [[[|] fs]|];
    [| |discriminate];
    intros vars flags functions predicates.
  - intros E A. refine (refutation_sound Z 0 1 Z.add Z.mul Z.sub Z.opp Z.leb (fun z => z) (fun a q => a / Zpos q) vars flags
    functions predicates
      true false Zth eq_refl eq_refl _ _ _ _ _ _ _ _ _ _ _ _ _ _ fs table A reasoned proof H); intros; try reflexivity;
        try lia; try discriminate.
    + nia.
    + destruct (E a k ltac:(lia)). lia.
    + destruct (E a b ltac:(lia)) as [Q R]. assert (functions 1%nat a b = 0) by nia. nia.
  - intros A. refine (refutation_sound R 0%R 1%R Rplus Rmult Rminus Ropp least_R IZR (fun a q => (a / IZR (Zpos q))%R) vars
    flags functions predicates
      false true RTheory eq_refl eq_refl plus_IZR mult_IZR _ _ _ _ _ _ _ _ _ _ _ _ fs table A reasoned proof H); intros;
      rewrite ?least_R_true, ?least_R_false in *; try lra; try discriminate.
    + apply Rmult_le_pos; [|assumption]. apply IZR_le. assumption.
    + destruct (Z.leb_spec 0 k) as [L|L]; [apply least_R_true|apply least_R_false]; [apply IZR_le|apply IZR_lt]; exact L.
    + apply Rmult_eq_reg_l with (IZR k); [assumption|]. apply not_0_IZR. lia.
    + field. apply not_0_IZR. lia.
Qed.
