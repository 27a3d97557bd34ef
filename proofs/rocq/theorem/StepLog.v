(* The step over the log: what its view reads, in forms, at the masked positions of a sequence. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords
  StepArithmetic
  StepExecute StepEffect StepMatch StepCodes StepReads StepFetch StepView StepWriter.
From Efasp Require Gates Sequences Positions Reached Matching LogSites LogMatches LogReads LogLatest.
Import ListNotations.
Open Scope Z_scope.

Lemma word_worth_twice : forall h fs n v, word_worth 1 h fs n v -> word_worth 2 h (map twice fs) n v.
Proof.
  intros h fs n v [L W]. split; [rewrite map_length; exact L|]. intros i I. rewrite bit_map by lia.
  apply (worth_is _ _ (2 * (1 * sign v i))); [|ring]. apply worth_scaled. exact (W i I).
Qed.

Section Log.
Variables (w : nat) (ext : bool) (p : program) (T t : nat) (b : list token) (l : list position).
Let M := length (initial p).
Let P := processors p.
Hypothesis of_log : Positions.positions_of (LogSites.log_sites w p T t b) l.
Hypothesis V : valid w ext p = true.
Hypothesis until : Z.of_nat T <= latest w.
Hypothesis next_time : (t < T)%nat.
Hypothesis some : Forall2 partial b (Sequences.block_tokens w p t).
Hypothesis open : existsb is_mask b = true.
Let site_of := LogSites.site_of w p T t b l of_log next_time some.

(* The kinds of places. *)
Lemma log_kinds : forall j, In j l ->
  (forall n, (n < 4)%nat -> (Z.of_nat (2 + n) =? place_kind j) = Positions.at_field (Z.of_nat n) j) /\
  (1 =? place_kind j) = Positions.at_count j /\
  (forall k, 0 <= k < 3 -> (7 + k =? place_kind j) = LogMatches.at_part k j) /\
  (6 =? place_kind j) = match snd j with PInitial _ => true | _ => false end.
Proof.
  intros j J. pose proof (site_of j J) as H.
  assert (F : forall g i, snd j = PField g i -> 0 <= g < 4).
  { intros g i E. inversion H as [j' H' E'|a A E'|k s pid K B N E'|k pid u K N R E'|k s pid K B N E']; subst; try discriminate.
    inversion H' as [E'|E'|n o k x N F E']; subst; try discriminate. injection E as <- <-.
    assert (X : (k < length (instruction_tokens o))%nat) by (apply nth_error_Some; congruence). cbn in X. lia. }
  destruct j as [x q]. cbn [snd] in F. unfold place_kind, Positions.at_field, Positions.at_count, LogMatches.at_part. cbn [snd].
  destruct q as [| |g i|a|k s i|a s|i r s|i s]; cbn [place_row].
  - repeat split; intros; apply Z.eqb_neq; lia.
  - repeat split; intros; apply Z.eqb_neq; lia.
  - specialize (F g i eq_refl). split; [intros n N; apply eq_true_iff_eq; rewrite !Z.eqb_eq; lia|].
    repeat split; intros; apply Z.eqb_neq; lia.
  - repeat split; intros; apply Z.eqb_neq; lia.
  - assert (Kk : 0 <= k < 3).
    { inversion H as [j' H' E'|a A E'|k' s' pid K B N E'|k' pid u K N R E'|k' s' pid K B N E']; subst; try assumption.
      inversion H'. }
    split; [intros n N; apply Z.eqb_neq; lia|]. split; [apply Z.eqb_neq; lia|]. split; [|apply Z.eqb_neq; lia].
    intros k' K'. apply eq_true_iff_eq. rewrite !Z.eqb_eq. lia.
  - exfalso. inversion H as [j' H' E'|a' A E'|k' s' pid K B N E'|k' pid u K N R E'|k' s' pid K B N E']; subst. inversion H'.
  - exfalso. inversion H as [j' H' E'|a' A E'|k' s' pid K B N E'|k' pid u K N R E'|k' s' pid K B N E']; subst. inversion H'.
  - exfalso. inversion H as [j' H' E'|a' A E'|k' s' pid K B N E'|k' pid u K N R E'|k' s' pid K B N E']; subst. inversion H'.
Qed.

Lemma kinds_of_log : prompt_kinds l.
Proof. intros j J. destruct (log_kinds j J) as (A & B & _). split; assumption. Qed.

Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Hypothesis shown : forall j, In j l -> shows w true ext (f j) j.

Lemma place_worth : forall i j, In j l -> (i < 10)%nat -> worth (place_flag w ext i) (f j) (Z.b2z (Z.of_nat i =? place_kind j)).
Proof. intros i j J I. exact (place_flag_worth w true ext (f j) j (shown j J) i I). Qed.

Lemma part_worth : forall k j, In j l -> 0 <= k < 3 ->
  flag (place_flag w ext (Z.to_nat (7 + k))) (LogMatches.at_part k j) (f j).
Proof.
  intros k j J K. eapply worth_is; [apply place_worth; [exact J|lia]|]. rewrite Z2Nat.id by lia. f_equal.
  apply (log_kinds j J). exact K.
Qed.

Lemma masked_flag : forall j, In j l -> flag masked (Positions.masked j) (f j).
Proof. intros j J. exact (masked_worth w true ext (f j) j (shown j J)). Qed.

(* The words of a code. *)
Lemma time_pair : forall j, In j l -> word_worth 1 (f j) (time_signs w true ext) (clock_bits w) (time_of j).
Proof.
  intros j J. split; [unfold time_signs; rewrite map_length; apply seq_length|]. intros i I. rewrite Z.mul_1_l.
  exact (time_sign_worth w true ext (f j) j (shown j J) eq_refl i I).
Qed.

Lemma earlier_pair : forall j, In j l ->
  word_worth 1 (f j) (earlier_signs w true ext) (clock_bits w) (option_map Z.pred (time_of j)).
Proof.
  intros j J. split; [unfold earlier_signs; rewrite map_length; apply seq_length|]. intros i I. rewrite Z.mul_1_l.
  exact (earlier_sign_worth w true ext (f j) j (shown j J) eq_refl i I).
Qed.

Lemma index_pair : forall j, In j l -> word_worth 1 (f j) (index_signs w true ext) w (index_of j).
Proof. intros j J. exact (index_words l f w true ext shown j J). Qed.

Lemma word_pair : forall j, In j l -> word_worth 1 (f j) (word_signs w ext) w (LogMatches.word_of j).
Proof.
  intros j J. split; [unfold word_signs; rewrite map_length; apply seq_length|]. intros i I. rewrite Z.mul_1_l.
  exact (word_sign_worth w true ext (f j) j (shown j J) i I).
Qed.

Lemma name_pair : forall j, In j l -> word_worth 1 (f j) (name_signs w ext) 3 (LogMatches.name_of j).
Proof.
  intros j J. split; [reflexivity|]. intros i I. rewrite Z.mul_1_l. exact (name_sign_worth w true ext (f j) j (shown j J) i I).
Qed.

Lemma time_length : length (time_signs w true ext) = clock_bits w.
Proof. unfold time_signs. rewrite map_length. apply seq_length. Qed.

Lemma index_length : length (index_signs w true ext) = w.
Proof. unfold index_signs. rewrite map_length. apply seq_length. Qed.

Lemma word_length : length (word_signs w ext) = w.
Proof. unfold word_signs. rewrite map_length. apply seq_length. Qed.

(* A match: what it reads is what the match over tokens and places selects. *)
Notation reads_from := (reads_from l f).
Notation reads_token := (reads_token l f).
Definition pairs_at (k : Z) (here : position) (u : list form * list form) (d : Matching.comparison position) : Prop :=
  word_worth 1 (f here) (fst u) (Matching.bits d) (Matching.wanted d) /\
  length (snd u) = Matching.bits d /\ forall j, In j l -> word_worth k (f j) (snd u) (Matching.bits d) (Matching.offered d j).
Definition flags_at (k : Z) (gs : list form) (ps : list (position -> bool)) : Prop :=
  Forall2 (fun g at_ => forall j, In j l -> worth g (f j) (k * Z.b2z (at_ j))) gs ps.

Lemma sound_log_match : forall q am ex rk, 0 < scale q -> flags_at (scale q) (among q) am -> flags_at (scale q) (but q) ex ->
  match by_rank q with Some g => forall j, In j l -> worth g (f j) (scale q * rk j) | None => forall j, rk j = 0 end ->
  sound (match_one w true ext q) (fun a => forall here cs ref R, In here l -> Forall2 (pairs_at (scale q) here) (matched q) cs
    ->
    match unless q, ref with Some g, Some r => flag g r (f here) | None, None => True | _, _ => False end ->
    Matching.selects {| Matching.compared := cs; Matching.among := am; Matching.exclude := ex; Matching.rank := rk;
      Matching.capacity := bound q; Matching.refused := ref; Matching.sink := Positions.is_bos |} l R -> reads_from a here R).
Proof.
  intros q am ex rk K Am Ex Rk.
  apply (sound_more _ _ _ _ _ _ (sound_match first ns l f w true ext q)). intros a A here cs ref R I Pr Un Sel.
  assert (Len : forall gs ps, flags_at (scale q) gs ps -> length gs = length ps).
  { intros gs ps F. induction F as [|g p' gs ps _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. }
  apply (A _ here _) in Sel; [exact Sel| |exact I| |].
  - apply Build_describes; [exact K|split; apply Len; assumption| | | |reflexivity|reflexivity].
    + intros E. rewrite E in Rk. exact Rk.
    + cbn [Matching.refused]. destruct (unless q), ref; try destruct Un; split; intros E; (reflexivity || discriminate).
    + cbn [Matching.compared]. clear - Pr. induction Pr as [|u d us ds [[Lu _] [Lv _]] _ IH]; constructor; [|exact IH].
      split; assumption.
  - split; cbn [Matching.compared Matching.refused].
    + exact (one_worth w true ext (f here) here (shown here I)).
    + clear - Pr. induction Pr as [|u d us ds [Wu _] _ IH]; constructor; [exact Wu|exact IH].
    + destruct (unless q), ref; exact Un.
  - intros j J. split; cbn [Matching.compared Matching.among Matching.exclude Matching.rank Matching.sink].
    + exact (sink_worth w true ext (f j) j (shown j J)).
    + clear - Pr J. induction Pr as [|u d us ds [_ [_ Wv]] _ IH]; constructor; [exact (Wv j J)|exact IH].
    + clear - Am J. induction Am as [|g p' gs ps W _ IH]; constructor; [exact (W j J)|exact IH].
    + clear - Ex J. induction Ex as [|g p' gs ps W _ IH]; constructor; [exact (W j J)|exact IH].
    + destruct (by_rank q) as [g|]; [exact (Rk j J)|exact (Rk j)].
Qed.

Lemma flags_one : forall k g at_, (forall j, In j l -> worth g (f j) (k * Z.b2z (at_ j))) -> flags_at k [g] [at_].
Proof. intros k g at_ H. constructor; [exact H|constructor]. Qed.

Lemma flag_one : forall g at_, (forall j, In j l -> flag g (at_ j) (f j)) -> forall j,
  In j l -> worth g (f j) (1 * Z.b2z (at_ j)).
Proof. intros g at_ H j J. rewrite Z.mul_1_l. exact (H j J). Qed.

Lemma flag_two : forall g at_, (forall j, In j l -> flag g (at_ j) (f j)) -> forall j, In j l ->
  worth (twice g) (f j) (2 * Z.b2z (at_ j)).
Proof. intros g at_ H j J. apply worth_scaled. exact (H j J). Qed.

(* Blocks with masks. *)
Lemma sound_block : forall query, sound (masks_of w true ext query) (fun a => forall here time u, In here l ->
  signs_as (clock_bits w) query time (f here) -> Matching.selects (LogMatches.block_of w time) l (fun j => fst j = u) ->
  reads_token a here u).
Proof.
  intros query. apply (sound_more _ _ _ _ _ _ (sound_log_match {| scale := 1; matched := [(query, time_signs w true ext)];
    among := [masked]; but := []; by_rank := None; bound := 1; unless := None |} [Positions.masked] [] (fun _ => 0) ltac:(cbn;
      lia)
    (flags_one 1 _ _ (flag_one _ _ masked_flag)) (Forall2_nil _) (fun _ => eq_refl))).
  intros a A here time u I S Sel.
  apply (A here [{| Matching.bits := clock_bits w; Matching.wanted := time; Matching.offered := time_of |}] None _ I);
    [|exact Logic.I|exact Sel].
  constructor; [|constructor]. split; [exact S|]. split; [exact time_length|exact time_pair].
Qed.

(* Whether the own block is incomplete. *)
Definition incomplete_at (j : position) : bool := match time_of j with Some s => Z.of_nat t <? s | None => false end.

Lemma time_range : forall j s, In j l -> time_of j = Some s -> exists n, s = Z.of_nat n /\ (n <= T)%nat.
Proof.
  intros [x q] s J E. destruct q as [| |g i|a|k s' i|a s'|i r s'|i s']; try discriminate. injection E as <-.
  destruct (LogReads.part_site w p T t b l of_log next_time some _ k s' i J eq_refl) as (_ & _ & n & B & -> & _).
  exists n. tauto.
Qed.

Lemma block_token : forall j, In j l -> Matching.selects (LogMatches.block_of w (time_of j)) l
  (fun i => fst i = if incomplete_at j then Mask else Bos).
Proof.
  intros j J. unfold incomplete_at. destruct (time_of j) as [s|] eqn:E.
  - destruct (time_range j s J E) as (n & -> & B). destruct (Z.ltb_spec (Z.of_nat t) (Z.of_nat n)).
    + apply (LogReads.block_incomplete w ext p T t b l of_log V until next_time some open). lia.
    + apply (LogReads.block_complete w ext p T t b l of_log V until next_time some). lia.
  - apply (LogReads.block_without_time w ext p T t b); assumption.
Qed.

Lemma sound_incomplete : sound (find_incomplete w true ext) (fun g => forall j, In j l ->
  flag g (incomplete_at j) (f j)).
Proof.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_block _)). intros a A.
  apply (sound_more _ _ _ _ _ _ (sound_found first ns l f model w true ext shown a)). intros g G j J.
  apply (flag_is _ _ _ _ (G j _ J (A j (time_of j) _ J (time_pair j J) (block_token j J)))).
  destruct (incomplete_at j); reflexivity.
Qed.

(* Whether the block before is complete, at a masked position. *)
Definition ready_at (j : position) : bool := match time_of j with Some s => s =? Z.of_nat (S t) | None => false end.

Lemma masked_site : forall j, In j l -> fst j = Mask -> exists k s pid, 0 <= k < 3 /\ (S t <= s <= T)%nat /\
  0 <= pid < Z.of_nat P /\ snd j = PLog k (Z.of_nat s) pid.
Proof.
  intros j J E. destruct (site_of j J) as [j H|a A|k s pid K B N|k pid u K N R|k s pid K B N].
  - exfalso. destruct H as [| |n o k x N H]; try discriminate. cbn [fst] in E. subst x.
    destruct o as [o d a x]. destruct k as [|[|[|[|k]]]]; cbn in H; try discriminate H; try (destruct d; discriminate H);
      try (destruct a; discriminate H); try (destruct x; discriminate H). destruct k; discriminate H.
  - discriminate.
  - exfalso. destruct (LogSites.part_unmasked k (LogSites.logged w p s pid)) as [X _]. cbn [fst] in E. rewrite E in X.
    discriminate.
  - exists k, (S t), pid. split; [exact K|]. split; [lia|]. split; [exact N|reflexivity].
  - exists k, s, pid. split; [exact K|]. split; [lia|]. split; [exact N|reflexivity].
Qed.

Lemma sound_ready : sound (find_ready w true ext) (fun g => forall j, In j l ->
  fst j = Mask -> flag g (ready_at j) (f j)).
Proof.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_block _)). intros a A. unfold missed.
  apply (sound_more _ _ _ _ _ _ (sound_read first ns l f model a sink)). intros g G j J E.
  destruct (masked_site j J E) as (k & s & pid & K & B & N & Q).
  assert (Tm : time_of j = Some (Z.of_nat s)) by (destruct j as [x q]; cbn [snd] in Q; subst q; reflexivity).
  assert (Sel : Matching.selects (LogMatches.block_of w (option_map Z.pred (time_of j))) l
    (fun i => fst i = if ready_at j then Bos else Mask)).
  { unfold ready_at. rewrite Tm. cbn [option_map]. rewrite <- Nat2Z.inj_pred by lia.
    destruct (Z.eqb_spec (Z.of_nat s) (Z.of_nat (S t))) as [X|X].
    - apply (LogReads.block_complete w ext p T t b l of_log V until next_time some). lia.
    - apply (LogReads.block_incomplete w ext p T t b l of_log V until next_time some open). lia. }
  apply (G j _ _ J (A j _ _ J (earlier_pair j J) Sel)). intros i I Ei.
  eapply worth_is; [exact (sink_worth w true ext (f i) i (shown i I))|]. unfold Positions.is_bos. rewrite Ei.
  destruct (ready_at j); reflexivity.
Qed.

(* Tokens of a block: the counter of a time, and the value of a target. *)
Lemma sound_token : forall query k, 0 <= k < 3 -> length query = clock_bits w ->
  sound (token_of w true ext query (Z.to_nat (7 + k))) (fun a => forall here time R,
    In here l -> signs_as (clock_bits w) query time (f here) ->
    Matching.selects (LogMatches.token_at w k time (index_of here)) l R -> reads_from a here R).
Proof.
  intros query k K Lq.
  apply (sound_more _ _ _ _ _ _ (sound_log_match {| scale := 1; matched := [(query, time_signs w true ext);
    (index_signs w true ext, index_signs w true ext)]; among := [place_flag w ext (Z.to_nat (7 + k))]; but := [masked];
    by_rank := None; bound := 1; unless := None |} [LogMatches.at_part k] [Positions.masked] (fun _ => 0) ltac:(cbn; lia)
    (flags_one 1 _ _ (flag_one _ _ (fun j J => part_worth k j J K))) (flags_one 1 _ _ (flag_one _ _ masked_flag)) (fun _ =>
      eq_refl))).
  intros a A here time R I S Sel.
  apply (A here [{| Matching.bits := clock_bits w; Matching.wanted := time; Matching.offered := time_of |};
    {| Matching.bits := w; Matching.wanted := index_of here; Matching.offered := index_of |}] None _ I);
      [|exact Logic.I|exact Sel].
  constructor; [|constructor; [|constructor]].
  - split; [exact S|]. split; [exact time_length|exact time_pair].
  - split; [exact (index_pair here I)|]. split; [exact index_length|exact index_pair].
Qed.

(* Indices, and words of tokens. *)
Lemma indexed_right : forall j, In j l -> flag (indexed w true ext) (present (index_of j)) (f j).
Proof.
  intros j J. unfold indexed.
  eapply worth_is; [apply (total_worth _ (map (fun i => Z.b2z (Z.of_nat i =? place_kind j)) [2; 3; 4; 5; 6; 7; 8; 9]%nat))|].
  - repeat (constructor; [apply place_worth; [exact J|lia]|]). constructor.
  - destruct (log_kinds j J) as (A & B & C & D). destruct j as [x q].
    unfold place_kind, Positions.at_field, LogMatches.at_part in *. cbn [snd] in *. unfold index_of.
    destruct q as [| |g i|a|k s i|a s|i r s|i s]; cbn [snd place_row present] in *; try reflexivity.
    + assert (X : 0 <= g < 4).
      { pose proof (site_of _ J) as H. inversion H as [j' H' E'|a A' E'|k s pid K B' N E'|k pid u K N R E'|k s pid K B' N E'];
          subst.
        inversion H' as [E'|E'|n o k x' N F E']; subst.
        assert (X : (k < length (instruction_tokens o))%nat) by (apply nth_error_Some; congruence). cbn in X. lia. }
      assert (Y : g = 0 \/ g = 1 \/ g = 2 \/ g = 3) by lia. destruct Y as [->|[->|[->| ->]]]; reflexivity.
    + assert (X : 0 <= k < 3).
      { destruct (LogReads.part_site w p T t b l of_log next_time some _ k s i J eq_refl) as (X & _). exact X. }
      assert (Y : k = 0 \/ k = 1 \/ k = 2) by lia. destruct Y as [->|[->| ->]]; reflexivity.
Qed.

Definition own_number (j : position) : Z := match index_of j with Some i => i | None => 0 end.

Lemma index_right : forall j, In j l -> word w (index_word w true ext) (own_number j) (f j).
Proof.
  intros j J. apply (index_word_right l f w true ext shown j J); [|exact (indexed_right j J)].
  intros i E. exact (LogReads.index_range w ext p T t b l of_log V next_time some j i J E).
Qed.

Lemma urgency_right : forall j, In j l -> worth (urgency w true ext) (f j) (2 * Positions.urgency w j).
Proof.
  intros j J. eapply worth_is; [exact (urgency_worth w true ext (f j) _ _ (index_right j J) (indexed_right j J))|].
  unfold own_number, Positions.urgency. destruct (index_of j); reflexivity.
Qed.

Lemma mod_bit : forall v i, (i < w)%nat -> Z.testbit (v mod size w) (Z.of_nat i) = Z.testbit v (Z.of_nat i).
Proof. intros v i I. unfold size. apply Z.mod_pow2_bits_low. lia. Qed.

Lemma token_right : forall j, In j l -> word w (token_word w ext) (word_value (fst j) mod size w) (f j).
Proof.
  intros j J. pose proof (size_pos w). assert (R : 0 <= word_value (fst j) mod size w < size w) by (apply Z.mod_pos_bound; lia).
  split; [exact R|]. split; [apply token_word_length|]. intros i. destruct (Nat.lt_ge_cases i w) as [I|I].
  - rewrite mod_bit by exact I. exact (token_word_worth l f w true ext shown j J i I).
  - rewrite bit_high by (rewrite token_word_length; exact I). rewrite (word_high w) by assumption. apply worth_zero.
Qed.

Definition in_memory (j : position) : bool := match snd j with PInitial _ => true | _ => false end.

Lemma memory_right : forall j, In j l -> flag (memory_place w ext) (in_memory j) (f j).
Proof.
  intros j J. eapply worth_is; [exact (place_worth 6 j J ltac:(lia))|]. f_equal. apply (log_kinds j J).
Qed.

(* The bits of a form below w. *)
Definition bits_below (fs : list form) (v : Z) (h : vector) : Prop :=
  length fs = w /\ forall i, (i < w)%nat -> worth (bit fs i) h (2 * Z.b2z (Z.testbit v (Z.of_nat i))).

Lemma below_word : forall fs v h, word w fs (v mod size w) h -> bits_below fs v h.
Proof.
  intros fs v h (_ & Lf & B). split; [exact Lf|]. intros i I. rewrite <- mod_bit by exact I. exact (B i).
Qed.

Lemma word_below : forall fs v h, bits_below fs v h -> 0 <= v < size w -> word w fs v h.
Proof.
  intros fs v h [Lf B] R. split; [exact R|]. split; [exact Lf|]. intros i. destruct (Nat.lt_ge_cases i w) as [I|I];
    [exact (B i I)|].
  rewrite bit_high by lia. rewrite (word_high w) by assumption. apply worth_zero.
Qed.

(* What a position offers as the content of memory or of a register. *)
Lemma bos_time : forall j, In j l -> fst j = Bos -> time_of j = None /\ index_of j = None /\ in_memory j = false.
Proof.
  intros j J E. destruct (site_of j J) as [j H|a A|k s pid K B N|k pid u K N R|k s pid K B N]; cbn [fst] in E.
  - destruct H as [| |n o k x N H]; try discriminate; [repeat split|]. exfalso. cbn [fst] in E. subst x.
    destruct o as [o d a x]. destruct k as [|[|[|[|k]]]]; cbn in H; try discriminate H; try (destruct d; discriminate H);
      try (destruct a; discriminate H); try (destruct x; discriminate H). destruct k; discriminate H.
  - discriminate.
  - exfalso. destruct (LogSites.part_unmasked k (LogSites.logged w p s pid)) as [_ X]. exact (X E).
  - exfalso. destruct R as [->| ->]; [discriminate|]. destruct (LogSites.part_unmasked k (LogSites.logged w p (S t) pid)) as [_
      X].
    exact (X E).
  - discriminate.
Qed.

Lemma value_range : forall s pid, 0 <= pid < Z.of_nat P -> 0 <= LogSites.value_of (LogSites.logged w p s pid) < size w.
Proof.
  intros s pid N. pose proof (size_pos w). pose proof (LogMatches.logged_effective w ext p V s pid N) as [_ R M0].
  unfold LogSites.value_of. destruct (writes (LogSites.logged w p s pid)) as [[r v|a v]|]; [| |lia].
  - apply (Reached.is_word_range w). exact (proj2 (R r v eq_refl)).
  - apply (Reached.is_word_range w). exact (proj2 (M0 a v eq_refl)).
Qed.

Variable code : option (list instruction).
Let fold : bool := folded code.

Lemma sound_content : sound (contents w true ext code) (fun fs => forall j v, In j l -> LogLatest.offers w p t v j \/ fst j = Bos /\
  v = 0 -> bits_below fs v (f j)).
Proof.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_token _ 2 ltac:(lia) time_length)). intros a A.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_word first ns l f model w true ext shown a)). intros paired Pa.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated first ns hs model fold w (memory_place w ext) (token_word w ext))). intros own Ow.
  apply sound_give. intros j v J O.
  specialize (Ow (f j) _ _ (in_map f l j J) (memory_right j J) (token_right j J)).
  pose proof (size_pos w) as Z0.
  assert (Sum : forall x y, word w paired x (f j) -> (if in_memory j then word_value (fst j) mod size w else 0) = y ->
    x = 0 \/ y = 0 -> word w (sums w [paired; own]) (x + (y + 0)) (f j)).
  { intros x y X Y D. rewrite Y in Ow. apply (sums_word w [paired; own] [x; y] (f j)).
    - constructor; [exact X|constructor; [exact Ow|constructor]].
    - cbn. destruct D as [->| ->]; [split; [left; reflexivity|]|split; [right; repeat constructor|]]; (split; [right;
        constructor|exact Logic.I]). }
  assert (None_ : time_of j = None -> word w paired 0 (f j)).
  { intros E. apply (Pa j Bos J); [|cbn; lia]. apply (A j (time_of j) _ J (time_pair j J)).
    apply (LogReads.token_missed w ext p T t b l of_log V next_time some). left. exact E. }
  apply below_word. destruct O as [O|(E & ->)].
  - destruct O as [a0 B|s pid B N E].
    + specialize (Sum 0 (v mod size w) (None_ eq_refl) eq_refl (or_introl eq_refl)). cbn in Sum. rewrite Z.add_0_r in Sum.
      exact Sum.
    + assert (X : word w paired v (f (LogSites.part 1 (LogSites.logged w p s pid), PLog 1 (Z.of_nat s) pid))).
      { rewrite <- E. apply (Pa _ (Statement.word (LogSites.value_of (LogSites.logged w p s pid))) J);
          [|exact (value_range s pid N)].
        apply (A _ (Some (Z.of_nat s)) _ J (time_pair _ J)).
        exact (LogReads.value_read w ext p T t b l of_log V until next_time some s pid B N). }
      specialize (Sum v 0 X eq_refl (or_intror eq_refl)). rewrite !Z.add_0_r in Sum. rewrite Z.mod_small by apply X. exact Sum.
  - destruct (bos_time j J E) as (Tm & _ & Im). rewrite Z.mod_0_l by lia.
    apply (Sum 0 0 (None_ Tm)); [rewrite Im; reflexivity|left; reflexivity].
Qed.
End Log.
