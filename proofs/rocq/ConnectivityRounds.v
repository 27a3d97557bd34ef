(* The library's program `components` ends after at most 3 + log_(3/2) n rounds, on every graph with n vertices: a bound on
   heights by sizes gains a third a round (the relation of Connectivity.v); and what the labels say in the end. *)
From Coq Require Import Arith Lia List Bool.
From Efasp Require Import Connectivity.
Import ListNotations.

Section Graph.
Variable n : nat.
Variable E : nat -> nat -> Prop. (* edges, in both directions *)
Hypothesis E_vertices : forall i j, E i j -> i < n /\ j < n.
Hypothesis E_symmetric : forall i j, E i j -> E j i.
(* What is said there of this graph. *)
Local Notation star := (Connectivity.star n). Local Notation outside_stars := (Connectivity.outside_stars n).
Local Notation count := (Connectivity.count n). Local Notation size := (Connectivity.size n).
Local Notation count_most := (Connectivity.count_most n). Local Notation proper := (Connectivity.proper n).
Local Notation lesser_proper := (Connectivity.lesser_proper n). Local Notation star_same := (Connectivity.star_same n).
Local Notation outside_proper := (Connectivity.outside_proper n). Local Notation falls := (Connectivity.falls n).
Local Notation bounded := (Connectivity.bounded n). Local Notation peopled := (Connectivity.peopled n).
Local Notation asked := (Connectivity.asked n E). Local Notation hook := (Connectivity.hook n E).
Local Notation round := (Connectivity.round n E). Local Notation forest := (Connectivity.forest n E).
Local Notation moved := (Connectivity.moved n E). Local Notation root_below := (Connectivity.root_below n E).
Local Notation jump_forest := (Connectivity.jump_forest n E). Local Notation jump_peopled := (Connectivity.jump_peopled n E).
Local Notation inside F := (Connectivity.inside n E _ _ _ F). Local Notation along F := (Connectivity.along n E _ _ _ F).
Local Notation depth_0 F := (Connectivity.depth_0 n E _ _ _ F).
Local Notation depth_S F := (Connectivity.depth_S n E _ _ _ F). Local Notation root_p F := (Connectivity.root_p n E _ _ _ F).
Local Notation root_root F := (Connectivity.root_root n E _ _ _ F).
Local Notation root_0 F := (Connectivity.root_0 n E _ _ _ F). Local Notation finished := (Connectivity.finished E).
Local Notation connected := (Connectivity.connected E). Local Notation connected_joins := (Connectivity.connected_joins E).
Local Notation part := (Connectivity.part E). Local Notation done := (Connectivity.done E).
Local Notation part_of := (Connectivity.part_of E). Local Notation done_one := (Connectivity.done_one E).
Local Notation same := (Connectivity.same E). Local Notation further := (Connectivity.further E).
Local Notation connected_symmetric := (Connectivity.connected_symmetric E E_symmetric).
Local Notation connected_vertex := (Connectivity.connected_vertex n E E_vertices).
Local Notation hooked_root := (Connectivity.hooked_root n E E_vertices E_symmetric).
Local Notation kept := (Connectivity.kept n E E_vertices E_symmetric).
Local Notation q_inside := (Connectivity.q_inside n E E_vertices E_symmetric).
Local Notation hook_bounded := (Connectivity.hook_bounded n E E_vertices E_symmetric).
Local Notation hook_peopled := (Connectivity.hook_peopled n E E_vertices E_symmetric).
Local Notation asked_moves := (Connectivity.asked_moves n E E_vertices E_symmetric).
Local Notation star_before := (Connectivity.star_before n E E_vertices E_symmetric).
Local Notation star_kept := (Connectivity.star_kept n E E_vertices E_symmetric).
Local Notation lesser_falls := (Connectivity.lesser_falls n E E_vertices E_symmetric).
Local Notation outside_falls := (Connectivity.outside_falls n E E_vertices E_symmetric).
Local Notation done_star := (Connectivity.done_star n E E_vertices E_symmetric).

Section Round.
Variables (p q s r : parents) (d root : nat -> nat).
Hypothesis F : forest p d root.
Hypothesis H1 : hook (lesser p) p q.
Hypothesis H2 : hook (outside_stars q) q s.
Hypothesis J : forall v, v < n -> r v = s (s v).

Lemma forest_q : exists d root, forest q d root.
Proof.
  destruct (hook_bounded (lesser p) p q d root (fun _ => False) 0 0 0 F H1 (lesser_proper p) (lesser_falls p q d root F H1))
    as (d1 & root1 & F1 & _); [intros v u []|intros v _ []|intros v _ []|]. exists d1, root1. exact F1.
Qed.
Lemma round_done : forall x, x < n -> done x p -> done x r.
Proof.
  intros x Lx D. destruct forest_q as (d1 & root1 & F1).
  assert (Q : forall v, connected x v -> q v = p v).
  { intros v Cv. pose proof (connected_vertex x v Cv Lx) as L.
    destruct (H1 v L) as [(i & j & A & _)|[Q _]]; [exfalso|exact Q].
    destruct (hooked_root (lesser p) p d root F (lesser_proper p) v i j A) as (_ & R & _ & _ & K & _).
    destruct A as (_ & _ & Less & ->). unfold lesser in Less. rewrite <- (done_one x p D _ j Cv K), R in Less. lia. }
  assert (D1 : done x q).
  { intros i j Ci L. rewrite (Q i Ci), (Q j (connected_joins _ _ _ Ci (further _ _ _ L (same j)))). exact (D i j Ci L). }
  assert (S : forall v, connected x v -> s v = q v).
  { intros v Cv. pose proof (connected_vertex x v Cv Lx) as L.
    destruct (H2 v L) as [(i & j & A & _)|[S _]]; [exfalso|exact S].
    destruct (hooked_root (outside_stars q) q d1 root1 F1 (outside_proper q) v i j A) as (_ & _ & _ & _ & K & _).
    destruct A as (_ & _ & O & _). apply O. exact (done_star x q d1 root1 Lx F1 D1 j (connected_joins _ _ _ Cv K)). }
  assert (I : forall v, connected x v -> r v = p (p v)).
  { intros v Cv. pose proof (connected_vertex x v Cv Lx) as L. rewrite (J v L), (S v Cv), (Q v Cv).
    pose proof (connected_joins _ _ _ Cv (along F v L)) as Cp. rewrite (S _ Cp). exact (Q _ Cp). }
  intros i j Ci L. rewrite (I i Ci), (I j (connected_joins _ _ _ Ci (further _ _ _ L (same j)))), (D i j Ci L). reflexivity.
Qed.

(* While a part is not done, no tree of it is a star after the hooks. *)
Lemma star_done : forall x, x < n -> peopled (connected x) p -> forall t, t < n -> connected x t -> s t = t -> star s t ->
  done
  x p.
Proof.
  intros x Lx P t Lt Ct Rt St. destruct forest_q as (d1 & root1 & F1).
  pose proof (hook_peopled (lesser p) p q d root (connected x) F H1 (lesser_proper p) P) as P1.
  destruct (star_kept _ q s d1 root1 (connected x) F1 H2 (outside_proper q) (part_of x) P1 t Lt Ct St) as (Sq & _ & Eq1).
  assert (Rq : q t = t) by congruence.
  destruct (star_kept _ p q d root (connected x) F H1 (lesser_proper p) (part_of x) P t Lt Ct Sq) as (Sp & _ & Eq2).
  assert (Rp : p t = t) by congruence.
  assert (Next : forall i j, connected x i -> p i = t -> E i j -> p j = t).
  { intros i j Ci Pi L. destruct (Nat.eq_dec (p j) t) as [|N]; [assumption|exfalso]. destruct (E_vertices i j L) as [Li Lj].
    pose proof (connected_joins _ _ _ Ci (further _ _ _ L (same j))) as Cj.
    pose proof (star_same p t i ltac:(congruence) Sp) as Si.
    destruct (Nat.lt_trichotomy (p j) t) as [Less|[|More]]; [|contradiction|].
    - apply (asked_moves (lesser p) p q d root t i j F H1 (lesser_proper p)); [|exact Rq]. unfold asked, lesser. rewrite Pi.
      auto.
    - apply (asked_moves (outside_stars q) q s d1 root1 t i j F1 H2 (outside_proper q)); [|exact Rt].
      assert (Qi : q i = t).
      { destruct (Nat.eq_dec (p i) i) as [N2|N2]; [congruence|]. rewrite (kept _ p q d root F H1 (lesser_proper p) i Li N2).
        exact Pi. }
      split; [exact L|]. split; [exact (star_same q t i ltac:(congruence) Sq)|]. split; [|symmetry; exact Qi].
      intros Sj. destruct (star_kept _ p q d root (connected x) F H1 (lesser_proper p) (part_of x) P j Lj Cj Sj) as (Spj & Qj
        &
      _).
      apply (asked_moves (lesser p) p q d root (p j) j i F H1 (lesser_proper p)); [|exact Qj].
      split; [exact (E_symmetric i j L)|]. split; [exact Spj|]. split; [unfold lesser; lia|reflexivity]. }
  assert (All : forall i v, connected i v -> connected x i -> p i = t -> p v = t).
  { intros i v A. induction A as [i|i k v L A IH]; intros Ci Pi; [exact Pi|].
    apply IH; [exact (connected_joins _ _ _ Ci (further _ _ _ L (same k)))|exact (Next i k Ci Pi L)]. }
  intros i j Ci L. pose proof (connected_symmetric _ _ Ct) as B.
  pose proof (connected_joins _ _ _ Ci (further _ _ _ L (same j))) as Cj.
  rewrite (All t i (connected_joins _ _ _ B Ci) Ct Rp), (All t j (connected_joins _ _ _ B Cj) Ct Rp). reflexivity.
Qed.
End Round.

(* The gain of a round. *)
Lemma place : forall x p d root a b, x < n -> forest p d root -> peopled (connected x) p -> bounded (connected x) a b 0 d root
  ->
  forall j, j < n -> connected x j -> S (d (p j)) * a <= b * size root (root (p j)).
Proof.
  intros x p d root a b Lx F P B j L Cj. rewrite (root_p F j L). destruct (Nat.eq_dec (p j) j) as [R|R].
  - destruct (P j L Cj R) as (u & Lu & N & Pu). pose proof (along F u Lu) as K. rewrite Pu in K.
    pose proof (B u Lu (connected_joins _ _ _ Cj (connected_symmetric _ _ K))) as Bu.
    rewrite Nat.add_0_r, (depth_S F u Lu ltac:(congruence)), Pu in Bu. rewrite <- (root_p F u Lu), Pu in Bu. rewrite R.
    exact Bu.
  - pose proof (B j L Cj) as Bj. rewrite (depth_S F j L R), Nat.add_0_r in Bj. exact Bj.
Qed.
Lemma hooked_place : forall c x p q d root a b, x < n -> forest p d root -> hook c p q -> proper c p ->
  peopled (connected x) p -> bounded (connected x) a b 0 d root ->
  forall r, r < n -> connected x r -> p r = r -> q r <> r -> S (d (q r)) * a <= b * size root (root (q r)).
Proof.
  intros c x p q d root a b Lx F H Pr P B r L Cr R Q. destruct (moved c p q H r L R) as [|(_ & i & j & A & ->)];
  [contradiction|].
  destruct (hooked_root c p d root F Pr r i j A) as (_ & _ & _ & Lj & K & _).
  exact (place x p d root a b Lx F P B j Lj (connected_joins _ _ _ Cr K)).
Qed.

Definition low (x k : nat) (p : parents) : Prop := exists d root,
  forest p d root /\ peopled (connected x) p /\ bounded (connected x) (3 ^ k) (2 ^ k) 0 d root.
Lemma gain : forall x k p r, x < n -> round p r -> ~ done x p -> low x k p -> low x (S k) r.
Proof.
  intros x k p r Lx (q & s & H1 & H2 & J) Open (d & root & F & P & B).
  destruct (hook_bounded (lesser p) p q d root (connected x) _ _ 0 F H1 (lesser_proper p) (lesser_falls p q d root F H1)
    (part_of x) B (hooked_place _ x p q d root _ _ Lx F H1 (lesser_proper p) P B)) as (d1 & root1 & F1 & B1).
  pose proof (hook_peopled (lesser p) p q d root (connected x) F H1 (lesser_proper p) P) as P1.
  destruct (hook_bounded (outside_stars q) q s d1 root1 (connected x) _ _ 0 F1 H2 (outside_proper q)
    (outside_falls q s d1 root1 F1 H2) (part_of x) B1 (hooked_place _ x q s d1 root1 _ _ Lx F1 H2 (outside_proper q) P1 B1))
    as (d2 & root2 & F2 & B2).
  pose proof (hook_peopled (outside_stars q) q s d1 root1 (connected x) F1 H2 (outside_proper q) P1) as P2.
  exists (fun v => Nat.div2 (S (d2 v))), root2. split; [exact (jump_forest s r d2 root2 F2 J)|].
  split; [exact (jump_peopled s r d2 root2 (connected x) F2 J P2)|].
  intros v L Cv. cbn beta. rewrite Nat.add_0_r, !Nat.pow_succ_r'. pose proof (B2 v L Cv) as Bv. rewrite Nat.add_0_r in Bv.
  destruct (div2_bound (d2 v)) as (_ & Two & _).
  destruct (d2 v) as [|[|m]] eqn:Dv; [cbn; lia| |specialize (Two ltac:(lia)); nia].
  change (Nat.div2 2) with 1. destruct (le_lt_dec (1 * (3 * 3 ^ k)) (2 * 2 ^ k * size root2 (root2 v))) as [|Short];
  [assumption|].
  exfalso. apply Open. destruct (root_root F2 v L) as (Rr & Lr & Kr).
  apply (star_done p q s d root F H1 H2 x Lx P (root2 v) Lr (connected_joins _ _ _ Cv Kr) Rr).
  split; [rewrite !Rr; reflexivity|]. intros (u & Lu & N1 & N2). rewrite Rr in N2.
  assert (Nu : s u <> u) by (intros N; apply N1; rewrite N; symmetry; exact N).
  pose proof (inside F2 u Lu) as Lsu.
  assert (Du : d2 u = 2).
  { rewrite (depth_S F2 u Lu Nu), (depth_S F2 (s u) Lsu ltac:(congruence)), N2, (depth_0 F2 _ Lr Rr). reflexivity. }
  assert (Ru : root2 u = root2 v).
  { rewrite <- (root_p F2 u Lu), <- (root_p F2 (s u) Lsu), N2. exact (root_0 F2 _ Lr Rr). }
  assert (Cu : connected x u).
  { apply (connected_joins _ (root2 v)); [exact (connected_joins _ _ _ Cv Kr)|]. apply connected_symmetric. rewrite <- N2.
    exact (connected_joins _ _ _ (along F2 u Lu) (along F2 _ Lsu)). }
  pose proof (B2 u Lu Cu) as Bu. rewrite Du, Ru in Bu. nia.
Qed.

(* The first two rounds: trees are no higher than their sizes say, and no vertex with a neighbour is alone. *)
Definition tree_like (p : parents) : Prop := exists d root, forest p d root /\ bounded (fun _ => True) 1 1 1 d root.
Lemma first_tree_like : forall p, (forall v, v < n -> p v = v) -> tree_like p.
Proof.
  intros p I. exists (fun _ => 0), (fun v => v). split.
  - constructor; intros v L; try rewrite (I v L); auto; try apply same; try contradiction. split; [reflexivity|].
    split; [exact L|apply same].
  - intros v L _. assert (Z : In v (filter (fun u => u =? v) (seq 0 n))).
    { apply filter_In. split; [apply in_seq; lia|apply Nat.eqb_refl]. }
    unfold Connectivity.size, Connectivity.count. destruct (filter _ _); [destruct Z|cbn; lia].
Qed.
Lemma hook_tree_like : forall c p q, hook c p q -> proper c p -> (forall d root, forest p d root -> falls p q root) ->
  tree_like p -> tree_like q.
Proof.
  intros c p q H Pr Fa (d & root & F & B). apply (hook_bounded c p q d root (fun _ => True) 1 1 1 F H Pr (Fa d root F)).
  - intros v u _ _. exact I.
  - exact B.
  - intros r L _ R Q. pose proof (B (q r) (q_inside c p q d root F H Pr r L) I). lia.
Qed.
Lemma round_tree_like : forall p r, round p r -> tree_like p -> tree_like r.
Proof.
  intros p r (q & s & H1 & H2 & J) T. apply (hook_tree_like _ p q H1 (lesser_proper p)) in T;
    [|intros d root F; exact (lesser_falls p q d root F H1)].
  apply (hook_tree_like _ q s H2 (outside_proper q)) in T; [|intros d root F; exact (outside_falls q s d root F H2)].
  destruct T as (d & root & F & B). exists (fun v => Nat.div2 (S (d v))), root.
  split; [exact (jump_forest s r d root F J)|]. intros v L C. pose proof (B v L C). destruct (div2_bound (d v)) as (Q & _).
  cbn beta. lia.
Qed.

Definition alone (p : parents) (v : nat) : Prop := p v = v /\ forall u, u < n -> p u = v -> u = v.
Lemma alone_star : forall p d root, forest p d root -> forall v, alone p v -> star p v.
Proof.
  intros p d root F v [R A]. split; [rewrite R; symmetry; exact R|]. intros (w & Lw & N1 & N2). rewrite R in N2.
  pose proof (A (p w) (inside F w Lw) N2) as Q. apply N1. rewrite Q. symmetry. exact R.
Qed.
Lemma alone_hook : forall c p q d root, forest p d root -> hook c p q -> proper c p -> forall v, v < n -> alone q v -> alone p
  v.
Proof.
  intros c p q d root F H Pr v L [R A]. pose proof (kept c p q d root F H Pr) as K.
  assert (Rp : p v = v) by (destruct (Nat.eq_dec (p v) v) as [|N]; [assumption|]; pose proof (K v L N); congruence).
  split; [exact Rp|]. intros u Lu Pu. destruct (Nat.eq_dec (p u) u) as [N|N]; [congruence|]. apply A; [exact Lu|].
  rewrite (K u Lu N). exact Pu.
Qed.
Lemma jump_root : forall s r d root, forest s d root -> (forall v, v < n -> r v = s (s v)) -> forall v, v < n -> r v = v -> s
  v
  = v.
Proof.
  intros s r d root F J v L Q. pose proof (depth_0 (jump_forest s r d root F J) v L Q) as D. cbn beta in D.
  destruct (d v) as [|k] eqn:Dv; [|destruct k; discriminate]. destruct (root_below s d root F v L Dv) as [_ R]. exact R.
Qed.
Lemma alone_jump : forall s r d root, forest s d root -> (forall v, v < n -> r v = s (s v)) -> forall v, v < n -> alone r v ->
  alone s v.
Proof.
  intros s r d root F J v L [R A]. pose proof (jump_root s r d root F J v L R) as Rs. split; [exact Rs|].
  intros u Lu Pu. apply A; [exact Lu|]. rewrite (J u Lu), Pu. exact Rs.
Qed.
Lemma hooks_forests : forall p q s d root, forest p d root -> hook (lesser p) p q -> hook (outside_stars q) q s ->
  (exists d root, forest q d root) /\ exists d root, forest s d root.
Proof.
  intros p q s d root F H1 H2. destruct (forest_q p q d root F H1) as (d1 & root1 & F1). split; [exists d1, root1; exact F1|].
  destruct (hook_bounded (outside_stars q) q s d1 root1 (fun _ => False) 0 0 0 F1 H2 (outside_proper q)
    (outside_falls q s d1 root1 F1 H2)) as (d2 & root2 & F2 & _); [intros v u []|intros v _ []|intros v _ []|].
  exists d2, root2. exact F2.
Qed.

Lemma alone_two : forall p0 p1 p2 v u, tree_like p0 -> (forall v, v < n -> p0 v = v) -> round p0 p1 -> round p1 p2 ->
  E v u -> u <> v -> alone p2 v -> False.
Proof.
  intros p0 p1 p2 v u T I (q & s & H1 & H2 & J) (q' & s' & H1' & H2' & J') L N A. destruct (E_vertices v u L) as [Lv Lu].
  assert (T1 : tree_like p1) by (apply (round_tree_like p0); [exists q, s; auto|exact T]).
  destruct T as (d0 & r0 & F0 & _), T1 as (d1 & r1 & F1 & _).
  destruct (hooks_forests p0 q s d0 r0 F0 H1 H2) as [(dq & rq & Fq) (ds & rs & Fs)].
  destruct (hooks_forests p1 q' s' d1 r1 F1 H1' H2') as [(dq' & rq' & Fq') (ds' & rs' & Fs')].
  pose proof (alone_jump s' p2 ds' rs' Fs' J' v Lv A) as As'.
  pose proof (alone_hook _ q' s' dq' rq' Fq' H2' (outside_proper q') v Lv As') as Aq'.
  pose proof (alone_hook _ p1 q' d1 r1 F1 H1' (lesser_proper p1) v Lv Aq') as A1.
  pose proof (alone_jump s p1 ds rs Fs J v Lv A1) as As.
  pose proof (alone_hook _ q s dq rq Fq H2 (outside_proper q) v Lv As) as Aq.
  assert (S0 : forall i, i < n -> star p0 i).
  { intros i Li. split; [rewrite (I i Li); symmetry; exact (I i Li)|]. intros (w & Lw & Nw & _). apply Nw.
    rewrite (I w Lw). symmetry. exact (I w Lw). }
  (* In the first round v has no lesser neighbour, and u hooks. *)
  assert (Less : v < u).
  { destruct (Nat.lt_trichotomy v u) as [|[|More]]; [assumption|congruence|exfalso].
    apply (asked_moves (lesser p0) p0 q d0 r0 v v u F0 H1 (lesser_proper p0)); [|exact (proj1 Aq)].
    split; [exact L|]. split; [exact (S0 v Lv)|]. split; [unfold lesser; rewrite (I v Lv), (I u Lu); exact More|symmetry;
    exact (I v Lv)]. }
  assert (Qu : q u <> u).
  { apply (asked_moves (lesser p0) p0 q d0 r0 u u v F0 H1 (lesser_proper p0)). split; [exact (E_symmetric v u L)|].
    split; [exact (S0 u Lu)|]. split; [unfold lesser; rewrite (I v Lv), (I u Lu); exact Less|symmetry; exact (I u Lu)]. }
  assert (Pu : p1 u <> u).
  { intros R. apply Qu. pose proof (jump_root s p1 ds rs Fs J u Lu R) as Rs.
    rewrite (kept _ q s dq rq Fq H2 (outside_proper q) u Lu Qu) in Rs. exact Rs. }
  (* In the second v is a star. *)
  destruct (Nat.lt_trichotomy (p1 u) v) as [Lt|[Eq|Gt]].
  - apply (asked_moves (lesser p1) p1 q' d1 r1 v v u F1 H1' (lesser_proper p1)); [|exact (proj1 Aq')].
    split; [exact L|]. split; [exact (alone_star p1 d1 r1 F1 v A1)|].
    split; [unfold lesser; rewrite (proj1 A1); exact Lt|symmetry; exact (proj1 A1)].
  - apply N. exact (proj2 A1 u Lu Eq).
  - apply (asked_moves (outside_stars q') q' s' dq' rq' v v u Fq' H2' (outside_proper q')); [|exact (proj1 As')].
    split; [exact L|]. split; [exact (alone_star q' dq' rq' Fq' v Aq')|]. split; [|symmetry; exact (proj1 Aq')].
    intros Su. pose proof (star_before _ p1 q' d1 r1 F1 H1' (lesser_proper p1) u Lu Su) as Sp.
    apply (asked_moves (lesser p1) p1 q' d1 r1 (p1 u) u v F1 H1' (lesser_proper p1)).
    + split; [exact (E_symmetric v u L)|]. split; [exact Sp|]. split; [unfold lesser; rewrite (proj1 A1); exact
      Gt|reflexivity].
    + destruct Su as [S _]. rewrite (kept _ p1 q' d1 r1 F1 H1' (lesser_proper p1) u Lu Pu) in S. symmetry. exact S.
Qed.

Lemma searched : forall p v, (exists u, u < n /\ u <> v /\ p u = v) \/ (forall u, u < n -> p u = v -> u = v).
Proof.
  intros p v. assert (By : forall m, (exists u, u < m /\ u <> v /\ p u = v) \/ (forall u, u < m -> p u = v -> u = v)).
  { induction m as [|m [(u & L & Q)|IH]]; [right; lia|left; exists u; split; [lia|exact Q]|].
    destruct (Nat.eq_dec m v) as [M|M]; [right; intros u L Q; destruct (Nat.eq_dec u m); [congruence|apply IH; [lia|exact
      Q]]|].
    destruct (Nat.eq_dec (p m) v) as [P|P]; [left; exists m; auto|].
    right. intros u L Q. destruct (Nat.eq_dec u m); [congruence|apply IH; [lia|exact Q]]. }
  exact (By n).
Qed.

(* The program: every vertex is its own parent at first, and there is another round as long as an edge has ends with two
  parents. *)
Variable run : nat -> parents.
Hypothesis First : forall v, v < n -> run 0 v = v.
Hypothesis Rounds : forall t, (forall u, u <= t -> ~ finished (run u)) -> round (run t) (run (S t)).

Lemma neighbour : forall v i j, connected v i -> E i j -> i <> j -> exists u, E v u /\ u <> v.
Proof.
  intros v i j A L N. induction A as [i|v k i Lk A IH]; [exists j; auto|].
  destruct (Nat.eq_dec k v) as [->|M]; [exact (IH L N)|exists k; auto].
Qed.
Lemma run_tree_like : forall t, (forall u, u < t -> ~ finished (run u)) -> tree_like (run t).
Proof.
  induction t as [|t IH]; intros O; [exact (first_tree_like (run 0) First)|].
  apply (round_tree_like (run t)); [apply Rounds; intros u L; apply O; lia|apply IH; intros u L; apply O; lia].
Qed.
Lemma open_before : forall x, x < n -> forall t, (forall u, u < t -> ~ finished (run u)) -> ~ done x (run t) ->
  forall u, u <= t -> ~ done x (run u).
Proof.
  intros x Lx. induction t as [|t IH]; intros Open O u L; [replace u with 0 by lia; exact O|].
  destruct (Nat.eq_dec u (S t)) as [->|]; [exact O|]. apply IH; [intros w Lw; apply Open; lia| |lia].
  intros D. apply O. destruct (run_tree_like t) as (d & root & F & _); [intros w Lw; apply Open; lia|].
  destruct (Rounds t (fun u L => Open u ltac:(lia))) as (q & s & H1 & H2 & J).
  exact (round_done (run t) q s (run (S t)) d root F H1 H2 J x Lx D).
Qed.

Lemma low_after : forall x i j, x < n -> connected x i -> E i j -> i <> j -> forall k,
  (forall u, u < 2 + k -> ~ finished (run u)) -> ~ done x (run (2 + k)) -> low x k (run (2 + k)).
Proof.
  intros x i j Lx Ci Lij Nij. induction k as [|k IH]; intros Open O.
  - destruct (run_tree_like 2 Open) as (d & root & F & B). exists d, root. split; [exact F|]. split.
    + intros v L Cv Rv. destruct (searched (run 2) v) as [|A]; [assumption|exfalso].
      destruct (neighbour v i j (connected_joins _ _ _ (connected_symmetric _ _ Cv) Ci) Lij Nij) as (u & Lu & N).
      exact (alone_two (run 0) (run 1) (run 2) v u (first_tree_like (run 0) First) First (Rounds 0 (fun u L => Open u
        ltac:(lia)))
        (Rounds 1 (fun u L => Open u ltac:(lia))) Lu N (conj Rv A)).
    + intros v L Cv. pose proof (B v L I). cbn. lia.
  - change (2 + S k) with (S (2 + k)) in *.
    pose proof (open_before x Lx (S (2 + k)) Open O (2 + k) ltac:(lia)) as O'.
    apply (gain x k (run (2 + k))); [exact Lx|apply Rounds; intros u L; apply Open; lia|exact O'|]. apply IH; [intros u L;
      apply Open;
    lia|exact O'].
Qed.

(* It ends after at most 2 + k rounds, where (3/2)^k > n: so after at most 3 + log_(3/2) n, whichever hooks win. *)
(* backs: corollaries.hooking *)
Theorem rounds_bounded : forall k, 2 ^ k * n < 3 ^ k -> (forall u, u < 2 + k -> ~ finished (run u)) -> finished (run (2 + k)).
Proof.
  intros k Many Open i j L. destruct (Nat.eq_dec (run (2 + k) i) (run (2 + k) j)) as [|N]; [assumption|exfalso].
  destruct (E_vertices i j L) as [Li _]. assert (O : ~ done i (run (2 + k))) by (intros D; exact (N (D i j (same i) L))).
  destruct (low_after i i j Li (same i) L ltac:(congruence) k Open O) as (d & root & F & P & B).
  destruct (root_root F i Li) as (Rr & Lr & Kr). destruct (P (root i) Lr Kr Rr) as (u & Lu & Nu & Pu).
  assert (Cu : connected i u).
  { pose proof (along F u Lu) as K. rewrite Pu in K. exact (connected_joins _ _ _ Kr (connected_symmetric _ _ K)). }
  pose proof (B u Lu Cu) as Bu. rewrite (depth_S F u Lu ltac:(congruence)) in Bu.
  pose proof (count_most (fun v => root v =? root u)). unfold Connectivity.size in Bu. nia.
Qed.

(* Then two vertices have one label exactly if they are connected, and a label is a vertex of its part. *)
(* backs: corollaries.connected *)
Theorem labels_right : forall t, (forall u, u < t -> ~ finished (run u)) -> finished (run t) -> forall i j, i < n -> j < n ->
  (run t i = run t j <-> connected i j) /\ run t i < n /\ connected i (run t i).
Proof.
  intros t Open D i j Li Lj. destruct (run_tree_like t Open) as (d & root & F & _).
  split; [|split; [exact (inside F i Li)|exact (along F i Li)]]. split.
  - intros Eq. apply (connected_joins _ _ _ (along F i Li)). rewrite Eq. exact (connected_symmetric _ _ (along F j Lj)).
  - intros A. exact (done_one i (run t) (fun a b _ L => D a b L) i j (same i) A).
Qed.
End Graph.
