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

(* Values within bounds. *)
Lemma reach_right : forall f r h z, worth f h z -> fst r <= z <= snd r -> fst (reach f r) <= z <= snd (reach f r).
Proof.
  intros f r h z W B. unfold reach, fixed. destruct (parts f) eqn:E; [|exact B]. cbn [fst snd].
  assert (free f = z); [|lia]. unfold worth in W. rewrite (form_is f), E, at_formed in W. cbn [fold_right] in W.
  apply inject_Z_injective. exact W.
Qed.

Lemma nothing_right : forall f h z, nothing f = true -> worth f h z -> z = 0.
Proof.
  intros f h z N W. unfold nothing in N. apply andb_prop in N as [F N]. apply Z.eqb_eq in N.
  unfold fixed in F. destruct (parts f) eqn:E; [|discriminate]. unfold worth in W.
  rewrite (form_is f), E, N, at_formed in W. cbn [fold_right] in W. symmetry. apply inject_Z_injective. exact W.
Qed.

Lemma widened_right : forall c r s y z, fst r <= y <= snd r -> fst s <= z <= snd s ->
  fst (widened c r s) <= c * y + z <= snd (widened c r s).
Proof.
  intros c r s y z R S. unfold widened. destruct (Z.leb_spec 0 c) as [C|C]; cbn [fst snd].
  - pose proof (Z.mul_le_mono_nonneg_l (fst r) y c C). pose proof (Z.mul_le_mono_nonneg_l y (snd r) c C). lia.
  - pose proof (Z.mul_le_mono_nonpos_l (fst r) y c). pose proof (Z.mul_le_mono_nonpos_l y (snd r) c). lia.
Qed.

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
  intros f. apply (sound_more _ _ _ _ (sound_emit (Unit 1 f))). intros g G h z I W. unfold worth.
  rewrite (G h I). cbn [plain_node node_at]. rewrite (rectify_equal _ _ W), Qmult_1_r. apply rectify_worth.
Qed.

Lemma sound_halved : forall f, sound (halved f) (fun g => forall h z, In h hs -> worth f h (2 * z) -> worth g h (Z.max 0 z)).
Proof.
  intros f. apply (sound_more _ _ _ _ (sound_emit (Unit 2 f))). intros g G h z I W. unfold worth.
  rewrite (G h I). cbn [plain_node node_at]. rewrite (rectify_equal _ _ W), rectify_worth.
  replace (Z.max 0 (2 * z)) with (2 * Z.max 0 z) by lia. rewrite inject_Z_mult. field.
Qed.

Lemma sound_if : forall A (c : bool) (m n : builder A) (P : A -> Prop), (c = true -> sound m P) -> (c = false -> sound n P) ->
  sound (if c then m else n) P.
Proof. intros A [] m n P M N; [exact (M eq_refl)|exact (N eq_refl)]. Qed.

(* A unit within bounds. *)
Lemma sound_within : forall fold r f, sound (within fold r f) (fun g => forall h z, In h hs -> worth f h z ->
  (fold = true -> fst r <= z <= snd r) -> worth g h (Z.max 0 z)).
Proof.
  intros fold r f. unfold within. apply sound_if; intros A; [|apply sound_if; intros B].
  - apply andb_prop in A as [-> A]. apply Z.leb_le in A. apply sound_give. intros h z _ _ R. specialize (R eq_refl).
    apply (worth_is _ _ 0); [apply worth_zero|lia].
  - apply andb_prop in B as [-> B]. apply Z.leb_le in B. apply sound_give. intros h z _ W R. specialize (R eq_refl).
    apply (worth_is _ _ z); [exact W|lia].
  - apply (sound_more _ _ _ _ (sound_rectified f)). intros g G h z I W _. exact (G h z I W).
Qed.

(* A unit of a sum, each of whose parts is within bounds. *)
Definition weighed (l : list (Z * form * bounds)) (zs : list Z) (c : Z) : Z :=
  fold_right (fun '(k, _, _, z) rest => k * z + rest) c (combine l zs).
Definition parts_as (fold : bool) (l : list (Z * form * bounds)) (zs : list Z) (h : vector) : Prop :=
  Forall2 (fun '(_, f, r) z => worth f h z /\ (fold = true -> fst r <= z <= snd r)) l zs.

Lemma sound_unit_of : forall fold l c, sound (unit_of fold l c) (fun g => forall h zs, In h hs -> parts_as fold l zs h ->
  worth g h (Z.max 0 (weighed l zs c))).
Proof.
  intros fold l c. apply (sound_more _ _ _ _ (sound_within fold (span l c) (combined (map fst l) c))).
  intros g G h zs I P. apply (G h _ I).
  - clear G I. unfold weighed. induction P as [|[[k f] r] z l zs [W _] P IH]; [apply worth_combined_nil|].
    cbn [map combine fold_right fst]. apply worth_combined; [exact W|exact IH].
  - intros On. clear G I. unfold weighed, span. induction P as [|[[k f] r] z l zs [W B] P IH]; [cbn [fold_right combine fst snd]; lia|].
    cbn [combine fold_right]. apply widened_right; [exact (reach_right f r h z W (B On))|exact IH].
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
Variables (fold : bool) (r : nat -> nat -> bounds) (k : Z) (args : list (list form)).
Hypothesis scale_positive : 0 <= k.
Definition bounded (x : Form.env) : Prop := forall a p, fst (r a p) <= k * x a p <= snd (r a p).
Let means (f : form) (v : Form.env -> Z) : Prop := forall h x, In h hs -> stands k args h x -> (fold = true -> bounded x) ->
  worth f h (k * v x).

Lemma extent_right : forall h x, stands k args h x -> bounded x -> forall e,
  fst (extent r k args e) <= k * Form.eval x e <= snd (extent r k args e).
Proof.
  intros h x S B. fix IH 1. intros [a p|ts c].
  - exact (reach_right _ _ h _ (S a p) (B a p)).
  - rewrite Form.eval_relu. cbn [extent fst snd]. set (s := (fix sum ts := match ts with [] => _ | _ => _ end) ts).
    assert (G : fst s <= k * (Form.sum x ts + c) <= snd s).
    { unfold s. clear s. induction ts as [|[d e] ts IHt]; [cbn [fst snd]; rewrite Form.sum_nil; lia|].
      rewrite Form.sum_cons. replace (k * (d * Form.eval x e + Form.sum x ts + c)) with
        (d * (k * Form.eval x e) + k * (Form.sum x ts + c)) by ring. apply widened_right; [apply IH|exact IHt]. }
    rewrite <- Z.mul_max_distr_nonneg_l by exact scale_positive. rewrite Z.mul_0_r. lia.
Qed.

Lemma extent_sum_right : forall h x, stands k args h x -> bounded x -> forall ts c,
  fst (extent_sum r k args ts c) <= k * (Form.sum x ts + c) <= snd (extent_sum r k args ts c).
Proof.
  intros h x S B ts c. unfold extent_sum. induction ts as [|[d e] ts IH]; cbn [fold_right].
  - rewrite Form.sum_nil. cbn [fst snd]. lia.
  - rewrite Form.sum_cons. replace (k * (d * Form.eval x e + Form.sum x ts + c)) with
      (d * (k * Form.eval x e) + k * (Form.sum x ts + c)) by ring.
    apply widened_right; [exact (extent_right h x S B e)|exact IH].
Qed.

Lemma sound_unit : forall e, sound (unit fold r k args e) (fun f => means f (fun x => Form.eval x e)).
Proof.
  fix IH 1. intros [a p|ts c].
  - apply sound_give. intros h x _ S _. exact (S a p).
  - cbn [unit]. apply (sound_bind _ _ _ _ (fun f => means f (fun x => Form.sum x ts + c))).
    + induction ts as [|[d e] ts IHt].
      * apply sound_give. intros h x _ _ _. exact (at_number (k * c) h).
      * apply (sound_bind _ _ _ _ _ _ (IH e)). intros g G. apply (sound_bind _ _ _ _ _ _ IHt). intros q R.
        apply sound_give. intros h x I S B. rewrite Form.sum_cons.
        apply (worth_is _ _ (d * (k * Form.eval x e) + k * (Form.sum x ts + c))); [|ring].
        apply worth_added; [apply worth_scaled; exact (G h x I S B)|exact (R h x I S B)].
    + intros f F. apply (sound_more _ _ _ _ (sound_within fold _ f)). intros g G h x I S B. rewrite Form.eval_relu.
      apply (worth_is _ _ (Z.max 0 (k * (Form.sum x ts + c)))).
      { apply (G h _ I (F h x I S B)). intros On. exact (extent_sum_right h x S (B On) ts c). }
      rewrite <- Z.mul_max_distr_nonneg_l by exact scale_positive. rewrite Z.mul_0_r. reflexivity.
Qed.

Lemma sound_row : forall f, sound (row fold r k args f) (fun g => means g (fun x => Form.value x f)).
Proof.
  intros [ts c]. unfold row. cbn [fst snd]. induction ts as [|[d e] ts IH]; cbn [summed].
  - apply sound_give. intros h x _ _ _. exact (at_number (k * c) h).
  - apply (sound_bind _ _ _ _ _ _ (sound_unit e)). intros g G. apply (sound_bind _ _ _ _ _ _ IH). intros q R.
    apply sound_give. intros h x I S B. unfold Form.value in *. cbn [fst snd] in *. rewrite Form.sum_cons.
    apply (worth_is _ _ (d * (k * Form.eval x e) + k * (Form.sum x ts + c))); [|ring].
    apply worth_added; [apply worth_scaled; exact (G h x I S B)|exact (R h x I S B)].
Qed.

Theorem sound_rows : forall fs, sound (rows fold r k args fs) (fun gs => length gs = length fs /\ forall h x, In h hs ->
  stands k args h x -> (fold = true -> bounded x) -> forall i, worth (bit gs i) h (k * Form.out fs x i)).
Proof.
  intros fs. unfold rows.
  apply (sound_more _ _ _ _ (sound_every _ _ _ (fun f g => means g (fun x => Form.value x f)) fs (fun f _ => sound_row f))).
  intros gs F. split.
  - clear - F. induction F as [|f g fs gs _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity.
  - intros h x I S B. induction F as [|f g fs gs G _ IH]; intros i.
    + unfold bit, Form.out. destruct i; cbn; unfold Form.value; cbn; rewrite Z.mul_0_r; apply worth_zero.
    + destruct i as [|i]; [exact (G h x I S B)|exact (IH i)].
Qed.
End Rows.
End Model.
