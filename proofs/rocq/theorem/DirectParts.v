(* The heads and the hidden units of a plan without reuse of coordinates: each computes its node at its coordinate, and adds 0
   elsewhere, where the streams show all that the node reads. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars PlanSound Accepted Direct.
Import ListNotations.
Open Scope nat_scope.

(* What rows give. *)
Lemma weigh_single : forall c i g, (weigh (single c i) g == c * g i)%Q.
Proof.
  intros c i. induction i as [|i IH]; intros g; cbn [single repeat app weigh]; [ring|].
  fold (single c i). rewrite (IH (fun k => g (S k))). ring.
Qed.

Lemma weigh_plus : forall a b g, (weigh (plus a b) g == weigh a g + weigh b g)%Q.
Proof.
  induction a as [|u a IH]; intros [|v b] g; cbn [plus weigh]; try ring. rewrite Qreduction.Qred_correct, IH. ring.
Qed.

Lemma dot_row : forall l h, (dot (row l) h == fold_right (fun '(c, i) rest => inject_Z c * nth i h 0 + rest) 0 l)%Q.
Proof.
  intros l h. rewrite dot_weigh. induction l as [|[c i] l IH]; [reflexivity|]. cbn [row fold_right]. fold (row l).
  rewrite weigh_plus, weigh_single, IH. reflexivity.
Qed.

Definition agree (l : list nat) (s h : vector) : Prop := forall i, In i l -> (nth i s 0 == nth i h 0)%Q.

Lemma row_affine : forall f s h, agree (map snd (terms f)) s h ->
  (dot (row (terms f)) s + inject_Z (constant f) == affine_at f h)%Q.
Proof.
  intros f s h A. rewrite dot_row. unfold affine_at. revert A. generalize (terms f). intros l A.
  induction l as [|[c i] l IH]; cbn [fold_right]; [ring|]. rewrite <- IH by (intros k K; apply A; right; exact K).
  rewrite (A i (or_introl eq_refl)). ring.
Qed.

Lemma closed_affine : forall one f s h, (nth one s 0 == 1)%Q -> agree (map snd (terms f)) s h ->
  (dot (closed one f) s == affine_at f h)%Q.
Proof.
  intros one f s h O A. rewrite <- (row_affine f s h A). unfold closed. rewrite !dot_row. cbn [fold_right]. rewrite O. ring.
Qed.

Lemma average_equal : forall a b, Forall2 Qeq a b -> (average a == average b)%Q.
Proof.
  intros a b E. unfold average. assert (L : length a = length b) by (induction E; cbn; congruence). rewrite L.
  assert (S : (fold_right Qplus 0 a == fold_right Qplus 0 b)%Q); [|rewrite S; reflexivity].
  clear L. induction E as [|x y a b X E IH]; [reflexivity|]. cbn [fold_right]. rewrite X, IH. reflexivity.
Qed.

Lemma filter_pairs : forall A B (R : A -> B -> Prop) p q a b, Forall2 R a b -> (forall x y, In x a -> R x y -> p x = q y) ->
  Forall2 R (filter p a) (filter q b).
Proof.
  intros A B R p q a b F. induction F as [|x y a b H F IH]; intros E; [constructor|]. cbn [filter].
  rewrite (E x y (or_introl eq_refl) H). specialize (IH (fun u v I => E u v (or_intror I))).
  destruct (q y); [constructor; assumption|exact IH].
Qed.

Lemma map_pairs : forall A B C D (R : A -> B -> Prop) (T : C -> D -> Prop) (f : A -> C) (g : B -> D) a b, Forall2 R a b ->
  (forall x y, In x a -> R x y -> T (f x) (g y)) -> Forall2 T (map f a) (map g b).
Proof.
  intros A B C D R T f g a b F. induction F as [|x y a b H F IH]; intros E; constructor;
    [apply E; [left; reflexivity|exact H]|apply IH; intros u v I; apply E; right; exact I].
Qed.

Section Positions.
Context {A : Type}.
Variables (l : list A) (f : A -> vector) (one : nat).

(* A head computes its node at its coordinate, and 0 elsewhere. *)
Definition shows_all (is : list nat) (j : A) (s : vector) : Prop := (nth one s 0 == 1)%Q /\ agree is s (f j).

Lemma shows_less : forall is is' j s, (forall i, In i is' -> In i is) -> shows_all is j s -> shows_all is' j s.
Proof. intros is is' j s H [O G]. split; [exact O|]. intros i I. apply G, H, I. Qed.

Lemma dot_scores : forall queries keys i j s t,
  shows_all (flat_map (fun f => map snd (terms f)) queries) i s -> shows_all (flat_map (fun f => map snd (terms f)) keys) j t ->
  (dot (times (map (closed one) queries) s) (times (map (closed one) keys) t) == score_of queries keys (f i) (f j))%Q.
Proof.
  induction queries as [|q queries IH]; intros [|k keys] i j s t S T; [reflexivity|reflexivity| |].
  - cbn [map times]. destruct (dot (closed one q) s) as [[|n|n] e]; reflexivity.
  - cbn [map times]. rewrite dot_cons. cbn [flat_map] in S, T. unfold score_of. cbn [combine fold_right].
    rewrite (closed_affine one q s (f i)), (closed_affine one k t (f j)).
    + fold (times (map (closed one) queries) s) (times (map (closed one) keys) t).
      rewrite (IH keys i j s t); [reflexivity| |]; (eapply shows_less; [|eassumption]); intros; apply in_or_app; right;
        assumption.
    + apply T.
    + intros x X. apply T, in_or_app. left. exact X.
    + apply S.
    + intros x X. apply S, in_or_app. left. exact X.
Qed.

Lemma nth_written : forall c v i, (nth i (times (repeat [] c ++ [[1%Q]]) v) 0 == if i =? c then nth 0 v 0 else 0)%Q.
Proof.
  induction c as [|c IH]; intros v [|i]; cbn [repeat app times map nth Nat.eqb].
  - destruct v as [|x v]; [reflexivity|]. rewrite dot_cons. cbn [nth]. destruct v; cbn [dot]; ring.
  - destruct i; reflexivity.
  - reflexivity.
  - apply IH.
Qed.

Lemma head_right : forall c queries keys value ss,
  Forall2 (shows_all (read_by (Averaged queries keys value))) l ss ->
  Forall2 (fun j a => forall i, (nth i a 0 == if i =? c then node_at (Averaged queries keys value) (map f l) (f j) else 0)%Q) l
    (attend {| wq := map (closed one) queries; wk := map (closed one) keys; wv := [closed one value];
      wo := repeat [] c ++ [[1%Q]] |} ss).
Proof.
  intros c queries keys value ss F. unfold attend. cbn [wq wk wv wo]. rewrite <- (map_id l) at 1.
  apply (map_pairs _ _ _ _ _ _ _ _ _ _ F). intros j s _ S i. rewrite nth_written. destruct (i =? c); [|reflexivity].
  rewrite nth_mean. rewrite !map_map, combine_map, filter_map, !map_map. cbn [snd node_at]. unfold maximisers.
  rewrite map_map, filter_map, map_map. cbn [read_by] in F, S. rewrite !flat_map_app in F, S.
  assert (Score : forall k t, shows_all (flat_map (fun f => map snd (terms f)) queries ++
      flat_map (fun f => map snd (terms f)) keys ++ flat_map (fun f => map snd (terms f)) [value]) k t ->
    (dot (times (map (closed one) queries) s) (times (map (closed one) keys) t) == score_of queries keys (f j) (f k))%Q).
  { intros k t T. apply dot_scores; (eapply shows_less; [|eassumption]); intros x X; rewrite !in_app_iff; tauto. }
  match goal with |- (average (map _ (filter (fun _ => Qeq_bool _ ?p) _)) ==
      average (map _ (filter (fun _ => Qeq_bool _ ?q) _)))%Q =>
    assert (Top : (p == q)%Q) end.
  { apply greatest_equal. unfold equal_vectors. clear -F Score. induction F as [|k t m ss T F IH]; constructor;
      [apply Score; exact T|exact IH]. }
  symmetry. apply average_equal. eapply map_pairs.
  - apply (filter_pairs _ _ _ _ _ _ _ F). intros k t _ T. apply eq_true_iff_eq. rewrite !Qeq_bool_iff, Top, (Score k t T).
    reflexivity.
  - intros k t _ T. cbn [times map nth]. symmetry. apply closed_affine; [apply T|]. intros x X. apply T. rewrite !in_app_iff.
    right. right. cbn [flat_map]. rewrite app_nil_r. exact X.
Qed.

(* The streams at some point: the scalars that are done are there, the others are 0. *)
Definition right (done : nat -> bool) : list vector -> Prop :=
  Forall2 (fun j s => forall i, (nth i s 0 == if done i then nth i (f j) 0 else 0)%Q) l.

Lemma right_same : forall done done' ss, (forall i, done i = done' i) -> right done ss -> right done' ss.
Proof.
  intros done done' ss E R. unfold right in *. induction R as [|j s m ss H R IH]; constructor; [|exact IH].
  intros i. rewrite (H i), E. reflexivity.
Qed.

Hypothesis one_is : forall j, In j l -> (nth one (f j) 0 == 1)%Q.

Lemma right_shows : forall done ss is, right done ss -> done one = true -> (forall i, In i is -> done i = true) ->
  Forall2 (shows_all is) l ss.
Proof.
  intros done ss is R O D. unfold right in R. revert one_is. induction R as [|j s m ss H R IH]; intros I; constructor.
  - split; [rewrite (H one), O; apply I; left; reflexivity|]. intros i J. rewrite (H i), (D i J). reflexivity.
  - apply IH. intros k K. apply I. right. exact K.
Qed.

Definition within (cs : list nat) (i : nat) : bool := existsb (fun c => c =? i) cs.

(* What a slot computes is the scalar of its coordinate. *)
Definition computes (s : slot) : Prop := forall j, In j l ->
  (nth (coordinate s) (f j) 0 == node_at (content s) (map f l) (f j))%Q.

Lemma heads_right : forall before ss0 hs done ss, right before ss0 -> before one = true -> right done ss ->
  (forall s, In s hs -> computes s /\ (exists q k v, content s = Averaged q k v) /\ done (coordinate s) = false /\
    forall i, In i (read_by (content s)) -> before i = true) -> NoDup (map coordinate hs) ->
  right (fun i => done i || within (map coordinate hs) i)
    (fold_left both (map (fun a => attend a ss0) (flat_map (head_of one) hs)) ss).
Proof.
  intros before ss0 hs. induction hs as [|s hs IH]; intros done ss R0 O R H N.
  - apply (right_same done); [|exact R]. intros i. cbn. rewrite orb_false_r. reflexivity.
  - destruct (H s (or_introl eq_refl)) as (C & (q & k & v & E) & D & I). cbn [flat_map].
    unfold head_of at 1. rewrite E in *. cbn [app map fold_left]. inversion N as [|c cs N1 N2]; subst.
    set (a := {| wq := _; wk := _; wv := _; wo := _ |}).
    apply (right_same (fun i => (done i || (coordinate s =? i)) || within (map coordinate hs) i)).
    { intros i. cbn [map within existsb]. rewrite orb_assoc. reflexivity. }
    apply IH; [exact R0|exact O| |intros t T; destruct (H t (or_intror T)) as (C' & E' & D' & I');
      repeat split; try assumption; cbv beta; rewrite D'; apply Nat.eqb_neq; intros X; apply N1; rewrite X; apply in_map;
        exact T|exact N2].
    pose proof (head_right (coordinate s) q k v ss0 (right_shows before ss0 _ R0 O I)) as W. fold a in W.
    assert (G : forall j, In j l -> (nth (coordinate s) (f j) 0 == node_at (Averaged q k v) (map f l) (f j))%Q).
    { intros j J. rewrite (C j J), E. reflexivity. }
    clear -R W D G. unfold right in *. revert W G. generalize (attend a ss0), (map f l). intros xs ys W G. revert xs W.
    induction R as [|j t m ss T R IH]; intros xs W; inversion W as [|j' x m' xs' X W' E1 E2]; subst; [constructor|].
    change (both (t :: ss) (x :: xs')) with (plus t x :: both ss xs'). constructor; [|apply IH; [intros i I; apply G; right;
      exact I|exact W']].
    intros i. rewrite nth_plus, (T i), (X i). rewrite (Nat.eqb_sym i). destruct (Nat.eqb_spec (coordinate s) i) as [<-|Z].
    + rewrite D. cbn [orb]. rewrite (G j (or_introl eq_refl)). ring.
    + rewrite orb_false_r. ring.
Qed.

Lemma unit_values : forall us h j, In j l -> (forall s, In s us -> computes s /\ (exists g, content s = Rectified g) /\
    agree (read_by (content s)) h (f j)) ->
  equal_vectors (relu (plus (times (map linear us) h) (map offset us))) (map (fun s => nth (coordinate s) (f j) 0%Q) us).
Proof.
  intros us h j J. induction us as [|s us IH]; intros H; [constructor|].
  destruct (H s (or_introl eq_refl)) as (C & (g & E) & G). cbn [map times plus relu]. constructor.
  - rewrite (C j J), E. cbn [node_at]. unfold linear, offset. rewrite E in *. pose proof (row_affine g h (f j) G) as V.
    set (u := Qreduction.Qred _). assert (U : (u == affine_at g (f j))%Q) by (unfold u; rewrite Qreduction.Qred_correct;
      exact V).
    unfold rectify. rewrite (le_equal 0 0 _ _ (Qeq_refl 0) U). destruct (Qle_bool 0 (affine_at g (f j))); [exact U|reflexivity].
  - apply IH. intros t T. apply H. right. exact T.
Qed.

Lemma selected : forall (us : list slot) (g : nat -> Q) i, NoDup (map coordinate us) ->
  (dot (map (fun s => if coordinate s =? i then 1%Q else 0%Q) us) (map (fun s => g (coordinate s)) us) ==
    if within (map coordinate us) i then g i else 0)%Q.
Proof.
  intros us g i. induction us as [|s us IH]; intros N; [reflexivity|]. inversion N as [|c cs N1 N2]; subst.
  cbn [map]. rewrite dot_cons, (IH N2). cbn [within existsb]. fold (within (map coordinate us) i).
  destruct (Nat.eqb_spec (coordinate s) i) as [<-|Z]; cbn [orb]; [|ring].
  destruct (within (map coordinate us) (coordinate s)) eqn:W; [|ring]. exfalso. apply N1.
  apply existsb_exists in W as (c & I & Q). apply Nat.eqb_eq in Q. subst c. exact I.
Qed.

Lemma units_right : forall count us hs done ss, right done ss -> NoDup (map coordinate us) ->
  (forall s, In s us -> computes s /\ (exists g, content s = Rectified g) /\ done (coordinate s) = false /\
    coordinate s < count /\ forall i, In i (read_by (content s)) -> done i = true) ->
  right (fun i => done i || within (map coordinate us) i) (map (feed (feeding count us hs)) ss).
Proof.
  intros count us hs done ss R N H. unfold right in *. rewrite <- (map_id l) at 1.
  apply (map_pairs _ _ _ _ _ _ _ _ _ _ R). intros j s J S i. unfold feed, feeding. cbn [up bias down].
  rewrite nth_plus, (S i). set (xs := relu _).
  assert (X : (nth i (times (map (fun i => map (fun s => if (coordinate s =? i)%nat then 1 else 0) us) (seq 0 count)) xs) 0 ==
    if within (map coordinate us) i then nth i (f j) 0 else 0)%Q).
  { assert (V : forall k, (dot (map (fun s => if (coordinate s =? k)%nat then 1 else 0) us) xs ==
      if within (map coordinate us) k then nth k (f j) 0 else 0)%Q).
    { intros k. rewrite <- (selected us (fun c => nth c (f j) 0%Q) k N). apply dot_equal. unfold xs.
      apply unit_values; [exact J|].
      intros t T. destruct (H t T) as (C & G & _ & _ & I). repeat split; try assumption. intros k' K. rewrite (S k'), (I k' K).
      reflexivity. }
    unfold times. rewrite map_map. destruct (Nat.lt_ge_cases i count) as [L|L].
    - rewrite (nth_indep _ 0%Q (dot (map (fun s => if (coordinate s =? 0)%nat then 1%Q else 0%Q) us) xs)) by
        (rewrite map_length, seq_length; exact L).
      rewrite (map_nth (fun k => dot (map (fun s => if (coordinate s =? k)%nat then 1%Q else 0%Q) us) xs)),
        seq_nth by exact L. apply V.
    - rewrite nth_overflow by (rewrite map_length, seq_length; exact L). destruct (within _ i) eqn:W; [|reflexivity].
      apply existsb_exists in W as (c & I & Q). apply Nat.eqb_eq in Q. subst c. apply in_map_iff in I as (t & <- & T).
      destruct (H t T) as (_ & _ & _ & B & _). lia. }
  rewrite X. destruct (within (map coordinate us) i) eqn:W; [|rewrite orb_false_r; ring].
  apply existsb_exists in W as (c & I & Q). apply Nat.eqb_eq in Q. subst c. apply in_map_iff in I as (t & <- & T).
  destruct (H t T) as (_ & _ & D & _ & _). rewrite D. cbn [orb]. ring.
Qed.
End Positions.
