(* A match in general: several words, flags that a candidate must have or must not have, a rank, and queries that match
   nothing. Its rows, their score, and who wins, on sequences of any length. *)
From Efasp Require Import Form Attention Lookups.

(* Arguments by number. A word is (argument of the query, argument of the key, width). *)
Record shape := {
  one : nat; sink : nat; words : list (nat * nat * nat); required : list nat; exclude : list nat;
  rank : option nat; absent : option nat; capacity : Z
}.

Definition zsum {A} (f : A -> Z) (l : list A) : Z := fold_right Z.add 0 (map f l).
Definition width_of (w : nat * nat * nat) : Z := Z.of_nat (snd w).
Definition option_list {A} (o : option A) : list A := match o with Some a => [a] | None => [] end.
Definition number {A} (l : list A) : Z := Z.of_nat (length l).

Definition match_q (m : shape) : list form :=
  input 1 (one m) 0 :: flat_map (fun '(a, b, n) => inputs 1 a n) (words m) ++ map (fun a => input 1 a 0) (option_list
    (absent m)).
Definition level (m : shape) : form :=
  let n := zsum width_of (words m) in
  let lift := 2 * number (required m) in
  (((n - 1 + lift) * capacity m, Arg (sink m) 0) :: map (fun f => (2 * capacity m, Arg f 0)) (required m)
    ++ map (fun f => (- 2 * capacity m, Arg f 0)) (exclude m) ++ map (fun r => (1, Arg r 0)) (option_list (rank m)),
   - lift * capacity m).
Definition match_k (m : shape) : list form :=
  level m :: flat_map (fun '(a, b, n) => inputs (capacity m) b n) (words m)
    ++ map (fun _ => input (2 * capacity m) (sink m) 0) (option_list (absent m)).

(* The formula of the score, term by term. *)
Definition at_rank (m : shape) (j : env) : Z := zsum (fun r => j r 0%nat) (option_list (rank m)).
Definition at_absent (m : shape) (i : env) : Z := zsum (fun a => i a 0%nat) (option_list (absent m)).
Definition agreed (m : shape) (i j : env) : Z := zsum (fun '(a, b, n) => agreement n (i a) (j b)) (words m).
Definition misses (m : shape) (j : env) : Z :=
  zsum (fun f => 1 - j f 0%nat - j (sink m) 0%nat) (required m) + zsum (fun f => j f 0%nat) (exclude m).

Lemma dot_words : forall c i j ws,
  dot (flat_map (fun '(a, b, n) => inputs 1 a n) ws) (flat_map (fun '(a, b, n) => inputs c b n) ws) i j =
  c * zsum (fun '(a, b, n) => agreement n (i a) (j b)) ws.
Proof.
  intros c i j ws. unfold zsum. induction ws as [|[[a b] n] ws IH]; [cbn; lia|].
  cbn [flat_map map fold_right]. rewrite dot_app by (unfold inputs; rewrite !map_length;
    reflexivity). rewrite dot_word, IH. ring.
Qed.

Lemma sum_flags : forall c j fs, sum j (map (fun f => (c, Arg f 0)) fs) = c * zsum (fun f => j f 0%nat) fs.
Proof.
  intros c j fs. unfold zsum. induction fs as [|f fs IH]; [cbn; lia|].
  cbn [map fold_right]. rewrite sum_cons, IH, eval_arg. ring.
Qed.

Lemma misses_required : forall (j : env) s fs,
  zsum (fun f => 1 - j f 0%nat - s) fs = number fs - zsum (fun f => j f 0%nat) fs - number fs * s.
Proof.
  intros j s fs. unfold zsum, number. induction fs as [|f fs IH]; [cbn; lia|]. cbn [map fold_right length].
  rewrite IH, Nat2Z.inj_succ. ring.
Qed.

Lemma words_length : forall c ws,
  length (flat_map (fun '(a, b, n) => inputs 1 a n) ws : list form) = length (flat_map (fun '(a, b, n) => inputs c b n) ws :
    list form).
Proof.
  intros c ws. induction ws as [|[[a b] n] ws IH]; [reflexivity|]. cbn [flat_map]. rewrite !app_length, IH.
  unfold inputs. rewrite !map_length. reflexivity.
Qed.

(* C <query, key> + rank - 2 C sum (1 - among - sink) - 2 C sum exclude + (n - 1 + 2 absent) C sink *)
Theorem match_score : forall m i j, i (one m) 0%nat = 1 ->
  dot (match_q m) (match_k m) i j =
  capacity m * agreed m i j + at_rank m j - 2 * capacity m * misses m j
  + (zsum width_of (words m) - 1 + 2 * at_absent m i) * capacity m * j (sink m) 0%nat.
Proof.
  intros m i j O. unfold match_q, match_k. cbn [dot]. rewrite dot_app by apply words_length.
  rewrite dot_words, value_input, O. unfold level, misses. rewrite misses_required. unfold value. cbn [fst snd].
  rewrite sum_cons, !sum_app, !sum_flags, eval_arg.
  unfold at_rank, at_absent, agreed.
  destruct (absent m); cbn [option_list map dot zsum fold_right]; unfold zsum; cbn [map fold_right];
    rewrite ?value_input; ring.
Qed.

(* Who is found. *)
Definition hits (m : shape) (i j : env) : bool :=
  negb (j (sink m) 0%nat =? 1) && forallb (fun '(a, b, n) => word_hit n (i a) (j b)) (words m)
  && (forallb (fun f => j f 0%nat =? 1) (required m) && forallb (fun f => j f 0%nat =? 0) (exclude m))
  && forallb (fun a => i a 0%nat =? 0) (option_list (absent m)).

Definition flag (v : Z) : Prop := v = 0 \/ v = 1.

(* What a lookup is asked of: one sink, flags, words or nothing, ranks below the capacity. *)
Record lookup (m : shape) (s i : env) (l : list env) : Prop := {
  l_one : i (one m) 0%nat = 1;
  l_sink : filter (fun j => j (sink m) 0%nat =? 1) l = [s];
  l_capacity : 1 <= capacity m;
  l_widths : forall a b n, In (a, b, n) (words m) -> (2 <= n)%nat;
  l_query : forall a b n, In (a, b, n) (words m) -> maybe n (i a);
  l_keys : forall a b n j, In (a, b, n) (words m) -> In j l -> maybe n (j b);
  l_absent : forall a, absent m = Some a -> flag (i a 0%nat);
  l_flags : forall f j, In f (sink m :: required m ++ exclude m) -> In j l -> flag (j f 0%nat);
  l_sink_keys : forall a b n, In (a, b, n) (words m) -> none n (s b);
  l_sink_flags : forall f, In f (required m ++ exclude m) -> s f 0%nat = 0;
  l_sink_rank : at_rank m s = 0;
  l_ranks : forall j, In j l -> at_rank m j < capacity m;
  l_candidates : forall j, In j l -> misses m j = 0 -> 0 <= at_rank m j
}.

Lemma zsum_zero : forall A (f : A -> Z) l, (forall a, In a l -> f a = 0) -> zsum f l = 0.
Proof.
  intros A f l H. unfold zsum. induction l as [|a l IH]; [reflexivity|]. cbn [map fold_right].
  rewrite (H a) by (left; reflexivity). rewrite IH by (intros b B; apply H; right; exact B). reflexivity.
Qed.

Lemma zsum_flags : forall (f : nat -> Z) l, (forall a, In a l -> flag (f a)) ->
  0 <= zsum f l /\ (zsum f l =? 0) = forallb (fun a => f a =? 0) l.
Proof.
  intros f l H. unfold zsum. induction l as [|a l IH]; [split; [reflexivity|reflexivity]|].
  cbn [map fold_right forallb]. destruct (IH (fun b B => H b (or_intror B))) as [P E]. rewrite <- E.
  destruct (H a (or_introl eq_refl)) as [F|F]; rewrite F; cbn [Z.eqb andb]; split; lia.
Qed.

Section Lookup.
Variables (m : shape) (s i : env) (l : list env).
Hypothesis L : lookup m s i l.
Let n := zsum width_of (words m).
Let is_sink (j : env) : bool := j (sink m) 0%nat =? 1.

Let sink_only : forall j, In j l -> is_sink j = true -> j = s.
Proof.
  intros j J S. pose proof (l_sink _ _ _ _ L) as E. assert (K : In j [s]) by (rewrite <- E; apply filter_In; tauto).
  destruct K as [->|[]]. reflexivity.
Qed.

Lemma absent_flag : flag (at_absent m i) /\ (at_absent m i =? 0) = forallb (fun a => i a 0%nat =? 0) (option_list (absent m)).
Proof.
  unfold at_absent. pose proof (l_absent _ _ _ _ L) as H. destruct (absent m) as [a|]; cbn; [|split; [left|]; reflexivity].
  destruct (H a eq_refl) as [E|E]; rewrite E; split; try reflexivity; [left|right]; reflexivity.
Qed.

Lemma agreed_gap : forall j ws, In j l -> (forall w, In w ws -> In w (words m)) ->
  let hit := forallb (fun '(a, b, n) => word_hit n (i a) (j b)) ws in
  let total := zsum (fun '(a, b, n) => agreement n (i a) (j b)) ws in
  (hit = true /\ total = zsum width_of ws) \/ (hit = false /\ total <= zsum width_of ws - 2).
Proof.
  intros j ws J. unfold zsum. induction ws as [|[[a b] k] ws IH]; intros I; [left; split; reflexivity|].
  cbn [forallb map fold_right]. specialize (IH (fun w H => I w (or_intror H))).
  pose proof (I _ (or_introl eq_refl)) as W. unfold width_of at 1 3. cbn [snd].
  pose proof (maybe_gap k (i a) (j b) (l_widths _ _ _ _ L _ _ _ W) (l_query _ _ _ _ L _ _ _ W) (l_keys _ _ _ _ L _ _ _ j W
    J)) as G.
  assert (H : (word_hit k (i a) (j b) = true /\ agreement k (i a) (j b) = Z.of_nat k) \/
    (word_hit k (i a) (j b) = false /\ agreement k (i a) (j b) <= Z.of_nat k - 2)).
  { unfold word_hit. destruct G as [(_ & _ & _ & E)|(_ & E)]; [left|right]; (split; [|exact E]);
    [apply Z.eqb_eq|apply Z.eqb_neq]; lia. }
  destruct H as [[-> E]|[-> E]], IH as [[-> F]|[-> F]]; cbn [andb]; [left|right|right|right]; split; trivial; lia.
Qed.

Lemma misses_hit : forall j, In j l -> is_sink j = false -> 0 <= misses m j /\
  (misses m j =? 0) = forallb (fun f => j f 0%nat =? 1) (required m) && forallb (fun f => j f 0%nat =? 0) (exclude m).
Proof.
  intros j J S. pose proof (l_flags _ _ _ _ L) as F. unfold misses.
  assert (Z0 : j (sink m) 0%nat = 0).
  { destruct (F (sink m) j (or_introl eq_refl) J) as [E|E]; [exact E|]. unfold is_sink in S. rewrite E in S. discriminate. }
  rewrite Z0. destruct (zsum_flags (fun f => 1 - j f 0%nat - 0) (required m)) as [P E].
  { intros f I. destruct (F f j (or_intror (in_or_app _ _ _ (or_introl I))) J) as [G|G]; rewrite G; [right|left];
    reflexivity. }
  destruct (zsum_flags (fun f => j f 0%nat) (exclude m)) as [P' E'].
  { intros f I. exact (F f j (or_intror (in_or_app _ _ _ (or_intror I))) J). }
  split; [lia|]. rewrite <- E'. transitivity ((zsum (fun f => 1 - j f 0%nat - 0) (required m) =? 0) && (zsum (fun f => j f
    0%nat) (exclude m) =? 0)).
  - lia.
  - rewrite E. f_equal. clear. induction (required m) as [|f fs IH]; [reflexivity|]. cbn [forallb]. rewrite IH. f_equal.
    lia.
Qed.

Let scored : forall j, In j l -> dot (match_q m) (match_k m) i j =
  capacity m * agreed m i j + at_rank m j - 2 * capacity m * misses m j + (if is_sink j then (n - 1 + 2 * at_absent m i) *
    capacity m else 0).
Proof.
  intros j J. rewrite match_score by exact (l_one _ _ _ _ L). unfold is_sink.
  destruct (l_flags _ _ _ _ L (sink m) j (or_introl eq_refl) J) as [E|E]; rewrite E; cbn [Z.eqb Pos.eqb]; fold n; ring.
Qed.

Let at_sink : forall j, In j l -> is_sink j = true -> agreed m i j = 0 /\ at_rank m j = 0 /\ misses m j = 0.
Proof.
  intros j J S. rewrite (sink_only j J S). split; [|split; [exact (l_sink_rank _ _ _ _ L)|]].
  - apply zsum_zero. intros [[a b] k] I. apply agreement_none. right. exact (l_sink_keys _ _ _ _ L a b k I).
  - unfold misses. assert (E : s (sink m) 0%nat = 1) by (rewrite <- (sink_only j J S); apply Z.eqb_eq; exact S).
    rewrite E, !zsum_zero; [reflexivity| |]; intros f I; rewrite (l_sink_flags _ _ _ _ L f) by (apply in_or_app; tauto);
      reflexivity.
Qed.

Let elsewhere : forall j, In j l -> is_sink j = false ->
  (agreed m i j = n \/ agreed m i j <= n - 2) /\ 0 <= misses m j /\ at_rank m j < capacity m /\ (misses m j = 0 -> 0 <=
    at_rank m j).
Proof.
  intros j J S. split; [|split; [apply misses_hit; assumption|split;
    [apply (l_ranks _ _ _ _ L j J)|apply (l_candidates _ _ _ _ L j J)]]].
  unfold agreed, n. destruct (agreed_gap j (words m) J (fun w H => H)) as [[_ E]|[_ E]]; lia.
Qed.

Let found (j : env) : bool := Attention.found (agreed m i) (misses m) is_sink n (at_absent m i) j.

Lemma found_hits : forall j, In j l -> found j = hits m i j.
Proof.
  intros j J. unfold found, Attention.found, hits. fold (is_sink j). destruct (is_sink j) eqn:S; cbn [negb andb];
    [reflexivity|].
  rewrite (proj2 absent_flag), (proj2 (misses_hit j J S)). f_equal. f_equal.
  unfold agreed, n. destruct (agreed_gap j (words m) J (fun w H => H)) as [[-> E]|[-> E]];
    [apply Z.eqb_eq|apply Z.eqb_neq]; lia.
Qed.

(* Those that are found and that no other one found outranks win. *)
Theorem match_finds : (exists j, In j l /\ hits m i j = true) -> forall j, In j l ->
  (In j (winners (dot (match_q m) (match_k m) i) l) <->
   hits m i j = true /\ forall k, In k l -> hits m i k = true -> at_rank m k <= at_rank m j).
Proof.
  intros (b & B & F) j J.
  pose proof (match_found l _ _ _ _ _ _ _ _ scored (l_capacity _ _ _ _ L) (proj1 absent_flag) at_sink elsewhere) as M.
  rewrite (M (ex_intro _ b (conj B (eq_trans (found_hits b B) F))) j J). fold (found j). rewrite (found_hits j J).
  split; intros [H K]; (split; [exact H|]); intros k Ik Fk; apply (K k Ik); [fold (found k)|fold (found k) in Fk];
    rewrite (found_hits k Ik) in *; exact Fk.
Qed.

(* Where nothing is found, the sink wins. *)
Theorem match_misses : (forall j, In j l -> hits m i j = false) -> winners (dot (match_q m) (match_k m) i) l = [s].
Proof.
  intros N.
  apply (match_default l _ _ _ _ _ _ _ _ scored (l_capacity _ _ _ _ L) (proj1 absent_flag) at_sink elsewhere s).
  - intros j J. fold (found j). rewrite (found_hits j J). apply N, J.
  - exact (l_sink _ _ _ _ L).
Qed.
End Lookup.
