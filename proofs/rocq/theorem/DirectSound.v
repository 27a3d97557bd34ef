(* A plan without reuse of coordinates computes what is defined, on codes of which entry [one] is 1. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel PlanSound FollowsSound Accepted Direct DirectParts.
Import ListNotations.
Open Scope nat_scope.

(* Where nodes are placed. *)
Lemma half_later : forall n p, p < half_after n p.
Proof. intros [g|q k v] p; cbn [half_after]; destruct (Nat.even p); lia. Qed.

Definition averaged (n : node) : bool := match n with Averaged _ _ _ => true | Rectified _ => false end.
Lemma half_odd : forall n p, Nat.odd (half_after n p) = averaged n.
Proof.
  intros [g|q k v] p; cbn [half_after averaged]; unfold Nat.odd; destruct (Nat.even p) eqn:E;
    rewrite ?Nat.even_succ, ?Nat.odd_succ; unfold Nat.odd; rewrite ?E; reflexivity.
Qed.

Lemma node_reads : forall n x i, node_below n x -> In i (read_by x) -> i < n.
Proof.
  intros n x i B I. assert (R : forall g, reads_below n g -> In i (map snd (terms g)) -> i < n).
  { intros g G J. apply in_map_iff in J as ((c & k) & E & J). cbn in E. subst k. exact (G c i J). }
  destruct x as [g|q k v]; cbn [node_below read_by] in *; [exact (R g B I)|]. destruct B as [Bf Bv].
  apply in_flat_map in I as (g & G & J). rewrite app_assoc in G. apply in_app_or in G as [G|[<-|[]]];
    [exact (R g (Bf g G) J)|exact (R _ Bv J)].
Qed.

Lemma max_above : forall (g : nat -> nat) is i, In i is -> g i <= list_max (map g is).
Proof.
  intros g is i. induction is as [|k is IH]; intros I; [destruct I|]. change (list_max (map g (k :: is))) with
    (Nat.max (g k) (list_max (map g is))). destruct I as [<-|I]; [lia|]. specialize (IH I). lia.
Qed.

Lemma placed_facts : forall ns known, let slots := placed known ns in let final := known ++ map half slots in
  map coordinate slots = seq (length known) (length ns) /\
  (forall s, In s slots -> nth_error ns (coordinate s - length known) = Some (content s) /\
    half s = nth (coordinate s) final 0 /\ Nat.odd (half s) = averaged (content s) /\
    (ordered (length known) ns -> forall i, In i (read_by (content s)) -> nth i final 0 < half s)).
Proof.
  induction ns as [|n ns IH]; intros known; [split; [reflexivity|intros s []]|]. cbn [placed].
  set (p := half_after n _). specialize (IH (known ++ [p])). rewrite app_length in IH. cbn [length] in IH.
  rewrite Nat.add_1_r in IH. destruct IH as [C F]. cbn [map coordinate half]. rewrite C. split; [reflexivity|].
  assert (E : (known ++ [p]) ++ map half (placed (known ++ [p]) ns) = known ++ p :: map half (placed (known ++ [p]) ns)) by
    (rewrite <- app_assoc; reflexivity).
  rewrite E in F. intros s [<-|S]; cbn [coordinate content half].
  - rewrite Nat.sub_diag. split; [reflexivity|]. split; [rewrite app_nth2, Nat.sub_diag by lia; reflexivity|].
    split; [apply half_odd|]. intros O i I. pose proof (O 0 n eq_refl) as B. rewrite Nat.add_0_r in B.
    pose proof (node_reads _ n i B I) as L. rewrite app_nth1 by exact L. unfold p.
    pose proof (max_above (fun i => nth i known 0) (read_by n) i I) as M. cbv beta in M.
    pose proof (half_later n (list_max (map (fun i => nth i known 0) (read_by n)))). lia.
  - destruct (F s S) as (N & H & P & R). assert (K : In (coordinate s) (seq (Datatypes.S (length known)) (length ns))) by
      (rewrite <- C; apply in_map; exact S). apply in_seq in K. split; [|split; [exact H|split; [exact P|]]].
    + replace (coordinate s - length known) with (Datatypes.S (coordinate s - Datatypes.S (length known))) by lia. exact N.
    + intros O. apply R. intros i x X. specialize (O (Datatypes.S i) x X). rewrite Nat.add_succ_r in O. exact O.
Qed.

Lemma nth_singles : forall n v i, (nth i (times (map (single 1) (seq 0 n)) v) 0 == if i <? n then nth i v 0 else 0)%Q.
Proof.
  intros n v i. unfold times. rewrite map_map. destruct (Nat.ltb_spec i n) as [L|L].
  - rewrite (nth_indep _ 0%Q (dot (single 1 0) v)) by (rewrite map_length, seq_length; exact L).
    rewrite (map_nth (fun k => dot (single 1 k) v)), seq_nth by exact L. rewrite dot_weigh, weigh_single. cbn [Nat.add]. ring.
  - rewrite nth_overflow by (rewrite map_length, seq_length; exact L). reflexivity.
Qed.

Lemma times_app : forall a b v, times (a ++ b) v = times a v ++ times b v.
Proof. intros. apply map_app. Qed.

Lemma embedded_entry : forall tokens places t p i, length t = tokens -> length p = places ->
  (nth i (plus (times (map (single 1) (seq 0 tokens)) t) (times (repeat [] tokens ++ map (single 1) (seq 0 places)) p)) 0 ==
    nth i (t ++ p) 0)%Q.
Proof.
  intros tokens places t p i T P. rewrite nth_plus, nth_singles, times_app.
  assert (E : times (repeat [] tokens) p = repeat 0%Q tokens) by (clear T; induction tokens as [|n IH]; cbn; [reflexivity|];
    f_equal; exact IH).
  rewrite E. destruct (Nat.ltb_spec i tokens) as [L|L].
  - rewrite !app_nth1 by (rewrite ?repeat_length; lia). rewrite nth_repeat. ring.
  - rewrite !app_nth2 by (rewrite ?repeat_length; lia). rewrite repeat_length, T, nth_singles.
    destruct (Nat.ltb_spec (i - tokens) places); [ring|]. rewrite (nth_overflow p) by lia. ring.
Qed.

Lemma both_map : forall (g h : vector -> vector) ts ps, map (fun '(u, v) => plus u v) (combine (map g ts) (map h ps)) =
  map (fun j => plus (g (fst j)) (h (snd j))) (combine ts ps).
Proof. intros g h. induction ts as [|t ts IH]; intros [|p ps]; try reflexivity. cbn. f_equal. apply IH. Qed.

Lemma of_half_in : forall p slots s, In s (of_half p slots) <-> In s slots /\ half s = p.
Proof. intros. unfold of_half. rewrite filter_In, Nat.eqb_eq. reflexivity. Qed.

Lemma of_half_once : forall p slots, NoDup (map coordinate slots) -> NoDup (map coordinate (of_half p slots)).
Proof.
  intros p slots. induction slots as [|s slots IH]; intros N; [constructor|]. inversion N as [|c cs N1 N2]; subst.
  cbn [of_half filter]. fold (of_half p slots). destruct (half s =? p); [|exact (IH N2)]. cbn [map].
    constructor; [|exact (IH N2)].
  intros I. apply N1. apply in_map_iff in I as (t & E & T). apply of_half_in in T as [T _]. rewrite <- E. apply in_map. exact T.
Qed.

Section Direct.
Context {A : Type}.
Variables (l : list A) (f : A -> vector) (one first : nat) (ns : list node).
Hypothesis in_order : ordered first ns.
Hypothesis model : forall i n, nth_error ns i = Some n -> forall j, In j l -> nth (first + i) (f j) 0%Q = node_at n (map f l)
  (f j).
Hypothesis one_is : forall j, In j l -> (nth one (f j) 0 == 1)%Q.
Hypothesis one_entry : one < first.
Let slots : list slot := placed (repeat 0 first) ns.
Let final : list nat := repeat 0 first ++ map half slots.
Let done (p i : nat) : bool := nth i final 0 <=? p.

Lemma slot_facts : forall s, In s slots -> computes l f s /\ half s = nth (coordinate s) final 0 /\
  Nat.odd (half s) = averaged (content s) /\ (forall i, In i (read_by (content s)) -> nth i final 0 < half s) /\
  coordinate s < first + length ns.
Proof.
  intros s S. destruct (placed_facts ns (repeat 0 first)) as [C F]. rewrite repeat_length in *. fold slots final in C, F.
  destruct (F s S) as (N & H & P & R). assert (K : In (coordinate s) (seq first (length ns))) by (rewrite <- C;
    apply in_map; exact S).
  apply in_seq in K. split; [|split; [exact H|split; [exact P|split; [exact (R in_order)|apply K]]]].
  intros j J. rewrite <- (model _ _ N j J). replace (first + (coordinate s - first)) with (coordinate s) by lia. reflexivity.
Qed.

Lemma slots_once : NoDup (map coordinate slots).
Proof. destruct (placed_facts ns (repeat 0 first)) as [C _]. fold slots in C. rewrite C. apply seq_NoDup. Qed.

Lemma half_within : forall p i, done p i || within (map coordinate (of_half (S p) slots)) i = done (S p) i.
Proof.
  intros p i. unfold done. destruct (within (map coordinate (of_half (S p) slots)) i) eqn:W.
  - apply existsb_exists in W as (c & I & E). apply Nat.eqb_eq in E. subst c. apply in_map_iff in I as (s & <- & S0).
    apply of_half_in in S0 as [S1 H]. destruct (slot_facts s S1) as (_ & H' & _). rewrite <- H', H, orb_true_r. symmetry.
    apply Nat.leb_refl.
  - rewrite orb_false_r. destruct (Nat.leb_spec (nth i final 0) p), (Nat.leb_spec (nth i final 0) (S p)); try lia;
    try reflexivity.
    exfalso. assert (E : nth i final 0 = S p) by lia. enough (X : within (map coordinate (of_half (S p) slots)) i = true) by
      congruence.
    apply existsb_exists. exists i. split; [|apply Nat.eqb_refl]. unfold final in E.
    destruct (Nat.lt_ge_cases i first) as [L|L]; [rewrite app_nth1, nth_repeat in E by (rewrite repeat_length; exact L); lia|].
    rewrite app_nth2, repeat_length in E by (rewrite repeat_length; exact L).
    destruct (placed_facts ns (repeat 0 first)) as [C _]. fold slots in C. rewrite repeat_length in C.
    assert (Ls : length slots = length ns) by (rewrite <- (map_length coordinate), C, seq_length; reflexivity).
    destruct (Nat.lt_ge_cases i (first + length ns)) as [B|B].
    + destruct (nth_error slots (i - first)) as [s|] eqn:X; [|apply nth_error_None in X; lia].
      assert (Ci : coordinate s = i).
      { pose proof (map_nth_error coordinate _ _ X) as Y. rewrite C in Y. apply nth_error_nth with (d := 0) in Y.
        rewrite seq_nth in Y by lia. lia. }
      apply in_map_iff. exists s. split; [exact Ci|]. apply of_half_in. split; [exact (nth_error_In _ _ X)|].
      pose proof (map_nth_error half _ _ X) as Y. apply nth_error_nth with (d := 0) in Y. lia.
    + rewrite nth_overflow in E by (rewrite map_length; lia). lia.
Qed.

Lemma one_done : forall p, done p one = true.
Proof.
  intros p. unfold done, final. rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact one_entry). reflexivity.
Qed.

Lemma layer_right : forall n ss, right l f (done (2 * n)) ss ->
  right l f (done (2 * S n)) (through ss (layer_of one (first + length ns) slots n)).
Proof.
  intros n ss R. unfold through, layer_of. set (count := first + length ns). cbn [feeding heads].
  replace (2 * n + 1) with (S (2 * n)) by lia. replace (2 * n + 2) with (S (S (2 * n))) by lia.
  replace (2 * S n) with (S (S (2 * n))) by lia. set (p := 2 * n) in *.
  apply (right_same l f (fun i => done (S p) i || within (map coordinate (of_half (S (S p)) slots)) i)); [apply half_within|].
  apply (units_right l f).
  - apply (right_same l f (fun i => done p i || within (map coordinate (of_half (S p) slots)) i)); [apply half_within|].
    apply (heads_right l f one one_is (done p)); try assumption; [apply one_done| |apply of_half_once, slots_once].
    intros s T. apply of_half_in in T as [T H]. destruct (slot_facts s T) as (C & H' & P & B & _). split; [exact C|].
    assert (O : Nat.odd (S p) = true) by (unfold p; rewrite Nat.odd_succ, Nat.even_mul; reflexivity). split.
    { rewrite H, O in P. destruct (content s); [discriminate|]. eauto. }
    split; [unfold done; rewrite <- H', H; apply Nat.leb_gt; lia|]. intros i I. specialize (B i I). unfold done.
      apply Nat.leb_le. lia.
  - apply of_half_once, slots_once.
  - intros s T. apply of_half_in in T as [T H]. destruct (slot_facts s T) as (C & H' & P & B & L). split; [exact C|].
    assert (O : Nat.odd (S (S p)) = false).
    { unfold p. rewrite Nat.odd_succ, Nat.even_succ, Nat.odd_mul. reflexivity. }
    split.
    { rewrite H, O in P. destruct (content s); [|discriminate]. eauto. }
    split; [unfold done; rewrite <- H', H; apply Nat.leb_gt; lia|]. split; [exact L|].
    intros i I. specialize (B i I). unfold done. apply Nat.leb_le. lia.
Qed.

Lemma layers_right : forall n ss, right l f (done 0) ss ->
  right l f (done (2 * n)) (fold_left through (map (layer_of one (first + length ns) slots) (seq 0 n)) ss).
Proof.
  induction n as [|n IH]; intros ss R; [exact R|]. rewrite seq_S, map_app, fold_left_app. cbn [map fold_left Nat.add].
  apply layer_right, IH, R.
Qed.

Lemma all_done : forall i, done (2 * depth_of slots) i = true.
Proof.
  intros i. unfold done. apply Nat.leb_le. assert (M : nth i final 0 <= list_max (map half slots)).
  { unfold final. destruct (Nat.lt_ge_cases i first) as [L|L].
    - rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact L). lia.
    - rewrite app_nth2, repeat_length by (rewrite repeat_length; exact L).
      destruct (Nat.lt_ge_cases (i - first) (length slots)) as [B|B]; [|rewrite nth_overflow by (rewrite map_length;
        exact B); lia].
      rewrite <- (map_id (map half slots)) at 2. apply (max_above (fun x => x)). apply nth_In. rewrite map_length. exact B. }
  unfold depth_of. set (m := list_max _) in *. pose proof (Nat.div2_odd (S m)) as D.
    destruct (Nat.odd (S m)); unfold Nat.b2n in D; lia.
Qed.
End Direct.

Theorem direct_right : forall one tokens places d ts ps, one < tokens + places -> ordered (tokens + places) (nodes d) ->
  length ts = length ps -> (forall t, In t ts -> length t = tokens) -> (forall p, In p ps -> length p = places) ->
  (forall code, In code (codes ts ps) -> (nth one code 0 == 1)%Q) ->
  Forall2 equal_vectors (forward (direct one tokens places d) ts ps) (defined d (codes ts ps)).
Proof.
  intros one tokens places d ts ps O Ord L T P One. set (l := combine ts ps). set (code := fun j : vector * vector => fst j ++
    snd j).
  assert (E : codes ts ps = map code l) by (apply map_ext; intros []; reflexivity).
  assert (Lc : forall j, In j l -> length (code j) = tokens + places).
  { intros [t p] J. unfold code. cbn [fst snd]. rewrite app_length, (T t), (P p); [reflexivity| |];
      [exact (in_combine_r _ _ _ _ J)|exact (in_combine_l _ _ _ _ J)]. }
  destruct (scalars_model l (tokens + places) (nodes d) code Lc Ord) as (f & Sc & Sh & Mo).
  unfold defined, scalars. replace (fold_left extend (nodes d) (codes ts ps)) with (map f l) by (rewrite E; symmetry; exact Sc).
  rewrite map_map. unfold forward, direct. cbn [token_matrix place_matrix layers out_matrix out_bias].
  set (slots := placed _ _). set (ss := both _ _).
  assert (One' : forall j, In j l -> (nth one (f j) 0 == 1)%Q).
  { intros j J. destruct (Sh j J) as (_ & rest & ->). rewrite app_nth1 by (rewrite (Lc j J); exact O). apply One. rewrite E.
    apply in_map. exact J. }
  assert (Start : right l f (fun i => nth i (repeat 0 (tokens + places) ++ map half slots) 0 <=? 0) ss).
  { set (early := fun i => nth i (repeat 0 (tokens + places) ++ map half slots) 0 <=? 0).
    unfold ss, both. rewrite both_map. fold l. unfold right.
    assert (G : forall k, (forall j, In j k -> In j l) -> Forall2 (fun (j : vector * vector) (s : vector) => forall i,
      (nth i s 0 ==
      if early i then nth i (f j) 0 else 0)%Q) k
      (map (fun j => plus (times (map (single 1) (seq 0 tokens)) (fst j))
         (times (repeat [] tokens ++ map (single 1) (seq 0 places)) (snd j))) k)).
    { induction k as [|j k IH]; intros I; constructor; [|apply IH; intros x X; apply I; right; exact X].
      assert (J : In j l) by (apply I; left; reflexivity). intros i. destruct j as [t p]. cbn [fst snd].
      rewrite embedded_entry by (first [apply T; exact (in_combine_l _ _ _ _ J) | apply P; exact (in_combine_r _ _ _ _ J)]).
      destruct (Sh (t, p) J) as (Lf & rest & Q). unfold early. change (t ++ p) with (code (t, p)).
      destruct (Nat.lt_ge_cases i (tokens + places)) as [B|B].
      - rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact B). cbn [Nat.leb]. rewrite Q, app_nth1 by
          (rewrite (Lc _ J); exact B). reflexivity.
      - rewrite (nth_overflow (code (t, p))) by (rewrite (Lc _ J); exact B). rewrite app_nth2,
        repeat_length by (rewrite repeat_length; exact B).
        destruct (placed_facts (nodes d) (repeat 0 (tokens + places))) as [C F]. fold slots in C, F.
          rewrite repeat_length in C, F.
        assert (Ls : length slots = length (nodes d)) by (rewrite <- (map_length coordinate), C, seq_length; reflexivity).
        destruct (Nat.lt_ge_cases (i - (tokens + places)) (length slots)) as [B'|B'].
        + assert (H : forall x, In x (map half slots) -> x <> 0).
          { intros x X. apply in_map_iff in X as (s & <- & S). destruct (F s S) as (_ & _ & _ & _). clear -S. revert S.
            unfold slots.
            generalize (repeat 0 (tokens + places)). induction (nodes d) as [|n ns IH]; intros known S; [destruct S|].
            destruct S as [<-|S]; [cbn [half]; pose proof (half_later n (list_max (map (fun i => nth i known 0) (read_by n))));
              lia|exact (IH _ S)]. }
          specialize (H (nth (i - (tokens + places)) (map half slots) 0) ltac:(apply nth_In; rewrite map_length; exact B')).
          destruct (nth (i - (tokens + places)) (map half slots) 0); [destruct (H eq_refl)|]. reflexivity.
        + rewrite nth_overflow by (rewrite map_length; exact B'). cbn [Nat.leb]. rewrite nth_overflow by lia. reflexivity. }
    apply G. trivial. }
  pose proof (layers_right l f one (tokens + places) (nodes d) Ord Mo One' O (depth_of slots) ss Start) as R.
  fold slots in R. revert R. generalize (fold_left through (map (layer_of one (tokens + places + length (nodes d)) slots)
    (seq 0 (depth_of slots))) ss). intros xs R.
  assert (R' : Forall2 (fun (j : vector * vector) s => forall i, (nth i s 0 == nth i (f j) 0)%Q) l xs).
  { clear -R O. unfold right in R. induction R as [|j s m ss H R IH]; constructor; [|exact IH]. intros i. rewrite (H i).
    pose proof (all_done one (tokens + places) (nodes d) O i) as D. cbv zeta in D. fold slots in D. rewrite D. reflexivity. }
  clear -R'. unfold right in R'. induction R' as [|j s m ss H R IH]; constructor; [|exact IH]. clear -H. unfold equal_vectors.
  induction (results d) as [|g gs IH]; [constructor|]. cbn [map times plus]. constructor; [|exact IH].
  rewrite Qreduction.Qred_correct. apply row_affine. intros i _. apply H.
Qed.
