(* The matches of the step as nodes: what [StepBuilder.match_of] writes scores positions as a match of tokens and places does,
  so
   that what it reads is what the positions that the match selects have. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars Matching StepBuilder StepModel.
From Efasp Require Form Attention Lookups Match Log Follows.
Import ListNotations.
Open Scope Z_scope.

(* Rows of arguments alone add no nodes, and are worth what they are worth in an environment: of the arguments that they have.
*)
Definition bare (f : Form.form) : Prop := forall c e, In (c, e) (fst f) -> exists a p, e = Form.Arg a p.
Definition agree_on (k : Z) (args : list (list form)) (h : vector) (x : Form.env) (f : Form.form) : Prop :=
  forall c a p, In (c, Form.Arg a p) (fst f) -> worth (bit (nth a args []) p) h (k * x a p).

Lemma row_plain : forall k args f next, bare f -> snd (row false (fun _ _ => (0, 0)) k args f next) = [] /\
  forall h x, agree_on k args h x f -> worth (fst (row false (fun _ _ => (0, 0)) k args f next)) h (k * Form.value x f).
Proof.
  intros k args [ts c] next. unfold row, bare, agree_on. cbn [fst snd].
  induction ts as [|[d e] ts IH]; intros H.
  - split; [reflexivity|]. intros h x _. apply at_number.
  - destruct (H d e (or_introl eq_refl)) as (a & p & ->). destruct (IH (fun b g I => H b g (or_intror I))) as [N W].
    cbn [summed unit]. unfold bind, give. cbn [fst snd Follows.after].
    destruct (summed false (fun _ _ => (0, 0)) k args ts c next) as [r l] eqn:E. cbn [fst snd] in *. subst l. split; [reflexivity|].
    intros h x A. unfold Form.value. cbn [fst snd]. rewrite Form.sum_cons, Form.eval_arg.
    apply (worth_is _ _ (d * (k * x a p) + k * (Form.sum x ts + c))); [|ring].
    apply worth_added; [apply worth_scaled; apply (A d a p (or_introl eq_refl))|].
    apply (W h x). intros b q s I. apply (A b q s). right. exact I.
Qed.

Lemma rows_plain : forall k args fs next, (forall f, In f fs -> bare f) -> snd (plain_rows k args fs next) = [] /\
  forall h x, (forall f, In f fs -> agree_on k args h x f) ->
    Forall2 (fun f g => worth g h (k * Form.value x f)) fs (fst (plain_rows k args fs next)).
Proof.
  intros k args fs next. unfold plain_rows, rows. induction fs as [|f fs IH]; intros H.
  - split; [reflexivity|]. intros h x _. constructor.
  - cbn [every]. unfold bind, give. destruct (row_plain k args f next (H f (or_introl eq_refl))) as [N W].
    destruct (row false (fun _ _ => (0, 0)) k args f next) as [g l]. cbn [fst snd] in *. subst l. cbn [Follows.after].
    destruct (IH (fun f' I => H f' (or_intror I))) as [N' W'].
    destruct (every (row false (fun _ _ => (0, 0)) k args) fs next) as [gs l]. cbn [fst snd] in *. subst l. split; [reflexivity|].
    intros h x A. constructor; [apply (W h x), A; left; reflexivity|]. apply (W' h x). intros f' I. apply A. right. exact I.
Qed.

(* The product of rows that are worth forms. *)
Lemma score_worth : forall k q q' o o' here there x y,
  Forall2 (fun f g => worth g here (1 * Form.value x f)) q q' -> Forall2 (fun f g => worth g there (k * Form.value y f)) o o' ->
  (score_of (map plain q') (map plain o') here there == inject_Z (k * Lookups.dot q o x y))%Q.
Proof.
  intros k q q' o o' here there x y Q. revert o o'. induction Q as [|f g q q' W Q IH]; intros o o' O.
  - destruct O; cbn; rewrite Z.mul_0_r; reflexivity.
  - destruct O as [|f' g' o o' W' O]; [cbn; rewrite Z.mul_0_r; reflexivity|].
    unfold score_of in *. cbn [map combine fold_right Lookups.dot]. rewrite (IH o o' O). unfold worth, form_at in W, W'.
    rewrite W, W'.
    rewrite <- inject_Z_mult, <- inject_Z_plus. apply inject_Z_injective. ring.
Qed.

Section Match.
Context {A : Type}.
Variables (one sink : form) (q : wanted) (m : matching A).

(* What the forms are worth at the position that asks, and at the positions that offer. *)
Definition word_worth (k : Z) (h : vector) (fs : list form) (n : nat) (v : option Z) : Prop :=
  length fs = n /\ forall i, (i < n)%nat -> worth (bit fs i) h (k * sign v i).
Record asked_at (h : vector) : Prop := {
  asked_one : worth one h 1;
  asked_words : Forall2 (fun w c => word_worth 1 h (fst w) (bits c) (Matching.wanted c)) (matched q) (compared m);
  asked_unless : match unless q, refused m with Some f, Some b => worth f h (Z.b2z b) | None, None => True | _, _ => False end
    }.
Record offered_at (h : vector) (j : A) : Prop := {
  offered_sink : worth sink h (Z.b2z (Matching.sink m j));
  offered_words : Forall2 (fun w c => word_worth (scale q) h (snd w) (bits c) (offered c j)) (matched q) (compared m);
  offered_among : Forall2 (fun f g => worth f h (scale q * Z.b2z (g j))) (among q) (Matching.among m);
  offered_but : Forall2 (fun f g => worth f h (scale q * Z.b2z (g j))) (but q) (exclude m);
  offered_rank : match by_rank q with Some f => worth f h (scale q * rank m j) | None => rank m j = 0 end }.

(* The environments that the rows of the match are worth what they are in. *)
Definition bits_of (n : nat) (v : option Z) : list Z := map (sign v) (seq 0 n).
Definition numbers_of (ls : list (list Z)) : Form.env := fun a p => nth p (nth a ls []) 0.
Definition asking : Form.env := numbers_of ([1] :: [] :: [Z.b2z (refuses m)] :: [] ::
  map (fun _ => []) (Matching.among m ++ exclude m) ++ map (fun c => bits_of (bits c) (Matching.wanted c)) (compared m)).
Definition offering (j : A) : Form.env := numbers_of ([] :: [Z.b2z (Matching.sink m j)] :: [] :: [rank m j] ::
  map (fun g => [Z.b2z (g j)]) (Matching.among m ++ exclude m) ++ map (fun c => bits_of (bits c) (offered c j)) (compared m)).

Lemma agreement_bits : forall n u v, Attention.agreement n (fun p => nth p (bits_of n u) 0) (fun p => nth p (bits_of n v) 0) =
  agreement n u v.
Proof.
  intros n u v. unfold agreement, Attention.agreement. apply Form.total_ext. intros i I. unfold bits_of.
  rewrite !(nth_indep _ 0 (sign None 0)) by (rewrite map_length, seq_length; exact I).
  rewrite (nth_indep (map (sign u) _) _ (sign u 0)) by (rewrite map_length, seq_length; exact I).
  rewrite (nth_indep (map (sign v) _) _ (sign v 0)) by (rewrite map_length, seq_length; exact I).
  rewrite !map_nth, seq_nth by exact I. reflexivity.
Qed.

Lemma zsum_sum : forall B (f : B -> Z) l, Match.zsum f l = sum_of f l.
Proof. intros B f l. unfold Match.zsum, sum_of. induction l as [|b l IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. Qed.

Hypothesis flags : length (among q) = length (Matching.among m) /\ length (but q) = length (exclude m).
Hypothesis ranked : by_rank q = None -> forall j, rank m j = 0.
Hypothesis refusing : unless q = None <-> refused m = None.
Hypothesis widths : Forall2 (fun w c => length (fst w) = bits c /\ length (snd w) = bits c) (matched q) (compared m).
Hypothesis bounds : bound q = capacity m.

Let base : nat := 4 + (length (among q) + length (but q)).

Lemma agreed_words : forall j, Match.agreed (shape_of q) asking (offering j) = agreed m j.
Proof.
  intros j. unfold Match.agreed, agreed. cbn [shape_of Match.words]. rewrite zsum_sum.
  assert (G : forall k (ms : list (list form * list form)) (cs : list (comparison A)), Forall2 (fun w c => length (fst w) =
    bits c /\ length (snd w) = bits c) ms cs ->
    (forall i, nth i cs {| bits := 0; Matching.wanted := None; offered := fun _ => None |} =
      nth (k + i) (compared m) {| bits := 0; Matching.wanted := None; offered := fun _ => None |}) ->
    (k + length cs <= length (compared m))%nat ->
    sum_of (fun '(a, b, n) => Attention.agreement n (asking a) (offering j b))
      (map (fun '(i, word) => let a := (base + i)%nat in (a, a, length (fst word))) (combine (seq k (length ms)) ms)) =
    sum_of (fun c => agreement (bits c) (Matching.wanted c) (offered c j)) cs).
  { intros k ms cs F. revert k. induction F as [|w c ms cs [Lw _] F IH]; intros k At Le; [reflexivity|].
    cbn [length seq combine map sum_of fold_right]. unfold sum_of in IH |- *. cbn [map fold_right]. cbn [length] in Le.
    rewrite (IH (S k)).
    - f_equal. rewrite Lw. rewrite <- agreement_bits. unfold asking, offering, numbers_of.
      assert (X : forall B (l1 l2 : list B) h1 h2 h3 h4 d, length l1 = (length (among q) + length (but q))%nat ->
        nth (base + k) (h1 :: h2 :: h3 :: h4 :: l1 ++ l2) d = nth k l2 d).
      { intros B l1 l2 h1 h2 h3 h4 d Ll. unfold base. cbn [nth Nat.add]. rewrite app_nth2 by lia. f_equal. lia. }
      assert (Ck : c = nth k (compared m) {| bits := 0; Matching.wanted := None; offered := fun _ => None |}).
      { specialize (At 0%nat). rewrite Nat.add_0_r in At. exact At. }
      rewrite !X by (rewrite map_length, app_length; lia).
      assert (Y : forall (f : comparison A -> list Z), nth k (map f (compared m)) [] = f c).
      { intros f. rewrite (nth_indep _ [] (f {| bits := 0; Matching.wanted := None; offered := fun _ => None |})) by
          (rewrite map_length; lia). rewrite map_nth, <- Ck. reflexivity. }
      rewrite !Y. reflexivity.
    - intros i. specialize (At (S i)). rewrite <- Nat.add_succ_comm in At. exact At.
    - lia. }
  apply (G 0%nat (matched q) (compared m) widths); [reflexivity|apply Nat.le_refl].
Qed.

Lemma flag_at : forall j i, (i < length (Matching.among m ++ exclude m))%nat ->
  offering j (4 + i)%nat 0%nat = Z.b2z (nth i (Matching.among m ++ exclude m) (fun _ => false) j).
Proof.
  intros j i I. unfold offering, numbers_of. cbn [nth Nat.add]. rewrite app_nth1 by (rewrite map_length; exact I).
  rewrite (nth_indep _ [] [Z.b2z false]) by (rewrite map_length; exact I).
  pose proof (map_nth (fun g : A -> bool => [Z.b2z (g j)]) (Matching.among m ++ exclude m) (fun _ => false) i) as E.
  cbv beta in E. rewrite E. reflexivity.
Qed.

Lemma misses_flags_of : forall j, Match.misses (shape_of q) (offering j) = misses m j.
Proof.
  intros j. unfold Match.misses, misses. cbn [shape_of Match.required Match.exclude Match.sink]. rewrite !zsum_sum.
  change (offering j 1%nat 0%nat) with (Z.b2z (Matching.sink m j)). destruct flags as [La Lb].
  assert (G : forall (h : Z -> Z) fs k, (forall i, (i < length fs)%nat -> nth i fs (fun _ => false) =
      nth (k + i) (Matching.among m ++ exclude m) (fun _ => false)) -> (k + length fs <= length (Matching.among m ++ exclude
        m))%nat ->
    sum_of (fun f => h (offering j f 0%nat)) (map (fun i => (4 + i)%nat) (seq k (length fs))) = sum_of (fun g : A -> bool => h
      (Z.b2z (g j))) fs).
  { intros h fs. unfold sum_of. induction fs as [|g fs IH]; intros k At Le; [reflexivity|]. cbn [length seq map fold_right].
    cbn [length] in Le. rewrite (IH (S k)).
    - rewrite flag_at by lia. pose proof (At 0%nat ltac:(cbn; lia)) as E. rewrite Nat.add_0_r in E. rewrite <- E. reflexivity.
    - intros i I. specialize (At (S i) ltac:(cbn; lia)). rewrite <- Nat.add_succ_comm in At. exact At.
    - lia. }
  rewrite La, Lb. f_equal.
  - apply (G (fun z => 1 - z - Z.b2z (Matching.sink m j)) (Matching.among m) 0%nat).
    + intros i I. cbn [Nat.add]. rewrite app_nth1 by exact I. reflexivity.
    + rewrite app_length. lia.
  - apply (G (fun z => z) (exclude m) (length (Matching.among m))).
    + intros i I. rewrite app_nth2 by lia. f_equal. lia.
    + rewrite app_length. lia.
Qed.

Lemma width_words : Match.zsum Match.width_of (Match.words (shape_of q)) = width m.
Proof.
  rewrite zsum_sum. unfold width. cbn [shape_of Match.words].
  assert (G : forall k (ms : list (list form * list form)) (cs : list (comparison A)),
    Forall2 (fun w c => length (fst w) = bits c /\ length (snd w) = bits c) ms cs ->
    sum_of Match.width_of (map (fun '(i, word) => let a := (base + i)%nat in (a, a, length (fst word)))
      (combine (seq k (length ms)) ms)) = sum_of (fun c => Z.of_nat (bits c)) cs).
  { intros k ms cs F. revert k. unfold sum_of. induction F as [|w c ms cs [Lw _] F IH]; intros k; [reflexivity|].
    cbn [length seq combine map fold_right]. rewrite IH. unfold Match.width_of. cbn [snd]. rewrite Lw. reflexivity. }
  exact (G 0%nat (matched q) (compared m) widths).
Qed.

(* The score of the rows in these environments is that of the match. *)
Theorem score_shape : forall j,
  Lookups.dot (Match.match_q (shape_of q)) (Match.match_k (shape_of q)) asking (offering j) = score m j.
Proof.
  intros j. rewrite Match.match_score by reflexivity. rewrite agreed_words, misses_flags_of, width_words. unfold score.
  assert (R : Match.at_rank (shape_of q) (offering j) = rank m j).
  { unfold Match.at_rank. cbn [shape_of Match.rank]. destruct (by_rank q) as [f|] eqn:E; cbn [option_map Match.option_list].
    - unfold Match.zsum. cbn. apply Z.add_0_r.
    - rewrite (ranked eq_refl). reflexivity. }
  assert (N : Match.at_absent (shape_of q) asking = Z.b2z (refuses m)).
  { unfold Match.at_absent, refuses. cbn [shape_of Match.absent]. destruct (unless q) as [f|] eqn:E;
      cbn [option_map Match.option_list].
    - unfold Match.zsum. cbn. unfold refuses. destruct (refused m); apply Z.add_0_r.
    - rewrite (proj1 refusing eq_refl). reflexivity. }
  rewrite R, N. cbn [shape_of Match.capacity Match.sink]. rewrite bounds.
  change (offering j 1%nat 0%nat) with (Z.b2z (Matching.sink m j)). destruct (Matching.sink m j); cbn [Z.b2z]; ring.
Qed.
(* The rows' arguments are worth what the environments say. *)
Lemma argument_word : forall s ws i, nth (base + i) (arguments one s q ws) [] = nth i ws [].
Proof.
  intros s ws i. unfold arguments, base. cbn [nth Nat.add]. rewrite app_nth2; rewrite map_length, app_length; [f_equal|]; lia.
Qed.

Lemma argument_flag : forall s ws i, (i < length (among q ++ but q))%nat ->
  nth (4 + i) (arguments one s q ws) [] = [nth i (among q ++ but q) zero].
Proof.
  intros s ws i I. unfold arguments. cbn [nth Nat.add]. rewrite app_nth1 by (rewrite map_length; exact I).
  rewrite (nth_indep _ [] [zero]) by (rewrite map_length; exact I). exact (map_nth (fun f : form => [f]) _ zero i).
Qed.

Lemma environment_word : forall (v : comparison A -> option Z) h1 h2 h3 h4 (flags_ : list (list Z)) i c p,
  length flags_ = (length (among q) + length (but q))%nat -> nth_error (compared m) i = Some c -> (p < bits c)%nat ->
  numbers_of (h1 :: h2 :: h3 :: h4 :: flags_ ++ map (fun c => bits_of (bits c) (v c)) (compared m)) (base + i)%nat p = sign (v
    c) p.
Proof.
  intros v h1 h2 h3 h4 fl i c p L N P. unfold numbers_of, base. cbn [nth Nat.add]. rewrite app_nth2 by lia.
  replace (length (among q) + length (but q) + i - length fl)%nat with i by lia.
  assert (E : nth_error (map (fun c => bits_of (bits c) (v c)) (compared m)) i = Some (bits_of (bits c) (v c))).
  { rewrite nth_error_map, N. reflexivity. }
  rewrite (nth_error_nth _ _ [] E). unfold bits_of. rewrite (nth_indep _ 0 (sign (v c) 0)) by
    (rewrite map_length, seq_length; exact P). rewrite map_nth, seq_nth by exact P. reflexivity.
Qed.

Lemma forall2_error : forall B C (R : B -> C -> Prop) a b i x, Forall2 R a b -> nth_error a i = Some x ->
  exists y, nth_error b i = Some y /\ R x y.
Proof.
  intros B C R a b i x H. revert i. induction H as [|u v a b Q _ IH]; intros [|i] E; try discriminate.
  - injection E as ->. exists v. split; [reflexivity|exact Q].
  - exact (IH i E).
Qed.

Lemma in_words : forall a b n, In (a, b, n) (Match.words (shape_of q)) -> exists i w, nth_error (matched q) i = Some w /\
  a = (base + i)%nat /\ b = (base + i)%nat /\ n = length (fst w).
Proof.
  intros a b n H. cbn [shape_of Match.words] in H. apply in_map_iff in H as ([i w] & E & I). apply Log.in_numbered in I.
  cbv zeta in E. injection E as <- <- <-. exists i, w. repeat split. exact I.
Qed.

Lemma flags_length : length (map (fun _ : A -> bool => @nil Z) (Matching.among m ++ exclude m)) = (length (among q) + length
  (but q))%nat.
Proof. rewrite map_length, app_length. destruct flags as [-> ->]. reflexivity. Qed.

Lemma asks_agree : forall h, asked_at h -> forall f, In f (Match.match_q (shape_of q)) ->
  bare f /\ agree_on 1 (arguments one sink q (map fst (matched q))) h asking f.
Proof.
  intros h [O W U] f I. unfold Match.match_q in I. destruct I as [<-|I]; [|apply in_app_or in I as [I|I]].
  - split; [intros c e [E|[]]; injection E as <- <-; eexists; eexists; reflexivity|].
    intros c a p [E|[]]. injection E as <- <- <-. exact O.
  - apply in_flat_map in I as ([[a b] n] & J & I). apply in_words in J as (i & w & N & -> & -> & ->).
    unfold Lookups.inputs in I. apply in_map_iff in I as (p & <- & P). apply in_seq in P.
    split; [intros c e [E|[]]; injection E as <- <-; eexists; eexists; reflexivity|].
    intros c a q' [E|[]]. injection E as <- <- <-.
    change (S (S (S (S (length (among q) + length (but q) + i))))) with (base + i)%nat. rewrite argument_word.
    destruct (forall2_error _ _ _ _ _ _ _ W N) as (d & Nd & Lw & Hw). rewrite Lw in P.
    assert (X : nth i (map fst (matched q)) [] = fst w) by (apply nth_error_nth; rewrite nth_error_map, N; reflexivity).
    rewrite X. unfold asking. rewrite (environment_word (@Matching.wanted A) _ _ _ _ _ i d p flags_length Nd) by lia. apply Hw.
    lia.
  - apply in_map_iff in I as (a & <- & I). split; [intros c e [E|[]]; injection E as <- <-; eexists; eexists; reflexivity|].
    cbn [shape_of Match.absent] in I. intros c b p [E|[]]. injection E as <- <- <-. unfold refuses in *. unfold asking, refuses.
    destruct (unless q) as [g|] eqn:Eu; cbn [option_map Match.option_list] in I; [|destruct I]. destruct I as [<-|[]].
    unfold arguments. rewrite Eu. cbn [nth optional]. unfold bit. cbn [nth]. unfold numbers_of. cbn [nth].
    destruct (refused m) as [b|]; [|destruct U]. exact (worth_is _ _ _ _ U (eq_sym (Z.mul_1_l _))).
Qed.

Lemma offers_agree : forall h j, offered_at h j -> forall f, In f (Match.match_k (shape_of q)) ->
  bare f /\ agree_on (scale q) (arguments one (scaled (scale q) sink) q (map snd (matched q))) h (offering j) f.
Proof.
  intros h j [Sk W Fa Fb R] f I. destruct flags as [La Lb].
  assert (Sink : worth (bit (nth 1 (arguments one (scaled (scale q) sink) q (map snd (matched q))) []) 0) h
    (scale q * offering j 1%nat 0%nat)) by (exact (worth_scaled (scale q) sink h _ Sk)).
  assert (F : Forall2 (fun f g => worth f h (scale q * Z.b2z (g j))) (among q ++ but q) (Matching.among m ++ exclude m)) by
    (apply Forall2_app; assumption).
  assert (Flag : forall i, (i < length (among q ++ but q))%nat ->
    worth (bit (nth (4 + i) (arguments one (scaled (scale q) sink) q (map snd (matched q))) []) 0) h (scale q * offering j (4 +
      i)%nat 0%nat)).
  { intros i Hi. rewrite argument_flag by exact Hi. rewrite flag_at by (rewrite app_length in *; lia).
    pose proof (nth_error_nth' (among q ++ but q) zero Hi) as N. destruct (forall2_error _ _ _ _ _ _ _ F N) as (g & Ng & Wg).
    rewrite (nth_error_nth _ _ (fun _ => false) Ng). exact Wg. }
  unfold Match.match_k in I. destruct I as [<-|I]; [|apply in_app_or in I as [I|I]].
  - assert (T : forall c e, In (c, e) (fst (Match.level (shape_of q))) -> exists a, e = Form.Arg a 0 /\
      worth (bit (nth a (arguments one (scaled (scale q) sink) q (map snd (matched q))) []) 0) h (scale q * offering j a
        0%nat)).
    { intros c e J. unfold Match.level in J. cbn [fst shape_of Match.required Match.exclude Match.rank Match.sink] in J.
      destruct J as [E|J]; [injection E as _ <-; exists 1%nat; split; [reflexivity|exact Sink]|].
      rewrite !map_map in J. rewrite !in_app_iff, !in_map_iff in J. destruct J as [(i & E & J)|[(i & E & J)|(a & E & J)]].
      - apply in_seq in J. injection E as _ <-. exists (4 + i)%nat. split; [reflexivity|]. apply Flag. rewrite app_length. lia.
      - apply in_seq in J. injection E as _ <-. exists (4 + i)%nat. split; [reflexivity|]. apply Flag. rewrite app_length. lia.
      - injection E as _ <-. destruct (by_rank q) as [r|] eqn:Er; cbn [option_map Match.option_list] in J; [|destruct J].
        destruct J as [<-|[]]. exists 3%nat. split; [reflexivity|]. unfold arguments. rewrite Er. exact R. }
    split; [intros c e J; destruct (T c e J) as (a & -> & _); eexists; eexists; reflexivity|].
    intros c a p J. destruct (T c _ J) as (a' & E & Wa). injection E as -> ->. exact Wa.
  - apply in_flat_map in I as ([[a b] n] & J & I). apply in_words in J as (i & w & N & -> & -> & ->).
    unfold Lookups.inputs in I. apply in_map_iff in I as (p & <- & P). apply in_seq in P.
    split; [intros c e [E|[]]; injection E as <- <-; eexists; eexists; reflexivity|].
    intros c a q' [E|[]]. injection E as <- <- <-.
    change (S (S (S (S (length (among q) + length (but q) + i))))) with (base + i)%nat. rewrite argument_word.
    destruct (forall2_error _ _ _ _ _ _ _ W N) as (d & Nd & Lw & Hw).
    destruct (forall2_error _ _ _ _ _ _ _ widths N) as (d' & Nd' & Lf & _). assert (d' = d) by congruence. subst d'.
    rewrite Lf in P.
    assert (X : nth i (map snd (matched q)) [] = snd w) by (apply nth_error_nth; rewrite nth_error_map, N; reflexivity).
    rewrite X. unfold offering. rewrite (environment_word (fun c => offered c j) _ _ _ _ _ i d p); [apply Hw;
      lia| |exact Nd|lia].
    rewrite map_length, app_length. lia.
  - apply in_map_iff in I as (a & <- & I). split; [intros c e [E|[]]; injection E as <- <-; eexists; eexists; reflexivity|].
    intros c b p [E|[]]. injection E as <- <- <-. exact Sink.
Qed.

(* The nodes of a match: none of its own; and its score is that of the match, times the scale. *)
Lemma match_of_rows : forall count, (forall f, In f (Match.match_q (shape_of q)) -> bare f) ->
  (forall f, In f (Match.match_k (shape_of q)) -> bare f) -> match_of one sink q count =
  ({| asks := fst (plain_rows 1 (arguments one sink q (map fst (matched q))) (Match.match_q (shape_of q)) count);
      offers := fst (plain_rows (scale q) (arguments one (scaled (scale q) sink) q (map snd (matched q)))
        (Match.match_k (shape_of q)) count) |}, []).
Proof.
  intros count Pq Pk. unfold match_of, bind, give.
  destruct (rows_plain 1 (arguments one sink q (map fst (matched q))) _ count Pq) as [N _].
  destruct (plain_rows 1 _ (Match.match_q (shape_of q)) count) as [a l]. cbn [snd] in N. subst l. cbn [Follows.after app fst].
  destruct (rows_plain (scale q) (arguments one (scaled (scale q) sink) q (map snd (matched q))) _ count Pk) as [N _].
  destruct (plain_rows (scale q) _ (Match.match_k (shape_of q)) count) as [o l]. cbn [snd] in N. subst l. reflexivity.
Qed.

Lemma plain_input : forall c a p, bare (Lookups.input c a p).
Proof. intros c a p d e [E|[]]. injection E as _ <-. eexists. eexists. reflexivity. Qed.

Lemma plain_match : (forall f, In f (Match.match_q (shape_of q)) -> bare f) /\
  (forall f, In f (Match.match_k (shape_of q)) -> bare f).
Proof.
  split; intros f I; unfold Match.match_q, Match.match_k in I; (destruct I as [<-|I]; [|apply in_app_or in I as [I|I]]).
  - apply plain_input.
  - apply in_flat_map in I as ([[a b] n] & _ & I). apply in_map_iff in I as (p & <- & _). apply plain_input.
  - apply in_map_iff in I as (a & <- & _). apply plain_input.
  - intros c e J. unfold Match.level in J. cbn [fst] in J. destruct J as [E|J]; [injection E as _ <-; eexists; eexists;
      reflexivity|].
    rewrite !in_app_iff, !in_map_iff in J. destruct J as [(a & E & _)|[(a & E & _)|(a & E & _)]]; injection E as _ <-;
      eexists; eexists; reflexivity.
  - apply in_flat_map in I as ([[a b] n] & _ & I). apply in_map_iff in I as (p & <- & _). apply plain_input.
  - apply in_map_iff in I as (a & <- & _). apply plain_input.
Qed.

Theorem match_of_score : forall count, snd (match_of one sink q count) = [] /\
  forall here there j, asked_at here -> offered_at there j -> let a := fst (match_of one sink q count) in
  (score_of (map plain (asks a)) (map plain (offers a)) here there == inject_Z (scale q * score m j))%Q.
Proof.
  intros count. destruct plain_match as [Pq Pk]. rewrite (match_of_rows count Pq Pk). split; [reflexivity|].
  intros here there j Q O. cbn [fst asks offers]. rewrite <- (score_shape j). apply score_worth.
  - apply rows_plain; [exact Pq|]. intros f I. apply (asks_agree here Q f I).
  - apply rows_plain; [exact Pk|]. intros f I. apply (offers_agree there j O f I).
Qed.

(* What is read by the nodes of a match: what the selected positions have. [f]: the scalars of every position. *)
Theorem read_selected : forall count l (f : A -> vector) here value r (P : A -> Prop), 0 < scale q ->
  asked_at here -> (forall j, In j l -> offered_at (f j) j) -> selects m l P ->
  (forall j, In j l -> P j -> (form_at value (f j) == r)%Q) -> let a := fst (match_of one sink q count) in
  (node_at (plain_node (Mean (asks a) (offers a) value)) (map f l) here == r)%Q.
Proof.
  intros count l f here value r P K Q O Sel W a. cbn [plain_node].
  apply (scored_selects m l f here _ _ (plain value) (scale q) r P K).
  - intros j J. apply (proj2 (match_of_score count) here (f j) j Q (O j J)).
  - exact Sel.
  - exact W.
Qed.
End Match.
