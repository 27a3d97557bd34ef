(* The theorems of Clauses.v, ClausesGrammar.v and ClausesDyck.v on what the library lays out: what they ask is met, the memory is the
   library's own, and the kernel computes the runs. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Reached ClausesText ClausesRounds Clauses ClausesGrammar ClausesTable Dyck ClausesDyck.
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

(* Two grammars, and words of each: the table is the grammar's, the letters are entered, and the memory is the library's. *)
Ltac tables := repeat (apply Forall_cons; [|]); try apply Forall_nil.
Definition words_binary : nat -> nat -> nat -> Prop := binary nat (fst words_rules).
Definition words_terminal : nat -> nat -> Prop := terminal nat nat (snd words_rules).
Definition word_of (letters : list nat) (i : nat) : nat := nth i letters 0%nat.
Example tabulated : Forall (fun '(facts, given, letters, bits, P, memory) =>
  let rest := rest_of (with_idle facts given) (bits ++ [false]) memory in
  grammar_suits nat nat words_binary words_terminal 0%nat 3 6 facts given (word_of letters) bits rest /\
  initial (grammar_on nat nat 3 facts given bits rest) = memory /\
  processors (grammar_on nat nat 3 facts given bits rest) = P) words.
Proof.
  unfold words. tables; (split; [|split; reflexivity]); (split; [lia|]); (split; [lia|]); (split; [reflexivity|]);
    (split; [apply (is_table_right nat nat Nat.eq_dec Nat.eq_dec); vm_cast_no_check (eq_refl true)|]);
    (split; [exact (letters_spelled nat nat Nat.eq_dec 3 (word_of _) _)|split; [vm_compute; discriminate|reflexivity]]).
Qed.

(* The names of the brackets of several kinds: of a nonterminal and a letter the number, by the order of the rules. *)
Definition symbol_of (A : nat) : symbol :=
  match A with
  | O => Whole
  | S A => match (A mod 3)%nat with O => Rest (A / 3) | 1%nat => Opening (A / 3) | _ => Closing (A / 3) end
  end.
Definition bracket_of (a : nat) : bracket := if Nat.even a then Open (a / 2) else Close (a / 2).
Definition item_of (x : ContextFree.item nat) : ContextFree.item symbol := let '(A, i, j) := x in (symbol_of A, i, j).
Definition fact_of (f : ContextFree.fact nat nat) : ContextFree.fact symbol bracket :=
  match f with
  | ContextFree.Letter _ _ i a => ContextFree.Letter _ _ i (bracket_of a)
  | ContextFree.Item _ _ x => ContextFree.Item _ _ (item_of x)
  | ContextFree.Gap _ _ x y => ContextFree.Gap _ _ (item_of x) (item_of y)
  end.
(* The grammar of the file is that of Dyck-2. *)
Example dyck2_grammar :
  map (fun '(A, B, C) => (symbol_of A, symbol_of B, symbol_of C)) (fst dyck2_rules) = binary_rules 2 /\
  map (fun '(A, a) => (symbol_of A, bracket_of a)) (snd dyck2_rules) = terminal_rules 2.
Proof. split; reflexivity. Qed.
Example dyck2_tabulated : Forall (fun '(facts, given, letters, bits, P, memory) =>
  let facts := map fact_of facts in
  let rest := rest_of (with_idle facts given) (bits ++ [false]) memory in
  dyck_suits 2 8 facts given (map bracket_of letters) bits rest /\
  initial (grammar_on symbol bracket 4 facts given bits rest) = memory /\
  processors (grammar_on symbol bracket 4 facts given bits rest) = P) dyck2.
Proof.
  unfold dyck2. tables; (split; [|split; reflexivity]); (split; [lia|]); (split; [cbn; lia|]); (split; [reflexivity|]);
    (split; [apply (is_table_right symbol bracket symbol_eq bracket_eq); vm_cast_no_check (eq_refl true)|]);
    (split; [exact (letters_spelled symbol bracket bracket_eq 4 (standing (map bracket_of _)) _)|
      split; [vm_compute; discriminate|reflexivity]]).
Qed.

(* The answers, and when it halts: aaa is derived, aba is not; ([]) is balanced, ([)] is not. *)
Definition decisions (w n : nat) (of : list (ContextFree.fact nat nat) * table * list nat * list bool * nat * list Z) :
    bool * bool * Z :=
  let '(facts, given, _, bits, _, memory) := of in
  let p := grammar_on nat nat n facts given bits (rest_of (with_idle facts given) (bits ++ [false]) memory) in
  let at_end := reached w p (15 + 24 * Nat.log2 n) in
  (stopped (reached w p (14 + 24 * Nat.log2 n)), stopped at_end, at_address at_end (place (with_idle facts given) 0)).
Example decided_words : map (decisions 6 3) words = [(false, true, 1); (false, true, 0)].
Proof. vm_compute. reflexivity. Qed.
Example decided_brackets : map (decisions 8 4) dyck2 = [(false, true, 1); (false, true, 0)] /\
  map (fun '(_, _, letters, _, _, _) => balanced (map bracket_of letters)) dyck2 = [true; false].
Proof. vm_compute. auto. Qed.
