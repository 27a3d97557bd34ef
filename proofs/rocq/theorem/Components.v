(* The library's program `components`, its text as the assembler gives it, on every graph: it computes the connected
   components,
   in 36 + 48 R steps of the PRAM of the statement, where the R rounds are rounds of the relation of Connectivity.v. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep ComponentsText ComponentsParts ComponentsLoop.
From Efasp Require Import ComponentsStart.
From Efasp Require Connectivity ConnectivityRounds.
Import ListNotations.
Open Scope Z_scope.

(* What is asked: words of 7 bits or more (there are 76 instructions), in which the numbers of processors and of words of
   memory
   fit; a vertex; edges between vertices (of any number, also twice, also loops); and a processor for every vertex and for
   every edge in each direction. *)
Definition suits (w P n : nat) (edges : list (nat * nat)) (rest : list Z) : Prop :=
  (7 <= w)%nat /\ (1 <= n)%nat /\ (forall i j, In (i, j) edges -> (i < n)%nat /\ (j < n)%nat) /\
  ((n <= P)%nat /\ (2 * length edges <= P)%nat) /\ Z.of_nat P <= size w /\
  Z.of_nat (length (layout n edges rest)) <= size w /\ forallb (is_word w) rest = true.

(* All processors have halted, none at a fault. In memory from address 4 on every vertex has a label, which is a vertex that
   it
   is connected with; and two vertices have the same label exactly if they are connected. *)
Definition solved (n : nat) (edges : list (nat * nat)) (c : configuration) : Prop :=
  Forall (fun q => state q = Halted) (processors_of c) /\
  let label v := nth (4 + v) (memory c) 0 in
  forall i, (i < n)%nat -> (exists v, label i = Z.of_nat v /\ (v < n)%nat /\ Connectivity.connected (adjacent edges) i v) /\
    forall j, (j < n)%nat -> (label i = label j <-> Connectivity.connected (adjacent edges) i j).

Section Components.
Variables (w P n : nat) (edges : list (nat * nat)) (rest : list Z).
Hypothesis Suits : suits w P n edges rest.
Local Notation p := (components_on P n edges rest).
Local Notation E := (adjacent edges).
Let Some_vertex : (1 <= n)%nat. Proof. apply Suits. Qed.
Lemma set_out : setting w p n E (vertex w n) (end_of edges) (other_end edges).
Proof. destruct Suits as (A & B & C & D & F & G & _). apply given; assumption. Qed.

(* Memory when t rounds are over: the parents. *)
Definition word (t : nat) (a : Z) : Z := at_address (reached w p t) a.
Definition parents_after (t : nat) (v : nat) : nat := Z.to_nat (word (23 + 48 * t) (5 + 2 * Z.of_nat v) / 2).
Local Notation run := parents_after.
Definition looping (t : nat) : Prop := exists m f3 f4 f5 f6, holds n m (run t) /\
  reached w p (23 + 48 * t) = lock p Running 23 m (bank (vertex w n) (end_of edges) (other_end edges) f3 f4 f5 f6).

Lemma memory_holds : forall m par counter F t, holds n m par -> reached w p (23 + 48 * t) = lock p Running counter m F ->
  (forall v, (v < n)%nat -> run t v = par v) /\ holds n m (run t).
Proof.
  intros m par counter F t H R. assert (Q : forall v, (v < n)%nat -> run t v = par v).
  { intros v L. unfold parents_after, word. rewrite R, locked_word.
    - replace (5 + 2 * Z.of_nat v) with (name v + 5) by (unfold name; lia). rewrite (proj2 (H v L)).
      unfold name. rewrite Z.mul_comm, Z.div_mul by lia. apply Nat2Z.id.
    - unfold inside_memory. cbn [initial components_on]. rewrite layout_length. lia. }
  split; [exact Q|]. intros v L. rewrite (Q v L). exact (H v L).
Qed.

Lemma loop_begins : looping 0 /\ forall v, (v < n)%nat -> run 0 v = v.
Proof.
  pose proof Suits as (A & B & C & D & F & G & _).
  assert (X : after_steps w p (23 + 0) (reached w p 0) (fun c => c = reached w p (23 + 0 + 0) ->
    looping 0 /\ forall v, (v < n)%nat -> run 0 v = v)).
  { change (reached w p 0) with (start P (layout n edges rest)). apply (start_part w P n edges rest A B C D G 0).
    intros m f3 f4 f5 f6 H R. symmetry in R. destruct (memory_holds _ _ _ _ 0 H R) as [Q K]. split; [|exact Q].
    exists m, f3, f4, f5, f6. split; assumption. }
  exact (reached_after _ _ _ _ _ X eq_refl).
Qed.

Lemma loop_goes_on : forall t, looping t -> ~ Connectivity.finished E (run t) ->
  looping (S t) /\ Connectivity.round n E (run t) (run (S t)).
Proof.
  intros t (m & f3 & f4 & f5 & f6 & H & R) Open.
  replace (23 + 48 * S t)%nat with (48 + (23 + 48 * t))%nat by lia.
  assert (X : after_steps w p 48 (reached w p (23 + 48 * t)) (fun c => c = reached w p (48 + (23 + 48 * t)) ->
    looping (S t) /\ Connectivity.round n E (run t) (run (S t)))).
  { rewrite R. apply (head_part w p n E _ _ _ set_out m (run t) _ _ _ _ 40 _ Some_vertex H).
    intros m1 g3 g4 g5 g6 H1. destruct (same p (end_of edges) (other_end edges) (run t)) eqn:S.
    { exfalso. apply Open. apply (same_finished w p n E _ _ _ set_out). exact S. }
    apply (round_part w p n E _ _ _ set_out m1 (run t) _ _ _ _ 0 _ H1). intros m2 r h3 h4 h5 h6 H2 K Q. symmetry in Q.
    replace (48 + (23 + 48 * t))%nat with (23 + 48 * Datatypes.S t)%nat in Q by lia.
    destruct (memory_holds _ _ _ _ (Datatypes.S t) H2 Q) as [Same H3]. split.
    - exists m2, h3, h4, h5, h6. split; assumption.
    - destruct K as (q & s & K1 & K2 & K3). exists q, s. split; [exact K1|]. split; [exact K2|].
      intros v L. rewrite (Same v L). exact (K3 v L). }
  exact (reached_after _ _ _ _ _ X eq_refl).
Qed.

Lemma loop_ends : forall t, looping t -> Connectivity.finished E (run t) ->
  stopped (reached w p (35 + 48 * t)) = false /\ stopped (reached w p (36 + 48 * t)) = true /\
  Forall (fun q => state q = Halted) (processors_of (reached w p (36 + 48 * t))) /\
  forall v, (v < n)%nat -> word (36 + 48 * t) (4 + Z.of_nat v) = Z.of_nat (run t v).
Proof.
  intros t (m & f3 & f4 & f5 & f6 & H & R) Done.
  assert (X : after_steps w p 12 (reached w p (23 + 48 * t)) (fun c => c = reached w p (12 + (23 + 48 * t)) ->
    exists m' F, c = lock p Running 75 m' F /\ forall v, (v < n)%nat -> m' (Z.of_nat v + 4) = Z.of_nat (run t v))).
  { rewrite R. apply (head_part w p n E _ _ _ set_out m (run t) _ _ _ _ 4 _ Some_vertex H).
    intros m1 g3 g4 g5 g6 H1. rewrite (proj2 (same_finished w p n E _ _ _ set_out (run t)) Done).
    apply (finish_part w p n E _ _ _ set_out m1 (run t) _ _ _ _ 0 _ H1). intros m2 F L _. exists m2, F.
    split; [reflexivity|exact L]. }
  destruct (reached_after _ _ _ _ _ X eq_refl) as (m' & F & Q & L). clear X.
  replace (12 + (23 + 48 * t))%nat with (35 + 48 * t)%nat in Q by lia.
  assert (Y : after_steps w p 1 (reached w p (35 + 48 * t)) (fun c => c = lock p Halted 75 m' F)).
  { rewrite Q. eapply halt_step; [reflexivity|reflexivity|]. reflexivity. }
  apply reached_after in Y. replace (1 + (35 + 48 * t))%nat with (36 + 48 * t)%nat in Y by lia.
  split; [|split; [|split]].
  - rewrite Q. unfold stopped, lock. cbn [processors_of]. pose proof Suits as (_ & B & _ & (D & _) & _).
    cbn [processors components_on]. destruct P; [lia|reflexivity].
  - rewrite Y. apply locked_stopped.
  - rewrite Y. apply Forall_forall. intros q I. apply in_map_iff in I as (pid & <- & _). reflexivity.
  - intros v Lv. unfold word. rewrite Y, locked_word.
    + rewrite Z.add_comm. exact (L v Lv).
    + unfold inside_memory. cbn [initial components_on]. rewrite layout_length. lia.
Qed.

Lemma rounds_until : forall t, (forall u, (u < t)%nat -> ~ Connectivity.finished E (run u)) -> looping t.
Proof.
  induction t as [|t IH]; intros Open; [apply loop_begins|].
  apply loop_goes_on; [apply IH; intros u L; apply Open; lia|apply Open; lia].
Qed.
Lemma rounds_are : forall t, (forall u, (u <= t)%nat -> ~ Connectivity.finished E (run u)) ->
  Connectivity.round n E (run t) (run (S t)).
Proof. intros t Open. apply loop_goes_on; [apply rounds_until; intros u L|]; apply Open; lia. Qed.

Lemma adjacent_vertices : forall i j, E i j -> (i < n)%nat /\ (j < n)%nat.
Proof.
  pose proof Suits as (_ & _ & C & _). intros i j [L|L]; apply C in L; tauto.
Qed.
Lemma adjacent_symmetric : forall i j, E i j -> E j i.
Proof. intros i j [L|L]; [right|left]; exact L. Qed.
Lemma finished_or_not : forall t, Connectivity.finished E (run t) \/ ~ Connectivity.finished E (run t).
Proof.
  intros t. rewrite <- (same_finished w p n E _ _ _ set_out).
  destruct (same p (end_of edges) (other_end edges) (run t)); [left; reflexivity|right; discriminate].
Qed.
Lemma first_finished : forall k, (exists R, (R < k)%nat /\ Connectivity.finished E (run R) /\
    forall u, (u < R)%nat -> ~ Connectivity.finished E (run u)) \/
  forall u, (u < k)%nat -> ~ Connectivity.finished E (run u).
Proof.
  induction k as [|k [(R & L & D & Open)|Open]]; [right; lia|left; exists R; repeat split; try assumption; lia|].
  destruct (finished_or_not k) as [D|O].
  - left. exists k. repeat split; try assumption; lia.
  - right. intros u L. destruct (Nat.eq_dec u k) as [->|]; [exact O|]. apply Open. lia.
Qed.
Lemma bounded_rounds : forall k, (2 ^ k * n < 3 ^ k)%nat ->
  (forall u, (u < 2 + k)%nat -> ~ Connectivity.finished E (run u)) -> Connectivity.finished E (run (2 + k)).
Proof.
  intros k. apply (ConnectivityRounds.rounds_bounded n E adjacent_vertices adjacent_symmetric run (proj2 loop_begins)).
  exact rounds_are.
Qed.
Lemma enough : exists k, (2 ^ k * n < 3 ^ k)%nat /\ (2 + k = 4 + 2 * Nat.log2 n)%nat.
Proof.
  exists (2 * S (Nat.log2 n))%nat. split; [|lia]. rewrite !Nat.pow_mul_r. change (2 ^ 2)%nat with 4%nat.
  change (3 ^ 2)%nat with 9%nat. pose proof (Nat.log2_spec n Some_vertex) as [_ L].
  apply Nat.lt_le_trans with (4 ^ S (Nat.log2 n) * 2 ^ S (Nat.log2 n))%nat.
  - apply Nat.mul_lt_mono_pos_l; [|exact L]. apply Nat.neq_0_lt_0, Nat.pow_nonzero. lia.
  - rewrite <- Nat.pow_mul_l. apply Nat.pow_le_mono_l. lia.
Qed.

(* There are rounds 0, ..., R - 1, each of 48 steps, and each a round of the relation on the parents in memory; then the ends
   of
   every edge have one parent, and the program halts, after 36 + 48 R steps and not before, without a fault. R is at most
   2 + k for every k with (3/2)^k > n, so at most 4 + 2 log2 n. And the labels are right: a vertex's label is a vertex of its
   component, and two vertices have the same label exactly if they are connected. *)
(* backs: corollaries.hooking corollaries.connected *)
Theorem components_right : exists R,
  (forall v, (v < n)%nat -> run 0 v = v) /\
  (forall t, (t < R)%nat -> ~ Connectivity.finished E (run t) /\ Connectivity.round n E (run t) (run (S t))) /\
  (forall t v, (t <= R)%nat -> (v < n)%nat -> word (23 + 48 * t) (5 + 2 * Z.of_nat v) = 2 * Z.of_nat (run t v)) /\
  Connectivity.finished E (run R) /\
  (forall k, (2 ^ k * n < 3 ^ k)%nat -> (R <= 2 + k)%nat) /\ (R <= 4 + 2 * Nat.log2 n)%nat /\
  stopped (reached w p (35 + 48 * R)) = false /\
  solved n edges (reached w p (36 + 48 * R)).
Proof.
  destruct enough as (k & Many & K).
  assert (R : exists R, Connectivity.finished E (run R) /\ forall u, (u < R)%nat -> ~ Connectivity.finished E (run u)).
  { destruct (first_finished (2 + k)) as [(R & _ & D & Open)|Open]; [exists R; auto|].
    exists (2 + k)%nat. split; [exact (bounded_rounds k Many Open)|exact Open]. }
  destruct R as (R & Done & Open). exists R.
  assert (Most : forall k, (2 ^ k * n < 3 ^ k)%nat -> (R <= 2 + k)%nat).
  { intros l L. destruct (le_lt_dec R (2 + l)) as [|More]; [assumption|exfalso]. apply (Open (2 + l)%nat More).
    apply (bounded_rounds l L). intros u U. apply Open. lia. }
  destruct (loop_ends R (rounds_until R Open) Done) as (Before & _ & Halts & Labels).
  split; [apply loop_begins|]. split.
  { intros t L. split; [exact (Open t L)|]. apply rounds_are. intros u U. apply Open. lia. }
  split.
  { intros t v L Lv. destruct (rounds_until t) as (m & f3 & f4 & f5 & f6 & H & Q); [intros u U; apply Open; lia|].
    unfold word. rewrite Q, locked_word.
    - replace (5 + 2 * Z.of_nat v) with (name v + 5) by (unfold name; lia). rewrite (proj2 (H v Lv)). unfold name.
      reflexivity.
    - unfold inside_memory. cbn [initial components_on]. rewrite layout_length. lia. }
  split; [exact Done|]. split; [exact Most|]. split; [rewrite <- K; exact (Most k Many)|].
  split; [exact Before|]. split; [exact Halts|]. cbn zeta. intros i Li.
  assert (Label : forall v, (v < n)%nat -> nth (4 + v) (memory (reached w p (36 + 48 * R))) 0 = Z.of_nat (run R v)).
  { intros v L. rewrite <- (Labels v L). unfold word, at_address. f_equal. lia. }
  pose proof (ConnectivityRounds.labels_right n E adjacent_vertices adjacent_symmetric run (proj2 loop_begins) rounds_are R
    Open Done)
    as Right.
  split.
  - exists (run R i). split; [exact (Label i Li)|]. exact (proj2 (Right i i Li Li)).
  - intros j Lj. rewrite (Label i Li), (Label j Lj), Nat2Z.inj_iff. exact (proj1 (Right i j Li Lj)).
Qed.

(* The program is a valid one, so that the theorem of the statement speaks of it: what runs every program solves this. *)
Lemma components_valid : forall ext, valid w ext p = true.
Proof.
  intros ext. pose proof Suits as (A & B & C & (D1 & D2) & F & G & W). pose proof (large w A) as Large. unfold valid.
  cbn [processors initial instructions components_on]. rewrite layout_length in *.
  assert (Ins : forallb (well_formed w ext) components = true).
  { apply forallb_forall. intros i I. apply (wider 7 w i ext A). revert i I. apply forallb_forall. reflexivity. }
  assert (Words : forallb (is_word w) (layout n edges rest) = true).
  { apply forallb_forall. intros x I. apply is_word_range. unfold layout in I. apply in_app_or in I as [I|I].
    - destruct I as [<-|[<-|[<-|[<-|[]]]]]; lia.
    - apply in_app_or in I as [I|I]; [apply repeat_spec in I; lia|].
      apply in_app_or in I as [I|I]; [|rewrite forallb_forall in W; apply is_word_range, W, I]. apply in_map_iff in I as (v &
        <- & I).
      unfold ends in I. apply in_flat_map in I as ((i, j) & I & [<-|[<-|[]]]); apply C in I; lia. }
  rewrite Ins, Words, !andb_true_r. change (length components) with 76%nat.
  repeat (apply andb_true_iff; split); first [apply Nat.leb_le; lia|apply Z.leb_le; lia].
Qed.

Theorem components_decoded : forall ext m, runs_pram_apmdm w ext m ->
  let L := length components in let M := length (layout n edges rest) in
  let places := map (cell_code w) (cell_places L M P) in
  let opening := cell_tokens w p (start P (layout n edges rest)) (repeat false (M + 9 * P)) in
  exists passes x c, (passes <= 228 + 96 * Nat.log2 n)%nat /\ generated w ext m places passes opening = Some x /\
    generate w ext m places x = Some x /\ read_cells w ext L M P x = Some (components, c) /\ solved n edges c.
Proof.
  intros ext m Runs. destruct (Runs p (components_valid ext)) as [_ Passes].
  destruct components_right as (R & _ & _ & _ & _ & _ & Most & _ & Solved).
  destruct (Passes (36 + 48 * R)%nat) as (x & second & X & _ & _ & Read & Stop). cbn zeta.
  exists (36 + 48 * R)%nat, x, (reached w p (36 + 48 * R)). split; [lia|]. split; [exact X|].
  split; [apply Stop; unfold stopped; apply forallb_forall; intros q I|split; [exact Read|exact Solved]].
  destruct Solved as [Halts _]. rewrite Forall_forall in Halts. unfold runs. rewrite (Halts q I). reflexivity.
Qed.
End Components.
