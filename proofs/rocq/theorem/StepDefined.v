(* What the step's definition defines: the scalars of a sequence are a model of the builder's nodes, so that what is sound of
   the builder holds of the outputs. That nodes read earlier scalars only is checked where a plan is accepted (Follows.v). *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel StepBuilder StepDefinition StepModel StepAnswers.
From Efasp Require Follows.
Import ListNotations.
Open Scope nat_scope.

Lemma below_reads : forall n m f, Follows.numbered_below (Pos.of_succ_nat n) (Follows.summands f) = true -> n <= m ->
  reads_below m (Follows.expand_sum f).
Proof.
  intros n m f B L c i I. unfold Follows.numbered_below in B. rewrite forallb_forall in B.
  cbn [Follows.expand_sum terms] in I. unfold Follows.unary in I. apply in_map_iff in I as ([d j] & E & I).
  injection E as <- <-.
  specialize (B (d, j) I). cbn in B. apply Pos.ltb_lt, Pos2Nat.inj_lt in B. rewrite SuccNat2Pos.id_succ in B. lia.
Qed.

Lemma ordered_app : forall n a b, ordered n a -> ordered (n + length a) b -> ordered n (a ++ b).
Proof.
  intros n a b A B i x E. destruct (Nat.lt_ge_cases i (length a)) as [L|L].
  - rewrite nth_error_app1 in E by exact L. exact (A i x E).
  - rewrite nth_error_app2 in E by exact L. specialize (B (i - length a) x E). replace (n + i) with (n + length a + (i - length
      a)) by lia.
    exact B.
Qed.

Lemma after_count : forall A (l : list A) n, Follows.after (Pos.of_succ_nat n) l = Pos.of_succ_nat (n + length l).
Proof.
  intros A l. induction l as [|a l IH]; intros n; cbn [Follows.after length]; [rewrite Nat.add_0_r; reflexivity|].
  change (Pos.succ (Pos.of_succ_nat n)) with (Pos.of_succ_nat (S n)). rewrite IH. f_equal. lia.
Qed.

Lemma item_ordered : forall n i, Follows.earlier (Pos.of_succ_nat n) i = true -> ordered n (Follows.expand_item i) /\
  Follows.scalars_of (Pos.of_succ_nat n) i = Pos.of_succ_nat (n + length (Follows.expand_item i)).
Proof.
  intros n [divisor l cs|q k vs] E; cbn [Follows.earlier Follows.expand_item Follows.scalars_of] in *;
    rewrite after_count, map_length; (split; [|reflexivity]); intros i x N;
    apply nth_error_In, in_map_iff in N as (c & <- & I); cbn [node_below].
  - exact (below_reads n (n + i) {| Follows.offset := c; Follows.summands := l |} E (Nat.le_add_r _ _)).
  - rewrite forallb_forall in E. split.
    + intros f F. rewrite <- map_app in F. apply in_map_iff in F as (g & <- & G). apply (below_reads n); [|lia]. apply E.
      rewrite app_assoc. apply in_or_app. left. exact G.
    + apply (below_reads n); [|lia]. apply E. rewrite app_assoc. apply in_or_app. right. exact I.
Qed.

Lemma items_ordered : forall l n, Follows.items_earlier (Pos.of_succ_nat n) l = true -> ordered n (flat_map Follows.expand_item
  l).
Proof.
  induction l as [|i l IH]; intros n E; [intros [|k] x N; discriminate|]. cbn [Follows.items_earlier flat_map] in *.
  apply andb_prop in E as [A B]. destruct (item_ordered n i A) as [O Q]. rewrite Q in B.
  apply ordered_app; [exact O|exact (IH _ B)].
Qed.

Theorem step_defined : forall w log ext program A (l : list A) (code : A -> vector), let first := code_width w log ext in
  (forall j, In j l -> length (code j) = first) ->
  ordered first (nodes (definition_for w log ext program)) ->
  exists ns (f : A -> vector), (forall j, In j l -> exists rest, f j = code j ++ rest) /\
    modelled first ns (map f l) /\
    forall P, StepModel.sound first ns (if log then masked_step w log ext program else cell_step w log ext program) P ->
      exists fs, P fs /\ defined (definition_for w log ext program) (map code l) = map (fun j => put_out fs (f j)) l.
Proof.
  intros w log ext program A l code first L O. unfold definition_for, writing_for in *. fold first in O |- *.
  set (m := if log then masked_step w log ext program else cell_step w log ext program) in *.
  destruct (m (Pos.of_succ_nat first)) as [results ns] eqn:M. exists ns.
  rewrite writing_plain in *. cbn [nodes] in O. destruct (scalars_model l first (map plain_node ns) code L O) as (f & S & B &
    N).
  exists f. split; [intros j J; exact (proj2 (B j J))|]. split.
  - intros i n I h H. apply in_map_iff in H as (j & <- & J).
    rewrite (N i (plain_node n)); [reflexivity| |exact J]. rewrite nth_error_map, I. reflexivity.
  - intros P H. exists results. split.
    + specialize (H [] []). unfold next_after in H. cbn [length app] in H. rewrite Nat.add_0_r, M in H. cbn [fst snd] in H.
      apply H. rewrite app_nil_r. reflexivity.
    + unfold defined, scalars. cbn [nodes Scalars.results]. rewrite S, map_map. apply map_ext. intros j. unfold put_out.
      rewrite map_map. reflexivity.
Qed.
