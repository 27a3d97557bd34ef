(* Worlds: a value for every scalar of a table at every position, which is what the table says that it is. And tables that grow,
   averages, and the maximisers of scores. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Setoid FMapPositive Lia.
From Efasp Require Import Statement Scalars Terms TermsSound Interning.
Import ListNotations.
Open Scope Q_scope.

(* Meanings. A world is the value of every scalar at every position. *)
Definition winners (b : bilinear) (here : env) (world : list env) : list env :=
  let top := greatest (map (fun there => bilinear_value here there b) world) in
  filter (fun there => Qeq_bool (bilinear_value here there b) top) world.
Definition oriented (up : bool) (q : Q) : Q := if up then q else - q.
Definition meaning (t : table) (world : list env) (here : env) (e : entry) : Q :=
  match e with
  | Unit d up c => match Map.find d (directions t) with Some l => rectify (oriented up (value here l) + c) | None => 0 end
  | Mean s of =>
      match Map.find s (scores t) with Some b => average (map (fun there => there of) (winners b here world)) | None => 0 end
  end.
Definition valid_in (t : table) (world : list env) : Prop :=
  forall here, In here world -> forall i e, Map.find i (entries t) = Some e -> here i == meaning t world here e.
Definition sum_at (here : env) (l : list positive) : Q := fold_right (fun o rest => here o + rest) 0 l.
Definition holds (here : env) (i : positive) (f : fact) : Prop :=
  match f with
  | One => here i == 1 | AtLeastZero => 0 <= here i
  | Within owners => - sum_at here owners <= here i /\ here i <= sum_at here owners
  end.
Definition known_in (known : facts) (world : list env) : Prop :=
  forall here, In here world -> forall i f, Map.find i known = Some f -> holds here i f.

(* Tables grow: numbers that are given are not given again. *)
Record fresh (t : table) : Prop := {
  fresh_scalar : forall i, (next_scalar t <= i)%positive -> Map.find i (entries t) = None;
  fresh_direction : forall i, (next_direction t <= i)%positive -> Map.find i (directions t) = None;
  fresh_score : forall i, (next_score t <= i)%positive -> Map.find i (scores t) = None }.
Record extends (t u : table) : Prop := {
  same_entries : forall i e, Map.find i (entries t) = Some e -> Map.find i (entries u) = Some e;
  same_directions : forall i l, Map.find i (directions t) = Some l -> Map.find i (directions u) = Some l;
  same_scores : forall i b, Map.find i (scores t) = Some b -> Map.find i (scores u) = Some b }.
Definition grows (t u : table) : Prop := fresh t -> fresh u /\ extends t u.

Lemma extends_refl : forall t, extends t t.
Proof. split; trivial. Qed.
Lemma extends_trans : forall t u v, extends t u -> extends u v -> extends t v.
Proof. intros t u v [A B C] [D E F]. split; auto. Qed.
Lemma grows_refl : forall t, grows t t.
Proof. intros t F. split; [exact F|apply extends_refl]. Qed.
Lemma added_fresh : forall A (m : Map.t A) n v, (forall i, (n <= i)%positive -> Map.find i m = None) ->
  (forall i, (Pos.succ n <= i)%positive -> Map.find i (Map.add n v m) = None) /\
  (forall i w, Map.find i m = Some w -> Map.find i (Map.add n v m) = Some w).
Proof.
  intros A m n v H. split; intros i.
  - intros L. rewrite Map.gso by lia. apply H. lia.
  - intros w F. rewrite Map.gso; [exact F|]. intros ->. rewrite H in F by lia. discriminate.
Qed.

Lemma grows_direction : forall t key l, grows t (add_direction t key l).
Proof.
  intros t key l [A B C]. destruct (added_fresh _ _ _ l B) as [D E]. split; split; cbn [add_direction entries next_scalar
    directions next_direction scores next_score]; trivial.
Qed.
Lemma grows_unit : forall t n up c, grows t (add_unit t n up c).
Proof.
  intros t n up c [A B C]. destruct (added_fresh _ _ _ (Unit n up c) A) as [D E]. split; split; cbn [add_unit entries
    next_scalar directions next_direction scores next_score]; trivial.
Qed.

(* Averages and maximisers. *)
Lemma average_linear : forall A (f g : A -> Q) c l,
  average (map (fun x => c * f x + g x) l) == c * average (map f l) + average (map g l).
Proof.
  intros A f g c l. unfold average. rewrite !map_length. unfold Qdiv. generalize (/ inject_Z (Z.of_nat (length l))). intros k.
  induction l as [|x l IH]; cbn [map fold_right]; [ring|]. rewrite Qmult_plus_distr_l, IH. ring.
Qed.

Lemma average_extends : forall A B (P : A -> B -> Prop) (f : A -> Q) (g : B -> Q) l m, (forall x y, P x y -> f x == g y) ->
  Forall2 P l m -> average (map f l) == average (map g m).
Proof.
  intros A B P f g l m H F. assert (E : fold_right Qplus 0 (map f l) == fold_right Qplus 0 (map g m)).
  { induction F as [|x y l m R _ IH]; cbn [map fold_right]; [reflexivity|]. rewrite (H x y R), IH. reflexivity. }
  unfold average. rewrite E, !map_length. assert (L : length l = length m) by (clear - F; induction F; cbn; congruence).
  rewrite L. reflexivity.
Qed.

Lemma average_zero : forall A (l : list A), average (map (fun _ => 0) l) == 0.
Proof.
  intros A l. unfold average. assert (E : fold_right Qplus 0 (map (fun _ : A => 0) l) == 0).
  { induction l as [|x l IH]; cbn [map fold_right]; [reflexivity|]. rewrite IH. reflexivity. }
  rewrite E. unfold Qdiv. ring.
Qed.

Lemma average_constant : forall A c (l : list A), l <> [] -> average (map (fun _ => c) l) == c.
Proof.
  intros A c l H. unfold average. rewrite map_length.
  assert (E : fold_right Qplus 0 (map (fun _ : A => c) l) == inject_Z (Z.of_nat (length l)) * c).
  { clear H. induction l as [|x l IH]; [cbn; ring|]. cbn [map fold_right length]. rewrite IH, Nat2Z.inj_succ.
    unfold Z.succ. rewrite inject_Z_plus. ring. }
  rewrite E. field. destruct l as [|x l]; [congruence|]. cbn [length]. rewrite Nat2Z.inj_succ.
  intros Q. unfold Qeq in Q. cbn in Q. lia.
Qed.

Lemma average_nonnegative : forall A (f : A -> Q) l, (forall x, In x l -> 0 <= f x) -> 0 <= average (map f l).
Proof.
  intros A f l H. unfold average. apply Qmult_le_0_compat.
  - induction l as [|x l IH]; cbn [map fold_right]; [lra|]. assert (0 <= f x) by (apply H; left; reflexivity).
    assert (0 <= fold_right Qplus 0 (map f l)) by (apply IH; intros y I; apply H; right; exact I). lra.
  - apply Qinv_le_0_compat. change 0 with (inject_Z 0). rewrite <- Zle_Qle. lia.
Qed.

Lemma le_scaled : forall s k x y x' y', 0 < s -> x == s * y + k -> x' == s * y' + k -> Qle_bool x x' = Qle_bool y y'.
Proof.
  intros s k x y x' y' S E E'. apply eq_true_iff_eq. rewrite !Qle_bool_iff, E, E'. rewrite Qplus_le_l, Qmult_le_l by exact S.
  reflexivity.
Qed.

Lemma eq_scaled : forall s k x y x' y', 0 < s -> x == s * y + k -> x' == s * y' + k -> Qeq_bool x x' = Qeq_bool y y'.
Proof.
  intros s k x y x' y' S E E'. apply eq_true_iff_eq. rewrite !Qeq_bool_iff, E, E'. split; intros H.
  - apply Qplus_inj_r in H. apply Qmult_inj_l in H; [exact H|]. intros Z. rewrite Z in S. discriminate.
  - rewrite H. reflexivity.
Qed.

Lemma greatest_scaled : forall s k xs ys, 0 < s -> xs <> [] -> Forall2 (fun x y => x == s * y + k) xs ys ->
  greatest xs == s * greatest ys + k.
Proof.
  intros s k xs ys S N F. unfold greatest. assert (H : hd 0 xs == s * hd 0 ys + k).
  { destruct F as [|x y xs ys R F]; [congruence|exact R]. }
  clear N. generalize dependent (hd 0 ys). generalize (hd 0 xs). intros a b H.
  induction F as [|x y xs ys R F IH]; cbn [fold_right]; [exact H|].
  rewrite (le_scaled s k _ _ _ _ S R IH). destruct (Qle_bool y _); assumption.
Qed.

(* Of two lists whose scores agree up to a positive factor and a constant the maximisers correspond. *)
Lemma selected : forall A B (P : A -> B -> Prop) (f : A -> Q) (g : B -> Q) s k l m, 0 < s ->
  (forall x y, P x y -> f x == s * g y + k) -> Forall2 P l m ->
  Forall2 P (filter (fun x => Qeq_bool (f x) (greatest (map f l))) l)
    (filter (fun y => Qeq_bool (g y) (greatest (map g m))) m).
Proof.
  intros A B P f g s k l m S H F. destruct l as [|x0 l0] eqn:EL; [inversion F; constructor|]. rewrite <- EL in *.
  assert (T : greatest (map f l) == s * greatest (map g m) + k).
  { apply greatest_scaled; [exact S|rewrite EL; discriminate|]. clear - F H. induction F; constructor; auto. }
  revert T. generalize (greatest (map f l)), (greatest (map g m)). intros a b T. clear EL x0 l0.
  induction F as [|x y l m R F IH]; [constructor|]. cbn [filter].
  rewrite (eq_scaled s k _ _ _ _ S (H x y R) T). destruct (Qeq_bool (g y) b); [constructor|]; assumption.
Qed.

Lemma greatest_in : forall l, l <> [] -> In (greatest l) l.
Proof.
  intros l H. unfold greatest. assert (I : In (hd 0 l) l) by (destruct l; [congruence|left; reflexivity]).
  revert I. generalize (hd 0 l). clear H. intros a I.
  assert (G : forall m, In (fold_right (fun a b => if Qle_bool a b then b else a) a m) (a :: m)).
  { induction m as [|x m IH]; cbn [fold_right]; [left; reflexivity|]. destruct (Qle_bool x _); [|right; left; reflexivity].
    destruct IH as [E|E]; [left; exact E|right; right; exact E]. }
  destruct (G l) as [E|E]; [rewrite <- E; exact I|exact E].
Qed.

Lemma winners_some : forall b here world, world <> [] -> winners b here world <> [].
Proof.
  intros b here world H. unfold winners. cbv zeta. set (f := fun there => bilinear_value here there b).
  assert (I : In (greatest (map f world)) (map f world)) by (apply greatest_in; destruct world; [congruence|discriminate]).
  apply in_map_iff in I as (e & E & I). intros N.
  assert (J : In e (filter (fun there => Qeq_bool (f there) (greatest (map f world))) world)).
  { apply filter_In. split; [exact I|]. apply Qeq_bool_iff. rewrite E. reflexivity. }
  fold f in N. change (filter (fun there => Qeq_bool (f there) (greatest (map f world))) world = []) in N.
  rewrite N in J. contradiction.
Qed.

Lemma rectify_scaled : forall s q, 0 < s -> rectify (s * q) == s * rectify q.
Proof.
  intros s q S. unfold rectify. rewrite (le_scaled s 0 0 0 (s * q) q) by (exact S || ring). destruct (Qle_bool 0 q); ring.
Qed.

Lemma rectify_equal : forall p q, p == q -> rectify p == rectify q.
Proof.
  intros p q H. unfold rectify. assert (E : Qle_bool 0 p = Qle_bool 0 q) by (apply eq_true_iff_eq; rewrite !Qle_bool_iff, H;
    reflexivity). rewrite E. destruct (Qle_bool 0 q); [exact H|reflexivity].
Qed.

Lemma rectify_cases : forall q, 0 <= q /\ rectify q = q \/ q < 0 /\ rectify q = 0.
Proof.
  intros q. unfold rectify. destruct (Qle_bool 0 q) eqn:L.
  - left. apply Qle_bool_iff in L. split; [exact L|reflexivity].
  - right. split; [|reflexivity]. apply Qnot_le_lt. intros H. apply Qle_bool_iff in H. congruence.
Qed.

Lemma rectify_split : forall q, rectify q == q + rectify (- q).
Proof. intros q. destruct (rectify_cases q) as [[A ->]|[A ->]], (rectify_cases (- q)) as [[B ->]|[B ->]]; lra. Qed.

Lemma rectify_grows : forall p q, p <= q -> rectify p <= rectify q.
Proof. intros p q H. destruct (rectify_cases q) as [[A ->]|[A ->]], (rectify_cases p) as [[B ->]|[B ->]]; lra. Qed.
