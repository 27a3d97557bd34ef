(* One processor's step at a position, through any view: what it reads, and that what it computes is the processor's effect. *)
From Coq Require Import List Bool ZArith QArith Lia.
From Efasp Require Import Statement Scalars StepBuilder StepDefinition StepModel StepReading StepWords StepArithmetic
  StepExecute
  StepEffect StepMatch StepCodes StepReads StepFetch StepSelect.
From Efasp Require Positions Matching.
Import ListNotations.
Open Scope Z_scope.

(* The values of a step: of the counter's token, of what a register of some name holds, and of what is found at an address. *)
Section Values.
Variables (w : nat) (p : program) (counter_token : token) (reg : option Z -> Z) (found_at : Z -> bool -> option Z).
Definition now_word : Z := word_value counter_token.
Definition now_status : option status := status_in counter_token.
Definition now_fetched (k : nat) : token := Positions.fetched p k (counter_word now_word now_status) (runs_now now_status).
Definition now_operation : option operation := operation_in (now_fetched 0).
Definition now_a : Z := reg (name_in (now_fetched 2)).
Definition now_d : Z := reg (name_in (now_fetched 1)).
Definition now_count : Z := if is_one now_operation Nproc then Z.of_nat (processors p) mod size w else 0.
Definition now_x : Z := word_value (now_fetched 3) + (reg (name_in (now_fetched 3)) + now_count).
Definition now_address : Z := (now_a + now_x) mod size w.
Definition now_touches : bool := is_one now_operation Ld || is_one now_operation St.
Definition now_found : option Z := found_at now_address now_touches.
Definition now_loaded : Z := match now_found with Some v => v | None => 0 end.
Definition now_valid : bool := match now_found with Some _ => true | None => false end.
End Values.

Lemma is_one_same : forall o q, is_one o q = true -> o = Some q.
Proof.
  intros [o|] q H; [|discriminate]. cbn in H. apply Z.eqb_eq in H. f_equal. destruct o, q; (reflexivity || discriminate).
Qed.

Section View.
Variables (first : nat) (ns : list written) (l : list position) (f : position -> vector).
Let hs : list vector := map f l.
Hypothesis model : modelled first ns hs.
Notation sound := (sound first ns).
Variables (w : nat) (log ext : bool) (code : option (list instruction)) (p : program).
Let fold : bool := folded code.
Hypothesis shown : forall j, In j l -> shows w log ext (f j) j.
Hypothesis V : valid w ext p = true.
Hypothesis L : Positions.prompted w p l.
Hypothesis kinds : prompt_kinds l.
Hypothesis program_found : finds w p code l.

(* The view, at the positions that matter: what a register holds and what is found in memory there, by the position. *)
Variables (v : view) (good : position -> Prop) (reg : position -> option Z -> Z) (found_at : position -> Z -> bool -> option Z).
Hypothesis good_in : forall j, good j -> In j l.
Hypothesis reg_none : forall j, good j -> reg j None = 0.
Hypothesis view_register : forall nm, sound (the_register v nm) (fun gs => forall here r, good here -> name nm r (f here) ->
  (forall n, r = Some n -> 0 <= n < 8) -> word w gs (reg here r) (f here)).
Hypothesis view_cell : forall address absent, sound (the_cell v address absent) (fun a =>
  sound (reads a (cell_value v)) (fun gs => forall here ad b, good here -> signs_as w address (Some ad) (f here) ->
    0 <= ad < size w -> flag absent (negb b) (f here) -> word w gs (match found_at here ad b with Some u => u | None => 0 end)
      (f here)) /\
  sound (found sink a) (fun g => forall here ad b, good here -> signs_as w address (Some ad) (f here) ->
    0 <= ad < size w -> flag absent (negb b) (f here) -> flag g (match found_at here ad b with Some _ => true | None => false
      end) (f here))).
Hypothesis untouched : forall here ad, good here -> found_at here ad false = None.

(* Words of the own index, where there is one. *)
Lemma index_word_right : forall j, In j l -> (forall i, index_of j = Some i -> 0 <= i < size w) ->
  flag (indexed w log ext) (present (index_of j)) (f j) ->
  word w (index_word w log ext) (match index_of j with Some i => i | None => 0 end) (f j).
Proof.
  intros j J R P. pose proof (Reached.size_positive w) as Z0.
  assert (B : 0 <= match index_of j with Some i => i | None => 0 end < size w) by (destruct (index_of j);
    [exact (R _ eq_refl)|lia]).
  assert (Li : length (index_signs w log ext) = w) by (unfold index_signs; rewrite map_length; apply seq_length).
  split; [exact B|]. unfold index_word, unsigned. split; [rewrite map_length; exact Li|]. intros i.
  destruct (Nat.lt_ge_cases i w) as [I|I].
  - rewrite (bit_map (fun s => added s _)) by lia.
    eapply worth_is; [apply worth_added; [exact (index_sign_worth w log ext (f j) j (shown j J) i I)|exact P]|].
    destruct (index_of j) as [u|]; cbn [present Z.b2z]; [rewrite sign_bit; lia|rewrite Z.bits_0; reflexivity].
  - rewrite bit_high by (rewrite map_length; lia). rewrite (word_high w) by assumption. apply worth_zero.
Qed.

Lemma fetched_name : forall k counter running r, (k < 4)%nat -> name_in (Positions.fetched p k counter running) = Some r -> 0
  <= r < 8.
Proof.
  intros k counter running r K H. destruct (Positions.fetched p k counter running) as [s u|n| | | |o] eqn:E; try discriminate.
  injection H as ->. assert (N : Positions.fetched p k counter running <> Bos) by (rewrite E; discriminate).
  destruct (fetched_in p k counter running K N) as (i & I & F). rewrite F in E.
  pose proof (proj2 (proj2 (Sequences.valid_parts w ext p V)) i I) as Wf.
  assert (R : forall o, operand_token o = Name r -> register o = true -> 0 <= r < 8).
  { intros o Eo Ro. destruct o; try discriminate. injection Eo as ->. cbn in Ro. apply andb_prop in Ro as [R1 R2].
    apply Z.leb_le in R1. apply Z.ltb_lt in R2. lia. }
  destruct k as [|[|[|[|k]]]]; [discriminate| | | |lia]; cbn [instruction_tokens nth map] in E; apply (R _ E);
    unfold well_formed in Wf.
  - destruct (rd i); try discriminate E. destruct (op i); cbn [absent] in Wf; rewrite ?andb_false_l, ?andb_true_iff in Wf;
      try discriminate; tauto.
  - destruct (ra i); try discriminate E. destruct (op i); cbn [absent] in Wf;
      rewrite ?andb_false_r, ?andb_false_l, ?andb_true_iff,
      ?orb_true_iff in Wf; try tauto; intuition discriminate.
  - destruct (rx i); try discriminate E. destruct (op i); cbn [absent immediate] in Wf; rewrite ?andb_false_r, ?andb_true_iff,
      ?orb_true_iff in Wf; try discriminate; intuition discriminate.
Qed.

(* At most one of the three parts of the second operand is there. *)
Lemma operand_apart : forall counter running here, good here -> let t := fun k => Positions.fetched p k counter running in
  apart [word_value (t 3%nat); reg here (name_in (t 3%nat));
    if is_one (operation_in (t 0%nat)) Nproc then Z.of_nat (processors p) mod size w else 0].
Proof.
  intros counter running here G t. destruct (is_one (operation_in (t 0%nat)) Nproc) eqn:E.
  - assert (E3 : t 3%nat = Nothing).
    { apply is_one_same in E. assert (N : t 0%nat <> Bos) by (intros X; rewrite X in E; discriminate).
      destruct (fetched_in p 0 counter running ltac:(lia) N) as (i & I & F). fold (t 0%nat) in F. unfold t in E |- *.
      rewrite F in E |- *.
      cbn [instruction_tokens nth map operation_in] in E |- *. injection E as E.
      pose proof (proj2 (proj2 (Sequences.valid_parts w ext p V)) i I) as Wf. unfold well_formed in Wf. rewrite E in Wf.
      rewrite !andb_true_iff in Wf. destruct (rx i); try reflexivity; destruct Wf as (_ & Wf); discriminate. }
    rewrite E3. cbn [word_value name_in]. rewrite reg_none by exact G.
    split; [left; reflexivity|]. split; [left; reflexivity|]. split; [right; constructor|exact I].
  - destruct (t 3%nat) as [s u|n| | | |o]; cbn [word_value name_in]; rewrite ?reg_none by exact G;
      (split; [first [left; reflexivity|right; repeat constructor]|split; [first [left; reflexivity|right; repeat constructor]|
        split; [left; reflexivity|exact I]]]).
Qed.

(* What is asked for nowhere is not looked up, and read as 0. *)
Lemma sound_register : forall nm, sound (read_register w v nm) (fun gs => forall here r, good here -> name nm r (f here) ->
  (forall n, r = Some n -> 0 <= n < 8) -> word w gs (reg here r) (f here)).
Proof.
  intros nm. unfold read_register. apply sound_if; intros N; [|apply view_register].
  apply sound_give. intros here r G [Len Nm] _. destruct r as [r|]; [|rewrite reg_none by exact G; apply none_word].
  exfalso. destruct nm as [|g nm]; [discriminate|]. cbn [forallb] in N. apply andb_prop in N as [N _].
  pose proof (nothing_right g (f here) _ N (Nm O)) as E. unfold signs_of, numbers in E.
  cbn [seq map nth] in E. match type of E with context [if ?c then _ else _] => destruct c end; discriminate.
Qed.

Lemma sound_cell : forall address touches, sound (read_cell w v address touches) (fun m => forall here ad b, good here ->
  signs_as w address (Some ad) (f here) -> 0 <= ad < size w -> flag touches b (f here) ->
  word w (fst m) (match found_at here ad b with Some u => u | None => 0 end) (f here) /\
  flag (snd m) (match found_at here ad b with Some _ => true | None => false end) (f here)).
Proof.
  intros address touches. unfold read_cell. apply sound_if; intros N.
  - apply sound_give. intros here ad b G _ _ T. apply (nothing_right _ _ _ N) in T. destruct b; [discriminate|].
    rewrite untouched by exact G. split; [apply none_word|apply worth_zero].
  - apply (sound_bind _ _ _ _ _ _ _ _ (view_cell address (negated touches))). intros m [Ml Mf].
    apply (sound_bind _ _ _ _ _ _ _ _ Ml). intros loaded Ld_. apply (sound_bind _ _ _ _ _ _ _ _ Mf). intros valid Vd.
    apply sound_give. intros here ad b G S B T. pose proof (negated_flag touches b (f here) T) as Ab.
    split; [exact (Ld_ here ad b G S B Ab)|exact (Vd here ad b G S B Ab)].
Qed.

(* What a step gives at a good position, of the token of its counter. *)
Theorem sound_execute : forall c, sound (execute w log ext code v c) (fun out => forall here t pid, good here ->
  counter_as w c (word_value t) (status_in t) (f here) -> (status_in t = None -> word_value t = 0) ->
  word w (index_word w log ext) pid (f here) ->
  let r := reg here in let m := found_at here in let o := now_operation p t in
  outcome_as w out (next_value w o (now_a p t r) (now_x w p t r) (now_word t) (now_valid w p t r m))
    (next_status o (now_valid w p t r m) (now_status t)) (now_address w p t r)
    (result_value w o (now_a p t r) (now_d p t r) (now_x w p t r) (now_loaded w p t r m) pid (now_valid w p t r m))
    (stores_value o (now_valid w p t r m)) (names_value o (now_valid w p t r m)) (name_in (now_fetched p t 1)) (f here)).
Proof.
  intros c. unfold execute.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_fetch first ns l f model w log ext code p shown V L kinds program_found c)). intros i F.
  unfold read_operands.
  apply (sound_bind _ _ _ _ _ _ (fun ops => forall here t, good here -> counter_as w c (word_value t) (status_in t) (f here) ->
    (status_in t = None -> word_value t = 0) ->
    operands_as w ops (now_a p t (reg here)) (now_d p t (reg here)) (now_x w p t (reg here)) (f here))).
  { apply (sound_bind _ _ _ _ _ _ _ _ (sound_register (name_a i))). intros a A.
    apply (sound_bind _ _ _ _ _ _ _ _ (sound_register (name_d i))). intros d D.
    apply (sound_bind _ _ _ _ _ _ _ _ (sound_register (name_b i))). intros b B.
    apply (sound_bind _ _ _ _ _ _ _ _ (sound_count first ns l f model w log ext p shown L kinds (is_op i Nproc))). intros q Q.
    apply sound_give. intros here t G C N. destruct (F here _ _ (good_in here G) C N) as [[O1 O2] Fd Fa Fb Fi _].
    assert (Nm : forall k, (k < 4)%nat -> forall n, name_in (now_fetched p t k) = Some n -> 0 <= n < 8).
    { intros k K n. apply fetched_name. exact K. }
    split; cbn [value_a value_d value_x].
    - exact (A here _ G Fa (Nm 2%nat ltac:(lia))).
    - exact (D here _ G Fd (Nm 1%nat ltac:(lia))).
    - eapply word_is.
      + eapply sums_word.
        * constructor; [exact Fi|]. constructor; [exact (B here _ G Fb (Nm 3%nat ltac:(lia)))|]. constructor; [|constructor].
          exact (Q here _ (good_in here G) (O1 Nproc)).
        * exact (operand_apart (counter_word (word_value t) (status_in t)) (runs_now (status_in t)) here G).
      + unfold now_x, now_count, now_operation, now_fetched, now_word, now_status. cbn [fold_right]. rewrite Z.add_0_r.
        reflexivity. }
  intros ops O.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_add first ns hs model fold w (value_a ops) (value_x ops))). intros address A.
  apply (sound_bind _ _ _ _ _ _ _ _ (sound_cell (signed address always) (any_op i [Ld; St]))). intros m Rd.
  apply (sound_more _ _ _ _ _ _ (sound_finish first ns hs model w log ext code ltac:(pose proof (Positions.program_fits w ext p V);
    lia)
    c i ops address (fst m) (snd m))). intros out Out here t pid G C N Pid_.
  set (r := reg here). set (mm := found_at here). set (o := now_operation p t).
  pose proof (good_in here G) as I. destruct (F here _ _ I C N) as [Oq Fd Fa Fb Fi Bd]. pose proof (O here t G C N) as [Oa Od Ox].
  assert (Ad : word w address (now_address w p t r) (f here)) by (exact (A (f here) _ _ (in_map f l here I) Oa Ox)).
  assert (Sg : signs_as w (signed address always) (Some (now_address w p t r)) (f here)).
  { apply (signed_word w address (now_address w p t r) always (f here) true Ad); [reflexivity|discriminate]. }
  assert (Ab : flag (any_op i [Ld; St]) (now_touches p t) (f here)).
  { eapply worth_is; [exact (any_worth i (now_operation p t) (f here) [Ld; St] Oq)|]. unfold now_touches.
    destruct (now_operation p t) as [[]|]; reflexivity. }
  destruct (Rd here _ _ G Sg (proj1 Ad) Ab) as [Ld_ Vd].
  apply (Out (f here) o (now_status t) (now_word t) (now_a p t r) (now_d p t r) (now_x w p t r)).
  - exact (in_map f l here I).
  - exact C.
  - exact Oq.
  - split; assumption.
  - exact Ad.
  - exact Ld_.
  - exact Pid_.
  - exact Vd.
  - exact Fd.
  - exact Bd.
  - intros P. unfold o, now_operation, now_fetched, Positions.fetched, counter_word, runs_now in P.
    destruct (now_status t) as [[]|]; try reflexivity; try discriminate P; cbn [has_status mark_number Z.eqb Pos.eqb] in P;
      destruct (nth_error _ _); discriminate P.
  - intros q E. assert (T : now_fetched p t 0 = Op q).
    { unfold o, now_operation in E. destruct (now_fetched p t 0); try discriminate. injection E as ->. reflexivity. }
    apply (fetched_value w ext p V 0 (counter_word (now_word t) (now_status t)) (runs_now (now_status t)) ltac:(lia)). exact T.
  - intros Ok. unfold now_valid, now_found in Ok. destruct (now_touches p t) eqn:T.
    + unfold now_touches in T. apply orb_prop in T as [T|T]; apply is_one_same in T; [left|right]; exact T.
    + unfold mm in Ok. rewrite untouched in Ok by exact G. discriminate.
Qed.
End View.
