(* Every table that was filled in order has a world over every sequence of codes: the meanings are computed again and again, and
   after n times those of the scalars up to n stay as they are. *)
From Coq Require Import List Bool ZArith QArith Qreduction FMapPositive Lia.
From Efasp Require Import Statement Scalars Terms TermsSound Interning Worlds.
Import ListNotations.
Open Scope Q_scope.

Definition code_entry (code : vector) (i : positive) : Q := nth (pred (Pos.to_nat i)) code 0.
Definition refreshed (t : table) (codes : list vector) (world : list env) : list env :=
  map (fun '(code, here) => fun i =>
    match Map.find i (entries t) with Some e => meaning t world here e | None => code_entry code i end) (combine codes world).
Fixpoint world_after (t : table) (codes : list vector) (n : nat) : list env :=
  match n with O => map code_entry codes | S n => refreshed t codes (world_after t codes n) end.

(* Two worlds, or environments, that give the scalars up to n the same values. *)
Definition agree (n : nat) (e e' : env) : Prop := forall i, (Pos.to_nat i <= n)%nat -> e i = e' i.

Lemma below_agrees : forall n k l e e', (Pos.to_nat k <= S n)%nat -> below k l = true -> agree n e e' -> value e l = value e' l.
Proof.
  intros n k l e e' K B A. apply value_agrees. intros i c I. unfold below in B. rewrite forallb_forall in B.
  specialize (B _ I). cbn in B. apply Pos.ltb_lt in B. apply A. lia.
Qed.

Lemma bilinear_agrees : forall n k b e e' f f', (Pos.to_nat k <= S n)%nat -> below_score k b = true -> agree n e e' ->
  agree n f f' -> bilinear_value e f b = bilinear_value e' f' b.
Proof.
  intros n k b e e' f f' K B A A'. induction b as [|(i, g) b IH]; [reflexivity|]. unfold below_score in B. cbn [forallb] in B.
  apply andb_true_iff in B as [B R]. apply andb_true_iff in B as [I G]. apply Pos.ltb_lt in I.
  unfold bilinear_value. cbn [sum_worth fold_right]. specialize (IH R). unfold bilinear_value, sum_worth in IH. rewrite IH.
  unfold form_value. rewrite (below_agrees n k (parts g) e e' K G A), (A' i) by lia. reflexivity.
Qed.

Lemma meaning_agrees : forall t n k x world world' e e', (Pos.to_nat k <= S n)%nat -> in_order t k x = true ->
  Forall2 (agree n) world world' -> agree n e e' -> meaning t world e x = meaning t world' e' x.
Proof.
  intros t n k [d up c|s of] world world' e e' K O W A; cbn [in_order meaning] in *.
  - destruct (Map.find d (directions t)) as [l|]; [|reflexivity]. rewrite (below_agrees n k l e e' K O A). reflexivity.
  - apply andb_true_iff in O as [L O]. apply Pos.ltb_lt in L. destruct (Map.find s (scores t)) as [b|]; [|reflexivity].
    f_equal. unfold winners. cbv zeta.
    assert (M : map (fun there => bilinear_value e there b) world = map (fun there => bilinear_value e' there b) world').
    { induction W as [|f f' w w' F W IH]; [reflexivity|]. cbn [map]. rewrite IH. f_equal.
      exact (bilinear_agrees n k b e e' f f' K O A F). }
    rewrite M. generalize (greatest (map (fun there => bilinear_value e' there b) world')). clear M. intros top.
    induction W as [|f f' w w' F W IH]; [reflexivity|]. cbn [filter]. rewrite (bilinear_agrees n k b e e' f f' K O A F).
    destruct (Qeq_bool _ top); cbn [map]; [|exact IH]. rewrite IH, (F of) by lia. reflexivity.
Qed.

Section Exists.
Variables (t : table) (codes : list vector) (first : positive).
Hypothesis in_order_everywhere : ordered first t = true.
Hypothesis bounded : forall i, (next_scalar t <= i)%positive -> Map.find i (entries t) = None.

Lemma entry_in_order : forall i x, Map.find i (entries t) = Some x -> (first <= i)%positive /\ in_order t i x = true.
Proof.
  intros i x H. apply Map.elements_correct in H. unfold ordered in in_order_everywhere.
  rewrite forallb_forall in in_order_everywhere. specialize (in_order_everywhere _ H). cbn in in_order_everywhere.
  apply andb_true_iff in in_order_everywhere as [A B]. apply Pos.leb_le in A. split; assumption.
Qed.

Lemma world_length : forall n, length (world_after t codes n) = length codes.
Proof.
  induction n as [|n IH]; [apply map_length|]. cbn [world_after]. unfold refreshed at 1.
  rewrite map_length, combine_length, IH. apply Nat.min_id.
Qed.

Lemma refreshed_agrees : forall n world world', Forall2 (agree n) world world' ->
  Forall2 (agree (S n)) (refreshed t codes world) (refreshed t codes world').
Proof.
  intros n world world' W. unfold refreshed.
  assert (G : forall cs w w', Forall2 (agree n) w w' -> Forall2 (agree (S n))
    (map (fun '(code, here) i => match Map.find i (entries t) with Some e => meaning t world here e
      | None => code_entry code i end) (combine cs w))
    (map (fun '(code, here) i => match Map.find i (entries t) with Some e => meaning t world' here e
      | None => code_entry code i end) (combine cs w'))).
  { induction cs as [|c cs IH]; intros w w' F; [constructor|]. destruct F as [|e e' w w' A F]; [constructor|].
    cbn [combine map]. constructor; [|exact (IH _ _ F)]. intros i L. destruct (Map.find i (entries t)) as [x|] eqn:E;
      [|reflexivity]. exact (meaning_agrees t n i x world world' e e' L (proj2 (entry_in_order i x E)) W A). }
  apply G. exact W.
Qed.

Lemma world_stable : forall n, Forall2 (agree n) (world_after t codes n) (world_after t codes (S n)).
Proof.
  induction n as [|n IH].
  - assert (L : length (world_after t codes 0) = length (world_after t codes 1)) by (rewrite !world_length; reflexivity).
    revert L. generalize (world_after t codes 0), (world_after t codes 1). clear. induction l as [|e l IH]; intros [|e' l'] L;
      try discriminate; constructor; [intros i H; lia|apply IH; injection L; trivial].
  - apply (refreshed_agrees n). exact IH.
Qed.

Lemma paired : forall A B (R : B -> B -> Prop) (g : A * B -> B) cs w y, Forall2 R w (map g (combine cs w)) ->
  In y (map g (combine cs w)) -> exists c x, y = g (c, x) /\ R x y.
Proof.
  intros A B R g cs. induction cs as [|c cs IH]; intros [|x w] y F I; cbn [combine map] in *; try contradiction.
  inversion F as [|? ? ? ? Rx F']; subst. destruct I as [<-|I]; [exists c, x; split; [reflexivity|exact Rx]|].
  exact (IH w y F' I).
Qed.

Theorem world_exists : exists world, length world = length codes /\ valid_in t world /\
  Forall2 (fun code here => forall i, (i < first)%positive -> here i = code_entry code i) codes world.
Proof.
  set (n := Pos.to_nat (next_scalar t)). exists (world_after t codes (S n)). split; [apply world_length|]. split.
  - intros here I i x F. assert (L : (Pos.to_nat i <= S n)%nat).
    { destruct (Pos.leb_spec (next_scalar t) i) as [G|G]; [rewrite bounded in F by exact G; discriminate|lia]. }
    pose proof (world_stable n) as W. destruct (paired _ _ _ _ codes (world_after t codes n) here W I) as (c & e & -> & A).
    change (match Map.find i (entries t) with Some x => meaning t (world_after t codes n) e x | None => code_entry c i end ==
      meaning t (world_after t codes (S n)) (fun i => match Map.find i (entries t) with
        Some x => meaning t (world_after t codes n) e x | None => code_entry c i end) x).
    rewrite F at 1. rewrite (meaning_agrees t n i x _ _ e _ L (proj2 (entry_in_order i x F)) W A). reflexivity.
  - cbn [world_after]. unfold refreshed. pose proof (world_length n) as L. revert L.
    generalize (world_after t codes n) at 1 3. intros w. generalize (world_after t codes n). intros before.
    revert w. induction codes as [|c cs IH]; intros [|e w] L; try discriminate; cbn [combine map]; constructor.
    + intros i B. destruct (Map.find i (entries t)) as [x|] eqn:F; [|reflexivity].
      pose proof (proj1 (entry_in_order i x F)). lia.
    + apply IH. injection L as L. exact L.
Qed.
End Exists.
