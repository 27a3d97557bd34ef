(* What a tidy table answers it answers again: directions, ReLUs, scores and means, asked of any later table. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Lia FMapPositive.
From Efasp Require Import Terms TermsSound TermsNormal Interning Worlds InterningSound InterningStable InterningTidy.
Import ListNotations.
Open Scope Q_scope.

Lemma common_reduced : forall s c, reduced s -> reduced (common s c).
Proof.
  intros [[|[m|m|]|m] [p|p|]] [n [q|q|]] H; cbn [common]; try apply reduced_red; try apply reduced_whole; exact H.
Qed.

Lemma content_reduced : forall l, reduced (content l).
Proof.
  intros l. unfold content, positive_or_one. assert (H : reduced (fold_left (fun s '(_, c) => common s c) l 0)).
  { assert (R : reduced 0) by reflexivity. revert R. generalize 0. induction l as [|(i, c) l IH]; intros s R; [exact R|].
    cbn [fold_left]. apply IH, common_reduced. exact R. }
  destruct (Qnum _); [reflexivity|exact H|reflexivity].
Qed.

(* A good form: normal, of scalars that the table has. *)
Definition good (t : table) (f : form) : Prop := normal_form f /\ below (next_scalar t) (parts f) = true.
Lemma good_later : forall t u f, later t u -> good t f -> good u f.
Proof. intros t u f L [N B]. split; [exact N|]. exact (below_more _ _ _ (later_next _ _ L) B). Qed.

Lemma scale_good : forall t c f, good t f -> good t (scale_form c f).
Proof. intros t c f [N B]. split; [exact (scale_normal c f N)|exact (scale_below _ c f B)]. Qed.

Section Again.
Variables (known : facts) (first : positive).
Let tidy := tidy known first.

(* Directions. *)
Definition directed_in (t : table) (l : linear) (d : directed) : Prop :=
  reduced (extent d) /\ 0 < extent d /\ exists m, Map.find (number d) (directions t) = Some m /\
    scaled (Qred (/ extent d)) l = turned (along d) m.

Lemma directed_later : forall t u l d, later t u -> directed_in t l d -> directed_in u l d.
Proof.
  intros t u l d L (R & P & m & D & E). split; [exact R|]. split; [exact P|]. exists m. split; [|exact E].
  exact (later_directions _ _ L _ _ D).
Qed.

Lemma direct_again : forall t l u d, tidy t -> normal l -> below (next_scalar t) l = true -> direct t l = (u, d) ->
  tidy u /\ later t u /\ directed_in u l d /\ forall v, tidy v -> later u v -> direct v l = (v, d).
Proof.
  intros t l u d T N B H. unfold direct in *. set (s := content l) in *. set (unit := scaled (Qred (/ s)) l) in *.
  assert (Nu : normal unit) by (apply scaled_normal; exact N).
  assert (Bu : below (next_scalar t) unit = true) by (apply scaled_below; exact B). cbv zeta in *.
  pose proof (turned_twice unit Nu) as Tw. pose proof (turned_key unit) as Key.
  destruct (find_direction t (sum_key unit) unit) as [n|] eqn:F.
  { injection H as <- <-. pose proof (find_direction_found _ _ _ _ F) as D. split; [exact T|]. split; [apply later_refl|].
    split; [split; [apply content_reduced|split; [apply content_positive|exists unit; split; [exact D|reflexivity]]]|].
    intros v V L. rewrite (direction_there known first v V n unit (later_directions _ _ L _ _ D)). reflexivity. }
  assert (Absent : forall n, Map.find n (directions t) <> Some unit) by (intros n D;
    rewrite (direction_there known first t T n unit D) in F; discriminate).
  destruct (find_direction t (sum_key unit) (scaled (-1) unit)) as [n|] eqn:G.
  { injection H as <- <-. pose proof (find_direction_found _ _ _ _ G) as D. split; [exact T|]. split; [apply later_refl|].
    split.
    { split; [apply content_reduced|]. split; [apply content_positive|]. exists (scaled (-1) unit).
      split; [exact D|symmetry; exact Tw]. }
    intros v V L. pose proof (later_directions _ _ L _ _ D) as Dv.
    destruct (find_direction v (sum_key unit) unit) as [m|] eqn:Fv.
    - exfalso. apply find_direction_found in Fv.
      assert (m = n) by exact (tidy_once _ _ v V m n unit _ Fv Dv (or_intror eq_refl)). subst m.
      apply (Absent n). rewrite D. congruence.
    - rewrite <- Key, (direction_there known first v V n _ Dv). reflexivity. }
  injection H as <- <-. assert (Absent' : forall n, Map.find n (directions t) <> Some (scaled (-1) unit)).
  { intros n D. pose proof (direction_there known first t T n _ D) as X. rewrite Key in X. congruence. }
  destruct (add_direction_tidy known first t T unit Nu Bu Absent Absent') as [Tu L]. cbv zeta in Tu, L.
  assert (D : Map.find (next_direction t) (directions (add_direction t (sum_key unit) unit)) = Some unit) by apply Map.gss.
  split; [exact Tu|]. split; [exact L|].
  split; [split; [apply content_reduced|split; [apply content_positive|exists unit; split; [exact D|reflexivity]]]|].
  intros v V Lv. rewrite (direction_there known first v V _ unit (later_directions _ _ Lv _ _ D)). reflexivity.
Qed.

(* ReLUs. *)
Lemma positive_not_zero : forall q, 0 < q -> qzero q = false.
Proof. intros q P. apply qzero_not. intros E. rewrite E in P. discriminate. Qed.

Lemma unit_again : forall t f d u g, tidy t -> good t f -> directed_in t (parts f) d -> unit known t f d = (u, g) ->
  tidy u /\ later t u /\ good u g /\ forall v, tidy v -> later u v -> unit known v f d = (v, g).
Proof.
  intros t f d u g T Gf D H. pose proof D as (R & P & m & Dm & E). unfold unit in *. cbv zeta in *. rewrite E in *.
  set (c := Qred (free f / extent d)) in *.
  assert (Atom : forall w i, (i < next_scalar w)%positive -> good w (atom (extent d) i)).
  { intros w i I. split; [apply atom_normal; [exact R|exact (positive_not_zero _ P)]|]. cbn [atom parts below forallb].
    apply andb_true_iff. split; [apply Pos.ltb_lt; exact I|reflexivity]. }
  assert (Never : forall v, later t v -> _) by exact (fun v L => never_later known first t T v L _ m (along d) c Dm).
  destruct (find_unit t (number d) (along d) c) as [i|] eqn:F.
  { injection H as <- <-. apply find_unit_found in F. pose proof (entry_below known first t T _ _ F) as I.
    split; [exact T|]. split; [apply later_refl|]. split; [exact (Atom t i I)|]. intros v V L.
    rewrite (unit_there known first v V _ _ _ i); [reflexivity|]. rewrite (later_entries _ _ L i I). exact F. }
  assert (Absent : forall i, Map.find i (entries t) <> Some (Unit (number d) (along d) c)).
  { intros i X. rewrite (unit_there known first t T _ _ _ i X) in F. discriminate. }
  destruct (never_negative known t {| free := c; parts := turned (along d) m |}) eqn:S.
  { injection H as <- <-. split; [exact T|]. split; [apply later_refl|]. split; [exact Gf|]. intros v V L.
    destruct (Never v L) as [Same _]. rewrite Same.
    destruct (find_unit v (number d) (along d) c) as [i|] eqn:Fv; [|reflexivity]. exfalso. apply find_unit_found in Fv.
    destruct (tidy_needed _ _ v V i _ _ _ m Fv (later_directions _ _ L _ _ Dm)) as [X _]. congruence. }
  destruct (never_negative known t (minus _)) eqn:M.
  { injection H as <- <-. split; [exact T|]. split; [apply later_refl|].
    split; [split; [apply constant_normal; reflexivity|reflexivity]|]. intros v V L.
    destruct (Never v L) as [-> Same]. rewrite Same.
    destruct (find_unit v (number d) (along d) c) as [i|] eqn:Fv; [|reflexivity]. exfalso. apply find_unit_found in Fv.
    destruct (tidy_needed _ _ v V i _ _ _ m Fv (later_directions _ _ L _ _ Dm)) as [_ X]. congruence. }
  destruct (find_unit t (number d) (negb (along d)) (- c)) as [i|] eqn:G.
  { injection H as <- <-. apply find_unit_found in G. pose proof (entry_below known first t T _ _ G) as I.
    split; [exact T|]. split; [apply later_refl|]. split.
    { destruct (Atom t i I) as [A1 A2]. split; [apply add_normal; [apply Gf|exact A1]|]. cbn [add_forms parts].
      apply merge_below; [apply Gf|exact A2]. }
    intros v V L. assert (Gv : Map.find i (entries v) = Some (Unit (number d) (negb (along d)) (- c))).
    { rewrite (later_entries _ _ L i I). exact G. }
    destruct (Never v L) as [-> ->]. rewrite (unit_there known first v V _ _ _ i Gv).
    destruct (find_unit v (number d) (along d) c) as [j|] eqn:Fv; [|reflexivity]. exfalso.
    apply find_unit_found in Fv. exact (tidy_either _ _ v V j i _ _ _ Fv Gv). }
  assert (Absent' : forall i, Map.find i (entries t) <> Some (Unit (number d) (negb (along d)) (- c))).
  { intros i X. rewrite (unit_there known first t T _ _ _ i X) in G. discriminate. }
  injection H as <- <-. destruct (add_unit_tidy known first t T (number d) (along d) c m Dm Absent Absent' S M) as [Tu L].
  cbv zeta in Tu, L. assert (I : (next_scalar t < next_scalar (add_unit t (number d) (along d) c))%positive) by (cbn; lia).
  split; [exact Tu|]. split; [exact L|]. split; [exact (Atom _ _ I)|]. intros v V Lv.
  rewrite (unit_there known first v V _ _ _ (next_scalar t)); [reflexivity|].
  rewrite (later_entries _ _ Lv _ I). apply add_unit_found.
Qed.

(* The ReLUs of one linear form. An answer to one question of a form with that linear part. *)
Definition answers_unit (v : table) (l : linear) (c : Q) (g : form) : Prop :=
  match l with
  | [] => g = constant_unit (constant_form c)
  | _ => exists d, direct v l = (v, d) /\ unit known v {| free := c; parts := l |} d = (v, g)
  end.

Lemma constant_unit_good : forall t c, reduced c -> good t (constant_unit (constant_form c)).
Proof.
  intros t c R. unfold constant_unit, constant_form. cbn [free]. split; [|reflexivity]. apply constant_normal.
  destruct (Qle_bool 0 c); [exact R|reflexivity].
Qed.

Lemma rectified_again : forall t l cs u gs, tidy t -> normal l -> below (next_scalar t) l = true -> Forall reduced cs ->
  rectified known t l cs = (u, gs) -> tidy u /\ later t u /\
  Forall2 (fun c g => good u g /\ forall v, tidy v -> later u v -> answers_unit v l c g) cs gs.
Proof.
  intros t l cs u gs T N B R H. unfold rectified in H. destruct l as [|p l0] eqn:El.
  { injection H as <- <-. split; [exact T|]. split; [apply later_refl|]. induction R as [|c cs Rc R IH]; constructor;
      [|exact IH]. split; [apply constant_unit_good; exact Rc|reflexivity]. }
  rewrite <- El in *. assert (Ask : forall v c g d, direct v l = (v, d) ->
    unit known v {| free := c; parts := l |} d = (v, g) -> answers_unit v l c g) by
    (intros v c g d X Y; rewrite El in *; exists d; split; assumption). clear El p l0.
  destruct (direct t l) as [t1 d] eqn:D. destruct (direct_again t l t1 d T N B D) as (T1 & L1 & In1 & Again).
  assert (Fold : forall cs t acc u gs, tidy t -> later t1 t -> Forall reduced cs ->
    fold_left (fun '(t, forms) c => let '(t, f) := unit known t {| free := c; parts := l |} d in (t, f :: forms)) cs (t, acc)
      = (u, gs) -> tidy u /\ later t u /\ exists new, gs = rev new ++ acc /\
    Forall2 (fun c g => good u g /\ forall v, tidy v -> later u v ->
      unit known v {| free := c; parts := l |} d = (v, g)) cs new).
  { clear - In1 B N L1 tidy. induction cs as [|c cs IH]; intros t' acc u gs T' L R H; cbn [fold_left] in H.
    - injection H as <- <-. split; [exact T'|]. split; [apply later_refl|]. exists []. split; [reflexivity|constructor].
    - inversion R as [|x xs Rc R']; subst. destruct (unit known t' _ d) as [t2 g] eqn:U.
      assert (G : good t' {| free := c; parts := l |}).
      { split; [split; [exact Rc|exact N]|]. cbn [parts]. apply (below_more (next_scalar t)); [|exact B].
        pose proof (later_next _ _ L). pose proof (later_next _ _ L1). lia. }
      destruct (unit_again t' _ d t2 g T' G (directed_later _ _ _ _ L In1) U) as (T2 & L2 & G2 & A2).
      destruct (IH t2 (g :: acc) u gs T2 (later_trans _ _ _ L L2) R' H) as (Tu & Lu & new & -> & W).
      split; [exact Tu|]. split; [exact (later_trans _ _ _ L2 Lu)|]. exists (g :: new). split.
      + cbn [rev]. rewrite <- app_assoc. reflexivity.
      + constructor; [|exact W]. split; [exact (good_later _ _ _ Lu G2)|]. intros v V Lv.
        exact (A2 v V (later_trans _ _ _ Lu Lv)). }
  destruct (fold_left _ cs (t1, [])) as [t2 forms] eqn:Fo. injection H as <- <-.
  destruct (Fold cs t1 [] t2 forms T1 (later_refl t1) R Fo) as (T2 & L2 & new & -> & W). split; [exact T2|].
  split; [exact (later_trans _ _ _ L1 L2)|]. rewrite app_nil_r, rev_involutive. clear - W Again Ask L2.
  induction W as [|c g cs gs [G A] W IH]; constructor; [|exact IH]. split; [exact G|]. intros v V L.
  exact (Ask v c g d (Again v V (later_trans _ _ _ L2 L)) (A v V L)).
Qed.

Lemma rectified_answers : forall v l cs gs, cs <> [] -> Forall2 (answers_unit v l) cs gs -> rectified known v l cs = (v, gs).
Proof.
  intros v l cs gs N F. unfold rectified. destruct l as [|p l0] eqn:El.
  { f_equal. induction F as [|c g cs gs A F IH]; [reflexivity|]. cbn [map]. rewrite A. f_equal.
    destruct cs as [|c' cs]; [inversion F; reflexivity|]. apply IH. discriminate. }
  rewrite <- El in *. destruct F as [|c g cs gs A F]; [congruence|].
  assert (D : exists d, direct v l = (v, d)) by (rewrite El in A |- *; destruct A as (d & A & _); exists d; exact A).
  destruct D as [d D]. rewrite D.
  assert (Each : forall c g, answers_unit v l c g -> unit known v {| free := c; parts := l |} d = (v, g)).
  { intros c' g' X. rewrite El in *. destruct X as (d' & X & Y). rewrite X in D. injection D as ->. exact Y. }
  assert (Fold : forall cs gs acc, Forall2 (answers_unit v l) cs gs ->
    fold_left (fun '(t, forms) c => let '(t, f) := unit known t {| free := c; parts := l |} d in (t, f :: forms)) cs (v, acc)
      = (v, rev gs ++ acc)).
  { clear - Each. induction cs as [|c cs IH]; intros gs acc F; inversion F as [|x y xs ys A F']; subst; [reflexivity|].
    cbn [fold_left]. rewrite (Each _ _ A), (IH _ (y :: acc) F'). cbn [rev]. rewrite <- app_assoc. reflexivity. }
  rewrite (Fold (c :: cs) (g :: gs) [] (Forall2_cons _ _ A F)). rewrite app_nil_r, rev_involutive. reflexivity.
Qed.

(* Scores and means. *)
Lemma score_again : forall t pairs u n, tidy t ->
  (forall q k, In (q, k) pairs -> below (next_scalar t) (parts q) = true /\ below (next_scalar t) (parts k) = true) ->
  score t pairs = (u, n) -> tidy u /\ later t u /\ (exists b, Map.find n (scores u) = Some b) /\
  forall v, tidy v -> later u v -> score v pairs = (v, n).
Proof.
  intros t pairs u n T B H. apply normal_score_below in B. unfold score in *. cbv zeta in *.
  set (b := normal_score pairs) in *.
  assert (Again : forall u, Map.find n (scores u) = Some b -> forall v, tidy v -> later u v ->
    (match find_score v b with Some n => (v, n) | None => (add_score v b, next_score v) end) = (v, n)).
  { intros w S v V L. rewrite (score_there known first v V n b (later_scores _ _ L _ _ S)). reflexivity. }
  destruct (find_score t b) as [m|] eqn:F; injection H as <- <-.
  - assert (S : Map.find m (scores t) = Some b).
    { unfold find_score in F. destruct (find _ _) as [(k, c)|] eqn:E; [|discriminate]. injection F as ->.
      apply find_some in E as [I E]. apply same_bilinear_equal in E. subst c. exact (Map.elements_complete _ _ _ I). }
    split; [exact T|]. split; [apply later_refl|]. split; [exists b; exact S|exact (Again t S)].
  - destruct (add_score_tidy known first t T b B (score_absent known first t T b F)) as [Tu L].
    assert (S : Map.find (next_score t) (scores (add_score t b)) = Some b) by apply Map.gss.
    split; [exact Tu|]. split; [exact L|]. split; [exists b; exact S|exact (Again _ S)].
Qed.

Lemma mean_atom_again : forall t s of u i b, tidy t -> Map.find s (scores t) = Some b -> (of < next_scalar t)%positive ->
  mean_atom t s of = (u, i) -> tidy u /\ later t u /\ (i < next_scalar u)%positive /\
  forall v, tidy v -> later u v -> mean_atom v s of = (v, i).
Proof.
  intros t s of u i b T S O H.
  assert (There : forall v j, tidy v -> Map.find j (entries v) = Some (Mean s of) -> mean_atom v s of = (v, j)).
  { intros v j V J. destruct (tidy_mean _ _ v V j s of J) as (_ & M & _). unfold mean_atom. rewrite M, J, !Pos.eqb_refl.
    reflexivity. }
  assert (Cases : (u = t /\ Map.find i (entries t) = Some (Mean s of)) \/
    (u = add_mean t s of /\ i = next_scalar t /\ forall j, Map.find j (entries t) <> Some (Mean s of))).
  { destruct (mean_atom_right t s of u i H) as [_ _]. unfold mean_atom in H. cbv zeta in H.
    destruct (Map.find of (inner s (means t))) as [j|] eqn:M.
    - destruct (Map.find j (entries t)) as [[x y z|s' of']|] eqn:E.
      + right. injection H as <- <-. split; [reflexivity|]. split; [reflexivity|]. intros k K.
        destruct (tidy_mean _ _ t T k s of K) as (_ & M' & _). congruence.
      + destruct (Pos.eqb s s' && Pos.eqb of of') eqn:Q.
        * injection H as <- <-. left. split; [reflexivity|]. apply andb_true_iff in Q as [Q R]. apply Pos.eqb_eq in Q, R.
          congruence.
        * right. injection H as <- <-. split; [reflexivity|]. split; [reflexivity|]. intros k K.
          destruct (tidy_mean _ _ t T k s of K) as (_ & M' & _). assert (k = j) by congruence. subst k. rewrite K in E.
          injection E as <- <-. rewrite !Pos.eqb_refl in Q. discriminate.
      + right. injection H as <- <-. split; [reflexivity|]. split; [reflexivity|]. intros k K.
        destruct (tidy_mean _ _ t T k s of K) as (_ & M' & _). congruence.
    - right. injection H as <- <-. split; [reflexivity|]. split; [reflexivity|]. intros k K.
      destruct (tidy_mean _ _ t T k s of K) as (_ & M' & _). congruence. }
  destruct Cases as [[-> J]|(-> & -> & A)].
  - pose proof (entry_below known first t T _ _ J) as I. split; [exact T|]. split; [apply later_refl|]. split; [exact I|].
    intros v V L. apply There; [exact V|]. rewrite (later_entries _ _ L i I). exact J.
  - destruct (add_mean_tidy known first t T s of b S O A) as [Tu L]. split; [exact Tu|]. split; [exact L|].
    assert (I : (next_scalar t < next_scalar (add_mean t s of))%positive) by (cbn; lia). split; [exact I|].
    intros v V Lv. apply There; [exact V|]. rewrite (later_entries _ _ Lv _ I). apply Map.gss.
Qed.

Lemma mean_parts_again : forall s b l t u ps k, tidy t -> Map.find s (scores t) = Some b -> normal_from k l ->
  below (next_scalar t) l = true -> mean_parts t s l = (u, ps) ->
  tidy u /\ later t u /\ (forall p, In p ps -> normal p /\ below (next_scalar u) p = true) /\
  forall v, tidy v -> later u v -> mean_parts v s l = (v, ps).
Proof.
  intros s b. induction l as [|(i, c) l IH]; intros t u ps k T S N B H; cbn [mean_parts] in *.
  - injection H as <- <-. split; [exact T|]. split; [apply later_refl|]. split; [intros p []|reflexivity].
  - destruct N as (_ & R & Z & N). rewrite below_in in B. destruct (mean_atom t s i) as [t1 j] eqn:M.
    destruct (mean_atom_again t s i t1 j b T S (B i c (or_introl eq_refl)) M) as (T1 & L1 & J & A1).
    destruct (mean_parts t1 s l) as [t2 qs] eqn:P. injection H as <- <-.
    assert (B1 : below (next_scalar t1) l = true).
    { rewrite below_in. intros x y I. pose proof (B x y (or_intror I)). pose proof (later_next _ _ L1). lia. }
    destruct (IH t1 t2 qs _ T1 (later_scores _ _ L1 _ _ S) N B1 P) as (T2 & L2 & G & A2). split; [exact T2|].
    split; [exact (later_trans _ _ _ L1 L2)|]. split.
    + intros p [<-|I]; [|exact (G p I)]. split; [split; [lia|split; [exact R|split; [exact Z|exact Logic.I]]]|].
      cbn [below forallb]. apply andb_true_iff. split; [apply Pos.ltb_lt|reflexivity]. pose proof (later_next _ _ L2). lia.
    + intros v V L. rewrite (A1 v V (later_trans _ _ _ L2 L)), (A2 v V L). reflexivity.
Qed.

Lemma mean_again : forall t s f u g b, tidy t -> Map.find s (scores t) = Some b -> good t f -> mean_of t s f = (u, g) ->
  tidy u /\ later t u /\ good u g /\ forall v, tidy v -> later u v -> mean_of v s f = (v, g).
Proof.
  intros t s f u g b T S [[R N] B] H. unfold mean_of in *. destruct (mean_parts t s (parts f)) as [t1 ps] eqn:M.
  injection H as <- <-. destruct (mean_parts_again s b _ t t1 ps _ T S N B M) as (T1 & L1 & G & A). split; [exact T1|].
  split; [exact L1|]. split.
  - split; [split; [exact R|]|]; cbn [parts]; [apply sum_normal|apply sum_below]; intros p I; apply (G p I).
  - intros v V L. rewrite (A v V L). reflexivity.
Qed.

Lemma means_again : forall s b fs t u gs, tidy t -> Map.find s (scores t) = Some b -> Forall (good t) fs ->
  means_of t s fs = (u, gs) -> tidy u /\ later t u /\
  Forall2 (fun f g => good u g /\ forall v, tidy v -> later u v -> mean_of v s f = (v, g)) fs gs.
Proof.
  intros s b. induction fs as [|f fs IH]; intros t u gs T S G H; cbn [means_of] in H.
  - injection H as <- <-. split; [exact T|]. split; [apply later_refl|constructor].
  - inversion G as [|x xs Gf Gs]; subst. destruct (mean_of t s f) as [t1 g] eqn:M.
    destruct (mean_again t s f t1 g b T S Gf M) as (T1 & L1 & G1 & A1). destruct (means_of t1 s fs) as [t2 gs'] eqn:P.
    injection H as <- <-. assert (Gs' : Forall (good t1) fs) by (eapply Forall_impl; [|exact Gs]; intros x; apply good_later,
      L1).
    destruct (IH t1 t2 gs' T1 (later_scores _ _ L1 _ _ S) Gs' P) as (T2 & L2 & W). split; [exact T2|].
    split; [exact (later_trans _ _ _ L1 L2)|]. constructor; [|exact W]. split; [exact (good_later _ _ _ L2 G1)|].
    intros v V L. exact (A1 v V (later_trans _ _ _ L2 L)).
Qed.
End Again.
