(* PRESERVE by pointer jumping: for all strings and all edits at positions that there are, a rounds are enough for fewer than 2^a
  edits. A node is an index and the edits before it; its pointer leads to the index before the last of them, or to a letter. *)
From Coq Require Import List Arith Lia.
Import ListNotations.
From Efasp Require Import Preserve.

Section Parallel.
Context {A : Type}.
Notation edit := (@Preserve.edit A).
Variable string : list A.
Inductive node := Letter (found : option A) | At (before : list edit) (q : nat).

(* The pointers at the start. *)
Definition pointer (x : node) : node :=
  match x with
  | Letter a => Letter a
  | At [] q => Letter (nth_error string q)
  | At (e :: before) q => match back e q with inl a => Letter (Some a) | inr q' => At before q' end
  end.
(* In a round each is replaced by that to which it points. *)
Fixpoint jumped (rounds : nat) : node -> node :=
  match rounds with 0 => pointer | S before => fun x => jumped before (jumped before x) end.

Fixpoint hops (many : nat) (x : node) : node := match many with 0 => x | S k => hops k (pointer x) end.
Lemma hops_add : forall j k x, hops (j + k) x = hops k (hops j x).
Proof. induction j as [| j IH]; intros k x; [reflexivity | exact (IH k (pointer x))]. Qed.
Lemma jumped_hops : forall rounds x, jumped rounds x = hops (2 ^ rounds) x.
Proof.
  induction rounds as [| r IH]; intros x; [reflexivity |]. cbn [jumped Nat.pow]. rewrite !IH, <- hops_add. f_equal. lia.
Qed.
Lemma hops_letter : forall many a, hops many (Letter a) = Letter a.
Proof. induction many; intros a; [reflexivity | apply IHmany]. Qed.
Lemma hops_follow : forall before q many, length before < many ->
  hops many (At before q) = Letter (match follow before q with inl a => Some a | inr q' => nth_error string q' end).
Proof.
  induction before as [| e before IH]; intros q [| many] M; cbn in M; try lia; cbn [hops pointer follow].
  - apply hops_letter.
  - destruct (back e q) as [a | q']; [apply hops_letter | apply IH; lia].
Qed.

(* backs: preserve.parallel *)
Theorem rounds_enough : forall es q rounds, valid (length string) es -> length es < 2 ^ rounds ->
  jumped rounds (At (rev es) q) = Letter (nth_error (edited string es) q).
Proof.
  intros es q rounds V M. rewrite jumped_hops, hops_follow by (rewrite rev_length; exact M).
  f_equal. symmetry. now apply follow_right.
Qed.
End Parallel.
