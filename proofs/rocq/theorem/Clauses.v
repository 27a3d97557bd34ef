(* The library's program `clauses`, its text as the assembler gives it, on every table of clauses: it computes what holds after
   R rounds, in 9 + 6 R steps of the PRAM of the statement. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep Parted ClausesText ClausesRounds.
Import ListNotations.
Open Scope Z_scope.

(* All processors have halted, none at a fault; and the words of the facts say what holds after R rounds. *)
Definition solved (rounds : nat) (clauses_ : table) (facts : list bool) (c : configuration) : Prop :=
  Forall (fun q => state q = Halted) (processors_of c) /\
  forall f, (f < length facts)%nat -> at_address c (place clauses_ f) = Z.b2z (holds clauses_ facts rounds f).

Section Clauses.
Variables (w R : nat) (T : table) (facts : list bool) (rest : list Z).
Hypothesis Suits : suits w R T facts rest.
Local Notation p := (clauses_on R T facts rest).

Definition looping (t : nat) : Prop := exists m q0 x0 x1, known T facts m t /\ rested R T facts rest t q0 /\
  reached w p (8 + 6 * t) = parted p m (at_head R T facts t q0 x0 x1).
Lemma rounds_pass : forall t, (t <= R)%nat -> looping t.
Proof.
  induction t as [|t IH]; intros L.
  - assert (X : after_steps w p (8 + 0) (reached w p 0) (fun c => c = reached w p (8 + 0) -> looping 0)).
    { apply (start_part w R T facts rest Suits 0). intros m q0 x0 x1 K Rest E. symmetry in E. exists m, q0, x0, x1. auto. }
    exact (reached_after _ _ _ _ _ X eq_refl).
  - destruct IH as (m & q0 & x0 & x1 & K & Rest & E); [lia|].
    assert (X : after_steps w p (6 + 0) (reached w p (8 + 6 * t))
      (fun c => c = reached w p (6 + (8 + 6 * t)) -> looping (S t))).
    { rewrite E. apply (round_part w R T facts rest Suits m t q0 x0 x1 0 _ L K Rest). intros m' q0' y0 y1 K' Rest' E'.
      exists m', q0', y0, y1. split; [exact K'|]. split; [exact Rest'|].
      replace (8 + 6 * S t)%nat with (6 + (8 + 6 * t))%nat by lia. symmetry. exact E'. }
    exact (reached_after _ _ _ _ _ X eq_refl).
Qed.

(* After t rounds, of 6 steps each, memory holds what holds then. The program halts after 9 + 6 R steps, without a fault; and
   one step earlier exactly if the premises of every clause hold after R - 1 rounds. *)
(* backs: corollaries.applied *)
Theorem clauses_right :
  (forall t f, (t <= R)%nat -> (f < length facts)%nat ->
    at_address (reached w p (8 + 6 * t)) (place T f) = Z.b2z (holds T facts t f)) /\
  (stopped (reached w p (8 + 6 * R)) = true <->
    forall a b c, In (a, b, c) T -> holds T facts (R - 1) a = true /\ holds T facts (R - 1) b = true) /\
  solved R T facts (reached w p (9 + 6 * R)).
Proof.
  assert (Inside : forall f, (f < length facts)%nat -> inside_memory p (place T f)).
  { intros f L. exact (proj1 (spot_range w R T facts rest Suits f L)). }
  split.
  { intros t f L Lf. destruct (rounds_pass t L) as (m & q0 & x0 & x1 & K & _ & ->).
    rewrite parted_word by exact (Inside f Lf). exact (K f Lf). }
  destruct (rounds_pass R (Nat.le_refl R)) as (m & q0 & x0 & x1 & K & Rest & E).
  pose proof Suits as (_ & Some_round & _).
  assert (Last : forall pid, done T facts R pid = applies T facts (R - 1) pid).
  { intros pid. replace R with (S (R - 1)) at 1 by lia. exact (done_last w R T facts rest Suits (R - 1) pid). }
  split.
  { rewrite E. unfold stopped. rewrite forallb_forall. cbn [parted processors_of]. split.
    - intros H a b c I. destruct (clause_has w R T facts rest Suits a b c I) as (pid & A & E1 & E2 & _).
      specialize (H (at_head R T facts R q0 x0 x1 pid) (in_map _ _ _ (proj2 (in_numbers _ _) A))). unfold at_head, others in H.
      rewrite (Last pid) in H. unfold applies in H. rewrite E1, E2 in H. apply andb_true_iff.
      destruct (holds T facts (R - 1) a && holds T facts (R - 1) b); [reflexivity|discriminate].
    - intros H q I. apply in_map_iff in I as (pid & <- & A). apply in_numbers in A. fold (acting p pid) in A.
      unfold at_head, others. assert (D : done T facts R pid = true).
      { rewrite Last. unfold applies. apply andb_true_iff. exact (H _ _ _ (clause_in w R T facts rest Suits pid A)). }
      rewrite D. unfold runs. rewrite (Rest pid A D). reflexivity. }
  assert (X : after_steps w p 1 (reached w p (8 + 6 * R)) (fun c => c = reached w p (1 + (8 + 6 * R)) ->
    solved R T facts (reached w p (9 + 6 * R)))).
  { rewrite E. apply (quiet_step w p m _ (fun pid => if done T facts R pid then q0 pid else
      {| registers := bank T (x0 pid) (x1 pid) (Z.of_nat (R - R)) pid; pc := 14; state := Halted |})).
    - intros pid A. unfold at_head, others. rewrite Nat.ltb_irrefl. destruct (done T facts R pid) eqn:D.
      + apply becomes_still. unfold runs. rewrite (Rest pid A D). reflexivity.
      + exact (becomes_halted w p _ _ _ 14 _ eq_refl eq_refl).
    - intros Q. symmetry in Q. replace (1 + (8 + 6 * R))%nat with (9 + 6 * R)%nat in Q by lia. rewrite Q. split.
      + apply Forall_forall. intros q I. cbn [parted processors_of] in I. apply in_map_iff in I as (pid & <- & A).
        apply in_numbers in A. destruct (done T facts R pid) eqn:D; [exact (Rest pid A D)|reflexivity].
      + intros f L. transitivity (m (place T f)); [apply (parted_word p m); exact (Inside f L)|exact (K f L)]. }
  exact (reached_after _ _ _ _ _ X eq_refl).
Qed.

(* The program is a valid one, so that the theorem of the statement speaks of it: what runs every program solves this. *)
Lemma clauses_valid : forall ext, valid w ext p = true.
Proof.
  intros ext. pose proof Suits as (Wide & Some_round & Few & Some_clause & Proper & Memory & Words).
  pose proof (large w R T facts rest Suits) as Large. unfold valid.
  cbn [processors initial instructions clauses_on]. rewrite layout_length in *.
  assert (Ins : forallb (well_formed w ext) clauses = true).
  { apply forallb_forall. intros i I. apply (wider 5 w i ext Wide). revert i I. apply forallb_forall. reflexivity. }
  assert (All : forallb (is_word w) (layout R T facts rest) = true).
  { apply forallb_forall. intros x I. apply is_word_range. unfold layout in I. apply in_app_or in I as [[<-|[]]|I]; [lia|].
    apply in_app_or in I as [I|I]; [|apply in_app_or in I as [I|I]].
    - unfold addresses in I. apply in_flat_map in I as (((a, b), c) & I & J). apply Proper in I. unfold place in J.
      destruct J as [<-|[<-|[<-|[]]]]; lia.
    - apply in_map_iff in I as ([|] & <- & _); cbn; lia.
    - rewrite forallb_forall in Words. apply is_word_range, Words, I. }
  rewrite Ins, All, !andb_true_r. change (length clauses) with 17%nat.
  repeat (apply andb_true_iff; split); first [apply Nat.leb_le; lia|apply Z.leb_le; lia].
Qed.

Theorem clauses_decoded : forall ext m, runs_pram_apmdm w ext m ->
  let P := length T in let M := length (layout R T facts rest) in
  let places := map (cell_code w) (cell_places (length clauses) M P) in
  let opening := cell_tokens w p (start P (layout R T facts rest)) (repeat false (M + 9 * P)) in
  exists x c, generated w ext m places (9 + 6 * R) opening = Some x /\ generate w ext m places x = Some x /\
    read_cells w ext (length clauses) M P x = Some (clauses, c) /\ solved R T facts c.
Proof.
  intros ext m Runs. destruct (Runs p (clauses_valid ext)) as [_ Passes].
  destruct clauses_right as (_ & _ & Solved).
  destruct (Passes (9 + 6 * R)%nat) as (x & second & X & _ & _ & Read & Stop). cbn zeta.
  exists x, (reached w p (9 + 6 * R)). split; [exact X|].
  split; [apply Stop; unfold stopped; apply forallb_forall; intros q I|split; [exact Read|exact Solved]].
  destruct Solved as [Halts _]. rewrite Forall_forall in Halts. unfold runs. rewrite (Halts q I). reflexivity.
Qed.
End Clauses.
