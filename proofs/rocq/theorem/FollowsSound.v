(* A plan that follows a definition computes what it defines: at every position of every sequence of codes of which the facts
   hold, the read-outs are equal. *)
From Coq Require Import List Bool ZArith QArith Qreduction Setoid FMapPositive Lia.
From Efasp Require Import Statement Scalars Terms TermsSound Interning Worlds InterningSound WorldExists Follows PlanSound.
Import ListNotations.
Open Scope Q_scope.

Lemma numbering_inverse : forall i, numbering (pred (Pos.to_nat i)) = i.
Proof.
  intros i. apply Pos2Nat.inj. unfold numbering. rewrite SuccNat2Pos.id_succ. pose proof (Pos2Nat.is_pos i). lia.
Qed.

Lemma after_numbering : forall A (l : list A) n, after (numbering n) l = numbering (n + length l).
Proof.
  intros A l. induction l as [|x l IH]; intros n; cbn [after length]; [rewrite Nat.add_0_r; reflexivity|].
  change (Pos.succ (numbering n)) with (numbering (S n)). rewrite IH. f_equal. lia.
Qed.

Lemma numbering_below : forall i n, (i < numbering n)%positive <-> (pred (Pos.to_nat i) < n)%nat.
Proof.
  intros i n. unfold numbering. rewrite Pos2Nat.inj_lt, SuccNat2Pos.id_succ. pose proof (Pos2Nat.is_pos i). lia.
Qed.

(* The scalars of a definition. *)
Lemma affine_here : forall e s h c l, represents s h e ->
  affine_at {| constant := c; terms := unary l |} h == form_value e (read_terms s c l).
Proof.
  intros e s h c l R. unfold affine_at, read_terms. cbn [constant terms]. rewrite combination_value.
  induction l as [|(d, i) l IH]; cbn [unary map fold_right]; [ring|].
  rewrite IH, (R (pred (Pos.to_nat i))), numbering_inverse. ring.
Qed.

Lemma affine_right : forall e s s' h n c l, numbered_below n l = true -> (forall i, (i < n)%positive -> at_ s' i = at_ s i) ->
  represents s' h e -> affine_at {| constant := c; terms := unary l |} h == form_value e (read_terms s c l).
Proof.
  intros e s s' h n c l B A R. rewrite (affine_here e s' h c l R). unfold read_terms.
  assert (E : map (fun '(c, i) => (inject_Z c, at_ s' i)) l = map (fun '(c, i) => (inject_Z c, at_ s i)) l).
  { apply map_ext_in. intros (d, i) I. unfold numbered_below in B. rewrite forallb_forall in B. specialize (B _ I). cbn in B.
    apply Pos.ltb_lt in B. rewrite (A i B). reflexivity. }
  rewrite E. reflexivity.
Qed.

Lemma sum_right : forall e s s' h n f, numbered_below n (summands f) = true ->
  (forall i, (i < n)%positive -> at_ s' i = at_ s i) -> represents s' h e ->
  affine_at (expand_sum f) h == form_value e (read_sum s f).
Proof. intros e s s' h n f B A R. exact (affine_right e s s' h n (offset f) (summands f) B A R). Qed.

Lemma read_terms_offset : forall e s c l, form_value e (read_terms s c l) == inject_Z c + form_value e (read_terms s 0 l).
Proof. intros e s c l. unfold read_terms. rewrite !combination_value. change (inject_Z 0) with 0. ring. Qed.

Lemma scores_right : forall s s' n queries keys h e h' e',
  forallb (fun f => numbered_below n (summands f)) queries = true ->
  forallb (fun f => numbered_below n (summands f)) keys = true ->
  (forall i, (i < n)%positive -> at_ s' i = at_ s i) -> represents s' h e -> represents s' h' e' ->
  score_of (map expand_sum queries) (map expand_sum keys) h h' ==
  fold_right (fun '(q, k) rest => form_value e q * form_value e' k + rest) 0
    (combine (map (read_sum s) queries) (map (read_sum s) keys)).
Proof.
  intros s s' n queries. induction queries as [|q queries IH]; intros [|k keys] h e h' e' BQ BK A R R'; try reflexivity.
  cbn [forallb] in BQ, BK. apply andb_true_iff in BQ as [Q BQ], BK as [K BK]. unfold score_of in *.
  cbn [map combine fold_right]. rewrite (IH keys h e h' e' BQ BK A R R'), (sum_right e s s' h n q Q A R),
    (sum_right e' s s' h' n k K A R'). reflexivity.
Qed.

Lemma everywhere : forall A B C (P : C -> A -> B -> Prop) (l : list C) a b, l <> [] ->
  (forall e, In e l -> Forall2 (P e) a b) -> Forall2 (fun x y => forall e, In e l -> P e x y) a b.
Proof.
  intros A B C P l a b N. revert b. induction a as [|x a IH]; intros b H.
  - destruct l as [|e l]; [congruence|]. specialize (H e (or_introl eq_refl)). inversion H. constructor.
  - destruct b as [|y b]; [destruct l as [|e l]; [congruence|]; specialize (H e (or_introl eq_refl)); inversion H|].
    constructor; [|apply IH]; intros e I; specialize (H e I); inversion H; assumption.
Qed.

Lemma rectified_length : forall known t l constants u fs, rectified known t l constants = (u, fs) ->
  length fs = length constants.
Proof.
  intros known t [|p l] constants u fs H; unfold rectified in H; [injection H as <- <-; apply map_length|].
  destruct (direct t (p :: l)) as [t1 d]. set (add := fun '(t, forms) c => _) in H.
  assert (A : forall cs t acc, length (snd (fold_left add cs (t, acc))) = (length cs + length acc)%nat).
  { induction cs as [|c cs IH]; intros t' acc; cbn [fold_left length]; [reflexivity|]. unfold add at 2.
    destruct (unit known t' _ d) as [t2 f]. rewrite IH. cbn [length]. lia. }
  specialize (A constants t1 []). destruct (fold_left add constants (t1, [])) as [t2 forms]. injection H as <- <-.
  rewrite rev_length. cbn [snd length] in A. lia.
Qed.

Lemma means_of_length : forall s fs t u gs, means_of t s fs = (u, gs) -> length gs = length fs.
Proof.
  intros s. induction fs as [|f fs IH]; intros t u gs H; cbn [means_of] in H; [injection H as <- <-; reflexivity|].
  destruct (mean_of t s f) as [t1 g]. destruct (means_of t1 s fs) as [t2 gs'] eqn:M. injection H as <- <-.
  cbn [length]. rewrite (IH t1 t2 gs' M). reflexivity.
Qed.

Lemma item_length : forall known t s i u fs k, read_item known t s i = (u, fs) ->
  after (numbering k) fs = scalars_of (numbering k) i.
Proof.
  intros known t s [divisor l offsets|queries keys values] u fs k H; cbn [read_item scalars_of] in *;
    rewrite !after_numbering.
  - cbv zeta in H. destruct (rectified known t _ _) as [t1 gs] eqn:R. injection H as <- <-. apply rectified_length in R.
    rewrite map_length in *. congruence.
  - destruct (score t _) as [t1 n]. apply means_of_length in H. rewrite map_length in H. congruence.
Qed.

Section World.
Variables (final : table) (world : list env) (known : facts).
Hypothesis valid : valid_in final world.
Hypothesis facts_hold : known_in known world.
Hypothesis somewhere : world <> [].

(* Vectors of k scalars, which a stream represents. *)
Definition scalars_are (s : stream) (k : nat) (hs : list vector) : Prop :=
  Forall2 (fun h e => length h = k /\ represents s h e) hs world.

Lemma scalars_represented : forall s k hs, scalars_are s k hs -> represented world s hs.
Proof. intros s k hs. unfold scalars_are, represented. apply forall2_weaken. intros h e [_ R]. exact R. Qed.

(* A node has the value of a form, in any longer lists of scalars too. *)
Definition node_is (k : nat) (s : stream) (n : node) (f : form) : Prop :=
  forall k' s' hs, scalars_are s' k' hs -> (forall i, (i < numbering k)%positive -> at_ s' i = at_ s i) ->
  forall h e, In e world -> represents s' h e -> node_at n hs h == form_value e f.

Lemma extend_right : forall s k hs n f, scalars_are s k hs ->
  (forall h e, In e world -> represents s h e -> node_at n hs h == form_value e f) ->
  scalars_are (Map.add (numbering k) f s) (S k) (extend hs n).
Proof.
  intros s k hs n f R H. unfold scalars_are, extend in *.
  assert (G : forall l m, Forall2 (fun h e => length h = k /\ represents s h e) l m -> (forall e, In e m -> In e world) ->
    Forall2 (fun h e => length h = S k /\ represents (Map.add (numbering k) f s) h e)
      (map (fun h => h ++ [node_at n hs h]) l) m).
  { intros l m F. induction F as [|h e l m [L Rh] F IH]; intros I; cbn [map]; constructor.
    - split; [rewrite app_length, L; cbn; lia|]. intros i. rewrite at_add, numbering_eqb.
      destruct (Nat.eqb_spec k i) as [<-|N].
      + rewrite <- L, nth_middle. apply H; [apply I; left; reflexivity|exact Rh].
      + destruct (Nat.lt_ge_cases i k) as [J|J]; [rewrite app_nth1 by lia; apply Rh|].
        rewrite nth_overflow by (rewrite app_length; cbn; lia). rewrite <- (Rh i), nth_overflow by lia. reflexivity.
    - apply IH. intros e' J. apply I. right. exact J. }
  apply G; [exact R|trivial].
Qed.

Lemma nodes_right : forall k0 s0 ns fs, Forall2 (node_is k0 s0) ns fs -> forall k s hs, (k0 <= k)%nat -> scalars_are s k hs ->
  (forall i, (i < numbering k0)%positive -> at_ s i = at_ s0 i) ->
  scalars_are (listed (numbering k) fs s) (k + length fs) (fold_left extend ns hs).
Proof.
  intros k0 s0 ns fs F. induction F as [|n f ns fs H F IH]; intros k s hs K R A; cbn [listed fold_left length].
  - rewrite Nat.add_0_r. exact R.
  - change (Pos.succ (numbering k)) with (numbering (S k)). rewrite <- Nat.add_succ_comm. apply IH; [lia| |].
    + apply extend_right; [exact R|]. exact (H k s hs R A).
    + intros i L. rewrite at_add. destruct (Pos.eqb_spec (numbering k) i) as [E|N]; [|exact (A i L)].
      apply numbering_below in L. subst i. unfold numbering in L. rewrite SuccNat2Pos.id_succ in L. cbn in L. lia.
Qed.

Lemma item_right : forall k t s i u fs, fresh t -> earlier (numbering k) i = true -> read_item known t s i = (u, fs) ->
  fresh u /\ extends t u /\ (extends u final -> Forall2 (node_is k s) (expand_item i) fs).
Proof.
  intros k t s i u fs F B H. destruct i as [divisor l offsets|queries keys values];
    cbn [read_item earlier expand_item scalars_of] in *.
  - cbv zeta in H. destruct (rectified known t _ _) as [t1 gs] eqn:Q. injection H as <- <-.
    destruct (rectified_right final world known valid facts_hold t _ _ t1 gs F Q) as (F1 & E1 & W).
    split; [exact F1|]. split; [exact E1|]. intros E. specialize (W E). apply everywhere in W; [|exact somewhere].
    clear - W B. revert gs W. induction offsets as [|c offsets IH]; intros gs W; cbn [map] in *;
        inversion W as [|? g ? gs' H W']; subst; cbn [map]; constructor; [|apply IH; exact W'].
      intros k' s' hs R A h e I Rh. cbn [node_at]. rewrite scale_form_value, (H e I), Qmult_comm.
      apply Qmult_comp; [reflexivity|]. apply rectify_equal.
      rewrite (affine_right e s s' h _ c l B A Rh), read_terms_offset, qadd_sum. unfold form_value, read_terms, combination.
    cbn [free parts]. ring.
  - destruct (score t _) as [t1 n] eqn:S. destruct (score_right t _ t1 n S) as (G & b & Fb & Eb). destruct (G F) as [F1 E1].
    destruct (means_of_right final world valid somewhere n b _ t1 u fs F1 H) as (F2 & E2 & W). split; [exact F2|].
    split; [exact (extends_trans _ _ _ E1 E2)|]. intros E.
    specialize (W E (same_scores _ _ (extends_trans _ _ _ E2 E) _ _ Fb)). apply everywhere in W; [|exact somewhere].
    rewrite !forallb_app in B. apply andb_true_iff in B as [BQ B]. apply andb_true_iff in B as [BK BV].
    clear - W BQ BK BV Eb. revert fs W. induction values as [|v values IH]; intros fs W; cbn [map] in *;
        inversion W as [|? f ? fs' H W']; subst; constructor; [|apply IH; [|exact W']].
      * cbn [forallb] in BV. apply andb_true_iff in BV as [V _].
        intros k' s' hs R A h e I Rh. cbn [node_at]. rewrite (H e I). apply (average_extends _ _ (represents s')).
        { intros h' e' R'. exact (sum_right e' s s' h' _ v V A R'). }
        unfold maximisers. cbv zeta.
        apply (score_selects world s' hs _ _ (score_of (map expand_sum queries) (map expand_sum keys)) h e
          (scalars_represented _ _ _ R) eq_refl). intros h' e' R'.
          exact (scores_right s s' _ queries keys h e h' e' BQ BK A Rh R').
      * cbn [forallb] in BV. apply andb_true_iff in BV. apply BV.
Qed.

Lemma items_right : forall l k t s u s', fresh t -> items_earlier (numbering k) l = true ->
  read_items known t s (numbering k) l = (u, s') -> fresh u /\ extends t u /\
  (extends u final -> forall hs, scalars_are s k hs ->
    exists n, scalars_are s' n (fold_left extend (flat_map expand_item l) hs)).
Proof.
  induction l as [|i l IH]; intros k t s u s' F B H; cbn [read_items items_earlier flat_map] in *.
  - injection H as <- <-. split; [exact F|]. split; [apply extends_refl|]. intros _ hs R. exists k. exact R.
  - apply andb_true_iff in B as [Bi B]. destruct (read_item known t s i) as [t1 fs] eqn:X.
    destruct (item_right k t s i t1 fs F Bi X) as (F1 & E1 & W).
    pose proof (item_length known t s i t1 fs k X) as L.
    rewrite <- L, after_numbering in B. rewrite after_numbering in H.
    destruct (IH _ t1 _ u s' F1 B H) as (F2 & E2 & V). split; [exact F2|]. split; [exact (extends_trans _ _ _ E1 E2)|].
    intros E hs R. rewrite fold_left_app. apply (V E). pose proof (W (extends_trans _ _ _ E2 E)) as N.
    apply (nodes_right k s _ _ N k s hs); [lia|exact R|trivial].
Qed.
End World.

(* Codes of whole positions, and facts about them. *)
Definition codes (tokens places : list vector) : list vector := map (fun '(t, p) => t ++ p) (combine tokens places).
Definition fact_of (code : vector) (i : positive) (f : fact) : Prop := holds (code_entry code) i f.
Definition facts_of (known : facts) (code : vector) : Prop := forall i f, Map.find i known = Some f -> fact_of code i f.

Lemma code_forms_right : forall known e xs k,
  (forall j, (j < length xs)%nat -> e (numbering (k + j)) = nth j xs 0) ->
  (forall i, Map.find i known = Some One -> e i == 1) -> worth e (code_forms known (numbering k) (length xs)) xs.
Proof.
  intros known e xs. induction xs as [|x xs IH]; intros k H Ones; cbn [length code_forms]; constructor.
  - pose proof (H O%nat (Nat.lt_0_succ _)) as X. rewrite Nat.add_0_r in X. cbn [nth] in X.
    assert (A : form_value e (atom 1 (numbering k)) == x) by (rewrite atom_value, X; ring).
    destruct (Map.find (numbering k) known) as [[| |]|] eqn:F; try exact A. rewrite constant_form_value, <- X.
    symmetry. apply Ones. exact F.
  - change (Pos.succ (numbering k)) with (numbering (S k)). apply IH; [|exact Ones]. intros j L.
    replace (S k + j)%nat with (k + S j)%nat by lia. apply (H (S j)). cbn [length]. lia.
Qed.

Lemma code_forms_length : forall known n i, length (code_forms known i n) = n.
Proof. intros known. induction n as [|n IH]; intros i; cbn [code_forms length]; [reflexivity|]. rewrite IH. reflexivity. Qed.

Lemma same_forms_equal : forall a b, same_forms a b = true -> a = b.
Proof.
  induction a as [|f a IH]; intros [|g b] H; try discriminate; [reflexivity|]. cbn in H. apply andb_true_iff in H as [E H].
  apply same_form_equal in E. apply IH in H. congruence.
Qed.

Lemma sum_at_agrees : forall e e' n owners, (forall i, (i < n)%positive -> e i = e' i) ->
  forallb (fun o => Pos.ltb o n) owners = true -> sum_at e owners = sum_at e' owners.
Proof.
  intros e e' n owners A. induction owners as [|o l IH]; intros H; [reflexivity|]. cbn [forallb] in H.
  apply andb_true_iff in H as [O H]. apply Pos.ltb_lt in O. cbn [sum_at fold_right]. fold (sum_at e l) (sum_at e' l).
  rewrite (A o O), (IH H). reflexivity.
Qed.

Lemma facts_transfer : forall known n code e, about_codes n known = true -> (forall i, (i < n)%positive ->
  e i = code_entry code i) ->
  facts_of known code -> forall i f, Map.find i known = Some f -> holds e i f.
Proof.
  intros known n code e B A H i f F. specialize (H i f F). unfold about_codes in B. rewrite forallb_forall in B.
  specialize (B _ (Map.elements_correct _ _ F)). cbn in B. apply andb_true_iff in B as [L B]. apply Pos.ltb_lt in L.
  unfold fact_of in H. destruct f as [| |owners]; cbn [holds] in *; rewrite ?(A i L); try exact H.
  rewrite (sum_at_agrees e (code_entry code) n owners A B). exact H.
Qed.

Lemma forward_nothing : forall m, forward m [] [] = [].
Proof.
  intros m. unfold forward. cbn [map both combine]. assert (A : forall l, fold_left both l [] = ([] : list vector)).
  { induction l as [|x l IH]; [reflexivity|exact IH]. }
  assert (B : forall l, fold_left through l [] = ([] : list vector)).
  { induction l as [|x l IH]; [reflexivity|]. cbn [fold_left]. unfold through at 2. rewrite A. exact IH. }
  change (both [] []) with ([] : list vector). rewrite B. reflexivity.
Qed.

Lemma defined_nothing : forall d, defined d [] = [].
Proof.
  intros d. unfold defined, scalars. assert (A : forall l, fold_left extend l [] = ([] : list vector)).
  { induction l as [|x l IH]; [reflexivity|exact IH]. }
  rewrite A. reflexivity.
Qed.

Lemma worth_equal : forall e fs xs ys, worth e fs xs -> worth e fs ys -> Forall2 Qeq xs ys.
Proof.
  intros e fs xs ys V. revert ys. induction V as [|f x fs xs H V IH]; intros ys W; inversion W as [|? y ? ys' H' W']; subst;
    constructor; [rewrite <- H, <- H'; reflexivity|apply IH; exact W'].
Qed.

Lemma outputs_worth : forall s (m : matrix) b hs world, Forall2 (represents s) hs world -> Forall2 (fun x e =>
  worth e (padded (mapped s m) b) x) (map (fun h => plus (times m h) b) hs) world.
Proof.
  intros s m b hs world F. induction F as [|h e hs w R F IH]; cbn [map]; constructor; [|exact IH].
  apply padded_right, mapped_right. exact R.
Qed.

Lemma forall2_join : forall A B C (P : A -> C -> Prop) (R : B -> C -> Prop) (T : A -> B -> Prop) a b c,
  (forall x y z, P x z -> R y z -> T x y) -> Forall2 P a c -> Forall2 R b c -> Forall2 T a b.
Proof.
  intros A B C P R T a b c H F. revert b. induction F as [|x z a c X F IH]; intros b G; inversion G as [|y ? b' ? Y G'];
    subst; constructor; [exact (H x y z X Y)|apply IH; exact G'].
Qed.

Lemma worth_parts : forall e n fs xs, worth e fs xs -> worth e (firstn n fs) (firstn n xs) /\ worth e (skipn n fs) (skipn n xs).
Proof.
  intros e n fs xs W. revert n. induction W as [|f x fs xs H W IH]; intros [|n]; cbn [firstn skipn].
  - split; constructor.
  - split; constructor.
  - split; [constructor|constructor; assumption].
  - destruct (IH n) as [A B]. split; [constructor; assumption|exact B].
Qed.

(* What is checked of the definition alone: its items read scalars before them. *)
Theorem follows_earlier : forall known d tokens places m, follows known d tokens places m = true ->
  items_earlier (numbering (tokens + places)) (items d) = true.
Proof.
  intros known d tokens places m H. unfold follows in H. cbv zeta in H.
  assert (N : after 1 (code_forms known 1 (tokens + places)) = numbering (tokens + places)).
  { change 1%positive with (numbering 0). rewrite after_numbering, code_forms_length. reflexivity. }
  rewrite N in H. destruct (read_items known _ _ _ (items d)) as [t1 sd].
  destruct (read_layers known t1 _ (layers m)) as [t2 sh]. apply andb_true_iff in H. apply H.
Qed.

Theorem follows_sound : forall known d tokens places m ts ps, follows known d tokens places m = true ->
  length ts = length ps -> (forall t, In t ts -> length t = tokens) -> (forall p, In p ps -> length p = places) ->
  (forall code, In code (codes ts ps) -> facts_of known code) ->
  Forall2 (Forall2 Qeq) (forward m ts ps) (defined (expanded d) (codes ts ps)).
Proof.
  intros known d tokens places m ts ps H L LT LP K. destruct ts as [|t0 ts0] eqn:ET.
  { destruct ps; [|discriminate]. rewrite forward_nothing. change (codes [] []) with ([] : list vector).
    rewrite defined_nothing. constructor. }
  rewrite <- ET in *. assert (NE : ts <> []) by (rewrite ET; discriminate). clear ET t0 ts0.
  unfold follows in H. set (forms := code_forms known 1 (tokens + places)) in H. cbv zeta in H.
  assert (N : after 1 forms = numbering (tokens + places)).
  { change 1%positive with (numbering 0). rewrite after_numbering. unfold forms. rewrite code_forms_length. reflexivity. }
  rewrite N in H. set (n := (tokens + places)%nat) in *. set (s0 := listed 1 forms (Map.empty _)) in H.
  destruct (read_items known _ s0 _ (items d)) as [t1 sd] eqn:RI.
  destruct (read_layers known t1 _ (layers m)) as [t2 sh] eqn:RL.
  apply andb_true_iff in H as [H BI]. apply andb_true_iff in H as [H BA]. apply andb_true_iff in H as [H BO].
  apply same_forms_equal in H.
  assert (F0 : fresh (empty_table (numbering n))) by (split; intros i _; apply Map.gempty).
  assert (CL : codes ts ps <> []).
  { destruct ts as [|t ts']; [congruence|]. destruct ps as [|p ps']; [discriminate|]. discriminate. }
  (* That the tables grow is seen in any world, such as this one of the table without entries. *)
  set (start := empty_table (numbering n)) in *. set (trivial := map code_entry (codes ts ps)).
  assert (V0 : valid_in start trivial) by (intros e _ i x F; unfold start in F; cbn [entries empty_table] in F;
    rewrite Map.gempty in F; discriminate).
  assert (K0 : known_in known trivial).
  { intros e I i f F. apply in_map_iff in I as (c & <- & I). exact (K c I i f F). }
  assert (S0 : trivial <> []) by (unfold trivial; destruct (codes ts ps); [congruence|discriminate]).
  destruct (items_right start trivial known V0 K0 S0 _ n start s0 t1 sd F0 BI RI) as (F1 & E1 & _).
  destruct (layers_right start trivial known V0 K0 S0 _ t1 _ t2 sh F1 RL) as (F2 & E2 & _).
  destruct (world_exists t2 (codes ts ps) (numbering n) BO (fresh_scalar _ F2)) as (world & LW & V & C).
  assert (KW : known_in known world).
  { intros e I. assert (X : exists c, In c (codes ts ps) /\ forall i, (i < numbering n)%positive -> e i = code_entry c i).
    { clear - C I. induction C as [|c e' cs w R C IH]; [contradiction|]. destruct I as [<-|I].
      - exists c. split; [left; reflexivity|exact R].
      - destruct (IH I) as (c' & J & R'). exists c'. split; [right; exact J|exact R']. }
    destruct X as (c & J & R). exact (facts_transfer known (numbering n) c e BA R (K c J)). }
  assert (SW : world <> []) by (destruct world; [destruct (codes ts ps); [congruence|discriminate]|discriminate]).
  destruct (items_right t2 world known V KW SW _ n start s0 t1 sd F0 BI RI) as (_ & _ & WD).
  destruct (layers_right t2 world known V KW SW _ t1 _ t2 sh F1 RL) as (_ & _ & WP).
  (* Codes are represented, whole and in parts. *)
  assert (Ones : forall e, In e world -> forall i, Map.find i known = Some One -> e i == 1) by (intros e I i F;
    exact (KW e I i One F)).
  assert (P : Forall2 (fun t e => worth e (firstn tokens forms) t) ts world /\
    Forall2 (fun p e => worth e (skipn tokens forms) p) ps world /\ Forall2 (fun c e => worth e forms c) (codes ts ps) world).
  { clear - C L LT LP Ones. unfold codes in *. revert ps world C L LP Ones.
    induction ts as [|t ts IH]; intros [|p ps] world C L LP Ones; try discriminate; cbn [combine map] in *;
      inversion C as [|? e ? w R C']; subst; [split; [|split]; constructor|].
    assert (A : worth e forms (t ++ p)).
    { assert (Q : length (t ++ p) = n) by (rewrite app_length, (LT t), (LP p) by (left; reflexivity); reflexivity).
      unfold forms. fold n. rewrite <- Q. apply (code_forms_right known e (t ++ p) 0); [|exact (Ones e (or_introl eq_refl))].
      intros j J. rewrite R by (apply numbering_below; unfold numbering; rewrite SuccNat2Pos.id_succ, <- Q; exact J).
      unfold code_entry, numbering. rewrite SuccNat2Pos.id_succ. reflexivity. }
    destruct (IH (fun t' I => LT t' (or_intror I)) ps w C') as (X & Y & Z); [injection L; trivial|
      intros p' I; apply LP; right; exact I|intros e' I; apply Ones; right; exact I|].
    assert (B : worth e (firstn tokens forms) t /\ worth e (skipn tokens forms) p).
    { destruct (worth_parts e tokens forms (t ++ p) A) as [A1 A2]. pose proof (LT t (or_introl eq_refl)) as E.
      assert (B1 : firstn tokens (t ++ p) = t) by (rewrite <- E, firstn_app, firstn_all, Nat.sub_diag; apply app_nil_r).
      assert (B2 : skipn tokens (t ++ p) = p) by (rewrite <- E, skipn_app, skipn_all, Nat.sub_diag; reflexivity).
      rewrite B1 in A1. rewrite B2 in A2. split; assumption. }
    split; [|split]; constructor; tauto. }
  destruct P as (PT & PP & PC).
  (* The definition and the plan. *)
  assert (R0 : scalars_are world s0 n (codes ts ps)).
  { assert (LC : forall c, In c (codes ts ps) -> length c = n).
    { intros c I. apply in_map_iff in I as ((t, p) & <- & I). rewrite app_length, (LT t), (LP p); [reflexivity| |].
      - exact (in_combine_r _ _ _ _ I).
      - exact (in_combine_l _ _ _ _ I). }
    unfold scalars_are. clear - PC LC. induction PC as [|c e cs w X PC IH]; constructor.
    - split; [apply LC; left; reflexivity|apply listed_represents; exact X].
    - apply IH. intros c' I. apply LC. right. exact I. }
  destruct (WD E2 (codes ts ps) R0) as (k & RD).
  assert (RP : Forall2 (represents (added 1 (mapped (listed 1 (skipn tokens forms) (Map.empty _)) (place_matrix m))
    (listed 1 (mapped (listed 1 (firstn tokens forms) (Map.empty _)) (token_matrix m)) (Map.empty _))))
    (both (map (times (token_matrix m)) ts) (map (times (place_matrix m)) ps)) world).
  { apply embedded_right; [clear - PT; induction PT|clear - PP; induction PP]; constructor; trivial;
      apply listed_represents; assumption. }
  specialize (WP (extends_refl _) _ RP). pose proof (outputs_worth _ (out_matrix m) (out_bias m) _ _ WP) as O.
  rewrite H in O. apply (forall2_join _ _ _ _ _ _ _ _ _ (fun x y e => worth_equal e _ x y) O). unfold defined, scalars.
  cbn [expanded nodes results] in *. clear - RD.
  induction RD as [|h e hs w [_ R] RD IH]; cbn [map]; constructor; [|exact IH].
  clear IH. generalize (shown d) as fs. intros fs. induction fs as [|f fs IH]; cbn [map]; constructor; [|exact IH].
  symmetry. exact (affine_here e sd h (offset f) (summands f) R).
Qed.
