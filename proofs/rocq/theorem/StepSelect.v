(* The instruction that a machine for one program selects: what the universal machine fetches from its prompt. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepExecute
  StepCodes StepReads StepFetch.
From Efasp Require Form Positions Sequences Reached.
Import ListNotations.
Open Scope Z_scope.

Lemma bit_mapped : forall A (f : A -> form) l i, bit (map f l) i = match nth_error l i with Some a => f a | None => zero end.
Proof.
  intros A f l. unfold bit. induction l as [|a l IH]; intros [|i]; try reflexivity. cbn. apply IH.
Qed.

(* In how many of some bits two numbers differ. *)
Definition differing (a b : Z) (l : list nat) : Z :=
  fold_right (fun i rest => Z.b2z (xorb (Z.testbit a (Z.of_nat i)) (Z.testbit b (Z.of_nat i))) + rest) 0 l.

Lemma differing_next : forall a b i l, differing a b (i :: l) =
  Z.b2z (xorb (Z.testbit a (Z.of_nat i)) (Z.testbit b (Z.of_nat i))) + differing a b l.
Proof. reflexivity. Qed.

Lemma differing_low : forall a b l, 0 <= differing a b l.
Proof.
  intros a b l. induction l as [|i l IH]; [cbn; lia|]. rewrite differing_next. destruct (xorb _ _); cbn [Z.b2z]; lia.
Qed.

Lemma differing_none : forall a b l, differing a b l = 0 -> forall i, In i l ->
  Z.testbit a (Z.of_nat i) = Z.testbit b (Z.of_nat i).
Proof.
  intros a b l. induction l as [|j l IH]; intros E i; [intros []|]. rewrite differing_next in E.
  pose proof (differing_low a b l) as L. intros [->|I].
  - destruct (Z.testbit a _), (Z.testbit b _); try reflexivity; cbn [xorb Z.b2z] in E; lia.
  - apply IH; [|exact I]. destruct (xorb _ _); cbn [Z.b2z] in E; lia.
Qed.

Lemma differing_same : forall a l, differing a a l = 0.
Proof. intros a l. induction l as [|i l IH]; [reflexivity|]. rewrite differing_next, xorb_nilpotent. exact IH. Qed.

Lemma differs : forall w a b, 0 <= a < size w -> 0 <= b < size w -> (differing a b (seq 0 w) =? 0) = (b =? a).
Proof.
  intros w a b A B. apply eq_true_iff_eq. rewrite !Z.eqb_eq. split; [|intros ->; apply differing_same].
  intros E. symmetry. apply Z.bits_inj'. intros i I. destruct (Z.lt_ge_cases i (Z.of_nat w)) as [L|L].
  - rewrite <- (Z2Nat.id i) by exact I. apply (differing_none a b _ E). apply in_seq. lia.
  - rewrite <- (Z2Nat.id i) by exact I. rewrite !(word_high w) by (assumption || lia). reflexivity.
Qed.

Section Select.
Variables (first : nat) (ns : list written) (hs : list vector).
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variables (w : nat) (ext : bool) (p : program).
Hypothesis V : valid w ext p = true.

Lemma selecting_worth : forall c j n s h, counter_as w c n s h ->
  worth (selecting w c j) h (2 * (Z.b2z (runs_now s) - differing (Z.of_nat j) n (seq 0 w))).
Proof.
  intros c j n s h C. pose proof (status_running w c n s h C) as R. destruct C as [(_ & _ & B) _]. unfold selecting.
  set (one := fun i => Z.testbit (Z.of_nat j) (Z.of_nat i)).
  assert (G : forall l e, worth (combined (map (fun i => (if one i then 1 else -1, bit (at_word c) i)) l) e) h
    (-2 * differing (Z.of_nat j) n l + 2 * fold_right (fun i rest => Z.b2z (one i) + rest) 0 l + e)).
  { induction l as [|i l IH]; intros e; [apply (worth_is _ _ e); [apply worth_combined_nil|cbn; lia]|].
    rewrite differing_next. cbn [map fold_right].
    eapply worth_is; [apply worth_combined; [exact (B i)|exact (IH e)]|]. fold (one i).
    destruct (one i), (Z.testbit n (Z.of_nat i)); cbn [xorb Z.b2z]; lia. }
  eapply worth_is; [apply worth_combined; [exact R|apply G]|]. fold one. set (m := fold_right _ _ _). lia.
Qed.

Lemma sound_units : forall c (l : list instruction) k, Z.of_nat (k + length l) <= size w ->
  sound (every (fun j => halved (selecting w c j)) (seq k (length l))) (fun us => forall h n s, In h hs ->
    counter_as w c n s h ->
    Forall2 (fun j u => flag u (runs_now s && (n =? Z.of_nat j)) h) (seq k (length l)) us).
Proof.
  intros c l k K. apply (sound_more _ _ _ _ (Forall2 (fun j u => forall h n s, In h hs -> counter_as w c n s h ->
    flag u (runs_now s && (n =? Z.of_nat j)) h) (seq k (length l)))).
  - apply sound_every. intros j J. apply in_seq in J.
    apply (sound_more _ _ _ _ _ _ (sound_halved first ns hs model (selecting w c j))). intros u U h n s I C.
    apply (worth_is _ _ _ _ (U h _ I (selecting_worth c j n s h C))).
    pose proof (differs w (Z.of_nat j) n ltac:(lia) (proj1 (proj1 C))) as D.
    pose proof (differing_low (Z.of_nat j) n (seq 0 w)) as L0. destruct (runs_now s); cbn [andb Z.b2z]; [|lia].
    rewrite <- D. destruct (Z.eqb_spec (differing (Z.of_nat j) n (seq 0 w)) 0); cbn [Z.b2z]; lia.
  - intros us F h n s I C. induction F as [|j u js us U F IH]; constructor; [exact (U h n s I C)|exact IH].
Qed.

(* What is listed over the units is that of the instruction whose unit is 1. *)
Definition listed_at (value : instruction -> Z) (l : list instruction) (k : nat) (n : Z) (on : bool) : Z :=
  if on && (Z.of_nat k <=? n) then match nth_error l (Z.to_nat (n - Z.of_nat k)) with Some i => value i | None => 0 end else 0.

Lemma listed_worth : forall value h n on l k us,
  Forall2 (fun j u => flag u (on && (n =? Z.of_nat j)) h) (seq k (length l)) us ->
  worth (listed value (combine l us)) h (listed_at value l k n on).
Proof.
  intros value h n on l. unfold listed. induction l as [|i l IH]; intros k us F.
  - apply (worth_is _ _ 0); [destruct us; apply worth_combined_nil|]. unfold listed_at.
    destruct (on && _); [|reflexivity]. destruct (Z.to_nat _); reflexivity.
  - cbn [length seq] in F. inversion F as [|j u js us' U F' E1 E2]; subst. specialize (IH (S k) us' F').
    assert (Split : listed_at value (i :: l) k n on = value i * Z.b2z (on && (n =? Z.of_nat k)) + listed_at value l (S k) n on).
    { unfold listed_at. destruct on; [|cbn; lia]. cbn [andb].
      destruct (Z.leb_spec (Z.of_nat k) n), (Z.leb_spec (Z.of_nat (S k)) n), (Z.eqb_spec n (Z.of_nat k)); cbn [Z.b2z]; try lia.
      - replace (Z.to_nat (n - Z.of_nat k)) with (S (Z.to_nat (n - Z.of_nat (S k)))) by lia. cbn [nth_error]. lia.
      - subst n. rewrite Z.sub_diag. cbn. lia. }
    cbn [combine flat_map]. cbv zeta. rewrite Split. destruct (Z.eqb_spec (value i) 0) as [E|E].
    + rewrite E. cbn [app]. exact IH.
    + cbn [app]. apply worth_combined; [exact U|exact IH].
Qed.

(* Of no instruction what is listed is 0: the one at the counter of a processor that runs, if there is one. *)
Definition present_at (n : Z) (on : bool) : option instruction :=
  if on && (0 <=? n) then nth_error (instructions p) (Z.to_nat n) else None.

Lemma listed_present : forall value n on, listed_at value (instructions p) 0 n on =
  match present_at n on with Some i => value i | None => 0 end.
Proof.
  intros value n on. unfold listed_at, present_at. change (Z.of_nat 0) with 0. rewrite Z.sub_0_r.
  destruct (on && _); reflexivity.
Qed.

Lemma fetched_present : forall m n s, 0 <= n -> Positions.fetched p m (counter_word n s) (runs_now s) =
  match present_at n (runs_now s) with Some i => nth m (instruction_tokens i) Nothing | None => Bos end.
Proof.
  intros m n s N. unfold Positions.fetched, counter_word, present_at. apply Z.leb_le in N. rewrite N.
  destruct s as [s|]; [|reflexivity].
  destruct (nth_error (instructions p) (Z.to_nat n)); destruct (runs_now (Some s)); reflexivity.
Qed.

Lemma name_bit_right : forall of i b, (b < 3)%nat -> name_bit of b i = nth b (signs_of 3 (name_in (operand_token (of i)))) 0.
Proof. intros of i b B. unfold name_bit. destruct (of i); destruct b as [|[|[|b]]]; try lia; reflexivity. Qed.

Lemma no_name : forall b, nth b (signs_of 3 None) 0 = 0.
Proof. intros [|[|[|[|b]]]]; reflexivity. Qed.

(* Every operation is counted once. *)
Lemma one_operation : forall o, In o (operations ext) ->
  fold_right Z.add 0 (map (fun q => if op_number o =? op_number q then 1 else 0) (operations ext)) = 1.
Proof.
  intros o I. unfold operations in *. destruct ext; destruct o; try reflexivity; exfalso; cbn in I; intuition discriminate.
Qed.

Lemma operation_at : forall k q, nth_error (operations ext) k = Some q -> op_number q = Z.of_nat k.
Proof.
  intros k q E. unfold operations in E. destruct ext; cbn [app] in E;
    do 21 (destruct k as [|k]; [cbn in E; (injection E as <-; reflexivity) || discriminate|cbn [nth_error] in E]);
    destruct k; discriminate.
Qed.

Theorem sound_selected : forall c, sound (selected w ext (instructions p) c) (fun i => forall h n s, In h hs ->
  counter_as w c n s h -> fetched_as w i (fun k => Positions.fetched p k (counter_word n s) (runs_now s)) h).
Proof.
  intros c. unfold selected. pose proof (Positions.program_fits w ext p V) as (_ & _ & _ & Fits).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_units c (instructions p) 0 Fits)). intros us U. apply sound_give.
  intros h n s I C. specialize (U h n s I C). pose proof (proj1 (proj1 (proj1 C))) as N0.
  assert (W : forall value, worth (listed value (combine (instructions p) us)) h
    (match present_at n (runs_now s) with Some i => value i | None => 0 end)).
  { intros value. rewrite <- listed_present. exact (listed_worth value h n (runs_now s) (instructions p) 0 us U). }
  pose proof (fun k => fetched_present k n s N0) as F.
  assert (In_ : forall i, present_at n (runs_now s) = Some i -> In i (instructions p)).
  { intros i E. unfold present_at in E. destruct (_ && _); [|discriminate]. exact (nth_error_In _ _ E). }
  assert (Names : forall k of, (forall i, nth k (instruction_tokens i) Nothing = operand_token (of i)) ->
    name (map (fun b => listed (name_bit of b) (combine (instructions p) us)) (seq 0 3))
      (name_in (Positions.fetched p k (counter_word n s) (runs_now s))) h).
  { intros k of K. split; [reflexivity|]. intros b. rewrite bit_mapped, F. destruct (nth_error (seq 0 3) b) as [m|] eqn:E.
    - assert (B : (b < 3)%nat) by (rewrite <- (seq_length 3 0); apply nth_error_Some; congruence).
      rewrite (nth_error_nth' _ 0%nat), seq_nth in E by (rewrite ?seq_length; exact B). injection E as <-. cbn [Nat.add].
      apply (worth_is _ _ _ _ (W (name_bit of b))). destruct (present_at n (runs_now s)) as [i|]; [|symmetry; apply no_name].
      rewrite K. apply name_bit_right. exact B.
    - apply nth_error_None in E. rewrite seq_length in E. rewrite nth_overflow by (rewrite signs_length; exact E).
      apply worth_zero. }
  split; cbn [operation_of name_d name_a name_b immediate_word bounds_d].
  - rewrite F. split.
    + intros q. unfold is_op. cbn [operation_of]. rewrite bit_mapped. pose proof (op_number_nonnegative q) as Q0.
      destruct (nth_error (operations ext) (Z.to_nat (op_number q))) as [q'|] eqn:E.
      * apply operation_at in E. rewrite Z2Nat.id in E by exact Q0.
        apply (worth_is _ _ _ _ (W _)). destruct (present_at n (runs_now s)) as [i|]; [|reflexivity].
        cbn [instruction_tokens nth operation_in is_one]. rewrite E. destruct (_ =? _); reflexivity.
      * apply (worth_is _ _ 0); [apply worth_zero|]. destruct (present_at n (runs_now s)) as [i|] eqn:Ei; [|reflexivity].
        cbn [instruction_tokens nth operation_in is_one]. apply nth_error_None in E.
        pose proof (op_number_range ext (op i) (op_known w ext p V i (In_ i eq_refl))).
        replace (op_number (op i) =? op_number q) with false by (symmetry; apply Z.eqb_neq; lia). reflexivity.
    + eapply worth_is; [apply (total_worth _ (map (fun q => match present_at n (runs_now s) with
        Some i => if op_number (op i) =? op_number q then 1 else 0 | None => 0 end) (operations ext)))|].
      * generalize (operations ext). intros os. induction os as [|q os IH]; [constructor|]. cbn [map].
        constructor; [apply W|exact IH].
      * destruct (present_at n (runs_now s)) as [i|] eqn:Ei.
        -- exact (one_operation (op i) (op_known w ext p V i (In_ i eq_refl))).
        -- generalize (operations ext). intros os. induction os as [|q os IH]; [reflexivity|exact IH].
  - exact (Names 1%nat rd (fun i => eq_refl)).
  - exact (Names 2%nat ra (fun i => eq_refl)).
  - exact (Names 3%nat rx (fun i => eq_refl)).
  - rewrite F. assert (R : 0 <= word_value (match present_at n (runs_now s) with
      Some i => nth 3 (instruction_tokens i) Nothing | None => Bos end) < size w).
    { rewrite <- F. apply (fetched_value w ext p V). lia. }
    split; [exact R|]. split; [apply each_length|]. intros b. destruct (Nat.lt_ge_cases b w) as [B|B].
    + rewrite bit_each by exact B. apply (worth_is _ _ _ _ (W (immediate_bit b))).
      destruct (present_at n (runs_now s)) as [i|]; [|rewrite Z.bits_0; reflexivity].
      unfold immediate_bit. cbn [instruction_tokens nth map]. destruct (rx i) as [|r|v]; cbn [operand_token word_value];
        rewrite ?Z.bits_0; try reflexivity.
      unfold Statement.word. cbn [word_value]. destruct (Z.testbit v (Z.of_nat b)); reflexivity.
    + rewrite bit_high by (rewrite each_length; exact B). rewrite (word_high w) by assumption. apply worth_zero.
  - rewrite F. unfold name_within.
    assert (G : forall b, (b < 3)%nat -> let r := match present_at n (runs_now s) with
      Some i => nth 1 (instruction_tokens i) Nothing | None => Bos end in
      fst (bounds_of (map (name_bit rd b) (instructions p))) <= nth b (signs_of 3 (name_in r)) 0 <=
      snd (bounds_of (map (name_bit rd b) (instructions p)))).
    { intros b B r. unfold r. assert (X : forall l z, In z l \/ z = 0 -> fst (bounds_of l) <= z <= snd (bounds_of l)).
      { unfold bounds_of. induction l as [|a l IH]; intros z Z0; cbn [fold_right fst snd].
        - destruct Z0 as [[]| ->]. lia.
        - destruct Z0 as [[->|Z0]|Z0]; [|specialize (IH z (or_introl Z0))|specialize (IH z (or_intror Z0))];
            cbn [fst snd] in *; lia. }
      apply X. destruct (present_at n (runs_now s)) as [i|] eqn:Ei; [left|right; apply no_name].
      cbn [instruction_tokens nth map]. rewrite <- name_bit_right by exact B. apply in_map. exact (In_ i eq_refl). }
    set (r := name_in _) in *. pose proof (signs_length 3 r) as Len. cbv zeta in G. fold r in G. revert Len G.
    generalize (signs_of 3 r). intros [|x [|y [|z [|? ?]]]] Len G; try discriminate. cbn [seq map].
    constructor; [exact (G 0%nat ltac:(lia))|]. constructor; [exact (G 1%nat ltac:(lia))|].
    constructor; [exact (G 2%nat ltac:(lia))|constructor].
Qed.
End Select.

(* Either machine's. *)
Definition finds (w : nat) (p : program) (code : option (list instruction)) (l : list Positions.position) : Prop :=
  match code with None => Positions.programmed w p l | Some is => instructions p = is end.

Theorem sound_fetch : forall first ns l f, modelled first ns (map f l) -> forall w log ext code p,
  (forall j, In j l -> shows w log ext (f j) j) -> valid w ext p = true -> Positions.prompted w p l -> prompt_kinds l ->
  finds w p code l -> forall c, sound first ns (fetch w log ext code c) (fun i => forall here n s, In here l ->
    counter_as w c n s (f here) -> (s = None -> n = 0) ->
    fetched_as w i (fun k => Positions.fetched p k (counter_word n s) (runs_now s)) (f here)).
Proof.
  intros first ns l f model w log ext [is|] p shown V L kinds Fi c.
  - cbn [fetch finds] in *. subst is.
    apply (sound_more _ _ _ _ _ _ (sound_selected first ns (map f l) model w ext p V c)). intros i S here n s I C _.
    exact (S (f here) n s (in_map f l here I) C).
  - exact (sound_looked_up first ns l f model w log ext p shown V L kinds Fi c).
Qed.
