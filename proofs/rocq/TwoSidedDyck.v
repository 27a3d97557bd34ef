(* Two-sided Dyck-k by any-process generation: for all k >= 1 the words at which the generator's runs halt are exactly the words
  over k letters and their inverses that reduce to the empty word. The runs are those of the support of the read-out. *)
From Coq Require Import List Arith Lia Bool Relations.
Import ListNotations.
From Efasp Require Import Slots.

(* Letters and words. *)

Definition letter : Type := nat * bool.  (* a letter's number from 0, and whether it is its inverse *)
Definition inverse (b : letter) : letter := (fst b, negb (snd b)).
Definition same (b c : letter) : bool := (fst b =? fst c) && Bool.eqb (snd b) (snd c).

Inductive cancels : list letter -> list letter -> Prop :=
| cancel : forall u b v, cancels (u ++ b :: inverse b :: v) (u ++ v).
Definition reduces : list letter -> list letter -> Prop := clos_refl_trans _ cancels.

Lemma same_spec : forall b c, same b c = true <-> b = c.
Proof.
  intros [m s] [n t]. unfold same. cbn. rewrite andb_true_iff, Nat.eqb_eq, eqb_true_iff. split.
  - intros [-> ->]. reflexivity.
  - intros H. inversion H. auto.
Qed.

Lemma inverse_inverse : forall b, inverse (inverse b) = b.
Proof. intros [n s]. unfold inverse. cbn. rewrite negb_involutive. reflexivity. Qed.

(* Two words that each reduce to nothing are one that does; and such a word stays one when an inverse pair is inserted. *)

Inductive dyck : list letter -> Prop :=
| dyck_nil : dyck []
| dyck_pair : forall b u v, dyck u -> dyck v -> dyck (b :: u ++ inverse b :: v).

Lemma dyck_insert : forall w, dyck w -> forall u v b, w = u ++ v -> dyck (u ++ b :: inverse b :: v).
Proof.
  intros w H. induction H as [| c x y Hx IHx Hy IHy]; intros u v b E.
  - symmetry in E. apply app_eq_nil in E. destruct E as [-> ->]. exact (dyck_pair b [] [] dyck_nil dyck_nil).
  - destruct u as [| d u].
    + cbn in E. subst v. exact (dyck_pair b [] _ dyck_nil (dyck_pair c x y Hx Hy)).
    + cbn in E. injection E as -> E. cbn [app].
      destruct (le_lt_dec (length u) (length x)) as [L | L].
      * assert (P : u ++ skipn (length u) x = x).
        { assert (Q : firstn (length u) (x ++ inverse d :: y) = u).
          { rewrite E, firstn_app, firstn_all, Nat.sub_diag, firstn_O, app_nil_r. reflexivity. }
          rewrite firstn_app, (proj2 (Nat.sub_0_le _ _) L), firstn_O, app_nil_r in Q.
          rewrite <- Q at 1. apply firstn_skipn. }
        assert (V : v = skipn (length u) x ++ inverse d :: y).
        { rewrite <- P, <- app_assoc in E. apply app_inv_head in E. symmetry. exact E. }
        subst v. specialize (IHx u (skipn (length u) x) b (eq_sym P)).
        replace (u ++ b :: inverse b :: skipn (length u) x ++ inverse d :: y)
          with ((u ++ b :: inverse b :: skipn (length u) x) ++ inverse d :: y) by (rewrite <- app_assoc; reflexivity).
        apply dyck_pair; assumption.
      * assert (P : x ++ inverse d :: skipn (S (length x)) u = u /\ y = skipn (S (length x)) u ++ v).
        { assert (Q : firstn (S (length x)) (u ++ v) = x ++ [inverse d]).
          { rewrite <- E. change (inverse d :: y) with ([inverse d] ++ y). rewrite app_assoc.
            replace (S (length x)) with (length (x ++ [inverse d])) by (rewrite app_length; cbn; lia).
            rewrite firstn_app, firstn_all, Nat.sub_diag, firstn_O, app_nil_r. reflexivity. }
          rewrite firstn_app, (proj2 (Nat.sub_0_le _ _) L), firstn_O, app_nil_r in Q.
          assert (R : x ++ inverse d :: skipn (S (length x)) u = u).
          { change (inverse d :: skipn (S (length x)) u) with ([inverse d] ++ skipn (S (length x)) u).
            rewrite app_assoc, <- Q. apply firstn_skipn. }
          split; [exact R |]. rewrite <- R, <- app_assoc in E. apply app_inv_head in E. cbn in E. injection E as E. exact E. }
        destruct P as [P ->]. specialize (IHy _ v b eq_refl).
        rewrite <- P at 1. rewrite <- app_assoc. cbn [app].
        apply (dyck_pair d x); assumption.
Qed.

Lemma cancels_within : forall u w w', cancels w w' -> forall v, cancels (u ++ w ++ v) (u ++ w' ++ v).
Proof.
  intros u w w' [p b q] v. rewrite <- !app_assoc. cbn [app]. rewrite !(app_assoc u p). apply cancel.
Qed.

Lemma reduces_within : forall u w w' v, reduces w w' -> reduces (u ++ w ++ v) (u ++ w' ++ v).
Proof.
  intros u w w' v H. induction H as [w w' H | w | w w1 w2 _ IH1 _ IH2].
  - apply rt_step, cancels_within, H.
  - apply rt_refl.
  - apply rt_trans with (1 := IH1), IH2.
Qed.

Theorem dyck_reduces : forall w, dyck w <-> reduces w [].
Proof.
  intros w. split.
  - intros H. induction H as [| b u v Hu IHu Hv IHv]; [apply rt_refl |].
    apply rt_trans with (y := b :: inverse b :: v).
    + exact (reduces_within [b] u [] (inverse b :: v) IHu).
    + apply rt_trans with (2 := IHv). apply rt_step. exact (cancel [] b v).
  - intros H. apply clos_rt_rt1n in H. remember [] as last eqn:E.
    induction H as [w | w1 w2 w3 [u b v] _ IH]; subst; [apply dyck_nil |].
    apply dyck_insert with (1 := IH eq_refl) (2 := eq_refl).
Qed.

(* The generator: its read-out, as numbers, at a position whose neighbours hold l and r (None: a mask, or no neighbour). *)

Inductive value := Letter (b : letter) | First (b : letter) | Second (b : letter).
Notation context := (option value) (only parsing).
Notation token := (option value) (only parsing).

Definition equal (x y : value) : bool :=
  match x, y with
  | Letter b, Letter c | First b, First c | Second b, Second c => same b c
  | _, _ => false
  end.
Definition is (x : token) (y : value) : bool := match x with Some v => equal v y | None => false end.
Definition is_marked (x : token) : bool := match x with Some (First _) | Some (Second _) => true | _ => false end.
Definition is_second (x : token) : bool := match x with Some (Second _) => true | _ => false end.

Section Generator.
Variable k : nat.  (* letters *)

(* The score of a token that is not the mask: the support of the softmax are the tokens of score 1. *)
Definition score (l : context) (x : token) (r : context) (y : value) : bool :=
  match x with
  | Some v => equal v y
  | None =>
    match y with
    | Letter c => is l (Second (inverse c)) || (negb (is_marked l) && is r (Second c))
    | First c => negb (is_marked l) && negb (is_second r) && (fst c <? k)
    | Second c => is l (First c)
    end
  end.

(* The chances of the control bits, in sixteenths. *)
Definition whole : nat := 16.
Definition stop : nat := 9.
Definition certain (b : bool) : nat := if b then whole else 0.
Definition free (l : context) (x : token) (r : context) : bool :=
  match x with None => negb (is_marked l) && negb (is_second r) | Some _ => false end.
Definition remask (l : context) (x : token) (r : context) : nat := certain (is_marked x).
Definition insert (l : context) (x : token) (r : context) : nat :=
  certain (match x with None => negb (negb (is_marked l) && is_second r) | Some _ => false end).
Definition delete (l : context) (x : token) (r : context) : nat := if free l x r then stop else 0.

(* A bit is drawn with positive probability; a position emits a sequence with positive probability, by Algorithm 1. *)
Definition possible (chance : nat) (bit : bool) : Prop := if bit then 0 < chance else chance < whole.
Definition may (l : context) (x : token) (r : context) (e : list token) : Prop :=
  exists y c1 c2 c3, score l x r y = true /\ possible (remask l x r) c1 /\ possible (insert l x r) c2 /\
    possible (delete l x r) c3 /\ e = emit (x, y, (c1, c2, c3)).

(* One pass over a sequence whose neighbours are l and r; and a run. *)
Definition following (s : list token) (r : context) : context := match s with [] => r | x :: _ => x end.
Inductive pass : context -> list token -> context -> list token -> Prop :=
| pass_nil : forall l r, pass l [] r []
| pass_cons : forall l x s r e s', may l x (following s r) e -> pass x s r s' -> pass l (x :: s) r (e ++ s').
Definition step (s s' : list token) : Prop := pass None s None s'.
Definition run : list token -> list token -> Prop := clos_refl_trans _ step.
Definition halted (s : list token) : Prop := forall s', step s s' <-> s' = s.

Definition plain (w : list letter) : list token := map (fun b => Some (Letter b)) w.
Definition over (w : list letter) : Prop := Forall (fun b => fst b < k) w.

(* What a position emits, case by case. *)

Ltac answered :=
  unfold remask, insert, delete, free, possible; cbn; unfold stop, whole; repeat split; try lia;
  try (apply same_spec; reflexivity); auto.

Ltac decided :=
  repeat match goal with
  | H : possible _ ?c |- _ => destruct c; cbn in H; try lia; clear H
  end.

Lemma may_letter : forall l b r e, may l (Some (Letter b)) r e <-> e = [Some (Letter b)].
Proof.
  intros l b r e. split.
  - intros (y & c1 & c2 & c3 & _ & H1 & H2 & H3 & ->). unfold remask, insert, delete in *. cbn in H1, H2, H3. decided. reflexivity.
  - intros ->. exists (Letter b), false, false, false. answered.
Qed.

Lemma may_marked : forall l x r e, is_marked x = true -> may l x r e <-> e = [None].
Proof.
  intros l x r e M. assert (exists v, x = Some v) as [v ->] by (destruct x; [eauto | discriminate]).
  unfold may, remask, insert, delete, free. rewrite M. cbn [certain]. split.
  - intros (y & c1 & c2 & c3 & _ & H1 & H2 & H3 & ->). decided. reflexivity.
  - intros ->. exists v, true, false, false. destruct v; answered.
Qed.

Lemma may_turn : forall b r e, may (Some (First b)) None r e <-> e = [Some (Second b); None].
Proof.
  intros b r e. split.
  - intros (y & c1 & c2 & c3 & S & H1 & H2 & H3 & ->). unfold remask, insert, delete in *. cbn in *. decided.
    destruct y; try discriminate. cbn in S. apply same_spec in S. subst. reflexivity.
  - intros ->. exists (Second b), false, true, false. answered.
Qed.

Lemma may_close : forall b r e, may (Some (Second b)) None r e <-> e = [Some (Letter (inverse b)); None].
Proof.
  intros b r e. split.
  - intros (y & c1 & c2 & c3 & S & H1 & H2 & H3 & ->). unfold remask, insert, delete in *. cbn in *. decided.
    destruct y as [c | c | c]; try discriminate. cbn in S. rewrite orb_false_r in S.
    apply same_spec in S. subst b. rewrite inverse_inverse. reflexivity.
  - intros ->. exists (Letter (inverse b)), false, true, false. answered.
    rewrite orb_false_r, inverse_inverse. apply same_spec. reflexivity.
Qed.

Lemma may_open : forall l b e, is_marked l = false -> may l None (Some (Second b)) e <-> e = [Some (Letter b)].
Proof.
  intros l b e M.
  assert (N : forall c, is l (Second (inverse c)) = false /\ is l (First c) = false).
  { intros c. destruct l as [[] |]; try discriminate; auto. }
  unfold may, remask, insert, delete, free, score. rewrite M. cbn. split.
  - intros (y & c1 & c2 & c3 & S & H1 & H2 & H3 & ->). decided.
    destruct y as [c | c | c].
    + rewrite (proj1 (N c)) in S. cbn in S. apply same_spec in S. subst. reflexivity.
    + discriminate.
    + rewrite (proj2 (N c)) in S. discriminate.
  - intros ->. exists (Letter b), false, false, false. answered.
    rewrite (proj1 (N b)). cbn. apply same_spec. reflexivity.
Qed.

Lemma may_free : forall l r e, is_marked l = false -> is_second r = false ->
  may l None r e <-> (e = [] /\ 0 < k) \/ exists b, fst b < k /\ e = [Some (First b); None].
Proof.
  intros l r e M R.
  assert (N : forall c, is l (Second (inverse c)) = false /\ is l (First c) = false /\ is r (Second c) = false).
  { intros c. destruct l as [[] |]; try discriminate; destruct r as [[] |]; try discriminate; auto. }
  unfold may, remask, insert, delete, free, score. rewrite M, R. cbn. split.
  - intros (y & c1 & c2 & c3 & S & H1 & H2 & H3 & ->).
    destruct (N (match y with Letter c | First c | Second c => c end)) as (N1 & N2 & N3).
    destruct y as [c | c | c]; try (rewrite ?N1, ?N2, ?N3 in S; discriminate).
    apply Nat.ltb_lt in S. decided; cbn; [left; split; [reflexivity | lia] | right; eauto].
  - intros [[-> K] | (b & B & ->)].
    + exists (First (0, false)), false, true, true. answered. destruct k; [lia | reflexivity].
    + exists (First b), false, true, false. answered. apply Nat.ltb_lt. exact B.
Qed.

(* The sequences of a run: letters, and between them masks and unfinished pairs, never two next to each other. The word of a
  sequence are its letters. *)

Inductive shape : list letter -> list token -> Prop :=
| shape_closed : forall w s, closed w s -> shape w s
| shape_mask : forall w s, closed w s -> shape w (None :: s)
| shape_first : forall b w s, fst b < k -> closed w s -> shape w (Some (First b) :: None :: s)
| shape_second : forall b w s, fst b < k -> closed w s -> shape w (None :: Some (Second b) :: None :: s)
with closed : list letter -> list token -> Prop :=
| closed_nil : closed [] []
| closed_letter : forall b w s, fst b < k -> shape w s -> closed (b :: w) (Some (Letter b) :: s).

Scheme shape_rec := Induction for shape Sort Prop with closed_rec := Induction for closed Sort Prop.
Combined Scheme shapes from shape_rec, closed_rec.

(* Growing by inverse pairs. *)
Inductive grows : list letter -> list letter -> Prop :=
| grow : forall u b v, fst b < k -> grows (u ++ v) (u ++ b :: inverse b :: v).
Definition grown : list letter -> list letter -> Prop := clos_refl_trans _ grows.

Lemma grown_cons : forall b w w', grown w w' -> grown (b :: w) (b :: w').
Proof.
  intros b w w' H. induction H as [w w' [u c v C] | w | w w1 w2 _ IH1 _ IH2].
  - apply rt_step. exact (grow (b :: u) c v C).
  - apply rt_refl.
  - apply rt_trans with (1 := IH1), IH2.
Qed.

Lemma grown_pair : forall b w w', fst b < k -> grown w w' -> grown w (b :: inverse b :: w').
Proof. intros b w w' B H. apply rt_trans with (1 := H), rt_step. exact (grow [] b w' B). Qed.

Lemma grown_over : forall w w', grown w w' -> over w -> over w'.
Proof.
  intros w w' H. induction H as [w w' [u b v B] | w | w w1 w2 _ IH1 _ IH2]; auto.
  unfold over. rewrite !Forall_app. intros [U V]. repeat (split || constructor); auto.
Qed.

Lemma grown_reduces : forall w w', grown w w' -> reduces w' w.
Proof.
  intros w w' H. induction H as [w w' [u b v _] | w | w w1 w2 _ IH1 _ IH2].
  - apply rt_step, cancel.
  - apply rt_refl.
  - apply rt_trans with (1 := IH2), IH1.
Qed.

Ltac passed := repeat match goal with
  | H : pass _ (_ :: _) _ _ |- _ => inversion H; subst; clear H
  | H : pass _ [] _ _ |- _ => inversion H; subst; clear H
  | H : may _ (Some (Letter _)) _ _ |- _ => apply may_letter in H; subst
  | H : may _ (Some (First _)) _ _ |- _ => apply may_marked in H; [subst | reflexivity]
  | H : may _ (Some (Second _)) _ _ |- _ => apply may_marked in H; [subst | reflexivity]
  | H : may (Some (First _)) None _ _ |- _ => apply may_turn in H; subst
  | H : may (Some (Second _)) None _ _ |- _ => apply may_close in H; subst
  end.

Lemma closed_following : forall w s, closed w s -> is_second (following s None) = false.
Proof. intros w s H. destruct H; reflexivity. Qed.

Lemma pass_shape :
  (forall w s, shape w s -> forall l s', is_marked l = false -> pass l s None s' -> exists w', shape w' s' /\ grown w w') /\
  (forall w s, closed w s -> forall l s', pass l s None s' -> exists w', closed w' s' /\ grown w w').
Proof.
  apply shapes.
  - intros w s C IH l s' M H. destruct (IH l s' H) as (w' & C' & G). exists w'. split; [apply shape_closed | ]; assumption.
  - intros w s C IH l s' M H. passed.
    match goal with P : pass None s None _, F : may l None _ _ |- _ =>
      destruct (IH _ _ P) as (w' & C' & G); apply may_free in F; auto using (closed_following w s);
      destruct F as [[-> _] | (b & B & ->)] end.
    + exists w'. split; [apply shape_closed |]; assumption.
    + exists w'. split; [apply shape_first |]; assumption.
  - intros b w s B C IH l s' M H. passed.
    match goal with P : pass None s None _ |- _ => destruct (IH _ _ P) as (w' & C' & G) end.
    exists w'. split; [apply shape_second |]; assumption.
  - intros b w s B C IH l s' M H. passed.
    match goal with P : pass None s None _, F : may l None _ _ |- _ =>
      destruct (IH _ _ P) as (w' & C' & G); apply may_open in F; [subst | assumption] end.
    exists (b :: inverse b :: w'). split.
    + apply shape_closed, closed_letter, shape_mask, closed_letter, shape_mask; assumption.
    + apply grown_pair; assumption.
  - intros l s' H. passed. exists []. split; [apply closed_nil | apply rt_refl].
  - intros b w s B S IH l s' H. passed.
    match goal with P : pass (Some (Letter b)) s None _ |- _ => destruct (IH (Some (Letter b)) _ eq_refl P) as (w' & S' & G) end.
    exists (b :: w'). split; [apply closed_letter | apply grown_cons]; assumption.
Qed.

Lemma run_shape : forall s, run [None] s -> exists w, shape w s /\ grown [] w.
Proof.
  intros s H. apply clos_rt_rtn1 in H. induction H as [| s1 s2 H _ IH].
  - exists []. split; [apply shape_mask, closed_nil | apply rt_refl].
  - destruct IH as (w & S & G). destruct (proj1 pass_shape w s1 S None s2 eq_refl H) as (w' & S' & G').
    exists w'. split; [assumption | apply rt_trans with (1 := G), G'].
Qed.

(* A sequence of letters alone halts, and no other does. *)

Lemma plain_pass : forall w l r s', pass l (plain w) r s' <-> s' = plain w.
Proof.
  induction w as [| b w IH]; intros l r s'; cbn; split.
  - intros H. passed. reflexivity.
  - intros ->. constructor.
  - intros H. passed. match goal with P : pass _ _ _ _ |- _ => apply IH in P; subst end. reflexivity.
  - intros ->. apply (pass_cons l (Some (Letter b)) (plain w) r [Some (Letter b)]); [apply may_letter | apply IH]; reflexivity.
Qed.

Lemma passes : 0 < k ->
  (forall w s, shape w s -> forall l, is_marked l = false -> exists s', pass l s None s' /\ (s' = s -> s = plain w)) /\
  (forall w s, closed w s -> forall l, exists s', pass l s None s' /\ (s' = s -> s = plain w) /\
    match s' with None :: _ => False | _ => True end).
Proof.
  intros K. apply shapes.
  - intros w s C IH l M. destruct (IH l) as (s' & P & E & _). eauto.
  - intros w s C IH l M. destruct (IH None) as (s' & P & E & L). exists s'. split.
    + apply (pass_cons l None s None [] s'); [| exact P]. apply may_free; eauto using closed_following.
    + intros ->. destruct L.
  - intros b w s B C IH l M. destruct (IH None) as (s' & P & E & _).
    exists ([None] ++ [Some (Second b); None] ++ s'). split; [| discriminate].
    apply pass_cons; [apply may_marked; reflexivity |]. apply pass_cons; [apply may_turn; reflexivity | exact P].
  - intros b w s B C IH l M. destruct (IH None) as (s' & P & E & _).
    exists ([Some (Letter b)] ++ [None] ++ [Some (Letter (inverse b)); None] ++ s'). split; [| discriminate].
    apply pass_cons; [apply may_open; auto |]. apply pass_cons; [apply may_marked; reflexivity |].
    apply pass_cons; [apply may_close; reflexivity | exact P].
  - intros l. exists []. split; [constructor |]. split; auto.
  - intros b w s B S IH l. destruct (IH (Some (Letter b)) eq_refl) as (s' & P & E). exists ([Some (Letter b)] ++ s').
    split; [apply pass_cons; [apply may_letter; reflexivity | exact P] |]. split; [| exact I].
    cbn. intros H. injection H as H. rewrite (E H). reflexivity.
Qed.

(* backs: generation.soundness *)
Theorem generated_reduces : 0 < k -> forall s, run [None] s -> halted s ->
  exists w, s = plain w /\ over w /\ reduces w [].
Proof.
  intros K s R H. destruct (run_shape s R) as (w & S & G). exists w.
  destruct (proj1 (passes K) w s S None eq_refl) as (s' & P & E). split; [apply E, H, P |].
  split; [apply grown_over with (1 := G); constructor | apply grown_reduces, G].
Qed.

(* Completeness: a derivation of the word is a run. Independent parts run side by side, the finished ones waiting. *)

Lemma may_context : forall l l2 x r r2 e, is_marked l = false -> is_marked l2 = false -> is_marked r = false ->
  is_marked r2 = false -> may l x r e -> may l2 x r2 e.
Proof.
  assert (Q : forall r, is_marked r = false -> is_second r = false) by (intros [[] |]; cbn; congruence).
  intros l l2 [[b | b | b] |] r r2 e L L2 R R2; rewrite ?may_letter, ?may_marked, ?may_free by auto; auto.
Qed.

Lemma pass_join : forall l s1 s1' s2 s2' b, pass l s1 (Some (Letter b)) s1' -> pass (Some (Letter b)) s2 None s2' ->
  pass l (s1 ++ Some (Letter b) :: s2) None (s1' ++ Some (Letter b) :: s2').
Proof.
  intros l s1 s1' s2 s2' b H1 H2. remember (Some (Letter b)) as r eqn:E. induction H1 as [l r | l x s r e s' M P IH]; subst.
  - apply (pass_cons l _ s2 None [Some (Letter b)]); [apply may_letter; reflexivity | exact H2].
  - cbn [app]. rewrite <- app_assoc. apply pass_cons; [| apply IH; auto]. destruct s; exact M.
Qed.

Lemma pass_context : forall l l2 r r2 s s', is_marked l = false -> is_marked l2 = false -> is_marked r = false ->
  is_marked r2 = false -> pass l s r s' -> pass l2 s r2 s'.
Proof.
  intros l l2 r r2 s s' L L2 R R2 H. revert l2 L2.
  assert (T : forall l x s e l2, is_marked l2 = is_marked l -> (is_marked l = true -> l2 = l) ->
    may l x (following s r) e -> may l2 x (following s r2) e).
  { clear - R R2. intros l x s e l2 E F M. destruct (is_marked l) eqn:L.
    - rewrite (F eq_refl). destruct s as [| t s]; [| exact M]. cbn in *.
      destruct l as [[b | b | b] |]; try discriminate; destruct x as [v |];
        rewrite ?may_turn, ?may_close in *; try exact M; destruct v;
        rewrite ?may_letter in *; try exact M; apply may_marked in M; try reflexivity; apply may_marked; auto.
    - destruct s as [| t s].
      + apply may_context with (l := l) (r := r); auto.
      + cbn in *. destruct (is_marked t) eqn:T; [| apply may_context with (l := l) (r := t); auto].
        destruct x as [[b | b | b] |]; rewrite ?may_letter, ?may_marked in * by reflexivity; auto.
        destruct t as [[c | c | c] |]; try discriminate; rewrite ?may_free, ?may_open in * by auto; auto. }
  induction H as [l r | l x s r e s' M P IH]; intros l2 L2; [constructor |].
  apply pass_cons; [apply (T l); auto; congruence |].
  clear - T P. assert (G : forall l s r s', pass l s r s' -> forall r2,
    (forall l x s e l2, is_marked l2 = is_marked l -> (is_marked l = true -> l2 = l) ->
      may l x (following s r) e -> may l2 x (following s r2) e) -> pass l s r2 s').
  { clear. intros l s r s' H. induction H as [l r | l x s r e s' M P IH]; intros r2 T; constructor; auto. apply (T l); auto. }
  apply (G x s r s' P r2 T).
Qed.

Inductive passing : nat -> context -> list token -> context -> list token -> Prop :=
| passing_none : forall l s r, passing 0 l s r s
| passing_more : forall n l s r s1 s2, pass l s r s1 -> passing n l s1 r s2 -> passing (S n) l s r s2.

Lemma passing_context : forall n l l2 r r2 s s', is_marked l = false -> is_marked l2 = false -> is_marked r = false ->
  is_marked r2 = false -> passing n l s r s' -> passing n l2 s r2 s'.
Proof.
  intros n l l2 r r2 s s' L L2 R R2 H. induction H as [l s r | n l s r s1 s2 P _ IH]; [constructor |].
  apply passing_more with (s1 := s1); [apply pass_context with (l := l) (r := r); auto | auto].
Qed.

Lemma passing_join : forall n l s1 s1' s2 s2' b, passing n l s1 (Some (Letter b)) s1' -> passing n (Some (Letter b)) s2 None s2' ->
  passing n l (s1 ++ Some (Letter b) :: s2) None (s1' ++ Some (Letter b) :: s2').
Proof.
  induction n as [| n IH]; intros l s1 s1' s2 s2' b H1 H2; inversion H1; inversion H2; subst; [constructor |].
  econstructor; [apply pass_join; eassumption | apply IH; assumption].
Qed.

Lemma derived : 0 < k -> forall w, dyck w -> over w -> exists n, forall m, n <= m -> passing m None [None] None (plain w).
Proof.
  intros K w H. induction H as [| b u v Hu IHu Hv IHv]; intros W.
  - exists 1. intros m M. destruct m as [| m]; [lia |]. apply passing_more with (s1 := [] ++ []).
    + apply pass_cons; [apply may_free; auto | constructor].
    + clear. induction m; [constructor | apply passing_more with (s1 := []); [constructor | assumption]].
  - inversion W as [| ? ? B W2]; subst. apply Forall_app in W2. destruct W2 as [U W2]. inversion W2 as [| ? ? _ V]; subst.
    destruct (IHu U) as [n1 N1]. destruct (IHv V) as [n2 N2]. exists (3 + n1 + n2). intros m M.
    destruct m as [| [| [| m]]]; try lia.
    apply passing_more with (s1 := [Some (First b); None] ++ []).
    { apply pass_cons; [apply may_free; eauto | constructor]. }
    apply passing_more with (s1 := [None] ++ [Some (Second b); None] ++ []).
    { apply pass_cons; [apply may_marked; reflexivity |]. apply pass_cons; [apply may_turn; reflexivity | constructor]. }
    apply passing_more with (s1 := [Some (Letter b)] ++ [None] ++ [Some (Letter (inverse b)); None] ++ []).
    { apply pass_cons; [apply may_open; auto |]. apply pass_cons; [apply may_marked; reflexivity |].
      apply pass_cons; [apply may_close; reflexivity | constructor]. }
    cbn [app]. change (plain (b :: u ++ inverse b :: v)) with ([] ++ Some (Letter b) :: plain (u ++ inverse b :: v)).
    change (Some (Letter b) :: None :: Some (Letter (inverse b)) :: [None])
      with ([] ++ Some (Letter b) :: [None] ++ Some (Letter (inverse b)) :: [None]).
    apply passing_join.
    + clear. induction m; [constructor | apply passing_more with (s1 := []); [constructor | assumption]].
    + unfold plain. rewrite map_app. apply passing_join.
      * apply passing_context with (l := None) (r := None); auto. apply N1. lia.
      * apply passing_context with (l := None) (r := None); auto. apply N2. lia.
Qed.

Lemma passing_run : forall n s s', passing n None s None s' -> run s s'.
Proof.
  induction n as [| n IH]; intros s s' H; inversion H; subst; [apply rt_refl |].
  eapply rt_trans; [apply rt_step; eassumption | apply IH; assumption].
Qed.

(* backs: generation.completeness *)
Theorem reducing_generated : 0 < k -> forall w, over w -> reduces w [] -> run [None] (plain w) /\ halted (plain w).
Proof.
  intros K w W R. apply dyck_reduces in R. split.
  - destruct (derived K w R W) as [n N]. apply passing_run with (n := n), N, le_n.
  - intros s'. apply plain_pass.
Qed.

Corollary generates_two_sided_dyck : 0 < k -> forall s, (run [None] s /\ halted s) <->
  exists w, s = plain w /\ over w /\ reduces w [].
Proof.
  intros K s. split.
  - intros [R H]. apply generated_reduces; assumption.
  - intros (w & -> & W & R). apply reducing_generated; assumption.
Qed.

End Generator.
