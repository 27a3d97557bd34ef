(* How a definition is read into a table: what its nodes are answered then, they are answered again by every later table. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Lia FMapPositive.
From Efasp Require Import Statement Scalars ScalarsModel Terms TermsSound TermsNormal Interning Worlds InterningSound Follows
  InterningStable InterningTidy InterningAgain PlanSound FollowsSound.
Import ListNotations.
Open Scope nat_scope.

(* A form of scalars that are themselves forms. *)
Definition form_of (s : stream) (f : affine) : form :=
  combination (inject_Z (constant f)) (map (fun '(c, i) => (inject_Z c, at_ s (numbering i))) (terms f)).

Lemma sum_form : forall s f, read_sum s f = form_of s (expand_sum f).
Proof.
  intros s f. unfold read_sum, read_terms, form_of, expand_sum, unary. cbn [constant terms]. f_equal. rewrite map_map.
  apply map_ext. intros (c, i). rewrite numbering_inverse. reflexivity.
Qed.

Lemma form_of_agrees : forall s s' n f, reads_below n f -> (forall j, j < n -> at_ s' (numbering j) = at_ s (numbering j)) ->
  form_of s' f = form_of s f.
Proof.
  intros s s' n f B A. unfold form_of. f_equal. apply map_ext_in. intros (c, i) I. rewrite (A i (B c i I)). reflexivity.
Qed.

Lemma form_of_normal : forall s f, (forall i, normal_form (at_ s (numbering i))) -> normal_form (form_of s f).
Proof.
  intros s f N. apply combination_normal; [apply reduced_whole|]. intros d g I. apply in_map_iff in I as ((c, i) & E & _).
  injection E as _ <-. apply N.
Qed.

Lemma form_of_good : forall t s n f, (forall i, i < n -> good t (at_ s (numbering i))) -> reads_below n f ->
  good t (form_of s f).
Proof.
  intros t s n f G B. split.
  - apply combination_normal; [apply reduced_whole|]. intros d g I. apply in_map_iff in I as ((c, i) & E & I).
    injection E as _ <-. apply (G i (B c i I)).
  - apply combination_below. intros d g I. apply in_map_iff in I as ((c, i) & E & I). injection E as _ <-.
    apply (G i (B c i I)).
Qed.

(* The constant apart. *)
Lemma form_of_constant : forall s c l, form_of s {| constant := c; terms := l |} =
  {| free := qadd (free (form_of s {| constant := 0; terms := l |})) (inject_Z c);
     parts := parts (form_of s {| constant := 0; terms := l |}) |}.
Proof.
  intros s c l. set (items := map (fun '(d, i) => (inject_Z d, at_ s (numbering i))) l).
  change (form_of s {| constant := c; terms := l |}) with (combination (inject_Z c) items).
  change (form_of s {| constant := 0; terms := l |}) with (combination (inject_Z 0) items).
  assert (R : forall x, reduced x -> reduced (free (combination x items))).
  { intros x. unfold combination. cbn [free]. generalize items. clear. intros l. revert x.
    induction l as [|(d, f) l IH]; intros x R; [exact R|]. cbn [fold_left]. apply IH.
    destruct (qzero (free f)); [exact R|apply qadd_reduced]. }
  assert (E : (free (combination (inject_Z c) items) == qadd (free (combination (inject_Z 0) items)) (inject_Z c))%Q).
  { pose proof (combination_value (fun _ => 0%Q) (inject_Z c) items) as A.
    pose proof (combination_value (fun _ => 0%Q) (inject_Z 0) items) as B. unfold form_value in A at 1, B at 1.
    change (parts (combination (inject_Z c) items)) with (parts (combination (inject_Z 0) items)) in A.
    rewrite qadd_sum. change (inject_Z 0) with 0%Q in *. revert A B.
    generalize (value (fun _ => 0%Q) (parts (combination 0 items))). intros x. lra. }
  rewrite <- (reduced_equal _ _ (R _ (reduced_whole c)) (qadd_reduced _ _) E). reflexivity.
Qed.

Section Reading.
Variables (known : facts) (first : positive).
Let tidy := tidy known first.

(* What a node is answered. *)
Definition answers (v : table) (s : stream) (n : node) (g : form) : Prop :=
  match n with
  | Rectified divisor f => exists u,
      normal_form u /\ answers_unit known v (parts (form_of s f)) (free (form_of s f)) u /\ g = scale_form (1 # divisor) u
  | Averaged queries keys value => exists k,
      score v (combine (map (form_of s) queries) (map (form_of s) keys)) = (v, k) /\ mean_of v k (form_of s value) = (v, g)
  end.

Definition filled (t : table) (s : stream) (n : nat) : Prop := forall i, i < n -> good t (at_ s (numbering i)).
Definition agree_below (n : nat) (s s' : stream) : Prop := forall j, j < n -> at_ s' (numbering j) = at_ s (numbering j).

Lemma numbered_reads : forall n l c, numbered_below (numbering n) l = true ->
  reads_below n {| constant := c; terms := unary l |}.
Proof.
  intros n l c H d i I. unfold numbered_below in H. rewrite forallb_forall in H. cbn [terms] in I. unfold unary in I.
  apply in_map_iff in I as ((x, j) & E & I). injection E as _ <-. specialize (H _ I). cbn in H. apply Pos.ltb_lt in H.
  apply numbering_below. exact H.
Qed.

Lemma forallb_at : forall A (p : A -> bool) l a, forallb p l = true -> In a l -> p a = true.
Proof. intros A p l a H. rewrite forallb_forall in H. apply H. Qed.

Lemma item_again : forall t s i u fs k, tidy t -> filled t s k -> earlier (numbering k) i = true ->
  read_item known t s i = (u, fs) -> tidy u /\ later t u /\
  Forall2 (fun n g => good u g /\ forall v s', tidy v -> later u v -> agree_below k s s' -> answers v s' n g)
    (expand_item i) fs.
Proof.
  intros t s i u fs k T G B H. destruct i as [divisor l offsets|queries keys values]; cbn [read_item earlier expand_item] in *.
  - cbv zeta in H. change (read_terms s 0 l) with (read_sum s {| offset := 0; summands := l |}) in H. rewrite sum_form in H.
    change (expand_sum {| offset := 0; summands := l |}) with {| constant := 0; terms := unary l |} in H.
    set (f := form_of s {| constant := 0; terms := unary l |}) in *.
    pose proof (form_of_good t s k _ G (numbered_reads k l 0 B)) as [Nf Bf]. fold f in Nf, Bf.
    assert (R : Forall reduced (map (fun c => qadd (free f) (inject_Z c)) offsets)).
    { apply Forall_forall. intros x I. apply in_map_iff in I as (c & <- & _). apply qadd_reduced. }
    destruct (Interning.rectified known t (parts f) _) as [t1 us] eqn:Q. injection H as <- <-.
    destruct (rectified_again known first t (parts f) _ t1 us T (proj2 Nf) Bf R Q) as (Tu & L & W).
    split; [exact Tu|]. split; [exact L|]. clear Q R. revert us W.
    induction offsets as [|c offsets IH]; intros us W; cbn [map] in *; inversion W as [|x g xs gs [Gg A] W']; subst;
      [constructor|]. cbn [map]. constructor; [|apply IH; exact W'].
    split; [exact (scale_good _ _ _ Gg)|]. intros v s' V Lv S. cbn [answers]. exists g. rewrite form_of_constant.
    rewrite (form_of_agrees s s' k _ (numbered_reads k l 0 B) S). split; [exact (proj1 Gg)|]. split; [exact (A v V Lv)|].
    reflexivity.
  - destruct (score t _) as [t1 n] eqn:Sc. unfold numbered_below in B.
    assert (Bs : forall f, In f (queries ++ keys ++ values) -> reads_below k (expand_sum f)).
    { intros f I. apply numbered_reads. exact (forallb_at _ _ _ _ B I). }
    rewrite (map_ext _ _ (sum_form s)), (map_ext (read_sum s) _ (sum_form s)) in Sc.
    rewrite (map_ext _ _ (sum_form s)) in H.
    assert (Bp : forall q f, In (q, f) (combine (map (fun f => form_of s (expand_sum f)) queries)
      (map (fun f => form_of s (expand_sum f)) keys)) ->
      below (next_scalar t) (parts q) = true /\ below (next_scalar t) (parts f) = true).
    { intros q f I. pose proof (in_combine_l _ _ _ _ I) as Iq. pose proof (in_combine_r _ _ _ _ I) as If.
      apply in_map_iff in Iq as (q' & <- & Iq). apply in_map_iff in If as (f' & <- & If).
      split; apply (form_of_good t s k _ G); apply Bs; rewrite !in_app_iff; tauto. }
    destruct (score_again known first t _ t1 n T Bp Sc) as (T1 & L1 & (b & S1) & A1).
    assert (Gv : Forall (good t1) (map (fun f => form_of s (expand_sum f)) values)).
    { apply Forall_forall. intros f I. apply in_map_iff in I as (f' & <- & I). apply (good_later _ _ _ L1).
      apply (form_of_good t s k _ G). apply Bs. rewrite !in_app_iff. tauto. }
    destruct (means_again known first n b _ t1 u fs T1 S1 Gv H) as (Tu & Lu & W).
    split; [exact Tu|]. split; [exact (later_trans _ _ _ L1 Lu)|].
    assert (Bv : forall f, In f values -> reads_below k (expand_sum f)) by (intros f I; apply Bs; rewrite !in_app_iff; tauto).
    clear H B Gv. revert fs W. induction values as [|x values IH]; intros fs W; cbn [map] in *;
      inversion W as [|f g xs gs [Gg A] W']; subst; [constructor|]. constructor.
    + split; [exact Gg|]. intros v s' V Lv S. cbn [answers]. exists n. rewrite !map_map.
      rewrite (map_ext_in (fun f => form_of s' (expand_sum f)) (fun f => form_of s (expand_sum f)) queries),
        (map_ext_in (fun f => form_of s' (expand_sum f)) (fun f => form_of s (expand_sum f)) keys).
      * split; [exact (A1 v V (later_trans _ _ _ Lu Lv))|].
        rewrite (form_of_agrees s s' k _ (Bv x (or_introl eq_refl)) S). exact (A v V Lv).
      * intros f I. apply (form_of_agrees s s' k); [apply Bs; rewrite !in_app_iff; tauto|exact S].
      * intros f I. apply (form_of_agrees s s' k); [apply Bs; rewrite !in_app_iff; tauto|exact S].
    + apply IH; [|intros f I; apply Bv; right; exact I|exact W']. intros f I. apply Bs. rewrite !in_app_iff in *. cbn [In].
      tauto.
Qed.

Lemma forall2_nth : forall A B (P : A -> B -> Prop) a b n x d, Forall2 P a b -> nth_error a n = Some x -> P x (nth n b d).
Proof.
  intros A B P a b n x d F. revert n. induction F as [|y z a b H F IH]; intros [|n] E; cbn in *; try discriminate.
  - injection E as <-. exact H.
  - exact (IH n E).
Qed.

Lemma items_again : forall l k t s u s', tidy t -> filled t s k -> items_earlier (numbering k) l = true ->
  read_items known t s (numbering k) l = (u, s') -> let ns := flat_map expand_item l in
  tidy u /\ later t u /\ filled u s' (k + length ns) /\ agree_below k s s' /\
  (forall j, k + length ns <= j -> at_ s' (numbering j) = at_ s (numbering j)) /\
  forall v, tidy v -> later u v -> forall m n, nth_error ns m = Some n -> answers v s' n (at_ s' (numbering (k + m))).
Proof.
  induction l as [|i l IH]; intros k t s u s' T G B H ns; cbn [read_items items_earlier] in *.
  - injection H as <- <-. unfold ns. cbn [flat_map length]. split; [exact T|]. split; [apply later_refl|].
    split; [rewrite Nat.add_0_r; exact G|]. split; [intros j _; reflexivity|]. split; [reflexivity|].
    intros v _ _ [|m] n E; discriminate.
  - apply andb_true_iff in B as [Bi B]. destruct (read_item known t s i) as [t1 fs] eqn:X.
    destruct (item_again t s i t1 fs k T G Bi X) as (T1 & L1 & W).
    pose proof (item_length known t s i t1 fs k X) as Q. rewrite <- Q, after_numbering in B. rewrite after_numbering in H.
    assert (Len : length (expand_item i) = length fs) by (clear - W; induction W; cbn; congruence).
    set (s1 := listed (numbering k) fs s) in *.
    assert (Below : agree_below k s s1).
    { intros j J. unfold s1. rewrite listed_at. destruct (Nat.ltb_spec j k); [reflexivity|lia]. }
    assert (Mid : forall m, m < length fs -> at_ s1 (numbering (k + m)) = nth m fs nothing).
    { intros m M. unfold s1. rewrite listed_at. destruct (Nat.ltb_spec (k + m) k); [lia|].
      replace (k + m - k) with m by lia. apply nth_indep. exact M. }
    assert (Above : forall j, k + length fs <= j -> at_ s1 (numbering j) = at_ s (numbering j)).
    { intros j J. unfold s1. rewrite listed_at. destruct (Nat.ltb_spec j k); [reflexivity|]. apply nth_overflow. lia. }
    assert (G1 : filled t1 s1 (k + length fs)).
    { intros j J. destruct (Nat.lt_ge_cases j k) as [C|C]; [rewrite (Below j C); apply (good_later _ _ _ L1), G, C|].
      replace j with (k + (j - k)) by lia. rewrite Mid by lia.
      destruct (nth_error (expand_item i) (j - k)) as [n|] eqn:E; [|apply nth_error_None in E; lia].
      exact (proj1 (forall2_nth _ _ _ _ _ _ _ nothing W E)). }
    destruct (IH _ t1 s1 u s' T1 G1 B H) as (Tu & Lu & Gu & Ag & Ab & An).
    assert (Length : length ns = length fs + length (flat_map expand_item l)) by
      (unfold ns; cbn [flat_map]; rewrite app_length, Len; reflexivity).
    split; [exact Tu|]. split; [exact (later_trans _ _ _ L1 Lu)|]. split; [rewrite Length, Nat.add_assoc; exact Gu|].
    assert (All : agree_below k s s') by (intros j J; rewrite (Ag j) by lia; apply Below, J).
    split; [exact All|]. split.
    { intros j J. rewrite Length in J. rewrite (Ab j) by lia. apply Above. lia. }
    intros v V Lv m n E. unfold ns in E. cbn [flat_map] in E. destruct (Nat.lt_ge_cases m (length fs)) as [C|C].
    + rewrite nth_error_app1 in E by lia. rewrite (Ag (k + m)) by lia. rewrite Mid by exact C.
      exact (proj2 (forall2_nth _ _ _ _ _ _ _ nothing W E) v s' V (later_trans _ _ _ Lu Lv) All).
    + rewrite nth_error_app2, Len in E by lia. pose proof (An v V Lv _ _ E) as Y.
      replace (k + length fs + (m - length fs)) with (k + m) in Y by lia. exact Y.
Qed.
End Reading.
