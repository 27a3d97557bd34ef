(* Every transformer is a program of E-FASP: one direction of the claim that the two are the same functions.

   For every plan, of any depth, shape and numbers, and every sequence the value of the program that is made of it (Programs.v)
   is the residual stream, and the read-out ([decompiled_stream], [decompiled_outputs]); and whatever plan agrees with a program,
   the tokens that are read are the same ([agreeing_readings]). *)
From Coq Require Import List Bool Arith Lia ZArith QArith Qreduction.
From Efasp Require Import Statement Programs.
Import ListNotations.
Open Scope nat_scope.

(* 1. Vectors that are the same. *)
Definition sum (l : list Q) : Q := fold_right Qplus 0%Q l.

Lemma same_refl : forall a, same a a.
Proof. intros a i; reflexivity. Qed.
Lemma same_sym : forall a b, same a b -> same b a.
Proof. intros a b H i; symmetry; apply H. Qed.
Lemma same_trans : forall a b c, same a b -> same b c -> same a c.
Proof. intros a b c H G i; rewrite (H i); apply G. Qed.
Lemma nth_tl : forall (a : vector) i, nth i (tl a) 0%Q = nth (S i) a 0%Q.
Proof. intros [|x a] i; simpl; [destruct i|]; reflexivity. Qed.
Lemma same_tl : forall a b, same a b -> same (tl a) (tl b).
Proof. intros a b H i; rewrite !nth_tl; apply H. Qed.

Lemma dot_step : forall a b, (dot a b == nth 0 a 0 * nth 0 b 0 + dot (tl a) (tl b))%Q.
Proof.
  intros [|[n d] a] [|v b]; cbn [dot nth tl].
  - ring.
  - ring.
  - destruct n; destruct a as [|[[] ?] ?]; simpl; ring.
  - destruct n; try (rewrite Qred_correct; reflexivity).
    setoid_replace (0 # d)%Q with 0%Q by reflexivity; ring.
Qed.
Lemma dot_nil_right : forall a, dot a [] = 0%Q.
Proof. destruct a as [|[[] ?] ?]; reflexivity. Qed.
Lemma dot_nil_left : forall b, dot [] b = 0%Q.
Proof. destruct b; reflexivity. Qed.
Lemma length_tl : forall {A} (l : list A) n, length l <= S n -> length (tl l) <= n.
Proof. intros A [|x l] n H; simpl in *; lia. Qed.

Lemma dot_same_bounded : forall n a a' b b', length a <= n -> length a' <= n -> same a a' -> same b b' ->
  (dot a b == dot a' b')%Q.
Proof.
  induction n; intros a a' b b' La La' Ha Hb.
  - destruct a; [|simpl in La; lia]. destruct a'; [|simpl in La'; lia]. rewrite !dot_nil_left; reflexivity.
  - rewrite (dot_step a b), (dot_step a' b'), (Ha 0), (Hb 0).
    rewrite (IHn (tl a) (tl a') (tl b) (tl b')); auto using length_tl, same_tl. reflexivity.
Qed.
Lemma dot_same : forall a a' b b', same a a' -> same b b' -> (dot a b == dot a' b')%Q.
Proof. intros a a' b b'; apply (dot_same_bounded (Nat.max (length a) (length a'))); lia. Qed.

Lemma dot_app : forall a b a' b', length a = length b -> (dot (a ++ a') (b ++ b') == dot a b + dot a' b')%Q.
Proof.
  induction a as [|x a IH]; intros [|y b] a' b' H; try discriminate.
  - rewrite dot_nil_left; simpl; ring.
  - rewrite (dot_step ((x :: a) ++ a')), (dot_step (x :: a)). cbn [app tl nth]. rewrite IH by (simpl in H; lia). ring.
Qed.

Lemma padded_length : forall n x, length (padded n x) = n.
Proof. intros; unfold padded; rewrite map_length, seq_length; reflexivity. Qed.
Lemma padded_step : forall n x, padded (S n) x = nth 0 x 0%Q :: padded n (tl x).
Proof.
  intros n x; unfold padded; cbn [seq map]; f_equal. rewrite <- seq_shift, map_map.
  apply map_ext; intro i; symmetry; apply nth_tl.
Qed.
Lemma dot_padded : forall n r x, length r <= n \/ length x <= n -> (dot (padded n r) (padded n x) == dot r x)%Q.
Proof.
  induction n; intros r x H.
  - change (0 == dot r x)%Q. assert (r = [] \/ x = []) as [-> | ->] by (destruct r, x; simpl in H; auto; lia).
    + rewrite dot_nil_left; reflexivity.
    + rewrite dot_nil_right; reflexivity.
  - rewrite !padded_step, (dot_step r x), (dot_step (_ :: _)); cbn [nth tl].
    rewrite IHn; [reflexivity|]. destruct H; [left|right]; apply length_tl; assumption.
Qed.

Lemma nth_plus : forall a b i, (nth i (plus a b) 0 == nth i a 0 + nth i b 0)%Q.
Proof.
  induction a as [|x a IH]; intros [|y b] [|i]; cbn [plus nth]; try (rewrite Qred_correct); try ring. apply IH.
Qed.
Lemma plus_nil : forall a, plus a [] = a.
Proof. destruct a; reflexivity. Qed.
Lemma plus_length : forall a b, length (plus a b) = Nat.max (length a) (length b).
Proof. induction a as [|x a IH]; intros [|y b]; simpl; try reflexivity. rewrite IH; reflexivity. Qed.
Lemma nth_times : forall m x i, nth i (times m x) 0%Q = dot (nth i m []) x.
Proof.
  intros m x i; unfold times. rewrite <- (map_nth (fun row => dot row x)). rewrite dot_nil_left. reflexivity.
Qed.
Lemma times_length : forall m x, length (times m x) = length m.
Proof. intros; apply map_length. Qed.
Lemma plus_same : forall a a' b b', same a a' -> same b b' -> same (plus a b) (plus a' b').
Proof. intros a a' b b' H G i; rewrite !nth_plus, (H i), (G i); reflexivity. Qed.
Lemma times_same : forall m x y, same x y -> same (times m x) (times m y).
Proof. intros m x y H i; rewrite !nth_times; apply dot_same; auto using same_refl. Qed.

Definition rectify (q : Q) : Q := if Qle_bool 0 q then q else 0%Q.
Lemma nth_relu : forall x i, nth i (relu x) 0%Q = rectify (nth i x 0%Q).
Proof. intros x i. change 0%Q with (rectify 0%Q) at 1. apply map_nth. Qed.
Lemma bool_same : forall a b : bool, (a = true <-> b = true) -> a = b.
Proof. intros [] [] H; try reflexivity; [symmetry|]; apply H; reflexivity. Qed.
Lemma le_same : forall a a' b b', (a == a')%Q -> (b == b')%Q -> Qle_bool a b = Qle_bool a' b'.
Proof. intros; apply bool_same; rewrite !Qle_bool_iff, H, H0; reflexivity. Qed.
Lemma eq_same : forall a a' b b', (a == a')%Q -> (b == b')%Q -> Qeq_bool a b = Qeq_bool a' b'.
Proof. intros; apply bool_same; rewrite !Qeq_bool_iff, H, H0; reflexivity. Qed.
Lemma relu_same : forall x y, same x y -> same (relu x) (relu y).
Proof.
  intros x y H i; rewrite !nth_relu; unfold rectify.
  rewrite (le_same 0%Q 0%Q (nth i x 0%Q) (nth i y 0%Q)); auto; [|reflexivity].
  destruct (Qle_bool 0 (nth i y 0%Q)); [apply H|reflexivity].
Qed.

(* 2. Attention. *)
Lemma greatest_same : forall l l', Forall2 Qeq l l' -> (greatest l == greatest l')%Q.
Proof.
  intros l l' H; unfold greatest.
  assert (hd 0 l == hd 0 l')%Q as Hd by (destruct H; [reflexivity|assumption]).
  revert Hd; generalize (hd 0%Q l), (hd 0%Q l'). induction H as [|x y l l' Hx Hl IH]; intros p q Hd; simpl; auto.
  specialize (IH p q Hd). rewrite (le_same x y _ _ Hx IH).
  destruct (Qle_bool y _); assumption.
Qed.
Lemma nth_sums : forall vs i, (nth i (fold_right plus [] vs) 0 == sum (map (fun v => nth i v 0) vs))%Q.
Proof.
  induction vs as [|v vs IH]; intro i; simpl; [destruct i; reflexivity|]. rewrite nth_plus, IH; reflexivity.
Qed.
Lemma nth_mean : forall vs i,
  (nth i (mean vs) 0 == sum (map (fun v => nth i v 0) vs) / inject_Z (Z.of_nat (length vs)))%Q.
Proof.
  intros vs i; unfold mean.
  set (f := fun total => Qred (total / inject_Z (Z.of_nat (length vs)))).
  assert (f 0%Q = 0%Q) as Zero.
  { unfold f. transitivity (Qred 0%Q); [|reflexivity]. apply Qred_complete. unfold Qdiv. ring. }
  rewrite <- Zero at 1. rewrite map_nth. unfold f; rewrite Qred_correct, nth_sums; reflexivity.
Qed.
Lemma mean_same : forall {A} (f g : A -> vector) l, (forall j, In j l -> same (f j) (g j)) ->
  same (mean (map f l)) (mean (map g l)).
Proof.
  intros A f g l H i; rewrite !nth_mean, !map_length, !map_map.
  assert (sum (map (fun x => nth i (f x) 0) l) == sum (map (fun x => nth i (g x) 0) l))%Q as ->; [|reflexivity].
  induction l as [|x l IH]; simpl; [reflexivity|]. rewrite (H x (or_introl eq_refl) i), IH; [reflexivity|].
  intros; apply H; right; assumption.
Qed.
Lemma mean_length : forall n vs, (forall v, In v vs -> length v <= n) -> length (mean vs) <= n.
Proof.
  intros n vs H; unfold mean; rewrite map_length. induction vs as [|v vs IH]; simpl; [lia|].
  rewrite plus_length. specialize (H v (or_introl eq_refl)) as Hv.
  assert (length (fold_right plus [] vs) <= n) by (apply IH; intros; apply H; right; assumption). lia.
Qed.
Lemma average_same : forall P q q' ks ks' vs vs', same q q' -> (forall j, j < P -> same (ks j) (ks' j)) ->
  (forall j, j < P -> same (vs j) (vs' j)) -> same (average_hard P q ks vs) (average_hard P q' ks' vs').
Proof.
  intros P q q' ks ks' vs vs' Hq Hk Hv; unfold average_hard.
  assert (forall j, j < P -> (dot q (ks j) == dot q' (ks' j))%Q) as Hs by (intros; apply dot_same; auto).
  assert (greatest (map (fun j => dot q (ks j)) (seq 0 P)) == greatest (map (fun j => dot q' (ks' j)) (seq 0 P)))%Q as Ht.
  { apply greatest_same. assert (forall j, In j (seq 0 P) -> j < P) as Hin by (intros j; rewrite in_seq; lia).
    induction (seq 0 P) as [|j l IH]; simpl; constructor; [apply Hs, Hin; left; reflexivity|].
    apply IH; intros; apply Hin; right; assumption. }
  rewrite (filter_ext_in (fun j => Qeq_bool (dot q (ks j)) _)
    (fun j => Qeq_bool (dot q' (ks' j)) (greatest (map (fun j => dot q' (ks' j)) (seq 0 P))))).
  - apply mean_same. intros j Hj; apply filter_In in Hj as [Hj _]; apply in_seq in Hj; apply Hv; lia.
  - intros j Hj; apply in_seq in Hj; apply eq_same; [apply Hs; lia|exact Ht].
Qed.

Lemma average_length : forall P n q ks vs, (forall j, length (vs j) <= n) -> length (average_hard P q ks vs) <= n.
Proof.
  intros P n q ks vs H; unfold average_hard; apply mean_length; intros v Hv.
  apply in_map_iff in Hv as [j [<- _]]; apply H.
Qed.

(* 3. A transformer at every position. *)
Section Layers.
Variable P : nat.
Definition attended_at (H : nat -> vector) (j : nat) (a : head) : vector :=
  times (wo a) (average_hard P (times (wq a) (H j)) (fun i => times (wk a) (H i)) (fun i => times (wv a) (H i))).
Definition heads_at (l : layer) (H : nat -> vector) (j : nat) : vector :=
  fold_left plus (map (attended_at H j) (heads l)) (H j).
Definition layer_at (H : nat -> vector) (l : layer) (j : nat) : vector := feed l (heads_at l H j).

Lemma chosen : forall {A} (s : A -> Q) (v : A -> vector) top l,
  map snd (filter (fun '(score, _) => Qeq_bool score top) (combine (map s l) (map v l))) =
  map v (filter (fun j => Qeq_bool (s j) top) l).
Proof. induction l as [|j l IH]; simpl; [reflexivity|]. destruct (Qeq_bool (s j) top); simpl; rewrite IH; reflexivity. Qed.
Lemma attend_at : forall a H, attend a (map H (seq 0 P)) = map (fun j => attended_at H j a) (seq 0 P).
Proof.
  intros a H; unfold attend, attended_at, average_hard; cbv zeta. rewrite map_map; apply map_ext; intro j.
  rewrite !map_map. rewrite (chosen (fun i => dot (times (wq a) (H j)) (times (wk a) (H i)))). reflexivity.
Qed.
Lemma both_at : forall (f g : nat -> vector) l, both (map f l) (map g l) = map (fun j => plus (f j) (g j)) l.
Proof. intros f g; unfold both; induction l as [|j l IH]; simpl; [reflexivity|]. rewrite IH; reflexivity. Qed.
Lemma all_at : forall (F : head -> nat -> vector) some H l,
  fold_left both (map (fun a => map (F a) l) some) (map H l) =
  map (fun j => fold_left plus (map (fun a => F a j) some) (H j)) l.
Proof. intro F; induction some as [|a some IH]; intros H l; simpl; [reflexivity|]. rewrite both_at, IH; reflexivity. Qed.
Lemma through_at : forall H l, through (map H (seq 0 P)) l = map (layer_at H l) (seq 0 P).
Proof.
  intros H l; unfold through. rewrite (map_ext _ _ (fun a => attend_at a H)).
  rewrite (all_at (fun a j => attended_at H j a)), map_map; reflexivity.
Qed.
Lemma layers_at : forall ls H, fold_left through ls (map H (seq 0 P)) = map (fold_left layer_at ls H) (seq 0 P).
Proof. induction ls as [|l ls IH]; intro H; simpl; [reflexivity|]. rewrite through_at; apply IH. Qed.
End Layers.

Lemma combine_at : forall (xs ys : list vector),
  combine xs ys = map (fun j => (nth j xs [], nth j ys [])) (seq 0 (Nat.min (length xs) (length ys))).
Proof.
  induction xs as [|x xs IH]; intros [|y ys]; simpl; try reflexivity.
  rewrite IH, <- seq_shift, map_map; reflexivity.
Qed.
Lemma embedded_at : forall f g tokens places,
  both (map f tokens) (map g places) =
  map (fun j => plus (f (nth j tokens [])) (g (nth j places []))) (seq 0 (positions tokens places)).
Proof.
  intros; unfold both. assert (combine (map f tokens) (map g places) = map (fun p => (f (fst p), g (snd p))) (combine tokens places)) as ->.
  { revert places; induction tokens as [|x xs IH]; intros [|y ys]; simpl; try reflexivity. rewrite IH; reflexivity. }
  rewrite combine_at, !map_map; reflexivity.
Qed.

Lemma nth_fold_plus : forall vs (h : vector) i, (nth i (fold_left plus vs h) 0 == nth i h 0 + sum (map (fun v => nth i v 0) vs))%Q.
Proof.
  induction vs as [|v vs IH]; intros h i; simpl; [ring|]. rewrite IH, nth_plus; ring.
Qed.
Lemma sum_same : forall {A} (f g : A -> Q) l, (forall a, In a l -> f a == g a)%Q -> (sum (map f l) == sum (map g l))%Q.
Proof.
  intros A f g; induction l as [|a l IH]; intro H; simpl; [reflexivity|].
  rewrite (H a (or_introl eq_refl)), IH; [reflexivity|]. intros; apply H; right; assumption.
Qed.
Lemma unit_dot : forall i x n s,
  (dot (map (fun j => if j =? i then 1%Q else 0%Q) (seq s n)) (map (fun j => nth j x 0%Q) (seq s n)) ==
   if (s <=? i) && (i <? s + n) then nth i x 0 else 0)%Q.
Proof.
  intros i x; induction n; intro s.
  - simpl. destruct (Nat.leb_spec s i), (Nat.ltb_spec i (s + 0)); simpl; try reflexivity; lia.
  - cbn [seq map]. rewrite dot_step; cbn [nth tl]. rewrite IHn.
    destruct (Nat.eqb_spec s i), (Nat.leb_spec (S s) i), (Nat.ltb_spec i (S s + n)), (Nat.leb_spec s i), (Nat.ltb_spec i (s + S n));
      simpl; subst; try ring; lia.
Qed.

Section Decompiled.
Variables tokens places : list vector.
Let P := positions tokens places.
Let at_ := value tokens places.

Lemma side_by_side_dot : forall parts i j, (forall part, In part parts -> length (at_ (snd part) j) <= fst (fst part)) ->
  (dot (side_by_side (map fst parts) i)
     (flat_map (fun part => padded (fst part) (at_ (snd part) j)) (map (fun part => (fst (fst part), snd part)) parts)) ==
   sum (map (fun part => dot (nth i (snd (fst part)) []) (at_ (snd part) j)) (parts : list (nat * matrix * expression))))%Q.
Proof.
  induction parts as [|[[n M] x] parts IH]; intros i j H; [simpl; reflexivity|].
  cbn [map flat_map side_by_side fst snd sum fold_right]. rewrite dot_app by (rewrite !padded_length; reflexivity).
  rewrite dot_padded by (right; apply (H (n, M, x)); left; reflexivity).
  apply Qplus_inj_l, IH. intros; apply H; right; assumption.
Qed.
Lemma added_length : forall d h parts j, length (at_ (added d h parts) j) = d.
Proof.
  intros; unfold at_, added; cbn [value]. rewrite plus_nil, times_length, map_length, seq_length; reflexivity.
Qed.
Lemma added_at : forall d h parts i j, i < d ->
  (forall part, In part parts -> length (at_ (snd part) j) <= fst (fst part)) ->
  (nth i (at_ (added d h parts) j) 0 ==
   nth i (at_ h j) 0 + sum (map (fun part => dot (nth i (snd (fst part)) []) (at_ (snd part) j)) parts))%Q.
Proof.
  intros d h parts i j Hi H; unfold at_ at 1, added; cbn [value]. rewrite plus_nil, nth_times.
  rewrite (nth_indep _ [] (unit_row d 0 ++ side_by_side (map fst parts) 0)) by (rewrite map_length, seq_length; exact Hi).
  rewrite (map_nth (fun i => unit_row d i ++ side_by_side (map fst parts) i)), seq_nth by exact Hi.
  cbn [flat_map fst snd]. rewrite dot_app by (unfold unit_row; rewrite padded_length, map_length, seq_length; reflexivity).
  unfold unit_row, padded at 1; rewrite unit_dot. fold at_. rewrite (side_by_side_dot parts (0 + i) j H).
  rewrite Nat.add_0_l. rewrite (proj2 (Nat.ltb_lt i (0 + d))) by lia. reflexivity.
Qed.

(* H and the expression have the same value at every position, of which at most d entries are written. *)
Definition follows (d : nat) (H : nat -> vector) (h : expression) : Prop :=
  forall j, j < P -> same (H j) (at_ h j) /\ length (at_ h j) <= d.
Lemma beyond : forall d H h j i, follows d H h -> j < P -> d <= i -> (nth i (H j) 0 == 0)%Q.
Proof.
  intros d H h j i F Hj Hi; destruct (F j Hj) as [E L]. rewrite (E i), nth_overflow by lia. reflexivity.
Qed.

Lemma attended_follows : forall d l H h, (forall a, In a (heads l) -> length (wo a) <= d) -> follows d H h ->
  follows d (heads_at P l H) (attended d l h).
Proof.
  intros d l H h W F; unfold attended, heads_at. destruct (heads l) as [|a0 some]; [exact F|].
  revert W; generalize (a0 :: some); intros all W j Hj. split; [|rewrite added_length; lia].
  assert (forall a, same (average_hard P (times (wq a) (H j)) (fun i => times (wk a) (H i)) (fun i => times (wv a) (H i)))
    (at_ (head_expression h a) j)) as E.
  { intro a; unfold at_, head_expression; cbn [value]. rewrite plus_nil.
    apply average_same; [|intros; rewrite plus_nil..]; apply times_same, F; assumption. }
  intro i. rewrite nth_fold_plus, map_map. destruct (Nat.lt_ge_cases i d) as [Hi | Hi].
  - rewrite added_at, map_map; [|exact Hi|].
    + rewrite (proj1 (F j Hj) i). apply Qplus_inj_l, sum_same. intros a _; cbn [fst snd].
      unfold attended_at; rewrite nth_times. apply dot_same; [apply same_refl|apply E].
    + intros part Hp; apply in_map_iff in Hp as [a [<- _]]; cbn [fst snd].
      unfold at_, head_expression; cbn [value]. apply average_length. intro k; rewrite plus_nil, times_length; lia.
  - rewrite (beyond d H h j i F Hj Hi), (nth_overflow (at_ _ _)) by (rewrite added_length; exact Hi).
    rewrite (sum_same _ (fun _ => 0%Q)).
    + rewrite Qplus_0_l. clear; induction all as [|a all IH]; simpl; [reflexivity|]. rewrite IH; reflexivity.
    + intros a Ha; unfold attended_at; rewrite nth_times, (nth_overflow (wo a)), dot_nil_left by (specialize (W a Ha); lia).
      reflexivity.
Qed.

Lemma fed_follows : forall d l H h, length (down l) <= d -> follows d H h -> follows d (fun j => feed l (H j)) (fed d l h).
Proof.
  intros d l H h W F j Hj; unfold fed, feed. remember (relu (plus (times (up l) (H j)) (bias l))) as hidden eqn:Eh.
  destruct (units l) as [|n] eqn:Eu.
  - destruct (F j Hj) as [E L]; split; [|exact L]. intro i; rewrite nth_plus, nth_times, (E i).
    unfold units in Eu. assert (hidden = []) as ->.
    { subst hidden. destruct (up l), (bias l); simpl in Eu; try discriminate. reflexivity. }
    rewrite dot_nil_right; ring.
  - rewrite <- Eu. split; [|rewrite added_length; lia].
    assert (same hidden (at_ (Rectified (Affine (up l) (bias l) h)) j)) as E.
    { subst hidden; unfold at_; cbn [value]. apply relu_same, plus_same; [apply times_same, F; exact Hj|apply same_refl]. }
    intro i; rewrite nth_plus, nth_times. destruct (Nat.lt_ge_cases i d) as [Hi | Hi].
    + rewrite added_at; [|exact Hi|].
      * cbn [map sum fold_right fst snd]. rewrite (proj1 (F j Hj) i), (dot_same _ _ _ _ (same_refl _) E); ring.
      * intros part [<- | []]; cbn [fst snd]. unfold at_; cbn [value]; unfold relu, units.
        rewrite map_length, plus_length, times_length; lia.
    + rewrite (beyond d H h j i F Hj Hi), (nth_overflow (at_ _ _)) by (rewrite added_length; exact Hi).
      rewrite (nth_overflow (down l)), dot_nil_left by lia. ring.
Qed.

Variable m : plan.
Let d := width m.
Lemma width_of : forall M, In M (token_matrix m :: place_matrix m :: flat_map writers (layers m)) -> length M <= d.
Proof.
  intros M HM; unfold d, width. assert (list_max (map (@length vector) (token_matrix m :: place_matrix m ::
    flat_map writers (layers m))) <= width m) as Hd by reflexivity.
  apply list_max_le in Hd. rewrite Forall_forall in Hd. apply Hd, in_map, HM.
Qed.

Definition embedding_at (j : nat) : vector :=
  plus (times (token_matrix m) (nth j tokens [])) (times (place_matrix m) (nth j places [])).
Lemma columns_of : forall M i, length (nth i M []) <= columns M.
Proof.
  intros M i; unfold columns. destruct (nth_in_or_default i M []) as [HM | ->]; [|simpl; lia].
  assert (list_max (map (@length Q) M) <= list_max (map (@length Q) M)) as Hm by reflexivity.
  apply list_max_le in Hm. rewrite Forall_forall in Hm. apply Hm, in_map, HM.
Qed.
Lemma embedded_follows : follows d embedding_at (embedded m).
Proof.
  intros j Hj; unfold at_, embedded, embedding_at; cbn [value]. fold d. rewrite plus_nil.
  split; [|rewrite times_length, map_length, seq_length; lia].
  set (row := fun i => padded (columns (token_matrix m)) (nth i (token_matrix m) []) ++
    padded (columns (place_matrix m)) (nth i (place_matrix m) [])).
  intro i; rewrite nth_plus, !nth_times. destruct (Nat.lt_ge_cases i d) as [Hi | Hi].
  - rewrite (nth_indep (map row (seq 0 d)) [] (row 0)) by (rewrite map_length, seq_length; exact Hi).
    rewrite (map_nth row), seq_nth, Nat.add_0_l by exact Hi. unfold row; cbn [flat_map fst snd value]. rewrite app_nil_r.
    rewrite dot_app by (rewrite !padded_length; reflexivity).
    rewrite !dot_padded by (left; apply columns_of). reflexivity.
  - rewrite (nth_overflow (map row _)) by (rewrite map_length, seq_length; exact Hi).
    rewrite (nth_overflow (token_matrix m)), (nth_overflow (place_matrix m)), !dot_nil_left; [ring|..].
    + etransitivity; [apply width_of; right; left; reflexivity|exact Hi].
    + etransitivity; [apply width_of; left; reflexivity|exact Hi].
Qed.

Lemma stream_follows : forall ls, incl ls (layers m) ->
  follows d (fold_left (layer_at P) ls embedding_at) (stream m ls).
Proof.
  intros ls; unfold stream. fold d. generalize embedding_at, (embedded m), embedded_follows.
  induction ls as [|l ls IH]; intros H h F I; simpl; [exact F|].
  assert (forall M, In M (writers l) -> length M <= d) as W.
  { intros M HM; apply width_of; right; right; apply in_flat_map. exists l; split; [apply I; left; reflexivity|exact HM]. }
  apply IH; [|intros l' Hl; apply I; right; exact Hl].
  unfold after, layer_at. apply (fed_follows d l (heads_at P l H)).
  - apply W, in_or_app; right; left; reflexivity.
  - apply attended_follows; [|exact F]. intros a Ha; apply W, in_or_app; left; apply in_map; exact Ha.
Qed.
End Decompiled.

(* 4. The theorems. The residual stream after any number of layers, at every position, is the value of its expression. *)
Theorem decompiled_stream : forall m tokens places ls i, incl ls (layers m) -> i < positions tokens places ->
  same (nth i (fold_left through ls (both (map (times (token_matrix m)) tokens) (map (times (place_matrix m)) places))) [])
    (value tokens places (stream m ls) i).
Proof.
  intros m tokens places ls i I Hi. rewrite embedded_at, layers_at.
  rewrite (nth_indep _ [] (fold_left (layer_at (positions tokens places)) ls (embedding_at tokens places m) 0))
    by (rewrite map_length, seq_length; exact Hi).
  rewrite map_nth, seq_nth by exact Hi. apply (stream_follows tokens places m ls I), Hi.
Qed.
Theorem decompiled_outputs : forall m tokens places, agree m (decompiled m) tokens places.
Proof.
  intros m tokens places; unfold agree, forward. rewrite embedded_at, layers_at, map_map.
  split; [rewrite map_length, seq_length; reflexivity|]. intros i Hi.
  set (f := fun j => plus (times (out_matrix m) (fold_left (layer_at (positions tokens places)) (layers m) _ j)) (out_bias m)).
  rewrite (nth_indep _ [] (f 0)) by (rewrite map_length, seq_length; exact Hi). rewrite map_nth, seq_nth by exact Hi.
  unfold f, decompiled; cbn [value]. apply plus_same; [|apply same_refl].
  apply times_same, (stream_follows tokens places m (layers m) (incl_refl _)), Hi.
Qed.

(* What is decided by a read-out is decided by the program's value: tokens, and the control bits of any-process generation. *)
Lemma same_firstn : forall k u v, same u v -> same (firstn k u) (firstn k v).
Proof.
  assert (forall k (u : vector) i, nth i (firstn k u) 0%Q = if i <? k then nth i u 0%Q else 0%Q) as E.
  { induction k; intros [|x u] [|i]; simpl; try reflexivity; [destruct (S i <? S k); reflexivity|]. apply IHk. }
  intros k u v H i; rewrite !E. destruct (i <? k); [apply H|reflexivity].
Qed.
Lemma same_skipn : forall k u v, same u v -> same (skipn k u) (skipn k v).
Proof.
  assert (forall k (u : vector) i, nth i (skipn k u) 0%Q = nth (k + i) u 0%Q) as E.
  { induction k; intros [|x u] i; simpl; try reflexivity; [destruct i; reflexivity|apply IHk]. }
  intros k u v H i; rewrite !E; apply H.
Qed.
Lemma same_reading : forall w ext u v, same u v -> reading w ext u = reading w ext v.
Proof.
  intros w ext u v H; unfold reading.
  set (scored := fun x => map (fun y => (y, dot (token_code w ext y) x)) (vocabulary w ext)).
  fold (scored u) (scored v). set (top := fun x => greatest (map snd (scored x))). fold (top u) (top v).
  assert (top u == top v)%Q as T.
  { unfold top, scored; rewrite !map_map; cbn [snd]. apply greatest_same.
    generalize (vocabulary w ext); intro ys; induction ys as [|y ys IH]; cbn [map]; constructor; [|exact IH].
    apply dot_same; [apply same_refl|exact H]. }
  set (lead := fun x => filter (fun '(_, score) => negb (Qle_bool score (top x - 1))) (scored x)). fold (lead u) (lead v).
  assert (map fst (lead u) = map fst (lead v)) as L.
  { unfold lead, scored. generalize (vocabulary w ext); intro ys; induction ys as [|y ys IH]; cbn [map filter]; [reflexivity|].
    rewrite (le_same _ (dot (token_code w ext y) v) _ (top v - 1)%Q (dot_same _ _ _ _ (same_refl _) H));
      [|unfold Qminus; rewrite T; reflexivity].
    destruct (Qle_bool _ _); cbn [negb map fst]; rewrite IH; reflexivity. }
  destruct (lead u) as [|[y s] [|[y' s'] l]], (lead v) as [|[z t] [|[z' t'] l']]; simpl in L; try discriminate; try reflexivity.
  injection L as ->; reflexivity.
Qed.
Lemma same_controls : forall w ext u v, same u v -> controls w ext u = controls w ext v.
Proof.
  intros w ext u v H; unfold controls.
  pose proof (same_skipn (token_code_width w ext) u v H) as E.
  rewrite !(le_same _ _ (1 # 2) (1 # 2) (E _)) by reflexivity. reflexivity.
Qed.
Theorem agreeing_readings : forall w ext m e places x i, let codes := map (token_code w ext) x in
  agree m e codes places -> i < positions codes places ->
  let found := nth i (outputs w ext m places x) [] in
  let given := value codes places e i in
  reading w ext found = reading w ext given /\
  reading w ext (firstn (token_code_width w ext) found) = reading w ext (firstn (token_code_width w ext) given) /\
  controls w ext found = controls w ext given.
Proof.
  intros w ext m e places x i codes A Hi found given.
  assert (same found given) as H by (apply (proj2 A), Hi).
  auto using same_reading, same_firstn, same_controls.
Qed.
