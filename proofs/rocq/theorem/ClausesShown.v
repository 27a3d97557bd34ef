(* The theorems of Clauses.v and ClausesGrammar.v on what the library lays out: what they ask is met, the memory is the
   library's own, and the kernel computes the runs. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Reached ClausesText ClausesRounds Clauses ClausesGrammar.
From Efasp Require ContextFree.
Import ListNotations.
Open Scope Z_scope.

(* What is in memory after the facts. *)
Definition rest_of (clauses_ : table) (facts : list bool) (memory : list Z) : list Z :=
  skipn (1 + 3 * length clauses_ + length facts) memory.
Example laid_out : Forall (fun '(R, given, facts, P, memory) =>
  let T := with_idle facts given in let rest := rest_of T (facts ++ [false]) memory in
  suits 5 R T (facts ++ [false]) rest /\ layout R T (facts ++ [false]) rest = memory /\ length T = P) library.
Proof.
  unfold library, suits. repeat (apply Forall_cons; [|]); try apply Forall_nil; (split; [|split; reflexivity]);
  change (size 5) with 32; (split; [lia|]); (split; [lia|]); (split; [lia|]); (split; [cbn; lia|]);
  (split; [|cbn; repeat split; lia]); intros a b c K; cbn in K; repeat destruct K as [K|K]; try contradiction;
  injection K as <- <- <-; cbn; lia.
Qed.

(* Which facts hold at the end; one step before it some processor runs, and then none. *)
Definition answers (of : nat * list (nat * nat * nat) * list bool * nat * list Z) : bool * bool * list Z :=
  let '(R, given, facts, P, memory) := of in
  let T := with_idle facts given in
  let p := clauses_on R T (facts ++ [false]) (rest_of T (facts ++ [false]) memory) in
  let at_end := reached 5 p (9 + 6 * R) in
  (stopped (reached 5 p (8 + 6 * R)), stopped at_end,
   firstn (length facts) (skipn (1 + 3 * length T) (Statement.memory at_end))).
Example answered : map answers library =
  [(false, true, [0]); (false, true, [1; 1]); (false, true, [1; 1; 1; 1]); (false, true, [0; 1; 1; 1])].
Proof. vm_compute. reflexivity. Qed.
(* With clauses that all apply before the last round it halts a step earlier. *)
Definition all_apply : program := clauses_on 2 [(0, 1, 2); (0, 0, 1)]%nat [true; false; false] [].
Example earlier : stopped (reached 5 all_apply 19) = false /\ stopped (reached 5 all_apply 20) = true.
Proof. vm_compute. auto. Qed.

(* A grammar, S -> S S and S -> a, of which S and the letter a are 0, and words of three letters. *)
Definition binary (A B C : nat) : Prop := A = 0%nat /\ B = 0%nat /\ C = 0%nat.
Definition terminal (A a : nat) : Prop := A = 0%nat /\ a = 0%nat.
Local Notation clause := (ContextFree.clause nat nat binary terminal 0%nat 3).
Local Notation split := (ContextFree.split nat nat binary terminal).
Local Notation below := (ContextFree.below nat nat binary terminal).
Local Notation occurs := (ContextFree.occurs nat nat binary terminal 0%nat 3).
Local Notation Item := (ContextFree.Item nat nat).
Local Notation Letter := (ContextFree.Letter nat nat).
Local Notation Gap := (ContextFree.Gap nat nat).
Lemma wide : forall k, ContextFree.width nat nat binary terminal 0%nat (S k).
Proof.
  induction k as [|k IH]; [exact (ContextFree.one _ _ _ _ 0%nat 0%nat (conj eq_refl eq_refl))|].
  apply (ContextFree.more _ _ _ _ 0 0 0 1 (S k))%nat; [repeat split| |exact IH].
  exact (ContextFree.one _ _ _ _ 0%nat 0%nat (conj eq_refl eq_refl)).
Qed.
Lemma splits : forall i k j, (i < k)%nat -> (k < j)%nat -> split (0, i, j)%nat (0, i, k)%nat (0, k, j)%nat.
Proof.
  intros i k j L1 L2. apply ContextFree.at_place; try assumption; [repeat split| |].
  - replace (k - i)%nat with (S (k - i - 1)) by lia. apply wide.
  - replace (j - k)%nat with (S (j - k - 1)) by lia. apply wide.
Qed.
Lemma split_parts : forall x y z, split x y z ->
  exists i k j, (i < k < j)%nat /\ x = (0, i, j)%nat /\ y = (0, i, k)%nat /\ z = (0, k, j)%nat.
Proof.
  intros x y z S. destruct S as [A B C i k j (-> & -> & ->) L1 L2 _ _]. exists i, k, j. auto.
Qed.
Lemma below_parts : forall x y, below x y -> exists i j k l, x = (0, i, j)%nat /\ y = (0, k, l)%nat /\
  (i <= k < l)%nat /\ (l <= j)%nat /\ (l - k < j - i)%nat.
Proof.
  intros x y B. induction B as [x y z S|x y z S|x y z _ (i & j & k & l & -> & E & L) _ (i' & j' & k' & l' & E' & -> & L')].
  - apply split_parts in S as (i & k & j & L & -> & -> & ->). exists i, j, i, k. repeat split; lia.
  - apply split_parts in S as (i & k & j & L & -> & -> & ->). exists i, j, k, j. repeat split; lia.
  - rewrite E in E'. injection E' as <- <-. exists i, j, k', l'. repeat split; lia.
Qed.
Lemma occurs_parts : forall x, occurs x -> exists i j, x = (0, i, j)%nat /\ (i < j <= 3)%nat.
Proof.
  intros x [->|B]; [exists 0%nat, 3%nat; split; [reflexivity|lia]|].
  apply below_parts in B as (i & j & k & l & E & -> & L). injection E as <- <-. exists k, l. split; [reflexivity|lia].
Qed.
Lemma parts_below : forall i j k l, (i <= k)%nat -> (k < l)%nat -> (l <= j)%nat -> (l - k < j - i)%nat ->
  below (0, i, j)%nat (0, k, l)%nat.
Proof.
  intros i j k l L1 L2 L3 L4.
  assert (First : (l < j)%nat -> below (0, k, j)%nat (0, k, l)%nat)
    by (intros L; apply (ContextFree.first_part _ _ _ _ _ _ (0, l, j)%nat), splits; lia).
  assert (Second : (i < k)%nat -> below (0, i, j)%nat (0, k, j)%nat)
    by (intros L; apply (ContextFree.second_part _ _ _ _ _ (0, i, k)%nat), splits; lia).
  destruct (Nat.eq_dec i k) as [->|N]; [apply First; lia|].
  destruct (Nat.eq_dec l j) as [->|N']; [apply Second; lia|].
  apply (ContextFree.deeper _ _ _ _ _ (0, k, j)%nat); [apply Second|apply First]; lia.
Qed.
Lemma parts_occur : forall i j, (i < j <= 3)%nat -> occurs (0, i, j)%nat.
Proof.
  intros i j L. destruct (Nat.eq_dec (j - i) 3) as [E|N].
  - left. replace i with 0%nat by lia. replace j with 3%nat by lia. reflexivity.
  - right. apply parts_below; lia.
Qed.

(* The clauses of the grammar, all of them. *)
Definition listed : list (ContextFree.fact nat nat * ContextFree.fact nat nat * ContextFree.fact nat nat) := [
  (Letter 0 0, Letter 0 0, Item (0, 0, 1)); (Letter 1 0, Letter 1 0, Item (0, 1, 2)); (Letter 2 0, Letter 2 0, Item (0, 2, 3));
  (Item (0, 0, 1), Item (0, 1, 2), Item (0, 0, 2)); (Item (0, 1, 2), Item (0, 2, 3), Item (0, 1, 3));
  (Item (0, 0, 1), Item (0, 1, 3), Item (0, 0, 3)); (Item (0, 0, 2), Item (0, 2, 3), Item (0, 0, 3));
  (Item (0, 0, 1), Item (0, 0, 1), Gap (0, 0, 3) (0, 1, 3)); (Item (0, 2, 3), Item (0, 2, 3), Gap (0, 0, 3) (0, 0, 2));
  (Gap (0, 0, 3) (0, 0, 2), Item (0, 0, 2), Item (0, 0, 3)); (Gap (0, 0, 3) (0, 1, 3), Item (0, 1, 3), Item (0, 0, 3))]%nat.
Ltac small v := destruct v as [|[|[|[|v]]]]; try lia.
Ltac found := cbn; repeat (first [left; reflexivity|right]).
Lemma all_listed : forall x y f, clause x y f -> In (x, y, f) listed.
Proof.
  intros x y f C. destruct C as [A i a O (-> & ->)|x y z O S|x y z O S B|x y z O S B|x y z O [B1 B2] [B3 B4]|x y O [B1 B2]];
  apply occurs_parts in O as (i' & j' & E & L).
  - injection E as <- <-. small i; found.
  - apply split_parts in S as (i & k & j & K & -> & -> & ->). injection E as <- <-. small i; small k; small j; found.
  - apply split_parts in S as (i & k & j & K & -> & -> & ->). injection E as <- <-.
    unfold ContextFree.size in B. cbn [fst snd] in B. small i; small k; small j; found.
  - apply split_parts in S as (i & k & j & K & -> & -> & ->). injection E as <- <-.
    unfold ContextFree.size in B. cbn [fst snd] in B. small i; small k; small j; found.
  - apply below_parts in B1 as (i & j & k & l & -> & -> & K), B3 as (i2 & j2 & k2 & l2 & E2 & -> & K2).
    injection E as <- <-. injection E2 as <- <-. unfold ContextFree.size in *. cbn [fst snd] in *. lia.
  - apply below_parts in B1 as (i & j & k & l & -> & -> & K). injection E as <- <-.
    unfold ContextFree.size in B2. cbn [fst snd] in B2. small i; small j; small k; small l; found.
Qed.
Lemma listed_all : forall x y f, In (x, y, f) listed -> clause x y f.
Proof.
  intros x y f I.
  assert (Leaf : forall i, (i < 3)%nat -> clause (Letter i 0%nat) (Letter i 0%nat) (Item (0, i, S i)%nat))
    by (intros i L; apply ContextFree.leaf; [apply parts_occur; lia|split; reflexivity]).
  assert (Pair : forall i k j, (i < k < j)%nat -> (j <= 3)%nat ->
    clause (Item (0, i, k)%nat) (Item (0, k, j)%nat) (Item (0, i, j)%nat))
    by (intros i k j L K; apply ContextFree.pair; [apply parts_occur; lia|apply splits; lia]).
  assert (Pebble : forall i j, (i < j <= 3)%nat -> (j - i = 2)%nat ->
    clause (Gap (0, 0, 3)%nat (0, i, j)%nat) (Item (0, i, j)%nat) (Item (0, 0, 3)%nat)).
  { intros i j L K. apply ContextFree.pebble; [apply parts_occur; lia|]. split; [apply parts_below; lia|].
    unfold ContextFree.size. cbn. lia. }
  cbn in I. repeat destruct I as [I|I]; try contradiction; injection I as <- <- <-.
  1-3: apply Leaf; lia. 1-4: apply Pair; lia. 3-4: apply Pebble; lia.
  - apply ContextFree.activate_second; [apply parts_occur; lia|apply splits; lia|unfold ContextFree.size; cbn; lia].
  - apply ContextFree.activate_first; [apply parts_occur; lia|apply splits; lia|unfold ContextFree.size; cbn; lia].
Qed.

(* Of every word the table is the grammar's, the letters are spelled, and the memory is the library's. *)
Definition word_of (letters : list nat) (i : nat) : nat := nth i letters 0%nat.
Ltac named a := repeat (destruct a as [|a]; cbn [nth_error] in *; try discriminate).
Ltac spelled := split; [reflexivity|]; intros a x E; named a; injection E as <-; (split;
    [intros H; try discriminate H; first [exists 0%nat; split; [lia|reflexivity]|exists 1%nat; split; [lia|reflexivity]|
      exists 2%nat; split; [lia|reflexivity]]
    |intros (i & L & Q); try discriminate Q; small i; try discriminate Q; reflexivity]).
Example tabulated : Forall (fun '(facts, given, letters, bits, P, memory) =>
  let rest := rest_of (with_idle facts given) (bits ++ [false]) memory in
  grammar_suits nat nat binary terminal 0%nat 3 6 facts given (word_of letters) bits rest /\
  initial (grammar_on nat nat 3 facts given bits rest) = memory /\
  processors (grammar_on nat nat 3 facts given bits rest) = P) words.
Proof.
  unfold words, grammar_suits. repeat (apply Forall_cons; [|]); try apply Forall_nil; (split; [|split; reflexivity]);
  change (size 6) with 64; (split; [lia|]); (split; [lia|]); (split; [cbn; lia|]);
  (split; [|split; [|cbn; split; [lia|reflexivity]]]).
  1, 3: split; [reflexivity|]; split.
  1, 3: intros x y f C; apply all_listed in C; cbn in C; repeat destruct C as [C|C]; try contradiction; injection C as <- <- <-;
    repeat split; cbn; repeat (first [left; reflexivity|right]).
  1, 2: intros a b c; split;
    [intros I; cbn in I; repeat destruct I as [I|I]; try contradiction; injection I as <- <- <-;
     do 3 eexists; repeat (split; [reflexivity|]); apply listed_all; cbn; repeat (first [left; reflexivity|right])
    |intros (x & y & f & A & B & C & K); apply all_listed in K; cbn in K; repeat destruct K as [K|K]; try contradiction;
     injection K as <- <- <-; named a; named b; named c; cbn; repeat (first [left; reflexivity|right])].
  - spelled.
  - spelled.
Qed.

(* The answers, and when it halts: aaa is derived, aba is not. *)
Definition decisions (of : list (ContextFree.fact nat nat) * table * list nat * list bool * nat * list Z) : bool * bool * Z :=
  let '(facts, given, _, bits, _, memory) := of in
  let p := grammar_on nat nat 3 facts given bits (rest_of (with_idle facts given) (bits ++ [false]) memory) in
  let at_end := reached 6 p (15 + 24 * Nat.log2 3) in
  (stopped (reached 6 p (14 + 24 * Nat.log2 3)), stopped at_end, at_address at_end (place (with_idle facts given) 0)).
Example decided_words : map decisions words = [(false, true, 1); (false, true, 0)].
Proof. vm_compute. reflexivity. Qed.
