(* A processor by itself, whatever the others do: what it does in a step is followed for every word that it may load. So the
   steps after which it halts are counted where they do not depend on memory. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep Parted.
Import ListNotations.
Open Scope Z_scope.

Section Alone.
Variables (w : nat) (p : program).
Local Notation P := (processors p).
Local Notation M := (length (initial p)).
Local Notation L := (Z.of_nat (length (instructions p))).
Hypothesis Fits : L <= size w.

(* Whatever is in memory it runs for so many steps, and then Q holds of it. *)
Fixpoint leads (k : nat) (pid : Z) (self : processor) (Q : processor -> Prop) : Prop :=
  match k with
  | O => Q self
  | S k => runs self = true /\ forall c, length (memory c) = M -> leads k pid (apply_effect self (act w p c pid self)) Q
  end.
Lemma leads_more : forall k l pid self Q, leads k pid self (fun self' => leads l pid self' Q) -> leads (k + l) pid self Q.
Proof.
  induction k as [|k IH]; intros l pid self Q H; [exact H|]. destruct H as [R H]. split; [exact R|].
  intros c C. apply IH. exact (H c C).
Qed.
Lemma leads_runs : forall t k pid Q, acting p pid -> leads k pid (Reached.self (reached w p t) pid) Q ->
  (forall s, (t <= s < t + k)%nat -> runs (Reached.self (reached w p s) pid) = true) /\
  Q (Reached.self (reached w p (t + k)) pid).
Proof.
  intros t k pid Q A. revert t. induction k as [|k IH]; intros t H.
  - rewrite Nat.add_0_r. split; [lia|exact H].
  - destruct H as [R H]. specialize (H (reached w p t) (words _ _ _ (reached_sized w p t))).
    pose proof (self_step w p (reached w p t) M P (reached_sized w p t) pid A) as E. unfold effect_of in E. rewrite <- E in H.
    change (step w p (reached w p t)) with (reached w p (S t)) in H. apply IH in H as [Rest Last].
    replace (t + S k)%nat with (S t + k)%nat by lia. split; [|exact Last]. intros s B.
    destruct (Nat.eq_dec s t) as [->|N]; [exact R|apply Rest; lia].
Qed.
Lemma stays : forall t d pid, acting p pid -> runs (Reached.self (reached w p t) pid) = false ->
  Reached.self (reached w p (d + t)) pid = Reached.self (reached w p t) pid.
Proof.
  intros t d pid A R. induction d as [|d IH]; [reflexivity|].
  change (reached w p (S d + t)) with (step w p (reached w p (d + t))).
  rewrite (self_step w p _ M P (reached_sized w p (d + t)) pid A), effect_stopped by (rewrite IH; exact R).
  unfold apply_effect. cbn [writes next after]. rewrite <- IH.
  destruct (Reached.self (reached w p (d + t)) pid). reflexivity.
Qed.

(* Each processor halts after some steps, at most T, and some processor after T: so does the machine. *)
Theorem halts_after : forall T, (exists pid, acting p pid /\ leads T pid (own (repeat 0 8) 0) (fun q => state q = Halted)) ->
  (forall pid, acting p pid -> exists k, (k <= T)%nat /\ leads k pid (own (repeat 0 8) 0) (fun q => state q = Halted)) ->
  (forall t, (t < T)%nat -> stopped (reached w p t) = false) /\
  Forall (fun q => state q = Halted) (processors_of (reached w p T)).
Proof.
  assert (Start : forall pid, acting p pid -> Reached.self (reached w p 0) pid = own (repeat 0 8) 0).
  { intros pid A. change (reached w p 0) with (start P (initial p)). rewrite parted_start. unfold Reached.self, parted.
    cbn [processors_of]. apply (nth_mapped processor (fun _ => own (repeat 0 8) 0)). exact A. }
  intros T (first & A1 & H1) All. split.
  - intros t B. apply not_true_is_false. intros S.
    rewrite (stopped_self _ M P (reached_sized w p t)) in S. specialize (S first A1).
    rewrite <- (Start first A1) in H1. apply leads_runs in H1 as [H1 _]; [|exact A1]. rewrite H1 in S by lia. discriminate.
  - apply Forall_forall. intros q I. rewrite <- (list_numbers _ (processors_of (reached w p T)) idle) in I.
    apply in_map_iff in I as (pid & <- & I). apply in_numbers in I. rewrite (count _ _ _ (reached_sized w p T)) in I.
    fold (Reached.self (reached w p T) pid). destruct (All pid I) as (k & B & H). rewrite <- (Start pid I) in H.
    apply leads_runs in H as [_ H]; [|exact I]. cbn [Nat.add] in H. replace T with (T - k + k)%nat by lia.
    rewrite stays; [exact H|exact I|]. unfold runs. rewrite H. reflexivity.
Qed.

(* What an instruction makes of a processor. *)
Definition value (rs : list Z) (o : operand) : Z := operand_value (alone rs) o 0.
Definition set (rs : list Z) (o : operand) (v : Z) : list Z :=
  match o with Register r => map (fun f => f 0) (put (alone rs) (Z.to_nat r) (fun _ => v)) | _ => rs end.
Definition continues (k : nat) (pid : Z) (rs : list Z) (counter : Z) (i : instruction) (Q : processor -> Prop) : Prop :=
  let address := (value rs (ra i) + value rs (rx i)) mod size w in
  match op i with
  | Halt => leads k pid {| registers := rs; pc := counter; state := Halted |} Q
  | Ld => address < Z.of_nat M /\ forall v, leads k pid (own (set rs (rd i) v) (counter + 1)) Q
  | St => address < Z.of_nat M /\ leads k pid (own rs (counter + 1)) Q
  | Jmp => leads k pid (own rs (value rs (rx i))) Q
  | Jz => leads k pid (own rs (if value rs (ra i) =? 0 then value rs (rx i) else counter + 1)) Q
  | Jnz => leads k pid (own rs (if value rs (ra i) =? 0 then counter + 1 else value rs (rx i))) Q
  | Pid => leads k pid (own (set rs (rd i) pid) (counter + 1)) Q
  | Nproc => leads k pid (own (set rs (rd i) (Z.of_nat P mod size w)) (counter + 1)) Q
  | o => match alu w o (value rs (ra i)) (value rs (rx i)) with
         | Some v => leads k pid (own (set rs (rd i) v) (counter + 1)) Q | None => False end
  end.
Lemma operand_same : forall rs o pid, operand_value (alone rs) o pid = value rs o.
Proof.
  intros rs [|r|v] pid; try reflexivity. unfold value, operand_value, alone.
  rewrite <- (map_nth (fun f : Z -> Z => f pid)), <- (map_nth (fun f : Z -> Z => f 0) _ (fun _ => 0)), !map_map. reflexivity.
Qed.
Lemma set_same : forall rs r v counter, 0 <= r ->
  apply_effect (own rs counter) {| next := counter + 1; after := Running; writes := Some (ToRegister r v) |} =
  own (set rs (Register r) v) (counter + 1).
Proof.
  intros rs r v counter R. unfold apply_effect, own. cbn [writes registers next after set]. f_equal.
  rewrite <- (put_register (alone rs) r (fun _ => v) 0 R). unfold alone. rewrite map_map, map_id. reflexivity.
Qed.
Lemma moves : forall k pid rs counter i Q, nth_error (instructions p) (Z.to_nat counter) = Some i -> 0 <= counter ->
  op i = Halt \/ counter + 1 < L -> match rd i with Register r => 0 <= r | _ => False end \/
    match op i with Halt | St | Jmp | Jz | Jnz => True | _ => False end ->
  continues k pid rs counter i Q -> leads (S k) pid (own rs counter) Q.
Proof.
  intros k pid rs counter i Q Here C Inside D H. split; [reflexivity|]. intros c Len.
  replace (act w p c pid (own rs counter)) with (act w p (parted p (fun a => nth (Z.to_nat a) (memory c) 0)
    (fun _ => own rs counter)) pid (own rs counter)).
  2:{ unfold act, parted. cbn [memory]. rewrite <- Len, list_numbers. reflexivity. }
  rewrite own_does, (does_it w p counter _ (alone rs) i Here). cbn zeta. unfold address_of. rewrite !operand_same.
  assert (G : op i <> Halt -> (counter + 1) mod size w = counter + 1).
  { intros N. apply (following w p Fits); [exact C|]. destruct Inside; [contradiction|assumption]. }
  unfold continues in H. cbn zeta in H.
  destruct (op i); try (rewrite G in * by discriminate); try exact H;
    try (destruct D as [D|D]; [|contradiction]; destruct (rd i) as [|r|]; try contradiction;
      try (destruct (alu w _ _ _); [|contradiction]); rewrite set_same by exact D; exact H).
  - destruct H as [B H]. destruct (Z.leb_spec (Z.of_nat M) ((value rs (ra i) + value rs (rx i)) mod size w)); [lia|].
    destruct D as [D|D]; [|contradiction]. destruct (rd i) as [|r|]; try contradiction. rewrite set_same by exact D. apply H.
  - destruct H as [B H]. destruct (Z.leb_spec (Z.of_nat M) ((value rs (ra i) + value rs (rx i)) mod size w)); [lia|]. exact H.
Qed.
End Alone.
