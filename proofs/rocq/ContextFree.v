(* Any context-free language in O(log n) rounds: the clauses that efasp.context_free makes of a grammar in Chomsky normal form,
   and that 1 + 4 log2 n rounds of applying all of them decide whether the grammar derives a word of n letters. *)
From Coq Require Import Arith Lia.

Section Grammar.
Variables name letter : Type.
Variable binary : name -> name -> name -> Prop. (* A -> B C *)
Variable terminal : name -> letter -> Prop. (* A -> a *)
Variable start : name.
Variable n : nat.
Variable word : nat -> letter. (* at places 0 .. n-1 *)

(* An item (A, i, j): A and the letters from i to before j. *)
Definition item : Type := name * nat * nat.
Definition size (x : item) : nat := snd x - snd (fst x).
Inductive derives : item -> Prop :=
| by_letter : forall A i, i < n -> terminal A (word i) -> derives (A, i, S i)
| by_parts : forall A B C i k j, binary A B C -> derives (B, i, k) -> derives (C, k, j) -> derives (A, i, j).

(* The clauses: they speak of the grammar and of n, not of the letters. *)
Inductive width : name -> nat -> Prop :=
| one : forall A a, terminal A a -> width A 1
| more : forall A B C x y, binary A B C -> width B x -> width C y -> width A (x + y).
Inductive split : item -> item -> item -> Prop :=
| at_place : forall A B C i k j, binary A B C -> i < k -> k < j -> width B (k - i) -> width C (j - k) ->
    split (A, i, j) (B, i, k) (C, k, j).
Inductive below : item -> item -> Prop :=
| first_part : forall x y z, split x y z -> below x y
| second_part : forall x y z, split x y z -> below x z
| deeper : forall x y z, below x y -> below y z -> below x z.
Definition occurs (x : item) : Prop := x = (start, 0, n) \/ below (start, 0, n) x.
Definition inner (x y : item) : Prop := below x y /\ 2 <= size y.
Inductive fact := Letter (i : nat) (a : letter) | Item (x : item) | Gap (x y : item).
Inductive clause : fact -> fact -> fact -> Prop :=
| leaf : forall A i a, occurs (A, i, S i) -> terminal A a -> clause (Letter i a) (Letter i a) (Item (A, i, S i))
| pair : forall x y z, occurs x -> split x y z -> clause (Item y) (Item z) (Item x)
| activate_first : forall x y z, occurs x -> split x y z -> 2 <= size y -> clause (Item z) (Item z) (Gap x y)
| activate_second : forall x y z, occurs x -> split x y z -> 2 <= size z -> clause (Item y) (Item y) (Gap x z)
| square : forall x y z, occurs x -> inner x y -> inner y z -> clause (Gap x y) (Gap y z) (Gap x z)
| pebble : forall x y, occurs x -> inner x y -> clause (Gap x y) (Item y) (Item x).

(* What holds after t rounds, each of which applies all clauses to what held before it. *)
Fixpoint after (t : nat) (f : fact) : Prop :=
  match t with
  | 0 => exists i, i < n /\ f = Letter i (word i)
  | S t => after t f \/ exists x y, clause x y f /\ after t x /\ after t y
  end.

Lemma later : forall t u f, t <= u -> after t f -> after u f.
Proof. intros t u f L. induction L as [|u L IH]; intros H; [exact H|]. left. exact (IH H). Qed.

Lemma applied : forall t u x y f, clause x y f -> after t x -> after t y -> t < u -> after u f.
Proof.
  intros t u x y f C X Y L. apply (later (S t)); [exact L|]. right. exists x, y. split; [exact C|]. split; [exact X|exact Y].
Qed.

(* Nothing is derived that the grammar does not derive. *)
Definition sound (f : fact) : Prop :=
  match f with Letter i a => i < n /\ a = word i | Item x => derives x | Gap x y => derives y -> derives x end.

Lemma clause_sound : forall x y f, clause x y f -> sound x -> sound y -> sound f.
Proof.
  intros x y f C. destruct C as [A i a O T|x y z O S|x y z O S B|x y z O S B|x y z O I J|x y O I]; cbn; intros X Y.
  - destruct X as [L ->]. apply by_letter; assumption.
  - destruct S. eapply by_parts; eassumption.
  - intros H. destruct S. eapply by_parts; eassumption.
  - intros H. destruct S. eapply by_parts; eassumption.
  - intros H. exact (X (Y H)).
  - exact (X Y).
Qed.

Theorem only_derived : forall t f, after t f -> sound f.
Proof.
  induction t as [|t IH]; cbn [after]; intros f H.
  - destruct H as (i & L & ->). split; [exact L|reflexivity].
  - destruct H as [H|(x & y & C & X & Y)]; [exact (IH f H)|]. exact (clause_sound x y f C (IH x X) (IH y Y)).
Qed.

(* Every item that is derived has a width, and parts that have one too. *)
Lemma derived_bounds : forall x, derives x -> snd (fst x) < snd x.
Proof. intros x D. induction D as [A i L T|A B C i k j R DB IB DC IC]; cbn [fst snd] in *; lia. Qed.

Lemma derived_width : forall x, derives x -> width (fst (fst x)) (size x).
Proof.
  intros x D. induction D as [A i L T|A B C i k j R DB IB DC IC]; unfold size in *; cbn [fst snd] in *.
  - replace (S i - i) with 1 by lia. exact (one A _ T).
  - pose proof (derived_bounds _ DB). pose proof (derived_bounds _ DC). cbn [fst snd] in *.
    replace (j - i) with ((k - i) + (j - k)) by lia. eapply more; eassumption.
Qed.

Lemma derived_split : forall A B C i k j, binary A B C -> derives (B, i, k) -> derives (C, k, j) ->
  split (A, i, j) (B, i, k) (C, k, j).
Proof.
  intros A B C i k j R DB DC. pose proof (derived_bounds _ DB). pose proof (derived_bounds _ DC).
  pose proof (derived_width _ DB). pose proof (derived_width _ DC). cbn [fst snd] in *. constructor; assumption.
Qed.

(* One part of a derivation, and the part next to it. *)
Inductive edge (x y z : item) : Prop :=
| to_first : split x y z -> derives y -> derives z -> edge x y z
| to_second : split x z y -> derives y -> derives z -> edge x y z.

Lemma edge_sizes : forall x y z, edge x y z -> size x = size y + size z /\ 1 <= size y /\ 1 <= size z.
Proof. intros x y z [S _ _|S _ _]; destruct S; unfold size; cbn [fst snd]; lia. Qed.

Lemma edge_below : forall x y z, edge x y z -> below x y /\ below x z.
Proof. intros x y z [S _ _|S _ _]; split; (eapply first_part; exact S) || (eapply second_part; exact S). Qed.

Lemma occurs_below : forall x y, occurs x -> below x y -> occurs y.
Proof. intros x y [->|O] B; right; [exact B|]. exact (deeper _ _ _ O B). Qed.

(* The way down from an item to one within it. *)
Inductive path : item -> item -> Prop :=
| here : forall x, path x x
| down : forall x y z v, edge x y z -> path y v -> path x v.

Lemma path_sizes : forall x v, path x v -> size v <= size x /\ (x = v \/ size v < size x).
Proof.
  intros x v P. induction P as [x|x y z v E P [IH _]]; [split; [lia|left; reflexivity]|].
  pose proof (edge_sizes x y z E). split; [lia|right; lia].
Qed.

Lemma path_below : forall x v, path x v -> x = v \/ below x v.
Proof.
  intros x v P. induction P as [x|x y z v E P IH]; [left; reflexivity|right]. destruct (edge_below x y z E) as [B _].
  destruct IH as [<-|IH]; [exact B|exact (deeper _ _ _ B IH)].
Qed.

(* Where half of a long item is passed, both parts are short. *)
Lemma heavy : forall x, derives x -> forall h, 1 <= h -> h < size x ->
  exists u y z, path x u /\ h < size u /\ split u y z /\ derives y /\ derives z /\ size y <= h /\ size z <= h.
Proof.
  intros x D. induction D as [A i L T|A B C i k j R DB IB DC IC]; intros h H1 H2; [unfold size in H2; cbn [fst snd] in H2; lia|].
  pose proof (derived_split A B C i k j R DB DC) as S.
  destruct (le_lt_dec (size (B, i, k)) h) as [SB|SB].
  - destruct (le_lt_dec (size (C, k, j)) h) as [SC|SC].
    + exists (A, i, j), (B, i, k), (C, k, j). split; [apply here|]. tauto.
    + destruct (IC h H1 SC) as (u & y & z & P & Q). exists u, y, z. split; [|exact Q].
      apply (down _ (C, k, j) (B, i, k)); [apply to_second; assumption|exact P].
  - destruct (IB h H1 SB) as (u & y & z & P & Q). exists u, y, z. split; [|exact Q].
    apply (down _ (B, i, k) (C, k, j)); [apply to_first; assumption|exact P].
Qed.

(* The edge of a path at which more than h letters have been left behind. *)
Lemma middle : forall x v, path x v -> forall h, h < size x - size v ->
  exists u y z, path x u /\ edge u y z /\ path y v /\ size x - size u <= h /\ h < size x - size y.
Proof.
  intros x v P. induction P as [x|x y z v E P IH]; intros h H; [lia|].
  pose proof (edge_sizes x y z E). destruct (path_sizes y v P) as [Y _].
  destruct (le_lt_dec (size z) h) as [Z|Z].
  - destruct (IH (h - size z)) as (u & y' & z' & P1 & E' & P2 & L1 & L2); [lia|]. exists u, y', z'.
    destruct (path_sizes y u P1) as [U _].
    split; [exact (down x y z u E P1)|]. split; [exact E'|]. split; [exact P2|]. split; lia.
  - exists x, y, z. split; [constructor|]. split; [exact E|]. split; [exact P|]. split; lia.
Qed.

Lemma log_half : forall s, 2 <= s -> Nat.log2 s = S (Nat.log2 (s / 2)).
Proof.
  intros s H. assert (D : s = 2 * (s / 2) + s mod 2) by (apply Nat.div_mod; lia).
  pose proof (Nat.mod_upper_bound s 2 ltac:(lia)). assert (1 <= s / 2) by lia.
  destruct (s mod 2) as [|[|k]] eqn:E; [| |lia].
  - rewrite D at 1. rewrite Nat.add_0_r. apply Nat.log2_double. lia.
  - rewrite D at 1. rewrite Nat.log2_succ_double by lia. reflexivity.
Qed.

Definition items_by (s : nat) : Prop := forall x, derives x -> occurs x -> size x <= s -> after (1 + 4 * Nat.log2 s) (Item x).
Definition gaps_by (d : nat) : Prop := forall x v, path x v -> x <> v -> occurs x -> 2 <= size v -> size x - size v <= d ->
  after (1 + 4 * Nat.log2 d + 3) (Gap x v).

Lemma edge_gap : forall x y z t, edge x y z -> occurs x -> 2 <= size y -> after t (Item z) -> after (S t) (Gap x y).
Proof.
  intros x y z t [S _ _|S _ _] O B H; apply (applied t (Datatypes.S t) (Item z) (Item z)); try exact H; try lia.
  - exact (activate_first x y z O S B).
  - exact (activate_second x z y O S B).
Qed.

Lemma joined : forall x y z t u, path x y -> path y z -> occurs x -> 2 <= size z ->
  (x <> y -> after t (Gap x y)) -> (y <> z -> after t (Gap y z)) -> x <> z -> t < u -> after u (Gap x z).
Proof.
  intros x y z t u P Q O B X Y N L. destruct (path_sizes x y P) as [_ Px], (path_sizes y z Q) as [Sy Qy].
  destruct Px as [->|Px]; [apply (later t); [lia|exact (Y N)]|].
  destruct Qy as [->|Qy]; [apply (later t); [lia|apply X; intros ->; lia]|].
  assert (x <> y) by (intros ->; lia). assert (y <> z) by (intros ->; lia).
  destruct (path_below x y P) as [|Bx]; [contradiction|]. destruct (path_below y z Q) as [|By]; [contradiction|].
  apply (applied t u (Gap x y) (Gap y z)); [|apply X|apply Y|]; try assumption.
  apply square; [exact O| |]; split; try assumption; lia.
Qed.

Lemma path_step : forall x y z, edge x y z -> path x y.
Proof. intros x y z E. exact (down x y z y E (here y)). Qed.
Lemma path_more : forall x y z, path x y -> path y z -> path x z.
Proof. intros x y z P Q. induction P as [x|x y w v E P IH]; [exact Q|exact (down x y w z E (IH Q))]. Qed.
Lemma occurs_path : forall x v, occurs x -> path x v -> occurs v.
Proof. intros x v O P. destruct (path_below x v P) as [<-|B]; [exact O|exact (occurs_below x v O B)]. Qed.

Lemma by_size : forall s, 1 <= s -> items_by s /\ gaps_by s.
Proof.
  induction s as [s IH] using lt_wf_ind. intros Pos.
  assert (Half : 2 <= s -> items_by (s / 2) /\ gaps_by (s / 2) /\ 4 * Nat.log2 s = 4 + 4 * Nat.log2 (s / 2)).
  { intros H. pose proof (Nat.div_lt s 2 ltac:(lia) ltac:(lia)). assert (1 <= s / 2) by (apply Nat.div_le_lower_bound; lia).
    destruct (IH (s / 2)) as [I G]; [assumption|assumption|]. rewrite (log_half s H). split; [exact I|]. split; [exact G|lia]. }
  assert (I : items_by s).
  { intros x D O L. destruct (le_lt_dec 2 (size x)) as [Two|One].
    - destruct Half as (I & G & E); [lia|]. pose proof (Nat.div_mod s 2 ltac:(lia)).
      pose proof (Nat.mod_upper_bound s 2 ltac:(lia)).
      destruct (le_lt_dec (size x) (s / 2)) as [Small|Large]; [apply (later (1 + 4 * Nat.log2 (s / 2))); [lia|];
        apply I; assumption|].
      destruct (heavy x D (s / 2)) as (u & y & z & P & Lu & S & DY & DZ & Ly & Lz); [lia|exact Large|].
      pose proof (occurs_path x u O P) as Ou.
      assert (U : after (1 + 4 * Nat.log2 (s / 2) + 3) (Item u)).
      { apply (applied (1 + 4 * Nat.log2 (s / 2)) _ (Item y) (Item z)); [exact (pair u y z Ou S)| | |lia].
        - apply I; [exact DY| |exact Ly]. exact (occurs_below u y Ou (first_part _ _ _ S)).
        - apply I; [exact DZ| |exact Lz]. exact (occurs_below u z Ou (second_part _ _ _ S)). }
      destruct (path_sizes x u P) as [_ [<-|Strict]]; [apply (later (1 + 4 * Nat.log2 (s / 2) + 3)); [lia|exact U]|].
      assert (N : x <> u) by (intros ->; lia).
      apply (applied (1 + 4 * Nat.log2 (s / 2) + 3) _ (Gap x u) (Item u)); [|apply G; try assumption; lia|exact U|lia].
      apply pebble; [exact O|]. destruct (path_below x u P) as [|B]; [contradiction|]. split; [exact B|lia].
    - destruct D as [A i Li T|A B C i k j R DB DC].
      + apply (applied 0 _ (Letter i (word i)) (Letter i (word i))); [exact (leaf A i (word i) O T)| | |lia]; exists i; auto.
      + pose proof (derived_bounds _ DB). pose proof (derived_bounds _ DC). unfold size in One. cbn [fst snd] in *. lia. }
  split; [exact I|].
  intros x v P N O B L. set (d := size x - size v) in *. set (t := 1 + 4 * Nat.log2 s).
  destruct (path_sizes x v P) as [_ [E|Strict]]; [contradiction|].
  pose proof (Nat.div_mod d 2 ltac:(lia)). pose proof (Nat.mod_upper_bound d 2 ltac:(lia)).
  destruct (middle x v P (d / 2)) as (u & y & z & P1 & E & P2 & L1 & L2); [unfold d in *; lia|].
  destruct (edge_sizes u y z E) as (Su & Sy & Sz). destruct (path_sizes x u P1) as [Px _].
  destruct (path_sizes y v P2) as [Py _]. pose proof (occurs_path x u O P1) as Ou.
  destruct (edge_below u y z E) as [_ Bz].
  assert (Dz : derives z) by (destruct E; assumption).
  assert (Shorter : forall a b, path a b -> occurs a -> 2 <= size b -> size a - size b <= d / 2 -> a <> b ->
    after (t + 1) (Gap a b)).
  { intros a b Q Oa Bb La Nab. destruct (path_sizes a b Q) as [_ [|St]]; [contradiction|].
    destruct Half as (_ & G & Es); [lia|]. apply (later (1 + 4 * Nat.log2 (s / 2) + 3)); [unfold t; lia|].
    apply G; try assumption. transitivity (d / 2); [exact La|]. apply Nat.div_le_mono; lia. }
  assert (First : after (t + 2) (Gap x y)).
  { apply (joined x u y (t + 1)); [exact P1|exact (path_step u y z E)|exact O|lia| | | |lia].
    - intros Nx. apply Shorter; try assumption. lia.
    - intros _. replace (t + 1) with (S t) by lia. apply (edge_gap u y z); [exact E|exact Ou|lia|].
      apply I; [exact Dz|exact (occurs_below u z Ou Bz)|]. unfold d in *. lia.
    - intros ->. lia. }
  apply (joined x y v (t + 2)); [exact (path_more x u y P1 (path_step u y z E))|exact P2|exact O|exact B| | |exact N|lia].
  - intros _. exact First.
  - intros Ny. apply (later (t + 1)); [lia|]. apply Shorter; try assumption; [|unfold d in *; lia].
    exact (occurs_path u y Ou (path_step u y z E)).
Qed.

(* After 1 + 4 log2 n rounds the goal holds exactly if the grammar derives the word. *)
(* backs: corollaries.rounds *)
Theorem rounds_decide : 1 <= n -> (after (1 + 4 * Nat.log2 n) (Item (start, 0, n)) <-> derives (start, 0, n)).
Proof.
  intros H. split; [exact (only_derived _ _)|]. intros D. apply (proj1 (by_size n H)); [exact D|left; reflexivity|].
  unfold size. cbn [fst snd]. lia.
Qed.
End Grammar.
