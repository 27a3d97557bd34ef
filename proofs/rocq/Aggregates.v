(* Match or default, the nearest position, and aggregates over a whole sequence of any length. *)
From Coq Require Import QArith Qminmax Lqa.
From Efasp Require Import Form Attention Lookups.
Open Scope Z_scope.

(* match_or_default. Arguments: query, key, value, default, sink, what attention reads, whether it misses. *)
Definition default_rows (w : nat) : list form :=
  map (fun p => ([(1, Arg 5 p); (1, Relu [(1, Arg 3 p); (1, Arg 6 0)] (-1))], 0)) (seq 0 w).

Lemma mean_constant : forall A (f : A -> Z) c l, l <> [] -> (forall j, In j l -> f j = c) -> (mean f l == inject_Z c)%Q.
Proof.
  intros A f c l N H. unfold mean.
  assert (E : fold_right Z.add 0 (map f l) = c * Z.of_nat (length l)).
  { clear N. induction l as [|j l IH]; [cbn; lia|]. cbn [map fold_right length]. rewrite (H j) by (left; reflexivity).
    rewrite IH by (intros k K; apply H; right; exact K). lia. }
  rewrite E, inject_Z_mult. apply Qdiv_mult_l. destruct l; [contradiction|]. unfold Qeq. cbn. lia.
Qed.

(* The word at the matching positions, which is one word; the default where there is none. *)
(* backs: attention.match_or_default *)
Theorem match_or_default_correct : forall n w rank s i l x, sequence n 1 rank 4 s l -> maybe n (i 0%nat) ->
  bits w (i 3%nat) -> x 3%nat = i 3%nat -> (forall p, (p < w)%nat -> s 2%nat p = 0) ->
  (forall j, In j l -> bits w (j 2%nat)) ->
  (forall p, (p < w)%nat -> attention (match_query n) (exact_key 4 n) (input 1 2 p) i l == inject_Z (x 5%nat p))%Q ->
  (attention (match_query n) (exact_key 4 n) (input 1 4 0) i l == inject_Z (x 6%nat 0%nat))%Q ->
  (forall j, In j (filter (hit n 4 i) l) -> (forall k p, In k (filter (hit n 4 i) l) -> (p < w)%nat -> k 2%nat p = j 2%nat
    p) ->
    computes w (default_rows w) x (val w (j 2%nat))) /\
  (filter (hit n 4 i) l = [] -> computes w (default_rows w) x (val w (i 3%nat))).
Proof.
  intros n w rank s i l x W Q D X S B R M. unfold attention in R, M. rewrite (exact_winners n rank 4 s i l W Q) in M.
  assert (N : forall a b, (inject_Z a == inject_Z b)%Q -> a = b) by (intros a b E; unfold Qeq in E; cbn in E; lia).
  split.
  - intros j J U. assert (F : filter (hit n 4 i) l <> []) by (intros F; rewrite F in J; destruct J).
    assert (E : match filter (hit n 4 i) l with [] => [s] | matches => matches end = filter (hit n 4 i) l).
    { destruct (filter (hit n 4 i) l); [contradiction|reflexivity]. }
    rewrite E in M. rewrite (mean_constant _ _ 0) in M; [apply N in M|exact F|].
    2: { intros k K. rewrite value_input. apply filter_In in K as [K H]. unfold hit in H. apply andb_prop in H as [H _].
      apply negb_true_iff, Z.eqb_neq in H. destruct (sink_flag _ _ _ _ _ _ W k K); lia. }
    apply filter_In in J as [J _].
    apply computes_map; [|apply val_ext]; intros p P; specialize (R p P); rewrite (exact_winners n rank 4 s i l W Q), E in R;
      (rewrite (mean_constant _ _ (j 2%nat p)) in R; [apply N in R|exact F|intros k K; rewrite value_input, (U k p K P);
        lia]);
      summed; rewrite X; destruct (D p P) as [G|G], (B j J p P) as [V|V]; rewrite ?G, V in *; lia.
  - intros F. rewrite F in M. rewrite mean_single, value_input in M. apply N in M.
    assert (K : In s [s]) by (left; reflexivity). rewrite <- (one_sink _ _ _ _ _ _ W) in K.
    apply filter_In in K as [_ K]. apply Z.eqb_eq in K. rewrite K in M.
    apply computes_map; [|apply val_ext]; intros p P; specialize (R p P);
      rewrite (exact_winners n rank 4 s i l W Q), F, mean_single, value_input in R;
      apply N in R; rewrite (S p P) in R; summed; rewrite X; destruct (D p P) as [G|G]; rewrite G; lia.
Qed.

(* gather. Arguments: value, index, the position's number and its square. *)
Definition gather_query : list form := [input 2 1 0; ([], -1)].
Definition gather_key : list form := [input 1 2 0; input 1 3 0].

Lemma winners_best : forall (score : env -> Z) l1 j l2, (forall k, In k (l1 ++ l2) -> score k < score j) ->
  winners score (l1 ++ j :: l2) = [j].
Proof.
  intros score l1 j l2 H. unfold winners. apply filter_single.
  - apply forallb_forall. intros k K. apply Z.leb_le. apply in_app_or in K. cbn [In] in K.
    destruct K as [K|[<-|K]]; [|lia|]; apply Z.lt_le_incl, H, in_or_app; tauto.
  - intros k K. destruct (forallb _ _) eqn:E; [|reflexivity]. exfalso. rewrite forallb_forall in E.
    specialize (E j (in_elt j l1 l2)). apply Z.leb_le in E. specialize (H k K). lia.
Qed.

(* The value at the position whose number is nearest to the index. *)
(* backs: attention.gather *)
Theorem gather_correct : forall i l1 j l2,
  (forall k, In k (l1 ++ j :: l2) -> k 3%nat 0%nat = k 2%nat 0%nat * k 2%nat 0%nat) ->
  (forall k, In k (l1 ++ l2) -> Z.abs (i 1%nat 0%nat - j 2%nat 0%nat) < Z.abs (i 1%nat 0%nat - k 2%nat 0%nat)) ->
  (attention gather_query gather_key (input 1 0 0) i (l1 ++ j :: l2) == inject_Z (j 0%nat 0%nat))%Q.
Proof.
  intros i l1 j l2 S N. unfold attention. rewrite winners_best, mean_single, value_input, Z.mul_1_l; [reflexivity|].
  intros k K. unfold gather_query, gather_key. cbn [dot]. rewrite !value_input. unfold value. cbn [fst snd sum fold_right].
  rewrite (S k), (S j) by (apply in_or_app; cbn [In]; apply in_app_or in K; tauto). specialize (N k K). nia.
Qed.

(* Aggregates. *)
Definition one_query : list form := [([], 1)].
Definition nothing : list form := [([], 0)].

Lemma extremum : forall sign i l j, In j l -> (forall k, In k l -> sign * k 0%nat 0%nat <= sign * j 0%nat 0%nat) -> sign <>
  0 ->
  (attention one_query [input sign 0 0] (input 1 0 0) i l == inject_Z (j 0%nat 0%nat))%Q.
Proof.
  intros sign i l j J H N. unfold attention.
  assert (S : forall k, dot one_query [input sign 0 0] i k = sign * k 0%nat 0%nat).
  { intros k. unfold one_query. cbn [dot]. rewrite value_input. unfold value. cbn [fst snd sum fold_right]. lia. }
  apply mean_constant.
  - assert (W : In j (winners (dot one_query [input sign 0 0] i) l)) by (apply in_winners; split; [exact J|]; intros k K;
    rewrite !S; apply H, K).
    intros E. rewrite E in W. destruct W.
  - intros k K. apply in_winners in K as [K W]. specialize (W j J). rewrite !S in W. specialize (H k K).
    rewrite value_input. nia.
Qed.

(* backs: attention.seq_max *)
Theorem seq_max_correct : forall i l j, In j l -> (forall k, In k l -> k 0%nat 0%nat <= j 0%nat 0%nat) ->
  (attention one_query [input 1 0 0] (input 1 0 0) i l == inject_Z (j 0%nat 0%nat))%Q.
Proof. intros i l j J H. apply extremum; [exact J| |lia]. intros k K. specialize (H k K). lia. Qed.

(* backs: attention.seq_min *)
Theorem seq_min_correct : forall i l j, In j l -> (forall k, In k l -> j 0%nat 0%nat <= k 0%nat 0%nat) ->
  (attention one_query [input (-1) 0 0] (input 1 0 0) i l == inject_Z (j 0%nat 0%nat))%Q.
Proof. intros i l j J H. apply extremum; [exact J| |lia]. intros k K. specialize (H k K). lia. Qed.

Lemma some_extreme : forall p l, l <> [] -> (forall k : env, In k l -> k 0%nat 0%nat = 0 \/ k 0%nat 0%nat = 1) ->
  (p = 0 \/ p = 1) -> exists j, In j l /\ (j 0%nat 0%nat = p \/ forall k, In k l -> k 0%nat 0%nat = 1 - p).
Proof.
  intros p l N H P. induction l as [|j l IH]; [contradiction|]. destruct (Z.eq_dec (j 0%nat 0%nat) p) as [E|E].
  - exists j. split; [left; reflexivity|left; exact E].
  - assert (Ej : j 0%nat 0%nat = 1 - p) by (destruct (H j (or_introl eq_refl)); lia). destruct l as [|k l].
    + exists j. split; [left; reflexivity|right]. intros k [<-|[]]. exact Ej.
    + destruct IH as (m & M & D); [discriminate|intros; apply H; right; assumption|]. exists m. split; [right; exact M|].
      destruct D as [D|D]; [left; exact D|right]. intros q [<-|K]; [exact Ej|apply D, K].
Qed.

(* backs: attention.seq_and *)
Theorem seq_and_correct : forall i l, l <> [] -> (forall k : env, In k l -> k 0%nat 0%nat = 0 \/ k 0%nat 0%nat = 1) ->
  (attention one_query [input (-1) 0 0] (input 1 0 0) i l == inject_Z (Z.b2z (forallb (fun k => k 0%nat 0%nat =? 1%Z) l)))%Q.
Proof.
  intros i l N H. destruct (some_extreme 0 l N H (or_introl eq_refl)) as (j & J & D).
  rewrite (seq_min_correct i l j J).
  - replace (Z.b2z _) with (j 0%nat 0%nat); [reflexivity|]. destruct D as [D|D].
    + rewrite D. match goal with |- 0 = Z.b2z ?b => destruct b eqn:E end; [|reflexivity].
      rewrite forallb_forall in E. specialize (E j J). lia.
    + rewrite (D j J). match goal with |- _ = Z.b2z ?b => replace b with true; [reflexivity|symmetry] end.
      apply forallb_forall. intros k K. rewrite (D k K). reflexivity.
  - intros k K. destruct D as [D|D]; [destruct (H k K); lia|]. rewrite (D k K), (D j J). lia.
Qed.

(* backs: attention.seq_or *)
Theorem seq_or_correct : forall i l, l <> [] -> (forall k : env, In k l -> k 0%nat 0%nat = 0 \/ k 0%nat 0%nat = 1) ->
  (attention one_query [input 1 0 0] (input 1 0 0) i l == inject_Z (Z.b2z (existsb (fun k => k 0%nat 0%nat =? 1%Z) l)))%Q.
Proof.
  intros i l N H. destruct (some_extreme 1 l N H (or_intror eq_refl)) as (j & J & D).
  rewrite (seq_max_correct i l j J).
  - replace (Z.b2z _) with (j 0%nat 0%nat); [reflexivity|]. destruct D as [D|D].
    + rewrite D. match goal with |- _ = Z.b2z ?b => replace b with true; [reflexivity|symmetry] end.
      apply existsb_exists. exists j. split; [exact J|lia].
    + rewrite (D j J). match goal with |- _ = Z.b2z ?b => destruct b eqn:E end; [|reflexivity].
      apply existsb_exists in E as (k & K & E). rewrite (D k K) in E. discriminate.
  - intros k K. destruct D as [D|D]; [destruct (H k K); lia|]. rewrite (D k K), (D j J). lia.
Qed.

(* backs: attention.seq_mean *)
Theorem seq_mean_correct : forall i l, attention nothing nothing (input 1 0 0) i l = mean (fun j => j 0%nat 0%nat) l.
Proof.
  intros i l. unfold attention. replace (winners (dot nothing nothing i) l) with l.
  - unfold mean. f_equal. f_equal. f_equal. apply map_ext. intros j. rewrite value_input. lia.
  - symmetry. unfold winners. rewrite (filter_ext_in _ (fun _ => true)).
    + clear. induction l as [|j l IH]; [reflexivity|]. cbn [filter]. rewrite IH. reflexivity.
    + intros j _. apply forallb_forall. intros k _. reflexivity.
Qed.

(* seq_sum: the mean of the flags and that of the sink's, s / n and 1 / n, are rational; N (s / n - k / n) is 0 or more where
   s >= k and at most -1 elsewhere. Arguments: 0, what attention reads of the flag and of the sink. *)
Definition distance (longest k : nat) : terms := [(Z.of_nat longest, Arg 0 0); (- Z.of_nat k * Z.of_nat longest, Arg 0 1)].
Definition sum_rows (longest : nat) : form :=
  (flat_map (fun k => [(1, Relu (distance longest k) 1); (-1, Relu (distance longest k) 0)]) (seq 1 longest), 0).

(* What a form gives on rationals. *)
Fixpoint evalQ (x : nat -> nat -> Q) (e : expr) : Q :=
  match e with
  | Arg a p => x a p
  | Relu ts c => Qmax 0 (fold_right (fun t rest => inject_Z (fst t) * evalQ x (snd t) + rest) (inject_Z c) ts)
  end%Q.
Definition valueQ (x : nat -> nat -> Q) (f : form) : Q :=
  fold_right (fun t rest => inject_Z (fst t) * evalQ x (snd t) + rest)%Q (inject_Z (snd f)) (fst f).

(* backs: attention.seq_sum *)
Theorem seq_sum_correct : forall (longest n s : nat) (x : nat -> nat -> Q), (1 <= n <= longest)%nat -> (s <= n)%nat ->
  (x 0%nat 0%nat == inject_Z (Z.of_nat s) / inject_Z (Z.of_nat n))%Q -> (x 0%nat 1%nat == 1 / inject_Z (Z.of_nat n))%Q ->
  (valueQ x (sum_rows longest) == inject_Z (Z.of_nat s))%Q.
Proof.
  intros longest n s x N M F K. unfold valueQ, sum_rows. cbn [fst snd].
  set (u := x 0%nat 1%nat) in *. set (t := (inject_Z (Z.of_nat longest) * u)%Q).
  assert (P : (0 < inject_Z (Z.of_nat n))%Q) by (unfold Qlt; cbn; lia).
  assert (T : (1 <= t)%Q).
  { unfold t. rewrite K. unfold Qdiv. rewrite Qmult_1_l. apply Qle_shift_div_l;
    [exact P|]. rewrite Qmult_1_l, <- Zle_Qle. lia. }
  assert (E : (x 0%nat 0%nat == inject_Z (Z.of_nat s) * u)%Q) by (rewrite F, K; field; intros Z0; rewrite Z0 in P;
    discriminate).
  assert (H : forall m from, (fold_right (fun t0 rest => inject_Z (fst t0) * evalQ x (snd t0) + rest) (inject_Z 0)
    (flat_map (fun k => [(1%Z, Relu (distance longest k) 1); ((-1)%Z, Relu (distance longest k) 0)]) (seq from m)) ==
    inject_Z (Z.max 0 (Z.min (Z.of_nat m) (Z.of_nat s + 1 - Z.of_nat from))))%Q).
  { induction m as [|m IH]; intros from.
    - cbn [seq flat_map fold_right]. replace (Z.max 0 _) with 0 by lia. reflexivity.
    - cbn [seq flat_map app fold_right]. cbn [fst snd evalQ]. rewrite IH. unfold distance. cbn [fold_right fst snd evalQ].
      fold u.
      set (one := (inject_Z (Z.of_nat longest) * x 0%nat 0%nat + (inject_Z (- Z.of_nat from * Z.of_nat longest) * u +
        inject_Z 1))%Q).
      set (two := (inject_Z (Z.of_nat longest) * x 0%nat 0%nat + (inject_Z (- Z.of_nat from * Z.of_nat longest) * u +
        inject_Z 0))%Q).
      assert (V : (two == inject_Z (Z.of_nat s - Z.of_nat from) * t)%Q).
      { unfold two, t. rewrite E, inject_Z_mult. unfold Z.sub. rewrite inject_Z_plus, !inject_Z_opp. ring. }
      assert (W : (one == two + 1)%Q) by (unfold one, two; ring).
      rewrite W. clear W one. clearbody two. destruct (le_lt_dec from s) as [L|L].
      + assert (D : (0 <= inject_Z (Z.of_nat s - Z.of_nat from))%Q) by (rewrite <- (Zle_Qle 0); lia).
        assert (G : (0 <= two)%Q) by (rewrite V; apply Qmult_le_0_compat; lra).
        rewrite !Q.max_r by lra.
        replace (Z.max 0 (Z.min (Z.of_nat (S m)) (Z.of_nat s + 1 - Z.of_nat from)))
          with (1 + Z.max 0 (Z.min (Z.of_nat m) (Z.of_nat s + 1 - Z.of_nat (S from)))) by lia.
        rewrite (inject_Z_plus 1). ring.
      + assert (D : (inject_Z (Z.of_nat s - Z.of_nat from) <= -1)%Q) by (rewrite <- (Zle_Qle _ (-1)); lia).
        assert (G : (two <= -1)%Q) by (rewrite V; nra).
        rewrite !Q.max_l by lra.
        replace (Z.max 0 (Z.min (Z.of_nat (S m)) (Z.of_nat s + 1 - Z.of_nat from)))
          with (Z.max 0 (Z.min (Z.of_nat m) (Z.of_nat s + 1 - Z.of_nat (S from)))) by lia.
        ring. }
  rewrite H. replace (Z.max 0 _) with (Z.of_nat s) by lia. reflexivity.
Qed.
