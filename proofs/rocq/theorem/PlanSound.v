(* A plan is read right: in a world of the final table, the forms of the residual coordinates, of hidden units and of read-outs
   have the values that the transformer computes at every position. *)
From Coq Require Import List Bool ZArith QArith Qreduction Setoid FMapPositive Lia.
From Efasp Require Import Statement Scalars Terms TermsSound Interning Worlds InterningSound Follows.
Import ListNotations.
Open Scope Q_scope.

(* A stream of forms represents a vector, and a list of forms is worth a list of numbers, at one position. *)
Definition numbering (i : nat) : positive := Pos.of_succ_nat i.
Definition represents (s : stream) (h : vector) (e : env) : Prop :=
  forall i, nth i h 0 == form_value e (at_ s (numbering i)).
Definition worth (e : env) (fs : list form) (xs : vector) : Prop := Forall2 (fun f x => form_value e f == x) fs xs.
Definition nothing : form := constant_form 0.

Lemma worth_nth : forall e fs xs i, worth e fs xs -> nth i xs 0 == form_value e (nth i fs nothing).
Proof.
  intros e fs xs i W. revert i. induction W as [|f x fs xs H W IH]; intros [|i]; cbn [nth]; try (symmetry;
    apply constant_form_value); [symmetry; exact H|apply IH].
Qed.

Lemma at_add : forall s i j f, at_ (Map.add i f s) j = if Pos.eqb i j then f else at_ s j.
Proof.
  intros s i j f. unfold at_. destruct (Pos.eqb_spec i j) as [<-|N]; [rewrite Map.gss; reflexivity|].
  rewrite Map.gso by congruence. reflexivity.
Qed.

Lemma numbering_eqb : forall i j, Pos.eqb (numbering i) (numbering j) = Nat.eqb i j.
Proof.
  intros i j. apply eq_true_iff_eq. rewrite Pos.eqb_eq, Nat.eqb_eq. split; [apply SuccNat2Pos.inj|congruence].
Qed.

Lemma listed_at : forall fs n s m, at_ (listed (numbering n) fs s) (numbering m) =
  if Nat.ltb m n then at_ s (numbering m) else nth (m - n) fs (at_ s (numbering m)).
Proof.
  induction fs as [|f fs IH]; intros n s m; cbn [listed].
  - destruct (Nat.ltb m n); [reflexivity|]. destruct (m - n)%nat; reflexivity.
  - change (Pos.succ (numbering n)) with (numbering (S n)). rewrite IH, at_add, numbering_eqb.
    destruct (Nat.ltb_spec m (S n)), (Nat.ltb_spec m n), (Nat.eqb_spec n m); try lia; try reflexivity.
    + subst m. rewrite Nat.sub_diag. reflexivity.
    + replace (m - n)%nat with (S (m - S n)) by lia. reflexivity.
Qed.

Lemma listed_represents : forall e fs xs, worth e fs xs -> represents (listed 1 fs (Map.empty _)) xs e.
Proof.
  intros e fs xs W i. rewrite (worth_nth e fs xs i W). change 1%positive with (numbering 0). rewrite listed_at, Nat.sub_0_r.
  cbn [Nat.ltb Nat.leb]. unfold at_. rewrite Map.gempty. reflexivity.
Qed.

Lemma nth_plus : forall a b i, nth i (plus a b) 0 == nth i a 0 + nth i b 0.
Proof.
  induction a as [|u a IH]; intros [|v b] [|i]; cbn [plus nth]; try ring; [apply Qred_correct|apply IH].
Qed.

Lemma added_value : forall e fs n s m, form_value e (at_ (added (numbering n) fs s) (numbering m)) ==
  form_value e (at_ s (numbering m)) + (if Nat.ltb m n then 0 else form_value e (nth (m - n) fs nothing)).
Proof.
  intros e. induction fs as [|f fs IH]; intros n s m; cbn [added].
  - destruct (Nat.ltb m n); [ring|]. destruct (m - n)%nat; cbn [nth]; rewrite (constant_form_value e 0); ring.
  - change (Pos.succ (numbering n)) with (numbering (S n)). rewrite IH.
    assert (A : form_value e (at_ (if zero_form f then s else Map.add (numbering n) (add_forms (at_ s (numbering n)) f) s)
      (numbering m)) == form_value e (at_ s (numbering m)) + (if Nat.eqb n m then form_value e f else 0)).
    { destruct (zero_form f) eqn:Z; [destruct (Nat.eqb n m); rewrite ?(zero_form_value e f Z); ring|].
      rewrite at_add, numbering_eqb. destruct (Nat.eqb_spec n m) as [<-|N]; [rewrite add_forms_value; reflexivity|ring]. }
    rewrite A. destruct (Nat.ltb_spec m (S n)), (Nat.ltb_spec m n), (Nat.eqb_spec n m); try lia; try ring.
    + subst m. rewrite Nat.sub_diag. cbn [nth]. ring.
    + replace (m - n)%nat with (S (m - S n)) by lia. cbn [nth]. ring.
Qed.

Lemma added_represents : forall e fs xs s h, represents s h e -> worth e fs xs -> represents (added 1 fs s) (plus h xs) e.
Proof.
  intros e fs xs s h R W i. rewrite nth_plus, (R i), (worth_nth e fs xs i W). change 1%positive with (numbering 0).
  rewrite added_value, Nat.sub_0_r. reflexivity.
Qed.

(* Rows. *)
Fixpoint weigh (row : vector) (g : nat -> Q) : Q :=
  match row with [] => 0 | c :: rest => c * g O + weigh rest (fun i => g (S i)) end.

Lemma weigh_zero : forall row g, (forall i, g i == 0) -> weigh row g == 0.
Proof.
  induction row as [|c row IH]; intros g H; cbn [weigh]; [reflexivity|]. rewrite (H O), (IH (fun i => g (S i))) by
    (intros i; apply H). ring.
Qed.

Lemma dot_cons : forall c v a b, dot (c :: a) (v :: b) == c * v + dot a b.
Proof.
  intros [[|p|p] d] v a b; cbn [dot]; try apply Qred_correct.
  assert (Z : 0 # d == 0) by reflexivity. rewrite Z. ring.
Qed.

Lemma dot_weigh : forall row h, dot row h == weigh row (fun i => nth i h 0).
Proof.
  induction row as [|c row IH]; intros h; [reflexivity|]. destruct h as [|v h].
  - transitivity 0; [destruct c as [[|p|p] d]; reflexivity|]. symmetry. apply weigh_zero. intros [|i]; reflexivity.
  - rewrite dot_cons, IH. reflexivity.
Qed.

Lemma weigh_equal : forall row g g', (forall i, g i == g' i) -> weigh row g == weigh row g'.
Proof.
  induction row as [|c row IH]; intros g g' H; cbn [weigh]; [reflexivity|].
  rewrite (H O), (IH (fun i => g (S i)) (fun i => g' (S i))) by (intros i; apply H). reflexivity.
Qed.

Definition row_form (s : stream) (row : list (positive * Q)) : form :=
  combination 0 (map (fun '(i, c) => (c, at_ s i)) row).

Lemma row_form_cons : forall e s i c row, form_value e (row_form s ((i, c) :: row)) ==
  c * form_value e (at_ s i) + form_value e (row_form s row).
Proof. intros e s i c row. unfold row_form. rewrite !combination_value. cbn [map fold_right]. ring. Qed.

Lemma sparse_value : forall e s row n, form_value e (row_form s (sparse (numbering n) row)) ==
  weigh row (fun i => form_value e (at_ s (numbering (n + i)))).
Proof.
  intros e s. induction row as [|c row IH]; intros n; cbn [sparse weigh].
  - unfold row_form. rewrite combination_value. cbn. ring.
  - change (Pos.succ (numbering n)) with (numbering (S n)). rewrite Nat.add_0_r.
    assert (T : weigh row (fun i => form_value e (at_ s (numbering (n + S i)))) ==
      form_value e (row_form s (sparse (numbering (S n)) row))).
    { rewrite IH. apply weigh_equal. intros i. rewrite Nat.add_succ_r. reflexivity. }
    rewrite T. destruct c as [[|p|p] d]; try (rewrite row_form_cons, Qred_correct; reflexivity).
    assert (Z : 0 # d == 0) by reflexivity. rewrite Z. ring.
Qed.

Lemma row_right : forall e s h row, represents s h e -> form_value e (row_form s (sparse 1 row)) == dot row h.
Proof.
  intros e s h row R. change 1%positive with (numbering 0). rewrite sparse_value, dot_weigh. apply weigh_equal.
  intros i. symmetry. apply R.
Qed.

Lemma mapped_right : forall e s h m, represents s h e -> worth e (mapped s m) (times m h).
Proof.
  intros e s h m R. induction m as [|row m IH]; constructor; [|exact IH]. exact (row_right e s h row R).
Qed.

Lemma dot_pairs : forall e f qs query ks key, worth e qs query -> worth f ks key -> dot query key ==
  fold_right (fun '(q, k) rest => form_value e q * form_value f k + rest) 0 (combine qs ks).
Proof.
  intros e f qs query ks key W. revert ks key. induction W as [|q x qs query Hx W IH]; intros ks key V; [reflexivity|].
  destruct V as [|k y ks key Hy V]; [destruct x as [[|p|p] d]; reflexivity|]. rewrite dot_cons. cbn [combine fold_right].
  rewrite (IH ks key V), Hx, Hy. reflexivity.
Qed.

(* Means. *)
Lemma nth_total : forall i vs, nth i (fold_right plus [] vs) 0 == fold_right Qplus 0 (map (fun v => nth i v 0) vs).
Proof.
  intros i. induction vs as [|v vs IH]; cbn [map fold_right]; [destruct i; reflexivity|]. rewrite nth_plus, IH. reflexivity.
Qed.

Lemma nth_mean : forall i vs, nth i (mean vs) 0 == average (map (fun v => nth i v 0) vs).
Proof.
  intros i vs. unfold mean, average. rewrite map_length, <- nth_total. set (n := inject_Z _).
  generalize (fold_right plus [] vs). intros l. revert i. induction l as [|x l IH]; intros [|i]; cbn [map nth];
    try (unfold Qdiv; ring); [apply Qred_correct|apply IH].
Qed.

Lemma filter_map : forall A B (g : A -> B) p l, filter p (map g l) = map g (filter (fun x => p (g x)) l).
Proof.
  intros A B g p l. induction l as [|x l IH]; [reflexivity|]. cbn [map filter]. destruct (p (g x)); cbn [map];
    rewrite IH; reflexivity.
Qed.

Lemma combine_map : forall A B C (f : A -> B) (g : A -> C) l, combine (map f l) (map g l) = map (fun x => (f x, g x)) l.
Proof. intros A B C f g l. induction l as [|x l IH]; [reflexivity|]. cbn [map combine]. rewrite IH. reflexivity. Qed.

Lemma both_represented : forall s fs m hs xs, Forall2 (represents s) hs m -> Forall2 (fun x e => worth e fs x) xs m ->
  Forall2 (represents (added 1 fs s)) (both hs xs) m.
Proof.
  intros s fs m hs xs R. revert xs. unfold both.
  induction R as [|h e hs w Rh R IH]; intros xs X; inversion X as [|x ? xs' ? Hx X']; subst; cbn [combine map]; constructor.
  - apply added_represents; assumption.
  - apply IH. exact X'.
Qed.

(* Hidden units, in order, however they are grouped. *)
Definition flattened (groups : list (list (positive * Q) * list Q)) : list (list (positive * Q) * Q) :=
  flat_map (fun '(row, bs) => map (pair row) bs) groups.

Lemma plus_nothing : forall a, plus a [] = a.
Proof. intros [|x a]; reflexivity. Qed.

Lemma grouped_right : forall e s h rows biases, represents s h e ->
  Forall2 (fun '(row, b) x => form_value e (row_form s row) + b == x) (flattened (grouped rows biases))
    (plus (times rows h) biases).
Proof.
  intros e s h rows biases R. revert biases. induction rows as [|r rows IH]; intros biases.
  - assert (Z : form_value e (row_form s []) == 0) by (unfold row_form; rewrite combination_value; cbn; ring).
    destruct biases as [|b bs]; [constructor|].
    replace (flattened (grouped [] (b :: bs))) with (map (pair (@nil (positive * Q))) (b :: bs))
      by (cbn; rewrite app_nil_r; reflexivity). change (plus (times [] h) (b :: bs)) with (b :: bs).
    generalize (b :: bs). clear - Z. intros l. induction l as [|x l IH]; cbn [map]; constructor; [rewrite Z; ring|exact IH].
  - assert (G : forall row b groups xs x, form_value e (row_form s row) + b == x ->
        Forall2 (fun '(row, b) x => form_value e (row_form s row) + b == x) (flattened groups) xs ->
        Forall2 (fun '(row, b) x => form_value e (row_form s row) + b == x) (flattened (match groups with
          | (other, bs) :: groups => if same_linear row other then (row, b :: bs) :: groups
              else (row, [b]) :: (other, bs) :: groups
          | [] => [(row, [b])] end)) (x :: xs)).
    { intros row b groups xs x E F. destruct groups as [|(other, bs) groups]; [constructor; [exact E|exact F]|].
      destruct (same_linear row other) eqn:S; [apply same_linear_equal in S; subst other|]; constructor; assumption. }
    cbn [grouped times map]. destruct biases as [|b bs].
    + rewrite plus_nothing. apply G; [rewrite (row_right e s h r R); ring|]. specialize (IH []).
      rewrite plus_nothing in IH. exact IH.
    + cbn [plus]. apply G; [rewrite (row_right e s h r R), !Qred_correct; reflexivity|]. apply IH.
Qed.

Lemma forall2_app : forall A B (P : A -> B -> Prop) a b x y, Forall2 P a x -> Forall2 P b y -> Forall2 P (a ++ b) (x ++ y).
Proof. intros A B P a b x y F G. induction F; cbn [app]; [exact G|constructor; assumption]. Qed.

Lemma forall2_weaken : forall A B (P R : A -> B -> Prop) a b, (forall x y, P x y -> R x y) -> Forall2 P a b -> Forall2 R a b.
Proof. intros A B P R a b H F. induction F; constructor; auto. Qed.

Lemma padded_right : forall e fs xs biases, worth e fs xs -> worth e (padded fs biases) (plus xs biases).
Proof.
  intros e fs xs biases W. revert biases. induction W as [|f x fs xs H W IH]; intros biases.
  - cbn [plus]. destruct biases as [|b bs]; [constructor|]. cbn [padded]. generalize (b :: bs). clear. intros l.
    induction l as [|b l IH]; cbn [map]; constructor; [rewrite constant_form_value; apply Qred_correct|exact IH].
  - destruct biases as [|b bs]; [constructor; [exact H|exact W]|]. cbn [padded plus]. constructor; [|apply IH].
    unfold form_value in *. cbn [free parts]. rewrite qadd_sum, !Qred_correct, <- H. ring.
Qed.

Section World.
Variables (final : table) (world : list env) (known : facts).
Hypothesis valid : valid_in final world.
Hypothesis facts_hold : known_in known world.
Hypothesis somewhere : world <> [].
Definition represented (s : stream) (hs : list vector) : Prop := Forall2 (represents s) hs world.

(* Attention: what a head adds. *)
Lemma score_selects : forall s hs pairs b (f : vector -> vector -> Q) h e, represented s hs -> b = normal_score pairs ->
  (forall h' e', represents s h' e' -> f h h' ==
    fold_right (fun '(q, k) rest => form_value e q * form_value e' k + rest) 0 pairs) ->
  Forall2 (represents s) (filter (fun h' => Qeq_bool (f h h') (greatest (map (f h) hs))) hs) (winners b e world).
Proof.
  intros s hs pairs b f h e R -> H. destruct (normal_score_right pairs e) as (c & k & P & E).
  apply (selected _ _ _ (f h) (fun e' => bilinear_value e e' (normal_score pairs)) c k); [exact P| |exact R].
  intros h' e' R'. rewrite (H h' e' R'). apply E.
Qed.

Lemma mean_right : forall s e vs values (wv : matrix) chosen b, Forall2 (represents s) chosen (winners b e world) ->
  vs = mapped s wv ->
  Forall2 (fun f g => form_value e g == average (map (fun w => form_value w f) (winners b e world))) vs values ->
  represents (listed 1 values (Map.empty _)) (mean (map (times wv) chosen)) e.
Proof.
  intros s e vs values wv chosen b C -> V i. rewrite nth_mean, map_map. change 1%positive with (numbering 0).
  rewrite listed_at, Nat.sub_0_r. cbn [Nat.ltb Nat.leb]. unfold at_ at 1. rewrite Map.gempty.
  transitivity (average (map (fun w => form_value w (nth i (mapped s wv) nothing)) (winners b e world))).
  - apply (average_extends _ _ (represents s)); [|exact C]. intros h w R. apply (worth_nth w). apply mapped_right. exact R.
  - generalize (mapped s wv) as vs, V. clear. intros vs V. revert i. induction V as [|f g vs values H V IH]; intros i.
    + destruct i; cbn [nth]; rewrite (constant_form_value e 0);
        (transitivity (average (map (fun _ : env => 0) (winners b e world))); [|apply average_zero]);
        apply (average_extends _ _ eq); (reflexivity || (intros x y <-; apply constant_form_value) ||
          (clear; induction (winners b e world); constructor; trivial)).
    + destruct i as [|i]; [symmetry; exact H|apply IH].
Qed.

Lemma head_right : forall t s a u fs, fresh t -> read_head t s a = (u, fs) -> fresh u /\ extends t u /\
  (extends u final -> forall hs, represented s hs -> Forall2 (fun x e => worth e fs x) (attend a hs) world).
Proof.
  intros t s a u fs F H. unfold read_head in H. set (pairs := combine (mapped s (wq a)) (mapped s (wk a))) in H.
  destruct (score t pairs) as [t1 n] eqn:S. destruct (score_right t pairs t1 n S) as (G & b & B & E). destruct (G F) as [F1 E1].
  destruct (means_of t1 n (mapped s (wv a))) as [t2 values] eqn:M. injection H as <- <-.
  destruct (means_of_right final world valid somewhere n b _ t1 t2 values F1 M) as (F2 & E2 & W).
  split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|]. intros EF hs R.
  specialize (W EF (same_scores _ _ (extends_trans _ _ _ E2 EF) _ _ B)).
  unfold attend. cbv zeta.
  assert (L : forall l m, Forall2 (represents s) l m -> (forall e, In e m -> In e world) -> Forall2 (fun x e =>
      worth e (mapped (listed 1 values (Map.empty _)) (wo a)) x)
      (map (fun h => times (wo a) (mean (map snd (filter (fun '(score, _) =>
        Qeq_bool score (greatest (map (dot (times (wq a) h)) (map (times (wk a)) hs))))
        (combine (map (dot (times (wq a) h)) (map (times (wk a)) hs)) (map (times (wv a)) hs)))))) l) m).
  { intros l m F2'. induction F2' as [|h e l m Rh F2' IH]; intros I; constructor; [|apply IH; intros e' J; apply I; right;
      exact J].
    apply mapped_right. rewrite !map_map, combine_map, filter_map, map_map. cbn [fst snd].
    apply (mean_right s e (mapped s (wv a)) values (wv a) _ b); [|reflexivity|apply W; apply I; left; reflexivity].
    apply (score_selects s hs pairs b (fun h h' => dot (times (wq a) h) (times (wk a) h')) h e R E).
    intros h' e' R'. apply dot_pairs; apply mapped_right; assumption. }
  apply L; [exact R|trivial].
Qed.

Lemma heads_right : forall s l t sum u sum', fresh t -> read_heads t s sum l = (u, sum') -> fresh u /\ extends t u /\
  (extends u final -> forall hs acc, represented s hs -> represented sum acc ->
    represented sum' (fold_left both (map (fun a => attend a hs) l) acc)).
Proof.
  intros s. induction l as [|a l IH]; intros t sum u sum' F H; cbn [read_heads] in H.
  - injection H as <- <-. split; [exact F|]. split; [apply extends_refl|]. intros _ hs acc _ A. exact A.
  - destruct (read_head t s a) as [t1 fs] eqn:A. destruct (head_right t s a t1 fs F A) as (F1 & E1 & W).
    destruct (IH t1 _ u sum' F1 H) as (F2 & E2 & V). split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|].
    intros E hs acc R RA. cbn [map fold_left]. apply (V E hs); [exact R|]. apply both_represented; [exact RA|].
    exact (W (extends_trans _ _ _ E2 E) hs R).
Qed.

(* Feed-forward blocks and layers. *)
Lemma units_right : forall s groups t u fss, fresh t -> read_units known t s groups = (u, fss) -> fresh u /\ extends t u /\
  (extends u final -> forall e, In e world ->
    Forall2 (fun '(row, b) f => form_value e f == rectify (form_value e (row_form s row) + b)) (flattened groups) (concat fss)).
Proof.
  intros s. induction groups as [|(row, bs) groups IH]; intros t u fss F H; cbn [read_units] in H.
  - injection H as <- <-. split; [exact F|]. split; [apply extends_refl|]. constructor.
  - fold (row_form s row) in H. cbv zeta in H.
    destruct (rectified known t _ _) as [t1 fs] eqn:R. destruct (read_units known t1 s groups) as [t2 more] eqn:M.
    injection H as <- <-. destruct (rectified_right final world known valid facts_hold t _ _ t1 fs F R) as (F1 & E1 & W).
    destruct (IH t1 t2 more F1 M) as (F2 & E2 & V). split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|].
    intros E e I. cbn [flattened flat_map concat]. apply forall2_app; [|exact (V E e I)].
    specialize (W (extends_trans _ _ _ E2 E) e I). clear - W. revert fs W.
    induction bs as [|b bs IH]; intros fs W; cbn [map] in *;
      inversion W as [|? f ? fs' H W']; subst; constructor; [|apply IH; exact W'].
    rewrite H. apply rectify_equal. rewrite qadd_sum, Qred_correct. unfold row_form, form_value, combination.
    cbn [free parts]. ring.
Qed.

Lemma layer_right : forall s l t u s', fresh t -> read_layer known t s l = (u, s') -> fresh u /\ extends t u /\
  (extends u final -> forall hs, represented s hs -> represented s' (through hs l)).
Proof.
  intros s l t u s' F H. unfold read_layer in H. destruct (read_heads t s s (heads l)) as [t1 s1] eqn:A.
  destruct (heads_right s (heads l) t s t1 s1 F A) as (F1 & E1 & W).
  destruct (read_units known t1 s1 _) as [t2 units] eqn:U. injection H as <- <-.
  destruct (units_right s1 _ t1 t2 units F1 U) as (F2 & E2 & V). split; [exact F2|].
  split; [exact (extends_trans _ _ _ E1 E2)|]. intros E hs R.
  specialize (W (extends_trans _ _ _ E2 E) hs hs R R). unfold through. revert W.
  generalize (fold_left both (map (fun a => attend a hs) (heads l)) hs). clear R hs. intros hs R. specialize (V E).
  unfold represented in *. assert (L : forall l0 m, Forall2 (represents s1) l0 m -> (forall e, In e m -> In e world) ->
    Forall2 (represents (added 1 (mapped (listed 1 (concat units) (Map.empty _)) (down l)) s1)) (map (feed l) l0) m).
  { intros l0 m G. induction G as [|h e l0 m Rh G IH]; intros I; cbn [map]; constructor;
      [|apply IH; intros e' J; apply I; right; exact J].
    unfold feed. apply added_represents; [exact Rh|]. apply mapped_right, listed_represents.
    pose proof (grouped_right e s1 h (up l) (bias l) Rh) as X. specialize (V e (I e (or_introl eq_refl))).
    revert X V. generalize (flattened (grouped (up l) (bias l))), (concat units), (plus (times (up l) h) (bias l)). clear.
    intros rows fs xs X. revert fs. induction X as [|(row, b) x rows xs H X IH]; intros fs V;
      inversion V as [|? f ? fs' H' V']; subst; cbn [Statement.relu map]; constructor; [|apply IH; exact V'].
    rewrite H'. change (rectify (form_value e (row_form s1 row) + b) == rectify x). apply rectify_equal. exact H. }
  apply L; [exact R|trivial].
Qed.

Lemma layers_right : forall l t s u s', fresh t -> read_layers known t s l = (u, s') -> fresh u /\ extends t u /\
  (extends u final -> forall hs, represented s hs -> represented s' (fold_left through l hs)).
Proof.
  induction l as [|x l IH]; intros t s u s' F H; cbn [read_layers] in H.
  - injection H as <- <-. split; [exact F|]. split; [apply extends_refl|]. intros _ hs R. exact R.
  - destruct (read_layer known t s x) as [t1 s1] eqn:X. destruct (layer_right s x t t1 s1 F X) as (F1 & E1 & W).
    destruct (IH t1 s1 u s' F1 H) as (F2 & E2 & V). split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|].
    intros E hs R. cbn [fold_left]. apply (V E). exact (W (extends_trans _ _ _ E2 E) hs R).
Qed.
End World.

Lemma embedded_right : forall token place tm pm tokens places world, Forall2 (represents token) tokens world ->
  Forall2 (represents place) places world -> Forall2 (represents (added 1 (mapped place pm) (listed 1 (mapped token tm)
    (Map.empty _)))) (both (map (times tm) tokens) (map (times pm) places)) world.
Proof.
  intros token place tm pm tokens places world T P. apply both_represented.
  - induction T as [|h e tokens w R T IH] in P |- *; [constructor|]. cbn [map]. constructor.
    + apply listed_represents, mapped_right. exact R.
    + clear - T. induction T; cbn [map]; constructor; [apply listed_represents, mapped_right|]; assumption.
  - clear - P. induction P; cbn [map]; constructor; [apply mapped_right|]; assumption.
Qed.
