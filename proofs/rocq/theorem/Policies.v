(* Stricter machines: programs that are legal under EREW, CREW or Common CRCW behave the same under Priority CRCW, and so with
   every plan that is accepted; under Arbitrary CRCW, the Priority machine's run is one of those that may happen.

   First the definitions: the machine of every policy, which knows nothing of the lowest processor but under Priority. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Accepts.
From Efasp Require Sequences Reached.
Import ListNotations.
Open Scope Z_scope.

(* A step reads, then writes. What several processors may do to one address in the same phase: under EREW one may read it and
   one may write it (one may read what another writes: words are read as they were before the step); under CREW one may write
   it; under Common several may, if they write the same word; under Arbitrary and Priority any may. *)
Inductive policy := EREW | CREW | Common | Arbitrary | Priority.

(* The address from which a processor reads in a step. A load that faults is none. *)
Definition loads (w : nat) (p : program) (c : configuration) (self : processor) : option Z :=
  if negb (runs self) || (Z.of_nat (length (instructions p)) <=? pc self) then None
  else
    let i := nth (Z.to_nat (pc self)) (instructions p) {| op := Halt; rd := Absent; ra := Absent; rx := Absent |} in
    let read o := match o with Absent => 0 | Register r => nth (Z.to_nat r) (registers self) 0 | Immediate v => v end in
    let address := (read (ra i) + read (rx i)) mod size w in
    match op i with Ld => if Z.of_nat (length (memory c)) <=? address then None else Some address | _ => None end.
Definition loaded (w : nat) (p : program) (c : configuration) : list Z :=
  flat_map (fun self => match loads w p c self with Some a => [a] | None => [] end) (processors_of c).
(* The addresses and words that processors store. A store that faults is none. *)
Definition stores (es : list effect) : list (Z * Z) :=
  flat_map (fun e => match writes e with Some (ToMemory a v) => [(a, v)] | _ => [] end) es.

(* Is the step from c legal? If not, the machine stops before it: a breach. *)
Fixpoint exclusive (addresses : list Z) : bool :=
  match addresses with a :: rest => negb (existsb (Z.eqb a) rest) && exclusive rest | [] => true end.
Fixpoint alike (written : list (Z * Z)) : bool :=
  match written with (a, v) :: rest => forallb (fun '(b, u) => negb (a =? b) || (v =? u)) rest && alike rest | [] => true end.
Definition legal (which : policy) (w : nat) (p : program) (c : configuration) : bool :=
  let written := stores (effects w p c) in
  match which with
  | EREW => exclusive (loaded w p c) && exclusive (map fst written)
  | CREW => exclusive (map fst written)
  | Common => alike written
  | Arbitrary | Priority => true
  end.

(* A step from c to d: a word to which nobody stores stays; another becomes a word that some processor stores there, under
   Priority that of the lowest. Registers, program counters and statuses are each processor's own, whatever the policy. *)
Definition word_at (c : configuration) (a : Z) : Z := nth (Z.to_nat a) (memory c) 0.
Definition lands (which : policy) (es : list effect) (a v : Z) : Prop :=
  match which with Priority => stored a es = Some v | _ => In (a, v) (stores es) end.
Definition moves (which : policy) (w : nat) (p : program) (c d : configuration) : Prop :=
  let es := effects w p c in
  legal which w p c = true /\
  processors_of d = map (fun '(self, e) => apply_effect self e) (combine (processors_of c) es) /\
  length (memory d) = length (memory c) /\
  forall a, 0 <= a < Z.of_nat (length (memory c)) ->
    lands which es a (word_at d a) \/ (forall v, ~ In (a, v) (stores es)) /\ word_at d a = word_at c a.
(* The first t steps of a run r, without a breach; and a run that has one in the step after them. *)
Definition run_under (which : policy) (w : nat) (p : program) (t : nat) (r : nat -> configuration) : Prop :=
  r O = start (processors p) (initial p) /\ forall s, (s < t)%nat -> moves which w p (r s) (r (S s)).
Definition breaches (which : policy) (w : nat) (p : program) (t : nat) (r : nat -> configuration) : Prop :=
  run_under which w p t r /\ legal which w p (r t) = false.

(* What the plan m of engine e shows of the first t steps of p, of which the configurations are r 0, ..., r t. Masked diffusion,
   for T >= t steps: after t passes of all that is ready they are read off the sequence; and in any order, after any number of
   passes, those up to some time are, unless the machine is beyond t. Any-process generation: after t passes r t is read. *)
Definition shows (w : nat) (e : engine) (ext : bool) (m : plan) (p : program) (t : nat) (r : nat -> configuration) : Prop :=
  let L := length (instructions p) in let M := length (initial p) in let P := processors p in
  match e with
  | Diffusion => forall T, (t <= T)%nat -> Z.of_nat T <= latest w ->
      let places := map (log_code w) (log_places L M P T) in
      let opening := log_tokens w p T O in
      let read s x := read_log w ext L M P T x = Some (instructions p, map r (seq 0 (S s))) in
      read t (Nat.iter t (unmask_all w ext m places) opening) /\
      forall k x, diffuses w ext m places k opening x -> exists s, (s <= T)%nat /\ (s <= k < 3 * P * (s + 1))%nat /\
        ((s <= t)%nat -> read s x)
  | AnyProcess =>
      let opening := cell_tokens w p (start P (initial p)) (repeat false (M + 9 * P)) in
      exists x, generated w ext m (map (cell_code w) (cell_places L M P)) t opening = Some x /\
        read_cells w ext L M P x = Some (instructions p, r t)
  end.

(* [loads] is all that a processor reads: what it does depends on no other word; and on that one it does depend. *)
Theorem loads_all : forall w p c d pid self, length (memory d) = length (memory c) ->
  (forall a, loads w p c self = Some a -> word_at d a = word_at c a) ->
  act w p d pid self = act w p c pid self /\ loads w p d self = loads w p c self.
Proof.
  intros w p c d pid self L H. unfold loads, act in *. rewrite L. cbv zeta in *.
  destruct (negb (runs self)); [split; reflexivity|]. cbn [orb] in *.
  destruct (_ <=? pc self); [split; reflexivity|]. set (i := nth _ (instructions p) _) in *. clearbody i.
  destruct (op i); try (split; reflexivity). destruct (_ <=? _); split; try reflexivity.
  fold (word_at d ((match ra i with Absent => 0 | Register r => nth (Z.to_nat r) (registers self) 0 | Immediate v => v end +
    match rx i with Absent => 0 | Register r => nth (Z.to_nat r) (registers self) 0 | Immediate v => v end) mod size w)).
  rewrite (H _ eq_refl). reflexivity.
Qed.

Theorem loads_needed : forall w ext p c d pid self a, valid w ext p = true -> 0 <= pc self ->
  length (memory d) = length (memory c) -> loads w p c self = Some a -> word_at d a <> word_at c a ->
  act w p d pid self <> act w p c pid self.
Proof.
  intros w ext p c d pid self a V B L H N. unfold loads, act in *. rewrite L. cbv zeta in *.
  destruct (negb (runs self)); [discriminate|]. cbn [orb] in H. destruct (_ <=? pc self) eqn:Low; [discriminate|].
  apply Z.leb_gt in Low. pose proof (Sequences.valid_parts w ext p V) as (_ & _ & F).
  specialize (F (nth (Z.to_nat (pc self)) (instructions p) {| op := Halt; rd := Absent; ra := Absent; rx := Absent |})).
  set (i := nth _ (instructions p) _) in *. assert (Wf : well_formed w ext i = true) by (apply F, nth_In; lia). clear F.
  clearbody i. unfold well_formed in Wf. destruct (op i); try discriminate. destruct (_ <=? _); [discriminate|].
  injection H as H. rewrite H. destruct (rd i); try discriminate. intros E. apply N. injection E as E. exact E.
Qed.

(* Stores. *)
Lemma stores_in : forall es a v, In (a, v) (stores es) <-> exists e, In e es /\ writes e = Some (ToMemory a v).
Proof.
  intros es a v. unfold stores. rewrite in_flat_map. split; intros (e & I & H); exists e; (split; [exact I|]).
  - destruct (writes e) as [[r u|b u]|]; cbn in H; try contradiction. destruct H as [H|[]]. congruence.
  - rewrite H. left. reflexivity.
Qed.

Lemma stored_in : forall es a v, stored a es = Some v -> In (a, v) (stores es).
Proof.
  intros es a v H. apply Reached.stored_some in H as (n & e & N & We & _). apply stores_in. exists e.
  split; [exact (nth_error_In _ _ N)|exact We].
Qed.

Lemma stored_nobody : forall es a, stored a es = None <-> forall v, ~ In (a, v) (stores es).
Proof.
  intros es a. rewrite Reached.stored_none. split.
  - intros H v I. apply stores_in in I as (e & I & We). exact (H e v I We).
  - intros H e v I We. apply (H v), stores_in. exists e. split; assumption.
Qed.

Lemma stores_within : forall w p c a v, In (a, v) (stores (effects w p c)) -> 0 <= a < Z.of_nat (length (memory c)).
Proof.
  intros w p c a v H. apply stores_in in H as (e & I & We). split; [|exact (Sequences.effects_inside w p c e I a v We)].
  apply in_map_iff in I as ((pid & self) & <- & _). revert We. unfold act. cbv zeta.
  destruct (negb (runs self)); [discriminate|]. destruct (_ <=? pc self); [discriminate|].
  set (i := nth _ (instructions p) _). clearbody i. destruct (op i); cbn [alu writes]; try discriminate;
    try (destruct (rd i); discriminate).
  - destruct (_ <=? _); cbn [writes]; [discriminate|]. destruct (rd i); discriminate.
  - destruct (_ <=? _); cbn [writes]; [discriminate|]. intros E. injection E as <- _.
    apply Z.mod_pos_bound, Reached.size_positive.
Qed.

Lemma alike_same : forall l a u v, alike l = true -> In (a, u) l -> In (a, v) l -> u = v.
Proof.
  assert (G : forall (l : list (Z * Z)) a u v, forallb (fun '(b, x) => negb (a =? b) || (u =? x)) l = true ->
    In (a, v) l -> u = v).
  { intros l a u v H I. rewrite forallb_forall in H. specialize (H _ I). cbn in H. rewrite Z.eqb_refl in H. apply Z.eqb_eq, H. }
  induction l as [|[b x] l IH]; intros a u v H I J; [destruct I|]. cbn [alike] in H. apply andb_true_iff in H as [H R].
  destruct I as [I|I], J as [J|J].
  - congruence.
  - injection I as -> ->. exact (G l a u v H J).
  - injection J as -> ->. symmetry. exact (G l a v u H I).
  - exact (IH a u v R I J).
Qed.

Lemma alike_not : forall l, alike l = false -> exists a u v, In (a, u) l /\ In (a, v) l /\ u <> v.
Proof.
  induction l as [|[a u] l IH]; intros H; [discriminate|]. cbn [alike] in H. destruct (alike l).
  - rewrite andb_true_r in H. assert (E : exists b, In b l /\ (fun '(b, x) => negb (a =? b) || (u =? x)) b = false).
    { clear IH. induction l as [|b l IH]; [discriminate|]. cbn [forallb] in H. apply andb_false_iff in H as [H|H].
      - exists b. split; [left; reflexivity|exact H].
      - destruct (IH H) as (d & I & E). exists d. split; [right; exact I|exact E]. }
    destruct E as ([b v] & I & E). apply orb_false_iff in E as [A N]. apply negb_false_iff, Z.eqb_eq in A. subst b.
    exists a, u, v. split; [left; reflexivity|]. split; [right; exact I|]. apply Z.eqb_neq. exact N.
  - destruct (IH eq_refl) as (b & x & y & I & J & N). exists b, x, y. split; [right; exact I|]. split; [right; exact J|exact N].
Qed.

Lemma exclusive_alike : forall l, exclusive (map fst l) = true -> alike l = true.
Proof.
  induction l as [|[a u] l IH]; intros H; [reflexivity|]. cbn [map fst exclusive alike] in *. apply andb_true_iff in H as [H R].
  rewrite (IH R), andb_true_r. apply forallb_forall. intros [b v] I. destruct (Z.eqb_spec a b) as [<-|_]; [|reflexivity].
  apply negb_true_iff in H. exfalso. apply not_true_iff_false in H. apply H, existsb_exists. exists a.
  split; [apply in_map_iff; exists (a, v); split; [reflexivity|exact I]|apply Z.eqb_refl].
Qed.

(* Every policy allows what a stricter one does. *)
Theorem legal_weaker : forall w p c, (legal EREW w p c = true -> legal CREW w p c = true) /\
  (legal CREW w p c = true -> legal Common w p c = true) /\ (legal Common w p c = true -> legal Arbitrary w p c = true).
Proof.
  intros w p c. cbn [legal]. split; [|split].
  - intros H. apply andb_true_iff in H. apply H.
  - apply exclusive_alike.
  - reflexivity.
Qed.

(* One step. *)
Lemma word_step : forall w p c a, 0 <= a < Z.of_nat (length (memory c)) ->
  word_at (step w p c) a = match stored a (effects w p c) with Some v => v | None => word_at c a end.
Proof.
  intros w p c a A. unfold word_at, step, apply. cbn [memory].
  rewrite (Reached.map_numbered _ _ (fun a v => match stored a (effects w p c) with Some u => u | None => v end) _ 0).
  rewrite Reached.nth_mapped; [reflexivity|exact A].
Qed.

Lemma step_words : forall w p c, length (memory (step w p c)) = length (memory c).
Proof. intros. unfold step, apply. cbn [memory]. rewrite map_length. apply Sequences.numbered_length. Qed.

Lemma step_moves : forall which w p c, legal which w p c = true -> moves which w p c (step w p c).
Proof.
  intros which w p c H. split; [exact H|]. split; [reflexivity|]. split; [apply step_words|]. intros a A.
  rewrite word_step by exact A. destruct (stored a (effects w p c)) as [v|] eqn:E.
  - left. destruct which; cbn [lands]; try (apply stored_in; exact E). exact E.
  - right. split; [apply stored_nobody; exact E|reflexivity].
Qed.

Lemma moves_step : forall which w p c d, which <> Arbitrary -> moves which w p c d -> d = step w p c.
Proof.
  intros which w p c d N (H & Own & Words & Land). destruct d as [words own]. cbn [memory processors_of] in *.
  change (step w p c) with {| memory := memory (step w p c); processors_of := processors_of (step w p c) |}.
  rewrite Own. f_equal. apply (nth_ext _ _ 0 0); [rewrite step_words; exact Words|]. intros n B. rewrite Words in B.
  specialize (Land (Z.of_nat n)). assert (A : 0 <= Z.of_nat n < Z.of_nat (length (memory c))) by lia. specialize (Land A).
  pose proof (word_step w p c _ A) as E. unfold word_at in *. cbn [memory] in *. rewrite Nat2Z.id in *. rewrite E. clear E.
  destruct (stored (Z.of_nat n) (effects w p c)) as [v|] eqn:E.
  - destruct Land as [Land|(Nobody & _)]; [|destruct (Nobody v (stored_in _ _ _ E))].
    assert (Alike : which <> Priority -> alike (stores (effects w p c)) = true).
    { intros Q. destruct (legal_weaker w p c) as (E1 & E2 & _). destruct which; try contradiction.
      - apply E2, E1. exact H.
      - apply E2. exact H.
      - exact H. }
    destruct which; try contradiction; cbn [lands] in Land;
      try exact (alike_same _ _ _ _ (Alike ltac:(discriminate)) Land (stored_in _ _ _ E)).
    rewrite E in Land. injection Land as Land. symmetry. exact Land.
  - destruct Land as [Land|(_ & Stays)]; [|exact Stays]. exfalso. apply (proj1 (stored_nobody _ _) E (nth n words 0)).
    destruct which; cbn [lands] in Land; try exact Land. rewrite E in Land. discriminate.
Qed.

(* Common is the weakest condition under which it does not matter which of the processors wins. *)
Theorem common_exact : forall w p c,
  legal Common w p c = true <-> forall d, moves Arbitrary w p c d -> d = step w p c.
Proof.
  intros w p c. split.
  - intros H d (_ & Own & Words & Land). apply (moves_step Common); [discriminate|]. split; [exact H|]. split; [exact Own|].
    split; [exact Words|exact Land].
  - intros H. destruct (legal Common w p c) eqn:E; [reflexivity|]. exfalso. cbn [legal] in E.
    apply alike_not in E as (a & u & v & U & V & N). pose proof (stores_within w p c a u U) as A.
    assert (X : exists x, In (a, x) (stores (effects w p c)) /\ x <> word_at (step w p c) a).
    { destruct (Z.eq_dec u (word_at (step w p c) a)) as [Q|Q]; [exists v|exists u]; (split; [assumption|congruence]). }
    destruct X as (x & I & Q). clear u v U V N.
    set (put := fun b y => if b =? a then x else y).
    set (d := {| memory := map (fun '(b, y) => put b y) (numbered (memory (step w p c)));
                 processors_of := processors_of (step w p c) |}).
    assert (W : forall b, 0 <= b < Z.of_nat (length (memory c)) -> word_at d b = put b (word_at (step w p c) b)).
    { intros b B. unfold word_at at 1, d. cbn [memory]. rewrite (Reached.map_numbered _ _ put _ 0).
      rewrite Reached.nth_mapped; [reflexivity|]. rewrite step_words. exact B. }
    apply Q. rewrite <- (H d).
    + rewrite W by exact A. unfold put. rewrite Z.eqb_refl. reflexivity.
    + destruct (step_moves Arbitrary w p c eq_refl) as (_ & _ & Words & Land). split; [reflexivity|]. split; [reflexivity|].
      split; [unfold d; cbn [memory]; rewrite map_length, Sequences.numbered_length; exact Words|]. intros b B.
      rewrite W by exact B. unfold put. destruct (Z.eqb_spec b a) as [->|_]; [left; exact I|exact (Land b B)].
Qed.

(* Runs. EREW, CREW and Common: as long as no step is a breach, the run is the Priority machine's. *)
Theorem simulates : forall which w p t r, which <> Arbitrary -> run_under which w p t r ->
  forall s, (s <= t)%nat -> r s = reached w p s.
Proof.
  intros which w p t r N (Start & Steps) s. induction s as [|s IH]; intros B; [exact Start|].
  rewrite (moves_step which w p (r s) (r (S s)) N (Steps s B)), IH by lia. reflexivity.
Qed.

Theorem simulates_breach : forall which w p t r, which <> Arbitrary -> breaches which w p t r ->
  r t = reached w p t /\ legal which w p (reached w p t) = false.
Proof.
  intros which w p t r N (R & B). pose proof (simulates which w p t r N R t (Nat.le_refl t)) as E. rewrite <- E.
  split; [reflexivity|exact B].
Qed.

(* There is such a run if and only if the steps of the Priority machine are legal. Under Arbitrary all are: the Priority
   machine's run is one of those that may happen. *)
Theorem run_legal : forall which w p t,
  run_under which w p t (reached w p) <-> forall s, (s < t)%nat -> legal which w p (reached w p s) = true.
Proof.
  intros which w p t. split; [intros (_ & Steps) s B; exact (proj1 (Steps s B))|]. intros H. split; [reflexivity|].
  intros s B. exact (step_moves which w p (reached w p s) (H s B)).
Qed.

Corollary arbitrary_run : forall w p t, run_under Arbitrary w p t (reached w p).
Proof. intros. apply run_legal. reflexivity. Qed.

(* So what holds whoever wins holds of the Priority machine: if in every run of the Arbitrary machine all processors stop, in
   configurations of which Q holds, then so they do here. It need not be the same configuration: [arbitrary_differs] below. *)
Theorem arbitrary_correct : forall w p (Q : configuration -> Prop),
  (forall r, (forall t, run_under Arbitrary w p t r) -> exists t, stopped (r t) = true /\ Q (r t)) ->
  exists t, stopped (reached w p t) = true /\ Q (reached w p t).
Proof. intros w p Q H. apply H. intros t. apply arbitrary_run. Qed.

(* If every step is legal under Common, the run of the Arbitrary machine is the only one. *)
Theorem arbitrary_only : forall w p t r, (forall s, (s < t)%nat -> legal Common w p (reached w p s) = true) ->
  run_under Arbitrary w p t r -> forall s, (s <= t)%nat -> r s = reached w p s.
Proof.
  intros w p t r H (Start & Steps) s. induction s as [|s IH]; intros B; [exact Start|]. specialize (Steps s B).
  rewrite IH in Steps by lia. rewrite (proj1 (common_exact w p (reached w p s)) (H s B) _ Steps). reflexivity.
Qed.

(* With a plan that is accepted: it shows the run of every machine. *)
Theorem accepted_policies : forall w e ext m which p t r, accepts w e ext m = true -> valid w ext p = true ->
  which <> Arbitrary -> run_under which w p t r -> shows w e ext m p t r.
Proof.
  intros w e ext m which p t r A V N R. pose proof (simulates which w p t r N R) as E.
  pose proof (accepts_sound w e ext m A) as Runs.
  assert (Trace : forall s, (s <= t)%nat -> map r (seq 0 (S s)) = trace w p s).
  { intros s B. unfold trace. apply map_ext_in. intros i I. apply in_seq in I. apply E. lia. }
  destruct e; cbn [runs_pram] in Runs; unfold shows; cbv zeta.
  - intros T B U. destruct (Runs p T V U) as (_ & _ & Together & Any). destruct (Together t B) as (F & Read). split.
    + rewrite F, Trace by lia. exact Read.
    + intros k x D. destruct (Any k x D) as (_ & _ & s & Bs & K & Holds & _). exists s. split; [exact Bs|]. split; [exact K|].
      intros Bt. rewrite Trace by exact Bt. exact Holds.
  - destruct (Runs p V) as (_ & H). destruct (H t) as (x & _ & G & _ & _ & Read & _). exists x. rewrite (E t (Nat.le_refl t)).
    split; [exact G|exact Read].
Qed.

(* Under Arbitrary it shows a run that may happen. *)
Corollary accepted_arbitrary : forall w e ext m p t, accepts w e ext m = true -> valid w ext p = true ->
  run_under Arbitrary w p t (reached w p) /\ shows w e ext m p t (reached w p).
Proof.
  intros w e ext m p t A V. split; [apply arbitrary_run|].
  apply (accepted_policies w e ext m Priority); trivial; [discriminate|]. apply run_legal. reflexivity.
Qed.

(* What does not hold. Two processors store their numbers to address 0: no stricter policy allows it, the Arbitrary machine may
   end with 1 there and the Priority machine ends with 0. *)
Definition line (o : operation) (d a x : operand) : instruction := {| op := o; rd := d; ra := a; rx := x |}.
Definition numbers_stored : program := {| processors := 2; initial := [9];
  instructions := [line Pid (Register 1) Absent Absent; line St (Register 1) Absent (Immediate 0);
                   line Halt Absent Absent Absent] |}.

Example numbers_breach : valid 5 false numbers_stored = true /\
  map (fun which => legal which 5 numbers_stored (reached 5 numbers_stored 1)) [EREW; CREW; Common; Arbitrary; Priority] =
    [false; false; false; true; true].
Proof. split; reflexivity. Qed.

Example arbitrary_differs : exists r, run_under Arbitrary 5 numbers_stored 2 r /\
  memory (r 2%nat) = [1] /\ memory (reached 5 numbers_stored 2) = [0].
Proof.
  exists (fun s => match s with
    | 2%nat => {| memory := [1]; processors_of := processors_of (reached 5 numbers_stored 2) |}
    | _ => reached 5 numbers_stored s end).
  split; [|split; reflexivity]. split; [reflexivity|]. intros [|[|s]] B; [exact (step_moves Arbitrary 5 _ _ eq_refl)| |lia].
  split; [reflexivity|]. split; [reflexivity|]. split; [reflexivity|]. intros a A. cbn in A. assert (a = 0) as -> by lia.
  left. right. left. reflexivity.
Qed.

(* Both store the same word: Common allows it, CREW does not. Both load address 0: CREW allows it, EREW does not. *)
Definition both (i : instruction) : program := {| processors := 2; initial := [9]; instructions := [i] |}.
Example common_wider : let p := both (line St (Register 1) Absent (Immediate 0)) in
  map (fun which => legal which 5 p (reached 5 p 0)) [EREW; CREW; Common] = [false; false; true].
Proof. reflexivity. Qed.
Example crew_wider : let p := both (line Ld (Register 1) Absent (Immediate 0)) in
  map (fun which => legal which 5 p (reached 5 p 0)) [EREW; CREW; Common] = [false; true; true].
Proof. reflexivity. Qed.
(* A processor may read under EREW what another writes in the same step; accesses that fault are none. *)
Definition reader_and_writer : program := {| processors := 2; initial := [9];
  instructions := [line Pid (Register 1) Absent Absent; line Jz Absent (Register 1) (Immediate 3);
                   line St (Register 1) Absent (Immediate 0); line Ld (Register 2) Absent (Immediate 0)] |}.
Example phases_apart : let c := reached 5 reader_and_writer 2 in
  (loaded 5 reader_and_writer c, stores (effects 5 reader_and_writer c), legal EREW 5 reader_and_writer c) =
    ([0], [(0, 1)], true).
Proof. reflexivity. Qed.
Example faults_apart : map (fun o => let p := both (line o (Register 1) Absent (Immediate 1)) in
  legal EREW 5 p (reached 5 p 0)) [Ld; St] = [true; true].
Proof. reflexivity. Qed.
