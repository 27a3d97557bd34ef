(* Dyck-k by the library's program `clauses`, for every k and every n >= 1: its grammar derives the balanced words that are not
   empty, so with the grammar's table the program decides which words of n letters are balanced, in 15 + 24 log2 n steps. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Reached ClausesText ClausesRounds ClausesGrammar ClausesTable Dyck.
From Efasp Require ContextFree.
Import ListNotations.
Open Scope nat_scope.

(* Both definitions of balanced words say the same. *)
Lemma nested_closes : forall u, nested u -> forall stack v, closes stack (u ++ v) = closes stack v.
Proof.
  intros u N. induction N as [|u u' _ IH _ IH'|c u _ IH]; intros stack v.
  - reflexivity.
  - rewrite <- app_assoc, IH. apply IH'.
  - cbn [app closes]. rewrite <- app_assoc, IH. cbn [app closes]. rewrite Nat.eqb_refl. reflexivity.
Qed.
(* A word that empties a stack: between the closing brackets of its kinds there are nested words. *)
Inductive unwinds : list nat -> list bracket -> Prop :=
| wound_up : forall u, nested u -> unwinds [] u
| unwound : forall c stack u v, nested u -> unwinds stack v -> unwinds (c :: stack) (u ++ Close c :: v).
Lemma closes_unwinds : forall word stack, closes stack word = true -> unwinds stack word.
Proof.
  induction word as [|[c|c] word IH]; intros stack H; cbn [closes] in H.
  - destruct stack; [|discriminate]. constructor. exact nothing.
  - apply IH in H. inversion H as [|c' stack' u v N U E1 E2]; subst.
    assert (P : nested (Open c :: u ++ [Close c])) by exact (enclosed c u N).
    replace (Open c :: u ++ Close c :: v) with ((Open c :: u ++ [Close c]) ++ v)
      by (cbn [app]; rewrite <- app_assoc; reflexivity).
    inversion U as [v' N'|d stack' u' v' N' U']; subst.
    + constructor. exact (joined _ _ P N').
    + rewrite app_assoc. constructor; [exact (joined _ _ P N')|exact U'].
  - destruct stack as [|top stack]; [discriminate|]. apply andb_true_iff in H as [E H]. apply Nat.eqb_eq in E as ->.
    exact (unwound c stack [] word nothing (IH stack H)).
Qed.
Theorem balanced_nested : forall word, balanced word = true <-> nested word.
Proof.
  intros word. split; intros H.
  - apply closes_unwinds in H. inversion H. assumption.
  - unfold balanced. rewrite <- (app_nil_r word), (nested_closes word H). reflexivity.
Qed.

Section Dyck.
Variable k : nat.
Local Notation known := (Forall (fun a => kind_of a < k)).
Definition symbol_eq : forall A B : symbol, {A = B} + {A <> B}.
Proof. decide equality; apply Nat.eq_dec. Defined.
Definition bracket_eq : forall a b : bracket, {a = b} + {a <> b}.
Proof. decide equality; apply Nat.eq_dec. Defined.
Local Notation binary := (binary symbol (binary_rules k)).
Local Notation terminal := (terminal symbol bracket (terminal_rules k)).
Lemma binary_rule : forall A B C, binary A B C <-> A = Whole /\ B = Whole /\ C = Whole \/ exists c, c < k /\
  (A = Whole /\ B = Opening c /\ C = Closing c \/ A = Whole /\ B = Opening c /\ C = Rest c \/
   A = Rest c /\ B = Whole /\ C = Closing c).
Proof.
  intros A B C. unfold ClausesTable.binary, binary_rules. cbn [In]. rewrite in_flat_map. split.
  - intros [E|(c & I & J)]; [left; injection E as <- <- <-; auto|right]. apply in_seq in I. exists c. split; [lia|].
    destruct J as [E|[E|[E|[]]]]; injection E as <- <- <-; auto 8.
  - intros [(-> & -> & ->)|(c & L & J)]; [left; reflexivity|right]. exists c. split; [apply in_seq; lia|].
    destruct J as [(-> & -> & ->)|[(-> & -> & ->)|(-> & -> & ->)]]; cbn; auto 8.
Qed.
Lemma terminal_rule : forall A a, terminal A a <->
  exists c, c < k /\ (A = Opening c /\ a = Open c \/ A = Closing c /\ a = Close c).
Proof.
  intros A a. unfold ClausesTable.terminal, terminal_rules. rewrite in_flat_map. split.
  - intros (c & I & J). apply in_seq in I. exists c. split; [lia|]. destruct J as [E|[E|[]]]; injection E as <- <-; auto 8.
  - intros (c & L & J). exists c. split; [apply in_seq; lia|]. destruct J as [[-> ->]|[-> ->]]; cbn; auto 8.
Qed.

Lemma same_parts : forall (u u' v v' : list bracket), length u = length u' -> u ++ v = u' ++ v' -> u = u' /\ v = v'.
Proof.
  induction u as [|a u IH]; intros [|a' u'] v v' L E; try discriminate; [auto|]. injection L as L. injection E as -> E.
  destruct (IH u' v v' L E) as [-> ->]. auto.
Qed.

Section Word.
Variables (n : nat) (word : nat -> bracket).
Local Notation derives := (ContextFree.derives symbol bracket binary terminal n word).
(* The letters from i to before j. *)
Definition letters (i j : nat) : list bracket := map word (seq i (j - i)).
Lemma letters_joined : forall i j l, i <= j -> j <= l -> letters i l = letters i j ++ letters j l.
Proof.
  intros i j l L1 L2. unfold letters. replace (l - i) with ((j - i) + (l - j)) by lia. rewrite seq_app, map_app.
  replace (i + (j - i)) with j by lia. reflexivity.
Qed.
Lemma letters_one : forall i, letters i (S i) = [word i].
Proof. intros i. unfold letters. replace (S i - i) with 1 by lia. reflexivity. Qed.

(* What each nonterminal derives. *)
Definition meant (A : symbol) (u : list bracket) : Prop :=
  match A with
  | Whole => nested u /\ known u
  | Rest c => c < k /\ exists v, nested v /\ known v /\ u = v ++ [Close c]
  | Opening c => c < k /\ u = [Open c]
  | Closing c => c < k /\ u = [Close c]
  end.
Lemma only_meant : forall x, derives x -> let '(A, i, j) := x in i < j <= n /\ meant A (letters i j).
Proof.
  intros x D. induction D as [A i L T|A B C i m j R D1 [L1 M1] D2 [L2 M2]].
  - split; [lia|]. rewrite letters_one. apply terminal_rule in T as (c & K & [[-> ->]|[-> ->]]); split; auto.
  - split; [lia|]. rewrite (letters_joined i m j) by lia. apply binary_rule in R.
    destruct R as [(-> & -> & ->)|(c & K & [(-> & -> & ->)|[(-> & -> & ->)|(-> & -> & ->)]])]; cbn [meant] in *.
    + split; [apply joined; tauto|]. apply Forall_app. tauto.
    + destruct M1 as [_ ->], M2 as [_ ->]. split; [exact (enclosed c [] nothing)|]. repeat constructor; exact K.
    + destruct M1 as [_ ->], M2 as (_ & v & N & F & ->). split; [exact (enclosed c v N)|].
      constructor; [exact K|]. apply Forall_app. split; [exact F|]. repeat constructor. exact K.
    + destruct M2 as [_ ->]. split; [exact K|]. exists (letters i m). tauto.
Qed.
Lemma bracket_derived : forall i, i < n -> kind_of (word i) < k ->
  derives (match word i with Open c => Opening c | Close c => Closing c end, i, S i).
Proof.
  intros i L K. apply ContextFree.by_letter; [exact L|]. apply terminal_rule. exists (kind_of (word i)). split; [exact K|].
  destruct (word i); cbn; auto 8.
Qed.
Lemma all_derived : forall u, nested u -> forall i j, i < j <= n -> letters i j = u -> known u -> derives (Whole, i, j).
Proof.
  intros u N. induction N as [|u v Nu IHu Nv IHv|c u Nu IH]; intros i j L E K.
  - apply (f_equal (@length bracket)) in E. unfold letters in E. rewrite map_length, seq_length in E. cbn in E. lia.
  - apply Forall_app in K as [Ku Kv]. set (m := i + length u).
    assert (Len : j - i = length u + length v).
    { apply (f_equal (@length bracket)) in E. unfold letters in E. rewrite map_length, seq_length, app_length in E. exact E. }
    rewrite (letters_joined i m j) in E by (unfold m; lia). apply same_parts in E as [E1 E2].
    + destruct (Nat.eq_dec (length u) 0) as [Zu|Pu]; [|destruct (Nat.eq_dec (length v) 0) as [Zv|Pv]].
      * replace m with i in E2 by (unfold m; lia). apply IHv; assumption.
      * replace m with j in E1 by (unfold m; lia). apply IHu; assumption.
      * apply (ContextFree.by_parts _ _ _ _ _ _ Whole Whole Whole i m j); [apply binary_rule; auto| |];
          [apply IHu|apply IHv]; try assumption; unfold m; lia.
    + unfold letters. rewrite map_length, seq_length. unfold m. lia.
  - assert (Len : j - i = length u + 2).
    { apply (f_equal (@length bracket)) in E. unfold letters in E. rewrite map_length, seq_length in E. cbn [length] in E.
      rewrite app_length in E. cbn [length] in E. lia. }
    rewrite (letters_joined i (S i) j), letters_one in E by lia. cbn [app] in E. injection E as First E.
    destruct j as [|j]; [lia|]. rewrite (letters_joined (S i) j (S j)), letters_one in E by lia.
    apply app_inj_tail in E as [E Last]. inversion K as [|a l Kc K']; subst a l. apply Forall_app in K' as [Ku _]. cbn in Kc.
    pose proof (bracket_derived i) as DO. pose proof (bracket_derived j) as DC. rewrite First in DO. rewrite Last in DC.
    cbn [kind_of] in DO, DC. specialize (DO ltac:(lia) Kc). specialize (DC ltac:(lia) Kc).
    destruct (Nat.eq_dec (length u) 0) as [Zu|Pu].
    + replace j with (S i) in DC |- * by lia.
      apply (ContextFree.by_parts _ _ _ _ _ _ Whole (Opening c) (Closing c) i (S i)); [|exact DO|exact DC].
      apply binary_rule. right. exists c. auto 8.
    + apply (ContextFree.by_parts _ _ _ _ _ _ Whole (Opening c) (Rest c) i (S i)); [|exact DO|].
      * apply binary_rule. right. exists c. auto 8.
      * apply (ContextFree.by_parts _ _ _ _ _ _ (Rest c) Whole (Closing c) (S i) j); [| |exact DC].
        -- apply binary_rule. right. exists c. auto 8.
        -- apply IH; [lia|exact E|exact Ku].
Qed.
Theorem dyck_derived : 1 <= n -> (derives (Whole, 0, n) <-> dyck k (letters 0 n)).
Proof.
  intros L. unfold dyck. rewrite balanced_nested. split.
  - intros D. apply only_meant in D as [_ [N K]]. auto.
  - intros [K N]. exact (all_derived _ N 0 n ltac:(lia) eq_refl K).
Qed.
End Word.

(* A word as a list: its letters by their places. *)
Definition standing (u : list bracket) (i : nat) : bracket := nth i u (Open 0).
Lemma letters_all : forall u, letters (standing u) 0 (length u) = u.
Proof.
  intros u. unfold letters, standing. rewrite Nat.sub_0_r. induction u as [|a u IH]; [reflexivity|].
  cbn [length seq map nth]. rewrite <- seq_shift, map_map. f_equal. exact IH.
Qed.

(* What is asked, as of any grammar: words of 5 bits or more, in which the number of rounds and that of words of memory fit; a
   letter; a table of the clauses of the grammar of Dyck-k for words of n letters; and the letters of the word. *)
Definition dyck_suits (w : nat) (facts : list (ContextFree.fact symbol bracket)) (numbered_ : table) (u : list bracket)
    (bits : list bool) (rest : list Z) : Prop :=
  grammar_suits symbol bracket binary terminal Whole (length u) w facts numbered_ (standing u) bits rest.
(* It can be met for every n: by one table and one width for all words of n letters, of O(n^6) clauses and O(log n) bits. *)
Definition dyck_clauses_most (n : nat) : nat :=
  let count := (3 + 6 * k) * (S n * S n) in 4 * (count * count * count) + count * count + count * (2 * k).
Lemma clauses_most_dyck : forall n,
  clauses_most symbol bracket (binary_rules k) (terminal_rules k) n = dyck_clauses_most n.
Proof.
  intros n. unfold clauses_most, dyck_clauses_most, binary_rules, terminal_rules. cbn [length].
  rewrite (flat_length nat _ _ 3), (flat_length nat _ _ 2), seq_length by reflexivity.
  replace (1 + 2 * S (3 * k)) with (3 + 6 * k) by lia. reflexivity.
Qed.
Theorem dyck_suited : forall n, 1 <= n -> exists w facts numbered_,
  w <= 5 + Nat.log2_up (n + 6 + 6 * dyck_clauses_most n) /\ length numbered_ <= dyck_clauses_most n /\
  forall u, length u = n -> exists bits, dyck_suits w facts numbered_ u bits [].
Proof.
  intros n L. destruct (suited_exists symbol bracket symbol_eq bracket_eq (binary_rules k) (terminal_rules k) Whole n L)
    as (w & facts & rows & Narrow & Few & H). unfold width_most in Narrow. rewrite clauses_most_dyck in *.
  exists w, facts, rows. split; [exact Narrow|]. split; [exact Few|]. intros u <-. exact (H (standing u)).
Qed.

Section Right.
Variables (w : nat) (facts : list (ContextFree.fact symbol bracket)) (numbered_ : table) (u : list bracket).
Variables (bits : list bool) (rest : list Z).
Hypothesis Suits : dyck_suits w facts numbered_ u bits rest.
Local Notation n := (length u).
Local Notation p := (grammar_on symbol bracket n facts numbered_ bits rest).

(* All processors have halted, none at a fault; and the word of the goal is 1 if the word is in Dyck-k, else 0. *)
Definition recognised (c : configuration) : Prop :=
  Forall (fun q => state q = Halted) (processors_of c) /\
  let answer := at_address c (place (with_idle facts numbered_) 0) in
  (answer = 1%Z /\ dyck k u) \/ (answer = 0%Z /\ ~ dyck k u).
Lemma decided_recognised : forall c,
  decided symbol bracket binary terminal Whole n facts numbered_ (standing u) c -> recognised c.
Proof.
  intros c [Halts D]. pose proof Suits as (_ & L & _). split; [exact Halts|].
  pose proof (dyck_derived n (standing u) L) as In_dyck. rewrite letters_all in In_dyck. cbn zeta in *. tauto.
Qed.
(* The program decides whether the word is in Dyck-k, in exactly 15 + 24 log2 n steps. *)
(* backs: corollaries.rounds *)
Theorem dyck_right :
  stopped (reached w p (14 + 24 * Nat.log2 n)) = false /\ recognised (reached w p (15 + 24 * Nat.log2 n)).
Proof.
  destruct (context_free_right symbol bracket binary terminal Whole n w facts numbered_ (standing u) bits rest Suits)
    as (_ & Runs & D).
  split; [exact Runs|]. exact (decided_recognised _ D).
Qed.
(* So does what runs every program, by any-process generation, in as many passes; and then nothing changes any more. *)
Theorem dyck_decoded : forall ext m, runs_pram_apmdm w ext m ->
  let L := length clauses in let P := processors p in let M := length (initial p) in
  let places := map (cell_code w) (cell_places L M P) in
  let opening := cell_tokens w p (start P (initial p)) (repeat false (M + 9 * P)) in
  exists x c, generated w ext m places (15 + 24 * Nat.log2 n) opening = Some x /\ generate w ext m places x = Some x /\
    read_cells w ext L M P x = Some (clauses, c) /\ recognised c.
Proof.
  intros ext m Runs. cbn zeta.
  destruct (context_free_decoded symbol bracket binary terminal Whole n w facts numbered_ (standing u) bits rest Suits ext m
    Runs) as (x & c & X & Fixed & Read & D).
  exists x, c. split; [exact X|]. split; [exact Fixed|]. split; [exact Read|]. exact (decided_recognised c D).
Qed.
End Right.
End Dyck.
