(* The view of the log: counters, registers and memory as masked positions read them, in forms. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords
  StepArithmetic
  StepExecute StepEffect StepMatch StepCodes StepReads StepFetch StepView StepCells StepWriter StepLog.
From Efasp Require Form Gates Sequences Positions Reached Matching CellReads LogSites LogMatches LogReads LogLatest.
Import ListNotations.
Open Scope Z_scope.

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
Variables (first : nat) (ns : list written) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Hypothesis shown : forall j, In j l -> shows w true ext (f j) j.
Notation reads_from := (reads_from l f).
Notation reads_token := (reads_token l f).

(* The rank of the positions that a match selects: of those that are found, the best. *)
Definition best (m : Matching.matching position) : Z :=
  match Matching.selected m l with i :: _ => Matching.rank m i | [] => 0 end.

Lemma best_selected : forall m, Matching.sound m l -> Matching.selects m l (fun j => Matching.rank m j = best m).
Proof.
  intros m S. destruct (Matching.selects_one_rank m l S) as (r & N & H). split; [exact N|]. unfold best.
  destruct (Matching.selected m l) as [|i js]; [destruct N; reflexivity|]. intros j J. destruct (H j J) as [I E].
  split; [exact I|].
  rewrite E. symmetry. apply H. left. reflexivity.
Qed.

(* Whether a more urgent store of the same time and address is there. *)
Definition concurrent_at (j : position) : Matching.matching position :=
  LogMatches.concurrent w (time_of j) (LogMatches.word_of j).
Definition beaten_at (j : position) : bool := 1 <=? best (concurrent_at j) - Positions.urgency w j.

Lemma target_flag : forall j, In j l -> flag (target_place w ext) (LogMatches.at_part 1 j) (f j).
Proof. intros j J. exact (part_worth w ext p T t b l of_log next_time some f shown 1 j J ltac:(lia)). Qed.

Lemma sound_threshold_two : forall g, sound (plain_rows 2 [[g]] (Gates.threshold_rows 1)) (fun gs => forall h z, In h hs ->
  worth g h (2 * z) -> worth (bit gs 0) h (2 * Z.b2z (1 <=? z))).
Proof.
  intros g. apply (sound_more _ _ _ _ _ _ (sound_rows first ns hs model false (fun _ _ => (0, 0)) 2 [[g]] ltac:(lia)
    (Gates.threshold_rows 1))).
  intros gs (Lg & W) h z I F. set (x := fun a q => match a, q with O, O => z | _, _ => 0 end : Z).
  assert (S : stands 2 [[g]] h x).
  { intros a q. destruct a as [|a]; [destruct q as [|q]|].
    - exact F.
    - unfold bit. cbn [nth x]. destruct q; apply worth_zero.
    - cbn [nth x]. unfold bit. destruct a; destruct q; apply worth_zero. }
  destruct (computed_bits 2 1 _ x _ gs h (Gates.threshold_correct 1 x) Lg (W h x I S (fun E => ltac:(discriminate E)))) as (_ & B & _). specialize (B O).
  cbn [x Z.of_nat] in B. rewrite bool_low in B. exact B.
Qed.

Lemma sound_beaten : sound (find_beaten w true ext) (fun gs => forall j, In j l ->
  worth (bit gs 0) (f j) (2 * Z.b2z (beaten_at j))).
Proof.
  pose proof (urgency_right w ext p T t b l of_log V next_time some f shown) as U.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_log_match w ext l first ns f shown
    {| scale := 2; matched := [(time_signs w true ext, map twice (time_signs w true ext));
      (word_signs w ext, map twice (word_signs w ext))]; among := [twice (target_place w ext)]; but := [];
      by_rank := Some (urgency w true ext); bound := 2 ^ Z.of_nat w; unless := None |} [LogMatches.at_part 1] []
    (Positions.urgency w) ltac:(cbn; lia) (flags_one l f 2 _ _ (flag_two l f _ _ target_flag)) (Forall2_nil _)
      U)).
  intros a A. apply (sound_bind _ _ _ _ _ _ _ _ (sound_read first ns l f model a _)). intros highest R.
  apply (sound_more _ _ _ _ _ _ (sound_threshold_two _)). intros gs G j J. unfold beaten_at.
  apply (G (f j) _ (in_map f l j J)). eapply worth_is.
  - apply worth_combined; [|apply worth_combined; [exact (U j J)|apply worth_combined_nil]].
    apply (R j (fun i => Positions.urgency w i = best (concurrent_at j)) (2 * best (concurrent_at j)) J).
    + apply (A j [{| Matching.bits := clock_bits w; Matching.wanted := time_of j; Matching.offered := time_of |};
        {| Matching.bits := w; Matching.wanted := LogMatches.word_of j; Matching.offered := LogMatches.word_of |}] None _ J);
        [|exact Logic.I|apply best_selected, (LogReads.concurrent_sound w ext p T t b l of_log V next_time some)].
      constructor; [|constructor; [|constructor]].
      * split; [exact (time_pair w ext l f shown j J)|]. split; [cbn [snd]; rewrite map_length; apply time_length|].
        intros i I. apply word_worth_twice. exact (time_pair w ext l f shown i I).
      * split; [exact (word_pair w ext l f shown j J)|]. split; [cbn [snd]; rewrite map_length; apply word_length|].
        intros i I. apply word_worth_twice. exact (word_pair w ext l f shown i I).
    + intros i I E. rewrite <- E. exact (U i I).
  - ring.
Qed.

Lemma beaten_none : forall j, In j l -> time_of j = None -> beaten_at j = false.
Proof.
  intros j J E. unfold beaten_at, best.
  destruct (LogReads.concurrent_missed w ext p T t b l of_log V next_time some (time_of j) (LogMatches.word_of j)
    (or_introl E)) as [N H].
  unfold concurrent_at. destruct (Matching.selected _ _) as [|i js]; [destruct N; reflexivity|].
  destruct (H i (or_introl eq_refl)) as [I Bos_]. destruct (bos_time w p T t b l of_log next_time some i I Bos_) as (_ & X & _).
  cbn [LogMatches.concurrent Matching.rank]. unfold Positions.urgency at 1. rewrite X. unfold Positions.urgency.
  apply Z.leb_gt. destruct (index_of j) as [n|] eqn:Y; [|lia].
  pose proof (LogReads.index_range w ext p T t b l of_log V next_time some j n J Y). lia.
Qed.

Lemma beaten_logged : forall s a v pid, (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  writes (LogSites.logged w p s pid) = Some (ToMemory a v) ->
  beaten_at (LogSites.part 1 (LogSites.logged w p s pid), PLog 1 (Z.of_nat s) pid) = LogMatches.outdone w p s pid.
Proof.
  intros s a v pid B N E. set (j := (LogSites.part 1 (LogSites.logged w p s pid), PLog 1 (Z.of_nat s) pid)).
  assert (Wd : LogMatches.word_of j = Some a).
  { unfold j, LogMatches.word_of, LogSites.part, LogSites.target_token. cbn [fst Z.eqb Pos.eqb]. rewrite E. reflexivity. }
  destruct (LogReads.concurrent_read w ext p T t b l of_log V until next_time some s a v pid B N E) as [Ne H].
  unfold beaten_at, best, concurrent_at. rewrite Wd. change (time_of j) with (Some (Z.of_nat s)).
  change (Positions.urgency w j) with (size w - 1 - pid).
  destruct (Matching.selected (LogMatches.concurrent w (Some (Z.of_nat s)) (Some a)) l) as [|i js];
    [destruct Ne; reflexivity|]. exact (proj2 (H i (or_introl eq_refl))).
Qed.

(* The address of the memory word that a position holds. *)
Variable code : option (list instruction).
Let fold : bool := folded code.

Lemma sound_holds : sound (holdings w true ext code) (fun r => forall j, In j l ->
  flag (fst r) (LogMatches.holder j) (f j) /\ word_worth 1 (f j) (snd r) w (LogMatches.holds j)).
Proof.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_both_flags first ns hs model fold (target_place w ext) (token_flag 0))).
  intros stored St_.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated first ns hs model fold w (memory_place w ext) (index_word w true ext))).
  intros h1 H1.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_gated first ns hs model fold w stored (token_word w ext))). intros h2 H2.
  apply sound_give. intros j J. cbn [fst snd]. pose proof (in_map f l j J) as I.
  pose proof (memory_right w ext p T t b l of_log next_time some f shown j J) as Mr.
  assert (T0 : flag (token_flag 0) (0 =? kind (fst j)) (f j)).
  { exact (token_flag_worth w true ext (f j) j (shown j J) 0 ltac:(lia)). }
  specialize (St_ (f j) _ _ I (target_flag j J) T0).
  specialize (H1 (f j) _ _ I Mr (index_right w ext p T t b l of_log V next_time some f shown j J)).
  specialize (H2 (f j) _ _ I St_ (token_right w ext p T t l next_time f shown j J)).
  set (st := LogMatches.at_part 1 j && (0 =? kind (fst j))) in *.
  assert (Apart : in_memory j && st = false).
  { unfold st, in_memory, LogMatches.at_part. destruct (snd j); rewrite ?andb_false_r; reflexivity. }
  assert (Ho : LogMatches.holder j = in_memory j || st).
  { unfold st, in_memory, LogMatches.holder, LogMatches.holds, LogMatches.at_part. destruct j as [x q]. cbn [fst snd].
    destruct q as [| |g i|a|k s i|a s|i r s|i s]; try (destruct x as [[] ?|?| | | |[]]; reflexivity).
    destruct x as [[] v|r| | | |o]; cbn [kind mark_number]; rewrite ?andb_false_r; try reflexivity.
    - rewrite andb_true_r. destruct k as [|[| |]|]; reflexivity.
    - destruct o; rewrite ?andb_false_r; reflexivity. }
  assert (F : flag (total [memory_place w ext; stored]) (LogMatches.holder j) (f j)).
  { eapply worth_is; [refine (total_worth [_; _] [_; _] (f j) _); constructor; [exact Mr|constructor;
      [exact St_|constructor]]|].
    rewrite Ho. destruct (in_memory j), st; try discriminate Apart; reflexivity. }
  split; [exact F|].
  assert (S : word w (sums w [h1; h2]) ((if in_memory j then own_number j else 0) + ((if st then word_value (fst j) mod size w
    else 0) + 0)) (f j)).
  { apply (sums_word w [h1; h2] [if in_memory j then own_number j else 0; if st then word_value (fst j) mod size w else 0] (f
      j)).
    - constructor; [exact H1|constructor; [exact H2|constructor]].
    - cbn. destruct (in_memory j), st; try discriminate Apart;
        repeat (split; [first [left; reflexivity | right; repeat constructor]|]); exact Logic.I. }
  destruct (signed_word w _ _ _ (f j) _ S F) as [Ls Ws].
  { rewrite Ho. destruct (in_memory j), st; try discriminate; reflexivity. }
  split; [exact Ls|]. intros i Li. apply (worth_is _ _ _ _ (Ws i Li)). f_equal.
  assert (Hv : LogMatches.holds j = if in_memory j then Some (own_number j) else if st then Some (word_value (fst j)) else
    None).
  { unfold st, in_memory, LogMatches.holds, LogMatches.at_part, own_number. destruct j as [x q]. cbn [fst snd].
    destruct q as [| |g i'|a|k s i'|a s|i' r s|i' s]; try (destruct x as [[] ?|?| | | |[]]; reflexivity).
    destruct x as [[] v|r| | | |o]; cbn [kind mark_number]; rewrite ?andb_false_r; try reflexivity.
    - rewrite andb_true_r. destruct k as [|[| |]|]; reflexivity.
    - destruct o; rewrite ?andb_false_r; reflexivity. }
  rewrite Hv, Ho. destruct (in_memory j), st; try discriminate Apart; cbn [orb]; rewrite ?Z.add_0_r, ?Z.add_0_l;
    try reflexivity.
  rewrite !sign_bit, (mod_bit w p T t next_time) by exact Li. reflexivity.
Qed.
End Log.
