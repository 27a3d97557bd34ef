(* PRESERVE: which letter stands at an index after insertions and deletions. A bound from above: one counter that is followed
  from the last edit to the first decides it. And one from below: counting is a special case. *)
From Coq Require Import List Arith Lia.
Import ListNotations.

Section Preserve.
Context {A : Type}.
Inductive edit := Insert (a : A) (p : nat) | Delete (p : nat).
Definition apply (s : list A) (e : edit) : list A :=
  match e with
  | Insert a p => firstn p s ++ a :: skipn p s
  | Delete p => firstn p s ++ skipn (S p) s
  end.
Definition edited (s : list A) (es : list edit) : list A := fold_left apply es s.
Definition valid_edit (n : nat) (e : edit) : Prop := match e with Insert _ p => p <= n | Delete p => p < n end.
Fixpoint valid (n : nat) (es : list edit) : Prop :=
  match es with
  | [] => True
  | e :: rest => valid_edit n e /\ valid (match e with Insert _ _ => S n | Delete _ => pred n end) rest
  end.
(* The question, as a predicate of a string, edits, an index and a letter. *)
Definition preserve (s : list A) (es : list edit) (q : nat) (a : A) : Prop := nth_error (edited s es) q = Some a.

(* One edit back: the letter, or the index before the edit of what stands at an index after it. *)
Definition back (e : edit) (q : nat) : A + nat :=
  match e with
  | Insert a p => if q =? p then inl a else inr (if p <? q then pred q else q)
  | Delete p => inr (if p <=? q then S q else q)
  end.
Fixpoint follow (reversed : list edit) (q : nat) : A + nat :=
  match reversed with
  | [] => inr q
  | e :: before => match back e q with inl a => inl a | inr q' => follow before q' end
  end.

Lemma nth_error_skipn : forall (s : list A) p i, nth_error (skipn p s) i = nth_error s (p + i).
Proof.
  intros s p. revert s. induction p as [| p IH]; intros [| a s] i; cbn; try reflexivity; [destruct i; reflexivity | apply IH].
Qed.

Lemma nth_error_firstn : forall (s : list A) p i, i < p -> nth_error (firstn p s) i = nth_error s i.
Proof.
  intros s p. revert s. induction p as [| p IH]; intros [| a s] [| i] I; cbn; try lia; try reflexivity. apply IH. lia.
Qed.

Lemma back_right : forall s e q, valid_edit (length s) e ->
  nth_error (apply s e) q = match back e q with inl a => Some a | inr q' => nth_error s q' end.
Proof.
  intros s [a p | p] q V; cbn [valid_edit apply back] in V |- *.
  - assert (L : length (firstn p s) = p) by (apply firstn_length_le; exact V).
    destruct (Nat.eqb_spec q p) as [-> | N].
    + rewrite nth_error_app2 by (rewrite L; lia). rewrite L, Nat.sub_diag. reflexivity.
    + destruct (Nat.ltb_spec p q) as [H | H].
      * rewrite nth_error_app2 by (rewrite L; lia). rewrite L. replace (q - p) with (S (pred q - p)) by lia. cbn [nth_error].
        rewrite nth_error_skipn. f_equal. lia.
      * rewrite nth_error_app1 by (rewrite L; lia). apply nth_error_firstn. lia.
  - assert (L : length (firstn p s) = p) by (apply firstn_length_le; lia).
    destruct (Nat.leb_spec p q) as [H | H].
    + rewrite nth_error_app2 by (rewrite L; lia). rewrite L. change (skipn (S p) s) with (skipn (S p) s). rewrite nth_error_skipn. f_equal. lia.
    + rewrite nth_error_app1 by (rewrite L; lia). apply nth_error_firstn. lia.
Qed.

Lemma apply_length : forall s e, valid_edit (length s) e ->
  length (apply s e) = match e with Insert _ _ => S (length s) | Delete _ => pred (length s) end.
Proof.
  intros s [a p | p] V; cbn [valid_edit apply] in *; rewrite app_length; cbn [length]; rewrite skipn_length, firstn_length; lia.
Qed.

(* backs: preserve.tracking *)
Theorem follow_right : forall es s q, valid (length s) es ->
  nth_error (edited s es) q = match follow (rev es) q with inl a => Some a | inr q' => nth_error s q' end.
Proof.
  assert (G : forall es tail q, follow (rev es ++ tail) q =
    match follow (rev es) q with inl a => inl a | inr q' => follow tail q' end).
  { intros es tail. generalize (rev es). intros l. induction l as [| e l IH]; intros q; [reflexivity |]. cbn.
    destruct (back e q); [reflexivity | apply IH]. }
  induction es as [| e es IH]; intros s q V; [reflexivity |]. cbn [valid] in V. destruct V as [V W]. cbn [edited fold_left rev].
  rewrite G. change (fold_left apply es (apply s e)) with (edited (apply s e) es).
  rewrite IH by (rewrite apply_length by exact V; exact W). destruct (follow (rev es) q) as [a | q']; [reflexivity |]. cbn.
  rewrite back_right by exact V. destruct (back e q'); reflexivity.
Qed.

(* Counting: every true bit inserts an a in front, every false one an a at the end of the string that began with b alone. *)
Variables (a b : A).
Hypothesis different : a <> b.
Definition counting (bits : list bool) : list edit :=
  map (fun '(i, bit) => Insert a (if bit : bool then 0 else S i)) (combine (seq 0 (length bits)) bits).
Definition ones (bits : list bool) : nat := length (filter id bits).
Definition zeros (bits : list bool) : nat := length (filter negb bits).

Lemma counted_from : forall bits x y, edited (repeat a x ++ b :: repeat a y)
    (map (fun '(i, bit) => Insert a (if bit : bool then 0 else S i)) (combine (seq (x + y) (length bits)) bits)) =
  repeat a (x + ones bits) ++ b :: repeat a (y + zeros bits).
Proof.
  induction bits as [| bit bits IH]; intros x y; cbn [length seq combine map edited fold_left].
  - unfold ones, zeros. cbn. rewrite !Nat.add_0_r. reflexivity.
  - unfold edited in IH. destruct bit; cbn [apply].
    + specialize (IH (S x) y). cbn [firstn skipn app]. change (a :: repeat a x ++ b :: repeat a y) with (repeat a (S x) ++ b :: repeat a y).
      replace (S (x + y)) with (S x + y) by lia. rewrite IH. unfold ones, zeros. cbn [filter id negb length].
      replace (x + S (length (filter id bits))) with (S x + length (filter id bits)) by lia. reflexivity.
    + specialize (IH x (S y)). assert (L : length (repeat a x ++ b :: repeat a y) = S (x + y)).
      { rewrite app_length. cbn [length]. rewrite !repeat_length. lia. }
      rewrite firstn_all2, skipn_all2 by lia. rewrite <- app_assoc. cbn [app].
      assert (E : repeat a y ++ [a] = repeat a (S y)) by (cbn [repeat]; rewrite repeat_cons; reflexivity).
      rewrite E. replace (S (x + y)) with (x + S y) by lia. rewrite IH. unfold ones, zeros. cbn [filter id negb length].
      replace (y + S (length (filter negb bits))) with (S y + length (filter negb bits)) by lia. reflexivity.
Qed.

(* backs: preserve.counting *)
Theorem counting_is_preserve : forall bits k, preserve [b] (counting bits) k b <-> ones bits = k.
Proof.
  intros bits k. unfold preserve, counting. pose proof (counted_from bits 0 0) as E. cbn [repeat app Nat.add] in E. rewrite E. clear E.
  split.
  - intros H. destruct (lt_eq_lt_dec k (ones bits)) as [[L | ->] | L]; [| reflexivity |]; exfalso.
    + rewrite nth_error_app1 in H by (rewrite repeat_length; exact L). apply nth_error_In, repeat_spec in H. congruence.
    + rewrite nth_error_app2 in H by (rewrite repeat_length; lia). rewrite repeat_length in H.
      destruct (k - ones bits) as [| i] eqn:D; [lia |]. cbn in H. apply nth_error_In, repeat_spec in H. congruence.
  - intros <-. rewrite nth_error_app2 by (rewrite repeat_length; lia). rewrite repeat_length, Nat.sub_diag. reflexivity.
Qed.

(* A model that names, from the log of edits, the letter at an index, decides PRESERVE: so that it is in no class that does not. *)
Definition right (model : list A -> list edit -> nat -> A -> Prop) : Prop :=
  forall s es q c, valid (length s) es -> (model s es q c <-> preserve s es q c).
Theorem no_model_of_the_class : forall C : (list A -> list edit -> nat -> A -> Prop) -> Prop,
  (forall P Q, C P -> (forall s es q c, valid (length s) es -> (P s es q c <-> Q s es q c)) -> C Q) ->
  ~ C preserve -> forall model, C model -> ~ right model.
Proof. intros C E N model M H. apply N. apply E with (P := model); assumption. Qed.
End Preserve.
