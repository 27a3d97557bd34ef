(* How much a builder adds: at most so many nodes, each of which reads earlier scalars and is computed in a bounded half of a
   layer (Direct.v); and in which half its results are there. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel StepBuilder StepDefined Direct DirectPlaced DirectSizes.
From Efasp Require Form Match Lookups Follows.
Import ListNotations.
Open Scope nat_scope.

Definition indices (f : form) : list nat := map snd (terms (plain f)).

Lemma indices_added : forall f g, indices (added f g) = indices f ++ indices g.
Proof.
  intros [c s] [d t]. unfold indices, plain, added, Follows.expand_sum, Follows.unary, formed, parts.
    cbn [Follows.summands terms].
  rewrite !map_app. reflexivity.
Qed.

Lemma indices_scaled : forall k f, indices (scaled k f) = indices f.
Proof.
  intros k [c s]. assert (E : indices (formed (k * c) (map (fun '(d, i) => (multiple k d, i)) s)) = indices (formed c s)).
  { unfold indices, plain, Follows.expand_sum, Follows.unary, formed. cbn [Follows.summands terms]. rewrite !map_map.
    apply map_ext. intros [d i]. reflexivity. }
  unfold scaled. destruct k as [|[k|k|]|k]; try exact E. reflexivity.
Qed.

Lemma indices_scalar : forall i, indices (scalar (Pos.of_succ_nat i)) = [i].
Proof.
  intros i. unfold indices, plain, scalar, Follows.expand_sum, Follows.unary, formed. cbn. rewrite SuccNat2Pos.id_succ.
    reflexivity.
Qed.

(* The next half of a head, and of a hidden unit. *)
Definition by_head (k : nat) : nat := if Nat.even k then S k else S (S k).
Definition by_unit (k : nat) : nat := if Nat.even k then S (S k) else S k.

Lemma by_unit_monotone : forall j k, j <= k -> by_unit j <= by_unit k.
Proof.
  intros j k L. unfold by_unit. destruct (Nat.even j) eqn:E, (Nat.even k) eqn:F; try lia.
    destruct (Nat.eq_dec j k) as [->|N]; [congruence|lia].
Qed.

Lemma by_unit_above : forall k, k <= by_unit k.
Proof. intros k. unfold by_unit. destruct (Nat.even k); lia. Qed.

Lemma by_head_monotone : forall j k, j <= k -> by_head j <= by_head k.
Proof.
  intros j k L. unfold by_head. destruct (Nat.even j) eqn:E, (Nat.even k) eqn:F; try lia.
    destruct (Nat.eq_dec j k) as [->|N]; [congruence|lia].
Qed.

Section Count.
(* The half in which each scalar is there; the greatest half of any node; the greatest length of a query. *)
Variables (at_half : nat -> nat) (top q : nat).

(* A form of scalars before number p that are there in half k. *)
Definition upto (p k : nat) (f : form) : Prop := forall i, In i (indices f) -> i < p /\ at_half i <= k.
Notation all_upto p k := (Forall (upto p k)).

Lemma upto_more : forall p k p' k' f, upto p k f -> p <= p' -> k <= k' -> upto p' k' f.
Proof. intros p k p' k' f U P K i I. specialize (U i I). lia. Qed.

Lemma all_more : forall p k p' k' fs, all_upto p k fs -> p <= p' -> k <= k' -> all_upto p' k' fs.
Proof. intros p k p' k' fs U P K. eapply Forall_impl; [|exact U]. intros f F. exact (upto_more p k p' k' f F P K). Qed.

Lemma upto_number : forall p k c, upto p k (number c).
Proof. intros p k c i []. Qed.

Lemma upto_added : forall p k f g, upto p k f -> upto p k g -> upto p k (added f g).
Proof. intros p k f g F G i I. rewrite indices_added in I. apply in_app_or in I as [I|I]; [exact (F i I)|exact (G i I)]. Qed.

Lemma upto_scaled : forall p k c f, upto p k f -> upto p k (scaled c f).
Proof. intros p k c f F i I. rewrite indices_scaled in I. exact (F i I). Qed.

Lemma upto_combined : forall p k l c, Forall (fun t => upto p k (snd t)) l -> upto p k (combined l c).
Proof.
  intros p k l c F. induction F as [|[d f] l H F IH]; [apply upto_number|]. cbn [combined fold_right].
  apply upto_added; [apply upto_scaled; exact H|exact IH].
Qed.

Lemma upto_pairs : forall p k (c : Z) fs, all_upto p k fs -> Forall (fun t : Z * form => upto p k (snd t)) (map (pair c) fs).
Proof. intros p k c fs F. apply Forall_map. exact F. Qed.

Lemma upto_total : forall p k fs, all_upto p k fs -> upto p k (total fs).
Proof. intros p k fs F. apply upto_combined, upto_pairs, F. Qed.

Lemma upto_bit : forall p k fs i, all_upto p k fs -> upto p k (bit fs i).
Proof.
  intros p k fs i F. unfold bit. destruct (Nat.lt_ge_cases i (length fs)) as [L|L].
  - rewrite Forall_forall in F. apply F, nth_In, L.
  - rewrite nth_overflow by exact L. apply upto_number.
Qed.

Lemma upto_each : forall p k w g, (forall i, upto p k (g i)) -> all_upto p k (each w g).
Proof. intros p k w g G. unfold each. apply Forall_map, Forall_forall. intros i _. apply G. Qed.

Lemma upto_sums : forall p k w words, Forall (all_upto p k) words -> all_upto p k (sums w words).
Proof.
  intros p k w words F. apply upto_each. intros i. apply upto_total, Forall_map. eapply Forall_impl; [|exact F].
  intros fs G. exact (upto_bit p k fs i G).
Qed.

Definition agrees (p : nat) (ns : list written) : Prop := forall i x, nth_error ns i = Some x ->
  node_below (p + i) (plain_node x) ->
  at_half (p + i) = half_after (plain_node x) (list_max (map at_half (read_by (plain_node x)))).
Definition fine (p : nat) (ns : list written) : Prop := forall i x, nth_error ns i = Some x ->
  node_below (p + i) (plain_node x) /\ narrow q (plain_node x) /\ at_half (p + i) <= top.
(* From scalar p on the builder adds at most n nodes, and its result has the property at the number of the next scalar. *)
Definition adds {A} (p n : nat) (m : builder A) (property : nat -> A -> Prop) : Prop := forall a ns,
  m (Pos.of_succ_nat p) = (a, ns) -> agrees p ns -> length ns <= n /\ fine p ns /\ property (p + length ns) a.

Lemma adds_give : forall A p (a : A) (P : nat -> A -> Prop), P p a -> adds p 0 (give a) P.
Proof.
  intros A p a P H b ns E _. injection E as <- <-. cbn [length]. rewrite Nat.add_0_r. split; [lia|]. split; [|exact H].
  intros [|i] x N; discriminate.
Qed.

Lemma adds_bind : forall A B p n n' (m : builder A) (f : A -> builder B) P R, adds p n m P ->
  (forall a p', p <= p' -> P p' a -> adds p' n' (f a) R) -> adds p (n + n') (bind m f) R.
Proof.
  intros A B p n n' m f P R M F b ns E G. unfold bind in E. destruct (m (Pos.of_succ_nat p)) as [a first] eqn:Em.
  rewrite after_count in E. destruct (f a (Pos.of_succ_nat (p + length first))) as [b' rest] eqn:Ef. injection E as <- <-.
  destruct (M a first Em) as (Ln & Fn & Pa).
  { intros i x N. apply G. rewrite nth_error_app1; [exact N|]. apply nth_error_Some. congruence. }
  destruct (F a (p + length first) (Nat.le_add_r _ _) Pa b' rest Ef) as (Lr & Fr & Rb).
  { intros i x N Bl. rewrite <- Nat.add_assoc in *. apply G; [|exact Bl]. rewrite nth_error_app2, Nat.add_comm,
    Nat.add_sub by lia. exact N. }
  rewrite app_length, Nat.add_assoc. split; [lia|]. split; [|exact Rb]. intros i x N.
  destruct (Nat.lt_ge_cases i (length first)) as [L|L].
  - rewrite nth_error_app1 in N by exact L. exact (Fn i x N).
  - rewrite nth_error_app2 in N by exact L. replace (p + i) with (p + length first + (i - length first)) by lia.
    exact (Fr _ x N).
Qed.

Lemma adds_more : forall A p n n' (m : builder A) (P R : nat -> A -> Prop), adds p n m P -> n <= n' ->
  (forall p' a, p <= p' -> P p' a -> R p' a) -> adds p n' m R.
Proof. intros A p n n' m P R M L I a ns E G. destruct (M a ns E G) as (B & F & Q). split; [lia|]. split; [exact F|].
  apply I; [lia|exact Q]. Qed.

Lemma max_upto : forall k is, (forall i, In i is -> at_half i <= k) -> list_max (map at_half is) <= k.
Proof. intros k is H. apply max_within. intros x X. apply in_map_iff in X as (i & <- & I). exact (H i I). Qed.

Lemma adds_emit : forall p n h, node_below p (plain_node n) -> narrow q (plain_node n) ->
  half_after (plain_node n) (list_max (map at_half (read_by (plain_node n)))) <= h -> h <= top ->
  adds p 1 (emit n) (fun p' f => upto p' h f).
Proof.
  intros p n h B N H T f ns E G. injection E as <- <-. pose proof (G 0 n eq_refl) as Q. rewrite Nat.add_0_r in Q.
    specialize (Q B).
  split; [apply Nat.le_refl|]. split.
  - intros [|i] x X; [|destruct i; discriminate]. injection X as <-. rewrite Nat.add_0_r. repeat split; [exact B|exact N|lia].
  - cbn [length]. intros i I. rewrite indices_scalar in I. destruct I as [<-|[]]. lia.
Qed.

Lemma below_upto : forall p k f, upto p k f -> reads_below p (plain f).
Proof. intros p k f U c i I. apply (U i). unfold indices. apply in_map_iff. exists (c, i). split; [reflexivity|exact I]. Qed.

Lemma adds_rectified : forall p k f, upto p k f -> by_unit k <= top -> adds p 1 (rectified f) 
  (fun p' g => upto p' (by_unit k) g).
Proof.
  intros p k f U T. apply adds_emit; [exact (below_upto p k f U)|exact I| |exact T].
  apply (by_unit_monotone (list_max (map at_half (indices f)))). apply max_upto. intros i J. apply U, J.
Qed.

(* What adds nothing adds at most any number. *)
Lemma adds_given : forall A p n (a : A) (P : nat -> A -> Prop), P p a -> adds p n (give a) P.
Proof. intros A p n a P H. exact (adds_more A p 0 n _ P P (adds_give A p a P H) (Nat.le_0_l n) (fun _ _ _ R => R)). Qed.

(* A unit that is left out is 0, or its argument, which is there earlier. *)
Lemma adds_within : forall p k fold r f, upto p k f -> by_unit k <= top ->
  adds p 1 (StepBuilder.within fold r f) (fun p' g => upto p' (by_unit k) g).
Proof.
  intros p k fold r f U T. unfold StepBuilder.within. destruct (fold && (snd r <=? 0)%Z); [|destruct (fold && (0 <=? fst r)%Z)].
  - apply adds_given, upto_number.
  - apply adds_given, (upto_more p k); [exact U|apply Nat.le_refl|apply by_unit_above].
  - exact (adds_rectified p k f U T).
Qed.

Definition attends (p k : nat) (m : attention) : Prop :=
  all_upto p k (asks m) /\ all_upto p k (offers m) /\ length (asks m) <= q /\ length (offers m) <= q.

Lemma adds_read : forall p k m v, attends p k m -> upto p k v -> by_head k <= top ->
  adds p 1 (read m v) (fun p' g => upto p' (by_head k) g).
Proof.
  intros p k m v (A & O & La & Lo) V T. rewrite Forall_forall in A, O.
  assert (In_plain : forall fs g, (forall f, In f fs -> upto p k f) -> In g (map plain fs) ->
    exists f, g = plain f /\ upto p k f).
  { intros fs g H G. apply in_map_iff in G as (f & <- & F). exists f. split; [reflexivity|exact (H f F)]. }
  apply adds_emit; [| | |exact T].
  - split; [|exact (below_upto p k v V)]. intros f F. apply in_app_or in F as [F|F];
      [destruct (In_plain _ _ A F) as (g & -> & G)|destruct (In_plain _ _ O F) as (g & -> & G)]; exact (below_upto p k g G).
  - cbn [plain_node narrow]. rewrite !map_length. split; assumption.
  - apply (by_head_monotone (list_max (map at_half (read_by (plain_node (Mean (asks m) (offers m) v)))))). apply max_upto.
    intros i J. cbn [plain_node read_by] in J. apply in_flat_map in J as (f & F & J). apply in_app_or in F as [F|F];
      [destruct (In_plain _ _ A F) as (g & -> & G); apply G, J|]. apply in_app_or in F as [F|[<-|[]]];
      [destruct (In_plain _ _ O F) as (g & -> & G); apply G, J|apply V, J].
Qed.

(* In turn. *)
Lemma adds_every : forall A B (f : A -> builder B) (P : nat -> B -> Prop) n l p,
  (forall p' p'' b, p' <= p'' -> P p' b -> P p'' b) -> (forall a p', In a l -> p <= p' -> adds p' n (f a) P) ->
  adds p (n * length l) (every f l) (fun p' bs => length bs = length l /\ Forall (P p') bs).
Proof.
  intros A B f P n l. induction l as [|a l IH]; intros p Mono H; cbn [every length].
  - rewrite Nat.mul_0_r. apply adds_give. split; [reflexivity|constructor].
  - replace (n * S (length l)) with (n + (n * length l + 0)) by lia. eapply adds_bind; [apply H; [left;
    reflexivity|apply Nat.le_refl]|].
    intros b p' L Pb. eapply adds_bind; [apply IH; [exact Mono|intros c p'' I L'; apply H; [right; exact I|lia]]|].
    intros bs p'' L' [Lb F]. apply adds_give. cbn [length]. split; [congruence|]. constructor;
      [exact (Mono p' p'' b L' Pb)|exact F].
Qed.

Lemma adds_forms : forall A (f : A -> builder form) k n l p, (forall a p', In a l -> p <= p' ->
  adds p' n (f a) (fun p'' g => upto p'' k g)) ->
  adds p (n * length l) (every f l) (fun p' gs => length gs = length l /\ all_upto p' k gs).
Proof. intros A f k n l p H. apply adds_every; [|exact H]. intros p' p'' b L U. exact (upto_more p' k p'' k b U L (Nat.le_refl
  k)). Qed.

Lemma adds_reads : forall p k m vs, attends p k m -> all_upto p k vs -> by_head k <= top ->
  adds p (length vs) (reads m vs) (fun p' gs => length gs = length vs /\ all_upto p' (by_head k) gs).
Proof.
  intros p k m vs (A & O & Ls) V T. rewrite <- (Nat.mul_1_l (length vs)) at 1. apply adds_forms. intros v p' I L.
  rewrite Forall_forall in V. apply adds_read; [|exact (upto_more p k p' k v (V v I) L (Nat.le_refl k))|exact T].
  split; [exact (all_more p k p' k _ A L (Nat.le_refl k))|]. split; [exact (all_more p k p' k _ O L (Nat.le_refl k))|exact Ls].
Qed.

(* Rows of operators: arguments, and units of arguments, of which a row has at most n. *)
Definition is_argument (e : Form.expr) : Prop := match e with Form.Arg _ _ => True | Form.Relu _ _ => False end.
Definition is_flat (e : Form.expr) : Prop :=
  match e with Form.Arg _ _ => True | Form.Relu ts _ => Forall (fun t => is_argument (snd t)) ts end.
Definition units_of (f : Form.form) : nat :=
  list_sum (map (fun t => match snd t with Form.Arg _ _ => 0 | Form.Relu _ _ => 1 end) (fst f)).
Definition bare (f : Form.form) : Prop := Forall (fun t => is_argument (snd t)) (fst f).
Definition flat (n : nat) (f : Form.form) : Prop := Forall (fun t => is_flat (snd t)) (fst f) /\ units_of f <= n.

Section Rows.
Variables (fold : bool) (r : nat -> nat -> bounds) (c : Z) (args : list (list form)) (p k : nat).
Hypothesis known : Forall (all_upto p k) args.

Lemma argument_upto : forall p' a i, p <= p' -> upto p' k (bit (nth a args []) i).
Proof.
  intros p' a i L. apply upto_bit, (all_more p k); [|exact L|apply Nat.le_refl]. destruct (Nat.lt_ge_cases a (length args)) as
    [B|B].
  - rewrite Forall_forall in known. apply known, nth_In, B.
  - rewrite nth_overflow by exact B. constructor.
Qed.

Lemma adds_argument : forall p' e, p <= p' -> is_argument e -> adds p' 0 (unit fold r c args e) (fun p'' f => upto p'' k f).
Proof. intros p' [a i|ts d] L H; [|destruct H]. apply adds_give, argument_upto, L. Qed.

Lemma adds_unit : forall p' e, p <= p' -> is_flat e -> by_unit k <= top ->
  adds p' (match e with Form.Arg _ _ => 0 | Form.Relu _ _ => 1 end) (unit fold r c args e)
    (fun p'' f => upto p'' (by_unit k) f).
Proof.
  intros p' [a i|ts d] L H T.
  - apply (adds_more _ p' 0 0 _ _ _ (adds_argument p' (Form.Arg a i) L I)); [apply Nat.le_refl|]. intros p'' f L' U.
    apply (upto_more p'' k); [exact U|apply Nat.le_refl|apply by_unit_above].
  - cbn [unit is_flat] in *. apply (adds_bind _ _ p' 0 1 _ _ (fun p'' f => upto p'' k f)).
    + revert p' L. induction H as [|[d' e] ts He H IH]; intros p' L; [apply adds_give, upto_number|].
      apply (adds_bind _ _ p' 0 0 _ _ _ _ (adds_argument p' e L He)). intros g p1 L1 G.
      apply (adds_bind _ _ p1 0 0 _ _ _ _ (IH p1 ltac:(lia))). intros rest p2 L2 R. apply adds_give.
      apply upto_added; [apply upto_scaled; exact (upto_more _ _ _ _ _ G L2 (Nat.le_refl k))|exact R].
    + intros f p'' L' U. exact (adds_within p'' k fold _ f U T).
Qed.

Lemma adds_summed : forall h ts d p', p <= p' -> (forall e p', p <= p' -> In e (map snd ts) ->
    adds p' (match e with Form.Arg _ _ => 0 | Form.Relu _ _ => 1 end) (unit fold r c args e) (fun p'' f => upto p'' h f)) ->
  adds p' (units_of (ts, d)) (summed fold r c args ts d) (fun p'' g => upto p'' h g).
Proof.
  intros h ts d. induction ts as [|[d' e] ts IH]; intros p' L H; [apply adds_give, upto_number|].
  cbn [summed]. change (units_of ((d', e) :: ts, d)) with
    ((match e with Form.Arg _ _ => 0 | Form.Relu _ _ => 1 end) + units_of (ts, d)).
  rewrite <- (Nat.add_0_r (units_of (ts, d))). eapply adds_bind; [apply H; [exact L|left; reflexivity]|]. intros g p1 L1 G.
  eapply adds_bind; [apply IH; [lia|intros e' p2 L2 I; apply H; [exact L2|right; exact I]]|]. intros rest p2 L2 R.
  apply adds_give, upto_added; [apply upto_scaled; exact (upto_more _ _ _ _ _ G L2 (Nat.le_refl h))|exact R].
Qed.

Lemma bare_units : forall f, bare f -> units_of f = 0.
Proof.
  intros [ts d] B. unfold bare in B. unfold units_of. cbn [fst] in *. induction B as [|[d' e] ts H B IH]; [reflexivity|].
    cbn [map snd] in *.
  destruct e as [a i|]; [exact IH|destruct H].
Qed.

Theorem adds_bare_rows : forall fs, Forall bare fs ->
  adds p 0 (rows fold r c args fs) (fun p' gs => length gs = length fs /\ all_upto p' k gs).
Proof.
  intros fs B. change 0 with (0 * length fs). apply adds_forms. intros [ts d] p' I L. rewrite Forall_forall in B.
    specialize (B _ I).
  rewrite <- (bare_units _ B). apply adds_summed; [exact L|]. intros e p'' L' J. apply in_map_iff in J as (t & <- & J).
  unfold bare in B. rewrite Forall_forall in B. specialize (B t J). cbn [fst] in B.
  pose proof (adds_argument p'' (snd t) L' B) as X. destruct (snd t); [exact X|destruct B].
Qed.

Theorem adds_rows : forall n fs, Forall (flat n) fs -> by_unit k <= top ->
  adds p (n * length fs) (rows fold r c args fs) (fun p' gs => length gs = length fs /\ all_upto p' (by_unit k) gs).
Proof.
  intros n fs B T. apply adds_forms. intros [ts d] p' I L. rewrite Forall_forall in B. destruct (B _ I) as [F U].
    cbn [fst] in F.
  eapply adds_more; [|exact U|intros p'' g _ H; exact H].
  apply adds_summed; [exact L|]. intros e p'' L' J. apply in_map_iff in J as (t & <- & J). rewrite Forall_forall in F.
  exact (adds_unit p'' (snd t) L' (F t J) T).
Qed.
End Rows.

(* A match adds nothing. *)
Definition forms_of (m : wanted) : list form :=
  flat_map (fun '(a, b) => a ++ b) (matched m) ++ among m ++ but m ++ optional (by_rank m) ++ optional (unless m).
Definition length_of (m : wanted) : nat :=
  1 + list_sum (map (fun t => length (fst t)) (matched m)) + length (optional (unless m)).

Lemma bare_inputs : forall c a n, Forall bare (Lookups.inputs c a n).
Proof. intros c a n. apply Forall_map, Forall_forall. intros i _. repeat constructor. Qed.

Lemma arguments_upto : forall p k one sink m words, upto p k one -> upto p k sink -> all_upto p k (forms_of m) ->
  Forall (all_upto p k) words ->
  Forall (all_upto p k) (arguments one sink m words).
Proof.
  intros p k one sink m words O S F W. unfold forms_of in F. apply Forall_app in F as [_ F]. apply Forall_app in F as [F1 F].
  apply Forall_app in F as [F2 F]. apply Forall_app in F as [F3 F4].
  unfold arguments. constructor; [constructor; [exact O|constructor]|]. constructor; [constructor; [exact S|constructor]|].
  constructor; [exact F4|]. constructor; [exact F3|].
  apply Forall_app. split; [|exact W]. apply Forall_map. apply (Forall_impl (P := upto p k)); [intros f H; constructor;
    [exact H|constructor]|].
  apply Forall_app. split; assumption.
Qed.

Lemma words_length : forall from l (g : nat -> nat -> nat -> list Form.form), (forall a b n, length (g a b n) = n) ->
  length (flat_map (fun '(a, b, n) => g a b n)
    (map (fun '(i, word) => let a := (from + i)%nat in (a, a, length (fst (word : list form * list form)))) l)) =
  list_sum (map (fun t => length (fst (snd t))) l).
Proof.
  intros from l g G. induction l as [|[i t] l IH]; [reflexivity|]. cbn [map flat_map snd]. rewrite app_length, G.
    exact (f_equal (Nat.add (length (fst t))) IH).
Qed.

Lemma bare_match : forall m, Forall bare (Match.match_q m) /\ Forall bare (Match.match_k m).
Proof.
  intros m. unfold Match.match_q, Match.match_k. split; (constructor; [|apply Forall_app; split]).
  - repeat constructor.
  - apply Forall_flat_map, Forall_forall. intros [[a b] n] _. apply bare_inputs.
  - apply Forall_map, Forall_forall. intros a _. repeat constructor.
  - unfold Match.level, bare. cbn [fst]. constructor; [exact I|]. rewrite !Forall_app, !Forall_map.
    repeat split; apply Forall_forall;
      intros a _; exact I.
  - apply Forall_flat_map, Forall_forall. intros [[a b] n] _. apply bare_inputs.
  - apply Forall_map, Forall_forall. intros a _. repeat constructor.
Qed.

Lemma match_length : forall m, length (Match.match_q (shape_of m)) = length_of m /\
  length (Match.match_k (shape_of m)) = length_of m.
Proof.
  intros m. unfold Match.match_q, Match.match_k, length_of. cbn [length]. rewrite !app_length, !map_length.
  assert (E : list_sum (map (fun t : nat * (list form * list form) => length (fst (snd t))) (combine (seq 0 (length (matched
    m))) (matched m))) =
    list_sum (map (fun t => length (fst t)) (matched m))).
  { f_equal. generalize 0. induction (matched m) as [|t l IH]; intros n; [reflexivity|]. cbn [length seq combine map snd].
    rewrite IH. reflexivity. }
  assert (O : length (Match.option_list (Match.absent (shape_of m))) = length (optional (unless m))) by
    (cbn [shape_of Match.absent]; destruct (unless m); reflexivity).
  rewrite O. cbn [shape_of Match.words Match.capacity]. rewrite <- E.
  assert (L : forall c a n, length (Lookups.inputs c a n) = n) by (intros; unfold Lookups.inputs;
    rewrite map_length, seq_length; reflexivity).
  pose proof (words_length (4 + (length (among m) + length (but m))) (combine (seq 0 (length (matched m))) (matched m))) as W.
  pose proof (W (fun a _ n => Lookups.inputs 1 a n) (fun a _ => L 1%Z a)) as Wq.
  pose proof (W (fun _ b n => Lookups.inputs (bound m) b n) (fun _ b => L (bound m) b)) as Wk. cbv zeta in Wq, Wk.
  split; cbn [Nat.add]; do 2 f_equal; [exact Wq|exact Wk].
Qed.

Theorem adds_match : forall p k one sink m, upto p k one -> upto p k sink -> all_upto p k (forms_of m) -> length_of m <= q ->
  adds p 0 (match_of one sink m) (fun p' a => attends p' k a).
Proof.
  intros p k one sink m O S F L. destruct (match_length m) as [Lq Lk]. destruct (bare_match (shape_of m)) as [Bq Bk].
  assert (W : Forall (fun t => all_upto p k (fst t) /\ all_upto p k (snd t)) (matched m)).
  { unfold forms_of in F. apply Forall_app in F as [F _]. apply Forall_flat_map in F. eapply Forall_impl; [|exact F].
    intros [a b] H. apply Forall_app in H. exact H. }
  unfold match_of. eapply (adds_bind _ _ p 0 0).
  - apply (adds_bare_rows false (fun _ _ => (0, 0)%Z) 1 _ p k); [|exact Bq]. apply arguments_upto; try assumption.
    apply Forall_map. eapply Forall_impl; [|exact W]. intros t H. apply H.
  - intros a p' L1 [La A]. eapply (adds_bind _ _ p' 0 0).
    + apply (adds_bare_rows false (fun _ _ => (0, 0)%Z) (scale m) _ p' k); [|exact Bk].
      apply (Forall_impl (P := all_upto p k)); [intros fs H; exact (all_more _ _ _ _ _ H L1 (Nat.le_refl k))|].
      apply arguments_upto; try assumption; [apply upto_scaled; exact S|]. apply Forall_map. eapply Forall_impl; [|exact W].
      intros t H. apply H.
    + intros o p'' L2 [Lo H]. apply adds_give. repeat split; cbn [asks offers]; try lia; [|exact H].
      exact (all_more _ _ _ _ _ A L2 (Nat.le_refl k)).
Qed.
End Count.
