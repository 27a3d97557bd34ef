(* The positions of sequences without the program: those of the program's sequences but for the program. One pass is right on
   them if at every position what is due is read out, as in [LogSites] and [CellPass]. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Composition OneProgram OneComposition Scalars Matching Positions Reached CellReads
  CellPass LogSites.
Import ListNotations.
Open Scope Z_scope.

Definition one_log_sites (w : nat) (p : program) (T t : nat) (b : list token) : list position :=
  combine (without (length (instructions p)) (during w p T t b)) (log_places 0 (length (initial p)) (processors p) T).
Definition one_cell_sites (w : nat) (p : program) (c : configuration) (second : list bool) : list position :=
  combine (without (length (instructions p)) (cell_tokens w p c second)) (cell_places 0 (length (initial p)) (processors p)).

(* Lists without the program. *)
Lemma in_without : forall A L (x : list A) a, In a (without L x) -> In a x.
Proof.
  intros A L x a H. apply in_app_or in H as [H|H]; [rewrite <- (firstn_skipn 2 x)|rewrite <- (firstn_skipn (2 + 4 * L) x)];
    apply in_or_app; [left|right]; exact H.
Qed.

Lemma map_without : forall A B (f : A -> B) L x, map f (without L x) = without L (map f x).
Proof. intros A B f L x. unfold without. rewrite map_app, <- firstn_map, <- skipn_map. reflexivity. Qed.

Lemma without_length : forall A L (x : list A) n, length x = (2 + 4 * L + n)%nat -> length (without L x) = (2 + n)%nat.
Proof. intros A L x n H. unfold without. rewrite app_length, firstn_length, skipn_length. lia. Qed.

Lemma Forall2_without : forall A B (R : A -> B -> Prop) L x y, Forall2 R x y -> Forall2 R (without L x) (without L y).
Proof.
  assert (G : forall A B (R : A -> B -> Prop) n x y, Forall2 R x y ->
    Forall2 R (firstn n x) (firstn n y) /\ Forall2 R (skipn n x) (skipn n y)).
  { intros A B R n x y H. revert n. induction H as [|a b x y Rab H IH]; intros [|n]; cbn; try (repeat constructor; assumption).
    destruct (IH n) as [F S]. split; [constructor; assumption|exact S]. }
  intros A B R L x y H. apply Forall2_app; apply G; exact H.
Qed.

Section Program.
Variables (w : nat) (p : program) (x : list token) (qs : list place).
Let L := length (instructions p).
Let full := combine (prompt w p ++ x) (prompt_places L ++ qs).

Lemma sites_prompt : full = combine (prompt w p) (prompt_places L) ++ combine x qs.
Proof. apply combine_app. rewrite prompt_length, prompt_places_length. reflexivity. Qed.

Lemma sites_rest : skipn (2 + 4 * L) full = combine x qs.
Proof.
  rewrite sites_prompt. apply skipn_at. rewrite combine_length, prompt_length, prompt_places_length. apply Nat.min_id.
Qed.

Lemma sites_without : combine (without L (prompt w p ++ x)) (prompt_places 0 ++ qs) = without L full.
Proof. unfold L, without at 2. rewrite without_prompt. fold L. rewrite sites_rest. reflexivity. Qed.

Lemma positions_without : positions_of full (without L full).
Proof.
  split; [apply in_without|]. intros j J N. unfold without. rewrite sites_rest. apply in_or_app. rewrite sites_prompt in J.
  apply in_app_or in J as [J|J]; [left|right; exact J]. apply in_prompt in J.
  destruct J as [| |n i k t _ _]; [left; reflexivity|right; left; reflexivity|discriminate].
Qed.
End Program.

Lemma one_log_without : forall w p T t b, one_log_sites w p T t b = without (length (instructions p)) (log_sites w p T t b).
Proof.
  intros w p T t b. unfold one_log_sites, log_sites, during, before, log_places. rewrite <- (app_assoc (prompt w p)).
  apply sites_without.
Qed.

Lemma one_cell_without : forall w p c second,
  one_cell_sites w p c second = without (length (instructions p)) (cell_sites w p c second).
Proof. intros w p c second. unfold one_cell_sites, cell_sites, cell_tokens, cell_places. apply sites_without. Qed.

Theorem one_log_positions : forall w p T t b, positions_of (log_sites w p T t b) (one_log_sites w p T t b).
Proof.
  intros w p T t b. rewrite one_log_without. unfold log_sites, during, before, log_places.
  rewrite <- (app_assoc (prompt w p)). apply positions_without.
Qed.

Theorem one_cell_positions : forall w p c second, positions_of (cell_sites w p c second) (one_cell_sites w p c second).
Proof. intros w p c second. rewrite one_cell_without. unfold cell_sites, cell_tokens, cell_places. apply positions_without. Qed.

(* There is a place for every token. *)
Lemma one_log_length : forall w p T t b, (t < T)%nat -> Forall2 partial b (block_tokens w p t) ->
  length (without (length (instructions p)) (during w p T t b)) =
  length (log_places 0 (length (initial p)) (processors p) T).
Proof.
  intros w p T t b H S. rewrite log_places_length.
  rewrite (without_length _ _ _ (length (initial p) + 3 * processors p * (T + 1))); [lia|].
  rewrite (during_length w p T t b _ (same_length _ _ S)), during_next, log_length by exact H. lia.
Qed.

Lemma one_cell_length : forall w p c second, sized (length (initial p)) (processors p) c ->
  length second = (length (initial p) + 9 * processors p)%nat ->
  length (without (length (instructions p)) (cell_tokens w p c second)) =
  length (cell_places 0 (length (initial p)) (processors p)).
Proof.
  intros w p c second S F. rewrite cell_places_length. apply without_length. exact (cell_length w p c second S F).
Qed.

(* One pass of masked diffusion is right, if at every mask the token that is due is read out. *)
Theorem one_log_pass : forall w ext is m,
  (forall p T t b, instructions p = is -> valid w ext p = true -> (Z.of_nat T <= latest w) -> (t < T)%nat ->
    Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
    let places := map (log_code w) (log_places 0 (length (initial p)) (processors p) T) in
    Forall2 (fun j read => masked j = true -> read = Some (due_at w p t (snd j)))
      (one_log_sites w p T t b) (readings w ext m places (without (length is) (during w p T t b)))) -> pass_one_mdm w ext is m.
Proof.
  intros w ext is m H p T t b <- V U B places given S N.
  apply (due_read place (due_at w p t)) with (2 := H p T t b eq_refl V U B S N).
  fold (one_log_sites w p T t b). rewrite one_log_without. apply Forall2_without. exact (due_tokens w p T t b B S).
Qed.

(* One pass of any-process generation is one step, if all answers are right. *)
Theorem one_cells_pass : forall w ext is m,
  (forall p t second, instructions p = is -> valid w ext p = true ->
    length second = (length (initial p) + 9 * processors p)%nat ->
    let places := map (cell_code w) (cell_places 0 (length (initial p)) (processors p)) in
    let c := reached w p t in
    Forall2 (right w p c) (one_cell_sites w p c second)
      (answers w ext m places (without (length is) (cell_tokens w p c second)))) -> pass_one_apmdm w ext is m.
Proof.
  intros w ext is m H p t second <- V cells places given x F. pose proof (reached_sized w p t) as S. set (c := reached w p t).
  exists (third w p c second). split; [apply third_length; exact F|]. split.
  - unfold given. rewrite (generate_right w ext p c m places (one_cell_sites w p c second) x).
    + rewrite one_cell_without, map_without, (tokens_after w p c second S F). reflexivity.
    + apply first_of_pairs. symmetry. exact (one_cell_length w p c second S F).
    + exact (H p t second eq_refl V F).
  - rewrite <- (tokens_after_same w p c second S F). unfold x, given, cell_tokens. rewrite !without_prompt. split; intros E.
    + apply app_inv_head in E. unfold c. rewrite <- E. reflexivity.
    + apply app_inv_head in E. unfold c in E |- *. exact (f_equal (app _) E).
Qed.
