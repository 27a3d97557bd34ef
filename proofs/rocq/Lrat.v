(* A checker of LRAT proofs, and that what it accepts is unsatisfiable.
  Clauses are added where unit propagation over the clauses
   named as hints finds a conflict; a proof with other steps (RAT) is not accepted. *)
From Coq Require Import List PArith Bool FMapPositive.
Import ListNotations.

Definition literal : Type := bool * positive. (* whether it is positive; its variable *)
Definition clause : Type := list literal.
Definition valuation : Type := positive -> bool.

Definition true_in (v : valuation) (l : literal) : bool := Bool.eqb (v (snd l)) (fst l).
Definition satisfied (v : valuation) (c : clause) : Prop := existsb (true_in v) c = true.
Definition unsatisfiable (f : list clause) : Prop := ~ exists v, Forall (satisfied v) f.

(* What is known of the variables; a clause under it. *)
Definition known : Type := PositiveMap.t bool.
Inductive answer := Conflict | Unit (l : literal) | Open.

Fixpoint scan (k : known) (c : clause) (left : option literal) : answer :=
  match c with
  | [] => match left with None => Conflict | Some l => Unit l end
  | (s, x) :: rest =>
      match PositiveMap.find x k, left with
      | Some b, _ => if Bool.eqb b s then Open else scan k rest left
      | None, None => scan k rest (Some (s, x))
      | None, Some (t, y) => if Bool.eqb s t && Pos.eqb x y then scan k rest left else Open
      end
  end.

Definition clauses : Type := PositiveMap.t clause.
Fixpoint propagate (k : known) (f : clauses) (hints : list positive) : bool :=
  match hints with
  | [] => false
  | h :: rest =>
      match PositiveMap.find h f with
      | None => false
      | Some c =>
          match scan k c None with
          | Conflict => true
          | Unit (s, x) => propagate (PositiveMap.add x s k) f rest
          | Open => false
          end
      end
  end.

Definition falsified (c : clause) : known := fold_left (fun k l => PositiveMap.add (snd l) (negb (fst l)) k) c
  (PositiveMap.empty bool).

Inductive step := Add (id : positive) (c : clause) (hints : list positive) | Delete (ids : list positive).

Fixpoint refutes (f : clauses) (proof : list step) : bool :=
  match proof with
  | [] => false
  | Delete ids :: rest => refutes (fold_left (fun g id => PositiveMap.remove id g) ids f) rest
  | Add id c hints :: rest =>
      propagate (falsified c) f hints && match c with [] => true | _ => refutes (PositiveMap.add id c f) rest end
  end.

(* Clauses are numbered from 1, in order. *)
Definition numbered (f : list clause) : clauses :=
  snd (fold_left (fun '(n, g) c => (Pos.succ n, PositiveMap.add n c g)) f (1%positive, PositiveMap.empty clause)).
Definition check (f : list clause) (proof : list step) : bool := refutes (numbered f) proof.

Section Sound.
Variable v : valuation.

Definition agrees (k : known) : Prop := forall x b, PositiveMap.find x k = Some b -> v x = b.
Definition models (f : clauses) : Prop := forall id c, PositiveMap.find id f = Some c -> satisfied v c.

Lemma find_add : forall A x y (a : A) m, PositiveMap.find x (PositiveMap.add y a m) = if Pos.eqb x y then Some a else
  PositiveMap.find x m.
Proof.
  intros A x y a m. destruct (Pos.eqb_spec x y) as [->|N]; [apply PositiveMap.gss|apply PositiveMap.gso; exact N].
Qed.

Lemma agrees_add : forall k x b, agrees k -> v x = b -> agrees (PositiveMap.add x b k).
Proof.
  intros k x b K E y d. rewrite find_add. destruct (Pos.eqb_spec y x) as [->|N]; [congruence|apply K].
Qed.

Lemma scan_sound : forall k, agrees k -> forall c left, satisfied v c \/ match left with Some l => true_in v l = true | None
  => False end ->
  match scan k c left with Conflict => False | Unit l => true_in v l = true | Open => True end.
Proof.
  intros k K. induction c as [|[s x] c IH]; intros left H; cbn [scan].
  - destruct left; destruct H as [H|H]; try discriminate H; [exact H|destruct H].
  - destruct (PositiveMap.find x k) as [b|] eqn:F.
    + destruct (Bool.eqb b s) eqn:E; [exact I|]. apply IH. destruct H as [H|H]; [left|right; exact H].
      unfold satisfied in *. cbn [existsb] in H. unfold true_in at 1 in H. cbn [fst snd] in H. rewrite (K x b F), E in H.
        exact H.
    + destruct left as [[t y]|].
      * destruct (Bool.eqb s t && Pos.eqb x y) eqn:E; [|exact I]. apply andb_prop in E as [E1 E2].
        apply eqb_prop in E1 as ->. apply Pos.eqb_eq in E2 as ->. apply IH.
        destruct H as [H|H]; [|right; exact H]. unfold satisfied in *. cbn [existsb] in H. apply orb_prop in H. tauto.
      * apply IH. destruct H as [H|[]]. unfold satisfied in *. cbn [existsb] in H. apply orb_prop in H. tauto.
Qed.

Lemma propagate_sound : forall f, models f -> forall hints k, agrees k -> propagate k f hints = true -> False.
Proof.
  intros f M. induction hints as [|h hints IH]; intros k K P; [discriminate|]. cbn [propagate] in P.
  destruct (PositiveMap.find h f) as [c|] eqn:F; [|discriminate].
  pose proof (scan_sound k K c None (or_introl (M h c F))) as S. destruct (scan k c None) as [|[s x]|];
    [exact S| |discriminate].
  apply (IH _ (agrees_add k x s K (eqb_prop _ _ S)) P).
Qed.

Lemma falsified_agrees : forall c, ~ satisfied v c -> agrees (falsified c).
Proof.
  intros c N. unfold falsified.
  assert (H : forall l k, agrees k -> (forall x, In x l -> true_in v x = false) ->
    agrees (fold_left (fun k l => PositiveMap.add (snd l) (negb (fst l)) k) l k)).
  { induction l as [|[s x] l IH]; intros k K F; [exact K|]. cbn [fold_left]. apply IH.
    - apply agrees_add; [exact K|]. specialize (F (s, x) (or_introl eq_refl)). unfold true_in in F. cbn in *.
      destruct (v x), s; trivial; discriminate.
    - intros y I. apply F. right. exact I. }
  apply H; [intros x b E; rewrite PositiveMap.gempty in E; discriminate|].
  intros x I. destruct (true_in v x) eqn:T; [|reflexivity]. destruct N. apply existsb_exists. exists x. tauto.
Qed.

Lemma refutes_sound : forall proof f, models f -> refutes f proof = true -> False.
Proof.
  induction proof as [|[id c hints|ids] proof IH]; intros f M R; cbn [refutes] in R; [discriminate| |].
  - apply andb_prop in R as [P R].
    assert (S : satisfied v c).
    { destruct (existsb (true_in v) c) eqn:E; [exact E|]. exfalso. apply (propagate_sound f M hints (falsified c));
      [|exact P].
      apply falsified_agrees. unfold satisfied. congruence. }
    destruct c as [|l c]; [discriminate S|]. apply (IH _) in R; [exact R|].
    intros i d. rewrite find_add. destruct (Pos.eqb_spec i id) as [->|N]; [intros E; injection E as <-; exact S|apply M].
  - apply (IH _) in R; [exact R|]. clear R IH. revert f M. induction ids as [|id ids IH]; intros f M;
    [exact M|]. cbn [fold_left].
    apply IH. intros i d E. destruct (Pos.eq_dec i id) as [->|N]; [rewrite PositiveMap.grs in E; discriminate|].
    rewrite PositiveMap.gro in E by exact N. exact (M i d E).
Qed.

Lemma numbered_models : forall f, Forall (satisfied v) f -> models (numbered f).
Proof.
  intros f F. unfold numbered.
  assert (H : forall l n g, Forall (satisfied v) l -> models g ->
    models (snd (fold_left (fun '(n, g) c => (Pos.succ n, PositiveMap.add n c g)) l (n, g)))).
  { induction l as [|c l IH]; intros n g Hl Hg; [exact Hg|]. cbn [fold_left]. inversion Hl as [|? ? Hc Hr]. apply IH;
    [exact Hr|].
    intros i d. rewrite find_add. destruct (Pos.eqb_spec i n) as [->|N]; [intros E; injection E as <-; exact Hc|apply Hg]. }
  apply H; [exact F|]. intros i d E. rewrite PositiveMap.gempty in E. discriminate.
Qed.
End Sound.

Theorem check_sound : forall f proof, check f proof = true -> unsatisfiable f.
Proof. intros f proof C [v F]. apply (refutes_sound v proof (numbered f)); [apply numbered_models; exact F|exact C]. Qed.
