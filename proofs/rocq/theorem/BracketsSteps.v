(* The library's program `dyck2`, its text as the assembler gives it: on n = 2^L processors it halts after exactly
   45 + 28 L + 8 L^2 steps, without a fault, whatever is in memory. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep Parted Alone BracketsText.
Import ListNotations.
Open Scope Z_scope.

Definition brackets_on (L : nat) (memory : list Z) : program :=
  {| instructions := dyck2; processors := 2 ^ L; initial := memory |}.

(* What is asked: words of 7 bits or more, as there are 89 instructions; two processors or more; and a word for the answer, and
   for each processor two, all with addresses. *)
Definition room (w L : nat) (memory : list Z) : Prop :=
  (7 <= w)%nat /\ (1 <= L)%nat /\ (1 + 2 * 2 ^ L <= length memory)%nat /\ Z.of_nat (length memory) <= size w.

Section Brackets.
Variables (w L : nat) (memory : list Z).
Hypothesis Room : room w L memory.
Local Notation p := (brackets_on L memory).
Local Notation n := (2 ^ Z.of_nat L).
Local Notation leads := (leads w p).
Let Fits : Z.of_nat (length (instructions p)) <= size w.
Proof.
  destruct Room as (W & _). change (Z.of_nat (length (instructions p))) with 89. transitivity (2 ^ 7); [lia|].
  apply Z.pow_le_mono_r; lia.
Qed.
Lemma count_n : Z.of_nat (2 ^ L) = n.
Proof. rewrite Nat2Z.inj_pow. reflexivity. Qed.
Lemma memory_n : 1 + 2 * n <= Z.of_nat (length memory) <= size w.
Proof. destruct Room as (_ & _ & M & S). rewrite <- count_n. lia. Qed.
Lemma two_n : 2 <= n.
Proof. destruct Room as (_ & H & _). change 2 with (2 ^ 1) at 1. apply Z.pow_le_mono_r; lia. Qed.
Lemma power_below : forall a, (a <= L)%nat -> 1 <= 2 ^ Z.of_nat a <= n.
Proof.
  intros a A. split; [|apply Z.pow_le_mono_r; lia]. pose proof (Z.pow_pos_nonneg 2 (Z.of_nat a) ltac:(lia) ltac:(lia)). lia.
Qed.
Lemma power_next : forall a, 2 ^ Z.of_nat (S a) = 2 * 2 ^ Z.of_nat a.
Proof. intros a. rewrite Nat2Z.inj_succ, Z.pow_succ_r by lia. reflexivity. Qed.
Lemma power_less : forall a, (a < L)%nat -> 2 * 2 ^ Z.of_nat a <= n.
Proof. intros a A. rewrite <- power_next. apply power_below. lia. Qed.

Variable i : Z.
Hypothesis Acts : 0 <= i < n.
Lemma exchanged : forall a, (a < L)%nat -> 0 <= Z.lxor i (2 ^ Z.of_nat a) < n.
Proof.
  intros a A. pose proof (power_less a A). pose proof (power_below a ltac:(lia)). destruct Room as (_ & L1 & _).
  apply (is_word_range L). apply (alu_word L Xor i (2 ^ Z.of_nat a)); [exact L1| | |reflexivity]; apply is_word_range;
    unfold size; lia.
Qed.

Local Notation at_ pc_ r2 r3 r4 r5 r6 r7 := (own [i; n; r2; r3; r4; r5; r6; r7] pc_).
(* One instruction, at a counter that is known; then what is known of branches and of addresses. *)
Ltac counted := repeat match goal with
  | |- context [?x + 1] => match x with Zpos _ => let v := eval compute in (x + 1) in change (x + 1) with v end
  | |- context [0 + 1] => change (0 + 1) with 1
  | |- context [0 =? 0] => change (0 =? 0) with true
  | |- context [1 =? 0] => change (1 =? 0) with false
  end; cbv iota.
Ltac go := match goal with |- Alone.leads _ _ (S ?k) _ (own _ ?c) _ =>
  let here := eval cbv in (nth_error dyck2 (Z.to_nat c)) in
  match here with Some ?instr => apply (moves w p Fits k _ _ c instr);
    [reflexivity|lia|first [left; reflexivity|right; reflexivity]|first [left; cbn; lia|right; exact I]|];
    unfold continues, value, set; cbn [op rd ra rx alu operand_value alone map]; registers; cbn [put map nth]; counted
  end end.
Ltac inside := split; [cbn [initial brackets_on]; rewrite Z.mod_small by lia; lia|].
Ltac branch target := match goal with |- context [if ?b then target else _] => destruct b end.

Let Words := memory_n.
Let Two := two_n.

Lemma prepared : forall k Q, (forall r2 r4 r5 r7, leads k i (at_ 10 r2 1 r4 r5 (i + n) r7) Q) ->
  leads (10 + k) i (own (repeat 0 8) 0) Q.
Proof.
  intros k Q H. cbn [repeat Nat.add]. go. go. cbn [processors brackets_on]. rewrite count_n, (Z.mod_small n) by lia.
  go. inside. intros v. go. go. go. go. go. rewrite (Z.mod_small (i + n)) by lia. go. inside. go. apply H.
Qed.
Lemma scanned : forall a r2 r4 r5 r7 k Q, (a < L)%nat ->
  (forall r2 r4 r5, leads k i (at_ 10 r2 (2 ^ Z.of_nat (S a)) r4 r5 (i + n) r7) Q) ->
  leads (10 + k) i (at_ 10 r2 (2 ^ Z.of_nat a) r4 r5 (i + n) r7) Q.
Proof.
  intros a r2 r4 r5 r7 k Q A H. pose proof (power_less a A). pose proof (power_below a ltac:(lia)). rewrite power_next in H.
  cbn [Nat.add]. go. destruct (Z.ltb_spec (2 ^ Z.of_nat a) n); [|lia]. go. go.
  destruct (Z.ltb_spec i (2 ^ Z.of_nat a)); go.
  - go. go. go. go. go. rewrite (Z.mod_small (2 * _)) by lia. go. apply H.
  - go. rewrite (Z.mod_small (i + n - _)) by lia. go. inside. intros v. go. go. inside. go.
    rewrite (Z.mod_small (2 * _)) by lia. go. apply H.
Qed.
Lemma scan : forall d a r2 r4 r5 r7 k Q, (a + d = L)%nat ->
  (forall r2 r3 r4 r5, leads k i (at_ 24 r2 r3 r4 r5 (i + n) r7) Q) ->
  leads (10 * d + (2 + k)) i (at_ 10 r2 (2 ^ Z.of_nat a) r4 r5 (i + n) r7) Q.
Proof.
  induction d as [|d IH]; intros a r2 r4 r5 r7 k Q A H.
  - replace a with L by lia. cbn [Nat.mul Nat.add]. go. rewrite Z.ltb_irrefl. go. apply H.
  - replace (10 * S d + (2 + k))%nat with (10 + (10 * d + (2 + k)))%nat by lia. apply scanned; [lia|]. intros.
    apply IH; [lia|exact H].
Qed.
Lemma levelled : forall r2 r3 r4 r5 r7 k Q, (forall r2 r4 r5 r7, leads k i (at_ 42 r2 1 r4 r5 (i + n) r7) Q) ->
  leads (13 + k) i (at_ 24 r2 r3 r4 r5 (i + n) r7) Q.
Proof.
  intros r2 r3 r4 r5 r7 k Q H.
  assert (Tried : forall r2 r4 r5, leads (6 + k) i (at_ 33 r2 r3 r4 r5 (i + n) r7) Q).
  { intros x2 x4 x5. cbn [Nat.add]. go. destruct (x4 =? 0).
    - go. go. go. go. go. apply H.
    - go. go. inside. go. go. go. apply H. }
  replace (13 + k)%nat with (7 + (6 + k))%nat by lia. cbn [Nat.add] in *. go. go. go. go.
  destruct (_ =? n); go; go; go; apply Tried.
Qed.
Lemma multiplied : forall d a r2 r4 r5 r7 k Q, (a + d = L)%nat ->
  (forall r2 r3 r4 r5, leads k i (at_ 47 r2 r3 r4 r5 (i + n) r7) Q) ->
  leads (5 * d + (2 + k)) i (at_ 42 r2 (2 ^ Z.of_nat a) r4 r5 (i + n) r7) Q.
Proof.
  induction d as [|d IH]; intros a r2 r4 r5 r7 k Q A H.
  - replace a with L by lia. cbn [Nat.mul Nat.add]. go. rewrite Z.ltb_irrefl. go. apply H.
  - replace (5 * S d + (2 + k))%nat with (5 + (5 * d + (2 + k)))%nat by lia. pose proof (power_less a ltac:(lia)).
    pose proof (power_below a ltac:(lia)). cbn [Nat.add]. go. destruct (Z.ltb_spec (2 ^ Z.of_nat a) n); [|lia]. go. go. go.
    rewrite (Z.mod_small (2 * 2 ^ _)), <- power_next by lia. go. apply IH; [lia|exact H].
Qed.
Lemma keyed : forall r2 r3 r4 r5 r7 k Q, (forall r2 r4 r5 r7, leads k i (at_ 50 r2 1 r4 r5 (i + n) r7) Q) ->
  leads (3 + k) i (at_ 47 r2 r3 r4 r5 (i + n) r7) Q.
Proof. intros r2 r3 r4 r5 r7 k Q H. cbn [Nat.add]. go. go. inside. go. apply H. Qed.

(* The partner at distance 2^a: its key is loaded, and one of both kept. *)
Lemma compared : forall a r2 r3 r5 r6 r7 k Q, (a < L)%nat ->
  (forall r2 r5 r7, leads k i (at_ 68 r2 r3 (2 ^ Z.of_nat a) r5 (i + n) r7) Q) ->
  leads (14 + k) i (at_ 54 r2 r3 (2 ^ Z.of_nat a) r5 r6 r7) Q.
Proof.
  intros a r2 r3 r5 r6 r7 k Q A H. pose proof (exchanged a A). cbn [Nat.add]. go. go.
  rewrite (Z.mod_small (Z.lxor i _ + n)) by lia. go. inside. intros v. go. go. go. go. go. go. go. go.
  rewrite (Z.mod_small (i + n)) by lia. go. branch 71.
  - go. go. apply H.
  - go. go. inside. apply H.
Qed.
Lemma blocks_merged : forall a r2 r3 r5 r6 r7 k Q, (a < L)%nat ->
  (forall r2 r4 r5 r7, leads k i (at_ 50 r2 r3 r4 r5 (i + n) r7) Q) ->
  leads (16 * S a + (1 + k)) i (at_ 54 r2 r3 (2 ^ Z.of_nat a) r5 r6 r7) Q.
Proof.
  induction a as [|a IH]; intros r2 r3 r5 r6 r7 k Q A H.
  - replace (16 * 1 + (1 + k))%nat with (14 + (3 + k))%nat by lia. apply compared; [exact A|]. intros. cbn [Nat.add]. go.
    change (2 ^ Z.of_nat 0 / 2) with 0. go. go. apply H.
  - replace (16 * S (S a) + (1 + k))%nat with (14 + (2 + (16 * S a + (1 + k))))%nat by lia. apply compared; [exact A|]. intros.
    pose proof (power_below a ltac:(lia)). cbn [Nat.add]. go. rewrite power_next, (Z.mul_comm 2), Z.div_mul by lia. go.
    destruct (Z.eqb_spec (2 ^ Z.of_nat a) 0); [lia|]. apply IH; [lia|exact H].
Qed.
Lemma merged : forall d a r2 r4 r5 r7 k Q, (a + d = L)%nat ->
  (forall r2 r3 r4 r5 r7, leads k i (at_ 73 r2 r3 r4 r5 (i + n) r7) Q) ->
  leads (13 * d + 8 * d * d + 16 * a * d + (2 + k)) i (at_ 50 r2 (2 ^ Z.of_nat a) r4 r5 (i + n) r7) Q.
Proof.
  induction d as [|d IH]; intros a r2 r4 r5 r7 k Q A H.
  - replace a with L by lia. replace (13 * 0 + 8 * 0 * 0 + 16 * L * 0 + (2 + k))%nat with (2 + k)%nat by lia.
    cbn [Nat.add]. go. rewrite Z.eqb_refl. go. apply H.
  - replace (13 * S d + 8 * S d * S d + 16 * a * S d + (2 + k))%nat with
      (4 + (16 * S a + (1 + (13 * d + 8 * d * d + 16 * S a * d + (2 + k)))))%nat by lia.
    pose proof (power_less a ltac:(lia)). pose proof (power_below a ltac:(lia)). cbn [Nat.add]. go.
    destruct (Z.eqb_spec (2 ^ Z.of_nat a) n); [lia|]. go. go. rewrite (Z.mod_small (2 * _)) by lia. go.
    replace (2 * 2 ^ Z.of_nat a / 2) with (2 ^ Z.of_nat a) by (rewrite (Z.mul_comm 2), Z.div_mul by lia; reflexivity).
    apply blocks_merged; [lia|]. intros. rewrite <- power_next. apply IH; [lia|exact H].
Qed.

(* The kinds of neighbours are compared by the processors with even numbers. *)
Lemma paired : forall r2 r3 r4 r5 r7,
  leads (if Z.even i then 13 else 8) i (at_ 73 r2 r3 r4 r5 (i + n) r7) (fun q => state q = Halted).
Proof.
  intros r2 r3 r4 r5 r7.
  assert (Common : forall k Q, (forall r2 r3 r5 r7, leads k i (at_ 79 r2 r3 (Z.land i 1) r5 (i + n) r7) Q) ->
    leads (6 + k) i (at_ 73 r2 r3 r4 r5 (i + n) r7) Q).
  { intros k Q H. cbn [Nat.add]. go. rewrite (Z.mod_small (n - 1)) by lia. go.
    replace (n - 1) with (Z.ones (Z.of_nat L)) by (rewrite Z.ones_equiv; lia). rewrite Z.land_ones by lia.
    pose proof (Z.mod_pos_bound r2 n ltac:(lia)). go. inside. intros v. go. go. inside. go. apply H. }
  assert (Bit : Z.land i 1 = i mod 2) by exact (Z.land_ones i 1 ltac:(lia)).
  rewrite Bit in Common. destruct (Z.even i) eqn:E.
  - assert (i mod 2 = 0) as Even by (rewrite Zmod_even, E; reflexivity). apply (Common 7%nat). intros x2 x3 x5 x7.
    assert (i + 2 <= n).
    { destruct Room as (_ & L1 & _). pose proof (power_next (L - 1)) as Half. replace (S (L - 1)) with L in Half by lia.
      pose proof (Z.div_mod i 2 ltac:(lia)). lia. }
    rewrite Even. go. go. inside. intros v. go. go. branch 83.
    + go. go. inside. go. reflexivity.
    + go. go. go. reflexivity.
  - assert (i mod 2 = 1) as Odd by (rewrite Zmod_even, E; reflexivity). apply (Common 2%nat). intros x2 x3 x5 x7.
    rewrite Odd. go. go. reflexivity.
Qed.
Lemma alone_halts : leads (32 + 28 * L + 8 * L * L + if Z.even i then 13 else 8) i (own (repeat 0 8) 0)
  (fun q => state q = Halted).
Proof.
  set (last := if Z.even i then 13%nat else 8%nat).
  replace (32 + 28 * L + 8 * L * L + last)%nat with
    (10 + (10 * L + (2 + (13 + (5 * L + (2 + (3 + (13 * L + 8 * L * L + 16 * 0 * L + (2 + last)))))))))%nat by lia.
  apply prepared. intros. apply (scan L 0); [lia|]. intros. apply levelled. intros. apply (multiplied L 0); [lia|]. intros.
  apply keyed. intros. apply (merged L 0); [lia|]. intros. apply paired.
Qed.
End Brackets.

(* Whatever is in memory, so whatever the brackets, it halts after exactly 45 + 28 L + 8 L^2 steps, without a fault. *)
(* backs: corollaries.dyck2 *)
Theorem dyck2_steps : forall w L memory, room w L memory ->
  let p := brackets_on L memory in let T := (45 + 28 * L + 8 * L * L)%nat in
  (forall t, (t < T)%nat -> stopped (reached w p t) = false) /\
  Forall (fun q => state q = Halted) (processors_of (reached w p T)).
Proof.
  intros w L memory Room p T. pose proof (count_n L) as N. pose proof (two_n w L memory Room).
  assert (Fits : Z.of_nat (length (instructions p)) <= size w).
  { destruct Room as (W & _). change (Z.of_nat (length (instructions p))) with 89. transitivity (2 ^ 7); [lia|].
    apply Z.pow_le_mono_r; lia. }
  apply halts_after.
  - exists 0. split; [unfold acting; cbn [processors p brackets_on]; lia|].
    replace T with (32 + 28 * L + 8 * L * L + 13)%nat by (unfold T; lia). apply (alone_halts w L memory Room 0). lia.
  - intros pid A. unfold acting in A. cbn [processors p brackets_on] in A.
    exists (32 + 28 * L + 8 * L * L + if Z.even pid then 13 else 8)%nat.
    split; [unfold T; destruct (Z.even pid); lia|]. apply (alone_halts w L memory Room pid). lia.
Qed.

(* What the library lays out has the room that is asked, and the kernel computes the runs: when each halts, and its answer. *)
Example laid_out : Forall (fun '(L, P, memory) => room 7 L memory /\ processors (brackets_on L memory) = P) library.
Proof.
  unfold library, room. repeat (apply Forall_cons; [|]); try apply Forall_nil; (split; [|reflexivity]); change (size 7) with 128;
    cbn; repeat split; lia.
Qed.
Example answered : map (fun '(L, _, memory) =>
    let p := brackets_on L memory in let T := (45 + 28 * L + 8 * L * L)%nat in
    (stopped (reached 7 p (T - 1)), stopped (reached 7 p T), at_address (reached 7 p T) 0)) library =
  [(false, true, 1); (false, true, 0); (false, true, 1)].
Proof. vm_compute. reflexivity. Qed.
