(* Where the nodes of a plan without reuse of coordinates are placed, and which are done after which half. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel Direct.
Import ListNotations.
Open Scope nat_scope.

Lemma half_later : forall n p, p < half_after n p.
Proof. intros [divisor g|q k v] p; cbn [half_after]; destruct (Nat.even p); lia. Qed.

Definition averaged (n : node) : bool := match n with Averaged _ _ _ => true | Rectified _ _ => false end.
Lemma half_odd : forall n p, Nat.odd (half_after n p) = averaged n.
Proof.
  intros [divisor g|q k v] p; cbn [half_after averaged]; unfold Nat.odd; destruct (Nat.even p) eqn:E;
    rewrite ?Nat.even_succ, ?Nat.odd_succ; unfold Nat.odd; rewrite ?E; reflexivity.
Qed.

Lemma node_reads : forall n x i, node_below n x -> In i (read_by x) -> i < n.
Proof.
  intros n x i B I. assert (R : forall g, reads_below n g -> In i (map snd (terms g)) -> i < n).
  { intros g G J. apply in_map_iff in J as ((c & k) & E & J). cbn in E. subst k. exact (G c i J). }
  destruct x as [divisor g|q k v]; cbn [node_below read_by] in *; [exact (R g B I)|]. destruct B as [Bf Bv].
  apply in_flat_map in I as (g & G & J). rewrite app_assoc in G. apply in_app_or in G as [G|[<-|[]]];
    [exact (R g (Bf g G) J)|exact (R _ Bv J)].
Qed.

Lemma max_above : forall (g : nat -> nat) is i, In i is -> g i <= list_max (map g is).
Proof.
  intros g is i. induction is as [|k is IH]; intros I; [destruct I|]. change (list_max (map g (k :: is))) with
    (Nat.max (g k) (list_max (map g is))). destruct I as [<-|I]; [lia|]. specialize (IH I). lia.
Qed.

Lemma placed_facts : forall ns known, let slots := placed known ns in let final := known ++ map half slots in
  map coordinate slots = seq (length known) (length ns) /\
  (forall s, In s slots -> nth_error ns (coordinate s - length known) = Some (content s) /\
    half s = nth (coordinate s) final 0 /\ Nat.odd (half s) = averaged (content s) /\
    (ordered (length known) ns -> forall i, In i (read_by (content s)) -> nth i final 0 < half s)).
Proof.
  induction ns as [|n ns IH]; intros known; [split; [reflexivity|intros s []]|]. cbn [placed].
  set (p := half_after n _). specialize (IH (known ++ [p])). rewrite app_length in IH. cbn [length] in IH.
  rewrite Nat.add_1_r in IH. destruct IH as [C F]. cbn [map coordinate half]. rewrite C. split; [reflexivity|].
  assert (E : (known ++ [p]) ++ map half (placed (known ++ [p]) ns) = known ++ p :: map half (placed (known ++ [p]) ns)) by
    (rewrite <- app_assoc; reflexivity).
  rewrite E in F. intros s [<-|S]; cbn [coordinate content half].
  - rewrite Nat.sub_diag. split; [reflexivity|]. split; [rewrite app_nth2, Nat.sub_diag by lia; reflexivity|].
    split; [apply half_odd|]. intros O i I. pose proof (O 0 n eq_refl) as B. rewrite Nat.add_0_r in B.
    pose proof (node_reads _ n i B I) as L. rewrite app_nth1 by exact L. unfold p.
    pose proof (max_above (fun i => nth i known 0) (read_by n) i I) as M. cbv beta in M.
    pose proof (half_later n (list_max (map (fun i => nth i known 0) (read_by n)))). lia.
  - destruct (F s S) as (N & H & P & R). assert (K : In (coordinate s) (seq (Datatypes.S (length known)) (length ns))) by
      (rewrite <- C; apply in_map; exact S). apply in_seq in K. split; [|split; [exact H|split; [exact P|]]].
    + replace (coordinate s - length known) with (Datatypes.S (coordinate s - Datatypes.S (length known))) by lia. exact N.
    + intros O. apply R. intros i x X. specialize (O (Datatypes.S i) x X). rewrite Nat.add_succ_r in O. exact O.
Qed.

Lemma of_half_in : forall p slots s, In s (of_half p slots) <-> In s slots /\ half s = p.
Proof. intros. unfold of_half. rewrite filter_In, Nat.eqb_eq. reflexivity. Qed.

Lemma of_half_once : forall p slots, NoDup (map coordinate slots) -> NoDup (map coordinate (of_half p slots)).
Proof.
  intros p slots. induction slots as [|s slots IH]; intros N; [constructor|]. inversion N as [|c cs N1 N2]; subst.
  cbn [of_half filter]. fold (of_half p slots). destruct (half s =? p); [|exact (IH N2)]. cbn [map].
    constructor; [|exact (IH N2)].
  intros I. apply N1. apply in_map_iff in I as (t & E & T). apply of_half_in in T as [T _]. rewrite <- E. apply in_map. exact T.
Qed.

Definition within (cs : list nat) (i : nat) : bool := existsb (fun c => c =? i) cs.

Section Placed.
Variables (first : nat) (ns : list node).
Hypothesis in_order : ordered first ns.
Let slots : list slot := placed (repeat 0 first) ns.
Let final : list nat := repeat 0 first ++ map half slots.
Definition done_by (p i : nat) : bool := nth i final 0 <=? p.

Lemma slot_facts : forall s, In s slots -> nth_error ns (coordinate s - first) = Some (content s) /\
  half s = nth (coordinate s) final 0 /\ Nat.odd (half s) = averaged (content s) /\
  (forall i, In i (read_by (content s)) -> nth i final 0 < half s) /\ first <= coordinate s < first + length ns.
Proof.
  intros s S. destruct (placed_facts ns (repeat 0 first)) as [C F]. rewrite repeat_length in *. fold slots final in C, F.
  destruct (F s S) as (N & H & P & R). assert (K : In (coordinate s) (seq first (length ns))) by (rewrite <- C;
    apply in_map; exact S).
  apply in_seq in K. split; [exact N|split; [exact H|split; [exact P|split; [exact (R in_order)|exact K]]]].
Qed.

Lemma slots_once : NoDup (map coordinate slots).
Proof. destruct (placed_facts ns (repeat 0 first)) as [C _]. fold slots in C. rewrite C. apply seq_NoDup. Qed.

Lemma half_within : forall p i, done_by p i || within (map coordinate (of_half (S p) slots)) i = done_by (S p) i.
Proof.
  intros p i. unfold done_by. destruct (within (map coordinate (of_half (S p) slots)) i) eqn:W.
  - apply existsb_exists in W as (c & I & E). apply Nat.eqb_eq in E. subst c. apply in_map_iff in I as (s & <- & S0).
    apply of_half_in in S0 as [S1 H]. destruct (slot_facts s S1) as (_ & H' & _). rewrite <- H', H, orb_true_r. symmetry.
    apply Nat.leb_refl.
  - rewrite orb_false_r. destruct (Nat.leb_spec (nth i final 0) p), (Nat.leb_spec (nth i final 0) (S p)); try lia;
    try reflexivity.
    exfalso. assert (E : nth i final 0 = S p) by lia. enough (X : within (map coordinate (of_half (S p) slots)) i = true) by
      congruence.
    apply existsb_exists. exists i. split; [|apply Nat.eqb_refl]. unfold final in E.
    destruct (Nat.lt_ge_cases i first) as [L|L]; [rewrite app_nth1, nth_repeat in E by (rewrite repeat_length; exact L); lia|].
    rewrite app_nth2, repeat_length in E by (rewrite repeat_length; exact L).
    destruct (placed_facts ns (repeat 0 first)) as [C _]. fold slots in C. rewrite repeat_length in C.
    assert (Ls : length slots = length ns) by (rewrite <- (map_length coordinate), C, seq_length; reflexivity).
    destruct (Nat.lt_ge_cases i (first + length ns)) as [B|B].
    + destruct (nth_error slots (i - first)) as [s|] eqn:X; [|apply nth_error_None in X; lia].
      assert (Ci : coordinate s = i).
      { pose proof (map_nth_error coordinate _ _ X) as Y. rewrite C in Y. apply nth_error_nth with (d := 0) in Y.
        rewrite seq_nth in Y by lia. lia. }
      apply in_map_iff. exists s. split; [exact Ci|]. apply of_half_in. split; [exact (nth_error_In _ _ X)|].
      pose proof (map_nth_error half _ _ X) as Y. apply nth_error_nth with (d := 0) in Y. lia.
    + rewrite nth_overflow in E by (rewrite map_length; lia). lia.
Qed.

Lemma all_done : forall i, done_by (2 * depth_of slots) i = true.
Proof.
  intros i. unfold done_by. apply Nat.leb_le. assert (M : nth i final 0 <= list_max (map half slots)).
  { unfold final. destruct (Nat.lt_ge_cases i first) as [L|L].
    - rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact L). lia.
    - rewrite app_nth2, repeat_length by (rewrite repeat_length; exact L).
      destruct (Nat.lt_ge_cases (i - first) (length slots)) as [B|B]; [|rewrite nth_overflow by (rewrite map_length;
        exact B); lia].
      rewrite <- (map_id (map half slots)) at 2. apply (max_above (fun x => x)). apply nth_In. rewrite map_length. exact B. }
  unfold depth_of. set (m := list_max _) in *. pose proof (Nat.div2_odd (S m)) as D.
    destruct (Nat.odd (S m)); unfold Nat.b2n in D; lia.
Qed.

Lemma one_done : forall one p, one < first -> done_by p one = true.
Proof.
  intros one p L. unfold done_by, final. rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact L). reflexivity.
Qed.
End Placed.
