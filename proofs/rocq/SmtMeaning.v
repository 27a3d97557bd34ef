(* What the formulas of Smt.v mean, over an ordered ring, and that a refutation which its checker accepts has no model: over the
   integers, or over the reals. *)
From Coq Require Import ZArith List PArith Bool Lia FMapPositive Ring.
From Efasp Require Import Lrat Smt.
Import ListNotations.
Open Scope Z_scope.

(* The meaning of terms and formulas. *)
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
