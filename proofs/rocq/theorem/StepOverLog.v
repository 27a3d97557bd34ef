(* The step over the log, as it is defined: at every masked position the token that is due is read out. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Composition Statement Scalars StepBuilder StepDefinition StepModel StepReading StepOutput StepAnswers
  StepCodes
  StepDefined StepInPlace StepLogPass.
From Efasp Require Sequences Positions Reached LogSites LogMatches.
Import ListNotations.
Open Scope Z_scope.

Lemma due_known : forall w ext p t q, valid w ext p = true -> known w ext (LogSites.due_at w p t q) \/
  forall k s pid, q = PLog k s pid -> ~ 0 <= pid < Z.of_nat (processors p).
Proof.
  intros w ext p t q V. destruct q as [| |g i|a|k s pid|a s|i r s|i s]; try (left; exact I).
  destruct (Z_lt_le_dec pid 0) as [N|N]; [right; intros k' s' pid' E; injection E as _ _ <-; lia|].
  destruct (Z_lt_le_dec pid (Z.of_nat (processors p))) as [B|B]; [left|right; intros k' s' pid' E; injection E as _ _ <-; lia].
  cbn [LogSites.due_at]. destruct (s =? _); [|exact I].
  destruct (LogMatches.logged_effective w ext p V (S t) pid (conj N B)) as [En Er Em]. cbn [LogSites.logged] in *.
  unfold LogSites.part, LogSites.target_token, LogSites.value_of. destruct (k =? 0); [apply (Reached.is_word_range w);
    exact En|].
  pose proof (Reached.size_positive w) as Z0.
  destruct (k =? 1).
  - destruct (writes _) as [[r v|a v]|]; [exact (proj1 (Er r v eq_refl))| |exact I].
    pose proof (proj1 (Em a v eq_refl)) as A. pose proof (Positions.program_fits w ext p V) as (_ & _ & Mf & _).
    change (0 <= a < size w). lia.
  - destruct (writes _) as [[r v|a v]|]; cbn; [apply (Reached.is_word_range w), (Er r v eq_refl)|
      apply (Reached.is_word_range w), (Em a v eq_refl)|lia].
Qed.

Theorem step_over_log : forall w ext p T t b, step_ordered w true ext -> valid w ext p = true -> Z.of_nat T <= latest w ->
  (t < T)%nat -> Forall2 partial b (Sequences.block_tokens w p t) -> existsb is_mask b = true ->
  Forall2 (fun '(s, u) read => s = Mask -> read = Some u)
    (combine (during w p T t b) (during w p T t (Sequences.block_tokens w p t)))
    (map (reading w ext) (defined (step_definition w true ext) (map (code_at w true ext) (LogSites.log_sites w p T t b)))).
Proof.
  intros w ext p T t b O V U L S N. apply LogSites.log_right; [exact L|exact S|].
  set (l := LogSites.log_sites w p T t b).
  destruct (step_defined w true ext position l (code_at w true ext) (fun j _ => code_at_length w true ext j) O)
    as (ns & f & Sh & Mo & Put).
  destruct (Put _ (sound_masked_step w ext p T t b V U L S N _ ns f Mo Sh)) as (fs & Right & D).
  rewrite D, map_map. fold l.
  assert (R : forall j, In j l -> Positions.masked j = true ->
    reading w ext (put_out fs (f j)) = Some (LogSites.due_at w p t (snd j))).
  { intros j J M. assert (E : fst j = Mask) by (unfold Positions.masked in M; destruct (fst j); (reflexivity || discriminate)).
    apply codes_known; [|apply (Right j); split; assumption].
    destruct (due_known w ext p t (snd j) V) as [K|K]; [exact K|]. exfalso.
    pose proof (LogSites.log_site_of w p T t b L S j J) as Site.
    destruct Site as [j H|a A|k s pid Kk B Np|k pid u Kk Np Rp|k s pid Kk B Np]; cbn [fst snd] in *.
    - destruct H as [| |n i k x Hn Hk]; try discriminate. cbn [fst] in E. subst x. apply nth_error_In in Hk.
      destruct Hk as [Hk|Hk]; [discriminate|]. apply in_map_iff in Hk as (o & Ho & _). destruct o; discriminate.
    - discriminate.
    - exact (K _ _ _ eq_refl Np).
    - exact (K _ _ _ eq_refl Np).
    - exact (K _ _ _ eq_refl Np). }
  revert R. clear. induction l as [|j l IH]; intros R; constructor; [apply R; left; reflexivity|].
  apply IH. intros k K. apply R. right. exact K.
Qed.
