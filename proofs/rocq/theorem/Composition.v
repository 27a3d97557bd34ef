(* From one pass to all: a plan whose every pass is right, on the sequences that there are, runs every PRAM program, in any
   order of unmasking. What is left to show of a plan is local: what it reads out at the positions of one sequence. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences.
Import ListNotations.
Open Scope nat_scope.

(* Any-process generation: one pass is one step, and changes something if some processor runs. *)
Definition pass_apmdm (w : nat) (ext : bool) (m : plan) : Prop :=
  forall (p : program) (t : nat) (second : list bool), valid w ext p = true ->
  let cells := length (initial p) + 9 * processors p in
  let places := map (cell_code w) (cell_places (length (instructions p)) (length (initial p)) (processors p)) in
  let x := cell_tokens w p (reached w p t) second in
  length second = cells -> exists third, length third = cells /\
    generate w ext m places x = Some (cell_tokens w p (reached w p (S t)) third) /\
    (cell_tokens w p (reached w p (S t)) third = x <-> stopped (reached w p t) = true).

(* The sequences of a program may begin otherwise than with its prompt: [cut] puts [first] in the prompt's place. What a plan is
   fed is [cut x] for a sequence x of the program, so that [cut] is the identity where the prompt is there as it is. *)
Section Cells.
Variables (w : nat) (ext : bool) (m : plan) (p : program) (cut : list token -> list token) (first : list token).
Variables (places : list vector) (context : nat).
Let cells := length (initial p) + 9 * processors p.
Hypothesis V : valid w ext p = true.
Hypothesis cut_prompt : forall rest, cut (prompt w p ++ rest) = first ++ rest.
Hypothesis fits : length first + 2 * cells = context.
Hypothesis placed : length places = context.
Hypothesis passes : forall t second, length second = cells -> let x := cut (cell_tokens w p (reached w p t) second) in
  exists third, length third = cells /\ generate w ext m places x = Some (cut (cell_tokens w p (reached w p (S t)) third)) /\
    (cut (cell_tokens w p (reached w p (S t)) third) = x <-> stopped (reached w p t) = true).

(* [holds]: how the sequence that is generated is read. *)
Theorem run_of_cells : forall holds : list token -> configuration -> Prop,
  (forall x c, read_cells w ext (length (instructions p)) (length (initial p)) (processors p) x = Some (instructions p, c) ->
    holds (cut x) c) ->
  runs_cells w ext m p context places (fun c second => cut (cell_tokens w p c second)) holds.
Proof.
  intros holds Reads. split; [exact placed|]. intros t.
  set (opening := cut (cell_tokens w p (start (processors p) (initial p)) (repeat false cells))).
  assert (G : exists second, length second = cells /\
    generated w ext m places t opening = Some (cut (cell_tokens w p (reached w p t) second))).
  { induction t as [|t (second & S & G)]; [exists (repeat false cells); split; [apply repeat_length|reflexivity]|].
    destruct (passes t second S) as (third & S' & E & _). exists third. split; [exact S'|]. cbn [generated]. rewrite G.
    exact E. }
  destruct G as (second & S & G). destruct (passes t second S) as (third & _ & E & F).
  pose proof (reached_sized w p t) as Z. exists (cut (cell_tokens w p (reached w p t) second)), second.
  repeat split; [exact G| |apply Reads, cells_read; assumption| |].
  - pose proof (cell_length w p _ second Z S) as N. unfold cell_tokens in *. rewrite app_length, prompt_length in N.
    rewrite cut_prompt, app_length. unfold cells in fits. lia.
  - intros R. apply F. rewrite E in R. congruence.
  - intros R. apply F in R. rewrite E, R. reflexivity.
Qed.
End Cells.

Theorem apmdm_from_passes : forall w ext m, pass_apmdm w ext m -> runs_pram_apmdm w ext m.
Proof.
  intros w ext m H p V L M P context places holds.
  apply (run_of_cells w ext m p (fun x => x) (prompt w p) places context V) with (holds := holds); trivial.
  - rewrite prompt_length. reflexivity.
  - unfold places. rewrite map_length. apply cell_places_length.
  - intros t second. exact (H p t second V).
Qed.

(* Masked diffusion. The block of a time is partial: some of its tokens are there, at least one is masked. *)
Definition partial (s u : token) : Prop := s = Mask \/ s = u.
Definition during (w : nat) (p : program) (T t : nat) (b : list token) : list token :=
  before w p t ++ b ++ repeat Mask (3 * processors p * (T - S t)).

(* One pass is right: at every mask the token of the block that is due is read out, and of later blocks the mask. *)
Definition pass_mdm (w : nat) (ext : bool) (m : plan) : Prop :=
  forall (p : program) (T t : nat) (b : list token), valid w ext p = true -> (Z.of_nat T <= latest w)%Z -> t < T ->
  let places := map (log_code w) (log_places (length (instructions p)) (length (initial p)) (processors p) T) in
  Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
  Forall2 (fun '(s, u) read => s = Mask -> read = Some u)
    (combine (during w p T t b) (during w p T t (block_tokens w p t))) (readings w ext m places (during w p T t b)).

Lemma before_next : forall w p t, before w p (S t) = before w p t ++ block_tokens w p t.
Proof.
  intros w p t. unfold before. rewrite seq_S, flat_map_app. cbn [flat_map]. rewrite app_nil_r, <- !app_assoc. reflexivity.
Qed.

Lemma masks_split : forall P T t, t < T -> repeat Mask (P * (T - t)) = repeat Mask P ++ repeat Mask (P * (T - S t)).
Proof. intros P T t H. rewrite <- repeat_app. f_equal. replace (T - t) with (S (T - S t)) by lia. lia. Qed.

Lemma log_during : forall w p T t, t < T -> log_tokens w p T t = during w p T t (repeat Mask (3 * processors p)).
Proof. intros w p T t H. rewrite log_before. unfold during. rewrite masks_split by exact H. reflexivity. Qed.

Lemma during_next : forall w p T t, t < T -> during w p T t (block_tokens w p t) = log_tokens w p T (S t).
Proof. intros w p T t H. rewrite log_before, before_next, <- app_assoc. reflexivity. Qed.

Lemma partial_masks : forall n u, length u = n -> Forall2 partial (repeat Mask n) u.
Proof. intros n u <-. induction u as [|a u IH]; constructor; [left; reflexivity|exact IH]. Qed.

Lemma same_length : forall b u, Forall2 partial b u -> length b = length u.
Proof. induction 1 as [|s v b u _ _ IH]; [reflexivity|]. cbn. rewrite IH. reflexivity. Qed.

Lemma partial_full : forall b u, Forall2 partial b u -> existsb is_mask b = false -> b = u.
Proof.
  induction 1 as [|s u' b u [->| ->] _ IH]; intros H; [reflexivity|discriminate|]. cbn in H. apply orb_false_iff in H.
  f_equal. apply IH. apply H.
Qed.

Lemma before_unmasked : forall w p t, existsb is_mask (before w p t) = false.
Proof.
  intros w p t. unfold before. rewrite !existsb_app, block_unmasked. rewrite !orb_false_iff. repeat split.
  - unfold prompt. cbn. induction (instructions p) as [|[o d a x] l IH]; [reflexivity|]. cbn. rewrite IH.
    destruct d, a, x; reflexivity.
  - induction (initial p) as [|v l IH]; [reflexivity|exact IH].
  - induction (seq 0 t) as [|s l IH]; [reflexivity|]. cbn [flat_map]. rewrite existsb_app, IH. unfold block_tokens.
    rewrite block_unmasked. reflexivity.
Qed.

(* What a pass does, position by position, where what is read out is known. *)
Fixpoint replaced (chosen : list bool) (x u : list token) : list token :=
  match chosen, x, u with
  | c :: cs, s :: x', v :: u' => (if c && is_mask s then v else s) :: replaced cs x' u'
  | _, _, _ => []
  end.

Lemma unmask_replaced : forall w ext m places chosen x u, length u = length x ->
  Forall2 (fun '(s, v) read => s = Mask -> read = Some v) (combine x u) (readings w ext m places x) ->
  unmask w ext m places chosen x = replaced chosen x u.
Proof.
  intros w ext m places chosen x u L H. unfold unmask. generalize dependent (readings w ext m places x). intros r H.
  revert u r chosen L H. induction x as [|s x IH]; intros [|v u] r chosen L H; try discriminate.
  - inversion H. destruct chosen; reflexivity.
  - cbn [combine] in H. inversion H as [|? read ? r' R H' E1 E2]; subst. cbn [combine].
    destruct chosen as [|c chosen]; [reflexivity|]. cbn [combine map replaced]. injection L as L. f_equal.
    + destruct c; [|reflexivity]. destruct s; cbn; try (destruct read; reflexivity). rewrite (R eq_refl). reflexivity.
    + exact (IH u r' chosen L H').
Qed.

(* What is read out is what is due, if that is known of every place. *)
Lemma due_read : forall A (due_at : A -> token) x qs u r,
  Forall2 (fun '(s, q) v => s = Mask -> due_at q = v) (combine x qs) u ->
  Forall2 (fun j read => is_mask (fst j) = true -> read = Some (due_at (snd j))) (combine x qs) r ->
  Forall2 (fun '(s, v) read => s = Mask -> read = Some v) (combine x u) r.
Proof.
  intros A due_at x. induction x as [|s x IH]; intros [|q qs] u r D H; cbn [combine] in D, H.
  1, 2, 3: inversion D; inversion H; subst; cbn; try destruct x; constructor.
  inversion D as [|j v l1 us Dj Ds]; subst. inversion H as [|j read l2 reads Hj Hs]; subst. cbn [combine].
  constructor; [|exact (IH qs us reads Ds Hs)]. intros ->. rewrite <- (Dj eq_refl). exact (Hj eq_refl).
Qed.

Lemma decided_readings : forall w ext m places x u, length u = length x ->
  Forall2 (fun '(s, v) read => s = Mask -> read = Some v) (combine x u) (readings w ext m places x) ->
  decided w ext m places x = true.
Proof.
  intros w ext m places x u L H. unfold decided. generalize dependent (readings w ext m places x). intros r H.
  revert u r L H. induction x as [|s x IH]; intros [|v u] r L H; try discriminate; [reflexivity|].
  cbn [combine] in H. inversion H as [|? read ? r' R H' E1 E2]; subst. injection L as L. cbn [combine forallb].
  rewrite (IH u r' L H'), andb_true_r. destruct s; try reflexivity. rewrite (R eq_refl). reflexivity.
Qed.

Lemma replaced_app : forall c1 c2 x1 x2 u1 u2, length c1 = length x1 -> length u1 = length x1 ->
  replaced (c1 ++ c2) (x1 ++ x2) (u1 ++ u2) = replaced c1 x1 u1 ++ replaced c2 x2 u2.
Proof.
  induction c1 as [|c c1 IH]; intros c2 [|s x1] x2 [|v u1] u2 A B; try discriminate; [reflexivity|].
  injection A as A. injection B as B. cbn. f_equal. exact (IH _ _ _ _ _ A B).
Qed.

Lemma replaced_unmasked : forall c x u, length c = length x -> length u = length x -> existsb is_mask x = false ->
  replaced c x u = x.
Proof.
  induction c as [|a c IH]; intros [|s x] [|v u] A B H; try discriminate; [reflexivity|]. injection A as A. injection B as B.
  cbn in H. apply orb_false_iff in H as [S H]. cbn. rewrite S, andb_false_r, (IH x u A B H). reflexivity.
Qed.

Lemma replaced_masks : forall n c, length c = n -> replaced c (repeat Mask n) (repeat Mask n) = repeat Mask n.
Proof. intros n c <-. induction c as [|[|] c IH]; [reflexivity| |]; cbn; rewrite IH; reflexivity. Qed.

Lemma replaced_partial : forall c b u, length c = length b -> Forall2 partial b u -> Forall2 partial (replaced c b u) u.
Proof.
  intros c b u L H. revert c L. induction H as [|s v b u R _ IH]; intros [|a c] L; try discriminate; [constructor|].
  injection L as L. constructor; [|exact (IH c L)]. destruct (a && is_mask s); [right; reflexivity|exact R].
Qed.

Lemma replaced_all : forall b u, Forall2 partial b u -> replaced (map (fun _ => true) b) b u = u.
Proof.
  induction 1 as [|s v b u [->| ->] _ IH]; [reflexivity| |]; cbn; rewrite IH; [reflexivity|]. destruct (is_mask v); reflexivity.
Qed.

Lemma masks_replaced : forall c x u, length c = length x -> length u = length x -> replaced c x u <> x ->
  masks (replaced c x u) < masks x.
Proof.
  assert (W : forall c x u, length c = length x -> length u = length x ->
    masks (replaced c x u) <= masks x /\ (masks (replaced c x u) = masks x -> replaced c x u = x)).
  { induction c as [|a c IH]; intros [|s x] [|v u] A B; try discriminate; [split; reflexivity|]. injection A as A.
    injection B as B. destruct (IH x u A B) as [L E]. cbn [replaced]. unfold masks in *. cbn [filter].
    destruct a, s, v; cbn [andb is_mask length]; split; try lia; intros Q; try (f_equal; apply E; lia). }
  intros c x u A B N. destruct (W c x u A B) as [L E]. enough (masks (replaced c x u) <> masks x) by lia.
  intros Q. exact (N (E Q)).
Qed.

(* The transformer gives one output a position. *)
Lemma outputs_length : forall w ext m places x, length places = length x -> length (outputs w ext m places x) = length x.
Proof.
  assert (B : forall a b : list vector, length a = length b -> length (both a b) = length a).
  { intros a b E. unfold both. rewrite map_length, combine_length, E. apply Nat.min_id. }
  assert (A : forall h hs, length (attend h hs) = length hs) by (intros; unfold attend; rewrite map_length; reflexivity).
  assert (F : forall l hs gs, length gs = length hs -> length (fold_left both (map (fun a => attend a hs) l) gs) = length hs).
  { induction l as [|h l IH]; intros hs gs E; [exact E|]. cbn. apply IH. rewrite B; [exact E|]. rewrite A. exact E. }
  assert (T : forall ls hs, length (fold_left through ls hs) = length hs).
  { induction ls as [|l ls IH]; intros hs; [reflexivity|]. cbn [fold_left]. rewrite IH. unfold through. rewrite map_length.
    apply F. reflexivity. }
  intros w ext m places x E. unfold outputs, forward. rewrite map_length, T, B; rewrite !map_length; [reflexivity|].
  symmetry. exact E.
Qed.

Lemma unmask_unmasked : forall w ext m places chosen x, length places = length x -> length chosen = length x ->
  existsb is_mask x = false -> unmask w ext m places chosen x = x.
Proof.
  intros w ext m places chosen x P C H. unfold unmask, readings. pose proof (outputs_length w ext m places x P) as L.
  generalize dependent (outputs w ext m places x). intros os L. clear P. revert chosen os C L.
  induction x as [|s x IH]; intros [|c chosen] [|o os] C L; try discriminate; [reflexivity|]. cbn in H.
  apply orb_false_iff in H as [S H]. cbn. injection C as C. injection L as L. rewrite (IH H chosen os C L). f_equal.
  destruct c, s; (reflexivity || discriminate).
Qed.

Lemma decided_unmasked : forall w ext m places x, existsb is_mask x = false -> decided w ext m places x = true.
Proof.
  intros w ext m places x H. unfold decided. generalize (readings w ext m places x).
  induction x as [|s x IH]; intros r; [reflexivity|]. cbn in H. apply orb_false_iff in H as [S H].
  destruct r as [|a r]; [reflexivity|]. cbn. rewrite (IH H). destruct s; (reflexivity || discriminate).
Qed.

Lemma during_length : forall w p T t b c, length b = length c -> length (during w p T t b) = length (during w p T t c).
Proof. intros w p T t b c E. unfold during. rewrite !app_length, E. reflexivity. Qed.

Lemma log_unmasked : forall w p T, existsb is_mask (log_tokens w p T T) = false.
Proof.
  intros w p T. rewrite log_before, Nat.sub_diag, Nat.mul_0_r, app_nil_r. apply before_unmasked.
Qed.

(* The sequences that there are; [first] and [cut] are as above. *)
Section States.
Variables (w : nat) (ext : bool) (m : plan) (p : program) (T : nat) (cut : list token -> list token) (first : list token).
Variables (places : list vector) (context : nat).
Let L := length (instructions p).
Let M := length (initial p).
Let P := processors p.
Let log (t : nat) : list token := cut (log_tokens w p T t).
Let fed (t : nat) (b : list token) : list token := cut (during w p T t b).
Hypothesis V : valid w ext p = true.
Hypothesis cut_prompt : forall rest, cut (prompt w p ++ rest) = first ++ rest.
Hypothesis first_unmasked : existsb is_mask first = false.
Hypothesis fits : length first + M + 3 * P * (T + 1) = context.
Hypothesis placed : length places = context.
Hypothesis passes : forall t b, t < T -> Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
  Forall2 (fun '(s, u) read => s = Mask -> read = Some u) (combine (fed t b) (fed t (block_tokens w p t)))
    (readings w ext m places (fed t b)).

Lemma cut_before : forall t rest, cut (before w p t ++ rest) = cut (before w p t) ++ rest.
Proof. intros t rest. unfold before. rewrite <- (app_assoc (prompt w p)), !cut_prompt. apply app_assoc. Qed.

Lemma cut_unmasked : forall t, existsb is_mask (cut (before w p t)) = false.
Proof.
  intros t. pose proof (before_unmasked w p t) as U. unfold before in *. rewrite cut_prompt.
  rewrite existsb_app in U |- *. rewrite first_unmasked. apply orb_false_iff in U as [_ U]. exact U.
Qed.

Lemma cut_length : forall t, length (cut (before w p t)) = length first + M + 3 * P * (t + 1).
Proof.
  intros t. pose proof (before_length w p t) as N. unfold before in *. rewrite cut_prompt.
  rewrite app_length in N |- *. rewrite prompt_length in N. unfold M, P. lia.
Qed.

Lemma fed_split : forall t b, fed t b = cut (before w p t) ++ b ++ repeat Mask (3 * P * (T - S t)).
Proof. intros t b. apply cut_before. Qed.

Lemma fed_length : forall t b c, length b = length c -> length (fed t b) = length (fed t c).
Proof. intros t b c E. rewrite !fed_split, !app_length, E. reflexivity. Qed.

Lemma fed_next : forall t, t < T -> fed t (block_tokens w p t) = log (S t).
Proof. intros t H. unfold fed. rewrite during_next by exact H. reflexivity. Qed.

Lemma log_complete : log T = cut (before w p T).
Proof. unfold log. rewrite log_before, Nat.sub_diag, Nat.mul_0_r, app_nil_r. reflexivity. Qed.

Definition state (t : nat) (x : list token) : Prop :=
  t = T /\ x = log T \/
  t < T /\ exists b, Forall2 partial b (block_tokens w p t) /\ existsb is_mask b = true /\ x = fed t b.

Lemma state_log : forall t, t <= T -> state t (log t).
Proof.
  intros t H. destruct (Nat.eq_dec t T) as [->|N]; [left; split; reflexivity|]. right. split; [lia|].
  exists (repeat Mask (3 * P)). repeat split.
  - apply partial_masks. apply block_tokens_length.
  - pose proof (proj1 (valid_parts w ext p V)) as P1. fold P in P1. destruct P as [|n]; [lia|reflexivity].
  - unfold log. rewrite log_during by lia. reflexivity.
Qed.

Lemma partial_length : forall b t, Forall2 partial b (block_tokens w p t) -> length b = 3 * P.
Proof. intros b t F. rewrite (same_length _ _ F). apply block_tokens_length. Qed.

(* What a pass does to a sequence whose block of time t + 1 is partial. *)
Lemma pass_replaces : forall t b chosen, t < T -> Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
  length chosen = length (fed t b) ->
  unmask w ext m places chosen (fed t b) = replaced chosen (fed t b) (fed t (block_tokens w p t)) /\
  exists c, length c = length b /\ (chosen = map (fun _ => true) (fed t b) -> c = map (fun _ => true) b) /\
    unmask w ext m places chosen (fed t b) = fed t (replaced c b (block_tokens w p t)).
Proof.
  intros t b chosen H F N C. pose proof (same_length _ _ F) as E.
  assert (R : unmask w ext m places chosen (fed t b) = replaced chosen (fed t b) (fed t (block_tokens w p t))).
  { apply unmask_replaced; [symmetry; apply fed_length; exact E|]. exact (passes t b H F N). }
  split; [exact R|]. rewrite R. clear R. rewrite !fed_split in *. set (n := length (cut (before w p t))) in *.
  set (rest := skipn n chosen). exists (firstn (length b) rest). rewrite !app_length in C. fold n in C.
  assert (Lr : length rest = length b + length (repeat Mask (3 * P * (T - S t)))).
  { unfold rest. rewrite skipn_length. lia. }
  assert (Lc : length (firstn (length b) rest) = length b) by (rewrite firstn_length; lia).
  split; [exact Lc|]. split.
  - intros ->. unfold rest, n. rewrite !map_app, skipn_at by apply map_length. apply firstn_at. apply map_length.
  - rewrite fed_split. rewrite <- (firstn_skipn n chosen) at 1. fold rest.
    rewrite <- (firstn_skipn (length b) rest) at 1.
    assert (Ln : length (firstn n chosen) = length (cut (before w p t))) by (rewrite firstn_length; fold n; lia).
    rewrite replaced_app by (exact Ln || reflexivity).
    rewrite replaced_app by (exact Lc || (symmetry; exact E)).
    rewrite replaced_unmasked by (exact Ln || reflexivity || apply cut_unmasked).
    rewrite replaced_masks; [reflexivity|]. rewrite skipn_length. rewrite repeat_length in Lr. apply Nat.add_sub_eq_l.
    symmetry. exact Lr.
Qed.

Lemma pass_state : forall t x chosen, t < T -> state t x -> length chosen = length x ->
  state t (unmask w ext m places chosen x) \/ state (S t) (unmask w ext m places chosen x).
Proof.
  intros t x chosen H [[E _]|(_ & b & F & N & ->)] C; [lia|].
  destruct (pass_replaces t b chosen H F N C) as (_ & c & Lc & _ & ->).
  pose proof (replaced_partial c b _ Lc F) as F'. destruct (existsb is_mask (replaced c b (block_tokens w p t))) eqn:N'.
  - left. right. split; [exact H|]. exists (replaced c b (block_tokens w p t)). tauto.
  - right. rewrite (partial_full _ _ F' N'), fed_next by exact H. apply state_log. lia.
Qed.

Lemma state_length : forall t x, state t x -> length x = context.
Proof.
  intros t x [[-> ->]|(H & b & F & _ & ->)].
  - rewrite log_complete, cut_length. exact fits.
  - rewrite fed_split, !app_length, cut_length, repeat_length, (partial_length b t F), <- fits.
    replace T with (S t + (T - S t)) at 2 by lia. lia.
Qed.

Lemma all_at_once : forall t, t < T -> unmask_all w ext m places (log t) = log (S t).
Proof.
  intros t H. destruct (state_log t) as [[E _]|(_ & b & F & N & E)]; [lia|lia|]. unfold unmask_all. rewrite E.
  destruct (pass_replaces t b (map (fun _ => true) (fed t b)) H F N) as (_ & c & _ & A & ->); [apply map_length|].
  rewrite (A eq_refl), (replaced_all _ _ F). apply fed_next. exact H.
Qed.

Lemma places_fit : forall t x, state t x -> length places = length x.
Proof. intros t x S. rewrite (state_length t x S). exact placed. Qed.

(* After k passes in any order: how far the machine is, and how many masks are left. *)
Lemma diffuses_state : forall k x, diffuses w ext m places k (log 0) x ->
  exists t, t <= T /\ t <= k /\ state t x /\ k + masks x <= 3 * P * T.
Proof.
  intros k x D. remember (log 0) as x0 eqn:E0. induction D as [x|k x y chosen D IH C N].
  - subst x. exists 0. repeat split; [lia|lia|apply state_log; lia|]. unfold log.
    rewrite log_before, cut_before, masks_app, masks_repeat.
    rewrite (masks_none _ (cut_unmasked 0)), Nat.sub_0_r. apply Nat.le_refl.
  - destruct (IH E0) as (t & H & K & S & B). destruct (Nat.eq_dec t T) as [->|NT].
    + exfalso. apply N. destruct S as [[_ ->]|(F & _)]; [|lia]. apply unmask_unmasked; [|exact C|].
      * apply (places_fit T). left. split; reflexivity.
      * rewrite log_complete. apply cut_unmasked.
    + assert (Lt : t < T) by lia. assert (Q : masks (unmask w ext m places chosen y) < masks y).
      { pose proof S as S'. destruct S' as [[E _]|(_ & b & F & X & ->)]; [lia|].
        destruct (pass_replaces t b chosen Lt F X C) as (R & _). rewrite R in N |- *. apply masks_replaced; trivial.
        symmetry. apply fed_length. exact (same_length _ _ F). }
      destruct (pass_state t y chosen Lt S C) as [S'|S']; [exists t|exists (Datatypes.S t)]; repeat split; trivial; lia.
Qed.

Lemma state_between : forall t x i, state t x ->
  nth_error x i = nth_error (log t) i \/ nth_error x i = nth_error (log (Nat.min (S t) T)) i.
Proof.
  intros t x i [[-> ->]|(H & b & F & _ & ->)]; [left; reflexivity|]. rewrite Nat.min_l by lia. unfold log.
  rewrite (log_during w p T t H), <- (during_next w p T t H). fold P. fold (fed t (repeat Mask (3 * P))).
  fold (fed t (block_tokens w p t)). rewrite !fed_split.
  pose proof (partial_length b t F) as Lb. pose proof (block_tokens_length w p t) as Lu. fold P in Lu.
  destruct (Nat.lt_ge_cases i (length (cut (before w p t)))) as [I|I]; [left; rewrite !nth_error_app1 by exact I; reflexivity|].
  rewrite !(nth_error_app2 (cut (before w p t))) by exact I. generalize (i - length (cut (before w p t))). clear i I. intros i.
  destruct (Nat.lt_ge_cases i (3 * P)) as [I|I].
  - rewrite !nth_error_app1 by (rewrite ?repeat_length; lia). clear Lb Lu. revert i I.
    assert (G : forall n i, Forall2 partial b (block_tokens w p t) -> length b = n -> i < n ->
      nth_error b i = nth_error (repeat Mask n) i \/ nth_error b i = nth_error (block_tokens w p t) i).
    { clear. intros n i F. revert n i. induction F as [|s v b u R _ IH]; intros [|n] i E I; cbn in *; try lia; try discriminate.
      injection E as E. destruct i as [|i]; [destruct R as [->| ->]; [left|right]; reflexivity|].
      cbn. apply IH; [exact E|lia]. }
    intros i I. apply G; [exact F|exact (partial_length b t F)|exact I].
  - left. rewrite !nth_error_app2 by (rewrite ?repeat_length; lia). rewrite repeat_length, Lb. reflexivity.
Qed.

(* [holds]: how a sequence is read. *)
Theorem run_of_log : forall holds : list token -> nat -> Prop,
  (forall x t, read_log w ext L M P T x = Some (instructions p, trace w p t) -> holds (cut x) t) ->
  runs_log w ext m P T context places log holds.
Proof.
  intros holds Reads. pose proof (proj1 (valid_parts w ext p V)) as P1. fold P in P1.
  split; [apply (state_length 0), state_log; lia|]. split; [exact placed|]. split.
  - intros t Ht. split; [|apply Reads, log_read; assumption]. induction t as [|t IH]; [reflexivity|]. cbn [Nat.iter nat_rect].
    change (nat_rect _ (log 0) _ t) with (Nat.iter t (unmask_all w ext m places) (log 0)). rewrite IH by lia.
    apply all_at_once. lia.
  - intros k x D. destruct (diffuses_state k x D) as (t & Ht & K & S & B).
    split; [exact (state_length t x S)|]. pose proof S as S'.
    destruct S' as [[-> E]|(Lt & b & F & N & E)].
    + subst x. assert (U : existsb is_mask (log T) = false) by (rewrite log_complete; apply cut_unmasked).
      rewrite (masks_none _ U) in B. split; [apply decided_unmasked; exact U|].
      exists T. split; [lia|]. split; [lia|]. split; [apply Reads, log_read; trivial|].
      split; [intros i; left; reflexivity|intros X; lia].
    + split.
      { subst x. apply decided_readings with (u := fed t (block_tokens w p t)).
        - symmetry. apply fed_length. exact (same_length _ _ F).
        - exact (passes t b Lt F N). }
      exists t. split; [exact Ht|]. split.
      { split; [exact K|]. subst x. rewrite fed_split, !masks_app, masks_repeat in B.
        pose proof (masks_some b N) as Nb.
        rewrite (masks_none _ (cut_unmasked t)) in B. destruct (Nat.le_exists_sub (Datatypes.S t) T Lt) as (d & E & _).
        replace (T - Datatypes.S t) with d in B by lia. rewrite E in B. lia. }
      split.
      { subst x. apply Reads, before_read; [exact V|exact Ht|]. right.
        rewrite firstn_at by exact (partial_length b t F). exact N. }
      split; [intros i; exact (state_between t x i S)|]. intros _ X. subst x. unfold unmask_all in X.
      destruct (pass_replaces t b (map (fun _ => true) (fed t b)) Lt F N) as (_ & c & _ & A & R); [apply map_length|].
      rewrite (A eq_refl), (replaced_all _ _ F), X, !fed_split in R.
      apply app_inv_head, app_inv_tail in R. rewrite R in N. unfold block_tokens in N.
      rewrite block_unmasked in N. discriminate.
Qed.
End States.

Theorem mdm_from_passes : forall w ext m, pass_mdm w ext m -> runs_pram_mdm w ext m.
Proof.
  intros w ext m H p T V U L M P context places log holds.
  apply (run_of_log w ext m p T (fun x => x) (prompt w p) places context) with (holds := holds); trivial.
  - pose proof (before_unmasked w p 0) as N. unfold before in N. rewrite existsb_app in N. apply orb_false_iff in N. apply N.
  - rewrite prompt_length. reflexivity.
  - unfold places. rewrite map_length. apply log_places_length.
  - intros t b. exact (H p T t b V U).
Qed.
