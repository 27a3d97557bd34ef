(* Reading is the inverse of writing: the parts of the propositions that speak of sequences alone, whatever the plan. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement.
Import ListNotations.
Open Scope nat_scope.

(* Lists. *)
Lemma numbers_length : forall n, length (numbers n) = n.
Proof. intros n. unfold numbers. rewrite map_length, seq_length. reflexivity. Qed.

Lemma numbered_length : forall A (l : list A), length (numbered l) = length l.
Proof. intros A l. unfold numbered. rewrite combine_length, numbers_length, Nat.min_id. reflexivity. Qed.

Lemma in_numbered : forall A (l : list A) n a, In (n, a) (numbered l) -> In a l.
Proof. intros A l n a H. exact (in_combine_r _ _ _ _ H). Qed.

Lemma firstn_at : forall A n (a b : list A), length a = n -> firstn n (a ++ b) = a.
Proof. intros A n a b <-. rewrite firstn_app, firstn_all, Nat.sub_diag. apply app_nil_r. Qed.

Lemma skipn_at : forall A n (a b : list A), length a = n -> skipn n (a ++ b) = b.
Proof. intros A n a b <-. rewrite skipn_app, skipn_all, Nat.sub_diag. reflexivity. Qed.

Lemma all_some : forall A B (f : A -> option B) (h : A -> B) l, (forall a, In a l -> f a = Some (h a)) ->
  all (map f l) = Some (map h l).
Proof.
  intros A B f h l H. induction l as [|a l IH]; [reflexivity|]. cbn [map all].
  rewrite (H a (or_introl eq_refl)), IH by (intros b I; apply H; right; exact I). reflexivity.
Qed.

Lemma all_inverse : forall A B (f : B -> option A) (h : A -> B) l, (forall a, In a l -> f (h a) = Some a) ->
  all (map f (map h l)) = Some l.
Proof. intros A B f h l H. rewrite map_map, (all_some _ _ _ (fun a => a)) by exact H. rewrite map_id. reflexivity. Qed.

Lemma flat_length : forall A B (f : A -> list B) k l, (forall a, In a l -> length (f a) = k) ->
  length (flat_map f l) = k * length l.
Proof.
  intros A B f k l H. induction l as [|a l IH]; [symmetry; apply Nat.mul_0_r|]. cbn [flat_map length].
  rewrite app_length, (H a (or_introl eq_refl)), IH by (intros b I; apply H; right; exact I). lia.
Qed.

Lemma chunks_flat : forall A B (f : A -> list B) k l rest, (forall a, In a l -> length (f a) = k) ->
  chunks (length l) k (flat_map f l ++ rest) = map f l.
Proof.
  intros A B f k l rest H. induction l as [|a l IH]; [reflexivity|]. cbn [flat_map length chunks map].
  assert (E : length (f a) = k) by (apply H; left; reflexivity).
  rewrite <- app_assoc, firstn_at, skipn_at, IH by (exact E || (intros b I; apply H; right; exact I)). reflexivity.
Qed.

Lemma first_of_pairs : forall A B (a : list A) (b : list B), length b = length a -> map fst (combine a b) = a.
Proof.
  induction a as [|x a IH]; intros [|y b] H; try discriminate; [reflexivity|]. injection H as H. cbn. rewrite IH by exact H.
  reflexivity.
Qed.

(* The masks of a sequence. *)
Definition masks (x : list token) : nat := length (filter is_mask x).

Lemma masks_app : forall a b, masks (a ++ b) = masks a + masks b.
Proof. intros. unfold masks. rewrite filter_app, app_length. reflexivity. Qed.

Lemma masks_none : forall x, existsb is_mask x = false -> masks x = 0.
Proof.
  intros x H. unfold masks. induction x as [|s x IH]; [reflexivity|]. cbn in *. apply orb_false_iff in H as [-> H].
  exact (IH H).
Qed.

Lemma masks_some : forall x, existsb is_mask x = true -> 1 <= masks x.
Proof.
  intros x H. unfold masks. induction x as [|s x IH]; [discriminate|]. cbn in *. destruct (is_mask s); cbn; [lia|exact (IH H)].
Qed.

Lemma masks_repeat : forall n, masks (repeat Mask n) = n.
Proof. intros n. unfold masks. induction n as [|n IH]; [reflexivity|]. cbn. f_equal. exact IH. Qed.

(* The prompt. *)
Lemma valid_parts : forall w ext p, valid w ext p = true -> 1 <= processors p /\ 1 <= length (initial p) /\
  forall i, In i (instructions p) -> well_formed w ext i = true.
Proof.
  intros w ext p H. unfold valid in H. rewrite !andb_true_iff in H. rewrite !Nat.leb_le in H.
  destruct H as (((((_ & P & _) & M & _) & _) & _) & I). rewrite forallb_forall in I. tauto.
Qed.

Lemma prompt_length : forall w p, length (prompt w p) = 2 + 4 * length (instructions p).
Proof. intros w p. unfold prompt. rewrite app_length, (flat_length _ _ _ 4) by reflexivity. reflexivity. Qed.

Lemma instruction_read : forall w ext i, well_formed w ext i = true -> read_instruction w ext (instruction_tokens i) = Some i.
Proof. intros w ext [o d a x] H. destruct d, a, x; cbn -[well_formed]; rewrite H; reflexivity. Qed.

Lemma prompt_read : forall w ext p rest, valid w ext p = true ->
  read_prompt w ext (length (instructions p)) (processors p) (prompt w p ++ rest) = Some (instructions p).
Proof.
  intros w ext p rest V. unfold read_prompt, prompt, word. cbn [app]. rewrite Z.eqb_refl, chunks_flat by reflexivity.
  apply all_inverse. intros i I. apply instruction_read. exact (proj2 (proj2 (valid_parts w ext p V)) i I).
Qed.

Lemma prompt_places_length : forall L, length (prompt_places L) = 2 + 4 * L.
Proof.
  intros L. unfold prompt_places. rewrite app_length, (flat_length _ _ _ 4), numbers_length by reflexivity. reflexivity.
Qed.

(* What a step keeps: the sizes of the machine, and that nothing is stored outside memory. *)
Definition inside (M : nat) (e : effect) : Prop := forall a v, writes e = Some (ToMemory a v) -> (a < Z.of_nat M)%Z.

Lemma act_inside : forall w p c pid self, inside (length (memory c)) (act w p c pid self).
Proof.
  intros w p c pid self a v. unfold act. cbv zeta. destruct (negb (runs self)); [discriminate|].
  destruct (Z.of_nat (length (instructions p)) <=? pc self)%Z; [discriminate|].
  set (i := nth _ (instructions p) _). clearbody i. destruct (op i); cbn [alu writes]; try discriminate;
    try (destruct (rd i); discriminate).
  - match goal with |- context [if ?b then _ else _] => destruct b end; cbn [writes]; [discriminate|]. destruct (rd i);
      discriminate.
  - match goal with |- context [if ?b then _ else _] => destruct b eqn:B end; cbn [writes]; [discriminate|].
    intros E. injection E as <- _. apply Z.leb_gt. exact B.
Qed.

Lemma effects_length : forall w p c, length (effects w p c) = length (processors_of c).
Proof. intros. unfold effects. rewrite map_length, numbered_length. reflexivity. Qed.

Lemma effects_inside : forall w p c e, In e (effects w p c) -> inside (length (memory c)) e.
Proof. intros w p c e H. apply in_map_iff in H as ([pid self] & <- & _). apply act_inside. Qed.

Record sized (M P : nat) (c : configuration) : Prop := {
  words : length (memory c) = M;
  count : length (processors_of c) = P;
  banks : forall q, In q (processors_of c) -> length (registers q) = 8 }.

Lemma step_sized : forall M P w p c, sized M P c -> sized M P (step w p c).
Proof.
  intros M P w p c [W C B]. unfold step, apply. split; cbn [memory processors_of].
  - rewrite map_length, numbered_length. exact W.
  - rewrite map_length, combine_length, effects_length, C. apply Nat.min_id.
  - intros q H. apply in_map_iff in H as ([q' e] & <- & I). apply in_combine_l in I. specialize (B q' I). unfold apply_effect.
    cbn [registers]. destruct (writes e) as [[r v|a v]|]; [rewrite map_length, numbered_length| |]; exact B.
Qed.

Lemma reached_sized : forall w p t, sized (length (initial p)) (processors p) (reached w p t).
Proof.
  intros w p t. induction t as [|t IH]; [|apply step_sized; exact IH]. split; cbn.
  - reflexivity.
  - apply repeat_length.
  - intros q H. apply repeat_spec in H. rewrite H. reflexivity.
Qed.

(* The log. *)
Definition blocks (w : nat) (p : program) (t : nat) : list (list effect) :=
  map (fun s => effects w p (reached w p s)) (seq 0 t).

Lemma tokens_of_effect : forall e, length (effect_tokens e) = 3 /\ existsb is_mask (effect_tokens e) = false.
Proof. intros [n s [[r v|a v]|]]; split; reflexivity. Qed.

Lemma effect_read : forall M e, inside M e -> read_effect M (effect_tokens e) = Some e.
Proof.
  intros M [n s [[r v|a v]|]] H; cbn; try reflexivity.
  replace (a <? Z.of_nat M)%Z with true; [reflexivity|]. symmetry. apply Z.ltb_lt. exact (H a v eq_refl).
Qed.

Lemma block_length : forall es, length (flat_map effect_tokens es) = 3 * length es.
Proof. intros es. apply flat_length. intros e _. apply tokens_of_effect. Qed.

Lemma block_unmasked : forall es, existsb is_mask (flat_map effect_tokens es) = false.
Proof.
  induction es as [|e es IH]; [reflexivity|]. cbn [flat_map]. rewrite existsb_app, IH, (proj2 (tokens_of_effect e)).
  reflexivity.
Qed.

Lemma complete_blocks : forall k n bs rest, (forall b, In b bs -> length b = k /\ existsb is_mask b = false) ->
  n = 0 \/ existsb is_mask (firstn k rest) = true -> complete (chunks (length bs + n) k (concat bs ++ rest)) = bs.
Proof.
  intros k n bs rest H N0. induction bs as [|b bs IH].
  - destruct n as [|n]; [reflexivity|]. destruct N0 as [E|E]; [discriminate|]. cbn. rewrite E. reflexivity.
  - destruct (H b (or_introl eq_refl)) as [L N]. cbn [length concat Nat.add chunks].
    rewrite <- app_assoc, firstn_at, skipn_at by exact L. cbn [complete].
    rewrite N, IH by (intros c I; apply H; right; exact I). reflexivity.
Qed.

Lemma replayed : forall w p n s,
  replay (reached w p s) (map (fun s => effects w p (reached w p s)) (seq s n)) = map (reached w p) (seq s (S n)).
Proof. intros w p n. induction n as [|n IH]; intros s; [reflexivity|]. cbn [seq map replay]. f_equal. exact (IH (S s)). Qed.

(* Everything up to time t, and a block. *)
Definition block_tokens (w : nat) (p : program) (s : nat) : list token := flat_map effect_tokens (effects w p (reached w p s)).
Definition resting : effect := {| next := 0; after := Running; writes := None |}.
Definition before (w : nat) (p : program) (t : nat) : list token :=
  prompt w p ++ map word (initial p) ++ flat_map effect_tokens (repeat resting (processors p)) ++
  flat_map (block_tokens w p) (seq 0 t).

Lemma log_before : forall w p T t, log_tokens w p T t = before w p t ++ repeat Mask (3 * processors p * (T - t)).
Proof. intros. unfold log_tokens, before, block_tokens. rewrite <- !app_assoc. reflexivity. Qed.

Lemma before_blocks : forall w p t, before w p t = prompt w p ++ map word (initial p) ++
  concat (map (flat_map effect_tokens) (repeat resting (processors p) :: blocks w p t)).
Proof. intros. unfold before, block_tokens, blocks. cbn [map concat]. rewrite map_map, <- flat_map_concat_map. reflexivity. Qed.

Lemma blocks_sized : forall w p t es, In es (blocks w p t) -> length es = processors p /\
  forall e, In e es -> inside (length (initial p)) e.
Proof.
  intros w p t es H. apply in_map_iff in H as (s & <- & _). destruct (reached_sized w p s) as [W C _]. split.
  - rewrite effects_length. exact C.
  - intros e I. rewrite <- W. exact (effects_inside w p _ e I).
Qed.

Lemma block_tokens_length : forall w p s, length (block_tokens w p s) = 3 * processors p.
Proof.
  intros w p s. unfold block_tokens. rewrite block_length, effects_length. f_equal. apply (reached_sized w p s).
Qed.

Lemma before_length : forall w p t, length (before w p t) =
  2 + 4 * length (instructions p) + length (initial p) + 3 * processors p * (t + 1).
Proof.
  intros w p t. unfold before. rewrite !app_length, prompt_length, map_length, block_length, repeat_length.
  rewrite (flat_length _ _ _ (3 * processors p)), seq_length by (intros; apply block_tokens_length). lia.
Qed.

Theorem log_length : forall w p T t, t <= T -> length (log_tokens w p T t) =
  2 + 4 * length (instructions p) + length (initial p) + 3 * processors p * (T + 1).
Proof.
  intros w p T t H. rewrite log_before, app_length, before_length, repeat_length. replace T with (t + (T - t)) at 2 by lia. lia.
Qed.

(* A log is read as far as it is complete. *)
Lemma before_read : forall w ext p T t rest, valid w ext p = true -> t <= T ->
  t = T \/ existsb is_mask (firstn (3 * processors p) rest) = true ->
  read_log w ext (length (instructions p)) (length (initial p)) (processors p) T (before w p t ++ rest) =
  Some (instructions p, trace w p t).
Proof.
  intros w ext p T t rest V H N. unfold read_log. rewrite before_blocks, <- !app_assoc, prompt_read by exact V.
  rewrite skipn_at by apply prompt_length. rewrite firstn_at, skipn_at by apply map_length. rewrite all_inverse by reflexivity.
  set (es := repeat resting (processors p) :: blocks w p t).
  assert (S : forall b, In b es -> length b = processors p /\ forall e, In e b -> inside (length (initial p)) e).
  { intros b [<-|I]; [|exact (blocks_sized w p t b I)]. split; [apply repeat_length|]. intros e I a v E.
    apply repeat_spec in I. rewrite I in E. discriminate. }
  replace (Datatypes.S T) with (length (map (flat_map effect_tokens) es) + (T - t)).
  2: { unfold es, blocks. rewrite map_length. cbn [length]. rewrite map_length, seq_length. lia. }
  rewrite complete_blocks; [| |destruct N as [->|N]; [left; lia|right; exact N]].
  2: { intros b I. apply in_map_iff in I as (b' & <- & I). split; [|apply block_unmasked]. rewrite block_length. f_equal.
    exact (proj1 (S b' I)). }
  rewrite all_inverse.
  2: { intros b I. destruct (S b I) as [L In_]. rewrite <- L, <- (app_nil_r (flat_map effect_tokens b)), chunks_flat.
    - apply all_inverse. intros e Ie. apply effect_read. exact (In_ e Ie).
    - intros e _. apply tokens_of_effect. }
  unfold es. replace (forallb _ (repeat resting (processors p))) with true.
  - f_equal. f_equal. exact (replayed w p t 0).
  - clear. symmetry. apply forallb_forall. intros e I. apply repeat_spec in I. rewrite I. reflexivity.
Qed.

Lemma masks_first : forall n m, 0 < n -> m = 0 \/ existsb is_mask (firstn n (repeat Mask m)) = true.
Proof. intros [|n] [|m] H; [lia|lia|left; reflexivity|right; reflexivity]. Qed.

Theorem log_read : forall w ext p T t, valid w ext p = true -> t <= T ->
  read_log w ext (length (instructions p)) (length (initial p)) (processors p) T (log_tokens w p T t) =
  Some (instructions p, trace w p t).
Proof.
  intros w ext p T t V H. destruct (valid_parts w ext p V) as (P & _ & _). rewrite log_before. apply before_read; trivial.
  destruct (masks_first (3 * processors p) (3 * processors p * (T - t))) as [E|E]; [lia| |right; exact E].
  left. apply Nat.mul_eq_0 in E. lia.
Qed.

Theorem log_places_length : forall L M P T, length (log_places L M P T) = 2 + 4 * L + M + 3 * P * (T + 1).
Proof.
  intros L M P T. unfold log_places. rewrite !app_length, prompt_places_length, map_length, numbers_length.
  rewrite (flat_length _ _ _ (3 * P)), numbers_length; [lia|]. intros t _.
  rewrite (flat_length _ _ _ 3), numbers_length by reflexivity. reflexivity.
Qed.

(* The cells. *)
Lemma cells_length : forall M P c, sized M P c -> length (cells c) = M + 9 * P.
Proof.
  intros M P c [W C B]. unfold cells. rewrite !app_length, !map_length, (flat_length _ _ _ 8), W, C; [lia|].
  intros q I. rewrite map_length. exact (B q I).
Qed.

Lemma cells_unmasked : forall c t, In t (cells c) -> is_mask t = false.
Proof.
  intros c t H. unfold cells in H. rewrite !in_app_iff, !in_map_iff, in_flat_map in H.
  destruct H as [(v & <- & _)|[(q & _ & I)|(q & <- & _)]]; try reflexivity.
  apply in_map_iff in I as (v & <- & _). reflexivity.
Qed.

Theorem cell_length : forall w p c second, sized (length (initial p)) (processors p) c ->
  length second = length (initial p) + 9 * processors p -> length (cell_tokens w p c second) =
  2 + 4 * length (instructions p) + 2 * (length (initial p) + 9 * processors p).
Proof.
  intros w p c second S H. unfold cell_tokens. rewrite app_length, prompt_length, (flat_length _ _ _ 2).
  - rewrite combine_length, (cells_length _ _ c S), H, Nat.min_id. reflexivity.
  - intros [t s] _. destruct s; reflexivity.
Qed.

Theorem cells_read : forall w ext p c second, valid w ext p = true -> sized (length (initial p)) (processors p) c ->
  length second = length (initial p) + 9 * processors p ->
  read_cells w ext (length (instructions p)) (length (initial p)) (processors p) (cell_tokens w p c second) =
  Some (instructions p, c).
Proof.
  intros w ext p c second V S H. pose proof (cells_length _ _ c S) as N. unfold read_cells, cell_tokens.
  rewrite prompt_read by exact V. rewrite skipn_at by apply prompt_length.
  set (pair := fun ts : token * bool => _). rewrite <- (app_nil_r (flat_map pair _)).
  replace (length (initial p) + 9 * processors p) with (length (combine (cells c) second)).
  2: { rewrite combine_length, N, H. apply Nat.min_id. }
  rewrite chunks_flat by (intros [t s] _; destruct s; reflexivity). rewrite map_map, (all_some _ _ _ fst).
  2: { intros [t s] I. apply in_combine_l, cells_unmasked in I. destruct s, t; (reflexivity || discriminate). }
  rewrite first_of_pairs by congruence. destruct S as [W C B]. unfold cells.
  rewrite firstn_at, skipn_at by (rewrite map_length; exact W). rewrite all_inverse by reflexivity.
  rewrite <- C at 1. rewrite chunks_flat by (intros q I; rewrite map_length; exact (B q I)).
  rewrite map_map, (all_some _ _ _ registers) by (intros q _; apply all_inverse; reflexivity).
  rewrite app_assoc, skipn_at.
  2: { rewrite app_length, map_length, (flat_length _ _ _ 8), W, C by (intros q I; rewrite map_length; exact (B q I)). lia. }
  rewrite map_map, (all_some _ _ _ (fun q => (pc q, state q))) by reflexivity.
  f_equal. f_equal. clear. destruct c as [m qs]. cbn [memory processors_of]. f_equal.
  induction qs as [|[r n s] qs IH]; [reflexivity|]. cbn. f_equal. exact IH.
Qed.

Theorem cell_places_length : forall L M P, length (cell_places L M P) = 2 + 4 * L + 2 * (M + 9 * P).
Proof.
  intros L M P. unfold cell_places. rewrite !app_length, prompt_places_length.
  rewrite (flat_length _ _ (fun a => map (PMemory a) (numbers 2)) 2) by reflexivity.
  rewrite (flat_length _ _ (fun a => map (PCounter a) (numbers 2)) 2), (flat_length _ _ _ 16), !numbers_length by reflexivity.
  lia.
Qed.
