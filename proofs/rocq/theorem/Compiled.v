(* Every program of E-FASP is a transformer: the other direction of the claim that the two are the same functions, and both.

   For every program, over codes of given widths, and every sequence the read-out of the plan that is made of it (Programs.v) is
   the program's value. The plan has a layer for each ReLU and each attention of the program, and one more, for sequences of any
   length. *)
From Coq Require Import List Bool Arith Lia ZArith QArith Qreduction.
From Efasp Require Import Statement Programs Decompiled.
Import ListNotations.
Open Scope nat_scope.

(* 1. Induction over programs: concatenations have lists of programs. *)
Section Induction.
Variable Good : expression -> Prop.
Hypothesis Htoken : Good TokenEmbedding.
Hypothesis Hplace : Good PositionEmbedding.
Hypothesis Hconcat : forall parts, Forall (fun part => Good (snd part)) parts -> Good (Concat parts).
Hypothesis Haffine : forall rows bias x, Good x -> Good (Affine rows bias x).
Hypothesis Hrectified : forall x, Good x -> Good (Rectified x).
Hypothesis Haveraged : forall q k v, Good q -> Good k -> Good v -> Good (Averaged q k v).
Fixpoint expression_induction (e : expression) : Good e :=
  match e with
  | TokenEmbedding => Htoken
  | PositionEmbedding => Hplace
  | Concat parts => Hconcat parts
      ((fix all (parts : list (nat * expression)) : Forall (fun part => Good (snd part)) parts :=
        match parts with
        | [] => Forall_nil _
        | part :: rest => Forall_cons part (expression_induction (snd part)) (all rest)
        end) parts)
  | Affine rows bias x => Haffine rows bias x (expression_induction x)
  | Rectified x => Hrectified x (expression_induction x)
  | Averaged q k v => Haveraged q k v (expression_induction q) (expression_induction k) (expression_induction v)
  end.
End Induction.

(* 2. Rows: those of coordinates, of combinations, and of writers. *)
Lemma dot_cell : forall i h, (dot (cell i) h == nth i h 0)%Q.
Proof.
  unfold cell; induction i as [|i IH]; intro h; cbn [repeat app].
  - rewrite dot_step; cbn [nth tl]. rewrite dot_nil_left. ring.
  - rewrite dot_step; cbn [nth tl]. rewrite IH, nth_tl. ring.
Qed.
Lemma cell_length : forall i, length (cell i) = i + 1.
Proof. intro i; unfold cell; rewrite app_length, repeat_length; reflexivity. Qed.
Lemma nth_mapped : forall (f : nat -> vector) s n i, i < n -> nth i (map f (seq s n)) [] = f (s + i).
Proof. intros f s n i Hi. rewrite (nth_indep _ [] (f 0)) by (rewrite map_length, seq_length; exact Hi). rewrite map_nth, seq_nth; auto. Qed.
Lemma cells_length : forall s n, length (cells s n) = n.
Proof. intros; unfold cells; rewrite map_length, seq_length; reflexivity. Qed.
Lemma cells_at : forall s n h i, (nth i (times (cells s n) h) 0 == if (i <? n)%nat then nth (s + i)%nat h 0 else 0)%Q.
Proof.
  intros s n h i; rewrite nth_times. destruct (Nat.ltb_spec i n) as [Hi|Hi].
  - unfold cells; rewrite nth_mapped by exact Hi. apply dot_cell.
  - rewrite nth_overflow by (rewrite cells_length; exact Hi). rewrite dot_nil_left. reflexivity.
Qed.
Lemma below_at : forall d n x i,
  (nth i (times (below d n) x) 0 == if (d <=? i)%nat && (i <? d + n)%nat then nth (i - d)%nat x 0 else 0)%Q.
Proof.
  intros d n x i; rewrite nth_times; unfold below. destruct (Nat.leb_spec d i) as [Hi|Hi]; cbn [andb].
  - rewrite app_nth2, repeat_length by (rewrite repeat_length; exact Hi). rewrite <- nth_times, cells_at, Nat.add_0_l.
    destruct (Nat.ltb_spec (i - d) n), (Nat.ltb_spec i (d + n)); try reflexivity; lia.
  - rewrite app_nth1 by (rewrite repeat_length; exact Hi). rewrite nth_repeat, dot_nil_left. reflexivity.
Qed.

Lemma dot_plus : forall u v h, (dot (plus u v) h == dot u h + dot v h)%Q.
Proof.
  induction u as [|x u IH]; intros [|y v] h; cbn [plus]; rewrite ?dot_nil_left; try ring.
  rewrite (dot_step (Qred (x + y) :: _)), (dot_step (x :: u)), (dot_step (y :: v)); cbn [nth tl].
  rewrite IH, Qred_correct. ring.
Qed.
Lemma dot_scaled : forall c u h, (dot (map (Qmult c) u) h == c * dot u h)%Q.
Proof.
  intro c; induction u as [|x u IH]; intro h; cbn [map]; [rewrite dot_nil_left; ring|].
  rewrite (dot_step (_ :: map _ _)), (dot_step (x :: u)); cbn [nth tl]. rewrite IH. ring.
Qed.
Lemma composed_dot : forall row rows h, (dot (composed row rows) h == dot row (times rows h))%Q.
Proof.
  induction row as [|c row IH]; intros [|r rows] h; cbn [composed times map]; rewrite ?dot_nil_left, ?dot_nil_right;
    try reflexivity.
  rewrite dot_plus, dot_scaled, IH, (dot_step (c :: row)); cbn [nth tl]. reflexivity.
Qed.
(* A row of at most d numbers sees d coordinates alone. *)
Lemma dot_agree : forall d row h h', length row <= d -> (forall i, i < d -> (nth i h' 0 == nth i h 0)%Q) ->
  (dot row h' == dot row h)%Q.
Proof.
  induction d; intros row h h' Hr E.
  - destruct row; [rewrite !dot_nil_left; reflexivity|simpl in Hr; lia].
  - rewrite (dot_step row h), (dot_step row h'), (E 0) by lia. rewrite (IHd (tl row) (tl h) (tl h')); [reflexivity|..].
    + apply length_tl, Hr.
    + intros i Hi; rewrite !nth_tl; apply E; lia.
Qed.

Definition short (d : nat) (rows : matrix) : Prop := forall row, In row rows -> length row <= d.
Lemma short_nth : forall d rows i, short d rows -> length (nth i rows []) <= d.
Proof. intros d rows i S. destruct (nth_in_or_default i rows []) as [H | ->]; [apply S, H|simpl; lia]. Qed.
Lemma short_more : forall d d' rows, d <= d' -> short d rows -> short d' rows.
Proof. intros d d' rows L S row H; specialize (S row H); lia. Qed.
Lemma short_cells : forall s n, short (s + n) (cells s n).
Proof.
  intros s n row H; unfold cells in H; apply in_map_iff in H as [i [<- Hi]]. apply in_seq in Hi. rewrite cell_length; lia.
Qed.
Lemma composed_length : forall d row rows, short d rows -> length (composed row rows) <= d.
Proof.
  intro d; induction row as [|c row IH]; intros [|r rows] S; cbn [composed length]; try lia.
  rewrite plus_length, map_length. specialize (S r (or_introl eq_refl)) as Hr.
  specialize (IH rows (fun x H => S x (or_intror H))). lia.
Qed.

Lemma affine_at : forall a b rows bias x h, (nth (one a b) h 0 == 1)%Q ->
  same (times (affine_rows a b rows bias x) h) (plus (times rows (times x h)) bias).
Proof.
  intros a b rows bias x h O i. rewrite nth_plus, !nth_times. unfold affine_rows.
  destruct (Nat.lt_ge_cases i (Nat.max (length rows) (length bias))) as [Hi|Hi].
  - rewrite nth_mapped, Nat.add_0_l, dot_plus, composed_dot by exact Hi. apply Qplus_inj_l.
    assert (forall c n h, dot (repeat 0 n ++ [c]) h == c * nth n h 0)%Q as C.
    { intro c; induction n as [|n IH]; intro h'; cbn [repeat app]; rewrite dot_step; cbn [nth tl].
      - rewrite dot_nil_left; ring.
      - rewrite IH, nth_tl; ring. }
    rewrite C, O. ring.
  - rewrite nth_overflow by (rewrite map_length, seq_length; exact Hi).
    rewrite (nth_overflow rows), (nth_overflow bias), !dot_nil_left by lia. ring.
Qed.
Lemma code_short : forall n (codes : list vector) j, coded n codes -> length (nth j codes []) <= n.
Proof. intros n codes j C. destruct (nth_in_or_default j codes []) as [H | ->]; [apply C, H|simpl; lia]. Qed.
Lemma same_app : forall u u' v v', length u = length u' -> same u u' -> same v v' -> same (u ++ v) (u' ++ v').
Proof.
  intros u u' v v' L U V i. destruct (Nat.lt_ge_cases i (length u)) as [Hi|Hi].
  - rewrite !app_nth1 by lia. apply U.
  - rewrite !app_nth2 by lia. rewrite L. apply V.
Qed.
Lemma times_app : forall m m' h, times (m ++ m') h = times m h ++ times m' h.
Proof. intros; unfold times; apply map_app. Qed.

(* 3. The residual stream at every position of one sequence. *)
Section Sequence.
Variables (a b : nat) (tokens places : list vector).
Hypothesis Htokens : coded a tokens.
Hypothesis Hplaces : coded b places.
Let P := positions tokens places.
Let at_ := value tokens places.

(* The first d coordinates are kept; those from d on are 0. *)
Definition kept (d : nat) (H H' : nat -> vector) : Prop := forall j, j < P -> forall i, i < d -> (nth i (H' j) 0 == nth i (H j) 0)%Q.
Definition ended (d : nat) (H : nat -> vector) : Prop := forall j, j < P -> forall i, d <= i -> (nth i (H j) 0 == 0)%Q.
(* The codes and the constant 1. *)
Definition given (H : nat -> vector) : Prop := forall j, j < P ->
  (forall i, i < a -> (nth i (H j) 0 == nth i (nth j tokens []) 0)%Q) /\
  (forall i, i < b -> (nth (a + i)%nat (H j) 0 == nth i (nth j places []) 0)%Q) /\ (nth (one a b) (H j) 0 == 1)%Q.
(* Rows that have an expression's value. *)
Definition gives (rows : matrix) (H : nat -> vector) (e : expression) : Prop := forall j, j < P -> same (times rows (H j)) (at_ e j).

Lemma kept_trans : forall d d' H H' H'', d <= d' -> kept d H H' -> kept d' H' H'' -> kept d H H''.
Proof. intros d d' H H' H'' L K K' j Hj i Hi. rewrite (K' j Hj i) by lia. apply K; assumption. Qed.
Lemma given_kept : forall d H H', one a b < d -> kept d H H' -> given H -> given H'.
Proof.
  unfold one; intros d H H' L K G j Hj. destruct (G j Hj) as [T [E O]]. unfold one in *.
  repeat split; intros; rewrite (K j Hj) by lia; auto.
Qed.
Lemma gives_kept : forall d rows H H' e, kept d H H' -> short d rows -> gives rows H e -> gives rows H' e.
Proof.
  intros d rows H H' e K S G j Hj i. rewrite <- (G j Hj i), !nth_times.
  apply (dot_agree d); [apply short_nth, S|apply K, Hj].
Qed.

(* Numbers that are written to coordinates of their own. *)
Lemma written : forall d n (H X H' : nat -> vector), ended d H -> (forall j, j < P -> length (X j) <= n) ->
  (forall j, j < P -> same (H' j) (plus (H j) (times (below d n) (X j)))) ->
  kept d H H' /\ ended (d + n) H' /\ forall j, j < P -> same (times (cells d n) (H' j)) (X j).
Proof.
  intros d n H X H' E L W.
  assert (forall j, j < P -> forall i, (nth i (H' j) 0 ==
    nth i (H j) 0 + if (d <=? i)%nat && (i <? d + n)%nat then nth (i - d)%nat (X j) 0 else 0)%Q) as A.
  { intros j Hj i. rewrite (W j Hj i), nth_plus, below_at. reflexivity. }
  repeat split.
  - intros j Hj i Hi. rewrite (A j Hj i). destruct (Nat.leb_spec d i); [lia|]. cbn [andb]. ring.
  - intros j Hj i Hi. rewrite (A j Hj i), (E j Hj i) by lia. destruct (Nat.ltb_spec i (d + n)); [lia|].
    rewrite andb_false_r. ring.
  - intros j Hj i. rewrite cells_at. destruct (Nat.ltb_spec i n) as [Hi|Hi].
    + rewrite (A j Hj), (E j Hj) by lia. destruct (Nat.leb_spec d (d + i)); [|lia].
      destruct (Nat.ltb_spec (d + i) (d + n)); [|lia]. cbn [andb]. replace (d + i - d) with i by lia. ring.
    + rewrite nth_overflow by (specialize (L j Hj); lia). reflexivity.
Qed.

Lemma unit_written : forall d rows H x, ended d H -> gives rows H x ->
  let H' := layer_at P H (unit_layer d rows) in
  kept d H H' /\ ended (d + length rows) H' /\ gives (cells d (length rows)) H' (Rectified x).
Proof.
  intros d rows H x E G H'.
  destruct (written d (length rows) H (fun j => relu (times rows (H j))) H' E) as [K [E' R]].
  - intros j _; unfold relu; rewrite map_length, times_length; lia.
  - intros j _ i; unfold H', layer_at, feed, heads_at, unit_layer; cbn [heads up bias down map fold_left].
    rewrite plus_nil. reflexivity.
  - repeat split; auto. intros j Hj. eapply same_trans; [apply R, Hj|]. unfold at_; cbn [value]. apply relu_same, G, Hj.
Qed.
Lemma head_written : forall d qs ks vs H q k v, ended d H -> gives qs H q -> gives ks H k -> gives vs H v ->
  let H' := layer_at P H (head_layer d qs ks vs) in
  kept d H H' /\ ended (d + length vs) H' /\ gives (cells d (length vs)) H' (Averaged q k v).
Proof.
  intros d qs ks vs H q k v E Gq Gk Gv H'.
  set (X := fun j => average_hard P (times qs (H j)) (fun i => times ks (H i)) (fun i => times vs (H i))).
  destruct (written d (length vs) H X H' E) as [K [E' R]].
  - intros j _; unfold X; apply average_length. intro i; rewrite times_length; lia.
  - intros j _ i; unfold H', X, layer_at, feed, heads_at, attended_at, head_layer; cbn [heads up bias down wq wk wv wo map fold_left].
    cbn [times map relu plus]. rewrite plus_nil. reflexivity.
  - repeat split; auto. intros j Hj. eapply same_trans; [apply R, Hj|]. unfold at_; cbn [value].
    apply average_same; [apply Gq, Hj|intros i Hi; apply Gk, Hi|intros i Hi; apply Gv, Hi].
Qed.

Lemma affine_right : forall d rows bias inner H x, one a b < d -> short d inner -> given H -> gives inner H x ->
  gives (affine_rows a b rows bias inner) H (Affine rows bias x) /\ short d (affine_rows a b rows bias inner).
Proof.
  intros d rows bias inner H x L S G Gx. split.
  - intros j Hj. eapply same_trans; [apply affine_at, (proj2 (proj2 (G j Hj)))|]. unfold at_; cbn [value].
    apply plus_same; [apply times_same, Gx, Hj|apply same_refl].
  - intros row Hr. apply in_map_iff in Hr as [i [<- _]]. rewrite plus_length, app_length, repeat_length; cbn [length].
    pose proof (composed_length d (nth i rows []) inner S). lia.
Qed.

Lemma fitted_right : forall n rows H x, gives rows H x ->
  forall j, j < P -> length (times (fitted n rows) (H j)) = n /\ same (times (fitted n rows) (H j)) (padded n (at_ x j)).
Proof.
  intros n rows H x G j Hj. unfold fitted. rewrite times_length, map_length, seq_length. split; [reflexivity|].
  intro i. rewrite nth_times. unfold padded. destruct (Nat.lt_ge_cases i n) as [Hi|Hi].
  - rewrite nth_mapped by exact Hi. rewrite (nth_indep _ 0%Q (nth 0 (at_ x j) 0%Q)) by (rewrite map_length, seq_length; exact Hi).
    rewrite (map_nth (fun i => nth i (at_ x j) 0%Q)), seq_nth, !Nat.add_0_l, <- nth_times by exact Hi. apply G, Hj.
  - rewrite !nth_overflow by (rewrite map_length, seq_length; exact Hi). rewrite dot_nil_left. reflexivity.
Qed.

(* 4. What is built for an expression has its value; and keeps what is there. *)
Definition right (e : expression) (d : nat) (H : nat -> vector) (made : nat * list layer * matrix) : Prop :=
  let '(d', ls, rows) := made in
  let H' := fold_left (layer_at P) ls H in
  d <= d' /\ kept d H H' /\ ended d' H' /\ gives rows H' e /\ short d' rows.
Definition good (e : expression) : Prop :=
  forall d H, one a b < d -> ended d H -> given H -> right e d H (built a b e d).
Lemma kept_refl : forall d H, kept d H H.
Proof. intros d H j _ i _; reflexivity. Qed.

Lemma built_right : forall e, good e.
Proof.
  apply expression_induction.
  - intros d H L E G. unfold right; cbn [built fold_left]. unfold one in *. repeat split; auto using kept_refl.
    + intros j Hj i. rewrite cells_at, Nat.add_0_l. unfold at_; cbn [value]. destruct (Nat.ltb_spec i a).
      * apply (proj1 (G j Hj)); assumption.
      * rewrite nth_overflow; [reflexivity|]. pose proof (code_short a tokens j Htokens). lia.
    + apply (short_more (0 + a)); [lia|apply short_cells].
  - intros d H L E G. unfold right; cbn [built fold_left]. unfold one in *. repeat split; auto using kept_refl.
    + intros j Hj i. rewrite cells_at. unfold at_; cbn [value]. destruct (Nat.ltb_spec i b).
      * apply (proj1 (proj2 (G j Hj))); assumption.
      * rewrite nth_overflow; [reflexivity|]. pose proof (code_short b places j Hplaces). lia.
    + apply (short_more (a + b)); [lia|apply short_cells].
  - intros parts F d H L E G. cbn [built]. revert d H L E G.
    induction F as [|[n x] rest Hx F IH]; intros d H L E G; unfold right.
    + cbn [all_built fold_left]. repeat split; auto using kept_refl. intros row [].
    + cbn [snd] in Hx. specialize (Hx d H L E G). cbn [all_built]. unfold right in Hx.
      destruct (built a b x d) as [[d1 ls1] rows]. destruct Hx as [L1 [K1 [E1 [G1 S1]]]].
      set (H1 := fold_left (layer_at P) ls1 H) in *.
      assert (given H1) as N1 by (apply (given_kept d H); assumption).
      specialize (IH d1 H1 ltac:(lia) E1 N1). unfold right in IH.
      destruct (all_built (built a b) rest d1) as [[d2 ls2] others]. destruct IH as [L2 [K2 [E2 [G2 S2]]]].
      rewrite fold_left_app. fold H1. repeat split; [lia|apply (kept_trans d d1 H H1); assumption|exact E2|..].
      * intros j Hj. rewrite times_app. unfold at_; cbn [value flat_map fst snd].
        destruct (fitted_right n rows (fold_left (layer_at P) ls2 H1) x (gives_kept d1 rows H1 _ x K2 S1 G1) j Hj) as [Len Same].
        apply same_app; [rewrite padded_length; exact Len|exact Same|apply G2, Hj].
      * intros row Hr. apply in_app_or in Hr as [Hr|Hr]; [|apply S2, Hr].
        unfold fitted in Hr. apply in_map_iff in Hr as [i [<- _]]. pose proof (short_nth d1 rows i S1). lia.
  - intros rows bias x Hx d H L E G. specialize (Hx d H L E G). unfold right in *; cbn [built].
    destruct (built a b x d) as [[d1 ls] inner]. destruct Hx as [L1 [K1 [E1 [G1 S1]]]].
    assert (given (fold_left (layer_at P) ls H)) as N1 by (apply (given_kept d H); assumption).
    destruct (affine_right d1 rows bias inner (fold_left (layer_at P) ls H) x ltac:(lia) S1 N1 G1) as [Gx Sx].
    repeat split; assumption.
  - intros x Hx d H L E G. specialize (Hx d H L E G). unfold right in *; cbn [built].
    destruct (built a b x d) as [[d1 ls] inner]. destruct Hx as [L1 [K1 [E1 [G1 S1]]]].
    rewrite fold_left_app. cbn [fold_left].
    destruct (unit_written d1 inner (fold_left (layer_at P) ls H) x E1 G1) as [K2 [E2 G2]].
    repeat split; [lia|apply (kept_trans d d1 H (fold_left (layer_at P) ls H)); assumption|exact E2|exact G2|apply short_cells].
  - intros q k v Hq Hk Hv d H L E G. specialize (Hq d H L E G). unfold right in *; cbn [built].
    destruct (built a b q d) as [[d1 ls1] qs]. destruct Hq as [L1 [K1 [E1 [G1 S1]]]].
    set (H1 := fold_left (layer_at P) ls1 H) in *.
    assert (given H1) as N1 by (apply (given_kept d H); assumption).
    specialize (Hk d1 H1 ltac:(lia) E1 N1). destruct (built a b k d1) as [[d2 ls2] ks]. destruct Hk as [L2 [K2 [E2 [G2 S2]]]].
    set (H2 := fold_left (layer_at P) ls2 H1) in *.
    assert (given H2) as N2 by (apply (given_kept d1 H1); [lia|assumption..]).
    specialize (Hv d2 H2 ltac:(lia) E2 N2). destruct (built a b v d2) as [[d3 ls3] vs]. destruct Hv as [L3 [K3 [E3 [G3 S3]]]].
    rewrite !fold_left_app. fold H1. fold H2. cbn [fold_left]. set (H3 := fold_left (layer_at P) ls3 H2) in *.
    assert (gives ks H3 k) as G2' by (apply (gives_kept d2 ks H2); assumption).
    assert (gives qs H3 q) as G1' by (apply (gives_kept d2 qs H2); [|apply (short_more d1)|apply (gives_kept d1 qs H1)]; assumption).
    destruct (head_written d3 qs ks vs H3 q k v E3 G1' G2' G3) as [K4 [E4 G4]].
    repeat split; [lia| |exact E4|exact G4|apply short_cells].
    apply (kept_trans d d3 H H3); [lia| |exact K4]. apply (kept_trans d d2 H H2); [lia| |exact K3].
    apply (kept_trans d d1 H H1); assumption.
Qed.

(* The embedding and the first layer. *)
Lemma first_right : forall m, token_matrix m = cells 0 a -> place_matrix m = below a b ->
  let H := layer_at P (embedding_at tokens places m) (first_layer a b) in ended (one a b + 1) H /\ given H.
Proof.
  intros m Ht Hp H. set (E := embedding_at tokens places m).
  assert (forall j i, (nth i (E j) 0 == (if (i <? a)%nat then nth i (nth j tokens []) 0 else 0) +
    (if (a <=? i)%nat && (i <? a + b)%nat then nth (i - a)%nat (nth j places []) 0 else 0))%Q) as A.
  { intros j i; unfold E, embedding_at. rewrite Ht, Hp, nth_plus, cells_at, below_at, Nat.add_0_l. reflexivity. }
  assert (ended (one a b) E) as En.
  { unfold one; intros j _ i Hi. rewrite (A j i). destruct (Nat.ltb_spec i a), (Nat.leb_spec a i), (Nat.ltb_spec i (a + b));
      cbn [andb]; try lia; ring. }
  destruct (written (one a b) 1 E (fun _ => [1%Q]) H En) as [K [E' R]].
  - intros; simpl; lia.
  - intros j _ i. unfold H, layer_at, feed, heads_at, first_layer; cbn [heads up bias down map fold_left times relu plus].
    reflexivity.
  - split; [exact E'|]. intros j Hj. unfold one in *. repeat split.
    + intros i Hi. rewrite (K j Hj i), (A j i) by lia. destruct (Nat.ltb_spec i a), (Nat.leb_spec a i); cbn [andb]; try lia; ring.
    + intros i Hi. rewrite (K j Hj), (A j) by lia.
      destruct (Nat.ltb_spec (a + i) a), (Nat.leb_spec a (a + i)), (Nat.ltb_spec (a + i) (a + b)); cbn [andb]; try lia.
      replace (a + i - a) with i by lia. ring.
    + specialize (R j Hj 0). rewrite cells_at in R. cbn [Nat.ltb Nat.leb nth] in R. rewrite Nat.add_0_r in R. exact R.
Qed.

Theorem compiled_outputs : forall e, agree (compiled a b e) e tokens places.
Proof.
  intro e. set (m := compiled a b e).
  destruct (first_right m) as [E G]; [unfold m, compiled; destruct (built a b e (one a b + 1)) as [[d ls] rows]; reflexivity..|].
  set (H := layer_at P (embedding_at tokens places m) (first_layer a b)) in *.
  pose proof (built_right e (one a b + 1) H ltac:(lia) E G) as R. unfold right in R.
  unfold agree, forward. rewrite embedded_at, layers_at, map_map. split; [rewrite map_length, seq_length; reflexivity|].
  intros i Hi. rewrite nth_mapped, Nat.add_0_l by exact Hi.
  fold (embedding_at tokens places m). change (fun j => plus (times (token_matrix m) (nth j tokens [])) (times (place_matrix m) (nth j places [])))
    with (embedding_at tokens places m). fold P.
  unfold m at 1 2 4, compiled. destruct (built a b e (one a b + 1)) as [[d ls] rows]. destruct R as [_ [_ [_ [R _]]]].
  cbn [layers out_matrix out_bias fold_left]. fold H. rewrite plus_nil. apply R, Hi.
Qed.
End Sequence.

(* 5. The theorems: of the plan and its depth; and that E-FASP programs and transformers are the same functions. *)
(* The plan has a layer for each operation of the program, and one more. *)
Theorem compiled_depth : forall a b e, length (layers (compiled a b e)) = operations e + 1.
Proof.
  intros a b e. assert (forall d, length (snd (fst (built a b e d))) = operations e) as L.
  { induction e as [| |parts F|rows bias x IH|x IH|q k v IHq IHk IHv] using expression_induction; intro d; cbn [built operations];
      try reflexivity.
    - revert d; induction F as [|[n x] rest Hx F IH]; intro d; cbn [all_built]; [reflexivity|].
      specialize (Hx d). cbn [snd] in Hx. destruct (built a b x d) as [[d1 ls1] r1]. specialize (IH d1).
      destruct (all_built (built a b) rest d1) as [[d2 ls2] r2]. cbn [fst snd map list_sum fold_right] in *.
      rewrite app_length. unfold list_sum in IH. lia.
    - specialize (IH d). destruct (built a b x d) as [[d1 ls] r]. exact IH.
    - specialize (IH d). destruct (built a b x d) as [[d1 ls] r]. cbn [fst snd] in *. rewrite app_length; simpl; lia.
    - specialize (IHq d). destruct (built a b q d) as [[d1 ls1] r1]. specialize (IHk d1). destruct (built a b k d1) as [[d2 ls2] r2].
      specialize (IHv d2). destruct (built a b v d2) as [[d3 ls3] r3]. cbn [fst snd] in *. rewrite !app_length; simpl; lia. }
  unfold compiled. specialize (L (one a b + 1)). destruct (built a b e (one a b + 1)) as [[d ls] rows].
  cbn [layers length fst snd] in *. lia.
Qed.

Theorem F_transformer_to_program : forall m, exists e, forall tokens places, agree m e tokens places.
Proof. intro m; exists (decompiled m). apply decompiled_outputs. Qed.
Theorem F_program_to_transformer : forall a b e, exists m, forall tokens places, coded a tokens -> coded b places ->
  agree m e tokens places.
Proof. intros a b e; exists (compiled a b e). intros; apply compiled_outputs; assumption. Qed.
Theorem F :
  (forall m, exists e, forall tokens places, agree m e tokens places) /\
  (forall a b e, exists m, forall tokens places, coded a tokens -> coded b places -> agree m e tokens places).
Proof. split; [exact F_transformer_to_program|exact F_program_to_transformer]. Qed.

(* An instance: 1 more than the sum of the last letter's code (place 1 wins) and of the positive part of one's own, in a plan of
   three layers. *)
Example compiled_example :
  let last := Averaged (Affine [[]] [1%Q] TokenEmbedding) PositionEmbedding TokenEmbedding in
  let e := Affine [[1%Q; 1%Q]] [1%Q] (Concat [(1, last); (1, Rectified TokenEmbedding)]) in
  let tokens := [[5%Q]; [(-3)%Q]] in let places := [[0%Q]; [1%Q]] in
  length (layers (compiled 1 1 e)) = 3 /\ forward (compiled 1 1 e) tokens places = [[3%Q]; [(-2)%Q]] /\
  map (value tokens places e) [0; 1] = [[3%Q]; [(-2)%Q]].
Proof. vm_compute. repeat split. Qed.
