(* Words, flags and signed bits in forms, and the operators of the step on them, at every width. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading.
From Efasp Require Form Gates Product.
Import ListNotations.
Open Scope Z_scope.

Definition bits_as (k : Z) (fs : list form) (v : Z) (h : vector) : Prop :=
  forall i, worth (bit fs i) h (k * Z.b2z (Z.testbit v (Z.of_nat i))).
Definition word (w : nat) (fs : list form) (v : Z) (h : vector) : Prop :=
  0 <= v < size w /\ length fs = w /\ bits_as 2 fs v h.
Definition flag (f : form) (b : bool) (h : vector) : Prop := worth f h (Z.b2z b).
(* A register's name, or none. *)
Definition name (fs : list form) (r : option Z) (h : vector) : Prop :=
  length fs = 3%nat /\ forall i, worth (bit fs i) h (nth i (signs_of 3 r) 0).
Definition env_of (vs : list Z) : Form.env := fun a p => Z.b2z (Z.testbit (nth a vs 0) (Z.of_nat p)).

Lemma bits_bool : forall w v, Form.bits w (fun p => Z.b2z (Z.testbit v (Z.of_nat p))).
Proof. intros w v i _. destruct (Z.testbit v (Z.of_nat i)); cbn; tauto. Qed.

Lemma val_bool : forall w v, 0 <= v < size w -> Form.val w (fun p => Z.b2z (Z.testbit v (Z.of_nat p))) = v.
Proof.
  intros w v V. apply Form.val_spec; [apply bits_bool|reflexivity|]. intros i I. exact (Form.testbit_high w v i V I).
Qed.

Lemma word_high : forall w v i, 0 <= v < size w -> (w <= i)%nat -> Z.testbit v (Z.of_nat i) = false.
Proof. intros w v i V I. apply (Form.testbit_high w v); [exact V|lia]. Qed.

Lemma bool_low : forall b, Z.testbit (Z.b2z b) 0 = b.
Proof. intros []; reflexivity. Qed.

Lemma bool_high : forall b i, Z.testbit (Z.b2z b) (Z.of_nat (S i)) = false.
Proof. intros b i. apply (word_high 1 (Z.b2z b)); [destruct b; cbn; lia|lia]. Qed.

Lemma bits_flag : forall f b h, flag f b h -> bits_as 2 [twice f] (Z.b2z b) h.
Proof.
  intros f b h F [|i].
  - rewrite bool_low. exact (worth_scaled 2 f h _ F).
  - rewrite bool_high. apply (worth_is _ _ 0); [unfold bit; cbn; destruct i; apply worth_zero|reflexivity].
Qed.

Lemma bits_single : forall k f b h, worth f h (k * Z.b2z b) -> bits_as k [f] (Z.b2z b) h.
Proof.
  intros k f b h F [|i].
  - rewrite bool_low. exact F.
  - rewrite bool_high, Z.mul_0_r. unfold bit; cbn; destruct i; apply worth_zero.
Qed.

Lemma word_bits : forall w fs v h, word w fs v h -> bits_as 2 fs v h.
Proof. intros w fs v h (_ & _ & H). exact H. Qed.

Lemma stands_words : forall k args vs h, Forall2 (fun fs v => bits_as k fs v h) args vs -> stands k args h (env_of vs).
Proof.
  intros k args vs h F. induction F as [|fs v args vs B F IH]; intros a p.
  - unfold env_of. destruct a; cbn [nth]; rewrite Z.bits_0, Z.mul_0_r; unfold bit; destruct p; apply worth_zero.
  - destruct a as [|a]; [exact (B p)|exact (IH a p)].
Qed.

Lemma size_pos : forall w, 0 < size w.
Proof. intros. apply Z.pow_pos_nonneg; lia. Qed.

Lemma size_one : forall w, (1 <= w)%nat -> 2 <= size w.
Proof. intros w H. unfold size. change 2 with (2 ^ 1) at 1. apply Z.pow_le_mono_r; lia. Qed.

(* What rows compute as bits, as forms. *)
Lemma computed_bits : forall k n rows x v gs h, Form.computes n rows x v -> length gs = length rows ->
  (forall i, worth (bit gs i) h (k * Form.out rows x i)) -> length gs = n /\ bits_as k gs v h /\ 0 <= v < size n.
Proof.
  intros k n rows x v gs h (L & B & V) E W. split; [congruence|]. pose proof (Form.val_bounds n _ B) as R. rewrite V in R.
  split; [|exact R]. intros i. destruct (Nat.lt_ge_cases i n) as [I|I].
  - rewrite <- V, Form.testbit_b2z by assumption. apply W.
  - rewrite (word_high n v) by assumption. rewrite Z.mul_0_r, bit_high by lia. apply worth_zero.
Qed.

(* Sums of words of which at most one is not 0. *)
Fixpoint apart (vs : list Z) : Prop := match vs with [] => True | v :: rest => (v = 0 \/ Forall (eq 0) rest) /\ apart rest end.

Lemma sum_none : forall vs, Forall (eq 0) vs -> fold_right Z.add 0 vs = 0.
Proof. intros vs F. induction F as [|v vs E F IH]; [reflexivity|]. cbn. lia. Qed.

Lemma apart_bits : forall vs i, apart vs ->
  fold_right Z.add 0 (map (fun v => Z.b2z (Z.testbit v i)) vs) = Z.b2z (Z.testbit (fold_right Z.add 0 vs) i).
Proof.
  intros vs i A. induction vs as [|v vs IH]; [rewrite Z.bits_0; reflexivity|]. destruct A as [C A]. cbn [map fold_right].
  rewrite (IH A). destruct C as [->|F]; [rewrite Z.bits_0; reflexivity|]. rewrite (sum_none vs F), Z.bits_0, !Z.add_0_r.
  reflexivity.
Qed.

Lemma apart_bounds : forall n vs, 0 < n -> apart vs -> Forall (fun v => 0 <= v < n) vs -> 0 <= fold_right Z.add 0 vs < n.
Proof.
  intros n vs N A F. induction F as [|v vs V F IH]; [cbn; lia|]. destruct A as [[->|E] A]; cbn [fold_right].
  - specialize (IH A). lia.
  - rewrite (sum_none vs E). lia.
Qed.

Lemma total_worth : forall fs zs h, Forall2 (fun f z => worth f h z) fs zs -> worth (total fs) h (fold_right Z.add 0 zs).
Proof.
  intros fs zs h F. induction F as [|f z fs zs W F IH]; [apply worth_combined_nil|].
  apply (worth_is _ _ (1 * z + fold_right Z.add 0 zs)); [|cbn [fold_right]; lia]. apply worth_combined; assumption.
Qed.

Lemma sums_word : forall w words vs h, Forall2 (fun fs v => word w fs v h) words vs -> apart vs ->
  word w (sums w words) (fold_right Z.add 0 vs) h.
Proof.
  intros w words vs h F A. assert (R : 0 <= fold_right Z.add 0 vs < size w).
  { apply apart_bounds; [apply size_pos|exact A|]. clear A. induction F as [|fs v words vs W F IH]; constructor; [|exact IH].
    exact (proj1 W). }
  split; [exact R|]. split; [apply each_length|]. intros i. destruct (Nat.lt_ge_cases i w) as [I|I].
  - unfold sums. rewrite bit_each by exact I. rewrite <- apart_bits by exact A.
    apply (worth_is _ _ (fold_right Z.add 0 (map (fun v => 2 * Z.b2z (Z.testbit v (Z.of_nat i))) vs))).
    + apply total_worth. clear A R. induction F as [|fs v words vs W F IH]; constructor; [|exact IH].
      exact (word_bits w fs v h W i).
    + clear. induction vs as [|v vs IH]; [reflexivity|]. cbn [map fold_right] in *. lia.
  - rewrite (word_high w) by assumption. rewrite bit_high by (unfold sums; rewrite each_length; exact I). apply worth_zero.
Qed.

(* Bits are within their bounds. *)
Lemma bounded_bits : forall k vs, 0 <= k -> bounded (fun _ _ => (0, k)) k (env_of vs).
Proof. intros k vs K a p. unfold env_of. cbn [fst snd]. destruct (Z.testbit _ _); cbn [Z.b2z]; lia. Qed.

Lemma flag_bounds : forall b, 0 <= Z.b2z b <= 1.
Proof. intros []; cbn; lia. Qed.

Section Operators.
Variables (first : nat) (ns : list written) (hs : list vector).
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variable fold : bool.

Lemma sound_words : forall args fs, sound (bit_rows fold 2 args fs) (fun gs => forall h vs n v, In h hs ->
  Forall2 (fun a u => bits_as 2 a u h) args vs -> Form.computes n fs (env_of vs) v -> word n gs v h).
Proof.
  intros args fs. apply (sound_more _ _ _ _ _ _ (sound_rows first ns hs model fold _ 2 args ltac:(lia) fs)).
  intros gs (L & W) h vs n v I F C. pose proof (bounded_bits 2 vs ltac:(lia)) as Bd.
  destruct (computed_bits 2 n fs _ v gs h C L (W h _ I (stands_words 2 args vs h F) (fun _ => Bd))) as (E & B & R).
  split; [exact R|]. split; assumption.
Qed.

Lemma sound_flags : forall args fs, sound (bit_rows fold 1 args fs) (fun gs => forall h vs b, In h hs ->
  Forall2 (fun a u => bits_as 1 a u h) args vs -> Form.computes 1 fs (env_of vs) (Z.b2z b) -> flag (bit gs 0) b h).
Proof.
  intros args fs. apply (sound_more _ _ _ _ _ _ (sound_rows first ns hs model fold _ 1 args ltac:(lia) fs)).
  intros gs (L & W) h vs b I F C. pose proof (bounded_bits 1 vs ltac:(lia)) as Bd.
  destruct (computed_bits 1 1 fs _ _ gs h C L (W h _ I (stands_words 1 args vs h F) (fun _ => Bd))) as (_ & B & _).
  specialize (B O). rewrite bool_low, Z.mul_1_l in B. exact B.
Qed.

Lemma sound_on_words : forall rows_of w a x, sound (on_words fold rows_of w a x) (fun gs => forall h u v n r, In h hs ->
  word w a u h -> word w x v h -> Form.computes n (rows_of w) (env_of [u; v]) r -> word n gs r h).
Proof.
  intros rows_of w a x. apply (sound_more _ _ _ _ _ _ (sound_words [a; x] (rows_of w))). intros gs H h u v n r I A X C.
  apply (H h [u; v] n r I); [|exact C]. constructor; [exact (word_bits w a u h A)|]. constructor; [|constructor].
  exact (word_bits w x v h X).
Qed.

Lemma sound_gate : forall w f a, sound (bit_rows fold 2 [[f]; a] (Gates.gate_rows w)) (fun gs => forall h b v, In h hs ->
  worth f h (2 * Z.b2z b) -> word w a v h -> word w gs (if b then v else 0) h).
Proof.
  intros w f a. apply (sound_more _ _ _ _ _ _ (sound_words [[f]; a] (Gates.gate_rows w))). intros gs H h b v I F A.
  apply (H h [Z.b2z b; v] w _ I).
  - constructor; [exact (bits_single 2 f b h F)|]. constructor; [exact (word_bits w a v h A)|constructor].
  - pose proof (Gates.gate_correct w (env_of [Z.b2z b; v]) (bits_bool 1 (Z.b2z b)) (bits_bool w v)) as G.
    unfold env_of at 2 in G. cbn [nth Z.of_nat] in G. rewrite bool_low in G.
    replace (if b then v else 0) with (if Z.b2z b =? 1 then Form.val w (env_of [Z.b2z b; v] 1%nat) else 0); [exact G|].
    unfold env_of. cbn [nth]. rewrite val_bool by apply A. destruct b; reflexivity.
Qed.

Lemma sound_gated : forall w f a, sound (gated fold w f a) (fun gs => forall h b v, In h hs -> flag f b h -> word w a v h ->
  word w gs (if b then v else 0) h).
Proof.
  intros w f a. apply (sound_more _ _ _ _ _ _ (sound_gate w (twice f) a)). intros gs H h b v I F A.
  apply (H h b v I); [exact (worth_scaled 2 f h _ F)|exact A].
Qed.

Lemma sound_chosen : forall w cases, sound (chosen fold w cases) (fun gs => forall h given, In h hs ->
  Forall2 (fun '(f, a) '(b, v) => flag f b h /\ word w a v h) cases given ->
  apart (map (fun '(b, v) => if b : bool then v else 0) given) ->
  word w gs (fold_right Z.add 0 (map (fun '(b, v) => if b : bool then v else 0) given)) h).
Proof.
  intros w cases. unfold chosen.
  apply (sound_bind _ _ _ _ _ _ (Forall2 (fun '(f, a) gs => forall h b v, In h hs -> flag f b h -> word w a v h ->
    word w gs (if b then v else 0) h) cases)).
  - apply sound_every. intros [f a] _. apply sound_gated.
  - intros gs G. apply sound_give. intros h given I F A. apply sums_word; [|exact A]. clear A. revert given F.
    induction G as [|[f a] g cases gs W G IH]; intros given F; inversion F as [|c [b v] cs rest PQ F']; subst;
      [constructor|]. cbv beta iota in PQ. destruct PQ as [P Q]. cbn [map]. constructor;
        [exact (W h b v I P Q)|exact (IH rest F')].
Qed.

Lemma sound_both_flags : forall f g, sound (both_flags fold f g) (fun r => forall h b c, In h hs -> flag f b h -> flag g c h ->
  flag r (b && c) h).
Proof.
  intros f g. unfold both_flags. apply (sound_bind _ _ _ _ _ _ _ _ (sound_flags [[f]; [g]] (Gates.and_rows 1))).
  intros gs H. apply sound_give. intros h b c I B C. apply (H h [Z.b2z b; Z.b2z c] (b && c) I).
  - constructor; [apply bits_single; rewrite Z.mul_1_l; exact B|]. constructor; [|constructor].
    apply bits_single. rewrite Z.mul_1_l. exact C.
  - pose proof (Gates.and_correct 1 (env_of [Z.b2z b; Z.b2z c]) (bits_bool 1 _) (bits_bool 1 _)) as G.
    unfold env_of in G. cbn [nth] in G.
    rewrite (val_bool 1 (Z.b2z b)), (val_bool 1 (Z.b2z c)) in G by (destruct b, c; cbn; lia).
    replace (Z.b2z (b && c)) with (Z.land (Z.b2z b) (Z.b2z c)); [exact G|]. destruct b, c; reflexivity.
Qed.

Lemma sound_gated_flag : forall f g, sound (gated_flag fold f g) (fun r => forall h b c, In h hs -> flag f b h -> flag g c h ->
  flag r (b && c) h).
Proof.
  intros f g. unfold gated_flag. apply (sound_bind _ _ _ _ _ _ _ _ (sound_flags [[f]; [g]] (Gates.gate_rows 1))).
  intros gs H. apply sound_give. intros h b c I B C. apply (H h [Z.b2z b; Z.b2z c] (b && c) I).
  - constructor; [apply bits_single; rewrite Z.mul_1_l; exact B|]. constructor; [|constructor].
    apply bits_single. rewrite Z.mul_1_l. exact C.
  - pose proof (Gates.gate_correct 1 (env_of [Z.b2z b; Z.b2z c]) (bits_bool 1 _) (bits_bool 1 _)) as G.
    unfold env_of at 2 3 in G. cbn [nth Z.of_nat] in G. rewrite bool_low, (val_bool 1 (Z.b2z c)) in G by (destruct c; cbn; lia).
    replace (Z.b2z (b && c)) with (if Z.b2z b =? 1 then Z.b2z c else 0); [exact G|]. destruct b, c; reflexivity.
Qed.

(* Gates of several flags. *)
Lemma flag_parts : forall k flags bs h, Forall2 (fun f b => flag f b h) flags bs ->
  parts_as fold (map (of_flag k) flags) (map Z.b2z bs) h.
Proof.
  intros k flags bs h F. induction F as [|f b flags bs W F IH]; constructor; [|exact IH].
  split; [exact W|]. intros _. exact (flag_bounds b).
Qed.

Lemma flags_level : forall c flags bs h, Forall2 (fun f b => flag f b h) flags bs ->
  let z := weighed (map (of_flag 2) flags) (map Z.b2z bs) c in
  (forallb (fun b => b) bs = true -> z = 2 * Z.of_nat (length flags) + c) /\
  (forallb (fun b => b) bs = false -> z <= 2 * Z.of_nat (length flags) + c - 2).
Proof.
  intros c flags bs h F. induction F as [|f b flags bs W F (T & N)]; [split; [cbn; lia|discriminate]|].
  unfold weighed in *. cbn [map combine fold_right forallb length of_flag] in *.
  set (z := fold_right _ c _) in *. assert (L : z <= 2 * Z.of_nat (length flags) + c) by (destruct (forallb _ bs);
    [rewrite T by reflexivity|]; lia).
  destruct b; cbn [andb Z.b2z]; (split; [intros E|intros E]); try discriminate; try specialize (T E); try specialize (N E); lia.
Qed.

Lemma sound_gated_by : forall w flags a, sound (gated_by fold flags a) (fun gs => forall h bs v, In h hs ->
  Forall2 (fun f b => flag f b h) flags bs -> word w a v h -> word w gs (if forallb (fun b => b) bs then v else 0) h).
Proof.
  intros w flags a. unfold gated_by.
  apply (sound_more _ _ _ _ _ _ (sound_every first ns _ _ _ _ a (fun f _ => sound_unit_of first ns hs model fold _ _))).
  intros gs G h bs v I F (R & L & B).
  destruct (flags_level (-2 * Z.of_nat (length flags)) flags bs h F) as (T & N).
  set (z := weighed _ _ _) in *.
  assert (E : forall value, (forall i, (i < length a)%nat -> worth (bit a i) h (2 * Z.b2z (value i))) ->
    forall i, (i < length a)%nat -> worth (bit gs i) h (Z.max 0 (2 * Z.b2z (value i) + z))).
  { clear L B. induction G as [|f g a gs W G IH]; intros value S i Li; [cbn in Li; lia|]. destruct i as [|i].
    - apply (worth_is _ _ (Z.max 0 (weighed (of_bit 1 f :: map (of_flag 2) flags) (2 * Z.b2z (value O) :: map Z.b2z bs)
        (-2 * Z.of_nat (length flags))))).
      + apply (W h _ I). constructor; [|exact (flag_parts 2 flags bs h F)]. split; [apply (S O); cbn; lia|]. intros _.
        cbn [fst snd]. destruct (value O); cbn [Z.b2z]; lia.
      + unfold z, weighed. cbn [combine fold_right of_bit]. lia.
    - apply (IH (fun i => value (Datatypes.S i))); [|cbn in Li; lia]. intros j J. apply (S (Datatypes.S j)). cbn. lia. }
  specialize (E _ (fun i _ => B i)).
  assert (Lg : length gs = w).
  { rewrite <- L. clear - G. induction G as [|f g a gs _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. }
  split; [destruct (forallb _ bs); [exact R|pose proof (size_pos w); lia]|]. split; [exact Lg|]. intros i.
  destruct (Nat.lt_ge_cases i w) as [J|J].
  - rewrite L in E. apply (worth_is _ _ _ _ (E i J)). destruct (forallb _ bs).
    + rewrite T by reflexivity. destruct (Z.testbit v (Z.of_nat i)); cbn [Z.b2z]; lia.
    + rewrite Z.bits_0. specialize (N eq_refl). destruct (Z.testbit v (Z.of_nat i)); cbn [Z.b2z]; lia.
  - rewrite bit_high by lia. destruct (forallb _ bs); [rewrite (word_high w) by assumption|rewrite Z.bits_0]; apply worth_zero.
Qed.

Lemma sign_cases : forall r i, nth i (signs_of 3 r) 0 = -1 \/ nth i (signs_of 3 r) 0 = 0 \/ nth i (signs_of 3 r) 0 = 1.
Proof.
  intros r i. destruct (Nat.lt_ge_cases i 3) as [I|I].
  - assert (J : In (nth i (signs_of 3 r) 0) (signs_of 3 r)) by (apply nth_In; rewrite signs_length; exact I).
    revert J. generalize (nth i (signs_of 3 r) 0). intros z J. destruct r as [r|]; cbn in J;
      repeat match goal with H : _ \/ _ |- _ => destruct H as [<-|H] | H : False |- _ => destruct H end; try tauto;
      match goal with |- context [if ?b then _ else _] => destruct b end; tauto.
  - rewrite nth_overflow by (rewrite signs_length; exact I). tauto.
Qed.

Lemma pairs_length : forall A B (R : A -> B -> Prop) a b, Forall2 R a b -> length a = length b.
Proof. intros A B R a b F. induction F as [|x y a b _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. Qed.

(* The bounds of a name's bits. *)
Definition name_within (rs : list bounds) (r : option Z) : Prop :=
  Forall2 (fun b z => fst b <= z <= snd b) rs (signs_of 3 r).

Lemma sound_gated_signs : forall flags a rs, sound (gated_signs fold flags (combine a rs)) (fun gs => forall h bs r, In h hs ->
  Forall2 (fun f b => flag f b h) flags bs -> name a r h -> name_within rs r ->
  name gs (if forallb (fun b => b) bs then r else None) h).
Proof.
  intros flags a rs. unfold gated_signs. set (c := -2 * Z.of_nat (length flags)).
  apply (sound_more _ _ _ _ (Forall2 (fun '(f, r) g => forall h bs s, In h hs -> Forall2 (fun f b => flag f b h) flags bs ->
    worth f h s -> fst r <= s <= snd r -> let z := weighed (map (of_flag 2) flags) (map Z.b2z bs) c in
    worth g h (Z.max 0 (s + z) - Z.max 0 (- s + z))) (combine a rs))).
  - apply sound_every. intros [f r] _. apply (sound_bind _ _ _ _ _ _ _ _ (sound_unit_of first ns hs model fold _ _)).
    intros up U. apply (sound_bind _ _ _ _ _ _ _ _ (sound_unit_of first ns hs model fold _ _)). intros down D.
    apply sound_give. intros h bs s I F S B z. apply (worth_is _ _ (1 * Z.max 0 (s + z) + (-1 * Z.max 0 (- s + z) + 0)));
      [|lia].
    assert (P : forall k, parts_as fold ((k, f, r) :: map (of_flag 2) flags) (s :: map Z.b2z bs) h).
    { intros k. constructor; [split; [exact S|intros _; exact B]|exact (flag_parts 2 flags bs h F)]. }
    assert (K : forall k, weighed ((k, f, r) :: map (of_flag 2) flags) (s :: map Z.b2z bs) c = k * s + z) by reflexivity.
    repeat apply worth_combined; [apply (worth_is _ _ _ _ (U h _ I (P 1)))|apply (worth_is _ _ _ _ (D h _ I (P (-1))))
      |apply worth_combined_nil]; rewrite K; lia.
  - intros gs G h bs r I F (L & B) W. destruct (flags_level c flags bs h F) as (T & N). set (z := weighed _ _ _) in *.
    pose proof (pairs_length _ _ _ _ _ W) as Lr. rewrite signs_length in Lr.
    assert (Lg : length gs = 3%nat).
    { unfold bounds in *. rewrite <- (pairs_length _ _ _ _ _ G), combine_length, L, Lr. reflexivity. }
    split; [exact Lg|]. intros i. destruct (Nat.lt_ge_cases i 3) as [J|J].
    + assert (E : worth (bit gs i) h (Z.max 0 (nth i (signs_of 3 r) 0 + z) - Z.max 0 (- nth i (signs_of 3 r) 0 + z))).
      { specialize (B i). unfold name_within in W. revert W B. generalize (signs_of 3 r). intros ss W B. rewrite <- L in J.
        clear L Lg Lr. revert gs G i J ss W B. revert rs. induction a as [|f a IH]; intros rs gs G i J ss W B; [cbn in J; lia|].
        inversion W as [|b0 s0 rs0 ss0 Wb Ws E1 E2]; subst.
        - inversion G; subst. apply (worth_is _ _ 0); [unfold bit; destruct i; apply worth_zero|destruct i; cbn [nth]; lia].
        - cbn [combine] in G. inversion G as [|x g l gs0 Wg Gs]; subst. destruct i as [|i].
          + exact (Wg h bs s0 I F B Wb).
          + apply (IH rs0 gs0 Gs i ltac:(cbn in J; lia) ss0 Ws). exact B. }
      apply (worth_is _ _ _ _ E). destruct (forallb _ bs).
      * rewrite T by reflexivity. unfold c. destruct (sign_cases r i) as [S|[S|S]]; rewrite S; lia.
      * specialize (N eq_refl). assert (Q : nth i (signs_of 3 None) 0 = 0) by (destruct i as [|[|[|i]]]; reflexivity || lia).
        rewrite Q. unfold c in N. destruct (sign_cases r i) as [S|[S|S]]; rewrite S; lia.
    + rewrite bit_high by lia. rewrite nth_overflow by (rewrite signs_length; exact J). apply worth_zero.
Qed.
End Operators.
