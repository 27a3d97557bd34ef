(* The entries of a code, and forms of them, as far as counting goes (StepCount.v); and how what is known of forms is put
   together. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepCount StepCountWords.
Import ListNotations.
Open Scope nat_scope.

Section Code.
Variables (at_half : nat -> nat) (w : nat) (log ext : bool).
Notation upto := (upto at_half).
Notation all_upto p k := (Forall (upto p k)).
Notation first := (code_width w log ext).
Hypothesis codes : forall i, i < first -> at_half i = 0.

(* The code. *)
Lemma span_upto : forall p k a n, first <= p -> a + n <= first -> all_upto p k (map entry (seq a n)).
Proof.
  intros p k a n P L. apply Forall_map, Forall_forall. intros i I x X. apply in_seq in I. unfold entry in X.
  rewrite indices_scalar in X. destruct X as [<-|[]]. rewrite codes by lia. lia.
Qed.

Lemma entry_upto : forall p k i, first <= p -> i < first -> upto p k (entry i).
Proof. intros p k i P L x X. unfold entry in X. rewrite indices_scalar in X. destruct X as [<-|[]]. rewrite codes by lia.
  lia. Qed.

Ltac width := unfold code_width, token_code_width, clock_bits; destruct log; try discriminate; lia.

Lemma token_flag_upto : forall p k n, first <= p -> n < 9 -> upto p k (token_flag n).
Proof. intros p k n P L. apply entry_upto; [exact P|width]. Qed.
Lemma masked_upto : forall p k, first <= p -> upto p k masked.
Proof. intros. apply token_flag_upto; [assumption|lia]. Qed.
Lemma sink_upto : forall p k, first <= p -> upto p k sink.
Proof. intros. apply token_flag_upto; [assumption|lia]. Qed.
Lemma place_flag_upto : forall p k n, first <= p -> n < 10 -> upto p k (place_flag w ext n).
Proof. intros p k n P L. apply entry_upto; [exact P|width]. Qed.
Lemma one_upto : forall p k, first <= p -> upto p k (one w log ext).
Proof. intros p k P. apply entry_upto; [exact P|width]. Qed.
Lemma status_upto : forall p k, first <= p -> all_upto p k status_flags.
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma op_upto : forall p k, first <= p -> all_upto p k (op_flags ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma word_signs_upto : forall p k, first <= p -> all_upto p k (word_signs w ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma name_signs_upto : forall p k, first <= p -> all_upto p k (name_signs w ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma index_signs_upto : forall p k, first <= p -> all_upto p k (index_signs w log ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma time_signs_upto : forall p k, log = true -> first <= p -> all_upto p k (time_signs w log ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma earlier_signs_upto : forall p k, log = true -> first <= p -> all_upto p k (earlier_signs w log ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.
Lemma clock_upto : forall p k, log = true -> first <= p -> upto p k (clock w log ext).
Proof. intros. apply entry_upto; [assumption|width]. Qed.
Lemma register_signs_upto : forall p k, first <= p -> all_upto p k (register_signs w log ext).
Proof. intros. apply span_upto; [assumption|width]. Qed.

Lemma unsigned_upto : forall p k signs present, all_upto p k signs -> upto p k present -> all_upto p k (unsigned signs present).
Proof. intros p k signs present S P. apply Forall_map. eapply Forall_impl; [|exact S]. intros f F.
  apply upto_added; assumption. Qed.
Lemma signed_upto : forall p k word present, all_upto p k word -> upto p k present -> all_upto p k (signed word present).
Proof.
  intros p k word present W P. apply Forall_map. eapply Forall_impl; [|exact W]. intros f F. apply upto_combined.
  constructor; [exact F|]. constructor; [exact P|constructor].
Qed.
Lemma indexed_upto : forall p k, first <= p -> upto p k (indexed w log ext).
Proof.
  intros p k P. apply upto_total, Forall_map, Forall_forall. intros i I. apply place_flag_upto; [exact P|].
  destruct log; cbn in I; lia.
Qed.
Lemma index_word_upto : forall p k, first <= p -> all_upto p k (index_word w log ext).
Proof. intros p k P. apply unsigned_upto; [apply index_signs_upto; exact P|apply indexed_upto; exact P]. Qed.
Lemma token_word_upto : forall p k, first <= p -> all_upto p k (token_word w ext).
Proof. intros p k P. apply unsigned_upto; [apply word_signs_upto; exact P|apply upto_total, status_upto; exact P]. Qed.
Lemma negated_upto : forall p k f, upto p k f -> upto p k (negated f).
Proof. intros p k f F. apply upto_combined. constructor; [exact F|constructor]. Qed.
Lemma twice_upto : forall p k fs, all_upto p k fs -> all_upto p k (map twice fs).
Proof. intros p k fs F. apply Forall_map. eapply Forall_impl; [|exact F]. intros f. apply upto_scaled. Qed.
Lemma urgency_upto : forall p k, first <= p -> upto p k (urgency w log ext).
Proof.
  intros p k P. apply upto_combined. constructor; [apply indexed_upto; exact P|]. apply Forall_map, Forall_forall. intros i _.
  apply upto_bit, index_word_upto, P.
Qed.
Lemma always_upto : forall p k, upto p k always.
Proof. intros p k. apply upto_combined. constructor. Qed.
Lemma tail_upto : forall p k fs, all_upto p k fs -> all_upto p k (tl fs).
Proof. intros p k fs F. destruct F; [constructor|assumption]. Qed.

Lemma none_upto : forall p k, length (none w) = w /\ all_upto p k (none w).
Proof. intros p k. split; [apply StepModel.each_length|]. apply upto_each. intros i. apply upto_number. Qed.

Lemma word_signs_length : length (word_signs w ext) = w.
Proof. unfold word_signs. rewrite map_length, seq_length. reflexivity. Qed.
Lemma index_signs_length : length (index_signs w log ext) = w.
Proof. unfold index_signs. rewrite map_length, seq_length. reflexivity. Qed.
Lemma time_signs_length : length (time_signs w log ext) = clock_bits w.
Proof. unfold time_signs. rewrite map_length, seq_length. reflexivity. Qed.
Lemma earlier_signs_length : length (earlier_signs w log ext) = clock_bits w.
Proof. unfold earlier_signs. rewrite map_length, seq_length. reflexivity. Qed.
Lemma name_signs_length : length (name_signs w ext) = 3.
Proof. reflexivity. Qed.
Lemma token_word_length : length (token_word w ext) = w.
Proof. unfold token_word, unsigned. rewrite map_length. apply word_signs_length. Qed.
Lemma op_flags_length : length (op_flags ext) = length (operations ext).
Proof. unfold op_flags. rewrite map_length, seq_length. reflexivity. Qed.
Lemma signed_length : forall word present, length (signed word present) = length word.
Proof. intros. apply map_length. Qed.
Lemma sums_length : forall words, length (sums w words) = w.
Proof. intros. apply StepModel.each_length. Qed.
Lemma clock_within : 5 <= w -> clock_bits w <= w + 11.
Proof. intros. unfold clock_bits. lia. Qed.

End Code.

Ltac lift := cbv beta in *; match goal with
  | H : StepCount.upto ?a ?p ?k ?f |- StepCount.upto ?a ?p' ?k' ?f => apply (upto_more a p k p' k' f H); lia
  | H : Forall (StepCount.upto ?a ?p ?k) ?fs |- Forall (StepCount.upto ?a ?p' ?k') ?fs => apply (all_more a p k p' k' fs H); lia
  end.
Ltac total := eapply adds_more; [| |intros ? ? _ Result; exact Result].
Ltac near := first [eassumption | lia].
(* What is known of forms is put together. *)
Ltac up := cbv beta in *; unfold bounded_upto in *;
  cbn [forms_of matched among but by_rank unless optional flat_map app of_flag of_bit fst snd] in *;
  repeat match goal with
  | |- Forall _ [] => constructor
  | |- Forall _ (_ :: _) => constructor; cbn [of_flag of_bit fst snd]
  | |- Forall _ (_ ++ _) => apply Forall_app; split
  | |- Forall _ (map twice _) => apply twice_upto
  | |- Forall _ (map (of_bit _) _) => apply bits_upto
  | |- Forall _ (signed _ _) => apply signed_upto
  | |- Forall _ (sums _ _) => apply upto_sums
  | |- Forall _ (tl _) => apply tail_upto
  | |- Forall _ (token_word _ _) => eapply token_word_upto; near
  | |- Forall _ (index_word _ _ _) => eapply index_word_upto; near
  | |- Forall _ (index_signs _ _ _) => eapply index_signs_upto; near
  | |- Forall _ (word_signs _ _) => eapply word_signs_upto; near
  | |- Forall _ (name_signs _ _) => eapply name_signs_upto; near
  | |- Forall _ (register_signs _ _ _) => eapply register_signs_upto; near
  | |- Forall _ (time_signs _ _ _) => eapply time_signs_upto; near
  | |- Forall _ (earlier_signs _ _ _) => eapply earlier_signs_upto; near
  | |- Forall _ status_flags => eapply status_upto; near
  | |- Forall _ (op_flags _) => eapply op_upto; near
  | |- Forall _ (map _ (seq _ _)) => apply Forall_map, Forall_forall; intros ? _; cbn [fst snd]
  | |- StepCount.upto _ _ _ (combined _ _) => apply upto_combined
  | |- StepCount.upto _ _ _ (total _) => apply upto_total
  | |- StepCount.upto _ _ _ (negated _) => apply negated_upto
  | |- StepCount.upto _ _ _ (twice _) => apply upto_scaled
  | |- StepCount.upto _ _ _ (scaled _ _) => apply upto_scaled
  | |- StepCount.upto _ _ _ (is_op _ _) => apply upto_bit
  | |- StepCount.upto _ _ _ (running _) => apply upto_bit
  | |- StepCount.upto _ _ _ (any_op _ _) => apply upto_total, Forall_map, Forall_forall; intros ? _
  | |- StepCount.upto _ _ _ (bit _ _) => apply upto_bit
  | |- StepCount.upto _ _ _ zero => apply upto_number
  | |- StepCount.upto _ _ _ always => apply always_upto
  | |- StepCount.upto _ _ _ masked => eapply masked_upto; near
  | |- StepCount.upto _ _ _ sink => eapply sink_upto; near
  | |- StepCount.upto _ _ _ (token_flag _) => eapply token_flag_upto; near
  | |- StepCount.upto _ _ _ (place_flag _ _ _) => eapply place_flag_upto; near
  | |- StepCount.upto _ _ _ (urgency _ _ _) => eapply urgency_upto; near
  | |- StepCount.upto _ _ _ (clock _ _ _) => eapply clock_upto; near
  | |- _ => lift
  end.
Ltac lengths := cbn [length_of matched unless optional map fst list_sum fold_right length];
  match goal with H : 5 <= ?w |- _ => pose proof (clock_within w H) end;
  rewrite ?signed_length, ?index_signs_length, ?time_signs_length, ?earlier_signs_length, ?word_signs_length,
    ?name_signs_length;
  unfold length_of; cbn [length_of matched unless optional map fst list_sum fold_right length];
  rewrite ?signed_length, ?index_signs_length, ?time_signs_length, ?earlier_signs_length, ?word_signs_length,
    ?name_signs_length.
