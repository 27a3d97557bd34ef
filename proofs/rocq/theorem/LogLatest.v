(* The latest writes: what a register and a word of memory are read as, over the log, while the block of time t + 1 is
   filled. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Composition Statement Sequences Scalars Matching Positions Reached LogSites LogMatches LogReads.
Import ListNotations.
Open Scope Z_scope.

Section Reads.
Variables (w : nat) (ext : bool) (p : program) (T t : nat) (b : list token) (l : list position).
Let M := length (initial p).
Let P := processors p.
Hypothesis of_log : positions_of (log_sites w p T t b) l.
Hypothesis V : valid w ext p = true.
Hypothesis until : Z.of_nat T <= latest w.
Hypothesis next_time : (t < T)%nat.
Hypothesis some : Forall2 partial b (block_tokens w p t).
Let prompted_log : prompted w p l := prompted_in w p T t b l of_log next_time some.
Let pid_word := pid_word w ext p V.
Let address_fits := address_fits w ext p V.
Let widths := LogReads.widths w ext p V.
Let part_site := LogReads.part_site w p T t b l of_log next_time some.
Let initial_site := LogReads.initial_site w p T t b l of_log next_time some.
Let done_in := done_in w p T t b l of_log next_time some.
Let clock_range := LogReads.clock_range w p T t b l of_log until next_time some.

(* The latest writes. Flags of the positions: whether a position's block is incomplete; whether a store is outdone. *)
Section Latest.
Variables (incomplete beaten : position -> bool).
Hypothesis incomplete_is : forall j, In j l ->
  incomplete j = match time_of j with Some s => Z.of_nat t <? s | None => false end.
Hypothesis unbeaten : forall j, In j l -> time_of j = None -> beaten j = false.
Hypothesis beaten_is : forall s a v pid, (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  writes (logged w p s pid) = Some (ToMemory a v) ->
  beaten (part 1 (logged w p s pid), PLog 1 (Z.of_nat s) pid) = outdone w p s pid.

(* A position that offers a value: of the initial memory, or the target of a write. *)
Inductive offers (v : Z) : position -> Prop :=
  | offers_initial : forall a, 0 <= a < Z.of_nat M -> offers v (word v, PInitial a)
  | offers_logged : forall s pid, (s <= t)%nat -> 0 <= pid < Z.of_nat P -> value_of (logged w p s pid) = v ->
      offers v (part 1 (logged w p s pid), PLog 1 (Z.of_nat s) pid).

Let in_bos : In bos l.
Proof. apply (p_there _ _ _ prompted_log); [constructor|reflexivity]. Qed.

Lemma complete_site : forall x k time pid, In (x, PLog k time pid) l -> incomplete (x, PLog k time pid) = false ->
  exists s, (s <= t)%nat /\ time = Z.of_nat s /\ x = part k (logged w p s pid) /\ 0 <= pid < Z.of_nat P.
Proof.
  intros x k time pid J E. rewrite (incomplete_is _ J) in E. change (time_of _) with (Some time) in E. apply Z.ltb_ge in E.
  destruct (part_site _ k time pid J eq_refl) as (_ & N & s & _ & -> & _ & D). exists s. assert (B : (s <= t)%nat) by lia.
  split; [exact B|]. split; [reflexivity|]. split; [exact (D B)|exact N].
Qed.

Lemma incomplete_done : forall x k s pid, In (x, PLog k (Z.of_nat s) pid) l -> (s <= t)%nat ->
  incomplete (x, PLog k (Z.of_nat s) pid) = false.
Proof.
  intros x k s pid J B. rewrite (incomplete_is _ J). change (time_of _) with (Some (Z.of_nat s)). apply Z.ltb_ge. lia.
Qed.

(* Registers. *)
Lemma latest_register_sound : forall pid name, sound (latest_register w incomplete pid name) l.
Proof.
  intros pid name. pose proof widths as [W _]. apply (sound_at_bos w p); try reflexivity.
  - exact prompted_log.
  - intros d [<-|[<-|[]]]; (split; [cbn; lia|reflexivity]).
  - intros f [<-|[<-|[]]]; [reflexivity|exact (incomplete_is _ in_bos)].
  - intros j J. cbn [latest_register rank capacity]. pose proof (clock_range j J). lia.
Qed.

Lemma latest_register_hit : forall pid name j, (forall i, pid = Some i -> is_word w i = true) ->
  (forall r, name = Some r -> 0 <= r < 8) -> In j l -> hit (latest_register w incomplete pid name) j = true ->
  exists s i r v, pid = Some i /\ name = Some r /\ (s <= t)%nat /\ 0 <= i < Z.of_nat P /\ 0 <= r < 8 /\
    j = (part 1 (logged w p s i), PLog 1 (Z.of_nat s) i) /\ writes (logged w p s i) = Some (ToRegister r v).
Proof.
  intros pid name j Wp Wr J H. apply hit_spec in H as (_ & A & G & E & _). pose proof (A _ (or_introl eq_refl)) as A1.
  pose proof (A _ (or_intror (or_introl eq_refl))) as A2. specialize (G _ (or_introl eq_refl)).
  specialize (E _ (or_introl eq_refl)). cbn [wanted offered bits] in A1, A2. unfold at_part in G. destruct j as [x q].
  cbn [snd] in G. destruct q as [| |f i|c|n s' i|c s'|i r s'|i s']; try discriminate. apply Z.eqb_eq in G. subst n.
  destruct (complete_site x 1 s' i J E) as (s & B & -> & -> & N). destruct pid as [u|]; [|discriminate].
  change (index_of _) with (Some i) in A1. rewrite agrees_word in A1 by (exact (Wp u eq_refl) || exact (pid_word i N)).
  apply Z.eqb_eq in A1. subst u. destruct name as [u|]; [|discriminate]. unfold name_of in A2. cbn [fst] in A2.
  unfold part, target_token in A2. cbn [Z.eqb Pos.eqb] in A2.
  destruct (writes (logged w p s i)) as [[r v|c v]|] eqn:Ew; try discriminate.
  destruct (e_register _ _ _ (logged_effective w ext p V s i N) r v Ew) as [R _]. specialize (Wr u eq_refl).
  rewrite agrees_word in A2 by (apply is_word_range; assumption). apply Z.eqb_eq in A2. subst u.
  exists s, i, r, v. tauto.
Qed.

(* A register holds what its processor wrote to it last, or 0. *)
Theorem latest_register_read : forall pid r, 0 <= pid < Z.of_nat P -> 0 <= r < 8 ->
  selects (latest_register w incomplete (Some pid) (Some r)) l
    (fun j => offers (in_register (reached w p t) pid r) j \/ fst j = Bos /\ in_register (reached w p t) pid r = 0).
Proof.
  intros pid r N R. set (m := latest_register w incomplete (Some pid) (Some r)).
  assert (Wp : forall i, Some pid = Some i -> is_word w i = true) by (intros i E; injection E as <-; exact (pid_word pid N)).
  assert (Wr : forall q, Some r = Some q -> 0 <= q < 8) by (intros q E; injection E as <-; exact R).
  assert (There : forall s v, (s <= t)%nat -> writes (logged w p s pid) = Some (ToRegister r v) -> exists k, In k l /\
    hit m k = true /\ clock_of k = Z.of_nat s).
  { intros s v B E. pose proof (done_in 1 s pid ltac:(lia) B N) as J.
    eexists. split; [exact J|]. split; [|reflexivity]. unfold hit, m.
    cbn [latest_register sink compared among exclude refuses refused forallb wanted offered bits].
    rewrite (incomplete_done _ 1 s pid J B). change (index_of _) with (Some pid). unfold name_of, at_part, is_bos.
    cbn [fst snd].
    unfold part, target_token. cbn [Z.eqb Pos.eqb]. rewrite E.
    rewrite !agrees_word, !Z.eqb_refl by (exact (pid_word pid N) || (apply is_word_range; exact R)). reflexivity. }
  destruct (existsb (fun s => match writes (logged w p s pid) with Some (ToRegister q _) => q =? r | _ => false end) (seq 0 (S
    t)))
    eqn:X.
  - apply existsb_exists in X as (s & B & X). apply in_seq in B.
    destruct (writes (logged w p s pid)) as [[q v|c v]|] eqn:E; try discriminate. apply Z.eqb_eq in X. subst q.
    destruct (There s v ltac:(lia) E) as (k & K & Hk & _).
    apply (selects_impl _ _ _ _ (selects_found m l (latest_register_sound _ _) (ex_intro _ k (conj K Hk)))).
    intros j J [Hj Best]. left. apply latest_register_hit in Hj as (n & i & q & u & Ei & Eq & Bn & Ni & _ & -> & Wn);
      [|exact Wp|exact Wr|exact J]. injection Ei as <-. injection Eq as <-. apply offers_logged; [exact Bn|exact Ni|].
    unfold value_of. rewrite Wn. rewrite (register_stays w p pid r n t N R Bn).
    + symmetry. exact (register_written w p n pid r u N R Wn).
    + intros s' u' Hs' Ws'. destruct (There s' u' ltac:(lia) Ws') as (k' & K' & Hk' & Ck'). specialize (Best k' K' Hk').
      cbn [m latest_register rank] in Best. rewrite Ck' in Best. change (clock_of _) with (Z.of_nat n) in Best. lia.
  - assert (Never : forall s v, (s <= t)%nat -> writes (logged w p s pid) <> Some (ToRegister r v)).
    { intros s v B E. assert (Y : existsb (fun s => match writes (logged w p s pid) with Some (ToRegister q _) => q =? r
        | _ => false end) (seq 0 (S t)) = true); [|congruence]. apply existsb_exists. exists s. split; [apply in_seq; lia|].
      rewrite E. apply Z.eqb_refl. }
    assert (Z0 : in_register (reached w p t) pid r = 0).
    { rewrite (register_stays w p pid r 0 t N R) by (lia || (intros s v B; apply Never; lia)).
      apply register_first; assumption. }
    apply (selects_impl _ _ (fun j => fst j = Bos)); [|intros j _ E; right; split; [exact E|exact Z0]].
    apply selects_bos; [apply latest_register_sound|reflexivity|]. intros j J. destruct (hit m j) eqn:H; [|reflexivity].
    exfalso.
    apply latest_register_hit in H as (n & i & q & u & Ei & Eq & Bn & _ & _ & _ & Wn); [|exact Wp|exact Wr|exact J].
    injection Ei as <-. injection Eq as <-. exact (Never n u Bn Wn).
Qed.

Theorem latest_register_missed : forall pid name, (forall i, pid = Some i -> is_word w i = true) ->
  (forall r, name = Some r -> 0 <= r < 8) -> pid = None \/ name = None ->
  selects (latest_register w incomplete pid name) l (fun j => fst j = Bos).
Proof.
  intros pid name Wp Wr N. apply selects_bos; [apply latest_register_sound|reflexivity|]. intros j J.
  destruct (hit _ j) eqn:H; [|reflexivity]. exfalso.
  apply latest_register_hit in H as (n & i & q & u & Ei & Eq & _); [|exact Wp|exact Wr|exact J]. destruct N; congruence.
Qed.

(* Memory. *)
Lemma latest_word_sound : forall address touches, sound (latest_word w incomplete beaten address touches) l.
Proof.
  intros address touches. pose proof widths as [W _]. apply (sound_at_bos w p); try reflexivity.
  - exact prompted_log.
  - intros d [<-|[]]; (split; [cbn; lia|reflexivity]).
  - intros f [<-|[<-|[<-|[]]]]; [reflexivity|exact (incomplete_is _ in_bos)|exact (unbeaten _ in_bos eq_refl)].
  - intros j J. cbn [latest_word rank capacity]. pose proof (clock_range j J). lia.
Qed.

Lemma latest_word_hit : forall address touches j, (forall a, address = Some a -> is_word w a = true) -> In j l ->
  hit (latest_word w incomplete beaten address touches) j = true -> touches = true /\ exists a, address = Some a /\
  0 <= a < Z.of_nat M /\ (j = (word (nth (Z.to_nat a) (initial p) 0), PInitial a) \/
    exists s pid v, (s <= t)%nat /\ 0 <= pid < Z.of_nat P /\ j = (part 1 (logged w p s pid), PLog 1 (Z.of_nat s) pid) /\
      writes (logged w p s pid) = Some (ToMemory a v) /\ outdone w p s pid = false).
Proof.
  intros address touches j Wa J H. apply hit_spec in H as (_ & A & _ & E & R). specialize (A _ (or_introl eq_refl)).
  pose proof (E _ (or_introl eq_refl)) as E1. pose proof (E _ (or_intror (or_introl eq_refl))) as E2.
  cbn [wanted offered bits] in A. split; [destruct touches; [reflexivity|discriminate]|].
  destruct address as [u|]; [|discriminate].
  destruct j as [x q]. destruct q as [| |f i|a|n s' i|c s'|i r s'|i s']; try (destruct x as [[] ?|?| | | |?]; discriminate).
  - assert (Ha : agrees w (Some u) (Some a) = true) by (destruct x as [[] ?|?| | | |?]; exact A).
    destruct (initial_site _ a J eq_refl) as [B F]. cbn [fst] in F. subst x.
    rewrite agrees_word in Ha by (exact (Wa u eq_refl) || exact (address_fits a B)).
    apply Z.eqb_eq in Ha. subst u. exists a. split; [reflexivity|]. split; [exact B|left; reflexivity].
  - assert (K : n = 1 /\ exists a, x = Word Running a /\ agrees w (Some u) (Some a) = true).
    { destruct x as [[] a|?| | | |?]; try discriminate. unfold holds in A. destruct n as [|[| |]|]; try discriminate.
      split; [reflexivity|]. exists a. split; [reflexivity|exact A]. }
    destruct K as [-> (a & -> & Ha)]. destruct (complete_site _ 1 s' i J E1) as (s & B & -> & F & N).
    unfold part, target_token in F. cbn [Z.eqb Pos.eqb] in F.
    destruct (writes (logged w p s i)) as [[r v|c v]|] eqn:Ew; try discriminate. injection F as ->.
    pose proof (e_memory _ _ _ (logged_effective w ext p V s i N) c v Ew) as [Bc _]. fold M in Bc.
    rewrite agrees_word in Ha by (exact (Wa u eq_refl) || exact (address_fits c Bc)). apply Z.eqb_eq in Ha. subst u.
    exists c. split; [reflexivity|]. split; [exact Bc|]. right. exists s, i, v.
    assert (Q : part 1 (logged w p s i) = Word Running c) by (unfold part, target_token; cbn [Z.eqb Pos.eqb]; rewrite Ew;
      reflexivity).
    split; [exact B|]. split; [exact N|]. split; [rewrite Q; reflexivity|]. split; [exact Ew|].
    rewrite <- (beaten_is s c v i B N Ew), Q. exact E2.
Qed.

(* A word of memory is what was stored there last, by the lowest processor that did, or the initial one. *)
Theorem latest_word_read : forall a, 0 <= a < Z.of_nat M ->
  selects (latest_word w incomplete beaten (Some a) true) l (offers (at_address (reached w p t) a)).
Proof.
  intros a Ba. set (m := latest_word w incomplete beaten (Some a) true). pose proof (address_fits a Ba) as Wa.
  assert (There : forall s v, (s <= t)%nat -> stored_at w p s a = Some v -> exists k, In k l /\ hit m k = true /\
    clock_of k = Z.of_nat s).
  { intros s v B E. apply stored_unbeaten in E as (pid & N & Ew & O).
    pose proof (done_in 1 s pid ltac:(lia) B N) as J.
    eexists. split; [exact J|]. split; [|reflexivity]. unfold hit, m.
    cbn [latest_word sink compared among exclude refuses refused forallb wanted offered bits].
    rewrite (incomplete_done _ 1 s pid J B), (beaten_is s a v pid B N Ew), O.
    assert (Q : part 1 (logged w p s pid) = Word Running a) by (unfold part, target_token; cbn [Z.eqb Pos.eqb]; rewrite Ew;
      reflexivity).
    unfold holder. rewrite Q. unfold holds. rewrite agrees_word, Z.eqb_refl by exact Wa. reflexivity. }
  assert (First : exists k, In k l /\ hit m k = true).
  { pose proof (initial_in w p T t b l of_log next_time some a Ba) as J. eexists. split; [exact J|]. unfold hit, m.
    cbn [latest_word sink compared among exclude refuses refused forallb wanted offered bits].
    rewrite (incomplete_is _ J), (unbeaten _ J eq_refl). change (time_of _) with (@None Z). unfold holder. cbn [holds word].
    rewrite agrees_word, Z.eqb_refl by exact Wa. reflexivity. }
  apply (selects_impl _ _ _ _ (selects_found m l (latest_word_sound _ _) First)). intros j J [Hj Best].
  assert (After : forall n, clock_of j = Z.of_nat n -> forall s, (n < s <= t)%nat -> stored_at w p s a = None).
  { intros n C s B. destruct (stored_at w p s a) as [v|] eqn:E; [|reflexivity]. exfalso.
    destruct (There s v ltac:(lia) E) as (k & K & Hk & Ck). specialize (Best k K Hk). cbn [m latest_word rank] in Best. lia. }
  apply latest_word_hit in Hj as (_ & c & Ec & _ & [->|(s & pid & v & B & N & -> & Ew & O)]); [| |intros u E;
    injection E as <-; exact Wa|exact J];
    injection Ec as <-.
  - rewrite (memory_stays w p a 0 t Ba) by (lia || exact (After 0%nat eq_refl)). apply offers_initial. exact Ba.
  - apply offers_logged; [exact B|exact N|]. unfold value_of. rewrite Ew.
    rewrite (memory_stays w p a s t Ba B (After s eq_refl)). symmetry. apply (memory_stored w p a s v Ba).
    apply stored_unbeaten. exists pid. tauto.
Qed.

(* Nothing is found outside memory, nor where neither a load nor a store asks. *)
Theorem latest_word_missed : forall address touches, (forall a, address = Some a -> is_word w a = true) ->
  touches = false \/ address = None \/ (exists a, address = Some a /\ Z.of_nat M <= a) ->
  selects (latest_word w incomplete beaten address touches) l (fun j => fst j = Bos).
Proof.
  intros address touches Wa N. apply selects_bos; [apply latest_word_sound|reflexivity|]. intros j J.
  destruct (hit _ j) eqn:H; [|reflexivity]. exfalso. apply latest_word_hit in H as (E & a & Ea & B & _); [|exact Wa|exact J].
  destruct N as [N|[N|(c & N & O)]]; [congruence|congruence|]. rewrite Ea in N. injection N as <-. lia.
Qed.
End Latest.
End Reads.
