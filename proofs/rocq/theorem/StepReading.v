(* What is read out: an output that is the code of a token, but for the constant, is read as that token, at every word width. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lia.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope Z_scope.

(* A token's code without its constant 1, which no output has. *)
Definition bare_code (w : nat) (ext : bool) (t : token) : vector :=
  one_hot (9 + length (operations ext)) (kind t) ++ [0%Q] ++
  signs w match t with Word _ v => Some v | _ => None end ++ signs 3 match t with Name r => Some r | _ => None end.

(* Codes are integers, and so are their products. *)
Fixpoint inner (a b : list Z) : Z := match a, b with x :: a', y :: b' => x * y + inner a' b' | _, _ => 0 end.
Definition hot (count : nat) (n : Z) : list Z := map (fun k => if k =? n then 1 else 0) (numbers count).
Definition signs_of (bits : nat) (v : option Z) : list Z :=
  match v with Some n => map (fun b => if Z.testbit n b then 1 else -1) (numbers bits) | None => repeat 0 bits end.
Definition word_of (t : token) : option Z := match t with Word _ v => Some v | _ => None end.
Definition name_of (t : token) : option Z := match t with Name r => Some r | _ => None end.
Definition code (w : nat) (ext : bool) (c : Z) (t : token) : list Z :=
  hot (9 + length (operations ext)) (kind t) ++ [c] ++ signs_of w (word_of t) ++ signs_of 3 (name_of t).

Lemma map_repeat : forall A B (f : A -> B) a n, map f (repeat a n) = repeat (f a) n.
Proof. intros A B f a n. induction n as [|n IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. Qed.

Lemma hot_integers : forall n k, one_hot n k = map inject_Z (hot n k).
Proof.
  intros n k. unfold one_hot, hot. rewrite map_map. apply map_ext. intros x. destruct (x =? k); reflexivity.
Qed.

Lemma signs_integers : forall n v, signs n v = map inject_Z (signs_of n v).
Proof.
  intros n [v|]; unfold signs, signs_of; [|rewrite map_repeat; reflexivity]. rewrite map_map. apply map_ext. intros x.
  destruct (Z.testbit v x); reflexivity.
Qed.

Lemma code_integers : forall w ext t, token_code w ext t = map inject_Z (code w ext 1 t).
Proof.
  intros w ext t. unfold token_code, code. rewrite !map_app, <- hot_integers, <- !signs_integers. destruct t; reflexivity.
Qed.

Lemma bare_integers : forall w ext t, bare_code w ext t = map inject_Z (code w ext 0 t).
Proof.
  intros w ext t. unfold bare_code, code. rewrite !map_app, <- hot_integers, <- !signs_integers. destruct t; reflexivity.
Qed.

Lemma dot_step : forall c a v b, (dot (c :: a) (v :: b) == c * v + dot a b)%Q.
Proof.
  intros [n d] a v b. destruct n as [|n|n]; cbn [dot].
  - assert (E : (0 # d == 0)%Q) by reflexivity. rewrite E, Qmult_0_l, Qplus_0_l. reflexivity.
  - apply Qred_correct.
  - apply Qred_correct.
Qed.

Lemma dot_integers : forall a b o, Forall2 Qeq o (map inject_Z b) -> (dot (map inject_Z a) o == inject_Z (inner a b))%Q.
Proof.
  induction a as [|x a IH]; intros b o H; [destruct o; reflexivity|].
  destruct b as [|y b]; inversion H as [|v y' o' b' E H']; subst.
  - destruct x; reflexivity.
  - cbn [map inner]. rewrite dot_step, (IH b o' H'), E, inject_Z_plus, inject_Z_mult. reflexivity.
Qed.

Lemma inner_app : forall a b a' b', length a = length b -> inner (a ++ a') (b ++ b') = inner a b + inner a' b'.
Proof.
  induction a as [|x a IH]; intros [|y b] a' b' L; try discriminate; [reflexivity|]. injection L as L. cbn.
  rewrite (IH b a' b' L). lia.
Qed.

Lemma hot_length : forall n k, length (hot n k) = n.
Proof. intros. unfold hot, numbers. rewrite !map_length, seq_length. reflexivity. Qed.

Lemma signs_length : forall n v, length (signs_of n v) = n.
Proof. intros n [v|]; unfold signs_of, numbers; [rewrite !map_length, seq_length|rewrite repeat_length]; reflexivity. Qed.

Lemma inner_hot : forall n j k, inner (hot n j) (hot n k) = if (j =? k) && (0 <=? k) && (k <? Z.of_nat n) then 1 else 0.
Proof.
  intros n j k. unfold hot, numbers. rewrite !map_map.
  enough (G : forall from, inner (map (fun i => if Z.of_nat i =? j then 1 else 0) (seq from n))
    (map (fun i => if Z.of_nat i =? k then 1 else 0) (seq from n)) =
    if (j =? k) && (Z.of_nat from <=? k) && (k <? Z.of_nat (from + n)) then 1 else 0) by exact (G O).
  induction n as [|n IH]; intros from; cbn [seq map inner].
  - destruct (Z.eqb_spec j k), (Z.leb_spec (Z.of_nat from) k), (Z.ltb_spec k (Z.of_nat (from + 0))); cbn; try reflexivity; lia.
  - rewrite IH. destruct (Z.eqb_spec (Z.of_nat from) j), (Z.eqb_spec (Z.of_nat from) k), (Z.eqb_spec j k),
      (Z.leb_spec (Z.of_nat (S from)) k), (Z.leb_spec (Z.of_nat from) k), (Z.ltb_spec k (Z.of_nat (S from + n))),
      (Z.ltb_spec k (Z.of_nat (from + S n))); cbn [andb]; lia.
Qed.

(* Signed bits of two numbers: as many as there are where they are equal, and two less or fewer where they differ. *)
Lemma inner_none : forall n v, inner (signs_of n None) (signs_of n v) = 0 /\ inner (signs_of n v) (signs_of n None) = 0.
Proof.
  assert (Z0 : forall l n, inner (repeat 0 n) l = 0 /\ inner l (repeat 0 n) = 0).
  { induction l as [|x l IH]; intros [|n]; try (split; reflexivity). destruct (IH n) as [A B]. cbn. rewrite A, B. lia. }
  intros n v. exact (Z0 (signs_of n v) n).
Qed.

Lemma inner_signs : forall n u v, inner (signs_of n (Some u)) (signs_of n (Some v)) <= Z.of_nat n /\
  (inner (signs_of n (Some u)) (signs_of n (Some v)) <= Z.of_nat n - 2 \/
    inner (signs_of n (Some u)) (signs_of n (Some v)) = Z.of_nat n /\
    forall i, (i < n)%nat -> Z.testbit u (Z.of_nat i) = Z.testbit v (Z.of_nat i)).
Proof.
  intros n u v. induction n as [|n (L & IH)]; [split; [cbn; lia|right; split; [reflexivity|lia]]|].
  assert (E : forall u, signs_of (S n) (Some u) = signs_of n (Some u) ++ [if Z.testbit u (Z.of_nat n) then 1 else -1]).
  { intros x. unfold signs_of, numbers. rewrite seq_S, !map_app. reflexivity. }
  rewrite !E, inner_app by (rewrite !signs_length; reflexivity). cbn [inner].
  destruct (Z.testbit u (Z.of_nat n)) eqn:U, (Z.testbit v (Z.of_nat n)) eqn:V; (split; [lia|]).
  - destruct IH as [IH|(IH & S)]; [left; lia|right]. split; [lia|]. intros i I.
    destruct (Nat.eq_dec i n) as [->|N]; [congruence|apply S; lia].
  - left. lia.
  - left. lia.
  - destruct IH as [IH|(IH & S)]; [left; lia|right]. split; [lia|]. intros i I.
    destruct (Nat.eq_dec i n) as [->|N]; [congruence|apply S; lia].
Qed.

Lemma same_number : forall n u v, 0 <= u < 2 ^ Z.of_nat n -> 0 <= v < 2 ^ Z.of_nat n ->
  (forall i, (i < n)%nat -> Z.testbit u (Z.of_nat i) = Z.testbit v (Z.of_nat i)) -> u = v.
Proof.
  intros n u v U V H. rewrite <- (Z.mod_small u (2 ^ Z.of_nat n)), <- (Z.mod_small v (2 ^ Z.of_nat n)) by assumption.
  apply Z.bits_inj'. intros i I. destruct (Z_lt_le_dec i (Z.of_nat n)) as [L|L].
  - rewrite !Z.mod_pow2_bits_low by exact L. rewrite <- (Z2Nat.id i I). apply H. lia.
  - rewrite !Z.mod_pow2_bits_high by lia. reflexivity.
Qed.

(* What is in the vocabulary. *)
Definition known (w : nat) (ext : bool) (t : token) : Prop :=
  match t with Word _ v => 0 <= v < size w | Name r => 0 <= r < 8 | Op o => In o (operations ext) | _ => True end.

Lemma in_numbers : forall n v, In v (numbers n) <-> 0 <= v < Z.of_nat n.
Proof.
  intros n v. unfold numbers. rewrite in_map_iff. split.
  - intros (i & <- & I). apply in_seq in I. lia.
  - intros I. exists (Z.to_nat v). split; [lia|]. apply in_seq. lia.
Qed.

Lemma size_positive : forall w, 0 < size w.
Proof. intros w. apply Z.pow_pos_nonneg; lia. Qed.

Lemma in_vocabulary : forall w ext t, In t (vocabulary w ext) <-> known w ext t.
Proof.
  intros w ext t. unfold vocabulary. rewrite !in_app_iff, in_flat_map, !in_map_iff. split.
  - intros [(s & _ & I)|[(r & <- & I)|[I|(o & <- & I)]]].
    + apply in_map_iff in I as (v & <- & I). apply in_numbers in I. pose proof (size_positive w). cbn. lia.
    + apply in_numbers in I. exact I.
    + destruct I as [<-|[<-|[<-|[]]]]; exact I.
    + exact I.
  - destruct t as [s v|r| | | |o]; cbn [known]; intros K; try (right; right; left; cbn; tauto).
    + left. exists s. split; [destruct s; cbn; tauto|]. apply in_map. apply in_numbers. pose proof (size_positive w). lia.
    + right. left. exists r. split; [reflexivity|]. apply in_numbers. exact K.
    + right. right. right. exists o. split; [reflexivity|exact K].
Qed.

Lemma nodup_app : forall A (a b : list A), NoDup a -> NoDup b -> (forall x, In x a -> ~ In x b) -> NoDup (a ++ b).
Proof.
  intros A a b Ha Hb D. induction Ha as [|x a N Ha IH]; [exact Hb|]. cbn. constructor.
  - rewrite in_app_iff. intros [I|I]; [exact (N I)|exact (D x (or_introl eq_refl) I)].
  - apply IH. intros y I. apply D. right. exact I.
Qed.

Lemma nodup_map : forall A B (f : A -> B) l, (forall x y, f x = f y -> x = y) -> NoDup l -> NoDup (map f l).
Proof.
  intros A B f l F H. induction H as [|x l N H IH]; constructor; [|exact IH]. intros I. apply in_map_iff in I as (y & E & I).
  apply F in E. subst. exact (N I).
Qed.

Lemma vocabulary_distinct : forall w ext, NoDup (vocabulary w ext).
Proof.
  intros w ext.
  assert (N : forall n, NoDup (numbers n)) by (intros n; apply nodup_map; [intros x y; lia|apply seq_NoDup]).
  assert (M : forall l, NoDup l -> NoDup (flat_map (fun mark => map (Word mark) (numbers (Z.to_nat (size w)))) l)).
  { intros l H. induction H as [|s l I H IH]; [constructor|]. cbn [flat_map]. apply nodup_app; [|exact IH|].
    - apply nodup_map; [congruence|apply N].
    - intros t T U. apply in_map_iff in T as (v & <- & _). apply in_flat_map in U as (s' & I' & U).
      apply in_map_iff in U as (v' & E & _). injection E as -> _. exact (I I'). }
  unfold vocabulary. apply nodup_app; [apply M; repeat constructor; cbn; intuition discriminate| |].
  - apply nodup_app; [apply nodup_map; [congruence|apply N]| |].
    + apply nodup_app; [repeat constructor; cbn; intuition discriminate| |].
      * apply nodup_map; [congruence|]. destruct ext; repeat constructor; cbn; intuition discriminate.
      * intros t T U. apply in_map_iff in U as (o & <- & _). cbn in T. intuition discriminate.
    + intros t T U. apply in_map_iff in T as (r & <- & _). rewrite in_app_iff, in_map_iff in U.
      destruct U as [U|(o & U & _)]; [cbn in U; intuition discriminate|discriminate].
  - intros t T U. apply in_flat_map in T as (s & _ & T). apply in_map_iff in T as (v & <- & _).
    rewrite !in_app_iff, !in_map_iff in U. cbn in U.
    destruct U as [(r & U & _)|[U|(o & U & _)]]; [discriminate|intuition discriminate|discriminate].
Qed.

Lemma operation_numbered : forall o, nth (Z.to_nat (op_number o)) (operations true) Halt = o /\ 0 <= op_number o.
Proof. intros o. destruct o; split; (reflexivity || discriminate). Qed.

Lemma same_operation : forall o o', op_number o = op_number o' -> o = o'.
Proof. intros o o' E. rewrite <- (proj1 (operation_numbered o)), E. apply operation_numbered. Qed.

Lemma same_mark : forall s s', mark_number s = mark_number s' -> s = s'.
Proof. intros [] [] E; (reflexivity || discriminate E). Qed.

Lemma operation_bounds : forall ext o, In o (operations ext) -> op_number o < Z.of_nat (length (operations ext)).
Proof. intros ext. apply Forall_forall. destruct ext; repeat constructor. Qed.

Lemma mark_bounds : forall s, 0 <= mark_number s < 5.
Proof. intros []; cbn; lia. Qed.

Lemma kind_bounds : forall w ext t, known w ext t -> 0 <= kind t < Z.of_nat (9 + length (operations ext)).
Proof.
  intros w ext [s v|r| | | |o] K; cbn [kind]; try lia; [pose proof (mark_bounds s); lia|].
  pose proof (operation_bounds ext o K). pose proof (proj2 (operation_numbered o)). lia.
Qed.

(* The score of a code at an output. A token leads every other by 1 or more. *)
Lemma inner_codes : forall w ext y u, known w ext u -> inner (code w ext 1 y) (code w ext 0 u) =
  (if kind y =? kind u then 1 else 0) + inner (signs_of w (word_of y)) (signs_of w (word_of u)) +
  inner (signs_of 3 (name_of y)) (signs_of 3 (name_of u)).
Proof.
  intros w ext y u K. unfold code. rewrite inner_app by (rewrite !hot_length; reflexivity).
  rewrite inner_app by reflexivity. rewrite inner_app by (rewrite !signs_length; reflexivity). rewrite inner_hot.
  pose proof (kind_bounds w ext u K) as [A B]. apply Z.leb_le in A. apply Z.ltb_lt in B. rewrite A, B, !andb_true_r.
  cbn [inner]. lia.
Qed.

Lemma inner_same : forall n v, inner (signs_of n (Some v)) (signs_of n (Some v)) = Z.of_nat n.
Proof.
  intros n v. induction n as [|n IH]; [reflexivity|]. unfold signs_of, numbers in *. rewrite seq_S, !map_app.
  rewrite inner_app by reflexivity. rewrite IH. cbn [map inner Nat.add]. destruct (Z.testbit v (Z.of_nat n)); lia.
Qed.

Lemma code_leads : forall w ext y u, known w ext y -> known w ext u -> y <> u ->
  inner (code w ext 1 y) (code w ext 0 u) <= inner (code w ext 1 u) (code w ext 0 u) - 1.
Proof.
  intros w ext y u Y U N. rewrite !inner_codes, Z.eqb_refl by assumption.
  assert (W : forall n s v, 0 <= s < 2 ^ Z.of_nat n -> 0 <= v < 2 ^ Z.of_nat n -> s <> v ->
    inner (signs_of n (Some s)) (signs_of n (Some v)) <= Z.of_nat n - 2).
  { intros n s v S V D. destruct (inner_signs n s v) as (_ & [H|(_ & H)]); [exact H|]. destruct (D (same_number n s v S V H)). }
  assert (Word_apart : forall a x b y, Word a x <> Word b y -> x <> y \/ mark_number a <> mark_number b).
  { intros a x b z D. destruct (Z.eq_dec x z) as [->|]; [right|left; assumption]. intros E. apply D. f_equal.
    exact (same_mark a b E). }
  assert (Op_apart : forall a b, Op a <> Op b -> op_number a <> op_number b).
  { intros a b D E. apply D. f_equal. exact (same_operation a b E). }
  destruct y as [s v|r| | | |o], u as [s' v'|r'| | | |o']; cbn [word_of name_of kind];
    rewrite ?(proj1 (inner_none _ _)), ?(proj2 (inner_none _ _)), ?inner_same;
    try pose proof (mark_bounds s); try pose proof (mark_bounds s');
    try pose proof (proj2 (operation_numbered o)); try pose proof (proj2 (operation_numbered o'));
    try (match goal with |- context [?a =? ?b] => destruct (Z.eqb_spec a b) as [E|E] end);
    try lia; try (destruct N; reflexivity); cbn [known] in Y, U.
  - destruct (Word_apart s v s' v' N) as [D|D]; [specialize (W w v v' Y U D)|]; lia.
  - destruct (inner_signs w v v') as (L & _). lia.
  - assert (D : r <> r') by congruence. specialize (W 3%nat r r' Y U D). lia.
  - destruct (Op_apart o o' N). lia.
Qed.

Lemma same_token : forall y u : token, y = u \/ y <> u.
Proof.
  intros [s v|r| | | |o] [s' v'|r'| | | |o']; try (left; reflexivity); try (right; discriminate).
  - destruct (Z.eq_dec v v') as [->|N]; [|right; congruence].
    destruct (Z.eq_dec (mark_number s) (mark_number s')) as [E|E]; [left; f_equal; exact (same_mark s s' E)|right; congruence].
  - destruct (Z.eq_dec r r') as [->|N]; [left; reflexivity|right; congruence].
  - destruct (Z.eq_dec (op_number o) (op_number o')) as [E|E]; [left; f_equal; exact (same_operation o o' E)|right; congruence].
Qed.

(* The greatest score, and who is within 1 of it. *)
Lemma greatest_member : forall l : list Q, l <> [] -> In (greatest l) l.
Proof.
  intros l N. unfold greatest. assert (H : In (hd 0%Q l) l) by (destruct l; [destruct N; reflexivity|left; reflexivity]).
  generalize dependent (hd 0%Q l). clear N. intros d H.
  assert (G : forall k, In (fold_right (fun a b => if Qle_bool a b then b else a) d k) (d :: k)).
  { induction k as [|a k IH]; [left; reflexivity|]. cbn [fold_right].
    destruct (Qle_bool a _); [destruct IH as [E|I]; [left; exact E|right; right; exact I]|right; left; reflexivity]. }
  destruct (G l) as [E|I]; [rewrite <- E; exact H|exact I].
Qed.

Lemma greatest_above : forall (l : list Q) a, In a l -> (a <= greatest l)%Q.
Proof.
  intros l a. unfold greatest. generalize (hd 0%Q l). intros d. induction l as [|b l IH]; [intros []|]. cbn [fold_right].
  intros [->|I].
  - destruct (Qle_bool a _) eqn:E; [apply Qle_bool_iff; exact E|apply Qle_refl].
  - specialize (IH I). destruct (Qle_bool b _) eqn:E; [exact IH|]. apply Qle_trans with (1 := IH).
    apply Qlt_le_weak. apply Qnot_le_lt. intros L. apply Qle_bool_iff in L. congruence.
Qed.

Lemma leader_read : forall (score : token -> Q) l u, NoDup l -> In u l ->
  (forall y, In y l -> y <> u -> (score y <= score u - 1)%Q) ->
  let scores := map (fun y => (y, score y)) l in
  let top := greatest (map snd scores) in
  match filter (fun '(_, s) => negb (Qle_bool s (top - 1))) scores with [(y, _)] => Some y | _ => None end = Some u.
Proof.
  intros score l u D I L scores top.
  assert (T : (top == score u)%Q).
  { apply Qle_antisym.
    - assert (M : In top (map snd scores)).
      { apply greatest_member. unfold scores. destruct l; [destruct I|discriminate]. }
      unfold scores in M. rewrite map_map in M. apply in_map_iff in M as (y & E & Iy). cbn [snd] in E. rewrite <- E.
      destruct (same_token y u) as [->|N]; [apply Qle_refl|]. apply Qle_trans with (1 := L y Iy N).
      apply Qlt_le_weak. rewrite Qlt_minus_iff. ring_simplify. reflexivity.
    - apply greatest_above. unfold scores. rewrite map_map. apply in_map_iff. exists u. split; [reflexivity|exact I]. }
  assert (P : forall y, In y l -> negb (Qle_bool (score y) (top - 1)) = true <-> y = u).
  { intros y Iy. rewrite negb_true_iff. split.
    - intros E. destruct (same_token y u) as [X|X]; [exact X|]. specialize (L y Iy X). exfalso.
      assert (B : Qle_bool (score y) (top - 1) = true) by (apply Qle_bool_iff; rewrite T; exact L). congruence.
    - intros ->. destruct (Qle_bool _ _) eqn:E; [|reflexivity]. apply Qle_bool_iff in E. rewrite T in E. exfalso.
      apply (Qlt_not_le (score u - 1) (score u)); [|exact E]. rewrite Qlt_minus_iff. ring_simplify. reflexivity. }
  clearbody top. assert (F : forall k, (forall y, In y k -> In y l) -> NoDup k ->
    filter (fun '(_, s) => negb (Qle_bool s (top - 1))) (map (fun y => (y, score y)) k) =
    if existsb (fun y => negb (Qle_bool (score y) (top - 1))) k then [(u, score u)] else []).
  { induction k as [|y k IH]; intros A N; [reflexivity|]. inversion N as [|y' k' Ny N']; subst. cbn [map filter existsb].
    rewrite IH by (trivial; intros z Iz; apply A; right; exact Iz). destruct (negb (Qle_bool (score y) (top - 1))) eqn:E.
    - apply P in E; [subst y|apply A; left; reflexivity]. cbn [orb]. destruct (existsb _ k) eqn:X; [|reflexivity].
      apply existsb_exists in X as (z & Iz & X). apply P in X; [subst z; destruct (Ny Iz)|]. apply A. right. exact Iz.
    - reflexivity. }
  unfold scores. rewrite (F l (fun y Iy => Iy) D).
  replace (existsb _ l) with true; [reflexivity|]. symmetry. apply existsb_exists. exists u. split; [exact I|].
  apply P; [exact I|reflexivity].
Qed.

Theorem reading_code : forall w ext u output, known w ext u -> Forall2 Qeq output (bare_code w ext u) ->
  reading w ext output = Some u.
Proof.
  intros w ext u output K H.
  apply (leader_read (fun y => dot (token_code w ext y) output) (vocabulary w ext) u (vocabulary_distinct w ext)).
  - apply in_vocabulary. exact K.
  - assert (S : forall y, (dot (token_code w ext y) output == inject_Z (inner (code w ext 1%Z y) (code w ext 0%Z u)))%Q).
    { intros y. rewrite code_integers. apply dot_integers. rewrite <- bare_integers. exact H. }
    intros y Iy N. apply in_vocabulary in Iy. rewrite !S. change 1%Q with (inject_Z 1).
    unfold Qminus. rewrite <- inject_Z_opp, <- inject_Z_plus, <- Zle_Qle.
    pose proof (code_leads w ext y u Iy K N). lia.
Qed.
