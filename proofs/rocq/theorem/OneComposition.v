(* From one pass to all, for one program on sequences without it: as in [Composition], of which this is an instance. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Composition OneProgram.
Import ListNotations.
Open Scope nat_scope.

(* What is left of a sequence: bos, P, and what follows the prompt. *)
Lemma without_prompt : forall w p rest,
  without (length (instructions p)) (prompt w p ++ rest) = [Bos; word (Z.of_nat (processors p) mod size w)] ++ rest.
Proof. intros w p rest. unfold without. rewrite skipn_at by apply prompt_length. reflexivity. Qed.

(* It is read as the sequence is, but for the instructions. *)
Lemma prompt_without : forall w ext L P x is, read_prompt w ext L P x = Some is ->
  read_prompt w ext 0 P (without L x) = Some [] /\ skipn (2 + 4 * 0) (without L x) = skipn (2 + 4 * L) x.
Proof.
  intros w ext L P x is H. unfold read_prompt in H. destruct x as [|[] [|[[] n| | | | |] rest]]; try discriminate.
  cbn. destruct (n =? _)%Z; [split; reflexivity|discriminate].
Qed.

Lemma log_without : forall w ext L M P T x is cs, read_log w ext L M P T x = Some (is, cs) ->
  read_log w ext 0 M P T (without L x) = Some ([], cs).
Proof.
  intros w ext L M P T x is cs H. unfold read_log in *. destruct (read_prompt w ext L P x) as [js|] eqn:R; [|discriminate].
  apply prompt_without in R as [-> ->]. destruct (all (map read_word _)) as [ws|]; [|discriminate].
  destruct (all (map _ (complete _))) as [[|first log]|]; try discriminate. destruct (forallb _ first); [|discriminate].
  injection H as _ <-. reflexivity.
Qed.

Lemma cells_without : forall w ext L M P x is c, read_cells w ext L M P x = Some (is, c) ->
  read_cells w ext 0 M P (without L x) = Some ([], c).
Proof.
  intros w ext L M P x is c H. unfold read_cells in *. destruct (read_prompt w ext L P x) as [js|] eqn:R; [|discriminate].
  apply prompt_without in R as [-> ->]. destruct (all (map read_cell _)) as [ts|]; [|discriminate].
  destruct (all (map read_word _)) as [ws|]; [|discriminate]. destruct (all (map _ (chunks P 8 _))) as [bs|]; [|discriminate].
  destruct (all (map read_counter _)) as [ns|]; [|discriminate]. injection H as _ <-. reflexivity.
Qed.

(* One pass is right, as [pass_mdm] and [pass_apmdm]. *)
Definition pass_one_mdm (w : nat) (ext : bool) (is : list instruction) (m : plan) : Prop :=
  forall (p : program) (T t : nat) (b : list token), instructions p = is -> valid w ext p = true ->
  (Z.of_nat T <= latest w)%Z -> t < T ->
  let places := map (log_code w) (log_places 0 (length (initial p)) (processors p) T) in
  let given c := without (length is) (during w p T t c) in
  Forall2 partial b (block_tokens w p t) -> existsb is_mask b = true ->
  Forall2 (fun '(s, u) read => s = Mask -> read = Some u)
    (combine (given b) (given (block_tokens w p t))) (readings w ext m places (given b)).

Definition pass_one_apmdm (w : nat) (ext : bool) (is : list instruction) (m : plan) : Prop :=
  forall (p : program) (t : nat) (second : list bool), instructions p = is -> valid w ext p = true ->
  let cells := length (initial p) + 9 * processors p in
  let places := map (cell_code w) (cell_places 0 (length (initial p)) (processors p)) in
  let given c second := without (length is) (cell_tokens w p c second) in
  let x := given (reached w p t) second in
  length second = cells -> exists third, length third = cells /\
    generate w ext m places x = Some (given (reached w p (S t)) third) /\
    (given (reached w p (S t)) third = x <-> stopped (reached w p t) = true).

Theorem one_mdm_from_passes : forall w ext is m, pass_one_mdm w ext is m -> runs_one_mdm w ext is m.
Proof.
  intros w ext is m H p T <- V U L M P context places log holds.
  apply (run_of_log w ext m p T (without L) _ places context V (without_prompt w p)) with (holds := holds); trivial.
  - unfold places. rewrite map_length. apply log_places_length.
  - intros t b. exact (H p T t b eq_refl V U).
  - intros x t. apply log_without.
Qed.

Theorem one_apmdm_from_passes : forall w ext is m, pass_one_apmdm w ext is m -> runs_one_apmdm w ext is m.
Proof.
  intros w ext is m H p <- V L M P context places cells holds.
  apply (run_of_cells w ext m p (without L) _ places context V (without_prompt w p)) with (holds := holds); trivial.
  - unfold places. rewrite map_length. apply cell_places_length.
  - intros t second. exact (H p t second eq_refl V).
  - intros x c. apply cells_without.
Qed.
