(* Memory as a log: for every P, every T and every program, the rightmost write up to t is the PRAM's memory after t steps.

   A step is what each processor writes: nothing, or an address and a value. A run of any program is such a list of steps;
   an address may stand for a word of shared memory or for one processor's register. *)
From Coq Require Import QArith.
From Efasp Require Import Form Attention Lookups Match.
Open Scope Z_scope.

Section Log.
Context {V : Type}.
Definition write : Type := option (Z * V).
Definition step : Type := list write. (* of processors 0, 1, ... *)
Definition memory : Type := Z -> V.

(* The PRAM: processors write from the highest to the lowest, so that the lowest writes last. *)
Definition store (m : memory) (w : write) : memory :=
  match w with Some (a, v) => fun b => if b =? a then v else m b | None => m end.
Definition advance (m : memory) (s : step) : memory := fold_right (fun w m => store m w) m s.
Definition run (m : memory) (steps : list step) : memory := fold_left advance steps m.

Fixpoint lowest (s : step) (a : Z) : option V :=
  match s with
  | [] => None
  | Some (b, v) :: rest => if a =? b then Some v else lowest rest a
  | None :: rest => lowest rest a
  end.

(* backs: simulation.priority *)
Theorem priority_correct : forall s m a, advance m s a = match lowest s a with Some v => v | None => m a end.
Proof.
  induction s as [|[[b v]|] s IH]; intros m a; [reflexivity| |exact (IH m a)].
  cbn [advance fold_right store lowest]. destruct (a =? b); [reflexivity|exact (IH m a)].
Qed.

Lemma lowest_some : forall s a v, lowest s a = Some v <->
  exists p, nth_error s p = Some (Some (a, v)) /\ forall q u, (q < p)%nat -> nth_error s q <> Some (Some (a, u)).
Proof.
  induction s as [|w s IH]; intros a v.
  - split; [discriminate|]. intros (p & H & _). destruct p; discriminate.
  - assert (R : (exists p, nth_error s p = Some (Some (a, v)) /\ forall q u, (q < p)%nat -> nth_error s q <> Some (Some (a,
    u))) ->
      (forall u, w <> Some (a, u)) ->
      exists p, nth_error (w :: s) p = Some (Some (a, v)) /\ forall q u, (q < p)%nat -> nth_error (w :: s) q <> Some (Some
        (a, u))).
    { intros (p & H & F) N. exists (S p). split; [exact H|]. intros [|q] u Q; cbn; [intros E; injection E; apply N|apply F;
      lia]. }
    assert (L : forall p, nth_error (w :: s) p = Some (Some (a, v)) /\ (forall q u, (q < p)%nat -> nth_error (w :: s) q <>
      Some (Some (a, u))) ->
      (forall u, w <> Some (a, u)) ->
      exists p, nth_error s p = Some (Some (a, v)) /\ forall q u, (q < p)%nat -> nth_error s q <> Some (Some (a, u))).
    { intros [|p] [H F] N; cbn in H; [injection H as H; destruct (N _ H)|]. exists p. split; [exact H|].
      intros q u Q. apply (F (S q) u). lia. }
    destruct w as [[b u]|]; cbn [lowest].
    + destruct (Z.eqb_spec a b) as [<-|N].
      * split.
        -- intros E. injection E as ->. exists 0%nat. split; [reflexivity|]. intros q u' Q. lia.
        -- intros (p & H & F). destruct p; [cbn in H; congruence|]. exfalso. apply (F 0%nat u); [lia|reflexivity].
      * rewrite IH. split; [intros H; apply R; [exact H|congruence]|intros (p & H); apply (L p H); congruence].
    + rewrite IH. split; [intros H; apply R; [exact H|discriminate]|intros (p & H); apply (L p H); discriminate].
Qed.

Lemma lowest_none : forall s a, lowest s a = None <-> forall p u, nth_error s p <> Some (Some (a, u)).
Proof.
  intros s a. split.
  - induction s as [|[[b v]|] s IH]; intros H [|p] u; cbn in *; try discriminate.
    + destruct (Z.eqb_spec a b); congruence.
    + destruct (Z.eqb_spec a b); [discriminate|apply IH; exact H].
    + apply IH. exact H.
  - intros H. destruct (lowest s a) as [v|] eqn:E; [|reflexivity]. apply lowest_some in E as (p & E & _). destruct (H p v E).
Qed.

(* The log: the initial words, at time 0, and what is written at times 1, 2, ... *)
Record entry := { time : nat; pid : nat; address : Z; content : V }.

Definition initial (first : list V) : list entry :=
  map (fun '(a, v) => {| time := 0; pid := 0; address := Z.of_nat a; content := v |}) (combine (seq 0 (length first)) first).
Definition block (t : nat) (s : step) : list entry :=
  flat_map (fun '(p, w) => match w with Some (a, v) => [{| time := t; pid := p; address := a;
    content := v |}] | None => [] end)
    (combine (seq 0 (length s)) s).
Definition log (first : list V) (steps : list step) : list entry :=
  initial first ++ flat_map (fun '(t, s) => block (S t) s) (combine (seq 0 (length steps)) steps).

Lemma in_numbered : forall A (l : list A) p a, In (p, a) (combine (seq 0 (length l)) l) <-> nth_error l p = Some a.
Proof.
  intros A l p a. enough (H : forall n, In (p, a) (combine (seq n (length l)) l) <-> (n <= p)%nat /\ nth_error l (p - n) =
    Some a).
  { rewrite H, Nat.sub_0_r. intuition lia. }
  induction l as [|b l IH]; intros n; cbn [length seq combine].
  - split; [intros []|]. intros [_ H]. destruct (p - n)%nat; discriminate.
  - cbn [In]. rewrite IH. split.
    + intros [E|[L H]].
      * injection E as -> ->. rewrite Nat.sub_diag. split; [lia|reflexivity].
      * split; [lia|]. replace (p - n)%nat with (S (p - S n)) by lia. exact H.
    + intros [L H]. destruct (Nat.eq_dec n p) as [->|N].
      * rewrite Nat.sub_diag in H. cbn in H. left. congruence.
      * right. split; [lia|]. replace (p - n)%nat with (S (p - S n)) in H by lia. exact H.
Qed.

Lemma in_block : forall t s e, In e (block t s) <-> time e = t /\ nth_error s (pid e) = Some (Some (address e, content e)).
Proof.
  intros t s e. unfold block. rewrite in_flat_map. split.
  - intros ([p w] & I & E). rewrite in_numbered in I. destruct w as [[a v]|]; [|destruct E]. destruct E as [<-|[]]. split;
    [reflexivity|exact I].
  - intros [<- H]. exists (pid e, Some (address e, content e)). split; [apply in_numbered; exact H|]. left. destruct e;
    reflexivity.
Qed.

Lemma in_log : forall first steps e, In e (log first steps) <->
  (time e = 0%nat /\ pid e = 0%nat /\ 0 <= address e /\ nth_error first (Z.to_nat (address e)) = Some (content e)) \/
  (exists t s, nth_error steps t = Some s /\ In e (block (S t) s)).
Proof.
  intros first steps e. unfold log. rewrite in_app_iff. split.
  - intros [H|H]; [left|right].
    + unfold initial in H. apply in_map_iff in H as ([a v] & <- & H). rewrite in_numbered in H. cbn. rewrite Nat2Z.id.
      repeat split; (lia || exact H).
    + apply in_flat_map in H as ([t s] & H & B). rewrite in_numbered in H. exists t, s. tauto.
  - intros [(T & P & A & H)|(t & s & H & B)]; [left|right].
    + unfold initial. apply in_map_iff. exists (Z.to_nat (address e), content e). split; [|apply in_numbered; exact H].
      rewrite Z2Nat.id by exact A. destruct e; cbn in *. subst. reflexivity.
    + apply in_flat_map. exists (t, s). split; [apply in_numbered; exact H|exact B].
Qed.

(* Whether a lower processor writes the same address at the same time. *)
Definition beaten (entries : list entry) (e : entry) : bool :=
  existsb (fun r => (time r =? time e)%nat && (address r =? address e) && (pid r <? pid e)%nat) entries.
(* What the lookup of address a finds, blocks up to t being complete. *)
Definition candidate (entries : list entry) (t : nat) (a : Z) (e : entry) : bool :=
  (address e =? a) && (time e <=? t)%nat && negb (beaten entries e).

Section Invariant.
Variables (first : list V) (steps : list step) (start : memory).
Hypothesis starts : forall a v, nth_error first a = Some v -> start (Z.of_nat a) = v.
Let entries : list entry := log first steps.

Lemma beaten_spec : forall e, beaten entries e = true <->
  exists r, In r entries /\ time r = time e /\ address r = address e /\ (pid r < pid e)%nat.
Proof.
  intros e. unfold beaten. rewrite existsb_exists. split; intros (r & R & H); exists r; (split; [exact R|]);
    rewrite !andb_true_iff, Nat.eqb_eq, Z.eqb_eq, Nat.ltb_lt in *; tauto.
Qed.

Lemma candidate_spec : forall t a e, candidate entries t a e = true <-> address e = a /\ (time e <= t)%nat /\ beaten entries
  e = false.
Proof. intros. unfold candidate. rewrite !andb_true_iff, Z.eqb_eq, Nat.leb_le, negb_true_iff. tauto. Qed.

Lemma same_time : forall t s e, nth_error steps t = Some s -> In e entries -> time e = S t ->
  nth_error s (pid e) = Some (Some (address e, content e)).
Proof.
  intros t s e N E T. apply in_log in E as [(T0 & _)|(t' & s' & N' & B)]; [lia|].
  apply in_block in B as [T' B]. replace t' with t in * by lia. congruence.
Qed.

(* At a time, an entry that is not beaten holds what the lowest processor writes; and there is one, if any does. *)
Lemma unbeaten : forall t s e, nth_error steps t = Some s -> In e entries -> time e = S t -> beaten entries e = false ->
  lowest s (address e) = Some (content e).
Proof.
  intros t s e N E T U. apply lowest_some. exists (pid e). split; [exact (same_time t s e N E T)|]. intros q u Q H.
  assert (beaten entries e = true); [|congruence]. apply beaten_spec.
  exists {| time := S t; pid := q; address := address e; content := u |}. cbn. repeat split; [|lia|exact Q].
  apply in_log. right. exists t, s. split; [exact N|]. apply in_block. cbn. split; [reflexivity|exact H].
Qed.

Lemma written : forall t s a v, nth_error steps t = Some s -> lowest s a = Some v ->
  exists e, In e entries /\ time e = S t /\ address e = a /\ content e = v /\ beaten entries e = false.
Proof.
  intros t s a v N L. apply lowest_some in L as (p & P & F).
  exists {| time := S t; pid := p; address := a; content := v |}. cbn.
  assert (E : In {| time := S t; pid := p; address := a; content := v |} entries).
  { apply in_log. right. exists t, s. split; [exact N|]. apply in_block. cbn. split; [reflexivity|exact P]. }
  repeat split; [exact E|]. destruct (beaten entries _) eqn:U; [|reflexivity]. exfalso.
  apply beaten_spec in U as (r & R & T & A & Q). cbn in T, A, Q. pose proof (same_time t s r N R T) as H.
  rewrite A in H. exact (F _ _ Q H).
Qed.

(* The induction over the steps: the best-ranked candidates, of which there is one, hold the word of memory. *)
(* backs: simulation.kept *)
Theorem log_invariant : forall t a, (t <= length steps)%nat -> 0 <= a < Z.of_nat (length first) ->
  (exists e, In e entries /\ candidate entries t a e = true) /\
  (forall e, In e entries -> candidate entries t a e = true ->
    (forall k, In k entries -> candidate entries t a k = true -> (time k <= time e)%nat) ->
    content e = run start (firstn t steps) a).
Proof.
  intros t a T A. induction t as [|t IH].
  - split.
    + destruct (nth_error first (Z.to_nat a)) as [v|] eqn:N; [|apply nth_error_None in N; lia].
      exists {| time := 0; pid := 0; address := a; content := v |}. split.
      * apply in_log. left. cbn. repeat split; [lia|exact N].
      * apply candidate_spec. split; [reflexivity|]. split; [apply Nat.le_refl|].
        match goal with |- ?b = false => destruct b eqn:U end; [|reflexivity].
        apply beaten_spec in U as (r & _ & _ & _ & Q). cbn in Q. lia.
    + intros e E C _. apply candidate_spec in C as (Ae & Te & _). apply in_log in E as [(_ & _ & _ & N)|(t' & s & _ & B)].
      * cbn [firstn run fold_left]. rewrite <- (starts _ _ N), Z2Nat.id, Ae by lia. reflexivity.
      * apply in_block in B as [B _]. lia.
  - destruct (nth_error steps t) as [s|] eqn:N; [|apply nth_error_None in N; lia].
    destruct (IH ltac:(lia)) as [(b & B & Cb) M]. clear IH.
    assert (R : run start (firstn (S t) steps) a = match lowest s a with Some v => v | None => run start (firstn t steps) a
      end).
    { rewrite <- priority_correct. unfold run. rewrite <- (firstn_skipn t (firstn (S t) steps)), firstn_firstn, Nat.min_l by
      lia.
      rewrite fold_left_app. f_equal. f_equal. rewrite skipn_firstn_comm, Nat.sub_succ_l, Nat.sub_diag by lia.
      apply nth_error_split in N as (l1 & l2 & -> & <-). rewrite skipn_app, Nat.sub_diag, skipn_all. reflexivity. }
    rewrite R. destruct (lowest s a) as [v|] eqn:L.
    + destruct (written t s a v N L) as (e0 & E0 & T0 & A0 & V0 & U0).
      assert (C0 : candidate entries (S t) a e0 = true) by (apply candidate_spec; repeat split; trivial; lia). split.
      * exists e0. tauto.
      * intros e E C H. apply candidate_spec in C as (Ae & Te & Ue). specialize (H e0 E0 C0).
        pose proof (unbeaten t s e N E ltac:(lia) Ue) as W. rewrite Ae, L in W. congruence.
    + assert (S : forall e, In e entries -> (candidate entries (Datatypes.S t) a e = true <-> candidate entries t a e =
      true)).
      { intros e E. rewrite !candidate_spec. split; intros (Ae & Te & Ue); repeat split; trivial; try lia.
        destruct (Nat.eq_dec (time e) (Datatypes.S t)) as [Q|]; [|lia]. exfalso.
        pose proof (unbeaten t s e N E Q Ue) as W. rewrite Ae, L in W. discriminate. }
      split.
      * exists b. split; [exact B|]. apply S; assumption.
      * intros e E C H. apply M; [exact E|apply S; assumption|]. intros k K Ck. apply H; [exact K|]. apply S; assumption.
Qed.

(* No entry of an address outside memory, if nothing is written there. *)
Lemma outside : forall t a e, ~ 0 <= a < Z.of_nat (length first) ->
  (forall s, In s steps -> lowest s a = None) -> In e entries -> candidate entries t a e = false.
Proof.
  intros t a e A W E. destruct (candidate entries t a e) eqn:C; [|reflexivity]. exfalso.
  apply candidate_spec in C as (Ae & _ & U). pose proof E as E'. apply in_log in E' as [(_ & _ & P & N)|(t' & s & N & B)].
  - assert (Z.to_nat (address e) < length first)%nat by (apply nth_error_Some; congruence). lia.
  - apply in_block in B as [T _]. pose proof (unbeaten t' s e N E T U) as L. rewrite Ae, W in L; [discriminate|].
    eapply nth_error_In. exact N.
Qed.

(* The lookup itself: a match whose candidates are those of the log, ranked by time. *)
Variables (m : shape) (s0 i : env) (l : list env) (at_ : env -> option entry) (t : nat) (a : Z).
Hypothesis asked : lookup m s0 i l.
Hypothesis held : flat_map (fun j => option_list (at_ j)) l = entries. (* the positions hold the log *)
Hypothesis finds : forall j, In j l ->
  (hits m i j = true <-> exists e, at_ j = Some e /\ candidate entries t a e = true).
Hypothesis ranked : forall j e, In j l -> at_ j = Some e -> at_rank m j = Z.of_nat (time e).
Hypothesis until : (t <= length steps)%nat.

Lemma held_in : forall e, In e entries <-> exists j, In j l /\ at_ j = Some e.
Proof.
  intros e. rewrite <- held, in_flat_map. split; intros (j & J & E); exists j; (split; [exact J|]).
  - destruct (at_ j) as [f|]; [|destruct E]. destruct E as [->|[]]. reflexivity.
  - rewrite E. left. reflexivity.
Qed.

(* backs: simulation.memory simulation.register *)
Theorem log_read : 0 <= a < Z.of_nat (length first) ->
  winners (dot (match_q m) (match_k m) i) l <> [] /\
  forall j, In j (winners (dot (match_q m) (match_k m) i) l) ->
  exists e, at_ j = Some e /\ content e = run start (firstn t steps) a.
Proof.
  intros A. destruct (log_invariant t a until A) as [(b & B & Cb) M].
  assert (X : exists j, In j l /\ hits m i j = true).
  { pose proof B as B'. apply held_in in B' as (j & J & E). exists j. split; [exact J|]. apply (finds j J). exists b. tauto. }
  pose proof (match_finds m s0 i l asked X) as W. split.
  - apply winners_some. destruct X as (j & J & _). intros E. rewrite E in J. destruct J.
  - intros j J. pose proof J as J'. apply in_winners in J' as [Il _]. apply (W j Il) in J as [F H].
    apply (finds j Il) in F as (e & E & C). exists e. split; [exact E|].
    apply M; [apply held_in; exists j; tauto|exact C|]. intros k K Ck. pose proof K as K'.
      apply held_in in K' as (q & Q & Ek).
    assert (Hq : hits m i q = true) by (apply (finds q Q); exists k; tauto). specialize (H q Q Hq).
    rewrite (ranked q k Q Ek), (ranked j e Il E) in H. lia.
Qed.

(* backs: simulation.memory *)
Theorem log_missed : ~ 0 <= a < Z.of_nat (length first) -> (forall s, In s steps -> lowest s a = None) ->
  winners (dot (match_q m) (match_k m) i) l = [s0].
Proof.
  intros A W. apply (match_misses m s0 i l asked). intros j J. destruct (hits m i j) eqn:H; [|reflexivity]. exfalso.
  apply (finds j J) in H as (e & E & C). rewrite (outside t a e A W) in C; [discriminate|]. apply held_in. exists j. tauto.
Qed.
End Invariant.

(* Of the stores of one time to one address the lookup gives the most urgent one: it outranks an entry's own urgency exactly
   where the entry is beaten. *)
Section ConcurrentStores.
Variables (entries : list entry) (top : Z) (m : shape) (s0 i : env) (l : list env) (at_ : env -> option entry) (e : entry).
Hypothesis asked : lookup m s0 i l.
Hypothesis held : flat_map (fun j => option_list (at_ j)) l = entries.
Hypothesis concurrent : forall j, In j l ->
  (hits m i j = true <-> exists r, at_ j = Some r /\ time r = time e /\ address r = address e).
Hypothesis urgent : forall j r, In j l -> at_ j = Some r -> at_rank m j = top - Z.of_nat (pid r).
Hypothesis itself : In e entries.

(* backs: simulation.beaten *)
Theorem beaten_read : winners (dot (match_q m) (match_k m) i) l <> [] /\
  forall j, In j (winners (dot (match_q m) (match_k m) i) l) ->
  (1 <=? at_rank m j - (top - Z.of_nat (pid e))) = beaten entries e.
Proof.
  assert (I : forall r, In r entries <-> exists j, In j l /\ at_ j = Some r).
  { intros r. rewrite <- held, in_flat_map. split; intros (j & J & E); exists j; (split; [exact J|]).
    - destruct (at_ j) as [f|]; [|destruct E]. destruct E as [->|[]]. reflexivity.
    - rewrite E. left. reflexivity. }
  pose proof itself as Ie. apply I in Ie as (k & K & Ek).
  assert (F : hits m i k = true) by (apply (concurrent k K); exists e; tauto).
  pose proof (match_finds m s0 i l asked (ex_intro _ k (conj K F))) as W.
  split; [apply winners_some; intros E; rewrite E in K; destruct K|].
  intros j J. pose proof J as J'. apply in_winners in J' as [Il _]. apply (W j Il) in J as [Fj H].
  apply (concurrent j Il) in Fj as (r & Er & Tr & Ar). rewrite (urgent j r Il Er) in *.
  destruct (beaten entries e) eqn:B.
  - unfold beaten in B. apply existsb_exists in B as (q & Q & B).
    rewrite !andb_true_iff, Nat.eqb_eq, Z.eqb_eq, Nat.ltb_lt in B. pose proof Q as Q'. apply I in Q' as (n & N & En).
    specialize (H n N (proj2 (concurrent n N) (ex_intro _ q (conj En (proj1 B))))). rewrite (urgent n q N En) in H.
      apply Z.leb_le. lia.
  - apply Z.leb_gt. destruct (le_lt_dec (pid e) (pid r)) as [L|L]; [lia|]. exfalso.
    assert (beaten entries e = true); [|congruence]. apply existsb_exists. exists r.
    rewrite !andb_true_iff, Nat.eqb_eq, Z.eqb_eq, Nat.ltb_lt. split; [apply I; exists j; tauto|tauto].
Qed.
End ConcurrentStores.

(* In place: a cell finds the processors that write to it; the most urgent is the lowest. *)
Section Writers.
Variables (s : step) (a top : Z) (m : shape) (s0 i : env) (l : list env) (at_ : env -> option nat).
Hypothesis asked : lookup m s0 i l.
Hypothesis everyone : forall p, (p < length s)%nat -> exists j, In j l /\ at_ j = Some p.
Hypothesis writers : forall j, In j l ->
  (hits m i j = true <-> exists p v, at_ j = Some p /\ nth_error s p = Some (Some (a, v))).
Hypothesis urgent : forall j p, In j l -> at_ j = Some p -> at_rank m j = top - Z.of_nat p.

(* backs: simulation.writer *)
Theorem writer_read : match lowest s a with
  | Some v => winners (dot (match_q m) (match_k m) i) l <> [] /\
      forall j, In j (winners (dot (match_q m) (match_k m) i) l) -> exists p, at_ j = Some p /\ nth_error s p = Some (Some
        (a, v))
  | None => winners (dot (match_q m) (match_k m) i) l = [s0]
  end.
Proof.
  destruct (lowest s a) as [v|] eqn:L.
  - apply lowest_some in L as (p & P & F).
    assert (Lp : (p < length s)%nat) by (apply nth_error_Some; congruence).
    destruct (everyone p Lp) as (k & K & Ek).
    assert (Fk : hits m i k = true) by (apply (writers k K); exists p, v; tauto).
    pose proof (match_finds m s0 i l asked (ex_intro _ k (conj K Fk))) as W.
    split; [apply winners_some; intros E; rewrite E in K; destruct K|].
    intros j J. pose proof J as J'. apply in_winners in J' as [Il _]. apply (W j Il) in J as [Fj H].
    apply (writers j Il) in Fj as (q & u & Eq & Q). specialize (H k K Fk). rewrite (urgent k p K Ek), (urgent j q Il Eq) in H.
    destruct (Nat.eq_dec q p) as [->|N]; [exists p; tauto|]. exfalso. apply (F q u); [lia|exact Q].
  - apply (match_misses m s0 i l asked). intros j J. destruct (hits m i j) eqn:H; [|reflexivity]. exfalso.
    apply (writers j J) in H as (p & v & _ & P). exact (proj1 (lowest_none s a) L p v P).
Qed.
End Writers.
End Log.
