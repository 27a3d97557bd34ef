(* The library's program `clauses` on the table of a grammar in Chomsky normal form, as the library lays it out: it decides
   which words of n letters the grammar derives, in 15 + 24 log2 n steps of the PRAM of the statement. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep Parted ClausesText ClausesRounds Clauses.
From Efasp Require ContextFree.
Import ListNotations.
Open Scope Z_scope.

Section Grammar.
Variables name letter : Type.
Variable binary : name -> name -> name -> Prop. (* A -> B C *)
Variable terminal : name -> letter -> Prop. (* A -> a *)
Variable initial_name : name.
Variable n : nat.
Local Notation fact := (ContextFree.fact name letter).
Local Notation clause := (ContextFree.clause name letter binary terminal initial_name n).
Local Notation after word := (ContextFree.after name letter binary terminal initial_name n word).
Local Notation goal := (ContextFree.Item name letter (initial_name, 0%nat, n)).

(* A table of the grammar's clauses for words of n letters: the facts, the goal first and with all premises, and of
   the clauses, which are as ContextFree.v has them, the numbers of their facts. *)
Definition tabulates (facts : list fact) (numbered_ : table) : Prop :=
  nth_error facts 0 = Some goal /\
  (forall x y f, clause x y f -> In x facts /\ In y facts) /\
  forall a b c, In (a, b, c) numbered_ <->
    exists x y f, nth_error facts a = Some x /\ nth_error facts b = Some y /\ nth_error facts c = Some f /\ clause x y f.
(* The facts that hold at the start: the letters of a word. *)
Definition spells (facts : list fact) (word : nat -> letter) (bits : list bool) : Prop :=
  length bits = length facts /\
  forall a x, nth_error facts a = Some x -> (nth a bits false = true <->
    exists i, (i < n)%nat /\ x = ContextFree.Letter name letter i (word i)).
(* The program, with the clause that never applies before the table. *)
Definition rounds : nat := (1 + 4 * Nat.log2 n)%nat.
Definition grammar_on (facts : list fact) (numbered_ : table) (bits : list bool) (rest : list Z) : program :=
  clauses_on rounds (with_idle facts numbered_) (bits ++ [false]) rest.

Section Agreement.
Variables (facts : list fact) (numbered_ : table) (word : nat -> letter) (bits : list bool).
Hypothesis Table : tabulates facts numbered_.
Hypothesis Word : spells facts word bits.
Local Notation T := (with_idle facts numbered_).
Local Notation run := (holds T (bits ++ [false])).

Lemma named_inside : forall a x, nth_error facts a = Some x -> (a < length facts)%nat.
Proof. intros a x E. apply nth_error_Some. rewrite E. discriminate. Qed.
Lemma numbered_inside : forall a b c, In (a, b, c) numbered_ ->
  (a < length facts)%nat /\ (b < length facts)%nat /\ (c < length facts)%nat.
Proof.
  intros a b c I. apply Table in I as (x & y & f & X & Y & F & _). apply named_inside in X, Y, F. tauto.
Qed.
Lemma never : forall t, run t (length facts) = false.
Proof.
  destruct Word as [Len _]. induction t as [|t IH]; cbn [holds].
  - rewrite app_nth2, Len, Nat.sub_diag by lia. reflexivity.
  - rewrite IH. cbn [orb]. destruct (existsb _ T) eqn:E; [|reflexivity]. apply existsb_exists in E as (((a, b), c) & I & E).
    rewrite !andb_true_iff, Nat.eqb_eq in E. destruct E as [[-> Ha] Hb]. destruct I as [I|I].
    + injection I as <- <-. congruence.
    + apply numbered_inside in I. lia.
Qed.
Lemma rounds_agree : forall t a x, nth_error facts a = Some x -> (run t a = true <-> after word t x).
Proof.
  destruct Word as [Len Letters]. induction t as [|t IH]; intros a x X; pose proof (named_inside a x X) as L; cbn [holds].
  - rewrite app_nth1 by lia. exact (Letters a x X).
  - cbn [ContextFree.after]. rewrite orb_true_iff, (IH a x X), existsb_exists. apply or_iff_compat_l. split.
    + intros (((b, c), d) & I & E). rewrite !andb_true_iff, Nat.eqb_eq in E. destruct E as [[-> Hb] Hc].
      destruct I as [I|I]; [injection I as <- <- <-; lia|]. apply Table in I as (y & z & f & Y & Z & F & C).
      rewrite X in F. injection F as <-. exists y, z. split; [exact C|]. split; [apply (IH b)|apply (IH c)]; assumption.
    + intros (y & z & C & Hy & Hz). pose proof Table as (_ & Named & All). destruct (Named y z x C) as [Iy Iz].
      apply In_nth_error in Iy as [b B], Iz as [c C']. exists (b, c, a). split.
      * right. apply All. exists y, z, x. auto.
      * rewrite Nat.eqb_refl, (proj2 (IH b y B) Hy), (proj2 (IH c z C') Hz). reflexivity.
Qed.
End Agreement.

(* What is asked: words of 5 bits or more, in which the number of rounds and that of words of memory fit; a letter; the
   grammar's table; and the letters of the word. *)
Definition grammar_suits (w : nat) (facts : list fact) (numbered_ : table) (word : nat -> letter) (bits : list bool)
    (rest : list Z) : Prop :=
  (5 <= w)%nat /\ (1 <= n)%nat /\ Z.of_nat rounds < size w /\ tabulates facts numbered_ /\ spells facts word bits /\
  Z.of_nat (length (layout rounds (with_idle facts numbered_) (bits ++ [false]) rest)) <= size w /\
  forallb (is_word w) rest = true.

(* All processors have halted, none at a fault; and the word of the goal is 1 if the grammar derives the word, else 0. *)
Definition decided (facts : list fact) (numbered_ : table) (word : nat -> letter) (c : configuration) : Prop :=
  Forall (fun q => state q = Halted) (processors_of c) /\
  let answer := at_address c (place (with_idle facts numbered_) 0) in
  (answer = 1 /\ ContextFree.derives name letter binary terminal n word (initial_name, 0%nat, n)) \/
  (answer = 0 /\ ~ ContextFree.derives name letter binary terminal n word (initial_name, 0%nat, n)).

Section Decision.
Variables (w : nat) (facts : list fact) (numbered_ : table) (word : nat -> letter) (bits : list bool) (rest : list Z).
Hypothesis Suits : grammar_suits w facts numbered_ word bits rest.
Local Notation T := (with_idle facts numbered_).
Local Notation p := (grammar_on facts numbered_ bits rest).

Lemma grammar_suited : suits w rounds T (bits ++ [false]) rest.
Proof.
  pose proof Suits as (Wide & _ & Few & Table & [Len _] & Memory & Words).
  split; [exact Wide|]. split; [unfold rounds; lia|]. split; [exact Few|]. split; [cbn; lia|]. split; [|auto].
  intros a b c I. rewrite app_length, Len. cbn [length]. destruct I as [I|I]; [injection I as <- <- <-; lia|].
  apply (numbered_inside facts numbered_ Table) in I. lia.
Qed.
Lemma solved_decided : forall c, solved rounds T (bits ++ [false]) c -> decided facts numbered_ word c.
Proof.
  intros c [Halts Facts]. pose proof Suits as (_ & Some_letter & _ & Table & Word & _). split; [exact Halts|].
  destruct Table as [Goal Rest]. cbn zeta. rewrite Facts.
  - pose proof (rounds_agree facts numbered_ word bits (conj Goal Rest) Word rounds 0%nat _ Goal) as A.
    pose proof (ContextFree.rounds_decide name letter binary terminal initial_name n word Some_letter) as D.
    fold rounds in D. destruct (holds T (bits ++ [false]) rounds 0).
    + left. split; [reflexivity|]. apply D, A. reflexivity.
    + right. split; [reflexivity|]. intros X. apply D, A in X. discriminate.
  - rewrite app_length. cbn. lia.
Qed.

(* The program decides whether the grammar derives the word, in exactly 15 + 24 log2 n steps, whatever the letters. After t of
   its rounds, of 6 steps each, memory holds the facts that hold after t rounds of the grammar's clauses. *)
(* backs: corollaries.rounds *)
Theorem context_free_right :
  (forall t a x, (t <= rounds)%nat -> nth_error facts a = Some x ->
    let fact_word := at_address (reached w p (8 + 6 * t)) (place T a) in
    (fact_word = 1 /\ after word t x) \/ (fact_word = 0 /\ ~ after word t x)) /\
  stopped (reached w p (14 + 24 * Nat.log2 n)) = false /\
  decided facts numbered_ word (reached w p (15 + 24 * Nat.log2 n)).
Proof.
  destruct (clauses_right w rounds T (bits ++ [false]) rest grammar_suited) as (Facts & Stop & Solved).
  pose proof Suits as (_ & _ & _ & Table & Word & _). split; [|split].
  - intros t a x L X. cbn zeta. unfold grammar_on. rewrite Facts; [|exact L|].
    + pose proof (rounds_agree facts numbered_ word bits Table Word t a x X) as A.
      destruct (holds T (bits ++ [false]) t a).
      * left. split; [reflexivity|]. apply A. reflexivity.
      * right. split; [reflexivity|]. intros H. apply A in H. discriminate.
    + rewrite app_length. destruct Word as [-> _]. apply named_inside in X. lia.
  - replace (14 + 24 * Nat.log2 n)%nat with (8 + 6 * rounds)%nat by (unfold rounds; lia).
    apply not_true_is_false. intros E. destruct (proj1 Stop E _ _ _ (or_introl eq_refl)) as [X _].
    rewrite (never facts numbered_ word bits Table Word) in X. discriminate.
  - replace (15 + 24 * Nat.log2 n)%nat with (9 + 6 * rounds)%nat by (unfold rounds; lia). exact (solved_decided _ Solved).
Qed.

(* So does what runs every program, by any-process generation, in as many passes; and then nothing changes any more. *)
Theorem context_free_decoded : forall ext m, runs_pram_apmdm w ext m ->
  let L := length clauses in let P := processors p in let M := length (initial p) in
  let places := map (cell_code w) (cell_places L M P) in
  let opening := cell_tokens w p (start P (initial p)) (repeat false (M + 9 * P)) in
  exists x c, generated w ext m places (15 + 24 * Nat.log2 n) opening = Some x /\ generate w ext m places x = Some x /\
    read_cells w ext L M P x = Some (clauses, c) /\ decided facts numbered_ word c.
Proof.
  intros ext m Runs. cbn zeta.
  destruct (clauses_decoded w rounds T (bits ++ [false]) rest grammar_suited ext m Runs) as (x & c & X & Fixed & Read & Solved).
  exists x, c. replace (15 + 24 * Nat.log2 n)%nat with (9 + 6 * rounds)%nat by (unfold rounds; lia).
  split; [exact X|]. split; [exact Fixed|]. split; [exact Read|]. exact (solved_decided c Solved).
Qed.
End Decision.
End Grammar.
