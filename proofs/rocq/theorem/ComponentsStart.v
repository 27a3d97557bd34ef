(* The library's program `components` on a graph, as the library lays it out in memory; and its first 23 instructions, which
   give
   every processor a vertex and an edge, and make every vertex its own parent. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep ComponentsText ComponentsParts ComponentsLoop.
Import ListNotations.
Open Scope Z_scope.

(* The graph with vertices 0, ..., n - 1 and the edges of a list: n, the number of edges, two words; a record of two words for
   every vertex; and the ends of every edge. Memory may be larger: the rest is not used. *)
Definition ends (edges : list (nat * nat)) : list nat := flat_map (fun '(i, j) => [i; j]) edges.
Definition layout (n : nat) (edges : list (nat * nat)) (rest : list Z) : list Z :=
  [Z.of_nat n; Z.of_nat (length edges); 0; 0] ++ repeat 0 (2 * n) ++ map Z.of_nat (ends edges) ++ rest.
Definition components_on (P n : nat) (edges : list (nat * nat)) (rest : list Z) : program :=
  {| instructions := components; processors := P; initial := layout n edges rest |}.
Definition adjacent (edges : list (nat * nat)) (i j : nat) : Prop := In (i, j) edges \/ In (j, i) edges.

Lemma ends_length : forall edges, length (ends edges) = (2 * length edges)%nat.
Proof.
  induction edges as [|(i, j) edges IH]; [reflexivity|]. change (ends ((i, j) :: edges)) with (i :: j :: ends edges).
  cbn [length]. rewrite IH. lia.
Qed.
Lemma ends_at : forall edges e, (e < length edges)%nat ->
  nth e edges (0, 0)%nat = (nth (2 * e) (ends edges) 0%nat, nth (2 * e + 1) (ends edges) 0%nat).
Proof.
  induction edges as [|(i, j) edges IH]; intros [|e] L; cbn [length] in L; try lia; [reflexivity|].
  replace (2 * S e)%nat with (S (S (2 * e))) by lia. apply IH. lia.
Qed.
Lemma layout_length : forall n edges rest, length (layout n edges rest) = (4 + 2 * n + 2 * length edges + length rest)%nat.
Proof. intros n edges rest. unfold layout. rewrite !app_length, repeat_length, map_length, ends_length. cbn. lia. Qed.
Lemma layout_record : forall n edges rest, (1 <= n)%nat -> nth 4 (layout n edges rest) 0 = 0.
Proof. intros [|n] edges rest L; [lia|reflexivity]. Qed.
Lemma layout_end : forall n edges rest k d, 0 <= k -> d = 2 * Z.of_nat n + k + 4 -> k < 2 * Z.of_nat (length edges) ->
  nth (Z.to_nat d) (layout n edges rest) 0 = Z.of_nat (nth (Z.to_nat k) (ends edges) 0%nat).
Proof.
  intros n edges rest k d K -> L. unfold layout. rewrite app_nth2 by (cbn [length]; lia).
  rewrite app_nth2 by (rewrite repeat_length; cbn [length]; lia). rewrite repeat_length. cbn [length].
  replace (Z.to_nat (2 * Z.of_nat n + k + 4) - 4 - 2 * n)%nat with (Z.to_nat k) by lia.
  rewrite app_nth1 by (rewrite map_length, ends_length; lia). exact (map_nth Z.of_nat (ends edges) 0%nat (Z.to_nat k)).
Qed.
(* The other end. *)
Lemma flip_even : forall e, 0 <= e -> Z.lxor (2 * e) 1 = 2 * e + 1.
Proof. intros [|e|e] L; [reflexivity|reflexivity|lia]. Qed.
Lemma flip_odd : forall e, 0 <= e -> Z.lxor (2 * e + 1) 1 = 2 * e.
Proof. intros [|e|e] L; [reflexivity|reflexivity|lia]. Qed.
Lemma half_of : forall k, 0 <= k -> exists e, 0 <= e /\ (k = 2 * e \/ k = 2 * e + 1).
Proof. intros k L. exists (k / 2). pose proof (Z.div_mod k 2). pose proof (Z.mod_pos_bound k 2). lia. Qed.

Section Start.
Variables (w P n : nat) (edges : list (nat * nat)) (rest : list Z).
Local Notation p := (components_on P n edges rest).
Hypothesis Wide : (7 <= w)%nat.
Hypothesis Some_vertex : (1 <= n)%nat.
Hypothesis Vertices : forall i j, In (i, j) edges -> (i < n)%nat /\ (j < n)%nat.
Hypothesis Enough : (n <= P)%nat /\ (2 * length edges <= P)%nat.
Hypothesis Memory : Z.of_nat (length (layout n edges rest)) <= size w.
Let Large : 4 + 2 * Z.of_nat n + 2 * Z.of_nat (length edges) + Z.of_nat (length rest) <= size w.
Proof. rewrite layout_length in Memory. lia. Qed.

Let has_edge (pid : Z) : bool := pid <? 2 * Z.of_nat (length edges).
Let half : Z := 2 ^ (Z.of_nat w - 1).
(* Of a processor its vertex, and the two ends of its edge. *)
Definition vertex (pid : Z) : nat := if pid mod 2 ^ (Z.of_nat w - 1) <? Z.of_nat n then Z.to_nat (pid mod 2 ^ (Z.of_nat w -
  1)) else 0%nat.
Definition end_of (pid : Z) : nat := if pid <? 2 * Z.of_nat (length edges) then nth (Z.to_nat pid) (ends edges) 0%nat else
  0%nat.
Definition other_end (pid : Z) : nat :=
  if pid <? 2 * Z.of_nat (length edges) then nth (Z.to_nat (Z.lxor pid 1)) (ends edges) 0%nat else 0%nat.

Lemma halved : size w = 2 * half.
Proof. unfold size, half. rewrite <- Z.pow_succ_r by lia. f_equal. lia. Qed.
Lemma end_inside : forall k, (nth k (ends edges) 0 < n)%nat.
Proof.
  intros k. destruct (le_lt_dec (2 * length edges) k) as [L|L].
  - rewrite nth_overflow; [lia|]. rewrite ends_length. exact L.
  - assert (I : In (nth k (ends edges) 0%nat) (ends edges)) by (apply nth_In; rewrite ends_length; exact L).
    unfold ends in I at 2. apply in_flat_map in I as ((i, j) & I & [<-|[<-|[]]]); apply (Vertices i j I).
Qed.
Lemma flipped : forall pid, 0 <= pid < 2 * Z.of_nat (length edges) ->
  0 <= Z.lxor pid 1 < 2 * Z.of_nat (length edges) /\ adjacent edges (end_of pid) (other_end pid).
Proof.
  intros pid L. destruct (half_of pid) as (e & E0 & E); [lia|]. unfold end_of, other_end.
  destruct (Z.ltb_spec pid (2 * Z.of_nat (length edges))); [|lia].
  assert (A : In (nth (2 * Z.to_nat e) (ends edges) 0, nth (2 * Z.to_nat e + 1) (ends edges) 0)%nat edges).
  { rewrite <- ends_at by lia. apply nth_In. lia. }
  destruct E as [-> | ->]; rewrite ?flip_even, ?flip_odd by exact E0; (split; [lia|]);
  replace (Z.to_nat (2 * e)) with (2 * Z.to_nat e)%nat by lia;
  replace (Z.to_nat (2 * e + 1)) with (2 * Z.to_nat e + 1)%nat by lia; [left|right]; exact A.
Qed.

Lemma given : setting w p n (adjacent edges) vertex end_of other_end.
Proof.
  assert (Ends : forall i j, In (i, j) edges -> exists e, (e < length edges)%nat /\
    nth (2 * e) (ends edges) 0%nat = i /\ nth (2 * e + 1) (ends edges) 0%nat = j).
  { intros i j K. apply (In_nth _ _ (0, 0)%nat) in K as (e & L & Q). rewrite ends_at in Q by exact L. injection Q as Q1 Q2.
    exists e. auto. }
  constructor; unfold acting; cbn [processors initial components_on]; rewrite ?layout_length.
  - reflexivity.
  - exact Wide.
  - lia.
  - lia.
  - intros pid A. unfold vertex. destruct (Z.ltb_spec (pid mod 2 ^ (Z.of_nat w - 1)) (Z.of_nat n)) as [L|]; [|lia].
    pose proof (Z.mod_pos_bound pid (2 ^ (Z.of_nat w - 1))). pose proof (Z.pow_pos_nonneg 2 (Z.of_nat w - 1)). lia.
  - intros pid A. unfold end_of. destruct (pid <? _); [apply end_inside|lia].
  - intros pid A. unfold other_end. destruct (pid <? _); [apply end_inside|lia].
  - intros v L. exists (Z.of_nat v). split; [lia|]. unfold vertex. fold half. pose proof halved.
    rewrite Z.mod_small by lia. destruct (Z.ltb_spec (Z.of_nat v) (Z.of_nat n)); lia.
  - intros pid A. destruct (Z.ltb_spec pid (2 * Z.of_nat (length edges))) as [L|L].
    + right. apply flipped. lia.
    + left. unfold end_of, other_end. destruct (Z.ltb_spec pid (2 * Z.of_nat (length edges))); [lia|reflexivity].
  - intros i j [K|K]; apply Ends in K as (e & L & <- & <-); [exists (2 * Z.of_nat e)|exists (2 * Z.of_nat e + 1)];
    (split; [lia|]); unfold end_of, other_end; rewrite ?flip_even, ?flip_odd by lia;
    match goal with |- context [?a <? ?b] => destruct (Z.ltb_spec a b); [|lia] end; split; f_equal; lia.
Qed.

Let Fits := fits w p n (adjacent edges) vertex end_of other_end given.
Lemma instructions_are : instructions p = components. Proof. reflexivity. Qed.
Let Text := instructions_are.
Let word := load_word w p n (adjacent edges) vertex end_of other_end given.
Let large := large w Wide.
Let m0 (a : Z) : Z := nth (Z.to_nat a) (layout n edges rest) 0.

(* An end, loaded by a processor that has an edge; or the word at 4, of one that has none. *)
Lemma end_loaded : forall pid k, 0 <= pid -> (has_edge pid = true -> 0 <= k < 2 * Z.of_nat (length edges)) ->
  (if ((if has_edge pid then 2 * Z.of_nat n + k else 0) + 4) mod size w <? Z.of_nat (length (layout n edges rest))
   then Some (m0 (((if has_edge pid then 2 * Z.of_nat n + k else 0) + 4) mod size w)) else None) =
  Some (Z.of_nat (if has_edge pid then nth (Z.to_nat k) (ends edges) 0%nat else 0%nat)).
Proof.
  intros pid k N K. rewrite layout_length. destruct (has_edge pid).
  - specialize (K eq_refl). rewrite Z.mod_small by lia.
    destruct (Z.ltb_spec (2 * Z.of_nat n + k + 4) (Z.of_nat (4 + 2 * n + 2 * length edges + length rest))); [|lia].
    f_equal. apply layout_end; lia.
  - rewrite Z.mod_small by lia. destruct (Z.ltb_spec (0 + 4) (Z.of_nat (4 + 2 * n + 2 * length edges + length rest))); [|lia].
    f_equal. exact (layout_record n edges rest Some_vertex).
Qed.

Lemma start_part : forall k Q,
  (forall m f3 f4 f5 f6, holds n m (fun v => v) ->
    after_steps w p k (lock p Running 23 m (bank vertex end_of other_end f3 f4 f5 f6)) Q) ->
  after_steps w p (23 + k) (start P (layout n edges rest)) Q.
Proof.
  intros k Q Next. change (start P (layout n edges rest)) with (start (processors p) (initial p)). rewrite start_locked.
  cbn [Nat.add repeat]. change (fun a => nth (Z.to_nat a) (initial p) 0) with m0.
  set_to Text Fits (fun pid : Z => pid). { reflexivity. }
  set_to Text Fits (fun _ : Z => Z.of_nat n). { apply (word m0 0); [lia|reflexivity]. }
  set_to Text Fits (fun _ : Z => 2 * Z.of_nat n). { rewrite Z.mod_small by lia. reflexivity. }
  set_to Text Fits (fun _ : Z => Z.of_nat (length edges)). { apply (word m0 1); [lia|reflexivity]. }
  set_to Text Fits (fun _ : Z => 2 * Z.of_nat (length edges)). { rewrite Z.mod_small by lia. reflexivity. }
  set_to Text Fits (fun pid => Z.b2z (has_edge pid)). { reflexivity. }
  set_to Text Fits (fun pid => mask w (has_edge pid)). { rewrite (mask_minus w Wide). reflexivity. }
  set_to Text Fits (fun pid => (2 * Z.of_nat n + pid) mod size w). { reflexivity. }
  set_to Text Fits (fun pid => if has_edge pid then 2 * Z.of_nat n + pid else 0).
  { rewrite (mask_and w Wide) by (apply Z.mod_pos_bound; lia). unfold acting in A. unfold has_edge.
    destruct (Z.ltb_spec pid (2 * Z.of_nat (length edges))); [|reflexivity]. rewrite Z.mod_small by lia. reflexivity. }
  set_to Text Fits (fun pid => Z.of_nat (end_of pid)).
  { apply end_loaded; [apply A|]. unfold acting in A. unfold has_edge. lia. }
  set_to Text Fits (fun pid => Z.of_nat (end_of pid)).
  { assert (L : (end_of pid < n)%nat) by (apply (I_inside _ _ _ _ _ _ _ given pid A)).
    rewrite (mask_and w Wide) by lia. unfold end_of. fold (has_edge pid). destruct (has_edge pid); reflexivity. }
  set_to Text Fits (fun pid => name (end_of pid)).
  { assert (L : (end_of pid < n)%nat) by (apply (I_inside _ _ _ _ _ _ _ given pid A)). unfold name.
    rewrite Z.mod_small by lia. reflexivity. }
  set_to Text Fits (fun pid => Z.lxor pid 1). { reflexivity. }
  set_to Text Fits (fun pid => (Z.lxor pid 1 + 2 * Z.of_nat n) mod size w). { reflexivity. }
  set_to Text Fits (fun pid => if has_edge pid then 2 * Z.of_nat n + Z.lxor pid 1 else 0).
  { rewrite (mask_and w Wide) by (apply Z.mod_pos_bound; lia). unfold acting in A. unfold has_edge.
    destruct (Z.ltb_spec pid (2 * Z.of_nat (length edges))); [|reflexivity]. destruct (flipped pid) as (F & _); [lia|].
    rewrite Z.mod_small by lia. f_equal. lia. }
  set_to Text Fits (fun pid => Z.of_nat (other_end pid)).
  { apply end_loaded; [apply A|]. unfold acting in A. unfold has_edge. intros B. apply flipped. lia. }
  set_to Text Fits (fun pid => Z.of_nat (other_end pid)).
  { assert (L : (other_end pid < n)%nat) by (apply (J_inside _ _ _ _ _ _ _ given pid A)).
    rewrite (mask_and w Wide) by lia. unfold other_end. fold (has_edge pid). destruct (has_edge pid); reflexivity. }
  set_to Text Fits (fun pid => name (other_end pid)).
  { assert (L : (other_end pid < n)%nat) by (apply (J_inside _ _ _ _ _ _ _ given pid A)). unfold name.
    rewrite Z.mod_small by lia. reflexivity. }
  set_to Text Fits (fun pid => 2 * (pid mod half)).
  { rewrite halved, Z.mul_mod_distr_l; [reflexivity| |lia]. pose proof halved. lia. }
  set_to Text Fits (fun pid => Z.b2z (pid mod half <? Z.of_nat n)).
  { destruct (Z.ltb_spec (2 * (pid mod half)) (2 * Z.of_nat n)); destruct (Z.ltb_spec (pid mod half) (Z.of_nat n)); try lia;
    reflexivity. }
  set_to Text Fits (fun pid => mask w (pid mod half <? Z.of_nat n)). { rewrite (mask_minus w Wide). reflexivity. }
  set_to Text Fits (fun pid => name (vertex pid)).
  { pose proof halved. pose proof (Z.mod_pos_bound pid half). rewrite (mask_and w Wide) by lia. unfold vertex, name. fold
    half.
    destruct (Z.ltb_spec (pid mod half) (Z.of_nat n)); [|reflexivity]. rewrite Z2Nat.id by lia. reflexivity. }
  store_to Text Fits (fun pid => name (vertex pid) + 5) (fun pid => name (vertex pid)).
  { assert (L : (vertex pid < n)%nat) by (apply (V_inside _ _ _ _ _ _ _ given pid A)).
    cbn [initial components_on]. rewrite layout_length. unfold name. rewrite Z.mod_small by lia. repeat split. lia. }
  intros m S. tidy. apply (Next m).
  apply (parents_stored w p n (adjacent edges) vertex end_of other_end given _ _ _ (fun v => v) S); [reflexivity|].
  intros v L. exact L.
Qed.
End Start.
