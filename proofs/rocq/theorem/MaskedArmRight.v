(* The Masked-ARM of every transformer: it has two layers more, at most 3 n + 2 W + 3 dimensions more for positions of n bits and
   tokens whose codes have W numbers, and generates, from left to right, the events that the transformer unmasks one by one. *)
From Coq Require Import List Bool Arith Lia ZArith QArith Qreduction.
From Efasp Require Form Attention Matching MaskedArm.
From Efasp Require Import Statement Programs Decompiled Compiled MaskedArmPlan MaskedArmRows.
Import ListNotations.
Open Scope nat_scope.

(* 1. Passes. *)
Section Right.
Context {V : Type}.
Variables (n W b S : nat) (code : option V -> vector) (rank : nat -> Z) (flag : vector) (top R : Z) (m : plan).
Variables (places : list vector) (f : list (option V) -> nat -> V) (confidence : list (option V) -> nat -> Z).
Hypothesis Decoder : decoder n W b code rank flag top R m S places f confidence.
Let held := held _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let confident := confident _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let ranked := ranked _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let apart := apart _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let narrow := narrow _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let distinct := distinct _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let flagged := flagged _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let unflagged := unflagged _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let placed := placed _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let short_places := short_places _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let decoding := decoding _ _ _ _ _ _ _ _ _ _ _ _ _ Decoder.
Let d := width m.
Notation event := (nat * V)%type.

(* One pass over slots z: x is the sequence that they say. *)
Section Pass.
Variables (es : list event) (k : nat).
Hypothesis Proper : MaskedArm.proper S es k.
Let z := MaskedArm.slots es k.
Let x := MaskedArm.sequence_of S es.
Let A := armed n W b flag top R m.
Let tokens := map (event_code n W code) z.
Let above := armed_places n rank S places.
Let slot (j : nat) : option event := nth j z None.
Let seen (j : nat) : option V := MaskedArm.at_ x j.

Lemma z_length : length z = S.
Proof. unfold z, MaskedArm.slots. rewrite app_length, map_length, repeat_length. apply Proper. Qed.
Lemma x_length : length x = S.
Proof. unfold x, MaskedArm.sequence_of. rewrite map_length, seq_length. reflexivity. Qed.
Lemma positions_armed : positions tokens above = S.
Proof. unfold positions, tokens, above, armed_places. rewrite !map_length, seq_length, z_length. lia. Qed.
Lemma positions_own : positions (map code x) places = S.
Proof. unfold positions. rewrite map_length, x_length. lia. Qed.

(* The embedding. *)
Let E := embedding_at tokens above A.
Lemma token_read : forall j, j < S -> nth j tokens [] = event_code n W code (slot j).
Proof.
  intros j Hj. unfold tokens. rewrite (nth_indep _ [] (event_code n W code None)) by (rewrite map_length, z_length; exact Hj).
  apply map_nth.
Qed.
Lemma place_read : forall j, j < S -> nth j above [] = armed_place n rank (nth j places []) j.
Proof. intros j Hj. unfold above, armed_places. rewrite nth_mapped by exact Hj. reflexivity. Qed.
Lemma event_code_at : forall s i, nth i (event_code n W code s) 0%Q =
  if (i <? n)%nat then inject_Z (event_sign s i) else if (i <? n + W)%nat then nth (i - n) (code (MaskedArm.value s)) 0%Q else 0%Q.
Proof.
  intros s i. unfold event_code. rewrite nth_apart, signs_length, nth_signs, nth_padded. destruct (Nat.ltb_spec i n); [reflexivity|].
  destruct (Nat.ltb_spec (i - n) W), (Nat.ltb_spec i (n + W)); try reflexivity; lia.
Qed.
Lemma armed_place_at : forall q j i, nth i (armed_place n rank q j) 0%Q =
  if (i <? n)%nat then inject_Z (MaskedArm.sign j i) else if (i =? n)%nat then 1%Q else if (i =? n + 1)%nat then inject_Z (rank j)
  else nth (i - (n + 2)) q 0%Q.
Proof.
  intros q j i. unfold armed_place. rewrite nth_apart, signs_length, nth_signs. destruct (Nat.ltb_spec i n); [reflexivity|].
  destruct (Nat.eqb_spec i n) as [->|]; [rewrite Nat.sub_diag; reflexivity|].
  destruct (Nat.eqb_spec i (n + 1)) as [->|]; [replace (n + 1 - n) with 1 by lia; reflexivity|].
  replace (i - n) with (2 + (i - (n + 2))) by lia. reflexivity.
Qed.

Lemma place_row : forall j i, j < S -> (nth i (times (place_matrix A) (nth j above [])) 0 ==
  if (i <? d)%nat then nth i (times (place_matrix m) (nth j places [])) 0
  else if (i <? d + n + 2)%nat then nth (i - d) (armed_place n rank (nth j places []) j) 0 else 0)%Q.
Proof.
  intros j i Hj. rewrite place_read by exact Hj. unfold A, armed; cbn [place_matrix]. rewrite times_app, nth_apart, times_length, fitted_length.
  fold d. destruct (Nat.ltb_spec i d) as [Hi|Hi].
  - rewrite fitted_at. destruct (Nat.ltb_spec i d); [|lia]. rewrite (moved_same _ _ _ _ i). apply times_same. intro c. rewrite cells_at.
    rewrite armed_place_at. destruct (Nat.ltb_spec c b) as [Hc|Hc].
    + destruct (Nat.ltb_spec (n + 2 + c) n), (Nat.eqb_spec (n + 2 + c) n), (Nat.eqb_spec (n + 2 + c) (n + 1)); try lia.
      replace (n + 2 + c - (n + 2)) with c by lia. reflexivity.
    + rewrite nth_overflow; [reflexivity|]. pose proof (code_short b places j short_places). lia.
  - rewrite cells_at, Nat.add_0_l. destruct (Nat.ltb_spec (i - d) (n + 2)), (Nat.ltb_spec i (d + n + 2)); try lia; reflexivity.
Qed.
Lemma token_row : forall j i, j < S -> (nth i (times (token_matrix A) (nth j tokens [])) 0 ==
  if (d + n + 2 <=? i)%nat && (i <? d + n + 2 + (n + W))%nat then nth (i - (d + n + 2)) (event_code n W code (slot j)) 0 else 0)%Q.
Proof.
  intros j i Hj. rewrite token_read by exact Hj. unfold A, armed; cbn [token_matrix]. rewrite below_at. unfold event_at. fold d. reflexivity.
Qed.
Lemma E_at : forall j i, j < S -> (nth i (E j) 0 ==
  if (i <? d)%nat then nth i (times (place_matrix m) (nth j places [])) 0
  else if (i <? d + n)%nat then inject_Z (MaskedArm.sign j (i - d)) else if (i =? d + n)%nat then 1
  else if (i =? d + n + 1)%nat then inject_Z (rank j) else if (i <? d + n + 2 + n)%nat then inject_Z (event_sign (slot j) (i - (d + n + 2)))
  else if (i <? d + n + 2 + n + W)%nat then nth (i - (d + n + 2 + n)) (code (MaskedArm.value (slot j))) 0 else 0)%Q.
Proof.
  intros j i Hj. unfold E, embedding_at. rewrite nth_plus, place_row, token_row, armed_place_at, event_code_at by exact Hj.
  destruct (Nat.ltb_spec i d).
  { destruct (Nat.leb_spec (d + n + 2) i); [lia|]. cbn [andb]. ring. }
  destruct (Nat.ltb_spec i (d + n)).
  { destruct (Nat.ltb_spec i (d + n + 2)), (Nat.leb_spec (d + n + 2) i), (Nat.ltb_spec (i - d) n); try lia. cbn [andb]. ring. }
  destruct (Nat.ltb_spec (i - d) n); [lia|].
  destruct (Nat.eqb_spec i (d + n)).
  { destruct (Nat.ltb_spec i (d + n + 2)), (Nat.leb_spec (d + n + 2) i), (Nat.eqb_spec (i - d) n); try lia. cbn [andb]. ring. }
  destruct (Nat.eqb_spec (i - d) n); [lia|].
  destruct (Nat.eqb_spec i (d + n + 1)).
  { destruct (Nat.ltb_spec i (d + n + 2)), (Nat.leb_spec (d + n + 2) i), (Nat.eqb_spec (i - d) (n + 1)); try lia. cbn [andb]. ring. }
  destruct (Nat.ltb_spec i (d + n + 2)), (Nat.leb_spec (d + n + 2) i); try lia. cbn [andb].
  destruct (Nat.ltb_spec i (d + n + 2 + n)).
  { destruct (Nat.ltb_spec i (d + n + 2 + (n + W))), (Nat.ltb_spec (i - (d + n + 2)) n); try lia. ring. }
  destruct (Nat.ltb_spec (i - (d + n + 2)) n); [lia|].
  destruct (Nat.ltb_spec i (d + n + 2 + n + W)), (Nat.ltb_spec i (d + n + 2 + (n + W))), (Nat.ltb_spec (i - (d + n + 2)) (n + W)); try lia.
  - replace (i - (d + n + 2) - n) with (i - (d + n + 2 + n)) by lia. ring.
  - ring.
Qed.
Ltac at_coordinate := rewrite E_at by assumption; repeat match goal with
  | |- context [(?a <? ?b)%nat] => destruct (Nat.ltb_spec a b); try lia
  | |- context [(?a =? ?b)%nat] => destruct (Nat.eqb_spec a b); try lia end.

(* In front: m's own embedding of the sequence, and which positions are masked for m. *)
Let H1 := layer_at S E (front_layer n W flag m).
Let whether (t : option V) : Q := match t with None => 1%Q | Some _ => 0%Q end.
Lemma flag_right : forall t, (dot flag (code t) == whether t)%Q.
Proof. intros [v|]; [apply unflagged|apply flagged]. Qed.
Lemma code_read : forall j, j < S -> same (times (cells (code_at n m) W) (E j)) (code (MaskedArm.value (slot j))).
Proof.
  intros j Hj i. rewrite cells_at. unfold code_at, event_at. fold d. destruct (Nat.ltb_spec i W) as [Hi|Hi].
  - at_coordinate. replace (d + n + 2 + n + i - (d + n + 2 + n)) with i by lia. reflexivity.
  - rewrite nth_overflow; [reflexivity|]. pose proof (narrow (MaskedArm.value (slot j))). lia.
Qed.
Lemma flag_read : forall j, j < S -> (dot (flag_row n W flag m) (E j) == whether (MaskedArm.value (slot j)))%Q.
Proof.
  intros j Hj. unfold flag_row. rewrite composed_dot, (dot_same _ _ _ _ (same_refl _) (code_read j Hj)). apply flag_right.
Qed.
Lemma query_key : forall j i, j < S -> i < S ->
  (dot (times (wq (front_head n W flag m)) (E j)) (times (wk (front_head n W flag m)) (E i)) == inject_Z (MaskedArm.score n j (slot i)))%Q.
Proof.
  intros j i Hj Hi. unfold front_head; cbn [wq wk]. rewrite !times_app, dot_app by (rewrite !times_length, !cells_length; reflexivity).
  assert (same (times (cells (width m) n) (E j)) (signs n (MaskedArm.sign j))) as Q1.
  { intro c. rewrite cells_at, nth_signs. fold d. destruct (Nat.ltb_spec c n); [|reflexivity]. at_coordinate.
    replace (d + c - d) with c by lia. reflexivity. }
  assert (same (times (cells (event_at n m) n) (E i)) (signs n (event_sign (slot i)))) as K1.
  { intro c. rewrite cells_at, nth_signs. unfold event_at. fold d. destruct (Nat.ltb_spec c n); [|reflexivity]. at_coordinate.
    replace (d + n + 2 + c - (d + n + 2)) with c by lia. reflexivity. }
  rewrite (dot_same _ _ _ _ Q1 K1), dot_signs. cbn [times map]. rewrite dot_one; cbn [nth]. rewrite dot_cell, dot_scaled, flag_read by exact Hi.
  unfold one_at. fold d. assert (nth (d + n) (E j) 0 == 1)%Q as -> by (at_coordinate; reflexivity).
  destruct (slot i) as [[p v]|]; unfold event_sign; cbn [MaskedArm.score MaskedArm.value whether].
  - unfold MaskedArm.agree. change (fun i : nat => MaskedArm.sign p i) with (MaskedArm.sign p). ring.
  - unfold Attention.agreement. rewrite Form.total_zero by (intros; ring). ring.
Qed.

Let given_value (j : nat) : vector := padded W (code (seen j)) ++ [whether (seen j)].
Lemma value_read : forall j, j < S -> same (times (wv (front_head n W flag m)) (E j)) (padded W (code (MaskedArm.value (slot j))) ++ [whether (MaskedArm.value (slot j))]).
Proof.
  intros j Hj. unfold front_head; cbn [wv]. rewrite times_app. apply same_app.
  - rewrite times_length, cells_length, padded_length. reflexivity.
  - intro i. rewrite nth_padded, cells_at. pose proof (code_read j Hj i) as C. rewrite cells_at in C. destruct (Nat.ltb_spec i W); [exact C|reflexivity].
  - intros [|i]; cbn [times map nth]; [apply flag_read, Hj|destruct i; reflexivity].
Qed.
Lemma positive : forall j, j < S -> 0 < S.
Proof. intros; lia. Qed.
Lemma front_read : forall j, j < S ->
  same (average_hard S (times (wq (front_head n W flag m)) (E j)) (fun i => times (wk (front_head n W flag m)) (E i))
    (fun i => times (wv (front_head n W flag m)) (E i))) (given_value j).
Proof.
  intros j Hj. apply (average_won S _ _ _ (fun i => MaskedArm.score n j (slot i))); [lia|intros i Hi; apply query_key; assumption|].
  intros i Hi. apply Attention.in_winners in Hi as [Hi Best]. apply in_seq in Hi.
  destruct (MaskedArm.front_winners n S held rank apart es k j Proper Hj) as [_ Won].
  unfold given_value. assert (MaskedArm.value (slot i) = seen j) as <-.
  { unfold seen, x. rewrite MaskedArm.at_sequence by exact Hj. apply Won, Attention.in_winners. fold z. split.
    - apply nth_In. rewrite z_length. lia.
    - intros s Hs. destruct (In_nth z s None Hs) as [i' [Hi' <-]]. rewrite z_length in Hi'. apply Best, in_seq. lia. }
  apply value_read. lia.
Qed.
Lemma H1_at : forall j i, j < S -> (nth i (H1 j) 0 == nth i (E j) 0 + if (i <? d)%nat then nth i (times (token_matrix m) (code (seen j))) 0
  else if (i =? mask_at n W m)%nat then whether (seen j) else 0)%Q.
Proof.
  intros j i Hj. unfold H1, layer_at, feed, heads_at, front_layer, attended_at; cbn [heads up bias down map fold_left].
  cbn [times map relu plus]. rewrite plus_nil, nth_plus. apply Qplus_inj_l.
  change (map (fun row => dot row ?v) ?rows) with (times rows v).
  rewrite (times_same (wo (front_head n W flag m)) _ _ (front_read j Hj) i).
  unfold front_head; cbn [wo]. fold d. rewrite times_app, nth_apart, times_length, fitted_length. destruct (Nat.ltb_spec i d) as [Hi|Hi].
  - rewrite fitted_at. destruct (Nat.ltb_spec i d); [|lia]. rewrite (moved_same _ _ _ _ i). apply times_same. intro c.
    rewrite cells_at, Nat.add_0_l. unfold given_value. rewrite nth_apart, padded_length, nth_padded. destruct (Nat.ltb_spec c W); [reflexivity|].
    rewrite nth_overflow; [reflexivity|]. pose proof (narrow (seen j)). lia.
  - assert (d <= mask_at n W m) as Hm by (unfold mask_at, code_at, event_at; fold d; lia).
    rewrite nth_times. destruct (Nat.lt_trichotomy i (mask_at n W m)) as [L|[->|L]].
    + rewrite app_nth1 by (rewrite repeat_length; lia). rewrite nth_repeat, dot_nil_left. destruct (Nat.eqb_spec i (mask_at n W m)); [lia|reflexivity].
    + rewrite Nat.eqb_refl, app_nth2, repeat_length, Nat.sub_diag by (rewrite repeat_length; lia). cbn [nth]. rewrite dot_cell.
      unfold given_value. rewrite nth_apart, padded_length, Nat.ltb_irrefl, Nat.sub_diag. reflexivity.
    + rewrite nth_overflow by (rewrite app_length, repeat_length; cbn [length]; lia). rewrite dot_nil_left.
      destruct (Nat.eqb_spec i (mask_at n W m)); [lia|reflexivity].
Qed.

(* m's own layers: on m's coordinates what m has, the others stay. *)
Let H0 := embedding_at (map code x) places m.
Definition follows_own (H H' : nat -> vector) : Prop := forall j, j < S ->
  same (times (cells 0 d) (H' j)) (H j) /\ forall i, d <= i -> (nth i (H' j) 0 == nth i (H1 j) 0)%Q.
Lemma own_start : follows_own H0 H1.
Proof.
  intros j Hj. split.
  - intro i. rewrite cells_at, Nat.add_0_l. unfold H0, embedding_at. rewrite nth_plus.
    assert (nth j (map code x) [] = code (seen j)) as ->.
    { unfold seen, MaskedArm.at_. rewrite (nth_indep _ [] (code None)) by (rewrite map_length, x_length; exact Hj). apply map_nth. }
    destruct (Nat.ltb_spec i d) as [Hi|Hi].
    + rewrite H1_at by exact Hj. at_coordinate. ring.
    + rewrite !nth_times, (nth_overflow (token_matrix m)), (nth_overflow (place_matrix m)), !dot_nil_left; [ring|..].
      * etransitivity; [apply width_of; right; left; reflexivity|exact Hi].
      * etransitivity; [apply width_of; left; reflexivity|exact Hi].
  - reflexivity.
Qed.
Lemma own_step : forall l H H', (forall M, In M (writers l) -> length M <= d) -> follows_own H H' ->
  follows_own (layer_at S H l) (layer_at S H' (own_layer m l)).
Proof.
  intros l H H' Wr F.
  assert (forall M i j, length M <= d -> d <= i -> nth i (times M j) 0%Q = 0%Q) as Beyond.
  { intros M i v L Hi. rewrite nth_times, nth_overflow by lia. apply dot_nil_left. }
  assert (forall j, j < S -> same (times (cells 0 d) (heads_at S (own_layer m l) H' j)) (heads_at S l H j) /\
    forall i, d <= i -> (nth i (heads_at S (own_layer m l) H' j) 0 == nth i (H1 j) 0)%Q) as Heads.
  { intros j Hj. unfold heads_at, own_layer; cbn [heads]. rewrite map_map.
    assert (forall a, same (attended_at S H' j (own_head m a)) (attended_at S H j a)) as Each.
    { intro a. unfold attended_at, own_head; cbn [wq wk wv wo]. fold d. apply times_same, average_same; [|intros i Hi..];
        (eapply same_trans; [apply moved_same|apply times_same, F; assumption]). }
    split.
    - intro i. rewrite cells_at, Nat.add_0_l.
      pose proof (proj1 (F j Hj) i) as Fi. rewrite cells_at, Nat.add_0_l in Fi. destruct (Nat.ltb_spec i d) as [Hi|Hi];
        rewrite !nth_fold_plus, !map_map.
      + rewrite Fi. apply Qplus_inj_l, sum_same. intros a _. apply Each.
      + rewrite <- Fi, (sum_same _ (fun _ => 0%Q)).
        * symmetry. rewrite Qplus_0_l. clear. induction (heads l); simpl; [reflexivity|]. rewrite IHl0; reflexivity.
        * intros a Ha. unfold attended_at. rewrite Beyond; [reflexivity| |exact Hi]. apply Wr, in_or_app; left. apply in_map, Ha.
    - intros i Hi. rewrite nth_fold_plus, map_map, (proj2 (F j Hj) i Hi), (sum_same _ (fun _ => 0%Q)).
      + rewrite <- (Qplus_0_r (nth i (H1 j) 0%Q)) at 2. apply Qplus_inj_l. clear. induction (heads l); simpl; [reflexivity|]. rewrite IHl0; reflexivity.
      + intros a Ha. rewrite (Each a i). unfold attended_at. rewrite Beyond; [reflexivity| |exact Hi]. apply Wr, in_or_app; left. apply in_map, Ha. }
  intros j Hj. destruct (Heads j Hj) as [Own Others]. unfold layer_at, feed.
  change (up (own_layer m l)) with (moved 0 d (up l)). change (bias (own_layer m l)) with (bias l).
  change (down (own_layer m l)) with (down l).
  assert (length (down l) <= d) as Wd by (apply Wr, in_or_app; right; left; reflexivity).
  set (h := heads_at S l H j) in *. set (h' := heads_at S (own_layer m l) H' j) in *.
  assert (same (relu (plus (times (moved 0 d (up l)) h') (bias l))) (relu (plus (times (up l) h) (bias l)))) as Hidden.
  { apply relu_same, plus_same; [|apply same_refl]. eapply same_trans; [apply moved_same|apply times_same, Own]. }
  split.
  - intro i. rewrite cells_at, Nat.add_0_l. pose proof (Own i) as Oi. rewrite cells_at, Nat.add_0_l in Oi.
    destruct (Nat.ltb_spec i d) as [Hi|Hi]; rewrite !nth_plus.
    + rewrite Oi. apply Qplus_inj_l, times_same, Hidden.
    + rewrite <- Oi, Beyond by assumption. ring.
  - intros i Hi. rewrite nth_plus, (Others i Hi), Beyond by assumption. ring.
Qed.
Let G := fold_left (layer_at S) (layers m) H0.
Let G' := fold_left (layer_at S) (map (own_layer m) (layers m)) H1.
Lemma own_right : follows_own G G'.
Proof.
  assert (forall ls, incl ls (layers m) -> forall H H', follows_own H H' ->
    follows_own (fold_left (layer_at S) ls H) (fold_left (layer_at S) (map (own_layer m) ls) H')) as All.
  { induction ls as [|l ls IH]; intros I H H' F; [exact F|]. cbn [map fold_left]. apply IH.
    - intros l' Hl'. apply I; right; exact Hl'.
    - apply own_step; [|exact F]. intros M HM. apply width_of. right; right. apply in_flat_map.
      exists l. split; [apply I; left; reflexivity|exact HM]. }
  apply All; [apply incl_refl|exact own_start].
Qed.

(* Behind: the next event. *)
Let out (j : nat) : vector := nth j (forward m (map code x) places) [].
Lemma out_at : forall j, j < S -> same (out j) (plus (times (out_matrix m) (G j)) (out_bias m)).
Proof.
  intros j Hj. unfold out, forward. rewrite embedded_at, positions_own, layers_at, map_map, nth_mapped by exact Hj. apply same_refl.
Qed.
Lemma G'_at : forall j i, j < S -> d <= i -> (nth i (G' j) 0 == nth i (E j) 0 + if (i =? mask_at n W m)%nat then whether (seen j) else 0)%Q.
Proof.
  intros j i Hj Hi. rewrite (proj2 (own_right j Hj) i Hi), H1_at by exact Hj. destruct (Nat.ltb_spec i d); [lia|reflexivity].
Qed.
Lemma answers_right : forall j, j < S -> same (times (answers n m) (G' j)) (out j).
Proof.
  intros j Hj. eapply same_trans; [apply affine_at|].
  - unfold one. fold d. rewrite G'_at by (try exact Hj; lia). destruct (Nat.eqb_spec (d + n) (mask_at n W m)).
    + unfold mask_at, code_at, event_at in *. fold d in e. lia.
    + at_coordinate. ring.
  - eapply same_trans; [|apply same_sym, out_at, Hj]. apply plus_same; [|apply same_refl]. apply times_same, own_right, Hj.
Qed.
Lemma level_right : forall j, j < S -> (dot (level_row n W top R m) (G' j) == inject_Z (MaskedArm.level confidence rank top R x j))%Q.
Proof.
  intros j Hj. unfold level_row. rewrite !dot_plus, !dot_scaled, !dot_cell, <- nth_times, (answers_right j Hj W).
  unfold out. rewrite (proj1 (decoding x x_length) j Hj). unfold one_at. fold d.
  rewrite !G'_at by (try exact Hj; unfold mask_at, code_at, event_at; fold d; lia). rewrite Nat.eqb_refl.
  destruct (Nat.eqb_spec (d + n + 1) (mask_at n W m)) as [e|_]; [unfold mask_at, code_at, event_at in e; fold d in e; lia|].
  assert (nth (d + n + 1) (E j) 0 == inject_Z (rank j))%Q as -> by (at_coordinate; reflexivity).
  assert (nth (mask_at n W m) (E j) 0 == 0)%Q as ->.
  { unfold mask_at, code_at, event_at. fold d. at_coordinate; reflexivity. }
  unfold MaskedArm.level. fold (seen j). unfold Z.sub. rewrite !inject_Z_plus, inject_Z_opp, !inject_Z_mult.
  destruct (seen j); cbn [whether]; [|rewrite inject_Z_mult, inject_Z_plus]; ring.
Qed.

Variable p : nat.
Hypothesis Next : MaskedArm.behind S confidence rank top R x = [p].
Hypothesis Best : MaskedArm.best S confidence rank x p.
Let H2 := layer_at S G' (behind_layer n W top R m).
Let answer : vector := padded W (code (Some (f x p))) ++ signs n (MaskedArm.sign p).
Lemma answer_read : forall j, j < S ->
  same (average_hard S (times [cell (one_at n m)] (G' j)) (fun i => times [level_row n W top R m] (G' i))
    (fun i => times (fitted W (answers n m) ++ cells d n) (G' i))) answer.
Proof.
  intros j Hj. apply (average_won S _ _ _ (MaskedArm.level confidence rank top R x)); [lia|..].
  - intros i Hi. cbn [times map]. rewrite dot_one; cbn [nth]. rewrite dot_cell, level_right by exact Hi. unfold one_at. fold d.
    rewrite G'_at by (try exact Hj; lia). destruct (Nat.eqb_spec (d + n) (mask_at n W m)) as [e|_].
    + unfold mask_at, code_at, event_at in e. fold d in e. lia.
    + assert (nth (d + n) (E j) 0 == 1)%Q as -> by (at_coordinate; reflexivity). ring.
  - fold (MaskedArm.behind S confidence rank top R x). rewrite Next. intros i [<-|[]]. destruct Best as [Hp _].
    rewrite times_app. unfold answer. apply same_app.
    + rewrite times_length, fitted_length, padded_length. reflexivity.
    + intro i. rewrite fitted_at, nth_padded. destruct (Nat.ltb_spec i W) as [Hi|]; [|reflexivity].
      rewrite (answers_right p Hp i). apply (proj2 (decoding x x_length)); assumption.
    + intro i. rewrite cells_at, nth_signs. destruct (Nat.ltb_spec i n) as [Hi|]; [|reflexivity].
      rewrite G'_at by (try exact Hp; lia). destruct (Nat.eqb_spec (d + i) (mask_at n W m)) as [e|_].
      * unfold mask_at, code_at, event_at in e. fold d in e. lia.
      * at_coordinate. replace (d + i - d) with i by lia. ring.
Qed.
Lemma read_out_right : forall j, j < S ->
  same (nth j (forward A tokens above) []) (event_code n W code (Some (p, f x p))).
Proof.
  intros j Hj. unfold forward. rewrite embedded_at, positions_armed, layers_at, map_map, nth_mapped, Nat.add_0_l by exact Hj.
  change (fun j => plus (times (token_matrix A) (nth j tokens [])) (times (place_matrix A) (nth j above []))) with E.
  unfold A at 1 2 3, armed; cbn [layers out_matrix out_bias fold_left]. fold H1. rewrite fold_left_app. fold G'. cbn [fold_left]. fold H2.
  rewrite plus_nil.
  set (X := fun j => average_hard S (times [cell (one_at n m)] (G' j)) (fun i => times [level_row n W top R m] (G' i))
    (fun i => times (fitted W (answers n m) ++ cells d n) (G' i))).
  assert (forall j, j < positions tokens above -> forall i, answer_at n W m <= i -> (nth i (G' j) 0 == 0)%Q) as End.
  { rewrite positions_armed. intros i0 Hi0 i Hi. unfold answer_at in Hi. rewrite G'_at; [|exact Hi0|unfold mask_at, code_at, event_at in Hi; fold d in Hi; lia].
    destruct (Nat.eqb_spec i (mask_at n W m)); [lia|]. unfold mask_at, code_at, event_at in Hi. fold d in Hi. at_coordinate. ring. }
  destruct (written tokens above (answer_at n W m) (W + n) G' X H2 End) as [_ [_ Read]].
  - intros i _. unfold X. apply average_length. intro i'. rewrite times_length, app_length, fitted_length, cells_length. lia.
  - rewrite positions_armed. intros i _ c. unfold H2, X, layer_at, feed, heads_at, attended_at, behind_layer, head_layer;
      cbn [heads up bias down wq wk wv wo map fold_left]. cbn [times map relu plus]. rewrite plus_nil.
    rewrite app_length, fitted_length, cells_length. reflexivity.
  - rewrite positions_armed in Read. specialize (Read j Hj).
    assert (forall i, i < W + n -> (nth (answer_at n W m + i) (H2 j) 0 == nth i answer 0)%Q) as At.
    { intros i Hi. rewrite <- (answer_read j Hj i). fold (X j). rewrite <- (Read i), cells_at. destruct (Nat.ltb_spec i (W + n)); [reflexivity|lia]. }
    rewrite times_app. unfold event_code. apply same_app.
    + rewrite times_length, cells_length, signs_length. reflexivity.
    + intro i. rewrite cells_at, nth_signs. destruct (Nat.ltb_spec i n); [|reflexivity]. rewrite <- Nat.add_assoc, At by lia.
      unfold answer. rewrite nth_apart, padded_length, nth_signs. destruct (Nat.ltb_spec (W + i) W); [lia|].
      replace (W + i - W) with i by lia. destruct (Nat.ltb_spec i n); [reflexivity|lia].
    + intro i. rewrite cells_at. cbn [MaskedArm.value]. rewrite nth_padded. destruct (Nat.ltb_spec i W); [|reflexivity].
      rewrite At by lia. unfold answer. rewrite nth_apart, padded_length, nth_padded. destruct (Nat.ltb_spec i W); [reflexivity|lia].
Qed.
End Pass.

(* 2. Generation. *)
Lemma event_distinct : forall p q u v, p < S -> q < S ->
  same (event_code n W code (Some (p, u))) (event_code n W code (Some (q, v))) -> p = q /\ u = v.
Proof.
  intros p q u v Hp Hq H. split.
  - apply Nat.bits_inj. intro i. destruct (Nat.lt_ge_cases i n) as [Hi|Hi].
    + specialize (H i). rewrite !event_code_at in H. destruct (Nat.ltb_spec i n); [|lia]. cbn [event_sign] in H.
      unfold MaskedArm.sign in H. destruct (Nat.testbit p i), (Nat.testbit q i); try reflexivity; exfalso; revert H; unfold Qeq; cbn; lia.
    + rewrite !(MaskedArm.below_power n S held) by lia. reflexivity.
  - apply distinct. intro i. destruct (Nat.lt_ge_cases i W) as [Hi|Hi].
    + specialize (H (n + i)). rewrite !event_code_at in H. destruct (Nat.ltb_spec (n + i) n), (Nat.ltb_spec (n + i) (n + W)); try lia.
      replace (n + i - n) with i in H by lia. exact H.
    + rewrite !nth_overflow; [reflexivity|..]; [pose proof (narrow (Some v))|pose proof (narrow (Some u))]; lia.
Qed.

Theorem armed_generates : forall events es k, MaskedArm.proper S es k ->
  (generated n W code rank S places (armed n W b flag top R m) es k events <->
   MaskedArm.any_order S f confidence rank (MaskedArm.sequence_of S es) events /\ length events <= k).
Proof.
  intros events es k P. rewrite <- (MaskedArm.masked_arm_events n S held f confidence rank top R confident ranked apart events es k P).
  revert es k P. induction events as [|[p v] rest IH]; intros es k P; [split; constructor|].
  assert (forall k', k = Datatypes.S k' -> exists q, MaskedArm.behind S confidence rank top R (MaskedArm.sequence_of S es) = [q] /\
    MaskedArm.best S confidence rank (MaskedArm.sequence_of S es) q /\ MaskedArm.holds es q = None /\ q < S /\
    same (read_out n W code rank S places (armed n W b flag top R m) (MaskedArm.slots es k) (length es))
      (event_code n W code (Some (q, f (MaskedArm.sequence_of S es) q)))) as Step.
  { intros k' ->. destruct (MaskedArm.mask_left n S held es k' P) as [q0 [Q1 Q2]].
    destruct (MaskedArm.behind_best n S held confidence rank top R confident ranked apart (MaskedArm.sequence_of S es)) as [q [Q B]].
    { exists q0. rewrite MaskedArm.at_sequence by exact Q1. split; assumption. }
    exists q. pose proof B as [B1 [B2 _]]. rewrite MaskedArm.at_sequence in B2 by exact B1.
    split; [exact Q|split; [exact B|split; [exact B2|split; [exact B1|]]]].
    apply (read_out_right es _ P q Q B). destruct P as [_ [_ L]]. lia. }
  split.
  - intro H. inversion H as [|? k' ? ? ? Hp Read Rest]; subst. destruct (Step k' eq_refl) as [q [Q [B [Free [Hq Right]]]]].
    destruct (event_distinct p q v (f (MaskedArm.sequence_of S es) q) Hp Hq) as [-> ->].
    { eapply same_trans; [apply same_sym, Read|exact Right]. }
    apply MaskedArm.left_more with (x := MaskedArm.sequence_of S es); [symmetry; apply (MaskedArm.front_right n S held rank apart), P|exact Q|].
    apply IH; [apply (MaskedArm.proper_more n S held confidence rank top R confident ranked apart); assumption|exact Rest].
  - intro H. inversion H as [|? k' ? y ? Hy Q Rest]; subst. rewrite (MaskedArm.front_right n S held rank apart _ _ P) in *.
    destruct (Step k' eq_refl) as [q [Q' [B [Free [Hq Right]]]]]. rewrite Q in Q'. injection Q' as <-.
    apply generated_more; [exact Hq|exact Right|]. apply IH; [apply (MaskedArm.proper_more n S held confidence rank top R confident ranked apart); assumption|exact Rest].
Qed.
End Right.

(* 3. Sizes. *)
Theorem armed_layers : forall n W b flag top R m, length (layers (armed n W b flag top R m)) = length (layers m) + 2.
Proof. intros; unfold armed; cbn [layers length]. rewrite app_length, map_length; cbn [length]. lia. Qed.
Theorem armed_width : forall n W b flag top R m, width (armed n W b flag top R m) <= width m + 3 * n + 2 * W + 3.
Proof.
  intros. unfold width at 1. apply list_max_le. apply Forall_forall. intros L HL. apply in_map_iff in HL as [M [<- HM]].
  unfold armed in HM; cbn [token_matrix place_matrix layers] in HM.
  assert (forall M, In M (flat_map writers (layers m)) -> length M <= width m) as Own.
  { intros M' HM'. apply width_of. right; right. exact HM'. }
  destruct HM as [<-|[<-|HM]].
  - unfold below. rewrite app_length, repeat_length, cells_length. unfold event_at. lia.
  - rewrite app_length, fitted_length, cells_length. lia.
  - cbn [flat_map] in HM. rewrite flat_map_app in HM. cbn [flat_map] in HM. rewrite app_nil_r in HM.
    apply in_app_or in HM as [HM|HM]; [|apply in_app_or in HM as [HM|HM]].
    + destruct HM as [<-|[<-|[]]]; cbn [down front_layer length]; [|lia]. unfold front_head; cbn [wo].
      rewrite !app_length, fitted_length, repeat_length. unfold mask_at, code_at, event_at. cbn [length]. lia.
    + assert (length M <= width m) by (apply Own; clear -HM; revert HM; induction (layers m) as [|l ls IH]; [auto|];
        cbn [map flat_map]; intro HM; apply in_app_or in HM as [HM|HM]; apply in_or_app; [left|right; auto];
        unfold writers, own_layer in *; cbn [heads down] in HM; rewrite map_map in HM; exact HM). lia.
    + unfold behind_layer, head_layer, writers in HM; cbn [heads down map app wo] in HM. destruct HM as [<-|[<-|[]]]; [|cbn; lia].
      unfold below. rewrite app_length, repeat_length, cells_length, app_length, fitted_length, cells_length.
      unfold answer_at, mask_at, code_at, event_at. lia.
Qed.

(* 4. Claim T3: for every transformer there is one, whatever the codes of its tokens, their number and the order. *)
Theorem T3 : forall n W b flag top R m, exists arm,
  length (layers arm) = length (layers m) + 2 /\ width arm <= width m + 3 * n + 2 * W + 3 /\
  forall (V : Type) (code : option V -> vector) rank S places f confidence,
    decoder n W b code rank flag top R m S places f confidence ->
    forall events es k, MaskedArm.proper S es k ->
      (generated n W code rank S places arm es k events <->
       MaskedArm.any_order S f confidence rank (MaskedArm.sequence_of S es) events /\ length events <= k).
Proof.
  intros n W b flag top R m. exists (armed n W b flag top R m). split; [apply armed_layers|split; [apply armed_width|]].
  intros V code rank S places f confidence D. exact (armed_generates n W b S code rank flag top R m places f confidence D).
Qed.

(* An instance, computed: a decoder of two positions that is surer of the right one, and gives true there and false on the left;
   its Masked-ARM's first event is at position 1. *)
Definition example_code (t : option bool) : vector :=
  match t with None => [1%Q; 0%Q; 0%Q] | Some false => [0%Q; 1%Q; 0%Q] | Some true => [0%Q; 0%Q; 1%Q] end.
Definition example_plan : plan :=
  {| token_matrix := []; place_matrix := [[1%Q]]; layers := []; out_matrix := [[]; [(-1)%Q]; [1%Q]; [1%Q]]; out_bias := [0%Q; 1%Q] |}.
Example example_decoder : decoder 1 3 1 example_code Z.of_nat [1%Q] 1 2 example_plan 2 [[0%Q]; [1%Q]]
  (fun _ p => Nat.eqb p 1) (fun _ j => if Nat.ltb j 2 then Z.of_nat j else 0%Z).
Proof.
  split.
  - cbn; lia.
  - intros x [|[|j]] Hj; cbn; lia.
  - lia.
  - lia.
  - intros [[]|]; cbn; lia.
  - intros [] [] H; try reflexivity; specialize (H 1); discriminate H.
  - reflexivity.
  - intros []; reflexivity.
  - cbn; lia.
  - intros c [<-|[<-|[]]]; cbn; lia.
  - intros [|s [|t [|]]] Hx; try discriminate Hx. split; [intros [|[|j]] Hj; try lia; reflexivity|].
    intros [|[|p]] [Hp _] [|[|[|i]]] Hi; try lia; reflexivity.
Qed.
Example armed_example :
  let arm := armed 1 3 1 [1%Q] 1 2 example_plan in
  let read es k j := read_out 1 3 example_code Z.of_nat 2 [[0%Q]; [1%Q]] arm (MaskedArm.slots es k) j in
  map Qred (read [] 2 0) = event_code 1 3 example_code (Some (1, true)) /\
  map Qred (read [(1, true)] 1 1) = event_code 1 3 example_code (Some (0, false)).
Proof. vm_compute. split; reflexivity. Qed.
