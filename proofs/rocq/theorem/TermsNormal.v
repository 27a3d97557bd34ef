(* Forms that are normal: scalars in order, each once, with coefficients that are not 0, and every number in lowest terms. Sums
   of normal forms are normal, and normal forms of one value are the same. *)
From Coq Require Import List Bool ZArith QArith Qreduction Qcanon Lqa Lia.
From Efasp Require Import Terms TermsSound Interning.
Import ListNotations.
Open Scope Q_scope.

Definition reduced (q : Q) : Prop := Qred q = q.
Fixpoint normal_from (k : positive) (l : linear) : Prop :=
  match l with
  | [] => True
  | (i, c) :: rest => (k <= i)%positive /\ reduced c /\ qzero c = false /\ normal_from (Pos.succ i) rest
  end.
Definition normal (l : linear) : Prop := normal_from 1 l.
Definition normal_form (f : form) : Prop := reduced (free f) /\ normal (parts f).

(* Numbers. *)
Lemma reduced_equal : forall p q, reduced p -> reduced q -> p == q -> p = q.
Proof. intros p q P R E. rewrite <- P, <- R. apply Qred_complete. exact E. Qed.

Lemma reduced_red : forall q, reduced (Qred q).
Proof. intros q. apply Qred_involutive. Qed.

Lemma reduced_whole : forall n, reduced (n # 1).
Proof. intros n. apply Qred_identity. cbn. apply Z.gcd_1_r. Qed.

Lemma qadd_reduced : forall a b, reduced (qadd a b).
Proof. intros [m [p|p|]] [n [q|q|]]; try apply reduced_red. apply reduced_whole. Qed.

Lemma qmul_reduced : forall a b, reduced (qmul a b).
Proof. intros [m [p|p|]] [n [q|q|]]; try apply reduced_red. apply reduced_whole. Qed.

Lemma qzero_not : forall q, qzero q = false <-> ~ q == 0.
Proof.
  intros q. split.
  - intros H E. assert (qzero q = true); [|congruence]. unfold qzero, Qeq in *. cbn in E. rewrite Z.mul_1_r in E. rewrite E.
    reflexivity.
  - intros H. destruct (qzero q) eqn:Z; [destruct (H (qzero_zero q Z))|reflexivity].
Qed.

Lemma qsame_refl : forall q, qsame q q = true.
Proof. intros q. unfold qsame. rewrite Z.eqb_refl, Pos.eqb_refl. reflexivity. Qed.

(* Normal lists. *)
Lemma normal_lower : forall l k k', (k' <= k)%positive -> normal_from k l -> normal_from k' l.
Proof. intros [|(i, c) l] k k' L H; [exact I|]. destruct H as (A & H). split; [lia|exact H]. Qed.

Lemma merge_normal : forall a b k, normal_from k a -> normal_from k b -> normal_from k (merge qadd qzero a b).
Proof.
  induction a as [|(i, c) a IH]; intros b k A B; [destruct b; exact B|]. revert k A B.
  induction b as [|(j, d) b IHb]; intros k A B; [exact A|]. destruct A as (A1 & A2 & A3 & A4), B as (B1 & B2 & B3 & B4).
  cbn [merge]. destruct (Pos.compare_spec i j) as [<-|L|L].
  - cbv zeta. destruct (qzero (qadd c d)) eqn:Z.
    + apply (normal_lower _ (Pos.succ i)); [lia|]. exact (IH b (Pos.succ i) A4 B4).
    + split; [exact A1|]. split; [apply qadd_reduced|]. split; [exact Z|]. exact (IH b (Pos.succ i) A4 B4).
  - split; [exact A1|]. split; [exact A2|]. split; [exact A3|]. apply (IH ((j, d) :: b) (Pos.succ i) A4). split; [lia|].
    split; [exact B2|]. split; [exact B3|exact B4].
  - split; [exact B1|]. split; [exact B2|]. split; [exact B3|]. apply (IHb (Pos.succ j)); [|exact B4]. split; [lia|].
    split; [exact A2|]. split; [exact A3|exact A4].
Qed.

(* What holds of all lists and is kept by merging holds of their total. *)
Lemma total_all : forall A (add : A -> A -> A) zero (P : list (positive * A) -> Prop), P [] ->
  (forall a b, P a -> P b -> P (merge add zero a b)) -> forall ls, (forall l, In l ls -> P l) -> P (total add zero ls).
Proof.
  intros A add zero P N M. assert (Push : forall s l, P l -> (forall m, In (Some m) s -> P m) ->
    forall m, In (Some m) (push A add zero l s) -> P m).
  { induction s as [|[other|] s IH]; intros l L S m H; cbn [push] in H.
    - destruct H as [H|[]]. injection H as <-. exact L.
    - destruct H as [H|H]; [discriminate|]. apply (IH (merge add zero other l)) with (m := m); [|intros k K; apply S; right;
        exact K|exact H]. apply M; [apply S; left; reflexivity|exact L].
    - destruct H as [H|H]; [injection H as <-; exact L|apply S; right; exact H]. }
  assert (Collapse : forall s, (forall m, In (Some m) s -> P m) -> P (collapse A add zero s)).
  { induction s as [|[l|] s IH]; intros S; [exact N| |apply IH; intros m H; apply S; right; exact H]. cbn [collapse].
    assert (L : P l) by (apply S; left; reflexivity). destruct s as [|o s]; [exact L|]. apply M; [|exact L]. apply IH.
    intros m H. apply S. right. exact H. }
  assert (Fold : forall ls s, (forall l, In l ls -> P l) -> (forall m, In (Some m) s -> P m) ->
    forall m, In (Some m) (fold_left (fun stack l => push A add zero l stack) ls s) -> P m).
  { induction ls as [|l ls IH]; intros s L S; [exact S|]. cbn [fold_left]. apply IH; [intros k K; apply L; right; exact K|].
    apply Push; [apply L; left; reflexivity|exact S]. }
  intros ls L. destruct ls as [|l [|l' ls]]; [exact N|apply L; left; reflexivity|]. unfold total. apply Collapse.
  apply (Fold (l :: l' :: ls)); [exact L|intros m []].
Qed.

Lemma sum_normal : forall ls, (forall l, In l ls -> normal l) -> normal (sum_of ls).
Proof. intros ls. apply (total_all Q qadd qzero normal); [exact I|intros a b; apply merge_normal]. Qed.

Lemma scaled_normal : forall c l, normal l -> normal (scaled c l).
Proof.
  intros c l H. unfold scaled. destruct (qone c); [exact H|]. destruct (qzero c) eqn:Z; [exact I|]. apply qzero_not in Z.
  unfold normal in *. revert H. generalize 1%positive. induction l as [|(i, d) l IH]; intros k H; [exact I|].
  destruct H as (A & B & C & D). split; [exact A|]. split; [apply qmul_reduced|]. split; [|exact (IH _ D)].
  apply qzero_not. apply qzero_not in C. rewrite qmul_product. intros E. apply Qmult_integral in E. tauto.
Qed.

Lemma scale_normal : forall c f, normal_form f -> normal_form (scale_form c f).
Proof.
  intros c f [R N]. unfold scale_form. destruct (qone c); split; try assumption; [apply qmul_reduced|].
  apply scaled_normal. exact N.
Qed.

Lemma combination_normal : forall c l, reduced c -> (forall d f, In (d, f) l -> normal_form f) -> normal_form (combination c l).
Proof.
  intros c l C H. split.
  - unfold combination. cbn [free]. clear H. revert c C. induction l as [|(d, f) l IH]; intros c C; [exact C|]. cbn [fold_left].
    apply IH. destruct (qzero (free f)); [exact C|apply qadd_reduced].
  - unfold combination. cbn [parts]. apply sum_normal. intros m I. apply in_map_iff in I as ((d, f) & <- & I).
    apply scaled_normal. apply (H d f I).
Qed.

Lemma add_normal : forall f g, normal_form f -> normal_form g -> normal_form (add_forms f g).
Proof. intros f g [_ A] [_ B]. split; [apply qadd_reduced|apply merge_normal; assumption]. Qed.

Lemma constant_normal : forall c, reduced c -> normal_form (constant_form c).
Proof. intros c H. split; [exact H|exact I]. Qed.

Lemma atom_normal : forall c i, reduced c -> qzero c = false -> normal_form (atom c i).
Proof. intros c i R Z. split; [reflexivity|]. split; [lia|]. split; [exact R|]. split; [exact Z|exact I]. Qed.

(* Normal forms of one value are the same. *)
Definition only (i : positive) : env := fun j => if Pos.eqb i j then 1 else 0.
Lemma only_absent : forall l i k, normal_from k l -> (i < k)%positive -> value (only i) l == 0.
Proof.
  induction l as [|(j, c) l IH]; intros i k H L; [reflexivity|]. destruct H as (A & _ & _ & D). rewrite value_cons.
  rewrite (IH i _ D) by lia. unfold only. destruct (Pos.eqb_spec i j); [lia|]. ring.
Qed.

Lemma normal_same : forall a b k, normal_from k a -> normal_from k b -> (forall e, value e a == value e b) -> a = b.
Proof.
  induction a as [|(i, c) a IH]; intros [|(j, d) b] k A B E; [reflexivity| | |].
  - exfalso. destruct B as (_ & _ & Z & D). apply qzero_not in Z. apply Z. specialize (E (only j)). rewrite value_cons in E.
    rewrite (only_absent b j _ D) in E by lia. unfold only in E. rewrite Pos.eqb_refl in E.
    change (value _ []) with 0 in E. lra.
  - exfalso. destruct A as (_ & _ & Z & D). apply qzero_not in Z. apply Z. specialize (E (only i)). rewrite value_cons in E.
    rewrite (only_absent a i _ D) in E by lia. unfold only in E. rewrite Pos.eqb_refl in E.
    change (value _ []) with 0 in E. lra.
  - destruct A as (A1 & A2 & A3 & A4), B as (B1 & B2 & B3 & B4). apply qzero_not in A3, B3.
    assert (At : forall x, value (only x) ((i, c) :: a) == value (only x) ((j, d) :: b)) by (intros x; apply E).
    destruct (Pos.compare_spec i j) as [<-|L|L].
    + specialize (At i). rewrite !value_cons, (only_absent a i _ A4), (only_absent b i _ B4) in At by lia.
      unfold only in At. rewrite Pos.eqb_refl in At. assert (Q : c == d) by lra.
      rewrite (reduced_equal c d A2 B2 Q). f_equal. apply (IH b (Pos.succ i) A4 B4). intros e. specialize (E e).
      rewrite !value_cons, Q in E. lra.
    + exfalso. apply A3. specialize (At i). rewrite !value_cons, (only_absent a i _ A4) in At by lia.
      rewrite (only_absent b i _ B4) in At by lia. unfold only in At. rewrite Pos.eqb_refl in At.
      destruct (Pos.eqb_spec i j); [lia|]. lra.
    + exfalso. apply B3. specialize (At j). rewrite !value_cons, (only_absent b j _ B4) in At by lia.
      rewrite (only_absent a j _ A4) in At by lia. unfold only in At. rewrite Pos.eqb_refl in At.
      destruct (Pos.eqb_spec j i); [lia|]. lra.
Qed.

Theorem form_same : forall f g, normal_form f -> normal_form g -> (forall e, form_value e f == form_value e g) -> f = g.
Proof.
  intros [c l] [d m] [C A] [D B] E. unfold form_value in E. cbn [free parts] in *.
  assert (Q : c == d).
  { specialize (E (fun _ => 0)). assert (Z : forall l, value (fun _ => 0) l == 0).
    { induction l0 as [|(i, x) l0 IH]; [reflexivity|]. rewrite value_cons, IH. ring. }
    rewrite !Z in E. lra. }
  rewrite (reduced_equal c d C D Q). f_equal. apply (normal_same l m 1 A B). intros e. specialize (E e). lra.
Qed.

(* Scalars below a number. *)
Lemma below_in : forall n l, below n l = true <-> forall i c, In (i, c) l -> (i < n)%positive.
Proof.
  intros n l. unfold below. rewrite forallb_forall. split.
  - intros H i c I. specialize (H _ I). apply Pos.ltb_lt. exact H.
  - intros H (i, c) I. apply Pos.ltb_lt. exact (H i c I).
Qed.
