(* One round of the library's program `components` as a relation between parents: that hooks and jumps keep a forest, how
   heights are bounded by sizes, and what stars are asked for. ConnectivityRounds.v has the number of rounds. *)
From Coq Require Import Arith Lia List Bool.
Import ListNotations.

Section Graph.
Variable n : nat.
Variable E : nat -> nat -> Prop. (* edges, in both directions *)
Hypothesis E_vertices : forall i j, E i j -> i < n /\ j < n.
Hypothesis E_symmetric : forall i j, E i j -> E j i.
Definition parents : Type := nat -> nat.

(* One round, as in the program. A vertex is in a star if its parent is a root, and is nobody's grandparent whose parent is
  none.
   Of several hooks of a root any one may win. *)
Definition star (p : parents) (v : nat) : Prop :=
  p v = p (p v) /\ ~ exists u, u < n /\ p u <> p (p u) /\ p (p u) = p v.
Definition asked (c : nat -> nat -> Prop) (p : parents) (v i j : nat) : Prop := E i j /\ star p i /\ c i j /\ v = p i.
Definition hook (c : nat -> nat -> Prop) (p q : parents) : Prop := forall v, v < n ->
  (exists i j, asked c p v i j /\ q v = p j) \/ (q v = p v /\ ~ exists i j, asked c p v i j).
Definition lesser (p : parents) (i j : nat) : Prop := p j < p i.
Definition outside_stars (p : parents) (i j : nat) : Prop := ~ star p j.
Definition round (p r : parents) : Prop := exists q s, hook (lesser p) p q /\ hook (outside_stars q) q s /\
  forall v, v < n -> r v = s (s v).
Definition finished (p : parents) : Prop := forall i j, E i j -> p i = p j.

Inductive connected : nat -> nat -> Prop :=
| same : forall i, connected i i
| further : forall i j k, E i j -> connected j k -> connected i k.

Lemma connected_joins : forall i j k, connected i j -> connected j k -> connected i k.
Proof. intros i j k A B. induction A as [i|i j' j L A IH]; [exact B|exact (further _ _ _ L (IH B))]. Qed.
Lemma connected_symmetric : forall i j, connected i j -> connected j i.
Proof.
  intros i j A. induction A as [i|i j k L A IH]; [apply same|].
  exact (connected_joins _ _ _ IH (further _ _ _ (E_symmetric _ _ L) (same i))).
Qed.
Lemma connected_vertex : forall i j, connected i j -> i < n -> j < n.
Proof. intros i j A. induction A as [i|i j k L A IH]; intros B; [exact B|]. apply IH, (E_vertices i j L). Qed.

(* Parents that form a forest: of every vertex its depth and its root. *)
Record forest (p : parents) (d root : nat -> nat) : Prop := {
  inside : forall v, v < n -> p v < n;
  along : forall v, v < n -> connected v (p v);
  depth_0 : forall v, v < n -> p v = v -> d v = 0;
  depth_S : forall v, v < n -> p v <> v -> d v = S (d (p v));
  root_p : forall v, v < n -> root (p v) = root v;
  root_root : forall v, v < n -> p (root v) = root v /\ root v < n /\ connected v (root v);
  root_0 : forall v, v < n -> p v = v -> root v = v }.
Arguments inside {p d root}. Arguments along {p d root}. Arguments depth_0 {p d root}. Arguments depth_S {p d root}.
Arguments root_p {p d root}. Arguments root_root {p d root}. Arguments root_0 {p d root}.

Definition count (f : nat -> bool) : nat := length (filter f (seq 0 n)).
Definition size (root : nat -> nat) (r : nat) : nat := count (fun u => root u =? r).

Lemma count_disjoint : forall f g h, (forall u, u < n -> f u = true -> h u = true /\ g u = false) ->
  (forall u, u < n -> g u = true -> h u = true) -> count f + count g <= count h.
Proof.
  intros f g h A B. unfold count. assert (L : forall u, In u (seq 0 n) -> u < n) by (intros u I; apply in_seq in I; lia).
  revert L. generalize (seq 0 n). intros l. induction l as [|u l IH]; intros L; [reflexivity|].
  assert (U : u < n) by (apply L; left; reflexivity). pose proof (IH (fun v I => L v (or_intror I))) as Q. cbn [filter].
  specialize (A u U). specialize (B u U).
  destruct (f u), (g u), (h u); cbn [length]; try lia; destruct (A eq_refl); try discriminate; specialize (B eq_refl);
  discriminate.
Qed.
Lemma count_mono : forall f h, (forall u, u < n -> f u = true -> h u = true) -> count f <= count h.
Proof.
  intros f h A. pose proof (count_disjoint f (fun _ => false) h) as Q. assert (0 <= count (fun _ => false)) by lia.
  enough (count f + count (fun _ => false) <= count h) by lia. apply Q; [intros u U F; split; [exact (A u U F)|reflexivity]|].
  discriminate.
Qed.
Lemma count_most : forall f, count f <= n.
Proof.
  intros f. unfold count. transitivity (length (seq 0 n)); [|rewrite seq_length; reflexivity].
  induction (seq 0 n) as [|u l IH]; [reflexivity|]. cbn. destruct (f u); cbn; lia.
Qed.

(* A hook changes roots of stars alone, and to another parent. *)
Definition proper (c : nat -> nat -> Prop) (p : parents) : Prop := forall i j, star p i -> c i j -> p j <> p i.
Lemma lesser_proper : forall p, proper (lesser p) p.
Proof. intros p i j _ L. unfold lesser in L. lia. Qed.
Lemma star_same : forall p i j, p i = p j -> star p i -> star p j.
Proof. intros p i j H. unfold star. rewrite H. trivial. Qed.
Lemma outside_proper : forall p, proper (outside_stars p) p.
Proof. intros p i j S O H. exact (O (star_same p i j (eq_sym H) S)). Qed.

Section Hook.
Variables (c : nat -> nat -> Prop) (p q : parents) (d root : nat -> nat).
Hypothesis F : forest p d root.
Hypothesis H : hook c p q.
Hypothesis Proper : proper c p.

Lemma hooked_root : forall v i j, asked c p v i j -> v < n /\ p v = v /\ star p v /\ j < n /\ connected v j /\ p j <> v.
Proof.
  intros v i j (L & S & C & ->). destruct (E_vertices i j L) as [Li Lj]. pose proof (proj1 S) as R. symmetry in R.
  split; [exact (inside F i Li)|]. split; [exact R|]. split; [split; [rewrite !R; reflexivity|rewrite R; exact (proj2 S)]|].
  split; [exact Lj|]. split; [|exact (Proper i j S C)].
  apply (connected_joins _ i); [apply connected_symmetric, (along F i Li)|exact (further _ _ _ L (same j))].
Qed.
Lemma kept : forall v, v < n -> p v <> v -> q v = p v.
Proof. intros v L N. destruct (H v L) as [(i & j & A & _)|[Q _]]; [|exact Q]. destruct (hooked_root v i j A) as (_ & R & _).
  contradiction. Qed.
Lemma changed : forall v, v < n -> q v <> p v -> exists i j, asked c p v i j /\ q v = p j.
Proof. intros v L N. destruct (H v L) as [A|[Q _]]; [exact A|contradiction]. Qed.
Lemma moved : forall v, v < n -> p v = v -> q v = v \/ (q v <> v /\ exists i j, asked c p v i j /\ q v = p j).
Proof.
  intros v L R. destruct (Nat.eq_dec (q v) v) as [Q|Q]; [left; exact Q|right]. split; [exact Q|]. apply changed; [exact L|].
  rewrite R. exact Q.
Qed.
Lemma unstarred_kept : forall v, v < n -> p v = v -> ~ star p v -> q v = v.
Proof.
  intros v L R S. destruct (moved v L R) as [Q|(_ & i & j & A & _)]; [exact Q|].
  destruct (hooked_root v i j A) as (_ & _ & Sv & _). contradiction.
Qed.
Lemma q_inside : forall v, v < n -> q v < n.
Proof.
  intros v L. destruct (H v L) as [(i & j & A & ->)|[-> _]]; [|exact (inside F v L)].
  destruct (hooked_root v i j A) as (_ & _ & _ & J & _). exact (inside F j J).
Qed.
Lemma q_along : forall v, v < n -> connected v (q v).
Proof.
  intros v L. destruct (H v L) as [(i & j & A & ->)|[-> _]]; [|exact (along F v L)].
  destruct (hooked_root v i j A) as (_ & _ & _ & J & K & _). exact (connected_joins _ _ _ K (along F j J)).
Qed.

(* Hooks do not go round in circles if some rank falls with each. *)
Variable rank : nat -> nat.
Variable top : nat.
Hypothesis Top : forall r, r < n -> rank r < top.
Hypothesis Falls : forall r, r < n -> p r = r -> q r <> r -> rank (root (q r)) < rank r.

Fixpoint last (f r : nat) : nat := match f with 0 => r | S f => if q r =? r then r else last f (root (q r)) end.
Fixpoint offset (f r : nat) : nat :=
  match f with 0 => 0 | S f => if q r =? r then 0 else S (d (q r)) + offset f (root (q r)) end.
Definition root' (v : nat) : nat := last top (root v).
Definition d' (v : nat) : nat := d v + offset top (root v).

Lemma next_root : forall r, r < n -> p (root (q r)) = root (q r) /\ root (q r) < n /\ connected r (root (q r)).
Proof.
  intros r L. pose proof (q_inside r L) as Q. destruct (root_root F (q r) Q) as (A & B & C).
  split; [exact A|]. split; [exact B|]. exact (connected_joins _ _ _ (q_along r L) C).
Qed.
Lemma fuel : forall f g r, r < n -> p r = r -> rank r < f -> rank r < g -> last f r = last g r /\ offset f r = offset g r.
Proof.
  induction f as [|f IH]; intros g r L R Lf Lg; [lia|]. destruct g as [|g]; [lia|]. cbn [last offset].
  destruct (Nat.eqb_spec (q r) r) as [Q|Q]; [split; reflexivity|]. destruct (next_root r L) as (A & B & _).
  pose proof (Falls r L R Q). destruct (IH g (root (q r)) B A) as [-> ->]; [lia|lia|]. split; reflexivity.
Qed.
Lemma last_ends : forall f r, r < n -> p r = r -> rank r < f -> q (last f r) = last f r /\ last f r < n /\ connected r (last f
  r).
Proof.
  induction f as [|f IH]; intros r L R Lf; [lia|]. cbn [last].
  destruct (Nat.eqb_spec (q r) r) as [Q|Q]; [split; [exact Q|]; split; [exact L|apply same]|].
  destruct (next_root r L) as (A & B & C). pose proof (Falls r L R Q). destruct (IH (root (q r)) B A) as (X & Y & Z); [lia|].
  split; [exact X|]. split; [exact Y|]. exact (connected_joins _ _ _ C Z).
Qed.

Lemma ended : forall f v, q v = v -> last f v = v /\ offset f v = 0.
Proof. intros [|f] v Q; cbn [last offset]; [|rewrite Q, Nat.eqb_refl]; split; reflexivity. Qed.

Lemma hooked_forest : forest q d' root'.
Proof.
  assert (Own : forall v, v < n -> p v = v -> root v = v /\ d v = 0)
    by (intros v L R; split; [exact (root_0 F v L R)|exact (depth_0 F v L R)]).
  assert (Step : forall v, v < n -> p v = v -> q v <> v -> last top v = root' (q v) /\ offset top v = S (d' (q v))).
  { intros v L R Q. pose proof (Top v L) as T. destruct (fuel top (S top) v L R T) as [-> ->]; [lia|]. cbn [last offset].
    destruct (Nat.eqb_spec (q v) v); [contradiction|]. split; reflexivity. }
  constructor.
  - exact q_inside.
  - exact q_along.
  - intros v L Q. assert (R : p v = v).
    { destruct (Nat.eq_dec (p v) v) as [R|R]; [exact R|]. rewrite (kept v L R) in Q. contradiction. }
    destruct (Own v L R) as [E1 E2]. unfold d'. rewrite E1, E2. exact (proj2 (ended top v Q)).
  - intros v L Q. destruct (Nat.eq_dec (p v) v) as [R|R].
    + destruct (Own v L R) as [E1 E2]. destruct (Step v L R Q) as [_ O]. unfold d' at 1. rewrite E1, E2, O. reflexivity.
    + rewrite (kept v L R). unfold d'. rewrite (depth_S F v L R), (root_p F v L). reflexivity.
  - intros v L. destruct (Nat.eq_dec (p v) v) as [R|R].
    + destruct (Nat.eq_dec (q v) v) as [Q|Q]; [rewrite Q; reflexivity|]. destruct (Step v L R Q) as [O _].
      unfold root' at 2. rewrite (proj1 (Own v L R)), O. reflexivity.
    + rewrite (kept v L R). unfold root'. rewrite (root_p F v L). reflexivity.
  - intros v L. destruct (root_root F v L) as (A & B & C). destruct (last_ends top (root v) B A (Top _ B)) as (X & Y & Z).
    split; [exact X|]. split; [exact Y|]. exact (connected_joins _ _ _ C Z).
  - intros v L Q. assert (R : p v = v).
    { destruct (Nat.eq_dec (p v) v) as [R|R]; [exact R|]. rewrite (kept v L R) in Q. contradiction. }
    unfold root'. rewrite (proj1 (Own v L R)). exact (proj1 (ended top v Q)).
Qed.

(* Heights are bounded by sizes as before: what is hooked is longer by the depth of its place, and that tree has joined it. *)
Variables (C : nat -> Prop) (a b e : nat).
Hypothesis Closed : forall v u, C v -> connected v u -> C u.
Hypothesis Bound : forall v, v < n -> C v -> (d v + e) * a <= b * size root (root v).
Hypothesis Place : forall r, r < n -> C r -> p r = r -> q r <> r -> S (d (q r)) * a <= b * size root (root (q r)).

Lemma chain : forall f r, r < n -> C r -> p r = r -> rank r < f -> offset f r * a + b * size root r <=
  b * count (fun u => (last top (root u) =? last f r) && (rank (root u) <=? rank r)).
Proof.
  induction f as [|f IH]; intros r L Cr R Lf; [lia|]. destruct (fuel (S f) top r L R Lf (Top r L)) as [Same _].
  rewrite Same. cbn [offset]. destruct (Nat.eqb_spec (q r) r) as [Q|Q].
  - cbn [Nat.mul Nat.add]. apply Nat.mul_le_mono_l, count_mono. intros u U Eu. apply Nat.eqb_eq in Eu.
    rewrite Eu, Nat.eqb_refl, Nat.leb_refl. reflexivity.
  - destruct (next_root r L) as (A & B & K). pose proof (Falls r L R Q) as Less. set (s := root (q r)) in *.
    assert (Lf' : rank s < f) by lia. pose proof (IH s B (Closed r s Cr K) A Lf') as I. pose proof (Place r L Cr R Q) as Pl.
    fold s in Pl.
    assert (Last : last f s = last top r).
    { rewrite <- Same. cbn [last]. destruct (Nat.eqb_spec (q r) r); [contradiction|reflexivity]. }
    rewrite Last in I.
    enough (size root r + count (fun u => (last top (root u) =? last top r) && (rank (root u) <=? rank s)) <=
      count (fun u => (last top (root u) =? last top r) && (rank (root u) <=? rank r))) by nia.
    unfold size. apply count_disjoint.
    + intros u U Eu. apply Nat.eqb_eq in Eu. rewrite Eu, Nat.eqb_refl, Nat.leb_refl. split; [reflexivity|].
      cbn. apply Nat.leb_gt. exact Less.
    + intros u U Eu. apply andb_true_iff in Eu as [-> Eu]. apply Nat.leb_le in Eu. cbn. apply Nat.leb_le. lia.
Qed.
Lemma hooked_bound : forall v, v < n -> C v -> (d' v + e) * a <= b * size root' (root' v).
Proof.
  intros v L Cv. destruct (root_root F v L) as (A & B & K). pose proof (Bound v L Cv) as Bv.
  pose proof (chain top (root v) B (Closed v _ Cv K) A (Top _ B)) as I.
  enough (count (fun u => (last top (root u) =? last top (root v)) && (rank (root u) <=? rank (root v))) <= size root' (root'
  v))
    by (unfold d'; nia).
  apply count_mono. intros u U Eu. apply andb_true_iff in Eu as [Eu _]. exact Eu.
Qed.
End Hook.

Lemma root_below : forall p d root, forest p d root -> forall v, v < n -> d v = 0 -> root v = v /\ p v = v.
Proof.
  intros p d root F v L D. assert (R : p v = v).
  { destruct (Nat.eq_dec (p v) v) as [R|R]; [exact R|]. pose proof (depth_S F v L R). lia. }
  split; [exact (root_0 F v L R)|exact R].
Qed.

(* Of a star that is named by its root all vertices have that parent. *)
Lemma star_tree : forall p d root, forest p d root -> forall s, s < n -> star p s -> p s = s ->
  forall j, j < n -> root j = s -> p j = s.
Proof.
  intros p d root F s Ls [_ No] Rs. assert (By : forall m j, j < n -> d j <= m -> root j = s -> p j = s).
  { induction m as [|m IH]; intros j L D Eq.
    - destruct (root_below p d root F j L) as [E1 E2]; [lia|]. congruence.
    - destruct (Nat.eq_dec (p j) j) as [R|R]; [rewrite <- Eq; rewrite (root_0 F j L R); exact R|].
      pose proof (depth_S F j L R) as Dj. assert (P : p (p j) = s).
      { apply IH; [exact (inside F j L)|lia|]. rewrite (root_p F j L). exact Eq. }
      destruct (Nat.eq_dec (p j) s) as [Q|Q]; [exact Q|]. exfalso. apply No. exists j. split; [exact L|]. rewrite P, Rs.
        split;
      [exact Q|reflexivity]. }
  intros j L. exact (By (d j) j L (le_n _)).
Qed.
Lemma star_root : forall p d root, forest p d root -> forall i, i < n -> star p i -> root i = p i.
Proof.
  intros p d root F i L [S _]. rewrite <- (root_p F i L). apply (root_0 F); [exact (inside F i L)|]. symmetry. exact S.
Qed.

(* The two kinds of hooks: below a root that is hooked itself only if that is less. *)
Definition rank_of (q : parents) (r : nat) : nat := if q r =? r then 0 else S r.
Definition falls (p q : parents) (root : nat -> nat) : Prop :=
  forall r, r < n -> p r = r -> q r <> r -> rank_of q (root (q r)) < rank_of q r.

Lemma hook_falls : forall c p q d root, forest p d root -> hook c p q -> proper c p ->
  (forall i j, E i j -> star p i -> c i j -> star p j -> p j < p i) -> falls p q root.
Proof.
  intros c p q d root F H Pr Less r L R Q. destruct (moved c p q H r L R) as [|(_ & i & j & A & Eq)]; [contradiction|].
  destruct A as (Lij & S & Ci & ->). destruct (E_vertices i j Lij) as [Li Lj]. unfold rank_of.
  destruct (Nat.eqb_spec (q (p i)) (p i)) as [|_]; [contradiction|]. rewrite Eq, (root_p F j Lj).
  destruct (Nat.eqb_spec (q (root j)) (root j)) as [Y|Y]; [lia|]. destruct (root_root F j Lj) as (Rs & Ls & _).
  destruct (moved c p q H (root j) Ls Rs) as [|(_ & i' & j' & A' & _)]; [contradiction|].
  destruct (hooked_root c p d root F Pr _ i' j' A') as (_ & _ & Ss & _).
  pose proof (star_tree p d root F (root j) Ls Ss Rs j Lj eq_refl) as Pj.
  assert (Sj : star p j) by (apply (star_same p (root j) j); [congruence|exact Ss]).
  pose proof (Less i j Lij S Ci Sj). lia.
Qed.

(* Two facts of a forest that hooks leave: bounds on heights, and that no tree of a part of the graph is a lone vertex. *)
Definition bounded (C : nat -> Prop) (a b e : nat) (d root : nat -> nat) : Prop :=
  forall v, v < n -> C v -> (d v + e) * a <= b * size root (root v).
Definition peopled (C : nat -> Prop) (p : parents) : Prop :=
  forall v, v < n -> C v -> p v = v -> exists u, u < n /\ u <> v /\ p u = v.
Definition part (C : nat -> Prop) : Prop := forall v u, C v -> connected v u -> C u.

Lemma hook_bounded : forall c p q d root C a b e, forest p d root -> hook c p q -> proper c p -> falls p q root -> part C ->
  bounded C a b e d root ->
  (forall r, r < n -> C r -> p r = r -> q r <> r -> S (d (q r)) * a <= b * size root (root (q r))) ->
  exists d' root', forest q d' root' /\ bounded C a b e d' root'.
Proof.
  intros c p q d root C a b e F H Pr Fa Cl B Pl.
  assert (Top : forall r, r < n -> rank_of q r < S (S n)) by (intros r L; unfold rank_of; destruct (q r =? r); lia).
  exists (d' q d root (S (S n))), (root' q root (S (S n))). split.
  - exact (hooked_forest c p q d root F H Pr (rank_of q) (S (S n)) Top Fa).
  - exact (hooked_bound c p q d root F H Pr (rank_of q) (S (S n)) Top Fa C a b e Cl B Pl).
Qed.

Lemma hook_peopled : forall c p q d root C, forest p d root -> hook c p q -> proper c p -> peopled C p -> peopled C q.
Proof.
  intros c p q d root C F H Pr P v L Cv Q. assert (R : p v = v).
  { destruct (Nat.eq_dec (p v) v) as [R|R]; [exact R|]. rewrite (kept c p q d root F H Pr v L R) in Q. contradiction. }
  destruct (P v L Cv R) as (u & Lu & N & Pu). exists u. split; [exact Lu|]. split; [exact N|].
  rewrite (kept c p q d root F H Pr u Lu); congruence.
Qed.

Lemma div2_bound : forall m, Nat.div2 (S m) <= m /\ (2 <= m -> 3 * Nat.div2 (S m) <= 2 * m) /\ Nat.div2 (S m) <= 1 + Nat.div2
  m.
Proof.
  intros m. pose proof (Nat.div2_odd m). pose proof (Nat.div2_odd (S m)). destruct (Nat.odd m), (Nat.odd (S m)); cbn in *;
    lia.
Qed.

(* Every vertex takes its grandparent for its parent. *)
Lemma jump_forest : forall s r d root, forest s d root -> (forall v, v < n -> r v = s (s v)) ->
  forest r (fun v => Nat.div2 (S (d v))) root.
Proof.
  intros s r d root F J. assert (Root : forall v, v < n -> r v = v -> s v = v).
  { intros v L Q. rewrite (J v L) in Q. destruct (Nat.eq_dec (s v) v) as [R|R]; [exact R|]. pose proof (depth_S F v L R) as D.
    destruct (Nat.eq_dec (s (s v)) (s v)) as [R2|R2]; [congruence|]. pose proof (depth_S F (s v) (inside F v L) R2).
    rewrite Q in *. lia. }
  constructor.
  - intros v L. rewrite (J v L). apply (inside F), (inside F), L.
  - intros v L. rewrite (J v L). apply (connected_joins _ (s v)); [exact (along F v L)|]. exact (along F _ (inside F v L)).
  - intros v L Q. rewrite (depth_0 F v L (Root v L Q)). reflexivity.
  - intros v L Q. rewrite (J v L). assert (R : s v <> v) by (intros R; apply Q; rewrite (J v L), R; exact R).
    rewrite (depth_S F v L R). destruct (Nat.eq_dec (s (s v)) (s v)) as [R2|R2].
    + rewrite R2, (depth_0 F (s v) (inside F v L) R2). reflexivity.
    + rewrite (depth_S F (s v) (inside F v L) R2). reflexivity.
  - intros v L. rewrite (J v L), (root_p F _ (inside F v L)). exact (root_p F v L).
  - intros v L. destruct (root_root F v L) as (A & B & K). split; [rewrite (J _ B), A; exact A|]. split; [exact B|exact K].
  - intros v L Q. exact (root_0 F v L (Root v L Q)).
Qed.
Lemma jump_peopled : forall s r d root C, forest s d root -> (forall v, v < n -> r v = s (s v)) -> peopled C s -> peopled C r.
Proof.
  intros s r d root C F J P v L Cv Q. assert (R : s v = v).
  { pose proof (depth_0 (jump_forest s r d root F J) v L Q) as D. cbn beta in D.
    destruct (d v) as [|k] eqn:Dv; [|destruct k; discriminate].
    destruct (root_below s d root F v L Dv) as [_ R]. exact R. }
  destruct (P v L Cv R) as (u & Lu & N & Pu). exists u. split; [exact Lu|]. split; [exact N|]. rewrite (J u Lu), Pu. exact R.
Qed.

(* What is asked for is done; a star after hooks was one before. *)
Lemma asked_moves : forall c p q d root v i j, forest p d root -> hook c p q -> proper c p -> asked c p v i j -> q v <> v.
Proof.
  intros c p q d root v i j F H Pr A. destruct (hooked_root c p d root F Pr v i j A) as (L & _).
  destruct (H v L) as [(i' & j' & A' & ->)|[_ No]]; [|exfalso; apply No; exists i, j; exact A].
  destruct (hooked_root c p d root F Pr v i' j' A') as (_ & _ & _ & _ & _ & N). exact N.
Qed.
Lemma star_before : forall c p q d root, forest p d root -> hook c p q -> proper c p -> forall j, j < n -> star q j -> star p
  j.
Proof.
  intros c p q d root F H Pr j L [S No]. pose proof (kept c p q d root F H Pr) as K.
  assert (R : p (p j) = p j).
  { destruct (Nat.eq_dec (p (p j)) (p j)) as [R|R]; [exact R|]. assert (N : p j <> j) by (intros N; apply R; rewrite N;
    exact N).
    exfalso. apply R. rewrite (K j L N) in S. rewrite (K (p j) (inside F j L) R) in S. symmetry. exact S. }
  split; [symmetry; exact R|]. intros (w & Lw & N1 & N2).
  assert (Nw : p w <> w) by (intros N; apply N1; rewrite N; symmetry; exact N).
  assert (Qr : q (p j) = p j).
  { apply (unstarred_kept c p q d root F H Pr (p j) (inside F j L) R). intros [_ Sn]. apply Sn. exists w. rewrite R. auto. }
  assert (Qj : q j = p j) by (destruct (Nat.eq_dec (p j) j) as [N|N]; [rewrite N in *; exact Qr|exact (K j L N)]).
  apply No. exists w. rewrite (K w Lw Nw), (K (p w) (inside F w Lw)), N2, Qj by congruence.
  split; [exact Lw|]. split; [congruence|reflexivity].
Qed.
Lemma star_kept : forall c p q d root C, forest p d root -> hook c p q -> proper c p -> part C -> peopled C p ->
  forall j, j < n -> C j -> star q j -> star p j /\ q (p j) = p j /\ q j = p j.
Proof.
  intros c p q d root C F H Pr Cl P j L Cj Sq. pose proof (star_before c p q d root F H Pr j L Sq) as Sp.
  pose proof (kept c p q d root F H Pr) as K. pose proof (proj1 Sp) as R. symmetry in R. pose proof (inside F j L) as Lr.
  destruct (P (p j) Lr (Cl j _ Cj (along F j L)) R) as (u & Lu & Nu & Pu).
  pose proof (K u Lu ltac:(congruence)) as Qu.
  assert (Qr : q (p j) = p j).
  { destruct (Nat.eq_dec (q (p j)) (p j)) as [Q|Q]; [exact Q|]. exfalso. destruct Sq as [S No].
    destruct (Nat.eq_dec (p j) j) as [N|N].
    - rewrite N in *. apply No. exists u. rewrite Qu, Pu. split; [exact Lu|]. split; [congruence|reflexivity].
    - rewrite (K j L N) in S. congruence. }
  split; [exact Sp|]. split; [exact Qr|]. destruct (Nat.eq_dec (p j) j) as [N|N]; [rewrite N in *; exact Qr|exact (K j L N)].
Qed.

Lemma lesser_falls : forall p q d root, forest p d root -> hook (lesser p) p q -> falls p q root.
Proof.
  intros p q d root F H. apply (hook_falls (lesser p) p q d root F H (lesser_proper p)). intros i j _ _ Less _. exact Less.
Qed.
Lemma outside_falls : forall p q d root, forest p d root -> hook (outside_stars p) p q -> falls p q root.
Proof.
  intros p q d root F H. apply (hook_falls (outside_stars p) p q d root F H (outside_proper p)).
  intros i j _ _ O S. contradiction.
Qed.

(* A part of the graph: the vertices connected to one. *)
Definition done (x : nat) (p : parents) : Prop := forall i j, connected x i -> E i j -> p i = p j.
Lemma part_of : forall x, part (connected x).
Proof. intros x v u A B. exact (connected_joins _ _ _ A B). Qed.

Lemma done_one : forall x p, done x p -> forall i j, connected x i -> connected i j -> p i = p j.
Proof.
  intros x p D i j Ci A. induction A as [i|i k j L A IH]; [reflexivity|]. rewrite (D i k Ci L). apply IH.
  exact (connected_joins _ _ _ Ci (further _ _ _ L (same k))).
Qed.
Lemma done_star : forall x p d root, x < n -> forest p d root -> done x p -> forall i, connected x i -> star p i.
Proof.
  intros x p d root Lx F D i Ci. pose proof (connected_vertex x i Ci Lx) as L.
  split; [exact (done_one x p D i _ Ci (along F i L))|]. intros (u & Lu & N1 & N2).
  assert (Cu : connected x u).
  { apply (connected_joins _ i _ Ci), (connected_joins _ (p i) _ (along F i L)). rewrite <- N2.
    apply connected_symmetric, (connected_joins _ (p u)); [exact (along F u Lu)|exact (along F _ (inside F u Lu))]. }
  apply N1. exact (done_one x p D u _ Cu (along F u Lu)).
Qed.
End Graph.
