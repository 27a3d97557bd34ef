(* Tidy tables: nothing is in them twice, and what a table answers it answers again, however much it has grown since. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Lia FMapPositive.
From Efasp Require Import Terms TermsSound TermsNormal Interning Worlds InterningSound InterningStable.
Import ListNotations.
Open Scope Q_scope.

Lemma add_find : forall A i j (x : A) m, Map.find i (Map.add j x m) = if Pos.eqb i j then Some x else Map.find i m.
Proof.
  intros A i j x m. destruct (Pos.eqb_spec i j) as [->|N]; [apply Map.gss|apply Map.gso; exact N].
Qed.

Lemma add_bucket : forall A k j (l : list A) m, bucket k (Map.add j l m) = if Pos.eqb k j then l else bucket k m.
Proof. intros A k j l m. unfold bucket. rewrite add_find. destruct (Pos.eqb k j); reflexivity. Qed.

Section Tidy.
Variables (known : facts) (first : positive).

Record tidy (t : table) : Prop := {
  tidy_fresh : fresh t;
  tidy_first : (first <= next_scalar t)%positive;
  tidy_number : forall i e, Map.find i (entries t) = Some e -> (first <= i)%positive;
  tidy_direction : forall n l, Map.find n (directions t) = Some l ->
    normal l /\ below (next_scalar t) l = true /\ In n (bucket (sum_key l) (by_sum t));
  tidy_once : forall n m l k, Map.find n (directions t) = Some l -> Map.find m (directions t) = Some k ->
    k = l \/ k = scaled (-1) l -> n = m;
  tidy_unit : forall i n up c, Map.find i (entries t) = Some (Unit n up c) -> In (up, c, i) (bucket n (units t)) /\
    exists l, Map.find n (directions t) = Some l /\ below i l = true;
  tidy_unit_once : forall i j n up c, Map.find i (entries t) = Some (Unit n up c) ->
    Map.find j (entries t) = Some (Unit n up c) -> i = j;
  tidy_either : forall i j n up c, Map.find i (entries t) = Some (Unit n up c) ->
    Map.find j (entries t) <> Some (Unit n (negb up) (Qopp c));
  tidy_needed : forall i n up c l, Map.find i (entries t) = Some (Unit n up c) -> Map.find n (directions t) = Some l ->
    never_negative known t {| free := c; parts := turned up l |} = false /\
    never_negative known t (minus {| free := c; parts := turned up l |}) = false;
  tidy_units : forall n up c i, In (up, c, i) (bucket n (units t)) -> Map.find i (entries t) = Some (Unit n up c);
  tidy_score : forall n b, Map.find n (scores t) = Some b -> below_score (next_scalar t) b = true;
  tidy_score_once : forall n m b, Map.find n (scores t) = Some b -> Map.find m (scores t) = Some b -> n = m;
  tidy_mean : forall i s of, Map.find i (entries t) = Some (Mean s of) ->
    (of < i)%positive /\ Map.find of (inner s (means t)) = Some i /\
    exists b, Map.find s (scores t) = Some b /\ below_score i b = true }.

Lemma empty_tidy : tidy (empty_table first).
Proof.
  split; unfold empty_table; cbn [entries next_scalar directions next_direction scores next_score by_sum units means];
    try (intros *; rewrite Map.gempty; discriminate).
  - split; intros i _; apply Map.gempty.
  - lia.
  - intros n up c i. unfold bucket. rewrite Map.gempty. intros [].
Qed.

Section Table.
Variable t : table.
Hypothesis neat : tidy t.

Lemma entry_below : forall i e, Map.find i (entries t) = Some e -> (i < next_scalar t)%positive.
Proof.
  intros i e H. destruct (Pos.ltb_spec i (next_scalar t)) as [L|L]; [exact L|].
  rewrite (fresh_scalar _ (tidy_fresh _ neat) i L) in H. discriminate.
Qed.

Lemma earlier_means : forall i s of, Map.find i (entries t) = Some (Mean s of) -> (of < next_scalar t)%positive.
Proof. intros i s of H. pose proof (entry_below _ _ H). destruct (tidy_mean _ neat _ _ _ H) as (L & _). lia. Qed.

Lemma earlier_units : forall i n up c, Map.find i (entries t) = Some (Unit n up c) ->
  exists l, Map.find n (directions t) = Some l /\ below (next_scalar t) l = true.
Proof.
  intros i n up c H. destruct (tidy_unit _ neat i n up c H) as (_ & l & D & _). exists l.
  split; [exact D|exact (proj1 (proj2 (tidy_direction _ neat n l D)))].
Qed.

(* What is there is found. *)
Lemma direction_there : forall n l, Map.find n (directions t) = Some l -> find_direction t (sum_key l) l = Some n.
Proof.
  intros n l H. destruct (find_direction t (sum_key l) l) as [m|] eqn:F.
  - apply find_direction_found in F. rewrite (tidy_once _ neat m n l l F H (or_introl eq_refl)). reflexivity.
  - exfalso. destruct (tidy_direction _ neat n l H) as (_ & _ & I). unfold find_direction in F.
    pose proof (find_none _ _ F n I) as N. cbv beta in N. rewrite H, same_linear_refl in N. discriminate.
Qed.

Lemma unit_there : forall n up c i, Map.find i (entries t) = Some (Unit n up c) -> find_unit t n up c = Some i.
Proof.
  intros n up c i H. unfold find_unit. destruct (find _ (bucket n (units t))) as [((up', c'), j)|] eqn:F.
  - apply find_some in F as [I E]. apply andb_true_iff in E as [E Q]. apply eqb_prop in E. apply qsame_equal in Q. subst up' c'.
    pose proof (tidy_units _ neat n up c j I) as J. rewrite J, Pos.eqb_refl, eqb_reflx, qsame_refl. cbn [andb].
    rewrite (tidy_unit_once _ neat j i n up c J H). reflexivity.
  - exfalso. destruct (tidy_unit _ neat i n up c H) as (I & _). pose proof (find_none _ _ F _ I) as N. cbv beta iota in N.
    rewrite eqb_reflx, qsame_refl in N. discriminate.
Qed.

Lemma score_there : forall n b, Map.find n (scores t) = Some b -> find_score t b = Some n.
Proof.
  intros n b H. unfold find_score. destruct (find _ (Map.elements (scores t))) as [(m, c)|] eqn:F; cbn [option_map fst].
  - apply find_some in F as [I E]. apply same_bilinear_equal in E. subst c. apply Map.elements_complete in I.
    rewrite (tidy_score_once _ neat m n b I H). reflexivity.
  - exfalso. pose proof (find_none _ _ F _ (Map.elements_correct _ _ H)) as N. cbv beta iota in N.
    rewrite same_bilinear_refl in N. discriminate.
Qed.

Lemma score_absent : forall b, find_score t b = None -> forall n, Map.find n (scores t) <> Some b.
Proof. intros b F n H. rewrite (score_there n b H) in F. discriminate. Qed.

(* What was never negative, or never positive, is so in a later table. *)
Lemma never_later : forall u, later t u -> forall n l up c, Map.find n (directions t) = Some l ->
  never_negative known u {| free := c; parts := turned up l |} = never_negative known t {| free := c; parts := turned up l |} /\
  never_negative known u (minus {| free := c; parts := turned up l |}) =
    never_negative known t (minus {| free := c; parts := turned up l |}).
Proof.
  intros u L n l up c D. assert (B : below (next_scalar t) (turned up l) = true) by
    (apply turned_below; exact (proj1 (proj2 (tidy_direction _ neat n l D)))).
  split; apply (never_negative_later known t u L earlier_means earlier_units); [exact B|].
  exact (turned_below _ false _ B).
Qed.
Lemma needed_later : forall u, later t u -> forall i n up c l, Map.find i (entries t) = Some (Unit n up c) ->
  Map.find n (directions t) = Some l -> never_negative known u {| free := c; parts := turned up l |} = false /\
  never_negative known u (minus {| free := c; parts := turned up l |}) = false.
Proof.
  intros u L i n up c l H D. destruct (never_later u L n l up c D) as [-> ->]. exact (tidy_needed _ neat i n up c l H D).
Qed.

(* What is added. *)
Lemma add_direction_tidy : forall l, normal l -> below (next_scalar t) l = true ->
  (forall n, Map.find n (directions t) <> Some l) -> (forall n, Map.find n (directions t) <> Some (scaled (-1) l)) ->
  let u := add_direction t (sum_key l) l in tidy u /\ later t u.
Proof.
  intros l N B A A' u. destruct (grows_direction t (sum_key l) l (tidy_fresh _ neat)) as [F E]. fold u in F, E.
  assert (L : later t u) by (split; [apply Pos.le_refl|reflexivity|exact (same_directions _ _ E)|exact (same_scores _ _ E)]).
  split; [|exact L].
  assert (D : forall n, Map.find n (directions u) = if Pos.eqb n (next_direction t) then Some l else Map.find n (directions t))
    by (intros n; apply add_find).
  assert (K : forall k, bucket k (by_sum u) = if Pos.eqb k (sum_key l) then next_direction t :: bucket (sum_key l) (by_sum t)
    else bucket k (by_sum t)) by (intros k; apply add_bucket).
  split; [exact F|exact (tidy_first _ neat)|exact (tidy_number _ neat)| | | |exact (tidy_unit_once _ neat)|
    exact (tidy_either _ neat)| |exact (tidy_units _ neat)|exact (tidy_score _ neat)|exact (tidy_score_once _ neat)|
    exact (tidy_mean _ neat)].
  - intros n k H. rewrite D in H. rewrite K. destruct (Pos.eqb_spec n (next_direction t)) as [->|M].
    + injection H as <-. split; [exact N|]. split; [exact B|]. rewrite Pos.eqb_refl. left. reflexivity.
    + destruct (tidy_direction _ neat n k H) as (X & Y & Z). split; [exact X|]. split; [exact Y|].
      destruct (Pos.eqb_spec (sum_key k) (sum_key l)) as [Q|_]; [right; rewrite <- Q; exact Z|exact Z].
  - intros n m a b Ha Hb C. rewrite D in Ha, Hb.
    destruct (Pos.eqb_spec n (next_direction t)) as [->|Q], (Pos.eqb_spec m (next_direction t)) as [->|R]; [reflexivity| | |].
    + injection Ha as <-. destruct C as [->|C]; [destruct (A m Hb)|subst b; destruct (A' m Hb)].
    + injection Hb as <-. destruct (tidy_direction _ neat n a Ha) as (X & _). destruct C as [<-|C]; [destruct (A n Ha)|].
      destruct (A' n). rewrite C, turned_twice by exact X. exact Ha.
    + exact (tidy_once _ neat n m a b Ha Hb C).
  - intros i n up c H. destruct (tidy_unit _ neat i n up c H) as (X & k & Y & Z). split; [exact X|]. exists k.
    split; [exact (later_directions _ _ L _ _ Y)|exact Z].
  - intros i n up c k H G. destruct (tidy_unit _ neat i n up c H) as (_ & k' & Y & Z).
    assert (k = k') by (pose proof (later_directions _ _ L _ _ Y); congruence). subst k'.
    exact (needed_later u L i n up c k H Y).
Qed.

Lemma add_unit_tidy : forall n up c l, Map.find n (directions t) = Some l ->
  (forall i, Map.find i (entries t) <> Some (Unit n up c)) ->
  (forall i, Map.find i (entries t) <> Some (Unit n (negb up) (- c))) ->
  never_negative known t {| free := c; parts := turned up l |} = false ->
  never_negative known t (minus {| free := c; parts := turned up l |}) = false ->
  let u := add_unit t n up c in tidy u /\ later t u.
Proof.
  intros n up c l Dl A A' S S' u. destruct (grows_unit t n up c (tidy_fresh _ neat)) as [F E]. fold u in F, E.
  assert (G : forall i, Map.find i (entries u) =
    if Pos.eqb i (next_scalar t) then Some (Unit n up c) else Map.find i (entries t)) by (intros i; apply add_find).
  assert (L : later t u).
  { split; [cbn; lia| |exact (same_directions _ _ E)|exact (same_scores _ _ E)]. intros i I. rewrite G.
    destruct (Pos.eqb_spec i (next_scalar t)); [lia|reflexivity]. }
  split; [|exact L].
  assert (K : forall m, bucket m (units u) = if Pos.eqb m n then (up, c, next_scalar t) :: bucket n (units t)
    else bucket m (units t)) by (intros m; apply add_bucket).
  assert (Bn : forall m k, Map.find m (directions t) = Some k -> below (next_scalar t) k = true) by
    (intros m k H; apply (tidy_direction _ neat m k H)).
  split; [exact F|pose proof (tidy_first _ neat); unfold u; cbn; lia| | |exact (tidy_once _ neat)| | | | | | |
    exact (tidy_score_once _ neat)|].
  - intros i e H. rewrite G in H. destruct (Pos.eqb_spec i (next_scalar t)) as [->|_]; [exact (tidy_first _ neat)|].
    exact (tidy_number _ neat i e H).
  - intros m k H. destruct (tidy_direction _ neat m k H) as (X & Y & Z). split; [exact X|]. split; [|exact Z].
    apply (below_more (next_scalar t)); [cbn; lia|exact Y].
  - intros i m x y H. rewrite G in H. rewrite K. destruct (Pos.eqb_spec i (next_scalar t)) as [->|_].
    + injection H as <- <- <-. rewrite Pos.eqb_refl. split; [left; reflexivity|]. exists l. split; [exact Dl|exact (Bn n l Dl)].
    + destruct (tidy_unit _ neat i m x y H) as (X & Y). split; [|exact Y].
      destruct (Pos.eqb_spec m n) as [->|_]; [right; exact X|exact X].
  - intros i j m x y Hi Hj. rewrite G in Hi, Hj.
    destruct (Pos.eqb_spec i (next_scalar t)) as [->|_], (Pos.eqb_spec j (next_scalar t)) as [->|_]; [reflexivity| | |].
    + injection Hi as <- <- <-. destruct (A j Hj).
    + injection Hj as <- <- <-. destruct (A i Hi).
    + exact (tidy_unit_once _ neat i j m x y Hi Hj).
  - intros i j m x y Hi Hj. rewrite G in Hi, Hj.
    destruct (Pos.eqb_spec i (next_scalar t)) as [->|_], (Pos.eqb_spec j (next_scalar t)) as [->|_].
    + injection Hi as <- <- <-. injection Hj as Q. destruct up; discriminate.
    + injection Hi as <- <- <-. exact (A' j Hj).
    + injection Hj as -> -> ->. apply (A' i). rewrite negb_involutive. assert (Z : Qopp (Qopp y) = y).
      { destruct y as [p q]. unfold Qopp. cbn. rewrite Z.opp_involutive. reflexivity. } rewrite Z. exact Hi.
    + exact (tidy_either _ neat i j m x y Hi Hj).
  - intros i m x y k H Hd. cbn [u add_unit directions] in Hd. change (Map.find m (directions t) = Some k) in Hd.
    rewrite G in H. destruct (Pos.eqb_spec i (next_scalar t)) as [->|_].
    + injection H as <- <- <-. assert (k = l) by congruence. subst k.
      destruct (never_later u L n l up c Dl) as [-> ->]. split; assumption.
    + exact (needed_later u L i m x y k H Hd).
  - intros m x y i H. rewrite K in H. rewrite G. destruct (Pos.eqb_spec m n) as [->|_].
    + destruct H as [H|H]; [injection H as <- <- <-; rewrite Pos.eqb_refl; reflexivity|].
      pose proof (tidy_units _ neat n x y i H) as J. pose proof (entry_below _ _ J).
      destruct (Pos.eqb_spec i (next_scalar t)); [lia|exact J].
    + pose proof (tidy_units _ neat m x y i H) as J. pose proof (entry_below _ _ J).
      destruct (Pos.eqb_spec i (next_scalar t)); [lia|exact J].
  - intros m b H. apply (score_more (next_scalar t)); [cbn; lia|exact (tidy_score _ neat m b H)].
  - intros i s of H. rewrite G in H. destruct (Pos.eqb_spec i (next_scalar t)) as [->|_]; [discriminate|].
    exact (tidy_mean _ neat i s of H).
Qed.

Definition add_score (b : bilinear) : table := {|
  entries := entries t; next_scalar := next_scalar t; directions := directions t; next_direction := next_direction t;
  scores := Map.add (next_score t) b (scores t); next_score := Pos.succ (next_score t);
  by_sum := by_sum t; units := units t; means := means t |}.
Lemma add_score_tidy : forall b, below_score (next_scalar t) b = true -> (forall n, Map.find n (scores t) <> Some b) ->
  tidy (add_score b) /\ later t (add_score b).
Proof.
  intros b B A. set (u := add_score b). destruct (tidy_fresh _ neat) as [F1 F2 F3].
  destruct (added_fresh _ _ _ b F3) as [F4 E].
  assert (L : later t u) by (split; [apply Pos.le_refl|reflexivity|trivial|exact E]). split; [|exact L].
  assert (G : forall n, Map.find n (scores u) = if Pos.eqb n (next_score t) then Some b else Map.find n (scores t))
    by (intros n; apply add_find).
  split; [split; assumption|exact (tidy_first _ neat)|exact (tidy_number _ neat)|exact (tidy_direction _ neat)|
    exact (tidy_once _ neat)|exact (tidy_unit _ neat)|exact (tidy_unit_once _ neat)|exact (tidy_either _ neat)| |
    exact (tidy_units _ neat)| | |].
  - exact (needed_later u L).
  - intros n d H. rewrite G in H. destruct (Pos.eqb_spec n (next_score t)) as [->|_]; [injection H as <-; exact B|].
    exact (tidy_score _ neat n d H).
  - intros n m d Hn Hm. rewrite G in Hn, Hm.
    destruct (Pos.eqb_spec n (next_score t)) as [->|_], (Pos.eqb_spec m (next_score t)) as [->|_]; [reflexivity| | |].
    + injection Hn as <-. destruct (A m Hm).
    + injection Hm as <-. destruct (A n Hn).
    + exact (tidy_score_once _ neat n m d Hn Hm).
  - intros i s of H. destruct (tidy_mean _ neat i s of H) as (X & Y & d & D & Z). split; [exact X|]. split; [exact Y|].
    exists d. split; [exact (E s d D)|exact Z].
Qed.

Definition add_mean (s of : positive) : table := {|
  entries := Map.add (next_scalar t) (Mean s of) (entries t); next_scalar := Pos.succ (next_scalar t);
  directions := directions t; next_direction := next_direction t; scores := scores t; next_score := next_score t;
  by_sum := by_sum t; units := units t;
  means := Map.add s (Map.add of (next_scalar t) (inner s (means t))) (means t) |}.
Lemma add_mean_tidy : forall s of b, Map.find s (scores t) = Some b -> (of < next_scalar t)%positive ->
  (forall i, Map.find i (entries t) <> Some (Mean s of)) -> tidy (add_mean s of) /\ later t (add_mean s of).
Proof.
  intros s of b Sb Of A. set (u := add_mean s of). destruct (tidy_fresh _ neat) as [F1 F2 F3].
  destruct (added_fresh _ _ _ (Mean s of) F1) as [F4 E].
  assert (G : forall i, Map.find i (entries u) = if Pos.eqb i (next_scalar t) then Some (Mean s of) else Map.find i (entries t))
    by (intros i; apply add_find).
  assert (L : later t u).
  { split; [cbn; lia| |trivial|trivial]. intros i I. rewrite G. destruct (Pos.eqb_spec i (next_scalar t)); [lia|reflexivity]. }
  split; [|exact L].
  assert (Other : forall i e, Map.find i (entries u) = Some e -> (forall s' of', e <> Mean s' of') ->
    Map.find i (entries t) = Some e).
  { intros i e H N. rewrite G in H. destruct (Pos.eqb_spec i (next_scalar t)) as [->|_]; [|exact H]. injection H as <-.
    destruct (N s of eq_refl). }
  split; [split; assumption|pose proof (tidy_first _ neat); cbn; lia| | |exact (tidy_once _ neat)| | | | | | |
    exact (tidy_score_once _ neat)|].
  - intros i e H. rewrite G in H. destruct (Pos.eqb_spec i (next_scalar t)) as [->|_]; [exact (tidy_first _ neat)|].
    exact (tidy_number _ neat i e H).
  - intros m k H. destruct (tidy_direction _ neat m k H) as (X & Y & Z). split; [exact X|]. split; [|exact Z].
    apply (below_more (next_scalar t)); [cbn; lia|exact Y].
  - intros i n up c H. apply (tidy_unit _ neat). apply Other; [exact H|discriminate].
  - intros i j n up c Hi Hj. apply (tidy_unit_once _ neat i j n up c); apply Other; try assumption; discriminate.
  - intros i j n up c Hi Hj. apply (tidy_either _ neat i j n up c); apply Other; try assumption; discriminate.
  - intros i n up c l H D. assert (H' : Map.find i (entries t) = Some (Unit n up c)) by (apply Other; [exact H|discriminate]).
    exact (needed_later u L i n up c l H' D).
  - intros n up c i H. pose proof (tidy_units _ neat n up c i H) as J. pose proof (entry_below _ _ J). rewrite G.
    destruct (Pos.eqb_spec i (next_scalar t)); [lia|exact J].
  - intros n d H. apply (score_more (next_scalar t)); [cbn; lia|exact (tidy_score _ neat n d H)].
  - intros i s' of' H. rewrite G in H.
    assert (I : forall k o, Map.find o (inner k (means u)) = if Pos.eqb k s then if Pos.eqb o of then Some (next_scalar t)
      else Map.find o (inner s (means t)) else Map.find o (inner k (means t))).
    { intros k o. unfold inner at 1, u, add_mean. cbn [means]. rewrite add_find. destruct (Pos.eqb_spec k s) as [->|_];
        [apply add_find|reflexivity]. }
    destruct (Pos.eqb_spec i (next_scalar t)) as [->|_].
    + injection H as <- <-. split; [exact Of|]. rewrite I, !Pos.eqb_refl. split; [reflexivity|]. exists b.
      split; [exact Sb|exact (tidy_score _ neat s b Sb)].
    + destruct (tidy_mean _ neat i s' of' H) as (X & Y & Z). split; [exact X|]. split; [|exact Z]. rewrite I.
      destruct (Pos.eqb_spec s' s) as [->|_]; [|exact Y]. destruct (Pos.eqb_spec of' of) as [->|_]; [destruct (A i H)|exact Y].
Qed.
End Table.
End Tidy.
