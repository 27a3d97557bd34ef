(* How a plan without reuse of coordinates is read, by a table that answers the nodes of its definition: every coordinate gets
   the form of its scalar, once its half is done, and the table does not grow. *)
From Coq Require Import List Bool ZArith QArith Qreduction Lqa Lia FMapPositive.
From Efasp Require Import Statement Scalars ScalarsModel Terms TermsSound TermsNormal Interning Worlds InterningSound Follows
  InterningStable InterningTidy InterningAgain PlanSound FollowsSound DefinitionRead Direct DirectPlaced.
Import ListNotations.
Open Scope nat_scope.

(* Rows. *)
Lemma weigh_single : forall c i g, (weigh (single c i) g == c * g i)%Q.
Proof.
  intros c i. induction i as [|i IH]; intros g; cbn [single repeat app weigh]; [ring|].
  fold (single c i). rewrite (IH (fun k => g (S k))). ring.
Qed.

Lemma weigh_plus : forall a b g, (weigh (plus a b) g == weigh a g + weigh b g)%Q.
Proof.
  induction a as [|u a IH]; intros [|v b] g; cbn [plus weigh]; try ring. rewrite Qreduction.Qred_correct, IH. ring.
Qed.

Lemma weigh_row : forall l g, (weigh (row l) g == fold_right (fun '(c, i) rest => inject_Z c * g i + rest) 0 l)%Q.
Proof.
  intros l g. induction l as [|[c i] l IH]; [reflexivity|]. cbn [row fold_right]. fold (row l).
  rewrite weigh_plus, weigh_single, IH. reflexivity.
Qed.

Lemma nothing_normal : normal_form nothing.
Proof. apply constant_normal. reflexivity. Qed.

Lemma row_normal : forall h row, (forall i, normal_form (at_ h (numbering i))) -> normal_form (read_row h row).
Proof.
  intros h row N. apply combination_normal; [reflexivity|]. intros d f I. apply in_map_iff in I as ((i, c) & E & _).
  injection E as _ <-. rewrite <- (numbering_inverse i). apply N.
Qed.

Lemma row_value : forall e h row, (form_value e (read_row h row) == weigh row (fun i => form_value e (at_ h (numbering i))))%Q.
Proof. intros e h row. exact (sparse_value e h row 0). Qed.

Lemma form_value_of : forall e s f, (form_value e (form_of s f) == inject_Z (constant f) +
  fold_right (fun '(c, i) rest => inject_Z c * form_value e (at_ s (numbering i)) + rest) 0 (terms f))%Q.
Proof.
  intros e s f. unfold form_of. rewrite combination_value. apply Qplus_comp; [reflexivity|].
  induction (terms f) as [|(c, i) l IH]; [reflexivity|]. cbn [map fold_right]. rewrite IH. reflexivity.
Qed.

Lemma fold_agrees : forall (l : list (Z * nat)) (g g' : nat -> Q), (forall c i, In (c, i) l -> (g i == g' i)%Q) ->
  (fold_right (fun '(c, i) rest => inject_Z c * g i + rest) 0 l ==
    fold_right (fun '(c, i) rest => inject_Z c * g' i + rest) 0 l)%Q.
Proof.
  induction l as [|(c, i) l IH]; intros g g' H; [reflexivity|]. cbn [fold_right].
  rewrite (H c i (or_introl eq_refl)), (IH g g' (fun d j I => H d j (or_intror I))). reflexivity.
Qed.

(* Adding forms to a stream. *)
Definition plus_form (f g : form) : form := if zero_form g then f else add_forms f g.
Lemma added_at : forall fs n s m, at_ (added (numbering n) fs s) (numbering m) =
  if m <? n then at_ s (numbering m) else plus_form (at_ s (numbering m)) (nth (m - n) fs nothing).
Proof.
  induction fs as [|f fs IH]; intros n s m; cbn [added].
  - destruct (m <? n); [reflexivity|]. destruct (m - n); reflexivity.
  - change (Pos.succ (numbering n)) with (numbering (S n)). rewrite IH.
    assert (A : at_ (if zero_form f then s else Map.add (numbering n) (add_forms (at_ s (numbering n)) f) s) (numbering m) =
      if n =? m then plus_form (at_ s (numbering m)) f else at_ s (numbering m)).
    { unfold plus_form. destruct (zero_form f); [destruct (n =? m); reflexivity|]. rewrite at_add, numbering_eqb.
      destruct (Nat.eqb_spec n m) as [<-|N]; reflexivity. }
    rewrite A. destruct (Nat.ltb_spec m (S n)), (Nat.ltb_spec m n), (Nat.eqb_spec n m); try lia; try reflexivity.
    + subst m. rewrite Nat.sub_diag. reflexivity.
    + replace (m - n) with (S (m - S n)) by lia. reflexivity.
Qed.

Lemma plus_nothing_form : forall f, plus_form f nothing = f.
Proof. reflexivity. Qed.

Lemma plus_form_nothing : forall g, normal_form g -> plus_form nothing g = g.
Proof.
  intros g N. unfold plus_form. destruct (zero_form g) eqn:Z.
  - apply form_same; [exact nothing_normal|exact N|]. intros e. rewrite (zero_form_value e g Z). apply constant_form_value.
  - apply form_same; [apply add_normal; [exact nothing_normal|exact N]|exact N|]. intros e.
    rewrite add_forms_value, (constant_form_value e 0). apply Qplus_0_l.
Qed.

Lemma listed_nth : forall fs m, at_ (listed 1 fs (Map.empty _)) (numbering m) = nth m fs nothing.
Proof.
  intros fs m. change 1%positive with (numbering 0). rewrite listed_at, Nat.sub_0_r. cbn [Nat.ltb Nat.leb].
  unfold at_. rewrite Map.gempty. reflexivity.
Qed.

Section Plan.
Variables (known : facts) (v : table) (s : stream) (one first : nat) (ns : list node).
Let scalar (i : nat) : form := at_ s (numbering i).
Hypothesis scalars_normal : forall i, normal_form (scalar i).
Hypothesis one_is : scalar one = constant_form 1.
Hypothesis answered : forall m n, nth_error ns m = Some n -> answers known v s n (scalar (first + m)).
Hypothesis in_order : ScalarsModel.ordered first ns.
Hypothesis one_entry : one < first.

(* A stream holds the forms of the scalars that are done, and nothing else. *)
Definition streams (done : nat -> bool) (h : stream) : Prop :=
  forall i, at_ h (numbering i) = if done i then scalar i else nothing.

Lemma streams_same : forall done done' h, (forall i, done i = done' i) -> streams done h -> streams done' h.
Proof. intros done done' h E S i. rewrite (S i), E. reflexivity. Qed.

Lemma streams_normal : forall done h, streams done h -> forall i, normal_form (at_ h (numbering i)).
Proof. intros done h S i. rewrite S. destruct (done i); [apply scalars_normal|exact nothing_normal]. Qed.

Lemma row_read : forall done h l, streams done h -> (forall i, In i (map snd l) -> done i = true) ->
  read_row h (row l) = form_of s {| constant := 0; terms := l |}.
Proof.
  intros done h l S D. apply form_same.
  - apply row_normal. exact (streams_normal done h S).
  - apply form_of_normal. exact scalars_normal.
  - intros e. rewrite row_value, weigh_row, form_value_of. cbn [constant terms]. change (inject_Z 0) with 0%Q.
    rewrite Qplus_0_l. apply fold_agrees. intros c i I. rewrite (S i), D; [reflexivity|].
    apply in_map_iff. exists (c, i). split; [reflexivity|exact I].
Qed.

Lemma closed_read : forall done h f, streams done h -> done one = true ->
  (forall i, In i (map snd (terms f)) -> done i = true) -> read_row h (closed one f) = form_of s f.
Proof.
  intros done h f S O D. unfold closed. rewrite (row_read done h _ S).
  - apply form_same; [apply form_of_normal; exact scalars_normal|apply form_of_normal; exact scalars_normal|]. intros e.
    rewrite !form_value_of. cbn [constant terms fold_right]. fold (scalar one). rewrite one_is, constant_form_value.
    change (inject_Z 0) with 0%Q. ring.
  - intros i [<-|I]; [exact O|exact (D i I)].
Qed.

(* Heads. *)
Lemma heads_read : forall before h, streams before h -> before one = true -> forall hs done sum, streams done sum ->
  (forall t, In t hs -> answers known v s (Direct.content t) (scalar (coordinate t)) /\
    (exists q k x, Direct.content t = Averaged q k x) /\ done (coordinate t) = false /\
    forall i, In i (read_by (Direct.content t)) -> before i = true) -> NoDup (map coordinate hs) ->
  exists sum', read_heads v h sum (flat_map (head_of one) hs) = (v, sum') /\
    streams (fun i => done i || within (map coordinate hs) i) sum'.
Proof.
  intros before h Sh O. induction hs as [|t hs IH]; intros done sum Ss H N.
  - exists sum. split; [reflexivity|]. apply (streams_same done); [|exact Ss]. intros i. cbn. rewrite orb_false_r. reflexivity.
  - destruct (H t (or_introl eq_refl)) as (A & (q & k & x & E) & D & I). cbn [flat_map]. unfold head_of at 1. rewrite E in *.
    cbn [app read_heads]. set (c := coordinate t) in *. inversion N as [|c' cs N1 N2]; subst.
    assert (Rd : forall f, In f (q ++ k ++ [x]) -> read_row h (closed one f) = form_of s f).
    { intros f F. apply (closed_read before h f Sh O). intros i J. apply I. cbn [read_by]. apply in_flat_map. exists f.
      split; assumption. }
    assert (Map : forall l, (forall f, In f l -> In f (q ++ k ++ [x])) -> mapped h (map (closed one) l) = map (form_of s) l).
    { intros l L. unfold mapped. rewrite map_map. apply map_ext_in. intros f F. apply Rd, L, F. }
    cbn [answers] in A. destruct A as (n & A1 & A2). unfold read_head. cbn [wq wk wv wo].
    rewrite (Map q), (Map k), A1 by (intros f F; rewrite !in_app_iff; tauto).
    change [closed one x] with (map (closed one) [x]).
    rewrite (Map [x]) by (intros f F; rewrite !in_app_iff; tauto). cbn [map means_of]. rewrite A2.
    set (U := listed 1 [scalar c] (Map.empty _)).
    assert (G : mapped U (repeat [] c ++ [[1%Q]]) = repeat nothing c ++ [scalar c]).
    { unfold mapped. rewrite map_app. cbn [map]. f_equal.
      - assert (Z : forall n, map (read_row U) (repeat [] n) = repeat nothing n); [|apply Z].
        intros m. induction m as [|m Z]; [reflexivity|]. cbn [repeat map]. rewrite Z. reflexivity.
      - f_equal. assert (Nu : forall i, normal_form (at_ U (numbering i))).
        { intros i. unfold U. rewrite listed_nth. destruct i as [|[|i]]; [apply scalars_normal| |]; exact nothing_normal. }
        apply form_same; [apply row_normal; exact Nu|apply scalars_normal|]. intros e. rewrite row_value. cbn [weigh].
        unfold U. rewrite listed_nth. cbn [nth]. ring. }
    rewrite G. set (sum1 := added 1 _ sum).
    assert (S1 : streams (fun i => done i || (c =? i)) sum1).
    { intros i. unfold sum1. change 1%positive with (numbering 0). rewrite added_at, Nat.sub_0_r. cbn [Nat.ltb Nat.leb].
      rewrite (Ss i). destruct (Nat.eqb_spec c i) as [<-|Z].
      - rewrite D, app_nth2, repeat_length, Nat.sub_diag by (rewrite repeat_length; lia). cbn [nth orb].
        apply plus_form_nothing, scalars_normal.
      - rewrite orb_false_r. assert (Q : nth i (repeat nothing c ++ [scalar c]) nothing = nothing).
        { destruct (Nat.lt_ge_cases i c) as [L|L]; [rewrite app_nth1 by (rewrite repeat_length; exact L); apply nth_repeat|].
          apply nth_overflow. rewrite app_length, repeat_length. cbn. lia. }
        rewrite Q. apply plus_nothing_form. }
    destruct (IH _ sum1 S1) as (sum' & R & S').
    + intros t' T. destruct (H t' (or_intror T)) as (A' & E' & D' & I'). split; [exact A'|]. split; [exact E'|].
      split; [|exact I']. rewrite D'. cbn [orb]. apply Nat.eqb_neq. intros X. apply N1. fold c. rewrite X. apply in_map.
      exact T.
    + exact N2.
    + exists sum'. split; [exact R|].
      apply (streams_same (fun i => done i || (c =? i) || within (map coordinate hs) i)); [|exact S'].
      intros i. cbn [map within existsb]. fold c. rewrite orb_assoc. reflexivity.
Qed.

(* Hidden units, however they are grouped. *)
Definition group_read (h : stream) (g : list (positive * Q) * list Q) (fs : list form) : Prop :=
  snd g <> [] /\ Forall2 (answers_unit known v (parts (row_form h (fst g))))
    (map (fun b => qadd (free (row_form h (fst g))) (Qred b)) (snd g)) fs.

Lemma groups_read : forall h groups fss, Forall2 (group_read h) groups fss -> read_units known v h groups = (v, fss).
Proof.
  intros h groups fss F. induction F as [|(r, bs) fs groups fss [N A] F IH]; [reflexivity|]. cbn [read_units fst snd] in *.
  fold (row_form h r). rewrite (rectified_answers known v _ _ fs) by
    (first [exact A|intros E; apply N; destruct bs; [reflexivity|discriminate]]).
  rewrite IH. reflexivity.
Qed.

(* What a unit is before it is divided. *)
Definition divided (t : slot) (u : form) : Prop := normal_form u /\ scalar (coordinate t) = scale_form (weight t) u.

Lemma units_read : forall done h us, streams done h ->
  (forall t, In t us -> answers known v s (Direct.content t) (scalar (coordinate t)) /\
    (exists d f, Direct.content t = Rectified d f) /\ forall i, In i (read_by (Direct.content t)) -> done i = true) ->
  exists fss, read_units known v h (grouped (map Direct.linear us) (map Direct.offset us)) = (v, fss) /\
    Forall2 divided us (concat fss).
Proof.
  intros done h us S H.
  enough (G : exists fss, Forall2 (group_read h) (grouped (map Direct.linear us) (map Direct.offset us)) fss /\
    Forall2 divided us (concat fss)).
  { destruct G as (fss & F & C). exists fss. split; [exact (groups_read h _ _ F)|exact C]. }
  induction us as [|t us IH]; [exists []; split; constructor|].
  destruct (H t (or_introl eq_refl)) as (A & (d & f & E) & D). destruct (IH (fun t' T => H t' (or_intror T))) as (fss & F & C).
  cbn [map grouped]. set (r := sparse 1 (Direct.linear t)). set (b := Qred (Direct.offset t)).
  assert (Asked : exists u, answers_unit known v (parts (row_form h r)) (qadd (free (row_form h r)) (Qred b)) u /\ divided t u).
  { unfold r, b, divided, Direct.linear, Direct.offset, weight. rewrite E in *. cbn [answers read_by] in *.
    destruct A as (u & N & A & Eu). exists u. split; [|split; assumption].
    change (row_form h (sparse 1 (row (terms f)))) with (read_row h (row (terms f))). rewrite (row_read done h (terms f) S D).
    assert (Q : Qred (inject_Z (constant f)) = inject_Z (constant f)) by apply reduced_whole. rewrite !Q.
    replace f with {| constant := constant f; terms := terms f |} in A by (destruct f; reflexivity).
    rewrite form_of_constant in A. exact A. }
  destruct Asked as (u & Ask & U).
  destruct (grouped (map Direct.linear us) (map Direct.offset us)) as [|(other, bs) groups].
  - inversion F; subst. exists [[u]]. split.
    + constructor; [|constructor]. split; [discriminate|]. constructor; [exact Ask|constructor].
    + constructor; [exact U|exact C].
  - inversion F as [|g fs gs fss' [N B] F']; subst. cbn [fst snd] in *. destruct (same_linear r other) eqn:Q.
    + apply same_linear_equal in Q. subst other. exists ((u :: fs) :: fss'). split.
      * constructor; [|exact F']. split; [discriminate|]. cbn [fst snd map]. constructor; [exact Ask|exact B].
      * constructor; [exact U|exact C].
    + exists ([u] :: fs :: fss'). split.
      * constructor; [|constructor; [split; assumption|exact F']]. split; [discriminate|]. constructor; [exact Ask|constructor].
      * constructor; [exact U|exact C].
Qed.

(* Units are written to their coordinates. *)
Lemma weigh_chosen : forall e i us gs, Forall2 divided us gs -> NoDup (map coordinate us) ->
  (weigh (map (fun t => if coordinate t =? i then weight t else 0%Q) us) (fun n => form_value e (nth n gs nothing)) ==
   if within (map coordinate us) i then form_value e (scalar i) else 0)%Q.
Proof.
  intros e i us gs F. induction F as [|t g us gs [_ G] F IH]; intros N; [reflexivity|].
  inversion N as [|c cs N1 N2]; subst. cbn [map weigh nth]. rewrite (IH N2). cbn [within existsb].
  fold (within (map coordinate us) i). destruct (Nat.eqb_spec (coordinate t) i) as [<-|Z]; cbn [orb]; [|ring].
  destruct (within (map coordinate us) (coordinate t)) eqn:W; [|rewrite G, scale_form_value; ring]. exfalso. apply N1.
  apply existsb_exists in W as (c & I & Q). apply Nat.eqb_eq in Q. subst c. exact I.
Qed.

Lemma down_read : forall us gs i, Forall2 divided us gs -> NoDup (map coordinate us) ->
  read_row (listed 1 gs (Map.empty _)) (map (fun t => if coordinate t =? i then weight t else 0%Q) us) =
    if within (map coordinate us) i then scalar i else nothing.
Proof.
  intros us gs i F N. set (U := listed 1 _ _). assert (Nu : forall n, normal_form (at_ U (numbering n))).
  { intros n. unfold U. rewrite listed_nth. destruct (nth_in_or_default n gs nothing) as [I| ->]; [|exact nothing_normal].
    revert I. generalize (nth n gs nothing). clear - F. intros f I. induction F as [|t g us gs [G _] F IH]; [destruct I|].
    destruct I as [<-|I]; [exact G|exact (IH I)]. }
  apply form_same; [apply row_normal; exact Nu|destruct (within _ i); [apply scalars_normal|exact nothing_normal]|].
  intros e. rewrite row_value.
  transitivity (weigh (map (fun t => if coordinate t =? i then weight t else 0%Q) us)
    (fun n => form_value e (nth n gs nothing))).
  - apply weigh_equal. intros n. unfold U. rewrite listed_nth. reflexivity.
  - rewrite (weigh_chosen e i us gs F N). destruct (within _ i); [reflexivity|]. symmetry. apply constant_form_value.
Qed.

Lemma feed_read : forall count us done h, streams done h -> NoDup (map coordinate us) ->
  (forall t, In t us -> answers known v s (Direct.content t) (scalar (coordinate t)) /\
    (exists d f, Direct.content t = Rectified d f) /\ done (coordinate t) = false /\ coordinate t < count /\
    forall i, In i (read_by (Direct.content t)) -> done i = true) ->
  exists fss, read_units known v h (grouped (map Direct.linear us) (map Direct.offset us)) = (v, fss) /\
    streams (fun i => done i || within (map coordinate us) i) (added 1 (mapped (listed 1 (concat fss) (Map.empty _))
      (map (fun i => map (fun t => if coordinate t =? i then weight t else 0%Q) us) (seq 0 count))) h).
Proof.
  intros count us done h S N H. destruct (units_read done h us S) as (fss & R & C).
  { intros t T. destruct (H t T) as (A & E & _ & _ & D). split; [exact A|]. split; [exact E|exact D]. }
  exists fss. split; [exact R|]. intros i. change 1%positive with (numbering 0) at 1.
  rewrite added_at, Nat.sub_0_r. cbn [Nat.ltb Nat.leb]. rewrite (S i). unfold mapped. rewrite map_map.
  set (g := fun i => read_row _ _).
  assert (G : nth i (map g (seq 0 count)) nothing = if within (map coordinate us) i then scalar i else nothing).
  { assert (W : within (map coordinate us) i = true -> i < count).
    { intros W. apply existsb_exists in W as (c & I & Q). apply Nat.eqb_eq in Q. subst c. apply in_map_iff in I as (t & <- & T).
      apply (H t T). }
    destruct (Nat.lt_ge_cases i count) as [L|L].
    - rewrite (nth_indep _ nothing (g 0)) by (rewrite map_length, seq_length; exact L). rewrite (map_nth g), seq_nth by exact L.
      unfold g. cbn [Nat.add]. apply down_read; [exact C|exact N].
    - rewrite nth_overflow by (rewrite map_length, seq_length; exact L).
      destruct (within (map coordinate us) i); [specialize (W eq_refl); lia|reflexivity]. }
  rewrite G. destruct (within (map coordinate us) i) eqn:W; [|rewrite orb_false_r; apply plus_nothing_form].
  rewrite orb_true_r. apply existsb_exists in W as (c & I & Q). apply Nat.eqb_eq in Q. subst c.
  apply in_map_iff in I as (t & <- & T). destruct (H t T) as (_ & _ & D & _ & _). rewrite D.
  apply plus_form_nothing, scalars_normal.
Qed.

(* Layers. *)
Let slots : list slot := placed (repeat 0 first) ns.
Lemma layer_read : forall n h, streams (done_by first ns (2 * n)) h ->
  exists h', read_layer known v h (layer_of one (first + length ns) slots n) = (v, h') /\
    streams (done_by first ns (2 * S n)) h'.
Proof.
  intros n h S0. unfold read_layer, layer_of. set (count := first + length ns). cbn [feeding heads up bias down].
  replace (2 * n + 1) with (S (2 * n)) by lia. replace (2 * n + 2) with (S (S (2 * n))) by lia.
  replace (2 * S n) with (S (S (2 * n))) by lia. set (p := 2 * n) in *.
  pose proof (half_within first ns in_order) as Within. fold slots in Within.
  assert (Answered : forall t, nth_error ns (coordinate t - first) = Some (Direct.content t) ->
    first <= coordinate t < first + length ns -> answers known v s (Direct.content t) (scalar (coordinate t))).
  { intros t N L. pose proof (answered _ _ N) as A. replace (first + (coordinate t - first)) with (coordinate t) in A by lia.
    exact A. }
  assert (Once : forall p, NoDup (map coordinate (of_half p slots))) by (intros q; apply of_half_once, slots_once).
  destruct (heads_read _ h S0 (one_done first ns one p one_entry) (of_half (S p) slots) _ h S0) as (h1 & R1 & S1).
  { intros t T. apply of_half_in in T as [T H]. destruct (slot_facts first ns in_order t T) as (N & H' & P & B & L).
    split; [exact (Answered t N L)|].
    assert (O : Nat.odd (S p) = true) by (unfold p; rewrite Nat.odd_succ, Nat.even_mul; reflexivity). split.
    { rewrite H, O in P. destruct (Direct.content t); [discriminate|]. eauto. }
    split; [unfold done_by; rewrite <- H', H; apply Nat.leb_gt; lia|]. intros i I. specialize (B i I). unfold done_by.
    apply Nat.leb_le. lia. }
  { apply Once. }
  apply (streams_same _ _ _ (Within p)) in S1. rewrite R1.
  destruct (feed_read count (of_half (S (S p)) slots) (done_by first ns (S p)) h1 S1 (Once _)) as (fss & R2 & S2).
  { intros t T. apply of_half_in in T as [T H]. destruct (slot_facts first ns in_order t T) as (N & H' & P & B & L).
    split; [exact (Answered t N L)|].
    assert (O : Nat.odd (S (S p)) = false).
    { unfold p. rewrite Nat.odd_succ, Nat.even_succ, Nat.odd_mul. reflexivity. }
    split.
    { rewrite H, O in P. destruct (Direct.content t); [|discriminate]. eauto. }
    split; [unfold done_by; rewrite <- H', H; apply Nat.leb_gt; lia|]. split; [apply L|].
    intros i I. specialize (B i I). unfold done_by. apply Nat.leb_le. lia. }
  rewrite R2. eexists. split; [reflexivity|]. exact (streams_same _ _ _ (Within (S p)) S2).
Qed.

Lemma read_layers_app : forall t h a b, read_layers known t h (a ++ b) =
  let '(t, h) := read_layers known t h a in read_layers known t h b.
Proof.
  intros t h a. revert t h. induction a as [|x a IH]; intros t h b; [reflexivity|]. cbn [app read_layers].
  destruct (read_layer known t h x) as [t1 h1]. apply IH.
Qed.

Lemma layers_read : forall n h, streams (done_by first ns 0) h -> exists h',
  read_layers known v h (map (layer_of one (first + length ns) slots) (seq 0 n)) = (v, h') /\
    streams (done_by first ns (2 * n)) h'.
Proof.
  induction n as [|n IH]; intros h S0; [exists h; split; [reflexivity|exact S0]|].
  destruct (IH h S0) as (h1 & R & S1). destruct (layer_read n h1 S1) as (h2 & R2 & S2). exists h2. split; [|exact S2].
  rewrite seq_S, map_app, read_layers_app, R. cbn [map read_layers Nat.add]. rewrite R2. reflexivity.
Qed.
End Plan.
