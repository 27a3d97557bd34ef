(* A plan without reuse of coordinates follows its definition: [follows] answers yes, whatever is defined, if its scalars read
   earlier ones and entry [one] of the codes is known to be 1. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Lia FMapPositive.
From Efasp Require Import Statement Scalars ScalarsModel Terms TermsSound TermsNormal Interning Worlds InterningSound Follows
  InterningStable InterningTidy InterningAgain PlanSound FollowsSound DefinitionRead Direct DirectPlaced DirectRead.
Import ListNotations.
Open Scope nat_scope.

(* Codes. *)
Lemma code_form : forall known n k i, i < n -> nth i (code_forms known (numbering k) n) nothing =
  match Map.find (numbering (k + i)) known with Some One => constant_form 1 | _ => atom 1 (numbering (k + i)) end.
Proof.
  intros known. induction n as [|n IH]; intros k i L; [lia|]. cbn [code_forms]. destruct i as [|i]; cbn [nth].
  - rewrite Nat.add_0_r. reflexivity.
  - change (Pos.succ (numbering k)) with (numbering (S k)). rewrite IH by lia. replace (S k + i) with (k + S i) by lia.
    reflexivity.
Qed.

Lemma codes_good : forall known t n i, (numbering n <= next_scalar t)%positive ->
  i < n -> good t (nth i (code_forms known 1 n) nothing).
Proof.
  intros known t n i N L. change 1%positive with (numbering 0). rewrite code_form by exact L. cbn [Nat.add].
  assert (A : good t (atom 1 (numbering i))).
  { split; [apply atom_normal; reflexivity|]. cbn [atom parts below forallb]. rewrite andb_true_r. apply Pos.ltb_lt.
    unfold numbering in *. lia. }
  assert (B : good t (constant_form 1)) by (split; [apply constant_normal; reflexivity|reflexivity]).
  destruct (Map.find (numbering i) known) as [[| |]|]; assumption.
Qed.

Lemma nothing_good : forall t, good t nothing.
Proof. intros t. split; [exact nothing_normal|reflexivity]. Qed.

(* The embedding. *)
Lemma single_read : forall fs i, (forall f, In f fs -> normal_form f) ->
  read_row (listed 1 fs (Map.empty _)) (single 1 i) = nth i fs nothing.
Proof.
  intros fs i N. set (h := listed 1 fs (Map.empty _)). assert (Nh : forall n, normal_form (at_ h (numbering n))).
  { intros n. unfold h. rewrite listed_nth. destruct (nth_in_or_default n fs nothing) as [I| ->]; [exact (N _ I)|
      exact nothing_normal]. }
  apply form_same; [apply row_normal; exact Nh|pose proof (Nh i) as X; unfold h in X; rewrite listed_nth in X; exact X|].
  intros e. rewrite row_value, weigh_single. unfold h. rewrite listed_nth. ring.
Qed.

Lemma singles_read : forall fs n, (forall f, In f fs -> normal_form f) -> length fs = n ->
  mapped (listed 1 fs (Map.empty _)) (map (single 1) (seq 0 n)) = fs.
Proof.
  intros fs n N L. unfold mapped. rewrite map_map. rewrite (map_ext _ (fun i => nth i fs nothing)) by
    (intros i; apply single_read; exact N). subst n. clear N.
  apply (nth_ext _ _ nothing nothing); [rewrite map_length, seq_length; reflexivity|]. intros i L.
  rewrite map_length, seq_length in L.
  rewrite (nth_indep _ nothing (nth 0 fs nothing)) by (rewrite map_length, seq_length; exact L).
  rewrite (map_nth (fun i => nth i fs nothing)), seq_nth by exact L. reflexivity.
Qed.

Lemma embedding_read : forall fs tokens places i, (forall f, In f fs -> normal_form f) -> length fs = tokens + places ->
  at_ (added 1 (mapped (listed 1 (skipn tokens fs) (Map.empty _)) (repeat [] tokens ++ map (single 1) (seq 0 places)))
    (listed 1 (mapped (listed 1 (firstn tokens fs) (Map.empty _)) (map (single 1) (seq 0 tokens))) (Map.empty _)))
    (numbering i) = nth i fs nothing.
Proof.
  intros fs tokens places i N L.
  assert (Nf : forall f, In f (firstn tokens fs) -> normal_form f) by (intros f I; apply N; rewrite <- (firstn_skipn tokens fs);
    apply in_or_app; left; exact I).
  assert (Ns : forall f, In f (skipn tokens fs) -> normal_form f) by (intros f I; apply N; rewrite <- (firstn_skipn tokens fs);
    apply in_or_app; right; exact I).
  rewrite (singles_read (firstn tokens fs)) by (first [exact Nf|rewrite firstn_length; lia]).
  assert (E : mapped (listed 1 (skipn tokens fs) (Map.empty _)) (repeat [] tokens ++ map (single 1) (seq 0 places)) =
    repeat nothing tokens ++ skipn tokens fs).
  { unfold mapped at 1. rewrite map_app. f_equal; [|apply singles_read; [exact Ns|rewrite skipn_length; lia]]. clear.
    generalize (listed 1 (skipn tokens fs) (Map.empty form)). intros h. induction tokens as [|n IH]; [reflexivity|].
    cbn [repeat map]. rewrite IH. reflexivity. }
  rewrite E. change 1%positive with (numbering 0) at 1. rewrite added_at, listed_nth, Nat.sub_0_r. cbn [Nat.ltb Nat.leb].
  rewrite <- (firstn_skipn tokens fs) at 3. destruct (Nat.lt_ge_cases i tokens) as [B|B].
  - rewrite (app_nth1 (repeat nothing tokens)) by (rewrite repeat_length; exact B). rewrite nth_repeat, plus_nothing_form.
    rewrite app_nth1 by (rewrite firstn_length; lia). reflexivity.
  - assert (Lf : length (firstn tokens fs) = tokens) by (rewrite firstn_length; lia).
    rewrite (nth_overflow (firstn tokens fs)) by lia. rewrite app_nth2, repeat_length by (rewrite repeat_length; exact B).
    rewrite app_nth2, Lf by lia. apply plus_form_nothing.
    destruct (nth_in_or_default (i - tokens) (skipn tokens fs) nothing) as [I| ->]; [exact (Ns _ I)|exact nothing_normal].
Qed.

(* Nothing of the nodes is done at first. *)
Lemma placed_later : forall ns known s, In s (placed known ns) -> 0 < half s.
Proof.
  induction ns as [|n ns IH]; intros known s S; [destruct S|]. destruct S as [<-|S]; [|exact (IH _ s S)]. cbn [half].
  pose proof (half_later n (list_max (map (fun i => nth i known 0) (read_by n)))). lia.
Qed.

Lemma done_first : forall first ns i, done_by first ns 0 i = (i <? first) || (first + length ns <=? i).
Proof.
  intros first ns i. unfold done_by. destruct (placed_facts ns (repeat 0 first)) as [C _]. cbv zeta in C.
  assert (Ls : length (placed (repeat 0 first) ns) = length ns) by
    (rewrite <- (map_length coordinate), C, seq_length; reflexivity).
  destruct (Nat.ltb_spec i first) as [L|L].
  - rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact L). reflexivity.
  - rewrite app_nth2, repeat_length by (rewrite repeat_length; exact L). cbn [orb].
    destruct (Nat.leb_spec (first + length ns) i) as [B|B].
    + rewrite nth_overflow by (rewrite map_length; lia). reflexivity.
    + apply Nat.leb_gt. assert (I : In (nth (i - first) (map half (placed (repeat 0 first) ns)) 0)
        (map half (placed (repeat 0 first) ns))) by (apply nth_In; rewrite map_length; lia).
      apply in_map_iff in I as (s & <- & S). exact (placed_later _ _ _ S).
Qed.

Lemma same_forms_refl : forall fs, same_forms fs fs = true.
Proof. induction fs as [|f fs IH]; [reflexivity|]. cbn [same_forms]. rewrite same_form_refl, IH. reflexivity. Qed.

Lemma tidy_ordered : forall known first t, tidy known first t -> Interning.ordered first t = true.
Proof.
  intros known first t T. unfold Interning.ordered. apply forallb_forall. intros (i, e) I. apply Map.elements_complete in I.
  apply andb_true_iff. split; [apply Pos.leb_le; exact (tidy_number _ _ t T i e I)|].
  destruct e as [n up c|s of]; cbn [in_order].
  - destruct (tidy_unit _ _ t T i n up c I) as (_ & l & D & B). rewrite D. exact B.
  - destruct (tidy_mean _ _ t T i s of I) as (L & _ & b & S & B). rewrite S, B, andb_true_r. apply Pos.ltb_lt. exact L.
Qed.

Theorem direct_follows : forall known d one tokens places, one < tokens + places ->
  Map.find (numbering one) known = Some One -> about_codes (numbering (tokens + places)) known = true ->
  items_earlier (numbering (tokens + places)) (items d) = true -> ScalarsModel.ordered (tokens + places) (nodes (expanded d)) ->
  follows known d tokens places (Direct.direct one tokens places (expanded d)) = true.
Proof.
  intros known d one tokens places O K A B Ord. set (first := tokens + places) in *. unfold follows. cbv zeta.
  set (codes := code_forms known 1 (tokens + places)).
  assert (Lc : length codes = first) by apply code_forms_length.
  assert (N : after 1 codes = numbering first).
  { change 1%positive with (numbering 0). rewrite after_numbering, Lc. reflexivity. }
  rewrite N. set (s0 := listed 1 codes (Map.empty _)).
  assert (Good0 : forall t i, (numbering first <= next_scalar t)%positive -> good t (nth i codes nothing)).
  { intros t i L. destruct (Nat.lt_ge_cases i first) as [C|C]; [apply codes_good; assumption|].
    rewrite nth_overflow by lia. apply nothing_good. }
  assert (At0 : forall i, at_ s0 (numbering i) = nth i codes nothing) by (intros i; apply listed_nth).
  destruct (read_items known (empty_table (numbering first)) s0 (numbering first) (items d)) as [v s] eqn:R.
  assert (F0 : filled (empty_table (numbering first)) s0 first) by (intros i _; rewrite At0; apply Good0, Pos.le_refl).
  destruct (items_again known (numbering first) (items d) first _ s0 v s (empty_tidy known (numbering first)) F0 B R) as
    (Tv & Lv & Gv & Below & Above & Ans). set (ns := flat_map expand_item (items d)) in *.
  change (nodes (expanded d)) with ns in Ord. specialize (Ans v Tv (later_refl v)).
  assert (Normal : forall i, normal_form (at_ s (numbering i))).
  { intros i. destruct (Nat.lt_ge_cases i (first + length ns)) as [C|C]; [exact (proj1 (Gv i C))|].
    rewrite (Above i C), At0. exact (proj1 (Good0 v i (tidy_first _ _ v Tv))). }
  assert (One : at_ s (numbering one) = constant_form 1).
  { rewrite (Below one O), At0. unfold codes. change 1%positive with (numbering 0). rewrite code_form by exact O. cbn [Nat.add].
    rewrite K. reflexivity. }
  unfold Direct.direct. cbn [token_matrix place_matrix layers out_matrix out_bias expanded nodes results]. fold ns.
  change (tokens + places) with first. set (slots := placed (repeat 0 first) ns). set (h0 := added 1 _ _).
  assert (Start : streams s (done_by first ns 0) h0).
  { intros i. unfold h0. rewrite embedding_read; [|intros f I; apply (In_nth _ _ nothing) in I as (j & _ & <-);
      exact (proj1 (Good0 v j (tidy_first _ _ v Tv)))|exact Lc]. rewrite done_first.
    destruct (Nat.ltb_spec i first) as [L|L]; [cbn [orb]; rewrite (Below i L), At0; reflexivity|]. cbn [orb].
    rewrite nth_overflow by lia. destruct (Nat.leb_spec (first + length ns) i) as [C|C]; [|reflexivity].
    rewrite (Above i C), At0, nth_overflow by lia. reflexivity. }
  destruct (layers_read known v s one first ns Normal One Ans Ord O (depth_of slots) h0 Start) as (h & Rl & Done).
  fold slots in Rl, Done. rewrite Rl.
  assert (Here : forall i, at_ h (numbering i) = at_ s (numbering i)).
  { intros i. rewrite (Done i). pose proof (all_done first ns i) as D. fold slots in D.
    rewrite D. reflexivity. }
  rewrite (tidy_ordered _ _ v Tv), A, B, !andb_true_r.
  assert (Out : padded (mapped h (map (fun f => row (terms f)) (map expand_sum (shown d))))
    (map (fun f => inject_Z (constant f)) (map expand_sum (shown d))) = map (read_sum s) (shown d)).
  { induction (shown d) as [|f fs IH]; [reflexivity|]. cbn [map mapped padded]. unfold mapped in IH. rewrite IH. f_equal.
    rewrite sum_form. assert (S : streams s (fun _ => true) h) by exact Here.
    rewrite (row_read s Normal (fun _ => true) h _ S (fun _ _ => eq_refl)).
    assert (Q : Qred (inject_Z (constant (expand_sum f))) = inject_Z (constant (expand_sum f))) by apply reduced_whole.
    rewrite Q. symmetry. destruct (expand_sum f) as [c l]. apply form_of_constant. }
  rewrite Out. apply same_forms_refl.
Qed.
