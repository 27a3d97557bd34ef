(* What the builder's forms are worth in a model: vectors of scalars, one a position, in which every node has its value. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder.
From Efasp Require Form Gates Follows.
Import ListNotations.
Open Scope Z_scope.

(* Values of forms. *)
Definition form_at (f : form) (h : vector) : Q := affine_at (plain f) h.

Lemma at_formed : forall c l h, form_at (formed c l) h =
  fold_right (fun '(k, i) rest => inject_Z k * nth (pred (Pos.to_nat i)) h 0 + rest)%Q (inject_Z c) l.
Proof.
  intros c l h. unfold form_at, affine_at. cbn [plain Follows.expand_sum formed Follows.offset Follows.summands constant terms].
  unfold Follows.unary. induction l as [|[k i] l IH]; [reflexivity|]. cbn [map fold_right]. rewrite IH. reflexivity.
Qed.

Lemma form_is : forall f, f = formed (free f) (parts f).
Proof. intros []. reflexivity. Qed.

Lemma at_number : forall c h, (form_at (number c) h == inject_Z c)%Q.
Proof. reflexivity. Qed.

Lemma at_added : forall f g h, (form_at (added f g) h == form_at f h + form_at g h)%Q.
Proof.
  intros [c ts] [d us] h. change (form_at (formed (c + d) (ts ++ us)) h == form_at (formed c ts) h + form_at (formed d us) h)%Q.
  rewrite !at_formed, inject_Z_plus. induction ts as [|[k i] ts IH]; cbn [app fold_right].
  - induction us as [|[k i] us IH]; cbn [fold_right]; [reflexivity|]. rewrite IH. ring.
  - rewrite IH. ring.
Qed.

Lemma multiple_times : forall k c, multiple k c = k * c.
Proof. intros k [|[c|c|]|c]; cbn [multiple]; try reflexivity. symmetry. apply Z.mul_1_r. Qed.

Lemma at_scaled : forall k f h, (form_at (scaled k f) h == inject_Z k * form_at f h)%Q.
Proof.
  intros k f h. assert (G : (form_at (formed (k * free f) (map (fun '(c, i) => (multiple k c, i)) (parts f))) h ==
    inject_Z k * form_at f h)%Q).
  { rewrite (form_is f) at 3. rewrite !at_formed. generalize (free f), (parts f). intros c ts.
    induction ts as [|[d i] ts IH]; cbn [map fold_right].
    - rewrite inject_Z_mult. reflexivity.
    - rewrite IH, multiple_times, inject_Z_mult. ring. }
  unfold scaled. destruct k as [|[k|k|]|k]; try exact G. change (inject_Z 1) with 1%Q. ring.
Qed.

Lemma at_scalar : forall i h, (form_at (scalar i) h == nth (pred (Pos.to_nat i)) h 0)%Q.
Proof. intros i h. unfold scalar. rewrite at_formed. cbn [fold_right]. change (inject_Z 1) with 1%Q.
change (inject_Z 0) with 0%Q. ring. Qed.

Lemma at_entry : forall i h, (form_at (entry i) h == nth i h 0)%Q.
Proof. intros i h. unfold entry. rewrite at_scalar, SuccNat2Pos.id_succ. reflexivity. Qed.

Lemma at_combined : forall k f l c h, (form_at (combined ((k, f) :: l) c) h == inject_Z k * form_at f h +
  form_at (combined l c) h)%Q.
Proof. intros. unfold combined. cbn [fold_right]. rewrite at_added, at_scaled. reflexivity. Qed.

(* A form that is worth an integer. *)
Definition worth (f : form) (h : vector) (z : Z) : Prop := (form_at f h == inject_Z z)%Q.

Lemma worth_zero : forall h, worth zero h 0.
Proof. intros. reflexivity. Qed.

Lemma worth_added : forall f g h a b, worth f h a -> worth g h b -> worth (added f g) h (a + b).
Proof. unfold worth. intros f g h a b A B. rewrite at_added, A, B, inject_Z_plus. reflexivity. Qed.

Lemma worth_scaled : forall k f h a, worth f h a -> worth (scaled k f) h (k * a).
Proof. unfold worth. intros k f h a A. rewrite at_scaled, A, inject_Z_mult. reflexivity. Qed.

Lemma worth_combined_nil : forall c h, worth (combined [] c) h c.
Proof. intros. reflexivity. Qed.

Lemma worth_combined : forall k f l c h a b, worth f h a -> worth (combined l c) h b -> worth (combined ((k, f) :: l) c) h
  (k * a + b).
Proof. unfold worth. intros k f l c h a b A B. rewrite at_combined, A, B, inject_Z_plus, inject_Z_mult. reflexivity. Qed.

Lemma worth_is : forall f h a b, worth f h a -> a = b -> worth f h b.
Proof. intros f h a b H <-. exact H. Qed.

Lemma rectify_worth : forall z, (rectify (inject_Z z) == inject_Z (Z.max 0 z))%Q.
Proof.
  intros z. unfold rectify. destruct (Qle_bool 0 (inject_Z z)) eqn:E.
  - apply Qle_bool_iff in E. change 0%Q with (inject_Z 0) in E. rewrite <- Zle_Qle in E. rewrite Z.max_r by exact E.
    reflexivity.
  - destruct (Z_lt_le_dec z 0) as [L|L]; [rewrite Z.max_l by lia; reflexivity|]. exfalso.
    assert (Qle_bool 0 (inject_Z z) = true); [|congruence]. apply Qle_bool_iff. change 0%Q with (inject_Z 0).
    rewrite <- Zle_Qle. exact L.
Qed.

Lemma rectify_equal : forall a b, (a == b)%Q -> (rectify a == rectify b)%Q.
Proof.
  intros a b E. unfold rectify. destruct (Qle_bool 0 a) eqn:A, (Qle_bool 0 b) eqn:B; try reflexivity; try exact E.
  - apply Qle_bool_iff in A. rewrite E in A. apply Qle_bool_iff in A. congruence.
  - apply Qle_bool_iff in B. rewrite <- E in B. apply Qle_bool_iff in B. congruence.
Qed.

Lemma bit_map : forall (f : form -> form) fs i, (i < length fs)%nat -> bit (map f fs) i = f (bit fs i).
Proof.
  intros f fs i L. unfold bit. rewrite (nth_indep _ zero (f zero)) by (rewrite map_length; exact L). apply map_nth.
Qed.

Lemma bit_each : forall w f i, (i < w)%nat -> bit (each w f) i = f i.
Proof.
  intros w f i L. unfold bit, each. rewrite (nth_indep _ zero (f O)) by (rewrite map_length, seq_length; exact L).
  rewrite map_nth, seq_nth by exact L. reflexivity.
Qed.

Lemma each_length : forall w f, length (each w f) = w.
Proof. intros. unfold each. rewrite map_length, seq_length. reflexivity. Qed.

Lemma bit_high : forall fs i, (length fs <= i)%nat -> bit fs i = zero.
Proof. intros. apply nth_overflow. assumption. Qed.

(* A model of nodes: scalar first + i is worth what node i is, at every position. *)
Definition modelled (first : nat) (ns : list written) (hs : list vector) : Prop :=
  forall i n, nth_error ns i = Some n -> forall h, In h hs -> (nth (first + i) h 0 == node_at (plain_node n) hs h)%Q.

Section Model.
Variables (first : nat) (ns : list written) (hs : list vector).
Hypothesis model : modelled first ns hs.

(* Wherever the builder's nodes stand among those of the model, its result has the property. *)
Definition next_after (before : list written) : positive := Pos.of_succ_nat (first + length before).
Definition sound {A} (m : builder A) (property : A -> Prop) : Prop := forall before after,
  ns = before ++ snd (m (next_after before)) ++ after -> property (fst (m (next_after before))).

Lemma after_next : forall before (l : list written), Follows.after (next_after before) l = next_after (before ++ l).
Proof.
  intros before l. revert before. induction l as [|n l IH]; intros before; [rewrite app_nil_r; reflexivity|].
  cbn [Follows.after]. change (n :: l) with ([n] ++ l). rewrite app_assoc, <- IH. f_equal. unfold next_after.
  rewrite app_length. cbn [length]. rewrite Nat.add_1_r, Nat.add_succ_r. reflexivity.
Qed.

Lemma sound_give : forall A (a : A) (P : A -> Prop), P a -> sound (give a) P.
Proof. intros A a P H before after _. exact H. Qed.

Lemma sound_bind : forall A B (m : builder A) (f : A -> builder B) P R, sound m P -> (forall a, P a -> sound (f a) R) ->
  sound (bind m f) R.
Proof.
  intros A B m f P R M F before after E. unfold bind in *. specialize (M before).
  destruct (m (next_after before)) as [a l]. cbn [fst snd] in M. specialize (F a). rewrite after_next in *.
  destruct (f a (next_after (before ++ l))) as [b l'] eqn:Q. cbn [fst snd] in *.
  specialize (M (l' ++ after)). rewrite <- app_assoc in E. specialize (F (M E) (before ++ l) after). rewrite Q in F.
  apply F. cbn [snd]. rewrite <- app_assoc. exact E.
Qed.

Lemma sound_more : forall A (m : builder A) (P R : A -> Prop), sound m P -> (forall a, P a -> R a) -> sound m R.
Proof. intros A m P R M H before after E. apply H. exact (M before after E). Qed.

Lemma sound_both : forall A (m : builder A) (P R : A -> Prop), sound m P -> sound m R -> sound m (fun a => P a /\ R a).
Proof. intros A m P R M N before after E. split; [exact (M before after E)|exact (N before after E)]. Qed.

Lemma sound_emit : forall n, sound (emit n) (fun f => forall h, In h hs -> (form_at f h == node_at (plain_node n) hs h)%Q).
Proof.
  intros n before after E h I. cbn [emit fst]. rewrite at_scalar. unfold next_after. rewrite SuccNat2Pos.id_succ. cbn [pred].
  apply model; [|exact I]. rewrite E, nth_error_app2, Nat.sub_diag by lia. reflexivity.
Qed.

Lemma sound_rectified : forall f, sound (rectified f) (fun g => forall h z, In h hs -> worth f h z -> worth g h (Z.max 0 z)).
Proof.
  intros f. apply (sound_more _ _ _ _ (sound_emit (Unit f))). intros g G h z I W. unfold worth.
  rewrite (G h I). cbn [plain_node node_at]. rewrite (rectify_equal _ _ W). apply rectify_worth.
Qed.

Lemma sound_every : forall A B (f : A -> builder B) (P : A -> B -> Prop) l, (forall a, In a l -> sound (f a) (P a)) ->
  sound (every f l) (Forall2 P l).
Proof.
  intros A B f P l H. induction l as [|a l IH]; [apply sound_give; constructor|]. cbn [every].
  apply (sound_bind _ _ _ _ (P a)); [apply H; left; reflexivity|]. intros b Pb.
  apply (sound_bind _ _ _ _ (Forall2 P l)); [apply IH; intros c I; apply H; right; exact I|]. intros bs Pbs.
  apply sound_give. constructor; assumption.
Qed.

(* Rows over arguments that stand, at scale k, for an environment, are worth what the rows are worth there. *)
Definition stands (k : Z) (args : list (list form)) (h : vector) (x : Form.env) : Prop :=
  forall a p, worth (bit (nth a args []) p) h (k * x a p).

Section Rows.
Variables (k : Z) (args : list (list form)).
Hypothesis scale_positive : 0 <= k.
Let means (f : form) (v : Form.env -> Z) : Prop := forall h x, In h hs -> stands k args h x -> worth f h (k * v x).

Lemma sound_unit : forall e, sound (unit k args e) (fun f => means f (fun x => Form.eval x e)).
Proof.
  fix IH 1. intros [a p|ts c].
  - apply sound_give. intros h x _ S. exact (S a p).
  - cbn [unit]. apply (sound_bind _ _ _ _ (fun f => means f (fun x => Form.sum x ts + c))).
    + induction ts as [|[d e] ts IHt].
      * apply sound_give. intros h x _ _. exact (at_number (k * c) h).
      * apply (sound_bind _ _ _ _ _ _ (IH e)). intros g G. apply (sound_bind _ _ _ _ _ _ IHt). intros r R.
        apply sound_give. intros h x I S. rewrite Form.sum_cons.
        apply (worth_is _ _ (d * (k * Form.eval x e) + k * (Form.sum x ts + c))); [|ring].
        apply worth_added; [apply worth_scaled; exact (G h x I S)|exact (R h x I S)].
    + intros f F. apply (sound_more _ _ _ _ (sound_rectified f)). intros g G h x I S. rewrite Form.eval_relu.
      apply (worth_is _ _ (Z.max 0 (k * (Form.sum x ts + c)))); [exact (G h _ I (F h x I S))|].
      rewrite <- Z.mul_max_distr_nonneg_l by exact scale_positive. rewrite Z.mul_0_r. reflexivity.
Qed.

Lemma sound_row : forall f, sound (row k args f) (fun g => means g (fun x => Form.value x f)).
Proof.
  intros [ts c]. unfold row. cbn [fst snd]. induction ts as [|[d e] ts IH]; cbn [summed].
  - apply sound_give. intros h x _ _. exact (at_number (k * c) h).
  - apply (sound_bind _ _ _ _ _ _ (sound_unit e)). intros g G. apply (sound_bind _ _ _ _ _ _ IH). intros r R.
    apply sound_give. intros h x I S. unfold Form.value in *. cbn [fst snd] in *. rewrite Form.sum_cons.
    apply (worth_is _ _ (d * (k * Form.eval x e) + k * (Form.sum x ts + c))); [|ring].
    apply worth_added; [apply worth_scaled; exact (G h x I S)|exact (R h x I S)].
Qed.

Theorem sound_rows : forall fs, sound (rows k args fs) (fun gs => length gs = length fs /\ forall h x, In h hs ->
  stands k args h x -> forall i, worth (bit gs i) h (k * Form.out fs x i)).
Proof.
  intros fs. unfold rows.
  apply (sound_more _ _ _ _ (sound_every _ _ _ (fun f g => means g (fun x => Form.value x f)) fs (fun f _ => sound_row f))).
  intros gs F. split.
  - clear - F. induction F as [|f g fs gs _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity.
  - intros h x I S. induction F as [|f g fs gs G _ IH]; intros i.
    + unfold bit, Form.out. destruct i; cbn; unfold Form.value; cbn; rewrite Z.mul_0_r; apply worth_zero.
    + destruct i as [|i]; [exact (G h x I S)|exact (IH i)].
Qed.
End Rows.
End Model.
