(* The entries of a position's code, as the step's definition names them: what they are worth at a token and its place. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel.
From Efasp Require Sequences Positions Matching LogMatches.
Import ListNotations.
Open Scope Z_scope.

Notation position := Positions.position.
Notation index_of := Positions.index_of.
Notation time_of := Positions.time_of.
Notation register_of := Positions.register_of.
Notation word_of := LogMatches.word_of.
Notation name_of := LogMatches.name_of.
Notation sign := Matching.sign.
Definition place_kind (j : position) : Z := let '(k, _, _, _, _) := place_row (snd j) in k.

Lemma one_hot_length : forall n k, length (one_hot n k) = n.
Proof. intros. unfold one_hot. rewrite map_length. apply Sequences.numbers_length. Qed.

Lemma signs_width : forall n v, length (signs n v) = n.
Proof. intros n v. rewrite Matching.signs_sign, map_length, seq_length. reflexivity. Qed.

Lemma nth_hot : forall n k i, (i < n)%nat -> nth i (one_hot n k) 0%Q = inject_Z (Z.b2z (Z.of_nat i =? k)).
Proof.
  intros n k i I. unfold one_hot, numbers. rewrite map_map.
  rewrite (nth_indep _ 0%Q ((fun x => if Z.of_nat x =? k then 1%Q else 0%Q) 0%nat)) by (rewrite map_length, seq_length;
    exact I).
  rewrite (map_nth (fun x => if Z.of_nat x =? k then 1%Q else 0%Q)), seq_nth by exact I. cbn [Nat.add].
  destruct (Z.of_nat i =? k); reflexivity.
Qed.

Lemma nth_signs : forall n v i, (i < n)%nat -> nth i (signs n v) 0%Q = inject_Z (sign v i).
Proof.
  intros n v i I. rewrite Matching.signs_sign.
  rewrite (nth_indep _ 0%Q (inject_Z (sign v 0))) by (rewrite map_length, seq_length; exact I).
  rewrite (map_nth (fun b => inject_Z (sign v b))), seq_nth by exact I. reflexivity.
Qed.

Section Codes.
Variables (w : nat) (log ext : bool).

Definition code_at (j : position) : vector :=
  token_code w ext (fst j) ++ (if log then log_code w (snd j) else cell_code w (snd j)).
(* A vector of scalars at a position begins with its code. *)
Definition shows (h : vector) (j : position) : Prop := exists rest, h = code_at j ++ rest.

Let kinds : nat := 9 + length (operations ext).
Let place_kinds : nat := if log then 10 else 9.

Lemma token_code_length : forall t, length (token_code w ext t) = token_code_width w ext.
Proof.
  intros t. unfold token_code, token_code_width. rewrite !app_length, one_hot_length, !signs_width. cbn [length]. lia.
Qed.

Variables (h : vector) (j : position).
Hypothesis S : shows h j.

Lemma token_entry : forall i, (i < token_code_width w ext)%nat -> nth i h 0%Q = nth i (token_code w ext (fst j)) 0%Q.
Proof.
  intros i I. destruct S as (rest & ->). unfold code_at. rewrite <- app_assoc, app_nth1; [reflexivity|].
  rewrite token_code_length. exact I.
Qed.

Lemma token_flag_worth : forall i, (i < kinds)%nat -> worth (token_flag i) h (Z.b2z (Z.of_nat i =? kind (fst j))).
Proof.
  intros i I. unfold worth, token_flag. rewrite at_entry, token_entry by (unfold token_code_width; fold kinds; lia).
  unfold token_code. rewrite app_nth1 by (rewrite one_hot_length; exact I). rewrite nth_hot by exact I. reflexivity.
Qed.

Lemma masked_worth : worth masked h (Z.b2z (Positions.masked j)).
Proof.
  apply (worth_is _ _ _ _ (token_flag_worth 7 ltac:(unfold kinds; lia))). f_equal. unfold Positions.masked.
  destruct (fst j) as [[] v|r| | | |[]]; reflexivity.
Qed.

Lemma sink_worth : worth sink h (Z.b2z (Positions.is_bos j)).
Proof.
  apply (worth_is _ _ _ _ (token_flag_worth 8 ltac:(unfold kinds; lia))). f_equal. unfold Positions.is_bos.
  destruct (fst j) as [[] v|r| | | |[]]; reflexivity.
Qed.

Lemma bit_entries : forall from n i, (i < n)%nat -> bit (map entry (seq from n)) i = entry (from + i).
Proof.
  intros from n i I. unfold bit. rewrite (nth_indep _ zero (entry 0)) by (rewrite map_length, seq_length; exact I).
  rewrite map_nth, seq_nth by exact I. reflexivity.
Qed.

Lemma status_worth : forall i, (i < 5)%nat -> worth (bit status_flags i) h (Z.b2z (Z.of_nat i =? kind (fst j))).
Proof.
  intros i I. unfold status_flags. rewrite bit_entries by exact I. apply token_flag_worth. unfold kinds. lia.
Qed.

Lemma op_worth : forall i, (i < length (operations ext))%nat ->
  worth (bit (op_flags ext) i) h (Z.b2z (Z.of_nat (9 + i) =? kind (fst j))).
Proof. intros i I. unfold op_flags. rewrite bit_entries by exact I. apply token_flag_worth. unfold kinds. lia. Qed.

Lemma word_sign_worth : forall i, (i < w)%nat -> worth (bit (word_signs w ext) i) h (sign (word_of j) i).
Proof.
  intros i I. unfold word_signs. rewrite bit_entries by exact I. unfold worth. rewrite at_entry, token_entry by
    (unfold token_code_width; lia).
  unfold token_code. rewrite app_nth2; rewrite one_hot_length; [|lia].
  replace (Datatypes.S (9 + length (operations ext)) + i - (9 + length (operations ext)))%nat with (Datatypes.S i) by lia.
  cbn [app nth]. rewrite app_nth1 by (rewrite signs_width; exact I). rewrite nth_signs by exact I. reflexivity.
Qed.

Lemma name_sign_worth : forall i, (i < 3)%nat -> worth (bit (name_signs w ext) i) h (sign (name_of j) i).
Proof.
  intros i I. unfold name_signs. rewrite bit_entries by exact I. unfold worth. rewrite at_entry, token_entry by
    (unfold token_code_width; lia).
  unfold token_code. rewrite app_nth2; rewrite one_hot_length; [|lia].
  replace (Datatypes.S (9 + length (operations ext)) + w + i - (9 + length (operations ext)))%nat with (Datatypes.S (w + i)) by
    lia.
  cbn [app nth]. rewrite app_nth2; rewrite signs_width; [|lia]. replace (w + i - w)%nat with i by lia.
  rewrite nth_signs by exact I. reflexivity.
Qed.

(* The entries of the place. *)
Definition place_part : vector := if log then log_code w (snd j) else cell_code w (snd j).

Lemma place_entry : forall i, (i < length place_part)%nat -> nth (token_code_width w ext + i) h 0%Q = nth i place_part 0%Q.
Proof.
  intros i I. destruct S as (rest & ->). unfold code_at. rewrite <- app_assoc, app_nth2; rewrite token_code_length; [|lia].
  replace (token_code_width w ext + i - token_code_width w ext)%nat with i by lia. fold place_part. apply app_nth1. exact I.
Qed.

Lemma place_part_head : exists rest, place_part = one_hot place_kinds (place_kind j) ++ [1%Q] ++ signs w (index_of j) ++ rest /\
  length rest = (if log then 2 * clock_bits w + 1 else 4)%nat /\
  rest = if log then signs (clock_bits w) (time_of j) ++ signs (clock_bits w) (option_map Z.pred (time_of j)) ++
      [match time_of j with Some t => inject_Z t | None => 0%Q end]
    else signs 3 (register_of j) ++ signs 1 (let '(_, _, _, _, s) := place_row (snd j) in s).
Proof.
  unfold place_part, log_code, cell_code, place_kind, index_of, time_of, register_of, place_kinds.
  destruct (place_row (snd j)) as [[[[k i] t] r] s]. destruct log.
  - eexists. split; [reflexivity|]. split; [|reflexivity]. rewrite !app_length, !signs_width. cbn [length]. lia.
  - eexists. split; [reflexivity|]. split; [|reflexivity]. rewrite !app_length, !signs_width. reflexivity.
Qed.

Lemma place_part_length : length place_part = (place_kinds + 1 + w + (if log then 2 * clock_bits w + 1 else 4))%nat.
Proof.
  destruct place_part_head as (rest & E & L & _). rewrite E, !app_length, one_hot_length, signs_width, L. cbn [length]. lia.
Qed.

Lemma place_flag_worth : forall i, (i < place_kinds)%nat -> worth (place_flag w ext i) h (Z.b2z (Z.of_nat i =? place_kind j)).
Proof.
  intros i I. unfold worth, place_flag. rewrite at_entry, place_entry by (rewrite place_part_length; lia).
  destruct place_part_head as (rest & E & _). rewrite E, app_nth1 by (rewrite one_hot_length; exact I).
  rewrite nth_hot by exact I. reflexivity.
Qed.

Lemma one_worth : worth (one w log ext) h 1.
Proof.
  unfold worth, one, place_flag. fold place_kinds. rewrite at_entry, place_entry by (rewrite place_part_length; lia).
  destruct place_part_head as (rest & E & _). rewrite E, app_nth2; rewrite one_hot_length; [|lia].
  rewrite Nat.sub_diag. reflexivity.
Qed.

Lemma index_sign_worth : forall i, (i < w)%nat -> worth (bit (index_signs w log ext) i) h (sign (index_of j) i).
Proof.
  intros i I. unfold index_signs. rewrite bit_entries by exact I. fold place_kinds. unfold worth. rewrite at_entry.
  rewrite <- Nat.add_assoc, place_entry by (rewrite place_part_length; lia).
  destruct place_part_head as (rest & E & _). rewrite E, app_nth2; rewrite one_hot_length; [|lia].
  replace (Datatypes.S place_kinds + i - place_kinds)%nat with (Datatypes.S i) by lia. cbn [app nth].
  rewrite app_nth1 by (rewrite signs_width; exact I). rewrite nth_signs by exact I. reflexivity.
Qed.

Lemma rest_entry : forall rest i, place_part = one_hot place_kinds (place_kind j) ++ [1%Q] ++ signs w (index_of j) ++ rest ->
  (i < length rest)%nat -> nth (token_code_width w ext + Datatypes.S place_kinds + w + i) h 0%Q = nth i rest 0%Q.
Proof.
  intros rest i E I. replace (token_code_width w ext + Datatypes.S place_kinds + w + i)%nat with
    (token_code_width w ext + (place_kinds + Datatypes.S (w + i)))%nat by lia.
  rewrite place_entry.
  - rewrite E, app_nth2; rewrite one_hot_length; [|lia].
    replace (place_kinds + Datatypes.S (w + i) - place_kinds)%nat with (Datatypes.S (w + i)) by lia. cbn [app nth].
    rewrite app_nth2; rewrite signs_width; [|lia]. f_equal. lia.
  - rewrite E, !app_length, one_hot_length, signs_width. cbn [length]. lia.
Qed.

Lemma time_sign_worth : log = true -> forall i, (i < clock_bits w)%nat ->
  worth (bit (time_signs w log ext) i) h (sign (time_of j) i).
Proof.
  intros Lg i I. unfold time_signs. rewrite bit_entries by exact I. fold place_kinds. unfold worth. rewrite at_entry.
  destruct place_part_head as (rest & E & L & R). rewrite (rest_entry rest i E) by (rewrite L, Lg; lia). rewrite R, Lg.
  rewrite app_nth1 by (rewrite signs_width; exact I). rewrite nth_signs by exact I. reflexivity.
Qed.

Lemma earlier_sign_worth : log = true -> forall i, (i < clock_bits w)%nat ->
  worth (bit (earlier_signs w log ext) i) h (sign (option_map Z.pred (time_of j)) i).
Proof.
  intros Lg i I. unfold earlier_signs. rewrite bit_entries by exact I. fold place_kinds. unfold worth. rewrite at_entry.
  destruct place_part_head as (rest & E & L & R).
  replace (token_code_width w ext + Datatypes.S place_kinds + w + clock_bits w + i)%nat with
    (token_code_width w ext + Datatypes.S place_kinds + w + (clock_bits w + i))%nat by lia.
  rewrite (rest_entry rest _ E) by (rewrite L, Lg; lia). rewrite R, Lg.
  rewrite app_nth2; rewrite signs_width; [|lia]. replace (clock_bits w + i - clock_bits w)%nat with i by lia.
  rewrite app_nth1 by (rewrite signs_width; exact I). rewrite nth_signs by exact I. reflexivity.
Qed.

Lemma clock_worth : log = true -> worth (clock w log ext) h (LogMatches.clock_of j).
Proof.
  intros Lg. unfold clock, worth. fold place_kinds. rewrite at_entry. destruct place_part_head as (rest & E & L & R).
  rewrite (rest_entry rest (2 * clock_bits w) E) by (rewrite L, Lg; lia). rewrite R, Lg.
  rewrite app_nth2; rewrite signs_width; [|lia]. rewrite app_nth2; rewrite signs_width; [|lia].
  replace (2 * clock_bits w - clock_bits w - clock_bits w)%nat with 0%nat by lia. cbn [nth].
  unfold LogMatches.clock_of. destruct (time_of j); reflexivity.
Qed.

Lemma register_sign_worth : log = false -> forall i, (i < 3)%nat ->
  worth (bit (register_signs w log ext) i) h (sign (register_of j) i).
Proof.
  intros Lg i I. unfold register_signs. rewrite bit_entries by exact I. fold place_kinds. unfold worth. rewrite at_entry.
  destruct place_part_head as (rest & E & L & R). rewrite (rest_entry rest i E) by (rewrite L, Lg; lia). rewrite R, Lg.
  rewrite app_nth1 by (rewrite signs_width; exact I). rewrite nth_signs by exact I. reflexivity.
Qed.
End Codes.
