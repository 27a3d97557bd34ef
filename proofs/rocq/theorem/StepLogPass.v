(* The step over the log: at every masked position it puts out the code of the token that is due. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords
  StepArithmetic
  StepExecute StepEffect StepOutput StepMatch StepCodes StepReads StepFetch StepSelect StepView StepOwn StepCells StepWriter StepLog
    StepLogView.
From Efasp Require Gates Sequences Positions Reached Matching CellReads LogSites LogMatches LogReads LogLatest.
Import ListNotations.
Open Scope Z_scope.

Section Log.
Variables (w : nat) (ext : bool) (p : program) (T t : nat) (b : list token) (l : list position).
Let M := length (initial p).
Let P := processors p.
Let c := reached w p t.
Hypothesis of_log : Positions.positions_of (LogSites.log_sites w p T t b) l.
Hypothesis V : valid w ext p = true.
Hypothesis until : Z.of_nat T <= latest w.
Hypothesis next_time : (t < T)%nat.
Hypothesis some : Forall2 partial b (Sequences.block_tokens w p t).
Hypothesis open : existsb is_mask b = true.
Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Hypothesis shown : forall j, In j l -> shows w true ext (f j) j.
Variable code : option (list instruction).
Hypothesis program_found : finds w p code l.
Notation reads_from := (reads_from l f).
Notation reads_token := (reads_token l f).
Let L : Positions.prompted w p l := LogSites.prompted_in w p T t b l of_log next_time some.
Let kinds : prompt_kinds l := kinds_of_log w p T t b l of_log next_time some.
Let unbeaten := beaten_none w ext p T t b l of_log V next_time some.
Let beaten_is := beaten_logged w ext p T t b l of_log V until next_time some.

(* The positions that matter are the masked ones. *)
Definition waiting (j : position) : Prop := In j l /\ fst j = Mask.

Lemma waiting_index : forall j, waiting j -> exists pid, index_of j = Some pid /\ 0 <= pid < Z.of_nat P.
Proof.
  intros j [J E]. destruct (masked_site w p T t b l of_log next_time some j J E) as (k & s & pid & _ & _ & N & Q).
  exists pid. split; [|exact N]. destruct j as [x q]. cbn [snd] in Q. subst q. reflexivity.
Qed.

(* The token of the own counter, one time before: none, or that of the log. *)
Definition counter_match (j : position) : Matching.matching position :=
  LogMatches.token_at w 0 (option_map Z.pred (time_of j)) (index_of j).
Definition last_token (j : position) : token :=
  match Matching.selected (counter_match j) l with i :: _ => fst i | [] => Bos end.

Lemma counter_sound : forall j, Matching.sound (counter_match j) l.
Proof. intros j. exact (LogReads.token_sound w ext p T t b l of_log V next_time some 0 _ _). Qed.

Lemma last_selected : forall j, Matching.selects (counter_match j) l (fun i => fst i = last_token j).
Proof.
  intros j. pose proof (counter_sound j) as S.
  assert (H : exists u, Matching.selects (counter_match j) l (fun i => fst i = u)).
  { destruct (Matching.selects_either (counter_match j) l) as [(i & I & H)|N].
    - exists (fst i). apply Matching.selects_hits; [exact S|exists i; tauto|]. intros k K Hk.
      apply (LogReads.token_hit w p T t b l of_log next_time some) in H as (s & n & Bs & Nn & -> & A1 & A2); [|exact I].
      apply (LogReads.token_hit w p T t b l of_log next_time some) in Hk as (s' & n' & Bs' & Nn' & -> & A1' & A2'); [|exact K].
      cbn [fst]. destruct (option_map Z.pred (time_of j)) as [tm|]; [|discriminate].
      destruct (index_of j) as [i|]; [|discriminate].
      assert (X : forall bits a x y, Matching.agrees bits (Some a) (Some x) = true -> Matching.agrees bits (Some a) (Some y) =
        true ->
        is_word bits x = true -> is_word bits y = true -> x = y).
      { intros bits a x y Ex Ey Wx Wy. apply Z.eqb_eq. rewrite <- (Matching.agrees_word bits x y Wx Wy).
        unfold Matching.agrees in *. apply Z.eqb_eq in Ex, Ey. rewrite <- Ex, <- Ey. apply Z.eqb_refl. }
      assert (W : forall m, (m <= T)%nat -> is_word (clock_bits w) (Z.of_nat m) = true) by
        (intros m0 Hm; eapply LogReads.clock_word; eassumption).
      assert (Wi : forall m, 0 <= m < Z.of_nat P -> is_word w m = true) by (exact (Positions.pid_word w ext p V)).
      pose proof (X _ _ _ _ A1 A1' (W s ltac:(lia)) (W s' ltac:(lia))) as E1.
      pose proof (X _ _ _ _ A2 A2' (Wi n Nn) (Wi n' Nn')) as E2. apply Nat2Z.inj in E1. subst. reflexivity.
    - exists Bos. apply Positions.selects_bos; [exact S|reflexivity|exact N]. }
  destruct H as (u & N & H). split; [exact N|]. unfold last_token.
  destruct (Matching.selected (counter_match j) l) as [|i js]; [destruct N; reflexivity|]. intros k K.
  destruct (H k K) as [I E]. split; [exact I|]. rewrite E. symmetry. apply H. left. reflexivity.
Qed.

Lemma last_range : forall j, 0 <= word_value (last_token j) < size w /\ (status_in (last_token j) = None -> word_value
  (last_token j) = 0).
Proof.
  intros j. pose proof (size_pos w) as Z0.
  destruct (last_selected j) as [N H].
  destruct (Matching.selects_either (counter_match j) l) as [(i & I & Hi)|No].
  - pose proof (counter_sound j) as S.
    assert (X : Matching.selects (counter_match j) l (fun k => exists s n, 0 <= n < Z.of_nat P /\ fst k = LogSites.part 0
      (LogSites.logged w p s n))).
    { apply Matching.selects_hits; [exact S|exists i; tauto|]. intros k K Hk.
      apply (LogReads.token_hit w p T t b l of_log next_time some) in Hk as (s' & n' & Bs' & Nn' & -> & _); [|exact K].
      exists s', n'. split; [exact Nn'|reflexivity]. }
    destruct X as [_ X]. unfold last_token. destruct (Matching.selected (counter_match j) l) as [|k js]; [destruct N;
      reflexivity|].
    destruct (X k (or_introl eq_refl)) as (_ & s & n & Nn & ->). cbn [LogSites.part Z.eqb word_value status_in].
    split; [|discriminate]. apply (Reached.is_word_range w). apply (LogMatches.logged_effective w ext p V s n Nn).
  - pose proof (counter_sound j) as S. destruct (Positions.selects_bos _ _ S (fun _ => eq_refl) No) as [_ X].
    unfold last_token. destruct (Matching.selected (counter_match j) l) as [|k js]; [destruct N; reflexivity|].
    destruct (X k (or_introl eq_refl)) as (_ & ->). cbn. split; [lia|reflexivity].
Qed.

Lemma last_ready : forall j pid, waiting j -> time_of j = Some (Z.of_nat (S t)) -> index_of j = Some pid -> 0 <= pid < Z.of_nat
  P ->
  last_token j = Word (state (Reached.self c pid)) (pc (Reached.self c pid)).
Proof.
  intros j pid _ Tm Ix N.
  destruct (LogReads.counter_read w ext p T t b l of_log V until next_time some t pid (Nat.le_refl t) N) as [Ne H].
  unfold last_token, counter_match. rewrite Tm, Ix. cbn [option_map]. rewrite <- Nat2Z.inj_pred by lia. cbn [Nat.pred].
  change (LogMatches.token_at w 0) with (LogMatches.counter_at w).
  destruct (Matching.selected (LogMatches.counter_at w (Some (Z.of_nat t)) (Some pid)) l) as [|i js]; [destruct Ne;
    reflexivity|].
  exact (proj2 (H i (or_introl eq_refl))).
Qed.

(* What registers and memory hold. *)
Definition reg (j : position) (r : option Z) : Z :=
  match index_of j, r with Some pid, Some q => Reached.in_register c pid q | _, _ => 0 end.
Definition found_at (ad : Z) (touches : bool) : option Z :=
  if touches && (ad <? Z.of_nat M) then Some (Reached.at_address c ad) else None.

Lemma held_range : forall q, 0 <= word_value (CellReads.held c q) < size w.
Proof.
  apply (held_word w p c (repeat false (length (initial p) + 9 * processors p))); [apply repeat_length|].
  exact (Reached.reached_worded w ext p t V).
Qed.

Section View.
Variables (incomplete beaten : form) (content : list form) (holding : form * list form).
Hypothesis Hi : forall j, In j l -> flag incomplete (incomplete_at t j) (f j).
Hypothesis Hb : forall j, In j l -> worth beaten (f j) (2 * Z.b2z (beaten_at w l j)).
Hypothesis Hc : forall j v, In j l -> LogLatest.offers w p t v j \/ fst j = Bos /\ v = 0 -> bits_below w content v (f j).
Hypothesis Hh : forall j, In j l -> flag (fst holding) (LogMatches.holder j) (f j) /\ word_worth 1 (f j) (snd holding) w
  (LogMatches.holds j).
Let v : view := view_of_log w true ext incomplete beaten content holding.

Let incomplete_is : forall j, In j l -> incomplete_at t j = match time_of j with Some s => Z.of_nat t <? s | None => false end.
Proof. reflexivity. Qed.

Lemma clock_right : forall j, In j l -> worth (clock w true ext) (f j) (LogMatches.clock_of j).
Proof. intros j J. exact (clock_worth w true ext (f j) j (shown j J) eq_refl). Qed.

(* The content that is read of positions that all offer one value, or that are all bos. *)
Lemma content_bits : forall a, sound (reads a content) (fun gs => forall here u, In here l ->
  reads_from a here (fun j => LogLatest.offers w p t u j \/ fst j = Bos /\ u = 0) -> 0 <= u < size w -> word w gs u (f here)).
Proof.
  intros a. apply (sound_more _ _ _ _ _ _ (sound_reads first ns l f model a content)). intros gs (Lg & G) here u I R U.
  assert (Lc : length content = w).
  { assert (J : In Positions.bos l) by (apply (Positions.p_there _ _ _ L); [constructor|reflexivity]).
    exact (proj1 (Hc Positions.bos 0 J (or_intror (conj eq_refl eq_refl)))). }
  apply (word_below w p T t next_time gs u (f here)); [|exact U]. split; [congruence|]. intros i Li.
  apply (G here _ i _ I ltac:(lia) R). intros j J O. exact (proj2 (Hc j u J O) i Li).
Qed.

Theorem log_register : forall nm, sound (the_register v nm) (fun gs => forall here r, waiting here -> name nm r (f here) ->
  (forall n, r = Some n -> 0 <= n < 8) -> word w gs (reg here r) (f here)).
Proof.
  intros nm. cbn [the_register v view_of_log].
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_log_match w ext l first ns f shown
    {| scale := 1; matched := [(index_signs w true ext, index_signs w true ext); (nm, name_signs w ext)];
      among := [target_place w ext]; but := [incomplete]; by_rank := Some (clock w true ext); bound := latest_first w;
        unless := None |}
    [LogMatches.at_part 1] [incomplete_at t] LogMatches.clock_of ltac:(cbn; lia)
    (flags_one l f 1 _ _ (flag_one l f _ _ (target_flag w ext p T t b l of_log next_time some f shown)))
    (flags_one l f 1 _ _ (flag_one l f _ _ Hi))
    (fun j J => worth_is _ _ _ _ (clock_right j J) (eq_sym (Z.mul_1_l _))))). intros a A.
  apply (sound_more _ _ _ _ _ _ (content_bits a)). intros gs G here r Wt N R. pose proof (proj1 Wt) as I.
  destruct (waiting_index here Wt) as (pid & Ix & Bp). apply (G here _ I).
  - apply (A here [{| Matching.bits := w; Matching.wanted := index_of here; Matching.offered := index_of |};
      {| Matching.bits := 3; Matching.wanted := r; Matching.offered := LogMatches.name_of |}] None _ I); [|exact Logic.I|].
    + constructor; [|constructor; [|constructor]].
      * split; [exact (index_pair w ext l f shown here I)|]. split; [apply index_length|exact (index_pair w ext l f
          shown)].
      * split; [exact (name_signs_as nm r (f here) N)|]. split; [reflexivity|exact (name_pair w ext l f shown)].
    + unfold reg. rewrite Ix. destruct r as [r|].
      * apply (LogLatest.latest_register_read w ext p T t b l of_log V until next_time some _ incomplete_is pid);
          [exact Bp|exact (R r eq_refl)].
      * apply (Matching.selects_impl _ _ (fun j => fst j = Bos)).
        -- apply (LogLatest.latest_register_missed w ext p T t b l of_log V until next_time some _ incomplete_is);
             [|discriminate|right; reflexivity]. intros i E. injection E as <-. exact (Positions.pid_word w ext p V pid Bp).
        -- intros j _ E. right. split; [exact E|reflexivity].
  - unfold reg. pose proof (size_pos w). rewrite Ix. destruct r as [r|]; [|lia]. exact (held_range (PRegister pid r 0)).
Qed.

Lemma offers_unmasked : forall u j, LogLatest.offers w p t u j -> fst j <> Bos.
Proof.
  intros u j O. destruct O as [a B|s pid B N E]; cbn [fst]; [discriminate|]. apply LogSites.part_unmasked.
Qed.

Theorem log_cell : forall address absent, sound (the_cell v address absent) (fun a =>
  sound (reads a (cell_value v)) (fun gs => forall here ad bt, waiting here -> signs_as w address (Some ad) (f here) ->
    0 <= ad < size w -> flag absent (negb bt) (f here) -> word w gs (match found_at ad bt with Some u => u | None => 0 end) (f
      here)) /\
  sound (found sink a) (fun g => forall here ad bt, waiting here -> signs_as w address (Some ad) (f here) ->
    0 <= ad < size w -> flag absent (negb bt) (f here) -> flag g (match found_at ad bt with Some _ => true | None => false end)
      (f here))).
Proof.
  intros address absent. cbn [the_cell cell_value v view_of_log].
  assert (Fex : flags_at l f 2 [twice incomplete; beaten] [incomplete_at t; beaten_at w l]).
  { constructor; [exact (flag_two l f _ _ Hi)|]. constructor; [exact Hb|constructor]. }
  apply (sound_more _ _ _ _ _ _ (sound_log_match w ext l first ns f shown
    {| scale := 2; matched := [(address, map twice (snd holding))]; among := [twice (fst holding)]; but := [twice incomplete;
      beaten];
      by_rank := Some (twice (clock w true ext)); bound := latest_first w; unless := Some absent |}
    [LogMatches.holder] [incomplete_at t; beaten_at w l] LogMatches.clock_of ltac:(cbn; lia)
    (flags_one l f 2 _ _ (flag_two l f _ _ (fun j J => proj1 (Hh j J)))) Fex
    (fun j J => worth_scaled 2 _ _ _ (clock_right j J)))). intros a A.
  assert (R : forall here ad bt, waiting here -> signs_as w address (Some ad) (f here) -> 0 <= ad < size w ->
    flag absent (negb bt) (f here) -> reads_from a here (fun j => match found_at ad bt with
      Some u => LogLatest.offers w p t u j | None => fst j = Bos end)).
  { intros here ad bt Wt Sg B Ab. pose proof (proj1 Wt) as I.
    apply (A here [{| Matching.bits := w; Matching.wanted := Some ad; Matching.offered := LogMatches.holds |}] (Some (negb bt))
      _ I).
    - constructor; [|constructor]. split; [exact Sg|]. split.
      + cbn [snd]. rewrite map_length. exact (proj1 (proj2 (Hh here I))).
      + intros j J. apply word_worth_twice. exact (proj2 (Hh j J)).
    - exact Ab.
    - pose proof (LogLatest.latest_word_missed w ext p T t b l of_log V until next_time some (incomplete_at t) (beaten_at w l)
        incomplete_is unbeaten beaten_is (Some ad) bt) as Miss.
      assert (Wa : forall k, Some ad = Some k -> is_word w k = true).
      { intros k E. injection E as <-. apply (Reached.is_word_range w). exact B. }
      unfold found_at. destruct bt; [|exact (Miss Wa (or_introl eq_refl))]. cbn [andb].
      destruct (Z.ltb_spec ad (Z.of_nat M)) as [C|C]; [|apply (Miss Wa); right; right; exists ad; split; [reflexivity|exact C]].
      exact (LogLatest.latest_word_read w ext p T t b l of_log V until next_time some (incomplete_at t) (beaten_at w l)
        incomplete_is unbeaten beaten_is ad (conj (proj1 B) C)). }
  split.
  - apply (sound_more _ _ _ _ _ _ (content_bits a)). intros gs G here ad bt Wt Sg B Ab. pose proof (proj1 Wt) as I.
    specialize (R here ad bt Wt Sg B Ab). pose proof (size_pos w). apply (G here _ I).
    + apply (reads_from_more l f a here _ _ R). intros j J O. destruct (found_at ad bt); [left; exact O|right; split;
        [exact O|reflexivity]].
    + unfold found_at. destruct (bt && _); [|lia]. exact (held_range (PMemory ad 0)).
  - unfold found. apply (sound_more _ _ _ _ _ _ (sound_read first ns l f model a (combined [(-1, sink)] 1))).
    intros g G here ad bt Wt Sg B Ab. pose proof (proj1 Wt) as I. apply (G here _ _ I (R here ad bt Wt Sg B Ab)). intros j J O.
    eapply worth_is.
    + apply worth_combined; [exact (sink_worth w true ext (f j) j (shown j J))|apply worth_combined_nil].
    + assert (E : Positions.is_bos j = match found_at ad bt with Some _ => false | None => true end).
      { unfold Positions.is_bos. destruct (found_at ad bt) as [u|].
        - pose proof (offers_unmasked u j O) as U. destruct (fst j); (reflexivity || congruence).
        - rewrite O. reflexivity. }
      rewrite E. destruct (found_at ad bt); reflexivity.
Qed.

Theorem log_counter : sound (the_counter v) (fun r => forall here, waiting here ->
  counter_as w r (word_value (last_token here)) (status_in (last_token here)) (f here)).
Proof.
  cbn [the_counter v view_of_log].
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_token w ext p T t b l of_log next_time some first ns f shown
    (earlier_signs w true ext) 0 ltac:(lia)
    ltac:(unfold earlier_signs; rewrite map_length; apply seq_length))). intros a A. unfold counter_at.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_word first ns l f model w true ext shown a)). intros word_ Wd.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_read_status first ns l f model w true ext shown a)). intros status_ St_.
  apply sound_give. intros here Wt. pose proof (proj1 Wt) as I.
  assert (R : reads_token a here (last_token here)).
  { apply (A here _ _ I (earlier_pair w ext l f shown here I)). exact (last_selected here). }
  split; cbn [at_word at_status].
  - apply (Wd here _ I R). apply last_range.
  - exact (St_ here _ I R).
Qed.

Theorem log_execute : forall k, sound (execute w true ext code v k) (fun out => forall here, waiting here ->
  counter_as w k (word_value (last_token here)) (status_in (last_token here)) (f here) ->
  let tk := last_token here in let r := reg here in let o := now_operation p tk in let ok := now_valid w p tk r found_at in
  outcome_as w out (next_value w o (now_a p tk r) (now_x w p tk r) (now_word tk) ok) (next_status o ok (now_status tk))
    (now_address w p tk r)
    (result_value w o (now_a p tk r) (now_d p tk r) (now_x w p tk r) (now_loaded w p tk r found_at) (own_number here) ok)
    (stores_value o ok) (names_value o ok) (name_in (now_fetched p tk 1)) (f here)).
Proof.
  intros k.
  pose proof (sound_execute first ns l f model w true ext code p shown V L kinds program_found
    v waiting reg (fun _ => found_at) (fun j Wt => proj1 Wt)
    (fun j _ => ltac:(unfold reg; destruct (index_of j); reflexivity)) log_register log_cell (fun _ ad _ => eq_refl) k) as E.
  apply (sound_more _ _ _ _ _ _ E). intros out Out here Wt C.
  apply (Out here (last_token here) (own_number here) Wt C).
  - apply last_range.
  - apply (index_right w ext p T t b l of_log V next_time some f shown here). exact (proj1 Wt).
Qed.
End View.

(* Where the block is the next one, the step is the effect of the own processor. *)
Lemma stores_or_names : forall o ok, stores_value o ok && names_value o ok = false.
Proof. intros [[]|] []; reflexivity. Qed.

Lemma due_part : forall (e : effect) (k n : Z) (r : option Z) (result address : Z) (store names : bool),
  0 <= k < 3 -> next e = n ->
  writes e = (if store then Some (ToMemory address result)
    else if names then match r with Some q => Some (ToRegister q result) | None => None end else None) ->
  (names = true -> r <> None) -> (store = false -> names = false -> result = 0) ->
  due_token (7 + k) (after e) n address result store names r = LogSites.part k e.
Proof.
  intros e k n r result address store names K N W Nn Z0. unfold due_token, LogSites.part, LogSites.target_token,
    LogSites.value_of.
  rewrite W. assert (E : k = 0 \/ k = 1 \/ k = 2) by lia.
  destruct E as [->|[->| ->]]; cbn [Z.add Z.eqb Pos.eqb Pos.add]; [rewrite N; reflexivity| |].
  - destruct store; [reflexivity|]. destruct names; [|reflexivity]. destruct r; [reflexivity|]. destruct (Nn eq_refl eq_refl).
  - destruct store; [reflexivity|]. destruct names.
    + destruct r; [reflexivity|]. destruct (Nn eq_refl eq_refl).
    + rewrite (Z0 eq_refl eq_refl). reflexivity.
Qed.

Theorem sound_masked_step : sound (masked_step w true ext code) (fun fs => forall here, waiting here ->
  codes w ext fs (LogSites.due_at w p t (snd here)) (f here)).
Proof.
  unfold masked_step.
  apply (sound_bind _ _ _ _ _ _ _ _
    (sound_incomplete w ext p T t b l of_log V until next_time some open first ns f model shown)). intros incomplete Hi.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_ready w ext p T t b l of_log V until next_time some open first ns f model shown)).
  intros is_ready Hr.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_content w ext p T t b l of_log V until next_time some first ns f model shown code)).
  intros content Hc.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_beaten w ext p T t b l of_log V next_time some first ns f model shown)).
  intros beaten Hb.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_holds w ext p T t b l of_log V next_time some first ns f model shown code)).
  intros holding Hh. cbv zeta.
  apply (sound_bind _ _ _ _ _ _ _ _ (log_counter incomplete (bit beaten 0) content holding)). intros k Hk.
  apply (sound_bind _ _ _ _ _ _ _ _ (log_execute incomplete (bit beaten 0) content holding Hi Hb Hc Hh k)). intros out Ho.
  apply (sound_more _ _ _ _ _ _ (sound_log_outputs first ns hs model w ext code is_ready out)). intros fs Hf here Wt.
  destruct Wt as [J E]. pose proof (conj J E : waiting here) as Wt.
  destruct (masked_site w p T t b l of_log next_time some here J E) as (n & s & pid & K & B & N & Q).
  assert (Tm : time_of here = Some (Z.of_nat s)) by (destruct here as [x q]; cbn [snd] in Q; subst q; reflexivity).
  assert (Ix : index_of here = Some pid) by (destruct here as [x q]; cbn [snd] in Q; subst q; reflexivity).
  assert (Kd : place_kind here = 7 + n) by (unfold place_kind; rewrite Q; reflexivity).
  specialize (Ho here Wt (Hk here Wt)). cbv zeta in Ho. specialize (Hr here J E).
  set (tk := last_token here) in *. set (o := now_operation p tk) in *. set (ok := now_valid w p tk (reg here) found_at) in *.
  assert (Fl : forall i, (7 <= i < 10)%nat -> flag (place_flag w ext i) (Z.of_nat i =? 7 + n) (f here)).
  { intros i I. rewrite <- Kd. exact (place_worth w ext l f shown i here J ltac:(lia)). }
  unfold ready_at in Hr. rewrite Tm in Hr. rewrite Q. cbn [LogSites.due_at].
  destruct (Z.eqb_spec (Z.of_nat s) (Z.of_nat (S t))) as [Es|Es].
  - rewrite Es in Tm. pose proof (last_ready here pid Wt Tm Ix N) as Lt. fold tk in Lt.
    pose proof (Sequences.words _ _ _ (Sequences.reached_sized w p t)) as Lm. fold M in Lm.
    assert (Counted : 0 <= pc (Reached.self c pid)).
    { pose proof (proj1 (last_range here)) as R. fold tk in R. rewrite Lt in R. apply R. }
    pose proof (effect_now w ext p c pid (Reached.self c pid) (reg here) found_at V Counted) as Eff.
    assert (Own : own_number here = pid) by (unfold own_number; rewrite Ix; reflexivity).
    cbv zeta in Eff. rewrite <- Lt in Eff. fold o ok in Eff. rewrite Own in Ho.
    destruct Eff as (Nx & St_ & Wr & Nn & Z0).
    { unfold reg. rewrite Ix. reflexivity. }
    { intros r R. unfold reg. rewrite Ix. reflexivity. }
    { intros a bt A. unfold found_at. fold c in Lm. rewrite Lm. reflexivity. }
    change (act w p c pid (Reached.self c pid)) with (Reached.effect_of w p (reached w p t) pid) in *.
    set (e := Reached.effect_of w p (reached w p t) pid) in *.
    rewrite <- (due_part e n _ (name_in (now_fetched p tk 1)) _ (now_address w p tk (reg here)) (stores_value o ok)
      (names_value o ok)
      K Nx Wr Nn Z0).
    apply (Hf (f here) (7 + n) true _ _ (after e) _ _ _ _ _ (in_map f l here J) ltac:(lia) Fl Hr Ho).
    + intros _. symmetry. exact St_.
    + apply stores_or_names.
    + intros _ Nm. specialize (Nn Nm). destruct (name_in (now_fetched p tk 1)) as [q|] eqn:Eq; [|destruct (Nn eq_refl)].
      exists q. split; [reflexivity|]. rewrite Nm in Wr. destruct (stores_value o ok) eqn:So.
      * pose proof (stores_or_names o ok) as X. rewrite So, Nm in X. discriminate.
      * exact (proj1 (Reached.e_register _ _ _ (LogMatches.logged_effective w ext p V (S t) pid N) q _ Wr)).
  - apply (Hf (f here) (7 + n) false _ _ Running _ _ _ _ _ (in_map f l here J) ltac:(lia) Fl Hr Ho).
    + discriminate.
    + apply stores_or_names.
    + discriminate.
Qed.
End Log.
