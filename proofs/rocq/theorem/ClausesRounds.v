(* The library's program `clauses`, its text as the assembler gives it, part by part: what a round does to the facts in memory,
   for any table of clauses. A processor whose clause has been applied has halted; the others are at one instruction. *)
From Coq Require Import List Bool ZArith Lia.
From Efasp Require Import Statement Sequences Positions Reached Lockstep Parted ClausesText.
Import ListNotations.
Open Scope Z_scope.

(* Clauses (premise, premise, conclusion) over facts, which are numbers, and what holds after t rounds, each of which applies
   all clauses to what held before it. *)
Definition table : Type := list (nat * nat * nat).
Fixpoint holds (clauses_ : table) (facts : list bool) (t : nat) (f : nat) : bool :=
  match t with
  | O => nth f facts false
  | S t => holds clauses_ facts t f ||
      existsb (fun '(a, b, c) => (c =? f)%nat && holds clauses_ facts t a && holds clauses_ facts t b) clauses_
  end.

(* The library puts before the clauses one that never applies, of a fact that never holds, the last. *)
Definition with_idle {A} (facts : list A) (given : table) : table := (length facts, length facts, length facts) :: given.

(* Memory: the number of rounds, of every clause the addresses of its facts, a word for every fact. It may be larger: the rest
   is not used. *)
Definition place (clauses_ : table) (f : nat) : Z := 1 + 3 * Z.of_nat (length clauses_) + Z.of_nat f.
Definition addresses (clauses_ : table) : list Z :=
  flat_map (fun '(a, b, c) => [place clauses_ a; place clauses_ b; place clauses_ c]) clauses_.
Definition layout (rounds : nat) (clauses_ : table) (facts : list bool) (rest : list Z) : list Z :=
  [Z.of_nat rounds] ++ addresses clauses_ ++ map Z.b2z facts ++ rest.
Definition clauses_on (rounds : nat) (clauses_ : table) (facts : list bool) (rest : list Z) : program :=
  {| instructions := clauses; processors := length clauses_; initial := layout rounds clauses_ facts rest |}.

(* What is asked: words of 5 bits or more, in which the number of rounds and that of words of memory fit; a round, a clause,
   and clauses of facts. *)
Definition suits (w rounds : nat) (clauses_ : table) (facts : list bool) (rest : list Z) : Prop :=
  (5 <= w)%nat /\ (1 <= rounds)%nat /\ Z.of_nat rounds < size w /\ (1 <= length clauses_)%nat /\
  (forall a b c, In (a, b, c) clauses_ -> (a < length facts)%nat /\ (b < length facts)%nat /\ (c < length facts)%nat) /\
  Z.of_nat (length (layout rounds clauses_ facts rest)) <= size w /\ forallb (is_word w) rest = true.

Lemma flat_length : forall A B (f : A -> list B) n l, (forall x, length (f x) = n) ->
  length (flat_map f l) = (n * length l)%nat.
Proof. intros A B f n l F. induction l as [|x l IH]; cbn; [lia|]. rewrite app_length, F, IH. lia. Qed.
Lemma flat_at : forall A (f : A -> list Z) n l k j d, (forall x, length (f x) = n) -> (k < length l)%nat -> (j < n)%nat ->
  nth (n * k + j) (flat_map f l) 0 = nth j (f (nth k l d)) 0.
Proof.
  intros A f n l k j d F. revert k. induction l as [|x l IH]; intros [|k] L J; cbn [length] in L; try lia; cbn [flat_map nth].
  - rewrite Nat.mul_0_r. apply app_nth1. rewrite F. lia.
  - rewrite app_nth2 by (rewrite F; lia). rewrite F. replace (n * S k + j - n)%nat with (n * k + j)%nat by lia. apply IH; lia.
Qed.
Lemma addresses_length : forall c, length (addresses c) = (3 * length c)%nat.
Proof. intros c. unfold addresses. apply flat_length. intros ((x, y), z). reflexivity. Qed.
Lemma layout_length : forall R c facts rest,
  length (layout R c facts rest) = (1 + 3 * length c + length facts + length rest)%nat.
Proof. intros. unfold layout. rewrite !app_length, addresses_length, map_length. cbn. lia. Qed.

Lemma later : forall c facts t u f, (t <= u)%nat -> holds c facts t f = true -> holds c facts u f = true.
Proof. intros c facts t u f L H. induction L as [|u L IH]; [exact H|]. cbn [holds]. rewrite IH. reflexivity. Qed.

Section Rounds.
Variables (w R : nat) (T : table) (facts : list bool) (rest : list Z).
Hypothesis Suits : suits w R T facts rest.
Local Notation p := (clauses_on R T facts rest).
Local Notation after := (holds T facts).
Local Notation spot := (place T).
Let Wide : (5 <= w)%nat. Proof. apply Suits. Qed.
Let Some_round : (1 <= R)%nat. Proof. apply Suits. Qed.
Let Few : Z.of_nat R < size w. Proof. apply Suits. Qed.
Let Proper : forall a b c, In (a, b, c) T -> (a < length facts)%nat /\ (b < length facts)%nat /\ (c < length facts)%nat.
Proof. apply Suits. Qed.
Let Room : 1 + 3 * Z.of_nat (length T) + Z.of_nat (length facts) + Z.of_nat (length rest) <= size w.
Proof. pose proof Suits as (_ & _ & _ & _ & _ & H & _). rewrite layout_length in H. lia. Qed.
Lemma large : 32 <= size w.
Proof. change 32 with (2 ^ 5). apply Z.pow_le_mono_r; lia. Qed.
Lemma fits : Z.of_nat (length (instructions p)) <= size w.
Proof. pose proof large. change (Z.of_nat (length (instructions p))) with 17. lia. Qed.
Lemma memory_length : Z.of_nat (length (initial p)) =
  1 + 3 * Z.of_nat (length T) + Z.of_nat (length facts) + Z.of_nat (length rest).
Proof. cbn [initial clauses_on]. rewrite layout_length. lia. Qed.

(* A processor's clause. *)
Definition clause_of (pid : Z) : nat * nat * nat := nth (Z.to_nat pid) T (0, 0, 0)%nat.
Definition first (pid : Z) : nat := fst (fst (clause_of pid)).
Definition second (pid : Z) : nat := snd (fst (clause_of pid)).
Definition conclusion (pid : Z) : nat := snd (clause_of pid).
Lemma clause_in : forall pid, acting p pid -> In (first pid, second pid, conclusion pid) T.
Proof.
  intros pid [A B]. cbn in B. unfold first, second, conclusion. rewrite <- !surjective_pairing. apply nth_In. lia.
Qed.
Lemma clause_has : forall a b c, In (a, b, c) T ->
  exists pid, acting p pid /\ first pid = a /\ second pid = b /\ conclusion pid = c.
Proof.
  intros a b c I. apply (In_nth _ _ (0, 0, 0)%nat) in I as (n & L & E). exists (Z.of_nat n).
  unfold first, second, conclusion, clause_of, acting. rewrite Nat2Z.id, E. cbn. repeat split; lia.
Qed.
Lemma spot_range : forall f, (f < length facts)%nat ->
  0 <= spot f < Z.of_nat (length (initial p)) /\ (spot f + 0) mod size w = spot f.
Proof.
  intros f L. pose proof memory_length. unfold place. split; [lia|]. rewrite Z.add_0_r. apply Z.mod_small. lia.
Qed.

(* Memory holds the facts after t rounds. *)
Definition known (m : Z -> Z) (t : nat) : Prop := forall f, (f < length facts)%nat -> m (spot f) = Z.b2z (after t f).
Definition applies (t : nat) (pid : Z) : bool := after t (first pid) && after t (second pid).
Definition done (t : nat) (pid : Z) : bool := existsb (fun u => applies u pid) (seq 0 t).
Lemma done_next : forall t pid, done (S t) pid = done t pid || applies t pid.
Proof. intros t pid. unfold done. rewrite seq_S, existsb_app. cbn. rewrite orb_false_r. reflexivity. Qed.
Lemma done_last : forall t pid, done (S t) pid = applies t pid.
Proof.
  intros t pid. rewrite done_next. destruct (done t pid) eqn:D; [|reflexivity]. symmetry.
  unfold done in D. apply existsb_exists in D as (u & I & A). apply in_seq in I. unfold applies in *.
  apply andb_true_iff in A as [A B]. apply andb_true_iff. split; apply (later _ _ u); (lia || assumption).
Qed.
Lemma concluded : forall t pid, acting p pid -> done t pid = true -> after t (conclusion pid) = true.
Proof.
  intros [|t] pid A D; [discriminate|]. rewrite done_last in D. apply andb_true_iff in D as [X Y]. cbn [holds].
  apply orb_true_iff. right. apply existsb_exists. exists (first pid, second pid, conclusion pid).
  split; [exact (clause_in pid A)|]. rewrite Nat.eqb_refl, X, Y. reflexivity.
Qed.
Lemma known_next : forall m m' t, known m t ->
  written p (fun pid => if done t pid then None else if applies t pid then Some (spot (conclusion pid), 1) else None) m m' ->
  known m' (S t).
Proof.
  intros m m' t K S f L. destruct (S (spot f)) as [(pid & A & X)|[N X]].
  - exact (proj1 (spot_range f L)).
  - destruct (done t pid) eqn:D; [discriminate|]. destruct (applies t pid) eqn:Q; [|discriminate].
    injection X as X1 X2. rewrite <- X2. replace f with (conclusion pid) by (unfold place in X1; lia).
    rewrite concluded; [reflexivity|exact A|]. rewrite done_last. exact Q.
  - rewrite X, (K f L). destruct (after (Datatypes.S t) f) eqn:H.
    + cbn [holds] in H. apply orb_true_iff in H as [->|H]; [reflexivity|].
      apply existsb_exists in H as (((a, b), c) & I & H). rewrite !andb_true_iff, Nat.eqb_eq in H. destruct H as [[-> Ha] Hb].
      destruct (clause_has a b f I) as (pid & A & E1 & E2 & E3). specialize (N pid 1 A).
      destruct (done t pid) eqn:D.
      * rewrite <- E3, (concluded t pid A D). reflexivity.
      * exfalso. unfold applies in N. rewrite E1, E2, E3, Ha, Hb in N. apply N. reflexivity.
    + destruct (after t f) eqn:G; [|reflexivity]. apply (later _ _ _ (Datatypes.S t)) in G; [congruence|lia].
Qed.

(* The registers in the loop: the addresses of the clause's facts, 1, and the number of rounds that are left. *)
Definition bank (x0 x1 r6 : Z) (pid : Z) : list Z :=
  [x0; x1; spot (first pid); spot (second pid); spot (conclusion pid); 1; r6; 0].
(* The processors when t rounds are over. *)
Definition rested (t : nat) (q0 : Z -> processor) : Prop :=
  forall pid, acting p pid -> done t pid = true -> state (q0 pid) = Halted.
Definition others (t : nat) (q0 q : Z -> processor) (pid : Z) : processor := if done t pid then q0 pid else q pid.
Definition at_head (t : nat) (q0 : Z -> processor) (x0 x1 : Z -> Z) : Z -> processor :=
  others t q0 (fun pid => own (bank (x0 pid) (x1 pid) (Z.of_nat (R - t)) pid) (if (t <? R)%nat then 8 else 14)).

Lemma others_become : forall m t q0 q q' store, rested t q0 ->
  (forall pid, acting p pid -> done t pid = false -> becomes w p m pid (q pid) (q' pid) (store pid)) ->
  forall pid, acting p pid ->
  becomes w p m pid (others t q0 q pid) (others t q0 q' pid) (if done t pid then None else store pid).
Proof.
  intros m t q0 q q' store Rest B pid A. unfold others. destruct (done t pid) eqn:D; [|exact (B pid A D)].
  apply becomes_still. unfold runs. rewrite (Rest pid A D). reflexivity.
Qed.
Lemma others_step : forall m t q0 q q' k Q, rested t q0 ->
  (forall pid, acting p pid -> becomes w p m pid (q pid) (q' pid) None) ->
  after_steps w p k (parted p m (others t q0 q')) Q -> after_steps w p (S k) (parted p m (others t q0 q)) Q.
Proof.
  intros m t q0 q q' k Q Rest B. apply quiet_step. intros pid A.
  pose proof (others_become m t q0 q q' (fun _ => None) Rest (fun pid A _ => B pid A) pid A) as X. cbn beta in X.
  destruct (done t pid); exact X.
Qed.
Lemma load_fact : forall m t f, known m t -> (f < length facts)%nat ->
  (if (spot f + 0) mod size w <? Z.of_nat (length (initial p)) then Some (m ((spot f + 0) mod size w)) else None) =
  Some (Z.b2z (after t f)).
Proof.
  intros m t f K L. destruct (spot_range f L) as [B ->]. destruct (Z.ltb_spec (spot f) (Z.of_nat (length (initial p)))); [|lia].
  rewrite (K f L). reflexivity.
Qed.

Ltac shown := cbv beta iota delta [alone bank result address_of operand_value op rd ra rx alu map]; registers; cbn [nth].
Ltac within := change (Z.of_nat (length (instructions p))) with 17; lia.
Ltac set_at counter r v := cbv beta; match goal with |- becomes _ _ ?m ?pid (own ?rs _) _ _ =>
  refine (becomes_set w p fits m pid rs counter _ eq_refl ltac:(within) r v eq_refl _ _); [lia|shown] end.

Lemma round_part : forall m t q0 x0 x1 k Q, (t < R)%nat -> known m t -> rested t q0 ->
  (forall m' q0' x0' x1', known m' (S t) -> rested (S t) q0' ->
    after_steps w p k (parted p m' (at_head (S t) q0' x0' x1')) Q) ->
  after_steps w p (6 + k) (parted p m (at_head t q0 x0 x1)) Q.
Proof.
  intros m t q0 x0 x1 k Q More K Rest Next. cbn [Nat.add]. unfold at_head.
  destruct (Nat.ltb_spec t R) as [_|]; [|lia].
  pose (r := Z.of_nat (R - t)). pose (a := fun pid => Z.b2z (after t (first pid))).
  pose (b := fun pid => Z.b2z (after t (second pid))). pose (d := fun pid => Z.b2z (applies t pid)).
  assert (Facts : forall pid, acting p pid -> (first pid < length facts)%nat /\ (second pid < length facts)%nat /\
    (conclusion pid < length facts)%nat) by (intros pid A; apply clause_in, Proper in A; exact A).
  apply (others_step m t q0 _ (fun pid => own (bank (a pid) (x1 pid) r pid) 9) _ Q Rest).
  { intros pid A. set_at 8 0 (a pid). exact (load_fact m t _ K (proj1 (Facts pid A))). }
  apply (others_step m t q0 _ (fun pid => own (bank (a pid) (b pid) r pid) 10) _ Q Rest).
  { intros pid A. set_at 9 1 (b pid). exact (load_fact m t _ K (proj1 (proj2 (Facts pid A)))). }
  apply (others_step m t q0 _ (fun pid => own (bank (d pid) (b pid) r pid) 11) _ Q Rest).
  { intros pid A. set_at 10 0 (d pid). f_equal. unfold a, b, d, applies.
    destruct (after t (first pid)), (after t (second pid)); reflexivity. }
  apply (others_step m t q0 _ (fun pid => own (bank (d pid) (b pid) r pid) (if applies t pid then 15 else 12)) _ Q Rest).
  { intros pid A. replace (if applies t pid then 15 else 12) with (if d pid =? 0 then 11 + 1 else 15)
      by (unfold d; destruct (applies t pid); reflexivity).
    exact (becomes_branch w p fits m pid (bank (d pid) (b pid) r pid) 11 _ eq_refl ltac:(within) 15 eq_refl eq_refl). }
  pose (q5 := fun pid => if applies t pid then own (bank (d pid) (b pid) r pid) 16
    else own (bank (d pid) (b pid) (Z.of_nat (R - S t)) pid) 13).
  apply (parted_step w p m _ (others t q0 q5)
    (fun pid => if done t pid then None else if applies t pid then Some (spot (conclusion pid), 1) else None)).
  { apply others_become; [exact Rest|]. intros pid A _. unfold q5. destruct (applies t pid).
    - destruct (spot_range _ (proj2 (proj2 (Facts pid A)))) as [B C].
      apply (becomes_store w p fits _ _ _ 15 _ eq_refl ltac:(within)); [reflexivity|exact C|lia|reflexivity].
    - set_at 12 6 (Z.of_nat (R - S t)). f_equal. unfold r. rewrite Z.mod_small; lia. }
  intros m' S.
  pose (q6 := fun pid => {| registers := bank (d pid) (b pid) r pid; pc := 16; state := Halted |}).
  apply (quiet_step w p m' _ (at_head (Datatypes.S t) (others t q0 q6) d b)).
  { intros pid A. unfold at_head, others, q5. rewrite done_next. destruct (done t pid) eqn:D; cbn [orb].
    - apply becomes_still. unfold runs. rewrite (Rest pid A D). reflexivity.
    - destruct (applies t pid); [apply (becomes_halted w p _ _ _ 16 _ eq_refl eq_refl)|].
      replace (if (Datatypes.S t <? R)%nat then 8 else 14) with (if Z.of_nat (R - Datatypes.S t) =? 0 then 13 + 1 else 8).
      + exact (becomes_branch w p fits m' pid (bank (d pid) (b pid) (Z.of_nat (R - Datatypes.S t)) pid) 13 _ eq_refl
          ltac:(within) 8 eq_refl eq_refl).
      + destruct (Nat.ltb_spec (Datatypes.S t) R), (Z.eqb_spec (Z.of_nat (R - Datatypes.S t)) 0); lia. }
  apply Next; [exact (known_next m m' t K S)|]. intros pid A D. unfold others.
  destruct (done t pid) eqn:E; [exact (Rest pid A E)|]. reflexivity.
Qed.

(* The first instructions: every processor loads the addresses of its clause. *)
Lemma address_at : forall pid j, acting p pid -> (j < 3)%nat -> let a := 3 * pid + 1 + Z.of_nat j in
  0 <= a < Z.of_nat (length (initial p)) /\ a < size w /\
  nth (Z.to_nat a) (initial p) 0 = nth j [spot (first pid); spot (second pid); spot (conclusion pid)] 0.
Proof.
  intros pid j A J. cbn zeta. pose proof memory_length as Len. destruct A as [A B]. cbn in B. split; [lia|]. split; [lia|].
  cbn [initial clauses_on]. unfold layout. cbn [app]. replace (Z.to_nat _) with (S (3 * Z.to_nat pid + j)) by lia. cbn [nth].
  rewrite app_nth1 by (rewrite addresses_length; lia). unfold addresses.
  rewrite (flat_at _ _ 3 T (Z.to_nat pid) j (0, 0, 0)%nat); [|intros ((x, y), z); reflexivity|lia|lia].
  unfold first, second, conclusion. change (nth (Z.to_nat pid) T (0, 0, 0)%nat) with (clause_of pid).
  destruct (clause_of pid) as ((x, y), z). reflexivity.
Qed.
Lemma start_part : forall k Q,
  (forall m q0 x0 x1, known m 0 -> rested 0 q0 -> after_steps w p k (parted p m (at_head 0 q0 x0 x1)) Q) ->
  after_steps w p (8 + k) (start (length T) (initial p)) Q.
Proof.
  intros k Q Next. cbn [Nat.add]. change (length T) with (processors p). rewrite (parted_start p).
  set (m := fun a : Z => nth (Z.to_nat a) (initial p) 0). pose proof memory_length as Len.
  assert (Few_processors : forall pid, acting p pid -> 0 <= pid /\ 3 * pid + 3 < Z.of_nat (length (initial p)))
    by (intros pid [A B]; cbn in B; lia).
  assert (Load : forall pid j, acting p pid -> (j < 3)%nat ->
    (if (3 * pid + (1 + Z.of_nat j)) mod size w <? Z.of_nat (length (initial p))
     then Some (m ((3 * pid + (1 + Z.of_nat j)) mod size w)) else None) =
    Some (nth j [spot (first pid); spot (second pid); spot (conclusion pid)] 0)).
  { intros pid j A J. destruct (address_at pid j A J) as (B & C & E). rewrite Z.add_assoc. rewrite Z.mod_small by lia.
    destruct (Z.ltb_spec (3 * pid + 1 + Z.of_nat j) (Z.of_nat (length (initial p)))); [|lia]. f_equal. exact E. }
  apply (quiet_step w p m _ (fun pid => own [pid; 0; 0; 0; 0; 0; 0; 0] 1)).
  { intros pid A. set_at 0 0 pid. reflexivity. }
  apply (quiet_step w p m _ (fun pid => own [pid; 2 * pid; 0; 0; 0; 0; 0; 0] 2)).
  { intros pid A. set_at 1 1 (2 * pid). f_equal. specialize (Few_processors pid A). rewrite Z.mod_small; lia. }
  apply (quiet_step w p m _ (fun pid => own [pid; 3 * pid; 0; 0; 0; 0; 0; 0] 3)).
  { intros pid A. set_at 2 1 (3 * pid). f_equal. specialize (Few_processors pid A). rewrite Z.mod_small; lia. }
  apply (quiet_step w p m _ (fun pid => own [pid; 3 * pid; spot (first pid); 0; 0; 0; 0; 0] 4)).
  { intros pid A. set_at 3 2 (spot (first pid)). apply (Load pid 0%nat A). lia. }
  apply (quiet_step w p m _ (fun pid => own [pid; 3 * pid; spot (first pid); spot (second pid); 0; 0; 0; 0] 5)).
  { intros pid A. set_at 4 3 (spot (second pid)). apply (Load pid 1%nat A). lia. }
  apply (quiet_step w p m _
    (fun pid => own [pid; 3 * pid; spot (first pid); spot (second pid); spot (conclusion pid); 0; 0; 0] 6)).
  { intros pid A. set_at 5 4 (spot (conclusion pid)). apply (Load pid 2%nat A). lia. }
  apply (quiet_step w p m _
    (fun pid => own [pid; 3 * pid; spot (first pid); spot (second pid); spot (conclusion pid); 1; 0; 0] 7)).
  { intros pid A. set_at 6 5 1. reflexivity. }
  apply (quiet_step w p m _ (at_head 0 (fun _ => idle) (fun pid => pid) (fun pid => 3 * pid))).
  { intros pid A. unfold at_head, others. cbn [done seq existsb]. rewrite Nat.sub_0_r.
    destruct (Nat.ltb_spec 0 R); [|lia]. set_at 7 6 (Z.of_nat R).
    pose proof large. rewrite Z.mod_small by lia.
    destruct (Z.ltb_spec (0 + 0) (Z.of_nat (length (initial p)))); [reflexivity|lia]. }
  apply Next; [|intros pid A; discriminate]. intros f L. unfold m. cbn [initial clauses_on holds]. unfold layout.
  cbn [app]. unfold place. replace (Z.to_nat _) with (S (3 * length T + f)) by lia. cbn [nth].
  rewrite app_nth2 by (rewrite addresses_length; lia). rewrite addresses_length.
  replace (3 * length T + f - 3 * length T)%nat with f by lia. rewrite app_nth1 by (rewrite map_length; exact L).
  change 0 with (Z.b2z false). apply map_nth.
Qed.
End Rounds.
