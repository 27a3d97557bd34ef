(* The scalars of a definition as a model: each position has one vector, which begins with its code, and in which every node has
   its value, computed from the vectors themselves. For this nodes must read earlier scalars only. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars.
Import ListNotations.
Open Scope nat_scope.

Definition reads_below (n : nat) (f : affine) : Prop := forall c i, In (c, i) (terms f) -> i < n.
Definition node_below (n : nat) (x : node) : Prop :=
  match x with
  | Rectified _ f => reads_below n f
  | Averaged queries keys value => (forall f, In f (queries ++ keys) -> reads_below n f) /\ reads_below n value
  end.
(* Every node reads the entries of the code, of which there are [first], and nodes before it. *)
Definition ordered (first : nat) (ns : list node) : Prop :=
  forall i x, nth_error ns i = Some x -> node_below (first + i) x.

Lemma affine_longer : forall f h rest, reads_below (length h) f -> affine_at f (h ++ rest) = affine_at f h.
Proof.
  intros f h rest H. unfold affine_at, reads_below in *. revert H. generalize (terms f). intros ts H.
  induction ts as [|[c i] ts IH]; [reflexivity|]. cbn [fold_right]. rewrite IH by (intros d k I; apply (H d k); right; exact I).
  rewrite app_nth1 by (apply (H c i); left; reflexivity). reflexivity.
Qed.

Section Positions.
Context {A : Type}.
Variable l : list A.

Lemma node_longer : forall n x (f rest : A -> vector) j, node_below n x -> (forall k, In k l -> length (f k) = n) -> In j l ->
  node_at x (map (fun k => f k ++ rest k) l) (f j ++ rest j) = node_at x (map f l) (f j).
Proof.
  intros n x f rest j B L J. assert (E : forall g k, In k l -> reads_below n g -> affine_at g (f k ++ rest k) = affine_at g (f
    k)).
  { intros g k K R. apply affine_longer. rewrite (L k K). exact R. }
  destruct x as [divisor g|queries keys value]; cbn [node_at node_below] in *; [rewrite (E g j J B); reflexivity|].
  destruct B as [Bf Bv]. f_equal. unfold maximisers. rewrite !map_map.
  assert (S : forall k, In k l -> score_of queries keys (f j ++ rest j) (f k ++ rest k) = score_of queries keys (f j) (f k)).
  { intros k K. unfold score_of.
    assert (G : forall ps, (forall a b, In (a, b) ps -> reads_below n a /\ reads_below n b) ->
      fold_right (fun '(a, b) r => affine_at a (f j ++ rest j) * affine_at b (f k ++ rest k) + r)%Q 0%Q ps =
      fold_right (fun '(a, b) r => affine_at a (f j) * affine_at b (f k) + r)%Q 0%Q ps).
    { induction ps as [|[a b] ps IH]; intros H; [reflexivity|]. cbn [fold_right].
      destruct (H a b (or_introl eq_refl)) as [Ra Rb]. rewrite (E a j J Ra), (E b k K Rb), IH; [reflexivity|].
      intros c d I. apply H. right. exact I. }
    apply G. intros a b I. pose proof (in_combine_l _ _ _ _ I). apply in_combine_r in I.
    split; apply Bf, in_or_app; [left|right]; assumption. }
  assert (G : forall k, In k l -> greatest (map (fun i => score_of queries keys (f j ++ rest j) (f i ++ rest i)) l) =
    greatest (map (fun i => score_of queries keys (f j) (f i)) l)) by (intros; f_equal; apply map_ext_in; exact S).
  rewrite (G j J). generalize (greatest (map (fun i => score_of queries keys (f j) (f i)) l)). intros top. clear G.
  assert (F : forall ks, (forall k, In k ks -> In k l) ->
    map (affine_at value) (filter (fun there => Qeq_bool (score_of queries keys (f j ++ rest j) there) top)
      (map (fun k => f k ++ rest k) ks)) =
    map (affine_at value) (filter (fun there => Qeq_bool (score_of queries keys (f j) there) top) (map f ks))).
  { induction ks as [|k ks IH]; intros I; [reflexivity|]. cbn [map filter]. rewrite (S k (I k (or_introl eq_refl))).
    specialize (IH (fun i H => I i (or_intror H))). destruct (Qeq_bool _ top); [|exact IH]. cbn [map]. rewrite IH.
    rewrite (E value k (I k (or_introl eq_refl)) Bv). reflexivity. }
  apply F. intros k K. exact K.
Qed.

(* The scalars of a definition, position by position. *)
Theorem scalars_model : forall first ns (code : A -> vector), (forall j, In j l -> length (code j) = first) ->
  ordered first ns -> exists f, fold_left extend ns (map code l) = map f l /\
  (forall j, In j l -> length (f j) = first + length ns /\ exists rest, f j = code j ++ rest) /\
  (forall i x, nth_error ns i = Some x -> forall j, In j l -> nth (first + i) (f j) 0%Q = node_at x (map f l) (f j)).
Proof.
  intros first ns. induction ns as [|x ns IH] using rev_ind; intros code L O.
  - exists code. split; [reflexivity|]. split.
    + intros j J. split; [rewrite (L j J); apply plus_n_O|]. exists []. symmetry. apply app_nil_r.
    + intros [|i] y E; discriminate.
  - assert (O' : ordered first ns).
    { intros i y E. apply O. rewrite nth_error_app1; [exact E|]. apply nth_error_Some. congruence. }
    destruct (IH code L O') as (f & E & B & M). rewrite fold_left_app, E. cbn [fold_left]. unfold extend.
    set (rest := fun j => [node_at x (map f l) (f j)]). exists (fun j => f j ++ rest j). rewrite map_map. split; [reflexivity|].
    assert (Lf : forall k, In k l -> length (f k) = first + length ns) by (intros k K; apply B; exact K). split.
    + intros j J. destruct (B j J) as (Lj & r & Rj). rewrite !app_length. cbn [length rest]. split; [lia|].
      exists (r ++ rest j). rewrite Rj at 1. apply eq_sym, app_assoc.
    + intros i y N j J. destruct (Nat.lt_ge_cases i (length ns)) as [I|I].
      * rewrite nth_error_app1 in N by exact I. rewrite app_nth1 by (rewrite (Lf j J); lia). rewrite (M i y N j J).
        symmetry. apply (node_longer (first + length ns)); [|exact Lf|exact J].
        pose proof (O' i y N) as Below. destruct y as [divisor g|qs ks v]; cbn [node_below] in *.
        -- intros c k K. specialize (Below c k K). lia.
        -- destruct Below as [Bf Bv]. split; [intros g G c k K; specialize (Bf g G c k K)|intros c k K; specialize (Bv c k K)];
             lia.
      * rewrite nth_error_app2 in N by exact I. assert (i = length ns /\ y = x) as [-> ->].
        { destruct (i - length ns) as [|k] eqn:K; [|destruct k; discriminate]. cbn in N. split; [lia|congruence]. }
        rewrite app_nth2, (Lf j J), Nat.sub_diag by (rewrite (Lf j J); lia). cbn [nth rest].
        symmetry. apply (node_longer (first + length ns)); [|exact Lf|exact J].
        specialize (O (length ns) x). rewrite nth_error_app2, Nat.sub_diag in O by lia. exact (O eq_refl).
Qed.
End Positions.
