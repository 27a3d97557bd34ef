(* The table of scalars: entries of the code, ReLUs of forms and means under scores, each with one number however it is written.
   Forms are normal up to identities that hold for all rationals: relu(s f) = s relu(f) for s > 0; relu(f) = f + relu(-f);
   relu(f) = f where f is never negative, and 0 where it is never positive, by what is known of codes; a mean is linear; and
   which positions win does not change where a score is multiplied by s > 0, or where a term is added that does not depend on
   the position that is read.
   Definitions only. *)
From Coq Require Import List Bool ZArith QArith Qreduction FMapPositive.
From Efasp Require Import Terms.
Import ListNotations.
Module Map := PositiveMap.

(* What is known of an entry of a code: it is 1; it is 0 or more; it is between -s and s, where s is the sum of some entries. *)
Inductive fact := One | AtLeastZero | Within (owners : list positive).
Definition facts : Type := Map.t fact.

(* ReLU of sign * direction + constant, and the mean of a scalar under a score; directions and scores are numbered too. *)
Inductive entry := Unit (direction : positive) (up : bool) (c : Q) | Mean (score : positive) (of : positive).
(* The last three only find what is looked for: an answer is compared with the first three before it is used. *)
Record table := {
  entries : Map.t entry; next_scalar : positive;
  directions : Map.t linear; next_direction : positive;
  scores : Map.t bilinear; next_score : positive;
  by_sum : Map.t (list positive);                  (* directions by the sum of their scalars' numbers *)
  units : Map.t (list (bool * Q * positive));      (* ReLUs by direction *)
  means : Map.t (Map.t positive) }.                (* means by score, then by scalar *)
Definition empty_table (codes : positive) : table := {|
  entries := Map.empty _; next_scalar := codes; directions := Map.empty _; next_direction := 1;
  scores := Map.empty _; next_score := 1; by_sum := Map.empty _; units := Map.empty _; means := Map.empty _ |}.

(* Directions. A linear form is a factor times a direction. *)
Definition sum_key (l : linear) : positive := fold_left (fun s '(i, _) => Pos.add s i) l 1%positive.
Definition bucket {A} (k : positive) (m : Map.t (list A)) : list A := match Map.find k m with Some l => l | None => [] end.
Definition find_direction (t : table) (key : positive) (l : linear) : option positive :=
  find (fun n => match Map.find n (directions t) with Some other => same_linear other l | None => false end)
    (bucket key (by_sum t)).
Definition add_direction (t : table) (key : positive) (l : linear) : table := {|
  entries := entries t; next_scalar := next_scalar t;
  directions := Map.add (next_direction t) l (directions t); next_direction := Pos.succ (next_direction t);
  scores := scores t; next_score := next_score t;
  by_sum := Map.add key (next_direction t :: bucket key (by_sum t)) (by_sum t); units := units t; means := means t |}.
(* Number, orientation and size: the form is size * (direction, or minus the direction). *)
Record directed := { number : positive; along : bool; extent : Q }.
Definition direct (t : table) (l : linear) : table * directed :=
  let s := content l in
  let unit := scaled (Qred (/ s)) l in
  let key := sum_key unit in
  match find_direction t key unit with
  | Some n => (t, {| number := n; along := true; extent := s |})
  | None =>
      match find_direction t key (scaled (-1) unit) with
      | Some n => (t, {| number := n; along := false; extent := s |})
      | None => (add_direction t key unit, {| number := next_direction t; along := true; extent := s |})
      end
  end.

(* Is a form of codes 0 or more, by what is known? *)
Definition code_bound (known : facts) (i : positive) (c : Q) : option (linear) :=
  match Map.find i known with
  | Some AtLeastZero => Some [(i, c)]
  | Some (Within owners) => let size := if Qle_bool 0 c then Qopp c else c in Some (sum_of (map (fun o => [(o, size)]) owners))
  | _ => None
  end.
Fixpoint code_bounds (known : facts) (l : linear) : option (list linear) :=
  match l with
  | [] => Some []
  | (i, c) :: rest =>
      match code_bound known i c, code_bounds known rest with Some b, Some bs => Some (b :: bs) | _, _ => None end
  end.
Definition flag (known : facts) (i : positive) : bool :=
  match Map.find i known with Some AtLeastZero => true | _ => false end.
Definition codes_nonnegative (known : facts) (l : linear) : bool :=
  match code_bounds known l with
  | Some bounds => forallb (fun '(i, c) => flag known i && Qle_bool 0 c) (sum_of bounds)
  | None => false
  end.
(* The least value of a function of one number that is linear between its bends: (y, c), in order, says that the slope grows
   by c at y. From x on, where the function is v and has this slope; then of slope * x + base and what the bends add. *)
Fixpoint least_from (x v slope : Q) (bends : list (Q * Q)) : option Q :=
  match bends with
  | [] => if Qle_bool 0 slope then Some v else None
  | (y, c) :: rest =>
      if Qle_bool x y then
        option_map (fun m => if Qle_bool v m then v else m)
          (least_from y (qadd v (qmul slope (qadd y (Qopp x)))) (qadd slope c) rest)
      else None
  end.
Definition least (slope base : Q) (bends : list (Q * Q)) : option Q :=
  match bends with
  | [] => None
  | (y, _) :: _ => if Qle_bool slope 0 then least_from y (qadd base (qmul slope y)) slope bends else None
  end.
Fixpoint with_bend (y c : Q) (bends : list (Q * Q)) : list (Q * Q) :=
  match bends with
  | [] => [(y, c)]
  | (z, d) :: rest => if Qle_bool y z then (y, c) :: bends else (z, d) :: with_bend y c rest
  end.
(* Of slope * x + base, bends, and multiples of ReLUs of one direction, whose value is x: c relu(d - x) is
   c relu(x - d) - c x + c d. *)
Fixpoint least_of_units (t : table) (slope base : Q) (bends : list (Q * Q)) (l : linear) : option Q :=
  match l with
  | [] => least slope base bends
  | (i, c) :: rest =>
      match Map.find i (entries t) with
      | Some (Unit _ true d) => least_of_units t slope base (with_bend (Qopp d) c bends) rest
      | Some (Unit _ false d) => least_of_units t (qadd slope (Qopp c)) (qadd base (qmul c d)) (with_bend d c bends) rest
      | _ => None
      end
  end.
(* Which multiple of the direction to look at together with its ReLUs: as much as others have of its last scalar, as far as the
   slopes at both ends allow it. Where the direction's value x is a sum of ReLUs, relu(-x) is 0, and relu(x) where it is minus
   such a sum: p relu(x) + q relu(-x) is 0, and makes the slope irrelevant on the side where x has no values. *)
Definition coefficient (i : positive) (l : linear) : Q :=
  match find (fun p => Pos.eqb i (fst p)) l with Some (_, c) => c | None => 0 end.
Definition ends (t : table) (p q : Q) (l : linear) : Q * Q :=
  fold_left (fun '(low, high) '(i, c) =>
    match Map.find i (entries t) with
    | Some (Unit _ true _) => (qadd low (Qopp c), high)
    | Some (Unit _ false _) => (low, qadd high c)
    | _ => (low, high)
    end) l (Qopp p, q).
Definition wanted (direction others : linear) : Q :=
  match rev direction with [] => 0 | (i, c) :: _ => Qred (coefficient i others / c) end.
Definition between (limits : Q * Q) (a : Q) : Q :=
  if Qle_bool a (fst limits) then fst limits else if Qle_bool (snd limits) a then snd limits else a.
Definition size (a : Q) : Q := if Qle_bool 0 a then a else Qopp a.
Definition sizes (a : Q) (l : linear) : Q := fold_left (fun s p => qadd s (size (snd p))) l (size a).
Definition is_unit (t : table) (p : positive * Q) : bool :=
  match Map.find (fst p) (entries t) with Some (Unit _ _ _) => true | _ => false end.
Definition vanishing (t : table) (direction : linear) (k : Q) : Q * Q :=
  if forallb (fun p => is_unit t p && Qle_bool 0 (snd p)) direction then (0, k)
  else if forallb (fun p => is_unit t p && Qle_bool (snd p) 0) direction then (k, 0) else (0, 0).
Definition of_direction (t : table) (n : positive) (p : positive * Q) : bool :=
  match Map.find (fst p) (entries t) with Some (Unit n' _ _) => Pos.eqb n n' | _ => false end.
Definition score_number (t : table) (p : positive * Q) : option (positive * positive) :=
  match Map.find (fst p) (entries t) with Some (Mean s of) => Some (s, of) | _ => None end.
Definition under (t : table) (s : positive) (p : positive * Q) : bool :=
  match score_number t p with Some (s', _) => Pos.eqb s s' | None => false end.
Definition base (t : table) (p : positive * Q) : positive * Q :=
  match score_number t p with Some (_, of) => (of, snd p) | None => p end.
Definition top (l : linear) : positive := fold_left (fun m p => Pos.max m (fst p)) l 1%positive.
(* The direction to look at next: of a unit with a negative coefficient; or, where multiples of directions are looked at with
   their units ([opened]), of the scalar with the largest number, as it may rest on the others. *)
Definition negative_unit (t : table) (p : positive * Q) : bool := is_unit t p && negb (Qle_bool 0 (snd p)).
Definition direction_of (t : table) (i : positive) : option positive :=
  match Map.find i (entries t) with Some (Unit n _ _) => Some n | _ => None end.
Definition next_direction_of (t : table) (opened : bool) (l : linear) : option positive :=
  if opened then direction_of t (top l)
  else match find (negative_unit t) l with Some (i, _) => direction_of t i | None => None end.
(* Is a form 0 or more? ReLUs are looked at by directions, means by scores, and the entries of codes last. *)
Fixpoint nonnegative (fuel : nat) (opened : bool) (known : facts) (t : table) (f : form) : bool :=
  match fuel, parts f with
  | _, [] => Qle_bool 0 (free f)
  | O, _ => false
  | S fuel, l =>
      match next_direction_of t opened l with
      | Some n =>
          let '(mine, others) := partition (of_direction t n) l in
          match Map.find n (directions t) with
          | Some direction =>
              let asked := if opened then wanted direction others else 0 in
              let '(p, q) := vanishing t direction (sizes asked mine) in
              let a := if opened then between (ends t p q mine) asked else 0 in
              match least_of_units t (qadd a (Qopp q)) 0 [(0, qadd p q)] mine with
              | Some m =>
                  nonnegative fuel opened known t
                    {| free := qadd (free f) m;
                       parts := if qzero a then others else merge qadd qzero others (scaled (Qopp a) direction) |}
              | None => false
              end
          | None => false
          end
      | None =>
          match Map.find (top l) (entries t) with
          | Some (Unit _ _ _) =>
              let '(mine, others) := partition (is_unit t) l in
              forallb (fun p => Qle_bool 0 (snd p)) mine &&
                nonnegative fuel opened known t {| free := free f; parts := others |}
          | Some (Mean s _) =>
              let '(mine, others) := partition (under t s) l in
              nonnegative fuel opened known t {| free := 0; parts := map (base t) mine |}
                && nonnegative fuel opened known t {| free := free f; parts := others |}
          | None => Qle_bool 0 (free f) && codes_nonnegative known l
          end
      end
  end.
Definition either_way (fuel : nat) (known : facts) (t : table) (f : form) : bool :=
  nonnegative (length (parts f) + fuel) false known t f || existsb (is_unit t) (parts f) && nonnegative fuel true known t f.
Definition never_negative : facts -> table -> form -> bool := either_way 40.

(* ReLUs. *)
Definition find_unit (t : table) (n : positive) (up : bool) (c : Q) : option positive :=
  match find (fun '(up', c', _) => Bool.eqb up up' && qsame c c') (bucket n (units t)) with
  | Some (_, _, i) =>
      match Map.find i (entries t) with
      | Some (Unit n' up' c') => if Pos.eqb n n' && Bool.eqb up up' && qsame c c' then Some i else None
      | _ => None
      end
  | None => None
  end.
Definition add_unit (t : table) (n : positive) (up : bool) (c : Q) : table := {|
  entries := Map.add (next_scalar t) (Unit n up c) (entries t); next_scalar := Pos.succ (next_scalar t);
  directions := directions t; next_direction := next_direction t; scores := scores t; next_score := next_score t;
  by_sum := by_sum t; units := Map.add n ((up, c, next_scalar t) :: bucket n (units t)) (units t); means := means t |}.
(* relu(f), where the linear part of f is directed. That f or -f is never negative is asked of f / extent, and before relu(-f)
   is looked for: so the answer is the same whenever it is asked again, of any multiple. *)
Definition minus (f : form) : form := {| free := Qopp (free f); parts := scaled (-1) (parts f) |}.
Definition unit (known : facts) (t : table) (f : form) (d : directed) : table * form :=
  let c := Qred (free f / extent d) in
  match find_unit t (number d) (along d) c with
  | Some i => (t, atom (extent d) i)
  | None =>
      let g := {| free := c; parts := scaled (Qred (/ extent d)) (parts f) |} in
      if never_negative known t g then (t, f)
      else if never_negative known t (minus g) then (t, constant_form 0)
      else
        match find_unit t (number d) (negb (along d)) (Qopp c) with
        | Some i => (t, add_forms f (atom (extent d) i))
        | None => (add_unit t (number d) (along d) c, atom (extent d) (next_scalar t))
        end
  end.
(* The ReLUs of one linear form and several constants. *)
Definition constant_unit (f : form) : form := constant_form (if Qle_bool 0 (free f) then free f else 0).
Definition rectified (known : facts) (t : table) (l : linear) (constants : list Q) : table * list form :=
  match l with
  | [] => (t, map (fun c => constant_unit (constant_form c)) constants)
  | _ =>
      let '(t, d) := direct t l in
      let '(t, forms) := fold_left (fun '(t, forms) c =>
        let '(t, f) := unit known t {| free := c; parts := l |} d in (t, f :: forms)) constants (t, []) in
      (t, rev forms)
  end.

(* Scores. *)
Definition normal_score (pairs : list (form * form)) : bilinear :=
  let b := bilinear_sum (map (fun '(q, k) => product q k) pairs) in
  bilinear_scaled (Qred (/ bilinear_content b)) b.
Definition find_score (t : table) (b : bilinear) : option positive :=
  option_map fst (find (fun '(_, other) => same_bilinear other b) (Map.elements (scores t))).
Definition score (t : table) (pairs : list (form * form)) : table * positive :=
  let b := normal_score pairs in
  match find_score t b with
  | Some n => (t, n)
  | None => ({|
      entries := entries t; next_scalar := next_scalar t; directions := directions t; next_direction := next_direction t;
      scores := Map.add (next_score t) b (scores t); next_score := Pos.succ (next_score t);
      by_sum := by_sum t; units := units t; means := means t |}, next_score t)
  end.

(* Means. *)
Definition inner {A} (k : positive) (m : Map.t (Map.t A)) : Map.t A :=
  match Map.find k m with Some l => l | None => Map.empty _ end.
Definition mean_atom (t : table) (s of : positive) : table * positive :=
  let found :=
    match Map.find of (inner s (means t)) with
    | Some i =>
        match Map.find i (entries t) with
        | Some (Mean s' of') => if Pos.eqb s s' && Pos.eqb of of' then Some i else None
        | _ => None
        end
    | None => None
    end in
  match found with
  | Some i => (t, i)
  | None => ({|
      entries := Map.add (next_scalar t) (Mean s of) (entries t); next_scalar := Pos.succ (next_scalar t);
      directions := directions t; next_direction := next_direction t; scores := scores t; next_score := next_score t;
      by_sum := by_sum t; units := units t;
      means := Map.add s (Map.add of (next_scalar t) (inner s (means t))) (means t) |}, next_scalar t)
  end.
Fixpoint mean_parts (t : table) (s : positive) (l : linear) : table * list linear :=
  match l with
  | [] => (t, [])
  | (i, c) :: rest =>
      let '(t, j) := mean_atom t s i in
      let '(t, parts) := mean_parts t s rest in (t, [(j, c)] :: parts)
  end.
Definition mean_of (t : table) (s : positive) (f : form) : table * form :=
  let '(t, l) := mean_parts t s (parts f) in (t, {| free := free f; parts := sum_of l |}).
Fixpoint means_of (t : table) (s : positive) (fs : list form) : table * list form :=
  match fs with
  | [] => (t, [])
  | f :: rest => let '(t, g) := mean_of t s f in let '(t, gs) := means_of t s rest in (t, g :: gs)
  end.

(* The table was filled in order: every scalar has a number that no entry of a code has, and rests on such as have smaller
   ones. *)
Definition below (n : positive) (l : linear) : bool := forallb (fun '(i, _) => Pos.ltb i n) l.
Definition below_score (n : positive) (b : bilinear) : bool :=
  forallb (fun '(i, f) => Pos.ltb i n && below n (parts f)) b.
Definition in_order (t : table) (n : positive) (e : entry) : bool :=
  match e with
  | Unit d _ _ => match Map.find d (directions t) with Some l => below n l | None => false end
  | Mean s of => Pos.ltb of n && match Map.find s (scores t) with Some b => below_score n b | None => false end
  end.
Definition ordered (codes : positive) (t : table) : bool :=
  forallb (fun '(n, e) => Pos.leb codes n && in_order t n e) (Map.elements (entries t)).
(* Facts speak of entries of codes only. *)
Definition about_codes (codes : positive) (known : facts) : bool :=
  forallb (fun '(i, f) => Pos.ltb i codes &&
    match f with Within owners => forallb (fun o => Pos.ltb o codes) owners | _ => true end) (Map.elements known).
