(* The positions of the log while the block of the next time is filled: which tokens stand where. A pass of masked diffusion is
   right if at every mask the token that is due is read out. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Composition Statement Sequences Scalars Matching Positions Reached.
Import ListNotations.
Open Scope Z_scope.

(* The three tokens of an effect. *)
Definition target_token (e : effect) : token :=
  match writes e with Some (ToRegister r _) => Name r | Some (ToMemory a _) => word a | None => Nothing end.
Definition value_of (e : effect) : Z := match writes e with Some (ToRegister _ v) | Some (ToMemory _ v) => v | None => 0 end.
Definition part (k : Z) (e : effect) : token :=
  if k =? 0 then Word (after e) (next e) else if k =? 1 then target_token e else word (value_of e).

Lemma effect_parts : forall e, effect_tokens e = [part 0 e; part 1 e; part 2 e].
Proof. intros [n s [[r v|a v]|]]; reflexivity. Qed.

Lemma part_unmasked : forall k e, is_mask (part k e) = false /\ part k e <> Bos.
Proof.
  intros k e. unfold part, target_token. destruct (k =? 0), (k =? 1); try (split; (reflexivity || discriminate)).
  destruct (writes e) as [[r v|a v]|]; split; (reflexivity || discriminate).
Qed.

(* What processor pid does at a time: nothing at time 0; at time s + 1 its effect in the configuration of time s. *)
Definition logged (w : nat) (p : program) (s : nat) (pid : Z) : effect :=
  match s with O => resting | S r => effect_of w p (reached w p r) pid end.

(* After every time the counters of the log are those of the configuration. *)
Lemma logged_counter : forall w p s pid, 0 <= pid < Z.of_nat (processors p) ->
  part 0 (logged w p s pid) = Word (state (self (reached w p s) pid)) (pc (self (reached w p s) pid)).
Proof.
  intros w p [|s] pid B.
  - unfold self. cbn. rewrite (nth_indep _ idle {| registers := repeat 0 8; pc := 0; state := Running |}).
    + rewrite nth_repeat. reflexivity.
    + rewrite repeat_length. lia.
  - cbn [logged]. change (reached w p (S s)) with (step w p (reached w p s)).
    destruct (counter_step w p (reached w p s) _ _ (reached_sized w p s) pid B) as [-> ->]. reflexivity.
Qed.

Definition log_sites (w : nat) (p : program) (T t : nat) (b : list token) : list position :=
  combine (during w p T t b) (log_places (length (instructions p)) (length (initial p)) (processors p) T).

Section Sites.
Variables (w : nat) (ext : bool) (p : program) (T t : nat) (b : list token).
Let M := length (initial p).
Let P := processors p.
Let l := log_sites w p T t b.
Hypothesis V : valid w ext p = true.
Hypothesis until : (t < T)%nat.
Hypothesis some : Forall2 partial b (block_tokens w p t).

(* The block of a time: complete up to t, partial at t + 1, masked later. *)
Definition shown (s : nat) : list token :=
  if (s <=? t)%nat then flat_map (fun pid => effect_tokens (logged w p s pid)) (numbers P)
  else if (s =? S t)%nat then b else repeat Mask (3 * P).
Definition block_places (s : nat) : list place :=
  flat_map (fun pid => map (fun k => PLog k (Z.of_nat s) pid) (numbers 3)) (numbers P).

Lemma block_logged : forall s, block_tokens w p s = flat_map (fun pid => effect_tokens (logged w p (S s) pid)) (numbers P).
Proof.
  intros s. unfold block_tokens. rewrite effects_of, (count _ _ _ (reached_sized w p s)).
  rewrite !flat_map_concat_map, map_map. reflexivity.
Qed.

Lemma rest_logged : flat_map effect_tokens (repeat resting P) = flat_map (fun pid => effect_tokens (logged w p 0 pid)) (numbers
  P).
Proof.
  cbn [logged]. unfold numbers. generalize 0%nat. induction P as [|n IH]; intros k; [reflexivity|].
  cbn [repeat flat_map seq map]. rewrite (IH (S k)). reflexivity.
Qed.

Lemma during_shown : during w p T t b = prompt w p ++ map word (initial p) ++ flat_map shown (seq 0 (S T)).
Proof.
  unfold during, before. rewrite <- !app_assoc. f_equal. f_equal. fold P. rewrite rest_logged.
  replace (S T) with (S t + (1 + (T - S t)))%nat by lia. rewrite !seq_app, !flat_map_app. cbn [seq flat_map Nat.add].
  rewrite <- (seq_shift t 0), app_nil_r, <- !app_assoc.
  assert (A : flat_map (block_tokens w p) (seq 0 t) = flat_map shown (map S (seq 0 t))).
  { rewrite !flat_map_concat_map, map_map. f_equal. apply map_ext_in. intros s I. apply in_seq in I.
    rewrite block_logged. unfold shown. replace (S s <=? t)%nat with true; [reflexivity|]. symmetry. apply Nat.leb_le. lia. }
  assert (B : b = shown (S t)).
  { unfold shown. replace (S t <=? t)%nat with false; [rewrite Nat.eqb_refl; reflexivity|]. symmetry. apply Nat.leb_gt. lia. }
  assert (C : forall n k, (S t < k)%nat -> repeat Mask (n * (3 * P)) = flat_map shown (seq k n)).
  { induction n as [|n IH]; intros k K; [reflexivity|]. cbn [seq flat_map].
    change (S n * (3 * P))%nat with (3 * P + n * (3 * P))%nat. rewrite repeat_app, (IH (S k)) by lia.
    f_equal. unfold shown. replace (k <=? t)%nat with false by (symmetry; apply Nat.leb_gt; lia).
    replace (k =? S t)%nat with false by (symmetry; apply Nat.eqb_neq; lia). reflexivity. }
  replace (3 * P * (T - S t))%nat with ((T - S t) * (3 * P))%nat by lia.
  rewrite A, (C _ (S (S t))) by lia. rewrite B at 1. replace (t + 1)%nat with (S t) by lia. reflexivity.
Qed.

Lemma places_blocks : log_places (length (instructions p)) M P T =
  prompt_places (length (instructions p)) ++ map PInitial (numbers M) ++ flat_map block_places (seq 0 (S T)).
Proof.
  unfold log_places. f_equal. f_equal. unfold numbers at 3. rewrite !flat_map_concat_map, map_map. reflexivity.
Qed.

Lemma block_places_length : forall s, length (block_places s) = (3 * P)%nat.
Proof. intros s. unfold block_places. rewrite (flat_length _ _ _ 3), numbers_length by reflexivity. reflexivity. Qed.

Lemma shown_length : forall s, length (shown s) = (3 * P)%nat.
Proof.
  intros s. unfold shown. destruct (s <=? t)%nat; [|destruct (s =? S t)%nat].
  - rewrite (flat_length _ _ _ 3), numbers_length by (intros; apply tokens_of_effect). reflexivity.
  - rewrite (same_length _ _ some). apply block_tokens_length.
  - apply repeat_length.
Qed.

Lemma log_split : l = combine (prompt w p) (prompt_places (length (instructions p))) ++
  combine (map word (initial p)) (map PInitial (numbers M)) ++
  flat_map (fun s => combine (shown s) (block_places s)) (seq 0 (S T)).
Proof.
  unfold l, log_sites. rewrite during_shown. fold M P. rewrite places_blocks.
  rewrite combine_app by (rewrite prompt_length, prompt_places_length; reflexivity). f_equal.
  rewrite combine_app by (rewrite !map_length, numbers_length; reflexivity). f_equal.
  rewrite (combine_flat _ _ _ _ _ _ (3 * P)) by (reflexivity || (intros; apply shown_length) || (intros;
    apply block_places_length)).
  generalize (seq 0 (S T)). intros ss. induction ss as [|s ss IH]; [reflexivity|]. cbn [combine flat_map]. f_equal. exact IH.
Qed.

(* The tokens of a complete block. *)
Lemma in_complete : forall s j,
  In j (combine (flat_map (fun pid => effect_tokens (logged w p s pid)) (numbers P)) (block_places s)) <->
  exists k pid, 0 <= k < 3 /\ 0 <= pid < Z.of_nat P /\ j = (part k (logged w p s pid), PLog k (Z.of_nat s) pid).
Proof.
  intros s j. unfold block_places. rewrite (combine_flat _ _ _ _ _ _ 3) by
    (reflexivity || (intros; apply tokens_of_effect)). rewrite in_flat_map. split.
  - intros ([x pid] & I & J). assert (E : x = pid /\ In pid (numbers P)).
    { revert I. clear. induction (numbers P) as [|n ns IH]; [intros []|]. intros [E|I]; [injection E as -> ->; split;
        [reflexivity|left; reflexivity]|]. destruct (IH I). split; [assumption|right; assumption]. }
    destruct E as [-> N]. apply in_numbers in N. rewrite effect_parts in J.
    change (map (fun k => PLog k (Z.of_nat s) pid) (numbers 3)) with (map (fun k => PLog k (Z.of_nat s) pid) [0; 1; 2]) in J.
    destruct J as [<-|[<-|[<-|[]]]]; eexists; exists pid; (split; [|split; [exact N|reflexivity]]); lia.
  - intros (k & pid & K & N & ->). exists (pid, pid). split.
    + apply in_numbers in N. revert N. clear. induction (numbers P) as [|n ns IH]; [intros []|].
      intros [->|N]; [left; reflexivity|right; exact (IH N)].
    + rewrite effect_parts.
      change (map (fun k => PLog k (Z.of_nat s) pid) (numbers 3)) with (map (fun k => PLog k (Z.of_nat s) pid) [0; 1; 2]).
      assert (C : k = 0 \/ k = 1 \/ k = 2) by lia. destruct C as [->|[->| ->]]; cbn [map combine In]; tauto.
Qed.

Lemma in_block_places : forall s q, In q (block_places s) <->
  exists k pid, 0 <= k < 3 /\ 0 <= pid < Z.of_nat P /\ q = PLog k (Z.of_nat s) pid.
Proof.
  intros s q. unfold block_places. rewrite in_flat_map. split.
  - intros (pid & N & H). apply in_map_iff in H as (k & <- & K). apply in_numbers in N. apply in_numbers in K.
    exists k, pid. split; [lia|]. split; [exact N|reflexivity].
  - intros (k & pid & K & N & ->). exists pid. split; [apply in_numbers; exact N|]. apply in_map_iff. exists k.
    split; [reflexivity|]. apply in_numbers. lia.
Qed.

(* The positions of the log. *)
Inductive log_site : position -> Prop :=
  | log_prompt : forall j, prompt_site w p j -> log_site j
  | log_initial : forall a, 0 <= a < Z.of_nat M -> log_site (word (nth (Z.to_nat a) (initial p) 0), PInitial a)
  | log_done : forall k s pid, 0 <= k < 3 -> (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
      log_site (part k (logged w p s pid), PLog k (Z.of_nat s) pid)
  | log_partial : forall k pid u, 0 <= k < 3 -> 0 <= pid < Z.of_nat P -> partial u (part k (logged w p (S t) pid)) ->
      log_site (u, PLog k (Z.of_nat (S t)) pid)
  | log_later : forall k s pid, 0 <= k < 3 -> (S t < s <= T)%nat -> 0 <= pid < Z.of_nat P ->
      log_site (Mask, PLog k (Z.of_nat s) pid).

Lemma partial_in : forall A (c u : list token) (qs : list A) x q, Forall2 partial c u -> In (x, q) (combine c qs) ->
  exists v, In (v, q) (combine u qs) /\ partial x v.
Proof.
  intros A c u qs x q H. revert qs. induction H as [|y v c u R _ IH]; intros [|r qs] I; try destruct I.
  - injection H as -> ->. exists v. split; [left; reflexivity|exact R].
  - destruct (IH qs H) as (v' & I & R'). exists v'. split; [right; exact I|exact R'].
Qed.

Lemma log_site_of : forall j, In j l -> log_site j.
Proof.
  intros j J. rewrite log_split, !in_app_iff in J. destruct J as [J|[J|J]].
  - apply log_prompt, in_prompt, J.
  - assert (E : map word (initial p) = map (fun a => word (nth (Z.to_nat a) (initial p) 0)) (numbers M)).
    { rewrite <- (list_numbers _ (initial p) 0) at 1. rewrite map_map. reflexivity. }
    rewrite E, combine_mapped in J. apply in_map_iff in J as (a & <- & A). apply in_numbers in A. apply log_initial. exact A.
  - apply in_flat_map in J as (s & B & J). apply in_seq in B. unfold shown in J. destruct (Nat.leb_spec s t) as [C|C].
    + apply in_complete in J as (k & pid & K & N & ->). apply log_done; assumption.
    + destruct (Nat.eqb_spec s (S t)) as [->|D].
      * destruct j as [x q]. apply (partial_in _ _ _ _ _ _ some) in J as (v & I & R). rewrite block_logged in I.
        apply in_complete in I as (k & pid & K & N & E). injection E as -> ->. apply log_partial; assumption.
      * destruct j as [x q]. pose proof (in_combine_l _ _ _ _ J) as X. apply in_combine_r in J.
        apply repeat_spec in X. subst x. apply in_block_places in J as (k & pid & K & N & ->). apply log_later; trivial. lia.
Qed.

Lemma initial_there : forall a, 0 <= a < Z.of_nat M -> In (word (nth (Z.to_nat a) (initial p) 0), PInitial a) l.
Proof.
  intros a A. rewrite log_split, !in_app_iff. right. left.
  assert (E : map word (initial p) = map (fun a => word (nth (Z.to_nat a) (initial p) 0)) (numbers M)).
  { rewrite <- (list_numbers _ (initial p) 0) at 1. rewrite map_map. reflexivity. }
  rewrite E, combine_mapped. apply in_map_iff. exists a. split; [reflexivity|]. apply in_numbers. exact A.
Qed.

Lemma done_there : forall k s pid, 0 <= k < 3 -> (s <= t)%nat -> 0 <= pid < Z.of_nat P ->
  In (part k (logged w p s pid), PLog k (Z.of_nat s) pid) l.
Proof.
  intros k s pid K B N. rewrite log_split, !in_app_iff. right. right. apply in_flat_map. exists s.
  split; [apply in_seq; lia|]. unfold shown. replace (s <=? t)%nat with true by (symmetry; apply Nat.leb_le; exact B).
  apply in_complete. exists k, pid. tauto.
Qed.

Lemma later_there : forall s, (S t < s <= T)%nat -> exists q, time_of (Mask, q) = Some (Z.of_nat s) /\ In (Mask, q) l.
Proof.
  intros s B. pose proof (valid_parts w ext p V) as (P1 & _). exists (PLog 0 (Z.of_nat s) 0). split; [reflexivity|].
  rewrite log_split, !in_app_iff. right. right. apply in_flat_map. exists s.
  split; [apply in_seq; lia|]. unfold shown. replace (s <=? t)%nat with false by (symmetry; apply Nat.leb_gt; lia).
  replace (s =? S t)%nat with false by (symmetry; apply Nat.eqb_neq; lia).
  unfold block_places. fold P in P1. destruct P as [|n]; [lia|]. left. reflexivity.
Qed.

Lemma mask_there : existsb is_mask b = true -> exists q, time_of (Mask, q) = Some (Z.of_nat (S t)) /\ In (Mask, q) l.
Proof.
  intros N. assert (X : exists q, In (Mask, q) (combine b (block_places (S t)))).
  { assert (L : length b = length (block_places (S t))).
    { rewrite block_places_length, (same_length _ _ some). apply block_tokens_length. }
    revert N L. clear. generalize (block_places (S t)). induction b as [|x c IH]; intros [|q qs] N L; try discriminate.
    injection L as L. cbn in N. destruct x; try (destruct (IH qs N L) as (q1 & R); exists q1; right; exact R).
    exists q. left. reflexivity. }
  destruct X as (q & I). exists q. split.
  - apply in_combine_r, in_block_places in I as (k & pid & _ & _ & ->). reflexivity.
  - rewrite log_split, !in_app_iff. right. right. apply in_flat_map. exists (S t). split; [apply in_seq; lia|]. unfold shown.
    replace (S t <=? t)%nat with false by (symmetry; apply Nat.leb_gt; lia). rewrite Nat.eqb_refl. exact I.
Qed.

Lemma log_programmed : programmed w p l.
Proof. intros j H. rewrite log_split, !in_app_iff. left. apply in_prompt. exact H. Qed.

Lemma log_prompted : prompted w p l.
Proof.
  split.
  - intros j H _. exact (log_programmed j H).
  - intros j J. destruct (log_site_of j J) as [j H|a A|k s pid K B N|k pid u K N R|k s pid K B N];
      [left; exact H|right; split; [reflexivity|exact I]| | |right; split; [reflexivity|exact I]].
    + right. split; [|exact I]. destruct (part_unmasked k (logged w p s pid)) as [_ U]. unfold is_bos. cbn [fst].
      destruct (part k (logged w p s pid)); (reflexivity || congruence).
    + right. split; [|exact I]. destruct R as [->| ->]; [reflexivity|].
      destruct (part_unmasked k (logged w p (S t) pid)) as [_ U]. unfold is_bos. cbn [fst].
      destruct (part k (logged w p (S t) pid)); (reflexivity || congruence).
Qed.

(* What is due at a place: at time t + 1 the token of the processor's step, later the mask. *)
Definition due_at (q : place) : token :=
  match q with
  | PLog k s pid => if s =? Z.of_nat (S t) then part k (effect_of w p (reached w p t) pid) else Mask
  | _ => Mask
  end.

Lemma due_combine : forall x qs u, length x = length qs -> length x = length u ->
  (forall s q v, In (s, (q, v)) (combine x (combine qs u)) -> s = Mask -> due_at q = v) ->
  Forall2 (fun '(s, q) v => s = Mask -> due_at q = v) (combine x qs) u.
Proof.
  induction x as [|s x IH]; intros [|q qs] [|v u] A B H; try discriminate; [constructor|]. cbn [combine]. constructor.
  - apply (H s q v). left. reflexivity.
  - injection A as A. injection B as B. apply IH; [exact A|exact B|]. intros s' q' v' I. apply H. right. exact I.
Qed.

(* At every mask the token of the log after the step is due. *)
Lemma due_tokens : Forall2 (fun '(s, q) v => s = Mask -> due_at q = v) l (during w p T t (block_tokens w p t)).
Proof.
  assert (Sp : seq 0 (S T) = seq 0 (S t) ++ [S t] ++ seq (S (S t)) (T - S t)).
  { replace (S T) with (S t + (1 + (T - S t)))%nat by lia. rewrite !seq_app. replace (0 + S t + 1)%nat with (S (S t)) by lia.
    reflexivity. }
  unfold l, log_sites. fold M P. rewrite places_blocks, Sp, !flat_map_app, !app_assoc. cbn [flat_map]. rewrite app_nil_r.
  rewrite <- (app_assoc _ (block_places (S t))). set (first := (_ ++ _) ++ flat_map block_places (seq 0 (S t))).
  assert (Lf : length (before w p t) = length first).
  { unfold first. rewrite before_length, !app_length, prompt_places_length, map_length, numbers_length.
    rewrite (flat_length _ _ _ (3 * P)), seq_length by (intros; apply block_places_length). fold M P. lia. }
  unfold during. pose proof (same_length _ _ some) as Lb.
  pose proof (block_tokens_length w p t) as Lu. fold P in Lu. pose proof (block_places_length (S t)) as Lp.
  rewrite combine_app, combine_app by congruence. apply Forall2_app; [|apply Forall2_app].
  - apply due_combine; [exact Lf|reflexivity|]. intros s q v I ->. apply in_combine_l in I.
    pose proof (before_unmasked w p t) as U.
    exfalso. assert (X : existsb is_mask (before w p t) = true) by (apply existsb_exists; exists Mask; split;
      [exact I|reflexivity]).
    congruence.
  - apply due_combine; [congruence|exact Lb|]. intros s q v I _. apply in_combine_r in I.
    assert (J : In (v, q) (combine (block_tokens w p t) (block_places (S t)))).
    { revert I. clear. generalize (block_places (S t)). induction (block_tokens w p t) as [|u us IH]; intros [|r qs] I;
        try destruct I.
      - injection H as <- <-. left. reflexivity.
      - right. exact (IH qs H). }
    rewrite block_logged in J. apply in_complete in J as (k & pid & K & N & E). injection E as -> ->. cbn [due_at].
    rewrite Z.eqb_refl. reflexivity.
  - apply due_combine; rewrite ?repeat_length.
    + rewrite (flat_length _ _ _ (3 * P)), seq_length by (intros; apply block_places_length). reflexivity.
    + reflexivity.
    + intros s q v I _. apply in_combine_r in I. pose proof (in_combine_r _ _ _ _ I) as X. apply repeat_spec in X. subst v.
      apply in_combine_l, in_flat_map in I as (r & B & I). apply in_seq in B.
      apply in_block_places in I as (k & pid & K & N & ->).
      cbn [due_at]. replace (Z.of_nat r =? Z.of_nat (S t)) with false by (symmetry; apply Z.eqb_neq; lia). reflexivity.
Qed.

Theorem log_right : forall m places,
  Forall2 (fun j read => masked j = true -> read = Some (due_at (snd j))) l (readings w ext m places (during w p T t b)) ->
  Forall2 (fun '(s, u) read => s = Mask -> read = Some u)
    (combine (during w p T t b) (during w p T t (block_tokens w p t))) (readings w ext m places (during w p T t b)).
Proof.
  intros m places H. exact (due_read place due_at _ _ _ _ due_tokens H).
Qed.
End Sites.

(* The same of positions of the log that may lack the program. *)
Section Without.
Variables (w : nat) (ext : bool) (p : program) (T t : nat) (b : list token) (l : list position).
Hypothesis of_log : positions_of (log_sites w p T t b) l.
Hypothesis V : valid w ext p = true.
Hypothesis until : (t < T)%nat.
Hypothesis some : Forall2 partial b (block_tokens w p t).

Lemma site_of : forall j, In j l -> log_site w p T t j.
Proof. intros j J. apply (log_site_of w p T t b until some). exact (of_full _ _ of_log j J). Qed.

Lemma prompted_in : prompted w p l.
Proof. exact (prompted_without w p _ l of_log (log_prompted w p T t b until some)). Qed.

Lemma initial_in : forall a, 0 <= a < Z.of_nat (length (initial p)) ->
  In (word (nth (Z.to_nat a) (initial p) 0), PInitial a) l.
Proof. intros a A. apply (but_program _ _ of_log); [|reflexivity]. exact (initial_there w p T t b until some a A). Qed.

Lemma done_in : forall k s pid, 0 <= k < 3 -> (s <= t)%nat -> 0 <= pid < Z.of_nat (processors p) ->
  In (part k (logged w p s pid), PLog k (Z.of_nat s) pid) l.
Proof.
  intros k s pid K B N. apply (but_program _ _ of_log); [|reflexivity]. exact (done_there w p T t b until some k s pid K B N).
Qed.

(* A position with a time is none of the program. *)
Lemma mask_in : existsb is_mask b = true -> forall s, (S t <= s <= T)%nat ->
  exists q, time_of (Mask, q) = Some (Z.of_nat s) /\ In (Mask, q) l.
Proof.
  intros N s B. assert (X : exists q, time_of (Mask, q) = Some (Z.of_nat s) /\ In (Mask, q) (log_sites w p T t b)).
  { destruct (Nat.eq_dec s (S t)) as [->|E]; [exact (mask_there w p T t b until some N)|].
    apply (later_there w ext p T t b V until some). lia. }
  destruct X as (q & E & J). exists q. split; [exact E|]. apply (but_program _ _ of_log _ J).
  destruct q; (discriminate || reflexivity).
Qed.
End Without.

(* One pass of masked diffusion is right, if at every mask the token that is due is read out. *)
Theorem log_pass : forall w ext m,
  (forall p T t b, valid w ext p = true -> (Z.of_nat T <= latest w) -> (t < T)%nat ->
    Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
    let places := map (log_code w) (log_places (length (instructions p)) (length (initial p)) (processors p) T) in
    Forall2 (fun j read => masked j = true -> read = Some (due_at w p t (snd j)))
      (log_sites w p T t b) (readings w ext m places (during w p T t b))) -> pass_mdm w ext m.
Proof.
  intros w ext m H p T t b V U B places S N. apply log_right; [exact B|exact S|]. exact (H p T t b V U B S N).
Qed.
