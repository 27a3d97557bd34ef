(* The instruction and the number of processors that the step reads: the same for both engines. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepExecute StepMatch
  StepCodes
  StepReads.
From Efasp Require Positions Matching.
Import ListNotations.
Open Scope Z_scope.

(* What the instructions of a valid program have in their fields. *)
Section Program.
Variables (w : nat) (ext : bool) (p : program).
Hypothesis V : valid w ext p = true.

Lemma rx_word : forall i v, In i (instructions p) -> rx i = Immediate v -> 0 <= v < size w.
Proof.
  intros i v I E. pose proof (proj2 (proj2 (Sequences.valid_parts w ext p V)) i I) as W. unfold well_formed in W.
  rewrite E in W. cbn [register immediate absent orb] in W. apply (Reached.is_word_range w).
  destruct (op i); rewrite ?andb_false_r in W; try discriminate; rewrite ?andb_true_iff in W; tauto.
Qed.

Lemma op_known : forall i, In i (instructions p) -> In (op i) (operations ext).
Proof.
  intros i I. pose proof (proj2 (proj2 (Sequences.valid_parts w ext p V)) i I) as W. unfold well_formed in W.
  apply op_number_in. unfold operations. destruct ext; destruct (op i); cbn in W |- *; try discriminate; lia.
Qed.

Lemma fetched_in : forall k counter running, (k < 4)%nat -> Positions.fetched p k counter running <> Bos ->
  exists i, In i (instructions p) /\ forall m, Positions.fetched p m counter running = nth m (instruction_tokens i) Nothing.
Proof.
  intros k counter running K H. unfold Positions.fetched in *. destruct counter as [v|]; [|destruct (H eq_refl)].
  destruct (nth_error (instructions p) (Z.to_nat v)) as [i|] eqn:E; [|destruct (H eq_refl)].
  destruct running; [|destruct (H eq_refl)]. exists i. split; [exact (nth_error_In _ _ E)|reflexivity].
Qed.

Lemma fetched_value : forall k counter running, (k < 4)%nat ->
  0 <= word_value (Positions.fetched p k counter running) < size w /\
  (k <> 0%nat -> forall o, Positions.fetched p k counter running <> Op o) /\
  (forall o, Positions.fetched p k counter running = Op o -> In o (operations ext)).
Proof.
  intros k counter running K. pose proof (Reached.size_positive w) as Z0.
  assert (D : Positions.fetched p k counter running = Bos \/ Positions.fetched p k counter running <> Bos).
  { destruct (Positions.fetched p k counter running); try (right; discriminate). left. reflexivity. }
  destruct D as [E|N]; [rewrite E; split; [cbn; lia|split; discriminate]|].
  destruct (fetched_in k counter running K N) as (i & I & E). rewrite E.
  assert (Wf : well_formed w ext i = true) by (exact (proj2 (proj2 (Sequences.valid_parts w ext p V)) i I)).
  assert (R : (register (rd i) = true \/ absent (rd i) = true) /\ (register (ra i) = true \/ absent (ra i) = true)).
  { unfold well_formed in Wf. destruct (op i); rewrite ?andb_true_iff, ?orb_true_iff in Wf; tauto. }
  assert (Plain : forall o, register o = true \/ absent o = true -> word_value (operand_token o) = 0 /\
    forall q, operand_token o <> Op q).
  { intros [|r|v] [H|H]; try discriminate; split; (reflexivity || discriminate). }
  destruct k as [|[|[|[|k]]]]; [| | | |lia]; cbn [instruction_tokens nth map].
  - split; [cbn; lia|]. split; [congruence|]. intros o Eo. injection Eo as <-. exact (op_known i I).
  - destruct (Plain (rd i) (proj1 R)) as [-> N1]. split; [lia|]. split; [intros _; exact N1|]. intros o E1. destruct (N1 o E1).
  - destruct (Plain (ra i) (proj2 R)) as [-> N1]. split; [lia|]. split; [intros _; exact N1|]. intros o E1. destruct (N1 o E1).
  - destruct (rx i) as [|r|v] eqn:X; (split; [|split; discriminate]); cbn; try lia. exact (rx_word i v I X).
Qed.
End Program.

(* The places of the prompt have the kinds that their flags say. *)
Definition prompt_kinds (l : list position) : Prop := forall j, In j l ->
  (forall n, (n < 4)%nat -> (Z.of_nat (2 + n) =? place_kind j) = Positions.at_field (Z.of_nat n) j) /\
  (1 =? place_kind j) = Positions.at_count j.

Section Fetch.
Variables (first : nat) (ns : list written) (l : list position) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variables (w : nat) (log ext : bool) (p : program).
Hypothesis shown : forall j, In j l -> shows w log ext (f j) j.
Hypothesis V : valid w ext p = true.
Hypothesis L : Positions.prompted w p l.
(* The kinds of the places of instructions and of P are no other places'. *)
Hypothesis kinds : prompt_kinds l.

Notation reads_token := (reads_token l f).
Notation sound_match := (sound_match first ns l f w log ext).

Definition counter_word (n : Z) (s : option status) : option Z := match s with Some _ => Some n | None => None end.
Definition runs_now (s : option status) : bool := has_status s Running.

Lemma status_present : forall fs s h, status_as fs s h -> flag (total fs) (present s) h.
Proof.
  intros fs s h S. eapply worth_is; [apply (total_worth _ (map (fun t => Z.b2z (has_status s t)) statuses))|].
  - unfold status_as in S. induction S as [|g t gs ts G _ IH]; [constructor|]. cbn [map]. constructor; [exact G|exact IH].
  - destruct s as [[]|]; reflexivity.
Qed.

Lemma status_running : forall c n s h, counter_as w c n s h -> flag (running c) (runs_now s) h.
Proof.
  intros c n s h (_ & S). unfold running, bit. inversion S as [|g t gs ts G _ E]; subst. exact G.
Qed.

Lemma none_word : forall h, word w (none w) 0 h.
Proof.
  intros h. pose proof (Reached.size_positive w). split; [lia|]. split; [apply each_length|]. intros i. rewrite Z.bits_0.
  destruct (Nat.lt_ge_cases i w) as [I|I]; [unfold none; rewrite bit_each by exact I|
    rewrite bit_high by (unfold none; rewrite each_length; exact I)]; apply worth_zero.
Qed.

Lemma negated_flag : forall g b h, flag g b h -> flag (negated g) (negb b) h.
Proof.
  intros g b h G. eapply worth_is; [apply worth_combined; [exact G|apply worth_combined_nil]|]. destruct b; reflexivity.
Qed.

Lemma index_words : forall j, In j l -> word_worth 1 (f j) (index_signs w log ext) w (index_of j).
Proof.
  intros j J. split; [unfold index_signs; rewrite map_length; apply seq_length|]. intros i I. rewrite Z.mul_1_l.
  exact (index_sign_worth w log ext (f j) j (shown j J) i I).
Qed.

Lemma place_flag_is : forall i j, In j l -> (i < 9)%nat -> worth (place_flag w ext i) (f j) (Z.b2z (Z.of_nat i =? place_kind
  j)).
Proof. intros i j J I. apply (place_flag_worth w log ext (f j) j (shown j J)). destruct log; lia. Qed.

(* P where it is asked for. *)
Theorem sound_count : forall asked, sound (count w log ext asked) (fun gs => forall here b, In here l -> flag asked b (f here)
  ->
  word w gs (if b then Z.of_nat (processors p) mod size w else 0) (f here)).
Proof.
  intros asked. unfold count. apply sound_if; intros Nt.
  { apply sound_give. intros here b I F. apply (nothing_right _ _ _ Nt) in F. destruct b; [discriminate|]. apply none_word. }
  clear Nt. set (q := {| scale := 1; matched := _; among := _; but := _; by_rank := _; bound := _;
    unless := _ |}).
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_match q)). intros a A.
  apply (sound_more _ _ _ _ _ _ (sound_read_word first ns l f model w log ext shown a)). intros gs G here b I F.
  assert (R : reads_token a here (if b then Statement.word (Z.of_nat (processors p) mod size w) else Bos)).
  { apply (A (Positions.count_of b) here); [|exact I| | |exact (Positions.count_read w p l L b)].
    - apply Build_describes; [cbn; lia|split; reflexivity|reflexivity|split; discriminate|constructor|reflexivity|reflexivity].
    - split; [exact (one_worth w log ext (f here) here (shown here I))|constructor|].
      cbn [unless q Positions.count_of Matching.refused]. apply negated_flag. exact F.
    - intros j J. split; [exact (sink_worth w log ext (f j) j (shown j J))|constructor| |constructor|reflexivity].
      constructor; [|constructor]. cbn [scale q]. rewrite Z.mul_1_l. eapply worth_is; [apply place_flag_is; [exact J|lia]|].
      change (Z.of_nat 1) with 1. rewrite (proj2 (kinds j J)). reflexivity. }
  pose proof (Reached.size_positive w) as Z0. destruct b; apply (G here _ I R); cbn; [|lia]. apply Z.mod_pos_bound. exact Z0.
Qed.
(* A field of the instruction at a counter. *)
Definition field (c : counter) (n : nat) : wanted :=
  {| scale := 1; matched := [(signed (at_word c) (total (at_status c)), index_signs w log ext)];
     among := [place_flag w ext n]; but := []; by_rank := None; bound := 1; unless := Some (negated (running c)) |}.

(* What is fetched, in forms. *)
Record fetched_as (i : fetched) (t : nat -> token) (h : vector) : Prop := {
  as_operation : operation_as i (operation_in (t 0%nat)) h;
  as_d : name (name_d i) (name_in (t 1%nat)) h; as_a : name (name_a i) (name_in (t 2%nat)) h;
  as_b : name (name_b i) (name_in (t 3%nat)) h; as_immediate : word w (immediate_word i) (word_value (t 3%nat)) h;
  as_bounds : name_within (bounds_d i) (name_in (t 1%nat)) }.

Lemma any_name : forall r, name_within (repeat (-1, 1) 3) r.
Proof.
  intros r. unfold name_within. pose proof (signs_length 3 r) as Len. pose proof (sign_cases r) as C. revert Len C.
  generalize (signs_of 3 r). intros [|a [|b [|c [|d zs]]]] Len C; try discriminate.
  specialize (C O) as C0. specialize (C 1%nat) as C1. specialize (C 2%nat) as C2. cbn [nth] in *.
  repeat (constructor; [cbn; lia|]). constructor.
Qed.

(* The universal machine finds it in the prompt. *)
Hypothesis Pr : Positions.programmed w p l.

Lemma sound_field : forall c k, (k < 4)%nat -> sound (match_one w log ext (field c (2 + k))) (fun a => forall here n s, In here
  l ->
  counter_as w c n s (f here) -> (s = None -> n = 0) ->
  reads_token a here (Positions.fetched p k (counter_word n s) (runs_now s))).
Proof.
  intros c k K. apply (sound_more _ _ _ _ _ _ (sound_match (field c (2 + k)))). intros a A here n s I C N.
  pose proof C as C'. destruct C' as [Cw Cs]. set (m := Positions.fetch w (Z.of_nat k) (counter_word n s) (runs_now s)).
  assert (Lw : length (signed (at_word c) (total (at_status c))) = w) by (unfold signed; rewrite map_length; apply Cw).
  apply (A m here); [|exact I| | |].
  - apply Build_describes; [cbn; lia|split; reflexivity|reflexivity|split; discriminate| |reflexivity|reflexivity].
    constructor; [|constructor]. cbn [fst snd Matching.bits]. split; [exact Lw|apply (index_words here I)].
  - split.
    + exact (one_worth w log ext (f here) here (shown here I)).
    + constructor; [|constructor]. cbn [fst Matching.bits Matching.wanted]. unfold counter_word.
      pose proof (signed_word w (at_word c) n (total (at_status c)) (f here) (present s) Cw (status_present _ _ _ Cs)) as Sg.
      destruct s as [s|]; apply Sg; [discriminate|intros _; exact (N eq_refl)].
    + cbn [unless field m Positions.fetch Matching.refused]. apply negated_flag. exact (status_running c n s (f here) C).
  - intros j J. split.
    + exact (sink_worth w log ext (f j) j (shown j J)).
    + constructor; [|constructor]. cbn [snd scale field Matching.bits Matching.offered]. exact (index_words j J).
    + constructor; [|constructor]. cbn [scale field]. rewrite Z.mul_1_l. eapply worth_is; [apply place_flag_is; [exact J|lia]|].
      rewrite (proj1 (kinds j J) k K). reflexivity.
    + constructor.
    + reflexivity.
  - apply (Positions.fetch_reads w ext p l V L Pr); [exact K|]. intros v E. apply (Reached.is_word_range w).
    destruct s as [s|]; [|discriminate]. injection E as <-. apply Cw.
Qed.

Theorem sound_looked_up : forall c, sound (looked_up w log ext c) (fun i => forall here n s, In here l ->
  counter_as w c n s (f here) -> (s = None -> n = 0) ->
  fetched_as i (fun k => Positions.fetched p k (counter_word n s) (runs_now s)) (f here)).
Proof.
  intros c. unfold looked_up. cbv zeta.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_field c 0 ltac:(lia))). intros mo Mo.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_field c 1 ltac:(lia))). intros md Md.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_field c 2 ltac:(lia))). intros ma Ma.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_field c 3 ltac:(lia))). intros mx Mx.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_operation first ns l f model w log ext shown mo)). intros o O.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_name first ns l f model w log ext shown md)). intros d D.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_name first ns l f model w log ext shown ma)). intros a A.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_name first ns l f model w log ext shown mx)). intros b B.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_word first ns l f model w log ext shown mx)). intros v Vx.
  apply sound_give. intros here n s I C N. split; cbn [name_d name_a name_b immediate_word bounds_d].
  - destruct (O here _ I (Mo here n s I C N)) as [O1 O2]; [apply (fetched_value w ext p V); lia|]. split; [exact O1|exact O2].
  - exact (D here _ I (Md here n s I C N)).
  - exact (A here _ I (Ma here n s I C N)).
  - exact (B here _ I (Mx here n s I C N)).
  - apply (Vx here _ I (Mx here n s I C N)). apply (fetched_value w ext p V). lia.
  - apply any_name.
Qed.

End Fetch.
