(* What sums with numbered parts are worth: merging adds values, and scaling multiplies them. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Setoid.
From Efasp Require Import Terms.
Import ListNotations.
Open Scope Q_scope.

Lemma qadd_sum : forall a b, qadd a b == a + b.
Proof.
  intros [m p] [n q]. unfold qadd. destruct p; try apply Qred_correct. destruct q; try apply Qred_correct.
  unfold Qeq, Qplus. cbn. ring.
Qed.

Lemma qmul_product : forall a b, qmul a b == a * b.
Proof.
  intros [m p] [n q]. unfold qmul. destruct p; try apply Qred_correct. destruct q; try apply Qred_correct.
  unfold Qeq, Qmult. cbn. ring.
Qed.

Lemma qzero_zero : forall q, qzero q = true -> q == 0.
Proof. intros [[|m|m] p] H; try discriminate. reflexivity. Qed.

Lemma qone_one : forall q, qone q = true -> q = 1.
Proof. intros [[|[m|m|]|m] [p|p|]] H; try discriminate. reflexivity. Qed.

Lemma qsame_equal : forall a b, qsame a b = true -> a = b.
Proof.
  intros [m p] [n q] H. unfold qsame in H. apply andb_true_iff in H as [N D]. cbn in N, D.
  apply Z.eqb_eq in N. apply Pos.eqb_eq in D. congruence.
Qed.

Section Merge.
Variables (A : Type) (add : A -> A -> A) (zero : A -> bool) (worth : positive -> A -> Q).
Hypothesis add_worth : forall i a b, worth i (add a b) == worth i a + worth i b.
Hypothesis zero_worth : forall i a, zero a = true -> worth i a == 0.
Definition sum_worth (l : list (positive * A)) : Q := fold_right (fun '(i, a) rest => worth i a + rest) 0 l.

Lemma merge_worth : forall a b, sum_worth (merge add zero a b) == sum_worth a + sum_worth b.
Proof.
  induction a as [|(i, c) a IH].
  - intros [|(j, d) b]; cbn; ring.
  - induction b as [|(j, d) b IHb].
    + cbn. ring.
    + cbn [merge]. destruct (Pos.compare_spec i j) as [<-|L|L].
      * cbv zeta. destruct (zero (add c d)) eqn:Z.
        -- rewrite IH. pose proof (zero_worth i _ Z) as E. rewrite add_worth in E. cbn [sum_worth fold_right].
           fold (sum_worth a) (sum_worth b). lra.
        -- cbn [sum_worth fold_right]. fold (sum_worth (merge add zero a b)) (sum_worth a) (sum_worth b).
           rewrite IH, add_worth. ring.
      * change (sum_worth ((i, c) :: merge add zero a ((j, d) :: b)) == sum_worth ((i, c) :: a) + sum_worth ((j, d) :: b)).
        cbn [sum_worth fold_right]. fold (sum_worth (merge add zero a ((j, d) :: b))) (sum_worth a) (sum_worth b).
        rewrite IH. cbn [sum_worth fold_right]. fold (sum_worth b). ring.
      * change (sum_worth ((j, d) :: merge add zero ((i, c) :: a) b) == sum_worth ((i, c) :: a) + sum_worth ((j, d) :: b)).
        cbn [sum_worth fold_right]. fold (sum_worth (merge add zero ((i, c) :: a) b)) (sum_worth a) (sum_worth b).
        rewrite IHb. cbn [sum_worth fold_right]. fold (sum_worth a). ring.
Qed.

Definition stack_worth (s : list (option (list (positive * A)))) : Q :=
  fold_right (fun o rest => match o with Some l => sum_worth l | None => 0 end + rest) 0 s.

Lemma push_worth : forall s l, stack_worth (push A add zero l s) == sum_worth l + stack_worth s.
Proof.
  induction s as [|[other|] s IH]; intros l; cbn [push stack_worth fold_right]; [reflexivity| |].
  - fold (stack_worth (push A add zero (merge add zero other l) s)) (stack_worth s). rewrite IH, merge_worth. ring.
  - fold (stack_worth s). ring.
Qed.

Lemma collapse_worth : forall s, sum_worth (collapse A add zero s) == stack_worth s.
Proof.
  induction s as [|[l|] s IH]; [reflexivity| |].
  - cbn [collapse stack_worth fold_right]. fold (stack_worth s). destruct s as [|o s].
    + cbn. ring.
    + rewrite merge_worth, IH. ring.
  - cbn [collapse stack_worth fold_right]. fold (stack_worth s). rewrite IH. ring.
Qed.

Lemma total_worth : forall ls, sum_worth (total add zero ls) == fold_right (fun l rest => sum_worth l + rest) 0 ls.
Proof.
  assert (G : forall ls s, stack_worth (fold_left (fun stack l => push A add zero l stack) ls s) ==
    stack_worth s + fold_right (fun l rest => sum_worth l + rest) 0 ls).
  { induction ls as [|l ls IH]; intros s; cbn [fold_left fold_right]; [ring|]. rewrite IH, push_worth. ring. }
  intros [|l [|l' ls]]; [reflexivity|cbn [total fold_right]; ring|].
  cbn [total]. rewrite collapse_worth, G. change (stack_worth []) with 0. ring.
Qed.
End Merge.

(* Values of forms, where every scalar has a value. *)
Definition env : Type := positive -> Q.
Definition value (e : env) (l : linear) : Q := sum_worth Q (fun i c => c * e i) l.
Definition form_value (e : env) (f : form) : Q := free f + value e (parts f).

Lemma value_cons : forall e i c l, value e ((i, c) :: l) = c * e i + value e l.
Proof. reflexivity. Qed.

Lemma merge_value : forall e a b, value e (merge qadd qzero a b) == value e a + value e b.
Proof.
  intros e. apply merge_worth.
  - intros i a b. rewrite qadd_sum. ring.
  - intros i a H. rewrite (qzero_zero a H). ring.
Qed.

Lemma sum_of_value : forall e ls, value e (sum_of ls) == fold_right (fun l rest => value e l + rest) 0 ls.
Proof.
  intros e ls. apply total_worth.
  - intros i a b. rewrite qadd_sum. ring.
  - intros i a H. rewrite (qzero_zero a H). ring.
Qed.

Lemma scaled_value : forall e c l, value e (scaled c l) == c * value e l.
Proof.
  intros e c l. unfold scaled. destruct (qone c) eqn:O; [rewrite (qone_one c O); ring|].
  destruct (qzero c) eqn:Z; [rewrite (qzero_zero c Z); change (value e []) with 0; ring|]. clear.
  induction l as [|(i, d) l IH]; [change (value e []) with 0; cbn; ring|]. cbn [map]. rewrite !value_cons, IH, qmul_product.
  ring.
Qed.

Lemma add_forms_value : forall e f g, form_value e (add_forms f g) == form_value e f + form_value e g.
Proof. intros e f g. unfold form_value, add_forms. cbn [free parts]. rewrite qadd_sum, merge_value. ring. Qed.

Lemma scale_form_value : forall e c f, form_value e (scale_form c f) == c * form_value e f.
Proof.
  intros e c f. unfold scale_form. destruct (qone c) eqn:O; [rewrite (qone_one c O); ring|]. unfold form_value.
  cbn [free parts]. rewrite qmul_product, scaled_value. ring.
Qed.

Lemma zero_form_value : forall e f, zero_form f = true -> form_value e f == 0.
Proof.
  intros e [c [|p l]] H; unfold zero_form in H; cbn in H; [|rewrite andb_false_r in H; discriminate].
  rewrite andb_true_r in H. unfold form_value. cbn. rewrite (qzero_zero c H). ring.
Qed.

Lemma constant_form_value : forall e c, form_value e (constant_form c) == c.
Proof. intros e c. unfold form_value. cbn. ring. Qed.

Lemma atom_value : forall e c i, form_value e (atom c i) == c * e i.
Proof. intros e c i. unfold form_value. cbn. ring. Qed.

Lemma combination_value : forall e c l, form_value e (combination c l) ==
  c + fold_right (fun '(d, f) rest => d * form_value e f + rest) 0 l.
Proof.
  intros e c l. unfold form_value at 1, combination. cbn [free parts]. rewrite sum_of_value.
  assert (F : forall s, fold_left (fun s '(d, f) => if qzero (free f) then s else qadd s (qmul d (free f))) l s ==
    s + fold_right (fun '(d, f) rest => d * free f + rest) 0 l).
  { induction l as [|(d, f) l IH]; intros s; cbn [fold_left fold_right]; [ring|]. rewrite IH. destruct (qzero (free f)) eqn:Z.
    - rewrite (qzero_zero _ Z). ring.
    - rewrite qadd_sum, qmul_product. ring. }
  rewrite F. clear F. rewrite <- !Qplus_assoc. apply Qplus_comp; [reflexivity|].
  induction l as [|(d, f) l IH]; cbn [fold_right map]; [ring|]. rewrite scaled_value, <- IH. unfold form_value. ring.
Qed.

Lemma same_linear_equal : forall a b, same_linear a b = true -> a = b.
Proof.
  induction a as [|(i, c) a IH]; intros [|(j, d) b] H; try discriminate; [reflexivity|]. cbn in H.
  apply andb_true_iff in H as [H T]. apply andb_true_iff in H as [I Q]. apply Pos.eqb_eq in I. apply qsame_equal in Q.
  apply IH in T. congruence.
Qed.

Lemma same_form_equal : forall f g, same_form f g = true -> f = g.
Proof.
  intros [c l] [d m] H. apply andb_true_iff in H as [Q L]. apply qsame_equal in Q. apply same_linear_equal in L. cbn in Q, L.
  congruence.
Qed.

Lemma same_bilinear_equal : forall a b, same_bilinear a b = true -> a = b.
Proof.
  induction a as [|(i, c) a IH]; intros [|(j, d) b] H; try discriminate; [reflexivity|]. cbn in H.
  apply andb_true_iff in H as [H T]. apply andb_true_iff in H as [I Q]. apply Pos.eqb_eq in I. apply same_form_equal in Q.
  apply IH in T. congruence.
Qed.

(* Bilinear forms, of the scalars here and there. *)
Definition bilinear_value (here there : env) (b : bilinear) : Q := sum_worth form (fun i f => form_value here f * there i) b.

Lemma bilinear_sum_value : forall here there ls, bilinear_value here there (bilinear_sum ls) ==
  fold_right (fun b rest => bilinear_value here there b + rest) 0 ls.
Proof.
  intros here there ls. apply total_worth.
  - intros i a b. rewrite add_forms_value. ring.
  - intros i a H. rewrite (zero_form_value here a H). ring.
Qed.

(* A product, without the part that does not depend on the scalars there. *)
Lemma product_value : forall here there q k,
  form_value here q * form_value there k == bilinear_value here there (product q k) + form_value here q * free k.
Proof.
  intros here there q k. unfold product. destruct (zero_form q) eqn:Z.
  - rewrite (zero_form_value here q Z). change (bilinear_value here there []) with 0. ring.
  - unfold form_value at 2. unfold bilinear_value. clear Z. assert (H : sum_worth form
      (fun i f => form_value here f * there i) (map (fun '(b, d) => (b, scale_form d q)) (parts k)) ==
      form_value here q * value there (parts k)).
    { induction (parts k) as [|(b, d) l IH]; [cbn; change (value there []) with 0; ring|]. cbn [map sum_worth fold_right].
      change (fold_right _ 0 (map _ l)) with (sum_worth form (fun i f => form_value here f * there i)
        (map (fun '(b, d) => (b, scale_form d q)) l)). rewrite IH, value_cons, scale_form_value. ring. }
    rewrite H. ring.
Qed.

Lemma bilinear_scaled_value : forall here there c b, bilinear_value here there (bilinear_scaled c b) ==
  c * bilinear_value here there b.
Proof.
  intros here there c b. unfold bilinear_scaled. destruct (qone c) eqn:O; [rewrite (qone_one c O); ring|]. clear O.
  unfold bilinear_value. induction b as [|(i, f) b IH]; cbn [map sum_worth fold_right]; [ring|].
  change (fold_right _ 0 (map _ b)) with (sum_worth form (fun i f => form_value here f * there i)
    (map (fun '(b, f) => (b, scale_form c f)) b)).
  change (fold_right _ 0 b) with (sum_worth form (fun i f => form_value here f * there i) b).
  rewrite IH, scale_form_value. ring.
Qed.

Lemma positive_or_one_positive : forall s, 0 < positive_or_one s.
Proof. intros [[|n|n] d]; reflexivity. Qed.

Lemma content_positive : forall l, 0 < content l.
Proof. intros l. apply positive_or_one_positive. Qed.

Lemma bilinear_content_positive : forall b, 0 < bilinear_content b.
Proof. intros b. apply positive_or_one_positive. Qed.

(* Values depend on the scalars that occur only. *)
Lemma value_agrees : forall e e' l, (forall i c, In (i, c) l -> e i = e' i) -> value e l = value e' l.
Proof.
  intros e e' l H. induction l as [|(i, c) l IH]; [reflexivity|]. rewrite !value_cons, (H i c (or_introl eq_refl)), IH;
    [reflexivity|]. intros j d I. exact (H j d (or_intror I)).
Qed.
