(* The plan without reuse of coordinates for the step: for every word width w >= 5, its depth, which does not depend on w, and
   its dimensions. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars ScalarsModel StepBuilder StepDefinition StepDefined Direct DirectPlaced DirectSizes
  StepCount StepCountStep Sizes Accepts.
From Efasp Require Accepted.
Import ListNotations.
Open Scope nat_scope.

(* The halves in which a definition's nodes are placed are those by which builders are counted. *)
Lemma placed_agrees : forall ns known, let final := known ++ map half (placed known ns) in forall i n,
  nth_error ns i = Some n -> node_below (length known + i) n ->
  nth (length known + i) final 0 = half_after n (list_max (map (fun k => nth k final 0) (read_by n))).
Proof.
  induction ns as [|n ns IH]; intros known final i x N B; [destruct i; discriminate|]. unfold final. cbn [placed map half].
  set (p := half_after n _). assert (E : known ++ p :: map half (placed (known ++ [p]) ns) =
    (known ++ [p]) ++ map half (placed (known ++ [p]) ns)) by (rewrite <- app_assoc; reflexivity).
  destruct i as [|i]; cbn [nth_error] in N.
  - injection N as ->. rewrite Nat.add_0_r in *. rewrite app_nth2, Nat.sub_diag by lia. cbn [nth]. unfold p at 1. f_equal.
    f_equal.
    apply map_ext_in. intros k K. rewrite app_nth1 by exact (node_reads _ _ _ B K). reflexivity.
  - specialize (IH (known ++ [p]) i x N). rewrite app_length in IH. cbn [length] in IH. rewrite E.
    replace (length known + S i) with (length known + 1 + i) in * by lia. exact (IH B).
Qed.

(* The size of the step. *)
Definition layers_needed (ext : bool) : nat := if ext then 6 else 5.
Definition nodes_needed (w : nat) (log ext : bool) : nat :=
  (if log then 47 * w + 48 else 43 * w + 41) + length (operations ext) + if ext then 5 * w * w + 9 * w else 0.

Theorem step_sizes : forall w log ext, 5 <= w -> let d := step_definition w log ext in let first := code_width w log ext in
  step_ordered w log ext /\ (forall f, In f (results d) -> reads_below (first + length (nodes d)) f) /\
  length (nodes d) <= nodes_needed w log ext /\ (forall n, In n (nodes d) -> narrow (2 * w + 13) n) /\
  (forall s, In s (placed (repeat 0 first) (nodes d)) -> half s <= 2 * layers_needed ext) /\
  length (results d) = token_code_width w ext + if log then 0 else 3.
Proof.
  intros w log ext W d first. unfold step_ordered, ordered_for. fold (step_definition w log ext) d first.
  destruct ((if log then masked_step w log ext None else cell_step w log ext None) (Pos.of_succ_nat first)) as [rs ns] eqn:M.
  assert (D : d = {| nodes := map plain_node ns; results := map plain rs |}).
  { unfold d, step_definition, definition_for, writing_for. fold first. rewrite M. apply writing_plain. }
  set (slots := placed (repeat 0 first) (nodes d)). set (final := repeat 0 first ++ map half slots).
  set (at_half := fun i => nth i final 0).
  assert (Codes : forall i, i < code_width w log ext -> at_half i = 0).
  { intros i L. unfold at_half, final. rewrite app_nth1, nth_repeat by (rewrite repeat_length; exact L). reflexivity. }
  assert (Agree : agrees at_half first ns).
  { intros i x N B. pose proof (placed_agrees (nodes d) (repeat 0 first) i (plain_node x)) as P. cbv zeta in P.
    rewrite repeat_length in P. fold slots final in P. apply P; [|exact B]. rewrite D. cbn [nodes].
      rewrite nth_error_map, N. reflexivity. }
  assert (C : length ns <= nodes_needed w log ext /\ fine at_half (2 * layers_needed ext) (2 * w + 13) first ns /\
    length rs = token_code_width w ext + (if log then 0 else 3) /\
    Forall (upto at_half (first + length ns) ((if ext then 10 else 8) + 2)) rs).
  { assert (T : (if ext then 10 else 8) + 2 <= 2 * layers_needed ext) by (destruct ext; cbn; lia). unfold nodes_needed.
    destruct log.
    - rewrite Nat.add_0_r. exact (adds_masked_step at_half _ _ w true ext Codes W (Nat.le_refl _) T eq_refl first (Nat.le_refl
      _) rs ns M Agree).
    - exact (adds_cell_step at_half _ _ w false ext Codes W (Nat.le_refl _) T first (Nat.le_refl _) rs ns M Agree). }
  destruct C as (Count & Fine & Shown & Results).
  assert (Node : forall i n, nth_error (nodes d) i = Some n -> node_below (first + i) n /\ narrow (2 * w + 13) n /\
    at_half (first + i) <= 2 * layers_needed ext).
  { intros i n N. rewrite D in N. cbn [nodes] in N. rewrite nth_error_map in N. destruct (nth_error ns i) as [x|] eqn:X;
    [|discriminate].
    injection N as <-. exact (Fine i x X). }
  split; [intros i n N; apply Node, N|]. split; [|split; [rewrite D; cbn [nodes]; rewrite map_length; exact Count|split;
    [|split]]].
  - intros f F. rewrite D in *. cbn [results nodes] in *. rewrite map_length. apply in_map_iff in F as (g & <- & G).
    rewrite Forall_forall in Results. exact (below_upto at_half _ _ g (Results g G)).
  - intros n I. apply In_nth_error in I as (i & N). apply (Node i n N).
  - intros s S. fold slots in S. destruct (placed_facts (nodes d) (repeat 0 first)) as [Co F]. rewrite repeat_length in Co, F.
    fold slots final in Co, F. destruct (F s S) as (N & H & _). assert (K : In (coordinate s) (seq first (length (nodes d)))) by
      (rewrite <- Co; apply in_map; exact S). apply in_seq in K. destruct (Node _ _ N) as (_ & _ & T). rewrite H.
    replace (first + (coordinate s - first)) with (coordinate s) in T by lia. exact T.
  - rewrite D. cbn [results]. rewrite map_length. exact Shown.
Qed.

(* The plan. Entry 9 + (number of operations) of a token's code is always 1. *)
Definition place_width (w : nat) (log : bool) : nat := if log then Accepted.log_code_width w else Accepted.cell_code_width w.
Definition direct_plan (w : nat) (log ext : bool) : plan :=
  direct (9 + length (operations ext)) (token_code_width w ext) (place_width w log) (step_definition w log ext).

Lemma widths : forall w log ext, token_code_width w ext + place_width w log = code_width w log ext.
Proof.
  intros w log ext. unfold place_width, Accepted.log_code_width, Accepted.cell_code_width, code_width. destruct log; lia.
Qed.

Lemma one_within : forall w log ext, 9 + length (operations ext) < token_code_width w ext + place_width w log.
Proof. intros. unfold token_code_width. lia. Qed.

(* A transformer of at most [d] layers, all of whose dimensions are at most n: residual coordinates, hidden units of a
   feed-forward block, heads of a layer, coordinates of a query, key or value, entries of a code that is read, and outputs. *)
Definition within (d n : nat) (m : plan) : Prop :=
  depth m <= d /\ d_model m <= n /\ d_ff m <= n /\ heads_per_layer m <= n /\ d_head m <= n /\ d_code m <= n.

Theorem direct_within : forall w log ext, 5 <= w ->
  within (layers_needed ext) (code_width w log ext + nodes_needed w log ext) (direct_plan w log ext).
Proof.
  intros w log ext W. destruct (step_sizes w log ext W) as (Ordered & Results & Count & Narrow & Halves & Shown).
  unfold step_ordered, ordered_for in Ordered. rewrite <- widths in *. pose proof (one_within w log ext) as O.
  unfold direct_plan.
  split; [eapply direct_depth; eassumption|]. split; [|split; [|split; [|split]]].
  - eapply Nat.le_trans; [eapply direct_model; eassumption|lia].
  - eapply Nat.le_trans; [eapply direct_ff; eassumption|lia].
  - eapply Nat.le_trans; [eapply direct_heads; eassumption|lia].
  - eapply Nat.le_trans; [eapply (direct_head _ _ _ (2 * w + 13)); first [eassumption|lia]|]. unfold nodes_needed.
    destruct log; lia.
  - apply direct_code; [exact O|lia|lia|]. rewrite Shown. unfold nodes_needed. destruct log; lia.
Qed.

Lemma within_more : forall d n n' m, within d n m -> n <= n' -> within d n' m.
Proof. intros d n n' m (A & B & C & D & E & F) L. repeat split; try assumption; lia. Qed.
