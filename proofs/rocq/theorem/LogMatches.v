(* The matches of the step over the log, [efasp.pram.views.LogView], over tokens and places; and how the words of memory and the
   registers of a configuration follow from what was written last. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Composition Statement Sequences Scalars Matching Positions Reached LogSites.
Import ListNotations.
Open Scope Z_scope.

(* What the positions of the log offer. *)
Definition at_part (k : Z) (j : position) : bool := match snd j with PLog n _ _ => k =? n | _ => false end.
Definition word_of (j : position) : option Z := match fst j with Word _ v => Some v | _ => None end.
Definition name_of (j : position) : option Z := match fst j with Name r => Some r | _ => None end.
Definition clock_of (j : position) : Z := match time_of j with Some t => t | None => 0 end.
(* The address of the memory word that a position holds: of the initial memory, or of a store. *)
Definition holds (j : position) : option Z :=
  match j with (_, PInitial a) => Some a | (Word Running a, PLog 1 _ _) => Some a | _ => None end.
Definition holder (j : position) : bool := match holds j with Some _ => true | None => false end.

(* The matches. A masked token of the block of a time; the counter of a processor at a time; the value of a target; the most
   urgent of the stores to an address at a time; the latest write of a register, and of a memory word. *)
Definition block_of (w : nat) (time : option Z) : matching position :=
  {| compared := [{| bits := clock_bits w; wanted := time; offered := time_of |}]; among := [masked]; exclude := [];
     rank := fun _ => 0; capacity := 1; refused := None; sink := is_bos |}.
Definition token_at (w : nat) (k : Z) (time pid : option Z) : matching position :=
  {| compared := [{| bits := clock_bits w; wanted := time; offered := time_of |};
       {| bits := w; wanted := pid; offered := index_of |}];
     among := [at_part k]; exclude := [masked]; rank := fun _ => 0; capacity := 1; refused := None; sink := is_bos |}.
Definition counter_at (w : nat) : option Z -> option Z -> matching position := token_at w 0.
Definition value_at (w : nat) : option Z -> option Z -> matching position := token_at w 2.
Definition concurrent (w : nat) (time address : option Z) : matching position :=
  {| compared := [{| bits := clock_bits w; wanted := time; offered := time_of |};
       {| bits := w; wanted := address; offered := word_of |}];
     among := [at_part 1]; exclude := []; rank := urgency w; capacity := size w; refused := None; sink := is_bos |}.
Definition latest_register (w : nat) (incomplete : position -> bool) (pid name : option Z) : matching position :=
  {| compared := [{| bits := w; wanted := pid; offered := index_of |}; {| bits := 3; wanted := name; offered := name_of |}];
     among := [at_part 1]; exclude := [incomplete]; rank := clock_of; capacity := size (clock_bits w); refused := None;
     sink := is_bos |}.
Definition latest_word (w : nat) (incomplete beaten : position -> bool) (address : option Z) (touches : bool) : matching
  position :=
  {| compared := [{| bits := w; wanted := address; offered := holds |}]; among := [holder]; exclude := [incomplete; beaten];
     rank := clock_of; capacity := size (clock_bits w); refused := Some (negb touches); sink := is_bos |}.

(* Whether a lower processor stores to the same address at the same time. *)
Definition stores_to (w : nat) (p : program) (s : nat) (a q : Z) : bool :=
  match writes (logged w p s q) with Some (ToMemory b _) => a =? b | _ => false end.
Definition outdone (w : nat) (p : program) (s : nat) (pid : Z) : bool :=
  match writes (logged w p s pid) with
  | Some (ToMemory a _) => existsb (stores_to w p s a) (numbers (Z.to_nat pid)) | _ => false end.

(* What is stored at an address at a time. *)
Definition stored_at (w : nat) (p : program) (s : nat) (a : Z) : option Z :=
  match s with O => None | S r => stored a (effects w p (reached w p r)) end.

Section History.
Variables (w : nat) (ext : bool) (p : program).
Let M := length (initial p).
Let P := processors p.
Hypothesis V : valid w ext p = true.

Lemma logged_effective : forall s pid, 0 <= pid < Z.of_nat P -> effective w M (logged w p s pid).
Proof.
  intros [|s] pid B.
  - split; cbn; [apply zero_word|discriminate|discriminate].
  - apply (effect_effective w ext p (reached w p s) pid V (reached_sized w p s)); [|exact B].
    apply (reached_worded w ext p s V).
Qed.

Lemma effects_at : forall s n e, nth_error (effects w p (reached w p s)) n = Some e <->
  0 <= Z.of_nat n < Z.of_nat P /\ e = logged w p (S s) (Z.of_nat n).
Proof.
  intros s n e. rewrite effects_of, (count _ _ _ (reached_sized w p s)). fold P. cbn [logged]. unfold numbers.
  rewrite map_map. split.
  - intros H. assert (B : (n < P)%nat).
    { assert (X : (n < length (map (fun k => effect_of w p (reached w p s) (Z.of_nat k)) (seq 0 P)))%nat) by
        (apply nth_error_Some; congruence). rewrite map_length, seq_length in X. exact X. }
    split; [lia|]. apply (nth_error_nth _ _ (effect_of w p (reached w p s) (Z.of_nat 0))) in H.
    rewrite (map_nth (fun k => effect_of w p (reached w p s) (Z.of_nat k))), seq_nth in H by exact B. symmetry. exact H.
  - intros [B ->]. rewrite (nth_error_nth' _ (effect_of w p (reached w p s) (Z.of_nat 0))) by
      (rewrite map_length, seq_length; lia).
    rewrite (map_nth (fun k => effect_of w p (reached w p s) (Z.of_nat k))), seq_nth by lia. reflexivity.
Qed.

(* A store that is not outdone is the one that counts; and if something is stored, there is such a store. *)
Lemma outdone_not : forall s a v pid, writes (logged w p s pid) = Some (ToMemory a v) -> outdone w p s pid = false <->
  forall q u, 0 <= q < pid -> writes (logged w p s q) <> Some (ToMemory a u).
Proof.
  intros s a v pid H. unfold outdone. rewrite H. split.
  - intros E q u B Wq. assert (X : existsb (stores_to w p s a) (numbers (Z.to_nat pid)) = true); [|congruence].
    apply existsb_exists. exists q. split; [apply in_numbers; lia|]. unfold stores_to. rewrite Wq. apply Z.eqb_refl.
  - intros F. destruct (existsb _ _) eqn:E; [|reflexivity]. exfalso. apply existsb_exists in E as (q & B & E).
    apply in_numbers in B. unfold stores_to in E. destruct (writes (logged w p s q)) as [[r u|b u]|] eqn:Wq; try discriminate.
    apply Z.eqb_eq in E. subst b. apply (F q u); [lia|exact Wq].
Qed.

Lemma stored_unbeaten : forall s a v, stored_at w p s a = Some v <->
  exists pid, 0 <= pid < Z.of_nat P /\ writes (logged w p s pid) = Some (ToMemory a v) /\ outdone w p s pid = false.
Proof.
  intros [|s] a v; cbn [stored_at].
  - split; [discriminate|]. intros (pid & _ & H & _). discriminate.
  - rewrite stored_some. split.
    + intros (n & e & N & We & F). apply effects_at in N as [B ->]. exists (Z.of_nat n). split; [exact B|]. split; [exact We|].
      apply (outdone_not (S s) a v _ We). intros q u Q. apply (F (Z.to_nat q) (logged w p (S s) q)); [lia|].
      apply effects_at. rewrite Z2Nat.id by lia. split; [lia|reflexivity].
    + intros (pid & B & We & F). exists (Z.to_nat pid), (logged w p (S s) pid). split.
      { apply effects_at. rewrite Z2Nat.id by lia. split; [exact B|reflexivity]. }
      split; [exact We|]. intros m f u Hm Hf. apply effects_at in Hf as [Bm ->].
      apply (proj1 (outdone_not (S s) a v pid We) F). lia.
Qed.

Lemma memory_at : forall s a, 0 <= a < Z.of_nat M ->
  at_address (reached w p (S s)) a = match stored_at w p (S s) a with Some v => v | None => at_address (reached w p s) a end.
Proof. intros s a A. exact (memory_step w p (reached w p s) M P (reached_sized w p s) a A). Qed.

Lemma memory_stays : forall a m n, 0 <= a < Z.of_nat M -> (m <= n)%nat ->
  (forall s, (m < s <= n)%nat -> stored_at w p s a = None) -> at_address (reached w p n) a = at_address (reached w p m) a.
Proof.
  intros a m n A L H. induction L as [|n L IH]; [reflexivity|]. rewrite memory_at, (H (S n)) by (exact A || lia).
  apply IH. intros s B. apply H. lia.
Qed.

Lemma memory_stored : forall a s v, 0 <= a < Z.of_nat M -> stored_at w p s a = Some v -> at_address (reached w p s) a = v.
Proof. intros a [|s] v A E; [discriminate|]. rewrite memory_at, E by exact A. reflexivity. Qed.

Lemma register_at : forall s pid r, 0 <= pid < Z.of_nat P -> 0 <= r < 8 -> in_register (reached w p (S s)) pid r =
  match writes (logged w p (S s) pid) with
  | Some (ToRegister q v) => if q =? r then v else in_register (reached w p s) pid r
  | _ => in_register (reached w p s) pid r end.
Proof. intros s pid r B R. exact (register_step w p (reached w p s) M P (reached_sized w p s) pid r B R). Qed.

Lemma register_stays : forall pid r m n, 0 <= pid < Z.of_nat P -> 0 <= r < 8 -> (m <= n)%nat ->
  (forall s v, (m < s <= n)%nat -> writes (logged w p s pid) <> Some (ToRegister r v)) ->
  in_register (reached w p n) pid r = in_register (reached w p m) pid r.
Proof.
  intros pid r m n B R L H. induction L as [|n L IH]; [reflexivity|]. rewrite register_at by assumption.
  rewrite <- IH by (intros s v Hs; apply H; lia). specialize (fun v => H (S n) v ltac:(lia)).
  destruct (writes (logged w p (S n) pid)) as [[q v|a v]|]; try reflexivity. destruct (Z.eqb_spec q r) as [->|]; [|reflexivity].
  destruct (H v eq_refl).
Qed.

Lemma register_written : forall s pid r v, 0 <= pid < Z.of_nat P -> 0 <= r < 8 ->
  writes (logged w p s pid) = Some (ToRegister r v) -> in_register (reached w p s) pid r = v.
Proof.
  intros [|s] pid r v B R E; [discriminate|]. rewrite register_at, E, Z.eqb_refl by assumption. reflexivity.
Qed.

Lemma register_first : forall pid r, 0 <= pid < Z.of_nat P -> 0 <= r < 8 -> in_register (reached w p 0) pid r = 0.
Proof.
  intros pid r B R. unfold in_register, self. cbn -[repeat nth]. rewrite (nth_indep _ idle {| registers := repeat 0 8; pc := 0;
    state := Running |}) by (rewrite repeat_length; lia). rewrite nth_repeat. cbn [registers]. apply nth_repeat.
Qed.
End History.
