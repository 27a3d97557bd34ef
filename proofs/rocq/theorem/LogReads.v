(* What every attention of the step over the log reads, while the block of time t + 1 is filled. Everything that is read is
   of the configuration of time t. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Composition Statement Sequences Scalars Matching Positions Reached LogSites LogMatches.
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
Hypothesis open : existsb is_mask b = true.
Let site_of := site_of w p T t b l of_log next_time some.
Let done_in := done_in w p T t b l of_log next_time some.

(* A position of the log by its place. *)
Lemma initial_site : forall j a, In j l -> snd j = PInitial a ->
  0 <= a < Z.of_nat M /\ fst j = word (nth (Z.to_nat a) (initial p) 0).
Proof.
  intros j a J E. destruct (site_of j J) as [j H|c A|k s pid K B N|k pid u K N R|k s pid K B N];
    try discriminate; [destruct H; discriminate|]. injection E as ->. split; [exact A|reflexivity].
Qed.

Lemma part_site : forall j k time pid, In j l -> snd j = PLog k time pid -> 0 <= k < 3 /\ 0 <= pid < Z.of_nat P /\
  exists s, (s <= T)%nat /\ time = Z.of_nat s /\ (masked j = false -> (s <= S t)%nat /\ fst j = part k (logged w p s pid)) /\
    ((s <= t)%nat -> fst j = part k (logged w p s pid)).
Proof.
  intros j k time pid J E. destruct (site_of j J) as [j H|c A|n s q K B N|n q u K N R|n s q K B N];
    try discriminate; [destruct H; discriminate| | |]; injection E as -> <- ->; (split; [exact K|split; [exact N|]]).
  - exists s. split; [lia|]. split; [reflexivity|]. split; intros; [split; [lia|reflexivity]|reflexivity].
  - exists (S t). split; [lia|]. split; [reflexivity|]. split; [|lia].
    intros Mj. destruct R as [->| ->]; [discriminate|]. split; [lia|reflexivity].
  - exists s. split; [lia|]. split; [reflexivity|]. split; [discriminate|lia].
Qed.

Lemma clock_word : forall s, (s <= T)%nat -> is_word (clock_bits w) (Z.of_nat s) = true.
Proof. intros s B. apply is_word_range. unfold latest in until. unfold size. lia. Qed.

Let pid_word := pid_word w ext p V.
Let address_fits := address_fits w ext p V.
Lemma widths : (2 <= w)%nat /\ (2 <= clock_bits w)%nat.
Proof. clear - V. pose proof (program_fits w ext p V) as [W _]. unfold clock_bits. split; [exact W|lia]. Qed.

Let prompted_log : prompted w p l := prompted_in w p T t b l of_log next_time some.

Lemma log_plain_sound : forall m : matching position, (forall j, sink m j = is_bos j) ->
  (forall d, In d (compared m) -> (2 <= bits d)%nat /\ offered d bos = None) ->
  (forall f, In f (among m ++ exclude m) -> f bos = false) -> (forall j, rank m j = 0) -> capacity m = 1 -> sound m l.
Proof.
  intros m K C G R U. apply (sound_at_bos w p); [exact prompted_log|exact K|exact C|exact G|apply R|].
  intros j _. rewrite R, U. lia.
Qed.

(* Readiness: whether a block has a mask. *)
Lemma block_sound : forall time, sound (block_of w time) l.
Proof.
  intros time. pose proof widths. apply log_plain_sound; try reflexivity.
  - intros d [<-|[]]. split; [apply H|reflexivity].
  - intros f [<-|[]]. reflexivity.
Qed.

Lemma block_hit : forall time j, In j l -> hit (block_of w time) j = true ->
  masked j = true /\ exists s, (S t <= s <= T)%nat /\ time_of j = Some (Z.of_nat s) /\
    exists v, time = Some v /\ (is_word (clock_bits w) v = true -> v = Z.of_nat s).
Proof.
  intros time j J H. apply hit_spec in H as (_ & A & G & _). specialize (A _ (or_introl eq_refl)).
  specialize (G _ (or_introl eq_refl)). cbn [wanted offered bits] in A. split; [exact G|].
  destruct time as [v|]; [|discriminate]. destruct (snd j) as [| |f i|a|k s i|a s|i r s|i s] eqn:E;
    try (unfold time_of in A; rewrite E in A; discriminate). destruct (part_site j k s i J E) as (_ & _ & n & B & -> & _ & D).
  exists n. assert (Lt : (S t <= n)%nat).
  { destruct (Nat.le_gt_cases n t) as [C|C]; [|lia]. exfalso. specialize (D C). unfold masked in G. rewrite D in G.
    destruct (part_unmasked k (logged w p n i)). congruence. }
  split; [lia|]. unfold time_of in A |- *. rewrite E in A |- *. cbn [place_row] in A |- *. split; [reflexivity|].
  exists v. split; [reflexivity|]. intros Wv. rewrite agrees_word in A by (exact Wv || exact (clock_word n B)).
  apply Z.eqb_eq. exact A.
Qed.

(* The blocks up to time t have no mask; those from t + 1 on have one; and no block is asked for without a time. *)
Theorem block_complete : forall s, (s <= t)%nat -> selects (block_of w (Some (Z.of_nat s))) l (fun j => fst j = Bos).
Proof.
  intros s B. apply selects_bos; [apply block_sound|reflexivity|]. intros j J. destruct (hit _ j) eqn:H; [|reflexivity].
  exfalso. apply block_hit in H as (_ & n & C & _ & v & E & D); [|exact J]. injection E as <-.
  specialize (D (clock_word s ltac:(lia))). lia.
Qed.

Theorem block_incomplete : forall s, (S t <= s <= T)%nat -> selects (block_of w (Some (Z.of_nat s))) l (fun j => fst j = Mask).
Proof.
  intros s B. apply selects_hits; [apply block_sound| |].
  - destruct (mask_in w ext p T t b l of_log V next_time some open s B) as (q & E & J). exists (Mask, q).
    split; [exact J|]. unfold hit. cbn [block_of sink compared among exclude refuses refused forallb wanted offered bits].
    rewrite E, agrees_word, Z.eqb_refl by exact (clock_word s (proj2 B)). reflexivity.
  - intros j J H. apply block_hit in H as (Mj & _); [|exact J]. destruct j as [x q]. destruct x; (discriminate || reflexivity).
Qed.

Theorem block_without_time : selects (block_of w None) l (fun j => fst j = Bos).
Proof.
  apply selects_bos; [apply block_sound|reflexivity|]. intros j J. destruct (hit _ j) eqn:H; [|reflexivity].
  exfalso. apply block_hit in H as (_ & n & _ & _ & v & E & _); [discriminate|exact J].
Qed.

(* A token of a complete block, by time and processor: the counter, or the value of a target. *)
Lemma token_sound : forall k time pid, sound (token_at w k time pid) l.
Proof.
  intros k time pid. pose proof widths. apply log_plain_sound; try reflexivity.
  - intros d [<-|[<-|[]]]; (split; [apply H|reflexivity]).
  - intros f [<-|[<-|[]]]; reflexivity.
Qed.

Lemma token_hit : forall k time pid j, In j l -> hit (token_at w k time pid) j = true -> exists s i,
  (s <= S t)%nat /\ 0 <= i < Z.of_nat P /\ j = (part k (logged w p s i), PLog k (Z.of_nat s) i) /\
  agrees (clock_bits w) time (Some (Z.of_nat s)) = true /\ agrees w pid (Some i) = true.
Proof.
  intros k time pid j J H. apply hit_spec in H as (_ & A & G & E & _). pose proof (A _ (or_introl eq_refl)) as A1.
  pose proof (A _ (or_intror (or_introl eq_refl))) as A2. specialize (G _ (or_introl eq_refl)).
  specialize (E _ (or_introl eq_refl)). cbn [wanted offered bits] in A1, A2. unfold at_part in G.
  destruct j as [x q]. cbn [snd] in G. destruct q as [| |f i|a|n s i|a s|i r s|i s]; try discriminate. apply Z.eqb_eq in G.
  subst n.
  destruct (part_site _ k s i J eq_refl) as (_ & B & n & _ & -> & D & _). destruct (D E) as [C X]. cbn [fst] in X. subst x.
  exists n, i. tauto.
Qed.

Theorem token_read : forall k s pid, 0 <= k < 3 -> (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  selects (token_at w k (Some (Z.of_nat s)) (Some pid)) l (fun j => fst j = part k (logged w p s pid)).
Proof.
  intros k s pid K B N. pose proof (clock_word s ltac:(lia)) as Ws. pose proof (pid_word pid N) as Wp.
  apply selects_hits; [apply token_sound| |].
  - eexists. split; [exact (done_in k s pid K B N)|]. unfold hit.
    cbn [token_at sink compared among exclude refuses refused forallb wanted offered bits].
    change (time_of _) with (Some (Z.of_nat s)). change (index_of _) with (Some pid).
    rewrite !agrees_word, !Z.eqb_refl by assumption. unfold at_part, masked, is_bos. cbn [fst snd]. rewrite Z.eqb_refl.
    destruct (part_unmasked k (logged w p s pid)) as [U1 U2]. rewrite U1.
    destruct (part k (logged w p s pid)); (reflexivity || congruence).
  - intros j J H. apply token_hit in H as (n & i & B' & N' & -> & A1 & A2); [|exact J]. cbn [fst].
    rewrite agrees_word in A1, A2 by (assumption || exact (clock_word n ltac:(lia)) || exact (pid_word i N')).
    apply Z.eqb_eq in A1, A2. apply Nat2Z.inj in A1. subst. reflexivity.
Qed.

(* The own program counter one time before: that of the configuration. *)
Corollary counter_read : forall s pid, (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  selects (counter_at w (Some (Z.of_nat s)) (Some pid)) l
    (fun j => fst j = Word (state (self (reached w p s) pid)) (pc (self (reached w p s) pid))).
Proof.
  intros s pid B N. rewrite <- (logged_counter w p s pid N). apply token_read; [lia|exact B|exact N].
Qed.

(* The value that a target of a complete block is paired with. *)
Corollary value_read : forall s pid, (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  selects (value_at w (Some (Z.of_nat s)) (Some pid)) l (fun j => fst j = word (value_of (logged w p s pid))).
Proof. intros s pid B N. apply (token_read 2 s pid); [lia|exact B|exact N]. Qed.

Theorem token_missed : forall k time pid, time = None \/ pid = None ->
  selects (token_at w k time pid) l (fun j => fst j = Bos).
Proof.
  intros k time pid N. apply selects_bos; [apply token_sound|reflexivity|]. intros j J.
  destruct (hit _ j) eqn:H; [|reflexivity].
  exfalso. apply token_hit in H as (n & i & _ & _ & _ & A1 & A2); [|exact J]. destruct N as [->| ->]; discriminate.
Qed.

(* Indices are words, so that urgencies are within their capacity; and so are clocks. *)
Lemma index_range : forall j i, In j l -> index_of j = Some i -> 0 <= i < size w.
Proof.
  intros j i J E. pose proof (program_fits w ext p V) as (_ & Pf & Mf & _). apply is_word_range.
  destruct j as [x q]. destruct q as [| |f n|a|k s n|a s|n r s|n s] eqn:Eq; try discriminate.
  - destruct (p_only _ _ _ prompted_log _ J) as [H|[_ []]]. inversion H; subst. injection E as <-.
    eapply (index_word w ext p V). eassumption.
  - injection E as <-. apply address_fits. apply (initial_site _ a J eq_refl).
  - injection E as <-. apply pid_word. apply (part_site _ k s n J eq_refl).
  - exfalso. pose proof (site_of _ J) as H. inversion H; subst. inversion H0.
  - exfalso. pose proof (site_of _ J) as H. inversion H; subst. inversion H0.
  - exfalso. pose proof (site_of _ J) as H. inversion H; subst. inversion H0.
Qed.

Lemma clock_range : forall j, In j l -> 0 <= clock_of j < size (clock_bits w).
Proof.
  intros j J. pose proof (size_positive (clock_bits w)). unfold clock_of, time_of.
  destruct (snd j) as [| |f n|a|k s n|a s|n r s|n s] eqn:E; cbn [place_row]; try lia.
  destruct (part_site _ k s n J E) as (_ & _ & m & B & -> & _). apply is_word_range. exact (clock_word m B).
Qed.

(* The most urgent of the stores to one address at one time: whether it is of another processor. *)
Lemma concurrent_sound : forall time address, sound (concurrent w time address) l.
Proof.
  intros time address. pose proof widths as [W C]. pose proof (size_positive w). apply (sound_at_bos w p); try reflexivity.
  - exact prompted_log.
  - intros d [<-|[<-|[]]]; (split; [assumption|reflexivity]).
  - intros f [<-|[]]; reflexivity.
  - intros j J. cbn [concurrent rank capacity]. unfold urgency. destruct (index_of j) as [i|] eqn:E; [|lia].
    pose proof (index_range j i J E). lia.
Qed.

Lemma concurrent_hit : forall s a j, (s <= t)%nat -> is_word w a = true -> In j l ->
  hit (concurrent w (Some (Z.of_nat s)) (Some a)) j = true ->
  exists q, 0 <= q < Z.of_nat P /\ snd j = PLog 1 (Z.of_nat s) q /\ stores_to w p s a q = true.
Proof.
  intros s a j B Wa J H. apply hit_spec in H as (_ & A & G & _). pose proof (A _ (or_introl eq_refl)) as A1.
  pose proof (A _ (or_intror (or_introl eq_refl))) as A2. specialize (G _ (or_introl eq_refl)).
  cbn [wanted offered bits] in A1, A2. unfold at_part in G. destruct j as [x q]. cbn [snd] in G.
  destruct q as [| |f i|c|n s' i|c s'|i r s'|i s']; try discriminate. apply Z.eqb_eq in G. subst n.
  destruct (part_site _ 1 s' i J eq_refl) as (_ & N & n & Bn & -> & _ & D). change (time_of _) with (Some (Z.of_nat n)) in A1.
  rewrite agrees_word in A1 by (exact (clock_word s ltac:(lia)) || exact (clock_word n Bn)). apply Z.eqb_eq in A1.
  apply Nat2Z.inj in A1. subst n. specialize (D B). cbn [fst] in D. subst x. exists i. split; [exact N|]. split; [reflexivity|].
  unfold word_of in A2. cbn [fst] in A2. unfold part, target_token in A2. cbn [Z.eqb Pos.eqb] in A2. unfold stores_to.
  destruct (writes (logged w p s i)) as [[r v|c v]|] eqn:E; try discriminate. cbn [word] in A2.
  rewrite agrees_word in A2; [exact A2|exact Wa|]. apply address_fits.
  apply (e_memory _ _ _ (logged_effective w ext p V s i N) c v E).
Qed.

Theorem concurrent_read : forall s a v pid, (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  writes (logged w p s pid) = Some (ToMemory a v) ->
  selects (concurrent w (Some (Z.of_nat s)) (Some a)) l
    (fun j => (1 <=? urgency w j - (size w - 1 - pid)) = outdone w p s pid).
Proof.
  intros s a v pid B N E.
  assert (Wa : is_word w a = true) by (apply address_fits, (e_memory _ _ _ (logged_effective w ext p V s pid N) a v E)).
  assert (There : forall q u, 0 <= q < Z.of_nat P -> writes (logged w p s q) = Some (ToMemory a u) -> exists k, In k l /\
    hit (concurrent w (Some (Z.of_nat s)) (Some a)) k = true /\ urgency w k = size w - 1 - q).
  { intros q u Nq Eq. exists (part 1 (logged w p s q), PLog 1 (Z.of_nat s) q).
    split; [exact (done_in 1 s q ltac:(lia) B Nq)|]. split; [|reflexivity].
    unfold hit. cbn [concurrent sink compared among exclude refuses refused forallb wanted offered bits].
    change (time_of _) with (Some (Z.of_nat s)). unfold word_of, at_part, is_bos. cbn [fst snd].
    unfold part, target_token. cbn [Z.eqb Pos.eqb]. rewrite Eq. cbn [word].
    rewrite !agrees_word, !Z.eqb_refl by (exact Wa || exact (clock_word s ltac:(lia))). reflexivity. }
  destruct (There pid v N E) as (k & K & Hk & Uk).
  apply (selects_impl _ _ _ _ (selects_found _ _ (concurrent_sound _ _) (ex_intro _ k (conj K Hk)))).
  intros j J [Hj Best]. apply concurrent_hit in Hj as (q & Nq & Sq & St); [|exact B|exact Wa|exact J].
  assert (Uj : urgency w j = size w - 1 - q) by (unfold urgency, index_of; rewrite Sq; reflexivity). rewrite Uj.
  pose proof (Best k K Hk) as Lq. cbn [concurrent rank] in Lq. rewrite Uj, Uk in Lq.
  unfold stores_to in St. destruct (writes (logged w p s q)) as [[r u|c u]|] eqn:Eq; try discriminate. apply Z.eqb_eq in St.
  subst c. destruct (outdone w p s pid) eqn:O.
  - apply Z.leb_le. destruct (Z.eq_dec q pid) as [->|]; [|lia]. exfalso.
    assert (O' : outdone w p s pid = false); [|congruence]. apply (outdone_not w p s a v pid E). intros n x Bn Wn.
    destruct (There n x ltac:(lia) Wn) as (k' & K' & Hk' & Uk'). specialize (Best k' K' Hk'). cbn [concurrent rank] in Best.
    rewrite Uj, Uk' in Best. lia.
  - apply Z.leb_gt. rewrite (outdone_not w p s a v pid E) in O. destruct (Z.lt_ge_cases q pid) as [C|C]; [|lia].
    exfalso. apply (O q u); [lia|exact Eq].
Qed.

(* A position without a time or without a word has no concurrent store. *)
Theorem concurrent_missed : forall time address, time = None \/ address = None ->
  selects (concurrent w time address) l (fun j => fst j = Bos).
Proof.
  intros time address N. apply selects_bos; [apply concurrent_sound|reflexivity|]. intros j J.
  destruct (hit _ j) eqn:H; [|reflexivity].
  exfalso. apply hit_spec in H as (_ & A & _). pose proof (A _ (or_introl eq_refl)) as A1.
  pose proof (A _ (or_intror (or_introl eq_refl))) as A2. cbn [wanted offered bits] in A1, A2.
  destruct N as [->| ->]; discriminate.
Qed.
End Reads.
