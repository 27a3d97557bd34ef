(* A definition with unary numbers, in writing: items that can be read together are together. *)
From Coq Require Import List Bool ZArith.
From Efasp Require Import Scalars Follows.
Import ListNotations.

Definition number_terms (l : list (Z * nat)) : list (Z * positive) := map (fun '(c, i) => (c, Pos.of_succ_nat i)) l.
Definition write_sum (f : affine) : sum := {| offset := constant f; summands := number_terms (terms f) |}.
Definition write_node (n : node) : item :=
  match n with
  | Rectified f => Units (number_terms (terms f)) [constant f]
  | Averaged queries keys value => Head (map write_sum queries) (map write_sum keys) [write_sum value]
  end.
Fixpoint same_terms (a b : list (Z * positive)) : bool :=
  match a, b with
  | [], [] => true
  | (c, i) :: a', (d, j) :: b' => Pos.eqb i j && Z.eqb c d && same_terms a' b'
  | _, _ => false
  end.
Definition same_sum (f g : sum) : bool := Z.eqb (offset f) (offset g) && same_terms (summands f) (summands g).
Fixpoint same_sums (a b : list sum) : bool :=
  match a, b with [], [] => true | f :: a', g :: b' => same_sum f g && same_sums a' b' | _, _ => false end.
Definition join (i : item) (l : list item) : list item :=
  match i, l with
  | Units a m, Units b n :: rest => if same_terms a b then Units a (m ++ n) :: rest else i :: l
  | Head q k v, Head q' k' v' :: rest => if same_sums q q' && same_sums k k' then Head q k (v ++ v') :: rest else i :: l
  | _, _ => i :: l
  end.
Definition written (d : definition) : writing :=
  {| items := fold_right join [] (map write_node (nodes d)); shown := map write_sum (results d) |}.

Lemma same_terms_equal : forall a b, same_terms a b = true -> a = b.
Proof.
  induction a as [|(c, i) a IH]; intros [|(d, j) b] H; try discriminate; [reflexivity|]. cbn in H.
  apply andb_true_iff in H as [H T]. apply andb_true_iff in H as [I C]. apply Pos.eqb_eq in I. apply Z.eqb_eq in C.
  apply IH in T. congruence.
Qed.

Lemma same_sums_equal : forall a b, same_sums a b = true -> a = b.
Proof.
  induction a as [|[c l] a IH]; intros [|[d m] b] H; try discriminate; [reflexivity|]. cbn in H.
  apply andb_true_iff in H as [H T]. apply andb_true_iff in H as [C L]. cbn in C, L. apply Z.eqb_eq in C.
  apply same_terms_equal in L. apply IH in T. congruence.
Qed.

Lemma join_expands : forall i l, flat_map expand_item (join i l) = expand_item i ++ flat_map expand_item l.
Proof.
  intros [a m|q k v] [|[b n|q' k' v'] rest]; cbn [join]; try reflexivity.
  - destruct (same_terms a b) eqn:E; [|reflexivity]. apply same_terms_equal in E. subst b. cbn [flat_map expand_item].
    rewrite map_app, <- app_assoc. reflexivity.
  - destruct (same_sums q q' && same_sums k k') eqn:E; [|reflexivity]. apply andb_true_iff in E as [Q K].
    apply same_sums_equal in Q, K. subst q' k'. cbn [flat_map expand_item]. rewrite map_app, <- app_assoc. reflexivity.
Qed.

Lemma unary_number : forall l, unary (number_terms l) = l.
Proof.
  induction l as [|(c, i) l IH]; [reflexivity|]. cbn [number_terms unary map]. unfold unary, number_terms in IH. rewrite IH.
  rewrite SuccNat2Pos.id_succ. reflexivity.
Qed.

Lemma expand_written : forall f, expand_sum (write_sum f) = f.
Proof. intros [c l]. unfold expand_sum, write_sum. cbn [offset summands constant terms]. rewrite unary_number. reflexivity. Qed.

Lemma expand_all : forall l, map expand_sum (map write_sum l) = l.
Proof. induction l as [|f l IH]; [reflexivity|]. cbn [map]. rewrite IH, expand_written. reflexivity. Qed.

Theorem written_expanded : forall d, expanded (written d) = d.
Proof.
  intros [ns rs]. unfold expanded, written. cbn [items shown nodes results]. rewrite expand_all. f_equal.
  induction ns as [|n ns IH]; [reflexivity|]. cbn [map fold_right]. rewrite join_expands, IH.
  destruct n as [[c l]|q k v]; cbn [write_node expand_item map app constant terms].
  - rewrite unary_number. reflexivity.
  - rewrite !expand_all, expand_written. reflexivity.
Qed.
