(* The table answers the same when it is asked again, however much it has grown since: tables that are tidy, and what their
   functions answer. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Lia FMapPositive.
From Efasp Require Import Terms TermsSound TermsNormal Interning Worlds InterningSound.
Import ListNotations.
Open Scope Q_scope.

(* Scalars below a number, in sums and scores. *)
Definition all_of {A} (P : positive -> A -> Prop) (l : list (positive * A)) : Prop := forall i v, In (i, v) l -> P i v.

Lemma merge_all : forall A (add : A -> A -> A) zero (P : positive -> A -> Prop),
  (forall i a b, P i a -> P i b -> P i (add a b)) -> forall a b, all_of P a -> all_of P b -> all_of P (merge add zero a b).
Proof.
  intros A add zero P H. induction a as [|(i, c) a IH]; intros b Pa Pb; [destruct b; exact Pb|].
  induction b as [|(j, d) b IHb]; [exact Pa|]. cbn [merge].
  assert (Ha : all_of P a) by (intros k v K; apply Pa; right; exact K).
  assert (Hb : all_of P b) by (intros k v K; apply Pb; right; exact K).
  pose proof (Pa i c (or_introl eq_refl)) as Pc. pose proof (Pb j d (or_introl eq_refl)) as Pd.
  destruct (Pos.compare_spec i j) as [<-|L|L].
  - cbv zeta. destruct (zero (add c d)); [exact (IH b Ha Hb)|]. intros k v [K|K]; [injection K as <- <-; apply H; assumption|].
    exact (IH b Ha Hb k v K).
  - intros k v [K|K]; [injection K as <- <-; exact Pc|]. exact (IH _ Ha Pb k v K).
  - intros k v [K|K]; [injection K as <- <-; exact Pd|]. exact (IHb Hb k v K).
Qed.

Lemma below_all : forall n l, below n l = true <-> all_of (fun i _ => (i < n)%positive) l.
Proof. intros n l. apply below_in. Qed.

Lemma below_more : forall n m l, (n <= m)%positive -> below n l = true -> below m l = true.
Proof. intros n m l L H. rewrite below_in in *. intros i c I. specialize (H i c I). lia. Qed.

Lemma merge_below : forall n a b, below n a = true -> below n b = true -> below n (merge qadd qzero a b) = true.
Proof. intros n a b A B. rewrite below_all in *. apply merge_all; auto. Qed.

Lemma sum_below : forall n ls, (forall l, In l ls -> below n l = true) -> below n (sum_of ls) = true.
Proof.
  intros n ls. apply (total_all Q qadd qzero (fun l => below n l = true)); [reflexivity|]. intros a b. apply merge_below.
Qed.

Lemma scaled_below : forall n c l, below n l = true -> below n (scaled c l) = true.
Proof.
  intros n c l H. unfold scaled. destruct (qone c); [exact H|]. destruct (qzero c); [reflexivity|]. rewrite below_in in *.
  intros i d I. apply in_map_iff in I as ((j, x) & E & I). injection E as <- _. exact (H j x I).
Qed.

Lemma combination_below : forall n c l, (forall d f, In (d, f) l -> below n (parts f) = true) ->
  below n (parts (combination c l)) = true.
Proof.
  intros n c l H. unfold combination. cbn [parts]. apply sum_below. intros m I. apply in_map_iff in I as ((d, f) & <- & I).
  apply scaled_below. exact (H d f I).
Qed.

Lemma score_all : forall n b, below_score n b = true <-> all_of (fun i f => (i < n)%positive /\ below n (parts f) = true) b.
Proof.
  intros n b. unfold below_score. rewrite forallb_forall. split.
  - intros H i f I. specialize (H _ I). cbn in H. apply andb_true_iff in H as [A B]. apply Pos.ltb_lt in A. split; assumption.
  - intros H (i, f) I. destruct (H i f I) as [A B]. apply andb_true_iff. split; [apply Pos.ltb_lt; exact A|exact B].
Qed.

Lemma score_more : forall n m b, (n <= m)%positive -> below_score n b = true -> below_score m b = true.
Proof.
  intros n m b L H. rewrite score_all in *. intros i f I. destruct (H i f I) as [A B]. split; [lia|].
  exact (below_more n m _ L B).
Qed.

Lemma scale_below : forall n c f, below n (parts f) = true -> below n (parts (scale_form c f)) = true.
Proof. intros n c f H. unfold scale_form. destruct (qone c); [exact H|]. cbn [parts]. apply scaled_below. exact H. Qed.

Lemma normal_score_below : forall n pairs,
  (forall q k, In (q, k) pairs -> below n (parts q) = true /\ below n (parts k) = true) ->
  below_score n (normal_score pairs) = true.
Proof.
  intros n pairs H. unfold normal_score. cbv zeta.
  assert (S : below_score n (bilinear_sum (map (fun '(q, k) => product q k) pairs)) = true).
  { unfold bilinear_sum. apply (total_all form add_forms zero_form (fun b => below_score n b = true)); [reflexivity| |].
    - intros a b A B. rewrite score_all in *. apply merge_all; [|exact A|exact B]. intros i f g [I F] [_ G].
      split; [exact I|]. cbn [add_forms parts]. apply merge_below; assumption.
    - intros b I. apply in_map_iff in I as ((q, k) & <- & I). destruct (H q k I) as [Q K]. unfold product.
      destruct (zero_form q); [reflexivity|]. rewrite score_all. rewrite below_in in K. intros i f J.
      apply in_map_iff in J as ((j, d) & E & J). injection E as <- <-. split; [exact (K j d J)|apply scale_below; exact Q]. }
  unfold bilinear_scaled. destruct (qone _); [exact S|]. rewrite score_all in *. intros i f I.
  apply in_map_iff in I as ((j, g) & E & I). injection E as <- <-. destruct (S j g I) as [A B]. split; [exact A|].
  apply scale_below. exact B.
Qed.

Lemma same_linear_refl : forall l, same_linear l l = true.
Proof. induction l as [|(i, c) l IH]; [reflexivity|]. cbn. rewrite Pos.eqb_refl, qsame_refl, IH. reflexivity. Qed.
Lemma same_form_refl : forall f, same_form f f = true.
Proof. intros f. unfold same_form. rewrite qsame_refl, same_linear_refl. reflexivity. Qed.
Lemma same_bilinear_refl : forall b, same_bilinear b b = true.
Proof. induction b as [|(i, f) b IH]; [reflexivity|]. cbn. rewrite Pos.eqb_refl, same_form_refl, IH. reflexivity. Qed.

(* A direction, turned. *)
Definition turned (up : bool) (l : linear) : linear := if up then l else scaled (-1) l.
Lemma turned_twice : forall l, normal l -> scaled (-1) (scaled (-1) l) = l.
Proof.
  intros l H. apply (normal_same _ _ 1); [apply scaled_normal, scaled_normal; exact H|exact H|]. intros e.
  rewrite !scaled_value. ring.
Qed.
Lemma turned_key : forall l, sum_key (scaled (-1) l) = sum_key l.
Proof.
  intros l. unfold scaled. change (qone (-1)) with false. change (qzero (-1)) with false. cbv iota. unfold sum_key.
  set (m := -1). clearbody m. generalize 1%positive. induction l as [|(i, c) l IH]; intros s; [reflexivity|].
  cbn [map fold_left]. apply IH.
Qed.
Lemma turned_below : forall n up l, below n l = true -> below n (turned up l) = true.
Proof. intros n [|] l H; [exact H|apply scaled_below; exact H]. Qed.

(* A later table. *)
Record later (t u : table) : Prop := {
  later_next : (next_scalar t <= next_scalar u)%positive;
  later_entries : forall i, (i < next_scalar t)%positive -> Map.find i (entries u) = Map.find i (entries t);
  later_directions : forall n l, Map.find n (directions t) = Some l -> Map.find n (directions u) = Some l;
  later_scores : forall n b, Map.find n (scores t) = Some b -> Map.find n (scores u) = Some b }.

Lemma later_refl : forall t, later t t.
Proof. intros t. split; trivial. lia. Qed.
Lemma later_trans : forall t u v, later t u -> later u v -> later t v.
Proof.
  intros t u v [A B C D] [E F G H]. split; [lia| |auto|auto]. intros i L. rewrite F by lia. apply B. exact L.
Qed.

(* Whether a form is never negative does not change. *)
Lemma partition_same : forall A (p q : A -> bool) l, (forall x, In x l -> p x = q x) -> partition p l = partition q l.
Proof.
  intros A p q l. induction l as [|x l IH]; intros H; [reflexivity|]. cbn [partition].
  rewrite IH by (intros y I; apply H; right; exact I). rewrite (H x (or_introl eq_refl)). reflexivity.
Qed.

Lemma found_same : forall A (p q : A -> bool) l, (forall x, In x l -> p x = q x) -> find p l = find q l.
Proof.
  intros A p q l. induction l as [|x l IH]; intros H; [reflexivity|]. cbn [find].
  rewrite IH by (intros y I; apply H; right; exact I). rewrite (H x (or_introl eq_refl)). reflexivity.
Qed.

Lemma existsb_same : forall A (p q : A -> bool) l, (forall x, In x l -> p x = q x) -> existsb p l = existsb q l.
Proof.
  intros A p q l. induction l as [|x l IH]; intros H; [reflexivity|]. cbn [existsb].
  rewrite IH by (intros y I; apply H; right; exact I). rewrite (H x (or_introl eq_refl)). reflexivity.
Qed.

Section Asked.
Variables (known : facts) (t u : table).
Hypothesis grown : later t u.
Hypothesis earlier_means : forall i s of, Map.find i (entries t) = Some (Mean s of) -> (of < next_scalar t)%positive.
Hypothesis earlier_units : forall i n up c, Map.find i (entries t) = Some (Unit n up c) ->
  exists l, Map.find n (directions t) = Some l /\ below (next_scalar t) l = true.

Lemma found_below : forall i (c : Q) l, below (next_scalar t) l = true -> In (i, c) l ->
  Map.find i (entries u) = Map.find i (entries t).
Proof. intros i c l B I. apply (later_entries _ _ grown). rewrite below_in in B. exact (B i c I). Qed.

Lemma least_of_units_later : forall l slope base bends, below (next_scalar t) l = true ->
  least_of_units u slope base bends l = least_of_units t slope base bends l.
Proof.
  induction l as [|(i, c) l IH]; intros slope base bends B; [reflexivity|]. cbn [least_of_units].
  rewrite (found_below i c _ B (or_introl eq_refl)).
  assert (L : below (next_scalar t) l = true) by (rewrite below_in in *; intros k d I; exact (B k d (or_intror I))).
  destruct (Map.find i (entries t)) as [[n [|] d|]|]; [exact (IH _ _ _ L)|exact (IH _ _ _ L)|reflexivity|reflexivity].
Qed.

Lemma ends_later : forall p q l, below (next_scalar t) l = true -> ends u p q l = ends t p q l.
Proof.
  intros p q l B. unfold ends. generalize (Qopp p, q). induction l as [|(i, c) l IH]; intros [low high]; [reflexivity|].
  cbn [fold_left].
  rewrite (found_below i c _ B (or_introl eq_refl)). apply IH. rewrite below_in in *. intros k d I. exact (B k d (or_intror I)).
Qed.

Lemma vanishing_later : forall l k, below (next_scalar t) l = true -> vanishing u l k = vanishing t l k.
Proof.
  intros l k B. assert (S : forall keep : Q -> bool, forallb (fun p => is_unit u p && keep (snd p)) l =
    forallb (fun p => is_unit t p && keep (snd p)) l).
  { intros keep. induction l as [|(i, c) l IH]; [reflexivity|]. cbn [forallb]. unfold is_unit at 1 3. cbn [fst snd].
    rewrite (found_below i c _ B (or_introl eq_refl)), IH; [reflexivity|]. rewrite below_in in *. intros j d I.
    exact (B j d (or_intror I)). }
  unfold vanishing. rewrite (S (Qle_bool 0)), (S (fun c => Qle_bool c 0)). reflexivity.
Qed.

Lemma part_below : forall p l mine others, below (next_scalar t) l = true -> partition p l = (mine, others) ->
  below (next_scalar t) mine = true /\ below (next_scalar t) others = true.
Proof.
  intros p l mine others B H. destruct (partition_left _ _ _ _ _ H) as [M O]. rewrite !below_in. rewrite below_in in B.
  split; intros i c I; [destruct (M _ I) as [J _]|destruct (O _ I) as [J _]]; exact (B i c J).
Qed.

Lemma top_within : forall l p, exists c, In (top (p :: l), c) (p :: l).
Proof.
  intros l p. unfold top. cbn [fold_left]. rewrite Pos.max_1_l.
  assert (G : forall l m, fold_left (fun m p => Pos.max m (fst p)) l m = m \/
    exists c : Q, In (fold_left (fun m p => Pos.max m (fst p)) l m, c) l).
  { clear. induction l as [|(i, c) l IH]; intros m; [left; reflexivity|]. cbn [fold_left fst].
    destruct (IH (Pos.max m i)) as [->|[d I]]; [|right; exists d; right; exact I].
    destruct (Pos.max_spec m i) as [[_ ->]|[_ ->]]; [right; exists c; left; reflexivity|left; reflexivity]. }
  destruct (G l (fst p)) as [->|[c I]]; [destruct p as [i c]; exists c; left; reflexivity|exists c; right; exact I].
Qed.

Lemma nonnegative_later : forall fuel opened f, below (next_scalar t) (parts f) = true ->
  nonnegative fuel opened known u f = nonnegative fuel opened known t f.
Proof.
  induction fuel as [|fuel IH]; intros opened f B; [reflexivity|]. cbn [nonnegative].
  destruct (parts f) as [|p l]; [reflexivity|].
  assert (Found : forall q, In q (p :: l) -> Map.find (fst q) (entries u) = Map.find (fst q) (entries t)).
  { intros (i, c) I. exact (found_below i c _ B I). }
  destruct (top_within l p) as [top_factor Top]. pose proof (Found _ Top) as E. cbn [fst] in E. clear Top.
  remember (p :: l) as whole eqn:W. clear W l.
  assert (U : forall q, In q whole -> is_unit u q = is_unit t q).
  { intros q I. unfold is_unit. rewrite (Found q I). reflexivity. }
  assert (Next : next_direction_of u opened whole = next_direction_of t opened whole).
  { unfold next_direction_of, direction_of. rewrite E. rewrite (found_same _ (negative_unit u) (negative_unit t)).
    - destruct opened; [reflexivity|]. destruct (find (negative_unit t) whole) as [(i, c)|] eqn:F; [|reflexivity].
      apply find_some in F as [I _]. rewrite (found_below i c _ B I). reflexivity.
    - intros q I. unfold negative_unit. rewrite (U q I). reflexivity. }
  rewrite Next. destruct (next_direction_of t opened whole) as [n|] eqn:N.
  { rewrite (partition_same _ (of_direction u n) (of_direction t n))
      by (intros q I; unfold of_direction; rewrite (Found q I); reflexivity).
    destruct (partition (of_direction t n) whole) as [mine others] eqn:M. destruct (part_below _ _ _ _ B M) as [BM BO].
    assert (D : exists direction, Map.find n (directions t) = Some direction /\ below (next_scalar t) direction = true).
    { assert (G : exists i, direction_of t i = Some n).
      { unfold next_direction_of in N. destruct opened; [exists (top whole); exact N|].
        destruct (find _ whole) as [(i, c)|]; [exists i; exact N|discriminate]. }
      destruct G as [i G]. unfold direction_of in G. destruct (Map.find i (entries t)) as [[n' up d|]|] eqn:X; try discriminate.
      injection G as ->. exact (earlier_units _ _ _ _ X). }
    destruct D as (direction & D & BD). rewrite D, (later_directions _ _ grown _ _ D).
    cbv zeta. rewrite (vanishing_later direction _ BD). destruct (vanishing t direction _) as [v w].
    rewrite (ends_later v w mine BM), least_of_units_later by exact BM. destruct (least_of_units t _ 0 _ mine); [|reflexivity].
    apply IH. cbn [parts]. destruct (qzero _); [exact BO|]. apply merge_below; [exact BO|apply scaled_below; exact BD]. }
  rewrite E. destruct (Map.find (top whole) (entries t)) as [[n up c|s of]|].
  - rewrite (partition_same _ (is_unit u) (is_unit t)) by exact U.
    destruct (partition (is_unit t) whole) as [mine others] eqn:M. destruct (part_below _ _ _ _ B M) as [BM BO].
    rewrite IH by exact BO. reflexivity.
  - assert (V : forall q, In q whole -> under u s q = under t s q).
    { intros q I. unfold under, score_number. rewrite (Found q I). reflexivity. }
    rewrite (partition_same _ (under u s) (under t s)) by exact V.
    destruct (partition (under t s) whole) as [mine others] eqn:M. destruct (part_below _ _ _ _ B M) as [BM BO].
    destruct (partition_left _ _ _ _ _ M) as [In_mine _].
    assert (Bases : map (base u) mine = map (base t) mine).
    { apply map_ext_in. intros q I. destruct (In_mine q I) as [J _]. unfold base, score_number. rewrite (Found q J).
      reflexivity. }
    rewrite Bases, !IH; [reflexivity|exact BO|]. cbn [parts]. rewrite below_in in *. intros i c I.
    apply in_map_iff in I as ((j, d) & Q & I). unfold base, score_number in Q. cbn [fst snd] in Q.
    destruct (Map.find j (entries t)) as [[x y z|s' of']|] eqn:G;
      injection Q as <- _; [exact (BM j d I)|exact (earlier_means j s' of' G)|exact (BM j d I)].
  - reflexivity.
Qed.

Lemma either_way_later : forall fuel f, below (next_scalar t) (parts f) = true ->
  either_way fuel known u f = either_way fuel known t f.
Proof.
  intros fuel f B. unfold either_way. rewrite !nonnegative_later by exact B.
  rewrite (existsb_same _ (is_unit u) (is_unit t)); [reflexivity|]. intros (i, c) I. unfold is_unit. cbn [fst].
  rewrite (found_below i c _ B I). reflexivity.
Qed.

Lemma never_negative_later : forall f, below (next_scalar t) (parts f) = true ->
  never_negative known u f = never_negative known t f.
Proof. exact (either_way_later 40). Qed.
End Asked.
