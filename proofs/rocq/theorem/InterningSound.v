(* The table of scalars is right: in a world that gives every scalar of the final table its meaning, at every position, the
   forms that the table's functions answer have the values that they should have. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Setoid FMapPositive Lia.
From Efasp Require Import Statement Scalars Terms TermsSound Interning Worlds.
Import ListNotations.
Open Scope Q_scope.

Lemma find_direction_found : forall t key l n, find_direction t key l = Some n -> Map.find n (directions t) = Some l.
Proof.
  intros t key l n H. apply find_some in H as [_ H]. destruct (Map.find n (directions t)) as [m|]; [|discriminate].
  apply same_linear_equal in H. congruence.
Qed.

Lemma find_unit_found : forall t n up c i, find_unit t n up c = Some i -> Map.find i (entries t) = Some (Unit n up c).
Proof.
  intros t n up c i H. unfold find_unit in H. destruct (find _ _) as [[[up' c'] j]|]; [|discriminate].
  destruct (Map.find j (entries t)) as [[n' up2 c2|]|] eqn:E; try discriminate.
  destruct (_ && _) eqn:B; [|discriminate]. injection H as ->. apply andb_true_iff in B as [B C].
  apply andb_true_iff in B as [B D]. apply Pos.eqb_eq in B. apply eqb_prop in D. apply qsame_equal in C. congruence.
Qed.

(* Of a directed form: the direction, with sign and size, has the form's value. *)
Definition directs (t : table) (l : linear) (d : directed) : Prop :=
  0 < extent d /\ exists m, Map.find (number d) (directions t) = Some m /\
  forall e, value e l == extent d * oriented (along d) (value e m).

Lemma directs_extends : forall t u l d, extends t u -> directs t l d -> directs u l d.
Proof.
  intros t u l d E (P & m & F & H). split; [exact P|]. exists m. split; [apply (same_directions _ _ E); exact F|exact H].
Qed.

Lemma direct_right : forall t l u d, direct t l = (u, d) -> grows t u /\ directs u l d.
Proof.
  intros t l u d. unfold direct. set (s := content l). pose proof (content_positive l) as P. fold s in P.
  assert (U : forall e, value e (scaled (Qred (/ s)) l) == / s * value e l).
  { intros e. rewrite scaled_value, Qred_correct. reflexivity. }
  assert (N : ~ s == 0) by (intros E; rewrite E in P; discriminate).
  cbv zeta. destruct (find_direction t _ (scaled (Qred (/ s)) l)) as [n|] eqn:F.
  { intros H. injection H as <- <-. split; [apply grows_refl|]. split; [exact P|]. exists (scaled (Qred (/ s)) l).
    split; [exact (find_direction_found _ _ _ _ F)|]. intros e. cbn [along extent oriented]. rewrite U. field. exact N. }
  destruct (find_direction t _ (scaled (-1) _)) as [n|] eqn:G.
  { intros H. injection H as <- <-. split; [apply grows_refl|]. split; [exact P|]. eexists.
    split; [exact (find_direction_found _ _ _ _ G)|]. intros e. cbn [along extent oriented]. rewrite scaled_value, U.
    field. exact N. }
  intros H. injection H as <- <-. split; [apply grows_direction|]. split; [exact P|]. exists (scaled (Qred (/ s)) l).
  split; [cbn [number add_direction directions]; apply Map.gss|]. intros e. cbn [along extent oriented]. rewrite U. field.
  exact N.
Qed.

Lemma normal_score_right : forall pairs here, exists s k, 0 < s /\ forall there,
  fold_right (fun '(q, f) rest => form_value here q * form_value there f + rest) 0 pairs ==
  s * bilinear_value here there (normal_score pairs) + k.
Proof.
  intros pairs here. unfold normal_score. set (b := bilinear_sum _). pose proof (bilinear_content_positive b) as P.
  exists (bilinear_content b), (fold_right (fun '(q, f) rest => form_value here q * free f + rest) 0 pairs).
  split; [exact P|]. intros there. rewrite bilinear_scaled_value, Qred_correct, Qmult_assoc, Qmult_inv_r, Qmult_1_l.
  2: { intros E. rewrite E in P. discriminate. }
  unfold b. rewrite bilinear_sum_value. clear. induction pairs as [|(q, f) l IH]; cbn [map fold_right]; [ring|].
  rewrite IH, product_value. ring.
Qed.

Lemma score_right : forall t pairs u n, score t pairs = (u, n) ->
  grows t u /\ exists b, Map.find n (scores u) = Some b /\ b = normal_score pairs.
Proof.
  intros t pairs u n. unfold score. destruct (find_score t _) as [m|] eqn:F; intros H; injection H as <- <-.
  - split; [apply grows_refl|]. unfold find_score in F. destruct (find _ _) as [[m' b]|] eqn:G; [|discriminate].
    injection F as ->. apply find_some in G as [I S]. apply same_bilinear_equal in S. exists b.
    split; [apply Map.elements_complete; exact I|exact S].
  - split.
    + intros [A B C]. destruct (added_fresh _ _ _ (normal_score pairs) C) as [D E]. split; split; cbn [entries next_scalar
        directions next_direction scores next_score]; trivial.
    + eexists. split; [cbn [scores]; apply Map.gss|reflexivity].
Qed.

Lemma mean_atom_right : forall t s i u j, mean_atom t s i = (u, j) ->
  grows t u /\ Map.find j (entries u) = Some (Mean s i).
Proof.
  intros t s i u j. unfold mean_atom. cbv zeta.
  match goal with |- context [match ?x with Some _ => _ | None => _ end = _] => destruct x as [k|] eqn:F end.
  - intros H. injection H as <- <-. split; [apply grows_refl|].
    destruct (Map.find i _) as [k'|]; [|discriminate].
    destruct (Map.find k' (entries t)) as [[|s' i']|] eqn:G; try discriminate.
    destruct (_ && _) eqn:B; [|discriminate]. injection F as ->. apply andb_true_iff in B as [B C].
    apply Pos.eqb_eq in B, C. congruence.
  - intros H. injection H as <- <-. split.
    + intros [A B C]. destruct (added_fresh _ _ _ (Mean s i) A) as [D E]. split; split; cbn [entries next_scalar directions
        next_direction scores next_score]; trivial.
    + cbn [entries]. apply Map.gss.
Qed.

Lemma add_unit_found : forall t n up c, Map.find (next_scalar t) (entries (add_unit t n up c)) = Some (Unit n up c).
Proof. intros. cbn [add_unit entries]. apply Map.gss. Qed.

(* From here on in a world of the final table. *)
Section World.
Variables (final : table) (world : list env) (known : facts).
Hypothesis valid : valid_in final world.
Hypothesis facts_hold : known_in known world.
Hypothesis somewhere : world <> [].

Lemma unit_meaning : forall t l d f up c i here, extends t final -> directs t l d -> In here world -> parts f = l ->
  Map.find i (entries t) = Some (Unit (number d) up c) ->
  here i == rectify (oriented up (oriented (along d) (value here l / extent d)) + c).
Proof.
  intros t l d f up c i here E D I <- F. rewrite (valid here I i _ (same_entries _ _ E _ _ F)). cbn [meaning].
  destruct (directs_extends _ _ _ _ E D) as (P & m & G & H). rewrite G. apply rectify_equal.
  assert (N : ~ extent d == 0) by (intros Z; rewrite Z in P; discriminate).
  specialize (H here). destruct up, (along d); cbn [oriented] in *; rewrite H; field; exact N.
Qed.

(* Never negative. *)
Lemma partition_value : forall e p l mine others, partition p l = (mine, others) ->
  value e l == value e mine + value e others.
Proof.
  intros e p l. induction l as [|(i, c) l IH]; intros mine others H; cbn [partition] in H.
  - injection H as <- <-. cbn. ring.
  - destruct (partition p l) as [a b]. specialize (IH a b eq_refl).
    destruct (p (i, c)); injection H as <- <-; rewrite !value_cons, IH; ring.
Qed.

Lemma partition_left : forall A p (l mine others : list A), partition p l = (mine, others) ->
  (forall x, In x mine -> In x l /\ p x = true) /\ (forall x, In x others -> In x l /\ p x = false).
Proof.
  intros A p l. induction l as [|y l IH]; intros mine others H; cbn [partition] in H.
  - injection H as <- <-. split; intros x [].
  - destruct (partition p l) as [a b]. destruct (IH a b eq_refl) as [X Y].
    destruct (p y) eqn:E; injection H as <- <-; split; intros x I.
    + destruct I as [<-|I]; [split; [left; reflexivity|exact E]|]. destruct (X x I). split; [right|]; assumption.
    + destruct (Y x I). split; [right|]; assumption.
    + destruct (X x I). split; [right|]; assumption.
    + destruct I as [<-|I]; [split; [left; reflexivity|exact E]|]. destruct (Y x I). split; [right|]; assumption.
Qed.

Lemma owners_value : forall e c owners, value e (sum_of (map (fun o => [(o, c)]) owners)) == c * sum_at e owners.
Proof.
  intros e c owners. rewrite sum_of_value. induction owners as [|o l IH]; cbn [map fold_right sum_at]; [ring|].
  fold (sum_at e l). rewrite IH, value_cons. change (value e []) with 0. ring.
Qed.

Lemma code_bound_right : forall e i c b, In e world -> code_bound known i c = Some b -> value e b <= c * e i.
Proof.
  intros e i c b I H. unfold code_bound in H. destruct (Map.find i known) as [f|] eqn:F; [|discriminate].
  pose proof (facts_hold e I i f F) as K. destruct f as [| |owners]; [discriminate| |].
  - injection H as <-. rewrite value_cons. change (value e []) with 0. lra.
  - cbn [holds] in K. cbv zeta in H. injection H as <-. rewrite owners_value. destruct (Qle_bool 0 c) eqn:L.
    + apply Qle_bool_iff in L. nra.
    + assert (N : c < 0) by (apply Qnot_le_lt; intros X; apply Qle_bool_iff in X; congruence). nra.
Qed.

Lemma code_bounds_right : forall e l bs, In e world -> code_bounds known l = Some bs ->
  fold_right (fun b rest => value e b + rest) 0 bs <= value e l.
Proof.
  intros e l. induction l as [|(i, c) l IH]; intros bs I H; cbn [code_bounds] in H.
  - injection H as <-. cbn. lra.
  - destruct (code_bound known i c) as [b|] eqn:B; [|discriminate]. destruct (code_bounds known l) as [bs'|]; [|discriminate].
    injection H as <-. cbn [fold_right]. rewrite value_cons. pose proof (code_bound_right e i c b I B).
    pose proof (IH bs' I eq_refl). lra.
Qed.

Lemma codes_nonnegative_right : forall e l, In e world -> codes_nonnegative known l = true -> 0 <= value e l.
Proof.
  intros e l I H. unfold codes_nonnegative in H. destruct (code_bounds known l) as [bs|] eqn:B; [|discriminate].
  pose proof (code_bounds_right e l bs I B) as L. rewrite <- sum_of_value in L. apply Qle_trans with (2 := L).
  clear L B. induction (sum_of bs) as [|(i, c) m IH]; [cbn; lra|]. cbn [forallb] in H. apply andb_true_iff in H as [A H].
  apply andb_true_iff in A as [F C]. rewrite value_cons. unfold flag in F.
  destruct (Map.find i known) as [[| |]|] eqn:K; try discriminate. pose proof (facts_hold e I i _ K) as G. cbn [holds] in G.
  apply Qle_bool_iff in C. specialize (IH H). nra.
Qed.

(* A function that is linear between bends is nowhere less than at one of them, if it does not fall beyond the last,
   nor rise up to the first. *)
Definition bent (x : Q) (bends : list (Q * Q)) : Q := fold_right (fun '(y, c) rest => c * rectify (x - y) + rest) 0 bends.
Lemma bent_cons : forall x y c bends, bent x ((y, c) :: bends) = c * rectify (x - y) + bent x bends.
Proof. reflexivity. Qed.

Lemma least_from_order : forall bends x v slope m, least_from x v slope bends = Some m -> forall y c, In (y, c) bends -> x <= y.
Proof.
  induction bends as [|(z, d) bends IH]; intros x v slope m H y c I; [destruct I|]. cbn [least_from] in H.
  destruct (Qle_bool x z) eqn:L; [|discriminate]. apply Qle_bool_iff in L.
  destruct (least_from z _ _ bends) as [m'|] eqn:F; [|discriminate]. destruct I as [E|I]; [injection E as <- <-; exact L|].
  apply Qle_trans with (1 := L). exact (IH _ _ _ _ F y c I).
Qed.

Lemma bent_before : forall bends x, (forall y c, In (y, c) bends -> x <= y) -> bent x bends == 0.
Proof.
  induction bends as [|(y, c) bends IH]; intros x H; [reflexivity|]. rewrite bent_cons.
  rewrite (IH x (fun z d I => H z d (or_intror I))). pose proof (H y c (or_introl eq_refl)) as L.
  destruct (rectify_cases (x - y)) as [[A ->]|[A ->]]; [|ring]. assert (E : x - y == 0) by lra. rewrite E. ring.
Qed.

Lemma least_from_right : forall bends x v slope m z, least_from x v slope bends = Some m -> x <= z ->
  m <= v + slope * (z - x) + bent z bends.
Proof.
  induction bends as [|(y, c) bends IH]; intros x v slope m z H L.
  - cbn [least_from] in H. destruct (Qle_bool 0 slope) eqn:S; [|discriminate]. injection H as <-. apply Qle_bool_iff in S.
    change (bent z []) with 0.
    assert (D : 0 <= z - x) by lra. pose proof (Qmult_le_0_compat _ _ S D). lra.
  - pose proof (least_from_order _ _ _ _ _ H) as O. cbn [least_from] in H. destruct (Qle_bool x y) eqn:X; [|discriminate].
    apply Qle_bool_iff in X. destruct (least_from y _ _ bends) as [n|] eqn:F; [|discriminate]. injection H as <-.
    pose proof (IH _ _ _ _ y F (Qle_refl y)) as At. rewrite (bent_before bends y (least_from_order _ _ _ _ _ F)) in At.
    rewrite qadd_sum, qmul_product, qadd_sum in At.
    assert (B : (if Qle_bool v n then v else n) <= v /\ (if Qle_bool v n then v else n) <= n).
    { destruct (Qle_bool v n) eqn:C; [apply Qle_bool_iff in C; lra|]. assert (n < v); [|lra].
      apply Qnot_le_lt. intros D. apply Qle_bool_iff in D. congruence. }
    destruct B as [B D]. set (least := if Qle_bool v n then v else n) in *. clearbody least.
    destruct (Qlt_le_dec y z) as [Z|Z].
    + pose proof (IH _ _ _ _ z F (Qlt_le_weak _ _ Z)) as G. rewrite qadd_sum, qmul_product, !qadd_sum in G.
      rewrite bent_cons. destruct (rectify_cases (z - y)) as [[_ ->]|[A _]]; lra.
    + rewrite (bent_before ((y, c) :: bends) z).
      2: { intros w d [E|I]; [injection E as <- <-; exact Z|]. apply Qle_trans with (1 := Z).
           exact (least_from_order _ _ _ _ _ F w d I). }
      destruct (Qlt_le_dec slope 0) as [S|S].
      * assert (P : 0 <= - slope) by lra. assert (N : 0 <= y - z) by lra. pose proof (Qmult_le_0_compat _ _ P N). lra.
      * assert (N : 0 <= z - x) by lra. pose proof (Qmult_le_0_compat _ _ S N). lra.
Qed.

Lemma least_right : forall slope base bends m z, least slope base bends = Some m -> m <= slope * z + base + bent z bends.
Proof.
  intros slope base bends m z H. unfold least in H. destruct bends as [|(y, c) bends].
  - discriminate.
  - destruct (Qle_bool slope 0) eqn:S; [|discriminate]. apply Qle_bool_iff in S. destruct (Qlt_le_dec z y) as [L|L].
    + pose proof (least_from_right _ _ _ _ _ y H (Qle_refl y)) as At. rewrite qadd_sum, qmul_product in At.
      pose proof (least_from_order _ _ _ _ _ H) as O. rewrite (bent_before _ y O) in At.
      rewrite (bent_before _ z) by (intros w d I; pose proof (O w d I); lra).
      assert (P : 0 <= - slope) by lra. assert (N : 0 <= y - z) by lra. pose proof (Qmult_le_0_compat _ _ P N). lra.
    + pose proof (least_from_right _ _ _ _ _ z H L) as At. rewrite qadd_sum, qmul_product in At. lra.
Qed.

Lemma with_bend_right : forall y c bends x, bent x (with_bend y c bends) == c * rectify (x - y) + bent x bends.
Proof.
  intros y c bends x. induction bends as [|(z, d) bends IH]; cbn [with_bend]; [reflexivity|].
  destruct (Qle_bool y z); [reflexivity|].
  rewrite !bent_cons, IH. ring.
Qed.

Lemma least_of_units_right : forall t e n direction l slope base bends m, extends t final -> In e world ->
  Map.find n (directions t) = Some direction -> (forall p, In p l -> of_direction t n p = true) ->
  least_of_units t slope base bends l = Some m ->
  m <= slope * value e direction + base + bent (value e direction) bends + value e l.
Proof.
  intros t e n direction l. induction l as [|(i, c) l IH]; intros slope base bends m E I D U H; cbn [least_of_units] in H.
  - change (value e []) with 0. pose proof (least_right _ _ _ _ (value e direction) H). lra.
  - specialize (IH) with (2 := I) (3 := D) (4 := fun p J => U p (or_intror J)).
    pose proof (U (i, c) (or_introl eq_refl)) as M. unfold of_direction in M. cbn [fst] in M.
    destruct (Map.find i (entries t)) as [[n' up d|]|] eqn:F; try discriminate. apply Pos.eqb_eq in M. subst n'.
    rewrite value_cons, (valid e I i _ (same_entries _ _ E _ _ F)). cbn [meaning]. rewrite (same_directions _ _ E _ _ D).
    set (x := value e direction) in *. destruct up; cbn [oriented]; pose proof (IH _ _ _ _ E H) as B; clear IH H.
    + rewrite with_bend_right in B. rewrite (rectify_equal (x + d) (x - - d)) by ring. lra.
    + rewrite with_bend_right, !qadd_sum, qmul_product in B. rewrite (rectify_split (- x + d)).
      rewrite (rectify_equal (- (- x + d)) (x - d)) by ring. lra.
Qed.

Lemma unit_nonnegative : forall t e p, extends t final -> In e world -> is_unit t p = true -> 0 <= e (fst p).
Proof.
  intros t e p E I H. unfold is_unit in H. destruct (Map.find (fst p) (entries t)) as [[n up c|]|] eqn:F; try discriminate.
  rewrite (valid e I _ _ (same_entries _ _ E _ _ F)). cbn [meaning]. destruct (Map.find n (directions final)); [|lra].
  match goal with |- 0 <= rectify ?q => destruct (rectify_cases q) as [[A ->]|[A ->]] end; lra.
Qed.

Lemma units_nonnegative : forall t e (keep : Q -> bool) (sign : Q) l, extends t final -> In e world ->
  (forall c, keep c = true -> 0 <= sign * c) -> forallb (fun p => is_unit t p && keep (snd p)) l = true ->
  0 <= sign * value e l.
Proof.
  intros t e keep sign l E I K. induction l as [|(i, c) l IH]; intros H; [change (value e []) with 0; lra|].
  cbn [forallb] in H. apply andb_true_iff in H as [H F]. apply andb_true_iff in H as [U C]. rewrite value_cons.
  pose proof (unit_nonnegative t e (i, c) E I U) as N. pose proof (Qmult_le_0_compat _ _ (K c C) N). specialize (IH F).
  cbn [fst] in *. lra.
Qed.

Lemma vanishing_right : forall t e direction k p q, extends t final -> In e world -> vanishing t direction k = (p, q) ->
  p * rectify (value e direction) + q * rectify (- value e direction) == 0.
Proof.
  intros t e direction k p q E I H. unfold vanishing in H. set (x := value e direction).
  destruct (forallb (fun p => is_unit t p && Qle_bool 0 (snd p)) direction) eqn:U.
  { injection H as <- <-. assert (S : 0 <= 1 * x).
    { apply (units_nonnegative t e (Qle_bool 0) 1 direction E I); [|exact U]. intros c C. apply Qle_bool_iff in C. lra. }
    destruct (rectify_cases (- x)) as [[A ->]|[A ->]]; [|ring]. setoid_replace (- x) with 0 by lra. ring. }
  destruct (forallb (fun p => is_unit t p && Qle_bool (snd p) 0) direction) eqn:V; injection H as <- <-; [|ring].
  assert (S : 0 <= -1 * x).
  { apply (units_nonnegative t e (fun c => Qle_bool c 0) (-1) direction E I); [|exact V]. intros c C. apply Qle_bool_iff in C.
    lra. }
  destruct (rectify_cases x) as [[A ->]|[A ->]]; [|ring]. generalize (rectify (- x)); intros r.
  setoid_replace x with 0 by lra. ring.
Qed.

Lemma means_value : forall t s e l, extends t final -> In e world -> (forall p, In p l -> under t s p = true) ->
  value e l == match Map.find s (scores final) with
    | Some b => average (map (fun w => value w (map (base t) l)) (winners b e world)) | None => 0 end.
Proof.
  intros t s e l E I. induction l as [|(i, c) l IH]; intros H.
  - change (value e []) with 0. destruct (Map.find s (scores final)) as [b|]; [|reflexivity]. cbn [map].
    change (fun w => value w []) with (fun _ : env => 0). rewrite average_zero. reflexivity.
  - specialize (IH (fun p J => H p (or_intror J))). specialize (H (i, c) (or_introl eq_refl)).
    rewrite value_cons, IH. unfold under, score_number in H. cbn [fst] in H. cbn [map]. unfold base at 2, score_number.
    cbn [fst snd].
    destruct (Map.find i (entries t)) as [[|s' of]|] eqn:F; try discriminate. apply Pos.eqb_eq in H. subst s'.
    rewrite (valid e I i _ (same_entries _ _ E _ _ F)). cbn [meaning].
    destruct (Map.find s (scores final)) as [b|]; [|ring].
    assert (X : average (map (fun w => value w ((of, c) :: map (base t) l)) (winners b e world)) ==
      c * average (map (fun w => w of) (winners b e world)) +
      average (map (fun w => value w (map (base t) l)) (winners b e world))).
    { rewrite <- average_linear. reflexivity. }
    rewrite X. reflexivity.
Qed.

Lemma winners_within : forall b here e, In e (winners b here world) -> In e world.
Proof. intros b here e H. apply filter_In in H. tauto. Qed.

Lemma nonnegative_right : forall t, extends t final -> forall fuel opened f, nonnegative fuel opened known t f = true ->
  forall e, In e world -> 0 <= form_value e f.
Proof.
  intros t E. induction fuel as [|fuel IH]; intros opened f H e I; unfold form_value; cbn [nonnegative] in H.
  - destruct (parts f) eqn:P; [|discriminate]. apply Qle_bool_iff in H. change (value e []) with 0. lra.
  - destruct (parts f) as [|p l] eqn:P; [apply Qle_bool_iff in H; change (value e []) with 0; lra|].
    remember (p :: l) as whole eqn:W. clear W P p l.
    assert (Again : forall opened k l, nonnegative fuel opened known t {| free := k; parts := l |} = true ->
      0 <= k + value e l).
    { intros o k l G. exact (IH o _ G e I). }
    destruct (next_direction_of t opened whole) as [n|].
    { destruct (partition (of_direction t n) whole) as [mine others] eqn:M.
      destruct (Map.find n (directions t)) as [direction|] eqn:D; [|discriminate]. cbv zeta in H.
      destruct (vanishing t direction _) as [p q] eqn:V. apply (vanishing_right t e direction _ p q E I) in V.
      set (a := if opened then between _ _ else 0) in H. clearbody a.
      destruct (least_of_units t _ 0 _ mine) as [m|] eqn:L; [|discriminate].
      apply Again in H. rewrite qadd_sum in H. rewrite (partition_value e _ _ _ _ M).
      destruct (partition_left _ _ _ _ _ M) as [MU _].
      pose proof (least_of_units_right t e n direction mine _ 0 _ m E I D (fun p J => proj2 (MU p J)) L) as B.
      rewrite bent_cons, !qadd_sum in B. change (bent (value e direction) []) with 0 in B.
      rewrite (rectify_equal (value e direction - 0) (value e direction)) in B by ring.
      rewrite (rectify_split (- value e direction)), (rectify_equal (- - value e direction) (value e direction)) in V by ring.
      destruct (qzero a) eqn:Z; [rewrite (qzero_zero _ Z) in B; lra|].
      rewrite merge_value, scaled_value in H. lra. }
    destruct (Map.find (top whole) (entries t)) as [[n up c|s of]|].
    + destruct (partition (is_unit t) whole) as [mine others] eqn:M. apply andb_true_iff in H as [P O].
      rewrite (partition_value e _ _ _ _ M). apply Again in O. destruct (partition_left _ _ _ _ _ M) as [MU _].
      assert (0 <= 1 * value e mine); [|lra]. apply (units_nonnegative t e (Qle_bool 0) 1 mine E I).
      { intros k K. apply Qle_bool_iff in K. lra. }
      rewrite forallb_forall in *. intros p J. apply andb_true_iff. split; [apply MU; exact J|exact (P p J)].
    + destruct (partition (under t s) whole) as [mine others] eqn:M. apply andb_true_iff in H as [H O].
      rewrite (partition_value e _ _ _ _ M). apply Again in O. destruct (partition_left _ _ _ _ _ M) as [MU _].
      assert (0 <= value e mine); [|lra]. rewrite (means_value t s e mine E I) by (intros q J; apply MU; exact J).
      destruct (Map.find s (scores final)) as [b|]; [|lra]. apply average_nonnegative. intros w J.
      pose proof (IH opened _ H w (winners_within _ _ _ J)) as G. unfold form_value in G. cbn [free parts] in G. lra.
    + apply andb_true_iff in H as [O H]. apply Qle_bool_iff in O. pose proof (codes_nonnegative_right e whole I H). lra.
Qed.

Lemma either_way_right : forall t f e fuel, extends t final -> either_way fuel known t f = true -> In e world ->
  0 <= form_value e f.
Proof.
  intros t f e fuel E H I. apply orb_true_iff in H as [H|H]; [|apply andb_true_iff in H as [_ H]];
    exact (nonnegative_right t E _ _ f H e I).
Qed.

Lemma never_negative_right : forall t f e, extends t final -> never_negative known t f = true -> In e world ->
  0 <= form_value e f.
Proof. intros t f e. exact (either_way_right t f e 40). Qed.

(* ReLUs. *)
Lemma unit_right : forall t f d u g, unit known t f d = (u, g) -> directs t (parts f) d ->
  grows t u /\ (extends u final -> forall e, In e world -> form_value e g == rectify (form_value e f)).
Proof.
  intros t f d u g H D. assert (P : 0 < extent d) by apply D.
  assert (N : ~ extent d == 0) by (intros Z; rewrite Z in P; discriminate). unfold unit in H. cbv zeta in H.
  set (c := Qred (free f / extent d)) in H. assert (C : c == free f / extent d) by apply Qred_correct. clearbody c.
  destruct (find_unit t (number d) (along d) c) as [i|] eqn:F.
  { injection H as <- <-. split; [apply grows_refl|]. intros E e I. apply find_unit_found in F.
    rewrite atom_value, (unit_meaning t (parts f) d f _ c i e E D I eq_refl F), <- rectify_scaled by exact P.
    apply rectify_equal. rewrite C. unfold form_value. destruct (along d); cbn [oriented]; field; exact N. }
  destruct (never_negative known t _) eqn:S.
  { injection H as <- <-. split; [apply grows_refl|]. intros E e I. pose proof (never_negative_right t _ e E S I) as L.
    assert (V : 0 <= form_value e f).
    { unfold form_value in L. cbn [free parts] in L. rewrite C, scaled_value, Qred_correct in L.
      assert (Q : form_value e f == extent d * (free f / extent d + / extent d * value e (parts f))) by
        (unfold form_value; field; exact N). rewrite Q. apply Qmult_le_0_compat; [lra|exact L]. }
    destruct (rectify_cases (form_value e f)) as [[_ ->]|[B _]]; [reflexivity|lra]. }
  destruct (never_negative known t (minus _)) eqn:M.
  { injection H as <- <-. split; [apply grows_refl|]. intros E e I. pose proof (never_negative_right t _ e E M) as L.
    specialize (L I). assert (V : 0 <= - form_value e f).
    { unfold form_value, minus in L. cbn [free parts] in L. rewrite C, !scaled_value, Qred_correct in L.
      assert (Q : - form_value e f == extent d * (- (free f / extent d) + -1 * (/ extent d * value e (parts f)))) by
        (unfold form_value; field; exact N). rewrite Q. apply Qmult_le_0_compat; [lra|exact L]. }
    rewrite constant_form_value. destruct (rectify_cases (form_value e f)) as [[B ->]|[_ ->]]; [|reflexivity]. lra. }
  destruct (find_unit t (number d) (negb (along d)) (- c)) as [i|] eqn:G.
  { injection H as <- <-. split; [apply grows_refl|]. intros E e I. apply find_unit_found in G.
    rewrite add_forms_value, atom_value, (unit_meaning t (parts f) d f _ _ i e E D I eq_refl G),
      (rectify_split (form_value e f)).
    apply Qplus_comp; [reflexivity|]. rewrite <- rectify_scaled by exact P. apply rectify_equal. unfold form_value.
    destruct (along d); cbn [oriented negb]; rewrite C; field; exact N. }
  injection H as <- <-. split; [apply grows_unit|]. intros E e I.
  assert (D' : directs (add_unit t (number d) (along d) c) (parts f) d) by exact D.
  rewrite atom_value, (unit_meaning _ (parts f) d f _ c _ e E D' I eq_refl (add_unit_found _ _ _ _)),
    <- rectify_scaled by exact P.
  apply rectify_equal. rewrite C. unfold form_value. destruct (along d); cbn [oriented]; field; exact N.
Qed.

Lemma rectified_right : forall t l constants u fs, fresh t -> rectified known t l constants = (u, fs) ->
  fresh u /\ extends t u /\ (extends u final -> forall e, In e world ->
  Forall2 (fun c f => form_value e f == rectify (c + value e l)) constants fs).
Proof.
  intros t l constants u fs Fr H. unfold rectified in H. destruct l as [|p l'] eqn:L.
  { injection H as <- <-. split; [exact Fr|]. split; [apply extends_refl|]. intros _ e I. clear.
    induction constants as [|c cs IH]; cbn [map]; constructor; [|exact IH]. unfold constant_unit.
    rewrite constant_form_value. cbn [free constant_form]. change (rectify c == rectify (c + value e [])).
    apply rectify_equal. change (value e []) with 0. ring. }
  rewrite <- L in *. clear L p l'. destruct (direct t l) as [t1 d] eqn:D. destruct (direct_right t l t1 d D) as [G R].
  destruct (G Fr) as [F1 E1]. clear G D.
  assert (A : forall cs t acc u fs, fresh t -> directs t l d -> fold_left (fun '(t, forms) c =>
      let '(t, f) := unit known t {| free := c; parts := l |} d in (t, f :: forms)) cs (t, acc) = (u, fs) ->
    fresh u /\ extends t u /\ exists new, fs = rev new ++ acc /\ (extends u final -> forall e, In e world ->
      Forall2 (fun c f => form_value e f == rectify (c + value e l)) cs new)).
  { induction cs as [|c cs IH]; intros t' acc u' fs' F D X; cbn [fold_left] in X.
    - injection X as <- <-. split; [exact F|]. split; [apply extends_refl|]. exists []. split; [reflexivity|]. constructor.
    - destruct (unit known t' _ d) as [t2 f] eqn:U. destruct (unit_right t' _ d t2 f U D) as [G R']. destruct (G F) as [F2 E2].
      destruct (IH t2 (f :: acc) u' fs' F2 (directs_extends _ _ _ _ E2 D) X) as (F3 & E3 & new & -> & W).
      split; [exact F3|]. split; [exact (extends_trans _ _ _ E2 E3)|]. exists (f :: new). split.
      + cbn [rev]. rewrite <- app_assoc. reflexivity.
      + intros E e I. constructor; [|exact (W E e I)]. rewrite (R' (extends_trans _ _ _ E3 E) e I). reflexivity. }
  destruct (fold_left _ constants (t1, [])) as [t2 forms] eqn:Fo. injection H as <- <-.
  destruct (A constants t1 [] t2 forms F1 R Fo) as (F2 & E2 & new & -> & W). split; [exact F2|].
  split; [exact (extends_trans _ _ _ E1 E2)|]. intros E e I. rewrite app_nil_r, rev_involutive. exact (W E e I).
Qed.

(* Means, under the score of that number. *)
Lemma mean_parts_right : forall s b l t u parts, fresh t -> mean_parts t s l = (u, parts) -> fresh u /\ extends t u /\
  (extends u final -> Map.find s (scores final) = Some b -> forall e, In e world ->
    value e (sum_of parts) == average (map (fun w => value w l) (winners b e world))).
Proof.
  intros s b. induction l as [|(i, c) l IH]; intros t u parts F H; cbn [mean_parts] in H.
  - injection H as <- <-. split; [exact F|]. split; [apply extends_refl|]. intros _ _ e I.
    change (value e (sum_of [])) with 0. change (fun w => value w []) with (fun _ : env => 0). rewrite average_zero.
    reflexivity.
  - destruct (mean_atom t s i) as [t1 j] eqn:M. destruct (mean_atom_right t s i t1 j M) as [G J]. destruct (G F) as [F1 E1].
    destruct (mean_parts t1 s l) as [t2 ps] eqn:P. injection H as <- <-. destruct (IH t1 t2 ps F1 P) as (F2 & E2 & W).
    split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|]. intros E S e I. rewrite sum_of_value. cbn [fold_right].
    rewrite <- sum_of_value, (W E S e I). change (fun w => value w ((i, c) :: l)) with (fun w : env => c * w i + value w l).
    rewrite average_linear. apply Qplus_comp; [|reflexivity]. rewrite value_cons. change (value e []) with 0.
    rewrite (valid e I j _ (same_entries _ _ (extends_trans _ _ _ E2 E) _ _ J)). cbn [meaning]. rewrite S. apply Qplus_0_r.
Qed.

Lemma mean_of_right : forall s b f t u g, fresh t -> mean_of t s f = (u, g) -> fresh u /\ extends t u /\
  (extends u final -> Map.find s (scores final) = Some b -> forall e, In e world ->
    form_value e g == average (map (fun w => form_value w f) (winners b e world))).
Proof.
  intros s b f t u g F H. unfold mean_of in H. destruct (mean_parts t s (parts f)) as [t1 l] eqn:M. injection H as <- <-.
  destruct (mean_parts_right s b _ _ _ _ F M) as (F1 & E1 & W). split; [exact F1|]. split; [exact E1|].
  intros E S e I. unfold form_value at 1. cbn [free parts]. rewrite (W E S e I).
  assert (A : average (map (fun w => form_value w f) (winners b e world)) ==
    1 * average (map (fun _ => free f) (winners b e world)) + average (map (fun w => value w (parts f)) (winners b e world))).
  { rewrite <- average_linear. apply (average_extends _ _ eq); [|clear; induction (winners b e world); constructor; trivial].
    intros x y <-. unfold form_value. ring. }
  rewrite A, average_constant by (apply winners_some; exact somewhere). ring.
Qed.

Lemma means_of_right : forall s b fs t u gs, fresh t -> means_of t s fs = (u, gs) -> fresh u /\ extends t u /\
  (extends u final -> Map.find s (scores final) = Some b -> forall e, In e world ->
    Forall2 (fun f g => form_value e g == average (map (fun w => form_value w f) (winners b e world))) fs gs).
Proof.
  intros s b. induction fs as [|f fs IH]; intros t u gs F H; cbn [means_of] in H.
  - injection H as <- <-. split; [exact F|]. split; [apply extends_refl|]. constructor.
  - destruct (mean_of t s f) as [t1 g] eqn:M. destruct (mean_of_right s b _ _ _ _ F M) as (F1 & E1 & W).
    destruct (means_of t1 s fs) as [t2 gs'] eqn:P. injection H as <- <-. destruct (IH t1 t2 gs' F1 P) as (F2 & E2 & V).
    split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|]. intros E S e I. constructor; [|exact (V E S e I)].
    exact (W (extends_trans _ _ _ E2 E) S e I).
Qed.
End World.
